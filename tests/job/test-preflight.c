/* What a quantization is said to take, against what it took, and what is refused before it begins. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "job/spqr-preflight.h"
#include "quant/spqr-quant-error.h"
#include "sitting.h"

#define BLOCKS 2
#define WINDOWS 6
#define HIDDEN 48

static void
estimate (Sitting *sitting, const char *recipe_json, SpqrPreflight *preflight)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrStore) store = spqr_store_open (sitting->database, &error);
  g_autoptr (SpqrRecipe) recipe = spqr_recipe_parse (recipe_json, &error);
  SpqrQuantizeRequest request = { .model = sitting->model, .recipe = recipe, .calibration = sitting->calibration,
                                  .folder = sitting->folder };

  g_assert_true (spqr_preflight_compute (store, &request, preflight, &error));
  g_assert_no_error (error);
}

#define PLAIN "{\"spqr_recipe\": 1}"

static void
test_numbers (void)
{
  g_autofree char *folder = fixture_folder ();
  g_auto (Sitting) sitting = { NULL };
  g_auto (SpqrPreflight) p = { 0 }, offloaded = { 0 }, sequential = { 0 }, rtn = { 0 }, more_bits = { 0 }, halves = { 0 };

  sitting_init (&sitting, folder, "run", BLOCKS, WINDOWS, NULL);
  estimate (&sitting, PLAIN, &p);
  g_assert_cmpuint (p.n_layers, ==, 7 * BLOCKS);
  g_assert_cmpuint (p.n_weights, ==, BLOCKS * (2 * 48 * 48 + 2 * 24 * 48 + 3 * 86 * 48));
  g_assert_cmpuint (p.hidden_bytes, ==, WINDOWS * 48 * HIDDEN * 4);
  g_assert_cmpuint (p.block_bytes, ==, (p.n_weights / BLOCKS + 2 * HIDDEN) * 4);
  g_assert_cmpuint (p.hessian_bytes, ==, (3 * 48 * 48 + 86 * 86) * 4);
  g_assert_cmpuint (p.memory_bytes, ==, p.hidden_bytes + p.block_bytes + p.hessian_bytes + p.working_bytes + p.overhead_bytes);
  g_assert_cmpstr (p.folder, ==, folder);
  g_assert_cmpfloat (p.seconds, >, 0);
  g_assert_cmpuint (p.memory_available, >, 1 << 20);
  g_assert_true (spqr_preflight_check (&p, NULL));

  estimate (&sitting, "{\"spqr_recipe\": 1, \"defaults\": {\"offload_activations\": true}}", &offloaded);
  g_assert_cmpuint (offloaded.memory_bytes, ==, p.memory_bytes - p.hidden_bytes);
  g_assert_cmpuint (offloaded.disk_bytes, ==, p.disk_bytes + p.hidden_bytes);
  estimate (&sitting, "{\"spqr_recipe\": 1, \"defaults\": {\"f16_activations\": true}}", &halves);
  g_assert_cmpuint (halves.hidden_bytes, ==, p.hidden_bytes / 2);
  g_assert_cmpuint (halves.memory_bytes, ==, p.memory_bytes - p.hidden_bytes / 2);
  estimate (&sitting, "{\"spqr_recipe\": 1, \"defaults\": {\"true_sequential\": true}}", &sequential);
  g_assert_cmpuint (sequential.hessian_bytes, ==, 86 * 86 * 4);
  g_assert_cmpfloat (sequential.seconds, >, p.seconds);
  estimate (&sitting, "{\"spqr_recipe\": 1, \"defaults\": {\"wbits\": 6}}", &more_bits);
  g_assert_cmpfloat (more_bits.outlier_share, <, p.outlier_share);
  g_assert_cmpfloat_with_epsilon (more_bits.bits - 32 * more_bits.outlier_share, p.bits - 32 * p.outlier_share + 3, 1e-9);
  g_assert_cmpuint (more_bits.output_bytes, >, p.output_bytes);
  g_clear_pointer (&sitting.calibration, spqr_calibration_free);
  estimate (&sitting, "{\"spqr_recipe\": 1, \"defaults\": {\"method\": \"rtn\", \"outlier_threshold\": \"inf\"}}", &rtn);
  g_assert_cmpuint (rtn.hidden_bytes + rtn.hessian_bytes, ==, 0);
  g_assert_cmpfloat (rtn.seconds, <, p.seconds);
  fixture_remove (folder);
}

/* The disk space is near what was written; what is there already is not needed again. */
static void
test_output (void)
{
  g_autofree char *folder = fixture_folder ();
  g_auto (Sitting) sitting = { NULL };
  g_auto (SpqrPreflight) before = { 0 }, after = { 0 };
  g_autoptr (SpqrRun) run = NULL;
  g_auto (GStrv) files = NULL;
  guint64 written = 0;

  sitting_init (&sitting, folder, "run", BLOCKS, WINDOWS, NULL);
  estimate (&sitting, PLAIN, &before);
  run = sitting_finish (&sitting);
  /* But for the outliers, which are assumed before, the run's bits are those that were told. */
  g_assert_cmpfloat (before.outlier_share, >, 0);
  g_assert_cmpfloat_with_epsilon (before.bits + 32 * (run->outlier_share - before.outlier_share), run->bits_formula, 5e-4);
  files = fixture_list (sitting.folder);
  for (guint i = 0; files[i] != NULL; i++)
    {
      g_autofree char *path = g_build_filename (sitting.folder, files[i], NULL);
      GStatBuf info;

      g_assert_cmpint (g_stat (path, &info), ==, 0);
      if (g_str_has_suffix (files[i], ".spqr"))
        written += info.st_size;
    }
  g_test_message ("%" G_GUINT64_FORMAT " bytes were expected, %" G_GUINT64_FORMAT " were written", before.output_bytes, written);
  g_assert_cmpfloat (before.output_bytes / (double) written, >, 0.7);
  g_assert_cmpfloat (before.output_bytes / (double) written, <, 1.4);
  estimate (&sitting, PLAIN, &after);
  g_assert_cmpuint (after.disk_bytes, ==, before.output_bytes > written ? before.output_bytes - written : 0);
  fixture_remove (folder);
}

static void
test_check (void)
{
  SpqrPreflight p = { .folder = (char *) "/somewhere", .n_layers = 3, .memory_bytes = 9000000000, .memory_available = 8000000000,
                      .hidden_bytes = 7000000000, .disk_bytes = 5, .disk_free = 10 };
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL, *warning = NULL;

  g_assert_false (spqr_preflight_check (&p, &error));
  g_assert_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_NO_MEMORY);
  g_assert_nonnull (strstr (error->message, "9.0"));
  g_assert_nonnull (strstr (error->message, "8.0"));
  g_assert_nonnull (strstr (error->message, "--offload-activations"));
  g_clear_error (&error);
  p.offloaded = TRUE;
  g_assert_false (spqr_preflight_check (&p, &error));
  g_assert_null (strstr (error->message, "--offload-activations"));
  g_clear_error (&error);
  p.memory_available = G_MAXUINT64;
  g_assert_true (spqr_preflight_check (&p, &error));
  p.disk_bytes = 3000000000;
  p.disk_free = 2000000000;
  g_assert_false (spqr_preflight_check (&p, &error));
  g_assert_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (error->message, "/somewhere"));
  g_assert_nonnull (strstr (error->message, "3.0"));
  g_assert_nonnull (strstr (error->message, "2.0"));
  p.seconds = 7200;
  p.bits = 3.9449;
  p.outlier_share = 0.01;
  text = spqr_preflight_describe (&p);
  g_assert_nonnull (strstr (text, "2.0 hours"));
  g_assert_nonnull (strstr (text, "about 3.94 bits (1.00 % of outliers assumed)"));
  g_assert_null (spqr_preflight_warn (&p));
  p.n_rounded = 7;
  p.rounded_to = g_strdup ("Q4_1");
  warning = spqr_preflight_warn (&p);
  g_assert_nonnull (strstr (warning, "7 layers are already rounded (Q4_1)"));
  g_free (p.rounded_to);
}

static void
refuse_windows (Sitting *sitting, int code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (GPtrArray) runs = NULL;

  /* No id of these is looked at: it is refused before. */
  sitting->calibration->n_windows = (gsize) 1 << 36;
  g_assert_null (sitting_run (sitting, NULL, NULL, NULL, &error));
  g_assert_error (error, SPQR_QUANT_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_false (g_file_test (sitting->folder, G_FILE_TEST_EXISTS));
  store = spqr_store_open (sitting->database, NULL);
  runs = spqr_store_list_runs (store, NULL);
  g_assert_cmpuint (runs->len, ==, 0);
}

static void
test_refused (void)
{
  g_autofree char *folder = fixture_folder ();
  g_auto (Sitting) in_memory = { NULL }, in_file = { NULL };

  sitting_init (&in_memory, folder, "run", BLOCKS, WINDOWS, NULL);
  refuse_windows (&in_memory, SPQR_QUANT_ERROR_NO_MEMORY);
  sitting_init (&in_file, folder, "run", BLOCKS, WINDOWS, "{\"spqr_recipe\": 1, \"defaults\": {\"offload_activations\": true}}");
  refuse_windows (&in_file, SPQR_QUANT_ERROR_NO_SPACE);
  fixture_remove (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/preflight/numbers", test_numbers);
  g_test_add_func ("/preflight/output", test_output);
  g_test_add_func ("/preflight/check", test_check);
  g_test_add_func ("/preflight/refused", test_refused);
  return g_test_run ();
}
