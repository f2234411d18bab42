#include "controls/spqr-reason.h"

#define USUAL "spqr-usual-tooltip"
#define REASON "spqr-reason"

void
spqr_widget_explain (GtkWidget *widget, const char *why)
{
  const char *reason = g_object_get_data (G_OBJECT (widget), REASON);

  if (g_strcmp0 (why, reason) == 0)
    return;
  if (reason == NULL)
    g_object_set_data_full (G_OBJECT (widget), USUAL, g_strdup (gtk_widget_get_tooltip_text (widget)), g_free);
  gtk_widget_set_tooltip_text (widget, why != NULL ? why : g_object_get_data (G_OBJECT (widget), USUAL));
  g_object_set_data_full (G_OBJECT (widget), REASON, g_strdup (why), g_free);
}

void
spqr_widget_set_reason (GtkWidget *widget, const char *why)
{
  spqr_widget_explain (widget, why);
  gtk_widget_set_sensitive (widget, why == NULL);
}
