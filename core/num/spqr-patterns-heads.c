/* spqr-patterns-heads.c: do heads differ, and do rows repeat with the rotary period?
 *
 * Both look at levels y_i (logs of row or column means), cut at three standard deviations about their
 * head's median so that single outliers decide nothing.
 *
 * Heads:   F = (between-head / (K - 1)) / (within-head / (n - K)), and the same for blocks moved by half
 *          a head: a pattern of heads loses half of it, one that ignores them loses nothing.
 * Rotary:  periodogram P at h / period, h = 1 … 4, against the median of its neighbours, which is ln 2
 *          of a noise's mean: the sum of h such ratios is Gamma(h, 1) where nothing repeats. */
#include <math.h>
#include <stdlib.h>

#include "num/spqr-patterns-private.h"

#define CUT 3.0
#define F_Z_LEAST 6.0
#define MOVED_LEAST 1.3         /* F's numerator against that of moved blocks */
#define HEAD_LOG_RATIO 0.693147180559945        /* twice as sensitive as the middle head */
#define HEAD_SPREADS 0.75       /* standard deviations of rows within heads */
#define HARMONICS 4
#define NEIGHBOURS 32
#define LEAST_NEIGHBOURS 6
#define TAIL_LEAST 14.0         /* -log of the false positive probability: 8e-7 */
#define EXPLAINED_LEAST 0.15

/* residual_i = y_i - its head's median, cut; missing ones 0. False: not enough levels. */
static bool
cut_residuals (const double *y, size_t n, size_t d, double *medians, double *scratch, double *residual)
{
  SpqrRobust all;

  for (size_t h = 0; h < n / d; h++)
    {
      SpqrRobust head = spqr_robust (y + h * d, d, 1, scratch);

      if (head.n < d / 2)
        return false;
      medians[h] = head.centre;
      for (size_t i = h * d; i < (h + 1) * d; i++)
        residual[i] = y[i] - head.centre;
    }
  all = spqr_robust (residual, n, 1, scratch);
  for (size_t i = 0; i < n; i++)
    residual[i] = isnan (residual[i]) ? 0 : fmax (-CUT * all.scale, fmin (CUT * all.scale, residual[i]));
  return true;
}

/* ---- heads ---- */

static double
between (const double *y, size_t n, size_t d, size_t offset)
{
  double grand = 0, sum = 0;

  for (size_t i = 0; i < n; i++)
    grand += y[i] / (double) n;
  for (size_t h = 0; h < n / d; h++)
    {
      double mean = 0;

      for (size_t i = 0; i < d; i++)
        mean += y[(h * d + i + offset) % n] / (double) d;
      sum += (double) d * (mean - grand) * (mean - grand);
    }
  return sum;
}

static void
choose_heads (const double *medians, size_t n_heads, size_t d, double spread, double z, double *scratch, SpqrHeadTest *test)
{
  double middle;

  for (size_t h = 0; h < n_heads; h++)
    scratch[h] = medians[h];
  middle = spqr_median (scratch, n_heads);
  for (size_t h = 0; h < n_heads; h++)
    {
      double above = medians[h] - middle;
      double strength = fmin (fmin (4 * above / HEAD_LOG_RATIO, above / (HEAD_SPREADS * spread)), z / F_Z_LEAST);

      strength = fmin (strength, above * sqrt ((double) d) / (5 * spread));
      test->strength[h] = strength >= 1 ? strength : 0;
      test->n_found += strength >= 1;
    }
  if (test->n_found <= n_heads / 2)
    return;
  for (size_t h = 0; h < n_heads; h++)
    test->strength[h] = 0;
  test->n_found = 0;
}

void
spqr_head_test (const double *levels, size_t n, size_t head_dim, double *scratch, double *cut, SpqrHeadTest *test)
{
  size_t n_heads = head_dim > 0 ? n / head_dim : 0;
  double inside = 0, ssb, f, z;

  if (n_heads < 2 || head_dim < 4 || n % head_dim != 0 ||
      !cut_residuals (levels, n, head_dim, test->medians, scratch, cut))
    return;
  for (size_t h = 0; h < n_heads; h++)
    {
      double mean = 0;

      for (size_t i = h * head_dim; i < (h + 1) * head_dim; i++)
        mean += cut[i] / (double) head_dim;
      for (size_t i = h * head_dim; i < (h + 1) * head_dim; i++)
        {
          inside += (cut[i] - mean) * (cut[i] - mean);
          cut[i] += test->medians[h];
        }
    }
  ssb = between (cut, n, head_dim, 0);
  inside = fmax (inside / (double) (n - n_heads), 1e-6);
  f = ssb / (double) (n_heads - 1) / inside;
  z = spqr_z_of_f (f, (double) (n_heads - 1), (double) (n - n_heads));
  test->differ = z >= F_Z_LEAST && ssb >= MOVED_LEAST * between (cut, n, head_dim, head_dim / 2);
  if (test->differ)
    choose_heads (test->medians, n_heads, head_dim, sqrt (inside), z, scratch, test);
}

/* ---- rotary ---- */

/* |sum y_i e^(-2 pi i k / n)|^2 by Goertzel's recurrence. */
static double
power_at (const double *y, size_t n, size_t k)
{
  double c = 2 * cos (2 * M_PI * (double) k / (double) n), s1 = 0, s2 = 0;

  for (size_t i = 0; i < n; i++)
    {
      double s0 = y[i] + c * s1 - s2;

      s2 = s1;
      s1 = s0;
    }
  return s1 * s1 + s2 * s2 - c * s1 * s2;
}

/* Power at bin k against its neighbours', as a share of what noise would have there on average; NaN
 * when there are too few. Multiples of `head_bin` (what repeats with the heads) are no noise. */
static double
peak (const double *y, size_t n, size_t k, size_t head_bin)
{
  double around[2 * NEIGHBOURS];
  size_t found = 0;

  for (size_t j = 1; j <= NEIGHBOURS; j++)
    {
      if (k > j && (k - j) % head_bin != 0)
        around[found++] = power_at (y, n, k - j);
      if (2 * (k + j) < n && (k + j) % head_bin != 0)
        around[found++] = power_at (y, n, k + j);
    }
  if (found < LEAST_NEIGHBOURS)
    return NAN;
  return power_at (y, n, k) / (fmax (spqr_median (around, found), 1e-12 * (double) n) / M_LN2 * (1 + 2 / sqrt ((double) found)));
}

/* Share of the residuals' variance that the places in the period explain, less what they would by chance. */
static double
explained (const double *y, size_t n, size_t period)
{
  double total = 0, folded = 0, chance, repeats = (double) (n / period);

  for (size_t i = 0; i < n; i++)
    total += y[i] * y[i];
  for (size_t p = 0; p < period; p++)
    {
      double sum = 0;

      for (size_t i = p; i < n; i += period)
        sum += y[i];
      folded += sum * sum / repeats;
    }
  if (total <= 0)
    return 0;
  chance = (total - folded) / (double) (n - period) * (double) period;
  return (folded - chance) / total;
}

/* At half a head the odd multiples of 1 / head stand for what repeats with the whole head only. */
static bool
is_half_head (const double *y, size_t n, size_t head_dim)
{
  double even = 0, odd = 0;

  for (size_t h = 1; h <= HARMONICS; h++)
    {
      size_t k = 2 * h * (n / head_dim);

      even += 2 * k < n ? power_at (y, n, k) : 0;
      odd += 2 * (k - n / head_dim) < n ? power_at (y, n, k - n / head_dim) : 0;
    }
  return even > odd;
}

void
spqr_rotary_test (const double *levels, size_t n, size_t head_dim, double *scratch, double *cut, SpqrRotaryTest *test)
{
  size_t period = test->period, repeats = period > 0 ? n / period : 0;
  unsigned used = 0;
  double sum = 0, tail;

  if (period < 4 || repeats < 4 || head_dim == 0 || n % head_dim != 0 || head_dim % period != 0 || n / head_dim < 2 ||
      !cut_residuals (levels, n, head_dim, test->wave, scratch, cut))
    return;
  for (size_t h = 1; h <= HARMONICS && 2 * h < period; h++)
    {
      double ratio = peak (cut, n, h * repeats, n / head_dim);

      sum += isnan (ratio) ? 0 : ratio;
      used += !isnan (ratio);
    }
  if (used == 0)
    return;
  tail = spqr_gamma_tail (used, sum);
  test->explained = explained (cut, n, period);
  test->strength = fmin (tail / TAIL_LEAST, test->explained / EXPLAINED_LEAST);
  test->found = test->strength >= 1 && (2 * period != head_dim || is_half_head (cut, n, head_dim));
  for (size_t p = 0; p < period; p++)
    test->wave[p] = spqr_robust (cut + p, repeats, period, scratch).centre;
}
