/* spqr tasks: zero-shot accuracy of a model or of a run, as lm-evaluation-harness scores it. */
#include <glib/gi18n.h>
#include <math.h>
#include <stdio.h>

#include "cli/spqr-cli.h"
#include "job/spqr-evaluate-tasks.h"

typedef struct {
  char *tasks, *data, *scoring;
  gint64 limit;
  gboolean documents;
} Flags;

static void
add_choice (JsonBuilder *builder, const SpqrTaskChoice *choice, const SpqrLogprob *answer)
{
  json_builder_begin_object (builder);
  spqr_json_number (builder, "logprob", answer->logprob);
  json_builder_set_member_name (builder, "greedy");
  json_builder_add_boolean_value (builder, answer->greedy);
  spqr_json_integer (builder, "chars", choice->n_chars);
  spqr_json_integer (builder, "bytes", choice->n_bytes);
  spqr_json_integer (builder, "cut", answer->dropped);
  json_builder_end_object (builder);
}

/* What each answer rests on, so that two programs can be compared document by document. */
static void
add_documents (JsonBuilder *builder, const SpqrTaskOutcome *outcome)
{
  const SpqrLogprob *answers = (const SpqrLogprob *) (gpointer) outcome->answers->data;

  spqr_json_begin_array (builder, "documents");
  for (gsize d = 0; d < outcome->result.n; d++)
    {
      const SpqrTaskDoc *doc = &outcome->task->docs[d];

      json_builder_begin_object (builder);
      spqr_json_integer (builder, "gold", doc->gold);
      spqr_json_begin_array (builder, "choices");
      for (guint c = 0; c < doc->n_choices; c++)
        add_choice (builder, &doc->choices[c], answers++);
      json_builder_end_array (builder);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
add_result (JsonBuilder *builder, const SpqrTaskOutcome *outcome, gboolean documents)
{
  const SpqrTask *task = outcome->task;
  const SpqrTaskResult *result = &outcome->result;

  json_builder_begin_object (builder);
  spqr_json_text (builder, "name", task->name);
  spqr_json_integer (builder, "n", result->n);
  spqr_json_number (builder, "acc", result->acc);
  spqr_json_number (builder, "stderr", result->acc_stderr);
  spqr_json_number (builder, "acc_norm", result->acc_norm);
  spqr_json_number (builder, "acc_norm_stderr", result->acc_norm_stderr);
  spqr_json_number (builder, "acc_norm_bytes", result->acc_norm_bytes);
  spqr_json_number (builder, "ppl", result->ppl);
  spqr_json_number (builder, "ppl_stderr", result->ppl_stderr);
  spqr_json_integer (builder, "cut", result->cut);
  spqr_json_integer (builder, "n_file", task->n_docs);
  spqr_json_text (builder, "file", task->path);
  spqr_json_text (builder, "note", task->note);
  spqr_json_integer (builder, "known", result->known);
  spqr_json_number (builder, "seconds", result->seconds);
  if (documents)
    add_documents (builder, outcome);
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
  printf (_("   (%zu documents, %.1f s)\n"), result->n, result->seconds);
  if (task->note != NULL)
    printf ("%-14s %s: %s\n", "", task->path, task->note);
}

static gboolean
parse_names (const char *text, char ***names, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    if (!g_strv_contains (spqr_task_list (), g_strstrip (parts[i])))
      {
        g_autofree char *known = g_strjoinv (", ", (char **) spqr_task_list ());

        g_set_error (error, SPQR_USAGE_ERROR, 0, "--task: “%s” is no task; the tasks are %s", parts[i], known);
        return FALSE;
      }
  *names = g_steal_pointer (&parts);
  return TRUE;
}

static void
print_all (SpqrCli *cli, const Flags *flags, SpqrScoring scoring, SpqrRun *run, GPtrArray *outcomes)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  double sum = 0;

  json_builder_begin_object (builder);
  if (run != NULL)
    spqr_json_integer (builder, "run", run->id);
  spqr_json_text (builder, "scoring", spqr_scoring_get_name (scoring));
  spqr_json_begin_array (builder, "tasks");
  for (guint i = 0; i < outcomes->len; i++)
    {
      const SpqrTaskOutcome *outcome = outcomes->pdata[i];

      sum += outcome->result.acc;
      if (cli->json)
        add_result (builder, outcome, flags->documents);
      else
        print_result (outcome->task, &outcome->result);
    }
  json_builder_end_array (builder);
  spqr_json_number (builder, "acc_mean", sum / outcomes->len);
  json_builder_end_object (builder);
  if (cli->json)
    spqr_json_print (builder);
  else if (outcomes->len > 1)
    printf (_("%-14s acc %6.2f %%\n"), _("mean"), 100 * sum / outcomes->len);
}

static gboolean
run_tasks_for (SpqrCli *cli, const Flags *flags, SpqrScoring scoring, const char *what, GError **error)
{
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (SpqrRun) run = NULL;
  g_autoptr (SpqrModel) model = NULL;
  g_autoptr (GPtrArray) outcomes = NULL;
  g_auto (GStrv) names = NULL;
  SpqrTasksRequest request = { .scoring = scoring, .limit = (gsize) flags->limit, .progress = spqr_cli_progress, .note = spqr_cli_note,
                               .user_data = cli,
                               .data = flags->data != NULL ? flags->data : cli->data_dir };

  if (!parse_names (flags->tasks, &names, error) || (request.device = spqr_cli_get_device (cli, error)) == NULL || (model = spqr_cli_open_model_or_run (cli, what, &store, &run, error)) == NULL)
    return FALSE;
  if (store == NULL)
    store = spqr_cli_open_keeping_store (cli);
  request.model = model;
  request.names = (const char * const *) names;
  outcomes = spqr_evaluate_tasks (store, run, &request, cli->cancellable, error);
  spqr_cli_end_progress (cli);
  if (outcomes == NULL)
    return FALSE;
  print_all (cli, flags, scoring, run, outcomes);
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
    { "documents", 0, 0, G_OPTION_ARG_NONE, &flags.documents, N_("With --json, also the log-likelihood of every choice of every document"), NULL },
    G_OPTION_ENTRY_NULL
  };
  SpqrScoring scoring = SPQR_SCORING_HARNESS_2023;
  gboolean done = FALSE;

  if (spqr_cli_parse (cli, &spqr_command_tasks, entries, NULL, &argc, &argv, 1, 1, error))
    {
      if (flags.tasks == NULL)
        g_set_error (error, SPQR_USAGE_ERROR, 0, "tasks needs --task NAME[,NAME…]");
      else if (flags.documents && !cli->json)
        g_set_error (error, SPQR_USAGE_ERROR, 0, "--documents needs --json: it lists the log-likelihoods of all choices");
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
