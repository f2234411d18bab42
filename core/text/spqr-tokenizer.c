/* spqr-tokenizer.c: opening, encoding and decoding; the same for every kind of file. */
#include "text/spqr-tokenizer-private.h"

#include <string.h>

#include "model/spqr-gguf.h"

G_DEFINE_TYPE (SpqrTokenizer, spqr_tokenizer, G_TYPE_OBJECT)

static void
spqr_tokenizer_finalize (GObject *object)
{
  SpqrTokenizer *self = SPQR_TOKENIZER (object);

  spqr_bpe_free (self->bpe);
  spqr_token_table_clear (&self->table);
  g_hash_table_unref (self->special);
  spqr_added_tokens_free (self->raw);
  spqr_added_tokens_free (self->normalized);
  g_ptr_array_unref (self->normalizers);
  g_ptr_array_unref (self->pre_tokenizers);
  g_ptr_array_unref (self->decoders);
  g_array_unref (self->prefix);
  g_array_unref (self->suffix);
  g_free (self->kind);
  g_free (self->fingerprint);
  G_OBJECT_CLASS (spqr_tokenizer_parent_class)->finalize (object);
}

static void
spqr_tokenizer_class_init (SpqrTokenizerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = spqr_tokenizer_finalize;
}

static void
spqr_tokenizer_init (SpqrTokenizer *self)
{
  spqr_token_table_init (&self->table, 1024);
  self->special = g_hash_table_new (NULL, NULL);
  self->raw = spqr_added_tokens_new ();
  self->normalized = spqr_added_tokens_new ();
  self->normalizers = g_ptr_array_new_with_free_func ((GDestroyNotify) spqr_normalizer_free);
  self->pre_tokenizers = g_ptr_array_new_with_free_func ((GDestroyNotify) spqr_pre_tokenizer_free);
  self->decoders = g_ptr_array_new_with_free_func ((GDestroyNotify) spqr_token_decoder_free);
  self->prefix = g_array_new (FALSE, FALSE, sizeof (gint32));
  self->suffix = g_array_new (FALSE, FALSE, sizeof (gint32));
  self->bos = self->eos = -1;
}

SpqrTokenizer *
spqr_tokenizer_new (const char *kind)
{
  SpqrTokenizer *self = g_object_new (SPQR_TYPE_TOKENIZER, NULL);

  self->kind = g_strdup (kind);
  return self;
}

/* --- added tokens ---------------------------------------------------------------------------- */

gboolean
spqr_tokenizer_add_token (SpqrTokenizer *self, const SpqrAddedTokenSpec *spec, const char *origin, GError **error)
{
  gint32 id = spqr_token_table_find (&self->table, spec->text);
  g_autoptr(GString) normal = g_string_new (NULL);
  SpqrAddedToken token = { .single_word = spec->single_word, .lstrip = spec->lstrip, .rstrip = spec->rstrip };

  if (id < 0 && spec->id < 0)
    id = spqr_token_table_find_any (&self->table, spec->text);
  if (id < 0 && spec->id < 0)
    return TRUE;
  if (spec->text[0] == '\0')
    return TRUE;
  if (id < 0)
    {
      if (g_strcmp0 (spqr_token_table_get (&self->table, spec->id), spec->text) != 0 &&
          !spqr_token_table_add (&self->table, spec->id, spec->text, FALSE, origin, error))
        return FALSE;
      id = (gint32) spec->id;
    }
  if (spec->special)
    g_hash_table_add (self->special, GINT_TO_POINTER (id));
  token.id = id;
  token.text = (char *) spec->text;
  if (spec->normalized)
    {
      if (!spqr_normalizers_apply (self->normalizers, spec->text, strlen (spec->text), normal, error))
        return FALSE;
      token.text = normal->str;
    }
  spqr_added_tokens_add (spec->normalized ? self->normalized : self->raw, &token);
  return TRUE;
}

/* --- encoding -------------------------------------------------------------------------------- */

static gboolean
normalize_piece (const char *text, gsize len, gboolean at_start, GString *out, gpointer data, GError **error)
{
  return spqr_normalizers_apply (data, text, len, out, error);
}

static gboolean
split_text (SpqrTokenizer *self, SpqrPieces *pieces, GError **error)
{
  if (!spqr_added_tokens_cut (self->raw, pieces, error))
    return FALSE;
  if (self->normalizers->len > 0 && !spqr_pieces_map (pieces, normalize_piece, self->normalizers, error))
    return FALSE;
  return spqr_added_tokens_cut (self->normalized, pieces, error) &&
         spqr_pre_tokenizers_apply (self->pre_tokenizers, pieces, error);
}

static gboolean
encode_pieces (SpqrTokenizer *self, const SpqrPieces *pieces, GArray *ids, GError **error)
{
  g_autoptr(SpqrBpeScratch) scratch = spqr_bpe_scratch_new ();

  for (guint i = 0; i < pieces->pieces->len; i++)
    {
      const SpqrPiece *piece = &g_array_index (pieces->pieces, SpqrPiece, i);

      if (piece->id >= 0)
        g_array_append_val (ids, piece->id);
      else if (!spqr_bpe_encode (self->bpe, scratch, pieces->text->str + piece->start, piece->len, ids, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
spqr_tokenizer_encode (SpqrTokenizer *self, const char *text, gssize len, gboolean add_special, GArray *ids,
                       GError **error)
{
  g_auto(SpqrPieces) pieces = { NULL };
  g_autofree char *repaired = NULL;
  gsize n;
  guint before;

  g_return_val_if_fail (SPQR_IS_TOKENIZER (self) && text != NULL && ids != NULL, FALSE);

  n = len < 0 ? strlen (text) : (gsize) len;
  before = ids->len;
  if (n > SPQR_TEXT_MAX_BYTES)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
                   "a text of %" G_GSIZE_FORMAT " bytes; at most %" G_GSIZE_FORMAT " are tokenized at once", n,
                   SPQR_TEXT_MAX_BYTES);
      return FALSE;
    }
  repaired = spqr_utf8_repair (text, n, self->repair_each_byte, &n);
  spqr_pieces_init (&pieces, repaired != NULL ? repaired : text, n);
  if (add_special)
    g_array_append_vals (ids, self->prefix->data, self->prefix->len);
  if (!split_text (self, &pieces, error) || !encode_pieces (self, &pieces, ids, error))
    {
      g_array_set_size (ids, before);
      return FALSE;
    }
  if (add_special)
    g_array_append_vals (ids, self->suffix->data, self->suffix->len);
  return TRUE;
}

/* --- decoding -------------------------------------------------------------------------------- */

static void
free_string (gpointer data)
{
  g_string_free (data, TRUE);
}

char *
spqr_tokenizer_decode (SpqrTokenizer *self, const gint32 *ids, gsize n, gboolean skip_special)
{
  g_autoptr(GPtrArray) tokens = g_ptr_array_new_with_free_func (free_string);
  GString *out = g_string_new (NULL);

  for (gsize i = 0; i < n; i++)
    {
      const char *text = spqr_token_table_get (&self->table, ids[i]);

      if (text != NULL && !(skip_special && g_hash_table_contains (self->special, GINT_TO_POINTER (ids[i]))))
        g_ptr_array_add (tokens, g_string_new (text));
    }
  spqr_token_decoders_apply (self->decoders, tokens);
  for (guint i = 0; i < tokens->len; i++)
    {
      const GString *token = tokens->pdata[i];

      if (i > 0 && self->decoders->len == 0)
        g_string_append_c (out, ' ');
      g_string_append_len (out, token->str, (gssize) token->len);
    }
  return g_string_free (out, FALSE);
}

/* --- opening --------------------------------------------------------------------------------- */

char *
spqr_tokenizer_read_part (const char *path, GChecksum *sum, gsize *len, GError **error)
{
  char *text = spqr_text_read_file (path, SPQR_TOKENIZER_FILE_MAX_BYTES, len, error);
  g_autofree char *name = g_path_get_basename (path);

  if (text != NULL)
    {
      g_checksum_update (sum, (const guchar *) name, (gssize) strlen (name) + 1);
      g_checksum_update (sum, (const guchar *) text, (gssize) *len);
    }
  return text;
}

static gboolean
is_file (const char *path)
{
  return g_file_test (path, G_FILE_TEST_IS_REGULAR);
}

/* The path of the one GGUF file in a folder; NULL when there is none, or more than one. g_free(). */
static char *
find_only_gguf (const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  g_autofree char *found = NULL;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      if (!g_str_has_suffix (name, ".gguf"))
        continue;
      if (found != NULL)
        return NULL;
      found = g_build_filename (folder, name, NULL);
    }
  return g_steal_pointer (&found);
}

/* What a folder has, first of all kinds; NULL but for vocab.json, which has merges.txt beside it. */
typedef struct { char *json, *model, *vocab, *merges, *gguf; } FolderFiles;

static void
folder_files_clear (FolderFiles *files)
{
  g_free (files->json);
  g_free (files->model);
  g_free (files->vocab);
  g_free (files->merges);
  g_free (files->gguf);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FolderFiles, folder_files_clear)

static void
look_into_folder (const char *path, FolderFiles *files)
{
  *files = (FolderFiles) { g_build_filename (path, "tokenizer.json", NULL), g_build_filename (path, "tokenizer.model", NULL),
                           g_build_filename (path, "vocab.json", NULL), g_build_filename (path, "merges.txt", NULL), NULL };
  if (!is_file (files->json))
    g_clear_pointer (&files->json, g_free);
  if (!is_file (files->model))
    g_clear_pointer (&files->model, g_free);
  if (!is_file (files->vocab) || !is_file (files->merges))
    g_clear_pointer (&files->vocab, g_free);
  if (files->json == NULL && files->model == NULL && files->vocab == NULL)
    files->gguf = find_only_gguf (path);
}

static SpqrTokenizer *
open_folder (const char *path, GError **error)
{
  g_auto(FolderFiles) files = { NULL };

  look_into_folder (path, &files);
  if (files.json != NULL)
    return spqr_tokenizer_open_json (files.json, error);
  if (files.model != NULL)
    return spqr_tokenizer_open_sentencepiece (files.model, error);
  if (files.vocab != NULL)
    return spqr_tokenizer_open_vocab (files.vocab, files.merges, error);
  if (files.gguf != NULL)
    return spqr_tokenizer_open_gguf (files.gguf, error);
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_NOT_FOUND,
               "%s: no tokenizer: expected tokenizer.json, tokenizer.model, or vocab.json with merges.txt there", path);
  return NULL;
}

char *
spqr_tokenizer_find_gguf (const char *path)
{
  g_auto(FolderFiles) files = { NULL };

  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    look_into_folder (path, &files);
  else if (spqr_gguf_is_one (path))
    files.gguf = g_strdup (path);
  return g_steal_pointer (&files.gguf);
}

/* Its own vocabulary, else that of the files beside it. */
static SpqrTokenizer *
open_gguf (const char *path, GError **error)
{
  g_autoptr(GError) own = NULL;
  g_autofree char *folder = g_path_get_dirname (path);
  SpqrTokenizer *self = spqr_tokenizer_open_gguf (path, &own);

  if (g_error_matches (own, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_NOT_FOUND))
    self = open_folder (folder, NULL);
  if (self == NULL)
    g_propagate_error (error, g_steal_pointer (&own));
  return self;
}

static SpqrTokenizer *
open_file (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *vocab = g_build_filename (folder, "vocab.json", NULL);
  g_autofree char *merges = g_build_filename (folder, "merges.txt", NULL);

  if (g_str_has_suffix (name, ".model"))
    return spqr_tokenizer_open_sentencepiece (path, error);
  if (strcmp (name, "vocab.json") == 0 || strcmp (name, "merges.txt") == 0)
    return spqr_tokenizer_open_vocab (vocab, merges, error);
  if (g_str_has_suffix (name, ".safetensors") || g_str_has_suffix (name, ".safetensors.index.json") ||
      strcmp (name, "config.json") == 0)
    return open_folder (folder, error);
  if (g_str_has_suffix (name, ".json"))
    return spqr_tokenizer_open_json (path, error);
  if (spqr_gguf_is_one (path))
    return open_gguf (path, error);
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
               "%s: not a tokenizer file by its name: tokenizer.json, *.model, vocab.json, merges.txt and *.gguf are read", path);
  return NULL;
}

SpqrTokenizer *
spqr_tokenizer_open (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return open_folder (path, error);
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return open_file (path, error);
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_NOT_FOUND, "%s: no such file or folder", path);
  return NULL;
}

/* --- questions ------------------------------------------------------------------------------- */

guint
spqr_tokenizer_get_vocab_size (SpqrTokenizer *self)
{
  return self->table.texts->len;
}

const char *
spqr_tokenizer_get_kind (SpqrTokenizer *self)
{
  return self->kind;
}

const char *
spqr_tokenizer_get_fingerprint (SpqrTokenizer *self)
{
  return self->fingerprint;
}

const char *
spqr_tokenizer_get_token (SpqrTokenizer *self, gint32 id)
{
  return spqr_token_table_get (&self->table, id);
}

int
spqr_tokenizer_get_bos (SpqrTokenizer *self)
{
  return self->bos;
}

int
spqr_tokenizer_get_eos (SpqrTokenizer *self)
{
  return self->eos;
}
