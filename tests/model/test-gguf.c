/* GGUF: block formats against what an independent reader (the gguf package) made of the same bytes,
 * a small llama as the converter writes it, and malformed files.
 *
 * golden/blocks.gguf holds random blocks of each format and, as “expected.…”, their values;
 * golden/llama.gguf a one-block model with q and k permuted, and, as “expected.…”, as they were. */
#include "fixtures.h"
#include "model/spqr-model.h"
#include "num/spqr-cpu.h"
#include "mutate.h"

static char *
golden (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "model", "golden", name, NULL);
}

static SpqrModel *
open_golden (const char *name)
{
  g_autofree char *path = golden (name);
  g_autoptr(GError) error = NULL;
  SpqrModel *model = spqr_model_open (path, &error);

  g_assert_no_error (error);
  return model;
}

static void
assert_same_values (SpqrModel *model, const char *name, const char *expected_name)
{
  SpqrTensor *tensor = spqr_model_lookup (model, name), *expected = spqr_model_lookup (model, expected_name);
  gsize rows, cols;
  g_autofree float *values = NULL, *wanted = NULL, *row = NULL;

  g_assert_nonnull (tensor);
  g_assert_nonnull (expected);
  rows = spqr_tensor_get_rows (tensor);
  cols = spqr_tensor_get_cols (tensor);
  g_assert_cmpuint (rows, ==, spqr_tensor_get_rows (expected));
  g_assert_cmpuint (cols, ==, spqr_tensor_get_cols (expected));
  g_assert_true (spqr_tensor_is_numeric (tensor));
  values = spqr_tensor_read (tensor, NULL);
  wanted = spqr_tensor_read (expected, NULL);
  row = g_new (float, cols);
  for (gsize i = 0; i < rows * cols; i++)
    if (memcmp (&values[i], &wanted[i], sizeof (float)) != 0)
      g_error ("%s: value %" G_GSIZE_FORMAT " is %.9g, should be %.9g", name, i, (double) values[i], (double) wanted[i]);
  for (gsize r = 0; r < rows; r++)
    {
      g_assert_true (spqr_tensor_read_rows (tensor, r, 1, row, NULL));
      g_assert_cmpmem (row, cols * sizeof (float), wanted + r * cols, cols * sizeof (float));
    }
}

/* Of every kind of processor that this one can be. */
static void
check_blocks (SpqrCpu cpu)
{
  static const char *const formats[] = { "F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0",
                                         "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K" };
  g_autoptr(SpqrModel) model = NULL;

  spqr_cpu_limit (cpu);
  model = open_golden ("blocks.gguf");
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autofree char *expected = g_strconcat ("expected.", formats[i], NULL);

      assert_same_values (model, formats[i], expected);
      g_assert_cmpstr (spqr_tensor_get_dtype_name (spqr_model_lookup (model, formats[i])), ==, formats[i]);
    }
  g_assert_false (spqr_model_get_config (model)->supported);
}

static void
test_blocks (void)
{
  check_blocks (SPQR_CPU_PLAIN);
  check_blocks (SPQR_CPU_AVX2);
  check_blocks (SPQR_CPU_AVX512);
}

static void
test_llama (void)
{
  g_autoptr(SpqrModel) model = open_golden ("llama.gguf");
  const SpqrConfig *c = spqr_model_get_config (model);
  SpqrTensor *q = spqr_model_find (model, 0, SPQR_ROLE_Q, FALSE);

  g_assert_true (c->supported);
  g_assert_cmpstr (c->family, ==, "llama");
  g_assert_cmpint (c->n_blocks, ==, 1);
  g_assert_cmpint (c->hidden, ==, 32);
  g_assert_cmpint (c->intermediate, ==, 40);
  g_assert_cmpint (c->n_heads, ==, 4);
  g_assert_cmpint (c->n_kv_heads, ==, 2);
  g_assert_cmpint (c->vocab, ==, 10);
  g_assert_cmpint (c->context, ==, 131072);
  g_assert_cmpfloat (c->rope_theta, ==, 500000);
  g_assert_cmpint (c->rope_scaling, ==, SPQR_ROPE_LLAMA3);
  g_assert_cmpfloat (c->rope_factor, ==, 8);
  g_assert_true (c->tied_head && c->qkv_bias);
  g_assert_cmpint (c->bos_id, ==, 1);
  g_assert_cmpfloat ((float) c->norm_epsilon, ==, 1e-5f);
  g_assert_nonnull (strstr (spqr_model_get_config_text (model), "\"llama3\""));

  g_assert_cmpstr (spqr_model_get_name (model), ==, "llama");
  g_assert_cmpstr (spqr_model_get_dtype_name (model), ==, "F32");
  g_assert_cmpstr (spqr_tensor_get_name (q), ==, "model.layers.0.self_attn.q_proj.weight");
  assert_same_values (model, "model.layers.0.self_attn.q_proj.weight", "expected.q");
  assert_same_values (model, "model.layers.0.self_attn.k_proj.weight", "expected.k");
  assert_same_values (model, "model.layers.0.self_attn.q_proj.bias", "expected.qb");
  assert_same_values (model, "model.layers.0.self_attn.k_proj.bias", "expected.kb");
  for (SpqrRole role = SPQR_ROLE_INPUT_NORM; role <= SPQR_ROLE_DOWN; role++)
    if (role == SPQR_ROLE_INPUT_NORM || role == SPQR_ROLE_POST_NORM
        || (spqr_role_is_linear (role) && role != SPQR_ROLE_QKV && role != SPQR_ROLE_GATE_UP))
      g_assert_nonnull (spqr_model_find (model, 0, role, FALSE));
  g_assert_nonnull (spqr_model_find (model, -1, SPQR_ROLE_EMBEDDING, FALSE));
  g_assert_nonnull (spqr_model_find (model, -1, SPQR_ROLE_FINAL_NORM, FALSE));
}

static void
test_folder (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = golden ("llama.gguf");
  g_autofree char *one = g_build_filename (folder, "one.gguf", NULL), *two = g_build_filename (folder, "two.gguf", NULL);
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(SpqrModel) model = NULL;
  gsize len = 0;

  g_assert_true (g_file_get_contents (path, &text, &len, NULL));
  fixture_overwrite (one, text, len);
  model = spqr_model_open (folder, &error);
  g_assert_no_error (error);
  g_assert_true (spqr_model_get_config (model)->supported);
  fixture_overwrite (two, text, len);
  g_assert_null (spqr_model_open (folder, &error));
  g_assert_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "2 GGUF files"));
  fixture_remove (folder);
}

/* ---- malformed: a file written piece by piece ---- */

static void
put_u32 (GByteArray *bytes, guint32 value)
{
  value = GUINT32_TO_LE (value);
  g_byte_array_append (bytes, (const guint8 *) &value, 4);
}

static void
put_u64 (GByteArray *bytes, guint64 value)
{
  value = GUINT64_TO_LE (value);
  g_byte_array_append (bytes, (const guint8 *) &value, 8);
}

static void
put_text (GByteArray *bytes, const char *text)
{
  put_u64 (bytes, strlen (text));
  g_byte_array_append (bytes, (const guint8 *) text, (guint) strlen (text));
}

typedef struct {
  const char *name;
  guint32 version;
  guint64 n_tensors, n_pairs;
  guint32 n_dims;
  guint64 cols, rows;
  guint32 type;
  guint64 offset, data;          /* bytes after the header */
  SpqrModelError code;
  const char *words;             /* NULL: it is fine */
} Row;

static const Row rows[] = {
  { "fine", 3, 1, 0, 2, 4, 2, 0, 0, 32, 0, NULL },
  { "version-1", 1, 1, 0, 2, 4, 2, 0, 0, 32, SPQR_MODEL_ERROR_UNSUPPORTED, "version 1" },
  { "version-4", 4, 1, 0, 2, 4, 2, 0, 0, 32, SPQR_MODEL_ERROR_UNSUPPORTED, "version 4" },
  { "many-tensors", 3, G_MAXUINT64, 0, 2, 4, 2, 0, 0, 32, SPQR_MODEL_ERROR_MALFORMED, "absurd" },
  { "more-tensors", 3, 2, 0, 2, 4, 2, 0, 0, 32, SPQR_MODEL_ERROR_MALFORMED, "a name that is empty" },
  { "many-pairs", 3, 1, G_MAXUINT64, 2, 4, 2, 0, 0, 32, SPQR_MODEL_ERROR_MALFORMED, "absurd" },
  { "no-dims", 3, 1, 0, 0, 4, 2, 0, 0, 32, SPQR_MODEL_ERROR_MALFORMED, "“w” has 0 dimensions" },
  { "many-dims", 3, 1, 0, 99, 4, 2, 0, 0, 32, SPQR_MODEL_ERROR_MALFORMED, "“w” has 99 dimensions" },
  { "zero-size", 3, 1, 0, 2, 0, 2, 0, 0, 32, SPQR_MODEL_ERROR_MALFORMED, "absurd" },
  { "overflow", 3, 1, 0, 2, G_GUINT64_CONSTANT (1) << 62, 8, 0, 0, 32, SPQR_MODEL_ERROR_MALFORMED, "absurd" },
  { "too-large", 3, 1, 0, 2, 1 << 20, 1 << 20, 0, 0, 32, SPQR_MODEL_ERROR_MALFORMED, "“w” is larger than the file" },
  { "unknown-type", 3, 1, 0, 2, 4, 2, 19, 0, 32, SPQR_MODEL_ERROR_UNSUPPORTED, "“w” is stored as IQ1_S (type number 19)" },
  { "foreign-type", 3, 1, 0, 2, 4, 2, 35, 0, 32, SPQR_MODEL_ERROR_UNSUPPORTED, "TQ2_0" },
  { "type-of-tomorrow", 3, 1, 0, 2, 4, 2, 4000, 0, 32, SPQR_MODEL_ERROR_UNSUPPORTED, "something unknown (type number 4000)" },
  { "partial-block", 3, 1, 0, 2, 4, 2, 8, 0, 68, SPQR_MODEL_ERROR_MALFORMED, "whole blocks of 32" },
  { "misaligned", 3, 1, 0, 2, 4, 2, 0, 4, 36, SPQR_MODEL_ERROR_MALFORMED, "not aligned" },
  { "outside", 3, 1, 0, 2, 4, 2, 0, 32, 32, SPQR_MODEL_ERROR_MALFORMED, "“w” reaches beyond" },
  { "far-outside", 3, 1, 0, 2, 4, 2, 0, G_MAXUINT64 - 31, 32, SPQR_MODEL_ERROR_MALFORMED, "“w” reaches beyond" },
  { "cut-off", 3, 1, 0, 2, 4, 2, 0, 0, 31, SPQR_MODEL_ERROR_MALFORMED, "“w” reaches beyond" },
};

static GByteArray *
make_file (const Row *row)
{
  GByteArray *bytes = g_byte_array_new ();

  g_byte_array_append (bytes, (const guint8 *) "GGUF", 4);
  put_u32 (bytes, row->version);
  put_u64 (bytes, row->n_tensors);
  put_u64 (bytes, row->n_pairs);
  put_text (bytes, "w");
  put_u32 (bytes, row->n_dims);
  put_u64 (bytes, row->cols);
  put_u64 (bytes, row->rows);
  put_u32 (bytes, row->type);
  put_u64 (bytes, row->offset);
  while (bytes->len % 32 != 0)
    g_byte_array_append (bytes, (const guint8 *) "", 1);
  for (guint64 i = 0; i < row->data; i++)
    g_byte_array_append (bytes, (const guint8 *) "", 1);
  return bytes;
}

static void
test_malformed (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "a.gguf", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GByteArray) bytes = make_file (&rows[i]);
      g_autoptr(GError) error = NULL;
      g_autoptr(SpqrModel) model = NULL;

      fixture_overwrite (path, bytes->data, bytes->len);
      model = spqr_model_open (path, &error);
      if (rows[i].words == NULL)
        {
          g_assert_no_error (error);
          continue;
        }
      if (model != NULL || strstr (error->message, rows[i].words) == NULL || strstr (error->message, path) == NULL)
        g_error ("%s: “%s”", rows[i].name, error != NULL ? error->message : "taken");
      g_assert_error (error, SPQR_MODEL_ERROR, (int) rows[i].code);
    }
  fixture_remove (folder);
}

/* Fixed seeds; changes fall into the first part of the file, where the structure is. */
static void
test_fuzz (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "a.gguf", NULL);
  g_autofree char *source = golden ("llama.gguf");
  g_autofree char *text = NULL;
  g_autoptr(GRand) rand = g_rand_new_with_seed (301);
  gsize len = 0;
  guint accepted = 0;

  g_assert_true (g_file_get_contents (source, &text, &len, NULL));
  for (guint i = 0; i < 1500; i++)
    {
      g_autoptr(GString) changed = g_string_new_len (text, (gssize) len);
      g_autoptr(GError) error = NULL;
      g_autoptr(SpqrModel) model = NULL;

      if (i % 4 == 0)
        mutate (rand, changed);
      for (int k = g_rand_int_range (rand, 1, 4); k > 0 && i % 4 != 0; k--)
        changed->str[g_rand_int_range (rand, 0, 1900)] = (char) g_rand_int (rand);
      fixture_overwrite (path, changed->str, changed->len);
      model = spqr_model_open (path, &error);
      g_assert_true ((model == NULL) == (error != NULL));
      accepted += model != NULL;
      for (guint t = 0; model != NULL && t < spqr_model_get_n_tensors (model); t++)
        g_free (spqr_tensor_read (spqr_model_get_tensor (model, t), NULL));
    }
  g_test_message ("%u of 1500 accepted", accepted);
  g_assert_cmpuint (accepted, >, 100);
  fixture_remove (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/gguf/blocks", test_blocks);
  g_test_add_func ("/model/gguf/llama", test_llama);
  g_test_add_func ("/model/gguf/folder", test_folder);
  g_test_add_func ("/model/gguf/malformed", test_malformed);
  g_test_add_func ("/model/gguf/fuzz", test_fuzz);
  return g_test_run ();
}
