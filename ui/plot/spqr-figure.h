/* spqr-figure.h: any picture as a file: PNG, SVG or PDF, with a caption and where it came from. */
#pragma once

#include <glib.h>

#include "plot/spqr-theme.h"

G_BEGIN_DECLS

typedef enum { SPQR_FIGURE_PNG, SPQR_FIGURE_SVG, SPQR_FIGURE_PDF } SpqrFigureFormat;

typedef enum {
  SPQR_FIGURE_ERROR_FORMAT,   /* the name says no format that we write */
  SPQR_FIGURE_ERROR_SIZE,     /* not 1…32767 pixels */
  SPQR_FIGURE_ERROR_WRITE,    /* the folder or the disk refused; the message says why */
  SPQR_FIGURE_ERROR_NO_MEMORY,
} SpqrFigureError;
#define SPQR_FIGURE_ERROR (spqr_figure_error_quark ())
GQuark spqr_figure_error_quark (void);

/* Draws a picture of width x height units at (0, 0), background included. */
typedef void (*SpqrFigureDraw) (cairo_t *cr, double width, double height, const SpqrTheme *theme, gpointer data);

typedef struct {
  SpqrFigureFormat format;
  double width, height;    /* of the picture itself, in pixels (1/96 inch on paper) */
  double scale;            /* PNG: pixels a unit; 2 for print. <= 0: 1 */
  SpqrTheme theme;
  const char *caption;     /* under the picture, wrapped; NULL: none */
  const char *provenance;  /* small under that, and in a PDF's metadata: run, parameters, hashes; or NULL */
} SpqrFigure;

/* PNG, scale 2, light, no text. */
void spqr_figure_init (SpqrFigure *figure, double width, double height);

bool spqr_figure_format_from_path (const char *path, SpqrFigureFormat *format, GError **error);

/* Writes beside and renames: path is either the old file or the whole new one. Any thread. */
bool spqr_figure_save (const SpqrFigure *figure, const char *path, SpqrFigureDraw draw, gpointer data, GError **error);

G_END_DECLS
