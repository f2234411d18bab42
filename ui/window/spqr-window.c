#include "window/spqr-window.h"

#include <glib/gi18n.h>

#include "controls/spqr-access.h"
#include "controls/spqr-reason.h"
#include "job/spqr-run-manifest.h"
#include "session/spqr-model-memory.h"
#include "session/spqr-settings.h"
#include "session/spqr-waiting-keeper.h"
#include "window/spqr-jobs-button.h"
#include "window/spqr-model-view.h"
#include "window/spqr-notify.h"
#include "window/spqr-window-private.h"

struct _SpqrWindow {
  AdwApplicationWindow parent_instance;

  AdwToastOverlay *toasts;
  AdwViewSwitcher *switcher;
  AdwTabBar *tab_bar;
  AdwTabView *tab_view;
  GtkToggleButton *sidebar_button;
  GtkWidget *quantize_button;
  SpqrJobsButton *jobs_button;
  GMenu *recent_menu;
  GBinding *sidebar_binding;       /* of the button to the view in front */
  SpqrJobQueue *jobs;
  SpqrWaitingKeeper *keeper;
};

G_DEFINE_FINAL_TYPE (SpqrWindow, spqr_window, ADW_TYPE_APPLICATION_WINDOW)

/* The one in front; NULL only while the window goes. */
static SpqrModelView *
get_view (SpqrWindow *self)
{
  AdwTabPage *page = adw_tab_view_get_selected_page (self->tab_view);

  return page != NULL ? SPQR_MODEL_VIEW (adw_tab_page_get_child (page)) : NULL;
}

static SpqrModelView *
get_nth_view (SpqrWindow *self, int n)
{
  return SPQR_MODEL_VIEW (adw_tab_page_get_child (adw_tab_view_get_nth_page (self->tab_view, n)));
}

SpqrSession *
spqr_window_get_session (SpqrWindow *self)
{
  return spqr_model_view_get_session (get_view (self));
}

void
spqr_window_toast (SpqrWindow *self, const char *text)
{
  spqr_show_toast (self->toasts, adw_toast_new (text));
}

void
spqr_window_toast_with_folder (SpqrWindow *self, const char *text, const char *folder)
{
  AdwToast *toast = adw_toast_new (text);

  adw_toast_set_button_label (toast, _("_Show"));
  adw_toast_set_action_name (toast, "win.show-folder");
  adw_toast_set_action_target (toast, "s", folder);
  spqr_show_toast (self->toasts, toast);
}

void
spqr_window_show_page (SpqrWindow *self, const char *name)
{
  spqr_model_view_show_page (get_view (self), name);
}

void
spqr_window_toggle_sidebar (SpqrWindow *self)
{
  SpqrModelView *view = get_view (self);

  spqr_model_view_set_sidebar (view, !spqr_model_view_get_sidebar (view));
}

void
spqr_window_focus_search (SpqrWindow *self)
{
  spqr_model_view_focus_search (get_view (self));
}

void
spqr_window_explain_quantize (SpqrWindow *self, const char *why)
{
  spqr_widget_explain (self->quantize_button, why);
}

void
spqr_window_show_jobs (SpqrWindow *self)
{
  spqr_jobs_button_show (self->jobs_button);
}

static gboolean
present (gpointer dialog)
{
  gtk_window_present (dialog);
  return G_SOURCE_REMOVE;
}

/* The window is raised once more behind this. */
static void
present_soon (GtkWindow *dialog)
{
  g_idle_add_full (G_PRIORITY_DEFAULT, present, g_object_ref (dialog), g_object_unref);
}

static void
on_failed (SpqrWindow *self, const char *title, const char *message)
{
  GtkApplication *application = gtk_window_get_application (GTK_WINDOW (self));
  GtkWindow *front = application != NULL ? gtk_application_get_active_window (application) : NULL;
  GtkWidget *dialog = adw_message_dialog_new (front != NULL ? front : GTK_WINDOW (self), title, message);

  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _("_Close"));
  /* Before the window it would end up behind it, where nobody sees why nothing can be clicked. */
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    gtk_window_present (GTK_WINDOW (dialog));
  else
    g_signal_connect_object (self, "map", G_CALLBACK (present_soon), dialog, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
}

static void
on_done (SpqrWindow *self, const char *text, const char *place, SpqrSession *session)
{
  SpqrModel *model = spqr_session_get_model (session);
  g_autoptr (GVariant) result = g_variant_ref_sink (g_variant_new ("(ss)", model != NULL ? spqr_model_get_location (model) : "", place));
  AdwToast *toast = adw_toast_new (text);

  adw_toast_set_timeout (toast, 10);           /* who waited for it may be looking elsewhere */
  adw_toast_set_button_label (toast, _("_Show"));
  adw_toast_set_action_name (toast, "app.show-result");
  adw_toast_set_action_target_value (toast, result);
  spqr_show_toast (self->toasts, toast);
  spqr_notify_desktop (gtk_window_get_application (GTK_WINDOW (self)), text, NULL, result);
}

/* ---- models that were open before ---- */

static void
update_recent (SpqrWindow *self)
{
  g_auto (GStrv) recent = spqr_memory_list_recent (8);

  g_menu_remove_all (self->recent_menu);
  for (guint i = 0; recent[i] != NULL; i++)
    {
      g_autofree char *name = g_path_get_basename (recent[i]);
      g_autoptr (GMenuItem) item = g_menu_item_new (name, NULL);

      g_menu_item_set_action_and_target (item, "win.open-path", "s", recent[i]);
      g_menu_append_item (self->recent_menu, item);
    }
  for (int i = 0; i < adw_tab_view_get_n_pages (self->tab_view); i++)
    spqr_model_view_show_recent (get_nth_view (self, i), (const char *const *) recent);
}

static gboolean
on_drop (GtkDropTarget *target, const GValue *value, double x, double y, SpqrWindow *self)
{
  GSList *files = gdk_file_list_get_files (g_value_get_boxed (value));
  gboolean any = FALSE;

  for (GSList *item = files; item != NULL; item = item->next)
    {
      g_autofree char *path = g_file_get_path (item->data);

      if (path != NULL && spqr_run_manifest_is_in (path) && spqr_session_get_store (spqr_window_get_session (self)) != NULL)
        spqr_session_import_run (spqr_window_get_session (self), path);
      else if (path != NULL)
        spqr_window_open (self, path);
      any = any || path != NULL;
    }
  g_slist_free (files);
  return any;
}

/* ---- tabs ---- */

static AdwTabPage *
get_page_of (SpqrWindow *self, SpqrSession *session)
{
  for (int i = 0; i < adw_tab_view_get_n_pages (self->tab_view); i++)
    if (spqr_model_view_get_session (get_nth_view (self, i)) == session)
      return adw_tab_view_get_nth_page (self->tab_view, i);
  return NULL;
}

static void
update_title (SpqrWindow *self)
{
  SpqrModelView *view = get_view (self);
  SpqrModel *model = view != NULL ? spqr_session_get_model (spqr_model_view_get_session (view)) : NULL;

  gtk_window_set_title (GTK_WINDOW (self), model != NULL ? spqr_model_get_name (model) : _("SpQR Studio"));
}

/* libadwaita gives a tab and its closing button no name. */
static void
name_tabs (GtkWidget *root)
{
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      g_autoptr (AdwTabPage) page = NULL;

      if (!g_str_equal (G_OBJECT_TYPE_NAME (child), "AdwTab"))
        {
          name_tabs (child);
          continue;
        }
      g_object_get (child, "page", &page, NULL);
      if (page != NULL)
        gtk_accessible_update_property (GTK_ACCESSIBLE (child), GTK_ACCESSIBLE_PROPERTY_LABEL, adw_tab_page_get_title (page), -1);
      for (GtkWidget *inner = gtk_widget_get_first_child (child); inner != NULL; inner = gtk_widget_get_next_sibling (inner))
        if (GTK_IS_BUTTON (inner))
          gtk_accessible_update_property (GTK_ACCESSIBLE (inner), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Close this tab"), -1);
    }
}

static void
update_tab (SpqrWindow *self, SpqrSession *session)
{
  AdwTabPage *page = get_page_of (self, session);
  SpqrModel *model = spqr_session_get_model (session);

  if (page == NULL)
    return;
  adw_tab_page_set_title (page, model != NULL ? spqr_model_get_name (model) : _("New Tab"));
  adw_tab_page_set_tooltip (page, model != NULL ? spqr_model_get_location (model) : "");
  adw_tab_page_set_loading (page, spqr_session_is_opening (session));
  name_tabs (GTK_WIDGET (self->tab_bar));
}

static void
on_model (SpqrWindow *self, GParamSpec *pspec, SpqrSession *session)
{
  update_tab (self, session);
  update_recent (self);
  update_title (self);
  spqr_window_update_actions (self);
}

static void
on_opening (SpqrWindow *self, GParamSpec *pspec, SpqrSession *session)
{
  update_tab (self, session);
  spqr_window_update_actions (self);
}

/* A tab that was made for a model which then did not open has nothing to show. */
static void
on_session_failed (SpqrWindow *self, const char *title, const char *message, SpqrSession *session)
{
  AdwTabPage *page = get_page_of (self, session);

  if (page != NULL && g_object_get_data (G_OBJECT (page), "for-model") != NULL && spqr_session_get_model (session) == NULL &&
      !spqr_session_is_opening (session) && adw_tab_view_get_n_pages (self->tab_view) > 1)
    adw_tab_view_close_page (self->tab_view, page);
  on_failed (self, title, message);
  spqr_notify_desktop (gtk_window_get_application (GTK_WINDOW (self)), title, message, NULL);
}

/* Something is asked for of a model that is another tab's, or nobody's yet. */
static SpqrSession *
on_wants_tab (SpqrWindow *self, const char *path)
{
  spqr_window_open (self, path);
  return g_object_ref (spqr_window_get_session (self));
}

static AdwTabPage *
add_tab (SpqrWindow *self, SpqrSession *session)
{
  SpqrModelView *view = spqr_model_view_new (session);
  AdwTabPage *front = adw_tab_view_get_selected_page (self->tab_view);
  AdwTabPage *page = adw_tab_view_add_page (self->tab_view, GTK_WIDGET (view), front);

  spqr_window_restore_view (view);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (on_model), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::opening", G_CALLBACK (on_opening), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "done", G_CALLBACK (on_done), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "wants-tab", G_CALLBACK (on_wants_tab), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "failed", G_CALLBACK (on_session_failed), self, G_CONNECT_SWAPPED);
  update_tab (self, session);
  update_recent (self);
  return page;
}

static AdwTabPage *
add_tab_beside (SpqrWindow *self)
{
  g_autoptr (SpqrSession) session = spqr_session_new_beside (spqr_window_get_session (self));
  AdwTabPage *page;

  spqr_window_keep (GTK_WINDOW (self), get_view (self));      /* the new one begins like the one in front */
  page = add_tab (self, session);
  adw_tab_view_set_selected_page (self->tab_view, page);
  return page;
}

void
spqr_window_add_tab (SpqrWindow *self)
{
  add_tab_beside (self);
}

void
spqr_window_open (SpqrWindow *self, const char *path)
{
  SpqrSession *session = spqr_window_get_session (self);

  for (int i = 0; i < adw_tab_view_get_n_pages (self->tab_view); i++)
    if (spqr_session_is_about (spqr_model_view_get_session (get_nth_view (self, i)), path))
      {
        adw_tab_view_set_selected_page (self->tab_view, adw_tab_view_get_nth_page (self->tab_view, i));
        return;
      }
  if (spqr_session_get_model (session) != NULL || spqr_session_is_opening (session))
    {
      g_object_set_data (G_OBJECT (add_tab_beside (self)), "for-model", self);
      session = spqr_window_get_session (self);
    }
  spqr_session_open (session, path);
}

void
spqr_window_show_result (SpqrWindow *self, const char *location, const char *place)
{
  for (int i = 0; i < adw_tab_view_get_n_pages (self->tab_view); i++)
    if (*location != '\0' && spqr_session_is_about (spqr_model_view_get_session (get_nth_view (self, i)), location))
      {
        adw_tab_view_set_selected_page (self->tab_view, adw_tab_view_get_nth_page (self->tab_view, i));
        break;
      }
  spqr_window_come_forward (GTK_WINDOW (self));
  gtk_widget_activate_action (GTK_WIDGET (self), g_path_is_absolute (place) ? "win.show-folder" : "win.page", "s", place);
}

static void
on_tab_selected (SpqrWindow *self)
{
  SpqrModelView *view = get_view (self);

  if (self->sidebar_binding != NULL)
    g_binding_unbind (self->sidebar_binding);
  g_clear_object (&self->sidebar_binding);
  adw_view_switcher_set_stack (self->switcher, view != NULL ? spqr_model_view_get_stack (view) : NULL);
  if (view == NULL)
    return;
  self->sidebar_binding = g_object_ref (g_object_bind_property (view, "sidebar", self->sidebar_button, "active",
                                                                G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL));
  update_title (self);
  spqr_window_update_actions (self);
}

SpqrWindow *
spqr_window_new (AdwApplication *application, SpqrSession *session)
{
  SpqrWindow *self = g_object_new (SPQR_TYPE_WINDOW, "application", application, NULL);
  const GError *error = spqr_session_get_store_error (session);

  self->jobs = g_object_ref (spqr_session_get_jobs (session));
  self->keeper = spqr_waiting_keeper_new (self->jobs, spqr_session_get_store (session));
  spqr_jobs_button_set_queue (self->jobs_button, self->jobs, spqr_session_get_store (session));
  add_tab (self, session);
  spqr_window_restore (GTK_WINDOW (self), get_view (self));
  spqr_name_inner_parts (GTK_WIDGET (self));
  if (error != NULL)
    on_failed (self, _("The history of runs cannot be opened"), error->message);
  return self;
}

/* ---- another history: all tabs are made anew over it ---- */

void
spqr_window_set_database (SpqrWindow *self, const char *database)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrSession) first = spqr_session_new_with_database (spqr_window_get_session (self), database, &error);
  SpqrStore *store = spqr_session_get_store (spqr_window_get_session (self));
  int n = adw_tab_view_get_n_pages (self->tab_view), front;

  if (first == NULL)
    {
      on_failed (self, _("The history of runs cannot be opened"), error->message);
      g_object_set (spqr_settings_get_default (), "database", store != NULL ? spqr_store_get_path (store) : "", NULL);
      return;
    }
  if (store != NULL && g_str_equal (spqr_store_get_path (store), spqr_store_get_path (spqr_session_get_store (first))))
    return;
  spqr_window_keep (GTK_WINDOW (self), get_view (self));
  front = adw_tab_view_get_page_position (self->tab_view, adw_tab_view_get_selected_page (self->tab_view));
  for (int i = 0; i < n; i++)
    {
      SpqrModelView *old = get_nth_view (self, 0);
      SpqrModel *model = spqr_session_get_model (spqr_model_view_get_session (old));
      g_autoptr (SpqrSession) session = i == 0 ? g_object_ref (first) : spqr_session_new_beside (first);
      AdwTabPage *page = add_tab (self, session);

      adw_tab_view_reorder_last (self->tab_view, page);
      spqr_model_view_show_page (SPQR_MODEL_VIEW (adw_tab_page_get_child (page)), spqr_model_view_get_page (old));
      if (model != NULL)
        spqr_session_open (session, spqr_model_get_location (model));
      adw_tab_view_close_page (self->tab_view, adw_tab_view_get_nth_page (self->tab_view, 0));
    }
  adw_tab_view_set_selected_page (self->tab_view, adw_tab_view_get_nth_page (self->tab_view, front));
  spqr_jobs_button_set_store (self->jobs_button, spqr_session_get_store (first));
  spqr_waiting_keeper_set_store (self->keeper, spqr_session_get_store (first));
}

/* A message's "destructive" answer goes on with what was asked about; the other leaves everything as it is. */
static AdwMessageDialog *
ask_about_jobs (SpqrWindow *self)
{
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (GTK_WINDOW (self), _("Jobs are still running"),
    _("Layers that are finished stay stored, and the run can be gone on with later.")));

  adw_message_dialog_add_responses (dialog, "stay", _("_Keep Running"), "leave", _("_Cancel Jobs and Close"), NULL);
  adw_message_dialog_set_response_appearance (dialog, "leave", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_close_response (dialog, "stay");
  gtk_window_present (GTK_WINDOW (dialog));
  return dialog;
}

/* ---- closing a tab: its own jobs end with it ---- */

static void
finish_close (SpqrWindow *self, AdwTabPage *page, gboolean confirm)
{
  SpqrSession *session = spqr_model_view_get_session (SPQR_MODEL_VIEW (adw_tab_page_get_child (page)));

  if (confirm)
    spqr_session_close (session);
  adw_tab_view_close_page_finish (self->tab_view, page, confirm);
}

static void
on_tab_answer (AdwMessageDialog *dialog, const char *response, AdwTabPage *page)
{
  SpqrWindow *self = SPQR_WINDOW (gtk_window_get_transient_for (GTK_WINDOW (dialog)));

  finish_close (self, page, g_str_equal (response, "leave"));
}

static gboolean
on_close_page (AdwTabView *tab_view, AdwTabPage *page, SpqrWindow *self)
{
  SpqrSession *session = spqr_model_view_get_session (SPQR_MODEL_VIEW (adw_tab_page_get_child (page)));

  if (spqr_session_get_n_active (session) > 0)
    g_signal_connect_object (ask_about_jobs (self), "response", G_CALLBACK (on_tab_answer), page, 0);
  else
    finish_close (self, page, TRUE);
  return GDK_EVENT_STOP;
}

/* The program has one window: a tab that is dropped outside of it comes back. */
static AdwTabView *
on_create_window (AdwTabView *tab_view, SpqrWindow *self)
{
  return tab_view;
}

void
spqr_window_close_tab (SpqrWindow *self)
{
  if (adw_tab_view_get_n_pages (self->tab_view) > 1)
    adw_tab_view_close_page (self->tab_view, adw_tab_view_get_selected_page (self->tab_view));
  else
    gtk_window_close (GTK_WINDOW (self));
}

/* ---- models that were open at the end ---- */

static void
keep_tabs (SpqrWindow *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) open = NULL;

  for (int i = 0; i < adw_tab_view_get_n_pages (self->tab_view); i++)
    {
      SpqrModel *model = spqr_session_get_model (spqr_model_view_get_session (get_nth_view (self, i)));

      if (model != NULL && g_utf8_validate (spqr_model_get_location (model), -1, NULL))
        g_strv_builder_add (builder, spqr_model_get_location (model));
    }
  open = g_strv_builder_end (builder);
  g_object_set (spqr_settings_get_default (), "open-models", open, NULL);
}

/* Once the window is there: nobody waits for a model before he sees it. */
static gboolean
open_kept (gpointer data)
{
  SpqrWindow *self = data;
  g_auto (GStrv) open = spqr_settings_get_open_models (spqr_settings_get_default ());
  AdwTabPage *first = adw_tab_view_get_nth_page (self->tab_view, 0);
  SpqrSession *session = spqr_model_view_get_session (get_nth_view (self, 0));

  /* Somebody was faster. */
  if (spqr_session_get_model (session) != NULL || spqr_session_is_opening (session))
    return G_SOURCE_REMOVE;
  for (guint i = 0; open[i] != NULL; i++)
    if (g_file_test (open[i], G_FILE_TEST_EXISTS))
      spqr_window_open (self, open[i]);
  adw_tab_view_set_selected_page (self->tab_view, first);
  return G_SOURCE_REMOVE;
}

void
spqr_window_open_kept (SpqrWindow *self)
{
  if (spqr_settings_get_boolean (spqr_settings_get_default (), "reopen"))
    g_idle_add_full (G_PRIORITY_LOW, open_kept, g_object_ref (self), g_object_unref);
}

/* ---- closing during a job: ask once, then cancel and leave ---- */

static void
leave (SpqrWindow *self)
{
  spqr_window_keep (GTK_WINDOW (self), get_view (self));
  keep_tabs (self);
  spqr_waiting_keeper_finish (self->keeper);       /* before they are cancelled */
  for (int i = 0; i < adw_tab_view_get_n_pages (self->tab_view); i++)
    spqr_session_close (spqr_model_view_get_session (get_nth_view (self, i)));
  spqr_session_shutdown (spqr_window_get_session (self));
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

  if (spqr_job_queue_get_n_active (self->jobs) > 0)
    g_signal_connect_object (ask_about_jobs (self), "response", G_CALLBACK (on_close_answer), self, 0);
  else
    leave (self);
  return GDK_EVENT_STOP;
}

static void
spqr_window_dispose (GObject *object)
{
  SpqrWindow *self = SPQR_WINDOW (object);

  g_clear_object (&self->sidebar_binding);
  g_clear_object (&self->keeper);
  g_clear_object (&self->jobs);
  gtk_widget_dispose_template (GTK_WIDGET (object), SPQR_TYPE_WINDOW);
  G_OBJECT_CLASS (spqr_window_parent_class)->dispose (object);
}

static void
spqr_window_class_init (SpqrWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = spqr_window_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = spqr_window_close_request;
  g_type_ensure (SPQR_TYPE_JOBS_BUTTON);
  gtk_widget_class_set_template_from_resource (widget_class, "/studio/spqr/SpqrStudio/ui/spqr-window.ui");
  gtk_widget_class_bind_template_child (widget_class, SpqrWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, SpqrWindow, switcher);
  gtk_widget_class_bind_template_child (widget_class, SpqrWindow, tab_bar);
  gtk_widget_class_bind_template_child (widget_class, SpqrWindow, tab_view);
  gtk_widget_class_bind_template_child (widget_class, SpqrWindow, sidebar_button);
  gtk_widget_class_bind_template_child (widget_class, SpqrWindow, jobs_button);
  gtk_widget_class_bind_template_child (widget_class, SpqrWindow, quantize_button);
  gtk_widget_class_bind_template_child (widget_class, SpqrWindow, recent_menu);
  spqr_window_class_install_actions (widget_class);
}

static void
spqr_window_init (SpqrWindow *self)
{
  GtkDropTarget *drop = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (drop, "drop", G_CALLBACK (on_drop), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drop));
  g_signal_connect_object (self->tab_view, "notify::selected-page", G_CALLBACK (on_tab_selected), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->tab_view, "close-page", G_CALLBACK (on_close_page), self, 0);
  g_signal_connect_object (self->tab_view, "create-window", G_CALLBACK (on_create_window), self, 0);
}
