/* spqr-bench.h: what the suites of `spqr bench` share: yardsticks, measuring, rows.
 *
 * A figure in seconds says as much about the machine as about the program. So each row also has a
 * yardstick that was measured in the same run on the same threads, just before and after it:
 *   product   OpenBLAS's own sgemm of 4096 × 4096 × 4096; the median of the last five
 *   copy      memcpy from a mapped file of 256 MiB, all threads at once; bytes are counted once. One before each
 *             repetition of a row; the row has their median
 * and a ratio. Of a time it is seconds / yardstick: smaller is better. Of a rate the yardstick is how long the same
 * arithmetic, or the same bytes, take at the yardstick's rate, and the ratio yardstick / seconds: 1 is as fast as it. */
#pragma once

#include "cli/spqr-cli.h"
#include "num/spqr-exec.h"

typedef struct _SpqrBench SpqrBench;

typedef enum {
  SPQR_BENCH_TIME,             /* against one product */
  SPQR_BENCH_PRODUCT_RATE,     /* amount: floating-point operations; a multiplication and an addition are two */
  SPQR_BENCH_COPY_RATE,        /* amount: bytes */
} SpqrBenchKind;

/* Does the work once. */
typedef gboolean (*SpqrBenchFunc) (gpointer data, GError **error);

typedef struct {
  const char *name;
  const char *shape;           /* for people */
  SpqrBenchKind kind;
  double amount;
  double target;               /* of the ratio, at full size; 0: none */
  double target_seconds;       /* of the seconds, at full size; 0: none */
  SpqrBenchFunc run;
  SpqrBenchFunc after;         /* undoes it, untimed; nullable */
  gpointer data;
} SpqrBenchItem;

/* A warm-up, then the median of as many repetitions as were asked for; adds a row. */
gboolean spqr_bench_measure (SpqrBench *bench, const SpqrBenchItem *item, GError **error);
/* A number of the last row that is not a time, for people and JSON: key must stay. limit 0: no target. */
void     spqr_bench_note (SpqrBench *bench, const char *key, double value, double limit);

gboolean spqr_bench_is_quick (SpqrBench *bench);
const SpqrExec *spqr_bench_get_exec (SpqrBench *bench);
/* A folder for files, gone after the run. */
const char *spqr_bench_get_folder (SpqrBench *bench, GError **error);
GCancellable *spqr_bench_get_cancellable (SpqrBench *bench);

/* count numbers, about normal with this spread, the same each time. */
void     spqr_bench_fill (float *values, gsize count, double spread, guint32 seed);
/* malloc() that fails with an error. */
gpointer spqr_bench_alloc (gsize n_bytes, GError **error);

/* One function a suite; spqr-cmd-bench.c has the table. */
gboolean spqr_bench_gemm (SpqrBench *bench, GError **error);
gboolean spqr_bench_factor (SpqrBench *bench, GError **error);
gboolean spqr_bench_hessian (SpqrBench *bench, GError **error);
gboolean spqr_bench_loo (SpqrBench *bench, GError **error);
gboolean spqr_bench_columns (SpqrBench *bench, GError **error);
gboolean spqr_bench_layer (SpqrBench *bench, GError **error);
gboolean spqr_bench_preview (SpqrBench *bench, GError **error);
gboolean spqr_bench_forward (SpqrBench *bench, GError **error);
gboolean spqr_bench_stats (SpqrBench *bench, GError **error);
gboolean spqr_bench_pyramid (SpqrBench *bench, GError **error);
gboolean spqr_bench_open (SpqrBench *bench, GError **error);
gboolean spqr_bench_gguf (SpqrBench *bench, GError **error);

/* The run itself, for spqr-cmd-bench.c. */
SpqrBench *spqr_bench_new (SpqrCli *cli, guint repeat, gboolean quick);
void       spqr_bench_free (SpqrBench *bench);
void       spqr_bench_print_table (SpqrBench *bench);
void       spqr_bench_print_json (SpqrBench *bench);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrBench, spqr_bench_free)
