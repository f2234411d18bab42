/* spqr-panel.c: y = factor · x B, B in panels of 32 columns: panel p is B[0 … k-1][32 p … 32 p + 31], row
 * after row, the columns past the last filled with zeros.
 *
 * 14 rows of x times one panel are 28 vectors of sums that stay in registers while k goes by: two vectors
 * of B, and 14 numbers of x that are spread over a vector each, are read for 28 multiply-adds. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize ("O3")     /* the arrays of vectors are to become registers */
#endif

#include "num/spqr-panel.h"

#include <string.h>

#include "num/spqr-fp16.h"
#include "num/spqr-simd-private.h"

#define WIDTH SPQR_PANEL_WIDTH
#define ROWS SPQR_PANEL_ROWS
#define NEAR_STRIDE (SPQR_PANEL_DEPTH + 16)     /* rows 512 bytes apart, or a multiple, push each other out of the cache */

size_t
spqr_panel_size (size_t m, size_t k)
{
  return (m + WIDTH - 1) / WIDTH * WIDTH * k;
}

#if SPQR_CPU_X86

bool
spqr_panel_supported (void)
{
  return spqr_cpu () >= SPQR_CPU_AVX512;
}

/* ---- packing ---- */

/* 16 weights of a row from k0 on, zeros where it has fewer. */
SPQR_TARGET_AVX512 static inline __m512
load_widened (const void *row, SpqrElem elem, size_t k0, __mmask16 mask)
{
  __m256i bits;

  if (elem == SPQR_ELEM_F32)
    return _mm512_maskz_loadu_ps (mask, (const float *) row + k0);
  bits = _mm256_maskz_loadu_epi16 (mask, (const uint16_t *) row + k0);
  if (elem == SPQR_ELEM_F16)
    return _mm512_cvtph_ps (bits);
  return _mm512_castsi512_ps (_mm512_slli_epi32 (_mm512_cvtepu16_epi32 (bits), 16));
}

/* 16 x 16, rows to columns. */
SPQR_TARGET_AVX512 static inline void
transpose (__m512 v[16])
{
  __m512 a[16], b[16];

  for (int i = 0; i < 16; i += 2)       /* pairs of rows, then fours within each quarter */
    {
      a[i] = _mm512_unpacklo_ps (v[i], v[i + 1]);
      a[i + 1] = _mm512_unpackhi_ps (v[i], v[i + 1]);
    }
  for (int i = 0; i < 16; i += 4)
    {
      b[i] = _mm512_castpd_ps (_mm512_unpacklo_pd (_mm512_castps_pd (a[i]), _mm512_castps_pd (a[i + 2])));
      b[i + 1] = _mm512_castpd_ps (_mm512_unpackhi_pd (_mm512_castps_pd (a[i]), _mm512_castps_pd (a[i + 2])));
      b[i + 2] = _mm512_castpd_ps (_mm512_unpacklo_pd (_mm512_castps_pd (a[i + 1]), _mm512_castps_pd (a[i + 3])));
      b[i + 3] = _mm512_castpd_ps (_mm512_unpackhi_pd (_mm512_castps_pd (a[i + 1]), _mm512_castps_pd (a[i + 3])));
    }
  for (int i = 0; i < 4; i++)           /* quarters of rows i, 4 + i, 8 + i, 12 + i of b */
    {
      __m512 low = _mm512_shuffle_f32x4 (b[i], b[4 + i], 0x88), high = _mm512_shuffle_f32x4 (b[i], b[4 + i], 0xdd);
      __m512 low2 = _mm512_shuffle_f32x4 (b[8 + i], b[12 + i], 0x88), high2 = _mm512_shuffle_f32x4 (b[8 + i], b[12 + i], 0xdd);

      v[i] = _mm512_shuffle_f32x4 (low, low2, 0x88);
      v[8 + i] = _mm512_shuffle_f32x4 (low, low2, 0xdd);
      v[4 + i] = _mm512_shuffle_f32x4 (high, high2, 0x88);
      v[12 + i] = _mm512_shuffle_f32x4 (high, high2, 0xdd);
    }
}

/* 16 columns of a panel: rows i0 … of W, of which there are `count`. */
SPQR_TARGET_AVX512 static void
pack_half (const char *w, SpqrElem elem, size_t stride, size_t count, size_t k, float *out)
{
  for (size_t k0 = 0; k0 < k; k0 += 16)
    {
      size_t n = k - k0 < 16 ? k - k0 : 16;
      __mmask16 mask = (__mmask16) (0xffffu >> (16 - n));
      __m512 v[16];

      for (size_t i = 0; i < 16; i++)
        v[i] = i < count ? load_widened (w + i * stride, elem, k0, mask) : _mm512_setzero_ps ();
      transpose (v);
      for (size_t i = 0; i < n; i++)
        _mm512_storeu_ps (out + (k0 + i) * WIDTH, v[i]);
    }
}

void
spqr_panel_pack_transposed (const void *w, SpqrElem elem, size_t ldw, size_t m, size_t k, float *panels)
{
  size_t stride = ldw * (elem == SPQR_ELEM_F32 ? sizeof (float) : sizeof (uint16_t));

  for (size_t i = 0; i < m; i += WIDTH)
    for (size_t half = 0; half < WIDTH; half += 16)
      {
        size_t first = i + half, count = first >= m ? 0 : m - first < 16 ? m - first : 16;

        pack_half ((const char *) w + (count > 0 ? first * stride : 0), elem, stride, count, k, panels + i * k + half);
      }
}

void
spqr_panel_pack (const float *v, size_t ldv, size_t m, size_t k, float *panels)
{
  for (size_t j = 0; j < k; j++)        /* row by row, as they lie in memory */
    for (size_t i = 0; i < m; i += WIDTH)
      {
        size_t count = m - i < WIDTH ? m - i : WIDTH;
        float *out = panels + i * k + j * WIDTH;

        if (count == WIDTH)
          {
            memcpy (out, v + j * ldv + i, WIDTH * sizeof *out);
            continue;
          }
        memcpy (out, v + j * ldv + i, count * sizeof *out);
        memset (out + count, 0, (WIDTH - count) * sizeof *out);
      }
}

/* ---- multiplying ---- */

typedef struct {
  const float *x, *b;
  float *y;
  size_t ldx, ldy, k;
  float factor;
  bool add;
  __mmask16 low, high;          /* of the panel's columns, those that y has */
} Piece;

SPQR_TARGET_AVX512 static inline __attribute__ ((always_inline)) void
store_half (const Piece *piece, __m512 sums, float *y, __mmask16 mask)
{
  sums = _mm512_mul_ps (sums, _mm512_set1_ps (piece->factor));
  if (piece->add)
    sums = _mm512_add_ps (_mm512_maskz_loadu_ps (mask, y), sums);
  _mm512_mask_storeu_ps (y, mask, sums);
}

/* `rows` is a constant wherever this is inlined. */
SPQR_TARGET_AVX512 static inline __attribute__ ((always_inline)) void
multiply_rows (const Piece *piece, const int rows)
{
  __m512 low[ROWS], high[ROWS];
  const float *b = piece->b, *x[ROWS];
  size_t k = piece->k;

#pragma GCC unroll 14
  for (int i = 0; i < rows; i++)
    {
      low[i] = high[i] = _mm512_setzero_ps ();
      x[i] = piece->x + (size_t) i * piece->ldx;
      __builtin_prefetch (piece->y + (size_t) i * piece->ldy, 1);      /* will be there when the sums are */
      __builtin_prefetch (piece->y + (size_t) i * piece->ldy + 16, 1);
    }
  for (size_t j = 0; j < k; j++, b += WIDTH)
    {
      __m512 b0 = _mm512_loadu_ps (b), b1 = _mm512_loadu_ps (b + 16);

#pragma GCC unroll 14
      for (int i = 0; i < rows; i++)
        {
          __m512 spread = _mm512_set1_ps (x[i][j]);

          low[i] = _mm512_fmadd_ps (spread, b0, low[i]);
          high[i] = _mm512_fmadd_ps (spread, b1, high[i]);
        }
    }
#pragma GCC unroll 14
  for (int i = 0; i < rows; i++)
    {
      store_half (piece, low[i], piece->y + (size_t) i * piece->ldy, piece->low);
      store_half (piece, high[i], piece->y + (size_t) i * piece->ldy + 16, piece->high);
    }
}

#define MULTIPLY(rows) \
  SPQR_TARGET_AVX512 static void multiply_##rows (const Piece *piece) { multiply_rows (piece, rows); }
MULTIPLY (1)
MULTIPLY (2)
MULTIPLY (3)
MULTIPLY (4)
MULTIPLY (5)
MULTIPLY (6)
MULTIPLY (7)
MULTIPLY (8)
MULTIPLY (9)
MULTIPLY (10)
MULTIPLY (11)
MULTIPLY (12)
MULTIPLY (13)
MULTIPLY (14)

void
spqr_panel_multiply (const float *x, size_t ldx, size_t t, const float *panels, size_t k_packed, size_t m, size_t k,
                     float factor, bool add, float *y, size_t ldy)
{
  static void (*const multiply[ROWS]) (const Piece *) = {
    multiply_1, multiply_2, multiply_3, multiply_4, multiply_5, multiply_6, multiply_7,
    multiply_8, multiply_9, multiply_10, multiply_11, multiply_12, multiply_13, multiply_14,
  };

  for (size_t row = 0; row < t; row += ROWS)
    {
      size_t rows = t - row < ROWS ? t - row : ROWS;
      float near[ROWS * NEAR_STRIDE];
      bool copy = ldx % 128 == 0 && k <= SPQR_PANEL_DEPTH && m > 2 * WIDTH;

      if (copy)
        for (size_t i = 0; i < rows; i++)
          memcpy (near + i * NEAR_STRIDE, x + (row + i) * ldx, k * sizeof *near);
      for (size_t i = 0; i < m; i += WIDTH)
        {
          size_t columns = m - i < WIDTH ? m - i : WIDTH;
          uint32_t mask = 0xffffffffu >> (WIDTH - columns);
          Piece piece = { copy ? near : x + row * ldx, panels + i * k_packed, y + row * ldy + i, copy ? NEAR_STRIDE : ldx, ldy, k,
                          factor, add, (__mmask16) mask, (__mmask16) (mask >> 16) };

          multiply[rows - 1] (&piece);
        }
    }
}

#else

bool
spqr_panel_supported (void)
{
  return false;
}

void
spqr_panel_pack_transposed (const void *w, SpqrElem elem, size_t ldw, size_t m, size_t k, float *panels)
{
}

void
spqr_panel_pack (const float *v, size_t ldv, size_t m, size_t k, float *panels)
{
}

void
spqr_panel_multiply (const float *x, size_t ldx, size_t t, const float *panels, size_t k_packed, size_t m, size_t k,
                     float factor, bool add, float *y, size_t ldy)
{
}

#endif
