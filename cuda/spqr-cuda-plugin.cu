/* spqr-cuda-plugin.cu: the backend table of CUDA devices.
 *
 * Loads everywhere. spqr_cuda_score() looks for a driver, for devices of compute capability 8.0 or
 * more, and for cuBLAS, in this order, and says in one sentence what is missing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spqr-cuda-keep.h"

#define OLDEST_MAJOR 8          /* what the kernels are compiled for */
#define MOST_DEVICES 64
#define SCORE 100

static int devices[MOST_DEVICES];
static size_t n_devices;

static const char *
cuda_name (void *device)
{
  return ((SpqrCuda *) device)->name;
}

static SpqrStatus
cuda_memory (void *device, size_t *free_bytes, size_t *total_bytes)
{
  return spqr_cuda_device_memory ((SpqrCuda *) device, free_bytes, total_bytes);
}

/* What is missing: spearman order (the CPU walks that chain), and factors without cuSOLVER. */
static bool
cuda_supports (void *device, const SpqrOpDesc *desc)
{
  if (((SpqrCuda *) device)->failed || (int) desc->op < 0 || desc->op >= SPQR_N_OPS)
    return false;
  if (desc->op == SPQR_OP_FACTOR)
    return ((SpqrCuda *) device)->solver != NULL;
  return true;
}

static size_t
cuda_estimate (void *device, const SpqrOpDesc *desc)
{
  return spqr_cuda_estimate (desc);
}

/* ---- the backend ---- */

static const char *
look_for_driver (void)
{
  static char reason[160];
  int driver = 0, runtime = 0;

  if (cudaDriverGetVersion (&driver) != cudaSuccess || driver == 0)
    return "no NVIDIA driver is installed";
  (void) cudaRuntimeGetVersion (&runtime);
  /* Within one major version any driver will do for what was compiled into the plugin. */
  if (driver / 1000 >= runtime / 1000)
    return NULL;
  snprintf (reason, sizeof reason, "the NVIDIA driver is older than the CUDA toolkit of this plugin (it is for CUDA %d.%d, at least %d.0 is needed)",
            driver / 1000, driver % 1000 / 10, runtime / 1000);
  return reason;
}

static const char *
look_for_devices (void)
{
  static char reason[400];
  cudaDeviceProp properties;
  int count = 0;
  cudaError_t error = cudaGetDeviceCount (&count);

  n_devices = 0;
  if (error == cudaErrorNoDevice || (error == cudaSuccess && count == 0))
    return "the NVIDIA driver sees no GPU";
  if (error != cudaSuccess)
    {
      snprintf (reason, sizeof reason, "the NVIDIA driver does not work (%s)", cudaGetErrorString (error));
      return reason;
    }
  for (int i = 0; i < count && n_devices < MOST_DEVICES; i++)
    {
      if (cudaGetDeviceProperties (&properties, i) != cudaSuccess)
        continue;
      if (properties.major >= OLDEST_MAJOR)
        devices[n_devices++] = i;
      else
        snprintf (reason, sizeof reason, "%.200s is too old (compute capability %d.%d, at least %d.0 is needed)", properties.name,
                  properties.major, properties.minor, OLDEST_MAJOR);
    }
  if (n_devices > 0)
    return NULL;
  return reason[0] != '\0' ? reason : "the NVIDIA driver does not describe its GPUs";
}

static int
cuda_score (const char **reason)
{
  const char *problem = look_for_driver ();

  if (problem == NULL)
    problem = look_for_devices ();
  if (problem == NULL && spqr_cuda_lib (&problem) != NULL)
    problem = NULL;
  (void) cudaGetLastError ();
  if (reason != NULL)
    *reason = problem;
  return problem == NULL ? SCORE : 0;
}

static size_t
cuda_n_devices (void)
{
  if (n_devices == 0)
    (void) look_for_devices ();
  return n_devices;
}

static SpqrStatus
cuda_open (size_t index, void **device)
{
  SpqrCuda *opened = NULL;
  SpqrStatus status;

  *device = NULL;
  if (index >= cuda_n_devices ())
    return SPQR_INVALID;
  status = spqr_cuda_device_open (devices[index], &opened);
  *device = opened;
  return status;
}

static void
cuda_close (void *device)
{
  spqr_cuda_device_close ((SpqrCuda *) device);
}

static void
cuda_set_reclaim (void *device, void (*reclaim) (void *data), void *data)
{
  ((SpqrCuda *) device)->reclaim = reclaim;
  ((SpqrCuda *) device)->reclaim_data = data;
}

static SpqrDeviceOps
make_ops (void)
{
  SpqrDeviceOps ops = {};

  ops.name = cuda_name;
  ops.memory = cuda_memory;
  ops.supports = cuda_supports;
  ops.estimate = cuda_estimate;
  ops.hessian_add = spqr_cuda_hessian_add;
  ops.factor_compute = spqr_cuda_factor_compute;
  ops.layer_quantize = spqr_cuda_layer_quantize;
  ops.layer_quantize_rows = spqr_cuda_layer_quantize_rows;
  ops.proxy_loss = spqr_cuda_proxy_loss;
  ops.field_sensitivity = spqr_cuda_field_sensitivity;
  ops.pyramid_build = spqr_cuda_pyramid_build;
  ops.layer_decode = spqr_cuda_layer_decode;
  ops.gemm_nt = spqr_cuda_gemm_nt;
  ops.rms_norm = spqr_cuda_rms_norm;
  ops.layer_norm = spqr_cuda_layer_norm;
  ops.rotary = spqr_cuda_rotary;
  ops.attention = spqr_cuda_attention;
  ops.gated_activation = spqr_cuda_gated_activation;
  ops.cross_entropy = spqr_cuda_cross_entropy;
  ops.packed_matmul = spqr_cuda_packed_matmul;
  ops.block = &spqr_cuda_block_ops;
  ops.set_reclaim = cuda_set_reclaim;
  ops.bench = spqr_cuda_bench;
  return ops;
}

#ifdef SPQR_CUDA_SHIM
#define BACKEND_NAME "cudashim"
#else
#define BACKEND_NAME "cuda"
#endif

extern "C" __attribute__ ((visibility ("default"))) const SpqrBackend *spqr_backend_plugin (void);

const SpqrBackend *
spqr_backend_plugin (void)
{
  static const SpqrDeviceOps ops = make_ops ();
  static const SpqrBackend backend = {
    SPQR_BACKEND_API_VERSION, sizeof (SpqrBackend), sizeof (SpqrDeviceOps), BACKEND_NAME,
    cuda_score, cuda_n_devices, cuda_open, cuda_close, &ops,
  };

  return &backend;
}
