/* store-fixture.h: a folder of its own for each test, and rows to put into a store. */
#pragma once

#include <glib/gstdio.h>

#include "store/spqr-store.h"

typedef struct {
  char *dir;     /* removed with all that is in it */
  char *path;    /* of the database */
} Fixture;

static inline void
remove_tree (const char *path)
{
  GDir *dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_clear_pointer (&dir, g_dir_close);
  g_remove (path);
}

static inline void
fixture_set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  if (g_test_subprocess ())     /* works in its parent's, and may not be who can remove one of its own */
    return;
  fixture->dir = g_dir_make_tmp ("spqr-store-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->path = g_build_filename (fixture->dir, "studio.db", NULL);
}

static inline void
fixture_tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->dir != NULL)
    remove_tree (fixture->dir);
  g_free (fixture->dir);
  g_free (fixture->path);
}

static inline SpqrStore *
open_store (const char *path)
{
  g_autoptr (GError) error = NULL;
  SpqrStore *store = spqr_store_open (path, &error);

  g_assert_no_error (error);
  g_assert_nonnull (store);
  return store;
}

static inline SpqrRun *
begin_run (SpqrStore *store, const char *model)
{
  g_autoptr (GError) error = NULL;
  SpqrRun *run = spqr_run_new ();
  gboolean ok;

  run->model_name = g_strdup (model);
  ok = spqr_store_begin_run (store, run, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  return run;
}

static inline void
finish_run (SpqrStore *store, SpqrRun *run, SpqrRunState state)
{
  g_autoptr (GError) error = NULL;
  gboolean ok;

  run->state = state;
  ok = spqr_store_finish_run (store, run, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
}

static inline gboolean
add_layer (SpqrStore *store, gint64 run_id, const char *name, double bits, GError **error)
{
  SpqrRunLayer layer = { .name = (char *) name, .bits = bits };

  return spqr_store_add_layer (store, run_id, &layer, error);
}

#define fixture_test(path, function) \
  g_test_add (path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
