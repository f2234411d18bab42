/* spqr-stats-half.c: the sums of spqr-stats-block.c straight from f16 or bf16 weights in the file.
 *
 * 16-bit floats are a sign and a magnitude: of numbers of both signs the largest is the largest of
 * their bits as signed integers, and the smallest (the negative one of most magnitude) the largest as
 * unsigned integers. So a group's range needs half as many instructions as in f32, and no widened
 * copy exists. A batch in which some group has but one sign goes through f32.
 *
 * Every operation on floats is that of the f32 version, in the same order: the bits are the same. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize ("O3")     /* the arrays of vectors are to become registers */
#endif

#include "num/spqr-simd-private.h"
#include "num/spqr-stats-block-private.h"

#define LANES SPQR_STATS_LANES
#define BATCH 16                /* groups whose ranges are found together */
#define AHEAD 2048              /* bytes from the weights that are summed to those that are fetched */

static inline __attribute__ ((always_inline)) size_t
count_bits_above (const uint16_t *w, size_t n, uint16_t limit)
{
  size_t count = 0;

  for (size_t i = 0; i < n; i++)
    count += (w[i] & 0x7fff) > limit;
  return count;
}

#if SPQR_CPU_X86

/* Of 16 groups, lane g being group g. */
typedef struct { float lo[BATCH], inverse[BATCH], scale[BATCH]; } Ranges;

/* The sums so far of a block, all in registers. */
typedef struct { __m512 a1, a2, a3, a4, errors, least, most; size_t zeros; } Sums;

/* 16 weights. elem is a constant wherever this is inlined. */
SPQR_TARGET_AVX512 static inline __attribute__ ((always_inline)) __m512
widened (SpqrElem elem, const uint16_t *w)
{
  __m256i bits = _mm256_loadu_si256 ((const void *) w);

  if (elem == SPQR_ELEM_F16)
    return _mm512_cvtph_ps (bits);
  return _mm512_castsi512_ps (_mm512_slli_epi32 (_mm512_cvtepu16_epi32 (bits), 16));
}

/* Lanes that hold a 16-bit float in each half -> f32. */
SPQR_TARGET_AVX512 static inline __attribute__ ((always_inline)) __m512
widened_lanes (SpqrElem elem, __m512i twice)
{
  if (elem == SPQR_ELEM_F16)
    return _mm512_cvtph_ps (_mm512_cvtepi32_epi16 (twice));
  return _mm512_castsi512_ps (_mm512_and_si512 (twice, _mm512_set1_epi32 ((int) 0xffff0000u)));
}

SPQR_TARGET_AVX512 static inline __m512i
fold_dwords (__m512i a, __m512i b, int odd)
{
  __m512 x = _mm512_castsi512_ps (a), y = _mm512_castsi512_ps (b);

  return _mm512_castps_si512 (odd ? _mm512_shuffle_ps (x, y, 0xdd) : _mm512_shuffle_ps (x, y, 0x88));
}

/* One level of two trees: `s` of signed, `u` of unsigned maxima. */
#define FOLD(k, s0, s1, u0, u1, even, odd)                                              \
  do                                                                                    \
    {                                                                                   \
      s[k] = _mm512_max_epi16 (even (s0, s1), odd (s0, s1));                            \
      u[k] = _mm512_max_epu16 (even (u0, u1), odd (u0, u1));                            \
    }                                                                                   \
  while (0)
#define EVEN_QUARTERS(a, b) _mm512_shuffle_i64x2 (a, b, 0x88)
#define ODD_QUARTERS(a, b) _mm512_shuffle_i64x2 (a, b, 0xdd)
#define EVEN_DWORDS(a, b) fold_dwords (a, b, 0)
#define ODD_DWORDS(a, b) fold_dwords (a, b, 1)

/* The largest of each of 16 groups as signed and as unsigned integers, in both halves of lane g; zeros
 * of either sign are counted in passing. */
SPQR_TARGET_AVX512 static inline void
extremes (const uint16_t *w, __m512i *most_signed, __m512i *most_unsigned, size_t *zeros)
{
  /* Where the trees below leave group g. */
  const __m512i place = _mm512_setr_epi32 (0, 4, 1, 5, 8, 12, 9, 13, 2, 6, 3, 7, 10, 14, 11, 15);
  const __m512i magnitude = _mm512_set1_epi16 (0x7fff);
  __m512i s[4], u[4];
  __mmask32 none[8], any = 0;

  for (int k = 0; k < 4; k++)
    {
      __m512i a = _mm512_loadu_si512 (w + 64 * k), b = _mm512_loadu_si512 (w + 64 * k + 32);
      __m512i low = _mm512_unpacklo_epi64 (a, b), high = _mm512_unpackhi_epi64 (a, b);

      s[k] = _mm512_max_epi16 (low, high);
      u[k] = _mm512_max_epu16 (low, high);
      none[2 * k] = _mm512_testn_epi16_mask (a, magnitude);
      none[2 * k + 1] = _mm512_testn_epi16_mask (b, magnitude);
    }
  for (int k = 0; k < 8; k++)
    any |= none[k];
  if (any != 0)                 /* zeros are rare */
    for (int k = 0; k < 8; k++)
      *zeros += (size_t) __builtin_popcount (none[k]);
  FOLD (0, s[0], s[1], u[0], u[1], EVEN_QUARTERS, ODD_QUARTERS);
  FOLD (1, s[2], s[3], u[2], u[3], EVEN_QUARTERS, ODD_QUARTERS);
  FOLD (0, s[0], s[1], u[0], u[1], EVEN_DWORDS, ODD_DWORDS);
  s[0] = _mm512_max_epi16 (s[0], _mm512_rol_epi32 (s[0], 16));
  u[0] = _mm512_max_epu16 (u[0], _mm512_rol_epi32 (u[0], 16));
  *most_signed = _mm512_permutexvar_epi32 (place, s[0]);
  *most_unsigned = _mm512_permutexvar_epi32 (place, u[0]);
}

/* By way of f32, for groups of one sign. */
SPQR_TARGET_AVX512 static inline __attribute__ ((always_inline)) void
extremes_widened (SpqrElem elem, const uint16_t *w, __m512 *low, __m512 *high)
{
  float lo[BATCH], hi[BATCH];

  for (int g = 0; g < BATCH; g++)
    {
      __m512 v = widened (elem, w + LANES * g);

      lo[g] = _mm512_reduce_min_ps (v);
      hi[g] = _mm512_reduce_max_ps (v);
    }
  *low = _mm512_loadu_ps (lo);
  *high = _mm512_loadu_ps (hi);
}

SPQR_TARGET_AVX512 static inline __attribute__ ((always_inline)) void
batch_ranges (SpqrElem elem, const uint16_t *w, Sums *sums, Ranges *ranges)
{
  const __m512 seven = _mm512_set1_ps (7.0f);
  __m512i most_signed, most_unsigned;
  __m512 low, high, range;
  __mmask16 varies;

  extremes (w, &most_signed, &most_unsigned, &sums->zeros);
  low = widened_lanes (elem, most_unsigned);
  high = widened_lanes (elem, most_signed);
  if (_mm512_movepi32_mask (most_signed) != 0 || _mm512_movepi32_mask (most_unsigned) != 0xffff)
    extremes_widened (elem, w, &low, &high);
  sums->least = _mm512_min_ps (low, sums->least);
  sums->most = _mm512_max_ps (high, sums->most);
  range = _mm512_sub_ps (high, low);
  varies = _mm512_cmp_ps_mask (range, _mm512_set1_ps (SPQR_STATS_CONSTANT_RANGE), _CMP_GT_OQ);
  _mm512_storeu_ps (ranges->lo, low);
  _mm512_storeu_ps (ranges->inverse, _mm512_maskz_div_ps (varies, seven, range));
  _mm512_storeu_ps (ranges->scale, _mm512_maskz_div_ps (varies, range, seven));
}

SPQR_TARGET_AVX512 static inline __attribute__ ((always_inline)) void
batch_sums (SpqrElem elem, const uint16_t *w, float c, const Ranges *ranges, Sums *sums)
{
  const __m512 shift = _mm512_set1_ps (c);

  for (int g = 0; g < BATCH; g++)
    {
      __m512 v = widened (elem, w + LANES * g);
      __m512 d = _mm512_sub_ps (v, shift), d2 = _mm512_mul_ps (d, d);
      __m512 t = _mm512_mul_ps (_mm512_sub_ps (v, _mm512_set1_ps (ranges->lo[g])), _mm512_set1_ps (ranges->inverse[g]));
      __m512 rest = _mm512_sub_ps (t, _mm512_roundscale_ps (t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
      __m512 error = _mm512_mul_ps (rest, _mm512_set1_ps (ranges->scale[g]));

      sums->a1 = _mm512_add_ps (sums->a1, d);
      sums->a2 = _mm512_add_ps (sums->a2, d2);
      sums->a3 = _mm512_fmadd_ps (d2, d, sums->a3);
      sums->a4 = _mm512_fmadd_ps (d2, d2, sums->a4);
      sums->errors = _mm512_fmadd_ps (error, error, sums->errors);
    }
}

/* 16 sums in f32 to those in f64. */
SPQR_TARGET_AVX512 static inline void
flush_lanes (double *lanes, __m512 sums)
{
  __m512d low = _mm512_cvtps_pd (_mm512_castps512_ps256 (sums)), high = _mm512_cvtps_pd (_mm512_extractf32x8_ps (sums, 1));

  _mm512_storeu_pd (lanes, _mm512_add_pd (_mm512_loadu_pd (lanes), low));
  _mm512_storeu_pd (lanes + 8, _mm512_add_pd (_mm512_loadu_pd (lanes + 8), high));
}

SPQR_TARGET_AVX512 static inline void
sums_flush (Sums *sums, SpqrStatsLanes *lanes)
{
  flush_lanes (lanes->s1, sums->a1);
  flush_lanes (lanes->s2, sums->a2);
  flush_lanes (lanes->s3, sums->a3);
  flush_lanes (lanes->s4, sums->a4);
  flush_lanes (lanes->error, sums->errors);
  sums->a1 = sums->a2 = sums->a3 = sums->a4 = sums->errors = _mm512_setzero_ps ();
}

/* What is wanted soon. An address past the end does no harm: it is fetched or it is not. */
static inline void
fetch_ahead (const uint16_t *w)
{
  for (uintptr_t byte = 0; byte < BATCH * LANES * sizeof *w; byte += 64)
    __builtin_prefetch ((const void *) ((uintptr_t) w + AHEAD + byte));
}

/* That of spqr_stats_block_mean. */
SPQR_TARGET_AVX512 static inline __attribute__ ((always_inline)) float
mean_of (SpqrElem elem, const uint16_t *w, size_t n)
{
  __m512 sums = _mm512_setzero_ps ();
  float lanes[LANES], sum = 0.0f;

  for (size_t i = 0; i < n; i += LANES)
    sums = _mm512_add_ps (sums, widened (elem, w + i));
  _mm512_storeu_ps (lanes, sums);
  for (int l = 0; l < LANES; l++)
    sum += lanes[l];
  return sum / (float) n;
}

/* n > 0 weights in whole blocks. */
SPQR_TARGET_AVX512 static inline __attribute__ ((always_inline)) float
add_blocks (SpqrElem elem, SpqrStatsLanes *lanes, const uint16_t *w, size_t n)
{
  Sums sums = { .least = _mm512_loadu_ps (lanes->min), .most = _mm512_loadu_ps (lanes->max) };
  float c = mean_of (elem, w, SPQR_STATS_MEAN);

  for (size_t i = 0; i < n; i += BATCH * LANES)
    {
      Ranges ranges;

      fetch_ahead (w + i);
      batch_ranges (elem, w + i, &sums, &ranges);
      batch_sums (elem, w + i, c, &ranges, &sums);
      if ((i + BATCH * LANES) % SPQR_STATS_BLOCK == 0)
        sums_flush (&sums, lanes);
    }
  _mm512_storeu_ps (lanes->min, sums.least);
  _mm512_storeu_ps (lanes->max, sums.most);
  lanes->zeros += sums.zeros;
  return c;
}

SPQR_TARGET_AVX512 static float
add_f16_avx512 (SpqrStatsLanes *lanes, const uint16_t *w, size_t n)
{
  return add_blocks (SPQR_ELEM_F16, lanes, w, n);
}

SPQR_TARGET_AVX512 static float
add_bf16_avx512 (SpqrStatsLanes *lanes, const uint16_t *w, size_t n)
{
  return add_blocks (SPQR_ELEM_BF16, lanes, w, n);
}

SPQR_TARGET_AVX512 static size_t
count_bits_above_avx512 (const uint16_t *w, size_t n, uint16_t limit)
{
  const __m512i magnitude = _mm512_set1_epi16 (0x7fff), bound = _mm512_set1_epi16 ((short) limit);
  size_t count = 0, i = 0;

  for (; i + 32 <= n; i += 32)
    {
      __m512i v = _mm512_and_si512 (_mm512_loadu_si512 (w + i), magnitude);

      count += (size_t) __builtin_popcount (_mm512_cmpgt_epi16_mask (v, bound));
    }
  return count + count_bits_above (w + i, n - i, limit);
}

SPQR_TARGET_AVX2 static size_t
count_bits_above_avx2 (const uint16_t *w, size_t n, uint16_t limit)
{
  return count_bits_above (w, n, limit);
}

#endif

size_t
spqr_stats_lanes_add_half (SpqrStatsLanes *lanes, SpqrElem elem, const uint16_t *w, size_t n, float *c)
{
  size_t whole = n - n % SPQR_STATS_BLOCK;

#if SPQR_CPU_X86
  if (whole > 0 && elem != SPQR_ELEM_F32 && spqr_cpu () >= SPQR_CPU_AVX512)
    {
      *c = (elem == SPQR_ELEM_F16 ? add_f16_avx512 : add_bf16_avx512) (lanes, w, whole);
      return whole;
    }
#endif
  return 0;
}

size_t
spqr_stats_count_bits_above (const uint16_t *w, size_t n, uint16_t limit)
{
#if SPQR_CPU_X86
  SpqrCpu cpu = spqr_cpu ();

  if (cpu >= SPQR_CPU_AVX512)
    return count_bits_above_avx512 (w, n, limit);
  if (cpu >= SPQR_CPU_AVX2)
    return count_bits_above_avx2 (w, n, limit);
#endif
  return count_bits_above (w, n, limit);
}
