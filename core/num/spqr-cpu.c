#include "num/spqr-cpu.h"

#include <stdatomic.h>

static atomic_int cpu_limit = SPQR_CPU_AVX512;

static SpqrCpu
cpu_of_processor (void)
{
#if SPQR_CPU_X86
  if (!__builtin_cpu_supports ("avx2") || !__builtin_cpu_supports ("f16c"))
    return SPQR_CPU_PLAIN;
  if (!__builtin_cpu_supports ("avx512f") || !__builtin_cpu_supports ("avx512bw") ||
      !__builtin_cpu_supports ("avx512dq") || !__builtin_cpu_supports ("avx512vl"))
    return SPQR_CPU_AVX2;
  return SPQR_CPU_AVX512;
#else
  return SPQR_CPU_PLAIN;
#endif
}

SpqrCpu
spqr_cpu (void)
{
  int limit = atomic_load_explicit (&cpu_limit, memory_order_relaxed);
  SpqrCpu processor = cpu_of_processor ();

  return (int) processor < limit ? processor : (SpqrCpu) limit;
}

void
spqr_cpu_limit (SpqrCpu limit)
{
  atomic_store_explicit (&cpu_limit, (int) limit, memory_order_relaxed);
}
