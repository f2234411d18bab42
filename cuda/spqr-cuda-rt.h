/* spqr-cuda-rt.h: the CUDA runtime and libraries as this plugin sees them.
 *
 * The same sources are compiled twice: by nvcc for the plugin, and by the host's C++ compiler
 * against tests/cuda/shim, which executes grids, blocks and threads on the CPU. What the two cannot
 * say in the same words is said here in one: launching a kernel, and dynamic shared memory. */
#pragma once

#ifdef SPQR_CUDA_SHIM

#include "spqr-cuda-shim.h"

#else

#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <cusolverDn.h>

/* The block's dynamic shared memory, 16-byte aligned. */
#define SPQR_DYNAMIC_SHARED(name) extern __shared__ __align__ (16) unsigned char name[]

#define SPQR_LAUNCH_RAW(kernel, grid, block, shared, stream, ...) \
  kernel<<<(grid), (block), (shared), (stream)>>> (__VA_ARGS__)

#endif
