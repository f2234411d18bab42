/* spqr-cuda-estimate.cu: how much device memory an operation cannot do without. Operations that cut
 * their rows or tokens into parts are counted with one part of moderate size: they take more where
 * there is more, and less speed where there is not. */
#include "spqr-cuda-ops.h"

#define MARGIN ((size_t) 64 << 20)      /* cuBLAS's and cuSOLVER's own, and rounding */
#define PART_ROWS ((size_t) 256)
#define PART_BYTES ((size_t) 256 << 20)

static size_t
smaller (size_t a, size_t b)
{
  return a < b ? a : b;
}

/* Saturating: an estimate that overflows is too much in any case. */
static size_t
times (size_t a, size_t b)
{
  return b != 0 && a > SIZE_MAX / 4 / b ? SIZE_MAX / 4 : a * b;
}

static size_t
quantize_bytes (const SpqrOpDesc *d)
{
  bool all_rows = d->params != NULL && !d->params->perchannel;
  size_t rows = all_rows ? d->rows : smaller (d->rows, PART_ROWS), n = d->cols;

  /* U and H; w0, w, residual, trace and codes; difference and product; statistics. */
  return times (times (n, n), 8) + times (times (rows, n), 4 * 5 + 1 + 8 + 16);
}

size_t
spqr_cuda_estimate (const SpqrOpDesc *d)
{
  size_t bytes = 0, rows = d->rows, n = d->cols, tokens = d->tokens;

  switch (d->op)
    {
    case SPQR_OP_HESSIAN_ADD:
      bytes = times (times (n, n), 4) + times (times (smaller (tokens, 4096), n), 4);
      break;
    case SPQR_OP_FACTOR:
      bytes = times (times (n, n), 8) + times (times (n, smaller (n, 2048)), 4);
      break;
    case SPQR_OP_QUANTIZE:
    case SPQR_OP_QUANTIZE_ROWS:
      bytes = quantize_bytes (d);
      break;
    case SPQR_OP_PROXY_LOSS:
      bytes = times (times (n, n), 4) + times (times (smaller (rows, SPQR_CUDA_FORM_ROWS), n), 12);
      break;
    case SPQR_OP_PYRAMID:
      bytes = times (times (rows, n), 6);
      break;
    case SPQR_OP_SENSITIVITY:
    case SPQR_OP_DECODE:
      bytes = smaller (times (times (rows, n), 10), PART_BYTES);
      break;
    case SPQR_OP_GEMM_NT:
      bytes = smaller (times (times (rows, n), 6), PART_BYTES) + smaller (times (times (tokens, rows + n), 4), PART_BYTES);
      break;
    case SPQR_OP_PACKED_MATMUL:
      bytes = smaller (times (times (rows, n), 10), PART_BYTES) + times (times (tokens, rows + n), 4);
      break;
    case SPQR_OP_ATTENTION:
      bytes = times (times (rows + tokens, n), 8);
      break;
    case SPQR_OP_CROSS_ENTROPY:
      bytes = times (times (tokens, n), 4) + PART_BYTES;
      break;
    case SPQR_OP_RMS_NORM:
    case SPQR_OP_LAYER_NORM:
    case SPQR_OP_ROTARY:
    case SPQR_OP_GATED_ACTIVATION:
      bytes = times (times (tokens, n), 8);
      break;
    case SPQR_OP_BLOCK:         /* block_estimate() knows */
    case SPQR_OP_HEAD:
    case SPQR_N_OPS:
    default:
      break;
    }
  return bytes + MARGIN;
}
