#include "bench/spqr-bench.h"

#include <cblas.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compute/spqr-cancel.h"
#include "quant/spqr-quant-error.h"

#define PRODUCT_SIZE 4096
#define QUICK_PRODUCT_SIZE 256
#define COPY_BYTES ((gsize) 256 << 20)
#define QUICK_COPY_BYTES ((gsize) 1 << 20)
#define COPY_PIECE ((gsize) 1 << 19)
#define SHORTEST 0.02            /* seconds; what is shorter is done several times in a row */
#define MOST_SAMPLES 64
#define RECENT 5                 /* products that count */
#define MOST_COPIES (MOST_SAMPLES + 4)

typedef struct { char *key; double value, limit; } Note;

typedef struct {
  char *name, *shape;
  SpqrBenchKind kind;
  double seconds, yardstick, ratio, target, target_seconds;
  double cpu_ratio;              /* the same of processor time */
  GArray *notes;                 /* of Note */
} Row;

/* A stretch of time by the clock on the wall and by that of all our threads, which other programs on
 * the machine do not stretch. */
typedef struct { double wall, cpu; } Time;

/* What was measured of a yardstick; the last `size` of it. */
typedef struct { Time times[MOST_COPIES]; guint n, size; } Samples;

struct _SpqrBench {
  SpqrCli *cli;
  guint repeat;
  gboolean quick;
  SpqrExec exec;
  guint threads;
  char *folder;
  GPtrArray *rows;
  float *a, *b, *c;              /* of the product */
  GMappedFile *from;             /* of the copy */
  char *to;
  Samples product, copy;
};

static void
row_free (gpointer data)
{
  Row *row = data;

  for (guint i = 0; i < row->notes->len; i++)
    g_free (g_array_index (row->notes, Note, i).key);
  g_array_unref (row->notes);
  g_free (row->name);
  g_free (row->shape);
  g_free (row);
}

SpqrBench *
spqr_bench_new (SpqrCli *cli, guint repeat, gboolean quick)
{
  SpqrBench *bench = g_new0 (SpqrBench, 1);

  bench->cli = cli;
  bench->repeat = MIN (repeat, MOST_SAMPLES);
  bench->quick = quick;
  bench->exec = spqr_exec_for_cancellable (cli->cancellable);
  bench->threads = spqr_pool_get_n_threads (spqr_pool_get_default ());
  bench->rows = g_ptr_array_new_with_free_func (row_free);
  bench->product.size = RECENT;
  bench->copy.size = MOST_COPIES;
  return bench;
}

static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        remove_folder (path);
      else
        g_unlink (path);
    }
  g_rmdir (folder);
}

void
spqr_bench_free (SpqrBench *bench)
{
  if (bench->folder != NULL)
    remove_folder (bench->folder);
  g_free (bench->folder);
  g_ptr_array_unref (bench->rows);
  free (bench->a);
  free (bench->b);
  free (bench->c);
  g_clear_pointer (&bench->from, g_mapped_file_unref);
  free (bench->to);
  g_free (bench);
}

gboolean        spqr_bench_is_quick (SpqrBench *bench) { return bench->quick; }
const SpqrExec *spqr_bench_get_exec (SpqrBench *bench) { return &bench->exec; }
GCancellable   *spqr_bench_get_cancellable (SpqrBench *bench) { return bench->cli->cancellable; }

const char *
spqr_bench_get_folder (SpqrBench *bench, GError **error)
{
  if (bench->folder == NULL)
    bench->folder = g_dir_make_tmp ("spqr-bench-XXXXXX", error);
  return bench->folder;
}

gpointer
spqr_bench_alloc (gsize n_bytes, GError **error)
{
  gpointer memory = NULL;

  if (posix_memalign (&memory, 64, MAX (n_bytes, 1)) == 0)
    return memory;
  spqr_quant_set_status (error, SPQR_NO_MEMORY, "bench");
  return NULL;
}

void
spqr_bench_fill (float *values, gsize count, double spread, guint32 seed)
{
  guint64 state = seed * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15) + 1;

  for (gsize i = 0; i < count; i++)
    {
      guint32 sum = 0;

      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      for (int k = 0; k < 4; k++)
        sum += (state >> (16 * k)) & 0xffff;
      /* The sum of four even numbers: variance 4 / 12 of the square of their range. */
      values[i] = (float) (spread * ((double) sum / 65536 - 2) * 1.7320508);
    }
}

/* ---- yardsticks ---- */

static Time
now (void)
{
  struct timespec cpu;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &cpu);
  return (Time) { g_get_monotonic_time () / 1e6, (double) cpu.tv_sec + cpu.tv_nsec / 1e9 };
}

static Time
since (Time began)
{
  Time ended = now ();

  return (Time) { MAX (ended.wall - began.wall, 1e-6), MAX (ended.cpu - began.cpu, 1e-6) };
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static double
median (double *values, guint n)
{
  qsort (values, n, sizeof *values, compare_doubles);
  return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static Time
median_time (const Time *times, guint n)
{
  double wall[MOST_COPIES], cpu[MOST_COPIES];

  for (guint i = 0; i < n; i++)
    {
      wall[i] = times[i].wall;
      cpu[i] = times[i].cpu;
    }
  return (Time) { median (wall, n), median (cpu, n) };
}

static void
add_sample (Samples *samples, Time time)
{
  samples->times[samples->n++ % samples->size] = time;
}

static Time
recent_time (const Samples *samples)
{
  return median_time (samples->times, MIN (samples->n, samples->size));
}

static double
recent (const Samples *samples)
{
  return recent_time (samples).wall;
}

static gsize
product_size (SpqrBench *bench)
{
  return bench->quick ? QUICK_PRODUCT_SIZE : PRODUCT_SIZE;
}

static double
product_operations (SpqrBench *bench)
{
  return 2.0 * product_size (bench) * product_size (bench) * product_size (bench);
}

static gsize
copy_bytes (SpqrBench *bench)
{
  return bench->quick ? QUICK_COPY_BYTES : COPY_BYTES;
}

/* OpenBLAS with its own threads, as many as ours, which rest meanwhile. */
static void
sample_product (SpqrBench *bench)
{
  int n = (int) product_size (bench);
  Time began;

  openblas_set_num_threads ((int) bench->threads);
  began = now ();
  cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, bench->a, n, bench->b, n, 0, bench->c, n);
  add_sample (&bench->product, since (began));
  openblas_set_num_threads (1);
  g_usleep (bench->quick ? 0 : 50000);   /* its threads wait for more before they sleep */
}

static void
copy_pieces (void *data, size_t begin, size_t end)
{
  SpqrBench *bench = data;
  gsize all = copy_bytes (bench), first = begin * COPY_PIECE, last = MIN (end * COPY_PIECE, all);

  memcpy (bench->to + first, g_mapped_file_get_contents (bench->from) + first, last - first);
}

static void
sample_copy (SpqrBench *bench)
{
  Time began = now ();

  spqr_exec_for (&bench->exec, (copy_bytes (bench) + COPY_PIECE - 1) / COPY_PIECE, 1, copy_pieces, bench);
  add_sample (&bench->copy, since (began));
}

static gboolean
allocate_product (SpqrBench *bench, GError **error)
{
  gsize n = product_size (bench) * product_size (bench);

  if ((bench->a = spqr_bench_alloc (n * sizeof (float), error)) == NULL ||
      (bench->b = spqr_bench_alloc (n * sizeof (float), error)) == NULL ||
      (bench->c = spqr_bench_alloc (n * sizeof (float), error)) == NULL)
    return FALSE;
  spqr_bench_fill (bench->a, n, 1, 1);
  spqr_bench_fill (bench->b, n, 1, 2);
  memset (bench->c, 0, n * sizeof (float));
  return TRUE;
}

/* Copied is a mapped file, for a model's weights are one: pages of the same size, in the same cache. */
static gboolean
allocate_copy (SpqrBench *bench, GError **error)
{
  const char *folder = spqr_bench_get_folder (bench, error);
  g_autofree char *path = folder != NULL ? g_build_filename (folder, "copy", NULL) : NULL;

  if (path == NULL || (bench->to = spqr_bench_alloc (copy_bytes (bench), error)) == NULL)
    return FALSE;
  for (gsize i = 0; i < copy_bytes (bench); i++)
    bench->to[i] = (char) (i >> 8 ^ i);
  if (!g_file_set_contents_full (path, bench->to, (gssize) copy_bytes (bench), G_FILE_SET_CONTENTS_NONE, 0600, error))
    return FALSE;
  bench->from = g_mapped_file_new (path, FALSE, error);
  return bench->from != NULL;
}

static gboolean
sample_yardstick (SpqrBench *bench, SpqrBenchKind kind, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (bench->cli->cancellable, error))
    return FALSE;
  (kind == SPQR_BENCH_COPY_RATE ? sample_copy : sample_product) (bench);
  return TRUE;
}

/* Before a row: all samples of the product the first time, one afterwards; copies are begun anew, for the
 * memory of a machine that others share is not the same from minute to minute. */
static gboolean
begin_yardstick (SpqrBench *bench, SpqrBenchKind kind, GError **error)
{
  gboolean copy = kind == SPQR_BENCH_COPY_RATE;
  Samples *samples = copy ? &bench->copy : &bench->product;
  gboolean first = samples->n == 0;

  if (first && !(copy ? allocate_copy (bench, error) : allocate_product (bench, error)))
    return FALSE;
  if (first || copy)   /* a warm-up that does not count */
    {
      if (!sample_yardstick (bench, kind, error))
        return FALSE;
      samples->n = 0;
    }
  for (guint i = 0; i < (first && !copy ? 3u : 1u); i++)
    if (!sample_yardstick (bench, kind, error))
      return FALSE;
  return TRUE;
}

/* ---- measuring ---- */

static gboolean
run_once (SpqrBench *bench, const SpqrBenchItem *item, guint times, Time *time, GError **error)
{
  Time began = now ();

  for (guint i = 0; i < times; i++)
    if (!item->run (item->data, error))
      return FALSE;
  *time = since (began);
  time->wall /= times;
  time->cpu /= times;
  if (item->after != NULL && !item->after (item->data, error))
    return FALSE;
  return !g_cancellable_set_error_if_cancelled (bench->cli->cancellable, error);
}

static gboolean
take_samples (SpqrBench *bench, const SpqrBenchItem *item, Time *time, GError **error)
{
  Time samples[MOST_SAMPLES];
  guint times = 1;

  if (!run_once (bench, item, 1, &samples[0], error))   /* the warm-up */
    return FALSE;
  /* What is to be undone after each time cannot be repeated without a pause. */
  if (item->after == NULL && samples[0].wall < SHORTEST && !bench->quick)
    times = (guint) CLAMP (ceil (SHORTEST / samples[0].wall), 1, 10000);
  for (guint i = 0; i < bench->repeat; i++)
    if ((item->kind == SPQR_BENCH_COPY_RATE && !sample_yardstick (bench, item->kind, error)) ||
        !run_once (bench, item, times, &samples[i], error))
      return FALSE;
  *time = median_time (samples, bench->repeat);
  return TRUE;
}

static void
fill_row (SpqrBench *bench, Row *row, const SpqrBenchItem *item, Time time)
{
  Time yardstick = recent_time (item->kind == SPQR_BENCH_COPY_RATE ? &bench->copy : &bench->product);
  double scale = item->kind == SPQR_BENCH_PRODUCT_RATE ? item->amount / product_operations (bench)
                 : item->kind == SPQR_BENCH_COPY_RATE  ? item->amount / (double) copy_bytes (bench) : 1;

  row->seconds = time.wall;
  row->yardstick = yardstick.wall * scale;
  row->ratio = item->kind == SPQR_BENCH_TIME ? row->seconds / row->yardstick : row->yardstick / row->seconds;
  row->cpu_ratio = item->kind == SPQR_BENCH_TIME ? time.cpu / yardstick.cpu : yardstick.cpu * scale / time.cpu;
}

gboolean
spqr_bench_measure (SpqrBench *bench, const SpqrBenchItem *item, GError **error)
{
  Row *row = g_new0 (Row, 1);
  Time time;

  row->name = g_strdup (item->name);
  row->shape = g_strdup (item->shape);
  row->kind = item->kind;
  row->target = bench->quick ? 0 : item->target;
  row->target_seconds = bench->quick ? 0 : item->target_seconds;
  row->notes = g_array_new (FALSE, FALSE, sizeof (Note));
  spqr_cli_progress (0, item->name, bench->cli);
  if (!begin_yardstick (bench, item->kind, error) || !take_samples (bench, item, &time, error) ||
      !sample_yardstick (bench, item->kind, error))
    {
      row_free (row);
      return FALSE;
    }
  fill_row (bench, row, item, time);
  g_ptr_array_add (bench->rows, row);
  return TRUE;
}

void
spqr_bench_note (SpqrBench *bench, const char *key, double value, double limit)
{
  Row *row = bench->rows->pdata[bench->rows->len - 1];
  Note note = { g_strdup (key), value, bench->quick ? 0 : limit };

  g_array_append_val (row->notes, note);
}

/* ---- what came out ---- */

static gboolean
row_met (const Row *row)
{
  gboolean met = TRUE;

  if (row->target > 0)
    met &= row->kind == SPQR_BENCH_TIME ? row->ratio <= row->target : row->ratio >= row->target;
  if (row->target_seconds > 0)
    met &= row->seconds <= row->target_seconds;
  for (guint i = 0; i < row->notes->len; i++)
    {
      const Note *note = &g_array_index (row->notes, Note, i);
      met &= note->limit <= 0 || note->value <= note->limit;
    }
  return met;
}

static gboolean
row_has_target (const Row *row)
{
  for (guint i = 0; i < row->notes->len; i++)
    if (g_array_index (row->notes, Note, i).limit > 0)
      return TRUE;
  return row->target > 0 || row->target_seconds > 0;
}

/* "≤ 2.0", "≥ 60 %", "≤ 50 ms", or nothing. */
static char *
target_text (const Row *row)
{
  GString *text = g_string_new (NULL);

  if (row->target > 0 && row->kind == SPQR_BENCH_TIME)
    g_string_append_printf (text, "≤ %.2f", row->target);
  else if (row->target > 0)
    g_string_append_printf (text, "≥ %.2f", row->target);
  if (row->target_seconds > 0)
    g_string_append_printf (text, "%s≤ %.3g s", text->len > 0 ? ", " : "", row->target_seconds);
  if (row_has_target (row))
    g_string_append (text, row_met (row) ? _("  met") : _("  missed"));
  return g_string_free (text, FALSE);
}

static const char *
yardstick_name (SpqrBenchKind kind)
{
  return kind == SPQR_BENCH_COPY_RATE ? "copy" : "sgemm";
}

static void
print_seconds (SpqrBench *bench)
{
  printf ("\n%-22s %-44s %11s\n", _("what"), _("shape"), _("seconds"));
  for (guint i = 0; i < bench->rows->len; i++)
    {
      const Row *row = bench->rows->pdata[i];

      printf ("%-22s %-44s %11.6f\n", row->name, row->shape, row->seconds);
    }
}

void
spqr_bench_print_table (SpqrBench *bench)
{
  gboolean targets = FALSE;

  for (guint i = 0; i < bench->rows->len; i++)
    targets |= row_has_target (bench->rows->pdata[i]);
  printf (ngettext ("%u thread", "%u threads", bench->threads), bench->threads);
  if (bench->product.n > 0)
    printf (_(", sgemm of %zu³ %.3f s (%.1f GFLOP/s)"), product_size (bench), recent (&bench->product),
            product_operations (bench) / recent (&bench->product) / 1e9);
  if (bench->copy.n > 0)
    printf (_(", copy %.2f GB/s"), (double) copy_bytes (bench) / recent (&bench->copy) / 1e9);
  /* No yardstick fits the small shapes: there is nothing to compare. */
  if (bench->quick)
    {
      print_seconds (bench);
      return;
    }
  printf ("\n%-22s %-44s %11s %11s %8s  %8s  %s\n", _("what"), _("shape"), _("seconds"), _("yardstick"), _("ratio"), _("by CPU"), targets ? _("target") : "");
  for (guint i = 0; i < bench->rows->len; i++)
    {
      const Row *row = bench->rows->pdata[i];
      g_autofree char *target = target_text (row);

      printf ("%-22s %-44s %11.6f %11.6f %8.3f%c %8.3f  %s\n", row->name, row->shape, row->seconds, row->yardstick, row->ratio,
              row->kind == SPQR_BENCH_TIME ? 't' : 'r', row->cpu_ratio, target);
      for (guint k = 0; k < row->notes->len; k++)
        {
          const Note *note = &g_array_index (row->notes, Note, k);
          printf ("  %s %.6g", note->key, note->value);
          if (note->limit > 0)
            printf (" (≤ %.6g)", note->limit);
          putchar ('\n');
        }
    }
  puts (_("t: seconds / yardstick, smaller is better; r: share of the yardstick's rate, larger is better\n"
          "by CPU: the same of processor time, for a machine that has other things to do"));
}

static void
add_row (JsonBuilder *builder, const Row *row)
{
  json_builder_begin_object (builder);
  spqr_json_text (builder, "name", row->name);
  spqr_json_text (builder, "shape", row->shape);
  spqr_json_number (builder, "seconds", row->seconds);
  spqr_json_number (builder, "yardstick", row->yardstick);
  spqr_json_number (builder, "ratio", row->ratio);
  spqr_json_number (builder, "cpu_ratio", row->cpu_ratio);
  spqr_json_text (builder, "yardstick_name", yardstick_name (row->kind));
  spqr_json_text (builder, "better", row->kind == SPQR_BENCH_TIME ? "smaller" : "larger");
  spqr_json_number (builder, "target", row->target > 0 ? row->target : NAN);
  spqr_json_number (builder, "target_seconds", row->target_seconds > 0 ? row->target_seconds : NAN);
  for (guint k = 0; k < row->notes->len; k++)
    spqr_json_number (builder, g_array_index (row->notes, Note, k).key, g_array_index (row->notes, Note, k).value);
  if (row_has_target (row))
    spqr_json_flag (builder, "met", row_met (row));
  json_builder_end_object (builder);
}

void
spqr_bench_print_json (SpqrBench *bench)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  spqr_json_integer (builder, "threads", bench->threads);
  spqr_json_integer (builder, "repeat", bench->repeat);
  spqr_json_flag (builder, "quick", bench->quick);
  spqr_json_number (builder, "sgemm_seconds", bench->product.n > 0 ? recent (&bench->product) : NAN);
  spqr_json_number (builder, "copy_bytes_per_second",
                    bench->copy.n > 0 ? (double) copy_bytes (bench) / recent (&bench->copy) : NAN);
  spqr_json_begin_array (builder, "rows");
  for (guint i = 0; i < bench->rows->len; i++)
    add_row (builder, bench->rows->pdata[i]);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  spqr_json_print (builder);
}
