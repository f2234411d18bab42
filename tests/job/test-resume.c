/* A run that is killed at any point and gone on with ends as if it had never stopped: the same bytes in
 * every artifact, the same rows.
 *
 * The program calls itself as `test-resume --sitting FOLDER BLOCKS`, which quantizes and is killed with
 * SIGKILL after a random share of the processor time that a whole sitting takes. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "compute/spqr-pool.h"
#include "sitting.h"

#define N_KILLS 20
#define BLOCKS 3
#define WINDOWS 24

static const char *program;

static int
sit (const char *folder, const char *recipe)
{
  g_auto (Sitting) sitting = { NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrRun) run = NULL;

  spqr_pool_set_default_threads (2);
  sitting_init (&sitting, folder, "killed", BLOCKS, WINDOWS, recipe);
  run = sitting_run (&sitting, NULL, NULL, NULL, &error);
  return run != NULL ? 0 : 1;
}

/* Microseconds of processor time that a clock has counted. */
static gint64
spent (clockid_t clock)
{
  struct timespec time;

  return clock_gettime (clock, &time) == 0 ? time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000 : G_MAXINT64;
}

static gint64
microseconds (struct timeval time)
{
  return time.tv_sec * G_USEC_PER_SEC + time.tv_usec;
}

/* Processor time in microseconds until the child ended, by itself or, when limit is not negative, by SIGKILL then. */
static gint64
run_child (const char *folder, const char *recipe, gint64 limit, gboolean *killed)
{
  pid_t child = fork ();
  struct rusage usage;
  siginfo_t ended = { 0 };
  clockid_t clock;
  int status;

  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      execl (program, program, "--sitting", folder, recipe, (char *) NULL);
      _exit (127);
    }
  if (limit >= 0)
    {
      g_assert_cmpint (clock_getcpuclockid (child, &clock), ==, 0);
      while (spent (clock) < limit && waitid (P_PID, (id_t) child, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0)
        g_usleep (500);
      kill (child, SIGKILL);
    }
  g_assert_cmpint (wait4 (child, &status, 0, &usage), ==, child);
  *killed = WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL;
  g_assert_true (*killed || (WIFEXITED (status) && WEXITSTATUS (status) == 0));
  return microseconds (usage.ru_utime) + microseconds (usage.ru_stime);
}

static guint
count_layers (Sitting *sitting)
{
  g_auto (GStrv) files = fixture_list (sitting->folder);
  guint n = 0;

  for (guint i = 0; files[i] != NULL; i++)
    n += g_str_has_suffix (files[i], ".spqr");
  return n;
}

static void
kill_and_resume (const char *folder, const char *recipe, gint64 limit, Sitting *whole, guint *n_killed)
{
  g_auto (Sitting) sitting = { NULL };
  g_autoptr (SpqrRun) run = NULL;
  gboolean killed;
  guint n;

  run_child (folder, recipe, limit, &killed);
  sitting_init (&sitting, folder, "killed", BLOCKS, WINDOWS, recipe);
  n = count_layers (&sitting);
  g_test_message ("%s after %.3f s of work with %u layers", killed ? "killed" : "ended", limit / 1e6, n);
  *n_killed += killed;
  /* Killed as it was about to leave, it may be finished. */
  if (killed && !sitting_is_finished (&sitting))
    {
      run = sitting_finish (&sitting);
      g_assert_cmpuint (run->n_layers_done, ==, 7 * BLOCKS);
    }
  sitting_compare (whole, &sitting);
  fixture_remove (sitting.folder);
  for (int i = 0; i < 3; i++)
    {
      const char *endings[] = { "", "-wal", "-shm" };
      g_autofree char *path = g_strconcat (sitting.database, endings[i], NULL);
      unlink (path);
    }
}

static void
kill_at_random_points (const char *recipe, guint n_kills, guint32 seed)
{
  g_autofree char *folder = fixture_folder ();
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  g_auto (Sitting) whole = { NULL }, spare = { NULL };
  g_autoptr (SpqrRun) run = NULL;
  gboolean killed;
  gint64 time;
  guint n_killed = 0;

  sitting_init (&whole, folder, "whole", BLOCKS, WINDOWS, recipe);
  run = sitting_finish (&whole);
  /* How long a child takes when nobody kills it. */
  time = run_child (folder, recipe, -1, &killed);
  sitting_init (&spare, folder, "killed", BLOCKS, WINDOWS, recipe);
  sitting_compare (&whole, &spare);
  fixture_remove (spare.folder);
  unlink (spare.database);
  /* One that ended before its time came does not count. */
  for (guint i = 0; n_killed < n_kills && i < 10 * n_kills; i++)
    kill_and_resume (folder, recipe, (gint64) (g_rand_double (random) * (double) time), &whole, &n_killed);
  g_test_message ("%u of %u were killed, a whole sitting takes %.3f s", n_killed, n_kills, time / 1e6);
  g_assert_cmpuint (n_killed, ==, n_kills);
  fixture_remove (folder);
}

static void
test_killed (void)
{
  kill_at_random_points ("{\"spqr_recipe\": 1}", N_KILLS, 20);
}

static void
test_killed_true_sequential (void)
{
  kill_at_random_points ("{\"spqr_recipe\": 1, \"defaults\": {\"true_sequential\": true, \"offload_activations\": true}}", 5, 21);
}

static void
test_killed_f16 (void)
{
  kill_at_random_points ("{\"spqr_recipe\": 1, \"defaults\": {\"f16_activations\": true}}", 5, 22);
}

typedef struct { GCancellable *cancellable; guint calls, cancel_at; gint64 cancelled_at; } Canceller;

static void
cancel_at_nth (double fraction, const char *what, gpointer user_data)
{
  Canceller *canceller = user_data;

  if (canceller->calls++ != canceller->cancel_at)
    return;
  canceller->cancelled_at = spent (CLOCK_PROCESS_CPUTIME_ID);
  g_cancellable_cancel (canceller->cancellable);
}

/* Cancelled at every k-th report: the run says so and goes on to the same end. */
static void
test_cancelled (void)
{
  g_autofree char *folder = fixture_folder ();
  g_auto (Sitting) whole = { NULL };
  g_autoptr (SpqrRun) run = NULL;

  sitting_init (&whole, folder, "whole", BLOCKS, WINDOWS, NULL);
  run = sitting_finish (&whole);
  for (guint at = 1; at < 200; at += 37)
    {
      g_auto (Sitting) sitting = { NULL };
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GError) error = NULL;
      g_autoptr (SpqrRun) cut = NULL, resumed = NULL;
      g_autofree char *name = g_strdup_printf ("cancelled-%u", at);
      Canceller canceller = { cancellable, 0, at, 0 };
      gint64 took;

      sitting_init (&sitting, folder, name, BLOCKS, WINDOWS, NULL);
      cut = sitting_run (&sitting, cancel_at_nth, &canceller, cancellable, &error);
      if (canceller.cancelled_at == 0)
        break;
      g_assert_null (cut);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      took = spent (CLOCK_PROCESS_CPUTIME_ID) - canceller.cancelled_at;
      g_test_message ("report %u: stopped within %.1f ms of work", at, took / 1e3);
      g_assert_cmpint (took, <, 2 * G_USEC_PER_SEC);
      resumed = sitting_finish (&sitting);
      sitting_compare (&whole, &sitting);
    }
  fixture_remove (folder);
}

int
main (int argc, char **argv)
{
  program = argv[0];
  if (argc == 4 && strcmp (argv[1], "--sitting") == 0)
    return sit (argv[2], argv[3]);
  g_test_init (&argc, &argv, NULL);
  spqr_pool_set_default_threads (2);
  g_test_add_func ("/resume/cancelled", test_cancelled);
  g_test_add_func ("/resume/killed", test_killed);
  g_test_add_func ("/resume/killed-true-sequential", test_killed_true_sequential);
  g_test_add_func ("/resume/killed-f16", test_killed_f16);
  return g_test_run ();
}
