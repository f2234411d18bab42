/* Jobs that wait: kept for this process, offered by another once this one has gone. */
#include <sqlite3.h>

#include "store-fixture.h"

static GPtrArray *
new_jobs (const char *const *titles)
{
  GPtrArray *jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) spqr_waiting_job_free);

  for (guint i = 0; titles[i] != NULL; i++)
    {
      SpqrWaitingJob *job = g_new0 (SpqrWaitingJob, 1);

      job->title = g_strdup (titles[i]);
      job->request = g_strdup_printf ("{'kind': <'%s'>}", titles[i]);
      g_ptr_array_add (jobs, job);
    }
  return jobs;
}

static void
keep (SpqrStore *store, const char *const *titles)
{
  g_autoptr (GPtrArray) jobs = new_jobs (titles);
  g_autoptr (GError) error = NULL;

  g_assert_true (spqr_store_keep_waiting (store, jobs, &error));
  g_assert_no_error (error);
}

/* As if the process that kept them had ended: its number with another beginning. */
static void
bury (const char *path)
{
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, "UPDATE waiting SET owner_start = owner_start - 1", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);
}

static void
assert_listed (SpqrStore *store, const char *const *titles)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) jobs = spqr_store_list_waiting (store, &error);

  g_assert_no_error (error);
  for (guint i = 0; titles[i] != NULL; i++)
    {
      g_assert_cmpuint (i, <, jobs->len);
      g_assert_cmpstr (((SpqrWaitingJob *) jobs->pdata[i])->title, ==, titles[i]);
    }
  g_assert_cmpuint (jobs->len, ==, g_strv_length ((char **) titles));
}

#define LIST(...) ((const char *const[]) { __VA_ARGS__ __VA_OPT__ (,) NULL })

static void
test_own (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);

  keep (store, LIST ("a", "b"));
  assert_listed (store, LIST ());            /* this process is at them */
  keep (store, LIST ("c"));
  bury (fixture->path);
  assert_listed (store, LIST ("c"));         /* in place of what it had before */
}

static void
test_order (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);

  keep (store, LIST ("b", "a", "c"));
  bury (fixture->path);
  keep (store, LIST ("of this one"));
  assert_listed (store, LIST ("b", "a", "c"));
}

static void
test_take (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path), other = open_store (fixture->path);
  g_autoptr (GPtrArray) jobs = NULL;
  g_autoptr (GError) error = NULL;
  const SpqrWaitingJob *first;

  keep (store, LIST ("a", "b"));
  bury (fixture->path);
  jobs = spqr_store_list_waiting (store, NULL);
  first = jobs->pdata[0];
  g_assert_cmpstr (first->request, ==, "{'kind': <'a'>}");
  g_assert_true (spqr_store_take_waiting (store, first->id, &error));
  g_assert_no_error (error);
  g_assert_false (spqr_store_take_waiting (other, first->id, &error));       /* one of two windows */
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_NOT_FOUND);
  assert_listed (other, LIST ("b"));
}

static void
test_invalid (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autoptr (GPtrArray) jobs = new_jobs (LIST ("a", "broken \xff"));
  g_autoptr (GError) error = NULL;

  keep (store, LIST ("before"));
  g_assert_false (spqr_store_keep_waiting (store, jobs, &error));
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_INVALID);
  bury (fixture->path);
  assert_listed (store, LIST ("before"));    /* all or nothing */
}

/* ---- runs that were made elsewhere ---- */

static SpqrRun *
foreign_run (Fixture *fixture)
{
  SpqrRun *run = spqr_run_new ();

  run->model_name = g_strdup ("model");
  run->folder = g_build_filename (fixture->dir, "archive", NULL);
  run->state = SPQR_RUN_INTERRUPTED;
  run->created = 1000;
  run->finished = 2000;
  run->n_layers = 3;
  run->bits_formula = 3.5;
  return run;
}

static void
test_import (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autoptr (SpqrRun) run = foreign_run (fixture), again = foreign_run (fixture), kept = NULL;
  g_autoptr (GPtrArray) layers = g_ptr_array_new (), all = NULL;
  SpqrRunLayer one = { .name = (char *) "one", .bits = 3 }, two = { .name = (char *) "two", .bits = 4 }, broken = { .name = (char *) "\xff" };
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (layers, &one);
  g_ptr_array_add (layers, &two);
  g_assert_true (spqr_store_import_run (store, run, layers, &error));
  g_assert_no_error (error);
  kept = spqr_store_get_run (store, run->id, NULL);
  g_assert_cmpint (kept->state, ==, SPQR_RUN_INTERRUPTED);
  g_assert_cmpint (kept->created, ==, 1000);
  g_assert_cmpint (kept->finished, ==, 2000);
  g_assert_cmpuint (kept->n_layers_done, ==, 2);
  g_assert_cmpfloat (kept->bits_formula, ==, 3.5);
  /* A folder is one run's. */
  g_assert_false (spqr_store_import_run (store, again, layers, &error));
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_FAILED);
  g_clear_error (&error);
  /* All or nothing. */
  g_free (again->folder);
  again->folder = g_build_filename (fixture->dir, "other", NULL);
  g_ptr_array_add (layers, &broken);
  g_assert_false (spqr_store_import_run (store, again, layers, &error));
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_INVALID);
  g_assert_cmpint (again->state, ==, SPQR_RUN_INTERRUPTED);
  all = spqr_store_list_runs (store, NULL);
  g_assert_cmpuint (all->len, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_test ("/waiting/own", test_own);
  fixture_test ("/waiting/order", test_order);
  fixture_test ("/waiting/take", test_take);
  fixture_test ("/waiting/invalid", test_invalid);
  fixture_test ("/import/run", test_import);
  return g_test_run ();
}
