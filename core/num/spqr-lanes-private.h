/* spqr-lanes-private.h: as many f32 numbers as the compiler's target has lanes, and the few
 * operations the kernels need. Only operations that IEEE 754 rounds correctly: any width gives the
 * same bits; only lanes_multiply_add() is one rounding here and two there. Included by spqr-kernels.c, which is compiled once per instruction set. */
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "num/spqr-simd-private.h"

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX2__)
#define LANES 8
#else
#define LANES 4
#endif

typedef float Lanes __attribute__ ((vector_size (LANES * 4)));
typedef int32_t LanesInt __attribute__ ((vector_size (LANES * 4)));

static inline Lanes
lanes_load (const float *p)
{
  Lanes v;

  memcpy (&v, p, sizeof v);
  return v;
}

static inline void
lanes_store (float *p, Lanes v)
{
  memcpy (p, &v, sizeof v);
}

static inline Lanes
lanes_set (float x)
{
  return (Lanes) {} + x;
}

#if defined(__AVX512F__)

static inline Lanes lanes_min (Lanes a, Lanes b) { return (Lanes) _mm512_min_ps ((__m512) a, (__m512) b); }
static inline Lanes lanes_max (Lanes a, Lanes b) { return (Lanes) _mm512_max_ps ((__m512) a, (__m512) b); }

/* a < b ? yes : no */
static inline Lanes
lanes_if_less (Lanes a, Lanes b, Lanes yes, Lanes no)
{
  __mmask16 less = _mm512_cmp_ps_mask ((__m512) a, (__m512) b, _CMP_LT_OQ);

  return (Lanes) _mm512_mask_blend_ps (less, (__m512) no, (__m512) yes);
}

/* Bit l: a < b in lane l. */
static inline unsigned
lanes_less_bits (Lanes a, Lanes b)
{
  return _mm512_cmp_ps_mask ((__m512) a, (__m512) b, _CMP_LT_OQ);
}

#elif defined(__AVX2__)

static inline Lanes lanes_min (Lanes a, Lanes b) { return (Lanes) _mm256_min_ps ((__m256) a, (__m256) b); }
static inline Lanes lanes_max (Lanes a, Lanes b) { return (Lanes) _mm256_max_ps ((__m256) a, (__m256) b); }

static inline Lanes
lanes_if_less (Lanes a, Lanes b, Lanes yes, Lanes no)
{
  __m256 less = _mm256_cmp_ps ((__m256) a, (__m256) b, _CMP_LT_OQ);

  return (Lanes) _mm256_blendv_ps ((__m256) no, (__m256) yes, less);
}

static inline unsigned
lanes_less_bits (Lanes a, Lanes b)
{
  return (unsigned) _mm256_movemask_ps (_mm256_cmp_ps ((__m256) a, (__m256) b, _CMP_LT_OQ));
}

#else

static inline Lanes
lanes_if_less (Lanes a, Lanes b, Lanes yes, Lanes no)
{
  LanesInt less = a < b;

  return (Lanes) (((LanesInt) yes & less) | ((LanesInt) no & ~less));
}

static inline Lanes lanes_min (Lanes a, Lanes b) { return lanes_if_less (a, b, a, b); }
static inline Lanes lanes_max (Lanes a, Lanes b) { return lanes_if_less (b, a, a, b); }

static inline unsigned
lanes_less_bits (Lanes a, Lanes b)
{
  LanesInt less = a < b;
  unsigned bits = 0;

  for (int l = 0; l < LANES; l++)
    bits |= (unsigned) (less[l] & 1) << l;
  return bits;
}

#endif

/* a b + c, rounded once where the target can. */
static inline Lanes
lanes_multiply_add (Lanes a, Lanes b, Lanes c)
{
#if defined(__AVX512F__)
  return (Lanes) _mm512_fmadd_ps ((__m512) a, (__m512) b, (__m512) c);
#elif defined(__FMA__)
  return (Lanes) _mm256_fmadd_ps ((__m256) a, (__m256) b, (__m256) c);
#elif defined(__FP_FAST_FMAF)
  for (int l = 0; l < LANES; l++)
    c[l] = __builtin_fmaf (a[l], b[l], c[l]);
  return c;
#else
  return a * b + c;
#endif
}

static inline Lanes
lanes_abs (Lanes a)
{
  return (Lanes) ((LanesInt) a & 0x7fffffff);
}

/* As spqr_f16_round(). */
static inline Lanes
lanes_f16_round (Lanes x)
{
  Lanes power = lanes_max ((Lanes) ((LanesInt) x & 0x7f800000), lanes_set (0x1p-14f));
  Lanes magic = power * 12288.0f;
  Lanes rounded = (lanes_abs (x) + magic) - magic;

  rounded = lanes_if_less (rounded, lanes_set (65520.0f), rounded, lanes_set (INFINITY));
  return (Lanes) ((LanesInt) rounded | ((LanesInt) x & INT32_MIN));
}

/* As spqr_round_code(). */
static inline Lanes
lanes_round_code (Lanes x, float maxq)
{
  x = lanes_min (lanes_max (x, lanes_set (0.0f)), lanes_set (maxq));
  return (x + 12582912.0f) - 12582912.0f;
}

static inline Lanes
lanes_quantize (Lanes w, Lanes scale, Lanes zero, float maxq)
{
  return lanes_round_code (w / lanes_max (scale, lanes_set (1e-9f)) + zero, maxq);
}
