/* spqr_gemm_nt against sums in f64, for ragged shapes, all element types and several pools. */
#include <glib.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "compute/spqr-gemm.h"
#include "compute/spqr-pool.h"
#include "num/spqr-cpu.h"
#include "num/spqr-fp16.h"

static float *
random_new (size_t n)
{
  float *values = g_new (float, MAX (n, 1));

  for (size_t i = 0; i < n; i++)
    values[i] = (float) g_test_rand_double_range (-1.0, 1.0);
  return values;
}

/* The weights as elem, and in `wide` what they are worth. */
static void *
weights_new (size_t n, SpqrElem elem, float **wide)
{
  float *values = random_new (n);
  guint16 *narrow;

  *wide = values;
  if (elem == SPQR_ELEM_F32)
    return g_memdup2 (values, MAX (n, 1) * sizeof *values);
  narrow = g_new (guint16, MAX (n, 1));
  for (size_t i = 0; i < n; i++)
    {
      narrow[i] = elem == SPQR_ELEM_F16 ? spqr_f32_to_f16 (values[i]) : spqr_f32_to_bf16 (values[i]);
      values[i] = elem == SPQR_ELEM_F16 ? spqr_f16_to_f32 (narrow[i]) : spqr_bf16_to_f32 (narrow[i]);
    }
  return narrow;
}

static void
check_shape (size_t tokens, size_t m, size_t n, SpqrElem elem, gboolean with_bias)
{
  size_t ldx = n + 3, ldy = m + 5;
  g_autofree float *x = random_new (tokens * ldx);
  g_autofree float *wide = NULL;
  g_autofree void *w = weights_new (m * n, elem, &wide);
  g_autofree float *bias = random_new (m);
  g_autofree float *first = NULL;

  for (guint threads = 1; threads <= 3; threads++)
    {
      SpqrPool *pool = spqr_pool_new (threads);
      SpqrExec exec = spqr_pool_exec (pool, NULL, NULL);
      float *y = g_new (float, tokens * ldy + 1);

      for (size_t i = 0; i < tokens * ldy + 1; i++)
        y[i] = NAN;
      g_assert_cmpint (spqr_gemm_nt (x, ldx, tokens, w, elem, m, n, with_bias ? bias : NULL, y, ldy, &exec), ==, SPQR_OK);
      spqr_pool_free (pool);
      for (size_t t = 0; t < tokens && first == NULL; t++)
        for (size_t i = 0; i < m; i++)
          {
            double sum = with_bias ? bias[i] : 0.0;

            for (size_t k = 0; k < n; k++)
              sum += (double) x[t * ldx + k] * wide[i * n + k];
            g_assert_cmpfloat (fabs (sum - y[t * ldy + i]), <, 1e-5 * (1.0 + sqrt ((double) n)));
          }
      for (size_t t = 0; t < tokens; t++)
        for (size_t i = m; i < ldy; i++)
          g_assert_true (isnan (y[t * ldy + i]));
      if (first == NULL)
        first = y;
      else
        {
          g_assert_cmpmem (first, tokens * ldy * sizeof *y, y, tokens * ldy * sizeof *y);
          g_free (y);
        }
    }
}

static void
test_shapes (void)
{
  static const size_t shapes[][3] = {
    { 0, 5, 5 }, { 1, 1, 1 }, { 1, 0, 7 }, { 3, 4, 0 }, { 1, 300, 2100 }, { 4, 129, 64 }, { 5, 129, 64 },
    { 37, 172, 64 }, { 130, 513, 33 }, { 600, 70, 31 }, { 9, 40, 4100 }, { 9, 40, 0 }, { 45, 100, 125 }, { 1100, 33, 17 },
  };

  for (int cpu = SPQR_CPU_AVX2; cpu <= SPQR_CPU_AVX512; cpu++)
    {
      spqr_cpu_limit ((SpqrCpu) cpu);
      for (size_t i = 0; i < G_N_ELEMENTS (shapes); i++)
        for (int elem = SPQR_ELEM_F32; elem <= SPQR_ELEM_BF16; elem++)
          for (int bias = 0; bias < 2; bias++)
            check_shape (shapes[i][0], shapes[i][1], shapes[i][2], (SpqrElem) elem, bias);
    }
  spqr_cpu_limit (SPQR_CPU_AVX512);
}

/* A token's result is the same bits whatever other tokens are multiplied with it. */
static void
test_batch_independent (void)
{
  const size_t tokens = 1500, m = 200, n = 700;
  g_autofree float *x = random_new (tokens * n), *w = random_new (m * n), *all = g_new (float, tokens * m), *few = g_new (float, 40 * m);

  if (spqr_cpu () < SPQR_CPU_AVX512)
    {
      g_test_skip ("without AVX-512 products are a library's, which promises nothing of the kind");
      return;
    }
  g_assert_cmpint (spqr_gemm_nt (x, n, tokens, w, SPQR_ELEM_F32, m, n, NULL, all, m, NULL), ==, SPQR_OK);
  for (size_t count = 5; count <= 40; count++)
    {
      size_t first = count * 31;

      g_assert_cmpint (spqr_gemm_nt (x + first * n, n, count, w, SPQR_ELEM_F32, m, n, NULL, few, m, NULL), ==, SPQR_OK);
      g_assert_cmpmem (few, count * m * sizeof *few, all + first * m, count * m * sizeof *all);
    }
}

static void
test_invalid (void)
{
  float x[4] = { 0 }, w[4] = { 0 }, y[4] = { 0 };

  g_assert_cmpint (spqr_gemm_nt (x, 1, 2, w, SPQR_ELEM_F32, 2, 2, NULL, y, 2, NULL), ==, SPQR_INVALID);
  g_assert_cmpint (spqr_gemm_nt (x, 2, 2, w, SPQR_ELEM_F32, 2, 2, NULL, y, 1, NULL), ==, SPQR_INVALID);
  g_assert_cmpint (spqr_gemm_nt (x, (size_t) 1 << 40, 2, w, SPQR_ELEM_F32, 2, 2, NULL, y, 2, NULL), ==, SPQR_INVALID);
  g_assert_cmpint (spqr_gemm_nt (x, 2, 2, w, (SpqrElem) 17, 2, 2, NULL, y, 2, NULL), ==, SPQR_INVALID);
}

static bool
stop_at (void *data)
{
  return atomic_fetch_sub ((atomic_int *) data, 1) <= 1;
}

static void
test_cancel (void)
{
  size_t tokens = 700, m = 700, n = 600;
  g_autofree float *x = random_new (tokens * n), *w = random_new (m * n), *y = g_new (float, tokens * m);

  for (int n_poll = 1; n_poll <= 20; n_poll++)
    for (guint threads = 1; threads <= 2; threads++)
      {
        SpqrPool *pool = spqr_pool_new (threads);
        atomic_int left = n_poll;
        SpqrExec exec = spqr_pool_exec (pool, stop_at, &left);

        g_assert_cmpint (spqr_gemm_nt (x, n, tokens, w, SPQR_ELEM_F32, m, n, NULL, y, m, &exec), ==, SPQR_CANCELLED);
        g_assert_cmpint (left, >=, -2);    /* hardly polled again after the answer was yes */
        spqr_pool_free (pool);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gemm/shapes", test_shapes);
  g_test_add_func ("/gemm/batch-independent", test_batch_independent);
  g_test_add_func ("/gemm/invalid", test_invalid);
  g_test_add_func ("/gemm/cancel", test_cancel);
  return g_test_run ();
}
