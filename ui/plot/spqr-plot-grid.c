#include "plot/spqr-plot-grid.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "plot/spqr-format.h"
#include "plot/spqr-plot-heatmap.h"

enum { MARGIN = 12, MAX_CELL_WIDTH = 140, MAX_CELL_HEIGHT = 64, COLORBAR = 10, COLORBAR_WIDTH = 300, LABEL_GAP = 10 };

void
spqr_grid_init (SpqrGrid *plot, size_t rows, size_t cols, const double *values)
{
  *plot = (SpqrGrid) {
    .rows = rows, .cols = cols, .values = values,
    .scale = { SPQR_SCALE_LINEAR, 0, 1, 1 },
    .selected_row = -1, .selected_col = -1,
    .show_colorbar = true, .show_values = true,
  };
}

static double
row_labels_width (const SpqrGrid *plot, SpqrInk *ink)
{
  double w = plot->col_name ? spqr_ink_width (ink, SPQR_TEXT_SMALL, plot->col_name) : 0;
  for (size_t i = 0; plot->row_labels && i < plot->rows; i++)
    w = MAX (w, spqr_ink_width (ink, SPQR_TEXT_BODY, plot->row_labels[i]));
  return ceil (w);
}

static void
layout_with_ink (const SpqrGrid *plot, SpqrInk *ink, double width, double height, SpqrGridLayout *l)
{
  double line = ceil (spqr_ink_height (ink, SPQR_TEXT_SMALL));
  *l = (SpqrGridLayout) { .width = width, .height = height, .rows = plot->rows, .cols = plot->cols };
  double left = MIN (MARGIN + row_labels_width (plot, ink) + LABEL_GAP, floor (width * 0.4));
  double top = MARGIN + (plot->title ? ceil (spqr_ink_height (ink, SPQR_TEXT_TITLE)) + 10 : 0) + line + 6;
  bool colorbar = plot->show_colorbar && height >= 140;
  double bottom = MARGIN + (colorbar ? COLORBAR + 6 + line + 18 : 0);
  if (plot->rows == 0 || plot->cols == 0)
    return;
  double w = MIN (MAX_CELL_WIDTH, (width - left - MARGIN) / (double) plot->cols);
  double h = MIN (MAX_CELL_HEIGHT, (height - top - bottom) / (double) plot->rows);
  /* Whole pixels where there are some to give away: all cells equally wide. */
  l->cell_width = MAX (1, w >= 3 ? floor (w) : w);
  l->cell_height = MAX (1, h >= 3 ? floor (h) : h);
  l->gap = MIN (l->cell_width, l->cell_height) >= 12 ? 2 : MIN (l->cell_width, l->cell_height) >= 5 ? 1 : 0;
  l->cells = (SpqrRect) { ceil (left), ceil (top), l->cell_width * (double) plot->cols, l->cell_height * (double) plot->rows };
  if (colorbar)
    {
      double label = plot->value_label ? ceil (spqr_ink_width (ink, SPQR_TEXT_SMALL, plot->value_label)) + 10 : 0;
      double y = MIN (height - MARGIN - line - 6 - COLORBAR, l->cells.y + l->cells.height + 18);
      /* Where the name is longer than the gutter, it starts at the margin. */
      double x = MAX (l->cells.x, MARGIN + label);
      l->colorbar = (SpqrRect) { x, y, MAX (20, MIN (COLORBAR_WIDTH, floor ((width - MARGIN - x) * 0.5))), COLORBAR };
      double rx = l->colorbar.x + l->colorbar.width + 32;
      l->readout = (SpqrRect) { rx, y - 4, MAX (0, width - MARGIN - rx), COLORBAR + 8 };
    }
}

void
spqr_grid_layout (const SpqrGrid *plot, const SpqrTheme *theme, double width, double height, SpqrGridLayout *l)
{
  g_auto (SpqrInk) ink = { 0 };
  spqr_ink_init (&ink, NULL, theme);
  layout_with_ink (plot, &ink, width, height, l);
}

void
spqr_grid_natural_size (const SpqrGrid *plot, const SpqrTheme *theme, double *width, double *height)
{
  g_auto (SpqrInk) ink = { 0 };
  spqr_ink_init (&ink, NULL, theme);
  double line = ceil (spqr_ink_height (&ink, SPQR_TEXT_SMALL));
  *width = 2 * MARGIN + row_labels_width (plot, &ink) + LABEL_GAP + 22.0 * (double) plot->cols;
  *height = 2 * MARGIN + (plot->title ? ceil (spqr_ink_height (&ink, SPQR_TEXT_TITLE)) + 10 : 0) + line + 6
            + 26.0 * (double) plot->rows + (plot->show_colorbar ? COLORBAR + 24 + line : 0);
}

bool
spqr_grid_layout_cell_at (const SpqrGridLayout *l, double x, double y, size_t *row, size_t *col)
{
  if (l->rows == 0 || l->cols == 0 || !spqr_rect_contains (&l->cells, x, y))
    return false;
  *row = MIN (l->rows - 1, (size_t) ((y - l->cells.y) / l->cell_height));
  *col = MIN (l->cols - 1, (size_t) ((x - l->cells.x) / l->cell_width));
  return true;
}

void
spqr_grid_layout_cell_rect (const SpqrGridLayout *l, size_t row, size_t col, SpqrRect *r)
{
  *r = (SpqrRect) { l->cells.x + (double) col * l->cell_width, l->cells.y + (double) row * l->cell_height,
                    l->cell_width - l->gap, l->cell_height - l->gap };
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

double
spqr_grid_step (const double *values, size_t n)
{
  g_autofree double *sorted = g_new (double, n + 1);
  size_t k = 0;
  for (size_t i = 0; i < n; i++)
    if (isfinite (values[i]))
      sorted[k++] = values[i];
  if (k == 0)
    return 0;
  qsort (sorted, k, sizeof *sorted, compare_doubles);
  double middle = sorted[k - 1 - k / 4] - sorted[k / 4];
  return (middle > 0 ? middle : sorted[k - 1] - sorted[0]) / 4;
}

static char *
format_value (const SpqrGrid *plot, double value)
{
  if (isnan (value))
    return g_strdup ("–");
  return plot->format ? plot->format (value, plot->step) : spqr_format_value_finely (value, 3, plot->step);
}

static void
draw_cell (const SpqrGrid *plot, SpqrInk *ink, const SpqrGridLayout *l, size_t row, size_t col)
{
  const SpqrTheme *t = ink->theme;
  double value = plot->values ? plot->values[row * plot->cols + col] : NAN;
  SpqrRect r;
  spqr_grid_layout_cell_rect (l, row, col, &r);
  if (isnan (value))
    {
      spqr_ink_fill (ink, &t->surface, r.x, r.y, r.width, r.height);
      spqr_ink_hatch (ink, &t->missing, &r, 6);
      return;
    }
  SpqrColor color = spqr_colorbar_color (plot->colormap, plot->reversed, &plot->scale, t, value);
  spqr_color_set_source (&color, ink->cr);
  if (l->gap >= 2)
    spqr_ink_round_rect (ink, r.x, r.y, r.width, r.height, 3);
  else
    cairo_rectangle (ink->cr, r.x, r.y, r.width, r.height);
  cairo_fill (ink->cr);
  if (!plot->show_values || r.height < 18 || r.width < 36)
    return;
  g_autofree char *text = format_value (plot, value);
  if (spqr_ink_width (ink, SPQR_TEXT_SMALL, text) > r.width - 4)
    return;
  static const SpqrColor white = { 1, 1, 1, 1 }, black = { 0.05, 0.05, 0.06, 1 };
  bool dark = spqr_color_contrast (&color, &white) > spqr_color_contrast (&color, &black);
  spqr_ink_text (ink, SPQR_TEXT_SMALL, dark ? &white : &black, text, r.x + r.width / 2, r.y + r.height / 2, 0.5, 0.5, 0);
}

static void
draw_labels (const SpqrGrid *plot, SpqrInk *ink, const SpqrGridLayout *l)
{
  const SpqrTheme *t = ink->theme;
  double line = spqr_ink_height (ink, SPQR_TEXT_BODY), right = l->cells.x - LABEL_GAP;
  size_t every = (size_t) MAX (1, ceil (line * 0.9 / l->cell_height));
  for (size_t i = 0; plot->row_labels && i < plot->rows; i += every)
    spqr_ink_text (ink, SPQR_TEXT_BODY, (ptrdiff_t) i == plot->selected_row ? &t->ink : &t->dim, plot->row_labels[i], right,
                   l->cells.y + ((double) i + 0.5) * l->cell_height - l->gap / 2, 1, 0.5, right - MARGIN + 1);
  /* Column labels at a step of 1, 2, 5, 10 … that leaves room between them. */
  double widest = 0;
  for (size_t j = 0; j < plot->cols; j++)
    {
      g_autofree char *number = g_strdup_printf ("%zu", j);
      widest = MAX (widest, spqr_ink_width (ink, SPQR_TEXT_SMALL, plot->col_labels ? plot->col_labels[j] : number));
    }
  size_t step = 1;
  while ((double) step * l->cell_width < widest + 6 && step < plot->cols)
    step = step == 1 ? 2 : step == 2 ? 5 : step == 5 ? 10 : step * 2;
  for (size_t j = 0; j < plot->cols; j += step)
    {
      g_autofree char *number = g_strdup_printf ("%zu", j);
      spqr_ink_text (ink, SPQR_TEXT_SMALL, (ptrdiff_t) j == plot->selected_col ? &t->ink : &t->dim, plot->col_labels ? plot->col_labels[j] : number,
                     l->cells.x + ((double) j + 0.5) * l->cell_width - l->gap / 2, l->cells.y - 5, 0.5, 1, 0);
    }
  if (plot->col_name)
    spqr_ink_text (ink, SPQR_TEXT_SMALL, &t->dim, plot->col_name, right, l->cells.y - 5, 1, 1, right - MARGIN + 1);
}

static void
outline_cell (SpqrInk *ink, const SpqrGridLayout *l, size_t row, size_t col, const SpqrColor *color, double line)
{
  SpqrRect r;
  spqr_grid_layout_cell_rect (l, row, col, &r);
  spqr_ink_round_rect (ink, r.x - line / 2, r.y - line / 2, r.width + line, r.height + line, 4);
  cairo_set_line_width (ink->cr, line + 2);
  spqr_color_set_source (&ink->theme->background, ink->cr);
  cairo_stroke_preserve (ink->cr);
  cairo_set_line_width (ink->cr, line);
  spqr_color_set_source (color, ink->cr);
  cairo_stroke (ink->cr);
}

void
spqr_grid_draw (const SpqrGrid *plot, cairo_t *cr, const SpqrTheme *theme, double width, double height)
{
  g_auto (SpqrInk) ink = { 0 };
  spqr_ink_init (&ink, cr, theme);
  SpqrGridLayout l;
  layout_with_ink (plot, &ink, width, height, &l);
  spqr_ink_fill (&ink, &theme->background, 0, 0, width, height);
  if (plot->title)
    {
      double h = ceil (spqr_ink_height (&ink, SPQR_TEXT_TITLE)), room = width - 2 * MARGIN;
      double w = spqr_ink_text (&ink, SPQR_TEXT_TITLE, &theme->ink, plot->title, MARGIN, MARGIN + h / 2, 0, 0.5, room);
      if (plot->subtitle && room - w > 60)
        spqr_ink_text (&ink, SPQR_TEXT_BODY, &theme->dim, plot->subtitle, MARGIN + w + 12, MARGIN + h / 2 + 1, 0, 0.5, room - w - 12);
    }
  if (plot->rows == 0 || plot->cols == 0)
    return;
  draw_labels (plot, &ink, &l);
  for (size_t i = 0; i < plot->rows; i++)
    for (size_t j = 0; j < plot->cols; j++)
      draw_cell (plot, &ink, &l, i, j);
  if (plot->selected_row >= 0 && plot->selected_col >= 0 && (size_t) plot->selected_row < plot->rows && (size_t) plot->selected_col < plot->cols)
    outline_cell (&ink, &l, (size_t) plot->selected_row, (size_t) plot->selected_col, &theme->accent, 3);
  if (l.colorbar.width > 0)
    {
      if (plot->value_label)
        spqr_ink_text (&ink, SPQR_TEXT_SMALL, &theme->dim, plot->value_label, l.colorbar.x - LABEL_GAP, l.colorbar.y + COLORBAR / 2.0, 1, 0.5, 0);
      spqr_colorbar_draw (&ink, &l.colorbar, plot->colormap, plot->reversed, &plot->scale, NULL, plot->value_format);
    }
}

char *
spqr_grid_readout (const SpqrGrid *plot, size_t row, size_t col)
{
  if (row >= plot->rows || col >= plot->cols)
    return g_strdup ("");
  g_autofree char *value = format_value (plot, plot->values ? plot->values[row * plot->cols + col] : NAN);
  g_autofree char *number = g_strdup_printf ("%zu", col);
  const char *name = plot->col_name ? plot->col_name : "", *space = plot->col_name ? " " : "";
  return g_strdup_printf ("%s%s%s · %s · %s", name, space, plot->col_labels ? plot->col_labels[col] : number,
                          plot->row_labels ? plot->row_labels[row] : "", value);
}

void
spqr_grid_draw_pointer (const SpqrGrid *plot, SpqrInk *ink, const SpqrGridLayout *l, size_t row, size_t col)
{
  if (row >= l->rows || col >= l->cols)
    return;
  outline_cell (ink, l, row, col, &ink->theme->ink, 2);
  g_autofree char *text = spqr_grid_readout (plot, row, col);
  const SpqrRect *r = &l->readout;
  if (r->width > 40)
    spqr_ink_text (ink, SPQR_TEXT_BODY, &ink->theme->ink, text, r->x + r->width, r->y + r->height / 2, 1, 0.5, r->width);
}
