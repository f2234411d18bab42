/* spqr-compare-view.h: a layer of one or two stored runs as maps side by side and as distributions. */
#pragma once

#include <gtk/gtk.h>

#include "session/spqr-session.h"

#define SPQR_TYPE_COMPARE_VIEW (spqr_compare_view_get_type ())
G_DECLARE_FINAL_TYPE (SpqrCompareView, spqr_compare_view, SPQR, COMPARE_VIEW, GtkWidget)

GtkWidget *spqr_compare_view_new (SpqrSession *session);
/* The selected runs (of SpqrRun), in any order: the elder is A. Of more than two, any two are
 * chosen in the view. Layers are read in the background,
 * and only while the view is on screen. */
void       spqr_compare_view_set_runs (SpqrCompareView *self, GPtrArray *runs);
