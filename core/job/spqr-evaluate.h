/* spqr-evaluate.h: a stored run, measured: perplexity of the decoded artifacts, before and after. */
#pragma once

#include "compute/spqr-backends.h"
#include "compute/spqr-progress.h"
#include "eval/spqr-perplexity.h"
#include "model/spqr-model.h"
#include "quant/spqr-artifacts.h"
#include "store/spqr-store.h"
#include "text/spqr-corpus.h"

/* The stored layers of a run. Refuses a run that is not finished: part of its weights would be the
 * unquantized ones. */
SpqrArtifacts *spqr_run_open_artifacts (SpqrStore *store, SpqrRun *run, GError **error);

/* Whether model's weights are those that the run was made from. */
gboolean spqr_run_check_model (SpqrRun *run, SpqrModel *model, GError **error);

typedef struct {
  SpqrModel *model;          /* the run's source model; its fingerprint is checked */
  SpqrCorpus *corpus;
  guint seqlen;
  gsize max_windows;         /* 0: all */
  gboolean with_base;        /* also the unquantized model's perplexity */
  gboolean with_kl;          /* also KL divergence and top-1 agreement against it; it gives its perplexity, too */
  SpqrModel *kl_base;        /* compare with this one instead; nullable */
  SpqrDevice *device;        /* where to compute; NULL: the CPU */
  /* Told in a sentence when the CPU does something in the device's place; nullable. */
  void (*note) (gpointer user_data, const char *text);
  gsize *known;              /* nullable, out: windows that an earlier sitting had measured */
  SpqrProgressFunc progress; /* nullable */
  gpointer user_data;
} SpqrEvaluateRequest;

/* Blocking, from any thread. Stores the evaluation with its protocol and returns it
 * (spqr_run_eval_free()). run NULL: the model itself, and nothing is recorded; store may be NULL then.
 * What is measured is kept in the store until all of it is: the same evaluation, asked for again after
 * it was cancelled or killed, goes on after the last batch of windows that was finished. */
SpqrRunEval *spqr_evaluate_run (SpqrStore *store, SpqrRun *run, const SpqrEvaluateRequest *request,
                                GCancellable *cancellable, GError **error);
