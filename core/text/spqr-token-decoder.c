#include "text/spqr-token-decoder.h"

#include <string.h>

#include "text/spqr-byte-level.h"
#include "text/spqr-normalizer.h"

SpqrTokenDecoder *
spqr_token_decoder_new (SpqrTokenDecoderKind kind, const char *pattern, const char *content)
{
  SpqrTokenDecoder *step = g_new0 (SpqrTokenDecoder, 1);

  step->kind = kind;
  step->pattern = g_strdup (pattern);
  step->content = g_strdup (content);
  return step;
}

void
spqr_token_decoder_free (SpqrTokenDecoder *step)
{
  if (step == NULL)
    return;
  g_free (step->pattern);
  g_free (step->content);
  spqr_regex_free (step->regex);
  g_free (step);
}

static void
free_string (gpointer data)
{
  g_string_free (data, TRUE);
}

static void
set_text (GString *token, const char *text, gsize len)
{
  g_autofree char *copy = g_memdup2 (text, len);

  g_string_truncate (token, 0);
  g_string_append_len (token, copy, (gssize) len);
}

static void
join (GPtrArray *tokens)
{
  GString *all = g_string_new (NULL);

  for (guint i = 0; i < tokens->len; i++)
    {
      const GString *token = tokens->pdata[i];
      g_string_append_len (all, token->str, (gssize) token->len);
    }
  g_ptr_array_set_size (tokens, 0);
  g_ptr_array_add (tokens, all);
}

/* A token whose characters do not all stand for bytes is its own UTF-8. */
static void
append_bytes (GString *out, const GString *token)
{
  gsize before = out->len;

  for (const char *p = token->str; p < token->str + token->len; p = g_utf8_next_char (p))
    {
      int byte = spqr_byte_level_byte (g_utf8_get_char (p));

      if (byte < 0)
        {
          g_string_truncate (out, before);
          g_string_append_len (out, token->str, (gssize) token->len);
          return;
        }
      g_string_append_c (out, (char) byte);
    }
}

static void
decode_byte_level (GPtrArray *tokens)
{
  GString *all = g_string_new (NULL);
  g_autofree char *repaired = NULL;
  gsize len;

  for (guint i = 0; i < tokens->len; i++)
    append_bytes (all, tokens->pdata[i]);
  repaired = spqr_utf8_repair (all->str, all->len, FALSE, &len);
  if (repaired != NULL)
    set_text (all, repaired, len);
  g_ptr_array_set_size (tokens, 0);
  g_ptr_array_add (tokens, all);
}

static int
fallback_byte (const GString *token)
{
  int high, low;

  if (token->len != 6 || !g_str_has_prefix (token->str, "<0x") || token->str[5] != '>')
    return -1;
  high = g_ascii_xdigit_value (token->str[3]);
  low = g_ascii_xdigit_value (token->str[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* Bytes in a row are one string when they are UTF-8, else one U+FFFD each. */
static void
flush_bytes (GPtrArray *out, GString *bytes)
{
  gsize bad, len;
  g_autofree char *repaired = spqr_utf8_repair (bytes->str, bytes->len, TRUE, &len);

  if (bytes->len == 0)
    return;
  if (repaired == NULL)
    g_ptr_array_add (out, g_string_new_len (bytes->str, (gssize) bytes->len));
  for (bad = 0; repaired != NULL && bad < bytes->len; bad++)
    g_ptr_array_add (out, g_string_new ("\xef\xbf\xbd"));
  g_string_truncate (bytes, 0);
}

static void
decode_byte_fallback (GPtrArray *tokens)
{
  g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func (free_string);
  g_autoptr(GString) bytes = g_string_new (NULL);

  for (guint i = 0; i < tokens->len; i++)
    {
      const GString *token = tokens->pdata[i];
      int byte = fallback_byte (token);

      if (byte >= 0)
        {
          g_string_append_c (bytes, (char) byte);
          continue;
        }
      flush_bytes (out, bytes);
      g_ptr_array_add (out, g_string_new_len (token->str, (gssize) token->len));
    }
  flush_bytes (out, bytes);
  g_ptr_array_set_size (tokens, 0);
  g_ptr_array_extend_and_steal (tokens, g_steal_pointer (&out));
}

static void
decode_replace (const SpqrTokenDecoder *step, GString *token)
{
  g_autoptr(GString) out = g_string_new (NULL);

  if (spqr_pattern_replace (step->pattern, step->regex, step->content, token->str, token->len, out, NULL))
    set_text (token, out->str, out->len);
}

static void
decode_strip (const SpqrTokenDecoder *step, GString *token)
{
  gsize n = strlen (step->pattern), start = 0, end = token->len;

  for (guint i = 0; i < step->start && n > 0 && end - start >= n; i++)
    {
      if (memcmp (token->str + start, step->pattern, n) != 0)
        break;
      start += n;
    }
  for (guint i = 0; i < step->stop && n > 0 && end - start >= n; i++)
    {
      if (memcmp (token->str + end - n, step->pattern, n) != 0)
        break;
      end -= n;
    }
  g_string_truncate (token, end);
  g_string_erase (token, 0, (gssize) start);
}

static void
decode_metaspace (const SpqrTokenDecoder *step, GString *token, gboolean first)
{
  g_autoptr(GString) out = g_string_new (NULL);
  const char *blank = first && !step->keep_first ? "" : " ";

  if (spqr_pattern_replace (step->pattern, NULL, blank, token->str, token->len, out, NULL))
    set_text (token, out->str, out->len);
}

static void
decode_suffix (const SpqrTokenDecoder *step, GString *token, gboolean last)
{
  g_autoptr(GString) out = g_string_new (NULL);

  if (spqr_pattern_replace (step->pattern, NULL, last ? "" : " ", token->str, token->len, out, NULL))
    set_text (token, out->str, out->len);
}

static void
apply_to_each (const SpqrTokenDecoder *step, GPtrArray *tokens)
{
  for (guint i = 0; i < tokens->len; i++)
    {
      if (step->kind == SPQR_DECODE_REPLACE)
        decode_replace (step, tokens->pdata[i]);
      else if (step->kind == SPQR_DECODE_STRIP)
        decode_strip (step, tokens->pdata[i]);
      else if (step->kind == SPQR_DECODE_METASPACE)
        decode_metaspace (step, tokens->pdata[i], i == 0);
      else if (step->kind == SPQR_DECODE_SUFFIX)
        decode_suffix (step, tokens->pdata[i], i + 1 == tokens->len);
    }
}

void
spqr_token_decoders_apply (GPtrArray *steps, GPtrArray *tokens)
{
  for (guint i = 0; i < steps->len; i++)
    {
      const SpqrTokenDecoder *step = steps->pdata[i];

      if (step->kind == SPQR_DECODE_BYTE_LEVEL)
        decode_byte_level (tokens);
      else if (step->kind == SPQR_DECODE_BYTE_FALLBACK)
        decode_byte_fallback (tokens);
      else if (step->kind == SPQR_DECODE_FUSE)
        join (tokens);
      else
        apply_to_each (step, tokens);
    }
}

/* --- reading --------------------------------------------------------------------------------- */

static gboolean
read_strip (SpqrTokenDecoder *step, JsonObject *object)
{
  gint64 start = 0, stop = 0;

  spqr_json_member_int (object, "start", &start);
  spqr_json_member_int (object, "stop", &stop);
  g_free (step->pattern);
  step->pattern = g_strdup (spqr_json_member_string (object, "content"));
  step->start = (guint) CLAMP (start, 0, 1 << 20);
  step->stop = (guint) CLAMP (stop, 0, 1 << 20);
  return step->pattern != NULL;
}

static gboolean
read_metaspace (SpqrTokenDecoder *step, JsonObject *object)
{
  const char *replacement = spqr_json_member_string (object, "replacement");
  const char *scheme = spqr_json_member_string (object, "prepend_scheme");

  g_free (step->pattern);
  step->pattern = g_strdup (replacement != NULL && *replacement != '\0' ? replacement : "\xe2\x96\x81");
  step->keep_first = scheme != NULL ? strcmp (scheme, "never") == 0
                                    : !spqr_json_member_boolean (object, "add_prefix_space", TRUE);
  return TRUE;
}

static gboolean
read_step (SpqrTokenDecoder *step, JsonObject *object, GError **error)
{
  const char *text;

  switch (step->kind)
    {
    case SPQR_DECODE_REPLACE:
      text = spqr_json_member_string (object, "content");
      step->content = g_strdup (text != NULL ? text : "");
      return spqr_pattern_read (object, "the decoder “Replace”", &step->pattern, &step->regex, error);
    case SPQR_DECODE_STRIP:
      if (read_strip (step, object))
        return TRUE;
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "the decoder “Strip” has no content");
      return FALSE;
    case SPQR_DECODE_METASPACE:
      return read_metaspace (step, object);
    case SPQR_DECODE_SUFFIX:
      text = spqr_json_member_string (object, "suffix");
      step->pattern = g_strdup (text != NULL ? text : "</w>");
      return TRUE;
    case SPQR_DECODE_BYTE_LEVEL:
    case SPQR_DECODE_BYTE_FALLBACK:
    case SPQR_DECODE_FUSE:
    default:
      return TRUE;
    }
}

gboolean
spqr_token_decoders_read (GPtrArray *steps, JsonNode *node, GError **error)
{
  static const struct { const char *name; SpqrTokenDecoderKind kind; } known[] = {
    { "ByteLevel", SPQR_DECODE_BYTE_LEVEL }, { "ByteFallback", SPQR_DECODE_BYTE_FALLBACK },
    { "Fuse", SPQR_DECODE_FUSE }, { "Replace", SPQR_DECODE_REPLACE }, { "Strip", SPQR_DECODE_STRIP },
    { "Metaspace", SPQR_DECODE_METASPACE }, { "BPEDecoder", SPQR_DECODE_SUFFIX },
  };
  JsonObject *object;
  const char *type;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  type = object != NULL ? spqr_json_member_string (object, "type") : NULL;
  if (g_strcmp0 (type, "Sequence") == 0)
    {
      JsonArray *list = spqr_json_member_array (object, "decoders");

      for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
        {
          if (!spqr_token_decoders_read (steps, json_array_get_element (list, i), error))
            return FALSE;
        }
      return TRUE;
    }
  for (guint i = 0; type != NULL && i < G_N_ELEMENTS (known); i++)
    {
      g_autoptr(SpqrTokenDecoder) step = NULL;

      if (strcmp (known[i].name, type) != 0)
        continue;
      step = spqr_token_decoder_new (known[i].kind, NULL, NULL);
      if (!read_step (step, object, error))
        return FALSE;
      g_ptr_array_add (steps, g_steal_pointer (&step));
      return TRUE;
    }
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
               "the decoder “%.60s” is not known to this program", type != NULL ? type : "(without a type)");
  return FALSE;
}
