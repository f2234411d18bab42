#include "chart/spqr-save-picture.h"

#include <adwaita.h>
#include <glib/gi18n-lib.h>

#define SPQR_TYPE_SAVE_PICTURE (spqr_save_picture_get_type ())
G_DECLARE_FINAL_TYPE (SpqrSavePicture, spqr_save_picture, SPQR, SAVE_PICTURE, AdwWindow)

struct _SpqrSavePicture {
  AdwWindow parent_instance;
  SpqrChart *chart;
  GtkSpinButton *width, *height, *scale;
  GtkDropDown *theme;
  GtkEntry *caption;
  GtkSwitch *origin;
  GtkLabel *pixels, *problem;
  GtkFileChooserNative *chooser;
};

G_DEFINE_FINAL_TYPE (SpqrSavePicture, spqr_save_picture, ADW_TYPE_WINDOW)

static void
read_choices (SpqrSavePicture *self, SpqrPictureChoices *choices)
{
  *choices = (SpqrPictureChoices) {
    .width = gtk_spin_button_get_value_as_int (self->width),
    .height = gtk_spin_button_get_value_as_int (self->height),
    .scale = gtk_spin_button_get_value (self->scale),
    .dark = gtk_drop_down_get_selected (self->theme) == 1,
    .caption = gtk_editable_get_text (GTK_EDITABLE (self->caption)),
    .origin = gtk_switch_get_active (self->origin),
  };
}

static void
show_pixels (SpqrSavePicture *self)
{
  SpqrPictureChoices choices;
  read_choices (self, &choices);
  g_autofree char *text = g_strdup_printf (_("As PNG %.0f × %.0f pixels and the caption; SVG and PDF are sharp at any size, %.1f × %.1f cm."),
                                           choices.width * choices.scale, choices.height * choices.scale,
                                           choices.width / 96.0 * 2.54, choices.height / 96.0 * 2.54);
  gtk_label_set_label (self->pixels, text);
}

static void
show_problem (SpqrSavePicture *self, const char *text)
{
  gtk_label_set_label (self->problem, text);
  gtk_widget_set_visible (GTK_WIDGET (self->problem), TRUE);
}

static void
on_chosen (GtkNativeDialog *dialog, int response, SpqrSavePicture *self)
{
  g_autoptr (GFile) file = response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;
  g_autofree char *path = file ? g_file_get_path (file) : NULL;
  g_autoptr (GError) error = NULL;
  SpqrPictureChoices choices;
  g_clear_object (&self->chooser);
  if (response != GTK_RESPONSE_ACCEPT)
    return;
  read_choices (self, &choices);
  if (!path)
    show_problem (self, _("A picture can only be saved on this computer; choose a local folder"));
  else if (!spqr_chart_save (self->chart, path, &choices, &error))
    show_problem (self, error->message);
  else
    {
      gtk_widget_activate_action (GTK_WIDGET (self->chart), "win.saved", "s", path);
      gtk_window_close (GTK_WINDOW (self));
    }
}

static void
ask_where (SpqrSavePicture *self)
{
  const char *name = spqr_chart_get_name (self->chart);
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
  if (self->chooser)
    return;
  self->chooser = gtk_file_chooser_native_new (_("Save Picture As"), GTK_WINDOW (self), GTK_FILE_CHOOSER_ACTION_SAVE, _("_Save"), _("_Cancel"));
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  gtk_file_filter_set_name (filter, _("Pictures (PNG, SVG, PDF)"));
  gtk_file_filter_add_suffix (filter, "png");
  gtk_file_filter_add_suffix (filter, "svg");
  gtk_file_filter_add_suffix (filter, "pdf");
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (self->chooser), filter);
  g_autofree char *file = g_strconcat (name ? name : _("Chart"), ".png", NULL);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (self->chooser), g_strdelimit (file, "/\\", '-'));
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (on_chosen), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static void
spqr_save_picture_dispose (GObject *object)
{
  SpqrSavePicture *self = SPQR_SAVE_PICTURE (object);
  if (self->chooser)
    gtk_native_dialog_destroy (GTK_NATIVE_DIALOG (self->chooser));
  g_clear_object (&self->chooser);
  g_clear_object (&self->chart);
  G_OBJECT_CLASS (spqr_save_picture_parent_class)->dispose (object);
}

static void
spqr_save_picture_class_init (SpqrSavePictureClass *class)
{
  G_OBJECT_CLASS (class)->dispose = spqr_save_picture_dispose;
  gtk_widget_class_add_binding_action (GTK_WIDGET_CLASS (class), GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
spqr_save_picture_init (SpqrSavePicture *self)
{
}

/* ---- building ---- */

static GtkWidget *
add_row (GtkWidget *list, const char *title, const char *subtitle, GtkWidget *control)
{
  GtkWidget *row = adw_action_row_new ();
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  gtk_widget_set_valign (control, GTK_ALIGN_CENTER);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), control);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), control);
  gtk_accessible_update_property (GTK_ACCESSIBLE (control), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  gtk_list_box_append (GTK_LIST_BOX (list), row);
  return control;
}

static GtkSpinButton *
make_spin (SpqrSavePicture *self, double lo, double hi, double step, double value)
{
  GtkWidget *spin = gtk_spin_button_new_with_range (lo, hi, step);
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (spin), value);
  g_signal_connect_object (spin, "value-changed", G_CALLBACK (show_pixels), self, G_CONNECT_SWAPPED);
  return GTK_SPIN_BUTTON (spin);
}

static GtkWidget *
make_list (SpqrSavePicture *self)
{
  GtkWidget *list = gtk_list_box_new (), *caption = gtk_entry_new (), *origin = gtk_switch_new ();
  const char *name = spqr_chart_get_name (self->chart), *provenance = spqr_chart_get_provenance (self->chart);
  const char *const themes[] = { _("Light"), _("Dark"), NULL };
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  self->width = make_spin (self, 120, 16000, 10, MAX (480, gtk_widget_get_width (GTK_WIDGET (self->chart))));
  self->height = make_spin (self, 80, 16000, 10, MAX (240, gtk_widget_get_height (GTK_WIDGET (self->chart))));
  self->scale = make_spin (self, 1, 4, 1, 2);
  self->theme = GTK_DROP_DOWN (gtk_drop_down_new_from_strings (themes));
  self->caption = GTK_ENTRY (caption);
  self->origin = GTK_SWITCH (origin);
  gtk_editable_set_text (GTK_EDITABLE (caption), name ? name : "");
  gtk_editable_set_width_chars (GTK_EDITABLE (caption), 34);
  gtk_switch_set_active (self->origin, provenance != NULL);
  gtk_widget_set_sensitive (origin, provenance != NULL);
  add_row (list, _("Width"), _("in units of 1/96 inch"), GTK_WIDGET (self->width));
  add_row (list, _("Height"), _("without the caption"), GTK_WIDGET (self->height));
  add_row (list, _("Pixels a unit"), _("of a PNG; 2 for print"), GTK_WIDGET (self->scale));
  add_row (list, _("Colours"), NULL, GTK_WIDGET (self->theme));
  add_row (list, _("Caption"), NULL, caption);
  add_row (list, _("Origin"), provenance ? _("model, run and parameters, small below the caption") : _("nothing is known of it"), origin);
  return list;
}

static GtkLabel *
make_label (const char *class)
{
  GtkWidget *label = gtk_label_new (NULL);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 60);
  gtk_widget_add_css_class (label, class);
  return GTK_LABEL (label);
}

static GtkWidget *
make_header (SpqrSavePicture *self)
{
  GtkWidget *header = adw_header_bar_new (), *cancel = gtk_button_new_with_mnemonic (_("_Cancel")), *save = gtk_button_new_with_mnemonic (_("_Save…"));
  adw_header_bar_set_show_end_title_buttons (ADW_HEADER_BAR (header), FALSE);
  adw_header_bar_set_show_start_title_buttons (ADW_HEADER_BAR (header), FALSE);
  gtk_widget_add_css_class (save, "suggested-action");
  gtk_actionable_set_action_name (GTK_ACTIONABLE (cancel), "window.close");
  g_signal_connect_object (save, "clicked", G_CALLBACK (ask_where), self, G_CONNECT_SWAPPED);
  adw_header_bar_pack_start (ADW_HEADER_BAR (header), cancel);
  adw_header_bar_pack_end (ADW_HEADER_BAR (header), save);
  gtk_window_set_default_widget (GTK_WINDOW (self), save);
  return header;
}

GtkWidget *
spqr_save_picture_new (SpqrChart *chart)
{
  SpqrSavePicture *self = g_object_new (SPQR_TYPE_SAVE_PICTURE, "title", _("Save Picture"), "modal", TRUE, "default-width", 520, NULL);
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (chart));
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), *body = gtk_box_new (GTK_ORIENTATION_VERTICAL, 12);
  self->chart = g_object_ref (chart);
  if (GTK_IS_WINDOW (root))
    gtk_window_set_transient_for (GTK_WINDOW (self), GTK_WINDOW (root));
  gtk_widget_set_margin_start (body, 18);
  gtk_widget_set_margin_end (body, 18);
  gtk_widget_set_margin_top (body, 12);
  gtk_widget_set_margin_bottom (body, 18);
  gtk_box_append (GTK_BOX (body), make_list (self));
  self->pixels = make_label ("dim-label");
  self->problem = make_label ("error");
  gtk_widget_set_visible (GTK_WIDGET (self->problem), FALSE);
  gtk_box_append (GTK_BOX (body), GTK_WIDGET (self->pixels));
  gtk_box_append (GTK_BOX (body), GTK_WIDGET (self->problem));
  gtk_box_append (GTK_BOX (box), make_header (self));
  gtk_box_append (GTK_BOX (box), body);
  adw_window_set_content (ADW_WINDOW (self), box);
  show_pixels (self);
  return GTK_WIDGET (self);
}
