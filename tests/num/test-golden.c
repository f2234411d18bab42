/* The twelve golden cases: the published code's numbers, compat_reference. Also prints, for each
 * case, how close the port comes. */
#include <math.h>

#include "golden.h"
#include "num/spqr-layer.h"

typedef struct { double codes, mask, scale_codes, zero_codes; } Match;

static double
share_equal (const guint8 *a, const guint8 *b, gsize n)
{
  gsize same = 0;

  for (gsize i = 0; i < n; i++)
    same += a[i] == b[i];
  return (double) same / (double) n;
}

static double
worst_relative (const float *a, const float *b, gsize n)
{
  double worst = 0, largest = 0;

  for (gsize i = 0; i < n; i++)
    largest = MAX (largest, fabs (b[i]));
  for (gsize i = 0; i < n; i++)
    worst = MAX (worst, fabs ((double) a[i] - b[i]));
  return largest > 0 ? worst / largest : worst;
}

static guint8 *
dense_mask (const SpqrLayer *layer)
{
  guint8 *mask = g_new0 (guint8, layer->rows * layer->cols);

  for (gsize r = 0; r < layer->rows; r++)
    for (guint32 i = layer->outlier_offsets[r]; i < layer->outlier_offsets[r + 1]; i++)
      {
        g_assert_true (i == layer->outlier_offsets[r] || layer->outlier_cols[i] > layer->outlier_cols[i - 1]);
        mask[r * layer->cols + layer->outlier_cols[i]] = 1;
      }
  return mask;
}

/* Which results must be the same code for code, and within what. From tests/golden/README.md. */
static void
check_match (Golden *golden, const SpqrLayer *layer, const SpqrParams *params)
{
  gsize count = layer->rows * layer->cols, stats = layer->groups * layer->rows;
  const guint8 *codes = golden_tensor (golden, "quant_weights", "U8", NULL, NULL);
  const guint8 *mask = golden_tensor (golden, "outlier_mask", "U8", NULL, NULL);
  const guint8 *scale_codes = golden_tensor (golden, "quant_scale", "I8", NULL, NULL);
  const guint8 *zero_codes = golden_tensor (golden, "quant_zero", "I8", NULL, NULL);
  const float *weights = golden_tensor (golden, "weight_deq", "F32", NULL, NULL);
  g_autofree guint8 *our_mask = dense_mask (layer);
  g_autofree float *decoded = g_new (float, count);
  Match match = { share_equal (layer->codes, codes, count), 1, 1, 1 };
  double proxy = golden_summary (golden, "proxy_loss");

  if (mask != NULL)
    match.mask = share_equal (our_mask, mask, count);
  g_assert_true ((scale_codes != NULL) == (layer->scale_codes != NULL));
  g_assert_true ((zero_codes != NULL) == (layer->zero_codes != NULL));
  if (scale_codes != NULL)
    match.scale_codes = share_equal (layer->scale_codes, scale_codes, stats);
  if (zero_codes != NULL)
    match.zero_codes = share_equal (layer->zero_codes, zero_codes, stats);
  spqr_layer_decode (layer, 0, layer->rows, decoded);
  g_test_message ("%s: codes %.5f mask %.5f scale codes %.5f zero codes %.5f weights %.2g proxy %+.2g mse %+.2g",
                  golden->name, match.codes, match.mask, match.scale_codes, match.zero_codes,
                  worst_relative (decoded, weights, count), layer->proxy_loss / proxy - 1,
                  layer->mse / golden_summary (golden, "mse") - 1);
  g_assert_cmpfloat (match.codes, >=, params->sym ? 0.995 : 0.999);
  g_assert_cmpfloat (match.mask, >=, 0.9995);
  g_assert_cmpfloat (match.scale_codes, >=, 0.999);
  g_assert_cmpfloat (match.zero_codes, >=, 0.999);
  g_assert_cmpfloat (fabs (layer->proxy_loss / proxy - 1), <=, params->sym ? 0.005 : 0.001);
  if (match.codes == 1 && match.mask == 1)
    {
      g_assert_cmpfloat (worst_relative (decoded, weights, count), <, 1e-5);
      g_assert_cmpfloat (worst_relative (layer->scale, golden_tensor (golden, "scale", "F32", NULL, NULL), stats), <, 1e-5);
      g_assert_cmpfloat (worst_relative (layer->zero, golden_tensor (golden, "zero", "F32", NULL, NULL), stats), <, 1e-5);
    }
}

static void
check_by_products (Golden *golden, const SpqrLayer *layer, const SpqrLayerTrace *trace)
{
  const float *errors = golden_tensor (golden, "quantization_errors", "F32", NULL, NULL);
  gsize rows = 0, k = 0;
  const float *gain = golden_tensor (golden, "debug.loo_reduction_group0", "F32", &rows, &k);
  const double *threshold = golden_tensor (golden, "unstructured_outlier_threshold", "F64", NULL, NULL);
  float largest = 0, worst = 0;

  g_assert_cmpfloat (worst_relative (trace->errors, errors, layer->rows * layer->cols), <, 1e-4);
  if (isinf (*threshold))
    g_assert_true (isinf (layer->threshold));
  else
    g_assert_cmpfloat (fabs (layer->threshold / *threshold - 1), <, 1e-5);
  for (gsize r = 0; gain != NULL && r < rows; r++)
    for (gsize i = 0; i < k; i++)
      {
        largest = MAX (largest, fabsf (gain[r * k + i]));
        worst = MAX (worst, fabsf (gain[r * k + i] - trace->loo_gain[r * layer->cols + i]));
      }
  if (gain != NULL)
    g_assert_cmpfloat (worst, <, 1e-4f * largest);
}

static void
check_factor (Golden *golden, const SpqrFactor *factor)
{
  gsize n = factor->n;
  const float *u = golden_tensor (golden, "debug.Hinv_cho_upper", "F32", NULL, NULL);

  g_assert_cmpfloat (worst_relative (factor->u, u, n * n), <, 1e-4);
}

static void
test_case (gconstpointer data)
{
  g_autoptr (Golden) golden = golden_open (data);
  gsize m = 0, n = 0;
  const float *w = golden_tensor (golden, "W", "F32", &m, &n);
  const float *h = golden_tensor (golden, "H", "F32", NULL, NULL);
  const gint32 *perm = golden_tensor (golden, "perm", "I32", NULL, NULL);
  gboolean given_order = g_str_has_prefix (golden->name, "s09");      /* tied dead columns */
  SpqrParams params = golden_params (golden);
  g_autofree float *errors = g_new (float, m * n), *gain = g_new (float, m * n);
  SpqrLayerTrace trace = { errors, gain };
  SpqrFactor factor = { 0 };
  SpqrLayer layer;

  if (params.method != SPQR_METHOD_RTN)
    {
      g_assert_cmpint (spqr_factor_compute (h, w, m, n, &params, given_order ? perm : NULL, NULL, &factor), ==, SPQR_OK);
      for (gsize j = 0; j < n; j++)
        g_assert_cmpint (factor.perm[j], ==, perm[j]);
      check_factor (golden, &factor);
    }
  g_assert_cmpint (spqr_layer_quantize (w, m, n, h, &factor, &params, NULL, &trace, &layer), ==, SPQR_OK);
  check_match (golden, &layer, &params);
  if (params.method != SPQR_METHOD_RTN)
    check_by_products (golden, &layer, &trace);
  spqr_layer_clear (&layer);
  spqr_factor_clear (&factor);
}

/* The default mode loses nothing against the published f32 statistics: f16 costs next to nothing,
 * and constant groups and symmetric ranges gain. */
static void
test_default_mode (gconstpointer data)
{
  g_autoptr (Golden) golden = golden_open (data);
  gsize m = 0, n = 0;
  const float *w = golden_tensor (golden, "W", "F32", &m, &n);
  const float *h = golden_tensor (golden, "H", "F32", NULL, NULL);
  SpqrParams params = golden_params (golden);
  double published = golden_summary (golden, "proxy_loss");
  SpqrFactor factor = { 0 };
  SpqrLayer layer;

  params.compat_reference = false;
  if (params.method != SPQR_METHOD_RTN)
    g_assert_cmpint (spqr_factor_compute (h, w, m, n, &params, NULL, NULL, &factor), ==, SPQR_OK);
  g_assert_cmpint (spqr_layer_quantize (w, m, n, h, &factor, &params, NULL, NULL, &layer), ==, SPQR_OK);
  g_test_message ("%s: default / published %.4f, outliers %zu", golden->name, layer.proxy_loss / published, spqr_layer_outliers (&layer));
  g_assert_cmpfloat (layer.proxy_loss, <, published * 1.03);
  spqr_layer_clear (&layer);
  spqr_factor_clear (&factor);
}

static void
test_formula_bits (gconstpointer data)
{
  g_autoptr (Golden) golden = golden_open (data);
  gsize m = 0, n = 0;
  SpqrParams params = golden_params (golden);
  double bits;

  golden_tensor (golden, "W", "F32", &m, &n);
  if (params.method == SPQR_METHOD_RTN)
    params.groupsize = 0;
  bits = spqr_params_formula_bits (&params, (int) m, (int) n, golden_summary (golden, "outlier_share"));
  if (params.method == SPQR_METHOD_RTN)
    g_assert_cmpfloat_with_epsilon (bits, 4 + 32.0 / 64, 1e-12);      /* the published RTN counts none */
  else
    g_assert_cmpfloat_with_epsilon (bits, golden_summary (golden, "avg_bits"), 0.00501);
}

int
main (int argc, char *argv[])
{
  g_auto (GStrv) names = NULL;

  g_test_init (&argc, &argv, NULL);
  names = golden_names ();
  g_assert_cmpuint (g_strv_length (names), ==, 12);
  for (int i = 0; names[i] != NULL; i++)
    {
      g_autofree char *path = g_strdup_printf ("/golden/%s", names[i]);
      g_autofree char *default_mode = g_strdup_printf ("/default-mode/%s", names[i]);
      g_autofree char *bits = g_strdup_printf ("/formula-bits/%s", names[i]);

      g_test_add_data_func (path, names[i], test_case);
      g_test_add_data_func (default_mode, names[i], test_default_mode);
      g_test_add_data_func (bits, names[i], test_formula_bits);
    }
  return g_test_run ();
}
