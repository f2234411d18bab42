/* spqr-columns.c: quantize column by column, compensating errors in the columns to come.
 *
 * Blocks of 128 columns [s, e). For i in s … e-1:
 *   where a group starts: fit its statistics on the current weights (spqr-tile-stats.c);
 *   c = code(w_i), w^_i = its decoded value, err_i = (w_i - w^_i) / U_ii;
 *   outlier if err_i^2 > T: w^_i = what an outlier decodes to, err_i from that;
 *   w_j -= err_i U_ij for i < j < e.
 * After the block: W(:, e…) -= Err U(s…e, e…), one product.
 *
 * Where U holds only zeros there (without calibration it is diagonal), nothing is subtracted.
 *
 * Inside a block, updates are held back for up to 16 columns and then done for the rest of the
 * block in one sweep; each weight still sees the same subtractions in the same order. */
#include "num/spqr-columns-private.h"

#include <stdlib.h>

#include "num/spqr-tile-private.h"

#define SUB_BLOCK 16
#define TILE_ROWS 256
#define FEWEST_TILE_ROWS 32
#define UPDATE_PART ((size_t) 1 << 22)  /* numbers of W per product: some 10 ms */

static size_t
round_up (size_t n, size_t multiple)
{
  return (n + multiple - 1) / multiple * multiple;
}

size_t
spqr_columns_tile_rows (size_t m, const SpqrParams *params)
{
  bool runs = params->qq_scale_bits > 0 || params->qq_zero_bits > 0;
  size_t unit = runs ? (size_t) params->qq_groupsize : 1, rows, tiles;

  if (!params->perchannel || unit >= m)
    return m;
  /* An even number of tiles, so that two threads share them evenly. */
  tiles = round_up ((m + TILE_ROWS - 1) / TILE_ROWS, 2);
  rows = round_up ((m + tiles - 1) / tiles, SPQR_LANE_ROWS);
  if (rows < FEWEST_TILE_ROWS)
    rows = FEWEST_TILE_ROWS;
  return unit >= rows ? unit : rows / unit * unit;
}

static void
fail (SpqrColumns *columns, SpqrStatus status)
{
  int ok = SPQR_OK;

  atomic_compare_exchange_strong (&columns->status, &ok, (int) status);
}

static bool
may_go_on (SpqrColumns *columns)
{
  if (atomic_load_explicit (&columns->status, memory_order_relaxed) != SPQR_OK)
    return false;
  if (!spqr_exec_should_stop (columns->exec))
    return true;
  fail (columns, SPQR_CANCELLED);
  return false;
}

static void
quantize_column (SpqrTile *tile, size_t i, size_t in_block)
{
  const SpqrColumns *c = tile->columns;
  SpqrColumnJob job = {
    .w = tile->w + i * tile->ld,
    .error = tile->error + in_block * tile->ld,
    .code = tile->code + in_block * tile->ld,
    .outlier = tile->outlier + in_block * tile->ld,
    .outlier_bits = tile->outlier_bits + in_block * (tile->ld / SPQR_LANE_ROWS),
    .scale = tile->scale, .zero = tile->zero,
    .code0 = tile->code0, .value0 = tile->value0,
    .constant = tile->any_constant ? tile->constant_lane : NULL,
    .ld = tile->ld,
    .maxq = c->quantizer.maxq, .u = c->d[i], .threshold = c->threshold,
    .compat = c->quantizer.compat,
  };

  tile->kernels->quantize_column (&job);
}

/* End of the sub-block that starts at i. */
static size_t
sub_block_end (const SpqrColumns *c, size_t i, size_t block_end)
{
  size_t end = i + SUB_BLOCK, next_group = (i / c->groupsize + 1) * c->groupsize;

  end = end < block_end ? end : block_end;
  return end < next_group ? end : next_group;
}

static void
run_sub_block (SpqrTile *tile, size_t s, size_t a, size_t b, size_t e)
{
  const SpqrColumns *c = tile->columns;
  size_t n = c->n, ld = tile->ld;
  bool update = c->factor != NULL && (c->reach[s / SPQR_BLOCK] & SPQR_REACH_INSIDE) != 0;

  for (size_t i = a; i < b; i++)
    {
      quantize_column (tile, i, i - s);
      if (update)
        tile->kernels->update (tile->w + (i + 1) * ld, ld, b - i - 1, tile->error + (i - s) * ld, 1,
                               c->factor->u + i * n + i + 1, n);
    }
  if (update && b < e)
    tile->kernels->update (tile->w + b * ld, ld, e - b, tile->error + (a - s) * ld, b - a,
                           c->factor->u + a * n + b, n);
}

/* W(:, e…) -= Err U(s…e, e…), in parts that do not keep a cancel waiting. */
static SpqrStatus
update_trailing (SpqrTile *tile, size_t s, size_t e)
{
  const SpqrColumns *c = tile->columns;
  size_t n = c->n, ld = tile->ld, part = UPDATE_PART / ld + 1;

  for (size_t j = e; j < n; j += part)
    {
      size_t width = n - j < part ? n - j : part;

      if (j > e && !may_go_on (tile->columns))
        return SPQR_CANCELLED;
      tile->kernels->trailing (tile->w + j * ld, ld, width, tile->error, e - s, c->factor->u + s * n + j, n,
                               tile->room);
    }
  return SPQR_OK;
}

static SpqrStatus
run_block (SpqrTile *tile, size_t s, size_t e)
{
  const SpqrColumns *c = tile->columns;
  SpqrStatus status;

  for (size_t a = s, b; a < e; a = b)
    {
      b = sub_block_end (c, a, e);
      if (a % c->groupsize == 0)
        {
          if (!may_go_on (tile->columns))
            return SPQR_CANCELLED;
          status = spqr_tile_begin_group (tile, a / c->groupsize);
          if (status != SPQR_OK)
            return status;
        }
      run_sub_block (tile, s, a, b, e);
    }
  status = spqr_tile_store_block (tile, s, e);
  if (status == SPQR_OK && c->factor != NULL && (c->reach[s / SPQR_BLOCK] & SPQR_REACH_BEYOND) != 0)
    status = update_trailing (tile, s, e);
  return status;
}

static void
run_tile (SpqrColumns *columns, size_t index)
{
  SpqrTile tile;
  SpqrStatus status = spqr_tile_init (&tile, columns, index);

  for (size_t s = 0; s < columns->n && status == SPQR_OK; s += SPQR_BLOCK)
    {
      size_t e = s + SPQR_BLOCK < columns->n ? s + SPQR_BLOCK : columns->n;

      status = may_go_on (columns) ? run_block (&tile, s, e) : SPQR_CANCELLED;
    }
  if (status == SPQR_OK)
    spqr_tile_finish (&tile);
  else
    fail (columns, status);
  spqr_tile_clear (&tile);
}

static void
run_tiles (void *data, size_t begin, size_t end)
{
  SpqrColumns *columns = data;

  for (size_t index = begin; index < end; index++)
    if (atomic_load_explicit (&columns->status, memory_order_relaxed) == SPQR_OK)
      run_tile (columns, index);
}

static bool
any_but_zero (const float *u, size_t count)
{
  for (size_t j = 0; j < count; j++)
    if (u[j] != 0.0f)
      return true;
  return false;
}

/* A calibrated U is found out at its first numbers. */
static uint8_t
reach_of_block (const SpqrColumns *c, size_t s)
{
  size_t n = c->n, e = s + SPQR_BLOCK < n ? s + SPQR_BLOCK : n;
  uint8_t reach = 0;

  for (size_t i = s; i < e && reach != (SPQR_REACH_INSIDE | SPQR_REACH_BEYOND); i++)
    {
      const float *row = c->factor->u + i * n;

      if ((reach & SPQR_REACH_INSIDE) == 0 && any_but_zero (row + i + 1, e - i - 1))
        reach |= SPQR_REACH_INSIDE;
      if ((reach & SPQR_REACH_BEYOND) == 0 && any_but_zero (row + e, n - e))
        reach |= SPQR_REACH_BEYOND;
    }
  return reach;
}

SpqrStatus
spqr_columns_run (SpqrColumns *columns)
{
  SpqrStatus status;

  columns->reach = calloc (columns->n / SPQR_BLOCK + 1, 1);
  if (columns->reach == NULL)
    return SPQR_NO_MEMORY;
  for (size_t s = 0; s < columns->n && columns->factor != NULL; s += SPQR_BLOCK)
    columns->reach[s / SPQR_BLOCK] = reach_of_block (columns, s);
  atomic_init (&columns->status, SPQR_OK);
  status = spqr_exec_run (columns->exec, columns->n_tiles, 1, run_tiles, columns);
  if (atomic_load (&columns->status) != SPQR_OK)
    status = (SpqrStatus) atomic_load (&columns->status);
  free (columns->reach);
  columns->reach = NULL;
  return status;
}
