/* What a session keeps of tuning, and that it asks the database in a worker. Needs no screen. */
#include <math.h>
#include <sqlite3.h>
#include <string.h>

#include "session/spqr-session-preflight.h"
#include "session/spqr-session-private.h"
#include "session/spqr-session-recipe.h"
#include "session/spqr-session-waiting.h"
#include "session/spqr-waiting-keeper.h"

#define LONGEST (120 * G_TIME_SPAN_SECOND)

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
  spqr_session_preflight (session, small, NULL, 1, owner, take);
  ITERATE_UNTIL (told.serial == 1);
  g_assert_nonnull (told.text);
  g_assert_null (told.problem);
  for (guint i = 2; i < 20; i++)
    spqr_session_preflight (session, i == 19 ? huge : small, NULL, i, owner, take);
  ITERATE_UNTIL (told.serial == 19);
  g_assert_nonnull (told.problem);
  g_assert_cmpuint (told.n, <=, 19);
  /* Who asked is gone: nobody is told. */
  spqr_session_preflight (session, small, NULL, 20, owner, take);
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

/* ---- runs ---- */

static SpqrRun *
store_run (SpqrSession *session, const char *recipe)
{
  SpqrStore *store = spqr_session_get_store (session);
  SpqrRun *run = spqr_run_new ();

  run->model_name = g_strdup ("sample");
  run->model_path = g_strdup (sample);
  run->params_json = g_strdup (recipe);
  g_assert_true (spqr_store_begin_run (store, run, NULL));
  run->state = SPQR_RUN_FINISHED;
  g_assert_true (spqr_store_finish_run (store, run, NULL));
  return run;
}

/* A run's parameters and rules are at hand, at the layer that was asked for; a model that is on its way is waited for. */
static void
test_use_run (void)
{
  SpqrSession *session = open_sample ();
  g_autoptr (SpqrRun) run = store_run (session, "{\"spqr_recipe\": 1, \"defaults\": {\"wbits\": 5, \"seed\": 7}, "
                                                "\"overrides\": [{\"role\": \"down_proj\", \"set\": {\"wbits\": 2}}]}");
  g_autoptr (SpqrRun) plain = store_run (session, "{\"spqr_recipe\": 1, \"defaults\": {\"wbits\": 6}}");
  SpqrTensor *down = layer (session, "down_proj");
  guint n_done = 0;

  g_signal_connect_swapped (session, "done", G_CALLBACK (g_atomic_int_inc), &n_done);
  spqr_session_use_run (session, run, spqr_tensor_get_name (down));
  g_assert_cmpuint (n_done, ==, 1);
  g_assert_true (spqr_session_get_tensor (session) == down);
  g_assert_cmpint (spqr_session_get_params (session)->layer.wbits, ==, 5);
  g_assert_cmpint ((int) spqr_session_get_params (session)->seed, ==, 7);
  g_assert_cmpint (bits (session, "down_proj"), ==, 2);
  g_assert_cmpint (bits (session, "q_proj"), ==, 5);
  /* One without rules takes the recipe away; undo brings it back. */
  spqr_session_use_run (session, plain, NULL);
  g_assert_null (spqr_session_get_recipe (session));
  g_assert_cmpint (bits (session, "down_proj"), ==, 6);
  spqr_session_undo_recipe (session);
  g_assert_cmpint (bits (session, "down_proj"), ==, 2);
  /* A rule that begins now builds on the run's parameters. */
  spqr_session_use_run (session, plain, NULL);
  tune (session, NULL, 7);
  g_assert_true (spqr_session_apply (session, SPQR_APPLY_TO_LAYER, FALSE, NULL));
  g_assert_cmpint (bits (session, "q_proj"), ==, 6);
  /* While it opens. */
  spqr_session_open (session, sample);
  spqr_session_use_run (session, run, NULL);
  g_assert_cmpuint (n_done, ==, 3);
  ITERATE_UNTIL (n_done == 4);
  g_assert_cmpint (bits (session, "down_proj"), ==, 2);
  close_session (session);
}

static void
on_failed_with (SpqrSession *session, const char *title, const char *message, char **kept)
{
  g_free (*kept);
  *kept = g_strdup (message);
}

/* Neither keeps the window waiting; a run that is under way is not removed, and it is said. */
static void
test_remove_run (void)
{
  SpqrSession *session = spqr_session_new (database);
  SpqrStore *store = spqr_session_get_store (session);
  g_autoptr (SpqrRun) run = store_run (session, "{}"), running = spqr_run_new ();
  g_autofree char *message = NULL, *nothing = g_build_filename (folder, "nothing", NULL);

  g_signal_connect (session, "failed", G_CALLBACK (on_failed_with), &message);
  spqr_session_remove_run (session, run->id, TRUE);
  ITERATE_UNTIL (spqr_store_get_run (store, run->id, NULL) == NULL);
  running->model_name = g_strdup ("sample");
  g_assert_true (spqr_store_begin_run (store, running, NULL));
  spqr_session_remove_run (session, running->id, FALSE);
  ITERATE_UNTIL (message != NULL);
  g_assert_nonnull (strstr (message, "still running"));
  g_clear_pointer (&message, g_free);
  spqr_session_import_run (session, nothing);
  ITERATE_UNTIL (message != NULL);
  g_assert_nonnull (strstr (message, "no such folder"));
  running->state = SPQR_RUN_CANCELLED;
  g_assert_true (spqr_store_finish_run (store, running, NULL));
  close_session (session);
}

/* ---- jobs that wait ---- */

static gint held;

static gboolean
hold (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  while (!g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      g_atomic_int_set (&held, 1);
      g_usleep (1000);
    }
  return FALSE;
}

/* Fills the lane, so that what comes after it waits. */
static SpqrJob *
block_lane (SpqrSession *session)
{
  SpqrJob *job = spqr_job_new ("holds the lane", hold, NULL, NULL);

  g_atomic_int_set (&held, 0);
  spqr_job_queue_submit (spqr_session_get_jobs (session), SPQR_LANE_BATCH, job);
  ITERATE_UNTIL (g_atomic_int_get (&held) == 1);
  return job;
}

/* As if the process had ended. */
static void
bury (void)
{
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open (database, &db), ==, SQLITE_OK);
  sqlite3_busy_timeout (db, LONGEST / G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (sqlite3_exec (db, "UPDATE waiting SET owner_start = owner_start - 1", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);
}

static guint
n_kept (SpqrSession *session)
{
  g_autoptr (GPtrArray) jobs = NULL;

  bury ();
  jobs = spqr_store_list_waiting (spqr_session_get_store (session), NULL);
  return jobs->len;
}

static SpqrJob *
find_job (SpqrSession *session, const char *title)
{
  GListModel *jobs = G_LIST_MODEL (spqr_session_get_jobs (session));

  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr (SpqrJob) job = g_list_model_get_item (jobs, i);

      if (g_str_equal (spqr_job_get_title (job), title))
        return job;          /* the queue keeps it */
    }
  return NULL;
}

static void
submit_all (SpqrSession *session, SpqrRun *run)
{
  static const char *const names[] = { "piqa", NULL };
  const SpqrEvaluateChoices choices = { .seqlen = 64, .max_windows = 3, .with_kl = TRUE };
  const SpqrTaskChoices tasks = { .names = names, .data = "/tasks", .scoring = SPQR_SCORING_HARNESS, .limit = 5 };

  tune (session, NULL, 2);
  spqr_session_quantize (session, NULL);
  spqr_session_evaluate (session, run, "/texts/a text.txt", &choices);
  spqr_session_evaluate_tasks (session, run, &tasks);
  spqr_session_set_calibration (session, "/texts/a text.txt");
  spqr_session_calibrate (session, TRUE);
  spqr_session_resume (session, run->id);
}

/* What waits is kept as it changes and when the program ends; what a person cancels is not. */
static void
test_keep_waiting (void)
{
  SpqrSession *session = open_sample (), *later;
  g_autoptr (SpqrWaitingKeeper) keeper = spqr_waiting_keeper_new (spqr_session_get_jobs (session), spqr_session_get_store (session));
  g_autoptr (SpqrRun) run = store_run (session, "{}");
  g_autoptr (SpqrJob) first = block_lane (session), again = NULL;
  g_autoptr (GPtrArray) kept = NULL;
  g_auto (GStrv) requests = g_new0 (char *, 6);

  submit_all (session, run);
  for (guint i = 0; i < 5; i++)
    requests[i] = g_strdup (spqr_job_get_request (g_list_model_get_item (G_LIST_MODEL (spqr_session_get_jobs (session)), i + 1)));
  ITERATE_UNTIL (n_kept (session) == 5);
  spqr_job_cancel (g_list_model_get_item (G_LIST_MODEL (spqr_session_get_jobs (session)), 5));
  ITERATE_UNTIL (n_kept (session) == 9);        /* the five that were buried, and four of now */
  spqr_waiting_keeper_finish (keeper);
  close_session (session);

  later = spqr_session_new (database);
  g_signal_connect (later, "failed", G_CALLBACK (must_not_fail), NULL);
  bury ();
  kept = spqr_store_list_waiting (spqr_session_get_store (later), NULL);
  g_assert_cmpuint (kept->len, ==, 13);          /* and the four that were written at the end */
  again = block_lane (later);
  for (guint i = 9; i < 13; i++)
    {
      const SpqrWaitingJob *waiting = kept->pdata[i];

      g_assert_cmpstr (waiting->request, ==, requests[i - 9]);
      spqr_session_start_waiting (later, waiting->id);
      ITERATE_UNTIL (find_job (later, waiting->title) != NULL);
      /* The same again: with all that it was asked for. */
      g_assert_cmpstr (spqr_job_get_request (find_job (later, waiting->title)), ==, waiting->request);
    }
  /* What a calibration finds is for a model that is open. */
  g_assert_true (spqr_session_is_about (later, sample) && spqr_session_get_model (later) != NULL);
  for (guint i = 0; i < 9; i++)
    spqr_session_drop_waiting (later, ((SpqrWaitingJob *) kept->pdata[i])->id);
  ITERATE_UNTIL (n_kept (later) == 0);
  close_session (later);
}

/* What another version wrote is no crash, and is said. */
static void
test_strange_waiting (void)
{
  static const char *const requests[] = { "", "nonsense", "{'kind': <'dance'>}", "{'kind': <7>}", "{'kind': <'quantize'>, 'model': <b'x'>}",
                                          "{'kind': <'evaluate'>, 'run': <'one'>}", "{'kind': <'tasks'>, 'run': <int64 1>, 'names': <['piqa']>, 'scoring': <'guess'>}",
                                          "{'kind': <'export'>, 'run': <int64 1>}", "{'kind': <'resume'>}", "{'kind': <'calibrate'>}",
                                          "{'kind': <'calibrate'>, 'model': <b''>, 'params': <'{}'>}" };
  SpqrSession *session = spqr_session_new (database);
  SpqrStore *store = spqr_session_get_store (session);
  g_autofree char *message = NULL;

  g_signal_connect (session, "failed", G_CALLBACK (on_failed_with), &message);
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_autoptr (GPtrArray) jobs = g_ptr_array_new (), kept = NULL;
      SpqrWaitingJob job = { 0, (char *) "strange", (char *) requests[i] };

      g_ptr_array_add (jobs, &job);
      g_assert_true (spqr_store_keep_waiting (store, jobs, NULL));
      bury ();
      kept = spqr_store_list_waiting (store, NULL);
      g_assert_cmpuint (kept->len, ==, 1);
      g_clear_pointer (&message, g_free);
      spqr_session_start_waiting (session, ((SpqrWaitingJob *) kept->pdata[0])->id);
      ITERATE_UNTIL (message != NULL);
      g_assert_nonnull (strstr (message, "not understood"));
      g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (spqr_session_get_jobs (session))), ==, 0);
    }
  close_session (session);
}

/* Something that a person looks at, until it is let go. */
static gboolean
look (SpqrJob *job, gpointer go_on, GCancellable *cancellable, GError **error)
{
  while (!g_atomic_int_get ((int *) go_on))
    g_usleep (500);
  return TRUE;
}

/* The survey of the weights makes way in the middle of a tensor, not after it: one of 32000 x 4096 would keep whoever
 * chose a layer waiting. Then it does the rest. */
static void
test_survey_makes_way (void)
{
  SpqrSession *session = spqr_session_new (database);
  g_autoptr (SpqrJob) looking = NULL;
  SpqrTensor *first;
  int go_on = 0;

  looking = spqr_job_new ("looking", look, &go_on, NULL);
  spqr_job_queue_submit_for (spqr_session_get_jobs (session), SPQR_LANE_PREVIEW, "page", looking);
  spqr_session_open (session, sample);
  ITERATE_UNTIL (session->stats_job != NULL && spqr_job_is_held_back (session->stats_job));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  first = spqr_model_get_tensor (spqr_session_get_model (session), 0);
  g_assert_null (spqr_session_get_stats (session, first));
  g_atomic_int_set (&go_on, 1);
  ITERATE_UNTIL (!spqr_job_is_active (session->stats_job));
  g_assert_cmpint (spqr_job_get_state (session->stats_job), ==, SPQR_JOB_FINISHED);
  ITERATE_UNTIL (g_hash_table_size (session->stats) == spqr_model_get_n_tensors (spqr_session_get_model (session)));
  close_session (session);
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
  g_test_add_func ("/session/use-run", test_use_run);
  g_test_add_func ("/session/remove-run", test_remove_run);
  g_test_add_func ("/session/keep-waiting", test_keep_waiting);
  g_test_add_func ("/session/strange-waiting", test_strange_waiting);
  g_test_add_func ("/session/survey-makes-way", test_survey_makes_way);
  status = g_test_run ();
  remove_folder ();
  g_free (sample);
  g_free (database);
  g_free (folder);
  return status;
}
