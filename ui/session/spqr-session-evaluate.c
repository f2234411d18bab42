/* Measuring a stored run again: on another text, with another window, by zero-shot tasks. */
#include <glib/gi18n.h>
#include <inttypes.h>

#include "job/spqr-data.h"
#include "job/spqr-evaluate-tasks.h"
#include "job/spqr-evaluate.h"
#include "session/spqr-session-private.h"
#include "session/spqr-settings.h"

#define TASK_DATA "task-data"

typedef struct {
  SpqrStore *store;
  SpqrModel *model;          /* the opened one, where it is the run's; else NULL */
  gint64 run_id;
  char *data;
  char *device;              /* the setting of when it was asked for */
  SpqrEvaluateChoices choices;
  char **tasks;              /* zero-shot tasks; NULL: perplexity */
  SpqrTaskChoices task_choices;   /* but for the pointers */
} Evaluating;

static void
free_evaluating (gpointer data)
{
  Evaluating *e = data;

  g_object_unref (e->store);
  g_clear_object (&e->model);
  g_free (e->data);
  g_free (e->device);
  g_strfreev (e->tasks);
  g_free (e);
}

static SpqrModel *
open_model (Evaluating *e, SpqrRun *run, GError **error)
{
  return e->model != NULL ? g_object_ref (e->model) : spqr_model_open (run->model_path, error);
}

static gboolean
evaluate_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Evaluating *e = data;
  g_autoptr (SpqrRun) run = spqr_store_get_run (e->store, e->run_id, error);
  g_autoptr (SpqrModel) model = NULL;
  g_autoptr (SpqrCorpus) corpus = NULL;
  g_autoptr (SpqrRunEval) eval = NULL;
  SpqrEvaluateRequest request = { .max_windows = e->choices.max_windows, .with_base = e->choices.with_base,
                                  .with_kl = e->choices.with_kl, .device = spqr_settings_resolve_device (e->device),
                                  .progress = spqr_job_report, .note = spqr_session_job_take_note, .user_data = job };

  if (run == NULL)
    return FALSE;
  spqr_session_job_runs_on (job, request.device);
  spqr_job_report (0, _("Reading the text"), job);
  model = open_model (e, run, error);
  corpus = model != NULL ? spqr_corpus_load_for_model (model, e->data, NULL, TRUE, cancellable, error) : NULL;
  if (corpus == NULL)
    return FALSE;
  request.model = model;
  request.corpus = corpus;
  request.seqlen = e->choices.seqlen > 0 ? e->choices.seqlen : spqr_default_seqlen (model);
  eval = spqr_evaluate_run (e->store, run, &request, cancellable, error);
  return eval != NULL;
}

static gboolean
answer_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Evaluating *e = data;
  g_autoptr (SpqrRun) run = spqr_store_get_run (e->store, e->run_id, error);
  g_autoptr (SpqrModel) model = NULL;
  g_autoptr (GPtrArray) outcomes = NULL;
  SpqrTasksRequest request = { .names = (const char * const *) e->tasks, .data = e->data, .scoring = e->task_choices.scoring,
                               .limit = e->task_choices.limit, .device = spqr_settings_resolve_device (e->device),
                               .progress = spqr_job_report, .note = spqr_session_job_take_note, .user_data = job };

  if (run == NULL)
    return FALSE;
  spqr_session_job_runs_on (job, request.device);
  spqr_job_report (0, _("Reading the documents"), job);
  model = open_model (e, run, error);
  if (model == NULL)
    return FALSE;
  request.model = model;
  outcomes = spqr_evaluate_tasks (e->store, run, &request, cancellable, error);
  return outcomes != NULL;
}

static void
on_ended (SpqrJob *job, SpqrSession *self)
{
  spqr_session_report_failure (self, spqr_job_get_title (job), spqr_job_get_error (job));
}

/* run NULL: of a job that waited, whose model is opened in the worker. */
static Evaluating *
evaluating_new (SpqrSession *self, gint64 run_id, SpqrRun *run, const char *data)
{
  Evaluating *e = g_new0 (Evaluating, 1);

  e->store = g_object_ref (self->store);
  if (run != NULL && self->model != NULL && g_strcmp0 (spqr_model_get_location (self->model), run->model_path) == 0)
    e->model = g_object_ref (self->model);
  e->run_id = run_id;
  e->data = g_strdup (data);
  e->device = g_strdup (spqr_settings_get_string (spqr_settings_get_default (), "device"));
  return e;
}

static SpqrJob *
begin (SpqrSession *self, const char *title, const char *done, SpqrJobFunc work, Evaluating *e, GVariant *request)
{
  SpqrJob *job = spqr_job_new (title, work, e, free_evaluating);

  spqr_session_note_request (job, request);
  g_signal_connect_object (job, "ended", G_CALLBACK (on_ended), self, 0);
  spqr_session_announce (self, job, done, NULL);
  spqr_session_submit (self, SPQR_LANE_BATCH, job);
  return job;
}

/* ---- perplexity ---- */

static SpqrJob *
begin_evaluate (SpqrSession *self, Evaluating *e)
{
  g_autofree char *title = g_strdup_printf (_("Evaluate run %" PRId64), e->run_id);
  g_autofree char *done = g_strdup_printf (_("Run %" PRId64 " is evaluated"), e->run_id);
  GVariant *request = g_variant_new_parsed ("{'kind': <'evaluate'>, 'run': <%x>, 'data': <%^ay>, 'seqlen': <%u>, 'windows': <%t>, "
                                            "'base': <%b>, 'kl': <%b>}", e->run_id, e->data, e->choices.seqlen,
                                            (guint64) e->choices.max_windows, e->choices.with_base, e->choices.with_kl);
  g_autoptr (SpqrJob) job = begin (self, title, done, evaluate_in_worker, e, request);

  return job;
}

SpqrJob *
spqr_session_evaluate (SpqrSession *self, SpqrRun *run, const char *data, const SpqrEvaluateChoices *choices)
{
  Evaluating *e;

  g_return_val_if_fail (SPQR_IS_SESSION (self) && self->store != NULL, NULL);
  g_return_val_if_fail (SPQR_IS_RUN (run) && data != NULL, NULL);

  e = evaluating_new (self, run->id, run, data);
  e->choices = *choices;
  return begin_evaluate (self, e);
}

SpqrJob *
spqr_session_restart_evaluate (SpqrSession *self, GVariant *request)
{
  SpqrEvaluateChoices choices = { 0 };
  guint64 windows = 0;
  const char *data;
  gint64 run;
  Evaluating *e;

  if (!g_variant_lookup (request, "run", "x", &run) || !g_variant_lookup (request, "data", "^&ay", &data))
    return NULL;
  g_variant_lookup (request, "seqlen", "u", &choices.seqlen);
  g_variant_lookup (request, "windows", "t", &windows);
  g_variant_lookup (request, "base", "b", &choices.with_base);
  g_variant_lookup (request, "kl", "b", &choices.with_kl);
  choices.max_windows = (gsize) windows;
  e = evaluating_new (self, run, NULL, data);
  e->choices = choices;
  return begin_evaluate (self, e);
}

/* ---- zero-shot tasks ---- */

static SpqrJob *
begin_tasks (SpqrSession *self, Evaluating *e)
{
  g_autofree char *title = g_strdup_printf (_("Zero-shot tasks of run %" PRId64), e->run_id);
  g_autofree char *done = g_strdup_printf (_("The zero-shot tasks of run %" PRId64 " are done"), e->run_id);
  g_autoptr (SpqrJob) job = NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "kind", "s", "tasks");
  g_variant_dict_insert (&dict, "run", "x", e->run_id);
  g_variant_dict_insert (&dict, "names", "^as", e->tasks);
  g_variant_dict_insert (&dict, "scoring", "s", spqr_scoring_get_name (e->task_choices.scoring));
  g_variant_dict_insert (&dict, "limit", "t", (guint64) e->task_choices.limit);
  if (e->data != NULL)
    g_variant_dict_insert (&dict, "data", "^ay", e->data);
  job = begin (self, title, done, answer_in_worker, e, g_variant_dict_end (&dict));
  return job;
}

SpqrJob *
spqr_session_evaluate_tasks (SpqrSession *self, SpqrRun *run, const SpqrTaskChoices *choices)
{
  Evaluating *e;

  g_return_val_if_fail (SPQR_IS_SESSION (self) && self->store != NULL, NULL);
  g_return_val_if_fail (SPQR_IS_RUN (run) && choices->names != NULL, NULL);

  e = evaluating_new (self, run->id, run, choices->data);
  e->tasks = g_strdupv ((char **) choices->names);
  e->task_choices = *choices;
  e->task_choices.names = NULL;
  e->task_choices.data = NULL;
  g_object_set_data_full (G_OBJECT (self), TASK_DATA, g_strdup (choices->data), g_free);
  return begin_tasks (self, e);
}

SpqrJob *
spqr_session_restart_tasks (SpqrSession *self, GVariant *request)
{
  g_auto (GStrv) names = NULL;
  const char *data = NULL;
  const char *name = NULL;
  SpqrScoring scoring;
  guint64 limit = 0;
  gint64 run;
  Evaluating *e;

  if (!g_variant_lookup (request, "run", "x", &run) || !g_variant_lookup (request, "names", "^as", &names) ||
      !g_variant_lookup (request, "scoring", "&s", &name) || !spqr_scoring_from_name (name, &scoring))
    return NULL;
  g_variant_lookup (request, "data", "^&ay", &data);
  g_variant_lookup (request, "limit", "t", &limit);
  e = evaluating_new (self, run, NULL, data);
  e->tasks = g_steal_pointer (&names);
  e->task_choices = (SpqrTaskChoices) { .scoring = scoring, .limit = (gsize) limit };
  return begin_tasks (self, e);
}

const char *
spqr_session_get_task_data (SpqrSession *self)
{
  g_return_val_if_fail (SPQR_IS_SESSION (self), NULL);

  return g_object_get_data (G_OBJECT (self), TASK_DATA);
}
