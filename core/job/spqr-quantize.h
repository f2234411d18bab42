/* spqr-quantize.h: a whole model, quantized: calibrate, quantize, store, block by block.
 *
 * Each finished layer is written (artifact file, then database row) before the next starts, and the
 * blocks behind it are calibrated on what was stored. A run that ended early goes on from its last
 * finished layer and ends as if it had never stopped. */
#pragma once

#include "compute/spqr-backends.h"
#include "compute/spqr-progress.h"
#include "job/spqr-data.h"
#include "model/spqr-model.h"
#include "quant/spqr-hessian-cache.h"
#include "quant/spqr-recipe.h"
#include "store/spqr-store.h"

struct _SpqrPreflight;

typedef struct {
  SpqrModel *model;
  SpqrRecipe *recipe;
  const SpqrCalibration *calibration;    /* NULL only when every layer is RTN */
  SpqrDevice *device;                    /* where to compute; NULL: the CPU */
  gboolean spread;                       /* layers also over the other usable devices of its kind */
  /* Where Hessians that do not depend on the parameters are looked for and kept; nullable. These are the ones whose
   * inputs no quantized layer has touched: of the first block all, of a true_sequential one those of q, k and v. All
   * others are taken behind what this run stored, and serve no other. Neither do a device's, which rounds otherwise,
   * nor those of f16_activations. */
  SpqrHessianCache *cache;
  const char *folder;                    /* for the artifacts; NULL: one beside the database. One that already
                                          * holds an unfinished run of the same work is gone on with */
  SpqrProgressFunc progress;             /* nullable */
  void (*layer_done) (const SpqrRunLayer *layer, gpointer user_data);    /* nullable; in the caller's thread */
  /* Told once what it will take (spqr-preflight.h), before anything begins; nullable. */
  void (*preflight) (const struct _SpqrPreflight *preflight, gpointer user_data);
  /* Seconds for which progress() has held the work so far: they are no part of its time; nullable. */
  double (*waited) (gpointer user_data);
  /* A device could not do something for this layer, and the CPU did it: an English sentence, as in the layer's note.
   * nullable; in the caller's thread. */
  void (*fell_back) (const char *layer, const char *text, gpointer user_data);
  gpointer user_data;                    /* of all five */
} SpqrQuantizeRequest;

/* Blocking, from any thread. The finished run (full reference) or NULL; cancelled and failed runs are
 * recorded as such. A folder whose unfinished run differs from the request is refused, with the
 * difference named. */
SpqrRun *spqr_quantize (SpqrStore *store, const SpqrQuantizeRequest *request, GCancellable *cancellable, GError **error);
