/* spqr-backends.h: the devices of this computer, and how to run one operation on them.
 *
 * The CPU is always the last device. Plugins are looked for in $SPQR_PLUGIN_DIR if that is set (an
 * empty value: nowhere), else in $SPQR_BUILD_ROOT/cuda, ../cuda beside the program, and the
 * installed plugin folder; the first of those that holds a plugin is used. */
#pragma once

#include <glib.h>

#include "compute/spqr-backend.h"

typedef struct _SpqrDevice SpqrDevice;

/* Loads the plugins on the first call (any thread). Borrowed devices, best first. */
GPtrArray  *spqr_backends_get (void);
/* Why a plugin that was found is not used: borrowed, one readable sentence each; may be empty. */
const char *const *spqr_backends_get_problems (void);
SpqrDevice *spqr_backends_get_cpu (void);
/* The best device that is still usable. */
SpqrDevice *spqr_backends_get_best (void);
/* By "cpu", "cuda" (its first device) or "cuda:1"; NULL: no such device. */
SpqrDevice *spqr_backends_find (const char *id);

const char *spqr_device_get_id (SpqrDevice *device);            /* "cpu", "cuda:0" */
const char *spqr_device_get_name (SpqrDevice *device);          /* "NVIDIA H100" */
gboolean    spqr_device_is_cpu (SpqrDevice *device);
/* FALSE once an operation failed on it; stays so. */
gboolean    spqr_device_is_usable (SpqrDevice *device);
gboolean    spqr_device_get_memory (SpqrDevice *device, gsize *free_bytes, gsize *total_bytes);

/* A second queue of the same GPU, so that two operations run side by side; the same id and name, failed when it is.
 * Handles of one serve the other. NULL: it cannot be had. */
SpqrDevice *spqr_device_new_lane (SpqrDevice *device);
void        spqr_device_free_lane (SpqrDevice *lane);
/* Whether both are queues of one GPU (or both the CPU); whether they come from the same plugin. */
gboolean    spqr_device_is_same (SpqrDevice *a, SpqrDevice *b);
gboolean    spqr_device_is_kin (SpqrDevice *a, SpqrDevice *b);

/* How the operations of one job run. Zero-initialise. One thread at a time. */
typedef struct {
  SpqrDevice *device;           /* NULL: the CPU */
  const SpqrExec *exec;         /* NULL: one thread, no stopping */
  /* Told in one English sentence when an operation falls back to the CPU, once per kind of
   * operation and reason. May be NULL. */
  void (*note) (gpointer data, const char *text);
  gpointer note_data;
  SpqrDevice *used;             /* out: which device did the last operation */
  guint noted[SPQR_N_OPS];      /* private */
} SpqrBackendRun;

/* Says that device cannot do op and the CPU does, once per kind and reason. run may be NULL. */
void spqr_backend_run_note (SpqrBackendRun *run, SpqrDevice *device, SpqrOp op, SpqrStatus status);

/* Each tries run->device and, when that cannot do it (UNSUPPORTED, out of device memory, failed),
 * does the same on the CPU. run NULL: the CPU, one thread. What they return is never UNSUPPORTED
 * nor about the device. A network's own operations go by way of handles (spqr-device-block.h). */
SpqrStatus spqr_backend_run_hessian_add (SpqrBackendRun *run, SpqrHessian *hessian, const float *x, size_t ldx,
                                         size_t tokens, size_t sequences);
SpqrStatus spqr_backend_run_factor_compute (SpqrBackendRun *run, const float *h, const float *w, size_t m, size_t n,
                                            const SpqrParams *params, const int32_t *perm_in, SpqrFactor *factor);
SpqrStatus spqr_backend_run_layer_quantize (SpqrBackendRun *run, const float *w, size_t m, size_t n, const float *h,
                                            const SpqrFactor *factor, const SpqrParams *params,
                                            SpqrLayerTrace *trace, SpqrLayer *layer);
SpqrStatus spqr_backend_run_field_sensitivity (SpqrBackendRun *run, const float *w, size_t m, size_t n,
                                               const float *hinv_diag, const SpqrParams *params, float *out);
SpqrStatus spqr_backend_run_pyramid_build (SpqrBackendRun *run, const float *field, size_t rows, size_t cols,
                                           SpqrPyramid *pyramid);
SpqrStatus spqr_backend_run_layer_decode (SpqrBackendRun *run, const SpqrLayer *layer, size_t row0, size_t count,
                                          float *out);
SpqrStatus spqr_backend_run_gemm_nt (SpqrBackendRun *run, const float *x, size_t ldx, size_t tokens, const void *w,
                                     SpqrElem elem, size_t m, size_t n, const float *bias, float *y, size_t ldy);
