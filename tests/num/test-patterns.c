/* spqr-patterns: planted patterns are found where they were planted, and nothing is found in noise. */
#include <glib.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "num/spqr-cpu.h"
#include "num/spqr-patterns.h"
#include "threads.h"

typedef enum { NORMAL, LAPLACE, STUDENT, UNIFORM, N_NOISES } Noise;

/* splitmix64: seeded, the same everywhere. */
static double
uniform (guint64 *state)
{
  guint64 x = *state += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  x = (x ^ (x >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return ((double) ((x ^ (x >> 31)) >> 11) + 0.5) * 0x1p-53;
}

static double
normal (guint64 *state)
{
  double r = sqrt (-2 * log (uniform (state)));

  return r * cos (2 * G_PI * uniform (state));
}

static double
draw (Noise noise, guint64 *state)
{
  double u;

  switch (noise)
    {
    case LAPLACE:
      u = uniform (state) - 0.5;
      return u < 0 ? log1p (2 * u) : -log1p (-2 * u);
    case STUDENT:
      {
        double a = normal (state), b = normal (state), c = normal (state);

        return normal (state) / sqrt ((a * a + b * b + c * c) / 3);
      }
    case UNIFORM:
      return 2 * uniform (state) - 1;
    case NORMAL:
    case N_NOISES:
    default:
      return normal (state);
    }
}

/* Squares, as sensitivity is; rugged: with every row and column on its own scale, as in real layers. */
static float *
field_new (gsize rows, gsize cols, Noise noise, double rugged, guint64 seed)
{
  float *field = g_new (float, rows * cols);
  g_autofree double *scale = g_new (double, cols);

  for (gsize j = 0; j < cols; j++)
    scale[j] = exp (rugged * normal (&seed));
  for (gsize i = 0; i < rows; i++)
    {
      double row = exp (rugged * normal (&seed)) * 1e-5;

      for (gsize j = 0; j < cols; j++)
        {
          double x = draw (noise, &seed);

          field[i * cols + j] = (float) (x * x * row * scale[j]);
        }
    }
  return field;
}

static void
multiply (float *field, gsize cols, gsize r0, gsize r1, gsize c0, gsize c1, double factor)
{
  for (gsize i = r0; i < r1; i++)
    for (gsize j = c0; j < c1; j++)
      field[i * cols + j] *= (float) factor;
}

static void
find (const SpqrPatternInput *in, SpqrPatterns *patterns)
{
  g_assert_cmpint (spqr_patterns_find (in, NULL, patterns), ==, SPQR_OK);
  for (gsize i = 0; i < patterns->n; i++)
    {
      const SpqrPattern *p = &patterns->items[i];

      g_assert_true (i == 0 || patterns->items[i - 1].kind < p->kind);
      g_assert_cmpfloat (p->confidence, >=, 0.5);
      g_assert_cmpfloat (p->confidence, <=, 1);
      g_assert_cmpfloat (p->share, >=, -1e-9);
      g_assert_cmpfloat (p->share, <=, 1 + 1e-6);
      g_assert_cmpuint (p->n_places, >, 0);
      for (gsize k = 0; k < p->n_places; k++)
        {
          g_assert_cmpuint (p->places[k].row0, <, p->places[k].row1);
          g_assert_cmpuint (p->places[k].row1, <=, in->rows);
          g_assert_cmpuint (p->places[k].col0, <, p->places[k].col1);
          g_assert_cmpuint (p->places[k].col1, <=, in->cols);
          g_assert_true (k == 0 || p->kind == SPQR_PATTERN_UNSTRUCTURED || p->places[k].strength <= p->places[k - 1].strength);
        }
    }
}

static char *
describe (const SpqrPatterns *patterns)
{
  static const char *const names[] = { "rows", "partial rows", "columns", "heads", "rotary", "unstructured", "dead" };
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < patterns->n; i++)
    {
      const SpqrPattern *p = &patterns->items[i];

      g_string_append_printf (text, "%s %zu (%.2f, share %.3f, first %zu-%zu x %zu-%zu) ", names[p->kind], p->count, p->confidence,
                              p->share, p->places[0].row0, p->places[0].row1, p->places[0].col0, p->places[0].col1);
    }
  return g_string_free (text, FALSE);
}

/* Exactly these kinds, and perhaps those. */
static void
assert_kinds (const SpqrPatterns *patterns, guint wanted, guint allowed, const char *what)
{
  guint found = 0;
  g_autofree char *text = describe (patterns);

  for (gsize i = 0; i < patterns->n; i++)
    found |= 1u << patterns->items[i].kind;
  if ((found & wanted) != wanted || (found & ~(wanted | allowed)) != 0)
    g_error ("%s: kinds 0x%x found, 0x%x wanted, 0x%x allowed: %s", what, found, wanted, allowed, text);
}

#define ROWS (1u << SPQR_PATTERN_ROWS)
#define PARTIAL (1u << SPQR_PATTERN_PARTIAL_ROWS)
#define COLUMNS (1u << SPQR_PATTERN_COLUMNS)
#define HEADS (1u << SPQR_PATTERN_HEADS)
#define ROTARY (1u << SPQR_PATTERN_ROTARY)
#define UNSTRUCTURED (1u << SPQR_PATTERN_UNSTRUCTURED)
#define DEAD (1u << SPQR_PATTERN_DEAD_INPUTS)

/* What heavy tails may be called besides. */
static guint
tails (Noise noise)
{
  return noise == STUDENT ? UNSTRUCTURED : 0;
}

/* ---- nothing there ---- */

static void
test_noise (void)
{
  static const gsize shapes[][2] = { { 64, 64 }, { 128, 64 }, { 96, 250 }, { 17, 400 }, { 333, 19 }, { 256, 256 }, { 192, 576 }, { 64, 1031 } };
  guint wrong = 0, unstructured[N_NOISES] = { 0 };

  for (guint k = 0; k < 200; k++)
    {
      const gsize *shape = shapes[k / 4 % G_N_ELEMENTS (shapes)];
      Noise noise = k % N_NOISES;
      g_autofree float *field = field_new (shape[0], shape[1], noise, k % 3 == 0 ? 0.4 : 0, 1000 + k);
      SpqrPatternInput in = { .field = field, .rows = shape[0], .cols = shape[1] };
      SpqrPatterns patterns;

      if (shape[0] % 32 == 0)
        {
          in.heads = SPQR_PATTERN_ROW_HEADS;
          in.head_dim = k % 2 ? 16 : 8;
          in.rotary_period = in.head_dim / 2;
        }
      else if (shape[1] % 10 == 0)
        {
          in.heads = SPQR_PATTERN_COLUMN_HEADS;
          in.head_dim = 10;
        }
      find (&in, &patterns);
      unstructured[noise] += spqr_patterns_get (&patterns, SPQR_PATTERN_UNSTRUCTURED) != NULL;
      for (gsize i = 0; i < patterns.n; i++)
        if (patterns.items[i].kind != SPQR_PATTERN_UNSTRUCTURED)
          {
            g_autofree char *text = describe (&patterns);

            wrong++;
            g_test_message ("noise %d, %zu x %zu: %s", noise, shape[0], shape[1], text);
          }
      spqr_patterns_clear (&patterns);
    }
  g_test_message ("of 50 each: unstructured in %u normal, %u Laplace, %u Student, %u uniform", unstructured[NORMAL],
                  unstructured[LAPLACE], unstructured[STUDENT], unstructured[UNIFORM]);
  /* Heavy tails are unstructured outliers; light ones are not. */
  g_assert_cmpuint (unstructured[NORMAL] + unstructured[UNIFORM] + unstructured[LAPLACE], ==, 0);
  g_assert_cmpuint (unstructured[STUDENT], >, 25);
  /* Stated: under 1 % of matrices. */
  g_assert_cmpuint (wrong, <=, 1);
}

static void
test_odd_shapes (void)
{
  static const gsize shapes[][2] = { { 1, 1 }, { 1, 5000 }, { 5000, 1 }, { 15, 300 }, { 300, 15 }, { 16, 16 }, { 2, 2 }, { 16, 4097 }, { 4097, 16 } };
  SpqrPatterns patterns;

  for (guint k = 0; k < G_N_ELEMENTS (shapes); k++)
    for (guint noise = 0; noise < N_NOISES; noise++)
      {
        gsize rows = shapes[k][0], cols = shapes[k][1];
        g_autofree float *field = field_new (rows, cols, noise, 0, 77 + k);
        SpqrPatternInput in = { .field = field, .rows = rows, .cols = cols, .heads = SPQR_PATTERN_ROW_HEADS, .head_dim = 8, .rotary_period = 4 };

        find (&in, &patterns);
        assert_kinds (&patterns, 0, tails (noise), "odd shape");
        spqr_patterns_clear (&patterns);
      }
  find (&(SpqrPatternInput) { .rows = 0, .cols = 7 }, &patterns);
  g_assert_cmpuint (patterns.n, ==, 0);
  g_assert_cmpint (spqr_patterns_find (&(SpqrPatternInput) { .rows = (gsize) 1 << 31, .cols = (gsize) 1 << 31 }, NULL, &patterns), ==, SPQR_INVALID);
}

static void
test_no_field (void)
{
  gsize rows = 64, cols = 96, n = rows * cols;
  g_autofree float *field = g_new0 (float, n), *diag = g_new0 (float, cols);
  SpqrPatternInput in = { .field = field, .weights = field, .hessian_diag = diag, .rows = rows, .cols = cols,
                          .heads = SPQR_PATTERN_ROW_HEADS, .head_dim = 16, .rotary_period = 8 };
  static const float values[] = { 0, -0.0f, 3.25f, -1e-20f, 1e-44f, 3e38f, NAN, INFINITY, -INFINITY };
  SpqrPatterns patterns;

  for (guint v = 0; v < G_N_ELEMENTS (values); v++)
    {
      for (gsize i = 0; i < n; i++)
        field[i] = values[v];
      in.hessian_diag = v == 0 ? diag : NULL;
      find (&in, &patterns);
      assert_kinds (&patterns, 0, 0, "constant");
    }
  for (gsize i = 0; i < n; i++)
    field[i] = i % 40 == 3 ? NAN : (float) (i % 7);
  find (&in, &patterns);
  assert_kinds (&patterns, 0, 0, "many NaN");
  /* Nine tenths zeros: some columns of few rows have no other. */
  for (gsize i = 0; i < n; i++)
    field[i] = i * 2654435761u % 100 < 90 ? 0 : 1;
  in.weights = field;
  find (&(SpqrPatternInput) { .field = field, .weights = field, .rows = 24, .cols = n / 24 }, &patterns);
  assert_kinds (&patterns, 0, 0, "sparse");
}

/* ---- single patterns ---- */

static gboolean
has_place (const SpqrPattern *p, gsize row0, gsize row1, gsize col0, gsize col1, gsize slack)
{
  for (gsize k = 0; k < p->n_places; k++)
    if (p->places[k].row0 == row0 && p->places[k].row1 == row1 && ABS ((gssize) p->places[k].col0 - (gssize) col0) <= (gssize) slack &&
        ABS ((gssize) p->places[k].col1 - (gssize) col1) <= (gssize) slack)
      return TRUE;
  return FALSE;
}

static const gsize planted_shapes[][2] = { { 96, 128 }, { 256, 384 }, { 576, 192 }, { 61, 1003 } };
static const double strengths[] = { 16, 40, 1000 };

static void
test_rows (void)
{
  for (guint k = 0; k < G_N_ELEMENTS (planted_shapes) * G_N_ELEMENTS (strengths) * N_NOISES; k++)
    {
      gsize rows = planted_shapes[k % 4][0], cols = planted_shapes[k % 4][1], at[] = { 0, rows / 3, rows - 1 };
      Noise noise = k / 4 % N_NOISES;
      double strength = strengths[k / 16];
      g_autofree float *field = field_new (rows, cols, noise, 0.1, k);
      SpqrPatterns patterns;
      const SpqrPattern *p;

      for (guint i = 0; i < 3; i++)
        multiply (field, cols, at[i], at[i] + 1, 0, cols, strength);
      find (&(SpqrPatternInput) { .field = field, .rows = rows, .cols = cols }, &patterns);
      assert_kinds (&patterns, ROWS, tails (noise), "rows");
      p = spqr_patterns_get (&patterns, SPQR_PATTERN_ROWS);
      g_assert_cmpuint (p->count, ==, 3);
      for (guint i = 0; i < 3; i++)
        g_assert_true (has_place (p, at[i], at[i] + 1, 0, cols, 0));
      if (strength == 1000)
        g_assert_cmpfloat (p->share, >, 0.7);
      spqr_patterns_clear (&patterns);
    }
}

static void
test_columns (void)
{
  for (guint k = 0; k < G_N_ELEMENTS (planted_shapes) * G_N_ELEMENTS (strengths) * N_NOISES; k++)
    {
      gsize rows = planted_shapes[k % 4][0], cols = planted_shapes[k % 4][1], at[] = { 0, cols / 2, cols - 1 };
      Noise noise = k / 4 % N_NOISES;
      g_autofree float *field = field_new (rows, cols, noise, 0.1, k);
      SpqrPatterns patterns;
      const SpqrPattern *p;

      for (guint i = 0; i < 3; i++)
        multiply (field, cols, 0, rows, at[i], at[i] + 1, strengths[k / 16]);
      find (&(SpqrPatternInput) { .field = field, .rows = rows, .cols = cols }, &patterns);
      assert_kinds (&patterns, COLUMNS, tails (noise), "columns");
      p = spqr_patterns_get (&patterns, SPQR_PATTERN_COLUMNS);
      g_assert_cmpuint (p->count, ==, 3);
      for (guint i = 0; i < 3; i++)
        {
          g_assert_cmpuint (p->places[i].col1 - p->places[i].col0, ==, 1);
          g_assert_true (p->places[i].col0 == at[0] || p->places[i].col0 == at[1] || p->places[i].col0 == at[2]);
        }
      spqr_patterns_clear (&patterns);
    }
}

static void
test_partial_rows (void)
{
  for (guint k = 0; k < 2 * N_NOISES * 3; k++)
    {
      gsize rows = k % 2 ? 512 : 96, cols = k % 2 ? 1024 : 400, begin = cols / 4 + 5, end = begin + cols / 5;
      Noise noise = k / 2 % N_NOISES;
      g_autofree float *field = field_new (rows, cols, noise, 0.1, 50 + k);
      SpqrPatterns patterns;
      const SpqrPattern *p;

      multiply (field, cols, 7, 8, begin, end, k / 8 == 0 ? 60 : k / 8 == 1 ? 200 : 4000);
      multiply (field, cols, rows - 2, rows - 1, 0, 64, 100);
      find (&(SpqrPatternInput) { .field = field, .rows = rows, .cols = cols }, &patterns);
      assert_kinds (&patterns, PARTIAL, tails (noise), "partial rows");
      p = spqr_patterns_get (&patterns, SPQR_PATTERN_PARTIAL_ROWS);
      g_assert_cmpuint (p->count, ==, 2);
      g_assert_true (has_place (p, 7, 8, begin, end, 32));
      g_assert_true (has_place (p, rows - 2, rows - 1, 0, 64, 0));
      spqr_patterns_clear (&patterns);
    }
}

static void
test_heads (void)
{
  for (guint k = 0; k < 2 * 3 * N_NOISES; k++)
    {
      gboolean by_row = k % 2;
      gsize d = k / 2 % 3 == 0 ? 16 : 64, heads = k / 2 % 3 == 2 ? 4 : 8, rows = by_row ? d * heads : 320, cols = by_row ? 320 : d * heads;
      Noise noise = k / 6;
      g_autofree float *field = field_new (rows, cols, noise, 0.1, 90 + k);
      SpqrPatternInput in = { .field = field, .rows = rows, .cols = cols, .heads = by_row ? SPQR_PATTERN_ROW_HEADS : SPQR_PATTERN_COLUMN_HEADS,
                              .head_dim = d, .rotary_period = by_row ? d / 2 : 0 };
      SpqrPatterns patterns;
      const SpqrPattern *p;

      multiply (field, cols, by_row ? 2 * d : 0, by_row ? 3 * d : rows, by_row ? 0 : 2 * d, by_row ? cols : 3 * d, k / 6 % 2 ? 4 : 50);
      find (&in, &patterns);
      assert_kinds (&patterns, HEADS, tails (noise), "heads");
      p = spqr_patterns_get (&patterns, SPQR_PATTERN_HEADS);
      g_assert_cmpuint (p->count, ==, 1);
      g_assert_cmpuint (by_row ? p->places[0].row0 : p->places[0].col0, ==, 2 * d);
      g_assert_cmpuint (by_row ? p->places[0].row1 : p->places[0].col1, ==, 3 * d);
      spqr_patterns_clear (&patterns);
    }
}

/* A block of rows that is no head's is not called one, whatever else it may be called. */
static void
test_heads_between (void)
{
  g_autofree float *field = field_new (512, 256, NORMAL, 0.1, 3);
  SpqrPatterns patterns;

  multiply (field, 256, 96, 160, 0, 256, 10);
  find (&(SpqrPatternInput) { .field = field, .rows = 512, .cols = 256, .heads = SPQR_PATTERN_ROW_HEADS, .head_dim = 64 }, &patterns);
  assert_kinds (&patterns, 0, ROWS, "half of two heads");
  spqr_patterns_clear (&patterns);
}

static void
plant_rotary (float *field, gsize rows, gsize cols, gsize period, double strength)
{
  for (gsize i = 0; i < rows; i++)
    multiply (field, cols, i, i + 1, 0, cols, pow (strength, (double) (i % period) / (double) (period - 1)));
}

static void
test_rotary (void)
{
  for (guint k = 0; k < 3 * 2 * N_NOISES; k++)
    {
      gsize d = k % 3 == 0 ? 16 : k % 3 == 1 ? 64 : 128, heads = d == 128 ? 4 : 8, rows = d * heads, cols = 256;
      gsize period = k / 3 % 2 ? d / 2 : d;
      Noise noise = k / 6;
      g_autofree float *field = field_new (rows, cols, noise, 0.3, 200 + k);
      SpqrPatternInput in = { .field = field, .rows = rows, .cols = cols, .heads = SPQR_PATTERN_ROW_HEADS, .head_dim = d, .rotary_period = d / 2 };
      SpqrPatterns patterns;
      const SpqrPattern *p;

      plant_rotary (field, rows, cols, period, k / 6 % 2 ? 12 : 300);
      find (&in, &patterns);
      if (period == d)
        {
          /* Repeats with the head, not with its halves: another layout of pairs. */
          assert_kinds (&patterns, 0, tails (noise), "not rotary");
          spqr_patterns_clear (&patterns);
          in.rotary_period = d;
          find (&in, &patterns);
        }
      assert_kinds (&patterns, ROTARY, tails (noise), "rotary");
      p = spqr_patterns_get (&patterns, SPQR_PATTERN_ROTARY);
      g_assert_cmpuint (p->period, ==, period);
      g_assert_cmpuint (p->count, ==, rows / period);
      g_assert_cmpuint (p->n_places, ==, rows / period);
      /* The last rows of the period are the most sensitive ones. */
      for (gsize i = 0; i < p->n_places; i++)
        {
          g_assert_cmpuint (p->places[i].row0, >=, i * period + period / 2);
          g_assert_cmpuint (p->places[i].row1, <=, (i + 1) * period);
        }
      spqr_patterns_clear (&patterns);
      /* Never without rotary. */
      in.rotary_period = 0;
      find (&in, &patterns);
      g_assert_null (spqr_patterns_get (&patterns, SPQR_PATTERN_ROTARY));
      spqr_patterns_clear (&patterns);
    }
}

static void
test_unstructured (void)
{
  static const double shares[] = { 0.0001, 0.0005, 0.001 };

  for (guint k = 0; k < 3 * 3 * 2; k++)
    {
      gsize rows = k % 3 == 0 ? 128 : 300, cols = k % 3 == 2 ? 1001 : 384, planted = (gsize) (shares[k / 3 % 3] * (double) (rows * cols)) + 1;
      Noise noise = k % 2 ? NORMAL : UNIFORM;
      g_autofree float *field = field_new (rows, cols, noise, k / 9 ? 0.5 : 0, 300 + k);
      g_autofree gboolean *there = g_new0 (gboolean, rows * cols);
      guint64 state = k;
      SpqrPatterns patterns;
      const SpqrPattern *p;

      for (gsize i = 0; i < planted; i++)
        {
          gsize at = (gsize) (uniform (&state) * (double) (rows * cols));

          field[at] = (float) (1e-5 * (300 + 2000 / (shares[k / 3 % 3] * 1e4)));
          there[at] = TRUE;
        }
      find (&(SpqrPatternInput) { .field = field, .rows = rows, .cols = cols }, &patterns);
      assert_kinds (&patterns, UNSTRUCTURED, 0, "unstructured");
      p = spqr_patterns_get (&patterns, SPQR_PATTERN_UNSTRUCTURED);
      g_assert_cmpuint (p->n_places, ==, MIN (p->count, 256));
      for (gsize i = 0; i < MIN (p->n_places, planted * 3 / 4); i++)
        g_assert_true (there[p->places[i].row0 * cols + p->places[i].col0]);
      spqr_patterns_clear (&patterns);
    }
}

static void
test_dead (void)
{
  gsize rows = 96, cols = 160;
  g_autofree float *field = field_new (rows, cols, NORMAL, 0.2, 5), *weights = field_new (rows, cols, NORMAL, 0.2, 6), *diag = g_new (float, cols);
  SpqrPatternInput in = { .field = field, .rows = rows, .cols = cols };
  SpqrPatterns patterns;
  const SpqrPattern *p;

  for (gsize j = 0; j < cols; j++)
    diag[j] = 1 + (float) j;
  multiply (field, cols, 0, rows, 0, 1, 0);
  find (&in, &patterns);
  assert_kinds (&patterns, DEAD, 0, "zero column");
  spqr_patterns_clear (&patterns);

  multiply (weights, cols, 0, rows, 40, 44, 0);
  diag[159] = 0;
  in.weights = weights;
  in.hessian_diag = diag;
  find (&in, &patterns);
  assert_kinds (&patterns, DEAD, 0, "three ways to be dead");
  p = spqr_patterns_get (&patterns, SPQR_PATTERN_DEAD_INPUTS);
  g_assert_cmpuint (p->count, ==, 6);
  g_assert_cmpuint (p->n_places, ==, 3);
  g_assert_cmpfloat (p->confidence, ==, 1);
  g_assert_true (has_place (p, 0, rows, 40, 44, 0) && has_place (p, 0, rows, 0, 1, 0) && has_place (p, 0, rows, 159, 160, 0));
  spqr_patterns_clear (&patterns);
}

/* Weights are looked at by their squares: the same labels as of the squares themselves. */
static void
test_squared (void)
{
  gsize rows = 256, cols = 384;
  g_autofree float *field = field_new (rows, cols, LAPLACE, 0.2, 31), *root = g_new (float, rows * cols);
  SpqrPatterns patterns, of_roots;

  multiply (field, cols, 17, 18, 0, cols, 30);
  multiply (field, cols, 0, rows, 200, 201, 30);
  for (gsize i = 0; i < rows * cols; i += 1200)
    field[i] = 0.2f;
  for (gsize i = 0; i < rows * cols; i++)
    root[i] = (i % 2 ? -1 : 1) * sqrtf (field[i]);
  find (&(SpqrPatternInput) { .field = field, .rows = rows, .cols = cols }, &patterns);
  find (&(SpqrPatternInput) { .field = root, .rows = rows, .cols = cols, .squared = true }, &of_roots);
  assert_kinds (&patterns, ROWS | COLUMNS | UNSTRUCTURED, 0, "squares");
  g_assert_cmpuint (of_roots.n, ==, patterns.n);
  for (gsize i = 0; i < patterns.n; i++)
    {
      const SpqrPattern *p = &patterns.items[i], *q = &of_roots.items[i];

      g_assert_true (p->kind == q->kind && p->count == q->count && p->n_places == q->n_places);
      g_assert_cmpfloat_with_epsilon (p->confidence, q->confidence, 1e-4);
      g_assert_cmpfloat_with_epsilon (p->share, q->share, 1e-4);
      g_assert_cmpuint (p->places[0].row0, ==, q->places[0].row0);
      g_assert_cmpuint (p->places[0].col0, ==, q->places[0].col0);
    }
  spqr_patterns_clear (&patterns);
  spqr_patterns_clear (&of_roots);
}

/* ---- together ---- */

static float *
combined (gsize *rows, gsize *cols, gsize *d)
{
  float *field;
  guint64 state = 9;

  *rows = 512;
  *cols = 768;
  *d = 64;
  field = field_new (*rows, *cols, NORMAL, 0.2, 11);
  plant_rotary (field, *rows, *cols, *d / 2, 30);
  multiply (field, *cols, 3 * *d, 4 * *d, 0, *cols, 8);         /* head 3 */
  multiply (field, *cols, 5, 6, 0, *cols, 400);
  multiply (field, *cols, 400, 401, 0, *cols, 400);
  multiply (field, *cols, 100, 101, 256, 512, 3000);
  multiply (field, *cols, 0, *rows, 333, 334, 200);
  for (guint k = 0; k < 120; k++)
    field[(gsize) (uniform (&state) * (double) (*rows * *cols))] = 0.5f;
  multiply (field, *cols, 0, *rows, 700, 703, 0);
  return field;
}

static void
test_combined (void)
{
  gsize rows, cols, d;
  g_autofree float *field = combined (&rows, &cols, &d);
  SpqrPatterns patterns;
  const SpqrPattern *p;

  find (&(SpqrPatternInput) { .field = field, .rows = rows, .cols = cols, .heads = SPQR_PATTERN_ROW_HEADS, .head_dim = d, .rotary_period = d / 2 },
        &patterns);
  assert_kinds (&patterns, ROWS | PARTIAL | COLUMNS | HEADS | ROTARY | UNSTRUCTURED | DEAD, 0, "all of them");
  p = spqr_patterns_get (&patterns, SPQR_PATTERN_ROWS);
  g_assert_cmpuint (p->count, ==, 2);
  g_assert_true (has_place (p, 5, 6, 0, cols, 0) && has_place (p, 400, 401, 0, cols, 0));
  p = spqr_patterns_get (&patterns, SPQR_PATTERN_PARTIAL_ROWS);
  g_assert_cmpuint (p->count, ==, 1);
  g_assert_true (has_place (p, 100, 101, 256, 512, 32));
  p = spqr_patterns_get (&patterns, SPQR_PATTERN_COLUMNS);
  g_assert_cmpuint (p->count, ==, 1);
  g_assert_true (has_place (p, 0, rows, 333, 334, 0));
  p = spqr_patterns_get (&patterns, SPQR_PATTERN_HEADS);
  g_assert_cmpuint (p->count, ==, 1);
  g_assert_true (has_place (p, 3 * d, 4 * d, 0, cols, 0));
  p = spqr_patterns_get (&patterns, SPQR_PATTERN_UNSTRUCTURED);
  g_assert_cmpuint (p->count, >, 90);
  p = spqr_patterns_get (&patterns, SPQR_PATTERN_DEAD_INPUTS);
  g_assert_true (has_place (p, 0, rows, 700, 703, 0));
  spqr_patterns_clear (&patterns);
}

/* A few NaN change nothing but themselves; signs never do. */
static void
test_damaged (void)
{
  gsize rows = 256, cols = 384;
  g_autofree float *field = field_new (rows, cols, NORMAL, 0.2, 21);
  SpqrPatterns patterns;
  const SpqrPattern *p;

  multiply (field, cols, 17, 18, 0, cols, 200);
  for (gsize i = 0; i < rows * cols; i += 977)
    field[i] = i % 2 ? NAN : INFINITY;
  for (gsize i = 0; i < rows * cols; i += 3)
    field[i] = -field[i];
  field[5] = 3e38f;
  find (&(SpqrPatternInput) { .field = field, .rows = rows, .cols = cols }, &patterns);
  assert_kinds (&patterns, ROWS, UNSTRUCTURED, "damaged");
  p = spqr_patterns_get (&patterns, SPQR_PATTERN_ROWS);
  g_assert_cmpuint (p->count, ==, 1);
  g_assert_cmpuint (p->places[0].row0, ==, 17);
  spqr_patterns_clear (&patterns);
}

static void
assert_same (const SpqrPatterns *a, const SpqrPatterns *b)
{
  g_assert_cmpuint (a->n, ==, b->n);
  for (gsize i = 0; i < a->n; i++)
    {
      const SpqrPattern *p = &a->items[i], *q = &b->items[i];

      g_assert_true (p->kind == q->kind && p->confidence == q->confidence && p->share == q->share && p->count == q->count);
      g_assert_cmpmem (p->places, p->n_places * sizeof *p->places, q->places, q->n_places * sizeof *q->places);
    }
}

static void
test_threads (void)
{
  gsize rows, cols, d;
  g_autofree float *small = combined (&rows, &cols, &d), *field = g_new (float, 4 * rows * cols);
  SpqrPatternInput in = { .field = field, .rows = 4 * rows, .cols = cols, .heads = SPQR_PATTERN_ROW_HEADS, .head_dim = d, .rotary_period = d / 2 };
  SpqrPatterns once, again;
  Stop stop = { 0, 2 };
  SpqrExec exec;

  for (guint k = 0; k < 4; k++)
    memcpy (field + k * rows * cols, small, rows * cols * sizeof *field);
  find (&in, &once);
  g_assert_cmpuint (once.n, >, 3);
  for (guint n = 1; n <= 8; n += n < 3 ? 1 : 5)
    {
      exec = threads_exec (n);
      g_assert_cmpint (spqr_patterns_find (&in, &exec, &again), ==, SPQR_OK);
      assert_same (&once, &again);
      spqr_patterns_clear (&again);
    }
  for (SpqrCpu cpu = SPQR_CPU_PLAIN; cpu < SPQR_CPU_AVX512; cpu++)
    {
      spqr_cpu_limit (cpu);
      find (&in, &again);
      assert_same (&once, &again);
      spqr_patterns_clear (&again);
    }
  spqr_cpu_limit (SPQR_CPU_AVX512);
  exec.should_stop = stop_at;
  exec.stop_data = &stop;
  g_assert_cmpint (spqr_patterns_find (&in, &exec, &again), ==, SPQR_CANCELLED);
  g_assert_cmpuint (again.n, ==, 0);
  spqr_patterns_clear (&once);
}

static void
test_speed (void)
{
  gsize rows = 4096, cols = 11008;
  g_autofree float *field = NULL;
  SpqrPatternInput in;
  SpqrPatterns patterns;
  SpqrExec exec = threads_exec (2);
  double best = G_MAXDOUBLE;

  if (!g_test_perf ())
    {
      g_test_skip ("needs -m perf");
      return;
    }
  field = field_new (rows, cols, NORMAL, 0.5, 1);
  in = (SpqrPatternInput) { .field = field, .weights = field, .rows = rows, .cols = cols, .heads = SPQR_PATTERN_ROW_HEADS, .head_dim = 128, .rotary_period = 64 };
  for (guint k = 0; k < 5; k++)
    {
      clock_t start = clock ();         /* of all threads together: what one free core would take */

      g_assert_cmpint (spqr_patterns_find (&in, &exec, &patterns), ==, SPQR_OK);
      best = MIN (best, (double) (clock () - start) * 1000 / CLOCKS_PER_SEC);
      spqr_patterns_clear (&patterns);
    }
  g_test_minimized_result (best, "4096 x 11008: %.1f ms of processor time", best);
  g_assert_cmpfloat (best, <, 200);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/patterns/noise", test_noise);
  g_test_add_func ("/patterns/odd-shapes", test_odd_shapes);
  g_test_add_func ("/patterns/no-field", test_no_field);
  g_test_add_func ("/patterns/rows", test_rows);
  g_test_add_func ("/patterns/columns", test_columns);
  g_test_add_func ("/patterns/partial-rows", test_partial_rows);
  g_test_add_func ("/patterns/heads", test_heads);
  g_test_add_func ("/patterns/heads-between", test_heads_between);
  g_test_add_func ("/patterns/rotary", test_rotary);
  g_test_add_func ("/patterns/unstructured", test_unstructured);
  g_test_add_func ("/patterns/dead", test_dead);
  g_test_add_func ("/patterns/squared", test_squared);
  g_test_add_func ("/patterns/combined", test_combined);
  g_test_add_func ("/patterns/damaged", test_damaged);
  g_test_add_func ("/patterns/threads", test_threads);
  g_test_add_func ("/patterns/speed", test_speed);
  return g_test_run ();
}
