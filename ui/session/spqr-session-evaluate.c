/* Measuring a stored run again: on another text, with another window. */
#include <glib/gi18n.h>

#include "job/spqr-data.h"
#include "job/spqr-evaluate.h"
#include "session/spqr-session-private.h"

typedef struct {
  SpqrStore *store;
  SpqrModel *model;          /* the opened one, where it is the run's; else NULL */
  gint64 run_id;
  char *data;
  SpqrEvaluateChoices choices;
} Evaluating;

static void
free_evaluating (gpointer data)
{
  Evaluating *e = data;

  g_object_unref (e->store);
  g_clear_object (&e->model);
  g_free (e->data);
  g_free (e);
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
                                  .with_kl = e->choices.with_kl, .progress = spqr_job_report, .user_data = job };

  if (run == NULL)
    return FALSE;
  spqr_job_report (0, _("Reading the text"), job);
  model = e->model != NULL ? g_object_ref (e->model) : spqr_model_open (run->model_path, error);
  corpus = model != NULL ? spqr_corpus_load_for_model (model, e->data, NULL, TRUE, cancellable, error) : NULL;
  if (corpus == NULL)
    return FALSE;
  request.model = model;
  request.corpus = corpus;
  request.seqlen = e->choices.seqlen > 0 ? e->choices.seqlen : spqr_default_seqlen (model);
  eval = spqr_evaluate_run (e->store, run, &request, cancellable, error);
  return eval != NULL;
}

static void
on_ended (SpqrJob *job, SpqrSession *self)
{
  spqr_session_report_failure (self, spqr_job_get_title (job), spqr_job_get_error (job));
}

SpqrJob *
spqr_session_evaluate (SpqrSession *self, SpqrRun *run, const char *data, const SpqrEvaluateChoices *choices)
{
  g_autoptr (SpqrJob) job = NULL;
  g_autofree char *title = NULL;
  Evaluating *e;

  g_return_val_if_fail (SPQR_IS_SESSION (self) && self->store != NULL, NULL);
  g_return_val_if_fail (SPQR_IS_RUN (run) && data != NULL, NULL);

  e = g_new0 (Evaluating, 1);
  e->store = g_object_ref (self->store);
  if (self->model != NULL && g_strcmp0 (spqr_model_get_location (self->model), run->model_path) == 0)
    e->model = g_object_ref (self->model);
  e->run_id = run->id;
  e->data = g_strdup (data);
  e->choices = *choices;
  title = g_strdup_printf (_("Evaluate run %" G_GINT64_FORMAT), run->id);
  job = spqr_job_new (title, evaluate_in_worker, e, free_evaluating);
  g_signal_connect_object (job, "ended", G_CALLBACK (on_ended), self, 0);
  spqr_session_submit (self, SPQR_LANE_BATCH, job);
  return job;
}
