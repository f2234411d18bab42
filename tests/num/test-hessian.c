/* spqr-hessian against sums in f64 and against the published code's H. */
#include <glib.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "golden.h"
#include "num/spqr-blas.h"
#include "num/spqr-hessian.h"
#include "threads.h"

static float *
random_new (size_t n)
{
  float *values = g_new (float, MAX (n, 1));

  for (size_t i = 0; i < n; i++)
    values[i] = (float) g_test_rand_double_range (-1.0, 1.0);
  return values;
}

/* Calls with these many tokens and sequences, then (2/N) sum x x'. */
static void
check_calls (size_t n, const size_t (*calls)[2], size_t n_calls)
{
  size_t ldx = n + 2;
  g_autofree double *expected = g_new0 (double, n * n);
  g_autofree float *first = NULL;
  guint32 seed = g_test_rand_int ();

  for (guint threads = 1; threads <= 3; threads++)
    {
      g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
      SpqrHessian hessian;
      size_t sequences = 0;

      g_assert_cmpint (spqr_hessian_init (&hessian, n), ==, SPQR_OK);
      for (size_t call = 0; call < n_calls; call++)
        {
          size_t tokens = calls[call][0];
          g_autofree float *x = g_new (float, tokens * ldx + 1);
          g_autofree float *copy = NULL;
          SpqrExec exec = threads_exec (threads);

          for (size_t i = 0; i < tokens * ldx; i++)
            x[i] = (float) g_rand_double_range (rand, -1, 1);
          copy = g_memdup2 (x, (tokens * ldx + 1) * sizeof *x);
          g_assert_cmpint (spqr_hessian_add (&hessian, x, ldx, tokens, calls[call][1], &exec), ==, SPQR_OK);
          g_assert_cmpmem (copy, tokens * ldx * sizeof *x, x, tokens * ldx * sizeof *x);
          for (size_t t = 0; threads == 1 && t < tokens; t++)
            for (size_t i = 0; i < n; i++)
              for (size_t j = 0; j < n; j++)
                expected[i * n + j] += (double) x[t * ldx + i] * x[t * ldx + j];
          sequences += calls[call][1];
        }
      spqr_hessian_finish (&hessian);
      g_assert_cmpuint (hessian.sequences, ==, sequences);
      for (size_t i = 0; i < n * n; i++)
        g_assert_cmpfloat (fabs (hessian.h[i] - expected[i] * 2.0 / (double) sequences), <,
                           2e-5 * (1.0 + 2.0 / (double) sequences * expected[i / n * n + i / n]));
      if (first == NULL)
        first = g_memdup2 (hessian.h, n * n * sizeof *first);
      g_assert_cmpmem (first, n * n * sizeof *first, hessian.h, n * n * sizeof *first);
      spqr_hessian_clear (&hessian);
      g_assert_null (hessian.h);
    }
}

static void
test_shapes (void)
{
  static const size_t one[][2] = { { 5, 1 } };
  static const size_t several[][2] = { { 40, 1 }, { 0, 2 }, { 17, 3 }, { 1, 1 } };
  static const size_t longer[][2] = { { 2500, 2 }, { 100, 1 } };

  check_calls (1, one, 1);
  check_calls (3, one, 1);
  check_calls (172, several, 4);
  check_calls (33, longer, 2);
  check_calls (300, several, 4);
}

/* Wide enough for the large tiles; against a few entries only. */
static void
test_wide (void)
{
  const size_t n = 2100, tokens = 30;
  g_autofree float *x = random_new (tokens * n);
  SpqrExec exec = threads_exec (2);
  SpqrHessian hessian;

  g_assert_cmpint (spqr_hessian_init (&hessian, n), ==, SPQR_OK);
  g_assert_cmpint (spqr_hessian_add (&hessian, x, n, tokens, 1, &exec), ==, SPQR_OK);
  spqr_hessian_finish (&hessian);
  for (int check = 0; check < 3000; check++)
    {
      size_t i = (size_t) g_test_rand_int_range (0, (gint32) n), j = (size_t) g_test_rand_int_range (0, (gint32) n);
      double sum = 0;

      for (size_t t = 0; t < tokens; t++)
        sum += 2.0 * x[t * n + i] * x[t * n + j];
      g_assert_cmpfloat (fabs (sum - hessian.h[i * n + j]), <, 1e-4);
      g_assert_cmpfloat (hessian.h[i * n + j], ==, hessian.h[j * n + i]);
    }
  spqr_hessian_clear (&hessian);
}

static void
test_golden (gconstpointer data)
{
  const char *name = data;
  g_autoptr (Golden) golden = golden_open (name);
  gsize tokens, n;
  const float *x = golden_tensor (golden, "X", "F32", &tokens, &n);
  const float *h = golden_tensor (golden, "H", "F32", NULL, NULL);
  SpqrHessian hessian;

  g_assert_nonnull (x);
  g_assert_nonnull (h);
  g_assert_cmpint (spqr_hessian_init (&hessian, n), ==, SPQR_OK);
  for (size_t t = 0; t < tokens; t += 128)
    g_assert_cmpint (spqr_hessian_add (&hessian, x + t * n, n, 128, 1, NULL), ==, SPQR_OK);
  spqr_hessian_finish (&hessian);
  for (size_t i = 0; i < n * n; i++)
    g_assert_cmpfloat (fabsf (hessian.h[i] - h[i]), <=, 3e-6f * sqrtf (h[i / n * (n + 1)] * h[i % n * (n + 1)]) + 1e-12f);
  spqr_hessian_clear (&hessian);
}

static void
test_invalid (void)
{
  SpqrHessian hessian;
  float x[8] = { 0 };

  g_assert_cmpint (spqr_hessian_init (&hessian, 0), ==, SPQR_INVALID);
  g_assert_cmpint (spqr_hessian_init (&hessian, 4), ==, SPQR_OK);
  g_assert_cmpint (spqr_hessian_add (&hessian, x, 3, 2, 1, NULL), ==, SPQR_INVALID);
  g_assert_cmpint (spqr_hessian_add (&hessian, x, 4, 2, 0, NULL), ==, SPQR_INVALID);
  spqr_hessian_clear (&hessian);
}

static void
test_cancel (void)
{
  const size_t n = 600, tokens = 300;
  g_autofree float *x = random_new (tokens * n);

  for (int at = 1; at <= 6; at++)
    {
      SpqrHessian hessian;
      Stop stop = { 0, at };
      SpqrExec exec = threads_exec (2);

      exec.should_stop = stop_at;
      exec.stop_data = &stop;
      g_assert_cmpint (spqr_hessian_init (&hessian, n), ==, SPQR_OK);
      g_assert_cmpint (spqr_hessian_add (&hessian, x, n, tokens, 1, &exec), ==, SPQR_CANCELLED);
      g_assert_cmpuint (hessian.sequences, ==, 0);
      g_assert_cmpint (stop.polls, <=, at + 2);
      spqr_hessian_clear (&hessian);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  spqr_blas_single_thread ();
  g_test_add_func ("/hessian/shapes", test_shapes);
  g_test_add_func ("/hessian/wide", test_wide);
  g_test_add_data_func ("/hessian/golden/s01", "s01_64x64_w3g16_qq33_t02_act.safetensors", test_golden);
  g_test_add_data_func ("/hessian/golden/s05", "s05_64x64_w8gNone_noqq_inf_act_d001.safetensors", test_golden);
  g_test_add_data_func ("/hessian/golden/s09", "s09_128x96_w3g16_qq33_t02_act_dead_zero_const.safetensors", test_golden);
  g_test_add_func ("/hessian/invalid", test_invalid);
  g_test_add_func ("/hessian/cancel", test_cancel);
  return g_test_run ();
}
