/* What the painters' colours, scales and texts must be: even, told apart from what is beside them,
 * inverse to each other, and ticks where the scale says. */
#include <glib.h>
#include <locale.h>
#include <math.h>

#include "plot-demo.h"
#include "plot/spqr-axis.h"
#include "plot/spqr-format.h"

static void
test_colormap_even (void)
{
  for (int m = 0; m < SPQR_N_COLORMAPS; m++)
    {
      enum { STEPS = 64 };
      double least = INFINITY, most = 0;
      SpqrColor before = spqr_colormap_color (m, 0);
      int turns = 0, last_sign = 0;
      for (int i = 1; i <= STEPS; i++)
        {
          SpqrColor now = spqr_colormap_color (m, (double) i / STEPS);
          SpqrOklab a = spqr_oklab_from_color (&before), b = spqr_oklab_from_color (&now);
          double step = spqr_oklab_distance (a, b);
          int sign = b.l > a.l ? 1 : -1;
          turns += last_sign != 0 && sign != last_sign;
          last_sign = sign;
          least = MIN (least, step);
          most = MAX (most, step);
          before = now;
        }
      g_test_message ("%s: steps %.4f … %.4f", spqr_colormap_id (m), least, most);
      g_assert_cmpfloat (most / least, <, spqr_colormap_is_diverging (m) ? 1.35 : 1.15);
      g_assert_cmpint (turns, ==, spqr_colormap_is_diverging (m) ? 1 : 0);
      SpqrColormap back;
      g_assert_true (spqr_colormap_from_id (spqr_colormap_id (m), &back));
      g_assert_cmpint (back, ==, m);
    }
  SpqrColormap none;
  g_assert_false (spqr_colormap_from_id ("rainbow", &none));
}

/* "tide" says everything in lightness and in blue against yellow, which readers without red or green
 * cones see; it uses next to nothing of red against green. */
static void
test_colormap_colour_blind (void)
{
  double least = INFINITY, last = -1;
  for (int i = 0; i <= 32; i++)
    {
      SpqrColor c = spqr_colormap_color (SPQR_COLORMAP_TIDE, i / 32.0);
      SpqrOklab lab = spqr_oklab_from_color (&c);
      g_assert_cmpfloat (fabs (lab.a), <, 0.055); /* nothing rests on red against green */
      if (i > 0)
        least = MIN (least, lab.l - last);
      last = lab.l;
    }
  g_assert_cmpfloat (least, >, 0.01);
}

static void
test_mark_stands_out (void)
{
  for (int m = 0; m < SPQR_N_COLORMAPS; m++)
    {
      SpqrColor mark = spqr_colormap_mark_color (m);
      for (int i = 0; i <= 64; i++)
        {
          SpqrColor c = spqr_colormap_color (m, i / 64.0);
          g_assert_cmpfloat (spqr_oklab_distance (spqr_oklab_from_color (&mark), spqr_oklab_from_color (&c)), >, 0.15);
        }
    }
}

/* Seen without seeing colours: on every colour of every map its light or its dark part has three times the
 * lightness, or a third of it. */
static void
test_mark_contrast (void)
{
  SpqrColor dark = spqr_colormap_mark_edge ();
  for (int m = 0; m < SPQR_N_COLORMAPS; m++)
    {
      SpqrColor light = spqr_colormap_mark_color (m);
      for (int i = 0; i <= 64; i++)
        {
          SpqrColor c = spqr_colormap_color (m, i / 64.0);
          g_assert_cmpfloat (MAX (spqr_color_contrast (&light, &c), spqr_color_contrast (&dark, &c)), >, 3);
        }
    }
}

static void
test_theme_contrast (void)
{
  for (int k = SPQR_THEME_LIGHT; k <= SPQR_THEME_DARK_HIGH_CONTRAST; k++)
    {
      SpqrTheme t;
      spqr_theme_init (&t, k);
      bool high = k >= SPQR_THEME_LIGHT_HIGH_CONTRAST;
      g_assert_cmpfloat (spqr_color_contrast (&t.ink, &t.background), >, high ? 15 : 7);
      g_assert_cmpfloat (spqr_color_contrast (&t.dim, &t.background), >, high ? 7 : 4.5);
      g_assert_cmpfloat (spqr_color_contrast (&t.accent, &t.background), >, 3);
      g_assert_cmpfloat (spqr_color_contrast (&t.alert, &t.background), >, 3);
      for (size_t i = 0; i < SPQR_THEME_SERIES; i++)
        g_assert_cmpfloat (spqr_color_contrast (spqr_theme_series (&t, i), &t.background), >, 2.2);
    }
}

static const SpqrScale scales[] = {
  { SPQR_SCALE_LINEAR, -3, 7, 1 }, { SPQR_SCALE_LINEAR, 1e-8, 2e-8, 1 }, { SPQR_SCALE_LOG, 1e-9, 1e-2, 1 },
  { SPQR_SCALE_LOG, 3, 8, 1 }, { SPQR_SCALE_SYMLOG, -0.2, 0.2, 0.002 }, { SPQR_SCALE_SYMLOG, 0, 50, 0.5 },
};

static void
test_scale_inverse (void)
{
  for (size_t k = 0; k < G_N_ELEMENTS (scales); k++)
    for (int i = 0; i <= 20; i++)
      {
        double t = i / 20.0, v = spqr_scale_invert (&scales[k], t);
        g_assert_cmpfloat_with_epsilon (spqr_scale_apply (&scales[k], v), t, 1e-9);
      }
  g_assert_true (isnan (spqr_scale_apply (&scales[2], NAN)));
  g_assert_cmpfloat (spqr_scale_apply (&scales[2], 0), ==, 0);
}

static void
test_scale_quantize (void)
{
  DemoRandom random = { 9 };
  for (size_t k = 0; k < G_N_ELEMENTS (scales); k++)
    for (int i = 0; i < 4000; i++)
      {
        double t = demo_uniform (&random) * 1.2 - 0.1;
        float v = (float) spqr_scale_invert (&scales[k], t);
        uint16_t index;
        spqr_scale_quantize (&scales[k], &v, 1, &index);
        double exact = CLAMP (spqr_scale_apply (&scales[k], v), 0, 1) * 255;
        g_assert_cmpfloat (fabs (index - exact), <, 0.53);
      }
  const float special[] = { NAN, INFINITY, -INFINITY, 0, -0.0f, 1e-42f };
  uint16_t index[6];
  spqr_scale_quantize (&scales[2], special, 6, index);
  g_assert_cmpint (index[0], ==, 256);
  g_assert_cmpint (index[1], ==, 255);
  g_assert_cmpint (index[2], ==, 255); /* of the magnitude */
  g_assert_cmpint (index[3], ==, 0);
  spqr_scale_quantize (&scales[0], special, 6, index);
  g_assert_cmpint (index[2], ==, 0);
  SpqrScale flat = { SPQR_SCALE_LINEAR, 2, 2, 1 };
  spqr_scale_quantize (&flat, special, 6, index);
  g_assert_cmpint (index[0], ==, 256);
  g_assert_cmpint (index[3], ==, 128);
}

static void
test_scale_fit (void)
{
  enum { N = 1000 };
  float v[N];
  for (int i = 0; i < N; i++)
    v[i] = (float) (i + 1);
  v[10] = NAN;
  v[20] = INFINITY;
  SpqrScale s = spqr_scale_fit (SPQR_SCALE_LINEAR, v, N, 0, false);
  g_assert_cmpfloat (s.lo, ==, 1);
  g_assert_cmpfloat (s.hi, ==, N);
  s = spqr_scale_fit (SPQR_SCALE_LINEAR, v, N, 0.1, false);
  g_assert_cmpfloat_with_epsilon (s.lo, 100, 3);
  g_assert_cmpfloat_with_epsilon (s.hi, 900, 3);
  s = spqr_scale_fit (SPQR_SCALE_SYMLOG, v, N, 0, true);
  g_assert_cmpfloat (s.lo, ==, -N);
  const float none[] = { NAN, NAN }, zeros[] = { 0, 0, 0 };
  s = spqr_scale_fit (SPQR_SCALE_LOG, none, 2, 0.01, false);
  g_assert_cmpfloat (s.lo, >, 0);
  g_assert_cmpfloat (s.hi, >, s.lo);
  s = spqr_scale_fit (SPQR_SCALE_LOG, zeros, 3, 0.01, false);
  g_assert_cmpfloat (s.hi, >, s.lo);
  s = spqr_scale_fit (SPQR_SCALE_LINEAR, zeros, 3, 0, false);
  g_assert_true (spqr_scale_is_pathological (&s));
  /* Ten decades in the data: nine are shown. */
  const float wide[] = { 1e-12f, 1e-6f, 1 };
  s = spqr_scale_fit (SPQR_SCALE_LOG, wide, 3, 0, false);
  g_assert_cmpfloat_with_epsilon (s.lo, 1e-9, 1e-15);
}

static void
check_axis (const SpqrScale *scale, size_t wanted, SpqrAxisFormat format)
{
  SpqrAxis axis;
  spqr_axis_init (&axis, scale, wanted, format);
  size_t labelled = 0;
  g_assert_cmpint (axis.n, <=, SPQR_AXIS_MAX_TICKS);
  for (size_t i = 0; i < axis.n; i++)
    {
      const SpqrTick *tick = &axis.ticks[i];
      g_assert_true (tick->position >= 0 && tick->position <= 1);
      g_assert_true (g_utf8_validate (tick->label, -1, NULL));
      if (!tick->major)
        continue;
      labelled++;
      g_assert_cmpint (strlen (tick->label), >, 0);
      if (!spqr_scale_is_pathological (scale))
        g_assert_cmpfloat_with_epsilon (spqr_scale_apply (scale, tick->value), tick->position, 1e-6);
      for (size_t j = 0; j < i; j++)
        if (axis.ticks[j].major && axis.ticks[j].value != tick->value)
          g_assert_cmpstr (axis.ticks[j].label, !=, tick->label);
    }
  g_assert_cmpint (labelled, >=, 1);
  g_assert_cmpint (labelled, <=, 3 * wanted + 3);
}

/* A narrow bar of colours asks for three labels, and −0.45 … 0.45 has one multiple of 0.5. */
static void
test_axis_telling (void)
{
  SpqrScale scale = spqr_scale_make (SPQR_SCALE_LINEAR, -0.45, 0.45);
  SpqrAxis few, telling;

  spqr_axis_init (&few, &scale, 3, SPQR_AXIS_NUMBER);
  spqr_axis_init_telling (&telling, &scale, 3, SPQR_AXIS_NUMBER);
  g_assert_cmpuint (few.n, ==, 1);
  g_assert_cmpuint (telling.n, ==, 5);
  g_assert_cmpstr (telling.ticks[0].label, ==, "\u22120.4");
}

static void
test_axis_ticks (void)
{
  for (size_t k = 0; k < G_N_ELEMENTS (scales); k++)
    for (size_t wanted = 1; wanted <= 14; wanted++)
      check_axis (&scales[k], wanted, SPQR_AXIS_NUMBER);
  static const double edges[][2] = {
    { 0, 0 }, { 5, 5 }, { -1e300, 1e300 }, { 1e-300, 1e-299 }, { 1e9, 1e9 + 1 }, { NAN, NAN }, { 2, 1 }, { 0, 1e-320 },
    { -INFINITY, 3 }, { 0.999999, 1 }, { 0, 4096 }, { 17.5, 21.25 },
  };
  for (size_t k = 0; k < G_N_ELEMENTS (edges); k++)
    for (int kind = 0; kind < SPQR_N_SCALES; kind++)
      for (int format = SPQR_AXIS_NUMBER; format <= SPQR_AXIS_PERCENT; format++)
        {
          SpqrScale scale = spqr_scale_make (kind, edges[k][0], edges[k][1]);
          SpqrAxis axis;
          spqr_axis_init (&axis, &scale, 6, format);
          g_assert_cmpint (axis.n, >=, 1);
          for (size_t i = 0; i < axis.n; i++)
            g_assert_true (axis.ticks[i].position >= 0 && axis.ticks[i].position <= 1);
        }
  double lo = 3, hi = 3;
  spqr_axis_nice_range (&lo, &hi, 5);
  g_assert_cmpfloat (lo, <, 3);
  g_assert_cmpfloat (hi, >, 3);
}

static void
check_text (char *got, const char *want)
{
  g_assert_cmpstr (got, ==, want);
  g_free (got);
}

static void
test_format (void)
{
  check_text (spqr_format_integer (4096), "4096");
  check_text (spqr_format_integer (134515008), "134\u202f515\u202f008");
  check_text (spqr_format_count (576), "576");
  check_text (spqr_format_count (134515008), "134.5\u00a0M");
  check_text (spqr_format_count (6738415616.0), "6.74\u00a0B");
  check_text (spqr_format_count (999999999), "1.00\u00a0B");
  check_text (spqr_format_bits (3.6253), "3.63 bits");
  check_text (spqr_format_percent (0.0041), "0.41\u00a0%");
  check_text (spqr_format_points (0.0041), "0.41 pp");
  check_text (spqr_format_points (-0.12), "\u221212.0 pp");
  check_text (spqr_format_percent (1), "100.0\u00a0%");
  check_text (spqr_format_percent (0), "0\u00a0%");
  check_text (spqr_format_sci (0.00031), "3.1×10⁻⁴");
  check_text (spqr_format_sci (-9.99e-5), "\u22121.0×10⁻⁴");
  check_text (spqr_format_value (-3.1e-7, 2), "\u22123.1e\u22127");
  check_text (spqr_format_value (1e20, 3), "1e20");
  check_text (spqr_format_fixed (-0.0004, 2), "0.00");
  check_text (spqr_format_value (NAN, 3), "–");
  check_text (spqr_format_value_finely (3.1, 3, 0), "3.10");
  check_text (spqr_format_value_finely (31234, 3, 0), "31234");
  check_text (spqr_format_duration (0), "0.0 s");
  check_text (spqr_format_duration (0.0042), "4.2 ms");
  check_text (spqr_format_duration (0.0994), "99 ms");
  check_text (spqr_format_duration (0.1), "0.1 s");
  check_text (spqr_format_duration (200), "3 min 20 s");
  check_text (spqr_format_duration (7500), "2 h 05 min");
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plot/colormap/even", test_colormap_even);
  g_test_add_func ("/plot/colormap/colour-blind", test_colormap_colour_blind);
  g_test_add_func ("/plot/colormap/mark", test_mark_stands_out);
  g_test_add_func ("/plot/colormap/mark-contrast", test_mark_contrast);
  g_test_add_func ("/plot/theme/contrast", test_theme_contrast);
  g_test_add_func ("/plot/scale/inverse", test_scale_inverse);
  g_test_add_func ("/plot/scale/quantize", test_scale_quantize);
  g_test_add_func ("/plot/scale/fit", test_scale_fit);
  g_test_add_func ("/plot/axis/ticks", test_axis_ticks);
  g_test_add_func ("/plot/axis/telling", test_axis_telling);
  g_test_add_func ("/plot/format", test_format);
  return g_test_run ();
}
