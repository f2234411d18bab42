/* What stands side by side of several runs, as a table: a line each figure, parameter and rule, a column each run. */
#include "export/spqr-comparison-table.h"

#include <inttypes.h>

#include "export/spqr-run-differences.h"
#include "export/spqr-run-protocol.h"

typedef struct { const char *name; gsize offset; } Figure;

static const Figure of_runs[] = {
  { "bits_formula", G_STRUCT_OFFSET (SpqrRun, bits_formula) }, { "bits_stored", G_STRUCT_OFFSET (SpqrRun, bits_stored) },
  { "outlier_share", G_STRUCT_OFFSET (SpqrRun, outlier_share) }, { "mean_proxy_loss", G_STRUCT_OFFSET (SpqrRun, mean_proxy_loss) },
  { "seconds", G_STRUCT_OFFSET (SpqrRun, seconds) },
};
static const Figure of_evals[] = {
  { "ppl_base", G_STRUCT_OFFSET (SpqrRunEval, ppl_base) }, { "ppl", G_STRUCT_OFFSET (SpqrRunEval, ppl) },
  { "ppl_stderr", G_STRUCT_OFFSET (SpqrRunEval, ppl_stderr) }, { "kl", G_STRUCT_OFFSET (SpqrRunEval, kl) },
};

static SpqrRun *
get_run (GPtrArray *reports, guint i)
{
  return ((const SpqrReport *) reports->pdata[i])->run;
}

static void
begin_line (SpqrCsv *csv, const char *kind, const char *name, const char *measured_on, gboolean differ)
{
  spqr_csv_add_text (csv, kind);
  spqr_csv_add_text (csv, name);
  spqr_csv_add_text (csv, measured_on);
  spqr_csv_add_text (csv, differ ? "true" : "false");
}

static gboolean
numbers_differ (const double *values, guint n)
{
  for (guint i = 1; i < n; i++)
    if (values[i] != values[0] && !(values[i] != values[i] && values[0] != values[0]))
      return TRUE;
  return FALSE;
}

static void
add_numbers (SpqrCsv *csv, const char *kind, const char *name, const char *measured_on, const double *values, guint n)
{
  begin_line (csv, kind, name, measured_on, numbers_differ (values, n));
  for (guint i = 0; i < n; i++)
    spqr_csv_add_number (csv, values[i]);
  spqr_csv_end_line (csv);
}

static void
add_header (SpqrCsv *csv, GPtrArray *reports)
{
  static const char *const names[] = { "kind", "name", "measured_on", "differs" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    spqr_csv_add_text (csv, names[i]);
  for (guint i = 0; i < reports->len; i++)
    {
      g_autofree char *name = g_strdup_printf ("run %" PRId64, get_run (reports, i)->id);
      spqr_csv_add_text (csv, name);
    }
  spqr_csv_end_line (csv);
}

static void
add_models (SpqrCsv *csv, GPtrArray *reports)
{
  gboolean differ = FALSE;

  for (guint i = 1; i < reports->len; i++)
    differ = differ || g_strcmp0 (get_run (reports, 0)->model_fingerprint, get_run (reports, i)->model_fingerprint) != 0;
  begin_line (csv, "origin", "model", NULL, differ);
  for (guint i = 0; i < reports->len; i++)
    spqr_csv_add_text (csv, get_run (reports, i)->model_name);
  spqr_csv_end_line (csv);
}

static void
add_figures (SpqrCsv *csv, GPtrArray *reports)
{
  g_autofree double *values = g_new (double, reports->len + 1);

  for (guint f = 0; f < G_N_ELEMENTS (of_runs); f++)
    {
      for (guint i = 0; i < reports->len; i++)
        values[i] = G_STRUCT_MEMBER (double, get_run (reports, i), of_runs[f].offset);
      add_numbers (csv, "figure", of_runs[f].name, NULL, values, reports->len);
    }
}

/* Only what was measured in one way for all of them stands side by side. */
static void
add_evals (SpqrCsv *csv, GPtrArray *reports)
{
  g_autoptr (GPtrArray) shared = spqr_protocols_shared (reports);
  g_autofree double *values = g_new (double, reports->len + 1);

  for (guint e = 0; e < shared->len; e++)
    {
      const SpqrRunEval *const *evals = shared->pdata[e];
      g_autofree char *base = g_path_get_basename (evals[0]->data != NULL ? evals[0]->data : "–");
      g_autofree char *on = g_strdup_printf ("%s, %" PRId64 " x %d", base, evals[0]->windows, evals[0]->seqlen);

      for (guint f = 0; f < G_N_ELEMENTS (of_evals); f++)
        {
          for (guint i = 0; i < reports->len; i++)
            values[i] = G_STRUCT_MEMBER (double, evals[i], of_evals[f].offset);
          add_numbers (csv, "evaluation", of_evals[f].name, on, values, reports->len);
        }
    }
}

static void
add_lines (SpqrCsv *csv, GPtrArray *reports)
{
  static const char *const kinds[] = { "parameter", "rule", "order" };
  g_autoptr (GPtrArray) runs = g_ptr_array_new ();
  g_autoptr (GPtrArray) lines = NULL;

  for (guint i = 0; i < reports->len; i++)
    g_ptr_array_add (runs, get_run (reports, i));
  lines = spqr_run_lines (runs, NULL);
  for (guint l = 0; l < lines->len; l++)
    {
      const SpqrRunLine *line = lines->pdata[l];

      begin_line (csv, kinds[line->kind], line->param != NULL ? line->param->key : line->where != NULL ? line->where : "rules", NULL, line->differ);
      for (guint i = 0; i < line->n; i++)
        spqr_csv_add_text (csv, line->values[i]);
      spqr_csv_end_line (csv);
    }
}

SpqrCsv *
spqr_comparison_to_csv (GPtrArray *reports)
{
  SpqrCsv *csv = spqr_csv_new ();

  add_header (csv, reports);
  add_models (csv, reports);
  add_figures (csv, reports);
  add_evals (csv, reports);
  add_lines (csv, reports);
  return csv;
}
