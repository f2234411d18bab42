/* spqr-pre-tokenizer.h: how a normalized text is split before the model sees it: a list of steps. */
#pragma once

#include "text/spqr-pieces.h"
#include "text/spqr-regex.h"
#include "text/spqr-text-private.h"

typedef enum {
  SPQR_PRE_BYTE_LEVEL,         /* optional prefix space, GPT-2's expression, bytes as characters */
  SPQR_PRE_SPLIT,              /* by a literal or an expression */
  SPQR_PRE_CHARACTERS,         /* by a class of characters */
  SPQR_PRE_METASPACE,
} SpqrPreTokenizerKind;

typedef enum { SPQR_PREPEND_ALWAYS, SPQR_PREPEND_FIRST, SPQR_PREPEND_NEVER } SpqrPrependScheme;

typedef struct {
  SpqrPreTokenizerKind kind;
  char *pattern;                     /* split: the literal; metaspace: the replacement */
  SpqrRegex *regex;                  /* split, byte level; NULL */
  gboolean (*is_match) (gunichar c); /* characters */
  SpqrSplitBehavior behavior;
  gboolean invert;
  gboolean add_prefix_space;         /* byte level */
  gboolean split;                    /* metaspace */
  SpqrPrependScheme scheme;          /* metaspace */
} SpqrPreTokenizer;

SpqrPreTokenizer *spqr_pre_tokenizer_new (SpqrPreTokenizerKind kind);
void              spqr_pre_tokenizer_free (SpqrPreTokenizer *step);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrPreTokenizer, spqr_pre_tokenizer_free)

/* Ready-made steps, appended. The expressions are the originals' and always compile. */
void     spqr_pre_tokenizers_add_byte_level (GPtrArray *steps, gboolean add_prefix_space, gboolean use_regex);
gboolean spqr_pre_tokenizers_add_regex (GPtrArray *steps, const char *pattern, SpqrSplitBehavior behavior,
                                        gboolean invert, GError **error);
void     spqr_pre_tokenizers_add_characters (GPtrArray *steps, gboolean (*is_match) (gunichar c),
                                             SpqrSplitBehavior behavior);

/* Appends the steps of a tokenizer.json pre-tokenizer (null: none; sequences are flattened). */
gboolean spqr_pre_tokenizers_read (GPtrArray *steps, JsonNode *node, GError **error);
gboolean spqr_pre_tokenizers_apply (GPtrArray *steps, SpqrPieces *pieces, GError **error);
