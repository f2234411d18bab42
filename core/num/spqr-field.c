/* spqr-field.c: a quantity per weight, in original column order.
 *
 *   sensitivity   s_ij = (w_ij - w^_ij)^2 / (2 [H^-1]_jj)        SpQR, eq. 2, w^ by plain rounding
 *   [H^-1]_jj     = sum over k <= j of u_kj^2, as U'U = H^-1 (j in permuted order) */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize ("O3")     /* loops over a group are to become vectors */
#endif

#include "num/spqr-field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "num/spqr-cpu.h"
#include "num/spqr-quantizer.h"

#define COLUMNS 256
#define ROWS_AT_ONCE 8
#define LANES 16

void
spqr_factor_inverse_diagonal (const SpqrFactor *factor, float *out)
{
  size_t n = factor->n;

  for (size_t j0 = 0; j0 < n; j0 += COLUMNS)
    {
      double sums[COLUMNS] = { 0 };
      size_t end = n - j0 < COLUMNS ? n : j0 + COLUMNS;

      for (size_t k = 0; k < end; k++)
        for (size_t j = k > j0 ? k : j0; j < end; j++)
          sums[j - j0] += (double) factor->u[k * n + j] * (double) factor->u[k * n + j];
      for (size_t j = j0; j < end; j++)
        out[factor->perm[j]] = (float) sums[j - j0];
    }
}

/* ---- sensitivity ---- */

typedef struct {
  const float *w, *hinv_diag;
  size_t m, n, group;
  float maxq;
  bool sym, round_zero, compat;
  float *lo, *hi;               /* (groups) of all rows together, or NULL: each row has its own */
  float *out;
} Sensitivity;

static inline __attribute__ ((always_inline)) void
group_range (const float *restrict w, const size_t k, float *lo, float *hi)
{
  float low[LANES], high[LANES];

  for (size_t l = 0; l < LANES; l++)
    low[l] = high[l] = w[l < k ? l : 0];
  for (size_t i = LANES; i < k; i += LANES)
    for (size_t l = 0; l < LANES; l++)
      {
        float v = w[i + l < k ? i + l : 0];

        low[l] = v < low[l] ? v : low[l];
        high[l] = v > high[l] ? v : high[l];
      }
  *lo = low[0];
  *hi = high[0];
  for (size_t l = 1; l < LANES; l++)
    {
      *lo = low[l] < *lo ? low[l] : *lo;
      *hi = high[l] > *hi ? high[l] : *hi;
    }
}

/* h: (k) diagonal of H^-1 or NULL. */
static inline __attribute__ ((always_inline)) void
group_sensitivity (const Sensitivity *job, const float *restrict w, const float *restrict h, const size_t k,
                   float lo, float hi, float *restrict out)
{
  float maxq = job->maxq, scale, zero;

  spqr_fit_range (lo, hi, maxq, job->sym, job->compat, &scale, &zero);
  if (job->round_zero)
    zero = rintf (zero);
  if (lo == hi && !job->compat)
    {
      memset (out, 0, k * sizeof *out);
      return;
    }
  for (size_t i = 0; i < k; i++)
    {
      float error = w[i] - spqr_dequantize_value (spqr_quantize_value (w[i], scale, zero, maxq), scale, zero);

      out[i] = error * error * 0.5f;
    }
  if (h != NULL)
    for (size_t i = 0; i < k; i++)
      out[i] /= h[i];
}

static inline __attribute__ ((always_inline)) void
row_sensitivity (const Sensitivity *job, size_t row)
{
  const float *w = job->w + row * job->n;
  float *out = job->out + row * job->n;

  for (size_t j = 0, g = 0; j < job->n; j += job->group, g++)
    {
      size_t k = job->n - j < job->group ? job->n - j : job->group;
      const float *h = job->hinv_diag != NULL ? job->hinv_diag + j : NULL;
      float lo, hi;

      if (job->lo != NULL)
        {
          lo = job->lo[g];
          hi = job->hi[g];
        }
      else if (k == LANES)
        group_range (w + j, LANES, &lo, &hi);
      else
        group_range (w + j, k, &lo, &hi);
      if (k == LANES)
        group_sensitivity (job, w + j, h, LANES, lo, hi, out + j);
      else
        group_sensitivity (job, w + j, h, k, lo, hi, out + j);
    }
}

static void
rows_sensitivity_plain (const Sensitivity *job, size_t begin, size_t end)
{
  for (size_t row = begin; row < end; row++)
    row_sensitivity (job, row);
}

#if SPQR_CPU_X86

SPQR_TARGET_AVX2 static void
rows_sensitivity_avx2 (const Sensitivity *job, size_t begin, size_t end)
{
  for (size_t row = begin; row < end; row++)
    row_sensitivity (job, row);
}

SPQR_TARGET_AVX512 static void
rows_sensitivity_avx512 (const Sensitivity *job, size_t begin, size_t end)
{
  for (size_t row = begin; row < end; row++)
    row_sensitivity (job, row);
}

#endif

static void
rows_sensitivity (void *data, size_t begin, size_t end)
{
#if SPQR_CPU_X86
  SpqrCpu cpu = spqr_cpu ();

  if (cpu >= SPQR_CPU_AVX512)
    rows_sensitivity_avx512 (data, begin, end);
  else if (cpu >= SPQR_CPU_AVX2)
    rows_sensitivity_avx2 (data, begin, end);
  else
#endif
    rows_sensitivity_plain (data, begin, end);
}

/* Range of each group over all rows, for perchannel off. */
static void
shared_ranges (void *data, size_t begin, size_t end)
{
  Sensitivity *job = data;

  for (size_t g = begin; g < end; g++)
    {
      size_t j = g * job->group;
      size_t k = job->n - j < job->group ? job->n - j : job->group;
      float lo = INFINITY, hi = -INFINITY;

      for (size_t row = 0; row < job->m; row++)
        {
          float row_lo, row_hi;

          group_range (job->w + row * job->n + j, k, &row_lo, &row_hi);
          lo = row_lo < lo ? row_lo : lo;
          hi = row_hi > hi ? row_hi : hi;
        }
      job->lo[g] = lo;
      job->hi[g] = hi;
    }
}

SpqrStatus
spqr_field_sensitivity (const float *w, size_t m, size_t n, const float *hinv_diag,
                        const SpqrParams *params, const SpqrExec *exec, float *out)
{
  Sensitivity job = {
    .w = w, .hinv_diag = hinv_diag, .m = m, .n = n, .out = out, .sym = params->sym,
    .round_zero = params->round_zero, .compat = params->compat_reference,
  };
  size_t groups;
  SpqrStatus status = SPQR_OK;

  if (params->wbits < 1 || params->wbits > 8 || params->groupsize < 0)
    return SPQR_INVALID;
  if (m == 0 || n == 0)
    return SPQR_OK;
  job.maxq = spqr_max_code (params->wbits);
  job.group = params->groupsize > 0 ? (size_t) params->groupsize : n;
  groups = n / job.group + (n % job.group != 0);
  if (!params->perchannel)
    {
      job.lo = malloc (2 * groups * sizeof *job.lo);
      if (job.lo == NULL)
        return SPQR_NO_MEMORY;
      job.hi = job.lo + groups;
      status = spqr_exec_run (exec, groups, 1, shared_ranges, &job);
    }
  if (status == SPQR_OK)
    status = spqr_exec_run (exec, m, ROWS_AT_ONCE, rows_sensitivity, &job);
  free (job.lo);
  return status;
}

/* ---- what a quantized layer says ---- */

typedef struct {
  SpqrField field;
  const float *w, *gain;
  const SpqrLayer *layer;
  float *out;
} LayerField;

static void
row_error (const LayerField *job, size_t row, float *out)
{
  size_t n = job->layer->cols;
  const float *w = job->w + row * n;

  spqr_layer_decode (job->layer, row, 1, out);
  for (size_t j = 0; j < n; j++)
    out[j] = w[j] - out[j];
}

static void
row_outliers (const LayerField *job, size_t row, float *out)
{
  const SpqrLayer *layer = job->layer;

  memset (out, 0, layer->cols * sizeof *out);
  for (size_t i = layer->outlier_offsets[row]; i < layer->outlier_offsets[row + 1]; i++)
    out[layer->perm[layer->outlier_cols[i]]] = 1.0f;
}

static void
row_statistics (const LayerField *job, const float *statistics, size_t row, float *out)
{
  const SpqrLayer *layer = job->layer;
  size_t group = layer->params.groupsize > 0 ? (size_t) layer->params.groupsize : layer->cols;

  for (size_t j = 0; j < layer->cols; j++)
    out[layer->perm[j]] = statistics[j / group * layer->rows + row];
}

static void
layer_row (const LayerField *job, size_t row)
{
  const SpqrLayer *layer = job->layer;
  size_t n = layer->cols;
  float *out = job->out + row * n;

  switch (job->field)
    {
    case SPQR_FIELD_WEIGHT:
      memcpy (out, job->w + row * n, n * sizeof *out);
      break;
    case SPQR_FIELD_ABS_WEIGHT:
      for (size_t j = 0; j < n; j++)
        out[j] = fabsf (job->w[row * n + j]);
      break;
    case SPQR_FIELD_ERROR:
      row_error (job, row, out);
      break;
    case SPQR_FIELD_LOO_GAIN:
      for (size_t j = 0; j < n; j++)
        out[layer->perm[j]] = job->gain[row * n + j];
      break;
    case SPQR_FIELD_OUTLIERS:
      row_outliers (job, row, out);
      break;
    case SPQR_FIELD_CODES:
      for (size_t j = 0; j < n; j++)
        out[layer->perm[j]] = (float) layer->codes[row * n + j];
      break;
    case SPQR_FIELD_SCALES:
      row_statistics (job, layer->scale, row, out);
      break;
    case SPQR_FIELD_ZEROS:
      row_statistics (job, layer->zero, row, out);
      break;
    case SPQR_FIELD_SENSITIVITY:
    case SPQR_N_FIELDS:
    default:
      break;
    }
}

static void
layer_rows (void *data, size_t begin, size_t end)
{
  for (size_t row = begin; row < end; row++)
    layer_row (data, row);
}

/* Whether everything that the field is made of is there. */
static bool
field_has_sources (const LayerField *job)
{
  switch (job->field)
    {
    case SPQR_FIELD_WEIGHT:
    case SPQR_FIELD_ABS_WEIGHT:
    case SPQR_FIELD_ERROR:
      return job->w != NULL;
    case SPQR_FIELD_LOO_GAIN:
      return job->gain != NULL;
    case SPQR_FIELD_OUTLIERS:
      return job->layer->outlier_offsets != NULL;
    case SPQR_FIELD_CODES:
      return job->layer->codes != NULL;
    case SPQR_FIELD_SCALES:
      return job->layer->scale != NULL;
    case SPQR_FIELD_ZEROS:
      return job->layer->zero != NULL;
    case SPQR_FIELD_SENSITIVITY:
    case SPQR_N_FIELDS:
    default:
      return false;
    }
}

SpqrStatus
spqr_field_compute (SpqrField field, const float *w, const SpqrLayer *layer,
                    const SpqrLayerTrace *trace, const SpqrExec *exec, float *out)
{
  LayerField job = { field, w, trace != NULL ? trace->loo_gain : NULL, layer, out };

  if (!field_has_sources (&job))
    return SPQR_INVALID;
  return spqr_exec_run (exec, layer->rows, ROWS_AT_ONCE, layer_rows, &job);
}
