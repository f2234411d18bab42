/* test-recipe-edit.c: what a person applies is what the layers get, over a real catalog. */
#include <math.h>

#include "quant/spqr-recipe-edit.h"

static SpqrModel *model;

static SpqrTensor *
layer (int block, SpqrRole role)
{
  for (guint i = 0; i < spqr_model_get_n_tensors (model); i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (model, i);

      if (spqr_recipe_wants_tensor (tensor) && spqr_tensor_get_block (tensor) == block && spqr_tensor_get_role (tensor) == role)
        return tensor;
    }
  g_assert_not_reached ();
}

static SpqrParams
resolve (SpqrRecipe *recipe, SpqrTensor *tensor, gboolean *wanted)
{
  SpqrParams params;

  *wanted = spqr_recipe_resolve (recipe, spqr_tensor_get_name (tensor), spqr_tensor_get_role (tensor), spqr_tensor_get_block (tensor),
                                 &params);
  return params;
}

static gboolean
gets (SpqrRecipe *recipe, SpqrTensor *tensor, const SpqrParams *expected)
{
  SpqrRunParams a = spqr_run_params_default, b = spqr_run_params_default;
  gboolean wanted;

  a.layer = resolve (recipe, tensor, &wanted);
  b.layer = *expected;
  return wanted && spqr_run_params_equal (&a, &b);
}

/* Replaces *recipe. */
static void
apply (SpqrRecipe **recipe, int role, int first, int last, const char *tensor, const SpqrParams *params)
{
  g_autoptr (GError) error = NULL;
  SpqrRecipe *next = spqr_recipe_with_params (*recipe, model, role, first, last, tensor, params, &error);

  g_assert_no_error (error);
  spqr_recipe_unref (*recipe);
  *recipe = next;
}

static SpqrParams
tuned (int wbits, int groupsize, double tau)
{
  SpqrParams params = spqr_run_params_default.layer;

  params.wbits = wbits;
  params.groupsize = groupsize;
  params.outlier_threshold = tau;
  return params;
}

/* Exactly what was tuned, whatever rules came before: also the parameters that are the defaults' again. */
static void
test_apply (void)
{
  g_autoptr (SpqrRecipe) recipe = spqr_recipe_new (&spqr_run_params_default);
  SpqrParams a = tuned (4, 32, 0.1), b = tuned (2, 16, 0.2), standard = spqr_run_params_default.layer;
  SpqrTensor *q = layer (1, SPQR_ROLE_Q), *down = layer (1, SPQR_ROLE_DOWN), *other = layer (2, SPQR_ROLE_DOWN);

  apply (&recipe, -1, -1, -1, spqr_tensor_get_name (down), &a);
  g_assert_cmpuint (spqr_recipe_get_n_overrides (recipe), ==, 1);
  g_assert_true (gets (recipe, down, &a) && gets (recipe, other, &standard) && gets (recipe, q, &standard));
  /* Only what differs is set: a rule is to be read. */
  g_assert_cmpuint (__builtin_popcount (spqr_recipe_get_override (recipe, 0)->set), ==, 3);

  apply (&recipe, -1, 1, 1, NULL, &b);         /* the whole block: the layer's rule has nothing left */
  g_assert_cmpuint (spqr_recipe_get_n_overrides (recipe), ==, 1);
  g_assert_true (gets (recipe, down, &b) && gets (recipe, q, &b) && gets (recipe, other, &standard));

  apply (&recipe, SPQR_ROLE_DOWN, -1, -1, NULL, &a);     /* crosses the block's: both stay */
  g_assert_cmpuint (spqr_recipe_get_n_overrides (recipe), ==, 2);
  g_assert_true (gets (recipe, down, &a) && gets (recipe, other, &a) && gets (recipe, q, &b));
  apply (&recipe, -1, -1, -1, spqr_tensor_get_name (down), &a);            /* it has them already */
  g_assert_cmpuint (spqr_recipe_get_n_overrides (recipe), ==, 2);

  apply (&recipe, -1, -1, -1, spqr_tensor_get_name (other), &standard);    /* back to the defaults, within a role's rule */
  g_assert_cmpuint (spqr_recipe_get_n_overrides (recipe), ==, 3);
  g_assert_true (gets (recipe, other, &standard) && gets (recipe, down, &a));

  apply (&recipe, -1, -1, -1, NULL, &b);       /* all: one set of parameters, no rule */
  g_assert_cmpuint (spqr_recipe_get_n_overrides (recipe), ==, 0);
  g_assert_true (gets (recipe, q, &b) && gets (recipe, down, &b) && gets (recipe, other, &b));
}

static void
test_nothing_to_add (void)
{
  g_autoptr (SpqrRecipe) recipe = spqr_recipe_new (&spqr_run_params_default);
  SpqrParams standard = spqr_run_params_default.layer;

  apply (&recipe, SPQR_ROLE_Q, -1, -1, NULL, &standard);
  g_assert_cmpuint (spqr_recipe_get_n_overrides (recipe), ==, 0);
}

static void
test_skip (void)
{
  g_autoptr (SpqrRecipe) recipe = spqr_recipe_new (&spqr_run_params_default);
  SpqrParams a = tuned (4, 32, 0.1), standard = spqr_run_params_default.layer;
  SpqrTensor *q = layer (1, SPQR_ROLE_Q), *v = layer (1, SPQR_ROLE_V);
  gboolean wanted;
  guint in_force;

  apply (&recipe, -1, -1, -1, spqr_tensor_get_name (q), &a);
  apply (&recipe, -1, 1, 1, NULL, NULL);
  g_assert_cmpuint (spqr_recipe_get_n_overrides (recipe), ==, 1);
  resolve (recipe, q, &wanted);
  g_assert_false (wanted);
  /* The defaults again: what takes the skip back sets nothing, and is there all the same. */
  apply (&recipe, -1, -1, -1, spqr_tensor_get_name (q), &standard);
  g_assert_cmpuint (spqr_recipe_get_n_overrides (recipe), ==, 2);
  g_assert_true (gets (recipe, q, &standard));
  resolve (recipe, v, &wanted);
  g_assert_false (wanted);
  g_assert_cmpuint (spqr_recipe_count_layers (recipe, 0, model, &in_force), ==, 7);
  g_assert_cmpuint (in_force, ==, 6);
  g_assert_cmpuint (spqr_recipe_count_layers (recipe, 1, model, &in_force), ==, 1);
  g_assert_cmpuint (in_force, ==, 1);
}

static void
test_order (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrRecipe) recipe = spqr_recipe_new (&spqr_run_params_default), moved = NULL, less = NULL, other = NULL;
  SpqrParams a = tuned (4, 16, 0.2), b = tuned (2, 16, 0.2);
  SpqrTensor *q = layer (1, SPQR_ROLE_Q);
  guint in_force, n_blocks = (guint) spqr_model_get_config (model)->n_blocks;
  SpqrRunParams defaults = spqr_run_params_default;
  gboolean wanted;

  apply (&recipe, SPQR_ROLE_Q, -1, -1, NULL, &a);
  apply (&recipe, -1, 1, 1, NULL, &b);
  g_assert_cmpint (resolve (recipe, q, &wanted).wbits, ==, 2);
  g_assert_cmpuint (spqr_recipe_count_layers (recipe, 0, model, &in_force), ==, n_blocks);
  g_assert_cmpuint (in_force, ==, n_blocks - 1);
  moved = spqr_recipe_with_override_moved (recipe, 1, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpint (resolve (moved, q, &wanted).wbits, ==, 4);
  g_assert_cmpint (resolve (recipe, q, &wanted).wbits, ==, 2);       /* the old one is as it was */
  less = spqr_recipe_without_override (moved, 1, &error);
  g_assert_no_error (error);
  g_assert_cmpint (resolve (less, q, &wanted).wbits, ==, 2);
  defaults.layer.wbits = 6;
  other = spqr_recipe_with_defaults (less, &defaults, &error);
  g_assert_no_error (error);
  g_assert_cmpint (resolve (other, layer (0, SPQR_ROLE_Q), &wanted).wbits, ==, 6);
  defaults.layer.wbits = 99;
  g_assert_null (spqr_recipe_with_defaults (less, &defaults, &error));
  g_assert_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER);
}

/* Saved, read and saved again: the same text, so the same run. */
static void
test_round_trip (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrRecipe) recipe = spqr_recipe_new (&spqr_run_params_default), again = NULL;
  SpqrParams a = tuned (4, 32, INFINITY), b = tuned (2, 0, 0.123456789);
  g_autofree char *text = NULL, *text_again = NULL;

  apply (&recipe, SPQR_ROLE_DOWN, -1, -1, NULL, &a);
  apply (&recipe, -1, 0, 2, NULL, NULL);
  apply (&recipe, -1, -1, -1, spqr_tensor_get_name (layer (1, SPQR_ROLE_Q)), &b);
  text = spqr_recipe_to_json (recipe);
  again = spqr_recipe_parse (text, &error);
  g_assert_no_error (error);
  text_again = spqr_recipe_to_json (again);
  g_assert_cmpstr (text, ==, text_again);
  g_assert_true (gets (again, layer (1, SPQR_ROLE_Q), &b) && gets (again, layer (3, SPQR_ROLE_DOWN), &a));
}

static void
test_budget (void)
{
  g_autoptr (SpqrRecipe) recipe = spqr_recipe_new (&spqr_run_params_default);
  SpqrParams a = tuned (4, 16, INFINITY);
  SpqrRecipeBudget before, after;
  SpqrTensor *down = layer (0, SPQR_ROLE_DOWN);
  double size = (double) spqr_tensor_get_rows (down) * (double) spqr_tensor_get_cols (down), sum = 0;

  spqr_recipe_sum_up (recipe, model, &before);
  g_assert_cmpuint (before.n_left, ==, 0);
  g_assert_true (before.outliers);
  /* 3 + 2 · 3 / 16 + 64 / 256, and 32 for every outlier: what is assumed is told, and is what everybody forecasts. */
  g_assert_cmpfloat (before.outlier_share, >, 0.005);
  g_assert_cmpfloat_with_epsilon (before.quantized_bits / before.weights, 3.625 + 32 * before.outlier_share, 1e-9);
  g_assert_cmpfloat_with_epsilon (before.quantized_bits / before.weights, spqr_params_forecast_bits (&spqr_params_default, 64, 64), 1e-9);
  g_assert_cmpfloat (before.bits[SPQR_RECIPE_BITS_UNQUANTIZED], >, 0);
  apply (&recipe, -1, -1, -1, spqr_tensor_get_name (down), &a);
  spqr_recipe_sum_up (recipe, model, &after);
  g_assert_cmpfloat_with_epsilon (after.quantized_bits - before.quantized_bits, size * (1 - 32 * before.outlier_share), 1e-3);
  g_assert_cmpfloat_with_epsilon (after.bits[SPQR_RECIPE_BITS_WEIGHTS] - before.bits[SPQR_RECIPE_BITS_WEIGHTS], size, 1e-3);
  apply (&recipe, -1, -1, -1, spqr_tensor_get_name (down), NULL);
  spqr_recipe_sum_up (recipe, model, &after);
  g_assert_cmpuint (after.n_left, ==, 1);
  g_assert_cmpuint (after.n_layers, ==, before.n_layers - 1);
  g_assert_cmpfloat_with_epsilon (after.bits[SPQR_RECIPE_BITS_UNQUANTIZED] - before.bits[SPQR_RECIPE_BITS_UNQUANTIZED],
                                  8.0 * (double) spqr_tensor_get_n_bytes (down), 1e-3);
  for (guint part = 0; part < SPQR_RECIPE_BITS_UNQUANTIZED; part++)
    sum += after.bits[part];
  g_assert_cmpfloat_with_epsilon (sum, after.quantized_bits, 1e-3);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  path = g_build_filename (g_getenv ("SPQR_SOURCE_ROOT") != NULL ? g_getenv ("SPQR_SOURCE_ROOT") : ".", "data", "sample", NULL);
  model = spqr_model_open (path, &error);
  g_assert_no_error (error);
  g_test_add_func ("/recipe-edit/apply", test_apply);
  g_test_add_func ("/recipe-edit/nothing-to-add", test_nothing_to_add);
  g_test_add_func ("/recipe-edit/skip", test_skip);
  g_test_add_func ("/recipe-edit/order", test_order);
  g_test_add_func ("/recipe-edit/round-trip", test_round_trip);
  g_test_add_func ("/recipe-edit/budget", test_budget);
  status = g_test_run ();
  g_object_unref (model);
  return status;
}
