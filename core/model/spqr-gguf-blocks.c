/* spqr-gguf-blocks.c: ggml's block formats -> f32.
 *
 * d, m: f16 scale and offset of a block; q: a quant of b bits. Blocks of 32:
 *   Q8_0  d, 32 q8         d q
 *   Q4_0  d, 16 bytes      d (q - 8)          low nibbles are elements 0-15, high ones 16-31
 *   Q4_1  d, m, 16 bytes   d q + m
 *   Q5_0  d, u32, 16 bytes d (q - 16)         bit i of the u32: fifth bit of element i
 *   Q5_1  d, m, u32, 16    d q + m
 * Blocks of 256 in sub-blocks of 16 or 32, whose scales s (and offsets o) are integers:
 *   Q2_K, Q4_K, Q5_K       d s q - m o
 *   Q3_K, Q6_K             d s (q - 4), d s (q - 32) */
#include <string.h>

#include "model/spqr-gguf-private.h"
#include "num/spqr-fp16.h"

static float
get_f16 (const guint8 *at)
{
  return spqr_f16_to_f32 ((guint16) (at[0] | at[1] << 8));
}

static guint32
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

/* nibbles (16 bytes), high bits (0: four-bit quants): out = d (q - shift) + m */
static void
decode_nibbles (const guint8 *nibbles, guint32 high, int shift, float d, float m, float *out)
{
  for (int i = 0; i < 16; i++)
    {
      int low = (nibbles[i] & 15) | (int) (high >> i & 1) << 4;
      int upper = nibbles[i] >> 4 | (int) (high >> (i + 16) & 1) << 4;

      out[i] = d * (float) (low - shift) + m;
      out[i + 16] = d * (float) (upper - shift) + m;
    }
}

static void
decode_q4_0 (const guint8 *in, float *out, gsize count)
{
  for (; count > 0; count -= 32, in += 18, out += 32)
    decode_nibbles (in + 2, 0, 8, get_f16 (in), NO_OFFSET, out);
}

static void
decode_q4_1 (const guint8 *in, float *out, gsize count)
{
  for (; count > 0; count -= 32, in += 20, out += 32)
    decode_nibbles (in + 4, 0, 0, get_f16 (in), get_f16 (in + 2), out);
}

static void
decode_q5_0 (const guint8 *in, float *out, gsize count)
{
  for (; count > 0; count -= 32, in += 22, out += 32)
    decode_nibbles (in + 6, get_u32 (in + 2), 16, get_f16 (in), NO_OFFSET, out);
}

static void
decode_q5_1 (const guint8 *in, float *out, gsize count)
{
  for (; count > 0; count -= 32, in += 24, out += 32)
    decode_nibbles (in + 8, get_u32 (in + 4), 0, get_f16 (in), get_f16 (in + 2), out);
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

      for (int e = 0; e < 256; e++)
        {
          int half = e / 128, pair = e % 128 / 32, l = e % 32;
          int q = in[16 + 32 * half + l] >> (2 * pair) & 3;
          guint8 s = in[e / 16];

          out[e] = d * (float) (s & 15) * (float) q - m * (float) (s >> 4);
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

      for (int e = 0; e < 256; e++)
        {
          int half = e / 128, pair = e % 128 / 32, l = e % 32, k = e / 16;
          int q = (in[32 + 32 * half + l] >> (2 * pair) & 3) | (in[l] >> (4 * half + pair) & 1) << 2;
          int low = k < 8 ? scales[k] & 15 : scales[k - 8] >> 4;
          int s = (low | (scales[8 + k % 4] >> (2 * (k / 4)) & 3) << 4) - 32;

          out[e] = d * (float) s * (float) (q - 4);
        }
    }
}

/* The 12 bytes of Q4_K and Q5_K: eight scales and eight offsets of 6 bits. */
static void
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
static void
decode_q45_k (const guint8 *in, const guint8 *high, const guint8 *quants, float *out)
{
  float d = get_f16 (in), m = get_f16 (in + 2);

  for (int k = 0; k < 8; k++)
    {
      float s, o;

      get_scale_and_offset (in + 4, k, &s, &o);
      for (int l = 0; l < 32; l++)
        {
          int q = quants[32 * (k / 2) + l] >> (4 * (k % 2)) & 15;

          if (high != NULL)
            q |= (high[l] >> k & 1) << 4;
          out[32 * k + l] = d * s * (float) q - m * o;
        }
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

      for (int e = 0; e < 256; e++)
        {
          int half = e / 128, quarter = e % 128 / 32, l = e % 32;
          int low = in[64 * half + 32 * (quarter % 2) + l] >> (4 * (quarter / 2)) & 15;
          int high = in[128 + 32 * half + l] >> (2 * quarter) & 3;

          out[e] = d * (float) (gint8) in[192 + e / 16] * (float) ((low | high << 4) - 32);
        }
    }
}

SpqrEncoding
spqr_gguf_encoding (guint32 type)
{
  static const struct { guint32 type; SpqrEncoding encoding; } known[] = {
    { 2, { SPQR_DTYPE_OTHER, "Q4_0", 32, 18, decode_q4_0 } },
    { 3, { SPQR_DTYPE_OTHER, "Q4_1", 32, 20, decode_q4_1 } },
    { 6, { SPQR_DTYPE_OTHER, "Q5_0", 32, 22, decode_q5_0 } },
    { 7, { SPQR_DTYPE_OTHER, "Q5_1", 32, 24, decode_q5_1 } },
    { 8, { SPQR_DTYPE_OTHER, "Q8_0", 32, 34, decode_q8_0 } },
    { 10, { SPQR_DTYPE_OTHER, "Q2_K", 256, 84, decode_q2_k } },
    { 11, { SPQR_DTYPE_OTHER, "Q3_K", 256, 110, decode_q3_k } },
    { 12, { SPQR_DTYPE_OTHER, "Q4_K", 256, 144, decode_q4_k } },
    { 13, { SPQR_DTYPE_OTHER, "Q5_K", 256, 176, decode_q5_k } },
    { 14, { SPQR_DTYPE_OTHER, "Q6_K", 256, 210, decode_q6_k } },
  };
  static const struct { guint32 type; const char *name; } plain[] = {
    { 0, "F32" }, { 1, "F16" }, { 24, "I8" }, { 25, "I16" }, { 26, "I32" }, { 27, "I64" }, { 28, "F64" }, { 30, "BF16" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (known[i].type == type)
      return known[i].encoding;
  for (gsize i = 0; i < G_N_ELEMENTS (plain); i++)
    if (plain[i].type == type)
      return spqr_encoding_from_name (plain[i].name);
  return (SpqrEncoding) { SPQR_DTYPE_OTHER, NULL, 1, 0, NULL };
}

const char *
spqr_gguf_foreign_type (guint32 type)
{
  static const struct { guint32 type; const char *name; } foreign[] = {
    { 4, "Q4_2" }, { 5, "Q4_3" }, { 9, "Q8_1" }, { 15, "Q8_K" }, { 16, "IQ2_XXS" }, { 17, "IQ2_XS" }, { 18, "IQ3_XXS" },
    { 19, "IQ1_S" }, { 20, "IQ4_NL" }, { 21, "IQ3_S" }, { 22, "IQ2_S" }, { 23, "IQ4_XS" }, { 29, "IQ1_M" }, { 34, "TQ1_0" },
    { 35, "TQ2_0" }, { 39, "MXFP4" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (foreign); i++)
    if (foreign[i].type == type)
      return foreign[i].name;
  return NULL;
}
