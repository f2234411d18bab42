/* spqr-cpu.h: which vector instructions the kernels of core/num may use on this processor.
 *
 * A kernel exists once in plain C, which is its definition, and may exist again for wider vectors;
 * every variant gives the same bits. */
#pragma once

typedef enum {
  SPQR_CPU_PLAIN,               /* what the compiler may assume anywhere */
  SPQR_CPU_AVX2,                /* AVX2 + F16C */
  SPQR_CPU_AVX512,              /* AVX-512 F, BW, DQ, VL as well */
} SpqrCpu;

#if defined(__x86_64__)
#define SPQR_CPU_X86 1
#define SPQR_TARGET_AVX2 __attribute__ ((target ("avx2,fma,f16c")))
#define SPQR_TARGET_AVX512 __attribute__ ((target ("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")))
#else
#define SPQR_CPU_X86 0
#endif

/* The widest variant to use: the processor's, or the limit if that is lower. Any thread. */
SpqrCpu spqr_cpu (void);

/* Never go above `limit`; for tests that compare the variants. SPQR_CPU_AVX512 lifts the limit. */
void spqr_cpu_limit (SpqrCpu limit);
