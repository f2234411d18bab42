/* spqr-recipe-edit.h: recipes made from recipes, and what a recipe makes of a model. Every function that
 * returns a recipe returns a new one, or NULL with SPQR_QUANT_ERROR_PARAMETER where its parameters would
 * contradict each other. */
#pragma once

#include "model/spqr-model.h"
#include "quant/spqr-recipe.h"

/* Is this a layer that recipes are about: a linear layer of a block? */
gboolean    spqr_recipe_wants_tensor (SpqrTensor *tensor);

/* Those layers get exactly these parameters (NULL: they are left as they are), whatever came before; conditions
 * as for spqr_recipe_with_override(). Without any condition they become the defaults; where all
 * of them have these parameters already, nothing changes. Overrides that have
 * no layer of the model left to themselves go. */
SpqrRecipe *spqr_recipe_with_params (SpqrRecipe *self, SpqrModel *model, int role, int first_block, int last_block, const char *tensor,
                                     const SpqrParams *params, GError **error);
SpqrRecipe *spqr_recipe_with_defaults (SpqrRecipe *self, const SpqrRunParams *defaults, GError **error);
SpqrRecipe *spqr_recipe_without_override (SpqrRecipe *self, guint index, GError **error);
SpqrRecipe *spqr_recipe_with_override_moved (SpqrRecipe *self, guint from, guint to, GError **error);

/* Layers of the model that an override is for; *n_in_force: those of them in which later ones leave something
 * of it. */
guint       spqr_recipe_count_layers (SpqrRecipe *self, guint index, SpqrModel *model, guint *n_in_force);

typedef enum {
  SPQR_RECIPE_BITS_WEIGHTS, SPQR_RECIPE_BITS_SCALES, SPQR_RECIPE_BITS_ZEROS, SPQR_RECIPE_BITS_SECOND_ORDER, SPQR_RECIPE_BITS_OUTLIERS,
  SPQR_RECIPE_BITS_UNQUANTIZED, SPQR_RECIPE_N_BITS
} SpqrRecipeBitsPart;

/* By the paper's formula, with as many outliers as there usually are: spqr_params_forecast_bits(). */
typedef struct {
  guint n_layers, n_left;              /* quantized; of a block and left as they are */
  double weights;                      /* in the quantized layers */
  double bits[SPQR_RECIPE_N_BITS];     /* of the whole model; unquantized: as in its files */
  double quantized_bits;               /* all parts but the last */
  gboolean calibration;                /* some layer's method needs it */
  gboolean outliers;                   /* some layer keeps outliers */
  double outlier_share;                /* that is assumed, of all quantized weights */
} SpqrRecipeBudget;
void        spqr_recipe_sum_up (SpqrRecipe *self, SpqrModel *model, SpqrRecipeBudget *budget);
