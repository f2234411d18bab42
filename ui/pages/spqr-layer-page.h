/* spqr-layer-page.h: one tensor, looked at: its heat map, its distribution, its parameters. */
#pragma once

#include <gtk/gtk.h>

#include "session/spqr-session.h"

G_BEGIN_DECLS

#define SPQR_TYPE_LAYER_PAGE (spqr_layer_page_get_type ())
G_DECLARE_FINAL_TYPE (SpqrLayerPage, spqr_layer_page, SPQR, LAYER_PAGE, GtkWidget)

GtkWidget *spqr_layer_page_new (SpqrSession *session);

G_END_DECLS
