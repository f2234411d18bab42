/* spqr-bars-view.h: a figure for each row, column or head, to be pointed at. */
#pragma once

#include "chart/spqr-index-chart.h"
#include "plot/spqr-plot-bars.h"

G_BEGIN_DECLS

#define SPQR_TYPE_BARS_VIEW (spqr_bars_view_get_type ())
G_DECLARE_FINAL_TYPE (SpqrBarsView, spqr_bars_view, SPQR, BARS_VIEW, SpqrIndexChart)

/* Signals:
 *   "index-hovered" (gint64 index): by the pointer or the keyboard; -1: none any more
 *   "index-chosen" (gint64 index): a click, or Return
 * Keys: Left and Right walk (Shift: far), Home and End, Return chooses. */
GtkWidget *spqr_bars_view_new (void);

/* Copied; values NULL: none. mean NAN: no line. */
void spqr_bars_view_set_values (SpqrBarsView *self, const double *values, size_t n, double mean, SpqrAxisFormat format);
void spqr_bars_view_set_titles (SpqrBarsView *self, const char *item, const char *x_label, const char *y_label, const char *message);
/* The places that are seen; from == to: all. */
void spqr_bars_view_set_range (SpqrBarsView *self, double from, double to);
/* Points out a place; -1: none. */
void spqr_bars_view_mark (SpqrBarsView *self, gint64 index);

G_END_DECLS
