#include "plot/spqr-ink.h"

#include <math.h>

void
spqr_ink_init (SpqrInk *ink, cairo_t *cr, const SpqrTheme *theme)
{
  PangoContext *context = pango_font_map_create_context (pango_cairo_font_map_get_default ());
  cairo_font_options_t *options = cairo_font_options_create ();
  cairo_font_options_set_antialias (options, CAIRO_ANTIALIAS_GRAY);
  cairo_font_options_set_hint_style (options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics (options, CAIRO_HINT_METRICS_OFF);
  pango_cairo_context_set_font_options (context, options);
  pango_cairo_context_set_resolution (context, 96);
  pango_context_set_round_glyph_positions (context, FALSE);
  cairo_font_options_destroy (options);

  *ink = (SpqrInk) { cr, theme, pango_layout_new (context) };
  g_object_unref (context);
  PangoAttrList *attrs = pango_attr_list_new ();
  pango_attr_list_insert (attrs, pango_attr_font_features_new ("tnum=1"));
  pango_layout_set_attributes (ink->layout, attrs);
  pango_attr_list_unref (attrs);
  pango_layout_set_single_paragraph_mode (ink->layout, TRUE);
}

void
spqr_ink_clear (SpqrInk *ink)
{
  g_clear_object (&ink->layout);
}

static void
prepare (SpqrInk *ink, SpqrTextStyle style, const char *text, double max_width)
{
  const SpqrTheme *t = ink->theme;
  double size = style == SPQR_TEXT_SMALL ? t->size_small : style == SPQR_TEXT_TITLE ? t->size_title : t->size_body;
  PangoFontDescription *font = pango_font_description_new ();
  pango_font_description_set_family (font, t->font);
  pango_font_description_set_absolute_size (font, size * PANGO_SCALE);
  if (style == SPQR_TEXT_TITLE || style == SPQR_TEXT_STRONG)
    pango_font_description_set_weight (font, PANGO_WEIGHT_BOLD);
  pango_layout_set_font_description (ink->layout, font);
  pango_font_description_free (font);
  pango_layout_set_text (ink->layout, text, -1);
  pango_layout_set_width (ink->layout, max_width > 0 ? (int) ceil (max_width * PANGO_SCALE) : -1);
  pango_layout_set_ellipsize (ink->layout, max_width > 0 ? PANGO_ELLIPSIZE_END : PANGO_ELLIPSIZE_NONE);
}

static void
measure (SpqrInk *ink, double *w, double *h)
{
  int pw, ph;
  pango_layout_get_size (ink->layout, &pw, &ph);
  *w = (double) pw / PANGO_SCALE;
  *h = (double) ph / PANGO_SCALE;
}

double
spqr_ink_width (SpqrInk *ink, SpqrTextStyle style, const char *text)
{
  double w, h;
  prepare (ink, style, text, 0);
  measure (ink, &w, &h);
  return w;
}

double
spqr_ink_height (SpqrInk *ink, SpqrTextStyle style)
{
  double w, h;
  prepare (ink, style, "0", 0);
  measure (ink, &w, &h);
  return h;
}

double
spqr_ink_text (SpqrInk *ink, SpqrTextStyle style, const SpqrColor *color, const char *text,
               double x, double y, double xalign, double yalign, double max_width)
{
  double w, h;
  prepare (ink, style, text, max_width);
  measure (ink, &w, &h);
  spqr_color_set_source (color, ink->cr);
  cairo_move_to (ink->cr, x - w * xalign, y - h * yalign);
  pango_cairo_show_layout (ink->cr, ink->layout);
  return w;
}

void
spqr_ink_text_up (SpqrInk *ink, SpqrTextStyle style, const SpqrColor *color, const char *text,
                  double x, double y, double xalign, double yalign, double max_width)
{
  double w, h;
  prepare (ink, style, text, max_width);
  measure (ink, &w, &h);
  cairo_save (ink->cr);
  cairo_translate (ink->cr, x - h * xalign, y + w * (1 - yalign));
  cairo_rotate (ink->cr, -G_PI / 2);
  spqr_color_set_source (color, ink->cr);
  cairo_move_to (ink->cr, 0, 0);
  pango_cairo_show_layout (ink->cr, ink->layout);
  cairo_restore (ink->cr);
}

void
spqr_ink_fill (SpqrInk *ink, const SpqrColor *color, double x, double y, double w, double h)
{
  spqr_color_set_source (color, ink->cr);
  cairo_rectangle (ink->cr, x, y, w, h);
  cairo_fill (ink->cr);
}

void
spqr_ink_hline (SpqrInk *ink, const SpqrColor *color, double x0, double x1, double y)
{
  double h = ink->theme->hairline;
  spqr_ink_fill (ink, color, x0, floor (y), x1 - x0, h);
}

void
spqr_ink_vline (SpqrInk *ink, const SpqrColor *color, double x, double y0, double y1)
{
  double h = ink->theme->hairline;
  spqr_ink_fill (ink, color, floor (x), y0, h, y1 - y0);
}

void
spqr_ink_frame (SpqrInk *ink, const SpqrColor *color, const SpqrRect *r)
{
  double h = ink->theme->hairline;
  spqr_color_set_source (color, ink->cr);
  cairo_set_line_width (ink->cr, h);
  cairo_rectangle (ink->cr, r->x - h / 2, r->y - h / 2, r->width + h, r->height + h);
  cairo_stroke (ink->cr);
}

void
spqr_ink_round_rect (SpqrInk *ink, double x, double y, double w, double h, double radius)
{
  cairo_t *cr = ink->cr;
  double r = MIN (radius, MIN (w, h) / 2);
  cairo_new_sub_path (cr);
  cairo_arc (cr, x + w - r, y + r, r, -G_PI / 2, 0);
  cairo_arc (cr, x + w - r, y + h - r, r, 0, G_PI / 2);
  cairo_arc (cr, x + r, y + h - r, r, G_PI / 2, G_PI);
  cairo_arc (cr, x + r, y + r, r, G_PI, 3 * G_PI / 2);
  cairo_close_path (cr);
}

void
spqr_ink_hatch (SpqrInk *ink, const SpqrColor *color, const SpqrRect *r, double spacing)
{
  cairo_t *cr = ink->cr;
  if (!(r->width > 0 && r->height > 0))
    return;
  cairo_save (cr);
  cairo_rectangle (cr, r->x, r->y, r->width, r->height);
  cairo_clip (cr);
  /* On one grid for the whole picture, so that neighbouring cells join. */
  double first = floor ((r->x + r->y) / spacing) * spacing;
  for (double s = first; s < r->x + r->width + r->y + r->height; s += spacing)
    {
      cairo_move_to (cr, s - r->y, r->y);
      cairo_line_to (cr, s - r->y - r->height, r->y + r->height);
    }
  spqr_color_set_source (color, cr);
  cairo_set_line_width (cr, 1);
  cairo_stroke (cr);
  cairo_restore (cr);
}

void
spqr_ink_callout (SpqrInk *ink, const char *first, const char *second, double x, double y,
                  const SpqrRect *bounds)
{
  const SpqrTheme *t = ink->theme;
  const double pad = 8, gap = 12;
  double h1 = spqr_ink_height (ink, SPQR_TEXT_SMALL);
  double w = spqr_ink_width (ink, SPQR_TEXT_SMALL, first);
  if (second)
    w = MAX (w, spqr_ink_width (ink, SPQR_TEXT_SMALL, second));
  w = MIN (w, bounds->width - 2 * pad) + 2 * pad;
  double h = h1 * (second ? 2 : 1) + 1.5 * pad;
  double left = x + gap + w <= bounds->x + bounds->width ? x + gap : x - gap - w;
  double top = y - gap - h >= bounds->y ? y - gap - h : y + gap;
  left = CLAMP (left, bounds->x, MAX (bounds->x, bounds->x + bounds->width - w));
  top = CLAMP (top, bounds->y, MAX (bounds->y, bounds->y + bounds->height - h));

  /* Half pixels: a one-pixel outline that is one pixel. */
  spqr_ink_round_rect (ink, floor (left) + 0.5, floor (top) + 0.5, ceil (w), ceil (h), 6);
  SpqrColor back = spqr_color_with_alpha (&t->background, 0.95);
  spqr_color_set_source (&back, ink->cr);
  cairo_fill_preserve (ink->cr);
  spqr_color_set_source (&t->frame, ink->cr);
  cairo_set_line_width (ink->cr, t->hairline);
  cairo_stroke (ink->cr);
  spqr_ink_text (ink, SPQR_TEXT_SMALL, &t->ink, first, left + pad, top + 0.75 * pad, 0, 0, w - 2 * pad + 1);
  if (second)
    spqr_ink_text (ink, SPQR_TEXT_SMALL, &t->dim, second, left + pad, top + 0.75 * pad + h1, 0, 0, w - 2 * pad + 1);
}

bool
spqr_rect_contains (const SpqrRect *r, double x, double y)
{
  return x >= r->x && y >= r->y && x < r->x + r->width && y < r->y + r->height;
}
