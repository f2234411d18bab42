/* spqr-layer.h: one linear layer, quantized.
 *
 * Shapes: m rows (outputs), n columns (inputs), G = ceil(n / groupsize) groups,
 * R = ceil(m / qq_groupsize) statistics runs. All matrices are row-major and, unless said
 * otherwise, in PERMUTED column order: column j of the stored form is column perm[j] of W.
 *
 * Stored numbers are what decoding sees: unless params.compat_reference, statistics and outlier
 * values are f16 values (kept here as uint16_t bits) and were rounded BEFORE they were used, so
 * that spqr_layer_decode() gives exactly the weights the error compensation assumed.
 *
 * Decoding, default mode; every operation rounds to f16, so a decoded weight IS an f16 number:
 *     s = ss * (cs - sz)      z = zs * (cz - zz)      d = s * (c - z)
 *     w = outlier ? d + r : d           r: the stored residual f16(w - d)
 * Unquantized scales or zeros are f16 themselves. Constant groups decode to their constant.
 * Decoding, compat_reference: the same formulas in f32, f32 statistics, and w = outlier ? v : d
 * with the full f32 value v (the published Python reload). */
#pragma once

#include <stdint.h>

#include "num/spqr-exec.h"
#include "num/spqr-params.h"
#include "num/spqr-status.h"

/* One constant group of one row (defect 8): decodes to `value` in each of its columns. */
typedef struct { uint32_t row, group; float value; } SpqrConstantGroup;

typedef struct {
  SpqrParams params;
  size_t rows, cols, groups, runs;     /* m, n, G, R */
  int32_t *perm;                       /* (n) perm[j] = original column */
  uint8_t *codes;                      /* (m, n) 0 … 2^wbits-1 */
  /* Scales: codes and second order when quantized, else `scale` alone. Same for zeros. */
  uint8_t *scale_codes, *zero_codes;   /* (G, m) or NULL */
  float *scale_scale, *scale_zero;     /* (G, R) second order of the scales, or NULL */
  float *zero_scale, *zero_zero;       /* (G, R) second order of the zeros, or NULL */
  float *scale, *zero;                 /* (G, m) effective values as decoding uses them; always there.
                                        * In default mode every float above is exactly an f16 number */
  /* Outliers, CSR over rows, columns ascending in permuted order. */
  uint32_t *outlier_offsets;           /* (m+1) */
  uint32_t *outlier_cols;              /* (count) */
  float *outlier_values;               /* (count) residual r (an f16 number), or the full value v in compat mode */
  SpqrConstantGroup *constants;        /* (n_constants) sorted by row, then group */
  size_t n_constants;
  /* Figures. */
  double proxy_loss;                   /* tr(dW H dW') / tr(W H W'), undamped H; the error of the output */
  double mse;
  double threshold;                    /* T: tau x mean(var / d^2) */
  double percdamp_used;                /* after a retry with more damping, else params.percdamp */
} SpqrLayer;

/* Optional by-products, each NULL or (m, n) caller-owned, permuted order. */
typedef struct {
  float *errors;                       /* quantization_errors: (w - w^) / U_jj */
  float *loo_gain;                     /* E0 - Ej of the leave-one-out test; 0 where it was not run */
  float *w_hat;                        /* the decoded values that the loop assumed: the numbers of
                                        * spqr_layer_decode(), in permuted order */
} SpqrLayerTrace;

/* What does not depend on the quantization parameters but on H, percdamp and the order: shared by
 * layers with the same input, and by every preview of one layer. */
typedef struct {
  size_t n;
  int32_t *perm;                       /* (n) */
  float *u;                            /* (n, n) upper factor of inv(permuted, damped H), row-major */
  uint8_t *dead;                       /* (n) permuted: diag H was 0 */
  double percdamp_used;
} SpqrFactor;

void spqr_factor_clear (SpqrFactor *factor);

/* H (n, n) symmetric, undamped, unpermuted, const; W (m, n) is needed for SPQR_ORDER_SPEARMAN only
 * (may be NULL otherwise). perm_in: an explicit permutation instead of params->permutation_order,
 * or NULL. On SPQR_NOT_POSITIVE_DEFINITE it has already retried once with 10 x the damping (at
 * least 0.01); percdamp_used says what was used. */
SpqrStatus spqr_factor_compute (const float *h, const float *w, size_t m, size_t n,
                                const SpqrParams *params, const int32_t *perm_in,
                                const SpqrExec *exec, SpqrFactor *factor);

/* Quantizes W (m, n; const, original column order). factor may be NULL for RTN only. h is used for
 * proxy_loss (undamped, unpermuted; NULL: proxy_loss = NAN). On any status but OK, *layer is empty.
 * SPQR_INVALID: a parameter out of range; sym with qq_zero_bits (compat_reference excepted); a NaN
 * or an infinity in W, or |w| > 65504, which f16 cannot hold. layer->params are the parameters as
 * they took effect: what the method ignores is switched off. */
SpqrStatus spqr_layer_quantize (const float *w, size_t m, size_t n, const float *h,
                                const SpqrFactor *factor, const SpqrParams *params,
                                const SpqrExec *exec, SpqrLayerTrace *trace, SpqrLayer *layer);

/* T = tau x mean over columns of var(W_j) / U_jj^2, unbiased over rows; INFINITY where there are no
 * outliers (tau infinite, another method, a single row). NAN: parameters out of range, cancelled, out
 * of memory, or W holds a NaN. */
double spqr_layer_threshold (const float *w, size_t m, size_t n, const SpqrFactor *factor,
                             const SpqrParams *params, const SpqrExec *exec);
/* Rows row0 … row0+count-1 of the same result, exactly (bit for bit), without the rest: for the live
 * preview. With statistics runs, row0 must be a multiple of qq_groupsize, and count one as well
 * unless the rows reach to m; without, any rows will do. threshold is the whole layer's T from
 * spqr_layer_threshold(). The SpqrLayer has `count` rows; its proxy_loss is NAN. SPQR_UNSUPPORTED
 * for a part of the rows when perchannel is false: all rows share their statistics then. */
SpqrStatus spqr_layer_quantize_rows (const float *w, size_t m, size_t n, size_t row0, size_t count,
                                     const SpqrFactor *factor, double threshold,
                                     const SpqrParams *params, const SpqrExec *exec,
                                     SpqrLayerTrace *trace, SpqrLayer *layer);

/* The decoded weights in ORIGINAL column order, rows row0 … row0+count-1, out (count, n). The one
 * and only definition of what a quantized layer means; evaluation and export use nothing else. */
void spqr_layer_decode (const SpqrLayer *layer, size_t row0, size_t count, float *out);

/* tr(X H X') of m rows: the energy of what a layer with these weights puts out, or of its error. Half a
 * product of the matrices. NAN: cancelled, or no memory. */
double spqr_output_energy (const float *x, const float *h, size_t m, size_t n, const SpqrExec *exec);

/* tr(dW H dW') / tr(W H W') for any two weight matrices. NAN when the denominator is 0. */
double spqr_proxy_loss (const float *w, const float *w_hat, const float *h, size_t m, size_t n,
                        const SpqrExec *exec);

size_t spqr_layer_outliers (const SpqrLayer *layer);
void spqr_layer_clear (SpqrLayer *layer);
