#include "window/spqr-quantize-dialog.h"

#include <glib/gi18n.h>

#include "controls/spqr-access.h"
#include "controls/spqr-data-row.h"
#include "controls/spqr-params-editor.h"
#include "plot/spqr-format.h"
#include "session/spqr-paths.h"

struct _SpqrQuantizeDialog {
  AdwWindow parent_instance;

  SpqrSession *session;
  SpqrDataRow *calibration, *evaluation;
  SpqrParamsEditor *editor;
  GtkLabel *cost;
  GtkWidget *start;
};

G_DEFINE_FINAL_TYPE (SpqrQuantizeDialog, spqr_quantize_dialog, ADW_TYPE_WINDOW)

static gboolean
needs_calibration (SpqrQuantizeDialog *self)
{
  return spqr_params_editor_get_params (self->editor)->layer.method != SPQR_METHOD_RTN;
}

static void
start (SpqrQuantizeDialog *self)
{
  const char *evaluation = spqr_data_row_get_data (self->evaluation);

  spqr_session_set_params (self->session, spqr_params_editor_get_params (self->editor));
  spqr_session_set_calibration (self->session, spqr_data_row_get_data (self->calibration));
  spqr_session_set_evaluation (self->session, evaluation);
  spqr_session_quantize (self->session, evaluation);
  gtk_window_close (GTK_WINDOW (self));
}

/* Size of what is quantized, before and after; outliers come on top, and nobody knows yet how many. */
static void
sum_up (SpqrQuantizeDialog *self, double *weights, double *bits)
{
  SpqrModel *model = spqr_session_get_model (self->session);
  const SpqrParams *params = &spqr_params_editor_get_params (self->editor)->layer;

  *weights = *bits = 0;
  for (guint i = 0; i < spqr_model_get_n_tensors (model); i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (model, i);
      gsize rows = spqr_tensor_get_rows (tensor), cols = spqr_tensor_get_cols (tensor);

      if (!spqr_role_is_linear (spqr_tensor_get_role (tensor)) || spqr_tensor_is_bias (tensor) || spqr_tensor_get_block (tensor) < 0)
        continue;
      *weights += (double) rows * cols;
      *bits += (double) rows * cols * spqr_params_formula_bits (params, rows, cols, 0);
    }
}

static void
update (SpqrQuantizeDialog *self)
{
  double weights, bits;
  g_autofree char *text = NULL;
  g_autofree char *size = NULL;
  g_autofree char *count = NULL;
  gboolean calibrated = needs_calibration (self);

  sum_up (self, &weights, &bits);
  size = spqr_format_bytes (bits / 8);
  count = spqr_format_count (weights);
  text = g_strdup_printf (_("%s weights at %.3f bits each (formula, without outliers): %s. Each 0.1\302\240%% of outliers adds 0.032\302\240bits."),
                          count, weights > 0 ? bits / weights : 0, size);
  gtk_label_set_label (self->cost, text);
  gtk_widget_set_sensitive (GTK_WIDGET (self->calibration), calibrated);
  gtk_widget_set_sensitive (self->start, !calibrated || spqr_data_row_get_data (self->calibration) != NULL);
}

static GtkWidget *
make_header (SpqrQuantizeDialog *self)
{
  GtkWidget *header = adw_header_bar_new (), *cancel = gtk_button_new_with_mnemonic (_("_Cancel"));

  self->start = gtk_button_new_with_mnemonic (_("_Quantize"));
  gtk_widget_add_css_class (self->start, "suggested-action");
  gtk_widget_set_name (self->start, "start-quantization");
  adw_header_bar_set_show_end_title_buttons (ADW_HEADER_BAR (header), FALSE);
  adw_header_bar_pack_start (ADW_HEADER_BAR (header), cancel);
  adw_header_bar_pack_end (ADW_HEADER_BAR (header), self->start);
  g_signal_connect_swapped (cancel, "clicked", G_CALLBACK (gtk_window_close), self);
  g_signal_connect_swapped (self->start, "clicked", G_CALLBACK (start), self);
  return header;
}

static SpqrDataRow *
make_data_row (SpqrQuantizeDialog *self, const char *title, const char *known, const char *companion)
{
  g_autofree char *beside = spqr_find_companion_text (spqr_model_get_path (spqr_session_get_model (self->session)), companion);
  SpqrDataRow *row = SPQR_DATA_ROW (spqr_data_row_new (title));

  spqr_data_row_set_data (row, known != NULL ? known : beside);
  g_signal_connect_object (row, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  return row;
}

static void
fill (SpqrQuantizeDialog *self, GtkWidget *box)
{
  GtkWidget *page = adw_preferences_page_new (), *data = adw_preferences_group_new (), *params = adw_preferences_group_new ();

  self->calibration = make_data_row (self, _("Calibration text"), spqr_session_get_calibration (self->session), "calibration.txt");
  self->evaluation = make_data_row (self, _("Measure perplexity before and after on (may be empty)"),
                                    spqr_session_get_evaluation (self->session), "evaluation.txt");
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (data), _("Data"));
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (data), GTK_WIDGET (self->calibration));
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (data), GTK_WIDGET (self->evaluation));

  self->editor = SPQR_PARAMS_EDITOR (spqr_params_editor_new ());
  spqr_params_editor_set_params (self->editor, spqr_session_get_params (self->session));
  g_signal_connect_object (self->editor, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (params), _("Parameters"));
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (params), GTK_WIDGET (self->editor));

  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (data));
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (params));
  gtk_widget_set_vexpand (page, TRUE);
  gtk_box_append (GTK_BOX (box), page);
}

static GtkWidget *
make_cost (SpqrQuantizeDialog *self)
{
  self->cost = GTK_LABEL (gtk_label_new (NULL));
  gtk_label_set_wrap (self->cost, TRUE);
  gtk_label_set_xalign (self->cost, 0);
  gtk_widget_set_margin_start (GTK_WIDGET (self->cost), 18);
  gtk_widget_set_margin_end (GTK_WIDGET (self->cost), 18);
  gtk_widget_set_margin_top (GTK_WIDGET (self->cost), 9);
  gtk_widget_set_margin_bottom (GTK_WIDGET (self->cost), 12);
  gtk_widget_add_css_class (GTK_WIDGET (self->cost), "figures");
  return GTK_WIDGET (self->cost);
}

GtkWidget *
spqr_quantize_dialog_new (GtkWindow *parent, SpqrSession *session)
{
  SpqrQuantizeDialog *self = g_object_new (SPQR_TYPE_QUANTIZE_DIALOG, "transient-for", parent, "modal", TRUE,
                                           "destroy-with-parent", TRUE, "default-width", 560, "default-height", 700,
                                           "title", _("Quantize Model"), NULL);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  self->session = g_object_ref (session);
  gtk_box_append (GTK_BOX (box), make_header (self));
  fill (self, box);
  gtk_box_append (GTK_BOX (box), make_cost (self));
  adw_window_set_content (ADW_WINDOW (self), box);
  gtk_window_set_default_widget (GTK_WINDOW (self), self->start);
  gtk_widget_grab_focus (self->start);
  spqr_name_inner_buttons (GTK_WIDGET (self));
  update (self);
  return GTK_WIDGET (self);
}

static void
spqr_quantize_dialog_dispose (GObject *object)
{
  g_clear_object (&SPQR_QUANTIZE_DIALOG (object)->session);
  G_OBJECT_CLASS (spqr_quantize_dialog_parent_class)->dispose (object);
}

static void
spqr_quantize_dialog_class_init (SpqrQuantizeDialogClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_quantize_dialog_dispose;
  gtk_widget_class_add_binding_action (GTK_WIDGET_CLASS (klass), GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
spqr_quantize_dialog_init (SpqrQuantizeDialog *self)
{
}
