/* spqr-cuda-shim-control.h: what a test tells the shim, and what the shim tells a test. The plugin
 * built on the shim exports one of these as `spqr_cuda_shim`. */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  /* To the shim. A count of 0: never. */
  int fail_alloc_at, fail_launch_at, fail_copy_at;      /* the so-manieth from now on fails; counts down */
  size_t memory;                /* device memory in bytes; 0: plenty */
  int order;                    /* 0: threads and blocks ascending, 1: descending, else shuffled by this seed */
  int schedule;                 /* of streams; 0: when somebody waits, 1: at once, else by this seed */
  int driver_version, device_major, n_devices;
  /* From the shim. */
  size_t bytes_now, bytes_most, allocations_now, bytes_sent /* from the host */;
  size_t launches, allocations, copies, events_now, streams_now, handles_now, pinned_now;
  int failed;                   /* a sticky error: set back to 0 to go on */
  char trouble[256];            /* what a kernel did wrong: divergent barrier, … */
  /* Names of the kernels launched so far, each once. */
  const char *kernels[96];
  int n_kernels;
} SpqrCudaShim;

extern __attribute__ ((visibility ("default"))) SpqrCudaShim spqr_cuda_shim;

#ifdef __cplusplus
}
#endif
