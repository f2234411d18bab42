#include "sitting.h"

#include <math.h>
#include <string.h>

void
sitting_init (Sitting *sitting, const char *folder, const char *name, guint blocks, gsize windows, const char *recipe)
{
  g_autofree char *database = g_strdup_printf ("%s.db", name);
  g_autofree char *path = g_build_filename (folder, "model", NULL);
  g_autoptr (GError) error = NULL;

  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    g_free (fixture_model_write (folder, "model", SPQR_DTYPE_F16, blocks, 11, 1));
  *sitting = (Sitting) {
    .model = spqr_model_open (path, &error),
    .calibration = fixture_calibration (windows, 48, 3),
    .recipe = g_strdup (recipe != NULL ? recipe : "{\"spqr_recipe\": 1}"),
    .folder = g_build_filename (folder, name, NULL),
    .database = g_build_filename (folder, database, NULL),
  };
  g_assert_no_error (error);
}

void
sitting_clear (Sitting *sitting)
{
  g_clear_object (&sitting->model);
  g_clear_pointer (&sitting->calibration, spqr_calibration_free);
  g_clear_pointer (&sitting->recipe, g_free);
  g_clear_pointer (&sitting->folder, g_free);
  g_clear_pointer (&sitting->database, g_free);
}

SpqrRun *
sitting_run (Sitting *sitting, SpqrProgressFunc progress, gpointer user_data, GCancellable *cancellable, GError **error)
{
  g_autoptr (SpqrStore) store = spqr_store_open (sitting->database, error);
  g_autoptr (SpqrRecipe) recipe = store != NULL ? spqr_recipe_parse (sitting->recipe, error) : NULL;
  SpqrQuantizeRequest request = { .model = sitting->model, .recipe = recipe, .calibration = sitting->calibration,
                                  .folder = sitting->folder, .device = sitting->device, .spread = sitting->spread, .cache = sitting->cache, .progress = progress, .user_data = user_data };

  return recipe != NULL ? spqr_quantize (store, &request, cancellable, error) : NULL;
}

SpqrRun *
sitting_finish (Sitting *sitting)
{
  g_autoptr (GError) error = NULL;
  SpqrRun *run = sitting_run (sitting, NULL, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (run);
  g_assert_cmpint (run->state, ==, SPQR_RUN_FINISHED);
  return run;
}

gboolean
sitting_is_finished (Sitting *sitting)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrStore) store = spqr_store_open (sitting->database, &error);
  g_autoptr (GPtrArray) runs = store != NULL ? spqr_store_list_runs (store, &error) : NULL;

  g_assert_no_error (error);
  return runs->len > 0 && ((SpqrRun *) runs->pdata[0])->state == SPQR_RUN_FINISHED;
}

/* The only run in the sitting's database, with its layers. */
static SpqrRun *
get_only_run (Sitting *sitting, GPtrArray **layers)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrStore) store = spqr_store_open (sitting->database, &error);
  g_autoptr (GPtrArray) runs = NULL;
  SpqrRun *run;

  g_assert_no_error (error);
  runs = spqr_store_list_runs (store, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (runs->len, ==, 1);
  run = g_object_ref (runs->pdata[0]);
  *layers = spqr_store_list_layers (store, run->id, &error);
  g_assert_no_error (error);
  return run;
}

/* Plain rounding has no proxy loss: NAN. */
static void
compare_figures (double a, double b)
{
  if (!isnan (a) || !isnan (b))
    g_assert_cmpfloat (a, ==, b);
}

static void
compare_layers (const SpqrRunLayer *a, const SpqrRunLayer *b)
{
  g_assert_cmpstr (a->name, ==, b->name);
  g_assert_cmpstr (a->role, ==, b->role);
  g_assert_cmpstr (a->file, ==, b->file);
  g_assert_cmpstr (a->backend, ==, b->backend);
  g_assert_cmpstr (a->note, ==, b->note);
  g_assert_cmpint (a->block, ==, b->block);
  g_assert_cmpint (a->rows, ==, b->rows);
  g_assert_cmpint (a->cols, ==, b->cols);
  g_assert_cmpint (a->n_outliers, ==, b->n_outliers);
  g_assert_cmpfloat (a->bits, ==, b->bits);
  g_assert_cmpfloat (a->bits_stored, ==, b->bits_stored);
  g_assert_cmpfloat (a->outlier_share, ==, b->outlier_share);
  compare_figures (a->proxy_loss, b->proxy_loss);
  compare_figures (a->output_error, b->output_error);
  g_assert_cmpfloat (a->mse, ==, b->mse);
  compare_figures (a->percdamp_used, b->percdamp_used);
}

void
sitting_compare (Sitting *one, Sitting *other)
{
  g_autoptr (GPtrArray) layers_a = NULL, layers_b = NULL;
  g_autoptr (SpqrRun) a = get_only_run (one, &layers_a), b = get_only_run (other, &layers_b);

  fixture_compare_artifacts (one->folder, other->folder);
  g_assert_cmpint (a->state, ==, SPQR_RUN_FINISHED);
  g_assert_cmpint (b->state, ==, SPQR_RUN_FINISHED);
  g_assert_cmpstr (a->params_json, ==, b->params_json);
  g_assert_cmpstr (a->model_fingerprint, ==, b->model_fingerprint);
  g_assert_cmpstr (a->calibration_fingerprint, ==, b->calibration_fingerprint);
  g_assert_cmpstr (a->error, ==, b->error);
  g_assert_cmpuint (a->n_layers, ==, b->n_layers);
  g_assert_cmpuint (a->n_layers_done, ==, a->n_layers);
  g_assert_cmpuint (b->n_layers_done, ==, b->n_layers);
  g_assert_cmpfloat (a->bits_formula, ==, b->bits_formula);
  g_assert_cmpfloat (a->bits_stored, ==, b->bits_stored);
  g_assert_cmpfloat (a->outlier_share, ==, b->outlier_share);
  compare_figures (a->mean_proxy_loss, b->mean_proxy_loss);
  g_assert_cmpuint (layers_a->len, ==, layers_b->len);
  for (guint i = 0; i < layers_a->len; i++)
    compare_layers (layers_a->pdata[i], layers_b->pdata[i]);
}
