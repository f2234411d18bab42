/* Accuracies in words and side by side: figures are shown beside each other only when they were measured in one way. */
#include <math.h>
#include <string.h>

#include "pages/spqr-run-task-text.h"

static SpqrRunEval *
make (const char *task, const char *data, const char *tokenizer, const char *scoring, double acc)
{
  SpqrRunEval *eval = spqr_run_eval_new (1);

  eval->task = g_strdup (task);
  eval->data_fingerprint = g_strdup (data);
  eval->tokenizer_fingerprint = g_strdup (tokenizer);
  eval->scoring = g_strdup (scoring);
  eval->acc = acc;
  eval->acc_stderr = 0.0123;
  eval->windows = 40;
  return eval;
}

static GPtrArray *
list (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) spqr_run_eval_free);
}

static void
test_describe (void)
{
  g_autoptr (SpqrRunEval) eval = make ("piqa", "d", "t", "harness", 0.5);
  g_autofree char *plain = spqr_run_task_describe (eval);
  g_autofree char *more = NULL;

  g_assert_cmpstr (plain, ==, "50.00 % ± 1.23 · 40 documents");
  eval->acc_norm = 0.25;
  eval->acc_norm_stderr = NAN;
  eval->ppl = 12.345;
  eval->windows = 1;
  more = spqr_run_task_describe (eval);
  g_assert_cmpstr (more, ==, "50.00 % ± 1.23 · normalized 25.00 % · perplexity 12.35 · 1 document");
}

static void
test_compare (void)
{
  g_autoptr (GPtrArray) first = list (), second = list (), none = list (), lines = NULL;
  GPtrArray *const runs[] = { first, none, second };
  const SpqrTaskLine *piqa, *arc;

  g_ptr_array_add (first, make ("piqa", "d", "t", "harness", 0.1));      /* an older one */
  g_ptr_array_add (first, make ("arc_easy", "d", "t", "harness", 0.5));
  g_ptr_array_add (first, make ("piqa", "d", "t", "harness", 0.75));
  g_ptr_array_add (second, make ("piqa", "d", "t", "harness", 0.5));
  g_ptr_array_add (second, make ("arc_easy", "d", "other", "harness", 0.5));
  g_ptr_array_add (second, make (NULL, "d", "t", NULL, NAN));            /* a perplexity */
  lines = spqr_run_tasks_compare (runs, G_N_ELEMENTS (runs));
  g_assert_cmpuint (lines->len, ==, 2);
  piqa = lines->pdata[0];
  g_assert_cmpstr (piqa->name, ==, "piqa");
  g_assert_cmpstr (piqa->values[0], ==, "75.00 % ± 1.23");
  g_assert_cmpstr (piqa->values[1], ==, "–");
  g_assert_cmpstr (piqa->values[2], ==, "50.00 % ± 1.23");
  g_assert_null (piqa->values[3]);
  arc = lines->pdata[1];
  g_assert_cmpstr (arc->name, ==, "arc_easy");
  g_assert_null (arc->values);                                           /* another tokenizer: not ranked */
}

/* Other documents and other rules part them as well. */
static void
test_apart (void)
{
  const char *const others[][2] = { { "other", "harness" }, { "d", "harness-2023" } };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (GPtrArray) first = list (), second = list (), lines = NULL;
      GPtrArray *const runs[] = { first, second };

      g_ptr_array_add (first, make ("copa", "d", "t", "harness", 0.5));
      g_ptr_array_add (second, make ("copa", others[i][0], "t", others[i][1], 0.6));
      lines = spqr_run_tasks_compare (runs, 2);
      g_assert_cmpuint (lines->len, ==, 1);
      g_assert_null (((SpqrTaskLine *) lines->pdata[0])->values);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/run-tasks/describe", test_describe);
  g_test_add_func ("/run-tasks/compare", test_compare);
  g_test_add_func ("/run-tasks/apart", test_apart);
  return g_test_run ();
}
