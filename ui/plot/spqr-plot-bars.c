#include "plot/spqr-plot-bars.h"

#include <math.h>

#include "plot/spqr-format.h"
#include "plot/spqr-plot-area-private.h"

static SpqrScale
y_range (const SpqrBars *plot)
{
  double most = isnan (plot->mean) ? 0 : plot->mean;
  for (size_t i = 0; i < plot->n; i++)
    if (plot->values[i] > most)
      most = plot->values[i];
  return spqr_scale_make (SPQR_SCALE_LINEAR, 0, most > 0 ? most * 1.05 : 1);
}

static SpqrAreaText
layout_with_ink (const SpqrBars *plot, SpqrInk *ink, double width, double height, SpqrBarsLayout *l, SpqrAxis *y_axis)
{
  SpqrAreaText text = { NULL, NULL, plot->x_label, plot->y_label ? plot->y_label : "", 0 };
  bool all = !(plot->to > plot->from);
  *l = (SpqrBarsLayout) { .width = width, .height = height, .y = y_range (plot) };
  l->from = all ? 0 : plot->from;
  l->to = all ? (double) MAX (plot->n, 1) : plot->to;
  spqr_axis_init (y_axis, &l->y, (size_t) CLAMP (height / 50, 2, 8), plot->y_format);
  l->plot = _spqr_plot_area (ink, &text, spqr_axis_label_width (y_axis, ink), width, height);
  return text;
}

void
spqr_bars_layout (const SpqrBars *plot, const SpqrTheme *theme, double width, double height, SpqrBarsLayout *l)
{
  g_auto (SpqrInk) ink = { 0 };
  SpqrAxis y_axis;
  spqr_ink_init (&ink, NULL, theme);
  layout_with_ink (plot, &ink, width, height, l, &y_axis);
}

/* The highest of the places that x … x + width pixels touch; -1: none has a value. */
static ptrdiff_t
highest (const SpqrBars *plot, const SpqrBarsLayout *l, double x, double width)
{
  double px = l->plot.width / (l->to - l->from), begin = l->from + (x - l->plot.x) / px, end = l->from + (x + width - l->plot.x) / px;
  size_t first = (size_t) CLAMP (floor (begin), 0, (double) plot->n), last = (size_t) CLAMP (ceil (end), 0, (double) plot->n);
  ptrdiff_t best = -1;
  for (size_t i = first; i < last; i++)
    if (!isnan (plot->values[i]) && (best < 0 || plot->values[i] > plot->values[best]))
      best = (ptrdiff_t) i;
  return best;
}

ptrdiff_t
spqr_bars_index_at (const SpqrBars *plot, const SpqrBarsLayout *l, double x, double y)
{
  double px = l->plot.width / (l->to - l->from);
  if (plot->n == 0 || !spqr_rect_contains (&l->plot, x, y))
    return -1;
  if (px >= 1)
    return CLAMP ((ptrdiff_t) (l->from + (x - l->plot.x) / px), 0, (ptrdiff_t) plot->n - 1);
  return highest (plot, l, floor (x), 1);
}

static void
draw_bars (const SpqrBars *plot, SpqrInk *ink, const SpqrBarsLayout *l)
{
  const SpqrRect *r = &l->plot;
  double px = r->width / (l->to - l->from), base = r->y + r->height;
  if (px < 2) /* a pixel each */
    for (double x = r->x; x < r->x + r->width; x++)
      {
        ptrdiff_t i = highest (plot, l, x, 1);
        double h = i < 0 ? 0 : spqr_scale_apply (&l->y, plot->values[i]) * r->height;
        cairo_rectangle (ink->cr, x, base - h, 1, h);
      }
  else
    for (size_t i = (size_t) MAX (0, floor (l->from)); i < plot->n && (double) i < l->to; i++)
      {
        double a = MAX (r->x, r->x + ((double) i - l->from) * px), b = MIN (r->x + r->width, r->x + ((double) i + 1 - l->from) * px);
        double h = isnan (plot->values[i]) ? 0 : spqr_scale_apply (&l->y, plot->values[i]) * r->height;
        cairo_rectangle (ink->cr, round (a), base - h, MAX (1, round (b) - round (a) - (px >= 5 ? 1 : 0)), h);
      }
  spqr_color_set_source (&ink->theme->bar, ink->cr);
  cairo_fill (ink->cr);
}

static double
middle_of (const SpqrBarsLayout *l, size_t index)
{
  return l->plot.x + ((double) index + 0.5 - l->from) * l->plot.width / (l->to - l->from);
}

static bool
is_seen (const SpqrBarsLayout *l, size_t index)
{
  return (double) index + 1 > l->from && (double) index < l->to;
}

static void
draw_mark (const SpqrBars *plot, SpqrInk *ink, const SpqrBarsLayout *l)
{
  if (plot->marked < 0 || (size_t) plot->marked >= plot->n || !is_seen (l, (size_t) plot->marked))
    return;
  double x = CLAMP (middle_of (l, (size_t) plot->marked), l->plot.x, l->plot.x + l->plot.width - 1);
  spqr_ink_vline (ink, &ink->theme->accent, x, l->plot.y, l->plot.y + l->plot.height);
}

static void
draw_mean (const SpqrBars *plot, SpqrInk *ink, const SpqrBarsLayout *l)
{
  const SpqrRect *r = &l->plot;
  if (isnan (plot->mean))
    return;
  double y = floor (r->y + (1 - spqr_scale_apply (&l->y, plot->mean)) * r->height) + 0.5;
  cairo_save (ink->cr);
  cairo_set_dash (ink->cr, (const double[]) { 5, 4 }, 2, 0);
  cairo_set_line_width (ink->cr, 1);
  spqr_color_set_source (&ink->theme->alert, ink->cr);
  cairo_move_to (ink->cr, r->x, y);
  cairo_line_to (ink->cr, r->x + r->width, y);
  cairo_stroke (ink->cr);
  cairo_restore (ink->cr);
}

void
spqr_bars_draw (const SpqrBars *plot, cairo_t *cr, const SpqrTheme *theme, double width, double height)
{
  g_auto (SpqrInk) ink = { 0 };
  SpqrBarsLayout l;
  SpqrAxis x_axis, y_axis;
  spqr_ink_init (&ink, cr, theme);
  SpqrAreaText text = layout_with_ink (plot, &ink, width, height, &l, &y_axis);
  _spqr_plot_area_draw (&ink, &text, &l.plot, width, height);
  if (plot->n == 0)
    {
      spqr_ink_frame (&ink, &theme->grid, &l.plot);
      if (plot->message)
        spqr_ink_text (&ink, SPQR_TEXT_BODY, &theme->dim, plot->message, l.plot.x + l.plot.width / 2, l.plot.y + l.plot.height / 2, 0.5, 0.5, l.plot.width - 16);
      return;
    }
  /* A place's number stands at the middle of its bar. */
  SpqrScale x = spqr_scale_make (SPQR_SCALE_LINEAR, l.from - 0.5, l.to - 0.5);
  spqr_axis_init (&x_axis, &x, (size_t) CLAMP (l.plot.width / 70, 2, 14), SPQR_AXIS_INTEGER);
  spqr_axis_draw_left (&y_axis, &ink, &l.plot, true);
  draw_bars (plot, &ink, &l);
  draw_mean (plot, &ink, &l);
  draw_mark (plot, &ink, &l);
  spqr_axis_draw_below (&x_axis, &ink, &l.plot, false);
  spqr_ink_hline (&ink, &theme->frame, l.plot.x, l.plot.x + l.plot.width, l.plot.y + l.plot.height);
}

char *
spqr_bars_readout (const SpqrBars *plot, size_t index)
{
  if (index >= plot->n)
    return g_strdup ("");
  double v = plot->values[index];
  g_autofree char *number = spqr_format_integer (index);
  g_autofree char *value = isnan (v) ? g_strdup ("–") : plot->y_format == SPQR_AXIS_PERCENT ? spqr_format_percent (v) : spqr_format_value (v, 4);
  return g_strdup_printf ("%s %s · %s", plot->item ? plot->item : "", number, value);
}

void
spqr_bars_draw_hover (const SpqrBars *plot, SpqrInk *ink, const SpqrBarsLayout *l, size_t index)
{
  if (index >= plot->n || !is_seen (l, index))
    return;
  const SpqrRect *r = &l->plot;
  double x = middle_of (l, index), px = MAX (r->width / (l->to - l->from), 1);
  SpqrColor veil = spqr_color_with_alpha (&ink->theme->ink, 0.14);
  spqr_ink_fill (ink, &veil, MAX (r->x, x - px / 2), r->y, MIN (px, r->width), r->height);
  g_autofree char *text = spqr_bars_readout (plot, index);
  _spqr_plot_readout (ink, r, plot->y_label, text);
}
