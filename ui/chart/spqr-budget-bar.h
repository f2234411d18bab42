/* spqr-budget-bar.h: where the bits go, at once when a parameter moves. */
#pragma once

#include "chart/spqr-chart.h"
#include "plot/spqr-plot-budget.h"

G_BEGIN_DECLS

#define SPQR_TYPE_BUDGET_BAR (spqr_budget_bar_get_type ())
G_DECLARE_FINAL_TYPE (SpqrBudgetBar, spqr_budget_bar, SPQR, BUDGET_BAR, SpqrChart)

GtkWidget *spqr_budget_bar_new (void);

/* Copied, names too. target, full: see SpqrBudget. */
void spqr_budget_bar_set_parts (SpqrBudgetBar *self, const SpqrBudgetPart *parts, size_t n, double target, double full);
void spqr_budget_bar_set_title (SpqrBudgetBar *self, const char *title);

G_END_DECLS
