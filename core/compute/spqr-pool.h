/* spqr-pool.h: the worker threads of the whole program. */
#pragma once

#include <glib.h>

#include "num/spqr-exec.h"

typedef struct _SpqrPool SpqrPool;

/* n_threads 0: as many as there are processors. Sets BLAS to one thread: the pool alone divides work. */
SpqrPool *spqr_pool_new (guint n_threads);
/* At any time: work that is under way goes on with as many from its next piece on. 0: as many as there are processors. */
void      spqr_pool_set_n_threads (SpqrPool *pool, guint n_threads);
/* The process's pool, with as many threads as spqr_pool_set_default_threads() says, before or after. Not owned. */
SpqrPool *spqr_pool_get_default (void);
void      spqr_pool_set_default_threads (guint n_threads);
/* Its workers step behind the thread that serves a window (spqr-priority.h). Before the first use. */
void      spqr_pool_set_default_behind_window (void);
guint     spqr_pool_get_n_threads (SpqrPool *pool);
void      spqr_pool_free (SpqrPool *pool);

/* An exec that runs on the pool. should_stop may be NULL. The result is a plain value. */
SpqrExec  spqr_pool_exec (SpqrPool *pool, bool (*should_stop) (void *data), void *data);
