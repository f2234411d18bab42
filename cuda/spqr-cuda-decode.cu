/* spqr-cuda-decode.cu: what a quantized layer means (formulas: num/spqr-layer.h), and a product with
 * it. Dense part, then constant groups over it, then outliers over both, as the CPU has it. */
#include <stdlib.h>

#include "spqr-cuda-arith.h"
#include "spqr-cuda-ops.h"

#define THREADS 256
#define MOST_ROWS ((size_t) 32768)
#define PART ((size_t) 16 << 20)        /* decoded weights at a time */

static __global__ void
decode_kernel (SpqrCudaDecode d, float *out)
{
  size_t j = (size_t) blockIdx.x * THREADS + threadIdx.x;

  if (j < d.cols)
    for (size_t r = blockIdx.y; r < d.count; r += gridDim.y)
      {
        size_t at = j / d.groupsize * d.count + r;
        float code = (float) d.codes[r * d.cols + j], scale = d.scale[at], zero = d.zero[at];

        out[r * d.cols + (size_t) d.perm[j]] = d.compat ? spqr_dequantize_value (code, scale, zero)
                                                        : spqr_dequantize_f16 (code, scale, zero);
      }
}

/* A block a constant group. */
static __global__ void
decode_constants_kernel (SpqrCudaDecode d, float *out)
{
  SpqrConstantGroup constant = d.constants[blockIdx.x];
  size_t first = constant.group * d.groupsize, r = constant.row - d.row0;

  for (size_t i = threadIdx.x; i < d.groupsize && first + i < d.cols; i += blockDim.x)
    out[r * d.cols + (size_t) d.perm[first + i]] = constant.value;
}

/* A warp a row. */
static __global__ void
decode_outliers_kernel (SpqrCudaDecode d, float *out)
{
  size_t r = ((size_t) blockIdx.x * THREADS + threadIdx.x) / 32;

  if (r < d.count)
    for (size_t i = d.offsets[r] + threadIdx.x % 32; i < d.offsets[r + 1]; i += 32)
      {
        float *w = &out[r * d.cols + (size_t) d.perm[d.outlier_cols[i]]];

        *w = d.compat ? d.outlier_values[i] : spqr_f16_round (*w + d.outlier_values[i]);
      }
}

/* First constant of a row not before `row`. */
static size_t
find_constant (const SpqrLayer *layer, size_t row)
{
  size_t low = 0, high = layer->n_constants;

  while (low < high)
    {
      size_t middle = low + (high - low) / 2;

      if (layer->constants[middle].row < row)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static uint32_t *
upload_offsets (SpqrCudaOp &op, const SpqrLayer *layer, size_t row0, size_t count)
{
  uint32_t *offsets = (uint32_t *) malloc ((count + 1) * sizeof *offsets), *there;

  if (offsets == NULL)
    {
      op.fail (SPQR_NO_MEMORY);
      return NULL;
    }
  for (size_t r = 0; r <= count; r++)
    offsets[r] = layer->outlier_offsets[row0 + r] - layer->outlier_offsets[row0];
  there = op.upload_new (offsets, count + 1);
  op.wait ();
  free (offsets);
  return there;
}

SpqrCudaDecode
spqr_cuda_decode_upload (SpqrCudaOp &op, const SpqrLayer *layer, size_t row0, size_t count)
{
  SpqrCudaDecode d = {};
  uint32_t first = layer->outlier_offsets[row0];
  size_t outliers = layer->outlier_offsets[row0 + count] - first, constant = find_constant (layer, row0);
  float *scale = op.alloc<float> (layer->groups * count), *zero = op.alloc<float> (layer->groups * count);

  d.count = count;
  d.cols = layer->cols;
  d.groups = layer->groups;
  d.groupsize = layer->params.groupsize > 0 && (size_t) layer->params.groupsize < layer->cols ? (size_t) layer->params.groupsize
                                                                                               : layer->cols;
  d.row0 = row0;
  d.compat = layer->params.compat_reference;
  d.perm = op.upload_new (layer->perm, layer->cols);
  d.codes = op.upload_new (layer->codes + row0 * layer->cols, count * layer->cols);
  op.upload_rows (scale, count * sizeof *scale, layer->scale + row0, layer->rows * sizeof *scale, count * sizeof *scale, layer->groups);
  op.upload_rows (zero, count * sizeof *zero, layer->zero + row0, layer->rows * sizeof *zero, count * sizeof *zero, layer->groups);
  d.scale = scale;
  d.zero = zero;
  d.offsets = upload_offsets (op, layer, row0, count);
  if (outliers > 0)
    {
      d.outlier_cols = op.upload_new (layer->outlier_cols + first, outliers);
      d.outlier_values = op.upload_new (layer->outlier_values + first, outliers);
    }
  d.n_constants = find_constant (layer, row0 + count) - constant;
  if (d.n_constants > 0)
    d.constants = op.upload_new (layer->constants + constant, d.n_constants);
  return d;
}

void
spqr_cuda_decode_run (SpqrCudaOp &op, const SpqrCudaDecode &d, float *out)
{
  dim3 grid (spqr_cuda_blocks (d.cols, THREADS), (unsigned) (d.count < MOST_ROWS ? d.count : MOST_ROWS));

  op.work ((double) d.count * (double) d.cols * 5 + (double) d.count * (double) d.groups * 8, 0);
  SPQR_LAUNCH (op, decode_kernel, grid, THREADS, 0, d, out);
  if (d.n_constants > 0)
    SPQR_LAUNCH (op, decode_constants_kernel, (unsigned) d.n_constants, 64, 0, d, out);
  if (d.outlier_cols != NULL)
    SPQR_LAUNCH (op, decode_outliers_kernel, spqr_cuda_blocks (d.count, THREADS / 32), THREADS, 0, d, out);
}

static size_t
rows_of_part (size_t cols)
{
  size_t rows = PART / (cols != 0 ? cols : 1);

  return rows != 0 ? rows : 1;
}

SpqrStatus
spqr_cuda_layer_decode (void *device, const SpqrLayer *layer, size_t row0, size_t count, const SpqrExec *exec, float *out)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  size_t part = rows_of_part (layer->cols);

  if (row0 > layer->rows || count > layer->rows - row0)
    return SPQR_INVALID;
  for (size_t r = 0; r < count && op.ok (); r += part)
    {
      size_t rows = count - r < part ? count - r : part;
      int mark = op.mark ();
      SpqrCudaDecode d = spqr_cuda_decode_upload (op, layer, row0 + r, rows);
      float *decoded = op.alloc<float> (rows * layer->cols);

      spqr_cuda_decode_run (op, d, decoded);
      op.download (out + r * layer->cols, decoded, rows * layer->cols * sizeof *out);
      op.wait ();
      op.poll ();
      op.release (mark);
    }
  return op.finish ();
}

SpqrStatus
spqr_cuda_packed_matmul (void *device, const SpqrLayer *layer, const float *x, size_t tokens, float *y, const SpqrExec *exec)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  size_t part = rows_of_part (layer->cols), n = layer->cols, m = layer->rows;
  float *device_x, *device_y;

  if (tokens > INT32_MAX || m > INT32_MAX || n > INT32_MAX)
    return SPQR_UNSUPPORTED;
  if (tokens == 0 || m == 0)
    return op.status;
  device_x = op.upload_new (x, tokens * n);
  device_y = op.alloc<float> (tokens * m);
  for (size_t r = 0; r < m && op.ok (); r += part)
    {
      size_t rows = m - r < part ? m - r : part;
      int mark = op.mark ();
      SpqrCudaDecode d = spqr_cuda_decode_upload (op, layer, r, rows);
      float *decoded = op.alloc<float> (rows * n);

      spqr_cuda_decode_run (op, d, decoded);
      op.gemm (false, true, tokens, rows, n, 1.0f, device_x, n, decoded, n, 0.0f, device_y + r, m);
      op.pace ();
      op.release (mark);
    }
  op.download (y, device_y, tokens * m * sizeof *y);
  return op.finish ();
}
