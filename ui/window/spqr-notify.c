#include "window/spqr-notify.h"

#ifdef GDK_WINDOWING_X11
#include <gdk/x11/gdkx.h>
#endif

#define SENT "spqr-notifications-sent"

/* Any window of the program: who works in a dialog of it sees the toast soon enough. */
static gboolean
is_in_front (GtkApplication *application)
{
  for (GList *item = gtk_application_get_windows (application); item != NULL; item = item->next)
    if (gtk_window_is_active (item->data))
      return TRUE;
  return FALSE;
}

static guint
get_n_sent (GApplication *application)
{
  return GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (application), SENT));
}

static void
set_n_sent (GApplication *application, guint n)
{
  g_object_set_data (G_OBJECT (application), SENT, GUINT_TO_POINTER (n));
}

/* Who has come by himself needs no telling any more. */
static void
withdraw_all (GApplication *application)
{
  for (guint n = get_n_sent (application); n > 0; n--)
    {
      g_autofree char *id = g_strdup_printf ("job-%u", n);

      g_application_withdraw_notification (application, id);
    }
  set_n_sent (application, 0);
}

static void
on_active (GtkApplication *application)
{
  if (is_in_front (application))
    withdraw_all (G_APPLICATION (application));
}

static void
await_return (GtkApplication *application)
{
  g_signal_handlers_disconnect_by_func (application, withdraw_all, application);
  g_signal_connect_object (application, "shutdown", G_CALLBACK (withdraw_all), application, G_CONNECT_SWAPPED);
  for (GList *item = gtk_application_get_windows (application); item != NULL; item = item->next)
    {
      g_signal_handlers_disconnect_by_func (item->data, on_active, application);
      g_signal_connect_object (item->data, "notify::is-active", G_CALLBACK (on_active), application, G_CONNECT_SWAPPED);
    }
}

static void
on_server (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GNotification) notification = user_data;
  g_autoptr (GVariant) answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  GApplication *application = g_application_get_default ();
  g_autofree char *id = NULL;
  guint n;

  if (answer == NULL || application == NULL || is_in_front (GTK_APPLICATION (application)))
    return;
  n = get_n_sent (application) + 1;
  id = g_strdup_printf ("job-%u", n);
  set_n_sent (application, n);
  await_return (GTK_APPLICATION (application));
  g_application_send_notification (application, id, notification);
}

void
spqr_notify_desktop (GtkApplication *application, const char *title, const char *body, GVariant *result)
{
  GDBusConnection *bus = application != NULL ? g_application_get_dbus_connection (G_APPLICATION (application)) : NULL;
  GNotification *notification;

  if (bus == NULL || is_in_front (application))
    return;
  notification = g_notification_new (title);
  if (body != NULL)
    g_notification_set_body (notification, body);
  if (result != NULL)
    g_notification_set_default_action_and_target_value (notification, "app.show-result", result);
  else
    g_notification_set_default_action (notification, "app.activate");
  /* Asked first, because GLib complains where no desktop shows notifications. Not the bus, but the server itself: the bus
   * would only know those that it can start. */
  g_dbus_connection_call (bus, "org.freedesktop.Notifications", "/org/freedesktop/Notifications", "org.freedesktop.Notifications",
                          "GetServerInformation", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_server, notification);
}

void
spqr_notify_own_name (GApplication *application)
{
  GDBusConnection *bus = g_application_get_dbus_connection (application);

  if (bus != NULL)
    g_bus_own_name_on_connection (bus, g_application_get_application_id (application), G_BUS_NAME_OWNER_FLAGS_NONE, NULL, NULL, NULL, NULL);
}

/* Under X11 a window manager compares the time at which somebody last used this window with that of the window in front,
 * and leaves it behind when it is older: what was clicked is not a window of ours. */
void
spqr_window_come_forward (GtkWindow *window)
{
#ifdef GDK_WINDOWING_X11
  GdkSurface *surface = gtk_native_get_surface (GTK_NATIVE (window));

  if (surface != NULL && GDK_IS_X11_SURFACE (surface))
      gdk_x11_surface_set_user_time (surface, gdk_x11_get_server_time (surface));
#endif
  gtk_window_present (window);
}
