/* spqr-field.h: a quantity per weight of a matrix. Fields are in ORIGINAL column order. */
#pragma once

#include "num/spqr-layer.h"
#include "num/spqr-pyramid.h"

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

/* The sensitivity the paper draws: error of plain rounding (same wbits, groups and sym; first-order
 * statistics unquantized, groups along the original columns, no compensation) against the inverse
 * Hessian's diagonal. hinv_diag (n) original order; NULL: data-free, as if it were 1. out (m, n). */
SpqrStatus spqr_field_sensitivity (const float *w, size_t m, size_t n, const float *hinv_diag,
                                   const SpqrParams *params, const SpqrExec *exec, float *out);

/* Any other field of a quantized layer; w is needed for WEIGHT, ABS_WEIGHT and ERROR, trace->loo_gain
 * for LOO_GAIN (SPQR_INVALID without). out (layer rows, cols). */
SpqrStatus spqr_field_compute (SpqrField field, const float *w, const SpqrLayer *layer,
                               const SpqrLayerTrace *trace, const SpqrExec *exec, float *out);
