/* spqr-layer-page.h: one tensor, looked into and tuned. */
#pragma once

#include <gtk/gtk.h>

#include "session/spqr-session.h"

#define SPQR_TYPE_LAYER_PAGE (spqr_layer_page_get_type ())
G_DECLARE_FINAL_TYPE (SpqrLayerPage, spqr_layer_page, SPQR, LAYER_PAGE, GtkWidget)

GtkWidget *spqr_layer_page_new (SpqrSession *session);
