/* spqr-ink.h: text and lines for the painters: one font set-up, tabular digits, no hinting, so that
 * a picture is the same on a screen, in a file and in a test. */
#pragma once

#include <pango/pangocairo.h>

#include "plot/spqr-theme.h"

typedef enum { SPQR_TEXT_BODY, SPQR_TEXT_SMALL, SPQR_TEXT_TITLE, SPQR_TEXT_STRONG } SpqrTextStyle;

typedef struct { double x, y, width, height; } SpqrRect;

typedef struct {
  cairo_t *cr;            /* borrowed; NULL: measures only */
  const SpqrTheme *theme; /* borrowed */
  PangoLayout *layout;
} SpqrInk;

/* Any thread, but an ink stays in the thread that made it (Pango's font map is per thread). */
void spqr_ink_init (SpqrInk *ink, cairo_t *cr, const SpqrTheme *theme);
void spqr_ink_clear (SpqrInk *ink);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SpqrInk, spqr_ink_clear)

double spqr_ink_width (SpqrInk *ink, SpqrTextStyle style, const char *text);
double spqr_ink_height (SpqrInk *ink, SpqrTextStyle style); /* of one line */

/* One line of text with its box's point (xalign, yalign), each 0…1, at (x, y). Longer than max_width
 * (0: no limit) it ends in an ellipsis. Returns the drawn width. */
double spqr_ink_text (SpqrInk *ink, SpqrTextStyle style, const SpqrColor *color, const char *text,
                      double x, double y, double xalign, double yalign, double max_width);
/* The same turned a quarter to the left, reading upwards. */
void spqr_ink_text_up (SpqrInk *ink, SpqrTextStyle style, const SpqrColor *color, const char *text,
                       double x, double y, double xalign, double yalign, double max_width);

void spqr_ink_fill (SpqrInk *ink, const SpqrColor *color, double x, double y, double w, double h);
/* Hair lines snapped to the pixel grid. */
void spqr_ink_hline (SpqrInk *ink, const SpqrColor *color, double x0, double x1, double y);
void spqr_ink_vline (SpqrInk *ink, const SpqrColor *color, double x, double y0, double y1);
void spqr_ink_frame (SpqrInk *ink, const SpqrColor *color, const SpqrRect *rect);
/* A path only. */
void spqr_ink_round_rect (SpqrInk *ink, double x, double y, double w, double h, double radius);

/* Diagonal hatching inside a rectangle: the sign for "no value". */
void spqr_ink_hatch (SpqrInk *ink, const SpqrColor *color, const SpqrRect *rect, double spacing);

/* A small box with one or two lines of text (second may be NULL), near (x, y) but inside bounds. */
void spqr_ink_callout (SpqrInk *ink, const char *first, const char *second, double x, double y,
                       const SpqrRect *bounds);

bool spqr_rect_contains (const SpqrRect *rect, double x, double y);
