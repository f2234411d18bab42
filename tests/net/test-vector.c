/* The element-by-element functions against libm in f64, and every vector width against the plain one. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "net/spqr-vector.h"
#include "num/spqr-cpu.h"

/* Distance in units in the last place of the true value. */
static double
ulps (float got, double want)
{
  float rounded = (float) want;
  double unit;

  if (isnan (want))
    return isnan (got) ? 0 : INFINITY;
  if (isinf (rounded))
    return got == rounded ? 0 : INFINITY;
  unit = ldexp (1, MAX (ilogb (want == 0 ? 1e-300 : want), -126) - 23);
  return fabs (got - want) / unit;
}

static void
test_exp (void)
{
  double worst = 0;

  for (double x = -104; x < 88.8; x += 0.00137)
    {
      float in = (float) x, out;

      spqr_vector_exp (&out, &in, 1);
      worst = MAX (worst, ulps (out, exp ((double) in)));
    }
  g_test_message ("worst error of exp: %.3f ulp", worst);
  g_assert_cmpfloat (worst, <, 2);
}

static void
test_exp_ends (void)
{
  float x[] = { 0, -0.0f, INFINITY, -INFINITY, NAN, 88.72f, 89, 1000, -103.9f, -104.1f, -1000, 1e-30f };
  float y[G_N_ELEMENTS (x)];

  spqr_vector_exp (y, x, G_N_ELEMENTS (x));
  for (guint i = 0; i < G_N_ELEMENTS (x); i++)
    g_assert_cmpfloat (ulps (y[i], exp ((double) x[i])), <, 2);
  g_assert_cmpfloat (y[0], ==, 1);
}

typedef struct { const char *name; void (*function) (float *, size_t); double (*truth) (double); double tolerance; } Activation;

static double
true_silu (double x)
{
  return x / (1 + exp (-x));
}

static double
true_gelu (double x)
{
  return 0.5 * x * erfc (-x / sqrt (2));
}

static double
true_gelu_tanh (double x)
{
  return 0.5 * x * (1 + tanh (sqrt (2 / G_PI) * (x + 0.044715 * x * x * x)));
}

static double
true_relu (double x)
{
  return x < 0 ? 0 : x;
}

static const Activation activations[] = {
  { "silu", spqr_vector_silu, true_silu, 3e-7 },
  { "gelu", spqr_vector_gelu, true_gelu, 3e-7 },
  { "gelu tanh", spqr_vector_gelu_tanh, true_gelu_tanh, 5e-7 },
  { "relu", spqr_vector_relu, true_relu, 0 },
};

static void
test_activation (gconstpointer data)
{
  const Activation *activation = data;
  double worst = 0;
  float nan = NAN;

  for (double x = -20; x < 20; x += 0.000713)
    {
      float y = (float) x;
      double want = activation->truth (y);

      activation->function (&y, 1);
      worst = MAX (worst, fabs (y - want) / (1e-3 + fabs (x)));
    }
  g_test_message ("worst error of %s: %.3g of |x|", activation->name, worst);
  g_assert_cmpfloat (worst, <=, activation->tolerance);
  activation->function (&nan, 1);
  g_assert_true (isnan (nan));
}

static void
test_softcap (void)
{
  for (double x = -400; x < 400; x += 0.0317)
    {
      float y = (float) x;
      double want = 30 * tanh ((double) y / 30);

      spqr_vector_softcap (&y, 1, 30);
      g_assert_cmpfloat (fabs (y - want), <=, 4e-7 * fabs (want) + 1e-9);
    }
}

/* Values of every magnitude, with a seed of their own. */
static void
fill (GRand *random, float *x, gsize n)
{
  for (gsize i = 0; i < n; i++)
    x[i] = (float) (g_rand_double_range (random, -1, 1) * exp2 (g_rand_int_range (random, -10, 5)));
}

#define LONGEST 211

static void
test_sums (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  float x[LONGEST], y[LONGEST], z[LONGEST];

  fill (random, x, LONGEST);
  fill (random, y, LONGEST);
  for (gsize n = 0; n <= LONGEST; n++)
    {
      double sum = 0, squares = 0, exps = 0, difference = 0, size = 0;
      float most = -INFINITY;

      for (gsize i = 0; i < n; i++)
        {
          sum += x[i];
          squares += (x[i] - 0.25) * (x[i] - 0.25);
          exps += exp (x[i] - 2.0);
          difference += exp (x[i] - 2.0) * (x[i] - y[i]);
          size += fabs (x[i]) + exp (x[i] - 2.0) * (fabs (x[i]) + fabs (y[i]));
          most = fmaxf (most, x[i]);
        }
      g_assert_cmpfloat (fabs (spqr_vector_sum (x, n) - sum), <=, 1e-6 * size);
      g_assert_cmpfloat (fabs (spqr_vector_sum_squares (x, 0.25, n) - squares), <=, 1e-6 * squares);
      g_assert_cmpfloat (fabs (spqr_vector_sum_exp (x, 2, n) - exps), <=, 1e-6 * exps);
      g_assert_cmpfloat (fabs (spqr_vector_sum_exp_difference (x, 2, y, n) - difference), <=, 1e-6 * size);
      g_assert_cmpfloat (spqr_vector_max (x, n), ==, most);
      memcpy (z, x, sizeof x);
      g_assert_cmpfloat (fabs (spqr_vector_exp_sum (z, 2, n) - exps), <=, 1e-6 * exps);
      for (gsize i = 0; i < LONGEST; i++)
        if (i < n)
          g_assert_cmpfloat (ulps (z[i], exp (x[i] - 2.0)), <, 20);    /* the shift is rounded too */
        else
          g_assert_cmpfloat (z[i], ==, x[i]);
    }
}

static void
test_rows (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (2);
  float x[LONGEST], y[LONGEST], weight[LONGEST], bias[LONGEST], a[LONGEST], b[LONGEST];

  fill (random, x, LONGEST);
  fill (random, weight, LONGEST);
  fill (random, bias, LONGEST);
  spqr_vector_normalize (y, x, 0.5f, 2, weight, bias, LONGEST);
  for (gsize i = 0; i < LONGEST; i++)
    g_assert_cmpfloat (y[i], ==, (x[i] - 0.5f) * 2 * weight[i] + bias[i]);
  spqr_vector_normalize (y, x, 0.5f, 2, weight, NULL, LONGEST);
  for (gsize i = 0; i < LONGEST; i++)
    g_assert_cmpfloat (y[i], ==, (x[i] - 0.5f) * 2 * weight[i]);
  memcpy (a, x, sizeof a);
  memcpy (b, bias, sizeof b);
  spqr_vector_rotate (a, b, weight, y, 100);
  for (gsize i = 0; i < LONGEST; i++)
    {
      g_assert_cmpfloat (a[i], ==, i < 100 ? x[i] * weight[i] - bias[i] * y[i] : x[i]);
      g_assert_cmpfloat (b[i], ==, i < 100 ? bias[i] * weight[i] + x[i] * y[i] : bias[i]);
    }
}

/* Every function, one after another, over x and y; sums go behind the arrays. */
static void
all_functions (float *x, float *y, gsize n, double *sums)
{
  float cosine[LONGEST], sine[LONGEST];

  memcpy (cosine, x, sizeof cosine);
  memcpy (sine, y, sizeof sine);
  sums[0] = spqr_vector_sum (x, n);
  sums[1] = spqr_vector_sum_squares (x, 0.125, n);
  sums[2] = spqr_vector_max (x, n);
  sums[3] = spqr_vector_sum_exp (x, 1, n);
  sums[4] = spqr_vector_sum_exp_difference (x, 1, y, n);
  spqr_vector_silu (x, n);
  spqr_vector_mul (x, y, n);
  spqr_vector_gelu (y, n);
  spqr_vector_add (x, y, n);
  spqr_vector_gelu_tanh (y, n);
  spqr_vector_scale (y, 1.7f, n);
  spqr_vector_softcap (y, n, 3);
  spqr_vector_rotate (x, y, cosine, sine, n);
  spqr_vector_normalize (x, y, 0.1f, 1.1f, x, y, n);
  sums[5] = spqr_vector_exp_sum (x, 0.5f, n);
}

static void
test_widths (void)
{
  float x[3][LONGEST], y[3][LONGEST];
  double sums[3][6];

  for (gsize n = 0; n <= LONGEST; n++)
    {
      for (int cpu = SPQR_CPU_PLAIN; cpu <= SPQR_CPU_AVX512; cpu++)
        {
          g_autoptr (GRand) random = g_rand_new_with_seed (3);

          fill (random, x[cpu], LONGEST);
          fill (random, y[cpu], LONGEST);
          spqr_cpu_limit ((SpqrCpu) cpu);
          all_functions (x[cpu], y[cpu], n, sums[cpu]);
        }
      for (int cpu = 1; cpu < 3; cpu++)
        {
          g_assert_cmpmem (x[cpu], sizeof x[0], x[0], sizeof x[0]);
          g_assert_cmpmem (y[cpu], sizeof y[0], y[0], sizeof y[0]);
          g_assert_cmpmem (sums[cpu], sizeof sums[0], sums[0], sizeof sums[0]);
        }
    }
  spqr_cpu_limit (SPQR_CPU_AVX512);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vector/exp", test_exp);
  g_test_add_func ("/vector/exp-ends", test_exp_ends);
  for (guint i = 0; i < G_N_ELEMENTS (activations); i++)
    {
      g_autofree char *path = g_strdup_printf ("/vector/activation/%s", activations[i].name);

      g_test_add_data_func (path, &activations[i], test_activation);
    }
  g_test_add_func ("/vector/softcap", test_softcap);
  g_test_add_func ("/vector/sums", test_sums);
  g_test_add_func ("/vector/rows", test_rows);
  g_test_add_func ("/vector/widths", test_widths);
  return g_test_run ();
}
