/* spqr-runs-scatter.h: runs as points, cost against loss, with the front of those that nothing beats. Only runs
 * that were measured in one way are ever drawn together. */
#pragma once

#include <gtk/gtk.h>

#include "session/spqr-session.h"

#define SPQR_TYPE_RUNS_SCATTER (spqr_runs_scatter_get_type ())
G_DECLARE_FINAL_TYPE (SpqrRunsScatter, spqr_runs_scatter, SPQR, RUNS_SCATTER, GtkWidget)

GtkWidget *spqr_runs_scatter_new (SpqrSession *session);
/* The database has changed: read again, in the background, as soon as somebody looks. */
void       spqr_runs_scatter_refresh (SpqrRunsScatter *self);
/* The selected runs' ids (gint64). */
void       spqr_runs_scatter_set_selected (SpqrRunsScatter *self, GArray *ids);

/* Signal "run-selected" (gint64 id, gboolean extend). */
