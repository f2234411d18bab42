/* spqr-pieces.h: a text on its way to ids: stretches of it, some already settled as added tokens. */
#pragma once

#include <glib.h>

typedef struct {
  gsize start, len;      /* in the text */
  gint32 id;             /* an added token; -1: text still to be encoded */
  gboolean at_start;     /* begins where the original text begins */
} SpqrPiece;

typedef struct {
  GString *text;
  GArray *pieces;        /* SpqrPiece, in order, none empty but added tokens */
} SpqrPieces;

typedef enum { SPQR_SPLIT_REMOVED, SPQR_SPLIT_ISOLATED, SPQR_SPLIT_PREVIOUS, SPQR_SPLIT_NEXT,
               SPQR_SPLIT_CONTIGUOUS } SpqrSplitBehavior;

/* Part of a piece, start … end within it. When splits are being looked for: match says whether the
 * pattern covers it. id: an added token, else -1. */
typedef struct {
  gsize start, end;
  gboolean match;
  gint32 id;
} SpqrSpan;

void spqr_pieces_init (SpqrPieces *pieces, const char *text, gsize len);
void spqr_pieces_clear (SpqrPieces *pieces);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SpqrPieces, spqr_pieces_clear)

/* Writes the new spelling of a piece to out. */
typedef gboolean (*SpqrPieceMapFunc) (const char *text, gsize len, gboolean at_start, GString *out, gpointer data,
                                      GError **error);
gboolean spqr_pieces_map (SpqrPieces *pieces, SpqrPieceMapFunc func, gpointer data, GError **error);

/* Appends the spans of a piece to spans, in order. */
typedef gboolean (*SpqrPieceSpanFunc) (const char *text, gsize len, GArray *spans, gpointer data, GError **error);
/* Cuts every open piece into its spans: those with an id become added tokens, the others open pieces;
 * empty ones go. */
gboolean spqr_pieces_cut (SpqrPieces *pieces, SpqrPieceSpanFunc func, gpointer data, GError **error);
/* The same for spans that cover the piece without gaps and say whether they match; what a match
 * becomes is the behaviour's matter. invert: what does not match counts as a match. */
gboolean spqr_pieces_split (SpqrPieces *pieces, SpqrPieceSpanFunc func, gpointer data, SpqrSplitBehavior behavior,
                            gboolean invert, GError **error);

/* For span functions: a span without id, unless it is empty. */
void     spqr_add_span (GArray *spans, gsize start, gsize end, gboolean match);
