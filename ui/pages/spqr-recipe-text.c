#include "pages/spqr-recipe-text.h"

#include <glib/gi18n.h>

#include "controls/spqr-param-text.h"

static char *
describe_blocks (const SpqrRecipeOverride *o)
{
  if (o->first_block == o->last_block)
    return g_strdup_printf (_("Block %d"), o->first_block);
  return g_strdup_printf (_("Blocks %d–%d"), o->first_block, o->last_block);
}

static char *
describe_role (const SpqrRecipeOverride *o)
{
  const char *role = spqr_role_name ((SpqrRole) o->role);

  if (o->first_block < 0)
    /* Translators: %s is a kind of layer, such as down_proj. */
    return g_strdup_printf (_("%s in every block"), role);
  if (o->first_block == o->last_block)
    return g_strdup_printf (_("%s in block %d"), role, o->first_block);
  return g_strdup_printf (_("%s in blocks %d–%d"), role, o->first_block, o->last_block);
}

char *
spqr_recipe_describe_where (const SpqrRecipeOverride *o)
{
  if (o->tensor != NULL)
    return g_strdup (o->tensor);
  if (o->role >= 0)
    return describe_role (o);
  return o->first_block >= 0 ? describe_blocks (o) : g_strdup (_("Every layer"));
}

char *
spqr_recipe_describe_what (const SpqrRecipeOverride *o)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);

  if (o->skip)
    return g_strdup (_("left as they are, not quantized"));
  for (guint i = 0; i < n; i++)
    if ((o->set & 1u << i) != 0)
      {
        g_autofree char *value = spqr_param_describe (&table[i], &o->values);

        g_string_append_printf (text, "%s%s\302\240%s", text->len > 0 ? " · " : "", _(table[i].title), value);
      }
  return text->len > 0 ? g_strdup (text->str) : g_strdup (_("quantized again, with the parameters of all other layers"));
}

/* What is most asked for of a setting. */
static char *
describe_numbers (const SpqrRunParams *params)
{
  static const char *const keys[] = { "method", "wbits", "groupsize", "qq_groupsize", "outlier_threshold" };
  SpqrRecipeOverride o = { .values = *params };
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);

  for (guint k = 0; k < G_N_ELEMENTS (keys); k++)
    o.set |= 1u << (spqr_param_lookup (keys[k]) - table);
  return spqr_recipe_describe_what (&o);
}

char *
spqr_recipe_describe_params (const SpqrParams *params)
{
  SpqrRunParams run = spqr_run_params_default;
  const SpqrPreset *preset;
  g_autofree char *numbers = NULL;

  run.layer = *params;
  preset = spqr_preset_find (&run);
  numbers = describe_numbers (&run);
  if (preset == NULL)
    return g_steal_pointer (&numbers);
  return g_strdup_printf ("%s: %s", _(preset->name), numbers);
}
