/* Leave-one-out in linear time against its definition, in which every weight is left out and the
 * others are fitted again: the same bits. */
#include <math.h>
#include <string.h>

#include <glib.h>

#include "num/spqr-cpu.h"
#include "num/spqr-kernels-private.h"
#include "num/spqr-quantizer.h"

#define LD 32
#define MOST 100

typedef struct { float scale, zero; } Fit;

static Fit
fit (const float *w, gsize k, gssize without, const SpqrLooJob *job)
{
  float lo = INFINITY, hi = -INFINITY;
  Fit result;

  for (gsize i = 0; i < k; i++)
    if ((gssize) i != without)
      {
        lo = fminf (lo, w[i]);
        hi = fmaxf (hi, w[i]);
      }
  if (!job->compat && lo == hi)
    return (Fit) { 1, -lo };
  spqr_fit_range (lo, hi, job->maxq, job->sym, job->compat, &result.scale, &result.zero);
  return result;
}

static float
error_of (float w, Fit f, const SpqrLooJob *job, gsize i)
{
  float code = spqr_quantize_value (w, f.scale, f.zero, job->maxq);
  float error = (spqr_dequantize_value (code, f.scale, f.zero) - w) / job->d[i];

  return error * error;
}

/* gain(j) = sum over i of (i = j: e(j), else e(i) - e_j(i)) for one row. */
static void
naive_gains (const float *w, const SpqrLooJob *job, float *gain)
{
  Fit all = fit (w, job->k, -1, job);

  for (gsize j = 0; j < job->k; j++)
    {
      Fit others = all;

      gain[j] = 0;
      if (job->k > 1)
        others = fit (w, job->k, (gssize) j, job);
      for (gsize i = 0; i < job->k; i++)
        gain[j] += i == j ? error_of (w[i], all, job, i) : error_of (w[i], all, job, i) - error_of (w[i], others, job, i);
    }
}

/* E0 - Ej as the published code forms it, in f64. */
static double
plain_gain (const float *w, const SpqrLooJob *job, gsize j)
{
  Fit all = fit (w, job->k, -1, job), others = fit (w, job->k, (gssize) j, job);
  double sum = 0, rest = 0;

  for (gsize i = 0; i < job->k; i++)
    {
      sum += error_of (w[i], all, job, i);
      if (i != j)
        rest += error_of (w[i], others, job, i);
    }
  return sum - rest;
}

static void
naive_range (const float *w, const SpqrLooJob *job, const float *gain, float *lo, float *hi)
{
  float sum = 0, count = 0;

  *lo = INFINITY;
  *hi = -INFINITY;
  for (gsize i = 0; i < job->k; i++)
    if (!(gain[i] > job->threshold))
      {
        *lo = fminf (*lo, w[i]);
        *hi = fmaxf (*hi, w[i]);
        sum += w[i];
        count++;
      }
  if (job->compat && count < (float) job->k)
    {
      *lo = fminf (*lo, sum / fmaxf (count, 1));
      *hi = fmaxf (*hi, sum / fmaxf (count, 1));
    }
  if (count == 0)
    *lo = *hi = 0;
}

static void
check_row (const SpqrLooJob *job, gsize row)
{
  float w[MOST], gain[MOST], lo, hi;

  for (gsize i = 0; i < job->k; i++)
    w[i] = job->w[i * LD + row];
  naive_gains (w, job, gain);
  for (gsize i = 0; i < job->k; i++)
    {
      g_assert_true (memcmp (&gain[i], &job->gain[i * LD + row], sizeof (float)) == 0);
      if (job->k > 1)
        g_assert_cmpfloat (fabs (plain_gain (w, job, i) - gain[i]), <=, 1e-4 * (fabs (gain[i]) + 1));
    }
  naive_range (w, job, gain, &lo, &hi);
  g_assert_cmpfloat (lo, ==, job->lo[row]);
  g_assert_cmpfloat (hi, ==, job->hi[row]);
}

/* Ordinary rows, rows with repeated extremes, constant rows, rows of two values, with an outlier. */
static float
draw (GRand *rand, gsize row, gsize i)
{
  float x = (float) g_rand_double_range (rand, -1, 1);

  switch (row % 8)
    {
    case 1:
      return rintf (x * 3) / 4;
    case 2:
      return 0.375f;
    case 3:
      return x < 0 ? -0.5f : 0.25f;
    case 4:
      return i == 3 ? 20 : x;
    case 5:
      return i == 1 ? -3 : 0;
    case 6:
      return 2 + x;
    case 7:
      return x * x * x * x * 10;
    default:
      return x;
    }
}

static void
check_job (GRand *rand, gsize k, int bits, gboolean sym, gboolean compat, float threshold)
{
  g_autofree float *w = g_new (float, k * LD), *gain = g_new (float, k * LD), *d = g_new (float, k);
  float lo[LD], hi[LD];
  SpqrLooJob job = {
    .w = w, .d = d, .ld = LD, .k = k, .maxq = spqr_max_code (bits), .threshold = threshold,
    .sym = sym, .compat = compat, .gain = gain, .lo = lo, .hi = hi,
  };

  for (gsize i = 0; i < k; i++)
    {
      d[i] = (float) g_rand_double_range (rand, 0.3, 2);
      for (gsize r = 0; r < LD; r++)
        w[i * LD + r] = draw (rand, r, i);
    }
  spqr_kernels ()->leave_one_out (&job);
  for (gsize r = 0; r < LD; r++)
    check_row (&job, r);
}

static void
test_definition (void)
{
  static const gsize widths[] = { 1, 2, 3, 5, 16, 17, 64, MOST };
  GRand *rand = g_rand_new_with_seed (31);

  for (int cpu = SPQR_CPU_PLAIN; cpu <= SPQR_CPU_AVX512; cpu++)
    {
      spqr_cpu_limit ((SpqrCpu) cpu);
      for (gsize i = 0; i < G_N_ELEMENTS (widths); i++)
        for (int bits = 1; bits <= 8; bits++)
          for (int flags = 0; flags < 8; flags++)
            check_job (rand, widths[i], bits, flags & 1, (flags & 2) != 0, flags & 4 ? 0.001f : 0.2f);
    }
  spqr_cpu_limit (SPQR_CPU_AVX512);
  g_rand_free (rand);
}

/* With nothing below the threshold all are likely outliers, and 0 is what is left. */
static void
test_nothing_left (void)
{
  float w[2 * 16] = { 0 }, d[2] = { 1, 1 }, gain[2 * 16], lo[16], hi[16];
  SpqrLooJob job = { .w = w, .d = d, .ld = 16, .k = 2, .maxq = 7, .threshold = -1, .gain = gain, .lo = lo, .hi = hi };

  w[0] = 3;
  w[16] = 5;
  spqr_kernels ()->leave_one_out (&job);
  g_assert_cmpfloat (lo[0], ==, 0);
  g_assert_cmpfloat (hi[0], ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/loo/definition", test_definition);
  g_test_add_func ("/loo/nothing-left", test_nothing_left);
  return g_test_run ();
}
