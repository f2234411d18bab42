/* spqr-presets.c: settings that papers and programs have made known. */
#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "quant/spqr-param-table.h"

/* SpQR with 3-bit statistics, as all of the published settings have it. */
#define SPQR(bits, beta1, beta2, tau, damping) \
  { .layer = { .method = SPQR_METHOD_SPQR, .wbits = (bits), .groupsize = (beta1), .perchannel = true, \
               .qq_scale_bits = 3, .qq_zero_bits = 3, .qq_groupsize = (beta2), .outlier_threshold = (tau), \
               .permutation_order = SPQR_ORDER_ACT_ORDER, .percdamp = (damping) }, \
    .nsamples = 128 }

/* Whole rows, 16-bit statistics, no outliers. */
#define PLAIN(how, bits, order, damping) \
  { .layer = { .method = (how), .wbits = (bits), .groupsize = 0, .perchannel = true, .qq_groupsize = 16, \
               .outlier_threshold = INFINITY, .permutation_order = (order), .percdamp = (damping) }, \
    .nsamples = 128 }

static const SpqrPreset presets[] = {
  {
    "near-lossless", N_("Near-lossless"),
    /* xgettext:no-c-format */
    N_("4-bit weights, groups of 16 × 16, 3-bit statistics, a low outlier threshold: within about 1 % of the original perplexity"),
    SPQR (4, 16, 16, 0.1, 1.0),
    N_("SpQR, Table 1: LLaMA-7B, WikiText2 5.73 at 4.63 bits (16 bit: 5.68)"),
  },
  {
    "readme", N_("SpQR README"),
    N_("The command line of the published repository's README: near-lossless with fewer outliers"),
    SPQR (4, 16, 16, 0.2, 1.0),
    "",
  },
  {
    "transformers", N_("3 bit, loads in transformers"),
    N_("3-bit weights, groups of 16 × 16, 3-bit statistics: the only SpQR form that Hugging Face transformers loads"),
    SPQR (3, 16, 16, 0.2, 1.0),
    N_("SpQR, Table 5: LLaMA-65B, WikiText2 3.728 at 3.625 bits without outliers (16 bit: 3.53)"),
  },
  {
    "below-4", N_("3 bit, groups of 8"),
    N_("3-bit weights in small groups of 8, 3-bit statistics shared by 64 rows: 3.875 bits and the outliers"),
    SPQR (3, 8, 64, 0.2, 1.0),
    N_("SpQR, Table 1: LLaMA-7B, WikiText2 5.87 at 3.94 bits (16 bit: 5.68)"),
  },
  {
    "gptq-4", N_("GPTQ, 4 bit"),
    N_("Whole rows, no outliers: the error-compensating baseline"),
    PLAIN (SPQR_METHOD_GPTQ, 4, SPQR_ORDER_ACT_ORDER, 0.01),
    N_("SpQR, Table 1: LLaMA-7B, WikiText2 6.13 at 4 bits (16 bit: 5.68)"),
  },
  {
    "rtn-4", N_("RTN, 4 bit"),
    N_("Plain rounding to 4 bits, whole rows, no calibration"),
    PLAIN (SPQR_METHOD_RTN, 4, SPQR_ORDER_IDENTITY, 0.01),
    N_("SpQR, Table 1: LLaMA-7B, WikiText2 6.43 at 4 bits (16 bit: 5.68)"),
  },
  {
    "rtn-2", N_("RTN, 2 bit"),
    N_("Plain rounding to 2 bits: what breaks, and where"),
    PLAIN (SPQR_METHOD_RTN, 2, SPQR_ORDER_IDENTITY, 0.01),
    "",
  },
};

const SpqrPreset *
spqr_presets (guint *n)
{
  if (n != NULL)
    *n = G_N_ELEMENTS (presets);
  return presets;
}

const SpqrPreset *
spqr_preset_lookup (const char *id)
{
  for (guint i = 0; i < G_N_ELEMENTS (presets); i++)
    if (g_strcmp0 (presets[i].id, id) == 0)
      return &presets[i];
  return NULL;
}

const SpqrPreset *
spqr_preset_find (const SpqrRunParams *params)
{
  for (guint i = 0; i < G_N_ELEMENTS (presets); i++)
    {
      SpqrRunParams candidate = presets[i].params;

      candidate.layer = params->layer;
      if (spqr_run_params_equal (&presets[i].params, &candidate))
        return &presets[i];
    }
  return NULL;
}
