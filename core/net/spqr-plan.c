/* spqr-plan.c: finds the tensors that a SpqrConfig asks for and checks every shape, so that nothing
 * after it has to. */
#include <math.h>
#include <string.h>

#include "net/spqr-net-private.h"

static gboolean
tensor_has_shape (SpqrTensor *tensor, guint n_dims, gsize rows, gsize cols)
{
  const gint64 *shape = spqr_tensor_get_shape (tensor);

  if (spqr_tensor_get_n_dims (tensor) != n_dims || shape[0] < 0 || (gsize) shape[0] != rows)
    return FALSE;
  return n_dims == 1 || (shape[1] >= 0 && (gsize) shape[1] == cols);
}

static gboolean
check_matrix (SpqrTensor *tensor, gsize rows, gsize cols, GError **error)
{
  if (tensor_has_shape (tensor, 2, rows, cols))
    return TRUE;
  g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE,
               "%s: tensor “%s” is %" G_GSIZE_FORMAT " × %" G_GSIZE_FORMAT ", but config.json asks for %" G_GSIZE_FORMAT
               " × %" G_GSIZE_FORMAT, spqr_tensor_get_file (tensor), spqr_tensor_get_name (tensor),
               spqr_tensor_get_rows (tensor), spqr_tensor_get_cols (tensor), rows, cols);
  return FALSE;
}

static gboolean
check_vector (SpqrTensor *tensor, gsize n, GError **error)
{
  if (tensor_has_shape (tensor, 1, n, 1))
    return TRUE;
  g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE,
               "%s: tensor “%s” is no vector of the %" G_GSIZE_FORMAT " numbers that config.json asks for",
               spqr_tensor_get_file (tensor), spqr_tensor_get_name (tensor), n);
  return FALSE;
}

/* The name that a missing tensor would have: that of another block with this block's number. */
static char *
missing_name (SpqrNet *net, int block, SpqrRole role, gboolean bias)
{
  for (int other = 0; block >= 0 && other < MIN (net->config->n_blocks, 256); other++)
    {
      SpqrTensor *tensor = spqr_model_find (net->model, other, role, bias);
      g_autofree char *number = g_strdup_printf (".%d.", other);
      const char *name = tensor != NULL ? spqr_tensor_get_name (tensor) : NULL;
      const char *at = name != NULL ? strstr (name, number) : NULL;

      if (at != NULL)
        return g_strdup_printf ("%.*s.%d.%s", (int) (at - name), name, block, at + strlen (number));
    }
  return g_strdup_printf ("%s%s", spqr_role_name (role), bias ? ".bias" : "");
}

static SpqrTensor *
need_tensor (SpqrNet *net, int block, SpqrRole role, gboolean bias, GError **error)
{
  SpqrTensor *tensor = spqr_model_find (net->model, block, role, bias);
  g_autofree char *name = NULL;

  if (tensor != NULL)
    return tensor;
  name = missing_name (net, block, role, bias);
  if (block >= 0)
    g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_MISSING_TENSOR,
                 "%s: block %d lacks the tensor “%s”; is a file of the model missing?",
                 spqr_model_get_path (net->model), block, name);
  else
    g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_MISSING_TENSOR,
                 "%s: the model lacks the tensor “%s”; is a file of the model missing?",
                 spqr_model_get_path (net->model), name);
  return NULL;
}

static gboolean
plan_norm (SpqrNet *net, int block, SpqrRole role, gsize n, SpqrNormPlan *norm, GError **error)
{
  norm->weight = need_tensor (net, block, role, FALSE, error);
  if (norm->weight == NULL || !check_vector (norm->weight, n, error))
    return FALSE;
  norm->bias = spqr_model_find (net->model, block, role, TRUE);
  return norm->bias == NULL || check_vector (norm->bias, n, error);
}

/* Appends one linear layer below those that its product already has. */
static gboolean
plan_linear (SpqrNet *net, int block, SpqrRole role, SpqrProduct product, gsize rows, gsize cols,
             gboolean want_bias, GError **error)
{
  SpqrBlockPlan *plan = &net->blocks[block];
  SpqrLinearPlan *linear = &plan->linears[plan->n_linears];

  *linear = (SpqrLinearPlan) { .role = role, .product = product, .rows = rows, .cols = cols,
                               .input_group = plan->group[product] };
  for (guint i = 0; i < plan->n_linears; i++)
    if (plan->linears[i].product == product)
      linear->row0 += plan->linears[i].rows;
  plan->n_linears++;

  linear->weight = need_tensor (net, block, role, FALSE, error);
  if (linear->weight == NULL || !check_matrix (linear->weight, rows, cols, error))
    return FALSE;
  linear->bias = want_bias ? need_tensor (net, block, role, TRUE, error) : spqr_model_find (net->model, block, role, TRUE);
  if (want_bias && linear->bias == NULL)
    return FALSE;
  return linear->bias == NULL || check_vector (linear->bias, rows, error);
}

static gboolean
plan_attention_inputs (SpqrNet *net, int block, GError **error)
{
  const SpqrConfig *config = net->config;
  gsize q_rows = net->heads * net->head_dim, kv_rows = net->kv_heads * net->head_dim;

  if (config->qkv != SPQR_QKV_SEPARATE)
    return plan_linear (net, block, SPQR_ROLE_QKV, SPQR_PRODUCT_QKV, net->qkv_rows, net->hidden, config->qkv_bias, error);
  return plan_linear (net, block, SPQR_ROLE_Q, SPQR_PRODUCT_QKV, q_rows, net->hidden, config->qkv_bias, error) &&
         plan_linear (net, block, SPQR_ROLE_K, SPQR_PRODUCT_QKV, kv_rows, net->hidden, config->qkv_bias, error) &&
         plan_linear (net, block, SPQR_ROLE_V, SPQR_PRODUCT_QKV, kv_rows, net->hidden, config->qkv_bias, error);
}

static gboolean
plan_mlp_inputs (SpqrNet *net, int block, GError **error)
{
  const SpqrConfig *config = net->config;

  if (config->gated_mlp && config->fused_gate_up)
    return plan_linear (net, block, SPQR_ROLE_GATE_UP, SPQR_PRODUCT_UP, 2 * net->inner, net->hidden, config->mlp_bias, error);
  if (config->gated_mlp &&
      !plan_linear (net, block, SPQR_ROLE_GATE, SPQR_PRODUCT_UP, net->inner, net->hidden, config->mlp_bias, error))
    return FALSE;
  return plan_linear (net, block, SPQR_ROLE_UP, SPQR_PRODUCT_UP, net->inner, net->hidden, config->mlp_bias, error);
}

/* Layers in the order of their input groups. Where attention and MLP read the very same norm, its
 * output is one group: what is gathered over it serves both. */
static gboolean
plan_linears (SpqrNet *net, int block, GError **error)
{
  const SpqrConfig *config = net->config;
  SpqrBlockPlan *plan = &net->blocks[block];
  gboolean shared = config->parallel_residual && !config->two_parallel_norms;
  gsize q_rows = net->heads * net->head_dim;

  plan->group[SPQR_PRODUCT_QKV] = 0;
  plan->group[SPQR_PRODUCT_O] = 1;
  plan->group[SPQR_PRODUCT_UP] = shared ? 0 : 2;
  plan->group[SPQR_PRODUCT_DOWN] = shared ? 2 : 3;
  return plan_attention_inputs (net, block, error) &&
         (!shared || plan_mlp_inputs (net, block, error)) &&
         plan_linear (net, block, SPQR_ROLE_O, SPQR_PRODUCT_O, net->hidden, q_rows, config->o_bias, error) &&
         (shared || plan_mlp_inputs (net, block, error)) &&
         plan_linear (net, block, SPQR_ROLE_DOWN, SPQR_PRODUCT_DOWN, net->hidden, net->inner, config->mlp_bias, error);
}

static gboolean
plan_norms (SpqrNet *net, int block, GError **error)
{
  const SpqrConfig *config = net->config;
  SpqrNormPlan *norms = net->blocks[block].norms;
  gboolean one_norm = config->parallel_residual && !config->two_parallel_norms;

  if (!plan_norm (net, block, SPQR_ROLE_INPUT_NORM, net->hidden, &norms[SPQR_NORM_INPUT], error))
    return FALSE;
  if (!one_norm && !plan_norm (net, block, SPQR_ROLE_POST_NORM, net->hidden, &norms[SPQR_NORM_POST], error))
    return FALSE;
  if (config->four_norms &&
      (!plan_norm (net, block, SPQR_ROLE_PRE_MLP_NORM, net->hidden, &norms[SPQR_NORM_PRE_MLP], error) ||
       !plan_norm (net, block, SPQR_ROLE_POST_MLP_NORM, net->hidden, &norms[SPQR_NORM_POST_MLP], error)))
    return FALSE;
  return !config->qk_norm ||
         (plan_norm (net, block, SPQR_ROLE_Q_NORM, net->head_dim, &norms[SPQR_NORM_Q], error) &&
          plan_norm (net, block, SPQR_ROLE_K_NORM, net->head_dim, &norms[SPQR_NORM_K], error));
}

/* Columns of the heads in a row of the qkv product. */
static void
plan_heads (SpqrNet *net)
{
  gsize d = net->head_dim, per_group = net->heads / net->kv_heads;

  net->q_offset = g_new (gsize, net->heads);
  net->k_offset = g_new (gsize, net->kv_heads);
  net->v_offset = g_new (gsize, net->kv_heads);
  for (gsize h = 0; h < net->heads; h++)
    switch (net->config->qkv)
      {
      case SPQR_QKV_PER_HEAD:
        net->q_offset[h] = 3 * h * d;
        break;
      case SPQR_QKV_PER_KV_GROUP:
        net->q_offset[h] = (h + h / per_group * 2) * d;
        break;
      case SPQR_QKV_SEPARATE:
      case SPQR_QKV_STACKED:
      case SPQR_QKV_MULTI_QUERY:
      default:
        net->q_offset[h] = h * d;
      }
  for (gsize g = 0; g < net->kv_heads; g++)
    switch (net->config->qkv)
      {
      case SPQR_QKV_PER_HEAD:
        net->k_offset[g] = (3 * g + 1) * d;
        net->v_offset[g] = (3 * g + 2) * d;
        break;
      case SPQR_QKV_PER_KV_GROUP:
        net->k_offset[g] = (g * (per_group + 2) + per_group) * d;
        net->v_offset[g] = net->k_offset[g] + d;
        break;
      case SPQR_QKV_SEPARATE:
      case SPQR_QKV_STACKED:
      case SPQR_QKV_MULTI_QUERY:
      default:
        net->k_offset[g] = (net->heads + g) * d;
        net->v_offset[g] = (net->heads + net->kv_heads + g) * d;
      }
}

/* What the config parser should have seen to; a net is also made from configs that tests change. */
static gboolean
check_config (const SpqrConfig *config, const char *path, GError **error)
{
  const char *wrong = NULL;

  if (!config->supported)
    {
      g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_UNSUPPORTED,
                   "%s: the network of a “%s” model cannot be computed: %s", path,
                   config->architecture != NULL ? config->architecture : "?",
                   config->unsupported_reason != NULL ? config->unsupported_reason : "this architecture is not known");
      return FALSE;
    }
  if (config->n_blocks < 1 || config->hidden < 1 || config->intermediate < 1 || config->vocab < 1)
    wrong = "a size is not positive";
  else if (config->n_heads < 1 || config->n_kv_heads < 1 || config->head_dim < 1 || config->n_heads % config->n_kv_heads != 0)
    wrong = "the number of heads is no multiple of the number of key/value heads";
  else if (config->qkv == SPQR_QKV_PER_HEAD && config->n_kv_heads != config->n_heads)
    wrong = "q, k and v of each head together need as many key/value heads as heads";
  else if (config->qkv == SPQR_QKV_MULTI_QUERY && config->n_kv_heads != 1)
    wrong = "multi-query attention needs one key/value head";
  else if (config->position == SPQR_POSITION_ROTARY &&
           (config->rotary_dim < 2 || config->rotary_dim % 2 != 0 || config->rotary_dim > config->head_dim))
    wrong = "the rotating part of a head is no even number of its dimensions";
  else if (config->embed_dim < 1)
    wrong = "the width of the embedding is not positive";
  else if (config->post_norm && (config->parallel_residual || config->four_norms))
    wrong = "norms after the sums and a parallel or four-norm block contradict each other";
  if (wrong == NULL)
    return TRUE;
  g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_UNSUPPORTED, "%s: config.json: %s", path, wrong);
  return FALSE;
}

static gboolean
plan_ends (SpqrNet *net, GError **error)
{
  const SpqrConfig *config = net->config;

  net->embedding = need_tensor (net, -1, SPQR_ROLE_EMBEDDING, FALSE, error);
  if (net->embedding == NULL || !check_matrix (net->embedding, config->vocab, net->embed, error))
    return FALSE;
  if (config->position == SPQR_POSITION_LEARNED)
    {
      net->positions = need_tensor (net, -1, SPQR_ROLE_POSITION_EMBEDDING, FALSE, error);
      if (net->positions == NULL || !check_matrix (net->positions, spqr_tensor_get_rows (net->positions), net->hidden, error))
        return FALSE;
    }
  net->head = config->tied_head ? net->embedding : need_tensor (net, -1, SPQR_ROLE_HEAD, FALSE, error);
  return net->head != NULL && check_matrix (net->head, config->vocab, net->embed, error);
}

/* The parts outside the blocks that are small enough to keep. */
static gboolean
load_ends (SpqrNet *net, GError **error)
{
  SpqrNormPlan norm = { NULL, NULL };
  SpqrTensor *in, *out, *bias;

  if (!net->config->no_final_norm &&
      (!plan_norm (net, -1, SPQR_ROLE_FINAL_NORM, net->hidden, &norm, error) ||
       !spqr_net_load_norm (net, &norm, FALSE, &net->final_norm, error)))
    return FALSE;
  if (net->embed != net->hidden)
    {
      in = need_tensor (net, -1, SPQR_ROLE_PROJECT_IN, FALSE, error);
      if (in == NULL || !check_matrix (in, net->hidden, net->embed, error))
        return FALSE;
      out = need_tensor (net, -1, SPQR_ROLE_PROJECT_OUT, FALSE, error);
      if (out == NULL || !check_matrix (out, net->embed, net->hidden, error))
        return FALSE;
      net->project_in = spqr_net_read_tensor (net, in, FALSE, NULL, error);
      net->project_out = net->project_in != NULL ? spqr_net_read_tensor (net, out, FALSE, NULL, error) : NULL;
      if (net->project_out == NULL)
        return FALSE;
    }
  if (net->config->head_bias)
    bias = need_tensor (net, -1, SPQR_ROLE_HEAD, TRUE, error);
  else
    bias = spqr_model_find (net->model, -1, SPQR_ROLE_HEAD, TRUE);
  if (bias == NULL)
    return !net->config->head_bias;
  if (!check_vector (bias, net->config->vocab, error))
    return FALSE;
  net->head_bias = spqr_net_read_tensor (net, bias, FALSE, NULL, error);
  return net->head_bias != NULL;
}

static void
plan_positions (SpqrNet *net)
{
  const SpqrConfig *config = net->config;

  if (config->position == SPQR_POSITION_ROTARY)
    net->rotary = spqr_rotary_new (config);
  if (config->position == SPQR_POSITION_ALIBI)
    {
      net->slopes = g_new (float, net->heads);
      spqr_alibi_slopes (net->heads, net->slopes);
    }
  net->attention_scale = config->attention_scale > 0 ? config->attention_scale : 1.0 / sqrt (config->head_dim);
}

gboolean
spqr_net_make_plan (SpqrNet *net, GError **error)
{
  const SpqrConfig *config = net->config;

  if (!check_config (config, spqr_model_get_path (net->model), error))
    return FALSE;
  net->heads = config->n_heads;
  net->kv_heads = config->n_kv_heads;
  net->head_dim = config->head_dim;
  net->hidden = config->hidden;
  net->inner = config->intermediate;
  net->embed = config->embed_dim;
  net->qkv_rows = (net->heads + 2 * net->kv_heads) * net->head_dim;
  net->up_rows = config->gated_mlp ? 2 * net->inner : net->inner;
  if (!plan_ends (net, error) || !load_ends (net, error))
    return FALSE;
  net->blocks = g_try_new0 (SpqrBlockPlan, config->n_blocks);
  if (net->blocks == NULL)
    return spqr_net_check (SPQR_NO_MEMORY, "the plan of the blocks", error);
  for (int block = 0; block < config->n_blocks; block++)
    {
      if (!plan_norms (net, block, error) || !plan_linears (net, block, error))
        return FALSE;
      net->blocks[block].window = spqr_config_block_slides (config, block) ? config->sliding_window : 0;
    }
  plan_heads (net);
  plan_positions (net);
  return TRUE;
}
