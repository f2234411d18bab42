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

#include "num/spqr-columns-private.h"
#include "num/spqr-figures-private.h"
#include "num/spqr-params-private.h"

#define COLUMN_CHUNK 128
#define TRACE_ROWS 512
#define TRACE_COLUMNS 256
#define TILE_LOSS_TOLERANCE 1e-4

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
  const float *w, *w_hat, *h;   /* w_hat may be NULL */
  size_t m, n;
  double *sums;                 /* one a piece */
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
      const float *w = t->w + r0 * t->n;
      float *product = malloc (rows * TRACE_COLUMNS * sizeof *product);
      float *difference = t->w_hat != NULL ? malloc (rows * t->n * sizeof *difference) : NULL;

      if (product == NULL || (t->w_hat != NULL && difference == NULL))
        t->sums[piece] = NAN;
      else
        {
          for (size_t i = 0; difference != NULL && i < rows * t->n; i++)
            difference[i] = w[i] - t->w_hat[r0 * t->n + i];
          t->sums[piece] = quadratic_form (difference != NULL ? difference : w, rows, t->h, t->n, product);
        }
      free (product);
      free (difference);
    }
}

double
spqr_trace_form (const float *w, const float *w_hat, const float *h, size_t m, size_t n,
                 const SpqrExec *exec)
{
  size_t pieces = (m + TRACE_ROWS - 1) / TRACE_ROWS;
  Trace t = { w, w_hat, h, m, n, calloc (pieces, sizeof (double)) };
  double sum = 0;

  if (t.sums == NULL || spqr_exec_run (exec, pieces, 1, trace_pieces, &t) != SPQR_OK)
    sum = NAN;
  for (size_t p = 0; p < pieces && !isnan (sum); p++)
    sum += t.sums[p];
  free (t.sums);
  return sum;
}

double
spqr_proxy_loss (const float *w, const float *w_hat, const float *h, size_t m, size_t n,
                 const SpqrExec *exec)
{
  double denominator = spqr_trace_form (w, NULL, h, m, n, exec);

  return denominator > 0 ? spqr_trace_form (w, w_hat, h, m, n, exec) / denominator : NAN;
}

/* tr(dW H dW') of one tile from the loop's own errors. The loop subtracts err_i U_i from each row,
 * so W - W^ = Err U, and with inv(H') = U'U, H' = H + lambda I (1 at dead columns, whose W is 0):
 *     tr(dW H' dW') = |Err|^2;    tr(dW H dW') = |Err|^2 - lambda |dW live|^2 - |W^ dead|^2 */
static double
tile_loss (const SpqrTileResult *result, double lambda)
{
  double live = result->squared_error - result->dead_squared_error;

  return result->compensated_error - lambda * live - result->dead_energy;
}

/* The same from the decoded weights of rows 0 … count-1. */
static double
decoded_loss (const SpqrColumns *c, size_t count, const float *h)
{
  float *w_hat = malloc (count * c->n * sizeof *w_hat);
  double loss = NAN;

  if (w_hat != NULL)
    {
      spqr_layer_decode (c->layer, 0, count, w_hat);
      loss = spqr_trace_form (c->w, w_hat, h, count, c->n, c->exec);
    }
  free (w_hat);
  return loss;
}

double
spqr_columns_proxy_loss (const SpqrColumns *c, const float *h)
{
  double denominator = spqr_trace_form (c->w, NULL, h, c->m, c->n, c->exec);
  double first, loss, lambda = 0;
  size_t rows = c->tile_rows < c->m ? c->tile_rows : c->m;

  if (!(denominator > 0))
    return NAN;
  if (c->factor == NULL)
    return decoded_loss (c, c->m, h) / denominator;
  /* The first tile both ways. They differ when h is not the factor's Hessian, or when so little is
   * left of |Err|^2 that its rounding shows. */
  first = loss = decoded_loss (c, rows, h);
  lambda = spqr_factor_lambda (h, c->n, c->factor->percdamp_used);
  if (fabs (tile_loss (&c->results[0], lambda) - first) > TILE_LOSS_TOLERANCE * fabs (first))
    return decoded_loss (c, c->m, h) / denominator;
  for (size_t t = 1; t < c->n_tiles; t++)
    loss += tile_loss (&c->results[t], lambda);
  return loss / denominator;
}
