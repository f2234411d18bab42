/* Every other operation on the device: against core/num and core/compute where those have it, else
 * against the formula in f64. Tolerances are relative to the largest result:
 *   Hessian, factor, products, attention: 2e-5 (f32 sums in another order); decoding, pooling: none;
 *   sensitivity: none; norms, rotary, activations: 1e-6; cross entropy: 1e-5 absolute. */
#include <math.h>
#include <string.h>

#include "compute/spqr-gemm.h"
#include "cuda-fixture.h"
#include "num/spqr-fp16.h"

static CudaDevice device;

static void
test_hessian (void)
{
  const struct { gsize n, tokens, sequences, ldx; } shapes[] = { { 1, 3, 1, 1 }, { 33, 7, 1, 40 }, { 130, 65, 2, 130 } };
  GRand *rand = g_rand_new_with_seed (1);

  for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      gsize n = shapes[i].n, tokens = shapes[i].tokens, ldx = shapes[i].ldx;
      SpqrHessian ours, cpu;

      g_assert_cmpint (spqr_hessian_init (&ours, n), ==, SPQR_OK);
      g_assert_cmpint (spqr_hessian_init (&cpu, n), ==, SPQR_OK);
      for (int call = 0; call < 3; call++)
        {
          g_autofree float *x = cuda_random (rand, tokens * ldx, 2);

          g_assert_cmpint (device.ops->hessian_add (device.handle, &ours, x, ldx, tokens, shapes[i].sequences, NULL), ==, SPQR_OK);
          g_assert_cmpint (spqr_hessian_add (&cpu, x, ldx, tokens, shapes[i].sequences, NULL), ==, SPQR_OK);
        }
      g_assert_cmpuint (ours.sequences, ==, cpu.sequences);
      spqr_hessian_finish (&ours);
      spqr_hessian_finish (&cpu);
      g_assert_cmpfloat (cuda_worst_relative (ours.h, cpu.h, n * n), <, 2e-5);
      spqr_hessian_clear (&ours);
      spqr_hessian_clear (&cpu);
    }
  g_rand_free (rand);
}

static void
compare_factors_within (Fixture *fixture, const SpqrParams *params, const gint32 *perm, double percdamp, double tolerance)
{
  SpqrFactor ours, cpu;
  SpqrStatus status = spqr_factor_compute (fixture->h, fixture->w, fixture->m, fixture->n, params, perm, NULL, &cpu);

  g_assert_cmpint (device.ops->factor_compute (device.handle, fixture->h, fixture->w, fixture->m, fixture->n, params, perm, NULL,
                                               &ours), ==, status);
  if (status != SPQR_OK)
    {
      g_assert_null (ours.u);
      return;
    }
  g_assert_cmpmem (ours.perm, ours.n * sizeof *ours.perm, cpu.perm, cpu.n * sizeof *cpu.perm);
  g_assert_cmpmem (ours.dead, ours.n, cpu.dead, cpu.n);
  g_assert_cmpfloat (ours.percdamp_used, ==, percdamp);
  g_assert_cmpfloat (cpu.percdamp_used, ==, percdamp);
  g_assert_cmpfloat (cuda_worst_relative (ours.u, cpu.u, cpu.n * cpu.n), <, tolerance);
  for (gsize i = 0; i < ours.n; i++)
    for (gsize j = 0; j < i; j++)
      g_assert_true (ours.u[i * ours.n + j] == 0);
  spqr_factor_clear (&ours);
  spqr_factor_clear (&cpu);
}

static void
compare_factors (Fixture *fixture, const SpqrParams *params, const gint32 *perm)
{
  compare_factors_within (fixture, params, perm, params->percdamp, 2e-5);
}

static void
test_factor (void)
{
  const gsize sizes[] = { 1, 2, 40, 41, 119, 200 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (Fixture) fixture = fixture_new (4, sizes[i], (guint32) i + 1);
      g_autofree gint32 *perm = g_new (gint32, sizes[i]);
      SpqrParams params = fixture_params (3, 16, 3, 16);

      for (gsize j = 0; j < sizes[i]; j++)
        perm[j] = (gint32) (sizes[i] - 1 - j);
      params.percdamp = 0.05;
      compare_factors (fixture, &params, NULL);
      compare_factors (fixture, &params, perm);
      params.permutation_order = SPQR_ORDER_IDENTITY;
      compare_factors (fixture, &params, NULL);
      if (sizes[i] > 20)        /* dead columns */
        {
          for (gsize j = 0; j < sizes[i]; j++)
            fixture->h[j * sizes[i] + 17] = fixture->h[17 * sizes[i] + j] = 0;
          compare_factors (fixture, &params, NULL);
        }
      perm[0] = (gint32) sizes[i];
      compare_factors (fixture, &params, perm);
      fixture->h[0] = NAN;
      compare_factors (fixture, &params, NULL);
    }
}

/* Not positive definite without more damping (and then with a condition number of 10^4); not even
 * with it. */
static void
test_factor_retry (void)
{
  g_autoptr (Fixture) fixture = fixture_new (4, 60, 9);
  SpqrParams params = fixture_params (3, 16, 3, 16);

  params.permutation_order = SPQR_ORDER_IDENTITY;
  params.percdamp = 0;
  for (gsize i = 0; i < 60; i++)
    for (gsize j = 0; j < 60; j++)
      fixture->h[i * 60 + j] = i == j ? 1.0f : 1.001f;
  compare_factors_within (fixture, &params, NULL, 0.01, 1e-3);
  for (gsize i = 0; i < 60; i++)
    for (gsize j = 0; j < 60; j++)
      fixture->h[i * 60 + j] = i == j ? 1.0f : -1.0f;
  compare_factors (fixture, &params, NULL);
}

static void
test_spearman_is_refused (void)
{
  g_autoptr (Fixture) fixture = fixture_new (16, 32, 2);
  SpqrParams params = fixture_params (3, 16, 3, 16);
  SpqrFactor factor;

  params.permutation_order = SPQR_ORDER_SPEARMAN;
  g_assert_cmpint (device.ops->factor_compute (device.handle, fixture->h, fixture->w, 16, 32, &params, NULL, NULL, &factor), ==,
                   SPQR_UNSUPPORTED);
  g_assert_null (factor.u);
}

static void
test_loss (void)
{
  g_autoptr (Fixture) fixture = fixture_new (37, 75, 4);
  g_autofree float *w_hat = g_memdup2 (fixture->w, 37 * 75 * sizeof (float)), *zero = g_new0 (float, 37 * 75);
  double ours, cpu;

  for (gsize i = 0; i < 37 * 75; i++)
    w_hat[i] += (float) (i % 13) * 1e-4f;
  cpu = spqr_proxy_loss (fixture->w, w_hat, fixture->h, 37, 75, NULL);
  g_assert_cmpint (device.ops->proxy_loss (device.handle, fixture->w, w_hat, fixture->h, 37, 75, NULL, &ours), ==, SPQR_OK);
  g_assert_cmpfloat (fabs (ours / cpu - 1), <, 2e-5);
  g_assert_cmpint (device.ops->proxy_loss (device.handle, zero, w_hat, fixture->h, 37, 75, NULL, &ours), ==, SPQR_OK);
  g_assert_true (isnan (ours));
}

static void
test_sensitivity (void)
{
  const struct { gsize m, n; int bits, group; gboolean sym, round_zero, shared, compat, plain; } cases[] = {
    { 20, 64, 3, 16 }, { 7, 101, 4, 16 }, { 5, 70, 2, 0 }, { 9, 64, 3, 5, .sym = TRUE }, { 9, 64, 3, 16, .round_zero = TRUE },
    { 33, 50, 3, 16, .shared = TRUE }, { 9, 64, 3, 16, .compat = TRUE }, { 9, 64, 3, 100, .plain = TRUE },
  };
  GRand *rand = g_rand_new_with_seed (8);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gsize m = cases[i].m, n = cases[i].n;
      SpqrParams params = fixture_params (cases[i].bits, cases[i].group, 3, 16);
      g_autofree float *w = cuda_random (rand, m * n, 1), *diagonal = g_new (float, n);
      g_autofree float *ours = g_new (float, m * n), *cpu = g_new (float, m * n);
      const float *hinv = cases[i].plain ? NULL : diagonal;

      params.sym = cases[i].sym;
      params.round_zero = cases[i].round_zero;
      params.perchannel = !cases[i].shared;
      params.compat_reference = cases[i].compat;
      for (gsize j = 0; j < n; j++)
        diagonal[j] = (float) g_rand_double_range (rand, 0.1, 2);
      for (gsize j = 0; j < MIN (16, n); j++)
        w[2 * n + j] = 0.5f;    /* a constant group */
      g_assert_cmpint (spqr_field_sensitivity (w, m, n, hinv, &params, NULL, cpu), ==, SPQR_OK);
      g_assert_cmpint (device.ops->field_sensitivity (device.handle, w, m, n, hinv, &params, NULL, ours), ==, SPQR_OK);
      g_assert_cmpmem (ours, m * n * sizeof *ours, cpu, m * n * sizeof *cpu);
    }
  g_rand_free (rand);
}

static void
test_pyramid (void)
{
  const struct { gsize rows, cols; } shapes[] = { { 1, 1 }, { 1, 9 }, { 17, 1 }, { 33, 70 }, { 64, 128 } };
  GRand *rand = g_rand_new_with_seed (6);

  for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      gsize rows = shapes[i].rows, cols = shapes[i].cols;
      g_autofree float *field = cuda_random (rand, rows * cols, 5);
      SpqrPyramid ours, cpu;

      if (rows * cols > 100)
        {
          field[3] = NAN;
          field[40] = INFINITY;
          field[77] = -5;
          field[78] = 5;
        }
      g_assert_cmpint (spqr_pyramid_build (field, rows, cols, NULL, &cpu), ==, SPQR_OK);
      g_assert_cmpint (device.ops->pyramid_build (device.handle, field, rows, cols, NULL, &ours), ==, SPQR_OK);
      g_assert_cmpuint (ours.n_levels, ==, cpu.n_levels);
      g_assert_true (ours.min == cpu.min && ours.max == cpu.max);
      for (gsize k = 0; k < cpu.n_levels; k++)
        g_assert_cmpmem (ours.levels[k].data, ours.levels[k].rows * ours.levels[k].cols * 4, cpu.levels[k].data,
                         cpu.levels[k].rows * cpu.levels[k].cols * 4);
      spqr_pyramid_clear (&ours);
      spqr_pyramid_clear (&cpu);
    }
  g_rand_free (rand);
}

/* A layer with outliers and constant groups. */
static void
make_layer (gboolean compat, SpqrLayer *layer)
{
  g_autoptr (Fixture) fixture = fixture_new (45, 90, 12);
  SpqrParams params = fixture_params (3, 16, 3, 16);

  params.compat_reference = compat;
  params.outlier_threshold = 0.1;
  for (gsize r = 0; r < 45; r += 4)
    for (gsize j = 0; j < 90; j++)
      fixture->w[r * 90 + j] = 0.25f;
  fixture_quantize (fixture, &params, NULL, NULL, layer);
  g_assert_cmpuint (spqr_layer_outliers (layer), >, 0);
}

static void
test_decode (gconstpointer compat)
{
  const struct { gsize row0, count; } parts[] = { { 0, 45 }, { 0, 1 }, { 44, 1 }, { 13, 20 }, { 45, 0 } };
  SpqrLayer layer;

  make_layer (GPOINTER_TO_INT (compat), &layer);
  g_assert_true (GPOINTER_TO_INT (compat) || layer.n_constants > 0);
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree float *ours = g_new0 (float, 45 * 90), *cpu = g_new0 (float, 45 * 90);

      spqr_layer_decode (&layer, parts[i].row0, parts[i].count, cpu);
      g_assert_cmpint (device.ops->layer_decode (device.handle, &layer, parts[i].row0, parts[i].count, NULL, ours), ==, SPQR_OK);
      g_assert_cmpmem (ours, 45 * 90 * 4, cpu, 45 * 90 * 4);
    }
  g_assert_cmpint (device.ops->layer_decode (device.handle, &layer, 40, 6, NULL, NULL), ==, SPQR_INVALID);
  spqr_layer_clear (&layer);
}

static void
test_packed_matmul (void)
{
  GRand *rand = g_rand_new_with_seed (3);
  g_autofree float *x = cuda_random (rand, 7 * 90, 1), *ours = g_new (float, 7 * 45), *cpu = g_new (float, 7 * 45), *w = NULL;
  SpqrLayer layer;

  make_layer (FALSE, &layer);
  w = fixture_decode (&layer);
  g_assert_cmpint (spqr_gemm_nt (x, 90, 7, w, SPQR_ELEM_F32, 45, 90, NULL, cpu, 45, NULL), ==, SPQR_OK);
  g_assert_cmpint (device.ops->packed_matmul (device.handle, &layer, x, 7, ours, NULL), ==, SPQR_OK);
  g_assert_cmpfloat (cuda_worst_relative (ours, cpu, 7 * 45), <, 2e-5);
  spqr_layer_clear (&layer);
  g_rand_free (rand);
}

static void
narrow (const float *from, SpqrElem elem, guint16 *to, gsize n)
{
  if (elem == SPQR_ELEM_F16)
    spqr_f32_to_f16_row (from, to, n);
  else
    spqr_f32_to_bf16_row (from, to, n);
}

static void
test_gemm (void)
{
  const struct { gsize tokens, m, n; } shapes[] = { { 1, 1, 1 }, { 5, 33, 17 }, { 64, 40, 100 }, { 3, 9, 0 } };
  GRand *rand = g_rand_new_with_seed (2);

  for (gsize i = 0; i < G_N_ELEMENTS (shapes) * 6; i++)
    {
      gsize tokens = shapes[i / 6].tokens, m = shapes[i / 6].m, n = shapes[i / 6].n, ldx = n + 3, ldy = m + 2;
      SpqrElem elem = (SpqrElem) (i % 3);
      g_autofree float *x = cuda_random (rand, tokens * ldx, 1), *w = cuda_random (rand, m * n, 1), *bias = cuda_random (rand, m, 1);
      g_autofree float *ours = g_new0 (float, tokens * ldy), *cpu = g_new0 (float, tokens * ldy);
      g_autofree guint16 *narrow_w = g_new (guint16, m * n + 1);
      gconstpointer weights = elem == SPQR_ELEM_F32 ? (gconstpointer) w : narrow_w;

      if (n > 1)
        {
          w[0] = 1e-6f;         /* subnormal in f16 */
          w[1] = -0.0f;
        }
      if (elem != SPQR_ELEM_F32)
        narrow (w, elem, narrow_w, m * n);
      g_assert_cmpint (spqr_gemm_nt (x, ldx, tokens, weights, elem, m, n, i % 6 < 3 ? bias : NULL, cpu, ldy, NULL), ==, SPQR_OK);
      g_assert_cmpint (device.ops->gemm_nt (device.handle, x, ldx, tokens, weights, elem, m, n, i % 6 < 3 ? bias : NULL, ours, ldy,
                                            NULL), ==, SPQR_OK);
      g_assert_cmpfloat (cuda_worst_relative (ours, cpu, tokens * ldy), <, 2e-5);
    }
  g_rand_free (rand);
}

static void
test_norms (void)
{
  const gsize shapes[][2] = { { 1, 1 }, { 5, 300 }, { 3, 33 } };
  GRand *rand = g_rand_new_with_seed (5);

  for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      gsize tokens = shapes[i][0], n = shapes[i][1];
      g_autofree float *x = cuda_random (rand, tokens * n, 3), *weight = cuda_random (rand, n, 1), *bias = cuda_random (rand, n, 1);
      g_autofree float *rms = g_memdup2 (x, tokens * n * 4), *norm = g_memdup2 (x, tokens * n * 4), *expected = g_new (float, tokens * n);
      g_autofree float *bare = g_memdup2 (x, tokens * n * 4);

      g_assert_cmpint (device.ops->rms_norm (device.handle, rms, tokens, n, weight, 1, 1e-5f, NULL), ==, SPQR_OK);
      for (gsize t = 0; t < tokens; t++)
        {
          double squares = 0;

          for (gsize j = 0; j < n; j++)
            squares += (double) x[t * n + j] * x[t * n + j];
          for (gsize j = 0; j < n; j++)
            expected[t * n + j] = (float) (x[t * n + j] / sqrt (squares / (double) n + 1e-5f) * (weight[j] + 1.0));
        }
      g_assert_cmpfloat (cuda_worst_relative (rms, expected, tokens * n), <, 1e-6);
      g_assert_cmpint (device.ops->layer_norm (device.handle, norm, tokens, n, weight, bias, 1e-5f, NULL), ==, SPQR_OK);
      g_assert_cmpint (device.ops->layer_norm (device.handle, bare, tokens, n, NULL, NULL, 1e-5f, NULL), ==, SPQR_OK);
      for (gsize t = 0; t < tokens; t++)
        {
          double mean = 0, squares = 0;

          for (gsize j = 0; j < n; j++)
            mean += x[t * n + j] / (double) n;
          for (gsize j = 0; j < n; j++)
            squares += (x[t * n + j] - mean) * (x[t * n + j] - mean);
          for (gsize j = 0; j < n; j++)
            {
              double v = (x[t * n + j] - mean) / sqrt (squares / (double) n + 1e-5f);

              expected[t * n + j] = (float) v;
              g_assert_cmpfloat (fabs (norm[t * n + j] - (v * weight[j] + bias[j])), <, 4e-6);
            }
        }
      g_assert_cmpfloat (cuda_worst_relative (bare, expected, tokens * n), <, 1e-5);
    }
  g_rand_free (rand);
}

static void
test_rotary (void)
{
  const gsize tokens = 5, heads = 3, dim = 20, rotary = 12, half = 6;
  GRand *rand = g_rand_new_with_seed (5);
  g_autofree float *x = cuda_random (rand, tokens * heads * dim, 1), *ours = g_memdup2 (x, tokens * heads * dim * 4);
  g_autofree float *cosine = g_new (float, tokens * half), *sine = g_new (float, tokens * half);

  for (gsize i = 0; i < tokens * half; i++)
    {
      cosine[i] = cosf (0.37f * (float) i);
      sine[i] = sinf (0.37f * (float) i);
    }
  g_assert_cmpint (device.ops->rotary (device.handle, ours, tokens, heads, dim, rotary, cosine, sine, NULL), ==, SPQR_OK);
  for (gsize i = 0; i < tokens * heads * dim; i++)
    {
      gsize d = i % dim, t = i / dim / heads;
      double expected = x[i];

      if (d < half)
        expected = (double) x[i] * cosine[t * half + d] - (double) x[i + half] * sine[t * half + d];
      else if (d < rotary)
        expected = (double) x[i] * cosine[t * half + d - half] + (double) x[i - half] * sine[t * half + d - half];
      g_assert_cmpfloat (fabs (ours[i] - expected), <, 1e-6);
    }
  g_assert_cmpint (device.ops->rotary (device.handle, ours, tokens, heads, dim, 22, cosine, sine, NULL), ==, SPQR_INVALID);
  g_rand_free (rand);
}

static double
activate (SpqrGateActivation activation, double x)
{
  switch (activation)
    {
    case SPQR_ACTIVATION_SILU:
      return x / (1 + exp (-x));
    case SPQR_ACTIVATION_GELU:
      return 0.5 * x * (1 + erf (x / sqrt (2)));
    case SPQR_ACTIVATION_GELU_TANH:
      return 0.5 * x * (1 + tanh (sqrt (2 / G_PI) * (x + 0.044715 * x * x * x)));
    case SPQR_ACTIVATION_RELU:
    default:
      return x > 0 ? x : 0;
    }
}

static void
test_activations (void)
{
  GRand *rand = g_rand_new_with_seed (5);
  g_autofree float *gate = cuda_random (rand, 1000, 12), *up = cuda_random (rand, 1000, 1);

  for (int a = SPQR_ACTIVATION_SILU; a <= SPQR_ACTIVATION_RELU; a++)
    {
      g_autofree float *gated = g_memdup2 (gate, 4000), *alone = g_memdup2 (gate, 4000);

      g_assert_cmpint (device.ops->gated_activation (device.handle, (SpqrGateActivation) a, gated, up, 1000, NULL), ==, SPQR_OK);
      g_assert_cmpint (device.ops->gated_activation (device.handle, (SpqrGateActivation) a, alone, NULL, 1000, NULL), ==, SPQR_OK);
      for (gsize i = 0; i < 1000; i++)
        {
          double expected = activate ((SpqrGateActivation) a, gate[i]);

          g_assert_cmpfloat (fabs (alone[i] - expected), <, 1.2e-5);
          g_assert_cmpfloat (fabs (gated[i] - expected * up[i]), <, 1.2e-5);
        }
    }
  g_rand_free (rand);
}

static void
attention_expected (const SpqrAttentionOp *a, float *out)
{
  g_autofree double *p = g_new (double, a->keys);

  for (gsize t = 0; t < a->tokens; t++)
    for (gsize h = 0; h < a->heads; h++)
      {
        gsize position = a->keys - a->tokens + t, kv = h / (a->heads / a->kv_heads);
        const float *q = a->q + (t * a->heads + h) * a->head_dim;
        double sum = 0;

        for (gsize j = 0; j <= position; j++)
          {
            const float *k = a->k + (j * a->kv_heads + kv) * a->head_dim;
            double s = 0;

            for (gsize d = 0; d < a->head_dim; d++)
              s += (double) q[d] * k[d];
            s *= a->scale;
            if (a->soft_cap > 0)
              s = a->soft_cap * tanh (s / a->soft_cap);
            p[j] = a->window == 0 || position - j < a->window ? exp (s) : 0;
            sum += p[j];
          }
        for (gsize d = 0; d < a->head_dim; d++)
          {
            double o = 0;

            for (gsize j = 0; j <= position; j++)
              o += p[j] * a->v[(j * a->kv_heads + kv) * a->head_dim + d];
            out[(t * a->heads + h) * a->head_dim + d] = (float) (o / sum);
          }
      }
}

static void
test_attention (void)
{
  const struct { gsize tokens, keys, heads, kv_heads, dim, window; float cap; } cases[] = {
    { 1, 1, 1, 1, 8, 0, 0 },      { 37, 37, 4, 2, 24, 0, 0 }, { 3, 90, 2, 1, 64, 0, 0 },  { 50, 70, 2, 2, 33, 9, 0 },
    { 20, 20, 2, 1, 80, 0, 5 },   { 18, 40, 1, 1, 256, 0, 0 }, { 40, 100, 3, 3, 5, 40, 2 },
    { 1, 300, 4, 2, 256, 0, 0 },  { 1, 77, 2, 1, 200, 30, 4 },  { 1, 33, 2, 2, 1, 0, 0 },
  };
  GRand *rand = g_rand_new_with_seed (15);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gsize count = cases[i].tokens * cases[i].heads * cases[i].dim, kv_count = cases[i].keys * cases[i].kv_heads * cases[i].dim;
      g_autofree float *q = cuda_random (rand, count, 2), *k = cuda_random (rand, kv_count, 2), *v = cuda_random (rand, kv_count, 2);
      g_autofree float *ours = g_new (float, count), *expected = g_new (float, count);
      SpqrAttentionOp a = {
        .q = q, .k = k, .v = v, .tokens = cases[i].tokens, .keys = cases[i].keys, .heads = cases[i].heads,
        .kv_heads = cases[i].kv_heads, .head_dim = cases[i].dim, .window = cases[i].window,
        .scale = (float) (1 / sqrt ((double) cases[i].dim)), .soft_cap = cases[i].cap, .out = ours,
      };

      g_assert_cmpint (device.ops->attention (device.handle, &a, NULL), ==, SPQR_OK);
      attention_expected (&a, expected);
      g_assert_cmpfloat (cuda_worst_relative (ours, expected, count), <, 2e-5);
      a.head_dim = 257;
      g_assert_cmpint (device.ops->attention (device.handle, &a, NULL), ==, SPQR_UNSUPPORTED);
      a.kv_heads = 0;
      g_assert_cmpint (device.ops->attention (device.handle, &a, NULL), ==, SPQR_INVALID);
    }
  g_rand_free (rand);
}

/* One token and many, odd widths of heads, one to eight query heads a key head; the same ones each time. */
static void
test_attention_random (void)
{
  GRand *rand = g_rand_new_with_seed (16);

  for (int i = 0; i < 40; i++)
    {
      gsize kv_heads = (gsize) g_rand_int_range (rand, 1, 4), heads = kv_heads * (gsize) (1 + i % 8), dim = (gsize) g_rand_int_range (rand, 1, 90);
      gsize tokens = i % 5 == 0 ? 1 : (gsize) g_rand_int_range (rand, 1, 70), keys = tokens + (gsize) g_rand_int_range (rand, 0, 50);
      g_autofree float *q = cuda_random (rand, tokens * heads * dim, 2), *k = cuda_random (rand, keys * kv_heads * dim, 2);
      g_autofree float *v = cuda_random (rand, keys * kv_heads * dim, 2);
      g_autofree float *ours = g_new (float, tokens * heads * dim), *expected = g_new (float, tokens * heads * dim);
      SpqrAttentionOp a = {
        .q = q, .k = k, .v = v, .tokens = tokens, .keys = keys, .heads = heads, .kv_heads = kv_heads, .head_dim = dim,
        .window = i % 3 == 0 ? (gsize) g_rand_int_range (rand, 1, 60) : 0, .scale = (float) (1 / sqrt ((double) dim)),
        .soft_cap = i % 4 == 0 ? 3 : 0, .out = ours,
      };

      g_assert_cmpint (device.ops->attention (device.handle, &a, NULL), ==, SPQR_OK);
      attention_expected (&a, expected);
      g_assert_cmpfloat (cuda_worst_relative (ours, expected, tokens * heads * dim), <, 2e-5);
    }
  g_rand_free (rand);
}

/* Products and Hessians of random shapes: a row, a column, a token, and nothing that is a multiple of anything. */
static void
test_products_random (void)
{
  GRand *rand = g_rand_new_with_seed (17);

  for (int i = 0; i < 40; i++)
    {
      gsize m = i % 6 == 0 ? 1 : (gsize) g_rand_int_range (rand, 1, 150), n = i % 7 == 0 ? 1 : (gsize) g_rand_int_range (rand, 1, 150);
      gsize tokens = i % 5 == 0 ? 1 : (gsize) g_rand_int_range (rand, 1, 90);
      g_autofree float *x = cuda_random (rand, tokens * n, 2), *w = cuda_random (rand, m * n, 2), *bias = cuda_random (rand, m, 2);
      g_autofree float *ours = g_new (float, tokens * m), *cpu = g_new (float, tokens * m);
      SpqrHessian h_ours, h_cpu;

      g_assert_cmpint (device.ops->gemm_nt (device.handle, x, n, tokens, w, SPQR_ELEM_F32, m, n, i % 2 ? bias : NULL, ours, m, NULL), ==, SPQR_OK);
      g_assert_cmpint (spqr_gemm_nt (x, n, tokens, w, SPQR_ELEM_F32, m, n, i % 2 ? bias : NULL, cpu, m, NULL), ==, SPQR_OK);
      g_assert_cmpfloat (cuda_worst_relative (ours, cpu, tokens * m), <, 2e-5);
      g_assert_cmpint (spqr_hessian_init (&h_ours, n), ==, SPQR_OK);
      g_assert_cmpint (spqr_hessian_init (&h_cpu, n), ==, SPQR_OK);
      g_assert_cmpint (device.ops->hessian_add (device.handle, &h_ours, x, n, tokens, 1, NULL), ==, SPQR_OK);
      g_assert_cmpint (spqr_hessian_add (&h_cpu, x, n, tokens, 1, NULL), ==, SPQR_OK);
      spqr_hessian_finish (&h_ours);
      spqr_hessian_finish (&h_cpu);
      g_assert_cmpfloat (cuda_worst_relative (h_ours.h, h_cpu.h, n * n), <, 2e-5);
      spqr_hessian_clear (&h_ours);
      spqr_hessian_clear (&h_cpu);
    }
  g_rand_free (rand);
}

static void
test_cross_entropy (void)
{
  const gsize tokens = 9, n = 24, vocab = 131;
  GRand *rand = g_rand_new_with_seed (25);
  g_autofree float *hidden = cuda_random (rand, tokens * n, 3), *head = cuda_random (rand, vocab * n, 1), *wide = g_new (float, vocab * n);
  g_autofree guint16 *narrow_head = g_new (guint16, vocab * n);
  g_autofree double *nll = g_new (double, tokens);
  gint32 targets[] = { 0, 130, 36, 37, 73, 74, 5, 99, 111 };

  for (int elem = SPQR_ELEM_F32; elem <= SPQR_ELEM_BF16; elem++)
    {
      memcpy (wide, head, vocab * n * sizeof *wide);
      if (elem != SPQR_ELEM_F32)
        narrow (head, (SpqrElem) elem, narrow_head, vocab * n);
      if (elem == SPQR_ELEM_F16)
        spqr_f16_to_f32_row (narrow_head, wide, vocab * n);
      if (elem == SPQR_ELEM_BF16)
        spqr_bf16_to_f32_row (narrow_head, wide, vocab * n);
      g_assert_cmpint (device.ops->cross_entropy (device.handle, hidden, tokens, n, elem == SPQR_ELEM_F32 ? (gconstpointer) head : narrow_head,
                                                  (SpqrElem) elem, vocab, targets, nll, NULL), ==, SPQR_OK);
      for (gsize t = 0; t < tokens; t++)
        {
          double sum = 0, target = 0;

          for (gsize v = 0; v < vocab; v++)
            {
              double z = 0;

              for (gsize j = 0; j < n; j++)
                z += (double) hidden[t * n + j] * wide[v * n + j];
              sum += exp (z);
              if ((gint32) v == targets[t])
                target = z;
            }
          g_assert_cmpfloat (fabs (nll[t] - (log (sum) - target)), <, 1e-5);
        }
    }
  targets[3] = 131;
  g_assert_cmpint (device.ops->cross_entropy (device.handle, hidden, tokens, n, head, SPQR_ELEM_F32, vocab, targets, nll, NULL), ==,
                   SPQR_INVALID);
  g_rand_free (rand);
}

static void
test_table (void)
{
  gsize free_bytes = 0, total = 0;
  SpqrParams params = spqr_params_default;

  g_assert_cmpint (device.ops->memory (device.handle, &free_bytes, &total), ==, SPQR_OK);
  g_assert_cmpuint (free_bytes, >, 0);
  g_assert_cmpuint (free_bytes, <=, total);
  g_assert_cmpuint (strlen (device.ops->name (device.handle)), >, 0);
  for (int op = 0; op < SPQR_N_OPS; op++)
    {
      SpqrOpDesc desc = { .op = (SpqrOp) op, .rows = 4096, .cols = 4096, .tokens = 2048, .params = &params };

      g_assert_true (device.ops->supports (device.handle, &desc));
      g_assert_cmpuint (device.ops->estimate (device.handle, &desc), >, 1 << 20);
      g_assert_cmpuint (device.ops->estimate (device.handle, &desc), <, (gsize) 2 << 30);
      desc.rows = desc.cols = G_MAXSIZE / 3;
      if (op != SPQR_OP_HESSIAN_ADD && op != SPQR_OP_FACTOR && op != SPQR_OP_QUANTIZE)
        continue;
      g_assert_cmpuint (device.ops->estimate (device.handle, &desc), >, (gsize) 1 << 50);
    }
}

/* Each operation once more with the threads the other way round, shuffled, and with streams that run
 * ahead or behind: what lacks a barrier or an event comes out otherwise. */
static void
test_order (gconstpointer data)
{
  if (device.shim == NULL)
    {
      g_test_skip ("a GPU runs its threads in its own order");
      return;
    }
  device.shim->order = device.shim->schedule = GPOINTER_TO_INT (data);
  test_hessian ();
  test_factor ();
  test_loss ();
  test_sensitivity ();
  test_pyramid ();
  test_decode (GINT_TO_POINTER (FALSE));
  test_gemm ();
  test_norms ();
  test_rotary ();
  test_activations ();
  test_attention ();
  test_cross_entropy ();
  device.shim->order = device.shim->schedule = 0;
}

int
main (int argc, char *argv[])
{
  int result;

  g_test_init (&argc, &argv, NULL);
  if (!cuda_device_open (&device))
    return 0;
  g_test_add_func ("/cuda/table", test_table);
  g_test_add_func ("/cuda/hessian", test_hessian);
  g_test_add_func ("/cuda/factor", test_factor);
  g_test_add_func ("/cuda/factor-retry", test_factor_retry);
  g_test_add_func ("/cuda/factor-spearman", test_spearman_is_refused);
  g_test_add_func ("/cuda/loss", test_loss);
  g_test_add_func ("/cuda/sensitivity", test_sensitivity);
  g_test_add_func ("/cuda/pyramid", test_pyramid);
  g_test_add_data_func ("/cuda/decode/default", GINT_TO_POINTER (FALSE), test_decode);
  g_test_add_data_func ("/cuda/decode/compat", GINT_TO_POINTER (TRUE), test_decode);
  g_test_add_func ("/cuda/packed-matmul", test_packed_matmul);
  g_test_add_func ("/cuda/gemm", test_gemm);
  g_test_add_func ("/cuda/norms", test_norms);
  g_test_add_func ("/cuda/rotary", test_rotary);
  g_test_add_func ("/cuda/activations", test_activations);
  g_test_add_func ("/cuda/attention", test_attention);
  g_test_add_func ("/cuda/attention-random", test_attention_random);
  g_test_add_func ("/cuda/products-random", test_products_random);
  g_test_add_func ("/cuda/cross-entropy", test_cross_entropy);
  for (int i = 1; i <= 4; i++)
    {
      g_autofree char *path = g_strdup_printf ("/cuda/order/%d", i);

      g_test_add_data_func (path, GINT_TO_POINTER (i), test_order);
    }
  result = g_test_run ();
  cuda_device_close (&device);
  return result;
}
