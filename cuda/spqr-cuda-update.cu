/* spqr-cuda-update.cu: W(r, j) -= sum over t of Err(r, t) U(t, j), for all columns j after a block.
 *
 * The product after a block is a kernel of our own: each weight's 128 terms are summed one by one
 * with fused multiply-adds and then subtracted, which is what OpenBLAS's kernels for AVX2 and AVX-512
 * do, so that whole layers come out with the CPU's bits there. Another order of summation costs no
 * accuracy, but a statistic rounded to f16 the other way changes the codes of 16 rows from there on:
 * with cuBLAS (SPQR_CUDA_UPDATE=cublas) expect some per mille of other codes in wide, little damped
 * layers, at the same loss. */
#include "spqr-cuda-columns.h"

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

void
spqr_cuda_columns_update (SpqrCudaOp &op, const SpqrCudaColumns &c, size_t s, size_t e)
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
