/* spqr-cuda-half.cu: products on the 16-bit tensor cores, where SPQR_CUDA_F16 asks for them.
 *
 * W is used as it is where all its numbers are f16 numbers (or all bf16), which is checked; elsewhere
 * the product stays f32. Sums are f32. x is rounded:
 *   SPQR_CUDA_F16=1       y = h(x) W'                 x keeps 11 bits (8 with bf16)
 *   SPQR_CUDA_F16=split   y = h(x) W' + h(x - h(x)) W'   x keeps 22 bits (16): two products
 * In f16 an activation beyond 65504 becomes 65504. Not set: f32 throughout. */
#include "spqr-cuda-arith.h"
#include "spqr-cuda-keep.h"

#define THREADS 256
#define NO_F16 1                /* flags of check_half_kernel */
#define NO_BF16 2

static __device__ inline uint16_t
bfloat_bits (float x)
{
  unsigned u = __float_as_uint (x);

  return (uint16_t) ((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
}

static __device__ inline float
bfloat_value (uint16_t bits)
{
  return __uint_as_float ((unsigned) bits << 16);
}

/* Of a number that is an f16 number. */
static __device__ inline uint16_t
f16_bits (float x)
{
  unsigned u = __float_as_uint (x), sign = (u >> 16) & 0x8000u;

  if (fabsf (x) < 0x1p-14f)
    return (uint16_t) (sign | (unsigned) (fabsf (x) * 0x1p24f));
  return (uint16_t) (sign | ((((u >> 23) & 0xffu) - 112u) << 10) | ((u >> 13) & 0x3ffu));
}

static __global__ void
check_half_kernel (const float *w, size_t count, int *flags)
{
  int mine = 0;

  for (size_t i = (size_t) blockIdx.x * THREADS + threadIdx.x; i < count; i += (size_t) gridDim.x * THREADS)
    {
      mine |= spqr_f16_round (w[i]) == w[i] && fabsf (w[i]) <= SPQR_F16_LARGEST ? 0 : NO_F16;
      mine |= bfloat_value (bfloat_bits (w[i])) == w[i] ? 0 : NO_BF16;
    }
  if (mine != 0)
    atomicOr (flags, mine);
}

/* out = x in 16 bits; rest: what that lost, or NULL. */
static __global__ void
narrow_kernel (const float *x, size_t ldx, size_t rows, size_t cols, bool bfloat, uint16_t *out, uint16_t *rest)
{
  size_t j = (size_t) blockIdx.x * THREADS + threadIdx.x;

  if (j < cols)
    for (size_t r = blockIdx.y; r < rows; r += gridDim.y)
      {
        float value = x[r * ldx + j], kept;

        if (!bfloat)
          value = fminf (fmaxf (value, -SPQR_F16_LARGEST), SPQR_F16_LARGEST);
        kept = bfloat ? bfloat_value (bfloat_bits (value)) : spqr_f16_round (value);
        out[r * cols + j] = bfloat ? bfloat_bits (kept) : f16_bits (kept);
        if (rest != NULL)
          rest[r * cols + j] = bfloat ? bfloat_bits (value - kept) : f16_bits (spqr_f16_round (value - kept));
      }
}

static void
narrow (SpqrCudaOp &op, const float *x, size_t ldx, size_t rows, size_t cols, bool bfloat, uint16_t *out, uint16_t *rest)
{
  SPQR_LAUNCH (op, narrow_kernel, dim3 (spqr_cuda_blocks (cols, THREADS), (unsigned) (rows < 32768 ? rows : 32768)), THREADS, 0, x,
               ldx, rows, cols, bfloat, out, rest);
}

/* Before a pass: which products have 16-bit weights. */
void
spqr_cuda_half_settle (SpqrCudaOp &op, SpqrCudaNetBlock *block)
{
  int *flags = op.alloc<int> (1);

  for (int p = 0; p < SPQR_N_PRODUCTS && op.ok (); p++)
    {
      size_t rows = block->shape.rows[p], cols = block->shape.cols[p], count = rows * cols;
      int found = 0, mark;

      if (block->settled[p])
        continue;
      op.zero (flags, sizeof *flags);
      SPQR_LAUNCH (op, check_half_kernel, 1024, THREADS, 0, block->weights[p], count, flags);
      op.download (&found, flags, sizeof found);
      op.wait ();
      if (!op.ok ())
        return;
      block->bfloat[p] = (found & NO_F16) != 0;
      mark = op.mark ();
      if (found == (NO_F16 | NO_BF16))
        block->narrow[p] = NULL;
      else if (block->narrow_memory[p] == NULL)
        {
          block->narrow_memory[p] = op.alloc<uint16_t> (count);
          if (op.ok ())
            spqr_cuda_hold (op, mark, &block->hold);
          else
            block->narrow_memory[p] = NULL;
        }
      if (found != (NO_F16 | NO_BF16) && op.ok ())
        {
          block->narrow[p] = block->narrow_memory[p];
          narrow (op, block->weights[p], cols, rows, cols, block->bfloat[p], block->narrow[p], NULL);
        }
      block->settled[p] = op.ok ();
    }
}

static void
multiply (SpqrCudaOp &op, const SpqrCudaNetBlock *block, SpqrProduct product, const uint16_t *x, size_t tokens, float beta, float *y)
{
  const float one = 1.0f;
  size_t m = block->shape.rows[product], n = block->shape.cols[product];
  cudaDataType_t type = block->bfloat[product] ? CUDA_R_16BF : CUDA_R_16F;

  if (!op.ok ())
    return;
  op.profile_begin ();
  op.check (op.device->lib->gemm_ex (op.device->blas, CUBLAS_OP_T, CUBLAS_OP_N, (int) m, (int) tokens, (int) n, &one,
                                     block->narrow[product], type, (int) n, x, type, (int) n, &beta, y, CUDA_R_32F, (int) m,
                                     CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
  op.work (2.0 * ((double) m * (double) n + (double) tokens * (double) n) + 4.0 * (double) tokens * (double) m,
           2.0 * (double) tokens * (double) m * (double) n);
  op.profile_end ("cublasGemmEx");
}

void
spqr_cuda_half_product (SpqrCudaOp &op, SpqrCudaNetBlock *block, SpqrProduct product, const float *x, size_t ldx, size_t tokens, float *y)
{
  size_t n = block->shape.cols[product];
  float beta = block->shape.bias[product] != NULL ? 1.0f : 0.0f;
  int mark = op.mark ();
  uint16_t *high = op.alloc<uint16_t> (tokens * n), *low = op.device->half == 2 ? op.alloc<uint16_t> (tokens * n) : NULL;

  narrow (op, x, ldx, tokens, n, block->bfloat[product], high, low);
  multiply (op, block, product, high, tokens, beta, y);
  if (low != NULL)
    multiply (op, block, product, low, tokens, 1.0f, y);
  op.release (mark);            /* the one stream does everything in order */
}
