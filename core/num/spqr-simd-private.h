/* spqr-simd-private.h: the x86 vector intrinsics, for files that hold vector variants. */
#pragma once

#include "num/spqr-cpu.h"

#if SPQR_CPU_X86
/* gcc 12's own intrinsic headers start from deliberately undefined registers and are warned about
 * wherever they are inlined (GCC bug 105593); the pragma has to stay on for the including file. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#endif
