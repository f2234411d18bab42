#include "plot/spqr-plot-lines.h"

#include <math.h>
#include <string.h>

#include "plot/spqr-format.h"
#include "plot/spqr-plot-area-private.h"

enum { MARGIN = 12, LONGEST_TICK = 96 };

static bool
is_drawable (const SpqrLines *plot, double v)
{
  return isfinite (v) && (plot->y_kind != SPQR_SCALE_LOG || v > 0);
}

static size_t
longest (const SpqrLines *plot)
{
  size_t n = 0;
  for (size_t s = 0; s < plot->n_series; s++)
    n = MAX (n, plot->series[s].n);
  return n;
}

static SpqrScale
y_range (const SpqrLines *plot, size_t ticks)
{
  double lo = INFINITY, hi = -INFINITY;
  for (size_t s = 0; s < plot->n_series; s++)
    for (size_t i = 0; i < plot->series[s].n; i++)
      if (is_drawable (plot, plot->series[s].values[i]))
        {
          lo = MIN (lo, plot->series[s].values[i]);
          hi = MAX (hi, plot->series[s].values[i]);
        }
  if (!(lo <= hi))
    return spqr_scale_make (SPQR_SCALE_LINEAR, 0, 1);
  if (plot->y_kind == SPQR_SCALE_LOG)
    {
      double room = MAX (pow (hi / lo, 0.05), 1.05);
      return spqr_scale_make (SPQR_SCALE_LOG, lo / room, hi * room);
    }
  if (plot->from_zero)
    {
      lo = MIN (lo, 0);
      hi = MAX (hi, 0);
    }
  spqr_axis_nice_range (&lo, &hi, ticks);
  return spqr_scale_make (plot->y_kind, lo, hi);
}

static double
draw_legend (const SpqrLines *plot, SpqrInk *ink, double y, double width)
{
  g_autofree SpqrLegendItem *items = g_new0 (SpqrLegendItem, plot->n_series + 1);
  size_t n = 0;
  for (size_t s = 0; s < plot->n_series; s++)
    if (plot->series[s].name)
      items[n++] = (SpqrLegendItem) { plot->series[s].name, NULL, spqr_theme_series (ink->theme, plot->series[s].series), true, plot->series[s].dashed };
  return _spqr_plot_legend (ink, items, n, MARGIN, y, width - 2 * MARGIN);
}

/* What the names of the positions take under the axis; 0 where they would lie on each other, or leave little else. */
static double
ticks_height (const SpqrLines *plot, SpqrInk *ink, const SpqrRect *area, size_t n)
{
  double widest = 0;
  if (!plot->ticks || n == 0 || area->width / (double) n < spqr_ink_height (ink, SPQR_TEXT_SMALL))
    return 0;
  for (size_t i = 0; i < n; i++)
    widest = MAX (widest, spqr_ink_width (ink, SPQR_TEXT_SMALL, plot->ticks[i]));
  widest = ceil (MIN (widest, LONGEST_TICK)) + 6;
  return area->height - widest >= 2 * widest ? widest : 0;
}

static SpqrAreaText
layout_with_ink (const SpqrLines *plot, SpqrInk *ink, double width, double height, SpqrLinesLayout *l, SpqrAxis *y_axis)
{
  size_t ticks = (size_t) CLAMP (height / 60, 2, 10);
  *l = (SpqrLinesLayout) { .width = width, .height = height, .y = y_range (plot, ticks) };
  size_t n = longest (plot);
  double beside = n > 1 && !plot->groups ? 0 : 0.5;
  l->x = spqr_scale_make (SPQR_SCALE_LINEAR, -beside, (double) MAX (n, 1) - 1 + beside);
  SpqrInk measure = *ink;
  measure.cr = NULL;
  l->legend_y = MARGIN + (plot->title ? ceil (spqr_ink_height (ink, SPQR_TEXT_TITLE)) + 6 : 0);
  SpqrAreaText text = { plot->title, plot->subtitle, plot->x_label, plot->y_label, draw_legend (plot, &measure, 0, width) };
  spqr_axis_init (y_axis, &l->y, ticks, plot->y_format);
  l->plot = _spqr_plot_area (ink, &text, spqr_axis_label_width (y_axis, ink), width, height);
  l->ticks_height = ticks_height (plot, ink, &l->plot, n);
  l->plot.height -= l->ticks_height;
  return text;
}

void
spqr_lines_layout (const SpqrLines *plot, const SpqrTheme *theme, double width, double height, SpqrLinesLayout *l)
{
  g_auto (SpqrInk) ink = { 0 };
  SpqrAxis y_axis;
  spqr_ink_init (&ink, NULL, theme);
  layout_with_ink (plot, &ink, width, height, l, &y_axis);
}

static double
place_x (const SpqrLinesLayout *l, size_t index)
{
  return l->plot.x + spqr_scale_apply (&l->x, (double) index) * l->plot.width;
}

static double
place_y (const SpqrLinesLayout *l, double value)
{
  return l->plot.y + (1 - CLAMP (spqr_scale_apply (&l->y, value), 0, 1)) * l->plot.height;
}

bool
spqr_lines_point_at (const SpqrLines *plot, const SpqrLinesLayout *l, double x, double y, size_t *index, size_t *series)
{
  size_t n = longest (plot);
  if (n == 0 || x < l->plot.x - 8 || x > l->plot.x + l->plot.width + 8 || y < l->plot.y - 8 || y > l->plot.y + l->plot.height + 8)
    return false;
  size_t i = (size_t) CLAMP (round (spqr_scale_invert (&l->x, (x - l->plot.x) / l->plot.width)), 0, (double) n - 1);
  double best = INFINITY;
  for (size_t s = 0; s < plot->n_series; s++)
    if (i < plot->series[s].n && is_drawable (plot, plot->series[s].values[i]))
      {
        double d = fabs (place_y (l, plot->series[s].values[i]) - y);
        if (d < best)
          {
            best = d;
            *index = i;
            *series = s;
          }
      }
  return best < INFINITY;
}

static void
draw_series (const SpqrLines *plot, SpqrInk *ink, const SpqrLinesLayout *l, const SpqrLineSeries *s)
{
  cairo_t *cr = ink->cr;
  const SpqrColor *color = spqr_theme_series (ink->theme, s->series);
  bool pen_down = false;
  cairo_new_path (cr);
  for (size_t i = 0; i < s->n; i++)
    {
      if (!is_drawable (plot, s->values[i]))
        {
          pen_down = false;
          continue;
        }
      if (pen_down)
        cairo_line_to (cr, place_x (l, i), place_y (l, s->values[i]));
      else
        cairo_move_to (cr, place_x (l, i), place_y (l, s->values[i]));
      pen_down = true;
    }
  cairo_save (cr);
  spqr_color_set_source (color, cr);
  cairo_set_line_width (cr, 2);
  cairo_set_line_join (cr, CAIRO_LINE_JOIN_ROUND);
  cairo_set_line_cap (cr, CAIRO_LINE_CAP_ROUND);
  if (s->dashed)
    cairo_set_dash (cr, (const double[]) { 5, 4 }, 2, 0);
  cairo_stroke (cr);
  cairo_restore (cr);
  /* Points where they do not run together; a lone value would have no line at all. */
  bool roomy = s->n > 0 && l->plot.width / (double) s->n >= 14;
  for (size_t i = 0; i < s->n; i++)
    {
      bool lone = (i == 0 || !is_drawable (plot, s->values[i - 1])) && (i + 1 == s->n || !is_drawable (plot, s->values[i + 1]));
      if (!is_drawable (plot, s->values[i]) || !(roomy || lone))
        continue;
      cairo_arc (cr, place_x (l, i), place_y (l, s->values[i]), 2.75, 0, 2 * G_PI);
      spqr_color_set_source (color, cr);
      cairo_fill (cr);
    }
}

static size_t
group_end (const SpqrLines *plot, size_t i, size_t n)
{
  size_t end = i + 1;
  while (end < n && strcmp (plot->groups[end], plot->groups[i]) == 0)
    end++;
  return end;
}

/* Every how many-th group has room for its label: 1, 2, 5, 10, … */
static size_t
label_every (const SpqrLines *plot, SpqrInk *ink, const SpqrLinesLayout *l, size_t n)
{
  double widest = 0;
  size_t n_groups = 0;
  for (size_t i = 0; i < n; i = group_end (plot, i, n), n_groups++)
    widest = MAX (widest, spqr_ink_width (ink, SPQR_TEXT_SMALL, plot->groups[i]));
  double wanted = (widest + 8) * (double) n_groups / l->plot.width;
  static const size_t steps[] = { 1, 2, 5 };
  for (size_t k = 0, power = 1;; power *= ++k % 3 == 0 ? 10 : 1)
    if ((double) (steps[k % 3] * power) >= wanted)
      return steps[k % 3] * power;
}

/* The groups' labels in the middle below them, a line where one ends, and above them what each position is. */
static void
draw_groups (const SpqrLines *plot, SpqrInk *ink, const SpqrLinesLayout *l, size_t n)
{
  const SpqrTheme *t = ink->theme;
  double bottom = l->plot.y + l->plot.height, step = l->plot.width / (double) n;
  size_t every = label_every (plot, ink, l, n), group = 0;
  for (size_t i = 0, end; i < n; i = end, group++)
    {
      end = group_end (plot, i, n);
      double x0 = l->plot.x + step * (double) i, x1 = l->plot.x + step * (double) end;
      if (i > 0 && x1 - x0 >= 5)
        spqr_ink_vline (ink, &t->grid, x0, l->plot.y, bottom + l->ticks_height + 4);
      if (group % every == 0)
        spqr_ink_text (ink, SPQR_TEXT_SMALL, &t->dim, plot->groups[i], (x0 + x1) / 2, bottom + l->ticks_height + 6, 0.5, 0, 0);
    }
  for (size_t i = 0; l->ticks_height > 0 && i < n; i++)
    spqr_ink_text_up (ink, SPQR_TEXT_SMALL, &t->dim, plot->ticks[i], l->plot.x + step * ((double) i + 0.5), bottom + 4, 0.5, 0, l->ticks_height - 4);
}

void
spqr_lines_draw (const SpqrLines *plot, cairo_t *cr, const SpqrTheme *theme, double width, double height)
{
  g_auto (SpqrInk) ink = { 0 };
  spqr_ink_init (&ink, cr, theme);
  SpqrLinesLayout l;
  SpqrAxis x_axis, y_axis;
  SpqrAreaText text = layout_with_ink (plot, &ink, width, height, &l, &y_axis);
  _spqr_plot_area_draw (&ink, &text, &l.plot, width, height);
  if (longest (plot) == 0)
    {
      spqr_ink_frame (&ink, &theme->grid, &l.plot);
      if (plot->message)
        spqr_ink_text (&ink, SPQR_TEXT_BODY, &theme->dim, plot->message, l.plot.x + l.plot.width / 2, l.plot.y + l.plot.height / 2, 0.5, 0.5, l.plot.width - 16);
      return;
    }
  draw_legend (plot, &ink, l.legend_y, width);
  spqr_axis_draw_left (&y_axis, &ink, &l.plot, true);
  if (plot->groups)
    draw_groups (plot, &ink, &l, longest (plot));
  else
    {
      spqr_axis_init (&x_axis, &l.x, (size_t) CLAMP (l.plot.width / 50, 2, 16), SPQR_AXIS_INTEGER);
      spqr_axis_draw_below (&x_axis, &ink, &l.plot, false);
    }
  spqr_ink_hline (&ink, &theme->frame, l.plot.x, l.plot.x + l.plot.width, l.plot.y + l.plot.height);
  for (size_t s = plot->n_series; s-- > 0;) /* the first on top */
    draw_series (plot, &ink, &l, &plot->series[s]);
}

char *
spqr_lines_readout (const SpqrLines *plot, size_t index, size_t series)
{
  if (series >= plot->n_series || index >= plot->series[series].n)
    return g_strdup ("");
  double v = plot->series[series].values[index];
  g_autofree char *value = plot->y_format == SPQR_AXIS_PERCENT ? spqr_format_percent (v) : spqr_format_value (v, 4);
  if (plot->names)
    return g_strdup_printf ("%s · %s", plot->names[index], value);
  return g_strdup_printf ("%s %zu · %s", plot->x_label ? plot->x_label : "", index, value);
}

void
spqr_lines_draw_hover (const SpqrLines *plot, SpqrInk *ink, const SpqrLinesLayout *l, size_t index, size_t series)
{
  if (series >= plot->n_series || index >= plot->series[series].n || !is_drawable (plot, plot->series[series].values[index]))
    return;
  double x = place_x (l, index), y = place_y (l, plot->series[series].values[index]);
  spqr_ink_vline (ink, &ink->theme->frame, x, l->plot.y, l->plot.y + l->plot.height);
  for (size_t s = 0; s < plot->n_series; s++)
    if (index < plot->series[s].n && is_drawable (plot, plot->series[s].values[index]))
      {
        cairo_new_path (ink->cr);
        cairo_arc (ink->cr, x, place_y (l, plot->series[s].values[index]), s == series ? 5 : 3.5, 0, 2 * G_PI);
        spqr_color_set_source (spqr_theme_series (ink->theme, plot->series[s].series), ink->cr);
        cairo_fill_preserve (ink->cr);
        spqr_color_set_source (&ink->theme->background, ink->cr);
        cairo_set_line_width (ink->cr, 1.5);
        cairo_stroke (ink->cr);
      }
  g_autofree char *text = spqr_lines_readout (plot, index, series);
  const char *name = plot->series[series].name;
  SpqrRect bounds = { 0, 0, l->width, l->height };
  spqr_ink_callout (ink, name ? name : text, name ? text : NULL, x, y, &bounds);
}
