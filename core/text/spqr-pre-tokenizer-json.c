/* spqr-pre-tokenizer-json.c: pre-tokenizers as tokenizer.json spells them. */
#include "text/spqr-pre-tokenizer.h"

#include <string.h>

#include "text/spqr-normalizer.h"

static gboolean
read_behavior (JsonObject *object, SpqrSplitBehavior fallback, SpqrSplitBehavior *behavior, GError **error)
{
  static const struct { const char *name; SpqrSplitBehavior behavior; } known[] = {
    { "Removed", SPQR_SPLIT_REMOVED }, { "Isolated", SPQR_SPLIT_ISOLATED },
    { "MergedWithPrevious", SPQR_SPLIT_PREVIOUS }, { "MergedWithNext", SPQR_SPLIT_NEXT },
    { "Contiguous", SPQR_SPLIT_CONTIGUOUS },
  };
  const char *name = spqr_json_member_string (object, "behavior");

  *behavior = fallback;
  if (name == NULL)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      *behavior = known[i].behavior;
      if (strcmp (known[i].name, name) == 0)
        return TRUE;
    }
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
               "the pre-tokenizer's behaviour “%.60s” is not known to this program", name);
  return FALSE;
}

static gboolean
read_byte_level (GPtrArray *steps, JsonObject *object, GError **error)
{
  spqr_pre_tokenizers_add_byte_level (steps, spqr_json_member_boolean (object, "add_prefix_space", TRUE),
                                      spqr_json_member_boolean (object, "use_regex", TRUE));
  return TRUE;
}

static gboolean
read_split (GPtrArray *steps, JsonObject *object, GError **error)
{
  g_autoptr(SpqrPreTokenizer) step = spqr_pre_tokenizer_new (SPQR_PRE_SPLIT);

  if (!spqr_pattern_read (object, "the pre-tokenizer “Split”", &step->pattern, &step->regex, error) ||
      !read_behavior (object, SPQR_SPLIT_ISOLATED, &step->behavior, error))
    return FALSE;
  step->invert = spqr_json_member_boolean (object, "invert", FALSE);
  g_ptr_array_add (steps, g_steal_pointer (&step));
  return TRUE;
}

static gboolean
read_delimiter (GPtrArray *steps, JsonObject *object, GError **error)
{
  g_autoptr(SpqrPreTokenizer) step = spqr_pre_tokenizer_new (SPQR_PRE_SPLIT);

  step->pattern = g_strdup (spqr_json_member_string (object, "delimiter"));
  step->behavior = SPQR_SPLIT_REMOVED;
  if (step->pattern == NULL)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "CharDelimiterSplit has no delimiter");
      return FALSE;
    }
  g_ptr_array_add (steps, g_steal_pointer (&step));
  return TRUE;
}

/* Older files say add_prefix_space instead of prepend_scheme. */
static gboolean
read_metaspace (GPtrArray *steps, JsonObject *object, GError **error)
{
  g_autoptr(SpqrPreTokenizer) step = spqr_pre_tokenizer_new (SPQR_PRE_METASPACE);
  const char *replacement = spqr_json_member_string (object, "replacement");
  const char *scheme = spqr_json_member_string (object, "prepend_scheme");

  step->pattern = g_strdup (replacement != NULL && *replacement != '\0' ? replacement : "\xe2\x96\x81");
  step->split = spqr_json_member_boolean (object, "split", TRUE);
  if (scheme == NULL)
    scheme = spqr_json_member_boolean (object, "add_prefix_space", TRUE) ? "always" : "never";
  if (strcmp (scheme, "always") == 0)
    step->scheme = SPQR_PREPEND_ALWAYS;
  else if (strcmp (scheme, "first") == 0)
    step->scheme = SPQR_PREPEND_FIRST;
  else if (strcmp (scheme, "never") == 0)
    step->scheme = SPQR_PREPEND_NEVER;
  else
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
                   "Metaspace's prepend_scheme “%.60s” is not known to this program", scheme);
      return FALSE;
    }
  g_ptr_array_add (steps, g_steal_pointer (&step));
  return TRUE;
}

static gboolean
read_digits (GPtrArray *steps, JsonObject *object, GError **error)
{
  gboolean individual = spqr_json_member_boolean (object, "individual_digits", FALSE);

  spqr_pre_tokenizers_add_characters (steps, spqr_is_numeric,
                                      individual ? SPQR_SPLIT_ISOLATED : SPQR_SPLIT_CONTIGUOUS);
  return TRUE;
}

static gboolean
read_punctuation (GPtrArray *steps, JsonObject *object, GError **error)
{
  SpqrSplitBehavior behavior;

  if (!read_behavior (object, SPQR_SPLIT_ISOLATED, &behavior, error))
    return FALSE;
  spqr_pre_tokenizers_add_characters (steps, spqr_is_punctuation, behavior);
  return TRUE;
}

static gboolean
read_whitespace (GPtrArray *steps, JsonObject *object, GError **error)
{
  return spqr_pre_tokenizers_add_regex (steps, "\\w+|[^\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\s]+", SPQR_SPLIT_REMOVED,
                                        TRUE, error);
}

static gboolean
read_whitespace_split (GPtrArray *steps, JsonObject *object, GError **error)
{
  spqr_pre_tokenizers_add_characters (steps, spqr_is_white_space, SPQR_SPLIT_REMOVED);
  return TRUE;
}

static gboolean
read_bert (GPtrArray *steps, JsonObject *object, GError **error)
{
  spqr_pre_tokenizers_add_characters (steps, spqr_is_white_space, SPQR_SPLIT_REMOVED);
  spqr_pre_tokenizers_add_characters (steps, spqr_is_punctuation, SPQR_SPLIT_ISOLATED);
  return TRUE;
}

static gboolean
read_sequence (GPtrArray *steps, JsonObject *object, GError **error)
{
  JsonArray *list = spqr_json_member_array (object, "pretokenizers");

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      if (!spqr_pre_tokenizers_read (steps, json_array_get_element (list, i), error))
        return FALSE;
    }
  return TRUE;
}

gboolean
spqr_pre_tokenizers_read (GPtrArray *steps, JsonNode *node, GError **error)
{
  static const struct {
    const char *name;
    gboolean (*read) (GPtrArray *steps, JsonObject *object, GError **error);
  } known[] = {
    { "Sequence", read_sequence }, { "ByteLevel", read_byte_level }, { "Split", read_split },
    { "CharDelimiterSplit", read_delimiter }, { "Metaspace", read_metaspace }, { "Digits", read_digits },
    { "Punctuation", read_punctuation }, { "Whitespace", read_whitespace },
    { "WhitespaceSplit", read_whitespace_split }, { "BertPreTokenizer", read_bert },
  };
  JsonObject *object;
  const char *type;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  type = object != NULL ? spqr_json_member_string (object, "type") : NULL;
  for (guint i = 0; type != NULL && i < G_N_ELEMENTS (known); i++)
    {
      if (strcmp (known[i].name, type) == 0)
        return known[i].read (steps, object, error);
    }
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
               "the pre-tokenizer “%.60s” is not known to this program", type != NULL ? type : "(without a type)");
  return FALSE;
}
