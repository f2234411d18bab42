/* spqr-plot-scatter.h: runs as points, cost against loss, with the front of those nothing beats. */
#pragma once

#include "plot/spqr-axis.h"

typedef struct {
  double x, y;        /* not finite: left out */
  const char *label;  /* or NULL */
  bool selected;
  bool ghost;         /* a reference (published, not the user's): hollow, not part of the front */
  size_t series;      /* colour */
  bool quiet;         /* its label is only shown when it is pointed at, selected or on the front */
} SpqrScatterPoint;

/* From so many points on they are drawn as dots: thousands would cover each other, and take long. */
enum { SPQR_SCATTER_MANY = 1500 };

typedef struct {
  const SpqrScatterPoint *points;
  size_t n;
  bool show_front;    /* lower x and lower y are better */
  SpqrScaleKind x_kind, y_kind;
  SpqrAxisFormat x_format, y_format;
  const char *const *legend; /* (n_legend) names of the series, or NULL */
  size_t n_legend;
  const char *title, *subtitle, *x_label, *y_label;
  const char *message; /* shown when there is nothing to draw */
} SpqrScatter;

typedef struct { double width, height; SpqrRect plot; SpqrScale x, y; double legend_y; } SpqrScatterLayout;

void spqr_scatter_layout (const SpqrScatter *plot, const SpqrTheme *theme, double width, double height, SpqrScatterLayout *layout);
void spqr_scatter_place (const SpqrScatterLayout *layout, double x, double y, double *px, double *py);

/* The nearest point within 14 pixels, or -1. */
ptrdiff_t spqr_scatter_point_at (const SpqrScatter *plot, const SpqrScatterLayout *layout, double x, double y);

/* Indices of the points no other point beats, by rising x; front has room for n. Of equal points the
 * first. Returns how many. */
size_t spqr_scatter_front (const SpqrScatterPoint *points, size_t n, size_t *front);

void spqr_scatter_draw (const SpqrScatter *plot, cairo_t *cr, const SpqrTheme *theme, double width, double height);
void spqr_scatter_draw_hover (const SpqrScatter *plot, SpqrInk *ink, const SpqrScatterLayout *layout, size_t point);
/* "bits 3.63 · perplexity 5.87" */
char *spqr_scatter_readout (const SpqrScatter *plot, size_t point);
