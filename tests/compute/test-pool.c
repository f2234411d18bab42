/* spqr-pool: every piece once, nesting, several callers, fairness, stopping. */
#include <gio/gio.h>
#include <stdatomic.h>

#include "compute/spqr-cancel.h"
#include "compute/spqr-pool.h"

static void
count_pieces (void *data, size_t begin, size_t end)
{
  atomic_int *done = data;

  for (size_t i = begin; i < end; i++)
    atomic_fetch_add (&done[i], 1);
}

static void
test_every_piece_once (void)
{
  static const size_t sizes[] = { 0, 1, 2, 3, 17, 1000 };
  static const size_t grains[] = { 0, 1, 2, 7, 999, 5000 };

  for (guint threads = 1; threads <= 5; threads++)
    {
      SpqrPool *pool = spqr_pool_new (threads);
      SpqrExec exec = spqr_pool_exec (pool, NULL, NULL);

      g_assert_cmpuint (spqr_pool_get_n_threads (pool), ==, threads);
      for (size_t s = 0; s < G_N_ELEMENTS (sizes); s++)
        for (size_t g = 0; g < G_N_ELEMENTS (grains); g++)
          for (int repeat = 0; repeat < 20; repeat++)
            {
              atomic_int done[1001] = { 0 };

              spqr_exec_for (&exec, sizes[s], grains[g], count_pieces, done);
              for (size_t i = 0; i < G_N_ELEMENTS (done); i++)
                g_assert_cmpint (done[i], ==, i < sizes[s]);
            }
      spqr_pool_free (pool);
    }
}

typedef struct { SpqrExec exec; atomic_int leaves; int depth; } Nest;

static void
nest_range (void *data, size_t begin, size_t end)
{
  Nest *nest = data;

  for (size_t i = begin; i < end; i++)
    if (nest->depth == 0)
      atomic_fetch_add (&nest->leaves, 1);
    else
      {
        Nest inner = { .exec = nest->exec, .depth = nest->depth - 1 };

        spqr_exec_for (&inner.exec, 6, 1, nest_range, &inner);
        atomic_fetch_add (&nest->leaves, inner.leaves);
      }
}

static void
test_nesting (void)
{
  for (guint threads = 1; threads <= 4; threads++)
    {
      SpqrPool *pool = spqr_pool_new (threads);

      for (int repeat = 0; repeat < 50; repeat++)
        {
          Nest nest = { .exec = spqr_pool_exec (pool, NULL, NULL), .depth = 3 };

          spqr_exec_for (&nest.exec, 6, 1, nest_range, &nest);
          g_assert_cmpint (nest.leaves, ==, 6 * 6 * 6 * 6);
        }
      spqr_pool_free (pool);
    }
}

typedef struct { SpqrPool *pool; gint64 sum; int rounds; } Caller;

static void
sum_range (void *data, size_t begin, size_t end)
{
  atomic_llong *sum = data;

  for (size_t i = begin; i < end; i++)
    atomic_fetch_add (sum, (long long) i);
}

static gpointer
caller_main (gpointer data)
{
  Caller *caller = data;
  SpqrExec exec = spqr_pool_exec (caller->pool, NULL, NULL);

  for (int i = 0; i < caller->rounds; i++)
    {
      atomic_llong sum = 0;

      spqr_exec_for (&exec, 100, 3, sum_range, &sum);
      caller->sum += sum;
    }
  return NULL;
}

static void
test_many_callers (void)
{
  SpqrPool *pool = spqr_pool_new (3);
  Caller callers[5];
  GThread *threads[5];

  for (int i = 0; i < 5; i++)
    {
      callers[i] = (Caller) { .pool = pool, .rounds = 2000 };
      threads[i] = g_thread_new ("caller", caller_main, &callers[i]);
    }
  for (int i = 0; i < 5; i++)
    {
      g_thread_join (threads[i]);
      g_assert_cmpint (callers[i].sum, ==, 2000 * 4950);
    }
  spqr_pool_free (pool);
}

typedef struct { SpqrPool *pool; atomic_bool started; GThread *self; atomic_int helped; } Long;

static void
long_range (void *data, size_t begin, size_t end)
{
  Long *job = data;

  atomic_store (&job->started, true);
  if (g_thread_self () != job->self)
    atomic_fetch_add (&job->helped, 1);
  g_usleep (2000);
}

static gpointer
long_main (gpointer data)
{
  Long *job = data;
  SpqrExec exec = spqr_pool_exec (job->pool, NULL, NULL);

  job->self = g_thread_self ();
  spqr_exec_for (&exec, 200, 1, long_range, job);
  return NULL;
}

/* A second caller is helped while the first one's long job runs: the workers are shared out. */
static void
test_fairness (void)
{
  SpqrPool *pool = spqr_pool_new (3);
  Long first = { .pool = pool }, second = { .pool = pool };
  GThread *thread = g_thread_new ("first", long_main, &first);

  while (!first.started)
    g_usleep (100);
  long_main (&second);
  g_thread_join (thread);
  g_assert_cmpint (second.helped, >, 40);
  g_assert_cmpint (first.helped, >, 40);
  spqr_pool_free (pool);
}

static void
cancel_at_ten (void *data, size_t begin, size_t end)
{
  GCancellable *cancellable = data;

  if (begin >= 10)
    g_cancellable_cancel (cancellable);
}

static void
test_cancellable (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  SpqrExec exec = spqr_exec_for_cancellable (cancellable);

  g_assert_false (spqr_exec_should_stop (&exec));
  g_assert_cmpint (spqr_exec_run (&exec, 1000, 1, cancel_at_ten, cancellable), ==, SPQR_CANCELLED);
  g_assert_true (spqr_exec_should_stop (&exec));
  exec = spqr_exec_for_cancellable (NULL);
  g_assert_false (spqr_exec_should_stop (&exec));
  g_assert_cmpint (spqr_exec_run (&exec, 1000, 1, cancel_at_ten, cancellable), ==, SPQR_OK);
}

static void
test_default_pool (void)
{
  SpqrExec exec = spqr_pool_exec (NULL, NULL, NULL);
  atomic_int done[50] = { 0 };

  g_assert_true (exec.pool == spqr_pool_get_default ());
  spqr_exec_for (&exec, 50, 1, count_pieces, done);
  for (int i = 0; i < 50; i++)
    g_assert_cmpint (done[i], ==, 1);
}

typedef struct { SpqrPool *pool; atomic_int inside, most, pieces; } Crowd;

/* Counts who is in at once */
static void
enter (void *data, size_t begin, size_t end)
{
  Crowd *crowd = data;
  int inside = atomic_fetch_add (&crowd->inside, 1) + 1;

  for (int most = crowd->most; inside > most && !atomic_compare_exchange_weak (&crowd->most, &most, inside);)
    ;
  g_usleep (1000);
  atomic_fetch_add (&crowd->pieces, 1);
  atomic_fetch_sub (&crowd->inside, 1);
}

static int
crowd_of (SpqrPool *pool)
{
  SpqrExec exec = spqr_pool_exec (pool, NULL, NULL);
  Crowd crowd = { .pool = pool };

  spqr_exec_for (&exec, 60, 1, enter, &crowd);
  g_assert_cmpint (crowd.pieces, ==, 60);
  return crowd.most;
}

static gpointer
go_up_and_down (gpointer pool)
{
  for (guint n = 1; n <= 200; n++)
    {
      spqr_pool_set_n_threads (pool, 1 + n % 6);
      g_usleep (200);
    }
  return NULL;
}

static void
test_number_of_threads (void)
{
  SpqrPool *pool = spqr_pool_new (4);
  GThread *thread;

  g_assert_cmpint (crowd_of (pool), >, 2);
  spqr_pool_set_n_threads (pool, 2);
  g_assert_cmpuint (spqr_pool_get_n_threads (pool), ==, 2);
  g_assert_cmpint (crowd_of (pool), <=, 2);
  spqr_pool_set_n_threads (pool, 1);
  g_assert_cmpint (crowd_of (pool), ==, 1);
  spqr_pool_set_n_threads (pool, 6);
  g_assert_cmpint (crowd_of (pool), >, 2);
  /* While there is work, nothing is lost or done twice. */
  thread = g_thread_new ("changes", go_up_and_down, pool);
  for (int i = 0; i < 20; i++)
    crowd_of (pool);
  g_thread_join (thread);
  spqr_pool_free (pool);

  spqr_pool_get_default ();
  spqr_pool_set_default_threads (3);
  g_assert_cmpuint (spqr_pool_get_n_threads (spqr_pool_get_default ()), ==, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pool/every-piece-once", test_every_piece_once);
  g_test_add_func ("/pool/nesting", test_nesting);
  g_test_add_func ("/pool/many-callers", test_many_callers);
  g_test_add_func ("/pool/fairness", test_fairness);
  g_test_add_func ("/pool/cancellable", test_cancellable);
  g_test_add_func ("/pool/default", test_default_pool);
  g_test_add_func ("/pool/number-of-threads", test_number_of_threads);
  return g_test_run ();
}
