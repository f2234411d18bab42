/* spqr-run-figures.h: what a stored layer says of itself, what layers add up to, and what a run's recipe is to its row. */
#pragma once

#include "num/spqr-layer.h"
#include "quant/spqr-recipe.h"
#include "store/spqr-store.h"

/* The recipe as a whole, and those of its parameters that the table of runs can be searched by. Of a new run. */
void spqr_run_set_recipe (SpqrRun *run, SpqrRecipe *recipe);

/* Shape, outliers, bits and errors of row; names, seconds and backend are the caller's. */
void spqr_run_layer_fill (SpqrRunLayer *row, const SpqrLayer *layer);
/* n_layers_done and the figures of run, weighted by the layers' (SpqrRunLayer) sizes. */
void spqr_run_sum_up (SpqrRun *run, GPtrArray *layers);
