/* spqr-share-view.h: share of a sum against the share of the weights that carry it, to be pointed at. */
#pragma once

#include "chart/spqr-index-chart.h"
#include "plot/spqr-plot-share.h"

G_BEGIN_DECLS

#define SPQR_TYPE_SHARE_VIEW (spqr_share_view_get_type ())
G_DECLARE_FINAL_TYPE (SpqrShareView, spqr_share_view, SPQR, SHARE_VIEW, SpqrIndexChart)

/* Signal "value-hovered" (gdouble value): the weights up to the place pointed at have at least this
 * value; NAN: none. Keys: Left and Right walk along the curve (Shift: far), Home and End. */
GtkWidget *spqr_share_view_new (void);

/* Copied. points NULL: none. */
void spqr_share_view_set_points (SpqrShareView *self, const SpqrSharePoint *points, size_t n);
/* As many weights as are kept now, and what they carry where they are not the largest (NAN: they are).
 * weights NAN: none. */
void spqr_share_view_set_current (SpqrShareView *self, double weights, const char *name, double chosen_sum, const char *chosen_name);
/* A line above the plot, and one below it; or NULL. */
void spqr_share_view_set_note (SpqrShareView *self, const char *note, const char *reason);
/* What the largest so many carry. */
double spqr_share_view_get_share (SpqrShareView *self, double weights);
/* A point of the literature. */
void spqr_share_view_set_reference (SpqrShareView *self, double weights, double sum, const char *name);
void spqr_share_view_set_titles (SpqrShareView *self, const char *x_label, const char *y_label, const char *value_name, const char *message);
/* Points out a value; NAN: none. */
void spqr_share_view_mark (SpqrShareView *self, double value);

G_END_DECLS
