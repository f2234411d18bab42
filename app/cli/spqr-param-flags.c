#include "cli/spqr-param-flags.h"

#include <glib/gi18n.h>
#include <string.h>

#include "cli/spqr-cli.h"

struct _SpqrParamFlags {
  GHashTable *given;         /* key -> text */
  GStringChunk *strings;     /* flag names and helps */
  GOptionEntry *entries;
  gboolean nearest;
};

SpqrParamFlags *
spqr_param_flags_new (void)
{
  SpqrParamFlags *flags = g_new0 (SpqrParamFlags, 1);

  flags->given = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  flags->strings = g_string_chunk_new (1024);
  return flags;
}

void
spqr_param_flags_free (SpqrParamFlags *flags)
{
  if (flags == NULL)
    return;
  g_hash_table_unref (flags->given);
  g_string_chunk_free (flags->strings);
  g_free (flags->entries);
  g_free (flags);
}

static gboolean
take_flag (const char *option_name, const char *value, gpointer data, GError **error)
{
  SpqrParamFlags *flags = data;
  const SpqrParamInfo *info = spqr_param_lookup (option_name + 2);
  SpqrRunParams scratch = spqr_run_params_default;
  g_autoptr (GError) local_error = NULL;

  if (info == NULL)
    return FALSE;
  if (value == NULL)
    value = "true";
  if (!spqr_param_set_text (info, &scratch, value, &local_error))
    {
      g_set_error (error, SPQR_USAGE_ERROR, 0, "%s: %s", option_name, local_error->message);
      return FALSE;
    }
  g_hash_table_replace (flags->given, g_strdup (info->key), g_strdup (value));
  return TRUE;
}

/* "spqr|gptq|rtn", of the table's choices. */
static const char *
choices_of (SpqrParamFlags *flags, const SpqrParamInfo *info)
{
  g_autofree char *all = g_strjoinv ("|", (char **) info->choices);

  return g_string_chunk_insert (flags->strings, all);
}

static void
fill_entry (SpqrParamFlags *flags, const SpqrParamInfo *info, GOptionEntry *entry)
{
  g_autofree char *value = spqr_param_get_text (info, &spqr_run_params_default);
  g_autofree char *name = g_strdelimit (g_strdup (info->key), "_", '-');
  g_autofree char *help = info->special != NULL && *info->special != '\0'
                            ? g_strdup_printf (_("%s (%s; default %s)"), _(info->help), _(info->special), value)
                            : g_strdup_printf (_("%s (default %s)"), _(info->help), value);

  *entry = (GOptionEntry) {
    .long_name = g_string_chunk_insert (flags->strings, name),
    .flags = info->kind == SPQR_PARAM_BOOL ? G_OPTION_FLAG_OPTIONAL_ARG : 0,
    .arg = G_OPTION_ARG_CALLBACK,
    .arg_data = (gpointer) take_flag,
    .description = g_string_chunk_insert (flags->strings, help),
    .arg_description = info->kind == SPQR_PARAM_INT      ? "N"
                       : info->kind == SPQR_PARAM_DOUBLE ? "X"
                       : info->kind == SPQR_PARAM_CHOICE ? choices_of (flags, info) : NULL,
  };
}

GOptionGroup *
spqr_param_flags_group (SpqrParamFlags *flags)
{
  GOptionGroup *group = g_option_group_new ("parameters", _("Parameters:"), _("Show the parameters"), flags, NULL);
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);

  flags->entries = g_new0 (GOptionEntry, n + 2);
  for (guint i = 0; i < n; i++)
    fill_entry (flags, &table[i], &flags->entries[i]);
  flags->entries[n] = (GOptionEntry) { "nearest", 0, 0, G_OPTION_ARG_NONE, &flags->nearest,
                                       N_("Plain rounding (RTN), no calibration"), NULL };
  g_option_group_add_entries (group, flags->entries);
  return group;
}

static gboolean
set (SpqrRunParams *params, const char *key, const char *value, GError **error)
{
  return spqr_param_set_text (spqr_param_lookup (key), params, value, error);
}

gboolean
spqr_param_flags_apply (SpqrParamFlags *flags, SpqrRunParams *params, GError **error)
{
  const char *method = flags->nearest ? "rtn" : g_hash_table_lookup (flags->given, "method");
  GHashTableIter iter;
  gpointer key, value;

  if (method != NULL && !g_str_equal (method, "spqr"))
    if (!set (params, "groupsize", "none", error) || !set (params, "qq_scale_bits", "none", error) ||
        !set (params, "qq_zero_bits", "none", error) || !set (params, "outlier_threshold", "inf", error))
      return FALSE;
  g_hash_table_iter_init (&iter, flags->given);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (!set (params, key, value, error))
      return FALSE;
  return method == NULL || set (params, "method", method, error);
}
