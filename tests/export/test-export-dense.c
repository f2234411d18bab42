/* hf-dense: what is written is what was decoded, in any element type; nothing is left of what failed. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "export/spqr-export-dense-private.h"
#include "job/spqr-evaluate.h"
#include "sitting.h"

#define BLOCKS 2

typedef struct {
  char *folder, *target;
  SpqrModel *model;
  SpqrArtifacts *artifacts;
  char *run_folder;
} Case;

static void
case_init (Case *c, SpqrDtype dtype, guint shards)
{
  g_autofree char *path = NULL;
  g_auto (Sitting) sitting = { NULL };
  g_autoptr (SpqrRun) run = NULL;
  g_autoptr (SpqrStore) store = NULL;

  c->folder = fixture_folder ();
  path = fixture_model_write (c->folder, "model", dtype, BLOCKS, 11, shards);
  sitting_init (&sitting, c->folder, "run", BLOCKS, 4, NULL);
  run = sitting_finish (&sitting);
  store = spqr_store_open (sitting.database, NULL);
  c->artifacts = spqr_run_open_artifacts (store, run, NULL);
  g_assert_nonnull (c->artifacts);
  c->model = g_steal_pointer (&sitting.model);
  c->run_folder = g_steal_pointer (&sitting.folder);
  c->target = g_build_filename (c->folder, "dense", NULL);
}

static void
case_clear (Case *c)
{
  fixture_remove (c->folder);
  g_clear_pointer (&c->artifacts, spqr_artifacts_free);
  g_clear_object (&c->model);
  g_clear_pointer (&c->folder, g_free);
  g_clear_pointer (&c->target, g_free);
  g_clear_pointer (&c->run_folder, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Case, case_clear)

static gboolean
export (Case *c, SpqrExportDtype dtype, GCancellable *cancellable, SpqrExportResult *result, GError **error)
{
  return spqr_export_hf_dense (c->model, c->artifacts, dtype, c->target, NULL, NULL, cancellable, result, error);
}

static float *
decoded (Case *c, SpqrTensor *tensor, gsize *n)
{
  g_autoptr (GError) error = NULL;
  float *values;

  *n = spqr_tensor_get_rows (tensor) * spqr_tensor_get_cols (tensor);
  values = g_new (float, *n);
  g_assert_true (spqr_artifacts_load (c->artifacts, tensor, values, &error));
  return values;
}

/* Opens the export anew; the largest difference of a weight from what was decoded. */
static double
compare_export (Case *c, SpqrDtype want)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrModel) written = spqr_model_open (c->target, &error);
  double largest = 0;
  guint n_tensors = spqr_model_get_n_tensors (c->model);

  g_assert_no_error (error);
  g_assert_cmpuint (spqr_model_get_n_tensors (written), ==, n_tensors);
  g_assert_true (spqr_model_get_config (written)->supported);
  for (guint i = 0; i < n_tensors; i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (c->model, i);
      SpqrTensor *again = spqr_model_lookup (written, spqr_tensor_get_name (tensor));
      g_autofree float *a = NULL, *b = NULL;
      gsize n;

      g_assert_nonnull (again);
      g_assert_cmpint (spqr_tensor_get_dtype (again), ==, want);
      g_assert_cmpuint (spqr_tensor_get_n_dims (again), ==, spqr_tensor_get_n_dims (tensor));
      g_assert_cmpuint (spqr_tensor_get_rows (again), ==, spqr_tensor_get_rows (tensor));
      a = decoded (c, tensor, &n);
      b = spqr_tensor_read (again, &error);
      g_assert_no_error (error);
      for (gsize k = 0; k < n; k++)
        largest = MAX (largest, fabs ((double) a[k] - b[k]));
    }
  return largest;
}

static void
check_files (Case *c, const SpqrExportResult *result)
{
  g_auto (GStrv) files = fixture_list (c->target);

  g_assert_cmpuint (g_strv_length (files), ==, result->files->len);
  for (guint i = 0; i < result->files->len; i++)
    g_assert_true (g_strv_contains ((const char *const *) files, result->files->pdata[i]));
  g_assert_true (g_strv_contains ((const char *const *) files, "config.json"));
  g_assert_true (g_strv_contains ((const char *const *) files, "generation_config.json"));
}

static void
check_config (Case *c, const char *dtype_name)
{
  g_autofree char *path = g_build_filename (c->target, "config.json", NULL);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, dtype_name));
}

static void
round_trip (SpqrDtype source, SpqrExportDtype dtype, SpqrDtype want, const char *dtype_name, gboolean exact)
{
  g_auto (Case) c = { NULL };
  SpqrExportResult result;
  g_autoptr (GError) error = NULL;
  double difference;

  case_init (&c, source, 1);
  g_assert_true (export (&c, dtype, NULL, &result, &error));
  g_assert_no_error (error);
  g_assert_true (result.verified);
  difference = compare_export (&c, want);
  g_assert_cmpfloat (difference, ==, result.max_abs_diff);
  if (exact)
    g_assert_cmpfloat (difference, ==, 0);
  else
    g_assert_cmpfloat (difference, >, 0);
  check_files (&c, &result);
  check_config (&c, dtype_name);
  spqr_export_result_clear (&result);
}

static void
test_f32 (void)
{
  round_trip (SPQR_DTYPE_F32, SPQR_EXPORT_EXACT, SPQR_DTYPE_F32, "\"float32\"", TRUE);
  round_trip (SPQR_DTYPE_F32, SPQR_EXPORT_F16, SPQR_DTYPE_F16, "\"float16\"", FALSE);
}

static void
test_f16 (void)
{
  round_trip (SPQR_DTYPE_F16, SPQR_EXPORT_EXACT, SPQR_DTYPE_F16, "\"float16\"", TRUE);
  round_trip (SPQR_DTYPE_F16, SPQR_EXPORT_SOURCE, SPQR_DTYPE_F16, "\"float16\"", TRUE);
  round_trip (SPQR_DTYPE_F16, SPQR_EXPORT_F32, SPQR_DTYPE_F32, "\"float32\"", TRUE);
  round_trip (SPQR_DTYPE_F16, SPQR_EXPORT_BF16, SPQR_DTYPE_BF16, "\"bfloat16\"", FALSE);
}

static void
test_bf16 (void)
{
  round_trip (SPQR_DTYPE_BF16, SPQR_EXPORT_SOURCE, SPQR_DTYPE_BF16, "\"bfloat16\"", FALSE);
  round_trip (SPQR_DTYPE_BF16, SPQR_EXPORT_F32, SPQR_DTYPE_F32, "\"float32\"", TRUE);
}

/* Decoded weights are f16 numbers: exact means f16 there, and nothing quantized is rounded. */
static void
test_bf16_exact (void)
{
  g_auto (Case) c = { NULL };
  SpqrExportResult result;
  g_autoptr (SpqrModel) written = NULL;

  case_init (&c, SPQR_DTYPE_BF16, 1);
  g_assert_true (export (&c, SPQR_EXPORT_EXACT, NULL, &result, NULL));
  g_assert_cmpfloat (compare_export (&c, SPQR_DTYPE_F16), ==, result.max_abs_diff);
  /* Only numbers too small for f16 in what was not quantized. */
  g_assert_cmpfloat (result.max_abs_diff, <, 1e-7);
  spqr_export_result_clear (&result);
}

/* Puts a number into the first weight of the embeddings, which are not quantized: bf16, single file. */
static void
set_embedding (Case *c, guint16 bits)
{
  g_autofree char *path = g_build_filename (c->folder, "model", "model.safetensors", NULL);
  g_autofree char *bytes = NULL;
  g_autofree char *folder = g_build_filename (c->folder, "model", NULL);
  const char *entry;
  gsize n, begin;

  g_assert_true (g_file_get_contents (path, &bytes, &n, NULL));
  entry = g_strstr_len (bytes + 8, (gssize) n - 8, "\"model.embed_tokens.weight\"");
  g_assert_nonnull (entry);
  entry = strstr (entry, "\"data_offsets\":[");
  g_assert_nonnull (entry);
  begin = 8 + *(guint64 *) (gpointer) bytes + g_ascii_strtoull (entry + strlen ("\"data_offsets\":["), NULL, 10);
  g_assert_cmpuint (begin + 1, <, n);
  bytes[begin] = (char) (bits & 0xff);
  bytes[begin + 1] = (char) (bits >> 8);
  g_clear_object (&c->model);
  g_assert_true (g_file_set_contents (path, bytes, (gssize) n, NULL));
  c->model = spqr_model_open (folder, NULL);
  g_assert_nonnull (c->model);
}

/* bf16 reaches further than half precision: what would become infinite is not written. */
static void
test_bf16_too_large (void)
{
  g_auto (Case) c = { NULL };
  g_autoptr (GError) error = NULL;
  SpqrExportResult result = { 0 };

  case_init (&c, SPQR_DTYPE_BF16, 1);
  set_embedding (&c, 0x47c3);   /* 99840 */
  g_assert_false (export (&c, SPQR_EXPORT_EXACT, NULL, &result, &error));
  g_assert_error (error, SPQR_EXPORT_ERROR, SPQR_EXPORT_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "model.embed_tokens.weight"));
  g_assert_false (g_file_test (c.target, G_FILE_TEST_EXISTS));
  g_clear_error (&error);
  g_assert_true (export (&c, SPQR_EXPORT_F32, NULL, &result, &error));
  g_assert_no_error (error);
  g_assert_cmpfloat (result.max_abs_diff, ==, 0);
  spqr_export_result_clear (&result);
}

static void
test_sharded_source (void)
{
  g_auto (Case) c = { NULL };
  SpqrExportResult result;

  case_init (&c, SPQR_DTYPE_F16, 3);
  g_assert_true (export (&c, SPQR_EXPORT_EXACT, NULL, &result, NULL));
  g_assert_cmpfloat (compare_export (&c, SPQR_DTYPE_F16), ==, 0);
  check_files (&c, &result);
  spqr_export_result_clear (&result);
}

static void
test_sharded_output (void)
{
  g_auto (Case) c = { NULL };
  SpqrExportResult result;
  guint64 usual = _spqr_export_shard_bytes;
  guint n_shards = 0;

  case_init (&c, SPQR_DTYPE_F16, 1);
  _spqr_export_shard_bytes = 20000;
  g_assert_true (export (&c, SPQR_EXPORT_EXACT, NULL, &result, NULL));
  _spqr_export_shard_bytes = usual;
  g_assert_cmpfloat (compare_export (&c, SPQR_DTYPE_F16), ==, 0);
  check_files (&c, &result);
  for (guint i = 0; i < result.files->len; i++)
    n_shards += g_str_has_suffix (result.files->pdata[i], ".safetensors");
  g_assert_cmpuint (n_shards, >, 3);
  {
    g_autofree char *index = g_build_filename (c.target, "model.safetensors.index.json", NULL);
    g_assert_true (g_file_test (index, G_FILE_TEST_IS_REGULAR));
  }
  spqr_export_result_clear (&result);
}

/* Nothing but what was there before stands in the folder. */
static void
check_nothing_left (Case *c)
{
  g_auto (GStrv) names = fixture_list (c->folder);

  for (guint i = 0; names[i] != NULL; i++)
    g_assert_true (strstr (names[i], "dense") == NULL);
}

static void
test_refuses_to_overwrite (void)
{
  g_auto (Case) c = { NULL };
  g_autofree char *precious = NULL, *text = NULL;
  g_autoptr (GError) error = NULL;
  SpqrExportResult result;

  case_init (&c, SPQR_DTYPE_F16, 1);
  precious = g_build_filename (c.target, "precious", NULL);
  g_assert_cmpint (g_mkdir (c.target, 0755), ==, 0);
  g_assert_true (g_file_set_contents (precious, "mine", -1, NULL));
  g_assert_false (export (&c, SPQR_EXPORT_EXACT, NULL, &result, &error));
  g_assert_error (error, SPQR_EXPORT_ERROR, SPQR_EXPORT_ERROR_EXISTS);
  g_assert_nonnull (strstr (error->message, c.target));
  g_assert_true (g_file_get_contents (precious, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "mine");
  /* A file in its place, and the model's own folder. */
  g_clear_error (&error);
  g_free (c.target);
  c.target = g_strdup (precious);
  g_assert_false (export (&c, SPQR_EXPORT_EXACT, NULL, &result, &error));
  g_assert_error (error, SPQR_EXPORT_ERROR, SPQR_EXPORT_ERROR_EXISTS);
  g_clear_error (&error);
  g_free (c.target);
  c.target = g_strdup (spqr_model_get_path (c.model));
  g_assert_false (export (&c, SPQR_EXPORT_EXACT, NULL, &result, &error));
  g_assert_error (error, SPQR_EXPORT_ERROR, SPQR_EXPORT_ERROR_EXISTS);
  /* An empty folder is as good as none. */
  g_clear_error (&error);
  g_free (c.target);
  c.target = g_build_filename (c.folder, "empty", NULL);
  g_assert_cmpint (g_mkdir (c.target, 0755), ==, 0);
  g_assert_true (export (&c, SPQR_EXPORT_EXACT, NULL, &result, &error));
  spqr_export_result_clear (&result);
}

typedef struct { GCancellable *cancellable; guint calls, cancel_at; } Canceller;

static void
cancel_at_nth (double fraction, const char *what, gpointer user_data)
{
  Canceller *canceller = user_data;

  if (canceller->calls++ == canceller->cancel_at)
    g_cancellable_cancel (canceller->cancellable);
}

static void
test_cancelled (void)
{
  g_auto (Case) c = { NULL };
  guint at = 0;

  case_init (&c, SPQR_DTYPE_F16, 1);
  for (gboolean done = FALSE; !done; at += 5)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Canceller canceller = { cancellable, 0, at };
      SpqrExportResult result;
      g_autoptr (GError) error = NULL;

      done = spqr_export_hf_dense (c.model, c.artifacts, SPQR_EXPORT_EXACT, c.target, cancel_at_nth, &canceller, cancellable,
                                   &result, &error);
      if (done)
        {
          spqr_export_result_clear (&result);
          break;
        }
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      check_nothing_left (&c);
    }
  /* It was cancelled while writing and while reading back. */
  g_assert_cmpuint (at, >, spqr_model_get_n_tensors (c.model) + 5);
}

static void
test_spoilt_artifact (void)
{
  g_auto (Case) c = { NULL };
  g_autofree char *path = NULL, *bytes = NULL;
  gsize length;

  case_init (&c, SPQR_DTYPE_F16, 1);
  path = g_build_filename (c.run_folder, "00005-model.layers.0.mlp.up_proj.weight.spqr", NULL);
  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  for (gsize at = 3; at < length; at += length / 7)
    {
      g_autoptr (GError) error = NULL;
      SpqrExportResult result;

      bytes[at] ^= 0x20;
      g_assert_true (g_file_set_contents (path, bytes, length, NULL));
      g_assert_false (export (&c, SPQR_EXPORT_EXACT, NULL, &result, &error));
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, path));
      check_nothing_left (&c);
      bytes[at] ^= 0x20;
    }
}

/* A stored layer under another's name, and one of another shape. */
static void
test_mixed_up_artifacts (void)
{
  g_auto (Case) c = { NULL };
  g_autofree char *up = NULL;
  g_autoptr (GError) error = NULL;
  SpqrExportResult result;

  case_init (&c, SPQR_DTYPE_F16, 1);
  up = g_build_filename (c.run_folder, "00005-model.layers.0.mlp.up_proj.weight.spqr", NULL);
  spqr_artifacts_add (c.artifacts, "model.layers.1.mlp.up_proj.weight", up);
  g_assert_false (export (&c, SPQR_EXPORT_EXACT, NULL, &result, &error));
  g_assert_nonnull (strstr (error->message, up));
  g_assert_nonnull (strstr (error->message, "model.layers.1.mlp.up_proj.weight"));
  check_nothing_left (&c);
}

static void
test_no_folder (void)
{
  g_auto (Case) c = { NULL };
  g_autofree char *file = NULL;
  g_autoptr (GError) error = NULL;
  SpqrExportResult result;

  case_init (&c, SPQR_DTYPE_F16, 1);
  file = g_build_filename (c.folder, "file", NULL);
  g_assert_true (g_file_set_contents (file, "x", 1, NULL));
  g_free (c.target);
  c.target = g_build_filename (file, "dense", NULL);
  g_assert_false (export (&c, SPQR_EXPORT_EXACT, NULL, &result, &error));
  g_assert_nonnull (strstr (error->message, file));
  /* Folders on the way are made. */
  g_free (c.target);
  c.target = g_build_filename (c.folder, "a", "b", "dense", NULL);
  g_clear_error (&error);
  g_assert_true (export (&c, SPQR_EXPORT_EXACT, NULL, &result, &error));
  spqr_export_result_clear (&result);
}

static void
test_dtype_names (void)
{
  const char *names[] = { "exact", "source", "f16", "bf16", "f32" };
  const SpqrExportDtype wants[] = { SPQR_EXPORT_EXACT, SPQR_EXPORT_SOURCE, SPQR_EXPORT_F16, SPQR_EXPORT_BF16, SPQR_EXPORT_F32 };
  g_autoptr (GError) error = NULL;
  SpqrExportDtype dtype = SPQR_EXPORT_F32;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_assert_true (spqr_export_dtype_parse (names[i], &dtype, NULL));
      g_assert_cmpint (dtype, ==, wants[i]);
    }
  g_assert_false (spqr_export_dtype_parse ("f8", &dtype, &error));
  g_assert_nonnull (strstr (error->message, "f8"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/export-dense/f32", test_f32);
  g_test_add_func ("/export-dense/f16", test_f16);
  g_test_add_func ("/export-dense/bf16", test_bf16);
  g_test_add_func ("/export-dense/bf16-exact", test_bf16_exact);
  g_test_add_func ("/export-dense/bf16-too-large", test_bf16_too_large);
  g_test_add_func ("/export-dense/sharded-source", test_sharded_source);
  g_test_add_func ("/export-dense/sharded-output", test_sharded_output);
  g_test_add_func ("/export-dense/refuses-to-overwrite", test_refuses_to_overwrite);
  g_test_add_func ("/export-dense/cancelled", test_cancelled);
  g_test_add_func ("/export-dense/spoilt-artifact", test_spoilt_artifact);
  g_test_add_func ("/export-dense/mixed-up-artifacts", test_mixed_up_artifacts);
  g_test_add_func ("/export-dense/no-folder", test_no_folder);
  g_test_add_func ("/export-dense/dtype-names", test_dtype_names);
  return g_test_run ();
}
