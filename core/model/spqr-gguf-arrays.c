/* spqr-gguf-arrays.c: whole arrays of a GGUF file's metadata: a vocabulary's tokens, scores, kinds. */
#include <math.h>
#include <string.h>

#include "model/spqr-gguf-private.h"
#include "model/spqr-model.h"

G_GNUC_PRINTF (4, 5) static void
set_malformed (const SpqrGguf *self, const char *key, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_MALFORMED, "%s: the metadata's “%s” %s", self->file->path, key,
               what);
}

/* The array behind key; NULL without error when there is no such key. */
static const SpqrGgufValue *
find_array (const SpqrGguf *self, const char *key, gboolean strings, gsize most, GError **error)
{
  const SpqrGgufValue *found = g_hash_table_lookup (self->values, key);

  if (found == NULL)
    return NULL;
  if (found->type != SPQR_GGUF_ARRAY || (found->element_type == SPQR_GGUF_STRING) != strings)
    set_malformed (self, key, error, "is not a list of %s", strings ? "texts" : "numbers");
  else if (found->length > most)
    set_malformed (self, key, error, "has %" G_GUINT64_FORMAT " elements; at most %" G_GSIZE_FORMAT " are read",
                   found->length, most);
  else
    return found;
  return NULL;
}

/* The lengths were compared with the file when it was opened. */
char **
spqr_gguf_dup_strings (const SpqrGguf *self, const char *key, gsize most, gsize *n, GError **error)
{
  const SpqrGgufValue *found = find_array (self, key, TRUE, most, error);
  g_auto(GStrv) strings = NULL;
  const guint8 *at;

  *n = 0;
  if (found == NULL)
    return NULL;
  strings = g_new0 (char *, found->length + 1);
  at = found->data;
  for (gsize i = 0; i < found->length; i++)
    {
      guint64 length;

      memcpy (&length, at, sizeof length);
      length = GUINT64_FROM_LE (length);
      at += sizeof length;
      if (!g_utf8_validate_len ((const char *) at, (gsize) length, NULL))
        {
          set_malformed (self, key, error, "has a text (number %" G_GSIZE_FORMAT ") that is not UTF-8", i);
          return NULL;
        }
      strings[i] = g_strndup ((const char *) at, (gsize) length);
      at += length;
    }
  *n = (gsize) found->length;
  return g_steal_pointer (&strings);
}

float *
spqr_gguf_dup_floats (const SpqrGguf *self, const char *key, gsize most, gsize *n, GError **error)
{
  const SpqrGgufValue *found = find_array (self, key, FALSE, most, error);
  guint size = found != NULL ? spqr_gguf_scalar_size (found->element_type) : 0;
  float *values;

  *n = 0;
  if (found == NULL)
    return NULL;
  values = g_new (float, found->length + 1);
  for (gsize i = 0; i < found->length; i++)
    {
      double value = 0;

      spqr_gguf_scalar (found->element_type, found->data + i * size, &value);
      values[i] = (float) value;
    }
  *n = (gsize) found->length;
  return values;
}

gint32 *
spqr_gguf_dup_ints (const SpqrGguf *self, const char *key, gsize most, gsize *n, GError **error)
{
  const SpqrGgufValue *found = find_array (self, key, FALSE, most, error);
  guint size = found != NULL ? spqr_gguf_scalar_size (found->element_type) : 0;
  g_autofree gint32 *values = NULL;

  *n = 0;
  if (found == NULL)
    return NULL;
  values = g_new (gint32, found->length + 1);
  for (gsize i = 0; i < found->length; i++)
    {
      double value = 0;

      spqr_gguf_scalar (found->element_type, found->data + i * size, &value);
      if (!(value >= G_MININT32 && value <= G_MAXINT32) || value != floor (value))
        {
          set_malformed (self, key, error, "has a number (%" G_GSIZE_FORMAT ") that is no 32-bit integer", i);
          return NULL;
        }
      values[i] = (gint32) value;
    }
  *n = (gsize) found->length;
  return g_steal_pointer (&values);
}
