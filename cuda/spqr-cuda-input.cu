/* spqr-cuda-input.cu: H of the layers that read one input, from x to codes without leaving the device.
 *
 *     H <- N/(N+B) H + 2/(N+B) x'x        upper triangle, strips of rows, sums in f32
 *
 * The factor is kept with the parameters it is for; the layers of one input mostly share it. */
#include <stdlib.h>
#include <string.h>

#include "spqr-cuda-keep.h"

#define THREADS 256
#define TOKENS ((size_t) 4096)
#ifdef SPQR_CUDA_SHIM
#define STRIP ((size_t) 48)     /* several strips on small shapes */
#else
#define STRIP ((size_t) 1024)
#endif

/* h(i, j) = h(j, i) for j < i. */
static __global__ void
mirror_kernel (float *h, size_t n)
{
  size_t j = (size_t) blockIdx.x * THREADS + threadIdx.x;

  if (j < n)
    for (size_t i = blockIdx.y; i < n; i += gridDim.y)
      if (j < i)
        h[i * n + j] = h[j * n + i];
}

static __global__ void
input_diagonal_kernel (const float *h, size_t n, float *diagonal)
{
  size_t j = (size_t) blockIdx.x * THREADS + threadIdx.x;

  if (j < n)
    diagonal[j] = h[j * n + j];
}

static void
forget_factor (SpqrCudaInput *input)
{
  free (input->factor.perm);
  free (input->factor.dead);
  free (input->diagonal);
  memset (&input->factor, 0, sizeof input->factor);
  input->diagonal = NULL;
  input->have_factor = false;
}

static void
input_free (SpqrCudaInput *input)
{
  forget_factor (input);
  free (input);
}

static SpqrStatus
input_open (void *device, size_t n, void **handle)
{
  SpqrCudaOp op ((SpqrCuda *) device, NULL);
  SpqrCudaInput *input = (SpqrCudaInput *) calloc (1, sizeof *input);

  *handle = NULL;
  if (n == 0 || n > INT32_MAX || n > SIZE_MAX / n / sizeof (float))
    op.fail (SPQR_INVALID);
  if (input == NULL)
    op.fail (SPQR_NO_MEMORY);
  if (op.ok ())
    {
      input->n = n;
      input->h = op.alloc_zero<float> (n * n);
    }
  if (op.finish () != SPQR_OK)
    {
      free (input);
      return op.status;
    }
  spqr_cuda_hold (op, 0, &input->hold);
  *handle = input;
  return SPQR_OK;
}

static void
input_close (void *device, void *handle)
{
  SpqrCudaInput *input = (SpqrCudaInput *) handle;

  if (input == NULL)
    return;
  spqr_cuda_hold_release ((SpqrCuda *) device, &input->hold);
  input_free (input);
}

void
spqr_cuda_input_accumulate (SpqrCudaOp &op, SpqrCudaInput *input, const float *x, size_t ldx, size_t tokens, size_t sequences)
{
  size_t n = input->n, all = input->sequences + sequences;
  float keep = (float) ((double) input->sequences / (double) all), factor = (float) (2.0 / (double) all);

  if (input->have_factor)
    forget_factor (input);
  for (size_t t = 0; t < tokens && op.ok (); t += TOKENS)
    for (size_t r = 0; r < n && op.ok (); r += STRIP)
      {
        size_t some = tokens - t < TOKENS ? tokens - t : TOKENS;

        op.gemm (true, false, n - r < STRIP ? n - r : STRIP, n - r, some, factor, x + t * ldx + r, ldx, x + t * ldx + r, ldx,
                 t == 0 ? keep : 1.0f, input->h + r * n + r, n);
        op.pace ();
      }
  input->sequences = all;
  input->mirrored = false;
}

static SpqrStatus
input_add (void *device, void *handle, const float *x, size_t ldx, size_t tokens, size_t sequences, const SpqrExec *exec)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  SpqrCudaInput *input = (SpqrCudaInput *) handle;
  size_t n = input->n;
  float *there;

  if (ldx < n || sequences == 0 || tokens == 0 || tokens > INT32_MAX)
    return SPQR_INVALID;
  there = op.alloc<float> (tokens * n);
  if (ldx == n)
    spqr_cuda_feed (op, there, x, tokens * n * sizeof *x, NULL);
  else
    op.upload_rows (there, n * sizeof *x, x, ldx * sizeof *x, n * sizeof *x, tokens);
  op.poll ();
  if (op.ok ())
    spqr_cuda_input_accumulate (op, input, there, n, tokens, sequences);
  return op.finish ();
}

static void
mirror (SpqrCudaOp &op, SpqrCudaInput *input)
{
  size_t n = input->n;

  if (input->mirrored)
    return;
  op.work (8.0 * (double) n * (double) n, 0);
  SPQR_LAUNCH (op, mirror_kernel, dim3 (spqr_cuda_blocks (n, THREADS), (unsigned) (n < 16384 ? n : 16384)), THREADS, 0, input->h, n);
  input->mirrored = op.ok ();
}

static SpqrStatus
input_fetch (void *device, void *handle, const SpqrExec *exec, SpqrHessian *hessian)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  SpqrCudaInput *input = (SpqrCudaInput *) handle;
  size_t n = input->n;

  *hessian = { n, input->sequences, (float *) malloc (n * n * sizeof (float)) };
  if (hessian->h == NULL)
    op.fail (SPQR_NO_MEMORY);
  mirror (op, input);
  op.download (hessian->h, input->h, n * n * sizeof (float));
  if (op.finish () != SPQR_OK)
    {
      free (hessian->h);
      *hessian = {};
    }
  return op.status;
}

static SpqrStatus
input_load (void *device, void *handle, const SpqrHessian *hessian, const SpqrExec *exec)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  SpqrCudaInput *input = (SpqrCudaInput *) handle;

  if (hessian->n != input->n || hessian->h == NULL)
    return SPQR_INVALID;
  forget_factor (input);
  input->mirrored = true;
  input->sequences = hessian->sequences;
  spqr_cuda_feed (op, input->h, hessian->h, input->n * input->n * sizeof (float), NULL);
  return op.finish ();
}

static bool
factor_serves (const SpqrCudaInput *input, const SpqrParams *params)
{
  return input->have_factor && input->order == params->permutation_order && input->percdamp == params->percdamp;
}

static void
allocate_factor (SpqrCudaOp &op, SpqrCudaInput *input)
{
  if (input->u == NULL)
    {
      float *u = op.alloc<float> (input->n * input->n);

      if (op.ok ())
        {
          spqr_cuda_hold (op, 0, &input->hold);
          input->u = u;
        }
    }
  input->diagonal = (float *) malloc (input->n * sizeof *input->diagonal);
  if (input->diagonal == NULL)
    op.fail (SPQR_NO_MEMORY);
}

static SpqrStatus
keep_factor (SpqrCudaOp &op, SpqrCudaInput *input, const SpqrParams *params)
{
  if (op.finish () != SPQR_OK)
    {
      forget_factor (input);
      return op.status;
    }
  input->have_factor = true;
  input->order = params->permutation_order;
  input->percdamp = params->percdamp;
  return SPQR_OK;
}

/* input->u and what goes with it. */
static SpqrStatus
factorize (SpqrCuda *device, SpqrCudaInput *input, const SpqrParams *params, const SpqrExec *exec)
{
  SpqrCudaOp op (device, exec);
  size_t n = input->n;
  float *diagonal;

  forget_factor (input);
  if (params->permutation_order != SPQR_ORDER_IDENTITY && params->permutation_order != SPQR_ORDER_ACT_ORDER)
    return SPQR_UNSUPPORTED;
  allocate_factor (op, input);
  mirror (op, input);
  diagonal = op.alloc<float> (n);
  op.work (8.0 * (double) n, 0);
  SPQR_LAUNCH (op, input_diagonal_kernel, spqr_cuda_blocks (n, THREADS), THREADS, 0, input->h, n, diagonal);
  op.download (input->diagonal, diagonal, n * sizeof *diagonal);
  op.wait ();
  if (op.ok ())
    spqr_cuda_factorize (op, input->h, input->diagonal, n, params, NULL, input->u, &input->factor);
  return keep_factor (op, input, params);
}

static SpqrStatus
input_put_factor (void *device, void *handle, const SpqrFactor *factor, const SpqrParams *params, const SpqrExec *exec)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  SpqrCudaInput *input = (SpqrCudaInput *) handle;
  size_t n = input->n;

  if (factor->n != n || factor->u == NULL || factor->perm == NULL || factor->dead == NULL)
    return SPQR_INVALID;
  forget_factor (input);
  allocate_factor (op, input);
  input->factor.n = n;
  input->factor.percdamp_used = factor->percdamp_used;
  input->factor.perm = (int32_t *) malloc (n * sizeof *factor->perm);
  input->factor.dead = (uint8_t *) malloc (n);
  if (input->factor.perm == NULL || input->factor.dead == NULL)
    op.fail (SPQR_NO_MEMORY);
  if (op.ok ())
    {
      memcpy (input->factor.perm, factor->perm, n * sizeof *factor->perm);
      memcpy (input->factor.dead, factor->dead, n);
      for (size_t j = 0; j < n; j++)
        input->diagonal[j] = factor->u[j * n + j];
    }
  spqr_cuda_feed (op, input->u, factor->u, n * n * sizeof (float), NULL);
  return keep_factor (op, input, params);
}

SpqrStatus
spqr_cuda_input_quantize (void *device, void *handle, const SpqrWeights *weights, const SpqrParams *params, const SpqrExec *exec,
                          SpqrLayerTrace *trace, SpqrLayer *layer)
{
  SpqrCudaInput *input = (SpqrCudaInput *) handle;
  SpqrStatus status = SPQR_OK;

  memset (layer, 0, sizeof *layer);
  if (weights->n != input->n)
    return SPQR_INVALID;
  if (params->method != SPQR_METHOD_RTN && !factor_serves (input, params))
    status = factorize ((SpqrCuda *) device, input, params, exec);
  /* The loss reads all of H, which RTN needs no factor for. */
  if (status == SPQR_OK && !input->mirrored && input->sequences > 0)
    {
      SpqrCudaOp op ((SpqrCuda *) device, exec);

      mirror (op, input);
      status = op.finish ();
    }
  if (status != SPQR_OK)
    return status;
  return spqr_cuda_quantize_with ((SpqrCuda *) device, weights, input, params, exec, trace, layer);
}

/* ---- matrices ---- */

static SpqrStatus
matrix_open (void *device, const float *w, size_t m, size_t n, const SpqrExec *exec, void **handle)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  SpqrCudaMatrix *matrix = (SpqrCudaMatrix *) calloc (1, sizeof *matrix);

  *handle = NULL;
  if (m == 0 || n == 0 || m > SIZE_MAX / sizeof (float) / n)
    op.fail (SPQR_INVALID);
  if (matrix == NULL)
    op.fail (SPQR_NO_MEMORY);
  if (op.ok ())
    {
      matrix->m = m;
      matrix->n = n;
      matrix->w = op.alloc<float> (m * n);
      spqr_cuda_feed (op, matrix->w, w, m * n * sizeof *w, NULL);
    }
  if (op.finish () != SPQR_OK)
    {
      free (matrix);
      return op.status;
    }
  spqr_cuda_hold (op, 0, &matrix->hold);
  *handle = matrix;
  return SPQR_OK;
}

static void
matrix_close (void *device, void *handle)
{
  SpqrCudaMatrix *matrix = (SpqrCudaMatrix *) handle;

  if (matrix == NULL)
    return;
  spqr_cuda_hold_release ((SpqrCuda *) device, &matrix->hold);
  free (matrix);
}

/* ---- states ---- */

static SpqrStatus
states_open (void *device, size_t rows, size_t hidden, void **handle)
{
  SpqrCudaOp op ((SpqrCuda *) device, NULL);
  SpqrCudaStates *states = (SpqrCudaStates *) calloc (1, sizeof *states);

  *handle = NULL;
  if (hidden == 0 || rows > SIZE_MAX / sizeof (float) / hidden)
    op.fail (SPQR_INVALID);
  if (states == NULL)
    op.fail (SPQR_NO_MEMORY);
  if (op.ok ())
    {
      states->n_rows = rows;
      states->width = hidden;
      states->rows = op.alloc<float> (rows * hidden);
    }
  if (op.finish () != SPQR_OK)
    {
      free (states);
      return op.status;
    }
  spqr_cuda_hold (op, 0, &states->hold);
  *handle = states;
  return SPQR_OK;
}

static void
states_close (void *device, void *handle)
{
  SpqrCudaStates *states = (SpqrCudaStates *) handle;

  if (states == NULL)
    return;
  spqr_cuda_hold_release ((SpqrCuda *) device, &states->hold);
  free (states);
}

SpqrStatus spqr_cuda_block_open (void *device, const SpqrBlockShape *shape, void **block);
void spqr_cuda_block_close (void *device, void *block);
SpqrStatus spqr_cuda_block_put (void *device, void *block, SpqrProduct product, size_t row0, size_t rows, const void *weights,
                                int elem, const SpqrExec *exec);
SpqrStatus spqr_cuda_block_put_layer (void *device, void *block, SpqrProduct product, size_t row0, const SpqrLayer *layer,
                                      const SpqrExec *exec);

const SpqrBlockOps spqr_cuda_block_ops = {
  input_open, input_close, input_add, input_fetch, input_load, input_put_factor, spqr_cuda_input_quantize,
  spqr_cuda_block_open, spqr_cuda_block_close, spqr_cuda_block_put, spqr_cuda_block_put_layer, spqr_cuda_block_run,
  matrix_open, matrix_close,
  states_open, states_close,
  spqr_cuda_head_open, spqr_cuda_head_close, spqr_cuda_head_predict, spqr_cuda_head_logits,
  spqr_cuda_cache_open, spqr_cuda_cache_close,
  spqr_cuda_block_estimate,
};
