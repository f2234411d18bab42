/* test-recipe.c: which parameters a layer gets. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "quant/spqr-recipe.h"

static SpqrRecipe *
parse (const char *json)
{
  g_autoptr (GError) error = NULL;
  SpqrRecipe *recipe = spqr_recipe_parse (json, &error);

  g_assert_no_error (error);
  g_assert_nonnull (recipe);
  return recipe;
}

/* Weight bits that a layer gets; 0: skipped. */
static int
bits (SpqrRecipe *recipe, const char *name, SpqrRole role, int block)
{
  SpqrParams params;

  return spqr_recipe_resolve (recipe, name, role, block, &params) ? params.wbits : 0;
}

static const char sample[] =
  "{ \"spqr_recipe\": 1, \"name\": \"Größer\","
  "  \"defaults\": { \"wbits\": 3, \"nsamples\": 64, \"outlier_threshold\": \"inf\" },"
  "  \"overrides\": ["
  "    { \"role\": \"down_proj\", \"set\": { \"wbits\": 4, \"groupsize\": null } },"
  "    { \"blocks\": [0, 1], \"set\": { \"wbits\": 5 } },"
  "    { \"blocks\": [30, 31], \"role\": \"q_proj\", \"set\": { \"wbits\": 6 } },"
  "    { \"tensor\": \"model.layers.7.self_attn.k_proj.weight\", \"skip\": true },"
  "    { \"tensor\": \"model.layers.1.mlp.down_proj.weight\", \"set\": { \"percdamp\": 0.01 } } ] }";

static void
test_resolve (void)
{
  g_autoptr (SpqrRecipe) recipe = parse (sample);
  SpqrParams params;

  g_assert_cmpstr (spqr_recipe_get_name (recipe), ==, "Größer");
  g_assert_cmpuint (spqr_recipe_get_n_overrides (recipe), ==, 5);
  g_assert_cmpint (spqr_recipe_get_defaults (recipe)->nsamples, ==, 64);
  g_assert_cmpint (spqr_recipe_get_defaults (recipe)->layer.qq_groupsize, ==, 16); /* the program's default */

  g_assert_cmpint (bits (recipe, "x", SPQR_ROLE_Q, 10), ==, 3);
  g_assert_cmpint (bits (recipe, "x", SPQR_ROLE_DOWN, 10), ==, 4);
  g_assert_cmpint (bits (recipe, "x", SPQR_ROLE_DOWN, 1), ==, 5); /* the later one */
  g_assert_cmpint (bits (recipe, "x", SPQR_ROLE_Q, 2), ==, 3);    /* ranges end where they say */
  g_assert_cmpint (bits (recipe, "x", SPQR_ROLE_Q, 0), ==, 5);
  g_assert_cmpint (bits (recipe, "x", SPQR_ROLE_Q, 31), ==, 6);
  g_assert_cmpint (bits (recipe, "x", SPQR_ROLE_K, 31), ==, 3);   /* both conditions must hold */
  g_assert_cmpint (bits (recipe, "x", SPQR_ROLE_Q, 29), ==, 3);
  g_assert_cmpint (bits (recipe, "model.layers.7.self_attn.k_proj.weight", SPQR_ROLE_K, 7), ==, 0);
  g_assert_cmpint (bits (recipe, "model.layers.7.self_attn.k_proj", SPQR_ROLE_K, 7), ==, 3); /* exact names */

  /* What a later override does not mention stays as an earlier one left it. */
  g_assert_true (spqr_recipe_resolve (recipe, "model.layers.1.mlp.down_proj.weight", SPQR_ROLE_DOWN, 1, &params));
  g_assert_cmpint (params.wbits, ==, 5);
  g_assert_cmpint (params.groupsize, ==, 0);
  g_assert_cmpfloat (params.percdamp, ==, 0.01);
  g_assert_true (isinf (params.outlier_threshold));
  g_assert_true (spqr_recipe_resolve (recipe, "x", SPQR_ROLE_Q, 10, &params));
  g_assert_cmpint (params.groupsize, ==, 16);
  g_assert_cmpfloat (params.percdamp, ==, 1);
}

static void
test_skip_taken_back (void)
{
  g_autoptr (SpqrRecipe) recipe = parse (
    "{ \"spqr_recipe\": 1, \"overrides\": [ { \"blocks\": [0, 3], \"skip\": true },"
    " { \"role\": \"o_proj\", \"set\": { \"wbits\": 8 } }, { \"tensor\": \"t\", \"skip\": true } ] }");

  g_assert_cmpint (bits (recipe, "x", SPQR_ROLE_Q, 0), ==, 0);
  g_assert_cmpint (bits (recipe, "x", SPQR_ROLE_O, 0), ==, 8);
  g_assert_cmpint (bits (recipe, "t", SPQR_ROLE_O, 0), ==, 0);
  g_assert_cmpint (bits (recipe, "x", SPQR_ROLE_Q, 4), ==, 3);
}

static void
test_round_trip (void)
{
  g_autoptr (SpqrRecipe) recipe = parse (sample);
  g_autofree char *json = spqr_recipe_to_json (recipe);
  g_autoptr (SpqrRecipe) back = parse (json);
  g_autofree char *again = spqr_recipe_to_json (back);
  g_autoptr (SpqrRecipe) plain = spqr_recipe_new (&spqr_run_params_default);
  g_autofree char *plain_json = spqr_recipe_to_json (plain);
  g_autoptr (SpqrRecipe) plain_back = parse (plain_json);
  g_autofree char *plain_again = spqr_recipe_to_json (plain_back);

  g_assert_cmpstr (json, ==, again);
  g_assert_null (spqr_recipe_difference (recipe, back));
  g_assert_nonnull (strstr (json, "{ \"tensor\": \"model.layers.1.mlp.down_proj.weight\", \"set\": {\"percdamp\": 0.01} }"));
  g_assert_nonnull (strstr (json, "{ \"role\": \"q_proj\", \"blocks\": [30, 31], \"set\": {\"wbits\": 6} }"));
  g_assert_cmpstr (plain_json, ==, plain_again);
  g_assert_null (spqr_recipe_get_name (plain_back));
}

/* Text that needs escaping comes back as it was. */
static void
test_awkward_names (void)
{
  static const char *const keys[] = { "wbits", NULL };
  static const char *const values[] = { "2", NULL };
  static const char name[] = "a \"quoted\" \\ name\n\twith\x01 controls – 模型";
  g_autoptr (SpqrRecipe) plain = spqr_recipe_new (&spqr_run_params_default);
  g_autoptr (SpqrRecipe) named = spqr_recipe_with_name (plain, name);
  g_autoptr (SpqrRecipe) recipe = spqr_recipe_with_override (named, -1, -1, -1, name, keys, values, NULL);
  g_autofree char *json = spqr_recipe_to_json (recipe);
  g_autoptr (SpqrRecipe) back = parse (json);

  g_assert_cmpstr (spqr_recipe_get_name (back), ==, name);
  g_assert_cmpint (bits (back, name, SPQR_ROLE_Q, 0), ==, 2);
}

static void
test_with_override (void)
{
  static const char *const keys[] = { "wbits", "outlier-threshold", NULL };
  static const char *const values[] = { "4", "none", NULL };
  static const char *const more_keys[] = { "wbits", NULL };
  static const char *const more_values[] = { "6", NULL };
  g_autoptr (SpqrRecipe) base = spqr_recipe_new (&spqr_run_params_default);
  g_autoptr (SpqrRecipe) first = spqr_recipe_with_override (base, SPQR_ROLE_DOWN, 2, 5, NULL, keys, values, NULL);
  g_autoptr (SpqrRecipe) joined = spqr_recipe_with_override (first, SPQR_ROLE_DOWN, 2, 5, NULL, more_keys, more_values, NULL);
  g_autoptr (SpqrRecipe) other = spqr_recipe_with_override (joined, SPQR_ROLE_DOWN, 2, 4, NULL, keys, values, NULL);
  g_autoptr (SpqrRecipe) skipped = spqr_recipe_with_override (other, -1, -1, -1, "t", NULL, NULL, NULL);
  g_autoptr (SpqrRecipe) back = spqr_recipe_with_override (skipped, -1, -1, -1, "t", more_keys, more_values, NULL);
  g_autoptr (SpqrRecipe) all = spqr_recipe_with_override (base, -1, -1, -1, NULL, more_keys, more_values, NULL);
  SpqrParams params;

  g_assert_cmpuint (spqr_recipe_get_n_overrides (base), ==, 0); /* immutable */
  g_assert_cmpint (bits (base, "x", SPQR_ROLE_DOWN, 3), ==, 3);
  g_assert_cmpint (bits (first, "x", SPQR_ROLE_DOWN, 3), ==, 4);
  g_assert_cmpint (bits (first, "x", SPQR_ROLE_DOWN, 6), ==, 3);

  g_assert_cmpuint (spqr_recipe_get_n_overrides (joined), ==, 1);
  g_assert_true (spqr_recipe_resolve (joined, "x", SPQR_ROLE_DOWN, 5, &params));
  g_assert_cmpint (params.wbits, ==, 6);
  g_assert_true (isinf (params.outlier_threshold));

  g_assert_cmpuint (spqr_recipe_get_n_overrides (other), ==, 2);
  g_assert_cmpint (bits (other, "x", SPQR_ROLE_DOWN, 4), ==, 4);
  g_assert_cmpint (bits (other, "x", SPQR_ROLE_DOWN, 5), ==, 6);
  g_assert_cmpint (bits (skipped, "t", SPQR_ROLE_Q, 0), ==, 0);
  g_assert_cmpuint (spqr_recipe_get_n_overrides (back), ==, 3);
  g_assert_cmpint (bits (back, "t", SPQR_ROLE_Q, 0), ==, 6);
  g_assert_cmpint (bits (all, "x", SPQR_ROLE_K, 77), ==, 6);
}

static void
test_with_override_refused (void)
{
  static const char *const wbits[] = { "wbits", NULL }, *const nine[] = { "9", NULL };
  static const char *const seed[] = { "seed", NULL }, *const one[] = { "1", NULL };
  static const char *const none[] = { "bits", NULL };
  static const char *const sym[] = { "sym", NULL }, *const yes[] = { "true", NULL };
  struct { int role, first, last; const char *tensor; const char *const *keys, *const *values; const char *words; } cases[] = {
    { -1, -1, -1, NULL, wbits, nine, "wbits must be 1 … 8, not 9" },
    { -1, -1, -1, NULL, seed, one, "seed belongs to the whole run" },
    { -1, -1, -1, NULL, none, one, "“bits” is no parameter" },
    { -1, -1, -1, NULL, sym, yes, "override 1: sym fixes the zero" },
    { SPQR_ROLE_INPUT_NORM, -1, -1, NULL, wbits, one, "role must be" },
    { SPQR_N_ROLES, -1, -1, NULL, wbits, one, "role must be" },
    { -2, -1, -1, NULL, wbits, one, "role must be" },
    { -1, 5, 2, NULL, wbits, one, "blocks must be" },
    { -1, -1, 2, NULL, wbits, one, "blocks must be" },
    { -1, 0, G_MAXINT, NULL, wbits, one, "blocks must be" },
    { -1, -1, -1, "", wbits, one, "tensor must be" },
    { -1, -1, -1, "\xff", wbits, one, "tensor must be" },
  };
  g_autoptr (SpqrRecipe) base = spqr_recipe_new (&spqr_run_params_default);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (spqr_recipe_with_override (base, cases[i].role, cases[i].first, cases[i].last, cases[i].tensor,
                                                cases[i].keys, cases[i].values, &error));
      g_assert_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER);
      g_assert_nonnull (strstr (error->message, cases[i].words));
    }
}

static void
test_refused (void)
{
  static const struct { const char *json, *words; } cases[] = {
    { "", "recipe" },
    { "3", "must be a JSON object" },
    { "{}", "this is no recipe" },
    { "{\"spqr_recipe\": \"1\"}", "this is no recipe" },
    { "{\"spqr_recipe\": 2}", "version 2, and this program reads version 1" },
    { "{\"spqr_recipe\": 1, \"wbits\": 3}", "“wbits” is not part of a recipe" },
    { "{\"spqr_recipe\": 1, \"name\": 3}", "“name” must be text" },
    { "{\"spqr_recipe\": 1, \"defaults\": []}", "“defaults” must be an object" },
    { "{\"spqr_recipe\": 1, \"defaults\": {\"wbits\": 9}}", "defaults: wbits must be 1 … 8, not 9" },
    { "{\"spqr_recipe\": 1, \"defaults\": {\"x\": 9}}", "defaults: “x” is no parameter" },
    { "{\"spqr_recipe\": 1, \"defaults\": {\"sym\": true}}", "defaults: sym fixes" },
    { "{\"spqr_recipe\": 1, \"overrides\": {}}", "“overrides” must be an array" },
    { "{\"spqr_recipe\": 1, \"overrides\": [3]}", "override 1: must be an object" },
    { "{\"spqr_recipe\": 1, \"overrides\": [{\"role\": \"q_proj\"}]}", "either “set” or “skip”" },
    { "{\"spqr_recipe\": 1, \"overrides\": [{\"set\": {}, \"skip\": true}]}", "either “set” or “skip”" },
    { "{\"spqr_recipe\": 1, \"overrides\": [{\"skip\": false}]}", "override 1: “skip” must be true" },
    { "{\"spqr_recipe\": 1, \"overrides\": [{\"skip\": true}, {\"set\": {\"wbits\": 9}}]}", "override 2: wbits" },
    { "{\"spqr_recipe\": 1, \"overrides\": [{\"set\": {\"nsamples\": 9}}]}", "override 1: nsamples belongs to the whole run" },
    { "{\"spqr_recipe\": 1, \"overrides\": [{\"set\": 3}]}", "“set” must be an object" },
    { "{\"spqr_recipe\": 1, \"overrides\": [{\"when\": 3, \"skip\": true}]}", "“when” is not part of an override" },
    { "{\"spqr_recipe\": 1, \"overrides\": [{\"role\": \"nose\", \"skip\": true}]}", "role must be" },
    { "{\"spqr_recipe\": 1, \"overrides\": [{\"role\": \"final_norm\", \"skip\": true}]}", "role must be" },
    { "{\"spqr_recipe\": 1, \"overrides\": [{\"role\": 3, \"skip\": true}]}", "role must be" },
    { "{\"spqr_recipe\": 1, \"overrides\": [{\"blocks\": 3, \"skip\": true}]}", "blocks must be" },
    { "{\"spqr_recipe\": 1, \"overrides\": [{\"blocks\": [3], \"skip\": true}]}", "blocks must be" },
    { "{\"spqr_recipe\": 1, \"overrides\": [{\"blocks\": [3, 1], \"skip\": true}]}", "blocks must be" },
    { "{\"spqr_recipe\": 1, \"overrides\": [{\"blocks\": [-1, 1], \"skip\": true}]}", "blocks must be" },
    { "{\"spqr_recipe\": 1, \"overrides\": [{\"blocks\": [0, 1.5], \"skip\": true}]}", "blocks must be" },
    { "{\"spqr_recipe\": 1, \"overrides\": [{\"blocks\": [0, 99999999999], \"skip\": true}]}", "blocks must be" },
    { "{\"spqr_recipe\": 1, \"overrides\": [{\"tensor\": 3, \"skip\": true}]}", "tensor must be" },
    { "{\"spqr_recipe\": 1, \"overrides\": [{\"set\": {\"sym\": true}}]}", "override 1: sym fixes the zero" },
    { "{\"spqr_recipe\": 1, \"spqr_recipe\": 1}", "spqr_recipe" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (spqr_recipe_parse (cases[i].json, &error));
      g_assert_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER);
      if (strstr (error->message, cases[i].words) == NULL)
        g_error ("%s: %s", cases[i].json, error->message);
    }
}

/* An override is judged with those that hold wherever it does, before it and after it. */
static void
test_contradictions (void)
{
  g_autoptr (SpqrRecipe) before = parse (
    "{ \"spqr_recipe\": 1, \"overrides\": [ { \"blocks\": [0, 9], \"set\": { \"qq_zero_bits\": 0 } },"
    " { \"blocks\": [1, 2], \"role\": \"q_proj\", \"set\": { \"sym\": true } } ] }");
  g_autoptr (SpqrRecipe) after = parse (
    "{ \"spqr_recipe\": 1, \"overrides\": [ { \"role\": \"q_proj\", \"set\": { \"sym\": true } },"
    " { \"set\": { \"qq_zero_bits\": 0 } } ] }");
  g_autoptr (GError) error = NULL;
  SpqrParams params;

  g_assert_true (spqr_recipe_resolve (before, "x", SPQR_ROLE_Q, 1, &params));
  g_assert_true (params.sym && params.qq_zero_bits == 0);
  g_assert_true (spqr_params_validate (&params, NULL));
  g_assert_true (spqr_recipe_resolve (after, "x", SPQR_ROLE_Q, 1, &params));
  g_assert_true (spqr_params_validate (&params, NULL));

  g_assert_null (spqr_recipe_parse (
    "{ \"spqr_recipe\": 1, \"overrides\": [ { \"blocks\": [0, 1], \"set\": { \"qq_zero_bits\": 0 } },"
    " { \"blocks\": [1, 2], \"set\": { \"sym\": true } } ] }", &error)); /* block 2 */
  g_assert_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER);
}

static void
test_difference (void)
{
  static const char *const keys[] = { "wbits", NULL };
  static const char *const four[] = { "4", NULL }, *const five[] = { "5", NULL };
  SpqrRunParams changed = spqr_run_params_default;
  g_autoptr (SpqrRecipe) base = spqr_recipe_new (&spqr_run_params_default);
  g_autoptr (SpqrRecipe) a = spqr_recipe_with_override (base, SPQR_ROLE_DOWN, -1, -1, NULL, keys, four, NULL);
  g_autoptr (SpqrRecipe) b = spqr_recipe_with_override (base, SPQR_ROLE_DOWN, -1, -1, NULL, keys, five, NULL);
  g_autoptr (SpqrRecipe) named = spqr_recipe_with_name (a, "another name");
  g_autoptr (SpqrRecipe) c = NULL;
  g_autofree char *overrides = spqr_recipe_difference (a, b);
  g_autofree char *added = spqr_recipe_difference (base, a);
  g_autofree char *defaults = NULL;

  changed.layer.wbits = 2;
  c = spqr_recipe_new (&changed);
  defaults = spqr_recipe_difference (base, c);
  g_assert_null (spqr_recipe_difference (a, a));
  g_assert_null (spqr_recipe_difference (a, named)); /* a name changes no weight */
  g_assert_cmpstr (defaults, ==, "wbits 3 → 2");
  g_assert_cmpstr (overrides, ==, "override 1 { \"role\": \"down_proj\", \"set\": {\"wbits\": 4} } → "
                                  "{ \"role\": \"down_proj\", \"set\": {\"wbits\": 5} }");
  g_assert_cmpstr (added, ==, "override 1 none → { \"role\": \"down_proj\", \"set\": {\"wbits\": 4} }");
}

/* A plan of a budget: one override a tensor. */
static void
test_many_overrides (void)
{
  g_autoptr (GString) json = g_string_new ("{\"spqr_recipe\": 1, \"overrides\": [");
  g_autoptr (SpqrRecipe) recipe = NULL;
  gint64 start = g_get_monotonic_time ();

  for (int i = 0; i < 2000; i++)
    g_string_append_printf (json, "%s{\"tensor\": \"t%d\", \"set\": {\"wbits\": %d}}", i > 0 ? "," : "", i, 1 + i % 8);
  g_string_append (json, "]}");
  recipe = parse (json->str);
  for (int i = 0; i < 2000; i++)
    {
      g_autofree char *name = g_strdup_printf ("t%d", i);

      g_assert_cmpint (bits (recipe, name, SPQR_ROLE_Q, 0), ==, 1 + i % 8);
    }
  g_test_minimized_result ((g_get_monotonic_time () - start) / 1e3, "milliseconds for 2,000 overrides: %.1f",
                           (g_get_monotonic_time () - start) / 1e3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quant/recipe/resolve", test_resolve);
  g_test_add_func ("/quant/recipe/skip-taken-back", test_skip_taken_back);
  g_test_add_func ("/quant/recipe/round-trip", test_round_trip);
  g_test_add_func ("/quant/recipe/awkward-names", test_awkward_names);
  g_test_add_func ("/quant/recipe/with-override", test_with_override);
  g_test_add_func ("/quant/recipe/with-override-refused", test_with_override_refused);
  g_test_add_func ("/quant/recipe/refused", test_refused);
  g_test_add_func ("/quant/recipe/contradictions", test_contradictions);
  g_test_add_func ("/quant/recipe/difference", test_difference);
  g_test_add_func ("/quant/recipe/many-overrides", test_many_overrides);
  return g_test_run ();
}
