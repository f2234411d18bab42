/* spqr-rotary.c: angle(p, i) = p · f_i, f_i = theta^(-2i/d) for i < d/2, d the rotating dimensions.
 *
 * linear:  f_i / factor
 * dynamic: beyond the original context C, theta · (factor · length / C - (factor - 1))^(d / (d - 2))
 * llama3:  wavelengths w = 2π / f_i above C / low are stretched by factor, those below C / high stay,
 *          between them both are blended by (C / w - low) / (high - low).
 * Everything in f64, rounded to f32 at the end. */
#include "net/spqr-rotary.h"

#include <math.h>

#include "num/spqr-fp16.h"

struct _SpqrRotary {
  SpqrConfig config;      /* numbers alone; its strings are not touched */
  GMutex lock;
  SpqrRotaryTable *table;
  gsize table_for;        /* dynamic scaling: the sequence length it was made for */
};

SpqrRotary *
spqr_rotary_new (const SpqrConfig *config)
{
  SpqrRotary *self = g_new0 (SpqrRotary, 1);

  self->config = *config;
  g_mutex_init (&self->lock);
  return self;
}

static void
table_clear (gpointer data)
{
  SpqrRotaryTable *table = data;

  g_free (table->cosine);
  g_free (table->sine);
}

void
spqr_rotary_table_unref (SpqrRotaryTable *table)
{
  if (table != NULL)
    g_atomic_rc_box_release_full (table, table_clear);
}

void
spqr_rotary_free (SpqrRotary *self)
{
  if (self == NULL)
    return;
  spqr_rotary_table_unref (self->table);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static double
original_context (const SpqrConfig *config)
{
  return config->rope_original_context > 0 ? config->rope_original_context : config->context;
}

static double
llama3_frequency (const SpqrConfig *config, double frequency)
{
  double context = original_context (config);
  double wavelength = 2 * G_PI / frequency;
  double blend;

  if (wavelength < context / config->rope_high)
    return frequency;
  if (wavelength > context / config->rope_low)
    return frequency / config->rope_factor;
  blend = (context / wavelength - config->rope_low) / (config->rope_high - config->rope_low);
  return (1 - blend) * frequency / config->rope_factor + blend * frequency;
}

static double
rotary_frequency (const SpqrConfig *config, gsize i, gsize length)
{
  double dim = config->rotary_dim;
  double theta = config->rope_theta;
  double factor = config->rope_factor;
  double context = original_context (config);
  double frequency;

  if (config->rope_scaling == SPQR_ROPE_DYNAMIC && length > context && dim > 2)
    theta *= pow (factor * length / context - (factor - 1), dim / (dim - 2));
  frequency = pow (theta, -2.0 * i / dim);
  if (config->rope_scaling == SPQR_ROPE_LINEAR)
    return frequency / factor;
  if (config->rope_scaling == SPQR_ROPE_LLAMA3)
    return llama3_frequency (config, frequency);
  return frequency;
}

static SpqrRotaryTable *
table_new (const SpqrConfig *config, gsize rows, gsize length)
{
  SpqrRotaryTable *table;
  gsize half = config->rotary_dim / 2;
  gsize n;

  if (!g_size_checked_mul (&n, rows, half) || n > G_MAXSIZE / sizeof (float))
    return NULL;
  table = g_atomic_rc_box_new0 (SpqrRotaryTable);
  *table = (SpqrRotaryTable) { rows, half, g_try_new (float, n), g_try_new (float, n) };
  if (n > 0 && (table->cosine == NULL || table->sine == NULL))
    {
      spqr_rotary_table_unref (table);
      return NULL;
    }
  for (gsize i = 0; i < half; i++)
    {
      double frequency = rotary_frequency (config, i, length);

      for (gsize p = 0; p < rows; p++)
        {
          table->cosine[p * half + i] = (float) cos (p * frequency);
          table->sine[p * half + i] = (float) sin (p * frequency);
        }
    }
  return table;
}

SpqrRotaryTable *
spqr_rotary_get_table (SpqrRotary *self, gsize length)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gboolean stretched = self->config.rope_scaling == SPQR_ROPE_DYNAMIC && length > original_context (&self->config);
  gsize made_for = stretched ? length : 0;

  if (self->table == NULL || self->table->length < length || self->table_for != made_for)
    {
      /* Room to grow, so that generating text does not make a table a token. */
      gsize rows = stretched ? length : MAX (length, 256);
      SpqrRotaryTable *table;

      if (!stretched && self->table != NULL && self->table_for == 0)
        rows = MAX (rows, self->table->length * 2);
      table = table_new (&self->config, rows, made_for);
      if (table == NULL)
        return NULL;
      spqr_rotary_table_unref (self->table);
      self->table = table;
      self->table_for = made_for;
    }
  return g_atomic_rc_box_acquire (self->table);
}

void
spqr_alibi_slopes (guint heads, float *slopes)
{
  guint power = 1;

  while (power * 2 <= heads)
    power *= 2;
  for (guint h = 0; h < heads; h++)
    {
      /* The heads past the largest power of two take every other slope of twice that many heads. */
      guint of = h < power ? power : 2 * power;
      guint nth = h < power ? h + 1 : 2 * (h - power) + 1;

      slopes[h] = (float) exp2 (-8.0 * nth / of);
    }
}

float
spqr_alibi_bias (float slope, gsize j)
{
  float a = spqr_bf16_to_f32 (spqr_f32_to_bf16 (slope));
  float b = spqr_bf16_to_f32 (spqr_f32_to_bf16 ((float) j));

  return spqr_bf16_to_f32 (spqr_f32_to_bf16 (a * b));
}
