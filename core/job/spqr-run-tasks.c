#include "job/spqr-run-tasks.h"

#include <math.h>

static void
append_figure (GString *out, const char *name, double value, double error)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (!isfinite (value))
    return;
  g_string_append_printf (out, ", %s %s", name, g_ascii_formatd (text, sizeof text, "%.4f", value));
  if (isfinite (error))
    g_string_append_printf (out, " ± %s", g_ascii_formatd (text, sizeof text, "%.4f", error));
}

static char *
describe (const SpqrTask *task, SpqrScoring scoring, const SpqrTaskResult *result)
{
  GString *out = g_string_new (NULL);

  g_string_append_printf (out, "%s zero-shot (%s)", task->name, spqr_scoring_get_name (scoring));
  append_figure (out, "acc", result->acc, result->acc_stderr);
  append_figure (out, "acc_norm", result->acc_norm, result->acc_norm_stderr);
  append_figure (out, "perplexity", result->ppl, result->ppl_stderr);
  g_string_append_printf (out, "; %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " documents", result->n, task->n_docs);
  if (task->note != NULL)
    g_string_append_printf (out, "; %s", task->note);
  return g_string_free (out, FALSE);
}

SpqrRunEval *
spqr_run_eval_describe_task (SpqrRun *run, const SpqrTask *task, SpqrScoring scoring, SpqrTokenizer *tokenizer,
                             const SpqrTaskResult *result)
{
  SpqrRunEval *eval = g_new0 (SpqrRunEval, 1);

  eval->run_id = run->id;
  eval->created = g_get_real_time () / G_USEC_PER_SEC;
  eval->data = g_filename_display_name (task->path);
  eval->tokenizer_fingerprint = g_strdup (spqr_tokenizer_get_fingerprint (tokenizer));
  eval->protocol = describe (task, scoring, result);
  eval->windows = (gint64) result->n;
  eval->nll = eval->ppl = eval->ppl_stderr = eval->ppl_base = eval->kl = eval->top1_agreement = NAN;
  eval->seconds = result->seconds;
  return eval;
}
