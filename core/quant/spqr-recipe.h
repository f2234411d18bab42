/* spqr-recipe.h: parameters per layer: defaults, and overrides by role, block range or exact name. */
#pragma once

#include "model/spqr-tensor.h"
#include "quant/spqr-param-table.h"

/* Immutable once made; reference counted. JSON:
 *   { "spqr_recipe": 1, "name": "…", "defaults": { all parameters },
 *     "overrides": [ { "role": "down_proj" | "blocks": [0, 3] | "tensor": "model.layers.0…",
 *                      "set": { "wbits": 4 } | "skip": true } ] }
 * Conditions of one override are joined by "and"; a later override wins, and one that sets
 * something takes back an earlier "skip". Blocks are first and last, both included. */
typedef struct _SpqrRecipe SpqrRecipe;

/* Of which layers, and what. */
typedef struct {
  int role;                       /* SpqrRole; -1: any */
  int first_block, last_block;    /* -1, -1: any */
  char *tensor;                   /* NULL: any */
  gboolean skip;                  /* left as they are; else: */
  guint32 set;                    /* bit i: the parameter i of spqr_param_table() is that of values */
  SpqrRunParams values;
} SpqrRecipeOverride;

/* The parameters are taken as they are: spqr_run_params_validate() them first. */
SpqrRecipe *spqr_recipe_new (const SpqrRunParams *defaults);
SpqrRecipe *spqr_recipe_ref (SpqrRecipe *self);
void        spqr_recipe_unref (SpqrRecipe *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrRecipe, spqr_recipe_unref)

/* SPQR_QUANT_ERROR_PARAMETER says which override and key is wrong. Defaults that are absent are the
 * program's. */
SpqrRecipe *spqr_recipe_parse (const char *json, GError **error);
/* Canonical: equal recipes give equal text. g_free(). */
char       *spqr_recipe_to_json (SpqrRecipe *self);
/* A copy with another name; NULL: none. */
SpqrRecipe *spqr_recipe_with_name (SpqrRecipe *self, const char *name);
/* A copy with one more override; one for the very same layers as the last is joined to it. role -1, blocks -1/-1 or tensor NULL: no such condition. keys and
 * values of what is set; keys NULL: the tensor is left as it is (skip). */
SpqrRecipe *spqr_recipe_with_override (SpqrRecipe *self, int role, int first_block, int last_block, const char *tensor,
                                       const char *const *keys, const char *const *values, GError **error);

const char *spqr_recipe_get_name (SpqrRecipe *self);             /* NULL: none */
guint       spqr_recipe_get_n_overrides (SpqrRecipe *self);
/* Borrowed. */
const SpqrRecipeOverride *spqr_recipe_get_override (SpqrRecipe *self, guint index);
const SpqrRunParams *spqr_recipe_get_defaults (SpqrRecipe *self);
/* FALSE: this tensor is not to be quantized. Two overrides that are sound alone may contradict each
 * other where they meet: spqr_params_validate() what comes out. */
gboolean    spqr_recipe_resolve (SpqrRecipe *self, const char *tensor_name, SpqrRole role, int block, SpqrParams *params);
/* What differs, for people; NULL when equal. g_free(). */
char       *spqr_recipe_difference (SpqrRecipe *a, SpqrRecipe *b);
