/* spqr-stats.h: figures of a matrix that need no calibration, in one streaming pass. */
#pragma once

#include <stdbool.h>
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

/* The same in several sittings, or of a matrix that is not in memory as a whole. */
typedef struct SpqrStatsPass SpqrStatsPass;

/* Writes rows row0 … row0 + count - 1 into out (count, cols); false: it could not. Called concurrently. */
typedef bool (*SpqrStatsFetch) (void *fetch_data, size_t row0, size_t count, float *out);

/* NULL without memory, or when rows and cols make no matrix. Of data, or of what fetch brings. */
SpqrStatsPass *spqr_stats_pass_new (const void *data, SpqrElem elem, size_t rows, size_t cols);
SpqrStatsPass *spqr_stats_pass_new_fetching (SpqrStatsFetch fetch, void *fetch_data, size_t rows, size_t cols);
void spqr_stats_pass_free (SpqrStatsPass *pass);
/* Goes on. SPQR_CANCELLED: exec said stop; what is done stays done, and another call does the rest.
 * After SPQR_OK stats are the figures. SPQR_INVALID: fetch could not. */
SpqrStatus spqr_stats_pass_run (SpqrStatsPass *pass, const SpqrExec *exec, SpqrStats *stats);
