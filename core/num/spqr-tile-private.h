/* spqr-tile-private.h: one tile of rows on its way through the column loop. */
#pragma once

#include "num/spqr-columns-private.h"

typedef struct {
  SpqrColumns *columns;
  SpqrTileResult *result;
  const SpqrKernels *kernels;
  size_t base;                  /* row of W in lane 0: as many rows before the wanted ones as make the
                                 * layer's groups of 16 rows whole */
  size_t first, last;           /* lanes first … last-1 are wanted rows; the others hold 0 */
  size_t ld;
  void *memory;
  float *w;                     /* (n, ld) current weights; decoded once their column is done */
  float *error, *code, *outlier;        /* (128, ld) of the current block */
  float *room;                  /* the product's (SPQR_TRAILING_ROOM) */
  float *strip;                 /* (n, 16) sixteen rows of W in original order */
  uint16_t *outlier_bits;       /* (128, ld / 16) */
  float *gain;                  /* (groupsize, ld) */
  /* Of the current group, (ld) each. */
  float *lo, *hi, *scale, *zero, *code0, *value0, *constant_lane, *constant_value;
  uint8_t *constant;
  bool any_constant;
} SpqrTile;

SpqrStatus spqr_tile_init (SpqrTile *tile, SpqrColumns *columns, size_t index);
void spqr_tile_clear (SpqrTile *tile);

/* Fits the statistics of group `group` on the current weights and stores them in the layer. */
SpqrStatus spqr_tile_begin_group (SpqrTile *tile, size_t group);
/* Codes, errors and outliers of columns s … e-1 -> layer, trace and result. */
SpqrStatus spqr_tile_store_block (SpqrTile *tile, size_t s, size_t e);
/* Decoded weights -> the result's sums. */
void spqr_tile_finish (SpqrTile *tile);

/* Row of the layer that lane `lane` holds. */
static inline size_t
spqr_tile_row (const SpqrTile *tile, size_t lane)
{
  return tile->base + lane - tile->columns->row0;
}

SpqrStatus spqr_found_list_add (SpqrFoundList *list, SpqrFound found);
