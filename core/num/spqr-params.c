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
