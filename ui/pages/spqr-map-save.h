/* spqr-map-save.h: the map as a table in a file: every figure of the layers, in the order of a list. */
#pragma once

#include <gtk/gtk.h>

#include "session/spqr-session.h"

/* Takes tensors (of SpqrTensor). Asks where to. */
void spqr_map_save (GtkWidget *parent, SpqrSession *session, GPtrArray *tensors);
