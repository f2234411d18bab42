/* spqr-backend.h: what a device can do for us. The one header that a device plugin includes.
 *
 * Plain C without GLib, also readable as C++. A plugin is one shared object named
 * libspqr-backend-NAME.so (a prefix other than "lib" is accepted) that exports
 *
 *     const SpqrBackend *spqr_backend_plugin (void);
 *
 * Operations are coarse: a whole tensor or a tile of its rows per call; pointers are host memory.
 * The rules of a slot:
 *   - inputs are const and stay unspoiled; outputs that were allocated for the result (SpqrFactor,
 *     SpqrLayer, SpqrPyramid) come from malloc() and are empty on any status but SPQR_OK;
 *   - what is read AND written (SpqrHessian) is unchanged on any status but SPQR_OK and
 *     SPQR_CANCELLED, because the same operation is then done by the CPU;
 *   - SPQR_UNSUPPORTED and SPQR_DEVICE_OUT_OF_MEMORY: nothing happened, ask the CPU.
 *     SPQR_DEVICE_FAILED: sticky, the device is not asked again in this process;
 *   - everything is finished when the slot returns (synchronise before you say OK);
 *   - exec->should_stop is polled at least every 20 ms between tiles;
 *   - slots of one device are called from one thread at a time; no exceptions leave them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compute/spqr-backend-block.h"
#include "num/spqr-exec.h"
#include "num/spqr-field.h"
#include "num/spqr-hessian.h"
#include "num/spqr-layer.h"
#include "num/spqr-stats.h"
#include "num/spqr-status.h"

/* Raised with every incompatible change of this file; other versions are refused. */
#define SPQR_BACKEND_API_VERSION 4

typedef enum {
  /* On the CPU these are always there. */
  SPQR_OP_HESSIAN_ADD,
  SPQR_OP_FACTOR,
  SPQR_OP_QUANTIZE,
  SPQR_OP_QUANTIZE_ROWS,
  SPQR_OP_PROXY_LOSS,
  SPQR_OP_SENSITIVITY,
  SPQR_OP_PYRAMID,
  SPQR_OP_DECODE,
  SPQR_OP_GEMM_NT,
  /* What the handles' passes are made of, one by one: for checks of a device. Networks use the handles. */
  SPQR_OP_RMS_NORM,
  SPQR_OP_LAYER_NORM,
  SPQR_OP_ROTARY,
  SPQR_OP_ATTENTION,
  SPQR_OP_GATED_ACTIVATION,
  SPQR_OP_CROSS_ENTROPY,
  SPQR_OP_PACKED_MATMUL,
  /* With handles (spqr-backend-block.h). */
  SPQR_OP_BLOCK,
  SPQR_OP_HEAD,
  SPQR_N_OPS
} SpqrOp;

/* What an operation would have to do; fields that do not apply are 0. */
typedef struct {
  SpqrOp op;
  size_t rows, cols;            /* of the matrix: m outputs, n inputs; a field's; vocabulary x hidden */
  size_t tokens;                /* rows of the activations; attention: of the queries */
  SpqrElem elem;                /* of the weights */
  const SpqrParams *params;     /* FACTOR, QUANTIZE, QUANTIZE_ROWS, SENSITIVITY, DECODE; else NULL */
} SpqrOpDesc;

/* Attention of one sequence. q (tokens, heads, head_dim), k and v (keys, kv_heads, head_dim), all
 * contiguous; query t may see the keys 0 … keys - tokens + t, and no further back than `window`
 * keys when that is not 0. alibi_slopes (heads) or NULL. out as q. */
typedef struct {
  const float *q, *k, *v;
  size_t tokens, keys, heads, kv_heads, head_dim, window;
  float scale, soft_cap /* 0: none */;
  const float *alibi_slopes;
  float *out;
} SpqrAttentionOp;

/* A line of a device's own measurements. */
typedef struct {
  const char *suite, *name, *shape;     /* static, or good for the call */
  bool kernel;                  /* one kernel or library call, each timed alone; else an operation, copies and all */
  size_t calls;
  double seconds;               /* of all calls */
  double bytes, flops;          /* of device memory moved and numbers computed, as the code declares them; 0: not told */
  double copy_share;            /* bytes / seconds of the copy's rate, measured in the same run; NAN: does not apply */
  double product_share;         /* flops / seconds of cuBLAS's f32 rate */
  double half_share;            /* of its f16 rate */
  double products;              /* seconds / one cuBLAS product of the yardstick's size */
  double target;                /* of `products` (at most), of half_share (at least), or of seconds (at most); 0: none */
  bool target_is_share, target_is_seconds;
} SpqrBenchLine;

typedef void (*SpqrBenchReport) (const SpqrBenchLine *line, void *data);

/* One device's slots. The first argument is what open() gave. A NULL slot is SPQR_UNSUPPORTED;
 * name, memory, supports, estimate are not optional. */
typedef struct {
  const char *(*name) (void *device);                           /* "NVIDIA H100", static while open */
  SpqrStatus (*memory) (void *device, size_t *free_bytes, size_t *total_bytes);
  bool (*supports) (void *device, const SpqrOpDesc *desc);
  size_t (*estimate) (void *device, const SpqrOpDesc *desc);    /* bytes of device memory at most */

  /* Each does what the function of core/num or core/compute with this name does. */
  SpqrStatus (*hessian_add) (void *device, SpqrHessian *hessian, const float *x, size_t ldx, size_t tokens,
                             size_t sequences, const SpqrExec *exec);
  SpqrStatus (*factor_compute) (void *device, const float *h, const float *w, size_t m, size_t n,
                                const SpqrParams *params, const int32_t *perm_in, const SpqrExec *exec,
                                SpqrFactor *factor);
  SpqrStatus (*layer_quantize) (void *device, const float *w, size_t m, size_t n, const float *h,
                                const SpqrFactor *factor, const SpqrParams *params, const SpqrExec *exec,
                                SpqrLayerTrace *trace, SpqrLayer *layer);
  SpqrStatus (*layer_quantize_rows) (void *device, const float *w, size_t m, size_t n, size_t row0, size_t count,
                                     const SpqrFactor *factor, double threshold, const SpqrParams *params,
                                     const SpqrExec *exec, SpqrLayerTrace *trace, SpqrLayer *layer);
  SpqrStatus (*proxy_loss) (void *device, const float *w, const float *w_hat, const float *h, size_t m, size_t n,
                            const SpqrExec *exec, double *loss);
  SpqrStatus (*field_sensitivity) (void *device, const float *w, size_t m, size_t n, const float *hinv_diag,
                                   const SpqrParams *params, const SpqrExec *exec, float *out);
  SpqrStatus (*pyramid_build) (void *device, const float *field, size_t rows, size_t cols, const SpqrExec *exec,
                               SpqrPyramid *pyramid);
  SpqrStatus (*layer_decode) (void *device, const SpqrLayer *layer, size_t row0, size_t count, const SpqrExec *exec,
                              float *out);
  SpqrStatus (*gemm_nt) (void *device, const float *x, size_t ldx, size_t tokens, const void *w, SpqrElem elem,
                         size_t m, size_t n, const float *bias, float *y, size_t ldy, const SpqrExec *exec);

  /* In place on x (tokens, n): x / sqrt(mean(x^2) + epsilon) * (weight + weight_offset). */
  SpqrStatus (*rms_norm) (void *device, float *x, size_t tokens, size_t n, const float *weight, float weight_offset,
                          float epsilon, const SpqrExec *exec);
  /* In place: (x - mean) / sqrt(var + epsilon) * weight + bias; weight and bias may be NULL. */
  SpqrStatus (*layer_norm) (void *device, float *x, size_t tokens, size_t n, const float *weight, const float *bias,
                            float epsilon, const SpqrExec *exec);
  /* In place on x (tokens, heads, head_dim): rotates the pairs (i, i + rotary_dim/2) by the angles
   * whose cosines and sines stand in cos, sin (tokens, rotary_dim/2). */
  SpqrStatus (*rotary) (void *device, float *x, size_t tokens, size_t heads, size_t head_dim, size_t rotary_dim,
                        const float *cos, const float *sin, const SpqrExec *exec);
  SpqrStatus (*attention) (void *device, const SpqrAttentionOp *attention, const SpqrExec *exec);
  /* gate[i] = activation(gate[i]) * up[i]; up NULL: activation alone. */
  SpqrStatus (*gated_activation) (void *device, SpqrGateActivation activation, float *gate, const float *up, size_t count,
                                  const SpqrExec *exec);
  /* nll[t] = log sum exp(logits[t]) - logits[t][targets[t]], logits = hidden head' (vocab). */
  SpqrStatus (*cross_entropy) (void *device, const float *hidden, size_t tokens, size_t n, const void *head,
                               SpqrElem elem, size_t vocab, const int32_t *targets, double *nll, const SpqrExec *exec);
  /* y (tokens, m) = x (tokens, n; original column order) times the decoded layer, transposed. */
  SpqrStatus (*packed_matmul) (void *device, const SpqrLayer *layer, const float *x, size_t tokens, float *y,
                               const SpqrExec *exec);

  const SpqrBlockOps *block;    /* NULL: nothing stays on the device */
  /* Whom to ask for memory when an allocation fails, before anything smaller is tried. In the middle of an operation,
   * reclaim closes matrices and inputs of this GPU that no operation uses, by their slots. */
  void (*set_reclaim) (void *device, void (*reclaim) (void *data), void *data);
  /* Measures a suite (NULL: all), shapes as in `spqr bench`; quick: small ones. UNSUPPORTED: no such suite. */
  SpqrStatus (*bench) (void *device, const char *suite, bool quick, int repeat, const SpqrExec *exec, SpqrBenchReport report,
                       void *data);
} SpqrDeviceOps;

typedef struct {
  uint32_t api_version;         /* SPQR_BACKEND_API_VERSION; checked before anything else is read */
  uint32_t struct_size;         /* sizeof (SpqrBackend) */
  uint32_t ops_size;            /* sizeof (SpqrDeviceOps) */
  const char *name;             /* "cuda" */
  /* How good this backend is here; the highest goes first; 0: not usable, *reason says why
   * (static text, for people). The CPU has 1. Must not take long and never fails otherwise. */
  int (*score) (const char **reason);
  size_t (*n_devices) (void);
  SpqrStatus (*open) (size_t index, void **device);
  void (*close) (void *device);
  const SpqrDeviceOps *ops;
} SpqrBackend;

typedef const SpqrBackend *(*SpqrBackendPluginFunc) (void);
#define SPQR_BACKEND_PLUGIN_SYMBOL "spqr_backend_plugin"

/* The CPU: always usable, one device, whose memory is the host's. */
const SpqrBackend *spqr_backend_cpu (void);
