/* spqr-segments.h: several sequences through a block at once, with keys and values of earlier positions. */
#pragma once

#include "net/spqr-net.h"

/* Keys and values of the positions before; one block's. Rows hold kv_heads · head_dim floats. */
typedef struct {
  float *k, *v;
  gsize capacity, length;
} SpqrKeyValues;

gboolean spqr_key_values_init (SpqrKeyValues *kv, SpqrNet *net, gsize capacity, GError **error);
void     spqr_key_values_clear (SpqrKeyValues *kv);

/* A sequence, or a piece of one, among the rows of a batch. Its earlier keys are those of another
 * segment of the batch (parent), or those in a cache, which then also takes its own. */
typedef struct {
  gsize first, count, position0;
  int parent;                    /* index, -1: none; the parent has no parent */
  SpqrKeyValues *cache;          /* NULL: none; needs length >= position0, capacity >= position0 + count */
} SpqrSegment;

/* spqr_net_run_block() for several segments at once: the linear layers see one long matrix. */
gboolean spqr_net_run_segments (SpqrNet *net, SpqrBlock *block, float *hidden, gsize tokens,
                                const SpqrSegment *segments, gsize n_segments,
                                SpqrInputFunc observe, gpointer user_data, const SpqrExec *exec, GError **error);
