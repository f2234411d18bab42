/* spqr-cuda-block.cu: a block's weights on the device.
 *
 * Weights come 16 bits wide where they are stored so, through pinned memory in two buffers: while one
 * part is widened the next one crosses the bus. */
#include <stdlib.h>
#include <string.h>

#include "spqr-cuda-keep.h"

#ifdef SPQR_CUDA_SHIM
#define PART ((size_t) 1024)            /* several parts on small shapes */
#else
#define PART ((size_t) 16 << 20)        /* 16-bit weights at a time */
#endif

SpqrStatus spqr_cuda_block_open (void *device, const SpqrBlockShape *shape, void **block);
void spqr_cuda_block_close (void *device, void *block);
SpqrStatus spqr_cuda_block_put (void *device, void *block, SpqrProduct product, size_t row0, size_t rows, const void *weights,
                                int elem, const SpqrExec *exec);
SpqrStatus spqr_cuda_block_put_layer (void *device, void *block, SpqrProduct product, size_t row0, const SpqrLayer *layer,
                                      const SpqrExec *exec);

/* ALiBi has no shape here: its blocks are the CPU's. */
static SpqrStatus
check_shape (const SpqrBlockShape *s)
{
  size_t context = s->heads * s->head_dim;

  if (s->hidden == 0 || s->heads == 0 || s->kv_heads == 0 || s->heads % s->kv_heads != 0 || s->head_dim == 0 || s->inner == 0 ||
      s->rows[SPQR_PRODUCT_QKV] < context || s->cols[SPQR_PRODUCT_QKV] != s->hidden || s->cols[SPQR_PRODUCT_O] != context ||
      s->rows[SPQR_PRODUCT_O] != s->hidden || s->cols[SPQR_PRODUCT_UP] != s->hidden ||
      s->rows[SPQR_PRODUCT_UP] != s->inner * (s->gated ? 2 : 1) || s->cols[SPQR_PRODUCT_DOWN] != s->inner ||
      s->rows[SPQR_PRODUCT_DOWN] != s->hidden || 2 * s->rotary_half > s->head_dim)
    return SPQR_INVALID;
  for (size_t h = 0; h < s->heads; h++)
    if (s->q_offset[h] > s->rows[SPQR_PRODUCT_QKV] - s->head_dim ||
        (h < s->kv_heads && (s->k_offset[h] > s->rows[SPQR_PRODUCT_QKV] - s->head_dim ||
                             s->v_offset[h] > s->rows[SPQR_PRODUCT_QKV] - s->head_dim)))
      return SPQR_INVALID;
  for (int p = 0; p < SPQR_N_PRODUCTS; p++)
    if (s->rows[p] > INT32_MAX || s->cols[p] > INT32_MAX || s->rows[p] > SIZE_MAX / 16 / s->cols[p])
      return SPQR_UNSUPPORTED;
  return s->head_dim > SPQR_CUDA_MOST_HEAD_DIM || s->heads > 32767 || s->kv_heads > 32767 ? SPQR_UNSUPPORTED : SPQR_OK;
}

static uint32_t *
upload_offsets (SpqrCudaOp &op, const size_t *offsets, size_t count)
{
  uint32_t *narrow = (uint32_t *) malloc (count * sizeof *narrow), *there;

  if (narrow == NULL)
    {
      op.fail (SPQR_NO_MEMORY);
      return NULL;
    }
  for (size_t i = 0; i < count; i++)
    narrow[i] = (uint32_t) offsets[i];
  there = op.upload_new (narrow, count);
  op.wait ();
  free (narrow);
  return there;
}

SpqrStatus
spqr_cuda_block_open (void *device, const SpqrBlockShape *shape, void **handle)
{
  SpqrCudaOp op ((SpqrCuda *) device, NULL);
  SpqrCudaNetBlock *block = (SpqrCudaNetBlock *) calloc (1, sizeof *block);
  SpqrStatus status = check_shape (shape);

  *handle = NULL;
  if (block == NULL)
    status = SPQR_NO_MEMORY;
  if (status != SPQR_OK)
    {
      free (block);
      return status;
    }
  block->shape = *shape;
  for (int p = 0; p < SPQR_N_PRODUCTS; p++)
    {
      block->weights[p] = op.alloc<float> (shape->rows[p] * shape->cols[p]);
      if (shape->bias[p] != NULL)
        block->shape.bias[p] = op.upload_new (shape->bias[p], shape->rows[p]);
    }
  for (int n = 0; n < SPQR_N_NORMS; n++)
    {
      size_t width = n == SPQR_NORM_Q || n == SPQR_NORM_K ? shape->head_dim : shape->hidden;

      if (shape->norms[n].weight != NULL)
        block->shape.norms[n].weight = op.upload_new (shape->norms[n].weight, width);
      if (shape->norms[n].bias != NULL)
        block->shape.norms[n].bias = op.upload_new (shape->norms[n].bias, width);
    }
  block->q_offset = upload_offsets (op, shape->q_offset, shape->heads);
  block->k_offset = upload_offsets (op, shape->k_offset, shape->kv_heads);
  block->v_offset = upload_offsets (op, shape->v_offset, shape->kv_heads);
  if (op.finish () != SPQR_OK)
    {
      free (block);
      return op.status;
    }
  spqr_cuda_hold (op, 0, &block->hold);
  *handle = block;
  return SPQR_OK;
}

void
spqr_cuda_block_close (void *device, void *handle)
{
  SpqrCudaNetBlock *block = (SpqrCudaNetBlock *) handle;

  if (block == NULL)
    return;
  spqr_cuda_hold_release ((SpqrCuda *) device, &block->hold);
  free (block);
}

/* Two buffers: part i may come into its buffer once part i - 2 is widened. */
static void
put_narrow (SpqrCudaOp &op, const uint16_t *from, SpqrElem elem, float *to, size_t count)
{
  size_t part = count < PART ? count : PART;
  uint16_t *buffers[2] = { op.alloc<uint16_t> (part), count > part ? op.alloc<uint16_t> (part) : NULL };
  cudaEvent_t widened[2] = { NULL, NULL };

  for (size_t at = 0, i = 0; at < count && op.ok (); at += part, i++)
    {
      size_t some = count - at < part ? count - at : part;
      uint16_t *buffer = buffers[i % 2];

      spqr_cuda_feed (op, buffer, from + at, some * sizeof *from, widened[i % 2]);
      spqr_cuda_widen (op, buffer, elem, to + at, some);
      if (widened[i % 2] == NULL && op.ok ())
        op.check (cudaEventCreateWithFlags (&widened[i % 2], cudaEventDisableTiming));
      if (op.ok ())
        op.check (cudaEventRecord (widened[i % 2], op.device->stream));
    }
  op.wait ();
  for (int i = 0; i < 2; i++)
    if (widened[i] != NULL)
      (void) cudaEventDestroy (widened[i]);
}

static bool
rows_are_there (const SpqrCudaNetBlock *block, SpqrProduct product, size_t row0, size_t rows)
{
  return (int) product >= 0 && product < SPQR_N_PRODUCTS && row0 <= block->shape.rows[product] &&
         rows <= block->shape.rows[product] - row0;
}

SpqrStatus
spqr_cuda_block_put (void *device, void *handle, SpqrProduct product, size_t row0, size_t rows, const void *weights, int elem,
                     const SpqrExec *exec)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  SpqrCudaNetBlock *block = (SpqrCudaNetBlock *) handle;
  size_t cols;
  float *to;

  if (!rows_are_there (block, product, row0, rows) || (elem != SPQR_ELEM_F32 && elem != SPQR_ELEM_F16 && elem != SPQR_ELEM_BF16))
    return SPQR_INVALID;
  cols = block->shape.cols[product];
  to = block->weights[product] + row0 * cols;
  block->settled[product] = false;
  if (elem == SPQR_ELEM_F32)
    spqr_cuda_feed (op, to, weights, rows * cols * sizeof (float), NULL);
  else
    put_narrow (op, (const uint16_t *) weights, (SpqrElem) elem, to, rows * cols);
  return op.finish ();
}

SpqrStatus
spqr_cuda_block_put_layer (void *device, void *handle, SpqrProduct product, size_t row0, const SpqrLayer *layer, const SpqrExec *exec)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  SpqrCudaNetBlock *block = (SpqrCudaNetBlock *) handle;
  size_t part = PART / (layer->cols != 0 ? layer->cols : 1) != 0 ? PART / layer->cols : 1;

  if (!rows_are_there (block, product, row0, layer->rows) || layer->cols != block->shape.cols[product])
    return SPQR_INVALID;
  block->settled[product] = false;
  for (size_t r = 0; r < layer->rows && op.ok (); r += part)
    {
      size_t rows = layer->rows - r < part ? layer->rows - r : part;
      int mark = op.mark ();
      SpqrCudaDecode decode = spqr_cuda_decode_upload (op, layer, r, rows);

      spqr_cuda_decode_run (op, decode, block->weights[product] + (row0 + r) * layer->cols);
      op.pace ();
      op.release (mark);
    }
  return op.finish ();
}

const float *
spqr_cuda_block_rows (const SpqrCudaNetBlock *block, SpqrProduct product, size_t row0, size_t rows)
{
  return rows_are_there (block, product, row0, rows) ? block->weights[product] + row0 * block->shape.cols[product] : NULL;
}

void
spqr_cuda_block_linear (SpqrCudaOp &op, SpqrCudaNetBlock *block, SpqrProduct product, const float *x, size_t ldx, size_t tokens,
                        float *y)
{
  size_t m = block->shape.rows[product], n = block->shape.cols[product], slice;
  double flops_a_row = 2.0 * (double) m * (double) n;

  slice = tokens;
  if (flops_a_row * (double) tokens > op.device->slice_flops)
    slice = ((size_t) (op.device->slice_flops / flops_a_row) / 64 + 1) * 64;
  for (size_t t = 0; t < tokens && op.ok (); t += slice)
    {
      size_t some = tokens - t < slice ? tokens - t : slice;

      if (block->shape.bias[product] != NULL)
        spqr_cuda_fill_bias (op, block->shape.bias[product], some, m, y + t * m);
      if (block->narrow[product] != NULL)
        spqr_cuda_half_product (op, block, product, x + t * ldx, ldx, some, y + t * m);
      else
        op.gemm (false, true, some, m, n, 1.0f, x + t * ldx, ldx, block->weights[product], n,
                 block->shape.bias[product] != NULL ? 1.0f : 0.0f, y + t * m, m);
      op.pace ();
    }
}
