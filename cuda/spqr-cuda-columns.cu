/* spqr-cuda-columns.cu: quantize column by column, compensating errors in the columns to come.
 *
 * Blocks of 128 columns [s, e). For i in s … e-1:
 *   where a group starts: fit its statistics on the current weights;
 *   c = code(w_i), w^_i its decoded value, err_i = (w_i - w^_i) / U_ii; an outlier if err_i^2 > T;
 *   w_j -= err_i U_ij for i < j < e.
 * After the block: W(:, e…) -= Err U(s…e, e…), one product (spqr-cuda-update.cu).
 *
 * A thread block takes a tile of rows, four neighbouring lanes a row. Each lane keeps every fourth of the row's columns in
 * registers; the weight at hand goes to all four by a shuffle, they quantize it all alike, and each compensates its own
 * columns, so every weight sees the CPU's subtractions in the CPU's order and the results inside a block are the CPU's
 * bits. Registers cannot be chosen by a number, so they move down by one when four columns are done: the column at hand
 * is always in the first. U's row of the next column is fetched while this one is quantized; shared memory holds the
 * weights for the statistics alone. A tile is made of whole statistics runs of at most 32 rows; one warp fits them, a lane
 * a row, minima and maxima going round inside the run by shuffles. Then everything of a block happens in one launch
 * (fused). Longer runs, and one range for all rows, take the general way: ranges, statistics and columns are launches of
 * their own, same code.
 *
 * Bound of one fused block: cuda/README.md. */
#include "spqr-cuda-columns.h"

#include "spqr-cuda-group.h"

#define LANES SPQR_CUDA_LANES
#define MOST_ROWS 32            /* of a fused tile: one warp fits them */
#define ROWS 16                 /* of a tile where runs leave the choice */
#define STRIDE (SPQR_CUDA_BLOCK + LANES)        /* of the tile's rows: a warp's rows and lanes hit 32 banks */
#define PARTS (SPQR_CUDA_BLOCK / LANES) /* of a row's columns that a lane keeps */
#define CHUNK 4                 /* parts that are skipped together once their columns are done */
#define FIT_THREADS SPQR_CUDA_FIT_THREADS

/* Everything of a tile in shared memory. */
typedef struct {
  float *w;                     /* (tile rows, STRIDE) */
  uint8_t *codes;               /* (tile rows, 128) */
  float *lo, *hi, *scale, *zero, *code0, *value0, *value;       /* (tile rows) */
  uint8_t *constant;
} Tile;

/* What a lane keeps in registers. `base`, a multiple of LANES, goes along with the column at hand. */
typedef struct {
  float w[PARTS];               /* the row's columns base + lane + LANES part; moved down when base moves on */
  float u[PARTS], d;            /* of U's row of the column at hand, the same columns; its diagonal */
  const float *u_next;          /* where u comes from */
  float current;                /* the row's weight in the column at hand; all lanes of the row alike, as what follows */
  float value, error, code;     /* but these: what became of the column base + lane */
  uint32_t bits;                /* outliers of the word at hand */
  float scale, zero, code0, value0;
  bool constant;
} Lane;

static size_t
tile_bytes (size_t tile_rows)
{
  return tile_rows * (STRIDE + 7) * sizeof (float) + tile_rows * (SPQR_CUDA_BLOCK + 1);
}

static __device__ inline Tile
tile_at (unsigned char *memory, int tile_rows)
{
  Tile t;

  t.w = (float *) (void *) memory;
  t.lo = t.w + tile_rows * STRIDE;
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

/* The lanes of a row see its weights in t->w. */
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

/* The row's columns from base on (of the block of `width`) into registers. */
static __device__ inline void
take_weights (Lane *mine, const float *row, int base, int width, int lane, bool there)
{
  for (int part = 0; part < PARTS; part++)
    {
      int j = base + lane + part * LANES;

      mine->w[part] = there && j < width ? row[j] : 0.0f;
    }
}

/* Columns at … to where all lanes of the row see them. */
static __device__ inline void
show_weights (const Lane *mine, float *row, int base, int at, int width, int lane, bool there)
{
  for (int part = 0; part < PARTS; part++)
    {
      int j = base + lane + part * LANES;

      if (there && j >= at && j < width)
        row[j] = mine->w[part];
    }
  __syncwarp ();
}

/* The row of U at mine->u_next and its diagonal, a column ahead of their use: while they come, the column before is
 * quantized. base: of the column that they are for. */
static __device__ inline void
fetch_u (const SpqrCudaColumns &c, Lane *mine, float diagonal, int base, int width, int lane)
{
  const float *u = mine->u_next;

  mine->d = diagonal;
  if (c.u == NULL)
    return;
  for (int first = 0; first < PARTS; first += CHUNK)
    {
      if (base + first * LANES >= width)
        break;
      if (base + (first + CHUNK) * LANES <= width)
        for (int part = first; part < first + CHUNK; part++)
          mine->u[part] = u[part * LANES];
      else
        for (int part = first; part < first + CHUNK; part++)
          if (base + lane + part * LANES < width)
            mine->u[part] = u[part * LANES];
    }
}

/* w -= error u in the chunk's columns; the weights of columns that are done do not matter any more. */
static __device__ inline void
compensate (Lane *mine, float error, int first)
{
  for (int part = first; part < first + CHUNK; part++)
    mine->w[part] -= error * mine->u[part];
}

static __device__ inline void
take_statistics (Lane *mine, const Tile *t, int r)
{
  mine->scale = t->scale[r];
  mine->zero = t->zero[r];
  mine->code0 = t->code0[r];
  mine->value0 = t->value0[r];
  mine->constant = t->constant[r] != 0;
}

/* Code, decoded value and error of the weight at hand; TRUE where it is an outlier. */
static __device__ inline bool
quantize_weight (const SpqrCudaColumns &c, const Lane *mine, float *code, float *value, float *error, float *stored)
{
  const SpqrCudaQuantizer &q = c.quantizer;
  float w = mine->current;

  *code = spqr_quantize_value (w, mine->scale, mine->zero, q.maxq);
  *value = q.compat ? spqr_dequantize_value (*code, mine->scale, mine->zero) : spqr_cuda_dequantize_f16 (*code, mine->scale, mine->zero);
  if (mine->constant)
    {
      *value = mine->value0;
      *code = mine->code0;
    }
  *error = (w - *value) / mine->d;
  if (!(c.threshold < *error * *error))
    return false;
  spqr_store_outlier (w, mine->value0, q.compat, stored, value);
  *code = mine->code0;
  *error = (w - *value) / mine->d;
  return true;
}

/* Column `at` of the block, in the LANES columns from base on; `last` is the launch's last. */
static __device__ inline void
quantize_column (const SpqrCudaColumns &c, Lane *mine, int at, int base, int last, size_t s, int width, size_t row, int lane, bool there)
{
  float code = 0.0f, value = 0.0f, error = 0.0f, stored = 0.0f;
  bool outlier = there && quantize_weight (c, mine, &code, &value, &error, &stored), on = at + 1 == base + LANES;

  if (c.u != NULL)
    {
      compensate (mine, error, 0);
      mine->u_next += on ? c.n + LANES : c.n;
    }
  mine->current = __shfl_sync (SPQR_FULL_WARP, on ? mine->w[1] : mine->w[0], (at + 1) % LANES, LANES);
  for (int first = CHUNK; first < PARTS && c.u != NULL; first += CHUNK)
    {
      if (base + first * LANES >= width)
        break;
      compensate (mine, error, first);
    }
  if (at < last)
    fetch_u (c, mine, c.d[s + at + 1], on ? base + LANES : base, width, lane);
  mine->value = base + lane == at ? value : mine->value;
  mine->error = base + lane == at ? error : mine->error;
  mine->code = base + lane == at ? code : mine->code;
  if (outlier)
    {
      mine->bits |= 1u << at % 32;
      if (c.residual != NULL && lane == 0)
        c.residual[row * c.n + s + at] = stored;
    }
}

/* The columns up to `last` of the LANES from base on are done: each lane stores its own, if it is not before `first`. */
static __device__ inline void
store_own (const SpqrCudaColumns &c, const Tile *t, const Lane *mine, size_t s, int base, int first, int last, size_t row0, int r, int lane,
           bool there)
{
  int j = base + lane;

  if (!there || j < first || j > last)
    return;
  t->w[r * STRIDE + j] = mine->value;
  t->codes[r * SPQR_CUDA_BLOCK + j] = (uint8_t) (int) mine->code;
  c.error[(row0 + r) * c.ld_error + s + j - c.error_first] = mine->error;
}

/* Columns from … to-1 of the block, of one group; first … last are the launch's. */
static __device__ inline void
quantize_columns (const SpqrCudaColumns &c, const Tile *t, Lane *mine, int from, int to, int first, int last, size_t s, int width,
                  size_t row0, int rows)
{
  int r = (int) threadIdx.x / LANES, lane = (int) threadIdx.x % LANES;
  bool there = r < rows;

  for (int at = from; at < to; )
    {
      int base = at / LANES * LANES, end = base + LANES < to ? base + LANES : to;

      for (; at < end; at++)
        quantize_column (c, mine, at, base, last, s, width, row0 + r, lane, there);
      if (at % 32 == 0 || at > last)
        {
          if (mine->bits != 0 && lane == 0)
            c.bits[(row0 + r) * c.words + (s + at - 1) / 32] |= mine->bits;     /* nobody else has this word */
          mine->bits = 0;
        }
      store_own (c, t, mine, s, base, first, at - 1, row0, r, lane, there);
      if (at == base + LANES)
        for (int part = 0; part + 1 < PARTS; part++)
          mine->w[part] = mine->w[part + 1];
    }
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
        c.codes[(row0 + r) * c.n + column] = t->codes[r * SPQR_CUDA_BLOCK + j];
    }
}

/* Columns a … b-1 of the block s … e-1. fused: with the statistics of the groups that start there;
 * else those of their group, which are in global memory. */
static __global__ void __launch_bounds__ (MOST_ROWS *LANES, 1)
columns_kernel (SpqrCudaColumns c, size_t a, size_t b, size_t s, size_t e, int tile_rows, bool fused)
{
  SPQR_DYNAMIC_SHARED (memory);
  Tile t = tile_at (memory, tile_rows);
  size_t row0 = (size_t) blockIdx.x * tile_rows;
  int rows = (int) (c.rows - row0 < (size_t) tile_rows ? c.rows - row0 : tile_rows);
  int r = (int) threadIdx.x / LANES, lane = (int) threadIdx.x % LANES, width = (int) (e - s), at = (int) (a - s);
  bool there = r < rows;
  float *row = t.w + (there ? r : 0) * STRIDE;
  Lane mine = {};

  take_weights (&mine, c.w + (row0 + (there ? r : 0)) * c.n + s, at / LANES * LANES, width, lane, there);
  if (c.u != NULL)
    mine.u_next = c.u + a * c.n + s + at / LANES * LANES + lane;
  fetch_u (c, &mine, c.d[a], at / LANES * LANES, width, lane);
  mine.current = __shfl_sync (SPQR_FULL_WARP, mine.w[0], at % LANES, LANES);
  /* A group may go on from the block before: its statistics are there already. */
  if ((!fused || a % c.groupsize != 0) && (int) threadIdx.x < rows)
    {
      size_t first = a / c.groupsize * c.rows + row0 + threadIdx.x;

      t.scale[threadIdx.x] = c.scale[first];
      t.zero[threadIdx.x] = c.zero[first];
      t.constant[threadIdx.x] = c.constant[first];
      t.value[threadIdx.x] = c.value[first];
      prepare_row (c.quantizer, &t, (int) threadIdx.x);
    }
  __syncthreads ();
  for (size_t from = a, to; from < b; from = to)
    {
      size_t next_group = (from / c.groupsize + 1) * c.groupsize;

      to = b < next_group ? b : next_group;
      at = (int) (from - s);
      if (fused && from % c.groupsize == 0)
        {
          show_weights (&mine, row, at / LANES * LANES, at, width, lane, there);
          begin_group (c, &t, from, s, e, row0, tile_rows, rows);
        }
      take_statistics (&mine, &t, there ? r : 0);
      quantize_columns (c, &t, &mine, at, (int) (to - s), (int) (a - s), (int) (b - s) - 1, s, width, row0, rows);
    }
  at = (int) (b - s);
  if (b < e)
    show_weights (&mine, row, at / LANES * LANES, at, width, lane, there);
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
static __global__ void __launch_bounds__ (FIT_THREADS, 1)
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
