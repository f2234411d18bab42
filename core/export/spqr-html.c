#include "export/spqr-html.h"

#include <inttypes.h>
#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

/* Characters that HTML has no place for. */
static gboolean
is_forbidden (gunichar c)
{
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0) || (c & 0xfffe) == 0xfffe;
}

void
spqr_html_text (GString *page, const char *text)
{
  g_autofree char *valid = text != NULL ? g_utf8_make_valid (text, -1) : NULL;

  for (const char *p = valid; p != NULL && *p != '\0'; p = g_utf8_next_char (p))
    switch (*p)
      {
      case '&': g_string_append (page, "&amp;"); break;
      case '<': g_string_append (page, "&lt;"); break;
      case '>': g_string_append (page, "&gt;"); break;
      case '"': g_string_append (page, "&quot;"); break;
      case '\'': g_string_append (page, "&#39;"); break;
      default:
        g_string_append_unichar (page, is_forbidden (g_utf8_get_char (p)) ? 0xfffd : g_utf8_get_char (p));
      }
}

void
spqr_html_element (GString *page, const char *tag, const char *text)
{
  g_string_append_printf (page, "<%s>", tag);
  spqr_html_text (page, text);
  g_string_append_printf (page, "</%s>", tag);
}

void
spqr_html_markup (GString *page, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_string_append_vprintf (page, format, arguments);
  va_end (arguments);
}

char *
spqr_html_fixed (double value, int decimals)
{
  g_autofree char *text = NULL;

  if (!isfinite (value))
    return g_strdup (isinf (value) && value > 0 ? "∞" : "–");
  text = g_strdup_printf ("%.*f", decimals, value);
  return text[0] == '-' ? g_strconcat ("−", text + 1, NULL) : g_steal_pointer (&text);
}

char *
spqr_html_percent (double share)
{
  double percent = fabs (100 * share);
  g_autofree char *number = spqr_html_fixed (100 * share, percent < 0.1 && percent > 0 ? 4 : percent < 10 ? 2 : 1);

  return isfinite (share) ? g_strconcat (number, " %", NULL) : g_steal_pointer (&number);
}

char *
spqr_html_seconds (double seconds)
{
  gint64 whole = isfinite (seconds) && seconds < 1e15 ? (gint64) round (seconds) : 0;

  if (!isfinite (seconds))
    return g_strdup ("–");
  if (seconds < 60)
    return g_strdup_printf (_("%.1f s"), seconds);
  if (whole < 3600)
    return g_strdup_printf (_("%d min %02d s"), (int) (whole / 60), (int) (whole % 60));
  return g_strdup_printf (_("%" PRId64 " h %02d min"), whole / 3600, (int) (whole / 60 % 60));
}

char *
spqr_html_date (gint64 unix_seconds)
{
  g_autoptr (GDateTime) when = unix_seconds != 0 ? g_date_time_new_from_unix_local (unix_seconds) : NULL;

  return when != NULL ? g_date_time_format (when, "%Y-%m-%d %H:%M") : g_strdup ("–");
}

char *
spqr_html_path (const char *path)
{
  const char *home = g_get_home_dir ();
  gsize length = strlen (home);

  if (path != NULL && length > 1 && strncmp (path, home, length) == 0 && path[length] == G_DIR_SEPARATOR)
    return g_strconcat ("~", path + length, NULL);
  return g_strdup (path != NULL ? path : "–");
}

void
spqr_html_coordinate (GString *page, double value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (page, g_ascii_formatd (buffer, sizeof buffer, "%.3f", isfinite (value) ? value : 0));
}
