/* The layer under the studio's sliders on the device: the processor's answers; W, H and U sent once, however often a slider
 * moves; another Hessian; a stop; memory that runs short at each allocation; a device that fails for good. */
#include <math.h>
#include <string.h>

#include "compute/spqr-device-block.h"
#include "compute/spqr-device-keeper.h"
#include "fixture.h"
#include "num/spqr-layer.h"
#include "quant/spqr-lab.h"
#include "spqr-cuda-shim-open.h"

#define TENSOR "model.layers.0.mlp.gate_proj.weight"
#define SLIDES 12

typedef struct { char *folder; SpqrModel *model; SpqrLab *here, *there; gsize rows, cols; } Bench;

static SpqrDevice *device;
static SpqrCudaShim *shim;

static void
give_hessian (Bench *bench, guint32 seed)
{
  g_autofree float *h = fixture_hessian (bench->cols, seed);

  g_assert_true (spqr_lab_set_hessian (bench->here, h, NULL));
  g_assert_true (spqr_lab_set_hessian (bench->there, h, NULL));
}

static void
bench_open (Bench *bench)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  bench->folder = fixture_folder ();
  path = fixture_model_write (bench->folder, "model", SPQR_DTYPE_F16, 1, 11, 1);
  bench->model = spqr_model_open (path, &error);
  g_assert_no_error (error);
  bench->here = spqr_lab_new (spqr_model_lookup (bench->model, TENSOR), &error);
  bench->there = spqr_lab_new (spqr_model_lookup (bench->model, TENSOR), &error);
  g_assert_no_error (error);
  bench->rows = spqr_lab_get_rows (bench->here);
  bench->cols = spqr_lab_get_cols (bench->here);
  spqr_lab_set_device (bench->there, device);
}

static void
bench_clear (Bench *bench)
{
  spqr_lab_unref (bench->here);
  spqr_lab_unref (bench->there);
  g_object_unref (bench->model);
  fixture_remove (bench->folder);
  g_free (bench->folder);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Bench, bench_clear)

static SpqrParams
params_of (int bits, double tau)
{
  SpqrParams params = spqr_params_default;

  params.wbits = bits;
  params.outlier_threshold = tau;
  params.percdamp = 1;
  return params;
}

/* Both answers, compared; FALSE: `there` gave none. */
static gboolean
compare (Bench *bench, const SpqrParams *params, GCancellable *cancellable, GError **error)
{
  SpqrLabAnswer here, there;
  gsize n = bench->rows * bench->cols, same = 0;

  if (!spqr_lab_quantize (bench->there, params, 0, 0, NULL, cancellable, &there, error))
    return FALSE;
  g_assert_true (spqr_lab_quantize (bench->here, params, 0, 0, NULL, NULL, &here, NULL));
  g_assert_true (there.whole && there.count == bench->rows && there.calibrated == here.calibrated);
  for (gsize i = 0; i < n; i++)
    same += here.layer.codes[i] == there.layer.codes[i];
  g_assert_cmpfloat ((double) same / (double) n, >=, 0.999);
  g_assert_cmpfloat (fabs (there.proxy_loss / here.proxy_loss - 1), <, 1e-3);
  g_assert_cmpfloat (fabs (there.bits_stored - here.bits_stored), <, 0.05);
  g_assert_cmpfloat (fabs (there.outlier_share - here.outlier_share), <, 2e-3);
  spqr_lab_answer_clear (&here);
  spqr_lab_answer_clear (&there);
  return TRUE;
}

/* Without calibration, with it, and with another one. */
static void
test_answers (void)
{
  g_auto (Bench) bench = { 0 };
  g_autoptr (GError) error = NULL;

  bench_open (&bench);
  for (int calibration = 0; calibration < 3; calibration++)
    {
      SpqrParams params = params_of (3, 0.2), rtn = params_of (4, INFINITY);

      if (calibration > 0)
        give_hessian (&bench, (guint32) calibration);
      rtn.method = SPQR_METHOD_RTN;
      g_assert_true (compare (&bench, &params, NULL, &error));
      params.permutation_order = SPQR_ORDER_SPEARMAN;   /* whose factor the processor makes */
      g_assert_true (compare (&bench, &params, NULL, &error));
      params.permutation_order = SPQR_ORDER_IDENTITY;
      params.percdamp = 0.5;
      g_assert_true (compare (&bench, &params, NULL, &error));
      g_assert_true (compare (&bench, &rtn, NULL, &error));
      g_assert_no_error (error);
    }
}

/* A slider's moves send the order of the columns and what is as small, not W, H or U. */
static void
test_stays (void)
{
  g_auto (Bench) bench = { 0 };
  gsize before, matrices;

  bench_open (&bench);
  give_hessian (&bench, 1);
  before = shim->bytes_sent;
  for (int slide = 0; slide <= SLIDES; slide++)
    {
      SpqrParams params = params_of (2 + slide % 3, 0.1 * (1 + slide));

      g_assert_true (compare (&bench, &params, NULL, NULL));
      if (slide == 0)
        before = shim->bytes_sent;
    }
  matrices = MIN (bench.rows, bench.cols) * bench.cols * sizeof (float);
  g_test_message ("%zu bytes a move; the smallest matrix has %zu", (shim->bytes_sent - before) / SLIDES, matrices);
  g_assert_cmpuint ((shim->bytes_sent - before) / SLIDES, <, matrices / 4);
}

/* Nothing of a layer that is gone stays allocated for it. */
static void
test_forgets (void)
{
  gsize most = 0;

  for (int i = 0; i < 12; i++)
    {
      g_auto (Bench) bench = { 0 };
      SpqrParams params = params_of (3, 0.2);

      bench_open (&bench);
      give_hessian (&bench, 1);
      g_assert_true (compare (&bench, &params, NULL, NULL));
      if (i == 3)
        most = shim->bytes_now;
      if (i > 3)
        g_assert_cmpuint (shim->bytes_now, <=, most);
    }
}

static void
test_stop (void)
{
  g_auto (Bench) bench = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  SpqrParams params = params_of (3, 0.2);

  bench_open (&bench);
  give_hessian (&bench, 1);
  g_cancellable_cancel (cancellable);
  g_assert_false (compare (&bench, &params, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (compare (&bench, &params, NULL, NULL));
}

/* Each allocation fails once. */
static void
test_memory (void)
{
  for (int n = 1;; n++)
    {
      g_auto (Bench) bench = { 0 };
      SpqrParams params = params_of (3, 0.2);
      gpointer none = NULL;
      gboolean felt;

      bench_open (&bench);
      give_hessian (&bench, 1);
      shim->memory = 1 << 20;   /* what is kept for later goes */
      g_assert_cmpint (spqr_device_states_open (device, 1 << 20, 64, &none), ==, SPQR_DEVICE_OUT_OF_MEMORY);
      shim->memory = 0;
      shim->fail_alloc_at = n;
      g_assert_true (compare (&bench, &params, NULL, NULL));
      g_assert_true (compare (&bench, &params, NULL, NULL));
      felt = shim->fail_alloc_at == 0;
      shim->fail_alloc_at = 0;
      if (!felt)
        {
          g_test_message ("%d allocations", n - 1);
          g_assert_cmpint (n, >, 10);
          break;
        }
    }
  g_assert_true (spqr_device_is_usable (device));
}

/* What the page keeps counts as free, and goes when a job needs it: all of it, before the job makes do with less. */
static void
test_gives_back (void)
{
  g_auto (Bench) first = { 0 }, second = { 0 };
  SpqrParams params = params_of (3, 0.2);
  gsize kept, small, free_bytes = 0, total = 0;
  gpointer states = NULL;

  bench_open (&first);
  give_hessian (&first, 1);
  bench_open (&second);
  give_hessian (&second, 2);
  g_assert_true (compare (&first, &params, NULL, NULL));
  g_assert_true (compare (&second, &params, NULL, NULL));
  kept = spqr_device_get_kept (device);
  g_assert_cmpuint (kept, ==, 2 * (first.rows + 2 * first.cols) * first.cols * sizeof (float));
  shim->memory = shim->bytes_now + 4096;
  g_assert_true (spqr_device_get_memory (device, &free_bytes, &total));
  g_assert_cmpuint (free_bytes, >=, kept);
  small = kept / 2 / sizeof (float) / 64;
  g_assert_cmpint (spqr_device_states_open (device, small, 64, &states), ==, SPQR_OK);
  g_assert_cmpuint (spqr_device_get_kept (device), ==, 0);
  spqr_device_states_close (device, states);
  shim->memory = 0;
  g_assert_true (compare (&first, &params, NULL, NULL));        /* sent once more */
  g_assert_true (compare (&second, &params, NULL, NULL));
  g_assert_cmpuint (spqr_device_get_kept (device), ==, kept);
}

/* Last: in the middle of an answer. It comes all the same, and those after it. */
static void
test_failure (void)
{
  g_auto (Bench) bench = { 0 };
  SpqrParams params = params_of (3, 0.2);

  bench_open (&bench);
  give_hessian (&bench, 1);
  g_assert_true (compare (&bench, &params, NULL, NULL));
  shim->fail_launch_at = 4;
  g_assert_true (compare (&bench, &params, NULL, NULL));
  g_assert_false (spqr_device_is_usable (device));
  g_assert_true (compare (&bench, &params, NULL, NULL));
  shim->failed = 0;
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  shim = spqr_cuda_shim_open ();
  device = spqr_backends_find ("cudashim");
  g_assert_nonnull (device);
  g_test_add_func ("/cuda/lab/answers", test_answers);
  g_test_add_func ("/cuda/lab/stays", test_stays);
  g_test_add_func ("/cuda/lab/forgets", test_forgets);
  g_test_add_func ("/cuda/lab/stop", test_stop);
  g_test_add_func ("/cuda/lab/memory", test_memory);
  g_test_add_func ("/cuda/lab/gives-back", test_gives_back);
  g_test_add_func ("/cuda/lab/failure", test_failure);
  return g_test_run ();
}
