#include "session/spqr-model-memory.h"

#include <glib/gstdio.h>

#define KEPT 64
#define LOCATION "location"
#define OPENED "opened"

static char *
file_name (void)
{
  return g_build_filename (g_get_user_state_dir (), "spqr-studio", "models.ini", NULL);
}

static GKeyFile *
load (void)
{
  g_autofree char *path = file_name ();
  GKeyFile *file = g_key_file_new ();

  g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL);
  return file;
}

static void
save (GKeyFile *file)
{
  g_autofree char *path = file_name ();
  g_autofree char *folder = g_path_get_dirname (path);
  gsize length;
  g_autofree char *text = g_key_file_to_data (file, &length, NULL);
  g_autofree char *beside = g_strconcat (path, ".new", NULL);

  /* Without waiting for the disk, as the window would; beside it, for this way of writing leaves the end of
   * what was longer before. */
  if (g_mkdir_with_parents (folder, 0700) != 0)
    return;
  g_unlink (beside);
  if (g_file_set_contents_full (beside, text, length, G_FILE_SET_CONTENTS_NONE, 0600, NULL))
    g_rename (beside, path);
}

/* A path may hold what a group's name may not. */
static char *
group_of (const char *location)
{
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, location, -1);
}

static gint64
opened (GKeyFile *file, const char *group)
{
  return g_key_file_get_int64 (file, group, OPENED, NULL);
}

static int
compare_opened (gconstpointer a, gconstpointer b, gpointer file)
{
  gint64 first = opened (file, *(char *const *) a), second = opened (file, *(char *const *) b);

  return (first < second) - (first > second);
}

/* Newest first. */
static char **
sorted_groups (GKeyFile *file)
{
  gsize n;
  char **groups = g_key_file_get_groups (file, &n);

  g_qsort_with_data (groups, n, sizeof *groups, compare_opened, file);
  return groups;
}

void
spqr_memory_note_opened (const char *location)
{
  g_autoptr (GKeyFile) file = load ();
  g_autofree char *group = group_of (location);
  g_auto (GStrv) groups = NULL;

  g_key_file_set_string (file, group, LOCATION, location);
  g_key_file_set_int64 (file, group, OPENED, g_get_real_time ());
  groups = sorted_groups (file);
  for (guint i = KEPT; i < g_strv_length (groups); i++)
    g_key_file_remove_group (file, groups[i], NULL);
  save (file);
}

char *
spqr_memory_get (const char *location, const char *key)
{
  g_autoptr (GKeyFile) file = load ();
  g_autofree char *group = group_of (location);

  return g_key_file_get_string (file, group, key, NULL);
}

void
spqr_memory_set (const char *location, const char *key, const char *value)
{
  g_autoptr (GKeyFile) file = load ();
  g_autofree char *group = group_of (location);

  if (value != NULL)
    g_key_file_set_string (file, group, key, value);
  else
    g_key_file_remove_key (file, group, key, NULL);
  save (file);
}

char **
spqr_memory_list_recent (guint at_most)
{
  g_autoptr (GKeyFile) file = load ();
  g_auto (GStrv) groups = sorted_groups (file);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  guint n = 0;

  for (guint i = 0; groups[i] != NULL && n < at_most; i++)
    {
      g_autofree char *location = g_key_file_get_string (file, groups[i], LOCATION, NULL);

      if (location == NULL || !g_file_test (location, G_FILE_TEST_EXISTS))
        continue;
      g_strv_builder_add (builder, location);
      n++;
    }
  return g_strv_builder_end (builder);
}
