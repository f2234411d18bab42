/* What the published code gets wrong and this project does not, by the numbers of the project's
 * list of defects. Where it is cheap, compat_reference shows the published behaviour beside it. */
#include <math.h>
#include <string.h>

#include "fixture.h"
#include "num/spqr-fp16.h"

static float
f16 (float value)
{
  return spqr_f16_to_f32 (spqr_f32_to_f16 (value));
}

/* One row without error compensation: what the quantizer alone does to it. */
static void
round_row (const float *w, gsize n, const SpqrParams *params, SpqrLayer *layer, float *decoded)
{
  SpqrParams rtn = *params;

  rtn.method = SPQR_METHOD_RTN;
  g_assert_cmpint (spqr_layer_quantize (w, 1, n, NULL, NULL, &rtn, NULL, NULL, layer), ==, SPQR_OK);
  spqr_layer_decode (layer, 0, 1, decoded);
}

/* 1: rounding the stored statistics to f16 changes weights in the published form, not in ours. */
static void
test_1_stored_statistics (void)
{
  g_autoptr (Fixture) fixture = fixture_new (64, 96, 1);
  SpqrParams params = fixture_params (3, 16, 3, 16);

  for (int compat = 0; compat < 2; compat++)
    {
      g_autofree float *before = NULL, *after = NULL;
      SpqrLayer layer;
      gsize differ = 0;

      params.compat_reference = compat;
      fixture_quantize (fixture, &params, NULL, NULL, &layer);
      before = fixture_decode (&layer);
      for (gsize i = 0; i < layer.groups * layer.rows; i++)
        {
          layer.scale[i] = f16 (layer.scale[i]);
          layer.zero[i] = f16 (layer.zero[i]);
        }
      after = fixture_decode (&layer);
      for (gsize i = 0; i < 64 * 96; i++)
        differ += before[i] != after[i];
      if (compat)
        g_assert_cmpuint (differ, >, 64 * 96 / 2);
      else
        g_assert_cmpuint (differ, ==, 0);
      spqr_layer_clear (&layer);
    }
}

/* 2: the dense code of an outlier is code(0), which need not decode to 0; adding the stored residual
 * gives the weight, and adding the full value would not. */
static void
test_2_outliers_are_residuals (void)
{
  g_autoptr (Fixture) fixture = fixture_new (64, 96, 2);
  SpqrParams params = fixture_params (3, 16, 3, 16);
  gsize full_would_fail = 0;
  g_autofree float *w_hat = g_new (float, 64 * 96);
  SpqrLayerTrace trace = { .w_hat = w_hat };
  SpqrLayer layer;

  fixture_quantize (fixture, &params, NULL, &trace, &layer);
  g_assert_cmpuint (spqr_layer_outliers (&layer), >, 20);
  for (gsize r = 0; r < 64; r++)
    for (guint32 i = layer.outlier_offsets[r]; i < layer.outlier_offsets[r + 1]; i++)
      {
        gsize j = layer.outlier_cols[i], at = j / 16 * 64 + r;
        float code = layer.codes[r * 96 + j];
        float dense = f16 (layer.scale[at] * f16 (code - layer.zero[at]));

        g_assert_cmpfloat (code, ==, CLAMP (rintf (layer.zero[at]), 0, 7));
        g_assert_cmpfloat (layer.outlier_values[i], ==, f16 (layer.outlier_values[i]));
        g_assert_cmpfloat (f16 (dense + layer.outlier_values[i]), ==, w_hat[r * 96 + j]);
        full_would_fail += fabsf (dense) > layer.scale[at] / 8;
      }
  g_assert_cmpuint (full_would_fail, >, 0);
  spqr_layer_clear (&layer);
}

/* 3: rows that are no multiple of the run. The odd run is fitted like any other. */
static void
test_3_short_last_run (void)
{
  g_autoptr (Fixture) fixture = fixture_new (37, 64, 3);
  SpqrParams params = fixture_params (3, 16, 3, 16);
  SpqrLayer layer, last;
  g_autofree float *a = NULL, *b = NULL;

  params.outlier_threshold = INFINITY;
  fixture_quantize (fixture, &params, NULL, NULL, &layer);
  g_assert_cmpuint (layer.runs, ==, 3);
  a = fixture_decode (&layer);
  fixture->m = 5;
  memmove (fixture->w, fixture->w + 32 * 64, 5 * 64 * sizeof (float));
  fixture_quantize (fixture, &params, NULL, NULL, &last);
  b = fixture_decode (&last);
  g_assert_cmpmem (a + 32 * 64, 5 * 64 * sizeof (float), b, 5 * 64 * sizeof (float));
  spqr_layer_clear (&layer);
  spqr_layer_clear (&last);
}

/* 4: a last group of one column, with leave-one-out. Each row of it is a constant: exact. */
static void
test_4_last_group_of_one (void)
{
  g_autoptr (Fixture) fixture = fixture_new (40, 33, 4);
  SpqrParams params = fixture_params (3, 16, 3, 16);
  g_autofree float *w_hat = g_new (float, 40 * 33), *errors = g_new (float, 40 * 33);
  SpqrLayerTrace trace = { .errors = errors, .w_hat = w_hat };
  SpqrLayer layer;

  fixture_quantize (fixture, &params, NULL, &trace, &layer);
  g_assert_cmpuint (layer.n_constants, ==, 40);
  for (gsize r = 0; r < 40; r++)
    {
      g_assert_cmpuint (layer.constants[r].group, ==, 2);
      g_assert_cmpfloat (layer.constants[r].value, ==, w_hat[r * 33 + 32]);
    }
  spqr_layer_clear (&layer);
  params.compat_reference = true;
  fixture_quantize (fixture, &params, NULL, NULL, &layer);
  spqr_layer_clear (&layer);
}

/* 6: eight bits use all codes from 0 to 255. */
static void
test_6_eight_bits (void)
{
  g_autoptr (Fixture) fixture = fixture_new (32, 128, 5);
  SpqrParams params = fixture_params (8, 64, 8, 16);
  guint8 largest = 0, largest_scale = 0;
  SpqrLayer layer;

  fixture_quantize (fixture, &params, NULL, NULL, &layer);
  for (gsize i = 0; i < 32 * 128; i++)
    largest = MAX (largest, layer.codes[i]);
  for (gsize i = 0; i < layer.groups * 32; i++)
    largest_scale = MAX (largest_scale, layer.scale_codes[i]);
  g_assert_cmpuint (largest, ==, 255);
  g_assert_cmpuint (largest_scale, ==, 255);
  g_assert_cmpfloat (layer.proxy_loss, <, 1e-4);
  spqr_layer_clear (&layer);
}

/* 7: RTN gives weights, not codes, within half a step. */
static void
test_7_rtn_dequantizes (void)
{
  g_autoptr (Fixture) fixture = fixture_new (1, 64, 6);
  SpqrParams params = fixture_params (4, 0, 0, 0);
  float decoded[64];
  SpqrLayer layer;

  round_row (fixture->w, 64, &params, &layer, decoded);
  for (gsize i = 0; i < 64; i++)
    g_assert_cmpfloat (fabsf (decoded[i] - fixture->w[i]), <, layer.scale[0] * 0.52f);
  spqr_layer_clear (&layer);
}

static double
row_error (const Fixture *fixture, const float *decoded, gsize row, gsize column0, gsize columns)
{
  double sum = 0;

  for (gsize i = column0; i < column0 + columns; i++)
    {
      double difference = (double) fixture->w[row * fixture->n + i] - decoded[row * fixture->n + i];

      sum += difference * difference;
    }
  return sum;
}

/* 8: zero and constant groups come back exactly, and the other rows of their run do not notice:
 * they get the very codes they have in a layer without those rows. */
static void
test_8_constant_groups (void)
{
  for (int method = SPQR_METHOD_SPQR; method <= SPQR_METHOD_RTN; method++)
    for (int compat = 0; compat < 2; compat++)
      {
        g_autoptr (Fixture) fixture = fixture_new (16, 64, 7);
        SpqrParams params = fixture_params (3, 16, 3, 16);
        g_autofree float *decoded = NULL;
        double error = 0;
        SpqrLayer layer;

        params.method = (SpqrMethod) method;
        params.outlier_threshold = INFINITY;
        params.permutation_order = SPQR_ORDER_IDENTITY;
        params.compat_reference = compat;
        memset (fixture->w + 4 * 64, 0, 64 * sizeof (float));
        for (gsize i = 0; i < 16; i++)
          fixture->w[9 * 64 + i] = 0.15625f;
        fixture_quantize (fixture, &params, NULL, NULL, &layer);
        decoded = fixture_decode (&layer);
        error = row_error (fixture, decoded, 4, 0, 64) + row_error (fixture, decoded, 9, 0, 16);
        if (!compat)
          g_assert_cmpfloat (error, ==, 0);
        else if (method == SPQR_METHOD_RTN)
          g_assert_cmpfloat (error, >, 0.01);
        g_assert_cmpuint (layer.n_constants, ==, compat ? 0 : 5);
        spqr_layer_clear (&layer);
      }
}

static void
test_8_neighbours_untouched (void)
{
  g_autoptr (Fixture) with = fixture_new (16, 64, 8), without = fixture_new (16, 64, 8);
  SpqrParams params = fixture_params (3, 16, 3, 16);
  g_autofree float *a = NULL, *b = NULL, *c = NULL;
  double fair = 0, spoiled = 0;
  SpqrLayer layer;

  params.outlier_threshold = INFINITY;
  memset (with->w + 15 * 64, 0, 64 * sizeof (float));
  without->m = 15;
  fixture_quantize (with, &params, NULL, NULL, &layer);
  a = fixture_decode (&layer);
  spqr_layer_clear (&layer);
  fixture_quantize (without, &params, NULL, NULL, &layer);
  b = fixture_decode (&layer);
  spqr_layer_clear (&layer);
  g_assert_cmpmem (a, 15 * 64 * sizeof (float), b, 15 * 64 * sizeof (float));

  params.compat_reference = true;
  fixture_quantize (with, &params, NULL, NULL, &layer);
  c = fixture_decode (&layer);
  spqr_layer_clear (&layer);
  for (gsize r = 0; r < 15; r++)
    {
      fair += row_error (with, a, r, 0, 64);
      spoiled += row_error (with, c, r, 0, 64);
    }
  g_assert_cmpfloat (spoiled, >, 2 * fair);
}

/* 8: what is left of a group without its outliers may be constant too. */
static void
test_8_constant_but_for_outliers (void)
{
  g_autoptr (Fixture) fixture = fixture_new (32, 32, 9);
  SpqrParams params = fixture_params (3, 16, 3, 16);
  g_autofree float *decoded = NULL;
  SpqrLayer layer;

  params.permutation_order = SPQR_ORDER_IDENTITY;
  for (gsize i = 0; i < 16; i++)
    fixture->w[5 * 32 + i] = i == 7 ? 1.5f : i == 11 ? 0.6875f : 0;
  fixture_quantize (fixture, &params, NULL, NULL, &layer);
  decoded = fixture_decode (&layer);
  g_assert_cmpfloat (row_error (fixture, decoded, 5, 0, 16), ==, 0);
  g_assert_cmpuint (layer.outlier_offsets[6] - layer.outlier_offsets[5], >=, 2);
  g_assert_cmpuint (layer.n_constants, ==, 1);
  g_assert_cmpuint (layer.outlier_cols[layer.outlier_offsets[5]], ==, 7);
  g_assert_cmpfloat (layer.outlier_values[layer.outlier_offsets[5]], ==, 1.5f);
  spqr_layer_clear (&layer);
}

/* 9: a weight of exactly 0 that is an outlier, because its group lies far from 0. */
static void
test_9_outlier_of_value_zero (void)
{
  g_autoptr (Fixture) fixture = fixture_new (32, 32, 10);
  SpqrParams params = fixture_params (3, 16, 3, 16);
  gboolean found = FALSE;
  g_autofree float *decoded = NULL;
  SpqrLayer layer;

  params.permutation_order = SPQR_ORDER_IDENTITY;
  for (gsize i = 0; i < 16; i++)
    fixture->w[i] = i == 0 ? 0 : 1 + 0.01f * (float) (i % 5);
  fixture_quantize (fixture, &params, NULL, NULL, &layer);
  decoded = fixture_decode (&layer);
  for (guint32 i = layer.outlier_offsets[0]; i < layer.outlier_offsets[1]; i++)
    found |= layer.outlier_cols[i] == 0;
  g_assert_true (found);
  g_assert_cmpfloat (fabsf (decoded[0]), <, 1e-3);
  spqr_layer_clear (&layer);
}

/* 10: with sym the zero is fixed, and asking to quantize it is an error. */
static void
test_10_sym_zero_is_fixed (void)
{
  g_autoptr (Fixture) fixture = fixture_new (32, 32, 11);
  SpqrParams params = fixture_params (3, 16, 3, 16);
  SpqrFactor factor;
  SpqrLayer layer;

  params.sym = true;
  fixture_factor (fixture, &params, NULL, &factor);
  g_assert_cmpint (spqr_layer_quantize (fixture->w, 32, 32, NULL, &factor, &params, NULL, NULL, &layer), ==, SPQR_INVALID);
  params.compat_reference = true;
  g_assert_cmpint (spqr_layer_quantize (fixture->w, 32, 32, NULL, &factor, &params, NULL, NULL, &layer), ==, SPQR_OK);
  g_assert_cmpfloat (fabsf (layer.zero[0] - 1), <, 1e-6);       /* should be 4 */
  spqr_layer_clear (&layer);
  params.compat_reference = false;
  params.qq_zero_bits = 0;
  g_assert_cmpint (spqr_layer_quantize (fixture->w, 32, 32, NULL, &factor, &params, NULL, NULL, &layer), ==, SPQR_OK);
  for (gsize i = 0; i < layer.groups * 32; i++)
    g_assert_cmpfloat (layer.zero[i], ==, 4);
  g_assert_null (layer.zero_codes);
  spqr_layer_clear (&layer);
  spqr_factor_clear (&factor);
}

/* 11: a group of positive weights under sym: published, the range 0 … hi is put on codes centred on
 * 4 and everything above 3/7 hi saturates. */
static void
test_11_sym_positive_group (void)
{
  float w[16], decoded[16], worst[2] = { 0, 0 };
  SpqrParams params = fixture_params (3, 16, 0, 0);
  SpqrLayer layer;

  params.sym = true;
  for (gsize i = 0; i < 16; i++)
    w[i] = (float) (i + 1) / 16;
  for (int compat = 0; compat < 2; compat++)
    {
      params.compat_reference = compat;
      round_row (w, 16, &params, &layer, decoded);
      for (gsize i = 0; i < 16; i++)
        worst[compat] = MAX (worst[compat], fabsf (w[i] - decoded[i]));
      spqr_layer_clear (&layer);
    }
  g_assert_cmpfloat (worst[0], <, 0.16);
  g_assert_cmpfloat (worst[1], >, 0.5);
}

/* 12: scales and zeros quantized independently of each other. */
static void
test_12_every_combination (void)
{
  g_autoptr (Fixture) fixture = fixture_new (48, 64, 12);
  double loss[4];

  for (int k = 0; k < 4; k++)
    {
      SpqrParams params = fixture_params (3, 16, 3, 16);
      g_autofree float *w_hat = g_new (float, 48 * 64), *decoded = NULL;
      SpqrLayerTrace trace = { .w_hat = w_hat };
      SpqrLayer layer;

      params.qq_scale_bits = k & 1 ? 3 : 0;
      params.qq_zero_bits = k & 2 ? 3 : 0;
      params.permutation_order = SPQR_ORDER_IDENTITY;
      fixture_quantize (fixture, &params, NULL, &trace, &layer);
      g_assert_true ((layer.scale_codes != NULL) == (params.qq_scale_bits > 0));
      g_assert_true ((layer.zero_codes != NULL) == (params.qq_zero_bits > 0));
      g_assert_true ((layer.scale_scale != NULL) == (params.qq_scale_bits > 0));
      g_assert_true ((layer.zero_zero != NULL) == (params.qq_zero_bits > 0));
      decoded = fixture_decode (&layer);
      g_assert_cmpmem (decoded, 48 * 64 * sizeof (float), w_hat, 48 * 64 * sizeof (float));
      loss[k] = layer.proxy_loss;
      spqr_layer_clear (&layer);
    }
  for (int k = 1; k < 4; k++)
    g_assert_cmpfloat (loss[k], <, 2 * loss[0]);
}

/* 13: identical scales and zeros in a run. */
static void
test_13_identical_statistics (void)
{
  g_autoptr (Fixture) fixture = fixture_new (16, 16, 13);
  SpqrParams params = fixture_params (3, 16, 3, 16);

  params.method = SPQR_METHOD_RTN;
  for (gsize r = 0; r < 16; r++)
    for (gsize i = 0; i < 16; i++)
      fixture->w[r * 16 + i] = (float) ((i + r) % 8) / 64 - 3.0f / 64;
  for (int compat = 0; compat < 2; compat++)
    {
      g_autofree float *decoded = NULL;
      SpqrLayer layer;

      params.compat_reference = compat;
      fixture_quantize (fixture, &params, NULL, NULL, &layer);
      decoded = fixture_decode (&layer);
      if (compat)
        g_assert_cmpfloat (layer.scale[0], >, 0.1);     /* should be 1/64 */
      for (gsize r = 0; r < 16 && !compat; r++)
        {
          g_assert_cmpfloat (layer.scale[r], ==, 1.0f / 64);
          g_assert_cmpfloat (layer.zero[r], ==, 3);
          g_assert_cmpuint (layer.scale_codes[r], ==, 1);
          g_assert_cmpuint (layer.zero_codes[r], ==, 1);
          g_assert_cmpfloat (row_error (fixture, decoded, r, 0, 16), ==, 0);
        }
      g_assert_cmpfloat (fabs (layer.scale_zero[0] - (compat ? 3.5 : 0)), <, 1e-6);
      spqr_layer_clear (&layer);
    }
}

/* 18: columns with the same diagonal keep their order. */
static void
test_18_ties_by_index (void)
{
  g_autoptr (Fixture) fixture = fixture_new (8, 40, 14);
  SpqrParams params = spqr_params_default;
  SpqrFactor factor;

  for (gsize i = 0; i < 40; i++)
    for (gsize j = 0; j < 40; j++)
      fixture->h[i * 40 + j] = i == j ? (i % 4 == 1 ? 0 : (float) (i % 4)) : 0;
  fixture_factor (fixture, &params, NULL, &factor);
  for (gsize j = 1; j < 40; j++)
    {
      gsize p = (gsize) factor.perm[j - 1], q = (gsize) factor.perm[j];
      float a = fixture->h[p * 41], b = fixture->h[q * 41];

      g_assert_true (a > b || (a == b && p < q));
    }
  for (gsize j = 0; j < 40; j++)
    g_assert_cmpint (factor.dead[j], ==, fixture->h[(gsize) factor.perm[j] * 41] == 0);
  spqr_factor_clear (&factor);
}

/* Groups far from 0, whose zero an f16 could not count: as good as f16 can be when zeros are not
 * quantized; with quantized zeros, the neighbours are spared. */
static void
test_far_from_zero (void)
{
  float w[16], decoded[16];
  SpqrLayer layer;

  for (float level = 0.5f; level < 60000; level *= 7)
    for (float spread = 1e-6f; spread < 0.2f; spread *= 10)
      for (int bits = 2; bits <= 8; bits += 3)
        {
          SpqrParams params = fixture_params (bits, 16, 0, 0);

          for (gsize i = 0; i < 16; i++)
            w[i] = level * (1 + spread * (float) i / 16) * (bits == 5 ? -1 : 1);
          round_row (w, 16, &params, &layer, decoded);
          for (gsize i = 0; i < 16; i++)
            {
              float step = level * spread / (float) ((1 << bits) - 1);

              g_assert_cmpfloat (fabsf (decoded[i] - w[i]), <=, 0.55f * step + level / 700);
            }
          spqr_layer_clear (&layer);
        }
}

static void
test_far_from_zero_spares_neighbours (void)
{
  g_autoptr (Fixture) fixture = fixture_new (16, 16, 15);
  SpqrParams params = fixture_params (3, 16, 3, 16);
  g_autofree float *decoded = NULL;
  double energy = 0, error = 0;
  SpqrLayer layer;

  params.method = SPQR_METHOD_RTN;
  for (gsize i = 0; i < 16; i++)
    fixture->w[i] = 0.1f + 1e-6f * (float) i;
  fixture_quantize (fixture, &params, NULL, NULL, &layer);
  decoded = fixture_decode (&layer);
  for (gsize r = 1; r < 16; r++)
    {
      error += row_error (fixture, decoded, r, 0, 16);
      for (gsize i = 0; i < 16; i++)
        energy += (double) fixture->w[r * 16 + i] * fixture->w[r * 16 + i];
    }
  g_assert_cmpfloat (error, <, 0.2 * energy);
  spqr_layer_clear (&layer);
}

/* Weights so small that their scale is no normal f16 number. */
static void
test_tiny_weights (void)
{
  float w[16], decoded[16];
  SpqrLayer layer;

  for (float level = 1e-3f; level > 1e-9f; level /= 3)
    for (int bits = 2; bits <= 8; bits += 2)
      {
        SpqrParams params = fixture_params (bits, 16, 0, 0);

        for (gsize i = 0; i < 16; i++)
          w[i] = level * ((float) i - 5) / 16;
        round_row (w, 16, &params, &layer, decoded);
        for (gsize i = 0; i < 16; i++)
          g_assert_cmpfloat (fabsf (decoded[i] - w[i]), <=, 0.55f * level / (float) ((1 << bits) - 1) + 0x1p-24f);
        spqr_layer_clear (&layer);
      }
}

/* One scale and zero for all rows. */
static void
test_shared_statistics (void)
{
  g_autoptr (Fixture) fixture = fixture_new (40, 48, 16);

  for (int qq = 0; qq <= 3; qq += 3)
    {
      SpqrParams params = fixture_params (3, 16, qq, 16);
      SpqrLayer layer;

      params.perchannel = false;
      fixture_quantize (fixture, &params, NULL, NULL, &layer);
      for (gsize g = 0; g < 3; g++)
        for (gsize r = 1; r < 40; r++)
          {
            g_assert_cmpfloat (layer.scale[g * 40 + r], ==, layer.scale[g * 40]);
            g_assert_cmpfloat (layer.zero[g * 40 + r], ==, layer.zero[g * 40]);
          }
      spqr_layer_clear (&layer);
    }
}

/* GPTQ is the loop without outliers and second order, whatever the parameters say. */
static void
test_gptq_ignores (void)
{
  g_autoptr (Fixture) fixture = fixture_new (40, 48, 17);
  SpqrParams params = fixture_params (4, 16, 3, 16), plain = fixture_params (4, 16, 0, 0);
  SpqrLayer a, b;

  params.method = SPQR_METHOD_GPTQ;
  plain.outlier_threshold = INFINITY;
  fixture_quantize (fixture, &params, NULL, NULL, &a);
  fixture_quantize (fixture, &plain, NULL, NULL, &b);
  g_assert_cmpuint (spqr_layer_outliers (&a), ==, 0);
  g_assert_true (isinf (a.params.outlier_threshold) && a.params.qq_scale_bits == 0);
  assert_layers_equal (&a, &b);
  spqr_layer_clear (&a);
  spqr_layer_clear (&b);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/defects/1-stored-statistics", test_1_stored_statistics);
  g_test_add_func ("/defects/2-outliers-are-residuals", test_2_outliers_are_residuals);
  g_test_add_func ("/defects/3-short-last-run", test_3_short_last_run);
  g_test_add_func ("/defects/4-last-group-of-one", test_4_last_group_of_one);
  g_test_add_func ("/defects/6-eight-bits", test_6_eight_bits);
  g_test_add_func ("/defects/7-rtn-dequantizes", test_7_rtn_dequantizes);
  g_test_add_func ("/defects/8-constant-groups", test_8_constant_groups);
  g_test_add_func ("/defects/8-neighbours-untouched", test_8_neighbours_untouched);
  g_test_add_func ("/defects/8-constant-but-for-outliers", test_8_constant_but_for_outliers);
  g_test_add_func ("/defects/9-outlier-of-value-zero", test_9_outlier_of_value_zero);
  g_test_add_func ("/defects/10-sym-zero-is-fixed", test_10_sym_zero_is_fixed);
  g_test_add_func ("/defects/11-sym-positive-group", test_11_sym_positive_group);
  g_test_add_func ("/defects/12-every-combination", test_12_every_combination);
  g_test_add_func ("/defects/13-identical-statistics", test_13_identical_statistics);
  g_test_add_func ("/defects/18-ties-by-index", test_18_ties_by_index);
  g_test_add_func ("/defects/far-from-zero", test_far_from_zero);
  g_test_add_func ("/defects/far-from-zero-spares-neighbours", test_far_from_zero_spares_neighbours);
  g_test_add_func ("/defects/tiny-weights", test_tiny_weights);
  g_test_add_func ("/defects/shared-statistics", test_shared_statistics);
  g_test_add_func ("/defects/gptq-ignores", test_gptq_ignores);
  return g_test_run ();
}
