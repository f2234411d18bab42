#include "controls/spqr-control-row.h"

#include <adwaita.h>

GtkWidget *
spqr_control_row_new (const char *title, const char *subtitle, GtkWidget *control)
{
  GtkWidget *row = adw_action_row_new ();

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  gtk_widget_set_valign (control, GTK_ALIGN_CENTER);
  gtk_accessible_update_property (GTK_ACCESSIBLE (control), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), control);
  /* A label hands a click on to what it stands in, the row, which would hand it back, without an end. */
  if (!GTK_IS_LABEL (control))
    adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), control);
  return row;
}
