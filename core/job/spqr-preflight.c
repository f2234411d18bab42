#include "job/spqr-preflight.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "compute/spqr-cancel.h"
#include "compute/spqr-gemm.h"
#include "job/spqr-quantize-private.h"
#include "net/spqr-memory.h"
#include "quant/spqr-calibrate.h"
#include "quant/spqr-quant-error.h"

#define PROGRAM_BYTES ((guint64) 20 << 20)   /* the libraries, the threads' stacks, the text */
#define TOKEN_BYTES 220              /* of the tokenizer, an id of the vocabulary */
#define FILE_BYTES 2048              /* header and rounding of an artifact */
#define DEVICE_BYTES ((guint64) 64 << 20)    /* of a device's libraries, and what lies between buffers */
#define DEVICE_ROWS 256              /* of a layer, quantized there at a time when memory is short */
#define DEVICE_ROW_BYTES 45          /* a weight of these */
/* Times of the parts in units of a matrix product of as many multiplications. */
#define QUANTIZE_PER_PRODUCT 1.5     /* the column loop and the output's energy, per m n² */
#define FACTOR_PER_PRODUCT 0.6       /* per n³ */
#define HESSIAN_PER_PRODUCT 0.6      /* half of x'x, and copying; per t n² */
#define FORWARD_PER_PRODUCT 1.3
#define BYTES_PER_TOKEN 4.0          /* of a text; of ids as well, nearly */
#define STREAM_SECONDS_PER_WEIGHT 4e-8   /* packing, rounding, writing, reading back */

/* ---- what the machine has ---- */

static char *
nearest_existing (const char *path)
{
  char *folder = g_canonicalize_filename (path, NULL);

  while (!g_file_test (folder, G_FILE_TEST_IS_DIR) && strcmp (folder, "/") != 0)
    {
      char *parent = g_path_get_dirname (folder);
      g_free (folder);
      folder = parent;
    }
  return folder;
}

static guint64
disk_free (const char *folder)
{
  struct statvfs info;

  return statvfs (folder, &info) == 0 ? (guint64) info.f_bavail * info.f_frsize : G_MAXUINT64;
}

/* Bytes of the artifacts that a folder holds already. */
static guint64
stored_bytes (const char *folder)
{
  g_autoptr (GDir) dir = folder != NULL ? g_dir_open (folder, 0, NULL) : NULL;
  const char *name;
  guint64 total = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      struct stat info;

      if (g_str_has_suffix (name, ".spqr") && stat (path, &info) == 0)
        total += info.st_size;
    }
  return total;
}

/* Multiplications a second of a matrix product on all threads; a few milliseconds, once a process. */
static double
product_rate (void)
{
  static gsize measured;
  static double rate;
  enum { SIZE = 384 };

  if (g_once_init_enter (&measured))
    {
      SpqrExec exec = spqr_exec_for_cancellable (NULL);
      g_autofree float *x = g_new0 (float, SIZE * SIZE), *w = g_new0 (float, SIZE * SIZE), *y = g_new (float, SIZE * SIZE);
      gint64 best = G_MAXINT64;

      for (int i = 0; i < 4; i++)
        {
          gint64 began = g_get_monotonic_time ();

          spqr_gemm_nt (x, SIZE, SIZE, w, SPQR_ELEM_F32, SIZE, SIZE, NULL, y, SIZE, &exec);
          best = MIN (best, g_get_monotonic_time () - began);
        }
      rate = (double) SIZE * SIZE * SIZE / (MAX (best, 1) / 1e6);
      g_once_init_leave (&measured, 1);
    }
  return rate;
}

/* ---- what the work needs ---- */

typedef struct {
  Quantization *q;
  SpqrPreflight *p;
  guint64 pages;                /* of the files, of the largest block */
  double products;              /* multiplications, weighted */
  double tokens;                /* of all windows */
  guint64 window;               /* tokens of one */
  double bits, outliers;
  guint64 largest_layer, largest_inputs;
} Sum;

/* The layers of a block that read the same input share its Hessian. Which do is known from their roles. */
static guint
input_of (SpqrRole role)
{
  switch ((int) role)
    {
    case SPQR_ROLE_Q: case SPQR_ROLE_K: case SPQR_ROLE_V: case SPQR_ROLE_QKV: return 0;
    case SPQR_ROLE_O: return 1;
    case SPQR_ROLE_GATE: case SPQR_ROLE_UP: case SPQR_ROLE_GATE_UP: return 2;
    default: return 3;
    }
}

static void
add_layer (Sum *sum, SpqrTensor *tensor, const SpqrParams *params)
{
  double m = spqr_tensor_get_rows (tensor), n = spqr_tensor_get_cols (tensor);
  double bits = spqr_params_forecast_bits (params, (int) m, (int) n);

  sum->p->n_layers++;
  sum->p->n_weights += (guint64) (m * n);
  sum->p->output_bytes += (guint64) (m * n * bits / 8) + FILE_BYTES;
  sum->bits += m * n * bits;
  sum->outliers += m * n * spqr_params_usual_outliers (params);
  if (spqr_tensor_get_dtype (tensor) == SPQR_DTYPE_OTHER)
    {
      sum->p->n_rounded++;
      if (sum->p->rounded_to == NULL)
        sum->p->rounded_to = g_strdup (spqr_tensor_get_dtype_name (tensor));
    }
  sum->p->seconds += m * n * STREAM_SECONDS_PER_WEIGHT;
  sum->largest_layer = MAX (sum->largest_layer, (guint64) (m * n));
  if (params->method != SPQR_METHOD_RTN)
    sum->products += QUANTIZE_PER_PRODUCT * m * n * n;
}

/* One block: its size in f32, its Hessians, its forward passes. */
static void
add_block (Sum *sum, int block, gboolean true_sequential)
{
  guint64 inputs[4] = { 0 };
  guint64 weights = 0, hessians = 0, pages = 0;
  guint n_inputs = 0;

  for (guint i = 0; i < spqr_model_get_n_tensors (sum->q->request->model); i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (sum->q->request->model, i);
      SpqrParams params;

      if (spqr_tensor_get_block (tensor) != block)
        continue;
      weights += spqr_tensor_get_rows (tensor) * spqr_tensor_get_cols (tensor);
      pages += spqr_tensor_get_n_bytes (tensor);
      if (!quantization_wants (sum->q, tensor, &params))
        continue;
      add_layer (sum, tensor, &params);
      if (params.method != SPQR_METHOD_RTN)
        inputs[input_of (spqr_tensor_get_role (tensor))] = spqr_tensor_get_cols (tensor);
    }
  for (guint g = 0; g < G_N_ELEMENTS (inputs); g++)
    {
      double n = inputs[g];

      n_inputs += n > 0;
      sum->products += HESSIAN_PER_PRODUCT * sum->tokens * n * n + FACTOR_PER_PRODUCT * n * n * n;
      hessians = true_sequential ? MAX (hessians, inputs[g] * inputs[g]) : hessians + inputs[g] * inputs[g];
      sum->largest_inputs = MAX (sum->largest_inputs, inputs[g]);
    }
  /* One pass to observe (each input its own, if sequential), one to go on, which the last block is spared. */
  if (sum->q->needs_calibration)
    sum->products += FORWARD_PER_PRODUCT * sum->tokens * weights *
                     ((block + 1 < (int) sum->q->n_blocks) + (true_sequential ? (n_inputs + 1) / 2.0 : 1));
  sum->pages = MAX (sum->pages, pages);
  sum->p->block_bytes = MAX (sum->p->block_bytes, weights * sizeof (float));
  sum->p->hessian_bytes = MAX (sum->p->hessian_bytes, hessians * sizeof (float));
}

/* What is there besides the numbers, and a tenth for what lies between buffers that come and go. */
static guint64
overhead (const Sum *sum, const SpqrConfig *config)
{
  const SpqrPreflight *p = sum->p;

  return PROGRAM_BYTES + TOKEN_BYTES * (guint64) MAX (config->vocab, 0) + sum->pages +
         (p->block_bytes + p->hessian_bytes + p->working_bytes) / 10;
}

static void
sum_up_memory (Sum *sum, const SpqrConfig *config)
{
  SpqrPreflight *p = sum->p;

  p->working_bytes = sum->largest_layer * (sizeof (float) + 1) + sum->largest_inputs * sum->largest_inputs * sizeof (float);
  if (!sum->q->needs_calibration)
    {
      /* Plain rounding reads one tensor at a time. */
      p->block_bytes = sum->largest_layer * sizeof (float);
      p->working_bytes = sum->largest_layer * (sizeof (float) + 1);
      p->overhead_bytes = overhead (sum, config);
      p->memory_bytes = p->block_bytes + p->working_bytes + p->overhead_bytes;
      return;
    }
  p->hidden_bytes = (guint64) (sum->tokens * config->hidden) *
                    (spqr_recipe_get_defaults (sum->q->request->recipe)->f16_activations ? sizeof (guint16) : sizeof (float));
  p->working_bytes += sum->window * ((guint64) config->hidden * 8 + (guint64) MAX (config->intermediate, 0) * 3) * sizeof (float);
  p->overhead_bytes = overhead (sum, config);
  p->memory_bytes = p->block_bytes + p->hessian_bytes + p->working_bytes + p->overhead_bytes + (p->offloaded ? 0 : p->hidden_bytes);
}

/* What the work needs of a device at the same time at least; parts of it are made smaller where that does not do. */
static void
sum_up_device (Sum *sum, const SpqrConfig *config)
{
  SpqrPreflight *p = sum->p;
  SpqrDevice *device = sum->q->request->device;
  guint64 heads = (guint64) config->head_dim * (guint64) (2 * config->n_heads + 2 * config->n_kv_heads);
  guint64 row = 6 * (guint64) config->hidden + MAX (heads, 2 * (guint64) MAX (config->intermediate, 0));
  guint64 inputs = sum->largest_inputs, factor = 2 * inputs * inputs * sizeof (float), part = DEVICE_ROWS * inputs * DEVICE_ROW_BYTES;
  gsize free_bytes = 0, total = 0;

  if (device == NULL || spqr_device_is_cpu (device) || !spqr_device_get_memory (device, &free_bytes, &total))
    return;
  p->device = g_strdup (spqr_device_get_name (device));
  p->device_free = free_bytes;
  p->device_bytes = DEVICE_BYTES + MAX (factor + part, sum->q->needs_calibration ? sum->window * row * sizeof (float) : 0);
  if (sum->q->needs_calibration)
    p->device_bytes += p->block_bytes + p->hessian_bytes;
  p->device_keeps_hidden = p->hidden_bytes > 0 && !p->offloaded && p->device_bytes + p->hidden_bytes <= p->device_free;
}

static void
sum_up_disk (Sum *sum, SpqrStore *store)
{
  SpqrPreflight *p = sum->p;
  const char *folder = sum->q->request->folder;
  g_autofree char *beside = g_path_get_dirname (spqr_store_get_path (store));
  guint64 stored = stored_bytes (folder);

  p->folder = nearest_existing (folder != NULL ? folder : beside);
  p->disk_free = disk_free (p->folder);
  p->disk_bytes = (p->output_bytes > stored ? p->output_bytes - stored : 0) + (p->offloaded ? p->hidden_bytes : 0);
}

gboolean
spqr_preflight_compute (SpqrStore *store, const SpqrQuantizeRequest *request, SpqrPreflight *preflight, GError **error)
{
  const SpqrRunParams *params = spqr_recipe_get_defaults (request->recipe);
  g_autoptr (SpqrRun) run = spqr_run_new ();
  Quantization q = { .store = store, .request = request, .run = run,
                     .n_blocks = spqr_model_get_config (request->model)->n_blocks };
  Sum sum = { .q = &q, .p = preflight };
  double windows = request->calibration != NULL ? (double) request->calibration->n_windows : params->nsamples;

  *preflight = (SpqrPreflight) { 0 };
  if (!spqr_run_params_validate (params, error) || !quantization_count_layers (&q, error))
    return FALSE;
  sum.window = request->calibration != NULL ? request->calibration->seqlen
               : params->seqlen > 0         ? (guint) params->seqlen : spqr_default_seqlen (request->model);
  sum.tokens = windows * (double) sum.window;
  preflight->offloaded = params->offload_activations && q.needs_calibration;
  for (guint b = 0; b < q.n_blocks; b++)
    add_block (&sum, (int) b, params->true_sequential);
  sum_up_memory (&sum, spqr_model_get_config (request->model));
  sum_up_disk (&sum, store);
  sum_up_device (&sum, spqr_model_get_config (request->model));
  preflight->memory_available = spqr_memory_available_or (G_MAXUINT64);
  preflight->bits = sum.bits / MAX (preflight->n_weights, 1);
  preflight->outlier_share = sum.outliers / MAX (preflight->n_weights, 1);
  preflight->seconds += sum.products / product_rate ();
  return TRUE;
}

double
spqr_preflight_evaluation_seconds (SpqrModel *model, const char *data, gboolean both)
{
  double weights = 0;
  struct stat info;

  if (stat (data, &info) != 0 || !S_ISREG (info.st_mode))
    return 0;
  for (guint i = 0; i < spqr_model_get_n_tensors (model); i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (model, i);

      weights += (double) spqr_tensor_get_rows (tensor) * (double) spqr_tensor_get_cols (tensor);
    }
  return (both ? 2 : 1) * FORWARD_PER_PRODUCT * weights * ((double) info.st_size / BYTES_PER_TOKEN) / product_rate ();
}

/* ---- what to say of it ---- */

static gboolean
check_memory (const SpqrPreflight *p, GError **error)
{
  g_autofree char *needed = g_format_size (p->memory_bytes), *there = g_format_size (p->memory_available);
  g_autofree char *hidden = g_format_size (p->hidden_bytes), *block = g_format_size (p->block_bytes);
  g_autofree char *hessians = g_format_size (p->hessian_bytes), *working = g_format_size (p->working_bytes);

  if (p->memory_bytes <= p->memory_available)
    return TRUE;
  if (p->offloaded || p->hidden_bytes == 0)
    g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_NO_MEMORY,
                 _("this needs about %s of memory (one block %s, Hessians %s, working memory %s), and %s is available; "
                   "close other programs, or use --true-sequential, which keeps fewer Hessians"),
                 needed, block, hessians, working, there);
  else
    g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_NO_MEMORY,
                 _("this needs about %s of memory (hidden states %s, one block %s, Hessians %s, working memory %s), and %s is "
                   "available; use fewer or shorter windows, or --offload-activations, which keeps the hidden states in a file"),
                 needed, hidden, block, hessians, working, there);
  return FALSE;
}

static gboolean
check_disk (const SpqrPreflight *p, GError **error)
{
  g_autofree char *needed = g_format_size (p->disk_bytes), *there = g_format_size (p->disk_free);

  if (p->disk_bytes <= p->disk_free)
    return TRUE;
  g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_NO_SPACE,
               _("%s: no space: about %s will be written here, and %s is free; choose another folder, or make room"), p->folder, needed, there);
  return FALSE;
}

gboolean
spqr_preflight_check (const SpqrPreflight *preflight, GError **error)
{
  return check_memory (preflight, error) && check_disk (preflight, error);
}

static char *
describe_seconds (double seconds)
{
  guint whole = (guint) round (MAX (seconds < 90 ? seconds : seconds / 60, 1));

  if (seconds < 90)
    return g_strdup_printf (ngettext ("%u second", "%u seconds", whole), whole);
  if (seconds < 5400)
    return g_strdup_printf (ngettext ("%u minute", "%u minutes", whole), whole);
  return g_strdup_printf (_("%.1f hours"), seconds / 3600);
}

static char *
of_what_there_is (guint64 bytes)
{
  return bytes == G_MAXUINT64 ? g_strdup ("?") : g_format_size (bytes);
}

char *
spqr_preflight_describe (const SpqrPreflight *p)
{
  g_autofree char *memory = g_format_size (p->memory_bytes), *memory_there = of_what_there_is (p->memory_available);
  g_autofree char *disk = g_format_size (p->disk_bytes), *disk_there = of_what_there_is (p->disk_free);
  g_autofree char *time = describe_seconds (p->seconds);
  g_autofree char *bits = p->outlier_share > 0 ? g_strdup_printf (_("about %.2f bits (%.2f %% of outliers assumed)"), p->bits, 100 * p->outlier_share)
                                               : g_strdup_printf (_("%.2f bits"), p->bits);

  return g_strdup_printf (_("%u layers of %.4g M weights at %s need about %s of memory (of %s), %s on the disk (of %s) and %s"),
                          p->n_layers, p->n_weights / 1e6, bits, memory, memory_there, disk, disk_there, time);
}

char *
spqr_preflight_describe_evaluation (double seconds)
{
  g_autofree char *time = describe_seconds (seconds);

  return seconds > 0 ? g_strdup_printf (_("Measuring the perplexity takes about %s more."), time) : NULL;
}

char *
spqr_preflight_describe_device (const SpqrPreflight *p)
{
  g_autofree char *needed = g_format_size (p->device_bytes), *there = g_format_size (p->device_free);

  if (p->device == NULL)
    return NULL;
  return p->device_bytes <= p->device_free
           ? g_strdup_printf (_("%s: about %s of its memory is needed, %s is free"), p->device, needed, there)
           : g_strdup_printf (_("%s: about %s of its memory would be needed, and %s is free; what does not fit is done on the processor"),
                              p->device, needed, there);
}

char *
spqr_preflight_warn (const SpqrPreflight *p)
{
  if (p->n_rounded == 0)
    return NULL;
  return g_strdup_printf (ngettext ("The weights of %u layer are already rounded (%s): its error stays, and this one comes on top; a model of 16 bits is the better source.",
                                    "The weights of %u layers are already rounded (%s): their error stays, and this one comes on top; a model of 16 bits is the better source.",
                                    p->n_rounded), p->n_rounded, p->rounded_to);
}

void
spqr_preflight_clear (SpqrPreflight *preflight)
{
  g_clear_pointer (&preflight->folder, g_free);
  g_clear_pointer (&preflight->rounded_to, g_free);
  g_clear_pointer (&preflight->device, g_free);
}
