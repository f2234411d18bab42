#include "pages/spqr-compare-picture.h"

#include <glib/gi18n.h>
#include <math.h>

#include "compute/spqr-cancel.h"
#include "num/spqr-field.h"
#include "num/spqr-histogram.h"
#include "quant/spqr-artifacts.h"
#include "quant/spqr-quant-error.h"

enum { BINS = 128, PIECE = 1 << 20 };

/* The share at each end that may be clipped by the colours, as on the layer page. */
#define CLIP 0.001

const char *
spqr_compare_field_name (SpqrCompareField field)
{
  switch (field)
    {
    case SPQR_COMPARE_FIELD_DECODED: return _("Decoded weight");
    case SPQR_COMPARE_FIELD_ERROR: return _("Quantization error");
    case SPQR_COMPARE_FIELD_OUTLIERS: return _("Outliers");
    case SPQR_COMPARE_FIELD_CODES: return _("Codes");
    case SPQR_COMPARE_FIELD_SCALES:
    case SPQR_N_COMPARE_FIELDS:
    default: return _("Scales");
    }
}

/* What is in the making. */
typedef struct {
  const SpqrCompareQuestion *question;
  GCancellable *cancellable;
  SpqrExec exec;
  SpqrComparePicture *picture;
  SpqrLayer layers[2];
  float *weights;            /* the unquantized tensor, where it is needed */
} Making;

static gboolean
check_status (Making *m, SpqrStatus status, GError **error)
{
  return status == SPQR_OK || spqr_quant_set_status (error, status, m->question->tensor);
}

/* ---- reading ---- */

static gboolean
read_layer (Making *m, const char *path, SpqrLayer *layer, GError **error)
{
  g_autoptr (SpqrArtifacts) artifacts = spqr_artifacts_new ();

  if (g_cancellable_set_error_if_cancelled (m->cancellable, error))
    return FALSE;
  spqr_artifacts_add (artifacts, m->question->tensor, path);
  return spqr_artifacts_read_layer (artifacts, m->question->tensor, layer, error);
}

static gboolean
open_model (Making *m, GError **error)
{
  const SpqrCompareQuestion *q = m->question;
  g_autoptr (SpqrModel) model = q->model != NULL ? g_object_ref (q->model) : spqr_model_open (q->model_path, error);

  if (model == NULL)
    {
      g_prefix_error (error, _("The unquantized weights are needed for this, and cannot be read: "));
      return FALSE;
    }
  if (g_strcmp0 (spqr_model_get_fingerprint (model), q->model_fingerprint) != 0)
    {
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_FAILED,
                   _("%s: its weights are not those the run was made from, so errors cannot be shown"), q->model_path);
      return FALSE;
    }
  m->picture->model = g_steal_pointer (&model);
  return TRUE;
}

static gboolean
read_rows (Making *m, SpqrTensor *tensor, GError **error)
{
  gsize rows = spqr_tensor_get_rows (tensor), cols = spqr_tensor_get_cols (tensor), step = MAX (PIECE / cols, 1);

  for (gsize i = 0; i < rows; i += step)
    if (g_cancellable_set_error_if_cancelled (m->cancellable, error) ||
        !spqr_tensor_read_rows (tensor, i, MIN (step, rows - i), m->weights + i * cols, error))
      return FALSE;
  return TRUE;
}

static gboolean
read_weights (Making *m, GError **error)
{
  const SpqrLayer *layer = &m->layers[0];
  SpqrTensor *tensor;

  if (!open_model (m, error))
    return FALSE;
  tensor = spqr_model_lookup (m->picture->model, m->question->tensor);
  if (tensor == NULL || spqr_tensor_get_rows (tensor) != layer->rows || spqr_tensor_get_cols (tensor) != layer->cols)
    {
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_FAILED, _("%s: %s has no such tensor of %zu × %zu"),
                   m->question->tensor, m->question->model_path, layer->rows, layer->cols);
      return FALSE;
    }
  m->weights = g_try_new (float, layer->rows * layer->cols);
  if (m->weights == NULL)
    return check_status (m, SPQR_NO_MEMORY, error);
  return read_rows (m, tensor, error);
}

static gboolean
read_all (Making *m, GError **error)
{
  const SpqrCompareQuestion *q = m->question;

  if (!read_layer (m, q->path_a, &m->layers[0], error) || (q->path_b != NULL && !read_layer (m, q->path_b, &m->layers[1], error)))
    return FALSE;
  if (q->path_b != NULL && (m->layers[0].rows != m->layers[1].rows || m->layers[0].cols != m->layers[1].cols))
    {
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_FAILED, _("%s: %zu × %zu in one run, %zu × %zu in the other"),
                   q->tensor, m->layers[0].rows, m->layers[0].cols, m->layers[1].rows, m->layers[1].cols);
      return FALSE;
    }
  return (q->path_b != NULL && q->field != SPQR_COMPARE_FIELD_ERROR) || read_weights (m, error);
}

/* ---- fields ---- */

typedef struct { const SpqrLayer *layer; float *out; const float *a, *b; } Rows;

static void
decode_rows (void *data, size_t begin, size_t end)
{
  Rows *r = data;

  spqr_layer_decode (r->layer, begin, end - begin, r->out + begin * r->layer->cols);
}

static void
subtract_rows (void *data, size_t begin, size_t end)
{
  Rows *r = data;

  for (size_t i = begin * r->layer->cols; i < end * r->layer->cols; i++)
    r->out[i] = r->a[i] - r->b[i];
}

static float *
by_rows (Making *m, Rows *rows, SpqrRangeFunc func, GError **error)
{
  const SpqrLayer *layer = rows->layer;
  SpqrStatus status;

  rows->out = g_try_new (float, layer->rows * layer->cols);
  status = rows->out != NULL ? spqr_exec_run (&m->exec, layer->rows, 16, func, rows) : SPQR_NO_MEMORY;
  if (check_status (m, status, error))
    return rows->out;
  g_free (rows->out);
  return NULL;
}

static float *
compute_field (Making *m, const SpqrLayer *layer, SpqrCompareField field, GError **error)
{
  static const SpqrField fields[SPQR_N_COMPARE_FIELDS] = {
    SPQR_FIELD_WEIGHT, SPQR_FIELD_ERROR, SPQR_FIELD_OUTLIERS, SPQR_FIELD_CODES, SPQR_FIELD_SCALES };
  Rows rows = { .layer = layer };
  SpqrStatus status;
  float *out;

  if (field == SPQR_COMPARE_FIELD_DECODED)
    return by_rows (m, &rows, decode_rows, error);
  out = g_try_new (float, layer->rows * layer->cols);
  status = out != NULL ? spqr_field_compute (fields[field], m->weights, layer, NULL, &m->exec, out) : SPQR_NO_MEMORY;
  if (check_status (m, status, error))
    return out;
  g_free (out);
  return NULL;
}

/* Takes values. */
static gboolean
take_values (Making *m, guint map, float *values, GError **error)
{
  if (values == NULL)
    return FALSE;
  m->picture->maps[map].data = spqr_field_data_new (values, m->layers[0].rows, m->layers[0].cols, &m->exec, values, g_free, error);
  return m->picture->maps[map].data != NULL;
}

/* By itself: ŵ − w, whatever field stands at the left. */
static float *
compute_alone_difference (Making *m, GError **error)
{
  Rows rows = { .layer = &m->layers[0] };
  float *decoded = NULL, *out;

  if (m->picture->field == SPQR_COMPARE_FIELD_DECODED)
    rows.a = m->picture->maps[SPQR_COMPARE_A].data->values;
  else if ((rows.a = decoded = compute_field (m, &m->layers[0], SPQR_COMPARE_FIELD_DECODED, error)) == NULL)
    return NULL;
  rows.b = m->picture->maps[SPQR_COMPARE_B].data->values;
  out = by_rows (m, &rows, subtract_rows, error);
  g_free (decoded);
  return out;
}

static float *
compute_difference (Making *m, GError **error)
{
  Rows rows = { .layer = &m->layers[0], .a = m->picture->maps[SPQR_COMPARE_A].data->values,
                .b = m->picture->maps[SPQR_COMPARE_B].data->values };

  return m->picture->alone ? compute_alone_difference (m, error) : by_rows (m, &rows, subtract_rows, error);
}

static gboolean
make_maps (Making *m, GError **error)
{
  SpqrComparePicture *p = m->picture;
  float *second;

  if (!take_values (m, SPQR_COMPARE_A, compute_field (m, &m->layers[0], p->field, error), error))
    return FALSE;
  second = p->alone ? g_steal_pointer (&m->weights) : compute_field (m, &m->layers[1], p->field, error);
  if (!take_values (m, SPQR_COMPARE_B, second, error))
    return FALSE;
  if (p->field != SPQR_COMPARE_FIELD_OUTLIERS)
    p->maps[SPQR_COMPARE_A].marks = spqr_marks_new_from_layer (&m->layers[0]);
  if (p->field != SPQR_COMPARE_FIELD_OUTLIERS && !p->alone)
    p->maps[SPQR_COMPARE_B].marks = spqr_marks_new_from_layer (&m->layers[1]);
  return take_values (m, SPQR_COMPARE_DIFFERENCE, compute_difference (m, error), error);
}

/* ---- colours ---- */

static gboolean
is_signed (SpqrCompareField field)
{
  return field == SPQR_COMPARE_FIELD_DECODED || field == SPQR_COMPARE_FIELD_ERROR;
}

static SpqrScale
scale_of (const SpqrFieldData *data, SpqrCompareField field)
{
  if (field == SPQR_COMPARE_FIELD_OUTLIERS)
    return spqr_scale_make (SPQR_SCALE_LINEAR, 0, 1);
  if (field == SPQR_COMPARE_FIELD_CODES)
    return spqr_scale_make (SPQR_SCALE_LINEAR, 0, MAX (data->pyramid.max, 1));
  return spqr_field_data_fit (data, SPQR_SCALE_LINEAR, CLIP, is_signed (field));
}

static SpqrScale
join (SpqrScale a, SpqrScale b)
{
  return spqr_scale_make (SPQR_SCALE_LINEAR, MIN (a.lo, b.lo), MAX (a.hi, b.hi));
}

static void
choose_colours (SpqrComparePicture *p)
{
  SpqrCompareMap *a = &p->maps[SPQR_COMPARE_A], *b = &p->maps[SPQR_COMPARE_B], *d = &p->maps[SPQR_COMPARE_DIFFERENCE];
  SpqrCompareField second = p->alone ? SPQR_COMPARE_FIELD_DECODED : p->field;
  gboolean shared = second == p->field;

  a->scale = scale_of (a->data, p->field);
  b->scale = scale_of (b->data, second);
  if (shared)
    a->scale = b->scale = join (a->scale, b->scale);
  a->colormap = is_signed (p->field) ? SPQR_COLORMAP_BALANCE : SPQR_COLORMAP_EMBER;
  b->colormap = is_signed (second) ? SPQR_COLORMAP_BALANCE : SPQR_COLORMAP_EMBER;
  d->colormap = SPQR_COLORMAP_BALANCE;
  d->scale = p->whole_numbers && !p->alone ? spqr_field_data_fit (d->data, SPQR_SCALE_LINEAR, 0, TRUE)
                                           : spqr_field_data_fit (d->data, SPQR_SCALE_LINEAR, CLIP, TRUE);
  /* Nothing differs: still a scale with a middle. */
  if (!(d->scale.hi > d->scale.lo))
    d->scale = spqr_scale_make (SPQR_SCALE_LINEAR, -1, 1);
}

/* ---- distributions ---- */

typedef struct { SpqrComparePicture *picture; const SpqrFieldData *data; guint64 *counts; GMutex lock; } Counting;

static void
count_pieces (void *data, size_t begin, size_t end)
{
  Counting *c = data;
  const SpqrScale *scale = &c->picture->bins_scale;
  gsize n = c->data->rows * c->data->cols;

  for (gsize i = begin; i < end; i++)
    {
      guint64 counts[SPQR_COMPARE_MAX_BINS];

      spqr_histogram (c->data->values + i * PIECE, MIN (PIECE, n - i * PIECE), scale->lo, scale->hi, FALSE, counts,
                      c->picture->n_bins);
      g_mutex_lock (&c->lock);
      for (guint b = 0; b < c->picture->n_bins; b++)
        c->counts[b] += counts[b];
      g_mutex_unlock (&c->lock);
    }
}

static gboolean
count (Making *m, guint map, GError **error)
{
  const SpqrFieldData *data = m->picture->maps[map].data;
  Counting c = { .picture = m->picture, .data = data, .counts = m->picture->counts[map] };
  SpqrStatus status;

  g_mutex_init (&c.lock);
  status = spqr_exec_run (&m->exec, (data->rows * data->cols + PIECE - 1) / PIECE, 1, count_pieces, &c);
  g_mutex_clear (&c.lock);
  return check_status (m, status, error);
}

/* Whole numbers get a bin each; everything else shares BINS over the range of both. */
static void
choose_bins (SpqrComparePicture *p)
{
  const SpqrFieldData *a = p->maps[SPQR_COMPARE_A].data, *b = p->maps[SPQR_COMPARE_B].data;
  SpqrScale first = spqr_field_data_fit (a, SPQR_SCALE_LINEAR, 0, is_signed (p->field));
  SpqrScale both = p->has_second ? join (first, spqr_field_data_fit (b, SPQR_SCALE_LINEAR, 0, is_signed (p->field))) : first;
  guint top = (guint) CLAMP (both.hi, 1, SPQR_COMPARE_MAX_BINS - 1);

  p->n_bins = p->whole_numbers ? top + 1 : BINS;
  p->bins_scale = p->whole_numbers ? spqr_scale_make (SPQR_SCALE_LINEAR, -0.5, top + 0.5) : both;
}

/* ---- the whole ---- */

static gboolean
make (Making *m, GError **error)
{
  SpqrComparePicture *p = m->picture;

  if (!read_all (m, error) || !make_maps (m, error))
    return FALSE;
  choose_colours (p);
  choose_bins (p);
  return count (m, SPQR_COMPARE_A, error) && (!p->has_second || count (m, SPQR_COMPARE_B, error));
}

static void
clear_picture (gpointer data)
{
  SpqrComparePicture *self = data;

  for (guint i = 0; i < SPQR_N_COMPARE_MAPS; i++)
    {
      g_clear_pointer (&self->maps[i].data, spqr_field_data_unref);
      g_clear_pointer (&self->maps[i].marks, spqr_marks_unref);
    }
  g_clear_object (&self->model);
}

SpqrComparePicture *
spqr_compare_picture_new (const SpqrCompareQuestion *question, GCancellable *cancellable, GError **error)
{
  g_autoptr (SpqrComparePicture) picture = g_atomic_rc_box_new0 (SpqrComparePicture);
  Making m = { .question = question, .cancellable = cancellable, .exec = spqr_exec_for_cancellable (cancellable), .picture = picture };
  gboolean made;

  picture->field = question->field;
  picture->alone = question->path_b == NULL;
  picture->whole_numbers = question->field == SPQR_COMPARE_FIELD_OUTLIERS || question->field == SPQR_COMPARE_FIELD_CODES;
  picture->has_second = !picture->alone || question->field == SPQR_COMPARE_FIELD_DECODED;
  made = make (&m, error);
  spqr_layer_clear (&m.layers[0]);
  spqr_layer_clear (&m.layers[1]);
  g_free (m.weights);
  return made ? g_steal_pointer (&picture) : NULL;
}

SpqrComparePicture *
spqr_compare_picture_ref (SpqrComparePicture *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
spqr_compare_picture_unref (SpqrComparePicture *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, clear_picture);
}
