/* test-faults.c: killed processes, several of them at once, no permission, no room. */
#include <errno.h>
#include <glib.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/spqr-process-private.h"
#include "store-fixture.h"

static char *self_path;

/* ---- other processes: this program with --child MODE PATH. They print a line a step. ---- */

/* Adds layers until killed. */
static int
child_add_forever (const char *path)
{
  SpqrStore *store = open_store (path);
  SpqrRun *run = begin_run (store, "child");

  for (int i = 0;; i++)
    {
      g_autofree char *name = g_strdup_printf ("layer %d", i);

      if (!add_layer (store, run->id, name, i, NULL))
        return 1;
      printf ("%" G_GINT64_FORMAT " %d\n", run->id, i);
      fflush (stdout);
    }
}

/* Begins a run and waits for the end of stdin. */
static int
child_hold (const char *path)
{
  SpqrStore *store = open_store (path);
  SpqrRun *run = begin_run (store, "held");

  printf ("%" G_GINT64_FORMAT " 0\n", run->id);
  fflush (stdout);
  while (getchar () != EOF)
    ;
  return 0;
}

/* Twenty runs of ten layers. */
static int
child_write (const char *path)
{
  SpqrStore *store = open_store (path);

  for (int i = 0; i < 20; i++)
    {
      g_autoptr (SpqrRun) run = begin_run (store, "writer");

      for (int j = 0; j < 10; j++)
        {
          g_autofree char *name = g_strdup_printf ("%d", j);

          if (!add_layer (store, run->id, name, j, NULL))
            return 1;
        }
      finish_run (store, run, SPQR_RUN_FINISHED);
    }
  g_object_unref (store);
  return 0;
}

typedef struct { GPid pid; int in, out; FILE *lines; } Child;

static void
child_start (Child *child, const char *mode, const char *path)
{
  char *argv[] = { self_path, (char *) "--child", (char *) mode, (char *) path, NULL };
  g_autoptr (GError) error = NULL;

  g_spawn_async_with_pipes (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &child->pid, &child->in,
                            &child->out, NULL, &error);
  g_assert_no_error (error);
  child->lines = fdopen (child->out, "r");
}

static gint64
child_read_line (Child *child, int *second)
{
  char line[64];

  g_assert_nonnull (fgets (line, sizeof line, child->lines));
  *second = atoi (strchr (line, ' '));
  return g_ascii_strtoll (line, NULL, 10);
}

static int
child_wait (Child *child)
{
  int status;

  g_assert_cmpint (waitpid (child->pid, &status, 0), ==, child->pid);
  fclose (child->lines);
  return status;
}

/* ---- killed ---- */

static void
assert_consistent (const char *path)
{
  sqlite3 *db;
  sqlite3_stmt *stmt;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_prepare_v2 (db, "PRAGMA integrity_check", -1, &stmt, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (stmt), ==, SQLITE_ROW);
  g_assert_cmpstr ((const char *) sqlite3_column_text (stmt, 0), ==, "ok");
  sqlite3_finalize (stmt);
  g_assert_cmpint (sqlite3_prepare_v2 (db, "PRAGMA foreign_key_check", -1, &stmt, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (stmt), ==, SQLITE_DONE);
  sqlite3_finalize (stmt);
  sqlite3_close (db);
}

static void
test_killed (Fixture *fixture, gconstpointer data)
{
  for (int round = 0; round < 8; round++)
    {
      Child child;
      siginfo_t ended;
      gint64 id = 0;
      int last = -1;
      int enough = g_test_rand_int_range (1, 200);
      g_autoptr (SpqrStore) store = NULL;
      g_autoptr (SpqrRun) run = NULL;
      g_autoptr (GPtrArray) layers = NULL;
      g_autoptr (GError) error = NULL;

      child_start (&child, "add-forever", fixture->path);
      while (last < enough)
        id = child_read_line (&child, &last);
      kill (child.pid, SIGKILL);
      if (round % 2 == 0)
        g_assert_true (WIFSIGNALED (child_wait (&child)));

      if (round % 2 == 1) /* killed but not waited for: still in /proc, yet dead */
        g_assert_cmpint (waitid (P_PID, (id_t) child.pid, &ended, WEXITED | WNOWAIT), ==, 0);
      store = open_store (fixture->path);
      run = spqr_store_get_run (store, id, &error);
      g_assert_no_error (error);
      g_assert_cmpint (run->state, ==, SPQR_RUN_INTERRUPTED);
      layers = spqr_store_list_layers (store, id, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (layers->len, >, last); /* at least all that it had reported */
      g_assert_cmpuint (run->n_layers_done, ==, layers->len);
      for (guint i = 0; i < layers->len; i++)
        {
          g_autofree char *name = g_strdup_printf ("layer %u", i);

          g_assert_cmpstr (((SpqrRunLayer *) layers->pdata[i])->name, ==, name);
          g_assert_cmpfloat (((SpqrRunLayer *) layers->pdata[i])->bits, ==, i);
        }
      assert_consistent (fixture->path);
      /* And it can be taken up again where it stopped. */
      g_assert_true (spqr_store_reopen_run (store, id, &error));
      g_assert_true (add_layer (store, id, "one more", 1, &error));
      finish_run (store, run, SPQR_RUN_FINISHED);
      if (round % 2 == 1)
        child_wait (&child);
    }
}

/* Another process that lives: its run is left alone, and cannot be taken or removed. */
static void
test_live_process (Fixture *fixture, gconstpointer data)
{
  Child child;
  int ignored;
  gint64 id;
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (SpqrRun) run = NULL;
  g_autoptr (SpqrRun) after = NULL;
  g_autoptr (GError) error = NULL;

  child_start (&child, "hold", fixture->path);
  id = child_read_line (&child, &ignored);
  store = open_store (fixture->path);
  run = spqr_store_get_run (store, id, NULL);
  g_assert_cmpint (run->state, ==, SPQR_RUN_RUNNING);
  g_assert_false (spqr_store_reopen_run (store, id, &error));
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_false (spqr_store_remove_run (store, id, TRUE, &error));
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_BUSY);
  g_clear_error (&error);

  close (child.in);
  child_wait (&child);
  g_assert_true (spqr_store_mark_interrupted (store, &error));
  after = spqr_store_get_run (store, id, NULL);
  g_assert_cmpint (after->state, ==, SPQR_RUN_INTERRUPTED);
  g_assert_true (spqr_store_reopen_run (store, id, &error));
  g_assert_no_error (error);
}

/* Our own run stays RUNNING when the database is opened a second time. */
static void
test_own_run (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) first = open_store (fixture->path);
  g_autoptr (SpqrRun) run = begin_run (first, "m");
  g_autoptr (SpqrStore) second = open_store (fixture->path);
  g_autoptr (SpqrRun) back = spqr_store_get_run (second, run->id, NULL);

  g_assert_cmpint (back->state, ==, SPQR_RUN_RUNNING);
  g_assert_true (spqr_store_reopen_run (second, run->id, NULL));
}

static void
test_process_identity (void)
{
  SpqrProcess self, other;
  siginfo_t ended;
  pid_t pid;

  _spqr_process_self (&self);
  g_assert_cmpint (self.pid, ==, getpid ());
  g_assert_cmpint (self.start, >, 0);
  g_assert_true (_spqr_process_alive (&self));
  g_assert_true (_spqr_process_is_self (&self));

  other = self; /* the same number, given again later */
  other.start += 1;
  g_assert_false (_spqr_process_alive (&other));
  g_assert_false (_spqr_process_is_self (&other));
  other = self; /* or after a restart of the machine */
  other.boot = (char *) "00000000-0000-0000-0000-000000000000";
  g_assert_false (_spqr_process_alive (&other));
  other = self;
  other.start = 0; /* start unknown: the number has to do */
  other.boot = NULL;
  g_assert_true (_spqr_process_alive (&other));
  other.pid = 0;
  g_assert_false (_spqr_process_alive (&other));
  other.pid = G_MAXINT64;
  g_assert_false (_spqr_process_alive (&other));

  pid = fork ();
  if (pid == 0)
    _exit (0);
  g_assert_cmpint (waitid (P_PID, (id_t) pid, &ended, WEXITED | WNOWAIT), ==, 0);
  other.pid = pid; /* a zombie */
  g_assert_false (_spqr_process_alive (&other));
  waitpid (pid, NULL, 0);
  g_assert_false (_spqr_process_alive (&other));
  _spqr_process_clear (&self);
}

/* ---- at once ---- */

static void
test_two_stores (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) first = open_store (fixture->path);
  g_autoptr (SpqrStore) second = open_store (fixture->path);
  g_autoptr (SpqrRun) run = begin_run (first, "m");
  g_autoptr (SpqrRun) other = begin_run (second, "n");
  g_autoptr (GPtrArray) runs = NULL;

  g_assert_true (add_layer (second, run->id, "a", 1, NULL));
  g_assert_true (add_layer (first, other->id, "b", 1, NULL));
  g_clear_object (&first); /* closing one leaves the other its locks and its -wal file */
  g_assert_true (add_layer (second, run->id, "c", 1, NULL));
  runs = spqr_store_list_runs (second, NULL);
  g_assert_cmpuint (runs->len, ==, 2);
  g_assert_cmpuint (((SpqrRun *) runs->pdata[1])->n_layers_done, ==, 2);
}

/* Several processes meet on a database that none of them has made yet. */
static void
test_processes (Fixture *fixture, gconstpointer data)
{
  Child children[4];
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (GPtrArray) runs = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    child_start (&children[i], "write", fixture->path);
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    g_assert_cmpint (child_wait (&children[i]), ==, 0);
  store = open_store (fixture->path);
  runs = spqr_store_list_runs (store, NULL);
  g_assert_cmpuint (runs->len, ==, 80);
  for (guint i = 0; i < runs->len; i++)
    {
      g_assert_cmpint (((SpqrRun *) runs->pdata[i])->state, ==, SPQR_RUN_FINISHED);
      g_assert_cmpuint (((SpqrRun *) runs->pdata[i])->n_layers_done, ==, 10);
    }
  assert_consistent (fixture->path);
}

static gpointer
open_and_close (gpointer path)
{
  for (int i = 0; i < 10; i++)
    g_object_unref (open_store (path));
  return NULL;
}

static void
test_threads_opening (Fixture *fixture, gconstpointer data)
{
  GThread *threads[8];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("opener", open_and_close, fixture->path);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  assert_consistent (fixture->path);
}

/* ---- no permission: as an ordinary user, for root may write everywhere ---- */

static void
become_ordinary (void)
{
  if (geteuid () == 0)
    g_assert_cmpint (setresuid (65534, 65534, 65534), ==, 0);
}

static void
assert_open_fails (const char *path, SpqrStoreError code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (spqr_store_open (path, &error));
  g_assert_error (error, SPQR_STORE_ERROR, (int) code);
  g_test_message ("%s", error->message);
}

/* The subtests get the folder, made by the parent, in the environment. */
static void
run_in_subprocess (Fixture *fixture)
{
  g_setenv ("TEST_STORE_DIR", fixture->dir, TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_unsetenv ("TEST_STORE_DIR");
}

static char *
given_path (void)
{
  return g_build_filename (g_getenv ("TEST_STORE_DIR"), "studio.db", NULL);
}

static void
test_readonly_folder (Fixture *fixture, gconstpointer data)
{
  if (g_test_subprocess ())
    {
      g_autofree char *path = given_path ();

      become_ordinary ();
      assert_open_fails (path, SPQR_STORE_ERROR_PERMISSION);
      return;
    }
  g_assert_cmpint (g_chmod (fixture->dir, 0555), ==, 0);
  run_in_subprocess (fixture);
  g_test_trap_assert_passed ();

  /* The same with a database in it. */
  g_assert_cmpint (g_chmod (fixture->dir, 0755), ==, 0);
  g_object_unref (open_store (fixture->path));
  g_assert_cmpint (g_chmod (fixture->path, 0666), ==, 0);
  g_assert_cmpint (g_chmod (fixture->dir, 0555), ==, 0);
  run_in_subprocess (fixture);
  g_test_trap_assert_passed ();
  g_assert_cmpint (g_chmod (fixture->dir, 0755), ==, 0);
}

static void
test_readonly_file (Fixture *fixture, gconstpointer data)
{
  if (g_test_subprocess ())
    {
      g_autofree char *path = given_path ();

      become_ordinary ();
      assert_open_fails (path, SPQR_STORE_ERROR_PERMISSION);
      return;
    }
  g_object_unref (open_store (fixture->path));
  g_assert_cmpint (g_chmod (fixture->dir, 0777), ==, 0);
  g_assert_cmpint (g_chmod (fixture->path, 0444), ==, 0);
  run_in_subprocess (fixture);
  g_test_trap_assert_passed ();
  g_assert_cmpint (g_chmod (fixture->path, 0000), ==, 0);
  run_in_subprocess (fixture);
  g_test_trap_assert_passed ();
}

/* ---- no room ---- */

/* Adds layers until the store says that there is no room. What was accepted is there. */
static void
fill_until_full (const char *path)
{
  g_autoptr (SpqrStore) store = open_store (path);
  g_autoptr (SpqrRun) run = begin_run (store, "m");
  g_autofree char *note = g_strnfill (2000, 'n');
  g_autoptr (GPtrArray) layers = NULL;
  g_autoptr (GError) error = NULL;
  guint n = 0;

  for (gboolean ok = TRUE; ok; n += ok ? 1 : 0)
    {
      g_autofree char *name = g_strdup_printf ("layer %u", n);
      SpqrRunLayer layer = { .name = name, .note = note };

      g_assert_cmpuint (n, <, 100000);
      ok = spqr_store_add_layer (store, run->id, &layer, &error);
    }
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (error->message, "make room"));
  g_assert_cmpuint (n, >, 10);
  g_clear_error (&error);
  layers = spqr_store_list_layers (store, run->id, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (layers->len, ==, n);
}

static void
test_file_size_limit (Fixture *fixture, gconstpointer data)
{
  struct rlimit limit = { 400000, 400000 };
  g_autofree char *path = NULL;
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (GPtrArray) runs = NULL;

  if (g_test_subprocess ())
    {
      path = given_path ();
      signal (SIGXFSZ, SIG_IGN);
      g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
      fill_until_full (path);
      return;
    }
  run_in_subprocess (fixture);
  g_test_trap_assert_passed ();
  assert_consistent (fixture->path);
  store = open_store (fixture->path);
  runs = spqr_store_list_runs (store, NULL);
  g_assert_cmpuint (((SpqrRun *) runs->pdata[0])->n_layers_done, >, 10);
}

static gboolean
write_text (const char *path, const char *text)
{
  FILE *file = fopen (path, "w");
  gboolean ok = file != NULL && fputs (text, file) >= 0;

  return (file == NULL || fclose (file) == 0) && ok;
}

/* A disk of 512 KiB of our own, where the system lets us mount one. */
static gboolean
mount_small_disk (const char *dir)
{
  g_autofree char *uid_map = g_strdup_printf ("0 %d 1", geteuid ());

  if (geteuid () != 0)
    {
      if (unshare (CLONE_NEWUSER | CLONE_NEWNS) != 0 || !write_text ("/proc/self/uid_map", uid_map))
        return FALSE;
    }
  else if (unshare (CLONE_NEWNS) != 0)
    return FALSE;
  return mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
         && mount ("none", dir, "tmpfs", 0, "size=512k") == 0;
}

static void
test_full_disk (Fixture *fixture, gconstpointer data)
{
  const char *dir = g_getenv ("TEST_STORE_DIR");
  g_autofree char *mark = NULL;

  if (g_test_subprocess ())
    {
      g_autofree char *path = given_path ();
      g_autofree char *filler = g_build_filename (dir, "filler", NULL);
      g_autofree char *other = g_build_filename (dir, "other.db", NULL);
      g_autofree char *zeros = g_malloc0 (4096);
      FILE *file;

      if (!mount_small_disk (dir))
        {
          mark = g_build_filename (dir, "cannot-mount", NULL);
          g_assert_true (g_file_set_contents (mark, "", 0, NULL));
          return;
        }
      fill_until_full (path);
      file = fopen (filler, "w");
      while (fwrite (zeros, 1, 4096, file) == 4096)
        ;
      fclose (file);
      assert_open_fails (other, SPQR_STORE_ERROR_NO_SPACE);
      return;
    }
  run_in_subprocess (fixture);
  g_test_trap_assert_passed ();
  mark = g_build_filename (fixture->dir, "cannot-mount", NULL);
  if (g_file_test (mark, G_FILE_TEST_EXISTS))
    g_test_skip ("this system lets us mount no small disk");
}

int
main (int argc, char **argv)
{
  self_path = realpath ("/proc/self/exe", NULL);
  if (argc == 4 && strcmp (argv[1], "--child") == 0)
    {
      if (strcmp (argv[2], "add-forever") == 0)
        return child_add_forever (argv[3]);
      return strcmp (argv[2], "hold") == 0 ? child_hold (argv[3]) : child_write (argv[3]);
    }
  g_test_init (&argc, &argv, NULL);
  fixture_test ("/store/faults/killed", test_killed);
  fixture_test ("/store/faults/live-process", test_live_process);
  fixture_test ("/store/faults/own-run", test_own_run);
  g_test_add_func ("/store/faults/process-identity", test_process_identity);
  fixture_test ("/store/faults/two-stores", test_two_stores);
  fixture_test ("/store/faults/processes", test_processes);
  fixture_test ("/store/faults/threads-opening", test_threads_opening);
  fixture_test ("/store/faults/readonly-folder", test_readonly_folder);
  fixture_test ("/store/faults/readonly-file", test_readonly_file);
  fixture_test ("/store/faults/file-size-limit", test_file_size_limit);
  fixture_test ("/store/faults/full-disk", test_full_disk);
  return g_test_run ();
}
