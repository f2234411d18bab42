/* What can be done in a window, by menu, button, key or script. */
#include <glib/gi18n.h>

#include "window/spqr-calibrate-dialog.h"
#include "session/spqr-paths.h"
#include "session/spqr-session-waiting.h"
#include "window/spqr-quantize-dialog.h"
#include "window/spqr-window-private.h"

static void
on_model_chosen (GtkNativeDialog *chooser, int response, SpqrWindow *self)
{
  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));
      g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;

      if (path != NULL)
        spqr_window_open (self, path);
    }
  g_object_unref (chooser);
}

static void
choose_model (GtkWidget *widget, GtkFileChooserNative *chooser)
{
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_model_chosen), widget, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
open_folder (GtkWidget *widget, const char *name, GVariant *parameter)
{
  choose_model (widget, gtk_file_chooser_native_new (_("Open a Model Folder"), GTK_WINDOW (widget),
                                                     GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _("_Open"), NULL));
}

static void
open_file (GtkWidget *widget, const char *name, GVariant *parameter)
{
  static const char *const endings[] = { "gguf", "safetensors", "bin", "pt", "pth" };
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (_("Open a Model File"), GTK_WINDOW (widget),
                                                               GTK_FILE_CHOOSER_ACTION_OPEN, _("_Open"), NULL);
  g_autoptr (GtkFileFilter) models = gtk_file_filter_new (), all = gtk_file_filter_new ();

  gtk_file_filter_set_name (models, _("Models (GGUF, safetensors, PyTorch)"));
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    gtk_file_filter_add_suffix (models, endings[i]);
  gtk_file_filter_set_name (all, _("All Files"));
  gtk_file_filter_add_pattern (all, "*");
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (chooser), models);
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (chooser), all);
  choose_model (widget, chooser);
}

static void
open_sample (GtkWidget *widget, const char *name, GVariant *parameter)
{
  SpqrWindow *self = SPQR_WINDOW (widget);
  g_autofree char *sample = spqr_find_sample ();

  if (sample != NULL)
    spqr_window_open (self, sample);
  else
    spqr_window_toast (self, _("The sample model is not installed"));
}

static void
open_path (GtkWidget *widget, const char *name, GVariant *parameter)
{
  spqr_window_open (SPQR_WINDOW (widget), g_variant_get_string (parameter, NULL));
}

static void
new_tab (GtkWidget *widget, const char *name, GVariant *parameter)
{
  spqr_window_add_tab (SPQR_WINDOW (widget));
}

static void
close_tab (GtkWidget *widget, const char *name, GVariant *parameter)
{
  spqr_window_close_tab (SPQR_WINDOW (widget));
}

static void
show_folder (GtkWidget *widget, const char *name, GVariant *parameter)
{
  g_autoptr (GFile) folder = g_file_new_for_path (g_variant_get_string (parameter, NULL));
  g_autofree char *uri = g_file_get_uri (folder);

  gtk_show_uri (GTK_WINDOW (widget), uri, GDK_CURRENT_TIME);
}

/* What was saved by whatever is in the window: a quiet word, and the way to it. */
static void
say_saved (GtkWidget *widget, const char *name, GVariant *parameter)
{
  const char *path = g_variant_get_string (parameter, NULL);
  g_autofree char *file = g_path_get_basename (path), *folder = g_path_get_dirname (path);
  g_autofree char *text = g_strdup_printf (_("%s is saved"), file);

  spqr_window_toast_with_folder (SPQR_WINDOW (widget), text, folder);
}

static void
go_on (GtkWidget *widget, const char *name, GVariant *parameter)
{
  spqr_session_resume (spqr_window_get_session (SPQR_WINDOW (widget)), g_variant_get_int64 (parameter));
}

static void
take_waiting (GtkWidget *widget, const char *name, GVariant *parameter)
{
  SpqrSession *session = spqr_window_get_session (SPQR_WINDOW (widget));

  if (g_str_equal (name, "win.start-waiting"))
    spqr_session_start_waiting (session, g_variant_get_int64 (parameter));
  else
    spqr_session_drop_waiting (session, g_variant_get_int64 (parameter));
}

static void
show_jobs (GtkWidget *widget, const char *name, GVariant *parameter)
{
  spqr_window_show_jobs (SPQR_WINDOW (widget));
}

static void
show_page (GtkWidget *widget, const char *name, GVariant *parameter)
{
  spqr_window_show_page (SPQR_WINDOW (widget), g_variant_get_string (parameter, NULL));
}

static void
find_tensor (GtkWidget *widget, const char *name, GVariant *parameter)
{
  spqr_window_focus_search (SPQR_WINDOW (widget));
}

static void
toggle_sidebar (GtkWidget *widget, const char *name, GVariant *parameter)
{
  spqr_window_toggle_sidebar (SPQR_WINDOW (widget));
}

static void
quantize (GtkWidget *widget, const char *name, GVariant *parameter)
{
  SpqrWindow *self = SPQR_WINDOW (widget);

  gtk_window_present (GTK_WINDOW (spqr_quantize_dialog_new (GTK_WINDOW (self), spqr_window_get_session (self))));
}

static void
calibrate (GtkWidget *widget, const char *name, GVariant *parameter)
{
  SpqrWindow *self = SPQR_WINDOW (widget);
  gboolean whole = !g_str_equal (name, "win.calibrate-layer");
  SpqrSession *session = spqr_window_get_session (self);
  const char *reason = spqr_model_get_config (spqr_session_get_model (session))->unsupported_reason;

  if (!whole && spqr_session_get_tensor (session) == NULL)
    return;
  /* A menu's greyed item could not say why. */
  if (reason != NULL)
    {
      g_signal_emit_by_name (session, "failed", _("This model can be looked at, not calibrated"), reason);
      return;
    }
  gtk_window_present (GTK_WINDOW (spqr_calibrate_dialog_new (GTK_WINDOW (self), session, whole)));
}

void
spqr_window_update_actions (SpqrWindow *self)
{
  SpqrSession *session = spqr_window_get_session (self);
  SpqrModel *model = spqr_session_get_model (session);
  gboolean supported = model != NULL && spqr_model_get_config (model)->supported;
  gboolean store = spqr_session_get_store (session) != NULL;

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.quantize", supported && store);
  spqr_window_explain_quantize (self, model == NULL ? _("Open a model first") :
                                !supported ? _("Models of this architecture can be looked at, but not quantized") :
                                !store ? _("The history of runs cannot be opened: the preferences name its file") : NULL);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.calibrate", model != NULL);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.calibrate-layer", model != NULL);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.find", model != NULL);
}

void
spqr_window_class_install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "win.open", NULL, open_folder);
  gtk_widget_class_install_action (widget_class, "win.open-file", NULL, open_file);
  gtk_widget_class_install_action (widget_class, "win.open-sample", NULL, open_sample);
  gtk_widget_class_install_action (widget_class, "win.open-path", "s", open_path);
  gtk_widget_class_install_action (widget_class, "win.new-tab", NULL, new_tab);
  gtk_widget_class_install_action (widget_class, "win.close-tab", NULL, close_tab);
  gtk_widget_class_install_action (widget_class, "win.show-folder", "s", show_folder);
  gtk_widget_class_install_action (widget_class, "win.saved", "s", say_saved);
  gtk_widget_class_install_action (widget_class, "win.page", "s", show_page);
  gtk_widget_class_install_action (widget_class, "win.go-on", "x", go_on);
  gtk_widget_class_install_action (widget_class, "win.start-waiting", "x", take_waiting);
  gtk_widget_class_install_action (widget_class, "win.drop-waiting", "x", take_waiting);
  gtk_widget_class_install_action (widget_class, "win.show-jobs", NULL, show_jobs);
  gtk_widget_class_install_action (widget_class, "win.find", NULL, find_tensor);
  gtk_widget_class_install_action (widget_class, "win.sidebar", NULL, toggle_sidebar);
  gtk_widget_class_install_action (widget_class, "win.quantize", NULL, quantize);
  gtk_widget_class_install_action (widget_class, "win.calibrate", NULL, calibrate);
  gtk_widget_class_install_action (widget_class, "win.calibrate-layer", NULL, calibrate);
}
