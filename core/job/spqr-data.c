#include "job/spqr-data.h"

SpqrCorpus *
spqr_corpus_load_for_model (SpqrModel *model, const char *data, const char *data_dir, gboolean evaluation,
                            GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) no_tokenizer = NULL;
  g_autoptr (SpqrTokenizer) tokenizer = spqr_tokenizer_open (spqr_model_get_location (model), &no_tokenizer);
  SpqrCorpus *corpus = spqr_corpus_load (data, data_dir, evaluation, tokenizer, spqr_model_get_config (model)->vocab,
                                         cancellable, error);

  /* Ids need no tokenizer; text that could not be read for want of one says why there is none. */
  if (corpus == NULL && tokenizer == NULL)
    g_prefix_error (error, "%s; ", no_tokenizer->message);
  if (corpus != NULL && tokenizer != NULL)
    corpus->tokenizer_fingerprint = g_strdup (spqr_tokenizer_get_fingerprint (tokenizer));
  return corpus;
}

guint
spqr_default_seqlen (SpqrModel *model)
{
  int context = spqr_model_get_config (model)->context;

  return context > 0 ? MIN (context, 2048) : 2048;
}

SpqrCalibration *
spqr_calibration_load (SpqrModel *model, const char *data, const char *data_dir, const SpqrRunParams *params,
                       GCancellable *cancellable, GError **error)
{
  g_autoptr (SpqrCorpus) corpus = spqr_corpus_load_for_model (model, data, data_dir, FALSE, cancellable, error);
  g_autoptr (SpqrCalibration) calibration = NULL;

  if (corpus == NULL)
    return NULL;
  calibration = g_new0 (SpqrCalibration, 1);
  calibration->data = g_strdup (data);
  calibration->n_windows = params->nsamples;
  calibration->seqlen = params->seqlen > 0 ? (guint) params->seqlen : spqr_default_seqlen (model);
  calibration->ids = spqr_corpus_calibration_windows (corpus, calibration->n_windows, calibration->seqlen, params->seed,
                                                      &calibration->fingerprint, error);
  return calibration->ids != NULL ? g_steal_pointer (&calibration) : NULL;
}

void
spqr_calibration_free (SpqrCalibration *calibration)
{
  if (calibration == NULL)
    return;
  g_free (calibration->data);
  g_free (calibration->fingerprint);
  g_free (calibration->ids);
  g_free (calibration);
}
