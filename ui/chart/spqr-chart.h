/* spqr-chart.h: what every chart widget shares: a painter behind it, the theme of the desktop, a
 * picture kept between frames, a menu to save it, a sentence for screen readers. */
#pragma once

#include <gtk/gtk.h>

#include "plot/spqr-theme.h"

G_BEGIN_DECLS

#define SPQR_TYPE_CHART (spqr_chart_get_type ())
G_DECLARE_DERIVABLE_TYPE (SpqrChart, spqr_chart, SPQR, CHART, GtkWidget)

struct _SpqrChartClass {
  GtkWidgetClass parent_class;

  /* The whole picture without what the pointer adds, background included. */
  void (*draw) (SpqrChart *self, cairo_t *cr, double width, double height, const SpqrTheme *theme);
  /* What the pointer and the keyboard add, drawn every frame above it (optional). */
  void (*draw_overlay) (SpqrChart *self, cairo_t *cr, double width, double height, const SpqrTheme *theme);
  /* Instead of a kept draw(): nodes of the widget's own (optional). */
  void (*snapshot_picture) (SpqrChart *self, GtkSnapshot *snapshot, int width, int height, const SpqrTheme *theme);
  /* What a screen reader says as the chart's value; new string or NULL (optional). */
  char *(*describe) (SpqrChart *self);
  /* The desktop's theme, font or contrast changed (optional). */
  void (*theme_changed) (SpqrChart *self);
};

/* Name for screen readers, and the name a saved picture is offered under. */
void spqr_chart_set_name (SpqrChart *self, const char *name);

/* Stands in every saved picture: run, parameters, hashes. */
void spqr_chart_set_provenance (SpqrChart *self, const char *provenance);

const char *spqr_chart_get_name (SpqrChart *self);
const char *spqr_chart_get_provenance (SpqrChart *self);

/* How a picture is saved. */
typedef struct {
  int width, height;       /* of the picture itself, in units of 1/96 inch */
  double scale;            /* PNG: pixels a unit */
  gboolean dark;
  const char *caption;     /* below it; NULL or empty: none */
  gboolean origin;         /* with the provenance */
} SpqrPictureChoices;

/* Paints the chart as it is now into path (.png, .svg or .pdf), and emits "saved" (path) or "save-failed" (message). */
gboolean spqr_chart_save (SpqrChart *self, const char *path, const SpqrPictureChoices *choices, GError **error);

/* Opens the dialog of the menu's “Save Picture…”. Action "chart.save"; "chart.copy" puts the picture on the
 * clipboard. */
void spqr_chart_save_dialog (SpqrChart *self);

/* For the subclasses. */
const SpqrTheme *spqr_chart_get_theme (SpqrChart *self);
void spqr_chart_changed (SpqrChart *self);       /* the picture is another: draw it and describe it anew */
/* For a chart's own texts: *place becomes a copy of text (NULL is none). FALSE: it said that already. */
gboolean spqr_chart_set_text (const char **place, const char *text);
void spqr_chart_overlay_changed (SpqrChart *self); /* the overlay alone */
void spqr_chart_update_description (SpqrChart *self);

G_END_DECLS
