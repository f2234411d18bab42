/* spqr-run.c: one block over a batch of sequences.
 *
 *   sequential:  h += O attention(N1 h);  h += MLP(N2 h)
 *   parallel:    h += O attention(N1 h) + MLP(N1 h or N2 h)
 *   four norms:  h += N2 O attention(N1 h);  h += N4 MLP(N3 h)
 *   post norm:   h = N1 (h + O attention(h));  h = N2 (h + MLP(h))
 *
 * MLP(x) = Down(act(Gate x) · Up x), or Down(act(Up x)). */
#include <string.h>

#include "compute/spqr-gemm.h"
#include "net/spqr-attention.h"
#include "net/spqr-net-private.h"
#include "net/spqr-vector.h"

#define ROWS 16                 /* rows of a batch that one piece of element-wise work takes */

typedef struct {
  SpqrNet *net;
  SpqrBlock *block;
  float *hidden;
  gsize tokens;
  const SpqrSegment *segments;
  gsize n_segments;
  SpqrInputFunc observe;
  gpointer user_data;
  const SpqrExec *exec;
  gboolean stopped;             /* the observer has seen enough */
  SpqrRotaryTable *rotary;
  gsize *positions;             /* of every row of the batch */
  float *normed, *qkv, *context, *mid, *out, *out2;   /* in the workspace; mid lies over qkv and context */
} Pass;

/* Layer by layer, side by side in y. */
static SpqrStatus
pass_layers (Pass *pass, SpqrProduct product, const float *x, gsize ldx, float *y)
{
  SpqrBlock *block = pass->block;
  SpqrStatus status = SPQR_OK;

  for (guint i = 0; i < block->plan.n_linears && status == SPQR_OK; i++)
    {
      const SpqrLinearPlan *linear = &block->plan.linears[i];
      const float *bias = block->bias[product] != NULL ? block->bias[product] + linear->row0 : NULL;

      if (linear->product != product)
        continue;
      if (block->packed[i] != NULL)
        status = spqr_packed_product (block->packed[i], x, ldx, pass->tokens, bias, y + linear->row0, block->rows[product], pass->exec);
      else
        status = spqr_gemm_nt (x, ldx, pass->tokens, block->weights[product] + linear->row0 * linear->cols, SPQR_ELEM_F32,
                               linear->rows, linear->cols, bias, y + linear->row0, block->rows[product], pass->exec);
    }
  return status;
}

static SpqrStatus
pass_linear (Pass *pass, SpqrProduct product, const float *x, gsize ldx, float *y)
{
  SpqrBlock *block = pass->block;

  if (block->mixed)
    return pass_layers (pass, product, x, ldx, y);
  return spqr_gemm_nt (x, ldx, pass->tokens, block->weights[product], SPQR_ELEM_F32, block->rows[product],
                       block->cols[product], block->bias[product], y, block->rows[product], pass->exec);
}

/* Shows the input of a product's group; TRUE when the pass shall go on. */
static gboolean
pass_observe (Pass *pass, SpqrProduct product, const float *x)
{
  if (pass->observe == NULL)
    return TRUE;
  pass->stopped = !pass->observe (pass->block->plan.group[product], x, pass->tokens, pass->block->cols[product], pass->user_data);
  return !pass->stopped;
}

static void
rotate_head (const Pass *pass, float *head, gsize position)
{
  gsize half = pass->rotary->half;

  spqr_vector_rotate (head, head + half, pass->rotary->cosine + position * half, pass->rotary->sine + position * half, half);
}

/* Norms of q and k by head, then the rotation, row by row. */
static void
prepare_rows (void *data, size_t begin, size_t end)
{
  Pass *pass = data;
  SpqrNet *net = pass->net;
  const SpqrNormWeights *q_norm = &pass->block->norms[SPQR_NORM_Q], *k_norm = &pass->block->norms[SPQR_NORM_K];

  for (size_t t = begin; t < end; t++)
    {
      float *row = pass->qkv + t * net->qkv_rows;

      for (gsize h = 0; h < net->heads + net->kv_heads; h++)
        {
          gboolean is_q = h < net->heads;
          float *head = row + (is_q ? net->q_offset[h] : net->k_offset[h - net->heads]);
          const SpqrNormWeights *norm = is_q ? q_norm : k_norm;

          if (norm->weight != NULL)
            spqr_net_norm_row (net, norm, head, head, net->head_dim);
          if (pass->rotary != NULL)
            rotate_head (pass, head, pass->positions[t]);
        }
    }
}

static void
cache_append (const Pass *pass, const SpqrSegment *segment)
{
  const SpqrNet *net = pass->net;
  SpqrKeyValues *cache = segment->cache;
  gsize width = net->kv_heads * net->head_dim;

  for (gsize t = 0; t < segment->count; t++)
    for (gsize g = 0; g < net->kv_heads; g++)
      {
        const float *row = pass->qkv + (segment->first + t) * net->qkv_rows;
        gsize at = (segment->position0 + t) * width + g * net->head_dim;

        memcpy (cache->k + at, row + net->k_offset[g], net->head_dim * sizeof (float));
        memcpy (cache->v + at, row + net->v_offset[g], net->head_dim * sizeof (float));
      }
  cache->length = segment->position0 + segment->count;
}

static SpqrKeySpan
span_of_segment (const Pass *pass, const SpqrSegment *segment)
{
  const SpqrNet *net = pass->net;
  const float *rows = pass->qkv + segment->first * net->qkv_rows;

  return (SpqrKeySpan) { rows, rows, net->qkv_rows, net->k_offset, net->v_offset, segment->position0, segment->count };
}

/* cached: offsets of the heads in a row of a cache. */
static SpqrAttentionItem
attention_item (const Pass *pass, const SpqrSegment *segment, const gsize *cached)
{
  const SpqrNet *net = pass->net;
  gsize width = net->heads * net->head_dim;
  SpqrAttentionItem item = {
    .q = pass->qkv + segment->first * net->qkv_rows, .stride = net->qkv_rows,
    .out = pass->context + segment->first * width, .out_stride = width,
    .position0 = segment->position0, .n = segment->count,
  };

  if (segment->cache != NULL)
    {
      item.spans[item.n_spans++] = (SpqrKeySpan) { segment->cache->k, segment->cache->v, net->kv_heads * net->head_dim,
                                                   cached, cached, 0, segment->cache->length };
      return item;
    }
  if (segment->parent >= 0)
    item.spans[item.n_spans++] = span_of_segment (pass, &pass->segments[segment->parent]);
  item.spans[item.n_spans++] = span_of_segment (pass, segment);
  return item;
}

static SpqrStatus
pass_attend (Pass *pass)
{
  SpqrNet *net = pass->net;
  SpqrAttention attention = {
    .heads = net->heads, .kv_heads = net->kv_heads, .head_dim = net->head_dim, .q_offset = net->q_offset,
    .scale = net->attention_scale, .softcap = (float) net->config->attention_softcap,
    .window = pass->block->plan.window, .slopes = net->slopes,
  };
  g_autofree SpqrAttentionItem *items = g_try_new (SpqrAttentionItem, pass->n_segments);
  g_autofree gsize *cached = g_try_new (gsize, net->kv_heads);

  if (items == NULL || cached == NULL)
    return SPQR_NO_MEMORY;
  for (gsize g = 0; g < net->kv_heads; g++)
    cached[g] = g * net->head_dim;
  for (gsize s = 0; s < pass->n_segments; s++)
    {
      if (pass->segments[s].cache != NULL)
        cache_append (pass, &pass->segments[s]);
      items[s] = attention_item (pass, &pass->segments[s], cached);
    }
  return spqr_attention_run (&attention, items, pass->n_segments, pass->exec);
}

/* out = O attention(x) */
static SpqrStatus
pass_attention (Pass *pass, const float *x, float *out)
{
  SpqrNet *net = pass->net;
  SpqrStatus status = SPQR_OK;

  if (!pass_observe (pass, SPQR_PRODUCT_QKV, x))
    return SPQR_OK;
  status = pass_linear (pass, SPQR_PRODUCT_QKV, x, net->hidden, pass->qkv);
  if (status == SPQR_OK && (pass->rotary != NULL || pass->block->norms[SPQR_NORM_Q].weight != NULL))
    status = spqr_exec_run (pass->exec, pass->tokens, ROWS, prepare_rows, pass);
  if (status == SPQR_OK)
    status = pass_attend (pass);
  if (status != SPQR_OK || !pass_observe (pass, SPQR_PRODUCT_O, pass->context))
    return status;
  return pass_linear (pass, SPQR_PRODUCT_O, pass->context, net->heads * net->head_dim, out);
}

static void
activate (SpqrActivation activation, float *x, gsize n)
{
  switch (activation)
    {
    case SPQR_ACT_SILU:
      spqr_vector_silu (x, n);
      break;
    case SPQR_ACT_GELU:
      spqr_vector_gelu (x, n);
      break;
    case SPQR_ACT_GELU_TANH:
      spqr_vector_gelu_tanh (x, n);
      break;
    case SPQR_ACT_RELU:
    default:
      spqr_vector_relu (x, n);
    }
}

/* The first inner columns of each row become act(gate) · up, or act(up). */
static void
activate_rows (void *data, size_t begin, size_t end)
{
  Pass *pass = data;
  SpqrNet *net = pass->net;

  for (size_t t = begin; t < end; t++)
    {
      float *row = pass->mid + t * net->up_rows;

      activate (net->config->activation, row, net->inner);
      if (net->config->gated_mlp)
        spqr_vector_mul (row, row + net->inner, net->inner);
    }
}

/* out = MLP(x) */
static SpqrStatus
pass_mlp (Pass *pass, const float *x, float *out)
{
  SpqrNet *net = pass->net;
  gsize stride = net->up_rows;
  SpqrStatus status;

  /* A group that attention has shown already is not shown again. */
  if (pass->block->plan.group[SPQR_PRODUCT_UP] != pass->block->plan.group[SPQR_PRODUCT_QKV] &&
      !pass_observe (pass, SPQR_PRODUCT_UP, x))
    return SPQR_OK;
  status = pass_linear (pass, SPQR_PRODUCT_UP, x, net->hidden, pass->mid);
  if (status == SPQR_OK)
    status = spqr_exec_run (pass->exec, pass->tokens, ROWS, activate_rows, pass);
  if (status != SPQR_OK)
    return status;
  if (pass->observe != NULL && stride != net->inner)
    {
      /* Observers see rows without gaps. */
      for (gsize t = 1; t < pass->tokens; t++)
        memmove (pass->mid + t * net->inner, pass->mid + t * stride, net->inner * sizeof (float));
      stride = net->inner;
    }
  if (!pass_observe (pass, SPQR_PRODUCT_DOWN, pass->mid))
    return SPQR_OK;
  return pass_linear (pass, SPQR_PRODUCT_DOWN, pass->mid, stride, out);
}

typedef struct { float *x; const float *y; gsize n; } AddJob;

static void
add_rows (void *data, size_t begin, size_t end)
{
  AddJob *job = data;

  spqr_vector_add (job->x + begin * job->n, job->y + begin * job->n, (end - begin) * job->n);
}

static SpqrStatus
pass_add (Pass *pass, const float *out)
{
  AddJob job = { pass->hidden, out, pass->net->hidden };

  return spqr_exec_run (pass->exec, pass->tokens, ROWS, add_rows, &job);
}

static SpqrStatus
pass_norm (Pass *pass, SpqrBlockNorm norm, const float *x, float *y)
{
  return spqr_net_norm (pass->net, &pass->block->norms[norm], x, y, pass->tokens, pass->exec);
}

static SpqrStatus
pass_parallel (Pass *pass)
{
  SpqrStatus status = pass_norm (pass, SPQR_NORM_INPUT, pass->hidden, pass->normed);

  if (status == SPQR_OK)
    status = pass_attention (pass, pass->normed, pass->out);
  if (status == SPQR_OK && !pass->stopped && pass->net->config->two_parallel_norms)
    status = pass_norm (pass, SPQR_NORM_POST, pass->hidden, pass->normed);
  if (status == SPQR_OK && !pass->stopped)
    status = pass_mlp (pass, pass->normed, pass->out2);
  if (status == SPQR_OK && !pass->stopped)
    status = pass_add (pass, pass->out2);
  if (status == SPQR_OK && !pass->stopped)
    status = pass_add (pass, pass->out);
  return status;
}

/* One half of a sequential block: h += [after] f([before] h), or h = before (h + f(h)). */
static SpqrStatus
pass_half (Pass *pass, SpqrStatus (*f) (Pass *, const float *, float *), SpqrBlockNorm before, SpqrBlockNorm after)
{
  gboolean post = pass->net->config->post_norm;
  SpqrStatus status = SPQR_OK;

  if (!post)
    status = pass_norm (pass, before, pass->hidden, pass->normed);
  if (status == SPQR_OK)
    status = f (pass, post ? pass->hidden : pass->normed, pass->out);
  if (status == SPQR_OK && !pass->stopped && pass->net->config->four_norms)
    status = pass_norm (pass, after, pass->out, pass->out);
  if (status == SPQR_OK && !pass->stopped)
    status = pass_add (pass, pass->out);
  if (status == SPQR_OK && !pass->stopped && post)
    status = pass_norm (pass, before, pass->hidden, pass->hidden);
  return status;
}

static SpqrStatus
pass_sequential (Pass *pass)
{
  gboolean four = pass->net->config->four_norms;
  SpqrStatus status = pass_half (pass, pass_attention, SPQR_NORM_INPUT, SPQR_NORM_POST);

  if (status == SPQR_OK && !pass->stopped)
    status = pass_half (pass, pass_mlp, four ? SPQR_NORM_PRE_MLP : SPQR_NORM_POST, SPQR_NORM_POST_MLP);
  return status;
}

/* Parts of the workspace; mid is needed only when qkv and context no longer are. */
static float *
pass_place (Pass *pass, gsize *bytes, GError **error)
{
  SpqrNet *net = pass->net;
  gsize context = net->heads * net->head_dim;
  gsize inner = MAX (net->qkv_rows + context, net->up_rows);
  gsize outs = net->config->parallel_residual ? 2 : 1;
  gsize rows = pass->tokens > 64 ? (pass->tokens + 255) / 256 * 256 : pass->tokens;   /* few sizes: they are kept */
  float *workspace;

  workspace = spqr_net_take_spare (net->spares, rows, (1 + outs) * net->hidden + inner, "the activations of a block", error);
  if (workspace == NULL)
    return NULL;
  *bytes = rows * ((1 + outs) * net->hidden + inner) * sizeof (float);
  pass->normed = workspace;
  pass->out = pass->normed + pass->tokens * net->hidden;
  pass->out2 = outs == 2 ? pass->out + pass->tokens * net->hidden : NULL;
  pass->qkv = pass->out + outs * pass->tokens * net->hidden;
  pass->context = pass->qkv + pass->tokens * net->qkv_rows;
  pass->mid = pass->qkv;
  return workspace;
}

/* positions, and the rotary table that reaches the last. */
static gboolean
pass_positions (Pass *pass, GError **error)
{
  gsize length = 0;

  pass->positions = g_try_new (gsize, pass->tokens);
  if (pass->positions == NULL)
    return spqr_net_check (SPQR_NO_MEMORY, "a block", error);
  for (gsize s = 0; s < pass->n_segments; s++)
    {
      const SpqrSegment *segment = &pass->segments[s];

      for (gsize t = 0; t < segment->count; t++)
        pass->positions[segment->first + t] = segment->position0 + t;
      length = MAX (length, segment->position0 + segment->count);
    }
  if (pass->net->rotary == NULL)
    return TRUE;
  pass->rotary = spqr_rotary_get_table (pass->net->rotary, length);
  return pass->rotary != NULL || spqr_net_check (SPQR_NO_MEMORY, "the rotary table", error);
}

static gboolean
run_here (SpqrNet *net, SpqrBlock *block, float *hidden, gsize tokens, const SpqrSegment *segments, gsize n_segments,
          SpqrInputFunc observe, gpointer user_data, const SpqrExec *exec, GError **error)
{
  Pass pass = { .net = net, .block = block, .hidden = hidden, .tokens = tokens, .segments = segments,
                .n_segments = n_segments, .observe = observe, .user_data = user_data, .exec = exec };
  gsize bytes = 0;
  float *workspace;
  gboolean done;

  if (tokens == 0)
    return TRUE;
  workspace = pass_place (&pass, &bytes, error);
  done = workspace != NULL && pass_positions (&pass, error);
  if (done)
    done = spqr_net_check (net->config->parallel_residual ? pass_parallel (&pass) : pass_sequential (&pass), "a block", error);
  spqr_spares_give (net->spares, workspace, bytes);
  spqr_rotary_table_unref (pass.rotary);
  g_free (pass.positions);
  return done;
}

/* On the device what it takes; the segments that it left, here. */
static gboolean
run_remote (SpqrNet *net, SpqrBlock *block, float *hidden, gsize tokens, const SpqrSegment *segments, gsize n_segments,
            const SpqrExec *exec, GError **error)
{
  g_autofree SpqrSegment *rest = NULL;
  gsize done = 0, row0;
  SpqrStatus status = spqr_block_run_segments_remote (block, hidden, tokens, segments, n_segments, exec, &done);

  if (!spqr_status_is_about_device (status))
    return spqr_net_check (status, "a block", error);
  if (!spqr_block_pull (block, exec, error))
    return FALSE;
  if (done == 0)
    return run_here (net, block, hidden, tokens, segments, n_segments, NULL, NULL, exec, error);
  if (done == n_segments)
    return TRUE;
  rest = g_memdup2 (segments + done, (n_segments - done) * sizeof *rest);
  row0 = rest[0].first;
  for (gsize s = 0; s < n_segments - done; s++)
    {
      rest[s].first -= row0;
      if (rest[s].parent >= 0)  /* never one of those that are done: they go through with their children */
        rest[s].parent -= (int) done;
    }
  return run_here (net, block, hidden + row0 * net->hidden, tokens - row0, rest, n_segments - done, NULL, NULL, exec, error);
}

gboolean
spqr_net_run_segments (SpqrNet *net, SpqrBlock *block, float *hidden, gsize tokens, const SpqrSegment *segments,
                       gsize n_segments, SpqrInputFunc observe, gpointer user_data, const SpqrExec *exec, GError **error)
{
  if (tokens > 0 && block->remote != NULL && observe == NULL)
    return run_remote (net, block, hidden, tokens, segments, n_segments, exec, error);
  if (!spqr_block_pull (block, exec, error))
    return FALSE;
  return run_here (net, block, hidden, tokens, segments, n_segments, observe, user_data, exec, error);
}

gboolean
spqr_net_run_block (SpqrNet *net, SpqrBlock *block, float *hidden, gsize tokens, gsize position0,
                    SpqrInputFunc observe, gpointer user_data, const SpqrExec *exec, GError **error)
{
  SpqrSegment segment = { .first = 0, .count = tokens, .position0 = position0, .parent = -1 };

  return spqr_net_run_segments (net, block, hidden, tokens, &segment, 1, observe, user_data, exec, error);
}

gboolean
spqr_key_values_init (SpqrKeyValues *kv, SpqrNet *net, gsize capacity, GError **error)
{
  gsize width = net->kv_heads * net->head_dim;

  *kv = (SpqrKeyValues) { .capacity = capacity };
  kv->k = spqr_net_alloc (capacity, width, "the keys of a sequence", error);
  kv->v = kv->k != NULL ? spqr_net_alloc (capacity, width, "the values of a sequence", error) : NULL;
  return kv->v != NULL;
}

void
spqr_key_values_clear (SpqrKeyValues *kv)
{
  g_clear_pointer (&kv->k, g_free);
  g_clear_pointer (&kv->v, g_free);
}
