#include "plot/spqr-plot-scatter.h"

#include <math.h>

#include "plot/spqr-format.h"
#include "plot/spqr-plot-area-private.h"

enum { REACH = 14, MARGIN = 12 };

static bool
is_drawable (const SpqrScatter *plot, const SpqrScatterPoint *p)
{
  return isfinite (p->x) && isfinite (p->y) && (plot->x_kind != SPQR_SCALE_LOG || p->x > 0) && (plot->y_kind != SPQR_SCALE_LOG || p->y > 0);
}

static SpqrScale
range_of (const SpqrScatter *plot, bool y)
{
  double lo = INFINITY, hi = -INFINITY;
  for (size_t i = 0; i < plot->n; i++)
    if (is_drawable (plot, &plot->points[i]))
      {
        double v = y ? plot->points[i].y : plot->points[i].x;
        lo = MIN (lo, v);
        hi = MAX (hi, v);
      }
  if (!(lo <= hi))
    return spqr_scale_make (SPQR_SCALE_LINEAR, 0, 1);
  if ((y ? plot->y_kind : plot->x_kind) == SPQR_SCALE_LOG)
    {
      double room = MAX (pow (hi / lo, 0.06), 1.02);
      return spqr_scale_make (SPQR_SCALE_LOG, lo / room, hi * room);
    }
  double room = hi > lo ? (hi - lo) * 0.06 : MAX (fabs (lo) * 0.05, 0.1);
  return spqr_scale_make (SPQR_SCALE_LINEAR, lo - room, hi + room);
}

static double
draw_legend (const SpqrScatter *plot, SpqrInk *ink, double y, double width)
{
  g_autofree SpqrLegendItem *items = g_new0 (SpqrLegendItem, plot->n_legend + 1);
  for (size_t s = 0; s < plot->n_legend; s++)
    items[s] = (SpqrLegendItem) { plot->legend[s], NULL, spqr_theme_series (ink->theme, s), false, false };
  return _spqr_plot_legend (ink, items, plot->n_legend, MARGIN, y, width - 2 * MARGIN);
}

static SpqrAreaText
layout_with_ink (const SpqrScatter *plot, SpqrInk *ink, double width, double height, SpqrScatterLayout *l, SpqrAxis *y_axis)
{
  SpqrInk measure = *ink;
  measure.cr = NULL;
  *l = (SpqrScatterLayout) { .width = width, .height = height, .x = range_of (plot, false), .y = range_of (plot, true) };
  l->legend_y = MARGIN + (plot->title ? ceil (spqr_ink_height (ink, SPQR_TEXT_TITLE)) + 6 : 0);
  SpqrAreaText text = { plot->title, plot->subtitle, plot->x_label, plot->y_label, draw_legend (plot, &measure, 0, width) };
  spqr_axis_init (y_axis, &l->y, (size_t) CLAMP (height / 60, 2, 10), plot->y_format);
  l->plot = _spqr_plot_area (ink, &text, spqr_axis_label_width (y_axis, ink), width, height);
  return text;
}

void
spqr_scatter_layout (const SpqrScatter *plot, const SpqrTheme *theme, double width, double height, SpqrScatterLayout *l)
{
  g_auto (SpqrInk) ink = { 0 };
  SpqrAxis y_axis;
  spqr_ink_init (&ink, NULL, theme);
  layout_with_ink (plot, &ink, width, height, l, &y_axis);
}

void
spqr_scatter_place (const SpqrScatterLayout *l, double x, double y, double *px, double *py)
{
  *px = l->plot.x + spqr_scale_apply (&l->x, x) * l->plot.width;
  *py = l->plot.y + (1 - spqr_scale_apply (&l->y, y)) * l->plot.height;
}

ptrdiff_t
spqr_scatter_point_at (const SpqrScatter *plot, const SpqrScatterLayout *l, double x, double y)
{
  ptrdiff_t best = -1;
  double best_distance = REACH;
  for (size_t i = 0; i < plot->n; i++)
    {
      double px, py;
      if (!is_drawable (plot, &plot->points[i]))
        continue;
      spqr_scatter_place (l, plot->points[i].x, plot->points[i].y, &px, &py);
      double d = hypot (px - x, py - y);
      if (d < best_distance)
        {
          best_distance = d;
          best = (ptrdiff_t) i;
        }
    }
  return best;
}

static int
compare_points (gconstpointer a, gconstpointer b, gpointer data)
{
  const SpqrScatterPoint *points = data;
  size_t i = *(const size_t *) a, j = *(const size_t *) b;
  const SpqrScatterPoint *p = &points[i], *q = &points[j];
  if (p->x != q->x)
    return p->x < q->x ? -1 : 1;
  if (p->y != q->y)
    return p->y < q->y ? -1 : 1;
  return (i > j) - (i < j);
}

size_t
spqr_scatter_front (const SpqrScatterPoint *points, size_t n, size_t *front)
{
  size_t usable = 0, kept = 0;
  for (size_t i = 0; i < n; i++)
    if (!points[i].ghost && isfinite (points[i].x) && isfinite (points[i].y))
      front[usable++] = i;
  g_qsort_with_data (front, (int) usable, sizeof *front, compare_points, (gpointer) points);
  double best = INFINITY;
  for (size_t k = 0; k < usable; k++)
    if (points[front[k]].y < best)
      {
        best = points[front[k]].y;
        front[kept++] = front[k];
      }
  return kept;
}

/* A stair: between two points of the front nothing better than the left one's y is known. */
static void
draw_front (const SpqrScatter *plot, SpqrInk *ink, const SpqrScatterLayout *l, const size_t *front, size_t n)
{
  double x, y, last_y = 0;
  for (size_t k = 0; k < n; k++)
    {
      const SpqrScatterPoint *p = &plot->points[front[k]];
      if (!is_drawable (plot, p))
        continue;
      spqr_scatter_place (l, p->x, p->y, &x, &y);
      if (cairo_has_current_point (ink->cr))
        cairo_line_to (ink->cr, x, last_y);
      else
        cairo_move_to (ink->cr, x, y);
      cairo_line_to (ink->cr, x, y);
      last_y = y;
    }
  if (cairo_has_current_point (ink->cr))
    cairo_line_to (ink->cr, l->plot.x + l->plot.width, last_y);
  bool high = ink->theme->kind >= SPQR_THEME_LIGHT_HIGH_CONTRAST;
  SpqrColor color = spqr_color_with_alpha (&ink->theme->accent, high ? 1 : 0.55);
  spqr_color_set_source (&color, ink->cr);
  cairo_set_line_width (ink->cr, high ? 2 : 1.5);
  cairo_stroke (ink->cr);
}

static void
draw_point (const SpqrScatter *plot, SpqrInk *ink, const SpqrScatterLayout *l, const SpqrScatterPoint *p, bool on_front)
{
  const SpqrTheme *t = ink->theme;
  double x, y, radius = p->selected ? 6.5 : on_front ? 5.5 : 4.5;
  spqr_scatter_place (l, p->x, p->y, &x, &y);
  const SpqrColor *color = p->ghost ? &t->dim : spqr_theme_series (t, p->series);
  cairo_new_path (ink->cr);
  if (p->selected)
    {
      SpqrColor halo = spqr_color_with_alpha (&t->accent, 0.3);
      cairo_arc (ink->cr, x, y, radius + 4.5, 0, 2 * G_PI);
      spqr_color_set_source (&halo, ink->cr);
      cairo_fill (ink->cr);
    }
  cairo_arc (ink->cr, x, y, radius, 0, 2 * G_PI);
  spqr_color_set_source (p->ghost ? &t->background : color, ink->cr);
  cairo_fill_preserve (ink->cr);
  spqr_color_set_source (p->ghost ? color : &t->background, ink->cr);
  cairo_set_line_width (ink->cr, 1.5);
  cairo_stroke (ink->cr);
}

/* All points that nothing lifts out, one path a colour. */
static void
draw_dots (const SpqrScatter *plot, SpqrInk *ink, const SpqrScatterLayout *l)
{
  for (size_t series = 0; series < SPQR_THEME_SERIES; series++)
    {
      SpqrColor color = spqr_color_with_alpha (spqr_theme_series (ink->theme, series), 0.6);
      cairo_new_path (ink->cr);
      for (size_t i = 0; i < plot->n; i++)
        {
          const SpqrScatterPoint *p = &plot->points[i];
          double x, y;
          if (p->series % SPQR_THEME_SERIES != series || p->ghost || !is_drawable (plot, p))
            continue;
          spqr_scatter_place (l, p->x, p->y, &x, &y);
          cairo_rectangle (ink->cr, round (x) - 1.5, round (y) - 1.5, 3, 3);
        }
      spqr_color_set_source (&color, ink->cr);
      cairo_fill (ink->cr);
    }
}

typedef struct { SpqrRect *boxes; size_t n; } Taken;

static bool
is_free (const Taken *taken, const SpqrRect *r, const SpqrRect *bounds)
{
  if (r->x < bounds->x || r->y < bounds->y || r->x + r->width > bounds->x + bounds->width || r->y + r->height > bounds->y + bounds->height)
    return false;
  for (size_t i = 0; i < taken->n; i++)
    {
      const SpqrRect *o = &taken->boxes[i];
      if (r->x < o->x + o->width && o->x < r->x + r->width && r->y < o->y + o->height && o->y < r->y + r->height)
        return false;
    }
  return true;
}

/* Beside its point at the first of eight places that is free, else not at all. */
static void
draw_label (const SpqrScatter *plot, SpqrInk *ink, const SpqrScatterLayout *l, const SpqrScatterPoint *p, Taken *taken)
{
  static const double places[8][2] = { { 1, -1 }, { 1, 0 }, { 1, 1 }, { 0, -1 }, { 0, 1 }, { -1, -1 }, { -1, 0 }, { -1, 1 } };
  const SpqrTheme *t = ink->theme;
  double x, y, w = spqr_ink_width (ink, SPQR_TEXT_SMALL, p->label), h = spqr_ink_height (ink, SPQR_TEXT_SMALL);
  spqr_scatter_place (l, p->x, p->y, &x, &y);
  SpqrRect bounds = { l->plot.x, l->plot.y - 14, l->plot.width + 12, l->plot.height + 14 };
  for (size_t k = 0; k < G_N_ELEMENTS (places); k++)
    {
      double dx = places[k][0], dy = places[k][1], gap = (dx != 0 && dy != 0 ? 5 : 9) + (p->selected ? 4 : 0);
      SpqrRect r = { x + dx * gap - (1 - dx) / 2 * w, y + dy * gap - (1 - dy) / 2 * h, w, h };
      if (!is_free (taken, &r, &bounds))
        continue;
      spqr_ink_text (ink, SPQR_TEXT_SMALL, p->selected ? &t->ink : &t->dim, p->label, r.x, r.y, 0, 0, 0);
      taken->boxes[taken->n++] = r;
      return;
    }
}

static void
draw_labels (const SpqrScatter *plot, SpqrInk *ink, const SpqrScatterLayout *l, const bool *on_front)
{
  g_autofree SpqrRect *boxes = g_new (SpqrRect, 2 * plot->n + 1);
  Taken taken = { boxes, 0 };
  bool many = plot->n >= SPQR_SCATTER_MANY;
  for (size_t i = 0; i < plot->n; i++)
    if (is_drawable (plot, &plot->points[i]) && (!many || plot->points[i].selected || plot->points[i].ghost || on_front[i]))
      {
        double x, y;
        spqr_scatter_place (l, plot->points[i].x, plot->points[i].y, &x, &y);
        taken.boxes[taken.n++] = (SpqrRect) { x - 5, y - 5, 10, 10 };
      }
  /* What matters most chooses its place first. */
  for (int pass = 0; pass < 4; pass++)
    for (size_t i = 0; i < plot->n; i++)
      {
        const SpqrScatterPoint *p = &plot->points[i];
        int rank = p->selected ? 0 : on_front[i] ? 1 : p->ghost ? 3 : 2;
        if (rank == pass && p->label && (!(p->quiet || many) || rank < 2 || p->ghost) && is_drawable (plot, p))
          draw_label (plot, ink, l, p, &taken);
      }
}

void
spqr_scatter_draw (const SpqrScatter *plot, cairo_t *cr, const SpqrTheme *theme, double width, double height)
{
  g_auto (SpqrInk) ink = { 0 };
  spqr_ink_init (&ink, cr, theme);
  SpqrScatterLayout l;
  SpqrAxis x_axis, y_axis;
  SpqrAreaText text = layout_with_ink (plot, &ink, width, height, &l, &y_axis);
  _spqr_plot_area_draw (&ink, &text, &l.plot, width, height);
  draw_legend (plot, &ink, l.legend_y, width);
  size_t drawable = 0;
  for (size_t i = 0; i < plot->n; i++)
    drawable += is_drawable (plot, &plot->points[i]);
  if (drawable == 0)
    {
      spqr_ink_frame (&ink, &theme->grid, &l.plot);
      if (plot->message)
        spqr_ink_text (&ink, SPQR_TEXT_BODY, &theme->dim, plot->message, l.plot.x + l.plot.width / 2, l.plot.y + l.plot.height / 2, 0.5, 0.5, l.plot.width - 16);
      return;
    }
  spqr_axis_init (&x_axis, &l.x, (size_t) CLAMP (l.plot.width / 70, 2, 12), plot->x_format);
  spqr_axis_draw_left (&y_axis, &ink, &l.plot, true);
  spqr_axis_draw_below (&x_axis, &ink, &l.plot, true);
  spqr_ink_hline (&ink, &theme->frame, l.plot.x, l.plot.x + l.plot.width, l.plot.y + l.plot.height);

  g_autofree size_t *front = g_new (size_t, plot->n);
  g_autofree bool *on_front = g_new0 (bool, plot->n);
  size_t n_front = plot->show_front ? spqr_scatter_front (plot->points, plot->n, front) : 0;
  for (size_t k = 0; k < n_front; k++)
    on_front[front[k]] = true;
  cairo_new_path (cr);
  draw_front (plot, &ink, &l, front, n_front);
  bool many = plot->n >= SPQR_SCATTER_MANY;
  if (many)
    draw_dots (plot, &ink, &l);
  for (int pass = 0; pass < 3; pass++)
    for (size_t i = 0; i < plot->n; i++)
      {
        const SpqrScatterPoint *p = &plot->points[i];
        if (is_drawable (plot, p) && pass == (p->selected ? 2 : on_front[i] ? 1 : 0) && !(many && pass == 0 && !p->ghost))
          draw_point (plot, &ink, &l, p, on_front[i]);
      }
  draw_labels (plot, &ink, &l, on_front);
}

static char *
format_figure (double value, SpqrAxisFormat format, int digits)
{
  return format == SPQR_AXIS_PERCENT ? spqr_format_percent (value) : spqr_format_value (value, digits);
}

char *
spqr_scatter_readout (const SpqrScatter *plot, size_t point)
{
  if (point >= plot->n)
    return g_strdup ("");
  const SpqrScatterPoint *p = &plot->points[point];
  g_autofree char *x = format_figure (p->x, plot->x_format, 4), *y = format_figure (p->y, plot->y_format, 5);
  return g_strdup_printf ("%s %s · %s %s", plot->x_label ? plot->x_label : "x", x, plot->y_label ? plot->y_label : "y", y);
}

void
spqr_scatter_draw_hover (const SpqrScatter *plot, SpqrInk *ink, const SpqrScatterLayout *l, size_t point)
{
  if (point >= plot->n || !is_drawable (plot, &plot->points[point]))
    return;
  const SpqrScatterPoint *p = &plot->points[point];
  double x, y;
  spqr_scatter_place (l, p->x, p->y, &x, &y);
  cairo_new_path (ink->cr);
  cairo_arc (ink->cr, x, y, 9, 0, 2 * G_PI);
  spqr_color_set_source (&ink->theme->ink, ink->cr);
  cairo_set_line_width (ink->cr, 1.5);
  cairo_stroke (ink->cr);
  g_autofree char *text = spqr_scatter_readout (plot, point);
  SpqrRect bounds = { 0, 0, l->width, l->height };
  spqr_ink_callout (ink, p->label ? p->label : text, p->label ? text : NULL, x, y, &bounds);
}
