/* spqr-model-memory.h: what the studio remembers of each model from one day to the next: when it was
 * open last, and on which texts it was calibrated and measured. One small file in the user's state
 * folder. A convenience: where it cannot be read or written, nothing is remembered and nobody told. */
#pragma once

#include <glib.h>

#define SPQR_MEMORY_CALIBRATION "calibration"
#define SPQR_MEMORY_EVALUATION "evaluation"
#define SPQR_MEMORY_RECIPE "recipe"

void  spqr_memory_note_opened (const char *location);
/* NULL: nothing known. g_free(). */
char *spqr_memory_get (const char *location, const char *key);
/* value NULL forgets. */
void  spqr_memory_set (const char *location, const char *key, const char *value);
/* Locations of models that were open and are still there, newest first. g_strfreev(). */
char **spqr_memory_list_recent (guint at_most);
