/* spqr-survey.h: the Hessians of an unquantized model, one after the other. */
#pragma once

#include "quant/spqr-calibrate.h"
#include "quant/spqr-hessian-cache.h"

/* The Hessian of one input group and the layers that share it. hessian is borrowed for the call, as
 * is the block, whose matrices hold the layers' weights. FALSE with error ends the survey. */
typedef gboolean (*SpqrSurveyFunc) (SpqrBlock *block, const SpqrBlockLinear *linears, guint n_linears,
                                    const SpqrHessian *hessian, gpointer user_data, GError **error);

typedef struct {
  SpqrNet *net;
  const gint32 *ids;              /* (n_windows, seqlen) */
  gsize n_windows;
  guint seqlen;
  guint first_block, last_block;  /* which blocks are looked at; those before are only passed through */
  int only_group;                 /* of each block; -1: all */
  const char *offload_folder;     /* hidden states in a file there; NULL: in memory */
  /* Hessians that are kept need no forward pass. Both or neither; only where net's weights are the
   * model's own. */
  SpqrHessianCache *cache;
  const char *model_fingerprint;
  SpqrStepFunc step;              /* nullable */
  gpointer step_data;
} SpqrSurvey;

/* Sets first_block, last_block and only_group to where a tensor's layer is. */
gboolean spqr_survey_limit_to (SpqrSurvey *survey, SpqrTensor *tensor, GError **error);

/* Blocking; func in the caller's thread, blocks ascending. The windows go through the network no further
 * than the last block whose Hessians are not in the cache. */
gboolean spqr_survey_run (const SpqrSurvey *survey, SpqrSurveyFunc func, gpointer user_data, GCancellable *cancellable,
                          GError **error);
