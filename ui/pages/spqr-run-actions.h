/* spqr-run-actions.h: what can be done with a stored run, asking where something is to be asked. */
#pragma once

#include <gtk/gtk.h>

#include "export/spqr-report.h"
#include "session/spqr-session.h"

G_BEGIN_DECLS

typedef enum {
  SPQR_RUN_ACTION_RESUME, SPQR_RUN_ACTION_USE, SPQR_RUN_ACTION_SHOW, SPQR_RUN_ACTION_EVALUATE, SPQR_RUN_ACTION_EXPORT,
  SPQR_RUN_ACTION_REMOVE, SPQR_N_RUN_ACTIONS
} SpqrRunAction;

/* Why it cannot be done with the selected runs, n of them, of which `run` is the only one (NULL: none, several, or not
 * read yet), for people; NULL: it can. g_free(). */
char *spqr_run_action_refuse (SpqrRunAction action, SpqrRun *run, guint n);
gboolean spqr_run_can_resume (const SpqrRun *run);

/* widget: where the question appears. report: what is known of the run. */
void  spqr_run_ask_remove (GtkWidget *widget, SpqrSession *session, const SpqrReport *report);
void  spqr_run_ask_export (GtkWidget *widget, SpqrSession *session, SpqrRun *run);
/* Opens the run's model where another one is open, then shows its figures on the map. */
void  spqr_run_show_on_map (GtkWidget *widget, SpqrSession *session, SpqrRun *run);
/* The run's parameters and rules to the tuning controls, at the layer that erred most. */
void  spqr_run_use_settings (GtkWidget *widget, SpqrSession *session, const SpqrReport *report);
/* Asks for a run's folder and takes it into the history. */
void  spqr_run_ask_import (GtkWidget *widget, SpqrSession *session);

/* What a question about removing says; g_free(). */
char *spqr_run_describe_removal (const SpqrReport *report, gboolean own_folder);

G_END_DECLS
