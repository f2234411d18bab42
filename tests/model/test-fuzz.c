/* A bounded fuzz of safetensors files, config.json and indices, with fixed seeds: reading ends with
 * something consistent or with an error, never otherwise. */
#include "fixtures.h"
#include "model/spqr-config.h"
#include "model/spqr-json.h"
#include "model/spqr-model.h"
#include "model/spqr-safetensors.h"
#include "mutate.h"

#define ROUNDS 3000

static const char header[] =
  "{\"__metadata__\":{\"format\":\"pt\"},"
  "\"model.embed_tokens.weight\":{\"dtype\":\"F32\",\"shape\":[4,3],\"data_offsets\":[0,48]},"
  "\"model.layers.0.mlp.down_proj.weight\":{\"dtype\":\"F16\",\"shape\":[3,2,2],\"data_offsets\":[48,72]},"
  "\"lm_head.bias\":{\"dtype\":\"BF16\",\"shape\":[7],\"data_offsets\":[72,86]},"
  "\"ids\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[86,94]}}";

static const char *const configs[] = {
  "{\"model_type\":\"llama\",\"architectures\":[\"LlamaForCausalLM\"],\"hidden_size\":64,\"num_hidden_layers\":5,"
  "\"num_attention_heads\":8,\"num_key_value_heads\":4,\"vocab_size\":512,\"intermediate_size\":172,\"rms_norm_eps\":1e-5,"
  "\"rope_theta\":10000.0,\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":8.0,\"low_freq_factor\":1.0,"
  "\"high_freq_factor\":4.0,\"original_max_position_embeddings\":8192},\"eos_token_id\":[1,2],\"torch_dtype\":\"float32\"}",
  "{\"model_type\":\"gemma2\",\"hidden_size\":64,\"num_hidden_layers\":3,\"num_attention_heads\":8,\"vocab_size\":512,"
  "\"intermediate_size\":172,\"layer_types\":[\"sliding_attention\",\"full_attention\",\"sliding_attention\"],"
  "\"sliding_window\":64,\"attn_logit_softcapping\":50,\"query_pre_attn_scalar\":256}",
  "{\"model_type\":\"RefinedWebModel\",\"hidden_size\":64,\"n_layer\":3,\"n_head\":8,\"vocab_size\":65,\"multi_query\":true}",
  "{\"model_type\":\"qwen2\",\"hidden_size\":64,\"num_hidden_layers\":3,\"num_attention_heads\":8,\"vocab_size\":512,"
  "\"intermediate_size\":172,\"use_sliding_window\":true,\"sliding_window\":7,\"max_window_layers\":1}",
};

/* All that was accepted lies inside the file, and can be read. */
static void
touch_model (SpqrModel *model)
{
  g_assert_nonnull (spqr_model_get_fingerprint (model));
  for (guint i = 0; i < spqr_model_get_n_tensors (model); i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (model, i);
      const guint8 *bytes = spqr_tensor_peek (tensor);
      g_autofree float *values = spqr_tensor_read (tensor, NULL);
      guint sum = 0;

      for (gsize k = 0; k < spqr_tensor_get_n_bytes (tensor); k++)
        sum += bytes[k];
      g_assert_cmpuint (sum, <=, 255 * spqr_tensor_get_n_bytes (tensor));
    }
}

static void
test_safetensors (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "model.safetensors", NULL);
  g_autofree char *config = fixture_write (folder, "config.json", configs[0], -1);
  g_autoptr(GRand) rand = g_rand_new_with_seed (201);
  guint accepted = 0;

  for (guint i = 0; i < ROUNDS; i++)
    {
      g_autoptr(GString) text = g_string_new (header);
      g_autoptr(GByteArray) bytes = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(SpqrModel) model = NULL;

      mutate (rand, text);
      bytes = fixture_safetensors_bytes (text->str, 94);
      if (i % 8 == 0)
        bytes->data[g_rand_int_range (rand, 0, 8)] ^= (guint8) (1 << g_rand_int_range (rand, 0, 8));
      fixture_overwrite (path, bytes->data, bytes->len);
      model = spqr_model_open (folder, &error);
      g_assert_true ((model == NULL) == (error != NULL));
      if (model != NULL)
        {
          accepted++;
          touch_model (model);
        }
    }
  g_test_message ("%u of %u accepted", accepted, ROUNDS);
  g_assert_cmpuint (accepted, >, 0);
  fixture_remove (folder);
}

/* A configuration that is called supported must be fit for use. */
static void
check_config (const SpqrConfig *c)
{
  g_assert_nonnull (c->family);
  g_assert_true (c->supported == (c->unsupported_reason == NULL));
  for (int b = -1; b <= MIN (c->n_blocks, 100); b++)
    spqr_config_block_slides (c, b);
  if (!c->supported)
    return;
  g_assert_true (c->n_blocks > 0 && c->hidden > 0 && c->n_heads > 0 && c->n_kv_heads > 0 && c->head_dim > 0
                 && c->vocab > 0 && c->intermediate > 0 && c->context > 0 && c->embed_dim > 0);
  g_assert_cmpint (c->n_heads % c->n_kv_heads, ==, 0);
  g_assert_true (c->rotary_dim >= 0 && c->rotary_dim <= c->head_dim && c->rotary_dim % 2 == 0);
  g_assert_true (c->norm_epsilon > 0 && c->rope_factor >= 1);
  g_assert_true (c->bos_id < c->vocab && c->eos_id < c->vocab);
}

static void
test_config (void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (202);
  guint accepted = 0;

  for (guint i = 0; i < 2 * ROUNDS; i++)
    {
      g_autoptr(GString) text = g_string_new (configs[i % G_N_ELEMENTS (configs)]);
      g_autoptr(GError) error = NULL;
      g_autoptr(SpqrConfig) config = NULL;

      mutate (rand, text);
      config = spqr_config_parse (text->str, (gssize) text->len, "config.json", &error);
      g_assert_true ((config == NULL) == (error != NULL));
      if (config != NULL)
        {
          accepted++;
          check_config (config);
        }
    }
  g_test_message ("%u of %u accepted", accepted, 2 * ROUNDS);
  g_assert_cmpuint (accepted, >, ROUNDS / 20);
}

static void
test_index (void)
{
  static const char index[] = "{\"metadata\":{\"total_size\":16},\"weight_map\":{\"a\":\"model-1.safetensors\","
                              "\"b\":\"model-1.safetensors\",\"c\":\"model-2.safetensors\"}}";
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "model.safetensors.index.json", NULL);
  g_autofree char *one = fixture_safetensors (folder, "model-1.safetensors",
    "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[3,6]}}", 6);
  g_autofree char *two = fixture_safetensors (folder, "model-2.safetensors",
    "{\"c\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}", 3);
  g_autoptr(GRand) rand = g_rand_new_with_seed (203);

  for (guint i = 0; i < ROUNDS / 3; i++)
    {
      g_autoptr(GString) text = g_string_new (index);
      g_autoptr(GError) error = NULL;
      g_autoptr(SpqrModel) model = NULL;

      mutate (rand, text);
      fixture_overwrite (path, text->str, text->len);
      model = spqr_model_open (folder, &error);
      g_assert_true ((model == NULL) == (error != NULL));
      if (model != NULL)
        touch_model (model);
    }
  fixture_remove (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/fuzz/safetensors", test_safetensors);
  g_test_add_func ("/model/fuzz/config", test_config);
  g_test_add_func ("/model/fuzz/index", test_index);
  return g_test_run ();
}
