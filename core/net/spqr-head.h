/* spqr-head.h: what the last hidden states say: cross entropy, and the comparison of two networks. */
#pragma once

#include "net/spqr-net.h"

/* What one position's prediction is worth. */
typedef struct {
  double nll;             /* -log p(target), natural */
  double base_nll;        /* the same of the base; NAN without one */
  double kl;              /* KL(base || net), nats; NAN without a base */
  gint32 top1, base_top1; /* first of the largest logits; base_top1 -1 without a base */
} SpqrPrediction;

/* predictions (tokens) of the targets given hidden (tokens, hidden), and given base_hidden by base
 * where base is not NULL; both have one vocabulary (SPQR_NET_ERROR_SHAPE otherwise). Logits are made
 * and used up in tiles of the vocabulary; sums over it are f64. SPQR_NET_ERROR_FAILED when what comes out
 * is not finite. */
gboolean spqr_net_predict (SpqrNet *net, const float *hidden, SpqrNet *base, const float *base_hidden, gsize tokens,
                           const gint32 *targets, SpqrPrediction *predictions, const SpqrExec *exec, GError **error);
