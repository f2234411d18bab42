#include "plot/spqr-plot-share.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "plot/spqr-format.h"
#include "plot/spqr-plot-area-private.h"

static SpqrAreaText
layout_with_ink (const SpqrShare *plot, SpqrInk *ink, double width, double height, SpqrShareLayout *l, SpqrAxis *y_axis)
{
  SpqrAreaText text = { NULL, NULL, plot->x_label, plot->y_label ? plot->y_label : "", 0 };
  double least = plot->n > 0 ? plot->points[0].weights : 1e-4;
  *l = (SpqrShareLayout) { .width = width, .height = height };
  l->x = spqr_scale_make (SPQR_SCALE_LOG, CLAMP (least, 1e-6, 1e-3), 1);
  l->y = spqr_scale_make (SPQR_SCALE_LINEAR, 0, 1);
  spqr_axis_init (y_axis, &l->y, (size_t) CLAMP (height / 50, 2, 5), SPQR_AXIS_PERCENT);
  l->plot = _spqr_plot_area (ink, &text, spqr_axis_label_width (y_axis, ink), width, height);
  return text;
}

void
spqr_share_layout (const SpqrShare *plot, const SpqrTheme *theme, double width, double height, SpqrShareLayout *l)
{
  g_auto (SpqrInk) ink = { 0 };
  SpqrAxis y_axis;
  spqr_ink_init (&ink, NULL, theme);
  layout_with_ink (plot, &ink, width, height, l, &y_axis);
}

static double
x_of (const SpqrShareLayout *l, double weights)
{
  return l->plot.x + CLAMP (spqr_scale_apply (&l->x, weights), 0, 1) * l->plot.width;
}

static double
y_of (const SpqrShareLayout *l, double sum)
{
  return l->plot.y + (1 - CLAMP (sum, 0, 1)) * l->plot.height;
}

ptrdiff_t
spqr_share_point_at (const SpqrShare *plot, const SpqrShareLayout *l, double x, double y)
{
  if (plot->n == 0 || !spqr_rect_contains (&l->plot, x, y))
    return -1;
  double wanted = spqr_scale_invert (&l->x, (x - l->plot.x) / l->plot.width);
  size_t i = 0;
  while (i + 1 < plot->n && plot->points[i].weights < wanted)
    i++;
  if (i > 0 && log (wanted / plot->points[i - 1].weights) < log (plot->points[i].weights / wanted))
    i--;
  return (ptrdiff_t) i;
}

ptrdiff_t
spqr_share_point_of (const SpqrShare *plot, double value)
{
  if (plot->n == 0 || isnan (value))
    return -1;
  size_t i = 0;
  while (i + 1 < plot->n && plot->points[i].value > value)
    i++;
  return (ptrdiff_t) i;
}

double
spqr_share_at (const SpqrShare *plot, double weights)
{
  size_t i = 0;
  if (plot->n == 0)
    return NAN;
  while (i < plot->n && plot->points[i].weights < weights)
    i++;
  if (i == plot->n)
    return plot->points[i - 1].sum;
  const SpqrSharePoint none = { 0, 0, 0 }, *a = i > 0 ? &plot->points[i - 1] : &none, *b = &plot->points[i];
  return a->sum + (b->sum - a->sum) * (weights - a->weights) / (b->weights - a->weights);
}

static void
draw_curve (const SpqrShare *plot, SpqrInk *ink, const SpqrShareLayout *l)
{
  const SpqrRect *r = &l->plot;
  double base = r->y + r->height;
  SpqrColor fill = spqr_color_with_alpha (&ink->theme->bar, 0.25);
  for (int pass = 0; pass < 2; pass++)
    {
      cairo_new_path (ink->cr);
      for (size_t i = 0; i < plot->n; i++)
        cairo_line_to (ink->cr, x_of (l, plot->points[i].weights), y_of (l, plot->points[i].sum));
      if (pass == 0)
        {
          cairo_line_to (ink->cr, r->x + r->width, base);
          cairo_line_to (ink->cr, x_of (l, plot->points[0].weights), base);
          cairo_close_path (ink->cr);
          spqr_color_set_source (&fill, ink->cr);
          cairo_fill (ink->cr);
        }
      else
        {
          spqr_color_set_source (&ink->theme->bar, ink->cr);
          cairo_set_line_width (ink->cr, 2);
          cairo_set_line_join (ink->cr, CAIRO_LINE_JOIN_ROUND);
          cairo_stroke (ink->cr);
        }
    }
}

/* A text beside a point, on the side where there is room, upon a veil. */
static void
draw_name (SpqrInk *ink, const SpqrRect *r, const char *text, double x, double y)
{
  double w = spqr_ink_width (ink, SPQR_TEXT_SMALL, text), h = spqr_ink_height (ink, SPQR_TEXT_SMALL);
  bool right = x + 12 + w <= r->x + r->width;
  double left = MAX (r->x, right ? x + 10 : x - 10 - w), top = CLAMP (y - h / 2, r->y, MAX (r->y, r->y + r->height - h - 2));
  SpqrColor back = spqr_color_with_alpha (&ink->theme->background, 0.85);
  spqr_ink_round_rect (ink, left - 3, top - 1, w + 6, h + 2, 3);
  spqr_color_set_source (&back, ink->cr);
  cairo_fill (ink->cr);
  spqr_ink_text (ink, SPQR_TEXT_SMALL, &ink->theme->ink, text, left, top, 0, 0, 0);
}

static void
draw_reference (const SpqrShare *plot, SpqrInk *ink, const SpqrShareLayout *l)
{
  double x = x_of (l, plot->reference_weights), y = y_of (l, plot->reference_sum);
  cairo_set_line_width (ink->cr, 1.5);
  spqr_color_set_source (&ink->theme->dim, ink->cr);
  for (int i = -1; i <= 1; i += 2)
    {
      cairo_move_to (ink->cr, x - 4, y - 4 * i);
      cairo_line_to (ink->cr, x + 4, y + 4 * i);
    }
  cairo_stroke (ink->cr);
  if (plot->reference_name)
    draw_name (ink, &l->plot, plot->reference_name, x, y);
}

static void
draw_dot (SpqrInk *ink, const SpqrColor *color, double x, double y, double radius)
{
  cairo_new_path (ink->cr);
  cairo_arc (ink->cr, x, y, radius, 0, 2 * G_PI);
  spqr_color_set_source (color, ink->cr);
  cairo_fill_preserve (ink->cr);
  spqr_color_set_source (&ink->theme->background, ink->cr);
  cairo_set_line_width (ink->cr, 1.5);
  cairo_stroke (ink->cr);
}

static void
draw_current (const SpqrShare *plot, SpqrInk *ink, const SpqrShareLayout *l)
{
  double x = x_of (l, plot->current_weights), y = y_of (l, spqr_share_at (plot, plot->current_weights));
  SpqrColor line = spqr_color_with_alpha (&ink->theme->alert, 0.5);
  spqr_ink_vline (ink, &line, x, l->plot.y, l->plot.y + l->plot.height);
  if (!isnan (plot->chosen_sum))
    {
      double below = y_of (l, plot->chosen_sum);
      /* Never upon the other's name. */
      double line_height = spqr_ink_height (ink, SPQR_TEXT_SMALL) + 4;
      draw_dot (ink, &ink->theme->background, x, below, 5);
      cairo_new_path (ink->cr);
      cairo_arc (ink->cr, x, below, 4, 0, 2 * G_PI);
      spqr_color_set_source (&ink->theme->alert, ink->cr);
      cairo_stroke (ink->cr);
      if (plot->chosen_name && fabs (below - y) >= line_height)
        draw_name (ink, &l->plot, plot->chosen_name, x, below);
      else if (plot->chosen_name)
        draw_name (ink, &l->plot, plot->chosen_name, x, y + line_height <= l->plot.y + l->plot.height - line_height / 2 ? y + line_height : y - 2 * line_height);
    }
  draw_dot (ink, &ink->theme->alert, x, y, 5);
  if (plot->current_name)
    draw_name (ink, &l->plot, plot->current_name, x, MIN (y, l->plot.y + l->plot.height - 1.5 * spqr_ink_height (ink, SPQR_TEXT_SMALL)));
}

static void
draw_note (const SpqrShare *plot, SpqrInk *ink, const SpqrRect *r, double height)
{
  double to = r->x + r->width, name = plot->x_label ? spqr_ink_width (ink, SPQR_TEXT_SMALL, plot->x_label) + 24 : 0;
  if (plot->note)
    spqr_ink_text (ink, SPQR_TEXT_SMALL, &ink->theme->ink, plot->note, to, _spqr_plot_line_above (ink, r), 1, 1,
                   MAX (1, to - _spqr_plot_free_from (ink, r, plot->y_label)));
  if (plot->reason)
    spqr_ink_text (ink, SPQR_TEXT_SMALL, &ink->theme->dim, plot->reason, _SPQR_PLOT_MARGIN, height - _SPQR_PLOT_MARGIN + 2, 0, 1,
                   MAX (1, to - name - _SPQR_PLOT_MARGIN));
}

void
spqr_share_draw (const SpqrShare *plot, cairo_t *cr, const SpqrTheme *theme, double width, double height)
{
  g_auto (SpqrInk) ink = { 0 };
  SpqrShareLayout l;
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
  spqr_axis_init (&x_axis, &l.x, (size_t) CLAMP (l.plot.width / 70, 2, 10), SPQR_AXIS_PERCENT);
  spqr_axis_draw_left (&y_axis, &ink, &l.plot, true);
  spqr_axis_draw_below (&x_axis, &ink, &l.plot, false);
  draw_curve (plot, &ink, &l);
  spqr_ink_hline (&ink, &theme->frame, l.plot.x, l.plot.x + l.plot.width, l.plot.y + l.plot.height);
  if (plot->has_reference)
    draw_reference (plot, &ink, &l);
  draw_note (plot, &ink, &l.plot, height);
  ptrdiff_t at = spqr_share_point_of (plot, plot->marked);
  if (at >= 0)
    draw_dot (&ink, &theme->accent, x_of (&l, plot->points[at].weights), y_of (&l, plot->points[at].sum), 4);
  if (plot->has_current)
    draw_current (plot, &ink, &l);
}

char *
spqr_share_readout (const SpqrShare *plot, size_t index)
{
  if (index >= plot->n)
    return g_strdup ("");
  const SpqrSharePoint *p = &plot->points[index];
  g_autofree char *weights = spqr_format_percent (p->weights), *sum = spqr_format_percent (p->sum), *value = spqr_format_value (p->value, 3);
  /* Translators: share of the weights, share of the sum that they carry, name of the field and the least of their values */
  return g_strdup_printf (_("The largest %s carry %s · %s ≥ %s"), weights, sum, plot->value_name ? plot->value_name : "", value);
}

void
spqr_share_draw_hover (const SpqrShare *plot, SpqrInk *ink, const SpqrShareLayout *l, size_t index)
{
  if (index >= plot->n)
    return;
  const SpqrRect *r = &l->plot;
  double x = x_of (l, plot->points[index].weights), y = y_of (l, plot->points[index].sum);
  spqr_ink_vline (ink, &ink->theme->frame, x, r->y, r->y + r->height);
  draw_dot (ink, &ink->theme->bar, x, y, 4.5);
  g_autofree char *text = spqr_share_readout (plot, index);
  _spqr_plot_readout (ink, r, plot->y_label, text);
}
