/* spqr-column-title.h: what GTK's table headers cannot be told by their columns. */
#pragma once

#include <gtk/gtk.h>

/* The title of the column at `position`: at the right, as its figures are, and what it explains when
 * pointed at (NULL: nothing). Call after the column was added. The title, or NULL. */
GtkWidget *spqr_column_title_dress (GtkColumnView *view, guint position, gboolean right, const char *tooltip);
