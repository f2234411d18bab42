/* spqr-param-table.h: every SpQR parameter, once.
 *
 * Flags and --help, the window's controls and tooltips, validation, recipes, database columns and the
 * manual are all made from this table. */
#pragma once

#include <glib.h>

#include "num/spqr-params.h"
#include "quant/spqr-quant-error.h"

/* The parameters of a whole run: those of its layers and those of calibration. */
typedef struct {
  SpqrParams layer;
  int nsamples;                   /* calibration windows */
  int seqlen;                     /* tokens a window; 0: the smaller of 2048 and the model's context */
  gint64 seed;
  gboolean true_sequential;       /* quantize q/k/v, then o, then gate/up, then down, each on what is before it */
  gboolean offload_activations;   /* hidden states in a file instead of memory */
} SpqrRunParams;

extern const SpqrRunParams spqr_run_params_default;

typedef enum { SPQR_PARAM_INT, SPQR_PARAM_DOUBLE, SPQR_PARAM_BOOL, SPQR_PARAM_CHOICE } SpqrParamKind;
typedef enum {
  SPQR_PARAM_GROUP_WEIGHTS, SPQR_PARAM_GROUP_STATISTICS, SPQR_PARAM_GROUP_OUTLIERS,
  SPQR_PARAM_GROUP_ORDER, SPQR_PARAM_GROUP_CALIBRATION
} SpqrParamGroup;

typedef struct {
  const char *key;          /* JSON name, flag name (hyphens and underscores alike), column name */
  const char *title;        /* a few words for a label; N_() */
  SpqrParamKind kind;
  SpqrParamGroup group;
  gsize offset;             /* into SpqrRunParams */
  double minimum, maximum;  /* of numbers; maximum may be INFINITY and is then allowed as a value */
  double step;              /* sensible increment in a control */
  const char *const *choices;   /* of CHOICE, NULL-terminated; the value is an enum index */
  const char *unit;         /* "bits", "weights", "rows", … or "" ; N_() */
  const char *help;         /* one line: what it does; N_() */
  const char *direction;    /* one line: what happens as it rises; N_() */
  const char *formula;      /* for a tooltip, or ""; not translated */
  gboolean layer_level;     /* may differ from layer to layer in a recipe */
} SpqrParamInfo;

const SpqrParamInfo *spqr_param_table (guint *n);
const SpqrParamInfo *spqr_param_lookup (const char *key);    /* hyphens or underscores; NULL */
double   spqr_param_get (const SpqrParamInfo *info, const SpqrRunParams *params);
/* Checks the range. "wbits must be 1 … 8, not 12". */
gboolean spqr_param_set (const SpqrParamInfo *info, SpqrRunParams *params, double value, GError **error);
/* From and to text, machine form: "16", "0.2", "inf", "true", "act_order"; "none" is 0 for groupsize
 * and statistics bits. */
gboolean spqr_param_set_text (const SpqrParamInfo *info, SpqrRunParams *params, const char *text, GError **error);
char    *spqr_param_get_text (const SpqrParamInfo *info, const SpqrRunParams *params);

/* Ranges and what contradicts what. */
gboolean spqr_run_params_validate (const SpqrRunParams *params, GError **error);
/* "wbits 3 → 4, percdamp 1 → 0.01"; NULL when equal. g_free(). */
char    *spqr_run_params_difference (const SpqrRunParams *a, const SpqrRunParams *b);

typedef struct { const char *id, *name, *description; SpqrRunParams params; } SpqrPreset;   /* name, description: N_() */
const SpqrPreset *spqr_presets (guint *n);
