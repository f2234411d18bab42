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

static void
name_after (GtkWidget *part, GtkWidget *owner)
{
  gtk_accessible_update_relation (GTK_ACCESSIBLE (part), GTK_ACCESSIBLE_RELATION_LABELLED_BY, owner, NULL, -1);
}

/* Its button is where the keyboard stops; what the button shows is no second stop. */
static void
pass_over_shown_item (GtkWidget *root)
{
  if (g_str_equal (G_OBJECT_TYPE_NAME (root), "GtkListItemWidget"))
    gtk_widget_set_focusable (root, FALSE);
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (!GTK_IS_POPOVER (child))
      pass_over_shown_item (child);
}

/* A row that offers a choice shows what is chosen in a list of its own, where the keyboard has nothing to do. */
static void
name_lists (GtkWidget *root, const char *name)
{
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      if (GTK_IS_LIST_VIEW (child))
        gtk_accessible_update_property (GTK_ACCESSIBLE (child), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
      name_lists (child, name);
    }
}

/* A scrolled window is called what it scrolls, or else after the page or the dialog that it is the whole of. */
static void
name_scroller (GtkScrolledWindow *scroller)
{
  GtkWidget *child = gtk_scrolled_window_get_child (scroller), *owner = child;
  GtkWidget *page = gtk_widget_get_ancestor (GTK_WIDGET (scroller), ADW_TYPE_STATUS_PAGE);

  if (page != NULL)
    {
      const char *title = adw_status_page_get_title (ADW_STATUS_PAGE (page)), *text = adw_status_page_get_description (ADW_STATUS_PAGE (page));

      if (title == NULL || *title == '\0')
        title = text;
      if (title == NULL || *title == '\0')
        name_after (GTK_WIDGET (scroller), page);      /* nothing is said yet */
      else
        gtk_accessible_update_property (GTK_ACCESSIBLE (scroller), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
      return;
    }

  if (GTK_IS_VIEWPORT (child))
    {
      child = gtk_viewport_get_child (GTK_VIEWPORT (child));
      owner = GTK_IS_LIST_BOX (child) ? child : NULL;
    }
  if (owner == NULL && gtk_widget_get_ancestor (GTK_WIDGET (scroller), ADW_TYPE_PREFERENCES_PAGE) != NULL)
    owner = GTK_WIDGET (gtk_widget_get_root (GTK_WIDGET (scroller)));
  if (owner != NULL)
    name_after (GTK_WIDGET (scroller), owner);
}

static void
name_parts_of (GtkWidget *widget)
{
  if (ADW_IS_SPLIT_BUTTON (widget))
    name_arrow (ADW_SPLIT_BUTTON (widget));
  if (GTK_IS_DROP_DOWN (widget) || GTK_IS_MENU_BUTTON (widget))
    name_first_button (widget);
  if (GTK_IS_DROP_DOWN (widget))
    pass_over_shown_item (widget);
  if (ADW_IS_COMBO_ROW (widget))
    name_lists (widget, adw_preferences_row_get_title (ADW_PREFERENCES_ROW (widget)));
  if (GTK_IS_SCROLLED_WINDOW (widget))
    name_scroller (GTK_SCROLLED_WINDOW (widget));
  if (GTK_IS_COLUMN_VIEW (widget))
    for (GtkWidget *part = gtk_widget_get_first_child (widget); part != NULL; part = gtk_widget_get_next_sibling (part))
      name_after (part, widget);
  /* The list within a group that has no title of its own. */
  if (GTK_IS_LIST_BOX (widget) && gtk_widget_get_ancestor (widget, ADW_TYPE_PREFERENCES_GROUP) != NULL &&
      *adw_preferences_group_get_title (ADW_PREFERENCES_GROUP (gtk_widget_get_ancestor (widget, ADW_TYPE_PREFERENCES_GROUP))) == '\0')
    name_after (widget, GTK_WIDGET (gtk_widget_get_root (widget)));
}

void
spqr_name_inner_parts (GtkWidget *root)
{
  name_parts_of (root);
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    spqr_name_inner_parts (child);
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
