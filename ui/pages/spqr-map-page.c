#include "pages/spqr-map-page.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>

#include "chart/spqr-grid-view.h"
#include "chart/spqr-scatter-view.h"
#include "controls/spqr-wrap.h"
#include "pages/spqr-map-layers.h"
#include "pages/spqr-map-list.h"
#include "pages/spqr-map-save.h"
#include "session/spqr-settings.h"

struct _SpqrMapPage {
  GtkWidget parent_instance;

  SpqrSession *session;
  GtkWidget *box;
  GtkDropDown *figure, *against, *scale;
  GtkToggleButton *two;      /* the second figure and the scatter are shown */
  GtkLabel *source, *against_source, *explanation, *readout;
  GtkWidget *calibrate, *against_box;
  SpqrGridView *grid;
  SpqrScatterView *scatter;
  SpqrMapList *list;

  SpqrMapLayers layers;
  double step, against_step; /* of what the figures' values differ by */
  SpqrScaleKind *scales;     /* (figures) how each one's values become colours, as last chosen */
  gboolean updating;
  SpqrTensor *selected;      /* in grid, scatter and list alike; NULL: none */
};

G_DEFINE_FINAL_TYPE (SpqrMapPage, spqr_map_page, GTK_TYPE_WIDGET)

static const SpqrMapFigure *
chosen_figure (GtkDropDown *drop_down)
{
  guint n, chosen = gtk_drop_down_get_selected (drop_down);
  const SpqrMapFigure *figures = spqr_map_figures (&n);

  return &figures[MIN (chosen, n - 1)];
}

static SpqrScaleKind *
scale_of (SpqrMapPage *self, const SpqrMapFigure *figure)
{
  guint n;

  return &self->scales[figure - spqr_map_figures (&n)];
}

/* ---- where a figure comes from ---- */

/* With what the layers were calibrated; those that are calibrated one by one may differ. */
static char *
describe_texts (SpqrMapPage *self)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new ();
  g_autofree char *list = NULL;

  for (guint i = 0; i < self->layers.tensors->len; i++)
    {
      const char *text = spqr_session_get_calibrated_with (self->session, self->layers.tensors->pdata[i]);

      if (text != NULL && !g_ptr_array_find_with_equal_func (texts, text, g_str_equal, NULL))
        g_ptr_array_add (texts, (gpointer) text);
    }
  g_ptr_array_add (texts, NULL);
  list = g_strjoinv ("\n", (char **) texts->pdata);
  return texts->len > 1 ? g_strdup_printf (_("Calibrated with %s"), list) : g_strdup (_("No text has gone through the model yet: “Calibrate…” sends one"));
}

static void
show_source (SpqrMapPage *self, GtkLabel *label, const SpqrMapFigure *figure, gboolean any)
{
  g_autofree char *of_run = g_strdup_printf (_("of run %" PRId64), spqr_session_get_shown_run (self->session));
  g_autofree char *with = describe_texts (self);
  gboolean data_free = figure->source == SPQR_FIGURE_DATA_FREE;
  const char *text = data_free ? _("data-free")
                     : figure->source == SPQR_FIGURE_CALIBRATED ? (any ? _("calibrated") : _("needs calibration"))
                     : any ? of_run : _("needs a run: choose one in Runs");

  gtk_label_set_label (label, text);
  gtk_widget_set_tooltip_text (GTK_WIDGET (label), data_free ? _("Computed from the weights alone, as soon as a model is open")
                               : figure->source == SPQR_FIGURE_OF_RUN ? _("Stored with the run") : with);
  if (any && !data_free)
    gtk_widget_add_css_class (GTK_WIDGET (label), "calibrated");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (label), "calibrated");
}

/* ---- the pictures ---- */

static void
fill_grid (SpqrMapPage *self, const double *values, const SpqrMapFigure *figure)
{
  g_autofree const char **labels = spqr_map_layers_role_names (&self->layers);
  g_autofree double *cells = spqr_map_layers_cells (&self->layers, values);

  spqr_grid_view_set_format (self->grid, figure->format, figure->axis);
  spqr_grid_view_set_scale (self->grid, *scale_of (self, figure));
  spqr_grid_view_set_titles (self->grid, NULL, NULL, _(figure->name), _("block"));
  spqr_grid_view_set_values (self->grid, self->layers.n_blocks, self->layers.n_roles, cells, NULL, labels);
}

static char *
layer_name (SpqrTensor *tensor)
{
  return g_strdup_printf (_("%d · %s"), spqr_tensor_get_block (tensor), spqr_role_name (spqr_tensor_get_role (tensor)));
}

/* Index i of the points is tensors[i]. */
static void
fill_scatter (SpqrMapPage *self, const double *values, const SpqrMapFigure *figure, const double *others, const SpqrMapFigure *other)
{
  g_autofree SpqrScatterPoint *points = g_new0 (SpqrScatterPoint, self->layers.tensors->len + 1);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree const char **legend = spqr_map_layers_role_names (&self->layers);

  for (guint i = 0; i < self->layers.tensors->len; i++)
    {
      SpqrTensor *tensor = self->layers.tensors->pdata[i];

      g_ptr_array_add (names, layer_name (tensor));
      points[i] = (SpqrScatterPoint) { .x = others[i], .y = values[i], .label = names->pdata[i], .selected = tensor == self->selected,
                                       .series = (gsize) MAX (spqr_map_layers_role (&self->layers, tensor), 0), .quiet = TRUE };
    }
  spqr_scatter_view_set_axes (self->scatter, *scale_of (self, other), other->axis, *scale_of (self, figure), figure->axis);
  spqr_scatter_view_set_legend (self->scatter, legend);
  spqr_scatter_view_set_titles (self->scatter, NULL, NULL, _(other->name), _(figure->name), _("Layers appear here once both figures are known"));
  spqr_scatter_view_set_points (self->scatter, points, self->layers.tensors->len);
}

static void
show_provenance (SpqrMapPage *self)
{
  SpqrModel *model = spqr_session_get_model (self->session);
  gint64 run = spqr_session_get_shown_run (self->session);
  g_autofree char *of_run = run != 0 ? g_strdup_printf (_("run %" PRId64), run) : NULL;
  g_autofree char *text = model != NULL ? g_strjoin (" · ", spqr_model_get_name (model), spqr_model_get_fingerprint (model), of_run, NULL) : NULL;

  spqr_chart_set_provenance (SPQR_CHART (self->grid), text);
  spqr_chart_set_provenance (SPQR_CHART (self->scatter), text);
}

/* ---- one layer, in all three ---- */

static char *
describe_figure (SpqrMapPage *self, const SpqrMapFigure *figure, double step, SpqrTensor *tensor)
{
  double value = figure->get (self->session, tensor);
  g_autofree char *text = isfinite (value) ? figure->format (value, step) : g_strdup ("–");

  return g_strdup_printf ("%s %s", _(figure->name), text);
}

static void
show_readout (SpqrMapPage *self, SpqrTensor *tensor)
{
  g_autofree char *first = NULL, *second = NULL, *text = NULL, *shape = NULL;

  tensor = tensor != NULL ? tensor : self->selected;
  if (tensor == NULL)
    {
      gtk_label_set_label (self->readout, _("Point at a cell to read it; click to open the layer"));
      return;
    }
  first = describe_figure (self, chosen_figure (self->figure), self->step, tensor);
  if (gtk_toggle_button_get_active (self->two))
    second = describe_figure (self, chosen_figure (self->against), self->against_step, tensor);
  shape = g_strdup_printf ("%zu × %zu", (gsize) spqr_tensor_get_rows (tensor), (gsize) spqr_tensor_get_cols (tensor));
  text = g_strjoin (" · ", spqr_tensor_get_name (tensor), shape, first, second, NULL);
  gtk_label_set_label (self->readout, text);
}

/* Why the list is empty, and what to do. */
static const char *
explain_absence (const SpqrMapFigure *figure)
{
  switch (figure->source)
    {
    case SPQR_FIGURE_CALIBRATED: return _("This figure needs calibration: “Calibrate…” sends a text through the model. The data-free figures are known already.");
    case SPQR_FIGURE_OF_RUN: return _("No run is shown. Select one in Runs and choose “Show on Map”, or quantize the model first.");
    case SPQR_FIGURE_DATA_FREE: return _("The weights are being measured. Layers appear here one by one.");
    default: return NULL;
    }
}

static void
show_calibrate (SpqrMapPage *self)
{
  SpqrModel *model = spqr_session_get_model (self->session);
  const char *reason = model != NULL ? spqr_model_get_config (model)->unsupported_reason : NULL;
  g_autofree char *why_not = reason != NULL ? g_strdup_printf (_("This model can be looked at, not calibrated: %s"), reason) : NULL;

  gtk_widget_set_tooltip_text (self->calibrate, why_not != NULL ? why_not
    : _("Send a text through the model and learn at every layer which inputs matter: sensitivities then are those of real use (Ctrl+Shift+C). "
        "Again, with another text, replaces them"));
}

static void update (SpqrMapPage *self);

static void
on_scale_chosen (SpqrMapPage *self)
{
  if (self->updating)
    return;
  *scale_of (self, chosen_figure (self->figure)) = (SpqrScaleKind) MIN (gtk_drop_down_get_selected (self->scale), SPQR_SCALE_LOG);
  update (self);
}

static void
update (SpqrMapPage *self)
{
  const SpqrMapFigure *figure = chosen_figure (self->figure), *other = chosen_figure (self->against);
  gboolean two = gtk_toggle_button_get_active (self->two), any, any_other;
  g_autofree double *values = spqr_map_layers_values (&self->layers, self->session, figure, &any);
  g_autofree double *others = two ? spqr_map_layers_values (&self->layers, self->session, other, &any_other) : NULL;

  self->step = spqr_grid_step (values, self->layers.tensors->len);
  self->against_step = two ? spqr_grid_step (others, self->layers.tensors->len) : 0;
  self->updating = TRUE;
  gtk_drop_down_set_selected (self->scale, *scale_of (self, figure));
  self->updating = FALSE;
  show_source (self, self->source, figure, any);
  gtk_label_set_label (self->explanation, _(figure->explanation));
  show_calibrate (self);
  spqr_map_list_set_message (self->list, any ? NULL : explain_absence (figure));
  gtk_widget_set_visible (self->against_box, two);
  gtk_widget_set_visible (GTK_WIDGET (self->scatter), two);
  if (two)
    {
      show_source (self, self->against_source, other, any_other);
      fill_scatter (self, values, figure, others, other);
    }
  fill_grid (self, values, figure);
  spqr_map_list_set_figure (self->list, 0, _(figure->name), figure->format, self->step, values);
  spqr_map_list_set_figure (self->list, 1, _(other->name), other->format, self->against_step, others);
  show_provenance (self);
  show_readout (self, NULL);
}

static void
select_layer (SpqrMapPage *self, SpqrTensor *tensor)
{
  guint place;

  if (!g_set_object (&self->selected, tensor))
    return;
  spqr_grid_view_select (self->grid, tensor != NULL ? spqr_tensor_get_block (tensor) : -1, tensor != NULL ? spqr_map_layers_role (&self->layers, tensor) : -1);
  spqr_map_list_select (self->list, tensor);
  if (gtk_toggle_button_get_active (self->two))
    update (self);
  if (tensor != NULL && g_ptr_array_find (self->layers.tensors, tensor, &place))
    spqr_scatter_view_set_focus_point (self->scatter, place);
  show_readout (self, NULL);
}

static void
follow_selection (SpqrMapPage *self)
{
  SpqrTensor *tensor = spqr_session_get_tensor (self->session);

  select_layer (self, tensor != NULL && spqr_map_layers_take (tensor) ? tensor : NULL);
}

static void
on_model (SpqrMapPage *self)
{
  g_clear_object (&self->selected);
  spqr_map_layers_find (&self->layers, spqr_session_get_model (self->session));
  spqr_map_list_set_tensors (self->list, self->layers.tensors);
  update (self);
}

static void
choose_figure (SpqrMapPage *self, const char *key)
{
  guint n;
  const SpqrMapFigure *figures = spqr_map_figures (&n);

  for (guint i = 0; i < n; i++)
    if (g_str_equal (figures[i].key, key))
      gtk_drop_down_set_selected (self->figure, i);
}

/* A run that is shown is meant to be seen. */
static void
on_run (SpqrMapPage *self)
{
  if (spqr_session_get_shown_run (self->session) != 0 && chosen_figure (self->figure)->source != SPQR_FIGURE_OF_RUN)
    choose_figure (self, "run_output_error");
}

/* What the map was calibrated for takes the place of what could be said without. */
static void
on_done (SpqrMapPage *self, const char *text, const char *place)
{
  if (g_str_equal (place, "map") && chosen_figure (self->figure)->source == SPQR_FIGURE_DATA_FREE)
    choose_figure (self, "sensitivity_mean");
}

static void
open_layer (SpqrMapPage *self, SpqrTensor *tensor)
{
  select_layer (self, tensor);
  spqr_session_select (self->session, tensor);
  gtk_widget_activate_action (GTK_WIDGET (self), "win.page", "s", "layer");
}

/* Beside a scatter a click looks where the layer is there; the second one opens it. */
static void
on_cell (SpqrMapPage *self, guint block, guint role)
{
  SpqrTensor *tensor = spqr_map_layers_at (&self->layers, block, role);

  if (tensor == NULL)
    return;
  if (gtk_toggle_button_get_active (self->two) && tensor != self->selected)
    select_layer (self, tensor);
  else
    open_layer (self, tensor);
}

static void
on_cell_selected (SpqrMapPage *self, guint block, guint role)
{
  select_layer (self, spqr_map_layers_at (&self->layers, block, role));
}

static void
on_cell_hovered (SpqrMapPage *self, gint64 block, gint64 role)
{
  show_readout (self, spqr_map_layers_at (&self->layers, block, role));
}

static void
on_point_selected (SpqrMapPage *self, guint point, gboolean extend)
{
  if (point < self->layers.tensors->len)
    select_layer (self, self->layers.tensors->pdata[point]);
}

static void
on_point_activated (SpqrMapPage *self, guint point)
{
  if (point < self->layers.tensors->len)
    open_layer (self, self->layers.tensors->pdata[point]);
}

static void
on_point_hovered (SpqrMapPage *self, gint64 point)
{
  show_readout (self, point >= 0 && point < self->layers.tensors->len ? self->layers.tensors->pdata[point] : NULL);
}

static void
save_table (SpqrMapPage *self)
{
  spqr_map_save (GTK_WIDGET (self), self->session, spqr_map_list_get_tensors (self->list));
}

/* ---- building ---- */

static GtkDropDown *
make_figures (SpqrMapPage *self, const char *tooltip, const char *name, guint chosen)
{
  GtkStringList *names = gtk_string_list_new (NULL);
  guint n;
  const SpqrMapFigure *figures = spqr_map_figures (&n);
  GtkDropDown *drop_down;

  for (guint i = 0; i < n; i++)
    gtk_string_list_append (names, _(figures[i].name));
  drop_down = GTK_DROP_DOWN (gtk_drop_down_new (G_LIST_MODEL (names), NULL));
  gtk_drop_down_set_selected (drop_down, chosen);
  gtk_widget_set_tooltip_text (GTK_WIDGET (drop_down), tooltip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (drop_down), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_signal_connect_object (drop_down, "notify::selected", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  return drop_down;
}

static GtkDropDown *
make_scales (SpqrMapPage *self)
{
  const char *const names[] = { _("Linear"), _("Log"), NULL };
  GtkWidget *drop_down = gtk_drop_down_new_from_strings (names);

  gtk_widget_set_tooltip_text (drop_down, _("How values become colours: linear, or logarithmic (of the magnitude)"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (drop_down), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Scale"), -1);
  g_signal_connect_object (drop_down, "notify::selected", G_CALLBACK (on_scale_chosen), self, G_CONNECT_SWAPPED);
  return GTK_DROP_DOWN (drop_down);
}

static GtkLabel *
make_badge (void)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_widget_add_css_class (label, "badge");
  gtk_widget_set_valign (label, GTK_ALIGN_CENTER);
  return GTK_LABEL (label);
}

/* The second figure. */
static GtkWidget *
make_against (SpqrMapPage *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 9);

  self->against = make_figures (self, _("What the layers are laid out by from left to right"), _("Second figure"), 2);
  self->against_source = make_badge ();
  gtk_box_append (GTK_BOX (box), gtk_label_new (_("against")));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->against));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->against_source));
  return box;
}

static GtkWidget *
make_bar (SpqrMapPage *self)
{
  GtkWidget *bar = spqr_wrap_new (9);

  self->two = GTK_TOGGLE_BUTTON (gtk_toggle_button_new_with_mnemonic (_("_Two Figures")));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->two), _("A second figure, and both of them as a scatter beside the map"));
  self->figure = make_figures (self, _("What the colours show"), _("Figure"), 0);
  self->scale = make_scales (self);
  self->source = make_badge ();
  self->calibrate = gtk_button_new_with_mnemonic (_("_Calibrate…"));
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->calibrate), "win.calibrate");
  self->against_box = make_against (self);
  spqr_wrap_append (SPQR_WRAP (bar), GTK_WIDGET (self->figure));
  spqr_wrap_append (SPQR_WRAP (bar), GTK_WIDGET (self->scale));
  spqr_wrap_append (SPQR_WRAP (bar), GTK_WIDGET (self->source));
  spqr_wrap_append (SPQR_WRAP (bar), self->calibrate);
  /* Before what it brings, in whichever row. */
  spqr_wrap_append (SPQR_WRAP (bar), GTK_WIDGET (self->two));
  spqr_wrap_append (SPQR_WRAP (bar), self->against_box);
  gtk_widget_set_margin_start (bar, 12);
  gtk_widget_set_margin_end (bar, 12);
  gtk_widget_set_margin_top (bar, 9);
  g_signal_connect_object (self->two, "toggled", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  return bar;
}

static GtkLabel *
make_text (gboolean wrap)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_wrap (GTK_LABEL (label), wrap);
  gtk_label_set_ellipsize (GTK_LABEL (label), wrap ? PANGO_ELLIPSIZE_NONE : PANGO_ELLIPSIZE_START);     /* figures stand at the end */
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 40);       /* wished for: the room goes to the list's columns first */
  gtk_widget_add_css_class (label, wrap ? "dim-label" : "figures");
  gtk_widget_set_margin_start (label, 12);
  gtk_widget_set_margin_end (label, 12);
  gtk_widget_set_margin_top (label, 6);
  gtk_widget_set_margin_bottom (label, 6);
  return GTK_LABEL (label);
}

static GtkWidget *
make_side (SpqrMapPage *self)
{
  GtkWidget *side = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), *save = gtk_button_new_with_mnemonic (_("_Save Table…"));

  self->list = SPQR_MAP_LIST (spqr_map_list_new ());
  gtk_widget_set_vexpand (GTK_WIDGET (self->list), TRUE);
  g_signal_connect_object (self->list, "layer-selected", G_CALLBACK (select_layer), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->list, "layer-activated", G_CALLBACK (open_layer), self, G_CONNECT_SWAPPED);
  gtk_widget_add_css_class (save, "flat");
  gtk_widget_set_tooltip_text (save, _("All figures of these layers as CSV, in this order"));
  g_signal_connect_object (save, "clicked", G_CALLBACK (save_table), self, G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (side), GTK_WIDGET (self->list));
  gtk_box_append (GTK_BOX (side), gtk_separator_new (GTK_ORIENTATION_HORIZONTAL));
  gtk_box_append (GTK_BOX (side), save);
  gtk_widget_set_size_request (side, 270, -1);
  return side;
}

static GtkWidget *
make_charts (SpqrMapPage *self)
{
  GtkWidget *charts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  self->grid = SPQR_GRID_VIEW (spqr_grid_view_new ());
  self->scatter = SPQR_SCATTER_VIEW (spqr_scatter_view_new ());
  spqr_settings_bind_colormap (spqr_settings_get_default (), self->grid);
  spqr_scatter_view_set_front (self->scatter, FALSE);
  spqr_chart_set_name (SPQR_CHART (self->grid), _("Map of the model"));
  spqr_chart_set_name (SPQR_CHART (self->scatter), _("Two figures of the layers"));
  gtk_box_set_homogeneous (GTK_BOX (charts), TRUE);
  gtk_widget_set_hexpand (GTK_WIDGET (self->grid), TRUE);
  gtk_widget_set_vexpand (GTK_WIDGET (self->grid), TRUE);
  g_signal_connect_object (self->grid, "cell-activated", G_CALLBACK (on_cell), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->grid, "cell-selected", G_CALLBACK (on_cell_selected), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->grid, "cell-hovered", G_CALLBACK (on_cell_hovered), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->scatter, "point-selected", G_CALLBACK (on_point_selected), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->scatter, "point-activated", G_CALLBACK (on_point_activated), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->scatter, "point-hovered", G_CALLBACK (on_point_hovered), self, G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (charts), GTK_WIDGET (self->grid));
  gtk_box_append (GTK_BOX (charts), GTK_WIDGET (self->scatter));
  return charts;
}

GtkWidget *
spqr_map_page_new (SpqrSession *session)
{
  SpqrMapPage *self = g_object_new (SPQR_TYPE_MAP_PAGE, NULL);

  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (on_model), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "figures-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::tensor", G_CALLBACK (follow_selection), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::shown-run", G_CALLBACK (on_run), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "done", G_CALLBACK (on_done), self, G_CONNECT_SWAPPED);
  on_model (self);
  return GTK_WIDGET (self);
}

static void
spqr_map_page_dispose (GObject *object)
{
  SpqrMapPage *self = SPQR_MAP_PAGE (object);

  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_object (&self->session);
  g_clear_pointer (&self->scales, g_free);
  spqr_map_layers_clear (&self->layers);
  g_clear_object (&self->selected);
  G_OBJECT_CLASS (spqr_map_page_parent_class)->dispose (object);
}

static void
spqr_map_page_class_init (SpqrMapPageClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_map_page_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static void
spqr_map_page_init (SpqrMapPage *self)
{
  GtkWidget *main_box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  guint n;
  const SpqrMapFigure *figures = spqr_map_figures (&n);

  self->scales = g_new (SpqrScaleKind, n);
  for (guint i = 0; i < n; i++)
    self->scales[i] = figures[i].scale;
  spqr_map_layers_find (&self->layers, NULL);
  self->box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  gtk_box_append (GTK_BOX (main_box), make_bar (self));
  self->explanation = make_text (TRUE);
  self->readout = make_text (FALSE);
  gtk_box_append (GTK_BOX (main_box), GTK_WIDGET (self->explanation));
  gtk_box_append (GTK_BOX (main_box), make_charts (self));
  gtk_box_append (GTK_BOX (main_box), GTK_WIDGET (self->readout));
  gtk_widget_set_hexpand (main_box, TRUE);
  gtk_box_append (GTK_BOX (self->box), main_box);
  gtk_box_append (GTK_BOX (self->box), gtk_separator_new (GTK_ORIENTATION_VERTICAL));
  gtk_box_append (GTK_BOX (self->box), make_side (self));
}
