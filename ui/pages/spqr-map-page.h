/* spqr-map-page.h: the whole model at a glance: blocks × roles, coloured by a figure. */
#pragma once

#include <gtk/gtk.h>

#include "session/spqr-session.h"

#define SPQR_TYPE_MAP_PAGE (spqr_map_page_get_type ())
G_DECLARE_FINAL_TYPE (SpqrMapPage, spqr_map_page, SPQR, MAP_PAGE, GtkWidget)

GtkWidget *spqr_map_page_new (SpqrSession *session);
