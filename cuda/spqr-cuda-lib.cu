/* spqr-cuda-lib.cu: finds cuBLAS and cuSOLVER at run time. */
#include "spqr-cuda-lib.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static SpqrCudaLib lib;
static bool usable;
static char problem[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

#ifdef SPQR_CUDA_SHIM

static void
load (void)
{
  lib = {
    cublasCreate_v2, cublasDestroy_v2, cublasSetStream_v2, cublasSetMathMode, cublasSgemm_v2,
    cublasSsyrk_v2, cublasStrsm_v2, cublasGemmEx, cusolverDnCreate, cusolverDnDestroy, cusolverDnSetStream,
    cusolverDnSpotrf_bufferSize, cusolverDnSpotrf,
  };
  usable = true;
}

#else

#include <dlfcn.h>

#define TEXT(x) #x
#define NUMBER(x) TEXT (x)
#define CUBLAS_FILE "libcublas.so." NUMBER (CUBLAS_VER_MAJOR)
#define CUSOLVER_FILE "libcusolver.so." NUMBER (CUSOLVER_VER_MAJOR)

/* Where the loader looks, then where the toolkit installs itself. */
static void *
open_library (const char *file)
{
  const char *folders[] = { getenv ("CUDA_HOME"), getenv ("CUDA_PATH"), "/usr/local/cuda" };
  void *handle = dlopen (file, RTLD_NOW | RTLD_LOCAL);

  for (size_t i = 0; i < sizeof folders / sizeof *folders && handle == NULL; i++)
    if (folders[i] != NULL && *folders[i] != '\0')
      {
        char path[4096];
        int length = snprintf (path, sizeof path, "%s/lib64/%s", folders[i], file);

        if (length > 0 && (size_t) length < sizeof path)
          handle = dlopen (path, RTLD_NOW | RTLD_LOCAL);
      }
  return handle;
}

template <typename Function>
static bool
find (void *handle, const char *symbol, Function *function)
{
  void *address = dlsym (handle, symbol);

  memcpy (function, &address, sizeof address);
  return address != NULL;
}

static bool
load_cublas (void *handle)
{
  return find (handle, "cublasCreate_v2", &lib.create) &&
         find (handle, "cublasDestroy_v2", &lib.destroy) &&
         find (handle, "cublasSetStream_v2", &lib.set_stream) &&
         find (handle, "cublasSetMathMode", &lib.set_math_mode) &&
         find (handle, "cublasSgemm_v2", &lib.sgemm) &&
         find (handle, "cublasSsyrk_v2", &lib.ssyrk) &&
         find (handle, "cublasStrsm_v2", &lib.strsm) &&
         find (handle, "cublasGemmEx", &lib.gemm_ex);
}

static bool
load_cusolver (void *handle)
{
  return find (handle, "cusolverDnCreate", &lib.solver_create) &&
         find (handle, "cusolverDnDestroy", &lib.solver_destroy) &&
         find (handle, "cusolverDnSetStream", &lib.solver_set_stream) &&
         find (handle, "cusolverDnSpotrf_bufferSize", &lib.spotrf_size) &&
         find (handle, "cusolverDnSpotrf", &lib.spotrf);
}

static void
load (void)
{
  void *blas = open_library (CUBLAS_FILE), *solver;

  if (blas == NULL)
    {
      snprintf (problem, sizeof problem, "%s was not found (install the CUDA %d libraries, or name their folder in LD_LIBRARY_PATH)",
                CUBLAS_FILE, CUDART_VERSION / 1000);
      return;
    }
  if (!load_cublas (blas))
    {
      snprintf (problem, sizeof problem, "%s lacks functions that it should have; it may be damaged", CUBLAS_FILE);
      dlclose (blas);
      return;
    }
  solver = open_library (CUSOLVER_FILE);
  if (solver != NULL && !load_cusolver (solver))
    {
      dlclose (solver);
      solver = NULL;
    }
  if (solver == NULL)
    lib.spotrf = NULL;
  usable = true;
}

#endif

const SpqrCudaLib *
spqr_cuda_lib (const char **reason)
{
  pthread_once (&once, load);
  if (!usable && reason != NULL)
    *reason = problem;
  return usable ? &lib : NULL;
}
