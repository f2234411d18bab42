/* spqr-scale.h: value -> 0…1, for axes and for colours.
 *
 *   linear   t = (v - lo) / (hi - lo)
 *   log      t = (log|v| - log lo) / (log hi - log lo)       0 and below lo: 0
 *   symlog   s(v) = sgn(v) log(1 + |v|/c), t = (s(v) - s(lo)) / (s(hi) - s(lo))
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { SPQR_SCALE_LINEAR, SPQR_SCALE_LOG, SPQR_SCALE_SYMLOG, SPQR_N_SCALES } SpqrScaleKind;

typedef struct {
  SpqrScaleKind kind;
  double lo, hi;   /* values at t = 0 and t = 1 */
  double constant; /* symlog's c > 0: below it about linear */
} SpqrScale;

/* Repairs what cannot be drawn: not finite, swapped, a log scale that starts at or below 0. */
SpqrScale spqr_scale_make (SpqrScaleKind kind, double lo, double hi);

/* lo == hi: no direction to speak of. apply() says 0.5 for all. */
bool spqr_scale_is_pathological (const SpqrScale *scale);

/* Not clamped, except that a log scale has a floor (0 is at 0). NaN stays NaN. */
double spqr_scale_apply (const SpqrScale *scale, double value);
double spqr_scale_invert (const SpqrScale *scale, double t);

/* A scale for a set of values: their range, or the range without `clip` (share, 0…0.49) of the
 * values at each end. A log scale looks at |v| > 0 and spans 9 decades at most; symmetrical: lo = -hi.
 * Many values are thinned by a fixed stride, but smallest and largest always count. NaN and Inf are
 * left out; with nothing left it is 0…1. */
SpqrScale spqr_scale_fit (SpqrScaleKind kind, const float *values, size_t n, double clip, bool symmetrical);

/* For pixels: 0…255 of clamped t, 256 for NaN. About 1 ns a value. */
void spqr_scale_quantize (const SpqrScale *scale, const float *values, size_t n, uint16_t *out);
