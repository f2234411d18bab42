/* spqr-run-summary.h: runs in words: what one was made with, or in what several differ. */
#pragma once

#include <gtk/gtk.h>

#include "export/spqr-report.h"

#define SPQR_TYPE_RUN_SUMMARY (spqr_run_summary_get_type ())
G_DECLARE_FINAL_TYPE (SpqrRunSummary, spqr_run_summary, SPQR, RUN_SUMMARY, GtkWidget)

GtkWidget *spqr_run_summary_new (void);
/* One run: everything. Two or more: what differs, a column a run. Evaluations under different
 * protocols are said to be so, never ranked. reports: of SpqrReport. */
void       spqr_run_summary_show (SpqrRunSummary *self, GPtrArray *reports);
