/* spqr-layer-history.h: the settings that were tried, to walk back and forth between. */
#pragma once

#include "quant/spqr-param-table.h"

G_BEGIN_DECLS

typedef struct {
  GArray *settings;          /* of SpqrRunParams, oldest first */
  guint at;                  /* the one in force */
  gint64 when;               /* its last change: what follows at once (a drag) is the same step */
} SpqrLayerHistory;

void     spqr_layer_history_init (SpqrLayerHistory *self, const SpqrRunParams *params);
void     spqr_layer_history_clear (SpqrLayerHistory *self);
/* A new setting at a time (µs); what was undone is forgotten. The present one again: nothing. */
void     spqr_layer_history_add (SpqrLayerHistory *self, const SpqrRunParams *params, gint64 now);
gboolean spqr_layer_history_can_undo (const SpqrLayerHistory *self);
gboolean spqr_layer_history_can_redo (const SpqrLayerHistory *self);
/* Borrowed until the next call; the present one where there is no other. */
const SpqrRunParams *spqr_layer_history_undo (SpqrLayerHistory *self);
const SpqrRunParams *spqr_layer_history_redo (SpqrLayerHistory *self);
/* The other one of the last two. */
const SpqrRunParams *spqr_layer_history_swap (SpqrLayerHistory *self);

G_END_DECLS
