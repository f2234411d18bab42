/* spqr_quantize() as a whole: threads, order, recipes, plain rounding, and what it refuses. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "compute/spqr-pool.h"
#include "job/spqr-run-manifest.h"
#include "quant/spqr-artifacts.h"
#include "sitting.h"

#define BLOCKS 2
#define WINDOWS 8
#define RECIPE(defaults, overrides) "{\"spqr_recipe\": 1, \"defaults\": {" defaults "}, \"overrides\": [" overrides "]}"

static void
test_threads (void)
{
  g_autofree char *folder = NULL;
  g_auto (Sitting) one = { NULL };

  /* The pool's size is settled when it is first used: each count is a process of its own. */
  if (g_test_subprocess ())
    {
      const char *where = g_getenv ("SPQR_TEST_FOLDER"), *threads = g_getenv ("SPQR_TEST_THREADS");
      g_auto (Sitting) sitting = { NULL };
      g_autoptr (SpqrRun) run = NULL;

      spqr_pool_set_default_threads ((guint) g_ascii_strtoull (threads, NULL, 10));
      sitting_init (&sitting, where, threads, BLOCKS, WINDOWS, NULL);
      run = sitting_finish (&sitting);
      g_assert_cmpuint (spqr_pool_get_n_threads (spqr_pool_get_default ()), ==, g_ascii_strtoull (threads, NULL, 10));
      return;
    }
  folder = fixture_folder ();
  g_setenv ("SPQR_TEST_FOLDER", folder, TRUE);
  sitting_init (&one, folder, "1", BLOCKS, WINDOWS, NULL);
  for (int n = 1; n <= 3; n++)
    {
      g_autofree char *threads = g_strdup_printf ("%d", n);
      g_auto (Sitting) other = { NULL };

      g_setenv ("SPQR_TEST_THREADS", threads, TRUE);
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      sitting_init (&other, folder, threads, BLOCKS, WINDOWS, NULL);
      sitting_compare (&one, &other);
    }
  fixture_remove (folder);
}

static void
hold (double fraction, const char *what, gpointer user_data)
{
  double *held = user_data;

  if (*held > 0)
    return;
  g_usleep (400000);
  *held = 0.4;
}

static double
get_held (gpointer user_data)
{
  return *(double *) user_data;
}

/* The time for which somebody held the work is no part of the run's. */
static void
test_held (void)
{
  g_autofree char *folder = fixture_folder ();
  g_auto (Sitting) sitting = { NULL };
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (SpqrRecipe) recipe = NULL;
  g_autoptr (SpqrRun) run = NULL;
  g_autoptr (GError) error = NULL;
  double held = 0, seconds;
  gint64 began;

  sitting_init (&sitting, folder, "held", BLOCKS, WINDOWS, NULL);
  store = spqr_store_open (sitting.database, &error);
  g_assert_no_error (error);
  recipe = spqr_recipe_new (&spqr_run_params_default);
  began = g_get_monotonic_time ();
  run = spqr_quantize (store, &(SpqrQuantizeRequest) { .model = sitting.model, .recipe = recipe, .calibration = sitting.calibration,
                                                       .folder = sitting.folder, .progress = hold, .waited = get_held,
                                                       .user_data = &held }, NULL, &error);
  seconds = (g_get_monotonic_time () - began) / 1e6;
  g_assert_no_error (error);
  g_assert_cmpfloat (held, >, 0);
  g_assert_cmpfloat (run->seconds, >=, 0);
  g_assert_cmpfloat (run->seconds, <=, seconds - held);
  g_clear_object (&store);
  fixture_remove (folder);
}

static gboolean
same_artifact (Sitting *a, Sitting *b, const char *name)
{
  g_autofree char *path_a = g_build_filename (a->folder, name, NULL), *path_b = g_build_filename (b->folder, name, NULL);
  g_autofree char *x = NULL, *y = NULL;
  gsize nx, ny;

  g_assert_true (g_file_get_contents (path_a, &x, &nx, NULL));
  g_assert_true (g_file_get_contents (path_b, &y, &ny, NULL));
  return nx == ny && memcmp (x, y, nx) == 0;
}

/* What comes first sees the same inputs; o_proj is calibrated behind the quantized q, k and v only when
 * the order is truly sequential. */
static void
test_true_sequential (void)
{
  g_autofree char *folder = fixture_folder ();
  g_auto (Sitting) plain = { NULL }, sequential = { NULL }, offloaded = { NULL };
  g_autoptr (SpqrRun) a = NULL, b = NULL, c = NULL;

  sitting_init (&plain, folder, "plain", BLOCKS, WINDOWS, NULL);
  sitting_init (&sequential, folder, "sequential", BLOCKS, WINDOWS, RECIPE ("\"true_sequential\": true", ""));
  sitting_init (&offloaded, folder, "offloaded", BLOCKS, WINDOWS, RECIPE ("\"offload_activations\": true", ""));
  a = sitting_finish (&plain);
  b = sitting_finish (&sequential);
  c = sitting_finish (&offloaded);
  g_assert_cmpuint (b->n_layers_done, ==, 7 * BLOCKS);
  g_assert_true (same_artifact (&plain, &sequential, "00000-model.layers.0.self_attn.q_proj.weight.spqr"));
  g_assert_true (same_artifact (&plain, &sequential, "00002-model.layers.0.self_attn.v_proj.weight.spqr"));
  g_assert_false (same_artifact (&plain, &sequential, "00003-model.layers.0.self_attn.o_proj.weight.spqr"));
  g_assert_false (same_artifact (&plain, &sequential, "00006-model.layers.0.mlp.down_proj.weight.spqr"));
  /* Where the hidden states lie changes nothing. */
  fixture_compare_artifacts (plain.folder, offloaded.folder);
  fixture_remove (folder);
}

static double
mean_output_error (Sitting *sitting, gint64 run)
{
  g_autoptr (SpqrStore) store = spqr_store_open (sitting->database, NULL);
  g_autoptr (GPtrArray) layers = spqr_store_list_layers (store, run, NULL);
  double sum = 0;

  for (guint i = 0; i < layers->len; i++)
    sum += ((SpqrRunLayer *) layers->pdata[i])->output_error;
  return sum / layers->len;
}

/* Rounding hidden states to f16 changes later Hessians a little, and nothing before the first of them: the
 * embeddings of this model are f16 as they are. */
static void
test_f16_activations (void)
{
  g_autofree char *folder = fixture_folder ();
  g_auto (Sitting) plain = { NULL }, halves = { NULL }, in_file = { NULL };
  g_autoptr (SpqrRun) a = NULL, b = NULL, c = NULL;
  double error_a, error_b;

  sitting_init (&plain, folder, "plain", BLOCKS, WINDOWS, NULL);
  sitting_init (&halves, folder, "halves", BLOCKS, WINDOWS, RECIPE ("\"f16_activations\": true", ""));
  sitting_init (&in_file, folder, "in-file", BLOCKS, WINDOWS, RECIPE ("\"f16_activations\": true, \"offload_activations\": true", ""));
  a = sitting_finish (&plain);
  b = sitting_finish (&halves);
  c = sitting_finish (&in_file);
  fixture_compare_artifacts (halves.folder, in_file.folder);
  g_assert_true (same_artifact (&plain, &halves, "00000-model.layers.0.self_attn.q_proj.weight.spqr"));
  g_assert_true (same_artifact (&plain, &halves, "00006-model.layers.0.mlp.down_proj.weight.spqr"));
  g_assert_false (same_artifact (&plain, &halves, "00013-model.layers.1.mlp.down_proj.weight.spqr"));
  error_a = mean_output_error (&plain, a->id);
  error_b = mean_output_error (&halves, b->id);
  g_assert_cmpfloat (error_a, !=, error_b);
  g_assert_cmpfloat_with_epsilon (error_a, error_b, 0.02 * error_a);
  g_assert_cmpfloat_with_epsilon (a->mean_proxy_loss, b->mean_proxy_loss, 0.02 * a->mean_proxy_loss);
  fixture_remove (folder);
}

/* One run of either kind is not gone on with as the other. */
static void
test_f16_refused (void)
{
  g_autofree char *folder = fixture_folder ();
  g_auto (Sitting) plain = { NULL }, halves = { NULL };
  g_autoptr (SpqrRun) run = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL, cancelled = NULL;

  sitting_init (&plain, folder, "run", BLOCKS, WINDOWS, NULL);
  sitting_init (&halves, folder, "run", BLOCKS, WINDOWS, RECIPE ("\"f16_activations\": true", ""));
  g_cancellable_cancel (cancellable);
  run = sitting_run (&plain, NULL, NULL, cancellable, &cancelled);
  g_assert_error (cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (sitting_run (&halves, NULL, NULL, NULL, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "f16_activations false → true"));
  fixture_remove (folder);
}

static void
test_nearest (void)
{
  g_autofree char *folder = fixture_folder ();
  g_auto (Sitting) sitting = { NULL };
  g_autoptr (SpqrRun) run = NULL;

  sitting_init (&sitting, folder, "rtn", BLOCKS, WINDOWS,
                RECIPE ("\"method\": \"rtn\", \"wbits\": 4, \"groupsize\": 16, \"outlier_threshold\": \"inf\"", ""));
  g_clear_pointer (&sitting.calibration, spqr_calibration_free);
  run = sitting_finish (&sitting);
  g_assert_cmpstr (run->method, ==, "rtn");
  g_assert_null (run->calibration);
  g_assert_cmpuint (run->n_layers_done, ==, 7 * BLOCKS);
  g_assert_cmpfloat (run->outlier_share, ==, 0);
  fixture_remove (folder);
}

static SpqrRunLayer *
find_layer (GPtrArray *layers, const char *name)
{
  for (guint i = 0; i < layers->len; i++)
    if (g_str_equal (((SpqrRunLayer *) layers->pdata[i])->name, name))
      return layers->pdata[i];
  return NULL;
}

static void
test_recipe (void)
{
  g_autofree char *folder = fixture_folder ();
  g_auto (Sitting) sitting = { NULL };
  g_autoptr (SpqrRun) run = NULL;
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (GPtrArray) layers = NULL;

  sitting_init (&sitting, folder, "mixed", BLOCKS, WINDOWS,
                RECIPE ("\"wbits\": 3, \"outlier_threshold\": \"inf\"",
                        "{\"role\": \"down_proj\", \"set\": {\"wbits\": 6}}, {\"blocks\": [1, 1], \"role\": \"q_proj\", \"skip\": true},"
                        "{\"tensor\": \"model.layers.0.self_attn.k_proj.weight\", \"set\": {\"percdamp\": 0.01, \"permutation_order\": \"identity\"}}"));
  run = sitting_finish (&sitting);
  store = spqr_store_open (sitting.database, NULL);
  layers = spqr_store_list_layers (store, run->id, NULL);
  g_assert_cmpuint (layers->len, ==, 7 * BLOCKS - 1);
  g_assert_null (find_layer (layers, "model.layers.1.self_attn.q_proj.weight"));
  g_assert_cmpfloat (find_layer (layers, "model.layers.0.mlp.down_proj.weight")->bits, >,
                     find_layer (layers, "model.layers.0.mlp.up_proj.weight")->bits + 2.5);
  g_assert_cmpfloat (find_layer (layers, "model.layers.0.self_attn.k_proj.weight")->percdamp_used, ==, 0.01);
  g_assert_cmpfloat (find_layer (layers, "model.layers.0.self_attn.q_proj.weight")->percdamp_used, ==, 1);
  fixture_remove (folder);
}

static void
refuse (Sitting *sitting, const char *const *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrRun) run = sitting_run (sitting, NULL, NULL, NULL, &error);

  g_assert_null (run);
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  for (guint i = 0; words[i] != NULL; i++)
    g_assert_nonnull (strstr (error->message, words[i]));
}

#define REFUSE(sitting, ...) refuse (sitting, (const char *const[]) { __VA_ARGS__, NULL })

static void
cancel_in_second_block (double fraction, const char *what, gpointer cancellable)
{
  if (fraction > 0.55)
    g_cancellable_cancel (cancellable);
}

/* An unfinished run whose work is asked for in another way: refused, what differs is named, nothing is touched. */
static void
test_refused_resume (void)
{
  g_autofree char *folder = fixture_folder ();
  g_autofree char *other_path = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_auto (Sitting) first = { NULL }, second = { NULL };
  g_auto (GStrv) before = NULL, after = NULL;
  g_autoptr (SpqrRun) run = NULL;

  sitting_init (&first, folder, "run", BLOCKS, WINDOWS, NULL);
  g_assert_null (sitting_run (&first, cancel_in_second_block, cancellable, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  before = fixture_list (first.folder);
  g_assert_cmpuint (g_strv_length (before), >=, 8);

  sitting_init (&second, folder, "run", BLOCKS, WINDOWS, RECIPE ("\"wbits\": 4", ""));
  REFUSE (&second, first.folder, "wbits", "3", "4");
  sitting_clear (&second);
  sitting_init (&second, folder, "run", BLOCKS, WINDOWS, RECIPE ("", "{\"role\": \"up_proj\", \"skip\": true}"));
  REFUSE (&second, first.folder, "parameters");
  sitting_clear (&second);
  sitting_init (&second, folder, "run", BLOCKS, WINDOWS + 1, NULL);
  REFUSE (&second, "8 windows", "9");
  sitting_clear (&second);
  sitting_init (&second, folder, "run", BLOCKS, WINDOWS, NULL);
  spqr_calibration_free (second.calibration);
  second.calibration = fixture_calibration (WINDOWS, 48, 4);
  REFUSE (&second, "calibration");
  sitting_clear (&second);
  sitting_init (&second, folder, "run", BLOCKS, WINDOWS, NULL);
  g_object_unref (second.model);
  second.model = fixture_model (folder, "other", SPQR_DTYPE_F16, BLOCKS, 12);
  REFUSE (&second, "model");

  after = fixture_list (first.folder);
  g_assert_cmpstrv (before, after);
  run = sitting_finish (&first);
  REFUSE (&first, "finished run");
  fixture_remove (folder);
}

/* A folder that another live run writes to is left alone. */
static void
test_busy_folder (void)
{
  g_autofree char *folder = fixture_folder ();
  g_auto (Sitting) first = { NULL };
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (SpqrRun) run = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  sitting_init (&first, folder, "run", BLOCKS, WINDOWS, NULL);
  g_assert_null (sitting_run (&first, cancel_in_second_block, cancellable, cancellable, &error));
  store = spqr_store_open (first.database, NULL);
  g_assert_true (spqr_store_reopen_run (store, 1, NULL));
  REFUSE (&first, first.folder, "right now");
  fixture_remove (folder);
}

static void
test_spoilt_manifest (void)
{
  g_autofree char *folder = fixture_folder ();
  g_auto (Sitting) sitting = { NULL };
  g_autofree char *path = NULL;
  const char *texts[] = { "", "{", "[]", "{\"spqr_run\": 2}", "{\"spqr_run\": 1, \"run\": \"x\"}" };

  sitting_init (&sitting, folder, "run", BLOCKS, WINDOWS, NULL);
  g_assert_cmpint (g_mkdir (sitting.folder, 0755), ==, 0);
  path = g_build_filename (sitting.folder, SPQR_RUN_MANIFEST, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_assert_true (g_file_set_contents (path, texts[i], -1, NULL));
      REFUSE (&sitting, path);
    }
  fixture_remove (folder);
}

static void
test_nothing_to_do (void)
{
  g_autofree char *folder = fixture_folder ();
  g_auto (Sitting) sitting = { NULL };

  sitting_init (&sitting, folder, "run", BLOCKS, WINDOWS, RECIPE ("", "{\"blocks\": [0, 1], \"skip\": true}"));
  REFUSE (&sitting, "no linear layer");
  g_clear_pointer (&sitting.calibration, spqr_calibration_free);
  g_free (sitting.recipe);
  sitting.recipe = g_strdup (RECIPE ("", ""));
  REFUSE (&sitting, "calibration");
  g_assert_false (g_file_test (sitting.folder, G_FILE_TEST_EXISTS));
  fixture_remove (folder);
}

/* A file where the folder should be. */
static void
test_bad_folder (void)
{
  g_autofree char *folder = fixture_folder ();
  g_auto (Sitting) sitting = { NULL };

  sitting_init (&sitting, folder, "run", BLOCKS, WINDOWS, NULL);
  g_assert_true (g_file_set_contents (sitting.folder, "x", 1, NULL));
  REFUSE (&sitting, sitting.folder);
  fixture_remove (folder);
}

typedef struct { double last; guint calls; gboolean fell; } Progress;

static void
watch (double fraction, const char *what, gpointer user_data)
{
  Progress *progress = user_data;

  progress->fell |= fraction < progress->last || fraction > 1;
  progress->last = fraction;
  progress->calls++;
  g_assert_nonnull (what);
}

static void
test_progress (void)
{
  g_autofree char *folder = fixture_folder ();
  const char *recipes[] = { NULL, RECIPE ("\"true_sequential\": true", "") };

  for (guint i = 0; i < G_N_ELEMENTS (recipes); i++)
    {
      g_auto (Sitting) sitting = { NULL };
      g_autofree char *name = g_strdup_printf ("run-%u", i);
      Progress progress = { 0 };
      g_autoptr (SpqrRun) run = NULL;

      sitting_init (&sitting, folder, name, BLOCKS, WINDOWS, recipes[i]);
      run = sitting_run (&sitting, watch, &progress, NULL, NULL);
      g_assert_nonnull (run);
      g_assert_false (progress.fell);
      g_assert_cmpfloat (progress.last, ==, 1);
      g_assert_cmpuint (progress.calls, >, 20);
    }
  fixture_remove (folder);
}

/* Later blocks are calibrated on what is stored: the stored first block, put into a model, leads to the
 * same second block. */
static void
test_blocks_see_what_is_stored (void)
{
  g_autofree char *folder = fixture_folder ();
  g_auto (Sitting) whole = { NULL }, only_second = { NULL };
  g_autoptr (SpqrRun) a = NULL, b = NULL;

  sitting_init (&whole, folder, "whole", BLOCKS, WINDOWS, NULL);
  sitting_init (&only_second, folder, "second", BLOCKS, WINDOWS, RECIPE ("", "{\"blocks\": [0, 0], \"skip\": true}"));
  a = sitting_finish (&whole);
  b = sitting_finish (&only_second);
  g_assert_cmpuint (b->n_layers_done, ==, 7);
  /* Behind an unquantized first block the second comes out in another way. */
  {
    g_autofree char *x = g_build_filename (whole.folder, "00007-model.layers.1.self_attn.q_proj.weight.spqr", NULL);
    g_autofree char *y = g_build_filename (only_second.folder, "00000-model.layers.1.self_attn.q_proj.weight.spqr", NULL);
    g_autofree char *p = NULL, *q = NULL;
    gsize np, nq;

    g_assert_true (g_file_get_contents (x, &p, &np, NULL));
    g_assert_true (g_file_get_contents (y, &q, &nq, NULL));
    g_assert_false (np == nq && memcmp (p, q, np) == 0);
  }
  fixture_remove (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quantize/threads", test_threads);
  g_test_add_func ("/quantize/held", test_held);
  g_test_add_func ("/quantize/true-sequential", test_true_sequential);
  g_test_add_func ("/quantize/f16-activations", test_f16_activations);
  g_test_add_func ("/quantize/f16-refused", test_f16_refused);
  g_test_add_func ("/quantize/nearest", test_nearest);
  g_test_add_func ("/quantize/recipe", test_recipe);
  g_test_add_func ("/quantize/refused-resume", test_refused_resume);
  g_test_add_func ("/quantize/busy-folder", test_busy_folder);
  g_test_add_func ("/quantize/spoilt-manifest", test_spoilt_manifest);
  g_test_add_func ("/quantize/nothing-to-do", test_nothing_to_do);
  g_test_add_func ("/quantize/bad-folder", test_bad_folder);
  g_test_add_func ("/quantize/progress", test_progress);
  g_test_add_func ("/quantize/blocks-see-what-is-stored", test_blocks_see_what_is_stored);
  return g_test_run ();
}
