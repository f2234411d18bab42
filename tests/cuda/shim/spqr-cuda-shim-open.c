#include "spqr-cuda-shim-open.h"

#include <gmodule.h>

SpqrCudaShim *
spqr_cuda_shim_open (void)
{
  g_autofree char *folder = g_build_filename (g_getenv ("G_TEST_BUILDDIR"), "cuda", NULL);
  g_autofree char *path = g_build_filename (folder, "libspqr-backend-cudashim.so", NULL);
  GModule *module = g_module_open (path, G_MODULE_BIND_LOCAL);
  gpointer symbol = NULL;

  g_setenv ("SPQR_PLUGIN_DIR", folder, TRUE);
  g_assert_true (module != NULL && g_module_symbol (module, "spqr_cuda_shim", &symbol));
  return symbol;
}
