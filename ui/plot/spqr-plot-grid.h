/* spqr-plot-grid.h: the map of a model: one coloured cell a tensor, roles down, blocks across. */
#pragma once

#include "plot/spqr-axis.h"
#include "plot/spqr-colormap.h"
#include "plot/spqr-ink.h"
#include "plot/spqr-scale.h"

typedef struct {
  size_t rows, cols;             /* roles, blocks */
  const double *values;          /* (rows, cols); NAN: there is no such tensor or no figure yet */
  const char *const *row_labels; /* (rows) */
  const char *const *col_labels; /* (cols), or NULL: their numbers */
  const char *col_name;          /* "block"; or NULL */
  SpqrColormap colormap;
  bool reversed;
  SpqrScale scale;
  char *(*format) (double value, double step); /* for printed values and readouts, so that a step can be seen; NULL: 3 digits */
  double step;                    /* of what the cells differ by; see spqr_grid_step() */
  SpqrAxisFormat value_format;    /* of the colour bar */
  const char *title, *subtitle, *value_label;
  ptrdiff_t selected_row, selected_col; /* -1: none */
  bool show_colorbar, show_values;
} SpqrGrid;

typedef struct {
  double width, height;
  size_t rows, cols;
  SpqrRect cells;                /* all of them */
  double cell_width, cell_height, gap;
  SpqrRect colorbar, readout;
} SpqrGridLayout;

void spqr_grid_init (SpqrGrid *plot, size_t rows, size_t cols, const double *values);
void spqr_grid_layout (const SpqrGrid *plot, const SpqrTheme *theme, double width, double height, SpqrGridLayout *layout);
bool spqr_grid_layout_cell_at (const SpqrGridLayout *layout, double x, double y, size_t *row, size_t *col);
void spqr_grid_layout_cell_rect (const SpqrGridLayout *layout, size_t row, size_t col, SpqrRect *rect);

/* A quarter of the range that the middle half of the values lies in (of all of them where that is a point);
 * 0: they are all the same. */
double spqr_grid_step (const double *values, size_t n);

/* A width and height at which cells are comfortably large. */
void spqr_grid_natural_size (const SpqrGrid *plot, const SpqrTheme *theme, double *width, double *height);

void spqr_grid_draw (const SpqrGrid *plot, cairo_t *cr, const SpqrTheme *theme, double width, double height);
/* An outlined cell and its readout. */
void spqr_grid_draw_pointer (const SpqrGrid *plot, SpqrInk *ink, const SpqrGridLayout *layout, size_t row, size_t col);
/* "block 17 · down_proj · 0.41 %" */
char *spqr_grid_readout (const SpqrGrid *plot, size_t row, size_t col);
