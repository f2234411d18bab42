/* spqr-normalizer.c: the steps of a normalizer, applied in order. */
#include "text/spqr-normalizer.h"

#include <string.h>

#include "text/spqr-byte-level.h"

#define SPACE_SYMBOL "\xe2\x96\x81"   /* ▁ */

SpqrNormalizer *
spqr_normalizer_new (SpqrNormalizerKind kind)
{
  SpqrNormalizer *step = g_new0 (SpqrNormalizer, 1);

  step->kind = kind;
  return step;
}

void
spqr_normalizer_free (SpqrNormalizer *step)
{
  if (step == NULL)
    return;
  g_free (step->pattern);
  g_free (step->content);
  spqr_regex_free (step->regex);
  spqr_charsmap_free (step->charsmap);
  spqr_added_tokens_free (step->symbols);
  g_free (step);
}

/* --- patterns -------------------------------------------------------------------------------- */

gboolean
spqr_pattern_replace (const char *literal, const SpqrRegex *regex, const char *content, const char *text, gsize len,
                      GString *out, GError **error)
{
  g_autoptr(SpqrRegexScan) scan = regex != NULL ? spqr_regex_scan_new (regex) : NULL;
  gsize done = 0, start, end, n = literal != NULL ? strlen (literal) : 0;

  if (scan != NULL)
    spqr_regex_scan_start (scan, text, len);
  for (;;)
    {
      int found = 0;

      if (scan != NULL)
        found = spqr_regex_scan_next (scan, &start, &end, error);
      else if (n > 0)
        {
          const char *hit = memmem (text + done, len - done, literal, n);

          found = hit != NULL;
          start = hit != NULL ? (gsize) (hit - text) : 0;
          end = start + n;
        }
      if (found < 0)
        return FALSE;
      if (found == 0)
        break;
      g_string_append_len (out, text + done, (gssize) (start - done));
      g_string_append (out, content);
      done = end;
    }
  g_string_append_len (out, text + done, (gssize) (len - done));
  return TRUE;
}

/* --- Unicode --------------------------------------------------------------------------------- */

static gboolean
is_ascii (const char *text, gsize len)
{
  for (gsize i = 0; i < len; i++)
    {
      if ((guint8) text[i] >= 0x80)
        return FALSE;
    }
  return TRUE;
}

/* g_utf8_normalize() ends at a NUL; the stretches between NULs are normalized one by one. */
static void
normalize_unicode (const char *text, gsize len, GNormalizeMode mode, GString *out)
{
  if (is_ascii (text, len))
    {
      g_string_append_len (out, text, (gssize) len);
      return;
    }
  for (gsize at = 0; at < len;)
    {
      const char *nul = memchr (text + at, '\0', len - at);
      gsize n = nul != NULL ? (gsize) (nul - text) - at : len - at;
      g_autofree char *normal = n > 0 ? g_utf8_normalize (text + at, (gssize) n, mode) : NULL;

      if (normal != NULL)
        g_string_append (out, normal);
      if (nul != NULL)
        g_string_append_c (out, '\0');
      at += n + (nul != NULL);
    }
}

static void
lower_case (const char *text, gsize len, GString *out)
{
  for (const char *p = text; p < text + len; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == 0x130)
        g_string_append (out, "i\xcc\x87");   /* the one character whose small form is two */
      else
        g_string_append_unichar (out, g_unichar_tolower (c));
    }
}

static void
strip_accents (const char *text, gsize len, GString *out)
{
  for (const char *p = text; p < text + len; p = g_utf8_next_char (p))
    {
      if (!g_unichar_ismark (g_utf8_get_char (p)))
        g_string_append_len (out, p, g_utf8_next_char (p) - p);
    }
}

static void
strip_ends (const SpqrNormalizer *step, const char *text, gsize len, GString *out)
{
  const char *start = text, *end = text + len;

  while (step->left && start < end && spqr_is_white_space (g_utf8_get_char (start)))
    start = g_utf8_next_char (start);
  while (step->right && end > start)
    {
      const char *before = g_utf8_find_prev_char (start, end);

      if (before == NULL || !spqr_is_white_space (g_utf8_get_char (before)))
        break;
      end = before;
    }
  g_string_append_len (out, start, end - start);
}

/* The "Nmt" step: control characters go, blanks of all kinds become spaces. */
static void
normalize_nmt (const char *text, gsize len, GString *out)
{
  for (const char *p = text; p < text + len; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if ((c >= 0x1 && c <= 0x8) || c == 0xb || (c >= 0xe && c <= 0x1f) || c == 0x7f || c == 0x8f || c == 0x9f)
        continue;
      if (c == 0x9 || c == 0xa || c == 0xc || c == 0xd || c == 0x1680 || (c >= 0x200b && c <= 0x200f) ||
          c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xfeff || c == 0xfffd)
        g_string_append_c (out, ' ');
      else
        g_string_append_len (out, p, g_utf8_next_char (p) - p);
    }
}

/* --- character maps -------------------------------------------------------------------------- */

static void
map_characters (const SpqrCharsmap *map, const char *text, gsize len, GString *out)
{
  for (gsize at = 0, n, used; at < len; at += n)
    {
      const char *replacement;

      n = (gsize) (g_utf8_next_char (text + at) - (text + at));
      replacement = spqr_charsmap_match (map, text + at, n, TRUE, &used);
      if (replacement != NULL)
        g_string_append (out, replacement);
      else
        g_string_append_len (out, text + at, (gssize) n);
    }
}

/* Hugging Face's "Precompiled": a short grapheme as a whole if it is in the map, else by character. */
static gboolean
map_graphemes (const SpqrNormalizer *step, const char *text, gsize len, GString *out, GError **error)
{
  g_autoptr(SpqrRegexScan) scan = spqr_regex_scan_new (step->regex);
  gsize start, end, used;
  int found;

  spqr_regex_scan_start (scan, text, len);
  while ((found = spqr_regex_scan_next (scan, &start, &end, error)) > 0)
    {
      const char *whole = end - start < 6
                            ? spqr_charsmap_match (step->charsmap, text + start, end - start, TRUE, &used) : NULL;

      if (whole != NULL)
        g_string_append (out, whole);
      else
        map_characters (step->charsmap, text + start, end - start, out);
    }
  return found == 0;
}

/* --- SentencePiece --------------------------------------------------------------------------- */

/* One step through the text: what stands there after normalization, and how much it covers. */
static const char *
sentencepiece_prefix (const SpqrNormalizer *step, const char *text, gsize len, gsize *used, gsize *n)
{
  const SpqrAddedToken *symbol = step->symbols != NULL ? spqr_added_tokens_match (step->symbols, text, len) : NULL;
  const char *mapped;

  if (symbol != NULL)
    {
      *used = *n = symbol->len;
      return text;
    }
  mapped = step->charsmap != NULL ? spqr_charsmap_match (step->charsmap, text, len, FALSE, used) : NULL;
  if (mapped != NULL)
    {
      *n = strlen (mapped);
      return mapped;
    }
  *used = *n = (gsize) (g_utf8_next_char (text) - text);
  return text;
}

static void
append_escaped (GString *out, const char *text, gsize n, const char *space)
{
  for (gsize i = 0; i < n; i++)
    {
      if (text[i] == ' ')
        g_string_append (out, space);
      else
        g_string_append_c (out, text[i]);
    }
}

static void
normalize_sentencepiece (const SpqrNormalizer *step, const char *text, gsize len, GString *out)
{
  const char *space = step->escape_whitespaces ? SPACE_SYMBOL : " ";
  gboolean remove = step->remove_extra_whitespaces, after_space = remove;
  gsize at = 0, used, n, floor_len = out->len;

  while (remove && at < len)
    {
      const char *next = sentencepiece_prefix (step, text + at, len - at, &used, &n);

      if (n != 1 || *next != ' ')
        break;
      at += used;
    }
  if (at >= len)
    return;
  if (step->add_dummy_prefix && !step->suffix_whitespace)
    g_string_append (out, space);
  for (; at < len; at += used)
    {
      const char *next = sentencepiece_prefix (step, text + at, len - at, &used, &n);

      while (after_space && n > 0 && *next == ' ')
        {
          next++;
          n--;
        }
      append_escaped (out, next, n, space);
      if (n > 0)
        after_space = remove && next[n - 1] == ' ';
    }
  while (remove && out->len - floor_len >= strlen (space) &&
         memcmp (out->str + out->len - strlen (space), space, strlen (space)) == 0)
    g_string_truncate (out, out->len - strlen (space));
  if (step->add_dummy_prefix && step->suffix_whitespace)
    g_string_append (out, space);
}

/* --- applying -------------------------------------------------------------------------------- */

static gboolean
apply_step (const SpqrNormalizer *step, const char *text, gsize len, GString *out, GError **error)
{
  switch (step->kind)
    {
    case SPQR_NORMALIZE_PREPEND:
      if (len > 0)
        g_string_append (out, step->content);
      g_string_append_len (out, text, (gssize) len);
      return TRUE;
    case SPQR_NORMALIZE_REPLACE:
      return spqr_pattern_replace (step->pattern, step->regex, step->content, text, len, out, error);
    case SPQR_NORMALIZE_UNICODE:
      normalize_unicode (text, len, step->mode, out);
      return TRUE;
    case SPQR_NORMALIZE_LOWERCASE:
      lower_case (text, len, out);
      return TRUE;
    case SPQR_NORMALIZE_STRIP:
      strip_ends (step, text, len, out);
      return TRUE;
    case SPQR_NORMALIZE_STRIP_ACCENTS:
      strip_accents (text, len, out);
      return TRUE;
    case SPQR_NORMALIZE_NMT:
      normalize_nmt (text, len, out);
      return TRUE;
    case SPQR_NORMALIZE_CHARSMAP:
      return map_graphemes (step, text, len, out, error);
    case SPQR_NORMALIZE_BYTE_LEVEL:
      spqr_byte_level_append (out, text, len);
      return TRUE;
    case SPQR_NORMALIZE_SENTENCEPIECE:
      normalize_sentencepiece (step, text, len, out);
      return TRUE;
    default:
      return TRUE;
    }
}

gboolean
spqr_normalizers_apply (GPtrArray *steps, const char *text, gsize len, GString *out, GError **error)
{
  g_autoptr(GString) from = NULL;

  if (steps->len == 0)
    {
      g_string_append_len (out, text, (gssize) len);
      return TRUE;
    }
  for (guint i = 0; i + 1 < steps->len; i++)
    {
      GString *to = g_string_sized_new (len + 16);

      if (!apply_step (steps->pdata[i], text, len, to, error))
        {
          g_string_free (to, TRUE);
          return FALSE;
        }
      if (from != NULL)
        g_string_free (from, TRUE);
      from = to;
      text = from->str;
      len = from->len;
    }
  return apply_step (steps->pdata[steps->len - 1], text, len, out, error);
}
