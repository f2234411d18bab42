/* spqr-backends: finding plugins, and falling back to the CPU, with a fake device that fails on
 * demand. */
#include <glib/gstdio.h>
#include <gmodule.h>
#include <math.h>
#include <string.h>

#include "compute/spqr-backends.h"
#include "compute/spqr-gemm.h"
#include "fake-backend.h"

static char *plugin_folder;
static FakeControl *fake;

static char *
built_module (const char *name)
{
  return g_build_filename (g_getenv ("G_TEST_BUILDDIR"), "compute", name, NULL);
}

/* A folder with every kind of plugin, good and bad. */
static void
plugin_folder_make (void)
{
  static const char *const modules[] = { "fake", "old", "absent", "nothing" };
  g_autoptr (GError) error = NULL;
  g_autofree char *garbage = NULL;

  plugin_folder = g_dir_make_tmp ("spqr-plugins-XXXXXX", &error);
  g_assert_no_error (error);
  for (size_t i = 0; i < G_N_ELEMENTS (modules); i++)
    {
      g_autofree char *file = g_strdup_printf ("libspqr-backend-%s.so", modules[i]);
      g_autofree char *from = built_module (file);
      g_autofree char *to = g_build_filename (plugin_folder, file, NULL);
      g_autofree char *contents = NULL;
      gsize length;

      g_file_get_contents (from, &contents, &length, &error);
      g_assert_no_error (error);
      g_file_set_contents (to, contents, (gssize) length, &error);
      g_assert_no_error (error);
    }
  garbage = g_build_filename (plugin_folder, "libspqr-backend-garbage.so", NULL);
  g_file_set_contents (garbage, "not a library", -1, &error);
  g_assert_no_error (error);
  g_setenv ("SPQR_PLUGIN_DIR", plugin_folder, TRUE);
}

static void
plugin_folder_remove (void)
{
  g_autoptr (GDir) dir = g_dir_open (plugin_folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (plugin_folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (plugin_folder);
  g_free (plugin_folder);
}

static void
fake_reset (void)
{
  if (fake == NULL)
    {
      g_autofree char *path = g_build_filename (plugin_folder, "libspqr-backend-fake.so", NULL);
      GModule *module = g_module_open (path, G_MODULE_BIND_LOCAL);
      gpointer symbol = NULL;

      g_assert_nonnull (module);
      g_assert_true (g_module_symbol (module, "fake_control", &symbol));
      fake = symbol;
    }
  *fake = (FakeControl) { .status = SPQR_OK, .supports = true };
}

static gboolean
has_problem (const char *file, const char *words)
{
  for (const char *const *problem = spqr_backends_get_problems (); *problem != NULL; problem++)
    if (strstr (*problem, file) != NULL && strstr (*problem, words) != NULL)
      return TRUE;
  return FALSE;
}

static void
test_registry (void)
{
  GPtrArray *devices = spqr_backends_get ();
  gsize free_bytes, total;

  g_assert_cmpuint (devices->len, ==, 3);
  g_assert_cmpstr (spqr_device_get_id (devices->pdata[0]), ==, "fake:0");
  g_assert_cmpstr (spqr_device_get_name (devices->pdata[0]), ==, "Fake device");
  g_assert_cmpstr (spqr_device_get_id (devices->pdata[1]), ==, "fake:1");
  g_assert_true (devices->pdata[2] == spqr_backends_get_cpu ());
  g_assert_true (spqr_backends_get_best () == devices->pdata[0]);
  g_assert_true (spqr_backends_find ("fake") == devices->pdata[0]);
  g_assert_true (spqr_backends_find ("fake:1") == devices->pdata[1]);
  g_assert_true (spqr_backends_find ("cpu") == spqr_backends_get_cpu ());
  g_assert_null (spqr_backends_find ("cuda"));
  g_assert_true (spqr_device_is_cpu (spqr_backends_get_cpu ()));
  g_assert_false (spqr_device_is_cpu (devices->pdata[0]));
  g_assert_true (spqr_device_get_memory (devices->pdata[0], &free_bytes, &total));
  g_assert_cmpuint (free_bytes, ==, FAKE_MEMORY);
  g_assert_true (spqr_device_get_memory (spqr_backends_get_cpu (), &free_bytes, &total));
  g_assert_cmpuint (free_bytes, <=, total);
  g_assert_cmpuint (total, >, 1 << 20);
}

static void
test_problems (void)
{
  g_assert_true (has_problem ("libspqr-backend-old.so", "version 99"));
  g_assert_true (has_problem ("libspqr-backend-garbage.so", "could not be loaded"));
  g_assert_true (has_problem ("libspqr-backend-nothing.so", "not a plugin"));
  g_assert_true (has_problem ("fake is not used", "there is no such device"));
  g_assert_true (has_problem ("fake:2", "could not be opened"));
  g_assert_cmpuint (g_strv_length ((char **) spqr_backends_get_problems ()), ==, 5);
}

typedef struct { GString *text; int count; } Notes;

static void
take_note (gpointer data, const char *text)
{
  Notes *notes = data;

  notes->count++;
  g_string_assign (notes->text, text);
}

#define TOKENS 3
#define OUTPUTS 5
#define INPUTS 4

typedef struct { float x[TOKENS * INPUTS], w[OUTPUTS * INPUTS], y[TOKENS * OUTPUTS], expected[TOKENS * OUTPUTS]; } Product;

static void
product_init (Product *product)
{
  for (int i = 0; i < TOKENS * INPUTS; i++)
    product->x[i] = (float) (i % 5) - 1.5f;
  for (int i = 0; i < OUTPUTS * INPUTS; i++)
    product->w[i] = (float) (i % 7) * 0.25f;
  memset (product->y, 0, sizeof product->y);
  spqr_gemm_nt (product->x, INPUTS, TOKENS, product->w, SPQR_ELEM_F32, OUTPUTS, INPUTS, NULL, product->expected,
                OUTPUTS, NULL);
}

static SpqrStatus
product_run (Product *product, SpqrBackendRun *run)
{
  product_init (product);
  return spqr_backend_run_gemm_nt (run, product->x, INPUTS, TOKENS, product->w, SPQR_ELEM_F32, OUTPUTS, INPUTS,
                                   NULL, product->y, OUTPUTS);
}

static void
assert_done_by_cpu (const Product *product, const SpqrBackendRun *run)
{
  g_assert_cmpmem (product->y, sizeof product->y, product->expected, sizeof product->expected);
  g_assert_true (run->used == spqr_backends_get_cpu ());
}

static void
test_device_is_used (void)
{
  SpqrBackendRun run = { .device = spqr_backends_find ("fake:0") };
  Product product;

  fake_reset ();
  g_assert_cmpint (product_run (&product, &run), ==, SPQR_OK);
  g_assert_cmpfloat (product.y[0], ==, FAKE_VALUE);
  g_assert_true (run.used == run.device);
  g_assert_cmpint (fake->calls, ==, 1);
  /* No device asked for: the CPU. */
  run.device = NULL;
  g_assert_cmpint (product_run (&product, &run), ==, SPQR_OK);
  assert_done_by_cpu (&product, &run);
  g_assert_cmpint (product_run (&product, NULL), ==, SPQR_OK);
  g_assert_cmpint (fake->calls, ==, 1);
}

/* Each reason to fall back, noted once however often it happens; the device stays usable. */
static void
test_fallback (void)
{
  static const struct { SpqrStatus status; size_t estimate; bool supports; int calls; const char *words; } cases[] = {
    { SPQR_UNSUPPORTED, 0, true, 3, "not supported" },
    { SPQR_DEVICE_OUT_OF_MEMORY, 0, true, 3, "not enough memory on the device" },
    { SPQR_OK, FAKE_MEMORY + 1, true, 0, "not enough memory on the device" },
    { SPQR_OK, 0, false, 0, "not supported" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      Notes notes = { text, 0 };
      SpqrBackendRun run = { .device = spqr_backends_find ("fake:0"), .note = take_note, .note_data = &notes };
      Product product;

      fake_reset ();
      fake->status = cases[i].status;
      fake->estimate = cases[i].estimate;
      fake->supports = cases[i].supports;
      for (int repeat = 0; repeat < 3; repeat++)
        {
          g_assert_cmpint (product_run (&product, &run), ==, SPQR_OK);
          assert_done_by_cpu (&product, &run);
        }
      g_assert_cmpint (fake->calls, ==, cases[i].calls);
      g_assert_cmpint (notes.count, ==, 1);
      g_assert_nonnull (strstr (text->str, cases[i].words));
      g_assert_nonnull (strstr (text->str, "Fake device"));
      g_assert_true (spqr_device_is_usable (run.device));
    }
}

/* A slot that is not there; and an accumulation that must be whole when the CPU takes over. */
static void
test_missing_slot_and_accumulation (void)
{
  SpqrBackendRun run = { .device = spqr_backends_find ("fake:0") };
  float x[6] = { 1, 2, 3, 4, 5, 6 }, field[4] = { 1, -9, 3, 2 };
  SpqrHessian hessian, expected;
  SpqrPyramid pyramid;

  fake_reset ();
  g_assert_cmpint (spqr_backend_run_pyramid_build (&run, field, 2, 2, &pyramid), ==, SPQR_OK);
  g_assert_cmpfloat (pyramid.levels[1].data[0], ==, -9);
  g_assert_true (run.used == spqr_backends_get_cpu ());
  spqr_pyramid_clear (&pyramid);

  spqr_hessian_init (&hessian, 3);
  spqr_hessian_init (&expected, 3);
  spqr_hessian_add (&expected, x, 3, 2, 1, NULL);
  spqr_hessian_add (&expected, x, 3, 1, 2, NULL);
  run.device = NULL;
  g_assert_cmpint (spqr_backend_run_hessian_add (&run, &hessian, x, 3, 2, 1), ==, SPQR_OK);
  run.device = spqr_backends_find ("fake:0");
  fake->status = SPQR_DEVICE_OUT_OF_MEMORY;
  g_assert_cmpint (spqr_backend_run_hessian_add (&run, &hessian, x, 3, 1, 2), ==, SPQR_OK);
  g_assert_cmpmem (hessian.h, 9 * sizeof (float), expected.h, 9 * sizeof (float));
  g_assert_cmpuint (hessian.sequences, ==, 3);
  spqr_hessian_clear (&hessian);
  spqr_hessian_clear (&expected);
}

/* What is not about the device is the answer: the CPU is not asked. */
static void
test_other_statuses_pass (void)
{
  static const SpqrStatus statuses[] = { SPQR_INVALID, SPQR_NOT_POSITIVE_DEFINITE, SPQR_NO_MEMORY, SPQR_CANCELLED };
  SpqrBackendRun run = { .device = spqr_backends_find ("fake:0") };
  Product product;

  for (size_t i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      fake_reset ();
      fake->status = statuses[i];
      g_assert_cmpint (product_run (&product, &run), ==, statuses[i]);
      g_assert_true (run.used == run.device);
    }
}

static gpointer
many_products (gpointer data)
{
  SpqrBackendRun run = { .device = data };
  Product product;

  for (int i = 0; i < 50; i++)
    g_assert_cmpint (product_run (&product, &run), ==, SPQR_OK);
  return NULL;
}

static void
test_one_thread_at_a_time (void)
{
  GThread *threads[4];

  fake_reset ();
  for (int i = 0; i < 4; i++)
    threads[i] = g_thread_new ("caller", many_products, spqr_backends_find ("fake:0"));
  for (int i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (fake->calls, ==, 200);
  g_assert_cmpint (fake->most_at_once, ==, 1);
}

static bool
stop_now (void *data)
{
  return true;
}

static void
test_cancel_on_cpu (void)
{
  SpqrExec exec = { .should_stop = stop_now };
  SpqrBackendRun run = { .exec = &exec };
  Product product;

  g_assert_cmpint (product_run (&product, &run), ==, SPQR_CANCELLED);
}

/* Last: after this the fake devices are off. */
static void
test_failed_device_is_off (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  Notes notes = { text, 0 };
  SpqrBackendRun run = { .device = spqr_backends_find ("fake:0"), .note = take_note, .note_data = &notes };
  gsize free_bytes, total;
  Product product;

  fake_reset ();
  fake->status = SPQR_DEVICE_FAILED;
  g_assert_cmpint (product_run (&product, &run), ==, SPQR_OK);
  assert_done_by_cpu (&product, &run);
  g_assert_false (spqr_device_is_usable (run.device));
  g_assert_cmpint (notes.count, ==, 1);
  fake->status = SPQR_OK;
  g_assert_cmpint (product_run (&product, &run), ==, SPQR_OK);
  assert_done_by_cpu (&product, &run);
  g_assert_cmpint (fake->calls, ==, 1);
  g_assert_false (spqr_device_get_memory (run.device, &free_bytes, &total));
  g_assert_true (spqr_backends_get_best () == spqr_backends_find ("fake:1"));

  run.device = spqr_backends_find ("fake:1");
  fake->memory_status = SPQR_DEVICE_FAILED;
  g_assert_cmpint (product_run (&product, &run), ==, SPQR_OK);
  g_assert_cmpint (fake->calls, ==, 1);
  g_assert_true (spqr_backends_get_best () == spqr_backends_get_cpu ());
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  plugin_folder_make ();
  g_test_add_func ("/backends/registry", test_registry);
  g_test_add_func ("/backends/problems", test_problems);
  g_test_add_func ("/backends/device-is-used", test_device_is_used);
  g_test_add_func ("/backends/fallback", test_fallback);
  g_test_add_func ("/backends/missing-slot-and-accumulation", test_missing_slot_and_accumulation);
  g_test_add_func ("/backends/other-statuses-pass", test_other_statuses_pass);
  g_test_add_func ("/backends/one-thread-at-a-time", test_one_thread_at_a_time);
  g_test_add_func ("/backends/cancel-on-cpu", test_cancel_on_cpu);
  g_test_add_func ("/backends/failed-device-is-off", test_failed_device_is_off);
  result = g_test_run ();
  plugin_folder_remove ();
  return result;
}
