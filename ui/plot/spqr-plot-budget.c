#include "plot/spqr-plot-budget.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "plot/spqr-format.h"
#include "plot/spqr-plot-area-private.h"

enum { MARGIN = 12, BAR = 22, MAX_PARTS = 16 };

static double
bits_of (const SpqrBudgetPart *part)
{
  return isfinite (part->bits) && part->bits > 0 ? part->bits : 0;
}

double
spqr_budget_total (const SpqrBudget *plot)
{
  double sum = 0;
  for (size_t i = 0; i < plot->n; i++)
    sum += bits_of (&plot->parts[i]);
  return sum;
}

static double
draw_legend (const SpqrBudget *plot, SpqrInk *ink, double y, double width)
{
  SpqrLegendItem items[MAX_PARTS] = { 0 };
  char *values[MAX_PARTS];
  size_t n = MIN (plot->n, MAX_PARTS);
  for (size_t i = 0; i < n; i++)
    {
      double bits = bits_of (&plot->parts[i]);
      values[i] = spqr_format_fixed (bits, bits > 0 && bits < 0.1 ? 3 : 2);
      items[i] = (SpqrLegendItem) { plot->parts[i].name, values[i], spqr_theme_series (ink->theme, i), false, false };
    }
  double height = _spqr_plot_legend (ink, items, n, MARGIN, y, width - 2 * MARGIN);
  for (size_t i = 0; i < n; i++)
    g_free (values[i]);
  return height;
}

static void
layout_with_ink (const SpqrBudget *plot, SpqrInk *ink, double width, double height, SpqrBudgetLayout *l)
{
  double top = MARGIN + ceil (spqr_ink_height (ink, SPQR_TEXT_STRONG)) + 6;
  double most = MAX (spqr_budget_total (plot), plot->target > 0 ? plot->target : 0);
  *l = (SpqrBudgetLayout) { width, height, { MARGIN, top, MAX (1, width - 2 * MARGIN), BAR }, 0, top + BAR + 8 };
  l->full = plot->full > most ? plot->full : most > 0 ? most : 1;
}

void
spqr_budget_layout (const SpqrBudget *plot, const SpqrTheme *theme, double width, double height, SpqrBudgetLayout *l)
{
  g_auto (SpqrInk) ink = { 0 };
  spqr_ink_init (&ink, NULL, theme);
  layout_with_ink (plot, &ink, width, height, l);
}

double
spqr_budget_natural_height (const SpqrBudget *plot, const SpqrTheme *theme, double width)
{
  g_auto (SpqrInk) ink = { 0 };
  spqr_ink_init (&ink, NULL, theme);
  SpqrBudgetLayout l;
  layout_with_ink (plot, &ink, width, 0, &l);
  return l.legend_y + draw_legend (plot, &ink, l.legend_y, width) + MARGIN - 4;
}

void
spqr_budget_part_rect (const SpqrBudget *plot, const SpqrBudgetLayout *l, size_t part, SpqrRect *r)
{
  double before = 0;
  for (size_t i = 0; i < part && i < plot->n; i++)
    before += bits_of (&plot->parts[i]);
  double scale = l->bar.width / l->full;
  *r = (SpqrRect) { l->bar.x + before * scale, l->bar.y, part < plot->n ? bits_of (&plot->parts[part]) * scale : 0, l->bar.height };
}

ptrdiff_t
spqr_budget_part_at (const SpqrBudget *plot, const SpqrBudgetLayout *l, double x, double y)
{
  for (size_t i = 0; i < plot->n; i++)
    {
      SpqrRect r;
      spqr_budget_part_rect (plot, l, i, &r);
      if (spqr_rect_contains (&r, x, y))
        return (ptrdiff_t) i;
    }
  return -1;
}

static void
draw_bar (const SpqrBudget *plot, SpqrInk *ink, const SpqrBudgetLayout *l)
{
  const SpqrTheme *t = ink->theme;
  static const SpqrColor white = { 1, 1, 1, 1 }, black = { 0.05, 0.05, 0.06, 1 };
  cairo_save (ink->cr);
  spqr_ink_round_rect (ink, l->bar.x, l->bar.y, l->bar.width, l->bar.height, 5);
  cairo_clip (ink->cr);
  spqr_ink_fill (ink, &t->grid, l->bar.x, l->bar.y, l->bar.width, l->bar.height);
  for (size_t i = 0; i < plot->n; i++)
    {
      SpqrRect r;
      const SpqrColor *color = spqr_theme_series (t, i);
      spqr_budget_part_rect (plot, l, i, &r);
      if (r.width <= 0)
        continue;
      spqr_ink_fill (ink, color, r.x, r.y, r.width, r.height);
      spqr_ink_fill (ink, &t->background, r.x + r.width - 0.5, r.y, 1, r.height);
      if (spqr_ink_width (ink, SPQR_TEXT_SMALL, plot->parts[i].name) + 12 > r.width)
        continue;
      bool dark = spqr_color_contrast (color, &white) >= spqr_color_contrast (color, &black);
      spqr_ink_text (ink, SPQR_TEXT_SMALL, dark ? &white : &black, plot->parts[i].name, r.x + r.width / 2, r.y + r.height / 2, 0.5, 0.5, 0);
    }
  cairo_restore (ink->cr);
}

void
spqr_budget_draw (const SpqrBudget *plot, cairo_t *cr, const SpqrTheme *theme, double width, double height)
{
  g_auto (SpqrInk) ink = { 0 };
  spqr_ink_init (&ink, cr, theme);
  SpqrBudgetLayout l;
  layout_with_ink (plot, &ink, width, height, &l);
  spqr_ink_fill (&ink, &theme->background, 0, 0, width, height);
  double total = spqr_budget_total (plot), y = l.bar.y - 6;
  g_autofree char *text = spqr_format_bits (total);
  double w = spqr_ink_text (&ink, SPQR_TEXT_STRONG, &theme->ink, text, MARGIN, y, 0, 1, 0);
  if (plot->title)
    spqr_ink_text (&ink, SPQR_TEXT_BODY, &theme->dim, plot->title, MARGIN + w + 6, y, 0, 1, MAX (1, width - 2 * MARGIN - w - 6));
  draw_bar (plot, &ink, &l);
  if (plot->target > 0)
    {
      double x = floor (l.bar.x + MIN (plot->target, l.full) / l.full * l.bar.width);
      spqr_ink_fill (&ink, &theme->background, x - 2, l.bar.y - 3, 5, l.bar.height + 6);
      spqr_ink_fill (&ink, total > plot->target * (1 + 1e-9) ? &theme->alert : &theme->ink, x - 1, l.bar.y - 3, 3, l.bar.height + 6);
    }
  draw_legend (plot, &ink, l.legend_y, width);
}

void
spqr_budget_draw_hover (const SpqrBudget *plot, SpqrInk *ink, const SpqrBudgetLayout *l, size_t part)
{
  if (part >= plot->n)
    return;
  SpqrRect r, bounds = { 0, 0, l->width, l->height };
  spqr_budget_part_rect (plot, l, part, &r);
  SpqrColor veil = spqr_color_with_alpha (&ink->theme->ink, 0.15);
  spqr_ink_fill (ink, &veil, r.x, r.y, r.width, r.height);
  g_autofree char *bits = spqr_format_fixed (bits_of (&plot->parts[part]), 3);
  double total = spqr_budget_total (plot);
  g_autofree char *share = spqr_format_percent (total > 0 ? bits_of (&plot->parts[part]) / total : 0);
  g_autofree char *text = g_strdup_printf ("%s · %s · %s", plot->parts[part].name, bits, share);
  spqr_ink_callout (ink, text, NULL, r.x + r.width / 2, r.y + r.height / 2, &bounds);
}

char *
spqr_budget_readout (const SpqrBudget *plot)
{
  g_autofree char *total = spqr_format_bits (spqr_budget_total (plot));
  GString *out = g_string_new (total);
  for (size_t i = 0; i < plot->n; i++)
    {
      g_autofree char *bits = spqr_format_fixed (bits_of (&plot->parts[i]), 2);
      g_string_append_printf (out, "%s%s %s", i == 0 ? " = " : " + ", plot->parts[i].name, bits);
    }
  return g_string_free (out, FALSE);
}
