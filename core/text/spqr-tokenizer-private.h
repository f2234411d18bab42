/* spqr-tokenizer-private.h: the parts a reader of tokenizer files puts together.
 *
 * Text → added tokens that are looked for as written → normalizers → added tokens that are looked
 * for in the normalized text → pre-tokenizers → merging → what the post-processor adds. */
#pragma once

#include "text/spqr-added-tokens.h"
#include "text/spqr-bpe.h"
#include "text/spqr-normalizer.h"
#include "text/spqr-pre-tokenizer.h"
#include "text/spqr-token-decoder.h"
#include "text/spqr-tokenizer.h"

struct _SpqrTokenizer {
  GObject parent_instance;
  char *kind, *fingerprint;
  SpqrTokenTable table;
  SpqrBpe *bpe;
  GHashTable *special;             /* ids that decoding may leave out */
  SpqrAddedTokens *raw, *normalized;
  GPtrArray *normalizers, *pre_tokenizers, *decoders;
  GArray *prefix, *suffix;         /* gint32: what add_special puts around the text */
  gint32 bos, eos;                 /* -1: none */
  gboolean repair_each_byte;       /* SentencePiece replaces every broken byte, not every sequence */
};

SpqrTokenizer *spqr_tokenizer_new (const char *kind);

/* One added token as the files describe it. */
typedef struct {
  const char *text;
  gint64 id;                       /* -1: only when the vocabulary has it */
  gboolean special, normalized, single_word, lstrip, rstrip;
} SpqrAddedTokenSpec;

/* Adds it to the vocabulary if need be and to the set it is looked for in. The normalizers must be
 * there already. An id that another text has is an error. */
gboolean spqr_tokenizer_add_token (SpqrTokenizer *self, const SpqrAddedTokenSpec *spec, const char *origin,
                                   GError **error);

/* What lies beside a tokenizer file: tokenizer_config.json, special_tokens_map.json, added_tokens.json. */
typedef struct {
  int add_bos, add_eos, add_prefix_space;     /* -1: not said */
  char *bos, *eos, *unk, *pad;                /* texts; NULL */
  GPtrArray *specials;                        /* char *: every text named as special */
  GArray *added;                              /* SpqrAddedTokenSpec with owned texts */
} SpqrCompanions;

/* folder's companions; missing files leave everything unsaid. Their bytes go into sum. */
SpqrCompanions *spqr_companions_read (const char *folder, GChecksum *sum, GError **error);
void            spqr_companions_free (SpqrCompanions *companions);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrCompanions, spqr_companions_free)
/* Added and special tokens, bos and eos, into the tokenizer (whose own tokens are there already). */
gboolean        spqr_companions_apply (const SpqrCompanions *companions, SpqrTokenizer *self, const char *origin,
                                       GError **error);
/* add_bos_token / add_eos_token, for files that say nothing themselves. */
void            spqr_companions_apply_sequence_ends (const SpqrCompanions *companions, SpqrTokenizer *self,
                                                     gboolean bos_by_default);

/* A SentencePiece model, from its protobuf or from GGUF. */
typedef struct {
  const char * const *tokens;
  const float *scores;
  const gint32 *types;             /* NULL: all normal */
  gsize n_tokens;
  gboolean byte_fallback, add_dummy_prefix, remove_extra_whitespaces, escape_whitespaces, suffix_whitespace;
  SpqrCharsmap *charsmap;          /* taken over; NULL */
} SpqrSentencePieces;
gboolean spqr_tokenizer_set_sentencepieces (SpqrTokenizer *self, SpqrSentencePieces *pieces, const char *origin,
                                            GError **error);

/* The readers. Each takes the file's path and reads what lies beside it. */
SpqrTokenizer *spqr_tokenizer_open_json (const char *path, GError **error);
SpqrTokenizer *spqr_tokenizer_open_sentencepiece (const char *path, GError **error);
SpqrTokenizer *spqr_tokenizer_open_vocab (const char *vocab_path, const char *merges_path, GError **error);
/* The vocabulary in a GGUF file's metadata; NOT_FOUND when it has none. */
SpqrTokenizer *spqr_tokenizer_open_gguf (const char *path, GError **error);
/* A file's bytes, its base name and bytes added to sum. */
char          *spqr_tokenizer_read_part (const char *path, GChecksum *sum, gsize *len, GError **error);
