/* spqr-gemm.h: the matrix product of a linear layer over the pool's threads. */
#pragma once

#include "num/spqr-exec.h"
#include "num/spqr-stats.h"

/* y = x W' (+ bias): x (tokens, n) with row stride ldx, W (m, n) contiguous with elements of any of
 * the three types, bias (m) or NULL, y (tokens, m) with row stride ldy; y overlaps nothing else.
 * Sums in f32 by single-threaded BLAS on tiles that depend on the shapes alone, so the numbers are
 * the same for any number of threads. n = 0 gives the bias alone. SPQR_OK, SPQR_CANCELLED,
 * SPQR_NO_MEMORY or SPQR_INVALID (a stride shorter than its row, a dimension beyond BLAS's int). */
SpqrStatus spqr_gemm_nt (const float *x, size_t ldx, size_t tokens, const void *w, SpqrElem elem,
                         size_t m, size_t n, const float *bias, float *y, size_t ldy,
                         const SpqrExec *exec);
