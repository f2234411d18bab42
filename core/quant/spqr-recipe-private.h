/* What reading and changing recipes share. */
#pragma once

#include "quant/spqr-param-private.h"
#include "quant/spqr-recipe.h"

typedef SpqrRecipeOverride Override;

struct _SpqrRecipe {
  gint ref_count;
  char *name;
  SpqrRunParams defaults;
  GPtrArray *overrides;           /* of Override */
};

void        _spqr_override_free (gpointer override);
/* Every tensor that `inner` is for, `outer` is for too. */
gboolean    _spqr_override_covers (const Override *outer, const Override *inner);
gboolean    _spqr_override_matches (const Override *override, const char *tensor, int role, int block);
SpqrRecipe *_spqr_recipe_copy (SpqrRecipe *self);
/* Everything by itself and each override with those that cover it. */
gboolean    _spqr_recipe_check (SpqrRecipe *self, GError **error);
