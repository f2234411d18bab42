/* spqr-kernels.c: the inner loops of the column loop; compiled once per instruction set, with
 * SPQR_KERNELS_NAME the table it fills. Formulas: spqr-quantizer.h, spqr-kernels-private.h. */
#include "num/spqr-kernels-private.h"
#include "num/spqr-lanes-private.h"

typedef struct { Lanes scale, zero; } Fit;

/* spqr_fit_range(); in default mode a constant range becomes scale 1, zero -lo: reproduced exactly. */
static inline Fit
fit_range (Lanes lo, Lanes hi, float maxq, bool sym, bool compat)
{
  Lanes low = lo, high = hi, scale, zero;

  if (sym)
    {
      high = lanes_max (lanes_abs (lo), hi);
      low = compat ? lanes_if_less (lo, lanes_set (0.0f), -high, lo) : -high;
    }
  if (compat)
    {
      Lanes differ = high - low;

      low = lanes_if_less (lanes_set (0.0f), differ, low, lanes_set (-1.0f));
      high = lanes_if_less (lanes_set (0.0f), differ, high, lanes_set (1.0f));
    }
  scale = (high - low) / maxq;
  zero = sym ? lanes_set ((maxq + 1.0f) * 0.5f) : -low / scale;
  if (!compat)
    {
      zero = lanes_if_less (lo, hi, zero, -lo);
      scale = lanes_if_less (lo, hi, scale, lanes_set (1.0f));
    }
  return (Fit) { scale, zero };
}

/* ((w^ - w) / d)^2 */
static inline Lanes
squared_error (Lanes w, Fit fit, float maxq, float d)
{
  Lanes code = lanes_quantize (w, fit.scale, fit.zero, maxq);
  Lanes error = (fit.scale * (code - fit.zero) - w) / d;

  return error * error;
}

static void
range (const float *w, size_t ld, size_t k, float *lo, float *hi)
{
  for (size_t r = 0; r < ld; r += LANES)
    {
      Lanes low = lanes_load (w + r), high = low;

      for (size_t i = 1; i < k; i++)
        {
          Lanes v = lanes_load (w + i * ld + r);

          low = lanes_min (v, low);
          high = lanes_max (v, high);
        }
      lanes_store (lo + r, low);
      lanes_store (hi + r, high);
    }
}

/* The two smallest and the two largest values, and where the first of each stands. */
typedef struct { Lanes lo, lo2, lo_at, hi, hi2, hi_at; } Extremes;

static inline Extremes
find_extremes (const float *w, size_t ld, size_t k)
{
  Extremes x = { lanes_set (INFINITY), lanes_set (INFINITY), lanes_set (0.0f),
                 lanes_set (-INFINITY), lanes_set (-INFINITY), lanes_set (0.0f) };

  for (size_t i = 0; i < k; i++)
    {
      Lanes v = lanes_load (w + i * ld), at = lanes_set ((float) i);

      x.lo2 = lanes_min (x.lo2, lanes_max (x.lo, v));
      x.lo_at = lanes_if_less (v, x.lo, at, x.lo_at);
      x.lo = lanes_min (x.lo, v);
      x.hi2 = lanes_max (x.hi2, lanes_min (x.hi, v));
      x.hi_at = lanes_if_less (x.hi, v, at, x.hi_at);
      x.hi = lanes_max (x.hi, v);
    }
  return x;
}

/* Leaving out a weight that is neither the smallest nor the largest leaves the fit, and so every
 * other error, unchanged: gain(j) = e(j) + 0 + 0 …. Only the two extremes are fitted again. */
static inline void
compute_gains (const SpqrLooJob *job, size_t r)
{
  const float *w = job->w + r;
  float *gain = job->gain + r;
  Extremes x = find_extremes (w, job->ld, job->k);
  Fit all = fit_range (x.lo, x.hi, job->maxq, job->sym, job->compat);
  Fit no_lo = fit_range (x.lo2, x.hi, job->maxq, job->sym, job->compat);
  Fit no_hi = fit_range (x.lo, x.hi2, job->maxq, job->sym, job->compat);
  Lanes half = lanes_set (0.5f), gain_lo = lanes_set (0.0f), gain_hi = lanes_set (0.0f);

  for (size_t i = 0; i < job->k; i++)
    {
      Lanes v = lanes_load (w + i * job->ld), at = lanes_set ((float) i);
      Lanes e = squared_error (v, all, job->maxq, job->d[i]);

      lanes_store (gain + i * job->ld, e);
      if (job->k == 1)
        return;
      gain_lo += lanes_if_less (lanes_abs (at - x.lo_at), half, e,
                                e - squared_error (v, no_lo, job->maxq, job->d[i]));
      gain_hi += lanes_if_less (lanes_abs (at - x.hi_at), half, e,
                                e - squared_error (v, no_hi, job->maxq, job->d[i]));
    }
  for (size_t i = 0; i < job->k; i++)
    {
      Lanes at = lanes_set ((float) i), e = lanes_load (gain + i * job->ld);

      e = lanes_if_less (lanes_abs (at - x.lo_at), half, gain_lo, e);
      e = lanes_if_less (lanes_abs (at - x.hi_at), half, gain_hi, e);
      lanes_store (gain + i * job->ld, e);
    }
}

/* Range without the likely outliers. */
static inline void
find_range_of_rest (const SpqrLooJob *job, size_t r)
{
  Lanes threshold = lanes_set (job->threshold), none = lanes_set (0.0f), one = lanes_set (1.0f);
  Lanes lo = lanes_set (INFINITY), hi = lanes_set (-INFINITY), sum = none, count = none;

  for (size_t i = 0; i < job->k; i++)
    {
      Lanes v = lanes_load (job->w + i * job->ld + r);
      Lanes gain = lanes_load (job->gain + i * job->ld + r);

      lo = lanes_if_less (threshold, gain, lo, lanes_min (v, lo));
      hi = lanes_if_less (threshold, gain, hi, lanes_max (v, hi));
      sum += lanes_if_less (threshold, gain, none, v);
      count += lanes_if_less (threshold, gain, none, one);
    }
  if (job->compat)
    {
      Lanes mean = sum / lanes_max (count, one), all = lanes_set ((float) job->k - 0.5f);

      lo = lanes_if_less (count, all, lanes_min (mean, lo), lo);
      hi = lanes_if_less (count, all, lanes_max (mean, hi), hi);
    }
  lanes_store (job->lo + r, lanes_if_less (none, count, lo, none));
  lanes_store (job->hi + r, lanes_if_less (none, count, hi, none));
}

static void
leave_one_out (const SpqrLooJob *job)
{
  for (size_t r = 0; r < job->ld; r += LANES)
    {
      compute_gains (job, r);
      find_range_of_rest (job, r);
    }
}

/* What an outlier is stored as, and what it decodes to. Weights that error compensation has driven
 * to the very end of f16 are held just inside, so that nothing rounds to infinity. */
typedef struct { Lanes stored, value; } Outlier;

static inline Outlier
store_outlier (Lanes w, Lanes value0, bool compat)
{
  Lanes stored, end = lanes_set (65472.0f);

  if (compat)
    return (Outlier) { w, w };
  stored = lanes_min (lanes_max (w, -end), end) - value0;
  stored = lanes_f16_round (lanes_min (lanes_max (stored, -end), end));
  return (Outlier) { stored, lanes_f16_round (value0 + stored) };
}

static inline void
quantize_lanes (const SpqrColumnJob *job, size_t r, bool compat, bool outliers)
{
  Lanes w = lanes_load (job->w + r);
  Lanes scale = lanes_load (job->scale + r), zero = lanes_load (job->zero + r);
  Lanes code = lanes_quantize (w, scale, zero, job->maxq);
  Lanes code0 = lanes_load (job->code0 + r), value0 = lanes_load (job->value0 + r);
  Lanes value, error;

  if (compat)
    value = scale * (code - zero);
  else
    value = lanes_f16_round (scale * lanes_f16_round (code - zero));
  if (job->constant != NULL)
    {
      Lanes constant = lanes_load (job->constant + r), half = lanes_set (0.5f);

      value = lanes_if_less (half, constant, value0, value);
      code = lanes_if_less (half, constant, code0, code);
    }
  error = (w - value) / job->u;
  if (outliers)
    {
      Lanes squared = error * error, threshold = lanes_set (job->threshold);
      unsigned bits = lanes_less_bits (threshold, squared);

      job->outlier_bits[r / 16] |= (uint16_t) (bits << (r % 16));
      if (bits != 0)
        {
          Outlier outlier = store_outlier (w, value0, compat);

          lanes_store (job->outlier + r, outlier.stored);
          value = lanes_if_less (threshold, squared, outlier.value, value);
          code = lanes_if_less (threshold, squared, code0, code);
          error = (w - value) / job->u;
        }
    }
  lanes_store (job->w + r, value);
  lanes_store (job->error + r, error);
  lanes_store (job->code + r, code);
}

static void
quantize_column (const SpqrColumnJob *job)
{
  bool outliers = job->threshold < INFINITY;

  memset (job->outlier_bits, 0, job->ld / 16 * sizeof *job->outlier_bits);
  if (job->compat)
    for (size_t r = 0; r < job->ld; r += LANES)
      quantize_lanes (job, r, true, outliers);
  else
    for (size_t r = 0; r < job->ld; r += LANES)
      quantize_lanes (job, r, false, outliers);
}

/* `vectors` neighbouring vectors of rows at once: their sums stay in registers. */
static inline void
update_rows (float *w, size_t ld, size_t n_columns, const float *error, size_t n_errors,
             const float *u, size_t ldu, int vectors)
{
  for (size_t c = 0; c < n_columns; c++)
    {
      Lanes sum[4];

      for (int v = 0; v < vectors; v++)
        sum[v] = lanes_load (w + c * ld + v * LANES);
      for (size_t t = 0; t < n_errors; t++)
        for (int v = 0; v < vectors; v++)
          sum[v] -= lanes_load (error + t * ld + v * LANES) * u[t * ldu + c];
      for (int v = 0; v < vectors; v++)
        lanes_store (w + c * ld + v * LANES, sum[v]);
    }
}

static void
update (float *w, size_t ld, size_t n_columns, const float *error, size_t n_errors, const float *u,
        size_t ldu)
{
  size_t r = 0;

  for (; r + 4 * LANES <= ld; r += 4 * LANES)
    update_rows (w + r, ld, n_columns, error + r, n_errors, u, ldu, 4);
  for (; r < ld; r += LANES)
    update_rows (w + r, ld, n_columns, error + r, n_errors, u, ldu, 1);
}

/* ---- the product after a block ----
 *
 * U's rows lie far apart in memory: PANEL of its columns at a time are packed, [t][column], and stay
 * in the first cache while all rows of the tile go by; meanwhile the lines of the columns after the
 * packed ones are asked for. The sums of PANEL columns × 2 vectors of rows stay in registers. */

#if LANES == 16
#define PANEL 12
#else
#define PANEL 6
#endif
#define LINE 16                 /* numbers of one cache line */

_Static_assert (SPQR_TRAILING_COLUMNS % PANEL == 0, "whole panels");

/* w (ld apart): cols columns of one panel, `vectors` vectors of rows. next: a number of the first row of U
 * whose line, and those of the rows below, will be needed; or NULL. */
static inline __attribute__ ((always_inline)) void
trailing_panel (float *w, size_t ld, size_t cols, const float *error, size_t n_errors, const float *panel,
                const float *next, size_t ldu, const int vectors)
{
  Lanes sum[PANEL][2];

#pragma GCC unroll 16
  for (int c = 0; c < PANEL; c++)
    for (int v = 0; v < vectors; v++)
      sum[c][v] = lanes_set (0.0f);
  for (size_t t = 0; t < n_errors; t++)
    {
      Lanes e[2];

      if (next != NULL)
        __builtin_prefetch (next + t * ldu);
      for (int v = 0; v < vectors; v++)
        e[v] = lanes_load (error + t * ld + v * LANES);
#pragma GCC unroll 16
      for (int c = 0; c < PANEL; c++)
        for (int v = 0; v < vectors; v++)
          sum[c][v] = lanes_multiply_add (e[v], lanes_set (panel[t * PANEL + (size_t) c]), sum[c][v]);
    }
#pragma GCC unroll 16
  for (int c = 0; c < PANEL; c++)
    if ((size_t) c < cols)
      for (int v = 0; v < vectors; v++)
        {
          float *at = w + (size_t) c * ld + v * LANES;

          lanes_store (at, lanes_load (at) - sum[c][v]);
        }
}

/* Columns of U -> panels of [t][PANEL], the last one filled up with 0. */
static void
pack_columns (const float *u, size_t ldu, size_t n_errors, size_t width, float *room)
{
  size_t whole = width / PANEL * PANEL, rest = width - whole;

  for (size_t t = 0; t < n_errors; t++)
    for (size_t c = 0; c < whole; c += PANEL)
      memcpy (room + c * n_errors + t * PANEL, u + t * ldu + c, PANEL * sizeof *room);
  for (size_t t = 0; t < n_errors && rest > 0; t++)
    {
      float *out = room + whole * n_errors + t * PANEL;

      memset (out, 0, PANEL * sizeof *out);
      memcpy (out, u + t * ldu + whole, rest * sizeof *out);
    }
}

static void
trailing_columns (float *w, size_t ld, size_t width, const float *error, size_t n_errors, const float *room,
                  const float *next, size_t next_width, size_t ldu)
{
  for (size_t c = 0; c < width; c += PANEL)
    {
      const float *panel = room + c * n_errors;
      size_t cols = width - c < PANEL ? width - c : PANEL, r = 0, line = c / PANEL * LINE;
      /* Each panel asks for one line of every row. */
      const float *wanted = line < next_width ? next + line : NULL;

      for (; r + 2 * LANES <= ld; r += 2 * LANES, wanted = NULL)
        trailing_panel (w + c * ld + r, ld, cols, error + r, n_errors, panel, wanted, ldu, 2);
      for (; r < ld; r += LANES)
        trailing_panel (w + c * ld + r, ld, cols, error + r, n_errors, panel, NULL, ldu, 1);
    }
}

static void
trailing (float *w, size_t ld, size_t n_columns, const float *error, size_t n_errors, const float *u,
          size_t ldu, float *room)
{
  for (size_t c = 0; c < n_columns; c += SPQR_TRAILING_COLUMNS)
    {
      size_t rest = n_columns - c;
      size_t width = rest < SPQR_TRAILING_COLUMNS ? rest : SPQR_TRAILING_COLUMNS, next = rest - width;

      pack_columns (u + c, ldu, n_errors, width, room);
      trailing_columns (w + c * ld, ld, width, error, n_errors, room, u + c + width,
                        next < SPQR_TRAILING_COLUMNS ? next : SPQR_TRAILING_COLUMNS, ldu);
    }
}

/* ---- sums for the layer's figures: sixteen of them side by side, joined at the end ---- */

static inline double
join_sums (const double *sums)
{
  double all = 0;

  for (int l = 0; l < 16; l++)
    all += sums[l];
  return all;
}

static double
dot (const float *a, const float *b, size_t count)
{
  double sums[16] = { 0 };
  size_t whole = count / 16 * 16;

  for (size_t i = 0; i < whole; i += 16)
    for (int l = 0; l < 16; l++)
      sums[l] += (double) a[i + (size_t) l] * (double) b[i + (size_t) l];
  for (size_t i = whole; i < count; i++)
    sums[i - whole] += (double) a[i] * (double) b[i];
  return join_sums (sums);
}

static void
strip_errors (const float *w, const float *w_hat, size_t ld, size_t n, const int32_t *perm, const uint8_t *dead,
              double sums[3])
{
  double live[16] = { 0 }, gone[16] = { 0 }, energy[16] = { 0 };

  for (size_t j = 0; j < n; j++)
    {
      const float *a = w + (perm != NULL ? (size_t) perm[j] : j) * 16, *b = w_hat + j * ld;

      if (dead != NULL && dead[j])
        for (int l = 0; l < 16; l++)
          {
            double difference = (double) a[l] - (double) b[l];

            gone[l] += difference * difference;
            energy[l] += (double) b[l] * (double) b[l];
          }
      else
        for (int l = 0; l < 16; l++)
          {
            double difference = (double) a[l] - (double) b[l];

            live[l] += difference * difference;
          }
    }
  sums[0] += join_sums (live);
  sums[1] += join_sums (gone);
  sums[2] += join_sums (energy);
}

static void
column_sums (const float *w, size_t n, size_t m, size_t width, double *restrict sum, double *restrict squares)
{
  for (size_t c = 0; c < width; c++)
    sum[c] = squares[c] = 0;
  for (size_t r = 1; r < m; r++)
    for (size_t c = 0; c < width; c++)
      {
        double x = (double) w[r * n + c] - (double) w[c];

        sum[c] += x;
        squares[c] += x * x;
      }
}

const SpqrKernels SPQR_KERNELS_NAME = {
  range, leave_one_out, quantize_column, update, trailing, dot, strip_errors, column_sums,
};
