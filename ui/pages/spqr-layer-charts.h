/* spqr-layer-charts.h: what lies below a layer's heat map: how its values are distributed, with the
 * outlier threshold to drag; how much of the error how few weights carry; outliers by row, column and
 * head. What is pointed at in one is pointed out in the heat map, and the other way round. */
#pragma once

#include <gtk/gtk.h>

#include "pages/spqr-layer-labels.h"
#include "pages/spqr-layer-preview.h"
#include "session/spqr-session.h"

G_BEGIN_DECLS

#define SPQR_TYPE_LAYER_CHARTS (spqr_layer_charts_get_type ())
G_DECLARE_FINAL_TYPE (SpqrLayerCharts, spqr_layer_charts, SPQR, LAYER_CHARTS, GtkWidget)

/* Signals:
 *   "values-pointed" (gdouble lo, gdouble hi, gboolean of_magnitude): NAN: none any more
 *   "cells-pointed" (gconstpointer cells): an SpqrViewport that lives as long as the emission; NULL: none
 *   "place-chosen" (gconstpointer place): an SpqrLayerPlace, as of SpqrLayerLabels
 *   "saved" (path), "save-failed" (message): see SpqrChart */
void spqr_layer_charts_set_session (SpqrLayerCharts *self, SpqrSession *session, SpqrLayerPreview *preview);

/* Another layer: nothing is held any more. */
void spqr_layer_charts_let_go (SpqrLayerCharts *self);
/* The weight that the heat map points at; -1: none. */
void spqr_layer_charts_point (SpqrLayerCharts *self, gint64 row, gint64 col);
/* The part that the heat map shows. */
void spqr_layer_charts_set_view (SpqrLayerCharts *self, const SpqrViewport *view);
/* Stands in every saved picture. */
void spqr_layer_charts_set_provenance (SpqrLayerCharts *self, const char *provenance);

G_END_DECLS
