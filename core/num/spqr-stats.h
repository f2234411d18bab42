/* spqr-stats.h: figures of a matrix that need no calibration, in one streaming pass, and its
 * histogram. Sums are compensated or kept in f64; NaN and Inf are counted and left out. */
#pragma once

#include <stdint.h>

#include "num/spqr-exec.h"
#include "num/spqr-status.h"

typedef struct {
  double min, max, mean, std, kurtosis /* Pearson, normal = 3 */, absmax, zeros_share;
  double outlier_share;     /* share of |w| > 3 std of its row: a data-free stand-in for SpQR's outliers */
  double rtn_error;         /* |W - RTN(W)|^2 / |W|^2, 3 bit, groups of 16 along the inputs */
  size_t count, nans, infs;
} SpqrStats;

/* Source element types a pass can stream from without a copy. */
typedef enum { SPQR_ELEM_F32, SPQR_ELEM_F16, SPQR_ELEM_BF16 } SpqrElem;

/* data (rows, cols), const; a vector is one row. */
SpqrStatus spqr_stats_compute (const void *data, SpqrElem elem, size_t rows, size_t cols,
                               const SpqrExec *exec, SpqrStats *stats);

/* counts (bins) over [lo, hi] of transform(v); log: of log10(|v|), zeros left out. Values outside
 * fall into the end bins. */
void spqr_histogram (const float *values, size_t n, double lo, double hi, bool log10_abs,
                     uint64_t *counts, size_t bins);
