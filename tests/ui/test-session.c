/* What a session keeps of tuning, and that it asks the database in a worker. Needs no screen. */
#include <math.h>

#include "session/spqr-session-preflight.h"
#include "session/spqr-session-recipe.h"

#define LONGEST (30 * G_TIME_SPAN_SECOND)

static char *folder, *sample, *database;

#define ITERATE_UNTIL(condition) G_STMT_START { \
    gint64 end_ = g_get_monotonic_time () + LONGEST; \
    while (!(condition)) { \
      g_assert_cmpint (g_get_monotonic_time (), <, end_); \
      if (!g_main_context_iteration (NULL, FALSE)) g_usleep (500); } } G_STMT_END

static void
must_not_fail (SpqrSession *session, const char *title, const char *message)
{
  g_error ("%s: %s", title, message);
}

static SpqrSession *
open_sample (void)
{
  SpqrSession *session = spqr_session_new (database);

  g_assert_no_error ((GError *) spqr_session_get_store_error (session));
  g_signal_connect (session, "failed", G_CALLBACK (must_not_fail), NULL);
  spqr_session_open (session, sample);
  ITERATE_UNTIL (spqr_session_get_model (session) != NULL);
  return session;
}

static void
close_session (SpqrSession *session)
{
  spqr_session_shutdown (session);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_object_unref (session);
}

static SpqrTensor *
layer (SpqrSession *session, const char *role)
{
  SpqrModel *model = spqr_session_get_model (session);

  for (guint i = 0; i < spqr_model_get_n_tensors (model); i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (model, i);

      if (spqr_recipe_wants_tensor (tensor) && g_str_equal (spqr_role_name (spqr_tensor_get_role (tensor)), role))
        return tensor;
    }
  g_assert_not_reached ();
}

static void
tune (SpqrSession *session, const char *preset, int wbits)
{
  SpqrRunParams params = *spqr_session_get_params (session);

  if (preset != NULL)
    {
      params.layer = spqr_preset_lookup (preset)->params.layer;
      spqr_session_set_params (session, &params);
    }
  params.layer.wbits = wbits;
  spqr_session_set_params (session, &params);
}

static int
bits (SpqrSession *session, const char *role)
{
  SpqrTensor *tensor = layer (session, role);
  g_autoptr (SpqrRecipe) recipe = spqr_session_make_recipe (session, spqr_session_get_params (session));
  SpqrParams params;

  return spqr_recipe_resolve (recipe, spqr_tensor_get_name (tensor), spqr_tensor_get_role (tensor), spqr_tensor_get_block (tensor), &params)
         ? params.wbits : 0;
}

static void
count (SpqrSession *session, guint *n)
{
  ++*n;
}

static void
test_recipe (void)
{
  SpqrSession *session = open_sample ();
  g_autoptr (GError) error = NULL;
  guint n = 0;

  g_signal_connect (session, "recipe-changed", G_CALLBACK (count), &n);
  g_assert_null (spqr_session_get_recipe (session));
  tune (session, NULL, 5);
  g_assert_cmpint (bits (session, "q_proj"), ==, 5);             /* without a recipe: what is at hand, everywhere */

  tune (session, "near-lossless", 6);
  g_assert_false (spqr_session_apply (session, SPQR_APPLY_TO_LAYER, FALSE, &error));
  g_assert_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER);
  g_clear_error (&error);
  spqr_session_select (session, layer (session, "down_proj"));
  g_assert_true (spqr_session_apply (session, SPQR_APPLY_TO_ROLE, FALSE, &error));
  g_assert_cmpint (bits (session, "down_proj"), ==, 6);
  g_assert_cmpint (bits (session, "q_proj"), ==, 4);             /* the preset from which tuning began */
  g_assert_cmpuint (n, ==, 1);
  g_assert_true (spqr_session_apply (session, SPQR_APPLY_TO_LAYER, FALSE, &error));
  g_assert_cmpuint (n, ==, 1);                                   /* it is so already: no step to take back */
  g_assert_true (spqr_session_apply (session, SPQR_APPLY_TO_LAYER, TRUE, &error));
  g_assert_cmpint (bits (session, "down_proj"), ==, 0);

  spqr_session_undo_recipe (session);
  g_assert_cmpint (bits (session, "down_proj"), ==, 6);
  spqr_session_undo_recipe (session);
  g_assert_null (spqr_session_get_recipe (session));
  g_assert_false (spqr_session_can_undo_recipe (session));
  spqr_session_redo_recipe (session);
  g_assert_cmpint (bits (session, "down_proj"), ==, 6);
  g_assert_true (spqr_session_apply (session, SPQR_APPLY_TO_ALL, FALSE, &error));
  g_assert_false (spqr_session_can_redo_recipe (session));       /* what was undone is forgotten */
  g_assert_cmpint (bits (session, "q_proj"), ==, 6);
  spqr_session_undo_recipe (session);
  close_session (session);

  /* Another day: the recipe is there, its history is not. */
  session = open_sample ();
  g_assert_nonnull (spqr_session_get_recipe (session));
  g_assert_false (spqr_session_can_undo_recipe (session));
  g_assert_cmpint (bits (session, "down_proj"), ==, 6);
  g_assert_cmpint (bits (session, "q_proj"), ==, 4);
  spqr_session_set_recipe (session, NULL);
  close_session (session);
  session = open_sample ();
  g_assert_null (spqr_session_get_recipe (session));
  close_session (session);
}

/* ---- the database ---- */

static gint64
add_run (SpqrSession *session)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrRun) run = spqr_run_new ();
  SpqrTensor *tensor = layer (session, "q_proj");
  SpqrRunLayer row = { .name = (char *) spqr_tensor_get_name (tensor), .role = (char *) "q_proj", .file = (char *) "x.spqr",
                       .rows = 1, .cols = 1, .bits = 3.5, .bits_stored = 3.6, .output_error = 0.25, .outlier_share = 0.01 };

  run->model_path = g_strdup (sample);
  run->model_name = g_strdup ("sample");
  run->params_json = g_strdup ("{}");
  run->method = g_strdup ("spqr");
  g_assert_true (spqr_store_begin_run (spqr_session_get_store (session), run, &error));
  g_assert_no_error (error);
  g_assert_true (spqr_store_add_layer (spqr_session_get_store (session), run->id, &row, &error));
  g_assert_no_error (error);
  return run->id;
}

static void
test_runs (void)
{
  SpqrSession *session = open_sample ();
  SpqrTensor *tensor = layer (session, "q_proj");
  gint64 id = add_run (session);
  g_autoptr (SpqrRun) run = NULL;
  const char *const tags[] = { "kept", NULL };

  spqr_session_show_run (session, id);
  g_assert_cmpint (spqr_session_get_shown_run (session), ==, 0);         /* not read in here */
  ITERATE_UNTIL (spqr_session_get_shown_run (session) == id);
  g_assert_cmpfloat (spqr_session_get_figures (session, tensor)->output_error, ==, 0.25);
  /* Asked for and given up at once: the answer that still comes is not shown. */
  spqr_session_show_run (session, id);
  spqr_session_show_run (session, 0);
  g_assert_cmpint (spqr_session_get_shown_run (session), ==, 0);
  spqr_session_set_note (session, id, "a note");
  spqr_session_set_tags (session, id, tags);
  do
    {
      g_clear_object (&run);
      run = spqr_store_get_run (spqr_session_get_store (session), id, NULL);
      g_main_context_iteration (NULL, FALSE);
    }
  while (run->tags == NULL);
  g_assert_cmpstr (run->note, ==, "a note");
  g_assert_cmpstr (run->tags[0], ==, "kept");
  g_assert_cmpint (spqr_session_get_shown_run (session), ==, 0);
  g_assert_true (isnan (spqr_session_get_figures (session, tensor)->output_error));
  close_session (session);
}

/* ---- the preflight ---- */

typedef struct { guint serial, n; char *text, *problem; } Told;

static void
take (guint serial, const char *text, const char *problem, gpointer user_data)
{
  Told *told = g_object_get_data (user_data, "told");

  told->serial = serial;
  told->n++;
  g_free (told->text);
  g_free (told->problem);
  told->text = g_strdup (text);
  told->problem = g_strdup (problem);
}

static void
test_preflight (void)
{
  SpqrSession *session = open_sample ();
  SpqrRunParams params = spqr_run_params_default;
  g_autoptr (GObject) owner = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (SpqrRecipe) small = NULL, huge = NULL;
  Told told = { 0 };

  g_object_set_data (owner, "told", &told);
  params.nsamples = 4;
  small = spqr_recipe_new (&params);
  params.nsamples = 1 << 20;
  huge = spqr_recipe_new (&params);
  spqr_session_preflight (session, small, 1, owner, take);
  ITERATE_UNTIL (told.serial == 1);
  g_assert_nonnull (told.text);
  g_assert_null (told.problem);
  for (guint i = 2; i < 20; i++)
    spqr_session_preflight (session, i == 19 ? huge : small, i, owner, take);
  ITERATE_UNTIL (told.serial == 19);
  g_assert_nonnull (told.problem);
  g_assert_cmpuint (told.n, <=, 19);
  /* Who asked is gone: nobody is told. */
  spqr_session_preflight (session, small, 20, owner, take);
  g_clear_object (&owner);
  close_session (session);
  g_assert_cmpuint (told.serial, ==, 19);
  g_free (told.text);
  g_free (told.problem);
}

static void
remove_folder (void)
{
  const char *arguments[] = { "rm", "-r", folder, NULL };

  g_spawn_sync (NULL, (char **) arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int status;

  folder = g_dir_make_tmp ("spqr-session-XXXXXX", &error);
  g_assert_no_error (error);
  g_setenv ("XDG_STATE_HOME", folder, TRUE);
  g_test_init (&argc, &argv, NULL);
  sample = g_build_filename (g_getenv ("SPQR_SOURCE_ROOT") != NULL ? g_getenv ("SPQR_SOURCE_ROOT") : ".", "data", "sample", NULL);
  database = g_build_filename (folder, "runs.db", NULL);
  g_test_add_func ("/session/recipe", test_recipe);
  g_test_add_func ("/session/runs", test_runs);
  g_test_add_func ("/session/preflight", test_preflight);
  status = g_test_run ();
  remove_folder ();
  g_free (sample);
  g_free (database);
  g_free (folder);
  return status;
}
