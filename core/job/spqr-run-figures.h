/* spqr-run-figures.h: what a stored layer says of itself, and what layers add up to. */
#pragma once

#include "num/spqr-layer.h"
#include "store/spqr-store.h"

/* Shape, outliers, bits and errors of row; names, seconds and backend are the caller's. */
void spqr_run_layer_fill (SpqrRunLayer *row, const SpqrLayer *layer);
/* n_layers_done and the figures of run, weighted by the layers' (SpqrRunLayer) sizes. */
void spqr_run_sum_up (SpqrRun *run, GPtrArray *layers);
