/* What the parts of a model's quantization share. */
#pragma once

#include "compute/spqr-input.h"
#include "job/spqr-quantize.h"
#include "job/spqr-reserve.h"
#include "num/spqr-layer.h"
#include "pack/spqr-pack.h"
#include "quant/spqr-artifacts.h"

typedef struct {
  SpqrStore *store;
  const SpqrQuantizeRequest *request;
  GCancellable *cancellable;
  SpqrRun *run;
  SpqrArtifacts *artifacts;      /* what is stored so far, earlier sittings included */
  GHashTable *damaged;           /* tensor -> file name: stored by an earlier sitting, and lost since */
  double seconds_before;         /* that earlier sittings took, as far as they could tell */
  gboolean needs_calibration;
  GString *device_notes;         /* of the network's device, for the next layer's row */
  SpqrReserve reserve;           /* beside the database */
  guint n_blocks, block, n_done;
} Quantization;

void     quantization_report (Quantization *q, double fraction_of_block, const char *what);
/* Is this tensor to be quantized, and how? */
gboolean quantization_wants (Quantization *q, SpqrTensor *tensor, SpqrParams *params);
/* Sets run->n_layers and needs_calibration; an error when a layer's parameters contradict each other or
 * none is to be quantized. */
gboolean quantization_count_layers (Quantization *q, GError **error);
/* Quantizes w without a Hessian, writes the artifact and its row. */
gboolean quantization_do_layer (Quantization *q, SpqrTensor *tensor, const float *w, const SpqrParams *params, GError **error);
/* The same with what a layer's input holds. *lost: the input is gone with its device (no error is set then). */
gboolean quantization_do_layer_of_input (Quantization *q, SpqrTensor *tensor, SpqrInput *input, const SpqrWeights *weights,
                                         SpqrWeightsFunc host_weights, gpointer user_data, const SpqrParams *params, gboolean *lost,
                                         GError **error);
/* The calibrated path: every block in turn. */
gboolean quantization_do_blocks (Quantization *q, GError **error);
