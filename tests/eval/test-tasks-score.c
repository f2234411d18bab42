#include <math.h>

#include "eval/spqr-tasks-score.h"

static void
test_choices (void)
{
  const double a[] = { -3, -2, -9 }, b[] = { -4, -4 }, c[] = { -8, -3 }, d[] = { -5, -1, -1, -6 };
  const gsize la[] = { 10, 4, 90 }, lb[] = { 4, 4 }, lc[] = { 16, 3 }, ld[] = { 1, 1, 1, 0 };
  const SpqrTaskQuestion questions[] = {
    { a, la, 3, 1 },      /* right; by length the third is best: -0.1 */
    { b, lb, 2, 0 },      /* equals: the first, twice right */
    { c, lc, 2, 0 },      /* wrong; right by length */
    { d, ld, 4, 2 },      /* equals: the second, twice wrong */
  };
  SpqrTaskScore score = spqr_tasks_score (questions, 4);

  g_assert_cmpuint (score.n, ==, 4);
  g_assert_cmpfloat (score.acc, ==, 0.5);
  g_assert_cmpfloat (score.acc_norm, ==, 0.5);
  g_assert_cmpfloat (fabs (score.acc_stderr - sqrt (0.25 / 3)), <, 1e-15);
  score = spqr_tasks_score (questions, 1);
  g_assert_cmpfloat (score.acc, ==, 1);
  g_assert_cmpfloat (score.acc_norm, ==, 0);
  g_assert_true (isnan (score.acc_stderr));
  g_assert_true (isnan (spqr_tasks_score (NULL, 0).acc));
}

static void
test_without_lengths (void)
{
  const double a[] = { -3, -2 };
  const SpqrTaskQuestion question = { a, NULL, 2, 1 };
  SpqrTaskScore score = spqr_tasks_score (&question, 1);

  g_assert_cmpfloat (score.acc, ==, 1);
  g_assert_true (isnan (score.acc_norm));
}

static void
test_targets (void)
{
  const double logprobs[] = { -1, -2, -3, -6 };
  const gboolean greedy[] = { TRUE, TRUE, FALSE, TRUE };
  SpqrTargetScore score = spqr_tasks_score_targets (logprobs, greedy, 4);

  g_assert_cmpfloat (score.acc, ==, 0.75);
  g_assert_cmpfloat (fabs (score.acc_stderr - sqrt (0.1875 / 3)), <, 1e-15);
  g_assert_cmpfloat (fabs (score.ppl - exp (3)), <, 1e-12);
  g_assert_cmpfloat (fabs (score.ppl_stderr - exp (3) * sqrt (14.0 / 3 / 4)), <, 1e-12);
  g_assert_true (isnan (spqr_tasks_score_targets (NULL, NULL, 0).ppl));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tasks-score/choices", test_choices);
  g_test_add_func ("/tasks-score/without-lengths", test_without_lengths);
  g_test_add_func ("/tasks-score/targets", test_targets);
  return g_test_run ();
}
