/* spqr-block.c: one block's weights in f32. */
#include "net/spqr-net-private.h"

#include <stdatomic.h>
#include <string.h>

#include "compute/spqr-pool.h"

#define ELEMENTS_A_PIECE (256 * 1024)

typedef struct {
  SpqrTensor *tensor;
  float *out;
  gsize rows, cols, rows_a_piece;
  GMutex lock;
  GError *error;              /* the first one */
} TensorRead;

static void
read_piece (void *data, size_t begin, size_t end)
{
  TensorRead *job = data;

  for (size_t piece = begin; piece < end; piece++)
    {
      g_autoptr (GError) error = NULL;
      gsize row0 = piece * job->rows_a_piece;
      gsize count = MIN (job->rows_a_piece, job->rows - row0);

      if (spqr_tensor_read_rows (job->tensor, row0, count, job->out + row0 * job->cols, &error))
        continue;
      g_mutex_lock (&job->lock);
      if (job->error == NULL)
        job->error = g_steal_pointer (&error);
      g_mutex_unlock (&job->lock);
    }
}

static gboolean
read_from_model (SpqrTensor *tensor, float *out, const SpqrExec *exec, GError **error)
{
  TensorRead job = { tensor, out, spqr_tensor_get_rows (tensor), spqr_tensor_get_cols (tensor) };
  SpqrStatus status;

  if (job.rows == 0 || job.cols == 0)
    return TRUE;
  g_mutex_init (&job.lock);
  job.rows_a_piece = MAX (ELEMENTS_A_PIECE / job.cols, 1);
  status = spqr_exec_run (exec, (job.rows + job.rows_a_piece - 1) / job.rows_a_piece, 1, read_piece, &job);
  g_mutex_clear (&job.lock);
  if (job.error != NULL)
    {
      g_propagate_error (error, job.error);
      return FALSE;
    }
  return spqr_net_check (status, spqr_tensor_get_name (tensor), error);
}

gboolean
spqr_net_load_tensor (SpqrNet *net, SpqrTensor *tensor, gboolean through_source, float *out, const SpqrExec *exec, GError **error)
{
  gboolean loaded;

  if (!through_source || net->source == NULL)
    return read_from_model (tensor, out, exec, error);
  if (spqr_exec_should_stop (exec))
    return spqr_net_check (SPQR_CANCELLED, "", error);
  g_mutex_lock (&net->lock);
  loaded = net->source->load (net->source, tensor, out, error);
  g_mutex_unlock (&net->lock);
  return loaded;
}

float *
spqr_net_read_tensor (SpqrNet *net, SpqrTensor *tensor, gboolean through_source, const SpqrExec *exec, GError **error)
{
  g_autofree float *out = spqr_net_alloc (spqr_tensor_get_rows (tensor), spqr_tensor_get_cols (tensor),
                                          spqr_tensor_get_name (tensor), error);

  if (out == NULL || !spqr_net_load_tensor (net, tensor, through_source, out, exec, error))
    return NULL;
  return g_steal_pointer (&out);
}

gboolean
spqr_net_load_norm (SpqrNet *net, const SpqrNormPlan *plan, gboolean through_source, SpqrNormWeights *norm, GError **error)
{
  norm->weight = spqr_net_read_tensor (net, plan->weight, through_source, NULL, error);
  if (norm->weight == NULL)
    return FALSE;
  if (net->config->norm == SPQR_NORM_RMS_PLUS_ONE)
    for (gsize i = 0; i < spqr_tensor_get_cols (plan->weight) * spqr_tensor_get_rows (plan->weight); i++)
      norm->weight[i] += 1.0f;
  if (plan->bias == NULL)
    return TRUE;
  norm->bias = spqr_net_read_tensor (net, plan->bias, through_source, NULL, error);
  return norm->bias != NULL;
}

void
spqr_norm_weights_clear (SpqrNormWeights *norm)
{
  g_clear_pointer (&norm->weight, g_free);
  g_clear_pointer (&norm->bias, g_free);
}

/* The products' sizes, and the biases. */
static gboolean
block_measure (SpqrBlock *block, const SpqrExec *exec, GError **error)
{
  gboolean bias[SPQR_N_PRODUCTS] = { FALSE };

  for (guint i = 0; i < block->plan.n_linears; i++)
    {
      const SpqrLinearPlan *linear = &block->plan.linears[i];

      block->rows[linear->product] = MAX (block->rows[linear->product], linear->row0 + linear->rows);
      block->cols[linear->product] = linear->cols;
      bias[linear->product] |= linear->bias != NULL;
    }
  for (int p = 0; p < SPQR_N_PRODUCTS; p++)
    {
      if (!bias[p])
        continue;
      block->bias[p] = spqr_net_alloc (block->rows[p], 1, "the biases of a block", error);
      if (block->bias[p] == NULL)
        return FALSE;
      memset (block->bias[p], 0, block->rows[p] * sizeof (float));
    }
  for (guint i = 0; i < block->plan.n_linears; i++)
    {
      const SpqrLinearPlan *linear = &block->plan.linears[i];

      if (linear->bias != NULL &&
          !spqr_net_load_tensor (block->net, linear->bias, TRUE, block->bias[linear->product] + linear->row0, exec, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
block_load_norms (SpqrBlock *block, GError **error)
{
  for (int n = 0; n < SPQR_N_NORMS; n++)
    if (block->plan.norms[n].weight != NULL &&
        !spqr_net_load_norm (block->net, &block->plan.norms[n], TRUE, &block->norms[n], error))
      return FALSE;
  return TRUE;
}

gboolean
spqr_block_load_here (SpqrBlock *block, const SpqrExec *exec, GError **error)
{
  for (int p = 0; p < SPQR_N_PRODUCTS; p++)
    if (block->weights[p] == NULL &&
        (block->weights[p] = spqr_net_take_spare (block->spares, block->rows[p], block->cols[p], "the weights of a block", error)) == NULL)
      return FALSE;
  for (guint i = 0; i < block->plan.n_linears; i++)
    {
      const SpqrLinearPlan *linear = &block->plan.linears[i];

      if (!spqr_net_load_tensor (block->net, linear->weight, TRUE, block->weights[linear->product] + linear->row0 * linear->cols,
                                 exec, error))
        return FALSE;
    }
  return TRUE;
}

SpqrBlock *
spqr_block_new (SpqrNet *net, guint index, const SpqrExec *exec, GError **error)
{
  g_autoptr (SpqrBlock) block = g_new0 (SpqrBlock, 1);

  block->net = net;
  block->index = index;
  block->spares = spqr_spares_ref (net->spares);
  block->plan = net->blocks[index];
  return block_measure (block, exec, error) && block_load_norms (block, error) ? g_steal_pointer (&block) : NULL;
}

static gboolean
block_load_packed (SpqrBlock *block, const SpqrExec *exec, GError **error)
{
  SpqrNet *net = block->net;
  gboolean loaded = TRUE;

  for (guint i = 0; i < block->plan.n_linears && loaded; i++)
    {
      if (spqr_exec_should_stop (exec))
        return spqr_net_check (SPQR_CANCELLED, "", error);
      g_mutex_lock (&net->lock);
      loaded = net->source->load_packed (net->source, block->plan.linears[i].weight, &block->packed[i], error);
      g_mutex_unlock (&net->lock);
      block->mixed |= block->packed[i] != NULL;
    }
  return loaded;
}

/* The f32 weights of those that are not packed; whole products, of which the packed ones' rows are never touched. */
static gboolean
block_load_rest (SpqrBlock *block, const SpqrExec *exec, GError **error)
{
  for (guint i = 0; i < block->plan.n_linears; i++)
    {
      const SpqrLinearPlan *linear = &block->plan.linears[i];
      int p = (int) linear->product;

      if (block->packed[i] != NULL)
        continue;
      if (block->weights[p] == NULL &&
          (block->weights[p] = spqr_net_take_spare (block->spares, block->rows[p], block->cols[p], "the weights of a block", error)) == NULL)
        return FALSE;
      if (!spqr_net_load_tensor (block->net, linear->weight, TRUE, block->weights[p] + linear->row0 * linear->cols, exec, error))
        return FALSE;
    }
  return TRUE;
}

SpqrBlock *
spqr_net_load_block_packed (SpqrNet *net, guint index, const SpqrExec *exec, GError **error)
{
  g_autoptr (SpqrBlock) block = NULL;

  g_return_val_if_fail (index < (guint) net->config->n_blocks, NULL);
  block = spqr_block_new (net, index, exec, error);
  if (block == NULL || (net->source != NULL && net->source->load_packed != NULL && !block_load_packed (block, exec, error)))
    return NULL;
  return block_load_rest (block, exec, error) ? g_steal_pointer (&block) : NULL;
}

guint64
spqr_block_get_bytes (const SpqrBlock *block)
{
  guint64 bytes = 0;

  for (guint i = 0; i < block->plan.n_linears; i++)
    bytes += block->packed[i] != NULL ? spqr_packed_get_bytes (block->packed[i])
                                      : block->plan.linears[i].rows * block->plan.linears[i].cols * sizeof (float);
  return bytes;
}

SpqrBlock *
spqr_net_load_block_with (SpqrNet *net, guint index, const SpqrExec *exec, GError **error)
{
  g_autoptr (SpqrBlock) block = NULL;

  g_return_val_if_fail (index < (guint) net->config->n_blocks, NULL);
  block = spqr_net_take_prefetched (net, index);
  if (block != NULL)
    return g_steal_pointer (&block);
  block = spqr_block_new (net, index, exec, error);
  if (block == NULL || !spqr_block_send (block, exec, error))
    return NULL;
  if (block->remote == NULL && !spqr_block_load_here (block, exec, error))
    return NULL;
  return g_steal_pointer (&block);
}

SpqrBlock *
spqr_net_load_block (SpqrNet *net, guint block, GError **error)
{
  SpqrExec exec = spqr_pool_exec (spqr_pool_get_default (), NULL, NULL);

  return spqr_net_load_block_with (net, block, &exec, error);
}

void
spqr_block_free (SpqrBlock *block)
{
  if (block == NULL)
    return;
  spqr_block_drop_remote (block);
  for (int p = 0; p < SPQR_N_PRODUCTS; p++)
    {
      spqr_spares_give (block->spares, block->weights[p], block->rows[p] * block->cols[p] * sizeof (float));
      g_free (block->bias[p]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (block->packed); i++)
    spqr_packed_free (block->packed[i]);
  for (int n = 0; n < SPQR_N_NORMS; n++)
    spqr_norm_weights_clear (&block->norms[n]);
  spqr_spares_unref (block->spares);
  g_free (block);
}

float *
spqr_block_get_matrix (SpqrBlock *block, SpqrTensor *tensor)
{
  for (guint i = 0; i < block->plan.n_linears; i++)
    {
      const SpqrLinearPlan *linear = &block->plan.linears[i];

      if (linear->weight == tensor && block->weights[linear->product] != NULL && block->packed[i] == NULL)
        return block->weights[linear->product] + linear->row0 * linear->cols;
    }
  return NULL;
}
