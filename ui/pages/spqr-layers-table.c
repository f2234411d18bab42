#include "pages/spqr-layers-table.h"

#include <glib/gi18n.h>
#include <math.h>

#include "controls/spqr-access.h"
#include "controls/spqr-cell.h"
#include "controls/spqr-column-title.h"
#include "controls/spqr-empty-note.h"
#include "controls/spqr-slow-list.h"
#include "plot/spqr-format.h"

/* A row of the table: one of the array's layers, kept alive by the array. */
#define SPQR_TYPE_LAYER_ITEM (spqr_layer_item_get_type ())
G_DECLARE_FINAL_TYPE (SpqrLayerItem, spqr_layer_item, SPQR, LAYER_ITEM, GObject)

struct _SpqrLayerItem {
  GObject parent_instance;
  GPtrArray *owner;
  const SpqrRunLayer *layer;
  guint index;
};

G_DEFINE_FINAL_TYPE (SpqrLayerItem, spqr_layer_item, G_TYPE_OBJECT)

static void
spqr_layer_item_finalize (GObject *object)
{
  g_ptr_array_unref (SPQR_LAYER_ITEM (object)->owner);
  G_OBJECT_CLASS (spqr_layer_item_parent_class)->finalize (object);
}

static void
spqr_layer_item_class_init (SpqrLayerItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = spqr_layer_item_finalize;
}

static void
spqr_layer_item_init (SpqrLayerItem *self)
{
}

struct _SpqrLayersTable {
  GtkWidget parent_instance;
  GtkWidget *note;
  GtkColumnView *view;
  GListStore *items;
  GPtrArray *layers;         /* what is to be shown; NULL: none */
  gboolean outdated;         /* the items are not these, because nobody looks */
  GPtrArray *widths;         /* SpqrCellWidths, of each column */
  guint font;                /* that they were measured with */
};

enum { LAYER_ACTIVATED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (SpqrLayersTable, spqr_layers_table, GTK_TYPE_WIDGET)

typedef struct {
  const char *title;
  char *(*text) (const SpqrRunLayer *layer);
  double (*number) (const SpqrRunLayer *layer);   /* NULL: in the network's order */
  const char *help;
} Column;

static char *text_name (const SpqrRunLayer *layer) { return g_strdup (layer->name); }
static double number_bits (const SpqrRunLayer *layer) { return layer->bits; }
static double number_stored (const SpqrRunLayer *layer) { return layer->bits_stored; }
static double number_outliers (const SpqrRunLayer *layer) { return layer->outlier_share; }
static double number_error (const SpqrRunLayer *layer) { return layer->output_error; }
static double number_seconds (const SpqrRunLayer *layer) { return layer->seconds; }

static char *
known (double value, char *(*format) (double value))
{
  return isfinite (value) ? format (value) : g_strdup ("–");
}

static char *three_decimals (double value) { return spqr_format_fixed (value, 3); }
static char *text_bits (const SpqrRunLayer *layer) { return known (layer->bits, three_decimals); }
static char *text_stored (const SpqrRunLayer *layer) { return known (layer->bits_stored, three_decimals); }
static char *text_outliers (const SpqrRunLayer *layer) { return known (layer->outlier_share, spqr_format_percent); }
static char *text_error (const SpqrRunLayer *layer) { return known (layer->output_error, spqr_format_percent); }
static char *text_seconds (const SpqrRunLayer *layer) { return known (layer->seconds, spqr_format_duration); }
static char *text_device (const SpqrRunLayer *layer) { return g_strdup (layer->backend); }
static char *text_note (const SpqrRunLayer *layer) { return g_strdup (layer->note != NULL ? layer->note : ""); }

static const Column columns[] = {
  { N_("Layer"), text_name, NULL },
  { N_("Output error"), text_error, number_error, N_("By how much the layer's outputs change on the calibration text, relative to their size") },
  { N_("Outliers"), text_outliers, number_outliers, N_("Share of the weights that are kept in 16 bits") },
  { N_("Bits"), text_bits, number_bits, N_("Bits per weight by the paper's formula") },
  { N_("Stored"), text_stored, number_stored, N_("Bits per weight that the stored file really holds") },
  { N_("Time"), text_seconds, number_seconds },
  { N_("Device"), text_device, NULL, N_("Where it was computed") },
  { N_("Note"), text_note, NULL },
};

static int
compare_items (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const Column *column = user_data;
  const SpqrLayerItem *first = a, *second = b;
  double x, y;

  if (column->number == NULL)
    return (first->index > second->index) - (first->index < second->index);
  x = column->number (first->layer);
  y = column->number (second->layer);
  if (isnan (x) || isnan (y))
    return isnan (x) - isnan (y);
  return (x > y) - (x < y);
}

static void
setup_cell (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  const Column *column = user_data;

  gtk_list_item_set_child (item, spqr_cell_new (column->number != NULL, column == columns, 0));
}

static void
bind_cell (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  g_autofree char *text = ((const Column *) user_data)->text (SPQR_LAYER_ITEM (gtk_list_item_get_item (item))->layer);

  spqr_cell_set_text (gtk_list_item_get_child (item), g_object_get_data (G_OBJECT (factory), "widths"), text);
  if (((const Column *) user_data)->text == text_name)
    spqr_name_column_row (gtk_list_item_get_child (item), text);
}

static void
add_column (SpqrLayersTable *self, const Column *column)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_autoptr (GtkColumnViewColumn) added = gtk_column_view_column_new (_(column->title), factory);
  g_autoptr (GtkSorter) sorter = GTK_SORTER (gtk_custom_sorter_new (compare_items, (gpointer) column, NULL));
  SpqrCellWidths *widths;

  g_signal_connect (factory, "setup", G_CALLBACK (setup_cell), (gpointer) column);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cell), (gpointer) column);
  gtk_column_view_column_set_sorter (added, sorter);
  gtk_column_view_column_set_resizable (added, TRUE);
  gtk_column_view_column_set_expand (added, column->text == text_note);  /* rows are as wide as the table */
  gtk_column_view_append_column (self->view, added);
  widths = spqr_cell_widths_new (spqr_column_title_dress (self->view, column - columns, column->number != NULL,
                                                          column->help != NULL ? _(column->help) : NULL));
  g_object_set_data (G_OBJECT (factory), "widths", widths);
  g_ptr_array_add (self->widths, widths);
}

static void
on_activate (GtkColumnView *view, guint position, SpqrLayersTable *self)
{
  g_autoptr (SpqrLayerItem) item = g_list_model_get_item (G_LIST_MODEL (gtk_column_view_get_model (view)), position);

  if (item != NULL)
    g_signal_emit (self, signals[LAYER_ACTIVATED], 0, item->layer->name);
}

static void
list_layers (SpqrLayersTable *self)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; self->layers != NULL && i < self->layers->len; i++)
    {
      SpqrLayerItem *item = g_object_new (SPQR_TYPE_LAYER_ITEM, NULL);

      item->owner = g_ptr_array_ref (self->layers);
      item->layer = self->layers->pdata[i];
      item->index = i;
      g_ptr_array_add (items, item);
    }
  for (guint i = 0; i < self->widths->len; i++)
    spqr_cell_widths_forget (self->widths->pdata[i]);
  g_list_store_splice (self->items, 0, g_list_model_get_n_items (G_LIST_MODEL (self->items)), items->pdata, items->len);
  self->outdated = FALSE;
}

/* Rows are dear: those of runs that one only passes by, with another part of their figures in view, are not made. */
void
spqr_layers_table_set_layers (SpqrLayersTable *self, GPtrArray *layers)
{
  g_clear_pointer (&self->layers, g_ptr_array_unref);
  self->layers = layers != NULL ? g_ptr_array_ref (layers) : NULL;
  self->outdated = TRUE;
  spqr_empty_note_set_text (self->note, layers != NULL
    ? _("No layer of this run is finished yet.")
    : _("The layers of one run stand here. Select a single run; for two, Heat Maps shows them side by side."));
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    list_layers (self);
}

static void
spqr_layers_table_map (GtkWidget *widget)
{
  if (SPQR_LAYERS_TABLE (widget)->outdated)
    list_layers (SPQR_LAYERS_TABLE (widget));
  GTK_WIDGET_CLASS (spqr_layers_table_parent_class)->map (widget);
}

/* Texts are as wide as the fonts make them. */
static void
spqr_layers_table_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  SpqrLayersTable *self = SPQR_LAYERS_TABLE (widget);
  guint font;

  GTK_WIDGET_CLASS (spqr_layers_table_parent_class)->css_changed (widget, change);
  font = pango_font_description_hash (pango_context_get_font_description (gtk_widget_get_pango_context (widget)));
  if (font != self->font && self->font != 0 && !self->outdated)
    list_layers (self);
  self->font = font;
}

GtkWidget *
spqr_layers_table_new (void)
{
  return g_object_new (SPQR_TYPE_LAYERS_TABLE, NULL);
}

static void
spqr_layers_table_dispose (GObject *object)
{
  SpqrLayersTable *self = SPQR_LAYERS_TABLE (object);

  g_clear_pointer (&self->note, gtk_widget_unparent);
  g_clear_object (&self->items);
  g_clear_pointer (&self->layers, g_ptr_array_unref);
  g_clear_pointer (&self->widths, g_ptr_array_unref);
  G_OBJECT_CLASS (spqr_layers_table_parent_class)->dispose (object);
}

static void
spqr_layers_table_class_init (SpqrLayersTableClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_layers_table_dispose;
  GTK_WIDGET_CLASS (klass)->map = spqr_layers_table_map;
  GTK_WIDGET_CLASS (klass)->css_changed = spqr_layers_table_css_changed;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  signals[LAYER_ACTIVATED] = g_signal_new ("layer-activated", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                           G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
spqr_layers_table_init (SpqrLayersTable *self)
{
  GtkSortListModel *sorted;
  GtkWidget *scroller;

  self->items = g_list_store_new (SPQR_TYPE_LAYER_ITEM);
  self->widths = g_ptr_array_new_with_free_func ((GDestroyNotify) spqr_cell_widths_free);
  self->view = GTK_COLUMN_VIEW (gtk_column_view_new (NULL));
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    add_column (self, &columns[i]);
  sorted = gtk_sort_list_model_new (g_object_ref (G_LIST_MODEL (self->items)), g_object_ref (gtk_column_view_get_sorter (self->view)));
  g_autoptr (GtkSingleSelection) selection = gtk_single_selection_new (G_LIST_MODEL (spqr_slow_list_new (G_LIST_MODEL (sorted))));
  gtk_column_view_set_model (self->view, GTK_SELECTION_MODEL (selection));
  gtk_widget_add_css_class (GTK_WIDGET (self->view), "data-table");
  gtk_widget_add_css_class (GTK_WIDGET (self->view), "aligned");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->view), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Layers of the run"), -1);
  g_signal_connect_object (self->view, "activate", G_CALLBACK (on_activate), self, 0);
  scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), GTK_WIDGET (self->view));
  self->note = spqr_empty_note_new (scroller, G_LIST_MODEL (self->items));
  spqr_layers_table_set_layers (self, NULL);
  gtk_widget_set_parent (self->note, GTK_WIDGET (self));
}
