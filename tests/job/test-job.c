/* SpqrJob and SpqrJobQueue: states, lanes, who waits for whom, and in which thread a window hears of it. */
#include "job/spqr-job-queue.h"

typedef struct {
  GMutex lock;
  GCond changed;
  gboolean started, let_go, ended;      /* under the lock; of the work */
  gboolean ignores_cancel;
  guint reports;
  GError *error;                        /* what the work is to fail with */
  GThread *worked_in;
} Work;

static guint n_destroyed;
static GThread *main_thread;

static Work *
work_new (void)
{
  Work *work = g_new0 (Work, 1);

  g_mutex_init (&work->lock);
  g_cond_init (&work->changed);
  return work;
}

static void
work_free (gpointer data)
{
  Work *work = data;

  g_assert_true (g_thread_self () == main_thread);
  n_destroyed++;
  g_clear_error (&work->error);
  g_mutex_clear (&work->lock);
  g_cond_clear (&work->changed);
  g_free (work);
}

static void
wake (GCancellable *cancellable, gpointer data)
{
  Work *work = data;

  g_mutex_lock (&work->lock);
  g_cond_broadcast (&work->changed);
  g_mutex_unlock (&work->lock);
}

/* Waits until it is let go or cancelled. */
static gboolean
wait_func (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Work *work = data;
  gulong handler = g_cancellable_connect (cancellable, G_CALLBACK (wake), work, NULL);

  g_mutex_lock (&work->lock);
  work->worked_in = g_thread_self ();
  work->started = TRUE;
  g_cond_broadcast (&work->changed);
  while (!work->let_go && (work->ignores_cancel || !g_cancellable_is_cancelled (cancellable)))
    g_cond_wait (&work->changed, &work->lock);
  work->ended = TRUE;
  g_mutex_unlock (&work->lock);
  g_cancellable_disconnect (cancellable, handler);
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

static gboolean
report_func (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Work *work = data;

  for (guint i = 0; i < work->reports; i++)
    spqr_job_report ((double) i / work->reports, "counting", job);
  /* Progress never goes back. */
  spqr_job_report (0.1, NULL, job);
  g_mutex_lock (&work->lock);
  work->started = TRUE;
  g_cond_broadcast (&work->changed);
  g_mutex_unlock (&work->lock);
  if (work->error == NULL)
    return TRUE;
  g_propagate_error (error, g_error_copy (work->error));
  return FALSE;
}

static void
wait_until_started (Work *work)
{
  g_mutex_lock (&work->lock);
  while (!work->started)
    g_cond_wait (&work->changed, &work->lock);
  g_mutex_unlock (&work->lock);
}

static void
let_go (Work *work)
{
  g_mutex_lock (&work->lock);
  work->let_go = TRUE;
  g_cond_broadcast (&work->changed);
  g_mutex_unlock (&work->lock);
}

static gboolean
too_late (gpointer data)
{
  g_test_message ("two minutes are over");
  *(gboolean *) data = TRUE;
  return G_SOURCE_CONTINUE;
}

static void
iterate_until_ended (SpqrJob *job)
{
  gboolean late = FALSE;
  guint source = g_timeout_add_seconds (120, too_late, &late);

  while (spqr_job_is_active (job) && !late)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);
  g_assert_false (late);
}

/* Everything that was queued for the main context. */
static void
iterate_all (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
count_call (SpqrJob *job, gpointer count)
{
  ++*(guint *) count;
}

static void
count_notify (GObject *object, GParamSpec *pspec, gpointer count)
{
  g_assert_true (g_thread_self () == main_thread);
  ++*(guint *) count;
}

static SpqrJob *
job_new (SpqrJobFunc func, Work *work)
{
  return spqr_job_new ("work", func, work, work_free);
}

static void
test_finished (void)
{
  g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
  Work *work = work_new ();
  g_autoptr (SpqrJob) job = job_new (report_func, work);
  guint n_ended = 0, n_fraction = 0, n_state = 0;

  work->reports = 10000;
  g_assert_cmpint (spqr_job_get_state (job), ==, SPQR_JOB_QUEUED);
  g_assert_true (spqr_job_is_active (job));
  g_assert_cmpfloat (spqr_job_get_seconds_left (job), ==, -1);
  g_signal_connect (job, "ended", G_CALLBACK (count_call), &n_ended);
  g_signal_connect (job, "notify::fraction", G_CALLBACK (count_notify), &n_fraction);
  g_signal_connect (job, "notify::state", G_CALLBACK (count_notify), &n_state);
  spqr_job_queue_submit (queue, SPQR_LANE_INTERACTIVE, job);
  wait_until_started (work);
  /* The work ends while nobody iterates: one notification tells of ten thousand reports. */
  spqr_job_queue_shutdown (queue);
  g_assert_cmpint (spqr_job_get_state (job), ==, SPQR_JOB_QUEUED);
  g_assert_cmpuint (n_fraction, ==, 0);
  iterate_until_ended (job);
  iterate_all ();
  g_assert_cmpint (spqr_job_get_state (job), ==, SPQR_JOB_FINISHED);
  g_assert_cmpfloat (spqr_job_get_fraction (job), ==, 1);
  g_assert_cmpstr (spqr_job_get_message (job), ==, "counting");
  g_assert_cmpuint (n_fraction, ==, 1);
  g_assert_cmpuint (n_state, ==, 1);
  g_assert_cmpuint (n_ended, ==, 1);
  g_assert_null (spqr_job_get_error (job));
}

static void
test_coalesced (void)
{
  g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
  Work *work = work_new ();
  g_autoptr (SpqrJob) job = job_new (report_func, work);
  guint n_fraction = 0;

  work->reports = 200000;
  g_signal_connect (job, "notify::fraction", G_CALLBACK (count_notify), &n_fraction);
  spqr_job_queue_submit (queue, SPQR_LANE_BATCH, job);
  while (spqr_job_is_active (job))
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
  g_assert_cmpint (spqr_job_get_state (job), ==, SPQR_JOB_FINISHED);
  g_assert_cmpuint (n_fraction, <, (guint) work->reports / 10);
  g_assert_cmpuint (n_fraction, >=, 1);
}

static void
test_failed (void)
{
  g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
  Work *work = work_new ();
  g_autoptr (SpqrJob) job = job_new (report_func, work);
  guint n_ended = 0;

  work->error = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_NOSPC, "the disk is full");
  g_signal_connect (job, "ended", G_CALLBACK (count_call), &n_ended);
  spqr_job_queue_submit (queue, SPQR_LANE_EXPORT, job);
  iterate_until_ended (job);
  g_assert_cmpint (spqr_job_get_state (job), ==, SPQR_JOB_FAILED);
  g_assert_error (spqr_job_get_error (job), G_FILE_ERROR, G_FILE_ERROR_NOSPC);
  g_assert_cmpuint (n_ended, ==, 1);
  g_assert_cmpfloat (spqr_job_get_fraction (job), <, 1);
}

static void
test_cancel_running (void)
{
  g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
  Work *work = work_new ();
  g_autoptr (SpqrJob) job = job_new (wait_func, work);

  spqr_job_queue_submit (queue, SPQR_LANE_BATCH, job);
  wait_until_started (work);
  iterate_all ();
  g_assert_cmpint (spqr_job_get_state (job), ==, SPQR_JOB_RUNNING);
  spqr_job_cancel (job);
  spqr_job_cancel (job);
  iterate_until_ended (job);
  g_assert_cmpint (spqr_job_get_state (job), ==, SPQR_JOB_CANCELLED);
  g_assert_null (spqr_job_get_error (job));
  g_assert_true (work->worked_in != g_thread_self ());
}

/* One that waits behind a long one is cancelled at once, and is not run later. */
static void
test_cancel_waiting (void)
{
  g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
  Work *first = work_new (), *second = work_new ();
  g_autoptr (SpqrJob) running = job_new (wait_func, first), waiting = job_new (wait_func, second);
  guint n_ended = 0;

  spqr_job_queue_submit (queue, SPQR_LANE_BATCH, running);
  spqr_job_queue_submit (queue, SPQR_LANE_BATCH, waiting);
  g_signal_connect (waiting, "ended", G_CALLBACK (count_call), &n_ended);
  wait_until_started (first);
  spqr_job_cancel (waiting);
  iterate_until_ended (waiting);
  g_assert_cmpint (spqr_job_get_state (waiting), ==, SPQR_JOB_CANCELLED);
  g_assert_true (spqr_job_is_active (running));
  let_go (first);
  iterate_until_ended (running);
  spqr_job_queue_shutdown (queue);
  iterate_all ();
  g_assert_cmpint (spqr_job_get_state (running), ==, SPQR_JOB_FINISHED);
  g_assert_cmpint (spqr_job_get_state (waiting), ==, SPQR_JOB_CANCELLED);
  g_assert_false (second->started);
  g_assert_cmpuint (n_ended, ==, 1);
}

static void
test_newest_wins (void)
{
  const SpqrLane lanes[] = { SPQR_LANE_PREVIEW, SPQR_LANE_BACKGROUND };

  for (guint l = 0; l < G_N_ELEMENTS (lanes); l++)
    {
      g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
      Work *work[4];
      SpqrJob *jobs[4];
      guint n_ended[4] = { 0 };

      for (int i = 0; i < 4; i++)
        {
          work[i] = work_new ();
          jobs[i] = job_new (wait_func, work[i]);
          g_signal_connect (jobs[i], "ended", G_CALLBACK (count_call), &n_ended[i]);
        }
      /* The first cannot be interrupted, so that the next ones have to wait. */
      work[0]->ignores_cancel = TRUE;
      work[3]->let_go = TRUE;
      spqr_job_queue_submit (queue, lanes[l], jobs[0]);
      wait_until_started (work[0]);
      spqr_job_queue_submit (queue, lanes[l], jobs[1]);
      spqr_job_cancel (jobs[1]);       /* ended once already when it is discarded */
      spqr_job_queue_submit (queue, lanes[l], jobs[2]);
      spqr_job_queue_submit (queue, lanes[l], jobs[3]);
      g_assert_true (g_cancellable_is_cancelled (spqr_job_get_cancellable (jobs[0])));
      let_go (work[0]);
      iterate_until_ended (jobs[3]);
      iterate_all ();
      g_assert_cmpint (spqr_job_get_state (jobs[0]), ==, SPQR_JOB_CANCELLED);
      g_assert_cmpint (spqr_job_get_state (jobs[1]), ==, SPQR_JOB_CANCELLED);
      g_assert_cmpint (spqr_job_get_state (jobs[2]), ==, SPQR_JOB_DISCARDED);
      g_assert_cmpint (spqr_job_get_state (jobs[3]), ==, SPQR_JOB_FINISHED);
      g_assert_false (work[1]->started || work[2]->started);
      for (int i = 0; i < 4; i++)
        {
          g_assert_cmpuint (n_ended[i], ==, 1);
          g_object_unref (jobs[i]);
        }
      g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (queue)), ==, 0);
    }
}

static void
count_items (GListModel *model, guint position, guint removed, guint added, int *n)
{
  *n += (int) added - (int) removed;
}

/* Batch: first come, first served, all listed until they are cleared; lanes do not wait for each other. */
static void
test_batch (void)
{
  g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
  Work *work[3] = { work_new (), work_new (), work_new () };
  SpqrJob *jobs[3];
  int n_items = 0;

  g_signal_connect (queue, "items-changed", G_CALLBACK (count_items), &n_items);
  for (int i = 0; i < 3; i++)
    {
      jobs[i] = job_new (wait_func, work[i]);
      spqr_job_queue_submit (queue, i == 2 ? SPQR_LANE_EXPORT : SPQR_LANE_BATCH, jobs[i]);
    }
  wait_until_started (work[0]);
  wait_until_started (work[2]);
  g_assert_false (work[1]->started);
  g_assert_cmpuint (spqr_job_queue_get_n_active (queue), ==, 3);
  g_assert_cmpint (n_items, ==, 3);
  for (int i = 0; i < 3; i++)
    {
      g_autoptr (SpqrJob) item = g_list_model_get_item (G_LIST_MODEL (queue), i);
      g_assert_true (item == jobs[i]);
    }
  g_assert_null (g_list_model_get_item (G_LIST_MODEL (queue), 3));
  let_go (work[0]);
  iterate_until_ended (jobs[0]);
  wait_until_started (work[1]);
  spqr_job_queue_clear_ended (queue);
  g_assert_cmpint (n_items, ==, 2);
  g_assert_cmpuint (spqr_job_queue_get_n_active (queue), ==, 2);
  let_go (work[1]);
  let_go (work[2]);
  iterate_until_ended (jobs[1]);
  iterate_until_ended (jobs[2]);
  spqr_job_queue_clear_ended (queue);
  g_assert_cmpint (n_items, ==, 0);
  for (int i = 0; i < 3; i++)
    g_object_unref (jobs[i]);
}

static void
test_shutdown (void)
{
  SpqrJobQueue *queue = spqr_job_queue_new ();
  Work *work[4] = { work_new (), work_new (), work_new (), work_new () };
  g_autoptr (SpqrJob) running = job_new (wait_func, work[0]), preview = job_new (wait_func, work[1]);
  g_autoptr (SpqrJob) waiting = job_new (wait_func, work[2]), late = job_new (wait_func, work[3]);

  spqr_job_queue_submit (queue, SPQR_LANE_BATCH, running);
  spqr_job_queue_submit (queue, SPQR_LANE_BATCH, waiting);
  spqr_job_queue_submit (queue, SPQR_LANE_PREVIEW, preview);
  wait_until_started (work[0]);
  wait_until_started (work[1]);
  spqr_job_queue_shutdown (queue);
  /* The threads are gone: what they left is to be seen without any lock. */
  g_assert_true (work[0]->ended && work[1]->ended);
  g_assert_false (work[2]->started);
  spqr_job_queue_submit (queue, SPQR_LANE_BATCH, late);
  spqr_job_queue_shutdown (queue);
  iterate_until_ended (running);
  iterate_until_ended (preview);
  iterate_until_ended (waiting);
  iterate_until_ended (late);
  g_assert_cmpint (spqr_job_get_state (running), ==, SPQR_JOB_CANCELLED);
  g_assert_cmpint (spqr_job_get_state (preview), ==, SPQR_JOB_CANCELLED);
  g_assert_cmpint (spqr_job_get_state (waiting), ==, SPQR_JOB_CANCELLED);
  g_assert_cmpint (spqr_job_get_state (late), ==, SPQR_JOB_DISCARDED);
  g_object_unref (queue);
}

/* Nobody else holds the job: its data go in the main context, after the work. */
static void
test_destroyed_in_main_context (void)
{
  g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
  Work *work = work_new ();
  SpqrJob *job = job_new (wait_func, work);
  guint before = n_destroyed;
  gboolean late = FALSE;
  guint source = g_timeout_add_seconds (120, too_late, &late);

  spqr_job_queue_submit (queue, SPQR_LANE_INTERACTIVE, job);
  g_object_unref (job);
  wait_until_started (work);
  g_assert_cmpuint (n_destroyed, ==, before);
  let_go (work);
  while (n_destroyed == before && !late)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);
  g_assert_cmpuint (n_destroyed, ==, before + 1);
}

/* Cancelling, replacing and finishing at the same moment: every job ends exactly once. */
static void
test_races (void)
{
  g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  guint n_ended[300] = { 0 };
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < G_N_ELEMENTS (n_ended); i++)
    {
      Work *work = work_new ();
      SpqrJob *job = job_new (report_func, work);

      work->reports = g_rand_int_range (random, 0, 200);
      g_ptr_array_add (jobs, job);
      g_signal_connect (job, "ended", G_CALLBACK (count_call), &n_ended[i]);
      spqr_job_queue_submit (queue, i % 2 ? SPQR_LANE_PREVIEW : SPQR_LANE_BATCH, job);
      if (g_rand_boolean (random))
        spqr_job_cancel (jobs->pdata[g_rand_int_range (random, 0, (int) jobs->len)]);
      if (g_rand_int_range (random, 0, 8) == 0)
        iterate_all ();
    }
  for (guint i = 0; i < jobs->len; i++)
    iterate_until_ended (jobs->pdata[i]);
  spqr_job_queue_shutdown (queue);
  iterate_all ();
  for (guint i = 0; i < jobs->len; i++)
    g_assert_cmpuint (n_ended[i], ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  main_thread = g_thread_self ();
  g_test_add_func ("/job/finished", test_finished);
  g_test_add_func ("/job/coalesced", test_coalesced);
  g_test_add_func ("/job/failed", test_failed);
  g_test_add_func ("/job/cancel-running", test_cancel_running);
  g_test_add_func ("/job/cancel-waiting", test_cancel_waiting);
  g_test_add_func ("/job/newest-wins", test_newest_wins);
  g_test_add_func ("/job/batch", test_batch);
  g_test_add_func ("/job/shutdown", test_shutdown);
  g_test_add_func ("/job/destroyed-in-main-context", test_destroyed_in_main_context);
  g_test_add_func ("/job/races", test_races);
  return g_test_run ();
}
