/* spqr-layer-answer.h: what a setting does to a layer: its figures, and the quantized layer itself
 * for pointing at single weights. Made in a worker, immutable and counted. */
#pragma once

#include "quant/spqr-lab.h"

G_BEGIN_DECLS

typedef enum {
  SPQR_LAYER_BITS_WEIGHTS, SPQR_LAYER_BITS_SCALES, SPQR_LAYER_BITS_ZEROS, SPQR_LAYER_BITS_SECOND_ORDER,
  SPQR_LAYER_BITS_OUTLIERS, SPQR_LAYER_BITS_OFFSETS, SPQR_LAYER_BITS_OTHER, SPQR_N_LAYER_BITS
} SpqrLayerBitsPart;

typedef struct {
  gsize rows, cols;          /* of the layer */
  gsize row0, count;         /* the rows that these figures are of */
  gboolean whole, calibrated;
  double error;              /* |(W - W^) X| / |W X|, as everywhere; uncalibrated |W - W^| / |W| */
  double outlier_share, n_outliers;
  double formula[SPQR_N_LAYER_BITS], stored[SPQR_N_LAYER_BITS];   /* bits a weight */
  double formula_bits, stored_bits;                               /* their sums */
  double seconds;
} SpqrLayerFigures;

typedef struct {
  SpqrParams params;         /* as asked for */
  SpqrLayerFigures figures;
  SpqrLayer layer;           /* all rows; layer.params: as they took effect */
  gint32 *place;             /* (cols) place[original column] = its column in the layer */
  gboolean in_order;         /* the layer's columns are in their original order */
  float *loo_gain;           /* (rows, cols) permuted; NULL unless asked for */
} SpqrLayerAnswer;

/* Rows row0 … row0+count-1, widened to whole statistics runs, exactly. Blocking, any thread. */
gboolean spqr_layer_figures_of_rows (SpqrLab *lab, const SpqrParams *params, gsize row0, gsize count,
                                     SpqrLayerFigures *figures, GCancellable *cancellable, GError **error);
/* The whole layer. Blocking, any thread. */
SpqrLayerAnswer *spqr_layer_answer_new (SpqrLab *lab, const SpqrParams *params, gboolean with_loo_gain,
                                        GCancellable *cancellable, GError **error);
SpqrLayerAnswer *spqr_layer_answer_ref (SpqrLayerAnswer *self);
void             spqr_layer_answer_unref (SpqrLayerAnswer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrLayerAnswer, spqr_layer_answer_unref)

/* One weight, as the layer stores it. */
typedef struct {
  gsize group;               /* in the layer's column order */
  guint code;
  double scale, zero, decoded;
  gboolean outlier;
} SpqrLayerCell;

SpqrLayerCell spqr_layer_answer_get_cell (const SpqrLayerAnswer *self, gsize row, gsize col);

G_END_DECLS
