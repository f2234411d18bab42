/* spqr-reason.h: what cannot be done now says why. */
#pragma once

#include <gtk/gtk.h>

/* why NULL: the widget can be used, and its tooltip is the usual one again; else it cannot, and its tooltip is why. */
void spqr_widget_set_reason (GtkWidget *widget, const char *why);
/* For a button whose action is enabled and disabled elsewhere: the tooltip alone. */
void spqr_widget_explain (GtkWidget *widget, const char *why);
