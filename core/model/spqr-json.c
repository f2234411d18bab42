/* spqr-json.c: the strict check in front of json-glib: one pass over the text, no recursion beyond
 * SPQR_JSON_MAX_DEPTH frames, one hash table of keys per open object. */
#include "model/spqr-json.h"

#include <math.h>
#include <string.h>

#include "model/spqr-model.h"

typedef struct {
  const char *begin, *at, *end;
  const char *path;
  guint values_left;
  GError **error;
} Check;

static gboolean check_value (Check *check, guint depth);

static gboolean
fail (Check *check, const char *what)
{
  guint line = 1;

  for (const char *p = check->begin; p < check->at; p++)
    line += *p == '\n';
  g_set_error (check->error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_MALFORMED,
               "%s: not valid JSON: %s (line %u, byte %" G_GSIZE_FORMAT ")",
               check->path, what, line, (gsize) (check->at - check->begin));
  return FALSE;
}

static void
skip_blanks (Check *check)
{
  while (check->at < check->end
         && (*check->at == ' ' || *check->at == '\t' || *check->at == '\r' || *check->at == '\n'))
    check->at++;
}

static gboolean
at_char (Check *check, char c)
{
  return check->at < check->end && *check->at == c;
}

static gboolean
take_digits (Check *check)
{
  const char *start = check->at;

  while (check->at < check->end && g_ascii_isdigit (*check->at))
    check->at++;
  return check->at > start;
}

static gboolean
check_number (Check *check)
{
  if (at_char (check, '-'))
    check->at++;
  if (at_char (check, '0'))
    check->at++;
  else if (!take_digits (check))
    return fail (check, "a value is expected here");
  if (at_char (check, '.'))
    {
      check->at++;
      if (!take_digits (check))
        return fail (check, "digits are expected after the decimal point");
    }
  if (at_char (check, 'e') || at_char (check, 'E'))
    {
      check->at++;
      if (at_char (check, '+') || at_char (check, '-'))
        check->at++;
      if (!take_digits (check))
        return fail (check, "digits are expected in the exponent");
    }
  if (check->at < check->end && (g_ascii_isalnum (*check->at) || *check->at == '_'))
    return fail (check, "a malformed number");
  return TRUE;
}

static gboolean
check_word (Check *check, const char *word)
{
  gsize n = strlen (word);

  if ((gsize) (check->end - check->at) < n || memcmp (check->at, word, n) != 0)
    return fail (check, "a value is expected here");
  check->at += n;
  return TRUE;
}

/* \uXXXX, the backslash and u already taken; -1 when malformed. */
static int
take_hex4 (Check *check)
{
  int value = 0;

  if (check->end - check->at < 4)
    return -1;
  for (int i = 0; i < 4; i++)
    {
      int digit = g_ascii_xdigit_value (*check->at++);
      if (digit < 0)
        return -1;
      value = value * 16 + digit;
    }
  return value;
}

static gboolean
take_unicode_escape (Check *check, GString *out)
{
  int high = take_hex4 (check);
  int low;
  gunichar c = (gunichar) high;

  if (high < 0)
    return fail (check, "a malformed \\u escape");
  if (high == 0)
    return fail (check, "a string must not contain the character NUL");
  if (high >= 0xdc00 && high <= 0xdfff)
    return fail (check, "half of a surrogate pair");
  if (high >= 0xd800 && high <= 0xdbff)
    {
      if (check->end - check->at < 6 || check->at[0] != '\\' || check->at[1] != 'u')
        return fail (check, "half of a surrogate pair");
      check->at += 2;
      low = take_hex4 (check);
      if (low < 0xdc00 || low > 0xdfff)
        return fail (check, "half of a surrogate pair");
      c = 0x10000 + ((gunichar) (high - 0xd800) << 10) + (gunichar) (low - 0xdc00);
    }
  if (out != NULL)
    g_string_append_unichar (out, c);
  return TRUE;
}

static gboolean
take_escape (Check *check, GString *out)
{
  static const char letters[] = "\"\\/bfnrt";
  static const char meaning[] = "\"\\/\b\f\n\r\t";
  const char *which;

  check->at++;
  if (check->at >= check->end)
    return fail (check, "the text ends inside a string");
  if (*check->at == 'u')
    {
      check->at++;
      return take_unicode_escape (check, out);
    }
  which = *check->at != '\0' ? strchr (letters, *check->at) : NULL;
  if (which == NULL)
    return fail (check, "an unknown escape");
  if (out != NULL)
    g_string_append_c (out, meaning[which - letters]);
  check->at++;
  return TRUE;
}

/* A string; its value is appended to out when out is not NULL. */
static gboolean
check_string (Check *check, GString *out)
{
  if (!at_char (check, '"'))
    return fail (check, "a string is expected here");
  check->at++;
  while (check->at < check->end && *check->at != '"')
    {
      if ((guchar) *check->at < 0x20)
        return fail (check, "a control character inside a string");
      if (*check->at == '\\')
        {
          if (!take_escape (check, out))
            return FALSE;
          continue;
        }
      if (out != NULL)
        g_string_append_c (out, *check->at);
      check->at++;
    }
  if (check->at >= check->end)
    return fail (check, "the text ends inside a string");
  check->at++;
  return TRUE;
}

static gboolean
check_key (Check *check, GHashTable *keys)
{
  g_autoptr(GString) key = g_string_new (NULL);

  if (!check_string (check, key))
    return FALSE;
  if (g_hash_table_contains (keys, key->str))
    {
      g_set_error (check->error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_MALFORMED,
                   "%s: the key “%s” stands there twice", check->path, key->str);
      return FALSE;
    }
  g_hash_table_add (keys, g_strdup (key->str));
  return TRUE;
}

static gboolean
check_object (Check *check, guint depth)
{
  g_autoptr(GHashTable) keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  check->at++;
  skip_blanks (check);
  if (at_char (check, '}'))
    {
      check->at++;
      return TRUE;
    }
  for (;;)
    {
      skip_blanks (check);
      if (!check_key (check, keys))
        return FALSE;
      skip_blanks (check);
      if (!at_char (check, ':'))
        return fail (check, "a colon is expected after a key");
      check->at++;
      if (!check_value (check, depth))
        return FALSE;
      skip_blanks (check);
      if (at_char (check, '}'))
        break;
      if (!at_char (check, ','))
        return fail (check, "a comma or the end of the object is expected");
      check->at++;
    }
  check->at++;
  return TRUE;
}

static gboolean
check_array (Check *check, guint depth)
{
  check->at++;
  skip_blanks (check);
  if (at_char (check, ']'))
    {
      check->at++;
      return TRUE;
    }
  for (;;)
    {
      if (!check_value (check, depth))
        return FALSE;
      skip_blanks (check);
      if (at_char (check, ']'))
        break;
      if (!at_char (check, ','))
        return fail (check, "a comma or the end of the list is expected");
      check->at++;
    }
  check->at++;
  return TRUE;
}

static gboolean
check_value (Check *check, guint depth)
{
  skip_blanks (check);
  if (check->at >= check->end)
    return fail (check, "the text ends where a value is expected");
  if (depth >= SPQR_JSON_MAX_DEPTH)
    return fail (check, "nested too deeply");
  if (check->values_left-- == 0)
    return fail (check, "far too many values");
  switch (*check->at)
    {
    case '{':
      return check_object (check, depth + 1);
    case '[':
      return check_array (check, depth + 1);
    case '"':
      return check_string (check, NULL);
    case 't':
      return check_word (check, "true");
    case 'f':
      return check_word (check, "false");
    case 'n':
      return check_word (check, "null");
    default:
      return check_number (check);
    }
}

static gboolean
check_text (const char *text, gsize len, guint max_values, const char *path, GError **error)
{
  Check check = {
    .begin = text, .at = text, .end = text + len, .path = path, .values_left = max_values, .error = error,
  };
  const char *bad = NULL;

  if (!g_utf8_validate_len (text, len, &bad))
    {
      check.at = bad;
      return fail (&check, "bytes that are not UTF-8 text");
    }
  if (!check_value (&check, 0))
    return FALSE;
  skip_blanks (&check);
  if (check.at < check.end)
    return fail (&check, "something follows the end of the JSON text");
  return TRUE;
}

JsonNode *
spqr_json_parse (const char *text, gssize len, const char *path, GError **error)
{
  return spqr_json_parse_limited (text, len, SPQR_JSON_MAX_VALUES, path, error);
}

JsonNode *
spqr_json_parse_limited (const char *text, gssize len, guint max_values, const char *path, GError **error)
{
  g_autoptr(JsonParser) parser = NULL;
  g_autoptr(GError) local_error = NULL;

  g_return_val_if_fail (text != NULL && path != NULL, NULL);

  if (len < 0)
    len = (gssize) strlen (text);
  if (!check_text (text, (gsize) len, max_values, path, error))
    return NULL;

  parser = json_parser_new ();
  if (!json_parser_load_from_data (parser, text, len, &local_error) || json_parser_get_root (parser) == NULL)
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_MALFORMED, "%s: not valid JSON: %s", path,
                   local_error != NULL ? local_error->message : "no value");
      return NULL;
    }
  return json_node_ref (json_parser_get_root (parser));
}

static JsonNode *
get_member (JsonObject *object, const char *key)
{
  JsonNode *node = json_object_get_member (object, key);

  return node == NULL || JSON_NODE_HOLDS_NULL (node) ? NULL : node;
}

static void
wrong_kind (const char *key, const char *kind, const char *path, GError **error)
{
  g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_MALFORMED, "%s: “%s” must be %s", path, key, kind);
}

JsonObject *
spqr_json_get_object (JsonObject *object, const char *key, const char *path, GError **error)
{
  JsonNode *node = get_member (object, key);

  if (node != NULL && !JSON_NODE_HOLDS_OBJECT (node))
    wrong_kind (key, "an object", path, error);
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

JsonArray *
spqr_json_get_array (JsonObject *object, const char *key, const char *path, GError **error)
{
  JsonNode *node = get_member (object, key);

  if (node != NULL && !JSON_NODE_HOLDS_ARRAY (node))
    wrong_kind (key, "a list", path, error);
  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

const char *
spqr_json_get_string (JsonObject *object, const char *key, const char *path, GError **error)
{
  JsonNode *node = get_member (object, key);

  if (node != NULL && json_node_get_value_type (node) != G_TYPE_STRING)
    {
      wrong_kind (key, "a text", path, error);
      return NULL;
    }
  return node != NULL ? json_node_get_string (node) : NULL;
}

gboolean
spqr_json_node_get_int (JsonNode *node, gint64 *value)
{
  double number;

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return FALSE;
  if (json_node_get_value_type (node) == G_TYPE_INT64)
    {
      *value = json_node_get_int (node);
      return TRUE;
    }
  if (!spqr_json_node_get_double (node, &number) || number != floor (number) || fabs (number) > 9007199254740992.0)
    return FALSE;
  *value = (gint64) number;
  return TRUE;
}

gboolean
spqr_json_node_get_double (JsonNode *node, double *value)
{
  GType type;

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return FALSE;
  type = json_node_get_value_type (node);
  if (type != G_TYPE_INT64 && type != G_TYPE_DOUBLE)
    return FALSE;
  *value = json_node_get_double (node);
  return isfinite (*value);
}

/* Past the exponent that begins at text, which is an 'e' within a number. */
static const char *
copy_exponent (const char *text, GString *out)
{
  do
    g_string_append_c (out, *text++);
  while (*text == '+' || *text == '-' || g_ascii_isdigit (*text));
  return g_str_has_prefix (text, ".0") ? text + 2 : text;
}

char *
spqr_json_to_text (JsonNode *root, gboolean pretty)
{
  g_autofree char *text = json_to_string (root, pretty);
  GString *out = g_string_sized_new (strlen (text) + 1);
  gboolean quoted = FALSE;

  for (const char *c = text; *c != '\0';)
    if (quoted && *c == '\\' && c[1] != '\0')
      {
        g_string_append_len (out, c, 2);
        c += 2;
      }
    else if (quoted && *c == '\x1f')
      {
        g_string_append (out, "\\u001f");
        c++;
      }
    else if (!quoted && *c == 'e' && c > text && g_ascii_isdigit (c[-1]))      /* not that of true or false */
      c = copy_exponent (c, out);
    else
      {
        quoted ^= *c == '"';
        g_string_append_c (out, *c++);
      }
  return g_string_free (out, FALSE);
}

/* Walks over the next member of an object; its value begins at *value and ends where check stands. */
static gboolean
walk_member (Check *check, GString *name, const char **value)
{
  skip_blanks (check);
  if (!check_string (check, name))
    return FALSE;
  skip_blanks (check);
  if (!at_char (check, ':'))
    return fail (check, "a colon is expected after a key");
  check->at++;
  skip_blanks (check);
  *value = check->at;
  return check_value (check, 1);
}

char *
spqr_json_replace_member (const char *text, const char *key, const char *value)
{
  Check check = { .begin = text, .at = text, .end = text + strlen (text), .path = key, .values_left = SPQR_JSON_MAX_VALUES };
  const char *last;
  gboolean empty;

  skip_blanks (&check);
  if (!at_char (&check, '{'))
    return NULL;
  last = ++check.at;
  skip_blanks (&check);
  empty = at_char (&check, '}');
  while (!at_char (&check, '}'))
    {
      g_autoptr (GString) name = g_string_new (NULL);
      const char *begin = NULL;

      if (!walk_member (&check, name, &begin))
        return NULL;
      if (g_str_equal (name->str, key))
        return g_strdup_printf ("%.*s%s%s", (int) (begin - text), text, value, check.at);
      last = check.at;
      skip_blanks (&check);
      if (at_char (&check, ','))
        check.at++;
    }
  return g_strdup_printf ("%.*s%s\n  \"%s\": %s%s", (int) (last - text), text, empty ? "" : ",", key, value, last);
}
