/* spqr-quantizer.h: the plain quantizer of one group of weights, and the quantizer of its
 * statistics.
 *
 *     lo, hi = min, max of the group        Q = 2^bits - 1
 *     scale = (hi - lo) / Q                 zero = -lo / scale   (2^(bits-1) if sym)
 *     code = clamp(rint(w / scale + zero), 0, Q)        w^ = scale (code - zero)
 *
 * All in f32 with true division, rounding half to even, never fused: these few operations decide
 * every code, and the golden cases pin them down. */
#pragma once

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The nearest f16 number (half to even; +-Inf from 65520 on), by f32 arithmetic alone, so that a
 * compiler can do it in vectors: adding 1.5 x 2^13 x the value's power of two leaves exactly the
 * ten bits of an f16 mantissa, fewer below 2^-14. (NaN becomes Inf: there is none here.) */
static inline float
spqr_f16_round (float x)
{
  uint32_t bits, power_bits;
  float power, magic, rounded;

  memcpy (&bits, &x, sizeof bits);
  power_bits = bits & 0x7f800000u;
  memcpy (&power, &power_bits, sizeof power);
  power = power > 0x1p-14f ? power : 0x1p-14f;
  magic = power * 12288.0f;
  rounded = (fabsf (x) + magic) - magic;
  rounded = rounded < 65520.0f ? rounded : INFINITY;
  return copysignf (rounded, x);
}

/* rint(x) clamped to 0 … maxq, maxq < 2^22: clamping first changes nothing and keeps the classic
 * addition of 1.5 x 2^23 exact. */
static inline float
spqr_round_code (float x, float maxq)
{
  x = x > 0.0f ? x : 0.0f;
  x = x < maxq ? x : maxq;
  return (x + 12582912.0f) - 12582912.0f;
}

static inline float
spqr_quantize_value (float w, float scale, float zero, float maxq)
{
  return spqr_round_code (w / (scale > 1e-9f ? scale : 1e-9f) + zero, maxq);
}

static inline float
spqr_dequantize_value (float code, float scale, float zero)
{
  return scale * (code - zero);
}

/* Default mode's decoding: every operation rounds to f16. */
static inline float
spqr_dequantize_f16 (float code, float scale, float zero)
{
  return spqr_f16_round (scale * spqr_f16_round (code - zero));
}

static inline float
spqr_max_code (int bits)
{
  return (float) ((1 << bits) - 1);
}

/* Scale and zero of a group that spans lo … hi.
 * compat: the published code's treatment of lo == hi (range -1 … 1) and of sym when all values are
 * positive (range 0 … hi); otherwise sym is symmetric about 0 and lo == hi gives scale 0, which the
 * caller must treat as a constant. */
static inline void
spqr_fit_range (float lo, float hi, float maxq, bool sym, bool compat, float *scale, float *zero)
{
  if (sym)
    {
      float a = fabsf (lo);

      hi = a > hi ? a : hi;
      lo = (!compat || lo < 0.0f) ? -hi : lo;
    }
  if (compat && lo == hi)
    {
      lo = -1.0f;
      hi = 1.0f;
    }
  *scale = (hi - lo) / maxq;
  *zero = sym ? (maxq + 1.0f) * 0.5f : -lo / *scale;
}

/* What the statistics fit needs to know about a layer; all of it follows from SpqrParams. */
typedef struct {
  float maxq;                   /* 2^wbits - 1 */
  int wbits;
  bool sym, round_zero, compat;
  int scale_bits, zero_bits;    /* 0: not quantized (round_zero may have cleared zero_bits) */
  bool zero_sym;
} SpqrGroupQuantizer;

/* The statistics of `rows` rows of one group, which form one statistics run when scales or zeros
 * are quantized. Arrays of `rows` values; outputs that do not apply may be NULL. */
typedef struct {
  const float *lo, *hi;         /* range of each row, likely outliers left out */
  float *scale, *zero;          /* as decoding uses them */
  uint8_t *constant;            /* 1: the row is constant (default mode): decodes to `value` */
  float *value;
  uint8_t *scale_codes, *zero_codes;
  float *scale_scale, *scale_zero, *zero_scale, *zero_zero;    /* one value each */
} SpqrGroupRun;

void spqr_group_run_fit (const SpqrGroupQuantizer *quantizer, size_t rows, const SpqrGroupRun *run);
