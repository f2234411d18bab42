#include "net/spqr-net-device.h"

#include <math.h>

#include "compute/spqr-pool.h"
#include "net/spqr-net-private.h"

void
spqr_net_set_device (SpqrNet *net, SpqrDevice *device, void (*note) (gpointer data, const char *text), gpointer note_data)
{
  net->device = spqr_device_has_blocks (device) ? device : NULL;
  net->device_run = (SpqrBackendRun) { .device = device, .note = note, .note_data = note_data };
}

SpqrDevice *
spqr_net_get_device (SpqrNet *net)
{
  return net->device;
}

static void
drop_head (SpqrNet *net)
{
  if (net->remote_head != NULL)
    spqr_device_head_close (net->device, net->remote_head);
  net->remote_head = NULL;
}

/* ---- a block's shape ---- */

static SpqrGateActivation
gate_activation (SpqrActivation activation)
{
  switch (activation)
    {
    case SPQR_ACT_SILU:
      return SPQR_ACTIVATION_SILU;
    case SPQR_ACT_GELU:
      return SPQR_ACTIVATION_GELU;
    case SPQR_ACT_GELU_TANH:
      return SPQR_ACTIVATION_GELU_TANH;
    case SPQR_ACT_RELU:
    default:
      return SPQR_ACTIVATION_RELU;
    }
}

static gsize
rotary_half (SpqrNet *net)
{
  SpqrRotaryTable *table = net->rotary != NULL ? spqr_rotary_get_table (net->rotary, 1) : NULL;
  gsize half = table != NULL ? table->half : 0;

  spqr_rotary_table_unref (table);
  return half;
}

static SpqrBlockShape
block_shape (const SpqrBlock *block)
{
  SpqrNet *net = block->net;
  const SpqrConfig *config = net->config;
  SpqrBlockShape shape = {
    .hidden = net->hidden, .heads = net->heads, .kv_heads = net->kv_heads, .head_dim = net->head_dim, .inner = net->inner,
    .q_offset = net->q_offset, .k_offset = net->k_offset, .v_offset = net->v_offset,
    .attention_scale = net->attention_scale, .soft_cap = (float) config->attention_softcap, .window = block->plan.window,
    .activation = gate_activation (config->activation), .gated = config->gated_mlp,
    .mean_norm = config->norm == SPQR_NORM_LAYER, .norm_epsilon = config->norm_epsilon,
    .parallel = config->parallel_residual, .two_parallel_norms = config->two_parallel_norms,
    .four_norms = config->four_norms, .post_norm = config->post_norm, .rotary_half = rotary_half (net),
  };

  for (int p = 0; p < SPQR_N_PRODUCTS; p++)
    {
      shape.rows[p] = block->rows[p];
      shape.cols[p] = block->cols[p];
      shape.bias[p] = block->bias[p];
    }
  for (int n = 0; n < SPQR_N_NORMS; n++)
    {
      shape.norms[n].weight = block->norms[n].weight;
      shape.norms[n].bias = block->norms[n].bias;
    }
  return shape;
}

/* ---- weights ---- */

static gboolean
elem_of (SpqrTensor *tensor, SpqrElem *elem)
{
  switch ((int) spqr_tensor_get_dtype (tensor))
    {
    case SPQR_DTYPE_F32:
      *elem = SPQR_ELEM_F32;
      return TRUE;
    case SPQR_DTYPE_F16:
      *elem = SPQR_ELEM_F16;
      return TRUE;
    case SPQR_DTYPE_BF16:
      *elem = SPQR_ELEM_BF16;
      return TRUE;
    default:
      return FALSE;
    }
}

/* The stored numbers as they lie in the map, where that is their order. */
static gconstpointer
stored_numbers (SpqrTensor *tensor, SpqrElem *elem)
{
  return elem_of (tensor, elem) && !g_str_has_suffix (spqr_tensor_get_file (tensor), ".gguf") && spqr_tensor_is_plain (tensor)
           ? spqr_tensor_peek (tensor) : NULL;
}

static gboolean
send_linear (SpqrBlock *block, const SpqrLinearPlan *linear, const SpqrExec *exec, SpqrStatus *status, GError **error)
{
  SpqrNet *net = block->net;
  SpqrElem elem = SPQR_ELEM_F32;
  gconstpointer numbers = net->source == NULL ? stored_numbers (linear->weight, &elem) : NULL;
  float *scratch = NULL;

  if (numbers == NULL)
    {
      scratch = spqr_net_take_spare (block->spares, linear->rows, linear->cols, "the weights of a layer", error);
      if (scratch == NULL || !spqr_net_load_tensor (net, linear->weight, TRUE, scratch, exec, error))
        {
          spqr_spares_give (block->spares, scratch, linear->rows * linear->cols * sizeof (float));
          return FALSE;
        }
      elem = SPQR_ELEM_F32;
      numbers = scratch;
    }
  *status = spqr_device_block_put (block->device, block->remote, linear->product, linear->row0, linear->rows, numbers, elem, exec);
  spqr_spares_give (block->spares, scratch, linear->rows * linear->cols * sizeof (float));
  return TRUE;
}

void
spqr_block_drop_remote (SpqrBlock *block)
{
  if (block->remote != NULL)
    spqr_device_block_close (block->device, block->remote);
  block->remote = NULL;
}

/* run NULL: without a note. */
static gboolean
send_to (SpqrBlock *block, SpqrDevice *device, SpqrBackendRun *run, const SpqrExec *exec, GError **error)
{
  SpqrNet *net = block->net;
  SpqrBlockShape shape = block_shape (block);
  SpqrStatus status = SPQR_UNSUPPORTED;
  gboolean read = TRUE;

  block->device = device;
  if (net->slopes == NULL)
    status = spqr_device_block_open (block->device, &shape, &block->remote);
  for (guint i = 0; i < block->plan.n_linears && status == SPQR_OK && read; i++)
    read = send_linear (block, &block->plan.linears[i], exec, &status, error);
  if (read && status == SPQR_OK)
    return TRUE;
  spqr_block_drop_remote (block);
  if (!read)
    return FALSE;
  if (status == SPQR_CANCELLED)
    return spqr_net_check (status, "a block", error);
  spqr_backend_run_note (run, block->device, SPQR_OP_BLOCK, status);
  return TRUE;
}

/* TRUE: the block is on the device, or has to stay here (block->remote NULL). */
gboolean
spqr_block_send (SpqrBlock *block, const SpqrExec *exec, GError **error)
{
  SpqrNet *net = block->net;

  return !spqr_device_has_blocks (net->device) || send_to (block, net->device, &net->device_run, exec, error);
}

/* ---- the next block, while this one is computed ---- */

struct _SpqrPrefetch {
  SpqrNet *net;
  guint index;
  GThread *thread;
  gint stop;                    /* atomic */
  SpqrBlock *block;             /* the thread's result, or NULL */
};

static bool
prefetch_should_stop (void *data)
{
  return g_atomic_int_get (&((SpqrPrefetch *) data)->stop);
}

/* On a queue of its own, so that the copies go on beside the computing. Trouble is no matter here: the block is then
 * loaded when it is asked for, and what is wrong is said there. */
static gpointer
prefetch_main (gpointer data)
{
  SpqrPrefetch *self = data;
  SpqrExec exec = spqr_pool_exec (spqr_pool_get_default (), prefetch_should_stop, self);
  SpqrBlock *block = spqr_block_new (self->net, self->index, &exec, NULL);

  if (block != NULL && send_to (block, self->net->lane, NULL, &exec, NULL) && block->remote != NULL)
    {
      block->device = self->net->device;
      self->block = block;
    }
  else
    spqr_block_free (block);
  return NULL;
}

/* Room for another block's weights beside what is computed with this one: passes, Hessians, factors. */
static gboolean
has_room_for_two (SpqrNet *net, SpqrBlock *block)
{
  gsize free_bytes = 0, total = 0;

  return spqr_device_get_memory (net->device, &free_bytes, &total) && free_bytes / 3 >= spqr_block_estimate (block, 2048);
}

void
spqr_net_prefetch_block (SpqrNet *net, SpqrBlock *block)
{
  SpqrPrefetch *self;

  if (block->remote == NULL || net->prefetch != NULL || block->index + 1 >= (guint) net->config->n_blocks || !has_room_for_two (net, block))
    return;
  if (net->lane == NULL)
    net->lane = spqr_device_new_lane (net->device);
  if (net->lane == NULL)
    return;
  self = g_new0 (SpqrPrefetch, 1);
  self->net = net;
  self->index = block->index + 1;
  self->thread = g_thread_new ("prefetch", prefetch_main, self);
  net->prefetch = self;
}

SpqrBlock *
spqr_net_take_prefetched (SpqrNet *net, guint index)
{
  SpqrPrefetch *self = g_steal_pointer (&net->prefetch);
  SpqrBlock *block;

  if (self == NULL)
    return NULL;
  g_atomic_int_set (&self->stop, self->index != index);
  g_thread_join (self->thread);
  block = self->block;
  if (self->index != index)
    g_clear_pointer (&block, spqr_block_free);
  g_free (self);
  return block;
}

void
spqr_net_drop_device (SpqrNet *net)
{
  spqr_block_free (spqr_net_take_prefetched (net, G_MAXUINT));
  spqr_device_free_lane (net->lane);
  net->lane = NULL;
  drop_head (net);
}

guint
spqr_block_get_index (SpqrBlock *block)
{
  return block->index;
}

void
spqr_block_note (SpqrBlock *block, SpqrOp op, SpqrStatus status)
{
  spqr_backend_run_note (&block->net->device_run, block->device != NULL ? block->device : block->net->device, op, status);
}

gboolean
spqr_block_is_remote (SpqrBlock *block)
{
  return block->remote != NULL;
}

static const SpqrLinearPlan *
find_linear (SpqrBlock *block, SpqrTensor *tensor)
{
  for (guint i = 0; i < block->plan.n_linears; i++)
    if (block->plan.linears[i].weight == tensor)
      return &block->plan.linears[i];
  return NULL;
}

SpqrWeights
spqr_block_get_weights (SpqrBlock *block, SpqrTensor *tensor)
{
  const SpqrLinearPlan *linear = find_linear (block, tensor);
  SpqrWeights weights = { NULL };

  if (linear == NULL)
    return weights;
  weights.m = linear->rows;
  weights.n = linear->cols;
  if (block->remote == NULL)
    weights.host = spqr_block_get_matrix (block, tensor);
  else
    {
      weights.block = block->remote;
      weights.product = linear->product;
      weights.row0 = linear->row0;
    }
  return weights;
}

SpqrStatus
spqr_block_put_layer (SpqrBlock *block, SpqrTensor *tensor, const SpqrLayer *layer, const SpqrExec *exec)
{
  const SpqrLinearPlan *linear = find_linear (block, tensor);

  if (block->remote == NULL || linear == NULL || layer->rows != linear->rows || layer->cols != linear->cols)
    return SPQR_UNSUPPORTED;
  return spqr_device_block_put_layer (block->device, block->remote, linear->product, linear->row0, layer, exec);
}

void
spqr_block_set_restore (SpqrBlock *block, SpqrBlockRestoreFunc restore, gpointer user_data)
{
  block->restore = restore;
  block->restore_data = user_data;
}

gboolean
spqr_block_pull (SpqrBlock *block, const SpqrExec *exec, GError **error)
{
  if (block->remote == NULL)
    return TRUE;
  spqr_block_drop_remote (block);
  return spqr_block_load_here (block, exec, error) && (block->restore == NULL || block->restore (block, block->restore_data, error));
}

gsize
spqr_block_estimate (SpqrBlock *block, gsize longest)
{
  SpqrBlockShape shape = block_shape (block);

  return block->remote != NULL ? spqr_device_block_estimate (block->device, &shape, longest) : 0;
}

/* ---- passes ---- */

static gsize
last_position (const SpqrBlockPass *pass)
{
  gsize last = 0;

  for (gsize i = 0; i < pass->n_sequences; i++)
    {
      const SpqrSequence *s = &pass->sequences[i];

      last = MAX (last, s->count + (s->parent != 0 ? pass->sequences[s->parent - 1].count : pass->cached));
    }
  return last;
}

SpqrStatus
spqr_block_run_remote (SpqrBlock *block, SpqrBlockPass *pass, SpqrInput *const *inputs, const SpqrExec *exec)
{
  SpqrNet *net = block->net;
  SpqrRotaryTable *table = NULL;
  SpqrStatus status;

  pass->done = 0;
  if (net->rotary != NULL)
    {
      table = spqr_rotary_get_table (net->rotary, last_position (pass));
      if (table == NULL)
        return SPQR_NO_MEMORY;
      pass->cosine = table->cosine;
      pass->sine = table->sine;
      pass->positions = table->length;
    }
  for (int p = SPQR_N_PRODUCTS - 1; p >= 0 && inputs != NULL; p--)
    {
      gboolean shared = p == SPQR_PRODUCT_UP && block->plan.group[p] == block->plan.group[SPQR_PRODUCT_QKV];
      SpqrInput *input = shared ? NULL : inputs[block->plan.group[p]];

      pass->inputs[p] = input != NULL ? spqr_input_get_handle (input) : NULL;
    }
  status = spqr_device_block_run (block->device, block->remote, pass, exec);
  spqr_rotary_table_unref (table);
  if (spqr_status_is_about_device (status))
    spqr_backend_run_note (&net->device_run, block->device, SPQR_OP_BLOCK, status);
  return status;
}

/* The block's weights, what a pass needs beside them, and the keys and values. */
static gboolean
has_room_for (SpqrNet *net, const SpqrBlock *block, gsize length)
{
  SpqrBlockShape shape = block_shape (block);
  gsize free_bytes = 0, total = 0, cache = 2 * length * net->kv_heads * net->head_dim * sizeof (float);

  return spqr_device_get_memory (net->device, &free_bytes, &total) &&
         free_bytes >= spqr_device_block_estimate (net->device, &shape, length) + cache;
}

gboolean
spqr_net_load_block_there (SpqrNet *net, guint index, gsize length, const SpqrExec *exec, SpqrBlock **block, gpointer *cache, GError **error)
{
  g_autoptr (SpqrBlock) there = NULL;
  SpqrStatus status;

  *block = NULL;
  *cache = NULL;
  if (!spqr_device_has_blocks (net->device))
    return TRUE;
  there = spqr_block_new (net, index, exec, error);
  if (there == NULL)
    return FALSE;
  there->device = net->device;
  if (net->slopes == NULL && !has_room_for (net, there, length))
    {
      spqr_backend_run_note (&net->device_run, net->device, SPQR_OP_BLOCK, SPQR_DEVICE_OUT_OF_MEMORY);
      return TRUE;
    }
  if (!spqr_block_send (there, exec, error))
    return FALSE;
  if (there->remote == NULL)
    return TRUE;
  status = spqr_device_cache_open (net->device, length, net->kv_heads * net->head_dim, cache);
  if (status == SPQR_OK)
    *block = g_steal_pointer (&there);
  else
    spqr_backend_run_note (&net->device_run, net->device, SPQR_OP_BLOCK, status);
  return TRUE;
}

SpqrStatus
spqr_block_run_cached (SpqrBlock *block, gpointer cache, float *hidden, gsize tokens, gsize cached, const SpqrExec *exec)
{
  SpqrSequence sequence = { .count = tokens };
  SpqrBlockPass pass = { .hidden = hidden, .rows = tokens, .sequences = &sequence, .n_sequences = 1, .write = true, .cache = cache,
                         .cached = cached };

  return spqr_block_run_remote (block, &pass, NULL, exec);
}

/* Segments that the device takes, as sequences; NULL: others, or no memory. */
static SpqrSequence *
plain_sequences (const SpqrSegment *segments, gsize n_segments)
{
  g_autofree SpqrSequence *sequences = g_try_new (SpqrSequence, MAX (n_segments, 1));

  for (gsize s = 0; sequences != NULL && s < n_segments; s++)
    {
      int parent = segments[s].parent;
      gsize before = parent >= 0 ? segments[parent].count : 0;

      if (segments[s].cache != NULL || segments[s].position0 != before || segments[s].count == 0)
        return NULL;
      sequences[s] = (SpqrSequence) { segments[s].first, segments[s].count, (gsize) (parent + 1) };
    }
  return g_steal_pointer (&sequences);
}

SpqrStatus
spqr_block_run_segments_remote (SpqrBlock *block, float *hidden, gsize tokens, const SpqrSegment *segments, gsize n_segments,
                                const SpqrExec *exec, gsize *done)
{
  g_autofree SpqrSequence *sequences = plain_sequences (segments, n_segments);
  SpqrBlockPass pass = { .hidden = hidden, .rows = tokens, .sequences = sequences, .n_sequences = n_segments, .write = true };
  SpqrStatus status;

  *done = 0;
  if (sequences == NULL)
    {
      spqr_backend_run_note (&block->net->device_run, block->device, SPQR_OP_BLOCK, SPQR_UNSUPPORTED);
      return SPQR_UNSUPPORTED;
    }
  status = spqr_block_run_remote (block, &pass, NULL, exec);
  *done = pass.done;
  return status;
}

/* ---- the head ---- */

static SpqrStatus
open_head (SpqrNet *net, const SpqrExec *exec)
{
  SpqrElem elem = SPQR_ELEM_F32;
  SpqrHeadShape shape = {
    .hidden = net->hidden, .vocab = net->config->vocab, .weights = stored_numbers (net->head, &elem), .bias = net->head_bias,
    .norm_weight = net->final_norm.weight, .norm_bias = net->final_norm.bias, .norm = net->final_norm.weight != NULL,
    .mean_norm = net->config->norm == SPQR_NORM_LAYER, .norm_epsilon = net->config->norm_epsilon,
    .soft_cap = (float) net->config->head_softcap,
  };

  if (net->remote_head != NULL)
    return SPQR_OK;
  if (net->head_stays || net->project_out != NULL || net->embed != net->hidden || shape.weights == NULL)
    return SPQR_UNSUPPORTED;
  shape.elem = (int) elem;
  return spqr_device_head_open (net->device, &shape, exec, &net->remote_head);
}

/* Of a piece of the positions. */
static SpqrStatus
predict (SpqrNet *net, const SpqrHeadPass *whole, gsize first, gsize count, SpqrPrediction *predictions, const SpqrExec *exec)
{
  g_autofree double *numbers = g_try_new (double, 3 * count);
  g_autofree gint32 *tops = g_try_new (gint32, 2 * count);
  SpqrHeadPass pass = *whole;
  SpqrStatus status;

  if (numbers == NULL || tops == NULL)
    return SPQR_NO_MEMORY;
  pass.hidden += first * net->hidden;
  pass.targets += first;
  pass.tokens = count;
  pass.nll = numbers;
  pass.base_nll = numbers + count;
  pass.kl = numbers + 2 * count;
  pass.top1 = tops;
  pass.base_top1 = tops + count;
  status = spqr_device_head_predict (net->device, net->remote_head, &pass, exec);
  for (gsize t = 0; t < count && status == SPQR_OK; t++)
    predictions[first + t] = (SpqrPrediction) {
      .nll = pass.nll[t], .top1 = pass.top1[t], .base_nll = pass.base != NULL ? pass.base_nll[t] : NAN,
      .kl = pass.base != NULL ? pass.kl[t] : NAN, .base_top1 = pass.base != NULL ? pass.base_top1[t] : -1,
    };
  return status;
}

SpqrStatus
spqr_net_logits_there (SpqrNet *net, const float *hidden, float *logits, const SpqrExec *exec)
{
  SpqrStatus status = SPQR_UNSUPPORTED;

  if (!spqr_device_has_blocks (net->device) || net->head_stays)
    return status;
  status = open_head (net, exec);
  if (status == SPQR_OK)
    status = spqr_device_head_logits (net->device, net->remote_head, hidden, 1, logits, exec);
  if (spqr_status_is_about_device (status))
    {
      spqr_backend_run_note (&net->device_run, net->device, SPQR_OP_HEAD, status);
      drop_head (net);
      net->head_stays = TRUE;
    }
  return status;
}

#define POSITIONS 4096

SpqrStatus
spqr_net_predict_remote (SpqrNet *net, const float *hidden, SpqrNet *base, const float *base_hidden, gsize tokens,
                         const gint32 *targets, SpqrPrediction *predictions, const SpqrExec *exec)
{
  SpqrHeadPass pass = { .hidden = hidden, .base_hidden = base_hidden, .targets = targets };
  SpqrStatus status;

  if (!spqr_device_has_blocks (net->device) || (base != NULL && base->device != net->device))
    return SPQR_UNSUPPORTED;
  status = open_head (net, exec);
  if (status == SPQR_OK && base != NULL)
    status = open_head (base, exec);
  if (status == SPQR_OK && base != NULL)
    pass.base = base->remote_head;
  for (gsize t = 0; t < tokens && status == SPQR_OK; t += POSITIONS)
    {
      pass.base_hidden = base != NULL ? base_hidden + t * base->hidden : NULL;
      status = predict (net, &pass, t, MIN (POSITIONS, tokens - t), predictions, exec);
    }
  if (spqr_status_is_about_device (status))
    {
      spqr_backend_run_note (&net->device_run, net->device, SPQR_OP_HEAD, status);
      drop_head (net);
      net->head_stays = TRUE;
    }
  return status;
}
