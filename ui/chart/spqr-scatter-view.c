#include "chart/spqr-scatter-view.h"

#include <math.h>

struct _SpqrScatterView {
  SpqrChart parent_instance;
  SpqrScatter plot; /* points, their labels and the strings are owned */
  char **legend;
  ptrdiff_t hover, focus;
};

G_DEFINE_FINAL_TYPE (SpqrScatterView, spqr_scatter_view, SPQR_TYPE_CHART)

enum { POINT_SELECTED, POINT_ACTIVATED, POINT_HOVERED, N_SIGNALS };
static guint signals[N_SIGNALS];

GtkWidget *
spqr_scatter_view_new (void)
{
  return g_object_new (SPQR_TYPE_SCATTER_VIEW, NULL);
}

static void
get_layout (SpqrScatterView *self, SpqrScatterLayout *layout)
{
  GtkWidget *widget = GTK_WIDGET (self);
  spqr_scatter_layout (&self->plot, spqr_chart_get_theme (SPQR_CHART (self)), gtk_widget_get_width (widget), gtk_widget_get_height (widget), layout);
}

static void
free_points (SpqrScatterView *self)
{
  for (size_t i = 0; i < self->plot.n; i++)
    g_free ((char *) self->plot.points[i].label);
  g_free ((SpqrScatterPoint *) self->plot.points);
  self->plot.points = NULL;
  self->plot.n = 0;
}

void
spqr_scatter_view_set_points (SpqrScatterView *self, const SpqrScatterPoint *points, size_t n)
{
  g_return_if_fail (SPQR_IS_SCATTER_VIEW (self));
  SpqrScatterPoint *copy = g_new (SpqrScatterPoint, MAX (n, 1));
  for (size_t i = 0; i < n; i++)
    {
      copy[i] = points[i];
      copy[i].label = g_strdup (points[i].label);
    }
  if (self->plot.n != n)
    self->hover = self->focus = -1;
  free_points (self);
  self->plot.points = copy;
  self->plot.n = n;
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_scatter_view_set_front (SpqrScatterView *self, gboolean show_front)
{
  g_return_if_fail (SPQR_IS_SCATTER_VIEW (self));
  self->plot.show_front = show_front;
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_scatter_view_set_axes (SpqrScatterView *self, SpqrScaleKind x_kind, SpqrAxisFormat x_format, SpqrScaleKind y_kind, SpqrAxisFormat y_format)
{
  g_return_if_fail (SPQR_IS_SCATTER_VIEW (self));
  self->plot.x_kind = x_kind;
  self->plot.x_format = x_format;
  self->plot.y_kind = y_kind;
  self->plot.y_format = y_format;
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_scatter_view_set_legend (SpqrScatterView *self, const char *const *names)
{
  g_return_if_fail (SPQR_IS_SCATTER_VIEW (self));
  g_strfreev (self->legend);
  self->legend = g_strdupv ((char **) names);
  self->plot.legend = (const char *const *) self->legend;
  self->plot.n_legend = self->legend ? g_strv_length (self->legend) : 0;
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_scatter_view_set_titles (SpqrScatterView *self, const char *title, const char *subtitle, const char *x_label, const char *y_label, const char *message)
{
  g_return_if_fail (SPQR_IS_SCATTER_VIEW (self));
  spqr_chart_set_text (&self->plot.title, title);
  spqr_chart_set_text (&self->plot.subtitle, subtitle);
  spqr_chart_set_text (&self->plot.x_label, x_label);
  spqr_chart_set_text (&self->plot.y_label, y_label);
  spqr_chart_set_text (&self->plot.message, message);
  spqr_chart_changed (SPQR_CHART (self));
}

static void
scatter_view_draw (SpqrChart *chart, cairo_t *cr, double width, double height, const SpqrTheme *theme)
{
  spqr_scatter_draw (&SPQR_SCATTER_VIEW (chart)->plot, cr, theme, width, height);
}

static void
scatter_view_draw_overlay (SpqrChart *chart, cairo_t *cr, double width, double height, const SpqrTheme *theme)
{
  SpqrScatterView *self = SPQR_SCATTER_VIEW (chart);
  ptrdiff_t point = self->hover >= 0 ? self->hover : gtk_widget_has_visible_focus (GTK_WIDGET (self)) ? self->focus : -1;
  if (point < 0)
    return;
  g_auto (SpqrInk) ink = { 0 };
  SpqrScatterLayout layout;
  spqr_ink_init (&ink, cr, theme);
  get_layout (self, &layout);
  spqr_scatter_draw_hover (&self->plot, &ink, &layout, (size_t) point);
}

static char *
scatter_view_describe (SpqrChart *chart)
{
  SpqrScatterView *self = SPQR_SCATTER_VIEW (chart);
  if (self->focus < 0 || (size_t) self->focus >= self->plot.n)
    return g_strdup (self->plot.n == 0 ? self->plot.message : NULL);
  g_autofree char *text = spqr_scatter_readout (&self->plot, (size_t) self->focus);
  const char *label = self->plot.points[self->focus].label;
  return g_strdup_printf ("%s%s%s", label ? label : "", label ? ": " : "", text);
}

static void
on_motion (GtkEventControllerMotion *motion, double x, double y, SpqrScatterView *self)
{
  SpqrScatterLayout layout;
  get_layout (self, &layout);
  ptrdiff_t point = spqr_scatter_point_at (&self->plot, &layout, x, y);
  if (point == self->hover)
    return;
  self->hover = point;
  gtk_widget_set_cursor_from_name (GTK_WIDGET (self), point >= 0 ? "pointer" : NULL);
  spqr_chart_overlay_changed (SPQR_CHART (self));
  g_signal_emit (self, signals[POINT_HOVERED], 0, (gint64) point);
}

static void
on_leave (GtkEventControllerMotion *motion, SpqrScatterView *self)
{
  self->hover = -1;
  spqr_chart_overlay_changed (SPQR_CHART (self));
  g_signal_emit (self, signals[POINT_HOVERED], 0, (gint64) -1);
}

static void
focus_point (SpqrScatterView *self, ptrdiff_t point)
{
  self->focus = point;
  spqr_chart_update_description (SPQR_CHART (self));
  spqr_chart_overlay_changed (SPQR_CHART (self));
}

void
spqr_scatter_view_set_focus_point (SpqrScatterView *self, gint64 point)
{
  g_return_if_fail (SPQR_IS_SCATTER_VIEW (self));
  if (self->focus != point && point < (gint64) self->plot.n)
    focus_point (self, (ptrdiff_t) MAX (point, -1));
}

static void
on_released (GtkGestureClick *click, int n_press, double x, double y, SpqrScatterView *self)
{
  SpqrScatterLayout layout;
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (click));
  gtk_widget_grab_focus (GTK_WIDGET (self));
  get_layout (self, &layout);
  ptrdiff_t point = spqr_scatter_point_at (&self->plot, &layout, x, y);
  if (point < 0)
    return;
  focus_point (self, point);
  if (n_press == 2)
    g_signal_emit (self, signals[POINT_ACTIVATED], 0, (guint) point);
  else
    g_signal_emit (self, signals[POINT_SELECTED], 0, (guint) point, (state & (GDK_CONTROL_MASK | GDK_SHIFT_MASK)) != 0);
}

/* The neighbour along x, ties by y and place, so that every point is reached. */
static gboolean
comes_before (const SpqrScatterPoint *points, size_t i, size_t j)
{
  const SpqrScatterPoint *p = &points[i], *q = &points[j];
  return p->x != q->x ? p->x < q->x : p->y != q->y ? p->y < q->y : i < j;
}

static gboolean
on_walk (GtkWidget *widget, GVariant *args, gpointer data)
{
  SpqrScatterView *self = SPQR_SCATTER_VIEW (widget);
  bool forward = g_variant_get_boolean (args);
  const SpqrScatterPoint *p = self->plot.points;
  ptrdiff_t best = -1;
  for (size_t i = 0; i < self->plot.n; i++)
    {
      if (!isfinite (p[i].x) || !isfinite (p[i].y))
        continue;
      size_t focus = (size_t) MAX (self->focus, 0);
      bool beyond = self->focus < 0 || (forward ? comes_before (p, focus, i) : comes_before (p, i, focus));
      if (beyond && (best < 0 || (forward ? comes_before (p, i, (size_t) best) : comes_before (p, (size_t) best, i))))
        best = (ptrdiff_t) i;
    }
  if (best < 0)
    return FALSE;
  focus_point (self, best);
  g_signal_emit (self, signals[POINT_SELECTED], 0, (guint) best, FALSE);
  return TRUE;
}

static gboolean
on_activate (GtkWidget *widget, GVariant *args, gpointer data)
{
  SpqrScatterView *self = SPQR_SCATTER_VIEW (widget);
  if (self->focus < 0)
    return FALSE;
  if (g_variant_get_boolean (args))
    g_signal_emit (self, signals[POINT_SELECTED], 0, (guint) self->focus, TRUE);
  else
    g_signal_emit (self, signals[POINT_ACTIVATED], 0, (guint) self->focus);
  return TRUE;
}

static void
spqr_scatter_view_finalize (GObject *object)
{
  SpqrScatterView *self = SPQR_SCATTER_VIEW (object);
  free_points (self);
  g_strfreev (self->legend);
  g_free ((char *) self->plot.title);
  g_free ((char *) self->plot.subtitle);
  g_free ((char *) self->plot.x_label);
  g_free ((char *) self->plot.y_label);
  g_free ((char *) self->plot.message);
  G_OBJECT_CLASS (spqr_scatter_view_parent_class)->finalize (object);
}

static void
spqr_scatter_view_class_init (SpqrScatterViewClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  SpqrChartClass *chart_class = SPQR_CHART_CLASS (class);
  G_OBJECT_CLASS (class)->finalize = spqr_scatter_view_finalize;
  chart_class->draw = scatter_view_draw;
  chart_class->draw_overlay = scatter_view_draw_overlay;
  chart_class->describe = scatter_view_describe;
  signals[POINT_SELECTED] = g_signal_new ("point-selected", SPQR_TYPE_SCATTER_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_BOOLEAN);
  signals[POINT_ACTIVATED] = g_signal_new ("point-activated", SPQR_TYPE_SCATTER_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[POINT_HOVERED] = g_signal_new ("point-hovered", SPQR_TYPE_SCATTER_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT64);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Right, 0, on_walk, "b", TRUE);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Left, 0, on_walk, "b", FALSE);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Return, 0, on_activate, "b", FALSE);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_space, GDK_CONTROL_MASK, on_activate, "b", TRUE);
}

static void
spqr_scatter_view_init (SpqrScatterView *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  self->plot = (SpqrScatter) { .show_front = true };
  self->hover = self->focus = -1;
  gtk_widget_set_size_request (widget, 200, 140);
  GtkEventController *motion = gtk_event_controller_motion_new ();
  g_signal_connect (motion, "motion", G_CALLBACK (on_motion), self);
  g_signal_connect (motion, "leave", G_CALLBACK (on_leave), self);
  gtk_widget_add_controller (widget, motion);
  GtkGesture *click = gtk_gesture_click_new ();
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_PRIMARY);
  g_signal_connect (click, "released", G_CALLBACK (on_released), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (click));
}
