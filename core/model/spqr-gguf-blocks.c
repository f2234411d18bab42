/* spqr-gguf-blocks.c: ggml's types by their numbers. */
#include "model/spqr-gguf-kernels.h"
#include "model/spqr-gguf-private.h"
#include "num/spqr-cpu.h"

static const SpqrGgufKernels *
kernels (void)
{
#if SPQR_CPU_X86
  SpqrCpu cpu = spqr_cpu ();

  if (cpu == SPQR_CPU_AVX512)
    return &spqr_gguf_kernels_avx512;
  if (cpu == SPQR_CPU_AVX2)
    return &spqr_gguf_kernels_avx2;
#endif
  return &spqr_gguf_kernels_plain;
}

SpqrEncoding
spqr_gguf_encoding (guint32 type)
{
  const SpqrGgufKernels *decode = kernels ();
  const struct { guint32 type; SpqrEncoding encoding; } known[] = {
    { 2, { SPQR_DTYPE_OTHER, "Q4_0", 32, 18, decode->q4_0 } },
    { 3, { SPQR_DTYPE_OTHER, "Q4_1", 32, 20, decode->q4_1 } },
    { 6, { SPQR_DTYPE_OTHER, "Q5_0", 32, 22, decode->q5_0 } },
    { 7, { SPQR_DTYPE_OTHER, "Q5_1", 32, 24, decode->q5_1 } },
    { 8, { SPQR_DTYPE_OTHER, "Q8_0", 32, 34, decode->q8_0 } },
    { 10, { SPQR_DTYPE_OTHER, "Q2_K", 256, 84, decode->q2_k } },
    { 11, { SPQR_DTYPE_OTHER, "Q3_K", 256, 110, decode->q3_k } },
    { 12, { SPQR_DTYPE_OTHER, "Q4_K", 256, 144, decode->q4_k } },
    { 13, { SPQR_DTYPE_OTHER, "Q5_K", 256, 176, decode->q5_k } },
    { 14, { SPQR_DTYPE_OTHER, "Q6_K", 256, 210, decode->q6_k } },
  };
  static const struct { guint32 type; const char *name; } plain[] = {
    { 0, "F32" }, { 1, "F16" }, { 24, "I8" }, { 25, "I16" }, { 26, "I32" }, { 27, "I64" }, { 28, "F64" }, { 30, "BF16" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (known[i].type == type)
      return known[i].encoding;
  for (gsize i = 0; i < G_N_ELEMENTS (plain); i++)
    if (plain[i].type == type)
      return spqr_encoding_from_name (plain[i].name);
  return (SpqrEncoding) { SPQR_DTYPE_OTHER, NULL, 1, 0, NULL };
}

const char *
spqr_gguf_foreign_type (guint32 type)
{
  static const struct { guint32 type; const char *name; } foreign[] = {
    { 4, "Q4_2" }, { 5, "Q4_3" }, { 9, "Q8_1" }, { 15, "Q8_K" }, { 16, "IQ2_XXS" }, { 17, "IQ2_XS" }, { 18, "IQ3_XXS" },
    { 19, "IQ1_S" }, { 20, "IQ4_NL" }, { 21, "IQ3_S" }, { 22, "IQ2_S" }, { 23, "IQ4_XS" }, { 29, "IQ1_M" }, { 34, "TQ1_0" },
    { 35, "TQ2_0" }, { 39, "MXFP4" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (foreign); i++)
    if (foreign[i].type == type)
      return foreign[i].name;
  return NULL;
}
