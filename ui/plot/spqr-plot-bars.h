/* spqr-plot-bars.h: a figure for each of many places side by side: rows, columns, heads of a matrix. */
#pragma once

#include "plot/spqr-axis.h"

typedef struct {
  const double *values;      /* (n) 0 or more; NAN: none */
  size_t n;
  double from, to;           /* the places that are seen, fractions allowed; from == to: all */
  SpqrAxisFormat y_format;
  double mean;               /* a dashed line; NAN: none */
  ptrdiff_t marked;          /* pointed out from elsewhere; -1: none */
  const char *item;          /* "row": before a place's number */
  const char *x_label, *y_label, *message; /* message: instead of bars, where n is 0 */
} SpqrBars;

typedef struct { double width, height; SpqrRect plot; double from, to; SpqrScale y; } SpqrBarsLayout;

void spqr_bars_layout (const SpqrBars *plot, const SpqrTheme *theme, double width, double height, SpqrBarsLayout *layout);

/* The place under x: of those that share a pixel the one of the highest bar, which is what it shows.
 * -1 outside. */
ptrdiff_t spqr_bars_index_at (const SpqrBars *plot, const SpqrBarsLayout *layout, double x, double y);

void spqr_bars_draw (const SpqrBars *plot, cairo_t *cr, const SpqrTheme *theme, double width, double height);
void spqr_bars_draw_hover (const SpqrBars *plot, SpqrInk *ink, const SpqrBarsLayout *layout, size_t index);
/* "row 211 · 4.1 %" */
char *spqr_bars_readout (const SpqrBars *plot, size_t index);
