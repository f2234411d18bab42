/* spqr-offer-list.h: what both lists of work that can be taken up again are made of: a titled list among the jobs,
 * buttons of its rows that act once, and a toast that tells of it at the start. Main thread. */
#pragma once

#include <adwaita.h>

/* A heading with `beside` (or NULL) at its end, and below it *list, a GtkListBox. */
GtkWidget *spqr_offer_list_new (const char *title, GtkWidget *beside, GtkWidget **list);
/* Puts the rows that make_row makes of items into list, in the place of those it had. */
void spqr_offer_list_fill (GtkWidget *list, GPtrArray *items, GtkWidget *(*make_row) (gpointer item));
/* button at the end of row: it activates action with id, and row is gone. */
void spqr_offer_row_add_button (GtkWidget *row, GtkWidget *button, const char *action, gint64 id);
/* For ten seconds, where the window of `within` shows such things. target: or NULL; floating references are taken. */
void spqr_offer_toast (GtkWidget *within, const char *text, const char *label, const char *action, GVariant *target);
