/* spqr-added-tokens.h: tokens that are looked for in the text itself, before the model sees it. */
#pragma once

#include "text/spqr-pieces.h"

typedef struct {
  char *text;                /* what is looked for (normalized, when the token says so) */
  gsize len;
  gint32 id;
  gboolean single_word, lstrip, rstrip;
} SpqrAddedToken;

/* A set of them that is searched together: leftmost first, then longest. */
typedef struct _SpqrAddedTokens SpqrAddedTokens;

SpqrAddedTokens *spqr_added_tokens_new (void);
void             spqr_added_tokens_free (SpqrAddedTokens *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrAddedTokens, spqr_added_tokens_free)
/* Copies token->text; empty texts are left out. */
void             spqr_added_tokens_add (SpqrAddedTokens *set, const SpqrAddedToken *token);
/* The longest token text begins with, NULL. */
const SpqrAddedToken *spqr_added_tokens_match (const SpqrAddedTokens *set, const char *text, gsize len);
/* Cuts open pieces at the tokens found in them. */
gboolean         spqr_added_tokens_cut (const SpqrAddedTokens *set, SpqrPieces *pieces, GError **error);
