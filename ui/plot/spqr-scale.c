#include "plot/spqr-scale.h"

#include <float.h>
#include <glib.h>
#include <math.h>
#include <string.h>

enum { FIT_SAMPLES = 1 << 17 };

static double
symlog (double v, double c)
{
  return copysign (log1p (fabs (v) / c), v);
}

SpqrScale
spqr_scale_make (SpqrScaleKind kind, double lo, double hi)
{
  if (!isfinite (lo) || !isfinite (hi))
    {
      lo = kind == SPQR_SCALE_LOG ? 1e-6 : 0;
      hi = 1;
    }
  if (lo > hi)
    {
      double swap = lo;
      lo = hi;
      hi = swap;
    }
  if (kind == SPQR_SCALE_LOG)
    {
      hi = hi > 0 ? hi : 1;
      if (!(lo > 0))
        lo = hi * 1e-6;
      if (!(lo > 0)) /* hi is denormal */
        lo = hi;
    }
  double top = MAX (fabs (lo), fabs (hi));
  return (SpqrScale) { kind, lo, hi, top > 0 ? MAX (top * 1e-2, DBL_MIN) : 1 };
}

bool
spqr_scale_is_pathological (const SpqrScale *s)
{
  return !(s->hi > s->lo) || !isfinite (s->hi - s->lo);
}

double
spqr_scale_apply (const SpqrScale *s, double v)
{
  if (isnan (v))
    return v;
  if (spqr_scale_is_pathological (s))
    return 0.5;
  switch (s->kind)
    {
    case SPQR_SCALE_LOG:
      v = fabs (v);
      return v <= 0 ? 0 : MAX (0, log (v / s->lo) / log (s->hi / s->lo));
    case SPQR_SCALE_SYMLOG:
      {
        double a = symlog (s->lo, s->constant), b = symlog (s->hi, s->constant);
        return (symlog (v, s->constant) - a) / (b - a);
      }
    case SPQR_SCALE_LINEAR:
    case SPQR_N_SCALES:
    default:
      return (v - s->lo) / (s->hi - s->lo);
    }
}

double
spqr_scale_invert (const SpqrScale *s, double t)
{
  if (spqr_scale_is_pathological (s))
    return s->lo;
  switch (s->kind)
    {
    case SPQR_SCALE_LOG:
      return s->lo * pow (s->hi / s->lo, t);
    case SPQR_SCALE_SYMLOG:
      {
        double a = symlog (s->lo, s->constant), b = symlog (s->hi, s->constant);
        double y = a + (b - a) * t;
        return copysign (expm1 (fabs (y)) * s->constant, y);
      }
    case SPQR_SCALE_LINEAR:
    case SPQR_N_SCALES:
    default:
      return s->lo + (s->hi - s->lo) * t;
    }
}

static int
compare_floats (const void *a, const void *b)
{
  float x = *(const float *) a, y = *(const float *) b;
  return (x > y) - (x < y);
}

/* Gathers at most FIT_SAMPLES usable values and notes the true extremes. */
static size_t
gather (const float *values, size_t n, bool magnitude, float *sample, float *least, float *most)
{
  size_t stride = n / FIT_SAMPLES + 1, count = 0;
  /* A stride that shares no factor with a power of two walks over all columns of a matrix. */
  stride |= 1;
  *least = INFINITY;
  *most = -INFINITY;
  for (size_t i = 0; i < n; i++)
    {
      float v = magnitude ? fabsf (values[i]) : values[i];
      if (!isfinite (v) || (magnitude && v == 0))
        continue;
      *least = MIN (*least, v);
      *most = MAX (*most, v);
      if (i % stride == 0)
        sample[count++] = v;
    }
  return count;
}

SpqrScale
spqr_scale_fit (SpqrScaleKind kind, const float *values, size_t n, double clip, bool symmetrical)
{
  bool magnitude = kind == SPQR_SCALE_LOG;
  g_autofree float *sample = g_new (float, FIT_SAMPLES + 1);
  float least, most;
  size_t count = gather (values, n, magnitude, sample, &least, &most);
  if (!(least <= most))
    return spqr_scale_make (kind, magnitude ? 1e-6 : 0, 1);

  double lo = least, hi = most;
  clip = CLAMP (clip, 0, 0.49);
  if (clip > 0 && count > 2)
    {
      qsort (sample, count, sizeof *sample, compare_floats);
      size_t skip = (size_t) (clip * (double) (count - 1));
      lo = sample[skip];
      hi = sample[count - 1 - skip];
    }
  if (magnitude)
    lo = MAX (lo, hi * 1e-9);
  else if (symmetrical)
    {
      hi = MAX (fabs (lo), fabs (hi));
      lo = -hi;
    }
  return spqr_scale_make (kind, lo, hi);
}

/* log2 of a positive normal number, error below 1e-5: the exponent from the bits, the mantissa by a
 * polynomial that is right at 1 and 2 (so the joints are smooth). */
static inline float
fast_log2 (float v)
{
  uint32_t bits;
  memcpy (&bits, &v, sizeof bits);
  float exponent = (float) ((int32_t) (bits >> 23) - 127);
  bits = (bits & 0x007fffffu) | 0x3f800000u;
  float m;
  memcpy (&m, &bits, sizeof m);
  m -= 1.0f;
  /* log2(1+m) = m + m (1-m) q(m); q by least squares on [0, 1]. */
  float q = 0.4426224f + m * (-0.2762983f + m * (0.1836343f + m * (-0.0972073f + m * 0.0259534f)));
  return exponent + m + m * (1.0f - m) * q;
}

static inline uint16_t
to_index (float t, float v)
{
  t = t < 0 ? 0 : t > 1 ? 1 : t; /* NaN falls through to the test below */
  uint16_t i = (uint16_t) (int) (t * 255.0f + 0.5f);
  return v != v ? 256 : i;
}

static void
quantize_linear (double lo, double hi, const float *values, size_t n, uint16_t *out)
{
  float a = (float) lo, k = (float) (1 / (hi - lo));
  for (size_t i = 0; i < n; i++)
    {
      float v = values[i];
      float t = v == v ? (v - a) * k : 0;
      out[i] = to_index (t, v);
    }
}

static void
quantize_log (double lo, double hi, const float *values, size_t n, uint16_t *out)
{
  float base = (float) log2 (lo), k = (float) (1 / log2 (hi / lo));
  for (size_t i = 0; i < n; i++)
    {
      float v = values[i], a = fabsf (v);
      a = a > FLT_MIN ? a : FLT_MIN; /* NaN too */
      out[i] = to_index ((fast_log2 (a) - base) * k, v);
    }
}

static void
quantize_symlog (const SpqrScale *s, const float *values, size_t n, uint16_t *out)
{
  double a = symlog (s->lo, s->constant) / G_LN2, b = symlog (s->hi, s->constant) / G_LN2;
  float base = (float) a, k = (float) (1 / (b - a)), inverse = (float) (1 / s->constant);
  for (size_t i = 0; i < n; i++)
    {
      float v = values[i], x = 1.0f + fabsf (v) * inverse;
      x = x < FLT_MAX ? x : FLT_MAX; /* NaN and overflow */
      float y = fast_log2 (x);
      out[i] = to_index (((v < 0 ? -y : y) - base) * k, v);
    }
}

void
spqr_scale_quantize (const SpqrScale *s, const float *values, size_t n, uint16_t *out)
{
  if (spqr_scale_is_pathological (s) || (float) s->hi == (float) s->lo || !(s->hi - s->lo > FLT_MIN))
    {
      for (size_t i = 0; i < n; i++)
        out[i] = values[i] != values[i] ? 256 : 128;
      return;
    }
  switch (s->kind)
    {
    case SPQR_SCALE_LOG:
      quantize_log (s->lo, s->hi, values, n, out);
      break;
    case SPQR_SCALE_SYMLOG:
      quantize_symlog (s, values, n, out);
      break;
    case SPQR_SCALE_LINEAR:
    case SPQR_N_SCALES:
    default:
      quantize_linear (s->lo, s->hi, values, n, out);
      break;
    }
}
