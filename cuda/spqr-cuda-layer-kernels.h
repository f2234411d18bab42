/* spqr-cuda-layer-kernels.h: the kernels around the column loop: checks, variances, column order,
 * errors by row, outliers into lists. For spqr-cuda-layer.cu alone. */
#pragma once

#include "spqr-cuda-arith.h"

#define SPQR_CUDA_LAYER_THREADS 256

static __global__ void
check_kernel (const float *w, size_t count, float limit, int *bad)
{
  bool mine = false;

  for (size_t i = (size_t) blockIdx.x * blockDim.x + threadIdx.x; i < count; i += (size_t) gridDim.x * blockDim.x)
    mine = mine || !(fabsf (w[i]) <= limit);
  if (mine)
    atomicOr (bad, 1);
}

/* Sums about the first row of the matrix, row after row. */
static __global__ void
variance_kernel (const float *w, size_t rows, size_t n, const float *first_row, double *sum, double *squares)
{
  size_t j = (size_t) blockIdx.x * blockDim.x + threadIdx.x;
  double s, q;

  if (j >= n)
    return;
  s = sum[j];
  q = squares[j];
  for (size_t r = 0; r < rows; r++)
    {
      double x = (double) w[r * n + j] - (double) first_row[j];

      s += x;
      q += x * x;
    }
  sum[j] = s;
  squares[j] = q;
}

static __global__ void
permute_kernel (const float *w0, size_t rows, size_t n, const int32_t *perm, const uint8_t *dead, float *w)
{
  size_t j = (size_t) blockIdx.x * blockDim.x + threadIdx.x;

  if (j < n)
    for (size_t r = blockIdx.y; r < rows; r += gridDim.y)
      w[r * n + j] = dead != NULL && dead[j] ? 0.0f : w0[r * n + (size_t) perm[j]];
}

/* out (rows, n), original order: w0 - w^. */
static __global__ void
difference_kernel (const float *w0, const float *w_hat, size_t rows, size_t n, const int32_t *perm, float *out)
{
  size_t j = (size_t) blockIdx.x * blockDim.x + threadIdx.x;

  if (j < n)
    for (size_t r = blockIdx.y; r < rows; r += gridDim.y)
      {
        size_t p = r * n + (size_t) perm[j];

        out[p] = w0[p] - w_hat[r * n + j];
      }
}

/* A block a row: sum of (w0 - w^)^2. */
static __global__ void
row_error_kernel (const float *w0, const float *w_hat, size_t n, const int32_t *perm, double *sums)
{
  __shared__ double scratch[SPQR_CUDA_LAYER_THREADS];
  size_t r = blockIdx.x;
  double sum = 0;

  for (size_t j = threadIdx.x; j < n; j += SPQR_CUDA_LAYER_THREADS)
    {
      double x = (double) w0[r * n + (size_t) perm[j]] - (double) w_hat[r * n + j];

      sum += x * x;
    }
  scratch[threadIdx.x] = sum;
  __syncthreads ();
  for (unsigned half = SPQR_CUDA_LAYER_THREADS / 2; half > 0; half /= 2)
    {
      if (threadIdx.x < half)
        scratch[threadIdx.x] += scratch[threadIdx.x + half];
      __syncthreads ();
    }
  if (threadIdx.x == 0)
    sums[r] = scratch[0];
}

/* A warp a row. */
static __global__ void
count_outliers_kernel (const uint32_t *bits, size_t rows, size_t words, uint32_t *counts)
{
  size_t r = ((size_t) blockIdx.x * blockDim.x + threadIdx.x) / 32;
  unsigned lane = threadIdx.x % 32, count = 0;

  if (r < rows)
    for (size_t i = lane; i < words; i += 32)
      count += (unsigned) __popc (bits[r * words + i]);
  for (int step = 16; step > 0; step /= 2)
    count += __shfl_xor_sync (SPQR_FULL_WARP, count, step);
  if (r < rows && lane == 0)
    counts[r] = count;
}

static __global__ void
collect_outliers_kernel (const uint32_t *bits, size_t rows, size_t words, const float *values, size_t n,
                         const uint32_t *offsets, uint32_t *out_cols, float *out_values)
{
  size_t r = ((size_t) blockIdx.x * blockDim.x + threadIdx.x) / 32;
  unsigned lane = threadIdx.x % 32;
  uint32_t next = r < rows ? offsets[r] : 0;

  for (size_t first = 0; first < words; first += 32)
    {
      uint32_t word = r < rows && first + lane < words ? bits[r * words + first + lane] : 0;
      unsigned mine = (unsigned) __popc (word), upto = mine;
      uint32_t at;

      for (int step = 1; step < 32; step *= 2)          /* inclusive sums over the lanes */
        {
          unsigned before = __shfl_sync (SPQR_FULL_WARP, upto, (int) lane - step < 0 ? 0 : (int) lane - step);

          upto += (int) lane >= step ? before : 0;
        }
      at = next + upto - mine;
      next += __shfl_sync (SPQR_FULL_WARP, upto, 31);
      for (; word != 0; word &= word - 1, at++)
        {
          size_t j = (first + lane) * 32 + (size_t) __ffs ((int) word) - 1;

          out_cols[at] = (uint32_t) j;
          out_values[at] = values[r * n + j];
        }
    }
}
