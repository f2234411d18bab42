#include "window/spqr-offer-list.h"

#include "controls/spqr-access.h"

enum { SHOWN_SECONDS = 10 };

GtkWidget *
spqr_offer_list_new (const char *title, GtkWidget *beside, GtkWidget **list)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6), *bar = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *heading = gtk_label_new (title);

  gtk_label_set_xalign (GTK_LABEL (heading), 0);
  gtk_widget_set_hexpand (heading, TRUE);
  gtk_widget_add_css_class (heading, "heading");
  gtk_box_append (GTK_BOX (bar), heading);
  if (beside != NULL)
    gtk_box_append (GTK_BOX (bar), beside);

  *list = gtk_list_box_new ();
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (*list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (*list, "boxed-list");
  gtk_accessible_update_property (GTK_ACCESSIBLE (*list), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);

  gtk_box_append (GTK_BOX (box), bar);
  gtk_box_append (GTK_BOX (box), *list);
  return box;
}

void
spqr_offer_list_fill (GtkWidget *list, GPtrArray *items, GtkWidget *(*make_row) (gpointer item))
{
  GtkListBoxRow *row;

  while ((row = gtk_list_box_get_row_at_index (GTK_LIST_BOX (list), 0)) != NULL)
    gtk_list_box_remove (GTK_LIST_BOX (list), GTK_WIDGET (row));
  for (guint i = 0; i < items->len; i++)
    gtk_list_box_append (GTK_LIST_BOX (list), make_row (items->pdata[i]));
}

/* What was offered is among the jobs now, or forgotten. */
static void
on_clicked (GtkWidget *button, GtkWidget *row)
{
  gtk_widget_set_visible (row, FALSE);
}

void
spqr_offer_row_add_button (GtkWidget *row, GtkWidget *button, const char *action, gint64 id)
{
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action);
  gtk_actionable_set_action_target (GTK_ACTIONABLE (button), "x", id);
  g_signal_connect_object (button, "clicked", G_CALLBACK (on_clicked), row, G_CONNECT_AFTER);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
}

void
spqr_offer_toast (GtkWidget *within, const char *text, const char *label, const char *action, GVariant *target)
{
  g_autoptr (GVariant) taken = target != NULL ? g_variant_ref_sink (target) : NULL;
  GtkWidget *overlay = gtk_widget_get_ancestor (within, ADW_TYPE_TOAST_OVERLAY);
  AdwToast *toast;

  if (overlay == NULL)
    return;
  toast = adw_toast_new (text);
  adw_toast_set_timeout (toast, SHOWN_SECONDS);
  adw_toast_set_button_label (toast, label);
  adw_toast_set_action_name (toast, action);
  adw_toast_set_action_target_value (toast, taken);
  spqr_show_toast (ADW_TOAST_OVERLAY (overlay), toast);
}
