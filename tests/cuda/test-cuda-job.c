/* A whole model, quantized and evaluated on the device: everything on it; memory that runs short at each
 * allocation; a device that fails somewhere in the middle. The figures are the CPU's in every case, and the rows say
 * who did what. */
#include <math.h>
#include <string.h>

#include "eval/spqr-perplexity.h"
#include "job/spqr-preflight.h"
#include "net/spqr-net-device.h"
#include "quant/spqr-artifacts.h"
#include "sitting.h"
#include "spqr-cuda-shim-open.h"

#define RECIPE "{\"spqr_recipe\": 1, \"defaults\": {\"percdamp\": 1.0, \"groupsize\": 16%s}}"

static SpqrDevice *device;
static SpqrCudaShim *shim;
static char *folder;

static GPtrArray *
rows_of (Sitting *sitting, SpqrRun *run)
{
  g_autoptr (SpqrStore) store = spqr_store_open (sitting->database, NULL);
  GPtrArray *rows = spqr_store_list_layers (store, run->id, NULL);

  g_assert_nonnull (rows);
  return rows;
}

typedef struct { guint on_device, on_second, here, notes; } Places;

/* Layer by layer as on the CPU, to the tolerance of f32 sums in another order. */
static Places
compare_rows (GPtrArray *got, GPtrArray *want)
{
  Places places = { 0 };

  g_assert_cmpuint (got->len, ==, want->len);
  for (guint i = 0; i < got->len; i++)
    {
      const SpqrRunLayer *a = got->pdata[i], *b = want->pdata[i];

      g_assert_cmpstr (a->name, ==, b->name);
      g_assert_cmpfloat (fabs (a->proxy_loss / b->proxy_loss - 1), <, 0.02);
      g_assert_cmpfloat (fabs (a->bits - b->bits), <, 0.06);   /* an outlier of the smallest layer: 0.03 */
      places.on_device += g_str_has_prefix (a->backend, "cudashim:");
      places.on_second += strcmp (a->backend, "cudashim:1") == 0;
      places.here += strcmp (a->backend, "cpu") == 0;
      places.notes += a->note != NULL;
    }
  g_assert_cmpuint (places.on_device + places.here, ==, got->len);
  return places;
}

static SpqrRun *
run_in (Sitting *sitting, const char *name, const char *more, SpqrDevice *where)
{
  g_autofree char *recipe = g_strdup_printf (RECIPE, more);
  SpqrRun *run;

  sitting_init (sitting, folder, name, 2, 3, recipe);
  sitting->device = where;
  sitting->spread = strstr (name, "spread") != NULL;
  run = sitting_finish (sitting);
  return run;
}

static double
perplexity_of (Sitting *sitting, SpqrRun *run, SpqrDevice *where)
{
  g_autoptr (SpqrArtifacts) artifacts = spqr_artifacts_new ();
  g_autoptr (GPtrArray) rows = rows_of (sitting, run);
  g_autoptr (SpqrNet) net = NULL;
  g_autoptr (GError) error = NULL;
  SpqrPerplexity result = { 0 };
  double ppl;

  for (guint i = 0; i < rows->len; i++)
    {
      const SpqrRunLayer *row = rows->pdata[i];
      g_autofree char *path = g_build_filename (run->folder, row->file, NULL);

      spqr_artifacts_add (artifacts, row->name, path);
    }
  net = spqr_net_new (sitting->model, spqr_artifacts_get_source (artifacts), &error);
  spqr_net_set_device (net, where, NULL, NULL);
  g_assert_true (spqr_perplexity_compute (net, NULL, sitting->calibration->ids, 3 * 48, 24, 0, NULL, NULL, NULL, NULL, &result, &error));
  g_assert_no_error (error);
  ppl = result.ppl;
  spqr_perplexity_clear (&result);
  return ppl;
}

static void
test_whole (gconstpointer more)
{
  g_auto (Sitting) here = { 0 }, there = { 0 };
  g_autofree char *first = g_strdup_printf ("here-%u", g_str_hash (more)), *second = g_strdup_printf ("there-%u", g_str_hash (more));
  g_autoptr (SpqrRun) a = run_in (&here, first, more, NULL), b = run_in (&there, second, more, device);
  g_autoptr (GPtrArray) want = rows_of (&here, a), got = rows_of (&there, b);
  Places places = compare_rows (got, want);
  double expected = perplexity_of (&here, a, NULL);

  /* That order is the CPU's to find; the layers are the device's all the same. */
  g_assert_cmpuint (places.on_device, ==, got->len);
  g_assert_cmpuint (places.on_second, ==, 0);
  g_assert_cmpuint (places.notes, ==, strstr (more, "spearman") == NULL ? 0 : got->len);
  g_assert_cmpfloat (fabs (perplexity_of (&here, a, device) / expected - 1), <, 1e-4);
  g_assert_cmpfloat (fabs (perplexity_of (&there, b, device) / expected - 1), <, 0.01);
}

/* Two GPUs, two queues of the first: the layers are spread, and the same. */
static void
test_spread (void)
{
  g_auto (Sitting) here = { 0 };
  g_autoptr (SpqrRun) a = run_in (&here, "one", "", NULL);
  g_autoptr (GPtrArray) want = rows_of (&here, a);
  guint second = 0;

  g_assert_nonnull (spqr_backends_find ("cudashim:1"));
  for (int i = 0; i < 4; i++)
    {
      g_auto (Sitting) there = { 0 };
      g_autofree char *name = g_strdup_printf ("spread-%d", i);
      g_autoptr (SpqrRun) b = run_in (&there, name, "", device);
      g_autoptr (GPtrArray) got = rows_of (&there, b);
      Places places = compare_rows (got, want);

      g_assert_cmpuint (places.on_device, ==, got->len);
      second += places.on_second;
    }
  g_test_message ("%u layers on the second", second);
  g_assert_cmpuint (second, >, 0);
}

/* Some allocation fails, then all is well again: the same, and told where it was felt. */
static void
test_memory (void)
{
  g_auto (Sitting) here = { 0 };
  g_autoptr (SpqrRun) a = run_in (&here, "memory", "", NULL);
  g_autoptr (GPtrArray) want = rows_of (&here, a);
  guint notes = 0;

  for (int n = 1; n < 40; n = n < 12 ? n + 2 : n + 7)
    {
      g_auto (Sitting) there = { 0 };
      g_autofree char *name = g_strdup_printf ("memory-%d", n);
      g_autoptr (SpqrRun) b = NULL;
      g_autoptr (GPtrArray) got = NULL;
      gpointer none = NULL;

      shim->memory = 1 << 20;   /* what is kept for later goes */
      g_assert_cmpint (spqr_device_states_open (device, 1 << 20, 64, &none), ==, SPQR_DEVICE_OUT_OF_MEMORY);
      shim->memory = 0;
      shim->fail_alloc_at = n;
      b = run_in (&there, name, "", device);
      got = rows_of (&there, b);
      notes += compare_rows (got, want).notes;
    }
  shim->fail_alloc_at = 0;
  g_assert_cmpuint (notes, >, 0);
  g_assert_true (spqr_device_is_usable (device));
}

/* What the device will need is told before, and what happens when it has not got that. */
static void
test_preflight (void)
{
  g_auto (Sitting) sitting = { 0 };
  g_autofree char *recipe_text = g_strdup_printf (RECIPE, "");
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrRecipe) recipe = spqr_recipe_parse (recipe_text, &error);
  g_auto (SpqrPreflight) here = { 0 }, there = { 0 }, little = { 0 };
  g_autoptr (SpqrStore) store = NULL;
  g_autofree char *fits = NULL, *does_not = NULL;
  SpqrQuantizeRequest request = { .recipe = recipe };

  sitting_init (&sitting, folder, "preflight", 2, 3, recipe_text);
  store = spqr_store_open (sitting.database, &error);
  request.model = sitting.model;
  request.calibration = sitting.calibration;
  request.folder = sitting.folder;
  g_assert_true (spqr_preflight_compute (store, &request, &here, &error));
  g_assert_null (here.device);
  g_assert_null (spqr_preflight_describe_device (&here));
  request.device = device;
  g_assert_true (spqr_preflight_compute (store, &request, &there, &error));
  g_assert_cmpstr (there.device, ==, spqr_device_get_name (device));
  g_assert_cmpuint (there.device_bytes, >, there.block_bytes + there.hessian_bytes + 2 * 86 * 86 * 4);
  g_assert_cmpuint (there.device_bytes, <=, there.device_free);
  g_assert_true (there.device_keeps_hidden);
  fits = spqr_preflight_describe_device (&there);
  g_assert_nonnull (strstr (fits, "is needed"));
  shim->memory = 1 << 20;
  g_assert_true (spqr_preflight_compute (store, &request, &little, &error));
  shim->memory = 0;
  g_assert_cmpuint (little.device_bytes, ==, there.device_bytes);
  g_assert_cmpuint (little.device_bytes, >, little.device_free);
  g_assert_false (little.device_keeps_hidden);
  does_not = spqr_preflight_describe_device (&little);
  g_assert_nonnull (strstr (does_not, "done on the processor"));
  g_assert_true (spqr_preflight_check (&little, &error));       /* no reason to refuse */
}

/* Last: the n-th launch fails for good. What was stored stays, the rest is the CPU's. */
static void
test_failure (void)
{
  g_auto (Sitting) here = { 0 }, there = { 0 };
  g_autoptr (SpqrRun) a = run_in (&here, "failure", "", NULL), b = NULL;
  g_autoptr (GPtrArray) want = rows_of (&here, a), got = NULL;
  gsize before = shim->launches;
  Places places;

  {
    g_auto (Sitting) counted = { 0 };
    g_autoptr (SpqrRun) run = run_in (&counted, "counted", "", device);

    shim->fail_launch_at = (int) (shim->launches - before) * 2 / 3;
  }
  b = run_in (&there, "failed", "", device);
  got = rows_of (&there, b);
  places = compare_rows (got, want);
  g_assert_false (spqr_device_is_usable (device));
  g_test_message ("%u layers on the device, %u here", places.on_device, places.here);
  g_assert_cmpuint (places.on_device, >, 0);
  g_assert_cmpuint (places.here, >, 0);
  g_assert_cmpuint (places.notes, >, 0);
  shim->failed = 0;
}

int
main (int argc, char *argv[])
{
  int result;

  g_test_init (&argc, &argv, NULL);
  shim = spqr_cuda_shim_open ();
  shim->n_devices = 2;
  device = spqr_backends_find ("cudashim");
  g_assert_nonnull (device);
  folder = fixture_folder ();
  g_test_add_data_func ("/cuda/job/whole", "", test_whole);
  g_test_add_data_func ("/cuda/job/true-sequential", ", \"true_sequential\": true", test_whole);
  g_test_add_data_func ("/cuda/job/spearman", ", \"permutation_order\": \"spearman\"", test_whole);
  g_test_add_func ("/cuda/job/spread", test_spread);
  g_test_add_func ("/cuda/job/memory", test_memory);
  g_test_add_func ("/cuda/job/preflight", test_preflight);
  g_test_add_func ("/cuda/job/failure", test_failure);
  result = g_test_run ();
  fixture_remove (folder);
  return result;
}
