/* spqr-cuda-shim-blas.cpp: cuBLAS and cuSOLVER answered by BLAS and LAPACK (column-major, as they). */
#include "spqr-cuda-shim.h"

#include <cblas.h>

#include "spqr-cuda-shim-private.h"

extern "C" void spotrf_ (const char *uplo, const int *n, float *a, const int *lda, int *info);

struct SpqrShimBlas { cudaStream_t stream; };
struct SpqrShimSolver { cudaStream_t stream; };

static bool
may_compute ()
{
  SpqrShimGuard guard;

  spqr_cuda_shim.launches++;
  if (spqr_cuda_shim.fail_launch_at > 0 && --spqr_cuda_shim.fail_launch_at == 0)
    spqr_cuda_shim.failed = 1;
  return !spqr_cuda_shim.failed;
}

static CBLAS_TRANSPOSE
transpose (cublasOperation_t op)
{
  return op == CUBLAS_OP_T ? CblasTrans : CblasNoTrans;
}

static CBLAS_UPLO
triangle (cublasFillMode_t uplo)
{
  return uplo == CUBLAS_FILL_MODE_LOWER ? CblasLower : CblasUpper;
}

cublasStatus_t
cublasCreate_v2 (cublasHandle_t *handle)
{
  *handle = (cublasHandle_t) calloc (1, sizeof **handle);
  spqr_cuda_shim.handles_now++;
  return *handle != NULL ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_ALLOC_FAILED;
}

cublasStatus_t
cublasDestroy_v2 (cublasHandle_t handle)
{
  spqr_cuda_shim.handles_now--;
  free (handle);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasSetStream_v2 (cublasHandle_t handle, cudaStream_t stream)
{
  handle->stream = stream;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasSetMathMode (cublasHandle_t, cublasMath_t)
{
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasSgemm_v2 (cublasHandle_t handle, cublasOperation_t a_op, cublasOperation_t b_op, int m, int n, int k, const float *alpha,
                const float *a, int lda, const float *b, int ldb, const float *beta, float *c, int ldc)
{
  if (m < 0 || n < 0 || k < 0 || lda < (a_op == CUBLAS_OP_N ? m : k) || ldb < (b_op == CUBLAS_OP_N ? k : n) || ldc < m)
    return CUBLAS_STATUS_INVALID_VALUE;
  if (!may_compute ())
    return CUBLAS_STATUS_EXECUTION_FAILED;
  spqr_shim_enqueue (handle->stream, [=, alpha = *alpha, beta = *beta] () {
    cblas_sgemm (CblasColMajor, transpose (a_op), transpose (b_op), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  });
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasSsyrk_v2 (cublasHandle_t handle, cublasFillMode_t uplo, cublasOperation_t op, int n, int k, const float *alpha, const float *a,
                int lda, const float *beta, float *c, int ldc)
{
  if (n < 0 || k < 0 || lda < (op == CUBLAS_OP_N ? n : k) || ldc < n)
    return CUBLAS_STATUS_INVALID_VALUE;
  if (!may_compute ())
    return CUBLAS_STATUS_EXECUTION_FAILED;
  spqr_shim_enqueue (handle->stream, [=, alpha = *alpha, beta = *beta] () {
    cblas_ssyrk (CblasColMajor, triangle (uplo), transpose (op), n, k, alpha, a, lda, beta, c, ldc);
  });
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasStrsm_v2 (cublasHandle_t handle, cublasSideMode_t side, cublasFillMode_t uplo, cublasOperation_t op, cublasDiagType_t diag,
                int m, int n, const float *alpha, const float *a, int lda, float *b, int ldb)
{
  if (m < 0 || n < 0 || lda < (side == CUBLAS_SIDE_LEFT ? m : n) || ldb < m)
    return CUBLAS_STATUS_INVALID_VALUE;
  if (!may_compute ())
    return CUBLAS_STATUS_EXECUTION_FAILED;
  spqr_shim_enqueue (handle->stream, [=, alpha = *alpha] () {
    cblas_strsm (CblasColMajor, side == CUBLAS_SIDE_LEFT ? CblasLeft : CblasRight, triangle (uplo), transpose (op),
                 diag == CUBLAS_DIAG_UNIT ? CblasUnit : CblasNonUnit, m, n, alpha, a, lda, b, ldb);
  });
  return CUBLAS_STATUS_SUCCESS;
}

static float
value_of (uint16_t bits, cudaDataType_t type)
{
  int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  float value;

  if (type == CUDA_R_16BF)
    return __uint_as_float ((unsigned) bits << 16);
  value = exponent == 31 ? (mantissa != 0 ? NAN : INFINITY)
                         : ldexpf ((float) (exponent != 0 ? mantissa + 1024 : mantissa), (exponent != 0 ? exponent : 1) - 25);
  return bits & 0x8000 ? -value : value;
}

/* rows x cols (ld) of 16-bit numbers, column-major, widened without gaps. */
static float *
widened (const uint16_t *x, int rows, int cols, int ld, cudaDataType_t type)
{
  float *wide = (float *) malloc (((size_t) rows * cols + 1) * sizeof *wide);

  for (int j = 0; j < cols; j++)
    for (int i = 0; i < rows; i++)
      wide[(size_t) j * rows + i] = value_of (x[(size_t) j * ld + i], type);
  return wide;
}

cublasStatus_t
cublasGemmEx (cublasHandle_t handle, cublasOperation_t a_op, cublasOperation_t b_op, int m, int n, int k, const void *alpha,
              const void *a, cudaDataType_t a_type, int lda, const void *b, cudaDataType_t b_type, int ldb, const void *beta, void *c,
              cudaDataType_t c_type, int ldc, cublasComputeType_t compute, cublasGemmAlgo_t)
{
  int a_rows = a_op == CUBLAS_OP_N ? m : k, b_rows = b_op == CUBLAS_OP_N ? k : n;

  if (m < 0 || n < 0 || k < 0 || lda < a_rows || ldb < b_rows || ldc < m || a_type != b_type || a_type == CUDA_R_32F ||
      c_type != CUDA_R_32F || compute != CUBLAS_COMPUTE_32F)
    return CUBLAS_STATUS_INVALID_VALUE;
  if (!may_compute ())
    return CUBLAS_STATUS_EXECUTION_FAILED;
  spqr_shim_enqueue (handle->stream, [=, alpha = *(const float *) alpha, beta = *(const float *) beta] () {
    float *wide_a = widened ((const uint16_t *) a, a_rows, a_op == CUBLAS_OP_N ? k : m, lda, a_type);
    float *wide_b = widened ((const uint16_t *) b, b_rows, b_op == CUBLAS_OP_N ? n : k, ldb, b_type);

    cblas_sgemm (CblasColMajor, transpose (a_op), transpose (b_op), m, n, k, alpha, wide_a, a_rows, wide_b, b_rows, beta,
                 (float *) c, ldc);
    free (wide_a);
    free (wide_b);
  });
  return CUBLAS_STATUS_SUCCESS;
}

cusolverStatus_t
cusolverDnCreate (cusolverDnHandle_t *handle)
{
  *handle = (cusolverDnHandle_t) calloc (1, sizeof **handle);
  spqr_cuda_shim.handles_now++;
  return *handle != NULL ? CUSOLVER_STATUS_SUCCESS : CUSOLVER_STATUS_ALLOC_FAILED;
}

cusolverStatus_t
cusolverDnDestroy (cusolverDnHandle_t handle)
{
  spqr_cuda_shim.handles_now--;
  free (handle);
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t
cusolverDnSetStream (cusolverDnHandle_t handle, cudaStream_t stream)
{
  handle->stream = stream;
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t
cusolverDnSpotrf_bufferSize (cusolverDnHandle_t, cublasFillMode_t, int n, float *, int lda, int *lwork)
{
  *lwork = 64;
  return n >= 0 && lda >= n ? CUSOLVER_STATUS_SUCCESS : CUSOLVER_STATUS_INVALID_VALUE;
}

cusolverStatus_t
cusolverDnSpotrf (cusolverDnHandle_t handle, cublasFillMode_t uplo, int n, float *a, int lda, float *, int, int *info)
{
  if (!may_compute ())
    return CUSOLVER_STATUS_EXECUTION_FAILED;
  spqr_shim_enqueue (handle->stream, [=] () { spotrf_ (uplo == CUBLAS_FILL_MODE_LOWER ? "L" : "U", &n, a, &lda, info); });
  return CUSOLVER_STATUS_SUCCESS;
}
