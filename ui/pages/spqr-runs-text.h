/* spqr-runs-text.h: one prompt, continued by the selected runs and by the model they were made from, side by side. */
#pragma once

#include <gtk/gtk.h>

#include "session/spqr-session.h"

#define SPQR_TYPE_RUNS_TEXT (spqr_runs_text_get_type ())
G_DECLARE_FINAL_TYPE (SpqrRunsText, spqr_runs_text, SPQR, RUNS_TEXT, GtkWidget)

enum { SPQR_RUNS_TEXT_MOST = 4 };    /* runs beside each other */

GtkWidget *spqr_runs_text_new (SpqrSession *session);
/* The selected runs, of SpqrRun. */
void       spqr_runs_text_set_runs (SpqrRunsText *self, GPtrArray *runs);

/* For tests: how many bytes of text are the same as in other, up to a whole character. */
gsize      spqr_runs_text_common (const char *text, const char *other);
/* Why these cannot be asked; NULL where they can. g_free(). */
char      *spqr_runs_text_check (GPtrArray *runs);
