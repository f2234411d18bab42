/* Quantizing on the device against core/num: random shapes and parameters, parts, goldens.
 *
 * Inside 128 columns the device does the CPU's arithmetic in the CPU's order, so layers that narrow
 * must come out the same bit for bit, figures aside. Wider ones do too where the CPU's BLAS sums as
 * the product after a block does (OpenBLAS on AVX2 and AVX-512); asked of them: 99.9 % of the codes,
 * the loss within 0.1 %. */
#include <math.h>
#include <string.h>

#include "cuda-fixture.h"

static CudaDevice device;

typedef struct {
  const char *name;
  gsize m, n;
  int wbits, group, qq, run;    /* qq 0: no second order */
  double tau;
  gboolean sym, round_zero, simplified, shared, compat, gptq, rtn, zeros_only;
} Case;

static const Case cases[] = {
  { "default", 64, 128, 3, 16, 3, 16, 0.2 },
  { "wide", 48, 400, 3, 16, 3, 16, 0.2 },
  { "ragged", 37, 203, 3, 16, 3, 16, 0.1 },
  { "ragged groups", 33, 150, 4, 10, 4, 7, 0.3 },
  { "group over blocks", 32, 300, 3, 48, 3, 16, 0.2 },
  { "one group", 21, 260, 4, 0, 3, 16, 0.2 },
  { "group of 1", 16, 40, 3, 1, 3, 16, 0.2 },
  { "short runs", 19, 96, 3, 16, 3, 3, 0.2 },
  { "run of 1", 19, 96, 3, 16, 3, 1, 0.2 },
  { "runs of 20", 47, 96, 3, 16, 3, 20, 0.2 },
  { "runs of 32", 70, 96, 3, 16, 3, 32, 0.2 },
  { "runs of 48", 100, 150, 3, 16, 3, 48, 0.2 },
  { "long runs", 90, 200, 3, 32, 3, 64, 0.2 },
  { "one run", 30, 96, 3, 16, 3, 1024, 0.2 },
  { "no second order", 35, 170, 3, 16, 0, 16, 0.2 },
  { "scales only", 40, 128, 4, 16, 3, 16, 0.2, .sym = TRUE },
  { "zeros only", 40, 128, 4, 16, 3, 16, 0.2, .zeros_only = TRUE },
  { "no outliers", 40, 200, 3, 16, 3, 16, INFINITY },
  { "many outliers", 40, 200, 2, 16, 3, 16, 0.01 },
  { "all outliers", 16, 64, 2, 16, 3, 16, 0 },
  { "simplified", 40, 200, 3, 16, 3, 16, 0.2, .simplified = TRUE },
  { "round zero", 40, 128, 4, 16, 3, 16, 0.2, .round_zero = TRUE },
  { "shared range", 40, 150, 4, 16, 3, 16, 0.2, .shared = TRUE },
  { "shared, no second order", 40, 150, 4, 32, 0, 16, 0.2, .shared = TRUE },
  { "8 bits", 24, 128, 8, 32, 8, 16, 0.2 },
  { "1 bit", 24, 128, 1, 8, 2, 16, 0.2 },
  { "gptq", 30, 260, 4, 64, 0, 16, INFINITY, .gptq = TRUE },
  { "rtn", 30, 260, 4, 64, 4, 16, INFINITY, .rtn = TRUE },
  { "one row", 1, 64, 3, 16, 3, 16, 0.2 },
  { "one column", 20, 1, 3, 16, 3, 16, 0.2 },
  { "compat", 64, 128, 3, 16, 3, 16, 0.2, .compat = TRUE },
  { "compat wide", 37, 300, 3, 24, 3, 16, 0.2, .compat = TRUE },
  { "compat sym", 40, 128, 3, 16, 3, 16, 0.2, .compat = TRUE, .sym = TRUE },
  { "compat round zero", 40, 128, 4, 16, 3, 16, 0.2, .compat = TRUE, .round_zero = TRUE },
  { "compat long runs", 80, 200, 3, 16, 3, 40, 0.2, .compat = TRUE },
  { "compat shared", 30, 96, 3, 16, 3, 16, 0.2, .compat = TRUE, .shared = TRUE },
};

static SpqrParams
case_params (const Case *c)
{
  SpqrParams params = fixture_params (c->wbits, c->group, c->qq, c->run);

  params.outlier_threshold = c->tau;
  params.sym = c->sym;
  params.round_zero = c->round_zero;
  params.simplified_outliers = c->simplified;
  params.perchannel = !c->shared;
  params.compat_reference = c->compat;
  if (c->sym && !c->compat)
    params.qq_zero_bits = 0;
  if (c->zeros_only)
    params.qq_scale_bits = 0;
  params.method = c->gptq ? SPQR_METHOD_GPTQ : c->rtn ? SPQR_METHOD_RTN : SPQR_METHOD_SPQR;
  params.percdamp = 0.1;
  return params;
}

typedef struct { float *errors, *gain, *w_hat; } Traces;

static SpqrLayerTrace
traces_new (gsize count)
{
  SpqrLayerTrace trace = { g_new0 (float, count), g_new0 (float, count), g_new0 (float, count) };

  return trace;
}

static void
traces_free (SpqrLayerTrace *trace)
{
  g_free (trace->errors);
  g_free (trace->loo_gain);
  g_free (trace->w_hat);
}

static void
assert_close (const Case *c, const SpqrLayer *ours, const SpqrLayer *cpu, gboolean same_bits)
{
  LayerMatch match = cuda_layers_match (ours, cpu);

  g_test_message ("%s: codes %.5f scales %.5f zeros %.5f outliers %.5f loss %+.1e", c->name, match.codes, match.scale_codes,
                  match.zero_codes, match.outliers, match.proxy);
  g_assert_cmpfloat (match.codes, >=, same_bits ? 1 : 0.999);
  g_assert_cmpfloat (match.scale_codes, >=, same_bits ? 1 : 0.999);
  g_assert_cmpfloat (match.zero_codes, >=, same_bits ? 1 : 0.999);
  g_assert_cmpfloat (match.outliers, >=, same_bits ? 1 : 0.99);
  g_assert_cmpfloat (match.proxy, <=, 1e-3);
  g_assert_true (ours->threshold == cpu->threshold || fabs (ours->threshold / cpu->threshold - 1) < 1e-12);
  g_assert_cmpfloat (fabs (ours->mse - cpu->mse), <=, 1e-3 * cpu->mse);
  g_assert_cmpfloat (ours->percdamp_used, ==, cpu->percdamp_used);
  if (same_bits)
    {
      gsize outliers = spqr_layer_outliers (cpu), stats = cpu->groups * cpu->rows;

      g_assert_cmpuint (spqr_layer_outliers (ours), ==, outliers);
      g_assert_cmpmem (ours->outlier_cols, outliers * 4, cpu->outlier_cols, outliers * 4);
      for (gsize i = 0; i < outliers; i++)
        g_assert_true (ours->outlier_values[i] == cpu->outlier_values[i]);
      for (gsize i = 0; i < stats; i++)         /* as numbers: the sign of a zero is nobody's business */
        g_assert_true (ours->scale[i] == cpu->scale[i] && ours->zero[i] == cpu->zero[i]);
      g_assert_cmpuint (ours->n_constants, ==, cpu->n_constants);
      for (gsize i = 0; i < cpu->n_constants; i++)
        g_assert_true (ours->constants[i].row == cpu->constants[i].row && ours->constants[i].group == cpu->constants[i].group &&
                       ours->constants[i].value == cpu->constants[i].value);
    }
}

/* On the host's decoder, what the device assumed while it compensated. */
static void
assert_decodes (const SpqrLayer *layer, const SpqrLayerTrace *trace)
{
  g_autofree float *decoded = fixture_decode (layer);

  for (gsize r = 0; r < layer->rows; r++)
    for (gsize j = 0; j < layer->cols; j++)
      g_assert_true (decoded[r * layer->cols + (gsize) layer->perm[j]] == trace->w_hat[r * layer->cols + j]);
}

static void
quantize_both (const Case *c, const Fixture *fixture, const SpqrParams *params, SpqrFactor *factor)
{
  gsize count = c->m * c->n;
  SpqrLayerTrace ours_trace = traces_new (count), cpu_trace = traces_new (count);
  SpqrLayer ours, cpu;
  gboolean same_bits = c->n <= 128;

  g_assert_cmpint (spqr_layer_quantize (fixture->w, c->m, c->n, fixture->h, factor, params, NULL, &cpu_trace, &cpu), ==, SPQR_OK);
  g_assert_cmpint (device.ops->layer_quantize (device.handle, fixture->w, c->m, c->n, fixture->h, factor, params, NULL,
                                               &ours_trace, &ours), ==, SPQR_OK);
  assert_close (c, &ours, &cpu, same_bits);
  assert_decodes (&ours, &ours_trace);
  if (same_bits)
    for (gsize i = 0; i < count; i++)
      {
        g_assert_true (ours_trace.errors[i] == cpu_trace.errors[i]);
        g_assert_true (ours_trace.loo_gain[i] == cpu_trace.loo_gain[i]);
        g_assert_true (ours_trace.w_hat[i] == cpu_trace.w_hat[i]);
      }
  traces_free (&ours_trace);
  traces_free (&cpu_trace);
  spqr_layer_clear (&ours);
  spqr_layer_clear (&cpu);
}

static void
test_parity (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (Fixture) fixture = fixture_new (c->m, c->n, (guint32) (c - cases) + 1);
  SpqrParams params = case_params (c);
  SpqrFactor factor = { 0 };

  if (!c->rtn)
    fixture_factor (fixture, &params, NULL, &factor);
  quantize_both (c, fixture, &params, &factor);
  spqr_factor_clear (&factor);
}

/* Random shapes, sizes of groups and runs, and rules; the same ones each time. */
static void
test_random (void)
{
  GRand *rand = g_rand_new_with_seed (20);
  double same = 0, all = 0;

  for (int i = 0; i < 48; i++)
    {
      Case c = { "random", (gsize) g_rand_int_range (rand, 1, 70), (gsize) g_rand_int_range (rand, 1, i % 3 == 0 ? 300 : 129),
                 g_rand_int_range (rand, 1, 9), g_rand_int_range (rand, 0, 40), g_rand_int_range (rand, 0, 9),
                 g_rand_int_range (rand, 1, 50), g_rand_double_range (rand, 0.05, 0.6) };
      g_autoptr (Fixture) fixture = fixture_new (c.m, c.n, 100 + (guint32) i);
      SpqrFactor factor = { 0 };
      SpqrLayer ours, cpu;
      LayerMatch match;
      SpqrParams params;

      c.sym = g_rand_int_range (rand, 0, 5) == 0;
      c.round_zero = g_rand_int_range (rand, 0, 5) == 0;
      c.simplified = g_rand_int_range (rand, 0, 5) == 0;
      c.shared = g_rand_int_range (rand, 0, 8) == 0;
      c.compat = g_rand_int_range (rand, 0, 4) == 0;
      params = case_params (&c);
      fixture_factor (fixture, &params, NULL, &factor);
      g_assert_cmpint (spqr_layer_quantize (fixture->w, c.m, c.n, fixture->h, &factor, &params, NULL, NULL, &cpu), ==, SPQR_OK);
      g_assert_cmpint (device.ops->layer_quantize (device.handle, fixture->w, c.m, c.n, fixture->h, &factor, &params, NULL, NULL, &ours),
                       ==, SPQR_OK);
      match = cuda_layers_match (&ours, &cpu);
      g_test_message ("%zu x %zu, %d bits, groups of %d, runs of %d: codes %.5f loss %+.1e", c.m, c.n, c.wbits, c.group, c.run,
                      match.codes, match.proxy);
      if (c.n <= 128)
        g_assert_cmpfloat (match.codes, ==, 1);
      g_assert_true (!(match.proxy > 1e-3));
      same += match.codes * (double) (c.m * c.n);
      all += (double) (c.m * c.n);
      spqr_layer_clear (&ours);
      spqr_layer_clear (&cpu);
      spqr_factor_clear (&factor);
    }
  g_assert_cmpfloat (same / all, >=, 0.999);
  g_rand_free (rand);
}

/* The product after a block by cuBLAS instead of the kernel of our own. */
static void
test_cublas_update (void)
{
  Case c = { "cuBLAS update", 37, 303, 3, 16, 3, 16, 0.2 };
  g_autoptr (Fixture) fixture = fixture_new (c.m, c.n, 21);
  SpqrParams params = case_params (&c);
  SpqrFactor factor = { 0 };

  fixture_factor (fixture, &params, NULL, &factor);
  device.backend->close (device.handle);
  g_setenv ("SPQR_CUDA_UPDATE", "cublas", TRUE);
  g_assert_cmpint (device.backend->open (0, &device.handle), ==, SPQR_OK);
  quantize_both (&c, fixture, &params, &factor);
  device.backend->close (device.handle);
  g_unsetenv ("SPQR_CUDA_UPDATE");
  g_assert_cmpint (device.backend->open (0, &device.handle), ==, SPQR_OK);
  spqr_factor_clear (&factor);
}

/* Dead columns, constant groups, values at the ends of f16, ranges far from 0. */
static void
test_edges (gconstpointer compat)
{
  Case c = { "edges", 48, 128, 3, 16, 3, 16, 0.2, .compat = GPOINTER_TO_INT (compat) };
  g_autoptr (Fixture) fixture = fixture_new (c.m, c.n, 99);
  SpqrParams params = case_params (&c);
  SpqrFactor factor = { 0 };

  params.permutation_order = SPQR_ORDER_IDENTITY;
  for (gsize i = 0; i < c.n; i++)
    for (gsize dead = 3; dead < c.n; dead += 29)
      fixture->h[i * c.n + dead] = fixture->h[dead * c.n + i] = 0;
  for (gsize r = 0; r < c.m; r++)
    for (gsize j = 0; j < c.n; j++)
      {
        float *w = &fixture->w[r * c.n + j];

        if (r % 7 == 2 && j / 16 == 1)
          *w = 0.125f;
        if (r / 16 == 1 && j / 16 == 3)
          *w = 0;
        if (j / 16 == 5)
          *w += 50;
        if (r % 11 == 4 && j / 16 == 6)
          *w *= 1e5f;
        if (r == 40 && j % 32 == 9)
          *w = 65504;
      }
  fixture_factor (fixture, &params, NULL, &factor);
  quantize_both (&c, fixture, &params, &factor);
  spqr_factor_clear (&factor);
}

static void
test_rows (void)
{
  Case c = { "rows", 80, 200, 3, 16, 3, 16, 0.2 };
  g_autoptr (Fixture) fixture = fixture_new (c.m, c.n, 7);
  SpqrParams params = case_params (&c);
  SpqrFactor factor = { 0 };
  SpqrLayer whole, part, refused;
  double threshold;

  fixture_factor (fixture, &params, NULL, &factor);
  threshold = spqr_layer_threshold (fixture->w, c.m, c.n, &factor, &params, NULL);
  g_assert_cmpint (device.ops->layer_quantize (device.handle, fixture->w, c.m, c.n, fixture->h, &factor, &params, NULL, NULL,
                                               &whole), ==, SPQR_OK);
  for (gsize row0 = 0; row0 < 80; row0 += 32)
    {
      gsize count = MIN (32, 80 - row0);

      g_assert_cmpint (device.ops->layer_quantize_rows (device.handle, fixture->w, c.m, c.n, row0, count, &factor, threshold,
                                                        &params, NULL, NULL, &part), ==, SPQR_OK);
      g_assert_true (isnan (part.proxy_loss));
      g_assert_cmpmem (part.codes, count * c.n, whole.codes + row0 * c.n, count * c.n);
      for (gsize g = 0; g < whole.groups; g++)
        for (gsize r = 0; r < count; r++)
          g_assert_true (part.scale[g * count + r] == whole.scale[g * c.m + row0 + r]);
      spqr_layer_clear (&part);
    }
  /* Half a run; NaN as a threshold; a part of rows that share their range. */
  g_assert_cmpint (device.ops->layer_quantize_rows (device.handle, fixture->w, c.m, c.n, 8, 16, &factor, threshold, &params,
                                                    NULL, NULL, &refused), ==, SPQR_INVALID);
  g_assert_cmpint (device.ops->layer_quantize_rows (device.handle, fixture->w, c.m, c.n, 0, 16, &factor, NAN, &params, NULL,
                                                    NULL, &refused), ==, SPQR_INVALID);
  params.perchannel = FALSE;
  g_assert_cmpint (device.ops->layer_quantize_rows (device.handle, fixture->w, c.m, c.n, 0, 16, &factor, threshold, &params,
                                                    NULL, NULL, &refused), ==, SPQR_UNSUPPORTED);
  spqr_layer_clear (&whole);
  spqr_factor_clear (&factor);
}

static void
test_refused (void)
{
  g_autoptr (Fixture) fixture = fixture_new (16, 32, 5);
  SpqrParams params = fixture_params (3, 16, 3, 16);
  SpqrFactor factor = { 0 };
  SpqrLayer layer;
  const float bad[] = { NAN, INFINITY, -70000 };

  fixture_factor (fixture, &params, NULL, &factor);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      fixture->w[17] = bad[i];
      g_assert_cmpint (device.ops->layer_quantize (device.handle, fixture->w, 16, 32, fixture->h, &factor, &params, NULL, NULL,
                                                   &layer), ==, SPQR_INVALID);
      g_assert_null (layer.codes);
    }
  fixture->w[17] = 0;
  params.wbits = 9;
  g_assert_cmpint (device.ops->layer_quantize (device.handle, fixture->w, 16, 32, NULL, &factor, &params, NULL, NULL, &layer),
                   ==, SPQR_INVALID);
  spqr_factor_clear (&factor);
}

/* Memory for some of the rows only: parts of whole runs, the same result. */
static void
test_little_memory (void)
{
  Case c = { "parts", 1000, 150, 3, 16, 3, 16, 0.2 };
  g_autoptr (Fixture) fixture = fixture_new (c.m, c.n, 3);
  SpqrParams params = case_params (&c);
  SpqrFactor factor = { 0 };
  SpqrLayer whole, parts;
  gsize most, launches;

  if (device.shim == NULL)
    {
      g_test_skip ("only the shim's memory can be made small");
      return;
    }
  fixture_factor (fixture, &params, NULL, &factor);
  cuda_device_close (&device);
  g_assert_true (cuda_device_open (&device));
  device.shim->bytes_most = 0;
  g_assert_cmpint (device.ops->layer_quantize (device.handle, fixture->w, c.m, c.n, fixture->h, &factor, &params, NULL, NULL,
                                               &whole), ==, SPQR_OK);
  most = device.shim->bytes_most;
  cuda_device_close (&device);          /* it keeps what it had */
  g_assert_true (cuda_device_open (&device));
  device.shim->memory = most / 2;
  launches = device.shim->launches;
  g_assert_cmpint (device.ops->layer_quantize (device.handle, fixture->w, c.m, c.n, fixture->h, &factor, &params, NULL, NULL,
                                               &parts), ==, SPQR_OK);
  device.shim->memory = 0;
  launches = device.shim->launches - launches;
  g_assert_cmpuint (launches, >, 20);   /* ten a part */
  g_assert_cmpfloat (fabs (parts.proxy_loss / whole.proxy_loss - 1), <, 1e-6);
  parts.proxy_loss = whole.proxy_loss;
  g_assert_cmpfloat (fabs (parts.mse / whole.mse - 1), <, 1e-12);
  parts.mse = whole.mse;
  assert_layers_equal (&parts, &whole);
  spqr_layer_clear (&whole);
  spqr_layer_clear (&parts);
  spqr_factor_clear (&factor);
}

/* The published numbers, as tests/num/test-golden.c asks for them. */
static void
test_golden (gconstpointer data)
{
  g_autoptr (Golden) golden = golden_open (data);
  gsize m = 0, n = 0, same = 0;
  const float *w = golden_tensor (golden, "W", "F32", &m, &n);
  const float *h = golden_tensor (golden, "H", "F32", NULL, NULL);
  const gint32 *perm = golden_tensor (golden, "perm", "I32", NULL, NULL);
  const guint8 *codes = golden_tensor (golden, "quant_weights", "U8", NULL, NULL);
  gboolean given_order = g_str_has_prefix (golden->name, "s09");
  SpqrParams params = golden_params (golden);
  SpqrFactor factor = { 0 };
  SpqrStatus status = SPQR_OK;
  SpqrLayer layer;

  if (params.method != SPQR_METHOD_RTN)
    {
      status = device.ops->factor_compute (device.handle, h, w, m, n, &params, given_order ? perm : NULL, NULL, &factor);
      if (params.permutation_order == SPQR_ORDER_SPEARMAN)
        {
          g_assert_cmpint (status, ==, SPQR_UNSUPPORTED);
          status = device.ops->factor_compute (device.handle, h, w, m, n, &params, perm, NULL, &factor);
        }
      g_assert_cmpint (status, ==, SPQR_OK);
      g_assert_cmpfloat (cuda_worst_relative (factor.u, golden_tensor (golden, "debug.Hinv_cho_upper", "F32", NULL, NULL), n * n), <, 1e-4);
    }
  g_assert_cmpint (device.ops->layer_quantize (device.handle, w, m, n, h, &factor, &params, NULL, NULL, &layer), ==, SPQR_OK);
  for (gsize i = 0; i < m * n; i++)
    same += layer.codes[i] == codes[i];
  g_test_message ("%s: codes %.5f proxy %+.1e", golden->name, (double) same / (double) (m * n),
                  layer.proxy_loss / golden_summary (golden, "proxy_loss") - 1);
  g_assert_cmpfloat ((double) same / (double) (m * n), >=, params.sym ? 0.995 : 0.999);
  g_assert_cmpfloat (fabs (layer.proxy_loss / golden_summary (golden, "proxy_loss") - 1), <=, params.sym ? 0.005 : 0.001);
  spqr_layer_clear (&layer);
  spqr_factor_clear (&factor);
}

/* Threads and blocks the other way round: a kernel that lacks a barrier is found out. */
static void
test_order (void)
{
  const gsize some[] = { 2, 3, 4, 11, 22, 31 };

  if (device.shim == NULL)
    {
      g_test_skip ("a GPU runs its threads in its own order");
      return;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (some); i++)
    {
      const Case *c = &cases[some[i]];
      g_autoptr (Fixture) fixture = fixture_new (c->m, c->n, 17);
      SpqrParams params = case_params (c);
      SpqrFactor factor = { 0 };
      SpqrLayer up, down;

      fixture_factor (fixture, &params, NULL, &factor);
      g_assert_cmpint (device.ops->layer_quantize (device.handle, fixture->w, c->m, c->n, fixture->h, &factor, &params, NULL,
                                                   NULL, &up), ==, SPQR_OK);
      device.shim->order = 1;
      g_assert_cmpint (device.ops->layer_quantize (device.handle, fixture->w, c->m, c->n, fixture->h, &factor, &params, NULL,
                                                   NULL, &down), ==, SPQR_OK);
      device.shim->order = 0;
      assert_layers_equal (&up, &down);
      spqr_layer_clear (&up);
      spqr_layer_clear (&down);
      spqr_factor_clear (&factor);
    }
}

int
main (int argc, char *argv[])
{
  g_auto (GStrv) names = NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  if (!cuda_device_open (&device))
    return 0;
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/cuda/quantize/%s", cases[i].name);

      g_test_add_data_func (path, &cases[i], test_parity);
    }
  g_test_add_data_func ("/cuda/edges/default", GINT_TO_POINTER (FALSE), test_edges);
  g_test_add_data_func ("/cuda/edges/compat", GINT_TO_POINTER (TRUE), test_edges);
  g_test_add_func ("/cuda/random", test_random);
  g_test_add_func ("/cuda/cublas-update", test_cublas_update);
  g_test_add_func ("/cuda/rows", test_rows);
  g_test_add_func ("/cuda/refused", test_refused);
  g_test_add_func ("/cuda/little-memory", test_little_memory);
  g_test_add_func ("/cuda/order", test_order);
  names = golden_names ();
  for (int i = 0; names[i] != NULL; i++)
    {
      g_autofree char *path = g_strdup_printf ("/cuda/golden/%s", names[i]);

      g_test_add_data_func (path, names[i], test_golden);
    }
  result = g_test_run ();
  cuda_device_close (&device);
  return result;
}
