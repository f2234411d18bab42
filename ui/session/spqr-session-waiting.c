#include "session/spqr-session-waiting.h"

#include <glib/gi18n.h>
#include <string.h>

#include "session/spqr-session-private.h"

#define REQUEST "request"
#define AGAIN "again"

/* ---- what is kept of a job ---- */

void
spqr_session_note_request (SpqrJob *job, GVariant *request)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (request);
  const char *kind = NULL;

  g_variant_lookup (owned, "kind", "&s", &kind);
  g_object_set_data_full (G_OBJECT (job), REQUEST, g_variant_print (owned, TRUE), g_free);
  /* A run that has begun is in the database; of the others nothing is, but for what they have measured. */
  if (g_strcmp0 (kind, "quantize") != 0 && g_strcmp0 (kind, "resume") != 0)
    g_object_set_data (G_OBJECT (job), AGAIN, job);
}

const char *
spqr_job_get_request (SpqrJob *job)
{
  SpqrJobState state = spqr_job_get_state (job);

  if (state == SPQR_JOB_QUEUED || (state == SPQR_JOB_RUNNING && g_object_get_data (G_OBJECT (job), AGAIN) != NULL))
    return g_object_get_data (G_OBJECT (job), REQUEST);
  return NULL;
}

/* ---- again ---- */

typedef struct { SpqrSession *session; SpqrStore *store; gint64 id; gboolean drop; SpqrWaitingJob *found; } Taking;

static void
free_taking (gpointer data)
{
  Taking *t = data;

  g_object_unref (t->session);
  g_object_unref (t->store);
  g_clear_pointer (&t->found, spqr_waiting_job_free);
  g_free (t);
}

static gboolean
take_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Taking *t = data;
  g_autoptr (GPtrArray) jobs = spqr_store_list_waiting (t->store, error);

  for (guint i = 0; jobs != NULL && i < jobs->len && t->found == NULL; i++)
    if (((SpqrWaitingJob *) jobs->pdata[i])->id == t->id)
      t->found = g_ptr_array_steal_index (jobs, i);
  /* Gone: another window was faster. */
  return jobs != NULL && spqr_store_take_waiting (t->store, t->id, error);
}

static SpqrJob *
restart_export (SpqrSession *self, GVariant *request)
{
  const char *dtype = "", *folder;
  gint64 run;

  g_variant_lookup (request, "dtype", "&s", &dtype);
  if (!g_variant_lookup (request, "run", "x", &run) || !g_variant_lookup (request, "folder", "^&ay", &folder))
    return NULL;
  return spqr_session_export (self, run, *dtype != '\0' ? dtype : NULL, folder);
}

static SpqrJob *
restart_resume (SpqrSession *self, GVariant *request)
{
  gint64 run;

  return g_variant_lookup (request, "run", "x", &run) ? spqr_session_resume (self, run) : NULL;
}

/* FALSE: the request lacks something. */
static gboolean
restart (SpqrSession *self, const SpqrWaitingJob *waiting)
{
  g_autoptr (GVariant) request = g_variant_parse (G_VARIANT_TYPE_VARDICT, waiting->request, NULL, NULL, NULL);
  const char *kind;

  if (request == NULL || !g_variant_lookup (request, "kind", "&s", &kind))
    return FALSE;
  if (g_str_equal (kind, "quantize"))
    return spqr_session_restart_quantize (self, waiting->title, request) != NULL;
  if (g_str_equal (kind, "evaluate"))
    return spqr_session_restart_evaluate (self, request) != NULL;
  if (g_str_equal (kind, "tasks"))
    return spqr_session_restart_tasks (self, request) != NULL;
  if (g_str_equal (kind, "export"))
    return restart_export (self, request) != NULL;
  if (g_str_equal (kind, "calibrate"))
    return spqr_session_restart_calibrate (self, request);
  return g_str_equal (kind, "resume") && restart_resume (self, request) != NULL;
}

void
spqr_session_report_strange_job (SpqrSession *self)
{
  g_signal_emit (self, spqr_session_signals[SPQR_SESSION_FAILED], 0, _("The job cannot be started"),
                 _("What was kept of it is not understood: another version of the program may have written it."));
}

static void
on_taken (SpqrJob *job, SpqrSession *self)
{
  Taking *t = spqr_job_get_data (job);

  if (spqr_job_get_state (job) != SPQR_JOB_FINISHED)
    {
      spqr_session_report_failure (self, _("The job cannot be started"), spqr_job_get_error (job));
      return;
    }
  if (!t->drop && (t->found == NULL || !restart (self, t->found)))
    spqr_session_report_strange_job (self);
}

static void
take (SpqrSession *self, gint64 id, gboolean drop)
{
  g_autoptr (SpqrJob) job = NULL;
  Taking *t;

  if (self->store == NULL)
    return;
  t = g_new0 (Taking, 1);
  *t = (Taking) { g_object_ref (self), g_object_ref (self->store), id, drop, NULL };
  job = spqr_job_new (_("Taking a job that waited"), take_in_worker, t, free_taking);
  g_signal_connect_object (job, "ended", G_CALLBACK (on_taken), self, 0);
  spqr_session_submit (self, SPQR_LANE_INTERACTIVE, job);
}

void
spqr_session_start_waiting (SpqrSession *self, gint64 id)
{
  g_return_if_fail (SPQR_IS_SESSION (self));

  take (self, id, FALSE);
}

void
spqr_session_drop_waiting (SpqrSession *self, gint64 id)
{
  g_return_if_fail (SPQR_IS_SESSION (self));

  take (self, id, TRUE);
}
