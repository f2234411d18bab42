#include "pages/spqr-map-list.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "controls/spqr-access.h"
#include "controls/spqr-column-title.h"
#include "controls/spqr-empty-note.h"

/* ---- a row ---- */

#define SPQR_TYPE_MAP_ITEM (spqr_map_item_get_type ())
G_DECLARE_FINAL_TYPE (SpqrMapItem, spqr_map_item, SPQR, MAP_ITEM, GObject)

struct _SpqrMapItem {
  GObject parent_instance;
  SpqrTensor *tensor;
  guint place;               /* in the network */
  double figures[SPQR_MAP_LIST_FIGURES];
};

G_DEFINE_FINAL_TYPE (SpqrMapItem, spqr_map_item, G_TYPE_OBJECT)

enum { CHANGED, N_ITEM_SIGNALS };
static guint item_signals[N_ITEM_SIGNALS];

static void
spqr_map_item_finalize (GObject *object)
{
  g_object_unref (SPQR_MAP_ITEM (object)->tensor);
  G_OBJECT_CLASS (spqr_map_item_parent_class)->finalize (object);
}

static void
spqr_map_item_class_init (SpqrMapItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = spqr_map_item_finalize;
  item_signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
spqr_map_item_init (SpqrMapItem *self)
{
  for (guint i = 0; i < SPQR_MAP_LIST_FIGURES; i++)
    self->figures[i] = NAN;
}

/* ---- the table ---- */

typedef struct { SpqrMapList *list; guint index; } Column;     /* index 0: the layer, then the figures */

struct _SpqrMapList {
  GtkWidget parent_instance;
  GtkWidget *scroller;
  GtkColumnView *view;
  GListStore *items;
  GtkFilterListModel *known;
  GtkSingleSelection *selection;
  GtkColumnViewColumn *columns[1 + SPQR_MAP_LIST_FIGURES];
  Column data[1 + SPQR_MAP_LIST_FIGURES];
  char *(*formats[SPQR_MAP_LIST_FIGURES]) (double value, double step);
  double steps[SPQR_MAP_LIST_FIGURES];
  GtkWidget *note;
  gboolean quiet;
};

enum { LAYER_SELECTED, LAYER_ACTIVATED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (SpqrMapList, spqr_map_list, GTK_TYPE_WIDGET)

static int
compare_items (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const Column *column = user_data;
  const SpqrMapItem *first = a, *second = b;

  if (column->index > 0)
    {
      double x = first->figures[column->index - 1], y = second->figures[column->index - 1];

      if (isnan (x) || isnan (y))
        return isnan (x) - isnan (y);
      if (x != y)
        return x > y ? 1 : -1;
    }
  return (first->place > second->place) - (first->place < second->place);
}

static gboolean
is_known (gpointer item, gpointer user_data)
{
  return isfinite (SPQR_MAP_ITEM (item)->figures[0]);
}

/* A row is read as its layer and the figure that it is sorted by at first. */
static void
name_row (GtkListItem *cell, const Column *column, SpqrMapItem *item)
{
  g_autofree char *layer = g_strdup_printf (_("%d · %s"), spqr_tensor_get_block (item->tensor), spqr_role_name (spqr_tensor_get_role (item->tensor)));
  g_autofree char *figure = isfinite (item->figures[0]) && column->list->formats[0] != NULL
                              ? column->list->formats[0] (item->figures[0], column->list->steps[0]) : NULL;
  g_autofree char *name = g_strjoin (", ", layer, figure, NULL);

  spqr_name_column_row (gtk_list_item_get_child (cell), name);
}

static void
show_item (GtkListItem *cell)
{
  const Column *column = g_object_get_data (G_OBJECT (cell), "column");
  SpqrMapItem *item = gtk_list_item_get_item (cell);
  g_autofree char *text = NULL;

  if (column->index == 0)
    name_row (cell, column, item);
  if (column->index == 0)
    text = g_strdup_printf (_("%d · %s"), spqr_tensor_get_block (item->tensor), spqr_role_name (spqr_tensor_get_role (item->tensor)));
  else if (isfinite (item->figures[column->index - 1]) && column->list->formats[column->index - 1] != NULL)
    text = column->list->formats[column->index - 1] (item->figures[column->index - 1], column->list->steps[column->index - 1]);
  gtk_label_set_label (GTK_LABEL (gtk_list_item_get_child (cell)), text != NULL ? text : "–");
}

static void
setup_cell (GtkSignalListItemFactory *factory, GtkListItem *cell, gpointer user_data)
{
  const Column *column = user_data;
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), column->index > 0 ? 1 : 0);
  gtk_widget_add_css_class (label, "figures");
  gtk_list_item_set_child (cell, label);
  g_object_set_data (G_OBJECT (cell), "column", user_data);
}

static void
bind_cell (GtkSignalListItemFactory *factory, GtkListItem *cell, gpointer user_data)
{
  SpqrMapItem *item = gtk_list_item_get_item (cell);

  gtk_widget_set_tooltip_text (gtk_list_item_get_child (cell), spqr_tensor_get_name (item->tensor));
  g_signal_connect_object (item, "changed", G_CALLBACK (show_item), cell, G_CONNECT_SWAPPED);
  show_item (cell);
}

static void
unbind_cell (GtkSignalListItemFactory *factory, GtkListItem *cell, gpointer user_data)
{
  g_signal_handlers_disconnect_by_func (gtk_list_item_get_item (cell), show_item, cell);
}

static void
add_column (SpqrMapList *self, guint index, const char *title)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_autoptr (GtkSorter) sorter = NULL;

  self->data[index] = (Column) { self, index };
  sorter = GTK_SORTER (gtk_custom_sorter_new (compare_items, &self->data[index], NULL));
  g_signal_connect (factory, "setup", G_CALLBACK (setup_cell), &self->data[index]);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cell), &self->data[index]);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_cell), &self->data[index]);
  self->columns[index] = gtk_column_view_column_new (title, factory);
  gtk_column_view_column_set_sorter (self->columns[index], sorter);
  gtk_column_view_column_set_expand (self->columns[index], index == 0);
  gtk_column_view_column_set_visible (self->columns[index], index < 2);
  gtk_column_view_append_column (self->view, self->columns[index]);
  spqr_column_title_dress (self->view, index, index > 0, _("Sort by this; once more: the other way round"));
  g_object_unref (self->columns[index]);       /* the view's */
}

void
spqr_map_list_set_tensors (SpqrMapList *self, GPtrArray *tensors)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < tensors->len; i++)
    {
      SpqrMapItem *item = g_object_new (SPQR_TYPE_MAP_ITEM, NULL);

      item->tensor = g_object_ref (tensors->pdata[i]);
      item->place = i;
      g_ptr_array_add (items, item);
    }
  self->quiet = TRUE;
  g_list_store_splice (self->items, 0, g_list_model_get_n_items (G_LIST_MODEL (self->items)), items->pdata, items->len);
  gtk_single_selection_set_selected (self->selection, GTK_INVALID_LIST_POSITION);
  self->quiet = FALSE;
}

/* Figures that differ from what is shown. */
static gboolean
take_values (SpqrMapList *self, guint column, const double *values)
{
  gboolean any = FALSE;

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->items)); i++)
    {
      g_autoptr (SpqrMapItem) item = g_list_model_get_item (G_LIST_MODEL (self->items), i);
      double value = values != NULL ? values[i] : NAN;

      if (item->figures[column] == value || (isnan (item->figures[column]) && isnan (value)))
        continue;
      item->figures[column] = value;
      any = TRUE;
    }
  return any;
}

/* What stands in brackets goes below: two figures beside each other are wide. */
static char *
in_two_lines (const char *title)
{
  const char *bracket = strstr (title, " (");

  return bracket != NULL ? g_strdup_printf ("%.*s\n%s", (int) (bracket - title), title, bracket + 1) : g_strdup (title);
}

void
spqr_map_list_set_figure (SpqrMapList *self, guint column, const char *title, char *(*format) (double value, double step),
                           double step, const double *values)
{
  SpqrMapItem *item = gtk_single_selection_get_selected_item (self->selection);
  g_autoptr (SpqrTensor) selected = item != NULL ? g_object_ref (item->tensor) : NULL;
  gboolean other_format = self->formats[column] != format || self->steps[column] != step;
  g_autofree char *lines = in_two_lines (title);

  gtk_column_view_column_set_title (self->columns[1 + column], lines);
  gtk_column_view_column_set_visible (self->columns[1 + column], values != NULL);
  self->formats[column] = format;
  self->steps[column] = step;
  if (!take_values (self, column, values) && !other_format)
    return;
  self->quiet = TRUE;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->items)); i++)
    {
      g_autoptr (SpqrMapItem) row = g_list_model_get_item (G_LIST_MODEL (self->items), i);
      g_signal_emit (row, item_signals[CHANGED], 0);
    }
  if (column == 0)
    gtk_filter_changed (gtk_filter_list_model_get_filter (self->known), GTK_FILTER_CHANGE_DIFFERENT);
  gtk_sorter_changed (gtk_column_view_column_get_sorter (self->columns[1 + column]), GTK_SORTER_CHANGE_DIFFERENT);
  spqr_map_list_select (self, selected);
  self->quiet = FALSE;
}

void
spqr_map_list_select (SpqrMapList *self, SpqrTensor *tensor)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->selection)), position = GTK_INVALID_LIST_POSITION;
  gboolean was_quiet = self->quiet;

  for (guint i = 0; tensor != NULL && i < n; i++)
    {
      g_autoptr (SpqrMapItem) item = g_list_model_get_item (G_LIST_MODEL (self->selection), i);

      if (item->tensor == tensor)
        position = i;
    }
  self->quiet = TRUE;
  gtk_single_selection_set_selected (self->selection, position);
  self->quiet = was_quiet;
}

void
spqr_map_list_set_message (SpqrMapList *self, const char *message)
{
  spqr_empty_note_set_text (self->note, message);
}

GPtrArray *
spqr_map_list_get_tensors (SpqrMapList *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->selection));
  GPtrArray *tensors = g_ptr_array_new_full (n, g_object_unref);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (SpqrMapItem) item = g_list_model_get_item (G_LIST_MODEL (self->selection), i);
      g_ptr_array_add (tensors, g_object_ref (item->tensor));
    }
  return tensors;
}

static void
on_selected (SpqrMapList *self)
{
  SpqrMapItem *item = gtk_single_selection_get_selected_item (self->selection);

  if (item != NULL && !self->quiet)
    g_signal_emit (self, signals[LAYER_SELECTED], 0, item->tensor);
}

static void
on_activate (GtkColumnView *view, guint position, SpqrMapList *self)
{
  g_autoptr (SpqrMapItem) item = g_list_model_get_item (G_LIST_MODEL (self->selection), position);

  if (item != NULL)
    g_signal_emit (self, signals[LAYER_ACTIVATED], 0, item->tensor);
}

GtkWidget *
spqr_map_list_new (void)
{
  return g_object_new (SPQR_TYPE_MAP_LIST, NULL);
}

static void
spqr_map_list_dispose (GObject *object)
{
  SpqrMapList *self = SPQR_MAP_LIST (object);

  self->quiet = TRUE;
  g_clear_pointer (&self->note, gtk_widget_unparent);
  g_clear_object (&self->selection);
  g_clear_object (&self->items);
  G_OBJECT_CLASS (spqr_map_list_parent_class)->dispose (object);
}

static void
spqr_map_list_class_init (SpqrMapListClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_map_list_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  signals[LAYER_SELECTED] = g_signal_new ("layer-selected", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, SPQR_TYPE_TENSOR);
  signals[LAYER_ACTIVATED] = g_signal_new ("layer-activated", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                           G_TYPE_NONE, 1, SPQR_TYPE_TENSOR);
}

static void
spqr_map_list_init (SpqrMapList *self)
{
  GtkSortListModel *sorted;

  self->items = g_list_store_new (SPQR_TYPE_MAP_ITEM);
  self->view = GTK_COLUMN_VIEW (gtk_column_view_new (NULL));
  for (guint i = 0; i < G_N_ELEMENTS (self->columns); i++)
    add_column (self, i, i == 0 ? _("Layer") : "");
  self->known = gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (self->items)), GTK_FILTER (gtk_custom_filter_new (is_known, NULL, NULL)));
  sorted = gtk_sort_list_model_new (G_LIST_MODEL (self->known), g_object_ref (gtk_column_view_get_sorter (self->view)));
  self->selection = gtk_single_selection_new (G_LIST_MODEL (sorted));
  gtk_single_selection_set_autoselect (self->selection, FALSE);
  gtk_single_selection_set_can_unselect (self->selection, TRUE);
  gtk_column_view_set_model (self->view, GTK_SELECTION_MODEL (self->selection));
  gtk_column_view_sort_by_column (self->view, self->columns[1], GTK_SORT_DESCENDING);
  gtk_widget_add_css_class (GTK_WIDGET (self->view), "data-table");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->view), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Layers by figure"), -1);
  g_signal_connect_object (self->selection, "notify::selected-item", G_CALLBACK (on_selected), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->view, "activate", G_CALLBACK (on_activate), self, 0);
  self->scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (self->scroller), GTK_WIDGET (self->view));
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (self->scroller), GTK_POLICY_AUTOMATIC, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_propagate_natural_width (GTK_SCROLLED_WINDOW (self->scroller), TRUE); /* narrower only where the window is */
  self->note = spqr_empty_note_new (self->scroller, G_LIST_MODEL (self->known));
  gtk_widget_set_parent (self->note, GTK_WIDGET (self));
}
