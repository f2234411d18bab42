/* spqr-compare-asking.h: the work behind the comparison's view: what is asked of one or two runs, the layers
 * that they have in common, and the picture of the one that is looked at. Filled in by a worker; read by
 * the main thread once its job has ended, which owns it. */
#pragma once

#include "job/spqr-job.h"
#include "pages/spqr-compare-picture.h"
#include "pages/spqr-compare-rules.h"
#include "store/spqr-store.h"

G_BEGIN_DECLS

typedef struct {
  SpqrStore *store;
  SpqrRun *a, *b;            /* b NULL: a by itself */
  char *wanted;              /* the layer to look at; NULL: the first */
  SpqrCompareField field;
  SpqrModel *model;          /* opened earlier for a; may be NULL */
  guint serial;              /* the asker's */
  /* The answer, as far as it came. */
  GPtrArray *layers_a, *layers_b;
  GArray *layers;            /* of SpqrCompareLayer: pairs of the two above */
  guint chosen;              /* in layers */
  SpqrComparePicture *picture;
} SpqrCompareAsking;

/* The other members of the question are its maker's to set. */
SpqrCompareAsking *spqr_compare_asking_new (SpqrStore *store, SpqrRun *a, SpqrRun *b);
void               spqr_compare_asking_free (gpointer asking);
/* An SpqrJobFunc over an SpqrCompareAsking. */
gboolean           spqr_compare_asking_answer (SpqrJob *job, gpointer asking, GCancellable *cancellable, GError **error);

G_END_DECLS
