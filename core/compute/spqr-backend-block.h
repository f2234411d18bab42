/* spqr-backend-block.h: what stays on a device from one operation to the next while a network is
 * calibrated, quantized and evaluated. Included by spqr-backend.h; plain C, also readable as C++.
 *
 *   block   the weights of one transformer block; runs sequences through it, many in one call, so
 *           that copies over the bus go on beside the computing
 *   input   H of the layers that read one input, and its factor: x -> H -> U -> codes without H or U
 *           ever crossing the bus
 *   matrix  the weights of one layer that is quantized again and again
 *   states  the hidden states of all sequences, beside the host's, which stay right
 *   cache   keys and values of one sequence in one block, while a text is continued
 *   head    final norm and head: from hidden states to what the predictions are worth, or to logits
 *
 * A handle belongs to the GPU of the device that opened it; every device of the same GPU may use it,
 * one call at a time. After SPQR_DEVICE_FAILED the contents of all handles are lost; closing is always
 * allowed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "num/spqr-exec.h"
#include "num/spqr-hessian.h"
#include "num/spqr-layer.h"

/* The matrix products of a block. Layers that read the same input and write beside each other are
 * one stacked matrix: q, k, v over each other; gate over up. */
typedef enum { SPQR_PRODUCT_QKV, SPQR_PRODUCT_O, SPQR_PRODUCT_UP, SPQR_PRODUCT_DOWN, SPQR_N_PRODUCTS } SpqrProduct;

typedef enum {
  SPQR_NORM_INPUT, SPQR_NORM_POST, SPQR_NORM_PRE_MLP, SPQR_NORM_POST_MLP, SPQR_NORM_Q, SPQR_NORM_K, SPQR_N_NORMS
} SpqrBlockNorm;

typedef enum { SPQR_ACTIVATION_SILU, SPQR_ACTIVATION_GELU, SPQR_ACTIVATION_GELU_TANH, SPQR_ACTIVATION_RELU } SpqrGateActivation;

/* What a block computes (the four forms: net/spqr-run.c). Pointers are borrowed for the call. */
typedef struct {
  size_t hidden, heads, kv_heads, head_dim, inner;
  size_t rows[SPQR_N_PRODUCTS], cols[SPQR_N_PRODUCTS];          /* of the stacked matrices */
  const float *bias[SPQR_N_PRODUCTS];                           /* (rows) or NULL */
  const size_t *q_offset, *k_offset, *v_offset;                 /* column of each head in a row of the qkv product */
  float attention_scale, soft_cap /* 0: none */;
  size_t window;                                                /* 0: none */
  SpqrGateActivation activation;
  bool gated;
  bool mean_norm;                                               /* layer norm; else RMS */
  double norm_epsilon;
  bool parallel, two_parallel_norms, four_norms, post_norm;
  struct { const float *weight, *bias; } norms[SPQR_N_NORMS];   /* NULL: 1, 0; of Q and K: NULL: no such norm */
  size_t rotary_half;                                           /* 0: no rotation */
} SpqrBlockShape;

/* Rows of the hidden states. parent 0: positions from 0. Else 1 + the number of an earlier sequence, which has none: its
 * keys come before this one's own, its positions too. A sequence stands next to its parent or the parent's others. */
typedef struct { size_t first, count, parent; } SpqrSequence;

/* One pass of sequences through a block. */
typedef struct {
  float *hidden;                /* (rows, hidden), host; becomes the output when `write` */
  size_t rows;
  const SpqrSequence *sequences;
  size_t n_sequences;
  void *states;                 /* NULL, or a handle of all these rows */
  /* NULL, or a handle: then there is one sequence, which goes on behind its `cached` first positions, whose keys and values
   * the handle has; it takes those of these rows too. */
  void *cache;
  size_t cached;
  /* Handles that the input of a product is added to, each sequence counting once; NULL: not wanted. */
  void *inputs[SPQR_N_PRODUCTS];
  bool write;                   /* false: ends behind the last wanted input and leaves hidden alone */
  const float *cosine, *sine;   /* (positions, rotary_half) */
  size_t positions;
  void (*step) (size_t done, void *data);       /* sequences so far; may be NULL */
  void *step_data;
  /* Out, whatever the status: sequences that are through. The others have changed no hidden state; but
   * what `inputs` hold is undefined after any status but SPQR_OK. */
  size_t done;
} SpqrBlockPass;

/* Where a layer's weights come from: rows of a block's product, a matrix of its own, or host memory. */
typedef struct {
  const float *host;            /* (m, n), or NULL */
  void *matrix;                 /* (m, n), or NULL */
  void *block;
  SpqrProduct product;
  size_t row0, m, n;
} SpqrWeights;

typedef struct {
  size_t hidden, vocab;
  const void *weights;          /* (vocab, hidden) */
  int elem;                     /* SpqrElem */
  const float *bias;            /* (vocab) or NULL */
  const float *norm_weight, *norm_bias;
  bool norm, mean_norm;
  double norm_epsilon;
  float soft_cap;               /* of the logits; 0: none */
} SpqrHeadShape;

/* What predictions are worth; (tokens) each. base_nll, kl and base_top1 may be NULL without a base. */
typedef struct {
  const float *hidden, *base_hidden;
  size_t tokens;
  const int32_t *targets;
  void *base;                   /* head handle of the network to compare with, or NULL */
  double *nll, *base_nll, *kl;
  int32_t *top1, *base_top1;
} SpqrHeadPass;

/* Slots of the backend table; all of them or none. Statuses as there. */
typedef struct {
  SpqrStatus (*input_open) (void *device, size_t n, void **input);
  void (*input_close) (void *device, void *input);
  SpqrStatus (*input_add) (void *device, void *input, const float *x, size_t ldx, size_t tokens, size_t sequences,
                           const SpqrExec *exec);
  /* hessian: initialised here, finished; cleared by the caller. */
  SpqrStatus (*input_fetch) (void *device, void *input, const SpqrExec *exec, SpqrHessian *hessian);
  /* H as a finished Hessian has it, instead of what the input held. */
  SpqrStatus (*input_load) (void *device, void *input, const SpqrHessian *hessian, const SpqrExec *exec);
  /* A factor that was made elsewhere, instead of one of H (which need not be there; without it layers have no loss).
   * It serves the order and damping of params. */
  SpqrStatus (*input_put_factor) (void *device, void *input, const SpqrFactor *factor, const SpqrParams *params,
                                  const SpqrExec *exec);
  /* Factorises unless the factor at hand serves, and quantizes. */
  SpqrStatus (*input_quantize) (void *device, void *input, const SpqrWeights *weights, const SpqrParams *params,
                                const SpqrExec *exec, SpqrLayerTrace *trace, SpqrLayer *layer);

  SpqrStatus (*block_open) (void *device, const SpqrBlockShape *shape, void **block);
  void (*block_close) (void *device, void *block);
  SpqrStatus (*block_put) (void *device, void *block, SpqrProduct product, size_t row0, size_t rows, const void *weights,
                           int elem /* SpqrElem */, const SpqrExec *exec);
  SpqrStatus (*block_put_layer) (void *device, void *block, SpqrProduct product, size_t row0, const SpqrLayer *layer,
                                 const SpqrExec *exec);
  SpqrStatus (*block_run) (void *device, void *block, SpqrBlockPass *pass, const SpqrExec *exec);

  SpqrStatus (*matrix_open) (void *device, const float *w, size_t m, size_t n, const SpqrExec *exec, void **matrix);
  void (*matrix_close) (void *device, void *matrix);

  SpqrStatus (*states_open) (void *device, size_t rows, size_t hidden, void **states);
  void (*states_close) (void *device, void *states);

  SpqrStatus (*head_open) (void *device, const SpqrHeadShape *shape, const SpqrExec *exec, void **head);
  void (*head_close) (void *device, void *head);
  SpqrStatus (*head_predict) (void *device, void *head, const SpqrHeadPass *pass, const SpqrExec *exec);

  /* logits (tokens, vocab) given hidden (tokens, hidden). */
  SpqrStatus (*head_logits) (void *device, void *head, const float *hidden, size_t tokens, float *logits, const SpqrExec *exec);

  /* width: heads of keys x their width. */
  SpqrStatus (*cache_open) (void *device, size_t capacity, size_t width, void **cache);
  void (*cache_close) (void *device, void *cache);

  /* Bytes of device memory that a pass of sequences of at most `longest` rows through such a block
   * needs, its weights included. */
  size_t (*block_estimate) (void *device, const SpqrBlockShape *shape, size_t longest);
} SpqrBlockOps;
