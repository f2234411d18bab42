#include "controls/spqr-data-row.h"

#include <glib/gi18n.h>
#include <string.h>

struct _SpqrDataRow {
  AdwEntryRow parent_instance;
};

G_DEFINE_FINAL_TYPE (SpqrDataRow, spqr_data_row, ADW_TYPE_ENTRY_ROW)

static void
on_file_chosen (GtkNativeDialog *chooser, int response, SpqrDataRow *self)
{
  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));
      g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;

      spqr_data_row_set_data (self, path);
    }
  g_object_unref (chooser);
}

static void
browse (SpqrDataRow *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (_("Choose Text or Token Ids"),
                                                               GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL,
                                                               GTK_FILE_CHOOSER_ACTION_OPEN, _("_Choose"), NULL);

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_file_chosen), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

const char *
spqr_data_row_get_data (SpqrDataRow *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self));

  return *text != '\0' ? text : NULL;
}

/* A name alone may be one of the data sets; what looks like a path has to lead somewhere. */
const char *
spqr_data_row_get_problem (SpqrDataRow *self)
{
  const char *data = spqr_data_row_get_data (self);
  gboolean path = data != NULL && (strchr (data, '/') != NULL || strchr (data, '.') != NULL);

  return path && !g_file_test (data, G_FILE_TEST_IS_REGULAR) ? _("There is no such file") : NULL;
}

static void
show_problem (SpqrDataRow *self)
{
  if (spqr_data_row_get_problem (self) != NULL)
    gtk_widget_add_css_class (GTK_WIDGET (self), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "error");
}

void
spqr_data_row_set_data (SpqrDataRow *self, const char *data)
{
  gtk_editable_set_text (GTK_EDITABLE (self), data != NULL ? data : "");
}

GtkWidget *
spqr_data_row_new (const char *title)
{
  return g_object_new (SPQR_TYPE_DATA_ROW, "title", title, NULL);
}

static void
spqr_data_row_class_init (SpqrDataRowClass *klass)
{
}

static void
spqr_data_row_init (SpqrDataRow *self)
{
  GtkWidget *button = gtk_button_new_from_icon_name ("document-open-symbolic");

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, _("Choose a file: text, .jsonl with a “text” field, .json of token ids, or .pth"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Choose a file"), -1);
  g_signal_connect_swapped (button, "clicked", G_CALLBACK (browse), self);
  adw_entry_row_add_suffix (ADW_ENTRY_ROW (self), button);
  g_signal_connect (self, "changed", G_CALLBACK (show_problem), NULL);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self),
    _("A text or ids file, or one of wikitext2, ptb, c4, pajama, refinedweb if it lies in the data folder"));
}
