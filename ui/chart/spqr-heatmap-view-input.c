/* Pointer, touch and keyboard of SpqrHeatmapView. */
#include <math.h>

#include "chart/spqr-heatmap-view-private.h"

static const double wheel_step = 1.2, key_step = 1.5;
static const double glide_decay = 4.5; /* speed falls to 1/e in 1/4.5 s */
enum { DRAG_THRESHOLD = 4, GLIDE_LEAST = 40, ARROW_PIXELS = 6 };

static void
pan_by (SpqrHeatmapView *self, double dx, double dy)
{
  _spqr_heatmap_view_layout (self);
  _spqr_heatmap_view_place (self, self->row0 + dy / self->px_y, self->col0 + dx / self->px_x, self->px_x, self->px_y);
}

void
_spqr_heatmap_view_stop_glide (SpqrHeatmapView *self)
{
  if (self->glide)
    gtk_widget_remove_tick_callback (GTK_WIDGET (self), self->glide);
  self->glide = 0;
}

static gboolean
on_glide (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  SpqrHeatmapView *self = SPQR_HEATMAP_VIEW (widget);
  gint64 now = gdk_frame_clock_get_frame_time (clock);
  double dt = self->glide_time ? MIN (0.1, (double) (now - self->glide_time) / 1e6) : 0;
  double row0 = self->row0, col0 = self->col0;
  self->glide_time = now;
  if (dt == 0)
    return G_SOURCE_CONTINUE;
  pan_by (self, -self->speed_x * dt, -self->speed_y * dt);
  double fall = exp (-glide_decay * dt);
  self->speed_x *= fall;
  self->speed_y *= fall;
  bool stuck = self->row0 == row0 && self->col0 == col0 && hypot (self->speed_x, self->speed_y) * dt > 2;
  if (hypot (self->speed_x, self->speed_y) < GLIDE_LEAST || stuck)
    {
      self->glide = 0;
      return G_SOURCE_REMOVE;
    }
  return G_SOURCE_CONTINUE;
}

static void
start_glide (SpqrHeatmapView *self)
{
  gboolean animate = TRUE;
  g_object_get (gtk_widget_get_settings (GTK_WIDGET (self)), "gtk-enable-animations", &animate, NULL);
  _spqr_heatmap_view_stop_glide (self);
  if (!animate || hypot (self->speed_x, self->speed_y) < 4 * GLIDE_LEAST)
    return;
  self->glide_time = 0;
  self->glide = gtk_widget_add_tick_callback (GTK_WIDGET (self), on_glide, NULL, NULL);
}

static gboolean
on_minimap (SpqrHeatmapView *self, double x, double y)
{
  SpqrRect map, seen;
  _spqr_heatmap_view_layout (self);
  return _spqr_heatmap_view_minimap (self, &map, &seen) && spqr_rect_contains (&map, x, y);
}

/* The part that is seen goes to where the minimap is pointed at. */
static void
move_to (SpqrHeatmapView *self, double x, double y)
{
  SpqrRect map, seen;
  const SpqrViewport *v = &self->plot.view;
  if (!_spqr_heatmap_view_minimap (self, &map, &seen))
    return;
  double row = (y - map.y) / map.height * (double) self->plot.field->rows, col = (x - map.x) / map.width * (double) self->plot.field->cols;
  _spqr_heatmap_view_place (self, row - (v->row1 - v->row0) / 2, col - (v->col1 - v->col0) / 2, self->px_x, self->px_y);
}

static void
on_motion (GtkEventControllerMotion *motion, double x, double y, SpqrHeatmapView *self)
{
  size_t row, col;
  if (self->mapping || on_minimap (self, x, y))
    {
      self->pointer_x = self->pointer_y = -1;
      _spqr_heatmap_view_hover (self, -1, -1);
      return;
    }
  self->pointer_x = x;
  self->pointer_y = y;
  if (spqr_heatmap_loudest_at (&self->plot, _spqr_heatmap_view_layout (self), x, y, &row, &col))
    _spqr_heatmap_view_hover (self, (gint64) row, (gint64) col);
  else
    _spqr_heatmap_view_hover (self, -1, -1);
}

static void
on_leave (GtkEventControllerMotion *motion, SpqrHeatmapView *self)
{
  self->pointer_x = self->pointer_y = -1;
  _spqr_heatmap_view_hover (self, -1, -1);
}

static gboolean
on_scroll (GtkEventControllerScroll *scroll, double dx, double dy, SpqrHeatmapView *self)
{
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (scroll));
  bool wheel = gtk_event_controller_scroll_get_unit (scroll) == GDK_SCROLL_UNIT_WHEEL;
  if (!self->plot.field || self->plot.message)
    return FALSE;
  _spqr_heatmap_view_stop_glide (self);
  if (wheel && (state & GDK_SHIFT_MASK))
    pan_by (self, (dx + dy) * 60, 0);
  else if (wheel && dx != 0 && dy == 0)
    pan_by (self, dx * 60, 0);
  else if (wheel || (state & GDK_CONTROL_MASK))
    spqr_heatmap_view_zoom (self, pow (wheel_step, wheel ? -dy : -dy / 20), self->pointer_x, self->pointer_y);
  else
    pan_by (self, dx, dy);
  return TRUE;
}

static void
on_decelerate (GtkEventControllerScroll *scroll, double vx, double vy, SpqrHeatmapView *self)
{
  self->speed_x = -vx;
  self->speed_y = -vy;
  start_glide (self);
}

static void
on_drag_begin (GtkGestureDrag *drag, double x, double y, SpqrHeatmapView *self)
{
  _spqr_heatmap_view_stop_glide (self);
  _spqr_heatmap_view_layout (self);
  gtk_widget_grab_focus (GTK_WIDGET (self));
  self->drag_row0 = self->row0;
  self->drag_col0 = self->col0;
  self->dragged = FALSE;
  self->mapping = on_minimap (self, x, y);
  if (self->mapping)
    {
      gtk_gesture_set_state (GTK_GESTURE (drag), GTK_EVENT_SEQUENCE_CLAIMED);
      self->dragged = TRUE; /* no click on a cell */
      move_to (self, x, y);
    }
  self->speed_x = self->speed_y = 0;
  self->last_motion = g_get_monotonic_time ();
  self->last_x = self->last_y = 0;
}

static void
on_drag_update (GtkGestureDrag *drag, double dx, double dy, SpqrHeatmapView *self)
{
  double x, y;
  if (self->mapping && gtk_gesture_drag_get_start_point (drag, &x, &y))
    move_to (self, x + dx, y + dy);
  if (self->mapping)
    return;
  if (!self->dragged && hypot (dx, dy) < DRAG_THRESHOLD)
    return;
  if (!self->dragged)
    {
      self->dragged = TRUE;
      gtk_widget_set_cursor_from_name (GTK_WIDGET (self), "grabbing");
      gtk_gesture_set_state (GTK_GESTURE (drag), GTK_EVENT_SEQUENCE_CLAIMED);
    }
  gint64 now = g_get_monotonic_time ();
  double dt = (double) (now - self->last_motion) / 1e6;
  if (dt > 0.004) /* a running mean of the last few moves */
    {
      self->speed_x = 0.5 * self->speed_x + 0.5 * (dx - self->last_x) / dt;
      self->speed_y = 0.5 * self->speed_y + 0.5 * (dy - self->last_y) / dt;
      self->last_motion = now;
      self->last_x = dx;
      self->last_y = dy;
    }
  _spqr_heatmap_view_place (self, self->drag_row0 - dy / self->px_y, self->drag_col0 - dx / self->px_x, self->px_x, self->px_y);
}

static void
on_drag_end (GtkGestureDrag *drag, double dx, double dy, SpqrHeatmapView *self)
{
  gtk_widget_set_cursor (GTK_WIDGET (self), NULL);
  if (self->mapping)
    self->mapping = FALSE;
  else if (self->dragged && g_get_monotonic_time () - self->last_motion < 80000)
    start_glide (self);
}

static void
on_released (GtkGestureClick *click, int n_press, double x, double y, SpqrHeatmapView *self)
{
  size_t row, col;
  const SpqrHeatmapLayout *l = _spqr_heatmap_view_layout (self);
  if (n_press == 2 && self->handles[0] && spqr_rect_contains (&l->colorbar, x, y))
    g_signal_emit_by_name (self, "range-reset");
  if (self->dragged || !spqr_rect_contains (&l->matrix, x, y))
    return;
  if (n_press == 2 && self->fitted)
    spqr_heatmap_view_zoom (self, 8, x, y);
  else if (n_press == 2)
    spqr_heatmap_view_fit (self);
  else if (n_press == 1 && spqr_heatmap_loudest_at (&self->plot, l, x, y, &row, &col))
    _spqr_heatmap_view_user_select (self, (gint64) row, (gint64) col);
}

static void
on_pinch_begin (GtkGesture *pinch, GdkEventSequence *sequence, SpqrHeatmapView *self)
{
  _spqr_heatmap_view_stop_glide (self);
  self->pinch_px = 1;
}

static void
on_pinch (GtkGestureZoom *pinch, double scale, SpqrHeatmapView *self)
{
  double x = -1, y = -1;
  gtk_gesture_get_bounding_box_center (GTK_GESTURE (pinch), &x, &y);
  if (scale > 0 && self->pinch_px > 0)
    spqr_heatmap_view_zoom (self, scale / self->pinch_px, x, y);
  self->pinch_px = scale;
}

void
_spqr_heatmap_view_add_input (SpqrHeatmapView *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkEventController *motion = gtk_event_controller_motion_new ();
  g_signal_connect (motion, "enter", G_CALLBACK (on_motion), self);
  g_signal_connect (motion, "motion", G_CALLBACK (on_motion), self);
  g_signal_connect (motion, "leave", G_CALLBACK (on_leave), self);
  gtk_widget_add_controller (widget, motion);

  GtkEventController *scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES | GTK_EVENT_CONTROLLER_SCROLL_KINETIC);
  g_signal_connect (scroll, "scroll", G_CALLBACK (on_scroll), self);
  g_signal_connect (scroll, "decelerate", G_CALLBACK (on_decelerate), self);
  gtk_widget_add_controller (widget, scroll);

  GtkGesture *drag = gtk_gesture_drag_new ();
  g_signal_connect (drag, "drag-begin", G_CALLBACK (on_drag_begin), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (on_drag_update), self);
  g_signal_connect (drag, "drag-end", G_CALLBACK (on_drag_end), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drag));

  GtkGesture *click = gtk_gesture_click_new ();
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_PRIMARY);
  g_signal_connect (click, "released", G_CALLBACK (on_released), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (click));
  gtk_gesture_group (click, drag);

  GtkGesture *pinch = gtk_gesture_zoom_new ();
  g_signal_connect (pinch, "begin", G_CALLBACK (on_pinch_begin), self);
  g_signal_connect (pinch, "scale-changed", G_CALLBACK (on_pinch), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (pinch));
}

/* The keyboard's cell is the one spoken of until the pointer moves again. */
static void
leave_pointer (SpqrHeatmapView *self)
{
  self->pointer_x = self->pointer_y = -1;
  _spqr_heatmap_view_hover (self, -1, -1);
}

/* Keyboard: "move" (rows, columns, unit), where the unit is cells, steps, pages or ends. */
enum { UNIT_STEP, UNIT_CELL, UNIT_PAGE, UNIT_END };

static gboolean
on_move (GtkWidget *widget, GVariant *args, gpointer data)
{
  SpqrHeatmapView *self = SPQR_HEATMAP_VIEW (widget);
  const SpqrHeatmapLayout *l = _spqr_heatmap_view_layout (self);
  int rows, cols, unit;
  if (!self->plot.field || self->plot.message)
    return FALSE;
  g_variant_get (args, "(iii)", &rows, &cols, &unit);
  gint64 last_row = (gint64) self->plot.field->rows - 1, last_col = (gint64) self->plot.field->cols - 1;
  gint64 row = self->selected_row, col = self->selected_col;
  if (row < 0) /* the first key puts the cell into the middle of what is seen */
    {
      row = (gint64) ((l->view.row0 + l->view.row1) / 2);
      col = (gint64) ((l->view.col0 + l->view.col1) / 2);
      rows = cols = unit == UNIT_END ? rows : 0;
    }
  double step_r = 1, step_c = 1;
  if (unit == UNIT_STEP)
    {
      step_r = MAX (1, round (ARROW_PIXELS / self->px_y));
      step_c = MAX (1, round (ARROW_PIXELS / self->px_x));
    }
  else if (unit == UNIT_PAGE)
    {
      step_r = MAX (1, floor ((l->view.row1 - l->view.row0) * 0.9));
      step_c = MAX (1, floor ((l->view.col1 - l->view.col0) * 0.9));
    }
  else if (unit == UNIT_END)
    {
      step_r = (double) last_row + 1;
      step_c = (double) last_col + 1;
    }
  leave_pointer (self);
  row = CLAMP (row + (gint64) step_r * rows, 0, last_row);
  col = CLAMP (col + (gint64) step_c * cols, 0, last_col);
  _spqr_heatmap_view_user_select (self, row, col);
  return TRUE;
}

/* The next mark after (or before) the selected cell, in reading order. */
static gboolean
find_mark (const SpqrMarks *marks, gint64 row, gint64 col, bool forward, gint64 *to_row, gint64 *to_col)
{
  for (gint64 r = row; r >= 0 && r < (gint64) marks->rows; r += forward ? 1 : -1)
    {
      gint64 best = -1;
      for (uint32_t k = marks->offsets[r]; k < marks->offsets[r + 1]; k++)
        {
          gint64 c = marks->columns[k];
          bool beyond = r != row || (forward ? c > col : c < col);
          if (beyond && (best < 0 || (forward ? c < best : c > best)))
            best = c;
        }
      if (best >= 0)
        {
          *to_row = r;
          *to_col = best;
          return TRUE;
        }
    }
  return FALSE;
}

static gboolean
on_next_mark (GtkWidget *widget, GVariant *args, gpointer data)
{
  SpqrHeatmapView *self = SPQR_HEATMAP_VIEW (widget);
  const SpqrMarks *marks = self->plot.marks;
  gint64 row, col;
  bool forward = g_variant_get_boolean (args);
  if (!marks || !self->plot.field || marks->rows != self->plot.field->rows || marks->cols != self->plot.field->cols)
    return FALSE;
  gint64 from_row = self->selected_row >= 0 ? self->selected_row : forward ? 0 : (gint64) marks->rows - 1;
  gint64 from_col = self->selected_row >= 0 ? self->selected_col : forward ? -1 : (gint64) marks->cols;
  leave_pointer (self);
  if (find_mark (marks, from_row, from_col, forward, &row, &col))
    _spqr_heatmap_view_user_select (self, row, col);
  else
    gtk_widget_error_bell (widget);
  return TRUE;
}

static gboolean
on_zoom_key (GtkWidget *widget, GVariant *args, gpointer data)
{
  SpqrHeatmapView *self = SPQR_HEATMAP_VIEW (widget);
  double factor = g_variant_get_double (args), x = -1, y = -1;
  if (factor == 0)
    {
      spqr_heatmap_view_fit (self);
      return TRUE;
    }
  if (self->selected_row >= 0 && self->plot.field)
    {
      SpqrRect cell;
      spqr_heatmap_layout_cell_rect (_spqr_heatmap_view_layout (self), (size_t) self->selected_row, (size_t) self->selected_col, &cell);
      x = cell.x + cell.width / 2;
      y = cell.y + cell.height / 2;
    }
  spqr_heatmap_view_zoom (self, factor, x, y);
  if (self->selected_row >= 0) /* at the edge it would be cut off now */
    spqr_heatmap_view_select (self, self->selected_row, self->selected_col);
  return TRUE;
}

static gboolean
on_minimap_key (GtkWidget *widget, GVariant *args, gpointer data)
{
  SpqrHeatmapView *self = SPQR_HEATMAP_VIEW (widget);
  self->hide_minimap = !self->hide_minimap;
  gtk_widget_queue_draw (widget);
  return TRUE;
}

static gboolean
on_activate (GtkWidget *widget, GVariant *args, gpointer data)
{
  _spqr_heatmap_view_activate (SPQR_HEATMAP_VIEW (widget));
  return TRUE;
}

static void
add_move (GtkWidgetClass *class, guint key, guint keypad, GdkModifierType mods, int rows, int cols, int unit)
{
  gtk_widget_class_add_binding (class, key, mods, on_move, "(iii)", rows, cols, unit);
  gtk_widget_class_add_binding (class, keypad, mods, on_move, "(iii)", rows, cols, unit);
}

void
_spqr_heatmap_view_class_add_keys (GtkWidgetClass *class)
{
  static const struct { guint key, keypad; int rows, cols; } arrows[] = {
    { GDK_KEY_Up, GDK_KEY_KP_Up, -1, 0 }, { GDK_KEY_Down, GDK_KEY_KP_Down, 1, 0 },
    { GDK_KEY_Left, GDK_KEY_KP_Left, 0, -1 }, { GDK_KEY_Right, GDK_KEY_KP_Right, 0, 1 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (arrows); i++)
    {
      add_move (class, arrows[i].key, arrows[i].keypad, 0, arrows[i].rows, arrows[i].cols, UNIT_STEP);
      add_move (class, arrows[i].key, arrows[i].keypad, GDK_SHIFT_MASK, arrows[i].rows, arrows[i].cols, UNIT_CELL);
    }
  add_move (class, GDK_KEY_Page_Up, GDK_KEY_KP_Page_Up, 0, -1, 0, UNIT_PAGE);
  add_move (class, GDK_KEY_Page_Down, GDK_KEY_KP_Page_Down, 0, 1, 0, UNIT_PAGE);
  add_move (class, GDK_KEY_Page_Up, GDK_KEY_KP_Page_Up, GDK_SHIFT_MASK, 0, -1, UNIT_PAGE);
  add_move (class, GDK_KEY_Page_Down, GDK_KEY_KP_Page_Down, GDK_SHIFT_MASK, 0, 1, UNIT_PAGE);
  add_move (class, GDK_KEY_Home, GDK_KEY_KP_Home, 0, 0, -1, UNIT_END);
  add_move (class, GDK_KEY_End, GDK_KEY_KP_End, 0, 0, 1, UNIT_END);
  add_move (class, GDK_KEY_Home, GDK_KEY_KP_Home, GDK_CONTROL_MASK, -1, -1, UNIT_END);
  add_move (class, GDK_KEY_End, GDK_KEY_KP_End, GDK_CONTROL_MASK, 1, 1, UNIT_END);
  gtk_widget_class_add_binding (class, GDK_KEY_n, 0, on_next_mark, "b", TRUE);
  gtk_widget_class_add_binding (class, GDK_KEY_n, GDK_SHIFT_MASK, on_next_mark, "b", FALSE);
  static const guint in[] = { GDK_KEY_plus, GDK_KEY_equal, GDK_KEY_KP_Add }, out[] = { GDK_KEY_minus, GDK_KEY_KP_Subtract }, fit[] = { GDK_KEY_0, GDK_KEY_KP_0 };
  for (size_t i = 0; i < G_N_ELEMENTS (in); i++)
    gtk_widget_class_add_binding (class, in[i], 0, on_zoom_key, "d", key_step);
  for (size_t i = 0; i < G_N_ELEMENTS (out); i++)
    gtk_widget_class_add_binding (class, out[i], 0, on_zoom_key, "d", 1 / key_step);
  for (size_t i = 0; i < G_N_ELEMENTS (fit); i++)
    gtk_widget_class_add_binding (class, fit[i], 0, on_zoom_key, "d", 0.0);
  gtk_widget_class_add_binding (class, GDK_KEY_m, 0, on_minimap_key, NULL);
  gtk_widget_class_add_binding (class, GDK_KEY_Return, 0, on_activate, NULL);
  gtk_widget_class_add_binding (class, GDK_KEY_KP_Enter, 0, on_activate, NULL);
}
