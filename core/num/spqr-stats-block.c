/* spqr-stats-block.c: moments, range and 3-bit rounding error of up to 1024 weights.
 *
 *   d = w - c                          sums of d, d^2, d^3, d^4
 *   per group of 16:  lo, hi = range,  t = 7 (w - lo) / (hi - lo),
 *                     error = (t - rint(t)) (hi - lo) / 7;  constant groups: 0
 *
 * Lanes make the order of every sum explicit: both vector versions give the same bits. The plain
 * version rounds twice where they multiply and add in one. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize ("O3")     /* loops over lanes are to become vectors */
#endif

#include "num/spqr-stats-block-private.h"

#include <math.h>
#include <string.h>

#include "num/spqr-simd-private.h"

#define LANES SPQR_STATS_LANES
#define RANGES 16               /* groups whose ranges are found together */
#define CONSTANT_RANGE SPQR_STATS_CONSTANT_RANGE
#define ROUNDER 12582912.0f     /* 1.5 x 2^23: adding and subtracting it rounds to an integer */

typedef SpqrStatsBlockSums BlockSums;

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
  uint32_t zeros = 0;

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
      float d = w[l] - c, d2 = d * d, t = (w[l] - lo) * inverse;
      float error = (t - ((t + ROUNDER) - ROUNDER)) * scale;

      sums->a1[l] += d;
      sums->a2[l] += d2;
      sums->a3[l] += d2 * d;
      sums->a4[l] += d2 * d2;
      sums->error[l] += error * error;
    }
  for (size_t l = 0; l < k; l++)
    zeros += magnitude_of (w[l]) == 0;
  lanes->min[0] = lo < lanes->min[0] ? lo : lanes->min[0];
  lanes->max[0] = high[0] > lanes->max[0] ? high[0] : lanes->max[0];
  lanes->zeros += zeros;
}

void
spqr_stats_lanes_flush (SpqrStatsLanes *lanes, const SpqrStatsBlockSums *sums)
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
  spqr_stats_lanes_flush (lanes, &sums);
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
group_ranges_avx2 (SpqrStatsLanes *lanes, const float *w, size_t groups, float *lo, float *inverse, float *scale)
{
  const __m256 seven = _mm256_set1_ps (7.0f);
  __m256 least = _mm256_loadu_ps (lanes->min), most = _mm256_loadu_ps (lanes->max);
  float range[16] = { 0 };

  for (size_t g = 0; g < groups; g++)
    {
      __m256 a = _mm256_loadu_ps (w + 16 * g), b = _mm256_loadu_ps (w + 16 * g + 8);
      __m256 low = _mm256_min_ps (a, b), high = _mm256_max_ps (a, b);

      least = _mm256_min_ps (low, least);
      most = _mm256_max_ps (high, most);
      lo[g] = least_avx2 (low);
      range[g] = most_avx2 (high) - lo[g];
    }
  _mm256_storeu_ps (lanes->min, least);
  _mm256_storeu_ps (lanes->max, most);
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
  const __m256 shift = _mm256_set1_ps (c);
  __m256 a1 = _mm256_loadu_ps (sums->a1 + from), a2 = _mm256_loadu_ps (sums->a2 + from);
  __m256 a3 = _mm256_loadu_ps (sums->a3 + from), a4 = _mm256_loadu_ps (sums->a4 + from);
  __m256 errors = _mm256_loadu_ps (sums->error + from), nought = _mm256_setzero_ps ();
  __m256i zeros = _mm256_setzero_si256 ();
  uint32_t counts[8];

  for (size_t g = 0; g < groups; g++)
    {
      __m256 v = _mm256_loadu_ps (w + 16 * g + from);
      __m256 d = _mm256_sub_ps (v, shift), d2 = _mm256_mul_ps (d, d);
      __m256 t = _mm256_mul_ps (_mm256_sub_ps (v, _mm256_set1_ps (lo[g])), _mm256_set1_ps (inverse[g]));
      __m256 error = _mm256_mul_ps (_mm256_sub_ps (t, _mm256_round_ps (t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)),
                                    _mm256_set1_ps (scale[g]));

      zeros = _mm256_sub_epi32 (zeros, _mm256_castps_si256 (_mm256_cmp_ps (v, nought, _CMP_EQ_OQ)));
      a1 = _mm256_add_ps (a1, d);
      a2 = _mm256_add_ps (a2, d2);
      a3 = _mm256_fmadd_ps (d2, d, a3);
      a4 = _mm256_fmadd_ps (d2, d2, a4);
      errors = _mm256_fmadd_ps (error, error, errors);
    }
  _mm256_storeu_si256 ((void *) counts, zeros);
  for (int l = 0; l < 8; l++)
    lanes->zeros += counts[l];
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
  float lo[RANGES], inverse[RANGES], scale[RANGES];

  for (size_t g = 0; g < groups; g += RANGES)
    {
      size_t n_ranges = groups - g < RANGES ? groups - g : RANGES;

      group_ranges_avx2 (lanes, w + g * LANES, n_ranges, lo, inverse, scale);
      add_half_avx2 (lanes, &sums, w + g * LANES, n_ranges, 0, c, lo, inverse, scale);
      add_half_avx2 (lanes, &sums, w + g * LANES, n_ranges, 8, c, lo, inverse, scale);
    }
  if (n % LANES != 0)
    add_group (lanes, &sums, w + groups * LANES, n % LANES, c);
  spqr_stats_lanes_flush (lanes, &sums);
}

SPQR_TARGET_AVX2 static size_t
count_above_avx2 (const float *w, size_t n, float limit)
{
  return count_above (w, n, limit);
}

/* Neighbours in quarters of 128 bits, then neighbouring quarters, of a and then of b. */
#define EVEN_AND_ODD(op, shuffle, a, b) op (shuffle (a, b, 0x88), shuffle (a, b, 0xdd))

/* Four vectors -> in each quarter, the smallest (largest) of that quarter of each. */
SPQR_TARGET_AVX512 static inline __m512
quarters_low (__m512 a, __m512 b, __m512 c, __m512 d)
{
  __m512 ab = EVEN_AND_ODD (_mm512_min_ps, _mm512_shuffle_ps, a, b), cd = EVEN_AND_ODD (_mm512_min_ps, _mm512_shuffle_ps, c, d);

  return EVEN_AND_ODD (_mm512_min_ps, _mm512_shuffle_ps, ab, cd);
}

SPQR_TARGET_AVX512 static inline __m512
quarters_high (__m512 a, __m512 b, __m512 c, __m512 d)
{
  __m512 ab = EVEN_AND_ODD (_mm512_max_ps, _mm512_shuffle_ps, a, b), cd = EVEN_AND_ODD (_mm512_max_ps, _mm512_shuffle_ps, c, d);

  return EVEN_AND_ODD (_mm512_max_ps, _mm512_shuffle_ps, ab, cd);
}

/* Lane g of the results is group g. Groups that are not there are stood in for by the last one. */
SPQR_TARGET_AVX512 static inline void
group_ranges_avx512 (SpqrStatsLanes *lanes, const float *w, size_t groups, float *lo, float *inverse, float *scale)
{
  const __m512 seven = _mm512_set1_ps (7.0f);
  __m512 low[4], high[4], all_low, all_high, range;
  __mmask16 varies;

  for (size_t q = 0; q < 4; q++)
    {
      __m512 v[4];

      for (size_t i = 0; i < 4; i++)
        v[i] = _mm512_loadu_ps (w + 16 * (4 * q + i < groups ? 4 * q + i : groups - 1));
      low[q] = quarters_low (v[0], v[1], v[2], v[3]);
      high[q] = quarters_high (v[0], v[1], v[2], v[3]);
    }
  for (size_t q = 0; q < 4; q += 2)
    {
      low[q] = EVEN_AND_ODD (_mm512_min_ps, _mm512_shuffle_f32x4, low[q], low[q + 1]);
      high[q] = EVEN_AND_ODD (_mm512_max_ps, _mm512_shuffle_f32x4, high[q], high[q + 1]);
    }
  all_low = EVEN_AND_ODD (_mm512_min_ps, _mm512_shuffle_f32x4, low[0], low[2]);
  all_high = EVEN_AND_ODD (_mm512_max_ps, _mm512_shuffle_f32x4, high[0], high[2]);
  _mm512_storeu_ps (lanes->min, _mm512_min_ps (all_low, _mm512_loadu_ps (lanes->min)));
  _mm512_storeu_ps (lanes->max, _mm512_max_ps (all_high, _mm512_loadu_ps (lanes->max)));
  range = _mm512_sub_ps (all_high, all_low);
  varies = _mm512_cmp_ps_mask (range, _mm512_set1_ps (CONSTANT_RANGE), _CMP_GT_OQ);
  _mm512_storeu_ps (lo, all_low);
  _mm512_storeu_ps (inverse, _mm512_maskz_div_ps (varies, seven, range));
  _mm512_storeu_ps (scale, _mm512_maskz_div_ps (varies, range, seven));
}

SPQR_TARGET_AVX512 static void
add_groups_avx512 (SpqrStatsLanes *lanes, BlockSums *sums, const float *w, size_t groups, float c)
{
  float lo[RANGES], inverse[RANGES], scale[RANGES];
  const __m512 shift = _mm512_set1_ps (c);
  __m512 a1 = _mm512_setzero_ps (), a2 = a1, a3 = a1, a4 = a1, errors = a1, nought = a1;
  unsigned zeros = 0;

  for (size_t first = 0; first < groups; first += RANGES)
    {
      size_t n_ranges = groups - first < RANGES ? groups - first : RANGES;
      const float *at = w + 16 * first;

      group_ranges_avx512 (lanes, at, n_ranges, lo, inverse, scale);
      for (size_t g = 0; g < n_ranges; g++)
        {
          __m512 v = _mm512_loadu_ps (at + 16 * g);
          __m512 d = _mm512_sub_ps (v, shift), d2 = _mm512_mul_ps (d, d);
          __m512 t = _mm512_mul_ps (_mm512_sub_ps (v, _mm512_set1_ps (lo[g])), _mm512_set1_ps (inverse[g]));
          /* t - rint(t) */
          __m512 error = _mm512_mul_ps (_mm512_reduce_ps (t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
                                        _mm512_set1_ps (scale[g]));

          zeros += (unsigned) __builtin_popcount (_mm512_cmp_ps_mask (v, nought, _CMP_EQ_OQ));
          a1 = _mm512_add_ps (a1, d);
          a2 = _mm512_add_ps (a2, d2);
          a3 = _mm512_fmadd_ps (d2, d, a3);
          a4 = _mm512_fmadd_ps (d2, d2, a4);
          errors = _mm512_fmadd_ps (error, error, errors);
        }
    }
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
  spqr_stats_lanes_flush (lanes, &sums);
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
