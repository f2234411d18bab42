/* spqr-triangular.h: Cholesky factor and triangular inverse of large f32 matrices, cut into tiles
 * at fixed boundaries: the same bits for any number of threads. */
#pragma once

#include "num/spqr-exec.h"
#include "num/spqr-status.h"

/* a (n, n) row-major symmetric, lower triangle read -> L (lower) with a = L L'. What is above the
 * diagonal is left undefined. SPQR_NOT_POSITIVE_DEFINITE when it is not (or holds NaN). */
SpqrStatus spqr_cholesky_lower (float *a, size_t n, const SpqrExec *exec);

/* L (n, n) row-major, lower triangle -> inv(L), in place. Above the diagonal: undefined. */
SpqrStatus spqr_invert_lower (float *l, size_t n, const SpqrExec *exec);
