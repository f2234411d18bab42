#include "pages/spqr-layer-picture.h"

#include <glib/gi18n.h>
#include <math.h>

#include "compute/spqr-cancel.h"
#include "num/spqr-histogram.h"
#include "quant/spqr-artifacts.h"
#include "quant/spqr-quant-error.h"

enum { BINS = 128, PIECE = 1 << 20, MOST_SAMPLES = 1 << 15 };

gboolean
spqr_layer_field_needs_answer (SpqrField field)
{
  return field != SPQR_FIELD_WEIGHT && field != SPQR_FIELD_ABS_WEIGHT && field != SPQR_FIELD_SENSITIVITY;
}

gboolean
spqr_layer_field_is_of_weights (SpqrField field)
{
  return field == SPQR_FIELD_WEIGHT || field == SPQR_FIELD_ABS_WEIGHT;
}

gboolean
spqr_layer_field_is_whole (SpqrField field)
{
  return field == SPQR_FIELD_CODES || field == SPQR_FIELD_OUTLIERS;
}

/* ---- the distribution ---- */

typedef struct {
  const SpqrFieldData *data;
  SpqrLayerHistogram *histogram;
  gboolean gains;            /* only those above 0 can make an outlier */
  GMutex lock;
} Counting;

static void
count_piece (Counting *c, const float *values, gsize n, guint64 *counts)
{
  const SpqrScale *scale = &c->histogram->scale;
  guint16 levels[1024];

  if (scale->kind != SPQR_SCALE_SYMLOG)
    {
      spqr_histogram (values, n, scale->kind == SPQR_SCALE_LOG ? log10 (scale->lo) : scale->lo,
                      scale->kind == SPQR_SCALE_LOG ? log10 (scale->hi) : scale->hi, scale->kind == SPQR_SCALE_LOG,
                      counts, c->histogram->bins);
      return;
    }
  for (gsize i = 0; i < n; i += G_N_ELEMENTS (levels))
    {
      gsize k = MIN (G_N_ELEMENTS (levels), n - i);

      spqr_scale_quantize (scale, values + i, k, levels);
      for (gsize l = 0; l < k; l++)
        if (levels[l] < 256)
          counts[levels[l] * c->histogram->bins / 256]++;
    }
}

static void
count_pieces (void *user_data, size_t begin, size_t end)
{
  Counting *c = user_data;
  gsize n = c->data->rows * c->data->cols;

  for (gsize p = begin; p < end; p++)
    {
      guint64 counts[SPQR_LAYER_MAX_BINS] = { 0 };
      gsize from = p * PIECE, k = MIN (PIECE, n - from);
      g_autofree float *gains = c->gains ? g_new (float, k) : NULL;

      for (gsize i = 0; gains != NULL && i < k; i++)
        gains[i] = c->data->values[from + i] > 0 ? c->data->values[from + i] : NAN;
      count_piece (c, gains != NULL ? gains : c->data->values + from, k, counts);
      g_mutex_lock (&c->lock);
      for (guint b = 0; b < c->histogram->bins; b++)
        c->histogram->counts[b] += counts[b];
      g_mutex_unlock (&c->lock);
    }
}

/* So wide that a threshold beyond the values is still in the picture, and can be dragged back. */
static SpqrScale
include_threshold (SpqrScale scale, double threshold)
{
  if (isnan (threshold) || scale.kind == SPQR_SCALE_SYMLOG)
    return scale;
  return spqr_scale_make (scale.kind, scale.kind == SPQR_SCALE_LOG ? MIN (scale.lo, threshold * 0.5) : scale.lo,
                          MAX (scale.hi * (scale.kind == SPQR_SCALE_LOG ? 2 : 1), threshold * 1.5));
}

/* Whole numbers get a bin each, everything else BINS of the scale. */
static void
choose_bins (const SpqrFieldData *data, SpqrField field, SpqrScaleKind kind, double threshold, SpqrLayerHistogram *h)
{
  gboolean whole_numbers = spqr_layer_field_is_whole (field);
  double top = field == SPQR_FIELD_OUTLIERS ? 1 : MAX (data->pyramid.max, 1);

  h->bins = whole_numbers ? MIN ((guint) top + 1, SPQR_LAYER_MAX_BINS) : BINS;
  h->scale = whole_numbers ? spqr_scale_make (SPQR_SCALE_LINEAR, -0.5, top + 0.5)
                           : include_threshold (spqr_field_data_fit (data, kind, 0, FALSE), threshold);
}

static SpqrStatus
count (const SpqrFieldData *data, SpqrField field, SpqrScaleKind kind, double threshold, const SpqrExec *exec,
       SpqrLayerHistogram *h)
{
  Counting c = { .data = data, .histogram = h, .gains = field == SPQR_FIELD_LOO_GAIN && kind == SPQR_SCALE_LOG };
  gsize n = data->rows * data->cols;
  SpqrStatus status;

  choose_bins (data, field, kind, threshold, h);
  g_mutex_init (&c.lock);
  status = spqr_exec_run (exec, (n + PIECE - 1) / PIECE, 1, count_pieces, &c);
  g_mutex_clear (&c.lock);
  return status;
}

/* ---- the field ---- */

typedef struct { const SpqrLayer *layer, *other; float *out; } Subtracting;

static void
subtract_rows (void *data, size_t begin, size_t end)
{
  Subtracting *s = data;
  gsize cols = s->layer->cols, n = (end - begin) * cols;
  float *out = s->out + begin * cols;
  g_autofree float *other = g_new (float, n);

  spqr_layer_decode (s->layer, begin, end - begin, out);
  spqr_layer_decode (s->other, begin, end - begin, other);
  for (gsize i = 0; i < n; i++)
    out[i] -= other[i];
}

/* ŵ of the answer − ŵ of the stored layer. */
static float *
compute_difference (SpqrLab *lab, SpqrLayerAnswer *answer, const char *reference, const SpqrExec *exec, GError **error)
{
  const char *name = spqr_tensor_get_name (spqr_lab_get_tensor (lab));
  g_autoptr (SpqrArtifacts) artifacts = spqr_artifacts_new ();
  SpqrLayer other = { 0 };
  Subtracting s = { .layer = &answer->layer, .other = &other };
  SpqrStatus status;

  spqr_artifacts_add (artifacts, name, reference);
  if (!spqr_artifacts_read_layer (artifacts, name, &other, error))
    return NULL;
  if (other.rows != answer->layer.rows || other.cols != answer->layer.cols)
    {
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_FAILED, _("%s: %zu × %zu here, %zu × %zu in %s"), name,
                   answer->layer.rows, answer->layer.cols, other.rows, other.cols, reference);
      spqr_layer_clear (&other);
      return NULL;
    }
  s.out = g_try_new (float, other.rows * other.cols);
  status = s.out != NULL ? spqr_exec_run (exec, other.rows, 16, subtract_rows, &s) : SPQR_NO_MEMORY;
  spqr_layer_clear (&other);
  if (status == SPQR_OK)
    return s.out;
  g_free (s.out);
  spqr_quant_set_status (error, status, name);
  return NULL;
}

static float *
compute_field (SpqrLab *lab, SpqrField field, const SpqrParams *params, SpqrLayerAnswer *answer, const char *reference,
               GCancellable *cancellable, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (cancellable);
  SpqrLayerTrace trace = { 0 };
  SpqrStatus status;
  float *out;

  if (!spqr_layer_field_needs_answer (field))
    return spqr_lab_field (lab, field, params, cancellable, error);
  if (field == SPQR_LAYER_FIELD_DIFFERENCE)
    return compute_difference (lab, answer, reference, &exec, error);
  out = g_try_new (float, spqr_lab_get_rows (lab) * spqr_lab_get_cols (lab));
  trace.loo_gain = answer->loo_gain;
  status = out != NULL ? spqr_field_compute (field, spqr_lab_get_weights (lab), &answer->layer, &trace, &exec, out) : SPQR_NO_MEMORY;
  if (status == SPQR_OK)
    return out;
  g_free (out);
  spqr_quant_set_status (error, status, spqr_tensor_get_name (spqr_lab_get_tensor (lab)));
  return NULL;
}

static void
release_lab (gpointer lab)
{
  spqr_lab_unref (lab);
}

/* That there is an outlier is true of nearly every row and column of a large layer: along the edges stands how many. */
static void
profile_outliers (SpqrFieldData *data, const SpqrLayer *layer)
{
  SpqrMarks *marks = spqr_marks_new_from_layer (layer);

  for (gsize j = 0; j < data->cols; j++)
    data->col_profile[j] = 0;
  for (gsize i = 0; i < data->rows; i++)
    data->row_profile[i] = (float) (marks->offsets[i + 1] - marks->offsets[i]) / (float) data->cols;
  for (gsize k = 0; k < marks->count; k++)
    data->col_profile[marks->columns[k]] += 1 / (float) data->rows;
  spqr_marks_unref (marks);
}

/* Its pyramid is built where the layer is quantized. */
static SpqrFieldData *
make_data (SpqrLab *lab, SpqrField field, const SpqrParams *params, SpqrLayerAnswer *answer, const char *reference,
           GCancellable *cancellable, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (cancellable);
  SpqrBackendRun run = spqr_lab_run (lab, &exec);
  gsize rows = spqr_lab_get_rows (lab), cols = spqr_lab_get_cols (lab);
  SpqrPyramid pyramid = { 0 };
  SpqrFieldData *data;
  float *values = NULL;
  SpqrStatus status;

  if (field != SPQR_FIELD_WEIGHT && (values = compute_field (lab, field, params, answer, reference, cancellable, error)) == NULL)
    return NULL;
  status = spqr_backend_run_pyramid_build (&run, values != NULL ? values : spqr_lab_get_weights (lab), rows, cols, &pyramid);
  if (status != SPQR_OK)
    {
      g_free (values);
      spqr_quant_set_status (error, status, spqr_tensor_get_name (spqr_lab_get_tensor (lab)));
      return NULL;
    }
  if (values == NULL)
    return spqr_field_data_new_around (spqr_lab_get_weights (lab), rows, cols, &pyramid, &exec, spqr_lab_ref (lab), release_lab, error);
  data = spqr_field_data_new_around (values, rows, cols, &pyramid, &exec, values, g_free, error);
  if (data != NULL && field == SPQR_FIELD_OUTLIERS)
    profile_outliers (data, &answer->layer);
  return data;
}

/* ---- the colours' range ---- */

static GPtrArray *
take_samples (const SpqrPyramid *pyramid)
{
  GPtrArray *samples = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);

  for (gsize k = 0; k < pyramid->n_levels; k++)
    {
      const SpqrPyramidLevel *level = &pyramid->levels[k];
      gsize n = level->rows * level->cols;
      /* An odd step, so that it does not keep to some of the columns. */
      gsize step = n / MOST_SAMPLES | 1;
      GArray *sample = g_array_sized_new (FALSE, FALSE, sizeof (float), (guint) (n / step + 1));

      for (gsize i = 0; i < n; i += step)
        g_array_append_val (sample, level->data[i]);
      g_ptr_array_add (samples, sample);
    }
  return samples;
}

/* From afar each pixel shows the largest of many weights: those then have the colours to themselves.
 * Near by, a group's largest and smallest weight round to themselves but for the last bit: their errors
 * of 1e-17 must not take half of a logarithmic scale. */
SpqrScale
spqr_layer_picture_fit (const SpqrLayerPicture *self, guint level, SpqrScaleKind kind, double clip, gboolean symmetrical)
{
  const GArray *sample = self->samples->pdata[MIN (level, self->samples->len - 1)];
  /* Nothing clipped: the whole matrix's range, however closely it is looked at. */
  SpqrScale scale = self->field == SPQR_FIELD_OUTLIERS || level == 0 || clip <= 0
                      ? spqr_field_data_fit (self->data, kind, clip, symmetrical)
                      : spqr_scale_fit (kind, (const float *) (gpointer) sample->data, sample->len, MIN (2 * clip, 0.4), symmetrical);

  return kind == SPQR_SCALE_LOG ? spqr_scale_make (kind, MAX (scale.lo, scale.hi * 1e-6), scale.hi) : scale;
}

static void
clear_picture (gpointer user_data)
{
  SpqrLayerPicture *self = user_data;

  g_clear_pointer (&self->data, spqr_field_data_unref);
  g_clear_pointer (&self->marks, spqr_marks_unref);
  g_clear_pointer (&self->samples, g_ptr_array_unref);
  g_clear_pointer (&self->share, spqr_layer_share_unref);
  g_free (self->column_outliers);
}

/* Where the outliers are, and what they carry. share: of the same data, known already, or NULL. */
static void
count_outliers (SpqrLayerPicture *self, SpqrLayerAnswer *answer, SpqrLayerShare *share, const SpqrExec *exec)
{
  self->outlier_sum = NAN;
  if (answer == NULL)
    return;
  self->marks = spqr_marks_new_from_layer (&answer->layer);
  self->column_outliers = g_new0 (guint32, self->data->cols);
  for (gsize k = 0; k < self->marks->count; k++)
    self->column_outliers[self->marks->columns[k]]++;
  self->share = share != NULL ? spqr_layer_share_ref (share) : spqr_layer_share_new (self->data, self->field, exec);
  if (self->share != NULL)
    self->outlier_sum = spqr_layer_share_of_marks (self->share, self->data, self->marks);
}

/* Takes data. samples, share: known already, or NULL. */
static SpqrLayerPicture *
finish (SpqrFieldData *data, GPtrArray *samples, SpqrLayerShare *share, SpqrField field, SpqrScaleKind scale, SpqrLayerAnswer *answer, GCancellable *cancellable,
        GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (cancellable);
  SpqrLayerPicture *self = g_atomic_rc_box_new0 (SpqrLayerPicture);

  self->field = field;
  self->data = data;
  self->samples = samples != NULL ? g_ptr_array_ref (samples) : take_samples (&data->pyramid);
  self->in_order = answer == NULL || answer->in_order || field == SPQR_FIELD_SENSITIVITY;
  count_outliers (self, answer, share, &exec);
  if (count (data, field, scale, answer != NULL ? spqr_layer_threshold_value (field, scale, answer) : NAN, &exec, &self->histogram) == SPQR_OK)
    return self;
  spqr_layer_picture_unref (self);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Cancelled");
  return NULL;
}

SpqrLayerPicture *
spqr_layer_picture_new (SpqrLab *lab, const SpqrParams *params, SpqrField field, SpqrScaleKind scale, SpqrLayerAnswer *answer,
                        const char *reference, GCancellable *cancellable, GError **error)
{
  SpqrFieldData *data;

  g_return_val_if_fail (answer != NULL || !spqr_layer_field_needs_answer (field), NULL);
  g_return_val_if_fail (reference != NULL || field != SPQR_LAYER_FIELD_DIFFERENCE, NULL);

  data = make_data (lab, field, params, answer, reference, cancellable, error);
  return data != NULL ? finish (data, NULL, NULL, field, scale, answer, cancellable, error) : NULL;
}

SpqrLayerPicture *
spqr_layer_picture_new_uncounted (SpqrLab *lab, const SpqrParams *params, SpqrField field, SpqrScaleKind scale, GCancellable *cancellable,
                                  GError **error)
{
  SpqrLayerPicture *self;
  SpqrFieldData *data;

  g_return_val_if_fail (!spqr_layer_field_needs_answer (field), NULL);

  data = make_data (lab, field, params, NULL, NULL, cancellable, error);
  if (data == NULL)
    return NULL;
  self = g_atomic_rc_box_new0 (SpqrLayerPicture);
  self->field = field;
  self->data = data;
  self->samples = take_samples (&data->pyramid);
  self->in_order = TRUE;
  self->outlier_sum = NAN;
  self->histogram.scale.kind = scale;
  return self;
}

SpqrLayerPicture *
spqr_layer_picture_recount (SpqrLayerPicture *self, SpqrScaleKind scale, SpqrLayerAnswer *answer, GCancellable *cancellable,
                            GError **error)
{
  return finish (spqr_field_data_ref (self->data), self->samples, self->share, self->field, scale, answer, cancellable, error);
}

SpqrLayerPicture *
spqr_layer_picture_ref (SpqrLayerPicture *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
spqr_layer_picture_unref (SpqrLayerPicture *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, clear_picture);
}

/* ---- the threshold ---- */

/* T / (value on the field, squared where the field is not), or NAN. */
static double
threshold_factor (SpqrField field, const SpqrLayerAnswer *answer)
{
  if (field == SPQR_FIELD_LOO_GAIN)
    return 1;
  if (field == SPQR_FIELD_SENSITIVITY)
    return 2;
  if (field == SPQR_FIELD_ERROR && !answer->figures.calibrated)
    return 1 + answer->layer.percdamp_used;
  return NAN;
}

double
spqr_layer_threshold_value (SpqrField field, SpqrScaleKind scale, const SpqrLayerAnswer *answer)
{
  double factor = threshold_factor (field, answer), threshold = answer->layer.threshold;

  /* Errors have both signs; only their magnitude has one threshold. */
  if (isnan (factor) || (field == SPQR_FIELD_ERROR && scale != SPQR_SCALE_LOG) || !isfinite (threshold) || threshold <= 0)
    return NAN;
  return field == SPQR_FIELD_ERROR ? sqrt (threshold / factor) : threshold / factor;
}

double
spqr_layer_threshold_tau (SpqrField field, double tau_now, double value_now, double value)
{
  double ratio = value / value_now;

  return tau_now * (field == SPQR_FIELD_ERROR ? ratio * ratio : ratio);
}
