#include "eval/spqr-sweep.h"

#include "net/spqr-memory.h"
#include "net/spqr-net-device.h"

void
spqr_sweep_progress_add (SpqrSweepProgress *progress, double work, const char *what)
{
  gint64 now;

  progress->done += work;
  if (progress->func == NULL)
    return;
  now = g_get_monotonic_time ();
  if (now - progress->told < 40000 && progress->done < progress->total)
    return;
  progress->told = now;
  progress->func (CLAMP (progress->done / progress->total, 0, 1), what, progress->user_data);
}

double
spqr_sweep_block_work (SpqrNet *net)
{
  const SpqrConfig *config = spqr_net_get_config (net);
  double width = (2.0 * config->n_heads + 2.0 * config->n_kv_heads) * config->head_dim;

  return config->hidden * (width + (config->gated_mlp ? 3.0 : 2.0) * config->intermediate);
}

double
spqr_sweep_head_work (SpqrNet *net)
{
  const SpqrConfig *config = spqr_net_get_config (net);

  return (double) config->vocab * config->embed_dim;
}

static gboolean
run_batches (SpqrNet *net, guint b, float *hidden, const SpqrSweepBatch *batches, gsize n_batches, const char *what,
             SpqrSweepProgress *progress, const SpqrExec *exec, GError **error)
{
  const SpqrConfig *config = spqr_net_get_config (net);
  gint64 begin = g_get_monotonic_time ();
  g_autoptr (SpqrBlock) block = spqr_net_load_block_with (net, b, exec, error);
  gint64 loaded = g_get_monotonic_time ();

  if (block == NULL)
    return FALSE;
  progress->loading += (loaded - begin) / 1e6;
  for (gsize i = 0; i < n_batches; i++)
    {
      const SpqrSweepBatch *batch = &batches[i];
      g_autofree char *now = NULL;

      if (!spqr_net_run_segments (net, block, hidden + batch->row0 * config->hidden, batch->rows, batch->segments,
                                  batch->n_segments, NULL, NULL, exec, error))
        return FALSE;
      now = g_strdup_printf ("%s, block %u of %d", what, b + 1, config->n_blocks);
      spqr_sweep_progress_add (progress, spqr_sweep_block_work (net) * batch->rows, now);
    }
  progress->running += (g_get_monotonic_time () - loaded) / 1e6;
  return TRUE;
}

gboolean
spqr_sweep_run (SpqrNet *net, float *hidden, const SpqrSweepBatch *batches, gsize n_batches, const char *what,
                SpqrSweepProgress *progress, const SpqrExec *exec, GError **error)
{
  for (int b = 0; b < spqr_net_get_config (net)->n_blocks; b++)
    if (!run_batches (net, b, hidden, batches, n_batches, what, progress, exec, error))
      return FALSE;
  return TRUE;
}

gsize
spqr_sweep_choose_batches (const SpqrSweepProgress *progress, gsize now, gsize most)
{
  if (progress->loading > (progress->loading + progress->running) / 20)
    now *= 2;
  return CLAMP (now, 1, MAX (most, 1));
}

static _Atomic guint64 sweep_memory;

void
spqr_sweep_set_memory (guint64 bytes)
{
  sweep_memory = bytes;
}

gsize
spqr_sweep_rows_in_memory (gsize bytes_a_row)
{
  guint64 limit = sweep_memory;

  if (limit == 0)
    limit = CLAMP (spqr_memory_available () / 4, (guint64) 64 << 20, (guint64) 8 << 30);
  return MAX ((gsize) (limit / MAX (bytes_a_row, 1)), SPQR_SWEEP_ROWS);
}
