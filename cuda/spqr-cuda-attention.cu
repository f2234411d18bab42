/* spqr-cuda-attention.cu: o_i = sum_j softmax_j(s_ij) v_j, s_ij = scale q_i.k_j, over the keys that
 * query i sees; memory does not grow with the square of the length.
 *
 * A thread block takes one head and 16 queries, a warp four of them, and walks over the keys in tiles
 * of 32, a lane a key, that stand in shared memory (first K, then V in the same place). For each
 * query it keeps the largest score m so far, l = sum e^(s - m) and o = sum e^(s - m) v, each lane
 * every 32nd number of o; when a tile raises m to m', l and o are multiplied by e^(m - m') first.
 * K is stored turned by its row, k(j, d) at (d + j) mod D, so that 32 lanes hit 32 banks. */
#include <math.h>

#include "spqr-cuda-keep.h"

#define WARPS 4
#define PER_WARP 4              /* queries */
#define QUERIES (WARPS * PER_WARP)
#define KEYS 32
#define ONE_WARPS 8             /* for a single query */
#define MOST_DIM SPQR_CUDA_MOST_HEAD_DIM
#define PARTS (MOST_DIM / 32)   /* numbers of o a lane keeps, per query */
#define FULL_WARP 0xffffffffu
#define QUERIES_AT_ONCE ((size_t) 2048)

typedef SpqrCudaAttention Attention;
typedef struct { float largest, sum, o[PARTS]; } Query;

static __device__ inline float
warp_max (float x)
{
  for (int step = 16; step > 0; step /= 2)
    x = fmaxf (x, __shfl_xor_sync (FULL_WARP, x, step));
  return x;
}

static __device__ inline float
warp_sum (float x)
{
  for (int step = 16; step > 0; step /= 2)
    x += __shfl_xor_sync (FULL_WARP, x, step);
  return x;
}

/* Keys first … of those in `before`, then of those in `from`. */
static __device__ inline void
load_tile (const Attention &a, const float *before, const float *from, size_t first, size_t end, bool turned, float *tile)
{
  int dim = a.dim;

  __syncthreads ();
  for (int i = (int) threadIdx.x; i < KEYS * dim; i += WARPS * 32)
    {
      int j = i / dim, d = i % dim, at = turned ? (d + j) % dim : d;
      size_t key = first + j;
      const float *row = key < a.n_before ? before + key * a.kv_stride : from + (key - a.n_before) * a.kv_stride;

      tile[j * dim + at] = key < end ? row[d] : 0.0f;
    }
  __syncthreads ();
}

/* The score of this lane's key for each of the warp's queries; -inf where a query does not see it. */
static __device__ inline void
score_tile (const Attention &a, const float *q, const float *tile, size_t first, size_t query0, int lane, float *scores)
{
  float dot[PER_WARP] = { 0.0f, 0.0f, 0.0f, 0.0f };
  size_t key = first + lane;

  for (int d = 0, at = lane % a.dim; d < a.dim; d++, at = at + 1 < a.dim ? at + 1 : 0)
    {
      float k = tile[lane * a.dim + at];

      for (int i = 0; i < PER_WARP; i++)
        dot[i] = fmaf (q[i * a.dim + d], k, dot[i]);
    }
  for (int i = 0; i < PER_WARP; i++)
    {
      size_t t = query0 + i, position = a.keys - a.tokens + t;
      float s = a.scale * dot[i];

      if (a.soft_cap > 0.0f)
        s = a.soft_cap * tanhf (s / a.soft_cap);
      scores[i] = t < a.tokens && key <= position && (a.window == 0 || position - key < a.window) ? s : -INFINITY;
    }
}

static __device__ inline void
add_values (const Attention &a, const float *tile, int lane, const float *scores, Query *queries)
{
  for (int i = 0; i < PER_WARP; i++)
    {
      Query *query = &queries[i];
      float largest = fmaxf (query->largest, warp_max (scores[i]));
      float shrink = query->largest == largest ? 1.0f : expf (query->largest - largest);
      float p = scores[i] == -INFINITY ? 0.0f : expf (scores[i] - largest);

      query->sum = query->sum * shrink + warp_sum (p);
      query->largest = largest;
      for (int part = 0; part < PARTS; part++)
        query->o[part] *= shrink;
      for (int j = 0; j < KEYS; j++)
        {
          float weight = __shfl_sync (FULL_WARP, p, j);

          for (int part = 0; part < PARTS; part++)
            if (part * 32 + lane < a.dim)
              query->o[part] = fmaf (weight, tile[j * a.dim + part * 32 + lane], query->o[part]);
        }
    }
}

static __global__ void __launch_bounds__ (WARPS * 32)
attention_kernel (Attention a, size_t tokens0, size_t tokens1)
{
  SPQR_DYNAMIC_SHARED (memory);
  float *q = (float *) (void *) memory, *tile = q + QUERIES * a.dim;
  int warp = (int) threadIdx.x / 32, lane = (int) threadIdx.x % 32;
  size_t head = blockIdx.y, kv_head = head / (a.heads / a.kv_heads);
  size_t block0 = tokens0 + (size_t) blockIdx.x * QUERIES, query0 = block0 + (size_t) warp * PER_WARP;
  size_t last = (block0 + QUERIES < tokens1 ? block0 + QUERIES : tokens1) - 1, before = a.keys - a.tokens;
  size_t end = before + last + 1, first = 0;
  const float *queries_at = a.q + (a.q_offset != NULL ? a.q_offset[head] : head * a.dim);
  size_t k_at = a.k_offset != NULL ? a.k_offset[kv_head] : kv_head * a.dim;
  size_t v_at = a.v_offset != NULL ? a.v_offset[kv_head] : kv_head * a.dim;
  Query queries[PER_WARP];

  for (int i = (int) threadIdx.x; i < QUERIES * a.dim; i += WARPS * 32)
    {
      size_t t = block0 + i / a.dim;

      q[i] = t < tokens1 ? queries_at[t * a.q_stride + i % a.dim] : 0.0f;
    }
  for (int i = 0; i < PER_WARP; i++)
    {
      queries[i].largest = -INFINITY;
      queries[i].sum = 0.0f;
      for (int part = 0; part < PARTS; part++)
        queries[i].o[part] = 0.0f;
    }
  if (a.window != 0 && before + block0 + 1 > a.window)
    first = (before + block0 + 1 - a.window) / KEYS * KEYS;
  for (; first < end; first += KEYS)
    {
      float scores[PER_WARP];

      load_tile (a, a.before_k + k_at, a.k + k_at, first, end, true, tile);
      score_tile (a, q + warp * PER_WARP * a.dim, tile, first, query0, lane, scores);
      load_tile (a, a.before_v + v_at, a.v + v_at, first, end, false, tile);
      add_values (a, tile, lane, scores, queries);
    }
  for (int i = 0; i < PER_WARP; i++)
    for (int part = 0; part < PARTS; part++)
      if (query0 + i < tokens1 && part * 32 + lane < a.dim)
        a.out[(query0 + i) * a.out_stride + head * a.dim + part * 32 + lane] = queries[i].o[part] / queries[i].sum;
}

/* One query alone, as when a text is continued word by word: a block a head; each warp takes every ONE_WARPS-th 32 keys, a
 * lane every 32nd number of them, and what the warps found is put together at the end. */
static __global__ void __launch_bounds__ (ONE_WARPS * 32)
attention_one_kernel (Attention a)
{
  __shared__ float largest[ONE_WARPS], sums[ONE_WARPS], o[ONE_WARPS][MOST_DIM];
  int warp = (int) threadIdx.x / 32, lane = (int) threadIdx.x % 32;
  size_t head = blockIdx.x, kv_head = head / (a.heads / a.kv_heads);
  const float *q = a.q + (a.q_offset != NULL ? a.q_offset[head] : head * a.dim);
  size_t k_at = a.k_offset != NULL ? a.k_offset[kv_head] : kv_head * a.dim;
  size_t v_at = a.v_offset != NULL ? a.v_offset[kv_head] : kv_head * a.dim;
  size_t begin = a.window != 0 && a.keys > a.window ? a.keys - a.window : 0;
  float mine[PARTS], most = -INFINITY, total = 0.0f;
  Query query = { -INFINITY, 0.0f, {} };

  for (int part = 0; part < PARTS; part++)
    mine[part] = part * 32 + lane < a.dim ? q[part * 32 + lane] : 0.0f;
  for (size_t first = begin + (size_t) warp * KEYS; first < a.keys; first += ONE_WARPS * KEYS)
    {
      int count = a.keys - first < KEYS ? (int) (a.keys - first) : KEYS;
      float score = -INFINITY, rise, shrink, p;

      for (int j = 0; j < count; j++)
        {
          const float *k = (first + j < a.n_before ? a.before_k + (first + j) * a.kv_stride : a.k + (first + j - a.n_before) * a.kv_stride) + k_at;
          float dot = 0.0f;

          for (int part = 0; part < PARTS; part++)
            if (part * 32 + lane < a.dim)
              dot = fmaf (mine[part], k[part * 32 + lane], dot);
          dot = a.scale * warp_sum (dot);
          if (a.soft_cap > 0.0f)
            dot = a.soft_cap * tanhf (dot / a.soft_cap);
          score = lane == j ? dot : score;
        }
      rise = fmaxf (query.largest, warp_max (score));
      shrink = query.largest == rise ? 1.0f : expf (query.largest - rise);
      p = score == -INFINITY ? 0.0f : expf (score - rise);
      query.sum = query.sum * shrink + warp_sum (p);
      query.largest = rise;
      for (int part = 0; part < PARTS; part++)
        query.o[part] *= shrink;
      for (int j = 0; j < count; j++)
        {
          const float *v = (first + j < a.n_before ? a.before_v + (first + j) * a.kv_stride : a.v + (first + j - a.n_before) * a.kv_stride) + v_at;
          float weight = __shfl_sync (FULL_WARP, p, j);

          for (int part = 0; part < PARTS; part++)
            if (part * 32 + lane < a.dim)
              query.o[part] = fmaf (weight, v[part * 32 + lane], query.o[part]);
        }
    }
  if (lane == 0)
    {
      largest[warp] = query.largest;
      sums[warp] = query.sum;
    }
  for (int part = 0; part < PARTS; part++)
    if (part * 32 + lane < a.dim)
      o[warp][part * 32 + lane] = query.o[part];
  __syncthreads ();
  for (int w = 0; w < ONE_WARPS; w++)
    most = fmaxf (most, largest[w]);
  for (int w = 0; w < ONE_WARPS; w++)
    total += largest[w] == -INFINITY ? 0.0f : sums[w] * expf (largest[w] - most);
  for (int d = (int) threadIdx.x; d < a.dim; d += ONE_WARPS * 32)
    {
      float sum = 0.0f;

      for (int w = 0; w < ONE_WARPS; w++)
        sum += largest[w] == -INFINITY ? 0.0f : o[w][d] * expf (largest[w] - most);
      a.out[head * a.dim + d] = sum / total;
    }
}

void
spqr_cuda_attention_run (SpqrCudaOp &op, const SpqrCudaAttention &a)
{
  size_t width = a.heads * (size_t) a.dim, shared = (QUERIES + KEYS) * (size_t) a.dim * sizeof (float);
  double flops_a_query = 4.0 * (double) width * (double) a.keys;
  size_t at_once = QUERIES_AT_ONCE;

  if (a.tokens == 1)
    {
      op.work ((double) (a.keys * a.kv_heads) * a.dim * 8, flops_a_query);
      SPQR_LAUNCH (op, attention_one_kernel, (unsigned) a.heads, ONE_WARPS * 32, 0, a);
      return;
    }
  /* A quarter of what a product of that many operations may take: scores are no product's speed. */
  if (flops_a_query * (double) at_once > op.device->slice_flops / 4)
    at_once = ((size_t) (op.device->slice_flops / 4 / flops_a_query) / QUERIES + 1) * QUERIES;
  for (size_t t = 0; t < a.tokens && op.ok (); t += at_once)
    {
      size_t end = t + at_once < a.tokens ? t + at_once : a.tokens;

      op.work ((double) (end - t) * (double) width * 8 + (double) (a.keys * a.kv_heads) * a.dim * 8,
               4.0 * (double) (end - t) * (double) width * ((double) (a.keys - a.tokens) + (double) (t + end) / 2));
      SPQR_LAUNCH (op, attention_kernel, dim3 (spqr_cuda_blocks (end - t, QUERIES), (unsigned) a.heads), WARPS * 32, shared, a, t,
                   end);
      op.pace ();
    }
}

/* ALiBi is the CPU's: what there is of it rounds as one published model does. */
SpqrStatus
spqr_cuda_attention (void *device, const SpqrAttentionOp *attention, const SpqrExec *exec)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  size_t dim = attention->head_dim, count = attention->tokens * attention->heads * dim;
  size_t kv_count = attention->keys * attention->kv_heads * dim;
  Attention a = {};

  if (attention->tokens > attention->keys || attention->kv_heads == 0 || attention->heads % attention->kv_heads != 0)
    return SPQR_INVALID;
  if (dim == 0 || dim > MOST_DIM || attention->heads > 65535 || attention->alibi_slopes != NULL)
    return SPQR_UNSUPPORTED;
  if (attention->tokens == 0)
    return op.status;
  a.tokens = attention->tokens;
  a.keys = attention->keys;
  a.heads = attention->heads;
  a.kv_heads = attention->kv_heads;
  a.window = attention->window;
  a.dim = (int) dim;
  a.q_stride = a.out_stride = a.heads * dim;
  a.kv_stride = a.kv_heads * dim;
  a.scale = attention->scale;
  a.soft_cap = attention->soft_cap;
  a.q = op.upload_new (attention->q, count);
  a.k = a.before_k = op.upload_new (attention->k, kv_count);
  a.v = a.before_v = op.upload_new (attention->v, kv_count);
  a.out = op.alloc<float> (count);
  spqr_cuda_attention_run (op, a);
  op.download (attention->out, a.out, count * sizeof (float));
  return op.finish ();
}
