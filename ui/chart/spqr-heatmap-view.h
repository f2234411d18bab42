/* spqr-heatmap-view.h: a matrix to look at: zoom to single weights, pan, point, walk by keyboard.
 *
 * Pixels are made in a worker; until they are there the last ones, or the overview, are shown, so
 * that no frame waits. What is shown comes as a SpqrFieldData, made by the caller in a thread. */
#pragma once

#include "chart/spqr-chart.h"
#include "plot/spqr-plot-heatmap.h"

G_BEGIN_DECLS

#define SPQR_TYPE_HEATMAP_VIEW (spqr_heatmap_view_get_type ())
G_DECLARE_FINAL_TYPE (SpqrHeatmapView, spqr_heatmap_view, SPQR, HEATMAP_VIEW, SpqrChart)

/* Properties: "field" (SpqrFieldData), "marks" (SpqrMarks), "colormap" and "scale" (guint: the enums,
 * so that a combo row's "selected" can be bound), "reversed", "auto-range" (gboolean),
 * "lo", "hi" (gdouble; setting one ends auto-range), "title", "subtitle", "value-label",
 * "row-label", "col-label", "message" (strings).
 *
 * Signals:
 *   "cell-hovered" (gint64 row, gint64 col, gdouble value): -1, -1, NAN when the pointer leaves
 *   "cell-selected" (gint64 row, gint64 col, gdouble value): a click or the keyboard
 *   "cell-activated" (gint64 row, gint64 col, gdouble value): Return
 *   "range-changed" (gdouble lo, gdouble hi), "range-reset" (): a person moves the colours' ends, or wants
 *     those of before; see spqr_heatmap_view_add_handles()
 *   "view-changed" (): another part of the matrix is seen
 *   "saved", "save-failed": see SpqrChart
 *
 * Pointer: wheel zooms around it (touchpads pan, with Control they zoom), pinch, drag pans and glides,
 * a click selects, a double click goes back to the whole (or near, when the whole is seen).
 * Keys: arrows, Page Up/Down, Home/End (with Control: corners) move the cell, Shift steps by one, N
 * and Shift+N walk over the marks, + - zoom, 0 shows the whole, M shows or hides the map of the whole,
 * Return activates.
 *
 * As soon as a part is seen, a map of the whole stands in a corner; a click or a drag there moves the
 * part. */
GtkWidget *spqr_heatmap_view_new (void);

/* field may be NULL. Another size of matrix shows the whole; the same size keeps the view. With
 * auto-range the colours follow the field. */
void spqr_heatmap_view_set_field (SpqrHeatmapView *self, SpqrFieldData *field);
SpqrFieldData *spqr_heatmap_view_get_field (SpqrHeatmapView *self); /* borrowed */
void spqr_heatmap_view_set_marks (SpqrHeatmapView *self, SpqrMarks *marks);

void spqr_heatmap_view_set_colormap (SpqrHeatmapView *self, SpqrColormap map, gboolean reversed);
void spqr_heatmap_view_set_scale (SpqrHeatmapView *self, SpqrScaleKind kind);
/* A range of its own for the colours, such as one shared by views side by side. */
void spqr_heatmap_view_set_range (SpqrHeatmapView *self, double lo, double hi);
void spqr_heatmap_view_set_auto_range (SpqrHeatmapView *self, gboolean auto_range);
const SpqrScale *spqr_heatmap_view_get_scale (SpqrHeatmapView *self);

/* Copied, names interned. n may be 0. */
void spqr_heatmap_view_set_rulers (SpqrHeatmapView *self, const SpqrRuler *rulers, size_t n);
void spqr_heatmap_view_set_format (SpqrHeatmapView *self, SpqrAxisFormat format);
void spqr_heatmap_view_set_titles (SpqrHeatmapView *self, const char *title, const char *subtitle);
void spqr_heatmap_view_set_labels (SpqrHeatmapView *self, const char *value, const char *rows, const char *cols);
/* Shown instead of the matrix ("Calibrate to see sensitivity"); NULL: the matrix. */
void spqr_heatmap_view_set_message (SpqrHeatmapView *self, const char *message);
/* From now on the colours' ends are handles on the bar. Nothing moves by itself: who listens to
 * "range-changed" sets the range. */
void spqr_heatmap_view_add_handles (SpqrHeatmapView *self);
/* Only values of lo … hi (of their magnitudes) keep their colour; NAN: all do. */
void spqr_heatmap_view_emphasize (SpqrHeatmapView *self, double lo, double hi, gboolean of_magnitude);
/* Outlines cells that are pointed at elsewhere; NULL: none. */
void spqr_heatmap_view_point (SpqrHeatmapView *self, const SpqrViewport *cells);

void spqr_heatmap_view_fit (SpqrHeatmapView *self);
/* By a factor, around a point of the widget (negative: the middle). */
void spqr_heatmap_view_zoom (SpqrHeatmapView *self, double factor, double x, double y);
SpqrViewport spqr_heatmap_view_get_view (SpqrHeatmapView *self);
void spqr_heatmap_view_set_view (SpqrHeatmapView *self, const SpqrViewport *view);
/* Selects a cell and brings it into view; nothing is emitted. row < 0: none. */
void spqr_heatmap_view_select (SpqrHeatmapView *self, gint64 row, gint64 col);
gboolean spqr_heatmap_view_get_selected (SpqrHeatmapView *self, gint64 *row, gint64 *col);

/* From now on both show the same part and the same pointed cell, for as long as both live. */
void spqr_heatmap_view_link (SpqrHeatmapView *self, SpqrHeatmapView *other);

/* Whether the pixels of the present view are all there (nothing is being made). For tests. */
gboolean spqr_heatmap_view_is_settled (SpqrHeatmapView *self);

G_END_DECLS
