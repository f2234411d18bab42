#include "num/spqr-exec.h"

#include <stdatomic.h>

void
spqr_exec_for (const SpqrExec *exec, size_t n, size_t grain, SpqrRangeFunc func, void *data)
{
  if (grain == 0)
    grain = 1;
  if (n == 0)
    return;
  if (exec != NULL && exec->parallel_for != NULL)
    {
      exec->parallel_for (exec->pool, n, grain, func, data);
      return;
    }
  for (size_t begin = 0; begin < n; )
    {
      size_t end = n - begin < grain ? n : begin + grain;

      func (data, begin, end);
      begin = end;
    }
}

bool
spqr_exec_should_stop (const SpqrExec *exec)
{
  return exec != NULL && exec->should_stop != NULL && exec->should_stop (exec->stop_data);
}

typedef struct {
  const SpqrExec *exec;
  SpqrRangeFunc func;
  void *data;
  atomic_bool stopped;
} StoppableRun;

static void
stoppable_range (void *data, size_t begin, size_t end)
{
  StoppableRun *run = data;

  if (atomic_load_explicit (&run->stopped, memory_order_relaxed))
    return;
  if (spqr_exec_should_stop (run->exec))
    {
      atomic_store_explicit (&run->stopped, true, memory_order_relaxed);
      return;
    }
  run->func (run->data, begin, end);
}

SpqrStatus
spqr_exec_run (const SpqrExec *exec, size_t n, size_t grain, SpqrRangeFunc func, void *data)
{
  StoppableRun run = { exec, func, data, false };

  spqr_exec_for (exec, n, grain, stoppable_range, &run);
  return atomic_load (&run.stopped) ? SPQR_CANCELLED : SPQR_OK;
}
