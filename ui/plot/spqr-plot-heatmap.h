/* spqr-plot-heatmap.h: a matrix as colours, with its edges: profiles, rulers, axes, colour bar.
 *
 * What it draws is a SpqrHeatmap; where, a SpqrHeatmapLayout, computed once and used for drawing
 * and for pointing alike. All of it is plain data: make it on the stack, fill it, draw it. */
#pragma once

#include "plot/spqr-axis.h"
#include "plot/spqr-colormap.h"
#include "plot/spqr-field-data.h"
#include "plot/spqr-ink.h"
#include "plot/spqr-marks.h"
#include "plot/spqr-scale.h"

/* The part of the matrix that is seen, in cells: [row0, row1) x [col0, col1). */
typedef struct { double row0, row1, col0, col1; } SpqrViewport;

typedef enum { SPQR_RULER_ROWS, SPQR_RULER_COLUMNS } SpqrRulerSide;

/* A division of the rows or columns into equal pieces: heads, groups, statistics tiles. */
typedef struct {
  const char *name;   /* "heads": at the corner */
  const char *brief;  /* where there is no room for the name; NULL: then there is none */
  const char *item;   /* "h": before the number of a piece, where there is room */
  SpqrRulerSide side;
  size_t period;      /* rows or columns a piece; > 0 */
  size_t half;        /* a second, weaker line every so many (rotary halves); 0: none */
  bool strong;
} SpqrRuler;

typedef struct {
  const SpqrFieldData *field;    /* NULL: an empty frame with the message */
  SpqrViewport view;
  SpqrColormap colormap;
  bool reversed;
  SpqrScale scale;
  SpqrScale bar;                 /* what the colour bar goes over, where that is more than the colours do; */
  bool has_bar;                  /* its ends then have the colours' ends */
  bool emphasized;               /* only the values of emphasis_lo … emphasis_hi keep their colour; */
  bool emphasis_of_magnitude;    /* of their magnitudes */
  double emphasis_lo, emphasis_hi;
  const char *title, *subtitle;  /* NULL: none, and no room kept; subtitle needs a title */
  const char *value_label;       /* under the colour bar: "sensitivity"; or NULL */
  SpqrAxisFormat value_format;
  const char *row_label, *col_label; /* "outputs", "inputs"; or NULL */
  const char *message;           /* instead of the matrix, or NULL */
  const SpqrRuler *rulers;
  size_t n_rulers;
  const SpqrMarks *marks;        /* of the field's size, or NULL; where they share pixels, where they crowd */
  bool show_profiles, show_colorbar, show_values;
} SpqrHeatmap;

typedef struct {
  double width, height;
  SpqrViewport view;
  size_t rows, cols;             /* of the field */
  SpqrRect matrix;               /* whole pixels */
  SpqrRect title;
  SpqrRect col_axis, row_axis;
  SpqrRect col_bands, row_bands; /* empty without rulers */
  SpqrRect col_profile, row_profile;
  SpqrRect colorbar;             /* the coloured bar itself */
  SpqrRect readout;              /* room for the text of the cell pointed at */
} SpqrHeatmapLayout;

enum { SPQR_HEATMAP_VALUE_WIDTH = 44, SPQR_HEATMAP_VALUE_HEIGHT = 16, SPQR_HEATMAP_BAND = 13 };

/* All of it seen, nothing titled, profiles, colour bar and values on. */
void spqr_heatmap_init (SpqrHeatmap *plot, const SpqrFieldData *field);
SpqrViewport spqr_viewport_full (const SpqrFieldData *field);

void spqr_heatmap_layout (const SpqrHeatmap *plot, const SpqrTheme *theme, double width, double height,
                          SpqrHeatmapLayout *layout);

/* Pixel -> cell; false outside the matrix. The fractional position may be asked for anywhere. */
bool spqr_heatmap_layout_cell_at (const SpqrHeatmapLayout *layout, double x, double y, size_t *row, size_t *col);
/* The same, but of all cells that share the pixel the one whose value it shows: that of largest
 * magnitude. */
bool spqr_heatmap_loudest_at (const SpqrHeatmap *plot, const SpqrHeatmapLayout *layout, double x, double y, size_t *row, size_t *col);
void spqr_heatmap_layout_position (const SpqrHeatmapLayout *layout, double x, double y, double *row, double *col);
/* Cell -> the rectangle it covers, clipped by nothing. */
void spqr_heatmap_layout_cell_rect (const SpqrHeatmapLayout *layout, size_t row, size_t col, SpqrRect *rect);

/* Colours and small marks of `view` into width x height pixels (RGB24, stride in pixels), of which
 * `scale` are as long as a unit of the picture: marks keep their size on dense screens. Any thread.
 * Stops between bands of rows when *cancelled becomes non-zero (NULL: never); false then. */
bool spqr_heatmap_render (const SpqrHeatmap *plot, const SpqrViewport *view, size_t width, size_t height,
                          size_t stride, double scale, uint32_t *pixels, const int *cancelled);

/* What is drawn upon cells large enough: their edges, values, and marks as outlines. rect is where
 * `view` goes. */
void spqr_heatmap_draw_cells (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrViewport *view, const SpqrRect *rect);

/* The rulers' lines upon the matrix, where they are not too dense. */
void spqr_heatmap_draw_lines (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrViewport *view, const SpqrRect *rect);

/* The matrix: render() at the surface's own resolution (300 dpi where it has none), cells and lines. */
void spqr_heatmap_draw_matrix (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrHeatmapLayout *layout);

/* What stands around it, by sides, so that a widget can keep the sides apart. */
typedef enum {
  SPQR_HEATMAP_TITLE = 1 << 0,
  SPQR_HEATMAP_TOP = 1 << 1,    /* columns: axis, profile, bands */
  SPQR_HEATMAP_LEFT = 1 << 2,   /* rows: axis, bands */
  SPQR_HEATMAP_RIGHT = 1 << 3,  /* rows: profile */
  SPQR_HEATMAP_BOTTOM = 1 << 4, /* colour bar */
  SPQR_HEATMAP_OUTLINE = 1 << 5,
  SPQR_HEATMAP_ALL = (1 << 6) - 1,
} SpqrHeatmapParts;
void spqr_heatmap_draw_frame (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrHeatmapLayout *layout, SpqrHeatmapParts parts);

/* Where the bar shows a value, and the value that it shows there; beyond the bar's ends too. */
double spqr_heatmap_bar_x (const SpqrHeatmap *plot, const SpqrHeatmapLayout *layout, double value);
double spqr_heatmap_bar_value (const SpqrHeatmap *plot, const SpqrHeatmapLayout *layout, double x);

/* The whole matrix, small, in a corner of what is seen of it, and there the part that is seen. False:
 * nothing to find one's way in, or no room. */
bool spqr_heatmap_minimap (const SpqrHeatmapLayout *layout, SpqrRect *map, SpqrRect *seen);
/* Its frame and the part that is seen, upon the map's picture. */
void spqr_heatmap_draw_minimap (SpqrInk *ink, const SpqrRect *map, const SpqrRect *seen);
/* Rows and columns pointed out, from elsewhere: an outline. */
void spqr_heatmap_draw_outline (SpqrInk *ink, const SpqrHeatmapLayout *layout, const SpqrViewport *cells);

/* A cell pointed at: outline, guides along the edges, and its readout. */
void spqr_heatmap_draw_pointer (const SpqrHeatmap *plot, SpqrInk *ink, const SpqrHeatmapLayout *layout,
                                size_t row, size_t col, bool selected);

/* "row 211 · column 1040 · 3.1×10⁻⁴" */
char *spqr_heatmap_readout (const SpqrHeatmap *plot, size_t row, size_t col);

/* Background, matrix and frame. */
void spqr_heatmap_draw (const SpqrHeatmap *plot, cairo_t *cr, const SpqrTheme *theme, double width, double height);

/* A horizontal colour bar with its ticks below. shown: what it goes over, or NULL: what the colours do. */
void spqr_colorbar_draw (SpqrInk *ink, const SpqrRect *bar, SpqrColormap map, bool reversed, const SpqrScale *scale,
                         const SpqrScale *shown, SpqrAxisFormat format);
/* Colour of one value as the picture shows it; NaN: the theme's missing colour. */
SpqrColor spqr_colorbar_color (SpqrColormap map, bool reversed, const SpqrScale *scale, const SpqrTheme *theme, double value);
