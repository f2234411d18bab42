/* spqr-runs-curves.h: a figure of each layer, the selected runs as curves on shared axes. */
#pragma once

#include <gtk/gtk.h>

#include "export/spqr-report.h"

G_BEGIN_DECLS

#define SPQR_TYPE_RUNS_CURVES (spqr_runs_curves_get_type ())
G_DECLARE_FINAL_TYPE (SpqrRunsCurves, spqr_runs_curves, SPQR, RUNS_CURVES, GtkWidget)

GtkWidget *spqr_runs_curves_new (void);
/* reports: of SpqrReport, in the order of their letters and colours. */
void       spqr_runs_curves_show (SpqrRunsCurves *self, GPtrArray *reports);

G_END_DECLS
