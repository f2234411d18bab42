/* spqr-model-view.h: what a tab of the window shows: one session's pages beside its tensors, or, before a
 * model is open, the way to one. */
#pragma once

#include <adwaita.h>

#include "session/spqr-session.h"

#define SPQR_TYPE_MODEL_VIEW (spqr_model_view_get_type ())
G_DECLARE_FINAL_TYPE (SpqrModelView, spqr_model_view, SPQR, MODEL_VIEW, AdwBin)

/* Properties: "page" (string: "map", "layer" or "runs"), "sidebar" (boolean: the tensors are wanted), "sidebar-width" (int). */
SpqrModelView *spqr_model_view_new (SpqrSession *session);
SpqrSession   *spqr_model_view_get_session (SpqrModelView *self);
/* What a view switcher switches. */
AdwViewStack  *spqr_model_view_get_stack (SpqrModelView *self);
const char    *spqr_model_view_get_page (SpqrModelView *self);
void           spqr_model_view_show_page (SpqrModelView *self, const char *name);
gboolean       spqr_model_view_get_sidebar (SpqrModelView *self);
void           spqr_model_view_set_sidebar (SpqrModelView *self, gboolean sidebar);
void           spqr_model_view_focus_search (SpqrModelView *self);
/* Locations of models that were open before, newest first. */
void           spqr_model_view_show_recent (SpqrModelView *self, const char *const *locations);
