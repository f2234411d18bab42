/* spqr-tasks-score.h: from log-likelihoods to the figures of a zero-shot task, as lm-evaluation-harness
 * counts them. */
#pragma once

#include <glib.h>

/* One question: the log-likelihood of each choice and its length, in characters or in bytes as the
 * wanted harness counts. Borrowed. */
typedef struct {
  const double *logprobs;
  const gsize *lengths;         /* NULL: no acc_norm */
  gsize n_choices, gold;
} SpqrTaskQuestion;

typedef struct {
  gsize n;
  double acc, acc_stderr;             /* argmax of the sums is gold */
  double acc_norm, acc_norm_stderr;   /* argmax of sum / length; NAN when a question has no lengths */
} SpqrTaskScore;

/* First of equals wins, a length of 0 counts as 1. Standard error sqrt(p (1 - p) / (n - 1)), NAN for
 * n < 2; all NAN for n = 0. */
SpqrTaskScore spqr_tasks_score (const SpqrTaskQuestion *questions, gsize n);

/* Tasks that ask for one target (lambada): acc is how often greedy decoding says it, ppl = exp(-mean log p). */
typedef struct {
  gsize n;
  double acc, acc_stderr;
  double ppl, ppl_stderr;             /* of the mean log p over targets, times ppl */
} SpqrTargetScore;

SpqrTargetScore spqr_tasks_score_targets (const double *logprobs, const gboolean *greedy, gsize n);
