/* spqr-store-import.c: a run that was made elsewhere enters the database whole, in one transaction. */
#include "store/spqr-store-private.h"

typedef struct { SpqrRun *run; GPtrArray *layers; gint64 created, finished; SpqrRunState state; } Import;

/* A folder belongs to one run. */
static gboolean
check_folder (SpqrStore *self, const SpqrRun *run, GError **error)
{
  g_autofree char *absolute = run->folder != NULL ? g_canonicalize_filename (run->folder, NULL) : NULL;
  g_autofree char *column = _spqr_store_folder_to_column (self, absolute);
  g_autoptr (SpqrStatement) stmt = _spqr_store_prepare (self, "SELECT id FROM runs WHERE folder = ?1", error);
  int result;

  if (stmt == NULL)
    return FALSE;
  sqlite3_bind_text (stmt, 1, column, -1, SQLITE_TRANSIENT);
  result = _spqr_store_step (self, stmt, "cannot read the runs", error);
  if (result == SQLITE_ROW)
    g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_FAILED, "%s: this is run %" G_GINT64_FORMAT " of %s already",
                 run->folder, (gint64) sqlite3_column_int64 (stmt, 0), self->path);
  return result == SQLITE_DONE;
}

static gboolean
import_work (SpqrStore *self, gpointer data, GError **error)
{
  Import *import = data;
  SpqrRun *run = import->run;

  run->state = SPQR_RUN_RUNNING;
  run->finished = 0;
  if (!check_folder (self, run, error) || !_spqr_store_begin_work (self, run, error))
    return FALSE;
  for (guint i = 0; i < import->layers->len; i++)
    if (!_spqr_store_add_layer_work (self, run->id, import->layers->pdata[i], error))
      return FALSE;
  run->state = import->state;
  run->finished = import->finished;
  return _spqr_store_finish_work (self, run, error);
}

gboolean
spqr_store_import_run (SpqrStore *self, SpqrRun *run, GPtrArray *layers, GError **error)
{
  Import import = { .run = run, .layers = layers };
  gint64 old_id;

  g_return_val_if_fail (SPQR_IS_STORE (self) && SPQR_IS_RUN (run) && layers != NULL, FALSE);
  g_return_val_if_fail (run->folder != NULL && run->state != SPQR_RUN_RUNNING, FALSE);

  old_id = run->id;
  import.state = run->state;
  import.finished = run->finished;
  run->n_layers_done = layers->len;
  if (_spqr_store_write (self, import_work, &import, error))
    return TRUE;
  run->id = old_id;
  run->state = import.state;
  run->finished = import.finished;
  return FALSE;
}
