#include "compute/spqr-cancel.h"

static bool
cancellable_should_stop (void *data)
{
  return g_cancellable_is_cancelled (data);
}

SpqrExec
spqr_exec_for_cancellable (GCancellable *cancellable)
{
  return spqr_pool_exec (NULL, cancellable != NULL ? cancellable_should_stop : NULL, cancellable);
}
