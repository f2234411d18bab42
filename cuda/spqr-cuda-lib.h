/* spqr-cuda-lib.h: cuBLAS and cuSOLVER, opened when they are first needed.
 *
 * The plugin is linked against neither: it must load, and say why it cannot be used, on a computer
 * that has none of them. cuSOLVER may be missing: then Hessians are factorised by the CPU. */
#pragma once

#include "spqr-cuda-rt.h"

typedef struct {
  decltype (&cublasCreate_v2) create;
  decltype (&cublasDestroy_v2) destroy;
  decltype (&cublasSetStream_v2) set_stream;
  decltype (&cublasSetMathMode) set_math_mode;
  decltype (&cublasSgemm_v2) sgemm;
  decltype (&cublasSsyrk_v2) ssyrk;
  decltype (&cublasStrsm_v2) strsm;
  /* cuSOLVER: all there or all NULL. */
  decltype (&cusolverDnCreate) solver_create;
  decltype (&cusolverDnDestroy) solver_destroy;
  decltype (&cusolverDnSetStream) solver_set_stream;
  decltype (&cusolverDnSpotrf_bufferSize) spotrf_size;
  decltype (&cusolverDnSpotrf) spotrf;
} SpqrCudaLib;

/* NULL: not usable, and *reason (static text) says why. Any thread. */
const SpqrCudaLib *spqr_cuda_lib (const char **reason);
