/* spqr-lab.h: one layer on the bench: its weights, its Hessian once it is known, and exact answers for
 * any parameters, whole or for a few rows.
 *
 * Rows are independent once the inverse Hessian is factorised (second-order statistics tie
 * qq_groupsize of them together), so the rows on a screen are quantized exactly in milliseconds. Only
 * percdamp, the order and the Hessian itself need a new factor; the last two are kept.
 *
 * Without a Hessian the identity stands in: no error is carried from column to column and a weight is
 * an outlier by its own rounding error. Such answers say calibrated = FALSE. */
#pragma once

#include <gio/gio.h>

#include "compute/spqr-backends.h"
#include "model/spqr-tensor.h"
#include "num/spqr-field.h"
#include "num/spqr-hessian.h"

typedef struct _SpqrLab SpqrLab;   /* counted, thread-safe */

/* Reads the tensor's weights as f32. */
SpqrLab *spqr_lab_new (SpqrTensor *tensor, GError **error);
/* The same in all threads, for somebody who waits for it and may change their mind. */
SpqrLab *spqr_lab_new_cancellable (SpqrTensor *tensor, GCancellable *cancellable, GError **error);
SpqrLab *spqr_lab_ref (SpqrLab *self);
void     spqr_lab_unref (SpqrLab *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrLab, spqr_lab_unref)

/* Where factors and layers are computed from now on; NULL: the CPU, which also does what a device cannot. Between answers
 * the weights, the Hessian and its factor stay on the device, where they fit. */
void         spqr_lab_set_device (SpqrLab *self, SpqrDevice *device);
/* For an operation on what belongs to the layer, its fields for example, on the same device. */
SpqrBackendRun spqr_lab_run (SpqrLab *self, const SpqrExec *exec);
SpqrTensor  *spqr_lab_get_tensor (SpqrLab *self);
const float *spqr_lab_get_weights (SpqrLab *self);      /* (rows, cols) */
gsize        spqr_lab_get_rows (SpqrLab *self);
gsize        spqr_lab_get_cols (SpqrLab *self);
gboolean     spqr_lab_is_calibrated (SpqrLab *self);
/* Copies H (cols, cols), symmetric, undamped; factors made before are dropped. */
gboolean     spqr_lab_set_hessian (SpqrLab *self, const float *h, GError **error);
/* The same without looking at the numbers or copying them: cols * cols finite floats, kept as they are. */
void         spqr_lab_share_hessian (SpqrLab *self, GBytes *h);
/* The diagonal of H as it was given, undamped, (cols) in original column order: 0 at an input that is
 * always 0. g_free(); NULL without a Hessian or memory. */
float       *spqr_lab_get_hessian_diagonal (SpqrLab *self);

typedef struct {
  SpqrLayer layer;          /* of rows row0 … row0+count-1 */
  gsize row0, count;
  gboolean whole;           /* the whole layer, not just the rows that were asked for */
  gboolean calibrated;
  double outlier_share, bits_formula, bits_stored;
  double proxy_loss;        /* of these rows: tr(dW H dW') / tr(W H W') */
  double seconds;
} SpqrLabAnswer;

void spqr_lab_answer_clear (SpqrLabAnswer *answer);

/* Exactly these rows, widened to whole statistics runs; count 0: the whole layer. Any thread. loo_gain:
 * nullable, (answer->count, cols) permuted; allocated here, g_free(). */
gboolean spqr_lab_quantize (SpqrLab *self, const SpqrParams *params, gsize row0, gsize count, float **loo_gain,
                            GCancellable *cancellable, SpqrLabAnswer *answer, GError **error);

/* A field of the whole layer as the parameters make it, original column order; g_free(). Fields that
 * need a quantized layer quantize it; for several of one answer use spqr_field_compute(). */
float *spqr_lab_field (SpqrLab *self, SpqrField field, const SpqrParams *params, GCancellable *cancellable, GError **error);
