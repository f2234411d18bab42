/* spqr-columns-private.h: the column loop over tiles of rows.
 *
 * Rows only meet in the statistics of their run, so a tile of whole runs goes through all columns
 * on its own. No kernel of the loop lets the numbers of one row depend on which others are computed
 * beside it: a row comes out the same whether the whole layer is wanted or a part, in any number of
 * threads. */
#pragma once

#include <stdatomic.h>

#include "num/spqr-kernels-private.h"
#include "num/spqr-layer.h"
#include "num/spqr-quantizer.h"

/* One outlier or constant group of one row, as found. `row` counts from row0. */
typedef struct { uint32_t row, at; float value; } SpqrFound;
typedef struct { SpqrFound *items; size_t count, size; } SpqrFoundList;

/* What a tile leaves behind. */
typedef struct {
  SpqrFoundList outliers, constants;    /* at: column; group */
  /* Sums over its rows: of (w - w^)^2 over all columns, and over the dead ones; of w^^2 over the
   * dead ones; of the loop's err^2. */
  double squared_error, dead_squared_error, dead_energy, compensated_error;
} SpqrTileResult;

/* Right of the diagonal within the block, and right of the block. */
enum { SPQR_REACH_INSIDE = 1, SPQR_REACH_BEYOND = 2 };

typedef struct {
  const float *w;               /* (m, n) original order */
  size_t m, n, row0, count;     /* rows row0 … row0+count-1 are wanted */
  const SpqrFactor *factor;     /* NULL: RTN */
  const int32_t *perm;          /* (n) or NULL: identity */
  SpqrParams params;            /* normal form */
  SpqrGroupQuantizer quantizer;
  size_t groupsize;             /* 1 … n */
  float threshold;              /* T; INFINITY: no outliers */
  const float *d;               /* (n) diagonal of U, or ones */
  uint8_t *reach;               /* a block of columns each: which parts of U's rows hold anything but zeros */
  const SpqrExec *exec;
  SpqrLayer *layer;             /* arrays allocated; codes and statistics are written there */
  SpqrLayerTrace *trace;        /* or NULL */
  /* Tiles. */
  size_t tile_rows, first_tile, n_tiles;
  SpqrTileResult *results;      /* (n_tiles) */
  atomic_int status;
} SpqrColumns;

/* Rows of a tile for a layer of m rows. */
size_t spqr_columns_tile_rows (size_t m, const SpqrParams *params);

/* Runs all tiles. columns->results is the caller's, zeroed before. */
SpqrStatus spqr_columns_run (SpqrColumns *columns);
