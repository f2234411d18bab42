/* spqr-layer-labels.h: the patterns that a field shows, listed: rows, columns, heads, … that stand out. */
#pragma once

#include <gtk/gtk.h>

#include "model/spqr-config.h"
#include "num/spqr-patterns.h"
#include "plot/spqr-field-data.h"
#include "plot/spqr-plot-heatmap.h"
#include "quant/spqr-lab.h"

G_BEGIN_DECLS

#define SPQR_TYPE_LAYER_LABELS (spqr_layer_labels_get_type ())
G_DECLARE_FINAL_TYPE (SpqrLayerLabels, spqr_layer_labels, SPQR, LAYER_LABELS, GtkWidget)

/* Where to look for a label: the part of the matrix, and the loudest cell of its place. */
typedef struct { SpqrViewport view; gint64 row, col; } SpqrLayerPlace;

/* Signals:
 *   "place-chosen" (gconstpointer place): a label was activated; an SpqrLayerPlace that lives as long as
 *     the emission. Again: the label's next place.
 *   "labels-changed" (): they are those of the last field that was set. */
GtkWidget *spqr_layer_labels_new (void);

/* Looks for patterns in a worker and lists them when they are there; the newest field wins. The same
 * data again costs nothing, unless the lab has been calibrated meanwhile: then inputs that are always 0
 * can be told. Fields that are not quantities of single weights (codes, scales, zeros,
 * outliers) and vectors have no labels. data and lab NULL: nothing to look at. */
void spqr_layer_labels_set_field (SpqrLayerLabels *self, SpqrFieldData *data, SpqrField field, SpqrLab *lab,
                                  const SpqrConfig *config);
/* Borrowed; NULL while the labels of the last field are not known. */
const SpqrPatterns *spqr_layer_labels_get_patterns (SpqrLayerLabels *self);

/* "3 row outliers"; new. */
char *spqr_layer_label_name (const SpqrPattern *pattern);

G_END_DECLS
