/* The window from within: everything that takes the keyboard has a name on every page and in every dialog; dropped
 * folders and files open in tabs. */
#include <adwaita.h>

#include "../model/fixtures.h"
#include "pages/spqr-recipe-dialog.h"
#include "session/spqr-paths.h"
#include "window/spqr-calibrate-dialog.h"
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

int
main (int argc, char **argv)
{
  g_autoptr (AdwApplication) app = NULL;

  g_setenv ("GTK_A11Y", "test", TRUE);
  gtk_test_init (&argc, &argv, NULL);
  app = adw_application_new ("studio.spqr.Test", G_APPLICATION_NON_UNIQUE);
  g_object_set (app, "resource-base-path", "/studio/spqr/SpqrStudio", NULL);
  g_assert_true (g_application_register (G_APPLICATION (app), NULL, NULL));
  g_test_add ("/window/names/pages", Fixture, app, set_up, test_pages, tear_down);
  g_test_add ("/window/names/dialogs", Fixture, app, set_up, test_dialogs, tear_down);
  g_test_add ("/window/drop", Fixture, app, set_up, test_drop, tear_down);
  return g_test_run ();
}
