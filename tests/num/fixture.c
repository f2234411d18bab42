#include "fixture.h"

#include <math.h>
#include <string.h>

static double
normal (GRand *rand)
{
  double sum = -6;

  for (int i = 0; i < 12; i++)
    sum += g_rand_double (rand);
  return sum;
}

static void
fill_hessian (float *h, gsize n, GRand *rand)
{
  gsize tokens = 2 * n + 8;
  g_autofree double *x = g_new (double, n);
  g_autofree double *sum = g_new0 (double, n * n);

  for (gsize t = 0; t < tokens; t++)
    {
      for (gsize i = 0; i < n; i++)
        x[i] = normal (rand) * (i % 11 == 3 ? 5 : 1) + (i > 0 ? 0.4 * x[i - 1] : 0);
      for (gsize i = 0; i < n; i++)
        for (gsize j = 0; j < n; j++)
          sum[i * n + j] += x[i] * x[j];
    }
  for (gsize i = 0; i < n * n; i++)
    h[i] = (float) (sum[i] * 2 / (double) tokens);
}

Fixture *
fixture_new (gsize m, gsize n, guint32 seed)
{
  Fixture *fixture = g_new0 (Fixture, 1);
  GRand *rand = g_rand_new_with_seed (seed);

  fixture->m = m;
  fixture->n = n;
  fixture->w = g_new (float, m * n);
  fixture->h = g_new (float, n * n);
  for (gsize i = 0; i < m * n; i++)
    fixture->w[i] = (float) (normal (rand) * 0.02 * (g_rand_int_range (rand, 0, 97) == 0 ? 8 : 1));
  fill_hessian (fixture->h, n, rand);
  g_rand_free (rand);
  return fixture;
}

void
fixture_free (Fixture *fixture)
{
  g_free (fixture->w);
  g_free (fixture->h);
  g_free (fixture);
}

SpqrParams
fixture_params (int wbits, int groupsize, int qq_bits, int qq_groupsize)
{
  SpqrParams params = spqr_params_default;

  params.wbits = wbits;
  params.groupsize = groupsize;
  params.qq_scale_bits = params.qq_zero_bits = qq_bits;
  params.qq_groupsize = qq_groupsize;
  return params;
}

void
fixture_factor (const Fixture *fixture, const SpqrParams *params, const SpqrExec *exec, SpqrFactor *factor)
{
  g_assert_cmpint (spqr_factor_compute (fixture->h, fixture->w, fixture->m, fixture->n, params, NULL, exec, factor), ==, SPQR_OK);
}

void
fixture_quantize (const Fixture *fixture, const SpqrParams *params, const SpqrExec *exec,
                  SpqrLayerTrace *trace, SpqrLayer *layer)
{
  SpqrFactor factor = { 0 };

  if (params->method != SPQR_METHOD_RTN)
    fixture_factor (fixture, params, exec, &factor);
  g_assert_cmpint (spqr_layer_quantize (fixture->w, fixture->m, fixture->n, fixture->h, &factor, params, exec, trace, layer), ==, SPQR_OK);
  spqr_factor_clear (&factor);
}

float *
fixture_decode (const SpqrLayer *layer)
{
  float *out = g_new (float, layer->rows * layer->cols);

  spqr_layer_decode (layer, 0, layer->rows, out);
  return out;
}

static void
assert_same (gconstpointer a, gconstpointer b, gsize bytes)
{
  g_assert_true ((a == NULL) == (b == NULL));
  if (a != NULL)
    g_assert_cmpmem (a, bytes, b, bytes);
}

void
assert_layers_equal (const SpqrLayer *a, const SpqrLayer *b)
{
  gsize stats = a->groups * a->rows, second = a->groups * a->runs * sizeof (float);
  gsize outliers = spqr_layer_outliers (a);

  g_assert_true (a->rows == b->rows && a->cols == b->cols && a->groups == b->groups && a->runs == b->runs);
  g_assert_true (a->n_constants == b->n_constants && outliers == spqr_layer_outliers (b));
  assert_same (a->perm, b->perm, a->cols * sizeof *a->perm);
  assert_same (a->codes, b->codes, a->rows * a->cols);
  assert_same (a->scale_codes, b->scale_codes, stats);
  assert_same (a->zero_codes, b->zero_codes, stats);
  assert_same (a->scale_scale, b->scale_scale, second);
  assert_same (a->scale_zero, b->scale_zero, second);
  assert_same (a->zero_scale, b->zero_scale, second);
  assert_same (a->zero_zero, b->zero_zero, second);
  assert_same (a->scale, b->scale, stats * sizeof (float));
  assert_same (a->zero, b->zero, stats * sizeof (float));
  assert_same (a->outlier_offsets, b->outlier_offsets, (a->rows + 1) * sizeof *a->outlier_offsets);
  assert_same (a->outlier_cols, b->outlier_cols, outliers * sizeof *a->outlier_cols);
  assert_same (a->outlier_values, b->outlier_values, outliers * sizeof *a->outlier_values);
  for (gsize i = 0; i < a->n_constants; i++)
    g_assert_true (a->constants[i].row == b->constants[i].row && a->constants[i].group == b->constants[i].group &&
                   a->constants[i].value == b->constants[i].value);
  g_assert_true (memcmp (&a->mse, &b->mse, sizeof a->mse) == 0);
  g_assert_true (memcmp (&a->proxy_loss, &b->proxy_loss, sizeof a->proxy_loss) == 0);
  g_assert_true (memcmp (&a->threshold, &b->threshold, sizeof a->threshold) == 0);
}

typedef struct {
  gsize n, grain;
  gint next;
  SpqrRangeFunc func;
  void *data;
} Loop;

static gpointer
run_pieces (gpointer data)
{
  Loop *loop = data;

  for (;;)
    {
      gsize begin = (gsize) g_atomic_int_add (&loop->next, (gint) loop->grain);

      if (begin >= loop->n)
        return NULL;
      loop->func (loop->data, begin, MIN (begin + loop->grain, loop->n));
    }
}

static void
parallel_for (void *pool, size_t n, size_t grain, SpqrRangeFunc func, void *data)
{
  Loop loop = { n, MAX (grain, 1), 0, func, data };
  int others = *(int *) pool - 1;
  GThread *threads[16];

  for (int i = 0; i < others; i++)
    threads[i] = g_thread_new ("test", run_pieces, &loop);
  run_pieces (&loop);
  for (int i = 0; i < others; i++)
    g_thread_join (threads[i]);
}

SpqrExec
threads_exec (int *n_threads)
{
  return (SpqrExec) { .parallel_for = parallel_for, .pool = n_threads };
}

bool
stop_after (void *data)
{
  StopAfter *stop = data;
  gint polls = g_atomic_int_add (&stop->polls, 1) + 1;

  return stop->stop_at > 0 && polls >= stop->stop_at;
}
