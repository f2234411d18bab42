/* The arithmetic of one layer: gemm, factor, hessian, loo, columns, layer.
 *
 * The layer is the one that the published code's time is known for: 4096 × 4096, 3 bit, groups of 16,
 * 3-bit statistics of 16 rows, τ 0.2, act_order, percdamp 1, leave-one-out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/spqr-bench.h"
#include "compute/spqr-gemm.h"
#include "num/spqr-fp16.h"
#include "num/spqr-hessian.h"
#include "num/spqr-kernels-private.h"
#include "num/spqr-layer.h"
#include "num/spqr-quantizer.h"
#include "quant/spqr-quant-error.h"

#define TOKENS 2048
#define GROUP 16
#define TILE 128

typedef struct {
  SpqrBench *bench;
  gsize n, m, tokens;
  float *w, *x;
  SpqrHessian hessian;
  SpqrFactor factor;
  SpqrParams params;
} Layer;

static gboolean
done (SpqrStatus status, GError **error)
{
  return status == SPQR_OK || spqr_quant_set_status (error, status, "bench");
}

static void
layer_clear (Layer *layer)
{
  free (layer->w);
  free (layer->x);
  spqr_hessian_clear (&layer->hessian);
  spqr_factor_clear (&layer->factor);
}

/* Inputs of unequal strength, as a network has them. */
static void
make_inputs (Layer *layer)
{
  float strength[64];

  spqr_bench_fill (layer->x, layer->tokens * layer->n, 1, 3);
  for (int i = 0; i < 64; i++)
    strength[i] = expf (0.7f * (float) sin (i * 2.39996));
  for (gsize t = 0; t < layer->tokens; t++)
    for (gsize j = 0; j < layer->n; j++)
      layer->x[t * layer->n + j] *= strength[(j * 7) % 64];
}

static gboolean
layer_init (Layer *layer, SpqrBench *bench, GError **error)
{
  gsize size = spqr_bench_is_quick (bench) ? 128 : 4096;

  *layer = (Layer) { .bench = bench, .n = size, .m = size, .tokens = spqr_bench_is_quick (bench) ? 64 : TOKENS,
                     .params = spqr_params_default };
  if ((layer->w = spqr_bench_alloc (layer->m * layer->n * sizeof (float), error)) == NULL ||
      (layer->x = spqr_bench_alloc (layer->tokens * layer->n * sizeof (float), error)) == NULL)
    return FALSE;
  spqr_bench_fill (layer->w, layer->m * layer->n, 0.02, 4);
  make_inputs (layer);
  if (!done (spqr_hessian_init (&layer->hessian, layer->n), error) ||
      !done (spqr_hessian_add (&layer->hessian, layer->x, layer->n, layer->tokens, 1, spqr_bench_get_exec (bench)), error))
    return FALSE;
  spqr_hessian_finish (&layer->hessian);
  return TRUE;
}

/* ---- suites; each begins with a layer of its own ---- */

typedef gboolean (*LayerSuite) (Layer *layer, GError **error);

static gboolean
with_layer (SpqrBench *bench, LayerSuite suite, GError **error)
{
  Layer layer;
  gboolean ended = layer_init (&layer, bench, error) && suite (&layer, error);

  layer_clear (&layer);
  return ended;
}

static gboolean
run_factor (gpointer data, GError **error)
{
  Layer *layer = data;

  spqr_factor_clear (&layer->factor);
  return done (spqr_factor_compute (layer->hessian.h, layer->w, layer->m, layer->n, &layer->params, NULL,
                                    spqr_bench_get_exec (layer->bench), &layer->factor), error);
}

static gboolean
suite_factor (Layer *layer, GError **error)
{
  g_autofree char *shape = g_strdup_printf ("n %zu, act_order", layer->n);
  SpqrBenchItem item = { "factor", shape, SPQR_BENCH_TIME, .target = 0.6, .run = run_factor, .data = layer };

  return spqr_bench_measure (layer->bench, &item, error);
}

gboolean
spqr_bench_factor (SpqrBench *bench, GError **error)
{
  return with_layer (bench, suite_factor, error);
}

static gboolean
run_hessian (gpointer data, GError **error)
{
  Layer *layer = data;

  return done (spqr_hessian_add (&layer->hessian, layer->x, layer->n, layer->tokens, 1, spqr_bench_get_exec (layer->bench)), error);
}

static gboolean
suite_hessian (Layer *layer, GError **error)
{
  g_autofree char *shape = g_strdup_printf ("%zu tokens × %zu inputs", layer->tokens, layer->n);
  /* Half of the symmetric product is all that is needed, and all that is counted. */
  SpqrBenchItem item = { "hessian", shape, SPQR_BENCH_PRODUCT_RATE,
                         .amount = (double) layer->tokens * layer->n * (layer->n + 1), .target = 0.6,
                         .run = run_hessian, .data = layer };

  return spqr_bench_measure (layer->bench, &item, error);
}

gboolean
spqr_bench_hessian (SpqrBench *bench, GError **error)
{
  return with_layer (bench, suite_hessian, error);
}

/* ---- leave-one-out alone: the kernel over every group of every row ---- */

typedef struct { Layer *layer; float *tiles, *d, *gain, *lo, *hi; gsize groups, n_tiles; float threshold; } Loo;

static void
loo_pieces (void *data, size_t begin, size_t end)
{
  Loo *loo = data;

  for (size_t piece = begin; piece < end; piece++)
    {
      gsize tile = piece / loo->groups, group = piece % loo->groups;
      SpqrLooJob job = {
        .w = loo->tiles + (tile * loo->layer->n + group * GROUP) * TILE, .d = loo->d + group * GROUP, .ld = TILE, .k = GROUP,
        .maxq = spqr_max_code (loo->layer->params.wbits), .threshold = loo->threshold,
        .gain = loo->gain + piece * GROUP * TILE, .lo = loo->lo + piece * TILE, .hi = loo->hi + piece * TILE,
      };

      spqr_kernels ()->leave_one_out (&job);
    }
}

static gboolean
run_loo (gpointer data, GError **error)
{
  Loo *loo = data;

  return done (spqr_exec_run (spqr_bench_get_exec (loo->layer->bench), loo->n_tiles * loo->groups, 64, loo_pieces, loo), error);
}

static gboolean
loo_init (Loo *loo, Layer *layer, GError **error)
{
  gsize pieces;

  loo->layer = layer;
  loo->groups = layer->n / GROUP;
  loo->n_tiles = layer->m / TILE;
  pieces = loo->groups * loo->n_tiles;
  if (!run_factor (layer, error) ||
      (loo->tiles = spqr_bench_alloc (layer->m * layer->n * sizeof (float), error)) == NULL ||
      (loo->gain = spqr_bench_alloc (layer->m * layer->n * sizeof (float), error)) == NULL ||
      (loo->lo = spqr_bench_alloc (pieces * TILE * sizeof (float), error)) == NULL ||
      (loo->hi = spqr_bench_alloc (pieces * TILE * sizeof (float), error)) == NULL ||
      (loo->d = spqr_bench_alloc (layer->n * sizeof (float), error)) == NULL)
    return FALSE;
  for (gsize j = 0; j < layer->n; j++)
    loo->d[j] = layer->factor.u[j * layer->n + j];
  for (gsize i = 0; i < layer->m; i++)   /* rows are lanes, as the column loop holds them */
    for (gsize j = 0; j < layer->n; j++)
      loo->tiles[(i / TILE * layer->n + j) * TILE + i % TILE] = layer->w[i * layer->n + j];
  loo->threshold = (float) spqr_layer_threshold (layer->w, layer->m, layer->n, &layer->factor, &layer->params,
                                                 spqr_bench_get_exec (layer->bench));
  return TRUE;
}

static gboolean
suite_loo (Layer *layer, GError **error)
{
  g_autofree char *shape = g_strdup_printf ("%zu × %zu, groups of %d", layer->m, layer->n, GROUP);
  Loo loo = { NULL };
  SpqrBenchItem item = { "leave-one-out", shape, SPQR_BENCH_TIME, .target = 0.25, .run = run_loo, .data = &loo };
  gboolean ended = loo_init (&loo, layer, error) && spqr_bench_measure (layer->bench, &item, error);

  free (loo.tiles);
  free (loo.gain);
  free (loo.lo);
  free (loo.hi);
  free (loo.d);
  return ended;
}

gboolean
spqr_bench_loo (SpqrBench *bench, GError **error)
{
  return with_layer (bench, suite_loo, error);
}

/* ---- the column loop, and the layer as a whole ---- */

static gboolean
run_columns (gpointer data, GError **error)
{
  Layer *layer = data;
  SpqrLayer result = { 0 };
  SpqrStatus status = spqr_layer_quantize (layer->w, layer->m, layer->n, NULL, &layer->factor, &layer->params,
                                           spqr_bench_get_exec (layer->bench), NULL, &result);

  spqr_layer_clear (&result);
  return done (status, error);
}

static gboolean
suite_columns (Layer *layer, GError **error)
{
  g_autofree char *shape = g_strdup_printf ("%zu × %zu, no leave-one-out", layer->m, layer->n);
  g_autofree char *full = g_strdup_printf ("%zu × %zu, leave-one-out", layer->m, layer->n);
  g_autofree char *gptq = g_strdup_printf ("%zu × %zu, GPTQ", layer->m, layer->n);
  SpqrBenchItem items[] = {
    { "columns", shape, SPQR_BENCH_TIME, .run = run_columns, .data = layer },
    { "columns with loo", full, SPQR_BENCH_TIME, .run = run_columns, .data = layer },
    { "columns of GPTQ", gptq, SPQR_BENCH_TIME, .run = run_columns, .data = layer },
  };

  if (!run_factor (layer, error))
    return FALSE;
  layer->params.simplified_outliers = TRUE;
  if (!spqr_bench_measure (layer->bench, &items[0], error))
    return FALSE;
  layer->params.simplified_outliers = FALSE;
  if (!spqr_bench_measure (layer->bench, &items[1], error))
    return FALSE;
  layer->params.method = SPQR_METHOD_GPTQ;
  return spqr_bench_measure (layer->bench, &items[2], error);
}

gboolean
spqr_bench_columns (SpqrBench *bench, GError **error)
{
  return with_layer (bench, suite_columns, error);
}

static gboolean
run_layer (gpointer data, GError **error)
{
  Layer *layer = data;
  SpqrLayer result = { 0 };
  SpqrStatus status;

  if (!run_factor (layer, error))
    return FALSE;
  status = spqr_layer_quantize (layer->w, layer->m, layer->n, layer->hessian.h, &layer->factor, &layer->params,
                                spqr_bench_get_exec (layer->bench), NULL, &result);
  spqr_layer_clear (&result);
  return done (status, error);
}

static gboolean
suite_layer (Layer *layer, GError **error)
{
  g_autofree char *shape = g_strdup_printf ("%zu × %zu, 3 bit, 16 × 16, tau 0.2, act_order", layer->m, layer->n);
  SpqrBenchItem item = { "layer", shape, SPQR_BENCH_TIME, .target = 2, .run = run_layer, .data = layer };

  return spqr_bench_measure (layer->bench, &item, error);
}

gboolean
spqr_bench_layer (SpqrBench *bench, GError **error)
{
  return with_layer (bench, suite_layer, error);
}

/* ---- products as the forward pass needs them ---- */

typedef struct { SpqrBench *bench; gsize tokens, m, n; SpqrElem elem; float *x, *y; gpointer w; } Gemm;

static gboolean
run_gemm (gpointer data, GError **error)
{
  Gemm *g = data;

  return done (spqr_gemm_nt (g->x, g->n, g->tokens, g->w, g->elem, g->m, g->n, NULL, g->y, g->m,
                             spqr_bench_get_exec (g->bench)), error);
}

static gboolean
gemm_init (Gemm *g, GError **error)
{
  gsize count = g->m * g->n;
  float *w = spqr_bench_alloc (count * sizeof (float), error);

  g->w = w;
  if (w == NULL || (g->x = spqr_bench_alloc (g->tokens * g->n * sizeof (float), error)) == NULL ||
      (g->y = spqr_bench_alloc (g->tokens * g->m * sizeof (float), error)) == NULL)
    return FALSE;
  spqr_bench_fill (w, count, 0.02, 5);
  spqr_bench_fill (g->x, g->tokens * g->n, 1, 6);
  memset (g->y, 0, g->tokens * g->m * sizeof (float));
  if (g->elem == SPQR_ELEM_F32)
    return TRUE;
  g->w = spqr_bench_alloc (count * sizeof (guint16), error);
  if (g->w != NULL)
    spqr_f32_to_f16_row (w, g->w, count);
  free (w);
  return g->w != NULL;
}

static gboolean
measure_gemm (SpqrBench *bench, gsize tokens, gsize m, gsize n, SpqrElem elem, GError **error)
{
  gsize shrink = spqr_bench_is_quick (bench) ? 32 : 1;
  Gemm g = { .bench = bench, .tokens = MAX (tokens / shrink, 1), .m = m / shrink, .n = n / shrink, .elem = elem };
  g_autofree char *shape = g_strdup_printf ("%zu tokens, %zu × %zu %s", g.tokens, g.m, g.n, elem == SPQR_ELEM_F32 ? "f32" : "f16");
  /* A single token is a matter of reading the weights, many of arithmetic. */
  SpqrBenchItem item = { tokens == 1 ? "gemm, one token" : "gemm", shape,
                         tokens == 1 ? SPQR_BENCH_COPY_RATE : SPQR_BENCH_PRODUCT_RATE,
                         .amount = tokens == 1 ? (double) g.m * g.n * (elem == SPQR_ELEM_F32 ? 4 : 2) : 2.0 * g.tokens * g.m * g.n,
                         .run = run_gemm, .data = &g };
  gboolean ended = gemm_init (&g, error) && spqr_bench_measure (bench, &item, error);

  free (g.x);
  free (g.y);
  free (g.w);
  return ended;
}

gboolean
spqr_bench_gemm (SpqrBench *bench, GError **error)
{
  return measure_gemm (bench, 4096, 4096, 4096, SPQR_ELEM_F32, error) &&
         measure_gemm (bench, 2048, 5632, 2048, SPQR_ELEM_F32, error) &&
         measure_gemm (bench, 2048, 2048, 5632, SPQR_ELEM_F16, error) &&
         measure_gemm (bench, 32, 4096, 4096, SPQR_ELEM_F16, error) &&
         measure_gemm (bench, 1, 4096, 4096, SPQR_ELEM_F16, error) &&
         measure_gemm (bench, 1, 4096, 4096, SPQR_ELEM_F32, error);
}
