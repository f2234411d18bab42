#include "chart/spqr-grid-view.h"

#include <math.h>

struct _SpqrGridView {
  SpqrChart parent_instance;
  SpqrGrid plot; /* rows are roles, columns blocks; values, labels and strings are owned */
  gboolean auto_range;
  double lo, hi;
  ptrdiff_t hover_row, hover_col;
};

G_DEFINE_FINAL_TYPE (SpqrGridView, spqr_grid_view, SPQR_TYPE_CHART)

enum { PROP_0, PROP_COLORMAP, PROP_SCALE, PROP_AUTO_RANGE, N_PROPS };
static GParamSpec *props[N_PROPS];
enum { CELL_ACTIVATED, CELL_SELECTED, CELL_HOVERED, N_SIGNALS };
static guint signals[N_SIGNALS];

GtkWidget *
spqr_grid_view_new (void)
{
  return g_object_new (SPQR_TYPE_GRID_VIEW, NULL);
}

static void
get_layout (SpqrGridView *self, SpqrGridLayout *layout)
{
  GtkWidget *widget = GTK_WIDGET (self);
  spqr_grid_layout (&self->plot, spqr_chart_get_theme (SPQR_CHART (self)), gtk_widget_get_width (widget), gtk_widget_get_height (widget), layout);
}

static void
update_scale (SpqrGridView *self)
{
  SpqrScaleKind kind = self->plot.scale.kind;
  size_t n = self->plot.rows * self->plot.cols;
  if (self->auto_range)
    {
      g_autofree float *values = g_new (float, MAX (n, 1));
      for (size_t i = 0; i < n; i++)
        values[i] = (float) self->plot.values[i];
      self->plot.scale = spqr_scale_fit (kind, values, n, 0, spqr_colormap_is_diverging (self->plot.colormap));
    }
  else
    self->plot.scale = spqr_scale_make (kind, self->lo, self->hi);
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_grid_view_set_values (SpqrGridView *self, size_t n_blocks, size_t n_roles, const double *values,
                           const char *const *block_labels, const char *const *role_labels)
{
  g_return_if_fail (SPQR_IS_GRID_VIEW (self));
  SpqrGrid *p = &self->plot;
  double *copy = g_new (double, MAX (n_blocks * n_roles, 1));
  for (size_t b = 0; b < n_blocks; b++)
    for (size_t r = 0; r < n_roles; r++)
      copy[r * n_blocks + b] = values[b * n_roles + r];
  char **rows = g_new0 (char *, n_roles + 1), **cols = block_labels ? g_new0 (char *, n_blocks + 1) : NULL;
  for (size_t r = 0; r < n_roles; r++)
    rows[r] = g_strdup (role_labels ? role_labels[r] : "");
  for (size_t b = 0; cols && b < n_blocks; b++)
    cols[b] = g_strdup (block_labels[b]);
  g_free ((double *) p->values);
  g_strfreev ((char **) p->row_labels);
  g_strfreev ((char **) p->col_labels);
  if (p->rows != n_roles || p->cols != n_blocks)
    {
      p->selected_row = p->selected_col = -1;
      self->hover_row = self->hover_col = -1;
    }
  p->rows = n_roles;
  p->cols = n_blocks;
  p->values = copy;
  p->step = spqr_grid_step (copy, n_blocks * n_roles);
  p->row_labels = (const char *const *) rows;
  p->col_labels = (const char *const *) cols;
  update_scale (self);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

void
spqr_grid_view_set_format (SpqrGridView *self, char *(*format) (double value, double step), SpqrAxisFormat axis)
{
  g_return_if_fail (SPQR_IS_GRID_VIEW (self));
  self->plot.format = format;
  self->plot.value_format = axis;
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_grid_view_set_titles (SpqrGridView *self, const char *title, const char *subtitle, const char *value_label, const char *block_name)
{
  g_return_if_fail (SPQR_IS_GRID_VIEW (self));
  spqr_chart_set_text (&self->plot.title, title);
  spqr_chart_set_text (&self->plot.subtitle, subtitle);
  spqr_chart_set_text (&self->plot.value_label, value_label);
  spqr_chart_set_text (&self->plot.col_name, block_name);
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_grid_view_set_colormap (SpqrGridView *self, SpqrColormap map, gboolean reversed)
{
  g_return_if_fail (SPQR_IS_GRID_VIEW (self) && (guint) map < SPQR_N_COLORMAPS);
  self->plot.colormap = map;
  self->plot.reversed = reversed;
  update_scale (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_COLORMAP]);
}

void
spqr_grid_view_set_scale (SpqrGridView *self, SpqrScaleKind kind)
{
  g_return_if_fail (SPQR_IS_GRID_VIEW (self) && (guint) kind < SPQR_N_SCALES);
  self->plot.scale.kind = kind;
  update_scale (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SCALE]);
}

void
spqr_grid_view_set_auto_range (SpqrGridView *self, gboolean auto_range)
{
  g_return_if_fail (SPQR_IS_GRID_VIEW (self));
  if (!auto_range && self->auto_range)
    {
      self->lo = self->plot.scale.lo;
      self->hi = self->plot.scale.hi;
    }
  self->auto_range = auto_range;
  update_scale (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_AUTO_RANGE]);
}

void
spqr_grid_view_select (SpqrGridView *self, gint64 block, gint64 role)
{
  g_return_if_fail (SPQR_IS_GRID_VIEW (self));
  bool inside = block >= 0 && role >= 0 && block < (gint64) self->plot.cols && role < (gint64) self->plot.rows;
  self->plot.selected_col = inside ? (ptrdiff_t) block : -1;
  self->plot.selected_row = inside ? (ptrdiff_t) role : -1;
  spqr_chart_changed (SPQR_CHART (self));
}

static void
grid_view_draw (SpqrChart *chart, cairo_t *cr, double width, double height, const SpqrTheme *theme)
{
  spqr_grid_draw (&SPQR_GRID_VIEW (chart)->plot, cr, theme, width, height);
}

static void
grid_view_draw_overlay (SpqrChart *chart, cairo_t *cr, double width, double height, const SpqrTheme *theme)
{
  SpqrGridView *self = SPQR_GRID_VIEW (chart);
  ptrdiff_t row = self->hover_row >= 0 ? self->hover_row : self->plot.selected_row;
  ptrdiff_t col = self->hover_row >= 0 ? self->hover_col : self->plot.selected_col;
  if (row < 0 || (self->hover_row < 0 && !gtk_widget_has_visible_focus (GTK_WIDGET (self))))
    return;
  g_auto (SpqrInk) ink = { 0 };
  SpqrGridLayout layout;
  spqr_ink_init (&ink, cr, theme);
  get_layout (self, &layout);
  spqr_grid_draw_pointer (&self->plot, &ink, &layout, (size_t) row, (size_t) col);
}

static char *
grid_view_describe (SpqrChart *chart)
{
  SpqrGridView *self = SPQR_GRID_VIEW (chart);
  if (self->plot.selected_row < 0)
    return NULL;
  return spqr_grid_readout (&self->plot, (size_t) self->plot.selected_row, (size_t) self->plot.selected_col);
}

static void
on_motion (GtkEventControllerMotion *motion, double x, double y, SpqrGridView *self)
{
  SpqrGridLayout layout;
  size_t row, col;
  get_layout (self, &layout);
  bool on_cell = spqr_grid_layout_cell_at (&layout, x, y, &row, &col);
  ptrdiff_t new_row = on_cell ? (ptrdiff_t) row : -1, new_col = on_cell ? (ptrdiff_t) col : -1;
  if (new_row == self->hover_row && new_col == self->hover_col)
    return;
  self->hover_row = new_row;
  self->hover_col = new_col;
  gtk_widget_set_cursor_from_name (GTK_WIDGET (self), on_cell ? "pointer" : NULL);
  spqr_chart_overlay_changed (SPQR_CHART (self));
  g_signal_emit (self, signals[CELL_HOVERED], 0, (gint64) new_col, (gint64) new_row);
}

static void
on_leave (GtkEventControllerMotion *motion, SpqrGridView *self)
{
  self->hover_row = self->hover_col = -1;
  g_signal_emit (self, signals[CELL_HOVERED], 0, (gint64) -1, (gint64) -1);
  spqr_chart_overlay_changed (SPQR_CHART (self));
}

static void
on_released (GtkGestureClick *click, int n_press, double x, double y, SpqrGridView *self)
{
  SpqrGridLayout layout;
  size_t row, col;
  gtk_widget_grab_focus (GTK_WIDGET (self));
  get_layout (self, &layout);
  if (n_press > 2 || !spqr_grid_layout_cell_at (&layout, x, y, &row, &col))
    return;
  spqr_grid_view_select (self, (gint64) col, (gint64) row);
  g_signal_emit (self, signals[CELL_ACTIVATED], 0, (guint) col, (guint) row);
}

static gboolean
on_move (GtkWidget *widget, GVariant *args, gpointer data)
{
  SpqrGridView *self = SPQR_GRID_VIEW (widget);
  int rows, cols;
  if (self->plot.rows == 0 || self->plot.cols == 0)
    return FALSE;
  g_variant_get (args, "(ii)", &rows, &cols);
  ptrdiff_t row = self->plot.selected_row, col = self->plot.selected_col;
  bool first = row < 0;
  row = CLAMP ((first ? 0 : row) + (first ? 0 : rows), 0, (ptrdiff_t) self->plot.rows - 1);
  col = CLAMP ((first ? 0 : col) + (first ? 0 : cols), 0, (ptrdiff_t) self->plot.cols - 1);
  spqr_grid_view_select (self, col, row);
  g_signal_emit (self, signals[CELL_SELECTED], 0, (guint) col, (guint) row);
  return TRUE;
}

static gboolean
on_activate (GtkWidget *widget, GVariant *args, gpointer data)
{
  SpqrGridView *self = SPQR_GRID_VIEW (widget);
  if (self->plot.selected_row < 0)
    return FALSE;
  g_signal_emit (self, signals[CELL_ACTIVATED], 0, (guint) self->plot.selected_col, (guint) self->plot.selected_row);
  return TRUE;
}

static void
grid_view_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  SpqrGridView *self = SPQR_GRID_VIEW (widget);
  double width, height;
  spqr_grid_natural_size (&self->plot, spqr_chart_get_theme (SPQR_CHART (self)), &width, &height);
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 200 : 120;
  *natural = MAX (*minimum, (int) ceil (orientation == GTK_ORIENTATION_HORIZONTAL ? width : height));
}

static void
spqr_grid_view_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  SpqrGridView *self = SPQR_GRID_VIEW (object);
  switch (id)
    {
    case PROP_COLORMAP: spqr_grid_view_set_colormap (self, g_value_get_uint (value), self->plot.reversed); break;
    case PROP_SCALE: spqr_grid_view_set_scale (self, g_value_get_uint (value)); break;
    case PROP_AUTO_RANGE: spqr_grid_view_set_auto_range (self, g_value_get_boolean (value)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec); break;
    }
}

static void
spqr_grid_view_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  SpqrGridView *self = SPQR_GRID_VIEW (object);
  switch (id)
    {
    case PROP_COLORMAP: g_value_set_uint (value, self->plot.colormap); break;
    case PROP_SCALE: g_value_set_uint (value, self->plot.scale.kind); break;
    case PROP_AUTO_RANGE: g_value_set_boolean (value, self->auto_range); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec); break;
    }
}

static void
spqr_grid_view_finalize (GObject *object)
{
  SpqrGrid *p = &SPQR_GRID_VIEW (object)->plot;
  g_free ((double *) p->values);
  g_strfreev ((char **) p->row_labels);
  g_strfreev ((char **) p->col_labels);
  g_free ((char *) p->title);
  g_free ((char *) p->subtitle);
  g_free ((char *) p->value_label);
  g_free ((char *) p->col_name);
  G_OBJECT_CLASS (spqr_grid_view_parent_class)->finalize (object);
}

static void
spqr_grid_view_class_init (SpqrGridViewClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  SpqrChartClass *chart_class = SPQR_CHART_CLASS (class);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  object_class->set_property = spqr_grid_view_set_property;
  object_class->get_property = spqr_grid_view_get_property;
  object_class->finalize = spqr_grid_view_finalize;
  widget_class->measure = grid_view_measure;
  chart_class->draw = grid_view_draw;
  chart_class->draw_overlay = grid_view_draw_overlay;
  chart_class->describe = grid_view_describe;
  props[PROP_COLORMAP] = g_param_spec_uint ("colormap", NULL, NULL, 0, SPQR_N_COLORMAPS - 1, 0, flags);
  props[PROP_SCALE] = g_param_spec_uint ("scale", NULL, NULL, 0, SPQR_N_SCALES - 1, 0, flags);
  props[PROP_AUTO_RANGE] = g_param_spec_boolean ("auto-range", NULL, NULL, TRUE, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
  signals[CELL_ACTIVATED] = g_signal_new ("cell-activated", SPQR_TYPE_GRID_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_UINT);
  signals[CELL_SELECTED] = g_signal_new ("cell-selected", SPQR_TYPE_GRID_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_UINT);
  signals[CELL_HOVERED] = g_signal_new ("cell-hovered", SPQR_TYPE_GRID_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_INT64, G_TYPE_INT64);
  static const struct { guint key; GdkModifierType mods; int rows, cols; } moves[] = {
    { GDK_KEY_Up, 0, -1, 0 }, { GDK_KEY_Down, 0, 1, 0 }, { GDK_KEY_Left, 0, 0, -1 }, { GDK_KEY_Right, 0, 0, 1 },
    { GDK_KEY_KP_Up, 0, -1, 0 }, { GDK_KEY_KP_Down, 0, 1, 0 }, { GDK_KEY_KP_Left, 0, 0, -1 }, { GDK_KEY_KP_Right, 0, 0, 1 },
    { GDK_KEY_Home, 0, 0, -100000 }, { GDK_KEY_End, 0, 0, 100000 },
    { GDK_KEY_Home, GDK_CONTROL_MASK, -100000, -100000 }, { GDK_KEY_End, GDK_CONTROL_MASK, 100000, 100000 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (moves); i++)
    gtk_widget_class_add_binding (widget_class, moves[i].key, moves[i].mods, on_move, "(ii)", moves[i].rows, moves[i].cols);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Return, 0, on_activate, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_KP_Enter, 0, on_activate, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_space, 0, on_activate, NULL);
}

static void
spqr_grid_view_init (SpqrGridView *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  spqr_grid_init (&self->plot, 0, 0, NULL);
  self->auto_range = TRUE;
  self->hi = 1;
  self->hover_row = self->hover_col = -1;
  GtkEventController *motion = gtk_event_controller_motion_new ();
  g_signal_connect (motion, "motion", G_CALLBACK (on_motion), self);
  g_signal_connect (motion, "leave", G_CALLBACK (on_leave), self);
  gtk_widget_add_controller (widget, motion);
  GtkGesture *click = gtk_gesture_click_new ();
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_PRIMARY);
  g_signal_connect (click, "released", G_CALLBACK (on_released), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (click));
}
