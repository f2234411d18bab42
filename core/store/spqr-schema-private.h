/* spqr-schema-private.h: the tables, and how a database comes to have them. */
#pragma once

#include <glib.h>
#include <sqlite3.h>

#define SPQR_APPLICATION_ID 0x53705152 /* "SpQR", in the file's header */

/* Brings a database from version - 1 to version. */
typedef struct { int version; const char *sql; } SpqrMigration;

/* Ascending, without gaps, from 1. To change the schema: append a step; never touch an old one. */
extern const SpqrMigration _spqr_schema_migrations[];
extern const guint _spqr_schema_n_migrations;

gboolean _spqr_schema_get_int (sqlite3 *db, const char *path, const char *pragma, gint64 *value, GError **error);

/* Looks at the file without locking, changing or recovering anything: SPQR_STORE_ERROR_NEWER, or
 * CORRUPT where it is no database or another program's. A missing file is fine. */
gboolean _spqr_schema_check_file (const char *path, const SpqrMigration *migrations, guint n_migrations,
                                  GError **error);

/* Runs the steps that db still needs, all in one transaction. Before, where db is not new, a copy
 * is written beside the file; *backup (optional) gets its path (g_free(); NULL: none was needed).
 * On any error the database is as it was. */
gboolean _spqr_schema_migrate (sqlite3 *db, const char *path, const SpqrMigration *migrations, guint n_migrations,
                               char **backup, GError **error);
