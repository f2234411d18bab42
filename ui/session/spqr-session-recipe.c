#include "session/spqr-session-recipe.h"

#include <glib/gi18n.h>

#include "session/spqr-model-memory.h"
#include "session/spqr-session-private.h"

enum { MOST = 200 };

static void
unref_recipe (gpointer recipe)
{
  spqr_recipe_unref (recipe);          /* NULL: there was none */
}

/* Tuning is work, too: it is not lost with the window. */
static void
changed (SpqrSession *self)
{
  SpqrRecipe *recipe = spqr_session_get_recipe (self);
  g_autofree char *json = recipe != NULL ? spqr_recipe_to_json (recipe) : NULL;

  if (self->model != NULL)
    spqr_memory_set (spqr_model_get_location (self->model), SPQR_MEMORY_RECIPE, json);
  g_signal_emit (self, spqr_session_signals[SPQR_SESSION_RECIPE_CHANGED], 0);
}

void
spqr_session_recall_recipe (SpqrSession *self)
{
  g_autofree char *json = self->model != NULL ? spqr_memory_get (spqr_model_get_location (self->model), SPQR_MEMORY_RECIPE) : NULL;

  g_clear_pointer (&self->recipes, g_ptr_array_unref);
  self->recipes = g_ptr_array_new_with_free_func (unref_recipe);
  g_ptr_array_add (self->recipes, json != NULL ? spqr_recipe_parse (json, NULL) : NULL);
  self->recipe_at = 0;
  g_signal_emit (self, spqr_session_signals[SPQR_SESSION_RECIPE_CHANGED], 0);
}

SpqrRecipe *
spqr_session_get_recipe (SpqrSession *self)
{
  return self->recipes->pdata[self->recipe_at];
}

void
spqr_session_set_recipe (SpqrSession *self, SpqrRecipe *recipe)
{
  g_ptr_array_set_size (self->recipes, (gint) self->recipe_at + 1);
  g_ptr_array_add (self->recipes, recipe != NULL ? spqr_recipe_ref (recipe) : NULL);
  if (self->recipes->len > MOST)
    g_ptr_array_remove_index (self->recipes, 0);
  self->recipe_at = self->recipes->len - 1;
  changed (self);
}

gboolean
spqr_session_can_undo_recipe (SpqrSession *self)
{
  return self->recipe_at > 0;
}

gboolean
spqr_session_can_redo_recipe (SpqrSession *self)
{
  return self->recipe_at + 1 < self->recipes->len;
}

void
spqr_session_undo_recipe (SpqrSession *self)
{
  if (!spqr_session_can_undo_recipe (self))
    return;
  self->recipe_at--;
  changed (self);
}

void
spqr_session_redo_recipe (SpqrSession *self)
{
  if (!spqr_session_can_redo_recipe (self))
    return;
  self->recipe_at++;
  changed (self);
}

/* What layers without a rule get as long as nobody has said so: the preset from which tuning began, not what
 * happens to be tried on one of them. */
static SpqrRecipe *
begin (SpqrSession *self)
{
  SpqrRecipe *recipe = spqr_session_get_recipe (self);
  SpqrRunParams defaults = self->params;

  defaults.layer = self->preset;
  return recipe != NULL ? spqr_recipe_ref (recipe) : spqr_recipe_new (&defaults);
}

gboolean
spqr_session_apply (SpqrSession *self, SpqrApplyTo to, gboolean leave, GError **error)
{
  const SpqrParams *params = leave ? NULL : &self->params.layer;
  g_autoptr (SpqrRecipe) before = NULL;
  g_autoptr (SpqrRecipe) after = NULL;
  g_autofree char *difference = NULL;
  int role = -1, block = -1;

  if (self->model == NULL || (to != SPQR_APPLY_TO_ALL && (self->tensor == NULL || !spqr_recipe_wants_tensor (self->tensor))))
    {
      g_set_error_literal (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER, _("This is no layer that is quantized"));
      return FALSE;
    }
  if (to == SPQR_APPLY_TO_ROLE)
    role = (int) spqr_tensor_get_role (self->tensor);
  if (to == SPQR_APPLY_TO_BLOCK)
    block = spqr_tensor_get_block (self->tensor);
  before = begin (self);
  after = spqr_recipe_with_params (before, self->model, role, block, block,
                                   to == SPQR_APPLY_TO_LAYER ? spqr_tensor_get_name (self->tensor) : NULL, params, error);
  if (after == NULL)
    return FALSE;
  difference = spqr_recipe_difference (before, after);
  if (difference != NULL || spqr_session_get_recipe (self) == NULL)
    spqr_session_set_recipe (self, after);
  return TRUE;
}

SpqrRecipe *
spqr_session_make_recipe (SpqrSession *self, const SpqrRunParams *params)
{
  SpqrRecipe *recipe = spqr_session_get_recipe (self);
  SpqrRunParams defaults = *params;

  if (recipe == NULL)
    return spqr_recipe_new (params);
  defaults.layer = spqr_recipe_get_defaults (recipe)->layer;
  return spqr_recipe_with_defaults (recipe, &defaults, NULL);
}
