/* Stored layers: what is read is, to the bit, what was written, for layers the quantizer makes and
 * for layers made by hand; and the counted bits are the file's. */
#include "../model/fixtures.h"
#include "layers.h"
#include "model/spqr-safetensors.h"
#include "pack/spqr-bits-private.h"
#include "pack/spqr-pack.h"

#define NAME "model.layers.0.mlp.down_proj.weight"

/* ---- comparing ---- */

#define ASSERT_SAME(a, b, count)                                                            \
  G_STMT_START {                                                                            \
    g_assert_true (((a) == NULL) == ((b) == NULL));                                         \
    if ((a) != NULL)                                                                        \
      g_assert_cmpmem ((a), (count) * sizeof *(a), (b), (count) * sizeof *(b));             \
  } G_STMT_END

static void
assert_same_figure (double a, double b)
{
  g_assert_true (memcmp (&a, &b, sizeof a) == 0 || (isnan (a) && isnan (b)));
}

static void
assert_same_layer (const SpqrLayer *a, const SpqrLayer *b)
{
  gsize statistics = a->groups * a->rows, second = a->groups * a->runs;
  g_autofree float *x = g_new (float, a->rows * a->cols), *y = g_new (float, a->rows * a->cols);

  g_assert_cmpuint (a->rows, ==, b->rows);
  g_assert_cmpuint (a->cols, ==, b->cols);
  g_assert_cmpuint (a->groups, ==, b->groups);
  g_assert_cmpuint (a->runs, ==, b->runs);
  g_assert_cmpint (a->params.method, ==, b->params.method);
  g_assert_cmpint (a->params.wbits, ==, b->params.wbits);
  g_assert_cmpint (a->params.groupsize, ==, b->params.groupsize);
  g_assert_cmpint (a->params.perchannel, ==, b->params.perchannel);
  g_assert_cmpint (a->params.sym, ==, b->params.sym);
  g_assert_cmpint (a->params.round_zero, ==, b->params.round_zero);
  g_assert_cmpint (a->params.qq_scale_bits, ==, b->params.qq_scale_bits);
  g_assert_cmpint (a->params.qq_zero_bits, ==, b->params.qq_zero_bits);
  g_assert_cmpint (a->params.qq_zero_sym, ==, b->params.qq_zero_sym);
  g_assert_cmpint (a->params.qq_groupsize, ==, b->params.qq_groupsize);
  assert_same_figure (a->params.outlier_threshold, b->params.outlier_threshold);
  g_assert_cmpint (a->params.simplified_outliers, ==, b->params.simplified_outliers);
  g_assert_cmpint (a->params.permutation_order, ==, b->params.permutation_order);
  assert_same_figure (a->params.percdamp, b->params.percdamp);
  g_assert_cmpint (a->params.compat_reference, ==, b->params.compat_reference);

  ASSERT_SAME (a->perm, b->perm, a->cols);
  ASSERT_SAME (a->codes, b->codes, a->rows * a->cols);
  ASSERT_SAME (a->scale_codes, b->scale_codes, statistics);
  ASSERT_SAME (a->zero_codes, b->zero_codes, statistics);
  ASSERT_SAME (a->scale_scale, b->scale_scale, second);
  ASSERT_SAME (a->scale_zero, b->scale_zero, second);
  ASSERT_SAME (a->zero_scale, b->zero_scale, second);
  ASSERT_SAME (a->zero_zero, b->zero_zero, second);
  ASSERT_SAME (a->scale, b->scale, statistics);
  ASSERT_SAME (a->zero, b->zero, statistics);
  ASSERT_SAME (a->outlier_offsets, b->outlier_offsets, a->rows + 1);
  g_assert_cmpmem (a->outlier_cols, spqr_layer_outliers (a) * sizeof (guint32),
                   b->outlier_cols, spqr_layer_outliers (b) * sizeof (guint32));
  g_assert_cmpmem (a->outlier_values, spqr_layer_outliers (a) * sizeof (float),
                   b->outlier_values, spqr_layer_outliers (b) * sizeof (float));
  g_assert_cmpuint (a->n_constants, ==, b->n_constants);
  for (gsize i = 0; i < a->n_constants; i++)
    {
      g_assert_cmpuint (a->constants[i].row, ==, b->constants[i].row);
      g_assert_cmpuint (a->constants[i].group, ==, b->constants[i].group);
      g_assert_true (memcmp (&a->constants[i].value, &b->constants[i].value, sizeof (float)) == 0);
    }
  assert_same_figure (a->proxy_loss, b->proxy_loss);
  assert_same_figure (a->mse, b->mse);
  assert_same_figure (a->threshold, b->threshold);
  assert_same_figure (a->percdamp_used, b->percdamp_used);

  spqr_layer_decode (a, 0, a->rows, x);
  spqr_layer_decode (b, 0, b->rows, y);
  g_assert_cmpmem (x, a->rows * a->cols * sizeof *x, y, a->rows * a->cols * sizeof *y);
}

/* The bits that were counted, category by category, are those of the file. */
static void
assert_counted (const SpqrLayer *layer, const char *path)
{
  g_autoptr(SpqrSafetensors) file = spqr_safetensors_open (path, NULL);
  guint64 codes = 0, scales = 0, zeros = 0, second = 0, outliers = 0, offsets = 0, perm = 0, constants = 0;
  SpqrPackBits bits;
  GStatBuf info;

  spqr_pack_count_bits (layer, &bits);
  for (guint i = 0; i < spqr_safetensors_get_n_entries (file); i++)
    {
      const SpqrSafetensorsEntry *entry = spqr_safetensors_get_entry (file, i);
      guint64 n = 8 * entry->n_bytes;

      g_assert_cmpuint ((guintptr) entry->data % (entry->shape[0] > 0 && entry->dtype_name[1] == '3' ? 4 : 1), ==, 0);
      if (g_str_equal (entry->name, "codes"))
        codes += n;
      else if (g_str_equal (entry->name, "scale_codes") || g_str_equal (entry->name, "scales"))
        scales += n;
      else if (g_str_equal (entry->name, "zero_codes") || g_str_equal (entry->name, "zeros")
               || g_str_equal (entry->name, "zero_integers"))
        zeros += n;
      else if (g_str_equal (entry->name, "outlier_offsets"))
        offsets += n;
      else if (g_str_has_prefix (entry->name, "outlier"))
        outliers += n;
      else if (g_str_has_prefix (entry->name, "constant"))
        constants += n;
      else if (g_str_equal (entry->name, "permutation"))
        perm += n;
      else
        second += n;
    }
  g_assert_cmpuint (bits.codes, ==, codes);
  g_assert_cmpuint (bits.scales, ==, scales);
  g_assert_cmpuint (bits.zeros, ==, zeros);
  g_assert_cmpuint (bits.second_order, ==, second);
  g_assert_cmpuint (bits.outliers, ==, outliers);
  g_assert_cmpuint (bits.outlier_offsets, ==, offsets);
  g_assert_cmpuint (bits.permutation, ==, perm);
  g_assert_cmpuint (bits.constants, ==, constants);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpuint (bits.header + codes + scales + zeros + second + offsets + outliers + constants + perm, ==,
                    8 * (guint64) info.st_size);
  g_assert_cmpfloat (spqr_pack_bits_per_weight (&bits, layer->rows, layer->cols), ==,
                     8.0 * (double) info.st_size / (double) (layer->rows * layer->cols));
}

static void
check_round_trip (const SpqrLayer *layer, const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;
  SpqrLayer again;

  g_assert_true (spqr_pack_write (path, NAME, layer, &error) || error == NULL);
  g_assert_no_error (error);
  g_assert_true (spqr_pack_read (path, &name, &again, &error) || error == NULL);
  g_assert_no_error (error);
  g_assert_cmpstr (name, ==, NAME);
  assert_same_layer (layer, &again);
  assert_counted (layer, path);
  spqr_layer_clear (&again);
}

/* ---- layers that the quantizer makes ---- */

/* Weights with a few large ones, a zero row, constant groups, a dead input. */
static void
make_problem (GRand *rand, gsize m, gsize n, float *w, float *h)
{
  for (gsize i = 0; i < m * n; i++)
    {
      w[i] = (float) (g_rand_double (rand) + g_rand_double (rand) + g_rand_double (rand) - 1.5);
      if (g_rand_int_range (rand, 0, 50) == 0)
        w[i] *= 8;
    }
  for (gsize j = 0; j < n && m > 2; j++)
    w[n + j] = 0;
  for (gsize j = 0; j < MIN (n, 16) && m > 3; j++)
    w[3 * n + j] = 0.3f;
  memset (h, 0, n * n * sizeof *h);
  for (gsize t = 0; t < 2 * n + 5; t++)
    {
      g_autofree float *x = g_new (float, n);

      for (gsize j = 0; j < n; j++)
        x[j] = j == n / 2 ? 0 : (float) (g_rand_double (rand) - 0.4);
      for (gsize i = 0; i < n; i++)
        for (gsize j = 0; j < n; j++)
          h[i * n + j] += x[i] * x[j] / (float) n;
    }
}

static void
quantize_and_check (const char *path, const float *w, const float *h, gsize m, gsize n, const SpqrParams *params)
{
  SpqrFactor factor = { 0 };
  SpqrLayer layer = { 0 };

  if (params->method != SPQR_METHOD_RTN)
    g_assert_cmpint (spqr_factor_compute (h, w, m, n, params, NULL, NULL, &factor), ==, SPQR_OK);
  g_assert_cmpint (spqr_layer_quantize (w, m, n, h, params->method == SPQR_METHOD_RTN ? NULL : &factor, params, NULL,
                                        NULL, &layer), ==, SPQR_OK);
  check_round_trip (&layer, path);
  spqr_layer_clear (&layer);
  spqr_factor_clear (&factor);
}

/* Every pair of statistics bits, both kinds of zeros, all orders, ragged shapes, compat and not. */
static void
test_quantized (void)
{
  static const struct { gsize m, n; int g, q; } shapes[] = {
    { 16, 32, 16, 16 }, { 19, 37, 16, 16 }, { 7, 33, 16, 4 }, { 5, 8, 0, 3 }, { 1, 17, 4, 16 }, { 33, 1, 1, 5 },
  };
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);
  g_autoptr(GRand) rand = g_rand_new_with_seed (7);
  guint n_cases = 0;

  for (gsize s = 0; s < G_N_ELEMENTS (shapes); s++)
    {
      gsize m = shapes[s].m, n = shapes[s].n;
      g_autofree float *w = g_new (float, m * n), *h = g_new (float, n * n);

      make_problem (rand, m, n, w, h);
      for (guint bits = 1; bits <= 8; bits++)
        for (guint choice = 0; choice < 96; choice++)
          {
            SpqrParams params = {
              .method = (SpqrMethod) (choice % 3), .wbits = (int) bits, .groupsize = shapes[s].g,
              .perchannel = choice % 16 != 5, .sym = choice % 8 == 6, .round_zero = choice % 4 == 1,
              .qq_scale_bits = choice % 5 == 0 ? 0 : (int) (choice % 8 + 1),
              .qq_zero_bits = choice % 7 == 0 ? 0 : (int) ((choice / 2) % 8 + 1),
              .qq_zero_sym = choice % 9 == 4, .qq_groupsize = shapes[s].q,
              .outlier_threshold = choice % 6 == 2 ? INFINITY : choice % 6 == 3 ? 1e30 : 0.05 * (1 + choice % 3),
              .simplified_outliers = choice % 10 == 3,
              .permutation_order = n > 2 ? (SpqrOrder) (choice / 3 % 3) : SPQR_ORDER_IDENTITY,
              .percdamp = 0.1 + 1.0 / (1 + choice), .compat_reference = choice % 11 == 8,
            };

            if (params.sym && !params.compat_reference)
              params.qq_zero_bits = 0;
            quantize_and_check (path, w, h, m, n, &params);
            n_cases++;
          }
    }
  g_test_message ("%u layers", n_cases);
  fixture_remove (folder);
}

/* ---- layers made by hand ---- */

static void
test_random (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);
  g_autoptr(GRand) rand = g_rand_new_with_seed (11);

  for (int i = 0; i < 400; i++)
    {
      SpqrParams params = spqr_params_default;
      SpqrLayer layer;

      params.wbits = g_rand_int_range (rand, 1, 9);
      params.groupsize = g_rand_int_range (rand, 0, 40);
      params.qq_scale_bits = g_rand_int_range (rand, 0, 9);
      params.qq_zero_bits = g_rand_int_range (rand, 0, 9);
      params.qq_groupsize = g_rand_int_range (rand, 1, 40);
      params.compat_reference = i % 3 == 0;
      params.percdamp = g_rand_double (rand);
      layer = random_layer (rand, (gsize) g_rand_int_range (rand, 1, 30), (gsize) g_rand_int_range (rand, 1, 50),
                            &params);
      check_round_trip (&layer, path);
      spqr_layer_clear (&layer);
    }
  fixture_remove (folder);
}

/* Rounded zeros take few bits, and -0 stays -0. */
static void
test_integer_zeros (void)
{
  static const float cases[][4] = { { 0, 1, 7, 3 }, { -0.0f, 0, 7, 7 }, { -0.0f, -0.0f, -0.0f, -0.0f },
                                    { -5, -0.0f, 100, 250 }, { -5, 0, 100, 251 }, { 3, 3, 3, 3 }, { 2048, 2047, 2040, 2000 } };
  static const guint64 bits[] = { 3, 4, 1, 16, 16, 1, 6 };
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);
  g_autoptr(GRand) rand = g_rand_new_with_seed (3);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SpqrParams params = { .wbits = 3, .groupsize = 4, .perchannel = true, .round_zero = true };
      SpqrLayer layer = random_layer (rand, 16, 8, &params);
      SpqrPackBits count;

      for (gsize k = 0; k < 32; k++)
        layer.zero[k] = cases[i][k % 4];
      check_round_trip (&layer, path);
      spqr_pack_count_bits (&layer, &count);
      g_assert_cmpuint (count.zeros, ==, 32 * bits[i]);
      spqr_layer_clear (&layer);
    }
  fixture_remove (folder);
}

/* perchannel off: one row of statistics is stored for all. Sym: no zeros are. Identity: no order. */
static void
test_savings (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);
  g_autoptr(GRand) rand = g_rand_new_with_seed (5);
  gsize m = 20, n = 32;
  g_autofree float *w = g_new (float, m * n), *h = g_new (float, n * n);
  SpqrParams params = { .method = SPQR_METHOD_RTN, .wbits = 4, .groupsize = 16, .qq_groupsize = 16,
                        .qq_scale_bits = 3, .outlier_threshold = INFINITY };
  SpqrLayer layer;
  SpqrPackBits bits;

  make_problem (rand, m, n, w, h);
  g_assert_cmpint (spqr_layer_quantize (w, m, n, NULL, NULL, &params, NULL, NULL, &layer), ==, SPQR_OK);
  check_round_trip (&layer, path);
  spqr_pack_count_bits (&layer, &bits);
  g_assert_cmpuint (bits.codes, ==, 4 * m * n);
  g_assert_cmpuint (bits.scales, ==, 8);             /* 2 groups x 3 bits, in a byte */
  g_assert_cmpuint (bits.zeros, ==, 2 * 16);
  g_assert_cmpuint (bits.second_order, ==, 2 * 2 * 16);
  g_assert_cmpuint (bits.outliers + bits.outlier_offsets + bits.permutation, ==, 0);
  spqr_layer_clear (&layer);

  params.sym = true;
  params.perchannel = true;
  g_assert_cmpint (spqr_layer_quantize (w, m, n, NULL, NULL, &params, NULL, NULL, &layer), ==, SPQR_OK);
  check_round_trip (&layer, path);
  spqr_pack_count_bits (&layer, &bits);
  g_assert_cmpuint (bits.zeros, ==, 0);
  g_assert_cmpuint (bits.scales, ==, 2 * m * 3);
  spqr_layer_clear (&layer);
  fixture_remove (folder);
}

/* Over 65536 inputs columns and order take 32 bits. */
static void
test_wide (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);
  g_autoptr(GRand) rand = g_rand_new_with_seed (9);

  for (gsize n = 65535; n <= 65537; n++)
    {
      SpqrParams params = { .wbits = 2, .groupsize = 1000, .perchannel = true };
      SpqrLayer layer = random_layer (rand, 2, n, &params);
      SpqrPackBits bits;

      check_round_trip (&layer, path);
      spqr_pack_count_bits (&layer, &bits);
      g_assert_cmpuint (bits.permutation, ==, n * (n > 65536 ? 32 : 16));
      spqr_layer_clear (&layer);
    }
  fixture_remove (folder);
}

static void
test_bits (void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (1);

  for (int bits = 1; bits <= 8; bits++)
    for (gsize n = 0; n < 40; n++)
      {
        gsize size = (gsize) spqr_bits_size (n, bits);
        g_autofree guint8 *codes = g_malloc0 (n + 1), *again = g_malloc0 (n + 1), *packed = g_malloc0 (size + 1);

        for (gsize i = 0; i < n; i++)
          codes[i] = (guint8) (g_rand_int (rand) & ((1u << bits) - 1));
        packed[size] = 0xaa;
        spqr_bits_pack (codes, n, bits, packed);
        g_assert_cmpint (packed[size], ==, 0xaa);
        g_assert_true (spqr_bits_unpack (packed, n, bits, again));
        g_assert_cmpmem (codes, n, again, n);
        for (gsize i = 0; i < n * (gsize) bits; i++)
          g_assert_cmpint ((packed[i / 8] >> i % 8) & 1, ==, (codes[i / (gsize) bits] >> i % (gsize) bits) & 1);
        if (n * (gsize) bits % 8 != 0)
          {
            packed[size - 1] |= 0x80;
            g_assert_false (spqr_bits_unpack (packed, n, bits, again));
          }
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pack/bits", test_bits);
  g_test_add_func ("/pack/quantized", test_quantized);
  g_test_add_func ("/pack/random", test_random);
  g_test_add_func ("/pack/integer-zeros", test_integer_zeros);
  g_test_add_func ("/pack/savings", test_savings);
  g_test_add_func ("/pack/wide", test_wide);
  return g_test_run ();
}
