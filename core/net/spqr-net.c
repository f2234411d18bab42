#include "net/spqr-net-private.h"

#include <string.h>

#include "compute/spqr-gemm.h"
#include "compute/spqr-pool.h"
#include "net/spqr-vector.h"

G_DEFINE_QUARK (spqr-net-error-quark, spqr_net_error)

SpqrNet *
spqr_net_new (SpqrModel *model, SpqrWeightSource *source, GError **error)
{
  g_autoptr (SpqrNet) net = NULL;

  g_return_val_if_fail (SPQR_IS_MODEL (model), NULL);
  net = g_new0 (SpqrNet, 1);
  g_mutex_init (&net->lock);
  net->model = g_object_ref (model);
  net->source = source;
  net->spares = spqr_spares_new ();
  net->config = spqr_model_get_config (model);
  if (net->config == NULL)
    {
      g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_UNSUPPORTED,
                   "%s: without a config.json the network cannot be computed", spqr_model_get_path (model));
      return NULL;
    }
  if (!spqr_net_make_plan (net, error))
    return NULL;
  return g_steal_pointer (&net);
}

void
spqr_net_free (SpqrNet *net)
{
  if (net == NULL)
    return;
  spqr_net_drop_device (net);
  g_free (net->blocks);
  g_free (net->q_offset);
  g_free (net->k_offset);
  g_free (net->v_offset);
  g_free (net->slopes);
  g_free (net->project_in);
  g_free (net->project_out);
  g_free (net->head_bias);
  spqr_norm_weights_clear (&net->final_norm);
  spqr_rotary_free (net->rotary);
  g_clear_pointer (&net->spares, spqr_spares_unref);
  g_mutex_clear (&net->lock);
  g_object_unref (net->model);
  g_free (net);
}

const SpqrConfig *
spqr_net_get_config (SpqrNet *net)
{
  return net->config;
}

guint
spqr_net_list_linears (SpqrNet *net, guint block, SpqrBlockLinear *linears)
{
  const SpqrBlockPlan *plan;

  g_return_val_if_fail (block < (guint) net->config->n_blocks, 0);
  plan = &net->blocks[block];
  for (guint i = 0; i < plan->n_linears; i++)
    linears[i] = (SpqrBlockLinear) { plan->linears[i].weight, plan->linears[i].role, plan->linears[i].input_group };
  return plan->n_linears;
}

gboolean
spqr_net_check (SpqrStatus status, const char *what, GError **error)
{
  if (status == SPQR_OK)
    return TRUE;
  if (status == SPQR_CANCELLED)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Cancelled");
  else
    g_set_error (error, SPQR_NET_ERROR, status == SPQR_NO_MEMORY ? SPQR_NET_ERROR_NO_MEMORY : SPQR_NET_ERROR_FAILED,
                 "%s: %s", what, spqr_status_text (status));
  return FALSE;
}

static void
fail_alloc (gsize rows, gsize cols, const char *what, GError **error)
{
  g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_NO_MEMORY,
               "Not enough memory for %s (%.0f MiB)", what, rows * (cols * 4.0 / 1048576));
}

float *
spqr_net_alloc (gsize rows, gsize cols, const char *what, GError **error)
{
  gsize n;
  float *buffer = NULL;

  if (g_size_checked_mul (&n, rows, cols) && n < G_MAXSIZE / sizeof (float))
    buffer = g_try_new (float, n + 1);      /* never of size 0: NULL means failure */
  if (buffer == NULL)
    fail_alloc (rows, cols, what, error);
  return buffer;
}

float *
spqr_net_take_spare (SpqrSpares *spares, gsize rows, gsize cols, const char *what, GError **error)
{
  gsize n;
  float *buffer = NULL;

  if (g_size_checked_mul (&n, rows, cols) && n < G_MAXSIZE / sizeof (float))
    buffer = spqr_spares_take (spares, n * sizeof (float));
  if (buffer == NULL)
    fail_alloc (rows, cols, what, error);
  return buffer;
}

static gboolean
check_ids (SpqrNet *net, const gint32 *ids, gsize n_ids, gsize position0, GError **error)
{
  for (gsize t = 0; t < n_ids; t++)
    if (ids[t] < 0 || ids[t] >= net->config->vocab)
      {
        g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_OUT_OF_VOCABULARY,
                     "Token id %d at place %" G_GSIZE_FORMAT " is not in the vocabulary of %d ids; was the text made with "
                     "another model's tokenizer?",
                     ids[t], t, net->config->vocab);
        return FALSE;
      }
  if (net->positions != NULL)
    {
      gsize rows = spqr_tensor_get_rows (net->positions);
      gsize offset = MAX (net->config->position_offset, 0);

      if (rows < offset || position0 > rows - offset || n_ids > rows - offset - position0)
        {
          g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE,
                       "A sequence of %" G_GSIZE_FORMAT " tokens is longer than the %" G_GSIZE_FORMAT
                       " positions that the model has learned; use a shorter window",
                       position0 + n_ids, rows < offset ? 0 : rows - offset);
          return FALSE;
        }
    }
  return TRUE;
}

/* out (n_ids, embed_dim): the rows of the embedding. */
static gboolean
lookup_ids (SpqrNet *net, const gint32 *ids, gsize n_ids, float *out, GError **error)
{
  for (gsize t = 0; t < n_ids; t++)
    if (!spqr_tensor_read_rows (net->embedding, ids[t], 1, out + t * net->embed, error))
      return FALSE;
  if (net->config->embedding_scale != 1.0 && net->config->embedding_scale > 0)
    spqr_vector_scale (out, (float) net->config->embedding_scale, n_ids * net->embed);
  return TRUE;
}

static gboolean
add_positions (SpqrNet *net, gsize n_ids, gsize position0, float *hidden, GError **error)
{
  g_autofree float *row = spqr_net_alloc (1, net->hidden, "a position", error);
  gsize first = position0 + MAX (net->config->position_offset, 0);

  if (row == NULL)
    return FALSE;
  for (gsize t = 0; t < n_ids; t++)
    {
      if (!spqr_tensor_read_rows (net->positions, first + t, 1, row, error))
        return FALSE;
      spqr_vector_add (hidden + t * net->hidden, row, net->hidden);
    }
  return TRUE;
}

gboolean
spqr_net_embed (SpqrNet *net, const gint32 *ids, gsize n_ids, gsize position0, float *hidden, GError **error)
{
  g_autofree float *embedded = NULL;
  SpqrExec exec = spqr_pool_exec (spqr_pool_get_default (), NULL, NULL);

  if (!check_ids (net, ids, n_ids, position0, error))
    return FALSE;
  if (net->project_in == NULL)
    {
      if (!lookup_ids (net, ids, n_ids, hidden, error))
        return FALSE;
    }
  else
    {
      embedded = spqr_net_alloc (n_ids, net->embed, "the embeddings of a window", error);
      if (embedded == NULL || !lookup_ids (net, ids, n_ids, embedded, error) ||
          !spqr_net_check (spqr_gemm_nt (embedded, net->embed, n_ids, net->project_in, SPQR_ELEM_F32, net->hidden,
                                         net->embed, NULL, hidden, net->hidden, &exec),
                           "project_in", error))
        return FALSE;
    }
  return net->positions == NULL || add_positions (net, n_ids, position0, hidden, error);
}
