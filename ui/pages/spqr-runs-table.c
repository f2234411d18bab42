#include "pages/spqr-runs-table.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>

#include "controls/spqr-access.h"
#include "controls/spqr-cell.h"
#include "controls/spqr-column-title.h"
#include "controls/spqr-slow-list.h"
#include "controls/spqr-wrap.h"
#include "pages/spqr-runs-columns.h"
#include "pages/spqr-runs-list.h"
#include "plot/spqr-format.h"

struct _SpqrRunsTable {
  GtkWidget parent_instance;

  GtkWidget *box, *bar;
  GtkSearchEntry *search;
  GtkLabel *count, *why;
  GtkColumnView *view;
  GtkAdjustment *adjustment; /* the view's, vertical */
  SpqrRunsList *runs;
  SpqrSlowList *shown;       /* of them: all, but for the first moment */
  GtkMultiSelection *selection;
  GArray *kept;              /* ids that were selected before the list changed */
  GArray *later;             /* ids that are selected and whose rows are not there yet */
  gboolean filling;
  GHashTable *bound;         /* SpqrRunRow -> its Cells, NULL where a column has none */
  GPtrArray *unfilled;       /* Cells out of view that are not filled yet */
  guint fill_source;
  guint font;                /* what the cells were measured with */
  gboolean to_top;           /* the next list is in another order, or of other runs */
};

/* For cells out of view in one turn of the loop, µs. */
enum { FILL_US = 3000 };

enum { SELECTION_CHANGED, LISTED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (SpqrRunsTable, spqr_runs_table, GTK_TYPE_WIDGET)

/* ---- what it is sorted by ---- */

/* GTK 4.8 does not tell by which column its header sorts: its sorter is asked to compare two runs, and the
 * first column that is asked for its answer is the one. Nothing is ever sorted here; the database does. */
static const SpqrRunColumn *asked_first;

static int
note_column (gconstpointer a, gconstpointer b, gpointer column)
{
  if (asked_first == NULL)
    asked_first = column;
  return -1;
}

static gboolean
is_measured (SpqrRunOrder order)
{
  return order == SPQR_RUN_ORDER_BASE || order == SPQR_RUN_ORDER_PPL || order == SPQR_RUN_ORDER_RISE;
}

static void
relist (SpqrRunsTable *self)
{
  GtkSorter *sorter = gtk_column_view_get_sorter (self->view);
  g_autoptr (SpqrRun) a = spqr_run_new (), b = spqr_run_new ();
  gboolean descending;

  if (self->box == NULL)
    return;                  /* columns that go re-sort */
  self->to_top = TRUE;
  asked_first = NULL;
  descending = gtk_sorter_compare (sorter, a, b) == GTK_ORDERING_LARGER;
  /* The database keeps apart what was measured in different ways; here it is said. */
  gtk_widget_set_visible (GTK_WIDGET (self->why), asked_first != NULL && is_measured (asked_first->order));
  spqr_runs_list_set_query (self->runs, gtk_editable_get_text (GTK_EDITABLE (self->search)),
                            asked_first != NULL ? asked_first->order : SPQR_RUN_ORDER_ID, asked_first == NULL || descending);
}

/* ---- cells ---- */

typedef struct {
  SpqrRunsTable *table;
  const SpqrRunColumn *column;
  SpqrCellWidths *widths;    /* NULL: none needed */
  GtkListItem *item;         /* it owns this */
  guint place;               /* in the table's `unfilled`, + 1; 0: not there */
} Cell;

static GQuark
cell_quark (void)
{
  return g_quark_from_static_string ("spqr-cell");
}

static void
setup_cell (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  const SpqrRunColumn *column = user_data;
  Cell *cell = g_new (Cell, 1);

  *cell = (Cell) { g_object_get_data (G_OBJECT (factory), "table"), column, g_object_get_data (G_OBJECT (factory), "widths"), item, 0 };
  g_object_set_qdata_full (G_OBJECT (item), cell_quark (), cell, g_free);
  gtk_list_item_set_child (item, spqr_cell_new (column->number, column == spqr_run_columns, column->chars));
  /* The row is what one selects. Where a cell answers to the click as well (GTK 4.8), Control undoes what it did. */
  gtk_list_item_set_selectable (item, FALSE);
}

/* What a row is called by those who do not see it. */
static void
name_row (GtkWidget *label, const SpqrRunRow *row)
{
  g_autofree char *number = g_strdup_printf (_("Run %" PRId64), row->id), *state = row->run != NULL ? spqr_run_text_state (row->run) : NULL;
  g_autofree char *name = row->run != NULL ? g_strjoin (", ", number, row->run->model_name != NULL ? row->run->model_name : "–", state, NULL)
                                           : g_strdup (number);

  spqr_name_column_row (label, name);
}

/* NULL: nothing, in a row that is about to go. */
static char *
text_of (const SpqrRunColumn *column, const SpqrRunRow *row)
{
  if (row->run != NULL)
    return column->text (row->run);
  if (row->id == 0)
    return NULL;
  return column->order == SPQR_RUN_ORDER_ID ? g_strdup_printf ("%" G_GINT64_FORMAT, row->id) : g_strdup ("…");
}

static void
fill_cell (const Cell *cell)
{
  SpqrRunRow *row = gtk_list_item_get_item (cell->item);
  GtkWidget *child = gtk_list_item_get_child (cell->item);
  g_autofree char *text = text_of (cell->column, row);

  spqr_cell_set_text (child, cell->widths, text);
  if (cell->column->order == SPQR_RUN_ORDER_ID && row->id != 0)
    name_row (child, row);
}

/* ---- GTK keeps some two hundred rows: those in view are filled at once, the others when there is nothing else to do ---- */

typedef struct { guint first, last; } Positions;

static Positions
get_view (SpqrRunsTable *self)
{
  double n = g_list_model_get_n_items (G_LIST_MODEL (self->runs)), page = gtk_adjustment_get_page_size (self->adjustment);
  double row = page > 0 ? gtk_adjustment_get_upper (self->adjustment) / MAX (n, 1) : 0;
  double top = row > 0 ? gtk_adjustment_get_value (self->adjustment) / row : 0;

  /* All rows are as high; before there is a height to know, as many as ever fit. */
  return (Positions) { (guint) MAX (floor (top) - 1, 0), (guint) (row > 0 ? ceil (top + page / row) + 1 : 64) };
}

static gboolean
is_in_view (const Cell *cell, Positions view)
{
  guint position = gtk_list_item_get_position (cell->item);

  return position >= view.first && position <= view.last;
}

static void
stop_waiting (Cell *cell)
{
  GPtrArray *unfilled = cell->table->unfilled;
  Cell *last = unfilled->pdata[unfilled->len - 1];

  unfilled->pdata[cell->place - 1] = last;
  last->place = cell->place;
  cell->place = 0;
  g_ptr_array_set_size (unfilled, (int) unfilled->len - 1);
}

static gboolean
fill_rest (gpointer data)
{
  SpqrRunsTable *self = data;
  gint64 end = g_get_monotonic_time () + FILL_US;

  for (guint n = 0; self->unfilled->len > 0 && (n % 8 != 0 || g_get_monotonic_time () < end); n++)
    {
      Cell *cell = self->unfilled->pdata[self->unfilled->len - 1];

      stop_waiting (cell);
      fill_cell (cell);
    }
  if (self->unfilled->len > 0)
    return G_SOURCE_CONTINUE;
  self->fill_source = 0;
  return G_SOURCE_REMOVE;
}

static void
fill_later (Cell *cell)
{
  SpqrRunsTable *self = cell->table;

  if (cell->place > 0)
    return;
  g_ptr_array_add (self->unfilled, cell);
  cell->place = self->unfilled->len;
  if (self->fill_source == 0)
    self->fill_source = g_idle_add_full (G_PRIORITY_LOW, fill_rest, self, NULL);
}

static void
show_cell (Cell *cell)
{
  if (cell->place == 0 && is_in_view (cell, get_view (cell->table)))
    fill_cell (cell);
  else
    fill_later (cell);
}

/* What comes into view before its turn has come. */
static void
on_scrolled (SpqrRunsTable *self)
{
  Positions view = get_view (self);

  for (guint i = self->unfilled->len; i-- > 0;)
    {
      Cell *cell = self->unfilled->pdata[i];

      if (!is_in_view (cell, view))
        continue;
      stop_waiting (cell);
      fill_cell (cell);
    }
}

static void
on_row_changed (SpqrRunsTable *self, SpqrRunRow *row)
{
  Cell **cells = g_hash_table_lookup (self->bound, row);

  for (guint i = 0; cells != NULL && i < SPQR_N_RUN_COLUMNS; i++)
    if (cells[i] != NULL)
      show_cell (cells[i]);
}

static void
bind_cell (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  Cell *cell = g_object_get_qdata (G_OBJECT (item), cell_quark ());
  SpqrRunRow *row = gtk_list_item_get_item (item);
  Cell **cells = g_hash_table_lookup (cell->table->bound, row);

  if (cells == NULL)
    {
      cells = g_new0 (Cell *, SPQR_N_RUN_COLUMNS);
      g_hash_table_insert (cell->table->bound, row, cells);
    }
  cells[cell->column - spqr_run_columns] = cell;
  show_cell (cell);
}

static void
unbind_cell (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  Cell *cell = g_object_get_qdata (G_OBJECT (item), cell_quark ());
  SpqrRunRow *row = gtk_list_item_get_item (item);
  Cell **cells = g_hash_table_lookup (cell->table->bound, row);
  gboolean any = FALSE;

  if (cell->place > 0)
    stop_waiting (cell);
  if (cells == NULL || cells[cell->column - spqr_run_columns] != cell)
    return;
  cells[cell->column - spqr_run_columns] = NULL;
  for (guint i = 0; i < SPQR_N_RUN_COLUMNS; i++)
    any = any || cells[i] != NULL;
  if (!any)
    g_hash_table_remove (cell->table->bound, row);
}

/* Texts are as wide as the fonts make them. */
static void
spqr_runs_table_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  SpqrRunsTable *self = SPQR_RUNS_TABLE (widget);
  GHashTableIter iter;
  gpointer cells;
  guint font;

  GTK_WIDGET_CLASS (spqr_runs_table_parent_class)->css_changed (widget, change);
  font = pango_font_description_hash (pango_context_get_font_description (gtk_widget_get_pango_context (widget)));
  if (font == self->font)
    return;
  self->font = font;
  g_hash_table_iter_init (&iter, self->bound);
  while (g_hash_table_iter_next (&iter, NULL, &cells))
    for (guint i = 0; i < SPQR_N_RUN_COLUMNS; i++)
      if (((Cell **) cells)[i] != NULL)
        {
          if (((Cell **) cells)[i]->widths != NULL)
            spqr_cell_widths_forget (((Cell **) cells)[i]->widths);
          fill_later (((Cell **) cells)[i]);
        }
}

static GtkColumnViewColumn *
add_column (SpqrRunsTable *self, const SpqrRunColumn *column)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  GtkColumnViewColumn *added = gtk_column_view_column_new (_(column->title), factory);
  g_autoptr (GtkSorter) sorter = GTK_SORTER (gtk_custom_sorter_new (note_column, (gpointer) column, NULL));
  GtkWidget *title;

  g_object_set_data (G_OBJECT (factory), "table", self);
  g_signal_connect (factory, "setup", G_CALLBACK (setup_cell), (gpointer) column);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cell), (gpointer) column);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_cell), (gpointer) column);
  gtk_column_view_column_set_sorter (added, sorter);
  gtk_column_view_column_set_resizable (added, TRUE);
  gtk_column_view_column_set_expand (added, column->chars > 0);
  gtk_column_view_append_column (self->view, added);
  title = spqr_column_title_dress (self->view, column - spqr_run_columns, column->number, column->help != NULL ? _(column->help) : NULL);
  if (column->chars == 0 && title != NULL)
    g_object_set_data_full (G_OBJECT (factory), "widths", spqr_cell_widths_new (title), (GDestroyNotify) spqr_cell_widths_free);
  g_object_unref (added);
  return added;
}

/* ---- filter and selection ---- */

static void
on_selection (SpqrRunsTable *self)
{
  if (self->filling)
    return;
  g_array_set_size (self->later, 0);
  g_signal_emit (self, signals[SELECTION_CHANGED], 0);
}

GArray *
spqr_runs_table_get_selected (SpqrRunsTable *self)
{
  GArray *selected = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) ids = spqr_runs_list_get_ids (self->runs);
  g_autoptr (GtkBitset) bits = gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->selection));
  GtkBitsetIter iter;
  guint position;

  for (gboolean more = gtk_bitset_iter_init_first (&iter, bits, &position); more && position < ids->len;
       more = gtk_bitset_iter_next (&iter, &position))
    g_array_append_val (selected, g_array_index (ids, gint64, position));
  g_array_append_vals (selected, self->later->data, self->later->len);
  return selected;
}

GArray *
spqr_runs_table_get_shown (SpqrRunsTable *self)
{
  return spqr_runs_list_get_ids (self->runs);
}

guint
spqr_runs_table_get_n_all (SpqrRunsTable *self)
{
  return spqr_runs_list_get_n_all (self->runs);
}

gint64
spqr_runs_table_get_newest (SpqrRunsTable *self)
{
  return spqr_runs_list_get_newest (self->runs);
}

static void
select_later (SpqrRunsTable *self, gint64 run_id, gboolean extend)
{
  if (!extend)
    {
      self->filling = TRUE;
      gtk_selection_model_unselect_all (GTK_SELECTION_MODEL (self->selection));
      self->filling = FALSE;
      g_array_set_size (self->later, 0);
    }
  for (guint i = 0; i < self->later->len; i++)
    if (g_array_index (self->later, gint64, i) == run_id)
      return;
  g_array_append_val (self->later, run_id);
  g_signal_emit (self, signals[SELECTION_CHANGED], 0);
}

/* There are more rows. */
static void
on_shown (SpqrRunsTable *self)
{
  gboolean filling = self->filling;

  self->filling = TRUE;
  for (guint i = self->later->len; i-- > 0;)
    {
      guint position = spqr_runs_list_find (self->runs, g_array_index (self->later, gint64, i));

      if (position != G_MAXUINT && position >= g_list_model_get_n_items (G_LIST_MODEL (self->shown)))
        continue;
      g_array_remove_index (self->later, i);
      if (position != G_MAXUINT)
        gtk_selection_model_select_item (GTK_SELECTION_MODEL (self->selection), position, FALSE);
    }
  self->filling = filling;
}

void
spqr_runs_table_select (SpqrRunsTable *self, gint64 run_id, gboolean extend)
{
  guint position = spqr_runs_list_find (self->runs, run_id);

  if (position == G_MAXUINT)
    return;
  if (position < g_list_model_get_n_items (G_LIST_MODEL (self->shown)))
    gtk_selection_model_select_item (GTK_SELECTION_MODEL (self->selection), position, !extend);
  else
    select_later (self, run_id, extend);
}

/* ---- reading again ---- */

/* The list in the view would follow the row that was at its top to wherever it stands now. */
static void
scroll_to_top (SpqrRunsTable *self)
{
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (self->view)); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_LIST_VIEW (child) && g_list_model_get_n_items (G_LIST_MODEL (self->runs)) > 0)
      gtk_widget_activate_action (child, "list.scroll-to-item", "u", 0);
}

static void
on_listing (SpqrRunsTable *self)
{
  g_clear_pointer (&self->kept, g_array_unref);
  self->kept = spqr_runs_table_get_selected (self);
  g_array_set_size (self->later, 0);
  self->filling = TRUE;
  /* Rows that are there already are moved, which is cheap; other ones would be made. */
  if (self->to_top)
    scroll_to_top (self);
  self->to_top = FALSE;
  spqr_slow_list_hold (self->shown, TRUE);
}

static void
show_count (SpqrRunsTable *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->runs)), n_all = spqr_runs_list_get_n_all (self->runs);
  g_autofree char *shown = spqr_format_integer (n), *all = spqr_format_integer (n_all);
  g_autofree char *text = n == n_all ? g_strdup_printf (ngettext ("%s run", "%s runs", n), shown)
                                     : g_strdup_printf (ngettext ("%s of %s run", "%s of %s runs", n_all), shown, all);

  gtk_label_set_label (self->count, text);
}

/* Selected runs stay selected wherever they stand now. */
static void
on_listed (SpqrRunsTable *self)
{
  g_autoptr (GtkBitset) selected = gtk_bitset_new_empty (), all = gtk_bitset_new_range (0, g_list_model_get_n_items (G_LIST_MODEL (self->runs)));

  for (guint i = 0; self->kept != NULL && i < self->kept->len; i++)
    {
      guint position = spqr_runs_list_find (self->runs, g_array_index (self->kept, gint64, i));
      if (position < g_list_model_get_n_items (G_LIST_MODEL (self->shown)))
        gtk_bitset_add (selected, position);
      else if (position != G_MAXUINT)
        g_array_append_val (self->later, g_array_index (self->kept, gint64, i));
    }
  spqr_slow_list_hold (self->shown, FALSE);
  gtk_selection_model_set_selection (GTK_SELECTION_MODEL (self->selection), selected, all);
  g_clear_pointer (&self->kept, g_array_unref);
  self->filling = FALSE;
  show_count (self);
  g_signal_emit (self, signals[LISTED], 0);
  g_signal_emit (self, signals[SELECTION_CHANGED], 0);
}

void
spqr_runs_table_refresh (SpqrRunsTable *self)
{
  spqr_runs_list_refresh (self->runs);
}

void
spqr_runs_table_add_actions (SpqrRunsTable *self, GtkWidget *actions)
{
  spqr_wrap_append (SPQR_WRAP (self->bar), actions);
}

/* After the columns: they are what it is sorted by. */
static void
make_list (SpqrRunsTable *self, SpqrSession *session)
{
  self->runs = spqr_runs_list_new (session);
  self->shown = spqr_slow_list_new (g_object_ref (G_LIST_MODEL (self->runs)));
  self->selection = gtk_multi_selection_new (g_object_ref (G_LIST_MODEL (self->shown)));
  gtk_column_view_set_model (self->view, GTK_SELECTION_MODEL (self->selection));
  /* The list's own come before: it binds first. */
  g_signal_connect_object (self->adjustment, "value-changed", G_CALLBACK (on_scrolled), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->adjustment, "changed", G_CALLBACK (on_scrolled), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->shown, "items-changed", G_CALLBACK (on_shown), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->selection, "selection-changed", G_CALLBACK (on_selection), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->runs, "row-changed", G_CALLBACK (on_row_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->runs, "listing", G_CALLBACK (on_listing), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->runs, "listed", G_CALLBACK (on_listed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (gtk_column_view_get_sorter (self->view), "changed", G_CALLBACK (relist), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->search, "search-changed", G_CALLBACK (relist), self, G_CONNECT_SWAPPED);
  relist (self);
}

GtkWidget *
spqr_runs_table_new (SpqrSession *session)
{
  SpqrRunsTable *self = g_object_new (SPQR_TYPE_RUNS_TABLE, NULL);

  make_list (self, session);
  return GTK_WIDGET (self);
}

static void
spqr_runs_table_dispose (GObject *object)
{
  SpqrRunsTable *self = SPQR_RUNS_TABLE (object);

  self->filling = TRUE;
  g_clear_handle_id (&self->fill_source, g_source_remove);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_handle_id (&self->fill_source, g_source_remove);      /* what went may have been shown once more */
  g_clear_pointer (&self->unfilled, g_ptr_array_unref);
  g_clear_pointer (&self->bound, g_hash_table_unref);
  g_clear_object (&self->adjustment);
  g_clear_object (&self->selection);
  g_clear_object (&self->shown);
  g_clear_object (&self->runs);
  g_clear_pointer (&self->kept, g_array_unref);
  g_clear_pointer (&self->later, g_array_unref);
  G_OBJECT_CLASS (spqr_runs_table_parent_class)->dispose (object);
}

static void
spqr_runs_table_class_init (SpqrRunsTableClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_runs_table_dispose;
  GTK_WIDGET_CLASS (klass)->css_changed = spqr_runs_table_css_changed;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  signals[SELECTION_CHANGED] =
    g_signal_new ("selection-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[LISTED] = g_signal_new ("listed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
add_search (SpqrRunsTable *self)
{
  GtkWidget *found = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);    /* what is looked for, and how many are */

  self->search = GTK_SEARCH_ENTRY (gtk_search_entry_new ());
  g_object_set (self->search, "placeholder-text", _("Filter: words, tag:…, state:…, bits<4, ppl<6"), NULL);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->search),
    _("Words are looked for in model, method, state, note, tags and calibration text; all of them must be there.\n"
      "tag:good  model:llama  method:gptq  state:failed  note:final  text:c4 look in one of these.\n"
      "run, bits, stored, outliers, before, ppl, rise, kl, seconds, wbits, groupsize, threshold with < <= > >= = "
      "and a number compare figures: bits<4 rise<=1%"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->search), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Filter runs"), -1);
  self->bar = spqr_wrap_new (6);
  gtk_widget_set_margin_start (self->bar, 12);
  gtk_widget_set_margin_end (self->bar, 12);
  gtk_widget_set_margin_top (self->bar, 6);
  gtk_widget_set_margin_bottom (self->bar, 6);
  gtk_widget_set_hexpand (GTK_WIDGET (self->search), TRUE);
  self->count = GTK_LABEL (gtk_label_new (NULL));
  gtk_widget_add_css_class (GTK_WIDGET (self->count), "dim-label");
  gtk_widget_add_css_class (GTK_WIDGET (self->count), "figures");
  gtk_box_append (GTK_BOX (found), GTK_WIDGET (self->search));
  gtk_box_append (GTK_BOX (found), GTK_WIDGET (self->count));
  spqr_wrap_append (SPQR_WRAP (self->bar), found);
  gtk_box_append (GTK_BOX (self->box), self->bar);
  self->why = GTK_LABEL (gtk_label_new (_("Lines on different text or windows stand beside each other, but cannot be compared with each other.")));
  gtk_label_set_xalign (self->why, 0);
  gtk_label_set_ellipsize (self->why, PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (GTK_WIDGET (self->why), "dim-label");
  gtk_widget_set_margin_start (GTK_WIDGET (self->why), 12);
  gtk_widget_set_margin_bottom (GTK_WIDGET (self->why), 6);
  gtk_widget_set_visible (GTK_WIDGET (self->why), FALSE);
  gtk_box_append (GTK_BOX (self->box), GTK_WIDGET (self->why));
}

static void
spqr_runs_table_init (SpqrRunsTable *self)
{
  GtkWidget *scroller = gtk_scrolled_window_new ();
  GtkColumnViewColumn *newest = NULL;

  self->unfilled = g_ptr_array_new ();
  self->later = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->bound = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  add_search (self);
  self->view = GTK_COLUMN_VIEW (gtk_column_view_new (NULL));
  for (guint i = 0; i < SPQR_N_RUN_COLUMNS; i++)
    {
      GtkColumnViewColumn *added = add_column (self, &spqr_run_columns[i]);
      newest = spqr_run_columns[i].order == SPQR_RUN_ORDER_ID ? added : newest;
    }
  gtk_column_view_sort_by_column (self->view, newest, GTK_SORT_DESCENDING);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->view), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Runs"), -1);
  gtk_widget_add_css_class (GTK_WIDGET (self->view), "data-table");
  gtk_widget_add_css_class (GTK_WIDGET (self->view), "aligned");
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), GTK_WIDGET (self->view));
  self->adjustment = g_object_ref (gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (scroller)));
  gtk_widget_set_vexpand (scroller, TRUE);
  gtk_box_append (GTK_BOX (self->box), scroller);
}
