/* layers.h: layers made by hand, holding any values that a layer can hold. */
#pragma once

#include <glib.h>
#include <math.h>
#include <stdlib.h>

#include "num/spqr-fp16.h"
#include "num/spqr-layer.h"
#include "num/spqr-quantizer.h"

static inline float
random_f16 (GRand *rand)
{
  guint16 bits = (guint16) g_rand_int (rand);

  return spqr_f16_to_f32 ((bits & 0x7c00) == 0x7c00 ? bits ^ 0x4000 : bits);
}

static inline void *
filled (gsize n, gsize size)
{
  void *memory = calloc (MAX (n, 1), size);

  g_assert_nonnull (memory);
  return memory;
}

static inline guint8 *
random_codes (GRand *rand, gsize n, int bits)
{
  guint8 *codes = filled (n, 1);

  for (gsize i = 0; i < n; i++)
    codes[i] = (guint8) (g_rand_int (rand) & ((1u << bits) - 1));
  return codes;
}

static inline float *
random_values (GRand *rand, gsize n, gboolean wide)
{
  float *values = filled (n, sizeof *values);

  for (gsize i = 0; i < n; i++)
    values[i] = wide ? (float) g_rand_double (rand) : random_f16 (rand);
  return values;
}

static inline float *
effective (const SpqrLayer *layer, const guint8 *codes, const float *scale, const float *zero)
{
  float *values = filled (layer->groups * layer->rows, sizeof *values);

  for (gsize g = 0; g < layer->groups; g++)
    for (gsize r = 0; r < layer->rows; r++)
      {
        gsize at = g * layer->rows + r, run = g * layer->runs + r / (gsize) layer->params.qq_groupsize;

        values[at] = layer->params.compat_reference ? spqr_dequantize_value (codes[at], scale[run], zero[run])
                                                    : spqr_dequantize_f16 (codes[at], scale[run], zero[run]);
      }
  return values;
}

static inline void
random_outliers (GRand *rand, SpqrLayer *layer)
{
  guint32 count = 0;

  layer->outlier_offsets = filled (layer->rows + 1, sizeof *layer->outlier_offsets);
  layer->outlier_cols = filled (layer->rows * layer->cols, sizeof *layer->outlier_cols);
  for (gsize r = 0; r < layer->rows; r++)
    {
      for (gsize j = 0; j < layer->cols; j++)
        if (g_rand_int_range (rand, 0, 9) == 0)
          layer->outlier_cols[count++] = (guint32) j;
      layer->outlier_offsets[r + 1] = count;
    }
  layer->outlier_values = random_values (rand, count, layer->params.compat_reference);
}

/* Any values whatever that a layer can hold: subnormals, negative zeros, wide constants, … */
static inline SpqrLayer
random_layer (GRand *rand, gsize m, gsize n, const SpqrParams *params)
{
  SpqrLayer layer = { .params = *params, .rows = m, .cols = n, .proxy_loss = g_rand_double (rand) * 1e-3,
                      .mse = NAN, .threshold = INFINITY, .percdamp_used = 1 };
  gsize g = params->groupsize > 0 ? MIN ((gsize) params->groupsize, n) : n;
  gboolean wide = params->compat_reference;

  layer.groups = (n + g - 1) / g;
  if (params->qq_scale_bits > 0 || params->qq_zero_bits > 0)
    layer.runs = (m + (gsize) params->qq_groupsize - 1) / (gsize) params->qq_groupsize;
  layer.codes = random_codes (rand, m * n, params->wbits);
  layer.perm = filled (n, sizeof *layer.perm);
  for (gsize j = 0; j < n; j++)
    {
      gsize k = (gsize) g_rand_int_range (rand, 0, (gint32) j + 1);

      layer.perm[j] = layer.perm[k];
      layer.perm[k] = (gint32) j;
    }
  if (params->qq_scale_bits > 0)
    {
      layer.scale_codes = random_codes (rand, layer.groups * m, params->qq_scale_bits);
      layer.scale_scale = random_values (rand, layer.groups * layer.runs, wide);
      layer.scale_zero = random_values (rand, layer.groups * layer.runs, wide);
      layer.scale = effective (&layer, layer.scale_codes, layer.scale_scale, layer.scale_zero);
    }
  else
    layer.scale = random_values (rand, layer.groups * m, wide);
  if (params->qq_zero_bits > 0)
    {
      layer.zero_codes = random_codes (rand, layer.groups * m, params->qq_zero_bits);
      layer.zero_scale = random_values (rand, layer.groups * layer.runs, wide);
      layer.zero_zero = random_values (rand, layer.groups * layer.runs, wide);
      layer.zero = effective (&layer, layer.zero_codes, layer.zero_scale, layer.zero_zero);
    }
  else
    layer.zero = random_values (rand, layer.groups * m, wide);
  random_outliers (rand, &layer);
  layer.constants = filled (m, sizeof *layer.constants);
  for (gsize r = 0; r < m; r += 2)
    layer.constants[layer.n_constants++] = (SpqrConstantGroup) { (guint32) r, (guint32) (r % layer.groups),
                                                                 r % 4 == 0 ? 0.1f : -0.0f };
  return layer;
}
