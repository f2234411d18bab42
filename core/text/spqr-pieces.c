#include "text/spqr-pieces.h"

#include <string.h>

void
spqr_pieces_init (SpqrPieces *pieces, const char *text, gsize len)
{
  SpqrPiece whole = { 0, len, -1, TRUE };

  pieces->text = g_string_new_len (text, (gssize) len);
  pieces->pieces = g_array_new (FALSE, FALSE, sizeof (SpqrPiece));
  if (len > 0)
    g_array_append_val (pieces->pieces, whole);
}

void
spqr_pieces_clear (SpqrPieces *pieces)
{
  if (pieces->text != NULL)
    g_string_free (pieces->text, TRUE);
  g_clear_pointer (&pieces->pieces, g_array_unref);
  pieces->text = NULL;
}

gboolean
spqr_pieces_map (SpqrPieces *pieces, SpqrPieceMapFunc func, gpointer data, GError **error)
{
  GString *out = g_string_sized_new (pieces->text->len + pieces->text->len / 4 + 16);
  guint kept = 0;

  for (guint i = 0; i < pieces->pieces->len; i++)
    {
      SpqrPiece piece = g_array_index (pieces->pieces, SpqrPiece, i);
      gsize start = out->len;

      if (piece.id >= 0)
        g_string_append_len (out, pieces->text->str + piece.start, (gssize) piece.len);
      else if (!func (pieces->text->str + piece.start, piece.len, piece.at_start, out, data, error))
        {
          g_string_free (out, TRUE);
          return FALSE;
        }
      piece.start = start;
      piece.len = out->len - start;
      if (piece.len > 0 || piece.id >= 0)
        g_array_index (pieces->pieces, SpqrPiece, kept++) = piece;
    }
  g_array_set_size (pieces->pieces, kept);
  g_string_free (pieces->text, TRUE);
  pieces->text = out;
  return TRUE;
}

void
spqr_add_span (GArray *spans, gsize start, gsize end, gboolean match)
{
  SpqrSpan span = { start, end, match, -1 };

  if (start < end)
    g_array_append_val (spans, span);
}

static void
merge_with_previous (GArray *spans)
{
  SpqrSpan *s = (SpqrSpan *) (gpointer) spans->data;
  gboolean previous = FALSE;
  guint n = 0;

  for (guint i = 0; i < spans->len; i++)
    {
      gboolean match = s[i].match;

      if (match && !previous && n > 0)
        s[n - 1].end = s[i].end;
      else
        s[n++] = s[i];
      previous = match;
    }
  g_array_set_size (spans, n);
}

static void
merge_with_next (GArray *spans)
{
  SpqrSpan *s = (SpqrSpan *) (gpointer) spans->data;
  gboolean previous = FALSE;
  guint first = spans->len;

  for (guint i = spans->len; i-- > 0;)
    {
      gboolean match = s[i].match;

      if (match && !previous && first < spans->len)
        s[first].start = s[i].start;
      else
        s[--first] = s[i];
      previous = match;
    }
  g_array_remove_range (spans, 0, first);
}

static void
merge_runs (GArray *spans)
{
  SpqrSpan *s = (SpqrSpan *) (gpointer) spans->data;
  guint n = 0;

  for (guint i = 0; i < spans->len; i++)
    {
      if (n > 0 && s[n - 1].match == s[i].match)
        s[n - 1].end = s[i].end;
      else
        s[n++] = s[i];
    }
  g_array_set_size (spans, n);
}

static void
remove_matches (GArray *spans)
{
  SpqrSpan *s = (SpqrSpan *) (gpointer) spans->data;
  guint n = 0;

  for (guint i = 0; i < spans->len; i++)
    {
      if (!s[i].match)
        s[n++] = s[i];
    }
  g_array_set_size (spans, n);
}

static void
settle_spans (GArray *spans, SpqrSplitBehavior behavior, gboolean invert)
{
  for (guint i = 0; invert && i < spans->len; i++)
    g_array_index (spans, SpqrSpan, i).match = !g_array_index (spans, SpqrSpan, i).match;
  switch (behavior)
    {
    case SPQR_SPLIT_REMOVED:
      remove_matches (spans);
      break;
    case SPQR_SPLIT_PREVIOUS:
      merge_with_previous (spans);
      break;
    case SPQR_SPLIT_NEXT:
      merge_with_next (spans);
      break;
    case SPQR_SPLIT_CONTIGUOUS:
      merge_runs (spans);
      break;
    case SPQR_SPLIT_ISOLATED:
    default:
      break;
    }
}

static gboolean
cut_pieces (SpqrPieces *pieces, SpqrPieceSpanFunc func, gpointer data, const SpqrSplitBehavior *behavior,
            gboolean invert, GError **error)
{
  g_autoptr(GArray) out = g_array_sized_new (FALSE, FALSE, sizeof (SpqrPiece), pieces->pieces->len);
  g_autoptr(GArray) spans = g_array_new (FALSE, FALSE, sizeof (SpqrSpan));

  for (guint i = 0; i < pieces->pieces->len; i++)
    {
      SpqrPiece piece = g_array_index (pieces->pieces, SpqrPiece, i);

      if (piece.id >= 0)
        {
          g_array_append_val (out, piece);
          continue;
        }
      g_array_set_size (spans, 0);
      if (!func (pieces->text->str + piece.start, piece.len, spans, data, error))
        return FALSE;
      if (behavior != NULL)
        settle_spans (spans, *behavior, invert);
      for (guint j = 0; j < spans->len; j++)
        {
          const SpqrSpan *span = &g_array_index (spans, SpqrSpan, j);
          SpqrPiece part = { piece.start + span->start, span->end - span->start, span->id,
                             piece.at_start && span->start == 0 };

          if (part.len > 0 || part.id >= 0)
            g_array_append_val (out, part);
        }
    }
  g_array_unref (pieces->pieces);
  pieces->pieces = g_steal_pointer (&out);
  return TRUE;
}

gboolean
spqr_pieces_cut (SpqrPieces *pieces, SpqrPieceSpanFunc func, gpointer data, GError **error)
{
  return cut_pieces (pieces, func, data, NULL, FALSE, error);
}

gboolean
spqr_pieces_split (SpqrPieces *pieces, SpqrPieceSpanFunc func, gpointer data, SpqrSplitBehavior behavior,
                   gboolean invert, GError **error)
{
  return cut_pieces (pieces, func, data, &behavior, invert, error);
}
