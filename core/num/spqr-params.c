/* spqr-params.c: default parameters, and the paper's average bits (Eq. 4):
 *
 *     b + (bs + bz) / g + 64 / (g q) + 32 r        b, bs, bz bits of weights, scales, zeros;
 *     round_zero: b + (bs + b) / g + 32 / (g q) + 32 r      g, q group sizes; r outlier share */
#include "num/spqr-params.h"
#include "num/spqr-params-private.h"

#include <math.h>

const SpqrParams spqr_params_default = {
  .method = SPQR_METHOD_SPQR,
  .wbits = 3,
  .groupsize = 16,
  .perchannel = true,
  .qq_scale_bits = 3,
  .qq_zero_bits = 3,
  .qq_groupsize = 16,
  .outlier_threshold = 0.2,
  .permutation_order = SPQR_ORDER_ACT_ORDER,
  .percdamp = 1.0,
};

double
spqr_params_formula_bits (const SpqrParams *params, int rows, int cols, double outlier_share)
{
  double wbits = params->wbits;
  double scale_bits = params->qq_scale_bits > 0 ? params->qq_scale_bits : 16;
  double zero_bits = params->qq_zero_bits > 0 ? params->qq_zero_bits : 16;
  double g = params->groupsize > 0 ? params->groupsize : cols;
  double q = params->qq_groupsize > 0 ? params->qq_groupsize : INFINITY;

  if (params->method == SPQR_METHOD_GPTQ)
    {
      scale_bits = zero_bits = 16;
      outlier_share = 0;
    }
  if (params->method == SPQR_METHOD_RTN)
    outlier_share = 0;
  if (params->method != SPQR_METHOD_SPQR && scale_bits == 16 && zero_bits == 16)
    q = INFINITY;
  if (!(g > 0))
    return wbits;
  if (params->round_zero)
    return wbits + (scale_bits + wbits) / g + 32 / (g * q) + 32 * outlier_share;
  return wbits + (scale_bits + zero_bits) / g + 64 / (g * q) + 32 * outlier_share;
}

/* At tau 0.2, groups of 16 to 128, measured on models of 0.1 to 7 billion weights. What a weight loses
 * falls by four with each bit, what counts as an outlier is measured by the mean of that, and few
 * weights stand that far out; the share falls about as tau rises. */
double
spqr_params_usual_outliers (const SpqrParams *params)
{
  static const double at_bits[] = { 0, 0.15, 0.05, 0.015, 0.002, 0.0005, 0.0002, 0.0001, 0.0001 };
  int wbits = params->wbits < 1 ? 1 : params->wbits > 8 ? 8 : params->wbits;
  double tau = params->outlier_threshold;

  if (params->method != SPQR_METHOD_SPQR || !(tau < 1e30))
    return 0;
  return fmin (at_bits[wbits] * 0.2 / fmax (tau, 0.02), 0.25);
}

double
spqr_params_forecast_bits (const SpqrParams *params, int rows, int cols)
{
  return spqr_params_formula_bits (params, rows, cols, spqr_params_usual_outliers (params));
}

static bool
bits_valid (int bits)
{
  return bits >= 0 && bits <= 8;
}

SpqrStatus
spqr_params_normalize (const SpqrParams *params, SpqrParams *normal)
{
  *normal = *params;
  if (params->method == SPQR_METHOD_GPTQ)
    normal->qq_scale_bits = normal->qq_zero_bits = 0;
  if (params->method != SPQR_METHOD_SPQR)
    normal->outlier_threshold = INFINITY;
  if (params->method == SPQR_METHOD_RTN)
    normal->permutation_order = SPQR_ORDER_IDENTITY;

  if (normal->wbits < 1 || normal->wbits > 8 || normal->groupsize < 0 ||
      !bits_valid (normal->qq_scale_bits) || !bits_valid (normal->qq_zero_bits) ||
      !(normal->outlier_threshold >= 0) || !(normal->percdamp >= 0) || isinf (normal->percdamp))
    return SPQR_INVALID;
  if ((normal->qq_scale_bits > 0 || normal->qq_zero_bits > 0) && normal->qq_groupsize < 1)
    return SPQR_INVALID;
  if (normal->sym && normal->qq_zero_bits > 0 && !normal->compat_reference)
    return SPQR_INVALID;        /* sym has one fixed zero: there is nothing to quantize (defect 10) */
  if (normal->round_zero && normal->qq_zero_bits >= normal->wbits)
    normal->qq_zero_bits = 0;   /* a rounded zero of at most so many bits is already an integer code */
  return SPQR_OK;
}
