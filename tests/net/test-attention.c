/* Tiled attention against its definition in f64, over sequences longer than several tiles. */
#include <math.h>

#include "net/spqr-attention.h"
#include "net/spqr-rotary.h"
#include "num/spqr-cpu.h"
#include "oracle.h"

#define HEADS 4
#define KV_HEADS 2
#define DIM 12
#define STRIDE 101              /* of q and of the keys: heads lie apart and between other columns */

static const gsize q_offset[HEADS] = { 0, 13, 26, 39 };
static const gsize k_offset[KV_HEADS] = { 52, 64 };
static const gsize v_offset[KV_HEADS] = { 77, 89 };

typedef struct { const char *name; gsize earlier, queries, window; float softcap; gboolean alibi; } Case;

static const Case cases[] = {
  { "one-query", 0, 1, 0, 0, FALSE },
  { "short", 0, 5, 0, 0, FALSE },
  { "long", 0, 700, 0, 0, FALSE },
  { "window", 0, 700, 100, 0, FALSE },
  { "window-of-one", 0, 130, 1, 0, FALSE },
  { "softcap", 0, 300, 0, 1.5f, FALSE },
  { "alibi", 0, 600, 0, 0, TRUE },
  { "all", 0, 600, 333, 2, TRUE },
  { "after-others", 300, 200, 0, 0, FALSE },
  { "after-others-window", 300, 200, 64, 0, TRUE },
  { "decoding", 517, 1, 0, 0, TRUE },
  { "decoding-few", 517, 3, 100, 3, FALSE },
};

static double
true_score (const SpqrAttention *attention, const float *rows, gsize i, gsize j, gsize h)
{
  const float *q = rows + i * STRIDE + q_offset[h], *k = rows + j * STRIDE + k_offset[h / (HEADS / KV_HEADS)];
  double s = 0;

  for (gsize d = 0; d < DIM; d++)
    s += (double) q[d] * k[d];
  s *= attention->scale;
  if (attention->softcap > 0)
    s = attention->softcap * tanh (s / attention->softcap);
  if (attention->slopes != NULL)
    s += (double) spqr_alibi_bias (attention->slopes[h], j) * attention->scale;
  return s;
}

static void
true_attention (const SpqrAttention *attention, const float *rows, gsize i, gsize h, double *out)
{
  gsize from = attention->window > 0 && i + 1 > attention->window ? i + 1 - attention->window : 0;
  double most = -INFINITY, sum = 0;

  for (gsize d = 0; d < DIM; d++)
    out[d] = 0;
  for (gsize j = from; j <= i; j++)
    most = fmax (most, true_score (attention, rows, i, j, h));
  for (gsize j = from; j <= i; j++)
    {
      double p = exp (true_score (attention, rows, i, j, h) - most);

      sum += p;
      for (gsize d = 0; d < DIM; d++)
        out[d] += p * rows[j * STRIDE + v_offset[h / (HEADS / KV_HEADS)] + d];
    }
  for (gsize d = 0; d < DIM; d++)
    out[d] /= sum;
}

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GRand) random = g_rand_new_with_seed (5);
  gsize n = c->earlier + c->queries;
  g_autofree float *rows = g_new (float, n * STRIDE);
  g_autofree float *out = g_new (float, c->queries * HEADS * DIM);
  float slopes[HEADS];
  SpqrAttention attention = { HEADS, KV_HEADS, DIM, q_offset, 0.4f, c->softcap, c->window, c->alibi ? slopes : NULL };
  SpqrAttentionItem item = { .q = rows + c->earlier * STRIDE, .out = out, .stride = STRIDE, .out_stride = HEADS * DIM,
                             .position0 = c->earlier, .n = c->queries };
  SpqrExec exec = oracle_exec ();

  spqr_alibi_slopes (HEADS, slopes);
  for (gsize i = 0; i < n * STRIDE; i++)
    rows[i] = (float) g_rand_double_range (random, -2, 2);
  if (c->earlier > 0)
    item.spans[item.n_spans++] = (SpqrKeySpan) { rows, rows, STRIDE, k_offset, v_offset, 0, c->earlier };
  item.spans[item.n_spans++] = (SpqrKeySpan) { rows + c->earlier * STRIDE, rows + c->earlier * STRIDE, STRIDE, k_offset, v_offset, c->earlier, c->queries };
  for (int cpu = SPQR_CPU_AVX2; cpu <= SPQR_CPU_AVX512; cpu++)
    {
      spqr_cpu_limit ((SpqrCpu) cpu);
      g_assert_cmpint (spqr_attention_run (&attention, &item, 1, &exec), ==, SPQR_OK);
      for (gsize i = 0; i < c->queries; i++)
        for (gsize h = 0; h < HEADS; h++)
          {
            double want[DIM];

            true_attention (&attention, rows, c->earlier + i, h, want);
            for (gsize d = 0; d < DIM; d++)
              g_assert_cmpfloat (fabs (out[(i * HEADS + h) * DIM + d] - want[d]), <, 5e-6);
          }
    }
}

/* Heads that share their keys are done together, in parts when they are many: the same as each alone. */
static void
test_shared_keys (void)
{
  enum { n = 300, dim = 8, most = 13, stride = (most + 2) * dim };
  g_autoptr (GRand) random = g_rand_new_with_seed (6);
  g_autofree float *rows = g_new (float, n * stride), *together = g_new (float, n * most * dim), *alone = g_new (float, n * dim);
  const gsize k = most * dim, v = (most + 1) * dim;
  SpqrExec exec = oracle_exec ();
  gsize q[most];

  for (gsize h = 0; h < most; h++)
    q[h] = h * dim;
  for (gsize i = 0; i < n * stride; i++)
    rows[i] = (float) g_rand_double_range (random, -2, 2);
  for (gsize heads = 1; heads <= most; heads++)
    {
      SpqrAttention attention = { .heads = heads, .kv_heads = 1, .head_dim = dim, .q_offset = q, .scale = 0.4f };
      SpqrAttentionItem item = { .q = rows, .out = together, .stride = stride, .out_stride = heads * dim, .n = n, .n_spans = 1 };

      item.spans[0] = (SpqrKeySpan) { rows, rows, stride, &k, &v, 0, n };
      g_assert_cmpint (spqr_attention_run (&attention, &item, 1, &exec), ==, SPQR_OK);
      attention.heads = 1;
      item.out = alone;
      item.out_stride = dim;
      for (gsize h = 0; h < heads; h++)
        {
          attention.q_offset = &q[h];
          g_assert_cmpint (spqr_attention_run (&attention, &item, 1, &exec), ==, SPQR_OK);
          for (gsize i = 0; i < n; i++)
            g_assert_cmpmem (alone + i * dim, dim * sizeof (float), together + (i * heads + h) * dim, dim * sizeof (float));
        }
    }
}

/* The slopes of the paper for 8 heads; of its rule for 12. */
static void
test_slopes (void)
{
  float slopes[12];

  spqr_alibi_slopes (8, slopes);
  for (int h = 0; h < 8; h++)
    g_assert_cmpfloat (slopes[h], ==, (float) exp2 (-(h + 1)));
  spqr_alibi_slopes (12, slopes);
  for (int h = 0; h < 8; h++)
    g_assert_cmpfloat (slopes[h], ==, (float) exp2 (-(h + 1)));
  for (int h = 8; h < 12; h++)
    g_assert_cmpfloat (slopes[h], ==, (float) exp2 (-0.5 - (h - 8)));
}

static void
test_rotary_table (void)
{
  SpqrConfig config = { .rotary_dim = 6, .head_dim = 10, .rope_theta = 10000, .rope_factor = 1, .context = 64 };
  SpqrRotary *rotary = spqr_rotary_new (&config);
  SpqrRotaryTable *early = spqr_rotary_get_table (rotary, 5), *late = spqr_rotary_get_table (rotary, 5000);

  g_assert_cmpuint (late->half, ==, 3);
  g_assert_cmpuint (late->length, >=, 5000);
  for (gsize p = 0; p < 5000; p += 7)
    for (gsize i = 0; i < 3; i++)
      {
        double angle = p * pow (10000, -2.0 * i / 6);

        g_assert_cmpfloat (late->cosine[p * 3 + i], ==, (float) cos (angle));
        g_assert_cmpfloat (late->sine[p * 3 + i], ==, (float) sin (angle));
      }
  g_assert_cmpfloat (early->sine[4], ==, late->sine[4]);      /* still there */
  spqr_rotary_table_unref (early);
  spqr_rotary_table_unref (late);
  spqr_rotary_free (rotary);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/attention/%s", cases[i].name);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/attention/shared-keys", test_shared_keys);
  g_test_add_func ("/attention/slopes", test_slopes);
  g_test_add_func ("/attention/rotary-table", test_rotary_table);
  return g_test_run ();
}
