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
  gboolean f16_activations;       /* hidden states in f16 between the blocks */
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
  const char *special;      /* what an end of the range stands for, "0: the whole row is one group", or ""; N_() */
  gsize size;               /* of the field in bytes: 1 a C bool, 4 int, enum or gboolean, 8 gint64 or double */
} SpqrParamInfo;

/* Every parameter, in the order in which people meet them. Static. */
const SpqrParamInfo *spqr_param_table (guint *n);
const SpqrParamInfo *spqr_param_lookup (const char *key);    /* hyphens or underscores; NULL */
double   spqr_param_get (const SpqrParamInfo *info, const SpqrRunParams *params);
/* Checks the range. "wbits must be 1 … 8, not 12". */
gboolean spqr_param_set (const SpqrParamInfo *info, SpqrRunParams *params, double value, GError **error);
/* From and to text, machine form: "16", "0.2", "inf", "true", "act_order"; "none" is 0 for groupsize
 * and statistics bits. */
gboolean spqr_param_set_text (const SpqrParamInfo *info, SpqrRunParams *params, const char *text, GError **error);
char    *spqr_param_get_text (const SpqrParamInfo *info, const SpqrRunParams *params);

/* A number or choice as text in that machine form; of doubles the shortest that reads back equal. g_free(). */
char    *spqr_param_format (const SpqrParamInfo *info, double value);
/* "1 … 8", "0 or more", "identity, act_order, spearman"; g_free(). */
char    *spqr_param_describe_range (const SpqrParamInfo *info);

/* Ranges and what contradicts what: of a run, or of one layer as a recipe resolves it. */
gboolean spqr_run_params_validate (const SpqrRunParams *params, GError **error);
gboolean spqr_params_validate (const SpqrParams *params, GError **error);
gboolean spqr_run_params_equal (const SpqrRunParams *a, const SpqrRunParams *b);
/* "wbits 3 → 4, percdamp 1 → 0.01"; NULL when equal. g_free(). */
char    *spqr_run_params_difference (const SpqrRunParams *a, const SpqrRunParams *b);

/* The same, one by one, for a table of runs side by side. */
typedef struct { const SpqrParamInfo *info; char *a, *b; } SpqrParamDifference;
void       spqr_param_difference_free (SpqrParamDifference *difference);
/* In the table's order, empty when equal. */
GPtrArray *spqr_run_params_list_differences (const SpqrRunParams *a, const SpqrRunParams *b);

/* One JSON object, every key once, in the table's order: equal parameters give equal text. g_free(). */
char    *spqr_run_params_to_json (const SpqrRunParams *params);
/* Keys that are absent keep their default; unknown ones, wrong types, values out of range and
 * contradictions are errors that name the key. *params is only written on success. */
gboolean spqr_run_params_from_json (const char *json, SpqrRunParams *params, GError **error);

typedef struct {
  const char *id, *name, *description;   /* name, description: N_() */
  SpqrRunParams params;
  const char *figure;                    /* what the papers print for it, for a person, or ""; N_() */
} SpqrPreset;
const SpqrPreset *spqr_presets (guint *n);
const SpqrPreset *spqr_preset_lookup (const char *id);                     /* NULL */
/* The preset that params are, but for the run's own settings (calibration, seed, memory); NULL: none. */
const SpqrPreset *spqr_preset_find (const SpqrRunParams *params);
