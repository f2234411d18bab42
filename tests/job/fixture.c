#include "fixture.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/spqr-safetensors.h"
#include "num/spqr-fp16.h"

#define HIDDEN 48
#define HEADS 4
#define KV_HEADS 2
#define INNER 86

typedef struct { char *name; gint64 rows, cols; } Matrix;    /* rows 0: a vector */

static void
matrix_free (gpointer data)
{
  Matrix *matrix = data;

  g_free (matrix->name);
  g_free (matrix);
}

static void
add (GPtrArray *list, gint64 rows, gint64 cols, const char *format, guint block)
{
  Matrix *matrix = g_new (Matrix, 1);

  *matrix = (Matrix) { block == G_MAXUINT ? g_strdup (format) : g_strdup_printf ("model.layers.%u.%s.weight", block, format), rows, cols };
  g_ptr_array_add (list, matrix);
}

static GPtrArray *
list_matrices (guint blocks)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (matrix_free);
  gint64 kv = HIDDEN / HEADS * KV_HEADS;

  add (list, FIXTURE_VOCAB, HIDDEN, "model.embed_tokens.weight", G_MAXUINT);
  for (guint b = 0; b < blocks; b++)
    {
      add (list, 0, HIDDEN, "input_layernorm", b);
      add (list, HIDDEN, HIDDEN, "self_attn.q_proj", b);
      add (list, kv, HIDDEN, "self_attn.k_proj", b);
      add (list, kv, HIDDEN, "self_attn.v_proj", b);
      add (list, HIDDEN, HIDDEN, "self_attn.o_proj", b);
      add (list, 0, HIDDEN, "post_attention_layernorm", b);
      add (list, INNER, HIDDEN, "mlp.gate_proj", b);
      add (list, INNER, HIDDEN, "mlp.up_proj", b);
      add (list, HIDDEN, INNER, "mlp.down_proj", b);
    }
  add (list, 0, HIDDEN, "model.norm.weight", G_MAXUINT);
  add (list, FIXTURE_VOCAB, HIDDEN, "lm_head.weight", G_MAXUINT);
  return list;
}

/* About normal; only these numbers' variety matters. */
static float
random_number (GRand *random)
{
  double sum = 0;

  for (int i = 0; i < 6; i++)
    sum += g_rand_double (random) - 0.5;
  return (float) (sum * G_SQRT2);
}

static gsize
count (const Matrix *matrix)
{
  return MAX (matrix->rows, 1) * matrix->cols;
}

static gpointer
make_bytes (const Matrix *matrix, SpqrDtype dtype, GRand *random, gsize *n_bytes)
{
  gsize n = count (matrix);
  g_autofree float *values = g_new (float, n);
  guint16 *halves;

  for (gsize i = 0; i < n; i++)
    {
      float spread = i % matrix->cols % 13 == 5 ? 3 : 1;   /* some inputs weigh more */
      values[i] = matrix->rows == 0 ? 1 + 0.1f * random_number (random)
                                    : spread * random_number (random) / sqrtf ((float) matrix->cols);
    }
  *n_bytes = n * spqr_dtype_size (dtype);
  if (dtype == SPQR_DTYPE_F32)
    return g_steal_pointer (&values);
  halves = g_new (guint16, n);
  if (dtype == SPQR_DTYPE_F16)
    spqr_f32_to_f16_row (values, halves, n);
  else
    spqr_f32_to_bf16_row (values, halves, n);
  return halves;
}

static void
write_shard (const char *path, GPtrArray *matrices, guint first, guint step, SpqrDtype dtype, GPtrArray *bytes)
{
  g_autoptr (SpqrSafetensorsWriter) writer = spqr_safetensors_writer_new (path);
  g_autoptr (GError) error = NULL;

  for (guint i = first; i < matrices->len; i += step)
    {
      const Matrix *matrix = matrices->pdata[i];
      gint64 shape[2] = { matrix->rows > 0 ? matrix->rows : matrix->cols, matrix->cols };

      spqr_safetensors_writer_declare (writer, matrix->name, spqr_dtype_name (dtype), shape, matrix->rows > 0 ? 2 : 1,
                                       count (matrix) * spqr_dtype_size (dtype));
    }
  g_assert_true (spqr_safetensors_writer_begin (writer, &error));
  for (guint i = first; i < matrices->len; i += step)
    g_assert_true (spqr_safetensors_writer_append (writer, bytes->pdata[i], count (matrices->pdata[i]) * spqr_dtype_size (dtype), &error));
  g_assert_true (spqr_safetensors_writer_close (writer, &error));
}

static void
write_text (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

static void
write_config (const char *path, SpqrDtype dtype, guint blocks)
{
  g_autofree char *text = g_strdup_printf (
    "{\"architectures\": [\"LlamaForCausalLM\"], \"model_type\": \"llama\", \"hidden_size\": %d, \"intermediate_size\": %d,"
    " \"num_hidden_layers\": %u, \"num_attention_heads\": %d, \"num_key_value_heads\": %d, \"max_position_embeddings\": %d,"
    " \"vocab_size\": %d, \"rms_norm_eps\": 1e-5, \"hidden_act\": \"silu\", \"tie_word_embeddings\": false,"
    " \"torch_dtype\": \"%s\"}", HIDDEN, INNER, blocks, HEADS, KV_HEADS, FIXTURE_CONTEXT, FIXTURE_VOCAB,
    dtype == SPQR_DTYPE_F32 ? "float32" : dtype == SPQR_DTYPE_F16 ? "float16" : "bfloat16");

  write_text (path, "config.json", text);
  write_text (path, "generation_config.json", "{\"do_sample\": false}\n");
}

static void
write_index (const char *path, GPtrArray *matrices, guint shards)
{
  g_autoptr (GString) text = g_string_new ("{\"metadata\": {}, \"weight_map\": {");

  for (guint i = 0; i < matrices->len; i++)
    g_string_append_printf (text, "%s\"%s\": \"model-%05u-of-%05u.safetensors\"", i > 0 ? ", " : "",
                            ((Matrix *) matrices->pdata[i])->name, i % shards + 1, shards);
  g_string_append (text, "}}");
  write_text (path, "model.safetensors.index.json", text->str);
}

char *
fixture_model_write (const char *folder, const char *name, SpqrDtype dtype, guint blocks, guint32 seed, guint shards)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  g_autoptr (GPtrArray) matrices = list_matrices (blocks);
  g_autoptr (GPtrArray) bytes = g_ptr_array_new_with_free_func (g_free);
  gsize n_bytes;

  g_assert_cmpint (g_mkdir_with_parents (path, 0755), ==, 0);
  for (guint i = 0; i < matrices->len; i++)
    g_ptr_array_add (bytes, make_bytes (matrices->pdata[i], dtype, random, &n_bytes));
  for (guint s = 0; s < shards; s++)
    {
      g_autofree char *base = shards == 1 ? g_strdup ("model.safetensors")
                                          : g_strdup_printf ("model-%05u-of-%05u.safetensors", s + 1, shards);
      g_autofree char *file = g_build_filename (path, base, NULL);

      write_shard (file, matrices, s, shards, dtype, bytes);
    }
  if (shards > 1)
    write_index (path, matrices, shards);
  write_config (path, dtype, blocks);
  return g_steal_pointer (&path);
}

SpqrModel *
fixture_model (const char *folder, const char *name, SpqrDtype dtype, guint blocks, guint32 seed)
{
  g_autofree char *path = fixture_model_write (folder, name, dtype, blocks, seed, 1);
  g_autoptr (GError) error = NULL;
  SpqrModel *model = spqr_model_open (path, &error);

  g_assert_no_error (error);
  return model;
}

SpqrCalibration *
fixture_calibration (gsize windows, guint seqlen, guint32 seed)
{
  SpqrCalibration *calibration = g_new0 (SpqrCalibration, 1);
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);

  calibration->data = g_strdup ("random ids");
  calibration->n_windows = windows;
  calibration->seqlen = seqlen;
  calibration->ids = g_new (gint32, windows * seqlen);
  for (gsize i = 0; i < windows * seqlen; i++)
    calibration->ids[i] = g_rand_int_range (random, 0, FIXTURE_VOCAB);
  calibration->fingerprint = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (guchar *) calibration->ids,
                                                          windows * seqlen * sizeof (gint32));
  return calibration;
}

char *
fixture_folder (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("spqr-test-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

static int
remove_entry (const char *path, const struct stat *info, int kind, struct FTW *at)
{
  return remove (path);
}

void
fixture_remove (const char *folder)
{
  nftw (folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

char **
fixture_list (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  GPtrArray *names = g_ptr_array_new ();
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

static char *
read_file (const char *folder, const char *name, gsize *n)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;
  char *bytes = NULL;

  g_file_get_contents (path, &bytes, n, &error);
  g_assert_no_error (error);
  return bytes;
}

void
fixture_compare_artifacts (const char *one, const char *other)
{
  g_auto (GStrv) a = fixture_list (one);
  g_auto (GStrv) b = fixture_list (other);
  guint n_layers = 0;

  g_assert_cmpstrv (a, b);
  for (guint i = 0; a[i] != NULL; i++)
    {
      g_autofree char *x = NULL, *y = NULL;
      gsize nx, ny;

      if (!g_str_has_suffix (a[i], ".spqr"))
        continue;
      x = read_file (one, a[i], &nx);
      y = read_file (other, a[i], &ny);
      g_assert_cmpmem (x, nx, y, ny);
      n_layers++;
    }
  g_assert_cmpuint (n_layers, >, 0);
}

float *
fixture_hessian (gsize n, guint32 seed)
{
  float *h = g_new0 (float, n * n);
  GRand *random = g_rand_new_with_seed (seed);

  for (int token = 0; token < 200; token++)
    {
      g_autofree double *x = g_new (double, n);

      for (gsize i = 0; i < n; i++)
        x[i] = g_rand_double_range (random, -1, 1) * (1 + (double) (i % 5));
      for (gsize i = 0; i < n; i++)
        for (gsize j = 0; j < n; j++)
          h[i * n + j] += (float) (x[i] * x[j] / 100);
    }
  g_rand_free (random);
  return h;
}
