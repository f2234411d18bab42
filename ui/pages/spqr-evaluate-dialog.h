/* spqr-evaluate-dialog.h: measure a finished run: on which text, in which windows, against what. */
#pragma once

#include <adwaita.h>

#include "session/spqr-session.h"

#define SPQR_TYPE_EVALUATE_DIALOG (spqr_evaluate_dialog_get_type ())
G_DECLARE_FINAL_TYPE (SpqrEvaluateDialog, spqr_evaluate_dialog, SPQR, EVALUATE_DIALOG, AdwWindow)

/* evals: the run's so far (SpqrRunEval). */
GtkWidget *spqr_evaluate_dialog_new (GtkWindow *parent, SpqrSession *session, SpqrRun *run, GPtrArray *evals);
