/* Oklab after Björn Ottosson's definition (linear sRGB -> cone response -> cube root -> opponent). */
#include "plot/spqr-color.h"

#include <glib.h>
#include <math.h>

static double
to_linear (double v)
{
  return v <= 0.04045 ? v / 12.92 : pow ((v + 0.055) / 1.055, 2.4);
}

static double
from_linear (double v)
{
  return v <= 0.0031308 ? 12.92 * v : 1.055 * pow (v, 1 / 2.4) - 0.055;
}

SpqrOklab
spqr_oklab_from_color (const SpqrColor *color)
{
  double r = to_linear (color->red), g = to_linear (color->green), b = to_linear (color->blue);
  double l = cbrt (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  double m = cbrt (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  double s = cbrt (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return (SpqrOklab) {
    0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s,
  };
}

SpqrColor
spqr_color_from_oklab (SpqrOklab lab)
{
  double l = lab.l + 0.3963377774 * lab.a + 0.2158037573 * lab.b;
  double m = lab.l - 0.1055613458 * lab.a - 0.0638541728 * lab.b;
  double s = lab.l - 0.0894841775 * lab.a - 1.2914855480 * lab.b;
  l = l * l * l;
  m = m * m * m;
  s = s * s * s;
  return (SpqrColor) {
    from_linear (4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    from_linear (-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    from_linear (-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s),
    1,
  };
}

static bool
is_displayable (const SpqrColor *c)
{
  const double e = 1e-6;
  return c->red >= -e && c->red <= 1 + e && c->green >= -e && c->green <= 1 + e
         && c->blue >= -e && c->blue <= 1 + e;
}

SpqrColor
spqr_color_from_oklch (double lightness, double chroma, double hue_degrees)
{
  double hue = hue_degrees * G_PI / 180;
  double lo = 0, hi = chroma;
  SpqrColor c = spqr_color_from_oklab ((SpqrOklab) { lightness, chroma * cos (hue), chroma * sin (hue) });
  for (int i = 0; i < 24 && !is_displayable (&c); i++)
    {
      double mid = (lo + hi) / 2;
      SpqrColor try = spqr_color_from_oklab ((SpqrOklab) { lightness, mid * cos (hue), mid * sin (hue) });
      if (is_displayable (&try))
        lo = mid;
      else
        hi = mid;
      if (i == 23)
        c = spqr_color_from_oklab ((SpqrOklab) { lightness, lo * cos (hue), lo * sin (hue) });
    }
  c.red = CLAMP (c.red, 0, 1);
  c.green = CLAMP (c.green, 0, 1);
  c.blue = CLAMP (c.blue, 0, 1);
  return c;
}

double
spqr_oklab_distance (SpqrOklab a, SpqrOklab b)
{
  double dl = a.l - b.l, da = a.a - b.a, db = a.b - b.b;
  return sqrt (dl * dl + da * da + db * db);
}

SpqrColor
spqr_color_mix (const SpqrColor *a, const SpqrColor *b, double t)
{
  return (SpqrColor) {
    a->red + (b->red - a->red) * t,
    a->green + (b->green - a->green) * t,
    a->blue + (b->blue - a->blue) * t,
    a->alpha + (b->alpha - a->alpha) * t,
  };
}

SpqrColor
spqr_color_with_alpha (const SpqrColor *color, double alpha)
{
  return (SpqrColor) { color->red, color->green, color->blue, alpha };
}

static double
luminance (const SpqrColor *c)
{
  return 0.2126 * to_linear (c->red) + 0.7152 * to_linear (c->green) + 0.0722 * to_linear (c->blue);
}

double
spqr_color_contrast (const SpqrColor *a, const SpqrColor *b)
{
  double la = luminance (a), lb = luminance (b);
  return (MAX (la, lb) + 0.05) / (MIN (la, lb) + 0.05);
}

uint32_t
spqr_color_to_pixel (const SpqrColor *c)
{
  uint32_t r = (uint32_t) lround (CLAMP (c->red, 0, 1) * 255);
  uint32_t g = (uint32_t) lround (CLAMP (c->green, 0, 1) * 255);
  uint32_t b = (uint32_t) lround (CLAMP (c->blue, 0, 1) * 255);
  return 0xff000000u | r << 16 | g << 8 | b;
}

void
spqr_color_set_source (const SpqrColor *c, cairo_t *cr)
{
  cairo_set_source_rgba (cr, c->red, c->green, c->blue, c->alpha);
}
