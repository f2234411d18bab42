/* spqr-tile.c: what goes into a tile and what comes out of it. Inside, rows are lanes: everything
 * is transposed on the way in and out. */
#include "num/spqr-tile-private.h"

#include <stdlib.h>
#include <string.h>

/* Floats of one tile: w, three block buffers, gain, eight per-lane arrays. */
static size_t
tile_floats (const SpqrColumns *c, size_t ld)
{
  return ld * (c->n + 3 * SPQR_BLOCK + c->groupsize + 8);
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
original_column (const SpqrColumns *c, size_t j)
{
  return c->perm != NULL ? (size_t) c->perm[j] : j;
}

/* Sixteen rows at a time: their lines stay in cache while columns are taken in permuted order. */
static void
load_weights (SpqrTile *tile)
{
  const SpqrColumns *c = tile->columns;

  for (size_t r0 = tile->first; r0 < tile->last; r0 += SPQR_LANE_ROWS)
    {
      size_t r1 = r0 + SPQR_LANE_ROWS < tile->last ? r0 + SPQR_LANE_ROWS : tile->last;

      for (size_t j = 0; j < c->n; j++)
        {
          const float *in = c->w + tile->base * c->n + original_column (c, j);
          float *out = tile->w + j * tile->ld;

          if (c->factor != NULL && c->factor->dead[j])
            continue;
          for (size_t r = r0; r < r1; r++)
            out[r] = in[r * c->n];
        }
    }
}

SpqrStatus
spqr_tile_init (SpqrTile *tile, SpqrColumns *columns, size_t index)
{
  size_t base = (columns->first_tile + index) * columns->tile_rows;
  size_t end = base + columns->tile_rows < columns->m ? base + columns->tile_rows : columns->m;
  size_t row1 = columns->row0 + columns->count;
  SpqrStatus status;

  *tile = (SpqrTile) {
    .columns = columns,
    .result = &columns->results[index],
    .kernels = spqr_kernels (),
    .base = base,
    .first = columns->row0 > base ? columns->row0 - base : 0,
    .last = (row1 < end ? row1 : end) - base,
    .ld = (end - base + SPQR_LANE_ROWS - 1) / SPQR_LANE_ROWS * SPQR_LANE_ROWS,
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

static void
store_codes (const SpqrTile *tile, size_t s, size_t e)
{
  const SpqrColumns *c = tile->columns;

  for (size_t r = tile->first; r < tile->last; r++)
    {
      uint8_t *out = c->layer->codes + spqr_tile_row (tile, r) * c->n + s;

      for (size_t i = 0; i < e - s; i++)
        out[i] = (uint8_t) (int) tile->code[i * tile->ld + r];
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

static double
sum_squares (const float *values, size_t count)
{
  double sum = 0;

  for (size_t i = 0; i < count; i++)
    sum += (double) values[i] * (double) values[i];
  return sum;
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
  tile->result->compensated_error += sum_squares (tile->error, (e - s) * tile->ld);
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

/* Sixteen rows, one column: sum of (w - w^)^2, and of w^^2. */
static inline void
add_column (const SpqrTile *tile, size_t j, size_t r0, size_t r1, double *error, double *energy)
{
  const SpqrColumns *c = tile->columns;
  const float *w = c->w + tile->base * c->n + original_column (c, j);
  const float *w_hat = tile->w + j * tile->ld;

  for (size_t r = r0; r < r1; r++)
    {
      double difference = (double) w[r * c->n] - (double) w_hat[r];

      *error += difference * difference;
      *energy += (double) w_hat[r] * (double) w_hat[r];
    }
}

void
spqr_tile_finish (SpqrTile *tile)
{
  const SpqrColumns *c = tile->columns;
  SpqrTileResult *result = tile->result;

  for (size_t r0 = tile->first; r0 < tile->last; r0 += SPQR_LANE_ROWS)
    {
      size_t r1 = r0 + SPQR_LANE_ROWS < tile->last ? r0 + SPQR_LANE_ROWS : tile->last;
      double live_energy = 0;

      for (size_t j = 0; j < c->n; j++)
        if (c->factor != NULL && c->factor->dead[j])
          add_column (tile, j, r0, r1, &result->dead_squared_error, &result->dead_energy);
        else
          add_column (tile, j, r0, r1, &result->squared_error, &live_energy);
    }
  result->squared_error += result->dead_squared_error;
}
