/* spqr-fp16 against arithmetic in f64: every f16 and bf16 value, every halfway case with its two
 * neighbours, random f32 bits; and every vector variant against the plain one. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "num/spqr-cpu.h"
#include "num/spqr-fp16.h"

static guint32
bits_of (float value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof bits);
  return bits;
}

static float
float_of (guint32 bits)
{
  float value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

/* Value of 16 bits with `e` exponent bits, finite only. */
static double
small_float_value (guint16 bits, int e)
{
  int m = 15 - e;
  int bias = (1 << (e - 1)) - 1;
  int exponent = (bits >> m) & ((1 << e) - 1);
  int mantissa = bits & ((1 << m) - 1);
  double magnitude = exponent == 0 ? ldexp (mantissa, 1 - bias - m)
                                   : ldexp (mantissa + (1 << m), exponent - bias - m);

  return bits & 0x8000 ? -magnitude : magnitude;
}

static void
test_f16_decode (void)
{
  for (guint32 i = 0; i < 0x10000; i++)
    {
      float value = spqr_f16_to_f32 ((guint16) i);

      if ((i & 0x7fff) > 0x7c00)
        {
          g_assert_true (isnan (value));
          g_assert_cmphex (bits_of (value), ==, ((i & 0x8000) << 16) | 0x7fc00000 | ((i & 0x3ff) << 13));
        }
      else if ((i & 0x7fff) == 0x7c00)
        g_assert_true (isinf (value) && (value < 0) == (i >> 15));
      else
        {
          g_assert_true ((double) value == small_float_value ((guint16) i, 5));
          g_assert_cmpint (signbit (value) != 0, ==, i >> 15);
          g_assert_cmphex (spqr_f32_to_f16 (value), ==, i);
        }
    }
}

static void
test_bf16_decode (void)
{
  for (guint32 i = 0; i < 0x10000; i++)
    {
      float value = spqr_bf16_to_f32 ((guint16) i);

      g_assert_cmphex (bits_of (value), ==, i << 16);
      if ((i & 0x7fff) <= 0x7f80)
        g_assert_cmphex (spqr_f32_to_bf16 (value), ==, i);
      else
        g_assert_cmphex (spqr_f32_to_bf16 (value), ==, i | 0x40);
    }
}

/* Between each two neighbours: the middle goes to the even one, the f32 beside it to the nearer. */
static void
check_halfway (guint16 (*encode) (float), int e, guint16 infinity)
{
  for (guint32 i = 0; i < infinity; i++)
    {
      double low = small_float_value ((guint16) i, e);
      double high = small_float_value ((guint16) (i + 1), e);
      float middle = (float) ((low + high) / 2);

      if (i + 1 == infinity)
        middle = (float) (low + (low - small_float_value ((guint16) (i - 1), e)) / 2);
      for (guint32 sign = 0; sign <= 0x8000; sign += 0x8000)
        {
          float s = sign ? -1.0f : 1.0f;

          g_assert_cmphex (encode (s * middle), ==, sign | (i % 2 == 0 ? i : i + 1));
          g_assert_cmphex (encode (s * nextafterf (middle, 0.0f)), ==, sign | i);
          g_assert_cmphex (encode (s * nextafterf (middle, INFINITY)), ==, sign | (i + 1));
        }
    }
}

static guint16
encode_f16 (float value)
{
  return spqr_f32_to_f16 (value);
}

static guint16
encode_bf16 (float value)
{
  return spqr_f32_to_bf16 (value);
}

static void
test_f16_halfway (void)
{
  check_halfway (encode_f16, 5, 0x7c00);
}

static void
test_bf16_halfway (void)
{
  check_halfway (encode_bf16, 8, 0x7f80);
}

/* |v - f16(v)| is never more than the distance to either neighbour. */
static void
test_f16_random_is_nearest (void)
{
  for (int i = 0; i < 2000000; i++)
    {
      float value = float_of (g_test_rand_int ());
      guint16 half;
      double distance;

      if (isnan (value) || fabsf (value) >= 65520.0f)
        continue;
      half = spqr_f32_to_f16 (value);
      distance = fabs (small_float_value (half, 5) - (double) value);
      if ((half & 0x7fff) != 0)
        g_assert_cmpfloat (distance, <=, fabs (small_float_value ((guint16) (half - 1), 5) - (double) value));
      if ((half & 0x7fff) != 0x7bff)
        g_assert_cmpfloat (distance, <=, fabs (small_float_value ((guint16) (half + 1), 5) - (double) value));
    }
}

static void
test_specials (void)
{
  g_assert_cmphex (spqr_f32_to_f16 (INFINITY), ==, 0x7c00);
  g_assert_cmphex (spqr_f32_to_f16 (-INFINITY), ==, 0xfc00);
  g_assert_cmphex (spqr_f32_to_f16 (1e30f), ==, 0x7c00);
  g_assert_cmphex (spqr_f32_to_f16 (-0.0f), ==, 0x8000);
  g_assert_cmphex (spqr_f32_to_f16 (-1e-30f), ==, 0x8000);
  g_assert_cmphex (spqr_f32_to_f16 (float_of (0x7f800001)), ==, 0x7e00);
  g_assert_cmphex (spqr_f32_to_f16 (float_of (0xffc02000)), ==, 0xfe01);
  g_assert_cmphex (spqr_f32_to_bf16 (INFINITY), ==, 0x7f80);
  g_assert_cmphex (spqr_f32_to_bf16 (3.4028235e38f), ==, 0x7f80);
  g_assert_cmphex (spqr_f32_to_bf16 (float_of (0x7f800001)), ==, 0x7fc0);
  g_assert_cmphex (spqr_f32_to_bf16 (float_of (0x00008001)), ==, 0x0001);
}

#define SAMPLES (0x10000 * 3 + 200000 + 7)

/* Every f16 value's midpoint and its neighbours, then random bits. */
static float *
samples_new (void)
{
  float *samples = g_new (float, SAMPLES);
  size_t n = 0;

  for (guint32 i = 0; i < 0x10000; i++)
    {
      float low = spqr_f16_to_f32 ((guint16) i);
      float middle = (low + spqr_f16_to_f32 ((guint16) (i + 1))) / 2;

      samples[n++] = low;
      samples[n++] = middle;
      samples[n++] = nextafterf (middle, 0.0f);
    }
  while (n < SAMPLES)
    samples[n++] = float_of (g_test_rand_int ());
  return samples;
}

static void
test_rows_all_variants (void)
{
  g_autofree float *samples = samples_new ();
  g_autofree guint16 *halves = g_new (guint16, SAMPLES);
  guint16 all[0x10000 + 3];
  static float decoded[0x10000 + 3];

  for (guint32 i = 0; i < G_N_ELEMENTS (all); i++)
    all[i] = (guint16) i;
  for (int limit = SPQR_CPU_PLAIN; limit <= SPQR_CPU_AVX512; limit++)
    {
      spqr_cpu_limit (limit);
      spqr_f32_to_f16_row (samples, halves, SAMPLES);
      for (size_t i = 0; i < SAMPLES; i++)
        g_assert_cmphex (halves[i], ==, spqr_f32_to_f16 (samples[i]));
      spqr_f32_to_bf16_row (samples, halves, SAMPLES);
      for (size_t i = 0; i < SAMPLES; i++)
        g_assert_cmphex (halves[i], ==, spqr_f32_to_bf16 (samples[i]));
      spqr_f16_to_f32_row (all, decoded, G_N_ELEMENTS (all));
      for (size_t i = 0; i < G_N_ELEMENTS (all); i++)
        g_assert_cmphex (bits_of (decoded[i]), ==, bits_of (spqr_f16_to_f32 (all[i])));
      spqr_bf16_to_f32_row (all, decoded, G_N_ELEMENTS (all));
      for (size_t i = 0; i < G_N_ELEMENTS (all); i++)
        g_assert_cmphex (bits_of (decoded[i]), ==, (guint32) all[i] << 16);
    }
  spqr_cpu_limit (SPQR_CPU_AVX512);
}

static void
test_short_rows (void)
{
  for (size_t n = 0; n < 40; n++)
    {
      float in[41], back[41];
      guint16 half[41];

      for (size_t i = 0; i < 41; i++)
        {
          in[i] = (float) i - 17.25f;
          half[i] = 0xdead;
          back[i] = 99.0f;
        }
      spqr_f32_to_f16_row (in, half, n);
      spqr_f16_to_f32_row (half, back, n);
      for (size_t i = 0; i < n; i++)
        g_assert_cmpfloat (back[i], ==, in[i]);
      g_assert_cmphex (half[n], ==, 0xdead);
      g_assert_cmpfloat (back[n], ==, 99.0f);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fp16/decode", test_f16_decode);
  g_test_add_func ("/fp16/halfway", test_f16_halfway);
  g_test_add_func ("/fp16/random-is-nearest", test_f16_random_is_nearest);
  g_test_add_func ("/bf16/decode", test_bf16_decode);
  g_test_add_func ("/bf16/halfway", test_bf16_halfway);
  g_test_add_func ("/fp16/specials", test_specials);
  g_test_add_func ("/fp16/rows-all-variants", test_rows_all_variants);
  g_test_add_func ("/fp16/short-rows", test_short_rows);
  return g_test_run ();
}
