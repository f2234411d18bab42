/* spqr-gguf-config.c: a GGUF file's metadata and names in Hugging Face's words.
 *
 * The metadata becomes the text of a config.json, which the configuration's reader then checks like
 * any other. Only architectures whose weights the converter leaves as they are, or permutes in a
 * known way, get a model_type that this program runs: llama (q and k interleaved), qwen2, qwen3. */
#include <math.h>
#include <string.h>

#include "model/spqr-gguf-private.h"
#include "model/spqr-json.h"

typedef struct {
  const char *architecture, *model_type, *class_name;
  gboolean interleaved;
} Known;

static const Known known[] = {
  { "llama", "llama", "LlamaForCausalLM", TRUE },
  { "qwen2", "qwen2", "Qwen2ForCausalLM", FALSE },
  { "qwen3", "qwen3", "Qwen3ForCausalLM", FALSE },
};

static const Known *
find_known (const SpqrGguf *self)
{
  g_autofree char *architecture = spqr_gguf_get_string (self, "general.architecture");

  for (gsize i = 0; i < G_N_ELEMENTS (known) && architecture != NULL; i++)
    if (g_str_equal (known[i].architecture, architecture))
      return &known[i];
  return NULL;
}

/* ---- names ---- */

static const struct { const char *gguf, *name; } outer_names[] = {
  { "token_embd", "model.embed_tokens" }, { "output_norm", "model.norm" }, { "output", "lm_head" },
};

static const struct { const char *gguf, *name; } block_names[] = {
  { "attn_norm", "input_layernorm" }, { "ffn_norm", "post_attention_layernorm" },
  { "attn_q", "self_attn.q_proj" }, { "attn_k", "self_attn.k_proj" }, { "attn_v", "self_attn.v_proj" },
  { "attn_output", "self_attn.o_proj" }, { "attn_q_norm", "self_attn.q_norm" }, { "attn_k_norm", "self_attn.k_norm" },
  { "ffn_gate", "mlp.gate_proj" }, { "ffn_up", "mlp.up_proj" }, { "ffn_down", "mlp.down_proj" },
};

/* "blk.12.attn_q.weight" -> 12, "attn_q", "weight". */
static gboolean
split_block_name (const char *name, guint64 *block, char **stem, const char **kind)
{
  const char *dot = strrchr (name, '.');
  char *end = NULL;

  if (!g_str_has_prefix (name, "blk.") || !g_ascii_isdigit (name[4]))
    return FALSE;
  *block = g_ascii_strtoull (name + 4, &end, 10);
  if (*end != '.' || dot <= end)
    return FALSE;
  *stem = g_strndup (end + 1, (gsize) (dot - end - 1));
  *kind = dot + 1;
  return TRUE;
}

char *
spqr_gguf_rename (const SpqrGguf *self, const char *name)
{
  const char *dot = strrchr (name, '.'), *kind = NULL;
  g_autofree char *stem = NULL;
  guint64 block = 0;

  if (find_known (self) == NULL || dot == NULL)
    return g_strdup (name);
  if (split_block_name (name, &block, &stem, &kind))
    {
      for (gsize i = 0; i < G_N_ELEMENTS (block_names); i++)
        if (g_str_equal (block_names[i].gguf, stem))
          return g_strdup_printf ("model.layers.%" G_GUINT64_FORMAT ".%s.%s", block, block_names[i].name, kind);
      return g_strdup (name);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (outer_names); i++)
    if (strlen (outer_names[i].gguf) == (gsize) (dot - name) && g_str_has_prefix (name, outer_names[i].gguf))
      return g_strconcat (outer_names[i].name, dot, NULL);
  return g_strdup (name);
}

guint
spqr_gguf_interleaved_heads (const SpqrGguf *self, const SpqrGgufTensor *tensor)
{
  const Known *found = find_known (self);
  g_autofree char *stem = NULL;
  const char *kind = NULL;
  guint64 block = 0;
  gint64 heads = 0;
  gboolean is_key;

  if (found == NULL || !found->interleaved || !split_block_name (tensor->name, &block, &stem, &kind))
    return 0;
  is_key = g_str_equal (stem, "attn_k");
  if (!is_key && !g_str_equal (stem, "attn_q"))
    return 0;
  if (!is_key || !spqr_gguf_get_int (self, "llama.attention.head_count_kv", &heads))
    spqr_gguf_get_int (self, "llama.attention.head_count", &heads);
  if (heads < 1 || heads > tensor->shape[0] || tensor->shape[0] % (2 * heads) != 0)
    return 0;
  return (guint) heads;
}

/* ---- the configuration ---- */

typedef struct {
  const SpqrGguf *gguf;
  const char *architecture;
  JsonBuilder *builder;
} Maker;

static void
copy_int (Maker *maker, const char *key, const char *name)
{
  g_autofree char *full = g_strconcat (maker->architecture, ".", key, NULL);
  gint64 value = 0;

  if (!spqr_gguf_get_int (maker->gguf, full, &value))
    return;
  json_builder_set_member_name (maker->builder, name);
  json_builder_add_int_value (maker->builder, value);
}

static void
copy_double (Maker *maker, const char *key, const char *name)
{
  g_autofree char *full = g_strconcat (maker->architecture, ".", key, NULL);
  double value = 0;

  if (!spqr_gguf_get_double (maker->gguf, full, &value))
    return;
  json_builder_set_member_name (maker->builder, name);
  json_builder_add_double_value (maker->builder, value);
}

static void
add_text (Maker *maker, const char *name, const char *value)
{
  json_builder_set_member_name (maker->builder, name);
  json_builder_add_string_value (maker->builder, value);
}

static void
add_bool (Maker *maker, const char *name, gboolean value)
{
  json_builder_set_member_name (maker->builder, name);
  json_builder_add_boolean_value (maker->builder, value);
}

static void
add_double (Maker *maker, const char *name, double value)
{
  json_builder_set_member_name (maker->builder, name);
  json_builder_add_double_value (maker->builder, value);
}

static void
add_token (Maker *maker, const char *key, const char *name)
{
  gint64 value = 0;
  gboolean there = spqr_gguf_get_int (maker->gguf, key, &value);

  json_builder_set_member_name (maker->builder, name);
  if (there)
    json_builder_add_int_value (maker->builder, value);
  else
    json_builder_add_null_value (maker->builder);
}

/* Llama 3.1 and later: the converter writes out the factor of every frequency instead of the four
 * settings they follow from. Taken back if they do follow (low 1, high 4, context 8192). */
static gboolean
factors_are_llama3 (const SpqrGguf *gguf, const SpqrGgufTensor *tensor, double theta, double *factor)
{
  guint n = (guint) tensor->shape[tensor->n_dims - 1];
  g_autofree float *factors = NULL;

  if (tensor->n_dims != 1 || tensor->encoding.dtype != SPQR_DTYPE_F32 || n > 4096)
    return FALSE;
  factors = g_new (float, n);
  if (!spqr_file_read (gguf->file, tensor->offset, factors, tensor->n_bytes, NULL))
    return FALSE;
  *factor = 1;
  for (guint i = 0; i < n; i++)
    *factor = MAX (*factor, (double) factors[i]);
  for (guint i = 0; i < n; i++)
    {
      double wavelength = 2 * G_PI * pow (theta, (double) i / n);
      double smooth = (8192 / wavelength - 1) / (4 - 1);
      double want = *factor;

      if (wavelength < 8192.0 / 4)
        want = 1;
      else if (wavelength <= 8192)
        want = 1 / ((1 - smooth) / *factor + smooth);
      if (!(fabs ((double) factors[i] - want) <= 1e-3 * want))
        return FALSE;
    }
  return TRUE;
}

static gboolean
rotates_partly (Maker *maker)
{
  g_autofree char *rotary_key = g_strconcat (maker->architecture, ".rope.dimension_count", NULL);
  g_autofree char *head_key = g_strconcat (maker->architecture, ".attention.key_length", NULL);
  g_autofree char *heads_key = g_strconcat (maker->architecture, ".attention.head_count", NULL);
  g_autofree char *hidden_key = g_strconcat (maker->architecture, ".embedding_length", NULL);
  gint64 rotary = 0, head = 0, heads = 0, hidden = 0;

  if (!spqr_gguf_get_int (maker->gguf, rotary_key, &rotary))
    return FALSE;
  if (!spqr_gguf_get_int (maker->gguf, head_key, &head)
      && spqr_gguf_get_int (maker->gguf, hidden_key, &hidden)
      && spqr_gguf_get_int (maker->gguf, heads_key, &heads) && heads > 0)
    head = hidden / heads;
  return rotary != head;
}

static void
add_rope_scaling (Maker *maker)
{
  const SpqrGgufTensor *tensor = spqr_gguf_lookup (maker->gguf, "rope_freqs.weight");
  g_autofree char *type_key = g_strconcat (maker->architecture, ".rope.scaling.type", NULL);
  g_autofree char *theta_key = g_strconcat (maker->architecture, ".rope.freq_base", NULL);
  g_autofree char *type = spqr_gguf_get_string (maker->gguf, type_key);
  double theta = 10000, factor = 1;
  gboolean partial = rotates_partly (maker);

  spqr_gguf_get_double (maker->gguf, theta_key, &theta);
  if (!partial && tensor == NULL && (type == NULL || g_str_equal (type, "none")))
    return;
  json_builder_set_member_name (maker->builder, "rope_scaling");
  json_builder_begin_object (maker->builder);
  if (partial)
    add_text (maker, "rope_type", "part of a head");
  else if (tensor == NULL)
    {
      add_text (maker, "rope_type", type);
      copy_double (maker, "rope.scaling.factor", "factor");
    }
  else if (factors_are_llama3 (maker->gguf, tensor, theta, &factor))
    {
      add_text (maker, "rope_type", "llama3");
      add_double (maker, "factor", factor);
      add_double (maker, "low_freq_factor", 1);
      add_double (maker, "high_freq_factor", 4);
      add_double (maker, "original_max_position_embeddings", 8192);
    }
  else
    add_text (maker, "rope_type", "frequency factors of its own");
  json_builder_end_object (maker->builder);
}

static void
add_sizes (Maker *maker)
{
  const SpqrGgufTensor *embedding = spqr_gguf_lookup (maker->gguf, "token_embd.weight");
  guint64 vocab = spqr_gguf_get_array_length (maker->gguf, "tokenizer.ggml.tokens");

  copy_int (maker, "block_count", "num_hidden_layers");
  copy_int (maker, "embedding_length", "hidden_size");
  copy_int (maker, "feed_forward_length", "intermediate_size");
  copy_int (maker, "attention.head_count", "num_attention_heads");
  copy_int (maker, "attention.head_count_kv", "num_key_value_heads");
  copy_int (maker, "attention.key_length", "head_dim");
  copy_int (maker, "context_length", "max_position_embeddings");
  copy_double (maker, "attention.layer_norm_rms_epsilon", "rms_norm_eps");
  copy_double (maker, "rope.freq_base", "rope_theta");
  if (embedding != NULL && embedding->n_dims == 2)
    vocab = (guint64) embedding->shape[0];
  json_builder_set_member_name (maker->builder, "vocab_size");
  json_builder_add_int_value (maker->builder, (gint64) MIN (vocab, G_MAXINT64));
}

/* What the families' usual build does not cover makes the model one for looking only. */
static const char *
choose_model_type (const SpqrGguf *self, const Known *found, const char *architecture)
{
  g_autofree char *experts_key = g_strconcat (architecture, ".expert_count", NULL);
  gint64 experts = 0;

  if (spqr_gguf_get_int (self, experts_key, &experts) && experts > 0)
    return "mixture of experts";
  return found != NULL ? found->model_type : architecture;
}

char *
spqr_gguf_make_config (const SpqrGguf *self)
{
  g_autoptr(JsonBuilder) builder = json_builder_new ();
  g_autoptr(JsonNode) root = NULL;
  g_autofree char *name = spqr_gguf_get_string (self, "general.architecture");
  const char *architecture = name != NULL ? name : "unknown";
  const Known *found = find_known (self);
  const char *model_type = choose_model_type (self, found, architecture);
  Maker maker = { .gguf = self, .architecture = architecture, .builder = builder };

  json_builder_begin_object (builder);
  add_text (&maker, "model_type", model_type);
  if (found != NULL && g_str_equal (model_type, found->model_type))
    {
      json_builder_set_member_name (builder, "architectures");
      json_builder_begin_array (builder);
      json_builder_add_string_value (builder, found->class_name);
      json_builder_end_array (builder);
      if (g_str_equal (model_type, "llama"))
        add_bool (&maker, "attention_bias", spqr_gguf_lookup (self, "blk.0.attn_q.bias") != NULL);
    }
  add_sizes (&maker);
  add_rope_scaling (&maker);
  add_bool (&maker, "tie_word_embeddings", spqr_gguf_lookup (self, "output.weight") == NULL);
  add_token (&maker, "tokenizer.ggml.bos_token_id", "bos_token_id");
  add_token (&maker, "tokenizer.ggml.eos_token_id", "eos_token_id");
  json_builder_end_object (builder);

  root = json_builder_get_root (builder);
  return spqr_json_to_text (root, TRUE);
}
