/* spqr-run-params.c: all parameters of a run together: sound, compared, written and read. */
#include "quant/spqr-param-private.h"

#include <string.h>

/* ---- sound ---- */

static gboolean
check_ranges (const SpqrRunParams *params, GError **error)
{
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);
  SpqrRunParams scratch = *params;

  for (guint i = 0; i < n; i++)
    if (!spqr_param_set (&table[i], &scratch, spqr_param_get (&table[i], params), error))
      return FALSE;
  return TRUE;
}

gboolean
spqr_params_validate (const SpqrParams *params, GError **error)
{
  SpqrRunParams run = spqr_run_params_default;

  run.layer = *params;
  if (!check_ranges (&run, error))
    return FALSE;
  /* GPTQ has 16-bit statistics whatever is asked for. */
  if (params->sym && params->qq_zero_bits > 0 && !params->compat_reference && params->method != SPQR_METHOD_GPTQ)
    {
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER,
                   "sym fixes the zero, so there is none to quantize: qq_zero_bits must be 0, not %d "
                   "(or choose compat reference, which does as the published code)", params->qq_zero_bits);
      return FALSE;
    }
  return TRUE;
}

gboolean
spqr_run_params_validate (const SpqrRunParams *params, GError **error)
{
  return check_ranges (params, error) && spqr_params_validate (&params->layer, error);
}

/* ---- compared ---- */

void
spqr_param_difference_free (SpqrParamDifference *difference)
{
  if (difference == NULL)
    return;
  g_free (difference->a);
  g_free (difference->b);
  g_free (difference);
}

static void
free_difference (gpointer difference)
{
  spqr_param_difference_free (difference);
}

GPtrArray *
spqr_run_params_list_differences (const SpqrRunParams *a, const SpqrRunParams *b)
{
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);
  GPtrArray *differences = g_ptr_array_new_with_free_func (free_difference);

  for (guint i = 0; i < n; i++)
    if (spqr_param_get (&table[i], a) != spqr_param_get (&table[i], b))
      {
        SpqrParamDifference *difference = g_new0 (SpqrParamDifference, 1);

        difference->info = &table[i];
        difference->a = spqr_param_get_text (&table[i], a);
        difference->b = spqr_param_get_text (&table[i], b);
        g_ptr_array_add (differences, difference);
      }
  return differences;
}

gboolean
spqr_run_params_equal (const SpqrRunParams *a, const SpqrRunParams *b)
{
  g_autoptr (GPtrArray) differences = spqr_run_params_list_differences (a, b);

  return differences->len == 0;
}

char *
spqr_run_params_difference (const SpqrRunParams *a, const SpqrRunParams *b)
{
  g_autoptr (GPtrArray) differences = spqr_run_params_list_differences (a, b);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < differences->len; i++)
    {
      const SpqrParamDifference *difference = differences->pdata[i];

      g_string_append_printf (text, "%s%s %s → %s", i > 0 ? ", " : "", difference->info->key, difference->a,
                              difference->b);
    }
  return differences->len > 0 ? g_strdup (text->str) : NULL;
}

/* ---- written and read ---- */

char *
spqr_run_params_to_json (const SpqrRunParams *params)
{
  GString *text = g_string_new (NULL);

  _spqr_params_append_object (text, params, ~(SpqrParamMask) 0);
  return g_string_free (text, FALSE);
}

gboolean
spqr_run_params_from_json (const char *json, SpqrRunParams *params, GError **error)
{
  g_autoptr (JsonNode) root = _spqr_parse_object (json, "parameters", error);
  SpqrRunParams read = spqr_run_params_default;

  if (root == NULL || !_spqr_params_set_object (&read, json_node_get_object (root), FALSE, NULL, error)
      || !spqr_run_params_validate (&read, error))
    return FALSE;
  *params = read;
  return TRUE;
}
