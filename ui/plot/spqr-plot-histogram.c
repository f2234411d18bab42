#include "plot/spqr-plot-histogram.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "plot/spqr-format.h"
#include "plot/spqr-plot-area-private.h"

static SpqrAreaText
area_text (const SpqrHistogram *plot)
{
  /* The line above the axis is always kept: the readout stands there. */
  return (SpqrAreaText) { plot->title, plot->subtitle, plot->x_label, plot->y_label ? plot->y_label : "", 0 };
}

static uint64_t
largest (const SpqrHistogram *plot)
{
  uint64_t most = 0;
  for (size_t i = 0; plot->counts && i < plot->bins; i++)
    {
      most = MAX (most, plot->counts[i]);
      if (plot->compare)
        most = MAX (most, plot->compare[i]);
    }
  return MAX (most, 1);
}

/* Share of the full height for a count. */
static double
height_of (const SpqrHistogram *plot, double count, double most)
{
  return plot->log_counts ? log1p (count) / log1p (most) : count / most;
}

typedef struct { size_t n; double at[24]; char *label[24]; } CountTicks;

static void
count_ticks (const SpqrHistogram *plot, double most, double height, CountTicks *ticks)
{
  ticks->n = 0;
  if (plot->log_counts)
    {
      int every = MAX (1, (int) ceil (log10 (most + 1) / MAX (1, height / 26)));
      for (int e = 0; pow (10, e) <= most && ticks->n < G_N_ELEMENTS (ticks->at); e += every)
        ticks->at[ticks->n++] = pow (10, e);
    }
  else
    {
      double step = MAX (1, spqr_axis_nice_floor (most / MAX (1, height / 40)) * 2);
      for (double v = 0; v <= most && ticks->n < G_N_ELEMENTS (ticks->at); v += step)
        ticks->at[ticks->n++] = v;
    }
  for (size_t i = 0; i < ticks->n; i++)
    ticks->label[i] = spqr_format_count (ticks->at[i]);
}

static void
count_ticks_clear (CountTicks *ticks)
{
  for (size_t i = 0; i < ticks->n; i++)
    g_free (ticks->label[i]);
}

static void
layout_with_ink (const SpqrHistogram *plot, SpqrInk *ink, double width, double height, SpqrHistogramLayout *l)
{
  SpqrAreaText text = area_text (plot);
  /* Labels as "134.5 M" at the widest; the same room for every data set keeps the plot in place. */
  double label = spqr_ink_width (ink, SPQR_TEXT_SMALL, "000 M");
  *l = (SpqrHistogramLayout) { width, height, _spqr_plot_area (ink, &text, label, width, height) };
}

void
spqr_histogram_layout (const SpqrHistogram *plot, const SpqrTheme *theme, double width, double height, SpqrHistogramLayout *l)
{
  g_auto (SpqrInk) ink = { 0 };
  spqr_ink_init (&ink, NULL, theme);
  layout_with_ink (plot, &ink, width, height, l);
}

ptrdiff_t
spqr_histogram_bin_at (const SpqrHistogram *plot, const SpqrHistogramLayout *l, double x, double y)
{
  if (plot->bins == 0 || !spqr_rect_contains (&l->plot, x, y))
    return -1;
  ptrdiff_t bin = (ptrdiff_t) ((x - l->plot.x) / l->plot.width * (double) plot->bins);
  return CLAMP (bin, 0, (ptrdiff_t) plot->bins - 1);
}

double
spqr_histogram_value_at (const SpqrHistogram *plot, const SpqrHistogramLayout *l, double x)
{
  return spqr_scale_invert (&plot->x, CLAMP ((x - l->plot.x) / l->plot.width, 0, 1));
}

double
spqr_histogram_x_of (const SpqrHistogram *plot, const SpqrHistogramLayout *l, double value)
{
  double t = spqr_scale_apply (&plot->x, value);
  return l->plot.x + (isnan (t) ? 1 : CLAMP (t, 0, 1)) * l->plot.width;
}

bool
spqr_histogram_threshold_at (const SpqrHistogram *plot, const SpqrHistogramLayout *l, double x, double y)
{
  return plot->has_threshold && y >= l->plot.y - 16 && y <= l->plot.y + l->plot.height + 4
         && fabs (x - spqr_histogram_x_of (plot, l, plot->threshold)) <= 8;
}

double
spqr_histogram_share_above (const SpqrHistogram *plot, double threshold)
{
  double total = 0, above = 0, t = spqr_scale_apply (&plot->x, threshold);
  double cut = (isnan (t) ? 1 : CLAMP (t, 0, 1)) * (double) plot->bins;
  for (size_t i = 0; plot->counts && i < plot->bins; i++)
    {
      double part = CLAMP ((double) (i + 1) - cut, 0, 1);
      total += (double) plot->counts[i];
      above += part * (double) plot->counts[i];
    }
  return total > 0 ? above / total : 0;
}

static void
draw_bars (const SpqrHistogram *plot, SpqrInk *ink, const SpqrRect *r, double most)
{
  const SpqrTheme *t = ink->theme;
  double w = r->width / (double) plot->bins, gap = w >= 5 ? 1 : 0;
  SpqrHistogramLayout l = { 0, 0, *r };
  double cut = plot->has_threshold ? spqr_histogram_x_of (plot, &l, plot->threshold) : INFINITY;
  SpqrColor bars = spqr_color_with_alpha (spqr_theme_series (t, plot->series), 0.55); /* the outline goes over them */
  for (int side = 0; side < 2; side++)
    {
      for (size_t i = 0; i < plot->bins; i++)
        {
          if (plot->counts[i] == 0)
            continue;
          double x0 = r->x + (double) i * w, x1 = x0 + w - gap;
          if (gap == 0) /* no seams between bars that touch */
            {
              x0 = floor (x0);
              x1 = floor (r->x + (double) (i + 1) * w);
            }
          double h = MAX (1, height_of (plot, (double) plot->counts[i], most) * r->height);
          double a = side ? MAX (x0, cut) : x0, b = side ? x1 : MIN (x1, cut);
          if (b > a)
            cairo_rectangle (ink->cr, a, r->y + r->height - h, b - a, h);
        }
      spqr_color_set_source (side ? &t->alert : plot->in_series ? &bars : &t->bar, ink->cr);
      cairo_fill (ink->cr);
    }
}

static void
draw_compare (const SpqrHistogram *plot, SpqrInk *ink, const SpqrRect *r, double most)
{
  double w = r->width / (double) plot->bins, base = r->y + r->height;
  cairo_move_to (ink->cr, r->x, base);
  for (size_t i = 0; i < plot->bins; i++)
    {
      double y = base - height_of (plot, (double) plot->compare[i], most) * r->height;
      cairo_line_to (ink->cr, r->x + (double) i * w, y);
      cairo_line_to (ink->cr, r->x + (double) (i + 1) * w, y);
    }
  spqr_color_set_source (plot->in_series ? spqr_theme_series (ink->theme, plot->compare_series) : &ink->theme->ink, ink->cr);
  cairo_set_line_width (ink->cr, plot->in_series ? 1.75 : 1.25);
  cairo_set_line_join (ink->cr, CAIRO_LINE_JOIN_ROUND);
  cairo_stroke (ink->cr);
}

/* Above the plot, where it covers no bar: as near to the line as there is room. */
static void
draw_threshold_text (const SpqrHistogram *plot, SpqrInk *ink, const SpqrRect *r, double x)
{
  const SpqrTheme *t = ink->theme;
  g_autofree char *value = spqr_format_value (plot->threshold, 3);
  g_autofree char *share = spqr_format_percent (spqr_histogram_share_above (plot, plot->threshold));
  /* Translators: the threshold's name and value, and the share of values above it */
  g_autofree char *text = g_strdup_printf (_("%s %s · %s above"), plot->threshold_name ? plot->threshold_name : "", value, share);
  g_autofree char *note = g_strdup_printf (" · %s", plot->threshold_note ? plot->threshold_note : "");
  double first = spqr_ink_width (ink, SPQR_TEXT_SMALL, text), w = first + (plot->threshold_note ? spqr_ink_width (ink, SPQR_TEXT_SMALL, note) : 0);
  double from = _spqr_plot_free_from (ink, r, plot->y_label), to = r->x + r->width, y = _spqr_plot_line_above (ink, r);
  double left = CLAMP (x - w / 2, from, MAX (from, to - w));
  spqr_ink_text (ink, SPQR_TEXT_SMALL, &t->ink, text, left, y, 0, 1, MAX (1, to - left + 1));
  if (plot->threshold_note && to - left - first > 20)
    spqr_ink_text (ink, SPQR_TEXT_SMALL, &t->dim, note, left + first, y, 0, 1, to - left - first + 1);
}

/* A line with a round grip on top, and what lies beyond it. */
static void
draw_threshold (const SpqrHistogram *plot, SpqrInk *ink, const SpqrHistogramLayout *l)
{
  const SpqrTheme *t = ink->theme;
  const SpqrRect *r = &l->plot;
  double x = floor (spqr_histogram_x_of (plot, l, plot->threshold)) + 0.5;
  spqr_color_set_source (&t->alert, ink->cr);
  cairo_set_line_width (ink->cr, 2);
  cairo_move_to (ink->cr, x, r->y);
  cairo_line_to (ink->cr, x, r->y + r->height);
  cairo_stroke (ink->cr);
  cairo_arc (ink->cr, x, r->y, 6, 0, 2 * G_PI);
  spqr_color_set_source (&t->background, ink->cr);
  cairo_fill_preserve (ink->cr);
  spqr_color_set_source (&t->alert, ink->cr);
  cairo_stroke (ink->cr);

  draw_threshold_text (plot, ink, r, x);
}

/* A line through the bars, with an arrow's head below them. */
static void
draw_mark (const SpqrHistogram *plot, SpqrInk *ink, const SpqrHistogramLayout *l)
{
  const SpqrRect *r = &l->plot;
  double x = floor (spqr_histogram_x_of (plot, l, plot->mark)) + 0.5, base = r->y + r->height;
  spqr_ink_vline (ink, &ink->theme->accent, x - 0.5, r->y, base);
  cairo_move_to (ink->cr, x, base);
  cairo_line_to (ink->cr, x - 5, base + 6);
  cairo_line_to (ink->cr, x + 5, base + 6);
  cairo_close_path (ink->cr);
  spqr_color_set_source (&ink->theme->accent, ink->cr);
  cairo_fill (ink->cr);
}

void
spqr_histogram_draw (const SpqrHistogram *plot, cairo_t *cr, const SpqrTheme *theme, double width, double height)
{
  g_auto (SpqrInk) ink = { 0 };
  spqr_ink_init (&ink, cr, theme);
  SpqrHistogramLayout l;
  layout_with_ink (plot, &ink, width, height, &l);
  SpqrAreaText text = area_text (plot);
  _spqr_plot_area_draw (&ink, &text, &l.plot, width, height);
  const SpqrRect *r = &l.plot;
  double most = (double) largest (plot);
  CountTicks ticks;
  count_ticks (plot, most, r->height, &ticks);
  for (size_t i = 0; i < ticks.n; i++)
    {
      double y = r->y + r->height - height_of (plot, ticks.at[i], most) * r->height;
      if (ticks.at[i] > 0)
        spqr_ink_hline (&ink, &theme->grid, r->x, r->x + r->width, y);
      spqr_ink_text (&ink, SPQR_TEXT_SMALL, &theme->dim, ticks.label[i], r->x - 8, y + 0.5, 1, 0.5, 0);
    }
  count_ticks_clear (&ticks);
  if (plot->counts && plot->bins > 0)
    {
      draw_bars (plot, &ink, r, most);
      if (plot->compare)
        draw_compare (plot, &ink, r, most);
    }
  spqr_ink_hline (&ink, &theme->frame, r->x, r->x + r->width, r->y + r->height);
  SpqrAxis axis;
  spqr_axis_init (&axis, &plot->x, (size_t) CLAMP (r->width / 70, 2, 12), plot->whole_numbers ? SPQR_AXIS_INTEGER : SPQR_AXIS_NUMBER);
  spqr_axis_draw_below (&axis, &ink, r, false);
  if (plot->has_mark && plot->counts)
    draw_mark (plot, &ink, &l);
  if (plot->has_threshold && plot->counts)
    draw_threshold (plot, &ink, &l);
}

char *
spqr_histogram_readout (const SpqrHistogram *plot, size_t bin)
{
  if (!plot->counts || bin >= plot->bins)
    return g_strdup ("");
  if (plot->whole_numbers && !plot->compare)
    {
      g_autofree char *number = spqr_format_value (spqr_scale_invert (&plot->x, ((double) bin + 0.5) / (double) plot->bins), 3);
      g_autofree char *times = spqr_format_integer (plot->counts[bin]);
      return g_strdup_printf ("%s: %s", number, times);
    }
  g_autofree char *from = spqr_format_value (spqr_scale_invert (&plot->x, (double) bin / (double) plot->bins), 3);
  g_autofree char *to = spqr_format_value (spqr_scale_invert (&plot->x, (double) (bin + 1) / (double) plot->bins), 3);
  g_autofree char *count = spqr_format_integer (plot->counts[bin]);
  if (!plot->compare)
    return g_strdup_printf (_("%s … %s: %s"), from, to, count);
  g_autofree char *other = spqr_format_integer (plot->compare[bin]);
  /* Translators: a range of values, how often they occur among the bars, and in the outline */
  return g_strdup_printf (_("%s … %s: %s, outline %s"), from, to, count, other);
}

void
spqr_histogram_draw_hover (const SpqrHistogram *plot, SpqrInk *ink, const SpqrHistogramLayout *l, size_t bin)
{
  if (!plot->counts || bin >= plot->bins)
    return;
  const SpqrRect *r = &l->plot;
  double w = r->width / (double) plot->bins, x = r->x + (double) bin * w;
  SpqrColor veil = spqr_color_with_alpha (&ink->theme->ink, 0.10);
  spqr_ink_fill (ink, &veil, x, r->y, MAX (w, 1), r->height);
  g_autofree char *text = spqr_histogram_readout (plot, bin);
  _spqr_plot_readout (ink, r, plot->y_label, text);
}
