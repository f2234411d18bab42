/* spqr runs: the database. */
#include <glib/gi18n.h>
#include <inttypes.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>

#include "cli/spqr-cli.h"
#include "cli/spqr-cmd-compare.h"

enum { MOST_COMPARED = 16 };

static void
add_run (JsonBuilder *builder, SpqrRun *run)
{
  spqr_json_integer (builder, "id", run->id);
  spqr_json_text (builder, "state", spqr_run_state_name (run->state));
  spqr_json_text (builder, "model", run->model_name);
  spqr_json_text (builder, "model_path", run->model_path);
  spqr_json_text (builder, "model_fingerprint", run->model_fingerprint);
  spqr_json_text (builder, "architecture", run->architecture);
  spqr_json_text (builder, "calibration", run->calibration);
  spqr_json_text (builder, "calibration_fingerprint", run->calibration_fingerprint);
  spqr_json_integer (builder, "nsamples", run->nsamples);
  spqr_json_integer (builder, "seqlen", run->seqlen);
  spqr_json_integer (builder, "seed", run->seed);
  spqr_json_text (builder, "method", run->method);
  spqr_json_integer (builder, "wbits", run->wbits);
  spqr_json_integer (builder, "groupsize", run->groupsize);
  spqr_json_integer (builder, "qq_scale_bits", run->qq_scale_bits);
  spqr_json_integer (builder, "qq_zero_bits", run->qq_zero_bits);
  spqr_json_integer (builder, "qq_groupsize", run->qq_groupsize);
  spqr_json_number (builder, "outlier_threshold", run->outlier_threshold);
  spqr_json_number (builder, "percdamp", run->percdamp);
  spqr_json_text (builder, "permutation_order", run->permutation_order);
  spqr_json_text (builder, "backend", run->backend);
  spqr_json_text (builder, "version", run->version);
  spqr_json_text (builder, "folder", run->folder);
  spqr_json_text (builder, "note", run->note);
  spqr_json_text (builder, "error", run->error);
  spqr_json_integer (builder, "created", run->created);
  spqr_json_integer (builder, "finished", run->finished);
  spqr_json_number (builder, "seconds", run->seconds);
  spqr_json_number (builder, "bits_formula", run->bits_formula);
  spqr_json_number (builder, "bits_stored", run->bits_stored);
  spqr_json_number (builder, "outlier_share", run->outlier_share);
  spqr_json_number (builder, "mean_proxy_loss", run->mean_proxy_loss);
  spqr_json_number (builder, "ppl_base", run->ppl_base);
  spqr_json_number (builder, "ppl", run->ppl);
  spqr_json_text (builder, "ppl_data", run->ppl_data);
  spqr_json_integer (builder, "layers_done", run->n_layers_done);
  spqr_json_integer (builder, "layers_all", run->n_layers);
}

static void
add_layers (JsonBuilder *builder, GPtrArray *layers)
{
  spqr_json_begin_array (builder, "layers");
  for (guint i = 0; i < layers->len; i++)
    {
      const SpqrRunLayer *layer = layers->pdata[i];

      json_builder_begin_object (builder);
      spqr_json_text (builder, "name", layer->name);
      spqr_json_text (builder, "role", layer->role);
      spqr_json_integer (builder, "block", layer->block);
      spqr_json_integer (builder, "rows", layer->rows);
      spqr_json_integer (builder, "cols", layer->cols);
      spqr_json_number (builder, "bits", layer->bits);
      spqr_json_number (builder, "bits_stored", layer->bits_stored);
      spqr_json_number (builder, "outlier_share", layer->outlier_share);
      spqr_json_number (builder, "proxy_loss", layer->proxy_loss);
      spqr_json_number (builder, "output_error", layer->output_error);
      spqr_json_number (builder, "seconds", layer->seconds);
      spqr_json_text (builder, "backend", layer->backend);
      spqr_json_text (builder, "file", layer->file);
      spqr_json_text (builder, "note", layer->note);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
add_accuracy (JsonBuilder *builder, const SpqrRunEval *eval)
{
  spqr_json_text (builder, "scoring", eval->scoring);
  spqr_json_integer (builder, "n", eval->windows);
  spqr_json_number (builder, "acc", eval->acc);
  spqr_json_number (builder, "acc_stderr", eval->acc_stderr);
  spqr_json_number (builder, "acc_norm", eval->acc_norm);
  spqr_json_number (builder, "acc_norm_stderr", eval->acc_norm_stderr);
}

static void
add_evals (JsonBuilder *builder, GPtrArray *evals)
{
  spqr_json_begin_array (builder, "evals");
  for (guint i = 0; i < evals->len; i++)
    {
      const SpqrRunEval *eval = evals->pdata[i];

      json_builder_begin_object (builder);
      spqr_json_text (builder, "data", eval->data);
      spqr_json_text (builder, "protocol", eval->protocol);
      spqr_json_integer (builder, "seqlen", eval->seqlen);
      spqr_json_integer (builder, "windows", eval->windows);
      spqr_json_number (builder, "ppl_base", eval->ppl_base);
      spqr_json_number (builder, "ppl", eval->ppl);
      spqr_json_number (builder, "ppl_stderr", eval->ppl_stderr);
      spqr_json_number (builder, "kl", eval->kl);
      spqr_json_number (builder, "top1_agreement", eval->top1_agreement);
      spqr_json_text (builder, "task", eval->task);
      if (eval->task != NULL)
        add_accuracy (builder, eval);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

/* A table cell of a figure that may not be known. */
static const char *
cell (char *buffer, gsize size, double value, int decimals)
{
  if (!isfinite (value))
    return "–";
  g_snprintf (buffer, size, "%.*f", decimals, value);
  return buffer;
}

static void
print_task (const SpqrRunEval *eval)
{
  printf (_("%-12s acc %.2f %% ± %.2f"), eval->task, 100 * eval->acc, 100 * eval->acc_stderr);
  if (isfinite (eval->acc_norm))
    printf (_(", acc_norm %.2f %% ± %.2f"), 100 * eval->acc_norm, 100 * eval->acc_norm_stderr);
  printf (_(" (%s, %" PRId64 " documents of %s)\n"), eval->scoring, eval->windows, eval->data);
}

static void
print_run_line (SpqrRun *run)
{
  g_autoptr (GDateTime) created = g_date_time_new_from_unix_local (run->created);
  g_autofree char *when = created != NULL ? g_date_time_format (created, "%Y-%m-%d %H:%M") : g_strdup ("");
  char bits[16], stored[16], share[16], before[16], after[16];

  printf ("%5" G_GINT64_FORMAT "  %-16s %-12s %-24.24s %-6s %7s %7s %9s %9s %9s\n", run->id, when,
          spqr_run_state_name (run->state), run->model_name, run->method, cell (bits, 16, run->bits_formula, 2),
          cell (stored, 16, run->bits_stored, 2), cell (share, 16, 100 * run->outlier_share, 2),
          cell (before, 16, run->ppl_base, 4), cell (after, 16, run->ppl, 4));
}

static gboolean
list_runs (SpqrCli *cli, SpqrStore *store, GError **error)
{
  g_autoptr (GPtrArray) runs = spqr_store_list_runs (store, error);
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (runs == NULL)
    return FALSE;
  if (!cli->json)
    printf ("%5s  %-16s %-12s %-24s %-6s %7s %7s %9s %9s %9s\n", _("run"), _("begun"), _("state"), _("model"), _("method"),
            _("bits"), _("stored"), _("outl. %"), _("before"), _("after"));
  json_builder_begin_object (builder);
  spqr_json_begin_array (builder, "runs");
  for (guint i = 0; i < runs->len; i++)
    {
      if (!cli->json)
        {
          print_run_line (runs->pdata[i]);
          continue;
        }
      json_builder_begin_object (builder);
      add_run (builder, runs->pdata[i]);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  if (cli->json)
    spqr_json_print (builder);
  return TRUE;
}

static void
print_layers (GPtrArray *layers)
{
  printf ("\n%-48s %6s %6s %9s %11s %7s\n", _("layer"), _("bits"), _("stored"), _("outl. %"), _("error %"), _("s"));
  for (guint i = 0; i < layers->len; i++)
    {
      const SpqrRunLayer *layer = layers->pdata[i];
      char bits[16], stored[16], share[16], loss[16];

      printf ("%-48s %6s %6s %9s %11s %7.2f\n", layer->name, cell (bits, 16, layer->bits, 2),
              cell (stored, 16, layer->bits_stored, 2), cell (share, 16, 100 * layer->outlier_share, 3),
              cell (loss, 16, 100 * layer->output_error, 3), layer->seconds);
    }
}

static gboolean
show_run (SpqrCli *cli, SpqrStore *store, gint64 id, GError **error)
{
  g_autoptr (SpqrRun) run = spqr_store_get_run (store, id, error);
  g_autoptr (GPtrArray) layers = run != NULL ? spqr_store_list_layers (store, id, error) : NULL;
  g_autoptr (GPtrArray) evals = layers != NULL ? spqr_store_list_evals (store, id, error) : NULL;
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (evals == NULL)
    return FALSE;
  if (cli->json)
    {
      json_builder_begin_object (builder);
      add_run (builder, run);
      spqr_json_text (builder, "recipe", run->params_json);
      add_layers (builder, layers);
      add_evals (builder, evals);
      json_builder_end_object (builder);
      spqr_json_print (builder);
      return TRUE;
    }
  print_run_line (run);
  printf (_("model        %s\ncalibration  %s, %d windows of %d tokens, seed %" PRId64 "\nfolder       %s\n"), run->model_path,
          run->calibration != NULL ? run->calibration : _("none"), run->nsamples, run->seqlen, run->seed, run->folder);
  if (run->error != NULL)
    printf (_("error        %s\n"), run->error);
  for (guint i = 0; i < evals->len; i++)
    {
      const SpqrRunEval *eval = evals->pdata[i];
      char before[16], after[16];

      if (eval->task != NULL)
        {
          print_task (eval);
          continue;
        }
      if (!isfinite (eval->ppl))   /* a task, as it was recorded once */
        {
          printf (_("evaluation   %s (%s)\n"), eval->protocol != NULL ? eval->protocol : "–", eval->data);
          continue;
        }
      printf (_("perplexity   %s → %s on %s (windows of %d)\n"), cell (before, 16, eval->ppl_base, 4),
              cell (after, 16, eval->ppl, 4), eval->data, eval->seqlen);
    }
  print_layers (layers);
  return TRUE;
}

static gboolean
are_ids (const gint64 *ids, int n)
{
  for (int i = 0; i < n; i++)
    if (ids[i] <= 0)
      return FALSE;
  return TRUE;
}

static gboolean
run (SpqrCli *cli, int argc, char **argv, GError **error)
{
  gboolean with_files = FALSE;
  const GOptionEntry entries[] = {
    { "files", 0, 0, G_OPTION_ARG_NONE, &with_files, N_("With rm: also the run's stored layers"), NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (SpqrStore) store = NULL;
  const char *verb;
  gint64 ids[MOST_COMPARED] = { 0 };
  char *end;

  if (!spqr_cli_parse (cli, &spqr_command_runs, entries, NULL, &argc, &argv, 1, MOST_COMPARED + 1, error))
    return FALSE;
  verb = argv[1];
  for (int i = 2; i < argc; i++)
    ids[i - 2] = g_ascii_strtoll (argv[i], &end, 10);
  if (!(g_str_equal (verb, "list") && argc == 2) &&
      !((g_str_equal (verb, "show") || g_str_equal (verb, "rm")) && argc == 3 && ids[0] > 0) &&
      !(g_str_equal (verb, "compare") && argc > 3 && are_ids (ids, argc - 2)))
    {
      g_set_error (error, SPQR_USAGE_ERROR, 0, "usage: spqr runs list | show RUN | compare RUN RUN … | rm RUN [--files]");
      return FALSE;
    }
  store = spqr_cli_open_store (cli, error);
  if (store == NULL)
    return FALSE;
  if (g_str_equal (verb, "list"))
    return list_runs (cli, store, error);
  if (g_str_equal (verb, "show"))
    return show_run (cli, store, ids[0], error);
  if (g_str_equal (verb, "compare"))
    return spqr_cli_compare_runs (cli, store, ids, (guint) argc - 2, error);
  return spqr_store_remove_run (store, ids[0], with_files, error);
}

const SpqrCommand spqr_command_runs = { "runs", "list | show RUN | compare RUN RUN … | rm RUN", N_("the history of runs"), run };
