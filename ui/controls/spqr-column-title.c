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

/* The first label below a widget. */
static GtkLabel *
find_label (GtkWidget *widget)
{
  GtkLabel *label = GTK_IS_LABEL (widget) ? GTK_LABEL (widget) : NULL;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && label == NULL; child = gtk_widget_get_next_sibling (child))
    label = find_label (child);
  return label;
}

/* With its box as wide as the title, so that the text can go to the right. */
static void
push_right (GtkLabel *label)
{
  gtk_label_set_xalign (label, 1);
  gtk_label_set_justify (label, GTK_JUSTIFY_RIGHT);
  gtk_widget_set_hexpand (GTK_WIDGET (label), TRUE);
}

GtkWidget *
spqr_column_title_dress (GtkColumnView *view, guint position, gboolean right, const char *tooltip)
{
  GtkWidget *title = find_title (view, position);
  GtkLabel *label = title != NULL ? find_label (title) : NULL;

  if (title == NULL)
    return NULL;
  if (right && label != NULL)
    push_right (label);
  gtk_widget_set_tooltip_text (title, tooltip);
  return title;
}
