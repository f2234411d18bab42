/* The tokenizer inside a GGUF file: both kinds of vocabularies, what goes around a text, which tokenizer
 * a folder has, and files that are broken on purpose or by chance. Files are written here, piece by piece. */
#include <glib/gstdio.h>
#include <string.h>

#include "text/spqr-byte-level.h"
#include "text/spqr-tokenizer.h"

static char *folder;

/* --- a GGUF file ------------------------------------------------------------------------------- */

enum { TYPE_U32 = 4, TYPE_I32 = 5, TYPE_F32 = 6, TYPE_BOOL = 7, TYPE_STRING = 8, TYPE_ARRAY = 9 };

typedef struct { GByteArray *pairs; guint64 n; } Writer;

static void
put (GByteArray *bytes, guint64 value, guint n)
{
  value = GUINT64_TO_LE (value);
  g_byte_array_append (bytes, (const guint8 *) &value, n);
}

static void
put_text (GByteArray *bytes, const char *text)
{
  put (bytes, strlen (text), 8);
  g_byte_array_append (bytes, (const guint8 *) text, (guint) strlen (text));
}

static void
add_key (Writer *w, const char *key, guint32 type)
{
  g_autofree char *full = g_strconcat ("tokenizer.ggml.", key, NULL);

  put_text (w->pairs, full);
  put (w->pairs, type, 4);
  w->n++;
}

static void
add_text (Writer *w, const char *key, const char *value)
{
  add_key (w, key, TYPE_STRING);
  put_text (w->pairs, value);
}

static void
add_id (Writer *w, const char *key, guint32 value)
{
  add_key (w, key, TYPE_U32);
  put (w->pairs, value, 4);
}

static void
add_flag (Writer *w, const char *key, gboolean value)
{
  add_key (w, key, TYPE_BOOL);
  put (w->pairs, value ? 1 : 0, 1);
}

static void
add_texts (Writer *w, const char *key, const char * const *values, guint n)
{
  add_key (w, key, TYPE_ARRAY);
  put (w->pairs, TYPE_STRING, 4);
  put (w->pairs, n, 8);
  for (guint i = 0; i < n; i++)
    put_text (w->pairs, values[i]);
}

static void
add_ints (Writer *w, const char *key, const gint32 *values, guint n)
{
  add_key (w, key, TYPE_ARRAY);
  put (w->pairs, TYPE_I32, 4);
  put (w->pairs, n, 8);
  for (guint i = 0; i < n; i++)
    put (w->pairs, (guint32) values[i], 4);
}

static void
add_floats (Writer *w, const char *key, const float *values, guint n)
{
  add_key (w, key, TYPE_ARRAY);
  put (w->pairs, TYPE_F32, 4);
  put (w->pairs, n, 8);
  for (guint i = 0; i < n; i++)
    {
      guint32 bits;

      memcpy (&bits, &values[i], 4);
      put (w->pairs, bits, 4);
    }
}

static char *
path_of (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static void
write_bytes (const char *name, const guint8 *bytes, gsize n)
{
  g_autofree char *path = path_of (name);

  g_remove (path);
  g_assert_true (g_file_set_contents_full (path, (const char *) bytes, (gssize) n, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void
remove_file (const char *name)
{
  g_autofree char *path = path_of (name);

  g_remove (path);
}

/* No tensors: a vocabulary alone. Consumes what w holds. */
static GByteArray *
finish (Writer *w)
{
  GByteArray *file = g_byte_array_new ();

  g_byte_array_append (file, (const guint8 *) "GGUF", 4);
  put (file, 3, 4);
  put (file, 0, 8);
  put (file, w->n, 8);
  g_byte_array_append (file, w->pairs->data, w->pairs->len);
  g_clear_pointer (&w->pairs, g_byte_array_unref);
  return file;
}

static void
write_file (Writer *w, const char *name)
{
  g_autoptr(GByteArray) file = finish (w);

  write_bytes (name, file->data, file->len);
}

/* --- vocabularies ------------------------------------------------------------------------------ */

static const char * const merges[] = { "a b", "1 2", "Ġ ab" };
static const char * const pieces[] = { "<unk>", "<s>", "</s>", "<0x41>", "▁", "a", "b", "▁a", "ab", "▁ab" };
static const gint32 piece_types[] = { 2, 3, 3, 6, 1, 1, 1, 1, 1, 1 };
static const float scores[] = { 0, 0, 0, 0, -1, -2, -3, -5, -4, -6 };

/* Token i is byte i; 256 ab, 257 12, 258 " ab", 259 and 260 control. */
static void
add_byte_level (Writer *w, const char *pre)
{
  g_autoptr(GPtrArray) tokens = g_ptr_array_new_with_free_func (g_free);
  static const char * const more[] = { "ab", "12", "Ġab", "<begin>", "<end>" };
  gint32 types[261];

  for (int i = 0; i < 256; i++)
    {
      char text[8] = { 0 };

      g_unichar_to_utf8 (spqr_byte_level_char ((guint8) i), text);
      g_ptr_array_add (tokens, g_strdup (text));
    }
  for (guint i = 0; i < G_N_ELEMENTS (more); i++)
    g_ptr_array_add (tokens, g_strdup (more[i]));
  for (guint i = 0; i < 261; i++)
    types[i] = i >= 259 ? 3 : 1;
  w->pairs = g_byte_array_new ();
  w->n = 0;
  add_text (w, "model", "gpt2");
  if (pre != NULL)
    add_text (w, "pre", pre);
  add_texts (w, "tokens", (const char * const *) tokens->pdata, tokens->len);
  add_ints (w, "token_type", types, 261);
  add_texts (w, "merges", merges, G_N_ELEMENTS (merges));
  add_id (w, "bos_token_id", 259);
  add_id (w, "eos_token_id", 260);
}

static void
add_pieces (Writer *w)
{
  w->pairs = g_byte_array_new ();
  w->n = 0;
  add_text (w, "model", "llama");
  add_texts (w, "tokens", pieces, G_N_ELEMENTS (pieces));
  add_floats (w, "scores", scores, G_N_ELEMENTS (scores));
  add_ints (w, "token_type", piece_types, G_N_ELEMENTS (piece_types));
  add_id (w, "bos_token_id", 1);
  add_id (w, "eos_token_id", 2);
}

static SpqrTokenizer *
open_it (const char *name)
{
  g_autofree char *path = path_of (name);
  GError *error = NULL;
  SpqrTokenizer *tokenizer = spqr_tokenizer_open (path, &error);

  g_assert_no_error (error);
  return tokenizer;
}

static void
expect_ids (SpqrTokenizer *tokenizer, const char *text, const char *expected)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr(GString) joined = g_string_new (NULL);
  GError *error = NULL;

  g_assert_true (spqr_tokenizer_encode (tokenizer, text, -1, TRUE, ids, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < ids->len; i++)
    g_string_append_printf (joined, "%s%d", i > 0 ? " " : "", g_array_index (ids, gint32, i));
  g_assert_cmpstr (joined->str, ==, expected);
}

static void
test_byte_level (void)
{
  g_autoptr(SpqrTokenizer) plain = NULL, single = NULL;
  g_autofree char *text = NULL;
  Writer w;

  add_byte_level (&w, "gpt-2");
  write_file (&w, "a.gguf");
  plain = open_it ("a.gguf");
  g_assert_cmpstr (spqr_tokenizer_get_kind (plain), ==, "GGUF, byte-level BPE");
  g_assert_cmpuint (spqr_tokenizer_get_vocab_size (plain), ==, 261);
  g_assert_cmpint (spqr_tokenizer_get_bos (plain), ==, 259);
  g_assert_cmpint (spqr_tokenizer_get_eos (plain), ==, 260);
  expect_ids (plain, "ab ab12<end>", "256 258 257 260");
  text = spqr_tokenizer_decode (plain, (const gint32[]) { 259, 256, 258, 260 }, 4, TRUE);
  g_assert_cmpstr (text, ==, "ab ab");
  add_byte_level (&w, "smollm");
  write_file (&w, "a.gguf");
  single = open_it ("a.gguf");
  expect_ids (single, "ab ab12", "256 258 49 50");      /* every digit by itself */
  g_assert_cmpstr (spqr_tokenizer_get_fingerprint (plain), !=, spqr_tokenizer_get_fingerprint (single));
  remove_file ("a.gguf");
}

static void
test_pieces (void)
{
  g_autoptr(SpqrTokenizer) tokenizer = NULL, bare = NULL;
  Writer w;

  add_pieces (&w);
  write_file (&w, "a.gguf");
  tokenizer = open_it ("a.gguf");
  g_assert_cmpstr (spqr_tokenizer_get_kind (tokenizer), ==, "GGUF, SentencePiece BPE");
  expect_ids (tokenizer, "ab", "1 9");           /* ab scores above ▁a; then ▁ and ab make ▁ab */
  expect_ids (tokenizer, "aab", "1 7 8");
  expect_ids (tokenizer, "aA", "1 7 3");         /* A is there as a byte */
  expect_ids (tokenizer, "a</s>", "1 7 2");
  add_pieces (&w);
  add_flag (&w, "add_space_prefix", FALSE);
  add_flag (&w, "add_bos_token", FALSE);
  add_flag (&w, "add_eos_token", TRUE);
  write_file (&w, "a.gguf");
  bare = open_it ("a.gguf");
  expect_ids (bare, "ab", "8 2");
  remove_file ("a.gguf");
}

/* Files that do not say whether a text begins with BOS follow their kind. */
static void
test_sequence_ends (void)
{
  static const struct { const char *pre; int add_bos, add_eos; const char *ids; } cases[] = {
    { "gpt-2", -1, -1, "256" },    { "llama-bpe", -1, -1, "259 256" }, { "gpt-2", TRUE, -1, "259 256" },
    { "llama-bpe", FALSE, -1, "256" }, { "qwen2", -1, TRUE, "256 260" }, { NULL, TRUE, TRUE, "259 256 260" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(SpqrTokenizer) tokenizer = NULL;
      Writer w;

      add_byte_level (&w, cases[i].pre);
      if (cases[i].add_bos >= 0)
        add_flag (&w, "add_bos_token", cases[i].add_bos);
      if (cases[i].add_eos >= 0)
        add_flag (&w, "add_eos_token", cases[i].add_eos);
      write_file (&w, "a.gguf");
      tokenizer = open_it ("a.gguf");
      expect_ids (tokenizer, "ab", cases[i].ids);
    }
  remove_file ("a.gguf");
}

/* A folder's own tokenizer files come first; a lone GGUF file is the model's; a file given by name
 * means its own vocabulary. */
static void
test_folder (void)
{
  static const char json[] = "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 1}, \"merges\": []}}";
  g_autoptr(SpqrTokenizer) lone = NULL, beside = NULL, named = NULL, weights = NULL, silent = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *empty = path_of ("empty.gguf");
  Writer w;

  add_byte_level (&w, NULL);
  write_file (&w, "a.gguf");
  lone = spqr_tokenizer_open (folder, &error);
  g_assert_no_error (error);
  expect_ids (lone, "ab", "256");
  w = (Writer) { .pairs = g_byte_array_new () };
  write_file (&w, "empty.gguf");
  g_assert_null (spqr_tokenizer_open (folder, &error));             /* which of the two? */
  g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (spqr_tokenizer_open (empty, &error));
  g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "empty.gguf"));
  g_clear_error (&error);
  write_bytes ("tokenizer.json", (const guint8 *) json, strlen (json));
  write_bytes ("model.safetensors", (const guint8 *) "-", 1);
  beside = spqr_tokenizer_open (folder, &error);
  g_assert_no_error (error);
  expect_ids (beside, "ab", "0 1");
  named = open_it ("a.gguf");
  expect_ids (named, "ab", "256");
  silent = open_it ("empty.gguf");
  expect_ids (silent, "ab", "0 1");
  weights = open_it ("model.safetensors");
  expect_ids (weights, "ab", "0 1");
  remove_file ("model.safetensors");
  remove_file ("tokenizer.json");
  remove_file ("empty.gguf");
  remove_file ("a.gguf");
}

/* --- broken ------------------------------------------------------------------------------------ */

static void
expect_refused (Writer *w, int code, const char *words)
{
  g_autofree char *path = path_of ("a.gguf");
  g_autoptr(GError) error = NULL;

  write_file (w, "a.gguf");
  g_assert_null (spqr_tokenizer_open (path, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, SPQR_TEXT_ERROR, code);
  g_assert_nonnull (strstr (error->message, words));
  g_assert_nonnull (strstr (error->message, path));
  remove_file ("a.gguf");
}

static Writer
begin (const char *model)
{
  Writer w = { .pairs = g_byte_array_new () };

  if (model != NULL)
    add_text (&w, "model", model);
  return w;
}

static void
test_refused (void)
{
  static const char * const bad[] = { "a", "\xff" };
  static const gint32 kinds[] = { 2, 3, 77 };
  Writer w;

  w = begin ("llama");
  add_ints (&w, "tokens", piece_types, 3);
  expect_refused (&w, SPQR_TEXT_ERROR_MALFORMED, "not a list of texts");
  w = begin ("llama");
  add_texts (&w, "tokens", pieces, 3);
  add_texts (&w, "scores", pieces, 3);
  expect_refused (&w, SPQR_TEXT_ERROR_MALFORMED, "not a list of numbers");
  w = begin ("llama");
  add_texts (&w, "tokens", bad, 2);
  expect_refused (&w, SPQR_TEXT_ERROR_MALFORMED, "number 1");
  w = begin ("llama");
  add_texts (&w, "tokens", pieces, 3);
  add_floats (&w, "scores", scores, 2);
  expect_refused (&w, SPQR_TEXT_ERROR_MALFORMED, "3 tokens, but 2 scores");
  w = begin ("gpt2");
  add_texts (&w, "tokens", pieces, 3);
  add_ints (&w, "token_type", piece_types, 10);
  expect_refused (&w, SPQR_TEXT_ERROR_MALFORMED, "3 tokens, but 10 kinds");
  w = begin ("llama");
  add_texts (&w, "tokens", pieces, 3);
  expect_refused (&w, SPQR_TEXT_ERROR_MALFORMED, "without scores");
  w = begin ("llama");
  add_texts (&w, "tokens", pieces, 3);
  add_floats (&w, "scores", scores, 3);
  add_ints (&w, "token_type", kinds, 3);
  expect_refused (&w, SPQR_TEXT_ERROR_MALFORMED, "unknown kind 77");
  w = begin ("bert");
  add_texts (&w, "tokens", pieces, 3);
  expect_refused (&w, SPQR_TEXT_ERROR_UNSUPPORTED, "“bert”");
  w = begin (NULL);
  add_texts (&w, "tokens", pieces, 3);
  expect_refused (&w, SPQR_TEXT_ERROR_UNSUPPORTED, "“?”");
  w = begin ("gpt2");
  add_text (&w, "pre", "nobody-knows");
  add_texts (&w, "tokens", pieces, 3);
  expect_refused (&w, SPQR_TEXT_ERROR_UNSUPPORTED, "nobody-knows");
}

/* Ids far outside the vocabulary are as good as none. */
static void
test_wild_ids (void)
{
  g_autoptr(SpqrTokenizer) tokenizer = NULL;
  Writer w = begin ("gpt2");

  add_texts (&w, "tokens", (const char * const[]) { "a", "b" }, 2);
  add_id (&w, "bos_token_id", 4000000000u);
  add_id (&w, "eos_token_id", 2);
  add_flag (&w, "add_bos_token", TRUE);
  add_flag (&w, "add_eos_token", TRUE);
  write_file (&w, "a.gguf");
  tokenizer = open_it ("a.gguf");
  g_assert_cmpint (spqr_tokenizer_get_bos (tokenizer), ==, -1);
  g_assert_cmpint (spqr_tokenizer_get_eos (tokenizer), ==, -1);
  expect_ids (tokenizer, "ab", "0 1");
  remove_file ("a.gguf");
}

static void
test_fuzz (void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (41);
  g_autofree char *path = path_of ("a.gguf");
  guint opened = 0;
  Writer w;
  g_autoptr(GByteArray) good = NULL;

  add_pieces (&w);
  add_flag (&w, "add_bos_token", TRUE);
  good = finish (&w);
  for (guint round = 0; round < 1500; round++)
    {
      g_autofree guint8 *bytes = g_memdup2 (good->data, good->len);
      gsize n = round % 5 == 4 ? (gsize) g_rand_int_range (rand, 0, (gint32) good->len) : good->len;
      g_autoptr(SpqrTokenizer) tokenizer = NULL;
      g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
      g_autoptr(GError) error = NULL;

      for (guint i = 0; i < round % 4; i++)
        bytes[g_rand_int_range (rand, 0, (gint32) good->len)] = (guint8) g_rand_int (rand);
      write_bytes ("a.gguf", bytes, n);
      tokenizer = spqr_tokenizer_open (path, &error);
      g_assert_true ((tokenizer == NULL) == (error != NULL));
      if (tokenizer == NULL)
        continue;
      opened++;
      (void) spqr_tokenizer_encode (tokenizer, "ab  A<s>a\xff\n\nb 1", -1, TRUE, ids, NULL);
      g_free (spqr_tokenizer_decode (tokenizer, (gint32 *) (gpointer) ids->data, ids->len, FALSE));
    }
  g_assert_cmpuint (opened, >, 300);
  remove_file ("a.gguf");
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("spqr-gguf-XXXXXX", NULL);
  g_test_add_func ("/text/gguf-vocabulary/byte-level", test_byte_level);
  g_test_add_func ("/text/gguf-vocabulary/pieces", test_pieces);
  g_test_add_func ("/text/gguf-vocabulary/sequence-ends", test_sequence_ends);
  g_test_add_func ("/text/gguf-vocabulary/folder", test_folder);
  g_test_add_func ("/text/gguf-vocabulary/refused", test_refused);
  g_test_add_func ("/text/gguf-vocabulary/wild-ids", test_wild_ids);
  g_test_add_func ("/text/gguf-vocabulary/fuzz", test_fuzz);
  status = g_test_run ();
  g_rmdir (folder);
  g_free (folder);
  return status;
}
