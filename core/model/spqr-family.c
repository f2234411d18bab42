/* spqr-family.c: the architecture table. */
#include "model/spqr-family-private.h"

/* The shape that LLaMA gave to most of its successors. */
#define LLAMA_KEYS                                                                                  \
  .key_blocks = "num_hidden_layers|n_layer", .key_hidden = "hidden_size|n_embd",                     \
  .key_intermediate = "intermediate_size", .key_heads = "num_attention_heads|n_head",                \
  .key_kv_heads = "num_key_value_heads", .key_context = "max_position_embeddings",                     \
  .key_epsilon = "rms_norm_eps",                                                                     \
  .key_rotary_share = "partial_rotary_factor", .key_rope_theta = "rope_theta",                       \
  .default_rotary_share = 1,                                                                         \
  .position = SPQR_POSITION_ROTARY, .gated_mlp = TRUE, .prefix = "model."

#define LLAMA_NORM_AND_ACTIVATION                                                                   \
  .norm = SPQR_NORM_RMS, .key_activation = "hidden_act", .default_activation = "silu"

#define LLAMA_OUTER_NAMES                                                                           \
  { SPQR_ROLE_EMBEDDING, "embed_tokens" }, { SPQR_ROLE_FINAL_NORM, "norm" }, { SPQR_ROLE_HEAD, "lm_head" }

#define LLAMA_NORM_NAMES                                                                            \
  { SPQR_ROLE_INPUT_NORM, "layers.*.input_layernorm" },                                             \
  { SPQR_ROLE_POST_NORM, "layers.*.post_attention_layernorm" }

#define LLAMA_LINEAR_NAMES                                                                          \
  { SPQR_ROLE_Q, "layers.*.self_attn.q_proj" }, { SPQR_ROLE_K, "layers.*.self_attn.k_proj" },       \
  { SPQR_ROLE_V, "layers.*.self_attn.v_proj" }, { SPQR_ROLE_O, "layers.*.self_attn.o_proj" },       \
  { SPQR_ROLE_GATE, "layers.*.mlp.gate_proj" }, { SPQR_ROLE_UP, "layers.*.mlp.up_proj" },           \
  { SPQR_ROLE_DOWN, "layers.*.mlp.down_proj" }

const SpqrFamily spqr_families[] = {
  {
    .family = "llama",
    .model_types = { "llama", "Yi" },
    .architectures = { "LlamaForCausalLM", "LLaMAForCausalLM", "YiForCausalLM" },
    LLAMA_KEYS, LLAMA_NORM_AND_ACTIVATION,
    .key_bias = "attention_bias", .key_mlp_bias = "mlp_bias",
    .default_context = 2048, .default_epsilon = 1e-6, .default_bos = 1, .default_eos = 2,
    .qkv_bias = SPQR_BIAS_BY_KEY, .o_bias = SPQR_BIAS_BY_KEY, .mlp_bias = SPQR_BIAS_BY_KEY,
    .names = { LLAMA_OUTER_NAMES, LLAMA_NORM_NAMES, LLAMA_LINEAR_NAMES,
               /* Yi's first files */
               { SPQR_ROLE_INPUT_NORM, "layers.*.ln1" }, { SPQR_ROLE_POST_NORM, "layers.*.ln2" } },
  },
  {
    .family = "mistral",
    .model_types = { "mistral" },
    .architectures = { "MistralForCausalLM" },
    LLAMA_KEYS, LLAMA_NORM_AND_ACTIVATION,
    .default_kv_heads = 8, .default_context = 131072, .default_sliding_window = 4096,
    .default_epsilon = 1e-6, .default_bos = 1, .default_eos = 2,
    .names = { LLAMA_OUTER_NAMES, LLAMA_NORM_NAMES, LLAMA_LINEAR_NAMES },
  },
  {
    .family = "qwen2",
    .model_types = { "qwen2" },
    .architectures = { "Qwen2ForCausalLM" },
    LLAMA_KEYS, LLAMA_NORM_AND_ACTIVATION,
    .default_context = 32768, .default_sliding_window = 4096, .default_epsilon = 1e-6,
    .default_bos = -1, .default_eos = -1,
    .qkv_bias = SPQR_BIAS_ALWAYS, .quirks = SPQR_QUIRKS_QWEN,
    .names = { LLAMA_OUTER_NAMES, LLAMA_NORM_NAMES, LLAMA_LINEAR_NAMES },
  },
  {
    .family = "qwen3",
    .model_types = { "qwen3" },
    .architectures = { "Qwen3ForCausalLM" },
    LLAMA_KEYS, LLAMA_NORM_AND_ACTIVATION,
    .key_bias = "attention_bias",
    .default_head_dim = 128, .default_context = 32768, .default_sliding_window = 4096, .default_epsilon = 1e-6,
    .default_bos = -1, .default_eos = -1,
    .qkv_bias = SPQR_BIAS_BY_KEY, .o_bias = SPQR_BIAS_BY_KEY, .qk_norm = TRUE, .quirks = SPQR_QUIRKS_QWEN,
    .names = { LLAMA_OUTER_NAMES, LLAMA_NORM_NAMES, LLAMA_LINEAR_NAMES,
               { SPQR_ROLE_Q_NORM, "layers.*.self_attn.q_norm" },
               { SPQR_ROLE_K_NORM, "layers.*.self_attn.k_norm" } },
  },
  {
    .family = "opt",
    .model_types = { "opt" },
    .architectures = { "OPTForCausalLM", "OPTModel" },
    .key_blocks = "num_hidden_layers", .key_hidden = "hidden_size", .key_intermediate = "ffn_dim",
    .key_heads = "num_attention_heads", .key_context = "max_position_embeddings",
    .key_activation = "activation_function", .key_bias = "enable_bias", .key_mlp_bias = "enable_bias",
    .default_context = 2048, .default_epsilon = 1e-5, .default_activation = "relu",
    .default_bos = 2, .default_eos = 2, .default_tied = TRUE, .default_bias = TRUE,
    .norm = SPQR_NORM_LAYER, .position = SPQR_POSITION_LEARNED,
    .qkv_bias = SPQR_BIAS_BY_KEY, .o_bias = SPQR_BIAS_BY_KEY, .mlp_bias = SPQR_BIAS_BY_KEY,
    .quirks = SPQR_QUIRKS_OPT, .prefix = "model.",
    .names = { { SPQR_ROLE_EMBEDDING, "decoder.embed_tokens" },
               { SPQR_ROLE_POSITION_EMBEDDING, "decoder.embed_positions" },
               { SPQR_ROLE_PROJECT_IN, "decoder.project_in" },
               { SPQR_ROLE_PROJECT_OUT, "decoder.project_out" },
               { SPQR_ROLE_INPUT_NORM, "decoder.layers.*.self_attn_layer_norm" },
               { SPQR_ROLE_Q, "decoder.layers.*.self_attn.q_proj" },
               { SPQR_ROLE_K, "decoder.layers.*.self_attn.k_proj" },
               { SPQR_ROLE_V, "decoder.layers.*.self_attn.v_proj" },
               { SPQR_ROLE_O, "decoder.layers.*.self_attn.out_proj" },
               { SPQR_ROLE_POST_NORM, "decoder.layers.*.final_layer_norm" },
               { SPQR_ROLE_UP, "decoder.layers.*.fc1" },
               { SPQR_ROLE_DOWN, "decoder.layers.*.fc2" },
               { SPQR_ROLE_FINAL_NORM, "decoder.final_layer_norm" },
               { SPQR_ROLE_HEAD, "lm_head" } },
  },
  {
    .family = "falcon",
    .model_types = { "falcon", "RefinedWebModel", "RefinedWeb" },
    .architectures = { "FalconForCausalLM", "RWForCausalLM" },
    .key_blocks = "num_hidden_layers|n_layer", .key_hidden = "hidden_size|n_embed",
    .key_intermediate = "ffn_hidden_size", .key_heads = "num_attention_heads|n_head",
    .key_kv_heads = "num_kv_heads|n_head_kv", .key_context = "max_position_embeddings",
    .key_epsilon = "layer_norm_epsilon", .key_activation = "activation", .key_rope_theta = "rope_theta",
    .key_bias = "bias", .key_mlp_bias = "bias",
    .default_intermediate_share = 4, .default_context = 2048, .default_epsilon = 1e-5,
    .default_rotary_share = 1, .default_activation = "gelu", .default_bos = 11, .default_eos = 11,
    .default_tied = TRUE,
    .norm = SPQR_NORM_LAYER, .position = SPQR_POSITION_ROTARY, .qkv = SPQR_QKV_MULTI_QUERY,
    .qkv_bias = SPQR_BIAS_BY_KEY, .o_bias = SPQR_BIAS_BY_KEY, .mlp_bias = SPQR_BIAS_BY_KEY,
    .quirks = SPQR_QUIRKS_FALCON, .prefix = "transformer.",
    .names = { { SPQR_ROLE_EMBEDDING, "word_embeddings" },
               { SPQR_ROLE_INPUT_NORM, "h.*.input_layernorm" },
               { SPQR_ROLE_INPUT_NORM, "h.*.ln_attn" },
               { SPQR_ROLE_QKV, "h.*.self_attention.query_key_value" },
               { SPQR_ROLE_O, "h.*.self_attention.dense" },
               { SPQR_ROLE_POST_NORM, "h.*.post_attention_layernorm" },
               { SPQR_ROLE_POST_NORM, "h.*.ln_mlp" },
               { SPQR_ROLE_UP, "h.*.mlp.dense_h_to_4h" },
               { SPQR_ROLE_DOWN, "h.*.mlp.dense_4h_to_h" },
               { SPQR_ROLE_FINAL_NORM, "ln_f" },
               { SPQR_ROLE_HEAD, "lm_head" } },
  },
  {
    .family = "gpt_neox",
    .model_types = { "gpt_neox" },
    .architectures = { "GPTNeoXForCausalLM" },
    .key_blocks = "num_hidden_layers", .key_hidden = "hidden_size", .key_intermediate = "intermediate_size",
    .key_heads = "num_attention_heads", .key_context = "max_position_embeddings",
    .key_epsilon = "layer_norm_eps", .key_activation = "hidden_act",
    .key_rotary_share = "rotary_pct|partial_rotary_factor", .key_rope_theta = "rotary_emb_base|rope_theta",
    .key_bias = "attention_bias",
    .default_context = 2048, .default_epsilon = 1e-5, .default_rotary_share = 0.25,
    .default_activation = "gelu", .default_bos = 0, .default_eos = 2, .default_bias = TRUE,
    .norm = SPQR_NORM_LAYER, .position = SPQR_POSITION_ROTARY, .qkv = SPQR_QKV_PER_HEAD,
    .qkv_bias = SPQR_BIAS_BY_KEY, .o_bias = SPQR_BIAS_BY_KEY, .mlp_bias = SPQR_BIAS_ALWAYS,
    .quirks = SPQR_QUIRKS_NEOX, .prefix = "gpt_neox.",
    .names = { { SPQR_ROLE_EMBEDDING, "embed_in" },
               { SPQR_ROLE_INPUT_NORM, "layers.*.input_layernorm" },
               { SPQR_ROLE_QKV, "layers.*.attention.query_key_value" },
               { SPQR_ROLE_O, "layers.*.attention.dense" },
               { SPQR_ROLE_POST_NORM, "layers.*.post_attention_layernorm" },
               { SPQR_ROLE_UP, "layers.*.mlp.dense_h_to_4h" },
               { SPQR_ROLE_DOWN, "layers.*.mlp.dense_4h_to_h" },
               { SPQR_ROLE_FINAL_NORM, "final_layer_norm" },
               { SPQR_ROLE_HEAD, "embed_out" },
               { SPQR_ROLE_HEAD, "lm_head" } },      /* as newer files of transformers have it */
  },
  {
    .family = "gemma",
    .model_types = { "gemma" },
    .architectures = { "GemmaForCausalLM" },
    LLAMA_KEYS,
    .key_activation = "hidden_act", .key_bias = "attention_bias",
    .default_kv_heads = 16, .default_head_dim = 256, .default_context = 8192, .default_epsilon = 1e-6,
    .default_activation = "gelu_pytorch_tanh", .default_bos = 2, .default_eos = 1, .default_tied = TRUE,
    .norm = SPQR_NORM_RMS_PLUS_ONE,
    .qkv_bias = SPQR_BIAS_BY_KEY, .o_bias = SPQR_BIAS_BY_KEY, .quirks = SPQR_QUIRKS_GEMMA,
    .names = { LLAMA_OUTER_NAMES, LLAMA_NORM_NAMES, LLAMA_LINEAR_NAMES },
  },
  {
    .family = "gemma2",
    .model_types = { "gemma2" },
    .architectures = { "Gemma2ForCausalLM" },
    LLAMA_KEYS,
    .key_activation = "hidden_activation", .key_bias = "attention_bias",
    .default_kv_heads = 4, .default_head_dim = 256, .default_context = 8192, .default_sliding_window = 4096,
    .default_epsilon = 1e-6, .default_activation = "gelu_pytorch_tanh",
    .default_bos = 2, .default_eos = 1, .default_tied = TRUE,
    .norm = SPQR_NORM_RMS_PLUS_ONE,
    .qkv_bias = SPQR_BIAS_BY_KEY, .o_bias = SPQR_BIAS_BY_KEY, .quirks = SPQR_QUIRKS_GEMMA2,
    .names = { LLAMA_OUTER_NAMES, LLAMA_NORM_NAMES, LLAMA_LINEAR_NAMES,
               { SPQR_ROLE_PRE_MLP_NORM, "layers.*.pre_feedforward_layernorm" },
               { SPQR_ROLE_POST_MLP_NORM, "layers.*.post_feedforward_layernorm" } },
  },
  {
    .family = "phi3",
    .model_types = { "phi3" },
    .architectures = { "Phi3ForCausalLM" },
    LLAMA_KEYS, LLAMA_NORM_AND_ACTIVATION,
    .default_context = 4096, .default_epsilon = 1e-5, .default_bos = 1, .default_eos = 32000,
    .qkv = SPQR_QKV_STACKED, .fused_gate_up = TRUE,
    .names = { LLAMA_OUTER_NAMES, LLAMA_NORM_NAMES,
               { SPQR_ROLE_QKV, "layers.*.self_attn.qkv_proj" },
               { SPQR_ROLE_O, "layers.*.self_attn.o_proj" },
               { SPQR_ROLE_GATE_UP, "layers.*.mlp.gate_up_proj" },
               { SPQR_ROLE_DOWN, "layers.*.mlp.down_proj" } },
  },
};

const guint spqr_n_families = G_N_ELEMENTS (spqr_families);

static gboolean
is_one_of (const char *word, const char *const words[4])
{
  for (guint i = 0; i < 4 && word != NULL && words[i] != NULL; i++)
    if (g_str_equal (word, words[i]))
      return TRUE;
  return FALSE;
}

const SpqrFamily *
spqr_family_find (const char *model_type, const char *architecture)
{
  for (guint i = 0; i < spqr_n_families; i++)
    if (is_one_of (model_type, spqr_families[i].model_types))
      return &spqr_families[i];
  for (guint i = 0; i < spqr_n_families; i++)
    if (is_one_of (architecture, spqr_families[i].architectures))
      return &spqr_families[i];
  return NULL;
}

const SpqrFamily *
spqr_family_by_name (const char *family)
{
  for (guint i = 0; i < spqr_n_families; i++)
    if (family != NULL && g_str_equal (family, spqr_families[i].family))
      return &spqr_families[i];
  return NULL;
}
