/* spqr-paths.h: where the program's own data is. */
#pragma once

#include <glib.h>

/* The sample model's folder: installed, or in the source tree of an uninstalled build. NULL: neither.
 * g_free(). */
char *spqr_find_sample (void);
/* A text beside a model that serves its purpose when it has one ("calibration.txt",
 * "evaluation.txt"), else NULL. g_free(). */
char *spqr_find_companion_text (const char *model_path, const char *name);
