/* spqr-stats.h: figures of a matrix that need no calibration, in one streaming pass. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "num/spqr-exec.h"
#include "num/spqr-histogram.h"
#include "num/spqr-status.h"

/* NaN and Inf are counted and left out of everything else. Shares are of the finite values. Without
 * any finite value all figures are 0; a constant matrix has kurtosis 0. */
typedef struct {
  double min, max, mean, std /* population */, kurtosis /* Pearson, normal = 3 */, absmax, zeros_share;
  double outlier_share;     /* share of |w| > 3 std of its row: a data-free stand-in for SpQR's outliers */
  double rtn_error;         /* |W - RTN(W)|^2 / |W|^2, 3 bit, groups of 16 along the inputs */
  size_t count /* all values, NaN and Inf too */, nans, infs;
} SpqrStats;

/* Source element types a pass can stream from without a copy. */
typedef enum { SPQR_ELEM_F32, SPQR_ELEM_F16, SPQR_ELEM_BF16 } SpqrElem;

/* data (rows, cols), const, aligned to its element; a vector is one row. The numbers are the same
 * for any number of threads and any processor. SPQR_OK, SPQR_CANCELLED, SPQR_NO_MEMORY, SPQR_INVALID. */
SpqrStatus spqr_stats_compute (const void *data, SpqrElem elem, size_t rows, size_t cols,
                               const SpqrExec *exec, SpqrStats *stats);
