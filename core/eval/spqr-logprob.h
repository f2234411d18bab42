/* spqr-logprob.h: how likely given continuations are after given contexts: what zero-shot tasks ask. */
#pragma once

#include "compute/spqr-progress.h"
#include "eval/spqr-keeper.h"
#include "net/spqr-net.h"

/* Borrowed ids. A context has at least one; a continuation may be empty (log 1 = 0). */
typedef struct {
  const gint32 *context, *continuation;
  gsize n_context, n_continuation;
} SpqrLogprobRequest;

typedef struct {
  double logprob;        /* Σ log p(continuation_i | context, continuation_0 … i-1), natural */
  gboolean greedy;       /* every id of it was the (first) likeliest one */
  gsize dropped;         /* ids cut off the left, so that all but the last id fit in max_length */
} SpqrLogprob;

/* results (n). max_length: ids that the network sees at most, 0: the model's context. Requests with the
 * same context beside each other share its pass. Blocking; any thread. Sequences go through the
 * network block by block, in batches whose make-up depends on the requests alone; a block's weights are loaded
 * once for as many batches as makes loading cheap. keeper: nullable. known (nullable): how many requests an
 * earlier sitting had answered. */
gboolean spqr_logprob_compute (SpqrNet *net, const SpqrLogprobRequest *requests, gsize n, gsize max_length,
                               const SpqrKeeper *keeper, gsize *known, SpqrProgressFunc progress, gpointer user_data, GCancellable *cancellable,
                               SpqrLogprob *results, GError **error);
