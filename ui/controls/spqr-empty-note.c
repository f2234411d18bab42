#include "controls/spqr-empty-note.h"

static void
update (GtkLabel *label)
{
  GListModel *rows = g_object_get_data (G_OBJECT (label), "rows");

  gtk_widget_set_visible (GTK_WIDGET (label), g_list_model_get_n_items (rows) == 0 && *gtk_label_get_label (label) != '\0');
}

static GtkLabel *
get_label (GtkWidget *note)
{
  return g_object_get_data (G_OBJECT (note), "label");
}

void
spqr_empty_note_set_text (GtkWidget *note, const char *text)
{
  gtk_label_set_label (get_label (note), text != NULL ? text : "");
  update (get_label (note));
}

GtkWidget *
spqr_empty_note_new (GtkWidget *table, GListModel *rows)
{
  GtkWidget *overlay = gtk_overlay_new (), *label = gtk_label_new ("");

  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_justify (GTK_LABEL (label), GTK_JUSTIFY_CENTER);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 48);
  gtk_widget_set_can_target (label, FALSE);
  gtk_widget_set_margin_start (label, 18);
  gtk_widget_set_margin_end (label, 18);
  gtk_widget_set_halign (label, GTK_ALIGN_CENTER);
  gtk_widget_set_valign (label, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (label, "dim-label");
  g_object_set_data_full (G_OBJECT (label), "rows", g_object_ref (rows), g_object_unref);
  g_object_set_data (G_OBJECT (overlay), "label", label);
  gtk_overlay_set_child (GTK_OVERLAY (overlay), table);
  gtk_overlay_add_overlay (GTK_OVERLAY (overlay), label);
  g_signal_connect_object (rows, "items-changed", G_CALLBACK (update), label, G_CONNECT_SWAPPED);
  update (GTK_LABEL (label));
  return overlay;
}
