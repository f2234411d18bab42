/* spqr-stats and spqr-histogram against plain sums in f64. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "num/spqr-cpu.h"
#include "num/spqr-fp16.h"
#include "num/spqr-stats.h"
#include "threads.h"

typedef struct { void *data; float *values; size_t rows, cols; SpqrElem elem; } Matrix;

/* Takes the values; afterwards they are what elem can say of them. */
static Matrix
matrix_new (float *values, size_t rows, size_t cols, SpqrElem elem)
{
  Matrix matrix = { NULL, values, rows, cols, elem };
  size_t n = rows * cols;
  guint16 *narrow;

  if (elem == SPQR_ELEM_F32)
    {
      matrix.data = g_memdup2 (values, MAX (n, 1) * sizeof *values);
      return matrix;
    }
  narrow = g_new (guint16, MAX (n, 1));
  for (size_t i = 0; i < n; i++)
    {
      narrow[i] = elem == SPQR_ELEM_F16 ? spqr_f32_to_f16 (values[i]) : spqr_f32_to_bf16 (values[i]);
      values[i] = elem == SPQR_ELEM_F16 ? spqr_f16_to_f32 (narrow[i]) : spqr_bf16_to_f32 (narrow[i]);
    }
  matrix.data = narrow;
  return matrix;
}

static void
matrix_clear (Matrix *matrix)
{
  g_free (matrix->data);
  g_free (matrix->values);
}

static double
rtn_group_error (const float *w, size_t k)
{
  double lo = INFINITY, hi = -INFINITY, error = 0;

  for (size_t i = 0; i < k; i++)
    if (isfinite (w[i]))
      {
        lo = MIN (lo, (double) w[i]);
        hi = MAX (hi, (double) w[i]);
      }
  for (size_t i = 0; i < k && hi > lo; i++)
    if (isfinite (w[i]))
      {
        double scale = (hi - lo) / 7, code = CLAMP (rint (w[i] / scale - lo / scale), 0, 7);
        double decoded = scale * (code + lo / scale);

        error += (w[i] - decoded) * (w[i] - decoded);
      }
  return error;
}

static size_t
row_outliers (const float *w, size_t cols)
{
  double n = 0, sum = 0, squares = 0;
  size_t outliers = 0;

  for (size_t i = 0; i < cols; i++)
    if (isfinite (w[i]))
      {
        n++;
        sum += w[i];
      }
  for (size_t i = 0; i < cols; i++)
    if (isfinite (w[i]))
      squares += (w[i] - sum / n) * (w[i] - sum / n);
  for (size_t i = 0; i < cols; i++)
    outliers += isfinite (w[i]) && fabs (w[i]) > 3 * sqrt (squares / n);
  return outliers;
}

static void
assert_near (double value, double expected, double relative, double absolute)
{
  if (!(fabs (value - expected) <= relative * fabs (expected) + absolute))
    g_error ("%.17g is not %.17g", value, expected);
}

static SpqrStats
stats_by_hand (const Matrix *matrix)
{
  SpqrStats stats = { .min = INFINITY, .max = -INFINITY, .count = matrix->rows * matrix->cols };
  double n = 0, m2 = 0, m4 = 0, error = 0, squares = 0;

  for (size_t i = 0; i < stats.count; i++)
    {
      float w = matrix->values[i];

      stats.nans += isnan (w) != 0;
      stats.infs += isinf (w) != 0;
      if (!isfinite (w))
        continue;
      n++;
      stats.min = MIN (stats.min, (double) w);
      stats.max = MAX (stats.max, (double) w);
      stats.mean += w;
      stats.zeros_share += w == 0;
      squares += (double) w * w;
    }
  stats.mean /= n;
  for (size_t i = 0; i < stats.count; i++)
    if (isfinite (matrix->values[i]))
      {
        double d = matrix->values[i] - stats.mean;

        m2 += d * d;
        m4 += d * d * d * d;
      }
  for (size_t row = 0; row < matrix->rows; row++)
    {
      const float *w = matrix->values + row * matrix->cols;

      stats.outlier_share += (double) row_outliers (w, matrix->cols);
      for (size_t j = 0; j < matrix->cols; j += 16)
        error += rtn_group_error (w + j, MIN (16, matrix->cols - j));
    }
  stats.std = sqrt (m2 / n);
  stats.kurtosis = n * m4 / m2 / m2;
  stats.absmax = MAX (fabs (stats.min), fabs (stats.max));
  stats.zeros_share /= n;
  stats.outlier_share /= n;
  stats.rtn_error = squares > 0 ? error / squares : 0;
  return stats;
}

static void
check_stats (const Matrix *matrix, const SpqrStats *stats, double tolerance)
{
  SpqrStats expected = stats_by_hand (matrix);

  g_assert_cmpuint (stats->count, ==, expected.count);
  g_assert_cmpuint (stats->nans, ==, expected.nans);
  g_assert_cmpuint (stats->infs, ==, expected.infs);
  g_assert_cmpfloat (stats->min, ==, expected.min);
  g_assert_cmpfloat (stats->max, ==, expected.max);
  g_assert_cmpfloat (stats->absmax, ==, expected.absmax);
  assert_near (stats->mean, expected.mean, tolerance, tolerance * expected.std);
  assert_near (stats->std, expected.std, tolerance, 0);
  assert_near (stats->kurtosis, expected.kurtosis, tolerance, 0);
  assert_near (stats->zeros_share, expected.zeros_share, 1e-12, 0);
  assert_near (stats->outlier_share, expected.outlier_share, 1e-12, 0);
  assert_near (stats->rtn_error, expected.rtn_error, 20 * tolerance, 1e-12);
}

static void
check_matrix (Matrix *matrix, double tolerance)
{
  for (int cpu = SPQR_CPU_PLAIN; cpu <= SPQR_CPU_AVX512; cpu++)
    {
      SpqrStats one_thread;

      spqr_cpu_limit (cpu);
      for (guint threads = 1; threads <= 3; threads++)
        {
          SpqrExec exec = threads_exec (threads);
          SpqrStats stats;

          g_assert_cmpint (spqr_stats_compute (matrix->data, matrix->elem, matrix->rows, matrix->cols, &exec, &stats), ==, SPQR_OK);
          if (threads == 1)
            one_thread = stats;
          g_assert_cmpmem (&one_thread, sizeof one_thread, &stats, sizeof stats);
        }
      spqr_cpu_limit (SPQR_CPU_AVX512);
      check_stats (matrix, &one_thread, tolerance);
    }
}

/* Heavy tails, some zeros. */
static float *
weights_new (size_t n, double scale, double mean)
{
  float *values = g_new (float, MAX (n, 1));

  for (size_t i = 0; i < n; i++)
    {
      double u = g_test_rand_double_range (-1, 1);

      values[i] = g_test_rand_int_range (0, 50) == 0 ? 0.0f : (float) (mean + scale * u * u * u);
    }
  return values;
}

static void
test_shapes (void)
{
  static const size_t shapes[][2] = {
    { 1, 2 }, { 1, 17 }, { 3, 16 }, { 5, 255 }, { 4, 256 }, { 7, 300 }, { 200, 576 }, { 3, 5000 }, { 1, 70001 }, { 9, 1 },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (shapes); i++)
    for (int elem = SPQR_ELEM_F32; elem <= SPQR_ELEM_BF16; elem++)
      {
        size_t n = shapes[i][0] * shapes[i][1];
        Matrix matrix;
        float *values = weights_new (n, 0.05, 0.001);

        values[0] = 0.5f;       /* never constant */
        matrix = matrix_new (values, shapes[i][0], shapes[i][1], (SpqrElem) elem);
        check_matrix (&matrix, 2e-6);
        matrix_clear (&matrix);
      }
}

/* A mean far from 0 must not drown the spread; very large and very small weights must not overflow. */
static void
test_ranges (void)
{
  static const double cases[][2] = { { 0.001, 1.0 }, { 0.01, -3.0 }, { 1e30, 0 }, { 1e-20, 0 }, { 1e-12, 0 }, { 3e7, 0 } };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      float *values = weights_new (40 * 700, cases[i][0], 0);
      Matrix matrix;

      for (size_t k = 0; k < 40 * 700; k++)
        values[k] += (float) cases[i][1];
      matrix = matrix_new (values, 40, 700, SPQR_ELEM_F32);
      check_matrix (&matrix, 1e-5);
      matrix_clear (&matrix);
    }
}

/* What reads 16-bit weights as they lie must give the bits of what widens them first: rows of both signs,
 * of one sign, of zeros of both signs, of few values, of subnormals, with an infinity or a NaN. */
static void
test_variants_agree (void)
{
  const size_t rows = 8, cols = 2 * 1024 + 300;

  if (spqr_cpu () < SPQR_CPU_AVX512)
    {
      g_test_skip ("this processor has no AVX-512");
      return;
    }
  for (int elem = SPQR_ELEM_F32; elem <= SPQR_ELEM_BF16; elem++)
    {
      float *values = weights_new (rows * cols, 0.05, 0);
      SpqrStats wide, narrow;
      Matrix matrix;

      for (size_t j = 0; j < cols; j++)
        {
          values[1 * cols + j] = 1 + fabsf (values[1 * cols + j]);
          values[2 * cols + j] = -0.1f - fabsf (values[2 * cols + j]);
          values[3 * cols + j] = j % 3 == 0 ? -0.0f : j % 3 == 1 ? 0.0f : 0.25f;
          values[4 * cols + j] = j / 16 % 2 == 0 ? 0.5f : -0.5f;
          values[5 * cols + j] *= 1e-5f;
        }
      values[6 * cols + 17] = INFINITY;
      values[7 * cols + 18] = NAN;
      matrix = matrix_new (values, rows, cols, (SpqrElem) elem);
      for (size_t row = 0; row < rows; row++)
        {
          size_t size = elem == SPQR_ELEM_F32 ? sizeof (float) : sizeof (guint16);
          const char *data = (const char *) matrix.data + row * cols * size;

          spqr_cpu_limit (SPQR_CPU_AVX2);
          g_assert_cmpint (spqr_stats_compute (data, (SpqrElem) elem, 1, cols, NULL, &narrow), ==, SPQR_OK);
          spqr_cpu_limit (SPQR_CPU_AVX512);
          g_assert_cmpint (spqr_stats_compute (data, (SpqrElem) elem, 1, cols, NULL, &wide), ==, SPQR_OK);
          g_assert_cmpmem (&narrow, sizeof narrow, &wide, sizeof wide);
        }
      matrix_clear (&matrix);
    }
}

static void
test_not_finite (void)
{
  for (int elem = SPQR_ELEM_F32; elem <= SPQR_ELEM_BF16; elem++)
    {
      float *values = weights_new (30 * 333, 0.1, 0);
      Matrix matrix;

      values[0] = NAN;
      values[5 * 333 + 7] = INFINITY;
      values[5 * 333 + 8] = -INFINITY;
      for (size_t j = 0; j < 333; j++)
        values[9 * 333 + j] = NAN;
      values[29 * 333 + 332] = -INFINITY;
      matrix = matrix_new (values, 30, 333, (SpqrElem) elem);
      check_matrix (&matrix, 1e-5);
      matrix_clear (&matrix);
    }
}

static void
test_degenerate (void)
{
  static const float zeros[100], nans[2] = { NAN, NAN };
  float same[100];
  SpqrStats stats;

  g_assert_cmpint (spqr_stats_compute (zeros, SPQR_ELEM_F32, 0, 7, NULL, &stats), ==, SPQR_OK);
  g_assert_cmpuint (stats.count, ==, 0);
  g_assert_cmpint (spqr_stats_compute (zeros, SPQR_ELEM_F32, 10, 10, NULL, &stats), ==, SPQR_OK);
  g_assert_cmpfloat (stats.zeros_share, ==, 1);
  g_assert_cmpfloat (stats.std + stats.kurtosis + stats.rtn_error + stats.outlier_share + stats.absmax, ==, 0);
  g_assert_cmpint (spqr_stats_compute (nans, SPQR_ELEM_F32, 2, 1, NULL, &stats), ==, SPQR_OK);
  g_assert_cmpuint (stats.nans, ==, 2);
  g_assert_cmpfloat (stats.min + stats.max + stats.mean, ==, 0);
  for (size_t i = 0; i < 100; i++)
    same[i] = -0.3f;
  g_assert_cmpint (spqr_stats_compute (same, SPQR_ELEM_F32, 2, 50, NULL, &stats), ==, SPQR_OK);
  g_assert_cmpfloat (stats.min, ==, (double) -0.3f);
  g_assert_cmpfloat (stats.max, ==, (double) -0.3f);
  g_assert_cmpfloat (stats.std, <, 1e-7);
  g_assert_cmpfloat (stats.rtn_error, ==, 0);
  g_assert_cmpint (spqr_stats_compute (zeros, (SpqrElem) 9, 10, 10, NULL, &stats), ==, SPQR_INVALID);
  g_assert_cmpint (spqr_stats_compute (zeros, SPQR_ELEM_F32, SIZE_MAX / 2, 10, NULL, &stats), ==, SPQR_INVALID);
}

static void
test_cancel (void)
{
  g_autofree float *values = weights_new (2000 * 600, 1, 0);

  for (int at = 1; at <= 2; at++)
    {
      Stop stop = { 0, at };
      SpqrExec exec = threads_exec (2);
      SpqrStats stats;

      exec.should_stop = stop_at;
      exec.stop_data = &stop;
      g_assert_cmpint (spqr_stats_compute (values, SPQR_ELEM_F32, 2000, 600, &exec, &stats), ==, SPQR_CANCELLED);
    }
}

typedef struct { const float *values; size_t cols, fail_at; } Rows;

static bool
fetch (void *data, size_t row0, size_t count, float *out)
{
  Rows *rows = data;

  if (rows->fail_at >= row0 && rows->fail_at < row0 + count)
    return false;
  memcpy (out, rows->values + row0 * rows->cols, count * rows->cols * sizeof (float));
  return true;
}

/* Interrupted again and again, and of rows that are brought, the figures are those of one go, bit by bit. */
static void
test_sittings (void)
{
  const size_t rows = 3001, cols = 600;
  g_autofree float *values = weights_new (rows * cols, 1, 0);
  Rows source = { values, cols, SIZE_MAX };
  SpqrExec exec = threads_exec (2);
  SpqrStats all, stats;

  g_assert_cmpint (spqr_stats_compute (values, SPQR_ELEM_F32, rows, cols, NULL, &all), ==, SPQR_OK);
  for (int fetching = 0; fetching < 2; fetching++)
    {
      SpqrStatsPass *pass = fetching ? spqr_stats_pass_new_fetching (fetch, &source, rows, cols)
                                     : spqr_stats_pass_new (values, SPQR_ELEM_F32, rows, cols);
      SpqrStatus status = SPQR_CANCELLED;
      int sittings = 0;

      for (; status == SPQR_CANCELLED; sittings++)
        {
          /* Stopped at its second question, at its third, at its fourth, then no more. */
          Stop stop = { 0, sittings < 3 ? 2 + sittings : G_MAXINT };

          exec.should_stop = stop_at;
          exec.stop_data = &stop;
          memset (&stats, 0, sizeof stats);
          status = spqr_stats_pass_run (pass, &exec, &stats);
        }
      spqr_stats_pass_free (pass);
      g_assert_cmpint (sittings, ==, 4);
      g_assert_cmpint (status, ==, SPQR_OK);
      g_assert_cmpmem (&stats, sizeof stats, &all, sizeof all);
    }
  g_assert_null (spqr_stats_pass_new (values, SPQR_ELEM_F32, 0, cols));
}

static void
test_fetch_fails (void)
{
  const size_t rows = 3001, cols = 600;
  g_autofree float *values = weights_new (rows * cols, 1, 0);
  Rows source = { values, cols, 1234 };
  SpqrStatsPass *pass = spqr_stats_pass_new_fetching (fetch, &source, rows, cols);
  SpqrExec exec = threads_exec (2);
  SpqrStats stats;

  g_assert_cmpint (spqr_stats_pass_run (pass, &exec, &stats), ==, SPQR_INVALID);
  spqr_stats_pass_free (pass);
}

static void
test_histogram_linear (void)
{
  static const float values[] = { -5, 0, 0.25f, 0.5f, 0.9999f, 1, 7, NAN, INFINITY, -INFINITY };
  uint64_t counts[4] = { 9, 9, 9, 9 };

  spqr_histogram (values, G_N_ELEMENTS (values), 0, 1, false, counts, 4);
  g_assert_cmpuint (counts[0], ==, 3);
  g_assert_cmpuint (counts[1], ==, 1);
  g_assert_cmpuint (counts[2], ==, 1);
  g_assert_cmpuint (counts[3], ==, 4);
  spqr_histogram (values, G_N_ELEMENTS (values), 1, 1, false, counts, 4);
  g_assert_cmpuint (counts[0], ==, 9);
  g_assert_cmpuint (counts[3], ==, 0);
  spqr_histogram (values, 0, 0, 1, false, counts, 4);
  g_assert_cmpuint (counts[0], ==, 0);
  spqr_histogram (values, 3, 0, 1, false, NULL, 0);
}

/* The table of a large n and the direct way of a small one must agree, whatever the bins. */
static void
test_histogram_log (void)
{
  const size_t n = 100000;
  g_autofree float *values = g_new (float, n);
  static const size_t bin_counts[] = { 1, 7, 64, 1000 };

  for (size_t i = 0; i < n; i++)
    {
      guint32 bits = g_test_rand_int ();

      memcpy (&values[i], &bits, 4);
      if (i % 3 == 0)
        values[i] = (float) pow (10, g_test_rand_double_range (-9, 2));
      if (i % 100 == 0)
        values[i] = 0;
      if (i % 777 == 0)
        values[i] = (float) pow (10, -(double) (i % 10));
    }
  for (size_t b = 0; b < G_N_ELEMENTS (bin_counts); b++)
    {
      size_t bins = bin_counts[b];
      g_autofree uint64_t *table = g_new (uint64_t, bins), *part = g_new (uint64_t, bins), *sum = g_new0 (uint64_t, bins);
      uint64_t total = 0, expected = 0;

      spqr_histogram (values, n, -8, 1, true, table, bins);
      for (size_t i = 0; i < n; i += 1000)
        {
          spqr_histogram (values + i, 1000, -8, 1, true, part, bins);
          for (size_t k = 0; k < bins; k++)
            sum[k] += part[k];
        }
      for (size_t k = 0; k < bins; k++)
        {
          g_assert_cmpuint (table[k], ==, sum[k]);
          total += table[k];
        }
      for (size_t i = 0; i < n; i++)
        expected += values[i] != 0 && !isnan (values[i]);
      g_assert_cmpuint (total, ==, expected);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stats/shapes", test_shapes);
  g_test_add_func ("/stats/ranges", test_ranges);
  g_test_add_func ("/stats/variants-agree", test_variants_agree);
  g_test_add_func ("/stats/not-finite", test_not_finite);
  g_test_add_func ("/stats/degenerate", test_degenerate);
  g_test_add_func ("/stats/cancel", test_cancel);
  g_test_add_func ("/stats/sittings", test_sittings);
  g_test_add_func ("/stats/fetch-fails", test_fetch_fails);
  g_test_add_func ("/histogram/linear", test_histogram_linear);
  g_test_add_func ("/histogram/log", test_histogram_log);
  return g_test_run ();
}
