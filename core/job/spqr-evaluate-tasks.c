#include "job/spqr-evaluate-tasks.h"

#include "job/spqr-evaluate.h"
#include "job/spqr-subject.h"
#include "net/spqr-net-device.h"

typedef struct {
  SpqrStore *store;
  SpqrRun *run;              /* NULL: the model itself */
  const SpqrTasksRequest *request;
  GCancellable *cancellable;
  SpqrNet *net;
  SpqrTokenizer *tokenizer;
  SpqrKeeper keeper;
  double total, done;        /* documents */
} Evaluation;

/* The task that is at work, as a part of the whole progress. */
typedef struct { const Evaluation *evaluation; const SpqrTask *task; double span; } Part;

static void
report_part (double fraction, const char *what, gpointer user_data)
{
  const Part *part = user_data;
  const Evaluation *self = part->evaluation;
  g_autofree char *text = g_strdup_printf ("%s: %s", part->task->name, what);

  if (self->request->progress != NULL)
    self->request->progress ((self->done + fraction * part->span) / self->total, text, self->request->user_data);
}

/* ---- the record ---- */

static char *
describe_protocol (const SpqrTask *task, SpqrScoring scoring, const SpqrTaskResult *result)
{
  GString *out = g_string_new (NULL);

  g_string_append_printf (out, "%s zero-shot (%s), %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " documents", task->name,
                          spqr_scoring_get_name (scoring), result->n, task->n_docs);
  if (task->note != NULL)
    g_string_append_printf (out, "; %s", task->note);
  return g_string_free (out, FALSE);
}

static SpqrRunEval *
describe (const Evaluation *self, const SpqrTaskOutcome *outcome)
{
  const SpqrTaskResult *result = &outcome->result;
  SpqrRunEval *eval = spqr_run_eval_new (self->run->id);

  eval->data = g_filename_display_name (outcome->task->path);
  eval->data_fingerprint = g_strdup (result->fingerprint);
  eval->tokenizer_fingerprint = g_strdup (spqr_tokenizer_get_fingerprint (self->tokenizer));
  eval->protocol = describe_protocol (outcome->task, self->request->scoring, result);
  eval->task = g_strdup (outcome->task->name);
  eval->scoring = g_strdup (spqr_scoring_get_name (self->request->scoring));
  eval->windows = (gint64) result->n;
  eval->ppl = result->ppl;
  eval->ppl_stderr = result->ppl_stderr;
  eval->acc = result->acc;
  eval->acc_stderr = result->acc_stderr;
  eval->acc_norm = result->acc_norm;
  eval->acc_norm_stderr = result->acc_norm_stderr;
  eval->seconds = result->seconds;
  eval->backend = g_strdup (spqr_device_get_id (self->request->device != NULL ? self->request->device : spqr_backends_get_cpu ()));
  return eval;
}

/* Whether an earlier sitting of this request had come so far that it recorded this. */
static gboolean
is_recorded (GPtrArray *evals, const SpqrRunEval *eval)
{
  for (guint i = 0; i < evals->len; i++)
    {
      const SpqrRunEval *other = evals->pdata[i];

      if (g_strcmp0 (other->task, eval->task) == 0 && g_strcmp0 (other->scoring, eval->scoring) == 0 &&
          g_strcmp0 (other->data_fingerprint, eval->data_fingerprint) == 0 && other->windows == eval->windows)
        return TRUE;
    }
  return FALSE;
}

static gboolean
record (Evaluation *self, const SpqrTaskOutcome *outcome, gboolean all_known, GError **error)
{
  g_autoptr (SpqrRunEval) eval = describe (self, outcome);
  g_autoptr (GPtrArray) evals = spqr_store_list_evals (self->store, self->run->id, error);

  if (evals == NULL)
    return FALSE;
  return (all_known && is_recorded (evals, eval)) || spqr_store_add_eval (self->store, eval, error);
}

/* ---- the work ---- */

static gsize
count_docs (const Evaluation *self, const SpqrTask *task)
{
  return self->request->limit > 0 ? MIN (self->request->limit, task->n_docs) : task->n_docs;
}

static gboolean
evaluate_one (Evaluation *self, SpqrTaskOutcome *outcome, GError **error)
{
  gsize n = count_docs (self, outcome->task), n_choices = 0;
  Part part = { self, outcome->task, (double) n };

  for (gsize d = 0; d < n; d++)
    n_choices += outcome->task->docs[d].n_choices;
  if (!spqr_task_evaluate (self->net, self->tokenizer, outcome->task, self->request->scoring, self->request->limit, &self->keeper,
                           report_part, &part, self->cancellable, &outcome->result, outcome->answers, error))
    return FALSE;
  self->done += (double) n;
  return self->run == NULL || record (self, outcome, outcome->result.known == n_choices, error);
}

static gboolean
evaluate_all (Evaluation *self, GPtrArray *outcomes, GError **error)
{
  for (guint i = 0; i < outcomes->len; i++)
    self->total += (double) count_docs (self, ((SpqrTaskOutcome *) outcomes->pdata[i])->task);
  for (guint i = 0; i < outcomes->len; i++)
    if (!evaluate_one (self, outcomes->pdata[i], error))
      return FALSE;
  for (guint i = 0; self->store != NULL && i < outcomes->len; i++)
    {
      g_autofree char *subject = spqr_task_subject (&self->keeper, &((SpqrTaskOutcome *) outcomes->pdata[i])->result);

      /* A store that cannot forget keeps some rows too many, for a month. */
      spqr_store_forget_measured (self->store, subject, NULL);
    }
  return TRUE;
}

static void
free_outcome (gpointer data)
{
  SpqrTaskOutcome *outcome = data;

  spqr_task_free (outcome->task);
  g_array_unref (outcome->answers);
  g_free (outcome);
}

static GPtrArray *
load_all (const SpqrTasksRequest *request, GError **error)
{
  g_autoptr (GPtrArray) outcomes = g_ptr_array_new_with_free_func (free_outcome);

  for (guint i = 0; request->names[i] != NULL; i++)
    {
      SpqrTask *task = spqr_task_load (request->names[i], request->data, error);
      SpqrTaskOutcome *outcome;

      if (task == NULL)
        return NULL;
      outcome = g_new0 (SpqrTaskOutcome, 1);
      outcome->task = task;
      outcome->answers = g_array_new (FALSE, FALSE, sizeof (SpqrLogprob));
      g_ptr_array_add (outcomes, outcome);
    }
  return g_steal_pointer (&outcomes);
}

GPtrArray *
spqr_evaluate_tasks (SpqrStore *store, SpqrRun *run, const SpqrTasksRequest *request, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) outcomes = load_all (request, error);
  g_autoptr (SpqrArtifacts) artifacts = NULL;
  g_autoptr (SpqrNet) net = NULL;
  g_autoptr (SpqrTokenizer) tokenizer = NULL;
  g_autofree char *weights = NULL;
  Evaluation self = { .store = store, .run = run, .request = request, .cancellable = cancellable };

  if (outcomes == NULL || (run != NULL && !spqr_run_check_model (run, request->model, error)) ||
      (run != NULL && (artifacts = spqr_run_open_artifacts (store, run, error)) == NULL) ||
      (net = spqr_net_new (request->model, artifacts != NULL ? spqr_artifacts_get_source (artifacts) : NULL, error)) == NULL ||
      (tokenizer = spqr_tokenizer_open (spqr_model_get_location (request->model), error)) == NULL ||
      (weights = spqr_weights_fingerprint (request->model, store, run, error)) == NULL)
    return NULL;
  spqr_net_set_device (net, request->device, request->note, request->user_data);
  self.net = net;
  self.tokenizer = tokenizer;
  self.keeper = (SpqrKeeper) { store, weights };
  return evaluate_all (&self, outcomes, error) ? g_steal_pointer (&outcomes) : NULL;
}
