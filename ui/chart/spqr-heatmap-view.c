#include <glib/gi18n-lib.h>
#include <math.h>

#include "chart/spqr-heatmap-view-private.h"

enum { MAX_CELL_WIDTH = 110, MAX_CELL_HEIGHT = 44 };

G_DEFINE_FINAL_TYPE (SpqrHeatmapView, spqr_heatmap_view, SPQR_TYPE_CHART)

enum {
  PROP_0, PROP_FIELD, PROP_MARKS, PROP_COLORMAP, PROP_SCALE, PROP_REVERSED, PROP_AUTO_RANGE, PROP_LO, PROP_HI,
  PROP_TITLE, PROP_SUBTITLE, PROP_VALUE_LABEL, PROP_ROW_LABEL, PROP_COL_LABEL, PROP_MESSAGE, N_PROPS
};
static GParamSpec *props[N_PROPS];
enum { CELL_HOVERED, CELL_SELECTED, CELL_ACTIVATED, VIEW_CHANGED, RANGE_CHANGED, RANGE_RESET, N_SIGNALS };
static guint signals[N_SIGNALS];

GtkWidget *
spqr_heatmap_view_new (void)
{
  return g_object_new (SPQR_TYPE_HEATMAP_VIEW, NULL);
}

static double
value_at (SpqrHeatmapView *self, gint64 row, gint64 col)
{
  const SpqrFieldData *f = self->plot.field;
  if (!f || row < 0 || col < 0 || (size_t) row >= f->rows || (size_t) col >= f->cols)
    return NAN;
  return f->values[(size_t) row * f->cols + (size_t) col];
}

/* Keeps the view inside the matrix, cells between the whole and the largest size, and the corner on a
 * device pixel: then panning moves finished pixels, it does not resample them. */
static void
clamp_view (SpqrHeatmapView *self)
{
  const SpqrFieldData *f = self->plot.field;
  const SpqrRect *m = &self->layout.matrix;
  if (!f)
    return;
  double fit_x = m->width / (double) f->cols, fit_y = m->height / (double) f->rows;
  if (self->fitted || !self->placed)
    {
      self->px_x = fit_x;
      self->px_y = fit_y;
    }
  self->px_x = CLAMP (self->px_x, fit_x, MAX (fit_x, MAX_CELL_WIDTH));
  self->px_y = CLAMP (self->px_y, fit_y, MAX (fit_y, MAX_CELL_HEIGHT));
  self->fitted = self->px_x <= fit_x * (1 + 1e-9) && self->px_y <= fit_y * (1 + 1e-9);
  double cols = m->width / self->px_x, rows = m->height / self->px_y;
  double scale = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  self->col0 = CLAMP (round (self->col0 * self->px_x * scale) / (self->px_x * scale), 0, MAX (0, (double) f->cols - cols));
  self->row0 = CLAMP (round (self->row0 * self->px_y * scale) / (self->px_y * scale), 0, MAX (0, (double) f->rows - rows));
  self->plot.view = (SpqrViewport) { self->row0, self->row0 + rows, self->col0, self->col0 + cols };
  self->layout.view = self->plot.view;
  self->placed = TRUE;
}

const SpqrHeatmapLayout *
_spqr_heatmap_view_layout (SpqrHeatmapView *self)
{
  double width = gtk_widget_get_width (GTK_WIDGET (self)), height = gtk_widget_get_height (GTK_WIDGET (self));
  if (!self->layout_valid || self->layout.width != width || self->layout.height != height)
    {
      spqr_heatmap_layout (&self->plot, spqr_chart_get_theme (SPQR_CHART (self)), width, height, &self->layout);
      clamp_view (self);
      self->layout_valid = TRUE;
      if (self->has_wish && width > 0 && height > 0)
        {
          SpqrViewport wish = self->wish;
          self->has_wish = FALSE;
          spqr_heatmap_view_set_view (self, &wish);
        }
    }
  return &self->layout;
}

static gboolean
same_view (const SpqrViewport *a, const SpqrViewport *b)
{
  return a->row0 == b->row0 && a->row1 == b->row1 && a->col0 == b->col0 && a->col1 == b->col1;
}

static void
update_pointed_cell (SpqrHeatmapView *self)
{
  size_t row, col;
  if (self->pointer_x < 0)
    return;
  if (spqr_heatmap_loudest_at (&self->plot, _spqr_heatmap_view_layout (self), self->pointer_x, self->pointer_y, &row, &col))
    _spqr_heatmap_view_hover (self, (gint64) row, (gint64) col);
  else
    _spqr_heatmap_view_hover (self, -1, -1);
}

void
_spqr_heatmap_view_place (SpqrHeatmapView *self, double row0, double col0, double px_x, double px_y)
{
  _spqr_heatmap_view_layout (self);
  SpqrViewport before = self->plot.view;
  self->row0 = row0;
  self->col0 = col0;
  self->px_x = px_x;
  self->px_y = px_y;
  self->fitted = FALSE;
  clamp_view (self);
  if (same_view (&before, &self->plot.view))
    return;
  self->image_stale = TRUE;
  update_pointed_cell (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_signal_emit (self, signals[VIEW_CHANGED], 0);
}

void
spqr_heatmap_view_fit (SpqrHeatmapView *self)
{
  g_return_if_fail (SPQR_IS_HEATMAP_VIEW (self));
  _spqr_heatmap_view_stop_glide (self);
  _spqr_heatmap_view_place (self, 0, 0, 0, 0);
}

void
spqr_heatmap_view_zoom (SpqrHeatmapView *self, double factor, double x, double y)
{
  g_return_if_fail (SPQR_IS_HEATMAP_VIEW (self));
  const SpqrHeatmapLayout *l = _spqr_heatmap_view_layout (self);
  if (!self->plot.field || !(factor > 0))
    return;
  const SpqrRect *m = &l->matrix;
  double dx = x < 0 ? m->width / 2 : CLAMP (x - m->x, 0, m->width), dy = y < 0 ? m->height / 2 : CLAMP (y - m->y, 0, m->height);
  double col = self->col0 + dx / self->px_x, row = self->row0 + dy / self->px_y;
  double fit_x = m->width / (double) self->plot.field->cols, fit_y = m->height / (double) self->plot.field->rows;
  double px_x = CLAMP (self->px_x * factor, fit_x, MAX (fit_x, MAX_CELL_WIDTH));
  double px_y = CLAMP (self->px_y * factor, fit_y, MAX (fit_y, MAX_CELL_HEIGHT));
  _spqr_heatmap_view_place (self, row - dy / px_y, col - dx / px_x, px_x, px_y);
}

SpqrViewport
spqr_heatmap_view_get_view (SpqrHeatmapView *self)
{
  _spqr_heatmap_view_layout (self);
  return self->plot.view;
}

void
spqr_heatmap_view_set_view (SpqrHeatmapView *self, const SpqrViewport *view)
{
  g_return_if_fail (SPQR_IS_HEATMAP_VIEW (self));
  if (!(view->row1 > view->row0) || !(view->col1 > view->col0))
    return;
  if (gtk_widget_get_width (GTK_WIDGET (self)) == 0)
    {
      self->wish = *view;
      self->has_wish = TRUE;
      return;
    }
  const SpqrRect *m = &_spqr_heatmap_view_layout (self)->matrix;
  _spqr_heatmap_view_place (self, view->row0, view->col0, m->width / (view->col1 - view->col0), m->height / (view->row1 - view->row0));
}

void
_spqr_heatmap_view_hover (SpqrHeatmapView *self, gint64 row, gint64 col)
{
  if (row == self->hover_row && col == self->hover_col)
    return;
  self->hover_row = row;
  self->hover_col = col;
  spqr_chart_overlay_changed (SPQR_CHART (self));
  g_signal_emit (self, signals[CELL_HOVERED], 0, row, col, value_at (self, row, col));
}

void
spqr_heatmap_view_select (SpqrHeatmapView *self, gint64 row, gint64 col)
{
  g_return_if_fail (SPQR_IS_HEATMAP_VIEW (self));
  const SpqrHeatmapLayout *l = _spqr_heatmap_view_layout (self);
  const SpqrFieldData *f = self->plot.field;
  if (!f || row < 0 || col < 0 || row >= (gint64) f->rows || col >= (gint64) f->cols)
    row = col = -1;
  self->selected_row = row;
  self->selected_col = col;
  if (row >= 0)
    {
      /* Into view, a little inside the edge. */
      double rows = l->view.row1 - l->view.row0, cols = l->view.col1 - l->view.col0;
      double room_r = MIN (2, rows / 4), room_c = MIN (2, cols / 4);
      double row0 = CLAMP (self->row0, (double) row + 1 + room_r - rows, (double) row - room_r);
      double col0 = CLAMP (self->col0, (double) col + 1 + room_c - cols, (double) col - room_c);
      _spqr_heatmap_view_place (self, row0, col0, self->px_x, self->px_y);
    }
  spqr_chart_update_description (SPQR_CHART (self));
  spqr_chart_overlay_changed (SPQR_CHART (self));
}

void
_spqr_heatmap_view_user_select (SpqrHeatmapView *self, gint64 row, gint64 col)
{
  spqr_heatmap_view_select (self, row, col);
  g_signal_emit (self, signals[CELL_SELECTED], 0, self->selected_row, self->selected_col,
                 value_at (self, self->selected_row, self->selected_col));
}

void
_spqr_heatmap_view_activate (SpqrHeatmapView *self)
{
  if (self->selected_row >= 0)
    g_signal_emit (self, signals[CELL_ACTIVATED], 0, self->selected_row, self->selected_col,
                   value_at (self, self->selected_row, self->selected_col));
}

gboolean
spqr_heatmap_view_get_selected (SpqrHeatmapView *self, gint64 *row, gint64 *col)
{
  *row = self->selected_row;
  *col = self->selected_col;
  return self->selected_row >= 0;
}

/* Linked views: the change of one is made in the other, which must not answer. */
static void
on_other_view_changed (SpqrHeatmapView *other, SpqrHeatmapView *self)
{
  const SpqrFieldData *a = self->plot.field, *b = other->plot.field;
  if (self->syncing || other->syncing || !a || !b || a->rows != b->rows || a->cols != b->cols)
    return;
  SpqrViewport view = other->plot.view;
  self->syncing = TRUE;
  spqr_heatmap_view_set_view (self, &view);
  self->syncing = FALSE;
}

static void
on_other_hovered (SpqrHeatmapView *other, gint64 row, gint64 col, double value, SpqrHeatmapView *self)
{
  if (self->syncing || other->syncing)
    return;
  self->syncing = TRUE;
  _spqr_heatmap_view_hover (self, row, col);
  self->syncing = FALSE;
}

static void
on_other_selected (SpqrHeatmapView *other, gint64 row, gint64 col, double value, SpqrHeatmapView *self)
{
  spqr_heatmap_view_select (self, row, col);
}

static void
link_one (SpqrHeatmapView *from, SpqrHeatmapView *to)
{
  g_signal_connect_object (from, "view-changed", G_CALLBACK (on_other_view_changed), to, 0);
  g_signal_connect_object (from, "cell-hovered", G_CALLBACK (on_other_hovered), to, 0);
  g_signal_connect_object (from, "cell-selected", G_CALLBACK (on_other_selected), to, 0);
}

void
spqr_heatmap_view_link (SpqrHeatmapView *self, SpqrHeatmapView *other)
{
  g_return_if_fail (SPQR_IS_HEATMAP_VIEW (self) && SPQR_IS_HEATMAP_VIEW (other) && self != other);
  link_one (self, other);
  link_one (other, self);
}

static void
update_scale (SpqrHeatmapView *self)
{
  SpqrScaleKind kind = self->plot.scale.kind;
  if (!self->auto_range)
    self->plot.scale = spqr_scale_make (kind, self->lo, self->hi);
  else if (self->plot.field)
    self->plot.scale = spqr_field_data_fit (self->plot.field, kind, 0.001, spqr_colormap_is_diverging (self->plot.colormap));
  if (self->auto_range)
    {
      self->lo = self->plot.scale.lo;
      self->hi = self->plot.scale.hi;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LO]);
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_HI]);
    }
  _spqr_heatmap_view_update_handles (self);
  _spqr_heatmap_view_content_changed (self);
}

void
spqr_heatmap_view_set_field (SpqrHeatmapView *self, SpqrFieldData *field)
{
  g_return_if_fail (SPQR_IS_HEATMAP_VIEW (self));
  SpqrFieldData *old = (SpqrFieldData *) self->plot.field;
  if (old == field)
    return;
  gboolean same_size = old && field && old->rows == field->rows && old->cols == field->cols;
  self->plot.field = field ? spqr_field_data_ref (field) : NULL;
  if (!same_size)
    {
      self->placed = FALSE;
      self->fitted = TRUE;
      self->row0 = self->col0 = 0;
      self->hover_row = self->hover_col = self->selected_row = self->selected_col = -1;
      self->plot.view = spqr_viewport_full (field);
      g_clear_pointer (&self->image.surface, cairo_surface_destroy);
      g_clear_pointer (&self->overview.surface, cairo_surface_destroy);
      g_clear_pointer (&self->minimap.surface, cairo_surface_destroy);
      self->has_pointed = FALSE;
    }
  self->layout_valid = FALSE;
  g_clear_pointer (&old, spqr_field_data_unref);
  update_scale (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_FIELD]);
}

SpqrFieldData *
spqr_heatmap_view_get_field (SpqrHeatmapView *self)
{
  return (SpqrFieldData *) self->plot.field;
}

void
spqr_heatmap_view_set_marks (SpqrHeatmapView *self, SpqrMarks *marks)
{
  g_return_if_fail (SPQR_IS_HEATMAP_VIEW (self));
  SpqrMarks *old = (SpqrMarks *) self->plot.marks;
  if (old == marks)
    return;
  self->plot.marks = marks ? spqr_marks_ref (marks) : NULL;
  g_clear_pointer (&old, spqr_marks_unref);
  _spqr_heatmap_view_content_changed (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MARKS]);
}

void
spqr_heatmap_view_set_colormap (SpqrHeatmapView *self, SpqrColormap map, gboolean reversed)
{
  g_return_if_fail (SPQR_IS_HEATMAP_VIEW (self) && (guint) map < SPQR_N_COLORMAPS);
  if (self->plot.colormap == map && self->plot.reversed == !!reversed)
    return;
  self->plot.colormap = map;
  self->plot.reversed = reversed;
  update_scale (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_COLORMAP]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_REVERSED]);
}

void
spqr_heatmap_view_set_scale (SpqrHeatmapView *self, SpqrScaleKind kind)
{
  g_return_if_fail (SPQR_IS_HEATMAP_VIEW (self) && (guint) kind < SPQR_N_SCALES);
  if (self->plot.scale.kind == kind)
    return;
  self->plot.scale.kind = kind;
  update_scale (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SCALE]);
}

void
spqr_heatmap_view_set_range (SpqrHeatmapView *self, double lo, double hi)
{
  g_return_if_fail (SPQR_IS_HEATMAP_VIEW (self));
  if (!self->auto_range && self->lo == lo && self->hi == hi)
    return;
  gboolean was_auto = self->auto_range;
  self->auto_range = FALSE;
  self->lo = lo;
  self->hi = hi;
  update_scale (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LO]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_HI]);
  if (was_auto)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_AUTO_RANGE]);
}

void
spqr_heatmap_view_set_auto_range (SpqrHeatmapView *self, gboolean auto_range)
{
  g_return_if_fail (SPQR_IS_HEATMAP_VIEW (self));
  if (self->auto_range == !!auto_range)
    return;
  self->auto_range = auto_range;
  update_scale (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_AUTO_RANGE]);
}

const SpqrScale *
spqr_heatmap_view_get_scale (SpqrHeatmapView *self)
{
  return &self->plot.scale;
}

static void
frame_changed (SpqrHeatmapView *self)
{
  self->layout_valid = FALSE;
  self->image_stale = TRUE;
  _spqr_heatmap_view_update_handles (self);
  spqr_chart_changed (SPQR_CHART (self));
}

void
spqr_heatmap_view_set_rulers (SpqrHeatmapView *self, const SpqrRuler *rulers, size_t n)
{
  g_return_if_fail (SPQR_IS_HEATMAP_VIEW (self));
  g_array_set_size (self->rulers, 0);
  for (size_t i = 0; i < n; i++)
    {
      SpqrRuler r = rulers[i];
      r.name = g_intern_string (r.name);
      r.brief = g_intern_string (r.brief);
      r.item = g_intern_string (r.item);
      r.period = MAX (r.period, 1);
      g_array_append_val (self->rulers, r);
    }
  self->plot.rulers = (const SpqrRuler *) (gpointer) self->rulers->data;
  self->plot.n_rulers = n;
  self->layout_valid = FALSE;
  _spqr_heatmap_view_content_changed (self);
}

void
spqr_heatmap_view_set_format (SpqrHeatmapView *self, SpqrAxisFormat format)
{
  self->plot.value_format = format;
  frame_changed (self);
}

void
spqr_heatmap_view_set_titles (SpqrHeatmapView *self, const char *title, const char *subtitle)
{
  g_object_set (self, "title", title, "subtitle", subtitle, NULL);
}

void
spqr_heatmap_view_set_labels (SpqrHeatmapView *self, const char *value, const char *rows, const char *cols)
{
  g_object_set (self, "value-label", value, "row-label", rows, "col-label", cols, NULL);
}

void
spqr_heatmap_view_set_message (SpqrHeatmapView *self, const char *message)
{
  g_object_set (self, "message", message, NULL);
}

void
spqr_heatmap_view_emphasize (SpqrHeatmapView *self, double lo, double hi, gboolean of_magnitude)
{
  g_return_if_fail (SPQR_IS_HEATMAP_VIEW (self));
  bool emphasized = !isnan (lo) && !isnan (hi);
  if (emphasized == self->plot.emphasized && (!emphasized || (self->plot.emphasis_lo == lo && self->plot.emphasis_hi == hi)))
    return;
  self->plot.emphasized = emphasized;
  self->plot.emphasis_lo = lo;
  self->plot.emphasis_hi = hi;
  self->plot.emphasis_of_magnitude = of_magnitude;
  _spqr_heatmap_view_content_changed (self);
}

void
spqr_heatmap_view_point (SpqrHeatmapView *self, const SpqrViewport *cells)
{
  g_return_if_fail (SPQR_IS_HEATMAP_VIEW (self));
  if (!cells && !self->has_pointed)
    return;
  self->has_pointed = cells != NULL;
  if (cells)
    self->pointed = *cells;
  spqr_chart_overlay_changed (SPQR_CHART (self));
}

static void
heatmap_view_draw (SpqrChart *chart, cairo_t *cr, double width, double height, const SpqrTheme *theme)
{
  SpqrHeatmapView *self = SPQR_HEATMAP_VIEW (chart);
  spqr_heatmap_draw (&self->plot, cr, theme, width, height);
}

static char *
heatmap_view_describe (SpqrChart *chart)
{
  SpqrHeatmapView *self = SPQR_HEATMAP_VIEW (chart);
  const SpqrFieldData *f = self->plot.field;
  if (self->plot.message)
    return g_strdup (self->plot.message);
  if (!f)
    return NULL;
  if (self->selected_row >= 0)
    return spqr_heatmap_readout (&self->plot, (size_t) self->selected_row, (size_t) self->selected_col);
  /* Translators: what a heatmap shows, for screen readers */
  return g_strdup_printf (_("%zu rows, %zu columns, from %g to %g"), f->rows, f->cols, f->pyramid.min, f->pyramid.max);
}

static void
heatmap_view_theme_changed (SpqrChart *chart)
{
  SpqrHeatmapView *self = SPQR_HEATMAP_VIEW (chart);
  self->layout_valid = FALSE;
  for (int i = 0; i < 2 && self->handles[0]; i++)
    spqr_range_handle_set_theme (SPQR_RANGE_HANDLE (self->handles[i]), spqr_chart_get_theme (chart));
  _spqr_heatmap_view_content_changed (self);
}

static const char **
string_of (SpqrHeatmapView *self, guint id)
{
  switch (id)
    {
    case PROP_TITLE: return &self->plot.title;
    case PROP_SUBTITLE: return &self->plot.subtitle;
    case PROP_VALUE_LABEL: return &self->plot.value_label;
    case PROP_ROW_LABEL: return &self->plot.row_label;
    case PROP_COL_LABEL: return &self->plot.col_label;
    case PROP_MESSAGE: return &self->plot.message;
    default: return NULL;
    }
}

static void
spqr_heatmap_view_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  SpqrHeatmapView *self = SPQR_HEATMAP_VIEW (object);
  switch (id)
    {
    case PROP_FIELD: spqr_heatmap_view_set_field (self, g_value_get_boxed (value)); break;
    case PROP_MARKS: spqr_heatmap_view_set_marks (self, g_value_get_boxed (value)); break;
    case PROP_COLORMAP: spqr_heatmap_view_set_colormap (self, g_value_get_uint (value), self->plot.reversed); break;
    case PROP_SCALE: spqr_heatmap_view_set_scale (self, g_value_get_uint (value)); break;
    case PROP_REVERSED: spqr_heatmap_view_set_colormap (self, self->plot.colormap, g_value_get_boolean (value)); break;
    case PROP_AUTO_RANGE: spqr_heatmap_view_set_auto_range (self, g_value_get_boolean (value)); break;
    case PROP_LO: spqr_heatmap_view_set_range (self, g_value_get_double (value), self->hi); break;
    case PROP_HI: spqr_heatmap_view_set_range (self, self->lo, g_value_get_double (value)); break;
    default:
      if (!string_of (self, id))
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      else if (spqr_chart_set_text (string_of (self, id), g_value_get_string (value)))
        {
          frame_changed (self);
          g_object_notify_by_pspec (object, pspec);
        }
      break;
    }
}

static void
spqr_heatmap_view_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  SpqrHeatmapView *self = SPQR_HEATMAP_VIEW (object);
  switch (id)
    {
    case PROP_FIELD: g_value_set_boxed (value, self->plot.field); break;
    case PROP_MARKS: g_value_set_boxed (value, self->plot.marks); break;
    case PROP_COLORMAP: g_value_set_uint (value, self->plot.colormap); break;
    case PROP_SCALE: g_value_set_uint (value, self->plot.scale.kind); break;
    case PROP_REVERSED: g_value_set_boolean (value, self->plot.reversed); break;
    case PROP_AUTO_RANGE: g_value_set_boolean (value, self->auto_range); break;
    case PROP_LO: g_value_set_double (value, self->lo); break;
    case PROP_HI: g_value_set_double (value, self->hi); break;
    default:
      if (string_of (self, id))
        g_value_set_string (value, *string_of (self, id));
      else
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
    }
}

static void
spqr_heatmap_view_dispose (GObject *object)
{
  SpqrHeatmapView *self = SPQR_HEATMAP_VIEW (object);
  _spqr_heatmap_view_stop_glide (self);
  _spqr_heatmap_view_stop (self);
  g_clear_pointer (&self->image.surface, cairo_surface_destroy);
  g_clear_pointer (&self->overview.surface, cairo_surface_destroy);
  g_clear_pointer (&self->minimap.surface, cairo_surface_destroy);
  for (int i = 0; i < 2; i++)
    g_clear_pointer (&self->handles[i], gtk_widget_unparent);
  G_OBJECT_CLASS (spqr_heatmap_view_parent_class)->dispose (object);
}

static void
spqr_heatmap_view_finalize (GObject *object)
{
  SpqrHeatmapView *self = SPQR_HEATMAP_VIEW (object);
  if (self->plot.field)
    spqr_field_data_unref ((SpqrFieldData *) self->plot.field);
  if (self->plot.marks)
    spqr_marks_unref ((SpqrMarks *) self->plot.marks);
  for (guint id = PROP_TITLE; id <= PROP_MESSAGE; id++)
    g_free ((char *) *string_of (self, id));
  g_array_unref (self->rulers);
  G_OBJECT_CLASS (spqr_heatmap_view_parent_class)->finalize (object);
}

static void
spqr_heatmap_view_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  GTK_WIDGET_CLASS (spqr_heatmap_view_parent_class)->size_allocate (widget, width, height, baseline);
  _spqr_heatmap_view_allocate_handles (SPQR_HEATMAP_VIEW (widget));
}

static void
spqr_heatmap_view_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  SpqrHeatmapView *self = SPQR_HEATMAP_VIEW (widget);
  GTK_WIDGET_CLASS (spqr_heatmap_view_parent_class)->snapshot (widget, snapshot);
  for (int i = 0; i < 2 && self->handles[0]; i++)
    gtk_widget_snapshot_child (widget, self->handles[i], snapshot);
}

static void
install_properties (GObjectClass *class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  props[PROP_FIELD] = g_param_spec_boxed ("field", NULL, NULL, SPQR_TYPE_FIELD_DATA, flags);
  props[PROP_MARKS] = g_param_spec_boxed ("marks", NULL, NULL, SPQR_TYPE_MARKS, flags);
  props[PROP_COLORMAP] = g_param_spec_uint ("colormap", NULL, NULL, 0, SPQR_N_COLORMAPS - 1, 0, flags);
  props[PROP_SCALE] = g_param_spec_uint ("scale", NULL, NULL, 0, SPQR_N_SCALES - 1, 0, flags);
  props[PROP_REVERSED] = g_param_spec_boolean ("reversed", NULL, NULL, FALSE, flags);
  props[PROP_AUTO_RANGE] = g_param_spec_boolean ("auto-range", NULL, NULL, TRUE, flags);
  props[PROP_LO] = g_param_spec_double ("lo", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0, flags);
  props[PROP_HI] = g_param_spec_double ("hi", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 1, flags);
  static const char *const names[] = { "title", "subtitle", "value-label", "row-label", "col-label", "message" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    props[PROP_TITLE + i] = g_param_spec_string (names[i], NULL, NULL, NULL, flags);
  g_object_class_install_properties (class, N_PROPS, props);
}

static void
spqr_heatmap_view_class_init (SpqrHeatmapViewClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  SpqrChartClass *chart_class = SPQR_CHART_CLASS (class);
  object_class->set_property = spqr_heatmap_view_set_property;
  object_class->get_property = spqr_heatmap_view_get_property;
  object_class->dispose = spqr_heatmap_view_dispose;
  object_class->finalize = spqr_heatmap_view_finalize;
  GTK_WIDGET_CLASS (class)->size_allocate = spqr_heatmap_view_size_allocate;
  GTK_WIDGET_CLASS (class)->snapshot = spqr_heatmap_view_snapshot;
  chart_class->draw = heatmap_view_draw;
  chart_class->snapshot_picture = _spqr_heatmap_view_snapshot;
  chart_class->describe = heatmap_view_describe;
  chart_class->theme_changed = heatmap_view_theme_changed;
  install_properties (object_class);
  static const char *const names[] = { "cell-hovered", "cell-selected", "cell-activated" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    signals[CELL_HOVERED + i] = g_signal_new (names[i], SPQR_TYPE_HEATMAP_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                              G_TYPE_NONE, 3, G_TYPE_INT64, G_TYPE_INT64, G_TYPE_DOUBLE);
  signals[VIEW_CHANGED] = g_signal_new ("view-changed", SPQR_TYPE_HEATMAP_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[RANGE_CHANGED] = g_signal_new ("range-changed", SPQR_TYPE_HEATMAP_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                         G_TYPE_DOUBLE, G_TYPE_DOUBLE);
  signals[RANGE_RESET] = g_signal_new ("range-reset", SPQR_TYPE_HEATMAP_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  _spqr_heatmap_view_class_add_keys (GTK_WIDGET_CLASS (class));
}

static void
spqr_heatmap_view_init (SpqrHeatmapView *self)
{
  spqr_heatmap_init (&self->plot, NULL);
  self->rulers = g_array_new (FALSE, FALSE, sizeof (SpqrRuler));
  self->auto_range = TRUE;
  self->hi = 1;
  self->fitted = TRUE;
  self->hover_row = self->hover_col = self->selected_row = self->selected_col = -1;
  self->pointer_x = self->pointer_y = -1;
  gtk_widget_set_size_request (GTK_WIDGET (self), 160, 120);
  _spqr_heatmap_view_add_input (self);
}
