/* spqr-tokenizer.h: text to token ids and back, as the model's own tokenizer files say. */
#pragma once

#include <gio/gio.h>

#define SPQR_TEXT_ERROR (spqr_text_error_quark ())
GQuark spqr_text_error_quark (void);
typedef enum {
  SPQR_TEXT_ERROR_NOT_FOUND,      /* no tokenizer or no such data set; the message says which file is expected where */
  SPQR_TEXT_ERROR_MALFORMED,
  SPQR_TEXT_ERROR_UNSUPPORTED,
  SPQR_TEXT_ERROR_TOO_SHORT,      /* fewer ids than one window */
  SPQR_TEXT_ERROR_OUT_OF_VOCABULARY,
  SPQR_TEXT_ERROR_FAILED,
} SpqrTextError;

#define SPQR_TYPE_TOKENIZER (spqr_tokenizer_get_type ())
G_DECLARE_FINAL_TYPE (SpqrTokenizer, spqr_tokenizer, SPQR, TOKENIZER, GObject)

/* Opens what a model folder has, in this order: tokenizer.json, tokenizer.model, vocab.json +
 * merges.txt, the vocabulary of the one GGUF file in it. A path to one of those files is fine too; a
 * GGUF file without a vocabulary, and any other weights file, stands for its folder. Immutable and
 * thread-safe afterwards. */
SpqrTokenizer *spqr_tokenizer_open (const char *path, GError **error);

guint       spqr_tokenizer_get_vocab_size (SpqrTokenizer *self);
const char *spqr_tokenizer_get_kind (SpqrTokenizer *self);           /* "tokenizer.json BPE", … for people */
const char *spqr_tokenizer_get_fingerprint (SpqrTokenizer *self);    /* sha256 of its files, hex */
/* UTF-8 text (len bytes, -1: NUL-terminated; invalid bytes are handled as the original would) to ids,
 * appended to `ids` (element gint32). add_special: what the post-processor adds (BOS, …). */
gboolean    spqr_tokenizer_encode (SpqrTokenizer *self, const char *text, gssize len,
                                   gboolean add_special, GArray *ids, GError **error);
/* g_free(). Special tokens are left out when skip_special. Never fails: unknown ids vanish. */
char       *spqr_tokenizer_decode (SpqrTokenizer *self, const gint32 *ids, gsize n, gboolean skip_special);
/* The token's own text as stored, NULL outside the vocabulary. Borrowed. */
const char *spqr_tokenizer_get_token (SpqrTokenizer *self, gint32 id);
int         spqr_tokenizer_get_bos (SpqrTokenizer *self);            /* -1: none */
int         spqr_tokenizer_get_eos (SpqrTokenizer *self);

/* The GGUF file whose vocabulary spqr_tokenizer_open (path) takes; NULL: it takes other files. g_free(). */
char       *spqr_tokenizer_find_gguf (const char *path);
/* Writes that vocabulary into folder as the files of a Hugging Face tokenizer (tokenizer.json,
 * tokenizer_config.json, special_tokens_map.json) and appends their names to files, unless they are there.
 * NOT_FOUND without a vocabulary, UNSUPPORTED as opening has it. */
gboolean    spqr_tokenizer_write_gguf (const char *path, const char *folder, GPtrArray *files, GError **error);

/* A vocabulary as it lies inside a GGUF file; everything is borrowed for the call. */
typedef struct {
  const char *model;            /* tokenizer.ggml.model: "llama" (SentencePiece) or "gpt2" (byte-level) */
  const char *pre;              /* tokenizer.ggml.pre: "gpt-2", "llama-bpe", "qwen2", …; NULL: not said */
  const char * const *tokens;   /* (n_tokens) */
  const float *scores;          /* (n_tokens), "llama" only */
  const gint32 *types;          /* (n_tokens) 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte;
                                 * NULL: all normal */
  gsize n_tokens;
  const char * const *merges;   /* (n_merges) "left right", "gpt2" only */
  gsize n_merges;
  int bos, eos, unk;            /* ids; -1: none */
  int add_bos, add_eos, add_space_prefix;   /* -1: not said */
} SpqrVocabulary;

/* name: what the vocabulary is from, for messages. UNSUPPORTED names an unknown model or pre kind. */
SpqrTokenizer *spqr_tokenizer_new_from_vocabulary (const SpqrVocabulary *vocabulary, const char *name,
                                                   GError **error);
