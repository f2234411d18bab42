/* The layer page: which field is seen, on which scale, in which colours. */
#include <glib/gi18n.h>
#include <math.h>

#include "controls/spqr-reason.h"
#include "pages/spqr-layer-page-private.h"
#include "pages/spqr-layer-readout.h"
#include "session/spqr-settings.h"

/* In the order of the menu; those before N_WEIGHT_FIELDS need no quantization. */
static const SpqrField menu[] = {
  SPQR_FIELD_WEIGHT, SPQR_FIELD_ABS_WEIGHT, SPQR_FIELD_SENSITIVITY, SPQR_FIELD_ERROR, SPQR_LAYER_FIELD_DIFFERENCE,
  SPQR_FIELD_LOO_GAIN,
  SPQR_FIELD_OUTLIERS, SPQR_FIELD_CODES, SPQR_FIELD_SCALES, SPQR_FIELD_ZEROS };
enum { N_WEIGHT_FIELDS = 2 };

SpqrField
_spqr_layer_page_get_field (SpqrLayerPage *self)
{
  guint chosen = gtk_drop_down_get_selected (self->field);

  return menu[chosen < G_N_ELEMENTS (menu) ? chosen : 0];
}

static guint
menu_place (SpqrField field)
{
  for (guint i = 0; i < G_N_ELEMENTS (menu); i++)
    if (menu[i] == field)
      return i;
  return 0;
}

void
_spqr_layer_page_show_calibration (SpqrLayerPage *self)
{
  SpqrLab *lab = spqr_layer_preview_get_lab (self->preview);
  gboolean calibrated = lab != NULL && spqr_lab_is_calibrated (lab);

  spqr_layer_title_show (self->title, self->session, lab, self->tunable);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->field), spqr_layer_field_help (_spqr_layer_page_get_field (self), calibrated));
}

static void
show_style (SpqrLayerPage *self)
{
  SpqrField field = _spqr_layer_page_get_field (self);
  gboolean whole = spqr_layer_field_is_whole (field);

  self->updating = TRUE;
  gtk_drop_down_set_selected (self->scale, self->colors.fields[field].scale);
  gtk_drop_down_set_selected (self->colormap, self->colors.fields[field].colormap);
  gtk_widget_set_visible (GTK_WIDGET (self->mark_outliers), self->tunable);
  spqr_widget_set_reason (GTK_WIDGET (self->scale), field == SPQR_FIELD_OUTLIERS ? _("A weight is an outlier or is not: there is nothing to scale") : NULL);
  spqr_widget_set_reason (GTK_WIDGET (self->mark_outliers), field == SPQR_FIELD_OUTLIERS ? _("The field shows the outliers themselves") : NULL);
  self->updating = FALSE;
  spqr_heatmap_view_set_format (self->heatmap, whole ? SPQR_AXIS_INTEGER : SPQR_AXIS_NUMBER);
}

void
_spqr_layer_page_show_message (SpqrLayerPage *self)
{
  gboolean difference = _spqr_layer_page_get_field (self) == SPQR_LAYER_FIELD_DIFFERENCE;
  const char *problem = spqr_layer_preview_get_problem (self->preview), *message = NULL;

  if (difference && spqr_layer_reference_is_known (self->reference) && spqr_layer_reference_get_path (self->reference) == NULL)
    message = _("No run of this model has stored this layer yet: quantize the model, then compare.");
  else if (spqr_layer_preview_get_picture (self->preview) == NULL)
    message = problem != NULL ? problem : _("Reading the layer…");
  else if (difference)
    message = problem;
  spqr_heatmap_view_set_message (self->heatmap, message);
}

static void
on_reference_changed (SpqrLayerPage *self)
{
  const char *path = spqr_layer_reference_get_path (self->reference);

  spqr_layer_preview_set_reference (self->preview, path);
  /* What was seen before is of another field: its distribution must not stand below a difference to nothing. */
  if (path == NULL && spqr_layer_reference_is_known (self->reference) && _spqr_layer_page_get_field (self) == SPQR_LAYER_FIELD_DIFFERENCE)
    spqr_layer_preview_forget_picture (self->preview);
  _spqr_layer_page_show_message (self);
}

static void
look_for_runs (SpqrLayerPage *self)
{
  SpqrTensor *tensor = spqr_session_get_tensor (self->session);
  SpqrModel *model = spqr_session_get_model (self->session);
  gboolean wanted = _spqr_layer_page_get_field (self) == SPQR_LAYER_FIELD_DIFFERENCE && tensor != NULL && model != NULL;

  gtk_widget_set_visible (GTK_WIDGET (self->reference), wanted);
  spqr_layer_preview_set_reference (self->preview, NULL);
  if (wanted)
    spqr_layer_reference_look (self->reference, spqr_session_get_store (self->session), spqr_model_get_fingerprint (model),
                               spqr_tensor_get_name (tensor));
}

void
_spqr_layer_page_ask_for_field (SpqrLayerPage *self)
{
  SpqrField field = _spqr_layer_page_get_field (self);

  show_style (self);
  look_for_runs (self);
  _spqr_layer_page_show_calibration (self);
  spqr_layer_preview_set_field (self->preview, field, self->colors.fields[field].scale);
}

static void
on_field_chosen (SpqrLayerPage *self)
{
  if (self->updating)
    return;
  self->wanted = _spqr_layer_page_get_field (self);
  _spqr_layer_page_ask_for_field (self);
}

guint
_spqr_layer_page_seen_level (SpqrLayerPage *self, const SpqrFieldData *data)
{
  SpqrViewport view = spqr_heatmap_view_get_view (self->heatmap);
  double width = MAX (gtk_widget_get_width (GTK_WIDGET (self->heatmap)), 64), height = MAX (gtk_widget_get_height (GTK_WIDGET (self->heatmap)), 64);

  return spqr_layer_colors_level (data, (view.row1 - view.row0) * (view.col1 - view.col0), width * height);
}

void
_spqr_layer_page_show_range (SpqrLayerPage *self)
{
  SpqrLayerPicture *picture = spqr_layer_preview_get_picture (self->preview);
  SpqrScale scale;

  if (picture == NULL)
    return;
  self->level = _spqr_layer_page_seen_level (self, picture->data);
  scale = spqr_layer_colors_range (&self->colors, picture, self->level);
  spqr_heatmap_view_set_scale (self->heatmap, scale.kind);
  spqr_heatmap_view_set_range (self->heatmap, scale.lo, scale.hi);
}

static void
on_scale_chosen (SpqrLayerPage *self)
{
  SpqrField field = _spqr_layer_page_get_field (self);

  if (self->updating)
    return;
  self->colors.fields[field].scale = (SpqrScaleKind) MIN (gtk_drop_down_get_selected (self->scale), SPQR_N_SCALES - 1);
  self->colors.fields[field].ranged = FALSE;
  _spqr_layer_page_show_range (self);
  spqr_layer_preview_set_field (self->preview, field, self->colors.fields[field].scale);
}

static void
on_range_changed (SpqrLayerPage *self, double lo, double hi)
{
  SpqrLayerPicture *picture = spqr_layer_preview_get_picture (self->preview);
  SpqrLayerFieldColors *colors = picture != NULL ? &self->colors.fields[picture->field] : NULL;

  if (colors == NULL)
    return;
  colors->ranged = TRUE;
  colors->lo = lo;
  colors->hi = hi;
  _spqr_layer_page_show_range (self);
}

/* By the values again. */
static void
on_range_reset (SpqrLayerPage *self)
{
  SpqrLayerPicture *picture = self->preview != NULL ? spqr_layer_preview_get_picture (self->preview) : NULL;

  self->colors.clip = gtk_drop_down_get_selected (self->clip);
  if (self->updating || picture == NULL)
    return;
  self->colors.fields[picture->field].ranged = FALSE;
  _spqr_layer_page_show_range (self);
}

static void
on_colormap_chosen (SpqrLayerPage *self)
{
  SpqrField field = _spqr_layer_page_get_field (self);

  if (self->updating)
    return;
  self->colors.fields[field].colormap = (SpqrColormap) MIN (gtk_drop_down_get_selected (self->colormap), SPQR_N_COLORMAPS - 1);
  spqr_heatmap_view_set_colormap (self->heatmap, self->colors.fields[field].colormap, FALSE);
  _spqr_layer_page_show_range (self);
}

void
_spqr_layer_page_take_colormap (SpqrLayerPage *self)
{
  spqr_layer_colors_take_usual (&self->colors, spqr_settings_get_colormap (spqr_settings_get_default ()));
  show_style (self);
  spqr_heatmap_view_set_colormap (self->heatmap, self->colors.fields[_spqr_layer_page_get_field (self)].colormap, FALSE);
}

/* ---- the menu ---- */

void
_spqr_layer_page_fill_fields (SpqrLayerPage *self)
{
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  guint n = self->tunable ? G_N_ELEMENTS (menu) : N_WEIGHT_FIELDS;
  guint chosen = menu_place (self->wanted);

  for (guint i = 0; i < n; i++)
    gtk_string_list_append (names, spqr_layer_field_name (menu[i]));
  self->updating = TRUE;
  gtk_drop_down_set_model (self->field, G_LIST_MODEL (names));
  gtk_drop_down_set_selected (self->field, chosen < n ? chosen : menu_place (SPQR_FIELD_ABS_WEIGHT));
  self->updating = FALSE;
}

void
_spqr_layer_page_bind_field (GtkWidgetClass *widget_class)
{
  gtk_widget_class_bind_template_callback (widget_class, on_field_chosen);
  gtk_widget_class_bind_template_callback (widget_class, on_scale_chosen);
  gtk_widget_class_bind_template_callback (widget_class, on_colormap_chosen);
  gtk_widget_class_bind_template_callback (widget_class, on_range_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_reference_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_range_reset);
}
