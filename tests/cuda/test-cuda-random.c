/* Random, ragged shapes for the operations whose own tests choose theirs (test-cuda-ops): the same ones each time. Products,
 * Hessians and attention are there, layers in test-cuda-quantize, passes of a block in test-cuda-block. */
#include <math.h>
#include <string.h>

#include "compute/spqr-gemm.h"
#include "cuda-fixture.h"

#define TRIALS 40

static CudaDevice device;

static gsize
size (GRand *rand, gsize most)
{
  return g_rand_int_range (rand, 0, 6) == 0 ? 1 : (gsize) g_rand_int_range (rand, 1, (gint32) most);
}

static SpqrParams
params_of (GRand *rand)
{
  int bits = g_rand_int_range (rand, 2, 6), group = g_rand_int_range (rand, 0, 40), second = g_rand_int_range (rand, 0, 6);
  int run = g_rand_int_range (rand, 1, 40);
  SpqrParams params = fixture_params (bits, group, second, run);

  params.compat_reference = g_rand_int_range (rand, 0, 4) == 0;
  params.round_zero = g_rand_int_range (rand, 0, 5) == 0;
  params.outlier_threshold = g_rand_double_range (rand, 0.05, 0.5);
  params.percdamp = g_rand_double_range (rand, 0.05, 1);
  params.permutation_order = g_rand_boolean (rand) ? SPQR_ORDER_IDENTITY : SPQR_ORDER_ACT_ORDER;
  return params;
}

static void
test_factor (void)
{
  GRand *rand = g_rand_new_with_seed (81);

  for (int i = 0; i < TRIALS; i++)
    {
      gsize n = size (rand, 180);
      g_autoptr (Fixture) fixture = fixture_new (4, n, 200 + (guint32) i);
      SpqrParams params = params_of (rand);
      SpqrFactor ours, cpu;

      g_assert_cmpint (spqr_factor_compute (fixture->h, fixture->w, 4, n, &params, NULL, NULL, &cpu), ==, SPQR_OK);
      g_assert_cmpint (device.ops->factor_compute (device.handle, fixture->h, fixture->w, 4, n, &params, NULL, NULL, &ours), ==, SPQR_OK);
      g_assert_cmpmem (ours.perm, n * sizeof *ours.perm, cpu.perm, n * sizeof *cpu.perm);
      g_assert_cmpmem (ours.dead, n, cpu.dead, n);
      g_assert_cmpfloat (cuda_worst_relative (ours.u, cpu.u, n * n), <, 2e-5);
      spqr_factor_clear (&ours);
      spqr_factor_clear (&cpu);
    }
  g_rand_free (rand);
}

static void
test_loss (void)
{
  GRand *rand = g_rand_new_with_seed (82);

  for (int i = 0; i < TRIALS; i++)
    {
      gsize m = size (rand, 70), n = size (rand, 120);
      g_autoptr (Fixture) fixture = fixture_new (m, n, 300 + (guint32) i);
      g_autofree float *w_hat = cuda_random (rand, m * n, 0.1);
      double ours, cpu = spqr_proxy_loss (fixture->w, w_hat, fixture->h, m, n, NULL);

      g_assert_cmpint (device.ops->proxy_loss (device.handle, fixture->w, w_hat, fixture->h, m, n, NULL, &ours), ==, SPQR_OK);
      g_assert_cmpfloat (fabs (ours / cpu - 1), <, 2e-5);
    }
  g_rand_free (rand);
}

static void
test_sensitivity (void)
{
  GRand *rand = g_rand_new_with_seed (83);

  for (int i = 0; i < TRIALS; i++)
    {
      gsize m = size (rand, 60), n = size (rand, 150);
      SpqrParams params = params_of (rand);
      g_autofree float *w = cuda_random (rand, m * n, 1), *hinv = cuda_random (rand, n, 1);
      g_autofree float *ours = g_new (float, m * n), *cpu = g_new (float, m * n);

      for (gsize j = 0; j < n; j++)
        hinv[j] = fabsf (hinv[j]) + 0.1f;
      params.sym = g_rand_int_range (rand, 0, 4) == 0;
      params.perchannel = g_rand_int_range (rand, 0, 4) > 0;
      g_assert_cmpint (spqr_field_sensitivity (w, m, n, i % 5 ? hinv : NULL, &params, NULL, cpu), ==, SPQR_OK);
      g_assert_cmpint (device.ops->field_sensitivity (device.handle, w, m, n, i % 5 ? hinv : NULL, &params, NULL, ours), ==, SPQR_OK);
      g_assert_cmpmem (ours, m * n * sizeof *ours, cpu, m * n * sizeof *cpu);
    }
  g_rand_free (rand);
}

static void
test_pyramid (void)
{
  GRand *rand = g_rand_new_with_seed (84);

  for (int i = 0; i < TRIALS; i++)
    {
      gsize rows = size (rand, 90), cols = size (rand, 200);
      g_autofree float *field = cuda_random (rand, rows * cols, 5);
      SpqrPyramid ours, cpu;

      for (gsize j = 0; j < rows * cols; j += 37)
        field[j] = j % 2 ? NAN : INFINITY;
      g_assert_cmpint (spqr_pyramid_build (field, rows, cols, NULL, &cpu), ==, SPQR_OK);
      g_assert_cmpint (device.ops->pyramid_build (device.handle, field, rows, cols, NULL, &ours), ==, SPQR_OK);
      g_assert_cmpuint (ours.n_levels, ==, cpu.n_levels);
      g_assert_true (memcmp (&ours.min, &cpu.min, sizeof ours.min) == 0 && memcmp (&ours.max, &cpu.max, sizeof ours.max) == 0);
      for (gsize k = 0; k < cpu.n_levels; k++)
        g_assert_cmpmem (ours.levels[k].data, ours.levels[k].rows * ours.levels[k].cols * 4, cpu.levels[k].data,
                         cpu.levels[k].rows * cpu.levels[k].cols * 4);
      spqr_pyramid_clear (&ours);
      spqr_pyramid_clear (&cpu);
    }
  g_rand_free (rand);
}

/* What was quantized decodes to the same bits, whole and in part, and multiplies to the same numbers. */
static void
test_decode (void)
{
  GRand *rand = g_rand_new_with_seed (85);

  for (int i = 0; i < TRIALS; i++)
    {
      gsize m = size (rand, 60), n = size (rand, 120), tokens = size (rand, 20), row0 = (gsize) g_rand_int_range (rand, 0, (gint32) m);
      gsize count = (gsize) g_rand_int_range (rand, 0, (gint32) (m - row0) + 1);
      g_autoptr (Fixture) fixture = fixture_new (m, n, 400 + (guint32) i);
      SpqrParams params = params_of (rand);
      g_autofree float *part = g_new0 (float, m * n), *whole = NULL, *x = cuda_random (rand, tokens * n, 1);
      g_autofree float *ours = g_new (float, tokens * m), *cpu = g_new (float, tokens * m);
      SpqrLayer layer;

      for (gsize r = 0; r < m; r += 5)
        for (gsize j = 0; j < n; j++)
          fixture->w[r * n + j] = 0.25f;
      fixture_quantize (fixture, &params, NULL, NULL, &layer);
      whole = fixture_decode (&layer);
      g_assert_cmpint (device.ops->layer_decode (device.handle, &layer, row0, count, NULL, part), ==, SPQR_OK);
      g_assert_cmpmem (part, count * n * 4, whole + row0 * n, count * n * 4);
      g_assert_cmpint (spqr_gemm_nt (x, n, tokens, whole, SPQR_ELEM_F32, m, n, NULL, cpu, m, NULL), ==, SPQR_OK);
      g_assert_cmpint (device.ops->packed_matmul (device.handle, &layer, x, tokens, ours, NULL), ==, SPQR_OK);
      g_assert_cmpfloat (cuda_worst_relative (ours, cpu, tokens * m), <, 2e-5);
      spqr_layer_clear (&layer);
    }
  g_rand_free (rand);
}

/* Predictions of a head, with and without a base, bias, soft cap and norm. Logits as well. */
static void
test_head (void)
{
  GRand *rand = g_rand_new_with_seed (86);

  for (int i = 0; i < TRIALS; i++)
    {
      gsize tokens = size (rand, 60), n = size (rand, 40), vocab = size (rand, 130) + 1;
      g_autofree float *w = cuda_random (rand, vocab * n, 2 / sqrt ((double) n)), *bias = cuda_random (rand, vocab, 1);
      g_autofree float *weight = cuda_random (rand, n, 1), *x = cuda_random (rand, tokens * n, 1), *y = cuda_random (rand, tokens * n, 1);
      g_autofree float *logits = g_new (float, tokens * vocab), *others = g_new (float, tokens * vocab);
      g_autofree double *numbers = g_new (double, 3 * tokens);
      g_autofree gint32 *tops = g_new (gint32, 2 * tokens), *targets = g_new (gint32, tokens);
      SpqrHeadShape shape = { .hidden = n, .vocab = vocab, .weights = w, .elem = SPQR_ELEM_F32, .bias = i % 2 ? bias : NULL,
                              .norm = i % 3 != 0, .norm_weight = i % 3 == 1 ? weight : NULL, .norm_epsilon = 1e-5, .soft_cap = i % 4 ? 0 : 4 };
      SpqrHeadPass pass = { .hidden = x, .base_hidden = y, .tokens = tokens, .targets = targets, .nll = numbers, .base_nll = numbers + tokens,
                            .kl = numbers + 2 * tokens, .top1 = tops, .base_top1 = tops + tokens };
      void *head = NULL;

      for (gsize t = 0; t < tokens; t++)
        targets[t] = g_rand_int_range (rand, 0, (gint32) vocab);
      g_assert_cmpint (device.ops->block->head_open (device.handle, &shape, NULL, &head), ==, SPQR_OK);
      pass.base = head;
      g_assert_cmpint (device.ops->block->head_logits (device.handle, head, x, tokens, logits, NULL), ==, SPQR_OK);
      g_assert_cmpint (device.ops->block->head_logits (device.handle, head, y, tokens, others, NULL), ==, SPQR_OK);
      g_assert_cmpint (device.ops->block->head_predict (device.handle, head, &pass, NULL), ==, SPQR_OK);
      device.ops->block->head_close (device.handle, head);
      for (gsize t = 0; t < tokens; t++)
        {
          const float *z = logits + t * vocab, *b = others + t * vocab;
          double squares = 0, sum = 0, base = 0, kl = 0, most = 0;
          gint32 top = 0;

          for (gsize j = 0; j < n; j++)
            squares += (double) x[t * n + j] * x[t * n + j];
          for (gsize v = 0; v < vocab; v++)
            {
              double expected = shape.bias != NULL ? bias[v] : 0, factor = shape.norm ? 1 / sqrt (squares / (double) n + 1e-5) : 1;

              for (gsize j = 0; j < n; j++)
                expected += (double) w[v * n + j] * x[t * n + j] * factor * (shape.norm_weight != NULL ? weight[j] : 1);
              if (shape.soft_cap > 0)
                expected = shape.soft_cap * tanh (expected / shape.soft_cap);
              most = MAX (most, fabs (expected));
              g_assert_cmpfloat (fabs (z[v] - expected), <=, 5e-5 * (most + 1));
              sum += exp (z[v]);
              base += exp (b[v]);
              top = z[v] > z[top] ? (gint32) v : top;
            }
          for (gsize v = 0; v < vocab; v++)
            kl += exp (b[v]) / base * (b[v] - log (base) - z[v] + log (sum));
          g_assert_cmpfloat (fabs (pass.nll[t] - (log (sum) - z[targets[t]])), <, 1e-4);
          g_assert_cmpfloat (fabs (pass.base_nll[t] - (log (base) - b[targets[t]])), <, 1e-4);
          g_assert_cmpfloat (fabs (pass.kl[t] - kl), <, 1e-4);
          g_assert_cmpint (pass.top1[t], ==, top);
        }
    }
  g_rand_free (rand);
}

int
main (int argc, char *argv[])
{
  int result;

  g_test_init (&argc, &argv, NULL);
  if (!cuda_device_open (&device))
    return 0;
  g_test_add_func ("/cuda/random/factor", test_factor);
  g_test_add_func ("/cuda/random/loss", test_loss);
  g_test_add_func ("/cuda/random/sensitivity", test_sensitivity);
  g_test_add_func ("/cuda/random/pyramid", test_pyramid);
  g_test_add_func ("/cuda/random/decode", test_decode);
  g_test_add_func ("/cuda/random/head", test_head);
  result = g_test_run ();
  cuda_device_close (&device);
  return result;
}
