/* spqr-schema.c: the schema and its migrations. PRAGMA user_version says which step a file is at. */
#include "store/spqr-schema-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "store/spqr-store-private.h"

/* SQLite's smallest page. It takes a shorter file for an empty one, and would write over it. */
#define MIN_FILE_SIZE 512

/* A run's n_layers_done is kept by triggers, so that the list of runs need not count layers. */
static const char schema_1[] =
  "CREATE TABLE runs ("
  "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
  "  state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'cancelled', 'failed', 'interrupted')),"
  "  model_path TEXT, model_name TEXT, model_fingerprint TEXT, architecture TEXT,"
  "  calibration TEXT, calibration_fingerprint TEXT,"
  "  nsamples INTEGER NOT NULL, seqlen INTEGER NOT NULL, seed INTEGER NOT NULL,"
  "  params_json TEXT,"
  "  method TEXT, wbits INTEGER NOT NULL, groupsize INTEGER NOT NULL, qq_scale_bits INTEGER NOT NULL,"
  "  qq_zero_bits INTEGER NOT NULL, qq_groupsize INTEGER NOT NULL, outlier_threshold REAL, percdamp REAL,"
  "  permutation_order TEXT,"
  "  backend TEXT, version TEXT, folder TEXT, note TEXT, error TEXT,"
  "  created INTEGER NOT NULL, finished INTEGER NOT NULL,"
  "  seconds REAL, bits_formula REAL, bits_stored REAL, outlier_share REAL, mean_proxy_loss REAL,"
  "  n_layers INTEGER NOT NULL, n_layers_done INTEGER NOT NULL DEFAULT 0,"
  "  owner_pid INTEGER, owner_start INTEGER, owner_boot TEXT" /* the process that runs it */
  ") STRICT;"
  "CREATE INDEX runs_by_created ON runs (created, id);"
  "CREATE INDEX runs_running ON runs (state) WHERE state = 'running';"

  "CREATE TABLE layers ("
  "  id INTEGER PRIMARY KEY,"
  "  run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,"
  "  name TEXT NOT NULL, role TEXT, file TEXT, backend TEXT, note TEXT,"
  "  block INTEGER NOT NULL, \"rows\" INTEGER NOT NULL, cols INTEGER NOT NULL,"
  "  bits REAL, bits_stored REAL, outlier_share REAL, proxy_loss REAL, output_error REAL, mse REAL,"
  "  seconds REAL, percdamp_used REAL, n_outliers INTEGER NOT NULL,"
  "  added INTEGER NOT NULL DEFAULT (unixepoch ()),"
  "  UNIQUE (run_id, name)"
  ") STRICT;"
  "CREATE TRIGGER layer_added AFTER INSERT ON layers BEGIN"
  "  UPDATE runs SET n_layers_done = n_layers_done + 1 WHERE id = new.run_id; END;"
  "CREATE TRIGGER layer_removed AFTER DELETE ON layers BEGIN"
  "  UPDATE runs SET n_layers_done = n_layers_done - 1 WHERE id = old.run_id; END;"

  "CREATE TABLE evaluations ("
  "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
  "  run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,"
  "  created INTEGER NOT NULL,"
  "  data TEXT, data_fingerprint TEXT, tokenizer_fingerprint TEXT, protocol TEXT,"
  "  seqlen INTEGER NOT NULL, windows INTEGER NOT NULL, tokens INTEGER NOT NULL,"
  "  nll REAL, ppl REAL, ppl_stderr REAL, ppl_base REAL, kl REAL, top1_agreement REAL, seconds REAL"
  ") STRICT;"
  "CREATE INDEX evaluations_by_run ON evaluations (run_id, id);"

  "CREATE TABLE exports ("
  "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
  "  run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,"
  "  created INTEGER NOT NULL,"
  "  format TEXT, path TEXT, verified INTEGER NOT NULL, max_abs_diff REAL"
  ") STRICT;"
  "CREATE INDEX exports_by_run ON exports (run_id, id);"

  "CREATE TABLE tags ("
  "  run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,"
  "  tag TEXT NOT NULL CHECK (tag <> ''),"
  "  PRIMARY KEY (run_id, tag)"
  ") STRICT, WITHOUT ROWID;";

/* Zero-shot tasks have figures of their own; `measured` is what evaluations that are under way know
 * already (spqr-store-measured.c). */
static const char schema_2[] =
  "ALTER TABLE evaluations ADD COLUMN kl_stderr REAL;"
  "ALTER TABLE evaluations ADD COLUMN task TEXT;"
  "ALTER TABLE evaluations ADD COLUMN scoring TEXT;"
  "ALTER TABLE evaluations ADD COLUMN acc REAL;"
  "ALTER TABLE evaluations ADD COLUMN acc_stderr REAL;"
  "ALTER TABLE evaluations ADD COLUMN acc_norm REAL;"
  "ALTER TABLE evaluations ADD COLUMN acc_norm_stderr REAL;"

  "CREATE TABLE measured ("
  "  subject TEXT NOT NULL, item INTEGER NOT NULL,"
  "  nll REAL, base_nll REAL, kl REAL, agreed INTEGER NOT NULL,"
  "  added INTEGER NOT NULL DEFAULT (unixepoch ()),"
  "  PRIMARY KEY (subject, item)"
  ") STRICT, WITHOUT ROWID;";

/* Where an evaluation was computed; jobs that wait in a program's queue (spqr-store-waiting.c). */
static const char schema_3[] =
  "ALTER TABLE evaluations ADD COLUMN backend TEXT;"
  "CREATE TABLE waiting ("
  "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
  "  title TEXT NOT NULL, request TEXT NOT NULL,"
  "  added INTEGER NOT NULL DEFAULT (unixepoch ()),"
  "  owner_pid INTEGER, owner_start INTEGER, owner_boot TEXT" /* the process in whose queue it is */
  ") STRICT;";

const SpqrMigration _spqr_schema_migrations[] = {
  { 1, schema_1 },
  { 2, schema_2 },
  { 3, schema_3 },
};
const guint _spqr_schema_n_migrations = G_N_ELEMENTS (_spqr_schema_migrations);

typedef sqlite3 SpqrConnection;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrConnection, sqlite3_close)
typedef sqlite3_stmt SpqrOwnStatement;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrOwnStatement, sqlite3_finalize)

gboolean
_spqr_schema_get_int (sqlite3 *db, const char *path, const char *pragma, gint64 *value, GError **error)
{
  g_autoptr (SpqrOwnStatement) stmt = NULL;

  if (sqlite3_prepare_v2 (db, pragma, -1, &stmt, NULL) != SQLITE_OK || sqlite3_step (stmt) != SQLITE_ROW)
    {
      _spqr_store_set_sqlite_error (error, db, path, "cannot read the database");
      return FALSE;
    }
  *value = sqlite3_column_int64 (stmt, 0);
  return TRUE;
}

static gboolean
exec (sqlite3 *db, const char *path, const char *sql, const char *doing, GError **error)
{
  if (sqlite3_exec (db, sql, NULL, NULL, NULL) == SQLITE_OK)
    return TRUE;
  _spqr_store_set_sqlite_error (error, db, path, doing);
  return FALSE;
}

/* Refuses what is newer or not ours: our mark is set together with the first tables. */
static gboolean
check_version (const char *path, gint64 version, gint64 application_id, gint64 n_tables, gint64 newest, GError **error)
{
  gboolean blank = application_id == 0 && version == 0 && n_tables == 0;

  if (application_id != SPQR_APPLICATION_ID && !blank)
    {
      g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_CORRUPT,
                   "%s: this is a database of another program; choose another file", path);
      return FALSE;
    }
  if (version > newest)
    {
      g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_NEWER,
                   "%s: written by a newer version of this program (database version %" G_GINT64_FORMAT
                   ", this program knows up to %" G_GINT64_FORMAT "); update the program or choose another file",
                   path, version, newest);
      return FALSE;
    }
  if (version < 0)
    {
      g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_CORRUPT,
                   "%s: impossible database version %" G_GINT64_FORMAT "; choose another file", path, version);
      return FALSE;
    }
  return TRUE;
}

/* What the database says it is, checked. */
static gboolean
read_version (sqlite3 *db, const char *path, gint64 newest, gint64 *version, gint64 *n_tables, GError **error)
{
  gint64 application_id;

  return _spqr_schema_get_int (db, path, "PRAGMA user_version", version, error)
         && _spqr_schema_get_int (db, path, "PRAGMA application_id", &application_id, error)
         && _spqr_schema_get_int (db, path, "SELECT count(*) FROM sqlite_schema", n_tables, error)
         && check_version (path, *version, application_id, *n_tables, newest, error);
}

/* The same outside of a transaction: as it is at one moment, another process may be setting it up. */
static gboolean
read_version_at_once (sqlite3 *db, const char *path, gint64 newest, gint64 *version, gint64 *n_tables, GError **error)
{
  gboolean ok;

  if (!exec (db, path, "BEGIN", "cannot read the database", error))
    return FALSE;
  ok = read_version (db, path, newest, version, n_tables, error);
  sqlite3_exec (db, "COMMIT", NULL, NULL, NULL);
  return ok;
}

static gboolean
set_not_a_database (GError **error, const char *path)
{
  g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_CORRUPT,
               "%s: this is not a database; choose another file", path);
  return FALSE;
}

/* Reading the header with open() and close() would drop the locks that this process holds on the
 * file through SQLite (POSIX locks go with any descriptor), so SQLite itself reads it: immutable
 * means without locks, without the -wal and -shm files, and never writing. */
gboolean
_spqr_schema_check_file (const char *path, const SpqrMigration *migrations, guint n_migrations, GError **error)
{
  g_autofree char *escaped = g_uri_escape_string (path, "/", FALSE);
  g_autofree char *uri = g_strdup_printf ("file:%s?mode=ro&immutable=1", escaped);
  g_autoptr (SpqrConnection) db = NULL;
  gint64 version, application_id;
  GStatBuf info;

  if (g_stat (path, &info) != 0)
    return TRUE;
  if (info.st_size > 0 && info.st_size < MIN_FILE_SIZE)
    return set_not_a_database (error, path);
  if (sqlite3_open_v2 (uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) != SQLITE_OK)
    return TRUE; /* the real opening has the words for it */
  if (!_spqr_schema_get_int (db, path, "PRAGMA user_version", &version, NULL)
      || !_spqr_schema_get_int (db, path, "PRAGMA application_id", &application_id, NULL))
    {
      if (sqlite3_errcode (db) != SQLITE_NOTADB)
        return TRUE; /* the same */
      return set_not_a_database (error, path);
    }
  return check_version (path, version, application_id, 0, migrations[n_migrations - 1].version, error);
}

static gboolean
sync_file (const char *path)
{
  int fd = g_open (path, O_RDONLY | O_CLOEXEC, 0);
  gboolean ok;

  if (fd < 0)
    return FALSE;
  ok = fsync (fd) == 0;
  return close (fd) == 0 && ok;
}

/* The first name that is free: FILE.v1.backup, FILE.v1-2.backup, … */
static char *
choose_backup_path (const char *path, gint64 version)
{
  char *name = g_strdup_printf ("%s.v%" G_GINT64_FORMAT ".backup", path, version);

  for (int i = 2; g_file_test (name, G_FILE_TEST_EXISTS); i++)
    {
      g_free (name);
      name = g_strdup_printf ("%s.v%" G_GINT64_FORMAT "-%d.backup", path, version, i);
    }
  return name;
}

/* A whole, defragmented copy, through a connection of its own: the caller's holds the write lock
 * meanwhile, so nothing can come between the copy and the migration. Written under another name
 * first: a backup that bears its name is complete. */
static char *
write_backup (const char *path, gint64 version, GError **error)
{
  g_autofree char *target = choose_backup_path (path, version);
  g_autofree char *partial = g_strconcat (target, ".part", NULL);
  g_autoptr (SpqrConnection) db = NULL;
  g_autoptr (SpqrOwnStatement) stmt = NULL;

  g_unlink (partial);
  if (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK
      || sqlite3_prepare_v2 (db, "VACUUM INTO ?1", -1, &stmt, NULL) != SQLITE_OK
      || sqlite3_bind_text (stmt, 1, partial, -1, SQLITE_STATIC) != SQLITE_OK
      || sqlite3_step (stmt) != SQLITE_DONE)
    {
      _spqr_store_set_sqlite_error (error, db, path, "cannot write a backup before updating the database");
      g_unlink (partial);
      return NULL;
    }
  if (!sync_file (partial) || g_rename (partial, target) != 0)
    {
      _spqr_store_set_errno_error (error, errno, target, "cannot write a backup before updating the database");
      g_unlink (partial);
      return NULL;
    }
  return g_steal_pointer (&target);
}

static gboolean
run_steps (sqlite3 *db, const char *path, gint64 version, const SpqrMigration *migrations, guint n_migrations,
           GError **error)
{
  for (guint i = 0; i < n_migrations; i++)
    {
      g_autofree char *doing = g_strdup_printf ("cannot update the database to version %d", migrations[i].version);
      g_autofree char *stamp = g_strdup_printf ("PRAGMA user_version = %d", migrations[i].version);

      if (migrations[i].version <= version)
        continue;
      if (!exec (db, path, migrations[i].sql, doing, error) || !exec (db, path, stamp, doing, error))
        return FALSE;
    }
  return TRUE;
}

/* Inside the transaction: what another process may have done meanwhile is seen here. */
static gboolean
migrate_locked (sqlite3 *db, const char *path, const SpqrMigration *migrations, guint n_migrations, char **backup,
                GError **error)
{
  gint64 newest = migrations[n_migrations - 1].version;
  gint64 version, n_tables;
  g_autofree char *stamp = g_strdup_printf ("PRAGMA application_id = %d", SPQR_APPLICATION_ID);

  if (!read_version (db, path, newest, &version, &n_tables, error))
    return FALSE;
  if (version == newest)
    return TRUE;
  if (n_tables > 0 && (*backup = write_backup (path, version, error)) == NULL)
    return FALSE;
  return exec (db, path, stamp, "cannot set up the database", error)
         && run_steps (db, path, version, migrations, n_migrations, error);
}

gboolean
_spqr_schema_migrate (sqlite3 *db, const char *path, const SpqrMigration *migrations, guint n_migrations,
                      char **backup, GError **error)
{
  gint64 newest = migrations[n_migrations - 1].version;
  g_autofree char *written = NULL;
  gint64 version, n_tables;

  if (backup != NULL)
    *backup = NULL;
  if (!read_version_at_once (db, path, newest, &version, &n_tables, error))
    return FALSE;
  if (version == newest)
    return TRUE;
  if (!exec (db, path, "BEGIN IMMEDIATE", "cannot update the database", error))
    return FALSE;
  if (!migrate_locked (db, path, migrations, n_migrations, &written, error)
      || !exec (db, path, "COMMIT", "cannot update the database", error))
    {
      sqlite3_exec (db, "ROLLBACK", NULL, NULL, NULL);
      return FALSE;
    }
  if (backup != NULL)
    *backup = g_steal_pointer (&written);
  return TRUE;
}
