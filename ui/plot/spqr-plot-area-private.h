/* spqr-plot-area-private.h: the frame that plots with two axes share. */
#pragma once

#include "plot/spqr-axis.h"

enum { _SPQR_PLOT_MARGIN = 12 };

typedef struct {
  const char *title, *subtitle, *x_label, *y_label; /* NULL: none */
  double legend_height;                             /* kept free under the title */
} SpqrAreaText;

/* Where the plotting rectangle goes when y labels are `label_width` wide. */
SpqrRect _spqr_plot_area (SpqrInk *ink, const SpqrAreaText *text, double label_width, double width, double height);

/* Background, title, and the axes' names: y's above its axis, x's below at the right. */
void _spqr_plot_area_draw (SpqrInk *ink, const SpqrAreaText *text, const SpqrRect *area, double width, double height);

/* The line of text above the plot: where its bottom is. */
double _spqr_plot_line_above (SpqrInk *ink, const SpqrRect *area);

/* Where it is free, right of the y axis' name (or NULL). */
double _spqr_plot_free_from (SpqrInk *ink, const SpqrRect *area, const char *y_label);

/* What is pointed at, at the right end of that line, in the place of whatever else stands there. */
void _spqr_plot_readout (SpqrInk *ink, const SpqrRect *area, const char *y_label, const char *text);

/* "label: value" parts of a legend, from left to right, on one or more lines within width. Draws
 * unless ink->cr is NULL. Returns the height used. */
typedef struct { const char *name; const char *value; const SpqrColor *color; bool line, dashed; } SpqrLegendItem;
double _spqr_plot_legend (SpqrInk *ink, const SpqrLegendItem *items, size_t n, double x, double y, double width);
