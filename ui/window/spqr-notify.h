/* spqr-notify.h: tells the desktop what a job has come to, for who has gone on to something else. */
#pragma once

#include <gtk/gtk.h>

/* Shows a notification, unless a window of the program is in front or no desktop takes any. body: nullable. A click on
 * it brings the window to the front; with result, "(ss)" of a model's location and a place, it activates app.show-result.
 * It goes when the program comes to the front, or ends. application: nullable. */
void spqr_notify_desktop (GtkApplication *application, const char *title, const char *body, GVariant *result);
/* So that a desktop which calls programs by name (GNOME) reaches this one; the first that has begun, of several. Once, when
 * the program has begun. */
void spqr_notify_own_name (GApplication *application);
/* Brings a window to the front, as asked for from outside of it. */
void spqr_window_come_forward (GtkWindow *window);
