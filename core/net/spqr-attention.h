/* spqr-attention.h: causal attention of one sequence's queries over its keys. */
#pragma once

#include <glib.h>

#include "num/spqr-exec.h"

/* Keys and values of consecutive positions, as rows in which each key/value head has its columns. */
typedef struct {
  const float *k, *v;
  gsize stride;                            /* floats from a row to the next, of both */
  const gsize *k_offset, *v_offset;        /* (kv_heads) */
  gsize position0, count;
} SpqrKeySpan;

typedef struct {
  const float *q;                          /* (n, stride), head h at q_offset[h] */
  float *out;                              /* (n, out_stride), head h at h · head_dim */
  gsize stride, out_stride;
  gsize position0, n;                      /* of the queries */
  SpqrKeySpan spans[2];                    /* earlier positions first; the last ends at position0 + n */
  guint n_spans;
} SpqrAttentionItem;

typedef struct {
  gsize heads, kv_heads, head_dim;
  const gsize *q_offset;                   /* (heads) */
  float scale;                             /* of the scores */
  float softcap;                           /* 0: none */
  gsize window;                            /* how far back a query sees, itself counted; 0: to the start */
  const float *slopes;                     /* ALiBi, (heads); NULL: none */
} SpqrAttention;

/* out = softmax(scale q k' [+ bias], causal) v for every item and head. Memory: one tile of scores a
 * thread. SPQR_OK, SPQR_CANCELLED or SPQR_NO_MEMORY. */
SpqrStatus spqr_attention_run (const SpqrAttention *attention, const SpqrAttentionItem *items, gsize n_items,
                               const SpqrExec *exec);
