/* spqr-recipe-rules.h: what a recipe says: the parameters of all layers, then its rules, each with what it
 * matches, what it sets and in how many layers; to be moved and removed. */
#pragma once

#include <adwaita.h>

#include "session/spqr-session-recipe.h"

#define SPQR_TYPE_RECIPE_RULES (spqr_recipe_rules_get_type ())
G_DECLARE_FINAL_TYPE (SpqrRecipeRules, spqr_recipe_rules, SPQR, RECIPE_RULES, AdwPreferencesGroup)

/* Not editable: just the rules. */
GtkWidget *spqr_recipe_rules_new (SpqrSession *session, gboolean editable);
