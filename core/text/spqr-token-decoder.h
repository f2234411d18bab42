/* spqr-token-decoder.h: from tokens back to text: a list of steps over a list of strings. */
#pragma once

#include "text/spqr-regex.h"
#include "text/spqr-text-private.h"

typedef enum {
  SPQR_DECODE_BYTE_LEVEL, SPQR_DECODE_BYTE_FALLBACK, SPQR_DECODE_FUSE, SPQR_DECODE_REPLACE, SPQR_DECODE_STRIP,
  SPQR_DECODE_METASPACE, SPQR_DECODE_SUFFIX,
} SpqrTokenDecoderKind;

typedef struct {
  SpqrTokenDecoderKind kind;
  char *pattern;             /* replace: literal; strip: the character; metaspace: replacement; suffix */
  SpqrRegex *regex;          /* replace */
  char *content;             /* replace */
  guint start, stop;         /* strip */
  gboolean keep_first;       /* metaspace: the first token's blank stays */
} SpqrTokenDecoder;

SpqrTokenDecoder *spqr_token_decoder_new (SpqrTokenDecoderKind kind, const char *pattern, const char *content);
void              spqr_token_decoder_free (SpqrTokenDecoder *step);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrTokenDecoder, spqr_token_decoder_free)
/* Appends the steps of a tokenizer.json decoder (null: none; sequences are flattened). */
gboolean spqr_token_decoders_read (GPtrArray *steps, JsonNode *node, GError **error);
/* tokens: (element-type GString), changed in place. */
void     spqr_token_decoders_apply (GPtrArray *steps, GPtrArray *tokens);
