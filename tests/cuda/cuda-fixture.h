/* cuda-fixture.h: the device under test, and comparisons with core/num.
 *
 * The device is the shim's (tests/cuda/shim) unless SPQR_CUDA_TEST_PLUGIN names the real plugin. */
#pragma once

#include <glib.h>

#include "compute/spqr-backends.h"
#include "fixture.h"
#include "golden.h"
#include "spqr-cuda-shim-control.h"

typedef struct {
  const SpqrBackend *backend;
  const SpqrDeviceOps *ops;
  void *handle;
  SpqrCudaShim *shim;           /* NULL: a real GPU */
} CudaDevice;

/* Opens the plugin's first device; aborts the test program when it cannot, except that a real
 * plugin without a usable device makes it skip everything (returns FALSE, and has said so). */
gboolean cuda_device_open (CudaDevice *device);
/* Closes it and asserts that nothing is left allocated. */
void cuda_device_close (CudaDevice *device);

/* The same device through the registry, and its shim (NULL: a real GPU). NULL: a real plugin without a usable device; has
 * said so. */
SpqrDevice *cuda_registry_device (SpqrCudaShim **shim);

/* For what takes notes of the CPU doing the device's work: into a GPtrArray of texts. */
void cuda_take_note (gpointer notes, const char *text);
/* What the device keeps for later goes when something cannot be had. */
void cuda_forget_spare_memory (SpqrDevice *device, SpqrCudaShim *shim);

/* How two layers differ. */
typedef struct { double codes, scale_codes, zero_codes, outliers /* shares of equal ones */, proxy /* relative */; } LayerMatch;

LayerMatch cuda_layers_match (const SpqrLayer *a, const SpqrLayer *b);
double cuda_worst_relative (const float *a, const float *b, gsize n);
float *cuda_random (GRand *rand, gsize n, double scale);
