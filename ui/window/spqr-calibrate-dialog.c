#include "window/spqr-calibrate-dialog.h"

#include <glib/gi18n.h>

#include "controls/spqr-reason.h"
#include "controls/spqr-access.h"
#include "controls/spqr-data-row.h"
#include "controls/spqr-params-editor.h"
#include "session/spqr-paths.h"

struct _SpqrCalibrateDialog {
  AdwWindow parent_instance;

  SpqrSession *session;
  gboolean whole;
  SpqrDataRow *data;
  SpqrParamsEditor *editor;
  GtkWidget *start;
};

G_DEFINE_FINAL_TYPE (SpqrCalibrateDialog, spqr_calibrate_dialog, ADW_TYPE_WINDOW)

static void
start (SpqrCalibrateDialog *self)
{
  spqr_session_set_params (self->session, spqr_params_editor_get_params (self->editor));
  spqr_session_set_calibration (self->session, spqr_data_row_get_data (self->data));
  spqr_session_calibrate (self->session, self->whole);
  gtk_window_close (GTK_WINDOW (self));
}

static void
update (SpqrCalibrateDialog *self)
{
  spqr_widget_set_reason (self->start, spqr_data_row_get_data (self->data) == NULL ? _("Choose a calibration text first")
                                                                                  : spqr_data_row_get_problem (self->data));
}

static GtkWidget *
make_header (SpqrCalibrateDialog *self)
{
  GtkWidget *header = adw_header_bar_new (), *cancel = gtk_button_new_with_mnemonic (_("_Cancel"));

  self->start = gtk_button_new_with_mnemonic (_("Cali_brate"));
  gtk_widget_add_css_class (self->start, "suggested-action");
  adw_header_bar_set_show_end_title_buttons (ADW_HEADER_BAR (header), FALSE);
  adw_header_bar_pack_start (ADW_HEADER_BAR (header), cancel);
  adw_header_bar_pack_end (ADW_HEADER_BAR (header), self->start);
  g_signal_connect_swapped (cancel, "clicked", G_CALLBACK (gtk_window_close), self);
  g_signal_connect_swapped (self->start, "clicked", G_CALLBACK (start), self);
  return header;
}

static void
fill (SpqrCalibrateDialog *self, GtkWidget *box)
{
  GtkWidget *page = adw_preferences_page_new (), *data = adw_preferences_group_new (), *windows = adw_preferences_group_new ();
  const char *known = spqr_session_get_calibration (self->session);
  g_autofree char *beside = spqr_find_companion_text (spqr_model_get_path (spqr_session_get_model (self->session)), "calibration.txt");

  self->data = SPQR_DATA_ROW (spqr_data_row_new (_("Calibration text")));
  spqr_data_row_set_data (self->data, known != NULL ? known : beside);
  g_signal_connect_object (self->data, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  adw_preferences_group_set_description (ADW_PREFERENCES_GROUP (data),
    _("Text like what the model will read goes through the network; what arrives at each layer tells which of its inputs "
      "matter. That makes sensitivities and outliers those of the model, not of the bare numbers."));
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (data), GTK_WIDGET (self->data));
  self->editor = SPQR_PARAMS_EDITOR (spqr_params_editor_new ());
  spqr_params_editor_show_only (self->editor, SPQR_PARAM_GROUP_CALIBRATION);
  spqr_params_editor_set_params (self->editor, spqr_session_get_params (self->session));
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (windows), GTK_WIDGET (self->editor));
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (data));
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (windows));
  gtk_widget_set_vexpand (page, TRUE);
  gtk_box_append (GTK_BOX (box), page);
}

GtkWidget *
spqr_calibrate_dialog_new (GtkWindow *parent, SpqrSession *session, gboolean whole)
{
  SpqrCalibrateDialog *self = g_object_new (SPQR_TYPE_CALIBRATE_DIALOG, "transient-for", parent, "modal", TRUE,
                                            "destroy-with-parent", TRUE, "default-width", 520, "default-height", 480,
                                            "title", whole ? _("Calibrate All Layers") : _("Calibrate This Layer"), NULL);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  self->session = g_object_ref (session);
  self->whole = whole;
  gtk_box_append (GTK_BOX (box), make_header (self));
  fill (self, box);
  adw_window_set_content (ADW_WINDOW (self), box);
  gtk_window_set_default_widget (GTK_WINDOW (self), self->start);
  spqr_name_inner_parts (GTK_WIDGET (self));
  update (self);
  /* Return begins, it does not cancel. */
  gtk_widget_grab_focus (gtk_widget_get_sensitive (self->start) ? self->start : GTK_WIDGET (self->data));
  return GTK_WIDGET (self);
}

static void
spqr_calibrate_dialog_dispose (GObject *object)
{
  g_clear_object (&SPQR_CALIBRATE_DIALOG (object)->session);
  G_OBJECT_CLASS (spqr_calibrate_dialog_parent_class)->dispose (object);
}

static void
spqr_calibrate_dialog_class_init (SpqrCalibrateDialogClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_calibrate_dialog_dispose;
  gtk_widget_class_add_binding_action (GTK_WIDGET_CLASS (klass), GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
spqr_calibrate_dialog_init (SpqrCalibrateDialog *self)
{
}
