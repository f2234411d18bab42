#include "window/spqr-window.h"

#include <glib/gi18n.h>

#include "controls/spqr-access.h"
#include "pages/spqr-layer-page.h"
#include "pages/spqr-map-page.h"
#include "pages/spqr-runs-page.h"
#include "plot/spqr-format.h"
#include "session/spqr-model-memory.h"
#include "window/spqr-jobs-button.h"
#include "window/spqr-tensor-list.h"
#include "window/spqr-window-private.h"

struct _SpqrWindow {
  AdwApplicationWindow parent_instance;

  SpqrSession *session;
  AdwToastOverlay *toasts;
  GtkStack *content_stack;
  AdwViewStack *stack;
  AdwFlap *flap;
  GtkLabel *model_label, *state_label;
  SpqrTensorList *tensor_list;
  SpqrJobsButton *jobs_button;
  GMenu *recent_menu;
  GtkListBox *recent_list;
  GtkWidget *recent_box;
};

G_DEFINE_FINAL_TYPE (SpqrWindow, spqr_window, ADW_TYPE_APPLICATION_WINDOW)

SpqrSession *
spqr_window_get_session (SpqrWindow *self)
{
  return self->session;
}

void
spqr_window_toast (SpqrWindow *self, const char *text)
{
  adw_toast_overlay_add_toast (self->toasts, adw_toast_new (text));
}

void
spqr_window_show_page (SpqrWindow *self, const char *name)
{
  adw_view_stack_set_visible_child_name (self->stack, name);
}

void
spqr_window_toggle_sidebar (SpqrWindow *self)
{
  adw_flap_set_reveal_flap (self->flap, !adw_flap_get_reveal_flap (self->flap));
}

void
spqr_window_focus_search (SpqrWindow *self)
{
  adw_flap_set_reveal_flap (self->flap, TRUE);
  spqr_tensor_list_focus_search (self->tensor_list);
}

static void
on_failed (SpqrWindow *self, const char *title, const char *message)
{
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (self), title, message);

  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _("_Close"));
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
on_notifier (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GNotification) notification = user_data;
  g_autoptr (GVariant) answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  GApplication *application = g_application_get_default ();

  if (answer != NULL && application != NULL)
    g_application_send_notification (application, NULL, notification);
}

/* For who has gone on to something else. Asked first, because GLib complains where no desktop shows notifications. */
static void
notify_desktop (SpqrWindow *self, const char *text)
{
  GApplication *application = G_APPLICATION (gtk_window_get_application (GTK_WINDOW (self)));
  GDBusConnection *bus = application != NULL ? g_application_get_dbus_connection (application) : NULL;
  GNotification *notification;

  if (gtk_window_is_active (GTK_WINDOW (self)) || bus == NULL)
    return;
  notification = g_notification_new (text);
  g_notification_set_default_action (notification, "app.activate");
  g_dbus_connection_call (bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "StartServiceByName",
                          g_variant_new ("(su)", "org.freedesktop.Notifications", 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
                          on_notifier, notification);
}

static void
on_done (SpqrWindow *self, const char *text, const char *folder)
{
  AdwToast *toast = adw_toast_new (text);

  adw_toast_set_button_label (toast, _("_Show"));
  adw_toast_set_action_name (toast, folder != NULL ? "win.show-folder" : "win.page");
  adw_toast_set_action_target_value (toast, g_variant_new_string (folder != NULL ? folder : "runs"));
  adw_toast_overlay_add_toast (self->toasts, toast);
  notify_desktop (self, text);
}

/* ---- models that were open before ---- */

static GtkWidget *
make_recent_row (const char *location)
{
  GtkWidget *row = adw_action_row_new ();
  g_autofree char *name = g_path_get_basename (location), *folder = g_path_get_dirname (location);
  g_autofree char *title = g_markup_escape_text (name, -1), *subtitle = g_markup_escape_text (folder, -1);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (row), "win.open-path");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (row), "s", location);
  return row;
}

static void
update_recent (SpqrWindow *self)
{
  g_auto (GStrv) recent = spqr_memory_list_recent (8);
  GtkListBoxRow *row;

  g_menu_remove_all (self->recent_menu);
  while ((row = gtk_list_box_get_row_at_index (self->recent_list, 0)) != NULL)
    gtk_list_box_remove (self->recent_list, GTK_WIDGET (row));
  for (guint i = 0; recent[i] != NULL; i++)
    {
      g_autofree char *name = g_path_get_basename (recent[i]);
      g_autoptr (GMenuItem) item = g_menu_item_new (name, NULL);

      g_menu_item_set_action_and_target (item, "win.open-path", "s", recent[i]);
      g_menu_append_item (self->recent_menu, item);
      if (i < 4)
        gtk_list_box_append (self->recent_list, make_recent_row (recent[i]));
    }
  gtk_widget_set_visible (self->recent_box, recent[0] != NULL);
}

static gboolean
on_drop (GtkDropTarget *target, const GValue *value, double x, double y, SpqrWindow *self)
{
  GSList *files = gdk_file_list_get_files (g_value_get_boxed (value));
  g_autofree char *path = files != NULL ? g_file_get_path (files->data) : NULL;

  if (path != NULL)
    spqr_session_open (self->session, path);
  g_slist_free (files);
  return path != NULL;
}

/* "sample · LlamaForCausalLM · 8 blocks · 3.6 M parameters · F16 · 7.6 MB" */
static char *
describe_model (SpqrModel *model)
{
  const SpqrConfig *config = spqr_model_get_config (model);
  g_autofree char *parameters = spqr_format_count (spqr_model_get_n_parameters (model));
  g_autofree char *bytes = spqr_format_bytes (spqr_model_get_n_bytes (model));
  const char *dtype = spqr_model_get_n_tensors (model) > 0 ? spqr_tensor_get_dtype_name (spqr_model_get_tensor (model, 0)) : "–";

  return g_strdup_printf (_("%s · %s · %d blocks · %s parameters · %s · %s"), spqr_model_get_name (model),
                          config->architecture != NULL ? config->architecture : _("unknown architecture"),
                          config->n_blocks, parameters, dtype, bytes);
}

/* Without a model there is nothing to see but the history. */
static void
update_content (SpqrWindow *self)
{
  gboolean runs = g_strcmp0 (adw_view_stack_get_visible_child_name (self->stack), "runs") == 0;

  gtk_stack_set_visible_child_name (self->content_stack, runs || spqr_session_get_model (self->session) != NULL ? "model" : "empty");
}

static void
on_model (SpqrWindow *self)
{
  SpqrModel *model = spqr_session_get_model (self->session);
  const SpqrConfig *config;
  g_autofree char *text = NULL;

  update_content (self);
  update_recent (self);
  spqr_window_update_actions (self);
  if (model == NULL)
    return;
  text = describe_model (model);
  config = spqr_model_get_config (model);
  gtk_label_set_label (self->model_label, text);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->model_label), spqr_model_get_path (model));
  gtk_window_set_title (GTK_WINDOW (self), spqr_model_get_name (model));
  gtk_label_set_label (self->state_label, config->supported ? "" : config->unsupported_reason);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->state_label), config->unsupported_reason);
}

static void
on_tensor_activated (SpqrWindow *self)
{
  spqr_window_show_page (self, "layer");
}

static void
on_page_changed (SpqrWindow *self)
{
  if (self->session == NULL)
    return;
  update_content (self);
  /* The runs need the room, and have no use for the tensors. */
  adw_flap_set_reveal_flap (self->flap, g_strcmp0 (adw_view_stack_get_visible_child_name (self->stack), "runs") != 0);
}

static void
add_page (SpqrWindow *self, GtkWidget *page, const char *name, const char *title, const char *icon)
{
  AdwViewStackPage *added = adw_view_stack_add_titled (self->stack, page, name, title);

  adw_view_stack_page_set_icon_name (added, icon);
}

static void
set_session (SpqrWindow *self, SpqrSession *session)
{
  const GError *error = spqr_session_get_store_error (session);

  self->session = g_object_ref (session);
  spqr_tensor_list_set_session (self->tensor_list, session);
  spqr_jobs_button_set_queue (self->jobs_button, spqr_session_get_jobs (session));
  add_page (self, spqr_map_page_new (session), "map", _("Map"), "view-grid-symbolic");
  add_page (self, spqr_layer_page_new (session), "layer", _("Layer"), "view-reveal-symbolic");
  add_page (self, spqr_runs_page_new (session), "runs", _("Runs"), "view-list-bullet-symbolic");
  g_signal_connect_object (session, "notify::model", G_CALLBACK (on_model), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::opening", G_CALLBACK (spqr_window_update_actions), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "done", G_CALLBACK (on_done), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "failed", G_CALLBACK (on_failed), self, G_CONNECT_SWAPPED);
  spqr_name_inner_buttons (GTK_WIDGET (self));
  on_model (self);
  if (error != NULL)
    on_failed (self, _("The history of runs cannot be opened"), error->message);
}

SpqrWindow *
spqr_window_new (AdwApplication *application, SpqrSession *session)
{
  SpqrWindow *self = g_object_new (SPQR_TYPE_WINDOW, "application", application, NULL);

  set_session (self, session);
  return self;
}

/* ---- closing during a job: ask once, then cancel and leave ---- */

static void
leave (SpqrWindow *self)
{
  spqr_session_shutdown (self->session);
  gtk_window_destroy (GTK_WINDOW (self));
}

static void
on_close_answer (AdwMessageDialog *dialog, const char *response, SpqrWindow *self)
{
  if (!g_str_equal (response, "leave"))
    return;
  /* It closes itself after this, and would then look for a parent that is gone. */
  gtk_window_set_transient_for (GTK_WINDOW (dialog), NULL);
  leave (self);
}

static gboolean
spqr_window_close_request (GtkWindow *window)
{
  SpqrWindow *self = SPQR_WINDOW (window);
  AdwMessageDialog *dialog;

  if (spqr_job_queue_get_n_active (spqr_session_get_jobs (self->session)) == 0)
    {
      leave (self);
      return GDK_EVENT_STOP;
    }
  dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (window, _("Jobs are still running"),
    _("Layers that are finished stay stored, and the run can be gone on with later.")));
  adw_message_dialog_add_responses (dialog, "stay", _("_Keep Running"), "leave", _("_Cancel Jobs and Close"), NULL);
  adw_message_dialog_set_response_appearance (dialog, "leave", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_close_response (dialog, "stay");
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_close_answer), self, 0);
  gtk_window_present (GTK_WINDOW (dialog));
  return GDK_EVENT_STOP;
}

static void
spqr_window_dispose (GObject *object)
{
  SpqrWindow *self = SPQR_WINDOW (object);

  g_clear_object (&self->session);
  gtk_widget_dispose_template (GTK_WIDGET (object), SPQR_TYPE_WINDOW);
  G_OBJECT_CLASS (spqr_window_parent_class)->dispose (object);
}

static void
spqr_window_class_init (SpqrWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = spqr_window_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = spqr_window_close_request;
  g_type_ensure (SPQR_TYPE_TENSOR_LIST);
  g_type_ensure (SPQR_TYPE_JOBS_BUTTON);
  gtk_widget_class_set_template_from_resource (widget_class, "/studio/spqr/SpqrStudio/ui/spqr-window.ui");
  gtk_widget_class_bind_template_child (widget_class, SpqrWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, SpqrWindow, content_stack);
  gtk_widget_class_bind_template_child (widget_class, SpqrWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, SpqrWindow, flap);
  gtk_widget_class_bind_template_child (widget_class, SpqrWindow, model_label);
  gtk_widget_class_bind_template_child (widget_class, SpqrWindow, state_label);
  gtk_widget_class_bind_template_child (widget_class, SpqrWindow, tensor_list);
  gtk_widget_class_bind_template_child (widget_class, SpqrWindow, jobs_button);
  gtk_widget_class_bind_template_child (widget_class, SpqrWindow, recent_menu);
  gtk_widget_class_bind_template_child (widget_class, SpqrWindow, recent_list);
  gtk_widget_class_bind_template_child (widget_class, SpqrWindow, recent_box);
  spqr_window_class_install_actions (widget_class);
}

static void
spqr_window_init (SpqrWindow *self)
{
  GtkDropTarget *drop = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (drop, "drop", G_CALLBACK (on_drop), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drop));
  g_signal_connect_object (self->tensor_list, "activated", G_CALLBACK (on_tensor_activated), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->stack, "notify::visible-child", G_CALLBACK (on_page_changed), self, G_CONNECT_SWAPPED);
}
