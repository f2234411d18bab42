/* spqr-cuda-shim.cpp: blocks and threads on the CPU, and the runtime's calls.
 *
 * A block's threads are fibers, each with a stack of its own that is kept for all launches. A fiber
 * runs until it waits (barrier, warp operation) or ends; the scheduler goes round them until all
 * have ended. A round in which nobody moved is a kernel whose threads wait for each other forever.
 * Fibers are entered by swapcontext() once and changed by _setjmp()/_longjmp() from then on, which
 * cost no system call. */
#undef _FORTIFY_SOURCE          /* its longjmp() refuses to change stacks */
#include "spqr-cuda-shim.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

#include "spqr-cuda-shim-control.h"

#define MOST_THREADS 1024
#define STACK_BYTES ((size_t) 128 << 10)
#define SHARED_BYTES ((size_t) 48 << 10)        /* what a block may have without asking for more */

SpqrCudaShim spqr_cuda_shim = {
  0, 0, 0, 0, 0, 13000, 9, 1,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "", {}, 0,
};

thread_local SpqrShimIndex spqr_shim_thread, spqr_shim_block, spqr_shim_block_dim, spqr_shim_grid_dim;
thread_local unsigned char *spqr_shim_dynamic;

namespace {

enum State { READY, WAITS_BLOCK, WAITS_WARP, ENDED };

struct Fiber {
  void *stack;
  bool entered;
  jmp_buf at;
  State state;
  unsigned barrier, exchange;   /* how many of each it has passed */
  SpqrShimIndex index;
};

struct Warp {
  uint64_t slots[2][32];
  unsigned arrived, exchange, lanes;
  int kind;
};

struct Machine {
  Fiber fibers[MOST_THREADS];
  Warp warps[MOST_THREADS / 32];
  ucontext_t entry_context, home_context;
  jmp_buf home;
  unsigned n_threads, barrier, arrived, current, entering;
  bool bad;
  void (*call) (void *);
  void *data;
  unsigned char dynamic[SHARED_BYTES] __attribute__ ((aligned (64)));
};

thread_local Machine *machine;
thread_local cudaError_t last_error;

void
trouble (const char *what)
{
  if (spqr_cuda_shim.trouble[0] == '\0')
    snprintf (spqr_cuda_shim.trouble, sizeof spqr_cuda_shim.trouble, "%s", what);
  machine->bad = true;
}

void
leave ()
{
  if (_setjmp (machine->fibers[machine->current].at) == 0)
    _longjmp (machine->home, 1);
}

/* A fiber lives forever: one call of the kernel after the other. */
void
fiber_main ()
{
  for (;;)
    {
      machine->call (machine->data);
      machine->fibers[machine->current].state = ENDED;
      leave ();
    }
}

void
resume (unsigned thread)
{
  Fiber *fiber = &machine->fibers[thread];

  machine->current = thread;
  spqr_shim_thread = fiber->index;
  if (_setjmp (machine->home) != 0)
    return;
  if (fiber->entered)
    _longjmp (fiber->at, 1);
  fiber->entered = true;
  getcontext (&machine->entry_context);
  machine->entry_context.uc_stack.ss_sp = fiber->stack;
  machine->entry_context.uc_stack.ss_size = STACK_BYTES;
  machine->entry_context.uc_link = NULL;
  makecontext (&machine->entry_context, fiber_main, 0);
  setcontext (&machine->entry_context);
}

bool
prepare (unsigned n_threads)
{
  if (machine == NULL)
    {
      machine = (Machine *) calloc (1, sizeof *machine);
      if (machine == NULL)
        return false;
    }
  for (unsigned t = 0; t < n_threads; t++)
    if (machine->fibers[t].stack == NULL)
      {
        void *stack = mmap (NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        if (stack == MAP_FAILED)
          return false;
        machine->fibers[t].stack = stack;
      }
  machine->n_threads = n_threads;
  return true;
}

void
begin_block ()
{
  machine->barrier = machine->arrived = 0;
  for (unsigned t = 0; t < machine->n_threads; t++)
    {
      Fiber *fiber = &machine->fibers[t];
      SpqrShimIndex dim = spqr_shim_block_dim;

      fiber->state = READY;
      fiber->barrier = fiber->exchange = 0;
      fiber->index = { t % dim.x, t / dim.x % dim.y, t / dim.x / dim.y };
    }
  for (unsigned w = 0; w < (machine->n_threads + 31) / 32; w++)
    {
      unsigned rest = machine->n_threads - w * 32;

      machine->warps[w].arrived = machine->warps[w].exchange = 0;
      machine->warps[w].lanes = rest < 32 ? rest : 32;
    }
}

bool
may_run (const Fiber *fiber, const Warp *warp)
{
  switch (fiber->state)
    {
    case READY:
      return true;
    case WAITS_BLOCK:
      return fiber->barrier <= machine->barrier;
    case WAITS_WARP:
      return fiber->exchange <= warp->exchange;
    case ENDED:
    default:
      return false;
    }
}

void
run_block ()
{
  bool moved = true, left = true;

  begin_block ();
  while (left && moved && !machine->bad)
    {
      left = moved = false;
      for (unsigned i = 0; i < machine->n_threads && !machine->bad; i++)
        {
          unsigned t = spqr_cuda_shim.order != 0 ? machine->n_threads - 1 - i : i;
          Fiber *fiber = &machine->fibers[t];

          if (may_run (fiber, &machine->warps[t / 32]))
            {
              fiber->state = READY;
              resume (t);
              moved = true;
            }
          left = left || fiber->state != ENDED;
        }
    }
  if (left && !machine->bad)
    trouble ("threads wait for others that have ended or wait elsewhere");
  if (machine->bad)             /* they stand in the middle of something: give them fresh stacks' starts */
    for (unsigned t = 0; t < machine->n_threads; t++)
      machine->fibers[t].entered = false;
}

bool
counts_down (int *counter)
{
  if (*counter <= 0)
    return false;
  return --*counter == 0;
}

cudaError_t
set_error (cudaError_t error)
{
  last_error = error;
  return error;
}

cudaError_t
sticky ()
{
  return spqr_cuda_shim.failed ? set_error (cudaErrorLaunchFailure) : cudaSuccess;
}

void
note_kernel (const char *name)
{
  for (int i = 0; i < spqr_cuda_shim.n_kernels; i++)
    if (strcmp (spqr_cuda_shim.kernels[i], name) == 0)
      return;
  if (spqr_cuda_shim.n_kernels < (int) (sizeof spqr_cuda_shim.kernels / sizeof *spqr_cuda_shim.kernels))
    {
      const char *file = getenv ("SPQR_CUDA_SHIM_KERNELS");
      FILE *list = file != NULL ? fopen (file, "a") : NULL;

      spqr_cuda_shim.kernels[spqr_cuda_shim.n_kernels++] = name;
      if (list != NULL)
        {
          fprintf (list, "%s\n", name);
          fclose (list);
        }
    }
}

} // namespace

unsigned
spqr_shim_lane ()
{
  return machine->current % 32;
}

void
spqr_shim_barrier ()
{
  Fiber *fiber = &machine->fibers[machine->current];

  fiber->barrier++;
  if (++machine->arrived == machine->n_threads)
    {
      machine->arrived = 0;
      machine->barrier++;
      return;
    }
  fiber->state = WAITS_BLOCK;
  leave ();
}

const uint64_t *
spqr_shim_exchange (unsigned mask, int kind, uint64_t mine)
{
  Fiber *fiber = &machine->fibers[machine->current];
  Warp *warp = &machine->warps[machine->current / 32];
  unsigned generation = fiber->exchange++;

  if (mask != 0xffffffffu || warp->lanes != 32)
    trouble ("a warp operation that not all 32 lanes take part in");
  else if (warp->arrived != 0 && warp->kind != kind)
    trouble ("the lanes of a warp meet in different warp operations");
  if (machine->bad)
    {
      fiber->state = ENDED;
      leave ();
    }
  warp->kind = kind;
  warp->slots[generation % 2][machine->current % 32] = mine;
  if (++warp->arrived == warp->lanes)
    {
      warp->arrived = 0;
      warp->exchange++;
    }
  else
    {
      fiber->state = WAITS_WARP;
      leave ();
    }
  return warp->slots[generation % 2];
}

void
spqr_shim_run (const char *name, dim3 grid, dim3 block, size_t shared, void (*call) (void *), void *data)
{
  size_t n_threads = (size_t) block.x * block.y * block.z;
  size_t n_blocks = (size_t) grid.x * grid.y * grid.z;

  spqr_cuda_shim.launches++;
  note_kernel (name);
  if (counts_down (&spqr_cuda_shim.fail_launch_at))
    spqr_cuda_shim.failed = 1;
  if (sticky () != cudaSuccess)
    return;
  if (n_threads == 0 || n_threads > MOST_THREADS || n_blocks == 0 || grid.y > 65535 || grid.z > 65535 ||
      shared > SHARED_BYTES || !prepare ((unsigned) n_threads))
    {
      set_error (cudaErrorInvalidConfiguration);
      return;
    }
  machine->call = call;
  machine->data = data;
  machine->bad = false;
  spqr_shim_block_dim = { block.x, block.y, block.z };
  spqr_shim_grid_dim = { grid.x, grid.y, grid.z };
  spqr_shim_dynamic = machine->dynamic;
  for (size_t i = 0; i < n_blocks && !machine->bad; i++)
    {
      size_t at = spqr_cuda_shim.order != 0 ? n_blocks - 1 - i : i;

      spqr_shim_block = { (unsigned) (at % grid.x), (unsigned) (at / grid.x % grid.y), (unsigned) (at / grid.x / grid.y) };
      memset (machine->dynamic, 0xff, shared);
      run_block ();
    }
  if (machine->bad)
    {
      fprintf (stderr, "# shim: %s: %s\n", name, spqr_cuda_shim.trouble);
      spqr_cuda_shim.failed = 1;
      (void) sticky ();
    }
}

/* ---- runtime ---- */

struct SpqrShimStream { int unused; };
struct SpqrShimEvent { double milliseconds; };
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
    return set_error (cudaErrorInvalidValue);
  return sticky ();
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
  return sticky ();
}

cudaError_t
cudaMalloc (void **at, size_t bytes)
{
  Allocation *allocation;

  *at = NULL;
  spqr_cuda_shim.allocations++;
  if (sticky () != cudaSuccess)
    return last_error;
  if (counts_down (&spqr_cuda_shim.fail_alloc_at) || spqr_cuda_shim.bytes_now + bytes > memory_size ())
    return set_error (cudaErrorMemoryAllocation);
  allocation = (Allocation *) aligned_alloc (64, (sizeof *allocation + bytes + 63) / 64 * 64);
  if (allocation == NULL)
    return set_error (cudaErrorMemoryAllocation);
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
  if (at != NULL)
    {
      Allocation *allocation = (Allocation *) at - 1;

      spqr_cuda_shim.bytes_now -= allocation->bytes;
      spqr_cuda_shim.allocations_now--;
      free (allocation);
    }
  return cudaSuccess;
}

static cudaError_t
may_copy ()
{
  spqr_cuda_shim.copies++;
  if (counts_down (&spqr_cuda_shim.fail_copy_at))
    spqr_cuda_shim.failed = 1;
  return sticky ();
}

cudaError_t
cudaMemcpyAsync (void *to, const void *from, size_t bytes, cudaMemcpyKind, cudaStream_t)
{
  if (may_copy () != cudaSuccess)
    return last_error;
  memcpy (to, from, bytes);
  return cudaSuccess;
}

cudaError_t
cudaMemcpy2DAsync (void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t rows, cudaMemcpyKind, cudaStream_t)
{
  if (may_copy () != cudaSuccess)
    return last_error;
  if (to_pitch < width || from_pitch < width)
    return set_error (cudaErrorInvalidValue);
  for (size_t r = 0; r < rows; r++)
    memcpy ((char *) to + r * to_pitch, (const char *) from + r * from_pitch, width);
  return cudaSuccess;
}

cudaError_t
cudaMemsetAsync (void *at, int value, size_t bytes, cudaStream_t)
{
  if (sticky () != cudaSuccess)
    return last_error;
  memset (at, value, bytes);
  return cudaSuccess;
}

cudaError_t
cudaStreamCreateWithFlags (cudaStream_t *stream, unsigned)
{
  *stream = (cudaStream_t) calloc (1, sizeof **stream);
  spqr_cuda_shim.streams_now++;
  return *stream != NULL ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t
cudaStreamDestroy (cudaStream_t stream)
{
  spqr_cuda_shim.streams_now--;
  free (stream);
  return cudaSuccess;
}

cudaError_t
cudaStreamSynchronize (cudaStream_t)
{
  return sticky ();
}

cudaError_t
cudaEventCreateWithFlags (cudaEvent_t *event, unsigned)
{
  if (sticky () != cudaSuccess)
    return last_error;
  *event = (cudaEvent_t) calloc (1, sizeof **event);
  spqr_cuda_shim.events_now++;
  return *event != NULL ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t
cudaEventDestroy (cudaEvent_t event)
{
  spqr_cuda_shim.events_now--;
  free (event);
  return cudaSuccess;
}

cudaError_t
cudaEventRecord (cudaEvent_t event, cudaStream_t)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  event->milliseconds = (double) now.tv_sec * 1e3 + (double) now.tv_nsec * 1e-6;
  return sticky ();
}

cudaError_t
cudaEventElapsedTime (float *milliseconds, cudaEvent_t start, cudaEvent_t end)
{
  *milliseconds = (float) (end->milliseconds - start->milliseconds);
  return sticky ();
}

cudaError_t
cudaEventSynchronize (cudaEvent_t)
{
  return sticky ();
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
