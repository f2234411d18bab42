/* spqr-compare-save.h: "Save Table…": asks where, and writes in the background. */
#pragma once

#include <gtk/gtk.h>

#include "session/spqr-session.h"

/* The runs (of SpqrRun), in the order given; must not change afterwards. */
void spqr_save_runs_table (GtkWidget *parent, SpqrSession *session, GPtrArray *runs);
/* The layers of a run as the database has them. */
void spqr_save_layers_table (GtkWidget *parent, SpqrSession *session, SpqrRun *run);
