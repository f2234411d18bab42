/* spqr-cuda-ops.h: the slots of the backend table that this plugin fills, and what they share.
 * Contracts: compute/spqr-backend.h. */
#pragma once

#include "spqr-cuda-device.h"

SpqrStatus spqr_cuda_hessian_add (void *device, SpqrHessian *hessian, const float *x, size_t ldx, size_t tokens,
                                  size_t sequences, const SpqrExec *exec);
SpqrStatus spqr_cuda_factor_compute (void *device, const float *h, const float *w, size_t m, size_t n,
                                     const SpqrParams *params, const int32_t *perm_in, const SpqrExec *exec,
                                     SpqrFactor *factor);
SpqrStatus spqr_cuda_layer_quantize (void *device, const float *w, size_t m, size_t n, const float *h,
                                     const SpqrFactor *factor, const SpqrParams *params, const SpqrExec *exec,
                                     SpqrLayerTrace *trace, SpqrLayer *layer);
SpqrStatus spqr_cuda_layer_quantize_rows (void *device, const float *w, size_t m, size_t n, size_t row0, size_t count,
                                          const SpqrFactor *factor, double threshold, const SpqrParams *params,
                                          const SpqrExec *exec, SpqrLayerTrace *trace, SpqrLayer *layer);
SpqrStatus spqr_cuda_proxy_loss (void *device, const float *w, const float *w_hat, const float *h, size_t m, size_t n,
                                 const SpqrExec *exec, double *loss);
SpqrStatus spqr_cuda_field_sensitivity (void *device, const float *w, size_t m, size_t n, const float *hinv_diag,
                                        const SpqrParams *params, const SpqrExec *exec, float *out);
SpqrStatus spqr_cuda_pyramid_build (void *device, const float *field, size_t rows, size_t cols, const SpqrExec *exec,
                                    SpqrPyramid *pyramid);
SpqrStatus spqr_cuda_layer_decode (void *device, const SpqrLayer *layer, size_t row0, size_t count, const SpqrExec *exec,
                                   float *out);
SpqrStatus spqr_cuda_gemm_nt (void *device, const float *x, size_t ldx, size_t tokens, const void *w, SpqrElem elem,
                              size_t m, size_t n, const float *bias, float *y, size_t ldy, const SpqrExec *exec);
SpqrStatus spqr_cuda_rms_norm (void *device, float *x, size_t tokens, size_t n, const float *weight, float weight_offset,
                               float epsilon, const SpqrExec *exec);
SpqrStatus spqr_cuda_layer_norm (void *device, float *x, size_t tokens, size_t n, const float *weight, const float *bias,
                                 float epsilon, const SpqrExec *exec);
SpqrStatus spqr_cuda_rotary (void *device, float *x, size_t tokens, size_t heads, size_t head_dim, size_t rotary_dim,
                             const float *cos, const float *sin, const SpqrExec *exec);
SpqrStatus spqr_cuda_attention (void *device, const SpqrAttentionOp *attention, const SpqrExec *exec);
SpqrStatus spqr_cuda_gated_activation (void *device, SpqrGateActivation activation, float *gate, const float *up,
                                       size_t count, const SpqrExec *exec);
SpqrStatus spqr_cuda_cross_entropy (void *device, const float *hidden, size_t tokens, size_t n, const void *head,
                                    SpqrElem elem, size_t vocab, const int32_t *targets, double *nll, const SpqrExec *exec);
SpqrStatus spqr_cuda_packed_matmul (void *device, const SpqrLayer *layer, const float *x, size_t tokens, float *y,
                                    const SpqrExec *exec);

SpqrStatus spqr_cuda_bench (void *device, const char *suite, bool quick, int repeat, const SpqrExec *exec, SpqrBenchReport report,
                            void *data);

/* Bytes of device memory that an operation needs at least; it uses more where there is more. */
size_t spqr_cuda_estimate (const SpqrOpDesc *desc);

/* ---- a layer's host memory ---- */

size_t spqr_cuda_group_columns (const SpqrParams *params, size_t n);
/* Empty arrays of all sizes that are known, and the order (factor NULL: as it is). */
SpqrStatus spqr_cuda_layer_allocate (SpqrLayer *layer, const SpqrParams *params, size_t rows, size_t n, const SpqrFactor *factor);
void spqr_cuda_layer_free (SpqrLayer *layer);
void spqr_cuda_pyramid_free (SpqrPyramid *pyramid);

/* ---- shared by operations; everything on the device ---- */

/* Partial sums of a form, each by a thread block. */
#ifdef SPQR_CUDA_SHIM
#define SPQR_CUDA_SUMS 8
#else
#define SPQR_CUDA_SUMS 256
#endif
#define SPQR_CUDA_FORM_ROWS ((size_t) 1024)

/* sums (SPQR_CUDA_SUMS) += parts of tr(X H X'), X (rows, n); product: (min(rows, FORM_ROWS), n). */
void spqr_cuda_form_add (SpqrCudaOp &op, const float *x, const float *h, size_t rows, size_t n, float *product, double *sums);
/* Downloads and adds them up; waits. NAN once op has failed. */
double spqr_cuda_form_total (SpqrCudaOp &op, const double *sums);

/* Part of a layer's rows as the device decodes them. */
typedef struct {
  const uint8_t *codes;         /* (count, cols) */
  const float *scale, *zero;    /* (groups, count) */
  const int32_t *perm;          /* (cols) */
  const uint32_t *offsets;      /* (count + 1), from 0 */
  const uint32_t *outlier_cols;
  const float *outlier_values;
  const SpqrConstantGroup *constants;
  size_t count, cols, groups, groupsize, n_constants, row0;
  bool compat;
} SpqrCudaDecode;

/* Uploads rows row0 … row0+count-1. */
SpqrCudaDecode spqr_cuda_decode_upload (SpqrCudaOp &op, const SpqrLayer *layer, size_t row0, size_t count);
/* out (count, cols), original column order. */
void spqr_cuda_decode_run (SpqrCudaOp &op, const SpqrCudaDecode &decode, float *out);

/* y (tokens, m; ldy) = x (tokens, n; ldx) W' (+ bias), W on the host. x, y on the device. `wide`
 * chooses how W comes: op allocates what it needs. */
void spqr_cuda_linear (SpqrCudaOp &op, const float *x, size_t ldx, size_t tokens, const void *w, SpqrElem elem, size_t m,
                       size_t n, const float *bias, float *y, size_t ldy);
/* Each row of y (tokens, m) = bias. */
void spqr_cuda_fill_bias (SpqrCudaOp &op, const float *bias, size_t tokens, size_t m, float *y);
/* Rows of 16-bit numbers -> f32. */
void spqr_cuda_widen (SpqrCudaOp &op, const uint16_t *in, SpqrElem elem, float *out, size_t count);
