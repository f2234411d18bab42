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
#define ROW_CHUNK 64
#define TRACE_ROWS 512
#define TRACE_COLUMNS 512
#define TRACE_SQUARE 128
#define TILE_LOSS_TOLERANCE 1e-4

typedef struct {
  const float *w;
  size_t m, n;
  double *variance;             /* (n) original order */
} Variance;

static void
column_variances (void *data, size_t begin, size_t end)
{
  const Variance *v = data;
  size_t m = v->m, n = v->n;

  for (size_t chunk = begin; chunk < end; chunk++)
    {
      size_t c0 = chunk * COLUMN_CHUNK, width = n - c0 < COLUMN_CHUNK ? n - c0 : COLUMN_CHUNK;
      double sum[COLUMN_CHUNK], squares[COLUMN_CHUNK];

      /* About the first row, so that a large common value does not swallow the differences. */
      spqr_kernels ()->column_sums (v->w + c0, n, m, width, sum, squares);
      for (size_t c = 0; c < width; c++)
        v->variance[c0 + c] = (squares[c] - sum[c] * sum[c] / (double) m) / ((double) m - 1);
    }
}

SpqrStatus
spqr_threshold_compute (const float *w, size_t m, size_t n, const SpqrFactor *factor,
                        const SpqrParams *normal, const SpqrExec *exec, double *threshold)
{
  size_t chunks = (n + COLUMN_CHUNK - 1) / COLUMN_CHUNK;
  Variance v = { .w = w, .m = m, .n = n };
  SpqrStatus status;
  double mean = 0;

  *threshold = INFINITY;
  if (isinf (normal->outlier_threshold) || m < 2)       /* one row has no variance to compare with */
    return SPQR_OK;
  v.variance = malloc (n * sizeof *v.variance);
  if (v.variance == NULL)
    return SPQR_NO_MEMORY;
  status = spqr_exec_run (exec, chunks, 1, column_variances, &v);
  for (size_t j = 0; j < n && status == SPQR_OK; j++)
    {
      double d = factor->u[j * n + j];

      if (!factor->dead[j])
        mean += v.variance[factor->perm[j]] / (d * d);
    }
  free (v.variance);
  /* In this order: tau times what one tau is worth, which previews keep. */
  *threshold = normal->outlier_threshold * (mean / (double) n);
  return status;
}

double
spqr_layer_threshold (const float *w, size_t m, size_t n, const SpqrFactor *factor,
                      const SpqrParams *params, const SpqrExec *exec)
{
  SpqrParams normal;
  double threshold;

  if (spqr_params_normalize (params, &normal) != SPQR_OK)
    return NAN;
  return spqr_threshold_compute (w, m, n, factor, &normal, exec, &threshold) == SPQR_OK ? threshold : NAN;
}

typedef struct {
  const float *x, *h;
  size_t m, n, row_pieces, column_pieces;
  double *sums;                 /* one a piece */
} Trace;

static double
dot_rows (const float *a, size_t lda, const float *b, size_t ldb, size_t rows, size_t cols)
{
  double sum = 0;

  for (size_t r = 0; r < rows; r++)
    sum += spqr_kernels ()->dot (a + r * lda, b + r * ldb, cols);
  return sum;
}

/* X_J . (2 X_{j0 … j-1} H_{j0 … j-1, J} + X_J H_JJ) of columns J = j … j+width-1 and `rows` rows. The
 * square at the diagonal is halved until its other half costs little. product: (rows, width). */
static double
quadratic_part (const float *x, size_t rows, const float *h, size_t n, size_t j0, size_t j, size_t width, float *product)
{
  double sum = 0;
  size_t half = width / 2;

  if (j > j0)
    {
      cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, (int) rows, (int) width, (int) (j - j0), 2.0f,
                   x + j0, (int) n, h + j0 * n + j, (int) n, 0.0f, product, (int) width);
      sum = dot_rows (x + j, n, product, width, rows, width);
    }
  if (width > TRACE_SQUARE)
    return sum + quadratic_part (x, rows, h, n, j, j, half, product) +
           quadratic_part (x, rows, h, n, j, j + half, width - half, product);
  cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, (int) rows, (int) width, (int) width, 1.0f,
               x + j, (int) n, h + j * n + j, (int) n, 0.0f, product, (int) width);
  return sum + dot_rows (x + j, n, product, width, rows, width);
}

/* The longest pieces first. */
static void
trace_pieces (void *data, size_t begin, size_t end)
{
  const Trace *t = data;

  for (size_t piece = begin; piece < end; piece++)
    {
      size_t j = (t->column_pieces - 1 - piece / t->row_pieces) * TRACE_COLUMNS;
      size_t r = piece % t->row_pieces * TRACE_ROWS;
      size_t rows = t->m - r < TRACE_ROWS ? t->m - r : TRACE_ROWS;
      size_t width = t->n - j < TRACE_COLUMNS ? t->n - j : TRACE_COLUMNS;
      float *product = malloc (rows * width * sizeof *product);

      t->sums[piece] = product != NULL
                         ? quadratic_part (t->x + r * t->n, rows, t->h, t->n, 0, j, width, product) : NAN;
      free (product);
    }
}

double
spqr_output_energy (const float *x, const float *h, size_t m, size_t n, const SpqrExec *exec)
{
  Trace t = {
    .x = x, .h = h, .m = m, .n = n,
    .row_pieces = (m + TRACE_ROWS - 1) / TRACE_ROWS,
    .column_pieces = (n + TRACE_COLUMNS - 1) / TRACE_COLUMNS,
  };
  size_t pieces = t.row_pieces * t.column_pieces;
  double sum = 0;

  t.sums = calloc (pieces, sizeof *t.sums);
  if (t.sums == NULL || spqr_exec_run (exec, pieces, 1, trace_pieces, &t) != SPQR_OK)
    sum = NAN;
  for (size_t p = 0; p < pieces && !isnan (sum); p++)
    sum += t.sums[p];
  free (t.sums);
  return sum;
}

/* W - W^, W^ given or else decoded. */
typedef struct {
  const float *w, *w_hat;
  const SpqrLayer *layer;
  size_t m, n;
  float *out;
} Difference;

static void
difference_rows (void *data, size_t begin, size_t end)
{
  const Difference *d = data;

  for (size_t chunk = begin; chunk < end; chunk++)
    {
      size_t r = chunk * ROW_CHUNK, rows = d->m - r < ROW_CHUNK ? d->m - r : ROW_CHUNK;
      const float *w = d->w + r * d->n, *w_hat = d->w_hat != NULL ? d->w_hat + r * d->n : NULL;
      float *out = d->out + r * d->n;

      if (w_hat == NULL)
        {
          spqr_layer_decode (d->layer, r, rows, out);
          w_hat = out;
        }
      for (size_t i = 0; i < rows * d->n; i++)
        out[i] = w[i] - w_hat[i];
    }
}

/* tr(dW H dW') of m rows. NAN: cancelled, or no memory. */
static double
difference_form (Difference d, const float *h, const SpqrExec *exec)
{
  double form = NAN;

  d.out = malloc (d.m * d.n * sizeof *d.out);
  if (d.out != NULL &&
      spqr_exec_run (exec, (d.m + ROW_CHUNK - 1) / ROW_CHUNK, 1, difference_rows, &d) == SPQR_OK)
    form = spqr_output_energy (d.out, h, d.m, d.n, exec);
  free (d.out);
  return form;
}

double
spqr_proxy_loss (const float *w, const float *w_hat, const float *h, size_t m, size_t n,
                 const SpqrExec *exec)
{
  double denominator = spqr_output_energy (w, h, m, n, exec);

  if (!(denominator > 0))
    return NAN;
  return difference_form ((Difference) { .w = w, .w_hat = w_hat, .m = m, .n = n }, h, exec) / denominator;
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
  return difference_form ((Difference) { .w = c->w, .layer = c->layer, .m = count, .n = c->n }, h, c->exec);
}

double
spqr_columns_proxy_loss (const SpqrColumns *c, const float *h)
{
  double denominator = spqr_output_energy (c->w, h, c->m, c->n, c->exec);
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
