/* spqr-store.c: opening, the lock, transactions and the "changed" signal. */
#include "store/spqr-store-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/spqr-schema-private.h"

#define BUSY_TIMEOUT_MS 10000

G_DEFINE_FINAL_TYPE (SpqrStore, spqr_store, G_TYPE_OBJECT)

enum { CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

static void
spqr_store_dispose (GObject *object)
{
  SpqrStore *self = SPQR_STORE (object);

  g_mutex_lock (&self->changed_lock);
  if (self->changed_source != NULL)
    {
      g_source_destroy (self->changed_source);
      g_clear_pointer (&self->changed_source, g_source_unref);
    }
  g_mutex_unlock (&self->changed_lock);
  G_OBJECT_CLASS (spqr_store_parent_class)->dispose (object);
}

static void
spqr_store_finalize (GObject *object)
{
  SpqrStore *self = SPQR_STORE (object);

  g_clear_pointer (&self->statements, g_hash_table_unref);
  if (self->db != NULL)
    sqlite3_close (self->db);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->dir, g_free);
  g_mutex_clear (&self->lock);
  g_mutex_clear (&self->changed_lock);
  G_OBJECT_CLASS (spqr_store_parent_class)->finalize (object);
}

static void
spqr_store_class_init (SpqrStoreClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = spqr_store_dispose;
  object_class->finalize = spqr_store_finalize;

  signals[CHANGED] = g_signal_new ("changed", SPQR_TYPE_STORE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
}

static void
finalize_statement (gpointer stmt)
{
  sqlite3_finalize (stmt);
}

static void
spqr_store_init (SpqrStore *self)
{
  g_mutex_init (&self->lock);
  g_mutex_init (&self->changed_lock);
  self->context = g_main_context_ref_thread_default ();
  self->statements = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, finalize_statement);
}

/* ---- opening ---- */

/* Absolute and without symbolic links, as far as the path exists: run folders lie beside the real
 * file. The folder itself must exist. */
static char *
resolve_path (const char *path, GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  g_autofree char *dir = g_path_get_dirname (absolute);
  g_autofree char *base = g_path_get_basename (absolute);
  char *whole = realpath (absolute, NULL);
  char *real_dir;
  char *resolved;

  if (whole != NULL)
    {
      resolved = g_strdup (whole);
      free (whole);
      return resolved;
    }
  real_dir = realpath (dir, NULL);
  if (real_dir == NULL)
    {
      if (errno == ENOENT)
        g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_NOT_FOUND,
                     "%s: the folder %s does not exist; create it or choose another one", absolute, dir);
      else
        _spqr_store_set_errno_error (error, errno, absolute, "cannot open the database");
      return NULL;
    }
  resolved = g_build_filename (real_dir, base, NULL);
  free (real_dir);
  return resolved;
}

static char *
default_path (GError **error)
{
  g_autofree char *dir = g_build_filename (g_get_user_data_dir (), "spqr-studio", NULL);

  if (g_mkdir_with_parents (dir, 0700) != 0)
    {
      _spqr_store_set_errno_error (error, errno, dir, "cannot create the data folder");
      return NULL;
    }
  return g_build_filename (dir, "studio.db", NULL);
}

static gboolean
open_connection (SpqrStore *self, GError **error)
{
  int result = sqlite3_open_v2 (self->path, &self->db,
                                SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, NULL);

  if (self->db == NULL)
    {
      g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_FAILED, "%s: cannot open the database: %s", self->path,
                   sqlite3_errstr (result));
      return FALSE;
    }
  if (result != SQLITE_OK)
    {
      _spqr_store_set_sqlite_error (error, self->db, self->path, "cannot open the database");
      return FALSE;
    }
  /* SQLite falls back to reading alone without a word. */
  if (sqlite3_db_readonly (self->db, "main") == 1)
    {
      g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_PERMISSION,
                   "%s: cannot write to the database: change the file's permissions or choose another file",
                   self->path);
      return FALSE;
    }
  sqlite3_extended_result_codes (self->db, 1);
  sqlite3_busy_timeout (self->db, BUSY_TIMEOUT_MS);
  return TRUE;
}

/* Changing to WAL needs the file alone for a moment, and SQLite does not wait for that by itself.
 * A file system without shared memory keeps the rollback journal, which is as safe when synced. */
static gboolean
configure_connection (SpqrStore *self, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + BUSY_TIMEOUT_MS * G_TIME_SPAN_MILLISECOND;
  sqlite3_stmt *stmt = NULL;
  gboolean wal = FALSE;
  int result;

  for (;;)
    {
      result = sqlite3_prepare_v2 (self->db, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);
      if (result == SQLITE_OK && (result = sqlite3_step (stmt)) == SQLITE_ROW)
        wal = g_strcmp0 ((const char *) sqlite3_column_text (stmt, 0), "wal") == 0;
      if (result != SQLITE_ROW && (result & 0xff) != SQLITE_BUSY)
        _spqr_store_set_sqlite_error (error, self->db, self->path, "cannot open the database");
      else if (result != SQLITE_ROW && g_get_monotonic_time () > deadline)
        _spqr_store_set_sqlite_error (error, self->db, self->path, "cannot open the database");
      else if (result != SQLITE_ROW)
        {
          sqlite3_finalize (stmt);
          g_usleep (5000);
          continue;
        }
      sqlite3_finalize (stmt);
      break;
    }
  if (result != SQLITE_ROW)
    return FALSE;
  if (sqlite3_exec (self->db, wal ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL", NULL, NULL, NULL)
        != SQLITE_OK
      || sqlite3_exec (self->db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL) != SQLITE_OK
      || sqlite3_exec (self->db, "PRAGMA trusted_schema = OFF", NULL, NULL, NULL) != SQLITE_OK
      || _spqr_store_add_functions (self->db) != SQLITE_OK)
    {
      _spqr_store_set_sqlite_error (error, self->db, self->path, "cannot open the database");
      return FALSE;
    }
  return TRUE;
}

/* A database that is refused keeps its bytes: no checkpoint of what its -wal file holds. */
static gboolean
open_checked (SpqrStore *self, GError **error)
{
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  if (!_spqr_schema_migrate (self->db, self->path, _spqr_schema_migrations, _spqr_schema_n_migrations, NULL, error))
    return FALSE;
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
  return configure_connection (self, error);
}

/* SQLite writes files beside the database; asked here, because it would report a folder that is not
 * writable as a file that is not there. */
static gboolean
check_folder (SpqrStore *self, GError **error)
{
  if (g_file_test (self->path, G_FILE_TEST_IS_DIR))
    {
      g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_CORRUPT,
                   "%s: this is a folder, not a database; name a file in it", self->path);
      return FALSE;
    }
  if (faccessat (AT_FDCWD, self->dir, W_OK | X_OK, AT_EACCESS) != 0)
    {
      _spqr_store_set_errno_error (error, errno, self->dir, "cannot write beside the database");
      return FALSE;
    }
  return TRUE;
}

SpqrStore *
spqr_store_open (const char *path, GError **error)
{
  g_autoptr (SpqrStore) self = g_object_new (SPQR_TYPE_STORE, NULL);
  g_autofree char *chosen = path != NULL ? g_strdup (path) : default_path (error);

  if (chosen == NULL || (self->path = resolve_path (chosen, error)) == NULL)
    return NULL;
  self->dir = g_path_get_dirname (self->path);
  if (!check_folder (self, error)
      || !_spqr_schema_check_file (self->path, _spqr_schema_migrations, _spqr_schema_n_migrations, error)
      || !open_connection (self, error)
      || !open_checked (self, error)
      || !spqr_store_mark_interrupted (self, error))
    return NULL;
  _spqr_store_sweep_removed_folders (self);
  return g_steal_pointer (&self);
}

/* 0: there is none. The number is not given to another file while SQLite has this one open. */
static guint64
find_wal (SpqrStore *self)
{
  g_autofree char *path = g_strconcat (self->path, "-wal", NULL);
  GStatBuf info;

  return g_stat (path, &info) == 0 ? (guint64) info.st_ino : 0;
}

/* POSIX locks go when the process closes any descriptor of their file: a file dialog that lists the database's folder, and
 * looks into every file for its type, takes SQLite's with it. The next process that closes the database then thinks
 * itself the last one, moves what the -wal file holds into the database and removes that file; what this process writes
 * from then on would go with it, unseen by everybody else. So each transaction looks whether the file is still there, and
 * connects anew where it is not. */
static gboolean
connect_again_if_lost (SpqrStore *self, GError **error)
{
  if (self->db != NULL && (self->wal_inode == 0 || find_wal (self) == self->wal_inode))
    return TRUE;
  g_hash_table_remove_all (self->statements);
  self->wal_inode = 0;
  if (self->db != NULL)
    {
      /* What it had is in the database; it must not go there a second time. */
      sqlite3_db_config (self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
      sqlite3_close (g_steal_pointer (&self->db));
    }
  if (_spqr_schema_check_file (self->path, _spqr_schema_migrations, _spqr_schema_n_migrations, error)
      && open_connection (self, error) && open_checked (self, error))
    return TRUE;
  g_clear_pointer (&self->db, sqlite3_close);
  return FALSE;
}

const char *
spqr_store_get_path (SpqrStore *self)
{
  g_return_val_if_fail (SPQR_IS_STORE (self), NULL);

  return self->path;
}

/* ---- the signal ---- */

static void
clear_weak_ref (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

static gboolean
emit_changed (gpointer data)
{
  g_autoptr (SpqrStore) self = g_weak_ref_get (data);

  if (self == NULL)
    return G_SOURCE_REMOVE;
  /* Cleared before the handlers run: what is written from now on is a new change. */
  g_mutex_lock (&self->changed_lock);
  g_clear_pointer (&self->changed_source, g_source_unref);
  g_mutex_unlock (&self->changed_lock);
  g_signal_emit (self, signals[CHANGED], 0);
  return G_SOURCE_REMOVE;
}

static void
queue_changed (SpqrStore *self)
{
  g_mutex_lock (&self->changed_lock);
  if (self->changed_source == NULL)
    {
      GWeakRef *ref = g_new0 (GWeakRef, 1);

      g_weak_ref_init (ref, self);
      self->changed_source = g_idle_source_new ();
      g_source_set_static_name (self->changed_source, "[spqr] store changed");
      g_source_set_callback (self->changed_source, emit_changed, ref, clear_weak_ref);
      g_source_attach (self->changed_source, self->context);
    }
  g_mutex_unlock (&self->changed_lock);
}

/* ---- statements ---- */

SpqrStatement *
_spqr_store_prepare (SpqrStore *self, const char *sql, GError **error)
{
  sqlite3_stmt *stmt = g_hash_table_lookup (self->statements, sql);

  if (stmt != NULL)
    return stmt;
  if (sqlite3_prepare_v3 (self->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK)
    {
      /* Our own SQL against our own schema: the tables are not what the version promises. */
      if (sqlite3_errcode (self->db) == SQLITE_ERROR)
        g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_CORRUPT,
                     "%s: the tables are not those of this program (%s); put a backup in its place or choose "
                     "another file", self->path, sqlite3_errmsg (self->db));
      else
        _spqr_store_set_sqlite_error (error, self->db, self->path, "cannot read the database");
      return NULL;
    }
  g_hash_table_insert (self->statements, g_strdup (sql), stmt);
  return stmt;
}

int
_spqr_store_step (SpqrStore *self, SpqrStatement *stmt, const char *doing, GError **error)
{
  int result = sqlite3_step (stmt);

  if (result == SQLITE_ROW || result == SQLITE_DONE)
    return result;
  _spqr_store_set_sqlite_error (error, self->db, self->path, doing);
  return 0;
}

gboolean
_spqr_store_run (SpqrStore *self, SpqrStatement *stmt, const char *doing, GError **error)
{
  int result;

  do
    result = _spqr_store_step (self, stmt, doing, error);
  while (result == SQLITE_ROW);
  return result == SQLITE_DONE;
}

gboolean
_spqr_store_run_with_id (SpqrStore *self, const char *sql, gint64 id, const char *doing, GError **error)
{
  g_autoptr (SpqrStatement) stmt = _spqr_store_prepare (self, sql, error);

  if (stmt == NULL)
    return FALSE;
  sqlite3_bind_int64 (stmt, 1, id);
  return _spqr_store_run (self, stmt, doing, error);
}

/* ---- transactions ---- */

static gboolean
run_plain (SpqrStore *self, const char *sql, const char *doing, GError **error)
{
  g_autoptr (SpqrStatement) stmt = _spqr_store_prepare (self, sql, error);

  return stmt != NULL && _spqr_store_run (self, stmt, doing, error);
}

static gboolean
transact (SpqrStore *self, const char *begin, SpqrStoreWork work, gpointer data, const char *doing, GError **error)
{
  gboolean ok;

  g_mutex_lock (&self->lock);
  ok = connect_again_if_lost (self, error) && run_plain (self, begin, doing, error);
  if (ok)
    {
      ok = work (self, data, error) && run_plain (self, "COMMIT", doing, error);
      /* A full disk may have rolled back by itself. */
      if (!ok && sqlite3_get_autocommit (self->db) == 0)
        run_plain (self, "ROLLBACK", doing, NULL);
      if (self->wal_inode == 0)
        self->wal_inode = find_wal (self);
    }
  g_mutex_unlock (&self->lock);
  return ok;
}

gboolean
_spqr_store_write_quietly (SpqrStore *self, SpqrStoreWork work, gpointer data, GError **error)
{
  return transact (self, "BEGIN IMMEDIATE", work, data, "cannot write to the database", error);
}

gboolean
_spqr_store_write (SpqrStore *self, SpqrStoreWork work, gpointer data, GError **error)
{
  if (!_spqr_store_write_quietly (self, work, data, error))
    return FALSE;
  queue_changed (self);
  return TRUE;
}

gboolean
_spqr_store_read (SpqrStore *self, SpqrStoreWork work, gpointer data, GError **error)
{
  return transact (self, "BEGIN", work, data, "cannot read the database", error);
}

/* ---- other programs ---- */

static gboolean
read_data_version (SpqrStore *self, gpointer data, GError **error)
{
  g_autoptr (SpqrStatement) stmt = _spqr_store_prepare (self, "PRAGMA data_version", error);
  gint64 version;

  if (stmt == NULL || _spqr_store_step (self, stmt, "looking for changes", error) != SQLITE_ROW)
    return FALSE;
  version = sqlite3_column_int64 (stmt, 0);
  *(gboolean *) data = version != self->data_version;
  self->data_version = version;
  return TRUE;
}

gboolean
spqr_store_look_around (SpqrStore *self, GError **error)
{
  gboolean changed = FALSE;

  if (!_spqr_store_read (self, read_data_version, &changed, error))
    return FALSE;
  if (changed)
    queue_changed (self);
  return TRUE;
}
