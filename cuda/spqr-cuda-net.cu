/* spqr-cuda-net.cu: what stands between the matrix products of a network, one token or number at a
 * time; sums of a row in f64.
 *
 *     rms      x / sqrt(mean(x^2) + eps) (weight + offset)
 *     layer    (x - mean) / sqrt(var + eps) weight + bias
 *     rotary   (a, b) -> (a cos - b sin, b cos + a sin) for the pairs (i, i + dim/2)
 *     silu     x / (1 + e^-x)      gelu  x (1 + erf(x / sqrt 2)) / 2
 *     gelu_tanh  x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spqr-cuda-ops.h"

#define THREADS 256

static __device__ inline double
block_sum (double mine, double *scratch)
{
  __syncthreads ();
  scratch[threadIdx.x] = mine;
  __syncthreads ();
  for (unsigned half = THREADS / 2; half > 0; half /= 2)
    {
      if (threadIdx.x < half)
        scratch[threadIdx.x] += scratch[threadIdx.x + half];
      __syncthreads ();
    }
  return scratch[0];
}

/* A block a token. */
static __global__ void
rms_norm_kernel (float *x, size_t n, const float *weight, float offset, float epsilon)
{
  __shared__ double scratch[THREADS];
  float *row = x + (size_t) blockIdx.x * n, factor;
  double sum = 0;

  for (size_t i = threadIdx.x; i < n; i += THREADS)
    sum += (double) row[i] * (double) row[i];
  sum = block_sum (sum, scratch);
  factor = (float) (1.0 / sqrt (sum / (double) n + (double) epsilon));
  for (size_t i = threadIdx.x; i < n; i += THREADS)
    row[i] = row[i] * factor * ((weight != NULL ? weight[i] : 1.0f) + offset);
}

static __global__ void
layer_norm_kernel (float *x, size_t n, const float *weight, const float *bias, float epsilon)
{
  __shared__ double scratch[THREADS];
  float *row = x + (size_t) blockIdx.x * n;
  double sum = 0, squares = 0, mean, factor;

  for (size_t i = threadIdx.x; i < n; i += THREADS)
    sum += (double) row[i];
  mean = block_sum (sum, scratch) / (double) n;
  for (size_t i = threadIdx.x; i < n; i += THREADS)
    squares += ((double) row[i] - mean) * ((double) row[i] - mean);
  factor = 1.0 / sqrt (block_sum (squares, scratch) / (double) n + (double) epsilon);
  for (size_t i = threadIdx.x; i < n; i += THREADS)
    {
      float v = (float) (((double) row[i] - mean) * factor);

      row[i] = v * (weight != NULL ? weight[i] : 1.0f) + (bias != NULL ? bias[i] : 0.0f);
    }
}

static __global__ void
rotary_kernel (float *x, size_t tokens, size_t heads, size_t head_dim, size_t half, const float *cosine, const float *sine)
{
  for (size_t i = (size_t) blockIdx.x * THREADS + threadIdx.x; i < tokens * heads * half; i += (size_t) gridDim.x * THREADS)
    {
      size_t pair = i % half, row = i / half, t = row / heads;
      float *a = x + row * head_dim + pair, *b = a + half;
      float c = cosine[t * half + pair], s = sine[t * half + pair], first = *a, second = *b;

      *a = first * c - second * s;
      *b = second * c + first * s;
    }
}

static __global__ void
gate_kernel (SpqrGateActivation activation, float *gate, const float *up, size_t count)
{
  for (size_t i = (size_t) blockIdx.x * THREADS + threadIdx.x; i < count; i += (size_t) gridDim.x * THREADS)
    {
      float x = gate[i], y = x;

      if (activation == SPQR_ACTIVATION_SILU)
        y = x / (1.0f + expf (-x));
      else if (activation == SPQR_ACTIVATION_GELU)
        y = 0.5f * x * (1.0f + erff (x * 0.70710678f));
      else if (activation == SPQR_ACTIVATION_GELU_TANH)
        y = 0.5f * x * (1.0f + tanhf (0.79788456f * (x + 0.044715f * x * x * x)));
      else
        y = x > 0.0f ? x : 0.0f;
      gate[i] = up != NULL ? y * up[i] : y;
    }
}

/* x is in and out: it changes only once everything has come back. */
static SpqrStatus
give_back (SpqrCudaOp &op, float *x, const float *result, size_t count)
{
  float *host = (float *) malloc (count * sizeof *host);

  if (host == NULL)
    op.fail (SPQR_NO_MEMORY);
  op.download (host, result, count * sizeof *x);
  op.wait ();
  op.poll ();
  if (op.ok ())
    memcpy (x, host, count * sizeof *x);
  free (host);
  return op.status;
}

SpqrStatus
spqr_cuda_rms_norm (void *device, float *x, size_t tokens, size_t n, const float *weight, float weight_offset, float epsilon,
                    const SpqrExec *exec)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  float *there, *device_weight = NULL;

  if (tokens > INT32_MAX)
    return SPQR_UNSUPPORTED;
  if (tokens == 0 || n == 0)
    return op.status;
  there = op.upload_new ((const float *) x, tokens * n);
  if (weight != NULL)
    device_weight = op.upload_new (weight, n);
  SPQR_LAUNCH (op, rms_norm_kernel, (unsigned) tokens, THREADS, 0, there, n, device_weight, weight_offset, epsilon);
  return give_back (op, x, there, tokens * n);
}

SpqrStatus
spqr_cuda_layer_norm (void *device, float *x, size_t tokens, size_t n, const float *weight, const float *bias, float epsilon,
                      const SpqrExec *exec)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  float *there, *device_weight = NULL, *device_bias = NULL;

  if (tokens > INT32_MAX)
    return SPQR_UNSUPPORTED;
  if (tokens == 0 || n == 0)
    return op.status;
  there = op.upload_new ((const float *) x, tokens * n);
  if (weight != NULL)
    device_weight = op.upload_new (weight, n);
  if (bias != NULL)
    device_bias = op.upload_new (bias, n);
  SPQR_LAUNCH (op, layer_norm_kernel, (unsigned) tokens, THREADS, 0, there, n, device_weight, device_bias, epsilon);
  return give_back (op, x, there, tokens * n);
}

SpqrStatus
spqr_cuda_rotary (void *device, float *x, size_t tokens, size_t heads, size_t head_dim, size_t rotary_dim, const float *cos,
                  const float *sin, const SpqrExec *exec)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  size_t half = rotary_dim / 2, count = tokens * heads * head_dim;
  float *there, *cosine, *sine;

  if (rotary_dim > head_dim || rotary_dim % 2 != 0)
    return SPQR_INVALID;
  if (count == 0 || half == 0)
    return op.status;
  there = op.upload_new ((const float *) x, count);
  cosine = op.upload_new (cos, tokens * half);
  sine = op.upload_new (sin, tokens * half);
  SPQR_LAUNCH (op, rotary_kernel, spqr_cuda_blocks (count < (size_t) 1 << 24 ? count : (size_t) 1 << 24, THREADS * 2), THREADS, 0,
               there, tokens, heads, head_dim, half, cosine, sine);
  return give_back (op, x, there, count);
}

SpqrStatus
spqr_cuda_gated_activation (void *device, SpqrGateActivation activation, float *gate, const float *up, size_t count,
                            const SpqrExec *exec)
{
  SpqrCudaOp op ((SpqrCuda *) device, exec);
  float *there, *device_up = NULL;

  if ((int) activation < 0 || activation > SPQR_ACTIVATION_RELU)
    return SPQR_INVALID;
  if (count == 0)
    return op.status;
  there = op.upload_new ((const float *) gate, count);
  if (up != NULL)
    device_up = op.upload_new (up, count);
  SPQR_LAUNCH (op, gate_kernel, spqr_cuda_blocks (count < (size_t) 1 << 24 ? count : (size_t) 1 << 24, THREADS * 4), THREADS, 0,
               activation, there, device_up, count);
  return give_back (op, gate, there, count);
}
