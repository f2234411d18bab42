/* spqr runs compare: what several runs differ in, a column a run. Perplexities stand beside each other only where
 * they were measured in one way. */
#include <glib/gi18n.h>
#include <math.h>
#include <stdio.h>

#include "cli/spqr-cmd-compare.h"
#include "export/spqr-run-differences.h"
#include "export/spqr-run-protocol.h"

static void
free_report (gpointer report)
{
  spqr_report_clear (report);
  g_free (report);
}

/* ---- figures ---- */

typedef struct { const char *key; gsize offset; int decimals; } Figure;

static const Figure run_figures[] = {
  { "bits_formula", G_STRUCT_OFFSET (SpqrRun, bits_formula), 3 }, { "bits_stored", G_STRUCT_OFFSET (SpqrRun, bits_stored), 3 },
  { "outlier_share", G_STRUCT_OFFSET (SpqrRun, outlier_share), 5 }, { "mean_proxy_loss", G_STRUCT_OFFSET (SpqrRun, mean_proxy_loss), 6 },
  { "seconds", G_STRUCT_OFFSET (SpqrRun, seconds), 1 },
};

static const Figure eval_figures[] = {
  { "ppl_base", G_STRUCT_OFFSET (SpqrRunEval, ppl_base), 4 }, { "ppl", G_STRUCT_OFFSET (SpqrRunEval, ppl), 4 },
  { "kl", G_STRUCT_OFFSET (SpqrRunEval, kl), 5 },
};

/* One line: on paper a row, in JSON an array. Leaves it out where nobody knows anything. */
static void
add_numbers (SpqrCli *cli, JsonBuilder *builder, const Figure *figure, const double *values, guint n)
{
  gboolean any = FALSE;

  for (guint i = 0; i < n; i++)
    any = any || isfinite (values[i]);
  if (!any)
    return;
  spqr_json_begin_array (builder, figure->key);
  for (guint i = 0; i < n; i++)
    if (isfinite (values[i]))
      json_builder_add_double_value (builder, values[i]);
    else
      json_builder_add_null_value (builder);
  json_builder_end_array (builder);
  if (cli->json)
    return;
  printf ("%-22s", figure->key);
  for (guint i = 0; i < n; i++)
    if (isfinite (values[i]))
      printf (" %14.*f", figure->decimals, values[i]);
    else
      printf (" %14s", "-");
  putchar ('\n');
}

static void
add_evals (SpqrCli *cli, JsonBuilder *builder, GPtrArray *reports)
{
  g_autoptr (GPtrArray) shared = spqr_protocols_shared (reports);
  g_autofree double *values = g_new (double, reports->len);
  g_autofree char *why = shared->len == 0 ? spqr_protocols_explain (reports) : NULL;

  spqr_json_begin_array (builder, "evals");
  for (guint e = 0; e < shared->len; e++)
    {
      const SpqrRunEval *const *evals = shared->pdata[e];
      g_autofree char *protocol = spqr_protocol_describe (evals[0]);

      json_builder_begin_object (builder);
      spqr_json_text (builder, "data", evals[0]->data);
      spqr_json_integer (builder, "seqlen", evals[0]->seqlen);
      spqr_json_integer (builder, "windows", evals[0]->windows);
      if (!cli->json)
        printf ("%s\n", protocol);
      for (guint f = 0; f < G_N_ELEMENTS (eval_figures); f++)
        {
          for (guint i = 0; i < reports->len; i++)
            values[i] = G_STRUCT_MEMBER (double, evals[i], eval_figures[f].offset);
          add_numbers (cli, builder, &eval_figures[f], values, reports->len);
        }
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  if (why == NULL)
    return;
  spqr_json_text (builder, "why", why);
  if (!cli->json)
    printf ("%s\n", why);
}

/* ---- parameters ---- */

/* On paper only what differs; in JSON that too, parameters and rules apart. */
static void
add_line (SpqrCli *cli, JsonBuilder *builder, const SpqrRunLine *line)
{
  const char *name = line->param != NULL ? line->param->key : line->where != NULL ? line->where : "order";

  spqr_json_begin_array (builder, name);
  for (guint i = 0; i < line->n; i++)
    if (line->values[i] != NULL)
      json_builder_add_string_value (builder, line->values[i]);
    else
      json_builder_add_null_value (builder);
  json_builder_end_array (builder);
  if (cli->json)
    return;
  printf ("%-22s", name);
  for (guint i = 0; i < line->n; i++)
    printf (" %14s", line->values[i] != NULL ? line->values[i] : "-");
  putchar ('\n');
}

static void
add_lines (SpqrCli *cli, JsonBuilder *builder, GPtrArray *lines, gboolean params)
{
  json_builder_set_member_name (builder, params ? "parameters" : "rules");
  json_builder_begin_object (builder);
  for (guint i = 0; i < lines->len; i++)
    {
      const SpqrRunLine *line = lines->pdata[i];

      if (line->differ && params == (line->kind == SPQR_RUN_LINE_PARAM))
        add_line (cli, builder, line);
    }
  json_builder_end_object (builder);
}

static void
add_params (SpqrCli *cli, JsonBuilder *builder, GPtrArray *reports)
{
  g_autoptr (GPtrArray) runs = g_ptr_array_new ();
  g_autoptr (GPtrArray) lines = NULL;

  for (guint i = 0; i < reports->len; i++)
    g_ptr_array_add (runs, ((const SpqrReport *) reports->pdata[i])->run);
  lines = spqr_run_lines (runs, NULL);
  add_lines (cli, builder, lines, TRUE);
  add_lines (cli, builder, lines, FALSE);
}

/* ---- all of it ---- */

static void
add_heads (SpqrCli *cli, JsonBuilder *builder, GPtrArray *reports)
{
  g_autofree double *values = g_new (double, reports->len);

  spqr_json_begin_array (builder, "runs");
  for (guint i = 0; i < reports->len; i++)
    json_builder_add_int_value (builder, ((const SpqrReport *) reports->pdata[i])->run->id);
  json_builder_end_array (builder);
  if (!cli->json)
    {
      printf ("%-22s", _("run"));
      for (guint i = 0; i < reports->len; i++)
        printf (" %14" G_GINT64_FORMAT, ((const SpqrReport *) reports->pdata[i])->run->id);
      putchar ('\n');
    }
  for (guint f = 0; f < G_N_ELEMENTS (run_figures); f++)
    {
      for (guint i = 0; i < reports->len; i++)
        values[i] = G_STRUCT_MEMBER (double, ((const SpqrReport *) reports->pdata[i])->run, run_figures[f].offset);
      add_numbers (cli, builder, &run_figures[f], values, reports->len);
    }
}

gboolean
spqr_cli_compare_runs (SpqrCli *cli, SpqrStore *store, const gint64 *ids, guint n, GError **error)
{
  g_autoptr (GPtrArray) reports = g_ptr_array_new_with_free_func (free_report);
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  for (guint i = 0; i < n; i++)
    {
      SpqrReport *report = g_new0 (SpqrReport, 1);

      g_ptr_array_add (reports, report);
      if (!spqr_report_load (store, ids[i], report, error))
        return FALSE;
    }
  json_builder_begin_object (builder);
  add_heads (cli, builder, reports);
  add_params (cli, builder, reports);
  add_evals (cli, builder, reports);
  json_builder_end_object (builder);
  if (cli->json)
    spqr_json_print (builder);
  return TRUE;
}
