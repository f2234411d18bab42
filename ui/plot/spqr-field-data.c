#include "plot/spqr-field-data.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

G_DEFINE_QUARK (spqr-field-data-error-quark, spqr_field_data_error)
G_DEFINE_BOXED_TYPE (SpqrFieldData, spqr_field_data, spqr_field_data_ref, spqr_field_data_unref)

/* ---- one pass over the values: profiles, and the smallest magnitude ---- */

/* A value's place among magnitudes: 0 for NaN, of two equal ones the positive above. The comparisons
 * of whole numbers that come of it are done many at a time, those of floats with their NaNs are not. */
static inline uint32_t
rank_of (float value)
{
  uint32_t bits;
  memcpy (&bits, &value, sizeof bits);
  uint32_t rank = ((bits << 1) | (bits >> 31)) ^ 1; /* at most 0xff000001 but for NaN */
  return rank > 0xff000001u ? 0 : rank + 1;
}

static inline float
value_of (uint32_t rank)
{
  if (rank == 0)
    return NAN;
  uint32_t turned = (rank - 1) ^ 1, bits = (turned >> 1) | (turned << 31);
  float value;
  memcpy (&value, &bits, sizeof value);
  return value;
}

/* Zero, which is no magnitude, lies above all others. */
static inline uint32_t
magnitude_of (float value)
{
  uint32_t bits;
  memcpy (&bits, &value, sizeof bits);
  return (bits & 0x7fffffffu) - 1;
}

typedef struct {
  SpqrFieldData *data;
  size_t step;             /* rows a piece */
  uint32_t *cols;          /* (cols) ranks */
  uint32_t smallest;
  GMutex lock;
} Scan;

static uint32_t
scan_row (const float *row, size_t n, uint32_t *restrict cols, uint32_t *smallest)
{
  uint32_t best = 0, least = *smallest;
  for (size_t j = 0; j < n; j++)
    {
      uint32_t rank = rank_of (row[j]), magnitude = magnitude_of (row[j]);
      best = rank > best ? rank : best;
      cols[j] = rank > cols[j] ? rank : cols[j];
      least = magnitude < least ? magnitude : least;
    }
  *smallest = least;
  return best;
}

static void
scan_pieces (void *user_data, size_t begin, size_t end)
{
  Scan *scan = user_data;
  SpqrFieldData *d = scan->data;
  g_autofree uint32_t *cols = g_new0 (uint32_t, d->cols);
  uint32_t smallest = UINT32_MAX;
  for (size_t i = begin * scan->step; i < MIN (end * scan->step, d->rows); i++)
    d->row_profile[i] = value_of (scan_row (d->values + i * d->cols, d->cols, cols, &smallest));
  g_mutex_lock (&scan->lock);
  scan->smallest = MIN (scan->smallest, smallest);
  for (size_t j = 0; j < d->cols; j++)
    scan->cols[j] = MAX (scan->cols[j], cols[j]);
  g_mutex_unlock (&scan->lock);
}

enum { SAMPLE = 1 << 15, PIECES = 32 };

/* A fixed odd stride walks over all columns; the extremes are those of the whole. */
static void
take_sample (SpqrFieldData *d, uint32_t smallest)
{
  size_t n = d->rows * d->cols, stride = (n / SAMPLE + 1) | 1;
  uint32_t bits = smallest + 1;
  float least;
  memcpy (&least, &bits, sizeof least);
  for (size_t i = 0; i < n; i += stride)
    d->sample[d->n_sample++] = d->values[i];
  if (d->pyramid.min != 0 || d->pyramid.max != 0)
    {
      d->sample[d->n_sample++] = d->pyramid.min;
      d->sample[d->n_sample++] = d->pyramid.max;
    }
  if (smallest != UINT32_MAX && isfinite (least))
    d->sample[d->n_sample++] = least;
}

static SpqrStatus
scan_values (SpqrFieldData *d, const SpqrExec *exec)
{
  size_t n = d->rows * d->cols, stride = (n / SAMPLE + 1) | 1;
  g_autofree uint32_t *cols = g_try_new0 (uint32_t, d->cols);
  Scan scan = { .data = d, .step = d->rows / PIECES + 1, .cols = cols, .smallest = UINT32_MAX };
  d->row_profile = g_try_new (float, d->rows);
  d->col_profile = g_try_new (float, d->cols);
  d->sample = g_try_new (float, n / stride + 4);
  if (!cols || !d->row_profile || !d->col_profile || !d->sample)
    return SPQR_NO_MEMORY;
  g_mutex_init (&scan.lock);
  SpqrStatus status = spqr_exec_run (exec, (d->rows + scan.step - 1) / scan.step, 1, scan_pieces, &scan);
  g_mutex_clear (&scan.lock);
  for (size_t j = 0; j < d->cols; j++)
    d->col_profile[j] = value_of (cols[j]);
  if (status == SPQR_OK)
    take_sample (d, scan.smallest);
  return status;
}

SpqrScale
spqr_field_data_fit (const SpqrFieldData *d, SpqrScaleKind kind, double clip, bool symmetrical)
{
  return spqr_scale_fit (kind, d->sample, d->n_sample, clip, symmetrical);
}

static void
data_clear (gpointer box)
{
  SpqrFieldData *d = box;
  spqr_pyramid_clear (&d->pyramid);
  g_free (d->row_profile);
  g_free (d->col_profile);
  g_free (d->sample);
  if (d->owner_free)
    d->owner_free (d->owner);
}

SpqrFieldData *
spqr_field_data_new (const float *values, size_t rows, size_t cols, const SpqrExec *exec,
                     gpointer owner, GDestroyNotify owner_free, GError **error)
{
  return spqr_field_data_new_around (values, rows, cols, NULL, exec, owner, owner_free, error);
}

SpqrFieldData *
spqr_field_data_new_around (const float *values, size_t rows, size_t cols, SpqrPyramid *pyramid, const SpqrExec *exec,
                            gpointer owner, GDestroyNotify owner_free, GError **error)
{
  SpqrFieldData *d = g_atomic_rc_box_new0 (SpqrFieldData);
  d->rows = rows;
  d->cols = cols;
  d->values = values;
  d->owner = owner;
  d->owner_free = owner_free;
  SpqrStatus status = rows == 0 || cols == 0 ? SPQR_INVALID : SPQR_OK;
  if (pyramid != NULL)
    {
      d->pyramid = *pyramid;
      *pyramid = (SpqrPyramid) { 0 };
    }
  else if (status == SPQR_OK)
    status = spqr_pyramid_build (values, rows, cols, exec, &d->pyramid);
  if (status == SPQR_OK)
    status = scan_values (d, exec);
  if (status == SPQR_OK && spqr_exec_should_stop (exec))
    status = SPQR_CANCELLED;
  if (status != SPQR_OK)
    {
      int code = status == SPQR_NO_MEMORY ? SPQR_FIELD_DATA_ERROR_NO_MEMORY
                 : status == SPQR_CANCELLED ? SPQR_FIELD_DATA_ERROR_CANCELLED : SPQR_FIELD_DATA_ERROR_EMPTY;
      g_set_error (error, SPQR_FIELD_DATA_ERROR, code, _("A field of %zu × %zu values cannot be shown: %s"),
                   rows, cols, status == SPQR_INVALID ? _("it is empty") : spqr_status_text (status));
      spqr_field_data_unref (d);
      return NULL;
    }
  return d;
}

SpqrFieldData *
spqr_field_data_ref (SpqrFieldData *data)
{
  return g_atomic_rc_box_acquire (data);
}

void
spqr_field_data_unref (SpqrFieldData *data)
{
  g_atomic_rc_box_release_full (data, data_clear);
}
