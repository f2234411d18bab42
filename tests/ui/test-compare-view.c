/* The comparison in a window: maps of two stored runs on one scale, linked; messages where nothing can
 * be shown; a main loop that is never kept waiting. */
#include <adwaita.h>
#include <glib/gstdio.h>

#include "chart/spqr-heatmap-view.h"
#include "chart/spqr-histogram-view.h"
#include "compare-fixture.h"
#include "pages/spqr-compare-view.h"
#include "pages/spqr-run-note.h"

typedef struct {
  CompareFixture files;
  char *database;
  SpqrSession *session;
  GPtrArray *runs;           /* 4 bits, 2 bits */
  GtkWidget *window, *view;
  SpqrHeatmapView *maps[3];
} Fixture;

static void
collect (GtkWidget *widget, GType type, GPtrArray *found)
{
  if (G_TYPE_CHECK_INSTANCE_TYPE (widget, type))
    g_ptr_array_add (found, widget);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    collect (child, type, found);
}

static GtkWidget *
nth (GtkWidget *root, GType type, guint n)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();

  collect (root, type, found);
  g_assert_cmpuint (n, <, found->len);
  return found->pdata[n];
}

typedef gboolean (*Condition) (Fixture *f);

static void
wait_until (Fixture *f, Condition condition)
{
  gint64 limit = g_get_monotonic_time () + 120 * G_USEC_PER_SEC;

  while (!condition (f))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, limit);
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (1000);
    }
}

static const char *
shown (Fixture *f)
{
  return gtk_stack_get_visible_child_name (GTK_STACK (gtk_widget_get_last_child (gtk_widget_get_first_child (f->view))));
}

static gboolean shows_maps (Fixture *f) { return g_strcmp0 (shown (f), "maps") == 0; }
static gboolean shows_counts (Fixture *f) { return g_strcmp0 (shown (f), "counts") == 0; }
static gboolean is_settled (Fixture *f) { return !gtk_spinner_get_spinning (GTK_SPINNER (nth (f->view, GTK_TYPE_SPINNER, 0))); }
static gboolean is_laid_out (Fixture *f) { return shows_maps (f) && gtk_widget_get_width (GTK_WIDGET (f->maps[2])) > 0; }
static gboolean is_message (Fixture *f) { return g_strcmp0 (shown (f), "message") == 0 && is_settled (f); }

static void
store_run (Fixture *f, guint i)
{
  SpqrStore *store = spqr_session_get_store (f->session);
  g_autofree char *file = g_path_get_basename (f->files.paths[i]);
  SpqrRunLayer layer = { .name = (char *) COMPARE_TENSOR, .role = (char *) "down_proj", .file = file, .backend = (char *) "cpu",
                         .rows = COMPARE_ROWS, .cols = COMPARE_COLS, .bits = 4.5 - i, .output_error = 0.1 + 0.1 * i,
                         .n_outliers = (gint64) spqr_layer_outliers (&f->files.layers[i]) };
  SpqrRun *run = spqr_run_new ();
  g_autoptr (GError) error = NULL;

  run->model_name = g_strdup ("model");
  run->model_path = g_strdup (f->files.model);
  run->model_fingerprint = g_strdup (f->files.fingerprint);
  run->folder = g_strdup (f->files.folder);
  run->params_json = g_strdup ("{}");
  run->method = g_strdup ("spqr");
  run->n_layers = 1;
  g_assert_true (spqr_store_begin_run (store, run, &error));
  g_assert_no_error (error);
  g_assert_true (spqr_store_add_layer (store, run->id, &layer, &error));
  run->state = SPQR_RUN_FINISHED;
  g_assert_true (spqr_store_finish_run (store, run, &error));
  g_assert_no_error (error);
  g_ptr_array_add (f->runs, spqr_store_get_run (store, run->id, NULL));
  g_object_unref (run);
}

static void
set_up (Fixture *f, gconstpointer user_data)
{
  compare_fixture_set_up (&f->files, NULL);
  f->database = g_build_filename (f->files.folder, "runs.db", NULL);
  f->session = spqr_session_new (f->database);
  g_assert_no_error (spqr_session_get_store_error (f->session));
  f->runs = g_ptr_array_new_with_free_func (g_object_unref);
  store_run (f, 0);
  store_run (f, 1);
  f->window = adw_window_new ();
  f->view = spqr_compare_view_new (f->session);
  adw_window_set_content (ADW_WINDOW (f->window), f->view);
  gtk_window_set_default_size (GTK_WINDOW (f->window), 1200, 500);
  gtk_window_present (GTK_WINDOW (f->window));
  for (guint i = 0; i < 3; i++)
    f->maps[i] = SPQR_HEATMAP_VIEW (nth (f->view, SPQR_TYPE_HEATMAP_VIEW, i));
}

static void
tear_down (Fixture *f, gconstpointer user_data)
{
  static const char *const suffixes[] = { "", "-wal", "-shm" };

  spqr_session_shutdown (f->session);
  gtk_window_destroy (GTK_WINDOW (f->window));
  g_ptr_array_unref (f->runs);
  g_object_unref (f->session);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = g_strconcat (f->database, suffixes[i], NULL);
      g_unlink (path);
    }
  g_free (f->database);
  compare_fixture_tear_down (&f->files, NULL);
}

static void
test_two (Fixture *f, gconstpointer user_data)
{
  SpqrViewport part = { .row0 = 10, .row1 = 20, .col0 = 8, .col1 = 24 }, seen;
  const SpqrScale *a, *b, *d;

  spqr_compare_view_set_runs (SPQR_COMPARE_VIEW (f->view), f->runs);
  wait_until (f, is_laid_out);
  a = spqr_heatmap_view_get_scale (f->maps[0]);
  b = spqr_heatmap_view_get_scale (f->maps[1]);
  d = spqr_heatmap_view_get_scale (f->maps[2]);
  g_assert_cmpfloat (a->lo, ==, b->lo);
  g_assert_cmpfloat (a->hi, ==, b->hi);
  g_assert_cmpfloat (d->lo, ==, -d->hi);
  /* One zoom for all, whichever is moved; to the pixel. */
  for (guint i = 0; i < 3; i++)
    {
      part.row0 += 1;
      part.row1 += 1;
      spqr_heatmap_view_set_view (f->maps[i], &part);
      for (guint j = 0; j < 3; j++)
        {
          seen = spqr_heatmap_view_get_view (f->maps[j]);
          g_assert_cmpfloat_with_epsilon (seen.row0, part.row0, 0.1);
          g_assert_cmpfloat_with_epsilon (seen.col1, part.col1, 0.1);
        }
    }
}

static void
test_fields (Fixture *f, gconstpointer user_data)
{
  GtkDropDown *fields = GTK_DROP_DOWN (nth (f->view, GTK_TYPE_DROP_DOWN, 1));
  GtkWidget *tools;
  SpqrHistogramView *histogram = SPQR_HISTOGRAM_VIEW (nth (f->view, SPQR_TYPE_HISTOGRAM_VIEW, 0));

  spqr_compare_view_set_runs (SPQR_COMPARE_VIEW (f->view), f->runs);
  wait_until (f, shows_maps);
  for (guint i = 0; i < 5; i++)
    {
      gtk_drop_down_set_selected (fields, i);
      wait_until (f, is_settled);
      g_assert_true (shows_maps (f));
    }
  /* The newest question wins, however fast they follow each other. */
  for (guint i = 0; i < 50; i++)
    gtk_drop_down_set_selected (fields, i % 5);
  wait_until (f, is_settled);
  g_assert_true (shows_maps (f));
  tools = gtk_widget_get_first_child (gtk_widget_get_first_child (f->view));
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (gtk_widget_get_last_child (gtk_widget_get_last_child (tools))), TRUE);
  g_assert_true (shows_counts (f));
  g_assert_true (gtk_widget_get_mapped (GTK_WIDGET (histogram)));
}

static void
test_messages (Fixture *f, gconstpointer user_data)
{
  AdwStatusPage *message = ADW_STATUS_PAGE (nth (f->view, ADW_TYPE_STATUS_PAGE, 0));
  g_autoptr (GPtrArray) one = g_ptr_array_new (), none = g_ptr_array_new ();

  spqr_compare_view_set_runs (SPQR_COMPARE_VIEW (f->view), none);
  g_assert_true (is_message (f));
  g_ptr_array_add (one, f->runs->pdata[1]);
  spqr_compare_view_set_runs (SPQR_COMPARE_VIEW (f->view), one);
  wait_until (f, shows_maps);
  /* The stored layer is gone: said, with the file's name, and not the end. */
  g_unlink (f->files.paths[1]);
  spqr_compare_view_set_runs (SPQR_COMPARE_VIEW (f->view), f->runs);
  wait_until (f, is_message);
  g_assert_nonnull (strstr (adw_status_page_get_description (message), f->files.paths[1]));
  g_ptr_array_index (one, 0) = f->runs->pdata[0];
  spqr_compare_view_set_runs (SPQR_COMPARE_VIEW (f->view), one);
  wait_until (f, shows_maps);
}

/* Notes are kept by a worker, the tags after the note. */
static SpqrRun *
wait_for_note (SpqrStore *store, gint64 run_id)
{
  SpqrRun *run = NULL;

  for (guint i = 0; i < 12000 && (run == NULL || run->note == NULL || run->tags == NULL); i++)
    {
      g_clear_object (&run);
      g_main_context_iteration (NULL, FALSE);
      g_usleep (10000);
      run = spqr_store_get_run (store, run_id, NULL);
    }
  return run;
}

static void
test_note (Fixture *f, gconstpointer user_data)
{
  SpqrStore *store = spqr_session_get_store (f->session);
  GtkWidget *note = g_object_ref_sink (spqr_run_note_new (f->session));
  GtkEditable *text = GTK_EDITABLE (nth (note, GTK_TYPE_ENTRY, 0)), *tags = GTK_EDITABLE (nth (note, GTK_TYPE_ENTRY, 1));
  SpqrRun *first = f->runs->pdata[0], *second = f->runs->pdata[1];
  g_autoptr (SpqrRun) stored = NULL;

  spqr_run_note_show (SPQR_RUN_NOTE (note), first);
  gtk_editable_set_text (text, "three bits would do");
  gtk_editable_set_text (tags, "b, a");
  /* The same run again, from a database that knows nothing of it yet: what is being written stays. */
  spqr_run_note_show (SPQR_RUN_NOTE (note), first);
  g_assert_cmpstr (gtk_editable_get_text (text), ==, "three bits would do");
  /* On to another run: it is kept. */
  spqr_run_note_show (SPQR_RUN_NOTE (note), second);
  g_assert_cmpstr (gtk_editable_get_text (text), ==, "");
  stored = wait_for_note (store, first->id);
  g_assert_cmpstr (stored->note, ==, "three bits would do");
  g_assert_true (g_strv_equal ((const char *const *) stored->tags, (const char *const[]) { "a", "b", NULL }));
  spqr_run_note_show (SPQR_RUN_NOTE (note), stored);
  g_assert_cmpstr (gtk_editable_get_text (tags), ==, "a, b");
  g_object_unref (note);
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add ("/compare-view/two", Fixture, NULL, set_up, test_two, tear_down);
  g_test_add ("/compare-view/fields", Fixture, NULL, set_up, test_fields, tear_down);
  g_test_add ("/compare-view/messages", Fixture, NULL, set_up, test_messages, tear_down);
  g_test_add ("/compare-view/note", Fixture, NULL, set_up, test_note, tear_down);
  return g_test_run ();
}
