/* A block of the network on the device, of random and ragged shapes: every form, norm, activation, offset of a head; sequences
 * that hang together and such that go on behind kept keys; the Hessians of its four inputs; layers quantized from its own
 * weights. Against the formulas written down once more here, in f64, one number after the other.
 * Tolerance, relative to the largest number: hidden states 5e-5, Hessians 5e-5; of the codes 99.9 % equal, the loss within 0.1 %. */
#include <math.h>
#include <string.h>

#include "cuda-fixture.h"

#define TRIALS 60
#define TOLERANCE 5e-5

static CudaDevice device;

/* ---- a random block ---- */

typedef struct {
  SpqrBlockShape shape;
  GPtrArray *memory;            /* what the shape points to */
  float *weights[SPQR_N_PRODUCTS];
  SpqrSequence sequences[6];
  gsize n_sequences, rows, positions;
  float *hidden, *cosine, *sine;
} Case;

static float *
numbers (Case *c, GRand *rand, gsize n, double middle, double spread)
{
  float *x = cuda_random (rand, n, spread);

  for (gsize i = 0; i < n; i++)
    x[i] += (float) middle;
  g_ptr_array_add (c->memory, x);
  return x;
}

/* The heads of q, k and v in any order, with gaps. */
static void
place_heads (Case *c, GRand *rand)
{
  SpqrBlockShape *s = &c->shape;
  gsize n = s->heads + 2 * s->kv_heads, *places = g_new (gsize, n), gap = (gsize) g_rand_int_range (rand, 0, 3);

  for (gsize i = 0; i < n; i++)
    places[i] = gap + i * (s->head_dim + gap);
  for (gsize i = n - 1; i > 0; i--)
    {
      gsize j = (gsize) g_rand_int_range (rand, 0, (gint32) i + 1), swap = places[i];

      places[i] = places[j];
      places[j] = swap;
    }
  g_ptr_array_add (c->memory, places);
  s->q_offset = places;
  s->k_offset = places + s->heads;
  s->v_offset = places + s->heads + s->kv_heads;
  s->rows[SPQR_PRODUCT_QKV] = n * (s->head_dim + gap) + gap;
}

static void
choose_shape (Case *c, GRand *rand)
{
  SpqrBlockShape *s = &c->shape;
  int form = g_rand_int_range (rand, 0, 5);

  s->hidden = (gsize) g_rand_int_range (rand, 1, 75);
  s->kv_heads = (gsize) g_rand_int_range (rand, 1, 4);
  s->heads = s->kv_heads * (gsize) g_rand_int_range (rand, 1, 4);
  s->head_dim = (gsize) g_rand_int_range (rand, 1, 45);
  s->inner = (gsize) g_rand_int_range (rand, 1, 90);
  s->gated = g_rand_boolean (rand);
  s->activation = (SpqrGateActivation) g_rand_int_range (rand, 0, 4);
  s->mean_norm = g_rand_boolean (rand);
  s->norm_epsilon = 1e-5;
  s->parallel = form == 1 || form == 2;
  s->two_parallel_norms = form == 2;
  s->four_norms = form == 3;
  s->post_norm = form == 4;
  s->attention_scale = (float) g_rand_double_range (rand, 0.1, 0.5);
  s->soft_cap = g_rand_int_range (rand, 0, 3) == 0 ? 5 : 0;
  s->window = g_rand_int_range (rand, 0, 3) == 0 ? (gsize) g_rand_int_range (rand, 1, 20) : 0;
  s->rotary_half = g_rand_int_range (rand, 0, 3) == 0 ? 0 : s->head_dim / 2;
  place_heads (c, rand);
  s->rows[SPQR_PRODUCT_O] = s->rows[SPQR_PRODUCT_DOWN] = s->hidden;
  s->rows[SPQR_PRODUCT_UP] = s->inner * (s->gated ? 2 : 1);
  s->cols[SPQR_PRODUCT_QKV] = s->cols[SPQR_PRODUCT_UP] = s->hidden;
  s->cols[SPQR_PRODUCT_O] = s->heads * s->head_dim;
  s->cols[SPQR_PRODUCT_DOWN] = s->inner;
  for (int p = 0; p < SPQR_N_PRODUCTS; p++)
    {
      c->weights[p] = numbers (c, rand, s->rows[p] * s->cols[p], 0, 1 / sqrt ((double) s->cols[p]));
      s->bias[p] = g_rand_boolean (rand) ? numbers (c, rand, s->rows[p], 0, 0.2) : NULL;
    }
  for (int n = 0; n < SPQR_N_NORMS; n++)
    {
      gboolean of_heads = n == SPQR_NORM_Q || n == SPQR_NORM_K;

      if (of_heads && (n == SPQR_NORM_K ? s->norms[SPQR_NORM_Q].weight == NULL : g_rand_int_range (rand, 0, 3) > 0))
        continue;
      s->norms[n].weight = numbers (c, rand, of_heads ? s->head_dim : s->hidden, 1, 0.3);
      s->norms[n].bias = g_rand_boolean (rand) ? numbers (c, rand, of_heads ? s->head_dim : s->hidden, 0, 0.2) : NULL;
    }
}

static void
choose_sequences (Case *c, GRand *rand)
{
  gsize parent = 0, half = MAX (c->shape.rotary_half, 1);

  c->n_sequences = (gsize) g_rand_int_range (rand, 1, 7);
  for (gsize i = 0; i < c->n_sequences; i++)
    {
      SpqrSequence *s = &c->sequences[i];

      s->first = c->rows;
      s->count = (gsize) g_rand_int_range (rand, 1, 26);
      s->parent = i > 0 && g_rand_boolean (rand) ? parent : 0;
      if (s->parent == 0)
        parent = i + 1;
      c->rows += s->count;
    }
  c->positions = 60;
  c->hidden = numbers (c, rand, c->rows * c->shape.hidden, 0, 1);
  c->cosine = numbers (c, rand, c->positions * half, 0, 1);     /* any two numbers will do */
  c->sine = numbers (c, rand, c->positions * half, 0, 1);
}

static void
case_clear (Case *c)
{
  g_ptr_array_unref (c->memory);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Case, case_clear)

static void
case_init (Case *c, GRand *rand)
{
  *c = (Case) { .memory = g_ptr_array_new_with_free_func (g_free) };
  choose_shape (c, rand);
  choose_sequences (c, rand);
}

/* ---- the formulas ---- */

static double *
product (const Case *c, SpqrProduct p, const double *x)
{
  gsize m = c->shape.rows[p], n = c->shape.cols[p];
  double *y = g_new (double, c->rows * m);

  for (gsize t = 0; t < c->rows; t++)
    for (gsize i = 0; i < m; i++)
      {
        double sum = c->shape.bias[p] != NULL ? c->shape.bias[p][i] : 0;

        for (gsize j = 0; j < n; j++)
          sum += (double) c->weights[p][i * n + j] * x[t * n + j];
        y[t * m + i] = sum;
      }
  g_ptr_array_add (c->memory, y);
  return y;
}

static void
norm (const Case *c, SpqrBlockNorm which, const double *x, double *y, gsize n)
{
  const float *weight = c->shape.norms[which].weight, *bias = c->shape.norms[which].bias;
  double mean = 0, squares = 0;

  for (gsize i = 0; i < n && c->shape.mean_norm; i++)
    mean += x[i] / (double) n;
  for (gsize i = 0; i < n; i++)
    squares += (x[i] - mean) * (x[i] - mean) / (double) n;
  for (gsize i = 0; i < n; i++)
    y[i] = (x[i] - mean) / sqrt (squares + c->shape.norm_epsilon) * weight[i] + (bias != NULL ? bias[i] : 0);
}

static double *
norm_rows (const Case *c, SpqrBlockNorm which, const double *x)
{
  gsize n = c->shape.hidden;
  double *y = g_new (double, c->rows * n);

  for (gsize t = 0; t < c->rows; t++)
    norm (c, which, x + t * n, y + t * n, n);
  g_ptr_array_add (c->memory, y);
  return y;
}

static gsize
position0 (const Case *c, const SpqrSequence *s)
{
  return s->parent != 0 ? c->sequences[s->parent - 1].count : 0;
}

static void
prepare_head (const Case *c, SpqrBlockNorm which, double *head, gsize position)
{
  gsize half = c->shape.rotary_half;

  if (c->shape.norms[which].weight != NULL)
    norm (c, which, head, head, c->shape.head_dim);
  for (gsize i = 0; i < half; i++)
    {
      double a = head[i], b = head[i + half], cosine = c->cosine[position * half + i], sine = c->sine[position * half + i];

      head[i] = a * cosine - b * sine;
      head[i + half] = b * cosine + a * sine;
    }
}

/* One query's head, over the keys of the parent, then of the sequence. */
static void
attend (const Case *c, const SpqrSequence *s, const double *qkv, gsize t, gsize head, double *out)
{
  const SpqrBlockShape *shape = &c->shape;
  gsize stride = shape->rows[SPQR_PRODUCT_QKV], dim = shape->head_dim, kv = head / (shape->heads / shape->kv_heads);
  gsize before = position0 (c, s), parent = s->parent != 0 ? c->sequences[s->parent - 1].first : 0, at = before + t;
  const double *q = qkv + (s->first + t) * stride + shape->q_offset[head];
  double total = 0;

  memset (out, 0, dim * sizeof *out);
  for (gsize key = 0; key <= at; key++)
    {
      const double *row = qkv + (key < before ? parent + key : s->first + key - before) * stride;
      double score = 0, weight;

      if (shape->window != 0 && at - key >= shape->window)
        continue;
      for (gsize d = 0; d < dim; d++)
        score += q[d] * row[shape->k_offset[kv] + d];
      score *= shape->attention_scale;
      if (shape->soft_cap > 0)
        score = shape->soft_cap * tanh (score / shape->soft_cap);
      weight = exp (score);
      total += weight;
      for (gsize d = 0; d < dim; d++)
        out[d] += weight * row[shape->v_offset[kv] + d];
    }
  for (gsize d = 0; d < dim; d++)
    out[d] /= total;
}

/* inputs: what each product reads. */
static double *
attention (const Case *c, const double *x, const double **inputs)
{
  const SpqrBlockShape *shape = &c->shape;
  gsize stride = shape->rows[SPQR_PRODUCT_QKV], width = shape->heads * shape->head_dim;
  double *qkv = product (c, SPQR_PRODUCT_QKV, x), *context = g_new (double, c->rows * width);

  g_ptr_array_add (c->memory, context);
  for (gsize i = 0; i < c->n_sequences; i++)
    for (gsize t = 0; t < c->sequences[i].count; t++)
      {
        double *row = qkv + (c->sequences[i].first + t) * stride;

        for (gsize h = 0; h < shape->heads; h++)
          prepare_head (c, SPQR_NORM_Q, row + shape->q_offset[h], position0 (c, &c->sequences[i]) + t);
        for (gsize h = 0; h < shape->kv_heads; h++)
          prepare_head (c, SPQR_NORM_K, row + shape->k_offset[h], position0 (c, &c->sequences[i]) + t);
      }
  for (gsize i = 0; i < c->n_sequences; i++)
    for (gsize t = 0; t < c->sequences[i].count; t++)
      for (gsize h = 0; h < shape->heads; h++)
        attend (c, &c->sequences[i], qkv, t, h, context + (c->sequences[i].first + t) * width + h * shape->head_dim);
  inputs[SPQR_PRODUCT_QKV] = x;
  inputs[SPQR_PRODUCT_O] = context;
  return product (c, SPQR_PRODUCT_O, context);
}

static double
activation (SpqrGateActivation which, double x)
{
  if (which == SPQR_ACTIVATION_SILU)
    return x / (1 + exp (-x));
  if (which == SPQR_ACTIVATION_GELU)
    return x / 2 * (1 + erf (x / sqrt (2)));
  if (which == SPQR_ACTIVATION_GELU_TANH)
    return x / 2 * (1 + tanh (sqrt (2 / G_PI) * (x + 0.044715 * x * x * x)));
  return MAX (x, 0);
}

static double *
mlp (const Case *c, const double *x, const double **inputs)
{
  gsize stride = c->shape.rows[SPQR_PRODUCT_UP], inner = c->shape.inner;
  double *up = product (c, SPQR_PRODUCT_UP, x), *mid = g_new (double, c->rows * inner);

  g_ptr_array_add (c->memory, mid);
  for (gsize t = 0; t < c->rows; t++)
    for (gsize i = 0; i < inner; i++)
      mid[t * inner + i] = activation (c->shape.activation, up[t * stride + i]) * (c->shape.gated ? up[t * stride + inner + i] : 1);
  inputs[SPQR_PRODUCT_UP] = x;
  inputs[SPQR_PRODUCT_DOWN] = mid;
  return product (c, SPQR_PRODUCT_DOWN, mid);
}

static double *
sum (const Case *c, const double *a, const double *b)
{
  gsize n = c->rows * c->shape.hidden;
  double *y = g_new (double, n);

  for (gsize i = 0; i < n; i++)
    y[i] = a[i] + b[i];
  g_ptr_array_add (c->memory, y);
  return y;
}

static const double *
expected (const Case *c, const double **inputs)
{
  const SpqrBlockShape *s = &c->shape;
  double *h = g_new (double, c->rows * s->hidden), *x;

  g_ptr_array_add (c->memory, h);
  for (gsize i = 0; i < c->rows * s->hidden; i++)
    h[i] = c->hidden[i];
  if (s->parallel)
    {
      const double *first = norm_rows (c, SPQR_NORM_INPUT, h);

      x = attention (c, first, inputs);
      return sum (c, sum (c, h, x), mlp (c, s->two_parallel_norms ? norm_rows (c, SPQR_NORM_POST, h) : first, inputs));
    }
  if (s->post_norm)
    {
      h = norm_rows (c, SPQR_NORM_INPUT, sum (c, h, attention (c, h, inputs)));
      return norm_rows (c, SPQR_NORM_POST, sum (c, h, mlp (c, h, inputs)));
    }
  x = attention (c, norm_rows (c, SPQR_NORM_INPUT, h), inputs);
  h = sum (c, h, s->four_norms ? norm_rows (c, SPQR_NORM_POST, x) : x);
  x = mlp (c, norm_rows (c, s->four_norms ? SPQR_NORM_PRE_MLP : SPQR_NORM_POST, h), inputs);
  return sum (c, h, s->four_norms ? norm_rows (c, SPQR_NORM_POST_MLP, x) : x);
}

/* ---- the device ---- */

static void *
open_block (const Case *c)
{
  void *block = NULL;

  g_assert_cmpint (device.ops->block->block_open (device.handle, &c->shape, &block), ==, SPQR_OK);
  for (int p = 0; p < SPQR_N_PRODUCTS; p++)
    g_assert_cmpint (device.ops->block->block_put (device.handle, block, (SpqrProduct) p, 0, c->shape.rows[p], c->weights[p], SPQR_ELEM_F32,
                                                   NULL), ==, SPQR_OK);
  return block;
}

static void
assert_near (const float *got, const double *want, gsize n)
{
  double most = 0, worst = 0;

  for (gsize i = 0; i < n; i++)
    {
      most = MAX (most, fabs (want[i]));
      worst = MAX (worst, fabs (got[i] - want[i]));
    }
  g_assert_cmpfloat (worst, <=, TOLERANCE * most);
}

static void
assert_hessian (const Case *c, SpqrProduct p, const double *x, const SpqrHessian *hessian)
{
  gsize n = c->shape.cols[p];
  g_autofree double *want = g_new0 (double, n * n);

  for (gsize t = 0; t < c->rows; t++)
    for (gsize i = 0; i < n; i++)
      for (gsize j = 0; j < n; j++)
        want[i * n + j] += 2.0 / (double) c->n_sequences * x[t * n + i] * x[t * n + j];
  g_assert_cmpuint (hessian->sequences, ==, c->n_sequences);
  assert_near (hessian->h, want, n * n);
}

/* A random choice of the hidden states on the device, of its inputs watched, and of a pass that ends behind them. */
static void
test_forms (void)
{
  GRand *rand = g_rand_new_with_seed (71);

  for (int trial = 0; trial < TRIALS; trial++)
    {
      g_auto (Case) c = { 0 };
      const double *inputs[SPQR_N_PRODUCTS], *want;
      g_autofree float *hidden = NULL;
      SpqrBlockPass pass = { 0 };
      void *block;

      case_init (&c, rand);
      want = expected (&c, inputs);
      hidden = g_memdup2 (c.hidden, c.rows * c.shape.hidden * sizeof *hidden);
      pass = (SpqrBlockPass) { .hidden = hidden, .rows = c.rows, .sequences = c.sequences, .n_sequences = c.n_sequences,
                               .write = g_rand_int_range (rand, 0, 4) > 0, .cosine = c.cosine, .sine = c.sine, .positions = c.positions };
      block = open_block (&c);
      if (g_rand_boolean (rand))
        g_assert_cmpint (device.ops->block->states_open (device.handle, c.rows, c.shape.hidden, &pass.states), ==, SPQR_OK);
      for (int p = 0; p < SPQR_N_PRODUCTS; p++)
        if (g_rand_boolean (rand))
          g_assert_cmpint (device.ops->block->input_open (device.handle, c.shape.cols[p], &pass.inputs[p]), ==, SPQR_OK);
      g_assert_cmpint (device.ops->block->block_run (device.handle, block, &pass, NULL), ==, SPQR_OK);
      g_assert_cmpuint (pass.done, ==, c.n_sequences);
      if (pass.write)
        assert_near (hidden, want, c.rows * c.shape.hidden);
      else
        g_assert_cmpmem (hidden, c.rows * c.shape.hidden * 4, c.hidden, c.rows * c.shape.hidden * 4);
      for (int p = 0; p < SPQR_N_PRODUCTS; p++)
        if (pass.inputs[p] != NULL)
          {
            SpqrHessian hessian;

            g_assert_cmpint (device.ops->block->input_fetch (device.handle, pass.inputs[p], NULL, &hessian), ==, SPQR_OK);
            assert_hessian (&c, (SpqrProduct) p, inputs[p], &hessian);
            spqr_hessian_clear (&hessian);
            device.ops->block->input_close (device.handle, pass.inputs[p]);
          }
      device.ops->block->states_close (device.handle, pass.states);
      device.ops->block->block_close (device.handle, block);
    }
  g_rand_free (rand);
}

/* One sequence in pieces of random lengths behind each other's keys: the same as at once. */
static void
test_goes_on (void)
{
  GRand *rand = g_rand_new_with_seed (72);

  for (int trial = 0; trial < TRIALS / 2; trial++)
    {
      g_auto (Case) c = { 0 };
      const double *inputs[SPQR_N_PRODUCTS], *want;
      g_autofree float *hidden = NULL;
      void *block, *cache = NULL;

      case_init (&c, rand);
      c.n_sequences = 1;
      c.rows = c.sequences[0].count;
      want = expected (&c, inputs);
      hidden = g_memdup2 (c.hidden, c.rows * c.shape.hidden * sizeof *hidden);
      block = open_block (&c);
      g_assert_cmpint (device.ops->block->cache_open (device.handle, c.rows, c.shape.kv_heads * c.shape.head_dim, &cache), ==, SPQR_OK);
      for (gsize at = 0; at < c.rows;)
        {
          gsize some = (gsize) g_rand_int_range (rand, 1, 5);
          SpqrSequence piece = { .count = MIN (c.rows - at, some) };
          SpqrBlockPass pass = { .hidden = hidden + at * c.shape.hidden, .rows = piece.count, .sequences = &piece, .n_sequences = 1, .write = true,
                                 .cosine = c.cosine, .sine = c.sine, .positions = c.positions, .cache = cache, .cached = at };

          g_assert_cmpint (device.ops->block->block_run (device.handle, block, &pass, NULL), ==, SPQR_OK);
          at += piece.count;
        }
      assert_near (hidden, want, c.rows * c.shape.hidden);
      device.ops->block->cache_close (device.handle, cache);
      device.ops->block->block_close (device.handle, block);
    }
  g_rand_free (rand);
}

/* A layer out of a block's rows with the H that its input gathered, against core/num with that H. */
static void
test_quantize (void)
{
  GRand *rand = g_rand_new_with_seed (73);
  double same = 0, all = 0, ours_loss = 0, cpu_loss = 0;

  for (int trial = 0; trial < TRIALS / 2; trial++)
    {
      g_auto (Case) c = { 0 };
      SpqrProduct p = (SpqrProduct) (trial % SPQR_N_PRODUCTS);
      SpqrParams params = fixture_params (g_rand_int_range (rand, 2, 5), g_rand_int_range (rand, 1, 20), g_rand_int_range (rand, 2, 5),
                                          g_rand_int_range (rand, 1, 20));
      SpqrWeights weights = { .product = p };
      SpqrHessian hessian;
      SpqrBlockPass pass = { 0 };
      SpqrLayer ours, cpu;
      SpqrFactor factor;
      LayerMatch match;
      gsize row0;

      case_init (&c, rand);
      params.percdamp = 1;
      row0 = (gsize) g_rand_int_range (rand, 0, (gint32) c.shape.rows[p]);
      pass = (SpqrBlockPass) { .hidden = c.hidden, .rows = c.rows, .sequences = c.sequences, .n_sequences = c.n_sequences,
                               .cosine = c.cosine, .sine = c.sine, .positions = c.positions };
      weights.block = open_block (&c);
      weights.row0 = row0;
      weights.m = c.shape.rows[p] - row0;
      weights.n = c.shape.cols[p];
      g_assert_cmpint (device.ops->block->input_open (device.handle, weights.n, &pass.inputs[p]), ==, SPQR_OK);
      g_assert_cmpint (device.ops->block->block_run (device.handle, weights.block, &pass, NULL), ==, SPQR_OK);
      g_assert_cmpint (device.ops->block->input_fetch (device.handle, pass.inputs[p], NULL, &hessian), ==, SPQR_OK);
      g_assert_cmpint (spqr_factor_compute (hessian.h, c.weights[p] + row0 * weights.n, weights.m, weights.n, &params, NULL, NULL, &factor),
                       ==, SPQR_OK);
      g_assert_cmpint (spqr_layer_quantize (c.weights[p] + row0 * weights.n, weights.m, weights.n, hessian.h, &factor, &params, NULL, NULL,
                                            &cpu), ==, SPQR_OK);
      g_assert_cmpint (device.ops->block->input_quantize (device.handle, pass.inputs[p], &weights, &params, NULL, NULL, &ours), ==, SPQR_OK);
      match = cuda_layers_match (&ours, &cpu);
      g_test_message ("%zu x %zu: codes %.5f loss %+.1e", weights.m, weights.n, match.codes, match.proxy);
      same += match.codes * (double) (weights.m * weights.n);
      all += (double) (weights.m * weights.n);
      ours_loss += isnan (ours.proxy_loss) ? 0 : ours.proxy_loss;
      cpu_loss += isnan (cpu.proxy_loss) ? 0 : cpu.proxy_loss;
      spqr_layer_clear (&ours);
      spqr_layer_clear (&cpu);
      spqr_factor_clear (&factor);
      spqr_hessian_clear (&hessian);
      device.ops->block->input_close (device.handle, pass.inputs[p]);
      device.ops->block->block_close (device.handle, weights.block);
    }
  g_assert_cmpfloat (same / all, >=, 0.999);
  g_assert_cmpfloat (fabs (ours_loss / cpu_loss - 1), <=, 1e-3);
  g_rand_free (rand);
}

int
main (int argc, char *argv[])
{
  int result;

  g_test_init (&argc, &argv, NULL);
  if (!cuda_device_open (&device))
    return 0;
  g_test_add_func ("/cuda/block/forms", test_forms);
  g_test_add_func ("/cuda/block/goes-on", test_goes_on);
  g_test_add_func ("/cuda/block/quantize", test_quantize);
  result = g_test_run ();
  cuda_device_close (&device);
  return result;
}
