/* spqr-config.c: config.json, read by way of the architecture table.
 *
 * A Reader remembers the first error and turns every later question into its default, so that the
 * functions below read like the list of keys they are. */
#include "model/spqr-config.h"

#include <math.h>
#include <string.h>

#include "model/spqr-config-private.h"
#include "model/spqr-family-private.h"
#include "model/spqr-json.h"
#include "model/spqr-model.h"

#define MANY (1 << 20)             /* more heads, blocks, … than this is a mistake */
#define REQUIRED (-1)

typedef struct {
  JsonObject *object;
  const char *path;
  GError *error;                   /* the first */
  gboolean lenient;                /* unknown architecture: nonsense counts as absent */
  const SpqrFamily *family;
  SpqrConfig *config;
} Reader;

G_GNUC_PRINTF (2, 3) static void
fail (Reader *reader, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  if (reader->error != NULL || reader->lenient)
    return;
  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (&reader->error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_MALFORMED, "%s: %s", reader->path, what);
}

static void
unsupported (Reader *reader, char *reason /* taken */)
{
  if (reader->config->unsupported_reason == NULL)
    reader->config->unsupported_reason = reason;
  else
    g_free (reason);
}

/* ---- single keys. `keys` holds alternatives separated by "|". ---- */

static gboolean
nodes_agree (JsonNode *a, JsonNode *b)
{
  return json_node_equal (a, b);
}

/* The member of the first alternative that is there and not null; *key says which. Two alternatives
 * that say different things are an error. */
static JsonNode *
find_node (Reader *reader, JsonObject *object, const char *keys, const char **key)
{
  g_auto(GStrv) names = g_strsplit (keys != NULL ? keys : "", "|", -1);
  JsonNode *found = NULL;

  for (guint i = 0; names[i] != NULL && object != NULL; i++)
    {
      JsonNode *node = json_object_get_member (object, names[i]);

      if (node == NULL || JSON_NODE_HOLDS_NULL (node))
        continue;
      if (found != NULL && !nodes_agree (found, node))
        fail (reader, "“%s” and “%s” contradict each other", *key, names[i]);
      if (found == NULL)
        {
          found = node;
          *key = g_intern_string (names[i]);
        }
    }
  return found;
}

static int
get_int (Reader *reader, const char *keys, int fallback, int least, int most)
{
  const char *key = NULL;
  JsonNode *node = find_node (reader, reader->object, keys, &key);
  gint64 value = 0;

  if (node == NULL)
    {
      if (fallback == REQUIRED)
        {
          g_autofree char *first = g_strndup (keys, strcspn (keys, "|"));
          fail (reader, "“%s” is missing", first);
        }
      return fallback == REQUIRED ? 0 : fallback;
    }
  if (!spqr_json_node_get_int (node, &value))
    fail (reader, "“%s” must be a whole number", key);
  else if (value < least || value > most)
    fail (reader, "“%s” is %" G_GINT64_FORMAT "; it must be between %d and %d", key, value, least, most);
  else
    return (int) value;
  return fallback == REQUIRED ? 0 : fallback;
}

static double
get_double_of (Reader *reader, JsonObject *object, const char *keys, double fallback, double least, double most)
{
  const char *key = NULL;
  JsonNode *node = find_node (reader, object, keys, &key);
  double value = 0;

  if (node == NULL)
    return fallback;
  if (!spqr_json_node_get_double (node, &value))
    fail (reader, "“%s” must be a number", key);
  else if (value < least || value > most)
    fail (reader, "“%s” is %g; it must be between %g and %g", key, value, least, most);
  else
    return value;
  return fallback;
}

static double
get_double (Reader *reader, const char *keys, double fallback, double least, double most)
{
  return get_double_of (reader, reader->object, keys, fallback, least, most);
}

static gboolean
get_bool (Reader *reader, const char *keys, gboolean fallback)
{
  const char *key = NULL;
  JsonNode *node = find_node (reader, reader->object, keys, &key);
  gint64 value = 0;

  if (node == NULL)
    return fallback;
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    return json_node_get_boolean (node);
  if (spqr_json_node_get_int (node, &value) && (value == 0 || value == 1))
    return (gboolean) value;
  fail (reader, "“%s” must be true or false", key);
  return fallback;
}

static const char *
get_text_of (Reader *reader, JsonObject *object, const char *keys, const char *fallback)
{
  const char *key = NULL;
  JsonNode *node = find_node (reader, object, keys, &key);

  if (node == NULL)
    return fallback;
  if (json_node_get_value_type (node) == G_TYPE_STRING)
    return json_node_get_string (node);
  fail (reader, "“%s” must be a text", key);
  return fallback;
}

/* A token id, or the first of a list of them; ids outside the vocabulary count as none. */
static int
get_token (Reader *reader, const char *key, int fallback)
{
  JsonNode *node = json_object_get_member (reader->object, key);
  gint64 value = fallback;

  if (node != NULL && JSON_NODE_HOLDS_NULL (node))
    return -1;
  if (node != NULL && JSON_NODE_HOLDS_ARRAY (node))
    node = json_array_get_length (json_node_get_array (node)) > 0
             ? json_array_get_element (json_node_get_array (node), 0) : NULL;
  if (node != NULL && !spqr_json_node_get_int (node, &value))
    fail (reader, "“%s” must be a token id", key);
  return value >= 0 && value < reader->config->vocab ? (int) value : -1;
}

/* ---- groups of keys ---- */

static void
read_sizes (Reader *reader)
{
  const SpqrFamily *family = reader->family;
  SpqrConfig *config = reader->config;
  int share = family->default_intermediate_share;

  config->n_blocks = get_int (reader, family->key_blocks, REQUIRED, 1, MANY);
  config->hidden = get_int (reader, family->key_hidden, REQUIRED, 1, MANY);
  config->n_heads = get_int (reader, family->key_heads, REQUIRED, 1, MANY);
  config->n_kv_heads = get_int (reader, family->key_kv_heads,
                                family->default_kv_heads > 0 ? family->default_kv_heads : config->n_heads, 1, MANY);
  config->intermediate = get_int (reader, family->key_intermediate, share > 0 ? share * config->hidden : REQUIRED,
                                  1, 16 * MANY);
  config->vocab = get_int (reader, "vocab_size", REQUIRED, 1, 64 * MANY);
  config->context = get_int (reader, family->key_context, family->default_context, 1, 1024 * MANY);
  config->embed_dim = config->hidden;
  config->norm_epsilon = get_double (reader, family->key_epsilon, family->default_epsilon, 1e-20, 1);
  config->embedding_scale = 1;
}

static void
read_head_size (Reader *reader)
{
  const SpqrFamily *family = reader->family;
  SpqrConfig *config = reader->config;
  int fallback = family->default_head_dim;

  if (config->n_heads < 1)
    return;
  if (fallback == 0)
    fallback = config->hidden / config->n_heads;
  config->head_dim = get_int (reader, "head_dim", fallback, 1, MANY);
  if (!json_object_has_member (reader->object, "head_dim") && family->default_head_dim == 0
      && config->hidden % config->n_heads != 0)
    fail (reader, "“hidden_size” (%d) is not a multiple of “num_attention_heads” (%d)",
          config->hidden, config->n_heads);
  if (config->n_kv_heads > 0 && config->n_heads % config->n_kv_heads != 0)
    fail (reader, "“num_attention_heads” (%d) is not a multiple of the number of key/value heads (%d)",
          config->n_heads, config->n_kv_heads);
  if ((gint64) config->n_heads * config->head_dim > 16 * MANY)
    fail (reader, "“num_attention_heads” (%d) times “head_dim” (%d) is absurd", config->n_heads, config->head_dim);
}

static gboolean
read_bias (Reader *reader, SpqrBiasRule rule, const char *key)
{
  switch (rule)
    {
    case SPQR_BIAS_ALWAYS:
      return TRUE;
    case SPQR_BIAS_BY_KEY:
      return get_bool (reader, key, reader->family->default_bias);
    case SPQR_BIAS_NEVER:
    default:
      return FALSE;
    }
}

static void
read_activation (Reader *reader)
{
  static const struct { const char *name; SpqrActivation activation; } known[] = {
    { "silu", SPQR_ACT_SILU }, { "swish", SPQR_ACT_SILU }, { "relu", SPQR_ACT_RELU },
    { "gelu", SPQR_ACT_GELU }, { "gelu_python", SPQR_ACT_GELU },
    { "gelu_new", SPQR_ACT_GELU_TANH }, { "gelu_fast", SPQR_ACT_GELU_TANH },
    { "gelu_pytorch_tanh", SPQR_ACT_GELU_TANH }, { "gelu_python_tanh", SPQR_ACT_GELU_TANH },
    { "gelu_accurate", SPQR_ACT_GELU_TANH },
  };
  const char *name = get_text_of (reader, reader->object, reader->family->key_activation,
                                  reader->family->default_activation);

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_str_equal (known[i].name, name))
      {
        reader->config->activation = known[i].activation;
        return;
      }
  unsupported (reader, g_strdup_printf ("the activation function “%s” is not supported", name));
}

static void
read_structure (Reader *reader)
{
  const SpqrFamily *family = reader->family;
  SpqrConfig *config = reader->config;

  config->norm = family->norm;
  config->position = family->position;
  config->qkv = family->qkv;
  config->gated_mlp = family->gated_mlp;
  config->fused_gate_up = family->fused_gate_up;
  config->qk_norm = family->qk_norm;
  config->tied_head = get_bool (reader, "tie_word_embeddings", family->default_tied);
  config->qkv_bias = read_bias (reader, family->qkv_bias, family->key_bias);
  config->o_bias = read_bias (reader, family->o_bias, family->key_bias);
  config->mlp_bias = read_bias (reader, family->mlp_bias, family->key_mlp_bias);
  config->bos_id = get_token (reader, "bos_token_id", family->default_bos);
  config->eos_id = get_token (reader, "eos_token_id", family->default_eos);
  read_activation (reader);
}

/* ---- rotary embeddings ---- */

static void
read_llama3_scaling (Reader *reader, JsonObject *scaling)
{
  SpqrConfig *config = reader->config;

  config->rope_scaling = SPQR_ROPE_LLAMA3;
  config->rope_low = get_double_of (reader, scaling, "low_freq_factor", 0, 1e-6, 1e6);
  config->rope_high = get_double_of (reader, scaling, "high_freq_factor", 0, 1e-6, 1e6);
  config->rope_original_context = get_double_of (reader, scaling, "original_max_position_embeddings", 0, 1, 1e9);
  if (config->rope_low <= 0 || config->rope_high <= 0 || config->rope_original_context <= 0)
    fail (reader, "llama3 rope scaling needs “low_freq_factor”, “high_freq_factor” and "
          "“original_max_position_embeddings”");
  else if (config->rope_low >= config->rope_high)
    fail (reader, "“low_freq_factor” (%g) must be below “high_freq_factor” (%g)", config->rope_low, config->rope_high);
}

static void
read_rope_scaling (Reader *reader, JsonObject *scaling)
{
  SpqrConfig *config = reader->config;
  const char *type = get_text_of (reader, scaling, "rope_type|type", "default");

  if (g_str_equal (type, "default"))
    return;
  if (!g_str_equal (type, "linear") && !g_str_equal (type, "dynamic") && !g_str_equal (type, "llama3"))
    {
      unsupported (reader, g_strdup_printf ("rope scaling of the type “%s” is not supported", type));
      return;
    }
  config->rope_factor = get_double_of (reader, scaling, "factor", 0, 1, 1e6);
  if (config->rope_factor < 1)
    fail (reader, "%s rope scaling needs “factor”", type);
  if (g_str_equal (type, "llama3"))
    {
      read_llama3_scaling (reader, scaling);
      return;
    }
  config->rope_scaling = g_str_equal (type, "linear") ? SPQR_ROPE_LINEAR : SPQR_ROPE_DYNAMIC;
  config->rope_original_context = config->context;
}

/* The settings stand in the config itself and in rope_scaling, or (newer files) in rope_parameters. */
static JsonObject *
find_rope_object (Reader *reader)
{
  const char *key = NULL;
  JsonNode *node = find_node (reader, reader->object, "rope_parameters", &key);
  JsonObject *object;

  if (node == NULL)
    node = find_node (reader, reader->object, "rope_scaling", &key);
  if (node == NULL)
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      fail (reader, "“%s” must be an object", key);
      return NULL;
    }
  object = json_node_get_object (node);
  if (json_object_has_member (object, "full_attention") || json_object_has_member (object, "sliding_attention"))
    unsupported (reader, g_strdup ("rotary embeddings that differ from block to block are not supported"));
  return object;
}

static void
read_rope (Reader *reader)
{
  const SpqrFamily *family = reader->family;
  SpqrConfig *config = reader->config;
  JsonObject *rope;
  double share;

  config->rope_factor = 1;
  if (config->position != SPQR_POSITION_ROTARY)
    return;
  rope = find_rope_object (reader);
  config->rope_theta = get_double (reader, family->key_rope_theta, 10000, 1, 1e15);
  config->rope_theta = get_double_of (reader, rope, "rope_theta", config->rope_theta, 1, 1e15);
  share = get_double (reader, family->key_rotary_share, family->default_rotary_share, 1e-6, 1);
  share = get_double_of (reader, rope, "partial_rotary_factor", share, 1e-6, 1);
  config->rotary_dim = (int) (config->head_dim * share);
  if (config->rotary_dim < 2 || config->rotary_dim % 2 != 0)
    fail (reader, "heads of %d dimensions of which %d rotate: that must be an even number",
          config->head_dim, config->rotary_dim);
  if (rope != NULL)
    read_rope_scaling (reader, rope);
}

/* ---- sliding windows ---- */

/* layer_types, one word a block; FALSE when absent. */
static gboolean
read_layer_types (Reader *reader)
{
  const char *key = NULL;
  JsonNode *node = find_node (reader, reader->object, "layer_types", &key);
  SpqrConfig *config = reader->config;
  JsonArray *types;

  if (node == NULL)
    return FALSE;
  types = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  if (types == NULL || json_array_get_length (types) != (guint) config->n_blocks)
    {
      fail (reader, "“layer_types” must be a list of %d words, one a block", config->n_blocks);
      return FALSE;
    }
  for (guint i = 0; i < (guint) config->n_blocks; i++)
    {
      JsonNode *element = json_array_get_element (types, i);
      const char *type = json_node_get_value_type (element) == G_TYPE_STRING ? json_node_get_string (element) : "";

      config->sliding_blocks[i] = g_str_equal (type, "sliding_attention");
      if (!config->sliding_blocks[i] && !g_str_equal (type, "full_attention"))
        unsupported (reader, g_strdup_printf ("blocks of the type “%s” are not supported", type));
    }
  return TRUE;
}

static void
read_window (Reader *reader)
{
  const SpqrFamily *family = reader->family;
  SpqrConfig *config = reader->config;
  JsonNode *node = json_object_get_member (reader->object, "sliding_window");
  gboolean by_block = family->quirks == SPQR_QUIRKS_QWEN || family->quirks == SPQR_QUIRKS_GEMMA2;
  int first = 0;

  if (family->quirks == SPQR_QUIRKS_QWEN && !get_bool (reader, "use_sliding_window", FALSE))
    return;
  if (node != NULL && JSON_NODE_HOLDS_NULL (node))
    return;
  config->sliding_window = get_int (reader, "sliding_window", family->default_sliding_window, 1, 1024 * MANY);
  if (config->sliding_window == 0 || !by_block || config->n_blocks < 1)
    return;

  config->sliding_blocks = g_new0 (guint8, (gsize) config->n_blocks);
  if (family->quirks == SPQR_QUIRKS_QWEN)
    first = get_int (reader, "max_window_layers", 28, 0, MANY);
  if (read_layer_types (reader))
    return;
  for (int b = 0; b < config->n_blocks; b++)
    config->sliding_blocks[b] = family->quirks == SPQR_QUIRKS_GEMMA2 ? b % 2 == 0 : b >= first;
}

/* ---- what only one family has ---- */

static void
read_opt (Reader *reader)
{
  SpqrConfig *config = reader->config;

  config->embed_dim = get_int (reader, "word_embed_proj_dim", config->hidden, 1, MANY);
  config->post_norm = !get_bool (reader, "do_layer_norm_before", TRUE);
  config->no_final_norm = config->post_norm || get_bool (reader, "_remove_final_layer_norm", FALSE);
  config->position_offset = 2;
  if (!get_bool (reader, "layer_norm_elementwise_affine", TRUE))
    unsupported (reader, g_strdup ("layer norms without weights are not supported"));
}

static void
read_falcon (Reader *reader)
{
  SpqrConfig *config = reader->config;
  const char *model_type = get_text_of (reader, reader->object, "model_type", "");
  gboolean new_architecture = get_bool (reader, "new_decoder_architecture", g_str_equal (model_type, "RefinedWeb"));
  gboolean multi_query = get_bool (reader, "multi_query", TRUE);

  config->parallel_residual = new_architecture || get_bool (reader, "parallel_attn", TRUE);
  config->two_parallel_norms = new_architecture && get_int (reader, "num_ln_in_parallel_attn", 2, 1, 2) == 2;
  if (new_architecture)
    config->qkv = SPQR_QKV_PER_KV_GROUP;
  else if (multi_query)
    config->qkv = SPQR_QKV_MULTI_QUERY;
  else
    config->qkv = SPQR_QKV_PER_HEAD;
  if (!new_architecture)
    config->n_kv_heads = multi_query ? 1 : config->n_heads;
  if (get_bool (reader, "alibi", FALSE))
    config->position = SPQR_POSITION_ALIBI;
  if (get_bool (reader, "apply_residual_connection_post_layernorm", FALSE))
    unsupported (reader, g_strdup ("a residual connection after the norm is not supported"));
}

static void
read_gemma2 (Reader *reader)
{
  SpqrConfig *config = reader->config;
  static const char *const caps[] = { "attn_logit_softcapping", "final_logit_softcapping" };
  double *const fields[] = { &config->attention_softcap, &config->head_softcap };
  static const double defaults[] = { 50, 30 };

  for (guint i = 0; i < 2; i++)
    {
      JsonNode *node = json_object_get_member (reader->object, caps[i]);
      gboolean off = node != NULL && JSON_NODE_HOLDS_NULL (node);

      *fields[i] = off ? 0 : get_double (reader, caps[i], defaults[i], 1e-3, 1e9);
    }
  config->attention_scale = 1 / sqrt (get_double (reader, "query_pre_attn_scalar", 256, 1e-6, 1e9));
  config->four_norms = TRUE;
}

/* Runs before rope and head sizes are read: some of these change what they mean. */
static void
read_quirks (Reader *reader)
{
  SpqrConfig *config = reader->config;

  switch (reader->family->quirks)
    {
    case SPQR_QUIRKS_OPT:
      read_opt (reader);
      break;
    case SPQR_QUIRKS_FALCON:
      read_falcon (reader);
      break;
    case SPQR_QUIRKS_NEOX:
      config->parallel_residual = get_bool (reader, "use_parallel_residual", TRUE);
      config->two_parallel_norms = config->parallel_residual;
      break;
    case SPQR_QUIRKS_GEMMA2:
      read_gemma2 (reader);
      G_GNUC_FALLTHROUGH;
    case SPQR_QUIRKS_GEMMA:
      /* "gelu" in the first releases meant the tanh form */
      if (config->activation == SPQR_ACT_GELU)
        config->activation = SPQR_ACT_GELU_TANH;
      config->embedding_scale = sqrt (config->hidden);
      if (get_bool (reader, "use_bidirectional_attention", FALSE))
        unsupported (reader, g_strdup ("attention to later tokens is not supported"));
      break;
    case SPQR_QUIRKS_NONE:
    case SPQR_QUIRKS_QWEN:
    default:
      break;
    }
}

static void
check_quantized (Reader *reader)
{
  const char *key = NULL;
  JsonNode *node = find_node (reader, reader->object, "quantization_config", &key);
  const char *method = "an unknown method";

  if (node == NULL)
    return;
  if (JSON_NODE_HOLDS_OBJECT (node))
    method = get_text_of (reader, json_node_get_object (node), "quant_method", method);
  unsupported (reader, g_strdup_printf ("the weights are already quantized (%s); open the model they were made from",
                                        method));
}

static void
read_names (Reader *reader)
{
  SpqrConfig *config = reader->config;
  JsonNode *node = json_object_get_member (reader->object, "architectures");
  const char *dtype = get_text_of (reader, reader->object, "torch_dtype|dtype", NULL);

  if (node != NULL && JSON_NODE_HOLDS_ARRAY (node) && json_array_get_length (json_node_get_array (node)) > 0)
    {
      JsonNode *first = json_array_get_element (json_node_get_array (node), 0);
      if (json_node_get_value_type (first) == G_TYPE_STRING)
        config->architecture = g_strdup (json_node_get_string (first));
    }
  if (dtype != NULL)
    config->torch_dtype = g_strdup (g_str_has_prefix (dtype, "torch.") ? dtype + strlen ("torch.") : dtype);
}

/* Whatever a config of an unknown family says in the usual words, for people to look at. */
static const SpqrFamily unknown_family = {
  .key_blocks = "num_hidden_layers|n_layer|num_layers", .key_hidden = "hidden_size|n_embd|d_model",
  .key_intermediate = "intermediate_size|ffn_hidden_size|n_inner", .key_heads = "num_attention_heads|n_head|n_heads",
  .key_kv_heads = "num_key_value_heads|num_kv_heads|n_head_kv",
  .key_context = "max_position_embeddings|n_positions|seq_length",
  .key_epsilon = "rms_norm_eps|layer_norm_epsilon|layer_norm_eps", .default_activation = "gelu",
  .key_rope_theta = "rope_theta", .default_rotary_share = 1, .default_bos = -1, .default_eos = -1,
};

static void
read_unknown (Reader *reader, const char *model_type)
{
  SpqrConfig *config = reader->config;

  reader->lenient = TRUE;
  reader->family = &unknown_family;
  config->family = g_strdup (model_type != NULL ? model_type : "unknown");
  unsupported (reader, g_strdup_printf ("the architecture “%s” is not one that this program can run",
                                        config->architecture != NULL ? config->architecture : config->family));
  read_sizes (reader);
  read_head_size (reader);
  read_structure (reader);
}

static void
read_known (Reader *reader)
{
  reader->config->family = g_strdup (reader->family->family);
  read_sizes (reader);
  read_structure (reader);
  read_quirks (reader);
  read_head_size (reader);
  read_rope (reader);
  read_window (reader);
}

SpqrConfig *
spqr_config_parse (const char *text, gssize len, const char *path, GError **error)
{
  g_autoptr(SpqrConfig) config = NULL;
  g_autoptr(JsonNode) root = NULL;
  Reader reader = { .path = path };
  const char *model_type;

  g_return_val_if_fail (text != NULL && path != NULL, NULL);

  root = spqr_json_parse (text, len, path, error);
  if (root == NULL)
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (root))
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_MALFORMED, "%s: is not a JSON object", path);
      return NULL;
    }

  config = g_new0 (SpqrConfig, 1);
  config->bos_id = config->eos_id = -1;
  reader.object = json_node_get_object (root);
  reader.config = config;
  read_names (&reader);
  model_type = get_text_of (&reader, reader.object, "model_type", NULL);
  reader.family = spqr_family_find (model_type, config->architecture);
  check_quantized (&reader);
  if (reader.family != NULL)
    read_known (&reader);
  else
    read_unknown (&reader, model_type);

  if (reader.error != NULL)
    {
      g_propagate_error (error, reader.error);
      return NULL;
    }
  config->supported = config->unsupported_reason == NULL;
  return g_steal_pointer (&config);
}

SpqrConfig *
spqr_config_new_unknown (const char *reason)
{
  SpqrConfig *config = g_new0 (SpqrConfig, 1);

  config->family = g_strdup ("unknown");
  config->unsupported_reason = g_strdup (reason);
  config->bos_id = config->eos_id = -1;
  config->embedding_scale = config->rope_factor = 1;
  return config;
}

void
spqr_config_free (SpqrConfig *config)
{
  if (config == NULL)
    return;
  g_free (config->family);
  g_free (config->architecture);
  g_free (config->unsupported_reason);
  g_free (config->torch_dtype);
  g_free (config->sliding_blocks);
  g_free (config);
}

gboolean
spqr_config_block_slides (const SpqrConfig *config, int block)
{
  g_return_val_if_fail (config != NULL, FALSE);

  if (config->sliding_window == 0 || block < 0 || block >= config->n_blocks)
    return FALSE;
  return config->sliding_blocks == NULL || config->sliding_blocks[block];
}
