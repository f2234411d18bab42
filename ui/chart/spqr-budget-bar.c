#include "chart/spqr-budget-bar.h"

#include <math.h>

enum { LEAST_WIDTH = 180, USUAL_WIDTH = 320 };

struct _SpqrBudgetBar {
  SpqrChart parent_instance;
  SpqrBudget plot; /* parts, their names and the title are owned */
  ptrdiff_t hover;
};

G_DEFINE_FINAL_TYPE (SpqrBudgetBar, spqr_budget_bar, SPQR_TYPE_CHART)

GtkWidget *
spqr_budget_bar_new (void)
{
  return g_object_new (SPQR_TYPE_BUDGET_BAR, NULL);
}

static void
free_parts (SpqrBudgetBar *self)
{
  for (size_t i = 0; i < self->plot.n; i++)
    g_free ((char *) self->plot.parts[i].name);
  g_free ((SpqrBudgetPart *) self->plot.parts);
}

void
spqr_budget_bar_set_parts (SpqrBudgetBar *self, const SpqrBudgetPart *parts, size_t n, double target, double full)
{
  g_return_if_fail (SPQR_IS_BUDGET_BAR (self));
  SpqrBudgetPart *copy = g_new (SpqrBudgetPart, MAX (n, 1));
  for (size_t i = 0; i < n; i++)
    copy[i] = (SpqrBudgetPart) { g_strdup (parts[i].name), parts[i].bits };
  free_parts (self);
  self->plot.parts = copy;
  self->plot.n = n;
  self->plot.target = target;
  self->plot.full = full;
  self->hover = -1;
  spqr_chart_changed (SPQR_CHART (self));
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

void
spqr_budget_bar_set_title (SpqrBudgetBar *self, const char *title)
{
  g_return_if_fail (SPQR_IS_BUDGET_BAR (self));
  g_free ((char *) self->plot.title);
  self->plot.title = g_strdup (title);
  spqr_chart_changed (SPQR_CHART (self));
}

static void
get_layout (SpqrBudgetBar *self, SpqrBudgetLayout *layout)
{
  GtkWidget *widget = GTK_WIDGET (self);
  spqr_budget_layout (&self->plot, spqr_chart_get_theme (SPQR_CHART (self)), gtk_widget_get_width (widget), gtk_widget_get_height (widget), layout);
}

static void
budget_bar_draw (SpqrChart *chart, cairo_t *cr, double width, double height, const SpqrTheme *theme)
{
  spqr_budget_draw (&SPQR_BUDGET_BAR (chart)->plot, cr, theme, width, height);
}

static void
budget_bar_draw_overlay (SpqrChart *chart, cairo_t *cr, double width, double height, const SpqrTheme *theme)
{
  SpqrBudgetBar *self = SPQR_BUDGET_BAR (chart);
  if (self->hover < 0)
    return;
  g_auto (SpqrInk) ink = { 0 };
  SpqrBudgetLayout layout;
  spqr_ink_init (&ink, cr, theme);
  get_layout (self, &layout);
  spqr_budget_draw_hover (&self->plot, &ink, &layout, (size_t) self->hover);
}

static char *
budget_bar_describe (SpqrChart *chart)
{
  return spqr_budget_readout (&SPQR_BUDGET_BAR (chart)->plot);
}

static void
on_motion (GtkEventControllerMotion *motion, double x, double y, SpqrBudgetBar *self)
{
  SpqrBudgetLayout layout;
  get_layout (self, &layout);
  ptrdiff_t part = spqr_budget_part_at (&self->plot, &layout, x, y);
  if (part == self->hover)
    return;
  self->hover = part;
  spqr_chart_overlay_changed (SPQR_CHART (self));
}

static void
on_leave (GtkEventControllerMotion *motion, SpqrBudgetBar *self)
{
  self->hover = -1;
  spqr_chart_overlay_changed (SPQR_CHART (self));
}

static GtkSizeRequestMode
budget_bar_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
budget_bar_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  SpqrBudgetBar *self = SPQR_BUDGET_BAR (widget);
  const SpqrTheme *theme = spqr_chart_get_theme (SPQR_CHART (self));
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *minimum = LEAST_WIDTH;
      *natural = USUAL_WIDTH;
      return;
    }
  double width = for_size > 0 ? for_size : LEAST_WIDTH;
  *minimum = *natural = (int) ceil (spqr_budget_natural_height (&self->plot, theme, width));
}

static void
spqr_budget_bar_finalize (GObject *object)
{
  SpqrBudgetBar *self = SPQR_BUDGET_BAR (object);
  free_parts (self);
  g_free ((char *) self->plot.title);
  G_OBJECT_CLASS (spqr_budget_bar_parent_class)->finalize (object);
}

static void
spqr_budget_bar_class_init (SpqrBudgetBarClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  SpqrChartClass *chart_class = SPQR_CHART_CLASS (class);
  G_OBJECT_CLASS (class)->finalize = spqr_budget_bar_finalize;
  widget_class->measure = budget_bar_measure;
  widget_class->get_request_mode = budget_bar_get_request_mode;
  chart_class->draw = budget_bar_draw;
  chart_class->draw_overlay = budget_bar_draw_overlay;
  chart_class->describe = budget_bar_describe;
}

static void
spqr_budget_bar_init (SpqrBudgetBar *self)
{
  GtkEventController *motion = gtk_event_controller_motion_new ();
  self->hover = -1;
  g_signal_connect (motion, "motion", G_CALLBACK (on_motion), self);
  g_signal_connect (motion, "leave", G_CALLBACK (on_leave), self);
  gtk_widget_add_controller (GTK_WIDGET (self), motion);
}
