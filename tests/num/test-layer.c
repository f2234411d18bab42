/* A layer's quantization as a whole: shapes, threads, instruction sets, parts of rows, cancelling,
 * and that what is decoded is what the loop assumed. */
#include <math.h>
#include <string.h>

#include "fixture.h"
#include "num/spqr-blas.h"
#include "num/spqr-cpu.h"
#include "num/spqr-fp16.h"

static const gsize sizes[] = { 1, 2, 15, 17, 33, 127, 129, 172 };

/* decode == the loop's values, bit for bit; codes in range; statistics are f16 numbers. */
static void
check_layer (const SpqrLayer *layer, const float *w_hat)
{
  gsize count = layer->rows * layer->cols;
  g_autofree float *decoded = fixture_decode (layer);

  for (gsize r = 0; r < layer->rows; r++)
    for (gsize j = 0; j < layer->cols; j++)
      {
        float at = decoded[r * layer->cols + (gsize) layer->perm[j]];

        g_assert_true (memcmp (&at, &w_hat[r * layer->cols + j], sizeof at) == 0);
        g_assert_true (isfinite (at));
        if (!layer->params.compat_reference)
          g_assert_true (spqr_f16_to_f32 (spqr_f32_to_f16 (at)) == at);
      }
  for (gsize i = 0; i < count; i++)
    g_assert_cmpuint (layer->codes[i], <, 1u << layer->params.wbits);
  for (gsize i = 0; i < layer->groups * layer->rows && !layer->params.compat_reference; i++)
    {
      g_assert_true (spqr_f16_to_f32 (spqr_f32_to_f16 (layer->scale[i])) == layer->scale[i]);
      g_assert_true (spqr_f16_to_f32 (spqr_f32_to_f16 (layer->zero[i])) == layer->zero[i]);
    }
  for (gsize i = 0; i < layer->groups * layer->runs && layer->scale_scale != NULL && !layer->params.compat_reference; i++)
    g_assert_true (spqr_f16_to_f32 (spqr_f32_to_f16 (layer->scale_zero[i])) == layer->scale_zero[i] &&
                   spqr_f16_to_f32 (spqr_f32_to_f16 (layer->scale_scale[i])) == layer->scale_scale[i]);
}

/* The effective statistics follow from the codes by the formula of the header. */
static void
check_second_order (const SpqrLayer *layer)
{
  for (gsize g = 0; g < layer->groups; g++)
    for (gsize r = 0; r < layer->rows; r++)
      {
        gsize at = g * layer->rows + r, run = layer->runs == 0 ? 0 : g * layer->runs + r / (gsize) layer->params.qq_groupsize;

        if (layer->scale_codes != NULL)
          {
            float t = spqr_f16_to_f32 (spqr_f32_to_f16 ((float) layer->scale_codes[at] - layer->scale_zero[run]));

            g_assert_cmpfloat (spqr_f16_to_f32 (spqr_f32_to_f16 (layer->scale_scale[run] * t)), ==, layer->scale[at]);
          }
        if (layer->zero_codes != NULL)
          {
            float t = spqr_f16_to_f32 (spqr_f32_to_f16 ((float) layer->zero_codes[at] - layer->zero_zero[run]));

            g_assert_cmpfloat (spqr_f16_to_f32 (spqr_f32_to_f16 (layer->zero_scale[run] * t)), ==, layer->zero[at]);
          }
      }
}

/* Decoding once more, by the header's words alone. */
static void
check_decoding (const SpqrLayer *layer)
{
  g_autofree float *decoded = fixture_decode (layer);
  gsize g = layer->params.groupsize > 0 ? (gsize) layer->params.groupsize : layer->cols;
  gsize constant = 0;

  for (gsize r = 0; r < layer->rows; r++)
    {
      guint32 outlier = layer->outlier_offsets[r];

      for (gsize j = 0; j < layer->cols; j++)
        {
          gsize at = j / g * layer->rows + r;
          float t = spqr_f16_to_f32 (spqr_f32_to_f16 ((float) layer->codes[r * layer->cols + j] - layer->zero[at]));
          float w = spqr_f16_to_f32 (spqr_f32_to_f16 (layer->scale[at] * t));

          while (constant < layer->n_constants &&
                 (layer->constants[constant].row < r || (layer->constants[constant].row == r && layer->constants[constant].group < j / g)))
            constant++;
          if (constant < layer->n_constants && layer->constants[constant].row == r && layer->constants[constant].group == j / g)
            w = layer->constants[constant].value;
          if (outlier < layer->outlier_offsets[r + 1] && layer->outlier_cols[outlier] == j)
            w = spqr_f16_to_f32 (spqr_f32_to_f16 (w + layer->outlier_values[outlier++]));
          g_assert_cmpfloat (decoded[r * layer->cols + (gsize) layer->perm[j]], ==, w);
        }
    }
}

static SpqrParams
random_params (GRand *rand, gsize m, gsize n)
{
  SpqrParams params = spqr_params_default;

  params.method = (SpqrMethod) g_rand_int_range (rand, 0, 3);
  params.wbits = g_rand_int_range (rand, 1, 9);
  params.groupsize = g_rand_boolean (rand) ? 16 : g_rand_int_range (rand, 0, (int) n + 3);
  params.perchannel = g_rand_int_range (rand, 0, 6) != 0;
  params.sym = g_rand_int_range (rand, 0, 4) == 0;
  params.round_zero = g_rand_int_range (rand, 0, 3) == 0;
  params.qq_scale_bits = g_rand_int_range (rand, 0, 9);
  params.qq_zero_bits = params.sym ? 0 : g_rand_int_range (rand, 0, 9);
  params.qq_zero_sym = g_rand_boolean (rand);
  params.qq_groupsize = g_rand_boolean (rand) ? 16 : g_rand_int_range (rand, 1, (int) m + 3);
  params.outlier_threshold = g_rand_int_range (rand, 0, 4) == 0 ? INFINITY : g_rand_double (rand);
  params.simplified_outliers = g_rand_int_range (rand, 0, 3) == 0;
  params.permutation_order = (SpqrOrder) g_rand_int_range (rand, 0, 3);
  params.percdamp = g_rand_boolean (rand) ? 1 : 0.01;
  return params;
}

/* Every shape with parameters drawn at random. */
static void
test_ragged (void)
{
  GRand *rand = g_rand_new_with_seed (20);

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (sizes); j++)
      {
        gsize m = sizes[i], n = sizes[j];
        g_autoptr (Fixture) fixture = fixture_new (m, n, (guint32) (i * 8 + j));
        g_autofree float *w_hat = g_new (float, m * n);

        for (int k = 0; k < 4; k++)
          {
            SpqrParams params = random_params (rand, m, n);
            SpqrLayerTrace trace = { .w_hat = w_hat };
            SpqrLayer layer;

            fixture_quantize (fixture, &params, NULL, &trace, &layer);
            check_layer (&layer, w_hat);
            check_second_order (&layer);
            check_decoding (&layer);
            spqr_layer_clear (&layer);
            params.compat_reference = true;
            fixture_quantize (fixture, &params, NULL, &trace, &layer);
            check_layer (&layer, w_hat);
            spqr_layer_clear (&layer);
          }
      }
  g_rand_free (rand);
}

/* The same bits for any number of threads, and for any instruction set that multiplies and adds in one
 * rounding. */
static void
check_threads_and_instructions (const Fixture *fixture, const SpqrParams *params)
{
  SpqrLayer first[SPQR_CPU_AVX512 + 1], other;

  for (int cpu = SPQR_CPU_PLAIN; cpu <= SPQR_CPU_AVX512; cpu++)
    {
      spqr_cpu_limit ((SpqrCpu) cpu);
      fixture_quantize (fixture, params, NULL, NULL, &first[cpu]);
      for (int threads = 1; threads <= 3; threads++)
        {
          SpqrExec exec = threads_exec (&threads);

          fixture_quantize (fixture, params, &exec, NULL, &other);
          assert_layers_equal (&first[cpu], &other);
          spqr_layer_clear (&other);
        }
      spqr_cpu_limit (SPQR_CPU_AVX512);
    }
  assert_layers_equal (&first[SPQR_CPU_AVX2], &first[SPQR_CPU_AVX512]);
  g_assert_cmpfloat_with_epsilon (first[SPQR_CPU_PLAIN].mse, first[SPQR_CPU_AVX512].mse, 0.02 * first[SPQR_CPU_AVX512].mse);
  for (int cpu = SPQR_CPU_PLAIN; cpu <= SPQR_CPU_AVX512; cpu++)
    spqr_layer_clear (&first[cpu]);
}

static void
test_threads_and_instructions (void)
{
  static const gsize shapes[][2] = { { 300, 172 }, { 129, 257 }, { 64, 520 }, { 530, 400 } };

  for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
    for (int variant = 0; variant < 4; variant++)
      {
        g_autoptr (Fixture) fixture = fixture_new (shapes[i][0], shapes[i][1], 7);
        SpqrParams params = fixture_params (variant == 1 ? 4 : 3, variant == 2 ? 48 : 16, variant == 3 ? 0 : 3, 16);

        params.compat_reference = variant == 1;
        params.sym = variant == 3;
        check_threads_and_instructions (fixture, &params);
      }
}

static void
check_rows (const Fixture *fixture, const SpqrParams *params, const SpqrFactor *factor,
            const SpqrLayer *full, double threshold, gsize row0, gsize count)
{
  SpqrLayer part;
  g_autofree float *a = fixture_decode (full), *b = NULL;

  g_assert_cmpint (spqr_layer_quantize_rows (fixture->w, fixture->m, fixture->n, row0, count, factor, threshold, params, NULL, NULL, &part), ==, SPQR_OK);
  b = fixture_decode (&part);
  g_assert_cmpmem (a + row0 * fixture->n, count * fixture->n * sizeof (float), b, count * fixture->n * sizeof (float));
  g_assert_cmpmem (full->codes + row0 * fixture->n, count * fixture->n, part.codes, count * fixture->n);
  g_assert_cmpuint (full->outlier_offsets[row0 + count] - full->outlier_offsets[row0], ==, spqr_layer_outliers (&part));
  for (gsize g = 0; g < full->groups; g++)
    {
      g_assert_cmpmem (full->scale + g * full->rows + row0, count * sizeof (float), part.scale + g * count, count * sizeof (float));
      g_assert_cmpmem (full->zero + g * full->rows + row0, count * sizeof (float), part.zero + g * count, count * sizeof (float));
    }
  spqr_layer_clear (&part);
}

static void
test_rows (void)
{
  static const gsize shapes[][2] = { { 300, 172 }, { 33, 129 }, { 700, 300 } };

  for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
    for (int q = 0; q <= 48; q += 16)
      {
        g_autoptr (Fixture) fixture = fixture_new (shapes[i][0], shapes[i][1], 9);
        SpqrParams params = fixture_params (3, 16, q > 0 ? 3 : 0, q);
        gsize m = fixture->m, unit = q > 0 ? (gsize) q : 1;
        SpqrFactor factor;
        SpqrLayer full;
        double threshold;

        fixture_factor (fixture, &params, NULL, &factor);
        threshold = spqr_layer_threshold (fixture->w, m, fixture->n, &factor, &params, NULL);
        g_assert_cmpint (spqr_layer_quantize (fixture->w, m, fixture->n, NULL, &factor, &params, NULL, NULL, &full), ==, SPQR_OK);
        check_rows (fixture, &params, &factor, &full, threshold, 0, m);
        for (gsize row0 = 0; row0 < m; row0 += unit * 3 + (q == 0 ? 10 : 0))
          check_rows (fixture, &params, &factor, &full, threshold, row0, MIN (unit * 2 + (q == 0 ? 37 : 0), m - row0));
        spqr_layer_clear (&full);
        spqr_factor_clear (&factor);
      }
}

static void
test_rows_refused (void)
{
  g_autoptr (Fixture) fixture = fixture_new (64, 32, 3);
  SpqrParams params = fixture_params (3, 16, 3, 16);
  SpqrFactor factor;
  SpqrLayer layer;

  fixture_factor (fixture, &params, NULL, &factor);
  g_assert_cmpint (spqr_layer_quantize_rows (fixture->w, 64, 32, 8, 16, &factor, 1, &params, NULL, NULL, &layer), ==, SPQR_INVALID);
  g_assert_cmpint (spqr_layer_quantize_rows (fixture->w, 64, 32, 16, 8, &factor, 1, &params, NULL, NULL, &layer), ==, SPQR_INVALID);
  g_assert_cmpint (spqr_layer_quantize_rows (fixture->w, 64, 32, 48, 32, &factor, 1, &params, NULL, NULL, &layer), ==, SPQR_INVALID);
  params.perchannel = false;
  g_assert_cmpint (spqr_layer_quantize_rows (fixture->w, 64, 32, 16, 16, &factor, 1, &params, NULL, NULL, &layer), ==, SPQR_UNSUPPORTED);
  spqr_factor_clear (&factor);
}

/* Stopped at any poll: CANCELLED, nothing left over; not stopped: the same as ever. */
static void
test_cancel (void)
{
  g_autoptr (Fixture) fixture = fixture_new (300, 257, 4);
  SpqrParams params = fixture_params (3, 16, 3, 16);
  int threads = 2;
  SpqrExec exec = threads_exec (&threads);
  StopAfter stop = { 0 };
  SpqrFactor factor;
  SpqrLayer layer;
  int total;

  exec.should_stop = stop_after;
  exec.stop_data = &stop;
  fixture_factor (fixture, &params, &exec, &factor);
  total = stop.polls;
  g_assert_cmpint (total, >, 10);
  spqr_factor_clear (&factor);
  for (int at = 1; at <= total; at++)
    {
      stop = (StopAfter) { 0, at };
      g_assert_cmpint (spqr_factor_compute (fixture->h, fixture->w, 300, 257, &params, NULL, &exec, &factor), ==, SPQR_CANCELLED);
      g_assert_null (factor.u);
    }

  stop = (StopAfter) { 0 };
  fixture_factor (fixture, &params, &exec, &factor);
  stop = (StopAfter) { 0 };
  g_assert_cmpint (spqr_layer_quantize (fixture->w, 300, 257, fixture->h, &factor, &params, &exec, NULL, &layer), ==, SPQR_OK);
  total = stop.polls;
  g_assert_cmpint (total, >, 40);
  spqr_layer_clear (&layer);
  for (int at = 1; at <= total; at++)
    {
      stop = (StopAfter) { 0, at };
      g_assert_cmpint (spqr_layer_quantize (fixture->w, 300, 257, fixture->h, &factor, &params, &exec, NULL, &layer), ==, SPQR_CANCELLED);
      g_assert_null (layer.codes);
    }
  spqr_factor_clear (&factor);
}

static void
expect (const Fixture *fixture, const SpqrFactor *factor, const SpqrParams *params, SpqrStatus status)
{
  SpqrLayer layer;

  g_assert_cmpint (spqr_layer_quantize (fixture->w, fixture->m, fixture->n, fixture->h, factor, params, NULL, NULL, &layer), ==, status);
  if (status != SPQR_OK)
    g_assert_true (layer.codes == NULL && layer.rows == 0);
  spqr_layer_clear (&layer);
}

static void
test_invalid_weights (void)
{
  static const float bad[] = { NAN, INFINITY, -INFINITY, 65505, -70000 };
  g_autoptr (Fixture) fixture = fixture_new (70, 40, 5);
  SpqrParams params = fixture_params (3, 16, 3, 16);
  SpqrFactor factor;

  fixture_factor (fixture, &params, NULL, &factor);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      float saved = fixture->w[69 * 40 + 39];

      fixture->w[69 * 40 + 39] = bad[i];
      expect (fixture, &factor, &params, SPQR_INVALID);
      params.compat_reference = true;
      expect (fixture, &factor, &params, isfinite (bad[i]) ? SPQR_OK : SPQR_INVALID);
      params.compat_reference = false;
      fixture->w[69 * 40 + 39] = saved;
    }
  fixture->w[0] = 65504;
  fixture->w[1] = -65504;
  expect (fixture, &factor, &params, SPQR_OK);
  spqr_factor_clear (&factor);
}

static void
test_invalid_params (void)
{
  g_autoptr (Fixture) fixture = fixture_new (32, 32, 6);
  SpqrParams good = fixture_params (3, 16, 3, 16), params;
  SpqrFactor factor, none = { 0 };

  fixture_factor (fixture, &good, NULL, &factor);
  expect (fixture, &factor, &good, SPQR_OK);
  expect (fixture, NULL, &good, SPQR_INVALID);
  expect (fixture, &none, &good, SPQR_INVALID);
#define REFUSE(change) do { params = good; params.change; expect (fixture, &factor, &params, SPQR_INVALID); } while (0)
  REFUSE (wbits = 0);
  REFUSE (wbits = 9);
  REFUSE (groupsize = -1);
  REFUSE (qq_scale_bits = 9);
  REFUSE (qq_zero_bits = -1);
  REFUSE (qq_groupsize = 0);
  REFUSE (outlier_threshold = -0.1);
  REFUSE (outlier_threshold = NAN);
  REFUSE (percdamp = -1);
  REFUSE (percdamp = NAN);
  REFUSE (sym = true);          /* with qq_zero_bits 3 */
#undef REFUSE
  spqr_factor_clear (&factor);
}

/* The ends of f16: everything stays finite. */
static void
test_extreme_values (void)
{
  static const float levels[] = { 65504, 30000, 1, 1e-3f, 1e-6f, 1e-7f, 1e-12f, 1e-38f };
  GRand *rand = g_rand_new_with_seed (11);

  for (gsize i = 0; i < G_N_ELEMENTS (levels); i++)
    for (int offset = 0; offset < 2; offset++)
      for (int k = 0; k < 12; k++)
        {
          g_autoptr (Fixture) fixture = fixture_new (40, 50, (guint32) k);
          g_autofree float *w_hat = g_new (float, 40 * 50);
          SpqrParams params = random_params (rand, 40, 50);
          SpqrLayerTrace trace = { .w_hat = w_hat };
          SpqrLayer layer;

          for (gsize j = 0; j < 40 * 50; j++)
            fixture->w[j] = levels[i] * CLAMP (offset != 0 ? 1 - 0.01f * fixture->w[j] * fixture->w[j] : fixture->w[j] * 20, -1, 1);
          fixture_quantize (fixture, &params, NULL, &trace, &layer);
          check_layer (&layer, w_hat);
          check_decoding (&layer);
          spqr_layer_clear (&layer);
        }
  g_rand_free (rand);
}

/* The loss that is put together from the loop's errors is that of the decoded weights. */
static void
test_proxy_loss (void)
{
  g_autoptr (Fixture) fixture = fixture_new (600, 200, 12);

  for (int dead = 0; dead < 2; dead++)
    for (int k = 0; k < 4; k++)
      {
        SpqrParams params = fixture_params (3, 16, 3, 16);
        SpqrLayer layer;
        g_autofree float *decoded = NULL;
        double sum = 0, energy = 0;

        for (gsize i = 0; i < 200 && dead; i++)
          fixture->h[i * 200 + 13] = fixture->h[13 * 200 + i] = 0;
        params.percdamp = k % 2 ? 1 : 0.001;
        params.method = k == 2 ? SPQR_METHOD_RTN : k == 3 ? SPQR_METHOD_GPTQ : SPQR_METHOD_SPQR;
        fixture_quantize (fixture, &params, NULL, NULL, &layer);
        decoded = fixture_decode (&layer);
        for (gsize r = 0; r < 600; r++)
          for (gsize i = 0; i < 200; i++)
            for (gsize j = 0; j < 200; j++)
              {
                const float *w = fixture->w + r * 200, *v = decoded + r * 200;
                double h = fixture->h[i * 200 + j];

                sum += ((double) w[i] - v[i]) * h * ((double) w[j] - v[j]);
                energy += (double) w[i] * h * w[j];
              }
        g_assert_cmpfloat_with_epsilon (layer.proxy_loss / (sum / energy), 1, 1e-5);
        g_assert_cmpfloat_with_epsilon (spqr_proxy_loss (fixture->w, decoded, fixture->h, 600, 200, NULL) / (sum / energy), 1, 1e-5);
        spqr_layer_clear (&layer);
      }
}

/* A Hessian that is not the factor's is noticed. */
static void
test_proxy_loss_other_hessian (void)
{
  g_autoptr (Fixture) fixture = fixture_new (600, 100, 13), other = fixture_new (1, 100, 14);
  SpqrParams params = fixture_params (3, 16, 3, 16);
  g_autofree float *decoded = NULL;
  SpqrFactor factor;
  SpqrLayer layer;

  fixture_factor (fixture, &params, NULL, &factor);
  g_assert_cmpint (spqr_layer_quantize (fixture->w, 600, 100, other->h, &factor, &params, NULL, NULL, &layer), ==, SPQR_OK);
  decoded = fixture_decode (&layer);
  g_assert_cmpfloat_with_epsilon (layer.proxy_loss / spqr_proxy_loss (fixture->w, decoded, other->h, 600, 100, NULL), 1, 1e-6);
  spqr_layer_clear (&layer);
  spqr_factor_clear (&factor);
}

/* U (n, n) of zeros right of the diagonal gets one number in each block of 128 rows, beyond the block or
 * inside it, too small to change any weight. */
static void
spoil_diagonal (float *u, gsize n, gboolean inside)
{
  for (gsize s = 0; s + 1 < n; s += 128)
    u[s * n + (inside ? MIN (s + 127, n - 1) : n - 1)] = 1e-37f;
}

/* Without calibration U is diagonal: what is then left out would have changed nothing. */
static void
test_diagonal_factor (void)
{
  const gsize m = 70, n = 300;
  g_autoptr (Fixture) fixture = fixture_new (m, n, 12);
  SpqrParams params = fixture_params (3, 16, 3, 16);
  SpqrLayer plain, spoiled;
  SpqrFactor factor;

  for (gsize i = 0; i < n; i++)
    for (gsize j = 0; j < n; j++)
      if (i != j)
        fixture->h[i * n + j] = 0;
  fixture_factor (fixture, &params, NULL, &factor);
  for (gsize i = 0; i < n; i++)
    for (gsize j = 0; j < n; j++)
      g_assert_true (i == j || factor.u[i * n + j] == 0);
  g_assert_cmpint (spqr_layer_quantize (fixture->w, m, n, fixture->h, &factor, &params, NULL, NULL, &plain), ==, SPQR_OK);
  for (int inside = 0; inside < 2; inside++)
    {
      spoil_diagonal (factor.u, n, inside);
      g_assert_cmpint (spqr_layer_quantize (fixture->w, m, n, fixture->h, &factor, &params, NULL, NULL, &spoiled), ==, SPQR_OK);
      assert_layers_equal (&plain, &spoiled);
      spqr_layer_clear (&spoiled);
    }
  /* A number that matters is not left out. */
  factor.u[5 * n + 250] = factor.u[5 * n + 5];
  g_assert_cmpint (spqr_layer_quantize (fixture->w, m, n, NULL, &factor, &params, NULL, NULL, &spoiled), ==, SPQR_OK);
  g_assert_true (memcmp (plain.codes, spoiled.codes, m * n) != 0);
  spqr_layer_clear (&spoiled);
  spqr_layer_clear (&plain);
  spqr_factor_clear (&factor);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  spqr_blas_single_thread ();
  g_test_add_func ("/layer/ragged", test_ragged);
  g_test_add_func ("/layer/threads-and-instructions", test_threads_and_instructions);
  g_test_add_func ("/layer/diagonal-factor", test_diagonal_factor);
  g_test_add_func ("/layer/rows", test_rows);
  g_test_add_func ("/layer/rows-refused", test_rows_refused);
  g_test_add_func ("/layer/cancel", test_cancel);
  g_test_add_func ("/layer/invalid-weights", test_invalid_weights);
  g_test_add_func ("/layer/invalid-params", test_invalid_params);
  g_test_add_func ("/layer/extreme-values", test_extreme_values);
  g_test_add_func ("/layer/proxy-loss", test_proxy_loss);
  g_test_add_func ("/layer/proxy-loss-other-hessian", test_proxy_loss_other_hessian);
  return g_test_run ();
}
