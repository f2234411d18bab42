#include "spqr-translations.h"

#include <glib/gi18n.h>
#include <locale.h>

#include "spqr-build.h"

void
spqr_translations_bind (void)
{
  const char *given = g_getenv ("SPQR_LOCALE_DIR");
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  gboolean built = program != NULL && g_str_has_prefix (program, SPQR_BUILD_DIR "/");

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, given != NULL ? given : built ? SPQR_BUILD_DIR "/po" : SPQR_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
}
