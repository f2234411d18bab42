/* The window from within: everything that takes the keyboard has a name on every page and in every dialog; dropped
 * folders and files open in tabs. */
#include <adwaita.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#include "../model/fixtures.h"
#include "chart/spqr-save-picture.h"
#include "pages/spqr-evaluate-dialog.h"
#include "pages/spqr-recipe-dialog.h"
#include "pages/spqr-run-actions.h"
#include "session/spqr-paths.h"
#include "window/spqr-calibrate-dialog.h"
#include "window/spqr-job-row.h"
#include "window/spqr-preferences.h"
#include "window/spqr-quantize-dialog.h"
#include "window/spqr-window.h"

typedef struct { SpqrSession *session; SpqrWindow *window; char *folder, *sample; } Fixture;

static void
settle (double seconds)
{
  gint64 end = g_get_monotonic_time () + (gint64) (seconds * 1e6);

  while (g_get_monotonic_time () < end)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (2000);
}

static gboolean
wait_for_model (SpqrSession *session)
{
  for (int i = 0; i < 2400 && spqr_session_get_model (session) == NULL; i++)
    settle (0.05);
  return spqr_session_get_model (session) != NULL;
}

static void
set_up (Fixture *f, gconstpointer app)
{
  g_autofree char *database = NULL;

  f->folder = g_dir_make_tmp ("spqr-window-XXXXXX", NULL);
  f->sample = spqr_find_sample ();
  g_assert_nonnull (f->sample);
  database = g_build_filename (f->folder, "runs.db", NULL);
  f->session = spqr_session_new (database);
  f->window = spqr_window_new (ADW_APPLICATION ((gpointer) app), f->session);
  gtk_window_present (GTK_WINDOW (f->window));
  spqr_window_open (f->window, f->sample);
  g_assert_true (wait_for_model (f->session));
  settle (0.5);
}

static void
tear_down (Fixture *f, gconstpointer app)
{
  gtk_window_close (GTK_WINDOW (f->window));
  settle (0.2);
  g_object_unref (f->session);
  fixture_remove (f->folder);
  g_free (f->sample);
}

/* ---- width ---- */

/* All pages and the list of tensors are asked, whichever is in front. */
static void
test_narrow (Fixture *f, gconstpointer app)
{
  int least;

  gtk_widget_measure (GTK_WIDGET (f->window), GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  g_assert_cmpint (least, <=, 1024);
}

/* ---- names ---- */

static gboolean
has_text (GtkWidget *widget)
{
  if (GTK_IS_LABEL (widget) && *gtk_label_get_text (GTK_LABEL (widget)) != '\0')
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (has_text (child))
      return TRUE;
  return FALSE;
}

/* By itself, by what it says, or as a part of a control that has a name. */
static gboolean
is_named (GtkWidget *widget)
{
  const char *tooltip = gtk_widget_get_tooltip_text (widget);

  if (gtk_test_accessible_has_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL) ||
      gtk_test_accessible_has_relation (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_RELATION_LABELLED_BY))
    return TRUE;
  if (tooltip != NULL && *tooltip != '\0')
    return TRUE;
  if (ADW_IS_PREFERENCES_ROW (widget))
    return *adw_preferences_row_get_title (ADW_PREFERENCES_ROW (widget)) != '\0';
  return (GTK_IS_BUTTON (widget) || GTK_IS_MENU_BUTTON (widget) || GTK_IS_CHECK_BUTTON (widget) || GTK_IS_LIST_BOX_ROW (widget) ||
          GTK_IS_DROP_DOWN (widget)) && has_text (widget);
}

/* What GTK or libadwaita make within a control of theirs stands for that control; a row stands for its entry, its list. */
static gboolean
is_inner (GtkWidget *widget)
{
  GtkWidget *parent = gtk_widget_get_parent (widget);

  if (GTK_IS_SEARCH_ENTRY (widget) && ADW_IS_PREFERENCES_WINDOW (gtk_widget_get_root (widget)))
    return TRUE;
  for (; parent != NULL; parent = gtk_widget_get_parent (parent))
    if (GTK_IS_SPIN_BUTTON (parent) || GTK_IS_ENTRY (parent) || GTK_IS_SEARCH_ENTRY (parent) || GTK_IS_DROP_DOWN (parent) ||
        GTK_IS_MENU_BUTTON (parent) || ADW_IS_COMBO_ROW (parent) || ADW_IS_ENTRY_ROW (parent) || GTK_IS_LIST_VIEW (parent) ||
        GTK_IS_COLUMN_VIEW (parent) || GTK_IS_SHORTCUTS_WINDOW (parent) || GTK_IS_WINDOW_CONTROLS (parent))
      return TRUE;
  return FALSE;
}

static gboolean
is_control (GtkWidget *widget)
{
  return GTK_IS_BUTTON (widget) || GTK_IS_MENU_BUTTON (widget) || GTK_IS_CHECK_BUTTON (widget) || GTK_IS_SWITCH (widget) ||
         GTK_IS_EDITABLE (widget) || GTK_IS_DROP_DOWN (widget) || GTK_IS_RANGE (widget) || GTK_IS_LIST_BOX_ROW (widget) ||
         GTK_IS_LIST_VIEW (widget) || GTK_IS_COLUMN_VIEW (widget) ||
         (gtk_widget_get_focusable (widget) && g_str_has_prefix (G_OBJECT_TYPE_NAME (widget), "Spqr"));
}

static guint
count_unnamed (GtkWidget *root, guint *controls)
{
  guint unnamed = 0;

  if (!gtk_widget_get_visible (root))
    return 0;
  if (is_control (root) && !is_inner (root) && !GTK_IS_SCROLLBAR (gtk_widget_get_parent (root)))
    {
      (*controls)++;
      if (!is_named (root))
        {
          GtkWidget *owner = gtk_widget_get_parent (root);

          g_test_message ("%s in %s in %s has no name", G_OBJECT_TYPE_NAME (root), G_OBJECT_TYPE_NAME (owner),
                          G_OBJECT_TYPE_NAME (gtk_widget_get_parent (owner)));
          unnamed++;
        }
    }
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    unnamed += count_unnamed (child, controls);
  return unnamed;
}

static void
check_names (GtkWidget *root, const char *what, guint at_least)
{
  guint controls = 0, unnamed = count_unnamed (root, &controls);

  for (guint i = 0; i < 2400 && controls < at_least; i++)
    {
      settle (0.05);
      controls = 0;
      unnamed = count_unnamed (root, &controls);
    }
  g_test_message ("%s: %u controls", what, controls);
  g_assert_cmpuint (controls, >=, at_least);
  g_assert_cmpuint (unnamed, ==, 0);
}

static void
test_pages (Fixture *f, gconstpointer app)
{
  static const char *const pages[] = { "map", "layer", "runs" };

  spqr_session_select (f->session, spqr_model_lookup (spqr_session_get_model (f->session), "model.layers.1.mlp.down_proj.weight"));
  for (guint i = 0; i < G_N_ELEMENTS (pages); i++)
    {
      spqr_window_show_page (f->window, pages[i]);
      settle (0.5);
      check_names (GTK_WIDGET (f->window), pages[i], 8);
    }
}

static void
check_dialog (GtkWidget *dialog, const char *what, guint at_least)
{
  gtk_window_present (GTK_WINDOW (dialog));
  settle (0.4);
  check_names (dialog, what, at_least);
  gtk_window_destroy (GTK_WINDOW (dialog));
}

static void
test_dialogs (Fixture *f, gconstpointer app)
{
  GtkWindow *window = GTK_WINDOW (f->window);

  check_dialog (spqr_preferences_new (window, f->session, NULL), "preferences", 7);
  check_dialog (spqr_quantize_dialog_new (window, f->session), "quantize", 5);
  check_dialog (spqr_calibrate_dialog_new (window, f->session, TRUE), "calibrate", 4);
  check_dialog (spqr_recipe_dialog_new (window, f->session), "recipe", 3);
}

static SpqrRun *
store_run (Fixture *f)
{
  SpqrStore *store = spqr_session_get_store (f->session);
  SpqrRun *run = spqr_run_new ();
  SpqrRunLayer layer = { .name = (char *) "model.layers.0.mlp.down_proj.weight", .file = (char *) "x", .rows = 1, .cols = 1, .output_error = 0.1 };

  run->model_name = g_strdup ("sample");
  run->model_path = g_strdup (f->sample);
  run->params_json = g_strdup ("{}");
  run->n_layers = 1;
  g_assert_true (spqr_store_begin_run (store, run, NULL));
  g_assert_true (spqr_store_add_layer (store, run->id, &layer, NULL));
  run->state = SPQR_RUN_FINISHED;
  g_assert_true (spqr_store_finish_run (store, run, NULL));
  return run;
}

static GtkWidget *
find_widget (GtkWidget *widget, GType type)
{
  GtkWidget *found = g_type_is_a (G_OBJECT_TYPE (widget), type) ? widget : NULL;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL; child = gtk_widget_get_next_sibling (child))
    found = find_widget (child, type);
  return found;
}

/* What is reached from a run: its evaluation, a picture of its figures, and the questions about it. */
static void
test_run_dialogs (Fixture *f, gconstpointer app)
{
  GtkWindow *window = GTK_WINDOW (f->window);
  g_autoptr (SpqrRun) run = store_run (f);
  g_autoptr (GPtrArray) evals = g_ptr_array_new (), layers = g_ptr_array_new (), exports = g_ptr_array_new ();
  SpqrReport report = { run, layers, evals, exports };
  GListModel *windows;
  GtkWidget *chart, *question = NULL;

  check_dialog (spqr_evaluate_dialog_new (window, f->session, run, evals), "evaluate", 6);
  spqr_window_show_page (f->window, "map");
  settle (0.3);
  chart = find_widget (GTK_WIDGET (f->window), SPQR_TYPE_CHART);
  g_assert_nonnull (chart);
  check_dialog (spqr_save_picture_new (SPQR_CHART (chart)), "save picture", 5);
  spqr_run_ask_remove (GTK_WIDGET (f->window), f->session, &report);
  settle (0.3);
  windows = gtk_window_get_toplevels ();
  for (guint i = 0; i < g_list_model_get_n_items (windows); i++)
    {
      g_autoptr (GtkWidget) top = g_list_model_get_item (windows, i);

      question = ADW_IS_MESSAGE_DIALOG (top) ? top : question;
    }
  g_assert_nonnull (question);
  check_names (question, "remove", 2);
  gtk_window_destroy (GTK_WINDOW (question));
}

/* Every row of a table says what it is. */
static guint
count_rows (GtkWidget *widget, guint *unnamed)
{
  GtkWidget *parent = gtk_widget_get_parent (widget);
  gboolean row = parent != NULL && GTK_IS_LIST_VIEW (parent) && GTK_IS_COLUMN_VIEW (gtk_widget_get_parent (parent)) && gtk_widget_get_first_child (widget) != NULL;
  guint n = row && gtk_widget_get_mapped (widget);

  row = n > 0;
  *unnamed += row && !gtk_test_accessible_has_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    n += count_rows (child, unnamed);
  return n;
}

static void
test_rows (Fixture *f, gconstpointer app)
{
  guint n = 0, unnamed = 0;

  for (guint i = 0; i < 3; i++)
    g_object_unref (store_run (f));
  spqr_window_show_page (f->window, "runs");
  for (guint i = 0; i < 100 && n < 3; i++)
    {
      settle (0.1);
      unnamed = 0;
      n = count_rows (GTK_WIDGET (f->window), &unnamed);
    }
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpuint (unnamed, ==, 0);
}

/* ---- dropped files ---- */

static gboolean
drop (SpqrWindow *window, const char *const *paths)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (GTK_WIDGET (window));
  GSList *files = NULL;
  GValue value = G_VALUE_INIT;
  gboolean taken = FALSE;

  for (guint i = 0; paths[i] != NULL; i++)
    files = g_slist_append (files, g_file_new_for_path (paths[i]));
  g_value_init (&value, GDK_TYPE_FILE_LIST);
  g_value_take_boxed (&value, gdk_file_list_new_from_list (files));
  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);

      if (GTK_IS_DROP_TARGET (controller))
        g_signal_emit_by_name (controller, "drop", &value, 10.0, 10.0, &taken);
    }
  g_value_unset (&value);
  g_slist_free_full (files, g_object_unref);
  return taken;
}

static void
test_drop (Fixture *f, gconstpointer app)
{
  g_autofree char *copy = g_build_filename (f->folder, "copy", NULL);
  g_autofree char *weights = g_build_filename (f->sample, "model.safetensors", NULL);
  const char *const one[] = { f->sample, NULL }, *const two[] = { copy, weights, NULL };

  g_assert_cmpint (symlink (f->sample, copy), ==, 0);
  /* What is open already is shown, not opened again. */
  g_assert_true (drop (f->window, one));
  g_assert_true (spqr_window_get_session (f->window) == f->session);
  /* Each in a tab of its own, the last one in front. */
  g_assert_true (drop (f->window, two));
  g_assert_true (spqr_window_get_session (f->window) != f->session);
  g_assert_true (wait_for_model (spqr_window_get_session (f->window)));
  g_assert_true (spqr_session_is_about (spqr_window_get_session (f->window), weights));
  g_assert_true (spqr_session_get_jobs (spqr_window_get_session (f->window)) == spqr_session_get_jobs (f->session));
  unlink (copy);
}

static void
on_failed (SpqrSession *session, const char *title, const char *message, char **kept)
{
  g_free (*kept);
  *kept = g_strdup (message);
}

/* The folder of a run is imported, not opened as a model. */
static void
test_drop_run (Fixture *f, gconstpointer app)
{
  g_autofree char *folder = g_build_filename (f->folder, "run", NULL), *manifest = g_build_filename (folder, "run.json", NULL), *message = NULL;
  const char *const paths[] = { folder, NULL };

  g_assert_cmpint (g_mkdir (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (manifest, "[]", -1, NULL));
  g_signal_connect (f->session, "failed", G_CALLBACK (on_failed), &message);
  g_assert_true (drop (f->window, paths));
  for (guint i = 0; i < 200 && message == NULL; i++)
    settle (0.05);
  g_assert_nonnull (message);
  g_assert_nonnull (strstr (message, "not the description of a run"));
  g_assert_true (spqr_window_get_session (f->window) == f->session);
  g_signal_handlers_disconnect_by_func (f->session, on_failed, &message);
}

/* ---- jobs by the pointer ---- */

static gboolean
rest (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  while (!g_cancellable_set_error_if_cancelled (cancellable, error))
    g_usleep (1000);
  return FALSE;
}

static gboolean
drop_on (GtkWidget *row, SpqrJob *job)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (row);
  GValue value = G_VALUE_INIT;
  gboolean taken = FALSE;

  g_value_init (&value, SPQR_TYPE_JOB);
  g_value_set_object (&value, job);
  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);

      if (GTK_IS_DROP_TARGET (controller))
        g_signal_emit_by_name (controller, "drop", &value, 10.0, 10.0, &taken);
    }
  g_value_unset (&value);
  return taken;
}

static gboolean
has_drag (GtkWidget *row)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (row);

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);

      if (GTK_IS_DRAG_SOURCE (controller))
        return TRUE;
    }
  return FALSE;
}

static void
test_drop_job (Fixture *f, gconstpointer app)
{
  SpqrJobQueue *queue = spqr_session_get_jobs (f->session);
  SpqrJob *jobs[4];
  GtkWidget *rows[4];

  for (guint i = 0; i < 4; i++)
    {
      jobs[i] = spqr_job_new ("rests", rest, NULL, NULL);
      spqr_job_queue_submit (queue, SPQR_LANE_BATCH, jobs[i]);
    }
  for (guint i = 0; i < 200 && spqr_job_get_state (jobs[0]) != SPQR_JOB_RUNNING; i++)
    settle (0.02);
  for (guint i = 0; i < 4; i++)
    {
      rows[i] = g_object_ref_sink (spqr_job_row_new (jobs[i], queue));
      g_assert_true (has_drag (rows[i]));
    }
  g_assert_true (drop_on (rows[1], jobs[3]));          /* 0 runs; then 3 1 2 */
  g_assert_true (spqr_job_queue_can_move (queue, jobs[1], TRUE));
  g_assert_false (spqr_job_queue_can_move (queue, jobs[3], TRUE));
  g_assert_false (drop_on (rows[0], jobs[2]));         /* what runs has no place to give */
  g_assert_false (spqr_job_queue_can_move (queue, jobs[2], FALSE));
  for (guint i = 0; i < 4; i++)
    {
      spqr_job_cancel (jobs[i]);
      g_object_unref (rows[i]);
    }
  for (guint i = 0; i < 200 && spqr_job_queue_get_n_active (queue) > 0; i++)
    settle (0.02);
  spqr_job_queue_clear_ended (queue);
  for (guint i = 0; i < 4; i++)
    g_object_unref (jobs[i]);
}

/* ---- jobs that wait ---- */

static int
count_waiting (Fixture *f)
{
  sqlite3 *db;
  sqlite3_stmt *statement;
  int n;

  g_assert_cmpint (sqlite3_open (spqr_store_get_path (spqr_session_get_store (f->session)), &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_prepare_v2 (db, "SELECT count (*) FROM waiting", -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  n = sqlite3_column_int (statement, 0);
  sqlite3_finalize (statement);
  sqlite3_close (db);
  return n;
}

/* The window keeps what waits in its queue, whoever asked for it. */
static void
test_keeps_waiting (Fixture *f, gconstpointer app)
{
  SpqrJobQueue *queue = spqr_session_get_jobs (f->session);
  g_autoptr (SpqrJob) first = spqr_job_new ("rests", rest, NULL, NULL);
  g_autoptr (SpqrRun) run = store_run (f);
  const SpqrEvaluateChoices choices = { .seqlen = 64 };

  spqr_job_queue_submit (queue, SPQR_LANE_BATCH, first);
  spqr_session_evaluate (f->session, run, "/texts/a.txt", &choices);
  spqr_session_evaluate (f->session, run, "/texts/b.txt", &choices);
  for (guint i = 0; i < 200 && count_waiting (f) != 2; i++)
    settle (0.05);
  g_assert_cmpint (count_waiting (f), ==, 2);
  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (queue)); i-- > 0;)
    {
      g_autoptr (SpqrJob) job = g_list_model_get_item (G_LIST_MODEL (queue), i);
      spqr_job_cancel (job);
    }
  for (guint i = 0; i < 200 && count_waiting (f) != 0; i++)
    settle (0.05);
  g_assert_cmpint (count_waiting (f), ==, 0);          /* who cancels a job does not want it back */
  spqr_job_queue_clear_ended (queue);
}

int
main (int argc, char **argv)
{
  g_autoptr (AdwApplication) app = NULL;

  g_setenv ("GTK_A11Y", "test", TRUE);
  gtk_test_init (&argc, &argv, NULL);
  app = adw_application_new ("studio.spqr.Test", G_APPLICATION_NON_UNIQUE);
  g_object_set (app, "resource-base-path", "/studio/spqr/SpqrStudio", NULL);
  g_assert_true (g_application_register (G_APPLICATION (app), NULL, NULL));
  g_test_add ("/window/narrow", Fixture, app, set_up, test_narrow, tear_down);
  g_test_add ("/window/names/pages", Fixture, app, set_up, test_pages, tear_down);
  g_test_add ("/window/names/dialogs", Fixture, app, set_up, test_dialogs, tear_down);
  g_test_add ("/window/names/run-dialogs", Fixture, app, set_up, test_run_dialogs, tear_down);
  g_test_add ("/window/names/rows", Fixture, app, set_up, test_rows, tear_down);
  g_test_add ("/window/drop-run", Fixture, app, set_up, test_drop_run, tear_down);
  g_test_add ("/window/keeps-waiting", Fixture, app, set_up, test_keeps_waiting, tear_down);
  g_test_add ("/window/drop-job", Fixture, app, set_up, test_drop_job, tear_down);
  g_test_add ("/window/drop", Fixture, app, set_up, test_drop, tear_down);
  return g_test_run ();
}
