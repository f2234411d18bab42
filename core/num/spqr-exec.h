/* spqr-exec.h: how a numeric routine runs: in how many threads, and until when.
 *
 * core/num knows no thread pool. A caller that has one passes it as two functions. Work is always
 * cut at boundaries that depend on the problem alone, never on the number of threads, so results
 * are the same for any pool. BLAS is called on one thread from inside such a piece of work. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "num/spqr-status.h"

/* Does the pieces begin … end-1 of a job. Called concurrently with disjoint ranges. */
typedef void (*SpqrRangeFunc) (void *data, size_t begin, size_t end);

typedef struct {
  /* Calls func until each of the pieces 0 … n-1 was done exactly once, at most `grain` at a call;
   * returns when all are done. NULL: the caller's thread does everything. Must be re-entrant. */
  void (*parallel_for) (void *pool, size_t n, size_t grain, SpqrRangeFunc func, void *data);
  void *pool;
  /* Polled between pieces (at least every 20 ms); true ends the work with SPQR_CANCELLED.
   * Called from any of the pool's threads. NULL: never. */
  bool (*should_stop) (void *stop_data);
  void *stop_data;
} SpqrExec;

/* exec may be NULL everywhere: one thread, no stopping. */
void spqr_exec_for (const SpqrExec *exec, size_t n, size_t grain, SpqrRangeFunc func, void *data);
bool spqr_exec_should_stop (const SpqrExec *exec);

/* spqr_exec_for() that polls should_stop before each call of func. From the first `true` on no
 * further piece is started; those that run are waited for. SPQR_OK when every piece was done, else
 * SPQR_CANCELLED, also when should_stop changes its mind later. */
SpqrStatus spqr_exec_run (const SpqrExec *exec, size_t n, size_t grain, SpqrRangeFunc func,
                          void *data);
