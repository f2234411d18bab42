#include "export/spqr-report.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "export/spqr-run-tables.h"
#include "quant/spqr-recipe.h"

gboolean
spqr_report_load (SpqrStore *store, gint64 run_id, SpqrReport *report, GError **error)
{
  *report = (SpqrReport) { NULL };
  if ((report->run = spqr_store_get_run (store, run_id, error)) != NULL &&
      (report->layers = spqr_store_list_layers (store, run_id, error)) != NULL &&
      (report->evals = spqr_store_list_evals (store, run_id, error)) != NULL &&
      (report->exports = spqr_store_list_exports (store, run_id, error)) != NULL)
    return TRUE;
  spqr_report_clear (report);
  return FALSE;
}

void
spqr_report_clear (SpqrReport *report)
{
  g_clear_object (&report->run);
  g_clear_pointer (&report->layers, g_ptr_array_unref);
  g_clear_pointer (&report->evals, g_ptr_array_unref);
  g_clear_pointer (&report->exports, g_ptr_array_unref);
}

static gboolean
save_text (const char *path, const char *text, GError **error)
{
  if (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0666, error))
    return TRUE;
  g_prefix_error (error, _("The report cannot be saved: "));
  return FALSE;
}

gboolean
spqr_report_save (const SpqrReport *report, const char *path, GError **error)
{
  g_autofree char *html = spqr_report_to_html (report);

  return save_text (path, html, error);
}

/* ---- the same run again ---- */

static void
add_word (GString *command, const char *word)
{
  /* What no shell takes for anything else stays as it is, for the eye. */
  gboolean plain = *word != '\0' && strspn (word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./=:,@%") == strlen (word);
  g_autofree char *quoted = plain ? g_strdup (word) : g_shell_quote (word);

  g_string_append_c (command, ' ');
  g_string_append (command, quoted);
}

static void
add_flags (GString *command, const SpqrRunParams *params)
{
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *value = spqr_param_get_text (&table[i], params);
      g_autofree char *usual = spqr_param_get_text (&table[i], &spqr_run_params_default);
      g_autofree char *flag = NULL;

      if (g_str_equal (value, usual))
        continue;
      if (table[i].kind == SPQR_PARAM_BOOL)
        flag = g_strconcat ("--", g_str_equal (value, "true") ? "" : "no-", table[i].key, NULL);
      else
        flag = g_strconcat ("--", table[i].key, "=", value, NULL);
      add_word (command, flag);
    }
}

char *
spqr_report_command (const SpqrRun *run)
{
  g_autoptr (SpqrRecipe) recipe = run->params_json != NULL ? spqr_recipe_parse (run->params_json, NULL) : NULL;
  GString *command = g_string_new ("spqr quantize");

  add_word (command, run->model_path != NULL ? run->model_path : "MODEL");
  add_word (command, run->calibration != NULL ? run->calibration : "none");
  if (recipe != NULL && spqr_recipe_get_n_overrides (recipe) > 0)
    g_string_append_printf (command, " --recipe=spqr-run%" G_GINT64_FORMAT "-recipe.json", run->id);
  else if (recipe != NULL)
    add_flags (command, spqr_recipe_get_defaults (recipe));
  return g_string_free (command, FALSE);
}

/* ---- into a folder ---- */

static gboolean
make_folder (const char *folder, GError **error)
{
  if (g_mkdir_with_parents (folder, 0755) == 0 && g_file_test (folder, G_FILE_TEST_IS_DIR))
    return TRUE;
  g_set_error (error, SPQR_EXPORT_ERROR, SPQR_EXPORT_ERROR_FAILED, "%s: cannot make this folder: %s", folder,
               g_strerror (errno != 0 ? errno : ENOTDIR));
  return FALSE;
}

/* Writes one file and reads it back. */
static gboolean
write_file (const char *folder, char *name, const char *text, SpqrExportResult *result, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *back = NULL;
  gsize length = 0, expected = strlen (text);

  g_ptr_array_add (result->files, name);
  if (!save_text (path, text, error) || !g_file_get_contents (path, &back, &length, error))
    return FALSE;
  if (length != expected || memcmp (back, text, length) != 0)
    {
      g_set_error (error, SPQR_EXPORT_ERROR, SPQR_EXPORT_ERROR_VERIFY, "%s: what was read back is not what was written; check the disk", path);
      return FALSE;
    }
  result->n_bytes += length;
  return TRUE;
}

static void
begin_result (SpqrExportResult *result)
{
  *result = (SpqrExportResult) { .files = g_ptr_array_new_with_free_func (g_free) };
}

static gboolean
end_result (SpqrExportResult *result, gboolean done)
{
  result->verified = done;
  if (!done)
    spqr_export_result_clear (result);
  return done;
}

/* What a command line with --recipe reads. */
static gboolean
write_recipe (const SpqrRun *run, const char *folder, SpqrExportResult *result, GError **error)
{
  g_autoptr (SpqrRecipe) recipe = run->params_json != NULL ? spqr_recipe_parse (run->params_json, NULL) : NULL;
  g_autofree char *json = NULL;

  if (recipe == NULL || spqr_recipe_get_n_overrides (recipe) == 0)
    return TRUE;
  json = spqr_recipe_to_json (recipe);
  return write_file (folder, g_strdup_printf ("spqr-run%" G_GINT64_FORMAT "-recipe.json", run->id), json, result, error);
}

gboolean
spqr_export_html (SpqrStore *store, gint64 run_id, const char *folder, SpqrExportResult *result, GError **error)
{
  g_auto (SpqrReport) report = { NULL };
  g_autofree char *html = NULL;

  begin_result (result);
  if (!spqr_report_load (store, run_id, &report, error) || !make_folder (folder, error))
    return end_result (result, FALSE);
  html = spqr_report_to_html (&report);
  return end_result (result, write_file (folder, g_strdup_printf ("spqr-run%" G_GINT64_FORMAT ".html", run_id), html, result, error) &&
                             write_recipe (report.run, folder, result, error));
}

static gboolean
write_table (SpqrCsv *csv, const char *folder, gint64 run_id, const char *suffix, SpqrExportResult *result, GError **error)
{
  g_autoptr (SpqrCsv) owned = csv;

  return write_file (folder, g_strdup_printf ("spqr-run%" G_GINT64_FORMAT "%s.csv", run_id, suffix), spqr_csv_peek (owned), result, error);
}

gboolean
spqr_export_csv (SpqrStore *store, gint64 run_id, const char *folder, SpqrExportResult *result, GError **error)
{
  g_auto (SpqrReport) report = { NULL };
  g_autoptr (GPtrArray) runs = g_ptr_array_new ();

  begin_result (result);
  if (!spqr_report_load (store, run_id, &report, error) || !make_folder (folder, error))
    return end_result (result, FALSE);
  g_ptr_array_add (runs, report.run);
  return end_result (result, write_table (spqr_runs_to_csv (runs), folder, run_id, "", result, error) &&
                             write_table (spqr_layers_to_csv (report.run, report.layers), folder, run_id, "-layers", result, error) &&
                             write_table (spqr_evals_to_csv (report.run, report.evals), folder, run_id, "-evaluations", result, error));
}
