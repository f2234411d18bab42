/* spqr-scatter-view.h: runs as points, to select and compare. */
#pragma once

#include "chart/spqr-chart.h"
#include "plot/spqr-plot-scatter.h"

G_BEGIN_DECLS

#define SPQR_TYPE_SCATTER_VIEW (spqr_scatter_view_get_type ())
G_DECLARE_FINAL_TYPE (SpqrScatterView, spqr_scatter_view, SPQR, SCATTER_VIEW, SpqrChart)

/* Signals: "point-selected" (guint point, gboolean extend): a click or the keyboard; extend with
 * Control or Shift held. The view does not change .selected itself: the list that owns the runs
 * does, and sets the points anew.
 *          "point-activated" (guint point): double click or Return.
 *          "point-hovered" (gint64 point): the pointer is there; -1: nowhere.
 * Keys: Left/Right walk along x, Return, Control+Space selects too. */
GtkWidget *spqr_scatter_view_new (void);

/* Copied, labels too. */
void spqr_scatter_view_set_points (SpqrScatterView *self, const SpqrScatterPoint *points, size_t n);
void spqr_scatter_view_set_front (SpqrScatterView *self, gboolean show_front);
void spqr_scatter_view_set_axes (SpqrScatterView *self, SpqrScaleKind x_kind, SpqrAxisFormat x_format,
                                 SpqrScaleKind y_kind, SpqrAxisFormat y_format);
/* Names of the series, NULL-terminated, copied; NULL: no legend. */
void spqr_scatter_view_set_legend (SpqrScatterView *self, const char *const *names);
/* Where the keyboard is, without a signal: a point, or -1. */
void spqr_scatter_view_set_focus_point (SpqrScatterView *self, gint64 point);
void spqr_scatter_view_set_titles (SpqrScatterView *self, const char *title, const char *subtitle,
                                   const char *x_label, const char *y_label, const char *message);

G_END_DECLS
