/* spqr-task-picker.h: which zero-shot tasks, from which documents, scored by which rule. */
#pragma once

#include <adwaita.h>

#include "session/spqr-session.h"

#define SPQR_TYPE_TASK_PICKER (spqr_task_picker_get_type ())
G_DECLARE_FINAL_TYPE (SpqrTaskPicker, spqr_task_picker, SPQR, TASK_PICKER, AdwPreferencesPage)

/* data: the folder of the documents to begin with; NULL: the user's data folder. The tasks of the published
 * averages are chosen where their documents are found. */
GtkWidget  *spqr_task_picker_new (const char *data);
/* Names of the chosen tasks whose documents are there, in the order of the list; g_strfreev(). */
char      **spqr_task_picker_get_names (SpqrTaskPicker *self);
const char *spqr_task_picker_get_data (SpqrTaskPicker *self);
SpqrScoring spqr_task_picker_get_scoring (SpqrTaskPicker *self);
gsize       spqr_task_picker_get_limit (SpqrTaskPicker *self);      /* documents of each; 0: all */
/* Signal "changed": what these say may differ. */
