#include "session/spqr-paths.h"

#include "spqr-build.h"

char *
spqr_find_sample (void)
{
  static const char *const places[] = { SPQR_PKGDATADIR "/sample", SPQR_SOURCE_DIR "/data/sample" };

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *config = g_build_filename (places[i], "config.json", NULL);

      if (g_file_test (config, G_FILE_TEST_IS_REGULAR))
        return g_strdup (places[i]);
    }
  return NULL;
}

char *
spqr_find_companion_text (const char *model_path, const char *name)
{
  g_autofree char *path = g_build_filename (model_path, name, NULL);

  return g_file_test (path, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer (&path) : NULL;
}
