/* spqr-recipe-edit.c: recipes made from recipes, as a person who tunes changes them. */
#include "quant/spqr-recipe-edit.h"

#include <string.h>

#include "quant/spqr-recipe-private.h"

gboolean
spqr_recipe_wants_tensor (SpqrTensor *tensor)
{
  return spqr_role_is_linear (spqr_tensor_get_role (tensor)) && !spqr_tensor_is_bias (tensor) &&
         spqr_tensor_get_n_dims (tensor) == 2 && spqr_tensor_get_block (tensor) >= 0;
}

static gboolean
is_for (const Override *override, SpqrTensor *tensor)
{
  return spqr_recipe_wants_tensor (tensor) &&
         _spqr_override_matches (override, spqr_tensor_get_name (tensor), (int) spqr_tensor_get_role (tensor),
                                 spqr_tensor_get_block (tensor));
}

/* Of this model's layers, `newer` is for all that `older` is for. */
static gboolean
leaves_nothing (const Override *newer, const Override *older, SpqrModel *model)
{
  for (guint i = 0; i < spqr_model_get_n_tensors (model); i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (model, i);

      if (is_for (older, tensor) && !is_for (newer, tensor))
        return FALSE;
    }
  return TRUE;
}

/* Every parameter that a layer would not get by itself: because the defaults differ, or because an override
 * that stays may set it. */
static SpqrParamMask
parameters_to_set (SpqrRecipe *self, const SpqrRunParams *wanted)
{
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);
  SpqrParamMask mask = 0;

  for (guint i = 0; i < n; i++)
    if (table[i].layer_level && spqr_param_get (&table[i], wanted) != spqr_param_get (&table[i], &self->defaults))
      mask |= (SpqrParamMask) 1 << i;
  for (guint i = 0; i < self->overrides->len; i++)
    mask |= ((const Override *) self->overrides->pdata[i])->set;
  return mask;
}

static gboolean
has_skip (SpqrRecipe *self)
{
  for (guint i = 0; i < self->overrides->len; i++)
    if (((const Override *) self->overrides->pdata[i])->skip)
      return TRUE;
  return FALSE;
}

/* All that `added` is for is so already. */
static gboolean
is_so (SpqrRecipe *self, const Override *added, SpqrModel *model)
{
  SpqrRunParams wanted = added->values, found = added->values;

  for (guint i = 0; i < spqr_model_get_n_tensors (model); i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (model, i);
      gboolean quantized;

      if (!is_for (added, tensor))
        continue;
      quantized = spqr_recipe_resolve (self, spqr_tensor_get_name (tensor), spqr_tensor_get_role (tensor), spqr_tensor_get_block (tensor),
                                       &found.layer);
      if (quantized == added->skip || (quantized && !spqr_run_params_equal (&wanted, &found)))
        return FALSE;
    }
  return TRUE;
}

static SpqrRecipe *
checked (SpqrRecipe *recipe, GError **error)
{
  if (_spqr_recipe_check (recipe, error))
    return recipe;
  spqr_recipe_unref (recipe);
  return NULL;
}

SpqrRecipe *
spqr_recipe_with_params (SpqrRecipe *self, SpqrModel *model, int role, int first_block, int last_block, const char *tensor,
                         const SpqrParams *params, GError **error)
{
  SpqrRecipe *copy = _spqr_recipe_copy (self);
  Override *added = g_new0 (Override, 1);
  gboolean all = role < 0 && first_block < 0 && tensor == NULL;

  *added = (Override) { .role = role, .first_block = first_block, .last_block = last_block, .tensor = g_strdup (tensor),
                        .skip = params == NULL, .values = self->defaults };
  if (params != NULL)
    added->values.layer = *params;
  if (!all && is_so (self, added, model))
    {
      _spqr_override_free (added);
      return copy;
    }
  for (guint i = copy->overrides->len; i-- > 0;)
    if (leaves_nothing (added, copy->overrides->pdata[i], model))
      g_ptr_array_remove_index (copy->overrides, i);
  if (all && params != NULL)
    copy->defaults.layer = *params;
  else if (params != NULL)
    added->set = parameters_to_set (copy, &added->values);
  if (added->skip || added->set != 0 || (!all && has_skip (copy)))
    g_ptr_array_add (copy->overrides, added);
  else
    _spqr_override_free (added);
  return checked (copy, error);
}

SpqrRecipe *
spqr_recipe_with_defaults (SpqrRecipe *self, const SpqrRunParams *defaults, GError **error)
{
  SpqrRecipe *copy = _spqr_recipe_copy (self);

  copy->defaults = *defaults;
  return checked (copy, error);
}

SpqrRecipe *
spqr_recipe_without_override (SpqrRecipe *self, guint index, GError **error)
{
  SpqrRecipe *copy;

  g_return_val_if_fail (index < self->overrides->len, NULL);

  copy = _spqr_recipe_copy (self);
  g_ptr_array_remove_index (copy->overrides, index);
  return checked (copy, error);
}

SpqrRecipe *
spqr_recipe_with_override_moved (SpqrRecipe *self, guint from, guint to, GError **error)
{
  SpqrRecipe *copy;
  gpointer moved;

  g_return_val_if_fail (from < self->overrides->len && to < self->overrides->len, NULL);

  copy = _spqr_recipe_copy (self);
  moved = g_ptr_array_steal_index (copy->overrides, from);
  g_ptr_array_insert (copy->overrides, (gint) to, moved);
  return checked (copy, error);
}

/* ---- of a model ---- */

guint
spqr_recipe_count_layers (SpqrRecipe *self, guint index, SpqrModel *model, guint *n_in_force)
{
  guint n = 0;

  g_return_val_if_fail (index < self->overrides->len, 0);

  *n_in_force = 0;
  for (guint i = 0; i < spqr_model_get_n_tensors (model); i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (model, i);
      SpqrParamMask left = ((const Override *) self->overrides->pdata[index])->set;
      gboolean skipped_again = FALSE, taken_back = FALSE;

      if (!is_for (self->overrides->pdata[index], tensor))
        continue;
      n++;
      for (guint later = index + 1; later < self->overrides->len; later++)
        {
          const Override *override = self->overrides->pdata[later];

          if (!is_for (override, tensor))
            continue;
          left &= ~override->set;
          skipped_again = override->skip;
          taken_back |= !override->skip;
        }
      if (((const Override *) self->overrides->pdata[index])->skip)
        *n_in_force += !taken_back && !skipped_again;
      else
        *n_in_force += (left != 0 || ((const Override *) self->overrides->pdata[index])->set == 0) && !skipped_again;
    }
  return n;
}

static void
add_parts (const SpqrParams *p, int rows, int cols, double *parts)
{
  double weights = (double) rows * cols, g = p->groupsize > 0 ? p->groupsize : cols;
  double total = spqr_params_formula_bits (p, rows, cols, 0), outliers = spqr_params_forecast_bits (p, rows, cols) - total;
  double scales = (p->qq_scale_bits > 0 ? p->qq_scale_bits : 16) / g;
  double zeros = (p->round_zero ? p->wbits : p->qq_zero_bits > 0 ? p->qq_zero_bits : 16) / g;

  parts[SPQR_RECIPE_BITS_WEIGHTS] += weights * p->wbits;
  parts[SPQR_RECIPE_BITS_SCALES] += weights * scales;
  parts[SPQR_RECIPE_BITS_ZEROS] += weights * zeros;
  parts[SPQR_RECIPE_BITS_SECOND_ORDER] += weights * MAX (total - p->wbits - scales - zeros, 0);
  parts[SPQR_RECIPE_BITS_OUTLIERS] += weights * outliers;
}

void
spqr_recipe_sum_up (SpqrRecipe *self, SpqrModel *model, SpqrRecipeBudget *budget)
{
  *budget = (SpqrRecipeBudget) { 0 };
  for (guint i = 0; i < spqr_model_get_n_tensors (model); i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (model, i);
      SpqrParams params;

      if (!spqr_recipe_wants_tensor (tensor) ||
          !spqr_recipe_resolve (self, spqr_tensor_get_name (tensor), spqr_tensor_get_role (tensor), spqr_tensor_get_block (tensor),
                                &params))
        {
          budget->bits[SPQR_RECIPE_BITS_UNQUANTIZED] += 8.0 * (double) spqr_tensor_get_n_bytes (tensor);
          budget->n_left += spqr_recipe_wants_tensor (tensor);
          continue;
        }
      budget->n_layers++;
      budget->weights += (double) spqr_tensor_get_rows (tensor) * (double) spqr_tensor_get_cols (tensor);
      budget->calibration |= params.method != SPQR_METHOD_RTN;
      budget->outliers |= params.method == SPQR_METHOD_SPQR && params.outlier_threshold <= 1e30;
      budget->outlier_share += spqr_params_usual_outliers (&params) * (double) spqr_tensor_get_rows (tensor) * (double) spqr_tensor_get_cols (tensor);
      add_parts (&params, (int) spqr_tensor_get_rows (tensor), (int) spqr_tensor_get_cols (tensor), budget->bits);
    }
  for (guint part = 0; part < SPQR_RECIPE_BITS_UNQUANTIZED; part++)
    budget->quantized_bits += budget->bits[part];
  budget->outlier_share /= MAX (budget->weights, 1);
}
