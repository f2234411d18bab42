/* spqr-store-records.c: what belongs to a run: its layers, evaluations and exports. */
#include <math.h>

#include "store/spqr-store-private.h"

/* ---- one kind of record: its columns, and the statements made from them ---- */

typedef struct {
  const char *table;
  const SpqrColumn *columns;      /* without id and run_id */
  guint n_columns;
  const char *conflict;           /* an ON CONFLICT clause, or "" */
  gsize size;                     /* of the struct */
  gssize id_offset, run_offset;   /* of the gint64 fields, or -1 */
  const char *adding, *listing;
} RecordKind;

#define LAYER(field, kind) { #field, SPQR_COLUMN_##kind, G_STRUCT_OFFSET (SpqrRunLayer, field) }
static const SpqrColumn layer_columns[] = {
  LAYER (name, TEXT), LAYER (role, TEXT), LAYER (file, TEXT), LAYER (backend, TEXT), LAYER (note, TEXT),
  LAYER (block, INT), LAYER (rows, INT64), LAYER (cols, INT64),
  LAYER (bits, DOUBLE), LAYER (bits_stored, DOUBLE), LAYER (outlier_share, DOUBLE), LAYER (proxy_loss, DOUBLE),
  LAYER (output_error, DOUBLE), LAYER (mse, DOUBLE), LAYER (seconds, DOUBLE), LAYER (percdamp_used, DOUBLE),
  LAYER (n_outliers, INT64),
};

#define EVAL(field, kind) { #field, SPQR_COLUMN_##kind, G_STRUCT_OFFSET (SpqrRunEval, field) }
static const SpqrColumn eval_columns[] = {
  EVAL (created, INT64),
  EVAL (data, TEXT), EVAL (data_fingerprint, TEXT), EVAL (tokenizer_fingerprint, TEXT), EVAL (protocol, TEXT),
  EVAL (seqlen, INT), EVAL (windows, INT64), EVAL (tokens, INT64),
  EVAL (nll, DOUBLE), EVAL (ppl, DOUBLE), EVAL (ppl_stderr, DOUBLE), EVAL (ppl_base, DOUBLE), EVAL (kl, DOUBLE),
  EVAL (top1_agreement, DOUBLE), EVAL (seconds, DOUBLE), EVAL (kl_stderr, DOUBLE),
  EVAL (task, TEXT), EVAL (scoring, TEXT), EVAL (acc, DOUBLE), EVAL (acc_stderr, DOUBLE), EVAL (acc_norm, DOUBLE),
  EVAL (acc_norm_stderr, DOUBLE), EVAL (backend, TEXT),
};

#define EXPORT(field, kind) { #field, SPQR_COLUMN_##kind, G_STRUCT_OFFSET (SpqrRunExport, field) }
static const SpqrColumn export_columns[] = {
  EXPORT (created, INT64), EXPORT (format, TEXT), EXPORT (path, TEXT), EXPORT (verified, BOOLEAN),
  EXPORT (max_abs_diff, DOUBLE),
};

static const RecordKind layers = {
  "layers", layer_columns, G_N_ELEMENTS (layer_columns),
  /* A resumed run's layer takes the place of the one it had. */
  " ON CONFLICT (run_id, name) DO UPDATE SET role = excluded.role, file = excluded.file, "
  "backend = excluded.backend, note = excluded.note, block = excluded.block, \"rows\" = excluded.\"rows\", "
  "cols = excluded.cols, bits = excluded.bits, bits_stored = excluded.bits_stored, "
  "outlier_share = excluded.outlier_share, proxy_loss = excluded.proxy_loss, "
  "output_error = excluded.output_error, mse = excluded.mse, seconds = excluded.seconds, "
  "percdamp_used = excluded.percdamp_used, n_outliers = excluded.n_outliers, added = unixepoch ()",
  sizeof (SpqrRunLayer), -1, -1, "cannot record the layer", "cannot list the run's layers",
};
static const RecordKind evals = {
  "evaluations", eval_columns, G_N_ELEMENTS (eval_columns), "", sizeof (SpqrRunEval),
  G_STRUCT_OFFSET (SpqrRunEval, id), G_STRUCT_OFFSET (SpqrRunEval, run_id),
  "cannot record the evaluation", "cannot list the run's evaluations",
};
static const RecordKind exports = {
  "exports", export_columns, G_N_ELEMENTS (export_columns), "", sizeof (SpqrRunExport),
  G_STRUCT_OFFSET (SpqrRunExport, id), G_STRUCT_OFFSET (SpqrRunExport, run_id),
  "cannot record the export", "cannot list the run's exports",
};

static void
record_free (const RecordKind *kind, gpointer record)
{
  if (record == NULL)
    return;
  _spqr_row_clear (kind->columns, kind->n_columns, record);
  g_free (record);
}

void
spqr_run_layer_free (SpqrRunLayer *layer)
{
  record_free (&layers, layer);
}

SpqrRunEval *
spqr_run_eval_new (gint64 run_id)
{
  SpqrRunEval *eval = g_new0 (SpqrRunEval, 1);

  for (guint i = 0; i < evals.n_columns; i++)
    if (evals.columns[i].kind == SPQR_COLUMN_DOUBLE)
      *(double *) (gpointer) ((char *) eval + evals.columns[i].offset) = NAN;
  eval->run_id = run_id;
  eval->created = g_get_real_time () / G_USEC_PER_SEC;
  return eval;
}

void
spqr_run_eval_free (SpqrRunEval *eval)
{
  record_free (&evals, eval);
}

void
spqr_run_export_free (SpqrRunExport *record)
{
  record_free (&exports, record);
}

/* ---- adding ---- */

typedef struct {
  const RecordKind *kind;
  gint64 run_id;
  gconstpointer record;
  gint64 id;          /* out */
} Addition;

static gboolean
add_work (SpqrStore *self, gpointer data, GError **error)
{
  Addition *addition = data;
  const RecordKind *kind = addition->kind;
  g_autofree char *names = _spqr_row_join (kind->columns, kind->n_columns, "");
  g_autofree char *values = _spqr_row_join (kind->columns, kind->n_columns, ":");
  g_autofree char *sql = g_strdup_printf ("INSERT INTO %s (run_id, %s) VALUES (:run_id, %s)%s",
                                          kind->table, names, values, kind->conflict);
  g_autoptr (SpqrStatement) stmt = NULL;
  gboolean alive, own;

  if (!_spqr_store_check_owner (self, addition->run_id, &alive, &own, error) /* there is such a run */
      || (stmt = _spqr_store_prepare (self, sql, error)) == NULL
      || !_spqr_row_bind (stmt, kind->columns, kind->n_columns, addition->record, error))
    return FALSE;
  sqlite3_bind_int64 (stmt, sqlite3_bind_parameter_index (stmt, ":run_id"), addition->run_id);
  if (!_spqr_store_run (self, stmt, kind->adding, error))
    return FALSE;
  addition->id = sqlite3_last_insert_rowid (self->db);
  return TRUE;
}

gboolean
_spqr_store_add_layer_work (SpqrStore *self, gint64 run_id, const SpqrRunLayer *layer, GError **error)
{
  Addition addition = { &layers, run_id, layer, 0 };

  return add_work (self, &addition, error);
}

gboolean
spqr_store_add_layer (SpqrStore *self, gint64 run_id, const SpqrRunLayer *layer, GError **error)
{
  Addition addition = { &layers, run_id, layer, 0 };

  g_return_val_if_fail (SPQR_IS_STORE (self), FALSE);
  g_return_val_if_fail (layer != NULL && layer->name != NULL, FALSE);

  return _spqr_store_write (self, add_work, &addition, error);
}

gboolean
spqr_store_add_eval (SpqrStore *self, SpqrRunEval *eval, GError **error)
{
  Addition addition = { &evals, 0, eval, 0 };

  g_return_val_if_fail (SPQR_IS_STORE (self), FALSE);
  g_return_val_if_fail (eval != NULL, FALSE);

  addition.run_id = eval->run_id;
  if (eval->created == 0)
    eval->created = g_get_real_time () / G_USEC_PER_SEC;
  if (!_spqr_store_write (self, add_work, &addition, error))
    return FALSE;
  eval->id = addition.id;
  return TRUE;
}

gboolean
spqr_store_add_export (SpqrStore *self, SpqrRunExport *record, GError **error)
{
  Addition addition = { &exports, 0, record, 0 };

  g_return_val_if_fail (SPQR_IS_STORE (self), FALSE);
  g_return_val_if_fail (record != NULL, FALSE);

  addition.run_id = record->run_id;
  if (record->created == 0)
    record->created = g_get_real_time () / G_USEC_PER_SEC;
  if (!_spqr_store_write (self, add_work, &addition, error))
    return FALSE;
  record->id = addition.id;
  return TRUE;
}

/* ---- listing ---- */

typedef struct { const RecordKind *kind; gint64 run_id; GPtrArray *records; } Listing;

static gpointer
read_record (const RecordKind *kind, SpqrStatement *stmt)
{
  char *record = g_malloc0 (kind->size);

  if (kind->id_offset >= 0)
    *(gint64 *) (gpointer) (record + kind->id_offset) = sqlite3_column_int64 (stmt, 0);
  if (kind->run_offset >= 0)
    *(gint64 *) (gpointer) (record + kind->run_offset) = sqlite3_column_int64 (stmt, 1);
  _spqr_row_read (stmt, 2, kind->columns, kind->n_columns, record);
  return record;
}

static gboolean
list_work (SpqrStore *self, gpointer data, GError **error)
{
  Listing *listing = data;
  const RecordKind *kind = listing->kind;
  g_autofree char *names = _spqr_row_join (kind->columns, kind->n_columns, "");
  g_autofree char *sql = g_strdup_printf ("SELECT id, run_id, %s FROM %s WHERE run_id = ?1 ORDER BY id",
                                          names, kind->table);
  g_autoptr (SpqrStatement) stmt = NULL;
  gboolean alive, own;
  int result;

  if (!_spqr_store_check_owner (self, listing->run_id, &alive, &own, error)
      || (stmt = _spqr_store_prepare (self, sql, error)) == NULL)
    return FALSE;
  sqlite3_bind_int64 (stmt, 1, listing->run_id);
  while ((result = _spqr_store_step (self, stmt, kind->listing, error)) == SQLITE_ROW)
    g_ptr_array_add (listing->records, read_record (kind, stmt));
  return result == SQLITE_DONE;
}

static GPtrArray *
list_records (SpqrStore *self, const RecordKind *kind, GDestroyNotify free_record, gint64 run_id, GError **error)
{
  g_autoptr (GPtrArray) records = g_ptr_array_new_with_free_func (free_record);
  Listing listing = { kind, run_id, records };

  if (!_spqr_store_read (self, list_work, &listing, error))
    return NULL;
  return g_steal_pointer (&records);
}

static void
free_layer (gpointer record)
{
  spqr_run_layer_free (record);
}

static void
free_eval (gpointer record)
{
  spqr_run_eval_free (record);
}

static void
free_export (gpointer record)
{
  spqr_run_export_free (record);
}

GPtrArray *
spqr_store_list_layers (SpqrStore *self, gint64 run_id, GError **error)
{
  g_return_val_if_fail (SPQR_IS_STORE (self), NULL);

  return list_records (self, &layers, free_layer, run_id, error);
}

GPtrArray *
spqr_store_list_evals (SpqrStore *self, gint64 run_id, GError **error)
{
  g_return_val_if_fail (SPQR_IS_STORE (self), NULL);

  return list_records (self, &evals, free_eval, run_id, error);
}

GPtrArray *
spqr_store_list_exports (SpqrStore *self, gint64 run_id, GError **error)
{
  g_return_val_if_fail (SPQR_IS_STORE (self), NULL);

  return list_records (self, &exports, free_export, run_id, error);
}
