/* spqr-pool.c: a few threads, a list of jobs, no queue of pieces.
 *
 * A parallel_for is one job on its caller's stack: a counter of claimed chunks. The caller puts it
 * on the list, wakes sleeping workers and claims chunks itself until there are none; workers claim
 * from the job that has the fewest of them. A caller therefore never waits for a chunk that nobody
 * has begun, which makes nesting safe: a chunk may call parallel_for again, from any thread, and
 * waits at most for chunks that are running.
 *
 * POSIX threads rather than GLib's, because ThreadSanitizer understands them. */
#include "compute/spqr-pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "compute/spqr-priority.h"
#include "num/spqr-blas.h"

#if defined(__x86_64__)
#define cpu_relax() __builtin_ia32_pause ()
#else
#define cpu_relax() atomic_signal_fence (memory_order_seq_cst)
#endif

/* How often an idle thread looks again before it sleeps, about 20 us: waking a sleeping thread
 * costs more than most of the short jobs of a forward pass. */
#define SPINS 400

#define MAX_THREADS 1024

typedef struct _PoolJob PoolJob;
struct _PoolJob {
  SpqrRangeFunc func;
  void *data;
  size_t n, grain, n_chunks;
  atomic_size_t next;           /* first chunk that nobody has claimed */
  atomic_uint helpers;          /* workers inside; changed under the lock */
  PoolJob *prev_job, *next_job;
};

struct _SpqrPool {
  pthread_mutex_t lock;
  pthread_cond_t work;          /* a job was added, or quit */
  pthread_cond_t done;          /* a job's last worker has left it */
  pthread_cond_t unpark;        /* the limit has changed, or quit */
  PoolJob *jobs;
  atomic_uint n_jobs;
  guint n_idle;                 /* workers asleep */
  bool quit;
  pthread_t *workers;
  guint n_workers;
  guint n_begun;                /* workers that have taken their number */
  atomic_uint limit;            /* workers with a number from here on are parked */
  bool behind_window;
};

static inline bool
job_has_chunks (PoolJob *job)
{
  return atomic_load_explicit (&job->next, memory_order_relaxed) < job->n_chunks;
}

/* Claims and runs one chunk; false when all were claimed. */
static bool
job_run_chunk (PoolJob *job)
{
  size_t chunk, begin;

  if (!job_has_chunks (job))
    return false;
  chunk = atomic_fetch_add_explicit (&job->next, 1, memory_order_relaxed);
  if (chunk >= job->n_chunks)
    return false;
  begin = chunk * job->grain;
  job->func (job->data, begin, job->n - begin < job->grain ? job->n : begin + job->grain);
  return true;
}

static void
pool_add_job (SpqrPool *pool, PoolJob *job)
{
  job->prev_job = NULL;
  job->next_job = pool->jobs;
  if (pool->jobs != NULL)
    pool->jobs->prev_job = job;
  pool->jobs = job;
  atomic_fetch_add_explicit (&pool->n_jobs, 1, memory_order_relaxed);
}

static void
pool_remove_job (SpqrPool *pool, PoolJob *job)
{
  if (job->prev_job != NULL)
    job->prev_job->next_job = job->next_job;
  else
    pool->jobs = job->next_job;
  if (job->next_job != NULL)
    job->next_job->prev_job = job->prev_job;
  atomic_fetch_sub_explicit (&pool->n_jobs, 1, memory_order_relaxed);
}

static PoolJob *
pool_pick_job (SpqrPool *pool)
{
  PoolJob *best = NULL;

  for (PoolJob *job = pool->jobs; job != NULL; job = job->next_job)
    if (job_has_chunks (job) && (best == NULL || job->helpers < best->helpers))
      best = job;
  return best;
}

/* With the lock held, and again at the end. Spins with the lock released before it sleeps. */
static void
worker_wait (SpqrPool *pool)
{
  unsigned seen = atomic_load_explicit (&pool->n_jobs, memory_order_relaxed);

  pthread_mutex_unlock (&pool->lock);
  for (int i = 0; i < SPINS; i++)
    {
      unsigned now = atomic_load_explicit (&pool->n_jobs, memory_order_relaxed);

      if (now > seen)
        break;
      seen = now;
      cpu_relax ();
    }
  pthread_mutex_lock (&pool->lock);
  if (pool_pick_job (pool) != NULL || pool->quit)
    return;
  pool->n_idle++;
  pthread_cond_wait (&pool->work, &pool->lock);
  pool->n_idle--;
}

static void
worker_help (SpqrPool *pool, PoolJob *job, guint number)
{
  bool more;

  job->helpers++;
  pthread_mutex_unlock (&pool->lock);
  do
    more = job_run_chunk (job);
  while (more && atomic_load_explicit (&pool->n_jobs, memory_order_relaxed) <= 1 &&
         number < atomic_load_explicit (&pool->limit, memory_order_relaxed));
  pthread_mutex_lock (&pool->lock);
  if (--job->helpers == 0 && !job_has_chunks (job))
    pthread_cond_broadcast (&pool->done);
}

static void *
worker_main (void *data)
{
  SpqrPool *pool = data;
  guint number;

  if (pool->behind_window)
    spqr_priority_step_back ();
  pthread_mutex_lock (&pool->lock);
  number = pool->n_begun++;
  while (!pool->quit)
    {
      PoolJob *job = pool_pick_job (pool);

      if (number >= pool->limit)
        pthread_cond_wait (&pool->unpark, &pool->lock);
      else if (job != NULL)
        worker_help (pool, job, number);
      else
        worker_wait (pool);
    }
  pthread_mutex_unlock (&pool->lock);
  return NULL;
}

static void
pool_wait_for_helpers (SpqrPool *pool, PoolJob *job)
{
  for (int i = 0; i < SPINS && atomic_load_explicit (&job->helpers, memory_order_relaxed) > 0; i++)
    cpu_relax ();
  pthread_mutex_lock (&pool->lock);
  pool_remove_job (pool, job);
  while (job->helpers > 0)
    pthread_cond_wait (&pool->done, &pool->lock);
  pthread_mutex_unlock (&pool->lock);
}

static void
pool_parallel_for (void *data, size_t n, size_t grain, SpqrRangeFunc func, void *func_data)
{
  SpqrPool *pool = data;
  PoolJob job = { .func = func, .data = func_data, .n = n, .grain = MAX (grain, 1) };

  job.n_chunks = n / job.grain + (n % job.grain != 0);
  if (pool->limit == 0 || job.n_chunks <= 1)
    {
      while (job_run_chunk (&job))
        ;
      return;
    }

  pthread_mutex_lock (&pool->lock);
  pool_add_job (pool, &job);
  for (size_t i = 0; i < pool->n_idle && i < job.n_chunks - 1; i++)
    pthread_cond_signal (&pool->work);
  pthread_mutex_unlock (&pool->lock);

  while (job_run_chunk (&job))
    ;
  pool_wait_for_helpers (pool, &job);
}

static pthread_once_t blas_once = PTHREAD_ONCE_INIT;

void
spqr_pool_set_n_threads (SpqrPool *pool, guint n_threads)
{
  if (n_threads == 0)
    n_threads = MAX (g_get_num_processors (), 1);
  n_threads = MIN (n_threads, MAX_THREADS);
  pthread_mutex_lock (&pool->lock);
  /* A system that refuses a thread leaves a smaller pool: the callers always work. */
  while (pool->n_workers + 1 < n_threads &&
         pthread_create (&pool->workers[pool->n_workers], NULL, worker_main, pool) == 0)
    pool->n_workers++;
  pool->limit = MIN (n_threads - 1, pool->n_workers);
  pthread_cond_broadcast (&pool->unpark);
  pthread_cond_broadcast (&pool->work);
  pthread_mutex_unlock (&pool->lock);
}

static SpqrPool *
pool_new (guint n_threads, bool behind_window)
{
  SpqrPool *pool = g_new0 (SpqrPool, 1);

  pool->behind_window = behind_window;
  pthread_once (&blas_once, spqr_blas_single_thread);
  pthread_mutex_init (&pool->lock, NULL);
  pthread_cond_init (&pool->work, NULL);
  pthread_cond_init (&pool->done, NULL);
  pthread_cond_init (&pool->unpark, NULL);
  pool->workers = g_new0 (pthread_t, MAX_THREADS);
  spqr_pool_set_n_threads (pool, n_threads);
  return pool;
}

SpqrPool *
spqr_pool_new (guint n_threads)
{
  return pool_new (n_threads, false);
}

void
spqr_pool_free (SpqrPool *pool)
{
  if (pool == NULL)
    return;
  pthread_mutex_lock (&pool->lock);
  pool->quit = true;
  pthread_cond_broadcast (&pool->work);
  pthread_cond_broadcast (&pool->unpark);
  pthread_mutex_unlock (&pool->lock);
  for (guint i = 0; i < pool->n_workers; i++)
    pthread_join (pool->workers[i], NULL);
  pthread_cond_destroy (&pool->unpark);
  pthread_cond_destroy (&pool->done);
  pthread_cond_destroy (&pool->work);
  pthread_mutex_destroy (&pool->lock);
  g_free (pool->workers);
  g_free (pool);
}

guint
spqr_pool_get_n_threads (SpqrPool *pool)
{
  return pool->limit + 1;
}

static pthread_mutex_t default_lock = PTHREAD_MUTEX_INITIALIZER;
static SpqrPool *default_pool;
static guint default_threads;
static bool default_behind_window;

SpqrPool *
spqr_pool_get_default (void)
{
  SpqrPool *pool;

  pthread_mutex_lock (&default_lock);
  if (default_pool == NULL)
    default_pool = pool_new (default_threads, default_behind_window);
  pool = default_pool;
  pthread_mutex_unlock (&default_lock);
  return pool;
}

void
spqr_pool_set_default_threads (guint n_threads)
{
  pthread_mutex_lock (&default_lock);
  default_threads = n_threads;
  if (default_pool != NULL)
    spqr_pool_set_n_threads (default_pool, n_threads);
  pthread_mutex_unlock (&default_lock);
}

void
spqr_pool_set_default_behind_window (void)
{
  pthread_mutex_lock (&default_lock);
  default_behind_window = true;
  pthread_mutex_unlock (&default_lock);
}

SpqrExec
spqr_pool_exec (SpqrPool *pool, bool (*should_stop) (void *data), void *data)
{
  return (SpqrExec) {
    .parallel_for = pool_parallel_for,
    .pool = pool != NULL ? pool : spqr_pool_get_default (),
    .should_stop = should_stop,
    .stop_data = data,
  };
}
