/* spqr-tasks-private.h: from one document of a file to its prompts (spqr-task-docs.c). */
#pragma once

#include <json-glib/json-glib.h>

#include "text/spqr-tasks.h"

typedef enum { SPQR_TASK_PIQA, SPQR_TASK_WINOGRANDE, SPQR_TASK_HELLASWAG, SPQR_TASK_ARC, SPQR_TASK_OPENBOOKQA,
               SPQR_TASK_COPA, SPQR_TASK_LAMBADA } SpqrTaskKind;

/* label: the answer from a separate file, as written there; NULL when the document holds its own. Sets
 * the document's prompts; FALSE with a few words in *why when something is missing. */
gboolean spqr_task_read_doc (SpqrTaskKind kind, JsonObject *object, const char *label, SpqrTaskDoc *doc,
                             const char **why);
/* HellaSwag as plain text: "activity: context", the right ending's number, four endings. */
gboolean spqr_task_read_hellaswag_lines (char **lines, SpqrTaskDoc *doc, const char **why);
void     spqr_task_doc_clear (SpqrTaskDoc *doc);
