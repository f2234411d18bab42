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

/* What rounding loses falls by four with each bit, and an outlier is what loses more than tau by itself:
 * so the share is one function of x = tau 4^(b - 3), measured on models of 3 to 135 million weights with
 * groups of 16 (at 3 bits and tau 0.2, 1.7 and 1.8 %; the paper's Table 1 has 1 % for 7 billion). Between
 * its points, the logarithms are joined by lines. */
double
spqr_params_usual_outliers (const SpqrParams *params)
{
  enum { POINTS = 8 };
  static const double first = 0.025;        /* x of the first point; it doubles from one to the next */
  static const double shares[POINTS] = { 0.2, 0.1, 0.04, 0.016, 0.003, 0.0003, 0.00006, 0.00003 };
  double tau = params->outlier_threshold, at;
  int i;

  if (params->method != SPQR_METHOD_SPQR || !(tau < 1e30))
    return 0;
  if (!(tau > 0))
    return shares[0];
  at = fmin (fmax (log2 (tau / first) + 2.0 * (params->wbits - 3), 0), POINTS - 1);
  i = at < POINTS - 1 ? (int) at : POINTS - 2;
  return shares[i] * pow (shares[i + 1] / shares[i], at - i);
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
