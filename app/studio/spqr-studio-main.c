/* spqr-studio: the window. */
#include <adwaita.h>

#include "spqr-build.h"
#include "spqr-translations.h"
#include "window/spqr-application.h"

/* Settings are kept by the desktop's service where there is one and a bus to reach it by, else in a file. */
static void
choose_settings_backend (void)
{
  if (g_getenv ("DBUS_SESSION_BUS_ADDRESS") == NULL || !g_file_test (SPQR_GIO_MODULES "/libdconfsettings.so", G_FILE_TEST_EXISTS))
    g_setenv ("GSETTINGS_BACKEND", "keyfile", FALSE);
}

int
main (int argc, char **argv)
{
  g_autoptr (SpqrApplication) application = NULL;

  spqr_translations_bind ();
  choose_settings_backend ();
  application = spqr_application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
