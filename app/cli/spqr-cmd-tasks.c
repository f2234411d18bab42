/* spqr tasks: zero-shot accuracy of a model or of a run, as lm-evaluation-harness scores it. */
#include <glib/gi18n.h>
#include <math.h>
#include <stdio.h>

#include "cli/spqr-cli-network.h"
#include "eval/spqr-task-evaluate.h"
#include "job/spqr-run-tasks.h"

typedef struct {
  char *tasks, *data, *scoring;
  gint64 limit;
} Flags;

typedef struct {
  SpqrCli *cli;
  const char *task;
  double begin, span;         /* of the whole progress */
} Part;

static void
report_part (double fraction, const char *what, gpointer user_data)
{
  const Part *part = user_data;
  g_autofree char *text = g_strdup_printf ("%s: %s", part->task, what);

  spqr_cli_progress (part->begin + fraction * part->span, text, part->cli);
}

static void
add_result (JsonBuilder *builder, const SpqrTask *task, const SpqrTaskResult *result)
{
  json_builder_begin_object (builder);
  spqr_json_text (builder, "name", task->name);
  spqr_json_integer (builder, "n", result->n);
  spqr_json_number (builder, "acc", result->acc);
  spqr_json_number (builder, "stderr", result->acc_stderr);
  spqr_json_number (builder, "acc_norm", result->acc_norm);
  spqr_json_number (builder, "acc_norm_stderr", result->acc_norm_stderr);
  spqr_json_number (builder, "acc_norm_chars", result->acc_norm_chars);
  spqr_json_number (builder, "acc_norm_bytes", result->acc_norm_bytes);
  spqr_json_number (builder, "ppl", result->ppl);
  spqr_json_number (builder, "ppl_stderr", result->ppl_stderr);
  spqr_json_integer (builder, "cut", result->cut);
  spqr_json_integer (builder, "n_file", task->n_docs);
  spqr_json_text (builder, "file", task->path);
  spqr_json_text (builder, "note", task->note);
  spqr_json_number (builder, "seconds", result->seconds);
  json_builder_end_object (builder);
}

static void
print_result (const SpqrTask *task, const SpqrTaskResult *result)
{
  printf (_("%-14s acc %6.2f %% ± %.2f"), task->name, 100 * result->acc, 100 * result->acc_stderr);
  if (isfinite (result->acc_norm))
    printf (_("   acc_norm %6.2f %% ± %.2f"), 100 * result->acc_norm, 100 * result->acc_norm_stderr);
  if (isfinite (result->ppl))
    printf (_("   perplexity %.4f ± %.4f"), result->ppl, result->ppl_stderr);
  printf (_("   (%" G_GSIZE_FORMAT " documents, %.1f s)\n"), result->n, result->seconds);
  if (task->note != NULL)
    printf ("%-14s %s: %s\n", "", task->path, task->note);
}

/* Documents are read first, all of them: what is missing or broken shows before hours of work. */
static GPtrArray *
load_tasks (SpqrCli *cli, const Flags *flags, GError **error)
{
  g_autoptr (GPtrArray) tasks = g_ptr_array_new_with_free_func ((GDestroyNotify) spqr_task_free);
  g_auto (GStrv) names = g_strsplit (flags->tasks, ",", -1);

  for (guint i = 0; names[i] != NULL; i++)
    {
      const char *name = g_strstrip (names[i]);
      SpqrTask *task;

      if (!g_strv_contains (spqr_task_list (), name))
        {
          g_autofree char *known = g_strjoinv (", ", (char **) spqr_task_list ());

          g_set_error (error, SPQR_USAGE_ERROR, 0, "--task: “%s” is no task; the tasks are %s", name, known);
          return NULL;
        }
      task = spqr_task_load (name, flags->data != NULL ? flags->data : cli->data_dir, error);
      if (task == NULL)
        return NULL;
      g_ptr_array_add (tasks, task);
    }
  return g_steal_pointer (&tasks);
}

static gsize
count_docs (const SpqrTask *task, const Flags *flags)
{
  return flags->limit > 0 ? MIN ((gsize) flags->limit, task->n_docs) : task->n_docs;
}

static gboolean
evaluate_all (SpqrCli *cli, const Flags *flags, SpqrScoring scoring, const SpqrCliNetwork *network, GPtrArray *tasks,
              SpqrTaskResult *results, GError **error)
{
  double total = 0, done = 0;

  for (guint i = 0; i < tasks->len; i++)
    total += count_docs (tasks->pdata[i], flags);
  for (guint i = 0; i < tasks->len; i++)
    {
      const SpqrTask *task = tasks->pdata[i];
      Part part = { cli, task->name, done / total, count_docs (task, flags) / total };
      g_autoptr (SpqrRunEval) eval = NULL;

      if (!spqr_task_evaluate (network->net, network->tokenizer, task, scoring, (gsize) flags->limit, report_part, &part,
                               cli->cancellable, &results[i], error))
        return FALSE;
      done += count_docs (task, flags);
      if (network->run == NULL)
        continue;
      eval = spqr_run_eval_describe_task (network->run, task, scoring, network->tokenizer, &results[i]);
      if (!spqr_store_add_eval (network->store, eval, error))
        return FALSE;
    }
  return TRUE;
}

static void
print_all (SpqrCli *cli, SpqrScoring scoring, const SpqrCliNetwork *network, GPtrArray *tasks, const SpqrTaskResult *results)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  double sum = 0;

  json_builder_begin_object (builder);
  if (network->run != NULL)
    spqr_json_integer (builder, "run", network->run->id);
  spqr_json_text (builder, "scoring", spqr_scoring_get_name (scoring));
  spqr_json_begin_array (builder, "tasks");
  for (guint i = 0; i < tasks->len; i++)
    {
      sum += results[i].acc;
      if (cli->json)
        add_result (builder, tasks->pdata[i], &results[i]);
      else
        print_result (tasks->pdata[i], &results[i]);
    }
  json_builder_end_array (builder);
  spqr_json_number (builder, "acc_mean", sum / tasks->len);
  json_builder_end_object (builder);
  if (cli->json)
    spqr_json_print (builder);
  else if (tasks->len > 1)
    printf (_("%-14s acc %6.2f %%\n"), _("mean"), 100 * sum / tasks->len);
}

static gboolean
run_tasks_for (SpqrCli *cli, const Flags *flags, SpqrScoring scoring, const char *what, GError **error)
{
  g_autoptr (GPtrArray) tasks = load_tasks (cli, flags, error);
  g_auto (SpqrCliNetwork) network = { NULL };
  g_autofree SpqrTaskResult *results = NULL;

  if (tasks == NULL || !spqr_cli_network_open (cli, what, &network, error))
    return FALSE;
  results = g_new0 (SpqrTaskResult, tasks->len);
  if (!evaluate_all (cli, flags, scoring, &network, tasks, results, error))
    return FALSE;
  spqr_cli_end_progress (cli);
  print_all (cli, scoring, &network, tasks, results);
  return TRUE;
}

static gboolean
run_tasks (SpqrCli *cli, int argc, char **argv, GError **error)
{
  Flags flags = { 0 };
  const GOptionEntry entries[] = {
    { "task", 0, 0, G_OPTION_ARG_STRING, &flags.tasks, N_("piqa, winogrande, hellaswag, arc_easy, arc_challenge, openbookqa, copa, lambada; several with commas"), N_("NAMES") },
    { "data", 0, 0, G_OPTION_ARG_FILENAME, &flags.data, N_("Folder (or file) of the documents (default: the data folder)"), N_("DIR") },
    { "scoring", 0, 0, G_OPTION_ARG_STRING, &flags.scoring, N_("harness-2023 (as published, the default) or harness (as today)"), N_("RULE") },
    { "limit", 0, 0, G_OPTION_ARG_INT64, &flags.limit, N_("Only the first N documents of each task (default: all)"), "N" },
    G_OPTION_ENTRY_NULL
  };
  SpqrScoring scoring = SPQR_SCORING_HARNESS_2023;
  gboolean done = FALSE;

  if (spqr_cli_parse (cli, &spqr_command_tasks, entries, NULL, &argc, &argv, 1, 1, error))
    {
      if (flags.tasks == NULL)
        g_set_error (error, SPQR_USAGE_ERROR, 0, "tasks needs --task NAME[,NAME…]");
      else if (flags.limit < 0)
        g_set_error (error, SPQR_USAGE_ERROR, 0, "--limit must be 1 or more");
      else if (flags.scoring != NULL && !spqr_scoring_from_name (flags.scoring, &scoring))
        g_set_error (error, SPQR_USAGE_ERROR, 0, "--scoring must be harness-2023 or harness, not “%s”", flags.scoring);
      else
        done = run_tasks_for (cli, &flags, scoring, argv[1], error);
    }
  g_free (flags.tasks);
  g_free (flags.data);
  g_free (flags.scoring);
  return done;
}

const SpqrCommand spqr_command_tasks = { "tasks", "MODEL_OR_RUN --task NAMES --data DIR", N_("zero-shot accuracy of a model or a run"), run_tasks };
