/* Opening models: a real one, a sharded one of 7B shape, and folders that are wrong in every way. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-glib/json-glib.h>

#include "compute/spqr-pool.h"
#include "fixtures.h"
#include "model/spqr-model.h"
#include "model/spqr-safetensors.h"
#include "num/spqr-fp16.h"

#define LLAMA_CONFIG "{\"model_type\":\"llama\",\"hidden_size\":4,\"num_hidden_layers\":2,\"num_attention_heads\":2," \
                     "\"intermediate_size\":6,\"vocab_size\":5}"
#define ONE_F32(name) "{\"" name "\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}"

static void
assert_refused (const char *path, SpqrModelError code, const char *words)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SpqrModel) model = spqr_model_open (path, &error);

  g_assert_null (model);
  if (error == NULL || strstr (error->message, words) == NULL)
    g_error ("“%s” does not say “%s”", error != NULL ? error->message : "(no error)", words);
  g_assert_error (error, SPQR_MODEL_ERROR, (int) code);
}

static SpqrModel *
open_fine (const char *path)
{
  g_autoptr(GError) error = NULL;
  SpqrModel *model = spqr_model_open (path, &error);

  g_assert_no_error (error);
  g_assert_nonnull (model);
  return model;
}

/* ---- the real model ---- */

static void
test_stories (void)
{
  static const SpqrRole order[] = { SPQR_ROLE_INPUT_NORM, SPQR_ROLE_Q, SPQR_ROLE_K, SPQR_ROLE_V, SPQR_ROLE_O,
                                    SPQR_ROLE_POST_NORM, SPQR_ROLE_GATE, SPQR_ROLE_UP, SPQR_ROLE_DOWN };
  g_autofree char *path = fixture_shared ("models/stories260K");
  g_autoptr(SpqrModel) model = NULL;
  g_auto(GStrv) companions = NULL;
  guint at = 0;

  if (path == NULL)
    return;
  model = open_fine (path);
  g_assert_cmpstr (spqr_model_get_name (model), ==, "stories260K");
  g_assert_true (spqr_model_get_config (model)->supported);
  g_assert_cmpint (spqr_tensor_get_role (spqr_model_get_tensor (model, at++)), ==, SPQR_ROLE_EMBEDDING);
  for (int block = 0; block < 5; block++)
    for (guint i = 0; i < G_N_ELEMENTS (order); i++)
      {
        SpqrTensor *tensor = spqr_model_get_tensor (model, at++);

        g_assert_cmpint (spqr_tensor_get_role (tensor), ==, order[i]);
        g_assert_cmpint (spqr_tensor_get_block (tensor), ==, block);
        g_assert_true (spqr_model_find (model, block, order[i], FALSE) == tensor);
        g_assert_true (spqr_model_lookup (model, spqr_tensor_get_name (tensor)) == tensor);
      }
  g_assert_cmpint (spqr_tensor_get_role (spqr_model_get_tensor (model, at++)), ==, SPQR_ROLE_FINAL_NORM);
  g_assert_cmpuint (g_list_model_get_n_items (spqr_model_get_tensors (model)), ==, spqr_model_get_n_tensors (model));
  g_assert_cmpuint (spqr_tensor_get_rows (spqr_model_find (model, 0, SPQR_ROLE_GATE, FALSE)), ==, 172);
  g_assert_cmpuint (spqr_tensor_get_cols (spqr_model_find (model, 0, SPQR_ROLE_GATE, FALSE)), ==, 64);
  g_assert_cmpuint (spqr_model_get_n_bytes (model), ==, 4 * spqr_model_get_n_parameters (model));
  g_assert_cmpuint (strlen (spqr_model_get_fingerprint (model)), ==, 64);
  companions = spqr_model_list_companions (model);
  g_assert_true (g_strv_contains ((const char *const *) companions, "tokenizer.model"));
  g_assert_false (g_strv_contains ((const char *const *) companions, "model.safetensors"));
}

/* ---- reading tensors ---- */

/* Six values of a dtype, read whole and by rows, from data that begins at an odd byte. */
static void
check_dtype (const char *dtype, gsize size, const void *stored, const float *want)
{
  char *folder = fixture_folder ();
  g_autofree char *header = g_strdup_printf ("{\"w\":{\"dtype\":\"%s\",\"shape\":[2,3,1],\"data_offsets\":[0,%u]}}%s",
                                             dtype, (guint) (6 * size), strlen (dtype) % 2 == 0 ? " " : "");
  g_autoptr(GByteArray) bytes = fixture_safetensors_bytes (header, 0);
  g_autofree char *path = NULL;
  g_autoptr(SpqrModel) model = NULL;
  g_autofree float *all = NULL;
  g_autoptr(GError) error = NULL;
  SpqrTensor *tensor;
  float row[3];

  g_byte_array_append (bytes, stored, (guint) (6 * size));
  path = fixture_write (folder, "odd.safetensors", bytes->data, bytes->len);
  model = open_fine (path);
  g_assert_cmpstr (spqr_model_get_name (model), ==, "odd");
  tensor = spqr_model_lookup (model, "w");
  g_assert_cmpuint (spqr_tensor_get_rows (tensor), ==, 2);
  g_assert_cmpuint (spqr_tensor_get_cols (tensor), ==, 3);
  g_assert_cmpuint ((guintptr) spqr_tensor_peek (tensor) % size, ==, 0);
  g_assert_cmpmem (spqr_tensor_peek (tensor), 6 * size, stored, 6 * size);
  all = spqr_tensor_read (tensor, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (all, 6 * sizeof (float), want, 6 * sizeof (float));
  g_assert_true (spqr_tensor_read_rows (tensor, 1, 1, row, &error));
  g_assert_cmpmem (row, sizeof row, want + 3, sizeof row);
  g_assert_false (spqr_tensor_read_rows (tensor, 1, 2, row, &error));
  g_assert_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_FAILED);
  fixture_remove (folder);
}

static void
test_dtypes (void)
{
  float values[6] = { 1.5f, -0.25f, INFINITY, 0, -1024, 6.0e-8f };
  double doubles[6];
  guint16 half[6], brain[6];
  float from_half[6], from_brain[6];

  for (int i = 0; i < 6; i++)
    doubles[i] = (double) values[i];
  spqr_f32_to_f16_row (values, half, 6);
  spqr_f32_to_bf16_row (values, brain, 6);
  spqr_f16_to_f32_row (half, from_half, 6);
  spqr_bf16_to_f32_row (brain, from_brain, 6);
  check_dtype ("F32", 4, values, values);
  check_dtype ("F64", 8, doubles, values);
  check_dtype ("F16", 2, half, from_half);
  check_dtype ("BF16", 2, brain, from_brain);
}

static void
test_not_floats (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = fixture_safetensors (folder, "model.safetensors",
    "{\"layers.3.ids\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8);
  g_autoptr(SpqrModel) model = open_fine (folder);
  SpqrTensor *tensor = spqr_model_get_tensor (model, 0);
  g_autoptr(GError) error = NULL;

  g_assert_null (spqr_tensor_read (tensor, &error));
  g_assert_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "layers.3.ids"));
  g_assert_cmpint (spqr_tensor_get_block (tensor), ==, 3);
  g_assert_false (spqr_model_get_config (model)->supported);
  g_assert_nonnull (strstr (spqr_model_get_config (model)->unsupported_reason, "config.json"));
  fixture_remove (folder);
}

static bool always (void *data) { return true; }

/* Rows read by many threads are the rows; who stops it gets nothing but that it was stopped. */
static void
test_read_with (void)
{
  char *folder = fixture_folder ();
  /* More than two bands, the last one short. */
  g_autofree char *path = fixture_safetensors (folder, "model.safetensors",
    "{\"w\":{\"dtype\":\"F16\",\"shape\":[2500,1000],\"data_offsets\":[0,5000000]}}", 5000000);
  g_autoptr(SpqrModel) model = open_fine (folder);
  SpqrTensor *tensor = spqr_model_get_tensor (model, 0);
  SpqrPool *pool = spqr_pool_new (3);
  SpqrExec exec = spqr_pool_exec (pool, NULL, NULL);
  g_autofree float *one = g_new (float, 2500 * 1000), *all = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (spqr_tensor_read_rows (tensor, 0, 2500, one, &error));
  all = spqr_tensor_read_with (tensor, &exec, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (all, 2500 * 1000 * sizeof *all, one, 2500 * 1000 * sizeof *one);
  exec.should_stop = always;
  g_assert_null (spqr_tensor_read_with (tensor, &exec, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  spqr_pool_free (pool);
  fixture_remove (folder);
}

/* A file that somebody truncates while it is open gives an error, not a crash. */
static void
test_shrinking_file (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = fixture_safetensors (folder, "model.safetensors", ONE_F32 ("w"), 16);
  g_autoptr(SpqrModel) model = open_fine (folder);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (truncate (path, 10), ==, 0);
  g_assert_null (spqr_tensor_read (spqr_model_get_tensor (model, 0), &error));
  g_assert_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_INCOMPLETE);
  g_assert_cmpstr (spqr_model_get_fingerprint (model), ==, "");
  fixture_remove (folder);
}

/* ---- names ---- */

static void
test_roles (void)
{
  static const struct { const char *config, *name; SpqrRole role; int block; gboolean bias; } rows[] = {
    { "llama", "model.layers.1.self_attn.q_proj.weight", SPQR_ROLE_Q, 1, FALSE },
    { "llama", "model.layers.1.self_attn.q_proj.bias", SPQR_ROLE_Q, 1, TRUE },
    { "llama", "layers.0.mlp.down_proj.weight", SPQR_ROLE_DOWN, 0, FALSE },
    { "llama", "model.layers.2.mlp.down_proj.weight", SPQR_ROLE_OTHER, -1, FALSE },
    { "llama", "model.layers.99999999999999999999.mlp.down_proj.weight", SPQR_ROLE_OTHER, -1, FALSE },
    { "llama", "model.layers.1.self_attn.rotary_emb.inv_freq", SPQR_ROLE_OTHER, 1, FALSE },
    { "llama", "model.layers..mlp.down_proj.weight", SPQR_ROLE_OTHER, -1, FALSE },
    { "llama", "lm_head.weight", SPQR_ROLE_HEAD, -1, FALSE },
    { "llama", "model.layers.1.ln2.weight", SPQR_ROLE_POST_NORM, 1, FALSE },
    { "qwen3", "model.layers.1.self_attn.k_norm.weight", SPQR_ROLE_K_NORM, 1, FALSE },
    { "opt", "model.decoder.layers.1.self_attn.out_proj.bias", SPQR_ROLE_O, 1, TRUE },
    { "opt", "decoder.layers.1.fc1.weight", SPQR_ROLE_UP, 1, FALSE },
    { "opt", "model.decoder.layers.1.final_layer_norm.weight", SPQR_ROLE_POST_NORM, 1, FALSE },
    { "opt", "model.decoder.final_layer_norm.weight", SPQR_ROLE_FINAL_NORM, -1, FALSE },
    { "opt", "model.decoder.project_in.weight", SPQR_ROLE_PROJECT_IN, -1, FALSE },
    { "opt", "model.decoder.embed_positions.weight", SPQR_ROLE_POSITION_EMBEDDING, -1, FALSE },
    { "falcon", "transformer.h.1.ln_mlp.weight", SPQR_ROLE_POST_NORM, 1, FALSE },
    { "falcon", "transformer.h.0.self_attention.query_key_value.weight", SPQR_ROLE_QKV, 0, FALSE },
    { "falcon", "h.0.mlp.dense_h_to_4h.weight", SPQR_ROLE_UP, 0, FALSE },
    { "gpt_neox", "gpt_neox.layers.1.attention.dense.weight", SPQR_ROLE_O, 1, FALSE },
    { "gpt_neox", "gpt_neox.layers.1.attention.masked_bias", SPQR_ROLE_OTHER, 1, FALSE },
    { "gpt_neox", "embed_out.weight", SPQR_ROLE_HEAD, -1, FALSE },
    { "gpt_neox", "lm_head.weight", SPQR_ROLE_HEAD, -1, FALSE },
    { "gemma2", "model.layers.1.pre_feedforward_layernorm.weight", SPQR_ROLE_PRE_MLP_NORM, 1, FALSE },
    { "phi3", "model.layers.1.mlp.gate_up_proj.weight", SPQR_ROLE_GATE_UP, 1, FALSE },
    { "somebody-elses", "model.layers.7.self_attn.v_proj.weight", SPQR_ROLE_V, 7, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      char *folder = fixture_folder ();
      g_autofree char *config = g_strdup_printf ("{\"model_type\":\"%s\",\"hidden_size\":4,\"num_hidden_layers\":2,"
        "\"num_attention_heads\":2,\"num_key_value_heads\":1,\"intermediate_size\":6,\"ffn_dim\":6,\"vocab_size\":5,"
        "\"rotary_pct\":1}", rows[i].config);
      g_autofree char *header = g_strdup_printf ("{\"%s\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}",
                                                 rows[i].name);
      g_autofree char *config_path = fixture_write (folder, "config.json", config, -1);
      g_autofree char *path = fixture_safetensors (folder, "model.safetensors", header, 16);
      g_autoptr(SpqrModel) model = open_fine (folder);
      SpqrTensor *tensor = spqr_model_lookup (model, rows[i].name);

      if (spqr_tensor_get_role (tensor) != rows[i].role || spqr_tensor_get_block (tensor) != rows[i].block)
        g_error ("%s: role %s, block %d", rows[i].name, spqr_role_name (spqr_tensor_get_role (tensor)),
                 spqr_tensor_get_block (tensor));
      g_assert_cmpint (spqr_tensor_is_bias (tensor), ==, rows[i].bias);
      if (rows[i].role != SPQR_ROLE_OTHER)
        g_assert_true (spqr_model_find (model, rows[i].block, rows[i].role, rows[i].bias) == tensor);
      fixture_remove (folder);
    }
}

static void
test_role_names (void)
{
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint role = 0; role < SPQR_N_ROLES; role++)
    g_assert_true (g_hash_table_add (seen, (gpointer) spqr_role_name (role)));
  g_assert_true (spqr_role_is_linear (SPQR_ROLE_QKV) && spqr_role_is_linear (SPQR_ROLE_DOWN));
  g_assert_false (spqr_role_is_linear (SPQR_ROLE_HEAD) || spqr_role_is_linear (SPQR_ROLE_EMBEDDING));
  g_assert_cmpstr (spqr_dtype_name (SPQR_DTYPE_BF16), ==, "BF16");
  g_assert_cmpuint (spqr_dtype_size (SPQR_DTYPE_F64), ==, 8);
  g_assert_cmpuint (spqr_dtype_size (SPQR_DTYPE_OTHER), ==, 0);
}

/* ---- a sharded model of 7B shape, in sparse files ---- */

static void
shape_of (const char *name, gint64 shape[2], guint *n_dims)
{
  gboolean norm = strstr (name, "norm") != NULL;
  gboolean frequencies = strstr (name, "inv_freq") != NULL;

  *n_dims = norm || frequencies ? 1 : 2;
  shape[0] = frequencies ? 64 : 4096;
  shape[1] = 4096;
  if (strstr (name, "down_proj") != NULL)
    shape[1] = 11008;
  else if (strstr (name, "gate_proj") != NULL || strstr (name, "up_proj") != NULL)
    shape[0] = 11008;
  else if (strstr (name, "embed_tokens") != NULL || strstr (name, "lm_head") != NULL)
    shape[0] = 32000;
}

/* One shard: its header, and a hole in place of the data. */
static void
write_sparse_shard (const char *folder, const char *shard, JsonObject *map)
{
  g_autofree char *path = g_build_filename (folder, shard, NULL);
  g_autoptr(GString) header = g_string_new ("{\"__metadata__\":{\"format\":\"pt\"}");
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;
  guint64 at = 0, length;
  int fd;

  json_object_iter_init_ordered (&iter, map);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    {
      gint64 shape[2];
      guint n_dims;
      guint64 n;

      if (!g_str_equal (json_node_get_string (node), shard))
        continue;
      shape_of (name, shape, &n_dims);
      n = 2 * (guint64) (n_dims == 1 ? shape[0] : shape[0] * shape[1]);
      if (n_dims == 1)
        g_string_append_printf (header, ",\"%s\":{\"dtype\":\"BF16\",\"shape\":[%" G_GINT64_FORMAT "]", name, shape[0]);
      else
        g_string_append_printf (header, ",\"%s\":{\"dtype\":\"BF16\",\"shape\":[%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "]",
                                name, shape[0], shape[1]);
      g_string_append_printf (header, ",\"data_offsets\":[%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT "]}", at, at + n);
      at += n;
    }
  g_string_append_c (header, '}');
  length = GUINT64_TO_LE (header->len);
  fd = g_open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, &length, 8), ==, 8);
  g_assert_cmpint (write (fd, header->str, header->len), ==, (gssize) header->len);
  g_assert_cmpint (ftruncate (fd, (off_t) (8 + header->len + at)), ==, 0);
  close (fd);
}

static void
write_sparse_model (const char *folder, const char *source)
{
  g_autofree char *index = g_build_filename (source, "model.safetensors.index.json", NULL);
  g_autofree char *config = g_build_filename (source, "config.json", NULL);
  g_autofree char *text = NULL;
  g_autofree char *path = NULL, *config_path = NULL;
  g_autoptr(JsonParser) parser = json_parser_new ();
  JsonObject *map;
  gsize len = 0;

  g_assert_true (g_file_get_contents (index, &text, &len, NULL));
  path = fixture_write (folder, "model.safetensors.index.json", text, (gssize) len);
  g_assert_true (json_parser_load_from_data (parser, text, (gssize) len, NULL));
  map = json_object_get_object_member (json_node_get_object (json_parser_get_root (parser)), "weight_map");
  for (int i = 1; i <= 7; i++)
    {
      g_autofree char *shard = g_strdup_printf ("model-%05d-of-00007.safetensors", i);
      write_sparse_shard (folder, shard, map);
    }
  g_clear_pointer (&text, g_free);
  g_assert_true (g_file_get_contents (config, &text, &len, NULL));
  config_path = fixture_write (folder, "config.json", text, (gssize) len);
}

static glong
resident_pages (void)
{
  g_autofree char *text = NULL;
  char *at = NULL;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    return 0;
  g_ascii_strtoll (text, &at, 10);
  return (glong) g_ascii_strtoll (at, NULL, 10);
}

static void
test_sharded (void)
{
  g_autofree char *source = fixture_shared ("data/configs/pygmalion-7b");
  g_autofree char *shard = NULL, *pointer = NULL, *text = NULL;
  g_autofree char *copy = NULL;
  g_autoptr(SpqrModel) model = NULL;
  char *folder;
  glong pages;
  gint64 start;

  if (source == NULL)
    return;
  folder = fixture_folder ();
  write_sparse_model (folder, source);
  pages = resident_pages ();
  start = g_get_monotonic_time ();
  model = open_fine (folder);
  g_test_message ("opened in %.1f ms", (double) (g_get_monotonic_time () - start) / 1000);
  start = g_get_monotonic_time ();
  g_assert_cmpuint (strlen (spqr_model_get_fingerprint (model)), ==, 64);
  g_test_message ("fingerprint in %.1f ms", (double) (g_get_monotonic_time () - start) / 1000);
  pages = resident_pages () - pages;
  g_test_message ("%ld more resident pages", pages);
  g_assert_cmpint (pages * sysconf (_SC_PAGESIZE), <, 32 << 20);

  g_assert_cmpuint (spqr_model_get_n_tensors (model), ==, 323);
  g_assert_cmpuint (spqr_model_get_n_bytes (model), >, G_GUINT64_CONSTANT (13400000000));
  g_assert_cmpint (spqr_tensor_get_block (spqr_model_find (model, 31, SPQR_ROLE_DOWN, FALSE)), ==, 31);
  g_assert_nonnull (strstr (spqr_tensor_get_file (spqr_model_find (model, -1, SPQR_ROLE_HEAD, FALSE)), "00007-of"));

  /* a shard is missing; a pointer stands in for it; it lacks what the index promises */
  shard = g_build_filename (folder, "model-00003-of-00007.safetensors", NULL);
  copy = g_build_filename (folder, "model-00004-of-00007.safetensors", NULL);
  g_unlink (shard);
  assert_refused (folder, SPQR_MODEL_ERROR_INCOMPLETE, "model-00003-of-00007.safetensors");
  pointer = g_build_filename (source, "LFS-POINTER.model-00001-of-00007.safetensors", NULL);
  g_assert_cmpint (symlink (pointer, shard), ==, 0);
  assert_refused (folder, SPQR_MODEL_ERROR_INCOMPLETE, "git lfs pull");
  g_unlink (shard);
  g_assert_cmpint (symlink (copy, shard), ==, 0);
  assert_refused (folder, SPQR_MODEL_ERROR_INCOMPLETE, "model-00003-of-00007.safetensors: the index says that tensor");
  fixture_remove (folder);
}

/* ---- folders that are wrong ---- */

static void
test_folders (void)
{
  char *folder = fixture_folder ();
  g_autofree char *absent = g_build_filename (folder, "absent", NULL);
  g_autofree char *inner = g_build_filename (folder, "model.safetensors", NULL);
  g_autofree char *bin = NULL, *readme = NULL, *config = NULL;

  assert_refused (absent, SPQR_MODEL_ERROR_NOT_FOUND, "cannot open");
  assert_refused (folder, SPQR_MODEL_ERROR_NOT_FOUND, "is empty");
  readme = fixture_write (folder, "README.md", "x", 1);
  assert_refused (folder, SPQR_MODEL_ERROR_NOT_FOUND, "no weights");
  assert_refused (readme, SPQR_MODEL_ERROR_MALFORMED, "README.md");
  bin = fixture_write (folder, "pytorch_model.bin", "x", 1);
  assert_refused (folder, SPQR_MODEL_ERROR_UNSUPPORTED, "pytorch_model.bin");
  g_assert_cmpint (g_mkdir (inner, 0700), ==, 0);
  assert_refused (folder, SPQR_MODEL_ERROR_NOT_FOUND, "is a folder");
  g_rmdir (inner);

  g_clear_pointer (&inner, g_free);
  inner = fixture_safetensors (folder, "model.safetensors", "{}", 0);
  assert_refused (folder, SPQR_MODEL_ERROR_INCOMPLETE, "holds no tensors");
  g_clear_pointer (&inner, g_free);
  inner = fixture_safetensors (folder, "model.safetensors", ONE_F32 ("lm_head.weight"), 16);
  config = fixture_write (folder, "config.json", "{\"model_type\":\"llama\",\"hidden_size\":-4}", -1);
  assert_refused (folder, SPQR_MODEL_ERROR_MALFORMED, "config.json: “num_hidden_layers”");
  g_clear_pointer (&config, g_free);
  config = fixture_write (folder, "config.json", "", 0);
  assert_refused (folder, SPQR_MODEL_ERROR_INCOMPLETE, "config.json: is empty");
  fixture_remove (folder);
}

static void
test_numbered_shards (void)
{
  char *folder = fixture_folder ();
  g_autofree char *one = fixture_safetensors (folder, "model-00001-of-00003.safetensors", ONE_F32 ("a"), 16);
  g_autofree char *three = fixture_safetensors (folder, "model-00003-of-00003.safetensors", ONE_F32 ("c"), 16);
  g_autofree char *two = NULL;

  assert_refused (folder, SPQR_MODEL_ERROR_INCOMPLETE, "number 2 is missing");
  two = fixture_safetensors (folder, "model-00002-of-00003.safetensors", ONE_F32 ("a"), 16);
  assert_refused (folder, SPQR_MODEL_ERROR_MALFORMED, "tensor “a” is there twice");
  g_clear_pointer (&two, g_free);
  two = fixture_safetensors (folder, "model-00002-of-00003.safetensors", ONE_F32 ("b"), 16);
  {
    g_autoptr(SpqrModel) model = open_fine (folder);
    g_autoptr(SpqrModel) single = open_fine (two);

    g_assert_cmpuint (spqr_model_get_n_tensors (model), ==, 3);
    g_assert_cmpuint (spqr_model_get_n_tensors (single), ==, 1);
    g_assert_cmpstr (spqr_model_get_path (single), ==, folder);
  }
  fixture_remove (folder);
}

static void
test_index (void)
{
  static const struct { const char *index; SpqrModelError code; const char *words; } rows[] = {
    { "{", SPQR_MODEL_ERROR_MALFORMED, "index.json: not valid JSON" },
    { "[]", SPQR_MODEL_ERROR_MALFORMED, "weight_map" },
    { "{\"weight_map\":{}}", SPQR_MODEL_ERROR_MALFORMED, "weight_map" },
    { "{\"weight_map\":[\"a\"]}", SPQR_MODEL_ERROR_MALFORMED, "weight_map" },
    { "{\"weight_map\":{\"a\":7}}", SPQR_MODEL_ERROR_MALFORMED, "“a”" },
    { "{\"weight_map\":{\"a\":\"../x.safetensors\"}}", SPQR_MODEL_ERROR_MALFORMED, "../x.safetensors" },
    { "{\"weight_map\":{\"a\":\"/etc/passwd\"}}", SPQR_MODEL_ERROR_MALFORMED, "/etc/passwd" },
    { "{\"weight_map\":{\"a\":\"sub/x.safetensors\"}}", SPQR_MODEL_ERROR_MALFORMED, "sub/x.safetensors" },
    { "{\"weight_map\":{\"a\":\"..\"}}", SPQR_MODEL_ERROR_MALFORMED, "“..”" },
    { "{\"weight_map\":{\"a\":\"x.safetensors\",\"a\":\"y.safetensors\"}}", SPQR_MODEL_ERROR_MALFORMED, "twice" },
    { "{\"weight_map\":{\"a\":\"x.safetensors\",\"b\":\"y.safetensors\"}}", SPQR_MODEL_ERROR_INCOMPLETE, "y.safetensors" },
    { "{\"weight_map\":{\"a\":\"x.safetensors\",\"b\":\"x.safetensors\"}}", SPQR_MODEL_ERROR_INCOMPLETE, "x.safetensors: the index says that tensor “b”" },
  };
  char *folder = fixture_folder ();
  g_autofree char *path = fixture_safetensors (folder, "x.safetensors", ONE_F32 ("a"), 16);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *index = fixture_write (folder, "model.safetensors.index.json", rows[i].index, -1);
      assert_refused (folder, rows[i].code, rows[i].words);
      assert_refused (index, rows[i].code, rows[i].words);
    }
  fixture_remove (folder);
}

/* A hub cache: the snapshot's files are links to blobs elsewhere, and the name is in the folders. */
static void
test_hub_cache (void)
{
  char *root = fixture_folder ();
  g_autofree char *blob = fixture_safetensors (root, "0123abcd", ONE_F32 ("lm_head.weight"), 16);
  g_autofree char *config = fixture_write (root, "4567", LLAMA_CONFIG, -1);
  g_autofree char *snapshot = g_build_filename (root, "models--some--thing", "snapshots", "feed", NULL);
  g_autofree char *link = g_build_filename (snapshot, "model.safetensors", NULL);
  g_autofree char *config_link = g_build_filename (snapshot, "config.json", NULL);
  g_autoptr(SpqrModel) model = NULL;

  g_assert_cmpint (g_mkdir_with_parents (snapshot, 0700), ==, 0);
  g_assert_cmpint (symlink (blob, link), ==, 0);
  g_assert_cmpint (symlink (config, config_link), ==, 0);
  model = open_fine (snapshot);
  g_assert_cmpstr (spqr_model_get_name (model), ==, "some/thing");
  g_assert_true (spqr_model_get_config (model)->supported);
  fixture_remove (root);
}

static void
test_companions (void)
{
  static const char *const there[] = { "config.json", "tokenizer.json", "LICENSE", ".hidden", "pytorch_model.bin",
                                       "x.gguf", "model.safetensors.index.json.bak" };
  char *folder = fixture_folder ();
  g_autofree char *weights = fixture_safetensors (folder, "model.safetensors", ONE_F32 ("a"), 16);
  g_autoptr(SpqrModel) model = NULL;
  g_autoptr(SpqrModel) single = NULL;
  g_auto(GStrv) all = NULL;
  g_auto(GStrv) known = NULL;
  g_autofree char *joined = NULL, *joined_known = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (there); i++)
    g_free (fixture_write (folder, there[i], "{}", 2));
  model = open_fine (folder);
  single = open_fine (weights);
  all = spqr_model_list_companions (model);
  known = spqr_model_list_companions (single);
  joined = g_strjoinv (" ", all);
  joined_known = g_strjoinv (" ", known);
  g_assert_cmpstr (joined, ==, "LICENSE config.json model.safetensors.index.json.bak tokenizer.json");
  g_assert_cmpstr (joined_known, ==, "config.json tokenizer.json");
  fixture_remove (folder);
}

/* One changed byte anywhere in a small tensor, its name, or the config changes the fingerprint. */
static void
test_fingerprint (void)
{
  char *folder = fixture_folder ();
  g_autoptr(GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (int i = 0; i < 6; i++)
    {
      g_autoptr(GByteArray) bytes = fixture_safetensors_bytes (i == 3 ? ONE_F32 ("b") : ONE_F32 ("a"), 16);
      g_autofree char *path = NULL, *config = NULL;
      g_autoptr(SpqrModel) model = NULL;

      if (i == 1 || i == 2)
        bytes->data[bytes->len - (i == 1 ? 16 : 1)] ^= 1;
      path = fixture_write (folder, "model.safetensors", bytes->data, bytes->len);
      if (i == 4 || i == 5)
        config = fixture_write (folder, "config.json", i == 4 ? "{}" : "{ }", -1);
      model = open_fine (folder);
      g_assert_true (g_hash_table_add (seen, g_strdup (spqr_model_get_fingerprint (model))));
      g_assert_cmpstr (spqr_model_get_fingerprint (model), ==, spqr_model_get_fingerprint (model));
    }
  fixture_remove (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/model/stories", test_stories);
  g_test_add_func ("/model/model/dtypes", test_dtypes);
  g_test_add_func ("/model/model/not-floats", test_not_floats);
  g_test_add_func ("/model/model/read-with", test_read_with);
  g_test_add_func ("/model/model/shrinking-file", test_shrinking_file);
  g_test_add_func ("/model/model/roles", test_roles);
  g_test_add_func ("/model/model/role-names", test_role_names);
  g_test_add_func ("/model/model/sharded", test_sharded);
  g_test_add_func ("/model/model/folders", test_folders);
  g_test_add_func ("/model/model/numbered-shards", test_numbered_shards);
  g_test_add_func ("/model/model/index", test_index);
  g_test_add_func ("/model/model/hub-cache", test_hub_cache);
  g_test_add_func ("/model/model/companions", test_companions);
  g_test_add_func ("/model/model/fingerprint", test_fingerprint);
  return g_test_run ();
}
