/* Pixels for SpqrHeatmapView: made in a worker for the view and a margin around it, shown shifted while
 * panning and stretched while zooming until the next ones are there. Below everything lies the
 * overview, the whole matrix at a few hundred pixels: no frame is ever empty, none waits. */
#include <math.h>

#include "chart/spqr-heatmap-view-private.h"

enum { OVERVIEW_SIZE = 640, MINIMAP_WIDTH = 170, MINIMAP_HEIGHT = 130, MAX_SIDE = 8192, MAX_WORKERS = 2 };
static const double margin = 0.3; /* of the view, on each side */
#define MINIMAP_CLIP 0.002        /* share of its pixels at each end that its colours do not reach */

struct _SpqrRenderJob {
  SpqrHeatmapView *view;   /* main thread only; NULL: nobody waits any more */
  int cancelled;
  gboolean overview;
  guint64 serial;
  SpqrHeatmap plot;        /* holds its own references; no strings */
  SpqrRuler *rulers;
  SpqrTheme theme;
  SpqrViewport part;
  double scale;            /* device pixels a logical one */
  int width, height;       /* device pixels */
  cairo_surface_t *surface;
  cairo_surface_t *small;  /* of an overview: the minimap's */
};

static void
job_free (SpqrRenderJob *job)
{
  spqr_field_data_unref ((SpqrFieldData *) job->plot.field);
  if (job->plot.marks)
    spqr_marks_unref ((SpqrMarks *) job->plot.marks);
  g_free (job->rulers);
  g_clear_pointer (&job->surface, cairo_surface_destroy);
  g_clear_pointer (&job->small, cairo_surface_destroy);
  g_free (job);
}

/* The part in so many pixels; NULL: stopped, or no memory. */
static cairo_surface_t *
render_part (SpqrRenderJob *job, int width, int height)
{
  cairo_surface_t *s = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
  if (cairo_surface_status (s) == CAIRO_STATUS_SUCCESS)
    {
      cairo_surface_flush (s);
      bool whole = spqr_heatmap_render (&job->plot, &job->part, (size_t) width, (size_t) height, (size_t) cairo_image_surface_get_stride (s) / 4,
                                        job->scale, (uint32_t *) (void *) cairo_image_surface_get_data (s), &job->cancelled);
      cairo_surface_mark_dirty (s);
      if (whole)
        return s;
    }
  cairo_surface_destroy (s);
  return NULL;
}

/* The colours follow how closely is looked; a map of the whole has as many values a pixel as ever, so its range is
 * that of its own pixels. */
static void
fit_minimap (SpqrRenderJob *job, int width, int height)
{
  const SpqrScale *scale = &job->plot.scale;
  size_t n = (size_t) width * (size_t) height;
  g_autofree float *values = g_new (float, n);
  spqr_pyramid_sample (&job->plot.field->pyramid, job->part.row0, job->part.row1, job->part.col0, job->part.col1, (size_t) height, (size_t) width, values);
  job->plot.scale = spqr_scale_fit (scale->kind, values, n, MINIMAP_CLIP, scale->lo == -scale->hi);
}

/* Worker. */
static void
job_render (SpqrRenderJob *job)
{
  job->surface = render_part (job, job->width, job->height);
  if (job->surface && job->overview)
    {
      /* Without marks: in so little room they would be all that is seen. */
      if (job->plot.marks)
        spqr_marks_unref ((SpqrMarks *) job->plot.marks);
      job->plot.marks = NULL;
      fit_minimap (job, MIN (MINIMAP_WIDTH, job->width), MIN (MINIMAP_HEIGHT, job->height));
      job->small = render_part (job, MIN (MINIMAP_WIDTH, job->width), MIN (MINIMAP_HEIGHT, job->height));
    }
  else if (job->surface)
    {
      g_auto (SpqrInk) ink = { 0 };
      cairo_t *cr = cairo_create (job->surface);
      cairo_scale (cr, job->scale, job->scale);
      spqr_ink_init (&ink, cr, &job->theme);
      SpqrRect rect = { 0, 0, job->width / job->scale, job->height / job->scale };
      spqr_heatmap_draw_cells (&job->plot, &ink, &job->part, &rect);
      spqr_heatmap_draw_lines (&job->plot, &ink, &job->part, &rect);
      cairo_destroy (cr);
      cairo_surface_flush (job->surface);
    }
}

static void start_next (SpqrHeatmapView *self);

static void
take_surface (SpqrHeatmapImage *image, SpqrRenderJob *job, cairo_surface_t **surface)
{
  g_clear_pointer (&image->surface, cairo_surface_destroy);
  image->surface = g_steal_pointer (surface);
  image->view = job->part;
  image->scale_x = job->width / (job->part.col1 - job->part.col0);
  image->scale_y = job->height / (job->part.row1 - job->part.row0);
  image->serial = job->serial;
}

/* Main thread. */
static void
job_finish (SpqrRenderJob *job)
{
  SpqrHeatmapView *self = job->view;
  if (!self)
    return;
  self->job = NULL;
  job->view = NULL;
  if (job->surface && !job->cancelled)
    {
      take_surface (job->overview ? &self->overview : &self->image, job, &job->surface);
      if (job->small)
        take_surface (&self->minimap, job, &job->small);
      /* Old contents are better than none, but not the last word. */
      if (job->serial == self->content_serial && job->overview)
        self->overview_stale = FALSE;
      gtk_widget_queue_draw (GTK_WIDGET (self));
    }
  else if (!job->cancelled && job->overview)
    self->overview_stale = FALSE; /* no memory: do without it */
  start_next (self);
}

static gboolean
on_rendered (gpointer data)
{
  job_finish (data);
  return G_SOURCE_REMOVE;
}

static void
worker (gpointer data, gpointer unused)
{
  SpqrRenderJob *job = data;
  if (!g_atomic_int_get (&job->cancelled))
    job_render (job);
  g_idle_add_full (G_PRIORITY_HIGH_IDLE, on_rendered, job, (GDestroyNotify) job_free);
}

static GThreadPool *
get_pool (void)
{
  static gsize once = 0;
  static GThreadPool *pool;
  if (g_once_init_enter (&once))
    {
      pool = g_thread_pool_new (worker, NULL, MAX_WORKERS, FALSE, NULL);
      g_once_init_leave (&once, 1);
    }
  return pool;
}

static SpqrRenderJob *
job_new (SpqrHeatmapView *self, gboolean overview)
{
  SpqrRenderJob *job = g_new0 (SpqrRenderJob, 1);
  job->view = self;
  job->overview = overview;
  job->serial = self->content_serial;
  job->theme = *spqr_chart_get_theme (SPQR_CHART (self));
  job->scale = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  job->rulers = g_memdup2 (self->plot.rulers, self->plot.n_rulers * sizeof *self->plot.rulers);
  job->plot = (SpqrHeatmap) {
    .field = spqr_field_data_ref ((SpqrFieldData *) self->plot.field),
    .marks = self->plot.marks ? spqr_marks_ref ((SpqrMarks *) self->plot.marks) : NULL,
    .colormap = self->plot.colormap, .reversed = self->plot.reversed, .scale = self->plot.scale,
    .rulers = job->rulers, .n_rulers = self->plot.n_rulers, .show_values = self->plot.show_values,
    .emphasized = self->plot.emphasized, .emphasis_of_magnitude = self->plot.emphasis_of_magnitude,
    .emphasis_lo = self->plot.emphasis_lo, .emphasis_hi = self->plot.emphasis_hi,
  };
  return job;
}

/* Device pixels from..to along one axis: the view, its margin, inside the matrix. */
static void
choose_span (double from, double to, double cells, double scale, double *begin, double *end)
{
  double room = ceil ((to - from) * scale * margin);
  *begin = MAX (0, round (from * scale) - room);
  *end = MIN (round (to * scale) + room, MAX (floor (cells * scale + 1e-6), round (to * scale)));
  *end = CLAMP (*end, *begin + 1, *begin + MAX_SIDE);
}

static SpqrRenderJob *
image_job_new (SpqrHeatmapView *self)
{
  SpqrRenderJob *job = job_new (self, FALSE);
  const SpqrViewport *v = &self->plot.view;
  double sx = self->px_x * job->scale, sy = self->px_y * job->scale, x0, x1, y0, y1;
  choose_span (v->col0, v->col1, (double) self->plot.field->cols, sx, &x0, &x1);
  choose_span (v->row0, v->row1, (double) self->plot.field->rows, sy, &y0, &y1);
  job->width = (int) (x1 - x0);
  job->height = (int) (y1 - y0);
  job->part = (SpqrViewport) { y0 / sy, y1 / sy, x0 / sx, x1 / sx };
  return job;
}

static SpqrRenderJob *
overview_job_new (SpqrHeatmapView *self)
{
  SpqrRenderJob *job = job_new (self, TRUE);
  job->width = (int) MIN (OVERVIEW_SIZE, self->plot.field->cols);
  job->height = (int) MIN (OVERVIEW_SIZE, self->plot.field->rows);
  job->part = spqr_viewport_full (self->plot.field);
  job->scale = 1; /* it is shown stretched anyway */
  return job;
}

/* All that is seen is in the image, at this zoom. */
static gboolean
image_covers (SpqrHeatmapView *self)
{
  const SpqrHeatmapImage *i = &self->image;
  const SpqrViewport *v = &self->plot.view;
  double scale = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  double ex = 0.6 / (self->px_x * scale), ey = 0.6 / (self->px_y * scale);
  return i->surface && fabs (i->scale_x / (self->px_x * scale) - 1) < 1e-6 && fabs (i->scale_y / (self->px_y * scale) - 1) < 1e-6
         && v->col0 >= i->view.col0 - ex && v->col1 <= i->view.col1 + ex && v->row0 >= i->view.row0 - ey && v->row1 <= i->view.row1 + ey;
}

/* Less than a third of the margin left on a side where there is more matrix. */
static gboolean
image_runs_out (SpqrHeatmapView *self)
{
  const SpqrViewport *i = &self->image.view, *v = &self->plot.view;
  double rx = (v->col1 - v->col0) * margin / 3, ry = (v->row1 - v->row0) * margin / 3;
  const SpqrFieldData *f = self->plot.field;
  return (i->col0 > 0.5 && v->col0 - i->col0 < rx) || (i->row0 > 0.5 && v->row0 - i->row0 < ry)
         || (i->col1 < (double) f->cols - 1 && i->col1 - v->col1 < rx) || (i->row1 < (double) f->rows - 1 && i->row1 - v->row1 < ry);
}

static void
start_next (SpqrHeatmapView *self)
{
  if (self->job || !self->plot.field || self->plot.message || !gtk_widget_get_mapped (GTK_WIDGET (self)) || self->layout.matrix.width < 1)
    return;
  if (self->image_stale && self->image.serial == self->content_serial && image_covers (self) && !image_runs_out (self))
    self->image_stale = FALSE;
  if (self->image_stale)
    {
      self->image_stale = FALSE;
      self->job = image_job_new (self);
    }
  else if (self->overview_stale)
    self->job = overview_job_new (self);
  else
    return;
  g_thread_pool_push (get_pool (), self->job, NULL);
}

void
_spqr_heatmap_view_content_changed (SpqrHeatmapView *self)
{
  self->content_serial++;
  self->image_stale = self->overview_stale = TRUE;
  /* What is shown stays until its successor is there. */
  spqr_chart_changed (SPQR_CHART (self));
}

void
_spqr_heatmap_view_stop (SpqrHeatmapView *self)
{
  if (!self->job)
    return;
  g_atomic_int_set (&self->job->cancelled, 1);
  self->job->view = NULL;
  self->job = NULL;
}

gboolean
spqr_heatmap_view_is_settled (SpqrHeatmapView *self)
{
  return !self->job && !self->image_stale && !self->overview_stale;
}

static void
paint_image (SpqrHeatmapView *self, cairo_t *cr, const SpqrHeatmapImage *image)
{
  const SpqrRect *m = &self->layout.matrix;
  const SpqrViewport *v = &self->plot.view;
  double scale = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  double x = m->x + (image->view.col0 - v->col0) * self->px_x, y = m->y + (image->view.row0 - v->row0) * self->px_y;
  double w = (image->view.col1 - image->view.col0) * self->px_x, h = (image->view.row1 - image->view.row0) * self->px_y;
  int iw = cairo_image_surface_get_width (image->surface), ih = cairo_image_surface_get_height (image->surface);
  double sx = w / iw, sy = h / ih;
  if (fabs (w - iw / scale) < 0.01 && fabs (h - ih / scale) < 0.01) /* one to one: on whole device pixels */
    {
      x = round (x * scale) / scale;
      y = round (y * scale) / scale;
      sx = sy = 1 / scale;
    }
  cairo_save (cr);
  cairo_rectangle (cr, m->x, m->y, m->width, m->height);
  cairo_translate (cr, x, y);
  cairo_scale (cr, sx, sy);
  cairo_set_source_surface (cr, image->surface, 0, 0);
  cairo_pattern_set_filter (cairo_get_source (cr), CAIRO_FILTER_NEAREST);
  cairo_fill (cr);
  cairo_restore (cr);
}

typedef void (*PartDraw) (SpqrHeatmapView *self, SpqrInk *ink, SpqrHeatmapParts parts);

/* A cairo node as large as its part, not as the widget: the less is uploaded a frame. */
static void
append_part (SpqrHeatmapView *self, GtkSnapshot *snapshot, const SpqrTheme *theme, double x0, double y0, double x1, double y1, PartDraw draw, SpqrHeatmapParts parts)
{
  x0 = MAX (0, floor (x0));
  y0 = MAX (0, floor (y0));
  x1 = MIN (self->layout.width, ceil (x1));
  y1 = MIN (self->layout.height, ceil (y1));
  if (!(x1 > x0 && y1 > y0))
    return;
  graphene_rect_t bounds = GRAPHENE_RECT_INIT ((float) x0, (float) y0, (float) (x1 - x0), (float) (y1 - y0));
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &bounds);
  g_auto (SpqrInk) ink = { 0 };
  spqr_ink_init (&ink, cr, theme);
  draw (self, &ink, parts);
  cairo_destroy (cr);
}

static void
draw_frame_part (SpqrHeatmapView *self, SpqrInk *ink, SpqrHeatmapParts parts)
{
  spqr_heatmap_draw_frame (&self->plot, ink, &self->layout, parts);
}

static void
draw_pointer_part (SpqrHeatmapView *self, SpqrInk *ink, SpqrHeatmapParts parts)
{
  if (self->hover_row >= 0)
    spqr_heatmap_draw_pointer (&self->plot, ink, &self->layout, (size_t) self->hover_row, (size_t) self->hover_col, false);
  else if (self->selected_row >= 0)
    spqr_heatmap_draw_pointer (&self->plot, ink, &self->layout, (size_t) self->selected_row, (size_t) self->selected_col, true);
}

static void
draw_selected_part (SpqrHeatmapView *self, SpqrInk *ink, SpqrHeatmapParts parts)
{
  spqr_heatmap_draw_pointer (&self->plot, ink, &self->layout, (size_t) self->selected_row, (size_t) self->selected_col, true);
}

static void
append_cell (SpqrHeatmapView *self, GtkSnapshot *snapshot, const SpqrTheme *theme, gint64 row, gint64 col, PartDraw draw)
{
  const SpqrRect *m = &self->layout.matrix;
  SpqrRect cell;
  spqr_heatmap_layout_cell_rect (&self->layout, (size_t) row, (size_t) col, &cell);
  append_part (self, snapshot, theme, MAX (m->x - 1, cell.x - 9), MAX (m->y - 1, cell.y - 9),
               MIN (m->x + m->width + 1, cell.x + cell.width + 9), MIN (m->y + m->height + 1, cell.y + cell.height + 9), draw, 0);
}

static void
append_pointer (SpqrHeatmapView *self, GtkSnapshot *snapshot, const SpqrTheme *theme)
{
  const SpqrHeatmapLayout *l = &self->layout;
  const SpqrRect *m = &l->matrix;
  gint64 row = self->hover_row >= 0 ? self->hover_row : self->selected_row, col = self->hover_row >= 0 ? self->hover_col : self->selected_col;
  if (self->selected_row >= 0 && self->hover_row >= 0)
    append_cell (self, snapshot, theme, self->selected_row, self->selected_col, draw_selected_part);
  if (row < 0)
    return;
  append_cell (self, snapshot, theme, row, col, draw_pointer_part);
  append_part (self, snapshot, theme, m->x, l->col_axis.y, m->x + m->width, m->y - 1, draw_pointer_part, 0);
  append_part (self, snapshot, theme, 0, m->y, m->x - 1, m->y + m->height, draw_pointer_part, 0);
  append_part (self, snapshot, theme, m->x + m->width + 1, m->y, l->width, m->y + m->height, draw_pointer_part, 0);
  append_part (self, snapshot, theme, l->readout.x, l->readout.y - 4, l->readout.x + l->readout.width + 2, l->readout.y + l->readout.height + 6, draw_pointer_part, 0);
}

gboolean
_spqr_heatmap_view_minimap (SpqrHeatmapView *self, SpqrRect *map, SpqrRect *seen)
{
  return !self->hide_minimap && self->plot.field && !self->plot.message && spqr_heatmap_minimap (&self->layout, map, seen);
}

static void
draw_minimap_part (SpqrHeatmapView *self, SpqrInk *ink, SpqrHeatmapParts parts)
{
  SpqrRect map, seen;
  cairo_surface_t *s = self->minimap.surface;
  if (!_spqr_heatmap_view_minimap (self, &map, &seen))
    return;
  cairo_save (ink->cr);
  cairo_translate (ink->cr, map.x, map.y);
  cairo_scale (ink->cr, map.width / cairo_image_surface_get_width (s), map.height / cairo_image_surface_get_height (s));
  cairo_set_source_surface (ink->cr, s, 0, 0);
  cairo_pattern_set_filter (cairo_get_source (ink->cr), CAIRO_FILTER_NEAREST);
  cairo_paint (ink->cr);
  cairo_restore (ink->cr);
  spqr_heatmap_draw_minimap (ink, &map, &seen);
}

static void
append_minimap (SpqrHeatmapView *self, GtkSnapshot *snapshot, const SpqrTheme *theme)
{
  SpqrRect map, seen;
  if (self->minimap.surface && _spqr_heatmap_view_minimap (self, &map, &seen))
    append_part (self, snapshot, theme, map.x - 3, map.y - 3, map.x + map.width + 3, map.y + map.height + 3, draw_minimap_part, 0);
}

static void
draw_outline_part (SpqrHeatmapView *self, SpqrInk *ink, SpqrHeatmapParts parts)
{
  spqr_heatmap_draw_outline (ink, &self->layout, &self->pointed);
}

static void
append_outline (SpqrHeatmapView *self, GtkSnapshot *snapshot, const SpqrTheme *theme)
{
  const SpqrRect *m = &self->layout.matrix;
  const SpqrViewport *p = &self->pointed, *v = &self->plot.view;
  if (!self->has_pointed)
    return;
  append_part (self, snapshot, theme, MAX (m->x - 1, m->x + (p->col0 - v->col0) * self->px_x - 4),
               MAX (m->y - 1, m->y + (p->row0 - v->row0) * self->px_y - 4), MIN (m->x + m->width + 1, m->x + (p->col1 - v->col0) * self->px_x + 6),
               MIN (m->y + m->height + 1, m->y + (p->row1 - v->row0) * self->px_y + 6), draw_outline_part, 0);
}

static void
draw_message_part (SpqrHeatmapView *self, SpqrInk *ink, SpqrHeatmapParts parts)
{
  spqr_heatmap_draw_matrix (&self->plot, ink, &self->layout);
}

static void
append_matrix (SpqrHeatmapView *self, GtkSnapshot *snapshot, const SpqrTheme *theme)
{
  const SpqrRect *m = &self->layout.matrix;
  GdkRGBA outline = { (float) theme->frame.red, (float) theme->frame.green, (float) theme->frame.blue, 1 };
  GskRoundedRect border;
  graphene_rect_t rect = GRAPHENE_RECT_INIT ((float) m->x, (float) m->y, (float) m->width, (float) m->height), outer = rect;
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &rect);
  if (self->overview.surface && !image_covers (self))
    paint_image (self, cr, &self->overview);
  if (self->image.surface)
    paint_image (self, cr, &self->image);
  cairo_destroy (cr);
  graphene_rect_inset (&outer, -1, -1);
  gsk_rounded_rect_init_from_rect (&border, &outer, 0);
  gtk_snapshot_append_border (snapshot, &border, (const float[]) { 1, 1, 1, 1 }, (const GdkRGBA[]) { outline, outline, outline, outline });
}

void
_spqr_heatmap_view_snapshot (SpqrChart *chart, GtkSnapshot *snapshot, int width, int height, const SpqrTheme *theme)
{
  SpqrHeatmapView *self = SPQR_HEATMAP_VIEW (chart);
  const SpqrHeatmapLayout *l = _spqr_heatmap_view_layout (self);
  const SpqrRect *m = &l->matrix;
  GdkRGBA back = { (float) theme->background.red, (float) theme->background.green, (float) theme->background.blue, 1 };
  gtk_snapshot_append_color (snapshot, &back, &GRAPHENE_RECT_INIT (0, 0, (float) width, (float) height));
  if (!self->plot.field || self->plot.message)
    {
      append_part (self, snapshot, theme, 0, 0, width, m->y, draw_frame_part, SPQR_HEATMAP_TITLE);
      append_part (self, snapshot, theme, m->x, m->y, m->x + m->width, m->y + m->height, draw_message_part, 0);
      return;
    }
  if (!image_covers (self) || image_runs_out (self))
    self->image_stale = TRUE;
  start_next (self);
  append_matrix (self, snapshot, theme);
  if (l->title.height > 0)
    append_part (self, snapshot, theme, 0, 0, width, l->title.y + l->title.height + 3, draw_frame_part, SPQR_HEATMAP_TITLE);
  append_part (self, snapshot, theme, m->x - 1, l->col_axis.y - 2, width, m->y - 1, draw_frame_part, SPQR_HEATMAP_TOP);
  append_part (self, snapshot, theme, 0, l->col_axis.y, m->x - 1, m->y + m->height + 20, draw_frame_part, SPQR_HEATMAP_LEFT);
  if (l->row_profile.width > 0)
    append_part (self, snapshot, theme, m->x + m->width + 1, m->y, width, m->y + m->height, draw_frame_part, SPQR_HEATMAP_RIGHT);
  append_part (self, snapshot, theme, 0, m->y + m->height + 1, l->readout.width > 0 ? l->readout.x : width, height, draw_frame_part, SPQR_HEATMAP_BOTTOM);
  append_pointer (self, snapshot, theme);
  append_outline (self, snapshot, theme);
  append_minimap (self, snapshot, theme);
}
