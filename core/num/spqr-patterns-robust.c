/* spqr-patterns-robust.c: medians, and probabilities as standard deviations. */
#include <math.h>

#include "num/spqr-patterns-private.h"

#define MAD_TO_SIGMA 1.4826
#define LEAST_SCALE 0.01        /* of log levels: what no eye sees is no spread */

static void
swap (double *a, double *b)
{
  double t = *a;

  *a = *b;
  *b = t;
}

/* Hoare's selection, middle of three as pivot. */
double
spqr_select (double *values, size_t n, size_t k)
{
  size_t lo = 0, hi = n - 1;

  while (lo < hi)
    {
      size_t i = lo, j = hi, mid = lo + (hi - lo) / 2;
      double pivot;

      if (values[mid] < values[lo])
        swap (&values[mid], &values[lo]);
      if (values[hi] < values[lo])
        swap (&values[hi], &values[lo]);
      if (values[hi] < values[mid])
        swap (&values[hi], &values[mid]);
      pivot = values[mid];
      for (;;)
        {
          while (values[i] < pivot)
            i++;
          while (values[j] > pivot)
            j--;
          if (i >= j)
            break;
          swap (&values[i++], &values[j--]);
        }
      if (k <= j)
        hi = j;
      else
        lo = j + 1;
    }
  return values[k];
}

double
spqr_median (double *values, size_t n)
{
  return n > 0 ? spqr_select (values, n, (n - 1) / 2) : NAN;
}

SpqrRobust
spqr_robust (const double *values, size_t n, size_t stride, double *scratch)
{
  SpqrRobust robust = { NAN, NAN, 0 };

  for (size_t i = 0; i < n; i++)
    if (!isnan (values[i * stride]))
      scratch[robust.n++] = values[i * stride];
  if (robust.n == 0)
    return robust;
  robust.centre = spqr_median (scratch, robust.n);
  for (size_t i = 0; i < robust.n; i++)
    scratch[i] = fabs (scratch[i] - robust.centre);
  robust.scale = fmax (MAD_TO_SIGMA * spqr_median (scratch, robust.n), LEAST_SCALE);
  return robust;
}

double
spqr_level (const SpqrProfiles *p, double sum_q, float max, size_t n, size_t missing)
{
  double rest = sum_q - (p->squared ? sqrt ((double) max) : sqrt (sqrt ((double) max)));

  /* What is left of a sum of f32 values that were all the largest but for rounding is 0. */
  if (missing > n / 2 || n - missing < 2 || rest <= 1e-6 * sum_q)
    return NAN;
  return log (rest / (double) (n - missing - 1));
}

double
spqr_z_needed (double z, size_t n)
{
  return z * (1 + 2 / sqrt ((double) n));
}

double
spqr_z_of_f (double f, double df1, double df2)
{
  double cube = cbrt (f), a = 2 / (9 * df1), b = 2 / (9 * df2);

  return ((1 - b) * cube - (1 - a)) / sqrt (b * cube * cube + a);
}

/* The tail is e^-x (1 + x + … + x^(shape - 1) / (shape - 1)!). */
double
spqr_gamma_tail (unsigned shape, double x)
{
  double term = 1, sum = 1;

  for (unsigned k = 1; k < shape; k++)
    {
      term *= x / k;
      sum += term;
    }
  return x - log (sum);
}
