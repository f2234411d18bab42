/* Stored layers: what is read is, to the bit, what was written, for layers the quantizer makes and
 * for layers made by hand; the counted bits are the file's; damaged files are refused. */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <json-glib/json-glib.h>

#include "../model/fixtures.h"
#include "model/spqr-safetensors.h"
#include "num/spqr-fp16.h"
#include "num/spqr-hessian.h"
#include "num/spqr-layer.h"
#include "num/spqr-quantizer.h"
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
              .outlier_threshold = choice % 6 == 2 ? INFINITY : 0.05 * (1 + choice % 3),
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

static float
random_f16 (GRand *rand)
{
  guint16 bits = (guint16) g_rand_int (rand);

  return spqr_f16_to_f32 ((bits & 0x7c00) == 0x7c00 ? bits ^ 0x4000 : bits);
}

static void *
filled (gsize n, gsize size)
{
  void *memory = calloc (MAX (n, 1), size);

  g_assert_nonnull (memory);
  return memory;
}

static guint8 *
random_codes (GRand *rand, gsize n, int bits)
{
  guint8 *codes = filled (n, 1);

  for (gsize i = 0; i < n; i++)
    codes[i] = (guint8) (g_rand_int (rand) & ((1u << bits) - 1));
  return codes;
}

static float *
random_values (GRand *rand, gsize n, gboolean wide)
{
  float *values = filled (n, sizeof *values);

  for (gsize i = 0; i < n; i++)
    values[i] = wide ? (float) g_rand_double (rand) : random_f16 (rand);
  return values;
}

static float *
effective (const SpqrLayer *layer, const guint8 *codes, const float *scale, const float *zero)
{
  float *values = filled (layer->groups * layer->rows, sizeof *values);

  for (gsize g = 0; g < layer->groups; g++)
    for (gsize r = 0; r < layer->rows; r++)
      {
        gsize at = g * layer->rows + r, run = g * layer->runs + r / (gsize) layer->params.qq_groupsize;

        values[at] = layer->params.compat_reference ? spqr_dequantize_value (codes[at], scale[run], zero[run])
                                                    : spqr_dequantize_f16 (codes[at], scale[run], zero[run]);
      }
  return values;
}

static void
random_outliers (GRand *rand, SpqrLayer *layer)
{
  guint32 count = 0;

  layer->outlier_offsets = filled (layer->rows + 1, sizeof *layer->outlier_offsets);
  layer->outlier_cols = filled (layer->rows * layer->cols, sizeof *layer->outlier_cols);
  for (gsize r = 0; r < layer->rows; r++)
    {
      for (gsize j = 0; j < layer->cols; j++)
        if (g_rand_int_range (rand, 0, 9) == 0)
          layer->outlier_cols[count++] = (guint32) j;
      layer->outlier_offsets[r + 1] = count;
    }
  layer->outlier_values = random_values (rand, count, layer->params.compat_reference);
}

/* Any values whatever that a layer can hold: subnormals, negative zeros, wide constants, … */
static SpqrLayer
random_layer (GRand *rand, gsize m, gsize n, const SpqrParams *params)
{
  SpqrLayer layer = { .params = *params, .rows = m, .cols = n, .proxy_loss = g_rand_double (rand) * 1e-3,
                      .mse = NAN, .threshold = INFINITY, .percdamp_used = 1 };
  gsize g = params->groupsize > 0 ? MIN ((gsize) params->groupsize, n) : n;
  gboolean wide = params->compat_reference;

  layer.groups = (n + g - 1) / g;
  if (params->qq_scale_bits > 0 || params->qq_zero_bits > 0)
    layer.runs = (m + (gsize) params->qq_groupsize - 1) / (gsize) params->qq_groupsize;
  layer.codes = random_codes (rand, m * n, params->wbits);
  layer.perm = filled (n, sizeof *layer.perm);
  for (gsize j = 0; j < n; j++)
    {
      gsize k = (gsize) g_rand_int_range (rand, 0, (gint32) j + 1);

      layer.perm[j] = layer.perm[k];
      layer.perm[k] = (gint32) j;
    }
  if (params->qq_scale_bits > 0)
    {
      layer.scale_codes = random_codes (rand, layer.groups * m, params->qq_scale_bits);
      layer.scale_scale = random_values (rand, layer.groups * layer.runs, wide);
      layer.scale_zero = random_values (rand, layer.groups * layer.runs, wide);
      layer.scale = effective (&layer, layer.scale_codes, layer.scale_scale, layer.scale_zero);
    }
  else
    layer.scale = random_values (rand, layer.groups * m, wide);
  if (params->qq_zero_bits > 0)
    {
      layer.zero_codes = random_codes (rand, layer.groups * m, params->qq_zero_bits);
      layer.zero_scale = random_values (rand, layer.groups * layer.runs, wide);
      layer.zero_zero = random_values (rand, layer.groups * layer.runs, wide);
      layer.zero = effective (&layer, layer.zero_codes, layer.zero_scale, layer.zero_zero);
    }
  else
    layer.zero = random_values (rand, layer.groups * m, wide);
  random_outliers (rand, &layer);
  layer.constants = filled (m, sizeof *layer.constants);
  for (gsize r = 0; r < m; r += 2)
    layer.constants[layer.n_constants++] = (SpqrConstantGroup) { (guint32) r, (guint32) (r % layer.groups),
                                                                 r % 4 == 0 ? 0.1f : -0.0f };
  return layer;
}

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

/* ---- what is refused ---- */

static void
assert_write_refused (SpqrLayer *layer, const char *words)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);
  g_autoptr(GError) error = NULL;

  g_assert_false (spqr_pack_write (path, NAME, layer, &error));
  g_assert_error (error, SPQR_PACK_ERROR, SPQR_PACK_ERROR_UNSUPPORTED);
  if (strstr (error->message, words) == NULL)
    g_error ("“%s” does not say “%s”", error->message, words);
  g_assert_cmpuint (fixture_count_files (folder), ==, 0);
  fixture_remove (folder);
}

static void
test_inconsistent (void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (2);
  SpqrParams params = spqr_params_default;

  for (int i = 0; i < 5; i++)
    {
      SpqrLayer layer = random_layer (rand, 20, 40, &params);

      if (i == 0)
        layer.codes[3] = 8, assert_write_refused (&layer, "more bits");
      else if (i == 1)
        layer.scale[7] += 1, assert_write_refused (&layer, "f16");
      else if (i == 2)
        layer.scale[7] = layer.scale[7] == 1 ? 2 : 1, assert_write_refused (&layer, "do not decode");
      else if (i == 3)
        layer.groups++, assert_write_refused (&layer, "shape");
      else
        layer.params.qq_zero_bits = 0, assert_write_refused (&layer, "statistics do not fit");
      spqr_layer_clear (&layer);
    }
}

static void
assert_read_refused (const char *path, SpqrPackError code, const char *words)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;
  static const SpqrLayer empty;
  SpqrLayer layer;

  g_assert_false (spqr_pack_read (path, &name, &layer, &error));
  if (strstr (error->message, words) == NULL || strstr (error->message, path) == NULL)
    g_error ("“%s” does not say “%s” and the file", error->message, words);
  g_assert_error (error, SPQR_PACK_ERROR, (int) code);
  g_assert_null (name);
  g_assert_null (layer.codes);
  g_assert_cmpuint (layer.rows, ==, empty.rows);
}

/* A stored layer taken apart into header object and data, changed, and put together again. With
 * `honest`, the checksum is made right again, so that what lies behind it is tested. */
typedef struct { JsonObject *header, *metadata; GByteArray *data; JsonParser *parser; } Taken;

static Taken
take_apart (const char *path)
{
  Taken taken;
  g_autofree char *text = NULL;
  gsize len = 0;
  guint64 n = 0;

  g_assert_true (g_file_get_contents (path, &text, &len, NULL));
  memcpy (&n, text, 8);
  taken.parser = json_parser_new ();
  g_assert_true (json_parser_load_from_data (taken.parser, text + 8, (gssize) n, NULL));
  taken.header = json_node_get_object (json_parser_get_root (taken.parser));
  taken.metadata = json_object_get_object_member (taken.header, "__metadata__");
  taken.data = g_byte_array_new ();
  g_byte_array_append (taken.data, (const guint8 *) text + 8 + n, (guint) (len - 8 - n));
  return taken;
}

static guint8 *
part_bytes (Taken *taken, const char *name, gsize *n)
{
  JsonArray *offsets = json_object_get_array_member (json_object_get_object_member (taken->header, name), "data_offsets");
  gint64 begin = json_array_get_int_element (offsets, 0);

  *n = (gsize) (json_array_get_int_element (offsets, 1) - begin);
  return taken->data->data + begin;
}

static void
sum_text (GChecksum *sum, const char *text)
{
  guint64 n = GUINT64_TO_LE ((guint64) strlen (text));

  g_checksum_update (sum, (const guchar *) &n, 8);
  g_checksum_update (sum, (const guchar *) text, (gssize) strlen (text));
}

static void
put_together (Taken *taken, const char *path, gboolean honest)
{
  g_autoptr(JsonGenerator) generator = json_generator_new ();
  g_autoptr(GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *text = NULL;
  g_autoptr(GByteArray) bytes = NULL;
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  if (honest)
    {
      sum_text (sum, json_object_get_string_member (taken->metadata, "tensor"));
      sum_text (sum, json_object_get_string_member (taken->metadata, "params"));
      json_object_iter_init_ordered (&iter, taken->header);
      while (json_object_iter_next_ordered (&iter, &name, &node))
        if (!g_str_equal (name, "__metadata__"))
          {
            gsize n = 0;
            const guint8 *part = part_bytes (taken, name, &n);
            guint64 little = GUINT64_TO_LE ((guint64) n);

            sum_text (sum, name);
            sum_text (sum, json_object_get_string_member (json_node_get_object (node), "dtype"));
            g_checksum_update (sum, (const guchar *) &little, 8);
            g_checksum_update (sum, part, (gssize) n);
          }
      json_object_set_string_member (taken->metadata, "sha256", g_checksum_get_string (sum));
    }
  json_generator_set_root (generator, json_parser_get_root (taken->parser));
  text = json_generator_to_data (generator, NULL);
  bytes = fixture_safetensors_bytes (text, 0);
  g_byte_array_append (bytes, taken->data->data, taken->data->len);
  g_assert_true (g_file_set_contents (path, (const char *) bytes->data, bytes->len, NULL));
  g_object_unref (taken->parser);
  g_byte_array_unref (taken->data);
}

static void
write_sample (const char *path)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (21);
  SpqrParams params = { .wbits = 3, .groupsize = 7, .perchannel = true, .qq_scale_bits = 3, .qq_groupsize = 4 };
  SpqrLayer layer = random_layer (rand, 9, 33, &params);

  g_assert_true (spqr_pack_write (path, NAME, &layer, NULL));
  spqr_layer_clear (&layer);
}

/* Sane as far as the checksum goes, hostile behind it. */
static void
test_hostile_data (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);
  static const struct { const char *part; gsize at; guint8 value; const char *words; } rows[] = {
    { "codes", 111, 0xff, "codes after its end" },              /* 297 codes: 891 bits, 112 bytes */
    { "outlier_offsets", 0, 1, "span" },
    { "outlier_offsets", 36, 255, "span" },
    { "outlier_offsets", 16, 255, "out of order" },
    { "outlier_columns", 0, 33, "out of order" },
    { "outlier_columns", 2, 0, "out of order" },
    { "permutation", 0, 33, "permutation" },
    { "permutation", 1, 1, "permutation" },
    { "constant_rows", 0, 9, "constant" },
    { "constant_rows", 4, 0, NULL },
    { "constant_groups", 0, 5, "constant" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Taken taken;
      gsize n = 0;

      write_sample (path);
      taken = take_apart (path);
      part_bytes (&taken, rows[i].part, &n)[rows[i].at] = rows[i].value;
      g_assert_cmpuint (rows[i].at, <, n);
      put_together (&taken, path, FALSE);
      assert_read_refused (path, SPQR_PACK_ERROR_CHECKSUM, "checksum");

      taken = take_apart (path);
      put_together (&taken, path, TRUE);
      if (rows[i].words != NULL)
        assert_read_refused (path, SPQR_PACK_ERROR_MALFORMED, rows[i].words);
    }
  fixture_remove (folder);
}

/* Parameters that lie about the tensors, each with a checksum that fits. */
static void
test_hostile_params (void)
{
  static const struct { const char *from, *to; SpqrPackError code; const char *words; } rows[] = {
    { "\"wbits\":3", "\"wbits\":4", SPQR_PACK_ERROR_MALFORMED, "“codes”" },
    { "\"wbits\":3", "\"wbits\":0", SPQR_PACK_ERROR_MALFORMED, "wbits" },
    { "\"wbits\":3", "\"wbits\":9", SPQR_PACK_ERROR_MALFORMED, "wbits" },
    { "\"wbits\":3", "\"wbits\":\"3\"", SPQR_PACK_ERROR_MALFORMED, "wbits" },
    { "\"wbits\":3", "\"wbits\":3,\"wbits\":3", SPQR_PACK_ERROR_MALFORMED, "twice" },
    { "\"wbits\":3,", "", SPQR_PACK_ERROR_MALFORMED, "wbits" },
    { "\"rows\":9", "\"rows\":10", SPQR_PACK_ERROR_MALFORMED, "tensor" },
    { "\"rows\":9", "\"rows\":0", SPQR_PACK_ERROR_MALFORMED, "rows" },
    { "\"rows\":9", "\"rows\":-9", SPQR_PACK_ERROR_MALFORMED, "rows" },
    { "\"rows\":9,\"cols\":33", "\"rows\":2147483647,\"cols\":2147483647", SPQR_PACK_ERROR_MALFORMED, "absurd" },
    { "\"cols\":33", "\"cols\":32", SPQR_PACK_ERROR_MALFORMED, "tensor" },
    { "\"groupsize\":7", "\"groupsize\":-1", SPQR_PACK_ERROR_MALFORMED, "groupsize" },
    { "\"groupsize\":7", "\"groupsize\":8", SPQR_PACK_ERROR_MALFORMED, NULL },
    { "\"groupsize\":7", "\"groupsize\":16", SPQR_PACK_ERROR_MALFORMED, "tensor" },
    { "\"qq_groupsize\":4", "\"qq_groupsize\":0", SPQR_PACK_ERROR_MALFORMED, "qq_groupsize" },
    { "\"qq_groupsize\":4", "\"qq_groupsize\":9", SPQR_PACK_ERROR_MALFORMED, "scale_" },
    { "\"qq_scale_bits\":3", "\"qq_scale_bits\":0", SPQR_PACK_ERROR_MALFORMED, "scales" },
    { "\"method\":\"spqr\"", "\"method\":\"magic\"", SPQR_PACK_ERROR_MALFORMED, "method" },
    { "\"perchannel\":true", "\"perchannel\":1", SPQR_PACK_ERROR_MALFORMED, "perchannel" },
    { "\"compat_reference\":false", "\"compat_reference\":true", SPQR_PACK_ERROR_MALFORMED, "tensor" },
    { "\"shared_statistics\":false", "\"shared_statistics\":true", SPQR_PACK_ERROR_MALFORMED, "tensor" },
    { "\"fixed_zero\":false", "\"fixed_zero\":true", SPQR_PACK_ERROR_MALFORMED, "belong" },
    { "\"identity\":false", "\"identity\":true", SPQR_PACK_ERROR_MALFORMED, "belong" },
    { "\"constants\":5", "\"constants\":4", SPQR_PACK_ERROR_MALFORMED, "constant" },
    { "\"constants\":5", "\"constants\":46", SPQR_PACK_ERROR_MALFORMED, "constants" },
    { "\"percdamp\":0.0", "\"percdamp\":null", SPQR_PACK_ERROR_MALFORMED, "percdamp" },
    { "{", "[", SPQR_PACK_ERROR_MALFORMED, "JSON" },
  };
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Taken taken;
      g_auto(GStrv) halves = NULL;
      g_autofree char *changed = NULL;

      write_sample (path);
      taken = take_apart (path);
      halves = g_strsplit (json_object_get_string_member (taken.metadata, "params"), rows[i].from, 2);
      if (g_strv_length (halves) != 2)
        g_error ("%s is not in %s", rows[i].from, halves[0]);
      changed = g_strconcat (halves[0], rows[i].to, halves[1], NULL);
      json_object_set_string_member (taken.metadata, "params", changed);
      put_together (&taken, path, TRUE);
      if (rows[i].words != NULL)
        assert_read_refused (path, rows[i].code, rows[i].words);
    }
  fixture_remove (folder);
}

static void
test_foreign (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);
  g_autofree char *other = fixture_safetensors (folder, "other.safetensors", "{}", 0);
  g_autofree char *absent = g_build_filename (folder, "absent", NULL);
  Taken taken;

  assert_read_refused (other, SPQR_PACK_ERROR_UNSUPPORTED, "not a stored SpQR layer");
  assert_read_refused (absent, SPQR_PACK_ERROR_FAILED, "cannot open");
  write_sample (path);
  taken = take_apart (path);
  json_object_set_string_member (taken.metadata, "version", "2");
  put_together (&taken, path, TRUE);
  assert_read_refused (path, SPQR_PACK_ERROR_UNSUPPORTED, "newer version");
  write_sample (path);
  taken = take_apart (path);
  json_object_remove_member (taken.metadata, "sha256");
  put_together (&taken, path, FALSE);
  assert_read_refused (path, SPQR_PACK_ERROR_MALFORMED, "checksum");
  fixture_remove (folder);
}

/* Every truncation and every flipped bit outside of the padding is noticed. */
static void
test_damaged (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);
  g_autofree char *text = NULL;
  gsize len = 0, noticed = 0;

  write_sample (path);
  g_assert_true (g_file_get_contents (path, &text, &len, NULL));
  for (gsize i = 0; i < len; i += i < 64 ? 1 : 7)
    {
      g_autoptr(GError) error = NULL;
      SpqrLayer layer;

      fixture_overwrite (path, text, i);
      g_assert_false (spqr_pack_read (path, NULL, &layer, &error));
      g_assert_nonnull (error);
    }
  for (gsize i = 0; i < len; i++)
    {
      g_autoptr(GError) error = NULL;
      SpqrLayer layer;

      text[i] ^= (char) (1 << (i % 8));
      fixture_overwrite (path, text, len);
      text[i] ^= (char) (1 << (i % 8));
      if (spqr_pack_read (path, NULL, &layer, &error))
        spqr_layer_clear (&layer);
      else
        noticed++;
    }
  /* Unnoticed may stay what means nothing: blanks between tokens, and the name of the filling. */
  g_test_message ("%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " flipped bits noticed", noticed, len);
  g_assert_cmpuint (len - noticed, <=, 64 + 16);
  fixture_remove (folder);
}

/* ---- crashes and full disks ---- */

static void
test_atomic (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);
  g_autofree char *old = NULL;
  g_autofree char *now = NULL;
  gsize len = 0;
  g_autoptr(GRand) rand = g_rand_new_with_seed (4);
  SpqrParams params = { .wbits = 8, .groupsize = 16, .perchannel = true };
  SpqrLayer layer = random_layer (rand, 100, 200, &params);
  struct rlimit before, small = { 8192, 8192 };
  g_autoptr(GError) error = NULL;

  write_sample (path);
  g_assert_true (g_file_get_contents (path, &old, &len, NULL));
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  small.rlim_max = before.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  g_assert_false (spqr_pack_write (path, NAME, &layer, &error));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_error (error, SPQR_PACK_ERROR, SPQR_PACK_ERROR_NO_SPACE);
  g_assert_cmpuint (fixture_count_files (folder), ==, 1);
  g_assert_true (g_file_get_contents (path, &now, NULL, NULL));
  g_assert_cmpmem (old, len, now, len);
  spqr_layer_clear (&layer);
  fixture_remove (folder);
}

/* A real full disk, where one may be mounted. */
static void
test_full_disk (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);
  g_autoptr(GRand) rand = g_rand_new_with_seed (4);
  SpqrParams params = { .wbits = 8, .groupsize = 16, .perchannel = true };
  SpqrLayer layer = random_layer (rand, 100, 2000, &params);
  g_autoptr(GError) error = NULL;

  if (mount ("none", folder, "tmpfs", 0, "size=64k") != 0)
    g_test_skip ("no file system can be mounted here");
  else
    {
      g_assert_false (spqr_pack_write (path, NAME, &layer, &error));
      g_assert_error (error, SPQR_PACK_ERROR, SPQR_PACK_ERROR_NO_SPACE);
      g_assert_nonnull (strstr (error->message, path));
      g_assert_cmpuint (fixture_count_files (folder), ==, 0);
      g_assert_cmpint (umount (folder), ==, 0);
    }
  spqr_layer_clear (&layer);
  fixture_remove (folder);
}

static void
test_no_permission (void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (4);
  SpqrParams params = { .wbits = 8, .groupsize = 16, .perchannel = true };
  SpqrLayer layer = random_layer (rand, 3, 5, &params);
  g_autoptr(GError) error = NULL;

  g_assert_false (spqr_pack_write ("/proc/layer.safetensors", NAME, &layer, &error));
  g_assert_error (error, SPQR_PACK_ERROR, SPQR_PACK_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "/proc/layer.safetensors"));
  spqr_layer_clear (&layer);
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
  g_test_add_func ("/pack/inconsistent", test_inconsistent);
  g_test_add_func ("/pack/hostile-data", test_hostile_data);
  g_test_add_func ("/pack/hostile-params", test_hostile_params);
  g_test_add_func ("/pack/foreign", test_foreign);
  g_test_add_func ("/pack/damaged", test_damaged);
  g_test_add_func ("/pack/atomic", test_atomic);
  g_test_add_func ("/pack/full-disk", test_full_disk);
  g_test_add_func ("/pack/no-permission", test_no_permission);
  return g_test_run ();
}
