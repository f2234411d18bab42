#include "pages/spqr-layer-title.h"

#include <glib/gi18n.h>

#include "pages/spqr-layer-subject.h"

struct _SpqrLayerTitle {
  GtkWidget parent_instance;
  GtkLabel *title, *shape, *badge;
  GtkWidget *calibrate;
};

G_DEFINE_FINAL_TYPE (SpqrLayerTitle, spqr_layer_title, GTK_TYPE_WIDGET)

static void
show_badge (SpqrLayerTitle *self, SpqrSession *session, gboolean calibrated)
{
  const char *with = spqr_session_get_calibrated_with (session, spqr_session_get_tensor (session));
  g_autofree char *origin = NULL;

  if (!calibrated)
    {
      gtk_label_set_label (self->badge, _("data-free"));
      gtk_widget_remove_css_class (GTK_WIDGET (self->badge), "calibrated");
      gtk_widget_set_tooltip_text (GTK_WIDGET (self->badge),
        _("Known from the weights alone, as if every input mattered the same. Good for a first look; calibrate for the real thing."));
      return;
    }
  /* Translators: a text's name and how much of it: “calibration.txt, 64 windows of 256 tokens” */
  origin = with != NULL ? g_strdup_printf (_("Calibrated with %s.\n"
    "The layer's inputs on that text are known: sensitivity, error and outliers are those of a real run. "
    "“Calibrate Again…” takes another text."), with) : NULL;
  gtk_label_set_label (self->badge, _("calibrated"));
  gtk_widget_add_css_class (GTK_WIDGET (self->badge), "calibrated");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->badge), origin);
}

static void
show_button (SpqrLayerTitle *self, SpqrSession *session, gboolean calibrated)
{
  const char *reason = spqr_model_get_config (spqr_session_get_model (session))->unsupported_reason;
  g_autofree char *why_not = reason != NULL ? g_strdup_printf (_("This model can be looked at, not calibrated: %s"), reason) : NULL;

  gtk_button_set_label (GTK_BUTTON (self->calibrate), calibrated ? _("_Calibrate Again…") : _("_Calibrate…"));
  gtk_widget_set_tooltip_text (self->calibrate, why_not != NULL ? why_not : calibrated
    ? _("With another text, or more of it; what is known now is replaced")
    : _("Send calibration text through the model up to this layer and learn which inputs matter: H = (2/N) Σ x xᵀ. Sensitivity, error and outliers then are those of a real run."));
}

void
spqr_layer_title_show (SpqrLayerTitle *self, SpqrSession *session, SpqrLab *lab, gboolean tunable)
{
  SpqrTensor *tensor = spqr_session_get_tensor (session);
  gboolean calibrated = lab != NULL && spqr_lab_is_calibrated (lab);
  g_autofree char *title = NULL, *shape = NULL;

  if (tensor == NULL || spqr_session_get_model (session) == NULL)
    return;
  title = spqr_layer_subject_title (tensor);
  shape = spqr_layer_subject_shape (tensor);
  gtk_label_set_label (self->title, title);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->title), spqr_tensor_get_name (tensor));
  gtk_label_set_label (self->shape, shape);
  gtk_widget_set_visible (GTK_WIDGET (self->badge), tunable && lab != NULL);
  gtk_widget_set_visible (self->calibrate, tunable);
  show_badge (self, session, calibrated);
  show_button (self, session, calibrated);
}

static GtkLabel *
add_label (SpqrLayerTitle *self, PangoEllipsizeMode ellipsize, const char *css_class)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), ellipsize);
  gtk_widget_add_css_class (label, css_class);
  gtk_widget_set_parent (label, GTK_WIDGET (self));
  return GTK_LABEL (label);
}

static void
spqr_layer_title_dispose (GObject *object)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (object))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (spqr_layer_title_parent_class)->dispose (object);
}

static void
spqr_layer_title_class_init (SpqrLayerTitleClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_layer_title_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BOX_LAYOUT);
}

static void
spqr_layer_title_init (SpqrLayerTitle *self)
{
  gtk_box_layout_set_spacing (GTK_BOX_LAYOUT (gtk_widget_get_layout_manager (GTK_WIDGET (self))), 9);
  self->title = add_label (self, PANGO_ELLIPSIZE_START, "heading");
  self->shape = add_label (self, PANGO_ELLIPSIZE_END, "dim-label");
  gtk_widget_add_css_class (GTK_WIDGET (self->shape), "figures");
  gtk_widget_set_hexpand (GTK_WIDGET (self->shape), TRUE);
  gtk_label_set_width_chars (self->title, 10);
  gtk_label_set_width_chars (self->shape, 4);
  self->badge = add_label (self, PANGO_ELLIPSIZE_NONE, "badge");
  gtk_widget_set_valign (GTK_WIDGET (self->badge), GTK_ALIGN_CENTER);
  self->calibrate = gtk_button_new_with_mnemonic (_("_Calibrate…"));
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->calibrate), "win.calibrate-layer");
  gtk_widget_set_parent (self->calibrate, GTK_WIDGET (self));
}
