/* spqr-cuda-keep.cu: memory that outlives an operation, and bytes that cross the bus beside the
 * computing (spqr-cuda-keep.h).
 *
 * Order on three streams, each in order by itself:
 *   copy_in   waits for the event `after`, then a piece behind the other; each piece's event says when
 *             its pinned memory may be filled again, the last one's is what the compute stream waits for
 *   stream    computes; events recorded there say when memory may be overwritten or read
 *   copy_out  waits for the event `after`, copies into the landing; the host waits for it */
#include "spqr-cuda-keep.h"

#include <stdlib.h>
#include <string.h>

#ifdef SPQR_CUDA_SHIM
#define PIECE ((size_t) 512)
#else
#define PIECE ((size_t) 4 << 20)
#endif
#define PIECES 4

struct SpqrCudaRing { char *memory; cudaEvent_t events[PIECES]; bool used[PIECES]; int next; };

void
spqr_cuda_hold (SpqrCudaOp &op, int mark, SpqrCudaHold *hold)
{
  while (op.n_blocks > mark)
    {
      SpqrCudaBlock *block = op.blocks[--op.n_blocks];

      block->next = hold->blocks;
      hold->blocks = block;
    }
}

void
spqr_cuda_hold_release (SpqrCuda *device, SpqrCudaHold *hold)
{
  while (hold->blocks != NULL)
    {
      SpqrCudaBlock *block = hold->blocks;

      hold->blocks = block->next;
      spqr_cuda_put_unused (device, block);
    }
}

void
spqr_cuda_ring_free (SpqrCudaRing *ring)
{
  if (ring == NULL)
    return;
  for (int i = 0; i < PIECES; i++)
    if (ring->events[i] != NULL)
      (void) cudaEventDestroy (ring->events[i]);
  if (ring->memory != NULL)
    (void) cudaFreeHost (ring->memory);
  free (ring);
}

/* NULL where pinned memory is not to be had: copies then go the slower way. */
static SpqrCudaRing *
get_ring (SpqrCuda *device)
{
  SpqrCudaRing *ring = device->ring;
  bool good;

  if (ring != NULL)
    return ring;
  ring = (SpqrCudaRing *) calloc (1, sizeof *ring);
  if (ring == NULL)
    return NULL;
  good = cudaHostAlloc ((void **) &ring->memory, PIECE * PIECES, cudaHostAllocDefault) == cudaSuccess;
  for (int i = 0; i < PIECES && good; i++)
    good = cudaEventCreateWithFlags (&ring->events[i], cudaEventDisableTiming) == cudaSuccess;
  if (!good)
    {
      (void) cudaGetLastError ();
      spqr_cuda_ring_free (ring);
      return NULL;
    }
  device->ring = ring;
  return ring;
}

static void
feed_directly (SpqrCudaOp &op, void *to, const void *from, size_t bytes)
{
  op.check (cudaMemcpyAsync (to, from, bytes, cudaMemcpyHostToDevice, op.device->copy_in));
  if (op.ok ())
    op.check (cudaStreamSynchronize (op.device->copy_in));
}

/* One piece; returns its event. */
static cudaEvent_t
feed_piece (SpqrCudaOp &op, SpqrCudaRing *ring, void *to, const void *from, size_t bytes)
{
  int i = ring->next;
  char *piece = ring->memory + (size_t) i * PIECE;

  ring->next = (i + 1) % PIECES;
  if (ring->used[i])
    op.check (cudaEventSynchronize (ring->events[i]));
  if (!op.ok ())
    return NULL;
  memcpy (piece, from, bytes);
  op.check (cudaMemcpyAsync (to, piece, bytes, cudaMemcpyHostToDevice, op.device->copy_in));
  if (op.ok ())
    op.check (cudaEventRecord (ring->events[i], op.device->copy_in));
  ring->used[i] = true;
  return ring->events[i];
}

void
spqr_cuda_feed (SpqrCudaOp &op, void *to, const void *from, size_t bytes, cudaEvent_t after)
{
  SpqrCudaRing *ring = op.ok () ? get_ring (op.device) : NULL;
  cudaEvent_t last = NULL;

  if (!op.ok () || bytes == 0)
    return;
  if (after != NULL)
    op.check (cudaStreamWaitEvent (op.device->copy_in, after, 0));
  if (op.ok () && ring == NULL)
    feed_directly (op, to, from, bytes);
  for (size_t at = 0; at < bytes && ring != NULL && op.ok (); at += PIECE)
    {
      last = feed_piece (op, ring, (char *) to + at, (const char *) from + at, bytes - at < PIECE ? bytes - at : PIECE);
      op.poll ();
    }
  if (op.ok () && last != NULL)
    op.check (cudaStreamWaitEvent (op.device->stream, last, 0));
}

/* Pinned where that can be had. */
static bool
grow_landing (SpqrCuda *device, size_t bytes)
{
  void *larger = NULL;

  if (device->landing_bytes >= bytes)
    return true;
  if (cudaHostAlloc (&larger, bytes, cudaHostAllocDefault) != cudaSuccess)
    {
      (void) cudaGetLastError ();
      return false;
    }
  if (device->landing != NULL)
    (void) cudaFreeHost (device->landing);
  device->landing = larger;
  device->landing_bytes = bytes;
  return true;
}

/* All or nothing: the host's memory changes only once everything has arrived. */
void
spqr_cuda_drain (SpqrCudaOp &op, void *to, const void *from, size_t bytes, cudaEvent_t after)
{
  void *landing, *borrowed = NULL;

  if (!op.ok () || bytes == 0)
    return;
  if (grow_landing (op.device, bytes))
    landing = op.device->landing;
  else
    landing = borrowed = malloc (bytes);
  if (landing == NULL)
    op.fail (SPQR_NO_MEMORY);
  if (op.ok ())
    op.check (cudaStreamWaitEvent (op.device->copy_out, after, 0));
  if (op.ok ())
    op.check (cudaMemcpyAsync (landing, from, bytes, cudaMemcpyDeviceToHost, op.device->copy_out));
  if (op.ok ())
    op.check (cudaStreamSynchronize (op.device->copy_out));
  if (op.ok ())
    memcpy (to, landing, bytes);
  free (borrowed);
}
