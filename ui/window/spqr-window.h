/* spqr-window.h: the studio's window: a session, its pages, and what can be done with them. */
#pragma once

#include <adwaita.h>

#include "session/spqr-session.h"

#define SPQR_TYPE_WINDOW (spqr_window_get_type ())
G_DECLARE_FINAL_TYPE (SpqrWindow, spqr_window, SPQR, WINDOW, AdwApplicationWindow)

SpqrWindow  *spqr_window_new (AdwApplication *application, SpqrSession *session);
SpqrSession *spqr_window_get_session (SpqrWindow *self);
void         spqr_window_toast (SpqrWindow *self, const char *text);
/* "map", "layer" or "runs". */
void         spqr_window_show_page (SpqrWindow *self, const char *name);
