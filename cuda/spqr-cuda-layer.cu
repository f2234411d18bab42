/* spqr-cuda-layer.cu: one layer from weights to stored form: checks, the threshold, the column loop
 * over parts of the rows that fit into memory, outliers into CSR, figures.
 *
 *     T = tau mean over j of  var(W(:, j)) / U_jj^2        summed as core/num does, in f64
 *     loss = tr(dW H dW') / tr(W H W')
 *
 * Rows are independent but for their runs, so the parts (whole runs) change nothing. */
#include <float.h>
#include <stdlib.h>

#include "spqr-cuda-arith.h"
#include "spqr-cuda-columns.h"
#include "spqr-cuda-keep.h"
#include "spqr-cuda-layer-kernels.h"

extern "C" {
#include "num/spqr-params-private.h"
}

#define THREADS SPQR_CUDA_LAYER_THREADS
#define FEWEST_ROWS ((size_t) 256)      /* of a part, when memory is short */

/* The whole job, host memory but for what `input` and `block` hold. */
typedef struct {
  const float *w;               /* NULL: those of matrix, or rows of block */
  const SpqrCudaMatrix *matrix;
  const SpqrCudaNetBlock *block;
  SpqrProduct product;
  size_t block_row0;
  const SpqrCudaInput *input;   /* NULL, or where H, U and its diagonal are */
  size_t m, n, row0, count;
  const SpqrFactor *factor;     /* NULL: RTN; u NULL: the input's */
  SpqrParams params;            /* normal form */
  const float *h;               /* for the loss, or NULL; host */
  bool loss;
  float *diagonal;              /* (n) of U, or ones */
  double threshold;
  bool find_threshold;
  SpqrLayerTrace *trace;
  SpqrLayer *layer;
  size_t outliers_size;
} Job;

/* Device memory for a part of `rows` rows. */
typedef struct {
  size_t rows;
  float *w0;                    /* (rows, n) as given */
  int32_t *perm;
  uint8_t *dead;
  float *h, *difference, *product;      /* (n, n), (FORM_ROWS, n) x 2, or NULL */
  double *loss_sums, *energy_sums, *row_sums, *column_sum, *column_squares;
  float *first_row;
  int *bad;
  uint32_t *counts;             /* (rows) outliers */
  SpqrCudaColumns columns;
} Space;

/* ---- host: memory ---- */

static SpqrStatus
check_shape (const Job *job)
{
  const SpqrParams *params = &job->params;
  bool runs = params->qq_scale_bits > 0 || params->qq_zero_bits > 0;

  if ((job->w == NULL && job->matrix == NULL && job->block == NULL) ||
      (job->matrix != NULL && (job->matrix->m != job->m || job->matrix->n != job->n)) || job->m == 0 || job->n == 0 || job->count == 0 || job->row0 > job->m ||
      job->count > job->m - job->row0 || job->m > INT32_MAX || job->n > INT32_MAX ||
      job->m > SIZE_MAX / sizeof (double) / job->n)
    return SPQR_INVALID;
  if (params->method != SPQR_METHOD_RTN &&
      (job->factor == NULL || job->factor->n != job->n || (job->factor->u == NULL && job->input == NULL) ||
       job->factor->perm == NULL))
    return SPQR_INVALID;
  if (runs && (job->row0 % (size_t) params->qq_groupsize != 0 ||
               (job->row0 + job->count < job->m && job->count % (size_t) params->qq_groupsize != 0)))
    return SPQR_INVALID;
  if (!params->perchannel && job->count != job->m)
    return SPQR_UNSUPPORTED;
  return SPQR_OK;
}

/* What all parts share: U, its diagonal, the order, H. */
static void
allocate_common (SpqrCudaOp &op, const Job *job, Space *space)
{
  size_t n = job->n;

  space->perm = op.alloc<int32_t> (n);
  space->columns.d = op.alloc<float> (n);
  space->bad = op.alloc_zero<int> (1);
  if (job->factor != NULL)
    {
      space->dead = op.alloc<uint8_t> (n);
      space->columns.u = job->input != NULL ? job->input->u : op.alloc<float> (n * n);
    }
  if (job->find_threshold)
    {
      space->column_sum = op.alloc_zero<double> (n);
      space->column_squares = op.alloc_zero<double> (n);
      space->first_row = op.alloc<float> (n);
    }
  if (job->loss)
    {
      space->h = job->input != NULL ? job->input->h : op.alloc<float> (n * n);
      space->loss_sums = op.alloc_zero<double> (SPQR_CUDA_SUMS);
      space->energy_sums = op.alloc_zero<double> (SPQR_CUDA_SUMS);
    }
}

static void
allocate_statistics (SpqrCudaOp &op, const Job *job, SpqrCudaColumns *c)
{
  size_t stats = c->groups * c->rows, second = c->groups * c->runs;

  c->scale = op.alloc<float> (stats);
  c->zero = op.alloc<float> (stats);
  c->value = op.alloc<float> (stats);
  c->constant = op.alloc<uint8_t> (stats);
  if (job->params.qq_scale_bits > 0)
    {
      c->scale_codes = op.alloc<uint8_t> (stats);
      c->scale_scale = op.alloc<float> (second);
      c->scale_zero = op.alloc<float> (second);
    }
  if (job->params.qq_zero_bits > 0)
    {
      c->zero_codes = op.alloc<uint8_t> (stats);
      c->zero_scale = op.alloc<float> (second);
      c->zero_zero = op.alloc<float> (second);
    }
}

static void
allocate_part (SpqrCudaOp &op, const Job *job, size_t rows, Space *space)
{
  SpqrCudaColumns *c = &space->columns;
  size_t n = job->n, q = (size_t) job->params.qq_groupsize;
  bool runs = job->params.qq_scale_bits > 0 || job->params.qq_zero_bits > 0;
  bool outliers = !isinf (job->params.outlier_threshold) && (job->find_threshold || !isinf (job->threshold));

  space->rows = c->rows = rows;
  c->n = n;
  c->groupsize = spqr_cuda_group_columns (&job->params, n);
  c->groups = (n + c->groupsize - 1) / c->groupsize;
  c->run_rows = runs ? q : 0;
  c->runs = runs ? (rows + q - 1) / q : 0;
  c->perchannel = job->params.perchannel;
  c->quantizer = { spqr_max_code (job->params.wbits), job->params.wbits, job->params.qq_scale_bits, job->params.qq_zero_bits,
                   job->params.sym, job->params.round_zero, job->params.compat_reference, job->params.qq_zero_sym };
  space->w0 = op.alloc<float> (rows * n);
  c->w = op.alloc<float> (rows * n);
  c->codes = op.alloc<uint8_t> (rows * n);
  c->ld_error = job->trace != NULL && job->trace->errors != NULL ? n : SPQR_CUDA_BLOCK;
  c->error = op.alloc<float> (rows * c->ld_error);
  c->lo = op.alloc<float> (rows);
  c->hi = op.alloc<float> (rows);
  allocate_statistics (op, job, c);
  if (outliers)
    {
      c->words = (n + 31) / 32;
      c->bits = op.alloc<uint32_t> (rows * c->words);
      space->counts = op.alloc<uint32_t> (rows);
      if (!job->params.compat_reference)
        c->residual = op.alloc<float> (rows * n);
    }
  if (job->trace != NULL && job->trace->loo_gain != NULL)
    c->gain = op.alloc<float> (rows * n);
  space->row_sums = op.alloc<double> (rows);
  if (job->loss)
    {
      size_t form_rows = rows < SPQR_CUDA_FORM_ROWS ? rows : SPQR_CUDA_FORM_ROWS;

      space->difference = op.alloc<float> (form_rows * n);
      space->product = op.alloc<float> (form_rows * n);
    }
}

/* A part of all rows, or of as many as fit. */
static void
allocate (SpqrCudaOp &op, const Job *job, Space *space)
{
  size_t unit = space->columns.run_rows, rows = job->count;
  Space common;
  int mark;

  allocate_common (op, job, space);
  common = *space;
  mark = op.mark ();
  unit = job->params.qq_scale_bits > 0 || job->params.qq_zero_bits > 0 ? (size_t) job->params.qq_groupsize : 1;
  for (;;)
    {
      allocate_part (op, job, rows, space);
      if (op.status != SPQR_DEVICE_OUT_OF_MEMORY || !job->params.perchannel || rows <= FEWEST_ROWS || rows <= unit ||
          op.mark () < mark)
        return;
      op.release (mark);
      op.status = SPQR_OK;
      *space = common;
      rows = (rows / 2 + unit - 1) / unit * unit;
    }
}

/* ---- host: steps ---- */

static void
upload_common (SpqrCudaOp &op, const Job *job, Space *space)
{
  size_t n = job->n;

  op.upload ((void *) space->columns.d, job->diagonal, n * sizeof (float));
  op.upload (space->perm, job->layer->perm, n * sizeof (int32_t));
  if (job->factor != NULL)
    {
      op.upload (space->dead, job->factor->dead, n);
      if (job->input == NULL)
        op.upload ((void *) space->columns.u, job->factor->u, n * n * sizeof (float));
    }
  if (job->h != NULL)
    op.upload (space->h, job->h, n * n * sizeof (float));
}

static void
upload_part (SpqrCudaOp &op, const Job *job, const Space *space, size_t first, size_t rows)
{
  const float *there = NULL;

  if (job->w != NULL)
    op.upload (space->w0, job->w + (job->row0 + first) * job->n, rows * job->n * sizeof (float));
  else if (job->matrix != NULL)
    there = job->matrix->w + (job->row0 + first) * job->n;
  else
    there = spqr_cuda_block_rows (job->block, job->product, job->block_row0 + first, rows);
  if (job->w == NULL && there == NULL)
    op.fail (SPQR_INVALID);
  else if (there != NULL)
    op.copy (space->w0, there, rows * job->n * sizeof (float));
}

/* NaN, infinities, and in default mode what f16 cannot hold, are refused. */
static void
check_part (SpqrCudaOp &op, const Job *job, const Space *space, size_t rows)
{
  float limit = job->params.compat_reference ? FLT_MAX : SPQR_F16_LARGEST;
  size_t count = rows * job->n;
  unsigned blocks = spqr_cuda_blocks (count, THREADS * 16);

  op.work (4.0 * (double) count, 0);
  SPQR_LAUNCH (op, check_kernel, blocks < 2048 ? blocks : 2048, THREADS, 0, space->w0, count, limit, space->bad);
}

/* One pass over all parts: checks, and the sums of the threshold. */
static void
first_pass (SpqrCudaOp &op, Job *job, const Space *space)
{
  int bad = 0;

  for (size_t first = 0; first < job->count && op.ok (); first += space->rows)
    {
      size_t rows = job->count - first < space->rows ? job->count - first : space->rows;

      upload_part (op, job, space, first, rows);
      check_part (op, job, space, rows);
      if (job->find_threshold && first == 0 && op.ok ())
        op.check (cudaMemcpyAsync (space->first_row, space->w0, job->n * sizeof (float), cudaMemcpyDeviceToDevice, op.device->stream));
      if (job->find_threshold)
        {
          op.work ((double) rows * (double) job->n * 4, 4.0 * (double) rows * (double) job->n);
          SPQR_LAUNCH (op, variance_kernel, spqr_cuda_blocks (job->n, 64), 64, 0, space->w0, rows, job->n, space->first_row,
                       space->column_sum, space->column_squares);
        }
      op.pace ();
    }
  op.download (&bad, space->bad, sizeof bad);
  op.wait ();
  if (op.ok () && bad)
    op.fail (SPQR_INVALID);
}

static void
find_threshold (SpqrCudaOp &op, Job *job, const Space *space)
{
  size_t n = job->n, m = job->m;
  double *sums = (double *) malloc (2 * n * sizeof *sums), mean = 0;

  if (sums == NULL)
    {
      op.fail (SPQR_NO_MEMORY);
      return;
    }
  op.download (sums, space->column_sum, n * sizeof *sums);
  op.download (sums + n, space->column_squares, n * sizeof *sums);
  op.wait ();
  for (size_t j = 0; j < n && op.ok (); j++)
    {
      size_t p = (size_t) job->factor->perm[j];
      double d = job->diagonal[j];

      if (!job->factor->dead[j])
        mean += (sums[n + p] - sums[p] * sums[p] / (double) m) / ((double) m - 1) / (d * d);
    }
  job->threshold = job->params.outlier_threshold * mean / (double) n;
  free (sums);
}

static void
part_figures (SpqrCudaOp &op, const Job *job, const Space *space, size_t rows)
{
  const SpqrCudaColumns *c = &space->columns;
  size_t n = job->n;
  unsigned across = spqr_cuda_blocks (n, THREADS);

  op.work (8.0 * (double) rows * (double) n, 0);
  SPQR_LAUNCH (op, row_error_kernel, (unsigned) rows, THREADS, 0, space->w0, c->w, n, space->perm, space->row_sums);
  for (size_t r = 0; r < rows && job->loss && op.ok (); r += SPQR_CUDA_FORM_ROWS)
    {
      size_t some = rows - r < SPQR_CUDA_FORM_ROWS ? rows - r : SPQR_CUDA_FORM_ROWS;
      const float *w0 = space->w0 + r * n;

      op.work (12.0 * (double) some * (double) n, 0);
      SPQR_LAUNCH (op, difference_kernel, dim3 (across, (unsigned) some), THREADS, 0, w0, c->w + r * n, some, n, space->perm,
                   space->difference);
      spqr_cuda_form_add (op, space->difference, space->h, some, n, space->product, space->loss_sums);
      spqr_cuda_form_add (op, w0, space->h, some, n, space->product, space->energy_sums);
      op.pace ();
    }
}

/* Room for `more` outliers in the layer. */
static SpqrStatus
grow_outliers (Job *job, size_t have, size_t more)
{
  SpqrLayer *layer = job->layer;
  uint32_t *cols;
  float *values;

  if (have + more > UINT32_MAX)
    return SPQR_INVALID;
  cols = (uint32_t *) realloc (layer->outlier_cols, (have + more + 1) * sizeof *cols);
  if (cols == NULL)
    return SPQR_NO_MEMORY;
  layer->outlier_cols = cols;
  values = (float *) realloc (layer->outlier_values, (have + more + 1) * sizeof *values);
  if (values == NULL)
    return SPQR_NO_MEMORY;
  layer->outlier_values = values;
  return SPQR_OK;
}

/* The part's outliers behind those of the rows before. */
static void
collect_outliers (SpqrCudaOp &op, Job *job, const Space *space, size_t first, size_t rows)
{
  const SpqrCudaColumns *c = &space->columns;
  uint32_t *offsets = job->layer->outlier_offsets + first, base = offsets[0], *device_offsets, *device_cols;
  float *device_values;
  size_t total = 0;
  unsigned blocks = spqr_cuda_blocks (rows, THREADS / 32);
  int mark = op.mark ();
  SpqrStatus status;

  op.work (4.0 * (double) rows * (double) c->words, 0);
  SPQR_LAUNCH (op, count_outliers_kernel, blocks, THREADS, 0, c->bits, rows, c->words, space->counts);
  op.download (offsets + 1, space->counts, rows * sizeof *offsets);
  op.wait ();
  if (!op.ok ())
    return;
  offsets[0] = 0;               /* relative to the part while the device needs them */
  for (size_t r = 0; r < rows; r++)
    {
      total += offsets[r + 1];
      offsets[r + 1] = (uint32_t) total;
    }
  status = grow_outliers (job, base, total);
  if (status != SPQR_OK)
    op.fail (status);
  device_offsets = op.upload_new (offsets, rows);
  device_cols = op.alloc<uint32_t> (total);
  device_values = op.alloc<float> (total);
  op.work (4.0 * (double) rows * (double) c->words + 12.0 * (double) total, 0);
  SPQR_LAUNCH (op, collect_outliers_kernel, blocks, THREADS, 0, c->bits, rows, c->words,
               c->residual != NULL ? c->residual : c->w, c->n, device_offsets, device_cols, device_values);
  if (total > 0 && op.ok ())
    {
      op.download (job->layer->outlier_cols + base, device_cols, total * sizeof (uint32_t));
      op.download (job->layer->outlier_values + base, device_values, total * sizeof (float));
    }
  op.wait ();
  for (size_t r = 0; r <= rows; r++)
    offsets[r] += base;
  op.release (mark);
}

/* Constant groups of the part, by row, then group. */
static void
collect_constants (SpqrCudaOp &op, Job *job, const Space *space, size_t first, size_t rows)
{
  const SpqrCudaColumns *c = &space->columns;
  SpqrLayer *layer = job->layer;
  size_t stats = c->groups * c->rows, total = 0, next = layer->n_constants;
  uint8_t *flags = (uint8_t *) malloc (stats);
  float *values = NULL;
  SpqrConstantGroup *constants;

  if (flags == NULL)
    op.fail (SPQR_NO_MEMORY);
  op.download (flags, c->constant, stats);
  op.wait ();
  for (size_t i = 0; i < stats && op.ok (); i++)
    total += i % c->rows < rows && flags[i];
  if (op.ok () && total > 0)
    {
      values = (float *) malloc (stats * sizeof *values);
      constants = (SpqrConstantGroup *) realloc (layer->constants, (next + total) * sizeof *constants);
      if (constants != NULL)
        layer->constants = constants;
      if (values == NULL || constants == NULL)
        op.fail (SPQR_NO_MEMORY);
      op.download (values, c->value, stats * sizeof *values);
      op.wait ();
      for (size_t r = 0; r < rows && op.ok (); r++)
        for (size_t g = 0; g < c->groups; g++)
          if (flags[g * c->rows + r])
            layer->constants[next++] = { (uint32_t) (first + r), (uint32_t) g, values[g * c->rows + r] };
      layer->n_constants = next;
    }
  free (values);
  free (flags);
}

/* (groups, part) -> rows first … of (groups, all). */
template <typename T>
static void
download_statistics (SpqrCudaOp &op, T *to, size_t all, size_t first, const T *from, size_t part, size_t count, size_t groups)
{
  if (to != NULL)
    op.download_rows (to + first, all * sizeof (T), from, part * sizeof (T), count * sizeof (T), groups);
}

static void
download_part (SpqrCudaOp &op, Job *job, const Space *space, size_t first, size_t rows)
{
  const SpqrCudaColumns *c = &space->columns;
  SpqrLayer *layer = job->layer;
  size_t n = job->n, m = layer->rows, all_runs = layer->runs;
  size_t run = c->run_rows != 0 ? first / c->run_rows : 0;
  size_t runs = c->run_rows != 0 ? (rows + c->run_rows - 1) / c->run_rows : 0;

  op.download (layer->codes + first * n, c->codes, rows * n);
  download_statistics (op, layer->scale, m, first, c->scale, c->rows, rows, c->groups);
  download_statistics (op, layer->zero, m, first, c->zero, c->rows, rows, c->groups);
  download_statistics (op, layer->scale_codes, m, first, c->scale_codes, c->rows, rows, c->groups);
  download_statistics (op, layer->zero_codes, m, first, c->zero_codes, c->rows, rows, c->groups);
  download_statistics (op, layer->scale_scale, all_runs, run, c->scale_scale, c->runs, runs, c->groups);
  download_statistics (op, layer->scale_zero, all_runs, run, c->scale_zero, c->runs, runs, c->groups);
  download_statistics (op, layer->zero_scale, all_runs, run, c->zero_scale, c->runs, runs, c->groups);
  download_statistics (op, layer->zero_zero, all_runs, run, c->zero_zero, c->runs, runs, c->groups);
  if (job->trace != NULL && job->trace->errors != NULL)
    op.download (job->trace->errors + first * n, c->error, rows * n * sizeof (float));
  if (job->trace != NULL && job->trace->loo_gain != NULL)
    op.download (job->trace->loo_gain + first * n, c->gain, rows * n * sizeof (float));
  if (job->trace != NULL && job->trace->w_hat != NULL)
    op.download (job->trace->w_hat + first * n, c->w, rows * n * sizeof (float));
}

/* The column loop over one part, whose weights are in space->w0. Returns its sum of squared errors. */
static double
quantize_part (SpqrCudaOp &op, Job *job, Space *space, size_t first, size_t rows)
{
  SpqrCudaColumns *c = &space->columns;
  size_t n = job->n;
  double *sums = (double *) malloc (rows * sizeof *sums), sum = 0;

  if (sums == NULL)
    op.fail (SPQR_NO_MEMORY);
  c->rows = rows;
  c->runs = c->run_rows != 0 ? (rows + c->run_rows - 1) / c->run_rows : 0;
  c->threshold = (float) job->threshold;
  c->leave_one_out = c->threshold < INFINITY && !job->params.simplified_outliers;
  if (c->bits != NULL)
    op.zero (c->bits, rows * c->words * sizeof (uint32_t));
  if (c->gain != NULL)
    op.zero (c->gain, rows * n * sizeof (float));
  op.work ((double) rows * (double) n * 8, 0);
  SPQR_LAUNCH (op, permute_kernel, dim3 (spqr_cuda_blocks (n, THREADS), (unsigned) (rows < 32768 ? rows : 32768)), THREADS, 0,
               space->w0, rows, n, space->perm, space->dead, c->w);
  spqr_cuda_columns_run (op, *c);
  part_figures (op, job, space, rows);
  if (c->bits != NULL)
    collect_outliers (op, job, space, first, rows);
  download_part (op, job, space, first, rows);
  collect_constants (op, job, space, first, rows);
  op.download (sums, space->row_sums, rows * sizeof *sums);
  op.wait ();
  for (size_t r = 0; r < rows && op.ok (); r++)
    sum += sums[r];
  free (sums);
  return sum;
}

static void
quantize (SpqrCudaOp &op, Job *job)
{
  SpqrLayer *layer = job->layer;
  Space space = {};
  SpqrStatus status = spqr_cuda_layer_allocate (layer, &job->params, job->count, job->n, job->factor);
  double squares = 0;

  job->diagonal = (float *) malloc (job->n * sizeof *job->diagonal);
  if (status != SPQR_OK || job->diagonal == NULL)
    op.fail (SPQR_NO_MEMORY);
  for (size_t j = 0; j < job->n && op.ok (); j++)
    job->diagonal[j] = job->factor == NULL ? 1.0f : job->input != NULL ? job->input->diagonal[j] : job->factor->u[j * job->n + j];
  allocate (op, job, &space);
  if (op.ok ())
    upload_common (op, job, &space);
  first_pass (op, job, &space);
  if (job->find_threshold && op.ok ())
    find_threshold (op, job, &space);
  for (size_t first = 0, rows; first < job->count && op.ok (); first += rows)
    {
      rows = job->count - first < space.rows ? job->count - first : space.rows;
      if (space.rows < job->count)      /* else it is still there from the first pass */
        upload_part (op, job, &space, first, rows);
      squares += quantize_part (op, job, &space, first, rows);
    }
  layer->mse = squares / ((double) job->count * (double) job->n);
  layer->threshold = job->threshold;
  layer->percdamp_used = job->factor != NULL ? job->factor->percdamp_used : job->params.percdamp;
  layer->proxy_loss = NAN;
  if (job->loss && op.ok ())
    {
      double energy = spqr_cuda_form_total (op, space.energy_sums);

      if (energy > 0)
        layer->proxy_loss = spqr_cuda_form_total (op, space.loss_sums) / energy;
    }
  op.wait ();
  op.poll ();
  if (!op.ok ())
    spqr_cuda_layer_free (layer);
  free (job->diagonal);
}

/* ---- the slots ---- */

/* A whole layer, all of job's sources set. */
static SpqrStatus
quantize_layer (SpqrCuda *device, Job *job, const SpqrParams *params, const SpqrExec *exec)
{
  SpqrStatus status = spqr_params_normalize (params, &job->params);

  memset (job->layer, 0, sizeof *job->layer);
  job->count = job->m;
  if (status == SPQR_OK)
    status = check_shape (job);
  if (status != SPQR_OK)
    return status;
  if (job->params.method == SPQR_METHOD_RTN)
    job->factor = NULL;
  job->threshold = INFINITY;
  job->find_threshold = !isinf (job->params.outlier_threshold) && job->m >= 2;
  {
    SpqrCudaOp op (device, exec);

    quantize (op, job);
    return op.status;
  }
}

SpqrStatus
spqr_cuda_layer_quantize_rows (void *device, const float *w, size_t m, size_t n, size_t row0, size_t count,
                               const SpqrFactor *factor, double threshold, const SpqrParams *params, const SpqrExec *exec,
                               SpqrLayerTrace *trace, SpqrLayer *layer)
{
  Job job = {};
  SpqrStatus status = spqr_params_normalize (params, &job.params);

  memset (layer, 0, sizeof *layer);
  job.w = w;
  job.m = m;
  job.n = n;
  job.row0 = row0;
  job.count = count;
  job.factor = factor;
  job.trace = trace;
  job.layer = layer;
  if (status == SPQR_OK)
    status = check_shape (&job);
  if (status == SPQR_OK && isnan (threshold))
    status = SPQR_INVALID;
  if (status != SPQR_OK)
    return status;
  if (job.params.method == SPQR_METHOD_RTN)
    job.factor = NULL;
  /* As the CPU has it: what such a layer says of T is the f32 number that was used. */
  job.threshold = isinf (job.params.outlier_threshold) ? (double) INFINITY : (double) (float) threshold;
  {
    SpqrCudaOp op ((SpqrCuda *) device, exec);

    quantize (op, &job);
    return op.status;
  }
}

SpqrStatus
spqr_cuda_layer_quantize (void *device, const float *w, size_t m, size_t n, const float *h, const SpqrFactor *factor,
                          const SpqrParams *params, const SpqrExec *exec, SpqrLayerTrace *trace, SpqrLayer *layer)
{
  Job job = {};

  job.w = w;
  job.m = m;
  job.n = n;
  job.factor = factor;
  job.h = h;
  job.loss = h != NULL;
  job.trace = trace;
  job.layer = layer;
  return quantize_layer ((SpqrCuda *) device, &job, params, exec);
}

SpqrStatus
spqr_cuda_quantize_with (SpqrCuda *device, const SpqrWeights *weights, const SpqrCudaInput *input, const SpqrParams *params,
                         const SpqrExec *exec, SpqrLayerTrace *trace, SpqrLayer *layer)
{
  Job job = {};

  job.w = weights->host;
  job.matrix = (const SpqrCudaMatrix *) weights->matrix;
  job.block = (const SpqrCudaNetBlock *) weights->block;
  job.product = weights->product;
  job.block_row0 = weights->row0;
  job.m = weights->m;
  job.n = weights->n;
  job.input = input;
  job.factor = input->have_factor ? &input->factor : NULL;
  job.loss = input->sequences > 0;
  job.trace = trace;
  job.layer = layer;
  return quantize_layer (device, &job, params, exec);
}
