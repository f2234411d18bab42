/* spqr-recipe-dialog.h: the model's recipe: its name, its rules, what they cost, and its file. */
#pragma once

#include <adwaita.h>

#include "session/spqr-session-recipe.h"

#define SPQR_TYPE_RECIPE_DIALOG (spqr_recipe_dialog_get_type ())
G_DECLARE_FINAL_TYPE (SpqrRecipeDialog, spqr_recipe_dialog, SPQR, RECIPE_DIALOG, AdwWindow)

/* Beside its parent, which can be used meanwhile. */
GtkWidget *spqr_recipe_dialog_new (GtkWindow *parent, SpqrSession *session);
