/* spqr-layer-reference.h: which stored run the layer at hand is compared with. */
#pragma once

#include <gtk/gtk.h>

#include "store/spqr-store.h"

G_BEGIN_DECLS

#define SPQR_TYPE_LAYER_REFERENCE (spqr_layer_reference_get_type ())
G_DECLARE_FINAL_TYPE (SpqrLayerReference, spqr_layer_reference, SPQR, LAYER_REFERENCE, GtkWidget)

/* Signal "changed" (): another run is chosen, or it is known that there is none. */

/* Lists, in a worker, the newest runs of a model that have stored this tensor, and chooses the one of
 * before, or the newest. store NULL: there are none. */
void        spqr_layer_reference_look (SpqrLayerReference *self, SpqrStore *store, const char *fingerprint, const char *tensor);
/* The chosen run's stored layer, NULL: none. Borrowed. */
const char *spqr_layer_reference_get_path (SpqrLayerReference *self);
/* "#3 · spqr · 3 bit · …", NULL: none. Borrowed. */
const char *spqr_layer_reference_get_name (SpqrLayerReference *self);
/* Whether the runs are known, be there any or not. */
gboolean    spqr_layer_reference_is_known (SpqrLayerReference *self);

G_END_DECLS
