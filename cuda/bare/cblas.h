/* cblas.h: the few BLAS functions that core/num uses, for a server without OpenBLAS. Only found when
 * cuda/build.sh puts this folder on the include path. Plain and slow: for checking, not for work. */
#pragma once

typedef enum { CblasRowMajor = 101, CblasColMajor = 102 } CBLAS_ORDER;
typedef enum { CblasNoTrans = 111, CblasTrans = 112 } CBLAS_TRANSPOSE;
typedef enum { CblasUpper = 121, CblasLower = 122 } CBLAS_UPLO;
typedef enum { CblasNonUnit = 131, CblasUnit = 132 } CBLAS_DIAG;
typedef enum { CblasLeft = 141, CblasRight = 142 } CBLAS_SIDE;

void cblas_sgemm (CBLAS_ORDER order, CBLAS_TRANSPOSE trans_a, CBLAS_TRANSPOSE trans_b, int m, int n, int k, float alpha,
                  const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
void cblas_ssyrk (CBLAS_ORDER order, CBLAS_UPLO uplo, CBLAS_TRANSPOSE trans, int n, int k, float alpha, const float *a, int lda,
                  float beta, float *c, int ldc);
void cblas_strmm (CBLAS_ORDER order, CBLAS_SIDE side, CBLAS_UPLO uplo, CBLAS_TRANSPOSE trans, CBLAS_DIAG diag, int m, int n,
                  float alpha, const float *a, int lda, float *b, int ldb);
void cblas_strsm (CBLAS_ORDER order, CBLAS_SIDE side, CBLAS_UPLO uplo, CBLAS_TRANSPOSE trans, CBLAS_DIAG diag, int m, int n,
                  float alpha, const float *a, int lda, float *b, int ldb);
void spotrf_ (const char *uplo, const int *n, float *a, const int *lda, int *info);
void strtri_ (const char *uplo, const char *diag, const int *n, float *a, const int *lda, int *info);
void cblas_sgemv (CBLAS_ORDER order, CBLAS_TRANSPOSE trans, int m, int n, float alpha, const float *a, int lda, const float *x,
                  int incx, float beta, float *y, int incy);
void openblas_set_num_threads (int threads);
