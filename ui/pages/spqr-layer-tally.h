/* spqr-layer-tally.h: where a layer's bits go and what they buy, with the change since the setting before. */
#pragma once

#include <gtk/gtk.h>

#include "pages/spqr-layer-answer.h"

G_BEGIN_DECLS

#define SPQR_TYPE_LAYER_TALLY (spqr_layer_tally_get_type ())
G_DECLARE_FINAL_TYPE (SpqrLayerTally, spqr_layer_tally, SPQR, LAYER_TALLY, GtkWidget)

/* figures NULL: none yet, what was shown stays and is dimmed. previous NULL: nothing to compare with. */
void       spqr_layer_tally_set_figures (SpqrLayerTally *self, const SpqrLayerFigures *figures, const SpqrLayerFigures *previous);
void       spqr_layer_tally_set_busy (SpqrLayerTally *self, gboolean busy);
/* Instead of figures: why there are none. NULL: figures. */
void       spqr_layer_tally_set_message (SpqrLayerTally *self, const char *message);
void       spqr_layer_tally_set_problem (SpqrLayerTally *self, const char *problem);

G_END_DECLS
