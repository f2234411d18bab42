/* spqr-preferences.h: the dialog in which the settings (spqr-settings.h) are changed. Each change counts at once. */
#pragma once

#include <adwaita.h>

#include "session/spqr-session.h"

/* fixed_database: the history is given by the command line, and stays that one (NULL: by the setting). */
GtkWidget *spqr_preferences_new (GtkWindow *parent, SpqrSession *session, const char *fixed_database);
