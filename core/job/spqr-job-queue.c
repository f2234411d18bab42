#include "job/spqr-job-queue.h"

typedef struct {
  GThread *thread;
  GQueue waiting;          /* of SpqrJob, owned */
  SpqrJob *running;        /* borrowed from the thread that runs it */
} Lane;

struct _SpqrJobQueue {
  GObject parent_instance;

  GMutex lock;
  GCond wake;
  gboolean closed;
  Lane lanes[SPQR_N_LANES];
  GPtrArray *listed;       /* main thread only */
};

typedef struct { SpqrJobQueue *queue; SpqrLane lane; } LaneStart;

static void spqr_job_queue_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SpqrJobQueue, spqr_job_queue, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, spqr_job_queue_list_model_init))

static SpqrJob *
next_job (SpqrJobQueue *self, Lane *lane)
{
  g_mutex_lock (&self->lock);
  lane->running = NULL;
  while (g_queue_is_empty (&lane->waiting) && !self->closed)
    g_cond_wait (&self->wake, &self->lock);
  lane->running = g_queue_pop_head (&lane->waiting);
  g_mutex_unlock (&self->lock);
  return lane->running;
}

static gpointer
lane_thread (gpointer data)
{
  LaneStart *start = data;
  SpqrJobQueue *self = start->queue;
  Lane *lane = &self->lanes[start->lane];
  SpqrJob *job;

  g_free (start);
  /* A closed queue still hands out what waits, all of it cancelled, so that each job ends. */
  while ((job = next_job (self, lane)) != NULL)
    {
      spqr_job_run (job);
      g_mutex_lock (&self->lock);
      lane->running = NULL;
      g_mutex_unlock (&self->lock);
      spqr_job_release (job);
    }
  return NULL;
}

/* With the lock held. */
static void
make_way (Lane *lane)
{
  SpqrJob *older;

  while ((older = g_queue_pop_head (&lane->waiting)) != NULL)
    {
      spqr_job_discard (older);
      g_object_unref (older);
    }
  if (lane->running != NULL)
    g_cancellable_cancel (spqr_job_get_cancellable (lane->running));
}

static void
list_job (SpqrJobQueue *self, SpqrJob *job)
{
  g_ptr_array_add (self->listed, g_object_ref (job));
  g_list_model_items_changed (G_LIST_MODEL (self), self->listed->len - 1, 0, 1);
}

void
spqr_job_queue_submit (SpqrJobQueue *self, SpqrLane lane, SpqrJob *job)
{
  Lane *slot = &self->lanes[lane];

  g_return_if_fail (SPQR_IS_JOB_QUEUE (self) && lane < SPQR_N_LANES);

  if (lane == SPQR_LANE_BATCH || lane == SPQR_LANE_EXPORT)
    list_job (self, job);
  g_mutex_lock (&self->lock);
  if (self->closed)
    spqr_job_discard (job);
  else
    {
      if (lane == SPQR_LANE_PREVIEW || lane == SPQR_LANE_BACKGROUND)
        make_way (slot);
      g_queue_push_tail (&slot->waiting, g_object_ref (job));
      if (slot->thread == NULL)
        {
          LaneStart *start = g_new (LaneStart, 1);
          *start = (LaneStart) { self, lane };
          slot->thread = g_thread_new ("spqr-lane", lane_thread, start);
        }
      g_cond_broadcast (&self->wake);
    }
  g_mutex_unlock (&self->lock);
}

void
spqr_job_queue_clear_ended (SpqrJobQueue *self)
{
  for (guint i = self->listed->len; i-- > 0;)
    if (!spqr_job_is_active (self->listed->pdata[i]))
      {
        g_ptr_array_remove_index (self->listed, i);
        g_list_model_items_changed (G_LIST_MODEL (self), i, 1, 0);
      }
}

void
spqr_job_queue_clear (SpqrJobQueue *self)
{
  guint n = self->listed->len;

  g_ptr_array_set_size (self->listed, 0);
  if (n > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), 0, n, 0);
}

guint
spqr_job_queue_get_n_active (SpqrJobQueue *self)
{
  guint n = 0;

  for (guint i = 0; i < self->listed->len; i++)
    n += spqr_job_is_active (self->listed->pdata[i]);
  return n;
}

void
spqr_job_queue_shutdown (SpqrJobQueue *self)
{
  g_mutex_lock (&self->lock);
  self->closed = TRUE;
  for (int l = 0; l < SPQR_N_LANES; l++)
    {
      for (GList *item = self->lanes[l].waiting.head; item != NULL; item = item->next)
        spqr_job_cancel (item->data);
      if (self->lanes[l].running != NULL)
        spqr_job_cancel (self->lanes[l].running);
    }
  g_cond_broadcast (&self->wake);
  g_mutex_unlock (&self->lock);
  for (int l = 0; l < SPQR_N_LANES; l++)
    if (self->lanes[l].thread != NULL)
      g_thread_join (g_steal_pointer (&self->lanes[l].thread));
}

SpqrJobQueue *
spqr_job_queue_new (void)
{
  return g_object_new (SPQR_TYPE_JOB_QUEUE, NULL);
}

static GType
get_item_type (GListModel *model)
{
  return SPQR_TYPE_JOB;
}

static guint
get_n_items (GListModel *model)
{
  return SPQR_JOB_QUEUE (model)->listed->len;
}

static gpointer
get_item (GListModel *model, guint position)
{
  SpqrJobQueue *self = SPQR_JOB_QUEUE (model);

  return position < self->listed->len ? g_object_ref (self->listed->pdata[position]) : NULL;
}

static void
spqr_job_queue_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

static void
spqr_job_queue_finalize (GObject *object)
{
  SpqrJobQueue *self = SPQR_JOB_QUEUE (object);

  spqr_job_queue_shutdown (self);
  for (int l = 0; l < SPQR_N_LANES; l++)
    g_queue_clear_full (&self->lanes[l].waiting, g_object_unref);
  g_ptr_array_unref (self->listed);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->wake);
  G_OBJECT_CLASS (spqr_job_queue_parent_class)->finalize (object);
}

static void
spqr_job_queue_class_init (SpqrJobQueueClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = spqr_job_queue_finalize;
}

static void
spqr_job_queue_init (SpqrJobQueue *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->wake);
  self->listed = g_ptr_array_new_with_free_func (g_object_unref);
}
