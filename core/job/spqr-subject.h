/* spqr-subject.h: what measured figures depend on, as the name under which a store keeps them. */
#pragma once

#include "model/spqr-model.h"
#include "store/spqr-store.h"

/* The weights that answer: those of model, or of run's stored layers over it. run is nullable, then store
 * may be NULL. The layers' files stand for their contents by name, size and time. sha256, hex; g_free(). */
char *spqr_weights_fingerprint (SpqrModel *model, SpqrStore *store, SpqrRun *run, GError **error);

/* Perplexity of weights, against base (fingerprint, nullable), over windows of seqlen ids of a corpus. g_free(). */
char *spqr_perplexity_subject (const char *weights, const char *base, const char *data_fingerprint, guint seqlen, gsize windows);
