/* spqr-figures-private.h: figures of a layer in the making. */
#pragma once

#include "num/spqr-columns-private.h"

/* tr(X H X') with X = w - w_hat (m, n), or w where w_hat is NULL. NAN: cancelled, or no memory. */
double spqr_trace_form (const float *w, const float *w_hat, const float *h, size_t m, size_t n,
                        const SpqrExec *exec);

/* proxy_loss of a finished run over all m rows; NAN as above, or when tr(W H W') is 0. */
double spqr_columns_proxy_loss (const SpqrColumns *columns, const float *h);

/* What damping adds to each live entry of diag H. */
double spqr_factor_lambda (const float *h, size_t n, double percdamp);
