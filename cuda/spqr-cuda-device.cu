/* spqr-cuda-device.cu: opening a device, its memory, copies, and the end of things. */
#include "spqr-cuda-device.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COPY_PART ((size_t) 64 << 20)   /* some 10 ms over a slow bus */
#define ROUND_SMALL ((size_t) 512)
#define ROUND_LARGE ((size_t) 2 << 20)
#ifdef SPQR_CUDA_SHIM
#define SM_FLOPS_A_SLICE 5e3            /* several slices on small shapes */
#else
#define SM_FLOPS_A_SLICE 1.5e9          /* 4 ms of 128 lanes at 1.5 GHz */
#endif
#define MOST_UNUSED 96                  /* more kept blocks than this are not worth a search */

/* All open handles; one GPU may have several. The lock is for the list and for everybody's spare blocks; no
 * call of CUDA happens under it. */
static SpqrCuda *open_handles;
static pthread_mutex_t spare_lock = PTHREAD_MUTEX_INITIALIZER;

/* Frees a chain of blocks that nobody else knows any more, and that no queue uses. */
static void
free_chain (SpqrCudaBlock *chain)
{
  while (chain != NULL)
    {
      SpqrCudaBlock *block = chain;

      chain = block->next;
      (void) cudaFree (block->at);
      free (block);
    }
}

/* The spare blocks of this handle, or of all handles of its GPU. */
static SpqrCudaBlock *
steal_unused (SpqrCuda *device, bool of_all)
{
  SpqrCudaBlock *chain = NULL;

  pthread_mutex_lock (&spare_lock);
  for (SpqrCuda *d = of_all ? open_handles : device; d != NULL; d = of_all ? d->next_open : NULL)
    while (d->index == device->index && d->unused != NULL)
      {
        SpqrCudaBlock *block = d->unused;

        d->unused = block->next;
        d->unused_bytes -= block->bytes;
        block->next = chain;
        chain = block;
      }
  pthread_mutex_unlock (&spare_lock);
  return chain;
}

void
spqr_cuda_put_unused (SpqrCuda *device, SpqrCudaBlock *block)
{
  pthread_mutex_lock (&spare_lock);
  block->next = device->unused;
  device->unused = block;
  device->unused_bytes += block->bytes;
  pthread_mutex_unlock (&spare_lock);
}

static void
set_open (SpqrCuda *device, bool open)
{
  pthread_mutex_lock (&spare_lock);
  if (open)
    {
      device->next_open = open_handles;
      open_handles = device;
    }
  for (SpqrCuda **at = &open_handles; !open && *at != NULL; at = &(*at)->next_open)
    if (*at == device)
      {
        *at = device->next_open;
        break;
      }
  pthread_mutex_unlock (&spare_lock);
}

static size_t
count_unused (const SpqrCuda *device)
{
  size_t count = 0;

  pthread_mutex_lock (&spare_lock);
  for (const SpqrCudaBlock *block = device->unused; block != NULL; block = block->next)
    count++;
  pthread_mutex_unlock (&spare_lock);
  return count;
}

/* Of all handles of the GPU. */
static size_t
unused_bytes_of_gpu (const SpqrCuda *device)
{
  size_t bytes = 0;

  pthread_mutex_lock (&spare_lock);
  for (const SpqrCuda *d = open_handles; d != NULL; d = d->next_open)
    bytes += d->index == device->index ? d->unused_bytes : 0;
  pthread_mutex_unlock (&spare_lock);
  return bytes;
}

static SpqrStatus
status_of (cudaError_t error)
{
  if (error == cudaSuccess)
    return SPQR_OK;
  return error == cudaErrorMemoryAllocation ? SPQR_DEVICE_OUT_OF_MEMORY : SPQR_DEVICE_FAILED;
}

static bool
environment_says (const char *variable, const char *value)
{
  const char *set = getenv (variable);

  return set != NULL && strcmp (set, value) == 0;
}

SpqrStatus
spqr_cuda_device_profile (SpqrCuda *device, bool on)
{
  for (int i = 0; i < 2 && on; i++)
    if (device->profile_events[i] == NULL && cudaEventCreateWithFlags (&device->profile_events[i], cudaEventDefault) != cudaSuccess)
      {
        device->failed = true;
        return SPQR_DEVICE_FAILED;
      }
  device->profile = on;
  return SPQR_OK;
}

SpqrStatus
spqr_cuda_device_open (int index, SpqrCuda **device)
{
  SpqrCuda *d = (SpqrCuda *) calloc (1, sizeof *d);
  cudaDeviceProp properties;
  int kilohertz = 0;
  bool good;

  *device = NULL;
  if (d == NULL)
    return SPQR_NO_MEMORY;
  d->index = index;
  d->lib = spqr_cuda_lib (NULL);
  good = d->lib != NULL && cudaSetDevice (index) == cudaSuccess &&
         cudaGetDeviceProperties (&properties, index) == cudaSuccess &&
         cudaDeviceGetAttribute (&kilohertz, cudaDevAttrClockRate, index) == cudaSuccess &&
         cudaStreamCreateWithFlags (&d->stream, cudaStreamNonBlocking) == cudaSuccess &&
         cudaStreamCreateWithFlags (&d->copy_in, cudaStreamNonBlocking) == cudaSuccess &&
         cudaStreamCreateWithFlags (&d->copy_out, cudaStreamNonBlocking) == cudaSuccess &&
         d->lib->create (&d->blas) == CUBLAS_STATUS_SUCCESS &&
         d->lib->set_stream (d->blas, d->stream) == CUBLAS_STATUS_SUCCESS;
  if (good && d->lib->spotrf != NULL)
    good = d->lib->solver_create (&d->solver) == CUSOLVER_STATUS_SUCCESS &&
           d->lib->solver_set_stream (d->solver, d->stream) == CUSOLVER_STATUS_SUCCESS;
  /* f32 means f32 unless somebody asks for less: TF32 keeps ten bits of each factor. */
  d->cublas_update = environment_says ("SPQR_CUDA_UPDATE", "cublas");
  if (good && environment_says ("SPQR_CUDA_TF32", "1"))
    good = d->lib->set_math_mode (d->blas, CUBLAS_TF32_TENSOR_OP_MATH) == CUBLAS_STATUS_SUCCESS;
  if (good && environment_says ("SPQR_CUDA_PROFILE", "1"))
    good = spqr_cuda_device_profile (d, true) == SPQR_OK;
  if (!good)
    {
      spqr_cuda_device_close (d);
      return SPQR_DEVICE_FAILED;
    }
  d->half = environment_says ("SPQR_CUDA_F16", "1") ? 1 : environment_says ("SPQR_CUDA_F16", "split") ? 2 : 0;
  d->processors = properties.multiProcessorCount;
  d->clock = 1e3 * kilohertz;
  d->slice_flops = (double) d->processors * SM_FLOPS_A_SLICE;
  snprintf (d->name, sizeof d->name, "%s", properties.name);
  set_open (d, true);
  *device = d;
  return SPQR_OK;
}

static void
print_profile (const SpqrCuda *device)
{
  fprintf (stderr, "%-28s %8s %10s %8s %8s\n", device->name, "calls", "ms", "GB/s", "GFLOP/s");
  for (int i = 0; i < device->n_lines; i++)
    {
      const SpqrCudaProfileLine *line = &device->lines[i];

      fprintf (stderr, "%-28s %8zu %10.3f %8.1f %8.1f\n", line->name, line->count, line->milliseconds,
               line->bytes / (line->milliseconds * 1e6), line->flops / (line->milliseconds * 1e6));
    }
}

void
spqr_cuda_device_close (SpqrCuda *device)
{
  if (device == NULL)
    return;
  (void) cudaSetDevice (device->index);
  if (device->profile)
    print_profile (device);
  for (int i = 0; i < 2; i++)
    if (device->profile_events[i] != NULL)
      (void) cudaEventDestroy (device->profile_events[i]);
  spqr_cuda_ring_free (device->ring);
  if (device->landing != NULL)
    (void) cudaFreeHost (device->landing);
  set_open (device, false);
  free_chain (steal_unused (device, false));
  if (device->solver != NULL)
    device->lib->solver_destroy (device->solver);
  if (device->blas != NULL)
    device->lib->destroy (device->blas);
  if (device->copy_in != NULL)
    (void) cudaStreamDestroy (device->copy_in);
  if (device->copy_out != NULL)
    (void) cudaStreamDestroy (device->copy_out);
  if (device->stream != NULL)
    (void) cudaStreamDestroy (device->stream);
  (void) cudaGetLastError ();
  free (device);
}

SpqrStatus
spqr_cuda_device_memory (SpqrCuda *device, size_t *free_bytes, size_t *total_bytes)
{
  cudaError_t error = device->failed ? cudaErrorUnknown : cudaSetDevice (device->index);

  if (error == cudaSuccess)
    error = cudaMemGetInfo (free_bytes, total_bytes);
  if (error != cudaSuccess)
    {
      device->failed = true;
      return SPQR_DEVICE_FAILED;
    }
  *free_bytes += unused_bytes_of_gpu (device);
  return SPQR_OK;
}

/* ---- one operation ---- */

SpqrCudaOp::SpqrCudaOp (SpqrCuda *device_, const SpqrExec *exec_)
  : device (device_), exec (exec_), status (SPQR_OK), n_blocks (0), n_events (0), next_event (0), work_bytes (0), work_flops (0)
{
  if (device->failed)
    status = SPQR_DEVICE_FAILED;
  else
    check (cudaSetDevice (device->index));
  poll ();
}

SpqrCudaOp::~SpqrCudaOp ()
{
  /* Copies beside the computing wait for it and it for them: all three come to rest. */
  if (cudaStreamSynchronize (device->copy_in) != cudaSuccess || cudaStreamSynchronize (device->stream) != cudaSuccess ||
      cudaStreamSynchronize (device->copy_out) != cudaSuccess)
    device->failed = true;
  for (int i = 0; i < n_events; i++)
    (void) cudaEventDestroy (events[i]);
  release (0);
  if (device->failed || count_unused (device) > MOST_UNUSED)
    free_chain (steal_unused (device, false));
  (void) cudaGetLastError ();
}

void
SpqrCudaOp::fail (SpqrStatus why)
{
  if (status == SPQR_OK)
    status = why;
  if (why == SPQR_DEVICE_FAILED)
    device->failed = true;
}

void
SpqrCudaOp::check (cudaError_t error)
{
  if (error == cudaSuccess)
    return;
  fail (status_of (error));
  (void) cudaGetLastError ();
}

void
SpqrCudaOp::check (cublasStatus_t error)
{
  if (error == CUBLAS_STATUS_SUCCESS)
    return;
  fail (error == CUBLAS_STATUS_ALLOC_FAILED ? SPQR_DEVICE_OUT_OF_MEMORY : SPQR_DEVICE_FAILED);
  (void) cudaGetLastError ();
}

void
SpqrCudaOp::check (cusolverStatus_t error)
{
  if (error == CUSOLVER_STATUS_SUCCESS)
    return;
  fail (error == CUSOLVER_STATUS_ALLOC_FAILED ? SPQR_DEVICE_OUT_OF_MEMORY : SPQR_DEVICE_FAILED);
  (void) cudaGetLastError ();
}

void
SpqrCudaOp::profile_begin ()
{
  if (device->profile && ok ())
    check (cudaEventRecord (device->profile_events[0], device->stream));
}

void
SpqrCudaOp::profile_end (const char *name)
{
  SpqrCudaProfileLine *line = NULL;
  float milliseconds = 0;

  if (device->profile && ok ())
    {
      check (cudaEventRecord (device->profile_events[1], device->stream));
      if (ok ())
        check (cudaEventSynchronize (device->profile_events[1]));
      if (ok ())
        check (cudaEventElapsedTime (&milliseconds, device->profile_events[0], device->profile_events[1]));
      for (int i = 0; i < device->n_lines && line == NULL; i++)
        if (strcmp (device->lines[i].name, name) == 0)
          line = &device->lines[i];
      if (line == NULL && device->n_lines < SPQR_CUDA_PROFILE_LINES)
        {
          line = &device->lines[device->n_lines++];
          *line = { name, 0, 0, 0, 0 };
        }
    }
  if (line != NULL && ok ())
    {
      line->count++;
      line->milliseconds += milliseconds;
      line->bytes += work_bytes;
      line->flops += work_flops;
    }
  work_bytes = work_flops = 0;
}

/* The smallest kept block that fits and does not waste more than a quarter. */
static SpqrCudaBlock *
take_unused (SpqrCuda *device, size_t bytes)
{
  SpqrCudaBlock **best = NULL, *block = NULL;

  pthread_mutex_lock (&spare_lock);
  for (SpqrCudaBlock **at = &device->unused; *at != NULL; at = &(*at)->next)
    if ((*at)->bytes >= bytes && (*at)->bytes - bytes <= bytes / 4 && (best == NULL || (*at)->bytes < (*best)->bytes))
      best = at;
  if (best != NULL)
    {
      block = *best;
      *best = block->next;
      device->unused_bytes -= block->bytes;
    }
  pthread_mutex_unlock (&spare_lock);
  return block;
}

static SpqrStatus
new_block (SpqrCuda *device, size_t bytes, SpqrCudaBlock **block)
{
  cudaError_t error;

  *block = (SpqrCudaBlock *) malloc (sizeof **block);
  if (*block == NULL)
    return SPQR_NO_MEMORY;
  **block = { NULL, bytes, NULL };
  error = cudaMalloc (&(*block)->at, bytes);
  if (error == cudaErrorMemoryAllocation)
    {
      SpqrCudaBlock *spare;

      (void) cudaGetLastError ();
      if (device->reclaim != NULL)
        device->reclaim (device->reclaim_data);
      spare = steal_unused (device, true);
      if (spare != NULL)
        {
          cudaError_t rest = cudaDeviceSynchronize ();  /* other handles' queues may still use theirs */

          free_chain (spare);
          error = rest == cudaSuccess ? cudaMalloc (&(*block)->at, bytes) : rest;
        }
    }
  if (error == cudaSuccess)
    return SPQR_OK;
  (void) cudaGetLastError ();
  free (*block);
  *block = NULL;
  return status_of (error);
}

void *
SpqrCudaOp::alloc_bytes (size_t count, size_t size)
{
  SpqrCudaBlock *block;
  size_t bytes, unit;

  if (!ok ())
    return NULL;
  if (count > SIZE_MAX / 2 / size || n_blocks == SPQR_CUDA_OP_BLOCKS)
    {
      fail (SPQR_DEVICE_OUT_OF_MEMORY);
      return NULL;
    }
  bytes = count * size != 0 ? count * size : 1;
  unit = bytes < ROUND_LARGE ? ROUND_SMALL : ROUND_LARGE;
  bytes = (bytes + unit - 1) / unit * unit;
  block = take_unused (device, bytes);
  if (block == NULL)
    {
      SpqrStatus result = new_block (device, bytes, &block);

      if (result != SPQR_OK)
        {
          fail (result);
          return NULL;
        }
    }
  blocks[n_blocks++] = block;
  return block->at;
}

void
SpqrCudaOp::release (int mark)
{
  while (n_blocks > mark)
    {
      SpqrCudaBlock *block = blocks[--n_blocks];

      /* The one stream does everything in order: whoever gets this block next comes later. */
      spqr_cuda_put_unused (device, block);
    }
}

void
SpqrCudaOp::upload (void *to, const void *from, size_t bytes)
{
  for (size_t at = 0; at < bytes && ok (); at += COPY_PART)
    {
      size_t part = bytes - at < COPY_PART ? bytes - at : COPY_PART;

      profile_begin ();
      check (cudaMemcpyAsync ((char *) to + at, (const char *) from + at, part, cudaMemcpyHostToDevice, device->stream));
      work ((double) part, 0);
      profile_end ("upload");
      if (bytes > COPY_PART)
        poll ();
    }
}

void
SpqrCudaOp::download (void *to, const void *from, size_t bytes)
{
  for (size_t at = 0; at < bytes && ok (); at += COPY_PART)
    {
      size_t part = bytes - at < COPY_PART ? bytes - at : COPY_PART;

      profile_begin ();
      check (cudaMemcpyAsync ((char *) to + at, (const char *) from + at, part, cudaMemcpyDeviceToHost, device->stream));
      work ((double) part, 0);
      profile_end ("download");
      if (bytes > COPY_PART)
        poll ();
    }
}

static size_t
rows_of_part (size_t width)
{
  size_t rows = COPY_PART / (width != 0 ? width : 1);

  return rows != 0 ? rows : 1;
}

void
SpqrCudaOp::upload_rows (void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t rows)
{
  size_t part = rows_of_part (width);

  for (size_t r = 0; r < rows && width != 0 && ok (); r += part)
    {
      profile_begin ();
      check (cudaMemcpy2DAsync ((char *) to + r * to_pitch, to_pitch, (const char *) from + r * from_pitch, from_pitch, width,
                                rows - r < part ? rows - r : part, cudaMemcpyHostToDevice, device->stream));
      work ((double) width * (double) (rows - r < part ? rows - r : part), 0);
      profile_end ("upload");
      if (rows > part)
        poll ();
    }
}

void
SpqrCudaOp::download_rows (void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t rows)
{
  size_t part = rows_of_part (width);

  for (size_t r = 0; r < rows && width != 0 && ok (); r += part)
    {
      profile_begin ();
      check (cudaMemcpy2DAsync ((char *) to + r * to_pitch, to_pitch, (const char *) from + r * from_pitch, from_pitch, width,
                                rows - r < part ? rows - r : part, cudaMemcpyDeviceToHost, device->stream));
      work ((double) width * (double) (rows - r < part ? rows - r : part), 0);
      profile_end ("download");
      if (rows > part)
        poll ();
    }
}

void
SpqrCudaOp::zero (void *at, size_t bytes)
{
  if (ok () && bytes != 0)
    check (cudaMemsetAsync (at, 0, bytes, device->stream));
}

void
SpqrCudaOp::copy (void *to, const void *from, size_t bytes)
{
  profile_begin ();
  if (ok () && bytes != 0)
    check (cudaMemcpyAsync (to, from, bytes, cudaMemcpyDeviceToDevice, device->stream));
  work (2.0 * (double) bytes, 0);
  profile_end ("copy");
}

void
SpqrCudaOp::poll ()
{
  if (ok () && exec != NULL && exec->should_stop != NULL && exec->should_stop (exec->stop_data))
    fail (SPQR_CANCELLED);
}

void
SpqrCudaOp::pace ()
{
  poll ();
  if (!ok ())
    return;
  if (n_events < SPQR_CUDA_OP_AHEAD)
    {
      check (cudaEventCreateWithFlags (&events[n_events], cudaEventDisableTiming));
      if (ok ())
        n_events++;
    }
  else
    check (cudaEventSynchronize (events[next_event]));
  if (!ok ())
    return;
  check (cudaEventRecord (events[next_event], device->stream));
  next_event = (next_event + 1) % SPQR_CUDA_OP_AHEAD;
}

void
SpqrCudaOp::wait ()
{
  cudaError_t error = cudaStreamSynchronize (device->stream);

  if (error != cudaSuccess)
    fail (SPQR_DEVICE_FAILED);
}

void
SpqrCudaOp::gemm (bool trans_a, bool trans_b, size_t rows, size_t cols, size_t inner, float alpha, const float *a, size_t lda,
                  const float *b, size_t ldb, float beta, float *c, size_t ldc)
{
  if (!ok () || rows == 0 || cols == 0)
    return;
  profile_begin ();
  /* cuBLAS is column-major: the transposed product of the transposed factors. */
  check (device->lib->sgemm (device->blas, trans_b ? CUBLAS_OP_T : CUBLAS_OP_N, trans_a ? CUBLAS_OP_T : CUBLAS_OP_N,
                             (int) cols, (int) rows, (int) inner, &alpha, b, (int) ldb, a, (int) lda, &beta, c, (int) ldc));
  work (4.0 * ((double) rows * (double) inner + (double) inner * (double) cols + (beta != 0.0f ? 2.0 : 1.0) * (double) rows * (double) cols),
        2.0 * (double) rows * (double) cols * (double) inner);
  profile_end ("cublasSgemm");
}
