/* Every painter, in light and dark, against the pictures in golden/. */
#include <math.h>

#include "golden.h"
#include "plot-demo.h"
#include "plot/spqr-format.h"
#include "plot/spqr-plot-budget.h"
#include "plot/spqr-plot-grid.h"
#include "plot/spqr-plot-histogram.h"
#include "plot/spqr-plot-lines.h"
#include "plot/spqr-plot-scatter.h"

static void
draw_heatmap (cairo_t *cr, const SpqrTheme *theme, double width, double height, gconstpointer data)
{
  spqr_heatmap_draw (data, cr, theme, width, height);
}

static const SpqrRuler attention_rulers[] = {
  { "heads", NULL, "h", SPQR_RULER_ROWS, 16, 8, true },
  { "groups", NULL, "g", SPQR_RULER_COLUMNS, 16, 0, false },
};

static SpqrHeatmap
attention_plot (const SpqrFieldData *field)
{
  SpqrHeatmap plot;
  spqr_heatmap_init (&plot, field);
  plot.scale = spqr_scale_fit (SPQR_SCALE_LOG, field->values, field->rows * field->cols, 0.001, false);
  plot.title = "Layer 17 · attn.q_proj";
  plot.subtitle = "96 × 160, sensitivity";
  plot.value_label = "sensitivity";
  plot.row_label = "outputs";
  plot.col_label = "inputs";
  plot.rulers = attention_rulers;
  plot.n_rulers = G_N_ELEMENTS (attention_rulers);
  return plot;
}

static void
test_heatmap_overview (void)
{
  if (!golden_font_available ())
    return;
  g_autoptr (SpqrFieldData) field = demo_sensitivity (96, 160, 16);
  g_autoptr (SpqrMarks) marks = spqr_marks_new_from_threshold (field->values, 96, 160, 3e-4f, 1000000);
  SpqrHeatmap plot = attention_plot (field);
  plot.marks = marks;
  golden_check ("heatmap-overview-light", 760, 520, SPQR_THEME_LIGHT, draw_heatmap, &plot);
  golden_check ("heatmap-overview-dark", 760, 520, SPQR_THEME_DARK, draw_heatmap, &plot);
  plot.colormap = SPQR_COLORMAP_PAPER;
  golden_check ("heatmap-overview-paper", 760, 520, SPQR_THEME_LIGHT_HIGH_CONTRAST, draw_heatmap, &plot);
}

static void
draw_heatmap_pointed (cairo_t *cr, const SpqrTheme *theme, double width, double height, gconstpointer data)
{
  const SpqrHeatmap *plot = data;
  spqr_heatmap_draw (plot, cr, theme, width, height);
  g_auto (SpqrInk) ink = { 0 };
  spqr_ink_init (&ink, cr, theme);
  SpqrHeatmapLayout layout;
  spqr_heatmap_layout (plot, theme, width, height, &layout);
  spqr_heatmap_draw_pointer (plot, &ink, &layout, (size_t) plot->view.row0 + 4, (size_t) plot->view.col0 + 5, true);
}

static void
test_heatmap_cells (void)
{
  if (!golden_font_available ())
    return;
  g_autoptr (SpqrFieldData) field = demo_weights (96, 160);
  g_autoptr (SpqrMarks) marks = spqr_marks_new_from_threshold (field->values, 96, 160, 0.055f, 1000000);
  SpqrHeatmap plot;
  spqr_heatmap_init (&plot, field);
  plot.view = (SpqrViewport) { 40.5, 58.5, 46, 57 };
  plot.colormap = SPQR_COLORMAP_BALANCE;
  plot.scale = spqr_scale_fit (SPQR_SCALE_SYMLOG, field->values, 96 * 160, 0.001, true);
  plot.title = "Layer 2 · mlp.down_proj";
  plot.value_label = "weight";
  plot.row_label = "outputs";
  plot.col_label = "inputs";
  plot.marks = marks;
  static const SpqrRuler rulers[] = {
    { "groups", NULL, "g", SPQR_RULER_COLUMNS, 4, 0, false }, { "statistics", NULL, "s", SPQR_RULER_ROWS, 8, 0, false },
  };
  plot.rulers = rulers;
  plot.n_rulers = 2;
  golden_check ("heatmap-cells-light", 760, 520, SPQR_THEME_LIGHT, draw_heatmap_pointed, &plot);
  golden_check ("heatmap-cells-dark", 760, 520, SPQR_THEME_DARK, draw_heatmap_pointed, &plot);
}

static void
draw_histogram (cairo_t *cr, const SpqrTheme *theme, double width, double height, gconstpointer data)
{
  const SpqrHistogram *plot = data;
  spqr_histogram_draw (plot, cr, theme, width, height);
  g_auto (SpqrInk) ink = { 0 };
  SpqrHistogramLayout layout;
  spqr_ink_init (&ink, cr, theme);
  spqr_histogram_layout (plot, theme, width, height, &layout);
  spqr_histogram_draw_hover (plot, &ink, &layout, plot->bins / 3);
}

static void
test_histogram (void)
{
  if (!golden_font_available ())
    return;
  enum { BINS = 96 };
  uint64_t counts[BINS] = { 0 }, compare[BINS] = { 0 };
  DemoRandom random = { 3 };
  for (size_t i = 0; i < 200000; i++)
    {
      double v = 38 + 9 * demo_normal (&random) + (i % 200 == 0 ? 30 : 0);
      counts[(size_t) CLAMP (v, 0, BINS - 1)]++;
      compare[(size_t) CLAMP (v * 0.9 + 2, 0, BINS - 1)]++;
    }
  SpqrHistogram plot = {
    .counts = counts, .bins = BINS, .x = { SPQR_SCALE_LOG, 1e-9, 1e-2, 1 }, .log_counts = true,
    .has_threshold = true, .threshold = 1.6e-5, .threshold_name = "τ",
    .title = "Sensitivity", .subtitle = "Layer 17 · mlp.down_proj", .x_label = "sensitivity", .y_label = "weights",
  };
  golden_check ("histogram-log-light", 640, 260, SPQR_THEME_LIGHT, draw_histogram, &plot);
  golden_check ("histogram-log-dark", 640, 260, SPQR_THEME_DARK, draw_histogram, &plot);
  plot.log_counts = false;
  plot.compare = compare;
  plot.x = (SpqrScale) { SPQR_SCALE_LINEAR, -0.12, 0.12, 1 };
  plot.threshold = 0.08;
  plot.title = NULL;
  golden_check ("histogram-compare-light", 420, 200, SPQR_THEME_LIGHT, draw_histogram, &plot);
  plot.in_series = true;
  plot.series = 0;
  plot.compare_series = 1;
  golden_check ("histogram-series-dark", 420, 200, SPQR_THEME_DARK, draw_histogram, &plot);
}

static void
draw_grid (cairo_t *cr, const SpqrTheme *theme, double width, double height, gconstpointer data)
{
  const SpqrGrid *plot = data;
  spqr_grid_draw (plot, cr, theme, width, height);
  g_auto (SpqrInk) ink = { 0 };
  SpqrGridLayout layout;
  spqr_ink_init (&ink, cr, theme);
  spqr_grid_layout (plot, theme, width, height, &layout);
  spqr_grid_draw_pointer (plot, &ink, &layout, 4, plot->cols / 2);
}

static void
test_grid (void)
{
  if (!golden_font_available ())
    return;
  enum { ROWS = 7, COLS = 30 };
  static const char *const roles[ROWS] = { "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj" };
  double values[ROWS * COLS];
  DemoRandom random = { 11 };
  for (size_t i = 0; i < ROWS; i++)
    for (size_t j = 0; j < COLS; j++)
      values[i * COLS + j] = 0.002 * exp (0.4 * demo_normal (&random) + (i == 2 || i == 6 ? 1.1 : 0) + (j < 2 ? 1.5 : 0) + 0.02 * (double) j);
  values[0] = NAN;
  for (size_t i = 3; i < ROWS; i++)
    values[i * COLS + 29] = NAN;
  SpqrGrid plot;
  spqr_grid_init (&plot, ROWS, COLS, values);
  plot.row_labels = roles;
  plot.col_name = "block";
  plot.scale = spqr_scale_make (SPQR_SCALE_LOG, 0.0008, 0.03);
  plot.format = spqr_format_percent_finely;
  plot.value_format = SPQR_AXIS_PERCENT;
  plot.title = "SmolLM2-135M";
  plot.subtitle = "Share of outliers";
  plot.value_label = "outliers";
  plot.selected_row = 6;
  plot.selected_col = 17;
  golden_check ("grid-light", 860, 330, SPQR_THEME_LIGHT, draw_grid, &plot);
  golden_check ("grid-dark", 860, 330, SPQR_THEME_DARK, draw_grid, &plot);
  plot.cols = 12;
  plot.colormap = SPQR_COLORMAP_TIDE;
  plot.selected_col = 3;
  golden_check ("grid-values-light", 860, 400, SPQR_THEME_LIGHT, draw_grid, &plot);
}

static void
draw_scatter (cairo_t *cr, const SpqrTheme *theme, double width, double height, gconstpointer data)
{
  const SpqrScatter *plot = data;
  spqr_scatter_draw (plot, cr, theme, width, height);
  g_auto (SpqrInk) ink = { 0 };
  SpqrScatterLayout layout;
  spqr_ink_init (&ink, cr, theme);
  spqr_scatter_layout (plot, theme, width, height, &layout);
  spqr_scatter_draw_hover (plot, &ink, &layout, 1);
}

static void
test_scatter (void)
{
  if (!golden_font_available ())
    return;
  static const SpqrScatterPoint points[] = {
    { 3.63, 18.9, "3 bit, τ 0.2", true, false, 0 }, { 3.94, 18.2, "3 bit, groups of 8", false, false, 0 },
    { 4.63, 17.66, "near-lossless", true, false, 0 }, { 4.0, 19.6, "GPTQ 4", false, false, 1 },
    { 4.0, 22.1, "RTN 4", false, false, 1 }, { 3.0, 27.5, "GPTQ 3", false, false, 1 },
    { 3.3, 21.0, "3 bit, groups of 64", false, false, 0 }, { 4.27, 17.9, "squeeze 4.27", false, true, 2 },
    { 5.1, 17.62, NULL, false, false, 0 }, { 5.2, 17.9, NULL, false, false, 0 },
  };
  SpqrScatter plot = {
    .points = points, .n = G_N_ELEMENTS (points), .show_front = true, .y_kind = SPQR_SCALE_LINEAR,
    .title = "Runs", .subtitle = "SmolLM2-135M, WikiText-2", .x_label = "bits per weight", .y_label = "perplexity",
  };
  golden_check ("scatter-light", 640, 400, SPQR_THEME_LIGHT, draw_scatter, &plot);
  golden_check ("scatter-dark", 640, 400, SPQR_THEME_DARK, draw_scatter, &plot);
}

static void
draw_lines (cairo_t *cr, const SpqrTheme *theme, double width, double height, gconstpointer data)
{
  const SpqrLines *plot = data;
  spqr_lines_draw (plot, cr, theme, width, height);
  g_auto (SpqrInk) ink = { 0 };
  SpqrLinesLayout layout;
  spqr_ink_init (&ink, cr, theme);
  spqr_lines_layout (plot, theme, width, height, &layout);
  spqr_lines_draw_hover (plot, &ink, &layout, 17, 1);
}

static void
test_lines (void)
{
  if (!golden_font_available ())
    return;
  enum { LAYERS = 30 };
  double a[LAYERS], b[LAYERS], c[LAYERS];
  DemoRandom random = { 23 };
  for (size_t i = 0; i < LAYERS; i++)
    {
      double base = 0.012 + 0.0006 * (double) i + (i == 1 ? 0.02 : 0) + (i == 29 ? 0.012 : 0);
      a[i] = base * (1 + 0.08 * demo_normal (&random));
      b[i] = base * 1.35 * (1 + 0.08 * demo_normal (&random));
      c[i] = i > 8 && i < 13 ? NAN : base * 2 * (1 + 0.08 * demo_normal (&random));
    }
  const SpqrLineSeries series[] = {
    { "near-lossless", a, LAYERS, 0, false }, { "3 bit, τ 0.2", b, LAYERS, 1, false }, { "GPTQ 3", c, LAYERS, 2, true },
  };
  SpqrLines plot = {
    .series = series, .n_series = 3, .y_kind = SPQR_SCALE_LINEAR, .y_format = SPQR_AXIS_PERCENT, .from_zero = true,
    .title = "Error by block", .x_label = "block", .y_label = "output error",
  };
  golden_check ("lines-light", 640, 340, SPQR_THEME_LIGHT, draw_lines, &plot);
  golden_check ("lines-dark", 640, 340, SPQR_THEME_DARK, draw_lines, &plot);
  plot.y_kind = SPQR_SCALE_LOG;
  golden_check ("lines-log-light", 480, 260, SPQR_THEME_LIGHT, draw_lines, &plot);
  /* Names of the positions, where there is room for them; else the groups alone. */
  static const char *const roles[] = { "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj" };
  static const char *const blocks[] = { "0", "1", "2", "3", "4" };
  const char *groups[LAYERS], *ticks[LAYERS];
  for (size_t i = 0; i < LAYERS; i++)
    {
      groups[i] = blocks[i / G_N_ELEMENTS (roles)];
      ticks[i] = roles[i % G_N_ELEMENTS (roles)];
    }
  plot.y_kind = SPQR_SCALE_LINEAR;
  plot.groups = groups;
  plot.ticks = ticks;
  golden_check ("lines-named-light", 640, 400, SPQR_THEME_LIGHT, draw_lines, &plot);
  golden_check ("lines-grouped-light", 360, 260, SPQR_THEME_LIGHT, draw_lines, &plot);
}

static void
draw_budget (cairo_t *cr, const SpqrTheme *theme, double width, double height, gconstpointer data)
{
  spqr_budget_draw (data, cr, theme, width, height);
}

static void
test_budget (void)
{
  if (!golden_font_available ())
    return;
  static const SpqrBudgetPart parts[] = { { "weights", 3 }, { "scales and zeros", 0.375 }, { "second order", 0.25 }, { "outliers", 0.128 } };
  SpqrBudget plot = { .parts = parts, .n = 4, .target = 4, .title = "per weight" };
  golden_check ("budget-light", 460, 96, SPQR_THEME_LIGHT, draw_budget, &plot);
  golden_check ("budget-dark", 300, 112, SPQR_THEME_DARK, draw_budget, &plot);
}

/* All colour maps at once: what a change of their stops would do. */
static void
draw_colormaps (cairo_t *cr, const SpqrTheme *theme, double width, double height, gconstpointer data)
{
  g_auto (SpqrInk) ink = { 0 };
  spqr_ink_init (&ink, cr, theme);
  spqr_ink_fill (&ink, &theme->background, 0, 0, width, height);
  for (int m = 0; m < SPQR_N_COLORMAPS; m++)
    {
      SpqrRect bar = { 100, 14 + 46 * m, width - 120, 16 };
      SpqrScale scale = spqr_colormap_is_diverging (m) ? spqr_scale_make (SPQR_SCALE_SYMLOG, -0.2, 0.2)
                                                       : spqr_scale_make (m == 1 ? SPQR_SCALE_LINEAR : SPQR_SCALE_LOG, 1e-6, 0.1);
      spqr_ink_text (&ink, SPQR_TEXT_BODY, &theme->ink, spqr_colormap_id (m), 90, bar.y + 8, 1, 0.5, 0);
      spqr_colorbar_draw (&ink, &bar, m, false, &scale, NULL, SPQR_AXIS_NUMBER);
      SpqrColor mark = spqr_colormap_mark_color (m);
      for (double x = bar.x + 10; x < bar.x + bar.width; x += 30)
        spqr_ink_fill (&ink, &mark, x, bar.y + 6, 4, 4);
    }
}

static void
test_colormaps (void)
{
  if (!golden_font_available ())
    return;
  golden_check ("colormaps-light", 520, 200, SPQR_THEME_LIGHT, draw_colormaps, NULL);
  golden_check ("colormaps-dark", 520, 200, SPQR_THEME_DARK_HIGH_CONTRAST, draw_colormaps, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plot/colormaps", test_colormaps);
  g_test_add_func ("/plot/histogram", test_histogram);
  g_test_add_func ("/plot/grid", test_grid);
  g_test_add_func ("/plot/scatter", test_scatter);
  g_test_add_func ("/plot/lines", test_lines);
  g_test_add_func ("/plot/budget", test_budget);
  g_test_add_func ("/plot/heatmap/overview", test_heatmap_overview);
  g_test_add_func ("/plot/heatmap/cells", test_heatmap_cells);
  return g_test_run ();
}
