#include "controls/spqr-access.h"

#include <glib/gi18n.h>

static void
name_first_button (GtkWidget *owner)
{
  for (GtkWidget *child = gtk_widget_get_first_child (owner); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_TOGGLE_BUTTON (child))
      {
        gtk_accessible_update_relation (GTK_ACCESSIBLE (child), GTK_ACCESSIBLE_RELATION_LABELLED_BY, owner, NULL, -1);
        return;
      }
}

/* The arrow beside a button is called what it says when pointed at. */
static void
name_arrow (AdwSplitButton *button)
{
  const char *name = adw_split_button_get_dropdown_tooltip (button);

  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (button)); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_MENU_BUTTON (child))
      gtk_accessible_update_property (GTK_ACCESSIBLE (child), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

void
spqr_name_inner_buttons (GtkWidget *root)
{
  if (ADW_IS_SPLIT_BUTTON (root))
    name_arrow (ADW_SPLIT_BUTTON (root));
  if (GTK_IS_DROP_DOWN (root) || GTK_IS_MENU_BUTTON (root))
    name_first_button (root);
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    spqr_name_inner_buttons (child);
}

static void
name_close_buttons (GtkWidget *root)
{
  if (GTK_IS_BUTTON (root) && g_strcmp0 (gtk_button_get_icon_name (GTK_BUTTON (root)), "window-close-symbolic") == 0)
    gtk_accessible_update_property (GTK_ACCESSIBLE (root), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Dismiss"), -1);
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    name_close_buttons (child);
}

static void
on_children_changed (GListModel *children, guint position, guint removed, guint added, AdwToastOverlay *overlay)
{
  for (guint i = position; i < position + added; i++)
    {
      g_autoptr (GtkWidget) child = g_list_model_get_item (children, i);

      /* The content has buttons with that icon, too; a toast stands beside it. */
      if (child != NULL && child != adw_toast_overlay_get_child (overlay))
        name_close_buttons (child);
    }
}

void
spqr_show_toast (AdwToastOverlay *overlay, AdwToast *toast)
{
  /* A toast is there only when those before it have gone. */
  if (g_object_get_data (G_OBJECT (overlay), "spqr-children") == NULL)
    {
      GListModel *children = gtk_widget_observe_children (GTK_WIDGET (overlay));

      g_signal_connect_object (children, "items-changed", G_CALLBACK (on_children_changed), overlay, 0);
      g_object_set_data_full (G_OBJECT (overlay), "spqr-children", children, g_object_unref);
    }
  adw_toast_overlay_add_toast (overlay, toast);
}

void
spqr_name_list_row (GtkWidget *child, const char *name)
{
  GtkWidget *row = gtk_widget_get_parent (child);

  if (row != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

void
spqr_name_column_row (GtkWidget *child, const char *name)
{
  GtkWidget *cell = gtk_widget_get_parent (child);

  if (cell != NULL)
    spqr_name_list_row (cell, name);
}
