/* spqr-tensor-stats.h: the figures of a tensor, straight from its mapped bytes. */
#pragma once

#include "model/spqr-tensor.h"
#include "num/spqr-stats.h"

/* FALSE for tensors that are not floats, when exec says stop, or without memory. */
gboolean spqr_tensor_compute_stats (SpqrTensor *tensor, const SpqrExec *exec, SpqrStats *stats);
