/* spqr-tokenizer-vocab.c: vocabularies without a pipeline of their own: vocab.json with merges.txt,
 * and what a GGUF file holds. The pipeline follows from the kind. */
#include "text/spqr-pre-kinds.h"
#include "text/spqr-tokenizer-private.h"

#include <string.h>

/* --- vocab.json and merges.txt ---------------------------------------------------------------- */

static gboolean
read_vocab (SpqrTokenizer *self, const char *path, GChecksum *sum, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr(JsonNode) root = NULL;
  JsonObjectIter iter;
  const char *token;
  JsonNode *node;
  gsize len;

  text = spqr_tokenizer_read_part (path, sum, &len, error);
  root = text != NULL ? spqr_text_parse_json (text, len, path, error) : NULL;
  if (root == NULL)
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (root))
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "%s: not an object of tokens and ids", path);
      return FALSE;
    }
  json_object_iter_init (&iter, json_node_get_object (root));
  while (json_object_iter_next (&iter, &token, &node))
    {
      gint64 id = JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64
                    ? json_node_get_int (node) : -1;

      if (!spqr_token_table_add (&self->table, id, token, TRUE, path, error))
        return FALSE;
    }
  return TRUE;
}

/* One "left right". */
static gboolean
add_merge_line (SpqrTokenizer *self, const char *line, gsize len, gint32 rank, const char *origin, GError **error)
{
  const char *space = memchr (line, ' ', len);

  if (space == NULL || memchr (space + 1, ' ', (gsize) (line + len - space - 1)) != NULL)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "%s: merge %d is not two tokens", origin, rank);
      return FALSE;
    }
  return spqr_bpe_add_merge (self->bpe, line, (gsize) (space - line), space + 1, (gsize) (line + len - space - 1), rank,
                             origin, error);
}

static gboolean
read_merges (SpqrTokenizer *self, const char *path, GChecksum *sum, GError **error)
{
  g_autofree char *text = NULL;
  gint32 rank = 0;
  gsize len;

  text = spqr_tokenizer_read_part (path, sum, &len, error);
  if (text == NULL)
    return FALSE;
  if (!g_utf8_validate_len (text, len, NULL))
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "%s: not UTF-8 text", path);
      return FALSE;
    }
  for (const char *line = text; line < text + len;)
    {
      const char *end = memchr (line, '\n', (gsize) (text + len - line));
      gsize n = (gsize) ((end != NULL ? end : text + len) - line);
      gsize kept = n > 0 && line[n - 1] == '\r' ? n - 1 : n;

      if (kept > 0 && !(kept >= 8 && memcmp (line, "#version", 8) == 0) &&
          !add_merge_line (self, line, kept, rank++, path, error))
        return FALSE;
      line += n + 1;
    }
  return TRUE;
}

static void
add_byte_level_decoder (SpqrTokenizer *self)
{
  g_ptr_array_add (self->decoders, spqr_token_decoder_new (SPQR_DECODE_BYTE_LEVEL, NULL, NULL));
}

/* GPT-2's classes name "<|endoftext|>" for every special role unless the files say otherwise. */
static gboolean
add_default_special (SpqrTokenizer *self, const char *origin, GError **error)
{
  SpqrAddedTokenSpec spec = { .text = "<|endoftext|>", .id = -1, .special = TRUE };

  self->bos = self->eos = spqr_token_table_find (&self->table, spec.text);
  return spqr_tokenizer_add_token (self, &spec, origin, error);
}

SpqrTokenizer *
spqr_tokenizer_open_vocab (const char *vocab_path, const char *merges_path, GError **error)
{
  g_autoptr(SpqrTokenizer) self = spqr_tokenizer_new ("vocab.json and merges.txt, byte-level BPE");
  g_autoptr(GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr(SpqrCompanions) companions = NULL;
  g_autofree char *folder = g_path_get_dirname (vocab_path);
  SpqrBpeOptions options = { .unk_id = -1 };

  if (!read_vocab (self, vocab_path, sum, error))
    return NULL;
  self->bpe = spqr_bpe_new (&self->table, &options);
  if (!read_merges (self, merges_path, sum, error))
    return NULL;
  companions = spqr_companions_read (folder, sum, error);
  if (companions == NULL)
    return NULL;
  spqr_pre_tokenizers_add_byte_level (self->pre_tokenizers, companions->add_prefix_space > 0, TRUE);
  add_byte_level_decoder (self);
  if (!add_default_special (self, vocab_path, error) || !spqr_companions_apply (companions, self, vocab_path, error))
    return NULL;
  spqr_companions_apply_sequence_ends (companions, self, FALSE);
  self->fingerprint = g_strdup (g_checksum_get_string (sum));
  return g_steal_pointer (&self);
}

/* --- GGUF ------------------------------------------------------------------------------------- */

static gboolean
add_step (SpqrTokenizer *self, const SpqrPreStep *step, GError **error)
{
  GPtrArray *steps = self->pre_tokenizers;

  switch (step->kind)
    {
    case SPQR_PRE_REGEX:
      return spqr_pre_tokenizers_add_regex (steps, step->pattern, SPQR_SPLIT_ISOLATED, FALSE, error);
    case SPQR_PRE_DIGITS:
      spqr_pre_tokenizers_add_characters (steps, spqr_is_numeric, SPQR_SPLIT_ISOLATED);
      return TRUE;
    case SPQR_PRE_DIGIT_RUNS:
      spqr_pre_tokenizers_add_characters (steps, spqr_is_numeric, SPQR_SPLIT_CONTIGUOUS);
      return TRUE;
    case SPQR_PRE_PUNCTUATION_RUNS:
      spqr_pre_tokenizers_add_characters (steps, spqr_is_punctuation, SPQR_SPLIT_CONTIGUOUS);
      return TRUE;
    case SPQR_PRE_BYTES:
      spqr_pre_tokenizers_add_byte_level (steps, FALSE, FALSE);
      return TRUE;
    case SPQR_PRE_GPT2:
      spqr_pre_tokenizers_add_byte_level (steps, FALSE, TRUE);
      return TRUE;
    case SPQR_PRE_END:
    default:
      return TRUE;
    }
}

static gint32
type_of (const SpqrVocabulary *vocabulary, gsize id)
{
  return vocabulary->types != NULL ? vocabulary->types[id] : 1;
}

static gboolean
add_byte_level_tokens (SpqrTokenizer *self, const SpqrVocabulary *vocabulary, const char *name, GError **error)
{
  for (gsize i = 0; i < vocabulary->n_tokens; i++)
    {
      if (!spqr_token_table_add (&self->table, (gint64) i, vocabulary->tokens[i], type_of (vocabulary, i) == 1, name,
                                 error))
        return FALSE;
    }
  for (gsize i = 0; i < vocabulary->n_tokens; i++)
    {
      gint32 type = type_of (vocabulary, i);
      SpqrAddedTokenSpec spec = { .text = vocabulary->tokens[i], .id = (gint64) i, .special = type == 3 };

      if ((type == 3 || type == 4) && !spqr_tokenizer_add_token (self, &spec, name, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
set_byte_level (SpqrTokenizer *self, const SpqrVocabulary *vocabulary, const char *name, GError **error)
{
  const SpqrPreKind *kind = spqr_pre_kind_find (vocabulary->pre, name, error);
  SpqrBpeOptions options = { .unk_id = -1, .ignore_merges = kind != NULL && kind->ignore_merges };

  if (kind == NULL || !add_byte_level_tokens (self, vocabulary, name, error))
    return FALSE;
  self->bpe = spqr_bpe_new (&self->table, &options);
  for (gsize i = 0; i < vocabulary->n_merges; i++)
    {
      if (!add_merge_line (self, vocabulary->merges[i], strlen (vocabulary->merges[i]), (gint32) i, name, error))
        return FALSE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (kind->steps) && kind->steps[i].kind != SPQR_PRE_END; i++)
    {
      if (!add_step (self, &kind->steps[i], error))
        return FALSE;
    }
  add_byte_level_decoder (self);
  return TRUE;
}

static gboolean
set_sentencepiece (SpqrTokenizer *self, const SpqrVocabulary *vocabulary, const char *name, GError **error)
{
  SpqrSentencePieces pieces = {
    .tokens = vocabulary->tokens, .scores = vocabulary->scores, .types = vocabulary->types,
    .n_tokens = vocabulary->n_tokens, .add_dummy_prefix = vocabulary->add_space_prefix != 0,
    .escape_whitespaces = TRUE,
  };

  if (vocabulary->scores == NULL)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "%s: a SentencePiece vocabulary without scores",
                   name);
      return FALSE;
    }
  for (gsize i = 0; i < vocabulary->n_tokens; i++)
    pieces.byte_fallback |= type_of (vocabulary, i) == 6;
  return spqr_tokenizer_set_sentencepieces (self, &pieces, name, error);
}

static void
set_sequence_ends (SpqrTokenizer *self, const SpqrVocabulary *vocabulary)
{
  self->bos = spqr_token_table_get (&self->table, vocabulary->bos) != NULL ? vocabulary->bos : -1;
  self->eos = spqr_token_table_get (&self->table, vocabulary->eos) != NULL ? vocabulary->eos : -1;
  if (self->bos >= 0 && spqr_vocabulary_begins_with_bos (vocabulary))
    g_array_append_val (self->prefix, self->bos);
  if (self->eos >= 0 && vocabulary->add_eos > 0)
    g_array_append_val (self->suffix, self->eos);
}

static char *
fingerprint_vocabulary (const SpqrVocabulary *vocabulary)
{
  g_autoptr(GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  g_checksum_update (sum, (const guchar *) vocabulary->model, (gssize) strlen (vocabulary->model) + 1);
  if (vocabulary->pre != NULL)
    g_checksum_update (sum, (const guchar *) vocabulary->pre, (gssize) strlen (vocabulary->pre) + 1);
  for (gsize i = 0; i < vocabulary->n_tokens; i++)
    g_checksum_update (sum, (const guchar *) vocabulary->tokens[i], (gssize) strlen (vocabulary->tokens[i]) + 1);
  for (gsize i = 0; i < vocabulary->n_merges; i++)
    g_checksum_update (sum, (const guchar *) vocabulary->merges[i], (gssize) strlen (vocabulary->merges[i]) + 1);
  return g_strdup (g_checksum_get_string (sum));
}

SpqrTokenizer *
spqr_tokenizer_new_from_vocabulary (const SpqrVocabulary *vocabulary, const char *name, GError **error)
{
  g_autoptr(SpqrTokenizer) self = NULL;
  gboolean pieces = g_strcmp0 (vocabulary->model, "llama") == 0;

  if (!pieces && g_strcmp0 (vocabulary->model, "gpt2") != 0)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
                   "%s: a vocabulary of the kind “%.40s” (tokenizer.ggml.model); this program reads llama and gpt2",
                   name, vocabulary->model != NULL ? vocabulary->model : "?");
      return NULL;
    }
  self = spqr_tokenizer_new (pieces ? "GGUF, SentencePiece BPE" : "GGUF, byte-level BPE");
  if (pieces ? !set_sentencepiece (self, vocabulary, name, error) : !set_byte_level (self, vocabulary, name, error))
    return NULL;
  set_sequence_ends (self, vocabulary);
  self->fingerprint = fingerprint_vocabulary (vocabulary);
  return g_steal_pointer (&self);
}
