#include "plot/spqr-theme.h"

#include <glib.h>

/* Hues that differ in lightness too, so that neighbours stay apart for colour-blind readers and in
 * print. Lightness is for a light page; a dark one raises it. */
static const struct { double lightness, chroma, hue; } series_oklch[SPQR_THEME_SERIES] = {
  { 0.52, 0.16, 258 }, /* blue */
  { 0.68, 0.16, 55 },  /* orange */
  { 0.58, 0.12, 165 }, /* green */
  { 0.50, 0.17, 340 }, /* magenta */
  { 0.72, 0.11, 215 }, /* sky */
  { 0.62, 0.13, 100 }, /* ochre */
  { 0.42, 0.14, 295 }, /* violet */
  { 0.56, 0.19, 27 },  /* red */
};

static void
set_light (SpqrTheme *t)
{
  t->background = (SpqrColor) { 1, 1, 1, 1 };
  t->surface = (SpqrColor) { 0.972, 0.974, 0.978, 1 };
  t->ink = (SpqrColor) { 0.12, 0.13, 0.16, 1 };
  t->dim = (SpqrColor) { 0.40, 0.42, 0.46, 1 };
  t->grid = (SpqrColor) { 0.90, 0.905, 0.915, 1 };
  t->frame = (SpqrColor) { 0.78, 0.79, 0.81, 1 };
  t->accent = spqr_color_from_oklch (0.55, 0.17, 256);
  t->bar = spqr_color_from_oklch (0.70, 0.055, 256);
  t->alert = spqr_color_from_oklch (0.58, 0.19, 32);
  t->missing = (SpqrColor) { 0.80, 0.81, 0.83, 1 };
}

static void
set_dark (SpqrTheme *t)
{
  t->background = (SpqrColor) { 0.118, 0.118, 0.125, 1 };
  t->surface = (SpqrColor) { 0.155, 0.157, 0.168, 1 };
  t->ink = (SpqrColor) { 0.94, 0.945, 0.955, 1 };
  t->dim = (SpqrColor) { 0.66, 0.675, 0.70, 1 };
  t->grid = (SpqrColor) { 0.225, 0.23, 0.245, 1 };
  t->frame = (SpqrColor) { 0.36, 0.37, 0.39, 1 };
  t->accent = spqr_color_from_oklch (0.74, 0.13, 252);
  t->bar = spqr_color_from_oklch (0.55, 0.06, 252);
  t->alert = spqr_color_from_oklch (0.74, 0.16, 45);
  t->missing = (SpqrColor) { 0.33, 0.34, 0.36, 1 };
}

static void
raise_contrast (SpqrTheme *t, bool dark)
{
  double v = dark ? 1 : 0;
  t->ink = (SpqrColor) { v, v, v, 1 };
  t->dim = dark ? (SpqrColor) { 0.87, 0.87, 0.89, 1 } : (SpqrColor) { 0.20, 0.20, 0.22, 1 };
  t->frame = dark ? (SpqrColor) { 0.75, 0.75, 0.77, 1 } : (SpqrColor) { 0.25, 0.25, 0.27, 1 };
  t->grid = dark ? (SpqrColor) { 0.28, 0.28, 0.30, 1 } : (SpqrColor) { 0.82, 0.82, 0.84, 1 };      /* behind the data, not before it */
  t->accent = spqr_color_from_oklch (dark ? 0.82 : 0.42, 0.17, 256);
  t->alert = spqr_color_from_oklch (dark ? 0.82 : 0.45, 0.18, 40);
  t->bar = spqr_color_from_oklch (dark ? 0.66 : 0.56, 0.07, 256);
  t->background = dark ? (SpqrColor) { 0, 0, 0, 1 } : (SpqrColor) { 1, 1, 1, 1 };
  t->hairline = 1.5;
}

void
spqr_theme_init (SpqrTheme *theme, SpqrThemeKind kind)
{
  bool dark = kind == SPQR_THEME_DARK || kind == SPQR_THEME_DARK_HIGH_CONTRAST;
  bool high = kind == SPQR_THEME_LIGHT_HIGH_CONTRAST || kind == SPQR_THEME_DARK_HIGH_CONTRAST;
  *theme = (SpqrTheme) { .kind = kind, .hairline = 1 };
  if (dark)
    set_dark (theme);
  else
    set_light (theme);
  if (high)
    raise_contrast (theme, dark);
  for (size_t i = 0; i < SPQR_THEME_SERIES; i++)
    theme->series[i] = spqr_color_from_oklch (series_oklch[i].lightness + (dark ? 0.14 : 0) - (high && !dark ? 0.08 : 0),
                                              series_oklch[i].chroma, series_oklch[i].hue);
  spqr_theme_set_font (theme, "DejaVu Sans", 13);
}

void
spqr_theme_set_font (SpqrTheme *theme, const char *family, double body_px)
{
  g_strlcpy (theme->font, family, sizeof theme->font);
  theme->size_body = body_px;
  theme->size_small = body_px * 11 / 13;
  theme->size_title = body_px * 15 / 13;
}

bool
spqr_theme_is_dark (const SpqrTheme *theme)
{
  return theme->kind == SPQR_THEME_DARK || theme->kind == SPQR_THEME_DARK_HIGH_CONTRAST;
}

const SpqrColor *
spqr_theme_series (const SpqrTheme *theme, size_t i)
{
  return &theme->series[i % SPQR_THEME_SERIES];
}
