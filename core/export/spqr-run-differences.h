/* spqr-run-differences.h: what several runs were told to do, line by line: a parameter's value in each of them,
 * then the rules of their recipes. No widgets. */
#pragma once

#include "quant/spqr-recipe.h"
#include "store/spqr-store.h"

G_BEGIN_DECLS

/* How it is worded: for people, or (the default) for programs. All g_free(). */
typedef struct {
  char *(*value) (const SpqrParamInfo *info, const SpqrRunParams *params);
  char *(*where) (const SpqrRecipeOverride *rule);
  char *(*what) (const SpqrRecipeOverride *rule);
} SpqrRunWords;

typedef enum {
  SPQR_RUN_LINE_PARAM,
  SPQR_RUN_LINE_RULE,        /* what every run's rules say of these layers; of several rules the later ones win */
  SPQR_RUN_LINE_ORDER,       /* the same rules in another order: then those win that stand later */
} SpqrRunLineKind;

typedef struct {
  SpqrRunLineKind kind;
  const SpqrParamInfo *param;    /* of a PARAM */
  char *where;                   /* of a RULE */
  char **values;                 /* one a run; NULL: the run has no such rule, was not calibrated at all,
                                  * or its parameters are not known */
  guint n;
  gboolean differ;
} SpqrRunLine;

/* Of these runs (SpqrRun), in their order; words NULL: for programs. The array owns its SpqrRunLine. */
GPtrArray *spqr_run_lines (GPtrArray *runs, const SpqrRunWords *words);

/* For programs: "role down_proj, blocks 0-3", "all"; "wbits 4, groupsize 32", "skip". */
char      *spqr_rule_where (const SpqrRecipeOverride *rule);
char      *spqr_rule_what (const SpqrRecipeOverride *rule);

G_END_DECLS
