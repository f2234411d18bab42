#include "export/spqr-run-differences.h"

/* ---- for programs ---- */

char *
spqr_rule_where (const SpqrRecipeOverride *rule)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (rule->role >= 0)
    g_string_append_printf (text, "role %s", spqr_role_name ((SpqrRole) rule->role));
  if (rule->first_block >= 0)
    g_string_append_printf (text, "%sblocks %d-%d", text->len > 0 ? ", " : "", rule->first_block, rule->last_block);
  if (rule->tensor != NULL)
    g_string_append_printf (text, "%stensor %s", text->len > 0 ? ", " : "", rule->tensor);
  return g_strdup (text->len > 0 ? text->str : "all");
}

char *
spqr_rule_what (const SpqrRecipeOverride *rule)
{
  g_autoptr (GString) text = g_string_new (rule->skip ? "skip" : NULL);
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);

  for (guint i = 0; i < n && !rule->skip; i++)
    if ((rule->set & 1u << i) != 0)
      {
        g_autofree char *value = spqr_param_get_text (&table[i], &rule->values);

        g_string_append_printf (text, "%s%s %s", text->len > 0 ? ", " : "", table[i].key, value);
      }
  return g_strdup (text->str);
}

static const SpqrRunWords for_programs = { spqr_param_get_text, spqr_rule_where, spqr_rule_what };

/* ---- lines ---- */

static void
free_line (gpointer data)
{
  SpqrRunLine *line = data;

  for (guint i = 0; i < line->n; i++)
    g_free (line->values[i]);
  g_free (line->values);
  g_free (line->where);
  g_free (line);
}

static SpqrRunLine *
add_line (GPtrArray *lines, SpqrRunLineKind kind, guint n)
{
  SpqrRunLine *line = g_new0 (SpqrRunLine, 1);

  line->kind = kind;
  line->n = n;
  line->values = g_new0 (char *, n + 1);
  g_ptr_array_add (lines, line);
  return line;
}

/* A run that was not calibrated does not differ from others in how they were. */
static void
see_difference (SpqrRunLine *line)
{
  gboolean of_calibration = line->param != NULL && line->param->group == SPQR_PARAM_GROUP_CALIBRATION;
  const char *first = line->values[0];

  for (guint i = 1; i < line->n; i++)
    if (first == NULL && of_calibration)
      first = line->values[i];
    else if (line->values[i] != NULL || !of_calibration)
      line->differ = line->differ || g_strcmp0 (first, line->values[i]) != 0;
}

/* Plain rounding knows no windows. */
static gboolean
is_of (const SpqrParamInfo *info, const SpqrRun *run)
{
  return info->group != SPQR_PARAM_GROUP_CALIBRATION || run->calibration_fingerprint != NULL;
}

static void
add_param (GPtrArray *lines, GPtrArray *runs, GPtrArray *recipes, const SpqrParamInfo *info, const SpqrRunWords *words)
{
  SpqrRunLine *line = add_line (lines, SPQR_RUN_LINE_PARAM, recipes->len);

  line->param = info;
  for (guint i = 0; i < recipes->len; i++)
    if (recipes->pdata[i] != NULL && is_of (info, runs->pdata[i]))
      line->values[i] = words->value (info, spqr_recipe_get_defaults (recipes->pdata[i]));
  see_difference (line);
}

static SpqrRunLine *
find_rule (GPtrArray *lines, const char *where)
{
  for (guint i = 0; i < lines->len; i++)
    {
      SpqrRunLine *line = lines->pdata[i];

      if (line->kind == SPQR_RUN_LINE_RULE && g_str_equal (line->where, where))
        return line;
    }
  return NULL;
}

/* A run's rules, each at its layers; what is said twice of the same layers stands behind each other. Returns the
 * layers in the order of the rules. */
static char *
add_rules (GPtrArray *lines, SpqrRecipe *recipe, guint run, guint n, const SpqrRunWords *words)
{
  g_autoptr (GString) order = g_string_new (NULL);

  for (guint i = 0; i < spqr_recipe_get_n_overrides (recipe); i++)
    {
      const SpqrRecipeOverride *rule = spqr_recipe_get_override (recipe, i);
      g_autofree char *where = words->where (rule), *what = words->what (rule);
      SpqrRunLine *line = find_rule (lines, where);
      char *before;

      g_string_append_printf (order, "%s%s", i > 0 ? " → " : "", where);
      if (line == NULL)
        {
          line = add_line (lines, SPQR_RUN_LINE_RULE, n);
          line->where = g_steal_pointer (&where);
        }
      before = g_steal_pointer (&line->values[run]);
      line->values[run] = before != NULL ? g_strdup_printf ("%s → %s", before, what) : g_steal_pointer (&what);
      g_free (before);
    }
  return g_strdup (order->len > 0 ? order->str : NULL);
}

GPtrArray *
spqr_run_lines (GPtrArray *runs, const SpqrRunWords *words)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (free_line);
  g_autoptr (GPtrArray) recipes = g_ptr_array_new ();
  SpqrRunLine *order;
  gboolean rules_differ = FALSE;
  guint n, n_params;
  const SpqrParamInfo *table = spqr_param_table (&n);

  words = words != NULL ? words : &for_programs;
  for (guint i = 0; i < runs->len; i++)
    {
      const char *json = ((SpqrRun *) runs->pdata[i])->params_json;
      g_ptr_array_add (recipes, json != NULL ? spqr_recipe_parse (json, NULL) : NULL);
    }
  for (guint p = 0; p < n; p++)
    add_param (lines, runs, recipes, &table[p], words);
  n_params = lines->len;
  order = g_new0 (SpqrRunLine, 1);
  *order = (SpqrRunLine) { .kind = SPQR_RUN_LINE_ORDER, .n = runs->len, .values = g_new0 (char *, runs->len + 1) };
  for (guint i = 0; i < runs->len; i++)
    order->values[i] = recipes->pdata[i] != NULL ? add_rules (lines, recipes->pdata[i], i, runs->len, words) : NULL;
  for (guint i = n_params; i < lines->len; i++)
    {
      see_difference (lines->pdata[i]);
      rules_differ = rules_differ || ((SpqrRunLine *) lines->pdata[i])->differ;
    }
  see_difference (order);
  if (order->differ && !rules_differ)
    g_ptr_array_add (lines, order);
  else
    free_line (order);
  for (guint i = 0; i < recipes->len; i++)
    g_clear_pointer ((SpqrRecipe **) &recipes->pdata[i], spqr_recipe_unref);
  return lines;
}
