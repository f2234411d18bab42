/* spqr-stats.c: figures of a weight matrix in one pass over its memory.
 *
 *   n, mean, M_k = sum (w - mean)^k      std = sqrt(M2 / n)      kurtosis = n M4 / M2^2
 *
 * Each row is widened to f32 block by block while its sums are taken, and looked at once more while
 * it is still in the cache, for its outliers. Sums are taken about the mean of the row's first
 * weights, then moved to the row's own mean, then rows are joined pair by pair (Pebay, "Formulas for
 * robust, one-pass parallel computation of covariances and arbitrary-order statistical moments",
 * SAND2008-6212, eqs. 2.1-2.4), in an order that depends on the shape alone.
 *
 * Rows with NaN or Inf, and rows whose fourth powers do not fit f32, take a slower path in f64. */
#include "num/spqr-stats.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "num/spqr-fp16.h"
#include "num/spqr-stats-block-private.h"

#define PIECE 65536             /* weights that are summed into one partial result, or one row */
#define PIECES_AT_ONCE 8
#define FAST_LEAST 1e-6f
#define FAST_MOST 1e8f

typedef struct {
  double n, mean, m2, m3, m4, error, min, max;
  size_t zeros, outliers, nans, infs;
} Part;

struct SpqrStatsPass {
  const char *data;             /* NULL: what fetch brings */
  SpqrStatsFetch fetch;
  void *fetch_data;
  SpqrElem elem;
  size_t rows, cols, piece_rows, n_pieces;
  Part *parts;
  bool *done;                   /* per piece; its part is whole */
  atomic_bool no_memory, no_rows;
};

static size_t
elem_size (SpqrElem elem)
{
  return elem == SPQR_ELEM_F32 ? sizeof (float) : sizeof (uint16_t);
}

static void
widen (SpqrElem elem, const void *in, float *out, size_t n)
{
  switch (elem)
    {
    case SPQR_ELEM_F16:
      spqr_f16_to_f32_row (in, out, n);
      break;
    case SPQR_ELEM_BF16:
      spqr_bf16_to_f32_row (in, out, n);
      break;
    case SPQR_ELEM_F32:
    default:
      memcpy (out, in, n * sizeof *out);
    }
}

/* b's values after a's. */
static void
part_join (Part *a, const Part *b)
{
  double n = a->n + b->n;

  a->zeros += b->zeros;
  a->outliers += b->outliers;
  a->nans += b->nans;
  a->infs += b->infs;
  a->error += b->error;
  if (b->n == 0)
    return;
  if (a->n == 0)
    {
      a->n = b->n;
      a->mean = b->mean;
      a->m2 = b->m2;
      a->m3 = b->m3;
      a->m4 = b->m4;
      a->min = b->min;
      a->max = b->max;
      return;
    }

  double delta = b->mean - a->mean;
  double dn = delta / n;
  double product = a->n * b->n;

  a->m4 += b->m4 + product * (a->n * a->n - product + b->n * b->n) * delta * dn * dn * dn
           + 6.0 * (a->n * a->n * b->m2 + b->n * b->n * a->m2) * dn * dn
           + 4.0 * (a->n * b->m3 - b->n * a->m3) * dn;
  a->m3 += b->m3 + product * (a->n - b->n) * delta * dn * dn + 3.0 * (a->n * b->m2 - b->n * a->m2) * dn;
  a->m2 += b->m2 + product * delta * dn;
  a->mean += b->n * dn;
  a->n = n;
  a->min = fmin (a->min, b->min);
  a->max = fmax (a->max, b->max);
}

static double
lanes_sum (const double *lanes)
{
  double sum = 0;

  for (int l = 0; l < SPQR_STATS_LANES; l++)
    sum += lanes[l];
  return sum;
}

/* From sums about c to moments about the mean. */
static void
part_from_lanes (Part *part, const SpqrStatsLanes *lanes, size_t n, float c)
{
  double s1 = lanes_sum (lanes->s1), s2 = lanes_sum (lanes->s2);
  double s3 = lanes_sum (lanes->s3), s4 = lanes_sum (lanes->s4);
  double d = s1 / (double) n;

  part->n = (double) n;
  part->mean = (double) c + d;
  part->m2 = fmax (s2 - d * s1, 0.0);
  part->m3 = s3 - 3.0 * d * s2 + 2.0 * d * d * s1;
  part->m4 = fmax (s4 - 4.0 * d * s3 + 6.0 * d * d * s2 - 3.0 * d * d * d * s1, 0.0);
  part->error = lanes_sum (lanes->error);
  part->zeros = lanes->zeros;
  part->min = INFINITY;
  part->max = -INFINITY;
  for (int l = 0; l < SPQR_STATS_LANES; l++)
    {
      part->min = lanes->min[l] < part->min ? lanes->min[l] : part->min;
      part->max = lanes->max[l] > part->max ? lanes->max[l] : part->max;
    }
}

/* Whether sums in f32 can be trusted. A NaN or an infinity anywhere shows in the sum. */
static bool
sums_are_good (const SpqrStatsLanes *lanes)
{
  float top = 0.0f;

  for (int l = 0; l < SPQR_STATS_LANES; l++)
    {
      top = -lanes->min[l] > top ? -lanes->min[l] : top;
      top = lanes->max[l] > top ? lanes->max[l] : top;
    }
  return isfinite (lanes_sum (lanes->s1)) && (top == 0.0f || (top >= FAST_LEAST && top <= FAST_MOST));
}

/* ---- the careful path: f64, finite values only ---- */

static double
group_error (const float *w, size_t k)
{
  double lo = INFINITY, hi = -INFINITY, error = 0;

  for (size_t i = 0; i < k; i++)
    if (isfinite (w[i]))
      {
        lo = fmin (lo, (double) w[i]);
        hi = fmax (hi, (double) w[i]);
      }
  for (size_t i = 0; i < k; i++)
    if (isfinite (w[i]) && hi > lo)
      {
        double scale = (hi - lo) / 7.0;
        double t = (double) w[i] - lo;
        double e = t - rint (t / scale) * scale;

        error += e * e;
      }
  return error;
}

static void
part_add_finite (Part *part, const float *w, size_t n)
{
  double sum = 0;

  for (size_t i = 0; i < n; i++)
    if (isfinite (w[i]))
      {
        part->n++;
        sum += (double) w[i];
        part->zeros += w[i] == 0.0f;
        part->min = fmin (part->min, (double) w[i]);
        part->max = fmax (part->max, (double) w[i]);
      }
  if (part->n == 0)
    return;
  part->mean = sum / part->n;
  for (size_t i = 0; i < n; i++)
    if (isfinite (w[i]))
      {
        double d = (double) w[i] - part->mean, d2 = d * d;

        part->m2 += d2;
        part->m3 += d2 * d;
        part->m4 += d2 * d2;
      }
}

static void
part_from_row_carefully (Part *part, const float *w, size_t n)
{
  memset (part, 0, sizeof *part);
  part->min = INFINITY;
  part->max = -INFINITY;
  for (size_t i = 0; i < n; i++)
    {
      part->nans += isnan (w[i]) != 0;
      part->infs += isinf (w[i]) != 0;
    }
  part_add_finite (part, w, n);
  for (size_t i = 0; i < n; i += 16)
    part->error += group_error (w + i, n - i < 16 ? n - i : 16);
}

/* ---- one row ---- */

/* The bits of the largest f16 or bf16 that is not above limit, which is 0 or more. */
static uint16_t
bits_not_above (SpqrElem elem, float limit)
{
  uint32_t bits;
  uint16_t half;

  memcpy (&bits, &limit, sizeof bits);
  if (elem == SPQR_ELEM_BF16)
    return (uint16_t) (bits >> 16);
  half = spqr_f32_to_f16 (limit);
  return half > 0 && spqr_f16_to_f32 (half) > limit ? half - 1 : half;
}

/* Weights farther than three deviations from 0, in a row of finite weights. */
static size_t
count_outliers (SpqrElem elem, const char *row, size_t n, float limit)
{
  if (elem == SPQR_ELEM_F32)
    return spqr_stats_count_above ((const float *) (const void *) row, n, limit);
  return spqr_stats_count_bits_above ((const uint16_t *) (const void *) row, n, bits_not_above (elem, limit));
}

static float
three_deviations (const Part *part)
{
  return (float) (3.0 * sqrt (part->m2 / part->n));
}

static void
row_carefully (Part *part, SpqrElem elem, const char *row, float *w, size_t n)
{
  widen (elem, row, w, n);
  part_from_row_carefully (part, w, n);
  if (part->n > 0)      /* |Inf| is above any limit, NaN above none */
    part->outliers = spqr_stats_count_above (w, n, three_deviations (part)) - part->infs;
}

/* Sums of a row about c, the mean of its first weights. */
static float
lanes_from_row (SpqrStatsLanes *lanes, SpqrElem elem, const char *row, size_t n)
{
  float block[SPQR_STATS_BLOCK], c = 0.0f;
  size_t i;

  spqr_stats_lanes_init (lanes);
  for (i = spqr_stats_lanes_add_half (lanes, elem, (const uint16_t *) (const void *) row, n, &c); i < n; i += SPQR_STATS_BLOCK)
    {
      size_t k = n - i < SPQR_STATS_BLOCK ? n - i : SPQR_STATS_BLOCK;

      widen (elem, row + i * elem_size (elem), block, k);
      if (i == 0)
        c = spqr_stats_block_mean (block, k < SPQR_STATS_MEAN ? k : SPQR_STATS_MEAN);
      spqr_stats_lanes_add (lanes, block, k, c);
    }
  return c;
}

/* w (n): room for the widened row, where it is needed. */
static void
part_from_row (Part *part, SpqrElem elem, const char *row, float *w, size_t n)
{
  SpqrStatsLanes lanes;
  float c = lanes_from_row (&lanes, elem, row, n);

  memset (part, 0, sizeof *part);
  if (!sums_are_good (&lanes))
    {
      row_carefully (part, elem, row, w, n);
      return;
    }
  part_from_lanes (part, &lanes, n, c);
  part->outliers = count_outliers (elem, row, n, three_deviations (part));
}

/* w: room for a row, or for what is fetched of the piece. */
static bool
compute_piece (SpqrStatsPass *pass, size_t piece, float *w)
{
  size_t stride = pass->cols * elem_size (pass->elem);
  size_t row0 = piece * pass->piece_rows;
  size_t count = pass->rows - row0 < pass->piece_rows ? pass->rows - row0 : pass->piece_rows;
  const char *rows = pass->data != NULL ? pass->data + row0 * stride : (const char *) (w + pass->cols);
  Part all = { 0 };

  if (pass->data == NULL && !pass->fetch (pass->fetch_data, row0, count, w + pass->cols))
    return false;
  for (size_t row = 0; row < count; row++)
    {
      Part part;

      part_from_row (&part, pass->elem, rows + row * stride, w, pass->cols);
      part_join (&all, &part);
    }
  pass->parts[piece] = all;
  return true;
}

static void
compute_pieces (void *data, size_t begin, size_t end)
{
  SpqrStatsPass *pass = data;
  size_t room = (pass->data != NULL ? 1 : pass->piece_rows + 1) * pass->cols;
  float *w = malloc (room * sizeof *w);

  if (w == NULL)
    {
      atomic_store (&pass->no_memory, true);
      return;
    }
  for (size_t piece = begin; piece < end; piece++)
    if (!pass->done[piece])
      {
        if (compute_piece (pass, piece, w))
          pass->done[piece] = true;
        else
          atomic_store (&pass->no_rows, true);
      }
  free (w);
}

static void
stats_from_part (SpqrStats *stats, const Part *part)
{
  double squares = part->m2 + part->n * part->mean * part->mean;

  stats->nans = part->nans;
  stats->infs = part->infs;
  if (part->n == 0)
    return;
  stats->min = part->min + 0.0;         /* never -0 */
  stats->max = part->max + 0.0;
  stats->absmax = fmax (fabs (part->min), fabs (part->max));
  stats->mean = part->mean;
  stats->std = sqrt (part->m2 / part->n);
  stats->kurtosis = part->m2 > 0 ? part->n * (part->m4 / part->m2 / part->m2) : 0.0;
  stats->zeros_share = (double) part->zeros / part->n;
  stats->outlier_share = (double) part->outliers / part->n;
  stats->rtn_error = squares > 0 ? part->error / squares : 0.0;
}

static SpqrStatsPass *
pass_new (size_t rows, size_t cols)
{
  SpqrStatsPass *pass;

  if (rows == 0 || cols == 0 || cols > SIZE_MAX / sizeof (float) / 2 / rows)
    return NULL;
  pass = calloc (1, sizeof *pass);
  if (pass == NULL)
    return NULL;
  pass->rows = rows;
  pass->cols = cols;
  pass->piece_rows = cols < PIECE ? PIECE / cols : 1;
  pass->n_pieces = rows / pass->piece_rows + (rows % pass->piece_rows != 0);
  pass->parts = calloc (pass->n_pieces, sizeof *pass->parts);
  pass->done = calloc (pass->n_pieces, sizeof *pass->done);
  if (pass->parts != NULL && pass->done != NULL)
    return pass;
  spqr_stats_pass_free (pass);
  return NULL;
}

SpqrStatsPass *
spqr_stats_pass_new (const void *data, SpqrElem elem, size_t rows, size_t cols)
{
  SpqrStatsPass *pass = pass_new (rows, cols);

  if (pass != NULL)
    {
      pass->data = data;
      pass->elem = elem;
    }
  return pass;
}

SpqrStatsPass *
spqr_stats_pass_new_fetching (SpqrStatsFetch fetch, void *fetch_data, size_t rows, size_t cols)
{
  SpqrStatsPass *pass = pass_new (rows, cols);

  if (pass != NULL)
    {
      pass->fetch = fetch;
      pass->fetch_data = fetch_data;
      pass->elem = SPQR_ELEM_F32;
    }
  return pass;
}

void
spqr_stats_pass_free (SpqrStatsPass *pass)
{
  if (pass == NULL)
    return;
  free (pass->parts);
  free (pass->done);
  free (pass);
}

SpqrStatus
spqr_stats_pass_run (SpqrStatsPass *pass, const SpqrExec *exec, SpqrStats *stats)
{
  SpqrStatus status = spqr_exec_run (exec, pass->n_pieces, PIECES_AT_ONCE, compute_pieces, pass);
  Part all = { 0 };

  if (atomic_load (&pass->no_memory))
    return SPQR_NO_MEMORY;
  if (atomic_load (&pass->no_rows))
    return SPQR_INVALID;
  if (status != SPQR_OK)
    return status;
  for (size_t piece = 0; piece < pass->n_pieces; piece++)
    part_join (&all, &pass->parts[piece]);
  memset (stats, 0, sizeof *stats);
  stats->count = pass->rows * pass->cols;
  stats_from_part (stats, &all);
  return SPQR_OK;
}

SpqrStatus
spqr_stats_compute (const void *data, SpqrElem elem, size_t rows, size_t cols,
                    const SpqrExec *exec, SpqrStats *stats)
{
  SpqrStatsPass *pass;
  SpqrStatus status;

  memset (stats, 0, sizeof *stats);
  if (elem != SPQR_ELEM_F32 && elem != SPQR_ELEM_F16 && elem != SPQR_ELEM_BF16)
    return SPQR_INVALID;
  if (rows == 0 || cols == 0)
    return SPQR_OK;
  if (cols > SIZE_MAX / sizeof (float) / 2 / rows)
    return SPQR_INVALID;
  pass = spqr_stats_pass_new (data, elem, rows, cols);
  status = pass != NULL ? spqr_stats_pass_run (pass, exec, stats) : SPQR_NO_MEMORY;
  spqr_stats_pass_free (pass);
  return status;
}
