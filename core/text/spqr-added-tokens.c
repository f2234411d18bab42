#include "text/spqr-added-tokens.h"

#include <string.h>

#include "text/spqr-text-private.h"

struct _SpqrAddedTokens {
  GPtrArray *by_first[256];  /* SpqrAddedToken, longest first; NULL: none begins so */
  guint n;
};

static void
added_token_free (gpointer data)
{
  SpqrAddedToken *token = data;

  g_free (token->text);
  g_free (token);
}

SpqrAddedTokens *
spqr_added_tokens_new (void)
{
  return g_new0 (SpqrAddedTokens, 1);
}

void
spqr_added_tokens_free (SpqrAddedTokens *set)
{
  if (set == NULL)
    return;
  for (int i = 0; i < 256; i++)
    g_clear_pointer (&set->by_first[i], g_ptr_array_unref);
  g_free (set);
}

void
spqr_added_tokens_add (SpqrAddedTokens *set, const SpqrAddedToken *token)
{
  SpqrAddedToken *copy;
  GPtrArray **list;
  guint at = 0;

  if (token->text[0] == '\0')
    return;
  copy = g_memdup2 (token, sizeof *token);
  copy->text = g_strdup (token->text);
  copy->len = strlen (token->text);
  list = &set->by_first[(guint8) token->text[0]];
  if (*list == NULL)
    *list = g_ptr_array_new_with_free_func (added_token_free);
  while (at < (*list)->len && ((SpqrAddedToken *) (*list)->pdata[at])->len >= copy->len)
    at++;
  g_ptr_array_insert (*list, (int) at, copy);
  set->n++;
}

const SpqrAddedToken *
spqr_added_tokens_match (const SpqrAddedTokens *set, const char *text, gsize len)
{
  const GPtrArray *list = len > 0 ? set->by_first[(guint8) text[0]] : NULL;

  for (guint i = 0; list != NULL && i < list->len; i++)
    {
      const SpqrAddedToken *token = list->pdata[i];

      if (token->len <= len && memcmp (token->text, text, token->len) == 0)
        return token;
    }
  return NULL;
}

static gboolean
stands_alone (const char *text, gsize len, gsize start, gsize end)
{
  const char *before = start > 0 ? g_utf8_find_prev_char (text, text + start) : NULL;

  return (before == NULL || !spqr_is_word (g_utf8_get_char (before))) &&
         (end >= len || !spqr_is_word (g_utf8_get_char (text + end)));
}

/* The blanks before start, not reaching back before `from`. */
static gsize
strip_left (const char *text, gsize from, gsize start)
{
  while (start > from)
    {
      const char *before = g_utf8_find_prev_char (text, text + start);

      if (before == NULL || !spqr_is_white_space (g_utf8_get_char (before)))
        break;
      start = (gsize) (before - text);
    }
  return MAX (start, from);
}

static gsize
strip_right (const char *text, gsize len, gsize end)
{
  while (end < len && spqr_is_white_space (g_utf8_get_char (text + end)))
    end = (gsize) (g_utf8_next_char (text + end) - text);
  return end;
}

static gboolean
find_spans (const char *text, gsize len, GArray *spans, gpointer data, GError **error)
{
  const SpqrAddedTokens *set = data;
  gsize done = 0, at = 0;

  while (at < len)
    {
      const SpqrAddedToken *token = spqr_added_tokens_match (set, text + at, len - at);
      SpqrSpan span;

      if (token == NULL)
        {
          at++;
          continue;
        }
      span = (SpqrSpan) { at, at + token->len, FALSE, token->id };
      at += token->len;
      if (token->single_word && !stands_alone (text, len, span.start, span.end))
        continue;
      if (token->lstrip)
        span.start = strip_left (text, MIN (done, span.start), span.start);
      if (token->rstrip)
        span.end = strip_right (text, len, span.end);
      spqr_add_span (spans, done, MAX (span.start, done), FALSE);
      g_array_append_val (spans, span);
      done = span.end;
    }
  spqr_add_span (spans, done, len, FALSE);
  return TRUE;
}

gboolean
spqr_added_tokens_cut (const SpqrAddedTokens *set, SpqrPieces *pieces, GError **error)
{
  return set->n == 0 || spqr_pieces_cut (pieces, find_spans, (gpointer) set, error);
}
