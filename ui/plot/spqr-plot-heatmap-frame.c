/* What stands around a heatmap: title, axes, ruler bands, profiles, colour bar. */
#include "plot/spqr-plot-heatmap.h"

#include <math.h>

#include "plot/spqr-format.h"

static void
draw_title (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrHeatmapLayout *l)
{
  const SpqrTheme *t = ink->theme;
  if (!plot->title)
    return;
  const SpqrRect *r = &l->title;
  double w = spqr_ink_text (ink, SPQR_TEXT_TITLE, &t->ink, plot->title, r->x, r->y + r->height / 2, 0, 0.5, r->width);
  if (plot->subtitle && r->width - w > 60)
    spqr_ink_text (ink, SPQR_TEXT_BODY, &t->dim, plot->subtitle, r->x + w + 12, r->y + r->height / 2 + 1, 0, 0.5, r->width - w - 12);
}

/* Whole rows and columns only, standing at the middle of their cell once cells can be told apart. */
static double
cell_tick (double value, double lo, double hi, double length)
{
  double size = length / (hi - lo);
  return (value - lo) * size + (size >= 4 ? size / 2 : 0);
}

static void
draw_col_axis (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrHeatmapLayout *l)
{
  const SpqrTheme *t = ink->theme;
  const SpqrRect *r = &l->col_axis;
  SpqrScale scale = { SPQR_SCALE_LINEAR, l->view.col0, l->view.col1, 1 };
  SpqrAxis axis;
  spqr_axis_init (&axis, &scale, (size_t) CLAMP (r->width / 80, 1, 14), SPQR_AXIS_INTEGER);
  double y = r->y + r->height, bottom = l->col_profile.height > 0 ? l->col_profile.y : l->col_bands.height > 0 ? l->col_bands.y : l->matrix.y;
  double last = -INFINITY;
  for (size_t i = 0; i < axis.n; i++)
    {
      double x = r->x + cell_tick (axis.ticks[i].value, l->view.col0, l->view.col1, r->width);
      if (!axis.ticks[i].major || axis.ticks[i].value >= (double) l->cols || x > r->x + r->width)
        continue;
      double w = spqr_ink_width (ink, SPQR_TEXT_SMALL, axis.ticks[i].label);
      double left = CLAMP (x - w / 2, r->x, MAX (r->x, r->x + r->width - w));
      if (left < last + 8)
        continue;
      last = left + w;
      spqr_ink_text (ink, SPQR_TEXT_SMALL, &t->dim, axis.ticks[i].label, left, y - 5, 0, 1, 0);
      spqr_ink_vline (ink, &t->frame, MIN (x, r->x + r->width - 1), bottom - 4, bottom);
    }
  if (plot->col_label)
    spqr_ink_text (ink, SPQR_TEXT_SMALL, &t->dim, plot->col_label, r->x + r->width + 8, y - 5, 0, 1, 0);
}

static void
draw_row_axis (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrHeatmapLayout *l)
{
  const SpqrTheme *t = ink->theme;
  const SpqrRect *r = &l->row_axis;
  SpqrScale scale = { SPQR_SCALE_LINEAR, l->view.row0, l->view.row1, 1 };
  SpqrAxis axis;
  spqr_axis_init (&axis, &scale, (size_t) CLAMP (r->height / 44, 1, 14), SPQR_AXIS_INTEGER);
  double h = spqr_ink_height (ink, SPQR_TEXT_SMALL), right = r->x + r->width;
  for (size_t i = 0; i < axis.n; i++)
    {
      double y = r->y + cell_tick (axis.ticks[i].value, l->view.row0, l->view.row1, r->height);
      if (!axis.ticks[i].major || axis.ticks[i].value >= (double) l->rows || y > r->y + r->height)
        continue;
      double middle = CLAMP (y, r->y + h / 2 - 2, MAX (r->y + h / 2 - 2, r->y + r->height - h / 2 + 2));
      spqr_ink_text (ink, SPQR_TEXT_SMALL, &t->dim, axis.ticks[i].label, right - 7, middle, 1, 0.5, 0);
      spqr_ink_hline (ink, &t->frame, right - 4, right, MIN (y, r->y + r->height - 1));
    }
  if (plot->row_label)
    spqr_ink_text (ink, SPQR_TEXT_SMALL, &t->dim, plot->row_label, right - 7, r->y + r->height + 4, 1, 0, 0);
}

/* The value of largest magnitude among cells that fall into pixel `i` of `pixels`. */
static double
profile_at (const float *profile, size_t n, double lo, double hi, size_t i, size_t pixels)
{
  double a = lo + (hi - lo) * (double) i / (double) pixels, b = lo + (hi - lo) * (double) (i + 1) / (double) pixels;
  size_t first = (size_t) CLAMP (floor (a), 0, (double) n - 1), last = (size_t) CLAMP (ceil (b), (double) first + 1, (double) n);
  double best = NAN;
  for (size_t k = first; k < last; k++)
    if (isnan (best) || fabs ((double) profile[k]) > fabs (best))
      best = profile[k];
  return best;
}

/* A profile has its own range: the largest of thousands of values says little on the scale of all
 * of them. A log scale begins just below the smallest, the others at 0. */
static SpqrScale
profile_scale (const SpqrHeatmap *plot, const float *profile, size_t n)
{
  double least = INFINITY, most = 0;
  for (size_t i = 0; i < n; i++)
    {
      double v = fabs ((double) profile[i]);
      if (isfinite (v) && v > 0)
        {
          least = MIN (least, v);
          most = MAX (most, v);
        }
    }
  if (plot->scale.kind == SPQR_SCALE_LOG && least < most)
    return spqr_scale_make (SPQR_SCALE_LOG, least / pow (most / least, 0.08), most);
  return spqr_scale_make (SPQR_SCALE_LINEAR, 0, most);
}

static double
bar_length (const SpqrScale *scale, double value)
{
  double t = spqr_scale_apply (scale, fabs (value));
  return isnan (t) ? 0 : CLAMP (t, 0, 1);
}

static void
draw_col_profile (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrHeatmapLayout *l)
{
  const SpqrFieldData *f = plot->field;
  const SpqrRect *c = &l->col_profile;
  size_t n = (size_t) c->width;
  if (n == 0)
    return;
  SpqrScale scale = profile_scale (plot, f->col_profile, f->cols);
  for (size_t i = 0; i < n; i++)
    {
      /* Whole pixels: hundreds of bars with soft ends cost a third of a frame. */
      double h = round (bar_length (&scale, profile_at (f->col_profile, f->cols, l->view.col0, l->view.col1, i, n)) * (c->height - 4));
      cairo_rectangle (ink->cr, c->x + (double) i, c->y + c->height - h, 1, h);
    }
  spqr_color_set_source (&ink->theme->bar, ink->cr);
  cairo_fill (ink->cr);
  spqr_ink_hline (ink, &ink->theme->frame, c->x, c->x + c->width, c->y + c->height);
}

static void
draw_row_profile (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrHeatmapLayout *l)
{
  const SpqrFieldData *f = plot->field;
  const SpqrRect *r = &l->row_profile;
  size_t n = r->width > 0 ? (size_t) r->height : 0;
  if (n == 0)
    return;
  SpqrScale scale = profile_scale (plot, f->row_profile, f->rows);
  for (size_t i = 0; i < n; i++)
    {
      double w = round (bar_length (&scale, profile_at (f->row_profile, f->rows, l->view.row0, l->view.row1, i, n)) * (r->width - 4));
      cairo_rectangle (ink->cr, r->x, r->y + (double) i, w, 1);
    }
  spqr_color_set_source (&ink->theme->bar, ink->cr);
  cairo_fill (ink->cr);
  spqr_ink_vline (ink, &ink->theme->frame, r->x - 1, r->y, r->y + r->height);
}

static void
label_piece (const SpqrRuler *ruler, double k, char *label, size_t size)
{
  g_snprintf (label, (gulong) size, "%s%s%.0f", ruler->item ? ruler->item : "", ruler->item ? "\u202f" : "", k);
}

/* Every 1, 2, 5, 10 … pieces, so that numbers of any length have room: none is missing among others. */
static double
number_every (SpqrInk *ink, const SpqrRuler *ruler, double piece, double pieces)
{
  char label[48];
  label_piece (ruler, MAX (pieces - 1, 0), label, sizeof label);
  double wide = spqr_ink_width (ink, SPQR_TEXT_SMALL, label) + 8, step = 1;
  while (step * piece < wide)
    for (int i = 0; i < 3 && step * piece < wide; i++)
      step *= i == 1 ? 2.5 : 2;
  return step;
}

/* In the middle of a..b of its band; cut off at an edge it has no room. */
static void
draw_number (SpqrInk *ink, const SpqrRuler *ruler, double k, double middle, double a, double b, double piece, double thick)
{
  char label[48];
  label_piece (ruler, k, label, sizeof label);
  if (b - a < MIN (piece - 0.5, spqr_ink_width (ink, SPQR_TEXT_SMALL, label) + 8))
    return;
  bool rows = ruler->side == SPQR_RULER_ROWS;
  /* Small print, so that it stays inside the band. */
  double s = MIN (1, (thick + 2) / spqr_ink_height (ink, SPQR_TEXT_SMALL));
  cairo_save (ink->cr);
  cairo_translate (ink->cr, rows ? middle : (a + b) / 2, rows ? (a + b) / 2 : middle);
  cairo_scale (ink->cr, s, s);
  if (rows)
    spqr_ink_text_up (ink, SPQR_TEXT_SMALL, &ink->theme->ink, label, 0, 0, 0.5, 0.5, 0);
  else
    spqr_ink_text (ink, SPQR_TEXT_SMALL, &ink->theme->ink, label, 0, 0, 0.5, 0.5, 0);
  cairo_restore (ink->cr);
}

/* One ruler: its band along the edge, and lines upon the matrix where they are not too dense. */
static void
draw_ruler (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrHeatmapLayout *l, const SpqrRuler *ruler, size_t place)
{
  const SpqrTheme *t = ink->theme;
  bool rows = ruler->side == SPQR_RULER_ROWS;
  const SpqrRect *m = &l->matrix;
  double lo = rows ? l->view.row0 : l->view.col0, hi = rows ? l->view.row1 : l->view.col1;
  double length = rows ? m->height : m->width, start = rows ? m->y : m->x, px = length / (hi - lo);
  double limit = (double) (rows ? l->rows : l->cols), period = (double) MAX (ruler->period, 1), piece = period * px;
  double band = rows ? l->row_bands.x + (double) place * SPQR_HEATMAP_BAND : l->col_bands.y + (double) place * SPQR_HEATMAP_BAND;
  double thick = SPQR_HEATMAP_BAND - 2;

  if (piece < 3) /* too fine to tell apart: one even strip */
    {
      SpqrColor even = spqr_color_mix (&t->grid, &t->surface, 0.5);
      if (rows)
        spqr_ink_fill (ink, &even, band, start, thick, length);
      else
        spqr_ink_fill (ink, &even, start, band, length, thick);
      return;
    }
  double step = number_every (ink, ruler, piece, limit / period), first = floor (MAX (lo, 0) / period);
  for (double k = first; k * period < MIN (hi, limit); k++)
    {
      double a = start + MAX (0, (k * period - lo) * px), b = start + MIN (length, (MIN ((k + 1) * period, limit) - lo) * px);
      SpqrColor odd = spqr_color_mix (&t->frame, &t->background, 0.35);
      const SpqrColor *fill = fmod (k, 2) == 0 ? &t->grid : &odd;
      spqr_ink_fill (ink, fill, rows ? band : a, rows ? a : band, rows ? thick : b - a, rows ? b - a : thick);
    }
  for (double k = ceil (first / step) * step; k * period < MIN (hi, limit); k += step)
    {
      double a = start + MAX (0, (k * period - lo) * px), b = start + MIN (length, (MIN ((k + 1) * period, limit) - lo) * px);
      draw_number (ink, ruler, k, band + thick / 2, a, b, piece, thick);
    }
}

static void
draw_ruler_lines (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrViewport *v, const SpqrRect *m, const SpqrRuler *ruler,
                  size_t every, double alpha, bool dashed)
{
  bool rows = ruler->side == SPQR_RULER_ROWS;
  double lo = rows ? v->row0 : v->col0, hi = rows ? v->row1 : v->col1;
  double px = (rows ? m->height : m->width) / (hi - lo), period = (double) every;
  if (every == 0 || period * px < 12)
    return;
  /* Against the colour that most of the matrix has. */
  bool middle = spqr_colormap_is_diverging (plot->colormap);
  SpqrColor ground = spqr_colormap_color (plot->colormap, middle ? 0.5 : plot->reversed ? 0.8 : 0.2);
  static const SpqrColor white = { 1, 1, 1, 1 }, black = { 0, 0, 0, 1 };
  SpqrColor line = spqr_color_contrast (&ground, &white) > spqr_color_contrast (&ground, &black) ? white : black;
  line.alpha = alpha;
  spqr_color_set_source (&line, ink->cr);
  cairo_set_line_width (ink->cr, 1);
  cairo_set_dash (ink->cr, (const double[]) { 3, 4 }, dashed ? 2 : 0, 0);
  double limit = (double) (rows ? plot->field->rows : plot->field->cols);
  for (double k = MAX (1, ceil (lo / period)); k * period < MIN (hi, limit); k++)
    {
      double p = floor ((k * period - lo) * px) + 0.5;
      cairo_move_to (ink->cr, rows ? m->x : m->x + p, rows ? m->y + p : m->y);
      cairo_line_to (ink->cr, rows ? m->x + m->width : m->x + p, rows ? m->y + p : m->y + m->height);
    }
  cairo_stroke (ink->cr);
}

void
spqr_heatmap_draw_lines (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrViewport *view, const SpqrRect *rect)
{
  if (!plot->field || !(view->row1 > view->row0) || !(view->col1 > view->col0))
    return;
  cairo_save (ink->cr);
  cairo_rectangle (ink->cr, rect->x, rect->y, rect->width, rect->height);
  cairo_clip (ink->cr);
  for (size_t i = 0; i < plot->n_rulers; i++)
    {
      const SpqrRuler *ruler = &plot->rulers[i];
      draw_ruler_lines (plot, ink, view, rect, ruler, ruler->period, ruler->strong ? 0.55 : 0.16, false);
      draw_ruler_lines (plot, ink, view, rect, ruler, ruler->half, 0.28, true);
    }
  cairo_restore (ink->cr);
}

static void
draw_ruler_name (SpqrInk *ink, const SpqrHeatmapLayout *l, const SpqrRuler *ruler, size_t place)
{
  const SpqrTheme *t = ink->theme;
  if (!ruler->name)
    return;
  double offset = ((double) place + 0.5) * SPQR_HEATMAP_BAND - 1;
  if (ruler->side == SPQR_RULER_COLUMNS)
    spqr_ink_text (ink, SPQR_TEXT_SMALL, &t->dim, ruler->name, l->matrix.x + l->matrix.width + 8, l->col_bands.y + offset, 0, 0.5, 0);
  else
    {
      double room = l->matrix.y - l->col_axis.y - 4;
      const char *name = spqr_ink_width (ink, SPQR_TEXT_SMALL, ruler->name) <= room ? ruler->name : ruler->brief;
      if (name && spqr_ink_width (ink, SPQR_TEXT_SMALL, name) <= room)
        spqr_ink_text_up (ink, SPQR_TEXT_SMALL, &t->dim, name, l->row_bands.x + offset, l->matrix.y - 4, 0.5, 1, 0);
    }
}

static void
draw_rulers (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrHeatmapLayout *l, SpqrRulerSide side)
{
  size_t place = 0;
  for (size_t i = 0; i < plot->n_rulers; i++)
    if (plot->rulers[i].side == side)
      {
        draw_ruler (plot, ink, l, &plot->rulers[i], place);
        draw_ruler_name (ink, l, &plot->rulers[i], place++);
      }
}

void
spqr_heatmap_draw_frame (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrHeatmapLayout *l, SpqrHeatmapParts parts)
{
  if (parts & SPQR_HEATMAP_TITLE)
    draw_title (plot, ink, l);
  if (parts & SPQR_HEATMAP_OUTLINE)
    spqr_ink_frame (ink, &ink->theme->frame, &l->matrix);
  if (!plot->field || plot->message)
    return;
  if (parts & SPQR_HEATMAP_TOP)
    {
      draw_col_axis (plot, ink, l);
      draw_col_profile (plot, ink, l);
      draw_rulers (plot, ink, l, SPQR_RULER_COLUMNS);
    }
  if (parts & SPQR_HEATMAP_LEFT)
    {
      draw_row_axis (plot, ink, l);
      draw_rulers (plot, ink, l, SPQR_RULER_ROWS);
    }
  if (parts & SPQR_HEATMAP_RIGHT)
    draw_row_profile (plot, ink, l);
  if ((parts & SPQR_HEATMAP_BOTTOM) && l->colorbar.width > 0)
    {
      const SpqrRect *c = &l->colorbar;
      if (plot->value_label)
        spqr_ink_text (ink, SPQR_TEXT_SMALL, &ink->theme->dim, plot->value_label, c->x - 10, c->y + c->height / 2, 1, 0.5, 0);
      spqr_colorbar_draw (ink, c, plot->colormap, plot->reversed, &plot->scale, plot->has_bar ? &plot->bar : NULL, plot->value_format);
    }
}
