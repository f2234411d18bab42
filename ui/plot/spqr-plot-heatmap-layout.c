#include "plot/spqr-plot-heatmap.h"

#include <math.h>

#include "plot/spqr-format.h"

enum { MARGIN = 12, PROFILE = 36, GAP = 6, COLORBAR = 10, COLORBAR_WIDTH = 300 };

void
spqr_heatmap_init (SpqrHeatmap *plot, const SpqrFieldData *field)
{
  *plot = (SpqrHeatmap) {
    .field = field,
    .view = spqr_viewport_full (field),
    .scale = { SPQR_SCALE_LINEAR, 0, 1, 1 },
    .show_profiles = true,
    .show_colorbar = true,
    .show_values = true,
  };
  if (field)
    plot->scale = spqr_scale_make (SPQR_SCALE_LINEAR, field->pyramid.min, field->pyramid.max);
}

SpqrViewport
spqr_viewport_full (const SpqrFieldData *field)
{
  return (SpqrViewport) { 0, field ? (double) field->rows : 1, 0, field ? (double) field->cols : 1 };
}

static size_t
count_rulers (const SpqrHeatmap *plot, SpqrRulerSide side)
{
  size_t n = 0;
  for (size_t i = 0; i < plot->n_rulers; i++)
    n += plot->rulers[i].side == side;
  return n;
}

static double
row_label_width (const SpqrHeatmap *plot, SpqrInk *ink)
{
  g_autofree char *widest = spqr_format_integer (plot->field ? plot->field->rows : 0);
  double w = spqr_ink_width (ink, SPQR_TEXT_SMALL, widest);
  if (plot->row_label)
    w = MAX (w, spqr_ink_width (ink, SPQR_TEXT_SMALL, plot->row_label));
  return ceil (w) + 8;
}

void
spqr_heatmap_layout (const SpqrHeatmap *plot, const SpqrTheme *theme, double width, double height,
                     SpqrHeatmapLayout *l)
{
  g_auto (SpqrInk) ink = { 0 };
  spqr_ink_init (&ink, NULL, theme);
  double line = ceil (spqr_ink_height (&ink, SPQR_TEXT_SMALL));
  *l = (SpqrHeatmapLayout) { .width = width, .height = height, .view = plot->view };
  l->rows = plot->field ? plot->field->rows : 0;
  l->cols = plot->field ? plot->field->cols : 0;
  bool colorbar = plot->show_colorbar && height >= 200;
  bool col_profile = plot->show_profiles && height >= 260, row_profile = plot->show_profiles && width >= 320;
  double row_bands = (double) count_rulers (plot, SPQR_RULER_ROWS) * SPQR_HEATMAP_BAND;
  double col_bands = (double) count_rulers (plot, SPQR_RULER_COLUMNS) * SPQR_HEATMAP_BAND;

  double left = MARGIN + row_label_width (plot, &ink) + (row_bands > 0 ? row_bands + 2 : 0);
  /* The names of the columns' rulers stand at the right, beside their bands. */
  double right_text = plot->col_label ? spqr_ink_width (&ink, SPQR_TEXT_SMALL, plot->col_label) + 8 : 0;
  for (size_t i = 0; i < plot->n_rulers; i++)
    if (plot->rulers[i].side == SPQR_RULER_COLUMNS)
      right_text = MAX (right_text, spqr_ink_width (&ink, SPQR_TEXT_SMALL, plot->rulers[i].name) + 8);
  double right = MARGIN + MAX (row_profile ? PROFILE + GAP : 0, ceil (right_text));
  double top = MARGIN;
  if (plot->title)
    {
      double h = ceil (spqr_ink_height (&ink, SPQR_TEXT_TITLE));
      l->title = (SpqrRect) { MARGIN, top, MAX (1, width - 2 * MARGIN), h };
      top += h + 8;
    }
  double axis_top = top;
  top += line + 5;
  double profile_top = top;
  top += col_profile ? PROFILE + 2 : 0;
  double bands_top = top;
  top += col_bands > 0 ? col_bands + 2 : 0;
  double bottom = MARGIN + (plot->row_label ? line + 2 : 0);
  if (colorbar)
    bottom += COLORBAR + 6 + line + (plot->row_label ? 4 : 16);

  l->matrix = (SpqrRect) { ceil (left), ceil (top), MAX (1, floor (width - left - right)), MAX (1, floor (height - top - bottom)) };
  const SpqrRect *m = &l->matrix;
  l->col_axis = (SpqrRect) { m->x, axis_top, m->width, line + 5 };
  l->row_axis = (SpqrRect) { MARGIN, m->y, m->x - (row_bands > 0 ? row_bands + 2 : 0) - MARGIN, m->height };
  if (col_profile)
    l->col_profile = (SpqrRect) { m->x, profile_top, m->width, PROFILE };
  if (row_profile)
    l->row_profile = (SpqrRect) { m->x + m->width + GAP - 2, m->y, PROFILE, m->height };
  if (col_bands > 0)
    l->col_bands = (SpqrRect) { m->x, bands_top, m->width, col_bands };
  if (row_bands > 0)
    l->row_bands = (SpqrRect) { m->x - row_bands - 2, m->y, row_bands, m->height };
  if (colorbar)
    {
      double y = height - MARGIN - line - 6 - COLORBAR;
      double label = plot->value_label ? ceil (spqr_ink_width (&ink, SPQR_TEXT_SMALL, plot->value_label)) + 10 : 0;
      l->colorbar = (SpqrRect) { m->x + label, y, MAX (20, MIN (COLORBAR_WIDTH, floor ((width - MARGIN - m->x - label) * 0.55))), COLORBAR };
      double x = l->colorbar.x + l->colorbar.width + 32;
      l->readout = (SpqrRect) { x, y - 4, MAX (0, width - MARGIN - x), COLORBAR + 8 };
    }
}

void
spqr_heatmap_layout_position (const SpqrHeatmapLayout *l, double x, double y, double *row, double *col)
{
  *row = l->view.row0 + (y - l->matrix.y) / l->matrix.height * (l->view.row1 - l->view.row0);
  *col = l->view.col0 + (x - l->matrix.x) / l->matrix.width * (l->view.col1 - l->view.col0);
}

bool
spqr_heatmap_layout_cell_at (const SpqrHeatmapLayout *l, double x, double y, size_t *row, size_t *col)
{
  double r, c;
  spqr_heatmap_layout_position (l, x, y, &r, &c);
  if (!spqr_rect_contains (&l->matrix, x, y) || !(r >= 0 && c >= 0 && r < (double) l->rows && c < (double) l->cols))
    return false;
  *row = (size_t) r;
  *col = (size_t) c;
  return true;
}

bool
spqr_heatmap_loudest_at (const SpqrHeatmap *plot, const SpqrHeatmapLayout *l, double x, double y, size_t *row, size_t *col)
{
  const SpqrFieldData *f = plot->field;
  if (!f || !spqr_heatmap_layout_cell_at (l, x, y, row, col))
    return false;
  double r0, r1, c0, c1;
  spqr_heatmap_layout_position (l, floor (x), floor (y), &r0, &c0);
  spqr_heatmap_layout_position (l, floor (x) + 1, floor (y) + 1, &r1, &c1);
  if (r1 - r0 <= 1 && c1 - c0 <= 1)
    return true;
  float best = -1;
  for (size_t i = (size_t) MAX (0, r0); i < (size_t) MIN (ceil (r1), (double) f->rows); i++)
    for (size_t j = (size_t) MAX (0, c0); j < (size_t) MIN (ceil (c1), (double) f->cols); j++)
      if (fabsf (f->values[i * f->cols + j]) > best)
        {
          best = fabsf (f->values[i * f->cols + j]);
          *row = i;
          *col = j;
        }
  return true;
}

void
spqr_heatmap_layout_cell_rect (const SpqrHeatmapLayout *l, size_t row, size_t col, SpqrRect *rect)
{
  double h = l->matrix.height / (l->view.row1 - l->view.row0), w = l->matrix.width / (l->view.col1 - l->view.col0);
  *rect = (SpqrRect) { l->matrix.x + ((double) col - l->view.col0) * w, l->matrix.y + ((double) row - l->view.row0) * h, w, h };
}

bool
spqr_heatmap_minimap (const SpqrHeatmapLayout *l, SpqrRect *map, SpqrRect *seen)
{
  const SpqrRect *m = &l->matrix;
  const SpqrViewport *v = &l->view;
  double rows = (double) l->rows, cols = (double) l->cols;
  double part = (v->row1 - v->row0) * (v->col1 - v->col0) / MAX (rows * cols, 1);
  if (l->rows < 2 || l->cols < 2 || !(part < 0.95) || m->width < 260 || m->height < 180)
    return false;
  double width = CLAMP (round (m->width * 0.2), 80, 170), height = CLAMP (round (width * m->height / m->width), 40, 130);
  *map = (SpqrRect) { m->x + m->width - width - MARGIN, m->y + m->height - height - MARGIN, width, height };
  /* However little is seen: never lost, never outside. */
  double w = CLAMP ((v->col1 - v->col0) / cols * width, 5, width), h = CLAMP ((v->row1 - v->row0) / rows * height, 5, height);
  double x = map->x + (v->col0 + v->col1) / 2 / cols * width - w / 2, y = map->y + (v->row0 + v->row1) / 2 / rows * height - h / 2;
  *seen = (SpqrRect) { CLAMP (x, map->x, map->x + width - w), CLAMP (y, map->y, map->y + height - h), w, h };
  return true;
}
