/* spqr-window.h: the studio's window: a tab for each model, and what can be done with the one in front. */
#pragma once

#include <adwaita.h>

#include "session/spqr-session.h"

#define SPQR_TYPE_WINDOW (spqr_window_get_type ())
G_DECLARE_FINAL_TYPE (SpqrWindow, spqr_window, SPQR, WINDOW, AdwApplicationWindow)

SpqrWindow  *spqr_window_new (AdwApplication *application, SpqrSession *session);
/* Opens the models again over another history of runs (NULL: the user's own), or, when that cannot be opened,
 * says why and stays with the old one. Not while jobs run. */
void         spqr_window_set_database (SpqrWindow *self, const char *database);
/* Of the tab in front. */
SpqrSession *spqr_window_get_session (SpqrWindow *self);
/* Opens a model: in the tab that has it already, else in the one in front when that is empty, else in a new one. */
void         spqr_window_open (SpqrWindow *self, const char *path);
/* The models of last time, if the preferences say so, once the window is idle. */
void         spqr_window_open_kept (SpqrWindow *self);
void         spqr_window_toast (SpqrWindow *self, const char *text);
/* "map", "layer" or "runs". */
void         spqr_window_show_page (SpqrWindow *self, const char *name);
/* The window comes to the front, with the tab of the model at `location` if it is still open, and there what a job has
 * brought: a page, or a folder's absolute path. */
void         spqr_window_show_result (SpqrWindow *self, const char *location, const char *place);
