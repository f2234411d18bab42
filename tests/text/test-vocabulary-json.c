/* GGUF vocabularies as Hugging Face files: written, opened again, they give the same ids. That transformers itself gives
 * them too was seen on these vocabularies; here our own reader of tokenizer.json, which is checked elsewhere, stands for it. */
#include <glib/gstdio.h>
#include <string.h>

#include "text/spqr-vocabulary-json.h"

static char *folder;

static void
check_same_ids (SpqrTokenizer *one, SpqrTokenizer *other, const char *text, gsize len)
{
  g_autoptr (GArray) a = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GArray) b = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autofree char *said = NULL;
  g_autofree char *again = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (spqr_tokenizer_encode (one, text, (gssize) len, TRUE, a, &error));
  g_assert_no_error (error);
  g_assert_true (spqr_tokenizer_encode (other, text, (gssize) len, TRUE, b, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (a->data, a->len * sizeof (gint32), b->data, b->len * sizeof (gint32));
  said = spqr_tokenizer_decode (one, (const gint32 *) (gpointer) a->data, a->len, TRUE);
  again = spqr_tokenizer_decode (other, (const gint32 *) (gpointer) b->data, b->len, TRUE);
  g_assert_cmpstr (said, ==, again);
}

static void
check_files (GPtrArray *files)
{
  const char *names[] = { "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json" };

  g_assert_cmpuint (files->len, ==, G_N_ELEMENTS (names));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpstr (files->pdata[i], ==, names[i]);
}

static void
test_conformance (gconstpointer data)
{
  const char *shared = g_getenv ("SPQR_SHARED");
  g_autofree char *name = g_strdup_printf ("ggml-vocab-%s.gguf", (const char *) data);
  g_autofree char *path = g_build_filename (shared != NULL ? shared : "../shared", "data", "tokenizers", "conformance", name, NULL);
  g_autofree char *inputs = g_strconcat (path, ".inp", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (SpqrTokenizer) source = NULL;
  g_autoptr (SpqrTokenizer) written = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (inputs, &text, NULL, NULL))
    {
      g_test_skip ("SPQR_SHARED has no such vocabulary");
      return;
    }
  g_assert_true (spqr_tokenizer_write_gguf (path, folder, files, &error));
  g_assert_no_error (error);
  check_files (files);
  source = spqr_tokenizer_open (path, &error);
  g_assert_no_error (error);
  written = spqr_tokenizer_open (folder, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (spqr_tokenizer_get_vocab_size (source), ==, spqr_tokenizer_get_vocab_size (written));
  g_assert_cmpint (spqr_tokenizer_get_bos (source), ==, spqr_tokenizer_get_bos (written));
  g_assert_cmpint (spqr_tokenizer_get_eos (source), ==, spqr_tokenizer_get_eos (written));
  lines = g_strsplit (text, "\n__ggml_vocab_test__\n", -1);
  g_assert_cmpuint (g_strv_length (lines), >, 40);
  for (guint i = 0; lines[i] != NULL; i++)
    check_same_ids (source, written, lines[i], strlen (lines[i]));
  check_same_ids (source, written, text, strlen (text));
}

/* ---- a small one of each kind ---- */

static SpqrTokenizer *
write_and_open (const SpqrVocabulary *vocabulary, const char *chat_template)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  SpqrTokenizer *written;

  g_assert_true (spqr_vocabulary_write (vocabulary, chat_template, "here", folder, files, &error));
  g_assert_no_error (error);
  check_files (files);
  /* Names that are there already are not told twice. */
  g_assert_true (spqr_vocabulary_write (vocabulary, chat_template, "here", folder, files, &error));
  check_files (files);
  written = spqr_tokenizer_open (folder, &error);
  g_assert_no_error (error);
  return written;
}

static void
check_ids (SpqrTokenizer *tokenizer, const char *text, const gint32 *ids, gsize n)
{
  g_autoptr (GArray) got = g_array_new (FALSE, FALSE, sizeof (gint32));

  g_assert_true (spqr_tokenizer_encode (tokenizer, text, -1, TRUE, got, NULL));
  g_assert_cmpmem (got->data, got->len * sizeof (gint32), ids, n * sizeof (gint32));
}

static void
test_pieces (void)
{
  static const char *const tokens[] = { "<unk>", "<s>", "</s>", "<0x0A>", "▁", "a", "b", "ab", "▁ab", "▁a", "<tool>" };
  static const float scores[] = { 0, 0, 0, 0, -9, -10, -11, -2, -1, -3, 0 };
  static const gint32 types[] = { 2, 3, 3, 6, 1, 1, 1, 1, 1, 1, 4 };
  SpqrVocabulary vocabulary = { .model = "llama", .tokens = tokens, .scores = scores, .types = types, .n_tokens = 11,
                                .bos = 1, .eos = 2, .unk = 0, .add_bos = -1, .add_eos = 1, .add_space_prefix = -1 };
  g_autoptr (SpqrTokenizer) written = write_and_open (&vocabulary, NULL);

  check_ids (written, "ab a ab\nab", (const gint32[]) { 1, 8, 9, 8, 3, 7, 2 }, 7);
  check_ids (written, "b<tool>a", (const gint32[]) { 1, 4, 6, 10, 9, 2 }, 6);
  /* Without the blank in front. */
  g_clear_object (&written);
  vocabulary.add_space_prefix = 0;
  vocabulary.add_bos = vocabulary.add_eos = 0;
  written = write_and_open (&vocabulary, NULL);
  check_ids (written, "ab ab", (const gint32[]) { 7, 8 }, 2);
  check_ids (written, "b<tool>a", (const gint32[]) { 6, 10, 5 }, 3);
}

static void
test_byte_level (void)
{
  static const char *const tokens[] = { "a", "b", "Ġ", "Ġa", "Ġab", "<|end|>", "c" };
  static const gint32 types[] = { 1, 1, 1, 1, 1, 3, 1 };
  static const char *const merges[] = { "Ġ a", "Ġa b" };
  SpqrVocabulary vocabulary = { .model = "gpt2", .pre = "gpt-2", .tokens = tokens, .types = types, .n_tokens = 7, .merges = merges,
                                .n_merges = 2, .bos = 5, .eos = 5, .unk = -1, .add_bos = 1, .add_eos = -1, .add_space_prefix = -1 };
  g_autoptr (SpqrTokenizer) written = write_and_open (&vocabulary, "{{ messages }} \"quoted\"");
  g_autofree char *path = g_build_filename (folder, "tokenizer_config.json", NULL);
  g_autofree char *config = NULL;

  check_ids (written, "ab ab<|end|> ac", (const gint32[]) { 5, 0, 1, 4, 5, 3, 6 }, 7);
  g_assert_true (g_file_get_contents (path, &config, NULL, NULL));
  g_assert_nonnull (strstr (config, "{{ messages }} \\\"quoted\\\""));
}

static void
test_refused (void)
{
  static const char *const tokens[] = { "a" };
  SpqrVocabulary vocabulary = { .model = "gpt2", .pre = "of-tomorrow", .tokens = tokens, .n_tokens = 1, .bos = -1, .eos = -1, .unk = -1,
                                .add_bos = -1, .add_eos = -1, .add_space_prefix = -1 };
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;

  g_assert_false (spqr_vocabulary_write (&vocabulary, NULL, "here", folder, files, &error));
  g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "of-tomorrow"));
  g_assert_cmpuint (files->len, ==, 0);
}

int
main (int argc, char **argv)
{
  static const char *const kinds[] = { "gpt-2", "starcoder", "falcon", "deepseek-llm", "llama-spm" };
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("spqr-vocabulary-XXXXXX", NULL);
  g_test_add_func ("/text/vocabulary-json/pieces", test_pieces);
  g_test_add_func ("/text/vocabulary-json/byte-level", test_byte_level);
  g_test_add_func ("/text/vocabulary-json/refused", test_refused);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *path = g_strconcat ("/text/vocabulary-json/conformance/", kinds[i], NULL);

      g_test_add_data_func (path, kinds[i], test_conformance);
    }
  status = g_test_run ();
  for (guint i = 0; i < 3; i++)
    {
      const char *names[] = { "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json" };
      g_autofree char *path = g_build_filename (folder, names[i], NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
  g_free (folder);
  return status;
}
