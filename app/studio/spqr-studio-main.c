/* spqr-studio: the window. */
#include <glib/gi18n.h>
#include <locale.h>

#include "spqr-build.h"
#include "window/spqr-application.h"

int
main (int argc, char **argv)
{
  g_autoptr (SpqrApplication) application = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, SPQR_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  application = spqr_application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
