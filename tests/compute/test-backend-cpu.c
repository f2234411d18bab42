/* The CPU behind the backend table gives what core/num gives, for every operation it must have. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "compute/spqr-backends.h"
#include "compute/spqr-gemm.h"
#include "compute/spqr-pool.h"

#define M 32
#define N 48

typedef struct {
  float w[M * N], x[200 * N];
  SpqrHessian hessian;
  SpqrExec exec;
  SpqrBackendRun run;
} Fixture;

static void
fixture_init (Fixture *fixture, gconstpointer unused)
{
  for (size_t i = 0; i < G_N_ELEMENTS (fixture->w); i++)
    fixture->w[i] = (float) g_test_rand_double_range (-0.1, 0.1);
  for (size_t i = 0; i < G_N_ELEMENTS (fixture->x); i++)
    fixture->x[i] = (float) g_test_rand_double_range (-2, 2);
  fixture->exec = spqr_pool_exec (NULL, NULL, NULL);
  fixture->run = (SpqrBackendRun) { .device = spqr_backends_get_cpu (), .exec = &fixture->exec };
  g_assert_cmpint (spqr_hessian_init (&fixture->hessian, N), ==, SPQR_OK);
  g_assert_cmpint (spqr_backend_run_hessian_add (&fixture->run, &fixture->hessian, fixture->x, N, 200, 1), ==, SPQR_OK);
  spqr_hessian_finish (&fixture->hessian);
}

static void
fixture_clear (Fixture *fixture, gconstpointer unused)
{
  spqr_hessian_clear (&fixture->hessian);
}

static void
test_hessian (Fixture *fixture, gconstpointer unused)
{
  SpqrHessian direct;

  g_assert_cmpint (spqr_hessian_init (&direct, N), ==, SPQR_OK);
  g_assert_cmpint (spqr_hessian_add (&direct, fixture->x, N, 200, 1, NULL), ==, SPQR_OK);
  spqr_hessian_finish (&direct);
  g_assert_cmpmem (direct.h, N * N * sizeof (float), fixture->hessian.h, N * N * sizeof (float));
  spqr_hessian_clear (&direct);
}

static void
test_quantize (Fixture *fixture, gconstpointer unused)
{
  SpqrParams params = spqr_params_default;
  SpqrFactor factor, factor_direct;
  SpqrLayer layer, direct, rows;
  float decoded[M * N], part[16 * N], decoded_direct[M * N], hinv[N];
  float sensitivity[M * N], sensitivity_direct[M * N];
  double threshold;

  g_assert_cmpint (spqr_backend_run_factor_compute (&fixture->run, fixture->hessian.h, fixture->w, M, N, &params, NULL, &factor), ==, SPQR_OK);
  g_assert_cmpint (spqr_factor_compute (fixture->hessian.h, fixture->w, M, N, &params, NULL, NULL, &factor_direct), ==, SPQR_OK);
  g_assert_cmpmem (factor.u, N * N * sizeof (float), factor_direct.u, N * N * sizeof (float));

  g_assert_cmpint (spqr_backend_run_layer_quantize (&fixture->run, fixture->w, M, N, fixture->hessian.h, &factor, &params, NULL, &layer), ==, SPQR_OK);
  g_assert_cmpint (spqr_layer_quantize (fixture->w, M, N, fixture->hessian.h, &factor, &params, NULL, NULL, &direct), ==, SPQR_OK);
  g_assert_cmpmem (layer.codes, M * N, direct.codes, M * N);
  g_assert_cmpint (spqr_backend_run_layer_decode (&fixture->run, &layer, 0, M, decoded), ==, SPQR_OK);
  spqr_layer_decode (&direct, 0, M, decoded_direct);
  g_assert_cmpmem (decoded, sizeof decoded, decoded_direct, sizeof decoded_direct);
  g_assert_cmpint (spqr_backend_run_layer_decode (&fixture->run, &layer, M - 1, 2, decoded), ==, SPQR_INVALID);

  threshold = spqr_layer_threshold (fixture->w, M, N, &factor, &params, NULL);
  g_assert_cmpint (spqr_layer_quantize_rows (fixture->w, M, N, 16, 16, &factor, threshold, &params, NULL, NULL, &rows), ==, SPQR_OK);
  g_assert_cmpint (spqr_backend_run_layer_decode (&fixture->run, &rows, 0, 16, part), ==, SPQR_OK);
  g_assert_cmpmem (part, sizeof part, decoded_direct + 16 * N, sizeof part);


  spqr_factor_inverse_diagonal (&factor, hinv);
  g_assert_cmpint (spqr_backend_run_field_sensitivity (&fixture->run, fixture->w, M, N, hinv, &params, sensitivity), ==, SPQR_OK);
  g_assert_cmpint (spqr_field_sensitivity (fixture->w, M, N, hinv, &params, NULL, sensitivity_direct), ==, SPQR_OK);
  g_assert_cmpmem (sensitivity, sizeof sensitivity, sensitivity_direct, sizeof sensitivity_direct);

  spqr_layer_clear (&rows);
  spqr_layer_clear (&layer);
  spqr_layer_clear (&direct);
  spqr_factor_clear (&factor);
  spqr_factor_clear (&factor_direct);
}

static void
test_products (Fixture *fixture, gconstpointer unused)
{
  float y[200 * M], direct[200 * M];
  SpqrPyramid pyramid;

  g_assert_cmpint (spqr_backend_run_gemm_nt (&fixture->run, fixture->x, N, 200, fixture->w, SPQR_ELEM_F32, M, N, NULL, y, M), ==, SPQR_OK);
  g_assert_cmpint (spqr_gemm_nt (fixture->x, N, 200, fixture->w, SPQR_ELEM_F32, M, N, NULL, direct, M, NULL), ==, SPQR_OK);
  g_assert_cmpmem (y, sizeof y, direct, sizeof direct);
  g_assert_cmpint (spqr_backend_run_pyramid_build (&fixture->run, fixture->w, M, N, &pyramid), ==, SPQR_OK);
  g_assert_cmpuint (pyramid.n_levels, ==, 7);
  spqr_pyramid_clear (&pyramid);
}

static void
test_table (void)
{
  const SpqrBackend *cpu = spqr_backend_cpu ();
  const char *reason = NULL;

  g_assert_cmpuint (cpu->api_version, ==, SPQR_BACKEND_API_VERSION);
  g_assert_cmpint (cpu->score (&reason), >, 0);
  for (int op = 0; op < SPQR_N_OPS; op++)
    {
      SpqrOpDesc desc = { .op = (SpqrOp) op };

      g_assert_cmpint (cpu->ops->supports (NULL, &desc), ==, op <= SPQR_OP_GEMM_NT);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_setenv ("SPQR_PLUGIN_DIR", "", TRUE);
  g_test_add_func ("/backend-cpu/table", test_table);
  g_test_add ("/backend-cpu/hessian", Fixture, NULL, fixture_init, test_hessian, fixture_clear);
  g_test_add ("/backend-cpu/quantize", Fixture, NULL, fixture_init, test_quantize, fixture_clear);
  g_test_add ("/backend-cpu/products", Fixture, NULL, fixture_init, test_products, fixture_clear);
  return g_test_run ();
}
