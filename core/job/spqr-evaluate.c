#include "job/spqr-evaluate.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "job/spqr-subject.h"
#include "net/spqr-net-device.h"
#include "quant/spqr-quant-error.h"

SpqrArtifacts *
spqr_run_open_artifacts (SpqrStore *store, SpqrRun *run, GError **error)
{
  g_autoptr (SpqrArtifacts) artifacts = spqr_artifacts_new ();
  g_autoptr (GPtrArray) layers = NULL;

  if (run->state != SPQR_RUN_FINISHED)
    {
      g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_FAILED,
                   "run %" G_GINT64_FORMAT " is %s: %u of %u layers are stored; finish it first (the same command goes on with it)",
                   run->id, spqr_run_state_name (run->state), run->n_layers_done, run->n_layers);
      return NULL;
    }
  layers = spqr_store_list_layers (store, run->id, error);
  if (layers == NULL)
    return NULL;
  for (guint i = 0; i < layers->len; i++)
    {
      const SpqrRunLayer *layer = layers->pdata[i];
      g_autofree char *path = g_build_filename (run->folder, layer->file, NULL);

      spqr_artifacts_add (artifacts, layer->name, path);
    }
  return g_steal_pointer (&artifacts);
}

/* One or two passes over the windows, each with what it is kept under. */
typedef struct {
  SpqrStore *store;
  SpqrRun *run;              /* NULL: the model itself */
  const SpqrEvaluateRequest *request;
  GCancellable *cancellable;
  gsize windows;
  char *weights, *base_weights;      /* fingerprints; base_weights NULL: no base */
  char *subject, *base_subject;
  SpqrPerplexity before, after;
} Evaluation;

static void
evaluation_clear (Evaluation *self)
{
  g_free (self->weights);
  g_free (self->base_weights);
  g_free (self->subject);
  g_free (self->base_subject);
  spqr_perplexity_clear (&self->before);
  spqr_perplexity_clear (&self->after);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Evaluation, evaluation_clear)

/* A part of the whole progress, for one of several passes. */
typedef struct { const SpqrEvaluateRequest *request; double begin, span; } Pass;

static void
report_pass (double fraction, const char *what, gpointer user_data)
{
  Pass *pass = user_data;

  if (pass->request->progress != NULL)
    pass->request->progress (pass->begin + fraction * pass->span, what, pass->request->user_data);
}

static gboolean
measure (Evaluation *self, SpqrNet *net, SpqrNet *base, const char *subject, double begin, double span,
         SpqrPerplexity *result, GError **error)
{
  const SpqrEvaluateRequest *request = self->request;
  const SpqrKeeper keeper = { self->store, subject };
  Pass pass = { request, begin, span };

  return spqr_perplexity_compute (net, base, request->corpus->ids, request->corpus->n_ids, request->seqlen, request->max_windows,
                                  &keeper, report_pass, &pass, self->cancellable, result, error);
}

/* What the unquantized model had on the same ids and windows, if this run was ever compared with it. */
static double
known_base (SpqrStore *store, const SpqrRunEval *eval)
{
  g_autoptr (GPtrArray) earlier = eval->run_id != 0 ? spqr_store_list_evals (store, eval->run_id, NULL) : NULL;

  for (guint i = 0; earlier != NULL && i < earlier->len; i++)
    {
      const SpqrRunEval *other = earlier->pdata[i];

      if (isfinite (other->ppl_base) && other->seqlen == eval->seqlen && other->windows == eval->windows &&
          g_strcmp0 (other->data_fingerprint, eval->data_fingerprint) == 0)
        return other->ppl_base;
    }
  return NAN;
}

/* Whether what it is compared with is what it was made from. */
static gboolean
is_own_base (const Evaluation *self)
{
  SpqrModel *base = self->request->kl_base;

  return base == NULL || g_strcmp0 (spqr_model_get_fingerprint (base), spqr_model_get_fingerprint (self->request->model)) == 0;
}

static SpqrRunEval *
describe (const Evaluation *self)
{
  const SpqrEvaluateRequest *request = self->request;
  const SpqrPerplexity *result = &self->after;
  SpqrRunEval *eval = spqr_run_eval_new (self->run != NULL ? self->run->id : 0);

  eval->data = g_strdup (request->corpus->name);
  eval->data_fingerprint = g_strdup (request->corpus->fingerprint);
  eval->tokenizer_fingerprint = g_strdup (request->corpus->tokenizer_fingerprint);
  eval->protocol = g_strdup (request->corpus->protocol);
  eval->seqlen = (int) request->seqlen;
  eval->windows = (gint64) result->windows;
  eval->tokens = (gint64) result->tokens;
  eval->nll = result->nll;
  eval->ppl = result->ppl;
  eval->ppl_stderr = result->ppl_stderr;
  eval->kl = result->kl;
  eval->kl_stderr = result->kl_stderr;
  eval->top1_agreement = result->top1_agreement;
  eval->seconds = result->seconds;
  eval->backend = g_strdup (spqr_device_get_id (request->device != NULL ? request->device : spqr_backends_get_cpu ()));
  if (request->with_kl && is_own_base (self))
    eval->ppl_base = result->base_ppl;
  else
    eval->ppl_base = request->with_base ? self->before.ppl : known_base (self->store, eval);
  return eval;
}

gboolean
spqr_run_check_model (SpqrRun *run, SpqrModel *model, GError **error)
{
  if (g_strcmp0 (run->model_fingerprint, spqr_model_get_fingerprint (model)) == 0)
    return TRUE;
  g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_FAILED,
               "%s: its weights are not those run %" G_GINT64_FORMAT " was made from", spqr_model_get_path (model), run->id);
  return FALSE;
}

static gboolean
name_subjects (Evaluation *self, GError **error)
{
  const SpqrEvaluateRequest *request = self->request;
  const char *data = request->corpus->fingerprint;
  SpqrModel *base = request->kl_base != NULL ? request->kl_base : request->model;

  self->windows = spqr_corpus_n_windows (request->corpus, request->seqlen);
  if (request->max_windows > 0)
    self->windows = MIN (self->windows, request->max_windows);
  self->weights = spqr_weights_fingerprint (request->model, self->store, self->run, error);
  if (self->weights == NULL)
    return FALSE;
  if (request->with_base || request->with_kl)
    self->base_weights = spqr_weights_fingerprint (base, NULL, NULL, NULL);
  self->subject = spqr_perplexity_subject (self->weights, request->with_kl ? self->base_weights : NULL, data, request->seqlen,
                                           self->windows);
  if (self->base_weights != NULL)
    self->base_subject = spqr_perplexity_subject (self->base_weights, NULL, data, request->seqlen, self->windows);
  return TRUE;
}

/* The unquantized model's own pass is needed only where the comparison does not bring its figure along. */
static gboolean
measure_all (Evaluation *self, SpqrNet *net, SpqrNet *base, GError **error)
{
  const SpqrEvaluateRequest *request = self->request;
  gboolean separate = request->with_base && !(request->with_kl && is_own_base (self));
  double begin = separate ? 0.4 : 0;

  if (separate && !measure (self, base, NULL, self->base_subject, 0, begin, &self->before, error))
    return FALSE;
  return measure (self, net, request->with_kl ? base : NULL, self->subject, begin, 1 - begin, &self->after, error);
}

/* A store that cannot forget keeps some rows too many, for a month. */
static void
forget (const Evaluation *self)
{
  if (self->store == NULL)
    return;
  spqr_store_forget_measured (self->store, self->subject, NULL);
  if (self->base_subject != NULL)
    spqr_store_forget_measured (self->store, self->base_subject, NULL);
}

SpqrRunEval *
spqr_evaluate_run (SpqrStore *store, SpqrRun *run, const SpqrEvaluateRequest *request, GCancellable *cancellable, GError **error)
{
  SpqrModel *base_model = request->kl_base != NULL ? request->kl_base : request->model;
  g_autoptr (SpqrArtifacts) artifacts = NULL;
  g_autoptr (SpqrNet) net = NULL;
  g_autoptr (SpqrNet) base = NULL;
  g_autoptr (SpqrRunEval) eval = NULL;
  g_auto (Evaluation) self = { .store = store, .run = run, .request = request, .cancellable = cancellable };

  if ((run != NULL && !spqr_run_check_model (run, request->model, error)) ||
      !spqr_corpus_prepare_evaluation (request->corpus, request->seqlen, cancellable, error) ||
      (run != NULL && (artifacts = spqr_run_open_artifacts (store, run, error)) == NULL) ||
      (net = spqr_net_new (request->model, artifacts != NULL ? spqr_artifacts_get_source (artifacts) : NULL, error)) == NULL ||
      ((request->with_base || request->with_kl) && (base = spqr_net_new (base_model, NULL, error)) == NULL) ||
      !name_subjects (&self, error))
    return NULL;
  spqr_net_set_device (net, request->device, request->note, request->user_data);
  if (base != NULL)
    spqr_net_set_device (base, request->device, request->note, request->user_data);
  if (!measure_all (&self, net, base, error))
    return NULL;
  if (request->known != NULL)
    *request->known = self.after.known;
  eval = describe (&self);
  if (run != NULL && !spqr_store_add_eval (store, eval, error))
    return NULL;
  forget (&self);
  return g_steal_pointer (&eval);
}
