/* spqr-data.h: a user's DATA, for a model: with its own tokenizer, its windows and its vocabulary. */
#pragma once

#include "model/spqr-model.h"
#include "quant/spqr-param-table.h"
#include "text/spqr-corpus.h"

/* Data as the command line takes it; text goes through the model's tokenizer, ids need none. */
SpqrCorpus *spqr_corpus_load_for_model (SpqrModel *model, const char *data, const char *data_dir, gboolean evaluation,
                                        GCancellable *cancellable, GError **error);

/* The smaller of 2048 and the model's context; what seqlen 0 means. */
guint spqr_default_seqlen (SpqrModel *model);

/* Calibration windows as params ask for them. */
typedef struct {
  char *data, *fingerprint;
  gint32 *ids;               /* (n_windows, seqlen) */
  gsize n_windows;
  guint seqlen;
} SpqrCalibration;

SpqrCalibration *spqr_calibration_load (SpqrModel *model, const char *data, const char *data_dir, const SpqrRunParams *params,
                                        GCancellable *cancellable, GError **error);
void             spqr_calibration_free (SpqrCalibration *calibration);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrCalibration, spqr_calibration_free)
