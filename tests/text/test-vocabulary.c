/* vocab.json with merges.txt, vocabularies from GGUF files (llama.cpp's conformance vectors when the
 * shared data is there), and tokenizer files that are broken on purpose or by chance. */
#include <glib/gstdio.h>
#include <string.h>

#include "text/spqr-byte-level.h"
#include "text/spqr-tokenizer.h"

static char *folder;

static void
write_file (const char *name, const char *text, gssize len)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_remove (path);   /* written without waiting for the disk, which does not shorten a file that is there */
  g_assert_true (g_file_set_contents_full (path, text, len, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void
remove_file (const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_remove (path);
}

static char *
join_ids (GArray *ids)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < ids->len; i++)
    g_string_append_printf (out, "%s%d", i > 0 ? " " : "", g_array_index (ids, gint32, i));
  return g_string_free (out, FALSE);
}

static void
expect_ids (SpqrTokenizer *tokenizer, const char *text, gssize len, gboolean add_special, const char *expected)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autofree char *joined = NULL;
  GError *error = NULL;

  g_assert_true (spqr_tokenizer_encode (tokenizer, text, len, add_special, ids, &error));
  g_assert_no_error (error);
  joined = join_ids (ids);
  g_assert_cmpstr (joined, ==, expected);
}

/* --- a byte-level vocabulary: token i is byte i, then words ------------------------------------ */

static const char * const words[] = { "12", "123", "1234", "Ġa", "ab", "Ġab", "!!", "ĠĠ", NULL };   /* from 256 on */
static const char * const merges[] = { "1 2", "12 3", "123 4", "Ġ a", "a b", "Ġa b", "! !", "Ġ Ġ", NULL };

static GPtrArray *
make_tokens (void)
{
  GPtrArray *tokens = g_ptr_array_new_with_free_func (g_free);

  for (int i = 0; i < 256; i++)
    {
      g_autoptr(GString) token = g_string_new (NULL);
      g_string_append_unichar (token, spqr_byte_level_char ((guint8) i));
      g_ptr_array_add (tokens, g_strdup (token->str));
    }
  for (guint i = 0; words[i] != NULL; i++)
    g_ptr_array_add (tokens, g_strdup (words[i]));
  g_ptr_array_add (tokens, g_strdup ("<end>"));   /* 264 */
  return tokens;
}

static void
test_bytes (void)
{
  gboolean seen[0x200] = { FALSE };

  for (int i = 0; i < 256; i++)
    {
      gunichar c = spqr_byte_level_char ((guint8) i);

      g_assert_cmpuint (c, <, 0x144);
      g_assert_false (seen[c]);
      seen[c] = TRUE;
      g_assert_cmpint (spqr_byte_level_byte (c), ==, i);
    }
  g_assert_cmpuint (spqr_byte_level_char (' '), ==, 0x120);
  g_assert_cmpuint (spqr_byte_level_char ('\n'), ==, 0x10a);
  g_assert_cmpint (spqr_byte_level_byte (' '), ==, -1);
  g_assert_cmpint (spqr_byte_level_byte (0x4e2d), ==, -1);
}

static SpqrTokenizer *
open_kind (const char *model, const char *pre, GError **error)
{
  g_autoptr(GPtrArray) tokens = make_tokens ();
  g_autofree gint32 *types = g_new (gint32, tokens->len);
  SpqrVocabulary vocabulary = {
    .model = model, .pre = pre, .tokens = (const char * const *) tokens->pdata, .types = types,
    .n_tokens = tokens->len, .merges = merges, .n_merges = G_N_ELEMENTS (merges) - 1,
    .bos = -1, .eos = 264, .unk = -1, .add_bos = -1, .add_eos = 1, .add_space_prefix = -1,
  };

  for (guint i = 0; i < tokens->len; i++)
    types[i] = i == 264 ? 3 : 1;
  return spqr_tokenizer_new_from_vocabulary (&vocabulary, "test", error);
}

static void
test_kinds (void)
{
  /* The text is "1234!! ab\n\n  \nab"; the kinds differ in how they split digits. */
  static const struct { const char *pre, *ids; } kinds[] = {
    { "gpt-2", "258 262 261 10 10 263 10 260" },
    { "llama-bpe", "257 52 262 261 10 10 263 10 260" },
    { "qwen2", "49 50 51 52 262 261 10 10 263 10 260" },
    { "starcoder", "49 50 51 52 262 261 10 10 263 10 260" },
    { "falcon", "257 52 262 261 10 10 263 10 260" },
    { "deepseek-llm", "49 50 51 52 262 261 10 10 263 10 260" },
    { "deepseek-coder", "49 50 51 52 262 261 10 10 263 10 260" },
  };
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr(SpqrTokenizer) tokenizer = open_kind ("gpt2", kinds[i].pre, &error);
      g_autofree char *text = NULL;

      g_assert_no_error (error);
      g_test_message ("%s", kinds[i].pre);
      expect_ids (tokenizer, "1234!! ab\n\n  \nab", -1, FALSE, kinds[i].ids);
      expect_ids (tokenizer, "<end>", -1, TRUE, "264 264");
      text = spqr_tokenizer_decode (tokenizer, (const gint32[]) { 257, 52, 264, 261 }, 4, TRUE);
      g_assert_cmpstr (text, ==, "1234 ab");
    }
  g_assert_null (open_kind ("gpt2", "nobody-knows", &error));
  g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "nobody-knows"));
  g_clear_error (&error);
  g_assert_null (open_kind ("bert", NULL, &error));
  g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  g_assert_null (open_kind ("llama", NULL, &error));   /* no scores */
  g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED);
}

static void
write_vocab (void)
{
  g_autoptr(GPtrArray) tokens = make_tokens ();
  g_autoptr(GString) vocab = g_string_new ("{");
  g_autofree char *lines = g_strjoinv ("\n", (char **) merges);
  g_autofree char *all = g_strconcat ("#version: 0.2\n", lines, "\n\n", NULL);

  for (guint i = 0; i < tokens->len; i++)
    {
      const char *token = tokens->pdata[i];
      g_string_append_printf (vocab, "%s\"%s%s\": %u", i > 0 ? ", " : "", strchr ("\"\\", *token) ? "\\" : "", token, i);
    }
  g_string_append_c (vocab, '}');
  write_file ("vocab.json", vocab->str, -1);
  write_file ("merges.txt", all, -1);
}

static void
test_vocab_and_merges (void)
{
  g_autoptr(SpqrTokenizer) plain = NULL;
  g_autoptr(SpqrTokenizer) told = NULL;
  g_autofree char *merges_path = g_build_filename (folder, "merges.txt", NULL);
  GError *error = NULL;

  write_vocab ();
  plain = spqr_tokenizer_open (folder, &error);
  g_assert_no_error (error);
  expect_ids (plain, "1234 ab\"\\", -1, TRUE, "258 261 34 92");
  expect_ids (plain, "<end>", -1, TRUE, "60 101 110 100 62");
  g_assert_cmpint (spqr_tokenizer_get_bos (plain), ==, -1);
  /* As OPT's: the end of text goes in front, once. */
  write_file ("tokenizer_config.json",
              "{\"bos_token\": {\"content\": \"<end>\", \"__type\": \"AddedToken\"}, \"add_bos_token\": true,"
              " \"add_prefix_space\": true, \"eos_token\": \"<end>\"}", -1);
  told = spqr_tokenizer_open (merges_path, &error);
  g_assert_no_error (error);
  expect_ids (told, "ab<end>ab", -1, TRUE, "264 261 264 261");
  g_assert_cmpint (spqr_tokenizer_get_eos (told), ==, 264);
  remove_file ("tokenizer_config.json");
}

/* Bytes that are no UTF-8 become U+FFFD, NUL is a character, the empty text is nothing. */
static void
test_odd_text (void)
{
  g_autoptr(SpqrTokenizer) tokenizer = NULL;

  write_vocab ();
  tokenizer = spqr_tokenizer_open (folder, NULL);
  expect_ids (tokenizer, "", 0, TRUE, "");
  expect_ids (tokenizer, "a\0b", 3, TRUE, "97 0 98");
  expect_ids (tokenizer, "\xe4\xb8", 2, TRUE, "239 191 189");
  expect_ids (tokenizer, "\xff\xfe", 2, TRUE, "239 191 189 239 191 189");
  expect_ids (tokenizer, "\xed\xa0\x80", 3, TRUE, "239 191 189 239 191 189 239 191 189");
}

/* A text nothing splits: merging must not take quadratic time; 8 M bytes of it are refused. */
static void
test_long (void)
{
  static const char model[] =
    "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"aa\": 1, \"aaaa\": 2, \"b\": 3}, \"merges\": [\"a a\","
    " \"aa aa\"]}}";
  gsize n = 1 << 20;
  g_autofree char *text = g_malloc (16 * n);
  g_autoptr(SpqrTokenizer) tokenizer = NULL;
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  GError *error = NULL;

  write_file ("tokenizer.json", model, -1);
  tokenizer = spqr_tokenizer_open (folder, &error);
  g_assert_no_error (error);
  memset (text, 'a', 16 * n);
  g_assert_true (spqr_tokenizer_encode (tokenizer, text, (gssize) n, FALSE, ids, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (ids->len, ==, n / 4);
  g_assert_cmpint (g_array_index (ids, gint32, n / 4 - 1), ==, 2);
  g_assert_false (spqr_tokenizer_encode (tokenizer, text, (gssize) (16 * n), FALSE, ids, &error));
  g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  g_assert_cmpuint (ids->len, ==, n / 4);
  /* The same length with places to cut is no matter. */
  for (gsize i = 0; i < 16 * n; i += 7)
    text[i] = 'b';
  g_array_set_size (ids, 0);
  g_assert_true (spqr_tokenizer_encode (tokenizer, text, (gssize) (16 * n), FALSE, ids, &error));
  g_assert_cmpuint (ids->len, >, 16 * n / 3);
  remove_file ("tokenizer.json");
}

/* --- refused ---------------------------------------------------------------------------------- */

static void
test_refused (void)
{
  static const struct { const char *file; int code; const char *says; } cases[] = {
    { "", SPQR_TEXT_ERROR_MALFORMED, "tokenizer.json" },
    { "[]", SPQR_TEXT_ERROR_MALFORMED, "not an object" },
    { "{}", SPQR_TEXT_ERROR_MALFORMED, "no model" },
    { "{\"model\": {\"type\": \"Unigram\", \"vocab\": []}}", SPQR_TEXT_ERROR_UNSUPPORTED, "Unigram" },
    { "{\"model\": {\"type\": \"WordPiece\", \"vocab\": {}}}", SPQR_TEXT_ERROR_UNSUPPORTED, "WordPiece" },
    { "{\"model\": {\"type\": \"BPE\"}}", SPQR_TEXT_ERROR_MALFORMED, "no vocab" },
    { "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [], \"dropout\": 0.1}}",
      SPQR_TEXT_ERROR_UNSUPPORTED, "dropout" },
    { "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": \"x\"}, \"merges\": []}}", SPQR_TEXT_ERROR_MALFORMED,
      "no integer id" },
    { "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": -1}, \"merges\": []}}", SPQR_TEXT_ERROR_MALFORMED, "-1" },
    { "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 4000000000}, \"merges\": []}}", SPQR_TEXT_ERROR_MALFORMED,
      "4000000000" },
    { "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 0}, \"merges\": []}}", SPQR_TEXT_ERROR_MALFORMED,
      "stands for both" },
    { "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"a b\"]}}", SPQR_TEXT_ERROR_MALFORMED,
      "merge 0 uses “b”" },
    { "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"a a\"]}}", SPQR_TEXT_ERROR_MALFORMED,
      "“aa”" },
    { "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"a\"]}}", SPQR_TEXT_ERROR_MALFORMED,
      "not two tokens" },
    { "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [[\"a\", 1]]}}", SPQR_TEXT_ERROR_MALFORMED,
      "not two tokens" },
    { "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [[\"\", \"a\"]]}}",
      SPQR_TEXT_ERROR_MALFORMED, "merge 0" },
#define PLAIN "\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": []}"
    { "{" PLAIN ", \"normalizer\": {\"type\": \"Magic\"}}", SPQR_TEXT_ERROR_UNSUPPORTED, "“Magic”" },
    { "{" PLAIN ", \"pre_tokenizer\": {\"type\": \"Magic\"}}", SPQR_TEXT_ERROR_UNSUPPORTED, "“Magic”" },
    { "{" PLAIN ", \"decoder\": {\"type\": \"Magic\"}}", SPQR_TEXT_ERROR_UNSUPPORTED, "“Magic”" },
    { "{" PLAIN ", \"post_processor\": {\"type\": \"Magic\"}}", SPQR_TEXT_ERROR_UNSUPPORTED, "“Magic”" },
    { "{" PLAIN ", \"normalizer\": 7}", SPQR_TEXT_ERROR_UNSUPPORTED, "without a type" },
    { "{" PLAIN ", \"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"(\"}}}",
      SPQR_TEXT_ERROR_MALFORMED, "regular expression" },
    { "{" PLAIN ", \"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"[a&&[b]]\"}}}",
      SPQR_TEXT_ERROR_UNSUPPORTED, "character classes" },
    { "{" PLAIN ", \"pre_tokenizer\": {\"type\": \"Split\"}}", SPQR_TEXT_ERROR_MALFORMED, "no pattern" },
    { "{" PLAIN ", \"pre_tokenizer\": {\"type\": \"Punctuation\", \"behavior\": \"Odd\"}}",
      SPQR_TEXT_ERROR_UNSUPPORTED, "“Odd”" },
    { "{" PLAIN ", \"pre_tokenizer\": {\"type\": \"Metaspace\", \"prepend_scheme\": \"odd\"}}",
      SPQR_TEXT_ERROR_UNSUPPORTED, "“odd”" },
    { "{" PLAIN ", \"normalizer\": {\"type\": \"Precompiled\", \"precompiled_charsmap\": \"AAAA\"}}",
      SPQR_TEXT_ERROR_MALFORMED, "character map" },
    { "{" PLAIN ", \"normalizer\": {\"type\": \"Prepend\"}}", SPQR_TEXT_ERROR_MALFORMED, "Prepend" },
    { "{" PLAIN ", \"added_tokens\": [{\"id\": 1}]}", SPQR_TEXT_ERROR_MALFORMED, "added token" },
    { "{" PLAIN ", \"added_tokens\": [{\"id\": -1, \"content\": \"x\"}]}", SPQR_TEXT_ERROR_MALFORMED, "added token" },
    { "{" PLAIN ", \"added_tokens\": [{\"id\": 0, \"content\": \"x\"}]}", SPQR_TEXT_ERROR_MALFORMED, "both" },
    { "{" PLAIN ", \"added_tokens\": [3]}", SPQR_TEXT_ERROR_MALFORMED, "no object" },
    { "{" PLAIN ", \"post_processor\": {\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\":"
      " {\"id\": \"x\"}}], \"special_tokens\": {\"x\": {\"ids\": [5]}}}}", SPQR_TEXT_ERROR_OUT_OF_VOCABULARY, "5" },
    { "{" PLAIN ", \"post_processor\": {\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\":"
      " {\"id\": \"x\"}}]}}", SPQR_TEXT_ERROR_MALFORMED, "does not define" },
    { "{" PLAIN ", \"post_processor\": {\"type\": \"BertProcessing\", \"cls\": [\"a\"]}}", SPQR_TEXT_ERROR_MALFORMED,
      "cls or sep" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      write_file ("tokenizer.json", cases[i].file, -1);
      g_assert_null (spqr_tokenizer_open (folder, &error));
      g_test_message ("%s", error->message);
      g_assert_error (error, SPQR_TEXT_ERROR, cases[i].code);
      g_assert_nonnull (strstr (error->message, cases[i].says));
    }
  remove_file ("tokenizer.json");
}

static void
test_missing (void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *empty = g_build_filename (folder, "empty", NULL);
  g_autofree char *other = g_build_filename (folder, "words.txt", NULL);

  g_assert_null (spqr_tokenizer_open ("/nonexistent/there", &error));
  g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_cmpint (g_mkdir (empty, 0700), ==, 0);
  g_assert_null (spqr_tokenizer_open (empty, &error));
  g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "tokenizer.model"));
  g_clear_error (&error);
  write_file ("words.txt", "x", -1);
  g_assert_null (spqr_tokenizer_open (other, &error));
  g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  remove_file ("words.txt");
  g_rmdir (empty);
}

/* What the vocabulary lacks altogether: dropped, or an error when the file promises an unknown token. */
static void
test_unknown_token (void)
{
  g_autoptr(SpqrTokenizer) silent = NULL;
  g_autoptr(SpqrTokenizer) promised = NULL;
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  GError *error = NULL;

  write_file ("tokenizer.json", "{" PLAIN "}", -1);
  silent = spqr_tokenizer_open (folder, &error);
  g_assert_no_error (error);
  expect_ids (silent, "azza", -1, TRUE, "0 0");
  write_file ("tokenizer.json", "{\"model\": {\"type\": \"BPE\", \"unk_token\": \"?\", \"vocab\": {\"a\": 0}, "
              "\"merges\": []}}", -1);
  promised = spqr_tokenizer_open (folder, &error);
  g_assert_no_error (error);
  expect_ids (promised, "aa", -1, TRUE, "0 0");
  g_assert_false (spqr_tokenizer_encode (promised, "az", -1, TRUE, ids, &error));
  g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_OUT_OF_VOCABULARY);
  g_assert_cmpuint (ids->len, ==, 0);
  g_clear_error (&error);
  remove_file ("tokenizer.json");
}

/* Merges that stand twice or that undo each other must end. */
static void
test_cycles (void)
{
  g_autoptr(SpqrTokenizer) tokenizer = NULL;
  GError *error = NULL;

  write_file ("tokenizer.json", "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"aa\": 1, \"aaa\": 2}, "
              "\"merges\": [\"aa a\", \"a aa\", \"a a\", \"aa a\", \"a a\"]}}", -1);
  tokenizer = spqr_tokenizer_open (folder, &error);
  g_assert_no_error (error);
  expect_ids (tokenizer, "aaaa", -1, TRUE, "2 0");
  expect_ids (tokenizer, "aaa", -1, TRUE, "2");
  expect_ids (tokenizer, "aaaaaaaa", -1, TRUE, "2 2 1");
  remove_file ("tokenizer.json");
}

static void
test_fuzz (void)
{
  static const char good[] =
    "{\"added_tokens\": [{\"id\": 5, \"content\": \"<s>\", \"special\": true, \"normalized\": true}], \"normalizer\": "
    "{\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"NFC\"}, {\"type\": \"Replace\", \"pattern\": {\"Regex\": "
    "\"\\\\s+\"}, \"content\": \" \"}]}, \"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": "
    "\"Split\", \"pattern\": {\"Regex\": \"[^a]+|\\\\p{L}(?=b)\"}, \"behavior\": \"MergedWithNext\"}, {\"type\": "
    "\"ByteLevel\", \"add_prefix_space\": true}]}, \"post_processor\": {\"type\": \"TemplateProcessing\", \"single\": "
    "[{\"SpecialToken\": {\"id\": \"<s>\"}}, {\"Sequence\": {\"id\": \"A\"}}], \"special_tokens\": {\"<s>\": {\"ids\": "
    "[5]}}}, \"decoder\": {\"type\": \"ByteLevel\"}, \"model\": {\"type\": \"BPE\", \"unk_token\": \"b\", \"vocab\": "
    "{\"a\": 0, \"b\": 1, \"ab\": 2, \"\\u0120\": 3, \"\\u0120a\": 4}, \"merges\": [\"a b\", [\"\\u0120\", \"a\"]]}}";
  g_autoptr(GRand) rand = g_rand_new_with_seed (23);
  g_autofree char *path = g_build_filename (folder, "tokenizer.json", NULL);
  guint opened = 0;

  for (guint round = 0; round < 1200; round++)
    {
      g_autofree char *text = g_strdup (good);
      gsize n = round % 4 == 3 ? (gsize) g_rand_int_range (rand, 0, sizeof good - 1) : sizeof good - 1;
      g_autoptr(SpqrTokenizer) tokenizer = NULL;
      g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));

      for (guint i = 0; i < round % 4; i++)
        text[g_rand_int_range (rand, 0, sizeof good - 1)] = (char) g_rand_int_range (rand, 0, i % 2 ? 256 : 128);
      write_file ("tokenizer.json", text, (gssize) n);
      tokenizer = spqr_tokenizer_open (path, NULL);
      if (tokenizer == NULL)
        continue;
      opened++;
      (void) spqr_tokenizer_encode (tokenizer, "ab  a\xcc\x81 <s>a\xff\n\nb 1", -1, TRUE, ids, NULL);
      g_free (spqr_tokenizer_decode (tokenizer, (gint32 *) (gpointer) ids->data, ids->len, FALSE));
    }
  g_assert_cmpuint (opened, >, 50);
  remove_file ("tokenizer.json");
}

/* --- llama.cpp's vectors ----------------------------------------------------------------------- */

static void
test_conformance (gconstpointer name)
{
  const char *shared = g_getenv ("SPQR_SHARED");
  g_autofree char *path = g_strdup_printf ("%s/data/tokenizers/conformance/ggml-vocab-%s.gguf",
                                           shared != NULL ? shared : "/nonexistent", (const char *) name);
  g_autofree char *in_path = g_strconcat (path, ".inp", NULL);
  g_autofree char *out_path = g_strconcat (path, ".out", NULL);
  g_autofree char *in = NULL;
  g_autofree char *out = NULL;
  g_autoptr(SpqrTokenizer) tokenizer = NULL;
  g_auto(GStrv) texts = NULL;
  g_auto(GStrv) expected = NULL;
  GError *error = NULL;

  if (!g_file_get_contents (in_path, &in, NULL, NULL) || !g_file_get_contents (out_path, &out, NULL, NULL))
    {
      g_test_skip ("the shared data folder is not there");
      return;
    }
  tokenizer = spqr_tokenizer_open (path, &error);
  g_assert_no_error (error);
  texts = g_strsplit (in, "\n__ggml_vocab_test__\n", -1);
  expected = g_strsplit (out, "\n", -1);
  g_assert_cmpuint (g_strv_length (texts), >=, 46);
  for (guint i = 0; i < 46; i++)
    {
      g_test_message ("line %u", i + 1);
      expect_ids (tokenizer, texts[i], -1, FALSE, g_strstrip (expected[i]));
    }
}

int
main (int argc, char **argv)
{
  static const char * const vocabularies[] = { "llama-spm", "gpt-2", "falcon", "starcoder", "deepseek-llm" };
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("spqr-vocab-XXXXXX", NULL);
  g_test_add_func ("/text/vocabulary/bytes", test_bytes);
  g_test_add_func ("/text/vocabulary/kinds", test_kinds);
  g_test_add_func ("/text/vocabulary/refused", test_refused);
  g_test_add_func ("/text/vocabulary/missing", test_missing);
  g_test_add_func ("/text/vocabulary/unknown-token", test_unknown_token);
  g_test_add_func ("/text/vocabulary/cycles", test_cycles);
  g_test_add_func ("/text/vocabulary/fuzz", test_fuzz);
  g_test_add_func ("/text/vocabulary/long", test_long);
  g_test_add_func ("/text/vocabulary/vocab-and-merges", test_vocab_and_merges);
  g_test_add_func ("/text/vocabulary/odd-text", test_odd_text);
  for (guint i = 0; i < G_N_ELEMENTS (vocabularies); i++)
    {
      g_autofree char *path = g_strdup_printf ("/text/vocabulary/conformance/%s", vocabularies[i]);
      g_test_add_data_func (path, vocabularies[i], test_conformance);
    }
  status = g_test_run ();
  remove_file ("vocab.json");
  remove_file ("merges.txt");
  g_rmdir (folder);
  g_free (folder);
  return status;
}
