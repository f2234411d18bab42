#include "net/spqr-generate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compute/spqr-cancel.h"
#include "net/spqr-memory.h"
#include "net/spqr-net-private.h"

typedef struct {
  SpqrNet *net;
  SpqrExec exec;
  guint n_blocks;
  SpqrBlock **blocks;       /* NULL: load each when it is needed */
  SpqrKeyValues *caches;    /* (n_blocks) */
  float *hidden;            /* (prompt, hidden) */
  float *logits;            /* (vocab) */
  float *kept;              /* (vocab): room for choosing */
  GRand *random;
  guint64 weight_bytes;     /* of all blocks as they are held */
} Generator;

/* Loads them all, if they fit; the first one tells how much room its like take. */
static gboolean
keep_blocks (Generator *self, GError **error)
{
  guint64 room = spqr_memory_available () / 2, bytes = 0;

  self->blocks = g_new0 (SpqrBlock *, self->n_blocks);
  for (guint b = 0; b < self->n_blocks; b++)
    {
      self->blocks[b] = spqr_net_load_block_packed (self->net, b, &self->exec, error);
      if (self->blocks[b] == NULL)
        return FALSE;
      bytes += spqr_block_get_bytes (self->blocks[b]);
      self->weight_bytes = bytes;
      if (bytes / (b + 1) * self->n_blocks <= room)
        continue;
      for (guint i = 0; i <= b; i++)
        spqr_block_free (self->blocks[i]);
      g_clear_pointer (&self->blocks, g_free);
      self->weight_bytes = bytes / (b + 1) * self->n_blocks;
      return TRUE;
    }
  return TRUE;
}

static void
generator_clear (Generator *self)
{
  for (guint b = 0; b < self->n_blocks; b++)
    {
      if (self->blocks != NULL)
        spqr_block_free (self->blocks[b]);
      if (self->caches != NULL)
        spqr_key_values_clear (&self->caches[b]);
    }
  g_free (self->blocks);
  g_free (self->caches);
  g_free (self->hidden);
  g_free (self->logits);
  g_free (self->kept);
  g_clear_pointer (&self->random, g_rand_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Generator, generator_clear)

static gboolean
generator_init (Generator *self, SpqrNet *net, gsize n_prompt, gsize length, guint64 seed, GCancellable *cancellable,
                GError **error)
{
  const guint32 seeds[] = { (guint32) seed, (guint32) (seed >> 32) };

  self->net = net;
  self->exec = spqr_exec_for_cancellable (cancellable);
  self->n_blocks = net->config->n_blocks;
  self->random = g_rand_new_with_seed_array (seeds, G_N_ELEMENTS (seeds));
  self->caches = g_new0 (SpqrKeyValues, self->n_blocks);
  for (guint b = 0; b < self->n_blocks; b++)
    if (!spqr_key_values_init (&self->caches[b], net, length, error))
      return FALSE;
  if (!keep_blocks (self, error))
    return FALSE;
  self->hidden = spqr_net_alloc (n_prompt, net->hidden, "the prompt", error);
  self->logits = self->hidden != NULL ? spqr_net_alloc (1, net->config->vocab, "the logits", error) : NULL;
  self->kept = self->logits != NULL ? spqr_net_alloc (1, net->config->vocab, "the logits", error) : NULL;
  return self->kept != NULL;
}

/* Takes n ids in, the first at position0; logits become those of the last one. */
static gboolean
generator_feed (Generator *self, const gint32 *ids, gsize n, gsize position0, GError **error)
{
  SpqrSegment segment = { .count = n, .position0 = position0, .parent = -1 };

  if (!spqr_net_embed (self->net, ids, n, position0, self->hidden, error))
    return FALSE;
  for (guint b = 0; b < self->n_blocks; b++)
    {
      g_autoptr (SpqrBlock) loaded = NULL;
      SpqrBlock *block = self->blocks != NULL ? self->blocks[b] : NULL;

      if (block == NULL)
        block = loaded = spqr_net_load_block_packed (self->net, b, &self->exec, error);
      segment.cache = &self->caches[b];
      if (block == NULL ||
          !spqr_net_run_segments (self->net, block, self->hidden, n, &segment, 1, NULL, NULL, &self->exec, error))
        return FALSE;
    }
  return spqr_net_logits (self->net, self->hidden, n, n - 1, 1, self->logits, &self->exec, error);
}

static int
compare_descending (const void *a, const void *b)
{
  float x = *(const float *) a, y = *(const float *) b;

  return (x < y) - (x > y);
}

/* The k-th largest of x (n), which is reordered; Hoare's selection, a sort when little is left. */
static float
kth_largest (float *x, gsize n, gsize k)
{
  gsize low = 0, high = n;              /* it lies in low … high - 1 of the order */

  while (high - low > 16)
    {
      float pivot = x[low + (high - low) / 2];
      gsize i = low, j = high - 1;

      for (;; i++, j--)
        {
          float swap;

          while (x[i] > pivot)
            i++;
          while (x[j] < pivot)
            j--;
          if (i >= j)
            break;
          swap = x[i];
          x[i] = x[j];
          x[j] = swap;
        }
      if (k - 1 <= j)
        high = j + 1;
      else
        low = j + 1;
    }
  qsort (x + low, high - low, sizeof *x, compare_descending);
  return x[k - 1];
}

/* The first of the largest logits; -1 when there is no number among them. */
static gint32
likeliest (const float *logits, gsize n)
{
  gint32 best = -1;

  for (gsize v = 0; v < n; v++)
    if (!isnan (logits[v]) && (best < 0 || logits[v] > logits[best]))
      best = (gint32) v;
  return best;
}

static gint32
generator_draw (Generator *self, const SpqrGenerateOptions *options)
{
  gsize n = self->net->config->vocab;
  gint32 best = likeliest (self->logits, n);
  float least = -INFINITY;
  double sum = 0, at;
  gint32 last = best;

  if (best < 0 || !(options->temperature > 0))
    return best;
  for (gsize v = 0; v < n; v++)
    if (isnan (self->logits[v]))
      self->logits[v] = -INFINITY;
  if (options->top_k > 0 && options->top_k < n)
    {
      memcpy (self->kept, self->logits, n * sizeof (float));
      least = kth_largest (self->kept, n, options->top_k);
    }
  for (gsize v = 0; v < n; v++)
    if (self->logits[v] >= least)
      sum += exp (((double) self->logits[v] - self->logits[best]) / options->temperature);
  at = g_rand_double (self->random) * sum;
  for (gsize v = 0; v < n; v++)
    if (self->logits[v] >= least)
      {
        double p = exp (((double) self->logits[v] - self->logits[best]) / options->temperature);

        if (p > 0)
          last = (gint32) v;
        if (at < p)
          return (gint32) v;
        at -= p;
      }
  return last;
}

static gboolean
generator_run (Generator *self, const gint32 *prompt, gsize n_prompt, gsize most, const SpqrGenerateOptions *options,
               SpqrIdFunc on_id, gpointer user_data, gint32 *ids, gsize *n_ids, GError **error)
{
  *n_ids = 0;
  if (most == 0)
    return TRUE;
  if (!generator_feed (self, prompt, n_prompt, 0, error))
    return FALSE;
  for (;;)
    {
      gint32 id = generator_draw (self, options);

      if (id < 0)
        {
          g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_FAILED,
                       "%s: the network's output is not a number; are its weights damaged?",
                       spqr_model_get_name (self->net->model));
          return FALSE;
        }
      if (id == options->stop_id)
        return TRUE;
      ids[(*n_ids)++] = id;
      if ((on_id != NULL && !on_id (id, user_data)) || *n_ids == most)
        return TRUE;
      if (!generator_feed (self, &id, 1, n_prompt + *n_ids - 1, error))
        return FALSE;
    }
}

gint32 *
spqr_generate (SpqrNet *net, const gint32 *prompt, gsize n_prompt, const SpqrGenerateOptions *options, SpqrIdFunc on_id,
               gpointer user_data, GCancellable *cancellable, gsize *n_ids, GError **error)
{
  g_auto (Generator) generator = { NULL };
  g_autofree gint32 *ids = NULL;
  gsize context, most;

  g_return_val_if_fail (net != NULL && options != NULL && n_ids != NULL, NULL);
  context = net->config->context;
  if (n_prompt == 0 || n_prompt > context)
    {
      g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE,
                   "A prompt needs at least one id and at most the model's context of %" G_GSIZE_FORMAT
                   "; this one has %" G_GSIZE_FORMAT, context, n_prompt);
      return NULL;
    }
  most = MIN (options->max_tokens, context - n_prompt);
  ids = g_try_new (gint32, most + 1);
  if (ids == NULL)
    {
      spqr_net_check (SPQR_NO_MEMORY, "the generated ids", error);
      return NULL;
    }
  if (!generator_init (&generator, net, n_prompt, n_prompt + most, options->seed, cancellable, error))
    return NULL;
  if (options->weight_bytes != NULL)
    *options->weight_bytes = generator.weight_bytes;
  if (!generator_run (&generator, prompt, n_prompt, most, options, on_id, user_data, ids, n_ids, error))
    return NULL;
  return g_steal_pointer (&ids);
}
