/* spqr-cuda-layer-memory.cu: a quantized layer's host memory; malloc()ed, as core/num frees it. */
#include <stdlib.h>
#include <string.h>

#include "spqr-cuda-ops.h"

size_t
spqr_cuda_group_columns (const SpqrParams *params, size_t n)
{
  return params->groupsize > 0 && (size_t) params->groupsize < n ? (size_t) params->groupsize : n;
}

template <typename T>
static T *
host_array (size_t count, bool *ok)
{
  T *array = (T *) calloc (count != 0 ? count : 1, sizeof (T));

  *ok = *ok && array != NULL;
  return array;
}

SpqrStatus
spqr_cuda_layer_allocate (SpqrLayer *layer, const SpqrParams *params, size_t rows, size_t n, const SpqrFactor *factor)
{
  bool scales = params->qq_scale_bits > 0, zeros = params->qq_zero_bits > 0, ok = true;
  size_t q = (size_t) params->qq_groupsize, g = spqr_cuda_group_columns (params, n), stats, second;

  layer->params = *params;
  layer->rows = rows;
  layer->cols = n;
  layer->groups = (n + g - 1) / g;
  layer->runs = scales || zeros ? (rows + q - 1) / q : 0;
  stats = layer->groups * layer->rows;
  second = layer->groups * layer->runs;
  layer->perm = host_array<int32_t> (n, &ok);
  layer->codes = host_array<uint8_t> (rows * n, &ok);
  layer->scale = host_array<float> (stats, &ok);
  layer->zero = host_array<float> (stats, &ok);
  layer->outlier_offsets = host_array<uint32_t> (rows + 1, &ok);
  layer->outlier_cols = host_array<uint32_t> (1, &ok);
  layer->outlier_values = host_array<float> (1, &ok);
  if (scales)
    {
      layer->scale_codes = host_array<uint8_t> (stats, &ok);
      layer->scale_scale = host_array<float> (second, &ok);
      layer->scale_zero = host_array<float> (second, &ok);
    }
  if (zeros)
    {
      layer->zero_codes = host_array<uint8_t> (stats, &ok);
      layer->zero_scale = host_array<float> (second, &ok);
      layer->zero_zero = host_array<float> (second, &ok);
    }
  for (size_t j = 0; j < n && ok; j++)
    layer->perm[j] = factor != NULL ? factor->perm[j] : (int32_t) j;
  return ok ? SPQR_OK : SPQR_NO_MEMORY;
}

void
spqr_cuda_layer_free (SpqrLayer *layer)
{
  free (layer->perm);
  free (layer->codes);
  free (layer->scale_codes);
  free (layer->zero_codes);
  free (layer->scale_scale);
  free (layer->scale_zero);
  free (layer->zero_scale);
  free (layer->zero_zero);
  free (layer->scale);
  free (layer->zero);
  free (layer->outlier_offsets);
  free (layer->outlier_cols);
  free (layer->outlier_values);
  free (layer->constants);
  memset (layer, 0, sizeof *layer);
}
