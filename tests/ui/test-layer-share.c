/* The share of a field's sum that its largest weights carry, against sorting them all. */
#include <math.h>
#include <stdlib.h>

#include "pages/spqr-layer-share.h"

static int
compare_falling (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x < y) - (x > y);
}

/* By definition: sorted, summed. */
static double
exact_share (const float *values, gsize n, gboolean squared, gsize k)
{
  g_autofree double *q = g_new (double, n);
  double sum = 0, total = 0;

  for (gsize i = 0; i < n; i++)
    q[i] = squared ? (double) values[i] * values[i] : fabs ((double) values[i]);
  qsort (q, n, sizeof *q, compare_falling);
  for (gsize i = 0; i < n; i++)
    {
      total += q[i];
      sum += i < k ? q[i] : 0;
    }
  return sum / total;
}

enum { ROWS = 60, COLS = 200 };

static SpqrFieldData *
new_data (guint32 seed)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  float *values = g_new (float, ROWS * COLS);

  /* Heavy tails: a few carry most. */
  for (gsize i = 0; i < ROWS * COLS; i++)
    values[i] = (float) (1e-4 * pow (g_rand_double (random) + 1e-4, -1.2) * (g_rand_boolean (random) ? 1 : -1));
  return spqr_field_data_new (values, ROWS, COLS, NULL, values, g_free, NULL);
}

static void
test_curve (gconstpointer user_data)
{
  SpqrField field = (SpqrField) GPOINTER_TO_INT (user_data);
  g_autoptr (SpqrFieldData) data = new_data (3);
  g_autoptr (SpqrLayerShare) share = spqr_layer_share_new (data, field, NULL);

  g_assert_nonnull (share);
  g_assert_cmpuint (share->n, >, 40);
  for (gsize i = 0; i < share->n; i++)
    {
      gsize k = (gsize) round (share->points[i].weights * ROWS * COLS);

      g_assert_cmpfloat_with_epsilon (share->points[i].sum, exact_share (data->values, ROWS * COLS, share->squared, k), 0.004);
      g_assert_true (i == 0 || (share->points[i].weights > share->points[i - 1].weights && share->points[i].sum >= share->points[i - 1].sum &&
                                share->points[i].value <= share->points[i - 1].value));
    }
  g_assert_cmpfloat (share->points[share->n - 1].weights, ==, 1);
  g_assert_cmpfloat_with_epsilon (share->points[share->n - 1].sum, 1, 1e-9);
}

/* All weights marked carry all; the marked half of two equal ones half. */
static void
test_marks (void)
{
  float values[4] = { 2, -2, 0, 0 };
  g_autoptr (SpqrFieldData) data = spqr_field_data_new (values, 2, 2, NULL, NULL, NULL, NULL);
  g_autoptr (SpqrLayerShare) share = spqr_layer_share_new (data, SPQR_FIELD_ERROR, NULL);
  g_autoptr (SpqrMarks) all = spqr_marks_new_from_threshold (values, 2, 2, -1, 10);
  float positive[4] = { 2, 0, 0, 0 };
  g_autoptr (SpqrMarks) first = spqr_marks_new_from_threshold (positive, 2, 2, 1, 10);

  g_assert_cmpfloat_with_epsilon (spqr_layer_share_of_marks (share, data, all), 1, 0.004);
  g_assert_cmpfloat_with_epsilon (spqr_layer_share_of_marks (share, data, first), 0.5, 0.004);
}

/* Gains below 0 count for nothing. */
static void
test_gains (void)
{
  float values[4] = { 3, -300, 1, -5 };
  g_autoptr (SpqrFieldData) data = spqr_field_data_new (values, 2, 2, NULL, NULL, NULL, NULL);
  g_autoptr (SpqrLayerShare) share = spqr_layer_share_new (data, SPQR_FIELD_LOO_GAIN, NULL);

  g_assert_cmpuint (share->n, ==, 3);
  g_assert_cmpfloat_with_epsilon (share->points[0].sum, 0.75, 0.004);
  g_assert_cmpfloat (share->points[0].weights, ==, 0.25);
}

static void
test_nothing (void)
{
  float zeros[4] = { 0, 0, 0, 0 };
  g_autoptr (SpqrFieldData) data = spqr_field_data_new (zeros, 2, 2, NULL, NULL, NULL, NULL);
  g_autoptr (SpqrFieldData) other = new_data (1);

  g_assert_null (spqr_layer_share_new (data, SPQR_FIELD_ERROR, NULL));
  g_assert_null (spqr_layer_share_new (other, SPQR_FIELD_CODES, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/layer-share/sensitivity", GINT_TO_POINTER (SPQR_FIELD_SENSITIVITY), test_curve);
  g_test_add_data_func ("/layer-share/error", GINT_TO_POINTER (SPQR_FIELD_ERROR), test_curve);
  g_test_add_func ("/layer-share/marks", test_marks);
  g_test_add_func ("/layer-share/gains", test_gains);
  g_test_add_func ("/layer-share/nothing", test_nothing);
  return g_test_run ();
}
