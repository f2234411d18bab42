#include "text/spqr-pre-tokenizer.h"

#include <string.h>

#include "text/spqr-byte-level.h"

SpqrPreTokenizer *
spqr_pre_tokenizer_new (SpqrPreTokenizerKind kind)
{
  SpqrPreTokenizer *step = g_new0 (SpqrPreTokenizer, 1);

  step->kind = kind;
  step->behavior = SPQR_SPLIT_ISOLATED;
  return step;
}

void
spqr_pre_tokenizer_free (SpqrPreTokenizer *step)
{
  if (step == NULL)
    return;
  g_free (step->pattern);
  spqr_regex_free (step->regex);
  g_free (step);
}

/* GPT-2's words: contractions, a blank and letters, a blank and digits, a blank and the rest, blanks. */
#define GPT2_PATTERN "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

void
spqr_pre_tokenizers_add_byte_level (GPtrArray *steps, gboolean add_prefix_space, gboolean use_regex)
{
  SpqrPreTokenizer *step = spqr_pre_tokenizer_new (SPQR_PRE_BYTE_LEVEL);

  step->add_prefix_space = add_prefix_space;
  step->regex = use_regex ? spqr_regex_new (GPT2_PATTERN, NULL) : NULL;
  g_ptr_array_add (steps, step);
}

gboolean
spqr_pre_tokenizers_add_regex (GPtrArray *steps, const char *pattern, SpqrSplitBehavior behavior, gboolean invert,
                               GError **error)
{
  SpqrRegex *regex = spqr_regex_new (pattern, error);
  SpqrPreTokenizer *step;

  if (regex == NULL)
    return FALSE;
  step = spqr_pre_tokenizer_new (SPQR_PRE_SPLIT);
  step->regex = regex;
  step->behavior = behavior;
  step->invert = invert;
  g_ptr_array_add (steps, step);
  return TRUE;
}

void
spqr_pre_tokenizers_add_characters (GPtrArray *steps, gboolean (*is_match) (gunichar c), SpqrSplitBehavior behavior)
{
  SpqrPreTokenizer *step = spqr_pre_tokenizer_new (SPQR_PRE_CHARACTERS);

  step->is_match = is_match;
  step->behavior = behavior;
  g_ptr_array_add (steps, step);
}

/* --- spans ----------------------------------------------------------------------------------- */

static gboolean
regex_spans (const char *text, gsize len, GArray *spans, gpointer data, GError **error)
{
  SpqrRegexScan *scan = data;
  gsize done = 0, start, end;
  int found;

  spqr_regex_scan_start (scan, text, len);
  while ((found = spqr_regex_scan_next (scan, &start, &end, error)) > 0)
    {
      spqr_add_span (spans, done, start, FALSE);
      spqr_add_span (spans, start, end, TRUE);
      done = end;
    }
  spqr_add_span (spans, done, len, FALSE);
  return found == 0;
}

static gboolean
literal_spans (const char *text, gsize len, GArray *spans, gpointer data, GError **error)
{
  const char *pattern = data;
  gsize done = 0, n = strlen (pattern);

  while (n > 0 && done < len)
    {
      const char *hit = memmem (text + done, len - done, pattern, n);

      if (hit == NULL)
        break;
      spqr_add_span (spans, done, (gsize) (hit - text), FALSE);
      done = (gsize) (hit - text) + n;
      spqr_add_span (spans, done - n, done, TRUE);
    }
  spqr_add_span (spans, done, len, FALSE);
  return TRUE;
}

static gboolean
character_spans (const char *text, gsize len, GArray *spans, gpointer data, GError **error)
{
  const SpqrPreTokenizer *step = data;
  gsize done = 0;

  for (gsize at = 0, n; at < len; at += n)
    {
      n = (gsize) (g_utf8_next_char (text + at) - (text + at));
      if (!step->is_match (g_utf8_get_char (text + at)))
        continue;
      spqr_add_span (spans, done, at, FALSE);
      spqr_add_span (spans, at, at + n, TRUE);
      done = at + n;
    }
  spqr_add_span (spans, done, len, FALSE);
  return TRUE;
}

/* --- respelling ------------------------------------------------------------------------------ */

static gboolean
add_space (const char *text, gsize len, gboolean at_start, GString *out, gpointer data, GError **error)
{
  if (len > 0 && text[0] != ' ')
    g_string_append_c (out, ' ');
  g_string_append_len (out, text, (gssize) len);
  return TRUE;
}

static gboolean
spell_bytes (const char *text, gsize len, gboolean at_start, GString *out, gpointer data, GError **error)
{
  spqr_byte_level_append (out, text, len);
  return TRUE;
}

static gboolean
spell_metaspace (const char *text, gsize len, gboolean at_start, GString *out, gpointer data, GError **error)
{
  const SpqrPreTokenizer *step = data;
  gsize n = strlen (step->pattern);
  gboolean there = len > 0 && (text[0] == ' ' || (len >= n && memcmp (text, step->pattern, n) == 0));
  gboolean prepend = step->scheme == SPQR_PREPEND_ALWAYS || (step->scheme == SPQR_PREPEND_FIRST && at_start);

  if (prepend && !there)
    g_string_append_len (out, step->pattern, (gssize) n);
  for (gsize i = 0; i < len; i++)
    {
      if (text[i] == ' ')
        g_string_append_len (out, step->pattern, (gssize) n);
      else
        g_string_append_c (out, text[i]);
    }
  return TRUE;
}

/* --- applying -------------------------------------------------------------------------------- */

static gboolean
split_by_regex (const SpqrPreTokenizer *step, SpqrPieces *pieces, GError **error)
{
  g_autoptr(SpqrRegexScan) scan = spqr_regex_scan_new (step->regex);

  return spqr_pieces_split (pieces, regex_spans, scan, step->behavior, step->invert, error);
}

static gboolean
apply_step (const SpqrPreTokenizer *step, SpqrPieces *pieces, GError **error)
{
  switch (step->kind)
    {
    case SPQR_PRE_BYTE_LEVEL:
      if (step->add_prefix_space && !spqr_pieces_map (pieces, add_space, NULL, error))
        return FALSE;
      if (step->regex != NULL && !split_by_regex (step, pieces, error))
        return FALSE;
      return spqr_pieces_map (pieces, spell_bytes, NULL, error);
    case SPQR_PRE_SPLIT:
      if (step->regex != NULL)
        return split_by_regex (step, pieces, error);
      return spqr_pieces_split (pieces, literal_spans, step->pattern, step->behavior, step->invert, error);
    case SPQR_PRE_CHARACTERS:
      return spqr_pieces_split (pieces, character_spans, (gpointer) step, step->behavior, step->invert, error);
    case SPQR_PRE_METASPACE:
      if (!spqr_pieces_map (pieces, spell_metaspace, (gpointer) step, error))
        return FALSE;
      return !step->split ||
             spqr_pieces_split (pieces, literal_spans, step->pattern, SPQR_SPLIT_NEXT, FALSE, error);
    default:
      return TRUE;
    }
}

gboolean
spqr_pre_tokenizers_apply (GPtrArray *steps, SpqrPieces *pieces, GError **error)
{
  for (guint i = 0; i < steps->len; i++)
    {
      if (!apply_step (steps->pdata[i], pieces, error))
        return FALSE;
    }
  return TRUE;
}
