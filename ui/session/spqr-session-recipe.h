/* spqr-session-recipe.h: the recipe of the opened model: what tuning has settled, layer by layer, with a
 * history. Without one (NULL) the parameters at hand are for every layer. Signal "recipe-changed". */
#pragma once

#include "quant/spqr-recipe-edit.h"
#include "session/spqr-session.h"

typedef enum { SPQR_APPLY_TO_LAYER, SPQR_APPLY_TO_ROLE, SPQR_APPLY_TO_BLOCK, SPQR_APPLY_TO_ALL } SpqrApplyTo;

SpqrRecipe *spqr_session_get_recipe (SpqrSession *self);      /* borrowed, NULL */
/* A step of the history; NULL: back to none. */
void        spqr_session_set_recipe (SpqrSession *self, SpqrRecipe *recipe);
/* The parameters at hand for the selected layer, its role, its block or all layers; or (leave) those layers are
 * not to be quantized. FALSE, with a reason: nothing is selected that a recipe is about, or they contradict. */
gboolean    spqr_session_apply (SpqrSession *self, SpqrApplyTo to, gboolean leave, GError **error);
gboolean    spqr_session_can_undo_recipe (SpqrSession *self);
gboolean    spqr_session_can_redo_recipe (SpqrSession *self);
void        spqr_session_undo_recipe (SpqrSession *self);
void        spqr_session_redo_recipe (SpqrSession *self);
/* The recipe, or one of the parameters at hand, with the run's own settings (calibration, seed) of `params`;
 * full reference. */
SpqrRecipe *spqr_session_make_recipe (SpqrSession *self, const SpqrRunParams *params);
