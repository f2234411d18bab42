/* spqr-quantize-dialog.h: the whole model is about to be quantized: with what, on what, at what cost. */
#pragma once

#include <adwaita.h>

#include "session/spqr-session.h"

#define SPQR_TYPE_QUANTIZE_DIALOG (spqr_quantize_dialog_get_type ())
G_DECLARE_FINAL_TYPE (SpqrQuantizeDialog, spqr_quantize_dialog, SPQR, QUANTIZE_DIALOG, AdwWindow)

GtkWidget *spqr_quantize_dialog_new (GtkWindow *parent, SpqrSession *session);
