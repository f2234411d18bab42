/* spqr-cuda-lib.h: cuBLAS and cuSOLVER, opened when they are first needed.
 *
 * The plugin is linked against neither: it must load, and say why it cannot be used, on a computer
 * that has none of them. cuSOLVER may be missing: then Hessians are factorised by the CPU. */
#pragma once

#include "spqr-cuda-rt.h"

/* The C function; C++ has an overload of that name. */
typedef cublasStatus_t (*SpqrCudaGemmEx) (cublasHandle_t handle, cublasOperation_t a_op, cublasOperation_t b_op, int m, int n, int k,
                                          const void *alpha, const void *a, cudaDataType_t a_type, int lda, const void *b,
                                          cudaDataType_t b_type, int ldb, const void *beta, void *c, cudaDataType_t c_type,
                                          int ldc, cublasComputeType_t compute, cublasGemmAlgo_t algorithm);

typedef struct {
  decltype (&cublasCreate_v2) create;
  decltype (&cublasDestroy_v2) destroy;
  decltype (&cublasSetStream_v2) set_stream;
  decltype (&cublasSetMathMode) set_math_mode;
  decltype (&cublasSgemm_v2) sgemm;
  decltype (&cublasSsyrk_v2) ssyrk;
  decltype (&cublasStrsm_v2) strsm;
  SpqrCudaGemmEx gemm_ex;
  /* cuSOLVER: all there or all NULL. */
  decltype (&cusolverDnCreate) solver_create;
  decltype (&cusolverDnDestroy) solver_destroy;
  decltype (&cusolverDnSetStream) solver_set_stream;
  decltype (&cusolverDnSpotrf_bufferSize) spotrf_size;
  decltype (&cusolverDnSpotrf) spotrf;
} SpqrCudaLib;

/* NULL: not usable, and *reason (static text) says why. Any thread. */
const SpqrCudaLib *spqr_cuda_lib (const char **reason);
