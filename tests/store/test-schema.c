/* test-schema.c: migrations, and what is refused untouched. The steps here are artificial ones. */
#include <glib.h>
#include <sqlite3.h>
#include <string.h>

#include "store/spqr-schema-private.h"
#include "store-fixture.h"

static const SpqrMigration steps[] = {
  { 1, "CREATE TABLE a (x INTEGER); CREATE TABLE keep (y TEXT);" },
  { 2, "ALTER TABLE a ADD COLUMN z TEXT; UPDATE a SET z = 'two';" },
  { 3, "CREATE TABLE b (w REAL);" },
};
static const SpqrMigration failing[] = {
  { 1, "CREATE TABLE a (x INTEGER); CREATE TABLE keep (y TEXT);" },
  { 2, "CREATE TABLE half (x INTEGER); INSERT INTO no_such_table VALUES (1);" },
};

static sqlite3 *
open_raw (const char *path)
{
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  return db;
}

static void
exec_raw (sqlite3 *db, const char *sql)
{
  g_assert_cmpint (sqlite3_exec (db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
}

static gint64
get_int (sqlite3 *db, const char *sql)
{
  g_autoptr (GError) error = NULL;
  gint64 value;

  g_assert_true (_spqr_schema_get_int (db, "test", sql, &value, &error));
  g_assert_no_error (error);
  return value;
}

static void
read_bytes (const char *path, GBytes **bytes)
{
  char *data;
  gsize size;

  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  *bytes = g_bytes_new_take (data, size);
}

static void
test_new_database (Fixture *fixture, gconstpointer data)
{
  sqlite3 *db = open_raw (fixture->path);
  g_autofree char *backup = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (_spqr_schema_migrate (db, fixture->path, steps, 3, &backup, &error));
  g_assert_no_error (error);
  g_assert_null (backup); /* there was nothing to keep */
  g_assert_cmpint (get_int (db, "PRAGMA user_version"), ==, 3);
  g_assert_cmpint (get_int (db, "PRAGMA application_id"), ==, SPQR_APPLICATION_ID);
  g_assert_cmpint (get_int (db, "SELECT count(*) FROM sqlite_schema"), ==, 3);

  g_assert_true (_spqr_schema_migrate (db, fixture->path, steps, 3, &backup, &error)); /* again: nothing to do */
  g_assert_null (backup);
  sqlite3_close (db);
}

/* 1 -> 3 with a backup that is the old database. */
static void
check_migration (Fixture *fixture, const char *journal_mode)
{
  sqlite3 *db = open_raw (fixture->path);
  sqlite3 *old;
  g_autofree char *backup = NULL, *second = NULL, *part = NULL;
  g_autoptr (GError) error = NULL;

  exec_raw (db, journal_mode);
  g_assert_true (_spqr_schema_migrate (db, fixture->path, steps, 1, NULL, &error));
  exec_raw (db, "INSERT INTO a VALUES (7); INSERT INTO keep VALUES ('kept');");
  g_assert_true (_spqr_schema_migrate (db, fixture->path, steps, 3, &backup, &error));
  g_assert_no_error (error);
  g_assert_cmpint (get_int (db, "PRAGMA user_version"), ==, 3);
  g_assert_cmpint (get_int (db, "SELECT x FROM a WHERE z = 'two'"), ==, 7);
  g_assert_cmpint (get_int (db, "SELECT count(*) FROM keep WHERE y = 'kept'"), ==, 1);

  g_assert_nonnull (backup);
  g_assert_true (g_str_has_prefix (backup, fixture->path));
  part = g_strconcat (backup, ".part", NULL);
  g_assert_false (g_file_test (part, G_FILE_TEST_EXISTS));
  old = open_raw (backup);
  g_assert_cmpint (get_int (old, "PRAGMA user_version"), ==, 1);
  g_assert_cmpint (get_int (old, "PRAGMA application_id"), ==, SPQR_APPLICATION_ID);
  g_assert_cmpint (get_int (old, "SELECT x FROM a"), ==, 7);
  g_assert_cmpint (get_int (old, "SELECT count(*) FROM pragma_table_info('a')"), ==, 1);

  /* A second migration from the same version keeps the first backup. */
  g_assert_true (_spqr_schema_migrate (old, backup, steps, 2, NULL, &error));
  sqlite3_close (old);
  exec_raw (db, "PRAGMA user_version = 1; ALTER TABLE a DROP COLUMN z; DROP TABLE b;");
  g_assert_true (_spqr_schema_migrate (db, fixture->path, steps, 3, &second, &error));
  g_assert_cmpstr (second, !=, backup);
  g_assert_true (g_file_test (second, G_FILE_TEST_EXISTS));
  sqlite3_close (db);
}

static void
test_migrate_wal (Fixture *fixture, gconstpointer data)
{
  check_migration (fixture, "PRAGMA journal_mode = WAL");
}

static void
test_migrate_rollback_journal (Fixture *fixture, gconstpointer data)
{
  check_migration (fixture, "PRAGMA journal_mode = DELETE");
}

/* A database of ours from before versions were counted: 0 -> 1. */
static void
test_migrate_from_0 (Fixture *fixture, gconstpointer data)
{
  sqlite3 *db = open_raw (fixture->path);
  g_autofree char *mark = g_strdup_printf ("PRAGMA application_id = %d; CREATE TABLE old (x);", SPQR_APPLICATION_ID);
  g_autofree char *backup = NULL;
  g_autoptr (GError) error = NULL;

  exec_raw (db, mark);
  g_assert_true (_spqr_schema_migrate (db, fixture->path, steps, 1, &backup, &error));
  g_assert_no_error (error);
  g_assert_nonnull (backup);
  g_assert_cmpint (get_int (db, "PRAGMA user_version"), ==, 1);
  g_assert_cmpint (get_int (db, "SELECT count(*) FROM sqlite_schema"), ==, 3);
  sqlite3_close (db);
}

static void
test_failing_step (Fixture *fixture, gconstpointer data)
{
  sqlite3 *db = open_raw (fixture->path);
  g_autoptr (GError) error = NULL;

  g_assert_true (_spqr_schema_migrate (db, fixture->path, failing, 1, NULL, &error));
  exec_raw (db, "INSERT INTO keep VALUES ('kept')");
  g_assert_false (_spqr_schema_migrate (db, fixture->path, failing, 2, NULL, &error));
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "to version 2"));
  g_assert_nonnull (strstr (error->message, "no_such_table"));
  g_assert_cmpint (get_int (db, "PRAGMA user_version"), ==, 1);
  g_assert_cmpint (get_int (db, "SELECT count(*) FROM sqlite_schema"), ==, 2); /* no half table */
  g_assert_cmpint (get_int (db, "SELECT count(*) FROM keep"), ==, 1);
  g_assert_cmpint (sqlite3_get_autocommit (db), !=, 0);
  sqlite3_close (db);
}

/* Without room for a backup there is no migration. */
static void
test_no_backup_no_migration (Fixture *fixture, gconstpointer data)
{
  sqlite3 *db = open_raw (fixture->path);
  g_autofree char *part = g_strconcat (fixture->path, ".v1.backup.part", NULL);
  g_autofree char *in_the_way = g_build_filename (part, "x", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (_spqr_schema_migrate (db, fixture->path, steps, 1, NULL, &error));
  g_assert_cmpint (g_mkdir_with_parents (in_the_way, 0777), ==, 0);
  g_assert_false (_spqr_schema_migrate (db, fixture->path, steps, 2, NULL, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "backup"));
  g_assert_cmpint (get_int (db, "PRAGMA user_version"), ==, 1);
  sqlite3_close (db);
}

/* ---- the real steps, and files that are not ours ---- */

static void
test_real_steps (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < _spqr_schema_n_migrations; i++)
    g_assert_cmpint (_spqr_schema_migrations[i].version, ==, i + 1);

  g_object_unref (open_store (fixture->path));
  sqlite3 *db = open_raw (fixture->path);
  g_assert_cmpint (get_int (db, "PRAGMA user_version"), ==, _spqr_schema_n_migrations);
  g_assert_cmpint (get_int (db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), ==, 1);
  g_assert_cmpint (get_int (db, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), ==, 1);
  sqlite3_close (db);
}

static void
assert_refused (Fixture *fixture, SpqrStoreError code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) before = NULL;
  g_autoptr (GBytes) after = NULL;
  g_autofree char *wal = g_strconcat (fixture->path, "-wal", NULL);
  g_autofree char *journal = g_strconcat (fixture->path, "-journal", NULL);

  read_bytes (fixture->path, &before);
  g_assert_null (spqr_store_open (fixture->path, &error));
  g_assert_error (error, SPQR_STORE_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, fixture->path));
  g_assert_nonnull (strstr (error->message, words));
  read_bytes (fixture->path, &after);
  g_assert_true (g_bytes_equal (before, after));
  g_assert_false (g_file_test (wal, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (journal, G_FILE_TEST_EXISTS));
}

static void
test_newer (Fixture *fixture, gconstpointer data)
{
  g_object_unref (open_store (fixture->path));
  sqlite3 *db = open_raw (fixture->path);
  exec_raw (db, "PRAGMA user_version = 99");
  sqlite3_close (db);
  assert_refused (fixture, SPQR_STORE_ERROR_NEWER, "update the program");
}

/* The newer version is still in the -wal file, whose writer was killed. */
static void
test_newer_in_wal (Fixture *fixture, gconstpointer data)
{
  g_autofree char *wal = g_strconcat (fixture->path, "-wal", NULL);
  g_autofree char *copy = g_build_filename (fixture->dir, "copy.db", NULL);
  g_autofree char *copy_wal = g_strconcat (copy, "-wal", NULL);
  g_autoptr (GBytes) main_bytes = NULL;
  g_autoptr (GBytes) main_after = NULL;
  g_autoptr (GBytes) wal_bytes = NULL;
  g_autoptr (GBytes) wal_after = NULL;
  g_autoptr (GError) error = NULL;
  sqlite3 *db;

  g_object_unref (open_store (fixture->path));
  db = open_raw (fixture->path);
  exec_raw (db, "PRAGMA journal_mode = WAL; PRAGMA user_version = 99");
  read_bytes (fixture->path, &main_bytes);
  read_bytes (wal, &wal_bytes);
  sqlite3_close (db);
  g_assert_true (g_file_set_contents (copy, g_bytes_get_data (main_bytes, NULL), g_bytes_get_size (main_bytes), NULL));
  g_assert_true (g_file_set_contents (copy_wal, g_bytes_get_data (wal_bytes, NULL), g_bytes_get_size (wal_bytes), NULL));

  g_assert_null (spqr_store_open (copy, &error));
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_NEWER);
  read_bytes (copy, &main_after);
  read_bytes (copy_wal, &wal_after);
  g_assert_true (g_bytes_equal (main_bytes, main_after));
  g_assert_true (g_bytes_equal (wal_bytes, wal_after));
}

static void
test_other_program (Fixture *fixture, gconstpointer data)
{
  sqlite3 *db = open_raw (fixture->path);

  exec_raw (db, "CREATE TABLE moz_places (url TEXT); PRAGMA application_id = 123456;");
  sqlite3_close (db);
  assert_refused (fixture, SPQR_STORE_ERROR_CORRUPT, "another program");

  db = open_raw (fixture->path);
  exec_raw (db, "PRAGMA application_id = 0;");
  sqlite3_close (db);
  assert_refused (fixture, SPQR_STORE_ERROR_CORRUPT, "another program");

  db = open_raw (fixture->path);
  exec_raw (db, "PRAGMA user_version = 1;");
  sqlite3_close (db);
  assert_refused (fixture, SPQR_STORE_ERROR_CORRUPT, "another program");
}

static void
test_missing_tables (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  sqlite3 *db;

  g_object_unref (open_store (fixture->path));
  db = open_raw (fixture->path);
  exec_raw (db, "DROP TABLE runs");
  sqlite3_close (db);
  g_assert_null (spqr_store_open (fixture->path, &error));
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_CORRUPT);
}

static void
test_not_a_database (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = g_strnfill (5000, 'x');
  g_autofree char *half_magic = g_strconcat ("SQLite format 3", NULL);

  g_assert_true (g_file_set_contents (fixture->path, text, -1, NULL));
  assert_refused (fixture, SPQR_STORE_ERROR_CORRUPT, "not a database");
  g_assert_true (g_file_set_contents (fixture->path, half_magic, 16, NULL));
  assert_refused (fixture, SPQR_STORE_ERROR_CORRUPT, "choose another file");
  g_assert_true (g_file_set_contents (fixture->path, "a note", -1, NULL));
  assert_refused (fixture, SPQR_STORE_ERROR_CORRUPT, "not a database");
}

static void
test_empty_file (Fixture *fixture, gconstpointer data)
{
  g_assert_true (g_file_set_contents (fixture->path, "", 0, NULL));
  g_object_unref (open_store (fixture->path)); /* what mktemp leaves is as good as no file */
}

static GBytes *
make_full_database (Fixture *fixture)
{
  GBytes *bytes;
  SpqrStore *store = open_store (fixture->path);

  for (int i = 0; i < 50; i++)
    {
      g_autoptr (SpqrRun) run = begin_run (store, "model");

      for (int j = 0; j < 20; j++)
        {
          g_autofree char *name = g_strdup_printf ("layer %d of a name that takes some room", j);

          g_assert_true (add_layer (store, run->id, name, 3, NULL));
        }
      finish_run (store, run, SPQR_RUN_FINISHED);
    }
  g_object_unref (store);
  read_bytes (fixture->path, &bytes);
  return bytes;
}

/* Opening, and reading all, never crashes; what fails says CORRUPT. TRUE when all could be read. */
static gboolean
try_damaged (Fixture *fixture, const guint8 *bytes, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (GPtrArray) runs = NULL;

  g_assert_true (g_file_set_contents (fixture->path, (const char *) bytes, (gssize) size, NULL));
  store = spqr_store_open (fixture->path, &error);
  runs = store != NULL ? spqr_store_list_runs (store, &error) : NULL;
  for (guint i = 0; runs != NULL && i < runs->len; i++)
    {
      g_autoptr (GPtrArray) layers = spqr_store_list_layers (store, ((SpqrRun *) runs->pdata[i])->id, &error);

      if (layers == NULL)
        break;
    }
  if (error == NULL)
    return TRUE;
  g_assert_true (g_error_matches (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_CORRUPT)
                 || g_error_matches (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_NOT_FOUND)
                 || g_error_matches (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_NEWER)
                 || g_error_matches (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_FAILED));
  return FALSE;
}

static void
test_truncated (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) whole = make_full_database (fixture);
  gsize size;
  const guint8 *bytes = g_bytes_get_data (whole, &size);

  g_assert_true (try_damaged (fixture, bytes, size));
  for (gsize cut = 1; cut < size; cut += size / 16)
    g_assert_false (try_damaged (fixture, bytes, cut));
  for (gsize cut = 1; cut < 1100; cut += 7)
    g_assert_false (try_damaged (fixture, bytes, cut));
}

static void
test_damaged (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) whole = make_full_database (fixture);
  gsize size;
  const guint8 *bytes = g_bytes_get_data (whole, &size);
  guint n_refused = 0;

  for (gsize page = 4096; page + 4096 <= size; page += 4096)
    {
      g_autofree guint8 *damaged = g_memdup2 (bytes, size);

      memset (damaged + page, 0xff, 512);
      if (!try_damaged (fixture, damaged, size))
        n_refused++;
    }
  g_assert_cmpuint (n_refused, >, 5);

  for (int i = 0; i < 200; i++) /* single bytes: a wrong figure cannot be told, a wrong structure can */
    {
      g_autofree guint8 *damaged = g_memdup2 (bytes, size);

      damaged[g_test_rand_int_range (100, (gint32) size)] ^= 1 << g_test_rand_int_range (0, 8);
      try_damaged (fixture, damaged, size);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_test ("/store/schema/new", test_new_database);
  fixture_test ("/store/schema/migrate-wal", test_migrate_wal);
  fixture_test ("/store/schema/migrate-rollback-journal", test_migrate_rollback_journal);
  fixture_test ("/store/schema/migrate-from-0", test_migrate_from_0);
  fixture_test ("/store/schema/failing-step", test_failing_step);
  fixture_test ("/store/schema/no-backup", test_no_backup_no_migration);
  fixture_test ("/store/schema/real-steps", test_real_steps);
  fixture_test ("/store/schema/newer", test_newer);
  fixture_test ("/store/schema/newer-in-wal", test_newer_in_wal);
  fixture_test ("/store/schema/other-program", test_other_program);
  fixture_test ("/store/schema/missing-tables", test_missing_tables);
  fixture_test ("/store/schema/not-a-database", test_not_a_database);
  fixture_test ("/store/schema/empty-file", test_empty_file);
  fixture_test ("/store/schema/truncated", test_truncated);
  fixture_test ("/store/schema/damaged", test_damaged);
  return g_test_run ();
}
