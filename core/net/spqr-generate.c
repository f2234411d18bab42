#include "net/spqr-generate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compute/spqr-cancel.h"
#include "net/spqr-memory.h"
#include "net/spqr-net-private.h"

/* A block that is kept, and what it has seen: here, or on the net's device. */
typedef struct {
  SpqrBlock *block;         /* NULL: loaded each time it is needed */
  SpqrKeyValues here;
  gpointer there;           /* handle; NULL: the block is here */
} Kept;

typedef struct {
  SpqrNet *net;
  SpqrExec exec;
  guint n_blocks;
  Kept *kept;               /* (n_blocks) */
  gsize length;             /* of the whole text at most */
  gint32 *text;             /* (length + 1): the prompt and what came after it */
  gsize n_text, n_fed;      /* of those, through all blocks */
  float *hidden;            /* (hidden_rows, hidden) */
  gsize hidden_rows;
  float *logits;            /* (vocab) */
  float *room;              /* (vocab): for choosing */
  GRand *random;
  guint64 weight_bytes;     /* of all blocks as they are held */
} Generator;

static void
drop_kept (Generator *self, Kept *kept)
{
  g_clear_pointer (&kept->block, spqr_block_free);
  spqr_key_values_clear (&kept->here);
  if (kept->there != NULL)
    spqr_device_cache_close (spqr_net_get_device (self->net), kept->there);
  kept->there = NULL;
}

/* The blocks that fit there. */
static gboolean
keep_blocks_there (Generator *self, GError **error)
{
  gboolean fits = spqr_net_get_device (self->net) != NULL;

  for (guint b = 0; b < self->n_blocks && fits; b++)
    {
      Kept *kept = &self->kept[b];

      if (!spqr_net_load_block_there (self->net, b, self->length, &self->exec, &kept->block, &kept->there, error))
        return FALSE;
      fits = kept->block != NULL;
      if (fits)
        self->weight_bytes += spqr_block_get_bytes (kept->block);
    }
  return TRUE;
}

/* All others here, if they fit; the first ones tell how much room their like take. */
static gboolean
keep_blocks_here (Generator *self, GError **error)
{
  guint64 memory = spqr_memory_available () / 2, bytes = 0;
  guint first = 0, n = 0;

  while (first < self->n_blocks && self->kept[first].block != NULL)
    first++;
  for (guint b = first; b < self->n_blocks; b++)
    if (!spqr_key_values_init (&self->kept[b].here, self->net, self->length, error))
      return FALSE;
  for (guint b = first; b < self->n_blocks; b++)
    {
      self->kept[b].block = spqr_net_load_block_packed (self->net, b, &self->exec, error);
      if (self->kept[b].block == NULL)
        return FALSE;
      bytes += spqr_block_get_bytes (self->kept[b].block);
      n++;
      if (bytes / n * (self->n_blocks - first) <= memory)
        continue;
      for (guint i = first; i <= b; i++)
        g_clear_pointer (&self->kept[i].block, spqr_block_free);
      bytes = bytes / n * (self->n_blocks - first);
      break;
    }
  self->weight_bytes += bytes;
  return TRUE;
}

static guint
count_there (const Generator *self)
{
  guint n = 0;

  for (guint b = 0; b < self->n_blocks; b++)
    n += self->kept[b].there != NULL;
  return n;
}

static void
generator_clear (Generator *self)
{
  for (guint b = 0; b < self->n_blocks && self->kept != NULL; b++)
    drop_kept (self, &self->kept[b]);
  g_free (self->kept);
  g_free (self->text);
  g_free (self->hidden);
  g_free (self->logits);
  g_free (self->room);
  g_clear_pointer (&self->random, g_rand_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Generator, generator_clear)

static gboolean
generator_init (Generator *self, SpqrNet *net, const gint32 *prompt, gsize n_prompt, gsize length, guint64 seed, GCancellable *cancellable,
                GError **error)
{
  const guint32 seeds[] = { (guint32) seed, (guint32) (seed >> 32) };

  self->net = net;
  self->exec = spqr_exec_for_cancellable (cancellable);
  self->n_blocks = net->config->n_blocks;
  self->random = g_rand_new_with_seed_array (seeds, G_N_ELEMENTS (seeds));
  self->kept = g_new0 (Kept, self->n_blocks);
  self->length = length;
  self->text = g_try_new0 (gint32, length + 1);
  if (self->text == NULL)
    return spqr_net_check (SPQR_NO_MEMORY, "the text", error);
  memcpy (self->text, prompt, n_prompt * sizeof *prompt);
  self->n_text = n_prompt;
  if (!keep_blocks_there (self, error) || !keep_blocks_here (self, error))
    return FALSE;
  self->logits = spqr_net_alloc (1, net->config->vocab, "the logits", error);
  self->room = self->logits != NULL ? spqr_net_alloc (1, net->config->vocab, "the logits", error) : NULL;
  return self->room != NULL;
}

/* Rows n_fed … n_text-1 through one block. TRUE with *lost: the device failed; what it kept is gone. */
static gboolean
feed_block (Generator *self, guint b, gboolean *lost, GError **error)
{
  Kept *kept = &self->kept[b];
  SpqrSegment segment = { .count = self->n_text - self->n_fed, .position0 = self->n_fed, .parent = -1, .cache = &kept->here };
  g_autoptr (SpqrBlock) loaded = NULL;

  if (kept->there != NULL)
    {
      SpqrStatus status = spqr_block_run_cached (kept->block, kept->there, self->hidden, segment.count, self->n_fed, &self->exec);

      *lost = spqr_status_is_about_device (status);
      return *lost || spqr_net_check (status, "a block", error);
    }
  if (kept->block == NULL && (loaded = spqr_net_load_block_packed (self->net, b, &self->exec, error)) == NULL)
    return FALSE;
  return spqr_net_run_segments (self->net, kept->block != NULL ? kept->block : loaded, self->hidden, segment.count, &segment, 1, NULL, NULL,
                                &self->exec, error);
}

/* Everything here from now on, from the text's beginning. */
static gboolean
come_back (Generator *self, GError **error)
{
  for (guint b = 0; b < self->n_blocks; b++)
    drop_kept (self, &self->kept[b]);
  self->weight_bytes = 0;
  self->n_fed = 0;
  return keep_blocks_here (self, error);
}

static gboolean
make_logits (Generator *self, gsize rows, GError **error)
{
  SpqrStatus status = spqr_net_logits_there (self->net, self->hidden + (rows - 1) * self->net->hidden, self->logits, &self->exec);

  if (spqr_status_is_about_device (status))
    return spqr_net_logits (self->net, self->hidden, rows, rows - 1, 1, self->logits, &self->exec, error);
  return spqr_net_check (status, "the logits", error);
}

/* What of the text has not been seen goes through; logits become those behind its last id. */
static gboolean
generator_feed (Generator *self, GError **error)
{
  gsize rows = self->n_text - self->n_fed;
  gboolean lost = FALSE;

  if (rows > self->hidden_rows)
    {
      g_free (self->hidden);
      self->hidden = spqr_net_alloc (rows, self->net->hidden, "the text", error);
      self->hidden_rows = self->hidden != NULL ? rows : 0;
      if (self->hidden == NULL)
        return FALSE;
    }
  if (!spqr_net_embed (self->net, self->text + self->n_fed, rows, self->n_fed, self->hidden, error))
    return FALSE;
  for (guint b = 0; b < self->n_blocks && !lost; b++)
    if (!feed_block (self, b, &lost, error))
      return FALSE;
  if (lost)
    return come_back (self, error) && generator_feed (self, error);
  self->n_fed = self->n_text;
  return make_logits (self, rows, error);
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
      memcpy (self->room, self->logits, n * sizeof (float));
      least = kth_largest (self->room, n, options->top_k);
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

/* The text grows by `most` ids, or until it ends. */
static gboolean
generator_run (Generator *self, gsize most, const SpqrGenerateOptions *options, SpqrIdFunc on_id, gpointer user_data, GError **error)
{
  for (gsize n = 0; n < most;)
    {
      gint32 id;

      if (!generator_feed (self, error))
        return FALSE;
      id = generator_draw (self, options);
      if (id < 0)
        {
          g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_FAILED,
                       "%s: the network's output is not a number; are its weights damaged?",
                       spqr_model_get_name (self->net->model));
          return FALSE;
        }
      if (id == options->stop_id)
        return TRUE;
      self->text[self->n_text++] = id;
      n++;
      if (on_id != NULL && !on_id (id, user_data))
        return TRUE;
    }
  return TRUE;
}

gint32 *
spqr_generate (SpqrNet *net, const gint32 *prompt, gsize n_prompt, const SpqrGenerateOptions *options, SpqrIdFunc on_id,
               gpointer user_data, GCancellable *cancellable, gsize *n_ids, GError **error)
{
  g_auto (Generator) generator = { NULL };
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
  if (!generator_init (&generator, net, prompt, n_prompt, n_prompt + most, options->seed, cancellable, error))
    return NULL;
  if (!generator_run (&generator, most, options, on_id, user_data, error))
    return NULL;
  if (options->weight_bytes != NULL)
    *options->weight_bytes = generator.weight_bytes;
  if (options->blocks_there != NULL)
    *options->blocks_there = count_there (&generator);
  *n_ids = generator.n_text - n_prompt;
  return g_memdup2 (generator.text + n_prompt, MAX (*n_ids, 1) * sizeof (gint32));
}
