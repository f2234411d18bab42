/* spqr runs: the database. */
#include <glib/gi18n.h>
#include <inttypes.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>

#include "cli/spqr-cli.h"
#include "cli/spqr-cmd-compare.h"
#include "export/spqr-run-protocol.h"
#include "job/spqr-run-import.h"
#include "quant/spqr-recipe.h"

enum { MOST_COMPARED = 16 };

/* Perplexities are those of `eval`; NULL: of the run's latest evaluation. */
static void
add_run (JsonBuilder *builder, SpqrRun *run, const SpqrRunEval *eval)
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
  spqr_json_number (builder, "ppl_base", eval != NULL ? eval->ppl_base : run->ppl_base);
  spqr_json_number (builder, "ppl", eval != NULL ? eval->ppl : run->ppl);
  spqr_json_text (builder, "ppl_data", eval != NULL ? eval->data : run->ppl_data);
  if (eval != NULL)
    {
      spqr_json_integer (builder, "ppl_windows", eval->windows);
      spqr_json_integer (builder, "ppl_seqlen", eval->seqlen);
    }
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
  printf (ngettext (" (%s, %" PRId64 " document of %s)\n", " (%s, %" PRId64 " documents of %s)\n", (gulong) eval->windows), eval->scoring,
          eval->windows, eval->data);
}

/* Columns are of letters, not of bytes; a negative width: on the left. */
static void
print_cell (const char *text, int width)
{
  int blanks = MAX (ABS (width) - (int) g_utf8_strlen (text, -1), 0);

  printf ("%*s%s%*s  ", width > 0 ? blanks : 0, "", text, width > 0 ? 0 : blanks, "");
}

/* ---- the list ---- */

/* How a run's figure was measured; of its evaluations, the one with the most windows counts. */
typedef struct {
  SpqrRun *run;
  SpqrRunEval *eval;             /* NULL: none */
  guint alike;                   /* runs that were measured in the same way, this one included */
} Line;

static void
line_free (gpointer data)
{
  Line *line = data;

  g_object_unref (line->run);
  g_clear_pointer (&line->eval, spqr_run_eval_free);
  g_free (line);
}

static gboolean
is_perplexity (const SpqrRunEval *eval)
{
  return eval->task == NULL && isfinite (eval->ppl);
}

static gboolean
choose_eval (SpqrStore *store, Line *line, GError **error)
{
  g_autoptr (GPtrArray) evals = spqr_store_list_evals (store, line->run->id, error);
  guint best = G_MAXUINT;

  if (evals == NULL)
    return FALSE;
  for (guint i = 0; i < evals->len; i++)
    {
      const SpqrRunEval *eval = evals->pdata[i];

      if (is_perplexity (eval) && (best == G_MAXUINT || eval->windows >= ((SpqrRunEval *) evals->pdata[best])->windows))
        best = i;
    }
  if (best != G_MAXUINT)
    line->eval = g_ptr_array_steal_index_fast (evals, best);
  return TRUE;
}

static gboolean
measured_alike (const Line *a, const Line *b)
{
  return a->eval != NULL && b->eval != NULL && a->eval->seqlen == b->eval->seqlen && a->eval->windows == b->eval->windows &&
         g_strcmp0 (a->eval->data_fingerprint, b->eval->data_fingerprint) == 0;
}

/* The lines of all runs; *most is the largest number of them that were measured alike. */
static GPtrArray *
make_lines (SpqrStore *store, guint *most, GError **error)
{
  g_autoptr (GPtrArray) runs = spqr_store_list_runs (store, error);
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (line_free);

  for (guint i = 0; runs != NULL && i < runs->len; i++)
    {
      Line *line = g_new0 (Line, 1);

      line->run = g_object_ref (runs->pdata[i]);
      g_ptr_array_add (lines, line);
      if (!choose_eval (store, line, error))
        return NULL;
    }
  *most = 0;
  for (guint i = 0; i < lines->len; i++)
    {
      Line *line = lines->pdata[i];

      for (guint k = 0; k < lines->len; k++)
        line->alike += measured_alike (line, lines->pdata[k]);
      *most = MAX (*most, line->alike);
    }
  return runs != NULL ? g_steal_pointer (&lines) : NULL;
}

static char *
describe_protocol (const SpqrRunEval *eval)
{
  g_autofree char *data = g_path_get_basename (eval->data != NULL ? eval->data : "–");

  return g_strdup_printf ("%s %" PRId64 " × %d", data, eval->windows, eval->seqlen);
}

static void
print_run_line (const Line *line, int width, guint most)
{
  SpqrRun *run = line->run;
  g_autoptr (GDateTime) created = g_date_time_new_from_unix_local (run->created);
  g_autofree char *when = created != NULL ? g_date_time_format (created, "%Y-%m-%d %H:%M") : g_strdup ("");
  g_autofree char *protocol = line->eval != NULL ? describe_protocol (line->eval) : g_strdup ("");
  char number[24], figure[16];

  g_snprintf (number, sizeof number, "%" G_GINT64_FORMAT, run->id);
  print_cell (number, 5);
  print_cell (when, -16);
  print_cell (spqr_run_state_name (run->state), -11);
  print_cell (run->model_name, -width);
  print_cell (run->method, -6);
  print_cell (cell (figure, 16, run->bits_formula, 2), 6);
  print_cell (cell (figure, 16, run->bits_stored, 2), 6);
  print_cell (cell (figure, 16, 100 * run->outlier_share, 2), 7);
  print_cell (cell (figure, 16, line->eval != NULL ? line->eval->ppl_base : NAN, 4), 9);
  print_cell (cell (figure, 16, line->eval != NULL ? line->eval->ppl : NAN, 4), 9);
  printf ("%s%s\n", protocol, line->eval != NULL && line->alike < most ? " *" : "");
}

static void
print_head (int width)
{
  print_cell (_("run"), 5);
  print_cell (_("begun"), -16);
  print_cell (_("state"), -11);
  print_cell (_("model"), -width);
  print_cell (_("method"), -6);
  print_cell (_("bits"), 6);
  print_cell (_("stored"), 6);
  print_cell (_("outl. %"), 7);
  print_cell (_("before"), 9);
  print_cell (_("after"), 9);
  puts (_("measured on"));
}

static void
print_lines (GPtrArray *lines, guint most)
{
  int width = (int) g_utf8_strlen (_("model"), -1);
  gboolean marked = FALSE;

  for (guint i = 0; i < lines->len; i++)
    {
      const Line *line = lines->pdata[i];

      width = MAX (width, (int) g_utf8_strlen (line->run->model_name, -1));
      marked |= line->eval != NULL && line->alike < most;
    }
  print_head (width);
  for (guint i = 0; i < lines->len; i++)
    print_run_line (lines->pdata[i], width, most);
  if (marked)
    puts (_("* measured on other text or windows than most: not to be compared with them"));
}

static gboolean
list_runs (SpqrCli *cli, SpqrStore *store, GError **error)
{
  guint most = 0;
  g_autoptr (GPtrArray) lines = make_lines (store, &most, error);
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (lines == NULL)
    return FALSE;
  if (!cli->json)
    {
      print_lines (lines, most);
      return TRUE;
    }
  json_builder_begin_object (builder);
  spqr_json_begin_array (builder, "runs");
  for (guint i = 0; i < lines->len; i++)
    {
      const Line *line = lines->pdata[i];

      json_builder_begin_object (builder);
      add_run (builder, line->run, line->eval);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  spqr_json_print (builder);
  return TRUE;
}

/* ---- one run ---- */

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

/* "layers role down_proj, blocks 0 to 3: wbits 4, groupsize 32" */
static void
print_rule (const SpqrRecipeOverride *rule)
{
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);
  g_autoptr (GString) text = g_string_new (NULL);

  if (rule->role >= 0)
    g_string_append (text, spqr_role_name ((SpqrRole) rule->role));
  if (rule->first_block >= 0)
    {
      g_string_append (text, text->len > 0 ? ", " : "");
      g_string_append_printf (text, _("blocks %d to %d"), rule->first_block, rule->last_block);
    }
  if (rule->tensor != NULL)
    g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", rule->tensor);
  if (text->len == 0)
    g_string_append (text, _("all layers"));
  g_string_append (text, ":");
  if (rule->skip)
    g_string_append_printf (text, " %s", _("left as they are"));
  for (guint i = 0; i < n; i++)
    if (rule->set & (guint32) 1 << i)
      {
        g_autofree char *value = spqr_param_get_text (&table[i], &rule->values);
        g_string_append_printf (text, " %s %s", table[i].key, value);
      }
  printf (_("rule         %s\n"), text->str);
}

static void
print_recipe (SpqrRun *run)
{
  g_autoptr (SpqrRecipe) recipe = run->params_json != NULL ? spqr_recipe_parse (run->params_json, NULL) : NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);

  if (recipe == NULL)
    return;
  for (guint i = 0; i < n; i++)
    if (table[i].layer_level)
      {
        g_autofree char *value = spqr_param_get_text (&table[i], spqr_recipe_get_defaults (recipe));
        g_string_append_printf (text, "%s%s %s", text->len > 0 ? ", " : "", table[i].key, value);
      }
  if (spqr_recipe_get_name (recipe) != NULL)
    printf (_("recipe       %s\n"), spqr_recipe_get_name (recipe));
  printf (_("parameters   %s\n"), text->str);
  for (guint i = 0; i < spqr_recipe_get_n_overrides (recipe); i++)
    print_rule (spqr_recipe_get_override (recipe, i));
}

static void
print_run (SpqrRun *run)
{
  g_autoptr (GDateTime) created = g_date_time_new_from_unix_local (run->created);
  g_autofree char *when = created != NULL ? g_date_time_format (created, "%Y-%m-%d %H:%M") : g_strdup ("");
  char bits[16], stored[16], share[16];

  printf (_("run          %" PRId64 ", begun %s\n"), run->id, when);
  if (run->state == SPQR_RUN_FINISHED)
    printf (_("state        %s\n"), spqr_run_state_name (run->state));
  else
    printf (ngettext ("state        %s: %u of %u layer is there\n", "state        %s: %u of %u layers are there\n", run->n_layers),
            spqr_run_state_name (run->state), run->n_layers_done, run->n_layers);
  if (run->error != NULL)
    printf (_("error        %s\n"), run->error);
  printf (_("model        %s\n"), run->model_path);
  if (run->calibration != NULL)
    printf (ngettext ("calibration  %s, %d window of %d tokens, seed %" PRId64 "\n", "calibration  %s, %d windows of %d tokens, seed %" PRId64 "\n",
                      (gulong) run->nsamples), run->calibration, run->nsamples, run->seqlen, run->seed);
  print_recipe (run);
  printf (_("folder       %s\n"), run->folder);
  if (isfinite (run->bits_formula))
    printf (_("bits         %s by the formula, %s as stored; outliers %s %%\n"), cell (bits, 16, run->bits_formula, 3),
            cell (stored, 16, run->bits_stored, 3), cell (share, 16, 100 * run->outlier_share, 3));
}

/* "perplexity   11.2 → 11.9 ± 0.1, KL 0.01, on eval.txt (64 windows of 128 tokens)" */
static void
print_eval (const SpqrRunEval *eval)
{
  char before[16], after[16];

  if (eval->task != NULL)
    {
      print_task (eval);
      return;
    }
  if (!isfinite (eval->ppl))   /* a task, as it was recorded once */
    {
      printf (_("evaluation   %s (%s)\n"), eval->protocol != NULL ? eval->protocol : "–", eval->data);
      return;
    }
  printf (_("perplexity   %s → %s"), cell (before, 16, eval->ppl_base, 4), cell (after, 16, eval->ppl, 4));
  if (isfinite (eval->ppl_stderr))
    printf (" ± %.4f", eval->ppl_stderr);
  if (isfinite (eval->kl))
    printf (_(", KL divergence %.6g nats, same likeliest token %.2f %%"), eval->kl, 100 * eval->top1_agreement);
  printf (ngettext (" on %s (%" PRId64 " window of %d tokens)\n", " on %s (%" PRId64 " windows of %d tokens)\n", (gulong) eval->windows),
          eval->data, eval->windows, eval->seqlen);
}

static gboolean
show_run (SpqrCli *cli, const char *what, GError **error)
{
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (SpqrRun) run = NULL;
  gboolean found = spqr_cli_find_run (cli, what, &store, &run, error);
  g_autoptr (GPtrArray) layers = found ? spqr_store_list_layers (store, run->id, error) : NULL;
  g_autoptr (GPtrArray) evals = layers != NULL ? spqr_store_list_evals (store, run->id, error) : NULL;
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (evals == NULL)
    return FALSE;
  if (cli->json)
    {
      json_builder_begin_object (builder);
      add_run (builder, run, NULL);
      spqr_json_text (builder, "recipe", run->params_json);
      add_layers (builder, layers);
      add_evals (builder, evals);
      json_builder_end_object (builder);
      spqr_json_print (builder);
      return TRUE;
    }
  print_run (run);
  for (guint i = 0; i < evals->len; i++)
    if (!spqr_protocol_is_repeated (evals, i))
      print_eval (evals->pdata[i]);
  print_layers (layers);
  return TRUE;
}

/* Folders one after another; the first that cannot be imported ends it, and those before it stay imported. */
static gboolean
import_runs (SpqrCli *cli, SpqrStore *store, char **folders, int n, GError **error)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  gboolean ok = TRUE;

  json_builder_begin_object (builder);
  spqr_json_begin_array (builder, "runs");
  for (int i = 0; i < n && ok; i++)
    {
      g_autoptr (SpqrRun) run = spqr_run_import (store, folders[i], cli->cancellable, error);

      ok = run != NULL;
      if (!ok)
        break;
      json_builder_begin_object (builder);
      add_run (builder, run, NULL);
      json_builder_end_object (builder);
      if (!cli->json && run->state == SPQR_RUN_FINISHED)
        printf (ngettext ("run %" PRId64 ": %s, %u layer\n", "run %" PRId64 ": %s, %u layers\n", run->n_layers), run->id, run->model_name, run->n_layers);
      else if (!cli->json)
        printf (ngettext ("run %" PRId64 ": %s, %u of %u layer; go on with it by quantizing into its folder\n",
                          "run %" PRId64 ": %s, %u of %u layers; go on with it by quantizing into its folder\n", run->n_layers),
                run->id, run->model_name, run->n_layers_done, run->n_layers);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  if (ok && cli->json)
    spqr_json_print (builder);
  return ok;
}

static gboolean
read_ids (char **words, int n, gint64 *ids)
{
  for (int i = 0; i < n; i++)
    if (!g_ascii_string_to_signed (words[i], 10, 1, G_MAXINT64, &ids[i], NULL))
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
  gboolean is_id;

  if (!spqr_cli_parse (cli, &spqr_command_runs, entries, NULL, &argc, &argv, 1, MOST_COMPARED + 1, error))
    return FALSE;
  verb = argv[1];
  if (g_str_equal (verb, "show") && argc == 3)
    return show_run (cli, argv[2], error);
  is_id = read_ids (argv + 2, argc - 2, ids);
  if (!(g_str_equal (verb, "list") && argc == 2) && !(g_str_equal (verb, "rm") && argc == 3 && is_id) &&
      !(g_str_equal (verb, "import") && argc > 2) && !(g_str_equal (verb, "compare") && argc > 3 && is_id))
    {
      g_set_error (error, SPQR_USAGE_ERROR, 0, "usage: spqr runs list | show RUN_OR_DIR | compare RUN RUN … | rm RUN [--files] | import DIR …");
      return FALSE;
    }
  store = spqr_cli_open_store (cli, error);
  if (store == NULL)
    return FALSE;
  if (g_str_equal (verb, "list"))
    return list_runs (cli, store, error);
  if (g_str_equal (verb, "import"))
    return import_runs (cli, store, argv + 2, argc - 2, error);
  if (g_str_equal (verb, "compare"))
    return spqr_cli_compare_runs (cli, store, ids, (guint) argc - 2, error);
  return spqr_store_remove_run (store, ids[0], with_files, error);
}

const SpqrCommand spqr_command_runs = { "runs", "list | show RUN_OR_DIR | compare RUN RUN … | rm RUN | import DIR …", N_("the history of runs"), run };
