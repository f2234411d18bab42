/* spqr-cuda-block-run.cu: sequences through one block, all on the device.
 *
 *   sequential:  h += O attention(N1 h);  h += MLP(N2 h)
 *   parallel:    h += O attention(N1 h) + MLP(N1 h or N2 h)
 *   four norms:  h += N2 O attention(N1 h);  h += N4 MLP(N3 h)
 *   post norm:   h = N1 (h + O attention(h));  h = N2 (h + MLP(h))
 *
 * Neighbouring sequences go through together, as a chunk. Three chunks are under way: chunk c is computed in one of
 * three buffers while chunk c + 1 comes into the second and chunk c - 1 leaves the third. What ties
 * the streams: a buffer is filled only behind the event of the chunk that was computed there last
 * (three before), read out only behind the event of its own, and the host waits for its reading out
 * before it goes on. Where the states stay on the device nothing comes in but the first time. */
#include <stdlib.h>

#include "spqr-cuda-keep.h"

#define THREADS 256
#define HEAD_THREADS 128
#define BUFFERS 3
#ifdef SPQR_CUDA_SHIM
#define CHUNK_ROWS ((size_t) 40)        /* several chunks on small shapes */
#else
#define CHUNK_ROWS ((size_t) 4096)
#endif

/* Sequences first … first+count-1, which are rows row0 … row0+rows-1. */
typedef struct { size_t first, count, row0, rows; } Chunk;

typedef struct {
  SpqrCudaNetBlock *block;
  SpqrBlockPass *pass;
  SpqrCudaStates *states;
  size_t chunk_rows;            /* of the largest chunk */
  float *buffers[BUFFERS];
  cudaEvent_t computed[BUFFERS];
  float *normed, *qkv, *context, *mid, *out, *out2;     /* mid lies over qkv and context */
  float *cosine, *sine;
  int last_wanted;              /* product behind whose input the pass may end; N_PRODUCTS: never */
  bool ended;
  float *hidden;                /* of the chunk at hand */
  const Chunk *chunk;
} Run;

/* ---- kernels ---- */

static __device__ inline double
sum_of_block (double mine, double *scratch)
{
  __syncthreads ();
  scratch[threadIdx.x] = mine;
  __syncthreads ();
  for (unsigned half = blockDim.x / 2; half > 0; half /= 2)
    {
      if (threadIdx.x < half)
        scratch[threadIdx.x] += scratch[threadIdx.x + half];
      __syncthreads ();
    }
  return scratch[0];
}

/* By all threads of a block: y = norm of x (n); y may be x, for each thread reads and writes the
 * same places, and the sums are behind barriers. */
static __device__ inline void
norm_row (const float *x, float *y, size_t n, const float *weight, const float *bias, double epsilon, bool with_mean, double *scratch)
{
  double sum = 0, mean = 0, squares = 0;
  float factor;

  if (with_mean)
    {
      for (size_t i = threadIdx.x; i < n; i += blockDim.x)
        sum += (double) x[i];
      mean = (double) (float) (sum_of_block (sum, scratch) / (double) n);
    }
  for (size_t i = threadIdx.x; i < n; i += blockDim.x)
    squares += ((double) x[i] - mean) * ((double) x[i] - mean);
  factor = (float) (1.0 / sqrt (sum_of_block (squares, scratch) / (double) n + epsilon));
  for (size_t i = threadIdx.x; i < n; i += blockDim.x)
    {
      float v = (x[i] - (float) mean) * factor;

      y[i] = (weight != NULL ? v * weight[i] : v) + (bias != NULL ? bias[i] : 0.0f);
    }
}

/* A block a row. */
static __global__ void
norm_rows_kernel (const float *x, float *y, size_t n, const float *weight, const float *bias, double epsilon, bool with_mean)
{
  __shared__ double scratch[THREADS];

  norm_row (x + (size_t) blockIdx.x * n, y + (size_t) blockIdx.x * n, n, weight, bias, epsilon, with_mean, scratch);
}

typedef struct {
  float *qkv;                   /* of the sequence's first row */
  size_t stride;
  int heads, dim, half;
  const uint32_t *q_offset, *k_offset;
  const float *q_weight, *q_bias, *k_weight, *k_bias;   /* weight NULL: no norm */
  const float *cosine, *sine;   /* half 0: not rotated */
  double epsilon;
  bool with_mean;
} Heads;

/* Block (t, h): norm and rotation of head h (of q, then of k) at position t. */
static __global__ void
heads_kernel (Heads a)
{
  __shared__ double scratch[HEAD_THREADS];
  size_t t = blockIdx.x;
  int h = (int) blockIdx.y;
  bool is_q = h < a.heads;
  float *head = a.qkv + t * a.stride + (is_q ? a.q_offset[h] : a.k_offset[h - a.heads]);
  const float *weight = is_q ? a.q_weight : a.k_weight;

  if (weight != NULL)
    {
      norm_row (head, head, (size_t) a.dim, weight, is_q ? a.q_bias : a.k_bias, a.epsilon, a.with_mean, scratch);
      __syncthreads ();         /* pairs are other threads' numbers */
    }
  for (int i = (int) threadIdx.x; i < a.half; i += HEAD_THREADS)
    {
      float c = a.cosine[t * (size_t) a.half + i], s = a.sine[t * (size_t) a.half + i], first = head[i], second = head[i + a.half];

      head[i] = first * c - second * s;
      head[i + a.half] = second * c + first * s;
    }
}

/* The first `inner` of each row: act(gate) up, or act(up). */
static __global__ void
activate_kernel (SpqrGateActivation activation, bool gated, float *mid, size_t stride, size_t tokens, size_t inner)
{
  size_t i = (size_t) blockIdx.x * THREADS + threadIdx.x;

  if (i < inner)
    for (size_t t = blockIdx.y; t < tokens; t += gridDim.y)
      {
        float *row = mid + t * stride, x = row[i], y;

        if (activation == SPQR_ACTIVATION_SILU)
          y = x / (1.0f + expf (-x));
        else if (activation == SPQR_ACTIVATION_GELU)
          y = 0.5f * x * (1.0f + erff (x * 0.70710678f));
        else if (activation == SPQR_ACTIVATION_GELU_TANH)
          y = 0.5f * x * (1.0f + tanhf (0.79788456f * (x + 0.044715f * x * x * x)));
        else
          y = x > 0.0f ? x : 0.0f;
        row[i] = gated ? y * row[inner + i] : y;
      }
}

static __global__ void
add_kernel (float *x, const float *y, size_t count)
{
  for (size_t i = (size_t) blockIdx.x * THREADS + threadIdx.x; i < count; i += (size_t) gridDim.x * THREADS)
    x[i] += y[i];
}

/* ---- steps ---- */

void
spqr_cuda_norm_rows (SpqrCudaOp &op, const float *x, float *y, size_t tokens, size_t n, const float *weight, const float *bias,
                     double epsilon, bool mean)
{
  op.work (8.0 * (double) tokens * (double) n, 0);
  SPQR_LAUNCH (op, norm_rows_kernel, (unsigned) tokens, THREADS, 0, x, y, n, weight, bias, epsilon, mean);
}

static void
run_norm (SpqrCudaOp &op, const Run *run, SpqrBlockNorm norm, const float *x, float *y)
{
  const SpqrBlockShape *s = &run->block->shape;

  spqr_cuda_norm_rows (op, x, y, run->chunk->rows, s->hidden, s->norms[norm].weight, s->norms[norm].bias, s->norm_epsilon, s->mean_norm);
}

static void
run_add (SpqrCudaOp &op, const Run *run, const float *out)
{
  size_t count = run->chunk->rows * run->block->shape.hidden;
  unsigned blocks = spqr_cuda_blocks (count, THREADS * 4);

  op.work (12.0 * (double) count, 0);
  SPQR_LAUNCH (op, add_kernel, blocks < 4096 ? blocks : 4096, THREADS, 0, run->hidden, out, count);
}

/* Adds the input of a product to its H where that is wanted; FALSE when nothing after it is. */
static bool
run_observe (SpqrCudaOp &op, Run *run, SpqrProduct product, const float *x, size_t ldx)
{
  SpqrCudaInput *input = (SpqrCudaInput *) run->pass->inputs[product];

  if (input != NULL && op.ok ())
    spqr_cuda_input_accumulate (op, input, x, ldx, run->chunk->rows, run->chunk->count);
  run->ended = (int) product == run->last_wanted;
  return op.ok () && !run->ended;
}

/* Of a sequence's first row. */
static size_t
position_of (const SpqrBlockPass *pass, const SpqrSequence *sequence)
{
  return sequence->parent != 0 ? pass->sequences[sequence->parent - 1].count : pass->cached;
}

static void
run_heads (SpqrCudaOp &op, const Run *run)
{
  const SpqrBlockShape *s = &run->block->shape;
  Heads a = {};

  if (s->rotary_half == 0 && s->norms[SPQR_NORM_Q].weight == NULL && s->norms[SPQR_NORM_K].weight == NULL)
    return;
  a.stride = s->rows[SPQR_PRODUCT_QKV];
  a.heads = (int) s->heads;
  a.dim = (int) s->head_dim;
  a.half = (int) s->rotary_half;
  a.q_offset = run->block->q_offset;
  a.k_offset = run->block->k_offset;
  a.q_weight = s->norms[SPQR_NORM_Q].weight;
  a.q_bias = s->norms[SPQR_NORM_Q].bias;
  a.k_weight = s->norms[SPQR_NORM_K].weight;
  a.k_bias = s->norms[SPQR_NORM_K].bias;
  a.epsilon = s->norm_epsilon;
  a.with_mean = s->mean_norm;
  for (size_t i = 0; i < run->chunk->count; i++)
    {
      const SpqrSequence *sequence = &run->pass->sequences[run->chunk->first + i];
      size_t position0 = position_of (run->pass, sequence);

      if (a.half != 0)
        {
          a.cosine = run->cosine + (position0 - run->pass->cached) * (size_t) a.half;
          a.sine = run->sine + (position0 - run->pass->cached) * (size_t) a.half;
        }
      a.qkv = run->qkv + (sequence->first - run->chunk->row0) * a.stride;
      op.work (8.0 * (double) sequence->count * (double) ((s->heads + s->kv_heads) * s->head_dim), 0);
      SPQR_LAUNCH (op, heads_kernel, dim3 ((unsigned) sequence->count, (unsigned) (s->heads + s->kv_heads)), HEAD_THREADS, 0, a);
    }
}

/* The keys of a sequence that goes on are all in the cache, its own as well. */
static void
use_cache (SpqrCudaOp &op, const Run *run, const SpqrCudaCache *cache, SpqrCudaAttention *a)
{
  spqr_cuda_cache_append (op, cache, run->pass->cached, run->block, a->q, a->tokens);
  a->k = a->before_k = cache->k;
  a->v = a->before_v = cache->v;
  a->kv_stride = cache->width;
  a->k_offset = a->v_offset = NULL;
  a->n_before = 0;
}

static void
run_attend (SpqrCudaOp &op, const Run *run)
{
  const SpqrBlockShape *s = &run->block->shape;
  SpqrCudaAttention a = {};

  a.q_stride = a.kv_stride = s->rows[SPQR_PRODUCT_QKV];
  a.out_stride = s->heads * s->head_dim;
  a.q_offset = run->block->q_offset;
  a.k_offset = run->block->k_offset;
  a.v_offset = run->block->v_offset;
  a.heads = s->heads;
  a.kv_heads = s->kv_heads;
  a.window = s->window;
  a.dim = (int) s->head_dim;
  a.scale = s->attention_scale;
  a.soft_cap = s->soft_cap;
  for (size_t i = 0; i < run->chunk->count && op.ok (); i++)
    {
      const SpqrSequence *sequence = &run->pass->sequences[run->chunk->first + i];
      size_t row = sequence->first - run->chunk->row0;

      a.tokens = sequence->count;
      a.n_before = position_of (run->pass, sequence);
      a.keys = a.n_before + a.tokens;
      a.q = a.k = a.v = a.before_k = a.before_v = run->qkv + row * a.q_stride;
      if (sequence->parent != 0)
        a.before_k = a.before_v = run->qkv + (run->pass->sequences[sequence->parent - 1].first - run->chunk->row0) * a.q_stride;
      a.out = run->context + row * a.out_stride;
      if (run->pass->cache != NULL)
        use_cache (op, run, (const SpqrCudaCache *) run->pass->cache, &a);
      spqr_cuda_attention_run (op, a);
    }
}

/* out = O attention(x) */
static void
run_attention (SpqrCudaOp &op, Run *run, const float *x, float *out)
{
  const SpqrBlockShape *s = &run->block->shape;
  size_t width = s->heads * s->head_dim;

  if (!run_observe (op, run, SPQR_PRODUCT_QKV, x, s->hidden))
    return;
  spqr_cuda_block_linear (op, run->block, SPQR_PRODUCT_QKV, x, s->hidden, run->chunk->rows, run->qkv);
  run_heads (op, run);
  run_attend (op, run);
  if (run_observe (op, run, SPQR_PRODUCT_O, run->context, width))
    spqr_cuda_block_linear (op, run->block, SPQR_PRODUCT_O, run->context, width, run->chunk->rows, out);
}

/* out = MLP(x) */
static void
run_mlp (SpqrCudaOp &op, Run *run, const float *x, float *out)
{
  const SpqrBlockShape *s = &run->block->shape;
  size_t stride = s->rows[SPQR_PRODUCT_UP], rows = run->chunk->rows;

  if (!run_observe (op, run, SPQR_PRODUCT_UP, x, s->hidden))
    return;
  spqr_cuda_block_linear (op, run->block, SPQR_PRODUCT_UP, x, s->hidden, rows, run->mid);
  op.work (4.0 * (double) rows * (double) s->inner * (s->gated ? 3 : 2), 0);
  SPQR_LAUNCH (op, activate_kernel, dim3 (spqr_cuda_blocks (s->inner, THREADS), (unsigned) (rows < 32768 ? rows : 32768)), THREADS, 0,
               s->activation, s->gated, run->mid, stride, rows, s->inner);
  if (run_observe (op, run, SPQR_PRODUCT_DOWN, run->mid, stride))
    spqr_cuda_block_linear (op, run->block, SPQR_PRODUCT_DOWN, run->mid, stride, rows, out);
}

static void
run_parallel (SpqrCudaOp &op, Run *run)
{
  run_norm (op, run, SPQR_NORM_INPUT, run->hidden, run->normed);
  run_attention (op, run, run->normed, run->out);
  if (run->ended)
    return;
  if (run->block->shape.two_parallel_norms)
    run_norm (op, run, SPQR_NORM_POST, run->hidden, run->normed);
  run_mlp (op, run, run->normed, run->out2);
  if (run->ended)
    return;
  run_add (op, run, run->out2);
  run_add (op, run, run->out);
}

/* One half of a sequential block: h += [after] f([before] h), or h = before (h + f(h)). */
static void
run_half (SpqrCudaOp &op, Run *run, void (*f) (SpqrCudaOp &, Run *, const float *, float *), SpqrBlockNorm before, SpqrBlockNorm after)
{
  const SpqrBlockShape *s = &run->block->shape;

  if (!s->post_norm)
    run_norm (op, run, before, run->hidden, run->normed);
  f (op, run, s->post_norm ? run->hidden : run->normed, run->out);
  if (run->ended)
    return;
  if (s->four_norms)
    run_norm (op, run, after, run->out, run->out);
  run_add (op, run, run->out);
  if (s->post_norm)
    run_norm (op, run, before, run->hidden, run->hidden);
}

static void
run_chunk (SpqrCudaOp &op, Run *run)
{
  const SpqrBlockShape *s = &run->block->shape;

  run->ended = false;
  if (s->parallel)
    {
      run_parallel (op, run);
      return;
    }
  run_half (op, run, run_attention, SPQR_NORM_INPUT, SPQR_NORM_POST);
  if (!run->ended)
    run_half (op, run, run_mlp, s->four_norms ? SPQR_NORM_PRE_MLP : SPQR_NORM_POST, SPQR_NORM_POST_MLP);
}

/* ---- chunks ---- */

/* A sequence and those behind it that hang together with it: they go through at once. */
static Chunk
family_at (const SpqrBlockPass *pass, size_t first)
{
  const SpqrSequence *sequences = pass->sequences;
  Chunk family = { first, 1, sequences[first].first, sequences[first].count };

  for (size_t i = first + 1; i < pass->n_sequences && sequences[i].parent != 0; i++, family.count++)
    family.rows = sequences[i].first + sequences[i].count - family.row0;
  return family;
}

/* The chunk that begins with a sequence: neighbours, as many families as it holds. */
static Chunk
chunk_at (const Run *run, size_t first)
{
  Chunk chunk = family_at (run->pass, first);

  while (chunk.first + chunk.count < run->pass->n_sequences)
    {
      Chunk next = family_at (run->pass, chunk.first + chunk.count);

      if (next.row0 != chunk.row0 + chunk.rows || chunk.rows + next.rows > run->chunk_rows)
        break;
      chunk.rows += next.rows;
      chunk.count += next.count;
    }
  return chunk;
}

/* A parent comes first and has none; its others stand behind it without a gap. */
static bool
parent_is_good (const SpqrBlockPass *pass, size_t i)
{
  const SpqrSequence *s = &pass->sequences[i], *before = s - 1;

  return s->parent == 0 || (s->parent <= i && pass->sequences[s->parent - 1].parent == 0 && before->first + before->count == s->first &&
                            (before->parent == s->parent || s->parent == i));
}

static bool
cache_is_good (const SpqrCudaNetBlock *block, const SpqrBlockPass *pass)
{
  const SpqrCudaCache *cache = (const SpqrCudaCache *) pass->cache;

  if (cache == NULL)
    return pass->cached == 0;
  return pass->n_sequences == 1 && cache->width == block->shape.kv_heads * block->shape.head_dim && pass->cached < cache->capacity &&
         pass->sequences[0].count <= cache->capacity - pass->cached;
}

/* longest: rows of the largest family; positions: as many as the cosines must have. */
static SpqrStatus
check_pass (const SpqrCudaNetBlock *block, const SpqrBlockPass *pass, size_t *longest, size_t *positions)
{
  const SpqrCudaStates *states = (const SpqrCudaStates *) pass->states;

  *longest = *positions = 0;
  if (pass->n_sequences > 0 && !cache_is_good (block, pass))
    return SPQR_INVALID;
  for (size_t i = 0; i < pass->n_sequences; i++)
    {
      const SpqrSequence *s = &pass->sequences[i];
      size_t end;

      if (s->count == 0 || s->first > pass->rows || s->count > pass->rows - s->first || s->count > INT32_MAX / 2 ||
          !parent_is_good (pass, i))
        return SPQR_INVALID;
      end = position_of (pass, s) + s->count;
      *positions = end > *positions ? end : *positions;
    }
  for (size_t i = 0; i < pass->n_sequences; )
    {
      Chunk family = family_at (pass, i);

      *longest = family.rows > *longest ? family.rows : *longest;
      i += family.count;
    }
  if (block->shape.rotary_half != 0 && (*positions > pass->positions || pass->cosine == NULL || pass->sine == NULL))
    return SPQR_INVALID;
  for (int p = 0; p < SPQR_N_PRODUCTS; p++)
    if (pass->inputs[p] != NULL && ((SpqrCudaInput *) pass->inputs[p])->n != block->shape.cols[p])
      return SPQR_INVALID;
  return states != NULL && (states->n_rows != pass->rows || states->width != block->shape.hidden) ? SPQR_INVALID : SPQR_OK;
}

static size_t
workspace_floats (const SpqrBlockShape *s)
{
  size_t attention = s->rows[SPQR_PRODUCT_QKV] + s->heads * s->head_dim, mlp = s->rows[SPQR_PRODUCT_UP];

  return (s->parallel ? 3 : 2) * s->hidden + (attention > mlp ? attention : mlp);
}

static void
allocate_for (SpqrCudaOp &op, Run *run, size_t rows)
{
  const SpqrBlockShape *s = &run->block->shape;
  bool buffers = run->states == NULL || !run->pass->write;
  float *at = op.alloc<float> (rows * workspace_floats (s));

  run->chunk_rows = rows;
  for (int i = 0; i < BUFFERS; i++)
    run->buffers[i] = buffers ? op.alloc<float> (rows * s->hidden) : NULL;
  if (!op.ok ())
    return;
  run->normed = at;
  run->out = run->normed + rows * s->hidden;
  run->out2 = s->parallel ? run->out + rows * s->hidden : NULL;
  run->qkv = run->mid = run->out + (s->parallel ? 2 : 1) * rows * s->hidden;
  run->context = run->qkv + rows * s->rows[SPQR_PRODUCT_QKV];
}

/* As many rows at a time as fit, at least the largest family. */
static void
allocate (SpqrCudaOp &op, Run *run, size_t longest, size_t positions)
{
  size_t rows = longest > CHUNK_ROWS ? longest : CHUNK_ROWS;
  int mark = op.mark ();

  rows = rows < run->pass->rows ? rows : run->pass->rows;
  allocate_for (op, run, rows);
  while (op.status == SPQR_DEVICE_OUT_OF_MEMORY && rows > longest)
    {
      op.release (mark);
      op.status = SPQR_OK;
      rows = rows / 2 > longest ? rows / 2 : longest;
      allocate_for (op, run, rows);
    }
  for (int i = 0; i < BUFFERS && op.ok (); i++)
    op.check (cudaEventCreateWithFlags (&run->computed[i], cudaEventDisableTiming));
  if (run->block->shape.rotary_half != 0)
    {
      size_t half = run->block->shape.rotary_half, before = run->pass->cached;

      run->cosine = op.upload_new (run->pass->cosine + before * half, (positions - before) * half);
      run->sine = op.upload_new (run->pass->sine + before * half, (positions - before) * half);
    }
}

/* Where a chunk is computed. */
static float *
place_of (const Run *run, const Chunk *chunk, size_t number)
{
  if (run->states != NULL && run->pass->write)
    return run->states->rows + chunk->row0 * run->states->width;
  return run->buffers[number % BUFFERS];
}

/* Brings a chunk's states to where they are computed. used: something was computed there before. */
static void
bring (SpqrCudaOp &op, const Run *run, const Chunk *chunk, size_t number, bool used)
{
  size_t width = run->block->shape.hidden, bytes = chunk->rows * width * sizeof (float);
  const float *host = run->pass->hidden + chunk->row0 * width;
  float *place = place_of (run, chunk, number), *kept = run->states != NULL ? run->states->rows + chunk->row0 * width : NULL;

  if (kept != NULL && !run->states->current)
    spqr_cuda_feed (op, kept, host, bytes, NULL);
  else if (kept == NULL)
    spqr_cuda_feed (op, place, host, bytes, used ? run->computed[number % BUFFERS] : NULL);
  if (kept != NULL && place != kept)
    op.copy (place, kept, bytes);
}

static void
take_out (SpqrCudaOp &op, const Run *run, const Chunk *chunk, size_t number)
{
  size_t width = run->block->shape.hidden;

  if (run->pass->write)
    spqr_cuda_drain (op, run->pass->hidden + chunk->row0 * width, place_of (run, chunk, number), chunk->rows * width * sizeof (float),
                     run->computed[number % BUFFERS]);
}

static void
chunk_done (SpqrCudaOp &op, Run *run, const Chunk *chunk)
{
  if (!op.ok ())
    return;
  run->pass->done = chunk->first + chunk->count;
  if (run->pass->step != NULL)
    run->pass->step (run->pass->done, run->pass->step_data);
}

static void
run_all (SpqrCudaOp &op, Run *run)
{
  Chunk before = {}, now = {}, next = chunk_at (run, 0);
  bool more = true;
  size_t number = 0;

  bring (op, run, &next, 0, false);
  for (; more && op.ok (); number++)
    {
      before = now;
      now = next;
      run->chunk = &now;
      run->hidden = place_of (run, &now, number);
      run_chunk (op, run);
      if (op.ok ())
        op.check (cudaEventRecord (run->computed[number % BUFFERS], op.device->stream));
      more = now.first + now.count < run->pass->n_sequences;
      if (more)
        {
          next = chunk_at (run, now.first + now.count);
          bring (op, run, &next, number + 1, number + 1 >= BUFFERS);
        }
      if (number > 0)
        {
          take_out (op, run, &before, number - 1);
          chunk_done (op, run, &before);
        }
    }
  if (number > 0)
    {
      take_out (op, run, &now, number - 1);
      op.wait ();
      chunk_done (op, run, &now);
    }
}

SpqrStatus
spqr_cuda_block_run (void *device, void *handle, SpqrBlockPass *pass, const SpqrExec *exec)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  SpqrStatus status;
  Run run = {};
  size_t longest = 0, positions = 0;

  run.block = (SpqrCudaNetBlock *) handle;
  run.pass = pass;
  run.states = (SpqrCudaStates *) pass->states;
  run.last_wanted = SPQR_N_PRODUCTS;
  pass->done = 0;
  status = check_pass (run.block, pass, &longest, &positions);
  if (status != SPQR_OK || pass->n_sequences == 0)
    return status;
  for (int p = 0; p < SPQR_N_PRODUCTS && !pass->write; p++)
    if (pass->inputs[p] != NULL)
      run.last_wanted = p;
  allocate (op, &run, longest, positions);
  if (op.device->half != 0)
    spqr_cuda_half_settle (op, run.block);
  if (op.ok ())
    {
      bool was_current = run.states != NULL && run.states->current;

      run_all (op, &run);
      if (run.states != NULL)
        run.states->current = op.ok () || (was_current && !pass->write);
    }
  op.wait ();
  for (int i = 0; i < BUFFERS; i++)
    if (run.computed[i] != NULL)
      (void) cudaEventDestroy (run.computed[i]);
  return op.status;
}

size_t
spqr_cuda_block_estimate (void *device, const SpqrBlockShape *s, size_t longest)
{
  double floats = 0, rows = (double) (longest > CHUNK_ROWS ? longest : CHUNK_ROWS);

  for (int p = 0; p < SPQR_N_PRODUCTS; p++)
    floats += (double) s->rows[p] * (double) s->cols[p] * (((SpqrCuda *) device)->half != 0 ? 1.5 : 1.0);
  floats += rows * (double) (workspace_floats (s) + BUFFERS * s->hidden);
  floats += 2.0 * (double) longest * (double) s->rotary_half;
  return floats < 0x1p60 ? (size_t) (floats * sizeof (float)) + ((size_t) 64 << 20) : SIZE_MAX / 2;
}
