/* spqr-tensor-stats.h: the figures of a tensor, straight from its mapped bytes. */
#pragma once

#include "model/spqr-tensor.h"
#include "num/spqr-stats.h"

/* FALSE for tensors that are not floats, when exec says stop, or without memory. */
gboolean spqr_tensor_compute_stats (SpqrTensor *tensor, const SpqrExec *exec, SpqrStats *stats);

/* Waits, in the caller's thread, until it may go on; FALSE: it is to end. */
typedef gboolean (*SpqrRestFunc) (gpointer user_data);

/* Rests where exec says stop, then does what is left: for work that makes way for other work at any moment. */
gboolean spqr_tensor_compute_stats_resting (SpqrTensor *tensor, const SpqrExec *exec, SpqrRestFunc rest, gpointer user_data, SpqrStats *stats);
