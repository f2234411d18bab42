#include "net/spqr-vector.h"

#include <math.h>
#include <string.h>

#include "num/spqr-simd-private.h"

#define WIDTH 4
#define TARGET
#define NAME(name) plain_##name
#include "net/spqr-vector-impl.h"
#undef WIDTH
#undef TARGET
#undef NAME

#if SPQR_CPU_X86
#define WIDTH 8
#define TARGET SPQR_TARGET_AVX2
#define NAME(name) avx2_##name
#include "net/spqr-vector-impl.h"
#undef WIDTH
#undef TARGET
#undef NAME

#define WIDTH 16
#define TARGET SPQR_TARGET_AVX512
#define NAME(name) avx512_##name
#include "net/spqr-vector-impl.h"
#undef WIDTH
#undef TARGET
#undef NAME

/* The call of the widest variant this processor runs. */
#define PICK(name, ...)                                                   \
  (spqr_cpu () == SPQR_CPU_AVX512 ? avx512_##name (__VA_ARGS__) :         \
   spqr_cpu () == SPQR_CPU_AVX2 ? avx2_##name (__VA_ARGS__) : plain_##name (__VA_ARGS__))
#else
#define PICK(name, ...) plain_##name (__VA_ARGS__)
#endif

void
spqr_vector_exp (float *y, const float *x, size_t n)
{
  if (y != x)
    memmove (y, x, n * sizeof *y);
  PICK (exp, y, n);
}

void
spqr_vector_silu (float *x, size_t n)
{
  PICK (silu, x, n);
}

void
spqr_vector_gelu (float *x, size_t n)
{
  PICK (gelu, x, n);
}

void
spqr_vector_gelu_tanh (float *x, size_t n)
{
  PICK (gelu_tanh, x, n);
}

void
spqr_vector_relu (float *x, size_t n)
{
  PICK (relu, x, n);
}

void
spqr_vector_softcap (float *x, size_t n, float cap)
{
  PICK (softcap, x, n, cap);
}

void
spqr_vector_mul (float *x, const float *y, size_t n)
{
  PICK (mul, x, y, n);
}

void
spqr_vector_add (float *x, const float *y, size_t n)
{
  PICK (add, x, y, n);
}

void
spqr_vector_scale (float *x, float factor, size_t n)
{
  PICK (scale, x, factor, n);
}

float
spqr_vector_max (const float *x, size_t n)
{
  return PICK (max, x, n);
}

double
spqr_vector_sum (const float *x, size_t n)
{
  return PICK (sum, x, n);
}

double
spqr_vector_sum_squares (const float *x, double mean, size_t n)
{
  return PICK (sum_squares, x, (float) mean, n);
}

double
spqr_vector_exp_sum (float *x, float shift, size_t n)
{
  return PICK (exp_sum, x, shift, n);
}

double
spqr_vector_sum_exp (const float *x, float shift, size_t n)
{
  return PICK (sum_exp, x, shift, n);
}

double
spqr_vector_sum_exp_difference (const float *x, float shift, const float *y, size_t n)
{
  return PICK (sum_exp_difference, x, shift, y, n);
}

void
spqr_vector_normalize (float *y, const float *x, float mean, float factor, const float *weight,
                       const float *bias, size_t n)
{
  PICK (normalize, y, x, mean, factor, weight, bias, n);
}

void
spqr_vector_rotate (float *a, float *b, const float *cosine, const float *sine, size_t n)
{
  PICK (rotate, a, b, cosine, sine, n);
}
