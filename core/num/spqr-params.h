/* spqr-params.h: the parameters of one layer's quantization as numbers. Names, ranges, help texts
 * and JSON live in core/quant's table; this is what the arithmetic sees.
 *
 * The paper's beta1 is groupsize (weights of one row that share a scale and a zero), its beta2 is
 * qq_groupsize (rows whose statistics are quantized together), its tau is outlier_threshold. */
#pragma once

#include <stdbool.h>

typedef enum { SPQR_METHOD_SPQR, SPQR_METHOD_GPTQ, SPQR_METHOD_RTN } SpqrMethod;
typedef enum { SPQR_ORDER_IDENTITY, SPQR_ORDER_ACT_ORDER, SPQR_ORDER_SPEARMAN } SpqrOrder;

typedef struct {
  SpqrMethod method;        /* GPTQ: no outliers, no second order. RTN: no Hessian either */
  int wbits;                /* 1 … 8 */
  int groupsize;            /* inputs; 0: the whole row is one group */
  bool perchannel;          /* false: one scale and zero for all rows of a group */
  bool sym;                 /* zero fixed at 2^(wbits-1) */
  bool round_zero;
  int qq_scale_bits;        /* 1 … 8; 0: scales stay 16 bit */
  int qq_zero_bits;         /* 1 … 8; 0: zeros stay 16 bit */
  bool qq_zero_sym;
  int qq_groupsize;         /* rows; the last run may be shorter */
  double outlier_threshold; /* relative tau; INFINITY: no outliers. Fewer outliers as it rises */
  bool simplified_outliers; /* skip leave-one-out */
  SpqrOrder permutation_order;
  double percdamp;          /* share of the mean of diag H that is added to it */
  bool compat_reference;    /* published code's arithmetic: f32 statistics, its treatment of
                             * constant groups and of identical scales (defects 1, 8, 10, 11, 13) */
} SpqrParams;

/* wbits 16, i.e. nothing chosen yet, is never a default: 3 bit, 16 x 16, 3-bit statistics,
 * tau 0.2, act_order, percdamp 1 as in the SpQR README. */
extern const SpqrParams spqr_params_default;

/* Average bits per weight by the paper's Eq. 4 as the published code computes it (unrounded):
 * wbits + statistics + 32 x outlier share. `cols` stands in for groupsize 0.  */
double spqr_params_formula_bits (const SpqrParams *params, int rows, int cols, double outlier_share);
/* The share of outliers that layers of language models usually come to with these parameters: 0 where
 * none are kept. An assumption, for forecasts: the weights and the text decide. */
double spqr_params_usual_outliers (const SpqrParams *params);
/* What every forecast says: the formula at that share. */
double spqr_params_forecast_bits (const SpqrParams *params, int rows, int cols);
