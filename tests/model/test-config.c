/* config.json: one case a family with what its own code would make of it, the settings that are
 * refused or not supported, and every real file of the shared data. */
#include "fixtures.h"
#include "model/spqr-config.h"
#include "model/spqr-model.h"

#include <math.h>

#define SIZES "\"hidden_size\":64,\"num_hidden_layers\":3,\"num_attention_heads\":8,\"vocab_size\":512,"
#define LLAMA "\"model_type\":\"llama\",\"architectures\":[\"LlamaForCausalLM\"],\"intermediate_size\":172," SIZES

static SpqrConfig *
parse (const char *text)
{
  g_autoptr(GError) error = NULL;
  SpqrConfig *config = spqr_config_parse (text, -1, "config.json", &error);

  g_assert_no_error (error);
  g_assert_nonnull (config);
  return config;
}

static void
test_llama (void)
{
  g_autoptr(SpqrConfig) c = parse ("{" LLAMA "\"num_key_value_heads\":4,\"torch_dtype\":\"float16\"}");

  g_assert_true (c->supported);
  g_assert_null (c->unsupported_reason);
  g_assert_cmpstr (c->family, ==, "llama");
  g_assert_cmpstr (c->architecture, ==, "LlamaForCausalLM");
  g_assert_cmpstr (c->torch_dtype, ==, "float16");
  g_assert_cmpint (c->n_blocks, ==, 3);
  g_assert_cmpint (c->hidden, ==, 64);
  g_assert_cmpint (c->embed_dim, ==, 64);
  g_assert_cmpint (c->intermediate, ==, 172);
  g_assert_cmpint (c->n_kv_heads, ==, 4);
  g_assert_cmpint (c->head_dim, ==, 8);
  g_assert_cmpint (c->rotary_dim, ==, 8);
  g_assert_cmpint (c->context, ==, 2048);
  g_assert_cmpfloat (c->norm_epsilon, ==, 1e-6);
  g_assert_cmpfloat (c->rope_theta, ==, 10000);
  g_assert_cmpfloat (c->embedding_scale, ==, 1);
  g_assert_true (c->gated_mlp && !c->tied_head && !c->qkv_bias && !c->mlp_bias && !c->parallel_residual);
  g_assert_cmpint (c->norm, ==, SPQR_NORM_RMS);
  g_assert_cmpint (c->activation, ==, SPQR_ACT_SILU);
  g_assert_cmpint (c->bos_id, ==, 1);
  g_assert_cmpint (c->eos_id, ==, 2);
}

static void
test_llama_variants (void)
{
  g_autoptr(SpqrConfig) old = parse ("{\"architectures\":[\"LLaMAForCausalLM\"],\"intermediate_size\":172," SIZES
                                     "\"attention_bias\":true,\"eos_token_id\":[7,8],\"bos_token_id\":-1}");
  g_autoptr(SpqrConfig) three = parse ("{" LLAMA "\"rope_theta\":500000.0,\"rope_scaling\":{\"rope_type\":\"llama3\","
    "\"factor\":8.0,\"low_freq_factor\":1.0,\"high_freq_factor\":4.0,\"original_max_position_embeddings\":8192}}");
  g_autoptr(SpqrConfig) five = parse ("{" LLAMA "\"dtype\":\"bfloat16\",\"max_position_embeddings\":4096,"
    "\"rope_parameters\":{\"rope_theta\":20000,\"rope_type\":\"linear\",\"factor\":2}}");
  g_autoptr(SpqrConfig) dynamic = parse ("{" LLAMA "\"rope_scaling\":{\"type\":\"dynamic\",\"factor\":3}}");

  g_assert_true (old->supported && old->qkv_bias && old->o_bias && !old->mlp_bias);
  g_assert_cmpstr (old->family, ==, "llama");
  g_assert_cmpint (old->n_kv_heads, ==, 8);
  g_assert_cmpint (old->eos_id, ==, 7);
  g_assert_cmpint (old->bos_id, ==, -1);

  g_assert_cmpint (three->rope_scaling, ==, SPQR_ROPE_LLAMA3);
  g_assert_cmpfloat (three->rope_factor, ==, 8);
  g_assert_cmpfloat (three->rope_low, ==, 1);
  g_assert_cmpfloat (three->rope_high, ==, 4);
  g_assert_cmpfloat (three->rope_original_context, ==, 8192);

  g_assert_cmpint (five->rope_scaling, ==, SPQR_ROPE_LINEAR);
  g_assert_cmpfloat (five->rope_theta, ==, 20000);
  g_assert_cmpfloat (five->rope_factor, ==, 2);
  g_assert_cmpstr (five->torch_dtype, ==, "bfloat16");

  g_assert_cmpint (dynamic->rope_scaling, ==, SPQR_ROPE_DYNAMIC);
  g_assert_cmpfloat (dynamic->rope_original_context, ==, 2048);
}

static void
test_windows (void)
{
  g_autoptr(SpqrConfig) mistral = parse ("{\"model_type\":\"mistral\",\"intermediate_size\":99," SIZES "\"head_dim\":16}");
  g_autoptr(SpqrConfig) none = parse ("{\"model_type\":\"mistral\",\"intermediate_size\":99," SIZES
                                      "\"sliding_window\":null}");
  g_autoptr(SpqrConfig) qwen = parse ("{\"model_type\":\"qwen2\",\"intermediate_size\":99," SIZES
                                      "\"use_sliding_window\":false,\"sliding_window\":128}");
  g_autoptr(SpqrConfig) late = parse ("{\"model_type\":\"qwen2\",\"intermediate_size\":99," SIZES
                                      "\"use_sliding_window\":true,\"sliding_window\":128,\"max_window_layers\":1}");
  g_autoptr(SpqrConfig) listed = parse ("{\"model_type\":\"qwen3\",\"intermediate_size\":99," SIZES
    "\"use_sliding_window\":true,\"sliding_window\":128,\"layer_types\":[\"sliding_attention\",\"full_attention\","
    "\"full_attention\"]}");

  g_assert_cmpint (mistral->sliding_window, ==, 4096);
  g_assert_cmpint (mistral->n_kv_heads, ==, 8);
  g_assert_cmpint (mistral->head_dim, ==, 16);
  g_assert_true (spqr_config_block_slides (mistral, 0) && spqr_config_block_slides (mistral, 2));
  g_assert_false (spqr_config_block_slides (mistral, 3));
  g_assert_cmpint (none->sliding_window, ==, 0);
  g_assert_false (spqr_config_block_slides (none, 0));

  g_assert_true (qwen->qkv_bias && !qwen->o_bias);
  g_assert_cmpint (qwen->sliding_window, ==, 0);
  g_assert_cmpint (late->sliding_window, ==, 128);
  g_assert_true (!spqr_config_block_slides (late, 0) && spqr_config_block_slides (late, 1));
  g_assert_true (listed->qk_norm && spqr_config_block_slides (listed, 0) && !spqr_config_block_slides (listed, 1));
  g_assert_cmpint (listed->head_dim, ==, 128);
}

static void
test_opt (void)
{
  g_autoptr(SpqrConfig) c = parse ("{\"model_type\":\"opt\",\"ffn_dim\":256," SIZES "\"word_embed_proj_dim\":64}");
  g_autoptr(SpqrConfig) small = parse ("{\"model_type\":\"opt\",\"ffn_dim\":256," SIZES
                                       "\"word_embed_proj_dim\":32,\"do_layer_norm_before\":false}");
  g_autoptr(SpqrConfig) bare = parse ("{\"model_type\":\"opt\",\"ffn_dim\":256," SIZES
                                      "\"layer_norm_elementwise_affine\":false}");

  g_assert_true (c->supported && c->tied_head && c->qkv_bias && c->o_bias && c->mlp_bias && !c->gated_mlp);
  g_assert_cmpint (c->position, ==, SPQR_POSITION_LEARNED);
  g_assert_cmpint (c->position_offset, ==, 2);
  g_assert_cmpint (c->norm, ==, SPQR_NORM_LAYER);
  g_assert_cmpint (c->activation, ==, SPQR_ACT_RELU);
  g_assert_true (!c->post_norm && !c->no_final_norm);
  g_assert_cmpint (c->embed_dim, ==, 64);
  g_assert_cmpint (c->rotary_dim, ==, 0);
  g_assert_true (small->supported && small->post_norm && small->no_final_norm);
  g_assert_cmpint (small->embed_dim, ==, 32);
  g_assert_false (bare->supported);
}

static void
test_falcon (void)
{
  g_autoptr(SpqrConfig) seven = parse ("{\"model_type\":\"RefinedWebModel\",\"architectures\":[\"RWForCausalLM\"],"
    "\"hidden_size\":64,\"n_layer\":2,\"n_head\":8,\"vocab_size\":65,\"multi_query\":true,\"bias\":false}");
  g_autoptr(SpqrConfig) forty = parse ("{\"model_type\":\"RefinedWeb\",\"n_head_kv\":2,"
    "\"hidden_size\":64,\"n_layer\":2,\"n_head\":8,\"vocab_size\":65}");
  g_autoptr(SpqrConfig) eleven = parse ("{\"model_type\":\"falcon\",\"num_kv_heads\":2,\"num_ln_in_parallel_attn\":1,"
    "\"new_decoder_architecture\":true,\"ffn_hidden_size\":100," SIZES "\"tie_word_embeddings\":false}");
  g_autoptr(SpqrConfig) rw = parse ("{\"model_type\":\"falcon\",\"alibi\":true,\"multi_query\":false,"
    "\"parallel_attn\":false,\"bias\":true," SIZES "\"num_kv_heads\":8}");

  g_assert_true (seven->supported && seven->parallel_residual && !seven->two_parallel_norms && seven->tied_head);
  g_assert_cmpint (seven->qkv, ==, SPQR_QKV_MULTI_QUERY);
  g_assert_cmpint (seven->n_kv_heads, ==, 1);
  g_assert_cmpint (seven->intermediate, ==, 256);
  g_assert_cmpint (seven->activation, ==, SPQR_ACT_GELU);
  g_assert_true (forty->supported && forty->two_parallel_norms);
  g_assert_cmpint (forty->qkv, ==, SPQR_QKV_PER_KV_GROUP);
  g_assert_cmpint (forty->n_kv_heads, ==, 2);
  g_assert_true (eleven->supported && eleven->parallel_residual && !eleven->two_parallel_norms && !eleven->tied_head);
  g_assert_cmpint (eleven->intermediate, ==, 100);
  g_assert_cmpint (rw->position, ==, SPQR_POSITION_ALIBI);
  g_assert_cmpint (rw->qkv, ==, SPQR_QKV_PER_HEAD);
  g_assert_true (!rw->parallel_residual && rw->qkv_bias && rw->o_bias && rw->mlp_bias);
}

static void
test_gpt_neox (void)
{
  g_autoptr(SpqrConfig) c = parse ("{\"model_type\":\"gpt_neox\",\"intermediate_size\":256," SIZES
    "\"rotary_pct\":0.25,\"rotary_emb_base\":5000,\"use_parallel_residual\":true}");
  g_autoptr(SpqrConfig) serial = parse ("{\"model_type\":\"gpt_neox\",\"intermediate_size\":256," SIZES
    "\"rotary_pct\":1.0,\"use_parallel_residual\":false,\"attention_bias\":false,\"hidden_act\":\"gelu_new\"}");

  g_assert_true (c->supported && c->parallel_residual && c->two_parallel_norms && c->qkv_bias && c->mlp_bias);
  g_assert_cmpint (c->rotary_dim, ==, 2);
  g_assert_cmpfloat (c->rope_theta, ==, 5000);
  g_assert_cmpint (c->qkv, ==, SPQR_QKV_PER_HEAD);
  g_assert_true (!serial->parallel_residual && !serial->two_parallel_norms && !serial->qkv_bias && !serial->o_bias
                 && serial->mlp_bias);
  g_assert_cmpint (serial->rotary_dim, ==, 8);
  g_assert_cmpint (serial->activation, ==, SPQR_ACT_GELU_TANH);
}

static void
test_gemma (void)
{
  g_autoptr(SpqrConfig) one = parse ("{\"model_type\":\"gemma\",\"intermediate_size\":256," SIZES
                                     "\"num_key_value_heads\":1,\"head_dim\":32,\"hidden_act\":\"gelu\"}");
  g_autoptr(SpqrConfig) two = parse ("{\"model_type\":\"gemma2\",\"intermediate_size\":256," SIZES
    "\"query_pre_attn_scalar\":144,\"attn_logit_softcapping\":null,\"sliding_window\":512}");

  g_assert_true (one->supported && one->tied_head && !one->four_norms);
  g_assert_cmpint (one->norm, ==, SPQR_NORM_RMS_PLUS_ONE);
  g_assert_cmpint (one->activation, ==, SPQR_ACT_GELU_TANH);
  g_assert_cmpfloat (one->embedding_scale, ==, 8);
  g_assert_cmpint (one->head_dim, ==, 32);
  g_assert_cmpint (one->sliding_window, ==, 0);
  g_assert_true (two->supported && two->four_norms);
  g_assert_cmpfloat_with_epsilon (two->attention_scale, 1.0 / 12, 1e-15);
  g_assert_cmpfloat (two->attention_softcap, ==, 0);
  g_assert_cmpfloat (two->head_softcap, ==, 30);
  g_assert_cmpint (two->head_dim, ==, 256);
  g_assert_true (spqr_config_block_slides (two, 0) && !spqr_config_block_slides (two, 1)
                 && spqr_config_block_slides (two, 2));
}

static void
test_phi3 (void)
{
  g_autoptr(SpqrConfig) c = parse ("{\"model_type\":\"phi3\",\"intermediate_size\":256," SIZES
                                   "\"sliding_window\":2047,\"rope_scaling\":null}");
  g_autoptr(SpqrConfig) longer = parse ("{\"model_type\":\"phi3\",\"intermediate_size\":256," SIZES
    "\"rope_scaling\":{\"type\":\"longrope\",\"short_factor\":[1,1,1,1],\"long_factor\":[1,1,1,1]}}");

  g_assert_true (c->supported && c->fused_gate_up && c->gated_mlp);
  g_assert_cmpint (c->qkv, ==, SPQR_QKV_STACKED);
  g_assert_cmpint (c->sliding_window, ==, 2047);
  g_assert_cmpint (c->eos_id, ==, -1);
  g_assert_false (longer->supported);
  g_assert_nonnull (strstr (longer->unsupported_reason, "longrope"));
}

static void
test_unsupported (void)
{
  static const struct { const char *text, *words; } rows[] = {
    { "{\"model_type\":\"qwen\",\"architectures\":[\"QWenLMHeadModel\"],\"hidden_size\":\"x\",\"n_layer\":-3}", "QWenLMHeadModel" },
    { "{\"model_type\":\"mamba\"}", "mamba" },
    { "{}", "unknown" },
    { "{\"num_attention_heads\":0,\"hidden_size\":7}", "unknown" },
    { "{" LLAMA "\"quantization_config\":{\"quant_method\":\"bitsandbytes\"}}", "bitsandbytes" },
    { "{" LLAMA "\"quantization_config\":{\"quant_method\":\"spqr\"}}", "spqr" },
    { "{" LLAMA "\"hidden_act\":\"mish\"}", "mish" },
    { "{" LLAMA "\"rope_scaling\":{\"type\":\"yarn\",\"factor\":4}}", "yarn" },
    { "{\"model_type\":\"falcon\"," SIZES "\"apply_residual_connection_post_layernorm\":true}", "residual" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(SpqrConfig) c = parse (rows[i].text);

      g_assert_false (c->supported);
      g_assert_nonnull (c->family);
      g_assert_null (strchr (c->unsupported_reason, '\n'));
      if (strstr (c->unsupported_reason, rows[i].words) == NULL)
        g_error ("“%s” does not say “%s”", c->unsupported_reason, rows[i].words);
    }
}

static void
test_refused (void)
{
  static const struct { const char *text, *words; } rows[] = {
    { "[]", "object" },
    { "{\"model_type\":\"llama\"", "JSON" },
    { "{\"model_type\":3}", "model_type" },
    { "{\"model_type\":\"llama\"}", "“num_hidden_layers” is missing" },
    { "{" LLAMA "\"hidden_size\":64}", "“hidden_size” stands there twice" },
    { "{\"model_type\":\"llama\",\"hidden_size\":64,\"num_hidden_layers\":0,\"num_attention_heads\":8}", "num_hidden_layers" },
    { "{\"model_type\":\"llama\",\"hidden_size\":64,\"num_hidden_layers\":-1,\"num_attention_heads\":8}", "num_hidden_layers” is -1" },
    { "{\"model_type\":\"llama\",\"hidden_size\":64,\"num_hidden_layers\":1e7,\"num_attention_heads\":8}", "num_hidden_layers" },
    { "{\"model_type\":\"llama\",\"hidden_size\":64,\"num_hidden_layers\":99999999999999999999,\"num_attention_heads\":8}", "num_hidden_layers" },
    { "{\"model_type\":\"llama\",\"hidden_size\":\"64\",\"num_hidden_layers\":1,\"num_attention_heads\":8}", "hidden_size” must be a whole" },
    { "{\"model_type\":\"llama\",\"hidden_size\":64.5,\"num_hidden_layers\":1,\"num_attention_heads\":8}", "hidden_size” must be a whole" },
    { "{\"model_type\":\"llama\",\"hidden_size\":true,\"num_hidden_layers\":1,\"num_attention_heads\":8}", "hidden_size” must be a whole" },
    { "{\"model_type\":\"llama\",\"hidden_size\":[64],\"num_hidden_layers\":1,\"num_attention_heads\":8}", "hidden_size” must be a whole" },
    { "{\"model_type\":\"llama\",\"hidden_size\":64,\"num_hidden_layers\":1,\"num_attention_heads\":2000000}", "num_attention_heads" },
    { "{\"model_type\":\"llama\",\"hidden_size\":64,\"num_hidden_layers\":1,\"n_layer\":2,\"num_attention_heads\":8}", "contradict" },
    { "{\"model_type\":\"llama\",\"intermediate_size\":9,\"hidden_size\":60,\"num_hidden_layers\":1,\"num_attention_heads\":8,\"vocab_size\":9}", "“hidden_size” (60) is not a multiple" },
    { "{" LLAMA "\"num_key_value_heads\":3}", "key/value heads (3)" },
    { "{" LLAMA "\"num_key_value_heads\":0}", "num_key_value_heads" },
    { "{" LLAMA "\"head_dim\":7}", "even" },
    { "{" LLAMA "\"head_dim\":1048576,\"num_key_value_heads\":8,\"max_position_embeddings\":1}", NULL },
    { "{" LLAMA "\"rms_norm_eps\":0}", "rms_norm_eps" },
    { "{" LLAMA "\"rms_norm_eps\":\"1e-5\"}", "rms_norm_eps" },
    { "{" LLAMA "\"rope_theta\":-1}", "rope_theta" },
    { "{" LLAMA "\"rope_theta\":1e400}", "rope_theta" },
    { "{" LLAMA "\"rope_scaling\":7}", "rope_scaling" },
    { "{" LLAMA "\"rope_scaling\":{\"type\":\"linear\"}}", "factor" },
    { "{" LLAMA "\"rope_scaling\":{\"type\":\"linear\",\"factor\":0}}", "factor" },
    { "{" LLAMA "\"rope_scaling\":{\"type\":\"llama3\",\"factor\":8}}", "low_freq_factor" },
    { "{" LLAMA "\"rope_scaling\":{\"type\":\"llama3\",\"factor\":8,\"low_freq_factor\":4,\"high_freq_factor\":4,\"original_max_position_embeddings\":99}}", "must be below" },
    { "{" LLAMA "\"tie_word_embeddings\":\"yes\"}", "tie_word_embeddings" },
    { "{" LLAMA "\"eos_token_id\":\"</s>\"}", "eos_token_id" },
    { "{" LLAMA "\"max_position_embeddings\":0}", "max_position_embeddings" },
    { "{\"model_type\":\"gpt_neox\",\"intermediate_size\":9," SIZES "\"rotary_pct\":0}", "rotary_pct" },
    { "{\"model_type\":\"mistral\",\"intermediate_size\":9," SIZES "\"sliding_window\":-5}", "sliding_window" },
    { "{\"model_type\":\"gemma2\",\"intermediate_size\":9," SIZES "\"layer_types\":[\"full_attention\"]}", "layer_types" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(SpqrConfig) config = spqr_config_parse (rows[i].text, -1, "some/config.json", &error);

      if (rows[i].words == NULL)
        {
          g_assert_no_error (error);
          continue;
        }
      if (config != NULL)
        g_error ("taken: %s", rows[i].text);
      g_assert_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_MALFORMED);
      if (strstr (error->message, rows[i].words) == NULL || !g_str_has_prefix (error->message, "some/config.json: "))
        g_error ("“%s” does not say “%s”", error->message, rows[i].words);
    }
}

static void
check_real_file (const char *path, const char *name)
{
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(SpqrConfig) c = NULL;
  gboolean foreign = strstr (name, "bnb8bit") != NULL || strstr (name, "qwen-7b-chat-v1") != NULL;
  gsize len = 0;

  g_assert_true (g_file_get_contents (path, &text, &len, NULL));
  c = spqr_config_parse (text, (gssize) len, path, &error);
  g_assert_no_error (error);
  g_test_message ("%s: %s, %s", name, c->family, c->supported ? "supported" : c->unsupported_reason);
  g_assert_cmpint (c->supported, ==, !foreign);
  g_assert_true (c->supported || (c->unsupported_reason != NULL && c->unsupported_reason[0] != '\0' &&
                                  strchr (c->unsupported_reason, '\n') == NULL));
  g_assert_cmpint (c->n_heads * c->head_dim, ==, c->hidden);
  g_assert_cmpint (c->context, >=, 2048);
}

static void
test_real (void)
{
  static const char *const folders[] = { "modern", "other", "squeezellm", "pygmalion-7b" };
  g_autofree char *configs = fixture_shared ("data/configs");
  guint n = 0;

  for (guint i = 0; configs != NULL && i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *folder = g_build_filename (configs, folders[i], NULL);
      g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
      const char *name;

      while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
        if (g_str_has_suffix (name, ".config.json") || g_str_equal (name, "config.json"))
          {
            g_autofree char *path = g_build_filename (folder, name, NULL);
            check_real_file (path, name);
            n++;
          }
    }
  if (configs != NULL)
    g_assert_cmpuint (n, >=, 20);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/config/llama", test_llama);
  g_test_add_func ("/model/config/llama-variants", test_llama_variants);
  g_test_add_func ("/model/config/windows", test_windows);
  g_test_add_func ("/model/config/opt", test_opt);
  g_test_add_func ("/model/config/falcon", test_falcon);
  g_test_add_func ("/model/config/gpt_neox", test_gpt_neox);
  g_test_add_func ("/model/config/gemma", test_gemma);
  g_test_add_func ("/model/config/phi3", test_phi3);
  g_test_add_func ("/model/config/unsupported", test_unsupported);
  g_test_add_func ("/model/config/refused", test_refused);
  g_test_add_func ("/model/config/real", test_real);
  return g_test_run ();
}
