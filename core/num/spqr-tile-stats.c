/* spqr-tile-stats.c: the statistics of one group in one tile: ranges (after leave-one-out), then
 * scales and zeros run by run. */
#include "num/spqr-tile-private.h"

#include <math.h>
#include <string.h>

static void
trace_gain (const SpqrTile *tile, size_t column, size_t k)
{
  const SpqrColumns *c = tile->columns;

  for (size_t r = tile->first; r < tile->last; r++)
    {
      float *out = c->trace->loo_gain + spqr_tile_row (tile, r) * c->n + column;

      for (size_t i = 0; i < k; i++)
        out[i] = tile->gain[i * tile->ld + r];
    }
}

static void
find_ranges (SpqrTile *tile, size_t column, size_t k)
{
  const SpqrColumns *c = tile->columns;
  const float *w = tile->w + column * tile->ld;

  if (c->threshold < INFINITY && !c->params.simplified_outliers)
    {
      SpqrLooJob job = {
        .w = w, .d = c->d + column, .ld = tile->ld, .k = k,
        .maxq = c->quantizer.maxq, .threshold = c->threshold,
        .sym = c->quantizer.sym, .compat = c->quantizer.compat,
        .gain = tile->gain, .lo = tile->lo, .hi = tile->hi,
      };

      tile->kernels->leave_one_out (&job);
      if (c->trace != NULL && c->trace->loo_gain != NULL)
        trace_gain (tile, column, k);
    }
  else
    tile->kernels->range (w, tile->ld, k, tile->lo, tile->hi);
}

/* One scale and zero for all rows: they all get the widest range. */
static void
share_range (SpqrTile *tile)
{
  float lo = INFINITY, hi = -INFINITY;

  for (size_t r = tile->first; r < tile->last; r++)
    {
      lo = fminf (lo, tile->lo[r]);
      hi = fmaxf (hi, tile->hi[r]);
    }
  for (size_t r = tile->first; r < tile->last; r++)
    {
      tile->lo[r] = lo;
      tile->hi[r] = hi;
    }
}

static float *
offset (float *array, size_t by)
{
  return array != NULL ? array + by : NULL;
}

static uint8_t *
offset_codes (uint8_t *array, size_t by)
{
  return array != NULL ? array + by : NULL;
}

static void
fit_run (SpqrTile *tile, size_t group, size_t lane, size_t rows)
{
  const SpqrColumns *c = tile->columns;
  SpqrLayer *layer = c->layer;
  size_t row = spqr_tile_row (tile, lane), at = group * layer->rows + row;
  size_t run_at = group * layer->runs;
  SpqrGroupRun run;

  if (layer->runs != 0)
    run_at += row / (size_t) c->params.qq_groupsize;
  run = (SpqrGroupRun) {
    .lo = tile->lo + lane, .hi = tile->hi + lane,
    .scale = tile->scale + lane, .zero = tile->zero + lane,
    .constant = tile->constant + lane, .value = tile->constant_value + lane,
    .scale_codes = offset_codes (layer->scale_codes, at),
    .zero_codes = offset_codes (layer->zero_codes, at),
    .scale_scale = offset (layer->scale_scale, run_at),
    .scale_zero = offset (layer->scale_zero, run_at),
    .zero_scale = offset (layer->zero_scale, run_at),
    .zero_zero = offset (layer->zero_zero, run_at),
  };
  spqr_group_run_fit (&c->quantizer, rows, &run);
  memcpy (layer->scale + at, tile->scale + lane, rows * sizeof *layer->scale);
  memcpy (layer->zero + at, tile->zero + lane, rows * sizeof *layer->zero);
}

/* What 0 becomes in each row, which is what stands in the dense part at an outlier; in a constant
 * row, the constant and the code next to it. */
static SpqrStatus
prepare_lanes (SpqrTile *tile, size_t group)
{
  const SpqrGroupQuantizer *q = &tile->columns->quantizer;

  tile->any_constant = false;
  for (size_t r = tile->first; r < tile->last; r++)
    {
      float scale = tile->scale[r], zero = tile->zero[r];
      float at = tile->constant[r] ? tile->constant_value[r] : 0.0f;

      tile->code0[r] = spqr_quantize_value (at, scale, zero, q->maxq);
      tile->value0[r] = q->compat ? spqr_dequantize_value (tile->code0[r], scale, zero)
                                  : spqr_dequantize_f16 (tile->code0[r], scale, zero);
      tile->constant_lane[r] = tile->constant[r];
      if (tile->constant[r])
        {
          SpqrFound found = { (uint32_t) spqr_tile_row (tile, r), (uint32_t) group, at };
          SpqrStatus status = spqr_found_list_add (&tile->result->constants, found);

          if (status != SPQR_OK)
            return status;
          tile->value0[r] = at;
          tile->any_constant = true;
        }
    }
  return SPQR_OK;
}

SpqrStatus
spqr_tile_begin_group (SpqrTile *tile, size_t group)
{
  const SpqrColumns *c = tile->columns;
  size_t column = group * c->groupsize;
  size_t k = c->n - column < c->groupsize ? c->n - column : c->groupsize;
  size_t run_rows = tile->last - tile->first;

  find_ranges (tile, column, k);
  if (!c->params.perchannel)
    share_range (tile);
  if (c->layer->runs != 0)
    run_rows = (size_t) c->params.qq_groupsize;
  for (size_t lane = tile->first; lane < tile->last; lane += run_rows)
    fit_run (tile, group, lane,
             tile->last - lane < run_rows ? tile->last - lane : run_rows);
  return prepare_lanes (tile, group);
}
