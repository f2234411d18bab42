/* spqr-runs-table.h: the history of runs: sortable, filterable, of any length. */
#pragma once

#include <gtk/gtk.h>

#include "session/spqr-session.h"

#define SPQR_TYPE_RUNS_TABLE (spqr_runs_table_get_type ())
G_DECLARE_FINAL_TYPE (SpqrRunsTable, spqr_runs_table, SPQR, RUNS_TABLE, GtkWidget)

GtkWidget *spqr_runs_table_new (SpqrSession *session);
/* The database has changed: reads again, in the background; selected runs stay selected. */
void       spqr_runs_table_refresh (SpqrRunsTable *self);
/* The ids (gint64) of the selected runs, in the table's order; full reference. */
GArray    *spqr_runs_table_get_selected (SpqrRunsTable *self);
/* Those that the filter lets through, as sorted; full reference, of gint64. */
GArray    *spqr_runs_table_get_shown (SpqrRunsTable *self);
/* How many runs the database has, and the newest's id; 0 before the first reading. */
guint      spqr_runs_table_get_n_all (SpqrRunsTable *self);
gint64     spqr_runs_table_get_newest (SpqrRunsTable *self);
/* Puts what can be done with the selected runs beside the filter. */
void       spqr_runs_table_add_actions (SpqrRunsTable *self, GtkWidget *actions);
void       spqr_runs_table_select (SpqrRunsTable *self, gint64 run_id, gboolean extend);

/* Signals: "selection-changed"; "listed": the table has been read. */
