/* Whole models and their blocks: forward, open, stats; and what the window waits for: preview, pyramid. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/spqr-bench-files.h"
#include "bench/spqr-bench.h"
#include "model/spqr-tensor-stats.h"
#include "net/spqr-net.h"
#include "num/spqr-hessian.h"
#include "num/spqr-large.h"
#include "num/spqr-pyramid.h"
#include "quant/spqr-lab.h"
#include "quant/spqr-quant-error.h"

static SpqrModel *
make_model (SpqrBench *bench, const char *name, const SpqrBenchModel *shape, GError **error)
{
  const char *folder = spqr_bench_get_folder (bench, error);
  g_autofree char *path = folder != NULL ? spqr_bench_write_model (folder, name, shape, error) : NULL;

  return path != NULL ? spqr_model_open (path, error) : NULL;
}

/* ---- forward: one block of a LLaMA ---- */

typedef struct { SpqrBench *bench; SpqrNet *net; SpqrBlock *block; float *start, *hidden; gsize tokens, width; } Forward;

static gboolean
run_forward (gpointer data, GError **error)
{
  Forward *f = data;

  return spqr_net_run_block (f->net, f->block, f->hidden, f->tokens, 0, NULL, NULL, spqr_bench_get_exec (f->bench), error);
}

/* The same input each time: hidden states would grow without bound. */
static gboolean
start_again (gpointer data, GError **error)
{
  Forward *f = data;

  memcpy (f->hidden, f->start, f->tokens * f->width * sizeof (float));
  return TRUE;
}

/* Products with the weights, and the causal half of q k' and p v. */
static double
block_operations (const SpqrBenchModel *s, double tokens)
{
  double kv = (double) s->hidden / s->heads * s->kv_heads;
  double weights = (double) s->hidden * (2.0 * s->hidden + 2 * kv + 3.0 * s->intermediate);

  return 2 * tokens * weights + 2 * tokens * (tokens + 1) * s->hidden;
}

static gboolean
forward_init (Forward *f, SpqrModel *model, GError **error)
{
  gsize bytes = f->tokens * f->width * sizeof (float);

  if ((f->net = spqr_net_new (model, NULL, error)) == NULL ||
      (f->block = spqr_net_load_block (f->net, 0, error)) == NULL ||
      (f->start = spqr_bench_alloc (bytes, error)) == NULL || (f->hidden = spqr_bench_alloc (bytes, error)) == NULL)
    return FALSE;
  spqr_bench_fill (f->start, f->tokens * f->width, 1, 7);
  return start_again (f, error);
}

gboolean
spqr_bench_forward (SpqrBench *bench, GError **error)
{
  gboolean quick = spqr_bench_is_quick (bench);
  const SpqrBenchModel shape = quick ? (SpqrBenchModel) { 64, 176, 4, 2, 1, 32, 64 }
                                     : (SpqrBenchModel) { 2048, 5632, 32, 4, 1, 32, 2048 };
  g_autoptr (SpqrModel) model = make_model (bench, "block", &shape, error);
  Forward f = { .bench = bench, .tokens = quick ? 32 : 2048, .width = (gsize) shape.hidden };
  g_autofree char *text = g_strdup_printf ("%zu tokens, hidden %d, inner %d, %d heads (%d)", f.tokens, shape.hidden,
                                           shape.intermediate, shape.heads, shape.kv_heads);
  SpqrBenchItem item = { "forward, LLaMA block", text, SPQR_BENCH_PRODUCT_RATE, .amount = block_operations (&shape, (double) f.tokens),
                         .target = 0.7, .run = run_forward, .after = start_again, .data = &f };
  gboolean ended = model != NULL && forward_init (&f, model, error) && spqr_bench_measure (bench, &item, error);

  g_clear_pointer (&f.block, spqr_block_free);
  g_clear_pointer (&f.net, spqr_net_free);
  free (f.start);
  free (f.hidden);
  return ended;
}

/* ---- statistics of a whole model ---- */

typedef struct { SpqrBench *bench; SpqrModel *model; } Stats;

static gboolean
run_stats (gpointer data, GError **error)
{
  Stats *s = data;

  for (guint i = 0; i < spqr_model_get_n_tensors (s->model); i++)
    {
      SpqrStats stats;

      if (!spqr_tensor_compute_stats (spqr_model_get_tensor (s->model, i), spqr_bench_get_exec (s->bench), &stats))
        return spqr_quant_set_status (error, SPQR_CANCELLED, "bench");
    }
  return TRUE;
}

gboolean
spqr_bench_stats (SpqrBench *bench, GError **error)
{
  const SpqrBenchModel shape = spqr_bench_is_quick (bench) ? (SpqrBenchModel) { 64, 176, 4, 2, 1, 32, 64 }
                                                           : (SpqrBenchModel) { 4096, 11008, 32, 32, 1, 8192, 2048 };
  g_autoptr (SpqrModel) model = make_model (bench, "stats", &shape, error);
  Stats s = { bench, model };
  g_autofree char *text = model != NULL ? g_strdup_printf ("f16 model of %.4g MB", spqr_model_get_n_bytes (model) / 1e6) : NULL;
  SpqrBenchItem item = { "statistics", text, SPQR_BENCH_COPY_RATE, .target = 0.5, .run = run_stats, .data = &s };

  if (model == NULL)
    return FALSE;
  item.amount = (double) spqr_model_get_n_bytes (model);
  return spqr_bench_measure (bench, &item, error);
}

/* ---- opening ---- */

typedef struct { const char *path; SpqrModel *model; } Open;

static gboolean
run_open (gpointer data, GError **error)
{
  Open *o = data;

  o->model = spqr_model_open (o->path, error);
  return o->model != NULL;
}

static gboolean
run_open_with_fingerprint (gpointer data, GError **error)
{
  Open *o = data;

  return run_open (data, error) && spqr_model_get_fingerprint (o->model)[0] != '\0';
}

static gboolean
close_model (gpointer data, GError **error)
{
  g_clear_object (&((Open *) data)->model);
  return TRUE;
}

/* Resident bytes of this process; 0 where the system does not tell. */
static double
resident_bytes (void)
{
  g_autofree char *text = NULL;
  guint64 pages;
  char *next;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    return 0;
  g_ascii_strtoull (text, &next, 10);
  pages = g_ascii_strtoull (next, NULL, 10);
  return (double) pages * (double) sysconf (_SC_PAGESIZE);
}

gboolean
spqr_bench_open (SpqrBench *bench, GError **error)
{
  const SpqrBenchModel shape = spqr_bench_is_quick (bench) ? (SpqrBenchModel) { 64, 176, 4, 2, 3, 32, 64 }
                                                           : (SpqrBenchModel) { 4096, 11008, 32, 32, 32, 32000, 4096 };
  const char *folder = spqr_bench_get_folder (bench, error);
  g_autofree char *path = folder != NULL ? spqr_bench_write_sparse_model (folder, "open", &shape, 2, error) : NULL;
  Open o = { path, NULL };
  const char *text = spqr_bench_is_quick (bench) ? "tiny, 2 shards" : "7B shape, 13.5 GB in 2 shards";
  SpqrBenchItem opening = { "open", text, SPQR_BENCH_TIME, .target_seconds = 0.3, .run = run_open, .after = close_model, .data = &o };
  SpqrBenchItem fingerprint = { "open and fingerprint", text, SPQR_BENCH_TIME, .run = run_open_with_fingerprint,
                                .after = close_model, .data = &o };
  double resident = resident_bytes ();

  /* The first one counts: later ones find the memory of those before them. */
  if (path == NULL || !run_open (&o, error))
    return FALSE;
  resident = resident_bytes () - resident;
  close_model (&o, NULL);
  if (!spqr_bench_measure (bench, &opening, error))
    return FALSE;
  spqr_bench_note (bench, "resident_bytes", resident, 100e6);
  return spqr_bench_measure (bench, &fingerprint, error);
}

/* ---- the preview of the layer page ---- */

typedef struct { SpqrBench *bench; SpqrLab *lab; SpqrParams params; gsize row, rows; guint times; gboolean change_bits; } Preview;

static gboolean
run_preview (gpointer data, GError **error)
{
  Preview *p = data;
  SpqrLabAnswer answer;

  /* A parameter is another one every time, as under a hand on a slider. */
  if (p->change_bits)
    p->params.wbits = 2 + (int) (p->times % 5);
  else
    p->params.outlier_threshold = 0.1 + 0.01 * (p->times % 20);
  p->times++;
  if (!spqr_lab_quantize (p->lab, &p->params, p->row, p->rows, NULL, spqr_bench_get_cancellable (p->bench), &answer, error))
    return FALSE;
  spqr_lab_answer_clear (&answer);
  return TRUE;
}

static gboolean
calibrate_lab (SpqrBench *bench, SpqrLab *lab, GError **error)
{
  gsize n = spqr_lab_get_cols (lab), tokens = MIN (n, 1024);
  float *x = spqr_bench_alloc (tokens * n * sizeof (float), error);
  SpqrHessian hessian = { 0 };
  SpqrStatus status;

  if (x == NULL)
    return FALSE;
  spqr_bench_fill (x, tokens * n, 1, 8);
  status = spqr_hessian_init (&hessian, n);
  if (status == SPQR_OK)
    status = spqr_hessian_add (&hessian, x, n, tokens, 1, spqr_bench_get_exec (bench));
  free (x);
  if (status == SPQR_OK)
    spqr_hessian_finish (&hessian);
  else
    spqr_quant_set_status (error, status, "bench");
  if (status == SPQR_OK && !spqr_lab_set_hessian (lab, hessian.h, error))
    status = SPQR_INVALID;
  spqr_hessian_clear (&hessian);
  return status == SPQR_OK;
}

gboolean
spqr_bench_preview (SpqrBench *bench, GError **error)
{
  gboolean quick = spqr_bench_is_quick (bench);
  const SpqrBenchModel shape = quick ? (SpqrBenchModel) { 128, 176, 4, 4, 1, 32, 64 }
                                     : (SpqrBenchModel) { 4096, 4096, 32, 32, 1, 32, 2048 };
  g_autoptr (SpqrModel) model = make_model (bench, "preview", &shape, error);
  SpqrTensor *tensor = model != NULL ? spqr_model_lookup (model, "model.layers.0.self_attn.q_proj.weight") : NULL;
  g_autoptr (SpqrLab) lab = tensor != NULL ? spqr_lab_new (tensor, error) : NULL;
  g_autofree char *text = g_strdup_printf ("64 rows × %d", shape.hidden);
  Preview p = { .bench = bench, .lab = lab, .params = spqr_params_default, .row = quick ? 32 : 1024, .rows = 64 };
  SpqrBenchItem items[] = {
    { "preview, new tau", text, SPQR_BENCH_TIME, .target_seconds = 0.05, .run = run_preview, .data = &p },
    { "preview, new bits", text, SPQR_BENCH_TIME, .target_seconds = 0.05, .run = run_preview, .data = &p },
  };

  if (lab == NULL || !calibrate_lab (bench, lab, error) || !spqr_bench_measure (bench, &items[0], error))
    return FALSE;
  p.change_bits = TRUE;
  return spqr_bench_measure (bench, &items[1], error);
}

/* ---- the pyramid behind every heat map ---- */

typedef struct { SpqrBench *bench; float *field; gsize rows, cols; } Pyramid;

static gboolean
run_pyramid (gpointer data, GError **error)
{
  Pyramid *p = data;
  SpqrPyramid pyramid = { 0 };
  SpqrStatus status = spqr_pyramid_build (p->field, p->rows, p->cols, spqr_bench_get_exec (p->bench), &pyramid);

  if (status != SPQR_OK)
    return spqr_quant_set_status (error, status, "bench");
  spqr_pyramid_clear (&pyramid);
  return TRUE;
}

gboolean
spqr_bench_pyramid (SpqrBench *bench, GError **error)
{
  gboolean quick = spqr_bench_is_quick (bench);
  Pyramid p = { .bench = bench, .rows = quick ? 100 : 4096, .cols = quick ? 130 : 11008 };
  g_autofree char *text = g_strdup_printf ("%zu × %zu f32", p.rows, p.cols);
  SpqrBenchItem item = { "pyramid", text, SPQR_BENCH_COPY_RATE, .amount = (double) p.rows * p.cols * sizeof (float), .target = 0.5,
                         .run = run_pyramid, .data = &p };
  gboolean ended = FALSE;

  p.field = spqr_large_alloc (p.rows * p.cols * sizeof (float));     /* where the program has its fields, too */
  if (p.field == NULL)
    spqr_quant_set_status (error, SPQR_NO_MEMORY, "bench");
  else
    {
      spqr_bench_fill (p.field, p.rows * p.cols, 1, 9);
      ended = spqr_bench_measure (bench, &item, error);
    }
  free (p.field);
  return ended;
}
