/* spqr-packed.c: rows are decoded in the stored (permuted) order of columns, and x is brought into it once.
 *
 *   w_j = f16 (s f16 (c_j - z))         f16 (): rounded to the nearest f16 number
 *
 * 16 columns at a time, which have one scale and one zero. Codes of 4 bits: byte i of a stretch of 32 columns has
 * column i in its low half and column 16 + i in its high half. */
#include "pack/spqr-packed.h"

#include <glib.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compute/spqr-gemm.h"
#include "num/spqr-cpu.h"
#include "num/spqr-fp16.h"
#include "num/spqr-quantizer.h"

#if SPQR_CPU_X86
/* GCC 12 takes the operand that these intrinsics ignore for one that is used. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#endif

#define LANES 16
#define FEW_TOKENS 4            /* more of them are worth a real matrix product */
#define ROWS_A_PIECE 32
#define ROWS_A_TILE 256

typedef float Lanes __attribute__ ((vector_size (LANES * 4)));
typedef gint32 LanesInt __attribute__ ((vector_size (LANES * 4)));
typedef guint8 LanesByte __attribute__ ((vector_size (LANES)));

struct _SpqrPacked {
  size_t rows, cols, width;     /* width: cols up to a multiple of 32, with zeros */
  size_t group, groups;         /* columns of a group */
  gboolean nibbles, octal;      /* codes of 4 bits, and none above 7 */
  gboolean ascending;           /* outlier columns, in each row */
  guint8 *codes;                /* (rows, width / 2 or width) */
  guint16 *scale, *zero;        /* (rows, groups) f16 */
  gint32 *perm;                 /* (cols) */
  guint32 *outlier_offsets, *outlier_cols;
  guint16 *outlier_values;      /* f16 */
  SpqrConstantGroup *constants;
  guint32 *constant_offsets;    /* (rows + 1) */
};

/* ---- making one ---- */

static void
pack_row (SpqrPacked *self, const SpqrLayer *layer, size_t row)
{
  const guint8 *codes = layer->codes + row * self->cols;
  guint8 *out = self->codes + row * (self->nibbles ? self->width / 2 : self->width);

  if (!self->nibbles)
    memcpy (out, codes, self->cols);
  else
    for (size_t j = 0; j < self->cols; j++)
      out[j / 32 * 16 + j % 16] |= (guint8) (codes[j] << (j % 32 < 16 ? 0 : 4));
  for (size_t j = 0; j < self->cols && self->octal; j++)
    self->octal = codes[j] < 8;
  for (size_t g = 0; g < self->groups; g++)
    {
      self->scale[row * self->groups + g] = spqr_f32_to_f16 (layer->scale[g * self->rows + row]);
      self->zero[row * self->groups + g] = spqr_f32_to_f16 (layer->zero[g * self->rows + row]);
    }
}

static gboolean
alloc_parts (SpqrPacked *self, const SpqrLayer *layer)
{
  size_t n_outliers = spqr_layer_outliers (layer);

  self->codes = g_try_malloc0_n (self->rows, self->nibbles ? self->width / 2 : self->width);
  self->scale = g_try_new (guint16, self->rows * self->groups);
  self->zero = g_try_new (guint16, self->rows * self->groups);
  self->perm = g_try_new (gint32, self->cols);
  self->outlier_offsets = g_try_new0 (guint32, self->rows + 1);
  self->outlier_cols = g_try_new0 (guint32, n_outliers + LANES);        /* read in whole vectors */
  self->outlier_values = g_try_new0 (guint16, n_outliers + LANES);
  self->constants = g_try_new (SpqrConstantGroup, layer->n_constants + 1);
  self->constant_offsets = g_try_new0 (guint32, self->rows + 1);
  return self->codes != NULL && self->scale != NULL && self->zero != NULL && self->perm != NULL && self->outlier_offsets != NULL &&
         self->outlier_cols != NULL && self->outlier_values != NULL && self->constants != NULL && self->constant_offsets != NULL;
}

static void
copy_parts (SpqrPacked *self, const SpqrLayer *layer)
{
  size_t n_outliers = spqr_layer_outliers (layer);

  for (size_t row = 0; row < self->rows; row++)
    pack_row (self, layer, row);
  for (size_t j = 0; j < self->cols; j++)
    self->perm[j] = layer->perm[j];
  if (layer->outlier_offsets != NULL)
    memcpy (self->outlier_offsets, layer->outlier_offsets, (self->rows + 1) * sizeof (guint32));
  for (size_t i = 0; i < n_outliers; i++)
    {
      self->outlier_cols[i] = layer->outlier_cols[i];
      self->outlier_values[i] = spqr_f32_to_f16 (layer->outlier_values[i]);
    }
  self->ascending = TRUE;
  for (size_t row = 0; row < self->rows; row++)
    for (size_t i = self->outlier_offsets[row] + (size_t) 1; i < self->outlier_offsets[row + 1]; i++)
      self->ascending &= self->outlier_cols[i - 1] < self->outlier_cols[i];
  for (size_t i = 0; i < layer->n_constants; i++)
    {
      self->constants[i] = layer->constants[i];
      self->constant_offsets[layer->constants[i].row + 1]++;
    }
  for (size_t row = 0; row < self->rows; row++)
    self->constant_offsets[row + 1] += self->constant_offsets[row];
}

SpqrPacked *
spqr_packed_new (const SpqrLayer *layer)
{
  size_t group = layer->params.groupsize > 0 ? MIN ((size_t) layer->params.groupsize, layer->cols) : layer->cols;
  SpqrPacked *self;

  if (layer->params.compat_reference || layer->cols == 0 || layer->rows == 0 || (group < layer->cols && group % LANES != 0))
    return NULL;
  self = g_new0 (SpqrPacked, 1);
  self->rows = layer->rows;
  self->cols = layer->cols;
  self->width = (layer->cols + 31) / 32 * 32;
  self->group = group;
  self->groups = layer->groups;
  self->nibbles = layer->params.wbits <= 4;
  self->octal = layer->params.wbits <= 3;
  if (!alloc_parts (self, layer))
    {
      spqr_packed_free (self);
      return NULL;
    }
  copy_parts (self, layer);
  return self;
}

void
spqr_packed_free (SpqrPacked *packed)
{
  if (packed == NULL)
    return;
  g_free (packed->codes);
  g_free (packed->scale);
  g_free (packed->zero);
  g_free (packed->perm);
  g_free (packed->outlier_offsets);
  g_free (packed->outlier_cols);
  g_free (packed->outlier_values);
  g_free (packed->constants);
  g_free (packed->constant_offsets);
  g_free (packed);
}

size_t
spqr_packed_get_bytes (const SpqrPacked *packed)
{
  return packed->rows * (packed->nibbles ? packed->width / 2 : packed->width) + 4 * packed->rows * packed->groups +
         4 * packed->cols + 8 * (packed->rows + 1) + (size_t) 6 * packed->outlier_offsets[packed->rows] +
         packed->constant_offsets[packed->rows] * sizeof (SpqrConstantGroup);
}

/* ---- decoding ---- */

/* As spqr_f16_round(): the sum of |x| and 1.5 · 2^13 times its power of two has the grid of f16 numbers. */
static inline __attribute__ ((always_inline)) void
round_to_f16 (Lanes *value)
{
  const Lanes x = *value;
  const LanesInt least = (LanesInt) ((Lanes) {} + 0x1p-14f), too_large = (LanesInt) ((Lanes) {} + 65520.0f);
  const LanesInt infinity = (LanesInt) ((Lanes) {} + INFINITY);
  LanesInt power = (LanesInt) x & 0x7f800000, above = power > least, rounded, over;
  Lanes magic;

  power = (power & above) | (least & ~above);
  magic = (Lanes) power * 12288.0f;
  rounded = (LanesInt) (((Lanes) ((LanesInt) x & 0x7fffffff) + magic) - magic);
  over = rounded >= too_large;
  rounded = (rounded & ~over) | (infinity & over);
  *value = (Lanes) (rounded | ((LanesInt) x & G_MININT32));
}

#define TARGET
#define NAME(name) plain_##name
#define ROUND round_to_f16
#include "pack/spqr-packed-impl.h"
#undef TARGET
#undef NAME
#undef ROUND

#if SPQR_CPU_X86
static inline SPQR_TARGET_AVX2 void
avx2_round (Lanes *value)
{
  __m256 half[2];

  memcpy (half, value, sizeof half);
  for (int i = 0; i < 2; i++)
    half[i] = _mm256_cvtph_ps (_mm256_cvtps_ph (half[i], _MM_FROUND_TO_NEAREST_INT));
  memcpy (value, half, sizeof half);
}

static inline SPQR_TARGET_AVX512 void
avx512_round (Lanes *value)
{
  *value = (Lanes) _mm512_cvtph_ps (_mm512_cvtps_ph ((__m512) *value, _MM_FROUND_TO_NEAREST_INT));
}

/* A group has no more than 16 different weights: they are worked out once and looked up. Codes of 3 bits: two groups of
 * 16 columns share a vector. False: not this form. */
static SPQR_TARGET_AVX512 gboolean
avx512_look_up (const SpqrPacked *self, const guint8 *codes, const float *scale, const float *zero, float *out)
{
  const Lanes all = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 }, halves = { 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7 };
  gboolean pairs = self->octal && self->group == LANES;
  const __m512i upper = _mm512_set1_epi32 (pairs ? 8 : 0);
  size_t step = pairs ? 2 * LANES : self->groups == 1 ? self->width : self->group, g = 0;

  if (!self->nibbles || step % (2 * LANES) != 0)
    return FALSE;
  for (size_t first = 0; first < self->width; first += step, g += pairs ? 2 : 1)
    {
      size_t next = pairs && g + 1 < self->groups ? g + 1 : g;
      __m512 s = _mm512_mask_blend_ps (0xff00, _mm512_set1_ps (scale[g]), _mm512_set1_ps (scale[next]));
      __m512 z = _mm512_mask_blend_ps (0xff00, _mm512_set1_ps (zero[g]), _mm512_set1_ps (zero[next]));
      Lanes table = (pairs ? halves : all) - (Lanes) z;

      avx512_round (&table);
      table *= (Lanes) s;
      avx512_round (&table);
      for (size_t j = first; j < MIN (first + step, self->width); j += 2 * LANES)
        {
          /* The look-up takes the lowest four bits of an index alone. */
          __m512i both = _mm512_cvtepu8_epi32 (_mm_loadu_si128 ((const void *) (codes + j / 2)));
          __m512i high = _mm512_or_si512 (_mm512_srli_epi32 (both, 4), upper);

          _mm512_storeu_ps (out + j, _mm512_permutexvar_ps (both, (__m512) table));
          _mm512_storeu_ps (out + j + LANES, _mm512_permutexvar_ps (high, (__m512) table));
        }
    }
  return TRUE;
}

/* Of columns that differ from each other. */
static SPQR_TARGET_AVX512 void
avx512_add_outliers (const guint32 *cols, const guint16 *values, size_t n, float *out)
{
  for (size_t i = 0; i < n; i += LANES)
    {
      __mmask16 left = n - i >= LANES ? 0xffff : (__mmask16) ((1u << (n - i)) - 1);
      __m512i at = _mm512_loadu_si512 (cols + i);
      Lanes w = (Lanes) _mm512_mask_i32gather_ps (_mm512_setzero_ps (), left, at, out, 4);

      w += (Lanes) _mm512_cvtph_ps (_mm256_loadu_si256 ((const void *) (values + i)));
      avx512_round (&w);
      _mm512_mask_i32scatter_ps (out, left, at, (__m512) w, 4);
    }
}

#define TARGET SPQR_TARGET_AVX2
#define NAME(name) avx2_##name
#define ROUND avx2_round
#include "pack/spqr-packed-impl.h"
#undef TARGET
#undef NAME
#undef ROUND

#define TARGET SPQR_TARGET_AVX512
#define NAME(name) avx512_##name
#define ROUND avx512_round
#include "pack/spqr-packed-impl.h"
#undef TARGET
#undef NAME
#undef ROUND

#define PICK(name, ...)                                                   \
  (spqr_cpu () == SPQR_CPU_AVX512 ? avx512_##name (__VA_ARGS__) :         \
   spqr_cpu () == SPQR_CPU_AVX2 ? avx2_##name (__VA_ARGS__) : plain_##name (__VA_ARGS__))
#else
#define PICK(name, ...) plain_##name (__VA_ARGS__)
#endif

static void
decode_codes (const SpqrPacked *self, const guint8 *codes, const float *scale, const float *zero, float *out)
{
#if SPQR_CPU_X86
  if (spqr_cpu () == SPQR_CPU_AVX512 && avx512_look_up (self, codes, scale, zero, out))
    return;
#endif
  PICK (decode, self, codes, scale, zero, out);
}

static void
add_outliers (const SpqrPacked *self, size_t row, float *out)
{
  guint32 first = self->outlier_offsets[row], end = self->outlier_offsets[row + 1];

#if SPQR_CPU_X86
  if (spqr_cpu () == SPQR_CPU_AVX512 && self->ascending)
    {
      avx512_add_outliers (self->outlier_cols + first, self->outlier_values + first, end - first, out);
      return;
    }
#endif
  for (guint32 i = first; i < end; i++)
    out[self->outlier_cols[i]] = spqr_f16_round (out[self->outlier_cols[i]] + spqr_f16_to_f32 (self->outlier_values[i]));
}

/* out (width): row in the stored order. statistics: room for 2 · groups. */
static void
decode_row (const SpqrPacked *self, size_t row, float *statistics, float *out)
{
  const guint8 *codes = self->codes + row * (self->nibbles ? self->width / 2 : self->width);
  float *scale = statistics, *zero = statistics + self->groups;

  spqr_f16_to_f32_row (self->scale + row * self->groups, scale, self->groups);
  spqr_f16_to_f32_row (self->zero + row * self->groups, zero, self->groups);
  decode_codes (self, codes, scale, zero, out);
  memset (out + self->cols, 0, (self->width - self->cols) * sizeof *out);
  for (guint32 i = self->constant_offsets[row]; i < self->constant_offsets[row + 1]; i++)
    {
      size_t first = self->constants[i].group * self->group;

      for (size_t j = first; j < MIN (first + self->group, self->cols); j++)
        out[j] = self->constants[i].value;
    }
  add_outliers (self, row, out);
}

/* ---- products ---- */

/* So many floats from a whole cache line on: vectors that lie across two take twice as long. free(). */
static float *
alloc_lines (size_t n)
{
  return n <= (SIZE_MAX - 63) / sizeof (float) ? aligned_alloc (64, (n * sizeof (float) + 63) / 64 * 64) : NULL;
}

typedef struct {
  const SpqrPacked *packed;
  const float *x;               /* (tokens, width), stored order */
  size_t tokens;
  const float *bias;
  float *y, *tile;              /* tile (…, width): rows from row0 on */
  size_t ldy, row0;
  gint failed;                  /* atomic */
} Product;

/* Room for one row and its statistics; NULL: none. */
static float *
take_room (Product *product)
{
  float *room = alloc_lines (product->packed->width + 2 * product->packed->groups);

  if (room == NULL)
    g_atomic_int_set (&product->failed, 1);
  return room;
}

static void
few_rows (void *data, size_t begin, size_t end)
{
  Product *product = data;
  const SpqrPacked *packed = product->packed;
  g_autofree float *room = take_room (product);

  for (size_t row = begin; row < end && room != NULL; row++)
    {
      decode_row (packed, row, room + packed->width, room);
      for (size_t t = 0; t < product->tokens; t++)
        product->y[t * product->ldy + row] = PICK (dot, room, product->x + t * packed->width, packed->width) +
                                             (product->bias != NULL ? product->bias[row] : 0);
    }
}

static void
tile_rows (void *data, size_t begin, size_t end)
{
  Product *product = data;
  g_autofree float *room = take_room (product);

  for (size_t i = begin; i < end && room != NULL; i++)
    decode_row (product->packed, product->row0 + i, room, product->tile + i * product->packed->width);
}

static SpqrStatus
many_tokens (Product *product, const SpqrExec *exec)
{
  const SpqrPacked *packed = product->packed;
  SpqrStatus status = SPQR_OK;

  product->tile = alloc_lines (ROWS_A_TILE * packed->width);
  if (product->tile == NULL)
    return SPQR_NO_MEMORY;
  for (product->row0 = 0; product->row0 < packed->rows && status == SPQR_OK; product->row0 += ROWS_A_TILE)
    {
      size_t count = MIN (ROWS_A_TILE, packed->rows - product->row0);

      status = spqr_exec_run (exec, count, ROWS_A_PIECE, tile_rows, product);
      if (status == SPQR_OK && g_atomic_int_get (&product->failed))
        status = SPQR_NO_MEMORY;
      if (status == SPQR_OK)
        status = spqr_gemm_nt (product->x, packed->width, product->tokens, product->tile, SPQR_ELEM_F32, count, packed->width,
                               product->bias != NULL ? product->bias + product->row0 : NULL, product->y + product->row0,
                               product->ldy, exec);
    }
  free (product->tile);
  return status;
}

SpqrStatus
spqr_packed_product (const SpqrPacked *packed, const float *x, size_t ldx, size_t tokens, const float *bias, float *y,
                     size_t ldy, const SpqrExec *exec)
{
  Product product = { .packed = packed, .tokens = tokens, .bias = bias, .y = y, .ldy = ldy };
  g_autofree float *ordered = tokens <= SIZE_MAX / packed->width ? alloc_lines (MAX (tokens, 1) * packed->width) : NULL;
  SpqrStatus status;

  if (ordered == NULL)
    return SPQR_NO_MEMORY;
  for (size_t t = 0; t < tokens; t++)
    {
      for (size_t j = 0; j < packed->cols; j++)
        ordered[t * packed->width + j] = x[t * ldx + (size_t) packed->perm[j]];
      memset (ordered + t * packed->width + packed->cols, 0, (packed->width - packed->cols) * sizeof *ordered);
    }
  product.x = ordered;
  if (tokens > FEW_TOKENS)
    return many_tokens (&product, exec);
  status = spqr_exec_run (exec, packed->rows, ROWS_A_PIECE, few_rows, &product);
  return status == SPQR_OK && product.failed ? SPQR_NO_MEMORY : status;
}
