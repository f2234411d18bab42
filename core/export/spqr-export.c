#include "export/spqr-export.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

G_DEFINE_QUARK (spqr-export-error-quark, spqr_export_error)

void
spqr_export_result_clear (SpqrExportResult *result)
{
  g_clear_pointer (&result->files, g_ptr_array_unref);
  g_clear_pointer (&result->note, g_free);
}

static gboolean
set_errno (GError **error, const char *path, const char *what, int failed)
{
  g_set_error (error, SPQR_EXPORT_ERROR, failed == ENOSPC ? SPQR_EXPORT_ERROR_NO_SPACE : SPQR_EXPORT_ERROR_FAILED,
               "%s: %s: %s", path, what, g_strerror (failed));
  return FALSE;
}

static gboolean
is_empty_folder (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);

  return dir != NULL && g_dir_read_name (dir) == NULL;
}

char *
spqr_export_make_staging (const char *target, GError **error)
{
  g_autofree char *full = g_canonicalize_filename (target, NULL);
  g_autofree char *parent = g_path_get_dirname (full);
  g_autofree char *base = g_path_get_basename (full);
  g_autofree char *staging = g_strdup_printf ("%s/.%s.partial-XXXXXX", parent, base);

  if (g_file_test (full, G_FILE_TEST_EXISTS) && !is_empty_folder (full))
    {
      g_set_error (error, SPQR_EXPORT_ERROR, SPQR_EXPORT_ERROR_EXISTS,
                   "%s: is there already and not empty; choose another folder, or remove it first", full);
      return NULL;
    }
  if (g_mkdir_with_parents (parent, 0755) != 0)
    {
      set_errno (error, parent, "cannot make this folder", errno);
      return NULL;
    }
  if (g_mkdtemp_full (staging, 0755) == NULL)
    {
      set_errno (error, parent, "cannot write here", errno);
      return NULL;
    }
  return g_steal_pointer (&staging);
}

static gboolean
sync_folder (const char *path)
{
  int fd = g_open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  gboolean synced = fd >= 0 && fsync (fd) == 0;

  if (fd >= 0)
    close (fd);
  return synced;
}

gboolean
spqr_export_commit_staging (const char *staging, const char *target, GError **error)
{
  g_autofree char *full = g_canonicalize_filename (target, NULL);
  g_autofree char *parent = g_path_get_dirname (full);

  if (!sync_folder (staging))
    return set_errno (error, staging, "cannot sync", errno);
  /* rename() replaces an empty folder and nothing else: what appeared meanwhile stays. */
  if (g_rename (staging, full) != 0)
    return set_errno (error, full, "cannot put the finished export here", errno);
  sync_folder (parent);
  return TRUE;
}

void
spqr_export_drop_staging (const char *staging)
{
  g_autoptr (GDir) dir = g_dir_open (staging, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (staging, name, NULL);
      g_unlink (path);
    }
  g_rmdir (staging);
}

gboolean
spqr_export_copy_file (const char *from_folder, const char *name, const char *to_folder, GError **error)
{
  g_autofree char *from = g_build_filename (from_folder, name, NULL);
  g_autofree char *to = g_build_filename (to_folder, name, NULL);
  g_autofree char *bytes = NULL;
  gsize length = 0;

  if (!g_file_test (from, G_FILE_TEST_IS_REGULAR))
    {
      g_set_error (error, SPQR_EXPORT_ERROR, SPQR_EXPORT_ERROR_FAILED, "%s: is not a regular file", from);
      return FALSE;
    }
  return g_file_get_contents (from, &bytes, &length, error) &&
         g_file_set_contents_full (to, bytes, length, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644, error);
}
