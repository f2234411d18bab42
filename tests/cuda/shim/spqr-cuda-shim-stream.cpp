/* spqr-cuda-shim-stream.cpp: the runtime's calls, and streams whose work is really put off.
 *
 * What is queued on a stream is done in its order, but when is another matter: by default only once
 * somebody waits for it (schedule 0), at once (1), or now and then, by a pseudo-random number (2 and
 * more, a seed). Only events tie streams together. So work that relies on another stream without
 * waiting for its event meets memory that is not written yet, or written too early, as on a device.
 * Copies from and to memory that is not pinned are done before they return, as CUDA has it. */
#include <pthread.h>
#include <time.h>

#include <deque>
#include <functional>

#include "spqr-cuda-shim-private.h"

#define MOST_STREAMS 64

struct SpqrShimEvent { uint64_t recorded, done; SpqrShimStream *stream; double milliseconds; };

namespace {

struct Item {
  std::function<void ()> work;  /* else: */
  SpqrShimEvent *record, *wait;
  uint64_t ticket;
};

thread_local cudaError_t last_error;
SpqrShimStream *streams[MOST_STREAMS];
pthread_mutex_t lock;
pthread_once_t lock_once = PTHREAD_ONCE_INIT;
uint64_t dice = 88172645463325252u;

void
make_lock ()
{
  pthread_mutexattr_t attributes;

  pthread_mutexattr_init (&attributes);
  pthread_mutexattr_settype (&attributes, PTHREAD_MUTEX_RECURSIVE);
  pthread_mutex_init (&lock, &attributes);
  pthread_mutexattr_destroy (&attributes);
}

unsigned
roll ()
{
  dice ^= dice << 13;
  dice ^= dice >> 7;
  dice ^= dice << 17;
  return (unsigned) (dice >> 32) ^ (unsigned) spqr_cuda_shim.schedule * 2654435761u;
}

} // namespace

struct SpqrShimStream { std::deque<Item> queue; unsigned haste; };

SpqrShimGuard::SpqrShimGuard ()
{
  pthread_once (&lock_once, make_lock);
  pthread_mutex_lock (&lock);
}

SpqrShimGuard::~SpqrShimGuard ()
{
  pthread_mutex_unlock (&lock);
}

bool
spqr_shim_counts_down (int *counter)
{
  if (*counter <= 0)
    return false;
  return --*counter == 0;
}

cudaError_t
spqr_shim_set_error (cudaError_t error)
{
  last_error = error;
  return error;
}

cudaError_t
spqr_shim_sticky ()
{
  return spqr_cuda_shim.failed ? spqr_shim_set_error (cudaErrorLaunchFailure) : cudaSuccess;
}

/* ---- queues ---- */

static void
note_time (SpqrShimEvent *event)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  event->milliseconds = (double) now.tv_sec * 1e3 + (double) now.tv_nsec * 1e-6;
}

/* The first item of the stream, unless it waits for what has not happened. */
static bool
do_first (SpqrShimStream *stream)
{
  if (stream->queue.empty ())
    return false;
  Item item = stream->queue.front ();
  if (item.wait != NULL && item.wait->done < item.ticket)
    return false;
  stream->queue.pop_front ();
  if (item.record != NULL)
    {
      note_time (item.record);
      item.record->done = item.ticket;
    }
  else if (item.wait == NULL && !spqr_cuda_shim.failed)
    item.work ();
  return true;
}

/* Everything up to where the event was recorded with that ticket; NULL: everything. */
static void
run_stream (SpqrShimStream *stream, SpqrShimEvent *event, uint64_t ticket)
{
  while (!stream->queue.empty () && (event == NULL || event->done < ticket))
    {
      Item first = stream->queue.front ();

      if (first.wait != NULL && first.wait->done < first.ticket && first.wait->stream != NULL && first.wait->stream != stream)
        run_stream (first.wait->stream, first.wait, first.ticket);
      if (!do_first (stream))
        return;                 /* waits for what nobody will record: a deadlock that CUDA does not have either */
    }
}

static void
now_and_then ()
{
  for (SpqrShimStream *stream : streams)
    if (stream != NULL)
      {
        unsigned steps = spqr_cuda_shim.schedule == 1 ? ~0u : roll () % 4 < stream->haste ? roll () % 5 : 0;

        while (steps-- > 0 && do_first (stream))
          ;
      }
}

static void
push (SpqrShimStream *stream, Item item)
{
  stream->queue.push_back (item);
  if (spqr_cuda_shim.schedule != 0)
    now_and_then ();
}

void
spqr_shim_enqueue (cudaStream_t stream, std::function<void ()> work)
{
  SpqrShimGuard guard;

  if (stream == NULL)
    work ();
  else
    push (stream, { work, NULL, NULL, 0 });
}

static void
run_all ()
{
  for (SpqrShimStream *stream : streams)
    if (stream != NULL)
      run_stream (stream, NULL, 0);
}

/* ---- runtime ---- */

struct Allocation { size_t bytes, pad[7]; };    /* before each allocation */

cudaError_t
cudaDriverGetVersion (int *version)
{
  *version = spqr_cuda_shim.driver_version;
  return cudaSuccess;
}

cudaError_t
cudaRuntimeGetVersion (int *version)
{
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t
cudaGetDeviceCount (int *count)
{
  *count = spqr_cuda_shim.n_devices;
  return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
}

cudaError_t
cudaSetDevice (int device)
{
  if (device < 0 || device >= spqr_cuda_shim.n_devices)
    return spqr_shim_set_error (cudaErrorInvalidValue);
  return spqr_shim_sticky ();
}

cudaError_t
cudaGetDeviceProperties (cudaDeviceProp *properties, int device)
{
  *properties = {};
  snprintf (properties->name, sizeof properties->name, "CUDA shim %d", device);
  properties->major = spqr_cuda_shim.device_major;
  properties->multiProcessorCount = 4;
  properties->totalGlobalMem = (size_t) 1 << 40;
  return cudaSuccess;
}

cudaError_t
cudaDeviceGetAttribute (int *value, cudaDeviceAttr attribute, int device)
{
  *value = 1000;                /* kHz */
  return attribute == cudaDevAttrClockRate && device >= 0 ? cudaSuccess : spqr_shim_set_error (cudaErrorInvalidValue);
}

static size_t
memory_size ()
{
  return spqr_cuda_shim.memory != 0 ? spqr_cuda_shim.memory : (size_t) 1 << 40;
}

cudaError_t
cudaMemGetInfo (size_t *free_bytes, size_t *total_bytes)
{
  *total_bytes = memory_size ();
  *free_bytes = *total_bytes > spqr_cuda_shim.bytes_now ? *total_bytes - spqr_cuda_shim.bytes_now : 0;
  return spqr_shim_sticky ();
}

cudaError_t
cudaMalloc (void **at, size_t bytes)
{
  Allocation *allocation;

  *at = NULL;
  SpqrShimGuard guard;
  spqr_cuda_shim.allocations++;
  if (spqr_shim_sticky () != cudaSuccess)
    return last_error;
  if (spqr_shim_counts_down (&spqr_cuda_shim.fail_alloc_at) || spqr_cuda_shim.bytes_now + bytes > memory_size ())
    return spqr_shim_set_error (cudaErrorMemoryAllocation);
  allocation = (Allocation *) aligned_alloc (64, (sizeof *allocation + bytes + 63) / 64 * 64);
  if (allocation == NULL)
    return spqr_shim_set_error (cudaErrorMemoryAllocation);
  allocation->bytes = bytes;
  memset (allocation + 1, 0xff, bytes);         /* NaN: nobody may count on zeros */
  *at = allocation + 1;
  spqr_cuda_shim.bytes_now += bytes;
  spqr_cuda_shim.allocations_now++;
  if (spqr_cuda_shim.bytes_now > spqr_cuda_shim.bytes_most)
    spqr_cuda_shim.bytes_most = spqr_cuda_shim.bytes_now;
  return cudaSuccess;
}

cudaError_t
cudaFree (void *at)
{
  SpqrShimGuard guard;

  run_all ();
  if (at != NULL)
    {
      Allocation *allocation = (Allocation *) at - 1;

      spqr_cuda_shim.bytes_now -= allocation->bytes;
      spqr_cuda_shim.allocations_now--;
      free (allocation);
    }
  return cudaSuccess;
}

/* ---- pinned memory ---- */

static struct { char *at; size_t bytes; } pinned[MOST_STREAMS];

cudaError_t
cudaHostAlloc (void **at, size_t bytes, unsigned)
{
  SpqrShimGuard guard;

  *at = NULL;
  spqr_cuda_shim.allocations++;
  if (spqr_shim_sticky () != cudaSuccess)
    return last_error;
  if (spqr_shim_counts_down (&spqr_cuda_shim.fail_alloc_at))
    return spqr_shim_set_error (cudaErrorMemoryAllocation);
  for (auto &block : pinned)
    if (block.at == NULL)
      {
        block.at = (char *) malloc (bytes);
        block.bytes = bytes;
        memset (block.at, 0xff, bytes);
        spqr_cuda_shim.pinned_now++;
        *at = block.at;
        return cudaSuccess;
      }
  return spqr_shim_set_error (cudaErrorMemoryAllocation);
}

cudaError_t
cudaFreeHost (void *at)
{
  SpqrShimGuard guard;

  run_all ();
  for (auto &block : pinned)
    if (at != NULL && block.at == at)
      {
        free (block.at);
        block.at = NULL;
        spqr_cuda_shim.pinned_now--;
      }
  return cudaSuccess;
}

static bool
is_pinned (const void *at, size_t bytes)
{
  for (const auto &block : pinned)
    if (block.at != NULL && (const char *) at >= block.at && (const char *) at + bytes <= block.at + block.bytes)
      return true;
  return false;
}

/* ---- copies ---- */

static cudaError_t
may_copy ()
{
  spqr_cuda_shim.copies++;
  if (spqr_shim_counts_down (&spqr_cuda_shim.fail_copy_at))
    spqr_cuda_shim.failed = 1;
  return spqr_shim_sticky ();
}

/* host: the side that is not the device's, or NULL. */
static void
copy (cudaStream_t stream, const void *host, size_t bytes, std::function<void ()> work)
{
  if (stream != NULL && host != NULL && !is_pinned (host, bytes))
    {
      run_stream (stream, NULL, 0);
      if (!spqr_cuda_shim.failed)
        work ();
    }
  else
    spqr_shim_enqueue (stream, work);
}

cudaError_t
cudaMemcpyAsync (void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream)
{
  SpqrShimGuard guard;
  const void *host = kind == cudaMemcpyHostToDevice ? from : kind == cudaMemcpyDeviceToHost ? to : NULL;

  if (may_copy () != cudaSuccess)
    return last_error;
  spqr_cuda_shim.bytes_sent += kind == cudaMemcpyHostToDevice ? bytes : 0;
  copy (stream, host, bytes, [=] () { memcpy (to, from, bytes); });
  return spqr_shim_sticky ();
}

cudaError_t
cudaMemcpy2DAsync (void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t rows, cudaMemcpyKind kind,
                   cudaStream_t stream)
{
  SpqrShimGuard guard;
  const void *host = kind == cudaMemcpyHostToDevice ? from : kind == cudaMemcpyDeviceToHost ? to : NULL;

  if (may_copy () != cudaSuccess)
    return last_error;
  if (to_pitch < width || from_pitch < width)
    return spqr_shim_set_error (cudaErrorInvalidValue);
  spqr_cuda_shim.bytes_sent += kind == cudaMemcpyHostToDevice ? width * rows : 0;
  copy (stream, host, width, [=] () {
    for (size_t r = 0; r < rows; r++)
      memcpy ((char *) to + r * to_pitch, (const char *) from + r * from_pitch, width);
  });
  return spqr_shim_sticky ();
}

cudaError_t
cudaMemsetAsync (void *at, int value, size_t bytes, cudaStream_t stream)
{
  if (spqr_shim_sticky () != cudaSuccess)
    return last_error;
  spqr_shim_enqueue (stream, [=] () { memset (at, value, bytes); });
  return cudaSuccess;
}

/* ---- streams and events ---- */

cudaError_t
cudaStreamCreateWithFlags (cudaStream_t *stream, unsigned)
{
  SpqrShimGuard guard;

  *stream = NULL;
  for (SpqrShimStream *&place : streams)
    if (place == NULL)
      {
        *stream = place = new SpqrShimStream ();
        (*stream)->haste = roll () % 5;
        spqr_cuda_shim.streams_now++;
        return cudaSuccess;
      }
  return spqr_shim_set_error (cudaErrorMemoryAllocation);
}

cudaError_t
cudaStreamDestroy (cudaStream_t stream)
{
  SpqrShimGuard guard;

  run_stream (stream, NULL, 0);
  for (SpqrShimStream *&place : streams)
    if (place == stream)
      place = NULL;
  spqr_cuda_shim.streams_now--;
  delete stream;
  return cudaSuccess;
}

cudaError_t
cudaStreamSynchronize (cudaStream_t stream)
{
  SpqrShimGuard guard;

  if (stream != NULL)
    run_stream (stream, NULL, 0);
  return spqr_shim_sticky ();
}

cudaError_t
cudaStreamWaitEvent (cudaStream_t stream, cudaEvent_t event, unsigned)
{
  SpqrShimGuard guard;

  if (event->recorded > 0)
    push (stream, { nullptr, NULL, event, event->recorded });
  return spqr_shim_sticky ();
}

cudaError_t
cudaEventCreateWithFlags (cudaEvent_t *event, unsigned)
{
  SpqrShimGuard guard;

  if (spqr_shim_sticky () != cudaSuccess)
    return last_error;
  *event = (cudaEvent_t) calloc (1, sizeof **event);
  spqr_cuda_shim.events_now++;
  return *event != NULL ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t
cudaEventDestroy (cudaEvent_t event)
{
  SpqrShimGuard guard;

  /* CUDA keeps the event until nobody waits any more; the queues hold its address. */
  run_all ();
  spqr_cuda_shim.events_now--;
  free (event);
  return cudaSuccess;
}

cudaError_t
cudaEventRecord (cudaEvent_t event, cudaStream_t stream)
{
  SpqrShimGuard guard;

  event->stream = stream;
  event->recorded++;
  if (stream != NULL)
    push (stream, { nullptr, event, NULL, event->recorded });
  else
    {
      note_time (event);
      event->done = event->recorded;
    }
  return spqr_shim_sticky ();
}

cudaError_t
cudaEventElapsedTime (float *milliseconds, cudaEvent_t start, cudaEvent_t end)
{
  *milliseconds = (float) (end->milliseconds - start->milliseconds);
  return spqr_shim_sticky ();
}

cudaError_t
cudaEventSynchronize (cudaEvent_t event)
{
  SpqrShimGuard guard;

  if (event->stream != NULL)
    run_stream (event->stream, event, event->recorded);
  return spqr_shim_sticky ();
}

cudaError_t
cudaDeviceSynchronize ()
{
  SpqrShimGuard guard;

  run_all ();
  return spqr_shim_sticky ();
}

cudaError_t
cudaGetLastError ()
{
  cudaError_t error = last_error;

  last_error = cudaSuccess;
  return error;
}

const char *
cudaGetErrorString (cudaError_t error)
{
  return error == cudaSuccess ? "no error" : "an error of the shim";
}
