/* spqr-cuda-head.cu: final norm and head; what each position's prediction is worth, and how far it is
 * from a base's.
 *
 * The vocabulary is walked in tiles, as on the CPU (net/spqr-head.c); a position keeps, for logits z
 * (and base logits b),
 *   m = max z, s = sum e^(z - m);  n = max b, t = sum e^(b - n), d = sum e^(b - n) (b - z)
 * rescaled when a maximum rises. At the end
 *   lse = m + log s,  nll = lse - z_target,  KL(base || net) = d / t - lse_b + lse_z. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spqr-cuda-keep.h"

#define THREADS 256
#ifdef SPQR_CUDA_SHIM
#define TOKENS ((size_t) 24)    /* several parts on small shapes */
#define VOCAB ((size_t) 37)
#else
#define TOKENS ((size_t) 1024)
#define VOCAB ((size_t) 8192)
#endif

typedef struct {
  SpqrCudaHold hold;
  SpqrHeadShape shape;          /* norm and bias: device memory */
  SpqrElem elem;
  void *weights;                /* (vocab, hidden) as stored */
} Head;

typedef struct { float largest, target; int32_t top; double sum; } Tally;
typedef struct { double difference; } Against;

/* What is the same for both networks of a comparison. */
typedef struct {
  const Head *head;
  float *states, *logits, *wide;
  Tally *tallies;
} Side;

static __global__ void
start_predictions_kernel (Tally *tallies, Against *against, size_t tokens)
{
  size_t t = (size_t) blockIdx.x * THREADS + threadIdx.x;

  if (t >= tokens)
    return;
  tallies[t].largest = -INFINITY;
  tallies[t].target = NAN;
  tallies[t].top = 0;
  tallies[t].sum = 0;
  if (against != NULL)
    against[t].difference = 0;
}

static __device__ inline float
capped (float z, float cap)
{
  return cap > 0.0f ? cap * tanhf (z / cap) : z;
}

static __global__ void
cap_kernel (float *logits, size_t count, float cap)
{
  for (size_t i = (size_t) blockIdx.x * THREADS + threadIdx.x; i < count; i += (size_t) gridDim.x * THREADS)
    logits[i] = capped (logits[i], cap);
}

/* Sum over the block; scratch (THREADS). */
static __device__ inline double
add_up (double mine, double *scratch)
{
  __syncthreads ();
  scratch[threadIdx.x] = mine;
  __syncthreads ();
  for (unsigned half = THREADS / 2; half > 0; half /= 2)
    {
      if (threadIdx.x < half)
        scratch[threadIdx.x] += scratch[threadIdx.x + half];
      __syncthreads ();
    }
  return scratch[0];
}

/* The largest of z (words) and the first place it stands at. */
static __device__ inline float
find_largest (const float *z, int words, float *values, int *places, int *at)
{
  float most = -INFINITY;
  int where = 0;

  for (int i = (int) threadIdx.x; i < words; i += THREADS)
    if (z[i] > most)
      {
        most = z[i];
        where = i;
      }
  __syncthreads ();
  values[threadIdx.x] = most;
  places[threadIdx.x] = where;
  __syncthreads ();
  for (unsigned half = THREADS / 2; half > 0; half /= 2)
    {
      unsigned t = threadIdx.x;

      if (t < half && (values[t + half] > values[t] || (values[t + half] == values[t] && places[t + half] < places[t])))
        {
          values[t] = values[t + half];
          places[t] = places[t + half];
        }
      __syncthreads ();
    }
  *at = places[0];
  return values[0];
}

/* A block a token: its logits z of the words v0 … v0+words-1. With against: this is the base, and
 * `other` are the network's logits. */
static __global__ void
predictions_kernel (const float *logits, int words, size_t v0, const int32_t *targets, Tally *tallies, const float *other,
                    Against *against)
{
  __shared__ float values[THREADS];
  __shared__ int places[THREADS];
  __shared__ double scratch[THREADS];
  const float *z = logits + (size_t) blockIdx.x * (size_t) words;
  Tally *tally = tallies + blockIdx.x;
  float before = tally->largest, most;
  double sum = 0, difference = 0, shrink;
  int at;

  most = find_largest (z, words, values, places, &at);
  most = most > before ? most : before;
  for (int i = (int) threadIdx.x; i < words; i += THREADS)
    {
      double e = (double) expf (z[i] - most);

      sum += e;
      if (against != NULL)
        difference += e * ((double) z[i] - (double) other[(size_t) blockIdx.x * (size_t) words + i]);
    }
  sum = add_up (sum, scratch);
  if (against != NULL)
    difference = add_up (difference, scratch);
  __syncthreads ();             /* everybody has read tally->largest */
  if (threadIdx.x != 0)
    return;
  shrink = most > before ? exp ((double) before - (double) most) : 1.0;
  if (most > before)
    tally->top = (int32_t) v0 + at;
  tally->sum = tally->sum * shrink + sum;
  tally->largest = most;
  if (against != NULL)
    against[blockIdx.x].difference = against[blockIdx.x].difference * shrink + difference;
  if ((size_t) targets[blockIdx.x] >= v0 && (size_t) targets[blockIdx.x] - v0 < (size_t) words)
    tally->target = z[(size_t) targets[blockIdx.x] - v0];
}

SpqrStatus
spqr_cuda_head_open (void *device, const SpqrHeadShape *shape, const SpqrExec *exec, void **handle)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  Head *head = (Head *) calloc (1, sizeof *head);
  size_t width = shape->elem == SPQR_ELEM_F32 ? 4 : 2;

  *handle = NULL;
  if (shape->hidden == 0 || shape->vocab == 0 || shape->hidden > INT32_MAX || shape->vocab > INT32_MAX ||
      shape->vocab > SIZE_MAX / 8 / shape->hidden)
    op.fail (SPQR_INVALID);
  if (head == NULL)
    op.fail (SPQR_NO_MEMORY);
  if (op.ok ())
    {
      head->shape = *shape;
      head->elem = (SpqrElem) shape->elem;
      head->weights = op.alloc_bytes (shape->vocab * shape->hidden, width);
      spqr_cuda_feed (op, head->weights, shape->weights, shape->vocab * shape->hidden * width, NULL);
      if (shape->bias != NULL)
        head->shape.bias = op.upload_new (shape->bias, shape->vocab);
      if (shape->norm_weight != NULL)
        head->shape.norm_weight = op.upload_new (shape->norm_weight, shape->hidden);
      if (shape->norm_bias != NULL)
        head->shape.norm_bias = op.upload_new (shape->norm_bias, shape->hidden);
    }
  if (op.finish () != SPQR_OK)
    {
      free (head);
      return op.status;
    }
  spqr_cuda_hold (op, 0, &head->hold);
  *handle = head;
  return SPQR_OK;
}

void
spqr_cuda_head_close (void *device, void *handle)
{
  Head *head = (Head *) handle;

  if (head == NULL)
    return;
  spqr_cuda_hold_release ((SpqrCuda *) device, &head->hold);
  free (head);
}

static Side
open_side (SpqrCudaOp &op, const Head *head, const float *hidden, size_t tokens)
{
  const SpqrHeadShape *s = &head->shape;
  size_t tile = s->vocab < VOCAB ? s->vocab : VOCAB;
  Side side = { head, op.alloc<float> (tokens * s->hidden), NULL, NULL, op.alloc<Tally> (tokens) };

  side.logits = op.alloc<float> ((tokens < TOKENS ? tokens : TOKENS) * tile);
  side.wide = head->elem != SPQR_ELEM_F32 ? op.alloc<float> (tile * s->hidden) : NULL;
  spqr_cuda_feed (op, side.states, hidden, tokens * s->hidden * sizeof (float), NULL);
  if (s->norm)
    spqr_cuda_norm_rows (op, side.states, side.states, tokens, s->hidden, s->norm_weight, s->norm_bias, s->norm_epsilon, s->mean_norm);
  return side;
}

/* The tile's weights as f32. */
static const float *
tile_weights (SpqrCudaOp &op, const Side &side, size_t v0, size_t words)
{
  size_t n = side.head->shape.hidden;

  if (side.head->elem == SPQR_ELEM_F32)
    return (const float *) side.head->weights + v0 * n;
  spqr_cuda_widen (op, (const uint16_t *) side.head->weights + v0 * n, side.head->elem, side.wide, words * n);
  return side.wide;
}

/* Logits of some states for the tile, capped. */
static void
make_logits (SpqrCudaOp &op, const Side &side, const float *wide, size_t t, size_t tokens, size_t v0, size_t words)
{
  const SpqrHeadShape *s = &side.head->shape;

  if (s->bias != NULL)
    spqr_cuda_fill_bias (op, s->bias + v0, tokens, words, side.logits);
  op.gemm (false, true, tokens, words, s->hidden, 1.0f, side.states + t * s->hidden, s->hidden, wide, s->hidden,
           s->bias != NULL ? 1.0f : 0.0f, side.logits, words);
  if (s->soft_cap > 0.0f)
    {
      op.work (8.0 * (double) tokens * (double) words, 0);
      SPQR_LAUNCH (op, cap_kernel, 1024, THREADS, 0, side.logits, tokens * words, s->soft_cap);
    }
}

static void
predict_tile (SpqrCudaOp &op, const Side &net, const Side *base, const SpqrHeadPass *pass, const int32_t *targets, Against *against,
              size_t v0, size_t words)
{
  const float *wide = tile_weights (op, net, v0, words), *base_wide = base != NULL ? tile_weights (op, *base, v0, words) : NULL;

  for (size_t t = 0; t < pass->tokens && op.ok (); t += TOKENS)
    {
      size_t some = pass->tokens - t < TOKENS ? pass->tokens - t : TOKENS;

      make_logits (op, net, wide, t, some, v0, words);
      op.work (8.0 * (double) some * (double) words, 0);
      SPQR_LAUNCH (op, predictions_kernel, (unsigned) some, THREADS, 0, net.logits, (int) words, v0, targets + t, net.tallies + t,
                   (const float *) NULL, (Against *) NULL);
      if (base != NULL)
        {
          make_logits (op, *base, base_wide, t, some, v0, words);
          op.work (12.0 * (double) some * (double) words, 0);
          SPQR_LAUNCH (op, predictions_kernel, (unsigned) some, THREADS, 0, base->logits, (int) words, v0, targets + t,
                       base->tallies + t, net.logits, against + t);
        }
      op.pace ();
    }
}

static double
lse_of (const Tally *tally)
{
  return (double) tally->largest + log (tally->sum);
}

/* Downloads, and what the sums come to. */
static void
conclude (SpqrCudaOp &op, const Side &net, const Side *base, const Against *against, const SpqrHeadPass *pass)
{
  size_t tokens = pass->tokens;
  Tally *tallies = (Tally *) malloc (2 * tokens * sizeof *tallies), *base_tallies = tallies + tokens;
  Against *differences = (Against *) malloc (tokens * sizeof *differences);

  if (tallies == NULL || differences == NULL)
    op.fail (SPQR_NO_MEMORY);
  op.download (tallies, net.tallies, tokens * sizeof *tallies);
  if (base != NULL)
    {
      op.download (base_tallies, base->tallies, tokens * sizeof *tallies);
      op.download (differences, against, tokens * sizeof *differences);
    }
  op.wait ();
  op.poll ();
  for (size_t t = 0; t < tokens && op.ok (); t++)
    {
      pass->nll[t] = lse_of (&tallies[t]) - (double) tallies[t].target;
      pass->top1[t] = tallies[t].top;
      if (base == NULL)
        continue;
      pass->base_nll[t] = lse_of (&base_tallies[t]) - (double) base_tallies[t].target;
      pass->base_top1[t] = base_tallies[t].top;
      pass->kl[t] = differences[t].difference / base_tallies[t].sum - lse_of (&base_tallies[t]) + lse_of (&tallies[t]);
    }
  free (tallies);
  free (differences);
}

SpqrStatus
spqr_cuda_head_predict (void *device, void *handle, const SpqrHeadPass *pass, const SpqrExec *exec)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  const Head *head = (const Head *) handle, *base_head = (const Head *) pass->base;
  size_t vocab = head->shape.vocab, tile = vocab < VOCAB ? vocab : VOCAB;
  Side net, base = {};
  Against *against = NULL;
  int32_t *targets;

  for (size_t t = 0; t < pass->tokens; t++)
    if (pass->targets[t] < 0 || (size_t) pass->targets[t] >= vocab)
      return SPQR_INVALID;
  if (base_head != NULL && base_head->shape.vocab != vocab)
    return SPQR_INVALID;
  if (pass->tokens > INT32_MAX)
    return SPQR_UNSUPPORTED;
  if (pass->tokens == 0)
    return op.status;
  targets = op.upload_new (pass->targets, pass->tokens);
  net = open_side (op, head, pass->hidden, pass->tokens);
  SPQR_LAUNCH (op, start_predictions_kernel, spqr_cuda_blocks (pass->tokens, THREADS), THREADS, 0, net.tallies, (Against *) NULL,
               pass->tokens);
  if (base_head != NULL)
    {
      base = open_side (op, base_head, pass->base_hidden, pass->tokens);
      against = op.alloc<Against> (pass->tokens);
      SPQR_LAUNCH (op, start_predictions_kernel, spqr_cuda_blocks (pass->tokens, THREADS), THREADS, 0, base.tallies, against,
                   pass->tokens);
    }
  for (size_t v = 0; v < vocab && op.ok (); v += tile)
    predict_tile (op, net, base_head != NULL ? &base : NULL, pass, targets, against, v, vocab - v < tile ? vocab - v : tile);
  conclude (op, net, base_head != NULL ? &base : NULL, against, pass);
  return op.finish ();
}

SpqrStatus
spqr_cuda_head_logits (void *device, void *handle, const float *hidden, size_t tokens, float *logits, const SpqrExec *exec)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  const Head *head = (const Head *) handle;
  size_t vocab = head->shape.vocab, tile = vocab < VOCAB ? vocab : VOCAB;
  Side side;

  if (tokens > INT32_MAX)
    return SPQR_UNSUPPORTED;
  if (tokens == 0)
    return op.status;
  side = open_side (op, head, hidden, tokens);
  for (size_t v = 0; v < vocab && op.ok (); v += tile)
    {
      size_t words = vocab - v < tile ? vocab - v : tile;
      const float *wide = tile_weights (op, side, v, words);

      for (size_t t = 0; t < tokens && op.ok (); t += TOKENS)
        {
          size_t some = tokens - t < TOKENS ? tokens - t : TOKENS;

          make_logits (op, side, wide, t, some, v, words);
          op.download_rows (logits + t * vocab + v, vocab * sizeof *logits, side.logits, words * sizeof *logits, words * sizeof *logits, some);
          op.pace ();
        }
    }
  return op.finish ();
}
