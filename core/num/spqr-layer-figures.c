/* spqr-layer-figures.c: the outlier threshold and the proxy loss.
 *
 *     T = tau mean over j of  var(W(:, j)) / U_jj^2       unbiased variance over rows, dead: 0
 *     loss = tr(dW H dW') / tr(W H W'),  dW = W - W^
 *     tr(X H X') = sum over column blocks J of  X_J . (2 X_{<J} H_{<J, J} + X_J H_JJ):
 * H is symmetric, half of the product is enough. */
#include "num/spqr-layer.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>

#include "num/spqr-params-private.h"

#define COLUMN_CHUNK 128
#define TRACE_ROWS 512
#define TRACE_COLUMNS 256

typedef struct {
  const float *w;
  size_t m, n;
  const SpqrFactor *factor;
  double *ratio;                /* (n) by permuted column */
} Variance;

static void
column_variances (void *data, size_t begin, size_t end)
{
  const Variance *v = data;
  size_t m = v->m, n = v->n;

  for (size_t chunk = begin; chunk < end; chunk++)
    {
      size_t c0 = chunk * COLUMN_CHUNK, width = n - c0 < COLUMN_CHUNK ? n - c0 : COLUMN_CHUNK;
      double sum[COLUMN_CHUNK] = { 0 }, squares[COLUMN_CHUNK] = { 0 };

      /* About the first row, so that a large common value does not swallow the differences. */
      for (size_t r = 1; r < m; r++)
        for (size_t c = 0; c < width; c++)
          {
            double x = (double) v->w[r * n + c0 + c] - (double) v->w[c0 + c];

            sum[c] += x;
            squares[c] += x * x;
          }
      for (size_t c = 0; c < width; c++)
        v->ratio[c0 + c] = (squares[c] - sum[c] * sum[c] / (double) m) / ((double) m - 1);
    }
}

double
spqr_layer_threshold (const float *w, size_t m, size_t n, const SpqrFactor *factor,
                      const SpqrParams *params, const SpqrExec *exec)
{
  size_t chunks = (n + COLUMN_CHUNK - 1) / COLUMN_CHUNK;
  Variance v = { .w = w, .m = m, .n = n, .factor = factor };
  SpqrParams normal;
  double mean = 0;

  if (spqr_params_normalize (params, &normal) != SPQR_OK || isinf (normal.outlier_threshold))
    return INFINITY;
  if (m < 2)
    return INFINITY;            /* one row has no variance to compare with */
  v.ratio = malloc (n * sizeof *v.ratio);
  if (v.ratio == NULL)
    return NAN;
  spqr_exec_for (exec, chunks, 1, column_variances, &v);
  for (size_t j = 0; j < n; j++)
    {
      double d = factor->u[j * n + j];

      if (!factor->dead[j])
        mean += v.ratio[factor->perm[j]] / (d * d);
    }
  free (v.ratio);
  return normal.outlier_threshold * mean / (double) n;
}

typedef struct {
  const float *w, *w_hat, *h;
  size_t m, n;
  double *numerator, *denominator;      /* one a piece */
  uint8_t *failed;
} Trace;

static double
dot (const float *a, size_t lda, const float *b, size_t ldb, size_t rows, size_t cols)
{
  double sum = 0;

  for (size_t r = 0; r < rows; r++)
    {
      double row = 0;

      for (size_t c = 0; c < cols; c++)
        row += (double) a[r * lda + c] * (double) b[r * ldb + c];
      sum += row;
    }
  return sum;
}

/* tr(X H X') of `rows` rows; product (rows, TRACE_COLUMNS) is scratch. */
static double
quadratic_form (const float *x, size_t rows, const float *h, size_t n, float *product)
{
  double sum = 0;

  for (size_t j = 0; j < n; j += TRACE_COLUMNS)
    {
      size_t width = n - j < TRACE_COLUMNS ? n - j : TRACE_COLUMNS;

      if (j > 0)
        cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, (int) rows, (int) width, (int) j,
                     2.0f, x, (int) n, h + j, (int) n, 0.0f, product, (int) width);
      cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, (int) rows, (int) width, (int) width,
                   1.0f, x + j, (int) n, h + j * n + j, (int) n, j > 0 ? 1.0f : 0.0f, product,
                   (int) width);
      sum += dot (x + j, n, product, width, rows, width);
    }
  return sum;
}

static void
trace_pieces (void *data, size_t begin, size_t end)
{
  const Trace *t = data;

  for (size_t piece = begin; piece < end; piece++)
    {
      size_t r0 = piece * TRACE_ROWS, rows = t->m - r0 < TRACE_ROWS ? t->m - r0 : TRACE_ROWS;
      const float *w = t->w + r0 * t->n, *w_hat = t->w_hat + r0 * t->n;
      float *product = malloc (rows * TRACE_COLUMNS * sizeof *product);
      float *difference = malloc (rows * t->n * sizeof *difference);

      t->failed[piece] = product == NULL || difference == NULL;
      if (!t->failed[piece])
        {
          for (size_t i = 0; i < rows * t->n; i++)
            difference[i] = w[i] - w_hat[i];
          t->numerator[piece] = quadratic_form (difference, rows, t->h, t->n, product);
          t->denominator[piece] = quadratic_form (w, rows, t->h, t->n, product);
        }
      free (product);
      free (difference);
    }
}

double
spqr_proxy_loss (const float *w, const float *w_hat, const float *h, size_t m, size_t n,
                 const SpqrExec *exec)
{
  size_t pieces = (m + TRACE_ROWS - 1) / TRACE_ROWS;
  Trace t = { .w = w, .w_hat = w_hat, .h = h, .m = m, .n = n };
  double numerator = 0, denominator = 0;

  t.numerator = calloc (pieces, sizeof *t.numerator);
  t.denominator = calloc (pieces, sizeof *t.denominator);
  t.failed = calloc (pieces, 1);
  if (t.numerator == NULL || t.denominator == NULL || t.failed == NULL ||
      spqr_exec_run (exec, pieces, 1, trace_pieces, &t) != SPQR_OK)
    denominator = NAN;
  for (size_t p = 0; p < pieces && !isnan (denominator); p++)
    {
      numerator += t.numerator[p];
      denominator += t.failed[p] ? (double) NAN : t.denominator[p];
    }
  free (t.numerator);
  free (t.denominator);
  free (t.failed);
  return denominator > 0 ? numerator / denominator : NAN;
}
