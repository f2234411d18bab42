/* spqr-lines-view.h: figures over layers, several runs on shared axes. */
#pragma once

#include "chart/spqr-chart.h"
#include "plot/spqr-plot-lines.h"

G_BEGIN_DECLS

#define SPQR_TYPE_LINES_VIEW (spqr_lines_view_get_type ())
G_DECLARE_FINAL_TYPE (SpqrLinesView, spqr_lines_view, SPQR, LINES_VIEW, SpqrChart)

/* Signal "point-activated" (guint index, guint series): a click or Return.
 * Keys: Left/Right the position, Up/Down the series, Home/End. */
GtkWidget *spqr_lines_view_new (void);

/* Copied, values and names too. names: of the positions (as many as the longest series), or NULL. */
void spqr_lines_view_set_series (SpqrLinesView *self, const SpqrLineSeries *series, size_t n, const char *const *names);
/* What stands under the axis at each of these positions (see SpqrLines); after set_series(), which takes it away. Copied. */
void spqr_lines_view_set_ticks (SpqrLinesView *self, const char *const *groups, const char *const *ticks);
void spqr_lines_view_set_y_axis (SpqrLinesView *self, SpqrScaleKind kind, SpqrAxisFormat format, gboolean from_zero);
void spqr_lines_view_set_titles (SpqrLinesView *self, const char *title, const char *subtitle,
                                 const char *x_label, const char *y_label, const char *message);

G_END_DECLS
