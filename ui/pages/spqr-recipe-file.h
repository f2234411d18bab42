/* spqr-recipe-file.h: recipes as JSON files, chosen by a person; read and written by a worker. */
#pragma once

#include <gtk/gtk.h>

#include "session/spqr-session-recipe.h"

/* The session's recipe, or one of the parameters at hand. What goes wrong is told by the session. */
void spqr_recipe_save_dialog (GtkWindow *parent, SpqrSession *session);
/* Becomes the session's recipe, and its settings of calibration those at hand. */
void spqr_recipe_open_dialog (GtkWindow *parent, SpqrSession *session);
