#include "pages/spqr-runs-table.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "controls/spqr-column-title.h"
#include "plot/spqr-format.h"

struct _SpqrRunsTable {
  GtkWidget parent_instance;

  GtkWidget *box, *bar;
  GtkSearchEntry *search;
  GtkColumnView *view;
  GListStore *runs;
  GtkFilterListModel *filtered;
  GtkMultiSelection *selection;
  gboolean filling;
};

enum { SELECTION_CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (SpqrRunsTable, spqr_runs_table, GTK_TYPE_WIDGET)

/* ---- columns: how a run's figure reads, and what it is sorted by ---- */

typedef struct {
  const char *title;
  char *(*text) (SpqrRun *run);
  double (*number) (SpqrRun *run);     /* NULL: sorted as text */
  gboolean expand;
  const char *help;
} Column;

static char *
fixed (double value, int decimals)
{
  return isfinite (value) ? spqr_format_fixed (value, decimals) : g_strdup ("–");
}

static char *text_id (SpqrRun *run) { return g_strdup_printf ("%" G_GINT64_FORMAT, run->id); }
static double number_id (SpqrRun *run) { return run->id; }
static char *text_model (SpqrRun *run) { return g_strdup (run->model_name); }
static char *text_method (SpqrRun *run) { return g_ascii_strup (run->method != NULL ? run->method : "", -1); }
static char *text_bits (SpqrRun *run) { return fixed (run->bits_formula, 3); }
static double number_bits (SpqrRun *run) { return run->bits_formula; }
static char *text_stored (SpqrRun *run) { return fixed (run->bits_stored, 3); }
static double number_stored (SpqrRun *run) { return run->bits_stored; }
static double number_outliers (SpqrRun *run) { return run->outlier_share; }
static char *text_base (SpqrRun *run) { return fixed (run->ppl_base, 4); }
static double number_base (SpqrRun *run) { return run->ppl_base; }
static char *text_ppl (SpqrRun *run) { return fixed (run->ppl, 4); }
static double number_ppl (SpqrRun *run) { return run->ppl; }
static double number_rise (SpqrRun *run) { return run->ppl / run->ppl_base - 1; }
static double number_begun (SpqrRun *run) { return run->created; }
static double number_seconds (SpqrRun *run) { return run->seconds; }

static char *
text_outliers (SpqrRun *run)
{
  return isfinite (run->outlier_share) ? spqr_format_percent (run->outlier_share) : g_strdup ("–");
}

static char *
text_rise (SpqrRun *run)
{
  double rise = number_rise (run);
  g_autofree char *percent = NULL;

  if (!isfinite (rise))
    return g_strdup ("–");
  percent = spqr_format_percent (rise);
  return rise > 0 ? g_strconcat ("+", percent, NULL) : g_steal_pointer (&percent);
}

static char *
text_seconds (SpqrRun *run)
{
  return isfinite (run->seconds) ? spqr_format_duration (run->seconds) : g_strdup ("–");
}

static char *
text_begun (SpqrRun *run)
{
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_local (run->created);

  return when != NULL ? g_date_time_format (when, "%Y-%m-%d %H:%M") : g_strdup ("–");
}

static char *
text_state (SpqrRun *run)
{
  switch (run->state)
    {
    case SPQR_RUN_RUNNING: return g_strdup_printf (_("running, %u of %u"), run->n_layers_done, run->n_layers);
    case SPQR_RUN_FINISHED: return g_strdup (_("finished"));
    case SPQR_RUN_CANCELLED: return g_strdup_printf (_("cancelled at %u of %u"), run->n_layers_done, run->n_layers);
    case SPQR_RUN_FAILED: return g_strdup (_("failed"));
    case SPQR_RUN_INTERRUPTED:
    default: return g_strdup_printf (_("interrupted at %u of %u"), run->n_layers_done, run->n_layers);
    }
}

/* "tag, tag · note" */
static char *
text_note (SpqrRun *run)
{
  g_autofree char *tags = run->tags != NULL ? g_strjoinv (", ", run->tags) : NULL;

  if (tags == NULL || run->note == NULL)
    return g_strdup (tags != NULL ? tags : run->note != NULL ? run->note : "");
  return g_strdup_printf ("%s · %s", tags, run->note);
}

static const Column columns[] = {
  { N_("Run"), text_id, number_id, FALSE },
  { N_("Model"), text_model, NULL, TRUE },
  { N_("Method"), text_method, NULL, FALSE },
  { N_("Bits"), text_bits, number_bits, FALSE,
    N_("Bits per weight by the paper's formula: weights, statistics, and 32 bits for each outlier") },
  { N_("Stored"), text_stored, number_stored, FALSE,
    N_("Bits per weight that the stored files really hold, headers, column orders and outlier offsets included") },
  { N_("Outliers"), text_outliers, number_outliers, FALSE,
    N_("Share of the weights that are kept in 16 bits") },
  { N_("Before"), text_base, number_base, FALSE,
    N_("Perplexity of the unquantized model on the same text") },
  { N_("Perplexity"), text_ppl, number_ppl, FALSE,
    N_("Perplexity of the quantized model, decoded from the stored files: lower is better") },
  { N_("Rise"), text_rise, number_rise, FALSE,
    N_("By how much the perplexity rose through quantization") },
  { N_("Time"), text_seconds, number_seconds, FALSE,
    N_("Time that the quantization took, without the measuring") },
  { N_("Begun"), text_begun, number_begun, FALSE },
  { N_("State"), text_state, NULL, FALSE },
  { N_("Note"), text_note, NULL, TRUE },
};

static int
compare_numbers (double a, double b)
{
  /* Unknown figures stand last, whichever way one sorts upwards. */
  if (isnan (a) || isnan (b))
    return isnan (a) - isnan (b);
  return (a > b) - (a < b);
}

static int
compare_runs (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const Column *column = user_data;

  if (column->number != NULL)
    return compare_numbers (column->number ((SpqrRun *) a), column->number ((SpqrRun *) b));
  g_autofree char *first = column->text ((SpqrRun *) a);
  g_autofree char *second = column->text ((SpqrRun *) b);
  return g_utf8_collate (first, second);
}

static void
setup_cell (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  const Column *column = user_data;
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), column->number != NULL ? 1 : 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), column->expand ? PANGO_ELLIPSIZE_END : PANGO_ELLIPSIZE_NONE);
  gtk_widget_add_css_class (label, "figures");
  gtk_list_item_set_child (item, label);
  /* The row is what one selects. Where a cell answers to the click as well (GTK 4.8), Control undoes what it did. */
  gtk_list_item_set_selectable (item, FALSE);
}

static void
bind_cell (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  const Column *column = user_data;
  g_autofree char *text = column->text (gtk_list_item_get_item (item));

  gtk_label_set_label (GTK_LABEL (gtk_list_item_get_child (item)), text);
}

static GtkColumnViewColumn *
add_column (SpqrRunsTable *self, const Column *column)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  GtkColumnViewColumn *added = gtk_column_view_column_new (_(column->title), factory);
  g_autoptr (GtkSorter) sorter = GTK_SORTER (gtk_custom_sorter_new (compare_runs, (gpointer) column, NULL));

  g_signal_connect (factory, "setup", G_CALLBACK (setup_cell), (gpointer) column);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cell), (gpointer) column);
  gtk_column_view_column_set_sorter (added, sorter);
  gtk_column_view_column_set_resizable (added, TRUE);
  gtk_column_view_column_set_expand (added, column->expand);
  gtk_column_view_append_column (self->view, added);
  spqr_column_title_dress (self->view, column - columns, column->number != NULL, column->help != NULL ? _(column->help) : NULL);
  g_object_unref (added);
  return added;
}

/* ---- filter and selection ---- */

static gboolean
contains (const char *text, const char *needle)
{
  g_autofree char *folded = text != NULL ? g_utf8_casefold (text, -1) : NULL;

  return folded != NULL && strstr (folded, needle) != NULL;
}

static gboolean
matches (gpointer item, gpointer user_data)
{
  SpqrRunsTable *self = user_data;
  SpqrRun *run = item;
  g_autofree char *needle = g_utf8_casefold (gtk_editable_get_text (GTK_EDITABLE (self->search)), -1);
  g_autofree char *state = NULL;
  g_autofree char *note = NULL;

  if (*needle == '\0')
    return TRUE;
  state = text_state (run);
  note = text_note (run);
  return contains (run->model_name, needle) || contains (run->method, needle) || contains (note, needle) ||
         contains (run->calibration, needle) || contains (state, needle);
}

static void
refilter (SpqrRunsTable *self)
{
  gtk_filter_changed (gtk_filter_list_model_get_filter (self->filtered), GTK_FILTER_CHANGE_DIFFERENT);
}

static void
on_selection (SpqrRunsTable *self)
{
  if (!self->filling)
    g_signal_emit (self, signals[SELECTION_CHANGED], 0);
}

GPtrArray *
spqr_runs_table_get_selected (SpqrRunsTable *self)
{
  GPtrArray *selected = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GtkBitset) bits = gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->selection));
  GtkBitsetIter iter;
  guint position;

  for (gboolean more = gtk_bitset_iter_init_first (&iter, bits, &position); more; more = gtk_bitset_iter_next (&iter, &position))
    g_ptr_array_add (selected, g_list_model_get_item (G_LIST_MODEL (self->selection), position));
  return selected;
}

GPtrArray *
spqr_runs_table_get_shown (SpqrRunsTable *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->selection));
  GPtrArray *shown = g_ptr_array_new_full (n, g_object_unref);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (shown, g_list_model_get_item (G_LIST_MODEL (self->selection), i));
  return shown;
}

void
spqr_runs_table_select (SpqrRunsTable *self, gint64 run_id, gboolean extend)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->selection));

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (SpqrRun) run = g_list_model_get_item (G_LIST_MODEL (self->selection), i);

      if (run->id == run_id)
        gtk_selection_model_select_item (GTK_SELECTION_MODEL (self->selection), i, !extend);
    }
}

void
spqr_runs_table_set_runs (SpqrRunsTable *self, GPtrArray *runs)
{
  g_autoptr (GPtrArray) selected = spqr_runs_table_get_selected (self);

  self->filling = TRUE;
  g_list_store_splice (self->runs, 0, g_list_model_get_n_items (G_LIST_MODEL (self->runs)), runs->pdata, runs->len);
  for (guint i = 0; i < selected->len; i++)
    spqr_runs_table_select (self, ((SpqrRun *) selected->pdata[i])->id, i > 0);
  self->filling = FALSE;
  g_signal_emit (self, signals[SELECTION_CHANGED], 0);
}

void
spqr_runs_table_add_actions (SpqrRunsTable *self, GtkWidget *actions)
{
  gtk_box_append (GTK_BOX (self->bar), actions);
}

GtkWidget *
spqr_runs_table_new (void)
{
  return g_object_new (SPQR_TYPE_RUNS_TABLE, NULL);
}

static void
spqr_runs_table_dispose (GObject *object)
{
  SpqrRunsTable *self = SPQR_RUNS_TABLE (object);

  self->filling = TRUE;
  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_object (&self->selection);
  g_clear_object (&self->runs);
  G_OBJECT_CLASS (spqr_runs_table_parent_class)->dispose (object);
}

static void
spqr_runs_table_class_init (SpqrRunsTableClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_runs_table_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  signals[SELECTION_CHANGED] =
    g_signal_new ("selection-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
add_search (SpqrRunsTable *self)
{
  self->search = GTK_SEARCH_ENTRY (gtk_search_entry_new ());
  g_object_set (self->search, "placeholder-text", _("Filter runs by model, method, note, tag or state"), NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->search), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Filter runs"), -1);
  self->bar = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  gtk_widget_set_margin_start (self->bar, 6);
  gtk_widget_set_margin_end (self->bar, 6);
  gtk_widget_set_margin_top (self->bar, 6);
  gtk_widget_set_margin_bottom (self->bar, 6);
  gtk_widget_set_hexpand (GTK_WIDGET (self->search), TRUE);
  g_signal_connect_object (self->search, "search-changed", G_CALLBACK (refilter), self, G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (self->bar), GTK_WIDGET (self->search));
  gtk_box_append (GTK_BOX (self->box), self->bar);
}

static void
spqr_runs_table_init (SpqrRunsTable *self)
{
  GtkWidget *scroller = gtk_scrolled_window_new ();
  GtkSortListModel *sorted;
  GtkColumnViewColumn *newest = NULL;

  self->box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  add_search (self);
  self->runs = g_list_store_new (SPQR_TYPE_RUN);
  self->view = GTK_COLUMN_VIEW (gtk_column_view_new (NULL));
  self->filtered = gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (self->runs)),
                                              GTK_FILTER (gtk_custom_filter_new (matches, self, NULL)));
  sorted = gtk_sort_list_model_new (G_LIST_MODEL (self->filtered), g_object_ref (gtk_column_view_get_sorter (self->view)));
  self->selection = gtk_multi_selection_new (G_LIST_MODEL (sorted));
  gtk_column_view_set_model (self->view, GTK_SELECTION_MODEL (self->selection));
  g_signal_connect_object (self->selection, "selection-changed", G_CALLBACK (on_selection), self, G_CONNECT_SWAPPED);
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    {
      GtkColumnViewColumn *added = add_column (self, &columns[i]);
      newest = columns[i].number == number_id ? added : newest;
    }
  gtk_column_view_sort_by_column (self->view, newest, GTK_SORT_DESCENDING);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->view), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Runs"), -1);
  gtk_widget_add_css_class (GTK_WIDGET (self->view), "data-table");
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), GTK_WIDGET (self->view));
  gtk_widget_set_vexpand (scroller, TRUE);
  gtk_box_append (GTK_BOX (self->box), scroller);
}
