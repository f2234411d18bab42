/* spqr-control-row.h: a row of a list of settings: what it is, what more there is to say of it, and at its end the
 * control, which has the title for its name and which a click anywhere on the row reaches. Main thread. */
#pragma once

#include <gtk/gtk.h>

/* An AdwActionRow. title: markup. subtitle: or NULL. control may be a label, which only tells. */
GtkWidget *spqr_control_row_new (const char *title, const char *subtitle, GtkWidget *control);
