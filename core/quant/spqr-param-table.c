/* spqr-param-table.c: the table. A parameter that is not here does not exist anywhere. */
#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "quant/spqr-param-private.h"

/* The layer's part is spqr_params_default of core/num; a test holds them together. */
const SpqrRunParams spqr_run_params_default = {
  .layer = {
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
  },
  .nsamples = 128,
};

static const char *const methods[] = { "spqr", "gptq", "rtn", NULL };                    /* SpqrMethod */
static const char *const orders[] = { "identity", "act_order", "spearman", NULL };       /* SpqrOrder */
static const char *const compats[] = { "none", "reference", NULL };                      /* compat_reference */

#define LAYER(field) G_STRUCT_OFFSET (SpqrRunParams, layer.field), .size = sizeof ((SpqrRunParams *) NULL)->layer.field
#define RUN(field) G_STRUCT_OFFSET (SpqrRunParams, field), .size = sizeof ((SpqrRunParams *) NULL)->field

#define EQ_4 "b = b_w + (b_s + b_z) / β1 + 64 / (β1 β2) + 32 r_o"

static const SpqrParamInfo table[] = {
  {
    .key = "method", .title = N_("Method"), .kind = SPQR_PARAM_CHOICE, .group = SPQR_PARAM_GROUP_WEIGHTS,
    .offset = LAYER (method), .choices = methods, .unit = "", .layer_level = TRUE,
    .help = N_("How weights are rounded: spqr, gptq (no outliers, 16-bit statistics) or rtn (plain rounding, no calibration)"),
    .direction = N_("From spqr to gptq to rtn: simpler and faster, more error"),
    .formula = "", .special = "",
  },
  {
    .key = "wbits", .title = N_("Weight bits"), .kind = SPQR_PARAM_INT, .group = SPQR_PARAM_GROUP_WEIGHTS,
    .offset = LAYER (wbits), .minimum = 1, .maximum = 8, .step = 1, .unit = N_("bits"), .layer_level = TRUE,
    .help = N_("Bits of each weight's code"),
    .direction = N_("More bits, less error: one bit more costs one bit a weight and about halves the step"),
    .formula = EQ_4 "; b_w = wbits", .special = "",
  },
  {
    .key = "groupsize", .title = N_("Group size"), .kind = SPQR_PARAM_INT, .group = SPQR_PARAM_GROUP_WEIGHTS,
    .offset = LAYER (groupsize), .minimum = 0, .maximum = 1 << 20, .step = 8, .unit = N_("weights"), .layer_level = TRUE,
    .help = N_("Weights of one row that share a scale and a zero (the paper's β1)"),
    .direction = N_("Fewer bits for statistics, more error"),
    .formula = EQ_4 "; β1 = groupsize", .special = N_("0 or none: the whole row is one group"),
  },
  {
    .key = "perchannel", .title = N_("Statistics per row"), .kind = SPQR_PARAM_BOOL, .group = SPQR_PARAM_GROUP_WEIGHTS,
    .offset = LAYER (perchannel), .maximum = 1, .step = 1, .unit = "", .layer_level = TRUE,
    .help = N_("Each row has its own scale and zero; off: all rows of a group share one"),
    .direction = N_("On: less error; one sensitive column no longer spoils every row"),
    .formula = "", .special = "",
  },
  {
    .key = "sym", .title = N_("Symmetric"), .kind = SPQR_PARAM_BOOL, .group = SPQR_PARAM_GROUP_WEIGHTS,
    .offset = LAYER (sym), .maximum = 1, .step = 1, .unit = "", .layer_level = TRUE,
    .help = N_("The range is symmetric about 0 and the zero is fixed in the middle of the codes"),
    .direction = N_("On: no zeros to store, more error where weights lie to one side"),
    .formula = "z = 2^(b_w - 1)", .special = "",
  },
  {
    .key = "round_zero", .title = N_("Round zeros"), .kind = SPQR_PARAM_BOOL, .group = SPQR_PARAM_GROUP_STATISTICS,
    .offset = LAYER (round_zero), .maximum = 1, .step = 1, .unit = "", .layer_level = TRUE,
    .help = N_("Zeros are rounded to whole codes, so that the weight 0 is met exactly"),
    .direction = N_("On: zeros cost weight bits instead of their own, slightly more error"),
    .formula = "b = b_w + (b_s + b_w) / β1 + 32 / (β1 β2) + 32 r_o", .special = "",
  },
  {
    .key = "qq_scale_bits", .title = N_("Scale bits"), .kind = SPQR_PARAM_INT, .group = SPQR_PARAM_GROUP_STATISTICS,
    .offset = LAYER (qq_scale_bits), .minimum = 0, .maximum = 8, .step = 1, .unit = N_("bits"), .layer_level = TRUE,
    .help = N_("Bits of each group's scale, which is itself quantized"),
    .direction = N_("More bits, less error; 1 / groupsize bits a weight for each"),
    .formula = EQ_4 "; b_s = qq_scale_bits", .special = N_("0 or none: scales stay 16-bit numbers"),
  },
  {
    .key = "qq_zero_bits", .title = N_("Zero bits"), .kind = SPQR_PARAM_INT, .group = SPQR_PARAM_GROUP_STATISTICS,
    .offset = LAYER (qq_zero_bits), .minimum = 0, .maximum = 8, .step = 1, .unit = N_("bits"), .layer_level = TRUE,
    .help = N_("Bits of each group's zero, which is itself quantized"),
    .direction = N_("More bits, less error; 1 / groupsize bits a weight for each"),
    .formula = EQ_4 "; b_z = qq_zero_bits", .special = N_("0 or none: zeros stay 16-bit numbers"),
  },
  {
    .key = "qq_zero_sym", .title = N_("Symmetric zero statistics"), .kind = SPQR_PARAM_BOOL,
    .group = SPQR_PARAM_GROUP_STATISTICS, .offset = LAYER (qq_zero_sym), .maximum = 1, .step = 1, .unit = "",
    .layer_level = TRUE,
    .help = N_("The zeros of a statistics group are quantized in a range symmetric about 0"),
    .direction = N_("On: usually more error in the zeros"),
    .formula = "", .special = "",
  },
  {
    .key = "qq_groupsize", .title = N_("Statistics group size"), .kind = SPQR_PARAM_INT,
    .group = SPQR_PARAM_GROUP_STATISTICS, .offset = LAYER (qq_groupsize), .minimum = 1, .maximum = 1 << 20, .step = 8,
    .unit = N_("rows"), .layer_level = TRUE,
    .help = N_("Rows whose scales and zeros are quantized together (the paper's β2)"),
    .direction = N_("Fewer bits for the second order, slightly more error"),
    .formula = EQ_4 "; β2 = qq_groupsize", .special = "",
  },
  {
    .key = "outlier_threshold", .title = N_("Outlier threshold τ"), .kind = SPQR_PARAM_DOUBLE,
    .group = SPQR_PARAM_GROUP_OUTLIERS, .offset = LAYER (outlier_threshold), .minimum = 0, .maximum = INFINITY,
    .step = 0.05, .unit = "", .layer_level = TRUE,
    .help = N_("Weights whose sensitivity is above τ times the layer's mean variance are kept in 16 bits; 0.1 … 0.45 is usual"),
    .direction = N_("Fewer outliers as it rises: fewer bits, more error"),
    .formula = "((w - ŵ) / U_jj)² > τ mean_j (var (W_:j) / U_jj²); 32 bits each: 32 r_o",
    .special = N_("inf or none: no outliers"),
  },
  {
    .key = "simplified_outliers", .title = N_("Simplified outliers"), .kind = SPQR_PARAM_BOOL,
    .group = SPQR_PARAM_GROUP_OUTLIERS, .offset = LAYER (simplified_outliers), .maximum = 1, .step = 1, .unit = "",
    .layer_level = TRUE,
    .help = N_("Skip the leave-one-out search: groups are fitted with their outliers still in them"),
    .direction = N_("On: faster, more error in groups that hold outliers"),
    .formula = "", .special = "",
  },
  {
    .key = "permutation_order", .title = N_("Column order"), .kind = SPQR_PARAM_CHOICE, .group = SPQR_PARAM_GROUP_ORDER,
    .offset = LAYER (permutation_order), .choices = orders, .unit = "", .layer_level = TRUE,
    .help = N_("The order in which columns are quantized: identity, act_order (most active inputs first) or spearman (alike columns together)"),
    .direction = N_("act_order usually has the least error; other orders than identity store a permutation"),
    .formula = "act_order: diag H descending", .special = "",
  },
  {
    .key = "percdamp", .title = N_("Damping"), .kind = SPQR_PARAM_DOUBLE, .group = SPQR_PARAM_GROUP_ORDER,
    .offset = LAYER (percdamp), .minimum = 0, .maximum = 1000, .step = 0.01, .unit = "", .layer_level = TRUE,
    .help = N_("Share of the Hessian's mean diagonal that is added to its diagonal"),
    .direction = N_("Steadier, less error carried from column to column; too little fails on dead or alike inputs"),
    .formula = "H + percdamp mean (diag H) I", .special = "",
  },
  {
    .key = "compat", .title = N_("Compatibility"), .kind = SPQR_PARAM_CHOICE, .group = SPQR_PARAM_GROUP_ORDER,
    .offset = LAYER (compat_reference), .choices = compats, .unit = "", .layer_level = TRUE,
    .help = N_("reference: compute as the published code does, with its rounding errors, to compare with published numbers"),
    .direction = N_("reference: figures as published, but what is stored decodes to more error"),
    .formula = "", .special = "",
  },
  {
    .key = "nsamples", .title = N_("Calibration windows"), .kind = SPQR_PARAM_INT, .group = SPQR_PARAM_GROUP_CALIBRATION,
    .offset = RUN (nsamples), .minimum = 1, .maximum = 1 << 20, .step = 16, .unit = N_("windows"),
    .help = N_("Windows of text that the Hessians are made from"),
    .direction = N_("Better Hessians, more time and memory; little is gained beyond 128 windows of 2048 tokens"),
    .formula = "H = (2/N) Σ x xᵀ, N = nsamples", .special = "",
  },
  {
    .key = "seqlen", .title = N_("Window length"), .kind = SPQR_PARAM_INT, .group = SPQR_PARAM_GROUP_CALIBRATION,
    .offset = RUN (seqlen), .minimum = 0, .maximum = 1 << 20, .step = 128, .unit = N_("tokens"),
    .help = N_("Tokens in a window of calibration and evaluation"),
    .direction = N_("Longer: more time and memory; perplexities of different lengths cannot be compared"),
    .formula = "", .special = N_("0 or auto: the smaller of 2048 and the model's context"),
  },
  {
    .key = "seed", .title = N_("Seed"), .kind = SPQR_PARAM_INT, .group = SPQR_PARAM_GROUP_CALIBRATION,
    .offset = RUN (seed), .minimum = 0, .maximum = G_MAXUINT32, .step = 1, .unit = "",
    .help = N_("Of the random numbers that choose the calibration windows"),
    .direction = N_("No direction: another seed is another choice of windows"),
    .formula = "", .special = "",
  },
  {
    .key = "true_sequential", .title = N_("True sequential"), .kind = SPQR_PARAM_BOOL, .group = SPQR_PARAM_GROUP_CALIBRATION,
    .offset = RUN (true_sequential), .maximum = 1, .step = 1, .unit = "",
    .help = N_("Within a block each layer is calibrated on what the quantized layers before it give"),
    .direction = N_("On: sees the errors inside a block too, about four times the calibration time"),
    .formula = "", .special = "",
  },
  {
    .key = "offload_activations", .title = N_("Activations on disk"), .kind = SPQR_PARAM_BOOL,
    .group = SPQR_PARAM_GROUP_CALIBRATION, .offset = RUN (offload_activations), .maximum = 1, .step = 1, .unit = "",
    .help = N_("Hidden states of the calibration windows lie in a file instead of memory"),
    .direction = N_("On: less memory, slower; the result is the same"),
    .formula = "4 nsamples seqlen hidden_size bytes", .special = "",
  },
  {
    .key = "f16_activations", .title = N_("Activations in 16 bits"), .kind = SPQR_PARAM_BOOL,
    .group = SPQR_PARAM_GROUP_CALIBRATION, .offset = RUN (f16_activations), .maximum = 1, .step = 1, .unit = "",
    .help = N_("Hidden states of the calibration windows are rounded to f16 between the blocks, as the published code keeps them"),
    .direction = N_("On: half the memory or disk space for them; the Hessians change in the fourth digit"),
    .formula = "2 nsamples seqlen hidden_size bytes", .special = "",
  },
};

G_STATIC_ASSERT (G_N_ELEMENTS (table) <= 32); /* SpqrParamMask */

const SpqrParamInfo *
spqr_param_table (guint *n)
{
  if (n != NULL)
    *n = G_N_ELEMENTS (table);
  return table;
}

guint
_spqr_param_index (const SpqrParamInfo *info)
{
  return (guint) (info - table);
}

const SpqrParamInfo *
spqr_param_lookup (const char *key)
{
  g_autofree char *name = NULL;

  g_return_val_if_fail (key != NULL, NULL);

  name = g_strdelimit (g_strdup (key), "-", '_');
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (strcmp (table[i].key, name) == 0)
      return &table[i];
  return NULL;
}
