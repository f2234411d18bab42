#include "chart/spqr-bars-view.h"

#include <math.h>

struct _SpqrBarsView {
  SpqrIndexChart parent_instance;
  SpqrBars plot; /* values and strings are owned */
};

G_DEFINE_FINAL_TYPE (SpqrBarsView, spqr_bars_view, SPQR_TYPE_INDEX_CHART)

enum { INDEX_HOVERED, INDEX_CHOSEN, N_SIGNALS };
static guint signals[N_SIGNALS];

GtkWidget *
spqr_bars_view_new (void)
{
  return g_object_new (SPQR_TYPE_BARS_VIEW, NULL);
}

static void
get_layout (SpqrBarsView *self, SpqrBarsLayout *layout)
{
  GtkWidget *widget = GTK_WIDGET (self);
  spqr_bars_layout (&self->plot, spqr_chart_get_theme (SPQR_CHART (self)), gtk_widget_get_width (widget), gtk_widget_get_height (widget), layout);
}

void
spqr_bars_view_set_values (SpqrBarsView *self, const double *values, size_t n, double mean, SpqrAxisFormat format)
{
  g_return_if_fail (SPQR_IS_BARS_VIEW (self));
  double *copy = values && n > 0 ? g_memdup2 (values, n * sizeof *values) : NULL;
  g_free ((double *) self->plot.values);
  self->plot.values = copy;
  self->plot.n = copy ? n : 0;
  self->plot.mean = mean;
  self->plot.y_format = format;
  if (spqr_index_chart_get_index (SPQR_INDEX_CHART (self)) >= (gint64) self->plot.n)
    spqr_index_chart_forget (SPQR_INDEX_CHART (self));
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_bars_view_set_titles (SpqrBarsView *self, const char *item, const char *x_label, const char *y_label, const char *message)
{
  g_return_if_fail (SPQR_IS_BARS_VIEW (self));
  spqr_chart_set_text (&self->plot.item, item);
  spqr_chart_set_text (&self->plot.x_label, x_label);
  spqr_chart_set_text (&self->plot.y_label, y_label);
  spqr_chart_set_text (&self->plot.message, message);
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_bars_view_set_range (SpqrBarsView *self, double from, double to)
{
  g_return_if_fail (SPQR_IS_BARS_VIEW (self));
  if (self->plot.from == from && self->plot.to == to)
    return;
  self->plot.from = from;
  self->plot.to = to;
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_bars_view_mark (SpqrBarsView *self, gint64 index)
{
  g_return_if_fail (SPQR_IS_BARS_VIEW (self));
  if (self->plot.marked == index)
    return;
  self->plot.marked = (ptrdiff_t) index;
  spqr_chart_changed (SPQR_CHART (self));
}

static void
bars_view_draw (SpqrChart *chart, cairo_t *cr, double width, double height, const SpqrTheme *theme)
{
  spqr_bars_draw (&SPQR_BARS_VIEW (chart)->plot, cr, theme, width, height);
}

static char *
bars_view_describe (SpqrChart *chart)
{
  SpqrBarsView *self = SPQR_BARS_VIEW (chart);
  gint64 pointed = spqr_index_chart_get_index (SPQR_INDEX_CHART (self)), index = pointed >= 0 ? pointed : self->plot.marked;
  if (self->plot.n == 0)
    return g_strdup (self->plot.message);
  return index >= 0 ? spqr_bars_readout (&self->plot, (size_t) index) : NULL;
}

static gint64
bars_view_index_at (SpqrIndexChart *chart, double x, double y)
{
  SpqrBarsView *self = SPQR_BARS_VIEW (chart);
  SpqrBarsLayout layout;
  get_layout (self, &layout);
  return spqr_bars_index_at (&self->plot, &layout, x, y);
}

static void
bars_view_draw_index (SpqrIndexChart *chart, SpqrInk *ink, gint64 index)
{
  SpqrBarsView *self = SPQR_BARS_VIEW (chart);
  SpqrBarsLayout layout;
  get_layout (self, &layout);
  spqr_bars_draw_hover (&self->plot, ink, &layout, (size_t) index);
}

static void
bars_view_pointed (SpqrIndexChart *chart, gint64 index)
{
  g_signal_emit (chart, signals[INDEX_HOVERED], 0, index);
}

static void
on_released (GtkGestureClick *click, int n_press, double x, double y, SpqrBarsView *self)
{
  SpqrBarsLayout layout;
  get_layout (self, &layout);
  gtk_widget_grab_focus (GTK_WIDGET (self));
  ptrdiff_t index = spqr_bars_index_at (&self->plot, &layout, x, y);
  if (n_press == 1 && index >= 0)
    g_signal_emit (self, signals[INDEX_CHOSEN], 0, (gint64) index);
}

/* "(d)": by so much of what is seen, at least one place; beyond 1: to the end. */
static gboolean
on_move (GtkWidget *widget, GVariant *args, gpointer data)
{
  SpqrBarsView *self = SPQR_BARS_VIEW (widget);
  SpqrBarsLayout l;
  double by = g_variant_get_double (args);
  gint64 last = (gint64) self->plot.n - 1, from = spqr_index_chart_get_index (SPQR_INDEX_CHART (self));
  if (self->plot.n == 0)
    return FALSE;
  if (from < 0)
    from = self->plot.marked;
  get_layout (self, &l);
  gint64 step = fabs (by) > 1 ? last + 1 : (gint64) MAX (1, fabs (by) * (l.to - l.from));
  if (from < 0)
    spqr_index_chart_point (SPQR_INDEX_CHART (self), (gint64) CLAMP (floor (l.from), 0, (double) last));
  else
    spqr_index_chart_point (SPQR_INDEX_CHART (self), CLAMP (from + (by < 0 ? -step : step), 0, last));
  return TRUE;
}

static gboolean
on_activate (GtkWidget *widget, GVariant *args, gpointer data)
{
  SpqrBarsView *self = SPQR_BARS_VIEW (widget);
  gint64 index = spqr_index_chart_get_index (SPQR_INDEX_CHART (self));
  if (index < 0)
    return FALSE;
  g_signal_emit (self, signals[INDEX_CHOSEN], 0, index);
  return TRUE;
}

static void
spqr_bars_view_finalize (GObject *object)
{
  SpqrBarsView *self = SPQR_BARS_VIEW (object);
  g_free ((double *) self->plot.values);
  g_free ((char *) self->plot.item);
  g_free ((char *) self->plot.x_label);
  g_free ((char *) self->plot.y_label);
  g_free ((char *) self->plot.message);
  G_OBJECT_CLASS (spqr_bars_view_parent_class)->finalize (object);
}

static void
spqr_bars_view_class_init (SpqrBarsViewClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  SpqrChartClass *chart_class = SPQR_CHART_CLASS (class);
  SpqrIndexChartClass *index_class = SPQR_INDEX_CHART_CLASS (class);
  G_OBJECT_CLASS (class)->finalize = spqr_bars_view_finalize;
  chart_class->draw = bars_view_draw;
  chart_class->describe = bars_view_describe;
  index_class->index_at = bars_view_index_at;
  index_class->draw_index = bars_view_draw_index;
  index_class->pointed = bars_view_pointed;
  signals[INDEX_HOVERED] = g_signal_new ("index-hovered", SPQR_TYPE_BARS_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT64);
  signals[INDEX_CHOSEN] = g_signal_new ("index-chosen", SPQR_TYPE_BARS_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT64);
  static const struct { guint key; GdkModifierType mods; double by; } moves[] = {
    { GDK_KEY_Left, 0, -1e-9 }, { GDK_KEY_Right, 0, 1e-9 }, { GDK_KEY_Left, GDK_SHIFT_MASK, -0.05 }, { GDK_KEY_Right, GDK_SHIFT_MASK, 0.05 },
    { GDK_KEY_Home, 0, -2 }, { GDK_KEY_End, 0, 2 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (moves); i++)
    gtk_widget_class_add_binding (widget_class, moves[i].key, moves[i].mods, on_move, "d", moves[i].by);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Return, 0, on_activate, NULL);
}

static void
spqr_bars_view_init (SpqrBarsView *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  self->plot = (SpqrBars) { .mean = NAN, .marked = -1 };
  GtkGesture *click = gtk_gesture_click_new ();
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_PRIMARY);
  g_signal_connect (click, "released", G_CALLBACK (on_released), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (click));
}
