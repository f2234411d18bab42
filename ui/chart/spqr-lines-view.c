#include "chart/spqr-lines-view.h"

struct _SpqrLinesView {
  SpqrChart parent_instance;
  SpqrLines plot; /* series, values, names and strings are owned */
  gboolean pointed; /* index and series are under the pointer or the keyboard's */
  size_t index, series;
};

G_DEFINE_FINAL_TYPE (SpqrLinesView, spqr_lines_view, SPQR_TYPE_CHART)

static guint signal_point_activated;

GtkWidget *
spqr_lines_view_new (void)
{
  return g_object_new (SPQR_TYPE_LINES_VIEW, NULL);
}

static void
get_layout (SpqrLinesView *self, SpqrLinesLayout *layout)
{
  GtkWidget *widget = GTK_WIDGET (self);
  spqr_lines_layout (&self->plot, spqr_chart_get_theme (SPQR_CHART (self)), gtk_widget_get_width (widget), gtk_widget_get_height (widget), layout);
}

static void
free_series (SpqrLinesView *self)
{
  for (size_t s = 0; s < self->plot.n_series; s++)
    {
      g_free ((char *) self->plot.series[s].name);
      g_free ((double *) self->plot.series[s].values);
    }
  g_free ((SpqrLineSeries *) self->plot.series);
  g_strfreev ((char **) self->plot.names);
  g_strfreev ((char **) self->plot.groups);
  g_strfreev ((char **) self->plot.ticks);
  self->plot.series = NULL;
  self->plot.n_series = 0;
  self->plot.names = self->plot.groups = self->plot.ticks = NULL;
}

static size_t
longest (SpqrLinesView *self)
{
  size_t n = 0;
  for (size_t s = 0; s < self->plot.n_series; s++)
    n = MAX (n, self->plot.series[s].n);
  return n;
}

static const char *const *
copy_texts (const char *const *texts, size_t n)
{
  char **copy = texts ? g_new0 (char *, n + 1) : NULL;
  for (size_t i = 0; copy && i < n; i++)
    copy[i] = g_strdup (texts[i]);
  return (const char *const *) copy;
}

void
spqr_lines_view_set_ticks (SpqrLinesView *self, const char *const *groups, const char *const *ticks)
{
  g_return_if_fail (SPQR_IS_LINES_VIEW (self));
  size_t n = longest (self);
  const char *const *new_groups = copy_texts (groups, n), *const *new_ticks = copy_texts (ticks, n);
  g_strfreev ((char **) self->plot.groups);
  g_strfreev ((char **) self->plot.ticks);
  self->plot.groups = new_groups;
  self->plot.ticks = new_ticks;
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_lines_view_set_series (SpqrLinesView *self, const SpqrLineSeries *series, size_t n, const char *const *names)
{
  g_return_if_fail (SPQR_IS_LINES_VIEW (self));
  SpqrLineSeries *copy = g_new (SpqrLineSeries, MAX (n, 1));
  for (size_t s = 0; s < n; s++)
    {
      copy[s] = series[s];
      copy[s].name = g_strdup (series[s].name);
      copy[s].values = g_memdup2 (series[s].values, series[s].n * sizeof *series[s].values);
    }
  free_series (self);
  self->plot.series = copy;
  self->plot.n_series = n;
  self->plot.names = copy_texts (names, longest (self));
  self->pointed = FALSE;
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_lines_view_set_y_axis (SpqrLinesView *self, SpqrScaleKind kind, SpqrAxisFormat format, gboolean from_zero)
{
  g_return_if_fail (SPQR_IS_LINES_VIEW (self));
  self->plot.y_kind = kind;
  self->plot.y_format = format;
  self->plot.from_zero = from_zero;
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_lines_view_set_titles (SpqrLinesView *self, const char *title, const char *subtitle, const char *x_label, const char *y_label, const char *message)
{
  g_return_if_fail (SPQR_IS_LINES_VIEW (self));
  spqr_chart_set_text (&self->plot.title, title);
  spqr_chart_set_text (&self->plot.subtitle, subtitle);
  spqr_chart_set_text (&self->plot.x_label, x_label);
  spqr_chart_set_text (&self->plot.y_label, y_label);
  spqr_chart_set_text (&self->plot.message, message);
  spqr_chart_changed (SPQR_CHART (self));
}

static void
lines_view_draw (SpqrChart *chart, cairo_t *cr, double width, double height, const SpqrTheme *theme)
{
  spqr_lines_draw (&SPQR_LINES_VIEW (chart)->plot, cr, theme, width, height);
}

static void
lines_view_draw_overlay (SpqrChart *chart, cairo_t *cr, double width, double height, const SpqrTheme *theme)
{
  SpqrLinesView *self = SPQR_LINES_VIEW (chart);
  if (!self->pointed)
    return;
  g_auto (SpqrInk) ink = { 0 };
  SpqrLinesLayout layout;
  spqr_ink_init (&ink, cr, theme);
  get_layout (self, &layout);
  spqr_lines_draw_hover (&self->plot, &ink, &layout, self->index, self->series);
}

static char *
lines_view_describe (SpqrChart *chart)
{
  SpqrLinesView *self = SPQR_LINES_VIEW (chart);
  if (!self->pointed || self->series >= self->plot.n_series)
    return NULL;
  const char *name = self->plot.series[self->series].name;
  g_autofree char *text = spqr_lines_readout (&self->plot, self->index, self->series);
  return g_strdup_printf ("%s%s%s", name ? name : "", name ? ": " : "", text);
}

static void
on_motion (GtkEventControllerMotion *motion, double x, double y, SpqrLinesView *self)
{
  SpqrLinesLayout layout;
  size_t index = self->index, series = self->series;
  get_layout (self, &layout);
  gboolean pointed = spqr_lines_point_at (&self->plot, &layout, x, y, &index, &series);
  if (pointed == self->pointed && index == self->index && series == self->series)
    return;
  self->pointed = pointed;
  self->index = index;
  self->series = series;
  spqr_chart_overlay_changed (SPQR_CHART (self));
}

static void
on_leave (GtkEventControllerMotion *motion, SpqrLinesView *self)
{
  self->pointed = FALSE;
  spqr_chart_overlay_changed (SPQR_CHART (self));
}

static void
on_released (GtkGestureClick *click, int n_press, double x, double y, SpqrLinesView *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self));
  if (n_press == 1 && self->pointed)
    g_signal_emit (self, signal_point_activated, 0, (guint) self->index, (guint) self->series);
}

static gboolean
on_move (GtkWidget *widget, GVariant *args, gpointer data)
{
  SpqrLinesView *self = SPQR_LINES_VIEW (widget);
  int along, across;
  g_variant_get (args, "(ii)", &along, &across);
  if (self->plot.n_series == 0)
    return FALSE;
  gint64 series = self->pointed ? (gint64) self->series + across : 0;
  series = CLAMP (series, 0, (gint64) self->plot.n_series - 1);
  gint64 last = (gint64) self->plot.series[series].n - 1;
  gint64 index = self->pointed ? (gint64) self->index + along : 0;
  if (last < 0)
    return FALSE;
  self->series = (size_t) series;
  self->index = (size_t) CLAMP (index, 0, last);
  self->pointed = TRUE;
  spqr_chart_update_description (SPQR_CHART (self));
  spqr_chart_overlay_changed (SPQR_CHART (self));
  return TRUE;
}

static gboolean
on_activate (GtkWidget *widget, GVariant *args, gpointer data)
{
  SpqrLinesView *self = SPQR_LINES_VIEW (widget);
  if (!self->pointed)
    return FALSE;
  g_signal_emit (self, signal_point_activated, 0, (guint) self->index, (guint) self->series);
  return TRUE;
}

static void
spqr_lines_view_finalize (GObject *object)
{
  SpqrLinesView *self = SPQR_LINES_VIEW (object);
  free_series (self);
  g_free ((char *) self->plot.title);
  g_free ((char *) self->plot.subtitle);
  g_free ((char *) self->plot.x_label);
  g_free ((char *) self->plot.y_label);
  g_free ((char *) self->plot.message);
  G_OBJECT_CLASS (spqr_lines_view_parent_class)->finalize (object);
}

static void
spqr_lines_view_class_init (SpqrLinesViewClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  SpqrChartClass *chart_class = SPQR_CHART_CLASS (class);
  G_OBJECT_CLASS (class)->finalize = spqr_lines_view_finalize;
  chart_class->draw = lines_view_draw;
  chart_class->draw_overlay = lines_view_draw_overlay;
  chart_class->describe = lines_view_describe;
  signal_point_activated = g_signal_new ("point-activated", SPQR_TYPE_LINES_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_UINT);
  static const struct { guint key; int along, across; } moves[] = {
    { GDK_KEY_Left, -1, 0 }, { GDK_KEY_Right, 1, 0 }, { GDK_KEY_Up, 0, -1 }, { GDK_KEY_Down, 0, 1 },
    { GDK_KEY_Home, -100000, 0 }, { GDK_KEY_End, 100000, 0 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (moves); i++)
    gtk_widget_class_add_binding (widget_class, moves[i].key, 0, on_move, "(ii)", moves[i].along, moves[i].across);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Return, 0, on_activate, NULL);
}

static void
spqr_lines_view_init (SpqrLinesView *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
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
