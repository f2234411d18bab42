/* spqr-tile.c: what goes into a tile and what comes out of it. Inside, rows are lanes: everything
 * is transposed on the way in and out. */
#include "num/spqr-tile-private.h"

#include <stdlib.h>
#include <string.h>

/* Floats of one tile: w, three block buffers, gain, eight per-lane arrays; and what is the same for
 * any number of lanes. */
static size_t
tile_floats (const SpqrColumns *c, size_t ld)
{
  return ld * (c->n + 3 * SPQR_BLOCK + c->groupsize + 8) + SPQR_TRAILING_ROOM + c->n * SPQR_LANE_ROWS;
}

static float *
take (float **memory, size_t count)
{
  float *part = *memory;

  *memory += count;
  return part;
}

static SpqrStatus
allocate (SpqrTile *tile)
{
  const SpqrColumns *c = tile->columns;
  size_t ld = tile->ld, floats = tile_floats (c, ld);
  size_t bits = SPQR_BLOCK * (ld / SPQR_LANE_ROWS);
  size_t bytes = floats * sizeof (float) + bits * sizeof (uint16_t) + ld;
  float *memory;

  if (posix_memalign (&tile->memory, 64, bytes) != 0)
    {
      tile->memory = NULL;
      return SPQR_NO_MEMORY;
    }
  memset (tile->memory, 0, bytes);
  memory = tile->memory;
  tile->w = take (&memory, c->n * ld);
  tile->error = take (&memory, SPQR_BLOCK * ld);
  tile->code = take (&memory, SPQR_BLOCK * ld);
  tile->outlier = take (&memory, SPQR_BLOCK * ld);
  tile->room = take (&memory, SPQR_TRAILING_ROOM);
  tile->strip = take (&memory, c->n * SPQR_LANE_ROWS);
  tile->gain = take (&memory, c->groupsize * ld);
  tile->lo = take (&memory, ld);
  tile->hi = take (&memory, ld);
  tile->scale = take (&memory, ld);
  tile->zero = take (&memory, ld);
  tile->code0 = take (&memory, ld);
  tile->value0 = take (&memory, ld);
  tile->constant_lane = take (&memory, ld);
  tile->constant_value = take (&memory, ld);
  tile->outlier_bits = (uint16_t *) (void *) memory;
  tile->constant = (uint8_t *) (tile->outlier_bits + bits);
  return SPQR_OK;
}

static size_t
smaller (size_t a, size_t b)
{
  return a < b ? a : b;
}

static const int32_t *
permutation (const SpqrTile *tile)
{
  return tile->columns->perm;
}

static const uint8_t *
dead_columns (const SpqrTile *tile)
{
  return tile->columns->factor != NULL ? tile->columns->factor->dead : NULL;
}

/* Rows of lanes r0 … r0+15 -> strip, transposed, still in original order; 0 for lanes not wanted. Rows
 * of W are far apart, often by a power of two: they are read a line at a time. */
static void
load_strip (SpqrTile *tile, size_t r0)
{
  const SpqrColumns *c = tile->columns;
  size_t begin = r0 < tile->first ? tile->first - r0 : 0, end = smaller (tile->last - r0, SPQR_LANE_ROWS);
  const float *w = c->w + (tile->base + r0) * c->n;

  if (end - begin < SPQR_LANE_ROWS)
    memset (tile->strip, 0, c->n * SPQR_LANE_ROWS * sizeof *tile->strip);
  for (size_t j0 = 0; j0 < c->n; j0 += SPQR_LANE_ROWS)
    for (size_t l = begin; l < end; l++)
      for (size_t j = j0; j < smaller (j0 + SPQR_LANE_ROWS, c->n); j++)
        tile->strip[j * SPQR_LANE_ROWS + l] = w[l * c->n + j];
}

/* Sixteen rows at a time: transposed once, then columns are taken in permuted order. */
static void
load_weights (SpqrTile *tile)
{
  const SpqrColumns *c = tile->columns;
  const int32_t *perm = permutation (tile);
  const uint8_t *dead = dead_columns (tile);

  for (size_t r0 = 0; r0 < tile->last; r0 += SPQR_LANE_ROWS)
    {
      load_strip (tile, r0);
      for (size_t j = 0; j < c->n; j++)
        if (dead == NULL || !dead[j])
          memcpy (tile->w + j * tile->ld + r0, tile->strip + (perm != NULL ? (size_t) perm[j] : j) * SPQR_LANE_ROWS,
                  SPQR_LANE_ROWS * sizeof *tile->w);
    }
}

SpqrStatus
spqr_tile_init (SpqrTile *tile, SpqrColumns *columns, size_t index)
{
  size_t base = (columns->first_tile + index) * columns->tile_rows;
  size_t end = base + columns->tile_rows < columns->m ? base + columns->tile_rows : columns->m;
  size_t row1 = smaller (columns->row0 + columns->count, end);
  SpqrStatus status;

  /* Lanes before the first sixteen that are wanted are left out. */
  if (columns->row0 > base)
    base += (columns->row0 - base) / SPQR_LANE_ROWS * SPQR_LANE_ROWS;
  *tile = (SpqrTile) {
    .columns = columns,
    .result = &columns->results[index],
    .kernels = spqr_kernels (),
    .base = base,
    .first = columns->row0 > base ? columns->row0 - base : 0,
    .last = row1 - base,
    .ld = (row1 - base + SPQR_LANE_ROWS - 1) / SPQR_LANE_ROWS * SPQR_LANE_ROWS,
  };
  status = allocate (tile);
  if (status == SPQR_OK)
    load_weights (tile);
  return status;
}

void
spqr_tile_clear (SpqrTile *tile)
{
  free (tile->memory);
  tile->memory = NULL;
}

SpqrStatus
spqr_found_list_add (SpqrFoundList *list, SpqrFound found)
{
  if (list->count == list->size)
    {
      size_t size = list->size != 0 ? list->size * 2 : 256;
      SpqrFound *items = realloc (list->items, size * sizeof *items);

      if (items == NULL)
        return SPQR_NO_MEMORY;
      list->items = items;
      list->size = size;
    }
  list->items[list->count++] = found;
  return SPQR_OK;
}

/* Sixteen rows are gathered before they are written, each in one piece. */
static void
store_codes (const SpqrTile *tile, size_t s, size_t e)
{
  const SpqrColumns *c = tile->columns;
  uint8_t rows[SPQR_LANE_ROWS][SPQR_BLOCK];

  for (size_t r0 = 0; r0 < tile->last; r0 += SPQR_LANE_ROWS)
    {
      for (size_t i = 0; i < e - s; i++)
        for (size_t l = 0; l < SPQR_LANE_ROWS; l++)
          rows[l][i] = (uint8_t) (int) tile->code[i * tile->ld + r0 + l];
      for (size_t l = 0; l < SPQR_LANE_ROWS; l++)
        if (r0 + l >= tile->first && r0 + l < tile->last)
          memcpy (c->layer->codes + spqr_tile_row (tile, r0 + l) * c->n + s, rows[l], e - s);
    }
}

/* values (e - s, ld) -> columns s … e-1 of out (count, n); nothing where out is NULL. */
static void
store_trace (const SpqrTile *tile, const float *values, size_t s, size_t e, float *out)
{
  size_t n = tile->columns->n;

  for (size_t r = tile->first; r < tile->last && out != NULL; r++)
    for (size_t i = 0; i < e - s; i++)
      out[spqr_tile_row (tile, r) * n + s + i] = values[i * tile->ld + r];
}

static SpqrStatus
store_outliers (SpqrTile *tile, size_t column, size_t in_block)
{
  size_t words = tile->ld / SPQR_LANE_ROWS;
  const uint16_t *bits = tile->outlier_bits + in_block * words;
  const float *values = tile->outlier + in_block * tile->ld;

  for (size_t word = 0; word < words; word++)
    for (unsigned rest = bits[word]; rest != 0; rest &= rest - 1)
      {
        size_t lane = word * SPQR_LANE_ROWS + (size_t) __builtin_ctz (rest);
        SpqrFound found = { (uint32_t) spqr_tile_row (tile, lane), (uint32_t) column, values[lane] };
        SpqrStatus status;

        if (lane < tile->first || lane >= tile->last)
          continue;
        status = spqr_found_list_add (&tile->result->outliers, found);
        if (status != SPQR_OK)
          return status;
      }
  return SPQR_OK;
}

SpqrStatus
spqr_tile_store_block (SpqrTile *tile, size_t s, size_t e)
{
  const SpqrColumns *c = tile->columns;
  SpqrStatus status = SPQR_OK;

  store_codes (tile, s, e);
  tile->result->compensated_error += tile->kernels->dot (tile->error, tile->error, (e - s) * tile->ld);
  if (c->trace != NULL)
    {
      store_trace (tile, tile->error, s, e, c->trace->errors);
      store_trace (tile, tile->w + s * tile->ld, s, e, c->trace->w_hat);
    }
  if (c->threshold < INFINITY)
    for (size_t i = s; i < e && status == SPQR_OK; i++)
      status = store_outliers (tile, i, i - s);
  return status;
}

void
spqr_tile_finish (SpqrTile *tile)
{
  SpqrTileResult *result = tile->result;
  double sums[3] = { 0 };

  for (size_t r0 = 0; r0 < tile->last; r0 += SPQR_LANE_ROWS)
    {
      load_strip (tile, r0);
      tile->kernels->strip_errors (tile->strip, tile->w + r0, tile->ld, tile->columns->n, permutation (tile),
                                   dead_columns (tile), sums);
    }
  result->squared_error += sums[0] + sums[1];
  result->dead_squared_error += sums[1];
  result->dead_energy += sums[2];
}
