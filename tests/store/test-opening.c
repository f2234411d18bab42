/* test-opening.c: a database is opened, one file under all its names, and its locks are not lost. */
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store-fixture.h"

static void
test_open (Fixture *fixture, gconstpointer data)
{
  g_autofree char *absolute = realpath (fixture->dir, NULL);
  g_autofree char *expected = g_build_filename (absolute, "studio.db", NULL);
  g_autofree char *journal_mode = NULL;
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autoptr (GPtrArray) runs = spqr_store_list_runs (store, NULL);

  g_assert_cmpstr (spqr_store_get_path (store), ==, expected);
  g_assert_cmpuint (runs->len, ==, 0);
  g_assert_true (g_file_test (fixture->path, G_FILE_TEST_IS_REGULAR));
}

static void
test_open_default (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = NULL;

  if (g_test_subprocess ())
    {
      store = open_store (NULL);
      g_assert_true (g_str_has_suffix (spqr_store_get_path (store), "/deep/data/spqr-studio/studio.db"));
      return;
    }
  g_autofree char *data_home = g_build_filename (fixture->dir, "deep", "data", NULL);
  g_setenv ("XDG_DATA_HOME", data_home, TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
}

/* A relative path and a symbolic link are the same database, with the same folder of runs. */
static void
test_open_link (Fixture *fixture, gconstpointer data)
{
  g_autofree char *other = g_build_filename (fixture->dir, "other", NULL);
  g_autofree char *link = g_build_filename (other, "link.db", NULL);
  g_autoptr (SpqrStore) first = open_store (fixture->path);
  g_autoptr (SpqrStore) second = NULL;

  g_assert_cmpint (g_mkdir (other, 0777), ==, 0);
  g_assert_cmpint (symlink ("../studio.db", link), ==, 0);
  second = open_store (link);
  g_assert_cmpstr (spqr_store_get_path (first), ==, spqr_store_get_path (second));
}

static void
test_open_missing_folder (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->dir, "no", "such", "studio.db", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (spqr_store_open (path, &error));
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "does not exist; create it"));
}

static void
test_open_folder (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (spqr_store_open (fixture->dir, &error));
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_CORRUPT);
}

/* ---- locks ---- */

static char *program;

/* Opens the database, closes it, and ends with the number of its runs. */
static int
count_runs_and_end (const char *path)
{
  g_autoptr (SpqrStore) store = spqr_store_open (path, NULL);
  g_autoptr (GPtrArray) runs = store != NULL ? spqr_store_list_runs (store, NULL) : NULL;

  return runs != NULL ? (int) runs->len : 99;
}

static int
count_elsewhere (const char *path)
{
  const char *argv[] = { program, "--count-runs", path, NULL };
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_true (WIFEXITED (status));
  return WEXITSTATUS (status);
}

/* As a file dialog does with the files of a folder that it shows. */
static void
look_into_files (const char *path)
{
  static const char *const endings[] = { "", "-wal", "-shm" };

  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      g_autofree char *file = g_strconcat (path, endings[i], NULL);
      int fd = g_open (file, O_RDONLY, 0);

      if (fd >= 0)
        close (fd);
    }
}

static void
test_lost_locks (Fixture *f, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (f->path);
  g_autofree char *wal = g_strconcat (f->path, "-wal", NULL);

  for (guint round = 0; round < 3; round++)
    {
      g_autoptr (SpqrRun) before = begin_run (store, "before");
      g_autoptr (SpqrRun) after = NULL;

      look_into_files (f->path);
      g_assert_cmpint (count_elsewhere (f->path), ==, 2 * round + 1);
      if (g_file_test (wal, G_FILE_TEST_EXISTS))
        {
          g_test_skip ("this file system keeps locks, or has no write-ahead log");
          return;
        }
      after = begin_run (store, "after");
      g_assert_cmpint (after->id, ==, before->id + 1);
      g_assert_cmpint (count_elsewhere (f->path), ==, 2 * round + 2);
    }
  g_clear_object (&store);
  g_assert_cmpint (count_elsewhere (f->path), ==, 6);
}

static void
count_changes (SpqrStore *store, gpointer n)
{
  ++*(int *) n;
}

/* What another program writes is no change of one's own, and seen by who looks. */
static void
test_looking_around (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path), other = open_store (fixture->path);
  g_autoptr (SpqrRun) run = NULL;
  GError *error = NULL;
  int n = 0;

  g_assert_true (spqr_store_look_around (store, &error));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_signal_connect (store, "changed", G_CALLBACK (count_changes), &n);
  g_assert_true (spqr_store_look_around (store, &error));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpint (n, ==, 0);
  run = begin_run (other, "m");
  g_assert_true (spqr_store_look_around (store, &error));
  g_assert_no_error (error);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpint (n, ==, 1);
  g_assert_true (spqr_store_look_around (store, &error));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpint (n, ==, 1);
}

int
main (int argc, char **argv)
{
  if (argc == 3 && g_str_equal (argv[1], "--count-runs"))
    return count_runs_and_end (argv[2]);
  program = argv[0];
  g_test_init (&argc, &argv, NULL);
  fixture_test ("/store/open", test_open);
  fixture_test ("/store/open/default", test_open_default);
  fixture_test ("/store/open/link", test_open_link);
  fixture_test ("/store/open/missing-folder", test_open_missing_folder);
  fixture_test ("/store/open/folder", test_open_folder);
  fixture_test ("/store/lost-locks", test_lost_locks);
  fixture_test ("/store/looking-around", test_looking_around);
  return g_test_run ();
}
