/* spqr-cuda-gemm.cu: y (t, m) = x (t, n) W (m, n)' + bias, W in f32, f16 or bf16.
 *
 * 16-bit weights cross the bus as they are and become f32 on the device, so that sums and products
 * are f32, as on the CPU. */
#include "spqr-cuda-ops.h"

#define THREADS 256
#define WEIGHTS ((size_t) 16 << 20)     /* at a time */
#define ACTIVATIONS ((size_t) 32 << 20)

static __device__ inline float
half_value (unsigned bits)
{
  unsigned sign = (bits & 0x8000u) << 16, exponent = (bits >> 10) & 0x1fu, mantissa = bits & 0x3ffu;

  if (exponent == 0x1f)
    return __uint_as_float (sign | 0x7f800000u | (mantissa << 13) | (mantissa != 0 ? 0x400000u : 0));
  if (exponent != 0)
    return __uint_as_float (sign | ((exponent + 112) << 23) | (mantissa << 13));
  return __uint_as_float (sign | __float_as_uint ((float) mantissa * 0x1p-24f));
}

static __global__ void
widen_kernel (const uint16_t *in, bool bfloat, float *out, size_t count)
{
  for (size_t i = (size_t) blockIdx.x * THREADS + threadIdx.x; i < count; i += (size_t) gridDim.x * THREADS)
    out[i] = bfloat ? __uint_as_float ((unsigned) in[i] << 16) : half_value (in[i]);
}

static __global__ void
bias_kernel (const float *bias, size_t tokens, size_t m, float *y, size_t ldy)
{
  size_t i = (size_t) blockIdx.x * THREADS + threadIdx.x;

  if (i < m)
    for (size_t t = blockIdx.y; t < tokens; t += gridDim.y)
      y[t * ldy + i] = bias != NULL ? bias[i] : 0.0f;
}

void
spqr_cuda_fill_bias (SpqrCudaOp &op, const float *bias, size_t tokens, size_t m, float *y)
{
  op.work (4.0 * (double) tokens * (double) m, 0);
  SPQR_LAUNCH (op, bias_kernel, dim3 (spqr_cuda_blocks (m, THREADS), (unsigned) (tokens < 32768 ? tokens : 32768)), THREADS, 0, bias,
               tokens, m, y, m);
}

void
spqr_cuda_widen (SpqrCudaOp &op, const uint16_t *in, SpqrElem elem, float *out, size_t count)
{
  unsigned blocks = spqr_cuda_blocks (count, THREADS * 8);

  op.work (6.0 * (double) count, 0);
  SPQR_LAUNCH (op, widen_kernel, blocks < 4096 ? blocks : 4096, THREADS, 0, in, elem == SPQR_ELEM_BF16, out, count);
}

/* Rows m0 … of W as f32 on the device. */
static void
upload_weights (SpqrCudaOp &op, const void *w, SpqrElem elem, size_t first, size_t count, uint16_t *narrow, float *wide)
{
  if (elem == SPQR_ELEM_F32)
    {
      op.upload (wide, (const float *) w + first, count * sizeof (float));
      return;
    }
  op.upload (narrow, (const uint16_t *) w + first, count * sizeof (uint16_t));
  spqr_cuda_widen (op, narrow, elem, wide, count);
}

void
spqr_cuda_linear (SpqrCudaOp &op, const float *x, size_t ldx, size_t tokens, const void *w, SpqrElem elem, size_t m, size_t n,
                  const float *bias, float *y, size_t ldy)
{
  size_t part = WEIGHTS / (n != 0 ? n : 1) != 0 ? WEIGHTS / (n != 0 ? n : 1) : 1;
  uint16_t *narrow = NULL;
  float *wide, *device_bias = NULL;
  int mark = op.mark ();

  part = part < m ? part : m;
  wide = op.alloc<float> (part * n);
  if (elem != SPQR_ELEM_F32)
    narrow = op.alloc<uint16_t> (part * n);
  if (bias != NULL)
    device_bias = op.upload_new (bias, m);
  if (bias != NULL || n == 0)
    SPQR_LAUNCH (op, bias_kernel, dim3 (spqr_cuda_blocks (m, THREADS), (unsigned) (tokens < 32768 ? tokens : 32768)), THREADS, 0,
                 device_bias, tokens, m, y, ldy);
  for (size_t r = 0; r < m && n != 0 && op.ok (); r += part)
    {
      size_t rows = m - r < part ? m - r : part;

      upload_weights (op, w, elem, r * n, rows * n, narrow, wide);
      op.gemm (false, true, tokens, rows, n, 1.0f, x, ldx, wide, n, bias != NULL ? 1.0f : 0.0f, y + r, ldy);
      op.pace ();
    }
  op.release (mark);
}

SpqrStatus
spqr_cuda_gemm_nt (void *device, const float *x, size_t ldx, size_t tokens, const void *w, SpqrElem elem, size_t m, size_t n,
                   const float *bias, float *y, size_t ldy, const SpqrExec *exec)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  size_t wider = n > m ? n : m, part;
  float *device_x, *device_y;

  if ((elem != SPQR_ELEM_F32 && elem != SPQR_ELEM_F16 && elem != SPQR_ELEM_BF16) || ldx < n || ldy < m || ldx > INT32_MAX ||
      ldy > INT32_MAX || tokens > INT32_MAX)
    return SPQR_INVALID;
  if (tokens == 0 || m == 0)
    return op.status;
  part = ACTIVATIONS / wider != 0 ? ACTIVATIONS / wider : 1;
  part = part < tokens ? part : tokens;
  device_x = op.alloc<float> (part * n);
  device_y = op.alloc<float> (part * m);
  for (size_t t = 0; t < tokens && op.ok (); t += part)
    {
      size_t some = tokens - t < part ? tokens - t : part;

      op.upload_rows (device_x, n * sizeof *x, x + t * ldx, ldx * sizeof *x, n * sizeof *x, some);
      spqr_cuda_linear (op, device_x, n != 0 ? n : 1, some, w, elem, m, n, bias, device_y, m);
      op.download_rows (y + t * ldy, ldy * sizeof *y, device_y, m * sizeof *y, m * sizeof *y, some);
    }
  return op.finish ();
}
