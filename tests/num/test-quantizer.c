/* The scalar quantizer, its vector twins, and the parameters' own arithmetic. */
#include <math.h>
#include <string.h>

#include <glib.h>

#include "num/spqr-cpu.h"
#include "num/spqr-fp16.h"
#include "num/spqr-kernels-private.h"
#include "num/spqr-params.h"
#include "num/spqr-quantizer.h"

#define LD 48

static void
assert_same_bits (float a, float b)
{
  g_assert_true (memcmp (&a, &b, sizeof a) == 0);
}

/* spqr_f16_round() is the conversion to f16 and back: at every f16 number, at the middle between
 * two, and just beside it. */
static void
test_f16_round (void)
{
  for (guint bits = 0; bits < 0x7c00; bits++)
    {
      float low = spqr_f16_to_f32 ((guint16) bits), high = spqr_f16_to_f32 ((guint16) (bits + 1));
      float middle = isinf (high) ? 65520.0f : low + (high - low) / 2;
      float values[] = { low, middle, nextafterf (middle, 0), nextafterf (middle, INFINITY) };

      for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
        {
          assert_same_bits (spqr_f16_round (values[i]), spqr_f16_to_f32 (spqr_f32_to_f16 (values[i])));
          assert_same_bits (spqr_f16_round (-values[i]), spqr_f16_to_f32 (spqr_f32_to_f16 (-values[i])));
        }
    }
  assert_same_bits (spqr_f16_round (1e30f), INFINITY);
  assert_same_bits (spqr_f16_round (-INFINITY), -INFINITY);
  assert_same_bits (spqr_f16_round (0x1p-149f), 0);
}

static void
test_round_code (void)
{
  for (int maxq = 1; maxq <= 255; maxq = maxq * 2 + 1)
    for (float x = -3; x < 260; x += 0.0625f)
      {
        float expected = fminf (fmaxf (rintf (x), 0), (float) maxq);

        g_assert_cmpfloat (spqr_round_code (x, (float) maxq), ==, expected);
        g_assert_cmpfloat (spqr_round_code (nextafterf (x, -INFINITY), (float) maxq), ==,
                           fminf (fmaxf (rintf (nextafterf (x, -INFINITY)), 0), (float) maxq));
      }
  g_assert_cmpfloat (spqr_round_code (INFINITY, 7), ==, 7);
  g_assert_cmpfloat (spqr_round_code (-INFINITY, 7), ==, 0);
}

/* The kernel, lane by lane, against the scalar functions. */
static void
check_column (GRand *rand, gboolean compat, float threshold, gboolean constants)
{
  float w[LD], before[LD], error[LD], code[LD], outlier[LD], scale[LD], zero[LD], code0[LD], value0[LD], constant[LD];
  guint16 bits[LD / 16];
  SpqrColumnJob job = { w, error, code, outlier, bits, scale, zero, code0, value0, constants ? constant : NULL, LD, 7, 0.7f, threshold, compat };

  for (gsize r = 0; r < LD; r++)
    {
      w[r] = before[r] = (float) g_rand_double_range (rand, -1, 1) * (r % 7 == 0 ? 30 : 1);
      scale[r] = spqr_f16_round ((float) g_rand_double_range (rand, 0.01, 0.5));
      zero[r] = spqr_f16_round ((float) g_rand_double_range (rand, -2, 9));
      constant[r] = r % 5 == 0;
      code0[r] = spqr_quantize_value (0, scale[r], zero[r], 7);
      value0[r] = compat ? spqr_dequantize_value (code0[r], scale[r], zero[r]) : spqr_dequantize_f16 (code0[r], scale[r], zero[r]);
    }
  spqr_kernels ()->quantize_column (&job);
  for (gsize r = 0; r < LD; r++)
    {
      float c = spqr_quantize_value (before[r], scale[r], zero[r], 7);
      float value = compat ? spqr_dequantize_value (c, scale[r], zero[r]) : spqr_dequantize_f16 (c, scale[r], zero[r]);
      gboolean is_outlier;

      if (constants && constant[r] > 0)
        {
          c = code0[r];
          value = value0[r];
        }
      is_outlier = ((before[r] - value) / 0.7f) * ((before[r] - value) / 0.7f) > threshold;
      g_assert_true (is_outlier == (threshold < INFINITY && (bits[r / 16] >> (r % 16) & 1)));
      if (is_outlier)
        {
          float stored = compat ? before[r] : spqr_f16_round (before[r] - value0[r]);

          c = code0[r];
          value = compat ? before[r] : spqr_f16_round (value0[r] + stored);
          assert_same_bits (outlier[r], stored);
        }
      assert_same_bits (code[r], c);
      assert_same_bits (w[r], value);
      assert_same_bits (error[r], (before[r] - value) / 0.7f);
    }
}

static void
test_column_kernel (void)
{
  GRand *rand = g_rand_new_with_seed (41);

  for (int cpu = SPQR_CPU_PLAIN; cpu <= SPQR_CPU_AVX512; cpu++)
    {
      spqr_cpu_limit ((SpqrCpu) cpu);
      for (int i = 0; i < 100; i++)
        check_column (rand, i % 2, i % 3 == 0 ? INFINITY : 0.01f, i % 5 < 2);
    }
  spqr_cpu_limit (SPQR_CPU_AVX512);
  g_rand_free (rand);
}

/* Updates held back for many columns give what they give one by one. */
static void
test_update_kernel (void)
{
  GRand *rand = g_rand_new_with_seed (42);

  for (int cpu = SPQR_CPU_PLAIN; cpu <= SPQR_CPU_AVX512; cpu++)
    for (gsize ld = 16; ld <= 144; ld += 16)
      {
        g_autofree float *together = g_new (float, 9 * ld), *single = g_new (float, 9 * ld), *error = g_new (float, 16 * ld);
        float u[16 * 9];

        spqr_cpu_limit ((SpqrCpu) cpu);
        for (gsize i = 0; i < 9 * ld; i++)
          together[i] = single[i] = (float) g_rand_double_range (rand, -1, 1);
        for (gsize i = 0; i < 16 * ld; i++)
          error[i] = (float) g_rand_double_range (rand, -1, 1);
        for (gsize i = 0; i < 16 * 9; i++)
          u[i] = (float) g_rand_double_range (rand, -1, 1);
        spqr_kernels ()->update (together, ld, 9, error, 16, u, 9);
        for (gsize t = 0; t < 16; t++)
          for (gsize c = 0; c < 9; c++)
            for (gsize r = 0; r < ld; r++)
              {
                float product = error[t * ld + r] * u[t * 9 + c];

                single[c * ld + r] = single[c * ld + r] - product;
              }
        g_assert_cmpmem (together, 9 * ld * sizeof (float), single, 9 * ld * sizeof (float));
      }
  spqr_cpu_limit (SPQR_CPU_AVX512);
  g_rand_free (rand);
}

static void
test_formula_bits (void)
{
  SpqrParams params = spqr_params_default;

  /* The paper's example: 3, 3, 3 bits, 16, 32, 0.4 % -> 3.63. */
  params.qq_groupsize = 32;
  g_assert_cmpfloat_with_epsilon (spqr_params_formula_bits (&params, 4096, 4096, 0.004), 3.628, 1e-9);
  params = spqr_params_default;
  params.wbits = 4;
  g_assert_cmpfloat_with_epsilon (spqr_params_formula_bits (&params, 4096, 4096, 0), 4.625, 1e-9);
  params.wbits = 3;
  params.groupsize = 8;
  params.qq_groupsize = 64;
  g_assert_cmpfloat_with_epsilon (spqr_params_formula_bits (&params, 4096, 4096, 0), 3.875, 1e-9);
  params.round_zero = true;
  g_assert_cmpfloat_with_epsilon (spqr_params_formula_bits (&params, 4096, 4096, 0), 3 + 6.0 / 8 + 32.0 / 512, 1e-9);
  params = spqr_params_default;
  params.method = SPQR_METHOD_GPTQ;
  params.wbits = 4;
  params.groupsize = 128;
  g_assert_cmpfloat_with_epsilon (spqr_params_formula_bits (&params, 4096, 4096, 0.1), 4.25, 1e-9);
  params.groupsize = 0;
  g_assert_cmpfloat_with_epsilon (spqr_params_formula_bits (&params, 64, 256, 0), 4.125, 1e-9);
}

/* The assumed share is what runs had (data/sample: 10.9, 1.7, 0.03 % at 2, 3, 4 bits), falls with bits and
 * with tau, and is none where no outliers are kept. */
static void
test_usual_outliers (void)
{
  static const double taus[] = { 1e-9, 0.05, 0.1, 0.2, 0.4, 1, 50 };
  SpqrParams params = spqr_params_default;

  g_assert_cmpfloat_with_epsilon (spqr_params_usual_outliers (&params), 0.016, 0.002);
  params.wbits = 2;
  g_assert_cmpfloat_with_epsilon (spqr_params_usual_outliers (&params), 0.108, 0.02);
  params.wbits = 4;
  g_assert_cmpfloat_with_epsilon (spqr_params_usual_outliers (&params), 0.0003, 0.0002);
  for (params.wbits = 1; params.wbits <= 8; params.wbits++)
    for (guint i = 0; i + 1 < G_N_ELEMENTS (taus); i++)
      {
        double share, more_bits;

        params.outlier_threshold = taus[i];
        share = spqr_params_usual_outliers (&params);
        g_assert_cmpfloat (share, >, 0);
        g_assert_cmpfloat (share, <, 0.25);
        params.wbits++;
        more_bits = spqr_params_usual_outliers (&params);
        params.wbits--;
        g_assert_cmpfloat (more_bits, <=, share);
        params.outlier_threshold = taus[i + 1];
        g_assert_cmpfloat (spqr_params_usual_outliers (&params), <=, share);
      }
  params = spqr_params_default;
  params.outlier_threshold = 0;
  g_assert_cmpfloat (spqr_params_usual_outliers (&params), >, 0.1);
  params.outlier_threshold = INFINITY;
  g_assert_cmpfloat (spqr_params_usual_outliers (&params), ==, 0);
  params = spqr_params_default;
  params.method = SPQR_METHOD_GPTQ;
  g_assert_cmpfloat (spqr_params_usual_outliers (&params), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quantizer/f16-round", test_f16_round);
  g_test_add_func ("/quantizer/round-code", test_round_code);
  g_test_add_func ("/quantizer/column-kernel", test_column_kernel);
  g_test_add_func ("/quantizer/update-kernel", test_update_kernel);
  g_test_add_func ("/params/formula-bits", test_formula_bits);
  g_test_add_func ("/params/usual-outliers", test_usual_outliers);
  return g_test_run ();
}
