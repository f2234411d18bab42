/* spqr-layer-decode.c: what a quantized layer means. Formulas: spqr-layer.h. */
#include "num/spqr-layer.h"

#include <stdlib.h>

#include "num/spqr-quantizer.h"

static size_t
group_columns (const SpqrLayer *layer)
{
  size_t g = layer->params.groupsize > 0 ? (size_t) layer->params.groupsize : layer->cols;

  return g < layer->cols ? g : layer->cols;
}

static void
decode_group (const SpqrLayer *layer, size_t row, size_t group, float *out)
{
  size_t g = group_columns (layer), first = group * g;
  size_t last = first + g < layer->cols ? first + g : layer->cols;
  float scale = layer->scale[group * layer->rows + row], zero = layer->zero[group * layer->rows + row];
  const uint8_t *codes = layer->codes + row * layer->cols;
  float table[256];
  int n_codes = 1 << layer->params.wbits;

  /* A group decodes to few different values: for all but the widest codes they are made once. */
  if ((size_t) n_codes > last - first)
    {
      for (size_t j = first; j < last; j++)
        out[layer->perm[j]] = layer->params.compat_reference
                                ? spqr_dequantize_value (codes[j], scale, zero)
                                : spqr_dequantize_f16 (codes[j], scale, zero);
      return;
    }
  for (int c = 0; c < n_codes; c++)
    table[c] = layer->params.compat_reference ? spqr_dequantize_value ((float) c, scale, zero)
                                              : spqr_dequantize_f16 ((float) c, scale, zero);
  for (size_t j = first; j < last; j++)
    out[layer->perm[j]] = table[codes[j]];
}

static void
decode_constant (const SpqrLayer *layer, const SpqrConstantGroup *constant, float *out)
{
  size_t g = group_columns (layer), first = constant->group * g;
  size_t last = first + g < layer->cols ? first + g : layer->cols;

  for (size_t j = first; j < last; j++)
    out[layer->perm[j]] = constant->value;
}

static void
decode_outliers (const SpqrLayer *layer, size_t row, float *out)
{
  for (uint32_t i = layer->outlier_offsets[row]; i < layer->outlier_offsets[row + 1]; i++)
    {
      float *w = &out[layer->perm[layer->outlier_cols[i]]];
      float value = layer->outlier_values[i];

      *w = layer->params.compat_reference ? value : spqr_f16_round (*w + value);
    }
}

/* First constant of a row not before `row`. */
static size_t
find_constant (const SpqrLayer *layer, size_t row)
{
  size_t low = 0, high = layer->n_constants;

  while (low < high)
    {
      size_t middle = low + (high - low) / 2;

      if (layer->constants[middle].row < row)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

void
spqr_layer_decode (const SpqrLayer *layer, size_t row0, size_t count, float *out)
{
  size_t constant = find_constant (layer, row0);

  for (size_t row = row0; row < row0 + count; row++, out += layer->cols)
    {
      for (size_t group = 0; group < layer->groups; group++)
        decode_group (layer, row, group, out);
      for (; constant < layer->n_constants && layer->constants[constant].row == row; constant++)
        decode_constant (layer, &layer->constants[constant], out);
      decode_outliers (layer, row, out);
    }
}
