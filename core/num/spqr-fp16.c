/* spqr-fp16.c: f32 <-> f16 and bf16, round to nearest even.
 *
 *   f16   s eeeee mmmmmmmmmm            value (-1)^s 2^(e-15) (1 + m/2^10), e = 0: 2^-14 m/2^10
 *   bf16  s eeeeeeee mmmmmmm            the upper half of an f32
 *
 * The plain C below is the definition. It follows the processor's conversion instructions in the
 * one place where IEEE 754 leaves a choice: a NaN keeps its sign and the upper bits of its payload
 * and becomes quiet. bf16 -> f32 is a mere shift and leaves a signalling NaN as it is. */
#include "num/spqr-fp16.h"

#include <string.h>

#include "num/spqr-simd-private.h"

static inline uint32_t
f32_bits (float value)
{
  uint32_t bits;

  memcpy (&bits, &value, sizeof bits);
  return bits;
}

static inline float
f32_from_bits (uint32_t bits)
{
  float value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

float
spqr_f16_to_f32 (uint16_t bits)
{
  uint32_t sign = (uint32_t) (bits & 0x8000u) << 16;
  uint32_t exponent = (bits >> 10) & 0x1fu;
  uint32_t mantissa = bits & 0x3ffu;

  if (exponent == 0x1f)
    return f32_from_bits (sign | 0x7f800000u | (mantissa << 13) | (mantissa != 0 ? 0x400000u : 0));
  if (exponent != 0)
    return f32_from_bits (sign | ((exponent + 112) << 23) | (mantissa << 13));
  /* Zero or subnormal: m 2^-24 is exact in f32. */
  return f32_from_bits (sign | f32_bits ((float) mantissa * 0x1p-24f));
}

uint16_t
spqr_f32_to_f16 (float value)
{
  uint32_t bits = f32_bits (value);
  uint32_t sign = (bits >> 16) & 0x8000u;
  uint32_t magnitude = bits & 0x7fffffffu;

  if (magnitude > 0x7f800000u)
    return (uint16_t) (sign | 0x7e00u | ((magnitude >> 13) & 0x3ffu));
  if (magnitude >= 0x477ff000u)         /* 65520 and above: halfway past the largest f16 */
    return (uint16_t) (sign | 0x7c00u);
  if (magnitude >= 0x38800000u)         /* 2^-14 and above: normal. A carry moves the exponent on */
    {
      uint32_t odd = (magnitude >> 13) & 1u;

      return (uint16_t) (sign | ((magnitude + 0xfffu + odd - (112u << 23)) >> 13));
    }
  if (magnitude <= 0x33000000u)         /* 2^-25 and below: half the smallest subnormal, to even */
    return (uint16_t) sign;

  /* Subnormal: the significand, hidden bit included, in units of 2^-24. */
  uint32_t shift = 126u - (magnitude >> 23);
  uint32_t significand = (magnitude & 0x7fffffu) | 0x800000u;
  uint32_t half = 1u << (shift - 1);
  uint32_t odd = (significand >> shift) & 1u;

  return (uint16_t) (sign | ((significand + half - 1 + odd) >> shift));
}

float
spqr_bf16_to_f32 (uint16_t bits)
{
  return f32_from_bits ((uint32_t) bits << 16);
}

uint16_t
spqr_f32_to_bf16 (float value)
{
  uint32_t bits = f32_bits (value);

  if ((bits & 0x7fffffffu) > 0x7f800000u)
    return (uint16_t) ((bits >> 16) | 0x40u);
  return (uint16_t) ((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

/* ---- rows: each vector loop does what it can and says how far it came ---- */

#if SPQR_CPU_X86

SPQR_TARGET_AVX512 static size_t
f16_to_f32_avx512 (const uint16_t *in, float *out, size_t n)
{
  size_t i = 0;

  for (; i + 16 <= n; i += 16)
    _mm512_storeu_ps (out + i, _mm512_cvtph_ps (_mm256_loadu_si256 ((const void *) (in + i))));
  return i;
}

SPQR_TARGET_AVX2 static size_t
f16_to_f32_avx2 (const uint16_t *in, float *out, size_t n)
{
  size_t i = 0;

  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps (out + i, _mm256_cvtph_ps (_mm_loadu_si128 ((const void *) (in + i))));
  return i;
}

SPQR_TARGET_AVX512 static size_t
f32_to_f16_avx512 (const float *in, uint16_t *out, size_t n)
{
  size_t i = 0;

  for (; i + 16 <= n; i += 16)
    _mm256_storeu_si256 ((void *) (out + i), _mm512_cvtps_ph (_mm512_loadu_ps (in + i), _MM_FROUND_TO_NEAREST_INT));
  return i;
}

SPQR_TARGET_AVX2 static size_t
f32_to_f16_avx2 (const float *in, uint16_t *out, size_t n)
{
  size_t i = 0;

  for (; i + 8 <= n; i += 8)
    _mm_storeu_si128 ((void *) (out + i), _mm256_cvtps_ph (_mm256_loadu_ps (in + i), _MM_FROUND_TO_NEAREST_INT));
  return i;
}

SPQR_TARGET_AVX2 static size_t
bf16_to_f32_avx2 (const uint16_t *in, float *out, size_t n)
{
  size_t i = 0;

  for (; i + 8 <= n; i += 8)
    {
      __m256i wide = _mm256_cvtepu16_epi32 (_mm_loadu_si128 ((const void *) (in + i)));

      _mm256_storeu_si256 ((void *) (out + i), _mm256_slli_epi32 (wide, 16));
    }
  return i;
}

/* Integer arithmetic, not the AVX-512 BF16 instruction: that one flushes subnormals to zero. */
SPQR_TARGET_AVX2 static inline __m256i
bf16_round_avx2 (__m256i bits)
{
  const __m256i magnitude = _mm256_and_si256 (bits, _mm256_set1_epi32 (0x7fffffff));
  const __m256i is_nan = _mm256_cmpgt_epi32 (magnitude, _mm256_set1_epi32 (0x7f800000));
  const __m256i high = _mm256_srli_epi32 (bits, 16);
  const __m256i odd = _mm256_and_si256 (high, _mm256_set1_epi32 (1));
  const __m256i bias = _mm256_add_epi32 (odd, _mm256_set1_epi32 (0x7fff));
  const __m256i rounded = _mm256_srli_epi32 (_mm256_add_epi32 (bits, bias), 16);

  return _mm256_blendv_epi8 (rounded, _mm256_or_si256 (high, _mm256_set1_epi32 (0x40)), is_nan);
}

SPQR_TARGET_AVX2 static size_t
f32_to_bf16_avx2 (const float *in, uint16_t *out, size_t n)
{
  size_t i = 0;

  for (; i + 16 <= n; i += 16)
    {
      __m256i low = bf16_round_avx2 (_mm256_loadu_si256 ((const void *) (in + i)));
      __m256i high = bf16_round_avx2 (_mm256_loadu_si256 ((const void *) (in + i + 8)));
      __m256i packed = _mm256_packus_epi32 (low, high);

      _mm256_storeu_si256 ((void *) (out + i), _mm256_permute4x64_epi64 (packed, 0xd8));
    }
  return i;
}

#endif

void
spqr_f16_to_f32_row (const uint16_t *in, float *out, size_t n)
{
  size_t i = 0;

#if SPQR_CPU_X86
  SpqrCpu cpu = spqr_cpu ();

  if (cpu >= SPQR_CPU_AVX512)
    i = f16_to_f32_avx512 (in, out, n);
  else if (cpu >= SPQR_CPU_AVX2)
    i = f16_to_f32_avx2 (in, out, n);
#endif
  for (; i < n; i++)
    out[i] = spqr_f16_to_f32 (in[i]);
}

void
spqr_f32_to_f16_row (const float *in, uint16_t *out, size_t n)
{
  size_t i = 0;

#if SPQR_CPU_X86
  SpqrCpu cpu = spqr_cpu ();

  if (cpu >= SPQR_CPU_AVX512)
    i = f32_to_f16_avx512 (in, out, n);
  else if (cpu >= SPQR_CPU_AVX2)
    i = f32_to_f16_avx2 (in, out, n);
#endif
  for (; i < n; i++)
    out[i] = spqr_f32_to_f16 (in[i]);
}

void
spqr_bf16_to_f32_row (const uint16_t *in, float *out, size_t n)
{
  size_t i = 0;

#if SPQR_CPU_X86
  if (spqr_cpu () >= SPQR_CPU_AVX2)
    i = bf16_to_f32_avx2 (in, out, n);
#endif
  for (; i < n; i++)
    out[i] = spqr_bf16_to_f32 (in[i]);
}

void
spqr_f32_to_bf16_row (const float *in, uint16_t *out, size_t n)
{
  size_t i = 0;

#if SPQR_CPU_X86
  if (spqr_cpu () >= SPQR_CPU_AVX2)
    i = f32_to_bf16_avx2 (in, out, n);
#endif
  for (; i < n; i++)
    out[i] = spqr_f32_to_bf16 (in[i]);
}
