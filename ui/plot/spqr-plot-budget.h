/* spqr-plot-budget.h: where the bits go: one bar, cut into its parts. */
#pragma once

#include "plot/spqr-ink.h"

typedef struct { const char *name; double bits; } SpqrBudgetPart;

typedef struct {
  const SpqrBudgetPart *parts; /* from the left; below 0 or not finite counts as 0 */
  size_t n;
  double target;               /* a mark on the bar: what was asked for; <= 0: none */
  double full;                 /* bits at the right end; <= 0: as large as what is shown */
  const char *title;           /* "bits per weight"; or NULL */
} SpqrBudget;

typedef struct { double width, height; SpqrRect bar; double full; double legend_y; } SpqrBudgetLayout;

double spqr_budget_total (const SpqrBudget *plot);
void spqr_budget_layout (const SpqrBudget *plot, const SpqrTheme *theme, double width, double height, SpqrBudgetLayout *layout);
/* Height needed at a width, the legend's lines included. */
double spqr_budget_natural_height (const SpqrBudget *plot, const SpqrTheme *theme, double width);
/* The part under a point of the bar, or -1. */
ptrdiff_t spqr_budget_part_at (const SpqrBudget *plot, const SpqrBudgetLayout *layout, double x, double y);
void spqr_budget_part_rect (const SpqrBudget *plot, const SpqrBudgetLayout *layout, size_t part, SpqrRect *rect);
void spqr_budget_draw (const SpqrBudget *plot, cairo_t *cr, const SpqrTheme *theme, double width, double height);
void spqr_budget_draw_hover (const SpqrBudget *plot, SpqrInk *ink, const SpqrBudgetLayout *layout, size_t part);
/* "3.63 bits = weights 3.00 + scales 0.19 + …" */
char *spqr_budget_readout (const SpqrBudget *plot);
