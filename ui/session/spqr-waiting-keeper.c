#include "session/spqr-waiting-keeper.h"

#include <glib/gi18n.h>

#include "session/spqr-session-waiting.h"

/* Jobs come in batches, and each has two changes of state. */
#define DELAY_MS 150

/* What writers share: an older list never comes after a newer one. */
typedef struct { gatomicrefcount references; GMutex lock; guint written; } Gate;

struct _SpqrWaitingKeeper {
  GObject parent_instance;

  SpqrJobQueue *queue;
  SpqrStore *store;
  Gate *gate;
  guint serial, source;
  gboolean any;              /* something is kept, or about to be */
};

G_DEFINE_FINAL_TYPE (SpqrWaitingKeeper, spqr_waiting_keeper, G_TYPE_OBJECT)

/* ---- writing ---- */

typedef struct { SpqrStore *store; Gate *gate; guint serial; GPtrArray *jobs; } Writing;

static void
gate_unref (Gate *gate)
{
  if (!g_atomic_ref_count_dec (&gate->references))
    return;
  g_mutex_clear (&gate->lock);
  g_free (gate);
}

static void
free_writing (gpointer data)
{
  Writing *w = data;

  g_object_unref (w->store);
  g_ptr_array_unref (w->jobs);
  gate_unref (w->gate);
  g_free (w);
}

static gboolean
write_list (Writing *w, GError **error)
{
  gboolean ok = TRUE;

  g_mutex_lock (&w->gate->lock);
  if (w->serial > w->gate->written)
    {
      w->gate->written = w->serial;
      ok = spqr_store_keep_waiting (w->store, w->jobs, error);
    }
  g_mutex_unlock (&w->gate->lock);
  return ok;
}

static gboolean
write_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  return write_list (data, error);
}

static GPtrArray *
list_jobs (SpqrWaitingKeeper *self)
{
  GPtrArray *jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) spqr_waiting_job_free);
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->queue));

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (SpqrJob) job = g_list_model_get_item (G_LIST_MODEL (self->queue), i);
      const char *request = spqr_job_get_request (job);
      SpqrWaitingJob *waiting;

      if (request == NULL)
        continue;
      waiting = g_new0 (SpqrWaitingJob, 1);
      waiting->title = g_strdup (spqr_job_get_title (job));
      waiting->request = g_strdup (request);
      g_ptr_array_add (jobs, waiting);
    }
  return jobs;
}

/* NULL: nothing waits, and nothing did. */
static Writing *
take_list (SpqrWaitingKeeper *self)
{
  g_autoptr (GPtrArray) jobs = NULL;
  Writing *w;

  g_clear_handle_id (&self->source, g_source_remove);
  if (self->store == NULL)
    return NULL;
  jobs = list_jobs (self);
  if (jobs->len == 0 && !self->any)
    return NULL;
  self->any = jobs->len > 0;
  w = g_new (Writing, 1);
  *w = (Writing) { g_object_ref (self->store), self->gate, ++self->serial, g_steal_pointer (&jobs) };
  g_atomic_ref_count_inc (&self->gate->references);
  return w;
}

static gboolean
on_due (gpointer data)
{
  SpqrWaitingKeeper *self = data;
  g_autoptr (SpqrJob) job = NULL;
  Writing *w;

  self->source = 0;
  w = take_list (self);
  if (w == NULL)
    return G_SOURCE_REMOVE;
  job = spqr_job_new (_("Keeping the jobs that wait"), write_in_worker, w, free_writing);
  spqr_job_queue_submit (self->queue, SPQR_LANE_INTERACTIVE, job);
  return G_SOURCE_REMOVE;
}

/* ---- watching ---- */

static void
on_changed (SpqrWaitingKeeper *self)
{
  if (self->source == 0 && self->queue != NULL)
    self->source = g_timeout_add (DELAY_MS, on_due, self);
}

static void
on_items (SpqrWaitingKeeper *self, guint position, guint removed, guint added)
{
  for (guint i = 0; i < added; i++)
    {
      g_autoptr (SpqrJob) job = g_list_model_get_item (G_LIST_MODEL (self->queue), position + i);

      /* A job that is moved comes again. */
      g_signal_handlers_disconnect_by_func (job, on_changed, self);
      g_signal_connect_object (job, "notify::state", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
    }
  on_changed (self);
}

SpqrWaitingKeeper *
spqr_waiting_keeper_new (SpqrJobQueue *queue, SpqrStore *store)
{
  SpqrWaitingKeeper *self = g_object_new (SPQR_TYPE_WAITING_KEEPER, NULL);

  self->queue = g_object_ref (queue);
  g_set_object (&self->store, store);
  g_signal_connect_object (queue, "items-changed", G_CALLBACK (on_items), self, G_CONNECT_SWAPPED);
  return self;
}

void
spqr_waiting_keeper_set_store (SpqrWaitingKeeper *self, SpqrStore *store)
{
  g_set_object (&self->store, store);
  on_changed (self);
}

void
spqr_waiting_keeper_finish (SpqrWaitingKeeper *self)
{
  Writing *w = take_list (self);

  if (w != NULL)
    {
      write_list (w, NULL);          /* nobody is left to be told */
      free_writing (w);
    }
  g_signal_handlers_disconnect_by_func (self->queue, on_items, self);
  g_clear_object (&self->store);
}

static void
spqr_waiting_keeper_dispose (GObject *object)
{
  SpqrWaitingKeeper *self = SPQR_WAITING_KEEPER (object);

  g_clear_handle_id (&self->source, g_source_remove);
  g_clear_object (&self->queue);
  g_clear_object (&self->store);
  G_OBJECT_CLASS (spqr_waiting_keeper_parent_class)->dispose (object);
}

static void
spqr_waiting_keeper_finalize (GObject *object)
{
  gate_unref (SPQR_WAITING_KEEPER (object)->gate);
  G_OBJECT_CLASS (spqr_waiting_keeper_parent_class)->finalize (object);
}

static void
spqr_waiting_keeper_class_init (SpqrWaitingKeeperClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_waiting_keeper_dispose;
  G_OBJECT_CLASS (klass)->finalize = spqr_waiting_keeper_finalize;
}

static void
spqr_waiting_keeper_init (SpqrWaitingKeeper *self)
{
  self->gate = g_new0 (Gate, 1);
  g_atomic_ref_count_init (&self->gate->references);
  g_mutex_init (&self->gate->lock);
}
