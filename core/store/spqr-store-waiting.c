/* spqr-store-waiting.c: jobs that wait, kept for the case that the program ends before they begin. */
#include "store/spqr-store-private.h"

void
spqr_waiting_job_free (SpqrWaitingJob *job)
{
  if (job == NULL)
    return;
  g_free (job->title);
  g_free (job->request);
  g_free (job);
}

/* ---- of this process ---- */

static gboolean
forget_own (SpqrStore *self, GError **error)
{
  g_autoptr (SpqrStatement) stmt = _spqr_store_prepare (self,
    "DELETE FROM waiting WHERE owner_pid = :owner_pid AND owner_start = :owner_start AND owner_boot IS :owner_boot", error);

  if (stmt == NULL)
    return FALSE;
  _spqr_store_bind_owner (stmt);
  return _spqr_store_run (self, stmt, "cannot keep the jobs that wait", error);
}

static gboolean
add_job (SpqrStore *self, const SpqrWaitingJob *job, GError **error)
{
  static const SpqrColumn columns[] = {
    { "title", SPQR_COLUMN_TEXT, G_STRUCT_OFFSET (SpqrWaitingJob, title) },
    { "request", SPQR_COLUMN_TEXT, G_STRUCT_OFFSET (SpqrWaitingJob, request) },
  };
  g_autoptr (SpqrStatement) stmt = _spqr_store_prepare (self,
    "INSERT INTO waiting (title, request, owner_pid, owner_start, owner_boot) "
    "VALUES (:title, :request, :owner_pid, :owner_start, :owner_boot)", error);

  if (stmt == NULL || !_spqr_row_bind (stmt, columns, G_N_ELEMENTS (columns), job, error))
    return FALSE;
  _spqr_store_bind_owner (stmt);
  return _spqr_store_run (self, stmt, "cannot keep the jobs that wait", error);
}

static gboolean
keep_work (SpqrStore *self, gpointer data, GError **error)
{
  GPtrArray *jobs = data;

  if (!forget_own (self, error))
    return FALSE;
  for (guint i = 0; i < jobs->len; i++)
    if (!add_job (self, jobs->pdata[i], error))
      return FALSE;
  return TRUE;
}

gboolean
spqr_store_keep_waiting (SpqrStore *self, GPtrArray *jobs, GError **error)
{
  g_return_val_if_fail (SPQR_IS_STORE (self) && jobs != NULL, FALSE);

  return _spqr_store_write_quietly (self, keep_work, jobs, error);
}

/* ---- of those that are gone ---- */

static gboolean
list_work (SpqrStore *self, gpointer data, GError **error)
{
  GPtrArray *jobs = data;
  g_autoptr (SpqrStatement) stmt = _spqr_store_prepare (self,
    "SELECT id, title, request, owner_pid, owner_start, owner_boot FROM waiting ORDER BY id", error);
  int result;

  if (stmt == NULL)
    return FALSE;
  g_ptr_array_set_size (jobs, 0);
  while ((result = _spqr_store_step (self, stmt, "cannot read the jobs that wait", error)) == SQLITE_ROW)
    {
      SpqrProcess owner;

      _spqr_store_read_owner (stmt, 3, &owner);
      if (!_spqr_process_alive (&owner))
        {
          SpqrWaitingJob *job = g_new0 (SpqrWaitingJob, 1);

          job->id = sqlite3_column_int64 (stmt, 0);
          job->title = g_utf8_make_valid ((const char *) sqlite3_column_text (stmt, 1), -1);
          job->request = g_strdup ((const char *) sqlite3_column_text (stmt, 2));
          g_ptr_array_add (jobs, job);
        }
      _spqr_process_clear (&owner);
    }
  return result == SQLITE_DONE;
}

GPtrArray *
spqr_store_list_waiting (SpqrStore *self, GError **error)
{
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) spqr_waiting_job_free);

  g_return_val_if_fail (SPQR_IS_STORE (self), NULL);

  return _spqr_store_read (self, list_work, jobs, error) ? g_steal_pointer (&jobs) : NULL;
}

static gboolean
take_work (SpqrStore *self, gpointer data, GError **error)
{
  gint64 id = *(gint64 *) data;

  if (!_spqr_store_run_with_id (self, "DELETE FROM waiting WHERE id = ?1", id, "cannot take a job that waits", error))
    return FALSE;
  if (sqlite3_changes (self->db) == 1)
    return TRUE;
  g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_NOT_FOUND, "%s: there is no such job any more", self->path);
  return FALSE;
}

gboolean
spqr_store_take_waiting (SpqrStore *self, gint64 id, GError **error)
{
  g_return_val_if_fail (SPQR_IS_STORE (self), FALSE);

  return _spqr_store_write_quietly (self, take_work, &id, error);
}
