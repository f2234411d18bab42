/* spqr-field.h: a quantity per weight of a matrix, and its max-pool pyramid.
 *
 * Pooling keeps the value of largest magnitude, sign included: a single outlier stays visible at
 * any zoom. Fields are in ORIGINAL column order. */
#pragma once

#include "num/spqr-layer.h"

typedef enum {
  SPQR_FIELD_WEIGHT,            /* w */
  SPQR_FIELD_ABS_WEIGHT,        /* |w| */
  SPQR_FIELD_SENSITIVITY,       /* (w - w^)^2 / (2 [H^-1]_jj), w^ without outliers kept: needs H */
  SPQR_FIELD_ERROR,             /* w - w^ */
  SPQR_FIELD_LOO_GAIN,          /* E0 - Ej */
  SPQR_FIELD_OUTLIERS,          /* 1 at an outlier, else 0 */
  SPQR_FIELD_CODES,
  SPQR_FIELD_SCALES,            /* scale of the weight's group */
  SPQR_FIELD_ZEROS,
  SPQR_N_FIELDS
} SpqrField;

/* [H^-1]_jj in original column order from a factor: sum over k of u_kj^2. out (n). */
void spqr_factor_inverse_diagonal (const SpqrFactor *factor, float *out);

/* The sensitivity the paper draws: error of plain rounding (same wbits and groups, no compensation)
 * against the inverse Hessian's diagonal. hinv_diag (n) original order; NULL: data-free, as if it
 * were 1. out (m, n). */
SpqrStatus spqr_field_sensitivity (const float *w, size_t m, size_t n, const float *hinv_diag,
                                   const SpqrParams *params, const SpqrExec *exec, float *out);

/* Any other field of a quantized layer; w is needed for WEIGHT, ABS_WEIGHT and ERROR, trace->loo_gain
 * for LOO_GAIN. out (m, n). */
SpqrStatus spqr_field_compute (SpqrField field, const float *w, const SpqrLayer *layer,
                               const SpqrLayerTrace *trace, const SpqrExec *exec, float *out);

/* Level k holds ceil(rows / 2^k) x ceil(cols / 2^k) values. Level 0 is the field itself, borrowed. */
typedef struct { const float *data; float *owned; size_t rows, cols; } SpqrPyramidLevel;
typedef struct { SpqrPyramidLevel *levels; size_t n_levels; float min, max; } SpqrPyramid;

SpqrStatus spqr_pyramid_build (const float *field, size_t rows, size_t cols, const SpqrExec *exec,
                               SpqrPyramid *pyramid);
void spqr_pyramid_clear (SpqrPyramid *pyramid);

/* Pools the rectangle [row0, row1) x [col0, col1) of the field (fractions allowed) into out
 * (out_rows, out_cols), from the coarsest level that is still at least as fine as the output; where
 * a cell is larger than a pixel it is repeated. */
void spqr_pyramid_sample (const SpqrPyramid *pyramid, double row0, double row1, double col0,
                          double col1, size_t out_rows, size_t out_cols, float *out);
