/* From values to pixels: pool a band of rows to device pixels, scale, look the colour up; then the
 * marks, each large enough to be found however far out the view is. */
#include "plot/spqr-plot-heatmap.h"

#include <math.h>
#include <string.h>

#include "plot/spqr-format.h"

enum { BAND = 32, OUTLINE_CELL = 3 };

typedef struct { uint32_t *pixels; size_t width, height, stride; double scale; } Target;

static void
fill_lut (const SpqrHeatmap *plot, uint32_t lut[SPQR_COLORMAP_SIZE + 1])
{
  const uint32_t *map = spqr_colormap_lut (plot->colormap);
  for (size_t i = 0; i < SPQR_COLORMAP_SIZE; i++)
    lut[i] = map[plot->reversed ? SPQR_COLORMAP_SIZE - 1 - i : i];
  lut[SPQR_COLORMAP_SIZE] = 0xff8e9196u; /* no value: a grey that is in none of the maps */
}

/* The same without its colour, and with little of its contrast. */
static uint32_t
fade (uint32_t pixel)
{
  uint32_t grey = (54 * (pixel >> 16 & 255) + 183 * (pixel >> 8 & 255) + 19 * (pixel & 255)) >> 8;
  uint32_t level = 96 + grey * 5 / 16;
  return 0xff000000u | level << 16 | level << 8 | level;
}

/* Takes the colour from what is not emphasized. */
static void
fade_others (const SpqrHeatmap *plot, const float *values, size_t n, uint32_t *pixels)
{
  for (size_t i = 0; i < n; i++)
    {
      double v = plot->emphasis_of_magnitude ? fabs ((double) values[i]) : (double) values[i];
      if (!(v >= plot->emphasis_lo && v <= plot->emphasis_hi))
        pixels[i] = fade (pixels[i]);
    }
}

/* A block as large as a unit of the picture, dx and dy blocks beside (x, y). */
static inline void
put (const Target *t, ptrdiff_t x, ptrdiff_t y, ptrdiff_t dx, ptrdiff_t dy, uint32_t pixel)
{
  ptrdiff_t size = MAX (1, (ptrdiff_t) (t->scale + 0.5));
  for (ptrdiff_t v = y + dy * size - size / 2; v < y + dy * size - size / 2 + size; v++)
    for (ptrdiff_t u = x + dx * size - size / 2; u < x + dx * size - size / 2 + size; u++)
      if (u >= 0 && v >= 0 && (size_t) u < t->width && (size_t) v < t->height)
        t->pixels[(size_t) v * t->stride + (size_t) u] = pixel;
}

/* Signs by the room there is: their light part and their dark one, in units beside the weight's own pixel, which
 * keeps its colour where a sign is large enough. */
typedef struct { signed char dx, dy; bool light; } Unit;
static const Unit ring[] = {
  { -1, -2, 1 }, { 0, -2, 1 }, { 1, -2, 1 }, { -1, 2, 1 }, { 0, 2, 1 }, { 1, 2, 1 },
  { -2, -1, 1 }, { -2, 0, 1 }, { -2, 1, 1 }, { 2, -1, 1 }, { 2, 0, 1 }, { 2, 1, 1 },
  { -1, -3, 0 }, { 0, -3, 0 }, { 1, -3, 0 }, { -1, 3, 0 }, { 0, 3, 0 }, { 1, 3, 0 },
  { -3, -1, 0 }, { -3, 0, 0 }, { -3, 1, 0 }, { 3, -1, 0 }, { 3, 0, 0 }, { 3, 1, 0 },
  { -2, -2, 0 }, { 2, -2, 0 }, { -2, 2, 0 }, { 2, 2, 0 },
};
static const Unit cross[] = {
  { 0, 0, 1 }, { 0, -1, 1 }, { 0, 1, 1 }, { -1, 0, 1 }, { 1, 0, 1 }, { -1, -1, 0 }, { 1, -1, 0 }, { -1, 1, 0 }, { 1, 1, 0 },
};
static const Unit dot[] = { { 0, 0, 1 } };

typedef struct { const Unit *units; size_t n; uint32_t light, dark; } Sign;

/* per_pixel: marks on a unit of the picture. */
static Sign
choose_sign (SpqrColormap map, double per_pixel)
{
  SpqrColor light = spqr_colormap_mark_color (map), dark = spqr_colormap_mark_edge ();
  Sign sign = { dot, G_N_ELEMENTS (dot), spqr_color_to_pixel (&light), spqr_color_to_pixel (&dark) };
  if (per_pixel < 0.002)
    {
      sign.units = ring;
      sign.n = G_N_ELEMENTS (ring);
    }
  else if (per_pixel < 0.025)
    {
      sign.units = cross;
      sign.n = G_N_ELEMENTS (cross);
    }
  return sign;
}

/* Dark parts never upon light ones: of two neighbours both are seen. */
static void
put_sign (const Target *t, ptrdiff_t x, ptrdiff_t y, const Sign *sign, bool light)
{
  for (size_t i = 0; i < sign->n; i++)
    if (sign->units[i].light == light)
      put (t, x, y, sign->units[i].dx, sign->units[i].dy, light ? sign->light : sign->dark);
}

/* Where many of them share a pixel, all of it would be marks: then only pixels are marked that hold more
 * than chance puts there, three deviations above the mean of the whole matrix. */
static void
render_crowds (const SpqrMarks *marks, const SpqrViewport *v, const Target *t, double sx, double sy, uint32_t pixel)
{
  g_autofree uint16_t *counts = g_try_new0 (uint16_t, t->width * t->height);
  double mean = (double) marks->count / ((double) marks->rows * (double) marks->cols) / (sx * sy), least = ceil (mean + 3 * sqrt (mean));
  size_t first = (size_t) CLAMP (floor (v->row0), 0, (double) marks->rows), last = (size_t) CLAMP (ceil (v->row1), 0, (double) marks->rows);
  if (!counts)
    return;
  for (size_t r = first; r < last; r++)
    {
      double y = floor (((double) r + 0.5 - v->row0) * sy);
      if (!(y >= 0 && y < (double) t->height))
        continue;
      uint16_t *row = counts + (size_t) y * t->width;
      for (uint32_t k = marks->offsets[r]; k < marks->offsets[r + 1]; k++)
        {
          double x = ((double) marks->columns[k] + 0.5 - v->col0) * sx;
          if (x >= 0 && x < (double) t->width && row[(size_t) x] < UINT16_MAX)
            row[(size_t) x]++;
        }
    }
  for (size_t y = 0; y < t->height; y++)
    for (size_t x = 0; x < t->width; x++)
      if (counts[y * t->width + x] >= least)
        t->pixels[y * t->stride + x] = pixel;
}

static void
render_marks (const SpqrHeatmap *plot, const SpqrViewport *v, const Target *t)
{
  const SpqrMarks *marks = plot->marks;
  if (!marks || marks->count == 0 || marks->rows != plot->field->rows || marks->cols != plot->field->cols)
    return;
  double sx = (double) t->width / (v->col1 - v->col0), sy = (double) t->height / (v->row1 - v->row0);
  if (MIN (sx, sy) >= OUTLINE_CELL * t->scale)
    return; /* outlines, by draw_cells() */
  /* By the density in the whole matrix, so that panning does not change the signs. */
  double per_pixel = (double) marks->count / ((double) marks->rows * (double) marks->cols) / (sx * sy) * t->scale * t->scale;
  Sign sign = choose_sign (plot->colormap, per_pixel);
  if (per_pixel > 0.25)
    {
      render_crowds (marks, v, t, sx, sy, sign.light);
      return;
    }
  size_t first = (size_t) CLAMP (floor (v->row0 - 4 * t->scale / sy), 0, (double) marks->rows);
  size_t last = (size_t) CLAMP (ceil (v->row1 + 4 * t->scale / sy), 0, (double) marks->rows);
  for (int light = sign.n == 1; light <= 1; light++)
    for (size_t r = first; r < last; r++)
      for (uint32_t k = marks->offsets[r]; k < marks->offsets[r + 1]; k++)
        {
          double x = floor (((double) marks->columns[k] + 0.5 - v->col0) * sx), y = floor (((double) r + 0.5 - v->row0) * sy);
          if (x > -4 * t->scale && x < (double) t->width + 4 * t->scale)
            put_sign (t, (ptrdiff_t) x, (ptrdiff_t) y, &sign, light);
        }
}

bool
spqr_heatmap_render (const SpqrHeatmap *plot, const SpqrViewport *v, size_t width, size_t height,
                     size_t stride, double scale, uint32_t *pixels, const int *cancelled)
{
  if (!plot->field || width == 0 || height == 0 || !(v->row1 > v->row0) || !(v->col1 > v->col0))
    return true;
  g_autofree float *values = g_try_new (float, width * BAND);
  g_autofree uint16_t *index = g_try_new (uint16_t, width);
  if (!values || !index)
    return false;
  uint32_t lut[SPQR_COLORMAP_SIZE + 1];
  fill_lut (plot, lut);
  double step = (v->row1 - v->row0) / (double) height;
  for (size_t y = 0; y < height; y += BAND)
    {
      if (cancelled && g_atomic_int_get (cancelled))
        return false;
      size_t n = MIN (BAND, height - y);
      spqr_pyramid_sample (&plot->field->pyramid, v->row0 + (double) y * step, v->row0 + (double) (y + n) * step,
                           v->col0, v->col1, n, width, values);
      for (size_t i = 0; i < n; i++)
        {
          uint32_t *out = pixels + (y + i) * stride;
          /* Rows that repeat (cells larger than a pixel) are copied. */
          if (i > 0 && memcmp (values + i * width, values + (i - 1) * width, width * sizeof *values) == 0)
            {
              memcpy (out, out - stride, width * sizeof *out);
              continue;
            }
          spqr_scale_quantize (&plot->scale, values + i * width, width, index);
          for (size_t x = 0; x < width; x++)
            out[x] = lut[index[x]];
          if (plot->emphasized)
            fade_others (plot, values + i * width, width, out);
        }
    }
  render_marks (plot, v, &(Target) { pixels, width, height, stride, scale > 0 ? scale : 1 });
  return true;
}

static const SpqrColor black = { 0.05, 0.05, 0.06, 1 }, white = { 1, 1, 1, 1 };

/* As short as the cell is narrow: whole numbers as such, one number of decimals for a linear field,
 * powers of ten for a logarithmic one. */
static char *
cell_text (const SpqrScale *scale, double value, size_t room)
{
  double top = MAX (fabs (scale->lo), fabs (scale->hi));
  if (value == floor (value) && fabs (value) < 1e6)
    return spqr_format_fixed (value, 0);
  if (scale->kind != SPQR_SCALE_LOG && top >= 1e-4 && top < 1e5)
    return spqr_format_fixed (value, (int) CLAMP (2 - floor (log10 (top) - 1e-9), 0, room >= 8 ? 5 : 3));
  if (fabs (value) >= 0.01 && fabs (value) < 100)
    return spqr_format_value (value, 2);
  return spqr_format_exponent (value, room >= 7 ? 2 : 1);
}

/* Labels of one row of cells. */
static void
draw_values (const SpqrHeatmap *plot, SpqrInk *ink, size_t row, size_t col0, size_t col1, double x0, double y, double w, double h)
{
  const SpqrFieldData *f = plot->field;
  size_t room = (size_t) (w / spqr_ink_width (ink, SPQR_TEXT_SMALL, "0"));
  for (size_t c = col0; c < col1; c++)
    {
      double value = f->values[row * f->cols + c];
      SpqrColor back = spqr_colorbar_color (plot->colormap, plot->reversed, &plot->scale, ink->theme, value);
      bool dark = spqr_color_contrast (&back, &white) > spqr_color_contrast (&back, &black);
      g_autofree char *text = cell_text (&plot->scale, value, room);
      spqr_ink_text (ink, SPQR_TEXT_SMALL, dark ? &white : &black, text, x0 + ((double) (c - col0) + 0.5) * w, y + h / 2, 0.5, 0.5, w - 2);
    }
}

/* The cells' outlines, grown by so much. */
static void
outline_marks (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrViewport *v, const SpqrRect *r, double grow, double line, const SpqrColor *color)
{
  const SpqrMarks *marks = plot->marks;
  double w = r->width / (v->col1 - v->col0), h = r->height / (v->row1 - v->row0);
  size_t first = (size_t) CLAMP (floor (v->row0), 0, (double) marks->rows), last = (size_t) CLAMP (ceil (v->row1), 0, (double) marks->rows);
  for (size_t row = first; row < last; row++)
    for (uint32_t k = marks->offsets[row]; k < marks->offsets[row + 1]; k++)
      {
        double c = marks->columns[k];
        if (!(c + 1 > v->col0 && c < v->col1))
          continue;
        double x0 = round (r->x + (c - v->col0) * w) - grow, x1 = round (r->x + (c + 1 - v->col0) * w) + grow;
        double y0 = round (r->y + ((double) row - v->row0) * h) - grow, y1 = round (r->y + ((double) row + 1 - v->row0) * h) + grow;
        cairo_rectangle (ink->cr, x0 + line / 2, y0 + line / 2, x1 - x0 - line, y1 - y0 - line);
      }
  spqr_color_set_source (color, ink->cr);
  cairo_set_line_width (ink->cr, line);
  cairo_stroke (ink->cr);
}

/* A light line inside the cell and a dark one around it. */
static void
draw_marks (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrViewport *v, const SpqrRect *r, double line)
{
  const SpqrMarks *marks = plot->marks;
  SpqrColor light = spqr_colormap_mark_color (plot->colormap), dark = spqr_colormap_mark_edge ();
  if (!marks || marks->rows != plot->field->rows || marks->cols != plot->field->cols)
    return;
  outline_marks (plot, ink, v, r, 1, 1, &dark);
  outline_marks (plot, ink, v, r, 0, line, &light);
}

void
spqr_heatmap_draw_cells (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrViewport *v, const SpqrRect *r)
{
  const SpqrFieldData *f = plot->field;
  if (!f || !(v->row1 > v->row0) || !(v->col1 > v->col0))
    return;
  double w = r->width / (v->col1 - v->col0), h = r->height / (v->row1 - v->row0);
  if (MIN (w, h) < OUTLINE_CELL)
    return;
  size_t row0 = (size_t) CLAMP (floor (v->row0), 0, (double) f->rows), row1 = (size_t) CLAMP (ceil (v->row1), 0, (double) f->rows);
  size_t col0 = (size_t) CLAMP (floor (v->col0), 0, (double) f->cols), col1 = (size_t) CLAMP (ceil (v->col1), 0, (double) f->cols);
  cairo_save (ink->cr);
  cairo_rectangle (ink->cr, r->x, r->y, r->width, r->height);
  cairo_clip (ink->cr);
  if (MIN (w, h) >= 10)
    {
      SpqrColor edge = spqr_color_with_alpha (&ink->theme->background, 0.35);
      for (size_t i = row0; i <= row1; i++)
        spqr_ink_fill (ink, &edge, r->x, round (r->y + ((double) i - v->row0) * h) - 0.5, r->width, 1);
      for (size_t j = col0; j <= col1; j++)
        spqr_ink_fill (ink, &edge, round (r->x + ((double) j - v->col0) * w) - 0.5, r->y, 1, r->height);
    }
  draw_marks (plot, ink, v, r, MIN (w, h) >= 14 ? 2 : 1);
  if (plot->show_values && w >= SPQR_HEATMAP_VALUE_WIDTH && h >= SPQR_HEATMAP_VALUE_HEIGHT)
    for (size_t i = row0; i < row1; i++)
      draw_values (plot, ink, i, col0, col1, r->x + ((double) col0 - v->col0) * w, r->y + ((double) i - v->row0) * h, w, h);
  cairo_restore (ink->cr);
}
