/* spqr-kernels-table.c: which of the compiled variants of spqr-kernels.c runs here. */
#include "num/spqr-cpu.h"
#include "num/spqr-kernels-private.h"

const SpqrKernels *
spqr_kernels (void)
{
#if SPQR_CPU_X86
  SpqrCpu cpu = spqr_cpu ();

  if (cpu == SPQR_CPU_AVX512)
    return &spqr_kernels_avx512;
  if (cpu == SPQR_CPU_AVX2)
    return &spqr_kernels_avx2;
#endif
  return &spqr_kernels_plain;
}
