/* spqr-store-folder.c: a run's folder of artifacts, made and removed.
 *
 * Removal goes by directory descriptors that never follow a symbolic link, from <db-dir>/runs down,
 * and touches one direct child of it. The folder is renamed out of sight inside the transaction
 * that deletes the rows, and emptied after it: killed at any point, either the run is still whole or
 * it is gone from the list and the next opening sweeps the rest away. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/spqr-store-private.h"

#define RUNS_DIR "runs"
#define REMOVED_PREFIX ".removed-"
#define MAX_DEPTH 64

static char *
get_runs_dir (SpqrStore *self)
{
  return g_build_filename (self->dir, RUNS_DIR, NULL);
}

char *
spqr_store_make_run_folder (SpqrStore *self, GError **error)
{
  g_autofree char *runs = NULL;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *stamp = g_date_time_format (now, "%Y%m%d-%H%M%S");

  g_return_val_if_fail (SPQR_IS_STORE (self), NULL);

  runs = get_runs_dir (self);
  if (g_mkdir (runs, 0777) != 0 && errno != EEXIST)
    {
      _spqr_store_set_errno_error (error, errno, runs, "cannot create the folder for runs");
      return NULL;
    }
  for (int tries = 0; tries < 1000; tries++)
    {
      g_autofree char *name = g_strdup_printf ("%s-%06x", stamp, (guint) g_random_int () & 0xffffff);
      g_autofree char *path = g_build_filename (runs, name, NULL);

      if (g_mkdir (path, 0777) == 0)
        return g_steal_pointer (&path);
      if (errno != EEXIST)
        {
          _spqr_store_set_errno_error (error, errno, path, "cannot create the run's folder");
          return NULL;
        }
    }
  g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_FAILED, "%s: cannot find a free name for the run's folder",
               runs);
  return NULL;
}

/* ---- emptying ---- */

static gboolean remove_entries (int dir_fd, int depth);

/* Removes name in dir_fd, whatever it is. A link is removed itself. FALSE with errno. */
static gboolean
remove_at (int dir_fd, const char *name, int depth)
{
  int fd;
  gboolean emptied;

  if (unlinkat (dir_fd, name, 0) == 0 || errno == ENOENT)
    return TRUE;
  if (errno != EISDIR && errno != EPERM)
    return FALSE;
  if (depth > MAX_DEPTH)
    {
      errno = ELOOP;
      return FALSE;
    }
  fd = openat (dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return FALSE;
  emptied = remove_entries (fd, depth); /* takes fd */
  return emptied && unlinkat (dir_fd, name, AT_REMOVEDIR) == 0;
}

static gboolean
remove_entries (int dir_fd, int depth)
{
  DIR *dir = fdopendir (dir_fd);
  struct dirent *entry;
  gboolean ok = TRUE;
  int number = 0;

  if (dir == NULL)
    {
      number = errno;
      close (dir_fd);
      errno = number;
      return FALSE;
    }
  while ((entry = readdir (dir)) != NULL)
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0
        && !remove_at (dir_fd, entry->d_name, depth + 1))
      {
        ok = FALSE;
        number = errno;
      }
  closedir (dir);
  errno = number;
  return ok;
}

static int
open_runs_dir (SpqrStore *self)
{
  g_autofree char *runs = get_runs_dir (self);

  return g_open (runs, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
}

void
_spqr_store_sweep_removed_folders (SpqrStore *self)
{
  int fd = open_runs_dir (self);
  DIR *dir;
  struct dirent *entry;

  if (fd < 0)
    return;
  dir = fdopendir (fd);
  if (dir == NULL)
    {
      close (fd);
      return;
    }
  while ((entry = readdir (dir)) != NULL)
    if (g_str_has_prefix (entry->d_name, REMOVED_PREFIX))
      remove_at (fd, entry->d_name, 0); /* what stays is tried again at the next opening */
  closedir (dir);
}

/* ---- removing a run ---- */

typedef struct {
  gint64 run_id;
  gboolean with_files;
  int runs_fd;        /* of <db-dir>/runs; -1 when nothing is to be removed there */
  char *name;         /* the folder's name in it */
  char *removed_name; /* its name after the rename; NULL: not renamed */
} Removal;

static gboolean
refuse (GError **error, gint64 run_id, const char *folder, const char *why)
{
  g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_PERMISSION,
               "run %" G_GINT64_FORMAT ": its folder %s %s; nothing was removed. Remove the run without its files",
               run_id, folder, why);
  return FALSE;
}

/* The folder's column, g_free(); NULL with *ok TRUE when the run has none. */
static char *
read_folder_column (SpqrStore *self, gint64 run_id, gboolean *ok, GError **error)
{
  g_autoptr (SpqrStatement) stmt = _spqr_store_prepare (self,
    "SELECT folder, (SELECT count (*) FROM runs o WHERE o.folder = r.folder) FROM runs r WHERE id = ?1", error);
  int result;

  *ok = FALSE;
  if (stmt == NULL)
    return NULL;
  sqlite3_bind_int64 (stmt, 1, run_id);
  result = _spqr_store_step (self, stmt, "cannot read the run", error);
  if (result == SQLITE_DONE)
    _spqr_store_set_no_run (error, self, run_id);
  if (result != SQLITE_ROW)
    return NULL;
  if (sqlite3_column_int64 (stmt, 1) > 1)
    {
      refuse (error, run_id, (const char *) sqlite3_column_text (stmt, 0), "is shared with another run");
      return NULL;
    }
  *ok = TRUE;
  return g_strdup ((const char *) sqlite3_column_text (stmt, 0));
}

/* "runs/NAME" and nothing else. */
static const char *
get_child_name (const char *column)
{
  const char *name = g_str_has_prefix (column, RUNS_DIR "/") ? column + strlen (RUNS_DIR "/") : NULL;

  if (name == NULL || *name == '\0' || *name == '.' || strchr (name, '/') != NULL)
    return NULL;
  return name;
}

/* Finds the folder and checks that it may be removed: sets runs_fd and name, or neither when there
 * is nothing to remove. */
static gboolean
find_folder (SpqrStore *self, Removal *removal, GError **error)
{
  gboolean ok;
  g_autofree char *column = read_folder_column (self, removal->run_id, &ok, error);
  g_autofree char *folder = _spqr_store_folder_from_column (self, column);
  const char *name;
  struct stat info;

  if (!ok || column == NULL)
    return ok;
  name = get_child_name (column);
  if (name == NULL)
    return refuse (error, removal->run_id, folder, "does not lie in the database's own folder of runs");
  removal->runs_fd = open_runs_dir (self);
  if (removal->runs_fd < 0)
    return errno == ENOENT
           || refuse (error, removal->run_id, folder, "lies in a folder that is a link or cannot be opened");
  if (fstatat (removal->runs_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
    {
      if (errno == ENOENT)
        return TRUE;
      _spqr_store_set_errno_error (error, errno, folder, "cannot look at the run's folder");
      return FALSE;
    }
  if (!S_ISDIR (info.st_mode))
    return refuse (error, removal->run_id, folder, "is a link or a file, not a folder");
  removal->name = g_strdup (name);
  return TRUE;
}

static gboolean
hide_folder (SpqrStore *self, Removal *removal, GError **error)
{
  g_autofree char *hidden = g_strconcat (REMOVED_PREFIX, removal->name, NULL);
  g_autofree char *path = g_build_filename (self->dir, RUNS_DIR, removal->name, NULL);

  if (renameat (removal->runs_fd, removal->name, removal->runs_fd, hidden) != 0)
    {
      _spqr_store_set_errno_error (error, errno, path, "cannot remove the run's folder");
      return FALSE;
    }
  removal->removed_name = g_steal_pointer (&hidden);
  return TRUE;
}

static gboolean
remove_work (SpqrStore *self, gpointer data, GError **error)
{
  Removal *removal = data;
  gboolean alive, own;

  if (!_spqr_store_check_owner (self, removal->run_id, &alive, &own, error))
    return FALSE;
  if (alive)
    {
      g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_BUSY,
                   "run %" G_GINT64_FORMAT " is still running; cancel it first", removal->run_id);
      return FALSE;
    }
  return (!removal->with_files || find_folder (self, removal, error))
         && _spqr_store_run_with_id (self, "DELETE FROM runs WHERE id = ?1", removal->run_id,
                                     "cannot remove the run", error)
         && (removal->name == NULL || hide_folder (self, removal, error));
}

gboolean
spqr_store_remove_run (SpqrStore *self, gint64 run_id, gboolean with_files, GError **error)
{
  Removal removal = { run_id, with_files, -1, NULL, NULL };
  gboolean ok;

  g_return_val_if_fail (SPQR_IS_STORE (self), FALSE);

  ok = _spqr_store_write (self, remove_work, &removal, error);
  if (!ok && removal.removed_name != NULL)
    renameat (removal.runs_fd, removal.removed_name, removal.runs_fd, removal.name); /* the commit failed */
  else if (removal.removed_name != NULL && !remove_at (removal.runs_fd, removal.removed_name, 0))
    {
      g_autofree char *path = g_build_filename (self->dir, RUNS_DIR, removal.removed_name, NULL);

      _spqr_store_set_errno_error (error, errno, path, "the run is removed, but not all of its files");
      ok = FALSE;
    }
  if (removal.runs_fd >= 0)
    close (removal.runs_fd);
  g_free (removal.name);
  g_free (removal.removed_name);
  return ok;
}
