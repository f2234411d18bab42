/* spqr-permutation.h: the order in which columns are quantized (spqr-spec: permutation). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "num/spqr-exec.h"
#include "num/spqr-params.h"
#include "num/spqr-status.h"

/* perm (n): perm[j] = original column that comes j-th. h (n, n) undamped, for ACT_ORDER: diag H
 * descending, ties by index. w (m, n), for SPEARMAN: neighbours are alike in rank correlation over
 * the rows, starting from column 0. */
SpqrStatus spqr_permutation_compute (SpqrOrder order, const float *h, const float *w, size_t m,
                                     size_t n, const SpqrExec *exec, int32_t *perm);

/* Is it a permutation of 0 … n-1? false also when memory runs out. */
bool spqr_permutation_valid (const int32_t *perm, size_t n);
