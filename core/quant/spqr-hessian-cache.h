/* spqr-hessian-cache.h: Hessians of unquantized models, kept in a folder between sittings.
 *
 * A Hessian depends on the model's weights, the ids of the calibration windows and where in the network
 * it was taken: that is its key. Only those of the model as it is are kept. While a model is quantized, each block's
 * inputs depend on what was stored before it, and such Hessians serve no second run: it shares those of the first block
 * alone, with other quantizations and with looking at the model (spqr-quantize.h).
 *
 * One file an entry: a head, the upper triangle, a checksum. It is written beside its name and renamed; one that
 * is damaged counts as absent. When the folder grows past its limit, the entries that were not used for longest go.
 * Nothing here can fail the work: without room or permission there is just no cache. Any thread, and several
 * processes on one folder. */
#pragma once

#include <glib.h>

#include "num/spqr-hessian.h"

#define SPQR_HESSIAN_CACHE_DEFAULT_LIMIT (G_GUINT64_CONSTANT (8) << 30)

typedef struct _SpqrHessianCache SpqrHessianCache;

/* folder NULL: spqr-studio/hessians in the user's cache folder; made when it is first written to. limit in bytes; 0: the default. */
SpqrHessianCache *spqr_hessian_cache_new (const char *folder, guint64 limit);
void              spqr_hessian_cache_free (SpqrHessianCache *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrHessianCache, spqr_hessian_cache_free)
const char       *spqr_hessian_cache_get_folder (SpqrHessianCache *self);

/* Lets go of the entries that were not used for longest until they take at most so many bytes, or the limit;
 * what is left. */
guint64           spqr_hessian_cache_trim (SpqrHessianCache *self, guint64 bytes);

/* What a survey's Hessians have in common: model and windows. g_free(). */
char     *spqr_hessian_cache_make_key (const char *model_fingerprint, const gint32 *ids, gsize n_windows, guint seqlen);
/* Is there an entry? It may yet turn out to be damaged. */
gboolean  spqr_hessian_cache_has (SpqrHessianCache *self, const char *key, guint block, guint input_group);
/* TRUE: *hessian is filled, finished, the same bits that were stored; spqr_hessian_clear() it. */
gboolean  spqr_hessian_cache_load (SpqrHessianCache *self, const char *key, guint block, guint input_group, SpqrHessian *hessian);
/* A finished Hessian. FALSE: it could not be kept, or is larger than the limit. */
gboolean  spqr_hessian_cache_store (SpqrHessianCache *self, const char *key, guint block, guint input_group,
                                    const SpqrHessian *hessian);
