/* sitting.h: one call of spqr_quantize() on the fixture, and comparing what two of them left. */
#pragma once

#include "fixture.h"
#include "job/spqr-quantize.h"

typedef struct {
  SpqrModel *model;
  SpqrCalibration *calibration;
  char *recipe;              /* JSON */
  char *folder, *database;
  SpqrDevice *device;        /* NULL: the CPU; set it after sitting_init(), as the cache */
  gboolean spread;           /* its request's */
  SpqrHessianCache *cache;   /* nullable */
} Sitting;

/* All in `folder`: a model of `blocks` blocks, made when it is not there yet, calibration of `windows` windows, a database and
 * an artifact folder called `name`. recipe: JSON, or NULL for the defaults. */
void     sitting_init (Sitting *sitting, const char *folder, const char *name, guint blocks, gsize windows, const char *recipe);
void     sitting_clear (Sitting *sitting);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Sitting, sitting_clear)

/* The request that this sitting makes; recipe and request are good until the sitting is cleared. */
SpqrRun *sitting_run (Sitting *sitting, SpqrProgressFunc progress, gpointer user_data, GCancellable *cancellable, GError **error);
/* The same, and it has to succeed. Full reference. */
SpqrRun *sitting_finish (Sitting *sitting);

/* Whether its database knows it as finished. */
gboolean sitting_is_finished (Sitting *sitting);

/* The same artifacts byte for byte, the same rows but for ids, times and the folder. */
void     sitting_compare (Sitting *one, Sitting *other);
