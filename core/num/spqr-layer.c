/* spqr-layer.c: one layer from weights to stored form: checks, memory, tiles, outliers into CSR. */
#include "num/spqr-layer.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "num/spqr-columns-private.h"
#include "num/spqr-figures-private.h"
#include "num/spqr-params-private.h"

#define LARGEST_F16 65504.0f
#define CHECK_ROWS 64

typedef struct {
  const float *w;
  size_t first, count, n;       /* rows */
  float limit;
  uint8_t *bad_chunk;
} Check;

static void
check_rows (void *data, size_t begin, size_t end)
{
  const Check *check = data;

  for (size_t chunk = begin; chunk < end; chunk++)
    {
      size_t r0 = chunk * CHECK_ROWS, rest = check->count - r0;
      size_t values = (rest < CHECK_ROWS ? rest : CHECK_ROWS) * check->n;
      const float *w = check->w + (check->first + r0) * check->n;
      int bad = 0;

      for (size_t i = 0; i < values; i++)
        bad |= !(fabsf (w[i]) <= check->limit);
      check->bad_chunk[chunk] = (uint8_t) bad;
    }
}

/* NaN, infinities, and in default mode what f16 cannot hold, are refused. */
static SpqrStatus
check_weights (const SpqrColumns *c)
{
  size_t chunks = (c->count + CHECK_ROWS - 1) / CHECK_ROWS;
  Check check = {
    .w = c->w, .first = c->row0, .count = c->count, .n = c->n,
    .limit = c->params.compat_reference ? FLT_MAX : LARGEST_F16,
    .bad_chunk = calloc (chunks, 1),
  };
  SpqrStatus status;

  if (check.bad_chunk == NULL)
    return SPQR_NO_MEMORY;
  status = spqr_exec_run (c->exec, chunks, 1, check_rows, &check);
  for (size_t chunk = 0; chunk < chunks && status == SPQR_OK; chunk++)
    if (check.bad_chunk[chunk])
      status = SPQR_INVALID;
  free (check.bad_chunk);
  return status;
}

static bool
product_fits (size_t a, size_t b)
{
  return b == 0 || a <= SIZE_MAX / sizeof (double) / b;
}

static SpqrStatus
check_shape (const float *w, size_t m, size_t n, size_t row0, size_t count, const SpqrFactor *factor,
             const SpqrParams *params)
{
  bool runs = params->qq_scale_bits > 0 || params->qq_zero_bits > 0;

  if (w == NULL || m == 0 || n == 0 || count == 0 || row0 > m || count > m - row0 ||
      m > INT32_MAX || n > INT32_MAX || !product_fits (m, n))
    return SPQR_INVALID;
  if (params->method != SPQR_METHOD_RTN &&
      (factor == NULL || factor->n != n || factor->u == NULL || factor->perm == NULL))
    return SPQR_INVALID;
  if (runs && (row0 % (size_t) params->qq_groupsize != 0 ||
               (row0 + count < m && count % (size_t) params->qq_groupsize != 0)))
    return SPQR_INVALID;        /* half a run has other statistics than the whole */
  if (!params->perchannel && count != m)
    return SPQR_UNSUPPORTED;    /* all rows share their statistics: a part cannot be had alone */
  return SPQR_OK;
}

/* Memory for everything but outliers and constants, whose number is not known yet. */
static SpqrStatus
allocate_layer (SpqrColumns *c)
{
  SpqrLayer *layer = c->layer;
  bool scales = c->params.qq_scale_bits > 0, zeros = c->params.qq_zero_bits > 0, ok;
  size_t q = (size_t) c->params.qq_groupsize, stats, second;

  layer->params = c->params;
  layer->rows = c->count;
  layer->cols = c->n;
  layer->groups = (c->n + c->groupsize - 1) / c->groupsize;
  layer->runs = scales || zeros ? (c->count + q - 1) / q : 0;
  stats = layer->groups * layer->rows;
  second = layer->groups * layer->runs;
  layer->perm = malloc (c->n * sizeof *layer->perm);
  layer->codes = malloc (c->count * c->n);
  layer->scale = malloc (stats * sizeof (float));
  layer->zero = malloc (stats * sizeof (float));
  layer->outlier_offsets = calloc (c->count + 1, sizeof *layer->outlier_offsets);
  ok = layer->perm != NULL && layer->codes != NULL && layer->scale != NULL && layer->zero != NULL &&
       layer->outlier_offsets != NULL;
  if (scales)
    {
      layer->scale_codes = malloc (stats);
      layer->scale_scale = calloc (second, sizeof (float));
      layer->scale_zero = calloc (second, sizeof (float));
      ok = ok && layer->scale_codes != NULL && layer->scale_scale != NULL && layer->scale_zero != NULL;
    }
  if (zeros)
    {
      layer->zero_codes = malloc (stats);
      layer->zero_scale = calloc (second, sizeof (float));
      layer->zero_zero = calloc (second, sizeof (float));
      ok = ok && layer->zero_codes != NULL && layer->zero_scale != NULL && layer->zero_zero != NULL;
    }
  if (!ok)
    return SPQR_NO_MEMORY;
  for (size_t j = 0; j < c->n; j++)
    layer->perm[j] = c->perm != NULL ? c->perm[j] : (int32_t) j;
  return SPQR_OK;
}

/* Outliers come tile by tile, column by column. Placing them in this order by row leaves each
 * row's columns ascending. */
static SpqrStatus
collect_outliers (const SpqrColumns *c)
{
  SpqrLayer *layer = c->layer;
  size_t total = 0;
  uint32_t *next;

  for (size_t t = 0; t < c->n_tiles; t++)
    {
      const SpqrFoundList *list = &c->results[t].outliers;

      total += list->count;
      for (size_t i = 0; i < list->count; i++)
        layer->outlier_offsets[list->items[i].row + 1]++;
    }
  if (total > UINT32_MAX)
    return SPQR_INVALID;
  for (size_t r = 0; r < layer->rows; r++)
    layer->outlier_offsets[r + 1] += layer->outlier_offsets[r];
  layer->outlier_cols = malloc ((total + 1) * sizeof *layer->outlier_cols);
  layer->outlier_values = malloc ((total + 1) * sizeof *layer->outlier_values);
  next = malloc ((layer->rows + 1) * sizeof *next);
  if (layer->outlier_cols == NULL || layer->outlier_values == NULL || next == NULL)
    {
      free (next);
      return SPQR_NO_MEMORY;
    }
  memcpy (next, layer->outlier_offsets, (layer->rows + 1) * sizeof *next);
  for (size_t t = 0; t < c->n_tiles; t++)
    for (size_t i = 0; i < c->results[t].outliers.count; i++)
      {
        SpqrFound found = c->results[t].outliers.items[i];
        uint32_t at = next[found.row]++;

        layer->outlier_cols[at] = found.at;
        layer->outlier_values[at] = found.value;
      }
  free (next);
  return SPQR_OK;
}

static int
compare_constants (const void *a, const void *b)
{
  const SpqrConstantGroup *x = a, *y = b;

  if (x->row != y->row)
    return x->row < y->row ? -1 : 1;
  return x->group < y->group ? -1 : x->group > y->group;
}

static SpqrStatus
collect_constants (const SpqrColumns *c)
{
  SpqrLayer *layer = c->layer;
  size_t total = 0;

  for (size_t t = 0; t < c->n_tiles; t++)
    total += c->results[t].constants.count;
  if (total == 0)
    return SPQR_OK;
  layer->constants = malloc (total * sizeof *layer->constants);
  if (layer->constants == NULL)
    return SPQR_NO_MEMORY;
  for (size_t t = 0; t < c->n_tiles; t++)
    for (size_t i = 0; i < c->results[t].constants.count; i++)
      {
        SpqrFound found = c->results[t].constants.items[i];

        layer->constants[layer->n_constants++] = (SpqrConstantGroup) { found.row, found.at, found.value };
      }
  qsort (layer->constants, total, sizeof *layer->constants, compare_constants);
  return SPQR_OK;
}

static float *
make_diagonal (const SpqrFactor *factor, size_t n)
{
  float *d = malloc (n * sizeof *d);

  for (size_t i = 0; i < n && d != NULL; i++)
    d[i] = factor != NULL ? factor->u[i * n + i] : 1.0f;
  return d;
}

static SpqrGroupQuantizer
make_quantizer (const SpqrParams *params)
{
  return (SpqrGroupQuantizer) {
    .maxq = spqr_max_code (params->wbits),
    .wbits = params->wbits,
    .sym = params->sym,
    .round_zero = params->round_zero,
    .compat = params->compat_reference,
    .scale_bits = params->qq_scale_bits,
    .zero_bits = params->qq_zero_bits,
    .zero_sym = params->qq_zero_sym,
  };
}

static SpqrStatus
run_columns (SpqrColumns *c)
{
  size_t last_tile;
  SpqrStatus status;

  c->tile_rows = spqr_columns_tile_rows (c->m, &c->params);
  c->first_tile = c->row0 / c->tile_rows;
  last_tile = (c->row0 + c->count - 1) / c->tile_rows;
  c->n_tiles = last_tile - c->first_tile + 1;
  c->results = calloc (c->n_tiles, sizeof *c->results);
  if (c->results == NULL)
    return SPQR_NO_MEMORY;
  status = spqr_columns_run (c);
  if (status == SPQR_OK)
    status = collect_outliers (c);
  if (status == SPQR_OK)
    status = collect_constants (c);
  return status;
}

static double
mean_squared_error (const SpqrColumns *c)
{
  double sum = 0;

  for (size_t t = 0; t < c->n_tiles; t++)
    sum += c->results[t].squared_error;
  return sum / ((double) c->count * (double) c->n);
}

static void
free_results (SpqrColumns *c)
{
  for (size_t t = 0; t < c->n_tiles && c->results != NULL; t++)
    {
      free (c->results[t].outliers.items);
      free (c->results[t].constants.items);
    }
  free (c->results);
}

static SpqrStatus
quantize_rows (SpqrColumns *c, const float *h)
{
  float *d = make_diagonal (c->factor, c->n);
  SpqrStatus status = d != NULL ? SPQR_OK : SPQR_NO_MEMORY;

  c->d = d;
  if (c->trace != NULL && c->trace->loo_gain != NULL)
    memset (c->trace->loo_gain, 0, c->count * c->n * sizeof *c->trace->loo_gain);
  if (status == SPQR_OK)
    status = allocate_layer (c);
  if (status == SPQR_OK)
    status = run_columns (c);
  if (status == SPQR_OK)
    {
      c->layer->mse = mean_squared_error (c);
      c->layer->percdamp_used = c->factor != NULL ? c->factor->percdamp_used : c->params.percdamp;
      c->layer->proxy_loss = h != NULL ? spqr_columns_proxy_loss (c, h) : NAN;
      if (spqr_exec_should_stop (c->exec))
        status = SPQR_CANCELLED;
    }
  free_results (c);
  free (d);
  if (status != SPQR_OK)
    spqr_layer_clear (c->layer);
  return status;
}

SpqrStatus
spqr_layer_quantize_rows (const float *w, size_t m, size_t n, size_t row0, size_t count,
                          const SpqrFactor *factor, double threshold, const SpqrParams *params,
                          const SpqrExec *exec, SpqrLayerTrace *trace, SpqrLayer *layer)
{
  SpqrColumns c = {
    .w = w, .m = m, .n = n, .row0 = row0, .count = count,
    .exec = exec, .layer = layer, .trace = trace,
  };
  SpqrStatus status = spqr_params_normalize (params, &c.params);

  *layer = (SpqrLayer) { 0 };
  if (status == SPQR_OK)
    status = check_shape (w, m, n, row0, count, factor, &c.params);
  if (status != SPQR_OK)
    return status;
  if (c.params.method != SPQR_METHOD_RTN)
    c.factor = factor;
  c.perm = c.factor != NULL ? c.factor->perm : NULL;
  c.quantizer = make_quantizer (&c.params);
  c.groupsize = c.params.groupsize > 0 && (size_t) c.params.groupsize < n ? (size_t) c.params.groupsize : n;
  c.threshold = isinf (c.params.outlier_threshold) ? INFINITY : (float) threshold;
  status = isnan (threshold) ? SPQR_INVALID : check_weights (&c);
  if (status == SPQR_OK)
    status = quantize_rows (&c, NULL);
  if (status == SPQR_OK)
    layer->threshold = c.threshold;
  return status;
}

SpqrStatus
spqr_layer_quantize (const float *w, size_t m, size_t n, const float *h, const SpqrFactor *factor,
                     const SpqrParams *params, const SpqrExec *exec, SpqrLayerTrace *trace,
                     SpqrLayer *layer)
{
  SpqrColumns c = {
    .w = w, .m = m, .n = n, .count = m, .exec = exec, .layer = layer, .trace = trace,
  };
  double threshold;
  SpqrStatus status = spqr_params_normalize (params, &c.params);

  *layer = (SpqrLayer) { 0 };
  if (status == SPQR_OK)
    status = check_shape (w, m, n, 0, m, factor, &c.params);
  if (status != SPQR_OK)
    return status;
  if (c.params.method != SPQR_METHOD_RTN)
    c.factor = factor;
  c.perm = c.factor != NULL ? c.factor->perm : NULL;
  c.quantizer = make_quantizer (&c.params);
  c.groupsize = c.params.groupsize > 0 && (size_t) c.params.groupsize < n ? (size_t) c.params.groupsize : n;
  status = check_weights (&c);
  if (status == SPQR_OK)
    status = spqr_threshold_compute (w, m, n, c.factor, &c.params, exec, &threshold);
  if (status != SPQR_OK)
    return status;
  c.threshold = (float) threshold;
  status = quantize_rows (&c, h);
  if (status == SPQR_OK)
    layer->threshold = threshold;
  return status;
}

size_t
spqr_layer_outliers (const SpqrLayer *layer)
{
  return layer->outlier_offsets != NULL ? layer->outlier_offsets[layer->rows] : 0;
}

void
spqr_layer_clear (SpqrLayer *layer)
{
  free (layer->perm);
  free (layer->codes);
  free (layer->scale_codes);
  free (layer->zero_codes);
  free (layer->scale_scale);
  free (layer->scale_zero);
  free (layer->zero_scale);
  free (layer->zero_zero);
  free (layer->scale);
  free (layer->zero);
  free (layer->outlier_offsets);
  free (layer->outlier_cols);
  free (layer->outlier_values);
  free (layer->constants);
  *layer = (SpqrLayer) { 0 };
}
