/* spqr-histogram-view.h: a distribution, with a threshold to drag. */
#pragma once

#include "chart/spqr-index-chart.h"
#include "plot/spqr-plot-histogram.h"

G_BEGIN_DECLS

#define SPQR_TYPE_HISTOGRAM_VIEW (spqr_histogram_view_get_type ())
G_DECLARE_FINAL_TYPE (SpqrHistogramView, spqr_histogram_view, SPQR, HISTOGRAM_VIEW, SpqrIndexChart)

/* Properties: "threshold" (gdouble), "has-threshold", "log-counts" (gboolean).
 * Signals: "threshold-changed" (gdouble value, gboolean finished): while a person drags or presses
 * keys; finished when the button is let go and at every key. Not on set_threshold().
 * "bin-hovered" (gdouble from, gdouble to): the values of the bar pointed at; NAN, NAN: none.
 * Keys: Left and Right move the threshold (Shift: far), Home and End to the ends. */
GtkWidget *spqr_histogram_view_new (void);

/* Copied. counts NULL or bins 0: empty. compare: (bins) or NULL. x: see SpqrHistogram. */
void spqr_histogram_view_set_counts (SpqrHistogramView *self, const uint64_t *counts, const uint64_t *compare,
                                     size_t bins, const SpqrScale *x);
/* Bins stand for numbers such as codes, not for ranges of values. */
void spqr_histogram_view_set_whole_numbers (SpqrHistogramView *self, gboolean whole_numbers);
void spqr_histogram_view_set_log_counts (SpqrHistogramView *self, gboolean log_counts);
/* The colours of these series for bars and outline; -1, -1: neutral ones. */
void spqr_histogram_view_set_series (SpqrHistogramView *self, int bars, int outline);
/* name: "τ", or NULL. */
void spqr_histogram_view_set_threshold (SpqrHistogramView *self, double threshold, const char *name);
/* What the threshold does, in a line of its own; or NULL. */
void spqr_histogram_view_set_threshold_note (SpqrHistogramView *self, const char *note);
/* Points out a value; NAN: none. */
void spqr_histogram_view_mark (SpqrHistogramView *self, double value);
void spqr_histogram_view_clear_threshold (SpqrHistogramView *self);
double spqr_histogram_view_get_threshold (SpqrHistogramView *self);
void spqr_histogram_view_set_titles (SpqrHistogramView *self, const char *title, const char *subtitle,
                                     const char *x_label, const char *y_label);

G_END_DECLS
