/* spqr-pyramid.c: max-pooling by magnitude.
 *
 * A value's key is its bits with the sign moved to the bottom and turned over: comparing keys as
 * unsigned integers compares magnitudes, the positive of two equal ones wins, NaN beats Inf. Keys
 * order all values, so the result does not depend on the order of pooling.
 *
 * Bands of 64 rows make their part of the levels 1 … 6 while it is in the cache; what is above is
 * small. */
#include "num/spqr-pyramid.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "num/spqr-large.h"
#include "num/spqr-simd-private.h"

#define BAND_LEVELS 6
#define BAND_ROWS ((size_t) 1 << BAND_LEVELS)
#define MAX_LEVELS 65
#define SAMPLE_COLS 256

typedef struct { float min, max; } Range;

static inline uint32_t
key_of (float value)
{
  uint32_t bits;

  memcpy (&bits, &value, sizeof bits);
  return ((bits << 1) | (bits >> 31)) ^ 1u;
}

static inline float
value_of (uint32_t key)
{
  uint32_t bits = key ^ 1u;
  float value;

  bits = (bits >> 1) | (bits << 31);
  memcpy (&value, &bits, sizeof value);
  return value;
}

static inline uint32_t
key_max (uint32_t a, uint32_t b)
{
  return a > b ? a : b;
}

/* ---- one row of a level from two rows (perhaps the same) of the level below ---- */

static void
pool_rows_plain (const float *a, const float *b, size_t cols, float *out, size_t from)
{
  size_t i = from;

  for (; 2 * i + 1 < cols; i++)
    out[i] = value_of (key_max (key_max (key_of (a[2 * i]), key_of (a[2 * i + 1])),
                                key_max (key_of (b[2 * i]), key_of (b[2 * i + 1]))));
  if (2 * i < cols)
    out[i] = value_of (key_max (key_of (a[2 * i]), key_of (b[2 * i])));
}

static inline void
range_add (Range *range, float value)
{
  if (!isfinite (value))
    return;
  range->min = value < range->min ? value : range->min;
  range->max = value > range->max ? value : range->max;
}

static void
range_add_row (Range *range, const float *a, size_t from, size_t cols)
{
  for (size_t i = from; i < cols; i++)
    range_add (range, a[i]);
}

#if SPQR_CPU_X86

SPQR_TARGET_AVX512 static inline __m512i
keys_avx512 (const float *a)
{
  return _mm512_xor_epi32 (_mm512_rol_epi32 (_mm512_loadu_si512 (a), 1), _mm512_set1_epi32 (1));
}

SPQR_TARGET_AVX512 static size_t
pool_rows_avx512 (const float *a, const float *b, size_t cols, float *out)
{
  const __m512i even = _mm512_setr_epi32 (0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const __m512i one = _mm512_set1_epi32 (1);
  const __m512i odd = _mm512_add_epi32 (even, one);
  size_t i = 0;

  for (; 2 * i + 32 <= cols; i += 16)
    {
      __m512i low = _mm512_max_epu32 (keys_avx512 (a + 2 * i), keys_avx512 (b + 2 * i));
      __m512i high = _mm512_max_epu32 (keys_avx512 (a + 2 * i + 16), keys_avx512 (b + 2 * i + 16));
      __m512i most = _mm512_max_epu32 (_mm512_permutex2var_epi32 (low, even, high),
                                       _mm512_permutex2var_epi32 (low, odd, high));

      _mm512_storeu_si512 (out + i, _mm512_ror_epi32 (_mm512_xor_epi32 (most, one), 1));
    }
  return i;
}

SPQR_TARGET_AVX512 static size_t
range_add_row_avx512 (Range *range, const float *a, size_t cols)
{
  __m512 low = _mm512_set1_ps (range->min), high = _mm512_set1_ps (range->max);
  size_t i = 0;

  for (; i + 16 <= cols; i += 16)
    {
      __m512 v = _mm512_loadu_ps (a + i);
      __mmask16 finite = _knot_mask16 (_mm512_fpclass_ps_mask (v, 0x99));     /* NaN, Inf */

      low = _mm512_mask_min_ps (low, finite, low, v);
      high = _mm512_mask_max_ps (high, finite, high, v);
    }
  range->min = _mm512_reduce_min_ps (low);
  range->max = _mm512_reduce_max_ps (high);
  return i;
}

SPQR_TARGET_AVX2 static inline __m256i
keys_avx2 (const float *a)
{
  __m256i bits = _mm256_loadu_si256 ((const void *) a);
  __m256i turned = _mm256_or_si256 (_mm256_slli_epi32 (bits, 1), _mm256_srli_epi32 (bits, 31));

  return _mm256_xor_si256 (turned, _mm256_set1_epi32 (1));
}

SPQR_TARGET_AVX2 static size_t
pool_rows_avx2 (const float *a, const float *b, size_t cols, float *out)
{
  size_t i = 0;

  for (; 2 * i + 16 <= cols; i += 8)
    {
      __m256 low = _mm256_castsi256_ps (_mm256_max_epu32 (keys_avx2 (a + 2 * i), keys_avx2 (b + 2 * i)));
      __m256 high = _mm256_castsi256_ps (_mm256_max_epu32 (keys_avx2 (a + 2 * i + 8), keys_avx2 (b + 2 * i + 8)));
      __m256i even = _mm256_castps_si256 (_mm256_shuffle_ps (low, high, 0x88));
      __m256i odd = _mm256_castps_si256 (_mm256_shuffle_ps (low, high, 0xdd));
      __m256i most = _mm256_xor_si256 (_mm256_max_epu32 (even, odd), _mm256_set1_epi32 (1));
      __m256i bits = _mm256_or_si256 (_mm256_srli_epi32 (most, 1), _mm256_slli_epi32 (most, 31));

      _mm256_storeu_si256 ((void *) (out + i), _mm256_permute4x64_epi64 (bits, 0xd8));
    }
  return i;
}

SPQR_TARGET_AVX2 static size_t
range_add_row_avx2 (Range *range, const float *a, size_t cols)
{
  const __m256i infinity = _mm256_set1_epi32 (0x7f800000);
  __m256 low = _mm256_set1_ps (range->min), high = _mm256_set1_ps (range->max);
  float lanes[16];
  size_t i = 0;

  for (; i + 8 <= cols; i += 8)
    {
      __m256 v = _mm256_loadu_ps (a + i);
      __m256i magnitude = _mm256_and_si256 (_mm256_castps_si256 (v), _mm256_set1_epi32 (0x7fffffff));
      __m256 finite = _mm256_castsi256_ps (_mm256_cmpgt_epi32 (infinity, magnitude));

      low = _mm256_blendv_ps (low, _mm256_min_ps (low, v), finite);
      high = _mm256_blendv_ps (high, _mm256_max_ps (high, v), finite);
    }
  _mm256_storeu_ps (lanes, low);
  _mm256_storeu_ps (lanes + 8, high);
  for (int l = 0; l < 8; l++)
    {
      range->min = fminf (range->min, lanes[l]);
      range->max = fmaxf (range->max, lanes[8 + l]);
    }
  return i;
}

#endif

static void
pool_rows (const float *a, const float *b, size_t cols, float *out)
{
  size_t i = 0;

#if SPQR_CPU_X86
  SpqrCpu cpu = spqr_cpu ();

  if (cpu >= SPQR_CPU_AVX512)
    i = pool_rows_avx512 (a, b, cols, out);
  else if (cpu >= SPQR_CPU_AVX2)
    i = pool_rows_avx2 (a, b, cols, out);
#endif
  pool_rows_plain (a, b, cols, out, i);
}

static void
range_of_row (Range *range, const float *a, size_t cols)
{
  size_t i = 0;

#if SPQR_CPU_X86
  SpqrCpu cpu = spqr_cpu ();

  if (cpu >= SPQR_CPU_AVX512)
    i = range_add_row_avx512 (range, a, cols);
  else if (cpu >= SPQR_CPU_AVX2)
    i = range_add_row_avx2 (range, a, cols);
#endif
  range_add_row (range, a, i, cols);
}

/* ---- building ---- */

typedef struct {
  SpqrPyramid *pyramid;
  Range *ranges;                /* per band */
} Build;

/* Row `row` of level k from level k - 1. */
static void
build_row (const SpqrPyramid *pyramid, size_t k, size_t row)
{
  const SpqrPyramidLevel *below = &pyramid->levels[k - 1];
  SpqrPyramidLevel *level = &pyramid->levels[k];
  const float *a = below->data + 2 * row * below->cols;
  const float *b = 2 * row + 1 < below->rows ? a + below->cols : a;

  pool_rows (a, b, below->cols, level->owned + row * level->cols);
}

/* In the order of a binary counter: two rows are pooled as soon as both are there. */
static void
build_band (const Build *build, size_t band)
{
  const SpqrPyramid *pyramid = build->pyramid;
  const SpqrPyramidLevel *field = &pyramid->levels[0];
  size_t row0 = band * BAND_ROWS;
  Range *range = &build->ranges[band];

  for (size_t row = row0; row < field->rows && row < row0 + BAND_ROWS; row++)
    {
      bool last = row + 1 == field->rows;
      size_t at = row;

      range_of_row (range, field->data + row * field->cols, field->cols);
      for (size_t k = 1; k <= BAND_LEVELS && k < pyramid->n_levels && (at % 2 == 1 || last); k++)
        {
          at /= 2;
          build_row (pyramid, k, at);
        }
    }
}

static void
build_bands (void *data, size_t begin, size_t end)
{
  for (size_t band = begin; band < end; band++)
    build_band (data, band);
}

static SpqrStatus
pyramid_alloc (SpqrPyramid *pyramid, const float *field, size_t rows, size_t cols)
{
  pyramid->levels = calloc (MAX_LEVELS, sizeof *pyramid->levels);
  if (pyramid->levels == NULL)
    return SPQR_NO_MEMORY;
  pyramid->levels[0] = (SpqrPyramidLevel) { field, NULL, rows, cols };
  pyramid->n_levels = 1;
  while (rows > 1 || cols > 1)
    {
      SpqrPyramidLevel *level = &pyramid->levels[pyramid->n_levels];

      rows = rows / 2 + rows % 2;
      cols = cols / 2 + cols % 2;
      level->rows = rows;
      level->cols = cols;
      level->owned = spqr_large_alloc (rows * cols * sizeof (float));
      level->data = level->owned;
      if (level->owned == NULL)
        return SPQR_NO_MEMORY;
      pyramid->n_levels++;
    }
  return SPQR_OK;
}

static void
pyramid_finish (SpqrPyramid *pyramid, const Range *ranges, size_t n_bands)
{
  Range all = { INFINITY, -INFINITY };

  for (size_t k = BAND_LEVELS + 1; k < pyramid->n_levels; k++)
    for (size_t row = 0; row < pyramid->levels[k].rows; row++)
      build_row (pyramid, k, row);
  for (size_t band = 0; band < n_bands; band++)
    {
      all.min = fminf (all.min, ranges[band].min);
      all.max = fmaxf (all.max, ranges[band].max);
    }
  pyramid->min = all.min <= all.max ? all.min + 0.0f : 0.0f;
  pyramid->max = all.min <= all.max ? all.max + 0.0f : 0.0f;
}

SpqrStatus
spqr_pyramid_build (const float *field, size_t rows, size_t cols, const SpqrExec *exec,
                    SpqrPyramid *pyramid)
{
  size_t n_bands = rows / BAND_ROWS + (rows % BAND_ROWS != 0);
  Build build = { .pyramid = pyramid };
  SpqrStatus status;

  memset (pyramid, 0, sizeof *pyramid);
  if (rows == 0 || cols == 0)
    return SPQR_OK;
  if (cols > SIZE_MAX / sizeof (float) / 2 / rows)
    return SPQR_INVALID;
  build.ranges = malloc (n_bands * sizeof *build.ranges);
  status = build.ranges != NULL ? pyramid_alloc (pyramid, field, rows, cols) : SPQR_NO_MEMORY;
  if (status == SPQR_OK)
    {
      for (size_t band = 0; band < n_bands; band++)
        build.ranges[band] = (Range) { INFINITY, -INFINITY };
      status = spqr_exec_run (exec, n_bands, 1, build_bands, &build);
    }
  if (status == SPQR_OK)
    pyramid_finish (pyramid, build.ranges, n_bands);
  else
    spqr_pyramid_clear (pyramid);
  free (build.ranges);
  return status;
}

void
spqr_pyramid_clear (SpqrPyramid *pyramid)
{
  for (size_t k = 0; k < pyramid->n_levels; k++)
    free (pyramid->levels[k].owned);
  free (pyramid->levels);
  memset (pyramid, 0, sizeof *pyramid);
}

/* ---- sampling ---- */

typedef struct {
  double start, step;           /* of pixels, in cells of the field */
  size_t length;                /* cells of the field along this axis */
  size_t level_length;
  double cell;                  /* 2^k cells of the field are one of the level */
} Axis;

typedef struct { size_t begin, end; } Span;

/* The level's cells that pixel i shows; empty outside the field. */
static Span
axis_span (const Axis *axis, size_t i)
{
  const double sliver = 1e-9;   /* what rounding may add to a pixel's edge */
  double from = axis->start + (double) i * axis->step;
  double to = axis->start + (double) (i + 1) * axis->step;
  Span span = { 0, 0 };

  if (axis->step < 1)
    {
      double centre = (from + to) / 2;

      if (!(centre >= 0) || !(centre < (double) axis->length))
        return span;
      span.begin = (size_t) centre;
      span.end = span.begin + 1;
      return span;
    }
  from = fmax (from + sliver * axis->step, 0);
  to = fmin (to - sliver * axis->step, (double) axis->length);
  if (!(from < to))
    return span;
  span.begin = (size_t) (from / axis->cell);
  span.end = (size_t) ceil (to / axis->cell);
  if (span.end > axis->level_length)
    span.end = axis->level_length;
  return span;
}

static size_t
choose_level (const SpqrPyramid *pyramid, double step)
{
  size_t k = 0;

  while (k + 1 < pyramid->n_levels && ldexp (1.0, (int) k + 1) <= step * (1 + 1e-12))
    k++;
  return k;
}

static float
pool_cells (const SpqrPyramidLevel *level, Span rows, Span cols)
{
  uint32_t most = 0;

  if (rows.begin >= rows.end || cols.begin >= cols.end)
    return NAN;
  for (size_t row = rows.begin; row < rows.end; row++)
    for (size_t col = cols.begin; col < cols.end; col++)
      most = key_max (most, key_of (level->data[row * level->cols + col]));
  return value_of (most);
}

void
spqr_pyramid_sample (const SpqrPyramid *pyramid, double row0, double row1, double col0, double col1,
                     size_t out_rows, size_t out_cols, float *out)
{
  Axis y, x;
  const SpqrPyramidLevel *level;
  size_t k;

  if (out_rows == 0 || out_cols == 0)
    return;
  if (pyramid->n_levels == 0)
    {
      for (size_t i = 0; i < out_rows * out_cols; i++)
        out[i] = NAN;
      return;
    }
  y = (Axis) { .start = row0, .step = (row1 - row0) / (double) out_rows, .length = pyramid->levels[0].rows };
  x = (Axis) { .start = col0, .step = (col1 - col0) / (double) out_cols, .length = pyramid->levels[0].cols };
  k = choose_level (pyramid, fmin (y.step, x.step));
  level = &pyramid->levels[k];
  y.cell = x.cell = ldexp (1.0, (int) k);
  y.level_length = level->rows;
  x.level_length = level->cols;

  for (size_t j0 = 0; j0 < out_cols; j0 += SAMPLE_COLS)
    {
      size_t count = out_cols - j0 < SAMPLE_COLS ? out_cols - j0 : SAMPLE_COLS;
      Span cols[SAMPLE_COLS];

      for (size_t j = 0; j < count; j++)
        cols[j] = axis_span (&x, j0 + j);
      for (size_t i = 0; i < out_rows; i++)
        {
          Span rows = axis_span (&y, i);

          for (size_t j = 0; j < count; j++)
            out[i * out_cols + j0 + j] = pool_cells (level, rows, cols[j]);
        }
    }
}
