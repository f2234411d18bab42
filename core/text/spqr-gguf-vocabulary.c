/* spqr-gguf-vocabulary.c: the tokenizer inside a GGUF file: its metadata tokenizer.ggml.…. */
#include "model/spqr-gguf.h"
#include "text/spqr-text-private.h"
#include "text/spqr-tokenizer-private.h"
#include "text/spqr-vocabulary-json.h"

#define MAX_MERGES ((gsize) 4 * SPQR_MAX_TOKENS)

/* Everything that an SpqrVocabulary borrows. */
typedef struct {
  char *model, *pre;
  char **tokens, **merges;
  float *scores;
  gint32 *types;
  gsize n_tokens, n_merges;
} Parts;

static void
parts_clear (Parts *parts)
{
  g_free (parts->model);
  g_free (parts->pre);
  g_strfreev (parts->tokens);
  g_strfreev (parts->merges);
  g_free (parts->scores);
  g_free (parts->types);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Parts, parts_clear)

/* A list that is there must have an entry for every token. */
static gboolean
check_length (gsize n, gsize n_tokens, const char *what, const char *path, GError **error)
{
  if (n == 0 || n == n_tokens)
    return TRUE;
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED,
               "%s: %" G_GSIZE_FORMAT " tokens, but %" G_GSIZE_FORMAT " %s", path, n_tokens, n, what);
  return FALSE;
}

static gboolean
read_parts (const SpqrGguf *gguf, const char *path, Parts *parts, GError **error)
{
  g_autoptr(GError) failed = NULL;
  gsize n_scores = 0, n_types = 0;

  parts->model = spqr_gguf_get_string (gguf, "tokenizer.ggml.model");
  parts->pre = spqr_gguf_get_string (gguf, "tokenizer.ggml.pre");
  parts->tokens = spqr_gguf_dup_strings (gguf, "tokenizer.ggml.tokens", SPQR_MAX_TOKENS, &parts->n_tokens, &failed);
  if (failed == NULL)
    parts->merges = spqr_gguf_dup_strings (gguf, "tokenizer.ggml.merges", MAX_MERGES, &parts->n_merges, &failed);
  if (failed == NULL)
    parts->scores = spqr_gguf_dup_floats (gguf, "tokenizer.ggml.scores", SPQR_MAX_TOKENS, &n_scores, &failed);
  if (failed == NULL)
    parts->types = spqr_gguf_dup_ints (gguf, "tokenizer.ggml.token_type", SPQR_MAX_TOKENS, &n_types, &failed);
  if (failed != NULL)
    {
      g_set_error_literal (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, failed->message);
      return FALSE;
    }
  if (n_scores == 0)
    g_clear_pointer (&parts->scores, g_free);
  if (n_types == 0)
    g_clear_pointer (&parts->types, g_free);
  return check_length (n_scores, parts->n_tokens, "scores", path, error) &&
         check_length (n_types, parts->n_tokens, "kinds of tokens", path, error);
}

/* A small number or flag of the metadata, fallback where there is none. */
static int
read_number (const SpqrGguf *gguf, const char *key, int fallback)
{
  gint64 value = 0;

  return spqr_gguf_get_int (gguf, key, &value) && value >= 0 && value < SPQR_MAX_TOKENS ? (int) value : fallback;
}

static gboolean
read_vocabulary (const SpqrGguf *gguf, const char *path, Parts *parts, SpqrVocabulary *vocabulary, GError **error)
{
  if (!read_parts (gguf, path, parts, error))
    return FALSE;
  if (parts->n_tokens == 0)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_NOT_FOUND,
                   "%s: there is no vocabulary in this file (tokenizer.ggml.tokens), and no tokenizer beside it", path);
      return FALSE;
    }
  *vocabulary = (SpqrVocabulary) {
    .model = parts->model, .pre = parts->pre, .tokens = (const char * const *) parts->tokens, .scores = parts->scores,
    .types = parts->types, .n_tokens = parts->n_tokens, .merges = (const char * const *) parts->merges,
    .n_merges = parts->n_merges, .bos = read_number (gguf, "tokenizer.ggml.bos_token_id", -1),
    .eos = read_number (gguf, "tokenizer.ggml.eos_token_id", -1),
    .unk = read_number (gguf, "tokenizer.ggml.unknown_token_id", -1),
    .add_bos = read_number (gguf, "tokenizer.ggml.add_bos_token", -1),
    .add_eos = read_number (gguf, "tokenizer.ggml.add_eos_token", -1),
    .add_space_prefix = read_number (gguf, "tokenizer.ggml.add_space_prefix", -1),
  };
  return TRUE;
}

SpqrTokenizer *
spqr_tokenizer_open_gguf (const char *path, GError **error)
{
  g_autoptr(SpqrGguf) gguf = spqr_gguf_open (path, error);
  g_auto(Parts) parts = { NULL };
  SpqrVocabulary vocabulary;

  if (gguf == NULL || !read_vocabulary (gguf, path, &parts, &vocabulary, error))
    return NULL;
  return spqr_tokenizer_new_from_vocabulary (&vocabulary, path, error);
}

gboolean
spqr_tokenizer_write_gguf (const char *path, const char *folder, GPtrArray *files, GError **error)
{
  g_autoptr(SpqrGguf) gguf = spqr_gguf_open (path, error);
  g_auto(Parts) parts = { NULL };
  g_autofree char *chat_template = NULL;
  SpqrVocabulary vocabulary;

  if (gguf == NULL || !read_vocabulary (gguf, path, &parts, &vocabulary, error))
    return FALSE;
  chat_template = spqr_gguf_get_string (gguf, "tokenizer.chat_template");
  return spqr_vocabulary_write (&vocabulary, chat_template, path, folder, files, error);
}
