#include "plot/spqr-plot-heatmap.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "plot/spqr-format.h"

SpqrColor
spqr_colorbar_color (SpqrColormap map, bool reversed, const SpqrScale *scale, const SpqrTheme *theme, double value)
{
  double t = spqr_scale_apply (scale, value);
  if (isnan (t))
    return theme->missing;
  t = CLAMP (t, 0, 1);
  return spqr_colormap_color (map, reversed ? 1 - t : t);
}

void
spqr_colorbar_draw (SpqrInk *ink, const SpqrRect *bar, SpqrColormap map, bool reversed, const SpqrScale *scale,
                    const SpqrScale *shown, SpqrAxisFormat format)
{
  enum { STOPS = 128 };
  const SpqrScale *axis_scale = shown ? shown : scale;
  cairo_pattern_t *gradient = cairo_pattern_create_linear (bar->x, 0, bar->x + bar->width, 0);
  for (int i = 0; i <= STOPS; i++)
    {
      double at = (double) i / STOPS, t = shown ? spqr_scale_apply (scale, spqr_scale_invert (shown, at)) : at;
      SpqrColor c = spqr_colormap_color (map, reversed ? 1 - t : t);
      cairo_pattern_add_color_stop_rgb (gradient, at, c.red, c.green, c.blue);
    }
  cairo_set_source (ink->cr, gradient);
  cairo_rectangle (ink->cr, bar->x, bar->y, bar->width, bar->height);
  cairo_fill (ink->cr);
  cairo_pattern_destroy (gradient);
  spqr_ink_frame (ink, &ink->theme->frame, bar);
  SpqrAxis axis;
  spqr_axis_init_telling (&axis, axis_scale, (size_t) CLAMP (bar->width / 52, 2, 8), format);
  spqr_axis_draw_below (&axis, ink, bar, false);
}

double
spqr_heatmap_bar_x (const SpqrHeatmap *plot, const SpqrHeatmapLayout *l, double value)
{
  double t = spqr_scale_apply (plot->has_bar ? &plot->bar : &plot->scale, value);
  return l->colorbar.x + (isnan (t) ? 0 : t) * l->colorbar.width;
}

double
spqr_heatmap_bar_value (const SpqrHeatmap *plot, const SpqrHeatmapLayout *l, double x)
{
  return spqr_scale_invert (plot->has_bar ? &plot->bar : &plot->scale, (x - l->colorbar.x) / MAX (l->colorbar.width, 1));
}

/* Pixels a user unit: what the surface has, or 300 dpi on paper. */
static double
device_scale (cairo_t *cr)
{
  cairo_surface_type_t type = cairo_surface_get_type (cairo_get_target (cr));
  double x = 1, y = 0, sx, sy;
  cairo_user_to_device_distance (cr, &x, &y);
  cairo_surface_get_device_scale (cairo_get_target (cr), &sx, &sy);
  double s = hypot (x * sx, y * sy);
  if (type == CAIRO_SURFACE_TYPE_PDF || type == CAIRO_SURFACE_TYPE_SVG || type == CAIRO_SURFACE_TYPE_PS)
    s *= 300.0 / 72;
  return CLAMP (s, 0.25, 16);
}

static void
draw_message (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrRect *m)
{
  const SpqrTheme *t = ink->theme;
  spqr_ink_fill (ink, &t->surface, m->x, m->y, m->width, m->height);
  if (plot->message)
    spqr_ink_text (ink, SPQR_TEXT_BODY, &t->dim, plot->message, m->x + m->width / 2, m->y + m->height / 2, 0.5, 0.5, m->width - 16);
}

void
spqr_heatmap_draw_matrix (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrHeatmapLayout *l)
{
  const SpqrRect *m = &l->matrix;
  if (!plot->field || plot->message)
    {
      draw_message (plot, ink, m);
      return;
    }
  double scale = device_scale (ink->cr);
  int w = (int) CLAMP (round (m->width * scale), 1, 16384), h = (int) CLAMP (round (m->height * scale), 1, 16384);
  cairo_surface_t *image = cairo_image_surface_create (CAIRO_FORMAT_RGB24, w, h);
  if (cairo_surface_status (image) == CAIRO_STATUS_SUCCESS)
    {
      cairo_surface_flush (image);
      spqr_heatmap_render (plot, &l->view, (size_t) w, (size_t) h, (size_t) cairo_image_surface_get_stride (image) / 4, scale,
                           (uint32_t *) (void *) cairo_image_surface_get_data (image), NULL);
      cairo_surface_mark_dirty (image);
      cairo_save (ink->cr);
      cairo_translate (ink->cr, m->x, m->y);
      cairo_scale (ink->cr, m->width / w, m->height / h);
      cairo_set_source_surface (ink->cr, image, 0, 0);
      cairo_pattern_set_filter (cairo_get_source (ink->cr), CAIRO_FILTER_NEAREST);
      cairo_rectangle (ink->cr, 0, 0, w, h);
      cairo_fill (ink->cr);
      cairo_restore (ink->cr);
    }
  cairo_surface_destroy (image);
  spqr_heatmap_draw_cells (plot, ink, &l->view, m);
  spqr_heatmap_draw_lines (plot, ink, &l->view, m);
}

char *
spqr_heatmap_readout (const SpqrHeatmap *plot, size_t row, size_t col)
{
  const SpqrFieldData *f = plot->field;
  if (!f || row >= f->rows || col >= f->cols)
    return g_strdup ("");
  double v = f->values[row * f->cols + col];
  g_autofree char *value = v != 0 && isfinite (v) && (fabs (v) < 1e-3 || fabs (v) >= 1e6) ? spqr_format_sci (v) : spqr_format_value (v, 4);
  g_autofree char *r = spqr_format_integer (row), *c = spqr_format_integer (col);
  /* Translators: position of a weight in its matrix, and its value */
  return g_strdup_printf (_("row %s · column %s · %s"), r, c, value);
}

static void
draw_guides (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrHeatmapLayout *l, const SpqrRect *cell)
{
  const SpqrColor *color = &ink->theme->accent;
  const SpqrRect *m = &l->matrix;
  double x = CLAMP (cell->x + cell->width / 2, m->x, m->x + m->width - 1);
  double y = CLAMP (cell->y + cell->height / 2, m->y, m->y + m->height - 1);
  double top = l->col_profile.height > 0 ? l->col_profile.y : m->y - 6;
  spqr_ink_vline (ink, color, x, top, m->y - 1);
  spqr_ink_hline (ink, color, l->row_axis.x + l->row_axis.width - 4, m->x - 1, y);
  if (l->row_profile.width > 0)
    spqr_ink_hline (ink, color, l->row_profile.x, l->row_profile.x + l->row_profile.width, y);
}

void
spqr_heatmap_draw_pointer (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrHeatmapLayout *l, size_t row, size_t col, bool selected)
{
  const SpqrRect *m = &l->matrix;
  if (!plot->field || plot->message || row >= l->rows || col >= l->cols)
    return;
  SpqrRect cell;
  spqr_heatmap_layout_cell_rect (l, row, col, &cell);
  if (cell.x + cell.width > m->x && cell.x < m->x + m->width && cell.y + cell.height > m->y && cell.y < m->y + m->height)
    {
      draw_guides (plot, ink, l, &cell);
      /* Never so small that it is lost. */
      double grow_x = MAX (0, 9 - cell.width) / 2, grow_y = MAX (0, 9 - cell.height) / 2;
      SpqrRect r = { floor (cell.x - grow_x), floor (cell.y - grow_y), ceil (cell.width + 2 * grow_x), ceil (cell.height + 2 * grow_y) };
      static const SpqrColor white = { 1, 1, 1, 1 }, black = { 0, 0, 0, 1 };
      cairo_save (ink->cr);
      cairo_rectangle (ink->cr, m->x - 1, m->y - 1, m->width + 2, m->height + 2);
      cairo_clip (ink->cr);
      cairo_set_line_width (ink->cr, selected ? 4 : 3);
      spqr_color_set_source (&black, ink->cr);
      cairo_rectangle (ink->cr, r.x - 0.5, r.y - 0.5, r.width + 1, r.height + 1);
      cairo_stroke (ink->cr);
      cairo_set_line_width (ink->cr, selected ? 2 : 1);
      spqr_color_set_source (&white, ink->cr);
      cairo_rectangle (ink->cr, r.x - 0.5, r.y - 0.5, r.width + 1, r.height + 1);
      cairo_stroke (ink->cr);
      cairo_restore (ink->cr);
    }
  if (l->readout.width > 40)
    {
      g_autofree char *text = spqr_heatmap_readout (plot, row, col);
      bool wide = spqr_ink_width (ink, SPQR_TEXT_BODY, text) > l->readout.width;     /* the value stands at the end */
      spqr_ink_text (ink, wide ? SPQR_TEXT_SMALL : SPQR_TEXT_BODY, &ink->theme->ink, text, l->readout.x + l->readout.width, l->readout.y + l->readout.height / 2, 1, 0.5, l->readout.width);
    }
}

/* A light line upon a dark one: seen on every colour. */
static void
stroke_twice (SpqrInk *ink, const SpqrRect *r)
{
  static const SpqrColor white = { 1, 1, 1, 1 }, black = { 0, 0, 0, 0.85 };
  cairo_set_line_width (ink->cr, 3);
  spqr_color_set_source (&black, ink->cr);
  cairo_rectangle (ink->cr, r->x, r->y, r->width, r->height);
  cairo_stroke (ink->cr);
  cairo_set_line_width (ink->cr, 1);
  spqr_color_set_source (&white, ink->cr);
  cairo_rectangle (ink->cr, r->x, r->y, r->width, r->height);
  cairo_stroke (ink->cr);
}

void
spqr_heatmap_draw_minimap (SpqrInk *ink, const SpqrRect *map, const SpqrRect *seen)
{
  SpqrRect outline = { floor (seen->x) + 0.5, floor (seen->y) + 0.5, ceil (seen->width), ceil (seen->height) };
  SpqrColor veil = spqr_color_with_alpha (&ink->theme->background, 0.35);
  cairo_save (ink->cr);
  cairo_rectangle (ink->cr, map->x, map->y, map->width, map->height);
  cairo_clip_preserve (ink->cr);
  cairo_rectangle (ink->cr, seen->x, seen->y, seen->width, seen->height);
  cairo_set_fill_rule (ink->cr, CAIRO_FILL_RULE_EVEN_ODD);
  spqr_color_set_source (&veil, ink->cr);
  cairo_fill (ink->cr);
  stroke_twice (ink, &outline);
  cairo_restore (ink->cr);
  cairo_set_line_width (ink->cr, 2);
  spqr_color_set_source (&ink->theme->background, ink->cr);
  cairo_rectangle (ink->cr, map->x - 1, map->y - 1, map->width + 2, map->height + 2);
  cairo_stroke (ink->cr);
  SpqrRect frame = { map->x - 2, map->y - 2, map->width + 4, map->height + 4 };
  spqr_ink_frame (ink, &ink->theme->frame, &frame);
}

void
spqr_heatmap_draw_outline (SpqrInk *ink, const SpqrHeatmapLayout *l, const SpqrViewport *cells)
{
  const SpqrRect *m = &l->matrix;
  double w = m->width / (l->view.col1 - l->view.col0), h = m->height / (l->view.row1 - l->view.row0);
  double x0 = m->x + (cells->col0 - l->view.col0) * w, x1 = m->x + (cells->col1 - l->view.col0) * w;
  double y0 = m->y + (cells->row0 - l->view.row0) * h, y1 = m->y + (cells->row1 - l->view.row0) * h;
  SpqrRect r = { floor (x0) - 1.5, floor (y0) - 1.5, MAX (ceil (x1 - x0), 1) + 3, MAX (ceil (y1 - y0), 1) + 3 };
  cairo_save (ink->cr);
  cairo_rectangle (ink->cr, m->x - 1, m->y - 1, m->width + 2, m->height + 2);
  cairo_clip (ink->cr);
  stroke_twice (ink, &r);
  cairo_restore (ink->cr);
}

void
spqr_heatmap_draw (const SpqrHeatmap *plot, cairo_t *cr, const SpqrTheme *theme, double width, double height)
{
  g_auto (SpqrInk) ink = { 0 };
  spqr_ink_init (&ink, cr, theme);
  SpqrHeatmapLayout layout;
  spqr_heatmap_layout (plot, theme, width, height, &layout);
  spqr_ink_fill (&ink, &theme->background, 0, 0, width, height);
  spqr_heatmap_draw_matrix (plot, &ink, &layout);
  spqr_heatmap_draw_frame (plot, &ink, &layout, SPQR_HEATMAP_ALL);
}
