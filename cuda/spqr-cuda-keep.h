/* spqr-cuda-keep.h: what handles of spqr-backend-block.h are made of, and how bytes get to and from
 * the device while it computes.
 *
 * Feeding: a host range goes through a ring of pinned pieces to the device on the stream copy_in.
 * spqr_cuda_feed() returns when the host's bytes have been read; the compute stream has been told to
 * wait. The target must not be in use by work queued before, except as `after` says. Draining is the
 * other way: the device's bytes are copied on copy_out once the compute stream has made them, and
 * spqr_cuda_drain() returns when they are in the host's memory. */
#pragma once

#include "spqr-cuda-ops.h"

/* Device memory that outlives an operation. */
typedef struct { SpqrCudaBlock *blocks; } SpqrCudaHold;

/* What op allocated since mark belongs to hold from now on. */
void spqr_cuda_hold (SpqrCudaOp &op, int mark, SpqrCudaHold *hold);
/* Back to the device's spare blocks. No operation of the device may be running. */
void spqr_cuda_hold_release (SpqrCuda *device, SpqrCudaHold *hold);

/* after: an event that the copy must come behind, or NULL. */
void spqr_cuda_feed (SpqrCudaOp &op, void *to, const void *from, size_t bytes, cudaEvent_t after);
/* after: the event that was recorded when `from` was complete. */
void spqr_cuda_drain (SpqrCudaOp &op, void *to, const void *from, size_t bytes, cudaEvent_t after);

/* H of the layers that read one input, and its factor. */
typedef struct {
  SpqrCudaHold hold;
  size_t n, sequences;          /* 0: h says nothing yet */
  float *h, *u;                 /* (n, n); u: the factor or NULL */
  bool mirrored;                /* the lower triangle of h is there too */
  /* The factor's host side. */
  bool have_factor;
  SpqrOrder order;
  double percdamp;
  SpqrFactor factor;            /* u NULL: on the device */
  float *diagonal;              /* (n) of u */
} SpqrCudaInput;

/* A block's weights in f32, and where SPQR_CUDA_F16 asks for it and they allow it, in 16 bits too. */
typedef struct {
  SpqrCudaHold hold;
  SpqrBlockShape shape;         /* bias and norms: device memory; offsets: below */
  float *weights[SPQR_N_PRODUCTS];
  uint32_t *q_offset, *k_offset, *v_offset;
  /* spqr-cuda-half.cu */
  uint16_t *narrow[SPQR_N_PRODUCTS], *narrow_memory[SPQR_N_PRODUCTS];
  bool bfloat[SPQR_N_PRODUCTS], settled[SPQR_N_PRODUCTS];
} SpqrCudaNetBlock;

typedef struct { SpqrCudaHold hold; float *rows; size_t n_rows, width; bool current; } SpqrCudaStates;

typedef struct { SpqrCudaHold hold; float *w; size_t m, n; } SpqrCudaMatrix;

/* Keys and values of one sequence in one block, (capacity, width) each. */
typedef struct { SpqrCudaHold hold; float *k, *v; size_t capacity, width; } SpqrCudaCache;

/* H <- N/(N+B) H + 2/(N+B) x'x, upper triangle; x on the device. */
void spqr_cuda_input_accumulate (SpqrCudaOp &op, SpqrCudaInput *input, const float *x, size_t ldx, size_t tokens, size_t sequences);

/* Rows row0 … of a block's product; NULL: not there. */
const float *spqr_cuda_block_rows (const SpqrCudaNetBlock *block, SpqrProduct product, size_t row0, size_t rows);

/* U of the reversed, permuted, damped H, all on the device: h (n, n) with both triangles; x: (n, n),
 * becomes U. factor: perm, dead, percdamp_used are filled, u stays NULL. diagonal (n): H's on entry, U's on
 * return. */
void spqr_cuda_factorize (SpqrCudaOp &op, const float *h, float *diagonal, size_t n, const SpqrParams *params,
                          const int32_t *perm_in, float *x, SpqrFactor *factor);

/* One layer from weights of a block or of the host, with what `input` holds. */
SpqrStatus spqr_cuda_quantize_with (SpqrCuda *device, const SpqrWeights *weights, const SpqrCudaInput *input, const SpqrParams *params,
                                    const SpqrExec *exec, SpqrLayerTrace *trace, SpqrLayer *layer);

/* ---- a block's steps; all on the device ---- */

/* y (tokens, rows of the product; ldy) = x W' + bias, in slices of some milliseconds. */
void spqr_cuda_block_linear (SpqrCudaOp &op, SpqrCudaNetBlock *block, SpqrProduct product, const float *x, size_t ldx,
                             size_t tokens, float *y);

/* Chooses the products that run in 16 bits; before a pass. The same product in 16 bits. */
void spqr_cuda_half_settle (SpqrCudaOp &op, SpqrCudaNetBlock *block);
void spqr_cuda_half_product (SpqrCudaOp &op, SpqrCudaNetBlock *block, SpqrProduct product, const float *x, size_t ldx, size_t tokens,
                             float *y);

/* Attention of one sequence: rows of q, k, v with strides and head offsets (NULL: head by head). */
typedef struct {
  const float *q, *k, *v;
  const float *before_k, *before_v;     /* of the first n_before of the keys, laid out alike */
  size_t n_before;
  float *out;
  size_t q_stride, kv_stride, out_stride;
  const uint32_t *q_offset, *k_offset, *v_offset;
  size_t tokens, keys, heads, kv_heads, window;
  int dim;
  float scale, soft_cap;
} SpqrCudaAttention;

#define SPQR_CUDA_MOST_HEAD_DIM 256
void spqr_cuda_attention_run (SpqrCudaOp &op, const SpqrCudaAttention &attention);

extern const SpqrBlockOps spqr_cuda_block_ops;

SpqrStatus spqr_cuda_head_open (void *device, const SpqrHeadShape *shape, const SpqrExec *exec, void **head);
void spqr_cuda_head_close (void *device, void *head);
SpqrStatus spqr_cuda_head_predict (void *device, void *head, const SpqrHeadPass *pass, const SpqrExec *exec);
SpqrStatus spqr_cuda_block_run (void *device, void *block, SpqrBlockPass *pass, const SpqrExec *exec);
size_t spqr_cuda_block_estimate (void *device, const SpqrBlockShape *shape, size_t longest);
SpqrStatus spqr_cuda_input_quantize (void *device, void *input, const SpqrWeights *weights, const SpqrParams *params,
                                     const SpqrExec *exec, SpqrLayerTrace *trace, SpqrLayer *layer);

SpqrStatus spqr_cuda_head_logits (void *device, void *head, const float *hidden, size_t tokens, float *logits, const SpqrExec *exec);
SpqrStatus spqr_cuda_cache_open (void *device, size_t capacity, size_t width, void **cache);
void spqr_cuda_cache_close (void *device, void *cache);
/* The keys and values in rows of a qkv product go into the cache, from position `cached` on. */
void spqr_cuda_cache_append (SpqrCudaOp &op, const SpqrCudaCache *cache, size_t cached, const SpqrCudaNetBlock *block, const float *qkv,
                             size_t tokens);

/* y = norm of the rows of x (shapes: spqr-cuda-block-run.cu). */
void spqr_cuda_norm_rows (SpqrCudaOp &op, const float *x, float *y, size_t tokens, size_t n, const float *weight, const float *bias,
                          double epsilon, bool mean);
