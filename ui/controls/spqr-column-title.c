#include "controls/spqr-column-title.h"

/* The header is the view's first child, and has one child for each column. */
static GtkWidget *
find_title (GtkColumnView *view, guint position)
{
  GtkWidget *header = gtk_widget_get_first_child (GTK_WIDGET (view));
  GtkWidget *title = header != NULL ? gtk_widget_get_first_child (header) : NULL;

  for (guint i = 0; title != NULL && i < position; i++)
    title = gtk_widget_get_next_sibling (title);
  return title;
}

/* The first label below a widget, with its box as wide as the title, so that the text can go to the right. */
static gboolean
push_right (GtkWidget *widget)
{
  if (GTK_IS_LABEL (widget))
    {
      gtk_label_set_xalign (GTK_LABEL (widget), 1);
      gtk_widget_set_hexpand (widget, TRUE);
      return TRUE;
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (push_right (child))
      return TRUE;
  return FALSE;
}

void
spqr_column_title_dress (GtkColumnView *view, guint position, gboolean right, const char *tooltip)
{
  GtkWidget *title = find_title (view, position);

  if (title == NULL)
    return;
  if (right)
    push_right (title);
  gtk_widget_set_tooltip_text (title, tooltip);
}
