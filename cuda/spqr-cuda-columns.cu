/* spqr-cuda-columns.cu: quantize column by column, compensating errors in the columns to come.
 *
 * Blocks of 128 columns [s, e). For i in s … e-1:
 *   where a group starts: fit its statistics on the current weights;
 *   c = code(w_i), w^_i its decoded value, err_i = (w_i - w^_i) / U_ii; an outlier if err_i^2 > T;
 *   w_j -= err_i U_ij for i < j < e.
 * After the block: W(:, e…) -= Err U(s…e, e…), one product (spqr-cuda-update.cu).
 *
 * A thread block takes a tile of rows, eight neighbouring lanes a row: they share the row's weights
 * in shared memory, quantize the same column all alike, and each updates every eighth of the columns
 * to come, so every weight sees the CPU's subtractions in the CPU's order and the results inside a
 * block are the CPU's bits. A tile is made of whole statistics runs of at most 32 rows; one warp
 * fits them, a lane a row, minima and maxima going round inside the run by shuffles. Then
 * everything of a block happens in one launch (fused). Longer runs, and one range for all rows,
 * take the general way: ranges, statistics and columns are launches of their own, same code.
 *
 * Bound of one fused block: per row its 128 weights in and out, U's triangle and the codes (about
 * 1.2 KiB a row + 33 KiB a tile) over the copy rate, or the chain of 128 x (shared load + division
 * + some ten dependent additions and roundings + division + shared store), about 200 cycles a
 * column, 26 k cycles; the chain is the longer one up to some 100 k rows. */
#include "spqr-cuda-columns.h"

#include "spqr-cuda-group.h"

#define LANES SPQR_CUDA_LANES
#define MOST_ROWS 32            /* of a fused tile: one warp fits them */
#define ROWS 16                 /* of a tile where runs leave the choice */
#define SUB 16                  /* rows of U in shared memory at a time */
#define STRIDE (SPQR_CUDA_BLOCK + 8)    /* of the tile's rows: four rows x eight lanes hit 32 banks */
#define FIT_THREADS SPQR_CUDA_FIT_THREADS

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
        spqr_cuda_columns_update (op, c, s, e);
      op.pace ();
    }
}
