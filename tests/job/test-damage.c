/* A sitting that finds what an earlier one stored gone, cut short or spoilt makes those layers again and
 * ends with the same bytes; it never ends as finished with a hole in it. */
#include <glib/gstdio.h>
#include <string.h>

#include "compute/spqr-pool.h"
#include "sitting.h"

#define BLOCKS 2
#define WINDOWS 8
#define KEPT 9               /* layers that are stored when the first sitting ends */

static const char *const plain = "{\"spqr_recipe\": 1}";
static const char *const nearest = "{\"spqr_recipe\": 1, \"defaults\": {\"method\": \"rtn\", \"groupsize\": 16}}";

static char **
list_artifacts (Sitting *sitting)
{
  g_auto (GStrv) files = fixture_list (sitting->folder);
  GStrv artifacts = g_new0 (char *, g_strv_length (files) + 1);
  guint n = 0;

  for (guint i = 0; files[i] != NULL; i++)
    if (g_str_has_suffix (files[i], ".spqr"))
      artifacts[n++] = g_strdup (files[i]);
  return artifacts;
}

typedef struct { Sitting *sitting; GCancellable *cancellable; } Stop;

static void
stop_when_enough (double fraction, const char *what, gpointer user_data)
{
  Stop *stop = user_data;
  g_auto (GStrv) artifacts = g_file_test (stop->sitting->folder, G_FILE_TEST_IS_DIR) ? list_artifacts (stop->sitting) : NULL;

  if (artifacts != NULL && g_strv_length (artifacts) >= KEPT)
    g_cancellable_cancel (stop->cancellable);
}

static void
spoil (Sitting *sitting, char **artifacts)
{
  g_autofree char *gone = g_build_filename (sitting->folder, artifacts[1], NULL);
  g_autofree char *shortened = g_build_filename (sitting->folder, artifacts[3], NULL);
  g_autofree char *flipped = g_build_filename (sitting->folder, artifacts[4], NULL);
  g_autofree char *other = g_build_filename (sitting->folder, artifacts[5], NULL);
  g_autofree char *exchanged = g_build_filename (sitting->folder, artifacts[6], NULL);
  g_autofree char *bytes = NULL, *others = NULL;
  gsize n, n_others;

  g_assert_cmpint (g_unlink (gone), ==, 0);
  g_assert_true (g_file_get_contents (shortened, &bytes, &n, NULL));
  g_assert_true (g_file_set_contents (shortened, bytes, (gssize) n - 1, NULL));
  g_clear_pointer (&bytes, g_free);
  g_assert_true (g_file_get_contents (flipped, &bytes, &n, NULL));
  bytes[n - 1] ^= 1;
  g_assert_true (g_file_set_contents (flipped, bytes, (gssize) n, NULL));
  g_assert_true (g_file_get_contents (other, &others, &n_others, NULL));
  g_assert_true (g_file_set_contents (exchanged, others, (gssize) n_others, NULL));
}

static void
spoil_and_resume (const char *recipe)
{
  g_autofree char *folder = fixture_folder ();
  g_auto (Sitting) whole = { NULL }, spoilt = { NULL };
  g_autoptr (SpqrRun) run = NULL, cut = NULL, resumed = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) artifacts = NULL;
  Stop stop = { &spoilt, cancellable };

  sitting_init (&whole, folder, "whole", BLOCKS, WINDOWS, recipe);
  run = sitting_finish (&whole);
  sitting_init (&spoilt, folder, "spoilt", BLOCKS, WINDOWS, recipe);
  cut = sitting_run (&spoilt, stop_when_enough, &stop, cancellable, &error);
  g_assert_null (cut);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  artifacts = list_artifacts (&spoilt);
  g_assert_cmpuint (g_strv_length (artifacts), >=, KEPT);
  g_assert_cmpuint (g_strv_length (artifacts), <, 7 * BLOCKS);
  spoil (&spoilt, artifacts);
  resumed = sitting_finish (&spoilt);
  sitting_compare (&whole, &spoilt);
  fixture_remove (folder);
}

static void
test_calibrated (void)
{
  spoil_and_resume (plain);
}

static void
test_nearest (void)
{
  spoil_and_resume (nearest);
}

/* A run's time is that of all its sittings. */
static void
test_seconds (void)
{
  g_autofree char *folder = fixture_folder ();
  g_auto (Sitting) sitting = { NULL };
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (SpqrRun) cut = NULL, before = NULL, resumed = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Stop stop = { &sitting, cancellable };

  sitting_init (&sitting, folder, "twice", BLOCKS, WINDOWS, plain);
  cut = sitting_run (&sitting, stop_when_enough, &stop, cancellable, &error);
  g_assert_null (cut);
  store = spqr_store_open (sitting.database, NULL);
  before = spqr_store_get_run (store, 1, NULL);
  g_assert_cmpint (before->state, ==, SPQR_RUN_CANCELLED);
  g_assert_cmpfloat (before->seconds, >, 0);
  resumed = sitting_finish (&sitting);
  g_assert_cmpfloat (resumed->seconds, >, before->seconds);
  fixture_remove (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  spqr_pool_set_default_threads (2);
  g_test_add_func ("/damage/calibrated", test_calibrated);
  g_test_add_func ("/damage/nearest", test_nearest);
  g_test_add_func ("/damage/seconds", test_seconds);
  return g_test_run ();
}
