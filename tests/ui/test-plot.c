/* What must hold of the painters whatever they draw: pointing is the inverse of placing, nothing large
 * is pooled away, names and numbers find their place, and nothing to draw is no reason to fail. */
#include <glib.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include "plot-demo.h"
#include "plot/spqr-format.h"
#include "plot/spqr-plot-budget.h"
#include "plot/spqr-plot-grid.h"
#include "plot/spqr-plot-histogram.h"
#include "plot/spqr-plot-lines.h"
#include "plot/spqr-plot-scatter.h"

static size_t
count_pixels (const uint32_t *pixels, size_t n, uint32_t wanted)
{
  size_t count = 0;
  for (size_t i = 0; i < n; i++)
    count += pixels[i] == wanted;
  return count;
}

/* Far out, a lone outlier and a sparse sprinkling of them: both parts are drawn; rings leave the weight its own pixel. */
static void
test_mark_parts (void)
{
  enum { ROWS = 512, COLS = 512, SIZE = 256 };
  g_autofree float *values = g_new0 (float, ROWS * COLS);
  g_autofree uint32_t *pixels = g_new (uint32_t, SIZE * SIZE);
  static const size_t counts[] = { 1, 100, 1000 };
  for (size_t k = 0; k < G_N_ELEMENTS (counts); k++)
    {
      memset (values, 0, ROWS * COLS * sizeof *values);
      for (size_t i = 0; i < counts[k]; i++)
        values[(i * 7919 * 13 + 100 * COLS + 57) % (ROWS * COLS)] = 1;
      g_autoptr (SpqrFieldData) field = spqr_field_data_new (values, ROWS, COLS, NULL, NULL, NULL, NULL);
      g_autoptr (SpqrMarks) marks = spqr_marks_new_from_threshold (values, ROWS, COLS, 0.5f, 5000);
      SpqrHeatmap plot;
      spqr_heatmap_init (&plot, field);
      plot.marks = marks;
      SpqrColor light = spqr_colormap_mark_color (plot.colormap), dark = spqr_colormap_mark_edge ();
      g_assert_true (spqr_heatmap_render (&plot, &plot.view, SIZE, SIZE, SIZE, 1, pixels, NULL));
      g_assert_cmpuint (count_pixels (pixels, SIZE * SIZE, spqr_color_to_pixel (&light)), >=, 3 * counts[k]);
      g_assert_cmpuint (count_pixels (pixels, SIZE * SIZE, spqr_color_to_pixel (&dark)), >=, 2 * counts[k]);
      if (counts[k] <= 100)
        g_assert_cmpuint (pixels[50 * SIZE + 28], ==, spqr_colormap_lut (plot.colormap)[255]);
    }
}

static void
test_heatmap_pointing (void)
{
  g_autoptr (SpqrFieldData) field = demo_weights (200, 333);
  SpqrTheme theme;
  spqr_theme_init (&theme, SPQR_THEME_LIGHT);
  static const SpqrViewport views[] = { { 0, 200, 0, 333 }, { 13.25, 40.75, 100.5, 180.125 }, { 7, 9, 300, 333 } };
  static const double sizes[][2] = { { 800, 600 }, { 300, 240 }, { 160, 120 }, { 1, 1 } };
  for (size_t v = 0; v < G_N_ELEMENTS (views); v++)
    for (size_t s = 0; s < G_N_ELEMENTS (sizes); s++)
      {
        SpqrHeatmap plot;
        SpqrHeatmapLayout l;
        spqr_heatmap_init (&plot, field);
        plot.view = views[v];
        plot.title = "A title";
        spqr_heatmap_layout (&plot, &theme, sizes[s][0], sizes[s][1], &l);
        g_assert_cmpfloat (l.matrix.width, >=, 1);
        for (size_t row = (size_t) ceil (views[v].row0); row + 1 <= views[v].row1; row++)
          for (size_t col = (size_t) ceil (views[v].col0); col + 1 <= views[v].col1; col += 7)
            {
              SpqrRect cell;
              size_t r, c;
              spqr_heatmap_layout_cell_rect (&l, row, col, &cell);
              g_assert_true (spqr_heatmap_layout_cell_at (&l, cell.x + cell.width / 2, cell.y + cell.height / 2, &r, &c));
              g_assert_cmpint (r, ==, row);
              g_assert_cmpint (c, ==, col);
            }
        size_t r, c;
        g_assert_false (spqr_heatmap_layout_cell_at (&l, l.matrix.x - 1, l.matrix.y, &r, &c));
        g_assert_false (spqr_heatmap_layout_cell_at (&l, l.matrix.x, l.matrix.y + l.matrix.height, &r, &c));
      }
}

/* What is painted at a pixel is the cell that pointing there names. */
static void
test_heatmap_paints_where_it_points (void)
{
  enum { ROWS = 40, COLS = 70 };
  SpqrTheme theme;
  spqr_theme_init (&theme, SPQR_THEME_LIGHT);
  DemoRandom random = { 41 };
  for (int round = 0; round < 12; round++)
    {
      size_t row = (size_t) (demo_uniform (&random) * ROWS), col = (size_t) (demo_uniform (&random) * COLS);
      g_autoptr (SpqrFieldData) field = demo_single (ROWS, COLS, 0, row, col, 1);
      SpqrHeatmap plot;
      SpqrHeatmapLayout l;
      spqr_heatmap_init (&plot, field);
      plot.view = (SpqrViewport) { (double) row * 0.5, MIN ((double) row + 3.5, ROWS), (double) col * 0.25, MIN ((double) col + 2.75, COLS) };
      spqr_heatmap_layout (&plot, &theme, 640, 480, &l);
      size_t w = (size_t) l.matrix.width, h = (size_t) l.matrix.height;
      g_autofree uint32_t *pixels = g_new (uint32_t, w * h);
      g_assert_true (spqr_heatmap_render (&plot, &plot.view, w, h, w, 1, pixels, NULL));
      uint32_t bright = spqr_colormap_lut (plot.colormap)[255], seen = 0;
      for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++)
          {
            size_t r, c;
            g_assert_true (spqr_heatmap_layout_cell_at (&l, l.matrix.x + (double) x + 0.5, l.matrix.y + (double) y + 0.5, &r, &c));
            bool inside = r == row && c == col, drawn = pixels[y * w + x] == bright;
            seen += drawn;
            if (inside)
              g_assert_true (drawn);
            else if (drawn) /* a pixel that two cells share shows the larger value: at most at the edge */
              {
                SpqrRect cell;
                spqr_heatmap_layout_cell_rect (&l, row, col, &cell);
                g_assert_cmpfloat (l.matrix.x + (double) x, >=, cell.x - 1.001);
                g_assert_cmpfloat (l.matrix.x + (double) x, <=, cell.x + cell.width + 0.001);
                g_assert_cmpfloat (l.matrix.y + (double) y, >=, cell.y - 1.001);
                g_assert_cmpfloat (l.matrix.y + (double) y, <=, cell.y + cell.height + 0.001);
              }
          }
      g_assert_cmpint (seen, >, 0);
    }
}

/* One weight of forty-five million is on the overview, as its colour and, marked, as a ring. */
static void
test_heatmap_single_outlier (void)
{
  enum { ROWS = 4096, COLS = 11008 };
  static const size_t places[][2] = { { 0, 0 }, { ROWS - 1, COLS - 1 }, { 1234, 5679 }, { 2047, 1 } };
  g_autofree float *values = g_new (float, (size_t) ROWS * COLS);
  for (size_t i = 0; i < (size_t) ROWS * COLS; i++)
    values[i] = 0.01f;
  for (size_t p = 0; p < G_N_ELEMENTS (places); p++)
    {
      size_t at = places[p][0] * COLS + places[p][1];
      values[at] = -1;
      g_autoptr (GError) error = NULL;
      g_autoptr (SpqrFieldData) field = spqr_field_data_new (values, ROWS, COLS, NULL, NULL, NULL, &error);
      g_assert_no_error (error);
      SpqrHeatmap plot;
      spqr_heatmap_init (&plot, field);
      plot.scale = spqr_scale_make (SPQR_SCALE_LOG, 0.01, 1);
      static const size_t sizes[][2] = { { 1600, 1000 }, { 500, 190 }, { 97, 31 } };
      for (size_t s = 0; s < G_N_ELEMENTS (sizes); s++)
        {
          size_t w = sizes[s][0], h = sizes[s][1];
          g_autofree uint32_t *pixels = g_new0 (uint32_t, w * h);
          g_assert_true (spqr_heatmap_render (&plot, &plot.view, w, h, w, 1, pixels, NULL));
          size_t n = count_pixels (pixels, w * h, spqr_colormap_lut (plot.colormap)[255]);
          g_assert_cmpint (n, >=, 1);
          g_assert_cmpint (n, <=, 4);
          g_assert_cmpint (count_pixels (pixels, w * h, spqr_colormap_lut (plot.colormap)[0]), ==, w * h - n);
        }
      g_autoptr (SpqrMarks) marks = spqr_marks_new_from_threshold (values, ROWS, COLS, 0.5f, 10);
      g_assert_cmpint (marks->count, ==, 1);
      plot.marks = marks;
      g_autofree uint32_t *pixels = g_new0 (uint32_t, 1600 * 1000);
      g_assert_true (spqr_heatmap_render (&plot, &plot.view, 1600, 1000, 1600, 1, pixels, NULL));
      SpqrColor mark = spqr_colormap_mark_color (plot.colormap);
      g_assert_cmpint (count_pixels (pixels, 1600 * 1000, spqr_color_to_pixel (&mark)), >=, 4);
      /* As large to the eye where pixels are a third as large. */
      memset (pixels, 0, 1600 * 1000 * sizeof *pixels);
      g_assert_true (spqr_heatmap_render (&plot, &plot.view, 1600, 1000, 1600, 3, pixels, NULL));
      g_assert_cmpint (count_pixels (pixels, 1600 * 1000, spqr_color_to_pixel (&mark)), >=, 30);
      values[at] = 0.01f;
    }
}

static void
test_heatmap_cancel (void)
{
  g_autoptr (SpqrFieldData) field = demo_weights (64, 64);
  SpqrHeatmap plot;
  spqr_heatmap_init (&plot, field);
  uint32_t pixels[64 * 64];
  int cancelled = 1;
  g_assert_false (spqr_heatmap_render (&plot, &plot.view, 64, 64, 64, 1, pixels, &cancelled));
}

static void
test_field_data (void)
{
  g_autoptr (GError) error = NULL;
  float one = 1;
  g_assert_null (spqr_field_data_new (&one, 0, 5, NULL, NULL, NULL, &error));
  g_assert_error (error, SPQR_FIELD_DATA_ERROR, SPQR_FIELD_DATA_ERROR_EMPTY);
  g_autoptr (SpqrFieldData) field = demo_single (5, 9, -0.5f, 3, 7, 4);
  g_assert_cmpfloat (field->row_profile[3], ==, 4);
  g_assert_cmpfloat (field->row_profile[2], ==, -0.5f);
  g_assert_cmpfloat (field->col_profile[7], ==, 4);
}

static void
test_histogram_threshold (void)
{
  uint64_t counts[10] = { 10, 10, 10, 10, 10, 10, 10, 10, 10, 10 };
  SpqrHistogram plot = { .counts = counts, .bins = 10, .x = { SPQR_SCALE_LINEAR, 0, 1, 1 }, .has_threshold = true, .threshold = 0.75 };
  g_assert_cmpfloat_with_epsilon (spqr_histogram_share_above (&plot, 0.75), 0.25, 1e-12);
  g_assert_cmpfloat_with_epsilon (spqr_histogram_share_above (&plot, -1), 1, 1e-12);
  g_assert_cmpfloat (spqr_histogram_share_above (&plot, INFINITY), ==, 0);
  SpqrTheme theme;
  SpqrHistogramLayout l;
  spqr_theme_init (&theme, SPQR_THEME_DARK);
  spqr_histogram_layout (&plot, &theme, 400, 200, &l);
  double x = spqr_histogram_x_of (&plot, &l, 0.75);
  g_assert_cmpfloat_with_epsilon (spqr_histogram_value_at (&plot, &l, x), 0.75, 1e-9);
  g_assert_true (spqr_histogram_threshold_at (&plot, &l, x + 3, l.plot.y + 20));
  g_assert_false (spqr_histogram_threshold_at (&plot, &l, x + 30, l.plot.y + 20));
  g_assert_cmpint (spqr_histogram_bin_at (&plot, &l, l.plot.x + l.plot.width * 0.55, l.plot.y + 5), ==, 5);
  g_assert_cmpint (spqr_histogram_bin_at (&plot, &l, 0, 0), ==, -1);
}

static cairo_surface_t *
draw_histogram (const SpqrHistogram *plot, int width, int height)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
  cairo_t *cr = cairo_create (surface);
  SpqrTheme theme;
  spqr_theme_init (&theme, SPQR_THEME_LIGHT);
  spqr_histogram_draw (plot, cr, &theme, width, height);
  cairo_destroy (cr);
  cairo_surface_flush (surface);
  return surface;
}

/* What the threshold says covers no bar: left of its line the plot is the same with and without it. */
/* A bin of codes is a number, one of values a range. */
static void
test_histogram_whole_numbers (void)
{
  static const uint64_t counts[] = { 5, 0, 7, 1 };
  SpqrHistogram plot = { .counts = counts, .bins = 4, .x = { SPQR_SCALE_LINEAR, -0.5, 3.5, 1 }, .whole_numbers = true };
  g_autofree char *number = spqr_histogram_readout (&plot, 2), *range = NULL;
  g_assert_cmpstr (number, ==, "2: 7");
  plot.whole_numbers = false;
  range = spqr_histogram_readout (&plot, 2);
  g_assert_cmpstr (range, ==, "1.5 … 2.5: 7");
}

static void
test_histogram_label (void)
{
  enum { BINS = 64, WIDTH = 640, HEIGHT = 150 };
  uint64_t counts[BINS];
  for (int i = 0; i < BINS; i++)
    counts[i] = (uint64_t) (20000 * exp (-0.004 * (i - 40) * (i - 40)));
  SpqrHistogram plot = { .counts = counts, .bins = BINS, .x = { SPQR_SCALE_LOG, 1e-9, 1e-2, 1 }, .log_counts = true, .threshold = 2e-3,
                         .threshold_name = "τ = 0.2 ·", .threshold_note = "1.74 % are outliers: chosen by leave-one-out gain", .y_label = "weights" };
  cairo_surface_t *without = draw_histogram (&plot, WIDTH, HEIGHT), *with;
  SpqrTheme theme;
  SpqrHistogramLayout l;
  plot.has_threshold = true;
  with = draw_histogram (&plot, WIDTH, HEIGHT);
  spqr_theme_init (&theme, SPQR_THEME_LIGHT);
  spqr_histogram_layout (&plot, &theme, WIDTH, HEIGHT, &l);
  size_t from = (size_t) l.plot.x, to = (size_t) spqr_histogram_x_of (&plot, &l, plot.threshold) - 8, above = 0;
  for (size_t y = 0; y < (size_t) (l.plot.y + l.plot.height); y++)
    {
      gsize start = y * (size_t) cairo_image_surface_get_stride (with) + 4 * from;
      int differs = memcmp (cairo_image_surface_get_data (with) + start, cairo_image_surface_get_data (without) + start, 4 * (to - from));
      if (y >= (size_t) l.plot.y)
        g_assert_cmpint (differs, ==, 0);
      else
        above += differs != 0;
    }
  g_assert_cmpuint (above, >, 4);
  cairo_surface_destroy (with);
  cairo_surface_destroy (without);
}

/* Cells that are nearly alike get the digits that tell them apart, others no more than before. */
static void
test_grid_digits (void)
{
  double alike[] = { 0.13941, 0.13956, 0.1404, 0.13948, 0.13932, NAN, 0.13973, 0.13999 }, wide[] = { 0.01, 0.2, 0.4, 0.8 }, same[] = { 2, 2, NAN };
  const char *names[] = { "a" };
  g_assert_cmpfloat (spqr_grid_step (same, 3), ==, 0);
  g_assert_cmpfloat (spqr_grid_step (NULL, 0), ==, 0);
  SpqrGrid plot;
  spqr_grid_init (&plot, 1, G_N_ELEMENTS (alike), alike);
  plot.row_labels = names;
  plot.format = spqr_format_percent_finely;
  plot.step = spqr_grid_step (alike, G_N_ELEMENTS (alike));
  g_autofree char *first = spqr_grid_readout (&plot, 0, 0), *second = spqr_grid_readout (&plot, 0, 3);
  g_assert_nonnull (strstr (first, "13.94"));
  g_assert_cmpstr (first, !=, second);
  g_assert_nonnull (strstr (second, "13.95"));
  g_autofree char *plain = spqr_format_percent_finely (0.4, spqr_grid_step (wide, 4));
  g_assert_cmpstr (plain, ==, "40.0\u00a0%");
  g_autofree char *value = spqr_format_value_finely (2.9871, 3, 0.0004), *usual = spqr_format_value_finely (2.9871, 3, 0);
  g_autofree char *zeros = spqr_format_value_finely (3, 3, 0), *whole = spqr_format_value_finely (300, 3, 0);
  g_assert_cmpstr (value, ==, "2.9871");
  g_assert_cmpstr (usual, ==, "2.99");
  g_assert_cmpstr (zeros, ==, "3.00");
  g_assert_cmpstr (whole, ==, "300");
}

static void
test_grid_pointing (void)
{
  double values[7 * 80];
  for (size_t i = 0; i < G_N_ELEMENTS (values); i++)
    values[i] = (double) i;
  SpqrTheme theme;
  spqr_theme_init (&theme, SPQR_THEME_LIGHT);
  static const double sizes[][2] = { { 900, 300 }, { 200, 100 }, { 3000, 900 }, { 20, 10 } };
  for (size_t s = 0; s < G_N_ELEMENTS (sizes); s++)
    {
      SpqrGrid plot;
      SpqrGridLayout l;
      spqr_grid_init (&plot, 7, 80, values);
      spqr_grid_layout (&plot, &theme, sizes[s][0], sizes[s][1], &l);
      for (size_t i = 0; i < 7; i++)
        for (size_t j = 0; j < 80; j++)
          {
            SpqrRect cell;
            size_t r, c;
            spqr_grid_layout_cell_rect (&l, i, j, &cell);
            g_assert_true (spqr_grid_layout_cell_at (&l, cell.x + cell.width / 2, cell.y + cell.height / 2, &r, &c));
            g_assert_true (r == i && c == j);
          }
    }
}

static void
test_scatter_front (void)
{
  static const SpqrScatterPoint points[] = {
    { 4, 10, NULL, false, false, 0 }, { 3, 12, NULL, false, false, 0 }, { 3, 12, NULL, false, false, 0 },
    { 5, 10, NULL, false, false, 0 }, { 3.5, 13, NULL, false, false, 0 }, { 6, 9, NULL, false, false, 0 },
    { 2, 1, NULL, false, true, 0 }, { NAN, 0, NULL, false, false, 0 },
  };
  size_t front[8];
  g_assert_cmpint (spqr_scatter_front (points, 8, front), ==, 3);
  g_assert_cmpint (front[0], ==, 1);
  g_assert_cmpint (front[1], ==, 0);
  g_assert_cmpint (front[2], ==, 5);
  SpqrTheme theme;
  SpqrScatter plot = { .points = points, .n = 8, .show_front = true };
  SpqrScatterLayout l;
  spqr_theme_init (&theme, SPQR_THEME_LIGHT);
  spqr_scatter_layout (&plot, &theme, 500, 300, &l);
  double x, y;
  spqr_scatter_place (&l, 6, 9, &x, &y);
  g_assert_cmpint (spqr_scatter_point_at (&plot, &l, x + 5, y - 5), ==, 5);
  g_assert_cmpint (spqr_scatter_point_at (&plot, &l, x - 60, y - 60), ==, -1);
}

static void
test_lines_pointing (void)
{
  const double a[] = { 1, 2, NAN, 4 }, b[] = { 4, 3, 2, 1 };
  const SpqrLineSeries series[] = { { "a", a, 4, 0, false }, { "b", b, 4, 1, false } };
  SpqrLines plot = { .series = series, .n_series = 2 };
  SpqrTheme theme;
  SpqrLinesLayout l;
  spqr_theme_init (&theme, SPQR_THEME_LIGHT);
  spqr_lines_layout (&plot, &theme, 500, 300, &l);
  size_t index, which;
  g_assert_true (spqr_lines_point_at (&plot, &l, l.plot.x + l.plot.width, l.plot.y + 2, &index, &which));
  g_assert_cmpint (index, ==, 3);
  g_assert_cmpint (which, ==, 0);
  g_assert_true (spqr_lines_point_at (&plot, &l, l.plot.x + l.plot.width * 2 / 3, l.plot.y, &index, &which));
  g_assert_cmpint (index, ==, 2);
  g_assert_cmpint (which, ==, 1); /* the other has no value there */
}

/* Names under the axis take room only where they can be read; the points stand in the middle of theirs. */
static void
test_lines_names (void)
{
  const double a[] = { 1, 2, 3, 4 };
  const SpqrLineSeries series[] = { { "a", a, 4, 0, false } };
  const char *const groups[] = { "0", "0", "1", "1" }, *const ticks[] = { "q_proj", "down_proj", "q_proj", "down_proj" };
  SpqrLines plot = { .series = series, .n_series = 1, .groups = groups, .ticks = ticks };
  SpqrTheme theme;
  SpqrLinesLayout wide, narrow, low;
  spqr_theme_init (&theme, SPQR_THEME_LIGHT);
  spqr_lines_layout (&plot, &theme, 500, 400, &wide);
  spqr_lines_layout (&plot, &theme, 80, 400, &narrow);
  spqr_lines_layout (&plot, &theme, 500, 150, &low);
  g_assert_cmpfloat (wide.ticks_height, >, 30);
  g_assert_cmpfloat (narrow.ticks_height, ==, 0);
  g_assert_cmpfloat (low.ticks_height, ==, 0);
  size_t index, which;
  g_assert_true (spqr_lines_point_at (&plot, &wide, wide.plot.x + wide.plot.width * 5 / 8, wide.plot.y, &index, &which));
  g_assert_cmpint (index, ==, 2);
  g_assert_true (spqr_lines_point_at (&plot, &wide, wide.plot.x + wide.plot.width, wide.plot.y, &index, &which));
  g_assert_cmpint (index, ==, 3);
}

static void
test_budget_parts (void)
{
  static const SpqrBudgetPart parts[] = { { "weights", 3 }, { "nothing", -1 }, { "outliers", 1 } };
  SpqrBudget plot = { .parts = parts, .n = 3, .full = 8 };
  SpqrTheme theme;
  SpqrBudgetLayout l;
  spqr_theme_init (&theme, SPQR_THEME_LIGHT);
  g_assert_cmpfloat (spqr_budget_total (&plot), ==, 4);
  spqr_budget_layout (&plot, &theme, 424, 80, &l);
  g_assert_cmpint (spqr_budget_part_at (&plot, &l, l.bar.x + l.bar.width * 0.3, l.bar.y + 3), ==, 0);
  g_assert_cmpint (spqr_budget_part_at (&plot, &l, l.bar.x + l.bar.width * 0.45, l.bar.y + 3), ==, 2);
  g_assert_cmpint (spqr_budget_part_at (&plot, &l, l.bar.x + l.bar.width * 0.7, l.bar.y + 3), ==, -1);
}

/* Painters given nothing, next to nothing, or far too small a place still return. */
static void
test_degenerate (void)
{
  static const double sizes[][2] = { { 1, 1 }, { 30, 8 }, { 200, 100 }, { 3, 900 } };
  const double nan_value = NAN;
  uint64_t zero = 0;
  for (size_t s = 0; s < G_N_ELEMENTS (sizes); s++)
    for (int k = SPQR_THEME_LIGHT; k <= SPQR_THEME_DARK_HIGH_CONTRAST; k++)
      {
        double w = sizes[s][0], h = sizes[s][1];
        cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, (int) w, (int) h);
        cairo_t *cr = cairo_create (surface);
        SpqrTheme theme;
        spqr_theme_init (&theme, k);
        SpqrHeatmap heatmap;
        spqr_heatmap_init (&heatmap, NULL);
        heatmap.message = "Nothing here yet";
        spqr_heatmap_draw (&heatmap, cr, &theme, w, h);
        g_autoptr (SpqrFieldData) one = demo_single (1, 1, 0, 0, 0, NAN);
        spqr_heatmap_init (&heatmap, one);
        heatmap.title = "x";
        heatmap.subtitle = "y";
        spqr_heatmap_draw (&heatmap, cr, &theme, w, h);
        SpqrHistogram histogram = { 0 };
        spqr_histogram_draw (&histogram, cr, &theme, w, h);
        histogram = (SpqrHistogram) { .counts = &zero, .bins = 1, .has_threshold = true, .threshold = NAN };
        spqr_histogram_draw (&histogram, cr, &theme, w, h);
        SpqrGrid grid;
        spqr_grid_init (&grid, 0, 0, NULL);
        spqr_grid_draw (&grid, cr, &theme, w, h);
        spqr_grid_init (&grid, 1, 1, &nan_value);
        spqr_grid_draw (&grid, cr, &theme, w, h);
        SpqrScatter scatter = { .message = "No runs yet" };
        spqr_scatter_draw (&scatter, cr, &theme, w, h);
        SpqrScatterPoint point = { 1, 1, "one", true, false, 0 };
        scatter = (SpqrScatter) { .points = &point, .n = 1, .show_front = true, .y_kind = SPQR_SCALE_LOG };
        spqr_scatter_draw (&scatter, cr, &theme, w, h);
        SpqrLines lines = { .message = "No runs yet" };
        spqr_lines_draw (&lines, cr, &theme, w, h);
        SpqrLineSeries series = { "one", &nan_value, 1, 0, false };
        lines = (SpqrLines) { .series = &series, .n_series = 1 };
        spqr_lines_draw (&lines, cr, &theme, w, h);
        SpqrBudget budget = { 0 };
        spqr_budget_draw (&budget, cr, &theme, w, h);
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
  g_test_add_func ("/plot/heatmap/mark-parts", test_mark_parts);
  g_test_add_func ("/plot/histogram/label", test_histogram_label);
  g_test_add_func ("/plot/histogram/whole-numbers", test_histogram_whole_numbers);
  g_test_add_func ("/plot/grid/digits", test_grid_digits);
  g_test_add_func ("/plot/heatmap/pointing", test_heatmap_pointing);
  g_test_add_func ("/plot/heatmap/paints-where-it-points", test_heatmap_paints_where_it_points);
  g_test_add_func ("/plot/heatmap/single-outlier", test_heatmap_single_outlier);
  g_test_add_func ("/plot/heatmap/cancel", test_heatmap_cancel);
  g_test_add_func ("/plot/field-data", test_field_data);
  g_test_add_func ("/plot/histogram/threshold", test_histogram_threshold);
  g_test_add_func ("/plot/grid/pointing", test_grid_pointing);
  g_test_add_func ("/plot/scatter/front", test_scatter_front);
  g_test_add_func ("/plot/lines/pointing", test_lines_pointing);
  g_test_add_func ("/plot/lines/lines-names", test_lines_names);
  g_test_add_func ("/plot/budget/parts", test_budget_parts);
  g_test_add_func ("/plot/degenerate", test_degenerate);
  return g_test_run ();
}
