/* spqr-layer-tune.h: the pane at the side of a layer: its parameters, what they cost and buy. */
#pragma once

#include <gtk/gtk.h>

#include "pages/spqr-layer-preview.h"
#include "session/spqr-session.h"

G_BEGIN_DECLS

#define SPQR_TYPE_LAYER_TUNE (spqr_layer_tune_get_type ())
G_DECLARE_FINAL_TYPE (SpqrLayerTune, spqr_layer_tune, SPQR, LAYER_TUNE, GtkWidget)

/* Once. The pane keeps the session's parameters and the editor equal, and shows the preview's figures. */
void spqr_layer_tune_set_session (SpqrLayerTune *self, SpqrSession *session, SpqrLayerPreview *preview);
/* Why this tensor has no figures, or NULL. */
void spqr_layer_tune_set_message (SpqrLayerTune *self, const char *message);

/* Actions, for the page around it: "tune.undo", "tune.redo", "tune.compare", "tune.apply" ("layer", "role", "block",
 * "all", "leave"), "tune.recipe". */
void spqr_layer_tune_undo (SpqrLayerTune *self);
void spqr_layer_tune_redo (SpqrLayerTune *self);
void spqr_layer_tune_compare (SpqrLayerTune *self);
void spqr_layer_tune_apply (SpqrLayerTune *self, const char *to);
void spqr_layer_tune_show_recipe (SpqrLayerTune *self);

G_END_DECLS
