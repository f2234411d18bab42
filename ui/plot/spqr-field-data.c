#include "plot/spqr-field-data.h"

#include <glib/gi18n-lib.h>
#include <math.h>

G_DEFINE_QUARK (spqr-field-data-error-quark, spqr_field_data_error)
G_DEFINE_BOXED_TYPE (SpqrFieldData, spqr_field_data, spqr_field_data_ref, spqr_field_data_unref)

static inline float
larger (float a, float b)
{
  return fabsf (b) > fabsf (a) || a != a ? b : a;
}

static void
compute_profiles (SpqrFieldData *d)
{
  for (size_t j = 0; j < d->cols; j++)
    d->col_profile[j] = NAN;
  for (size_t i = 0; i < d->rows; i++)
    {
      const float *row = d->values + i * d->cols;
      float best = NAN;
      for (size_t j = 0; j < d->cols; j++)
        {
          best = larger (best, row[j]);
          d->col_profile[j] = larger (d->col_profile[j], row[j]);
        }
      d->row_profile[i] = best;
    }
}

enum { SAMPLE = 1 << 15 };

/* A fixed odd stride walks over all columns; the extremes are those of the whole. */
static bool
take_sample (SpqrFieldData *d)
{
  size_t n = d->rows * d->cols, stride = (n / SAMPLE + 1) | 1;
  float least = INFINITY, most = -INFINITY, smallest = INFINITY;
  d->sample = g_try_new (float, n / stride + 4);
  if (!d->sample)
    return false;
  for (size_t i = 0; i < n; i++)
    {
      float v = d->values[i], a = fabsf (v);
      if (!isfinite (v))
        continue;
      least = v < least ? v : least;
      most = v > most ? v : most;
      smallest = a > 0 && a < smallest ? a : smallest;
    }
  for (size_t i = 0; i < n; i += stride)
    d->sample[d->n_sample++] = d->values[i];
  d->sample[d->n_sample++] = least;
  d->sample[d->n_sample++] = most;
  d->sample[d->n_sample++] = smallest; /* infinite ones are left out later */
  return true;
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
  SpqrFieldData *d = g_atomic_rc_box_new0 (SpqrFieldData);
  d->rows = rows;
  d->cols = cols;
  d->values = values;
  d->owner = owner;
  d->owner_free = owner_free;
  SpqrStatus status = rows == 0 || cols == 0 ? SPQR_INVALID : SPQR_OK;
  if (status == SPQR_OK)
    status = spqr_pyramid_build (values, rows, cols, exec, &d->pyramid);
  if (status == SPQR_OK)
    {
      d->row_profile = g_try_new (float, rows);
      d->col_profile = g_try_new (float, cols);
      if (!d->row_profile || !d->col_profile || !take_sample (d))
        status = SPQR_NO_MEMORY;
    }
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
  compute_profiles (d);
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
