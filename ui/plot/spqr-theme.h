/* spqr-theme.h: the colours and letter sizes of a picture. A plain value: fill it, change what you
 * like, pass it on. */
#pragma once

#include <stddef.h>

#include "plot/spqr-color.h"

typedef enum {
  SPQR_THEME_LIGHT,
  SPQR_THEME_DARK,
  SPQR_THEME_LIGHT_HIGH_CONTRAST,
  SPQR_THEME_DARK_HIGH_CONTRAST,
} SpqrThemeKind;

enum { SPQR_THEME_SERIES = 8, SPQR_THEME_FONT_MAX = 64 };

typedef struct {
  SpqrThemeKind kind;
  SpqrColor background;  /* the page */
  SpqrColor surface;     /* empty plotting area */
  SpqrColor ink, dim;    /* text and marks; secondary text */
  SpqrColor grid, frame; /* hair lines; outlines */
  SpqrColor accent;      /* what is selected */
  SpqrColor bar;         /* neutral bars */
  SpqrColor alert;       /* thresholds, outliers */
  SpqrColor missing;     /* no value */
  SpqrColor series[SPQR_THEME_SERIES];
  char font[SPQR_THEME_FONT_MAX]; /* family name */
  double size_body, size_small, size_title; /* pixels */
  double hairline;                          /* pixels */
} SpqrTheme;

/* The family is "DejaVu Sans": the same on every machine that has it. Widgets set their own. */
void spqr_theme_init (SpqrTheme *theme, SpqrThemeKind kind);
void spqr_theme_set_font (SpqrTheme *theme, const char *family, double body_px);
bool spqr_theme_is_dark (const SpqrTheme *theme);

/* Colour of the i-th series; repeats after SPQR_THEME_SERIES. */
const SpqrColor *spqr_theme_series (const SpqrTheme *theme, size_t i);
