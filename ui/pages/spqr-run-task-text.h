/* spqr-run-task-text.h: accuracies of zero-shot tasks, in words and side by side. */
#pragma once

#include "store/spqr-store.h"

/* "71.29 % ± 1.06 · normalized 72.10 % ± 1.05 · 1838 documents"; g_free(). */
char *spqr_run_task_describe (const SpqrRunEval *eval);

/* One task of several runs. */
typedef struct {
  char *name;
  char **values;             /* one a run, "–" where it has none; NULL: not comparable */
} SpqrTaskLine;

/* evals: an array (SpqrRunEval, oldest first) a run. Of each task that any has been put to, the latest figures; they
 * are compared when documents, tokenizer and scoring are the same. (element-type SpqrTaskLine), free function set. */
GPtrArray *spqr_run_tasks_compare (GPtrArray *const *evals, guint n);
