/* spqr-plot-lines.h: figures over the layers of a model, several runs on shared axes. */
#pragma once

#include "plot/spqr-axis.h"

typedef struct {
  const char *name;
  const double *values; /* (n); NAN: a gap */
  size_t n;
  size_t series;        /* colour */
  bool dashed;
} SpqrLineSeries;

typedef struct {
  const SpqrLineSeries *series;
  size_t n_series;
  SpqrScaleKind y_kind;
  SpqrAxisFormat y_format;
  bool from_zero;       /* a linear y axis starts at 0 */
  const char *const *names; /* of the positions, for the readout; or NULL: x_label and the number */
  /* Under the axis, or NULL: numbers. Neighbours with the same group share one label, and a line parts them from the
   * next; ticks say what each position is, reading upwards, where there is room for it. */
  const char *const *groups, *const *ticks;
  const char *title, *subtitle, *x_label, *y_label, *message;
} SpqrLines;

typedef struct { double width, height; SpqrRect plot; SpqrScale x, y; double legend_y, ticks_height; /* 0: no ticks */ } SpqrLinesLayout;

void spqr_lines_layout (const SpqrLines *plot, const SpqrTheme *theme, double width, double height, SpqrLinesLayout *layout);

/* The position under x and the series nearest to y there; false outside the plot or with no values. */
bool spqr_lines_point_at (const SpqrLines *plot, const SpqrLinesLayout *layout, double x, double y, size_t *index, size_t *series);

void spqr_lines_draw (const SpqrLines *plot, cairo_t *cr, const SpqrTheme *theme, double width, double height);
void spqr_lines_draw_hover (const SpqrLines *plot, SpqrInk *ink, const SpqrLinesLayout *layout, size_t index, size_t series);
char *spqr_lines_readout (const SpqrLines *plot, size_t index, size_t series);
