/* The queue as people use it: holding a job, changing the order of those that wait, cancelling at any
 * point, and previews of several pages side by side. */
#include "job/spqr-job-queue.h"

#define A_WHILE (60 * G_TIME_SPAN_MILLISECOND)
#define LONGEST (120 * G_TIME_SPAN_SECOND)

typedef struct {
  gint steps;              /* how often it has reported; atomic */
  gint n_steps;            /* after how many it ends */
  gint order;              /* when it began, among all */
} Work;

static gint n_begun;

static gboolean
work_func (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Work *work = data;

  work->order = g_atomic_int_add (&n_begun, 1) + 1;
  while (g_atomic_int_get (&work->steps) < work->n_steps)
    {
      spqr_job_report ((double) g_atomic_int_get (&work->steps) / work->n_steps, "step", job);
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      g_atomic_int_inc (&work->steps);
      g_usleep (1000);
    }
  return TRUE;
}

static SpqrJob *
new_job (Work *work)
{
  return spqr_job_new ("work", work_func, work, NULL);
}

static gint64
deadline (void)
{
  return g_get_monotonic_time () + LONGEST;
}

/* Lets the main context go on until then; fails where that takes too long. */
#define ITERATE_UNTIL(condition) G_STMT_START { \
    gint64 end_ = deadline (); \
    while (!(condition)) { \
      g_assert_cmpint (g_get_monotonic_time (), <, end_); \
      if (!g_main_context_iteration (NULL, FALSE)) g_usleep (500); } } G_STMT_END

static void
iterate_for (gint64 duration)
{
  gint64 end = g_get_monotonic_time () + duration;

  while (g_get_monotonic_time () < end)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (500);
}

static void
test_pause (void)
{
  g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
  Work work = { .n_steps = G_MAXINT };
  g_autoptr (SpqrJob) job = new_job (&work);
  gint steps;

  spqr_job_queue_submit (queue, SPQR_LANE_BATCH, job);
  ITERATE_UNTIL (g_atomic_int_get (&work.steps) > 3);
  spqr_job_set_paused (job, TRUE);
  ITERATE_UNTIL (spqr_job_is_parked (job));
  g_assert_true (spqr_job_is_paused (job));
  g_assert_true (spqr_job_is_active (job));
  g_assert_cmpint (spqr_job_get_state (job), ==, SPQR_JOB_RUNNING);
  g_assert_cmpfloat (spqr_job_get_seconds_left (job), ==, -1);
  steps = g_atomic_int_get (&work.steps);
  iterate_for (A_WHILE);
  g_assert_cmpint (g_atomic_int_get (&work.steps), ==, steps);

  spqr_job_set_paused (job, FALSE);
  ITERATE_UNTIL (!spqr_job_is_parked (job) && !spqr_job_is_paused (job));
  g_assert_cmpfloat (spqr_job_get_seconds_parked (job), >=, A_WHILE / 1e6);
  ITERATE_UNTIL (g_atomic_int_get (&work.steps) > steps + 3);
  spqr_job_cancel (job);
  ITERATE_UNTIL (!spqr_job_is_active (job));
  spqr_job_set_paused (job, TRUE);       /* it has ended: nothing to hold */
  iterate_for (A_WHILE);
  g_assert_false (spqr_job_is_paused (job));
}

/* Work in background waits in its reports while something that people look at runs or waits, and only then. */
static void
test_background_holds_back (void)
{
  static const SpqrLane lanes[] = { SPQR_LANE_PREVIEW, SPQR_LANE_INTERACTIVE };
  static const SpqrLane others[] = { SPQR_LANE_BATCH, SPQR_LANE_EXPORT };

  for (guint i = 0; i < G_N_ELEMENTS (lanes); i++)
    {
      g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
      Work figures = { .n_steps = G_MAXINT }, shown = { .n_steps = G_MAXINT }, next = { .n_steps = G_MAXINT }, batch = { .n_steps = G_MAXINT };
      g_autoptr (SpqrJob) background = new_job (&figures), looked_at = new_job (&shown), later = new_job (&next), other = new_job (&batch);
      gint steps;

      spqr_job_queue_submit (queue, others[i], other);
      ITERATE_UNTIL (g_atomic_int_get (&batch.steps) > 0);
      spqr_job_queue_submit (queue, SPQR_LANE_BACKGROUND, background);
      ITERATE_UNTIL (g_atomic_int_get (&figures.steps) > 3);
      g_assert_false (spqr_job_is_held_back (background));

      /* It comes while the background works, and another one before it has ended. */
      spqr_job_queue_submit_for (queue, lanes[i], i == 0 ? "page" : NULL, looked_at);
      ITERATE_UNTIL (spqr_job_is_held_back (background));
      spqr_job_queue_submit_for (queue, lanes[i], i == 0 ? "other page" : NULL, later);
      steps = g_atomic_int_get (&figures.steps);
      ITERATE_UNTIL (g_atomic_int_get (&shown.steps) > 3);
      spqr_job_cancel (looked_at);
      ITERATE_UNTIL (!spqr_job_is_active (looked_at) && g_atomic_int_get (&next.steps) > 3);
      g_assert_true (spqr_job_is_held_back (background));
      g_assert_cmpint (g_atomic_int_get (&figures.steps), ==, steps);
      g_assert_false (spqr_job_is_parked (background));

      spqr_job_cancel (later);
      ITERATE_UNTIL (g_atomic_int_get (&figures.steps) > steps + 3);
      g_assert_false (spqr_job_is_held_back (background));
      spqr_job_queue_shutdown (queue);
      ITERATE_UNTIL (!spqr_job_is_active (background) && !spqr_job_is_active (other));
    }
}

/* It begins to wait at its first report, and can be cancelled there, or with the queue. */
static void
test_held_back_from_the_start (void)
{
  for (int how = 0; how < 2; how++)
    {
      g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
      Work figures = { .n_steps = G_MAXINT }, shown = { .n_steps = G_MAXINT };
      g_autoptr (SpqrJob) background = new_job (&figures), looked_at = new_job (&shown);

      spqr_job_queue_submit (queue, SPQR_LANE_INTERACTIVE, looked_at);
      ITERATE_UNTIL (g_atomic_int_get (&shown.steps) > 0);
      spqr_job_queue_submit (queue, SPQR_LANE_BACKGROUND, background);
      ITERATE_UNTIL (spqr_job_is_held_back (background));
      g_assert_cmpint (g_atomic_int_get (&figures.steps), ==, 0);
      if (how == 0)
        spqr_job_cancel (background);
      else
        spqr_job_queue_shutdown (queue);
      ITERATE_UNTIL (!spqr_job_is_active (background));
      g_assert_cmpint (spqr_job_get_state (background), ==, SPQR_JOB_CANCELLED);
      spqr_job_queue_shutdown (queue);
    }
}

/* Cancelled while it is held, by the job or by its cancellable alone, and by the end of the program. */
static void
test_cancel_paused (void)
{
  for (int how = 0; how < 3; how++)
    {
      g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
      Work work = { .n_steps = G_MAXINT };
      g_autoptr (SpqrJob) job = new_job (&work);

      spqr_job_queue_submit (queue, SPQR_LANE_BATCH, job);
      spqr_job_set_paused (job, TRUE);   /* before it has begun: it is held at its first report */
      ITERATE_UNTIL (spqr_job_is_parked (job));
      g_assert_cmpint (g_atomic_int_get (&work.steps), ==, 0);
      if (how == 0)
        spqr_job_cancel (job);
      else if (how == 1)
        g_cancellable_cancel (spqr_job_get_cancellable (job));
      else
        spqr_job_queue_shutdown (queue);
      ITERATE_UNTIL (!spqr_job_is_active (job));
      g_assert_cmpint (spqr_job_get_state (job), ==, SPQR_JOB_CANCELLED);
      g_assert_false (spqr_job_is_paused (job) || spqr_job_is_parked (job));
      g_assert_cmpint (g_atomic_int_get (&work.steps), ==, 0);
    }
}

/* Cancelled after so many steps, held and let go in between: it ends there, once. */
static void
count (SpqrJob *job, gpointer n)
{
  ++*(guint *) n;
}

static void
test_cancel_anywhere (void)
{
  for (gint at = 0; at < 12; at++)
    {
      g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
      Work work = { .n_steps = G_MAXINT };
      g_autoptr (SpqrJob) job = new_job (&work);
      guint n_ended = 0;

      g_signal_connect (job, "ended", G_CALLBACK (count), &n_ended);
      spqr_job_queue_submit (queue, SPQR_LANE_BATCH, job);
      ITERATE_UNTIL (g_atomic_int_get (&work.steps) >= at);
      spqr_job_set_paused (job, at % 2 == 0);
      spqr_job_set_paused (job, at % 3 == 0);
      spqr_job_cancel (job);
      ITERATE_UNTIL (!spqr_job_is_active (job));
      spqr_job_queue_shutdown (queue);
      iterate_for (0);
      g_assert_cmpint (spqr_job_get_state (job), ==, SPQR_JOB_CANCELLED);
      g_assert_cmpuint (n_ended, ==, 1);
    }
}

static void
count_items (GListModel *model, guint position, guint removed, guint added, guint *n)
{
  g_assert_cmpuint (removed, ==, added);
  g_assert_cmpuint (position + added, <=, g_list_model_get_n_items (model));
  ++*n;
}

static void
assert_listed (SpqrJobQueue *queue, SpqrJob **jobs, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (SpqrJob) item = g_list_model_get_item (G_LIST_MODEL (queue), i);
      g_assert_true (item == jobs[i]);
    }
}

static void
ask_order (SpqrJobQueue *queue, guint position, guint removed, guint added, gboolean *can)
{
  g_autoptr (SpqrJob) job = g_list_model_get_item (G_LIST_MODEL (queue), position);

  *can = spqr_job_queue_can_move (queue, job, TRUE);
}

/* Who hears of a new job finds it waiting. */
static void
test_listed_when_it_waits (void)
{
  g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
  Work work[3] = { { .n_steps = G_MAXINT }, { .n_steps = 1 }, { .n_steps = 1 } };
  gboolean can = FALSE;

  for (int i = 0; i < 3; i++)
    {
      g_autoptr (SpqrJob) job = new_job (&work[i]);

      if (i == 2)
        g_signal_connect (queue, "items-changed", G_CALLBACK (ask_order), &can);
      spqr_job_queue_submit (queue, SPQR_LANE_BATCH, job);
      ITERATE_UNTIL (g_atomic_int_get (&work[0].steps) > 0);
    }
  g_assert_true (can);
  spqr_job_queue_shutdown (queue);
  iterate_for (A_WHILE);
}

/* Those that wait are done in the order in which they are listed; an export between them is passed over. */
static void
test_reorder (void)
{
  g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
  Work work[5] = { { .n_steps = G_MAXINT }, { .n_steps = 2 }, { .n_steps = G_MAXINT }, { .n_steps = 2 }, { .n_steps = 2 } };
  SpqrJob *jobs[5];
  guint n_changes = 0;

  g_atomic_int_set (&n_begun, 0);
  for (int i = 0; i < 5; i++)
    {
      jobs[i] = new_job (&work[i]);
      spqr_job_queue_submit (queue, i == 2 ? SPQR_LANE_EXPORT : SPQR_LANE_BATCH, jobs[i]);
    }
  ITERATE_UNTIL (g_atomic_int_get (&work[0].steps) > 0 && g_atomic_int_get (&work[2].steps) > 0);
  g_signal_connect (queue, "items-changed", G_CALLBACK (count_items), &n_changes);
  g_assert_false (spqr_job_queue_can_move (queue, jobs[0], FALSE));      /* it runs */
  g_assert_false (spqr_job_queue_can_move (queue, jobs[1], TRUE));       /* the first of those that wait */
  g_assert_false (spqr_job_queue_move (queue, jobs[1], TRUE));
  g_assert_true (spqr_job_queue_can_move (queue, jobs[1], FALSE));
  g_assert_false (spqr_job_queue_can_move (queue, jobs[4], FALSE));
  g_assert_cmpuint (n_changes, ==, 0);

  g_assert_true (spqr_job_queue_move (queue, jobs[4], TRUE));            /* before 3 */
  g_assert_true (spqr_job_queue_move (queue, jobs[4], TRUE));            /* before 1 */
  g_assert_cmpuint (n_changes, ==, 2);
  assert_listed (queue, (SpqrJob *[]) { jobs[0], jobs[4], jobs[2], jobs[1], jobs[3] }, 5);
  g_assert_true (spqr_job_queue_move (queue, jobs[1], FALSE));           /* behind 3 */
  assert_listed (queue, (SpqrJob *[]) { jobs[0], jobs[4], jobs[2], jobs[3], jobs[1] }, 5);

  spqr_job_cancel (jobs[0]);
  spqr_job_cancel (jobs[2]);
  for (int i = 0; i < 5; i++)
    ITERATE_UNTIL (!spqr_job_is_active (jobs[i]));
  g_assert_cmpint (work[4].order, <, work[3].order);
  g_assert_cmpint (work[3].order, <, work[1].order);
  g_assert_false (spqr_job_queue_move (queue, jobs[1], TRUE));           /* it has ended */
  for (int i = 0; i < 5; i++)
    g_object_unref (jobs[i]);
}

/* By the pointer a job goes any number of places at once, over cancelled ones, and not where something runs. */
static void
test_move_to (void)
{
  g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
  Work work[6] = { { .n_steps = G_MAXINT }, { .n_steps = 1 }, { .n_steps = 1 }, { .n_steps = 1 }, { .n_steps = 1 }, { .n_steps = 1 } };
  SpqrJob *jobs[6];

  g_atomic_int_set (&n_begun, 0);
  for (int i = 0; i < 6; i++)
    {
      jobs[i] = new_job (&work[i]);
      spqr_job_queue_submit (queue, SPQR_LANE_BATCH, jobs[i]);
    }
  ITERATE_UNTIL (g_atomic_int_get (&work[0].steps) > 0);
  spqr_job_cancel (jobs[3]);
  ITERATE_UNTIL (!spqr_job_is_active (jobs[3]));
  g_assert_true (spqr_job_queue_move_to (queue, jobs[5], jobs[1]));       /* to the front: 5 1 2 4 */
  g_assert_true (spqr_job_queue_move_to (queue, jobs[1], jobs[4]));       /* behind the last: 5 2 4 1 */
  g_assert_false (spqr_job_queue_move_to (queue, jobs[2], jobs[2]));
  g_assert_false (spqr_job_queue_move_to (queue, jobs[2], jobs[0]));      /* that one runs */
  g_assert_false (spqr_job_queue_move_to (queue, jobs[0], jobs[2]));
  g_assert_false (spqr_job_queue_move_to (queue, jobs[3], jobs[2]));      /* this one is cancelled */
  assert_listed (queue, (SpqrJob *[]) { jobs[0], jobs[5], jobs[2], jobs[3], jobs[4], jobs[1] }, 6);
  spqr_job_cancel (jobs[0]);
  for (int i = 0; i < 6; i++)
    ITERATE_UNTIL (!spqr_job_is_active (jobs[i]));
  g_assert_cmpint (work[5].order, <, work[2].order);
  g_assert_cmpint (work[2].order, <, work[4].order);
  g_assert_cmpint (work[4].order, <, work[1].order);
  for (int i = 0; i < 6; i++)
    g_object_unref (jobs[i]);
}

/* One that was cancelled while it waited is no place to move to. */
static void
test_reorder_past_cancelled (void)
{
  g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
  Work work[4] = { { .n_steps = G_MAXINT }, { .n_steps = 2 }, { .n_steps = 2 }, { .n_steps = 2 } };
  SpqrJob *jobs[4];

  g_atomic_int_set (&n_begun, 0);
  for (int i = 0; i < 4; i++)
    {
      jobs[i] = new_job (&work[i]);
      spqr_job_queue_submit (queue, SPQR_LANE_BATCH, jobs[i]);
    }
  ITERATE_UNTIL (g_atomic_int_get (&work[0].steps) > 0);
  spqr_job_cancel (jobs[2]);
  ITERATE_UNTIL (!spqr_job_is_active (jobs[2]));
  g_assert_false (spqr_job_queue_can_move (queue, jobs[2], TRUE));
  g_assert_true (spqr_job_queue_move (queue, jobs[3], TRUE));
  g_assert_false (spqr_job_queue_can_move (queue, jobs[3], TRUE));
  spqr_job_cancel (jobs[0]);
  ITERATE_UNTIL (!spqr_job_is_active (jobs[1]) && !spqr_job_is_active (jobs[3]));
  g_assert_cmpint (work[3].order, <, work[1].order);
  g_assert_cmpint (work[2].order, ==, 0);
  for (int i = 0; i < 4; i++)
    g_object_unref (jobs[i]);
}

/* The newest preview of a page takes the place of that page's, and of nobody else's. */
static void
test_owners (void)
{
  g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
  Work work[3] = { { .n_steps = G_MAXINT }, { .n_steps = G_MAXINT }, { .n_steps = G_MAXINT } };
  g_autoptr (SpqrJob) layer = new_job (&work[0]), compare = new_job (&work[1]), newer = new_job (&work[2]);

  spqr_job_queue_submit_for (queue, SPQR_LANE_PREVIEW, &work[0], layer);
  spqr_job_queue_submit_for (queue, SPQR_LANE_PREVIEW, &work[1], compare);
  ITERATE_UNTIL (g_atomic_int_get (&work[0].steps) > 1 && g_atomic_int_get (&work[1].steps) > 1);
  spqr_job_queue_submit_for (queue, SPQR_LANE_PREVIEW, &work[1], newer);
  ITERATE_UNTIL (!spqr_job_is_active (compare) && g_atomic_int_get (&work[2].steps) > 1);
  g_assert_cmpint (spqr_job_get_state (compare), ==, SPQR_JOB_CANCELLED);
  iterate_for (A_WHILE);
  g_assert_cmpint (spqr_job_get_state (layer), ==, SPQR_JOB_RUNNING);
  g_assert_cmpint (spqr_job_get_state (newer), ==, SPQR_JOB_RUNNING);
  spqr_job_queue_shutdown (queue);
  ITERATE_UNTIL (!spqr_job_is_active (layer) && !spqr_job_is_active (newer));
}

/* Owners that come and go, and ask again at the moment in which their thread ends. */
static void
test_many_owners (void)
{
  g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
  Work work[400] = { 0 };
  SpqrJob *jobs[G_N_ELEMENTS (work)];
  char owners[7];

  for (guint i = 0; i < G_N_ELEMENTS (work); i++)
    {
      work[i].n_steps = (gint) (i % 3);
      jobs[i] = new_job (&work[i]);
      spqr_job_queue_submit_for (queue, SPQR_LANE_PREVIEW, &owners[i % G_N_ELEMENTS (owners)], jobs[i]);
      g_usleep (i % 5 * 300);
    }
  for (guint i = 0; i < G_N_ELEMENTS (work); i++)
    {
      ITERATE_UNTIL (!spqr_job_is_active (jobs[i]));
      if (i + G_N_ELEMENTS (owners) >= G_N_ELEMENTS (work))
        g_assert_cmpint (spqr_job_get_state (jobs[i]), ==, SPQR_JOB_FINISHED);
    }
  for (guint i = 0; i < G_N_ELEMENTS (work); i++)
    g_object_unref (jobs[i]);
}

static void
count_notify (GObject *object, GParamSpec *pspec, guint *n)
{
  ++*n;
}

/* However fast the work reports, it is shown about ten times a second, and the end at once. */
static void
test_seldom (void)
{
  g_autoptr (SpqrJobQueue) queue = spqr_job_queue_new ();
  Work work = { .n_steps = 600 };
  g_autoptr (SpqrJob) job = new_job (&work);
  gint64 began = g_get_monotonic_time ();
  guint n = 0;
  double seconds;

  g_signal_connect (job, "notify::fraction", G_CALLBACK (count_notify), &n);
  spqr_job_queue_submit (queue, SPQR_LANE_BATCH, job);
  ITERATE_UNTIL (!spqr_job_is_active (job));
  seconds = (g_get_monotonic_time () - began) / 1e6;
  g_assert_cmpuint (n, >=, 3);
  g_assert_cmpuint (n, <=, (guint) (seconds * 10) + 4);
  g_assert_cmpfloat (spqr_job_get_fraction (job), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/job-queue/pause", test_pause);
  g_test_add_func ("/job-queue/background-holds-back", test_background_holds_back);
  g_test_add_func ("/job-queue/held-back-from-the-start", test_held_back_from_the_start);
  g_test_add_func ("/job-queue/cancel-paused", test_cancel_paused);
  g_test_add_func ("/job-queue/cancel-anywhere", test_cancel_anywhere);
  g_test_add_func ("/job-queue/listed-when-it-waits", test_listed_when_it_waits);
  g_test_add_func ("/job-queue/reorder", test_reorder);
  g_test_add_func ("/job-queue/reorder-past-cancelled", test_reorder_past_cancelled);
  g_test_add_func ("/job-queue/move-to", test_move_to);
  g_test_add_func ("/job-queue/owners", test_owners);
  g_test_add_func ("/job-queue/many-owners", test_many_owners);
  g_test_add_func ("/job-queue/seldom", test_seldom);
  return g_test_run ();
}
