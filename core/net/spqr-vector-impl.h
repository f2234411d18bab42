/* spqr-vector-impl.h: the functions of spqr-vector.h for one vector width; no include guard:
 * spqr-vector.c includes it once a width, after defining
 *   WIDTH        floats in a vector: 4, 8 or 16
 *   TARGET       the attribute that lets the compiler use that width
 *   NAME(name)   the name of a function in this variant
 *
 * e^x: n = round(x / ln 2), r = x - n ln 2 in two parts, e^r = 1 + r + r² q(r) with q a minimax
 * polynomial of degree 5 on |r| <= ln 2 / 2, then two exact scalings by powers of two.
 * erfc(z), z >= 0: e^(-z²) t p(t), t = 1 / (1 + z / 2), p fitted for relative error 1e-9. */

typedef float NAME (vf) __attribute__ ((vector_size (WIDTH * 4)));
typedef unsigned int NAME (vi) __attribute__ ((vector_size (WIDTH * 4)));
typedef float NAME (vu) __attribute__ ((vector_size (WIDTH * 4), aligned (4), may_alias));

#define VF NAME (vf)
#define VI NAME (vi)
#define VU NAME (vu)
#define PARTS (16 / WIDTH)      /* vectors that hold the 16 lanes of a sum */
#define SPLAT(value) ((VF) { 0 } + (value))

static inline TARGET VF
NAME (load) (const float *p)
{
  return *(const VU *) p;
}

static inline TARGET void
NAME (store) (float *p, VF v)
{
  *(VU *) p = v;
}

/* mask: all ones where a is taken. */
static inline TARGET VF
NAME (select) (VI mask, VF a, VF b)
{
  return (VF) (((VI) a & mask) | ((VI) b & ~mask));
}

/* The smaller (larger) of a bound and x; a NaN in x stays. */
static inline TARGET VF
NAME (at_most) (VF bound, VF x)
{
#if WIDTH == 16
  return (VF) _mm512_min_ps ((__m512) bound, (__m512) x);
#elif WIDTH == 8
  return (VF) _mm256_min_ps ((__m256) bound, (__m256) x);
#else
  return NAME (select) ((VI) (x > bound), bound, x);
#endif
}

static inline TARGET VF
NAME (at_least) (VF bound, VF x)
{
#if WIDTH == 16
  return (VF) _mm512_max_ps ((__m512) bound, (__m512) x);
#elif WIDTH == 8
  return (VF) _mm256_max_ps ((__m256) bound, (__m256) x);
#else
  return NAME (select) ((VI) (x < bound), bound, x);
#endif
}

/* x 2^n for whole n, rounded once: by one power of two where the processor has that, else by two, either
 * of which an f32 can hold. */
static inline TARGET VF
NAME (scale_by_power) (VF x, VF n, VI i)
{
#if WIDTH == 16
  return (VF) _mm512_scalef_ps ((__m512) x, (__m512) n);
#else
  VI half = (VI) ((__typeof__ (x > x)) i >> 1);  /* arithmetic shift: n may be negative */

  return x * (VF) ((half + 127u) << 23) * (VF) ((i - half + 127u) << 23);
#endif
}

static inline TARGET VF
NAME (abs) (VF x)
{
  return (VF) ((VI) x & 0x7fffffffu);
}

static inline TARGET VF
NAME (vexp) (VF x)
{
  VF magic = SPLAT (12582912.0f);       /* 1.5 · 2^23: adding it rounds to an integer */
  VF t, n, r, q;
  VI i;

  x = NAME (at_most) (SPLAT (89.0f), x);
  x = NAME (at_least) (SPLAT (-105.0f), x);
  t = x * 1.44269504f + magic;
  n = t - magic;
  i = (VI) t - (VI) magic;
  r = x - n * 0.693359375f;             /* exact: 10 bits of ln 2 */
  r = r + n * 2.12194440e-4f;
  q = SPLAT (0.00019790364f);
  q = q * r + 0.0013944686f;
  q = q * r + 0.0083334968f;
  q = q * r + 0.041666295f;
  q = q * r + 0.16666666f;
  q = q * r + 0.5f;
  q = q * (r * r) + r + 1.0f;
  return NAME (scale_by_power) (q, n, i);
}

static inline TARGET VF
NAME (vsigmoid) (VF x)
{
  return 1.0f / (1.0f + NAME (vexp) (-x));
}

static inline TARGET VF
NAME (vsilu) (VF x)
{
  return x * NAME (vsigmoid) (x);
}

/* Half the upper tail of the error function at z >= 0. */
static inline TARGET VF
NAME (vhalf_erfc) (VF z)
{
  VF t = 1.0f / (1.0f + 0.5f * z);
  VF p = SPLAT (-0.09989336311886843f);

  p = SPLAT (0.020936089707671048f) * t + p;
  p = p * t + 0.13477918012753934f;
  p = p * t + 0.09692469129059023f;
  p = p * t + -0.4098547911783175f;
  p = p * t + 0.29552006016879845f;
  p = p * t + -0.06300130465747021f;
  p = p * t + 0.22120144829372165f;
  p = p * t + 0.23832490998825226f;
  p = p * t + 0.2830112443286853f;
  p = p * t + 0.28205183616173407f;
  return 0.5f * NAME (vexp) (-z * z) * t * p;
}

static inline TARGET VF
NAME (vgelu) (VF x)
{
  VF tail = NAME (vhalf_erfc) (NAME (abs) (x) * 0.70710678f);

  return x * NAME (select) ((VI) (x < 0.0f), tail, 1.0f - tail);
}

/* 1 + tanh(u) = 2 sigmoid(2u), u = sqrt(2/π) (x + 0.044715 x³). */
static inline TARGET VF
NAME (vgelu_tanh) (VF x)
{
  return x * NAME (vsigmoid) (1.59576912f * (x + 0.044715f * (x * x * x)));
}

static inline TARGET VF
NAME (vrelu) (VF x)
{
  return NAME (select) ((VI) (x < 0.0f), SPLAT (0.0f), x);
}

/* tanh(u) = (1 - e) / (1 + e) with e = e^(-2|u|); a short odd series where that would cancel. */
static inline TARGET VF
NAME (vtanh) (VF u)
{
  VF a = NAME (abs) (u);
  VF e = NAME (vexp) (-2.0f * a);
  VF far = (1.0f - e) / (1.0f + e);
  VF s = a * a;
  VF near = a + a * s * (-0.333333333f + s * (0.133333333f + s * -0.0539682540f));
  VF y = NAME (select) ((VI) (a < 0.125f), near, far);

  return (VF) ((VI) y | ((VI) u & 0x80000000u));
}

/* Element-wise in place: the last, partial vector goes through a padded copy. */
#define EACH(expression)                                              \
  size_t i = 0;                                                       \
  for (; i + WIDTH <= n; i += WIDTH)                                  \
    {                                                                 \
      VF v = NAME (load) (x + i);                                     \
      NAME (store) (x + i, expression);                               \
    }                                                                 \
  if (i < n)                                                          \
    {                                                                 \
      float pad[WIDTH] = { 0 };                                       \
      VF v;                                                           \
      memcpy (pad, x + i, (n - i) * sizeof *pad);                     \
      v = NAME (load) (pad);                                          \
      NAME (store) (pad, expression);                                 \
      memcpy (x + i, pad, (n - i) * sizeof *pad);                     \
    }

static TARGET void
NAME (exp) (float *x, size_t n)
{
  EACH (NAME (vexp) (v))
}

static TARGET void
NAME (silu) (float *x, size_t n)
{
  EACH (NAME (vsilu) (v))
}

static TARGET void
NAME (gelu) (float *x, size_t n)
{
  EACH (NAME (vgelu) (v))
}

static TARGET void
NAME (gelu_tanh) (float *x, size_t n)
{
  EACH (NAME (vgelu_tanh) (v))
}

static TARGET void
NAME (relu) (float *x, size_t n)
{
  EACH (NAME (vrelu) (v))
}

static TARGET void
NAME (softcap) (float *x, size_t n, float cap)
{
  EACH (NAME (vtanh) (v / cap) * cap)
}

static TARGET void
NAME (scale) (float *x, float factor, size_t n)
{
  EACH (v * factor)
}

static TARGET void
NAME (mul) (float *x, const float *y, size_t n)
{
  size_t i = 0;

  for (; i + WIDTH <= n; i += WIDTH)
    NAME (store) (x + i, NAME (load) (x + i) * NAME (load) (y + i));
  for (; i < n; i++)
    x[i] *= y[i];
}

static TARGET void
NAME (add) (float *x, const float *y, size_t n)
{
  size_t i = 0;

  for (; i + WIDTH <= n; i += WIDTH)
    NAME (store) (x + i, NAME (load) (x + i) + NAME (load) (y + i));
  for (; i < n; i++)
    x[i] += y[i];
}

static TARGET void
NAME (normalize) (float *y, const float *x, float mean, float factor, const float *weight, const float *bias, size_t n)
{
  size_t i = 0;

  for (; i + WIDTH <= n; i += WIDTH)
    {
      VF v = (NAME (load) (x + i) - mean) * factor * NAME (load) (weight + i);

      NAME (store) (y + i, bias != NULL ? v + NAME (load) (bias + i) : v);
    }
  for (; i < n; i++)
    {
      float v = (x[i] - mean) * factor * weight[i];

      y[i] = bias != NULL ? v + bias[i] : v;
    }
}

static TARGET void
NAME (rotate) (float *a, float *b, const float *cosine, const float *sine, size_t n)
{
  size_t i = 0;

  for (; i + WIDTH <= n; i += WIDTH)
    {
      VF c = NAME (load) (cosine + i), s = NAME (load) (sine + i);
      VF u = NAME (load) (a + i), v = NAME (load) (b + i);

      NAME (store) (a + i, u * c - v * s);
      NAME (store) (b + i, v * c + u * s);
    }
  for (; i < n; i++)
    {
      float u = a[i], v = b[i];

      a[i] = u * cosine[i] - v * sine[i];
      b[i] = v * cosine[i] + u * sine[i];
    }
}

/* A sum over terms: 16 float lanes take CHUNK elements each 16th, then go into 16 double lanes; the
 * tail is padded with zeros, and terms past n are masked by `keep`. TERM uses i (vector offset). */
static inline TARGET void
NAME (flush) (double *total, VF *lanes)
{
  float values[16];

  for (int p = 0; p < PARTS; p++)
    {
      NAME (store) (values + p * WIDTH, lanes[p]);
      lanes[p] = SPLAT (0.0f);
    }
  for (int j = 0; j < 16; j++)
    total[j] += values[j];
}

static inline TARGET double
NAME (finish) (const double *total)
{
  double sum = 0;

  for (int j = 0; j < 16; j++)
    sum += total[j];
  return sum;
}

/* The body of a sum: ARRAYS of up to two inputs x and y; EXPRESSION in v (and w) is the term;
 * STORE keeps it in x. Every 64 elements the float lanes are emptied. */
#define SUM(x, y, STORE, EXPRESSION)                                                  \
  double total[16] = { 0 };                                                           \
  VF lanes[PARTS];                                                                    \
  size_t i = 0;                                                                       \
  for (int p = 0; p < PARTS; p++)                                                     \
    lanes[p] = SPLAT (0.0f);                                                          \
  for (; i + 16 <= n; i += 16)                                                        \
    {                                                                                 \
      for (int p = 0; p < PARTS; p++)                                                 \
        {                                                                             \
          VF v = NAME (load) (x + i + p * WIDTH), w = NAME (load) (y + i + p * WIDTH); \
          VF term = EXPRESSION;                                                       \
          (void) w;                                                                   \
          STORE (x + i + p * WIDTH, term);                                            \
          lanes[p] += term;                                                           \
        }                                                                             \
      if ((i & 48) == 48)                                                             \
        NAME (flush) (total, lanes);                                                  \
    }                                                                                 \
  NAME (flush) (total, lanes);                                                        \
  if (i < n)                                                                          \
    {                                                                                 \
      float pad_x[16] = { 0 }, pad_y[16] = { 0 };                                     \
      float terms[16];                                                                \
      memcpy (pad_x, x + i, (n - i) * sizeof *pad_x);                                 \
      memcpy (pad_y, y + i, (n - i) * sizeof *pad_y);                                 \
      for (int p = 0; p < PARTS; p++)                                                 \
        {                                                                             \
          VF v = NAME (load) (pad_x + p * WIDTH), w = NAME (load) (pad_y + p * WIDTH); \
          (void) w;                                                                   \
          NAME (store) (terms + p * WIDTH, EXPRESSION);                               \
        }                                                                             \
      for (size_t j = 0; i + j < n; j++)                                              \
        {                                                                             \
          total[j] += terms[j];                                                       \
          STORE##_ONE (x + i + j, terms[j]);                                          \
        }                                                                             \
    }                                                                                 \
  return NAME (finish) (total);

#define DROP(p, term)
#define DROP_ONE(p, term)
#define KEEP(p, term) NAME (store) (p, term)
#define KEEP_ONE(p, term) *(p) = (term)

static TARGET double
NAME (sum) (const float *x, size_t n)
{
  SUM (x, x, DROP, v)
}

static TARGET double
NAME (sum_squares) (const float *x, float mean, size_t n)
{
  SUM (x, x, DROP, (v - mean) * (v - mean))
}

static TARGET double
NAME (exp_sum) (float *x, float shift, size_t n)
{
  SUM (x, x, KEEP, NAME (vexp) (v - shift))
}

static TARGET double
NAME (sum_exp) (const float *x, float shift, size_t n)
{
  SUM (x, x, DROP, NAME (vexp) (v - shift))
}

static TARGET double
NAME (sum_exp_difference) (const float *x, float shift, const float *y, size_t n)
{
  SUM (x, y, DROP, NAME (vexp) (v - shift) * (v - w))
}

static TARGET float
NAME (max) (const float *x, size_t n)
{
  VF most[4];
  float lanes[WIDTH], result = -INFINITY;
  size_t i = 0;

  for (int k = 0; k < 4; k++)
    most[k] = SPLAT (-INFINITY);
  for (; i + 4 * WIDTH <= n; i += 4 * WIDTH)
    for (int k = 0; k < 4; k++)
      most[k] = NAME (at_least) (NAME (load) (x + i + k * WIDTH), most[k]);
  for (; i + WIDTH <= n; i += WIDTH)
    most[0] = NAME (at_least) (NAME (load) (x + i), most[0]);
  most[0] = NAME (at_least) (NAME (at_least) (most[0], most[1]), NAME (at_least) (most[2], most[3]));
  NAME (store) (lanes, most[0]);
  for (int j = 0; j < WIDTH; j++)
    result = lanes[j] > result ? lanes[j] : result;
  for (; i < n; i++)
    result = x[i] > result ? x[i] : result;
  return result;
}

#undef VF
#undef VI
#undef VU
#undef PARTS
#undef SPLAT
#undef EACH
#undef SUM
#undef DROP
#undef DROP_ONE
#undef KEEP
#undef KEEP_ONE
