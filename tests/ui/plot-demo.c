#include "plot-demo.h"

#include <math.h>

double
demo_uniform (DemoRandom *r)
{
  /* splitmix64 */
  uint64_t z = (r->state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (double) ((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

double
demo_normal (DemoRandom *r)
{
  /* Sum of twelve: near enough, and the same on every libm. */
  double sum = -6;
  for (int i = 0; i < 12; i++)
    sum += demo_uniform (r);
  return sum;
}

static SpqrFieldData *
finish (float *values, size_t rows, size_t cols)
{
  g_autoptr (GError) error = NULL;
  SpqrFieldData *data = spqr_field_data_new (values, rows, cols, NULL, values, g_free, &error);
  g_assert_no_error (error);
  return data;
}

SpqrFieldData *
demo_sensitivity (size_t rows, size_t cols, size_t head_dim)
{
  DemoRandom r = { 17 };
  float *v = g_new (float, rows * cols);
  float *column = g_new (float, cols);
  for (size_t j = 0; j < cols; j++)
    column[j] = (float) (0.6 * demo_normal (&r));
  for (size_t i = 0; i < rows; i++)
    {
      size_t head = i / head_dim, place = i % MAX (head_dim / 2, 1);
      double row = head == 3 ? 2.2 : 0;
      row += 1.4 * (double) place / (double) MAX (head_dim / 2, 1); /* low frequencies */
      if (i == rows / 3)
        row += 3.5;
      for (size_t j = 0; j < cols; j++)
        {
          double x = row + column[j] + demo_normal (&r) - 13;
          if (j == cols / 5 || j == cols * 7 / 10)
            x += 4;
          if (demo_uniform (&r) < 0.0006)
            x += 6;
          v[i * cols + j] = (float) exp (x);
        }
    }
  g_free (column);
  return finish (v, rows, cols);
}

SpqrFieldData *
demo_weights (size_t rows, size_t cols)
{
  DemoRandom r = { 5 };
  float *v = g_new (float, rows * cols);
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < cols; j++)
      v[i * cols + j] = (float) (0.02 * demo_normal (&r) * (j == cols / 3 ? 6 : 1));
  return finish (v, rows, cols);
}

SpqrFieldData *
demo_single (size_t rows, size_t cols, float value, size_t row, size_t col, float outlier)
{
  float *v = g_new (float, rows * cols);
  for (size_t i = 0; i < rows * cols; i++)
    v[i] = value;
  v[row * cols + col] = outlier;
  return finish (v, rows, cols);
}
