/* spqr-cuda-bench.cu: how fast the device does it, against what it can do.
 *
 * Yardsticks, measured first, medians: a copy on the device (bytes counted in and out), a cuBLAS
 * product of SIZE^3 in f32 without TF32, and the same with f16 factors and f32 sums. An operation is
 * timed by the clock on the wall, copies over the bus included; then once more with every kernel on
 * its own, whose bytes and operations are those that the code declares with op.work(). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "spqr-cuda-keep.h"

#define MOST_REPEATS 64

typedef struct {
  SpqrCuda *device;
  bool quick;
  int repeat;
  const SpqrExec *exec;
  SpqrBenchReport report;
  void *data;
  const char *suite;            /* NULL: all */
  size_t size;                  /* of the product, and of a layer */
  double copy_rate, product_seconds, product_rate, half_rate;
  float *numbers;               /* host, random */
  size_t n_numbers;
  SpqrStatus status;
} Bench;

static double
seconds_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (double) now.tv_sec + (double) now.tv_nsec * 1e-9;
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return x < y ? -1 : x > y;
}

static bool
wanted (const Bench *b, const char *suite)
{
  return b->status == SPQR_OK && (b->suite == NULL || strcmp (b->suite, suite) == 0 || strcmp (b->suite, "all") == 0);
}

/* About normal, the same each time. */
static bool
make_numbers (Bench *b, size_t count)
{
  uint64_t seed = 1;

  b->numbers = (float *) malloc (count * sizeof *b->numbers);
  b->n_numbers = count;
  for (size_t i = 0; i < count && b->numbers != NULL; i++)
    {
      double sum = -2;

      for (int k = 0; k < 4; k++)
        {
          seed = seed * 6364136223846793005u + 1442695040888963407u;
          sum += (double) (seed >> 11) * 0x1p-53;
        }
      b->numbers[i] = (float) (sum * 0.05);
    }
  return b->numbers != NULL;
}

/* ---- yardsticks ---- */

typedef enum { COPY, PRODUCT, HALF_PRODUCT } Yardstick;

static void
run_yardstick (SpqrCudaOp &op, const Bench *b, Yardstick which, float *x, float *y, float *z)
{
  size_t n = b->size;
  const float one = 1.0f, zero = 0.0f;

  if (which == COPY)
    op.copy (z, x, n * n * sizeof *x);
  else if (which == PRODUCT)
    op.gemm (false, true, n, n, n, 1.0f, x, n, y, n, 0.0f, z, n);
  else if (op.ok ())
    op.check (b->device->lib->gemm_ex (b->device->blas, CUBLAS_OP_T, CUBLAS_OP_N, (int) n, (int) n, (int) n, &one, x, CUDA_R_16F,
                                       (int) n, y, CUDA_R_16F, (int) n, &zero, z, CUDA_R_32F, (int) n, CUBLAS_COMPUTE_32F,
                                       CUBLAS_GEMM_DEFAULT));
}

/* Median seconds of one; several are queued behind each other so that launching does not count. */
static double
time_yardstick (Bench *b, Yardstick which)
{
  SpqrCudaOp op (b->device, b->exec);
  size_t n = b->size;
  float *x = op.alloc_zero<float> (n * n), *y = op.alloc_zero<float> (n * n), *z = op.alloc<float> (n * n);
  int times = b->quick ? 1 : 8;
  double samples[MOST_REPEATS];

  if (which != HALF_PRODUCT && op.ok ())
    {
      op.upload (x, b->numbers, n * n * sizeof *x);
      op.upload (y, b->numbers, n * n * sizeof *y);
    }
  run_yardstick (op, b, which, x, y, z);
  op.wait ();
  for (int i = 0; i < b->repeat && op.ok (); i++)
    {
      double began = seconds_now ();

      for (int k = 0; k < times; k++)
        run_yardstick (op, b, which, x, y, z);
      op.wait ();
      op.poll ();
      samples[i] = (seconds_now () - began) / times;
    }
  if (op.finish () != SPQR_OK)
    {
      b->status = op.status;
      return NAN;
    }
  qsort (samples, (size_t) b->repeat, sizeof *samples, compare_doubles);
  return samples[b->repeat / 2];
}

static void
measure_yardsticks (Bench *b)
{
  double n = (double) b->size;

  b->copy_rate = 8.0 * n * n / time_yardstick (b, COPY);
  b->product_seconds = time_yardstick (b, PRODUCT);
  b->product_rate = 2.0 * n * n * n / b->product_seconds;
  b->half_rate = 2.0 * n * n * n / time_yardstick (b, HALF_PRODUCT);
}

/* ---- lines ---- */

typedef enum { OF_PRODUCTS, OF_HALF_RATE, OF_SECONDS } Target;

static void
tell (const Bench *b, const char *suite, const char *name, const char *shape, bool kernel, size_t calls, double seconds, double bytes,
      double flops, double target, Target of)
{
  SpqrBenchLine line = { suite, name, shape, kernel, calls, seconds, bytes, flops, NAN, NAN, NAN, seconds / b->product_seconds, 0,
                         of == OF_HALF_RATE, of == OF_SECONDS };

  if (bytes > 0)
    line.copy_share = bytes / seconds / b->copy_rate;
  if (flops > 0)
    {
      line.product_share = flops / seconds / b->product_rate;
      line.half_share = flops / seconds / b->half_rate;
    }
  line.target = b->quick ? 0 : target;
  b->report (&line, b->data);
}

/* What the column loop of a layer of size^2 cannot do without: cuda/README.md. The chain of a block's columns, or the
 * instructions of its rows, or the bytes. */
static double
columns_bound (const Bench *b, bool leave_one_out)
{
  double rows = (double) b->size, blocks = rows / 128, groups = leave_one_out ? 2500 : 1300;
  double chain = (128 * 165 + 8 * groups) / b->device->clock;
  double instructions = rows / 8 / b->device->processors / 4 * (128 * 165 + 8 * (leave_one_out ? 1500 : 300)) / b->device->clock;
  double bytes = rows * 1744 / b->copy_rate;

  return blocks * fmax (chain, fmax (instructions, bytes));
}

/* What was timed kernel by kernel. Of the column loop half of its bound is asked. */
static void
tell_kernels (const Bench *b, const char *suite, const char *shape)
{
  for (int i = 0; i < b->device->n_lines && b->status == SPQR_OK; i++)
    {
      const SpqrCudaProfileLine *line = &b->device->lines[i];
      bool loo = strcmp (suite, "loo") == 0, bounded = strcmp (line->name, "columns_kernel") == 0 && (loo || strcmp (suite, "columns") == 0);
      double bound = bounded ? columns_bound (b, loo) : 0;

      tell (b, suite, line->name, shape, true, line->count, line->milliseconds * 1e-3, line->bytes, line->flops, 2 * bound, OF_SECONDS);
      if (bounded)
        tell (b, suite, "bound of columns_kernel", shape, true, line->count, bound, 0, 0, 0, OF_SECONDS);
    }
}

typedef SpqrStatus (*Work) (Bench *b, void *data);

/* An operation: its median time, then its kernels. flops: what it cannot do without, 0: not said. */
static void
measure (Bench *b, const char *suite, const char *name, const char *shape, Work work, void *data, double flops, double target, Target of)
{
  double samples[MOST_REPEATS];
  bool profile = b->device->profile;

  b->status = b->status == SPQR_OK ? work (b, data) : b->status;        /* warms up */
  for (int i = 0; i < b->repeat && b->status == SPQR_OK; i++)
    {
      double began = seconds_now ();

      b->status = work (b, data);
      samples[i] = seconds_now () - began;
    }
  if (b->status != SPQR_OK)
    return;
  qsort (samples, (size_t) b->repeat, sizeof *samples, compare_doubles);
  tell (b, suite, name, shape, false, 1, samples[b->repeat / 2], 0, flops, target, of);
  b->device->n_lines = 0;
  b->status = spqr_cuda_device_profile (b->device, true);
  if (b->status == SPQR_OK)
    b->status = work (b, data);
  tell_kernels (b, suite, shape);
  b->device->n_lines = 0;
  b->device->profile = profile;
}

/* ---- suites ---- */

/* One layer of size^2 whose H comes from as many tokens. */
typedef struct { size_t n; void *input, *block, *states; SpqrParams params; SpqrBlockShape shape; SpqrSequence sequence; float *hidden, *out; } Layer;

static SpqrStatus
work_hessian (Bench *b, void *data)
{
  Layer *l = (Layer *) data;

  return spqr_cuda_block_ops.input_add (b->device, l->input, b->numbers, l->n, l->n, 1, b->exec);
}

static SpqrStatus
quantize_from (Bench *b, Layer *l, bool new_factor)
{
  SpqrWeights weights = { b->numbers, NULL, NULL, SPQR_PRODUCT_QKV, 0, l->n, l->n };
  SpqrLayer layer;
  SpqrStatus status;

  if (new_factor)               /* another damping needs another factor */
    l->params.percdamp = l->params.percdamp > 1.0 ? 1.0 : 1.0 + 1e-6;
  status = spqr_cuda_input_quantize (b->device, l->input, &weights, &l->params, b->exec, NULL, &layer);
  if (status == SPQR_OK)
    spqr_cuda_layer_free (&layer);
  return status;
}

static SpqrStatus
work_layer (Bench *b, void *data)
{
  return quantize_from (b, (Layer *) data, true);
}

static SpqrStatus
work_preview (Bench *b, void *data)
{
  return quantize_from (b, (Layer *) data, false);
}

static SpqrStatus
work_without_outliers (Bench *b, void *data)
{
  Layer *l = (Layer *) data;
  double threshold = l->params.outlier_threshold;
  SpqrStatus status;

  l->params.outlier_threshold = INFINITY;
  status = quantize_from (b, l, false);
  l->params.outlier_threshold = threshold;
  return status;
}

static SpqrStatus
work_factor (Bench *b, void *data)
{
  SpqrCudaOp op (b->device, b->exec);
  Layer *l = (Layer *) data;
  const SpqrCudaInput *input = (const SpqrCudaInput *) l->input;
  float *x = op.alloc<float> (l->n * l->n), *diagonal = (float *) malloc (l->n * sizeof *diagonal);
  SpqrFactor factor = {};

  if (diagonal == NULL)
    op.fail (SPQR_NO_MEMORY);
  for (size_t j = 0; j < l->n && op.ok (); j++)
    diagonal[j] = 1.0f;         /* its size decides the damping alone */
  if (op.ok ())
    spqr_cuda_factorize (op, input->h, diagonal, l->n, &l->params, NULL, x, &factor);
  free (factor.perm);
  free (factor.dead);
  free (diagonal);
  return op.finish ();
}

static SpqrStatus
work_gemm (Bench *b, void *data)
{
  Layer *l = (Layer *) data;

  return spqr_cuda_gemm_nt (b->device, b->numbers, l->n, l->n, b->numbers, SPQR_ELEM_F32, l->n, l->n, NULL, l->out, l->n, b->exec);
}

static SpqrStatus
work_sensitivity (Bench *b, void *data)
{
  Layer *l = (Layer *) data;

  return spqr_cuda_field_sensitivity (b->device, b->numbers, l->n, l->n, NULL, &l->params, b->exec, l->out);
}

static SpqrStatus
work_pyramid (Bench *b, void *data)
{
  Layer *l = (Layer *) data;
  SpqrPyramid pyramid;
  SpqrStatus status = spqr_cuda_pyramid_build (b->device, b->numbers, l->n, l->n, b->exec, &pyramid);

  if (status == SPQR_OK)
    spqr_cuda_pyramid_free (&pyramid);
  return status;
}

static SpqrStatus
work_forward (Bench *b, void *data)
{
  Layer *l = (Layer *) data;
  SpqrBlockPass pass = {};

  pass.hidden = l->hidden;
  pass.rows = l->sequence.count;
  pass.sequences = &l->sequence;
  pass.n_sequences = 1;
  pass.write = true;
  pass.cosine = pass.sine = b->numbers;
  pass.positions = l->sequence.count;
  return spqr_cuda_block_run (b->device, l->block, &pass, b->exec);
}

static void
bench_layer (Bench *b, const char *shape)
{
  Layer l = {};
  double n = (double) b->size, n3 = n * n * n;

  l.n = b->size;
  l.params = spqr_params_default;
  l.params.percdamp = 1.0;
  l.out = (float *) malloc (l.n * l.n * sizeof *l.out);
  if (l.out == NULL)
    b->status = SPQR_NO_MEMORY;
  if (b->status == SPQR_OK)
    b->status = spqr_cuda_block_ops.input_open (b->device, l.n, &l.input);
  if (b->status == SPQR_OK)
    b->status = work_hessian (b, &l);
  if (b->status == SPQR_OK)
    b->status = work_layer (b, &l);     /* mirrors H */
  if (wanted (b, "gemm"))
    measure (b, "gemm", "gemm_nt", shape, work_gemm, &l, 2.0 * n3, 0, OF_PRODUCTS);
  if (wanted (b, "factor"))
    measure (b, "factor", "factor", shape, work_factor, &l, 2.0 / 3.0 * n3, 0, OF_PRODUCTS);
  if (wanted (b, "columns"))
    measure (b, "columns", "columns, no outliers", shape, work_without_outliers, &l, n3, 0, OF_PRODUCTS);
  if (wanted (b, "loo"))
    measure (b, "loo", "columns with leave-one-out", shape, work_preview, &l, n3, 0, OF_PRODUCTS);
  if (wanted (b, "preview"))
    measure (b, "preview", "whole layer, factor kept", shape, work_preview, &l, n3, 0, OF_PRODUCTS);
  if (wanted (b, "layer"))
    measure (b, "layer", "factor and columns", shape, work_layer, &l, 5.0 / 3.0 * n3, 12, OF_PRODUCTS);
  if (wanted (b, "stats"))
    measure (b, "stats", "sensitivity", shape, work_sensitivity, &l, 0, 0, OF_PRODUCTS);
  if (wanted (b, "pyramid"))
    measure (b, "pyramid", "pyramid", shape, work_pyramid, &l, 0, 0, OF_PRODUCTS);
  if (wanted (b, "hessian"))
    measure (b, "hessian", "Hessian, x from the host", shape, work_hessian, &l, n3, 0, OF_PRODUCTS);
  spqr_cuda_block_ops.input_close (b->device, l.input);
  free (l.out);
}

/* A block of LLaMA-7B's shape. */
#define MOST_HEADS 32
typedef struct { size_t q[MOST_HEADS], k[MOST_HEADS], v[MOST_HEADS]; } Offsets;

static void
fill_shape (const Bench *b, SpqrBlockShape *s, Offsets *offsets)
{
  size_t dim = b->quick ? 16 : 128;

  s->hidden = b->size;
  s->head_dim = dim;
  s->heads = s->kv_heads = s->hidden / dim;
  s->inner = b->quick ? s->hidden * 2 : 11008;
  s->gated = true;
  s->norm_epsilon = 1e-5;
  s->attention_scale = 1.0f / sqrtf ((float) dim);
  s->rotary_half = dim / 2;
  for (size_t h = 0; h < s->heads; h++)
    {
      offsets->q[h] = h * dim;
      offsets->k[h] = s->hidden + h * dim;
      offsets->v[h] = 2 * s->hidden + h * dim;
    }
  s->q_offset = offsets->q;
  s->k_offset = offsets->k;
  s->v_offset = offsets->v;
  s->rows[SPQR_PRODUCT_QKV] = 3 * s->hidden;
  s->rows[SPQR_PRODUCT_UP] = 2 * s->inner;
  s->rows[SPQR_PRODUCT_O] = s->rows[SPQR_PRODUCT_DOWN] = s->hidden;
  s->cols[SPQR_PRODUCT_QKV] = s->cols[SPQR_PRODUCT_O] = s->cols[SPQR_PRODUCT_UP] = s->hidden;
  s->cols[SPQR_PRODUCT_DOWN] = s->inner;
}

/* Its weights: random. numbers: n_numbers of them. */
static void *
open_block (Bench *b, const SpqrBlockShape *s, const void *numbers, SpqrElem elem)
{
  void *block = NULL;

  if (b->status == SPQR_OK)
    b->status = spqr_cuda_block_ops.block_open (b->device, s, &block);
  for (int p = 0; p < SPQR_N_PRODUCTS && b->status == SPQR_OK; p++)
    {
      size_t rows = b->n_numbers / s->cols[p];

      for (size_t r = 0; r < s->rows[p] && b->status == SPQR_OK; r += rows)
        b->status = spqr_cuda_block_ops.block_put (b->device, block, (SpqrProduct) p, r, s->rows[p] - r < rows ? s->rows[p] - r : rows,
                                                   numbers, elem, b->exec);
    }
  return block;
}

/* One window through it. */
static void
bench_forward (Bench *b)
{
  Layer l = {};
  Offsets offsets;
  SpqrBlockShape *s = &l.shape;
  size_t tokens = b->quick ? 24 : 2048;
  double weights = 0, attention;

  fill_shape (b, s, &offsets);
  l.sequence = { 0, tokens, 0 };
  l.hidden = (float *) malloc (tokens * s->hidden * sizeof *l.hidden);
  if (l.hidden == NULL)
    b->status = SPQR_NO_MEMORY;
  l.block = open_block (b, s, b->numbers, SPQR_ELEM_F32);
  for (int p = 0; p < SPQR_N_PRODUCTS; p++)
    weights += (double) s->rows[p] * (double) s->cols[p];
  if (b->status == SPQR_OK)
    memcpy (l.hidden, b->numbers, tokens * s->hidden * sizeof *l.hidden);
  attention = 2.0 * (double) tokens * (double) tokens * (double) s->hidden;
  measure (b, "forward", b->device->half == 0 ? "block, f32" : b->device->half == 1 ? "block, f16" : "block, f16 in two parts",
           b->quick ? "small" : "2048 tokens, LLaMA-7B", work_forward, &l, 2.0 * (double) tokens * weights + attention, 0.6, OF_HALF_RATE);
  spqr_cuda_block_ops.block_close (b->device, l.block);
  free (l.hidden);
}

/* ---- a whole model, from two of its blocks ---- */

#define BLOCKS_OF_MODEL 32
#define BLOCKS_TIMED 2
typedef enum { SEND, OBSERVE, QUANTIZE, PASS_ON, N_STAGES } Stage;

typedef struct {
  SpqrBlockShape shape;
  SpqrParams params;
  uint16_t *narrow;             /* the numbers as bf16, as a model has them */
  float *hidden;
  SpqrSequence *sequences;
  size_t windows, tokens;
  void *states;
  double seconds[N_STAGES];
} Model;

/* As many windows as the host's memory has room for, 128 at most. */
static bool
allocate_model (Bench *b, Model *m)
{
  m->tokens = b->quick ? 24 : 2048;
  for (m->windows = b->quick ? 3 : 128; m->windows > 0 && m->hidden == NULL; m->windows /= m->hidden == NULL ? 2 : 1)
    m->hidden = (float *) malloc (m->windows * m->tokens * b->size * sizeof *m->hidden);
  m->narrow = (uint16_t *) malloc (b->n_numbers * sizeof *m->narrow);
  m->sequences = (SpqrSequence *) calloc (m->windows != 0 ? m->windows : 1, sizeof *m->sequences);
  if (m->hidden == NULL || m->narrow == NULL || m->sequences == NULL)
    return false;
  for (size_t i = 0; i < b->n_numbers; i++)
    {
      uint32_t bits;

      memcpy (&bits, &b->numbers[i], sizeof bits);
      m->narrow[i] = (uint16_t) (bits >> 16);
    }
  for (size_t i = 0, n = m->windows * m->tokens * b->size; i < n; i++)
    m->hidden[i] = b->numbers[i % (b->n_numbers - 1)];  /* no two windows alike */
  for (size_t w = 0; w < m->windows; w++)
    m->sequences[w] = { w * m->tokens, m->tokens, 0 };
  return true;
}

static void
pass_windows (Bench *b, Model *m, void *block, void *const *inputs)
{
  SpqrBlockPass pass = {};

  pass.hidden = m->hidden;
  pass.rows = m->windows * m->tokens;
  pass.sequences = m->sequences;
  pass.n_sequences = m->windows;
  pass.states = m->states;
  pass.write = inputs == NULL;
  pass.cosine = pass.sine = b->numbers;
  pass.positions = m->tokens;
  for (int p = 0; p < SPQR_N_PRODUCTS && inputs != NULL; p++)
    pass.inputs[p] = inputs[p];
  if (b->status == SPQR_OK)
    b->status = spqr_cuda_block_run (b->device, block, &pass, b->exec);
}

/* q, k, v; o; gate, up; down: each from its input, and back into the block as stored. */
static void
quantize_block (Bench *b, Model *m, void *block, void *const *inputs)
{
  static const int layers[SPQR_N_PRODUCTS] = { 3, 1, 2, 1 };

  for (int p = 0; p < SPQR_N_PRODUCTS; p++)
    for (int i = 0; i < layers[p] && b->status == SPQR_OK; i++)
      {
        size_t rows = m->shape.rows[p] / (size_t) layers[p];
        SpqrWeights weights = { NULL, NULL, block, (SpqrProduct) p, (size_t) i * rows, rows, m->shape.cols[p] };
        SpqrLayer layer;

        b->status = spqr_cuda_input_quantize (b->device, inputs[p], &weights, &m->params, b->exec, NULL, &layer);
        if (b->status != SPQR_OK)
          return;
        b->status = spqr_cuda_block_ops.block_put_layer (b->device, block, (SpqrProduct) p, weights.row0, &layer, b->exec);
        spqr_cuda_layer_free (&layer);
      }
}

static void
do_block (Bench *b, Model *m)
{
  void *inputs[SPQR_N_PRODUCTS] = { NULL }, *block;
  double at[N_STAGES + 1];

  at[SEND] = seconds_now ();
  block = open_block (b, &m->shape, m->narrow, SPQR_ELEM_BF16);
  at[OBSERVE] = seconds_now ();
  for (int p = 0; p < SPQR_N_PRODUCTS && b->status == SPQR_OK; p++)
    b->status = spqr_cuda_block_ops.input_open (b->device, m->shape.cols[p], &inputs[p]);
  pass_windows (b, m, block, inputs);
  at[QUANTIZE] = seconds_now ();
  quantize_block (b, m, block, inputs);
  at[PASS_ON] = seconds_now ();
  pass_windows (b, m, block, NULL);
  at[N_STAGES] = seconds_now ();
  for (int i = 0; i < N_STAGES; i++)
    m->seconds[i] += at[i + 1] - at[i];
  for (int p = 0; p < SPQR_N_PRODUCTS; p++)
    spqr_cuda_block_ops.input_close (b->device, inputs[p]);
  spqr_cuda_block_ops.block_close (b->device, block);
}

static void
tell_model (Bench *b, const Model *m, const char *shape)
{
  static const char *const names[N_STAGES] = { "a block's weights sent", "its Hessians", "its seven layers", "windows passed on" };
  double all = 0;

  for (int i = 0; i < N_STAGES; i++)
    {
      tell (b, "model", names[i], shape, false, 1, m->seconds[i] / BLOCKS_TIMED, 0, 0, 0, OF_PRODUCTS);
      all += m->seconds[i];
    }
  tell (b, "model", "32 blocks, from two", shape, false, 1, all / BLOCKS_TIMED * BLOCKS_OF_MODEL, 0, 0, 360, OF_SECONDS);
}

/* Two blocks as a quantization does them, one after the other and without reading ahead or writing files; then the
 * kernels of one. */
static void
bench_model (Bench *b)
{
  bool profile = b->device->profile;
  char shape[96];
  Offsets offsets;
  Model m = {};

  m.params = spqr_params_default;
  m.params.percdamp = 1.0;
  fill_shape (b, &m.shape, &offsets);
  if (!allocate_model (b, &m))
    b->status = SPQR_NO_MEMORY;
  if (b->status == SPQR_OK && spqr_cuda_block_ops.states_open (b->device, m.windows * m.tokens, b->size, &m.states) != SPQR_OK)
    m.states = NULL;            /* they come and go then */
  snprintf (shape, sizeof shape, "%s, %zu x %zu tokens", b->quick ? "small" : "LLaMA-7B", m.windows, m.tokens);
  b->device->profile = false;
  for (int i = 0; i < BLOCKS_TIMED && b->status == SPQR_OK; i++)
    do_block (b, &m);
  if (b->status == SPQR_OK)
    {
      tell_model (b, &m, shape);
      b->device->n_lines = 0;
      b->status = spqr_cuda_device_profile (b->device, true);
      do_block (b, &m);
      tell_kernels (b, "model", shape);
    }
  b->device->n_lines = 0;
  b->device->profile = profile;
  spqr_cuda_block_ops.states_close (b->device, m.states);
  free (m.narrow);
  free (m.hidden);
  free (m.sequences);
}

SpqrStatus
spqr_cuda_bench (void *device, const char *suite, bool quick, int repeat, const SpqrExec *exec, SpqrBenchReport report, void *data)
{
  static const char *const suites[] = { "all", "gemm", "factor", "hessian", "loo", "columns", "layer", "preview", "forward", "stats", "pyramid", "model" };
  Bench b = {};
  const char *shape = quick ? "64 x 64" : "4096 x 4096";
  bool known = suite == NULL;

  for (const char *name : suites)
    known = known || strcmp (suite, name) == 0;
  if (!known)
    return SPQR_UNSUPPORTED;
  b.device = (SpqrCuda *) device;
  b.quick = quick;
  b.repeat = repeat < 1 ? 1 : repeat > MOST_REPEATS ? MOST_REPEATS : repeat;
  b.exec = exec;
  b.report = report;
  b.data = data;
  b.suite = suite;
  b.size = quick ? 64 : 4096;
  if (!make_numbers (&b, b.size * b.size))
    return SPQR_NO_MEMORY;
  measure_yardsticks (&b);
  if (b.status == SPQR_OK)
    {
      double n = (double) b.size;

      tell (&b, "yardstick", "copy", shape, true, 1, 8.0 * n * n / b.copy_rate, 8.0 * n * n, 0, 0, OF_PRODUCTS);
      tell (&b, "yardstick", "cuBLAS f32", shape, true, 1, b.product_seconds, 0, 2.0 * n * n * n, 0, OF_PRODUCTS);
      tell (&b, "yardstick", "cuBLAS f16", shape, true, 1, 2.0 * n * n * n / b.half_rate, 0, 2.0 * n * n * n, 0, OF_PRODUCTS);
      bench_layer (&b, shape);
    }
  if (wanted (&b, "forward"))
    bench_forward (&b);
  if (wanted (&b, "model"))
    bench_model (&b);
  free (b.numbers);
  return b.status;
}
