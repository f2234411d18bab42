/* spqr-gguf-kernels.c: ggml's block formats -> f32.
 *
 * d, m: f16 scale and offset of a block; q: a quant of b bits. Blocks of 32:
 *   Q8_0  d, 32 q8         d q
 *   Q4_0  d, 16 bytes      d (q - 8)          low nibbles are elements 0-15, high ones 16-31
 *   Q4_1  d, m, 16 bytes   d q + m
 *   Q5_0  d, u32, 16 bytes d (q - 16)         bit i of the u32: fifth bit of element i
 *   Q5_1  d, m, u32, 16    d q + m
 * Blocks of 256 in sub-blocks of 16 or 32, whose scales s (and offsets o) are integers:
 *   Q2_K, Q4_K, Q5_K       d s q - m o
 *   Q3_K, Q6_K             d s (q - 4), d s (q - 32)
 *
 * Compiled once per instruction set (SPQR_GGUF_KERNELS_NAME is the table); loops of 16 and 32 elements are what the
 * compiler makes vectors of. */
#include "model/spqr-gguf-kernels.h"

#if defined(__F16C__)
#include <immintrin.h>
#endif

#include "num/spqr-fp16.h"

static inline float
get_f16 (const guint8 *at)
{
  guint16 bits = (guint16) (at[0] | at[1] << 8);

#if defined(__F16C__)
  return _cvtsh_ss (bits);
#else
  return spqr_f16_to_f32 (bits);
#endif
}

static inline guint32
get_u32 (const guint8 *at)
{
  return at[0] | (guint32) at[1] << 8 | (guint32) at[2] << 16 | (guint32) at[3] << 24;
}

/* Adding it changes nothing, not even -0. */
#define NO_OFFSET (-0.0f)

/* ---- blocks of 32 ---- */

static void
decode_q8_0 (const guint8 *in, float *out, gsize count)
{
  for (; count > 0; count -= 32, in += 34, out += 32)
    {
      float d = get_f16 (in);

      for (int i = 0; i < 32; i++)
        out[i] = d * (float) (gint8) in[2 + i];
    }
}

/* nibbles (16 bytes): out = d (q - shift) + m */
static inline void
decode_four_bits (const guint8 *nibbles, int shift, float d, float m, float *out)
{
  for (int i = 0; i < 16; i++)
    out[i] = d * (float) ((nibbles[i] & 15) - shift) + m;
  for (int i = 0; i < 16; i++)
    out[i + 16] = d * (float) ((nibbles[i] >> 4) - shift) + m;
}

/* The same with a fifth bit of each. */
static inline void
decode_five_bits (const guint8 *nibbles, guint32 high, int shift, float d, float m, float *out)
{
  for (int i = 0; i < 16; i++)
    out[i] = d * (float) (((nibbles[i] & 15) | (int) (high >> i & 1) << 4) - shift) + m;
  for (int i = 0; i < 16; i++)
    out[i + 16] = d * (float) ((nibbles[i] >> 4 | (int) (high >> (i + 16) & 1) << 4) - shift) + m;
}

static void
decode_q4_0 (const guint8 *in, float *out, gsize count)
{
  for (; count > 0; count -= 32, in += 18, out += 32)
    decode_four_bits (in + 2, 8, get_f16 (in), NO_OFFSET, out);
}

static void
decode_q4_1 (const guint8 *in, float *out, gsize count)
{
  for (; count > 0; count -= 32, in += 20, out += 32)
    decode_four_bits (in + 4, 0, get_f16 (in), get_f16 (in + 2), out);
}

static void
decode_q5_0 (const guint8 *in, float *out, gsize count)
{
  for (; count > 0; count -= 32, in += 22, out += 32)
    decode_five_bits (in + 6, get_u32 (in + 2), 16, get_f16 (in), NO_OFFSET, out);
}

static void
decode_q5_1 (const guint8 *in, float *out, gsize count)
{
  for (; count > 0; count -= 32, in += 24, out += 32)
    decode_five_bits (in + 8, get_u32 (in + 4), 0, get_f16 (in), get_f16 (in + 2), out);
}

/* ---- blocks of 256 ---- */

/* scales[16] (low nibble s, high o) | quants[64] | d | m. Byte l of a half holds elements l, l+32,
 * l+64, l+96 of that half in its four pairs of bits. */
static void
decode_q2_k (const guint8 *in, float *out, gsize count)
{
  for (; count > 0; count -= 256, in += 84, out += 256)
    {
      float d = get_f16 (in + 80), m = get_f16 (in + 82);

      for (int k = 0; k < 16; k++)
        {
          const guint8 *quants = in + 16 + 32 * (k / 8) + 16 * (k % 2);
          int shift = 2 * (k % 8 / 2);
          float s = d * (float) (in[k] & 15), o = m * (float) (in[k] >> 4);

          for (int l = 0; l < 16; l++)
            out[16 * k + l] = s * (float) (quants[l] >> shift & 3) - o;
        }
    }
}

/* high bits[32] | quants[64] | scales[12] | d. Scale k: four low bits in the first 8 bytes, two high
 * bits in the last 4. */
static void
decode_q3_k (const guint8 *in, float *out, gsize count)
{
  for (; count > 0; count -= 256, in += 110, out += 256)
    {
      const guint8 *scales = in + 96;
      float d = get_f16 (in + 108);

      for (int k = 0; k < 16; k++)
        {
          const guint8 *quants = in + 32 + 32 * (k / 8) + 16 * (k % 2), *high = in + 16 * (k % 2);
          int shift = 2 * (k % 8 / 2), bit = k / 2;
          int low = k < 8 ? scales[k] & 15 : scales[k - 8] >> 4;
          float s = d * (float) ((low | (scales[8 + k % 4] >> (2 * (k / 4)) & 3) << 4) - 32);

          for (int l = 0; l < 16; l++)
            out[16 * k + l] = s * (float) (((quants[l] >> shift & 3) | (high[l] >> bit & 1) << 2) - 4);
        }
    }
}

/* The 12 bytes of Q4_K and Q5_K: eight scales and eight offsets of 6 bits. */
static inline void
get_scale_and_offset (const guint8 *bytes, int k, float *s, float *o)
{
  if (k < 4)
    {
      *s = (float) (bytes[k] & 63);
      *o = (float) (bytes[k + 4] & 63);
      return;
    }
  *s = (float) ((bytes[k + 4] & 15) | bytes[k - 4] >> 6 << 4);
  *o = (float) (bytes[k + 4] >> 4 | bytes[k] >> 6 << 4);
}

/* d | m | scales[12] | (Q5_K: high bits[32]) | quants[128]. Byte l of a quarter holds elements l and
 * l+32 of that quarter; bit k of high bits[l] is the fifth bit of element l of sub-block k. */
static inline void
decode_q45_k (const guint8 *in, const guint8 *high, const guint8 *quants, float *out)
{
  float d = get_f16 (in), m = get_f16 (in + 2);

  for (int k = 0; k < 8; k++)
    {
      float s, o;

      get_scale_and_offset (in + 4, k, &s, &o);
      s *= d;
      o *= m;
      for (int l = 0; l < 32 && high == NULL; l++)
        out[32 * k + l] = s * (float) (quants[32 * (k / 2) + l] >> (4 * (k % 2)) & 15) - o;
      for (int l = 0; l < 32 && high != NULL; l++)
        out[32 * k + l] = s * (float) ((quants[32 * (k / 2) + l] >> (4 * (k % 2)) & 15) | (high[l] >> k & 1) << 4) - o;
    }
}

static void
decode_q4_k (const guint8 *in, float *out, gsize count)
{
  for (; count > 0; count -= 256, in += 144, out += 256)
    decode_q45_k (in, NULL, in + 16, out);
}

static void
decode_q5_k (const guint8 *in, float *out, gsize count)
{
  for (; count > 0; count -= 256, in += 176, out += 256)
    decode_q45_k (in, in + 16, in + 48, out);
}

/* low nibbles[128] | high pairs[64] | scales, signed[16] | d */
static void
decode_q6_k (const guint8 *in, float *out, gsize count)
{
  for (; count > 0; count -= 256, in += 210, out += 256)
    {
      float d = get_f16 (in + 208);

      for (int k = 0; k < 16; k++)
        {
          int half = k / 8, quarter = k % 8 / 2, first = 16 * (k % 2);
          const guint8 *low = in + 64 * half + 32 * (quarter % 2) + first, *high = in + 128 + 32 * half + first;
          float s = d * (float) (gint8) in[192 + k];

          for (int l = 0; l < 16; l++)
            out[16 * k + l] = s * (float) (((low[l] >> (4 * (quarter / 2)) & 15) | (high[l] >> (2 * quarter) & 3) << 4) - 32);
        }
    }
}

const SpqrGgufKernels SPQR_GGUF_KERNELS_NAME = {
  decode_q4_0, decode_q4_1, decode_q5_0, decode_q5_1, decode_q8_0, decode_q2_k, decode_q3_k, decode_q4_k, decode_q5_k, decode_q6_k,
};
