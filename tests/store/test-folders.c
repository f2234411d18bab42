/* test-folders.c: a run goes with its files or without them, and never with files that are not its own; files stay with a database that moves. */
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "store-fixture.h"

static char *
make_artifact (const char *folder)
{
  char *file = g_build_filename (folder, "0.safetensors", NULL);

  g_assert_true (g_file_set_contents (file, "data", 4, NULL));
  return file;
}

static SpqrRun *
finished_run_in (SpqrStore *store, const char *folder)
{
  SpqrRun *run = spqr_run_new ();

  run->folder = g_strdup (folder);
  g_assert_true (spqr_store_begin_run (store, run, NULL));
  g_assert_true (add_layer (store, run->id, "a", 1, NULL));
  finish_run (store, run, SPQR_RUN_FINISHED);
  return run;
}

static void
assert_run_exists (SpqrStore *store, gint64 id, gboolean expected)
{
  g_autoptr (SpqrRun) run = spqr_store_get_run (store, id, NULL);

  g_assert_cmpint (run != NULL, ==, expected);
}

static void
test_remove_with_files (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = spqr_store_make_run_folder (store, &error);
  g_autofree char *neighbour = spqr_store_make_run_folder (store, &error);
  g_autofree char *neighbour_file = make_artifact (neighbour);
  g_autofree char *runs_dir = g_path_get_dirname (folder);
  g_autofree char *deep = g_build_filename (folder, "sub", "sub", NULL);
  g_autofree char *deep_file = NULL;
  g_autofree char *outside = g_build_filename (fixture->dir, "outside", NULL);
  g_autofree char *outside_file = NULL;
  g_autofree char *link = g_build_filename (folder, "sub", "link", NULL);
  g_autofree char *file = make_artifact (folder);
  g_autoptr (SpqrRun) run = finished_run_in (store, folder);
  g_autoptr (SpqrRun) other = finished_run_in (store, neighbour);
  g_autoptr (GDir) dir = NULL;
  const char *only;

  g_assert_no_error (error);
  g_assert_cmpstr (folder, !=, neighbour);
  g_assert_cmpint (g_mkdir_with_parents (deep, 0777), ==, 0);
  g_assert_cmpint (g_mkdir (outside, 0777), ==, 0);
  deep_file = make_artifact (deep);
  outside_file = make_artifact (outside);
  g_assert_cmpint (symlink (outside, link), ==, 0);

  g_assert_true (spqr_store_remove_run (store, run->id, TRUE, &error));
  g_assert_no_error (error);
  assert_run_exists (store, run->id, FALSE);
  assert_run_exists (store, other->id, TRUE);
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (neighbour_file, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (outside_file, G_FILE_TEST_EXISTS)); /* the link went, not what it led to */
  dir = g_dir_open (runs_dir, 0, NULL);
  only = g_dir_read_name (dir);
  g_assert_true (g_str_has_suffix (neighbour, only));
  g_assert_null (g_dir_read_name (dir));
}

static void
test_remove_without_files (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autofree char *folder = spqr_store_make_run_folder (store, NULL);
  g_autofree char *file = make_artifact (folder);
  g_autoptr (SpqrRun) run = finished_run_in (store, folder);
  g_autoptr (SpqrRun) without = finished_run_in (store, NULL);
  g_autofree char *gone = spqr_store_make_run_folder (store, NULL);
  g_autoptr (SpqrRun) missing = finished_run_in (store, gone);

  g_assert_true (spqr_store_remove_run (store, run->id, FALSE, NULL));
  assert_run_exists (store, run->id, FALSE);
  g_assert_true (g_file_test (file, G_FILE_TEST_EXISTS));
  g_assert_true (spqr_store_remove_run (store, without->id, TRUE, NULL));
  g_assert_cmpint (g_rmdir (gone), ==, 0);
  g_assert_true (spqr_store_remove_run (store, missing->id, TRUE, NULL));
}

/* Folders that a run claims and that must never be emptied. */
static void
test_remove_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autofree char *real = spqr_store_make_run_folder (store, NULL);
  g_autofree char *runs_dir = g_path_get_dirname (real);
  g_autofree char *base = g_path_get_dirname (runs_dir);
  g_autofree char *outside = g_build_filename (base, "precious", NULL);
  g_autofree char *sibling = g_build_filename (base, "runs-2", NULL);
  g_autofree char *link = g_build_filename (runs_dir, "link", NULL);
  g_autofree char *through_link = g_build_filename (runs_dir, "link", "inner", NULL);
  g_autofree char *dots = g_build_filename (runs_dir, "..", "precious", NULL);
  g_autofree char *inner = g_build_filename (outside, "inner", NULL);
  const char *folders[] = { outside, sibling, link, through_link, dots, runs_dir, base, "/" };
  g_autofree char *file = NULL, *inner_file = NULL, *sibling_file = NULL;

  g_assert_cmpint (g_mkdir_with_parents (inner, 0777), ==, 0);
  g_assert_cmpint (g_mkdir (sibling, 0777), ==, 0);
  g_assert_cmpint (symlink (outside, link), ==, 0);
  file = make_artifact (outside);
  inner_file = make_artifact (inner);
  sibling_file = make_artifact (sibling);
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autoptr (SpqrRun) run = finished_run_in (store, folders[i]);
      g_autoptr (GPtrArray) layers = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_false (spqr_store_remove_run (store, run->id, TRUE, &error));
      g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_PERMISSION);
      g_assert_nonnull (strstr (error->message, "nothing was removed"));
      layers = spqr_store_list_layers (store, run->id, NULL);
      g_assert_nonnull (layers);
      g_assert_cmpuint (layers->len, ==, 1);
      g_assert_true (g_file_test (file, G_FILE_TEST_EXISTS));
      g_assert_true (g_file_test (inner_file, G_FILE_TEST_EXISTS));
      g_assert_true (g_file_test (sibling_file, G_FILE_TEST_EXISTS));
      g_assert_true (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
      g_assert_true (spqr_store_remove_run (store, run->id, FALSE, NULL));
    }
}

/* <db-dir>/runs itself leads elsewhere. */
static void
test_remove_linked_runs_dir (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autofree char *elsewhere = g_build_filename (fixture->dir, "elsewhere", NULL);
  g_autofree char *inner = g_build_filename (elsewhere, "x", NULL);
  g_autofree char *runs_dir = g_build_filename (fixture->dir, "runs", NULL);
  g_autofree char *folder = g_build_filename (runs_dir, "x", NULL);
  g_autofree char *file = NULL;
  g_autoptr (SpqrRun) run = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (inner, 0777), ==, 0);
  g_assert_cmpint (symlink ("elsewhere", runs_dir), ==, 0);
  file = make_artifact (inner);
  run = finished_run_in (store, folder);
  g_assert_false (spqr_store_remove_run (store, run->id, TRUE, &error));
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_PERMISSION);
  g_assert_true (g_file_test (file, G_FILE_TEST_EXISTS));
}

static void
test_remove_shared_folder (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autofree char *folder = spqr_store_make_run_folder (store, NULL);
  g_autofree char *file = make_artifact (folder);
  g_autoptr (SpqrRun) one = finished_run_in (store, folder);
  g_autoptr (SpqrRun) two = finished_run_in (store, folder);
  g_autoptr (GError) error = NULL;

  g_assert_false (spqr_store_remove_run (store, one->id, TRUE, &error));
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_PERMISSION);
  g_assert_true (g_file_test (file, G_FILE_TEST_EXISTS));
  g_assert_true (spqr_store_remove_run (store, one->id, FALSE, NULL));
  g_assert_true (spqr_store_remove_run (store, two->id, TRUE, NULL)); /* now it is its own */
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
}

static void
test_remove_running (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autoptr (SpqrRun) run = begin_run (store, "m");
  g_autoptr (GError) error = NULL;

  g_assert_false (spqr_store_remove_run (store, run->id, TRUE, &error));
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_BUSY);
  finish_run (store, run, SPQR_RUN_CANCELLED);
  g_assert_true (spqr_store_remove_run (store, run->id, TRUE, NULL));
}

/* A removal that was killed between the commit and the emptying. */
static void
test_sweep (Fixture *fixture, gconstpointer data)
{
  g_autofree char *left = g_build_filename (fixture->dir, "runs", ".removed-x", NULL);
  g_autofree char *other = g_build_filename (fixture->dir, "runs", "y", NULL);
  g_autofree char *file = NULL, *other_file = NULL;
  g_autoptr (SpqrStore) store = NULL;

  g_assert_cmpint (g_mkdir_with_parents (left, 0777), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (other, 0777), ==, 0);
  file = make_artifact (left);
  other_file = make_artifact (other);
  store = open_store (fixture->path);
  g_assert_false (g_file_test (left, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (other_file, G_FILE_TEST_EXISTS));
}

static void
test_move_database (Fixture *fixture, gconstpointer data)
{
  g_autofree char *old_dir = g_build_filename (fixture->dir, "old", NULL);
  g_autofree char *new_dir = g_build_filename (fixture->dir, "new", NULL);
  g_autofree char *old_path = g_build_filename (old_dir, "s.db", NULL);
  g_autofree char *new_path = g_build_filename (new_dir, "s.db", NULL);
  g_autofree char *folder = NULL, *file = NULL;
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (SpqrRun) run = NULL;
  g_autoptr (SpqrRun) back = NULL;

  g_assert_cmpint (g_mkdir (old_dir, 0777), ==, 0);
  store = open_store (old_path);
  folder = spqr_store_make_run_folder (store, NULL);
  file = make_artifact (folder);
  run = finished_run_in (store, folder);
  g_clear_object (&store);
  g_assert_cmpint (g_rename (old_dir, new_dir), ==, 0);
  store = open_store (new_path);
  back = spqr_store_get_run (store, run->id, NULL);
  g_assert_true (g_file_test (back->folder, G_FILE_TEST_IS_DIR));
  g_assert_true (g_str_has_prefix (back->folder, new_dir) || g_str_has_suffix (back->folder, run->folder + strlen (old_dir)));
}


int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_test ("/store/remove/with-files", test_remove_with_files);
  fixture_test ("/store/remove/without-files", test_remove_without_files);
  fixture_test ("/store/remove/refused", test_remove_refused);
  fixture_test ("/store/remove/linked-runs-dir", test_remove_linked_runs_dir);
  fixture_test ("/store/remove/shared-folder", test_remove_shared_folder);
  fixture_test ("/store/remove/running", test_remove_running);
  fixture_test ("/store/remove/sweep", test_sweep);
  fixture_test ("/store/move", test_move_database);
  return g_test_run ();
}
