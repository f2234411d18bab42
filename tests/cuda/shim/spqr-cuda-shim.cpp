/* spqr-cuda-shim.cpp: blocks and threads on the CPU, and the runtime's calls.
 *
 * A block's threads are fibers, each with a stack of its own that is kept for all launches. A fiber
 * runs until it waits (barrier, warp operation) or ends; the scheduler goes round them until all
 * have ended. A round in which nobody moved is a kernel whose threads wait for each other forever.
 * Fibers are entered by setcontext() once and changed by _setjmp()/_longjmp() from then on, which
 * cost no system call. AddressSanitizer is told of each change. */
#undef _FORTIFY_SOURCE          /* its longjmp() refuses to change stacks */
#include "spqr-cuda-shim.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "spqr-cuda-shim-private.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define STACK_BYTES ((size_t) 512 << 10)        /* its frames are larger */
/* Its own longjmp() asks the system for the signal stack at every call. */
typedef void *Place[5];
#define remember(place) __builtin_setjmp (place)
#define jump(place) __builtin_longjmp (place, 1)
#define CHANGES_STACKS __attribute__ ((no_sanitize_address, noinline))
#else
#define STACK_BYTES ((size_t) 128 << 10)
typedef jmp_buf Place;
#define remember(place) _setjmp (place)
#define jump(place) _longjmp (place, 1)
#define CHANGES_STACKS
#endif

#define MOST_THREADS 1024
#define SHARED_BYTES ((size_t) 48 << 10)        /* what a block may have without asking for more */

SpqrCudaShim spqr_cuda_shim = {
  0, 0, 0, 0, 0, 0, 13000, 9, 1,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "", {}, 0,
};

__thread SpqrShimIndex spqr_shim_thread, spqr_shim_block, spqr_shim_block_dim, spqr_shim_grid_dim;
__thread unsigned char *spqr_shim_dynamic;

namespace {

enum State { READY, WAITS_BLOCK, WAITS_WARP, ENDED };

struct Fiber {
  void *stack;
  void *asan;                   /* AddressSanitizer's own of the fiber, while another runs */
  bool entered;
  Place at;
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
  Place home;
  void *home_asan;
  const void *home_stack;
  size_t home_stack_bytes;
  unsigned n_threads, barrier, arrived, current, entering;
  bool bad;
  void (*call) (void *);
  void *data;
  unsigned char dynamic[SHARED_BYTES] __attribute__ ((aligned (64)));
};

thread_local Machine *machine;

void
trouble (const char *what)
{
  if (spqr_cuda_shim.trouble[0] == '\0')
    snprintf (spqr_cuda_shim.trouble, sizeof spqr_cuda_shim.trouble, "%s", what);
  machine->bad = true;
}

/* ---- changes of the stack, for AddressSanitizer ---- */

void
before_fiber (Fiber *fiber)
{
#ifdef __SANITIZE_ADDRESS__
  if (!fiber->entered)          /* what an abandoned call left there */
    {
      fiber->asan = NULL;
      __asan_unpoison_memory_region (fiber->stack, STACK_BYTES);
    }
  __sanitizer_start_switch_fiber (&machine->home_asan, fiber->stack, STACK_BYTES);
#endif
}

void
in_fiber ()
{
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber (machine->fibers[machine->current].asan, &machine->home_stack, &machine->home_stack_bytes);
#endif
}

void
before_home ()
{
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber (&machine->fibers[machine->current].asan, machine->home_stack, machine->home_stack_bytes);
#endif
}

void
at_home ()
{
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber (machine->home_asan, NULL, NULL);
#endif
}

CHANGES_STACKS void
leave ()
{
  if (remember (machine->fibers[machine->current].at) == 0)
    {
      before_home ();
      jump (machine->home);
    }
  in_fiber ();
}

/* A fiber lives forever: one call of the kernel after the other. */
void
fiber_main ()
{
  in_fiber ();
  for (;;)
    {
      machine->call (machine->data);
      machine->fibers[machine->current].state = ENDED;
      leave ();
    }
}

CHANGES_STACKS void
resume (unsigned thread)
{
  Fiber *fiber = &machine->fibers[thread];

  machine->current = thread;
  spqr_shim_thread = fiber->index;
  if (remember (machine->home) != 0)
    {
      at_home ();
      return;
    }
  before_fiber (fiber);
  if (fiber->entered)
    jump (fiber->at);
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

/* The i-th of n to run: as they stand, the other way round, or shuffled, another way each round: an
 * odd step modulo the next power of two visits each number once. */
unsigned
place (unsigned i, unsigned n, unsigned round)
{
  unsigned size = 1, seed = (unsigned) spqr_cuda_shim.order * 2654435761u + round * 40503u, skipped = 0, at;

  if (spqr_cuda_shim.order < 2 || n > MOST_THREADS)
    return spqr_cuda_shim.order == 1 ? n - 1 - i : i;
  while (size < n)
    size *= 2;
  /* The i-th of the numbers below n in the order of a full cycle of length size. */
  for (unsigned k = 0;; k++)
    {
      at = (k * (2 * (seed >> 8) + 1) + (seed & 0xff)) % size;
      if (at >= n)
        skipped++;
      else if (k - skipped == i)
        return at;
    }
}

void
run_block ()
{
  bool moved = true, left = true;

  begin_block ();
  for (unsigned round = 0; left && moved && !machine->bad; round++)
    {
      left = moved = false;
      for (unsigned i = 0; i < machine->n_threads && !machine->bad; i++)
        {
          unsigned t = place (i, machine->n_threads, round);
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

bool
spqr_shim_may_launch (const char *name, dim3 grid, dim3 block, size_t shared)
{
  SpqrShimGuard guard;
  size_t n_threads = (size_t) block.x * block.y * block.z;

  spqr_cuda_shim.launches++;
  note_kernel (name);
  if (spqr_shim_counts_down (&spqr_cuda_shim.fail_launch_at))
    spqr_cuda_shim.failed = 1;
  if (spqr_shim_sticky () != cudaSuccess)
    return false;
  if (n_threads > 0 && n_threads <= MOST_THREADS && (size_t) grid.x * grid.y * grid.z > 0 && grid.y <= 65535 && grid.z <= 65535 &&
      shared <= SHARED_BYTES)
    return true;
  spqr_shim_set_error (cudaErrorInvalidConfiguration);
  return false;
}

void
spqr_shim_run (const char *name, dim3 grid, dim3 block, size_t shared, void (*call) (void *), void *data)
{
  size_t n_blocks = (size_t) grid.x * grid.y * grid.z;

  if (!prepare (block.x * block.y * block.z))
    {
      spqr_cuda_shim.failed = 1;
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
      size_t at = place ((unsigned) i, (unsigned) n_blocks, 0);

      spqr_shim_block = { (unsigned) (at % grid.x), (unsigned) (at / grid.x % grid.y), (unsigned) (at / grid.x / grid.y) };
      memset (machine->dynamic, 0xff, shared);
      run_block ();
    }
  if (machine->bad)
    {
      fprintf (stderr, "# shim: %s: %s\n", name, spqr_cuda_shim.trouble);
      spqr_cuda_shim.failed = 1;
      (void) spqr_shim_sticky ();
    }
}

