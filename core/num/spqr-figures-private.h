/* spqr-figures-private.h: figures of a layer in the making. */
#pragma once

#include "num/spqr-columns-private.h"

/* spqr_layer_threshold() with a status; params in normal form. */
SpqrStatus spqr_threshold_compute (const float *w, size_t m, size_t n, const SpqrFactor *factor,
                                   const SpqrParams *normal, const SpqrExec *exec, double *threshold);

/* proxy_loss of a finished run over all m rows; NAN as above, or when tr(W H W') is 0. */
double spqr_columns_proxy_loss (const SpqrColumns *columns, const float *h);

/* What damping adds to each live entry of diag H. */
double spqr_factor_lambda (const float *h, size_t n, double percdamp);
