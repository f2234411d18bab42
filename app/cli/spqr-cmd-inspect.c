/* spqr inspect: what a model is made of. */
#include <glib/gi18n.h>
#include <math.h>
#include <stdio.h>

#include "cli/spqr-cli.h"
#include "compute/spqr-cancel.h"
#include "model/spqr-tensor-stats.h"

/* FALSE with error only when cancelled; a tensor without floats has no figures. */
static gboolean
measure (SpqrCli *cli, SpqrTensor *tensor, SpqrStats *stats, gboolean *measured, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (cli->cancellable);

  *measured = spqr_tensor_compute_stats (tensor, &exec, stats);
  return !g_cancellable_set_error_if_cancelled (cli->cancellable, error);
}

static char *
shape_text (SpqrTensor *tensor)
{
  GString *text = g_string_new (NULL);

  for (guint d = 0; d < spqr_tensor_get_n_dims (tensor); d++)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT, d > 0 ? " × " : "", spqr_tensor_get_shape (tensor)[d]);
  return g_string_free (text, FALSE);
}

static void
print_tensor (SpqrTensor *tensor, const SpqrStats *stats)
{
  g_autofree char *shape = shape_text (tensor);

  printf ("%-52s %-16s %-15s %-5s", spqr_tensor_get_name (tensor), spqr_role_name (spqr_tensor_get_role (tensor)), shape,
          spqr_tensor_get_dtype_name (tensor));
  if (stats != NULL)
    printf (" %10.4g %10.4g %10.4g %9.3g", stats->absmax, stats->mean, stats->std, stats->kurtosis);
  putchar ('\n');
}

static void
add_stats (JsonBuilder *builder, const SpqrStats *stats)
{
  spqr_json_number (builder, "min", stats->min);
  spqr_json_number (builder, "max", stats->max);
  spqr_json_number (builder, "mean", stats->mean);
  spqr_json_number (builder, "std", stats->std);
  spqr_json_number (builder, "kurtosis", stats->kurtosis);
  spqr_json_number (builder, "absmax", stats->absmax);
  spqr_json_number (builder, "outlier_share", stats->outlier_share);
  spqr_json_number (builder, "rtn_error", stats->rtn_error);
  spqr_json_integer (builder, "nan", stats->nans);
  spqr_json_integer (builder, "inf", stats->infs);
}

static void
add_tensor (JsonBuilder *builder, SpqrTensor *tensor, const SpqrStats *stats)
{
  json_builder_begin_object (builder);
  spqr_json_text (builder, "name", spqr_tensor_get_name (tensor));
  spqr_json_text (builder, "role", spqr_role_name (spqr_tensor_get_role (tensor)));
  spqr_json_integer (builder, "block", spqr_tensor_get_block (tensor));
  spqr_json_begin_array (builder, "shape");
  for (guint d = 0; d < spqr_tensor_get_n_dims (tensor); d++)
    json_builder_add_int_value (builder, spqr_tensor_get_shape (tensor)[d]);
  json_builder_end_array (builder);
  spqr_json_text (builder, "dtype", spqr_tensor_get_dtype_name (tensor));
  if (stats != NULL)
    add_stats (builder, stats);
  json_builder_end_object (builder);
}

static void
print_head (SpqrModel *model, gboolean stats)
{
  const SpqrConfig *config = spqr_model_get_config (model);

  printf (_("%s: %s, %d blocks, %.4g M parameters, %.4g MB\n"), spqr_model_get_name (model),
          config->architecture != NULL ? config->architecture : _("unknown architecture"), config->n_blocks,
          spqr_model_get_n_parameters (model) / 1e6, spqr_model_get_n_bytes (model) / 1e6);
  if (!config->supported)
    printf (_("It can be looked at, but not quantized or evaluated: %s\n"), config->unsupported_reason);
  printf ("\n%-52s %-16s %-15s %-5s", _("tensor"), _("role"), _("shape"), _("type"));
  if (stats)
    printf (" %10s %10s %10s %9s", _("largest"), _("mean"), _("std"), _("kurtosis"));
  putchar ('\n');
}

static void
add_head (JsonBuilder *builder, SpqrModel *model)
{
  const SpqrConfig *config = spqr_model_get_config (model);

  spqr_json_text (builder, "architecture", config->architecture);
  spqr_json_text (builder, "family", config->family);
  spqr_json_flag (builder, "supported", config->supported);
  spqr_json_text (builder, "unsupported_reason", config->unsupported_reason);
  spqr_json_integer (builder, "blocks", config->n_blocks);
  spqr_json_integer (builder, "hidden", config->hidden);
  spqr_json_integer (builder, "context", config->context);
  spqr_json_integer (builder, "parameters", spqr_model_get_n_parameters (model));
  spqr_json_integer (builder, "bytes", spqr_model_get_n_bytes (model));
  spqr_json_text (builder, "fingerprint", spqr_model_get_fingerprint (model));
}

static gboolean
run (SpqrCli *cli, int argc, char **argv, GError **error)
{
  gboolean no_stats = FALSE;
  const GOptionEntry entries[] = {
    { "no-stats", 0, 0, G_OPTION_ARG_NONE, &no_stats, N_("Headers only"), NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (SpqrModel) model = NULL;
  guint n_tensors;

  if (!spqr_cli_parse (cli, &spqr_command_inspect, entries, NULL, &argc, &argv, 1, 1, error))
    return FALSE;
  model = spqr_model_open (argv[1], error);
  if (model == NULL)
    return FALSE;
  json_builder_begin_object (builder);
  if (cli->json)
    add_head (builder, model);
  else
    print_head (model, !no_stats);
  spqr_json_begin_array (builder, "tensors");
  n_tensors = spqr_model_get_n_tensors (model);
  for (guint i = 0; i < n_tensors; i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (model, i);
      gboolean measured = FALSE;
      SpqrStats stats;

      if (!no_stats && !measure (cli, tensor, &stats, &measured, error))
        return FALSE;
      if (cli->json)
        add_tensor (builder, tensor, measured ? &stats : NULL);
      else
        print_tensor (tensor, measured ? &stats : NULL);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  if (cli->json)
    spqr_json_print (builder);
  return TRUE;
}

const SpqrCommand spqr_command_inspect = { "inspect", "MODEL", N_("architecture, tensors and their figures"), run };
