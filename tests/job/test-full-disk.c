/* The disk is full before a run's last layer, or just when it ends: the database knows how it ended, and the
 * same command goes on from there once there is room.
 *
 * Needs a small disk of our own, in a subprocess of its own mount namespace. */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "compute/spqr-pool.h"
#include "sitting.h"

#define BLOCKS 2
#define WINDOWS 4

typedef struct { const char *disk; guint left; } Filler;

static gboolean
write_text (const char *path, const char *text)
{
  FILE *file = fopen (path, "w");
  gboolean ok = file != NULL && fputs (text, file) >= 0;

  return (file == NULL || fclose (file) == 0) && ok;
}

static gboolean
mount_small_disk (const char *folder)
{
  g_autofree char *uid_map = g_strdup_printf ("0 %d 1", geteuid ());

  if (geteuid () != 0)
    {
      if (unshare (CLONE_NEWUSER | CLONE_NEWNS) != 0 || !write_text ("/proc/self/uid_map", uid_map))
        return FALSE;
    }
  else if (unshare (CLONE_NEWNS) != 0)
    return FALSE;
  return mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mount ("none", folder, "tmpfs", 0, "size=8m") == 0;
}

static char *
filler_path (const char *disk)
{
  return g_build_filename (disk, "filler", NULL);
}

/* After `left` layers nothing is free any more. */
static void
fill_disk (const SpqrRunLayer *layer, gpointer user_data)
{
  Filler *filler = user_data;
  g_autofree char *path = filler_path (filler->disk), *zeros = g_malloc0 (4096);
  FILE *file;

  if (filler->left == 0 || --filler->left > 0)
    return;
  file = fopen (path, "w");
  g_assert_nonnull (file);
  setbuf (file, NULL);
  while (fwrite (zeros, 1, 4096, file) == 4096)
    ;
  fclose (file);
}

static SpqrRun *
quantize (Sitting *sitting, SpqrStore *store, Filler *filler, GError **error)
{
  g_autoptr (SpqrRecipe) recipe = spqr_recipe_parse (sitting->recipe, NULL);
  SpqrQuantizeRequest request = { .model = sitting->model, .recipe = recipe, .calibration = sitting->calibration,
                                  .folder = sitting->folder, .layer_done = fill_disk, .user_data = filler };

  return spqr_quantize (store, &request, NULL, error);
}

static SpqrRunState
only_state (SpqrStore *store)
{
  g_autoptr (GPtrArray) runs = spqr_store_list_runs (store, NULL);

  g_assert_cmpuint (runs->len, ==, 1);
  return ((SpqrRun *) runs->pdata[0])->state;
}

/* Without closing the database, as the window would. */
static void
check_full_after (const char *disk, const char *name, guint layers)
{
  g_auto (Sitting) sitting = { NULL };
  g_autofree char *path = filler_path (disk);
  g_autoptr (GError) error = NULL, resume_error = NULL;
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (SpqrRun) run = NULL, resumed = NULL;
  Filler filler = { disk, layers }, none = { disk, 0 };

  sitting_init (&sitting, disk, name, BLOCKS, WINDOWS, NULL);
  store = spqr_store_open (sitting.database, NULL);
  g_assert_nonnull (store);
  run = quantize (&sitting, store, &filler, &error);
  unlink (path);
  if (layers == 7 * BLOCKS)
    {
      g_assert_no_error (error);
      g_assert_cmpint (only_state (store), ==, SPQR_RUN_FINISHED);
      return;
    }
  g_assert_null (run);
  g_assert_nonnull (error);
  g_assert_cmpint (only_state (store), ==, SPQR_RUN_FAILED);
  resumed = quantize (&sitting, store, &none, &resume_error);
  g_assert_no_error (resume_error);
  g_assert_cmpuint (resumed->n_layers_done, ==, 7 * BLOCKS);
  g_assert_cmpint (only_state (store), ==, SPQR_RUN_FINISHED);
}

static void
test_full_disk (void)
{
  const char *disk = g_getenv ("SPQR_TEST_DISK");
  g_autofree char *folder = NULL, *mark = NULL;

  if (g_test_subprocess ())
    {
      mark = g_build_filename (disk, "cannot-mount", NULL);
      if (!mount_small_disk (disk))
        {
          g_assert_true (g_file_set_contents (mark, "", 0, NULL));
          return;
        }
      spqr_pool_set_default_threads (2);
      check_full_after (disk, "early", 1);
      check_full_after (disk, "late", 7 * BLOCKS - 1);
      check_full_after (disk, "end", 7 * BLOCKS);
      return;
    }
  folder = fixture_folder ();
  mark = g_build_filename (folder, "cannot-mount", NULL);
  g_setenv ("SPQR_TEST_DISK", folder, TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
  if (g_file_test (mark, G_FILE_TEST_EXISTS))
    g_test_skip ("a disk of one's own cannot be mounted here");
  fixture_remove (folder);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/full-disk", test_full_disk);
  return g_test_run ();
}
