/* spqr-runs-page.h: the history of runs, one looked at or several compared. */
#pragma once

#include <gtk/gtk.h>

#include "session/spqr-session.h"

#define SPQR_TYPE_RUNS_PAGE (spqr_runs_page_get_type ())
G_DECLARE_FINAL_TYPE (SpqrRunsPage, spqr_runs_page, SPQR, RUNS_PAGE, GtkWidget)

GtkWidget *spqr_runs_page_new (SpqrSession *session);
