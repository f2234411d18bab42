#include "window/spqr-application.h"

#include <glib/gi18n.h>

#include "compute/spqr-pool.h"
#include "session/spqr-settings.h"
#include "spqr-build.h"
#include "window/spqr-loop-probe.h"
#include "window/spqr-notify.h"
#include "window/spqr-preferences.h"
#include "window/spqr-window.h"

struct _SpqrApplication {
  AdwApplication parent_instance;
  char *database;
};

G_DEFINE_FINAL_TYPE (SpqrApplication, spqr_application, ADW_TYPE_APPLICATION)

static SpqrWindow *
new_window (SpqrApplication *self)
{
  const char *setting = spqr_settings_get_string (spqr_settings_get_default (), "database");
  g_autoptr (SpqrSession) session = spqr_session_new (self->database != NULL ? self->database : *setting != '\0' ? setting : NULL);
  SpqrWindow *window = spqr_window_new (ADW_APPLICATION (self), session);

  gtk_window_present (GTK_WINDOW (window));
  return window;
}

static void
spqr_application_activate (GApplication *application)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (application));

  if (window != NULL)
    spqr_window_come_forward (window);
  else
    spqr_window_open_kept (new_window (SPQR_APPLICATION (application)));
}

static void
spqr_application_open (GApplication *application, GFile **files, int n_files, const char *hint)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (application));

  if (window == NULL)
    window = GTK_WINDOW (new_window (SPQR_APPLICATION (application)));
  for (int i = 0; i < n_files; i++)
    {
      g_autofree char *path = g_file_get_path (files[i]);

      if (path != NULL)
        spqr_window_open (SPQR_WINDOW (window), path);
    }
  gtk_window_present (window);
}

static int
spqr_application_handle_local_options (GApplication *application, GVariantDict *options)
{
  SpqrApplication *self = SPQR_APPLICATION (application);

  if (g_variant_dict_contains (options, "version"))
    {
      g_print ("spqr-studio %s\n", SPQR_VERSION);
      return 0;
    }
  g_variant_dict_lookup (options, "db", "^ay", &self->database);
  return -1;
}

static void
show_about (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  adw_show_about_window (gtk_application_get_active_window (user_data),
                         "application-name", _("SpQR Studio"),
                         "application-icon", "studio.spqr.SpqrStudio",
                         "version", SPQR_VERSION,
                         "license-type", GTK_LICENSE_APACHE_2_0,
                         "developer-name", _("The SpQR Studio developers"),
                         "comments", _("See where a model's weights are fragile, tune SpQR until the bits are where they matter, "
                                       "measure what it costs, and export what you measured."),
                         NULL);
}

static void
show_preferences (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  GtkWindow *window = gtk_application_get_active_window (user_data);

  if (SPQR_IS_WINDOW (window))
    gtk_window_present (GTK_WINDOW (spqr_preferences_new (window, spqr_window_get_session (SPQR_WINDOW (window)),
                                                          SPQR_APPLICATION (user_data)->database)));
}

static void
activate (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  g_application_activate (user_data);
}

/* From a toast or a notification; a dialog may be the active window. */
static void
show_result (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  GList *windows = gtk_application_get_windows (user_data);
  const char *location, *place;

  g_variant_get (parameter, "(&s&s)", &location, &place);
  for (; windows != NULL && !SPQR_IS_WINDOW (windows->data); windows = windows->next)
    ;
  if (windows != NULL)
    spqr_window_show_result (windows->data, location, place);
}

static void
quit (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  GtkWindow *window = gtk_application_get_active_window (user_data);

  /* A window knows whether something is still running. */
  if (window != NULL)
    gtk_window_close (window);
  else
    g_application_quit (user_data);
}

/* ---- settings that count at once ---- */

static void
apply_appearance (SpqrSettings *settings)
{
  const char *appearance = spqr_settings_get_string (settings, "appearance");
  AdwColorScheme scheme = g_str_equal (appearance, "light") ? ADW_COLOR_SCHEME_FORCE_LIGHT
                        : g_str_equal (appearance, "dark") ? ADW_COLOR_SCHEME_FORCE_DARK : ADW_COLOR_SCHEME_DEFAULT;

  adw_style_manager_set_color_scheme (adw_style_manager_get_default (), scheme);
}

static void
apply_threads (SpqrSettings *settings)
{
  spqr_pool_set_default_threads ((guint) spqr_settings_get_int (settings, "threads"));
}

static void
apply_database (SpqrSettings *settings, GParamSpec *pspec, SpqrApplication *self)
{
  const char *database = spqr_settings_get_string (settings, "database");
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self));

  for (; window != NULL && !SPQR_IS_WINDOW (window); window = gtk_window_get_transient_for (window))
    ;
  if (self->database == NULL && window != NULL)
    spqr_window_set_database (SPQR_WINDOW (window), *database != '\0' ? database : NULL);
}

static void
apply_settings (SpqrApplication *self)
{
  SpqrSettings *settings = spqr_settings_get_default ();

  apply_appearance (settings);
  apply_threads (settings);
  g_signal_connect_object (settings, "notify::appearance", G_CALLBACK (apply_appearance), self, 0);
  g_signal_connect_object (settings, "notify::threads", G_CALLBACK (apply_threads), self, 0);
  g_signal_connect_object (settings, "notify::database", G_CALLBACK (apply_database), self, 0);
}

static void
spqr_application_startup (GApplication *application)
{
  static const GActionEntry actions[] = { { "about", show_about }, { "preferences", show_preferences }, { "activate", activate }, { "quit", quit },
                                          { "show-result", show_result, "(ss)" } };
  static const struct { const char *action, *keys[3]; } keys[] = {
    { "win.open", { "<Control>o" } },          { "win.open-file", { "<Control><Shift>o" } },
    { "win.find", { "<Control>f" } },
    { "win.sidebar", { "F9" } },                { "app.preferences", { "<Control>comma" } },
    { "win.quantize", { "<Control><Shift>q" } }, { "win.calibrate", { "<Control><Shift>c" } },
    { "win.page('map')", { "<Alt>1" } },       { "win.page('layer')", { "<Alt>2" } },
    { "win.page('runs')", { "<Alt>3" } },      { "app.quit", { "<Control>q" } },
    { "win.new-tab", { "<Control>t" } },       { "win.close-tab", { "<Control>w" } },
  };

  G_APPLICATION_CLASS (spqr_application_parent_class)->startup (application);
  g_action_map_add_action_entries (G_ACTION_MAP (application), actions, G_N_ELEMENTS (actions), application);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (application), keys[i].action, keys[i].keys);
  gtk_window_set_default_icon_name ("studio.spqr.SpqrStudio");
  apply_settings (SPQR_APPLICATION (application));
  spqr_pool_set_default_behind_window ();
  spqr_loop_probe_start ();
  spqr_notify_own_name (application);
}

static void
spqr_application_finalize (GObject *object)
{
  g_free (SPQR_APPLICATION (object)->database);
  G_OBJECT_CLASS (spqr_application_parent_class)->finalize (object);
}

static void
spqr_application_class_init (SpqrApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = spqr_application_finalize;
  application_class->startup = spqr_application_startup;
  application_class->activate = spqr_application_activate;
  application_class->open = spqr_application_open;
  application_class->handle_local_options = spqr_application_handle_local_options;
}

static void
spqr_application_init (SpqrApplication *self)
{
  const GOptionEntry entries[] = {
    { "db", 0, 0, G_OPTION_ARG_FILENAME, NULL, N_("The database (default: in your data folder)"), N_("FILE") },
    { "version", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Print the version"), NULL },
    G_OPTION_ENTRY_NULL
  };

  g_application_add_main_option_entries (G_APPLICATION (self), entries);
  g_application_set_option_context_parameter_string (G_APPLICATION (self), _("[MODEL…]"));
}

SpqrApplication *
spqr_application_new (void)
{
  return g_object_new (SPQR_TYPE_APPLICATION,
                       "application-id", "studio.spqr.SpqrStudio",
                       "flags", G_APPLICATION_HANDLES_OPEN | G_APPLICATION_NON_UNIQUE,
                       "resource-base-path", "/studio/spqr/SpqrStudio", NULL);
}
