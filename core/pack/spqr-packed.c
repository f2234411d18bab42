/* spqr-packed.c: rows are decoded in the stored (permuted) order of columns, and x is brought into it once.
 *
 *   w_j = f16 (s f16 (c_j - z))         f16 (): rounded to the nearest f16 number
 *
 * 16 columns at a time, which have one scale and one zero. Codes of 4 bits: byte i of a stretch of 32 columns has
 * column i in its low half and column 16 + i in its high half. */
#include "pack/spqr-packed.h"

#include <glib.h>
#include <math.h>
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
  gboolean nibbles;
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
  self->outlier_cols = g_try_new (guint32, n_outliers + 1);
  self->outlier_values = g_try_new (guint16, n_outliers + 1);
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

/* out (width): row in the stored order. statistics: room for 2 · groups. */
static void
decode_row (const SpqrPacked *self, size_t row, float *statistics, float *out)
{
  const guint8 *codes = self->codes + row * (self->nibbles ? self->width / 2 : self->width);
  float *scale = statistics, *zero = statistics + self->groups;

  spqr_f16_to_f32_row (self->scale + row * self->groups, scale, self->groups);
  spqr_f16_to_f32_row (self->zero + row * self->groups, zero, self->groups);
  PICK (decode, self, codes, scale, zero, out);
  memset (out + self->cols, 0, (self->width - self->cols) * sizeof *out);
  for (guint32 i = self->constant_offsets[row]; i < self->constant_offsets[row + 1]; i++)
    {
      size_t first = self->constants[i].group * self->group;

      for (size_t j = first; j < MIN (first + self->group, self->cols); j++)
        out[j] = self->constants[i].value;
    }
  for (guint32 i = self->outlier_offsets[row]; i < self->outlier_offsets[row + 1]; i++)
    out[self->outlier_cols[i]] = spqr_f16_round (out[self->outlier_cols[i]] + spqr_f16_to_f32 (self->outlier_values[i]));
}

/* ---- products ---- */

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
  float *room = g_try_new (float, product->packed->width + 2 * product->packed->groups);

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

  product->tile = g_try_new (float, ROWS_A_TILE * packed->width);
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
  g_free (product->tile);
  return status;
}

SpqrStatus
spqr_packed_product (const SpqrPacked *packed, const float *x, size_t ldx, size_t tokens, const float *bias, float *y,
                     size_t ldy, const SpqrExec *exec)
{
  Product product = { .packed = packed, .tokens = tokens, .bias = bias, .y = y, .ldy = ldy };
  g_autofree float *ordered = g_try_malloc0_n (MAX (tokens, 1), packed->width * sizeof (float));
  SpqrStatus status;

  if (ordered == NULL)
    return SPQR_NO_MEMORY;
  for (size_t t = 0; t < tokens; t++)
    for (size_t j = 0; j < packed->cols; j++)
      ordered[t * packed->width + j] = x[t * ldx + (size_t) packed->perm[j]];
  product.x = ordered;
  if (tokens > FEW_TOKENS)
    return many_tokens (&product, exec);
  status = spqr_exec_run (exec, packed->rows, ROWS_A_PIECE, few_rows, &product);
  return status == SPQR_OK && product.failed ? SPQR_NO_MEMORY : status;
}
