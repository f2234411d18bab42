/* Products with packed layers against the dense product of their decoded weights: every parameter that changes what a
 * weight is, odd shapes, few and many rows of x, every kind of processor. */
#include <string.h>

#include "layers.h"
#include "num/spqr-cpu.h"
#include "pack/spqr-packed.h"

static SpqrLayer
quantized_layer (GRand *rand, gsize m, gsize n, const SpqrParams *params)
{
  g_autofree float *w = g_new (float, m * n);
  SpqrLayer layer = { 0 };

  for (gsize i = 0; i < m * n; i++)
    w[i] = (float) (g_rand_double_range (rand, -1, 1) * (g_rand_int_range (rand, 0, 40) == 0 ? 8 : 1));
  for (gsize j = 0; j < MIN (n, 16); j++)
    w[j] = 0.25f;                           /* a constant group */
  g_assert_cmpint (spqr_layer_quantize (w, m, n, NULL, NULL, params, NULL, NULL, &layer), ==, SPQR_OK);
  for (gsize j = 0; j < n; j++)             /* whatever the method left: any order decodes */
    {
      gsize k = (gsize) g_rand_int_range (rand, 0, (gint32) j + 1);
      gint32 swap = layer.perm[j];

      layer.perm[j] = layer.perm[k];
      layer.perm[k] = swap;
    }
  return layer;
}

static void
add_outliers (GRand *rand, SpqrLayer *layer)
{
  free (layer->outlier_offsets);
  free (layer->outlier_cols);
  free (layer->outlier_values);
  random_outliers (rand, layer);
  for (guint32 i = 0; i < layer->outlier_offsets[layer->rows]; i++)
    layer->outlier_values[i] = spqr_f16_round ((float) g_rand_double_range (rand, -4, 4));
}

/* x of unit vectors: what comes out are the weights themselves, to the bit. */
static void
check_weights (const SpqrPacked *packed, const SpqrLayer *layer, gsize at_once)
{
  gsize m = layer->rows, n = layer->cols;
  g_autofree float *want = g_new (float, m * n);
  g_autofree float *x = g_new0 (float, at_once * n);
  g_autofree float *y = g_new (float, at_once * m);

  spqr_layer_decode (layer, 0, m, want);
  for (gsize first = 0; first < n; first += at_once)
    {
      gsize count = MIN (at_once, n - first);

      memset (x, 0, at_once * n * sizeof *x);
      for (gsize t = 0; t < count; t++)
        x[t * n + first + t] = 1;
      g_assert_cmpint (spqr_packed_product (packed, x, n, count, NULL, y, m, NULL), ==, SPQR_OK);
      for (gsize t = 0; t < count; t++)
        for (gsize r = 0; r < m; r++)
          if (y[t * m + r] != want[r * n + first + t])
            g_error ("row %zu, column %zu: %.9g, not %.9g", r, first + t, (double) y[t * m + r], (double) want[r * n + first + t]);
    }
}

/* Strides, biases, and sums as close to the exact ones as f32 allows. */
static void
check_product (const SpqrPacked *packed, const SpqrLayer *layer, GRand *rand, gsize tokens)
{
  gsize m = layer->rows, n = layer->cols, ldx = n + 3, ldy = m + 5;
  g_autofree float *w = g_new (float, m * n);
  g_autofree float *x = g_new (float, tokens * ldx);
  g_autofree float *y = g_new (float, tokens * ldy);
  g_autofree float *bias = g_new (float, m);

  spqr_layer_decode (layer, 0, m, w);
  for (gsize i = 0; i < tokens * ldx; i++)
    x[i] = (float) g_rand_double_range (rand, -1, 1);
  for (gsize r = 0; r < m; r++)
    bias[r] = (float) g_rand_double_range (rand, -1, 1);
  for (gsize i = 0; i < tokens * ldy; i++)
    y[i] = -77;
  g_assert_cmpint (spqr_packed_product (packed, x, ldx, tokens, bias, y, ldy, NULL), ==, SPQR_OK);
  for (gsize t = 0; t < tokens; t++)
    {
      for (gsize r = 0; r < m; r++)
        {
          double sum = bias[r], size = fabs (bias[r]);

          for (gsize j = 0; j < n; j++)
            {
              sum += (double) w[r * n + j] * x[t * ldx + j];
              size += fabs ((double) w[r * n + j] * x[t * ldx + j]);
            }
          g_assert_cmpfloat (fabs (y[t * ldy + r] - sum), <=, 1e-6 * size);
        }
      for (gsize r = m; r < ldy; r++)
        g_assert_cmpfloat (y[t * ldy + r], ==, -77);
    }
}

static void
check_layer (const SpqrLayer *layer, GRand *rand)
{
  static const SpqrCpu kinds[] = { SPQR_CPU_PLAIN, SPQR_CPU_AVX2, SPQR_CPU_AVX512 };
  SpqrPacked *packed = spqr_packed_new (layer);

  g_assert_nonnull (packed);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      spqr_cpu_limit (kinds[i]);
      check_weights (packed, layer, 3);
      check_weights (packed, layer, 40);
      check_product (packed, layer, rand, 1);
      check_product (packed, layer, rand, 9);
    }
  spqr_cpu_limit (SPQR_CPU_AVX512);
  spqr_packed_free (packed);
}

static void
test_layers (void)
{
  static const struct { gsize m, n; int wbits, groupsize, qq; gboolean outliers; } cases[] = {
    { 40, 96, 3, 16, 3, TRUE }, { 33, 100, 4, 16, 0, TRUE }, { 7, 31, 2, 16, 3, TRUE }, { 300, 70, 4, 32, 3, FALSE },
    { 5, 64, 8, 0, 0, TRUE }, { 17, 130, 5, 48, 4, TRUE }, { 1, 1, 4, 16, 0, FALSE }, { 9, 33, 3, 0, 3, TRUE },
  };
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SpqrParams params = spqr_params_default;
      SpqrLayer layer;

      params.method = SPQR_METHOD_RTN;
      params.wbits = cases[i].wbits;
      params.groupsize = cases[i].groupsize;
      params.qq_scale_bits = params.qq_zero_bits = cases[i].qq;
      params.qq_groupsize = 16;
      layer = quantized_layer (rand, cases[i].m, cases[i].n, &params);
      if (cases[i].outliers)
        add_outliers (rand, &layer);
      check_layer (&layer, rand);
      spqr_layer_clear (&layer);
    }
}

static void
test_size (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (12);
  SpqrParams params = spqr_params_default;
  SpqrLayer layer;
  SpqrPacked *packed;

  params.method = SPQR_METHOD_RTN;
  params.wbits = 4;
  params.groupsize = 64;
  layer = quantized_layer (rand, 512, 512, &params);
  packed = spqr_packed_new (&layer);
  /* 4 bits of codes, 32 bits of statistics for 64 columns. */
  g_assert_cmpfloat (8.0 * spqr_packed_get_bytes (packed) / (512 * 512), <, 4.8);
  spqr_packed_free (packed);
  spqr_layer_clear (&layer);
}

/* What it does not hold is left to the dense form. */
static void
test_not_held (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (13);
  SpqrParams params = spqr_params_default;
  SpqrLayer layer;

  params.method = SPQR_METHOD_RTN;
  params.groupsize = 24;
  layer = quantized_layer (rand, 4, 96, &params);
  g_assert_null (spqr_packed_new (&layer));
  spqr_layer_clear (&layer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pack/packed/layers", test_layers);
  g_test_add_func ("/pack/packed/size", test_size);
  g_test_add_func ("/pack/packed/not-held", test_not_held);
  return g_test_run ();
}
