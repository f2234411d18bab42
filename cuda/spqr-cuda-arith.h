/* spqr-cuda-arith.h: core/num's arithmetic for the device, in the very lines the CPU compiles.
 *
 * num/spqr-quantizer.h holds the few operations that decide every code, as inline functions; here
 * they become functions of host and device. They must not be fused: files that include this are
 * compiled with -fmad=false (and without flushing subnormals, with exact division: nvcc's default).
 *
 * Below it, what core/num/spqr-kernels.c does in vectors and core/num/spqr-quantizer.c by itself,
 * for one row. */
#pragma once

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "spqr-cuda-rt.h"

#define inline inline __host__ __device__
#include "num/spqr-quantizer.h"
#undef inline

#define SPQR_F16_LARGEST 65504.0f
#define SPQR_FULL_WARP 0xffffffffu

static __device__ inline float
spqr_smaller (float a, float b)
{
  return a < b ? a : b;
}

static __device__ inline float
spqr_larger (float a, float b)
{
  return a > b ? a : b;
}

/* ---- one weight (spqr-kernels.c) ---- */

/* spqr_f16_round(), which is IEEE's rounding to nearest, in the two instructions that the device has for it. */
static __device__ inline float
spqr_cuda_f16_round (float x)
{
#ifdef SPQR_CUDA_SHIM
  return spqr_f16_round (x);
#else
  float rounded;

  asm ("{ .reg .b16 narrow; cvt.rn.f16.f32 narrow, %1; cvt.f32.f16 %0, narrow; }" : "=f"(rounded) : "f"(x));
  return rounded;
#endif
}

static __device__ inline float
spqr_cuda_dequantize_f16 (float code, float scale, float zero)
{
  return spqr_cuda_f16_round (scale * spqr_cuda_f16_round (code - zero));
}

typedef struct { float scale, zero; } SpqrFit;

/* In default mode a constant range becomes scale 1, zero -lo: reproduced exactly. */
static __device__ inline SpqrFit
spqr_loo_fit (float lo, float hi, float maxq, bool sym, bool compat)
{
  float low = lo, high = hi;
  SpqrFit fit;

  if (sym)
    {
      high = spqr_larger (fabsf (lo), hi);
      low = !compat || lo < 0.0f ? -high : lo;
    }
  if (compat && !(0.0f < high - low))
    {
      low = -1.0f;
      high = 1.0f;
    }
  fit.scale = (high - low) / maxq;
  fit.zero = sym ? (maxq + 1.0f) * 0.5f : -low / fit.scale;
  if (!compat && !(lo < hi))
    {
      fit.zero = -lo;
      fit.scale = 1.0f;
    }
  return fit;
}

/* ((w^ - w) / d)^2 */
static __device__ inline float
spqr_loo_error (float w, SpqrFit fit, float maxq, float d)
{
  float code = spqr_quantize_value (w, fit.scale, fit.zero, maxq);
  float error = (fit.scale * (code - fit.zero) - w) / d;

  return error * error;
}

/* What an outlier is stored as, and what it decodes to. */
static __device__ inline void
spqr_store_outlier (float w, float value0, bool compat, float *stored, float *value)
{
  const float end = 65472.0f;   /* just inside f16, so that nothing rounds to infinity */

  *stored = *value = w;
  if (compat)
    return;
  *stored = spqr_smaller (spqr_larger (w, -end), end) - value0;
  *stored = spqr_f16_round (spqr_smaller (spqr_larger (*stored, -end), end));
  *value = spqr_f16_round (value0 + *stored);
}

/* ---- statistics of a run (spqr-quantizer.c) ---- */

/* The second-order quantizer of one run: value = scale (code - zero). */
typedef struct { float scale, zero, maxq; bool identical, compat; } SpqrSecondOrder;

static __device__ inline SpqrSecondOrder
spqr_second_order_fit (float lo, float hi, int bits, bool sym, bool compat)
{
  SpqrSecondOrder so = { 0.0f, 0.0f, spqr_max_code (bits), false, compat };

  if (compat)
    {
      spqr_fit_range (lo, hi, so.maxq, sym, true, &so.scale, &so.zero);
      return so;
    }
  if (lo > hi)                  /* every row is constant: nothing to describe */
    {
      so.identical = true;
      return so;
    }
  if (lo < hi)
    {
      float low = sym ? -spqr_larger (fabsf (lo), fabsf (hi)) : lo;
      float high = sym ? -low : hi;

      so.scale = spqr_f16_round ((high - low) / so.maxq);
      so.zero = sym ? (so.maxq + 1.0f) * 0.5f : spqr_f16_round (-low / so.scale);
    }
  if (!(so.scale > 0.0f) || !(fabsf (so.zero) <= 2048.0f))
    {
      so.identical = true;
      so.scale = spqr_f16_round (lo + (hi - lo) * 0.5f);
      so.zero = 0.0f;
    }
  return so;
}

static __device__ inline float
spqr_second_order_value (const SpqrSecondOrder *so, float code)
{
  return so->compat ? spqr_dequantize_value (code, so->scale, so->zero)
                    : spqr_dequantize_f16 (code, so->scale, so->zero);
}

static __device__ inline float
spqr_second_order_code (const SpqrSecondOrder *so, float value)
{
  return so->identical ? 1.0f : spqr_quantize_value (value, so->scale, so->zero, so->maxq);
}

/* Like the above, with the value it decodes to kept in [at_least, 65504]. */
static __device__ inline float
spqr_scale_code (const SpqrSecondOrder *so, float value, float at_least)
{
  float code = spqr_second_order_code (so, value);

  if (so->compat || so->identical)
    return code;
  while (code < so->maxq && spqr_second_order_value (so, code) < at_least)
    code += 1.0f;
  while (code > 0.0f && spqr_second_order_value (so, code) > SPQR_F16_LARGEST)
    code -= 1.0f;
  return code;
}

static __device__ inline float
spqr_f16_round_up (float value)
{
  float rounded = spqr_f16_round (value);

  if (rounded < value)
    rounded = spqr_f16_round (value + spqr_larger (value * 0x1p-11f, 0x1p-25f) * 1.0001f);
  return rounded;
}

/* One row before its scale is final. */
typedef struct { float lo, hi, scale, smallest_scale; } SpqrRowRange;

static __device__ inline SpqrRowRange
spqr_row_range (const SpqrGroupQuantizer *q, float lo, float hi)
{
  SpqrRowRange row = { lo, hi, 0.0f, 0x1p-24f };

  if (q->sym)
    {
      row.hi = spqr_larger (fabsf (lo), fabsf (hi));
      row.lo = -row.hi;
    }
  row.scale = (row.hi - row.lo) / q->maxq;
  if (!q->sym)
    {
      if (q->zero_bits != 0 && fabsf (row.lo) > 1024.0f * row.scale)
        {
          row.lo = spqr_smaller (row.lo, 0.0f);
          row.hi = spqr_larger (row.hi, 0.0f);
          row.scale = (row.hi - row.lo) / q->maxq;
        }
      row.smallest_scale = spqr_larger (row.smallest_scale, spqr_larger (fabsf (row.lo), fabsf (row.hi)) / 2047.0f);
    }
  row.scale = spqr_smaller (spqr_larger (row.scale, row.smallest_scale), SPQR_F16_LARGEST);
  return row;
}

static __device__ inline float
spqr_row_zero (const SpqrGroupQuantizer *q, const SpqrRowRange *row, float scale)
{
  float zero;

  if (q->sym)
    return (q->maxq + 1.0f) * 0.5f;
  if (row->lo > 0.0f)
    zero = q->maxq - row->hi / scale;
  else if (row->hi < 0.0f)
    zero = -row->lo / scale;
  else
    zero = -row->lo / row->scale;
  zero = spqr_larger (-2047.0f, spqr_smaller (zero, 2047.0f));
  return q->round_zero ? rintf (zero) : zero;
}

static __device__ inline bool
spqr_decodes_finite (const SpqrGroupQuantizer *q, float scale, float zero)
{
  return isfinite (spqr_dequantize_f16 (0.0f, scale, zero)) && isfinite (spqr_dequantize_f16 (q->maxq, scale, zero));
}

/* The value of a row whose weights are (as good as) all the same. */
static __device__ inline float
spqr_constant_of (float lo, float hi)
{
  float middle = lo + (hi - lo) * 0.5f;

  return spqr_f16_round (spqr_larger (-SPQR_F16_LARGEST, spqr_smaller (middle, SPQR_F16_LARGEST)));
}
