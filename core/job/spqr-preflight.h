/* spqr-preflight.h: what a quantization will take, before it begins.
 *
 * Symbols: t tokens a window, N windows, d the network's width, n inputs and m outputs of a layer.
 *   hidden states        4 N t d bytes (f16_activations: 2), in memory or (offload_activations) in a file
 *   one block in f32     4 Σ m n
 *   Hessians             4 n² for every input of a block that is calibrated, held until its layers are done
 *   working memory       the factor (4 n²), one layer's codes and decoded form (5 m n), activations of one window
 *   output               Σ m n · bits / 8, outliers at the share that is assumed
 *   time                 products of matrices, at the rate of one that is run for some milliseconds first
 *   overhead             the program and its tokenizer, the largest block's pages of the files, a tenth of all but
 *                        the hidden states for what lies between buffers
 *   on a device          a block in f32, its Hessians, the largest one's factor and work (8 n²), activations of the longest
 *                        window; the hidden states as well where they fit beside these, else they come and go
 * The model's other weights stay mapped and are no part of it: the system takes their pages back when it must.
 * These are estimates; the memory is meant to be what is not exceeded, and no more than half too much; the time
 * within a factor of two. */
#pragma once

#include "job/spqr-quantize.h"

typedef struct _SpqrPreflight {
  guint n_layers;
  guint64 n_weights;                 /* in those layers */
  double bits;                       /* a weight, by spqr_params_forecast_bits(), with */
  double outlier_share;              /* so many outliers: assumed */
  guint n_rounded;                   /* of the layers: those whose file has them quantized already (GGUF) */
  char *rounded_to;                  /* the first one's type, "Q4_1"; NULL: none */
  guint64 output_bytes;              /* of the artifacts */
  char *folder;                      /* where they go: it, or the nearest folder above it that exists */
  guint64 disk_bytes, disk_free;     /* needed there still, a file of hidden states included. free G_MAXUINT64: not known */
  guint64 memory_bytes, memory_available;   /* available G_MAXUINT64: not known */
  guint64 hidden_bytes, block_bytes, hessian_bytes, working_bytes, overhead_bytes;   /* what the memory goes to */
  gboolean offloaded;                /* hidden_bytes are in the file, not in memory_bytes */
  double seconds;                    /* on the processor */
  char *device;                      /* the request's, by name; NULL: none but the processor */
  guint64 device_bytes, device_free; /* of its memory. What does not fit there is done on the processor, and told */
  gboolean device_keeps_hidden;      /* the hidden states stay there */
} SpqrPreflight;

/* Of the whole work that request asks for; what its folder holds already is taken off the disk space.
 * A request without calibration is taken to have nsamples windows of the recipe. Errors are those of
 * spqr_quantize() about the recipe. */
gboolean spqr_preflight_compute (SpqrStore *store, const SpqrQuantizeRequest *request, SpqrPreflight *preflight, GError **error);
/* SPQR_QUANT_ERROR_NO_MEMORY or _NO_SPACE, with the numbers, when it cannot fit. */
gboolean spqr_preflight_check (const SpqrPreflight *preflight, GError **error);
/* One line for people: "needs about 1.2 GB of memory (of 20 GB), 3.1 GB on the disk (of 200 GB), 12 minutes"; g_free(). */
char    *spqr_preflight_describe (const SpqrPreflight *preflight);
/* About so many seconds on the processor to measure the perplexity on data, of the model as it is as well if both; 0
 * where data is no file, whose size says how many tokens there may be. */
double   spqr_preflight_evaluation_seconds (SpqrModel *model, const char *data, gboolean both);
/* A sentence, or NULL for no time at all; g_free(). */
char    *spqr_preflight_describe_evaluation (double seconds);
/* One line about the device's memory, or NULL; g_free(). */
char    *spqr_preflight_describe_device (const SpqrPreflight *preflight);
/* One line of warning about the source, or NULL; g_free(). */
char    *spqr_preflight_warn (const SpqrPreflight *preflight);
void     spqr_preflight_clear (SpqrPreflight *preflight);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SpqrPreflight, spqr_preflight_clear)
