/* spqr-quantizer.c: bilevel statistics of one group over one run of rows.
 *
 *     s_r = (hi_r - lo_r) / Q      z_r = -lo_r / s_r        rows r of the run, Q = 2^wbits - 1
 *     ss, sz = fit of s over r     s_r <- ss (cs_r - sz)    cs_r = scale_bits-bit code
 *     zs, zz = fit of z over r     z_r <- zs (cz_r - zz)
 *
 * Compat mode is the published code in f32. Default mode differs where a stored number is an f16
 * number or where the published code goes wrong:
 *  - all of s, z, ss, sz, zs, zz are rounded to f16 before they are used;
 *  - a constant row (lo == hi) is no part of the run's fit and decodes to its constant;
 *  - identical statistics in a run are stored as ss = v, sz = 0, code 1: exact;
 *  - f16 counts in whole steps only up to 2048. Where the range is so far from 0 that c - z would
 *    exceed that, the scale is widened until it does not: the step is then about the spacing of f16
 *    numbers there, so little is lost that f16 could hold. With quantized zeros one such row would
 *    also ruin its neighbours, therefore 0 is forced into its range instead (from |z| = 1024 on);
 *  - a scale is never below 2^-24, the smallest f16 (and the spacing of f16 numbers there). */
#include "num/spqr-quantizer.h"

#define QUANTIZED_ZERO_LIMIT 1024.0f    /* |z| from which 0 is forced into the range */
#define SECOND_ZERO_LIMIT 2048.0f       /* |sz| from which the run counts as identical */
#define MOST_STEPS 2047.0f              /* between 0 and the far end of a range */
#define SMALLEST_SCALE 0x1p-24f
#define LARGEST 65504.0f

/* fminf() and fmaxf() would be calls into libm, a million times a layer. */
static inline float
smaller (float a, float b)
{
  return a < b ? a : b;
}

static inline float
larger (float a, float b)
{
  return a > b ? a : b;
}

/* The second-order quantizer of one run: value = scale (code - zero). */
typedef struct { float scale, zero, maxq; bool identical, compat; } SecondOrder;

static SecondOrder
fit_second_order (float lo, float hi, int bits, bool sym, bool compat)
{
  SecondOrder so = { .maxq = spqr_max_code (bits), .compat = compat };

  if (compat)
    {
      spqr_fit_range (lo, hi, so.maxq, sym, true, &so.scale, &so.zero);
      return so;
    }
  if (lo > hi)                  /* every row is constant: nothing to describe */
    return (SecondOrder) { .maxq = so.maxq, .identical = true };
  if (lo < hi)
    {
      float low = sym ? -larger (fabsf (lo), fabsf (hi)) : lo;
      float high = sym ? -low : hi;

      so.scale = spqr_f16_round ((high - low) / so.maxq);
      so.zero = sym ? (so.maxq + 1.0f) * 0.5f : spqr_f16_round (-low / so.scale);
    }
  if (!(so.scale > 0.0f) || !(fabsf (so.zero) <= SECOND_ZERO_LIMIT))
    {
      so.identical = true;
      so.scale = spqr_f16_round (lo + (hi - lo) * 0.5f);
      so.zero = 0.0f;
    }
  return so;
}

static float
second_order_value (const SecondOrder *so, float code)
{
  return so->compat ? spqr_dequantize_value (code, so->scale, so->zero)
                    : spqr_dequantize_f16 (code, so->scale, so->zero);
}

static float
second_order_code (const SecondOrder *so, float value)
{
  if (so->identical)
    return 1.0f;
  return spqr_quantize_value (value, so->scale, so->zero, so->maxq);
}

/* Like second_order_code(), with the value it decodes to kept in [at_least, 65504]. */
static float
scale_code (const SecondOrder *so, float value, float at_least)
{
  float code = second_order_code (so, value);

  if (so->compat || so->identical)
    return code;
  while (code < so->maxq && second_order_value (so, code) < at_least)
    code += 1.0f;
  while (code > 0.0f && second_order_value (so, code) > LARGEST)
    code -= 1.0f;
  return code;
}

/* f16, not below value (within f16's range). */
static float
f16_round_up (float value)
{
  float rounded = spqr_f16_round (value);

  if (rounded < value)
    rounded = spqr_f16_round (value + larger (value * 0x1p-11f, 0x1p-25f) * 1.0001f);
  return rounded;
}

/* One row before its scale is final. */
typedef struct { float lo, hi, scale, smallest_scale; } RowRange;

static RowRange
fit_row (const SpqrGroupQuantizer *q, float lo, float hi)
{
  RowRange row = { lo, hi, 0.0f, SMALLEST_SCALE };

  if (q->sym)
    {
      row.hi = larger (fabsf (lo), fabsf (hi));
      row.lo = -row.hi;
    }
  row.scale = (row.hi - row.lo) / q->maxq;
  if (!q->sym)
    {
      if (q->zero_bits != 0 && fabsf (row.lo) > QUANTIZED_ZERO_LIMIT * row.scale)
        {
          row.lo = smaller (row.lo, 0.0f);
          row.hi = larger (row.hi, 0.0f);
          row.scale = (row.hi - row.lo) / q->maxq;
        }
      row.smallest_scale = larger (row.smallest_scale, larger (fabsf (row.lo), fabsf (row.hi)) / MOST_STEPS);
    }
  row.scale = smaller (larger (row.scale, row.smallest_scale), LARGEST);
  return row;
}

/* The zero that goes with the scale which decoding will use. Where 0 lies inside the range the zero
 * stays that of the unquantized scale, as published: it pins the code of w = 0. Where 0 lies
 * outside, that would move the whole range; the end farther from 0 is pinned instead. */
static float
fit_zero (const SpqrGroupQuantizer *q, const RowRange *row, float scale)
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
  zero = larger (-MOST_STEPS, smaller (zero, MOST_STEPS));
  return q->round_zero ? rintf (zero) : zero;
}

static void
fit_run_compat (const SpqrGroupQuantizer *q, size_t rows, const SpqrGroupRun *run)
{
  float slo = INFINITY, shi = -INFINITY, zlo = INFINITY, zhi = -INFINITY;

  for (size_t r = 0; r < rows; r++)
    {
      spqr_fit_range (run->lo[r], run->hi[r], q->maxq, q->sym, true, &run->scale[r], &run->zero[r]);
      if (q->round_zero)
        run->zero[r] = rintf (run->zero[r]);
      slo = smaller (slo, run->scale[r]);
      shi = larger (shi, run->scale[r]);
      zlo = smaller (zlo, run->zero[r]);
      zhi = larger (zhi, run->zero[r]);
      run->constant[r] = 0;
    }
  if (q->scale_bits != 0)
    {
      SecondOrder so = fit_second_order (slo, shi, q->scale_bits, false, true);

      *run->scale_scale = so.scale;
      *run->scale_zero = so.zero;
      for (size_t r = 0; r < rows; r++)
        {
          float code = second_order_code (&so, run->scale[r]);

          run->scale_codes[r] = (uint8_t) code;
          run->scale[r] = second_order_value (&so, code);
        }
    }
  if (q->zero_bits != 0)
    {
      SecondOrder so = fit_second_order (zlo, zhi, q->zero_bits, q->zero_sym, true);

      *run->zero_scale = so.scale;
      *run->zero_zero = so.zero;
      for (size_t r = 0; r < rows; r++)
        {
          float code = second_order_code (&so, run->zero[r]);

          run->zero_codes[r] = (uint8_t) code;
          run->zero[r] = second_order_value (&so, code);
        }
    }
}

/* A weight near the ends of f16 may decode to infinity through the rounding of the statistics. */
static bool
decodes_finite (const SpqrGroupQuantizer *q, float scale, float zero)
{
  return isfinite (spqr_dequantize_f16 (0.0f, scale, zero)) &&
         isfinite (spqr_dequantize_f16 (q->maxq, scale, zero));
}

static void
make_constant (const SpqrGroupRun *run, size_t r)
{
  float middle = run->lo[r] + (run->hi[r] - run->lo[r]) * 0.5f;

  run->constant[r] = 1;
  run->value[r] = spqr_f16_round (larger (-LARGEST, smaller (middle, LARGEST)));
}

static void
fit_scales (const SpqrGroupQuantizer *q, size_t rows, const SpqrGroupRun *run)
{
  float lo = INFINITY, hi = -INFINITY;
  SecondOrder so;

  for (size_t r = 0; r < rows; r++)
    {
      float scale = fit_row (q, run->lo[r], run->hi[r]).scale;

      run->constant[r] = run->lo[r] == run->hi[r];
      run->scale[r] = q->scale_bits != 0 ? scale : f16_round_up (scale);
      if (run->constant[r])
        {
          make_constant (run, r);
          run->scale[r] = 0.0f;
          continue;
        }
      lo = smaller (lo, scale);
      hi = larger (hi, scale);
    }
  if (q->scale_bits == 0)
    return;
  so = fit_second_order (lo, hi, q->scale_bits, false, false);
  *run->scale_scale = so.scale;
  *run->scale_zero = so.zero;
  for (size_t r = 0; r < rows; r++)
    {
      RowRange row = fit_row (q, run->lo[r], run->hi[r]);
      float code = run->constant[r] ? 0.0f : scale_code (&so, row.scale, row.smallest_scale);

      run->scale_codes[r] = (uint8_t) code;
      run->scale[r] = second_order_value (&so, code);
      if (!run->constant[r] && !(run->scale[r] > 0.0f && run->scale[r] <= LARGEST))
        make_constant (run, r);
    }
}

static void
fit_zeros (const SpqrGroupQuantizer *q, size_t rows, const SpqrGroupRun *run)
{
  float lo = INFINITY, hi = -INFINITY;
  SecondOrder so;

  for (size_t r = 0; r < rows; r++)
    {
      RowRange row = fit_row (q, run->lo[r], run->hi[r]);

      if (run->constant[r])
        {
          run->zero[r] = q->sym ? (q->maxq + 1.0f) * 0.5f : 0.0f;
          continue;
        }
      run->zero[r] = fit_zero (q, &row, run->scale[r]);
      if (q->zero_bits == 0)
        run->zero[r] = spqr_f16_round (run->zero[r]);
      lo = smaller (lo, run->zero[r]);
      hi = larger (hi, run->zero[r]);
    }
  if (q->zero_bits == 0)
    return;
  so = fit_second_order (lo, hi, q->zero_bits, q->zero_sym, false);
  *run->zero_scale = so.scale;
  *run->zero_zero = so.zero;
  for (size_t r = 0; r < rows; r++)
    {
      float code = run->constant[r] ? 0.0f : second_order_code (&so, run->zero[r]);

      run->zero_codes[r] = (uint8_t) code;
      run->zero[r] = second_order_value (&so, code);
    }
}

void
spqr_group_run_fit (const SpqrGroupQuantizer *q, size_t rows, const SpqrGroupRun *run)
{
  if (q->compat)
    {
      fit_run_compat (q, rows, run);
      return;
    }
  fit_scales (q, rows, run);
  fit_zeros (q, rows, run);
  for (size_t r = 0; r < rows; r++)
    if (!run->constant[r] && !decodes_finite (q, run->scale[r], run->zero[r]))
      {
        /* One step towards 0, where the zero is free to move. */
        if (q->zero_bits == 0 && !q->sym)
          run->zero[r] = spqr_f16_round (run->zero[r] + (run->zero[r] < 0.0f ? 1.0f : -1.0f));
        if (!decodes_finite (q, run->scale[r], run->zero[r]))
          make_constant (run, r);
      }
}
