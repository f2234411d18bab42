/* spqr-row.c: structs to rows and back. */
#include "store/spqr-row-private.h"

#include <math.h>
#include <string.h>

#include "store/spqr-store-private.h"

#define FIELD(type, record, column) (*(type *) ((char *) (record) + (column)->offset))
#define CONST_FIELD(type, record, column) (*(type const *) ((const char *) (record) + (column)->offset))

static gboolean
bind_text (sqlite3_stmt *stmt, int index, const char *name, const char *text, GError **error)
{
  if (text == NULL)
    {
      sqlite3_bind_null (stmt, index);
      return TRUE;
    }
  if (!g_utf8_validate (text, -1, NULL))
    {
      g_autofree char *shown = g_utf8_make_valid (text, -1);

      g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_INVALID,
                   "cannot store %s “%s”: it is not valid UTF-8; rename it", name, shown);
      return FALSE;
    }
  if (sqlite3_bind_text (stmt, index, text, -1, SQLITE_TRANSIENT) != SQLITE_OK)
    {
      g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_INVALID, "cannot store %s: %s", name,
                   sqlite3_errmsg (sqlite3_db_handle (stmt)));
      return FALSE;
    }
  return TRUE;
}

static gboolean
bind_one (sqlite3_stmt *stmt, int index, const SpqrColumn *column, gconstpointer record, GError **error)
{
  switch (column->kind)
    {
    case SPQR_COLUMN_INT:
      sqlite3_bind_int (stmt, index, CONST_FIELD (int, record, column));
      return TRUE;
    case SPQR_COLUMN_UINT:
      sqlite3_bind_int64 (stmt, index, CONST_FIELD (guint, record, column));
      return TRUE;
    case SPQR_COLUMN_INT64:
      sqlite3_bind_int64 (stmt, index, CONST_FIELD (gint64, record, column));
      return TRUE;
    case SPQR_COLUMN_BOOLEAN:
      sqlite3_bind_int (stmt, index, CONST_FIELD (gboolean, record, column) ? 1 : 0);
      return TRUE;
    case SPQR_COLUMN_DOUBLE:
      if (isnan (CONST_FIELD (double, record, column)))
        sqlite3_bind_null (stmt, index);
      else
        sqlite3_bind_double (stmt, index, CONST_FIELD (double, record, column));
      return TRUE;
    case SPQR_COLUMN_TEXT:
      return bind_text (stmt, index, column->name, CONST_FIELD (char *, record, column), error);
    case SPQR_COLUMN_RUN_STATE:
      return bind_text (stmt, index, column->name,
                        spqr_run_state_name (CONST_FIELD (SpqrRunState, record, column)), error);
    case SPQR_COLUMN_TEXT_LIST: /* lives in a table of its own */
    default:
      g_return_val_if_reached (FALSE);
    }
}

gboolean
_spqr_row_bind (sqlite3_stmt *stmt, const SpqrColumn *columns, guint n_columns, gconstpointer record, GError **error)
{
  for (guint i = 0; i < n_columns; i++)
    {
      char parameter[64];
      int index;

      g_snprintf (parameter, sizeof parameter, ":%s", columns[i].name);
      index = sqlite3_bind_parameter_index (stmt, parameter);
      if (index != 0 && !bind_one (stmt, index, &columns[i], record, error))
        return FALSE;
    }
  return TRUE;
}

static char *
read_text (sqlite3_stmt *stmt, int index)
{
  const char *text = (const char *) sqlite3_column_text (stmt, index);

  if (text == NULL)
    return NULL;
  return g_utf8_validate (text, -1, NULL) ? g_strdup (text) : g_utf8_make_valid (text, -1);
}

static char **
read_text_list (sqlite3_stmt *stmt, int index)
{
  const char *text = (const char *) sqlite3_column_text (stmt, index);

  return text == NULL || *text == '\0' ? NULL : g_strsplit (text, "\x1f", -1);
}

void
_spqr_row_read (sqlite3_stmt *stmt, int first, const SpqrColumn *columns, guint n_columns, gpointer record)
{
  for (guint i = 0; i < n_columns; i++)
    {
      const SpqrColumn *column = &columns[i];
      int index = first + (int) i;

      switch (column->kind)
        {
        case SPQR_COLUMN_INT:
          FIELD (int, record, column) = sqlite3_column_int (stmt, index);
          break;
        case SPQR_COLUMN_UINT:
          FIELD (guint, record, column) = (guint) CLAMP (sqlite3_column_int64 (stmt, index), 0, G_MAXUINT);
          break;
        case SPQR_COLUMN_INT64:
          FIELD (gint64, record, column) = sqlite3_column_int64 (stmt, index);
          break;
        case SPQR_COLUMN_BOOLEAN:
          FIELD (gboolean, record, column) = sqlite3_column_int (stmt, index) != 0;
          break;
        case SPQR_COLUMN_DOUBLE:
          FIELD (double, record, column) = sqlite3_column_type (stmt, index) == SQLITE_NULL
                                           ? NAN : sqlite3_column_double (stmt, index);
          break;
        case SPQR_COLUMN_TEXT:
          FIELD (char *, record, column) = read_text (stmt, index);
          break;
        case SPQR_COLUMN_RUN_STATE:
          FIELD (SpqrRunState, record, column) =
            _spqr_run_state_from_name ((const char *) sqlite3_column_text (stmt, index));
          break;
        case SPQR_COLUMN_TEXT_LIST:
          FIELD (char **, record, column) = read_text_list (stmt, index);
          break;
        default:
          g_return_if_reached ();
        }
    }
}

void
_spqr_row_clear (const SpqrColumn *columns, guint n_columns, gpointer record)
{
  for (guint i = 0; i < n_columns; i++)
    if (columns[i].kind == SPQR_COLUMN_TEXT)
      g_clear_pointer (&FIELD (char *, record, &columns[i]), g_free);
    else if (columns[i].kind == SPQR_COLUMN_TEXT_LIST)
      g_clear_pointer (&FIELD (char **, record, &columns[i]), g_strfreev);
}

char *
_spqr_row_join (const SpqrColumn *columns, guint n_columns, const char *prefix)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n_columns; i++)
    g_string_append_printf (text, "%s%s%s", i > 0 ? ", " : "", prefix, columns[i].name);
  return g_string_free (text, FALSE);
}
