/* spqr-cuda-device.h: one opened GPU, and one operation on it.
 *
 * An operation collects its first error in SpqrCudaOp.status; from then on every step does nothing,
 * so that code reads straight down. What it allocated goes back when it ends, after the stream has
 * come to rest. Freed device memory is kept for the next operation and given back to the driver
 * when an allocation fails or the device is closed.
 *
 * No exceptions and no C++ library: memory is malloc()ed, sizes are checked by the caller. */
#pragma once

#include "compute/spqr-backend.h"
#include "spqr-cuda-lib.h"

/* An allocation. */
typedef struct SpqrCudaBlock SpqrCudaBlock;
struct SpqrCudaBlock { void *at; size_t bytes; SpqrCudaBlock *next; };
typedef struct SpqrCudaRing SpqrCudaRing;

/* With SPQR_CUDA_PROFILE=1 every kernel, product and copy is timed on its own (so nothing overlaps
 * any more) and a table is written to stderr when the device is closed: how often, how long, and the
 * rates of the bytes and operations that its caller declared. */
#define SPQR_CUDA_PROFILE_LINES 64
typedef struct { const char *name; size_t count; double milliseconds, bytes, flops; } SpqrCudaProfileLine;

typedef struct SpqrCuda SpqrCuda;
struct SpqrCuda {
  int index;                    /* of the CUDA runtime */
  SpqrCuda *next_open;          /* spqr-cuda-device.cu */
  char name[256];
  cudaStream_t stream;          /* computes */
  cudaStream_t copy_in, copy_out;       /* beside it: spqr-cuda-keep.cu */
  SpqrCudaRing *ring;           /* pinned memory of copy_in */
  void *landing;                /* and of copy_out; both made when first needed */
  size_t landing_bytes;
  int processors;               /* multiprocessors */
  double clock;                 /* their cycles a second */
  double slice_flops;           /* operations that a launch should not exceed: some milliseconds of f32 */
  cublasHandle_t blas;
  cusolverDnHandle_t solver;    /* NULL: no cuSOLVER */
  const SpqrCudaLib *lib;
  bool failed;                  /* a sticky error was seen */
  void (*reclaim) (void *data); /* asked for memory when there is none; or NULL */
  void *reclaim_data;
  SpqrCudaBlock *unused;        /* allocations kept for later */
  size_t unused_bytes;
  int half;                     /* SPQR_CUDA_F16: see spqr-cuda-half.cu */
  bool cublas_update;           /* SPQR_CUDA_UPDATE=cublas: see spqr-cuda-update.cu */
  bool profile;
  cudaEvent_t profile_events[2];
  SpqrCudaProfileLine lines[SPQR_CUDA_PROFILE_LINES];
  int n_lines;
};

#define SPQR_CUDA_OP_BLOCKS 48
#define SPQR_CUDA_OP_AHEAD 4

struct SpqrCudaOp {
  SpqrCuda *device;
  const SpqrExec *exec;
  SpqrStatus status;
  SpqrCudaBlock *blocks[SPQR_CUDA_OP_BLOCKS];
  int n_blocks;
  cudaEvent_t events[SPQR_CUDA_OP_AHEAD];       /* of the last paces */
  int n_events, next_event;
  double work_bytes, work_flops;

  SpqrCudaOp (SpqrCuda *device_, const SpqrExec *exec_);
  ~SpqrCudaOp ();
  SpqrCudaOp (const SpqrCudaOp &) = delete;
  SpqrCudaOp &operator= (const SpqrCudaOp &) = delete;

  bool ok () const { return status == SPQR_OK; }
  void fail (SpqrStatus why);           /* the first one counts */
  void check (cudaError_t error);
  void check (cublasStatus_t error);
  void check (cusolverStatus_t error);

  /* Device memory for count numbers of T, not initialised; NULL once the operation has failed. */
  template <typename T> T *alloc (size_t count) { return static_cast<T *> (alloc_bytes (count, sizeof (T))); }
  template <typename T> T *alloc_zero (size_t count);
  void *alloc_bytes (size_t count, size_t size);
  /* Gives all memory allocated since mark () back. */
  int mark () const { return n_blocks; }
  void release (int mark);

  /* Host <-> device; large copies in parts between which a stop is noticed. */
  void upload (void *to, const void *from, size_t bytes);
  void download (void *to, const void *from, size_t bytes);
  /* rows of width bytes between pitches. */
  void upload_rows (void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t rows);
  void download_rows (void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t rows);
  void zero (void *at, size_t bytes);
  void copy (void *to, const void *from, size_t bytes);          /* device to device */
  template <typename T> T *upload_new (const T *from, size_t count);

  /* Call after queueing some milliseconds of work: polls for a stop, and keeps the device at most
   * a few such pieces behind. */
  void pace ();
  void poll ();                         /* SPQR_CANCELLED when a stop is wished */
  void wait ();                         /* the stream has come to rest */
  SpqrStatus finish () { wait (); return status; }

  /* What the next launch moves and computes, for the profile. */
  void work (double bytes, double flops) { work_bytes = bytes; work_flops = flops; }
  void profile_begin ();
  void profile_end (const char *name);

  /* Row-major C (rows, cols; ldc) = alpha op(A) op(B) + beta C with inner dimension `inner`. */
  void gemm (bool trans_a, bool trans_b, size_t rows, size_t cols, size_t inner, float alpha, const float *a, size_t lda,
             const float *b, size_t ldb, float beta, float *c, size_t ldc);
};

template <typename T>
T *
SpqrCudaOp::alloc_zero (size_t count)
{
  T *memory = alloc<T> (count);

  zero (memory, count * sizeof (T));
  return memory;
}

template <typename T>
T *
SpqrCudaOp::upload_new (const T *from, size_t count)
{
  T *memory = alloc<T> (count);

  upload (memory, from, count * sizeof (T));
  return memory;
}

/* A launch as a step of an operation. kernel: without commas, or in parentheses. */
#define SPQR_LAUNCH(op, kernel, grid, block, shared, ...)                                               \
  do                                                                                                    \
    if ((op).ok ())                                                                                     \
      {                                                                                                 \
        (op).profile_begin ();                                                                          \
        SPQR_LAUNCH_RAW (kernel, (grid), (block), (shared), (op).device->stream, __VA_ARGS__);          \
        (op).check (cudaGetLastError ());                                                               \
        (op).profile_end (#kernel);                                                                     \
      }                                                                                                 \
  while (0)

void spqr_cuda_ring_free (SpqrCudaRing *ring);
/* Keeps a block for later operations of this handle; when memory runs short on the GPU, whoever it is for. */
void spqr_cuda_put_unused (SpqrCuda *device, SpqrCudaBlock *block);
SpqrStatus spqr_cuda_device_open (int index, SpqrCuda **device);
void spqr_cuda_device_close (SpqrCuda *device);
/* Kernels timed one by one from now on, or no more. */
SpqrStatus spqr_cuda_device_profile (SpqrCuda *device, bool on);
SpqrStatus spqr_cuda_device_memory (SpqrCuda *device, size_t *free_bytes, size_t *total_bytes);

static inline unsigned
spqr_cuda_blocks (size_t count, size_t per_block)
{
  return (unsigned) ((count + per_block - 1) / per_block);
}
