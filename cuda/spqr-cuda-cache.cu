/* spqr-cuda-cache.cu: keys and values that a text's earlier positions left behind, for the ones to come. Heads lie beside each
 * other in a row, one row a position. */
#include <stdlib.h>

#include "spqr-cuda-keep.h"

#define THREADS 256

SpqrStatus
spqr_cuda_cache_open (void *device, size_t capacity, size_t width, void **handle)
{
  SpqrCudaOp op ((SpqrCuda *) device, NULL);
  SpqrCudaCache *cache = (SpqrCudaCache *) calloc (1, sizeof *cache);

  *handle = NULL;
  if (capacity == 0 || width == 0 || capacity > SIZE_MAX / sizeof (float) / width)
    op.fail (SPQR_INVALID);
  if (cache == NULL)
    op.fail (SPQR_NO_MEMORY);
  if (op.ok ())
    {
      cache->capacity = capacity;
      cache->width = width;
      cache->k = op.alloc<float> (capacity * width);
      cache->v = op.alloc<float> (capacity * width);
    }
  if (op.finish () != SPQR_OK)
    {
      free (cache);
      return op.status;
    }
  spqr_cuda_hold (op, 0, &cache->hold);
  *handle = cache;
  return SPQR_OK;
}

void
spqr_cuda_cache_close (void *device, void *handle)
{
  SpqrCudaCache *cache = (SpqrCudaCache *) handle;

  if (cache == NULL)
    return;
  spqr_cuda_hold_release ((SpqrCuda *) device, &cache->hold);
  free (cache);
}

static __global__ void
append_kernel (const float *qkv, size_t stride, size_t tokens, const uint32_t *k_offset, const uint32_t *v_offset, size_t head_dim, size_t width,
               float *k, float *v)
{
  size_t i = (size_t) blockIdx.x * THREADS + threadIdx.x;

  if (i < width)
    for (size_t t = blockIdx.y; t < tokens; t += gridDim.y)
      {
        const float *row = qkv + t * stride + i % head_dim;

        k[t * width + i] = row[k_offset[i / head_dim]];
        v[t * width + i] = row[v_offset[i / head_dim]];
      }
}

void
spqr_cuda_cache_append (SpqrCudaOp &op, const SpqrCudaCache *cache, size_t cached, const SpqrCudaNetBlock *block, const float *qkv,
                        size_t tokens)
{
  size_t width = cache->width;

  op.work (16.0 * (double) tokens * (double) width, 0);
  SPQR_LAUNCH (op, append_kernel, dim3 (spqr_cuda_blocks (width, THREADS), (unsigned) (tokens < 32768 ? tokens : 32768)), THREADS, 0, qkv,
               block->shape.rows[SPQR_PRODUCT_QKV], tokens, block->k_offset, block->v_offset, block->shape.head_dim, width,
               cache->k + cached * width, cache->v + cached * width);
}
