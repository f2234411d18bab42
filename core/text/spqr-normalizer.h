/* spqr-normalizer.h: what is done to a text before it is split: a list of steps. */
#pragma once

#include "text/spqr-added-tokens.h"
#include "text/spqr-charsmap.h"
#include "text/spqr-regex.h"
#include "text/spqr-text-private.h"

typedef enum {
  SPQR_NORMALIZE_PREPEND, SPQR_NORMALIZE_REPLACE, SPQR_NORMALIZE_UNICODE, SPQR_NORMALIZE_LOWERCASE,
  SPQR_NORMALIZE_STRIP, SPQR_NORMALIZE_STRIP_ACCENTS, SPQR_NORMALIZE_NMT, SPQR_NORMALIZE_CHARSMAP,
  SPQR_NORMALIZE_BYTE_LEVEL, SPQR_NORMALIZE_SENTENCEPIECE,
} SpqrNormalizerKind;

typedef struct {
  SpqrNormalizerKind kind;
  char *pattern;             /* replace: the literal, NULL when regex */
  SpqrRegex *regex;
  char *content;             /* prepend, replace */
  GNormalizeMode mode;       /* unicode */
  gboolean left, right;      /* strip */
  SpqrCharsmap *charsmap;    /* charsmap, sentencepiece (NULL: identity) */
  /* SentencePiece's normalizer_spec. */
  gboolean add_dummy_prefix, remove_extra_whitespaces, escape_whitespaces, suffix_whitespace;
  SpqrAddedTokens *symbols;  /* user-defined symbols are left as they are; owned; NULL */
} SpqrNormalizer;

SpqrNormalizer *spqr_normalizer_new (SpqrNormalizerKind kind);
void            spqr_normalizer_free (SpqrNormalizer *step);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrNormalizer, spqr_normalizer_free)

/* Appends the steps of a tokenizer.json normalizer (null: none; sequences are flattened). */
gboolean spqr_normalizers_read (GPtrArray *steps, JsonNode *node, GError **error);
/* All steps after each other; appends the result to out. */
gboolean spqr_normalizers_apply (GPtrArray *steps, const char *text, gsize len, GString *out, GError **error);

/* Also for decoders and pre-tokenizers: a pattern object {"String": …} or {"Regex": …} (or a plain
 * string). Sets one of the two; both are the caller's to free. */
gboolean spqr_pattern_read (JsonObject *object, const char *what, char **literal, SpqrRegex **regex, GError **error);
/* Appends text to out with every match replaced. */
gboolean spqr_pattern_replace (const char *literal, const SpqrRegex *regex, const char *content, const char *text,
                               gsize len, GString *out, GError **error);
