/* spqr-text.c: errors, characters and files for the rest of this folder. */
#include "text/spqr-text-private.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "model/spqr-json.h"

G_DEFINE_QUARK (spqr-text-error-quark, spqr_text_error)

gboolean
spqr_is_white_space (gunichar c)
{
  if (c < 0x80)
    return c == ' ' || (c >= 0x9 && c <= 0xd);
  return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
         c == 0x202f || c == 0x205f || c == 0x3000;
}

/* g_unichar_type() compared through a bit set: the categories in `set`. */
static gboolean
has_type (gunichar c, guint32 set)
{
  return (set >> g_unichar_type (c)) & 1;
}

#define BIT(type) (1u << G_UNICODE_##type)
#define NUMERIC (BIT (DECIMAL_NUMBER) | BIT (LETTER_NUMBER) | BIT (OTHER_NUMBER))
#define MARK (BIT (SPACING_MARK) | BIT (ENCLOSING_MARK) | BIT (NON_SPACING_MARK))
#define LETTER (BIT (LOWERCASE_LETTER) | BIT (MODIFIER_LETTER) | BIT (OTHER_LETTER) | BIT (TITLECASE_LETTER) | \
                BIT (UPPERCASE_LETTER))
#define PUNCTUATION (BIT (CONNECT_PUNCTUATION) | BIT (DASH_PUNCTUATION) | BIT (CLOSE_PUNCTUATION) | \
                     BIT (FINAL_PUNCTUATION) | BIT (INITIAL_PUNCTUATION) | BIT (OTHER_PUNCTUATION) | \
                     BIT (OPEN_PUNCTUATION))

gboolean
spqr_is_numeric (gunichar c)
{
  return has_type (c, NUMERIC);
}

gboolean
spqr_is_punctuation (gunichar c)
{
  return (c < 0x80 && g_ascii_ispunct ((char) c)) || has_type (c, PUNCTUATION);
}

gboolean
spqr_is_word (gunichar c)
{
  return has_type (c, LETTER | MARK | BIT (DECIMAL_NUMBER) | BIT (LETTER_NUMBER) | BIT (CONNECT_PUNCTUATION));
}

static gboolean
is_trail (char c, guint8 low, guint8 high)
{
  return (guint8) c >= low && (guint8) c <= high;
}

gsize
spqr_utf8_length (const char *text, gsize len, gsize *bad)
{
  guint8 lead = (guint8) text[0];
  /* The second byte's range keeps out overlong forms, surrogates and what lies above U+10FFFF. */
  guint8 low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  guint8 high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  gsize need;

  if (lead < 0x80)
    return 1;
  *bad = 1;
  if (lead < 0xc2 || lead > 0xf4)
    return 0;
  need = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  for (gsize i = 1; i < need; i++)
    {
      if (i >= len || !is_trail (text[i], i == 1 ? low : 0x80, i == 1 ? high : 0xbf))
        {
          *bad = i;
          return 0;
        }
    }
  return need;
}

char *
spqr_utf8_repair (const char *text, gsize len, gboolean each_byte, gsize *out_len)
{
  GString *out = NULL;
  gsize kept = 0, at = 0;

  while (at < len)
    {
      gsize bad = 1;
      gsize n = spqr_utf8_length (text + at, len - at, &bad);

      if (n == 0)
        {
          if (out == NULL)
            out = g_string_sized_new (len + 16);
          g_string_append_len (out, text + kept, (gssize) (at - kept));
          g_string_append (out, "\xef\xbf\xbd");
          n = each_byte ? 1 : bad;
          kept = at + n;
        }
      at += n;
    }
  if (out == NULL)
    return NULL;
  g_string_append_len (out, text + kept, (gssize) (len - kept));
  *out_len = out->len;
  return g_string_free (out, FALSE);
}

char *
spqr_text_read_file (const char *path, gsize max, gsize *len, GError **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autofree char *text = NULL;
  struct stat st;

  if (stat (path, &st) == 0 && S_ISREG (st.st_mode) && (guint64) st.st_size > max)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
                   "%s: %" G_GUINT64_FORMAT " bytes; at most %" G_GSIZE_FORMAT " are read at once",
                   path, (guint64) st.st_size, max);
      return NULL;
    }
  if (!g_file_get_contents (path, &text, len, &local_error))
    {
      int code = g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? SPQR_TEXT_ERROR_NOT_FOUND
                                                                                 : SPQR_TEXT_ERROR_FAILED;
      g_set_error (error, SPQR_TEXT_ERROR, code, "%s: cannot be read: %s", path, local_error->message);
      return NULL;
    }
  if (*len > max)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
                   "%s: more than %" G_GSIZE_FORMAT " bytes", path, max);
      return NULL;
    }
  return g_steal_pointer (&text);
}

JsonNode *
spqr_text_parse_json (const char *text, gsize len, const char *path, GError **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autoptr(JsonNode) root = spqr_json_parse (text, (gssize) len, path, &local_error);

  if (root == NULL)
    {
      g_set_error_literal (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, local_error->message);
      return NULL;
    }
  if (!JSON_NODE_HOLDS_OBJECT (root) && !JSON_NODE_HOLDS_ARRAY (root))
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "%s: neither an object nor a list", path);
      return NULL;
    }
  return g_steal_pointer (&root);
}

const char *
spqr_json_member_string (JsonObject *object, const char *key)
{
  JsonNode *node = json_object_get_member (object, key);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

JsonObject *
spqr_json_member_object (JsonObject *object, const char *key)
{
  JsonNode *node = json_object_get_member (object, key);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

JsonArray *
spqr_json_member_array (JsonObject *object, const char *key)
{
  JsonNode *node = json_object_get_member (object, key);

  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

gboolean
spqr_json_member_boolean (JsonObject *object, const char *key, gboolean fallback)
{
  JsonNode *node = json_object_get_member (object, key);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    return fallback;
  return json_node_get_boolean (node);
}

gboolean
spqr_json_member_int (JsonObject *object, const char *key, gint64 *value)
{
  JsonNode *node = json_object_get_member (object, key);

  return node != NULL && spqr_json_node_get_int (node, value);
}

GPtrArray *
spqr_json_objects (JsonArray *array, const char *what, GError **error)
{
  g_autoptr(GPtrArray) objects = g_ptr_array_new ();

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);

      if (!JSON_NODE_HOLDS_OBJECT (node))
        {
          g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "%s: element %u is no object", what, i);
          return NULL;
        }
      g_ptr_array_add (objects, json_node_get_object (node));
    }
  return g_steal_pointer (&objects);
}
