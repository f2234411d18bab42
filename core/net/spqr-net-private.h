/* spqr-net-private.h: the plan of a network and what its files share. */
#pragma once

#include "compute/spqr-backend-block.h"
#include "net/spqr-head.h"
#include "net/spqr-memory.h"
#include "net/spqr-net-device.h"
#include "net/spqr-net.h"
#include "net/spqr-rotary.h"
#include "net/spqr-segments.h"

typedef struct {
  SpqrTensor *weight, *bias;        /* borrowed; bias may be NULL */
  SpqrRole role;
  SpqrProduct product;
  gsize row0, rows, cols;           /* where it lies in its product */
  guint input_group;
} SpqrLinearPlan;

typedef struct { SpqrTensor *weight, *bias; } SpqrNormPlan;   /* weight NULL: the block has no such norm */

typedef struct {
  SpqrLinearPlan linears[8];
  guint n_linears;
  guint group[SPQR_N_PRODUCTS];     /* input group of each product */
  SpqrNormPlan norms[SPQR_N_NORMS];
  gsize window;                     /* sliding window, 0: none */
} SpqrBlockPlan;

typedef struct { float *weight, *bias; } SpqrNormWeights;

struct _SpqrNet {
  SpqrModel *model;
  const SpqrConfig *config;
  SpqrWeightSource *source;
  SpqrBlockPlan *blocks;
  gsize heads, kv_heads, head_dim, hidden, inner, embed;
  gsize qkv_rows, up_rows;
  gsize *q_offset, *k_offset, *v_offset;   /* column of each head in a row of the qkv product */
  float *slopes;                           /* ALiBi, by head; NULL without */
  float attention_scale;
  SpqrTensor *embedding, *positions, *head;
  float *project_in, *project_out;         /* (hidden, embed), (embed, hidden); NULL without */
  float *head_bias;
  SpqrNormWeights final_norm;              /* weight NULL: none */
  SpqrRotary *rotary;                      /* NULL without */
  GMutex lock;                             /* of the source */
  SpqrSpares *spares;                      /* weights of blocks, workspaces: fresh pages cost more than some of the work */
  SpqrDevice *device;                      /* spqr-net-device.h; NULL: the CPU */
  SpqrBackendRun device_run;               /* for its notes */
  gpointer remote_head;
  gboolean head_stays;                     /* here, after trouble */
  SpqrDevice *lane;                        /* a second queue of the device, for the block that comes next; or NULL */
  struct _SpqrPrefetch *prefetch;          /* under way, or NULL */
};

struct _SpqrBlock {
  SpqrNet *net;
  guint index;
  SpqrSpares *spares;                      /* a reference: a block may outlive its net */
  SpqrBlockPlan plan;
  float *weights[SPQR_N_PRODUCTS], *bias[SPQR_N_PRODUCTS];   /* weights NULL while remote; bias NULL when no layer of it has one */
  SpqrPacked *packed[8];                   /* by linear layer; NULL: it is in weights */
  gboolean mixed;                          /* some are packed: products are made layer by layer */
  gsize rows[SPQR_N_PRODUCTS], cols[SPQR_N_PRODUCTS];
  SpqrNormWeights norms[SPQR_N_NORMS];
  SpqrDevice *device;                      /* of remote */
  gpointer remote;                         /* handle; NULL: the weights are here */
  SpqrBlockRestoreFunc restore;
  gpointer restore_data;
};

/* spqr-block.c: the weights of a block here. */
gboolean   spqr_block_load_here (SpqrBlock *block, const SpqrExec *exec, GError **error);
/* All but the weights. */
SpqrBlock *spqr_block_new (SpqrNet *net, guint index, const SpqrExec *exec, GError **error);
/* spqr-net-device.c */
typedef struct _SpqrPrefetch SpqrPrefetch;
gboolean   spqr_block_send (SpqrBlock *block, const SpqrExec *exec, GError **error);
void       spqr_block_drop_remote (SpqrBlock *block);
/* *done: segments that are through, whatever the status. */
SpqrStatus spqr_block_run_segments_remote (SpqrBlock *block, float *hidden, gsize tokens, const SpqrSegment *segments,
                                           gsize n_segments, const SpqrExec *exec, gsize *done);
void       spqr_net_drop_device (SpqrNet *net);
/* What was prefetched, if it is that block and it got there; else NULL. */
SpqrBlock *spqr_net_take_prefetched (SpqrNet *net, guint index);
/* SPQR_UNSUPPORTED and the like: it is to be done here. */
SpqrStatus spqr_net_predict_remote (SpqrNet *net, const float *hidden, SpqrNet *base, const float *base_hidden, gsize tokens,
                                    const gint32 *targets, SpqrPrediction *predictions, const SpqrExec *exec);

/* All of a tensor as f32; NULL with error. Through the net's source when asked, else from the model. */
float *spqr_net_read_tensor (SpqrNet *net, SpqrTensor *tensor, gboolean through_source, const SpqrExec *exec, GError **error);
gboolean spqr_net_load_tensor (SpqrNet *net, SpqrTensor *tensor, gboolean through_source, float *out,
                               const SpqrExec *exec, GError **error);

/* A float buffer that is not cleared; SPQR_NET_ERROR_NO_MEMORY when there is none. g_free(). */
float *spqr_net_alloc (gsize rows, gsize cols, const char *what, GError **error);
/* The same from the spare buffers. */
float *spqr_net_take_spare (SpqrSpares *spares, gsize rows, gsize cols, const char *what, GError **error);

/* SPQR_CANCELLED becomes G_IO_ERROR_CANCELLED; FALSE unless SPQR_OK. */
gboolean spqr_net_check (SpqrStatus status, const char *what, GError **error);

/* y (tokens, n) = norm of the rows of x; y may be x. */
SpqrStatus spqr_net_norm (SpqrNet *net, const SpqrNormWeights *norm, const float *x, float *y, gsize tokens,
                          const SpqrExec *exec);
void       spqr_net_norm_row (const SpqrNet *net, const SpqrNormWeights *norm, const float *x, float *y, gsize n);
gboolean   spqr_net_load_norm (SpqrNet *net, const SpqrNormPlan *plan, gboolean through_source, SpqrNormWeights *norm,
                               GError **error);
void       spqr_norm_weights_clear (SpqrNormWeights *norm);

/* spqr-plan.c: which tensors make up the network; every shape checked. */
gboolean spqr_net_make_plan (SpqrNet *net, GError **error);
