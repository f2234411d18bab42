#include "chart/spqr-index-chart.h"

typedef struct { gint64 index; } SpqrIndexChartPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (SpqrIndexChart, spqr_index_chart, SPQR_TYPE_CHART)

static SpqrIndexChartPrivate *
get_private (SpqrIndexChart *self)
{
  return spqr_index_chart_get_instance_private (self);
}

gint64
spqr_index_chart_get_index (SpqrIndexChart *self)
{
  return get_private (self)->index;
}

void
spqr_index_chart_forget (SpqrIndexChart *self)
{
  get_private (self)->index = -1;
}

void
spqr_index_chart_point (SpqrIndexChart *self, gint64 index)
{
  g_return_if_fail (SPQR_IS_INDEX_CHART (self));
  SpqrIndexChartPrivate *priv = get_private (self);
  index = MAX (index, -1);
  if (index == priv->index)
    return;
  priv->index = index;
  spqr_chart_overlay_changed (SPQR_CHART (self));
  spqr_chart_update_description (SPQR_CHART (self));
  SPQR_INDEX_CHART_GET_CLASS (self)->pointed (self, index);
}

static void
index_chart_draw_overlay (SpqrChart *chart, cairo_t *cr, double width, double height, const SpqrTheme *theme)
{
  SpqrIndexChart *self = SPQR_INDEX_CHART (chart);
  gint64 index = get_private (self)->index;
  if (index < 0)
    return;
  g_auto (SpqrInk) ink = { 0 };
  spqr_ink_init (&ink, cr, theme);
  SPQR_INDEX_CHART_GET_CLASS (self)->draw_index (self, &ink, index);
}

static void
on_motion (GtkEventControllerMotion *motion, double x, double y, SpqrIndexChart *self)
{
  spqr_index_chart_point (self, SPQR_INDEX_CHART_GET_CLASS (self)->index_at (self, x, y));
}

static void
on_leave (GtkEventControllerMotion *motion, SpqrIndexChart *self)
{
  spqr_index_chart_point (self, -1);
}

static void
spqr_index_chart_class_init (SpqrIndexChartClass *class)
{
  SPQR_CHART_CLASS (class)->draw_overlay = index_chart_draw_overlay;
}

static void
spqr_index_chart_init (SpqrIndexChart *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  get_private (self)->index = -1;
  gtk_widget_set_size_request (widget, 160, 110);
  GtkEventController *motion = gtk_event_controller_motion_new ();
  g_signal_connect (motion, "motion", G_CALLBACK (on_motion), self);
  g_signal_connect (motion, "leave", G_CALLBACK (on_leave), self);
  gtk_widget_add_controller (widget, motion);
}
