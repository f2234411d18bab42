/* spqr-access.h: what assistive programs are told where GTK leaves a gap. */
#pragma once

#include <adwaita.h>

/* Drop-downs and menu buttons take the keyboard through a button inside of them that has no name of
 * its own: below root, every such button is from now on called what its owner is called. */
void spqr_name_inner_buttons (GtkWidget *root);
/* Shows a toast (taken), whose button to close it gets the name that libadwaita leaves out. */
void spqr_show_toast (AdwToastOverlay *overlay, AdwToast *toast);
/* Names the row of a list or table that holds `child` (a list item's child, once bound). */
void spqr_name_list_row (GtkWidget *child, const char *name);
/* Names the row of a column view that holds `child` (a cell's child, once bound). */
void spqr_name_column_row (GtkWidget *child, const char *name);
