/* spqr-store-error.c: what SQLite and the system report, as errors that say what to do. */
#include <errno.h>

#include "store/spqr-store-private.h"

G_DEFINE_QUARK (spqr-store-error-quark, spqr_store_error)

static gboolean
errno_is_no_space (int number)
{
  /* EFBIG: the limit of a process or a file system on one file's size. */
  return number == ENOSPC || number == EDQUOT || number == EFBIG;
}

/* The errno behind db's last error. A failed commit does not keep it in the connection, but the file
 * that could not be written (in WAL mode that is the journal's place) does. */
static int
get_system_errno (sqlite3 *db)
{
  sqlite3_file *journal = NULL;
  int number = 0;

  if (errno_is_no_space (sqlite3_system_errno (db)))
    return sqlite3_system_errno (db);
  sqlite3_file_control (db, "main", SQLITE_FCNTL_LAST_ERRNO, &number);
  if (errno_is_no_space (number))
    return number;
  if (sqlite3_file_control (db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &journal) == SQLITE_OK
      && journal != NULL && journal->pMethods != NULL
      && journal->pMethods->xFileControl (journal, SQLITE_FCNTL_LAST_ERRNO, &number) == SQLITE_OK
      && errno_is_no_space (number))
    return number;
  return sqlite3_system_errno (db);
}

/* The code for a failed call, from SQLite's result (primary code) and the errno behind it. */
static SpqrStoreError
code_from_sqlite (int result, int system_errno)
{
  switch (result & 0xff)
    {
    case SQLITE_FULL:
      return SPQR_STORE_ERROR_NO_SPACE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return SPQR_STORE_ERROR_CORRUPT;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return SPQR_STORE_ERROR_PERMISSION;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return SPQR_STORE_ERROR_BUSY;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      if (errno_is_no_space (system_errno))
        return SPQR_STORE_ERROR_NO_SPACE;
      if (system_errno == EACCES || system_errno == EPERM || system_errno == EROFS)
        return SPQR_STORE_ERROR_PERMISSION;
      if (system_errno == ENOENT || system_errno == ENOTDIR)
        return SPQR_STORE_ERROR_NOT_FOUND;
      return SPQR_STORE_ERROR_FAILED;
    default:
      return SPQR_STORE_ERROR_FAILED;
    }
}

static const char *
advice (SpqrStoreError code)
{
  switch (code)
    {
    case SPQR_STORE_ERROR_NO_SPACE:
      return ": the disk is full or a quota is reached; make room, then try again";
    case SPQR_STORE_ERROR_CORRUPT:
      return ": the file is damaged or not a database of this program; put a backup in its place or choose another file";
    case SPQR_STORE_ERROR_PERMISSION:
      return ": the file and its folder must be writable; change their permissions or choose another file";
    case SPQR_STORE_ERROR_BUSY:
      return ": another program is writing to the database; try again";
    case SPQR_STORE_ERROR_NEWER:
    case SPQR_STORE_ERROR_NOT_FOUND:
    case SPQR_STORE_ERROR_FAILED:
    case SPQR_STORE_ERROR_INVALID:
    default:
      return "";
    }
}

void
_spqr_store_set_sqlite_error (GError **error, sqlite3 *db, const char *path, const char *doing)
{
  int result = sqlite3_extended_errcode (db);
  SpqrStoreError code = code_from_sqlite (result, get_system_errno (db));

  g_set_error (error, SPQR_STORE_ERROR, code, "%s: %s: %s%s", path, doing, sqlite3_errmsg (db), advice (code));
}

void
_spqr_store_set_errno_error (GError **error, int number, const char *path, const char *doing)
{
  SpqrStoreError code = SPQR_STORE_ERROR_FAILED;

  if (errno_is_no_space (number))
    code = SPQR_STORE_ERROR_NO_SPACE;
  else if (number == EACCES || number == EPERM || number == EROFS)
    code = SPQR_STORE_ERROR_PERMISSION;
  else if (number == ENOENT || number == ENOTDIR)
    code = SPQR_STORE_ERROR_NOT_FOUND;
  g_set_error (error, SPQR_STORE_ERROR, code, "%s: %s: %s%s", path, doing, g_strerror (number),
               code == SPQR_STORE_ERROR_PERMISSION ? "; change its permissions or choose another folder"
               : code == SPQR_STORE_ERROR_NO_SPACE ? "; make room, then try again" : "");
}
