/* spqr-perplexity.h: perplexity by the published rule.
 *
 * Windows w = 0 … floor(n/seqlen)-1, consecutive, no overlap. Per window L_w = mean cross entropy of
 * its seqlen-1 predictions. ppl = exp(mean_w L_w). Standard error: of mean_w L_w over windows, times ppl. */
#pragma once

#include "compute/spqr-progress.h"
#include "eval/spqr-keeper.h"
#include "net/spqr-net.h"
#include "text/spqr-corpus.h"

typedef struct {
  guint seqlen;
  gsize windows, tokens;      /* tokens that were predicted: windows * (seqlen - 1) */
  double nll;                 /* mean_w L_w */
  double ppl, ppl_stderr;
  /* Against a base model, over the same windows; NAN without one. */
  double kl, kl_stderr;       /* mean over windows of the mean KL(base || model), nats */
  double top1_agreement;      /* share of positions where both have the same argmax */
  double base_ppl;            /* the base model's own perplexity */
  double *window_nll;         /* (windows) */
  gsize known;                /* windows that an earlier sitting had measured */
  double seconds;             /* of this sitting */
} SpqrPerplexity;

void spqr_perplexity_clear (SpqrPerplexity *result);

/* Blocking; from any thread. max_windows 0: all. base: nullable, of the same vocabulary; it may have
 * other sizes. Standard errors are NAN for a single window. A block's weights are loaded once for as
 * many windows as makes loading cheap, in a quarter of the free memory at most; the numbers do not depend on how
 * many those are. keeper: nullable. On FALSE result is empty; G_IO_ERROR_CANCELLED within 50 ms of the cancel. */
gboolean spqr_perplexity_compute (SpqrNet *net, SpqrNet *base, const gint32 *ids, gsize n_ids, guint seqlen,
                                  gsize max_windows, const SpqrKeeper *keeper, SpqrProgressFunc progress, gpointer user_data,
                                  GCancellable *cancellable, SpqrPerplexity *result, GError **error);
