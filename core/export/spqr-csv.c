#include "export/spqr-csv.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

struct _SpqrCsv {
  GString *text;
  gboolean begun;            /* the line has a field */
};

SpqrCsv *
spqr_csv_new (void)
{
  SpqrCsv *self = g_new0 (SpqrCsv, 1);

  self->text = g_string_new (NULL);
  return self;
}

void
spqr_csv_free (SpqrCsv *self)
{
  if (self == NULL)
    return;
  g_string_free (self->text, TRUE);
  g_free (self);
}

static void
begin_field (SpqrCsv *self)
{
  if (self->begun)
    g_string_append_c (self->text, ',');
  self->begun = TRUE;
}

static gboolean
needs_quotes (const char *text)
{
  gsize n = strlen (text);

  return strpbrk (text, ",\"\r\n") != NULL || (n > 0 && (text[0] == ' ' || text[n - 1] == ' '));
}

void
spqr_csv_add_text (SpqrCsv *self, const char *text)
{
  begin_field (self);
  if (text == NULL)
    return;
  if (!needs_quotes (text))
    {
      g_string_append (self->text, text);
      return;
    }
  g_string_append_c (self->text, '"');
  for (const char *p = text; *p != '\0'; p++)
    {
      if (*p == '"')
        g_string_append_c (self->text, '"');
      g_string_append_c (self->text, *p);
    }
  g_string_append_c (self->text, '"');
}

/* The fewest digits that read back as the very same number. */
void
spqr_csv_add_number (SpqrCsv *self, double number)
{
  static const char *const formats[] = { "%.15g", "%.16g", "%.17g" };
  char buffer[G_ASCII_DTOSTR_BUF_SIZE] = "";

  for (guint i = 0; i < G_N_ELEMENTS (formats) && (i == 0 || g_ascii_strtod (buffer, NULL) != number); i++)
    g_ascii_formatd (buffer, sizeof buffer, formats[i], number);
  spqr_csv_add_text (self, isnan (number) ? NULL : buffer);
}

void
spqr_csv_add_integer (SpqrCsv *self, gint64 integer)
{
  begin_field (self);
  g_string_append_printf (self->text, "%" G_GINT64_FORMAT, integer);
}

void
spqr_csv_add_time (SpqrCsv *self, gint64 unix_seconds)
{
  g_autoptr (GDateTime) when = unix_seconds != 0 ? g_date_time_new_from_unix_utc (unix_seconds) : NULL;
  g_autofree char *text = when != NULL ? g_date_time_format (when, "%Y-%m-%dT%H:%M:%SZ") : NULL;

  spqr_csv_add_text (self, text);
}

void
spqr_csv_end_line (SpqrCsv *self)
{
  g_string_append (self->text, "\r\n");
  self->begun = FALSE;
}

const char *
spqr_csv_peek (SpqrCsv *self)
{
  return self->text->str;
}

gboolean
spqr_csv_save (SpqrCsv *self, const char *path, GError **error)
{
  if (g_file_set_contents_full (path, self->text->str, (gssize) self->text->len, G_FILE_SET_CONTENTS_CONSISTENT, 0666, error))
    return TRUE;
  g_prefix_error (error, _("The table cannot be saved: "));
  return FALSE;
}
