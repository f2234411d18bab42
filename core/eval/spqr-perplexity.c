#include "eval/spqr-perplexity.h"

#include <math.h>
#include <string.h>

#include "compute/spqr-cancel.h"
#include "eval/spqr-sweep.h"
#include "net/spqr-head.h"
#include "net/spqr-memory.h"

typedef struct {
  SpqrNet *net, *base;
  const gint32 *ids;
  gsize windows, seqlen;
  gsize a_batch;                  /* windows that go through a block together */
  gsize a_chunk;                  /* windows whose hidden states can be held at a time */
  const SpqrKeeper *keeper;
  SpqrExec exec;
  SpqrSweepProgress progress;
  float *hidden, *base_hidden;    /* (a_chunk · seqlen, hidden) */
  SpqrSegment *segments;          /* of a whole batch */
  SpqrSweepBatch *batches;
  SpqrPrediction *predictions;    /* (a_batch · seqlen) */
  gint32 *targets;                /* the same */
  SpqrPerplexity *result;
  SpqrMeasured *measured;         /* (windows) */
} Evaluation;

void
spqr_perplexity_clear (SpqrPerplexity *result)
{
  g_clear_pointer (&result->window_nll, g_free);
  memset (result, 0, sizeof *result);
}

static void
evaluation_clear (Evaluation *self)
{
  gsize rows = self->a_chunk * self->seqlen;

  if (self->hidden != NULL)
    spqr_memory_free_later (self->hidden, rows * spqr_net_get_config (self->net)->hidden * sizeof (float));
  if (self->base_hidden != NULL)
    spqr_memory_free_later (self->base_hidden, rows * spqr_net_get_config (self->base)->hidden * sizeof (float));
  g_free (self->segments);
  g_free (self->batches);
  g_free (self->predictions);
  g_free (self->targets);
  g_free (self->measured);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Evaluation, evaluation_clear)

static gsize
row_bytes (const Evaluation *self)
{
  gsize width = spqr_net_get_config (self->net)->hidden;

  if (self->base != NULL)
    width += spqr_net_get_config (self->base)->hidden;
  return width * sizeof (float);
}

/* Windows of one batch and of one chunk; whole batches in a chunk, so that the numbers do not depend
 * on the memory. */
static void
choose_sizes (Evaluation *self)
{
  gsize rows = spqr_sweep_rows_in_memory (row_bytes (self));

  self->a_batch = MIN (MAX (SPQR_SWEEP_ROWS / self->seqlen, 1), self->windows);
  self->a_chunk = MAX (rows / self->seqlen / self->a_batch, 1) * self->a_batch;
  self->a_chunk = MIN (self->a_chunk, (self->windows + self->a_batch - 1) / self->a_batch * self->a_batch);
}

static float *
alloc_hidden (const Evaluation *self, SpqrNet *net, GError **error)
{
  gsize n;
  float *hidden = NULL;

  if (g_size_checked_mul (&n, self->a_chunk * self->seqlen, spqr_net_get_config (net)->hidden))
    hidden = g_try_new (float, n);
  if (hidden == NULL)
    g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_NO_MEMORY,
                 "Not enough memory for the hidden states of %" G_GSIZE_FORMAT " windows of %" G_GSIZE_FORMAT
                 " tokens; use a shorter window", self->a_chunk, self->seqlen);
  return hidden;
}

static gboolean
evaluation_alloc (Evaluation *self, GError **error)
{
  gsize batches = self->a_chunk / self->a_batch;

  self->hidden = alloc_hidden (self, self->net, error);
  if (self->hidden == NULL)
    return FALSE;
  if (self->base != NULL && (self->base_hidden = alloc_hidden (self, self->base, error)) == NULL)
    return FALSE;
  self->segments = g_try_new0 (SpqrSegment, self->a_batch);
  self->batches = g_try_new0 (SpqrSweepBatch, batches);
  self->predictions = g_try_new0 (SpqrPrediction, self->a_batch * self->seqlen);
  self->targets = g_try_new0 (gint32, self->a_batch * self->seqlen);
  self->measured = g_try_new0 (SpqrMeasured, self->windows);
  self->result->window_nll = g_try_new0 (double, self->windows);
  if (self->segments == NULL || self->batches == NULL || self->predictions == NULL || self->targets == NULL ||
      self->measured == NULL || self->result->window_nll == NULL)
    {
      g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_NO_MEMORY,
                   "Not enough memory for %" G_GSIZE_FORMAT " windows", self->windows);
      return FALSE;
    }
  for (gsize s = 0; s < self->a_batch; s++)
    self->segments[s] = (SpqrSegment) { .first = s * self->seqlen, .count = self->seqlen, .parent = -1 };
  return TRUE;
}

/* The windows first … first + count - 1 through one network, up to its last block. */
static gboolean
chunk_hidden (Evaluation *self, SpqrNet *net, float *hidden, gsize first, gsize count, const char *which, GError **error)
{
  g_autofree char *what = count > 1 ? g_strdup_printf ("%swindows %" G_GSIZE_FORMAT " to %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT,
                                                       which, first + 1, first + count, self->windows)
                                    : g_strdup_printf ("%swindow %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT, which, first + 1, self->windows);
  gsize width = spqr_net_get_config (net)->hidden;
  gsize n_batches = 0;

  for (gsize w = 0; w < count; w++)
    {
      if (spqr_exec_should_stop (&self->exec))
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Cancelled");
          return FALSE;
        }
      if (!spqr_net_embed (net, self->ids + (first + w) * self->seqlen, self->seqlen, 0,
                           hidden + w * self->seqlen * width, error))
        return FALSE;
    }
  for (gsize w = 0; w < count; w += self->a_batch)
    {
      gsize n = MIN (self->a_batch, count - w);

      self->batches[n_batches++] = (SpqrSweepBatch) { w * self->seqlen, n * self->seqlen, self->segments, n };
    }
  return spqr_sweep_run (net, hidden, self->batches, n_batches, what, &self->progress, &self->exec, error);
}

static void
take_window (Evaluation *self, gsize window, const SpqrPrediction *predictions)
{
  gsize n = self->seqlen - 1;
  SpqrMeasured *measured = &self->measured[window];

  *measured = (SpqrMeasured) { 0 };
  for (gsize t = 0; t < n; t++)
    {
      measured->nll += predictions[t].nll;
      measured->base_nll += predictions[t].base_nll;
      measured->kl += predictions[t].kl;
      measured->agreed += predictions[t].top1 == predictions[t].base_top1;
    }
  measured->nll /= n;
  measured->base_nll /= n;
  measured->kl /= n;
}

/* Predictions of n windows, the first of which is number w of the chunk. The last row of a window
 * predicts nothing; it goes along, with its own id for a target, so that the rows have no gaps. */
static gboolean
batch_predict (Evaluation *self, gsize first, gsize w, gsize n, GError **error)
{
  gsize width = spqr_net_get_config (self->net)->hidden, rows = n * self->seqlen;
  const gint32 *ids = self->ids + (first + w) * self->seqlen;
  const float *base_hidden = NULL;

  for (gsize t = 0; t < rows; t++)
    self->targets[t] = ids[t % self->seqlen == self->seqlen - 1 ? t : t + 1];
  if (self->base != NULL)
    base_hidden = self->base_hidden + w * self->seqlen * spqr_net_get_config (self->base)->hidden;
  if (!spqr_net_predict (self->net, self->hidden + w * self->seqlen * width, self->base, base_hidden, rows, self->targets,
                         self->predictions, &self->exec, error))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    take_window (self, first + w + i, self->predictions + i * self->seqlen);
  return TRUE;
}

static gboolean
chunk_predict (Evaluation *self, gsize first, gsize count, GError **error)
{
  double work = spqr_sweep_head_work (self->net) + (self->base != NULL ? spqr_sweep_head_work (self->base) : 0);

  for (gsize w = 0; w < count; w += self->a_batch)
    {
      gsize n = MIN (self->a_batch, count - w);
      g_autofree char *what = g_strdup_printf ("window %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT, first + w + n, self->windows);

      if (!batch_predict (self, first, w, n, error))
        return FALSE;
      spqr_keeper_add (self->keeper, first + w, self->measured + first + w, n);
      spqr_sweep_progress_add (&self->progress, work * n * self->seqlen, what);
    }
  return TRUE;
}

/* Of one field of all windows. */
static void
mean_and_error (const Evaluation *self, gsize field, double *mean, double *standard_error)
{
  gsize n = self->windows;
  double sum = 0, squares = 0;

  for (gsize i = 0; i < n; i++)
    sum += G_STRUCT_MEMBER (double, &self->measured[i], field);
  *mean = sum / n;
  for (gsize i = 0; i < n; i++)
    {
      double distance = G_STRUCT_MEMBER (double, &self->measured[i], field) - *mean;

      squares += distance * distance;
    }
  *standard_error = n > 1 ? sqrt (squares / (n - 1) / n) : NAN;
}

static void
evaluation_finish (Evaluation *self)
{
  SpqrPerplexity *result = self->result;
  double nll_error, base_nll, base_error;
  gint64 agreed = 0;

  result->seqlen = self->seqlen;
  result->windows = self->windows;
  result->tokens = self->windows * (self->seqlen - 1);
  for (gsize w = 0; w < self->windows; w++)
    {
      result->window_nll[w] = self->measured[w].nll;
      agreed += self->measured[w].agreed;
    }
  mean_and_error (self, G_STRUCT_OFFSET (SpqrMeasured, nll), &result->nll, &nll_error);
  result->ppl = exp (result->nll);
  result->ppl_stderr = result->ppl * nll_error;
  result->kl = result->kl_stderr = result->top1_agreement = result->base_ppl = NAN;
  if (self->base == NULL)
    return;
  mean_and_error (self, G_STRUCT_OFFSET (SpqrMeasured, kl), &result->kl, &result->kl_stderr);
  mean_and_error (self, G_STRUCT_OFFSET (SpqrMeasured, base_nll), &base_nll, &base_error);
  result->base_ppl = exp (base_nll);
  result->top1_agreement = (double) agreed / result->tokens;
}

static gboolean
check_windows (Evaluation *self, gsize n_ids, GError **error)
{
  if (self->seqlen < 2)
    {
      g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE,
                   "A window of %" G_GSIZE_FORMAT " tokens predicts nothing; it needs at least 2", self->seqlen);
      return FALSE;
    }
  if (self->windows == 0)
    {
      g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE,
                   "The text has %" G_GSIZE_FORMAT " tokens, less than one window of %" G_GSIZE_FORMAT
                   "; use a longer text or a shorter window", n_ids, self->seqlen);
      return FALSE;
    }
  for (gsize i = 0; i < self->windows * self->seqlen; i++)
    if (self->ids[i] < 0 || self->ids[i] >= spqr_net_get_config (self->net)->vocab)
      {
        g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_OUT_OF_VOCABULARY,
                     "Token id %d at place %" G_GSIZE_FORMAT " is not in the vocabulary of %d ids; was the text made with "
                     "another model's tokenizer?",
                     self->ids[i], i, spqr_net_get_config (self->net)->vocab);
        return FALSE;
      }
  if (self->base != NULL && spqr_net_get_config (self->base)->vocab != spqr_net_get_config (self->net)->vocab)
    {
      g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE,
                   "The base model has a vocabulary of %d ids and the model one of %d: their predictions cannot be compared",
                   spqr_net_get_config (self->base)->vocab, spqr_net_get_config (self->net)->vocab);
      return FALSE;
    }
  return TRUE;
}

static double
work_of (const Evaluation *self, SpqrNet *net)
{
  if (net == NULL)
    return 0;
  return (double) self->windows * self->seqlen *
         (spqr_sweep_block_work (net) * spqr_net_get_config (net)->n_blocks + spqr_sweep_head_work (net));
}

/* What an earlier sitting had, in whole batches: it kept nothing else. */
static gsize
take_known (Evaluation *self)
{
  gsize known = spqr_keeper_get (self->keeper, self->measured, self->windows);

  if (known < self->windows)
    known -= known % self->a_batch;
  self->result->known = known;
  if (known > 0)
    {
      g_autofree char *what = g_strdup_printf ("window %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT, known, self->windows);

      spqr_sweep_progress_add (&self->progress, self->progress.total * known / self->windows, what);
    }
  return known;
}

static gboolean
evaluation_run (Evaluation *self, GError **error)
{
  gsize batches = 1, count;

  for (gsize first = take_known (self); first < self->windows; first += count)
    {
      count = MIN (batches * self->a_batch, self->windows - first);
      if (!chunk_hidden (self, self->net, self->hidden, first, count, self->base != NULL ? "model, " : "", error))
        return FALSE;
      if (self->base != NULL && !chunk_hidden (self, self->base, self->base_hidden, first, count, "base model, ", error))
        return FALSE;
      if (!chunk_predict (self, first, count, error))
        return FALSE;
      batches = spqr_sweep_choose_batches (&self->progress, batches, self->a_chunk / self->a_batch);
    }
  return TRUE;
}

gboolean
spqr_perplexity_compute (SpqrNet *net, SpqrNet *base, const gint32 *ids, gsize n_ids, guint seqlen, gsize max_windows,
                         const SpqrKeeper *keeper, SpqrProgressFunc progress, gpointer user_data, GCancellable *cancellable,
                         SpqrPerplexity *result, GError **error)
{
  g_auto (Evaluation) self = { .net = net, .base = base, .ids = ids, .seqlen = seqlen, .result = result,
                               .keeper = keeper, .progress = { progress, user_data } };
  gint64 begin = g_get_monotonic_time ();

  g_return_val_if_fail (net != NULL && result != NULL && (ids != NULL || n_ids == 0), FALSE);
  memset (result, 0, sizeof *result);
  self.windows = seqlen > 0 ? n_ids / seqlen : 0;
  if (max_windows > 0)
    self.windows = MIN (self.windows, max_windows);
  self.exec = spqr_exec_for_cancellable (cancellable);
  if (!check_windows (&self, n_ids, error))
    return FALSE;
  choose_sizes (&self);
  self.progress.total = work_of (&self, net) + work_of (&self, base);
  if (!evaluation_alloc (&self, error) || !evaluation_run (&self, error))
    {
      spqr_perplexity_clear (result);
      return FALSE;
    }
  evaluation_finish (&self);
  result->seconds = (g_get_monotonic_time () - begin) / 1e6;
  return TRUE;
}
