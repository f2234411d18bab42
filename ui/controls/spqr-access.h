/* spqr-access.h: what assistive programs are told where GTK leaves a gap. */
#pragma once

#include <adwaita.h>

/* Drop-downs, menu buttons, tables and what scrolls take the keyboard through parts inside of them that have no names of
 * their own: below root, every such part is from now on called what its owner is called. */
void spqr_name_inner_parts (GtkWidget *root);
/* Shows a toast (taken), whose button to close it gets the name that libadwaita leaves out. */
void spqr_show_toast (AdwToastOverlay *overlay, AdwToast *toast);
/* Names the row of a list or table that holds `child` (a list item's child, once bound). */
void spqr_name_list_row (GtkWidget *child, const char *name);
/* Names the row of a column view that holds `child` (a cell's child, once bound). */
void spqr_name_column_row (GtkWidget *child, const char *name);
