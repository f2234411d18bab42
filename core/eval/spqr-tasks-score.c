#include "eval/spqr-tasks-score.h"

#include <math.h>

/* The choice with the largest value, by length where lengths are given. */
static gsize
best_choice (const SpqrTaskQuestion *question, const gsize *lengths)
{
  gsize best = 0;
  double most = -INFINITY;

  for (gsize i = 0; i < question->n_choices; i++)
    {
      double value = lengths != NULL ? question->logprobs[i] / MAX (lengths[i], 1) : question->logprobs[i];

      if (value > most)
        {
          best = i;
          most = value;
        }
    }
  return best;
}

static void
share (gsize right, gsize n, double *p, double *standard_error)
{
  *p = n > 0 ? (double) right / n : NAN;
  *standard_error = n > 1 ? sqrt (*p * (1 - *p) / (n - 1)) : NAN;
}

SpqrTaskScore
spqr_tasks_score (const SpqrTaskQuestion *questions, gsize n)
{
  SpqrTaskScore score = { .n = n, .acc_norm = NAN, .acc_norm_stderr = NAN };
  gsize right = 0, right_norm = 0;
  gboolean norm = TRUE;

  for (gsize i = 0; i < n; i++)
    {
      right += best_choice (&questions[i], NULL) == questions[i].gold;
      norm &= questions[i].lengths != NULL;
      right_norm += questions[i].lengths != NULL && best_choice (&questions[i], questions[i].lengths) == questions[i].gold;
    }
  share (right, n, &score.acc, &score.acc_stderr);
  if (norm)
    share (right_norm, n, &score.acc_norm, &score.acc_norm_stderr);
  return score;
}

SpqrTargetScore
spqr_tasks_score_targets (const double *logprobs, const gboolean *greedy, gsize n)
{
  SpqrTargetScore score = { .n = n, .ppl = NAN, .ppl_stderr = NAN };
  double sum = 0, squares = 0;
  gsize right = 0;

  for (gsize i = 0; i < n; i++)
    {
      right += greedy[i] != FALSE;
      sum += logprobs[i];
    }
  share (right, n, &score.acc, &score.acc_stderr);
  if (n == 0)
    return score;
  for (gsize i = 0; i < n; i++)
    squares += (logprobs[i] - sum / n) * (logprobs[i] - sum / n);
  score.ppl = exp (-sum / n);
  if (n > 1)
    score.ppl_stderr = score.ppl * sqrt (squares / (n - 1) / n);
  return score;
}
