#include "pages/spqr-runs-list.h"

#include <glib/gi18n.h>
#include <string.h>

enum {
  PAGE = 64,                 /* rows that are read together */
  SMALL = 16,                /* a change of so many rows is told row by row */
  KEPT = 4096,               /* rows that are kept although nobody looks at them */
};

/* ---- a row ---- */

G_DEFINE_FINAL_TYPE (SpqrRunRow, spqr_run_row, G_TYPE_OBJECT)

static void
spqr_run_row_finalize (GObject *object)
{
  g_clear_object (&SPQR_RUN_ROW (object)->run);
  G_OBJECT_CLASS (spqr_run_row_parent_class)->finalize (object);
}

static void
spqr_run_row_class_init (SpqrRunRowClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = spqr_run_row_finalize;
}

static void
spqr_run_row_init (SpqrRunRow *self)
{
}

/* ---- the list ---- */

struct _SpqrRunsList {
  GObject parent_instance;

  SpqrSession *session;
  char *words;
  SpqrRunOrder order;
  gboolean descending;

  GArray *ids;               /* gint64, as listed; never changed, only replaced */
  guint n_all;
  gint64 newest;
  GHashTable *positions;     /* &ids[i] -> i + 1 */
  GHashTable *live;          /* &row->id -> SpqrRunRow, borrowed: they take themselves out */
  GHashTable *known;         /* &run->id -> SpqrRun */

  guint serial;              /* of the newest question */
  gboolean wanted;           /* somebody looks at rows that are not read */
  gboolean reading;          /* a page is being read */
  gboolean stale;            /* known rows may be older than the database */
};

enum { ROW_CHANGED, LISTING, LISTED, N_SIGNALS };
static guint signals[N_SIGNALS];

static void read_pages (SpqrRunsList *self);

static GType
list_get_item_type (GListModel *model)
{
  return SPQR_TYPE_RUN_ROW;
}

static guint
list_get_n_items (GListModel *model)
{
  return SPQR_RUNS_LIST (model)->ids->len;
}

static void
forget_row (gpointer data, GObject *row)
{
  SpqrRunsList *self = data;
  const gint64 *id = &SPQR_RUN_ROW (row)->id;

  if (g_hash_table_lookup (self->live, id) == row)
    g_hash_table_remove (self->live, id);
}

static gpointer
list_get_item (GListModel *model, guint position)
{
  SpqrRunsList *self = SPQR_RUNS_LIST (model);
  SpqrRunRow *row;
  SpqrRun *run;
  gint64 id;

  if (position >= self->ids->len)
    return NULL;
  id = g_array_index (self->ids, gint64, position);
  row = g_hash_table_lookup (self->live, &id);
  if (row != NULL)
    return g_object_ref (row);
  run = g_hash_table_lookup (self->known, &id);
  row = g_object_new (SPQR_TYPE_RUN_ROW, NULL);
  row->id = id;
  row->run = run != NULL ? g_object_ref (run) : NULL;
  g_hash_table_insert (self->live, g_memdup2 (&id, sizeof id), row);
  g_object_weak_ref (G_OBJECT (row), forget_row, self);
  if (run == NULL)
    {
      self->wanted = TRUE;
      read_pages (self);
    }
  return row;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = list_get_item_type;
  iface->get_n_items = list_get_n_items;
  iface->get_item = list_get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (SpqrRunsList, spqr_runs_list, G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

/* ---- rows, page by page ---- */

typedef struct { SpqrStore *store; GArray *ids; GPtrArray *runs; } Reading;

static void
free_reading (gpointer data)
{
  Reading *r = data;

  g_object_unref (r->store);
  g_array_unref (r->ids);
  g_clear_pointer (&r->runs, g_ptr_array_unref);
  g_free (r);
}

static gboolean
read_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Reading *r = data;

  r->runs = spqr_store_get_runs (r->store, (const gint64 *) (gpointer) r->ids->data, r->ids->len, error);
  return r->runs != NULL;
}

static void
take_run (SpqrRunsList *self, SpqrRun *run)
{
  SpqrRunRow *row = g_hash_table_lookup (self->live, &run->id);

  if (g_hash_table_size (self->known) >= KEPT)
    g_hash_table_remove_all (self->known);
  g_hash_table_replace (self->known, &run->id, g_object_ref (run));
  if (row == NULL)
    return;
  g_set_object (&row->run, run);
  g_signal_emit (self, signals[ROW_CHANGED], 0, row);
}

static void
on_read (SpqrJob *job, SpqrRunsList *self)
{
  Reading *r = spqr_job_get_data (job);

  self->reading = FALSE;
  for (guint i = 0; r->runs != NULL && i < r->runs->len; i++)
    take_run (self, r->runs->pdata[i]);
  read_pages (self);
}

/* Pages that somebody looks at and that are not read; of a stale list those too that were read before. */
static GHashTable *
find_wanted (SpqrRunsList *self)
{
  GHashTable *pages = g_hash_table_new (g_direct_hash, g_direct_equal);
  GHashTableIter iter;
  gpointer row;

  g_hash_table_iter_init (&iter, self->live);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    {
      guint position = spqr_runs_list_find (self, ((SpqrRunRow *) row)->id);

      if (position != G_MAXUINT && (self->stale || ((SpqrRunRow *) row)->run == NULL))
        g_hash_table_add (pages, GUINT_TO_POINTER (position / PAGE));
    }
  return pages;
}

static GArray *
take_wanted (SpqrRunsList *self)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GHashTable) pages = find_wanted (self);
  GHashTableIter iter;
  gpointer page;

  g_hash_table_iter_init (&iter, pages);
  while (g_hash_table_iter_next (&iter, &page, NULL))
    for (guint i = GPOINTER_TO_UINT (page) * PAGE; i < MIN ((GPOINTER_TO_UINT (page) + 1) * PAGE, self->ids->len); i++)
      if (self->stale || !g_hash_table_contains (self->known, &g_array_index (self->ids, gint64, i)))
        g_array_append_val (ids, g_array_index (self->ids, gint64, i));
  self->stale = self->wanted = FALSE;
  return ids;
}

static gboolean
begin_reading (gpointer data)
{
  SpqrRunsList *self = data;
  SpqrStore *store = spqr_session_get_store (self->session);
  g_autoptr (GArray) ids = take_wanted (self);
  g_autoptr (SpqrJob) job = NULL;
  Reading *r;

  self->reading = FALSE;
  if (store == NULL || ids->len == 0)
    return G_SOURCE_REMOVE;
  self->reading = TRUE;
  r = g_new (Reading, 1);
  *r = (Reading) { g_object_ref (store), g_steal_pointer (&ids), NULL };
  job = spqr_job_new (_("Reading runs"), read_in_worker, r, free_reading);
  g_signal_connect_object (job, "ended", G_CALLBACK (on_read), self, 0);
  spqr_job_queue_submit_for (spqr_session_get_jobs (self->session), SPQR_LANE_PREVIEW, self->known, job);
  return G_SOURCE_REMOVE;
}

/* Once what is being looked at has been asked for, all of it in one go. */
static void
read_pages (SpqrRunsList *self)
{
  if (self->reading || !self->wanted)
    return;
  self->reading = TRUE;
  g_idle_add_full (G_PRIORITY_DEFAULT, begin_reading, g_object_ref (self), g_object_unref);
}

/* ---- which, in what order ---- */

typedef struct { SpqrStore *store; char *words; SpqrRunOrder order; gboolean descending; guint serial; GArray *ids; guint n_all; gint64 newest; } Listing;

static void
free_listing (gpointer data)
{
  Listing *l = data;

  g_object_unref (l->store);
  g_free (l->words);
  g_clear_pointer (&l->ids, g_array_unref);
  g_free (l);
}

static gboolean
list_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Listing *l = data;
  g_autoptr (GArray) all = NULL;

  l->ids = spqr_store_query_runs (l->store, &(SpqrRunQuery) { l->words, l->order, l->descending }, error);
  if (l->ids == NULL)
    return FALSE;
  all = spqr_store_query_runs (l->store, &(SpqrRunQuery) { NULL, SPQR_RUN_ORDER_ID, TRUE }, error);
  if (all == NULL)
    return FALSE;
  l->n_all = all->len;
  l->newest = all->len > 0 ? g_array_index (all, gint64, 0) : 0;
  return TRUE;
}

static void
index_positions (SpqrRunsList *self)
{
  g_hash_table_remove_all (self->positions);
  for (guint i = 0; i < self->ids->len; i++)
    g_hash_table_insert (self->positions, &g_array_index (self->ids, gint64, i), GUINT_TO_POINTER (i + 1));
}

/* A live row, and where it stands. */
typedef struct { SpqrRunRow *row; guint position; } Placed;

static GArray *
find_places (SpqrRunsList *self)
{
  GArray *places = g_array_new (FALSE, FALSE, sizeof (Placed));
  GHashTableIter iter;
  gpointer row;

  g_hash_table_iter_init (&iter, self->live);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    g_array_append_val (places, ((Placed) { g_object_ref (row), spqr_runs_list_find (self, ((SpqrRunRow *) row)->id) }));
  return places;
}

/* Whoever shows the row at some place goes on showing it, with the run that stands there now. */
static void
give_places (SpqrRunsList *self, GArray *places)
{
  g_hash_table_remove_all (self->live);
  for (guint i = 0; i < places->len; i++)
    {
      Placed *placed = &g_array_index (places, Placed, i);
      SpqrRunRow *row = placed->row;

      row->id = placed->position < self->ids->len ? g_array_index (self->ids, gint64, placed->position) : 0;
      g_set_object (&row->run, row->id != 0 ? g_hash_table_lookup (self->known, &row->id) : NULL);
      if (row->id != 0)
        g_hash_table_insert (self->live, g_memdup2 (&row->id, sizeof row->id), row);
      else
        g_object_weak_unref (G_OBJECT (row), forget_row, self);
    }
}

/* Views throw the rows of items away that are gone, and make those of new ones, in a single turn of the loop: so when
 * all is other than before, only the number of items is. */
static void
exchange_all (SpqrRunsList *self, GArray *ids, guint before)
{
  g_autoptr (GArray) places = find_places (self);
  guint both = MIN (before, ids->len);

  g_array_unref (self->ids);
  self->ids = g_array_ref (ids);
  index_positions (self);
  give_places (self, places);
  if (before != ids->len)
    g_list_model_items_changed (G_LIST_MODEL (self), both, before - both, ids->len - both);
  for (guint i = 0; i < places->len; i++)
    {
      g_signal_emit (self, signals[ROW_CHANGED], 0, g_array_index (places, Placed, i).row);
      g_object_unref (g_array_index (places, Placed, i).row);
    }
}

/* Of a small change only what lies between the first and the last difference changes: a run that begins is one row
 * more, and whoever looks at other rows goes on looking at them. */
static void
take_ids (SpqrRunsList *self, GArray *ids)
{
  g_autoptr (GArray) before = g_array_ref (self->ids);
  const gint64 *old_ids = (const gint64 *) (gpointer) before->data, *new_ids = (const gint64 *) (gpointer) ids->data;
  guint first = 0, last = 0, most = MIN (before->len, ids->len), removed, added;

  while (first < most && old_ids[first] == new_ids[first])
    first++;
  while (last < most - first && old_ids[before->len - 1 - last] == new_ids[ids->len - 1 - last])
    last++;
  removed = before->len - first - last;
  added = ids->len - first - last;
  if (MAX (removed, added) > SMALL)
    {
      exchange_all (self, ids, before->len);
      return;
    }
  g_array_unref (self->ids);
  self->ids = g_array_ref (ids);
  index_positions (self);
  if (MAX (removed, added) > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), first, removed, added);
}

/* What is on the screen is read again. */
static void
reread_live (SpqrRunsList *self)
{
  self->stale = self->wanted = TRUE;
  g_hash_table_remove_all (self->known);
  read_pages (self);
}

static void
on_listed (SpqrJob *job, SpqrRunsList *self)
{
  const Listing *l = spqr_job_get_data (job);
  const GError *error = spqr_job_get_error (job);

  if (l->serial != self->serial)
    return;
  if (error != NULL)
    g_signal_emit_by_name (self->session, "failed", _("The runs cannot be listed"), error->message);
  if (spqr_job_get_state (job) != SPQR_JOB_FINISHED)
    return;
  g_signal_emit (self, signals[LISTING], 0);
  self->n_all = l->n_all;
  self->newest = l->newest;
  take_ids (self, l->ids);
  reread_live (self);
  g_signal_emit (self, signals[LISTED], 0);
}

void
spqr_runs_list_refresh (SpqrRunsList *self)
{
  SpqrStore *store = spqr_session_get_store (self->session);
  g_autoptr (SpqrJob) job = NULL;
  Listing *l;

  if (store == NULL)
    return;
  l = g_new0 (Listing, 1);
  *l = (Listing) { .store = g_object_ref (store), .words = g_strdup (self->words), .order = self->order, .descending = self->descending,
                   .serial = ++self->serial };
  job = spqr_job_new (_("Listing runs"), list_in_worker, l, free_listing);
  g_signal_connect_object (job, "ended", G_CALLBACK (on_listed), self, 0);
  spqr_job_queue_submit_for (spqr_session_get_jobs (self->session), SPQR_LANE_PREVIEW, self, job);
}

void
spqr_runs_list_set_query (SpqrRunsList *self, const char *words, SpqrRunOrder order, gboolean descending)
{
  g_free (self->words);
  self->words = g_strdup (words);
  self->order = order;
  self->descending = descending;
  spqr_runs_list_refresh (self);
}

GArray *
spqr_runs_list_get_ids (SpqrRunsList *self)
{
  return g_array_ref (self->ids);
}

guint
spqr_runs_list_find (SpqrRunsList *self, gint64 run_id)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->positions, &run_id)) - 1;
}

guint
spqr_runs_list_get_n_all (SpqrRunsList *self)
{
  return self->n_all;
}

gint64
spqr_runs_list_get_newest (SpqrRunsList *self)
{
  return self->newest;
}

SpqrRunsList *
spqr_runs_list_new (SpqrSession *session)
{
  SpqrRunsList *self = g_object_new (SPQR_TYPE_RUNS_LIST, NULL);

  self->session = g_object_ref (session);
  return self;
}

static void
spqr_runs_list_finalize (GObject *object)
{
  SpqrRunsList *self = SPQR_RUNS_LIST (object);
  GHashTableIter iter;
  gpointer row;

  g_hash_table_iter_init (&iter, self->live);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    g_object_weak_unref (row, forget_row, self);
  g_hash_table_unref (self->live);
  g_hash_table_unref (self->known);
  g_hash_table_unref (self->positions);
  g_array_unref (self->ids);
  g_free (self->words);
  g_object_unref (self->session);
  G_OBJECT_CLASS (spqr_runs_list_parent_class)->finalize (object);
}

static void
spqr_runs_list_class_init (SpqrRunsListClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = spqr_runs_list_finalize;
  signals[ROW_CHANGED] = g_signal_new ("row-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                       SPQR_TYPE_RUN_ROW);
  signals[LISTING] = g_signal_new ("listing", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[LISTED] = g_signal_new ("listed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
spqr_runs_list_init (SpqrRunsList *self)
{
  self->order = SPQR_RUN_ORDER_ID;
  self->descending = TRUE;
  self->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->positions = g_hash_table_new (g_int64_hash, g_int64_equal);
  self->live = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->known = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_object_unref);
}
