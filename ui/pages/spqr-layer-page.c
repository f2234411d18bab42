/* The layer page: its parts, what they show of the selected tensor, and how they point at each other. */
#include "pages/spqr-layer-page.h"

#include <glib/gi18n.h>
#include <math.h>

#include "controls/spqr-access.h"
#include "controls/spqr-wrap.h"
#include "pages/spqr-layer-page-private.h"
#include "pages/spqr-layer-readout.h"
#include "pages/spqr-layer-rulers.h"
#include "pages/spqr-layer-subject.h"
#include "plot/spqr-format.h"
#include "session/spqr-settings.h"

G_DEFINE_FINAL_TYPE (SpqrLayerPage, spqr_layer_page, GTK_TYPE_WIDGET)

/* ---- the picture ---- */

static void
show_rulers (SpqrLayerPage *self)
{
  SpqrLab *lab = spqr_layer_preview_get_lab (self->preview);
  SpqrLayerPicture *picture = spqr_layer_preview_get_picture (self->preview);
  SpqrLayerRulers rulers = { 0 };

  if (lab != NULL)
    spqr_layer_rulers_init (&rulers, spqr_lab_get_tensor (lab), spqr_model_get_config (spqr_session_get_model (self->session)),
                            &spqr_session_get_params (self->session)->layer, picture == NULL || picture->in_order);
  spqr_heatmap_view_set_rulers (self->heatmap, rulers.items, rulers.n);
}

static void
show_marks (SpqrLayerPage *self)
{
  SpqrLayerPicture *picture = spqr_layer_preview_get_picture (self->preview);
  gboolean wanted = gtk_toggle_button_get_active (self->mark_outliers) && picture != NULL && picture->field != SPQR_FIELD_OUTLIERS;

  /* A picture that comes before its layer's answer has none yet; the ones of before stay so long. */
  if (!wanted || !self->tunable)
    spqr_heatmap_view_set_marks (self->heatmap, NULL);
  else if (picture->marks != NULL)
    spqr_heatmap_view_set_marks (self->heatmap, picture->marks);
}

static void
name_picture (SpqrLayerPage *self)
{
  SpqrTensor *tensor = spqr_session_get_tensor (self->session);
  SpqrModel *model = spqr_session_get_model (self->session);
  SpqrLab *lab = spqr_layer_preview_get_lab (self->preview);
  g_autofree char *name = NULL, *provenance = NULL, *json = NULL, *reference = NULL;

  if (tensor == NULL || model == NULL || lab == NULL)
    return;
  json = spqr_run_params_to_json (spqr_session_get_params (self->session));
  name = g_strdup_printf (_("%s of %s"), spqr_layer_field_name (_spqr_layer_page_get_field (self)), spqr_tensor_get_name (tensor));
  if (_spqr_layer_page_get_field (self) == SPQR_LAYER_FIELD_DIFFERENCE && spqr_layer_reference_get_name (self->reference) != NULL)
    reference = g_strdup_printf (" − %s", spqr_layer_reference_get_name (self->reference));
  provenance = g_strdup_printf ("%s · %s · %s · %s%s", spqr_model_get_name (model), spqr_tensor_get_name (tensor),
                                spqr_lab_is_calibrated (lab) ? _("calibrated") : _("data-free"), json, reference != NULL ? reference : "");
  spqr_chart_set_name (SPQR_CHART (self->heatmap), name);
  spqr_chart_set_provenance (SPQR_CHART (self->heatmap), provenance);
  spqr_layer_charts_set_provenance (self->charts, provenance);
}

/* The weight under the pointer, else the selected one. */
static void
show_cell (SpqrLayerPage *self)
{
  SpqrLab *lab = spqr_layer_preview_get_lab (self->preview);
  gint64 row = self->hover_row, col = self->hover_col;
  g_autofree char *text = NULL;

  if (row < 0 || col < 0)
    spqr_heatmap_view_get_selected (self->heatmap, &row, &col);
  spqr_layer_charts_point (self->charts, row, col);
  if (lab != NULL && row >= 0 && col >= 0 && (gsize) row < spqr_lab_get_rows (lab) && (gsize) col < spqr_lab_get_cols (lab))
    text = spqr_layer_readout (lab, spqr_model_get_config (spqr_session_get_model (self->session)),
                               spqr_layer_preview_get_picture (self->preview), spqr_layer_preview_get_answer (self->preview),
                               (gsize) row, (gsize) col);
  gtk_label_set_label (self->readout, text != NULL ? text : _("Point at a weight, or walk with the arrow keys.\nThe wheel zooms, dragging pans."));
}

/* The whole line, where there was no room for it; else nothing stands over what is read. */
static gboolean
on_readout_tooltip (SpqrLayerPage *self, int x, int y, gboolean keyboard, GtkTooltip *tooltip)
{
  if (!pango_layout_is_ellipsized (gtk_label_get_layout (self->readout)))
    return FALSE;
  gtk_tooltip_set_text (tooltip, gtk_label_get_label (self->readout));
  return TRUE;
}

static void
show_patterns (SpqrLayerPage *self)
{
  SpqrLayerPicture *picture = spqr_layer_preview_get_picture (self->preview);
  SpqrModel *model = spqr_session_get_model (self->session);

  spqr_layer_labels_set_field (self->labels, picture != NULL ? picture->data : NULL, picture != NULL ? picture->field : 0,
                               spqr_layer_preview_get_lab (self->preview), model != NULL ? spqr_model_get_config (model) : NULL);
}

static void
on_place_chosen (SpqrLayerPage *self, const SpqrLayerPlace *place)
{
  spqr_heatmap_view_set_view (self->heatmap, &place->view);
  spqr_heatmap_view_select (self->heatmap, place->row, place->col);
  self->hover_row = self->hover_col = -1;
  show_cell (self);
}

static void
on_view_changed (SpqrLayerPage *self)
{
  SpqrFieldData *data = spqr_heatmap_view_get_field (self->heatmap);
  SpqrViewport view = spqr_heatmap_view_get_view (self->heatmap);
  double first, last;

  if (data == NULL || data->rows == 0)
    return;
  first = CLAMP (floor (view.row0), 0, (double) data->rows - 1);
  last = CLAMP (ceil (view.row1), first + 1, (double) data->rows);
  spqr_layer_preview_set_rows (self->preview, (gsize) first, (gsize) (last - first));
  spqr_layer_charts_set_view (self->charts, &view);
  if (_spqr_layer_page_seen_level (self, data) != self->level)
    _spqr_layer_page_show_range (self);
}

static void
on_picture_changed (SpqrLayerPage *self)
{
  SpqrLayerPicture *picture = spqr_layer_preview_get_picture (self->preview);
  const char *rows, *cols;

  if (picture == NULL)
    {
      self->hover_row = self->hover_col = -1;
      spqr_heatmap_view_set_marks (self->heatmap, NULL);
      spqr_heatmap_view_set_field (self->heatmap, NULL);
    }
  else
    {
      spqr_heatmap_view_set_colormap (self->heatmap, self->colors.fields[picture->field].colormap, FALSE);
      spqr_layer_subject_axes (spqr_session_get_tensor (self->session), &rows, &cols);
      spqr_heatmap_view_set_labels (self->heatmap, spqr_layer_field_name (picture->field), rows, cols);
      spqr_heatmap_view_set_field (self->heatmap, picture->data);
      _spqr_layer_page_show_range (self);
      show_marks (self);
    }
  _spqr_layer_page_show_message (self);
  show_rulers (self);
  show_patterns (self);
  name_picture (self);
  on_view_changed (self);
  show_cell (self);
}

static void
on_cell_hovered (SpqrLayerPage *self, gint64 row, gint64 col, double value)
{
  self->hover_row = row;
  self->hover_col = col;
  show_cell (self);
}

static void
on_cell_selected (SpqrLayerPage *self, gint64 row, gint64 col, double value)
{
  self->hover_row = row;
  self->hover_col = col;
  show_cell (self);
}

/* ---- what the charts point at ---- */

static void
on_values_pointed (SpqrLayerPage *self, double lo, double hi, gboolean of_magnitude)
{
  spqr_heatmap_view_emphasize (self->heatmap, lo, hi, of_magnitude);
}

static void
on_cells_pointed (SpqrLayerPage *self, const SpqrViewport *cells)
{
  spqr_heatmap_view_point (self->heatmap, cells);
}

/* ---- buttons ---- */

static void
on_fit (SpqrLayerPage *self)
{
  spqr_heatmap_view_fit (self->heatmap);
}

static void
on_zoom_in (SpqrLayerPage *self)
{
  spqr_heatmap_view_zoom (self->heatmap, 1.5, -1, -1);
}

static void
on_zoom_out (SpqrLayerPage *self)
{
  spqr_heatmap_view_zoom (self->heatmap, 1 / 1.5, -1, -1);
}

static void
on_save (SpqrLayerPage *self)
{
  spqr_chart_save_dialog (SPQR_CHART (self->heatmap));
}

static void
toast (SpqrLayerPage *self, const char *text)
{
  GtkWidget *overlay = gtk_widget_get_ancestor (GTK_WIDGET (self), ADW_TYPE_TOAST_OVERLAY);

  if (overlay != NULL)
    spqr_show_toast (ADW_TOAST_OVERLAY (overlay), adw_toast_new (text));
}

static void
on_saved (SpqrLayerPage *self, const char *path)
{
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *text = g_strdup_printf (_("Saved %s"), name);

  toast (self, text);
}

static void
on_save_failed (SpqrLayerPage *self, const char *message)
{
  toast (self, message);
}

/* ---- the session ---- */

static void
refuse (SpqrLayerPage *self, const char *reason)
{
  adw_status_page_set_title (self->refusal, spqr_tensor_get_name (spqr_session_get_tensor (self->session)));
  adw_status_page_set_description (self->refusal, reason);
  gtk_stack_set_visible_child_name (self->stack, "refused");
}

static void
on_tensor (SpqrLayerPage *self)
{
  SpqrTensor *tensor = spqr_session_get_tensor (self->session);
  g_autofree char *reason = NULL;

  if (tensor == NULL)
    {
      gtk_stack_set_visible_child_name (self->stack, "none");
      return;
    }
  reason = spqr_layer_subject_refuse (tensor);
  if (reason != NULL)
    {
      refuse (self, reason);
      return;
    }
  self->tunable = spqr_layer_subject_is_tunable (tensor);
  spqr_layer_tune_set_message (self->tune, self->tunable ? NULL : spqr_layer_subject_explain (tensor));
  _spqr_layer_page_fill_fields (self);
  gtk_stack_set_visible_child_name (self->stack, "layer");
  _spqr_layer_page_ask_for_field (self);
}

static void
on_lab (SpqrLayerPage *self)
{
  SpqrTensor *tensor = spqr_session_get_tensor (self->session);
  SpqrLab *lab = spqr_session_get_lab (self->session);
  g_autofree char *reason = tensor != NULL ? spqr_layer_subject_refuse (tensor) : NULL;

  if (tensor != NULL && spqr_session_get_lab_problem (self->session) != NULL)
    refuse (self, spqr_session_get_lab_problem (self->session));
  spqr_layer_charts_let_go (self->charts);
  spqr_layer_preview_set_lab (self->preview, reason == NULL ? lab : NULL, self->tunable);
  _spqr_layer_page_show_calibration (self);
}

static void
on_params_changed (SpqrLayerPage *self)
{
  spqr_layer_preview_set_params (self->preview, &spqr_session_get_params (self->session)->layer);
  show_rulers (self);
}

static void
set_session (SpqrLayerPage *self, SpqrSession *session)
{
  self->session = g_object_ref (session);
  self->preview = spqr_layer_preview_new (spqr_session_get_jobs (session));
  spqr_layer_preview_set_params (self->preview, &spqr_session_get_params (session)->layer);
  spqr_layer_tune_set_session (self->tune, session, self->preview);
  spqr_layer_charts_set_session (self->charts, session, self->preview);
  g_signal_connect_object (self->preview, "picture-changed", G_CALLBACK (on_picture_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->preview, "figures-changed", G_CALLBACK (_spqr_layer_page_show_message), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::tensor", G_CALLBACK (on_tensor), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::lab", G_CALLBACK (on_lab), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "params-changed", G_CALLBACK (on_params_changed), self, G_CONNECT_SWAPPED);
  on_tensor (self);
  on_lab (self);
}

GtkWidget *
spqr_layer_page_new (SpqrSession *session)
{
  SpqrLayerPage *self = g_object_new (SPQR_TYPE_LAYER_PAGE, NULL);

  set_session (self, session);
  return GTK_WIDGET (self);
}

/* ---- the widget ---- */

static void
spqr_layer_page_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (spqr_layer_page_parent_class)->map (widget);
  spqr_layer_preview_set_active (SPQR_LAYER_PAGE (widget)->preview, TRUE);
}

static void
spqr_layer_page_unmap (GtkWidget *widget)
{
  SpqrLayerPage *self = SPQR_LAYER_PAGE (widget);

  if (self->preview != NULL)
    spqr_layer_preview_set_active (self->preview, FALSE);
  GTK_WIDGET_CLASS (spqr_layer_page_parent_class)->unmap (widget);
}

static void
on_tune_key (GtkWidget *widget, const char *name, GVariant *parameter)
{
  SpqrLayerPage *self = SPQR_LAYER_PAGE (widget);

  if (g_str_equal (name, "layer.undo"))
    spqr_layer_tune_undo (self->tune);
  else if (g_str_equal (name, "layer.redo"))
    spqr_layer_tune_redo (self->tune);
  else if (g_str_equal (name, "layer.apply"))
    spqr_layer_tune_apply (self->tune, g_variant_get_string (parameter, NULL));
  else if (g_str_equal (name, "layer.recipe"))
    spqr_layer_tune_show_recipe (self->tune);
  else
    spqr_layer_tune_compare (self->tune);
}

static void
spqr_layer_page_dispose (GObject *object)
{
  SpqrLayerPage *self = SPQR_LAYER_PAGE (object);
  GtkWidget *child;

  g_clear_object (&self->preview);
  g_clear_object (&self->session);
  gtk_widget_dispose_template (GTK_WIDGET (object), SPQR_TYPE_LAYER_PAGE);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (object))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (spqr_layer_page_parent_class)->dispose (object);
}

static void
bind_children (GtkWidgetClass *widget_class)
{
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerPage, stack);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerPage, refusal);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerPage, title);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerPage, field);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerPage, scale);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerPage, colormap);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerPage, clip);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerPage, mark_outliers);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerPage, heatmap);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerPage, readout);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerPage, labels);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerPage, reference);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerPage, charts);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerPage, tune);
  gtk_widget_class_bind_template_callback (widget_class, show_marks);
  gtk_widget_class_bind_template_callback (widget_class, on_zoom_in);
  gtk_widget_class_bind_template_callback (widget_class, on_zoom_out);
  gtk_widget_class_bind_template_callback (widget_class, on_fit);
  gtk_widget_class_bind_template_callback (widget_class, on_save);
  gtk_widget_class_bind_template_callback (widget_class, on_cell_hovered);
  gtk_widget_class_bind_template_callback (widget_class, on_cell_selected);
  gtk_widget_class_bind_template_callback (widget_class, on_view_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_place_chosen);
  gtk_widget_class_bind_template_callback (widget_class, on_saved);
  gtk_widget_class_bind_template_callback (widget_class, on_save_failed);
  gtk_widget_class_bind_template_callback (widget_class, on_values_pointed);
  gtk_widget_class_bind_template_callback (widget_class, on_readout_tooltip);
  gtk_widget_class_bind_template_callback (widget_class, on_cells_pointed);
}

static void
spqr_layer_page_class_init (SpqrLayerPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = spqr_layer_page_dispose;
  widget_class->map = spqr_layer_page_map;
  widget_class->unmap = spqr_layer_page_unmap;
  g_type_ensure (SPQR_TYPE_HEATMAP_VIEW);
  g_type_ensure (SPQR_TYPE_LAYER_CHARTS);
  g_type_ensure (SPQR_TYPE_LAYER_LABELS);
  g_type_ensure (SPQR_TYPE_LAYER_REFERENCE);
  g_type_ensure (SPQR_TYPE_LAYER_TITLE);
  g_type_ensure (SPQR_TYPE_LAYER_TUNE);
  g_type_ensure (SPQR_TYPE_WRAP);
  gtk_widget_class_set_template_from_resource (widget_class, "/studio/spqr/SpqrStudio/ui/spqr-layer-page.ui");
  bind_children (widget_class);
  _spqr_layer_page_bind_field (widget_class);
  gtk_widget_class_install_action (widget_class, "layer.undo", NULL, on_tune_key);
  gtk_widget_class_install_action (widget_class, "layer.redo", NULL, on_tune_key);
  gtk_widget_class_install_action (widget_class, "layer.compare", NULL, on_tune_key);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_z, GDK_CONTROL_MASK, "layer.undo", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_z, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "layer.redo", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_b, GDK_CONTROL_MASK, "layer.compare", NULL);
  gtk_widget_class_install_action (widget_class, "layer.recipe", NULL, on_tune_key);
  gtk_widget_class_install_action (widget_class, "layer.apply", "s", on_tune_key);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_r, GDK_CONTROL_MASK, "layer.recipe", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_l, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "layer.apply", "s", "layer");
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_k, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "layer.apply", "s", "role");
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_a, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "layer.apply", "s", "all");
}

static void
spqr_layer_page_init (SpqrLayerPage *self)
{
  g_autoptr (GtkStringList) maps = gtk_string_list_new (NULL);

  spqr_layer_colors_init (&self->colors);
  for (guint m = 0; m < SPQR_N_COLORMAPS; m++)
    gtk_string_list_append (maps, spqr_colormap_name (m));
  self->wanted = SPQR_FIELD_SENSITIVITY;
  self->hover_row = self->hover_col = -1;
  self->updating = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_drop_down_set_model (self->colormap, G_LIST_MODEL (maps));
  gtk_drop_down_set_selected (self->clip, SPQR_LAYER_USUAL_CLIP);
  spqr_heatmap_view_add_handles (self->heatmap);
  g_signal_connect_object (spqr_settings_get_default (), "notify::colormap", G_CALLBACK (_spqr_layer_page_take_colormap), self, G_CONNECT_SWAPPED);
  self->updating = FALSE;
}
