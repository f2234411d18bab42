/* spqr-recipe.h: parameters per layer: defaults, and overrides by role, block range or exact name. */
#pragma once

#include "model/spqr-tensor.h"
#include "quant/spqr-param-table.h"

/* Immutable once made; reference counted. JSON:
 *   { "spqr_recipe": 1, "name": "…", "defaults": { all parameters },
 *     "overrides": [ { "role": "down_proj" | "blocks": [0, 3] | "tensor": "model.layers.0…",
 *                      "set": { "wbits": 4 } | "skip": true } ] }
 * Conditions of one override are joined by "and"; a later override wins. */
typedef struct _SpqrRecipe SpqrRecipe;

SpqrRecipe *spqr_recipe_new (const SpqrRunParams *defaults);
SpqrRecipe *spqr_recipe_ref (SpqrRecipe *self);
void        spqr_recipe_unref (SpqrRecipe *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrRecipe, spqr_recipe_unref)

SpqrRecipe *spqr_recipe_parse (const char *json, GError **error);
/* Canonical: equal recipes give equal text. g_free(). */
char       *spqr_recipe_to_json (SpqrRecipe *self);
/* A copy with one more override. role -1, blocks -1/-1 or tensor NULL: no such condition. keys and
 * values of what is set; keys NULL: the tensor is left as it is (skip). */
SpqrRecipe *spqr_recipe_with_override (SpqrRecipe *self, int role, int first_block, int last_block, const char *tensor,
                                       const char *const *keys, const char *const *values, GError **error);

const SpqrRunParams *spqr_recipe_get_defaults (SpqrRecipe *self);
/* FALSE: this tensor is not to be quantized. */
gboolean    spqr_recipe_resolve (SpqrRecipe *self, const char *tensor_name, SpqrRole role, int block, SpqrParams *params);
/* What differs, for people; NULL when equal. g_free(). */
char       *spqr_recipe_difference (SpqrRecipe *a, SpqrRecipe *b);
