/* A task over the sample model that comes with the program: every figure from forward passes by hand. */
#include <math.h>
#include <string.h>

#include "../net/oracle.h"
#include "eval/spqr-task-evaluate.h"

typedef struct {
  SpqrModel *model;
  SpqrNet *net;
  SpqrTokenizer *tokenizer;
} Sample;

static void
sample_clear (Sample *sample)
{
  g_clear_pointer (&sample->net, spqr_net_free);
  g_clear_object (&sample->model);
  g_clear_object (&sample->tokenizer);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Sample, sample_clear)

/* FALSE after skipping the test. */
static gboolean
sample_open (Sample *sample)
{
  const char *root = g_getenv ("SPQR_SOURCE_ROOT");
  g_autofree char *folder = g_build_filename (root != NULL ? root : ".", "data", "sample", NULL);
  g_autofree char *weights = g_build_filename (folder, "model.safetensors", NULL);
  g_autoptr (GError) error = NULL;

  *sample = (Sample) { NULL };
  if (!g_file_test (weights, G_FILE_TEST_EXISTS))
    {
      g_test_skip ("SPQR_SOURCE_ROOT has no data/sample/model.safetensors");
      return FALSE;
    }
  sample->model = spqr_model_open (folder, &error);
  g_assert_no_error (error);
  sample->net = spqr_net_new (sample->model, NULL, &error);
  g_assert_no_error (error);
  sample->tokenizer = spqr_tokenizer_open (folder, &error);
  g_assert_no_error (error);
  return TRUE;
}

static double
by_hand (Sample *sample, const SpqrTaskChoice *choice, SpqrScoring scoring, gboolean *greedy)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32)), continuation = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autofree float *logits = NULL;
  g_autoptr (GError) error = NULL;
  SpqrExec exec = oracle_exec ();
  gsize vocab = spqr_net_get_config (sample->net)->vocab, n_context;
  double total = 0;

  g_assert_true (spqr_task_choice_tokenize (choice, sample->tokenizer, scoring, ids, continuation, &error));
  n_context = ids->len;
  g_array_append_vals (ids, continuation->data, continuation->len);
  logits = g_new (float, ids->len * vocab);
  g_assert_true (spqr_net_forward (sample->net, (gint32 *) (gpointer) ids->data, ids->len, logits, &exec, &error));
  *greedy = TRUE;
  for (gsize t = n_context; t < ids->len; t++)
    {
      const float *z = logits + (t - 1) * vocab;
      gint32 id = g_array_index (ids, gint32, t);
      double sum = 0;

      for (gsize v = 0; v < vocab; v++)
        {
          sum += exp ((double) z[v] - z[id]);
          *greedy &= z[v] <= z[id];
        }
      total -= log (sum);
    }
  return total;
}

static SpqrTaskChoice choices[] = {
  { (char *) "She looked at the", (char *) " sky and then at the sea", 23, 23 },
  { (char *) "She looked at the", (char *) " r", 1, 2 },
  { (char *) "One day the little dog", (char *) " was very happy", 14, 14 },
  { (char *) "One day the little dog", (char *) " zxq", 3, 9 },
  { (char *) "One day the little dog", (char *) " went to", 7, 7 },
  { (char *) "The man", (char *) " said", 4, 4 },
  { (char *) "The woman", (char *) " said", 4, 4 },
};

static SpqrTaskDoc docs[] = { { choices, 2, 0 }, { choices + 2, 3, 2 }, { choices + 5, 2, 1 } };

/* Share of documents whose gold choice has the first largest value. */
static double
share_right (const double *values)
{
  gsize right = 0, at = 0;

  for (guint d = 0; d < G_N_ELEMENTS (docs); at += docs[d++].n_choices)
    {
      guint best = 0;

      for (guint c = 1; c < docs[d].n_choices; c++)
        if (values[at + c] > values[at + best])
          best = c;
      right += best == docs[d].gold;
    }
  return (double) right / G_N_ELEMENTS (docs);
}

static void
test_choices (void)
{
  g_auto (Sample) sample;
  SpqrTask task = { .name = (char *) "mine", .has_acc_norm = TRUE, .docs = docs, .n_docs = G_N_ELEMENTS (docs) };

  if (!sample_open (&sample))
    return;
  for (int scoring = SPQR_SCORING_HARNESS_2023; scoring <= SPQR_SCORING_HARNESS; scoring++)
    {
      g_autoptr (GError) error = NULL;
      double sums[G_N_ELEMENTS (choices)], chars[G_N_ELEMENTS (choices)], bytes[G_N_ELEMENTS (choices)];
      g_autoptr (GArray) answers = g_array_new (FALSE, FALSE, sizeof (SpqrLogprob));
      SpqrTaskResult result;
      gboolean greedy;

      for (guint i = 0; i < G_N_ELEMENTS (choices); i++)
        {
          sums[i] = by_hand (&sample, &choices[i], scoring, &greedy);
          chars[i] = sums[i] / choices[i].n_chars;
          bytes[i] = sums[i] / choices[i].n_bytes;
        }
      g_assert_true (spqr_task_evaluate (sample.net, sample.tokenizer, &task, scoring, 0, NULL, NULL, NULL, NULL, &result, answers, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (result.n, ==, 3);
      g_assert_cmpfloat (result.acc, ==, share_right (sums));
      g_assert_cmpfloat (result.acc_norm, ==, share_right (chars));
      g_assert_cmpfloat (result.acc_norm_bytes, ==, share_right (bytes));
      g_assert_cmpuint (answers->len, ==, G_N_ELEMENTS (choices));
      for (guint i = 0; i < G_N_ELEMENTS (choices); i++)
        g_assert_cmpfloat (fabs (g_array_index (answers, SpqrLogprob, i).logprob / sums[i] - 1), <, 1e-4);
      g_assert_cmpfloat (fabs (result.acc_stderr - sqrt (result.acc * (1 - result.acc) / 2)), <, 1e-12);
      g_assert_true (isnan (result.ppl));
    }
}

static void
test_targets (void)
{
  g_auto (Sample) sample;
  g_autoptr (GError) error = NULL;
  SpqrTaskDoc single[3];
  SpqrTask task = { .name = (char *) "targets", .single = TRUE, .docs = single, .n_docs = 3 };
  SpqrTaskResult result;
  double sum = 0;
  guint right = 0;

  if (!sample_open (&sample))
    return;
  for (guint i = 0; i < 3; i++)
    {
      gboolean greedy;

      single[i] = (SpqrTaskDoc) { choices + 2 * i, 1, 0 };
      if (i < 2)
        {
          sum += by_hand (&sample, single[i].choices, SPQR_SCORING_HARNESS_2023, &greedy);
          right += greedy;
        }
    }
  g_assert_true (spqr_task_evaluate (sample.net, sample.tokenizer, &task, SPQR_SCORING_HARNESS_2023, 2, NULL, NULL, NULL, NULL, &result, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (result.n, ==, 2);           /* the limit */
  g_assert_cmpfloat (result.acc, ==, right / 2.0);
  g_assert_cmpfloat (fabs (result.ppl / exp (-sum / 2) - 1), <, 1e-4);
  g_assert_true (isnan (result.acc_norm));
}

static void
test_cancelled (void)
{
  g_auto (Sample) sample;
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  SpqrTask task = { .name = (char *) "mine", .docs = docs, .n_docs = G_N_ELEMENTS (docs) };
  SpqrTaskResult result;

  if (!sample_open (&sample))
    return;
  g_cancellable_cancel (cancellable);
  g_assert_false (spqr_task_evaluate (sample.net, sample.tokenizer, &task, SPQR_SCORING_HARNESS, 0, NULL, NULL, NULL, cancellable, &result, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/task-evaluate/choices", test_choices);
  g_test_add_func ("/task-evaluate/targets", test_targets);
  g_test_add_func ("/task-evaluate/cancelled", test_cancelled);
  return g_test_run ();
}
