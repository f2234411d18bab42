/* spqr-cuda-entropy.cu: nll[t] = log sum_v exp(z_tv) - z_t,target(t),  z = hidden head'.
 *
 * Logits exist for a tile of the vocabulary and some tokens at a time. Each token keeps its largest
 * logit m so far and l = sum e^(z - m); when a tile raises m to m', l is multiplied by e^(m - m'). */
#include <math.h>
#include <stdlib.h>

#include "spqr-cuda-ops.h"

#define THREADS 256
#define TOKENS ((size_t) 1024)
#ifdef SPQR_CUDA_SHIM
#define VOCAB ((size_t) 37)     /* several tiles on small shapes */
#else
#define VOCAB ((size_t) 8192)
#endif

typedef struct { float largest, target; double sum; } Tally;

static __global__ void
start_kernel (Tally *tallies, size_t tokens)
{
  size_t t = (size_t) blockIdx.x * THREADS + threadIdx.x;

  if (t < tokens)
    {
      tallies[t].largest = -INFINITY;
      tallies[t].target = NAN;
      tallies[t].sum = 0;
    }
}

/* A block a token: its logits of the words v0 … v0+words-1. */
static __global__ void
tally_kernel (const float *logits, size_t words, size_t v0, const int32_t *targets, Tally *tallies)
{
  __shared__ float largest[THREADS];
  __shared__ double sums[THREADS];
  const float *z = logits + (size_t) blockIdx.x * words;
  Tally *tally = tallies + blockIdx.x;
  unsigned t = threadIdx.x;
  float most = -INFINITY;
  double sum = 0;

  for (size_t i = t; i < words; i += THREADS)
    most = fmaxf (most, z[i]);
  largest[t] = most;
  __syncthreads ();
  for (unsigned half = THREADS / 2; half > 0; half /= 2)
    {
      if (t < half)
        largest[t] = fmaxf (largest[t], largest[t + half]);
      __syncthreads ();
    }
  most = fmaxf (largest[0], tally->largest);
  for (size_t i = t; i < words; i += THREADS)
    sum += (double) expf (z[i] - most);
  sums[t] = sum;
  __syncthreads ();
  for (unsigned half = THREADS / 2; half > 0; half /= 2)
    {
      if (t < half)
        sums[t] += sums[t + half];
      __syncthreads ();
    }
  if (t == 0)
    {
      size_t target = (size_t) targets[blockIdx.x];

      tally->sum = tally->sum * exp ((double) tally->largest - (double) most) + sums[0];
      tally->largest = most;
      if (target >= v0 && target - v0 < words)
        tally->target = z[target - v0];
    }
}

/* One tile of the vocabulary, which is `wide` on the device, for all tokens. */
static void
tally_tile (SpqrCudaOp &op, const float *hidden, size_t tokens, size_t n, const float *wide, size_t words, size_t v0,
            const int32_t *targets, float *logits, Tally *tallies)
{
  for (size_t t = 0; t < tokens && op.ok (); t += TOKENS)
    {
      size_t some = tokens - t < TOKENS ? tokens - t : TOKENS;

      op.gemm (false, true, some, words, n, 1.0f, hidden + t * n, n, wide, n, 0.0f, logits, words);
      SPQR_LAUNCH (op, tally_kernel, (unsigned) some, THREADS, 0, logits, words, v0, targets + t, tallies + t);
      op.pace ();
    }
}

static void
finish (SpqrCudaOp &op, const Tally *there, size_t tokens, double *nll)
{
  Tally *tallies = (Tally *) malloc (tokens * sizeof *tallies);

  if (tallies == NULL)
    op.fail (SPQR_NO_MEMORY);
  op.download (tallies, there, tokens * sizeof *tallies);
  op.wait ();
  for (size_t t = 0; t < tokens && op.ok (); t++)
    nll[t] = (double) tallies[t].largest + log (tallies[t].sum) - (double) tallies[t].target;
  free (tallies);
}

SpqrStatus
spqr_cuda_cross_entropy (void *device, const float *hidden, size_t tokens, size_t n, const void *head, SpqrElem elem,
                         size_t vocab, const int32_t *targets, double *nll, const SpqrExec *exec)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  size_t tile = vocab < VOCAB ? vocab : VOCAB, width = elem == SPQR_ELEM_F32 ? 4 : 2;
  float *device_hidden, *wide, *logits;
  uint16_t *narrow = NULL;
  int32_t *device_targets;
  Tally *tallies;

  for (size_t t = 0; t < tokens; t++)
    if (targets[t] < 0 || (size_t) targets[t] >= vocab)
      return SPQR_INVALID;
  if (tokens > INT32_MAX || n > INT32_MAX || n == 0)
    return SPQR_UNSUPPORTED;
  if (tokens == 0)
    return op.status;
  device_hidden = op.upload_new (hidden, tokens * n);
  device_targets = op.upload_new (targets, tokens);
  tallies = op.alloc<Tally> (tokens);
  wide = op.alloc<float> (tile * n);
  logits = op.alloc<float> ((tokens < TOKENS ? tokens : TOKENS) * tile);
  if (elem != SPQR_ELEM_F32)
    narrow = op.alloc<uint16_t> (tile * n);
  SPQR_LAUNCH (op, start_kernel, spqr_cuda_blocks (tokens, THREADS), THREADS, 0, tallies, tokens);
  for (size_t v = 0; v < vocab && op.ok (); v += tile)
    {
      size_t words = vocab - v < tile ? vocab - v : tile;

      op.upload (elem == SPQR_ELEM_F32 ? (void *) wide : (void *) narrow, (const char *) head + v * n * width, words * n * width);
      if (elem != SPQR_ELEM_F32)
        spqr_cuda_widen (op, narrow, elem, wide, words * n);
      tally_tile (op, device_hidden, tokens, n, wide, words, v, device_targets, logits, tallies);
    }
  finish (op, tallies, tokens, nll);
  return op.status;
}
