/* spqr-cuda-columns.cu: quantize column by column, compensating errors in the columns to come.
 *
 * Blocks of 128 columns [s, e). For i in s … e-1:
 *   where a group starts: fit its statistics on the current weights;
 *   c = code(w_i), w^_i its decoded value, err_i = (w_i - w^_i) / U_ii; an outlier if err_i^2 > T;
 *   w_j -= err_i U_ij for i < j < e.
 * After the block: W(:, e…) -= Err U(s…e, e…), one product.
 *
 * A thread block takes a tile of rows, eight neighbouring lanes a row: they share the row's weights
 * in shared memory, quantize the same column all alike, and each updates every eighth of the columns
 * to come, so every weight sees the CPU's subtractions in the CPU's order and the results inside a
 * block are the CPU's bits. A tile is made of whole statistics runs of at most 32 rows; one warp
 * fits them, a lane a row, minima and maxima going round inside the run by shuffles. Then
 * everything of a block happens in one launch (fused). Longer runs, and one range for all rows,
 * take the general way: ranges, statistics and columns are launches of their own, same code.
 *
 * The product after a block is a kernel of our own: each weight's 128 terms are summed one by one
 * with fused multiply-adds and then subtracted, which is what OpenBLAS's kernels for AVX2 and AVX-512
 * do, so that whole layers come out with the CPU's bits there. Another order of summation costs no
 * accuracy, but a statistic rounded to f16 the other way changes the codes of 16 rows from there on:
 * with cuBLAS (SPQR_CUDA_UPDATE=cublas) expect some per mille of other codes in wide, little damped
 * layers, at the same loss.
 *
 * Bound of one fused block: per row its 128 weights in and out, U's triangle and the codes (about
 * 1.2 KiB a row + 33 KiB a tile) over the copy rate, or the chain of 128 x (shared load + division
 * + some ten dependent additions and roundings + division + shared store), about 200 cycles a
 * column, 26 k cycles; the chain is the longer one up to some 100 k rows. */
#include "spqr-cuda-columns.h"

#include "spqr-cuda-arith.h"

#define LANES 8                 /* threads a row */
#define MOST_ROWS 32            /* of a fused tile: one warp fits them */
#define ROWS 16                 /* of a tile where runs leave the choice */
#define SUB 16                  /* rows of U in shared memory at a time */
#define STRIDE (SPQR_CUDA_BLOCK + 8)    /* of the tile's rows: four rows x eight lanes hit 32 banks */
#define FIT_THREADS 256

/* Everything of a tile in shared memory. */
typedef struct {
  float *w, *error;             /* (tile rows, STRIDE) */
  float *u;                     /* (SUB, 128) */
  uint8_t *codes;               /* (tile rows, 128) */
  float *lo, *hi, *scale, *zero, *code0, *value0, *value;       /* (tile rows) */
  uint8_t *constant;
} Tile;

static size_t
tile_bytes (size_t tile_rows)
{
  return (tile_rows * (2 * STRIDE + 7) + SUB * SPQR_CUDA_BLOCK) * sizeof (float) + tile_rows * (SPQR_CUDA_BLOCK + 1);
}

static __device__ inline Tile
tile_at (unsigned char *memory, int tile_rows)
{
  Tile t;
  float *at = (float *) (void *) memory;

  t.w = at;
  at += tile_rows * STRIDE;
  t.error = at;
  at += tile_rows * STRIDE;
  t.u = at;
  at += SUB * SPQR_CUDA_BLOCK;
  t.lo = at;
  t.hi = t.lo + tile_rows;
  t.scale = t.hi + tile_rows;
  t.zero = t.scale + tile_rows;
  t.code0 = t.zero + tile_rows;
  t.value0 = t.code0 + tile_rows;
  t.value = t.value0 + tile_rows;
  t.codes = (uint8_t *) (t.value + tile_rows);
  t.constant = t.codes + tile_rows * SPQR_CUDA_BLOCK;
  return t;
}

/* ---- the range of one row's group, by its eight lanes ---- */

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

  for (int i = lane; i < k; i += LANES)
    extremes_add (&g.x, row_weight (row, a + i), i);
  extremes_merge (&g.x, LANES);
  g.all = spqr_loo_fit (g.x.lo, g.x.hi, q.maxq, q.sym, q.compat);
  no_lo = spqr_loo_fit (g.x.lo2, g.x.hi, q.maxq, q.sym, q.compat);
  no_hi = spqr_loo_fit (g.x.lo, g.x.hi2, q.maxq, q.sym, q.compat);
  for (int first = 0; first < k; first += LANES)
    {
      int i = first + lane;
      float term_lo = 0.0f, term_hi = 0.0f;

      if (i < k)
        {
          float v = row_weight (row, a + i), d = c.d[a + i], e = spqr_loo_error (v, g.all, q.maxq, d);

          term_lo = i == g.x.lo_at ? e : e - spqr_loo_error (v, no_lo, q.maxq, d);
          term_hi = i == g.x.hi_at ? e : e - spqr_loo_error (v, no_hi, q.maxq, d);
        }
      for (int l = 0; l < LANES && first + l < k; l++)
        {
          g.gain_lo += __shfl_sync (SPQR_FULL_WARP, term_lo, l, LANES);
          g.gain_hi += __shfl_sync (SPQR_FULL_WARP, term_hi, l, LANES);
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

  for (int first = 0; first < k; first += LANES)
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
      for (int l = 0; l < LANES && first + l < k && c.quantizer.compat; l++)
        sum += __shfl_sync (SPQR_FULL_WARP, term, l, LANES);
    }
  for (int step = 1; step < LANES; step *= 2)
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

  for (int i = lane; i < k; i += LANES)
    {
      float v = row_weight (row, a + i);

      low = spqr_smaller (v, low);
      high = spqr_larger (v, high);
    }
  for (int step = 1; step < LANES; step *= 2)
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

/* The same over a block of FIT_THREADS; scratch: 2 x FIT_THREADS. */
struct BlockReduce {
  float *scratch;

  __device__ void
  operator() (float *lo, float *hi) const
  {
    int t = (int) threadIdx.x;

    __syncthreads ();
    scratch[t] = *lo;
    scratch[FIT_THREADS + t] = *hi;
    __syncthreads ();
    for (int half = FIT_THREADS / 2; half > 0; half /= 2)
      {
        if (t < half)
          {
            scratch[t] = spqr_smaller (scratch[t], scratch[t + half]);
            scratch[FIT_THREADS + t] = spqr_larger (scratch[FIT_THREADS + t], scratch[FIT_THREADS + t + half]);
          }
        __syncthreads ();
      }
    *lo = scratch[0];
    *hi = scratch[FIT_THREADS];
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

/* ---- one tile's columns ---- */

/* What 0 becomes in a row: what stands in the dense part at an outlier. In a constant row: the
 * constant and the code next to it. */
static __device__ inline void
prepare_row (const SpqrCudaQuantizer &q, const Tile *t, int r)
{
  float at = t->constant[r] ? t->value[r] : 0.0f;

  t->code0[r] = spqr_quantize_value (at, t->scale[r], t->zero[r], q.maxq);
  t->value0[r] = q.compat ? spqr_dequantize_value (t->code0[r], t->scale[r], t->zero[r])
                          : spqr_dequantize_f16 (t->code0[r], t->scale[r], t->zero[r]);
  if (t->constant[r])
    t->value0[r] = at;
}

/* Statistics of the tile's runs in its first warp, from lo and hi; stored as well. */
static __device__ inline void
fit_tile (const SpqrCudaColumns &c, const Tile *t, size_t group, size_t row0, int tile_rows, int rows)
{
  SpqrGroupQuantizer q = group_quantizer (c.quantizer);
  int lane = (int) threadIdx.x, step = c.run_rows != 0 ? (int) c.run_rows : tile_rows;
  int first = lane / step * step, here = first < rows ? (rows - first < step ? rows - first : step) : 0;
  WarpReduce reduce = { lane, first, step < 32 - first ? step : 32 - first };
  Run run = { t->lo + first, t->hi + first, t->scale + first, t->zero + first, t->value + first, t->constant + first,
              NULL, NULL, NULL, NULL, NULL, NULL };

  run_place (c, group, row0 + first, &run);
  fit_run (&q, &run, here, lane - first, step, reduce);
  if (lane < rows)
    {
      size_t at = group * c.rows + row0 + lane;

      prepare_row (c.quantizer, t, lane);
      c.scale[at] = t->scale[lane];
      c.zero[at] = t->zero[lane];
      c.constant[at] = t->constant[lane];
      c.value[at] = t->value[lane];
    }
}

static __device__ inline void
begin_group (const SpqrCudaColumns &c, const Tile *t, size_t a, size_t s, size_t e, size_t row0, int tile_rows, int rows)
{
  int r = (int) threadIdx.x / LANES, lane = (int) threadIdx.x % LANES;
  bool there = r < rows;
  RowWeights row = { t->w + (there ? r : 0) * STRIDE, c.w + (row0 + (there ? r : 0)) * c.n, s, e };
  float *gain = c.gain != NULL && there ? c.gain + (row0 + r) * c.n : NULL;
  float lo, hi;

  find_range (c, &row, gain, a, lane, &lo, &hi);
  if (there && lane == 0)
    {
      t->lo[r] = lo;
      t->hi[r] = hi;
    }
  __syncthreads ();
  if (threadIdx.x < 32)
    fit_tile (c, t, a / c.groupsize, row0, tile_rows, rows);
  __syncthreads ();
}

/* Rows a … b-1 of U, columns s … e-1. */
static __device__ inline void
load_u (const SpqrCudaColumns &c, const Tile *t, size_t a, size_t b, size_t s, size_t e)
{
  __syncthreads ();
  if (c.u != NULL)
    for (int i = (int) threadIdx.x; i < (int) (b - a) * SPQR_CUDA_BLOCK; i += (int) blockDim.x)
      if (s + i % SPQR_CUDA_BLOCK < e)
        t->u[i] = c.u[(a + i / SPQR_CUDA_BLOCK) * c.n + s + i % SPQR_CUDA_BLOCK];
  __syncthreads ();
}

/* Column i: code, decoded value and error of one row; the bit is set where it is an outlier. */
static __device__ inline bool
quantize_weight (const SpqrCudaColumns &c, const Tile *t, int r, float w, float d, float *code, float *value, float *error,
                 float *stored)
{
  const SpqrCudaQuantizer &q = c.quantizer;
  float scale = t->scale[r], zero = t->zero[r];

  *code = spqr_quantize_value (w, scale, zero, q.maxq);
  *value = q.compat ? spqr_dequantize_value (*code, scale, zero) : spqr_dequantize_f16 (*code, scale, zero);
  if (t->constant[r])
    {
      *value = t->value0[r];
      *code = t->code0[r];
    }
  *error = (w - *value) / d;
  if (!(c.threshold < *error * *error))
    return false;
  spqr_store_outlier (w, t->value0[r], q.compat, stored, value);
  *code = t->code0[r];
  *error = (w - *value) / d;
  return true;
}

static __device__ inline void
quantize_columns (const SpqrCudaColumns &c, const Tile *t, size_t a, size_t b, size_t s, size_t e, size_t row0, int rows)
{
  int r = (int) threadIdx.x / LANES, lane = (int) threadIdx.x % LANES;
  bool there = r < rows;
  float *w = t->w + (there ? r : 0) * STRIDE;
  uint32_t bits = 0;

  for (size_t i = a; i < b; i++)
    {
      int at = (int) (i - s);
      float current = there ? w[at] : 0.0f, code = 0.0f, value = 0.0f, error = 0.0f, stored = 0.0f;
      bool outlier = there && quantize_weight (c, t, r, current, c.d[i], &code, &value, &error, &stored);

      if (there && c.u != NULL)
        for (int j = at + 1 + lane; j < (int) (e - s); j += LANES)
          w[j] -= error * t->u[(i - a) * SPQR_CUDA_BLOCK + j];
      __syncwarp ();            /* everybody has read w[at] and sees w[at + 1] */
      if (!there || lane != 0)
        continue;
      w[at] = value;
      t->error[r * STRIDE + at] = error;
      t->codes[r * SPQR_CUDA_BLOCK + at] = (uint8_t) (int) code;
      if (outlier)
        {
          bits |= 1u << i % 32;
          if (c.residual != NULL)
            c.residual[(row0 + r) * c.n + i] = stored;
        }
      if (bits != 0 && (i % 32 == 31 || i + 1 == b))
        {
          c.bits[(row0 + r) * c.words + i / 32] |= bits;        /* nobody else has this word */
          bits = 0;
        }
    }
}

static __device__ inline void
load_tile (const SpqrCudaColumns &c, const Tile *t, size_t a, size_t s, size_t e, size_t row0, int rows)
{
  for (int i = (int) threadIdx.x; i < rows * SPQR_CUDA_BLOCK; i += (int) blockDim.x)
    {
      size_t r = i / SPQR_CUDA_BLOCK, j = i % SPQR_CUDA_BLOCK;

      if (s + j >= a && s + j < e)
        t->w[r * STRIDE + j] = c.w[(row0 + r) * c.n + s + j];
    }
  __syncthreads ();
}

/* Columns a … e-1 were changed, a … b-1 of them quantized. */
static __device__ inline void
store_tile (const SpqrCudaColumns &c, const Tile *t, size_t a, size_t b, size_t s, size_t e, size_t row0, int rows)
{
  __syncthreads ();
  for (int i = (int) threadIdx.x; i < rows * SPQR_CUDA_BLOCK; i += (int) blockDim.x)
    {
      size_t r = i / SPQR_CUDA_BLOCK, j = i % SPQR_CUDA_BLOCK, column = s + j;

      if (column >= a && column < e)
        c.w[(row0 + r) * c.n + column] = t->w[r * STRIDE + j];
      if (column >= a && column < b)
        {
          c.error[(row0 + r) * c.ld_error + column - c.error_first] = t->error[r * STRIDE + j];
          c.codes[(row0 + r) * c.n + column] = t->codes[r * SPQR_CUDA_BLOCK + j];
        }
    }
}

/* Columns a … b-1 of the block s … e-1. fused: with the statistics of the groups that start there;
 * else those of their group, which are in global memory. */
static __global__ void __launch_bounds__ (MOST_ROWS *LANES)
columns_kernel (SpqrCudaColumns c, size_t a, size_t b, size_t s, size_t e, int tile_rows, bool fused)
{
  SPQR_DYNAMIC_SHARED (memory);
  Tile t = tile_at (memory, tile_rows);
  size_t row0 = (size_t) blockIdx.x * tile_rows;
  int rows = (int) (c.rows - row0 < (size_t) tile_rows ? c.rows - row0 : tile_rows);

  load_tile (c, &t, a, s, e, row0, rows);
  /* A group may go on from the block before: its statistics are there already. */
  if ((!fused || a % c.groupsize != 0) && (int) threadIdx.x < rows)
    {
      size_t at = a / c.groupsize * c.rows + row0 + threadIdx.x;

      t.scale[threadIdx.x] = c.scale[at];
      t.zero[threadIdx.x] = c.zero[at];
      t.constant[threadIdx.x] = c.constant[at];
      t.value[threadIdx.x] = c.value[at];
      prepare_row (c.quantizer, &t, (int) threadIdx.x);
    }
  for (size_t from = a, to; from < b; from = to)
    {
      size_t next_group = (from / c.groupsize + 1) * c.groupsize;

      to = from + SUB < b ? from + SUB : b;
      to = to < next_group ? to : next_group;
      load_u (c, &t, from, to, s, e);
      if (fused && from % c.groupsize == 0)
        begin_group (c, &t, from, s, e, row0, tile_rows, rows);
      quantize_columns (c, &t, from, to, s, e, row0, rows);
    }
  store_tile (c, &t, a, b, s, e, row0, rows);
}

/* ---- the product after a block ---- */

#define TILE 128                /* rows and columns of a thread block */
#define STEP 8                  /* columns of Err at a time */
#define UPDATE_THREADS 256      /* each 8 x 8 weights: four and four rows and columns, 64 apart */

static __device__ inline int
tile_place (int thread, int i)
{
  return i < 4 ? thread * 4 + i : TILE / 2 + thread * 4 + i - 4;
}

/* W(r, j) -= sum over t of Err(r, t) U(t, j), t ascending, fused; all of j >= e. */
static __global__ void __launch_bounds__ (UPDATE_THREADS)
update_kernel (SpqrCudaColumns c, size_t s, size_t e)
{
  __shared__ __align__ (16) float errors[STEP][TILE + 4];
  __shared__ __align__ (16) float factors[STEP][TILE + 4];
  int t = (int) threadIdx.x, tx = t % 16, ty = t / 16;
  size_t row0 = (size_t) blockIdx.y * TILE, col0 = e + (size_t) blockIdx.x * TILE;
  float sum[8][8];

  for (int i = 0; i < 8; i++)
    for (int j = 0; j < 8; j++)
      sum[i][j] = 0.0f;
  for (size_t k0 = s; k0 < e; k0 += STEP)
    {
      __syncthreads ();
      for (int i = 0; i < STEP * TILE / UPDATE_THREADS; i++)
        {
          size_t row = row0 + (size_t) (t / STEP + i * (UPDATE_THREADS / STEP)), column = k0 + (size_t) (t % STEP);

          errors[t % STEP][t / STEP + i * (UPDATE_THREADS / STEP)] =
            row < c.rows && column < e ? c.error[row * c.ld_error + column - c.error_first] : 0.0f;
        }
      for (int i = 0; i < STEP * TILE / UPDATE_THREADS; i++)
        {
          size_t row = k0 + (size_t) (t / TILE + i * (UPDATE_THREADS / TILE)), column = col0 + (size_t) (t % TILE);

          factors[t / TILE + i * (UPDATE_THREADS / TILE)][t % TILE] = row < e && column < c.n ? c.u[row * c.n + column] : 0.0f;
        }
      __syncthreads ();
      for (int k = 0; k < STEP; k++)
        {
          float a[8], b[8];

          for (int i = 0; i < 8; i++)
            {
              a[i] = errors[k][tile_place (ty, i)];
              b[i] = factors[k][tile_place (tx, i)];
            }
          for (int i = 0; i < 8; i++)
            for (int j = 0; j < 8; j++)
              sum[i][j] = fmaf (a[i], b[j], sum[i][j]);
        }
    }
  for (int i = 0; i < 8; i++)
    for (int j = 0; j < 8; j++)
      {
        size_t row = row0 + (size_t) tile_place (ty, i), column = col0 + (size_t) tile_place (tx, j);

        if (row < c.rows && column < c.n)
          c.w[row * c.n + column] -= sum[i][j];
      }
}

/* ---- the general way ---- */

static __global__ void __launch_bounds__ (ROWS *LANES)
range_kernel (SpqrCudaColumns c, size_t a)
{
  size_t r = (size_t) blockIdx.x * ROWS + threadIdx.x / LANES;
  int lane = (int) threadIdx.x % LANES;
  bool there = r < c.rows;
  RowWeights row = { NULL, c.w + (there ? r : 0) * c.n, 0, 0 };
  float lo, hi;

  find_range (c, &row, c.gain != NULL && there ? c.gain + r * c.n : NULL, a, lane, &lo, &hi);
  if (there && lane == 0)
    {
      c.lo[r] = lo;
      c.hi[r] = hi;
    }
}

/* One range for all rows: the widest. One block. */
static __global__ void __launch_bounds__ (FIT_THREADS)
share_range_kernel (SpqrCudaColumns c)
{
  __shared__ float scratch[2 * FIT_THREADS];
  BlockReduce reduce = { scratch };
  float lo = INFINITY, hi = -INFINITY;

  for (size_t r = threadIdx.x; r < c.rows; r += FIT_THREADS)
    {
      lo = spqr_smaller (lo, c.lo[r]);
      hi = spqr_larger (hi, c.hi[r]);
    }
  reduce (&lo, &hi);
  for (size_t r = threadIdx.x; r < c.rows; r += FIT_THREADS)
    {
      c.lo[r] = lo;
      c.hi[r] = hi;
    }
}

/* A block a run; without second order any cut of the rows will do. */
static __global__ void __launch_bounds__ (FIT_THREADS)
fit_kernel (SpqrCudaColumns c, size_t group, size_t run_rows)
{
  __shared__ float scratch[2 * FIT_THREADS];
  BlockReduce reduce = { scratch };
  SpqrGroupQuantizer q = group_quantizer (c.quantizer);
  size_t first = (size_t) blockIdx.x * run_rows, at = group * c.rows + first;
  int rows = (int) (c.rows - first < run_rows ? c.rows - first : run_rows);
  Run run = { c.lo + first, c.hi + first, c.scale + at, c.zero + at, c.value + at, c.constant + at,
              NULL, NULL, NULL, NULL, NULL, NULL };

  run_place (c, group, first, &run);
  fit_run (&q, &run, rows, (int) threadIdx.x, FIT_THREADS, reduce);
}

/* ---- host ---- */

static size_t
choose_tile_rows (const SpqrCudaColumns &c)
{
  if (c.run_rows == 0 || c.run_rows > MOST_ROWS)
    return ROWS;
  return c.run_rows >= ROWS ? c.run_rows : ROWS / c.run_rows * c.run_rows;
}

static void
launch_columns (SpqrCudaOp &op, const SpqrCudaColumns &c, size_t a, size_t b, size_t s, size_t e, bool fused)
{
  size_t tile_rows = choose_tile_rows (c);
  unsigned threads = (unsigned) ((tile_rows * LANES + 31) / 32 * 32);

  /* Weights in and out, errors, codes; each tile reads the block's triangle of U. Two operations a
   * weight and later column of the block. */
  op.work ((double) c.rows * (double) (e - a) * 13 + (double) (c.rows / tile_rows) * (double) (b - a) * (double) (e - a) * 2,
           (double) c.rows * (double) (b - a) * (double) (e - a));
  SPQR_LAUNCH (op, columns_kernel, spqr_cuda_blocks (c.rows, tile_rows), threads, tile_bytes (tile_rows), c, a, b, s, e,
               (int) tile_rows, fused);
}

static void
begin_group_general (SpqrCudaOp &op, const SpqrCudaColumns &c, size_t a)
{
  size_t run_rows = c.run_rows != 0 ? c.run_rows : FIT_THREADS;

  SPQR_LAUNCH (op, range_kernel, spqr_cuda_blocks (c.rows, ROWS), ROWS * LANES, 0, c, a);
  if (!c.perchannel)
    SPQR_LAUNCH (op, share_range_kernel, 1, FIT_THREADS, 0, c);
  SPQR_LAUNCH (op, fit_kernel, spqr_cuda_blocks (c.rows, run_rows), FIT_THREADS, 0, c, a / c.groupsize, run_rows);
}

static void
update_trailing (SpqrCudaOp &op, const SpqrCudaColumns &c, size_t s, size_t e)
{
  double rest = (double) (c.n - e), rows = (double) c.rows, k = (double) (e - s);

  if (op.device->cublas_update)
    {
      op.gemm (false, false, c.rows, c.n - e, e - s, -1.0f, c.error + (s - c.error_first), c.ld_error, c.u + s * c.n + e, c.n,
               1.0f, c.w + e, c.n);
      return;
    }
  op.work (4.0 * (rows * k + k * rest + 2.0 * rows * rest), 2.0 * rows * rest * k);
  SPQR_LAUNCH (op, update_kernel, dim3 (spqr_cuda_blocks (c.n - e, TILE), spqr_cuda_blocks (c.rows, TILE)), UPDATE_THREADS, 0,
               c, s, e);
}

static void
run_block (SpqrCudaOp &op, const SpqrCudaColumns &c, size_t s, size_t e)
{
  if (c.perchannel && c.run_rows <= MOST_ROWS)
    {
      launch_columns (op, c, s, e, s, e, true);
      return;
    }
  for (size_t a = s, b; a < e && op.ok (); a = b)
    {
      size_t next_group = (a / c.groupsize + 1) * c.groupsize;

      b = next_group < e ? next_group : e;
      if (a % c.groupsize == 0)
        begin_group_general (op, c, a);
      launch_columns (op, c, a, b, s, e, false);
    }
}

void
spqr_cuda_columns_run (SpqrCudaOp &op, SpqrCudaColumns c)
{
  bool keep_errors = c.ld_error >= c.n;

  for (size_t s = 0; s < c.n && op.ok (); s += SPQR_CUDA_BLOCK)
    {
      size_t e = s + SPQR_CUDA_BLOCK < c.n ? s + SPQR_CUDA_BLOCK : c.n;

      c.error_first = keep_errors ? 0 : s;
      run_block (op, c, s, e);
      if (c.u != NULL && e < c.n)
        update_trailing (op, c, s, e);
      op.pace ();
    }
}
