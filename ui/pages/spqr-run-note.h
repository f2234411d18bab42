/* spqr-run-note.h: what a person wrote about a run: its note and its tags, to read and to edit. */
#pragma once

#include <gtk/gtk.h>

#include "session/spqr-session.h"

#define SPQR_TYPE_RUN_NOTE (spqr_run_note_get_type ())
G_DECLARE_FINAL_TYPE (SpqrRunNote, spqr_run_note, SPQR, RUN_NOTE, GtkWidget)

GtkWidget *spqr_run_note_new (SpqrSession *session);
/* NULL: nothing to write about. What is being written about the same run is not overwritten. */
void       spqr_run_note_show (SpqrRunNote *self, SpqrRun *run);

/* "a, b , ,a" -> { "a", "b" }; g_strfreev(). */
char     **spqr_run_note_parse_tags (const char *text);
