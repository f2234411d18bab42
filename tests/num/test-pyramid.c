/* spqr-pyramid: every level and every sampled pixel against a search over the field. */
#include <glib.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "num/spqr-cpu.h"
#include "num/spqr-pyramid.h"
#include "threads.h"

static guint32
bits_of (float value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof bits);
  return bits;
}

/* Larger magnitude, then positive; NaN above all. */
static gboolean
beats (float a, float b)
{
  if (isnan (a) || isnan (b))
    return isnan (a) && !isnan (b);
  if (fabsf (a) != fabsf (b))
    return fabsf (a) > fabsf (b);
  return !signbit (a) && signbit (b);
}

static float
largest (const float *field, size_t cols, size_t r0, size_t r1, size_t c0, size_t c1)
{
  float most = field[r0 * cols + c0];

  for (size_t r = r0; r < r1; r++)
    for (size_t c = c0; c < c1; c++)
      if (beats (field[r * cols + c], most))
        most = field[r * cols + c];
  return most;
}

static void
assert_same (float value, float expected)
{
  if (!(isnan (value) && isnan (expected)))
    g_assert_cmphex (bits_of (value), ==, bits_of (expected));
}

static float *
field_new (size_t n)
{
  float *field = g_new (float, n);

  for (size_t i = 0; i < n; i++)
    field[i] = (float) g_test_rand_int_range (-40, 41) * 0.125f;        /* many ties */
  for (size_t i = 0; i < n / 97; i++)
    field[g_test_rand_int_range (0, (gint32) n)] = (float) g_test_rand_double_range (-900, 900);
  return field;
}

static void
check_levels (const SpqrPyramid *pyramid, const float *field, size_t rows, size_t cols)
{
  for (size_t k = 0; k < pyramid->n_levels; k++)
    {
      const SpqrPyramidLevel *level = &pyramid->levels[k];
      size_t cell = (size_t) 1 << k;

      g_assert_cmpuint (level->rows, ==, (rows + cell - 1) / cell);
      g_assert_cmpuint (level->cols, ==, (cols + cell - 1) / cell);
      for (size_t r = 0; r < level->rows; r++)
        for (size_t c = 0; c < level->cols; c++)
          assert_same (level->data[r * level->cols + c],
                       largest (field, cols, r * cell, MIN ((r + 1) * cell, rows), c * cell, MIN ((c + 1) * cell, cols)));
    }
  g_assert_cmpuint (pyramid->levels[pyramid->n_levels - 1].rows, ==, 1);
  g_assert_cmpuint (pyramid->levels[pyramid->n_levels - 1].cols, ==, 1);
  g_assert_true (pyramid->levels[0].data == field);
}

static void
check_build (const float *field, size_t rows, size_t cols)
{
  float min = INFINITY, max = -INFINITY;

  for (size_t i = 0; i < rows * cols; i++)
    if (isfinite (field[i]))
      {
        min = MIN (min, field[i]);
        max = MAX (max, field[i]);
      }
  for (int cpu = SPQR_CPU_PLAIN; cpu <= SPQR_CPU_AVX512; cpu++)
    for (guint threads = 1; threads <= 3; threads++)
      {
        SpqrExec exec = threads_exec (threads);
        SpqrPyramid pyramid;

        spqr_cpu_limit (cpu);
        g_assert_cmpint (spqr_pyramid_build (field, rows, cols, &exec, &pyramid), ==, SPQR_OK);
        check_levels (&pyramid, field, rows, cols);
        g_assert_cmpfloat (pyramid.min, ==, min <= max ? min : 0);
        g_assert_cmpfloat (pyramid.max, ==, min <= max ? max : 0);
        spqr_pyramid_clear (&pyramid);
        g_assert_null (pyramid.levels);
      }
  spqr_cpu_limit (SPQR_CPU_AVX512);
}

static void
test_levels (void)
{
  static const size_t shapes[][2] = {
    { 1, 1 }, { 1, 2 }, { 2, 1 }, { 3, 5 }, { 64, 64 }, { 65, 33 }, { 1, 300 }, { 300, 1 }, { 129, 257 }, { 200, 131 },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      g_autofree float *field = field_new (shapes[i][0] * shapes[i][1]);

      check_build (field, shapes[i][0], shapes[i][1]);
    }
}

static void
test_specials (void)
{
  const size_t rows = 70, cols = 90;
  g_autofree float *field = field_new (rows * cols);

  field[3] = NAN;
  field[90 * 20 + 7] = INFINITY;
  field[90 * 20 + 9] = -INFINITY;
  field[90 * 69 + 89] = -INFINITY;
  field[90 * 33 + 33] = -0.0f;
  check_build (field, rows, cols);
  for (size_t i = 0; i < rows * cols; i++)
    field[i] = i % 2 ? NAN : -INFINITY;
  check_build (field, rows, cols);
}

static void
test_empty (void)
{
  SpqrPyramid pyramid;
  float out[6];

  g_assert_cmpint (spqr_pyramid_build (NULL, 0, 5, NULL, &pyramid), ==, SPQR_OK);
  g_assert_cmpuint (pyramid.n_levels, ==, 0);
  spqr_pyramid_sample (&pyramid, 0, 1, 0, 1, 2, 3, out);
  for (int i = 0; i < 6; i++)
    g_assert_true (isnan (out[i]));
  spqr_pyramid_clear (&pyramid);
  g_assert_cmpint (spqr_pyramid_build (NULL, SIZE_MAX / 2, 5, NULL, &pyramid), ==, SPQR_INVALID);
  spqr_pyramid_clear (&pyramid);
}

static void
test_cancel (void)
{
  g_autofree float *field = field_new (500 * 40);

  for (int at = 1; at <= 8; at++)
    {
      Stop stop = { 0, at };
      SpqrExec exec = threads_exec (2);
      SpqrPyramid pyramid;

      exec.should_stop = stop_at;
      exec.stop_data = &stop;
      g_assert_cmpint (spqr_pyramid_build (field, 500, 40, &exec, &pyramid), ==, SPQR_CANCELLED);
      g_assert_null (pyramid.levels);
    }
}

/* Zoomed out by powers of two on whole cells: exactly the largest of the covered cells. */
static void
test_sample_power_of_two (void)
{
  const size_t rows = 256, cols = 384;
  g_autofree float *field = field_new (rows * cols);
  g_autofree float *out = g_new (float, rows * cols);
  SpqrPyramid pyramid;

  g_assert_cmpint (spqr_pyramid_build (field, rows, cols, NULL, &pyramid), ==, SPQR_OK);
  for (size_t zy = 1; zy <= 32; zy *= 2)
    for (size_t zx = 1; zx <= 32; zx *= 2)
      {
        size_t oy = rows / zy / 2, ox = cols / zx / 2;
        size_t r0 = zy * (size_t) g_test_rand_int_range (0, (gint32) (rows / zy - oy + 1));
        size_t c0 = zx * (size_t) g_test_rand_int_range (0, (gint32) (cols / zx - ox + 1));

        spqr_pyramid_sample (&pyramid, (double) r0, (double) (r0 + oy * zy), (double) c0, (double) (c0 + ox * zx), oy, ox, out);
        for (size_t y = 0; y < oy; y++)
          for (size_t x = 0; x < ox; x++)
            assert_same (out[y * ox + x], largest (field, cols, r0 + y * zy, r0 + (y + 1) * zy, c0 + x * zx, c0 + (x + 1) * zx));
      }
  spqr_pyramid_clear (&pyramid);
}

/* Any rectangle, any zoom: each pixel is at least the largest of its own cells, and comes from
 * within a pixel of it. */
static void
test_sample_any (void)
{
  const size_t rows = 190, cols = 333;
  g_autofree float *field = field_new (rows * cols);
  SpqrPyramid pyramid;

  g_assert_cmpint (spqr_pyramid_build (field, rows, cols, NULL, &pyramid), ==, SPQR_OK);
  for (int trial = 0; trial < 400; trial++)
    {
      size_t oy = (size_t) g_test_rand_int_range (1, 40), ox = (size_t) g_test_rand_int_range (1, 300);
      double r0 = g_test_rand_double_range (0, (double) rows), c0 = g_test_rand_double_range (0, (double) cols);
      double r1 = g_test_rand_double_range (r0, (double) rows), c1 = g_test_rand_double_range (c0, (double) cols);
      double dy = (r1 - r0) / (double) oy, dx = (c1 - c0) / (double) ox;
      g_autofree float *out = g_new (float, oy * ox);

      if (dy < 1e-3 || dx < 1e-3)
        continue;
      spqr_pyramid_sample (&pyramid, r0, r1, c0, c1, oy, ox, out);
      for (size_t y = 0; y < oy; y++)
        for (size_t x = 0; x < ox; x++)
          {
            double top = r0 + dy * (double) y, left = c0 + dx * (double) x;
            size_t ra, rb, ca, cb, wide_ra, wide_rb, wide_ca, wide_cb;
            float value = out[y * ox + x];

            if (dy < 1)
              wide_ra = ra = (size_t) (top + dy / 2), wide_rb = rb = ra + 1;
            else
              {
                ra = (size_t) (top + 1e-6);
                rb = MIN ((size_t) ceil (top + dy - 1e-6), rows);
                wide_ra = (size_t) MAX (top - dy, 0);
                wide_rb = MIN ((size_t) ceil (top + 2 * dy), rows);
              }
            if (dx < 1)
              wide_ca = ca = (size_t) (left + dx / 2), wide_cb = cb = ca + 1;
            else
              {
                ca = (size_t) (left + 1e-6);
                cb = MIN ((size_t) ceil (left + dx - 1e-6), cols);
                wide_ca = (size_t) MAX (left - dx, 0);
                wide_cb = MIN ((size_t) ceil (left + 2 * dx), cols);
              }
            g_assert_false (beats (largest (field, cols, ra, rb, ca, cb), value));
            g_assert_false (beats (value, largest (field, cols, wide_ra, wide_rb, wide_ca, wide_cb)));
          }
    }
  spqr_pyramid_clear (&pyramid);
}

/* The one outlier of a field is in every picture of the whole of it. */
static void
test_sample_keeps_outlier (void)
{
  const size_t rows = 777, cols = 1234;
  g_autofree float *field = field_new (rows * cols);

  for (int trial = 0; trial < 30; trial++)
    {
      size_t at = (size_t) g_test_rand_int_range (0, (gint32) (rows * cols));
      size_t oy = (size_t) g_test_rand_int_range (1, 700), ox = (size_t) g_test_rand_int_range (1, 1200);
      g_autofree float *out = g_new (float, oy * ox);
      float before = field[at];
      SpqrPyramid pyramid;
      gboolean found = FALSE;

      field[at] = -5000.5f;
      g_assert_cmpint (spqr_pyramid_build (field, rows, cols, NULL, &pyramid), ==, SPQR_OK);
      spqr_pyramid_sample (&pyramid, 0, (double) rows, 0, (double) cols, oy, ox, out);
      for (size_t i = 0; i < oy * ox; i++)
        found = found || out[i] == -5000.5f;
      g_assert_true (found);
      spqr_pyramid_clear (&pyramid);
      field[at] = before;
    }
}

static void
test_sample_zoomed_in_and_outside (void)
{
  static const float field[6] = { 1, -2, 3, -4, 5, -6 };
  float out[12 * 20];
  SpqrPyramid pyramid;

  g_assert_cmpint (spqr_pyramid_build (field, 2, 3, NULL, &pyramid), ==, SPQR_OK);
  /* Four pixels a cell, one cell of nothing around. */
  spqr_pyramid_sample (&pyramid, -0.5, 2.5, -1, 4, 12, 20, out);
  for (int y = 0; y < 12; y++)
    for (int x = 0; x < 20; x++)
      {
        double r = -0.5 + (y + 0.5) / 4, c = -1 + (x + 0.5) / 4;

        if (r < 0 || r >= 2 || c < 0 || c >= 3)
          g_assert_true (isnan (out[y * 20 + x]));
        else
          g_assert_cmpfloat (out[y * 20 + x], ==, field[(int) r * 3 + (int) c]);
      }
  /* Rectangles without sense must not crash. */
  spqr_pyramid_sample (&pyramid, NAN, NAN, -1e300, 1e300, 12, 20, out);
  spqr_pyramid_sample (&pyramid, 2, 0, INFINITY, -INFINITY, 12, 20, out);
  spqr_pyramid_sample (&pyramid, 1e18, 1e19, 0, 3, 12, 20, out);
  g_assert_true (isnan (out[0]));
  spqr_pyramid_clear (&pyramid);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pyramid/levels", test_levels);
  g_test_add_func ("/pyramid/specials", test_specials);
  g_test_add_func ("/pyramid/empty", test_empty);
  g_test_add_func ("/pyramid/cancel", test_cancel);
  g_test_add_func ("/pyramid/sample/power-of-two", test_sample_power_of_two);
  g_test_add_func ("/pyramid/sample/any", test_sample_any);
  g_test_add_func ("/pyramid/sample/keeps-outlier", test_sample_keeps_outlier);
  g_test_add_func ("/pyramid/sample/zoomed-in-and-outside", test_sample_zoomed_in_and_outside);
  return g_test_run ();
}
