/* spqr-cuda-factor.cu: U, upper, with U'U = inv(H), of the permuted and damped Hessian.
 *
 *     dead_j = (H_jj == 0);  H += percdamp mean|diag H| I;  H_jj = 1 for dead j
 *     H = R R', R upper;  U = inv(R)
 *
 * As core/num/spqr-factor.c: with both indices reversed this is an ordinary Cholesky factor L and
 * its inverse, and reversing both indices is reversing the n^2 numbers. The lower triangle of a
 * row-major matrix is the upper one of cuBLAS's column-major view, so there A = V'V, V = L', and
 * X = inv(V).
 *
 * Cholesky in panels: cuSOLVER on the diagonal, triangular solve and product for what is right of
 * it. The inverse in panels of columns of the identity, of which rows below the panel stay 0. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spqr-cuda-keep.h"

#define THREADS 256
#ifdef SPQR_CUDA_SHIM
#define PANEL ((size_t) 40)     /* several panels on small shapes */
#else
#define PANEL ((size_t) 2048)
#endif

/* a(i, j) = H(p(n-1-i), p(n-1-j)), lower triangle, with the damped diagonal; 0 above. */
static __global__ void
gather_kernel (const float *h, size_t n, const int32_t *perm, const uint8_t *dead, float damp, float *a, int *bad)
{
  size_t j = (size_t) blockIdx.x * THREADS + threadIdx.x;

  if (j < n)
    for (size_t i = blockIdx.y; i < n; i += gridDim.y)
      {
        float value = 0.0f;

        if (j <= i)
          {
            value = h[(size_t) perm[n - 1 - i] * n + (size_t) perm[n - 1 - j]];
            if (!(value * 0.0f == 0.0f))
              atomicOr (bad, 1);
            if (i == j)
              value = dead[n - 1 - i] ? 1.0f : value + damp;
          }
        a[i * n + j] = value;
      }
}

static __global__ void
identity_kernel (float *x, size_t n)
{
  size_t j = (size_t) blockIdx.x * THREADS + threadIdx.x;

  if (j < n)
    for (size_t i = blockIdx.y; i < n; i += gridDim.y)
      x[i * n + j] = i == j ? 1.0f : 0.0f;
}

/* The n^2 numbers in reverse. */
static __global__ void
reverse_kernel (float *x, size_t count)
{
  for (size_t i = (size_t) blockIdx.x * THREADS + threadIdx.x; i < count / 2; i += (size_t) gridDim.x * THREADS)
    {
      float swap = x[i];

      x[i] = x[count - 1 - i];
      x[count - 1 - i] = swap;
    }
}

static __global__ void
diagonal_kernel (const float *x, size_t n, float *diagonal)
{
  size_t j = (size_t) blockIdx.x * THREADS + threadIdx.x;

  if (j < n)
    diagonal[j] = x[j * n + j];
}

typedef struct {
  size_t n, panel;
  const float *host_h;          /* goes into x each time; NULL: h is there */
  const float *h;
  float *a, *x, *work;          /* (n, n) x 2 */
  float *diagonal;              /* (n), device */
  int32_t *perm;
  uint8_t *dead;
  int *bad, *info, work_size;
} Space;

typedef struct { float key; int32_t index; } Keyed;

static int
compare_descending (const void *a, const void *b)
{
  const Keyed *x = (const Keyed *) a, *y = (const Keyed *) b;

  if (x->key != y->key)
    return x->key > y->key ? -1 : 1;
  return x->index < y->index ? -1 : 1;
}

static SpqrStatus
make_order (const float *diagonal, size_t n, SpqrOrder order, int32_t *perm)
{
  Keyed *keys;

  if (order == SPQR_ORDER_IDENTITY)
    {
      for (size_t i = 0; i < n; i++)
        perm[i] = (int32_t) i;
      return SPQR_OK;
    }
  if (order != SPQR_ORDER_ACT_ORDER)
    return SPQR_UNSUPPORTED;    /* spearman: a chain over n^2 similarities, which the CPU walks */
  keys = (Keyed *) malloc (n * sizeof *keys);
  if (keys == NULL)
    return SPQR_NO_MEMORY;
  for (size_t i = 0; i < n; i++)
    keys[i] = { diagonal[i], (int32_t) i };
  qsort (keys, n, sizeof *keys, compare_descending);
  for (size_t i = 0; i < n; i++)
    perm[i] = keys[i].index;
  free (keys);
  return SPQR_OK;
}

static SpqrStatus
check_order (const int32_t *perm, size_t n)
{
  uint8_t *seen = (uint8_t *) calloc (n, 1);
  bool valid = true;

  if (seen == NULL)
    return SPQR_NO_MEMORY;
  for (size_t i = 0; i < n && valid; i++)
    {
      valid = perm[i] >= 0 && (size_t) perm[i] < n && !seen[perm[i]];
      if (valid)
        seen[perm[i]] = 1;
    }
  free (seen);
  return valid ? SPQR_OK : SPQR_INVALID;
}

static SpqrStatus
prepare (const float *diagonal, size_t n, const SpqrParams *params, const int32_t *perm_in, SpqrFactor *factor)
{
  SpqrStatus status = SPQR_OK;

  factor->perm = (int32_t *) malloc (n * sizeof *factor->perm);
  factor->dead = (uint8_t *) malloc (n);
  if (factor->perm == NULL || factor->dead == NULL)
    return SPQR_NO_MEMORY;
  for (size_t i = 0; i < n; i++)
    if (!isfinite (diagonal[i]))
      return SPQR_INVALID;
  if (perm_in != NULL)
    {
      status = check_order (perm_in, n);
      memcpy (factor->perm, perm_in, n * sizeof *perm_in);
    }
  else
    status = make_order (diagonal, n, params->permutation_order, factor->perm);
  for (size_t j = 0; j < n && status == SPQR_OK; j++)
    factor->dead[j] = diagonal[factor->perm[j]] == 0.0f;
  return status;
}

static dim3
square_grid (size_t n)
{
  return dim3 (spqr_cuda_blocks (n, THREADS), (unsigned) (n < 16384 ? n : 16384));
}

/* a: what precedes factorising. diagonal (n): H's. */
static void
gather (SpqrCudaOp &op, Space *s, const float *diagonal, double percdamp)
{
  double sum = 0;
  int bad = 0;

  for (size_t i = 0; i < s->n; i++)
    sum += fabs ((double) diagonal[i]);
  if (s->host_h != NULL)
    op.upload (s->x, s->host_h, s->n * s->n * sizeof (float));
  op.work (6.0 * (double) s->n * (double) s->n, 0);
  SPQR_LAUNCH (op, gather_kernel, square_grid (s->n), THREADS, 0, s->h, s->n, s->perm, s->dead,
               (float) percdamp * (float) (sum / (double) s->n), s->a, s->bad);
  op.download (&bad, s->bad, sizeof bad);
  op.wait ();
  if (op.ok () && bad)
    op.fail (SPQR_INVALID);
}

/* Columns of a panel: the longest step, n^2 operations a column, shall not exceed a slice. */
static size_t
choose_panel (const SpqrCudaOp &op, size_t n)
{
  size_t fewest = PANEL < 256 ? PANEL : 256, columns = (size_t) (op.device->slice_flops / ((double) n * (double) n)) / 64 * 64;

  return columns > PANEL ? PANEL : columns > fewest ? columns : fewest;
}

/* Panels k … k+b of V'V = A (column-major upper): V_kk, V_k,rest = V_kk^-T A_k,rest, and the rest of
 * A less its part. */
static void
cholesky (SpqrCudaOp &op, Space *s)
{
  const SpqrCudaLib *lib = op.device->lib;
  const float one = 1.0f, minus_one = -1.0f;
  int n = (int) s->n, info = 0;

  for (size_t k = 0; k < s->n && op.ok (); k += s->panel)
    {
      int b = (int) (s->n - k < s->panel ? s->n - k : s->panel), rest = n - (int) k - b;
      float *diagonal = s->a + k * s->n + k, *right = diagonal + (size_t) b * s->n, *below = right + b;

      op.profile_begin ();
      op.check (lib->spotrf (op.device->solver, CUBLAS_FILL_MODE_UPPER, b, diagonal, n, s->work, s->work_size, s->info));
      op.work (4.0 * (double) b * b, (double) b * b * b / 3);
      op.profile_end ("cusolverDnSpotrf");
      op.download (&info, s->info, sizeof info);
      op.wait ();
      op.poll ();
      if (op.ok () && info != 0)
        op.fail (info > 0 ? SPQR_NOT_POSITIVE_DEFINITE : SPQR_DEVICE_FAILED);
      if (rest == 0 || !op.ok ())
        continue;
      op.profile_begin ();
      op.check (lib->strsm (op.device->blas, CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_UPPER, CUBLAS_OP_T, CUBLAS_DIAG_NON_UNIT, b,
                            rest, &one, diagonal, n, right, n));
      op.work (8.0 * (double) b * rest, (double) b * b * rest);
      op.profile_end ("cublasStrsm");
      op.profile_begin ();
      if (op.ok ())
        op.check (lib->ssyrk (op.device->blas, CUBLAS_FILL_MODE_UPPER, CUBLAS_OP_T, rest, b, &minus_one, right, n, &one,
                              below, n));
      op.work (4.0 * ((double) b * rest + (double) rest * rest), (double) b * rest * rest);
      op.profile_end ("cublasSsyrk");
      op.pace ();
    }
}

/* x = inv(V): column panels of the identity, rows 0 … the panel's end. */
static void
invert (SpqrCudaOp &op, Space *s)
{
  const float one = 1.0f;
  int n = (int) s->n;

  op.work (4.0 * (double) s->n * (double) s->n, 0);
  SPQR_LAUNCH (op, identity_kernel, square_grid (s->n), THREADS, 0, s->x, s->n);
  for (size_t k = 0; k < s->n && op.ok (); k += s->panel)
    {
      int b = (int) (s->n - k < s->panel ? s->n - k : s->panel);

      op.profile_begin ();
      op.check (op.device->lib->strsm (op.device->blas, CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_UPPER, CUBLAS_OP_N,
                                       CUBLAS_DIAG_NON_UNIT, (int) k + b, b, &one, s->a, n, s->x + k * s->n, n));
      op.work (2.0 * (double) (k + b) * (double) (k + b) + 8.0 * (double) (k + b) * b, (double) (k + b) * (double) (k + b) * b);
      op.profile_end ("cublasStrsm");
      op.pace ();
    }
}

/* x: U. diagonal: H's. u_diagonal (n): U's, for the caller. */
static void
factorize (SpqrCudaOp &op, Space *s, double percdamp, const float *diagonal, float *u_diagonal, SpqrFactor *factor)
{
  size_t n = s->n;

  gather (op, s, diagonal, percdamp);
  cholesky (op, s);
  invert (op, s);
  op.work (8.0 * (double) n * (double) n, 0);
  SPQR_LAUNCH (op, reverse_kernel, 1024, THREADS, 0, s->x, n * n);
  op.work (8.0 * (double) n, 0);
  SPQR_LAUNCH (op, diagonal_kernel, spqr_cuda_blocks (n, THREADS), THREADS, 0, s->x, n, s->diagonal);
  op.download (u_diagonal, s->diagonal, n * sizeof *u_diagonal);
  op.wait ();
  for (size_t j = 0; j < n && op.ok (); j++)
    if (!(u_diagonal[j] > 0.0f) || !isfinite (u_diagonal[j]))
      op.fail (SPQR_NOT_POSITIVE_DEFINITE);
  factor->percdamp_used = percdamp;
}

static void
allocate (SpqrCudaOp &op, const SpqrFactor *factor, Space *s)
{
  const SpqrCudaLib *lib = op.device->lib;

  s->panel = choose_panel (op, s->n);
  s->a = op.alloc<float> (s->n * s->n);
  s->diagonal = op.alloc<float> (s->n);
  s->bad = op.alloc_zero<int> (1);
  s->info = op.alloc<int> (1);
  s->perm = op.upload_new (factor->perm, s->n);
  s->dead = op.upload_new (factor->dead, s->n);
  if (op.ok ())
    op.check (lib->spotrf_size (op.device->solver, CUBLAS_FILL_MODE_UPPER, (int) (s->n < s->panel ? s->n : s->panel), s->a,
                                (int) s->n, &s->work_size));
  s->work = op.alloc<float> ((size_t) (s->work_size > 0 ? s->work_size : 1));
}

/* With one retry; s->x becomes U, diagonal its. */
static void
factorize_or_retry (SpqrCudaOp &op, Space *s, const SpqrParams *params, const int32_t *perm_in, float *diagonal, SpqrFactor *factor)
{
  float *u_diagonal = (float *) malloc (s->n * sizeof *u_diagonal);
  SpqrStatus status = prepare (diagonal, s->n, params, perm_in, factor);

  if (u_diagonal == NULL)
    status = SPQR_NO_MEMORY;
  if (status != SPQR_OK)
    op.fail (status);
  if (op.ok ())
    allocate (op, factor, s);
  if (op.ok ())
    factorize (op, s, params->percdamp, diagonal, u_diagonal, factor);
  if (op.status == SPQR_NOT_POSITIVE_DEFINITE)
    {
      op.status = SPQR_OK;
      factorize (op, s, fmax (params->percdamp * 10.0, 0.01), diagonal, u_diagonal, factor);
    }
  if (op.ok ())
    memcpy (diagonal, u_diagonal, s->n * sizeof *diagonal);
  free (u_diagonal);
}

static void
clear_factor (SpqrFactor *factor)
{
  free (factor->perm);
  free (factor->u);
  free (factor->dead);
  memset (factor, 0, sizeof *factor);
}

void
spqr_cuda_factorize (SpqrCudaOp &op, const float *h, float *diagonal, size_t n, const SpqrParams *params, const int32_t *perm_in,
                     float *x, SpqrFactor *factor)
{
  Space space = {};
  int mark = op.mark ();

  memset (factor, 0, sizeof *factor);
  factor->n = n;
  space.n = n;
  space.h = h;
  space.x = x;
  if (op.device->solver == NULL || !(params->percdamp >= 0) || isinf (params->percdamp))
    op.fail (op.device->solver == NULL ? SPQR_UNSUPPORTED : SPQR_INVALID);
  if (op.ok ())
    factorize_or_retry (op, &space, params, perm_in, diagonal, factor);
  op.wait ();
  op.release (mark);
  if (!op.ok ())
    clear_factor (factor);
}

SpqrStatus
spqr_cuda_factor_compute (void *device, const float *h, const float *w, size_t m, size_t n, const SpqrParams *params,
                          const int32_t *perm_in, const SpqrExec *exec, SpqrFactor *factor)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  Space space = {};
  float *diagonal;

  memset (factor, 0, sizeof *factor);
  if (h == NULL || n == 0 || n > INT32_MAX || n > SIZE_MAX / n / sizeof (float) || !(params->percdamp >= 0) ||
      isinf (params->percdamp))
    return SPQR_INVALID;
  if (op.device->solver == NULL)
    return SPQR_UNSUPPORTED;
  factor->n = n;
  factor->u = (float *) malloc (n * n * sizeof *factor->u);
  diagonal = (float *) malloc (n * sizeof *diagonal);
  if (factor->u == NULL || diagonal == NULL)
    op.fail (SPQR_NO_MEMORY);
  space.n = n;
  space.host_h = h;
  space.h = space.x = op.alloc<float> (n * n);
  for (size_t j = 0; j < n && op.ok (); j++)
    diagonal[j] = h[j * n + j];
  if (op.ok ())
    factorize_or_retry (op, &space, params, perm_in, diagonal, factor);
  op.download (factor->u, space.x, n * n * sizeof *factor->u);
  free (diagonal);
  if (op.finish () != SPQR_OK)
    clear_factor (factor);
  return op.status;
}
