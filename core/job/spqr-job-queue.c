#include "job/spqr-job-queue.h"

#include "compute/spqr-priority.h"

/* A thread and what it has to do. Lanes in which the newest wins have a slot for every owner, for as long
 * as there is something to do for it. */
typedef struct {
  SpqrLane lane;
  gconstpointer owner;     /* only ever compared; NULL: nobody in particular */
  GThread *thread;
  GQueue waiting;          /* of SpqrJob, owned */
  SpqrJob *running;        /* borrowed from the thread that runs it */
} Slot;

struct _SpqrJobQueue {
  GObject parent_instance;

  GMutex lock;
  GCond wake;
  gboolean closed;
  GPtrArray *slots;        /* of Slot */
  GPtrArray *listed;       /* main thread only */
};

typedef struct { SpqrJobQueue *queue; Slot *slot; } SlotStart;

static void spqr_job_queue_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SpqrJobQueue, spqr_job_queue, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, spqr_job_queue_list_model_init))

static gboolean
is_looked_at (Slot *slot)
{
  return (slot->lane == SPQR_LANE_PREVIEW || slot->lane == SPQR_LANE_INTERACTIVE) &&
         (slot->running != NULL || !g_queue_is_empty (&slot->waiting));
}

/* With the lock held, after anything began, ended or came to wait. */
static void
hold_back_background (SpqrJobQueue *self)
{
  gboolean hold_back = FALSE;

  for (guint i = 0; i < self->slots->len && !hold_back; i++)
    hold_back = is_looked_at (self->slots->pdata[i]);
  for (guint i = 0; i < self->slots->len; i++)
    {
      Slot *slot = self->slots->pdata[i];

      if (slot->lane == SPQR_LANE_BACKGROUND && slot->running != NULL)
        spqr_job_hold_back (slot->running, hold_back);
    }
}

static SpqrJob *
next_job (SpqrJobQueue *self, Slot *slot)
{
  SpqrJob *job;

  g_mutex_lock (&self->lock);
  while (g_queue_is_empty (&slot->waiting) && slot->owner == NULL && !self->closed)
    g_cond_wait (&self->wake, &self->lock);
  job = slot->running = g_queue_pop_head (&slot->waiting);
  if (job == NULL && !self->closed)
    {
      /* Owners come and go: a page that asks again gets another one. */
      g_thread_unref (g_steal_pointer (&slot->thread));
      g_ptr_array_remove (self->slots, slot);
    }
  hold_back_background (self);
  g_mutex_unlock (&self->lock);
  return job;
}

static gpointer
slot_thread (gpointer data)
{
  SlotStart *start = data;
  SpqrJobQueue *self = start->queue;
  Slot *slot = start->slot;
  SpqrJob *job;

  g_free (start);
  spqr_priority_step_back ();
  /* A closed queue still hands out what waits, all of it cancelled, so that each job ends. */
  while ((job = next_job (self, slot)) != NULL)
    {
      spqr_job_run (job);
      g_mutex_lock (&self->lock);
      slot->running = NULL;
      hold_back_background (self);
      g_mutex_unlock (&self->lock);
      spqr_job_release (job);
    }
  return NULL;
}

/* With the lock held. */
static Slot *
find_slot (SpqrJobQueue *self, SpqrLane lane, gconstpointer owner)
{
  Slot *slot;

  for (guint i = 0; i < self->slots->len; i++)
    {
      slot = self->slots->pdata[i];
      if (slot->lane == lane && slot->owner == owner)
        return slot;
    }
  slot = g_new0 (Slot, 1);
  slot->lane = lane;
  slot->owner = owner;
  g_ptr_array_add (self->slots, slot);
  return slot;
}

static void
free_slot (gpointer data)
{
  Slot *slot = data;

  g_queue_clear_full (&slot->waiting, g_object_unref);
  g_free (slot);
}

/* With the lock held. */
static void
make_way (Slot *slot)
{
  SpqrJob *older;

  while ((older = g_queue_pop_head (&slot->waiting)) != NULL)
    {
      spqr_job_discard (older);
      g_object_unref (older);
    }
  if (slot->running != NULL)
    spqr_job_cancel (slot->running);
}

static void
list_job (SpqrJobQueue *self, SpqrJob *job)
{
  g_ptr_array_add (self->listed, g_object_ref (job));
  g_list_model_items_changed (G_LIST_MODEL (self), self->listed->len - 1, 0, 1);
}

/* With the lock held. */
static void
enqueue (SpqrJobQueue *self, Slot *slot, SpqrJob *job)
{
  if (slot->lane == SPQR_LANE_PREVIEW || slot->lane == SPQR_LANE_BACKGROUND)
    make_way (slot);
  g_queue_push_tail (&slot->waiting, g_object_ref (job));
  hold_back_background (self);
  if (slot->thread == NULL)
    {
      SlotStart *start = g_new (SlotStart, 1);
      *start = (SlotStart) { self, slot };
      slot->thread = g_thread_new ("spqr-lane", slot_thread, start);
    }
  g_cond_broadcast (&self->wake);
}

void
spqr_job_queue_submit_for (SpqrJobQueue *self, SpqrLane lane, gconstpointer owner, SpqrJob *job)
{
  g_return_if_fail (SPQR_IS_JOB_QUEUE (self) && lane < SPQR_N_LANES);
  g_return_if_fail (owner == NULL || lane == SPQR_LANE_PREVIEW || lane == SPQR_LANE_BACKGROUND);

  g_mutex_lock (&self->lock);
  if (self->closed)
    spqr_job_discard (job);
  else
    enqueue (self, find_slot (self, lane, owner), job);
  g_mutex_unlock (&self->lock);
  /* Last: who hears of it asks for its place among those that wait. */
  if (lane == SPQR_LANE_BATCH || lane == SPQR_LANE_EXPORT)
    list_job (self, job);
}

void
spqr_job_queue_submit (SpqrJobQueue *self, SpqrLane lane, SpqrJob *job)
{
  spqr_job_queue_submit_for (self, lane, NULL, job);
}

/* ---- the order of those that wait ---- */

/* With the lock held. Those that were cancelled while they waited still lie there and do not count. */
static GList *
find_waiting (SpqrJobQueue *self, SpqrJob *job)
{
  for (guint i = 0; i < self->slots->len; i++)
    {
      Slot *slot = self->slots->pdata[i];
      GList *item = spqr_job_is_active (job) ? g_queue_find (&slot->waiting, job) : NULL;

      if (item != NULL)
        return item;
    }
  return NULL;
}

static GList *
neighbour (GList *item, gboolean earlier)
{
  do
    item = earlier ? item->prev : item->next;
  while (item != NULL && !spqr_job_is_active (item->data));
  return item;
}

/* With the lock held. */
static GList *
find_neighbour (SpqrJobQueue *self, SpqrJob *job, gboolean earlier, GList **item)
{
  *item = find_waiting (self, job);
  return *item != NULL ? neighbour (*item, earlier) : NULL;
}

gboolean
spqr_job_queue_can_move (SpqrJobQueue *self, SpqrJob *job, gboolean earlier)
{
  gboolean can;
  GList *item;

  g_mutex_lock (&self->lock);
  can = find_neighbour (self, job, earlier, &item) != NULL;
  g_mutex_unlock (&self->lock);
  return can;
}

/* The list shows what is waiting in the order in which it will be done. */
static void
swap_listed (SpqrJobQueue *self, SpqrJob *a, SpqrJob *b)
{
  guint i, j;

  if (!g_ptr_array_find (self->listed, a, &i) || !g_ptr_array_find (self->listed, b, &j))
    return;
  self->listed->pdata[i] = b;
  self->listed->pdata[j] = a;
  g_list_model_items_changed (G_LIST_MODEL (self), MIN (i, j), MAX (i, j) - MIN (i, j) + 1, MAX (i, j) - MIN (i, j) + 1);
}

gboolean
spqr_job_queue_move (SpqrJobQueue *self, SpqrJob *job, gboolean earlier)
{
  GList *item, *other;
  SpqrJob *passed = NULL;

  g_return_val_if_fail (SPQR_IS_JOB_QUEUE (self) && SPQR_IS_JOB (job), FALSE);

  g_mutex_lock (&self->lock);
  other = find_neighbour (self, job, earlier, &item);
  if (other != NULL)
    {
      passed = other->data;
      other->data = job;
      item->data = passed;
    }
  g_mutex_unlock (&self->lock);
  if (passed != NULL)
    swap_listed (self, job, passed);
  return passed != NULL;
}

/* With the lock held. 1: place stands behind job in its lane, -1: before it, 0: neither waits there. */
static int
direction_to (SpqrJobQueue *self, SpqrJob *job, SpqrJob *place)
{
  GList *from = find_waiting (self, job), *to = find_waiting (self, place);

  for (GList *item = from != NULL && to != NULL ? from->next : NULL; item != NULL; item = item->next)
    if (item == to)
      return 1;
  for (GList *item = from != NULL && to != NULL ? from->prev : NULL; item != NULL; item = item->prev)
    if (item == to)
      return -1;
  return 0;
}

gboolean
spqr_job_queue_move_to (SpqrJobQueue *self, SpqrJob *job, SpqrJob *place)
{
  gboolean moved = FALSE;
  int before = 0, direction;

  g_return_val_if_fail (SPQR_IS_JOB_QUEUE (self) && SPQR_IS_JOB (job) && SPQR_IS_JOB (place), FALSE);

  /* One place at a time, until place has been passed, or something has begun meanwhile. */
  for (;;)
    {
      g_mutex_lock (&self->lock);
      direction = direction_to (self, job, place);
      g_mutex_unlock (&self->lock);
      if (direction == 0 || (before != 0 && direction != before) || !spqr_job_queue_move (self, job, direction < 0))
        return moved;
      before = direction;
      moved = TRUE;
    }
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
  for (guint i = 0; i < self->slots->len; i++)
    {
      Slot *slot = self->slots->pdata[i];

      for (GList *item = slot->waiting.head; item != NULL; item = item->next)
        spqr_job_cancel (item->data);
      if (slot->running != NULL)
        spqr_job_cancel (slot->running);
    }
  g_cond_broadcast (&self->wake);
  g_mutex_unlock (&self->lock);
  /* A closed queue gets no new slot and loses none. */
  for (guint i = 0; i < self->slots->len; i++)
    {
      Slot *slot = self->slots->pdata[i];

      if (slot->thread != NULL)
        g_thread_join (g_steal_pointer (&slot->thread));
    }
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
  g_ptr_array_unref (self->slots);
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
  self->slots = g_ptr_array_new_with_free_func (free_slot);
  self->listed = g_ptr_array_new_with_free_func (g_object_unref);
}
