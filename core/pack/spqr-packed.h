/* spqr-packed.h: products with a quantized layer that stays packed: its weights are decoded row by row, as they are used.
 *
 *   y = x W' + bias      W: the weights of spqr_layer_decode(), to the bit
 *
 * Held are codes of 4 or 8 bits, the scale and zero of each group in f16, the outliers and the permutation. A product with
 * a few rows of x reads them instead of 32 bits a weight. */
#pragma once

#include "num/spqr-layer.h"

typedef struct _SpqrPacked SpqrPacked;

/* NULL: no memory, or a layer that is not held so: compat_reference (its statistics are no f16 numbers), groups that
 * are neither whole multiples of 16 columns nor the whole row. */
SpqrPacked *spqr_packed_new (const SpqrLayer *layer);
void        spqr_packed_free (SpqrPacked *packed);
size_t      spqr_packed_get_bytes (const SpqrPacked *packed);

/* x (tokens, n) with row stride ldx, bias (m) or NULL, y (tokens, m) with row stride ldy; y overlaps nothing else. The
 * same bits for any number of threads and any processor. SPQR_OK, SPQR_CANCELLED, SPQR_NO_MEMORY. */
SpqrStatus  spqr_packed_product (const SpqrPacked *packed, const float *x, size_t ldx, size_t tokens, const float *bias,
                                 float *y, size_t ldy, const SpqrExec *exec);
