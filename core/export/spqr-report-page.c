/* spqr-report-page.c: what stands on the page of a report, from top to bottom. */
#include <inttypes.h>
#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "export/spqr-html.h"
#include "export/spqr-report-chart.h"
#include "export/spqr-report-style.h"
#include "export/spqr-report.h"
#include "export/spqr-run-differences.h"
#include "export/spqr-run-protocol.h"
#include "model/spqr-tensor.h"
#include "quant/spqr-recipe.h"

static char *three (double value) { return spqr_html_fixed (value, 3); }
static char *four (double value) { return spqr_html_fixed (value, 4); }

/* ---- pieces ---- */

static void
tile (GString *page, char *value, const char *name)
{
  g_string_append (page, "<div class=\"tile\">");
  spqr_html_element (page, "b", value);
  spqr_html_element (page, "span", name);
  g_string_append (page, "</div>");
  g_free (value);
}

static void
begin_table (GString *page, const char *const *titles, const gboolean *numbers)
{
  g_string_append (page, "<div class=\"scroll\"><table>");
  if (titles != NULL)
    {
      g_string_append (page, "<thead><tr>");
      for (guint i = 0; titles[i] != NULL; i++)
        {
          g_string_append (page, numbers[i] ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
          spqr_html_text (page, titles[i]);
          g_string_append (page, "</th>");
        }
      g_string_append (page, "</tr></thead>");
    }
  g_string_append (page, "<tbody>\n");
}

static void
end_table (GString *page)
{
  g_string_append (page, "</tbody></table></div>\n");
}

static void
cell (GString *page, const char *text, gboolean number)
{
  g_string_append (page, number ? "<td class=\"n\">" : "<td>");
  spqr_html_text (page, text);
  g_string_append (page, "</td>");
}

/* Takes the text. */
static void
figure (GString *page, char *text)
{
  cell (page, text, TRUE);
  g_free (text);
}

static void
fact (GString *page, const char *name, const char *value)
{
  if (value == NULL || *value == '\0')
    return;
  g_string_append (page, "<tr><th scope=\"row\">");
  spqr_html_text (page, name);
  g_string_append (page, "</th>");
  cell (page, value, FALSE);
  g_string_append (page, "</tr>\n");
}

static void
fact_path (GString *page, const char *name, const char *path)
{
  g_autofree char *text = path != NULL ? spqr_html_path (path) : NULL;

  fact (page, name, text);
}

static void
heading (GString *page, const char *text)
{
  spqr_html_element (page, "h2", text);
  g_string_append_c (page, '\n');
}

/* ---- the top ---- */

static const char *
state_text (SpqrRunState state)
{
  switch (state)
    {
    case SPQR_RUN_FINISHED: return _("finished");
    case SPQR_RUN_CANCELLED: return _("cancelled");
    case SPQR_RUN_FAILED: return _("failed");
    case SPQR_RUN_INTERRUPTED: return _("interrupted");
    case SPQR_RUN_RUNNING:
    default: return _("running");
    }
}

static void
add_top (GString *page, const SpqrReport *report)
{
  const SpqrRun *run = report->run;
  g_autofree char *method = g_ascii_strup (run->method != NULL ? run->method : "", -1);
  g_autofree char *title = g_strdup_printf (_("%s, run %" PRId64), run->model_name != NULL ? run->model_name : "–", run->id);
  g_autofree char *when = spqr_html_date (run->created);
  g_autofree char *line = g_strjoin (" · ", method, state_text (run->state), when, run->architecture, NULL);
  g_autofree char *tags = run->tags != NULL ? g_strjoinv (", ", run->tags) : NULL;

  spqr_html_element (page, "h1", title);
  g_string_append (page, "<p class=\"dim\">");
  spqr_html_text (page, line);
  g_string_append (page, "</p>\n");
  if (run->note != NULL)
    spqr_html_element (page, "p", run->note);
  if (tags != NULL)
    {
      g_string_append (page, "<p class=\"dim\">");
      spqr_html_text (page, tags);
      g_string_append (page, "</p>");
    }
  if (run->error != NULL)
    {
      g_string_append (page, "<p class=\"warn\">");
      spqr_html_text (page, run->error);
      g_string_append (page, "</p>");
    }
}

/* The last perplexity, with what it was measured on: a figure alone says nothing. */
static void
add_perplexity_tiles (GString *page, GPtrArray *evals)
{
  const SpqrRunEval *last = NULL;
  g_autofree char *data = NULL, *after = NULL;

  for (guint i = 0; i < evals->len; i++)
    if (isfinite (((const SpqrRunEval *) evals->pdata[i])->ppl) && ((const SpqrRunEval *) evals->pdata[i])->task == NULL)
      last = evals->pdata[i];
  if (last == NULL)
    return;
  data = g_path_get_basename (last->data != NULL ? last->data : "");
  after = g_strdup_printf (_("perplexity on %s, windows of %d"), data, last->seqlen);
  tile (page, four (last->ppl), after);
  if (isfinite (last->ppl_base))
    tile (page, four (last->ppl_base), _("perplexity before, on the same"));
}

static void
add_tiles (GString *page, const SpqrRun *run, GPtrArray *evals)
{
  g_string_append (page, "<div class=\"tiles\">");
  tile (page, three (run->bits_formula), _("bits per weight, by the formula"));
  tile (page, three (run->bits_stored), _("bits per weight, as stored"));
  tile (page, spqr_html_percent (run->outlier_share), _("of the weights are outliers"));
  tile (page, spqr_html_percent (sqrt (run->mean_proxy_loss)), _("mean output error"));
  add_perplexity_tiles (page, evals);
  tile (page, spqr_html_seconds (run->seconds), _("to quantize"));
  g_string_append (page, "</div>\n");
}

/* ---- evaluations ---- */

static void
add_perplexity (GString *page, const SpqrRunEval *eval)
{
  g_autofree char *data = g_path_get_basename (eval->data != NULL ? eval->data : "");
  g_autofree char *window = g_strdup_printf (ngettext ("%" PRId64 " window of %d tokens", "%" PRId64 " windows of %d tokens", (gulong) eval->windows),
                                             eval->windows, eval->seqlen);
  g_autofree char *protocol = g_strjoin ("; ", window, eval->protocol, NULL);
  g_autofree char *after = four (eval->ppl), *spread = four (eval->ppl_stderr);

  g_string_append (page, "<tr>");
  cell (page, data, FALSE);
  g_string_append (page, "<td>");
  spqr_html_text (page, protocol);
  if (eval->data_fingerprint != NULL)
    {
      g_string_append (page, "<br/><code class=\"dim\">");
      g_autofree char *head = g_strndup (eval->data_fingerprint, 16);
      spqr_html_text (page, head);
      g_string_append (page, "</code>");
    }
  g_string_append (page, "</td>");
  figure (page, four (eval->ppl_base));
  figure (page, isfinite (eval->ppl_stderr) ? g_strdup_printf ("%s ± %s", after, spread) : g_strdup (after));
  figure (page, spqr_html_percent (eval->ppl / eval->ppl_base - 1));
  figure (page, four (eval->kl));
  figure (page, spqr_html_percent (eval->top1_agreement));
  g_string_append (page, "</tr>\n");
}

static gboolean
same_protocol (const SpqrRunEval *a, const SpqrRunEval *b)
{
  return g_strcmp0 (a->data_fingerprint, b->data_fingerprint) == 0 && a->seqlen == b->seqlen && a->windows == b->windows;
}

static void
add_perplexities (GString *page, GPtrArray *evals)
{
  const char *const titles[] = { _("Text"), _("Protocol"), _("Before"), _("After"), _("Rise"), _("KL (nats)"), _("Same likeliest token"), NULL };
  const gboolean numbers[] = { FALSE, FALSE, TRUE, TRUE, TRUE, TRUE, TRUE };
  const SpqrRunEval *first = NULL;
  gboolean differ = FALSE;

  for (guint i = 0; i < evals->len; i++)
    {
      const SpqrRunEval *eval = evals->pdata[i];

      if (eval->task != NULL || !isfinite (eval->ppl) || spqr_protocol_is_repeated (evals, i))
        continue;
      if (first == NULL)
        {
          heading (page, _("Perplexity"));
          begin_table (page, titles, numbers);
        }
      else
        differ = differ || !same_protocol (first, eval);
      first = first != NULL ? first : eval;
      add_perplexity (page, eval);
    }
  if (first == NULL)
    return;
  end_table (page);
  if (differ)
    spqr_html_element (page, "p", _("Lines on different text or windows stand beside each other, but cannot be compared with each other."));
}

static void
add_tasks (GString *page, GPtrArray *evals)
{
  const char *const titles[] = { _("Task"), _("Protocol"), _("Documents"), _("Accuracy"), _("Normalized"), NULL };
  const gboolean numbers[] = { FALSE, FALSE, TRUE, TRUE, TRUE };
  gboolean any = FALSE;

  for (guint i = 0; i < evals->len; i++)
    {
      const SpqrRunEval *eval = evals->pdata[i];
      g_autofree char *acc = spqr_html_percent (eval->acc), *spread = spqr_html_percent (eval->acc_stderr);
      g_autofree char *norm = spqr_html_percent (eval->acc_norm), *norm_spread = spqr_html_percent (eval->acc_norm_stderr);
      g_autofree char *protocol = eval->scoring != NULL && eval->protocol != NULL ? g_strjoin ("; ", eval->scoring, eval->protocol, NULL)
                                                                                : g_strdup (eval->protocol);

      if (eval->task == NULL)
        continue;
      if (!any)
        {
          heading (page, _("Zero-shot tasks"));
          begin_table (page, titles, numbers);
        }
      any = TRUE;
      g_string_append (page, "<tr>");
      cell (page, eval->task, FALSE);
      cell (page, protocol, FALSE);
      figure (page, g_strdup_printf ("%" G_GINT64_FORMAT, eval->windows));
      figure (page, isfinite (eval->acc_stderr) ? g_strdup_printf ("%s ± %s", acc, spread) : g_strdup (acc));
      figure (page, isfinite (eval->acc_norm_stderr) ? g_strdup_printf ("%s ± %s", norm, norm_spread) : g_strdup (norm));
      g_string_append (page, "</tr>\n");
    }
  if (any)
    end_table (page);
}

/* ---- charts ---- */

static void
add_line (GString *page, GPtrArray *layers, const char *title, gsize offset, char *(*format) (double))
{
  g_autofree const char **names = g_new (const char *, layers->len + 1);
  g_autofree double *values = g_new (double, layers->len + 1);
  SpqrReportChart chart = { title, names, values, layers->len, format };

  for (guint i = 0; i < layers->len; i++)
    {
      names[i] = ((const SpqrRunLayer *) layers->pdata[i])->name;
      values[i] = G_STRUCT_MEMBER (double, layers->pdata[i], offset);
    }
  spqr_report_chart_line (page, &chart);
}

static int
find_text (GPtrArray *texts, const char *text)
{
  for (guint i = 0; i < texts->len; i++)
    if (g_str_equal (texts->pdata[i], text))
      return (int) i;
  return -1;
}

/* Blocks × roles, as the window's map has them. */
static void
add_grid (GString *page, GPtrArray *layers)
{
  g_autoptr (GPtrArray) roles = g_ptr_array_new ();
  g_autofree double *values = NULL;
  int n_blocks = 0;

  for (guint i = 0; i < layers->len; i++)
    {
      const SpqrRunLayer *layer = layers->pdata[i];

      if (layer->block < 0 || layer->block > 4095 || layer->role == NULL)
        continue;
      n_blocks = MAX (n_blocks, layer->block + 1);
      if (find_text (roles, layer->role) < 0)
        g_ptr_array_add (roles, layer->role);
    }
  if (n_blocks == 0)
    return;
  values = g_new (double, (gsize) n_blocks * roles->len);
  for (guint i = 0; i < (guint) n_blocks * roles->len; i++)
    values[i] = NAN;
  for (guint i = 0; i < layers->len; i++)
    {
      const SpqrRunLayer *layer = layers->pdata[i];

      if (layer->block >= 0 && layer->block < n_blocks && layer->role != NULL)
        values[(guint) layer->block * roles->len + (guint) find_text (roles, layer->role)] = layer->output_error;
    }
  spqr_report_chart_grid (page, &(SpqrReportGrid) { _("Output error of each layer, blocks × roles"), (const char *const *) roles->pdata,
                                                    (guint) n_blocks, roles->len, values, _("block"), spqr_html_percent });
}

static void
add_charts (GString *page, GPtrArray *layers)
{
  if (layers->len == 0)
    return;
  heading (page, _("Over the layers"));
  add_grid (page, layers);
  add_line (page, layers, _("Output error: √(tr ΔW·H·ΔWᵀ / tr W·H·Wᵀ) on the calibration text"), G_STRUCT_OFFSET (SpqrRunLayer, output_error), spqr_html_percent);
  add_line (page, layers, _("Share of weights kept in 16 bits (outliers)"), G_STRUCT_OFFSET (SpqrRunLayer, outlier_share), spqr_html_percent);
  add_line (page, layers, _("Bits per weight, by the paper's formula"), G_STRUCT_OFFSET (SpqrRunLayer, bits), three);
}

/* ---- parameters, layers, origin ---- */

/* Which layers have parameters of their own. */
static void
add_rules (GString *page, SpqrRecipe *recipe)
{
  const char *const titles[] = { _("Layers"), _("Rule"), NULL };
  const gboolean numbers[] = { FALSE, FALSE };

  if (spqr_recipe_get_n_overrides (recipe) == 0)
    return;
  spqr_html_element (page, "p", _("Some layers have parameters of their own; of rules for the same layer the later one wins:"));
  begin_table (page, titles, numbers);
  for (guint i = 0; i < spqr_recipe_get_n_overrides (recipe); i++)
    {
      g_autofree char *where = spqr_rule_where (spqr_recipe_get_override (recipe, i));
      g_autofree char *what = spqr_rule_what (spqr_recipe_get_override (recipe, i));

      g_string_append (page, "<tr>");
      cell (page, where, FALSE);
      cell (page, what, FALSE);
      g_string_append (page, "</tr>\n");
    }
  end_table (page);
}

static void
add_params (GString *page, const SpqrRun *run)
{
  g_autoptr (SpqrRecipe) recipe = run->params_json != NULL ? spqr_recipe_parse (run->params_json, NULL) : NULL;
  const char *const titles[] = { _("Parameter"), _("Value"), _("Flag"), _("What it does"), NULL };
  const gboolean numbers[] = { FALSE, FALSE, FALSE, FALSE };
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);

  if (recipe == NULL)
    return;
  heading (page, _("Parameters"));
  begin_table (page, titles, numbers);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *value = spqr_param_get_text (&table[i], spqr_recipe_get_defaults (recipe));
      g_autofree char *flag = g_strconcat ("--", table[i].key, NULL);

      g_string_append (page, "<tr>");
      cell (page, _(table[i].title), FALSE);
      cell (page, value, FALSE);
      g_string_append (page, "<td class=\"keep\">");
      spqr_html_element (page, "code", flag);
      g_string_append (page, "</td>");
      cell (page, _(table[i].help), FALSE);
      g_string_append (page, "</tr>\n");
    }
  end_table (page);
  add_rules (page, recipe);
  g_string_append (page, spqr_recipe_get_n_overrides (recipe) > 0 ? "<details open=\"open\"><summary>" : "<details><summary>");
  spqr_html_text (page, _("The recipe as JSON"));
  g_string_append (page, "</summary><pre><code>");
  spqr_html_text (page, run->params_json);
  g_string_append (page, "</code></pre></details>\n");
}

static void
add_layers (GString *page, GPtrArray *layers)
{
  const char *const titles[] = { _("Layer"), _("Shape"), _("Output error"), _("Outliers"), _("Bits"), _("Stored"), _("Time"), _("Device"), _("Note"), NULL };
  const gboolean numbers[] = { FALSE, TRUE, TRUE, TRUE, TRUE, TRUE, TRUE, FALSE, FALSE };

  if (layers->len == 0)
    return;
  heading (page, _("Layers"));
  begin_table (page, titles, numbers);
  for (guint i = 0; i < layers->len; i++)
    {
      const SpqrRunLayer *layer = layers->pdata[i];

      g_string_append (page, "<tr>");
      cell (page, layer->name, FALSE);
      figure (page, g_strdup_printf ("%" G_GINT64_FORMAT " × %" G_GINT64_FORMAT, layer->rows, layer->cols));
      figure (page, spqr_html_percent (layer->output_error));
      figure (page, spqr_html_percent (layer->outlier_share));
      figure (page, three (layer->bits));
      figure (page, three (layer->bits_stored));
      figure (page, spqr_html_seconds (layer->seconds));
      cell (page, layer->backend, FALSE);
      cell (page, layer->note, FALSE);
      g_string_append (page, "</tr>\n");
    }
  end_table (page);
}

static void
add_exports (GString *page, GPtrArray *exports)
{
  for (guint i = 0; i < exports->len; i++)
    {
      const SpqrRunExport *record = exports->pdata[i];
      g_autofree char *path = spqr_html_path (record->path);
      g_autofree char *name = g_strdup_printf (_("Export, %s"), record->format);
      g_autofree char *text = record->verified ? g_strdup_printf (_("%s, read back and compared"), path) : g_strdup (path);

      fact (page, name, text);
    }
}

static void
add_origin (GString *page, const SpqrReport *report)
{
  const SpqrRun *run = report->run;
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, run->id);
  g_autofree char *begun = spqr_html_date (run->created), *finished = spqr_html_date (run->finished);
  g_autofree char *windows = g_strdup_printf (_("%d of %d tokens, seed %" PRId64), run->nsamples, run->seqlen, run->seed);
  g_autofree char *command = spqr_report_command (run);

  heading (page, _("Origin"));
  begin_table (page, NULL, NULL);
  fact (page, _("Run"), id);
  fact_path (page, _("Model"), run->model_path);
  fact (page, _("Fingerprint of its weights"), run->model_fingerprint);
  fact_path (page, _("Calibration"), run->calibration != NULL ? run->calibration : _("none"));
  fact (page, _("Fingerprint of its ids"), run->calibration_fingerprint);
  if (run->calibration != NULL)
    fact (page, _("Windows"), windows);
  fact (page, _("Device"), run->backend);
  fact (page, _("Begun"), begun);
  fact (page, _("Ended"), finished);
  fact_path (page, _("Folder"), run->folder);
  fact (page, _("Made by"), run->version);
  add_exports (page, report->exports);
  end_table (page);
  spqr_html_element (page, "p", _("The same run again:"));
  g_string_append (page, "<pre><code>");
  spqr_html_text (page, command);
  g_string_append (page, "</code></pre>\n");
}

/* "de" of "de_DE.UTF-8"; "en" where there is no locale. */
static char *
language (void)
{
  const char *name = g_get_language_names ()[0];

  return g_str_equal (name, "C") || g_str_has_prefix (name, "C.") || strlen (name) < 2 ? g_strdup ("en") : g_strndup (name, 2);
}

char *
spqr_report_to_html (const SpqrReport *report)
{
  GString *page = g_string_new ("<!DOCTYPE html>\n<html lang=\"");
  g_autofree char *lang = language ();

  spqr_html_text (page, lang);
  g_string_append (page, "\"><head><meta charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
                         "<meta name=\"generator\" content=\"SpQR Studio\"/><title>");
  spqr_html_text (page, report->run->model_name);
  spqr_html_markup (page, " · %" G_GINT64_FORMAT "</title><style>%s</style></head>\n<body><main>\n", report->run->id, report_style);
  add_top (page, report);
  add_tiles (page, report->run, report->evals);
  add_perplexities (page, report->evals);
  add_tasks (page, report->evals);
  add_charts (page, report->layers);
  add_params (page, report->run);
  add_layers (page, report->layers);
  add_origin (page, report);
  g_string_append (page, "</main></body></html>\n");
  return g_string_free (page, FALSE);
}
