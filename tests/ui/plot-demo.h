/* plot-demo.h: data of the kinds the painters meet, from a fixed generator: the same everywhere. */
#pragma once

#include "plot/spqr-plot-heatmap.h"

typedef struct { uint64_t state; } DemoRandom;
double demo_uniform (DemoRandom *random); /* [0, 1) */
double demo_normal (DemoRandom *random);

/* Sensitivities of an attention projection: log-normal, with a sensitive head, a rotary pattern, one
 * row, two columns and scattered outliers. */
SpqrFieldData *demo_sensitivity (size_t rows, size_t cols, size_t head_dim);
/* Signed weights, one column larger than the rest. */
SpqrFieldData *demo_weights (size_t rows, size_t cols);
/* All the same value, one cell apart. */
SpqrFieldData *demo_single (size_t rows, size_t cols, float value, size_t row, size_t col, float outlier);
