/* spqr-calibrate-dialog.h: which text, how many windows: then one layer or all are calibrated. */
#pragma once

#include <adwaita.h>

#include "session/spqr-session.h"

#define SPQR_TYPE_CALIBRATE_DIALOG (spqr_calibrate_dialog_get_type ())
G_DECLARE_FINAL_TYPE (SpqrCalibrateDialog, spqr_calibrate_dialog, SPQR, CALIBRATE_DIALOG, AdwWindow)

GtkWidget *spqr_calibrate_dialog_new (GtkWindow *parent, SpqrSession *session, gboolean whole);
