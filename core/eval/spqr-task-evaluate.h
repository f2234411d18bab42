/* spqr-task-evaluate.h: a zero-shot task from its documents to its figures. */
#pragma once

#include "compute/spqr-progress.h"
#include "eval/spqr-logprob.h"
#include "net/spqr-net.h"
#include "text/spqr-tasks.h"

typedef struct {
  gsize n;                                  /* documents */
  double acc, acc_stderr;
  /* Divided by the choice's length in characters, which both harnesses mean by acc_norm, and in bytes, which today's
   * calls acc_bytes. NAN for tasks without. */
  double acc_norm, acc_norm_stderr;
  double acc_norm_bytes, acc_norm_bytes_stderr;
  double ppl, ppl_stderr;                   /* of the target, for tasks with a single choice; else NAN */
  gsize cut;                                /* requests whose context was cut from the left */
  char fingerprint[65];                     /* of the documents as ids and right answers; hex */
  gsize known;                              /* choices that an earlier sitting had answered */
  double seconds;                           /* of this sitting */
} SpqrTaskResult;

/* limit: documents from the first on, 0: all. keeper: nullable; its subject says what answers, the documents are added
 * to it (spqr_task_subject()). answers: nullable; the SpqrLogprob of every choice, document after document, is
 * appended. Blocking; any thread; cancellable within 50 ms once the
 * texts are tokenized. */
gboolean spqr_task_evaluate (SpqrNet *net, SpqrTokenizer *tokenizer, const SpqrTask *task, SpqrScoring scoring, gsize limit,
                             const SpqrKeeper *keeper, SpqrProgressFunc progress, gpointer user_data, GCancellable *cancellable,
                             SpqrTaskResult *result, GArray *answers, GError **error);

/* What a task's answers are kept under; g_free(). */
char    *spqr_task_subject (const SpqrKeeper *keeper, const SpqrTaskResult *result);
