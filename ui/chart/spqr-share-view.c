#include "chart/spqr-share-view.h"

#include <math.h>

struct _SpqrShareView {
  SpqrIndexChart parent_instance;
  SpqrShare plot; /* points and strings are owned */
};

G_DEFINE_FINAL_TYPE (SpqrShareView, spqr_share_view, SPQR_TYPE_INDEX_CHART)

static guint signal_value_hovered;

GtkWidget *
spqr_share_view_new (void)
{
  return g_object_new (SPQR_TYPE_SHARE_VIEW, NULL);
}

static void
get_layout (SpqrShareView *self, SpqrShareLayout *layout)
{
  GtkWidget *widget = GTK_WIDGET (self);
  spqr_share_layout (&self->plot, spqr_chart_get_theme (SPQR_CHART (self)), gtk_widget_get_width (widget), gtk_widget_get_height (widget), layout);
}

void
spqr_share_view_set_points (SpqrShareView *self, const SpqrSharePoint *points, size_t n)
{
  g_return_if_fail (SPQR_IS_SHARE_VIEW (self));
  SpqrSharePoint *copy = points && n > 0 ? g_memdup2 (points, n * sizeof *points) : NULL;
  g_free ((SpqrSharePoint *) self->plot.points);
  self->plot.points = copy;
  self->plot.n = copy ? n : 0;
  spqr_index_chart_forget (SPQR_INDEX_CHART (self));
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_share_view_set_current (SpqrShareView *self, double weights, const char *name, double chosen_sum, const char *chosen_name)
{
  g_return_if_fail (SPQR_IS_SHARE_VIEW (self));
  self->plot.has_current = weights > 0;
  self->plot.current_weights = weights;
  self->plot.chosen_sum = chosen_sum;
  spqr_chart_set_text (&self->plot.current_name, name);
  spqr_chart_set_text (&self->plot.chosen_name, chosen_name);
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_share_view_set_note (SpqrShareView *self, const char *note, const char *reason)
{
  g_return_if_fail (SPQR_IS_SHARE_VIEW (self));
  spqr_chart_set_text (&self->plot.note, note);
  spqr_chart_set_text (&self->plot.reason, reason);
  spqr_chart_changed (SPQR_CHART (self));
}

double
spqr_share_view_get_share (SpqrShareView *self, double weights)
{
  g_return_val_if_fail (SPQR_IS_SHARE_VIEW (self), NAN);
  return spqr_share_at (&self->plot, weights);
}

void
spqr_share_view_set_reference (SpqrShareView *self, double weights, double sum, const char *name)
{
  g_return_if_fail (SPQR_IS_SHARE_VIEW (self));
  self->plot.has_reference = true;
  self->plot.reference_weights = weights;
  self->plot.reference_sum = sum;
  spqr_chart_set_text (&self->plot.reference_name, name);
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_share_view_set_titles (SpqrShareView *self, const char *x_label, const char *y_label, const char *value_name, const char *message)
{
  g_return_if_fail (SPQR_IS_SHARE_VIEW (self));
  spqr_chart_set_text (&self->plot.x_label, x_label);
  spqr_chart_set_text (&self->plot.y_label, y_label);
  spqr_chart_set_text (&self->plot.value_name, value_name);
  spqr_chart_set_text (&self->plot.message, message);
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_share_view_mark (SpqrShareView *self, double value)
{
  g_return_if_fail (SPQR_IS_SHARE_VIEW (self));
  if (self->plot.marked == value || (isnan (value) && isnan (self->plot.marked)))
    return;
  self->plot.marked = value;
  spqr_chart_changed (SPQR_CHART (self));
}

static void
share_view_draw (SpqrChart *chart, cairo_t *cr, double width, double height, const SpqrTheme *theme)
{
  spqr_share_draw (&SPQR_SHARE_VIEW (chart)->plot, cr, theme, width, height);
}

static char *
share_view_describe (SpqrChart *chart)
{
  SpqrShareView *self = SPQR_SHARE_VIEW (chart);
  gint64 index = spqr_index_chart_get_index (SPQR_INDEX_CHART (chart));
  if (self->plot.n == 0)
    return g_strdup (self->plot.message);
  if (index >= 0)
    return spqr_share_readout (&self->plot, (size_t) index);
  if (!self->plot.has_current)
    return NULL;
  return self->plot.note ? g_strdup_printf ("%s. %s", self->plot.note, self->plot.current_name) : g_strdup (self->plot.current_name);
}

static gint64
share_view_index_at (SpqrIndexChart *chart, double x, double y)
{
  SpqrShareView *self = SPQR_SHARE_VIEW (chart);
  SpqrShareLayout layout;
  get_layout (self, &layout);
  return spqr_share_point_at (&self->plot, &layout, x, y);
}

static void
share_view_draw_index (SpqrIndexChart *chart, SpqrInk *ink, gint64 index)
{
  SpqrShareView *self = SPQR_SHARE_VIEW (chart);
  SpqrShareLayout layout;
  get_layout (self, &layout);
  spqr_share_draw_hover (&self->plot, ink, &layout, (size_t) index);
}

static void
share_view_pointed (SpqrIndexChart *chart, gint64 index)
{
  SpqrShareView *self = SPQR_SHARE_VIEW (chart);
  g_signal_emit (self, signal_value_hovered, 0, index >= 0 ? self->plot.points[index].value : NAN);
}

static gboolean
on_move (GtkWidget *widget, GVariant *args, gpointer data)
{
  SpqrShareView *self = SPQR_SHARE_VIEW (widget);
  gint64 by = g_variant_get_int32 (args), last = (gint64) self->plot.n - 1, from = spqr_index_chart_get_index (SPQR_INDEX_CHART (self));
  if (last < 0)
    return FALSE;
  spqr_index_chart_point (SPQR_INDEX_CHART (self), from < 0 && ABS (by) <= last ? 0 : CLAMP (from + by, 0, last));
  return TRUE;
}

static void
spqr_share_view_finalize (GObject *object)
{
  SpqrShareView *self = SPQR_SHARE_VIEW (object);
  g_free ((SpqrSharePoint *) self->plot.points);
  g_free ((char *) self->plot.current_name);
  g_free ((char *) self->plot.chosen_name);
  g_free ((char *) self->plot.note);
  g_free ((char *) self->plot.reason);
  g_free ((char *) self->plot.reference_name);
  g_free ((char *) self->plot.x_label);
  g_free ((char *) self->plot.y_label);
  g_free ((char *) self->plot.value_name);
  g_free ((char *) self->plot.message);
  G_OBJECT_CLASS (spqr_share_view_parent_class)->finalize (object);
}

static void
spqr_share_view_class_init (SpqrShareViewClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  SpqrChartClass *chart_class = SPQR_CHART_CLASS (class);
  SpqrIndexChartClass *index_class = SPQR_INDEX_CHART_CLASS (class);
  G_OBJECT_CLASS (class)->finalize = spqr_share_view_finalize;
  chart_class->draw = share_view_draw;
  chart_class->describe = share_view_describe;
  index_class->index_at = share_view_index_at;
  index_class->draw_index = share_view_draw_index;
  index_class->pointed = share_view_pointed;
  signal_value_hovered = g_signal_new ("value-hovered", SPQR_TYPE_SHARE_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_DOUBLE);
  static const struct { guint key; GdkModifierType mods; int by; } moves[] = {
    { GDK_KEY_Left, 0, -1 }, { GDK_KEY_Right, 0, 1 }, { GDK_KEY_Left, GDK_SHIFT_MASK, -20 }, { GDK_KEY_Right, GDK_SHIFT_MASK, 20 },
    { GDK_KEY_Home, 0, -1000000 }, { GDK_KEY_End, 0, 1000000 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (moves); i++)
    gtk_widget_class_add_binding (widget_class, moves[i].key, moves[i].mods, on_move, "i", moves[i].by);
}

static void
spqr_share_view_init (SpqrShareView *self)
{
  self->plot = (SpqrShare) { .marked = NAN, .chosen_sum = NAN };
}
