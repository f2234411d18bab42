#include "export/spqr-run-protocol.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <math.h>

static gboolean
is_perplexity (const SpqrRunEval *eval)
{
  return eval->task == NULL && isfinite (eval->ppl);
}

gboolean
spqr_protocol_equal (const SpqrRunEval *a, const SpqrRunEval *b)
{
  return g_strcmp0 (a->data_fingerprint, b->data_fingerprint) == 0 && a->seqlen == b->seqlen && a->windows == b->windows;
}

static gboolean
tells_as_much (double now, double before)
{
  return !isfinite (before) || now == before;
}

gboolean
spqr_protocol_is_repeated (GPtrArray *evals, guint index)
{
  const SpqrRunEval *eval = evals->pdata[index];

  for (guint i = index + 1; eval->task == NULL && isfinite (eval->ppl) && i < evals->len; i++)
    {
      const SpqrRunEval *later = evals->pdata[i];

      if (later->task == NULL && spqr_protocol_equal (eval, later) && g_strcmp0 (eval->backend, later->backend) == 0 &&
          later->ppl == eval->ppl && tells_as_much (later->ppl_base, eval->ppl_base) && tells_as_much (later->kl, eval->kl) &&
          tells_as_much (later->top1_agreement, eval->top1_agreement))
        return TRUE;
    }
  return FALSE;
}

char *
spqr_protocol_describe (const SpqrRunEval *eval)
{
  g_autofree char *name = g_path_get_basename (eval->data != NULL ? eval->data : "–");

  return g_strdup_printf (ngettext ("%s, %" PRId64 " window of %d tokens", "%s, %" PRId64 " windows of %d tokens", (gulong) eval->windows),
                          name, eval->windows, eval->seqlen);
}

char *
spqr_protocol_difference (const SpqrRunEval *a, const SpqrRunEval *b)
{
  if (a->tokenizer_fingerprint != NULL && b->tokenizer_fingerprint != NULL &&
      g_strcmp0 (a->tokenizer_fingerprint, b->tokenizer_fingerprint) != 0)
    return g_strdup (_("other tokenizers: a token is not the same piece of text"));
  if (g_strcmp0 (a->data_fingerprint, b->data_fingerprint) != 0)
    return g_strdup (_("other text, or the same text made into other tokens"));
  if (a->seqlen != b->seqlen)
    return g_strdup_printf (_("windows of %d and of %d tokens: a longer window sees more of what went before"), a->seqlen, b->seqlen);
  if (a->windows != b->windows)
    return g_strdup_printf (ngettext ("%" PRId64 " and %" PRId64 " window: not the same part of the text",
                                      "%" PRId64 " and %" PRId64 " windows: not the same part of the text", (gulong) b->windows),
                            a->windows, b->windows);
  return NULL;
}

static const SpqrRunEval *
find_equal (const SpqrReport *report, const SpqrRunEval *like)
{
  for (guint i = report->evals->len; i > 0; i--)
    if (is_perplexity (report->evals->pdata[i - 1]) && spqr_protocol_equal (report->evals->pdata[i - 1], like))
      return report->evals->pdata[i - 1];
  return NULL;
}

static gboolean
one_model (GPtrArray *reports)
{
  for (guint i = 1; i < reports->len; i++)
    if (g_strcmp0 (((SpqrReport *) reports->pdata[0])->run->model_fingerprint, ((SpqrReport *) reports->pdata[i])->run->model_fingerprint) != 0)
      return FALSE;
  return TRUE;
}

static gboolean
is_listed (GPtrArray *shared, const SpqrRunEval *eval)
{
  for (guint i = 0; i < shared->len; i++)
    if (spqr_protocol_equal (((const SpqrRunEval **) shared->pdata[i])[0], eval))
      return TRUE;
  return FALSE;
}

GPtrArray *
spqr_protocols_shared (GPtrArray *reports)
{
  GPtrArray *shared = g_ptr_array_new_with_free_func (g_free);
  const SpqrReport *first = reports->len > 0 ? reports->pdata[0] : NULL;

  for (guint e = first != NULL && one_model (reports) ? first->evals->len : 0; e > 0; e--)
    {
      const SpqrRunEval *like = first->evals->pdata[e - 1];
      g_autofree const SpqrRunEval **evals = g_new0 (const SpqrRunEval *, reports->len);
      guint n = 0;

      if (!is_perplexity (like) || is_listed (shared, like))
        continue;
      for (guint i = 0; i < reports->len && (evals[i] = find_equal (reports->pdata[i], like)) != NULL; i++)
        n++;
      if (n == reports->len)
        g_ptr_array_add (shared, g_steal_pointer (&evals));
    }
  return shared;
}

static const SpqrRunEval *
last_perplexity (const SpqrReport *report)
{
  for (guint i = report->evals->len; i > 0; i--)
    if (is_perplexity (report->evals->pdata[i - 1]))
      return report->evals->pdata[i - 1];
  return NULL;
}

static gboolean
share_one (const SpqrReport *a, const SpqrReport *b)
{
  for (guint i = 0; i < a->evals->len; i++)
    if (is_perplexity (a->evals->pdata[i]) && find_equal (b, a->evals->pdata[i]) != NULL)
      return TRUE;
  return FALSE;
}

/* In what the newest of each differ; NULL: they share another one. */
static char *
explain_pair (const SpqrReport *a, const SpqrReport *b)
{
  g_autofree char *difference = share_one (a, b) ? NULL : spqr_protocol_difference (last_perplexity (a), last_perplexity (b));

  if (difference == NULL)
    return NULL;
  return g_strdup_printf (_("The perplexities of runs %" PRId64 " and %" PRId64 " cannot be compared: %s. Evaluate both in the same way."),
                          a->run->id, b->run->id, difference);
}

char *
spqr_protocols_explain (GPtrArray *reports)
{
  if (!one_model (reports))
    return g_strdup (_("The runs are of different models: their perplexities cannot be compared."));
  for (guint i = 0; i < reports->len; i++)
    if (last_perplexity (reports->pdata[i]) == NULL)
      return g_strdup_printf (_("The perplexity of run %" PRId64 " has not been measured: there is nothing to compare with."),
                              ((const SpqrReport *) reports->pdata[i])->run->id);
  for (guint i = 1; i < reports->len; i++)
    {
      char *why = explain_pair (reports->pdata[0], reports->pdata[i]);

      if (why != NULL)
        return why;
    }
  return g_strdup (_("The runs were not all measured in one way: their perplexities cannot be compared."));
}
