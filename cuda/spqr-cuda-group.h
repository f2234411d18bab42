/* spqr-cuda-group.h: what a group's statistics are made of, on the device: the range of a row's
 * weights after leave-one-out, and the fit of a run of rows. Formulas: core/num/spqr-kernels-private.h
 * and core/num/spqr-quantizer.c, whose numbers these are. */
#pragma once

#include "spqr-cuda-arith.h"
#include "spqr-cuda-columns.h"

#define SPQR_CUDA_LANES 4       /* neighbouring threads that share a row */
#define SPQR_CUDA_FIT_THREADS 256       /* of a block that fits one long run */

/* ---- the range of one row's group, by its lanes ---- */

/* The weights a … a+k-1 of a row: those before column `inside_end` stand in shared memory. */
typedef struct { const float *inside, *outside; size_t inside_first, inside_end; } RowWeights;

static __device__ inline float
row_weight (const RowWeights *row, size_t column)
{
  return column < row->inside_end ? row->inside[column - row->inside_first] : row->outside[column];
}

/* The two smallest and the two largest values, and where the first of each stands. */
typedef struct { float lo, lo2, hi, hi2; int lo_at, hi_at; } Extremes;

static __device__ inline void
extremes_add (Extremes *x, float v, int at)
{
  x->lo2 = spqr_smaller (x->lo2, spqr_larger (x->lo, v));
  x->lo_at = v < x->lo ? at : x->lo_at;
  x->lo = spqr_smaller (x->lo, v);
  x->hi2 = spqr_larger (x->hi2, spqr_smaller (x->hi, v));
  x->hi_at = x->hi < v ? at : x->hi_at;
  x->hi = spqr_larger (x->hi, v);
}

static __device__ inline void
extremes_merge (Extremes *x, int lanes)
{
  for (int step = 1; step < lanes; step *= 2)
    {
      float lo = __shfl_xor_sync (SPQR_FULL_WARP, x->lo, step), lo2 = __shfl_xor_sync (SPQR_FULL_WARP, x->lo2, step);
      float hi = __shfl_xor_sync (SPQR_FULL_WARP, x->hi, step), hi2 = __shfl_xor_sync (SPQR_FULL_WARP, x->hi2, step);
      int lo_at = __shfl_xor_sync (SPQR_FULL_WARP, x->lo_at, step), hi_at = __shfl_xor_sync (SPQR_FULL_WARP, x->hi_at, step);

      x->lo2 = spqr_smaller (spqr_smaller (x->lo2, lo2), spqr_larger (x->lo, lo));
      x->lo_at = lo < x->lo || (lo == x->lo && lo_at < x->lo_at) ? lo_at : x->lo_at;
      x->lo = spqr_smaller (x->lo, lo);
      x->hi2 = spqr_larger (spqr_larger (x->hi2, hi2), spqr_smaller (x->hi, hi));
      x->hi_at = x->hi < hi || (hi == x->hi && hi_at < x->hi_at) ? hi_at : x->hi_at;
      x->hi = spqr_larger (x->hi, hi);
    }
}

/* What leave-one-out knows of a row: the fits, and the gains of the two extremes. */
typedef struct { Extremes x; SpqrFit all; float gain_lo, gain_hi; } Gains;

/* gain(j) = sum over i, ascending, of i = j: e(j), else e(i) - e_j(i). Only leaving out an extreme
 * changes the fit; for all others it is e(j). The lanes make the terms, every lane adds them all. */
static __device__ inline Gains
find_gains (const SpqrCudaColumns &c, const RowWeights *row, size_t a, int k, int lane)
{
  const SpqrCudaQuantizer &q = c.quantizer;
  Gains g = { { INFINITY, INFINITY, -INFINITY, -INFINITY, 0, 0 }, { 0.0f, 0.0f }, 0.0f, 0.0f };
  SpqrFit no_lo, no_hi;

  for (int i = lane; i < k; i += SPQR_CUDA_LANES)
    extremes_add (&g.x, row_weight (row, a + i), i);
  extremes_merge (&g.x, SPQR_CUDA_LANES);
  g.all = spqr_loo_fit (g.x.lo, g.x.hi, q.maxq, q.sym, q.compat);
  no_lo = spqr_loo_fit (g.x.lo2, g.x.hi, q.maxq, q.sym, q.compat);
  no_hi = spqr_loo_fit (g.x.lo, g.x.hi2, q.maxq, q.sym, q.compat);
  for (int first = 0; first < k; first += SPQR_CUDA_LANES)
    {
      int i = first + lane;
      float term_lo = 0.0f, term_hi = 0.0f;

      if (i < k)
        {
          float v = row_weight (row, a + i), d = c.d[a + i], e = spqr_loo_error (v, g.all, q.maxq, d);

          term_lo = i == g.x.lo_at ? e : e - spqr_loo_error (v, no_lo, q.maxq, d);
          term_hi = i == g.x.hi_at ? e : e - spqr_loo_error (v, no_hi, q.maxq, d);
        }
      for (int l = 0; l < SPQR_CUDA_LANES && first + l < k; l++)
        {
          g.gain_lo += __shfl_sync (SPQR_FULL_WARP, term_lo, l, SPQR_CUDA_LANES);
          g.gain_hi += __shfl_sync (SPQR_FULL_WARP, term_hi, l, SPQR_CUDA_LANES);
        }
    }
  return g;
}

static __device__ inline float
gain_of (const SpqrCudaColumns &c, const Gains *g, float v, size_t a, int i, int k)
{
  if (k > 1 && i == g->x.hi_at)
    return g->gain_hi;
  if (k > 1 && i == g->x.lo_at)
    return g->gain_lo;
  return spqr_loo_error (v, g->all, c.quantizer.maxq, c.d[a + i]);
}

/* Range without the likely outliers; in compat mode with the mean that replaces them. */
static __device__ inline void
range_of_rest (const SpqrCudaColumns &c, const RowWeights *row, const Gains *g, float *gain, size_t a, int k, int lane,
               float *lo, float *hi)
{
  float low = INFINITY, high = -INFINITY, sum = 0.0f, count = 0.0f;

  for (int first = 0; first < k; first += SPQR_CUDA_LANES)
    {
      int i = first + lane;
      float term = 0.0f;

      if (i < k)
        {
          float v = row_weight (row, a + i), gained = gain_of (c, g, v, a, i, k);

          if (gain != NULL)
            gain[a + i] = gained;
          if (!(c.threshold < gained))
            {
              low = spqr_smaller (v, low);
              high = spqr_larger (v, high);
              term = v;
              count += 1.0f;
            }
        }
      for (int l = 0; l < SPQR_CUDA_LANES && first + l < k && c.quantizer.compat; l++)
        sum += __shfl_sync (SPQR_FULL_WARP, term, l, SPQR_CUDA_LANES);
    }
  for (int step = 1; step < SPQR_CUDA_LANES; step *= 2)
    {
      low = spqr_smaller (low, __shfl_xor_sync (SPQR_FULL_WARP, low, step));
      high = spqr_larger (high, __shfl_xor_sync (SPQR_FULL_WARP, high, step));
      count += __shfl_xor_sync (SPQR_FULL_WARP, count, step);
    }
  if (c.quantizer.compat && count < (float) k - 0.5f)
    {
      float mean = sum / spqr_larger (count, 1.0f);

      low = spqr_smaller (mean, low);
      high = spqr_larger (mean, high);
    }
  *lo = count > 0.0f ? low : 0.0f;
  *hi = count > 0.0f ? high : 0.0f;
}

static __device__ inline void
plain_range (const RowWeights *row, size_t a, int k, int lane, float *lo, float *hi)
{
  float low = INFINITY, high = -INFINITY;

  for (int i = lane; i < k; i += SPQR_CUDA_LANES)
    {
      float v = row_weight (row, a + i);

      low = spqr_smaller (v, low);
      high = spqr_larger (v, high);
    }
  for (int step = 1; step < SPQR_CUDA_LANES; step *= 2)
    {
      low = spqr_smaller (low, __shfl_xor_sync (SPQR_FULL_WARP, low, step));
      high = spqr_larger (high, __shfl_xor_sync (SPQR_FULL_WARP, high, step));
    }
  *lo = low;
  *hi = high;
}

/* gain: the row's, or NULL. All lanes of the warp must come. */
static __device__ inline void
find_range (const SpqrCudaColumns &c, const RowWeights *row, float *gain, size_t a, int lane, float *lo, float *hi)
{
  int k = (int) (c.n - a < c.groupsize ? c.n - a : c.groupsize);

  if (c.leave_one_out)
    {
      Gains g = find_gains (c, row, a, k, lane);

      range_of_rest (c, row, &g, gain, a, k, lane, lo, hi);
    }
  else
    plain_range (row, a, k, lane, lo, hi);
}

/* ---- the statistics of one run ---- */

/* Arrays of the run's rows (in shared or global memory), and where its numbers are stored. */
typedef struct {
  const float *lo, *hi;
  float *scale, *zero, *value;
  uint8_t *constant;
  uint8_t *scale_codes, *zero_codes;
  float *scale_scale, *scale_zero, *zero_scale, *zero_zero;
} Run;

/* Minimum and maximum over the lanes first … first+lanes-1 of a warp; every lane must come. */
struct WarpReduce {
  int lane, first, lanes;

  __device__ void
  operator() (float *lo, float *hi) const
  {
    for (int step = 1; step < 32; step *= 2)
      {
        float other_lo = __shfl_down_sync (SPQR_FULL_WARP, *lo, step), other_hi = __shfl_down_sync (SPQR_FULL_WARP, *hi, step);

        if (lane + step < first + lanes)
          {
            *lo = spqr_smaller (*lo, other_lo);
            *hi = spqr_larger (*hi, other_hi);
          }
      }
    *lo = __shfl_sync (SPQR_FULL_WARP, *lo, first & 31);
    *hi = __shfl_sync (SPQR_FULL_WARP, *hi, first & 31);
  }
};

/* The same over a block of SPQR_CUDA_FIT_THREADS; scratch: 2 x SPQR_CUDA_FIT_THREADS. */
struct BlockReduce {
  float *scratch;

  __device__ void
  operator() (float *lo, float *hi) const
  {
    int t = (int) threadIdx.x;

    __syncthreads ();
    scratch[t] = *lo;
    scratch[SPQR_CUDA_FIT_THREADS + t] = *hi;
    __syncthreads ();
    for (int half = SPQR_CUDA_FIT_THREADS / 2; half > 0; half /= 2)
      {
        if (t < half)
          {
            scratch[t] = spqr_smaller (scratch[t], scratch[t + half]);
            scratch[SPQR_CUDA_FIT_THREADS + t] = spqr_larger (scratch[SPQR_CUDA_FIT_THREADS + t], scratch[SPQR_CUDA_FIT_THREADS + t + half]);
          }
        __syncthreads ();
      }
    *lo = scratch[0];
    *hi = scratch[SPQR_CUDA_FIT_THREADS];
  }
};

static __device__ inline SpqrGroupQuantizer
group_quantizer (const SpqrCudaQuantizer &q)
{
  SpqrGroupQuantizer g;

  g.maxq = q.maxq;
  g.wbits = q.wbits;
  g.sym = q.sym;
  g.round_zero = q.round_zero;
  g.compat = q.compat;
  g.scale_bits = q.scale_bits;
  g.zero_bits = q.zero_bits;
  g.zero_sym = q.zero_sym;
  return g;
}

/* Scales or zeros of a run through their second order. `values` in and out. */
static __device__ inline void
store_second_order (const SpqrSecondOrder *so, bool first, float *scale, float *zero)
{
  if (!first)
    return;
  *scale = so->scale;
  *zero = so->zero;
}

/* Thread `lane` of `step` takes every step-th row. */
template <typename Reduce>
static __device__ inline void
fit_run_compat (const SpqrGroupQuantizer *q, const Run *run, int rows, int lane, int step, Reduce reduce)
{
  float slo = INFINITY, shi = -INFINITY, zlo = INFINITY, zhi = -INFINITY;

  for (int r = lane; r < rows; r += step)
    {
      spqr_fit_range (run->lo[r], run->hi[r], q->maxq, q->sym, true, &run->scale[r], &run->zero[r]);
      if (q->round_zero)
        run->zero[r] = rintf (run->zero[r]);
      slo = spqr_smaller (slo, run->scale[r]);
      shi = spqr_larger (shi, run->scale[r]);
      zlo = spqr_smaller (zlo, run->zero[r]);
      zhi = spqr_larger (zhi, run->zero[r]);
      run->constant[r] = 0;
      run->value[r] = 0.0f;
    }
  if (q->scale_bits != 0)
    {
      SpqrSecondOrder so;

      reduce (&slo, &shi);
      so = spqr_second_order_fit (slo, shi, q->scale_bits, false, true);
      store_second_order (&so, lane == 0 && rows > 0, run->scale_scale, run->scale_zero);
      for (int r = lane; r < rows; r += step)
        {
          float code = spqr_second_order_code (&so, run->scale[r]);

          run->scale_codes[r] = (uint8_t) code;
          run->scale[r] = spqr_second_order_value (&so, code);
        }
    }
  if (q->zero_bits != 0)
    {
      SpqrSecondOrder so;

      reduce (&zlo, &zhi);
      so = spqr_second_order_fit (zlo, zhi, q->zero_bits, q->zero_sym, true);
      store_second_order (&so, lane == 0 && rows > 0, run->zero_scale, run->zero_zero);
      for (int r = lane; r < rows; r += step)
        {
          float code = spqr_second_order_code (&so, run->zero[r]);

          run->zero_codes[r] = (uint8_t) code;
          run->zero[r] = spqr_second_order_value (&so, code);
        }
    }
}

static __device__ inline void
make_constant (const Run *run, int r)
{
  run->constant[r] = 1;
  run->value[r] = spqr_constant_of (run->lo[r], run->hi[r]);
}

template <typename Reduce>
static __device__ inline void
fit_scales (const SpqrGroupQuantizer *q, const Run *run, int rows, int lane, int step, Reduce reduce)
{
  float lo = INFINITY, hi = -INFINITY;
  SpqrSecondOrder so;

  for (int r = lane; r < rows; r += step)
    {
      float scale = spqr_row_range (q, run->lo[r], run->hi[r]).scale;

      run->constant[r] = 0;
      run->value[r] = 0.0f;
      run->scale[r] = q->scale_bits != 0 ? scale : spqr_f16_round_up (scale);
      if (run->lo[r] == run->hi[r])
        {
          make_constant (run, r);
          run->scale[r] = 0.0f;
          continue;
        }
      lo = spqr_smaller (lo, scale);
      hi = spqr_larger (hi, scale);
    }
  if (q->scale_bits == 0)
    return;
  reduce (&lo, &hi);
  so = spqr_second_order_fit (lo, hi, q->scale_bits, false, false);
  store_second_order (&so, lane == 0 && rows > 0, run->scale_scale, run->scale_zero);
  for (int r = lane; r < rows; r += step)
    {
      SpqrRowRange row = spqr_row_range (q, run->lo[r], run->hi[r]);
      float code = run->constant[r] ? 0.0f : spqr_scale_code (&so, row.scale, row.smallest_scale);

      run->scale_codes[r] = (uint8_t) code;
      run->scale[r] = spqr_second_order_value (&so, code);
      if (!run->constant[r] && !(run->scale[r] > 0.0f && run->scale[r] <= SPQR_F16_LARGEST))
        make_constant (run, r);
    }
}

template <typename Reduce>
static __device__ inline void
fit_zeros (const SpqrGroupQuantizer *q, const Run *run, int rows, int lane, int step, Reduce reduce)
{
  float lo = INFINITY, hi = -INFINITY;
  SpqrSecondOrder so;

  for (int r = lane; r < rows; r += step)
    {
      SpqrRowRange row = spqr_row_range (q, run->lo[r], run->hi[r]);

      if (run->constant[r])
        {
          run->zero[r] = q->sym ? (q->maxq + 1.0f) * 0.5f : 0.0f;
          continue;
        }
      run->zero[r] = spqr_row_zero (q, &row, run->scale[r]);
      if (q->zero_bits == 0)
        run->zero[r] = spqr_f16_round (run->zero[r]);
      lo = spqr_smaller (lo, run->zero[r]);
      hi = spqr_larger (hi, run->zero[r]);
    }
  if (q->zero_bits == 0)
    return;
  reduce (&lo, &hi);
  so = spqr_second_order_fit (lo, hi, q->zero_bits, q->zero_sym, false);
  store_second_order (&so, lane == 0 && rows > 0, run->zero_scale, run->zero_zero);
  for (int r = lane; r < rows; r += step)
    {
      float code = run->constant[r] ? 0.0f : spqr_second_order_code (&so, run->zero[r]);

      run->zero_codes[r] = (uint8_t) code;
      run->zero[r] = spqr_second_order_value (&so, code);
    }
}

/* A weight near the ends of f16 may decode to infinity through the rounding of the statistics. */
static __device__ inline void
keep_finite (const SpqrGroupQuantizer *q, const Run *run, int r)
{
  if (run->constant[r] || spqr_decodes_finite (q, run->scale[r], run->zero[r]))
    return;
  if (q->zero_bits == 0 && !q->sym)     /* one step towards 0, where the zero is free to move */
    run->zero[r] = spqr_f16_round (run->zero[r] + (run->zero[r] < 0.0f ? 1.0f : -1.0f));
  if (!spqr_decodes_finite (q, run->scale[r], run->zero[r]))
    make_constant (run, r);
}

template <typename Reduce>
static __device__ inline void
fit_run (const SpqrGroupQuantizer *q, const Run *run, int rows, int lane, int step, Reduce reduce)
{
  if (q->compat)
    {
      fit_run_compat (q, run, rows, lane, step, reduce);
      return;
    }
  fit_scales (q, run, rows, lane, step, reduce);
  fit_zeros (q, run, rows, lane, step, reduce);
  for (int r = lane; r < rows; r += step)
    keep_finite (q, run, r);
}

/* Where the numbers of group `group`, rows from `row` on, are stored. */
static __device__ inline void
run_place (const SpqrCudaColumns &c, size_t group, size_t row, Run *run)
{
  size_t at = group * c.rows + row, second = c.run_rows != 0 ? group * c.runs + row / c.run_rows : 0;

  run->scale_codes = c.scale_codes != NULL ? c.scale_codes + at : NULL;
  run->zero_codes = c.zero_codes != NULL ? c.zero_codes + at : NULL;
  run->scale_scale = c.scale_scale != NULL ? c.scale_scale + second : NULL;
  run->scale_zero = c.scale_zero != NULL ? c.scale_zero + second : NULL;
  run->zero_scale = c.zero_scale != NULL ? c.zero_scale + second : NULL;
  run->zero_zero = c.zero_zero != NULL ? c.zero_zero + second : NULL;
}
