/* spqr-normalizer-json.c: normalizers as tokenizer.json spells them. */
#include "text/spqr-normalizer.h"

#include <string.h>

gboolean
spqr_pattern_read (JsonObject *object, const char *what, char **literal, SpqrRegex **regex, GError **error)
{
  JsonObject *pattern = spqr_json_member_object (object, "pattern");
  const char *text = spqr_json_member_string (object, "pattern");

  *literal = NULL;
  *regex = NULL;
  if (text == NULL && pattern != NULL)
    text = spqr_json_member_string (pattern, "String");
  if (text != NULL)
    *literal = g_strdup (text);
  else if (pattern != NULL && spqr_json_member_string (pattern, "Regex") != NULL)
    *regex = spqr_regex_new (spqr_json_member_string (pattern, "Regex"), error);
  else
    g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "%s has no pattern", what);
  return *literal != NULL || *regex != NULL;
}

static gboolean
read_replace (SpqrNormalizer *step, JsonObject *object, GError **error)
{
  const char *content = spqr_json_member_string (object, "content");

  step->content = g_strdup (content != NULL ? content : "");
  return spqr_pattern_read (object, "the normalizer “Replace”", &step->pattern, &step->regex, error);
}

static gboolean
read_charsmap (SpqrNormalizer *step, JsonObject *object, GError **error)
{
  const char *encoded = spqr_json_member_string (object, "precompiled_charsmap");
  g_autofree guint8 *blob = NULL;
  gsize len = 0;

  blob = encoded != NULL ? g_base64_decode (encoded, &len) : NULL;
  step->charsmap = spqr_charsmap_new (blob, len, "Precompiled", error);
  if (step->charsmap == NULL)
    return FALSE;
  step->regex = spqr_regex_new ("\\X", error);
  return step->regex != NULL;
}

static gboolean
read_step (SpqrNormalizer *step, JsonObject *object, GError **error)
{
  switch (step->kind)
    {
    case SPQR_NORMALIZE_REPLACE:
      return read_replace (step, object, error);
    case SPQR_NORMALIZE_CHARSMAP:
      return read_charsmap (step, object, error);
    case SPQR_NORMALIZE_PREPEND:
      step->content = g_strdup (spqr_json_member_string (object, "prepend"));
      if (step->content == NULL)
        g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "the normalizer “Prepend” has no text");
      return step->content != NULL;
    case SPQR_NORMALIZE_STRIP:
      step->left = spqr_json_member_boolean (object, "strip_left", TRUE);
      step->right = spqr_json_member_boolean (object, "strip_right", TRUE);
      return TRUE;
    case SPQR_NORMALIZE_UNICODE:
    case SPQR_NORMALIZE_LOWERCASE:
    case SPQR_NORMALIZE_STRIP_ACCENTS:
    case SPQR_NORMALIZE_NMT:
    case SPQR_NORMALIZE_BYTE_LEVEL:
    case SPQR_NORMALIZE_SENTENCEPIECE:
    default:
      return TRUE;
    }
}

static const struct {
  const char *name;
  SpqrNormalizerKind kind;
  GNormalizeMode mode;
} known_steps[] = {
  { "Prepend", SPQR_NORMALIZE_PREPEND },
  { "Replace", SPQR_NORMALIZE_REPLACE },
  { "NFC", SPQR_NORMALIZE_UNICODE, G_NORMALIZE_NFC },
  { "NFD", SPQR_NORMALIZE_UNICODE, G_NORMALIZE_NFD },
  { "NFKC", SPQR_NORMALIZE_UNICODE, G_NORMALIZE_NFKC },
  { "NFKD", SPQR_NORMALIZE_UNICODE, G_NORMALIZE_NFKD },
  { "Lowercase", SPQR_NORMALIZE_LOWERCASE },
  { "Strip", SPQR_NORMALIZE_STRIP },
  { "StripAccents", SPQR_NORMALIZE_STRIP_ACCENTS },
  { "Nmt", SPQR_NORMALIZE_NMT },
  { "Precompiled", SPQR_NORMALIZE_CHARSMAP },
  { "ByteLevel", SPQR_NORMALIZE_BYTE_LEVEL },
};

static gboolean
read_sequence (GPtrArray *steps, JsonObject *object, GError **error)
{
  JsonArray *list = spqr_json_member_array (object, "normalizers");

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      if (!spqr_normalizers_read (steps, json_array_get_element (list, i), error))
        return FALSE;
    }
  return TRUE;
}

gboolean
spqr_normalizers_read (GPtrArray *steps, JsonNode *node, GError **error)
{
  JsonObject *object;
  const char *type;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  type = object != NULL ? spqr_json_member_string (object, "type") : NULL;
  if (g_strcmp0 (type, "Sequence") == 0)
    return read_sequence (steps, object, error);
  for (guint i = 0; type != NULL && i < G_N_ELEMENTS (known_steps); i++)
    {
      g_autoptr(SpqrNormalizer) step = NULL;

      if (strcmp (known_steps[i].name, type) != 0)
        continue;
      step = spqr_normalizer_new (known_steps[i].kind);
      step->mode = known_steps[i].mode;
      if (!read_step (step, object, error))
        return FALSE;
      g_ptr_array_add (steps, g_steal_pointer (&step));
      return TRUE;
    }
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
               "the normalizer “%.60s” is not known to this program", type != NULL ? type : "(without a type)");
  return FALSE;
}
