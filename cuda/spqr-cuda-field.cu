/* spqr-cuda-field.cu: sensitivities and max-pool pyramids.
 *
 *     s_ij = (w_ij - w^_ij)^2 / (2 [H^-1]_jj)      w^ by plain rounding, groups along the columns
 *     level k + 1: of each 2 x 2 cells the value of largest magnitude (keys: core/num/spqr-pyramid.c) */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spqr-cuda-arith.h"
#include "spqr-cuda-ops.h"

#define THREADS 256
#define LANES 8                 /* threads a group */
#define PART ((size_t) 32 << 20)        /* weights at a time */
#define MOST_LEVELS 65

typedef struct {
  const float *hinv_diag;       /* (n) or NULL */
  const float *lo, *hi;         /* (groups) of all rows, or NULL */
  size_t n, group, groups;
  float maxq;
  bool sym, round_zero, compat;
} Sensitivity;

/* In place; eight lanes a group of a row. */
static __global__ void
sensitivity_kernel (float *w, size_t rows, Sensitivity s)
{
  size_t index = ((size_t) blockIdx.x * THREADS + threadIdx.x) / LANES, r = index / s.groups, g = index % s.groups;
  size_t first = g * s.group, k = s.n - first < s.group ? s.n - first : s.group;
  unsigned lane = threadIdx.x % LANES;
  bool there = r < rows;
  float *at = w + r * s.n + first, lo = INFINITY, hi = -INFINITY, scale, zero;

  for (size_t i = lane; i < k && there; i += LANES)
    {
      lo = spqr_smaller (at[i], lo);
      hi = spqr_larger (at[i], hi);
    }
  for (int step = 1; step < LANES; step *= 2)
    {
      lo = spqr_smaller (lo, __shfl_xor_sync (SPQR_FULL_WARP, lo, step));
      hi = spqr_larger (hi, __shfl_xor_sync (SPQR_FULL_WARP, hi, step));
    }
  if (s.lo != NULL)
    {
      lo = s.lo[g];
      hi = s.hi[g];
    }
  spqr_fit_range (lo, hi, s.maxq, s.sym, s.compat, &scale, &zero);
  if (s.round_zero)
    zero = rintf (zero);
  for (size_t i = lane; i < k && there; i += LANES)
    {
      float error = at[i] - spqr_dequantize_value (spqr_quantize_value (at[i], scale, zero, s.maxq), scale, zero);
      float value = lo == hi && !s.compat ? 0.0f : error * error * 0.5f;

      if (s.hinv_diag != NULL && !(lo == hi && !s.compat))
        value /= s.hinv_diag[first + i];
      at[i] = value;
    }
}

/* A block a group: its range over these rows and what is in lo, hi already. */
static __global__ void
shared_range_kernel (const float *w, size_t rows, size_t n, size_t group, float *lo, float *hi)
{
  __shared__ float scratch[2 * THREADS];
  size_t first = (size_t) blockIdx.x * group, k = n - first < group ? n - first : group;
  unsigned t = threadIdx.x;
  float low = INFINITY, high = -INFINITY;

  for (size_t i = t; i < rows * k; i += THREADS)
    {
      float v = w[i / k * n + first + i % k];

      low = spqr_smaller (v, low);
      high = spqr_larger (v, high);
    }
  scratch[t] = low;
  scratch[THREADS + t] = high;
  __syncthreads ();
  for (unsigned half = THREADS / 2; half > 0; half /= 2)
    {
      if (t < half)
        {
          scratch[t] = spqr_smaller (scratch[t], scratch[t + half]);
          scratch[THREADS + t] = spqr_larger (scratch[THREADS + t], scratch[THREADS + t + half]);
        }
      __syncthreads ();
    }
  if (t == 0)
    {
      lo[blockIdx.x] = spqr_smaller (lo[blockIdx.x], scratch[0]);
      hi[blockIdx.x] = spqr_larger (hi[blockIdx.x], scratch[THREADS]);
    }
}

static __global__ void
fill_kernel (float *at, size_t count, float value)
{
  for (size_t i = (size_t) blockIdx.x * THREADS + threadIdx.x; i < count; i += (size_t) gridDim.x * THREADS)
    at[i] = value;
}

static void
find_shared_ranges (SpqrCudaOp &op, const float *w, size_t m, const Sensitivity *s, float *buffer, size_t part, float *lo, float *hi)
{
  SPQR_LAUNCH (op, fill_kernel, 64, THREADS, 0, lo, s->groups, INFINITY);
  SPQR_LAUNCH (op, fill_kernel, 64, THREADS, 0, hi, s->groups, -INFINITY);
  for (size_t r = 0; r < m && op.ok (); r += part)
    {
      size_t rows = m - r < part ? m - r : part;

      op.upload (buffer, w + r * s->n, rows * s->n * sizeof *w);
      SPQR_LAUNCH (op, shared_range_kernel, (unsigned) s->groups, THREADS, 0, buffer, rows, s->n, s->group, lo, hi);
      op.pace ();
    }
}

SpqrStatus
spqr_cuda_field_sensitivity (void *device, const float *w, size_t m, size_t n, const float *hinv_diag,
                             const SpqrParams *params, const SpqrExec *exec, float *out)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  Sensitivity s = {};
  size_t part;
  float *buffer;

  if (params->wbits < 1 || params->wbits > 8 || params->groupsize < 0)
    return SPQR_INVALID;
  if (m == 0 || n == 0)
    return op.status;
  if (n > INT32_MAX || m > SIZE_MAX / sizeof (float) / n)
    return SPQR_UNSUPPORTED;
  part = PART / n != 0 ? PART / n : 1;
  part = part < m ? part : m;
  s.n = n;
  s.group = params->groupsize > 0 && (size_t) params->groupsize < n ? (size_t) params->groupsize : n;
  s.groups = (n + s.group - 1) / s.group;
  s.maxq = spqr_max_code (params->wbits);
  s.sym = params->sym;
  s.round_zero = params->round_zero;
  s.compat = params->compat_reference;
  buffer = op.alloc<float> (part * n);
  if (hinv_diag != NULL)
    s.hinv_diag = op.upload_new (hinv_diag, n);
  if (!params->perchannel)
    {
      float *lo = op.alloc<float> (s.groups), *hi = op.alloc<float> (s.groups);

      find_shared_ranges (op, w, m, &s, buffer, part, lo, hi);
      s.lo = lo;
      s.hi = hi;
    }
  for (size_t r = 0; r < m && op.ok (); r += part)
    {
      size_t rows = m - r < part ? m - r : part;

      op.upload (buffer, w + r * n, rows * n * sizeof *w);
      op.work ((double) rows * (double) n * 8, 0);
      SPQR_LAUNCH (op, sensitivity_kernel, spqr_cuda_blocks (rows * s.groups * LANES, THREADS), THREADS, 0, buffer, rows, s);
      op.download (out + r * n, buffer, rows * n * sizeof *out);
      op.wait ();
      op.poll ();
    }
  return op.finish ();
}

/* ---- pyramid ---- */

static __device__ inline unsigned
key_of (float value)
{
  unsigned bits = __float_as_uint (value);

  return ((bits << 1) | (bits >> 31)) ^ 1u;
}

static __device__ inline float
value_of (unsigned key)
{
  unsigned bits = key ^ 1u;

  return __uint_as_float ((bits >> 1) | (bits << 31));
}

static __global__ void
pool_kernel (const float *below, size_t rows, size_t cols, float *out, size_t out_rows, size_t out_cols)
{
  size_t j = (size_t) blockIdx.x * THREADS + threadIdx.x;

  if (j < out_cols)
    for (size_t i = blockIdx.y; i < out_rows; i += gridDim.y)
      {
        const float *a = below + 2 * i * cols, *b = 2 * i + 1 < rows ? a + cols : a;
        size_t right = 2 * j + 1 < cols ? 2 * j + 1 : 2 * j;
        unsigned keys[4] = { key_of (a[2 * j]), key_of (a[right]), key_of (b[2 * j]), key_of (b[right]) };
        unsigned most = keys[0];

        for (int k = 1; k < 4; k++)
          most = keys[k] > most ? keys[k] : most;
        out[i * out_cols + j] = value_of (most);
      }
}

/* Minimum and maximum of the finite values, a block a pair. */
static __global__ void
finite_range_kernel (const float *at, size_t count, float *lo, float *hi)
{
  __shared__ float scratch[2 * THREADS];
  unsigned t = threadIdx.x;
  float low = INFINITY, high = -INFINITY;

  for (size_t i = (size_t) blockIdx.x * THREADS + t; i < count; i += (size_t) gridDim.x * THREADS)
    if (isfinite (at[i]))
      {
        low = spqr_smaller (at[i], low);
        high = spqr_larger (at[i], high);
      }
  scratch[t] = low;
  scratch[THREADS + t] = high;
  __syncthreads ();
  for (unsigned half = THREADS / 2; half > 0; half /= 2)
    {
      if (t < half)
        {
          scratch[t] = spqr_smaller (scratch[t], scratch[t + half]);
          scratch[THREADS + t] = spqr_larger (scratch[THREADS + t], scratch[THREADS + t + half]);
        }
      __syncthreads ();
    }
  if (t == 0)
    {
      lo[blockIdx.x] = scratch[0];
      hi[blockIdx.x] = scratch[THREADS];
    }
}

void
spqr_cuda_pyramid_free (SpqrPyramid *pyramid)
{
  for (size_t k = 0; k < pyramid->n_levels; k++)
    free (pyramid->levels[k].owned);
  free (pyramid->levels);
  memset (pyramid, 0, sizeof *pyramid);
}

static SpqrStatus
allocate_pyramid (SpqrPyramid *pyramid, const float *field, size_t rows, size_t cols)
{
  pyramid->levels = (SpqrPyramidLevel *) calloc (MOST_LEVELS, sizeof *pyramid->levels);
  if (pyramid->levels == NULL)
    return SPQR_NO_MEMORY;
  pyramid->levels[0] = { field, NULL, rows, cols };
  pyramid->n_levels = 1;
  while (rows > 1 || cols > 1)
    {
      SpqrPyramidLevel *level = &pyramid->levels[pyramid->n_levels];

      rows = rows / 2 + rows % 2;
      cols = cols / 2 + cols % 2;
      level->rows = rows;
      level->cols = cols;
      level->owned = (float *) malloc (rows * cols * sizeof (float));
      level->data = level->owned;
      if (level->owned == NULL)
        return SPQR_NO_MEMORY;
      pyramid->n_levels++;
    }
  return SPQR_OK;
}

static void
find_range (SpqrCudaOp &op, const float *field, size_t count, SpqrPyramid *pyramid)
{
  float *lo = op.alloc<float> (SPQR_CUDA_SUMS), *hi = op.alloc<float> (SPQR_CUDA_SUMS);
  float host[2][SPQR_CUDA_SUMS], low = INFINITY, high = -INFINITY;

  op.work (4.0 * (double) count, 0);
  SPQR_LAUNCH (op, finite_range_kernel, SPQR_CUDA_SUMS, THREADS, 0, field, count, lo, hi);
  op.download (host[0], lo, sizeof host[0]);
  op.download (host[1], hi, sizeof host[1]);
  op.wait ();
  for (int i = 0; i < SPQR_CUDA_SUMS && op.ok (); i++)
    {
      low = host[0][i] < low ? host[0][i] : low;
      high = host[1][i] > high ? host[1][i] : high;
    }
  pyramid->min = low <= high ? low + 0.0f : 0.0f;
  pyramid->max = low <= high ? high + 0.0f : 0.0f;
}

SpqrStatus
spqr_cuda_pyramid_build (void *device, const float *field, size_t rows, size_t cols, const SpqrExec *exec, SpqrPyramid *pyramid)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  SpqrStatus status;
  float *below, *above;

  memset (pyramid, 0, sizeof *pyramid);
  if (rows == 0 || cols == 0)
    return op.status;
  if (cols > SIZE_MAX / sizeof (float) / 2 / rows)
    return SPQR_INVALID;
  status = allocate_pyramid (pyramid, field, rows, cols);
  if (status != SPQR_OK)
    op.fail (status);
  below = op.upload_new (field, rows * cols);
  find_range (op, below, rows * cols, pyramid);
  for (size_t k = 1; k < pyramid->n_levels && op.ok (); k++)
    {
      const SpqrPyramidLevel *from = &pyramid->levels[k - 1], *to = &pyramid->levels[k];
      dim3 grid (spqr_cuda_blocks (to->cols, THREADS), (unsigned) (to->rows < 32768 ? to->rows : 32768));

      above = op.alloc<float> (to->rows * to->cols);
      op.work ((double) from->rows * (double) from->cols * 5, 0);
      SPQR_LAUNCH (op, pool_kernel, grid, THREADS, 0, below, from->rows, from->cols, above, to->rows, to->cols);
      op.download (to->owned, above, to->rows * to->cols * sizeof (float));
      below = above;
    }
  op.wait ();
  op.poll ();
  if (!op.ok ())
    spqr_cuda_pyramid_free (pyramid);
  return op.status;
}
