#include "cuda-fixture.h"

#include <gmodule.h>
#include <math.h>
#include <string.h>

#include "compute/spqr-device-block.h"
#include "spqr-cuda-shim-open.h"

static gpointer
plugin_symbol (GModule *module, const char *name)
{
  gpointer symbol = NULL;

  return g_module_symbol (module, name, &symbol) ? symbol : NULL;
}

gboolean
cuda_device_open (CudaDevice *device)
{
  const char *real = g_getenv ("SPQR_CUDA_TEST_PLUGIN"), *reason = NULL;
  g_autofree char *shim = g_build_filename (g_getenv ("G_TEST_BUILDDIR"), "cuda", "libspqr-backend-cudashim.so", NULL);
  GModule *module = g_module_open (real != NULL ? real : shim, G_MODULE_BIND_LOCAL);
  SpqrBackendPluginFunc plugin;

  if (module == NULL)
    g_error ("%s", g_module_error ());
  plugin = (SpqrBackendPluginFunc) plugin_symbol (module, SPQR_BACKEND_PLUGIN_SYMBOL);
  g_assert_nonnull (plugin);
  *device = (CudaDevice) { .backend = plugin (), .shim = plugin_symbol (module, "spqr_cuda_shim") };
  g_assert_cmpuint (device->backend->api_version, ==, SPQR_BACKEND_API_VERSION);
  device->ops = device->backend->ops;
  if (device->backend->score (&reason) <= 0)
    {
      g_assert_null (device->shim);
      g_print ("1..0 # SKIP no usable GPU: %s\n", reason);
      return FALSE;
    }
  g_assert_cmpuint (device->backend->n_devices (), >, 0);
  g_assert_cmpint (device->backend->open (0, &device->handle), ==, SPQR_OK);
  return TRUE;
}

SpqrDevice *
cuda_registry_device (SpqrCudaShim **shim)
{
  g_autofree char *folder = NULL;
  SpqrDevice *device;

  *shim = NULL;
  if (g_getenv ("SPQR_CUDA_TEST_PLUGIN") != NULL)
    {
      folder = g_path_get_dirname (g_getenv ("SPQR_CUDA_TEST_PLUGIN"));
      g_setenv ("SPQR_PLUGIN_DIR", folder, TRUE);
      device = spqr_backends_find ("cuda");
      if (device == NULL)
        g_print ("1..0 # SKIP no usable GPU: %s\n", spqr_backends_get_problems ()[0]);
      return device;
    }
  *shim = spqr_cuda_shim_open ();
  device = spqr_backends_find ("cudashim");
  g_assert_nonnull (device);
  return device;
}

void
cuda_take_note (gpointer notes, const char *text)
{
  g_ptr_array_add (notes, g_strdup (text));
}

void
cuda_forget_spare_memory (SpqrDevice *device, SpqrCudaShim *shim)
{
  gpointer none = NULL;

  shim->memory = 1 << 20;
  g_assert_cmpint (spqr_device_states_open (device, 1 << 20, 64, &none), ==, SPQR_DEVICE_OUT_OF_MEMORY);
  g_assert_cmpuint (shim->bytes_now, ==, 0);
  shim->memory = 0;
}

void
cuda_device_close (CudaDevice *device)
{
  device->backend->close (device->handle);
  if (device->shim == NULL)
    return;
  g_assert_cmpuint (device->shim->allocations_now, ==, 0);
  g_assert_cmpuint (device->shim->bytes_now, ==, 0);
  g_assert_cmpuint (device->shim->events_now, ==, 0);
  g_assert_cmpuint (device->shim->streams_now, ==, 0);
  g_assert_cmpuint (device->shim->handles_now, ==, 0);
  g_assert_cmpuint (device->shim->pinned_now, ==, 0);
  g_assert_cmpstr (device->shim->trouble, ==, "");
}

static double
share_equal (const guint8 *a, const guint8 *b, gsize n)
{
  gsize same = 0;

  g_assert_true ((a == NULL) == (b == NULL));
  for (gsize i = 0; i < n && a != NULL; i++)
    same += a[i] == b[i];
  return a != NULL && n > 0 ? (double) same / (double) n : 1;
}

static double
share_of_outliers (const SpqrLayer *a, const SpqrLayer *b)
{
  gsize common = 0, all;

  for (gsize r = 0; r < a->rows; r++)
    for (guint32 i = a->outlier_offsets[r], k = b->outlier_offsets[r];
         i < a->outlier_offsets[r + 1] && k < b->outlier_offsets[r + 1];)
      {
        guint32 x = a->outlier_cols[i], y = b->outlier_cols[k];

        common += x == y;
        i += x <= y;
        k += y <= x;
      }
  all = MAX (spqr_layer_outliers (a), spqr_layer_outliers (b));
  return all > 0 ? (double) common / (double) all : 1;
}

LayerMatch
cuda_layers_match (const SpqrLayer *a, const SpqrLayer *b)
{
  gsize stats = a->groups * a->rows;
  LayerMatch match;

  g_assert_true (a->rows == b->rows && a->cols == b->cols && a->groups == b->groups && a->runs == b->runs);
  g_assert_cmpmem (a->perm, a->cols * sizeof *a->perm, b->perm, b->cols * sizeof *b->perm);
  g_assert_true (memcmp (&a->params.wbits, &b->params.wbits, sizeof a->params.wbits) == 0);
  match = (LayerMatch) {
    .codes = share_equal (a->codes, b->codes, a->rows * a->cols),
    .scale_codes = share_equal (a->scale_codes, b->scale_codes, stats),
    .zero_codes = share_equal (a->zero_codes, b->zero_codes, stats),
    .outliers = share_of_outliers (a, b),
    .proxy = isnan (a->proxy_loss) && isnan (b->proxy_loss) ? 0 : fabs (a->proxy_loss / b->proxy_loss - 1),
  };
  return match;
}

double
cuda_worst_relative (const float *a, const float *b, gsize n)
{
  double worst = 0, largest = 0;

  for (gsize i = 0; i < n; i++)
    {
      largest = MAX (largest, fabs (b[i]));
      worst = MAX (worst, fabs ((double) a[i] - b[i]));
    }
  return largest > 0 ? worst / largest : worst;
}

float *
cuda_random (GRand *rand, gsize n, double scale)
{
  float *values = g_new (float, MAX (n, 1));

  for (gsize i = 0; i < n; i++)
    values[i] = (float) (g_rand_double_range (rand, -1, 1) * scale);
  return values;
}
