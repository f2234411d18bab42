/* The factor U of inv(H), its repairs, and the column orders. */
#include <math.h>
#include <string.h>

#include "fixture.h"
#include "num/spqr-blas.h"
#include "num/spqr-permutation.h"

/* U upper, and U H' U' = 1 for H' permuted and damped: largest deviation. */
static double
deviation (const SpqrFactor *factor, const float *h, double damp)
{
  gsize n = factor->n;
  g_autofree double *product = g_new0 (double, n * n);
  double worst = 0;

  for (gsize i = 0; i < n; i++)
    for (gsize k = 0; k < n; k++)
      {
        gsize p = (gsize) factor->perm[k];

        if (k < i)
          g_assert_cmpfloat (factor->u[i * n + k], ==, 0);
        for (gsize j = 0; j < n && k >= i; j++)
          product[i * n + j] += factor->u[i * n + k] * ((double) h[p * n + (gsize) factor->perm[j]] + (j != k ? 0 : factor->dead[k] ? 1 : damp));
      }
  for (gsize i = 0; i < n; i++)
    for (gsize j = i; j < n; j++)
      {
        double sum = 0;

        for (gsize k = j; k < n; k++)
          sum += product[i * n + k] * factor->u[j * n + k];
        worst = MAX (worst, fabs (sum - (i == j)));
      }
  return worst;
}

static double
mean_diagonal (const Fixture *fixture)
{
  double sum = 0;

  for (gsize i = 0; i < fixture->n; i++)
    sum += fixture->h[i * fixture->n + i];
  return sum / (double) fixture->n;
}

static void
test_inverse (void)
{
  static const gsize sizes[] = { 1, 2, 3, 63, 64, 65, 128, 200, 515 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (Fixture) fixture = fixture_new (4, sizes[i], (guint32) i);
      SpqrParams params = spqr_params_default;
      SpqrFactor factor;

      params.percdamp = i % 2 ? 1 : 0.01;
      if (sizes[i] > 60)
        for (gsize k = 0; k < sizes[i]; k++)
          fixture->h[k * sizes[i] + 40] = fixture->h[40 * sizes[i] + k] = 0;    /* a dead column */
      fixture_factor (fixture, &params, NULL, &factor);
      g_assert_cmpfloat (deviation (&factor, fixture->h, params.percdamp * mean_diagonal (fixture)), <, 2e-5);
      g_assert_cmpfloat (factor.percdamp_used, ==, params.percdamp);
      spqr_factor_clear (&factor);
    }
}

static void
test_threads (void)
{
  g_autoptr (Fixture) fixture = fixture_new (40, 515, 3);
  SpqrParams params = spqr_params_default;
  SpqrFactor first, other;

  for (int order = SPQR_ORDER_IDENTITY; order <= SPQR_ORDER_SPEARMAN; order++)
    {
      params.permutation_order = (SpqrOrder) order;
      fixture_factor (fixture, &params, NULL, &first);
      for (int threads = 2; threads <= 3; threads++)
        {
          SpqrExec exec = threads_exec (&threads);

          fixture_factor (fixture, &params, &exec, &other);
          g_assert_cmpmem (first.u, 515 * 515 * sizeof (float), other.u, 515 * 515 * sizeof (float));
          g_assert_cmpmem (first.perm, 515 * sizeof (gint32), other.perm, 515 * sizeof (gint32));
          spqr_factor_clear (&other);
        }
      spqr_factor_clear (&first);
    }
}

/* A matrix with a negative eigenvalue: damped ten times more, once; then refused. */
static void
test_not_positive_definite (void)
{
  g_autoptr (Fixture) fixture = fixture_new (4, 80, 5);
  SpqrParams params = spqr_params_default;
  double mean;
  SpqrFactor factor;

  memset (fixture->h, 0, 80 * 80 * sizeof (float));
  for (gsize i = 0; i < 80; i++)
    fixture->h[i * 81] = 1;
  mean = 1;
  fixture->h[3 * 80 + 70] = fixture->h[70 * 80 + 3] = 1.05f;    /* eigenvalue -0.05 */
  params.percdamp = 0.01;
  fixture_factor (fixture, &params, NULL, &factor);
  g_assert_cmpfloat (factor.percdamp_used, ==, 0.1);
  g_assert_cmpfloat (deviation (&factor, fixture->h, 0.1 * mean), <, 1e-4);
  spqr_factor_clear (&factor);

  fixture->h[3 * 80 + 70] = fixture->h[70 * 80 + 3] = 1.005f;
  params.percdamp = 0;
  fixture_factor (fixture, &params, NULL, &factor);
  g_assert_cmpfloat (factor.percdamp_used, ==, 0.01);
  spqr_factor_clear (&factor);

  fixture->h[3 * 80 + 70] = fixture->h[70 * 80 + 3] = 5;
  params.percdamp = 0.01;
  g_assert_cmpint (spqr_factor_compute (fixture->h, NULL, 0, 80, &params, NULL, NULL, &factor), ==, SPQR_NOT_POSITIVE_DEFINITE);
  g_assert_null (factor.u);
}

static void
test_invalid (void)
{
  g_autoptr (Fixture) fixture = fixture_new (4, 80, 6);
  SpqrParams params = spqr_params_default;
  g_autofree gint32 *perm = g_new (gint32, 80);
  SpqrFactor factor;

  for (int i = 0; i < 80; i++)
    perm[i] = 79 - i;
  g_assert_cmpint (spqr_factor_compute (fixture->h, NULL, 0, 80, &params, perm, NULL, &factor), ==, SPQR_OK);
  g_assert_cmpmem (factor.perm, 80 * sizeof (gint32), perm, 80 * sizeof (gint32));
  spqr_factor_clear (&factor);
  perm[3] = perm[4];
  g_assert_cmpint (spqr_factor_compute (fixture->h, NULL, 0, 80, &params, perm, NULL, &factor), ==, SPQR_INVALID);
  perm[3] = 80;
  g_assert_cmpint (spqr_factor_compute (fixture->h, NULL, 0, 80, &params, perm, NULL, &factor), ==, SPQR_INVALID);
  g_assert_cmpint (spqr_factor_compute (NULL, NULL, 0, 80, &params, NULL, NULL, &factor), ==, SPQR_INVALID);
  g_assert_cmpint (spqr_factor_compute (fixture->h, NULL, 0, 0, &params, NULL, NULL, &factor), ==, SPQR_INVALID);
  params.permutation_order = SPQR_ORDER_SPEARMAN;
  g_assert_cmpint (spqr_factor_compute (fixture->h, NULL, 0, 80, &params, NULL, NULL, &factor), ==, SPQR_INVALID);
  params.permutation_order = SPQR_ORDER_ACT_ORDER;
  fixture->h[80 * 7 + 9] = NAN;
  fixture->h[80 * 9 + 7] = NAN;
  g_assert_cmpint (spqr_factor_compute (fixture->h, NULL, 0, 80, &params, NULL, NULL, &factor), ==, SPQR_INVALID);
  fixture->h[80 * 7 + 7] = INFINITY;
  g_assert_cmpint (spqr_factor_compute (fixture->h, NULL, 0, 80, &params, NULL, NULL, &factor), ==, SPQR_INVALID);
}

/* No calibration at all: every column is dead, U = 1, and the layer decodes to its zeros. */
static void
test_all_dead (void)
{
  g_autoptr (Fixture) fixture = fixture_new (20, 40, 7);
  SpqrParams params = spqr_params_default;
  g_autofree float *decoded = NULL;
  SpqrFactor factor;
  SpqrLayer layer;

  memset (fixture->h, 0, 40 * 40 * sizeof (float));
  fixture_factor (fixture, &params, NULL, &factor);
  for (gsize i = 0; i < 40; i++)
    {
      g_assert_cmpint (factor.dead[i], ==, 1);
      g_assert_cmpint (factor.perm[i], ==, i);
      g_assert_cmpfloat (factor.u[i * 41], ==, 1);
    }
  g_assert_cmpint (spqr_layer_quantize (fixture->w, 20, 40, fixture->h, &factor, &params, NULL, NULL, &layer), ==, SPQR_OK);
  g_assert_true (isnan (layer.proxy_loss));
  decoded = fixture_decode (&layer);
  for (gsize i = 0; i < 20 * 40; i++)
    g_assert_cmpfloat (decoded[i], ==, 0);
  spqr_layer_clear (&layer);
  spqr_factor_clear (&factor);
}

static double
rank_correlation (const Fixture *f, gsize a, gsize b)
{
  double sum = 0, aa = 0, bb = 0, mean = ((double) f->m - 1) / 2;

  for (gsize r = 0; r < f->m; r++)
    {
      double x = -mean, y = -mean;

      for (gsize s = 0; s < f->m; s++)
        {
          x += f->w[s * f->n + a] < f->w[r * f->n + a];
          y += f->w[s * f->n + b] < f->w[r * f->n + b];
        }
      sum += x * y;
      aa += x * x;
      bb += y * y;
    }
  return sum / sqrt (aa * bb);
}

/* Each column is followed by the most similar one of those that are left. */
static void
test_spearman (void)
{
  g_autoptr (Fixture) fixture = fixture_new (60, 30, 8);
  gint32 perm[30];

  g_assert_cmpint (spqr_permutation_compute (SPQR_ORDER_SPEARMAN, NULL, fixture->w, 60, 30, NULL, perm), ==, SPQR_OK);
  g_assert_cmpint (perm[0], ==, 0);
  g_assert_true (spqr_permutation_valid (perm, 30));
  for (gsize i = 0; i + 2 < 30; i++)
    {
      double next = rank_correlation (fixture, (gsize) perm[i], (gsize) perm[i + 1]);

      for (gsize k = i + 2; k < 30; k++)
        g_assert_cmpfloat (rank_correlation (fixture, (gsize) perm[i], (gsize) perm[k]), <=, next + 1e-6);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  spqr_blas_single_thread ();
  g_test_add_func ("/factor/inverse", test_inverse);
  g_test_add_func ("/factor/threads", test_threads);
  g_test_add_func ("/factor/not-positive-definite", test_not_positive_definite);
  g_test_add_func ("/factor/invalid", test_invalid);
  g_test_add_func ("/factor/all-dead", test_all_dead);
  g_test_add_func ("/order/spearman", test_spearman);
  return g_test_run ();
}
