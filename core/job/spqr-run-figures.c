#include "job/spqr-run-figures.h"

#include <math.h>

#include "pack/spqr-pack.h"
#include "quant/spqr-param-table.h"

void
spqr_run_set_recipe (SpqrRun *run, SpqrRecipe *recipe)
{
  const SpqrRunParams *params = spqr_recipe_get_defaults (recipe);

  run->params_json = spqr_recipe_to_json (recipe);
  run->seed = params->seed;
  run->method = spqr_param_get_text (spqr_param_lookup ("method"), params);
  run->permutation_order = spqr_param_get_text (spqr_param_lookup ("permutation_order"), params);
  run->wbits = params->layer.wbits;
  run->groupsize = params->layer.groupsize;
  run->qq_scale_bits = params->layer.qq_scale_bits;
  run->qq_zero_bits = params->layer.qq_zero_bits;
  run->qq_groupsize = params->layer.qq_groupsize;
  run->outlier_threshold = params->layer.outlier_threshold;
  run->percdamp = params->layer.percdamp;
}

void
spqr_run_layer_fill (SpqrRunLayer *row, const SpqrLayer *layer)
{
  SpqrPackBits bits;

  spqr_pack_count_bits (layer, &bits);
  row->rows = layer->rows;
  row->cols = layer->cols;
  row->n_outliers = spqr_layer_outliers (layer);
  row->outlier_share = (double) row->n_outliers / ((double) layer->rows * layer->cols);
  row->bits = spqr_params_formula_bits (&layer->params, layer->rows, layer->cols, row->outlier_share);
  row->bits_stored = spqr_pack_bits_per_weight (&bits, layer->rows, layer->cols);
  row->proxy_loss = layer->proxy_loss;
  row->output_error = sqrt (layer->proxy_loss);
  row->mse = layer->mse;
  row->percdamp_used = layer->percdamp_used;
}

void
spqr_run_sum_up (SpqrRun *run, GPtrArray *layers)
{
  double weights = 0, bits = 0, stored = 0, outliers = 0, loss = 0;

  for (guint i = 0; i < layers->len; i++)
    {
      const SpqrRunLayer *layer = layers->pdata[i];
      double size = (double) layer->rows * layer->cols;

      weights += size;
      bits += layer->bits * size;
      stored += layer->bits_stored * size;
      outliers += layer->n_outliers;
      loss += layer->proxy_loss;
    }
  run->n_layers_done = layers->len;
  if (layers->len == 0)
    return;
  run->bits_formula = bits / weights;
  run->bits_stored = stored / weights;
  run->outlier_share = outliers / weights;
  run->mean_proxy_loss = loss / layers->len;
}
