/* spqr-field: sensitivity against the formula, fields of a quantized layer against its parts. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "num/spqr-blas.h"
#include "num/spqr-cpu.h"
#include "num/spqr-field.h"
#include "num/spqr-hessian.h"
#include "threads.h"

static float *
random_new (size_t n, double scale)
{
  float *values = g_new (float, n);

  for (size_t i = 0; i < n; i++)
    values[i] = (float) (scale * g_test_rand_double_range (-1, 1));
  return values;
}

/* The group fit of the specification, in f64 but for what decides codes. */
static float
plain_value (float w, float lo, float hi, const SpqrParams *params)
{
  float maxq = (float) ((1 << params->wbits) - 1), scale, zero, code;

  if (lo == hi)
    return w;
  if (params->sym)
    {
      hi = MAX (fabsf (lo), hi);
      lo = -hi;
    }
  scale = (hi - lo) / maxq;
  zero = params->sym ? (maxq + 1) / 2 : -lo / scale;
  if (params->round_zero)
    zero = rintf (zero);
  code = CLAMP (rintf (w / scale + zero), 0, maxq);
  return scale * (code - zero);
}

static void
group_range (const float *w, size_t m, size_t n, size_t row, gboolean perchannel, size_t c0, size_t c1, float *lo, float *hi)
{
  *lo = INFINITY;
  *hi = -INFINITY;
  for (size_t r = perchannel ? row : 0; r < (perchannel ? row + 1 : m); r++)
    for (size_t c = c0; c < c1; c++)
      {
        *lo = MIN (*lo, w[r * n + c]);
        *hi = MAX (*hi, w[r * n + c]);
      }
}

static void
check_sensitivity (size_t m, size_t n, const SpqrParams *params, gboolean with_hessian)
{
  g_autofree float *w = random_new (m * n, 0.1), *hinv = random_new (n, 1), *out = g_new (float, m * n);
  size_t group = params->groupsize ? (size_t) params->groupsize : n;

  for (size_t j = 0; j < n; j++)
    hinv[j] = fabsf (hinv[j]) + 0.01f;
  for (size_t j = 0; j < MIN (group, n); j++)
    w[j] = 0.25f;               /* a constant group */
  for (int cpu = SPQR_CPU_PLAIN; cpu <= SPQR_CPU_AVX512; cpu++)
    for (guint threads = 1; threads <= 3; threads++)
      {
        SpqrExec exec = threads_exec (threads);

        spqr_cpu_limit (cpu);
        memset (out, 0xff, m * n * sizeof *out);
        g_assert_cmpint (spqr_field_sensitivity (w, m, n, with_hessian ? hinv : NULL, params, &exec, out), ==, SPQR_OK);
        for (size_t row = 0; row < m; row++)
          for (size_t j = 0; j < n; j++)
            {
              size_t c0 = j / group * group;
              float lo, hi, error, expected;

              group_range (w, m, n, row, params->perchannel, c0, MIN (c0 + group, n), &lo, &hi);
              error = w[row * n + j] - plain_value (w[row * n + j], lo, hi, params);
              expected = error * error * 0.5f / (with_hessian ? hinv[j] : 1.0f);
              g_assert_cmpfloat (fabsf (out[row * n + j] - expected), <=, 1e-6f * expected);
            }
      }
  spqr_cpu_limit (SPQR_CPU_AVX512);
}

static void
test_sensitivity (void)
{
  static const size_t shapes[][2] = { { 1, 1 }, { 3, 16 }, { 5, 172 }, { 20, 64 }, { 2, 37 } };
  static const int groups[] = { 0, 16, 5, 48 };

  for (size_t s = 0; s < G_N_ELEMENTS (shapes); s++)
    for (size_t g = 0; g < G_N_ELEMENTS (groups); g++)
      for (int flags = 0; flags < 8; flags++)
        {
          SpqrParams params = spqr_params_default;

          params.wbits = 2 + flags % 3;
          params.groupsize = groups[g];
          params.sym = flags & 1;
          params.perchannel = !(flags & 2);
          params.round_zero = flags & 4;
          check_sensitivity (shapes[s][0], shapes[s][1], &params, flags & 1);
        }
}

static void
test_sensitivity_edges (void)
{
  SpqrParams params = spqr_params_default;
  Stop stop = { 0, 2 };
  SpqrExec exec = threads_exec (2);
  g_autofree float *w = random_new (100 * 50, 1), *out = g_new (float, 100 * 50);

  g_assert_cmpint (spqr_field_sensitivity (w, 0, 50, NULL, &params, NULL, out), ==, SPQR_OK);
  g_assert_cmpint (spqr_field_sensitivity (w, 50, 0, NULL, &params, NULL, out), ==, SPQR_OK);
  exec.should_stop = stop_at;
  exec.stop_data = &stop;
  g_assert_cmpint (spqr_field_sensitivity (w, 100, 50, NULL, &params, &exec, out), ==, SPQR_CANCELLED);
  params.wbits = 16;
  g_assert_cmpint (spqr_field_sensitivity (w, 100, 50, NULL, &params, NULL, out), ==, SPQR_INVALID);
}

/* (U'U)_jj by plain sums, and against the damped Hessian that U was made from: U'U H = 1. */
static void
test_inverse_diagonal (void)
{
  const size_t n = 300, tokens = 700;
  g_autofree float *x = random_new (tokens * n, 1), *diagonal = g_new (float, n);
  SpqrParams params = spqr_params_default;
  SpqrHessian hessian;
  SpqrFactor factor;

  g_assert_cmpint (spqr_hessian_init (&hessian, n), ==, SPQR_OK);
  g_assert_cmpint (spqr_hessian_add (&hessian, x, n, tokens, 1, NULL), ==, SPQR_OK);
  spqr_hessian_finish (&hessian);
  g_assert_cmpint (spqr_factor_compute (hessian.h, NULL, 0, n, &params, NULL, NULL, &factor), ==, SPQR_OK);
  spqr_factor_inverse_diagonal (&factor, diagonal);
  for (size_t j = 0; j < n; j++)
    {
      double sum = 0;

      for (size_t k = 0; k < n; k++)
        sum += (double) factor.u[k * n + j] * factor.u[k * n + j];
      g_assert_cmpfloat (fabs (diagonal[factor.perm[j]] - sum), <=, 1e-6 * sum);
    }
  spqr_factor_clear (&factor);
  spqr_hessian_clear (&hessian);
}

#define M 40
#define N 80

static void
check_layer_field (SpqrField field, const float *w, const SpqrLayer *layer, const SpqrLayerTrace *trace)
{
  g_autofree float *out = g_new (float, M * N), *decoded = g_new (float, M * N);
  SpqrExec exec = threads_exec (2);

  spqr_layer_decode (layer, 0, M, decoded);
  g_assert_cmpint (spqr_field_compute (field, w, layer, trace, &exec, out), ==, SPQR_OK);
  for (size_t row = 0; row < M; row++)
    for (size_t j = 0; j < N; j++)
      {
        size_t original = (size_t) layer->perm[j], at = row * N + original;
        size_t group = j / (size_t) layer->params.groupsize * M + row;
        float expected = 0;

        if (field == SPQR_FIELD_WEIGHT)
          expected = w[at];
        else if (field == SPQR_FIELD_ABS_WEIGHT)
          expected = fabsf (w[at]);
        else if (field == SPQR_FIELD_ERROR)
          expected = w[at] - decoded[at];
        else if (field == SPQR_FIELD_LOO_GAIN)
          expected = trace->loo_gain[row * N + j];
        else if (field == SPQR_FIELD_CODES)
          expected = layer->codes[row * N + j];
        else if (field == SPQR_FIELD_SCALES)
          expected = layer->scale[group];
        else if (field == SPQR_FIELD_ZEROS)
          expected = layer->zero[group];
        else
          for (size_t i = layer->outlier_offsets[row]; i < layer->outlier_offsets[row + 1]; i++)
            expected += layer->outlier_cols[i] == j;
        g_assert_cmpfloat (out[at], ==, expected);
      }
}

static void
test_layer_fields (void)
{
  g_autofree float *w = random_new (M * N, 0.1), *x = random_new (200 * N, 1), *gain = g_new0 (float, M * N);
  SpqrParams params = spqr_params_default;
  SpqrLayerTrace trace = { .loo_gain = gain };
  SpqrHessian hessian;
  SpqrFactor factor;
  SpqrLayer layer;
  float out[1];

  for (size_t i = 0; i < M * N; i += 211)
    w[i] = 0.9f;
  for (size_t i = 0; i < 200 * N; i++)
    x[i] *= (float) (i % N);    /* a permutation that moves things */
  g_assert_cmpint (spqr_hessian_init (&hessian, N), ==, SPQR_OK);
  g_assert_cmpint (spqr_hessian_add (&hessian, x, N, 200, 1, NULL), ==, SPQR_OK);
  spqr_hessian_finish (&hessian);
  params.percdamp = 0.01;
  g_assert_cmpint (spqr_factor_compute (hessian.h, w, M, N, &params, NULL, NULL, &factor), ==, SPQR_OK);
  g_assert_cmpint (spqr_layer_quantize (w, M, N, hessian.h, &factor, &params, NULL, &trace, &layer), ==, SPQR_OK);
  g_assert_cmpuint (spqr_layer_outliers (&layer), >, 0);
  for (int field = SPQR_FIELD_WEIGHT; field < SPQR_N_FIELDS; field++)
    if (field != SPQR_FIELD_SENSITIVITY)
      check_layer_field ((SpqrField) field, w, &layer, &trace);
  g_assert_cmpint (spqr_field_compute (SPQR_FIELD_SENSITIVITY, w, &layer, &trace, NULL, out), ==, SPQR_INVALID);
  g_assert_cmpint (spqr_field_compute (SPQR_FIELD_ERROR, NULL, &layer, &trace, NULL, out), ==, SPQR_INVALID);
  g_assert_cmpint (spqr_field_compute (SPQR_FIELD_LOO_GAIN, w, &layer, NULL, NULL, out), ==, SPQR_INVALID);
  g_assert_cmpint (spqr_field_compute (SPQR_N_FIELDS, w, &layer, NULL, NULL, out), ==, SPQR_INVALID);
  spqr_layer_clear (&layer);
  spqr_factor_clear (&factor);
  spqr_hessian_clear (&hessian);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  spqr_blas_single_thread ();
  g_test_add_func ("/field/sensitivity", test_sensitivity);
  g_test_add_func ("/field/sensitivity-edges", test_sensitivity_edges);
  g_test_add_func ("/field/inverse-diagonal", test_inverse_diagonal);
  g_test_add_func ("/field/layer", test_layer_fields);
  return g_test_run ();
}
