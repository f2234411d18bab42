/* The shim itself: does it notice kernels that are wrong, and does it compute what right ones say? */
#include "spqr-cuda-shim.h"

#include <glib.h>

#include "spqr-cuda-shim-control.h"

static void
shim_reset (void)
{
  spqr_cuda_shim.failed = 0;
  spqr_cuda_shim.trouble[0] = '\0';
  (void) cudaGetLastError ();
}

static __global__ void
sum_kernel (const int *in, int *out)
{
  __shared__ int scratch[64];
  int lane = (int) threadIdx.x % 32, value = in[blockIdx.x * 64 + threadIdx.x];

  scratch[threadIdx.x] = value;
  __syncthreads ();
  value = scratch[63 - threadIdx.x];
  for (int step = 16; step > 0; step /= 2)
    value += __shfl_xor_sync (0xffffffffu, value, step);
  if (lane == 0)
    atomicAdd (&out[blockIdx.x], value);
}

static __global__ void
index_kernel (unsigned *out)
{
  unsigned t = threadIdx.x + blockDim.x * threadIdx.y, b = blockIdx.x + gridDim.x * blockIdx.y;

  out[b * blockDim.x * blockDim.y + t] = b * 1000 + t;
}

static __global__ void
shuffle_kernel (int *out)
{
  int lane = (int) threadIdx.x % 32;

  out[threadIdx.x] = __shfl_sync (0xffffffffu, lane * 10, 3, 8) + 1000 * __shfl_down_sync (0xffffffffu, lane, 4);
  out[32 + threadIdx.x] = (int) __ballot_sync (0xffffffffu, lane % 3 == 0);
}

static __global__ void
divergent_kernel ()
{
  if (threadIdx.x < 16)
    __syncthreads ();
}

static __global__ void
mask_kernel ()
{
  __syncwarp (0xffu);
}

static __global__ void
mixed_kernel (int *out)
{
  out[threadIdx.x] = threadIdx.x % 2 != 0 ? __shfl_sync (0xffffffffu, 1, 0) : __shfl_xor_sync (0xffffffffu, 1, 1);
}

/* Lacks a barrier between writing and reading. */
static __global__ void
race_kernel (int *out)
{
  __shared__ int scratch[64];

  scratch[threadIdx.x] = -1;
  __syncthreads ();
  scratch[threadIdx.x] = (int) threadIdx.x;
  out[threadIdx.x] = scratch[(threadIdx.x + 1) % 64];
}

static void
test_right (void)
{
  int in[192], out[3] = { 0, 0, 0 }, expected[3] = { 0, 0, 0 }, lanes[64];
  unsigned indices[4 * 96];

  for (int i = 0; i < 192; i++)
    {
      in[i] = i * i;
      expected[i / 64] += in[i];
    }
  for (int order = 0; order < 6; order++)
    {
      spqr_cuda_shim.order = order;
      memset (out, 0, sizeof out);
      SPQR_LAUNCH_RAW (sum_kernel, 3, 64, 0, NULL, in, out);
      g_assert_cmpmem (out, sizeof out, expected, sizeof expected);
      SPQR_LAUNCH_RAW (index_kernel, dim3 (2, 2), dim3 (32, 3), 0, NULL, indices);
      for (unsigned i = 0; i < 4 * 96; i++)
        g_assert_cmpuint (indices[i], ==, i / 96 * 1000 + i % 96);
      SPQR_LAUNCH_RAW (shuffle_kernel, 1, 32, 0, NULL, lanes);
      for (int i = 0; i < 32; i++)
        {
          g_assert_cmpint (lanes[i], ==, (i / 8 * 8 + 3) * 10 + 1000 * (i + 4 < 32 ? i + 4 : i));
          g_assert_cmpint (lanes[32 + i], ==, 0x49249249);
        }
    }
  spqr_cuda_shim.order = 0;
  g_assert_cmpint (cudaGetLastError (), ==, cudaSuccess);
}

static void
test_wrong (void)
{
  int out[64], back[64];

  SPQR_LAUNCH_RAW (divergent_kernel, 1, 64, 0, NULL);
  g_assert_nonnull (strstr (spqr_cuda_shim.trouble, "wait"));
  g_assert_cmpint (cudaGetLastError (), ==, cudaErrorLaunchFailure);
  shim_reset ();
  SPQR_LAUNCH_RAW (mask_kernel, 1, 32, 0, NULL);
  g_assert_nonnull (strstr (spqr_cuda_shim.trouble, "all 32"));
  shim_reset ();
  SPQR_LAUNCH_RAW (mask_kernel, 1, 20, 0, NULL);
  g_assert_cmpint (spqr_cuda_shim.failed, ==, 1);
  shim_reset ();
  SPQR_LAUNCH_RAW (mixed_kernel, 1, 32, 0, NULL, out);
  g_assert_nonnull (strstr (spqr_cuda_shim.trouble, "different"));
  shim_reset ();
  SPQR_LAUNCH_RAW (sum_kernel, 1, 2048, 0, NULL, out, out);
  g_assert_cmpint (cudaGetLastError (), ==, cudaErrorInvalidConfiguration);
  SPQR_LAUNCH_RAW (race_kernel, 1, 64, 0, NULL, out);
  spqr_cuda_shim.order = 1;
  SPQR_LAUNCH_RAW (race_kernel, 1, 64, 0, NULL, back);
  spqr_cuda_shim.order = 0;
  g_assert_cmpint (memcmp (out, back, sizeof out), !=, 0);
  /* And after all that it still works. */
  test_right ();
}

/* What lies in memory that a copy on another stream fills, with or without waiting for its event. */
static int
read_behind_copy (bool wait)
{
  cudaStream_t copies, kernels;
  cudaEvent_t event;
  int *pinned = NULL, *device = NULL, out[32] = { 0 };

  g_assert_cmpint (cudaHostAlloc ((void **) &pinned, 64 * sizeof *pinned, cudaHostAllocDefault), ==, cudaSuccess);
  g_assert_cmpint (cudaMalloc ((void **) &device, 64 * sizeof *device), ==, cudaSuccess);
  for (int i = 0; i < 64; i++)
    pinned[i] = 7;
  cudaStreamCreateWithFlags (&copies, cudaStreamNonBlocking);
  cudaStreamCreateWithFlags (&kernels, cudaStreamNonBlocking);
  cudaEventCreateWithFlags (&event, cudaEventDisableTiming);
  cudaMemcpyAsync (device, pinned, 64 * sizeof *pinned, cudaMemcpyHostToDevice, copies);
  cudaEventRecord (event, copies);
  if (wait)
    cudaStreamWaitEvent (kernels, event, 0);
  SPQR_LAUNCH_RAW (sum_kernel, 1, 64, 0, kernels, device, out);
  cudaStreamSynchronize (kernels);
  cudaStreamSynchronize (copies);
  cudaEventDestroy (event);
  cudaStreamDestroy (copies);
  cudaStreamDestroy (kernels);
  cudaFree (device);
  cudaFreeHost (pinned);
  return out[0];
}

static void
test_streams (void)
{
  bool noticed = false;

  for (int schedule = 0; schedule < 12; schedule++)
    {
      spqr_cuda_shim.schedule = schedule;
      g_assert_cmpint (read_behind_copy (true), ==, 448);
      noticed = noticed || read_behind_copy (false) != 448;
    }
  spqr_cuda_shim.schedule = 0;
  g_assert_true (noticed);
  g_assert_cmpint (read_behind_copy (false), !=, 448);
  g_assert_cmpuint (spqr_cuda_shim.streams_now + spqr_cuda_shim.events_now + spqr_cuda_shim.pinned_now, ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/shim/right", test_right);
  g_test_add_func ("/shim/wrong", test_wrong);
  g_test_add_func ("/shim/streams", test_streams);
  return g_test_run ();
}
