/* spqr-cancel.h: one flag that many threads may poll; the compute-level face of a GCancellable. */
#pragma once

#include <gio/gio.h>

#include "compute/spqr-pool.h"

/* An exec on the default pool that stops when cancellable (nullable, borrowed) is cancelled. */
SpqrExec spqr_exec_for_cancellable (GCancellable *cancellable);
