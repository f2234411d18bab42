/* spqr-layer-title.h: the line above the heat map: which layer, of what shape, what it was calibrated with, and
 * the button that does so, for the first time or with another text. */
#pragma once

#include <gtk/gtk.h>

#include "session/spqr-session.h"

#define SPQR_TYPE_LAYER_TITLE (spqr_layer_title_get_type ())
G_DECLARE_FINAL_TYPE (SpqrLayerTitle, spqr_layer_title, SPQR, LAYER_TITLE, GtkWidget)

/* lab: the layer on the bench, or NULL while it is read; tunable: SpqrLayerSubject's word. */
void spqr_layer_title_show (SpqrLayerTitle *self, SpqrSession *session, SpqrLab *lab, gboolean tunable);
