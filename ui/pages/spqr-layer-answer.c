#include "pages/spqr-layer-answer.h"

#include <math.h>

#include "pack/spqr-pack.h"

/* ---- bits ---- */

/* The parts of the paper's Eq. 4; the sum is core/num's, what is left of it is the second order. */
static void
split_formula (const SpqrLayer *layer, const SpqrLayerFigures *f, double *parts)
{
  const SpqrParams *p = &layer->params;
  double g = p->groupsize > 0 ? p->groupsize : (double) f->cols;
  double zero_bits = p->round_zero ? p->wbits : p->qq_zero_bits > 0 ? p->qq_zero_bits : 16;
  double without = spqr_params_formula_bits (p, (int) f->rows, (int) f->cols, 0);

  parts[SPQR_LAYER_BITS_WEIGHTS] = p->wbits;
  parts[SPQR_LAYER_BITS_SCALES] = (p->qq_scale_bits > 0 ? p->qq_scale_bits : 16) / g;
  parts[SPQR_LAYER_BITS_ZEROS] = zero_bits / g;
  parts[SPQR_LAYER_BITS_SECOND_ORDER] = MAX (without - p->wbits - parts[SPQR_LAYER_BITS_SCALES] - parts[SPQR_LAYER_BITS_ZEROS], 0);
  parts[SPQR_LAYER_BITS_OUTLIERS] = spqr_params_formula_bits (p, (int) f->rows, (int) f->cols, f->outlier_share) - without;
  parts[SPQR_LAYER_BITS_OFFSETS] = parts[SPQR_LAYER_BITS_OTHER] = 0;
}

static void
split_stored (const SpqrLayer *layer, const SpqrLayerFigures *f, double *parts)
{
  double n = (double) f->count * (double) f->cols;
  SpqrPackBits bits;

  spqr_pack_count_bits (layer, &bits);
  parts[SPQR_LAYER_BITS_WEIGHTS] = bits.codes / n;
  parts[SPQR_LAYER_BITS_SCALES] = bits.scales / n;
  parts[SPQR_LAYER_BITS_ZEROS] = bits.zeros / n;
  parts[SPQR_LAYER_BITS_SECOND_ORDER] = bits.second_order / n;
  parts[SPQR_LAYER_BITS_OUTLIERS] = bits.outliers / n;
  parts[SPQR_LAYER_BITS_OFFSETS] = bits.outlier_offsets / n;
  /* Permutation and header are paid once a layer: of a few rows they would say nothing. */
  parts[SPQR_LAYER_BITS_OTHER] = f->whole ? (bits.permutation + bits.constants + bits.header) / n : bits.constants / n;
}

static double
sum_of (const double *parts)
{
  double sum = 0;

  for (guint i = 0; i < SPQR_N_LAYER_BITS; i++)
    sum += parts[i];
  return sum;
}

static void
take_figures (SpqrLab *lab, const SpqrLabAnswer *answer, SpqrLayerFigures *f)
{
  *f = (SpqrLayerFigures) {
    .rows = spqr_lab_get_rows (lab), .cols = spqr_lab_get_cols (lab), .row0 = answer->row0, .count = answer->count,
    .whole = answer->whole, .calibrated = answer->calibrated, .error = sqrt (answer->proxy_loss),
    .outlier_share = answer->outlier_share, .n_outliers = (double) spqr_layer_outliers (&answer->layer),
    .seconds = answer->seconds };
  split_formula (&answer->layer, f, f->formula);
  split_stored (&answer->layer, f, f->stored);
  f->formula_bits = sum_of (f->formula);
  f->stored_bits = sum_of (f->stored);
}

gboolean
spqr_layer_figures_of_rows (SpqrLab *lab, const SpqrParams *params, gsize row0, gsize count, SpqrLayerFigures *figures,
                            GCancellable *cancellable, GError **error)
{
  SpqrLabAnswer answer;

  if (!spqr_lab_quantize (lab, params, row0, count, NULL, cancellable, &answer, error))
    return FALSE;
  take_figures (lab, &answer, figures);
  spqr_lab_answer_clear (&answer);
  return TRUE;
}

/* ---- the whole layer ---- */

static void
clear_answer (gpointer data)
{
  SpqrLayerAnswer *self = data;

  spqr_layer_clear (&self->layer);
  g_free (self->place);
  g_free (self->loo_gain);
}

SpqrLayerAnswer *
spqr_layer_answer_new (SpqrLab *lab, const SpqrParams *params, gboolean with_loo_gain, GCancellable *cancellable, GError **error)
{
  g_autofree float *gain = NULL;
  SpqrLayerAnswer *self;
  SpqrLabAnswer answer;

  if (!spqr_lab_quantize (lab, params, 0, 0, with_loo_gain ? &gain : NULL, cancellable, &answer, error))
    return NULL;
  self = g_atomic_rc_box_new0 (SpqrLayerAnswer);
  self->params = *params;
  take_figures (lab, &answer, &self->figures);
  self->layer = answer.layer;           /* moved: its arrays are ours now */
  self->loo_gain = g_steal_pointer (&gain);
  self->place = g_new (gint32, self->layer.cols);
  self->in_order = TRUE;
  for (gsize j = 0; j < self->layer.cols; j++)
    {
      self->place[self->layer.perm[j]] = (gint32) j;
      self->in_order = self->in_order && self->layer.perm[j] == (gint32) j;
    }
  return self;
}

SpqrLayerAnswer *
spqr_layer_answer_ref (SpqrLayerAnswer *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
spqr_layer_answer_unref (SpqrLayerAnswer *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, clear_answer);
}

/* ---- one weight ---- */

static gboolean
is_outlier (const SpqrLayer *layer, gsize row, guint32 col)
{
  guint32 begin = layer->outlier_offsets[row], end = layer->outlier_offsets[row + 1];

  while (begin < end)
    {
      guint32 middle = begin + (end - begin) / 2;

      if (layer->outlier_cols[middle] == col)
        return TRUE;
      if (layer->outlier_cols[middle] < col)
        begin = middle + 1;
      else
        end = middle;
    }
  return FALSE;
}

SpqrLayerCell
spqr_layer_answer_get_cell (const SpqrLayerAnswer *self, gsize row, gsize col)
{
  const SpqrLayer *layer = &self->layer;
  gsize j = (gsize) self->place[col];
  gsize size = layer->params.groupsize > 0 ? (gsize) layer->params.groupsize : layer->cols;
  gsize group = j / size;
  g_autofree float *decoded = g_new (float, layer->cols);
  SpqrLayerCell cell = { .group = group, .code = layer->codes[row * layer->cols + j] };

  cell.scale = layer->scale[group * layer->rows + row];
  cell.zero = layer->zero[group * layer->rows + row];
  cell.outlier = layer->outlier_offsets != NULL && is_outlier (layer, row, (guint32) j);
  /* The one definition of a decoded weight decodes rows; one row is nothing. */
  spqr_layer_decode (layer, row, 1, decoded);
  cell.decoded = decoded[col];
  return cell;
}
