/* spqr-gguf-kernels.h: ggml's block formats -> f32, once per instruction set; all give the same bits. */
#pragma once

#include "model/spqr-tensor-private.h"

typedef struct {
  SpqrDecodeFunc q4_0, q4_1, q5_0, q5_1, q8_0, q2_k, q3_k, q4_k, q5_k, q6_k;
} SpqrGgufKernels;

extern const SpqrGgufKernels spqr_gguf_kernels_plain;
#if defined(__x86_64__)
extern const SpqrGgufKernels spqr_gguf_kernels_avx2, spqr_gguf_kernels_avx512;
#endif
