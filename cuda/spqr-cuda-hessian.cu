/* spqr-cuda-hessian.cu: H <- N/(N+B) H + y'y,  y = sqrt(2/(N+B)) x.
 *
 * The device makes y'y of this call, its upper triangle in strips of rows (so only a little more
 * than half of the product), sums in f32. H itself is touched at the very end, on the host: until
 * everything has come back nothing has happened to it. */
#include <math.h>
#include <stdlib.h>

#include "spqr-cuda-ops.h"

#define THREADS 256
#define TOKENS ((size_t) 4096)
#ifdef SPQR_CUDA_SHIM
#define STRIP ((size_t) 48)     /* several strips on small shapes */
#else
#define STRIP ((size_t) 1024)
#endif

static __global__ void
scale_kernel (float *x, size_t count, float factor)
{
  for (size_t i = (size_t) blockIdx.x * THREADS + threadIdx.x; i < count; i += (size_t) gridDim.x * THREADS)
    x[i] = factor * x[i];
}

typedef struct { float *h; const float *product; size_t n; float scale; } Combine;

static void
combine_rows (void *data, size_t begin, size_t end)
{
  const Combine *c = (const Combine *) data;

  for (size_t i = begin; i < end; i++)
    for (size_t j = i; j < c->n; j++)
      c->h[i * c->n + j] = c->h[i * c->n + j] * c->scale + c->product[i * c->n + j];
}

static void
combine (const Combine *c, const SpqrExec *exec)
{
  if (exec != NULL && exec->parallel_for != NULL)
    exec->parallel_for (exec->pool, c->n, 64, combine_rows, (void *) c);
  else
    combine_rows ((void *) c, 0, c->n);
}

/* product (n, n), upper triangle: the sum of y'y. */
static void
make_product (SpqrCudaOp &op, const float *x, size_t ldx, size_t tokens, size_t n, float factor, float *product)
{
  float *y = op.alloc<float> ((tokens < TOKENS ? tokens : TOKENS) * n);

  for (size_t t = 0; t < tokens && op.ok (); t += TOKENS)
    {
      size_t some = tokens - t < TOKENS ? tokens - t : TOKENS;

      op.upload_rows (y, n * sizeof *y, x + t * ldx, ldx * sizeof *x, n * sizeof *x, some);
      SPQR_LAUNCH (op, scale_kernel, 1024, THREADS, 0, y, some * n, factor);
      for (size_t r = 0; r < n && op.ok (); r += STRIP)
        {
          op.gemm (true, false, n - r < STRIP ? n - r : STRIP, n - r, some, 1.0f, y + r, n, y + r, n, t == 0 ? 0.0f : 1.0f,
                   product + r * n + r, n);
          op.pace ();
        }
    }
}

SpqrStatus
spqr_cuda_hessian_add (void *device, SpqrHessian *hessian, const float *x, size_t ldx, size_t tokens, size_t sequences,
                       const SpqrExec *exec)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  size_t n = hessian->n, all = hessian->sequences + sequences;
  float *product, *host = NULL;

  if (n == 0 || ldx < n || sequences == 0 || all < sequences)
    return SPQR_INVALID;
  if (n > INT32_MAX || tokens == 0)
    return SPQR_UNSUPPORTED;
  product = op.alloc<float> (n * n);
  make_product (op, x, ldx, tokens, n, (float) sqrt (2.0 / (double) all), product);
  if (op.ok ())
    host = (float *) malloc (n * n * sizeof *host);
  if (op.ok () && host == NULL)
    op.fail (SPQR_NO_MEMORY);
  for (size_t r = 0; r < n && op.ok (); r += STRIP)
    op.download_rows (host + r * n + r, n * sizeof *host, product + r * n + r, n * sizeof *host, (n - r) * sizeof *host,
                      n - r < STRIP ? n - r : STRIP);
  op.wait ();
  op.poll ();
  if (op.ok ())
    {
      Combine c = { hessian->h, host, n, (float) ((double) hessian->sequences / (double) all) };

      combine (&c, exec);
      hessian->sequences = all;
    }
  free (host);
  return op.status;
}
