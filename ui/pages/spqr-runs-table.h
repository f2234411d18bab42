/* spqr-runs-table.h: the history of runs: sortable, filterable, of any length. */
#pragma once

#include <gtk/gtk.h>

#include "store/spqr-store.h"

#define SPQR_TYPE_RUNS_TABLE (spqr_runs_table_get_type ())
G_DECLARE_FINAL_TYPE (SpqrRunsTable, spqr_runs_table, SPQR, RUNS_TABLE, GtkWidget)

GtkWidget *spqr_runs_table_new (void);
/* Shows these (of SpqrRun, borrowed); selected runs stay selected by their id. */
void       spqr_runs_table_set_runs (SpqrRunsTable *self, GPtrArray *runs);
/* The selected runs, in the table's order; full reference, of SpqrRun. */
GPtrArray *spqr_runs_table_get_selected (SpqrRunsTable *self);
/* Those that the filter lets through, as sorted; full reference, of SpqrRun. */
GPtrArray *spqr_runs_table_get_shown (SpqrRunsTable *self);
/* Puts what can be done with the selected runs beside the filter. */
void       spqr_runs_table_add_actions (SpqrRunsTable *self, GtkWidget *actions);
void       spqr_runs_table_select (SpqrRunsTable *self, gint64 run_id, gboolean extend);

/* Signal "selection-changed". */
