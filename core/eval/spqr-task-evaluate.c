#include "eval/spqr-task-evaluate.h"

#include <math.h>

#include "eval/spqr-tasks-score.h"

/* A task's choices one after another, over all documents. */
typedef struct {
  const SpqrTask *task;
  gsize n_docs, n_choices;
  GArray *ids;                     /* gint32: context and continuation of every choice */
  SpqrLogprobRequest *requests;    /* (n_choices) */
  SpqrLogprob *logprobs;           /* (n_choices) */
  double *sums;                    /* (n_choices) */
  gsize *chars, *bytes;            /* (n_choices) */
} Choices;

static void
choices_clear (Choices *self)
{
  g_clear_pointer (&self->ids, g_array_unref);
  g_free (self->requests);
  g_free (self->logprobs);
  g_free (self->sums);
  g_free (self->chars);
  g_free (self->bytes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Choices, choices_clear)

static void
choices_init (Choices *self, const SpqrTask *task, gsize limit)
{
  self->task = task;
  self->n_docs = limit > 0 ? MIN (limit, task->n_docs) : task->n_docs;
  for (gsize d = 0; d < self->n_docs; d++)
    self->n_choices += task->docs[d].n_choices;
  self->ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  self->requests = g_new0 (SpqrLogprobRequest, self->n_choices);
  self->logprobs = g_new0 (SpqrLogprob, self->n_choices);
  self->sums = g_new0 (double, self->n_choices);
  self->chars = g_new0 (gsize, self->n_choices);
  self->bytes = g_new0 (gsize, self->n_choices);
}

/* One choice's ids at the end of self->ids; the requests get their pointers when all are there. */
static gboolean
tokenize_choice (Choices *self, gsize number, const SpqrTaskChoice *choice, SpqrTokenizer *tokenizer, SpqrScoring scoring,
                 GError **error)
{
  g_autoptr (GArray) context = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GArray) continuation = g_array_new (FALSE, FALSE, sizeof (gint32));

  if (!spqr_task_choice_tokenize (choice, tokenizer, scoring, context, continuation, error))
    return FALSE;
  self->requests[number].n_context = context->len;
  self->requests[number].n_continuation = continuation->len;
  self->chars[number] = choice->n_chars;
  self->bytes[number] = choice->n_bytes;
  g_array_append_vals (self->ids, context->data, context->len);
  g_array_append_vals (self->ids, continuation->data, continuation->len);
  return TRUE;
}

static gboolean
tokenize_all (Choices *self, SpqrTokenizer *tokenizer, SpqrScoring scoring, GCancellable *cancellable, GError **error)
{
  const gint32 *at;
  gsize number = 0;

  for (gsize d = 0; d < self->n_docs; d++)
    for (guint c = 0; c < self->task->docs[d].n_choices; c++)
      if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
          !tokenize_choice (self, number++, &self->task->docs[d].choices[c], tokenizer, scoring, error))
        return FALSE;
  at = (const gint32 *) (gpointer) self->ids->data;
  for (gsize i = 0; i < self->n_choices; i++)
    {
      self->requests[i].context = at;
      self->requests[i].continuation = at + self->requests[i].n_context;
      at += self->requests[i].n_context + self->requests[i].n_continuation;
    }
  return TRUE;
}

static SpqrTaskScore
score_by (const Choices *self, const gsize *lengths)
{
  g_autofree SpqrTaskQuestion *questions = g_new0 (SpqrTaskQuestion, self->n_docs);
  gsize number = 0;

  for (gsize d = 0; d < self->n_docs; d++)
    {
      questions[d] = (SpqrTaskQuestion) { self->sums + number, lengths != NULL ? lengths + number : NULL,
                                          self->task->docs[d].n_choices, self->task->docs[d].gold };
      number += self->task->docs[d].n_choices;
    }
  return spqr_tasks_score (questions, self->n_docs);
}

static void
take_choices (const Choices *self, SpqrTaskResult *result)
{
  SpqrTaskScore score = score_by (self, self->chars);

  result->acc = score.acc;
  result->acc_stderr = score.acc_stderr;
  if (!self->task->has_acc_norm)
    return;
  result->acc_norm = score.acc_norm;
  result->acc_norm_stderr = score.acc_norm_stderr;
  score = score_by (self, self->bytes);
  result->acc_norm_bytes = score.acc_norm;
  result->acc_norm_bytes_stderr = score.acc_norm_stderr;
}

static void
take_targets (const Choices *self, SpqrTaskResult *result)
{
  g_autofree gboolean *greedy = g_new (gboolean, self->n_choices);
  SpqrTargetScore score;

  for (gsize i = 0; i < self->n_choices; i++)
    greedy[i] = self->logprobs[i].greedy;
  score = spqr_tasks_score_targets (self->sums, greedy, self->n_choices);
  result->acc = score.acc;
  result->acc_stderr = score.acc_stderr;
  result->ppl = score.ppl;
  result->ppl_stderr = score.ppl_stderr;
}

/* Of all that the figures depend on, the network apart. */
static void
fingerprint (const Choices *self, SpqrTaskResult *result)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  for (gsize d = 0; d < self->n_docs; d++)
    {
      const guint shape[] = { self->task->docs[d].n_choices, self->task->docs[d].gold };

      g_checksum_update (sum, (const guchar *) shape, sizeof shape);
    }
  for (gsize i = 0; i < self->n_choices; i++)
    {
      const guint64 sizes[] = { self->requests[i].n_context, self->requests[i].n_continuation, self->chars[i], self->bytes[i] };

      g_checksum_update (sum, (const guchar *) sizes, sizeof sizes);
    }
  g_checksum_update (sum, (const guchar *) self->ids->data, (gssize) (self->ids->len * sizeof (gint32)));
  g_strlcpy (result->fingerprint, g_checksum_get_string (sum), sizeof result->fingerprint);
}

char *
spqr_task_subject (const SpqrKeeper *keeper, const SpqrTaskResult *result)
{
  return g_strdup_printf ("%s task %s", keeper->subject, result->fingerprint);
}

static gboolean
answer_all (Choices *self, SpqrNet *net, const SpqrKeeper *keeper, SpqrProgressFunc progress, gpointer user_data,
            GCancellable *cancellable, SpqrTaskResult *result, GError **error)
{
  g_autofree char *subject = NULL;
  SpqrKeeper with_documents = { NULL };

  fingerprint (self, result);
  if (keeper != NULL)
    {
      subject = spqr_task_subject (keeper, result);
      with_documents = (SpqrKeeper) { keeper->store, subject };
    }
  return spqr_logprob_compute (net, self->requests, self->n_choices, 0, &with_documents, &result->known, progress, user_data,
                               cancellable, self->logprobs, error);
}

gboolean
spqr_task_evaluate (SpqrNet *net, SpqrTokenizer *tokenizer, const SpqrTask *task, SpqrScoring scoring, gsize limit,
                    const SpqrKeeper *keeper, SpqrProgressFunc progress, gpointer user_data, GCancellable *cancellable, SpqrTaskResult *result,
                    GArray *answers, GError **error)
{
  g_auto (Choices) choices = { NULL };
  gint64 begin = g_get_monotonic_time ();

  g_return_val_if_fail (net != NULL && tokenizer != NULL && task != NULL && result != NULL, FALSE);
  choices_init (&choices, task, limit);
  *result = (SpqrTaskResult) { .n = choices.n_docs, .acc_norm = NAN, .acc_norm_stderr = NAN, .acc_norm_bytes = NAN,
                               .acc_norm_bytes_stderr = NAN, .ppl = NAN, .ppl_stderr = NAN };
  if (!tokenize_all (&choices, tokenizer, scoring, cancellable, error) ||
      !answer_all (&choices, net, keeper, progress, user_data, cancellable, result, error))
    return FALSE;
  for (gsize i = 0; i < choices.n_choices; i++)
    {
      choices.sums[i] = choices.logprobs[i].logprob;
      result->cut += choices.logprobs[i].dropped > 0;
    }
  if (task->single)
    take_targets (&choices, result);
  else
    take_choices (&choices, result);
  if (answers != NULL && choices.n_choices > 0)
    g_array_append_vals (answers, choices.logprobs, (guint) choices.n_choices);
  result->seconds = (g_get_monotonic_time () - begin) / 1e6;
  return TRUE;
}
