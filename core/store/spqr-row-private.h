/* spqr-row-private.h: the fields of a plain struct as the columns of a table, both ways.
 *
 * One array of SpqrColumn describes what is stored of a struct; statements, binding, reading,
 * copying and freeing are made from it, so that a field cannot be written and forgotten in reading. */
#pragma once

#include <glib.h>
#include <sqlite3.h>

typedef enum {
  SPQR_COLUMN_INT,
  SPQR_COLUMN_UINT,
  SPQR_COLUMN_INT64,
  SPQR_COLUMN_BOOLEAN,
  SPQR_COLUMN_DOUBLE,      /* NAN: NULL */
  SPQR_COLUMN_TEXT,        /* NULL: NULL; must be valid UTF-8 */
  SPQR_COLUMN_RUN_STATE,   /* SpqrRunState, stored by name */
  SPQR_COLUMN_TEXT_LIST,   /* char **, joined by U+001F; NULL: none */
} SpqrColumnKind;

typedef struct {
  const char *name;        /* of the column, and of the parameter ":name" */
  SpqrColumnKind kind;
  gsize offset;            /* of the field */
} SpqrColumn;

/* Binds the fields of record to the parameters ":name" that stmt has; columns it does not mention
 * are left out. SPQR_STORE_ERROR_INVALID for text that is not UTF-8. The record must outlive the
 * statement's run. */
gboolean _spqr_row_bind (sqlite3_stmt *stmt, const SpqrColumn *columns, guint n_columns,
                         gconstpointer record, GError **error);

/* Reads result columns first … first+n_columns-1 of the current row into a zeroed record. Text that
 * is not UTF-8 is made so. */
void     _spqr_row_read (sqlite3_stmt *stmt, int first, const SpqrColumn *columns, guint n_columns, gpointer record);

/* Frees the strings of record and sets them NULL. */
void     _spqr_row_clear (const SpqrColumn *columns, guint n_columns, gpointer record);

/* "a, b, c" with prefix before every name ("r." or ":" or ""). */
char    *_spqr_row_join (const SpqrColumn *columns, guint n_columns, const char *prefix);
