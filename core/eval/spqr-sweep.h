/* spqr-sweep.h: many sequences through all blocks of a network, each block's weights loaded once. */
#pragma once

#include "compute/spqr-progress.h"
#include "net/spqr-segments.h"

/* Sequences that go through a block together: rows row0 … row0 + rows - 1 of the hidden states,
 * segments counted from row0. */
typedef struct {
  gsize row0, rows;
  const SpqrSegment *segments;
  gsize n_segments;
} SpqrSweepBatch;

/* Where a long evaluation is: work in arbitrary units, told at most every 40 ms. */
typedef struct {
  SpqrProgressFunc func;      /* nullable */
  gpointer user_data;
  double total, done;
  gint64 told;                /* monotonic time of the last call */
  double loading, running;    /* seconds for the blocks' weights, and for all else in the sweeps */
} SpqrSweepProgress;

void spqr_sweep_progress_add (SpqrSweepProgress *progress, double work, const char *what);
/* Work of a block, and of the head, for one row. */
double spqr_sweep_block_work (SpqrNet *net);
double spqr_sweep_head_work (SpqrNet *net);

/* hidden: embeddings on entry, the last block's output on return. what: for progress ("windows 1 to 8 of 62", …). */
gboolean spqr_sweep_run (SpqrNet *net, float *hidden, const SpqrSweepBatch *batches, gsize n_batches, const char *what,
                         SpqrSweepProgress *progress, const SpqrExec *exec, GError **error);

/* Rows that small sequences are put together to, so that the matrix products are worth their while. */
#define SPQR_SWEEP_ROWS 2048

/* How many batches should share one loading of the weights: one, so that as little as possible is
 * under way, or twice as many as now where loading took more than a twentieth of the time. */
gsize spqr_sweep_choose_batches (const SpqrSweepProgress *progress, gsize now, gsize most);
/* How many rows of hidden states may be held at a time, by the memory; at least SPQR_SWEEP_ROWS. */
gsize spqr_sweep_rows_in_memory (gsize bytes_a_row);
/* Bytes for hidden states instead of a quarter of the free memory; 0: that again. Any thread. */
void  spqr_sweep_set_memory (guint64 bytes);
