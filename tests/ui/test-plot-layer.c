/* What stands around and below a layer's heat map: the colour bar that goes beyond its colours, the
 * map of the whole, bars by row, the share of the error; and that pointing at them names what is seen. */
#include <locale.h>
#include <math.h>

#include "golden.h"
#include "plot-demo.h"
#include "plot/spqr-plot-bars.h"
#include "plot/spqr-plot-heatmap.h"
#include "plot/spqr-plot-histogram.h"
#include "plot/spqr-plot-share.h"

static SpqrHeatmap
zoomed_plot (const SpqrFieldData *field)
{
  SpqrHeatmap plot;
  spqr_heatmap_init (&plot, field);
  plot.view = (SpqrViewport) { 20, 68, 30, 110 };
  plot.scale = spqr_scale_fit (SPQR_SCALE_LOG, field->values, field->rows * field->cols, 0.01, false);
  plot.bar = spqr_scale_make (SPQR_SCALE_LOG, spqr_scale_invert (&plot.scale, -0.15), spqr_scale_invert (&plot.scale, 1.1));
  plot.has_bar = true;
  plot.value_label = "sensitivity";
  plot.row_label = "outputs";
  plot.col_label = "inputs";
  return plot;
}

static void
draw_zoomed (cairo_t *cr, const SpqrTheme *theme, double width, double height, gconstpointer data)
{
  const SpqrHeatmap *plot = data;
  SpqrHeatmapLayout l;
  SpqrRect map, seen;
  g_auto (SpqrInk) ink = { 0 };
  spqr_heatmap_draw (plot, cr, theme, width, height);
  spqr_ink_init (&ink, cr, theme);
  spqr_heatmap_layout (plot, theme, width, height, &l);
  spqr_heatmap_draw_outline (&ink, &l, &(SpqrViewport) { 40, 42, 0, 160 });
  g_assert_true (spqr_heatmap_minimap (&l, &map, &seen));
  spqr_ink_fill (&ink, &theme->bar, map.x, map.y, map.width, map.height);
  spqr_heatmap_draw_minimap (&ink, &map, &seen);
}

static void
test_heatmap (void)
{
  if (!golden_font_available ())
    return;
  g_autoptr (SpqrFieldData) field = demo_sensitivity (96, 160, 16);
  SpqrHeatmap plot = zoomed_plot (field);
  golden_check ("heatmap-zoomed-light", 640, 460, SPQR_THEME_LIGHT, draw_zoomed, &plot);
  plot.emphasized = plot.emphasis_of_magnitude = true;
  plot.emphasis_lo = spqr_scale_invert (&plot.scale, 0.8);
  plot.emphasis_hi = INFINITY;
  golden_check ("heatmap-emphasis-dark", 640, 460, SPQR_THEME_DARK, draw_zoomed, &plot);
}

/* Colours of the bar beyond its ends are those of the ends; where it shows a value, that value is. */
static void
test_bar (void)
{
  g_autoptr (SpqrFieldData) field = demo_sensitivity (96, 160, 16);
  SpqrHeatmap plot = zoomed_plot (field);
  SpqrHeatmapLayout l;
  SpqrTheme theme;
  spqr_theme_init (&theme, SPQR_THEME_LIGHT);
  spqr_heatmap_layout (&plot, &theme, 640, 460, &l);
  for (double t = -0.15; t <= 1.1; t += 0.05)
    {
      double value = spqr_scale_invert (&plot.scale, t), x = spqr_heatmap_bar_x (&plot, &l, value);
      g_assert_cmpfloat (x, >=, l.colorbar.x - 1e-6);
      g_assert_cmpfloat (x, <=, l.colorbar.x + l.colorbar.width + 1e-6);
      g_assert_cmpfloat_with_epsilon (spqr_heatmap_bar_value (&plot, &l, x) / value, 1, 1e-9);
    }
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, 640, 460);
  cairo_t *cr = cairo_create (surface);
  spqr_heatmap_draw (&plot, cr, &theme, 640, 460);
  cairo_destroy (cr);
  cairo_surface_flush (surface);
  const uint32_t *pixels = (const uint32_t *) (const void *) cairo_image_surface_get_data (surface);
  size_t stride = (size_t) cairo_image_surface_get_stride (surface) / 4, y = (size_t) (l.colorbar.y + 4);
  size_t lo = (size_t) spqr_heatmap_bar_x (&plot, &l, plot.scale.lo), hi = (size_t) spqr_heatmap_bar_x (&plot, &l, plot.scale.hi);
  g_assert_cmpuint (lo, >, (size_t) l.colorbar.x + 20);
  g_assert_cmphex (pixels[y * stride + lo - 15] & 0xffffff, ==, spqr_colormap_lut (plot.colormap)[0] & 0xffffff);
  g_assert_cmphex (pixels[y * stride + hi + 10] & 0xffffff, ==, spqr_colormap_lut (plot.colormap)[255] & 0xffffff);
  g_assert_cmphex (pixels[y * stride + (lo + hi) / 2] & 0xffffff, !=, spqr_colormap_lut (plot.colormap)[0] & 0xffffff);
  cairo_surface_destroy (surface);
}

/* There when a part is seen, nowhere when the whole is; the part's rectangle lies where the part does. */
static void
test_minimap (void)
{
  SpqrHeatmapLayout l = { .rows = 4096, .cols = 11008, .matrix = { 80, 60, 800, 500 }, .view = { 0, 4096, 0, 11008 } };
  SpqrRect map, seen;
  g_assert_false (spqr_heatmap_minimap (&l, &map, &seen));
  l.view = (SpqrViewport) { 1024, 2048, 5504, 8256 };
  g_assert_true (spqr_heatmap_minimap (&l, &map, &seen));
  g_assert_cmpfloat_with_epsilon (seen.x, map.x + map.width / 2, 1e-9);
  g_assert_cmpfloat_with_epsilon (seen.y, map.y + map.height / 4, 1e-9);
  g_assert_cmpfloat_with_epsilon (seen.width, map.width / 4, 1e-9);
  g_assert_true (map.x + map.width < l.matrix.x + l.matrix.width && map.y + map.height < l.matrix.y + l.matrix.height);
  /* A few weights of 45 millions: still a rectangle, and inside. */
  l.view = (SpqrViewport) { 4090, 4096, 11000, 11008 };
  g_assert_true (spqr_heatmap_minimap (&l, &map, &seen));
  g_assert_cmpfloat (seen.width, >=, 5);
  g_assert_cmpfloat (seen.x + seen.width, <=, map.x + map.width + 1e-9);
  g_assert_cmpfloat (seen.y + seen.height, <=, map.y + map.height + 1e-9);
  l.matrix.height = 100;
  g_assert_false (spqr_heatmap_minimap (&l, &map, &seen));
}

/* Only what is emphasized keeps its colour; the others turn grey, and stay apart. */
static void
test_emphasis (void)
{
  float values[64];
  uint32_t pixels[64];
  for (int i = 0; i < 64; i++)
    values[i] = (float) (i % 2 ? -(i + 1) : i + 1);
  g_autoptr (SpqrFieldData) field = spqr_field_data_new (values, 8, 8, NULL, NULL, NULL, NULL);
  SpqrHeatmap plot;
  spqr_heatmap_init (&plot, field);
  plot.scale = spqr_scale_make (SPQR_SCALE_LINEAR, -64, 64);
  plot.emphasized = true;
  for (int magnitude = 0; magnitude < 2; magnitude++)
    {
      plot.emphasis_of_magnitude = magnitude == 1;
      plot.emphasis_lo = 30;
      plot.emphasis_hi = 40;
      g_assert_true (spqr_heatmap_render (&plot, &plot.view, 8, 8, 8, 1, pixels, NULL));
      for (int i = 0; i < 64; i++)
        {
          uint32_t r = pixels[i] >> 16 & 255, g = pixels[i] >> 8 & 255, b = pixels[i] & 255;
          bool kept = (magnitude ? fabsf (values[i]) : values[i]) >= 30 && (magnitude ? fabsf (values[i]) : values[i]) <= 40;
          g_assert_true (kept == !(r == g && g == b));
        }
    }
}

/* Far out, dozens of marks share a pixel: a row where they crowd is marked, the rest keeps its colours. A
 * lone mark is seen however far out. */
static void
test_crowds (void)
{
  enum { ROWS = 400, COLS = 800, WIDTH = 40, HEIGHT = 40 };
  g_autofree float *values = g_new0 (float, ROWS * COLS);
  uint32_t pixels[WIDTH * HEIGHT];
  DemoRandom random = { 5 };
  for (size_t i = 0; i < ROWS * COLS; i++)
    values[i] = fabs (demo_normal (&random)) > (i / COLS == 123 ? 0.4 : 2) ? 1 : 0;
  g_autoptr (SpqrFieldData) field = spqr_field_data_new (values, ROWS, COLS, NULL, NULL, NULL, NULL);
  g_autoptr (SpqrMarks) marks = spqr_marks_new_from_threshold (values, ROWS, COLS, 0.5f, ROWS * COLS);
  SpqrHeatmap plot;
  spqr_heatmap_init (&plot, field);
  plot.marks = marks;
  SpqrColor color = spqr_colormap_mark_color (plot.colormap);
  uint32_t mark = spqr_color_to_pixel (&color);
  g_assert_true (spqr_heatmap_render (&plot, &plot.view, WIDTH, HEIGHT, WIDTH, 1, pixels, NULL));
  size_t inside = 0, outside = 0;
  for (size_t i = 0; i < WIDTH * HEIGHT; i++)
    if (pixels[i] == mark)
      *(i / WIDTH == 12 ? &inside : &outside) += 1;
  g_assert_cmpuint (inside, >, WIDTH / 2);
  g_assert_cmpuint (outside, <, WIDTH * HEIGHT / 50);

  float lone[ROWS] = { 0 };
  lone[17] = 1;
  g_autoptr (SpqrMarks) one = spqr_marks_new_from_threshold (lone, ROWS, 1, 0.5f, 10);
  g_autoptr (SpqrFieldData) column = spqr_field_data_new (lone, ROWS, 1, NULL, NULL, NULL, NULL);
  spqr_heatmap_init (&plot, column);
  plot.marks = one;
  g_assert_true (spqr_heatmap_render (&plot, &plot.view, WIDTH, HEIGHT, WIDTH, 1, pixels, NULL));
  inside = 0;
  for (size_t i = 0; i < WIDTH * HEIGHT; i++)
    inside += pixels[i] == mark;
  g_assert_cmpuint (inside, >=, 4);
}

static void
draw_bars (cairo_t *cr, const SpqrTheme *theme, double width, double height, gconstpointer data)
{
  SpqrBarsLayout l;
  g_auto (SpqrInk) ink = { 0 };
  spqr_bars_draw (data, cr, theme, width, height);
  spqr_ink_init (&ink, cr, theme);
  spqr_bars_layout (data, theme, width, height, &l);
  spqr_bars_draw_hover (data, &ink, &l, 30);
}

static void
test_bars (void)
{
  enum { N = 3000 };
  g_autofree double *values = g_new (double, N);
  DemoRandom random = { 9 };
  for (size_t i = 0; i < N; i++)
    values[i] = 0.012 + 0.002 * fabs (demo_normal (&random)) + (i == 1717 ? 0.05 : 0);
  SpqrBars plot = { .values = values, .n = N, .y_format = SPQR_AXIS_PERCENT, .mean = 0.0136, .marked = 36, .item = "row", .x_label = "rows",
                    .y_label = "outliers among the weights" };
  SpqrTheme theme;
  SpqrBarsLayout l;
  spqr_theme_init (&theme, SPQR_THEME_LIGHT);
  /* One row of thousands, fewer pixels than rows: pointing there finds it. */
  spqr_bars_layout (&plot, &theme, 640, 180, &l);
  double x = l.plot.x + 1717.5 / N * l.plot.width;
  g_assert_cmpint (spqr_bars_index_at (&plot, &l, x, l.plot.y + 20), ==, 1717);
  g_assert_cmpint (spqr_bars_index_at (&plot, &l, l.plot.x - 2, l.plot.y + 20), ==, -1);
  plot.from = 20;
  plot.to = 70;
  spqr_bars_layout (&plot, &theme, 640, 180, &l);
  for (int i = 20; i < 70; i++)
    g_assert_cmpint (spqr_bars_index_at (&plot, &l, l.plot.x + (i - 20 + 0.5) / 50 * l.plot.width, l.plot.y + 20), ==, i);
  g_autofree char *text = spqr_bars_readout (&plot, 1717);
  g_assert_true (g_str_has_prefix (text, "row 1717 · 6."));
  if (!golden_font_available ())
    return;
  golden_check ("bars-part-light", 640, 180, SPQR_THEME_LIGHT, draw_bars, &plot);
  plot.from = plot.to = 0;
  golden_check ("bars-all-dark", 640, 180, SPQR_THEME_DARK, draw_bars, &plot);
}

static void
draw_share (cairo_t *cr, const SpqrTheme *theme, double width, double height, gconstpointer data)
{
  SpqrShareLayout l;
  g_auto (SpqrInk) ink = { 0 };
  spqr_share_draw (data, cr, theme, width, height);
  spqr_ink_init (&ink, cr, theme);
  spqr_share_layout (data, theme, width, height, &l);
  spqr_share_draw_hover (data, &ink, &l, 40);
}

static void
test_share (void)
{
  enum { N = 129 };
  SpqrSharePoint points[N];
  for (int i = 0; i < N; i++)
    {
      double weights = pow (10, -4 + i / 32.0);
      points[i] = (SpqrSharePoint) { weights, pow (weights, 0.16), 0.002 * pow (weights, -0.5) };
    }
  SpqrShare plot = { .points = points, .n = N, .has_current = true, .current_weights = 0.0174, .current_name = "kept now: 1.74 %; the largest so many carry 52 %",
                     .chosen_sum = 0.31, .chosen_name = "the outliers, chosen by gain, carry 31 %", .has_reference = true, .reference_weights = 0.01,
                     .reference_sum = 0.75, .reference_name = "the paper: 1 % carry over 75 %", .marked = 0.004, .x_label = "share of the weights, the largest first",
                     .y_label = "share of all sensitivity", .value_name = "sensitivity" };
  SpqrTheme theme;
  SpqrShareLayout l;
  spqr_theme_init (&theme, SPQR_THEME_LIGHT);
  spqr_share_layout (&plot, &theme, 640, 220, &l);
  /* The x axis is that of the points: half way is their geometric middle. */
  g_assert_cmpint (spqr_share_point_at (&plot, &l, l.plot.x + l.plot.width / 2, l.plot.y + 5), ==, 64);
  g_assert_cmpint (spqr_share_point_at (&plot, &l, l.plot.x - 3, l.plot.y + 5), ==, -1);
  g_assert_cmpint (spqr_share_point_of (&plot, points[50].value), ==, 50);
  g_assert_cmpfloat_with_epsilon (spqr_share_at (&plot, points[70].weights), points[70].sum, 1e-12);
  g_assert_cmpfloat (spqr_share_at (&plot, 0.0174), >, spqr_share_at (&plot, 0.017));
  if (!golden_font_available ())
    return;
  golden_check ("share-light", 640, 220, SPQR_THEME_LIGHT, draw_share, &plot);
  plot.current_weights = 0.002;
  plot.chosen_sum = NAN;
  golden_check ("share-dark", 640, 220, SPQR_THEME_DARK, draw_share, &plot);
}

static void
draw_noted (cairo_t *cr, const SpqrTheme *theme, double width, double height, gconstpointer data)
{
  spqr_histogram_draw (data, cr, theme, width, height);
}

/* Where long numbers have no room, every second or fifth piece has one: also the last ones, not the first ten alone. */
static void
test_ruler_numbers (void)
{
  enum { WIDTH = 720, HEIGHT = 300 };
  static const SpqrRuler ruler = { "groups", NULL, NULL, SPQR_RULER_COLUMNS, 16, 0, false };
  g_autoptr (SpqrFieldData) field = demo_weights (32, 640);
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, WIDTH, HEIGHT);
  cairo_t *cr = cairo_create (surface);
  SpqrHeatmap plot;
  SpqrHeatmapLayout l;
  SpqrTheme theme;
  spqr_heatmap_init (&plot, field);
  plot.rulers = &ruler;
  plot.n_rulers = 1;
  spqr_theme_init (&theme, SPQR_THEME_LIGHT);
  spqr_heatmap_layout (&plot, &theme, WIDTH, HEIGHT, &l);
  g_assert_cmpfloat (l.matrix.width / 40, <, 18);       /* a piece: too narrow for two digits and their margin */
  spqr_heatmap_draw (&plot, cr, &theme, WIDTH, HEIGHT);
  cairo_surface_flush (surface);
  size_t dark[2] = { 0, 0 };
  for (size_t y = (size_t) l.col_bands.y; y < (size_t) (l.col_bands.y + l.col_bands.height); y++)
    for (size_t x = (size_t) l.col_bands.x; x < (size_t) (l.col_bands.x + l.col_bands.width); x++)
      {
        const unsigned char *pixel = cairo_image_surface_get_data (surface) + y * (size_t) cairo_image_surface_get_stride (surface) + 4 * x;
        dark[(double) x > l.col_bands.x + l.col_bands.width / 2] += pixel[1] < 100;
      }
  g_assert_cmpuint (dark[0], >, 30);
  g_assert_cmpuint (dark[1], >, 30);
  cairo_destroy (cr);
  cairo_surface_destroy (surface);
}

static void
test_histogram_note (void)
{
  enum { BINS = 64 };
  uint64_t counts[BINS];
  if (!golden_font_available ())
    return;
  for (int i = 0; i < BINS; i++)
    counts[i] = (uint64_t) (20000 * exp (-0.004 * (i - 34) * (i - 34)));
  SpqrHistogram plot = { .counts = counts, .bins = BINS, .x = { SPQR_SCALE_LOG, 1e-9, 1e-2, 1 }, .log_counts = true, .has_threshold = true,
                         .threshold = 2e-3, .threshold_name = "τ = 0.2 ·", .threshold_note = "1.74 % are outliers: chosen by leave-one-out gain",
                         .has_mark = true, .mark = 3e-6, .x_label = "Sensitivity", .y_label = "weights" };
  golden_check ("histogram-note-light", 640, 150, SPQR_THEME_LIGHT, draw_noted, &plot);
}

/* Profiles by definition: the value of largest magnitude, of two the positive, NaN left out; and the scale
 * knows the smallest and the largest value of all, also those that the thinned sample misses. */
static void
test_profiles (void)
{
  static const size_t shapes[][2] = { { 1, 7 }, { 37, 53 }, { 200, 1000 }, { 5, 1 } };
  DemoRandom random = { 77 };
  for (size_t s = 0; s < G_N_ELEMENTS (shapes); s++)
    {
      size_t rows = shapes[s][0], cols = shapes[s][1];
      g_autofree float *values = g_new (float, rows * cols);
      for (size_t i = 0; i < rows * cols; i++)
        values[i] = i % 11 == 3 ? NAN : i % 29 == 5 ? 0 : (float) round (4 * demo_normal (&random));
      if (rows == 37)
        for (size_t j = 0; j < cols; j++)
          values[9 * cols + j] = NAN;
      values[rows * cols - 1] = -3e-7f;
      values[rows * cols / 2] = rows == 200 ? -INFINITY : 99;
      g_autoptr (SpqrFieldData) field = spqr_field_data_new (values, rows, cols, NULL, NULL, NULL, NULL);
      for (int side = 0; side < 2; side++)
        for (size_t a = 0; a < (side ? cols : rows); a++)
          {
            float best = NAN, found = side ? field->col_profile[a] : field->row_profile[a];
            for (size_t b = 0; b < (side ? rows : cols); b++)
              {
                float v = side ? values[b * cols + a] : values[a * cols + b];
                if (!isnan (v) && (isnan (best) || fabsf (v) > fabsf (best) || (fabsf (v) == fabsf (best) && v > best)))
                  best = v;
              }
            g_assert_true (isnan (best) ? isnan (found) : best == found);
          }
      SpqrScale log = spqr_field_data_fit (field, SPQR_SCALE_LOG, 0, false), linear = spqr_field_data_fit (field, SPQR_SCALE_LINEAR, 0, false);
      g_assert_cmpfloat_with_epsilon (log.lo / 3e-7, 1, 1e-6);
      g_assert_cmpfloat (linear.hi, ==, (double) field->pyramid.max);
    }
}

/* Nothing to show, and sizes in which there is no room: no ink outside, no failure. */
static void
test_degenerate (void)
{
  static const double sizes[][2] = { { 1, 1 }, { 30, 300 }, { 300, 20 } };
  for (size_t s = 0; s < G_N_ELEMENTS (sizes); s++)
    {
      cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, (int) sizes[s][0], (int) sizes[s][1]);
      cairo_t *cr = cairo_create (surface);
      double zeros[3] = { 0, NAN, 0 };
      SpqrSharePoint one = { 1, 1, 0 };
      SpqrTheme theme;
      spqr_theme_init (&theme, SPQR_THEME_DARK);
      SpqrBars bars = { .mean = NAN, .marked = 7, .message = "None" };
      spqr_bars_draw (&bars, cr, &theme, sizes[s][0], sizes[s][1]);
      bars = (SpqrBars) { .values = zeros, .n = 3, .mean = 0, .marked = 7 };
      spqr_bars_draw (&bars, cr, &theme, sizes[s][0], sizes[s][1]);
      SpqrShare share = { .marked = NAN, .message = "None" };
      spqr_share_draw (&share, cr, &theme, sizes[s][0], sizes[s][1]);
      share = (SpqrShare) { .points = &one, .n = 1, .has_current = true, .current_weights = 0.5, .chosen_sum = NAN, .marked = 3 };
      spqr_share_draw (&share, cr, &theme, sizes[s][0], sizes[s][1]);
      g_assert_cmpint (cairo_status (cr), ==, CAIRO_STATUS_SUCCESS);
      cairo_destroy (cr);
      cairo_surface_destroy (surface);
    }
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plot-layer/bar", test_bar);
  g_test_add_func ("/plot-layer/minimap", test_minimap);
  g_test_add_func ("/plot-layer/emphasis", test_emphasis);
  g_test_add_func ("/plot-layer/crowds", test_crowds);
  g_test_add_func ("/plot-layer/heatmap", test_heatmap);
  g_test_add_func ("/plot-layer/bars", test_bars);
  g_test_add_func ("/plot-layer/share", test_share);
  g_test_add_func ("/plot-layer/ruler-numbers", test_ruler_numbers);
  g_test_add_func ("/plot-layer/histogram-note", test_histogram_note);
  g_test_add_func ("/plot-layer/profiles", test_profiles);
  g_test_add_func ("/plot-layer/degenerate", test_degenerate);
  return g_test_run ();
}
