/* spqr-cuda-shim.h: enough of CUDA for cuda/'s sources to run on a CPU, for tests.
 *
 * Kernels are compiled as ordinary functions. A launch runs its blocks one after the other; the
 * threads of a block are fibers, which change at barriers and warp operations only. The order in
 * which fibers and blocks run can be turned round or shuffled (SpqrCudaShim.order): a kernel that
 * lacks a barrier gives different numbers then. Streams put their work off (SpqrCudaShim.schedule). Barriers which not every thread reaches, and warp
 * operations with an incomplete mask or of different kinds in one warp, make the launch fail.
 * Shared memory is filled with NaN before each block where it is dynamic.
 *
 * cuBLAS and cuSOLVER are answered by OpenBLAS; device memory is host memory, counted, and
 * allocations, launches and copies can be made to fail (spqr-cuda-shim-control.h). */
#pragma once

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <functional>

using std::isfinite;
using std::isinf;
using std::isnan;

#define __host__
#define __device__
#define __global__
#define __forceinline__ inline
#define __align__(n) __attribute__ ((aligned (n)))
#define __launch_bounds__(...)
#define __restrict__ __restrict
#define __shared__ static thread_local
#define CUDART_VERSION 13000

struct dim3 {
  unsigned x, y, z;
  dim3 (unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x (x_), y (y_), z (z_) {}
};

typedef struct { unsigned x, y, z; } SpqrShimIndex;
extern __thread SpqrShimIndex spqr_shim_thread, spqr_shim_block;
extern __thread SpqrShimIndex spqr_shim_block_dim, spqr_shim_grid_dim;
extern __thread unsigned char *spqr_shim_dynamic;

#define threadIdx spqr_shim_thread
#define blockIdx spqr_shim_block
#define blockDim spqr_shim_block_dim
#define gridDim spqr_shim_grid_dim
#define SPQR_DYNAMIC_SHARED(name) unsigned char *name = spqr_shim_dynamic

/* ---- launching ---- */

typedef struct SpqrShimStream *cudaStream_t;

/* Counts, fails when it is time, refuses what no device takes. */
bool spqr_shim_may_launch (const char *name, dim3 grid, dim3 block, size_t shared);
void spqr_shim_run (const char *name, dim3 grid, dim3 block, size_t shared, void (*call) (void *), void *data);
/* Puts work at the end of a stream; NULL: does it. */
void spqr_shim_enqueue (cudaStream_t stream, std::function<void ()> work);

template <typename T> struct SpqrShimSame { typedef T type; };

/* Arguments are copied now, as at a launch; the kernel runs when the stream comes to it. */
template <typename... Parameters>
static inline void
spqr_shim_launch (const char *name, dim3 grid, dim3 block, size_t shared, cudaStream_t stream, void (*kernel) (Parameters...),
                  typename SpqrShimSame<Parameters>::type... arguments)
{
  if (!spqr_shim_may_launch (name, grid, block, shared))
    return;
  spqr_shim_enqueue (stream, [=] () {
    auto body = [=] () { kernel (arguments...); };

    spqr_shim_run (name, grid, block, shared, [] (void *data) { (*static_cast<decltype (body) *> (data)) (); },
                   const_cast<void *> (static_cast<const void *> (&body)));
  });
}

/* kernel may stand in parentheses. */
#define SPQR_LAUNCH_RAW(kernel, grid, block, shared, stream, ...) \
  spqr_shim_launch (#kernel, (grid), (block), (shared), (stream), (kernel) __VA_OPT__ (,) __VA_ARGS__)

/* ---- inside kernels ---- */

void spqr_shim_barrier ();
/* All lanes of the warp bring 8 bytes; the result is the table of all 32. kind tells operations apart. */
const uint64_t *spqr_shim_exchange (unsigned mask, int kind, uint64_t mine);
unsigned spqr_shim_lane ();

static inline void __syncthreads () { spqr_shim_barrier (); }
static inline void __syncwarp (unsigned mask = 0xffffffffu) { (void) spqr_shim_exchange (mask, 1, 0); }

template <typename T>
static inline T
spqr_shim_pick (unsigned mask, int kind, T mine, unsigned from)
{
  uint64_t word = 0;
  T value;

  static_assert (sizeof (T) <= 8, "shuffles move at most 8 bytes");
  memcpy (&word, &mine, sizeof mine);
  memcpy (&value, &spqr_shim_exchange (mask, kind, word)[from & 31], sizeof value);
  return value;
}

template <typename T> static inline T
__shfl_sync (unsigned mask, T value, int from, int width = 32)
{
  unsigned lane = spqr_shim_lane (), first = lane / (unsigned) width * (unsigned) width;

  return spqr_shim_pick (mask, 2, value, first + (unsigned) from % (unsigned) width);
}

template <typename T> static inline T
__shfl_xor_sync (unsigned mask, T value, int bits, int width = 32)
{
  unsigned lane = spqr_shim_lane (), from = lane ^ (unsigned) bits;

  return spqr_shim_pick (mask, 3, value, from / (unsigned) width == lane / (unsigned) width ? from : lane);
}

template <typename T> static inline T
__shfl_down_sync (unsigned mask, T value, unsigned by, int width = 32)
{
  unsigned lane = spqr_shim_lane (), from = lane + by;

  return spqr_shim_pick (mask, 4, value, from / (unsigned) width == lane / (unsigned) width ? from : lane);
}

static inline unsigned
__ballot_sync (unsigned mask, int predicate)
{
  const uint64_t *all = spqr_shim_exchange (mask, 5, predicate != 0);
  unsigned bits = 0;

  for (int lane = 0; lane < 32; lane++)
    bits |= (unsigned) all[lane] << lane;
  return bits;
}

static inline int __any_sync (unsigned mask, int predicate) { return __ballot_sync (mask, predicate) != 0; }

template <typename T> static inline T
atomicAdd (T *at, T value)
{
  T old = *at;

  *at = old + value;
  return old;
}

template <typename T> static inline T
atomicOr (T *at, T value)
{
  T old = *at;

  *at = old | value;
  return old;
}

template <typename T> static inline T
atomicMax (T *at, T value)
{
  T old = *at;

  *at = old > value ? old : value;
  return old;
}

template <typename T> static inline T
atomicMin (T *at, T value)
{
  T old = *at;

  *at = old < value ? old : value;
  return old;
}

static inline int __popc (unsigned x) { return __builtin_popcount (x); }
static inline int __ffs (int x) { return __builtin_ffs (x); }
template <typename T> static inline T __ldg (const T *at) { return *at; }
static inline float rsqrtf (float x) { return 1.0f / sqrtf (x); }
static inline unsigned __float_as_uint (float x) { unsigned u; memcpy (&u, &x, 4); return u; }
static inline float __uint_as_float (unsigned u) { float x; memcpy (&x, &u, 4); return x; }

/* ---- runtime ---- */

typedef enum {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInsufficientDriver = 35,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorNoDevice = 100,
  cudaErrorLaunchFailure = 719,
  cudaErrorUnknown = 999,
} cudaError_t;

typedef enum { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2, cudaMemcpyDeviceToDevice = 3 } cudaMemcpyKind;
typedef struct SpqrShimEvent *cudaEvent_t;
typedef struct { char name[256]; int major, minor, multiProcessorCount; size_t totalGlobalMem; } cudaDeviceProp;
#define cudaStreamNonBlocking 1u
#define cudaHostAllocDefault 0u
#define cudaEventDefault 0u
#define cudaEventDisableTiming 2u

cudaError_t cudaDriverGetVersion (int *version);
cudaError_t cudaRuntimeGetVersion (int *version);
cudaError_t cudaGetDeviceCount (int *count);
cudaError_t cudaSetDevice (int device);
typedef enum { cudaDevAttrClockRate = 13 } cudaDeviceAttr;
cudaError_t cudaDeviceGetAttribute (int *value, cudaDeviceAttr attribute, int device);
cudaError_t cudaGetDeviceProperties (cudaDeviceProp *properties, int device);
cudaError_t cudaMemGetInfo (size_t *free_bytes, size_t *total_bytes);
cudaError_t cudaMalloc (void **at, size_t bytes);
cudaError_t cudaFree (void *at);
cudaError_t cudaHostAlloc (void **at, size_t bytes, unsigned flags);
cudaError_t cudaFreeHost (void *at);
cudaError_t cudaMemcpyAsync (void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaMemcpy2DAsync (void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t rows,
                               cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaMemsetAsync (void *at, int value, size_t bytes, cudaStream_t stream);
cudaError_t cudaStreamCreateWithFlags (cudaStream_t *stream, unsigned flags);
cudaError_t cudaStreamDestroy (cudaStream_t stream);
cudaError_t cudaStreamSynchronize (cudaStream_t stream);
cudaError_t cudaStreamWaitEvent (cudaStream_t stream, cudaEvent_t event, unsigned flags);
cudaError_t cudaEventCreateWithFlags (cudaEvent_t *event, unsigned flags);
cudaError_t cudaEventDestroy (cudaEvent_t event);
cudaError_t cudaEventRecord (cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize (cudaEvent_t event);
cudaError_t cudaEventElapsedTime (float *milliseconds, cudaEvent_t start, cudaEvent_t end);
cudaError_t cudaDeviceSynchronize ();
cudaError_t cudaGetLastError ();
const char *cudaGetErrorString (cudaError_t error);

/* ---- cuBLAS, cuSOLVER ---- */

typedef struct SpqrShimBlas *cublasHandle_t;
typedef struct SpqrShimSolver *cusolverDnHandle_t;
typedef enum { CUBLAS_STATUS_SUCCESS = 0, CUBLAS_STATUS_ALLOC_FAILED = 3, CUBLAS_STATUS_INVALID_VALUE = 7, CUBLAS_STATUS_EXECUTION_FAILED = 13 } cublasStatus_t;
typedef enum { CUSOLVER_STATUS_SUCCESS = 0, CUSOLVER_STATUS_ALLOC_FAILED = 2, CUSOLVER_STATUS_INVALID_VALUE = 3, CUSOLVER_STATUS_EXECUTION_FAILED = 6 } cusolverStatus_t;
typedef enum { CUBLAS_OP_N = 0, CUBLAS_OP_T = 1 } cublasOperation_t;
typedef enum { CUBLAS_FILL_MODE_LOWER = 0, CUBLAS_FILL_MODE_UPPER = 1 } cublasFillMode_t;
typedef enum { CUBLAS_SIDE_LEFT = 0, CUBLAS_SIDE_RIGHT = 1 } cublasSideMode_t;
typedef enum { CUBLAS_DIAG_NON_UNIT = 0, CUBLAS_DIAG_UNIT = 1 } cublasDiagType_t;
typedef enum { CUBLAS_DEFAULT_MATH = 0, CUBLAS_TF32_TENSOR_OP_MATH = 3 } cublasMath_t;

cublasStatus_t cublasCreate_v2 (cublasHandle_t *handle);
cublasStatus_t cublasDestroy_v2 (cublasHandle_t handle);
cublasStatus_t cublasSetStream_v2 (cublasHandle_t handle, cudaStream_t stream);
cublasStatus_t cublasSetMathMode (cublasHandle_t handle, cublasMath_t mode);
cublasStatus_t cublasSgemm_v2 (cublasHandle_t handle, cublasOperation_t a_op, cublasOperation_t b_op, int m, int n, int k,
                               const float *alpha, const float *a, int lda, const float *b, int ldb, const float *beta,
                               float *c, int ldc);
cublasStatus_t cublasSsyrk_v2 (cublasHandle_t handle, cublasFillMode_t uplo, cublasOperation_t op, int n, int k,
                               const float *alpha, const float *a, int lda, const float *beta, float *c, int ldc);
cublasStatus_t cublasStrsm_v2 (cublasHandle_t handle, cublasSideMode_t side, cublasFillMode_t uplo, cublasOperation_t op,
                               cublasDiagType_t diag, int m, int n, const float *alpha, const float *a, int lda, float *b,
                               int ldb);
typedef enum { CUDA_R_32F = 0, CUDA_R_16F = 2, CUDA_R_16BF = 14 } cudaDataType_t;
typedef enum { CUBLAS_COMPUTE_32F = 68 } cublasComputeType_t;
typedef enum { CUBLAS_GEMM_DEFAULT = -1 } cublasGemmAlgo_t;
cublasStatus_t cublasGemmEx (cublasHandle_t handle, cublasOperation_t a_op, cublasOperation_t b_op, int m, int n, int k,
                             const void *alpha, const void *a, cudaDataType_t a_type, int lda, const void *b, cudaDataType_t b_type,
                             int ldb, const void *beta, void *c, cudaDataType_t c_type, int ldc, cublasComputeType_t compute,
                             cublasGemmAlgo_t algorithm);
cusolverStatus_t cusolverDnCreate (cusolverDnHandle_t *handle);
cusolverStatus_t cusolverDnDestroy (cusolverDnHandle_t handle);
cusolverStatus_t cusolverDnSetStream (cusolverDnHandle_t handle, cudaStream_t stream);
cusolverStatus_t cusolverDnSpotrf_bufferSize (cusolverDnHandle_t handle, cublasFillMode_t uplo, int n, float *a, int lda, int *lwork);
cusolverStatus_t cusolverDnSpotrf (cusolverDnHandle_t handle, cublasFillMode_t uplo, int n, float *a, int lda, float *work,
                                   int lwork, int *info);
