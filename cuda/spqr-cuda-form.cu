/* spqr-cuda-form.cu: tr(X H X') = sum of X . (X H), and the proxy loss made of two of them:
 *
 *     loss = tr(dW H dW') / tr(W H W'),  dW = W - W^
 *
 * Products in f32 (cuBLAS), sums in f64, in an order that the shapes alone decide. */
#include <math.h>

#include "spqr-cuda-ops.h"

#define THREADS 256
#ifdef SPQR_CUDA_SHIM
#define MOST_FLOPS 1e6          /* several products on small shapes */
#else
#define MOST_FLOPS 2e11         /* of a product: some milliseconds */
#endif

static __global__ void
dot_kernel (const float *a, const float *b, size_t count, double *sums)
{
  __shared__ double scratch[THREADS];
  double sum = 0;

  for (size_t i = (size_t) blockIdx.x * THREADS + threadIdx.x; i < count; i += (size_t) gridDim.x * THREADS)
    sum += (double) a[i] * (double) b[i];
  scratch[threadIdx.x] = sum;
  __syncthreads ();
  for (unsigned half = THREADS / 2; half > 0; half /= 2)
    {
      if (threadIdx.x < half)
        scratch[threadIdx.x] += scratch[threadIdx.x + half];
      __syncthreads ();
    }
  if (threadIdx.x == 0)
    sums[blockIdx.x] += scratch[0];
}

static __global__ void
subtract_kernel (const float *a, float *b, size_t count)
{
  for (size_t i = (size_t) blockIdx.x * THREADS + threadIdx.x; i < count; i += (size_t) gridDim.x * THREADS)
    b[i] = a[i] - b[i];
}

void
spqr_cuda_form_add (SpqrCudaOp &op, const float *x, const float *h, size_t rows, size_t n, float *product, double *sums)
{
  size_t most = (size_t) (MOST_FLOPS / 2 / ((double) n * (double) n)) / 16 * 16;

  most = most < 16 ? 16 : most < SPQR_CUDA_FORM_ROWS ? most : SPQR_CUDA_FORM_ROWS;
  for (size_t r = 0; r < rows && op.ok (); r += most)
    {
      size_t some = rows - r < most ? rows - r : most;

      op.gemm (false, false, some, n, n, 1.0f, x + r * n, n, h, n, 0.0f, product, n);
      op.work (8.0 * (double) some * (double) n, 2.0 * (double) some * (double) n);
      SPQR_LAUNCH (op, dot_kernel, SPQR_CUDA_SUMS, THREADS, 0, x + r * n, product, some * n, sums);
      op.pace ();
    }
}

double
spqr_cuda_form_total (SpqrCudaOp &op, const double *sums)
{
  double parts[SPQR_CUDA_SUMS], total = 0;

  op.download (parts, sums, sizeof parts);
  op.wait ();
  if (!op.ok ())
    return NAN;
  for (int i = 0; i < SPQR_CUDA_SUMS; i++)
    total += parts[i];
  return total;
}

SpqrStatus
spqr_cuda_proxy_loss (void *device, const float *w, const float *w_hat, const float *h, size_t m, size_t n,
                      const SpqrExec *exec, double *loss)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  size_t rows = m < SPQR_CUDA_FORM_ROWS ? m : SPQR_CUDA_FORM_ROWS;
  float *x, *y, *product, *device_h;
  double *loss_sums, *energy_sums, energy;

  *loss = NAN;
  if (m > INT32_MAX || n > INT32_MAX)
    return SPQR_UNSUPPORTED;
  if (m == 0 || n == 0)
    return op.status;
  x = op.alloc<float> (rows * n);
  y = op.alloc<float> (rows * n);
  product = op.alloc<float> (rows * n);
  loss_sums = op.alloc_zero<double> (SPQR_CUDA_SUMS);
  energy_sums = op.alloc_zero<double> (SPQR_CUDA_SUMS);
  device_h = op.alloc<float> (n * n);
  op.upload (device_h, h, n * n * sizeof *h);
  for (size_t r = 0; r < m && op.ok (); r += rows)
    {
      size_t some = m - r < rows ? m - r : rows;

      op.upload (x, w + r * n, some * n * sizeof *x);
      op.upload (y, w_hat + r * n, some * n * sizeof *y);
      spqr_cuda_form_add (op, x, device_h, some, n, product, energy_sums);
      SPQR_LAUNCH (op, subtract_kernel, SPQR_CUDA_SUMS, THREADS, 0, x, y, some * n);
      spqr_cuda_form_add (op, y, device_h, some, n, product, loss_sums);
      op.pace ();
    }
  energy = spqr_cuda_form_total (op, energy_sums);
  if (energy > 0)
    *loss = spqr_cuda_form_total (op, loss_sums) / energy;
  return op.finish ();
}
