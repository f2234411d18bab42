#include "controls/spqr-slow-list.h"

enum {
  STEP = 12,                 /* items in a turn */
  ENOUGH = 216,              /* no view has rows for more: the others are there at once */
};

typedef struct { GtkSliceListModel *slice; guint source; } Growth;

static void
free_growth (gpointer data)
{
  Growth *growth = data;

  g_clear_handle_id (&growth->source, g_source_remove);
  g_free (growth);
}

static Growth *
get_growth (gpointer list)
{
  return g_object_get_data (list, "spqr-growth");
}

static gboolean
grow (gpointer data)
{
  Growth *growth = data;
  guint n = g_list_model_get_n_items (gtk_slice_list_model_get_model (growth->slice));
  guint size = MIN (gtk_slice_list_model_get_size (growth->slice), ENOUGH) + STEP;

  if (size >= MIN (n, ENOUGH))
    {
      growth->source = 0;
      gtk_slice_list_model_set_size (growth->slice, n >= ENOUGH ? G_MAXUINT : MAX (n, STEP));
      return G_SOURCE_REMOVE;
    }
  gtk_slice_list_model_set_size (growth->slice, size);
  return G_SOURCE_CONTINUE;
}

/* Connected after the slice's own: it has told of what it shows already. */
static void
on_items_changed (GListModel *model, guint position, guint removed, guint added, GtkSliceListModel *slice)
{
  Growth *growth = get_growth (slice);
  guint n = g_list_model_get_n_items (model);

  if (n < ENOUGH && gtk_slice_list_model_get_size (slice) > n)
    gtk_slice_list_model_set_size (slice, MAX (n, STEP));
  if (n > gtk_slice_list_model_get_size (slice) && growth->source == 0)
    growth->source = g_idle_add (grow, growth);
}

GListModel *
spqr_slow_list_new (GListModel *model)
{
  GtkSliceListModel *slice = gtk_slice_list_model_new (model, 0, STEP);
  Growth *growth = g_new0 (Growth, 1);

  growth->slice = slice;
  g_object_set_data_full (G_OBJECT (slice), "spqr-growth", growth, free_growth);
  g_signal_connect_object (model, "items-changed", G_CALLBACK (on_items_changed), slice, 0);
  on_items_changed (model, 0, 0, 0, slice);
  return G_LIST_MODEL (slice);
}

void
spqr_slow_list_finish (GListModel *list)
{
  Growth *growth = get_growth (list);

  if (growth->source == 0)
    return;
  g_clear_handle_id (&growth->source, g_source_remove);
  gtk_slice_list_model_set_size (growth->slice, G_MAXUINT);
}
