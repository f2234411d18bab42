#include "controls/spqr-slow-list.h"

enum {
  STEP = 5,                  /* items in a turn */
  ENOUGH = 216,              /* no view has rows for more: the others are there at once */
};

struct _SpqrSlowList {
  GObject parent_instance;

  GListModel *model;
  guint n;                   /* items of the model */
  guint shown;               /* so many of them are items of this list */
  GPtrArray *going;          /* then these are, which are the model's no more */
  GPtrArray *held;           /* the first items before the model changes; NULL: it does not */
  guint source;
};

static GType
list_get_item_type (GListModel *list)
{
  return g_list_model_get_item_type (SPQR_SLOW_LIST (list)->model);
}

static guint
list_get_n_items (GListModel *list)
{
  SpqrSlowList *self = SPQR_SLOW_LIST (list);

  return self->shown + self->going->len;
}

static gpointer
list_get_item (GListModel *list, guint position)
{
  SpqrSlowList *self = SPQR_SLOW_LIST (list);

  if (position < self->shown)
    return g_list_model_get_item (self->model, position);
  return position - self->shown < self->going->len ? g_object_ref (self->going->pdata[position - self->shown]) : NULL;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = list_get_item_type;
  iface->get_n_items = list_get_n_items;
  iface->get_item = list_get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (SpqrSlowList, spqr_slow_list, G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static void
show (SpqrSlowList *self, guint shown)
{
  guint before = self->shown;

  self->shown = shown >= MIN (self->n, ENOUGH) ? self->n : shown;
  if (self->shown > before)
    g_list_model_items_changed (G_LIST_MODEL (self), before, 0, self->shown - before);
}

static void
drop_going (SpqrSlowList *self, guint most)
{
  guint n = MIN (self->going->len, most);

  g_ptr_array_set_size (self->going, (int) (self->going->len - n));
  if (n > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), self->shown + self->going->len, n, 0);
}

static gboolean
go_on (gpointer data)
{
  SpqrSlowList *self = data;

  if (self->going->len > 0)
    drop_going (self, STEP);
  else
    show (self, self->shown + STEP);
  if (self->going->len > 0 || self->shown < self->n)
    return G_SOURCE_CONTINUE;
  self->source = 0;
  return G_SOURCE_REMOVE;
}

/* The view's rows stay, with what they had; what is beyond them goes at once. */
static void
keep_rows (SpqrSlowList *self, guint before)
{
  g_autoptr (GPtrArray) held = g_steal_pointer (&self->held);

  self->shown = 0;
  g_ptr_array_set_size (self->going, 0);
  g_ptr_array_extend (self->going, held, (GCopyFunc) (void (*) (void)) g_object_ref, NULL);
  if (before > held->len)
    g_list_model_items_changed (G_LIST_MODEL (self), held->len, before - held->len, 0);
}

/* Those of them that the model has items for take these. */
static void
replace (SpqrSlowList *self, guint position, guint shown)
{
  g_ptr_array_remove_range (self->going, 0, shown);
  self->shown = shown;
  if (position < shown)
    g_list_model_items_changed (G_LIST_MODEL (self), position, shown - position, shown - position);
}

static void
on_items_changed (GListModel *model, guint position, guint removed, guint added, SpqrSlowList *self)
{
  guint before = self->shown + self->going->len, rows = MIN (before, ENOUGH), n = g_list_model_get_n_items (model), after;
  gboolean whole = self->shown == self->n && self->going->len == 0;

  self->n = n;
  after = rows + STEP >= MIN (n, ENOUGH) ? n : rows + STEP;      /* rows that are there take other items at once */
  if (self->held != NULL && self->held->len == rows && rows > after + STEP)
    {
      keep_rows (self, before);
      replace (self, position, after);
    }
  else if (whole && after == n)
    {
      self->shown = n;
      g_list_model_items_changed (G_LIST_MODEL (self), position, removed, added);
    }
  else
    {
      guint first = MIN (position, MIN (self->shown, after));

      self->shown = after;
      g_ptr_array_set_size (self->going, 0);
      g_list_model_items_changed (G_LIST_MODEL (self), first, before - first, after - first);
    }
  g_clear_pointer (&self->held, g_ptr_array_unref);
  if ((self->going->len > 0 || self->shown < self->n) && self->source == 0)
    self->source = g_idle_add (go_on, self);
}

void
spqr_slow_list_hold (SpqrSlowList *self, gboolean hold)
{
  guint rows = MIN (self->shown + self->going->len, ENOUGH);

  g_clear_pointer (&self->held, g_ptr_array_unref);
  if (!hold)
    return;
  self->held = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < rows; i++)
    g_ptr_array_add (self->held, list_get_item (G_LIST_MODEL (self), i));
}

SpqrSlowList *
spqr_slow_list_new (GListModel *model)
{
  SpqrSlowList *self = g_object_new (SPQR_TYPE_SLOW_LIST, NULL);

  self->model = model;
  g_signal_connect_object (model, "items-changed", G_CALLBACK (on_items_changed), self, 0);
  on_items_changed (model, 0, 0, 0, self);
  return self;
}

static void
spqr_slow_list_dispose (GObject *object)
{
  SpqrSlowList *self = SPQR_SLOW_LIST (object);

  g_clear_handle_id (&self->source, g_source_remove);
  if (self->model != NULL)
    g_signal_handlers_disconnect_by_data (self->model, self);
  g_clear_object (&self->model);
  G_OBJECT_CLASS (spqr_slow_list_parent_class)->dispose (object);
}

static void
spqr_slow_list_finalize (GObject *object)
{
  g_ptr_array_unref (SPQR_SLOW_LIST (object)->going);
  g_clear_pointer (&SPQR_SLOW_LIST (object)->held, g_ptr_array_unref);
  G_OBJECT_CLASS (spqr_slow_list_parent_class)->finalize (object);
}

static void
spqr_slow_list_class_init (SpqrSlowListClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_slow_list_dispose;
  G_OBJECT_CLASS (klass)->finalize = spqr_slow_list_finalize;
}

static void
spqr_slow_list_init (SpqrSlowList *self)
{
  self->going = g_ptr_array_new_with_free_func (g_object_unref);
}
