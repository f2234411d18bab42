/* spqr-layer-share.h: which share of a field's sum how few of the weights carry.
 *
 *   the k largest of n weights: x = k / n, y = Σ_top-k q / Σ q
 *
 * q is what adds up to an error: sensitivities and gains (those above 0) as they are, everything else
 * squared. Values are told apart to 2⁻⁹ of themselves. Made in a worker, immutable and counted. */
#pragma once

#include "num/spqr-field.h"
#include "plot/spqr-field-data.h"
#include "plot/spqr-marks.h"
#include "plot/spqr-plot-share.h"

G_BEGIN_DECLS

typedef struct {
  SpqrSharePoint *points;    /* (n) by falling value, at least 1/32 of a decade of weights apart */
  gsize n;
  double total;              /* Σ q */
  gboolean squared;
} SpqrLayerShare;

/* Whether the field's values add up to anything. */
gboolean        spqr_layer_share_has (SpqrField field);
/* NULL: the field adds up to nothing, it is 0 everywhere, or the work was stopped. Any thread. */
SpqrLayerShare *spqr_layer_share_new (const SpqrFieldData *data, SpqrField field, const SpqrExec *exec);
/* What the marked weights carry of the total. */
double          spqr_layer_share_of_marks (const SpqrLayerShare *self, const SpqrFieldData *data, const SpqrMarks *marks);
SpqrLayerShare *spqr_layer_share_ref (SpqrLayerShare *self);
void            spqr_layer_share_unref (SpqrLayerShare *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrLayerShare, spqr_layer_share_unref)

G_END_DECLS
