/* tokenizer.model: small models against the sentencepiece library (make-sentencepiece-cases.py), what
 * lies beside the file, and files that are not what they seem. */
#include <glib/gstdio.h>
#include <string.h>

#include "text/spqr-tokenizer.h"

typedef struct {
  const char *name, *model;
  struct { const char *text, *ids; } examples[14];
} PieceCase;

#include "sentencepiece-cases.h"

static char *folder;

static void
write_file (const char *name, const char *bytes, gssize len)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_remove (path);   /* written without waiting for the disk, which does not shorten a file that is there */
  g_assert_true (g_file_set_contents_full (path, bytes, len, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void
remove_file (const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_remove (path);
}

static void
write_model (const char *encoded)
{
  gsize len;
  g_autofree guchar *bytes = g_base64_decode (encoded, &len);

  write_file ("tokenizer.model", (const char *) bytes, (gssize) len);
}

static char *
encode (SpqrTokenizer *tokenizer, const char *text, gboolean add_special)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  GString *out = g_string_new (NULL);
  GError *error = NULL;

  g_assert_true (spqr_tokenizer_encode (tokenizer, text, -1, add_special, ids, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < ids->len; i++)
    g_string_append_printf (out, "%s%d", i > 0 ? " " : "", g_array_index (ids, gint32, i));
  return g_string_free (out, FALSE);
}

static void
expect_ids (SpqrTokenizer *tokenizer, const char *text, gboolean add_special, const char *expected)
{
  g_autofree char *ids = encode (tokenizer, text, add_special);

  g_test_message ("text: %s", text);
  g_assert_cmpstr (ids, ==, expected);
}

static void
test_case (gconstpointer data)
{
  const PieceCase *c = data;
  g_autoptr(SpqrTokenizer) tokenizer = NULL;
  GError *error = NULL;

  write_model (c->model);
  tokenizer = spqr_tokenizer_open (folder, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (c->examples); i++)
    expect_ids (tokenizer, c->examples[i].text, FALSE, c->examples[i].ids);
}

static void
test_decode (void)
{
  g_autoptr(SpqrTokenizer) tokenizer = NULL;
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autofree char *decoded = NULL;
  g_autofree char *with_specials = NULL;
  const char *text = "  the  harbour \xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x9a\x80";
  const gint32 beyond[] = { 1, -4, 1 << 30, 2 };

  write_model (piece_cases[0].model);
  tokenizer = spqr_tokenizer_open (folder, NULL);
  g_assert_true (spqr_tokenizer_encode (tokenizer, text, -1, TRUE, ids, NULL));
  g_assert_cmpint (g_array_index (ids, gint32, 0), ==, 1);
  decoded = spqr_tokenizer_decode (tokenizer, (gint32 *) (gpointer) ids->data, ids->len, TRUE);
  g_assert_cmpstr (decoded, ==, text);
  with_specials = spqr_tokenizer_decode (tokenizer, beyond, 4, FALSE);
  g_assert_cmpstr (with_specials, ==, "<s></s>");
  g_assert_cmpstr (spqr_tokenizer_get_token (tokenizer, 2), ==, "</s>");
  g_assert_null (spqr_tokenizer_get_token (tokenizer, 1 << 30));
  g_assert_cmpint (spqr_tokenizer_get_bos (tokenizer), ==, 1);
  g_assert_cmpint (spqr_tokenizer_get_eos (tokenizer), ==, 2);
  g_assert_cmpuint (strlen (spqr_tokenizer_get_fingerprint (tokenizer)), ==, 64);
  g_assert_nonnull (strstr (spqr_tokenizer_get_kind (tokenizer), "SentencePiece"));
}

/* The unknown and control tokens in a text are themselves, as Hugging Face has it. */
static void
test_companions (void)
{
  g_autoptr(SpqrTokenizer) plain = NULL;
  g_autoptr(SpqrTokenizer) told = NULL;
  g_autofree char *last = NULL;
  g_autofree char *extra = NULL;
  g_autofree char *expected = NULL;
  GError *error = NULL;
  guint size;

  write_model (piece_cases[0].model);
  plain = spqr_tokenizer_open (folder, &error);
  g_assert_no_error (error);
  size = spqr_tokenizer_get_vocab_size (plain);
  expect_ids (plain, "", TRUE, "1");
  expect_ids (plain, "<s></s><unk>", TRUE, "1 1 2 0");
  extra = g_strdup_printf ("{\"<pad>\": %u, \"<end>\": %u}", size, size + 1);
  write_file ("added_tokens.json", extra, -1);
  write_file ("special_tokens_map.json", "{\"eos_token\": \"<end>\", \"pad_token\": {\"content\": \"<pad>\"}}", -1);
  write_file ("tokenizer_config.json", "{\"add_bos_token\": false, \"add_eos_token\": true}", -1);
  told = spqr_tokenizer_open (folder, &error);
  g_assert_no_error (error);
  g_assert_cmpint (spqr_tokenizer_get_eos (told), ==, (int) size + 1);
  g_assert_cmpuint (spqr_tokenizer_get_vocab_size (told), ==, size + 2);
  expected = g_strdup_printf ("%u %u", size, size + 1);
  expect_ids (told, "<pad>", TRUE, expected);
  g_assert_cmpstr (spqr_tokenizer_get_fingerprint (told), !=, spqr_tokenizer_get_fingerprint (plain));
  write_file ("tokenizer_config.json", "{\"added_tokens_decoder\": {\"x\": {\"content\": \"<pad>\"}}}", -1);
  g_assert_null (spqr_tokenizer_open (folder, &error));
  g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED);
  g_clear_error (&error);
  write_file ("tokenizer_config.json", "{\"added_tokens_decoder\": {\"5\": {\"content\": \"<pad>\"}}}", -1);
  g_assert_null (spqr_tokenizer_open (folder, &error));
  g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED);
  g_clear_error (&error);
  remove_file ("added_tokens.json");
  remove_file ("special_tokens_map.json");
  remove_file ("tokenizer_config.json");
}

static void
expect_refused (const char *bytes, gsize len, int code, const char *says)
{
  g_autoptr(GError) error = NULL;

  write_file ("tokenizer.model", bytes, (gssize) len);
  g_assert_null (spqr_tokenizer_open (folder, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, SPQR_TEXT_ERROR, code);
  g_assert_nonnull (strstr (error->message, says));
}

static void
test_refused (void)
{
  gsize len;
  g_autofree char *unigram = (char *) g_base64_decode (unigram_model, &len);
  static const char no_type[] = "\n\7\n\1a\30\11\20\0\22\2\30\2";

  expect_refused (unigram, len, SPQR_TEXT_ERROR_UNSUPPORTED, "unigram");
  expect_refused ("", 0, SPQR_TEXT_ERROR_MALFORMED, "not a SentencePiece model");
  expect_refused ("version https://git-lfs.github.com", 34, SPQR_TEXT_ERROR_MALFORMED, "cut off");
  /* A piece longer than the file, a varint without end, a group, field number 0. */
  expect_refused ("\n\x7f""abc", 5, SPQR_TEXT_ERROR_MALFORMED, "cut off");
  expect_refused ("\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12, SPQR_TEXT_ERROR_MALFORMED, "cut off");
  expect_refused ("\x0b\x0c", 2, SPQR_TEXT_ERROR_MALFORMED, "cut off");
  expect_refused ("\x02\x00", 2, SPQR_TEXT_ERROR_MALFORMED, "cut off");
  /* Not UTF-8; a kind nobody knows; a broken character map. */
  expect_refused ("\n\5\n\1\xff\30\1\22\2\30\2", 11, SPQR_TEXT_ERROR_MALFORMED, "not UTF-8");
  expect_refused (no_type, sizeof no_type - 1, SPQR_TEXT_ERROR_MALFORMED, "kind 9");
  expect_refused ("\n\3\n\1a\22\2\30\2\32\7\22\5\4\0\0\0x", 18, SPQR_TEXT_ERROR_MALFORMED, "character map");
}

/* Every cut, and bytes changed at random: a tokenizer or an error. */
static void
test_fuzz (void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (5);
  gsize len;
  g_autofree char *good = (char *) g_base64_decode (piece_cases[1].model, &len);
  g_autofree char *path = g_build_filename (folder, "tokenizer.model", NULL);

  for (guint round = 0; round < 500; round++)
    {
      g_autofree char *bytes = g_memdup2 (good, len);
      gsize n = round % 3 == 0 ? (gsize) g_rand_int_range (rand, 0, (gint32) len) : len;
      g_autoptr(SpqrTokenizer) tokenizer = NULL;
      g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));

      for (guint i = 0; i < round % 5; i++)
        bytes[g_rand_int_range (rand, 0, (gint32) len)] = (char) g_rand_int (rand);
      write_file ("tokenizer.model", bytes, (gssize) n);
      tokenizer = spqr_tokenizer_open (path, NULL);
      if (tokenizer != NULL)
        (void) spqr_tokenizer_encode (tokenizer, "the \xef\xac\x81 A <sep> e\xcc\x81 \xff boats", -1, TRUE, ids, NULL);
    }
}

/* The published pair of files, and the little stories model's own answer. */
static void
test_shared (void)
{
  const char *shared = g_getenv ("SPQR_SHARED");
  g_autofree char *dir = g_build_filename (shared != NULL ? shared : "/nonexistent", "data", NULL);
  g_autofree char *json = g_build_filename (dir, "tokenizers", "llama2", "tokenizer.json", NULL);
  g_autofree char *model = g_build_filename (dir, "tokenizers", "llama2", "tokenizer.model", NULL);
  g_autofree char *wiki = g_build_filename (dir, "text", "wiki.test.raw", NULL);
  g_autoptr(SpqrTokenizer) a = NULL;
  g_autoptr(SpqrTokenizer) b = NULL;
  g_autoptr(GArray) from_a = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr(GArray) from_b = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autofree char *text = NULL;
  g_autofree char *back = NULL;
  gsize len;
  gint64 start;

  if (!g_file_get_contents (wiki, &text, &len, NULL))
    {
      g_test_skip ("the shared data folder is not there");
      return;
    }
  a = spqr_tokenizer_open (json, NULL);
  b = spqr_tokenizer_open (model, NULL);
  g_assert_true (spqr_tokenizer_encode (a, text, (gssize) len, TRUE, from_a, NULL));
  start = g_get_monotonic_time ();
  g_assert_true (spqr_tokenizer_encode (b, text, (gssize) len, TRUE, from_b, NULL));
  g_test_message ("%.3f s for %u ids", (double) (g_get_monotonic_time () - start) / 1e6, from_b->len);
  g_assert_cmpmem (from_a->data, from_a->len * 4, from_b->data, from_b->len * 4);
  g_assert_cmpuint (from_a->len, ==, 335688);
  back = spqr_tokenizer_decode (b, (gint32 *) (gpointer) from_b->data, from_b->len, TRUE);
  g_assert_cmpmem (back, strlen (back), text, len);
}

static void
test_stories (void)
{
  const char *shared = g_getenv ("SPQR_SHARED");
  g_autofree char *path = g_build_filename (shared ? shared : "/nonexistent", "models/stories260K", NULL);
  g_autoptr(SpqrTokenizer) tokenizer = spqr_tokenizer_open (path, NULL);

  if (tokenizer == NULL)
    {
      g_test_skip ("the shared model is not there");
      return;
    }
  expect_ids (tokenizer, "Once upon a time, there was a little girl named Lily.", TRUE,
              "1 403 407 261 378 432 383 286 261 376 298 315 421 395 317 426");
}

int
main (int argc, char **argv)
{
  g_autofree char *model = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("spqr-pieces-XXXXXX", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (piece_cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/text/sentencepiece/%s", piece_cases[i].name);
      g_test_add_data_func (path, &piece_cases[i], test_case);
    }
  g_test_add_func ("/text/sentencepiece/decode", test_decode);
  g_test_add_func ("/text/sentencepiece/companions", test_companions);
  g_test_add_func ("/text/sentencepiece/refused", test_refused);
  g_test_add_func ("/text/sentencepiece/fuzz", test_fuzz);
  g_test_add_func ("/text/sentencepiece/shared", test_shared);
  g_test_add_func ("/text/sentencepiece/stories", test_stories);
  status = g_test_run ();
  model = g_build_filename (folder, "tokenizer.model", NULL);
  g_remove (model);
  g_rmdir (folder);
  g_free (folder);
  return status;
}
