#include "chart/spqr-range-handle.h"

#include "plot/spqr-ink.h"

struct _SpqrRangeHandle {
  GtkWidget parent_instance;
  SpqrTheme theme;
  gboolean dragging, moved;
  double grab;             /* from its middle to where it was taken */
};

G_DEFINE_FINAL_TYPE (SpqrRangeHandle, spqr_range_handle, GTK_TYPE_WIDGET)

enum { DRAGGED, STEPPED, RESET, N_SIGNALS };
static guint signals[N_SIGNALS];

void
spqr_range_handle_set_theme (SpqrRangeHandle *self, const SpqrTheme *theme)
{
  self->theme = *theme;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* The text is also the description: GTK 4.8 passes on values of its own widgets alone. */
void
spqr_range_handle_set_value (SpqrRangeHandle *self, double least, double most, double value, const char *text)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_VALUE_MIN, least, GTK_ACCESSIBLE_PROPERTY_VALUE_MAX, most,
                                  GTK_ACCESSIBLE_PROPERTY_VALUE_NOW, value, GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, text,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
}

static void
on_drag_begin (GtkGestureDrag *drag, double x, double y, SpqrRangeHandle *self)
{
  gtk_gesture_set_state (GTK_GESTURE (drag), GTK_EVENT_SEQUENCE_CLAIMED);
  gtk_widget_grab_focus (GTK_WIDGET (self));
  self->dragging = TRUE;
  self->moved = FALSE;
  self->grab = x - gtk_widget_get_width (GTK_WIDGET (self)) / 2.0;
}

/* The handle moves under the pointer, and offsets are counted in its own place: the place is counted in. */
static void
tell (SpqrRangeHandle *self, GtkGestureDrag *drag, double dx, gboolean finished)
{
  GtkWidget *parent = gtk_widget_get_parent (GTK_WIDGET (self));
  double start, x, unused;
  if (!self->dragging || !gtk_gesture_drag_get_start_point (drag, &start, &unused)
      || !gtk_widget_translate_coordinates (GTK_WIDGET (self), parent, start + dx, 0, &x, &unused))
    return;
  self->moved = TRUE;
  g_signal_emit (self, signals[DRAGGED], 0, x - self->grab, finished);
}

static void
on_drag_update (GtkGestureDrag *drag, double dx, double dy, SpqrRangeHandle *self)
{
  if (dx != 0)
    tell (self, drag, dx, FALSE);
}

static void
on_drag_end (GtkGestureDrag *drag, double dx, double dy, SpqrRangeHandle *self)
{
  /* A mere click leaves it where it is. */
  if (self->moved)
    tell (self, drag, dx, TRUE);
  self->dragging = FALSE;
}

static void
on_pressed (GtkGestureClick *click, int n_press, double x, double y, SpqrRangeHandle *self)
{
  if (n_press == 2)
    g_signal_emit (self, signals[RESET], 0);
}

static gboolean
on_step (GtkWidget *widget, GVariant *args, gpointer data)
{
  g_signal_emit (widget, signals[STEPPED], 0, g_variant_get_double (args));
  return TRUE;
}

static gboolean
on_reset (GtkWidget *widget, GVariant *args, gpointer data)
{
  g_signal_emit (widget, signals[RESET], 0);
  return TRUE;
}

static void
spqr_range_handle_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  SpqrRangeHandle *self = SPQR_RANGE_HANDLE (widget);
  double width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget), middle = width / 2;
  graphene_rect_t bounds = GRAPHENE_RECT_INIT (0, 0, (float) width, (float) height);
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &bounds);
  g_auto (SpqrInk) ink = { 0 };
  gboolean focused = gtk_widget_has_visible_focus (widget);
  spqr_ink_init (&ink, cr, &self->theme);
  spqr_ink_round_rect (&ink, middle - 3.5, 1.5, 7, height - 3, 3.5);
  spqr_color_set_source (&self->theme.background, cr);
  cairo_fill_preserve (cr);
  spqr_color_set_source (focused ? &self->theme.accent : &self->theme.ink, cr);
  cairo_set_line_width (cr, focused ? 2.5 : 1.5);
  cairo_stroke (cr);
  cairo_destroy (cr);
}

static void
spqr_range_handle_class_init (SpqrRangeHandleClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  widget_class->snapshot = spqr_range_handle_snapshot;
  signals[DRAGGED] = g_signal_new ("dragged", SPQR_TYPE_RANGE_HANDLE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                   G_TYPE_DOUBLE, G_TYPE_BOOLEAN);
  signals[STEPPED] = g_signal_new ("stepped", SPQR_TYPE_RANGE_HANDLE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_DOUBLE);
  signals[RESET] = g_signal_new ("reset", SPQR_TYPE_RANGE_HANDLE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  static const struct { guint key; double by; } steps[] = {
    { GDK_KEY_Left, -0.01 }, { GDK_KEY_Right, 0.01 }, { GDK_KEY_Down, -0.01 }, { GDK_KEY_Up, 0.01 },
    { GDK_KEY_Page_Down, -0.1 }, { GDK_KEY_Page_Up, 0.1 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      gtk_widget_class_add_binding (widget_class, steps[i].key, 0, on_step, "d", steps[i].by);
      gtk_widget_class_add_binding (widget_class, steps[i].key, GDK_SHIFT_MASK, on_step, "d", 10 * steps[i].by);
    }
  gtk_widget_class_add_binding (widget_class, GDK_KEY_BackSpace, 0, on_reset, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Delete, 0, on_reset, NULL);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_SLIDER);
  gtk_widget_class_set_css_name (widget_class, "spqrhandle");
}

static void
spqr_range_handle_init (SpqrRangeHandle *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkGesture *drag = gtk_gesture_drag_new (), *click = gtk_gesture_click_new ();
  spqr_theme_init (&self->theme, SPQR_THEME_LIGHT);
  gtk_widget_set_focusable (widget, TRUE);
  gtk_widget_set_cursor_from_name (widget, "col-resize");
  gtk_widget_set_size_request (widget, SPQR_RANGE_HANDLE_WIDTH, SPQR_RANGE_HANDLE_HEIGHT);
  g_signal_connect (drag, "drag-begin", G_CALLBACK (on_drag_begin), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (on_drag_update), self);
  g_signal_connect (drag, "drag-end", G_CALLBACK (on_drag_end), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drag));
  g_signal_connect (click, "pressed", G_CALLBACK (on_pressed), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (click));
  gtk_gesture_group (click, drag);
}

GtkWidget *
spqr_range_handle_new (const char *name)
{
  GtkWidget *self = g_object_new (SPQR_TYPE_RANGE_HANDLE, NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  gtk_widget_set_tooltip_text (self, name);
  return self;
}
