/* spqr-bare-blas.c: BLAS and LAPACK by the definition, as far as core/num calls them: row-major, and
 * spotrf_/strtri_ on the upper triangle, which for a row-major matrix is the lower one. */
#include "cblas.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

static inline float
at (const float *a, int lda, bool trans, int i, int j)
{
  return trans ? a[(size_t) j * (size_t) lda + (size_t) i] : a[(size_t) i * (size_t) lda + (size_t) j];
}

#define CHUNK 256

/* Terms of a sum one by one, fused, and the sum then added to C: as OpenBLAS on AVX2 and AVX-512, so
 * that the column loop gives the same codes. */
void
cblas_sgemm (CBLAS_ORDER order, CBLAS_TRANSPOSE trans_a, CBLAS_TRANSPOSE trans_b, int m, int n, int k, float alpha,
             const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
  for (int i = 0; i < m; i++)
    for (int j0 = 0; j0 < n; j0 += CHUNK)
      {
        float *row = c + (size_t) i * (size_t) ldc + j0, sum[CHUNK] = { 0 };
        int width = n - j0 < CHUNK ? n - j0 : CHUNK;

        for (int l = 0; l < k; l++)
          {
            float factor = at (a, lda, trans_a == CblasTrans, i, l);

            for (int j = 0; j < width; j++)
              sum[j] = fmaf (factor, at (b, ldb, trans_b == CblasTrans, l, j0 + j), sum[j]);
          }
        for (int j = 0; j < width; j++)
          row[j] = alpha * sum[j] + (beta != 0.0f ? beta * row[j] : 0.0f);
      }
}

void
cblas_sgemv (CBLAS_ORDER order, CBLAS_TRANSPOSE trans, int m, int n, float alpha, const float *a, int lda, const float *x,
             int incx, float beta, float *y, int incy)
{
  bool t = trans == CblasTrans;

  for (int i = 0; i < (t ? n : m); i++)
    {
      float sum = 0.0f;

      for (int j = 0; j < (t ? m : n); j++)
        sum += at (a, lda, t, i, j) * x[j * incx];
      y[i * incy] = alpha * sum + (beta != 0.0f ? beta * y[i * incy] : 0.0f);
    }
}

void
cblas_ssyrk (CBLAS_ORDER order, CBLAS_UPLO uplo, CBLAS_TRANSPOSE trans, int n, int k, float alpha, const float *a, int lda,
             float beta, float *c, int ldc)
{
  bool t = trans == CblasTrans;

  for (int i = 0; i < n; i++)
    for (int j = uplo == CblasUpper ? i : 0; j < (uplo == CblasUpper ? n : i + 1); j++)
      {
        float *out = &c[(size_t) i * (size_t) ldc + (size_t) j], sum = 0.0f;

        for (int l = 0; l < k; l++)
          sum += at (a, lda, t, i, l) * at (a, lda, t, j, l);
        *out = alpha * sum + (beta != 0.0f ? beta * *out : 0.0f);
      }
}

/* One column (left) or row (right) of B as a vector. */
typedef struct { float *first; size_t step; int length; } Vector;

static Vector
vector_of (CBLAS_SIDE side, float *b, int ldb, int m, int n, int index)
{
  if (side == CblasLeft)
    return (Vector) { b + index, (size_t) ldb, m };
  return (Vector) { b + (size_t) index * (size_t) ldb, 1, n };
}

/* B = alpha op(A) B or B op(A): with right, the transposed matrix times each row. */
void
cblas_strmm (CBLAS_ORDER order, CBLAS_SIDE side, CBLAS_UPLO uplo, CBLAS_TRANSPOSE trans, CBLAS_DIAG diag, int m, int n,
             float alpha, const float *a, int lda, float *b, int ldb)
{
  bool t = (trans == CblasTrans) != (side == CblasRight), lower = (uplo == CblasLower) != t;

  for (int index = 0; index < (side == CblasLeft ? n : m); index++)
    {
      Vector v = vector_of (side, b, ldb, m, n, index);

      for (int done = 0; done < v.length; done++)
        {
          int i = lower ? v.length - 1 - done : done;
          float sum = 0.0f;

          for (int j = lower ? 0 : i; j < (lower ? i + 1 : v.length); j++)
            sum += (i == j && diag == CblasUnit ? 1.0f : at (a, lda, t, i, j)) * v.first[(size_t) j * v.step];
          v.first[(size_t) i * v.step] = alpha * sum;
        }
    }
}

void
cblas_strsm (CBLAS_ORDER order, CBLAS_SIDE side, CBLAS_UPLO uplo, CBLAS_TRANSPOSE trans, CBLAS_DIAG diag, int m, int n,
             float alpha, const float *a, int lda, float *b, int ldb)
{
  bool t = (trans == CblasTrans) != (side == CblasRight), lower = (uplo == CblasLower) != t;

  for (int index = 0; index < (side == CblasLeft ? n : m); index++)
    {
      Vector v = vector_of (side, b, ldb, m, n, index);

      for (int done = 0; done < v.length; done++)
        {
          int i = lower ? done : v.length - 1 - done;
          float rest = alpha * v.first[(size_t) i * v.step];

          for (int j = lower ? 0 : i + 1; j < (lower ? i : v.length); j++)
            rest -= at (a, lda, t, i, j) * v.first[(size_t) j * v.step];
          v.first[(size_t) i * v.step] = diag == CblasUnit ? rest : rest / at (a, lda, t, i, i);
        }
    }
}

void
spotrf_ (const char *uplo, const int *n, float *a, const int *lda, int *info)
{
  *info = 0;
  for (int j = 0; j < *n; j++)
    {
      float *row = a + (size_t) j * (size_t) *lda;
      double rest = row[j];

      for (int l = 0; l < j; l++)
        rest -= (double) row[l] * row[l];
      if (!(rest > 0))
        {
          *info = j + 1;
          return;
        }
      row[j] = (float) sqrt (rest);
      for (int i = j + 1; i < *n; i++)
        {
          float *other = a + (size_t) i * (size_t) *lda;
          double sum = other[j];

          for (int l = 0; l < j; l++)
            sum -= (double) other[l] * row[l];
          other[j] = (float) (sum / row[j]);
        }
    }
}

void
strtri_ (const char *uplo, const char *diag, const int *n, float *a, const int *lda, int *info)
{
  *info = 0;
  for (int j = *n - 1; j >= 0; j--)
    {
      float *row = a + (size_t) j * (size_t) *lda, pivot = row[j];

      if (pivot == 0.0f)
        {
          *info = j + 1;
          return;
        }
      row[j] = 1.0f / pivot;
      /* X(i, j) = -(sum over j < l <= i of X(i, l) L(l, j)) / L(j, j), X right of j already there. */
      for (int i = *n - 1; i > j; i--)
        {
          float *x = a + (size_t) i * (size_t) *lda;
          double sum = 0;

          for (int l = j + 1; l <= i; l++)
            sum += (double) x[l] * a[(size_t) l * (size_t) *lda + (size_t) j];
          x[j] = (float) (-sum / pivot);
        }
    }
}

void
openblas_set_num_threads (int threads)
{
}
