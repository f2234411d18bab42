/* threads.h: a parallel_for for tests of core/num, which knows no pool: threads are made anew for
 * every call and take pieces in an order that changes from run to run. And a stop at the n-th poll. */
#pragma once

#include <glib.h>
#include <stdatomic.h>

#include "num/spqr-exec.h"

typedef struct { SpqrRangeFunc func; void *data; size_t n, grain; atomic_size_t next; } ThreadsJob;

static gpointer
threads_work (gpointer data)
{
  ThreadsJob *job = data;
  size_t begin;

  while ((begin = atomic_fetch_add (&job->next, job->grain)) < job->n)
    job->func (job->data, begin, MIN (begin + job->grain, job->n));
  return NULL;
}

static void
threads_for (void *pool, size_t n, size_t grain, SpqrRangeFunc func, void *data)
{
  guint others = GPOINTER_TO_UINT (pool) - 1;
  ThreadsJob job = { func, data, n, grain, 0 };
  GThread *threads[16];

  g_assert_cmpuint (others, <, G_N_ELEMENTS (threads));
  for (guint i = 0; i < others; i++)
    threads[i] = g_thread_new ("worker", threads_work, &job);
  threads_work (&job);
  for (guint i = 0; i < others; i++)
    g_thread_join (threads[i]);
}

static inline SpqrExec
threads_exec (guint n_threads)
{
  return (SpqrExec) { .parallel_for = threads_for, .pool = GUINT_TO_POINTER (n_threads) };
}

/* For should_stop: true from the at-th poll on. */
typedef struct { atomic_int polls; int at; } Stop;

static inline bool
stop_at (void *data)
{
  Stop *stop = data;

  return atomic_fetch_add (&stop->polls, 1) + 1 >= stop->at;
}
