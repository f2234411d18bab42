#include "chart/spqr-histogram-view.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "plot/spqr-format.h"

struct _SpqrHistogramView {
  SpqrIndexChart parent_instance;
  SpqrHistogram plot; /* counts, compare and strings are owned */
  gboolean dragging;
  double grab_offset; /* from the line to where it was taken */
};

G_DEFINE_FINAL_TYPE (SpqrHistogramView, spqr_histogram_view, SPQR_TYPE_INDEX_CHART)

enum { PROP_0, PROP_THRESHOLD, PROP_HAS_THRESHOLD, PROP_LOG_COUNTS, N_PROPS };
static GParamSpec *props[N_PROPS];
static guint signal_threshold_changed, signal_bin_hovered;

GtkWidget *
spqr_histogram_view_new (void)
{
  return g_object_new (SPQR_TYPE_HISTOGRAM_VIEW, NULL);
}

static void
get_layout (SpqrHistogramView *self, SpqrHistogramLayout *layout)
{
  GtkWidget *widget = GTK_WIDGET (self);
  spqr_histogram_layout (&self->plot, spqr_chart_get_theme (SPQR_CHART (self)), gtk_widget_get_width (widget), gtk_widget_get_height (widget), layout);
}

void
spqr_histogram_view_set_counts (SpqrHistogramView *self, const uint64_t *counts, const uint64_t *compare, size_t bins, const SpqrScale *x)
{
  g_return_if_fail (SPQR_IS_HISTOGRAM_VIEW (self));
  uint64_t *new_counts = counts && bins > 0 ? g_memdup2 (counts, bins * sizeof *counts) : NULL;
  uint64_t *new_compare = new_counts && compare ? g_memdup2 (compare, bins * sizeof *compare) : NULL;
  g_free ((uint64_t *) self->plot.counts);
  g_free ((uint64_t *) self->plot.compare);
  self->plot.counts = new_counts;
  self->plot.compare = new_compare;
  self->plot.bins = new_counts ? bins : 0;
  spqr_index_chart_forget (SPQR_INDEX_CHART (self));
  if (x)
    self->plot.x = *x;
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_histogram_view_set_series (SpqrHistogramView *self, int bars, int outline)
{
  g_return_if_fail (SPQR_IS_HISTOGRAM_VIEW (self));
  self->plot.in_series = bars >= 0 && outline >= 0;
  self->plot.series = (size_t) MAX (bars, 0);
  self->plot.compare_series = (size_t) MAX (outline, 0);
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_histogram_view_set_whole_numbers (SpqrHistogramView *self, gboolean whole_numbers)
{
  g_return_if_fail (SPQR_IS_HISTOGRAM_VIEW (self));
  if (self->plot.whole_numbers == !!whole_numbers)
    return;
  self->plot.whole_numbers = whole_numbers;
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_histogram_view_set_log_counts (SpqrHistogramView *self, gboolean log_counts)
{
  g_return_if_fail (SPQR_IS_HISTOGRAM_VIEW (self));
  if (self->plot.log_counts == !!log_counts)
    return;
  self->plot.log_counts = log_counts;
  spqr_chart_changed (SPQR_CHART (self));
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LOG_COUNTS]);
}

static void
threshold_moved (SpqrHistogramView *self)
{
  spqr_chart_changed (SPQR_CHART (self));
  if (self->plot.has_threshold)
    gtk_accessible_update_property (GTK_ACCESSIBLE (self),
                                    GTK_ACCESSIBLE_PROPERTY_VALUE_MIN, self->plot.x.lo,
                                    GTK_ACCESSIBLE_PROPERTY_VALUE_MAX, self->plot.x.hi,
                                    GTK_ACCESSIBLE_PROPERTY_VALUE_NOW, self->plot.threshold, -1);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_THRESHOLD]);
}

void
spqr_histogram_view_set_threshold (SpqrHistogramView *self, double threshold, const char *name)
{
  g_return_if_fail (SPQR_IS_HISTOGRAM_VIEW (self));
  if (self->dragging) /* the hand on it knows better */
    return;
  const char *interned = g_intern_string (name);
  if (self->plot.has_threshold && self->plot.threshold == threshold && self->plot.threshold_name == interned)
    return;
  self->plot.has_threshold = true;
  self->plot.threshold = threshold;
  self->plot.threshold_name = interned;
  threshold_moved (self);
}

void
spqr_histogram_view_set_threshold_note (SpqrHistogramView *self, const char *note)
{
  g_return_if_fail (SPQR_IS_HISTOGRAM_VIEW (self));
  if (g_strcmp0 (self->plot.threshold_note, note) == 0)
    return;
  g_free ((char *) self->plot.threshold_note);
  self->plot.threshold_note = g_strdup (note);
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_histogram_view_mark (SpqrHistogramView *self, double value)
{
  g_return_if_fail (SPQR_IS_HISTOGRAM_VIEW (self));
  bool has = !isnan (value);
  if (has == self->plot.has_mark && (!has || self->plot.mark == value))
    return;
  self->plot.has_mark = has;
  self->plot.mark = value;
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_histogram_view_clear_threshold (SpqrHistogramView *self)
{
  g_return_if_fail (SPQR_IS_HISTOGRAM_VIEW (self));
  self->plot.has_threshold = false;
  threshold_moved (self);
}

double
spqr_histogram_view_get_threshold (SpqrHistogramView *self)
{
  g_return_val_if_fail (SPQR_IS_HISTOGRAM_VIEW (self), NAN);
  return self->plot.has_threshold ? self->plot.threshold : NAN;
}

void
spqr_histogram_view_set_titles (SpqrHistogramView *self, const char *title, const char *subtitle, const char *x_label, const char *y_label)
{
  g_return_if_fail (SPQR_IS_HISTOGRAM_VIEW (self));
  spqr_chart_set_text (&self->plot.title, title);
  spqr_chart_set_text (&self->plot.subtitle, subtitle);
  spqr_chart_set_text (&self->plot.x_label, x_label);
  spqr_chart_set_text (&self->plot.y_label, y_label);
  spqr_chart_changed (SPQR_CHART (self));
}

static void
histogram_view_draw (SpqrChart *chart, cairo_t *cr, double width, double height, const SpqrTheme *theme)
{
  spqr_histogram_draw (&SPQR_HISTOGRAM_VIEW (chart)->plot, cr, theme, width, height);
}

static char *
histogram_view_describe (SpqrChart *chart)
{
  SpqrHistogramView *self = SPQR_HISTOGRAM_VIEW (chart);
  if (!self->plot.has_threshold)
    return NULL;
  g_autofree char *value = spqr_format_value (self->plot.threshold, 3);
  g_autofree char *share = spqr_format_percent (spqr_histogram_share_above (&self->plot, self->plot.threshold));
  /* Translators: a threshold and the share of values above it, for screen readers */
  g_autofree char *text = g_strdup_printf (_("Threshold %s, %s above"), value, share);
  return self->plot.threshold_note ? g_strdup_printf ("%s. %s", text, self->plot.threshold_note) : g_steal_pointer (&text);
}

static void
move_threshold (SpqrHistogramView *self, double value, gboolean finished)
{
  self->plot.threshold = value;
  threshold_moved (self);
  g_signal_emit (self, signal_threshold_changed, 0, value, finished);
}

static gint64
histogram_view_index_at (SpqrIndexChart *chart, double x, double y)
{
  SpqrHistogramView *self = SPQR_HISTOGRAM_VIEW (chart);
  SpqrHistogramLayout layout;
  get_layout (self, &layout);
  bool on_threshold = spqr_histogram_threshold_at (&self->plot, &layout, x, y);
  gtk_widget_set_cursor_from_name (GTK_WIDGET (self), on_threshold || self->dragging ? "col-resize" : NULL);
  return self->dragging ? -1 : spqr_histogram_bin_at (&self->plot, &layout, x, y);
}

static void
histogram_view_draw_index (SpqrIndexChart *chart, SpqrInk *ink, gint64 index)
{
  SpqrHistogramView *self = SPQR_HISTOGRAM_VIEW (chart);
  SpqrHistogramLayout layout;
  get_layout (self, &layout);
  spqr_histogram_draw_hover (&self->plot, ink, &layout, (size_t) index);
}

static void
histogram_view_pointed (SpqrIndexChart *chart, gint64 index)
{
  SpqrHistogramView *self = SPQR_HISTOGRAM_VIEW (chart);
  double bins = (double) MAX (self->plot.bins, 1), at = (double) index;
  double from = index < 0 ? NAN : spqr_scale_invert (&self->plot.x, at / bins);
  double to = index < 0 ? NAN : spqr_scale_invert (&self->plot.x, (at + 1) / bins);
  g_signal_emit (self, signal_bin_hovered, 0, from, to);
}

static void
on_drag_begin (GtkGestureDrag *drag, double x, double y, SpqrHistogramView *self)
{
  SpqrHistogramLayout layout;
  get_layout (self, &layout);
  gtk_widget_grab_focus (GTK_WIDGET (self));
  if (!spqr_histogram_threshold_at (&self->plot, &layout, x, y))
    {
      gtk_gesture_set_state (GTK_GESTURE (drag), GTK_EVENT_SEQUENCE_DENIED);
      return;
    }
  gtk_gesture_set_state (GTK_GESTURE (drag), GTK_EVENT_SEQUENCE_CLAIMED);
  self->grab_offset = x - spqr_histogram_x_of (&self->plot, &layout, self->plot.threshold);
  self->dragging = TRUE;
  spqr_index_chart_point (SPQR_INDEX_CHART (self), -1);
}

static void
on_drag_update (GtkGestureDrag *drag, double dx, double dy, SpqrHistogramView *self)
{
  double x, y;
  SpqrHistogramLayout layout;
  if (!self->dragging || !gtk_gesture_drag_get_start_point (drag, &x, &y))
    return;
  get_layout (self, &layout);
  move_threshold (self, spqr_histogram_value_at (&self->plot, &layout, x + dx - self->grab_offset), FALSE);
}

static void
on_drag_end (GtkGestureDrag *drag, double dx, double dy, SpqrHistogramView *self)
{
  if (!self->dragging)
    return;
  self->dragging = FALSE;
  spqr_chart_changed (SPQR_CHART (self));
  g_signal_emit (self, signal_threshold_changed, 0, self->plot.threshold, TRUE);
}

/* "(d)": by so much of the axis; beyond 1: to the end. */
static gboolean
on_key (GtkWidget *widget, GVariant *args, gpointer data)
{
  SpqrHistogramView *self = SPQR_HISTOGRAM_VIEW (widget);
  if (!self->plot.has_threshold)
    return FALSE;
  double t = spqr_scale_apply (&self->plot.x, self->plot.threshold) + g_variant_get_double (args);
  move_threshold (self, spqr_scale_invert (&self->plot.x, isnan (t) ? 1 : CLAMP (t, 0, 1)), TRUE);
  return TRUE;
}

static void
spqr_histogram_view_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  SpqrHistogramView *self = SPQR_HISTOGRAM_VIEW (object);
  switch (id)
    {
    case PROP_THRESHOLD: spqr_histogram_view_set_threshold (self, g_value_get_double (value), self->plot.threshold_name); break;
    case PROP_LOG_COUNTS: spqr_histogram_view_set_log_counts (self, g_value_get_boolean (value)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec); break;
    }
}

static void
spqr_histogram_view_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  SpqrHistogramView *self = SPQR_HISTOGRAM_VIEW (object);
  switch (id)
    {
    case PROP_THRESHOLD: g_value_set_double (value, self->plot.threshold); break;
    case PROP_HAS_THRESHOLD: g_value_set_boolean (value, self->plot.has_threshold); break;
    case PROP_LOG_COUNTS: g_value_set_boolean (value, self->plot.log_counts); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec); break;
    }
}

static void
spqr_histogram_view_finalize (GObject *object)
{
  SpqrHistogramView *self = SPQR_HISTOGRAM_VIEW (object);
  g_free ((uint64_t *) self->plot.counts);
  g_free ((uint64_t *) self->plot.compare);
  g_free ((char *) self->plot.threshold_note);
  g_free ((char *) self->plot.title);
  g_free ((char *) self->plot.subtitle);
  g_free ((char *) self->plot.x_label);
  g_free ((char *) self->plot.y_label);
  G_OBJECT_CLASS (spqr_histogram_view_parent_class)->finalize (object);
}

static void
spqr_histogram_view_class_init (SpqrHistogramViewClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  SpqrChartClass *chart_class = SPQR_CHART_CLASS (class);
  SpqrIndexChartClass *index_class = SPQR_INDEX_CHART_CLASS (class);
  const GParamFlags flags = G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  object_class->set_property = spqr_histogram_view_set_property;
  object_class->get_property = spqr_histogram_view_get_property;
  object_class->finalize = spqr_histogram_view_finalize;
  chart_class->draw = histogram_view_draw;
  chart_class->describe = histogram_view_describe;
  index_class->index_at = histogram_view_index_at;
  index_class->draw_index = histogram_view_draw_index;
  index_class->pointed = histogram_view_pointed;
  props[PROP_THRESHOLD] = g_param_spec_double ("threshold", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0, G_PARAM_READWRITE | flags);
  props[PROP_HAS_THRESHOLD] = g_param_spec_boolean ("has-threshold", NULL, NULL, FALSE, G_PARAM_READABLE | flags);
  props[PROP_LOG_COUNTS] = g_param_spec_boolean ("log-counts", NULL, NULL, FALSE, G_PARAM_READWRITE | flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
  signal_threshold_changed = g_signal_new ("threshold-changed", SPQR_TYPE_HISTOGRAM_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                           G_TYPE_NONE, 2, G_TYPE_DOUBLE, G_TYPE_BOOLEAN);
  signal_bin_hovered = g_signal_new ("bin-hovered", SPQR_TYPE_HISTOGRAM_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                     G_TYPE_DOUBLE, G_TYPE_DOUBLE);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_SLIDER);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Left, 0, on_key, "d", -0.005);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Right, 0, on_key, "d", 0.005);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Left, GDK_SHIFT_MASK, on_key, "d", -0.05);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Right, GDK_SHIFT_MASK, on_key, "d", 0.05);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Home, 0, on_key, "d", -2.0);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_End, 0, on_key, "d", 2.0);
}

static void
spqr_histogram_view_init (SpqrHistogramView *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  self->plot = (SpqrHistogram) { .x = { SPQR_SCALE_LINEAR, 0, 1, 1 } };
  GtkGesture *drag = gtk_gesture_drag_new ();
  g_signal_connect (drag, "drag-begin", G_CALLBACK (on_drag_begin), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (on_drag_update), self);
  g_signal_connect (drag, "drag-end", G_CALLBACK (on_drag_end), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drag));
}
