/* spqr-logprob.c: a group is a context and the continuations asked for after it, one after another. Its
 * rows are those of the context, then those of each continuation without its last id, which sees
 * the context's keys by way of its parent segment. Groups fill batches, batches fill chunks. What is in a group
 * and in a batch does not depend on the memory, so that a later sitting makes the same ones. */
#include "eval/spqr-logprob.h"

#include <math.h>
#include <string.h>

#include "compute/spqr-cancel.h"
#include "eval/spqr-sweep.h"
#include "net/spqr-head.h"
#include "net/spqr-memory.h"

/* A request after the cut from the left. */
typedef struct {
  const gint32 *context, *continuation;
  gsize n_context, n_continuation;
  gsize context_row;              /* row of the chunk that holds the context's last id */
  gsize row;                      /* row of the continuation's first id */
} Item;

typedef struct {
  SpqrNet *net;
  Item *items;
  gsize n_items;
  const SpqrKeeper *keeper;
  SpqrExec exec;
  SpqrSweepProgress progress;
  /* The chunk: */
  float *hidden;
  gsize rows, capacity;           /* rows used, and room for */
  guint most_batches;             /* in a chunk */
  GArray *segments;               /* SpqrSegment */
  GArray *batches;                /* SpqrSweepBatch, whose n_segments count; pointers are set at the end */
} Logprobs;

static void
logprobs_clear (Logprobs *self)
{
  g_free (self->items);
  spqr_memory_free_later (self->hidden, self->capacity * spqr_net_get_config (self->net)->hidden * sizeof (float));
  g_clear_pointer (&self->segments, g_array_unref);
  g_clear_pointer (&self->batches, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Logprobs, logprobs_clear)

/* Ids beyond max_length + 1 (the last one is only predicted) are cut off the left. */
static gboolean
item_init (Item *item, const SpqrLogprobRequest *request, gsize index, gsize max_length, gsize *dropped, GError **error)
{
  gsize length = request->n_context + request->n_continuation;

  if (request->n_context == 0)
    {
      g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE,
                   "Request %" G_GSIZE_FORMAT " has an empty context; begin it with the model's first special id", index);
      return FALSE;
    }
  *dropped = length > max_length + 1 ? length - max_length - 1 : 0;
  if (*dropped >= request->n_context && request->n_continuation > 0)
    {
      g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE,
                   "Request %" G_GSIZE_FORMAT ": a continuation of %" G_GSIZE_FORMAT
                   " ids leaves no room for its context in %" G_GSIZE_FORMAT " ids",
                   index, request->n_continuation, max_length);
      return FALSE;
    }
  *item = (Item) { request->context + *dropped, request->continuation, request->n_context - *dropped, request->n_continuation };
  return TRUE;
}

static gboolean
same_context (const Item *a, const Item *b)
{
  return a->n_context == b->n_context &&
         (a->context == b->context || memcmp (a->context, b->context, a->n_context * sizeof *a->context) == 0);
}

static gsize
item_rows (const Item *item)
{
  return item->n_continuation > 1 ? item->n_continuation - 1 : 0;
}

/* The end of the group that begins at item i, and its rows. */
static gsize
group_end (const Logprobs *self, gsize i, gsize *rows)
{
  gsize end = i;

  *rows = self->items[i].n_context;
  do
    *rows += item_rows (&self->items[end++]);
  while (end < self->n_items && same_context (&self->items[i], &self->items[end]) &&
         *rows - self->items[i].n_context < SPQR_SWEEP_ROWS);
  return end;
}

static gboolean
chunk_embed (Logprobs *self, const gint32 *ids, gsize n, gsize position0, GError **error)
{
  gsize width = spqr_net_get_config (self->net)->hidden;

  if (!spqr_net_embed (self->net, ids, n, position0, self->hidden + self->rows * width, error))
    return FALSE;
  self->rows += n;
  return TRUE;
}

/* The chunk's last batch, or a new one where that has no room for rows more; NULL: the chunk is full. A
 * whole batch's room is set aside for a new one: the end of the chunk shall not be that of a batch. */
static SpqrSweepBatch *
chunk_batch (Logprobs *self, gsize rows)
{
  SpqrSweepBatch *last = self->batches->len > 0 ? &g_array_index (self->batches, SpqrSweepBatch, self->batches->len - 1) : NULL;
  SpqrSweepBatch fresh = { .row0 = self->rows };

  if (last != NULL && last->rows + rows <= SPQR_SWEEP_ROWS)
    return last;
  if (self->batches->len == self->most_batches || MAX (rows, SPQR_SWEEP_ROWS) > self->capacity - self->rows)
    return NULL;
  g_array_append_val (self->batches, fresh);
  return &g_array_index (self->batches, SpqrSweepBatch, self->batches->len - 1);
}

/* Appends a segment with its embeddings. */
static gboolean
chunk_add_segment (Logprobs *self, SpqrSweepBatch *batch, const gint32 *ids, gsize n, gsize position0, int parent, GError **error)
{
  SpqrSegment segment = { .first = self->rows - batch->row0, .count = n, .position0 = position0, .parent = parent };

  g_array_append_val (self->segments, segment);
  batch->n_segments++;
  batch->rows += n;
  return chunk_embed (self, ids, n, position0, error);
}

/* Appends the items begin … end-1, which share a context. */
static gboolean
chunk_add_group (Logprobs *self, SpqrSweepBatch *batch, gsize begin, gsize end, GError **error)
{
  int parent = (int) batch->n_segments;
  gsize last;

  if (!chunk_add_segment (self, batch, self->items[begin].context, self->items[begin].n_context, 0, -1, error))
    return FALSE;
  last = self->rows - 1;
  for (gsize i = begin; i < end; i++)
    {
      Item *item = &self->items[i];

      item->context_row = last;
      item->row = self->rows;
      if (item_rows (item) > 0 &&
          !chunk_add_segment (self, batch, item->continuation, item_rows (item), item->n_context, parent, error))
        return FALSE;
    }
  return TRUE;
}

/* Gathers groups from item i on until the chunk is full; *end is the first item left. */
static gboolean
chunk_fill (Logprobs *self, gsize i, gsize *end, GError **error)
{
  gsize segment = 0;

  self->rows = 0;
  g_array_set_size (self->segments, 0);
  g_array_set_size (self->batches, 0);
  while (i < self->n_items)
    {
      gsize rows;
      gsize next = group_end (self, i, &rows);
      SpqrSweepBatch *batch = chunk_batch (self, rows);

      if (batch == NULL)
        break;
      if (spqr_exec_should_stop (&self->exec))
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Cancelled");
          return FALSE;
        }
      if (!chunk_add_group (self, batch, i, next, error))
        return FALSE;
      i = next;
    }
  for (guint b = 0; b < self->batches->len; b++)
    {
      SpqrSweepBatch *batch = &g_array_index (self->batches, SpqrSweepBatch, b);

      batch->segments = &g_array_index (self->segments, SpqrSegment, segment);
      segment += batch->n_segments;
    }
  *end = i;
  return TRUE;
}

/* Rows and targets of one item's predictions, appended. */
static void
gather_item (const Logprobs *self, const Item *item, float *rows, gint32 *targets)
{
  gsize width = spqr_net_get_config (self->net)->hidden;

  for (gsize t = 0; t < item->n_continuation; t++)
    {
      gsize row = t == 0 ? item->context_row : item->row + t - 1;

      memcpy (rows + t * width, self->hidden + row * width, width * sizeof *rows);
      targets[t] = item->continuation[t];
    }
}

static void
score_item (const Item *item, const SpqrPrediction *predictions, SpqrLogprob *result)
{
  result->logprob = 0;
  result->greedy = TRUE;
  for (gsize t = 0; t < item->n_continuation; t++)
    {
      result->logprob -= predictions[t].nll;
      result->greedy &= predictions[t].top1 == item->continuation[t];
    }
}

/* Items begin … end-1, whose predictions are taken together. */
static gboolean
score_items (Logprobs *self, gsize begin, gsize end, gsize n, SpqrLogprob *results, GError **error)
{
  gsize width = spqr_net_get_config (self->net)->hidden;
  g_autofree float *rows = g_try_new (float, n * width + 1);
  g_autofree gint32 *targets = g_try_new (gint32, n + 1);
  g_autofree SpqrPrediction *predictions = g_try_new (SpqrPrediction, n + 1);
  gsize at = 0;

  if (rows == NULL || targets == NULL || predictions == NULL)
    {
      g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_NO_MEMORY, "Not enough memory for %" G_GSIZE_FORMAT " predictions", n);
      return FALSE;
    }
  for (gsize i = begin; i < end; at += self->items[i++].n_continuation)
    gather_item (self, &self->items[i], rows + at * width, targets + at);
  if (!spqr_net_predict (self->net, rows, NULL, NULL, n, targets, predictions, &self->exec, error))
    return FALSE;
  at = 0;
  for (gsize i = begin; i < end; at += self->items[i++].n_continuation)
    score_item (&self->items[i], predictions + at, &results[i]);
  return TRUE;
}

/* The row after the batch that holds a row of the chunk. */
static gsize
batch_end (const Logprobs *self, gsize row)
{
  const SpqrSweepBatch *batches = (const SpqrSweepBatch *) (gpointer) self->batches->data;
  guint b = 0;

  while (b + 1 < self->batches->len && batches[b + 1].row0 <= row)
    b++;
  return batches[b].row0 + batches[b].rows;
}

/* The end of the items from `begin` on whose n predictions are taken together. All of them are of one batch: a
 * product's last bits depend on its shape, and how many batches a chunk has depends on the time they take. */
static gsize
piece_end (const Logprobs *self, gsize begin, gsize end, gsize *n)
{
  gsize rows_end = batch_end (self, self->items[begin].context_row), next = begin;

  *n = 0;
  while (next < end && self->items[next].context_row < rows_end &&
         (next == begin || *n + self->items[next].n_continuation <= SPQR_SWEEP_ROWS))
    *n += self->items[next++].n_continuation;
  return next;
}

static gboolean
chunk_score (Logprobs *self, gsize begin, gsize end, SpqrLogprob *results, GError **error)
{
  while (begin < end)
    {
      gsize n;
      gsize next = piece_end (self, begin, end, &n);
      g_autofree char *what = NULL;

      if (!score_items (self, begin, next, n, results, error))
        return FALSE;
      what = g_strdup_printf ("request %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT, next, self->n_items);
      spqr_sweep_progress_add (&self->progress, spqr_sweep_head_work (self->net) * n, what);
      begin = next;
    }
  return TRUE;
}

static gboolean
logprobs_init (Logprobs *self, const SpqrLogprobRequest *requests, gsize n, gsize max_length,
               SpqrLogprob *results, GError **error)
{
  const SpqrConfig *config = spqr_net_get_config (self->net);
  gsize total = 0, most = 1;

  self->items = g_try_new0 (Item, n + 1);
  if (self->items == NULL)
    {
      g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_NO_MEMORY, "Not enough memory for %" G_GSIZE_FORMAT " requests", n);
      return FALSE;
    }
  self->n_items = n;
  for (gsize i = 0; i < n; i++)
    if (!item_init (&self->items[i], &requests[i], i, max_length, &results[i].dropped, error))
      return FALSE;
  for (gsize i = 0; i < n; )
    {
      gsize rows;
      gsize end = group_end (self, i, &rows);

      for (gsize k = i; k < end; k++)
        self->progress.total += spqr_sweep_head_work (self->net) * self->items[k].n_continuation;
      total += rows;
      most = MAX (most, self->items[i].n_context + max_length);
      i = end;
    }
  self->progress.total += spqr_sweep_block_work (self->net) * config->n_blocks * total;
  /* Room for the largest group at least: its context, the limit of a group, and the one that goes beyond it. */
  self->capacity = MIN (spqr_sweep_rows_in_memory (config->hidden * sizeof (float)), total);
  self->capacity = MAX (self->capacity, most + SPQR_SWEEP_ROWS);
  self->most_batches = 1;
  self->hidden = g_try_new (float, self->capacity * config->hidden);
  self->segments = g_array_new (FALSE, FALSE, sizeof (SpqrSegment));
  self->batches = g_array_new (FALSE, FALSE, sizeof (SpqrSweepBatch));
  if (self->hidden != NULL)
    return TRUE;
  g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_NO_MEMORY,
               "Not enough memory for the hidden states of %" G_GSIZE_FORMAT " tokens", self->capacity);
  return FALSE;
}

/* What an earlier sitting had. */
static gsize
take_known (Logprobs *self, SpqrLogprob *results)
{
  g_autofree SpqrMeasured *measured = g_new (SpqrMeasured, self->n_items + 1);
  gsize known = spqr_keeper_get (self->keeper, measured, self->n_items);

  for (gsize i = 0; i < known; i++)
    {
      results[i].logprob = -measured[i].nll;
      results[i].greedy = measured[i].agreed != 0;
    }
  if (known > 0)
    {
      g_autofree char *what = g_strdup_printf ("request %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT, known, self->n_items);

      spqr_sweep_progress_add (&self->progress, self->progress.total * known / self->n_items, what);
    }
  return known;
}

static void
keep (Logprobs *self, gsize begin, gsize end, const SpqrLogprob *results)
{
  g_autofree SpqrMeasured *measured = g_new0 (SpqrMeasured, end - begin);

  for (gsize i = begin; i < end; i++)
    measured[i - begin] = (SpqrMeasured) { -results[i].logprob, NAN, NAN, results[i].greedy };
  spqr_keeper_add (self->keeper, begin, measured, end - begin);
}

gboolean
spqr_logprob_compute (SpqrNet *net, const SpqrLogprobRequest *requests, gsize n, gsize max_length, const SpqrKeeper *keeper,
                      gsize *known, SpqrProgressFunc progress, gpointer user_data, GCancellable *cancellable,
                      SpqrLogprob *results, GError **error)
{
  gsize first;
  g_auto (Logprobs) self = { .net = net, .keeper = keeper, .progress = { progress, user_data }, .exec = spqr_exec_for_cancellable (cancellable) };

  g_return_val_if_fail (net != NULL && (n == 0 || (requests != NULL && results != NULL)), FALSE);
  if (max_length == 0)
    max_length = spqr_net_get_config (net)->context;
  if (!logprobs_init (&self, requests, n, max_length, results, error))
    return FALSE;
  first = take_known (&self, results);
  if (known != NULL)
    *known = first;
  for (gsize begin = first, end; begin < n; begin = end)
    {
      if (!chunk_fill (&self, begin, &end, error) ||
          !spqr_sweep_run (net, self.hidden, (SpqrSweepBatch *) (gpointer) self.batches->data, self.batches->len, "tasks",
                           &self.progress, &self.exec, error) ||
          !chunk_score (&self, begin, end, results, error))
        return FALSE;
      keep (&self, begin, end, results);
      self.most_batches = spqr_sweep_choose_batches (&self.progress, self.most_batches, G_MAXUINT / 2);
    }
  return TRUE;
}
