#include "job/spqr-evaluate.h"

#include <glib/gi18n-lib.h>
#include <math.h>

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
measure (SpqrNet *net, SpqrNet *base, const SpqrEvaluateRequest *request, double begin, double span,
         GCancellable *cancellable, SpqrPerplexity *result, GError **error)
{
  Pass pass = { request, begin, span };

  return spqr_perplexity_compute (net, base, request->corpus->ids, request->corpus->n_ids, request->seqlen,
                                  request->max_windows, report_pass, &pass, cancellable, result, error);
}

/* What the unquantized model had on the same ids and windows, if this run was ever compared with it. */
static double
known_base (SpqrStore *store, const SpqrRunEval *eval)
{
  g_autoptr (GPtrArray) earlier = store != NULL ? spqr_store_list_evals (store, eval->run_id, NULL) : NULL;

  for (guint i = 0; earlier != NULL && i < earlier->len; i++)
    {
      const SpqrRunEval *other = earlier->pdata[i];

      if (isfinite (other->ppl_base) && other->seqlen == eval->seqlen && other->windows == eval->windows &&
          g_strcmp0 (other->data_fingerprint, eval->data_fingerprint) == 0)
        return other->ppl_base;
    }
  return NAN;
}

SpqrRunEval *
spqr_run_eval_describe (SpqrStore *store, SpqrRun *run, const SpqrCorpus *corpus, guint seqlen, const SpqrPerplexity *result,
                        double ppl_base)
{
  SpqrRunEval *eval = g_new0 (SpqrRunEval, 1);

  eval->run_id = run->id;
  eval->created = g_get_real_time () / G_USEC_PER_SEC;
  eval->data = g_strdup (corpus->name);
  eval->data_fingerprint = g_strdup (corpus->fingerprint);
  eval->protocol = g_strdup (corpus->protocol);
  eval->seqlen = seqlen;
  eval->windows = result->windows;
  eval->tokens = result->tokens;
  eval->nll = result->nll;
  eval->ppl = result->ppl;
  eval->ppl_stderr = result->ppl_stderr;
  eval->ppl_base = isfinite (ppl_base) ? ppl_base : known_base (store, eval);
  eval->kl = result->kl;
  eval->top1_agreement = result->top1_agreement;
  eval->seconds = result->seconds;
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

SpqrRunEval *
spqr_evaluate_run (SpqrStore *store, SpqrRun *run, const SpqrEvaluateRequest *request, GCancellable *cancellable, GError **error)
{
  gboolean needs_base = request->with_base || request->with_kl;
  g_autoptr (SpqrArtifacts) artifacts = NULL;
  g_autoptr (SpqrNet) net = NULL;
  g_autoptr (SpqrNet) base = NULL;
  SpqrPerplexity before = { 0 }, after = { 0 };
  double begin = request->with_base ? 0.4 : 0;
  SpqrRunEval *eval = NULL;

  if (!spqr_run_check_model (run, request->model, error) ||
      !spqr_corpus_prepare_evaluation (request->corpus, request->seqlen, cancellable, error) ||
      (artifacts = spqr_run_open_artifacts (store, run, error)) == NULL ||
      (net = spqr_net_new (request->model, spqr_artifacts_get_source (artifacts), error)) == NULL ||
      (needs_base && (base = spqr_net_new (request->model, NULL, error)) == NULL))
    return NULL;
  if (request->with_base && !measure (base, NULL, request, 0, begin, cancellable, &before, error))
    return NULL;
  if (measure (net, request->with_kl ? base : NULL, request, begin, 1 - begin, cancellable, &after, error))
    {
      eval = spqr_run_eval_describe (store, run, request->corpus, request->seqlen, &after, request->with_base ? before.ppl : NAN);
      if (!spqr_store_add_eval (store, eval, error))
        g_clear_pointer (&eval, spqr_run_eval_free);
    }
  spqr_perplexity_clear (&before);
  spqr_perplexity_clear (&after);
  return eval;
}
