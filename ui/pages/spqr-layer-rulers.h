/* spqr-layer-rulers.h: how a layer's rows and columns are divided: heads, groups, statistics runs. */
#pragma once

#include "model/spqr-config.h"
#include "model/spqr-tensor.h"
#include "num/spqr-params.h"
#include "plot/spqr-plot-heatmap.h"

G_BEGIN_DECLS

enum { SPQR_LAYER_MAX_RULERS = 3 };

typedef struct { gsize n; SpqrRuler items[SPQR_LAYER_MAX_RULERS]; } SpqrLayerRulers;

/* Rows (or, of o_proj, columns) that make one head; 0: this tensor has none. *rotary: its rows turn in
 * pairs i, i + head/2. */
gsize spqr_layer_head_size (SpqrTensor *tensor, const SpqrConfig *config, SpqrRulerSide *side, gboolean *rotary);

/* Are scales or zeros quantized together, by tiles of qq_groupsize rows? */
gboolean spqr_layer_has_tiles (const SpqrParams *params);
/* groups: groups are runs of columns in the picture; FALSE where the layer's columns were reordered. */
void spqr_layer_rulers_init (SpqrLayerRulers *rulers, SpqrTensor *tensor, const SpqrConfig *config,
                             const SpqrParams *params, gboolean groups);

G_END_DECLS
