/* spqr-pyramid.h: a field at every power-of-two zoom.
 *
 * Pooling keeps the value of largest magnitude, sign included (of two equal ones the positive): a
 * single outlier stays visible at any zoom. NaN counts as larger than everything. */
#pragma once

#include <stddef.h>

#include "num/spqr-exec.h"
#include "num/spqr-status.h"

/* Level k holds ceil(rows / 2^k) x ceil(cols / 2^k) values. Level 0 is the field itself, borrowed;
 * the last level is one value. */
typedef struct { const float *data; float *owned; size_t rows, cols; } SpqrPyramidLevel;
/* min, max: of the finite values; 0 without any. */
typedef struct { SpqrPyramidLevel *levels; size_t n_levels; float min, max; } SpqrPyramid;

/* An empty field gives a pyramid of no levels. On any status but OK the pyramid is empty. */
SpqrStatus spqr_pyramid_build (const float *field, size_t rows, size_t cols, const SpqrExec *exec,
                               SpqrPyramid *pyramid);
void spqr_pyramid_clear (SpqrPyramid *pyramid);

/* Pools the rectangle [row0, row1) x [col0, col1) of the field (fractions allowed) into out
 * (out_rows, out_cols), from the coarsest level that is still at least as fine as the output; where
 * a cell is larger than a pixel it is repeated. Along an axis with a pixel smaller than a cell the
 * pixel shows the cell at its centre; else the largest of all cells that it touches (of that level,
 * so a little more than its own area). Pixels outside the field are NaN. */
void spqr_pyramid_sample (const SpqrPyramid *pyramid, double row0, double row1, double col0,
                          double col1, size_t out_rows, size_t out_cols, float *out);
