/* spqr-save-table.h: "Save Table…" and "Save Report…": asks where, and writes in the background. */
#pragma once

#include <gtk/gtk.h>

#include "export/spqr-csv.h"
#include "session/spqr-session.h"

/* Makes the table, in a worker. */
typedef SpqrCsv *(*SpqrTableFunc) (gpointer data, GCancellable *cancellable, GError **error);

/* Owns data through destroy, which is called in the main context. */
void spqr_save_table (GtkWidget *parent, SpqrSession *session, const char *name, SpqrTableFunc make, gpointer data, GDestroyNotify destroy);

/* The runs of these ids (of gint64), in the order given. */
void spqr_save_runs_table (GtkWidget *parent, SpqrSession *session, GArray *ids);
/* What stands side by side of these runs, in that order. */
void spqr_save_comparison (GtkWidget *parent, SpqrSession *session, GArray *ids);
/* The layers, the evaluations of a run as the database has them. */
void spqr_save_layers_table (GtkWidget *parent, SpqrSession *session, gint64 run_id);
void spqr_save_evals_table (GtkWidget *parent, SpqrSession *session, gint64 run_id);
/* Everything about a run as one HTML file. */
void spqr_save_report (GtkWidget *parent, SpqrSession *session, gint64 run_id);
