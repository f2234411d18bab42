/* spqr-bpe-private.h: what building (spqr-bpe.c) and merging (spqr-bpe-encode.c) share. */
#pragma once

#include "text/spqr-bpe.h"

struct _SpqrBpe {
  const SpqrTokenTable *table;
  SpqrBpeOptions options;
  char *prefix, *suffix;
  gboolean by_score;        /* SentencePiece: unknown characters are settled after merging */
  gint32 byte_ids[256];     /* -1: none */
  SpqrPairMap merges;       /* (left, right) -> rank, joined id */
  /* Which symbol may end a merge's left side where which one begins its right side. Between two
   * characters that are no such pair nothing can ever merge: the text may be cut there. */
  SpqrPairMap seams;
  gboolean may_cut;
  /* Only by score: characters that are no token but part of one, with ids from SPQR_MAX_TOKENS on. */
  SpqrBytesMap extra;
  gint32 n_extra;
  guint8 *unused;           /* by id, NULL when no token is of that kind */
  gsize n_unused;           /* entries of unused */
};

/* The id of one character as a symbol, -1 when it is none. */
gint32 spqr_bpe_symbol (const SpqrBpe *bpe, const char *text, gsize len);
