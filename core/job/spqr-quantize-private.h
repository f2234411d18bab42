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
  GPtrArray *workers;            /* of SpqrDevice: the queues that layers are spread over; empty or one: none */
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

/* spqr-quantize-parallel.c: a layer that is handed out, and what becomes of it. */
typedef struct {
  SpqrTensor *tensor;
  guint group;                   /* its input's */
  SpqrInput *input;
  SpqrWeights weights;
  SpqrParams params;
  /* Private to the round. */
  SpqrLayer layer;
  SpqrStatus status;
  GError *error;
  GString *note;
  SpqrDevice *used;
  double seconds;
  gboolean ready;
} QuantizationLayer;

GPtrArray *quantization_make_workers (const SpqrQuantizeRequest *request);
void       quantization_free_workers (GPtrArray *workers, const SpqrQuantizeRequest *request);
/* Quantizes the layers on all workers and stores them in order. *lost: a device failed with the Hessians on it (no error
 * is set then); what was stored stays stored. */
gboolean   quantization_do_layers (Quantization *q, QuantizationLayer *layers, guint n_layers, gboolean *lost, GError **error);
/* After quantizing: status and layer are its outcome. run: who did it, and a GString of notes. Stores and clears the layer. */
gboolean   quantization_end_layer (Quantization *q, SpqrTensor *tensor, SpqrStatus status, SpqrLayer *layer,
                                   const SpqrBackendRun *run, gint64 began, GError **error);
