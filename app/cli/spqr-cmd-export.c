/* spqr export: a run as a model that other programs load. */
#include <glib/gi18n.h>
#include <stdio.h>

#include "cli/spqr-cli.h"
#include "export/spqr-export-dense.h"
#include "export/spqr-report.h"
#include "job/spqr-evaluate.h"

static void
print_result (SpqrCli *cli, const char *folder, const SpqrExportResult *result, gboolean of_weights)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  spqr_cli_end_progress (cli);
  if (!cli->json)
    {
      if (of_weights)
        printf (_("%s: %u files, %.4g MB, read back and compared; largest rounding of a weight %g\n"), folder,
                result->files->len, result->n_bytes / 1e6, result->max_abs_diff);
      for (guint i = 0; !of_weights && i < result->files->len; i++)
        printf ("%s/%s\n", folder, (char *) result->files->pdata[i]);
      if (result->note != NULL)
        printf ("%s\n", result->note);
      return;
    }
  json_builder_begin_object (builder);
  spqr_json_text (builder, "folder", folder);
  spqr_json_begin_array (builder, "files");
  for (guint i = 0; i < result->files->len; i++)
    json_builder_add_string_value (builder, result->files->pdata[i]);
  json_builder_end_array (builder);
  spqr_json_flag (builder, "verified", result->verified);
  spqr_json_number (builder, "max_abs_diff", result->max_abs_diff);
  spqr_json_integer (builder, "bytes", result->n_bytes);
  spqr_json_text (builder, "note", result->note);
  json_builder_end_object (builder);
  spqr_json_print (builder);
}

static gboolean
export_run (SpqrCli *cli, const char *what, SpqrExportDtype dtype, const char *out, GError **error)
{
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (SpqrRun) run = NULL;
  g_autoptr (SpqrModel) model = spqr_cli_open_model_or_run (cli, what, &store, &run, error);
  g_autoptr (SpqrArtifacts) artifacts = NULL;
  g_autofree char *folder = g_canonicalize_filename (out, NULL);
  SpqrExportResult result = { 0 };
  SpqrRunExport record;
  gboolean done;

  if (model == NULL)
    return FALSE;
  if (run == NULL)
    {
      g_set_error (error, SPQR_USAGE_ERROR, 0, "%s: is a model, not a run; `spqr runs list` shows the runs", what);
      return FALSE;
    }
  artifacts = spqr_run_open_artifacts (store, run, error);
  if (artifacts == NULL || !spqr_export_hf_dense (model, artifacts, dtype, folder, spqr_cli_progress, cli,
                                                  cli->cancellable, &result, error))
    return FALSE;
  record = (SpqrRunExport) { .run_id = run->id, .created = g_get_real_time () / G_USEC_PER_SEC, .format = (char *) "hf-dense",
                             .path = folder, .verified = result.verified, .max_abs_diff = result.max_abs_diff };
  done = spqr_store_add_export (store, &record, error);
  if (done)
    print_result (cli, folder, &result, TRUE);
  spqr_export_result_clear (&result);
  return done;
}

/* What the database has of a run; its model and its layers need not be there any more. */
static gboolean
export_figures (SpqrCli *cli, const char *what, const char *format, const char *out, GError **error)
{
  g_autofree char *folder = g_canonicalize_filename (out, NULL);
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (SpqrRun) run = NULL;
  SpqrExportResult result = { 0 };

  if (!spqr_cli_find_run (cli, what, &store, &run, error) ||
      !(g_str_equal (format, "html") ? spqr_export_html : spqr_export_csv) (store, run->id, folder, &result, error))
    return FALSE;
  print_result (cli, folder, &result, FALSE);
  spqr_export_result_clear (&result);
  return TRUE;
}

static gboolean
run_export (SpqrCli *cli, int argc, char **argv, GError **error)
{
  g_autofree char *format = NULL;
  g_autofree char *out = NULL;
  g_autofree char *dtype_text = NULL;
  const GOptionEntry entries[] = {
    { "format", 0, 0, G_OPTION_ARG_STRING, &format, N_("hf-dense: a Hugging Face folder with the decoded weights; html: a report; csv: its tables"), N_("FORMAT") },
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, N_("The folder to make"), N_("DIR") },
    { "dtype", 0, 0, G_OPTION_ARG_STRING, &dtype_text, N_("exact (default), source, f16, bf16 or f32"), N_("TYPE") },
    G_OPTION_ENTRY_NULL
  };
  static const char *const formats[] = { "hf-dense", "html", "csv", NULL };
  SpqrExportDtype dtype = SPQR_EXPORT_EXACT;

  if (!spqr_cli_parse (cli, &spqr_command_export, entries, NULL, &argc, &argv, 1, 1, error))
    return FALSE;
  if (out == NULL || format == NULL || !g_strv_contains (formats, format))
    {
      g_set_error (error, SPQR_USAGE_ERROR, 0, out == NULL ? "export needs --out DIR" : "--format must be hf-dense, html or csv");
      return FALSE;
    }
  if (!g_str_equal (format, "hf-dense"))
    return export_figures (cli, argv[1], format, out, error);
  if (dtype_text != NULL && !spqr_export_dtype_parse (dtype_text, &dtype, NULL))
    {
      g_set_error (error, SPQR_USAGE_ERROR, 0, "--dtype must be exact, source, f16, bf16 or f32, not “%s”", dtype_text);
      return FALSE;
    }
  return export_run (cli, argv[1], dtype, out, error);
}

const SpqrCommand spqr_command_export = { "export", "RUN --format hf-dense|html|csv --out DIR",
                                          N_("a run as a model that other programs load, as a report, as tables"), run_export };
