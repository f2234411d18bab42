/* spqr-store-measured.c: figures of windows and choices, kept while their evaluation is under way. */
#include "store/spqr-store-private.h"

/* Longer than any evaluation rests; what is left of one that nobody goes on with is removed then. */
#define KEPT_SECONDS "30 * 24 * 3600"

#define MEASURED(field, kind) { #field, SPQR_COLUMN_##kind, G_STRUCT_OFFSET (SpqrMeasured, field) }
static const SpqrColumn columns[] = {
  MEASURED (nll, DOUBLE), MEASURED (base_nll, DOUBLE), MEASURED (kl, DOUBLE), MEASURED (agreed, INT64),
};

typedef struct {
  const char *subject;
  gsize first, n;
  const SpqrMeasured *items;
  SpqrMeasured *found;
  gsize known;
} Batch;

static void
bind_subject (SpqrStatement *stmt, const char *subject)
{
  sqlite3_bind_text (stmt, 1, subject, -1, SQLITE_STATIC);
}

static gboolean
add_item (SpqrStore *self, const Batch *batch, gsize i, GError **error)
{
  g_autoptr (SpqrStatement) stmt = _spqr_store_prepare (
    self, "INSERT OR REPLACE INTO measured (subject, item, nll, base_nll, kl, agreed) "
          "VALUES (?1, ?2, :nll, :base_nll, :kl, :agreed)", error);

  if (stmt == NULL || !_spqr_row_bind (stmt, columns, G_N_ELEMENTS (columns), &batch->items[i], error))
    return FALSE;
  bind_subject (stmt, batch->subject);
  sqlite3_bind_int64 (stmt, 2, (gint64) (batch->first + i));
  return _spqr_store_run (self, stmt, "cannot keep what is measured", error);
}

static gboolean
add_work (SpqrStore *self, gpointer data, GError **error)
{
  const Batch *batch = data;

  for (gsize i = 0; i < batch->n; i++)
    if (!add_item (self, batch, i, error))
      return FALSE;
  return TRUE;
}

gboolean
spqr_store_add_measured (SpqrStore *self, const char *subject, gsize first, const SpqrMeasured *items, gsize n, GError **error)
{
  Batch batch = { subject, first, n, items, NULL, 0 };

  g_return_val_if_fail (SPQR_IS_STORE (self) && subject != NULL && (items != NULL || n == 0), FALSE);

  return _spqr_store_write_quietly (self, add_work, &batch, error);
}

static gboolean
get_work (SpqrStore *self, gpointer data, GError **error)
{
  Batch *batch = data;
  g_autoptr (SpqrStatement) stmt = _spqr_store_prepare (
    self, "SELECT item, nll, base_nll, kl, agreed FROM measured WHERE subject = ?1 ORDER BY item", error);
  int result = SQLITE_DONE;

  if (stmt == NULL)
    return FALSE;
  bind_subject (stmt, batch->subject);
  while (batch->known < batch->n &&
         (result = _spqr_store_step (self, stmt, "cannot read what was measured", error)) == SQLITE_ROW &&
         sqlite3_column_int64 (stmt, 0) == (gint64) batch->known)
    _spqr_row_read (stmt, 1, columns, G_N_ELEMENTS (columns), &batch->found[batch->known++]);
  return result != 0;
}

gboolean
spqr_store_get_measured (SpqrStore *self, const char *subject, SpqrMeasured *items, gsize n, gsize *known, GError **error)
{
  Batch batch = { subject, 0, n, NULL, items, 0 };

  g_return_val_if_fail (SPQR_IS_STORE (self) && subject != NULL && known != NULL, FALSE);

  *known = 0;
  if (!_spqr_store_read (self, get_work, &batch, error))
    return FALSE;
  *known = batch.known;
  return TRUE;
}

static gboolean
forget_work (SpqrStore *self, gpointer data, GError **error)
{
  g_autoptr (SpqrStatement) stmt = _spqr_store_prepare (
    self, "DELETE FROM measured WHERE subject = ?1 OR added < unixepoch () - " KEPT_SECONDS, error);

  if (stmt == NULL)
    return FALSE;
  bind_subject (stmt, data);
  return _spqr_store_run (self, stmt, "cannot forget what was measured", error);
}

gboolean
spqr_store_forget_measured (SpqrStore *self, const char *subject, GError **error)
{
  g_return_val_if_fail (SPQR_IS_STORE (self) && subject != NULL, FALSE);

  return _spqr_store_write_quietly (self, forget_work, (gpointer) subject, error);
}
