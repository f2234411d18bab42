/* Ten thousand runs in the table: rows are the right ones wherever one scrolls, however it is sorted and filtered,
 * and the window's thread does little for it. Times are told, never judged. */
#include <adwaita.h>
#include <glib/gstdio.h>
#include <math.h>
#include <time.h>

#include "controls/spqr-cell.h"
#include "controls/spqr-slow-list.h"
#include "export/spqr-run-protocol.h"
#include "many-runs.h"
#include "pages/spqr-runs-list.h"
#include "pages/spqr-runs-table.h"
#include "pages/spqr-runs-text.h"

typedef struct {
  char *dir, *path;
  SpqrSession *session;
} Fixture;

static double bits_of (gint64 i) { return 2 + (double) (i * 7919 % 10000) / 2500; }

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrStore) store = NULL;

  f->dir = g_dir_make_tmp ("spqr-runs-XXXXXX", NULL);
  f->path = g_build_filename (f->dir, "studio.db", NULL);
  store = spqr_store_open (f->path, &error);
  g_assert_no_error (error);
  g_clear_object (&store);
  many_runs_write (f->path, NULL);
  f->session = spqr_session_new (f->path);
  g_assert_nonnull (spqr_session_get_store (f->session));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;

  spqr_session_shutdown (f->session);
  g_object_unref (f->session);
  dir = g_dir_open (f->dir, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (f->dir, name, NULL);
      g_remove (path);
    }
  g_rmdir (f->dir);
  g_free (f->path);
  g_free (f->dir);
}

/* ---- waiting and measuring ---- */

static double longest, spent;

static double
thread_seconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static void
turn (void)
{
  double begun = thread_seconds (), took;

  g_main_context_iteration (NULL, FALSE);
  took = thread_seconds () - begun;
  longest = MAX (longest, took);
  spent += took;
}

static void
tell (const char *what)
{
  g_test_message ("%s: %.0f ms of the window's thread, at most %.1f ms at once", what, 1000 * spent, 1000 * longest);
  longest = spent = 0;
}

static gboolean
on_time_out (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_CONTINUE;
}

#define WAIT(condition) G_STMT_START { \
    gboolean late = FALSE; \
    guint source = g_timeout_add_seconds (120, on_time_out, &late); \
    while (!(condition) && !late) \
      turn (); \
    g_source_remove (source); \
    g_assert_true (condition); \
  } G_STMT_END

/* ---- the list ---- */

static void
note (gpointer counter)
{
  ++*(guint *) counter;
}

static void
count_changed (GListModel *model, guint position, guint removed, guint added, gpointer data)
{
  guint *total = data;
  *total += removed + added;
}

static void
check_row (SpqrRunsList *list, guint position, gint64 id)
{
  g_autoptr (SpqrRunRow) row = g_list_model_get_item (G_LIST_MODEL (list), position);

  g_assert_cmpint (row->id, ==, id);
  WAIT (row->run != NULL);
  g_assert_cmpint (row->run->id, ==, id);
  g_assert_cmpfloat_with_epsilon (row->run->bits_formula, bits_of (id), 1e-9);
  g_assert_cmpfloat_with_epsilon (row->run->ppl, 5 + id / 10000.0, 1e-9);
}

static void
test_list (Fixture *f, gconstpointer data)
{
  g_autoptr (SpqrRunsList) list = spqr_runs_list_new (f->session);
  guint listed = 0, changed = 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrRun) run = NULL;

  g_signal_connect_swapped (list, "listed", G_CALLBACK (note), &listed);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (list)), ==, 0);
  spqr_runs_list_set_query (list, NULL, SPQR_RUN_ORDER_ID, TRUE);
  WAIT (listed == 1);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (list)), ==, N_RUNS);
  g_assert_cmpint (spqr_runs_list_get_newest (list), ==, N_RUNS);
  check_row (list, 0, N_RUNS);
  check_row (list, 7000, N_RUNS - 7000);
  check_row (list, N_RUNS - 1, 1);
  g_assert_null (g_list_model_get_item (G_LIST_MODEL (list), N_RUNS));
  g_assert_cmpuint (spqr_runs_list_find (list, 4), ==, N_RUNS - 4);
  g_assert_cmpuint (spqr_runs_list_find (list, N_RUNS + 1), ==, G_MAXUINT);

  /* One run more is one row more, and the others stay what they are. */
  run = spqr_run_new ();
  run->model_name = g_strdup ("new");
  g_signal_connect (list, "items-changed", G_CALLBACK (count_changed), &changed);
  g_assert_true (spqr_store_begin_run (spqr_session_get_store (f->session), run, &error));
  spqr_runs_list_refresh (list);
  WAIT (listed == 2);
  g_assert_cmpuint (changed, ==, 1);
  g_assert_cmpuint (spqr_runs_list_find (list, N_RUNS), ==, 1);

  /* A row that is looked at follows the database. */
  {
    g_autoptr (SpqrRunRow) row = g_list_model_get_item (G_LIST_MODEL (list), 1);

    WAIT (row->run != NULL);
    g_assert_true (spqr_store_set_note (spqr_session_get_store (f->session), N_RUNS, "a note", &error));
    spqr_runs_list_refresh (list);
    WAIT (row->run->note != NULL);
    g_assert_cmpstr (row->run->note, ==, "a note");
  }

  /* Only the newest question counts. */
  spqr_runs_list_set_query (list, "model-1", SPQR_RUN_ORDER_ID, TRUE);
  spqr_runs_list_set_query (list, "tag:hundredth", SPQR_RUN_ORDER_BITS, FALSE);
  WAIT (g_list_model_get_n_items (G_LIST_MODEL (list)) == N_RUNS / 100);
  g_assert_cmpuint (spqr_runs_list_get_n_all (list), ==, N_RUNS + 1);
}

/* ---- the table in a window ---- */

static GtkWidget *
find_widget (GtkWidget *widget, GType type)
{
  GtkWidget *found = g_type_is_a (G_OBJECT_TYPE (widget), type) ? widget : NULL;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL; child = gtk_widget_get_next_sibling (child))
    found = find_widget (child, type);
  return found;
}

/* Whether a cell in view says that. */
static gboolean
shows (GtkWidget *widget, const char *text, GtkWidget *view)
{
  graphene_rect_t bounds;

  if (GTK_IS_INSCRIPTION (widget) && g_strcmp0 (gtk_inscription_get_text (GTK_INSCRIPTION (widget)), text) == 0 && gtk_widget_compute_bounds (widget, view, &bounds) &&
      bounds.origin.y > 0 && bounds.origin.y < gtk_widget_get_height (view))
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (shows (child, text, view))
      return TRUE;
  return FALSE;
}

static gint64
first_id (SpqrRunsTable *table)
{
  g_autoptr (GArray) ids = spqr_runs_table_get_shown (table);

  return ids->len > 0 ? g_array_index (ids, gint64, 0) : 0;
}

static guint
n_shown (SpqrRunsTable *table)
{
  g_autoptr (GArray) ids = spqr_runs_table_get_shown (table);

  return ids->len;
}

static void
scroll_through (GtkWidget *table, GtkColumnView *view)
{
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (find_widget (table, GTK_TYPE_SCROLLED_WINDOW)));
  double upper = gtk_adjustment_get_upper (adjustment) - gtk_adjustment_get_page_size (adjustment);

  for (int step = 0; step <= 100; step++)
    {
      gint64 until = g_get_monotonic_time () + 16000;

      gtk_adjustment_set_value (adjustment, upper * step / 100);
      while (g_get_monotonic_time () < until)
        turn ();
    }
  tell ("scrolling through 10000 runs in 101 steps");
  gtk_widget_activate_action (find_widget (GTK_WIDGET (view), GTK_TYPE_LIST_VIEW), "list.scroll-to-item", "u", N_RUNS - 1);
  WAIT (shows (GTK_WIDGET (view), "1", GTK_WIDGET (view)));
  gtk_widget_activate_action (find_widget (GTK_WIDGET (view), GTK_TYPE_LIST_VIEW), "list.scroll-to-item", "u", 0);
  WAIT (shows (GTK_WIDGET (view), "10000", GTK_WIDGET (view)));
}

static gint64
run_of_bits (gboolean least)
{
  gint64 best = 1;

  for (gint64 i = 1; i <= N_RUNS; i++)
    if (least ? bits_of (i) < bits_of (best) : bits_of (i) > bits_of (best))
      best = i;
  return best;
}

static gint64
only_selected (SpqrRunsTable *table)
{
  g_autoptr (GArray) selected = spqr_runs_table_get_selected (table);

  return selected->len == 1 ? g_array_index (selected, gint64, 0) : 0;
}

static void
test_table (Fixture *f, gconstpointer data)
{
  GtkWidget *window = gtk_window_new (), *table = spqr_runs_table_new (f->session);
  GtkColumnView *view = GTK_COLUMN_VIEW (find_widget (table, GTK_TYPE_COLUMN_VIEW));
  GtkEditable *search = GTK_EDITABLE (find_widget (table, GTK_TYPE_SEARCH_ENTRY));
  g_autoptr (GtkColumnViewColumn) bits = g_list_model_get_item (gtk_column_view_get_columns (view), 3);
  guint n_filtered = 0;

  gtk_window_set_default_size (GTK_WINDOW (window), 1200, 600);
  gtk_window_set_child (GTK_WINDOW (window), table);
  gtk_window_present (GTK_WINDOW (window));
  WAIT (n_shown (SPQR_RUNS_TABLE (table)) == N_RUNS);
  WAIT (shows (GTK_WIDGET (view), "10000", GTK_WIDGET (view)));
  WAIT (g_list_model_get_n_items (G_LIST_MODEL (gtk_column_view_get_model (view))) == N_RUNS);
  tell ("showing 10000 runs");
  scroll_through (table, view);

  spqr_runs_table_select (SPQR_RUNS_TABLE (table), 5, FALSE);
  spqr_runs_table_select (SPQR_RUNS_TABLE (table), 9000, TRUE);
  longest = spent = 0;
  gtk_column_view_sort_by_column (view, bits, GTK_SORT_DESCENDING);
  WAIT (first_id (SPQR_RUNS_TABLE (table)) == run_of_bits (FALSE));
  WAIT (shows (GTK_WIDGET (view), "6.000", GTK_WIDGET (view)));
  tell ("sorting 10000 runs");
  gtk_column_view_sort_by_column (view, bits, GTK_SORT_ASCENDING);
  WAIT (first_id (SPQR_RUNS_TABLE (table)) == run_of_bits (TRUE));
  WAIT (shows (GTK_WIDGET (view), "2.000", GTK_WIDGET (view)));
  {
    /* Selected runs are the same ones, wherever they stand now. */
    g_autoptr (GArray) selected = spqr_runs_table_get_selected (SPQR_RUNS_TABLE (table));

    g_assert_cmpuint (selected->len, ==, 2);
    g_assert_cmpint (g_array_index (selected, gint64, 0) + g_array_index (selected, gint64, 1), ==, 9005);
  }

  for (gint64 i = 1; i <= N_RUNS; i++)
    n_filtered += i % 7 == 3 && i % 2 == 1 && bits_of (i) < 3;
  longest = spent = 0;
  gtk_editable_set_text (search, "MODEL-3 method:spqr bits<3");
  WAIT (n_shown (SPQR_RUNS_TABLE (table)) == n_filtered);
  tell ("filtering 10000 runs");
  gtk_editable_set_text (search, "no such run");
  WAIT (n_shown (SPQR_RUNS_TABLE (table)) == 0);
  WAIT (g_list_model_get_n_items (G_LIST_MODEL (gtk_column_view_get_model (view))) == 0);
  tell ("filtering them all out");
  /* What is selected before its row is there is selected nevertheless, and then in its row, too. */
  gtk_editable_set_text (search, "");
  WAIT (n_shown (SPQR_RUNS_TABLE (table)) == N_RUNS);
  spqr_runs_table_select (SPQR_RUNS_TABLE (table), run_of_bits (FALSE), FALSE);
  g_assert_cmpint (only_selected (SPQR_RUNS_TABLE (table)), ==, run_of_bits (FALSE));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (gtk_column_view_get_model (view))), <, N_RUNS);
  WAIT (gtk_selection_model_is_selected (gtk_column_view_get_model (view), N_RUNS - 1));
  g_assert_cmpint (only_selected (SPQR_RUNS_TABLE (table)), ==, run_of_bits (FALSE));
  tell ("filtering none out");
  gtk_window_destroy (GTK_WINDOW (window));
  for (guint i = 0; i < 20; i++)
    turn ();
}

/* ---- what the table is made of ---- */

static void
fill_store (GListStore *store, guint n)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (items, gtk_string_object_new ("item"));
  g_list_store_splice (store, 0, g_list_model_get_n_items (G_LIST_MODEL (store)), items->pdata, n);
}

typedef struct { guint n, most; } Rows;

/* How many rows a view would throw away for a change. */
static void
note_rows (GListModel *list, guint position, guint removed, guint added, gpointer data)
{
  Rows *rows = data;
  guint before = rows->n;

  rows->n = MIN (g_list_model_get_n_items (list), 200);
  rows->most = MAX (rows->most, MAX (rows->n, before) - MIN (rows->n, before));
}

/* From its end, as the history does. */
static void
change_store (GListStore *store, SpqrSlowList *list, guint n)
{
  guint before = g_list_model_get_n_items (G_LIST_MODEL (store));
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = before; i < n; i++)
    g_ptr_array_add (items, gtk_string_object_new ("item"));
  spqr_slow_list_hold (list, TRUE);
  g_list_store_splice (store, MIN (before, n), before - MIN (before, n), items->pdata, items->len);
  spqr_slow_list_hold (list, FALSE);
}

static void
check_slow (GListStore *store, GListModel *list, Rows *rows, guint n)
{
  change_store (store, SPQR_SLOW_LIST (list), n);
  WAIT (g_list_model_get_n_items (list) == n);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (list, i), in_store = g_list_model_get_item (G_LIST_MODEL (store), i);
      g_assert_true (item == in_store);
    }
  g_assert_null (g_list_model_get_item (list, n));
  g_assert_cmpuint (rows->most, <=, 20);
}

static void
test_slow_list (void)
{
  g_autoptr (GListStore) store = g_list_store_new (GTK_TYPE_STRING_OBJECT);
  g_autoptr (SpqrSlowList) slow = spqr_slow_list_new (g_object_ref (G_LIST_MODEL (store)));
  g_autoptr (GtkStringObject) one = gtk_string_object_new ("one");
  GListModel *list = G_LIST_MODEL (slow);
  guint changed = 0, steps[] = { 1000, 2000, 5, 400, 0, 30, 90, 3, 1000, 190, 210, 250, 0 };
  Rows rows = { 0, 0 };

  g_signal_connect (list, "items-changed", G_CALLBACK (note_rows), &rows);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    check_slow (store, list, &rows, steps[i]);
  /* Also when the next change comes before the last one is over. */
  change_store (store, slow, 1000);
  change_store (store, slow, 2);
  change_store (store, slow, 300);
  turn ();
  change_store (store, slow, 7);
  check_slow (store, list, &rows, 50);
  /* Other items in the place of all: at once, as far as there are rows. */
  fill_store (store, 40);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 40);
  /* One more is one more, and the others are not touched. */
  g_signal_connect (list, "items-changed", G_CALLBACK (count_changed), &changed);
  g_list_store_insert (store, 3, one);
  g_assert_cmpuint (changed, ==, 1);
}

static int
width_of_title (GtkWidget *title)
{
  int width;

  gtk_widget_get_size_request (title, &width, NULL);
  return width;
}

static void
test_cell (void)
{
  g_autoptr (GtkWidget) title = g_object_ref_sink (gtk_label_new ("Bits")), cell = g_object_ref_sink (spqr_cell_new (TRUE, TRUE, 0));
  SpqrCellWidths *widths = spqr_cell_widths_new (title);
  int narrow, wide, least;

  spqr_cell_set_text (cell, widths, "3.630");
  g_assert_cmpstr (gtk_inscription_get_text (GTK_INSCRIPTION (cell)), ==, "3.630");
  narrow = width_of_title (title);
  g_assert_cmpint (narrow, >, 0);
  spqr_cell_set_text (cell, widths, "4.127");                  /* digits are all as wide */
  g_assert_cmpint (width_of_title (title), ==, narrow);
  spqr_cell_set_text (cell, widths, "interrupted at 12 of 28");
  wide = width_of_title (title);
  g_assert_cmpint (wide, >, 2 * narrow);
  spqr_cell_set_text (cell, widths, "–");                      /* a column does not jump */
  g_assert_cmpint (width_of_title (title), ==, wide);
  gtk_widget_measure (cell, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  g_assert_cmpint (least, <, narrow);                          /* only the title asks for it */
  spqr_cell_widths_forget (widths);
  g_assert_cmpint (width_of_title (title), ==, -1);
  spqr_cell_set_text (cell, NULL, "a text that is cut");
  g_assert_cmpint (width_of_title (title), ==, -1);
  spqr_cell_set_text (cell, widths, NULL);
  g_assert_null (gtk_inscription_get_text (GTK_INSCRIPTION (cell)));
  spqr_cell_widths_free (widths);
}

/* ---- which evaluations may stand side by side ---- */

static SpqrRunEval *
new_eval (const char *text, int seqlen, gint64 windows, double ppl)
{
  SpqrRunEval *eval = spqr_run_eval_new (1);

  eval->data = g_strdup_printf ("/texts/%s.txt", text);
  eval->data_fingerprint = g_strdup (text);
  eval->seqlen = seqlen;
  eval->windows = windows;
  eval->ppl = ppl;
  return eval;
}

static SpqrReport *
new_report (gint64 id, const char *model)
{
  SpqrReport *report = g_new0 (SpqrReport, 1);

  report->run = spqr_run_new ();
  report->run->id = id;
  report->run->model_fingerprint = g_strdup (model);
  report->evals = g_ptr_array_new_with_free_func ((GDestroyNotify) spqr_run_eval_free);
  return report;
}

static void
free_report (gpointer report)
{
  spqr_report_clear (report);
  g_free (report);
}

static void
check_why (GPtrArray *reports, const char *contains)
{
  g_autoptr (GPtrArray) shared = spqr_protocols_shared (reports);
  g_autofree char *why = spqr_protocols_explain (reports);

  g_assert_cmpuint (shared->len, ==, 0);
  g_test_message ("%s", why);
  g_assert_nonnull (strstr (why, contains));
}

static void
test_protocols (void)
{
  g_autoptr (GPtrArray) reports = g_ptr_array_new_with_free_func (free_report), shared = NULL;
  SpqrReport *a = new_report (1, "m"), *b = new_report (2, "m");
  const SpqrRunEval *const *evals;

  g_ptr_array_add (reports, a);
  g_ptr_array_add (reports, b);
  g_ptr_array_add (a->evals, new_eval ("wiki", 512, 10, 6));
  check_why (reports, "run 2 has not been measured");
  g_ptr_array_add (b->evals, new_eval ("wiki", 2048, 10, 5));
  check_why (reports, "windows of 512 and of 2048 tokens");
  g_ptr_array_add (b->evals, new_eval ("ptb", 512, 10, 9));
  check_why (reports, "other text");
  g_ptr_array_add (b->evals, new_eval ("wiki", 512, 4, 5));
  check_why (reports, "10 and 4 windows");
  /* One way that is common to both is enough, whatever was measured last. */
  g_ptr_array_add (b->evals, new_eval ("wiki", 512, 10, 6.5));
  g_ptr_array_add (b->evals, new_eval ("ptb", 512, 3, 9));
  shared = spqr_protocols_shared (reports);
  g_assert_cmpuint (shared->len, ==, 1);
  evals = shared->pdata[0];
  g_assert_cmpfloat (evals[0]->ppl, ==, 6);
  g_assert_cmpfloat (evals[1]->ppl, ==, 6.5);
  g_free (b->run->model_fingerprint);
  b->run->model_fingerprint = g_strdup ("other");
  check_why (reports, "different models");
}

static void
test_text (void)
{
  g_autoptr (GPtrArray) runs = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *none = spqr_runs_text_check (runs), *unfinished = NULL, *good = NULL, *other = NULL;
  SpqrRun *first = spqr_run_new (), *second = spqr_run_new ();

  g_assert_nonnull (none);
  first->model_fingerprint = g_strdup ("m");
  second->model_fingerprint = g_strdup ("n");
  g_ptr_array_add (runs, first);
  unfinished = spqr_runs_text_check (runs);
  g_assert_nonnull (strstr (unfinished, "not finished"));
  first->state = second->state = SPQR_RUN_FINISHED;
  good = spqr_runs_text_check (runs);
  g_assert_null (good);
  g_ptr_array_add (runs, second);
  other = spqr_runs_text_check (runs);
  g_assert_nonnull (strstr (other, "different models"));

  g_assert_cmpuint (spqr_runs_text_common ("abc", "abd"), ==, 2);
  g_assert_cmpuint (spqr_runs_text_common ("ab", "abc"), ==, 2);
  g_assert_cmpuint (spqr_runs_text_common ("abc", "ab"), ==, 2);
  g_assert_cmpuint (spqr_runs_text_common ("\303\274x", "\303\266x"), ==, 0);      /* ü and ö begin with one byte */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/runs/slow-list", test_slow_list);
  g_test_add_func ("/runs/cell", test_cell);
  g_test_add_func ("/runs/protocols", test_protocols);
  g_test_add_func ("/runs/text", test_text);
  g_test_add ("/runs/list", Fixture, NULL, set_up, test_list, tear_down);
  if (gtk_init_check ())
    {
      adw_init ();
      g_test_add ("/runs/table", Fixture, NULL, set_up, test_table, tear_down);
    }
  return g_test_run ();
}
