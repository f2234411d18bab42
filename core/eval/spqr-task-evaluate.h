/* spqr-task-evaluate.h: a zero-shot task from its documents to its figures. */
#pragma once

#include "compute/spqr-progress.h"
#include "eval/spqr-keeper.h"
#include "net/spqr-net.h"
#include "text/spqr-tasks.h"

typedef struct {
  gsize n;                                  /* documents */
  double acc, acc_stderr;
  /* Divided by the choice's length in characters (the published runs) and in bytes (today's harness);
   * acc_norm is the one that belongs to the scoring. NAN for tasks without. */
  double acc_norm, acc_norm_stderr;
  double acc_norm_chars, acc_norm_chars_stderr, acc_norm_bytes, acc_norm_bytes_stderr;
  double ppl, ppl_stderr;                   /* of the target, for tasks with a single choice; else NAN */
  gsize cut;                                /* requests whose context was cut from the left */
  char fingerprint[65];                     /* of the documents as ids and right answers; hex */
  gsize known;                              /* choices that an earlier sitting had answered */
  double seconds;                           /* of this sitting */
} SpqrTaskResult;

/* limit: documents from the first on, 0: all. keeper: nullable; its subject says what answers, the documents are added
 * to it (spqr_task_subject()). Blocking; any thread; cancellable within 50 ms once the
 * texts are tokenized. */
gboolean spqr_task_evaluate (SpqrNet *net, SpqrTokenizer *tokenizer, const SpqrTask *task, SpqrScoring scoring, gsize limit,
                             const SpqrKeeper *keeper, SpqrProgressFunc progress, gpointer user_data, GCancellable *cancellable,
                             SpqrTaskResult *result, GError **error);

/* What a task's answers are kept under; g_free(). */
char    *spqr_task_subject (const SpqrKeeper *keeper, const SpqrTaskResult *result);
