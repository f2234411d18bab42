/* spqr-store-runs.c: a run's row: begun, finished, resumed, interrupted, listed. */
#include <string.h>

#include "spqr-build.h"
#include "store/spqr-process-private.h"
#include "store/spqr-store-private.h"

/* In the order of _spqr_run_columns' last four. */
#define SELECT_RUNS(tail) \
  "SELECT %s, e.ppl_base, e.ppl, e.data, " \
  "(SELECT group_concat (tag, char (31)) FROM (SELECT tag FROM tags WHERE run_id = r.id ORDER BY tag)) " \
  "FROM runs r " SPQR_JOIN_BEST_EVALUATION " " tail

void
_spqr_store_set_no_run (GError **error, SpqrStore *self, gint64 run_id)
{
  g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_NOT_FOUND,
               "%s: there is no run %" G_GINT64_FORMAT, self->path, run_id);
}

static gboolean
bind_text_by_name (SpqrStatement *stmt, const char *name, const char *text)
{
  return sqlite3_bind_text (stmt, sqlite3_bind_parameter_index (stmt, name), text, -1, SQLITE_TRANSIENT) == SQLITE_OK;
}

void
_spqr_store_bind_owner (SpqrStatement *stmt)
{
  SpqrProcess self;

  _spqr_process_self (&self);
  sqlite3_bind_int64 (stmt, sqlite3_bind_parameter_index (stmt, ":owner_pid"), self.pid);
  sqlite3_bind_int64 (stmt, sqlite3_bind_parameter_index (stmt, ":owner_start"), self.start);
  bind_text_by_name (stmt, ":owner_boot", self.boot);
  _spqr_process_clear (&self);
}

/* ---- folders ---- */

char *
_spqr_store_folder_to_column (SpqrStore *self, const char *folder)
{
  gsize length = strlen (self->dir);

  if (folder != NULL && g_str_has_prefix (folder, self->dir) && folder[length] == '/')
    return g_strdup (folder + length + 1);
  return g_strdup (folder);
}

char *
_spqr_store_folder_from_column (SpqrStore *self, const char *column)
{
  if (column == NULL || g_path_is_absolute (column))
    return g_strdup (column);
  return g_build_filename (self->dir, column, NULL);
}

static gboolean
bind_folder (SpqrStore *self, SpqrStatement *stmt, const char *folder, GError **error)
{
  g_autofree char *absolute = folder != NULL ? g_canonicalize_filename (folder, NULL) : NULL;
  g_autofree char *column = _spqr_store_folder_to_column (self, absolute);

  if (bind_text_by_name (stmt, ":folder", column))
    return TRUE;
  _spqr_store_set_sqlite_error (error, self->db, self->path, "cannot store the run's folder");
  return FALSE;
}

/* ---- begin ---- */

/* Everything of a new row but the key. */
static char *
make_insert (void)
{
  guint n = _spqr_run_n_stored_columns () - 2; /* without id and n_layers_done, first and last */
  g_autofree char *names = _spqr_row_join (_spqr_run_columns + 1, n, "");
  g_autofree char *values = _spqr_row_join (_spqr_run_columns + 1, n, ":");

  return g_strdup_printf ("INSERT INTO runs (%s, owner_pid, owner_start, owner_boot) "
                          "VALUES (%s, :owner_pid, :owner_start, :owner_boot)", names, values);
}

gboolean
_spqr_store_begin_work (SpqrStore *self, gpointer data, GError **error)
{
  SpqrRun *run = data;
  g_autofree char *sql = make_insert ();
  g_autoptr (SpqrStatement) stmt = _spqr_store_prepare (self, sql, error);

  if (stmt == NULL
      || !_spqr_row_bind (stmt, _spqr_run_columns, _spqr_run_n_stored_columns (), run, error)
      || !bind_folder (self, stmt, run->folder, error))
    return FALSE;
  _spqr_store_bind_owner (stmt);
  if (!_spqr_store_run (self, stmt, "cannot record the run", error))
    return FALSE;
  run->id = sqlite3_last_insert_rowid (self->db);
  return TRUE;
}

static void
notify_begun (SpqrRun *run)
{
  static const char *const names[] = { "id", "state", "created", "finished", "version", "n-layers-done" };

  g_object_freeze_notify (G_OBJECT (run));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_object_notify (G_OBJECT (run), names[i]);
  g_object_thaw_notify (G_OBJECT (run));
}

gboolean
spqr_store_begin_run (SpqrStore *self, SpqrRun *run, GError **error)
{
  gint64 old_id;

  g_return_val_if_fail (SPQR_IS_STORE (self), FALSE);
  g_return_val_if_fail (SPQR_IS_RUN (run), FALSE);

  old_id = run->id;
  run->state = SPQR_RUN_RUNNING;
  run->finished = 0;
  run->n_layers_done = 0;
  if (run->created == 0)
    run->created = g_get_real_time () / G_USEC_PER_SEC;
  if (run->version == NULL)
    run->version = g_strdup (SPQR_VERSION);
  if (!_spqr_store_write (self, _spqr_store_begin_work, run, error))
    {
      run->id = old_id;
      return FALSE;
    }
  notify_begun (run);
  return TRUE;
}

/* ---- finish ---- */

gboolean
_spqr_store_finish_work (SpqrStore *self, gpointer data, GError **error)
{
  SpqrRun *run = data;
  g_autoptr (SpqrStatement) stmt = _spqr_store_prepare (self,
    "UPDATE runs SET state = :state, finished = :finished, error = :error, backend = coalesce (:backend, backend), "
    "seconds = coalesce (:seconds, seconds), bits_formula = coalesce (:bits_formula, bits_formula), "
    "bits_stored = coalesce (:bits_stored, bits_stored), outlier_share = coalesce (:outlier_share, outlier_share), "
    "mean_proxy_loss = coalesce (:mean_proxy_loss, mean_proxy_loss), "
    "n_layers = iif (:n_layers > 0, :n_layers, n_layers), "
    "owner_pid = NULL, owner_start = NULL, owner_boot = NULL WHERE id = :id", error);

  if (stmt == NULL
      || !_spqr_row_bind (stmt, _spqr_run_columns, _spqr_run_n_stored_columns (), run, error)
      || !_spqr_store_run (self, stmt, "cannot record the end of the run", error))
    return FALSE;
  if (sqlite3_changes (self->db) == 1)
    return TRUE;
  _spqr_store_set_no_run (error, self, run->id);
  return FALSE;
}

gboolean
spqr_store_finish_run (SpqrStore *self, SpqrRun *run, GError **error)
{
  gint64 old_finished;

  g_return_val_if_fail (SPQR_IS_STORE (self), FALSE);
  g_return_val_if_fail (SPQR_IS_RUN (run), FALSE);
  g_return_val_if_fail (run->state != SPQR_RUN_RUNNING && (guint) run->state <= SPQR_RUN_INTERRUPTED, FALSE);

  old_finished = run->finished;
  if (run->finished == 0)
    run->finished = g_get_real_time () / G_USEC_PER_SEC;
  if (!_spqr_store_write (self, _spqr_store_finish_work, run, error))
    {
      run->finished = old_finished;
      return FALSE;
    }
  g_object_freeze_notify (G_OBJECT (run));
  g_object_notify (G_OBJECT (run), "state");
  g_object_notify (G_OBJECT (run), "finished");
  g_object_thaw_notify (G_OBJECT (run));
  return TRUE;
}

/* ---- owners: whose run is it, and does that process still live ---- */

void
_spqr_store_read_owner (SpqrStatement *stmt, int first, SpqrProcess *owner)
{
  owner->pid = sqlite3_column_int64 (stmt, first);
  owner->start = sqlite3_column_int64 (stmt, first + 1);
  owner->boot = g_strdup ((const char *) sqlite3_column_text (stmt, first + 2));
}

gboolean
_spqr_store_check_owner (SpqrStore *self, gint64 run_id, gboolean *alive, gboolean *own, GError **error)
{
  g_autoptr (SpqrStatement) stmt = _spqr_store_prepare (self,
    "SELECT state, owner_pid, owner_start, owner_boot FROM runs WHERE id = ?1", error);
  SpqrProcess owner;
  int result;

  if (stmt == NULL)
    return FALSE;
  sqlite3_bind_int64 (stmt, 1, run_id);
  result = _spqr_store_step (self, stmt, "cannot read the run", error);
  if (result == SQLITE_DONE)
    _spqr_store_set_no_run (error, self, run_id);
  if (result != SQLITE_ROW)
    return FALSE;
  _spqr_store_read_owner (stmt, 1, &owner);
  *alive = g_strcmp0 ((const char *) sqlite3_column_text (stmt, 0), "running") == 0 && _spqr_process_alive (&owner);
  *own = *alive && _spqr_process_is_self (&owner);
  _spqr_process_clear (&owner);
  return TRUE;
}

static gboolean
reopen_work (SpqrStore *self, gpointer data, GError **error)
{
  gint64 run_id = *(gint64 *) data;
  g_autoptr (SpqrStatement) stmt = NULL;
  gboolean alive, own;

  if (!_spqr_store_check_owner (self, run_id, &alive, &own, error))
    return FALSE;
  if (alive && !own)
    {
      g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_BUSY,
                   "run %" G_GINT64_FORMAT " is being worked on by another process; wait for it or cancel it there",
                   run_id);
      return FALSE;
    }
  stmt = _spqr_store_prepare (self,
    "UPDATE runs SET state = 'running', error = NULL, finished = 0, owner_pid = :owner_pid, "
    "owner_start = :owner_start, owner_boot = :owner_boot WHERE id = :id", error);
  if (stmt == NULL)
    return FALSE;
  sqlite3_bind_int64 (stmt, sqlite3_bind_parameter_index (stmt, ":id"), run_id);
  _spqr_store_bind_owner (stmt);
  return _spqr_store_run (self, stmt, "cannot resume the run", error);
}

gboolean
spqr_store_reopen_run (SpqrStore *self, gint64 run_id, GError **error)
{
  g_return_val_if_fail (SPQR_IS_STORE (self), FALSE);

  return _spqr_store_write (self, reopen_work, &run_id, error);
}

/* ---- interrupted runs ---- */

/* Ids of RUNNING runs without a living process, appended to data, a GArray of gint64. */
static gboolean
find_abandoned (SpqrStore *self, gpointer data, GError **error)
{
  GArray *ids = data;
  g_autoptr (SpqrStatement) stmt = _spqr_store_prepare (self,
    "SELECT id, owner_pid, owner_start, owner_boot FROM runs WHERE state = 'running'", error);
  int result;

  if (stmt == NULL)
    return FALSE;
  g_array_set_size (ids, 0);
  while ((result = _spqr_store_step (self, stmt, "cannot read the runs", error)) == SQLITE_ROW)
    {
      gint64 id = sqlite3_column_int64 (stmt, 0);
      SpqrProcess owner;

      _spqr_store_read_owner (stmt, 1, &owner);
      if (!_spqr_process_alive (&owner))
        g_array_append_val (ids, id);
      _spqr_process_clear (&owner);
    }
  return result == SQLITE_DONE;
}

static gboolean
interrupt_work (SpqrStore *self, gpointer data, GError **error)
{
  GArray *ids = data;

  /* Once more, now that nobody else can write: one of them may have been resumed meanwhile. */
  if (!find_abandoned (self, ids, error))
    return FALSE;
  for (guint i = 0; i < ids->len; i++)
    if (!_spqr_store_run_with_id (self,
          "UPDATE runs SET state = 'interrupted', owner_pid = NULL, owner_start = NULL, owner_boot = NULL WHERE id = ?1",
          g_array_index (ids, gint64, i), "cannot mark an interrupted run", error))
      return FALSE;
  return TRUE;
}

gboolean
spqr_store_mark_interrupted (SpqrStore *self, GError **error)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  g_return_val_if_fail (SPQR_IS_STORE (self), FALSE);

  if (!_spqr_store_read (self, find_abandoned, ids, error))
    return FALSE;
  return ids->len == 0 || _spqr_store_write (self, interrupt_work, ids, error);
}

/* ---- note and tags ---- */

typedef struct { gint64 run_id; const char *note; const char *const *tags; } Annotation;

static gboolean
note_work (SpqrStore *self, gpointer data, GError **error)
{
  Annotation *annotation = data;
  const SpqrColumn columns[] = {
    { "run_id", SPQR_COLUMN_INT64, G_STRUCT_OFFSET (Annotation, run_id) },
    { "note", SPQR_COLUMN_TEXT, G_STRUCT_OFFSET (Annotation, note) },
  };
  g_autoptr (SpqrStatement) stmt =
    _spqr_store_prepare (self, "UPDATE runs SET note = :note WHERE id = :run_id", error);

  if (stmt == NULL || !_spqr_row_bind (stmt, columns, G_N_ELEMENTS (columns), annotation, error)
      || !_spqr_store_run (self, stmt, "cannot store the note", error))
    return FALSE;
  if (sqlite3_changes (self->db) == 1)
    return TRUE;
  _spqr_store_set_no_run (error, self, annotation->run_id);
  return FALSE;
}

gboolean
spqr_store_set_note (SpqrStore *self, gint64 run_id, const char *note, GError **error)
{
  Annotation annotation = { run_id, note, NULL };

  g_return_val_if_fail (SPQR_IS_STORE (self), FALSE);

  return _spqr_store_write (self, note_work, &annotation, error);
}

static gboolean
check_tag (const char *tag, GError **error)
{
  if (!g_utf8_validate (tag, -1, NULL) || *tag == '\0')
    {
      g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_INVALID,
                   "a tag must be a word in valid UTF-8, not empty");
      return FALSE;
    }
  for (const char *c = tag; *c != '\0'; c = g_utf8_next_char (c))
    if (g_unichar_iscntrl (g_utf8_get_char (c)))
      {
        g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_INVALID, "a tag must not hold control characters");
        return FALSE;
      }
  return TRUE;
}

static gboolean
add_tag (SpqrStore *self, gint64 run_id, const char *tag, GError **error)
{
  g_autoptr (SpqrStatement) stmt = NULL;

  if (!check_tag (tag, error)
      || (stmt = _spqr_store_prepare (self, "INSERT OR IGNORE INTO tags (run_id, tag) VALUES (?1, ?2)", error)) == NULL)
    return FALSE;
  sqlite3_bind_int64 (stmt, 1, run_id);
  sqlite3_bind_text (stmt, 2, tag, -1, SQLITE_TRANSIENT);
  return _spqr_store_run (self, stmt, "cannot store a tag", error);
}

static gboolean
tags_work (SpqrStore *self, gpointer data, GError **error)
{
  Annotation *annotation = data;
  gboolean alive, own;

  if (!_spqr_store_check_owner (self, annotation->run_id, &alive, &own, error) /* there is such a run */
      || !_spqr_store_run_with_id (self, "DELETE FROM tags WHERE run_id = ?1", annotation->run_id,
                                   "cannot store the tags", error))
    return FALSE;
  for (guint i = 0; annotation->tags != NULL && annotation->tags[i] != NULL; i++)
    if (!add_tag (self, annotation->run_id, annotation->tags[i], error))
      return FALSE;
  return TRUE;
}

gboolean
spqr_store_set_tags (SpqrStore *self, gint64 run_id, const char *const *tags, GError **error)
{
  Annotation annotation = { run_id, NULL, tags };

  g_return_val_if_fail (SPQR_IS_STORE (self), FALSE);

  return _spqr_store_write (self, tags_work, &annotation, error);
}

/* ---- reading ---- */

static SpqrRun *
read_run (SpqrStore *self, SpqrStatement *stmt)
{
  SpqrRun *run = spqr_run_new ();
  char *column;

  _spqr_row_read (stmt, 0, _spqr_run_columns, _spqr_run_n_columns (), run);
  column = run->folder;
  run->folder = _spqr_store_folder_from_column (self, column);
  g_free (column);
  return run;
}

typedef struct { gint64 id; SpqrRun *run; GPtrArray *runs; } Query;

gboolean
_spqr_store_read_run_by_id (SpqrStore *self, gint64 run_id, SpqrRun **run, GError **error)
{
  g_autofree char *columns = _spqr_row_join (_spqr_run_columns, _spqr_run_n_stored_columns (), "r.");
  g_autofree char *sql = g_strdup_printf (SELECT_RUNS ("WHERE r.id = ?1"), columns);
  g_autoptr (SpqrStatement) stmt = _spqr_store_prepare (self, sql, error);
  int result;

  if (stmt == NULL)
    return FALSE;
  sqlite3_bind_int64 (stmt, 1, run_id);
  result = _spqr_store_step (self, stmt, "cannot read the run", error);
  if (result == SQLITE_ROW)
    *run = read_run (self, stmt);
  return result != 0;
}

static gboolean
get_work (SpqrStore *self, gpointer data, GError **error)
{
  Query *query = data;

  g_clear_object (&query->run);
  if (!_spqr_store_read_run_by_id (self, query->id, &query->run, error))
    return FALSE;
  if (query->run == NULL)
    _spqr_store_set_no_run (error, self, query->id);
  return query->run != NULL;
}

SpqrRun *
spqr_store_get_run (SpqrStore *self, gint64 run_id, GError **error)
{
  Query query = { run_id, NULL, NULL };

  g_return_val_if_fail (SPQR_IS_STORE (self), NULL);

  if (_spqr_store_read (self, get_work, &query, error))
    return query.run;
  g_clear_object (&query.run);
  return NULL;
}

static gboolean
list_work (SpqrStore *self, gpointer data, GError **error)
{
  Query *query = data;
  g_autofree char *columns = _spqr_row_join (_spqr_run_columns, _spqr_run_n_stored_columns (), "r.");
  g_autofree char *sql = g_strdup_printf (SELECT_RUNS ("ORDER BY r.created DESC, r.id DESC"), columns);
  g_autoptr (SpqrStatement) stmt = _spqr_store_prepare (self, sql, error);
  int result;

  if (stmt == NULL)
    return FALSE;
  while ((result = _spqr_store_step (self, stmt, "cannot list the runs", error)) == SQLITE_ROW)
    g_ptr_array_add (query->runs, read_run (self, stmt));
  return result == SQLITE_DONE;
}

GPtrArray *
spqr_store_list_runs (SpqrStore *self, GError **error)
{
  g_autoptr (GPtrArray) runs = g_ptr_array_new_with_free_func (g_object_unref);
  Query query = { 0, NULL, runs };

  g_return_val_if_fail (SPQR_IS_STORE (self), NULL);

  if (!_spqr_store_read (self, list_work, &query, error))
    return NULL;
  return g_steal_pointer (&runs);
}
