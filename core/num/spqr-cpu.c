#include "num/spqr-cpu.h"

#include <stdatomic.h>

#if SPQR_CPU_X86
#include <cpuid.h>
#endif

static atomic_int cpu_limit = SPQR_CPU_AVX512;

#if SPQR_CPU_X86
/* clang 14's __builtin_cpu_supports() does not know f16c. That the system saves the registers it
 * works on is what the builtin has found out for avx2. */
static int
processor_has_f16c (void)
{
  unsigned eax, ebx, ecx, edx;

  return __get_cpuid (1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C) != 0;
}
#endif

static SpqrCpu
ask_processor (void)
{
#if SPQR_CPU_X86
  if (!__builtin_cpu_supports ("avx2") || !__builtin_cpu_supports ("fma") || !processor_has_f16c ())
    return SPQR_CPU_PLAIN;
  if (!__builtin_cpu_supports ("avx512f") || !__builtin_cpu_supports ("avx512bw") ||
      !__builtin_cpu_supports ("avx512dq") || !__builtin_cpu_supports ("avx512vl"))
    return SPQR_CPU_AVX2;
  return SPQR_CPU_AVX512;
#else
  return SPQR_CPU_PLAIN;
#endif
}

/* Asked once: cpuid takes microseconds in a virtual machine, and kernels ask for every row. Threads
 * that come first together all write the same. */
static SpqrCpu
cpu_of_processor (void)
{
  static atomic_int known = -1;
  int cpu = atomic_load_explicit (&known, memory_order_relaxed);

  if (cpu < 0)
    {
      cpu = (int) ask_processor ();
      atomic_store_explicit (&known, cpu, memory_order_relaxed);
    }
  return (SpqrCpu) cpu;
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
