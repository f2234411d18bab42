/* spqr-stats-block.c: moments, range and 3-bit rounding error of up to 256 weights.
 *
 *   d = w - c                          sums of d, d^2, d^3, d^4
 *   per group of 16:  lo, hi = range,  t = w - lo,  code = rint(7 t / (hi - lo)),
 *                     error = t - code (hi - lo) / 7;  constant groups: t
 *
 * The plain version is the definition; lanes make the order of every sum explicit, so that the
 * vector version gives the same bits. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize ("O3")     /* loops over lanes are to become vectors */
#endif

#include "num/spqr-stats-block-private.h"

#include <math.h>
#include <string.h>

#include "num/spqr-simd-private.h"

#define LANES SPQR_STATS_LANES
#define CONSTANT_RANGE 1e-30f   /* 7 / range must not overflow */
#define ROUNDER 12582912.0f     /* 1.5 x 2^23: adding and subtracting it rounds to an integer */

typedef struct { float a1[LANES], a2[LANES], a3[LANES], a4[LANES], error[LANES]; } BlockSums;

void
spqr_stats_lanes_init (SpqrStatsLanes *lanes)
{
  memset (lanes, 0, sizeof *lanes);
  for (int l = 0; l < LANES; l++)
    {
      lanes->min[l] = INFINITY;
      lanes->max[l] = -INFINITY;
    }
}

static inline uint32_t
magnitude_of (float value)
{
  uint32_t bits;

  memcpy (&bits, &value, sizeof bits);
  return bits & 0x7fffffffu;
}

static inline __attribute__ ((always_inline)) void
fold_range (float *restrict low, float *restrict high, const size_t half)
{
  for (size_t l = 0; l < half; l++)
    {
      low[l] = low[l + half] < low[l] ? low[l + half] : low[l];
      high[l] = high[l + half] > high[l] ? high[l + half] : high[l];
    }
}

/* One group of k: 16 but at a row's end. Always inlined, so that k is a constant and the loops over
 * lanes become vectors in each variant below. */
static inline __attribute__ ((always_inline)) void
add_group (SpqrStatsLanes *restrict lanes, BlockSums *restrict sums, const float *restrict w, const size_t k, float c)
{
  float low[LANES], high[LANES], lo, range, inverse, scale;
  uint32_t top = lanes->top, zeros = 0;

  for (size_t l = 0; l < LANES; l++)
    low[l] = high[l] = w[l < k ? l : 0];
  fold_range (low, high, 8);
  fold_range (low, high, 4);
  fold_range (low, high, 2);
  fold_range (low, high, 1);
  lo = low[0];
  range = high[0] - lo;
  inverse = range > CONSTANT_RANGE ? 7.0f / range : 0.0f;
  scale = range > CONSTANT_RANGE ? range / 7.0f : 0.0f;
  for (size_t l = 0; l < k; l++)
    {
      float d = w[l] - c, d2 = d * d, t = w[l] - lo;
      float code = (t * inverse + ROUNDER) - ROUNDER;
      float error = t - code * scale;

      sums->a1[l] += d;
      sums->a2[l] += d2;
      sums->a3[l] += d2 * d;
      sums->a4[l] += d2 * d2;
      sums->error[l] += error * error;
    }
  for (size_t l = 0; l < k; l++)
    {
      lanes->min[l] = w[l] < lanes->min[l] ? w[l] : lanes->min[l];
      lanes->max[l] = w[l] > lanes->max[l] ? w[l] : lanes->max[l];
    }
  for (size_t l = 0; l < k; l++)
    {
      uint32_t magnitude = magnitude_of (w[l]);

      top = magnitude > top ? magnitude : top;
      zeros += magnitude == 0;
    }
  lanes->top = top;
  lanes->zeros += zeros;
}

static void
lanes_flush (SpqrStatsLanes *lanes, const BlockSums *sums)
{
  for (int l = 0; l < LANES; l++)
    {
      lanes->s1[l] += (double) sums->a1[l];
      lanes->s2[l] += (double) sums->a2[l];
      lanes->s3[l] += (double) sums->a3[l];
      lanes->s4[l] += (double) sums->a4[l];
      lanes->error[l] += (double) sums->error[l];
    }
}

static inline __attribute__ ((always_inline)) void
add_block (SpqrStatsLanes *lanes, const float *w, size_t n, float c)
{
  BlockSums sums = { 0 };
  size_t i = 0;

  for (; i + LANES <= n; i += LANES)
    add_group (lanes, &sums, w + i, LANES, c);
  if (i < n)
    add_group (lanes, &sums, w + i, n - i, c);
  lanes_flush (lanes, &sums);
}

static inline __attribute__ ((always_inline)) size_t
count_above (const float *w, size_t n, float limit)
{
  size_t count = 0;

  for (size_t i = 0; i < n; i++)
    count += fabsf (w[i]) > limit;
  return count;
}

static void
lanes_add_plain (SpqrStatsLanes *lanes, const float *w, size_t n, float c)
{
  add_block (lanes, w, n, c);
}

static size_t
count_above_plain (const float *w, size_t n, float limit)
{
  return count_above (w, n, limit);
}

#if SPQR_CPU_X86

SPQR_TARGET_AVX2 static inline float
least_avx2 (__m256 v)
{
  __m128 a = _mm_min_ps (_mm256_castps256_ps128 (v), _mm256_extractf128_ps (v, 1));

  a = _mm_min_ps (a, _mm_movehl_ps (a, a));
  return _mm_cvtss_f32 (_mm_min_ss (a, _mm_movehdup_ps (a)));
}

SPQR_TARGET_AVX2 static inline float
most_avx2 (__m256 v)
{
  __m128 a = _mm_max_ps (_mm256_castps256_ps128 (v), _mm256_extractf128_ps (v, 1));

  a = _mm_max_ps (a, _mm_movehl_ps (a, a));
  return _mm_cvtss_f32 (_mm_max_ss (a, _mm_movehdup_ps (a)));
}

SPQR_TARGET_AVX2 static inline void
group_ranges_avx2 (const float *w, size_t groups, float *lo, float *inverse, float *scale)
{
  const __m256 seven = _mm256_set1_ps (7.0f);
  float range[16] = { 0 };

  for (size_t g = 0; g < groups; g++)
    {
      __m256 a = _mm256_loadu_ps (w + 16 * g), b = _mm256_loadu_ps (w + 16 * g + 8);

      lo[g] = least_avx2 (_mm256_min_ps (a, b));
      range[g] = most_avx2 (_mm256_max_ps (a, b)) - lo[g];
    }
  for (size_t g = 0; g < 16; g += 8)
    {
      __m256 r = _mm256_loadu_ps (range + g);
      __m256 varies = _mm256_cmp_ps (r, _mm256_set1_ps (CONSTANT_RANGE), _CMP_GT_OQ);

      _mm256_storeu_ps (inverse + g, _mm256_and_ps (varies, _mm256_div_ps (seven, r)));
      _mm256_storeu_ps (scale + g, _mm256_and_ps (varies, _mm256_div_ps (r, seven)));
    }
}

/* Eight of the sixteen lanes, from lane `from` on, of all groups. */
SPQR_TARGET_AVX2 static inline void
add_half_avx2 (SpqrStatsLanes *lanes, BlockSums *sums, const float *w, size_t groups, size_t from, float c,
               const float *lo, const float *inverse, const float *scale)
{
  const __m256 shift = _mm256_set1_ps (c), rounder = _mm256_set1_ps (ROUNDER);
  const __m256i magnitude_mask = _mm256_set1_epi32 (0x7fffffff);
  __m256 a1 = _mm256_setzero_ps (), a2 = a1, a3 = a1, a4 = a1, errors = a1;
  __m256 low = _mm256_loadu_ps (lanes->min + from), high = _mm256_loadu_ps (lanes->max + from);
  __m256i top = _mm256_setzero_si256 (), zeros = top;
  uint32_t tops[8], counts[8];

  for (size_t g = 0; g < groups; g++)
    {
      __m256 v = _mm256_loadu_ps (w + 16 * g + from);
      __m256 d = _mm256_sub_ps (v, shift), d2 = _mm256_mul_ps (d, d);
      __m256 t = _mm256_sub_ps (v, _mm256_set1_ps (lo[g]));
      __m256 code = _mm256_sub_ps (_mm256_add_ps (_mm256_mul_ps (t, _mm256_set1_ps (inverse[g])), rounder), rounder);
      __m256 error = _mm256_sub_ps (t, _mm256_mul_ps (code, _mm256_set1_ps (scale[g])));
      __m256i magnitude = _mm256_and_si256 (_mm256_castps_si256 (v), magnitude_mask);

      low = _mm256_min_ps (v, low);
      high = _mm256_max_ps (v, high);
      top = _mm256_max_epu32 (top, magnitude);
      zeros = _mm256_sub_epi32 (zeros, _mm256_cmpeq_epi32 (magnitude, _mm256_setzero_si256 ()));
      a1 = _mm256_add_ps (a1, d);
      a2 = _mm256_add_ps (a2, d2);
      a3 = _mm256_add_ps (a3, _mm256_mul_ps (d2, d));
      a4 = _mm256_add_ps (a4, _mm256_mul_ps (d2, d2));
      errors = _mm256_add_ps (errors, _mm256_mul_ps (error, error));
    }
  _mm256_storeu_ps (lanes->min + from, low);
  _mm256_storeu_ps (lanes->max + from, high);
  _mm256_storeu_si256 ((void *) tops, top);
  _mm256_storeu_si256 ((void *) counts, zeros);
  for (int l = 0; l < 8; l++)
    {
      lanes->top = tops[l] > lanes->top ? tops[l] : lanes->top;
      lanes->zeros += counts[l];
    }
  _mm256_storeu_ps (sums->a1 + from, a1);
  _mm256_storeu_ps (sums->a2 + from, a2);
  _mm256_storeu_ps (sums->a3 + from, a3);
  _mm256_storeu_ps (sums->a4 + from, a4);
  _mm256_storeu_ps (sums->error + from, errors);
}

SPQR_TARGET_AVX2 static void
lanes_add_avx2 (SpqrStatsLanes *lanes, const float *w, size_t n, float c)
{
  BlockSums sums = { 0 };
  size_t groups = n / LANES;
  float lo[16], inverse[16], scale[16];

  if (groups > 0)
    {
      group_ranges_avx2 (w, groups, lo, inverse, scale);
      add_half_avx2 (lanes, &sums, w, groups, 0, c, lo, inverse, scale);
      add_half_avx2 (lanes, &sums, w, groups, 8, c, lo, inverse, scale);
    }
  if (n % LANES != 0)
    add_group (lanes, &sums, w + groups * LANES, n % LANES, c);
  lanes_flush (lanes, &sums);
}

SPQR_TARGET_AVX2 static size_t
count_above_avx2 (const float *w, size_t n, float limit)
{
  return count_above (w, n, limit);
}

/* Lane l of the result: the minimum (maximum) of v[l], by merging pairs of vectors four times. */
SPQR_TARGET_AVX512 static inline __m512
merge_low (__m512 a, __m512 b, __m512i even, __m512i odd)
{
  return _mm512_min_ps (_mm512_permutex2var_ps (a, even, b), _mm512_permutex2var_ps (a, odd, b));
}

SPQR_TARGET_AVX512 static inline __m512
merge_high (__m512 a, __m512 b, __m512i even, __m512i odd)
{
  return _mm512_max_ps (_mm512_permutex2var_ps (a, even, b), _mm512_permutex2var_ps (a, odd, b));
}

SPQR_TARGET_AVX512 static inline void
group_ranges_avx512 (const float *w, size_t groups, float *lo, float *inverse, float *scale)
{
  const __m512i even = _mm512_setr_epi32 (0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const __m512i odd = _mm512_add_epi32 (even, _mm512_set1_epi32 (1));
  const __m512 seven = _mm512_set1_ps (7.0f);
  __m512 low[16], high[16], range;
  __mmask16 varies;

  /* Merging neighbours keeps groups in order: after four rounds lane g is group g. Groups that are
   * not there are stood in for by the last one. */
  for (size_t g = 0; g < 8; g++)
    {
      __m512 a = _mm512_loadu_ps (w + 16 * (2 * g < groups ? 2 * g : groups - 1));
      __m512 b = _mm512_loadu_ps (w + 16 * (2 * g + 1 < groups ? 2 * g + 1 : groups - 1));

      low[g] = merge_low (a, b, even, odd);
      high[g] = merge_high (a, b, even, odd);
    }
  for (int width = 4; width >= 1; width /= 2)
    for (int g = 0; g < width; g++)
      {
        low[g] = merge_low (low[2 * g], low[2 * g + 1], even, odd);
        high[g] = merge_high (high[2 * g], high[2 * g + 1], even, odd);
      }
  range = _mm512_sub_ps (high[0], low[0]);
  varies = _mm512_cmp_ps_mask (range, _mm512_set1_ps (CONSTANT_RANGE), _CMP_GT_OQ);
  _mm512_storeu_ps (lo, low[0]);
  _mm512_storeu_ps (inverse, _mm512_maskz_div_ps (varies, seven, range));
  _mm512_storeu_ps (scale, _mm512_maskz_div_ps (varies, range, seven));
}

SPQR_TARGET_AVX512 static void
add_groups_avx512 (SpqrStatsLanes *lanes, BlockSums *sums, const float *w, size_t groups, float c)
{
  float lo[16], inverse[16], scale[16];
  const __m512 shift = _mm512_set1_ps (c), rounder = _mm512_set1_ps (ROUNDER);
  const __m512i magnitude_mask = _mm512_set1_epi32 (0x7fffffff);
  __m512 a1 = _mm512_setzero_ps (), a2 = a1, a3 = a1, a4 = a1, errors = a1;
  __m512 low = _mm512_loadu_ps (lanes->min), high = _mm512_loadu_ps (lanes->max);
  __m512i top = _mm512_set1_epi32 ((int) lanes->top);
  unsigned zeros = 0;

  group_ranges_avx512 (w, groups, lo, inverse, scale);
  for (size_t g = 0; g < groups; g++)
    {
      __m512 v = _mm512_loadu_ps (w + 16 * g);
      __m512 d = _mm512_sub_ps (v, shift), d2 = _mm512_mul_ps (d, d);
      __m512 t = _mm512_sub_ps (v, _mm512_set1_ps (lo[g]));
      __m512 code = _mm512_sub_ps (_mm512_add_ps (_mm512_mul_ps (t, _mm512_set1_ps (inverse[g])), rounder), rounder);
      __m512 error = _mm512_sub_ps (t, _mm512_mul_ps (code, _mm512_set1_ps (scale[g])));
      __m512i magnitude = _mm512_and_epi32 (_mm512_castps_si512 (v), magnitude_mask);

      low = _mm512_min_ps (v, low);
      high = _mm512_max_ps (v, high);
      top = _mm512_max_epu32 (top, magnitude);
      zeros += (unsigned) __builtin_popcount (_mm512_testn_epi32_mask (magnitude, magnitude));
      a1 = _mm512_add_ps (a1, d);
      a2 = _mm512_add_ps (a2, d2);
      a3 = _mm512_add_ps (a3, _mm512_mul_ps (d2, d));
      a4 = _mm512_add_ps (a4, _mm512_mul_ps (d2, d2));
      errors = _mm512_add_ps (errors, _mm512_mul_ps (error, error));
    }
  _mm512_storeu_ps (lanes->min, low);
  _mm512_storeu_ps (lanes->max, high);
  lanes->top = _mm512_reduce_max_epu32 (top);
  lanes->zeros += zeros;
  _mm512_storeu_ps (sums->a1, a1);
  _mm512_storeu_ps (sums->a2, a2);
  _mm512_storeu_ps (sums->a3, a3);
  _mm512_storeu_ps (sums->a4, a4);
  _mm512_storeu_ps (sums->error, errors);
}

SPQR_TARGET_AVX512 static void
lanes_add_avx512 (SpqrStatsLanes *lanes, const float *w, size_t n, float c)
{
  BlockSums sums = { 0 };
  size_t groups = n / LANES;

  if (groups > 0)
    add_groups_avx512 (lanes, &sums, w, groups, c);
  if (n % LANES != 0)
    add_group (lanes, &sums, w + groups * LANES, n % LANES, c);
  lanes_flush (lanes, &sums);
}

SPQR_TARGET_AVX512 static size_t
count_above_avx512 (const float *w, size_t n, float limit)
{
  const __m512 bound = _mm512_set1_ps (limit);
  size_t count = 0;
  size_t i = 0;

  for (; i + 16 <= n; i += 16)
    {
      __m512 v = _mm512_abs_ps (_mm512_loadu_ps (w + i));

      count += (size_t) __builtin_popcount (_mm512_cmp_ps_mask (v, bound, _CMP_GT_OQ));
    }
  return count + count_above (w + i, n - i, limit);
}

#endif

void
spqr_stats_lanes_add (SpqrStatsLanes *lanes, const float *w, size_t n, float c)
{
#if SPQR_CPU_X86
  SpqrCpu cpu = spqr_cpu ();

  if (cpu >= SPQR_CPU_AVX512)
    lanes_add_avx512 (lanes, w, n, c);
  else if (cpu >= SPQR_CPU_AVX2)
    lanes_add_avx2 (lanes, w, n, c);
  else
#endif
    lanes_add_plain (lanes, w, n, c);
}

float
spqr_stats_block_mean (const float *w, size_t n)
{
  float lanes[LANES] = { 0 }, sum = 0.0f;
  size_t i = 0;

  for (; i + LANES <= n; i += LANES)
    for (size_t l = 0; l < LANES; l++)
      lanes[l] += w[i + l];
  for (; i < n; i++)
    lanes[i % LANES] += w[i];
  for (size_t l = 0; l < LANES; l++)
    sum += lanes[l];
  return sum / (float) n;
}

size_t
spqr_stats_count_above (const float *w, size_t n, float limit)
{
#if SPQR_CPU_X86
  SpqrCpu cpu = spqr_cpu ();

  if (cpu >= SPQR_CPU_AVX512)
    return count_above_avx512 (w, n, limit);
  if (cpu >= SPQR_CPU_AVX2)
    return count_above_avx2 (w, n, limit);
#endif
  return count_above_plain (w, n, limit);
}
