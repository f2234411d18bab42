/* spqr-recipe-text.h: a recipe in words. Translated; new strings. */
#pragma once

#include "quant/spqr-recipe.h"

/* "down_proj in blocks 0–3", "Block 3", "model.layers.0.self_attn.q_proj.weight" */
char *spqr_recipe_describe_where (const SpqrRecipeOverride *override);
/* "Weight bits 4 · Group size 8", "left as they are" */
char *spqr_recipe_describe_what (const SpqrRecipeOverride *override);
/* The preset that they are, or what they are: "4 bit · groups of 16 · τ 0.1" */
char *spqr_recipe_describe_params (const SpqrParams *params);
