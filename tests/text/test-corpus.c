/* Data sets, windows and Python's random numbers, against Python (make-corpus-cases.py). */
#include <glib/gstdio.h>
#include <string.h>

#include "text/spqr-corpus-private.h"

typedef struct {
  gint64 seed;
  guint32 bits[4];
  gint64 ints[12];
  guint32 far;             /* the 1500th after the others */
} RandomCase;

typedef struct {
  const char *name, *data;
  gboolean evaluation;
  gsize n_ids;
  const char *fingerprint, *windows;
} CorpusCase;

typedef struct { const char *name, *ids, *file; } TorchCase;

#include "corpus-cases.h"

#define SEQLEN 16

static char *folder;
static SpqrTokenizer *tokenizer;

/* --- the files the script had in mind --------------------------------------------------------- */

static void
write_file (const char *name, const char *text, gssize len)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_remove (path);   /* written without waiting for the disk, which does not shorten a file that is there */
  g_assert_true (g_file_set_contents_full (path, text, len, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static char *
make_lines (void)
{
  GString *out = g_string_new (NULL);

  for (int i = 0; i < 40; i++)
    {
      if (i % 5 == 0)
        g_string_append_printf (out, " = Title %d = \n", i);
      else if (i % 5 == 1 || i % 5 == 4)
        g_string_append (out, " \n");
      else
        g_string_append_printf (out, " Row %d of a text that goes on about the old harbour and its %d boats . \n", i,
                                i * 7);
    }
  return g_string_free (out, FALSE);
}

static char *
make_documents (void)
{
  GString *out = g_string_new ("\n");

  for (int i = 0; i < 30; i++)
    {
      g_string_append (out, "{\"url\": [1, {}], \"text\": \"");
      if (i % 3 == 0)
        g_string_append (out, "short");
      else
        {
          g_string_append_printf (out, "Document %d. ", i);
          for (int j = 0; j < i % 7 + 1; j++)
            g_string_append_printf (out, "The ferry leaves at %d past nine. ", i);
        }
      g_string_append (out, i == 29 ? "\"}" : "\"}\n");
    }
  return g_string_free (out, FALSE);
}

static void
write_ids (const char *text)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr(GString) out = g_string_new ("[");

  g_assert_true (spqr_tokenizer_encode (tokenizer, text, -1, TRUE, ids, NULL));
  for (guint i = 0; i < ids->len; i++)
    g_string_append_printf (out, "%s%d", i > 0 ? ", " : "", g_array_index (ids, gint32, i));
  g_string_append (out, "]");
  write_file ("ids.json", out->str, -1);
}

static void
write_files (void)
{
  static const char * const lines_names[] = { "plain.txt", "text/wiki.test.raw", "wiki.train.raw", "ptb.valid.txt",
                                              "ptb/ptb.test.txt" };
  static const char * const documents_names[] = { "docs.jsonl", "c4/c4-validation.00000-of-00008.json",
                                                  "c4-train.jsonl" };
  g_autofree char *lines = make_lines ();
  g_autofree char *documents = make_documents ();
  static const char * const below[] = { "text", "ptb", "c4" };

  for (guint i = 0; i < G_N_ELEMENTS (below); i++)
    {
      g_autofree char *path = g_build_filename (folder, below[i], NULL);
      g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
    }
  for (guint i = 0; i < G_N_ELEMENTS (lines_names); i++)
    write_file (lines_names[i], lines, -1);
  for (guint i = 0; i < G_N_ELEMENTS (documents_names); i++)
    write_file (documents_names[i], documents, -1);
  write_ids (lines);
}

static void
remove_tree (const char *path)
{
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      remove_tree (child);
    }
  g_remove (path);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void
test_random (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (random_cases); i++)
    {
      const RandomCase *c = &random_cases[i];
      SpqrPythonRandom random;
      guint32 last = 0;

      spqr_python_random_seed (&random, c->seed);
      for (guint j = 0; j < 4; j++)
        g_assert_cmpuint (spqr_python_random_next (&random), ==, c->bits[j]);
      for (guint j = 0; j < 6; j++)
        g_assert_cmpint (spqr_python_random_int (&random, 0, 99), ==, c->ints[j]);
      for (guint j = 6; j < 10; j++)
        g_assert_cmpint (spqr_python_random_int (&random, 0, 338000), ==, c->ints[j]);
      g_assert_cmpint (spqr_python_random_int (&random, 0, 0), ==, c->ints[10]);
      g_assert_cmpint (spqr_python_random_int (&random, 5, 5 + 2147483647ll), ==, c->ints[11]);
      for (guint j = 0; j < 1500; j++)
        last = spqr_python_random_next (&random);
      g_assert_cmpuint (last, ==, c->far);
    }
}

static char *
resolve (const char *data)
{
  return strchr (data, '.') != NULL ? g_build_filename (folder, data, NULL) : g_strdup (data);
}

static void
test_case (gconstpointer data)
{
  const CorpusCase *c = data;
  g_autofree char *path = resolve (c->data);
  g_autofree char *fingerprint = NULL;
  g_autofree gint32 *windows = NULL;
  GError *error = NULL;
  g_autoptr(SpqrCorpus) corpus = spqr_corpus_load (path, folder, c->evaluation, tokenizer, 1536, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (corpus->name, ==, path);
  g_test_message ("protocol: %s", corpus->protocol);
  g_assert_true (spqr_corpus_prepare_evaluation (corpus, SEQLEN, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (corpus->n_ids, ==, c->n_ids);
  g_assert_cmpstr (corpus->fingerprint, ==, c->fingerprint);
  g_assert_cmpuint (spqr_corpus_n_windows (corpus, SEQLEN), ==, c->n_ids / SEQLEN);
  windows = spqr_corpus_calibration_windows (corpus, 5, SEQLEN, 3, &fingerprint, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (fingerprint, ==, c->windows);
}

static void
expect_failure (const char *data, gboolean evaluation, guint seqlen, int code, const char *says)
{
  g_autofree char *path = resolve (data);
  g_autoptr(GError) error = NULL;
  g_autoptr(SpqrCorpus) corpus = spqr_corpus_load (path, folder, evaluation, tokenizer, 1536, NULL, &error);

  if (corpus != NULL)
    {
      g_autofree gint32 *windows = spqr_corpus_calibration_windows (corpus, 4, seqlen, 0, NULL, &error);
      g_assert_null (windows);
    }
  g_test_message ("%s", error->message);
  g_assert_error (error, SPQR_TEXT_ERROR, code);
  g_assert_nonnull (strstr (error->message, says));
}

static void
test_failures (void)
{
  write_file ("outside.json", "[1, 2, 1536]", -1);
  write_file ("negative.json", "[1, -2]", -1);
  write_file ("huge.json", "[1, 99999999999]", -1);
  write_file ("fraction.json", "[1, 2.5]", -1);
  write_file ("mixed.json", "[[1], 2]", -1);
  write_file ("open.json", "[1, 2", -1);
  write_file ("words.json", "\"abc\"", -1);
  write_file ("rows.json", "[[1, 2, 3], [[4, 5, 6]], [7]]", -1);
  write_file ("notext.jsonl", "{\"tex\": 1}\n", -1);
  write_file ("empty.txt", "", -1);
  write_file ("empty.jsonl", "", -1);
  write_file ("blank.txt", "  ", -1);
  write_file ("binary.txt", "\303\244bcde\0fgh", 10);
  write_file ("latin.txt", "caf\351 au lait", -1);
  write_file ("cut.txt", "abcde\303", -1);
  expect_failure ("outside.json", TRUE, 2, SPQR_TEXT_ERROR_OUT_OF_VOCABULARY, "the id 1536 at position 2");
  expect_failure ("negative.json", TRUE, 2, SPQR_TEXT_ERROR_OUT_OF_VOCABULARY, "the id -2 at position 1");
  expect_failure ("huge.json", TRUE, 2, SPQR_TEXT_ERROR_OUT_OF_VOCABULARY, "99999999999");
  expect_failure ("fraction.json", TRUE, 2, SPQR_TEXT_ERROR_MALFORMED, "position 1");
  expect_failure ("mixed.json", TRUE, 2, SPQR_TEXT_ERROR_MALFORMED, "mixed");
  expect_failure ("open.json", TRUE, 2, SPQR_TEXT_ERROR_MALFORMED, "open.json");
  expect_failure ("words.json", TRUE, 2, SPQR_TEXT_ERROR_MALFORMED, "words.json");
  expect_failure ("rows.json", TRUE, 2, SPQR_TEXT_ERROR_TOO_SHORT, "3 rows of ids, fewer than the 4");
  expect_failure ("notext.jsonl", TRUE, 2, SPQR_TEXT_ERROR_MALFORMED, "document 1 has no “text”");
  expect_failure ("empty.txt", TRUE, 16, SPQR_TEXT_ERROR_TOO_SHORT, "empty.txt: is empty");
  expect_failure ("empty.jsonl", TRUE, 16, SPQR_TEXT_ERROR_TOO_SHORT, "empty.jsonl: is empty");
  expect_failure ("blank.txt", TRUE, 16, SPQR_TEXT_ERROR_TOO_SHORT, ", fewer than one window of 16");
  expect_failure ("binary.txt", TRUE, 16, SPQR_TEXT_ERROR_MALFORMED, "binary.txt: this is no text in UTF-8: its byte 6 is a NUL");
  expect_failure ("latin.txt", TRUE, 16, SPQR_TEXT_ERROR_MALFORMED, "its byte 3 is no part of a character");
  expect_failure ("cut.txt", TRUE, 16, SPQR_TEXT_ERROR_MALFORMED, "its byte 5 is");
  expect_failure ("plain.txt", TRUE, 5000, SPQR_TEXT_ERROR_TOO_SHORT, "554 ids, fewer than one window of 5000");
  expect_failure ("c4", FALSE, 5000, SPQR_TEXT_ERROR_TOO_SHORT, "none of its 30 documents has 5000 ids; the longest");
  expect_failure ("no-such.txt", TRUE, 2, SPQR_TEXT_ERROR_NOT_FOUND, "wikitext2, ptb");
  expect_failure ("nosuch", TRUE, 2, SPQR_TEXT_ERROR_NOT_FOUND, "neither a file nor one of the data sets");
  expect_failure ("pajama", FALSE, 2, SPQR_TEXT_ERROR_NOT_FOUND, "red_pajama_n=1024.pth");
  expect_failure ("refinedweb", TRUE, 2, SPQR_TEXT_ERROR_UNSUPPORTED, "no part to evaluate on");
}

static void
test_rows (void)
{
  g_autofree char *path = g_build_filename (folder, "three.json", NULL);
  g_autofree gint32 *windows = NULL;
  g_autofree char *fingerprint = NULL;
  GError *error = NULL;
  g_autoptr(SpqrCorpus) corpus = NULL;

  write_file ("three.json", "[[1, 2, 3], [[4, 5, 6]], [7, 8, 9, 10]]", -1);
  corpus = spqr_corpus_load (path, NULL, FALSE, NULL, 11, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (corpus->n_rows, ==, 3);
  g_assert_cmpuint (corpus->row_starts[3], ==, 10);
  windows = spqr_corpus_calibration_windows (corpus, 3, 3, 0, &fingerprint, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (windows, 9 * 4, ((const gint32[]) { 1, 2, 3, 4, 5, 6, 7, 8, 9 }), 9 * 4);
  g_assert_null (spqr_corpus_calibration_windows (corpus, 3, 4, 0, NULL, &error));
  g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_TOO_SHORT);
  g_assert_nonnull (strstr (error->message, "row 0 has 3 ids"));
  g_clear_error (&error);
  g_assert_null (spqr_corpus_calibration_windows (corpus, G_MAXUINT, G_MAXUINT, 0, NULL, &error));
  g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  g_assert_false (spqr_corpus_prepare_evaluation (corpus, 11, NULL, &error));
  g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_TOO_SHORT);
  g_clear_error (&error);
}

/* Exactly one window long: that window, without a draw. */
static void
test_exact (void)
{
  g_autofree char *path = g_build_filename (folder, "exact.json", NULL);
  g_autofree gint32 *windows = NULL;
  g_autoptr(SpqrCorpus) corpus = NULL;

  write_file ("exact.json", "[5, 6, 7]", -1);
  corpus = spqr_corpus_load (path, NULL, FALSE, NULL, 0, NULL, NULL);
  windows = spqr_corpus_calibration_windows (corpus, 2, 3, 0, NULL, NULL);
  g_assert_cmpmem (windows, 24, ((const gint32[]) { 5, 6, 7, 5, 6, 7 }), 24);
}

static void
test_packed (void)
{
  g_autofree char *path = g_build_filename (folder, "packed.jsonl.gz", NULL);
  g_autofree char *plain_path = g_build_filename (folder, "docs.jsonl", NULL);
  g_autofree char *documents = make_documents ();
  g_autoptr(GFile) file = g_file_new_for_path (path);
  g_autoptr(GZlibCompressor) gzip = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, 6);
  g_autoptr(GOutputStream) raw = G_OUTPUT_STREAM (g_file_replace (file, NULL, FALSE, 0, NULL, NULL));
  g_autoptr(GOutputStream) out = g_converter_output_stream_new (raw, G_CONVERTER (gzip));
  g_autoptr(SpqrCorpus) packed = NULL;
  g_autoptr(SpqrCorpus) plain = NULL;
  g_autoptr(SpqrCorpus) broken = NULL;
  GError *error = NULL;

  g_assert_true (g_output_stream_write_all (out, documents, strlen (documents), NULL, NULL, NULL));
  g_assert_true (g_output_stream_close (out, NULL, NULL));
  packed = spqr_corpus_load (path, NULL, TRUE, tokenizer, 0, NULL, &error);
  g_assert_no_error (error);
  plain = spqr_corpus_load (plain_path, NULL, TRUE, tokenizer, 0, NULL, NULL);
  g_assert_cmpstr (packed->fingerprint, ==, plain->fingerprint);
  write_file ("packed.jsonl.gz", "\037\213garbage", -1);
  broken = spqr_corpus_load (path, NULL, TRUE, tokenizer, 0, NULL, &error);
  g_assert_null (broken);
  g_assert_nonnull (error);
  g_clear_error (&error);
}

static void
test_cancelled (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  GError *error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_null (spqr_corpus_load ("c4_new", folder, TRUE, tokenizer, 0, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
}

static void
test_known (void)
{
  g_autoptr(GPtrArray) list = spqr_corpus_list_known (folder);
  guint found = 0, missing = 0;

  for (guint i = 0; i < list->len; i++)
    {
      const SpqrKnownData *known = list->pdata[i];

      g_assert_cmpuint (strlen (known->expected), >, 0);
      g_assert_nonnull (strstr (known->folders, folder));
      found += known->path != NULL;
      missing += known->path == NULL;
    }
  g_assert_cmpuint (found, ==, 8);
  g_assert_cmpuint (missing, ==, 4);
}

static gpointer
encode_in_thread (gpointer text)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  char *fingerprint;

  for (int i = 0; i < 20; i++)
    {
      g_array_set_size (ids, 0);
      g_assert_true (spqr_tokenizer_encode (tokenizer, text, -1, TRUE, ids, NULL));
    }
  fingerprint = spqr_ids_fingerprint ((gint32 *) (gpointer) ids->data, ids->len);
  g_array_unref (ids);
  return fingerprint;
}

/* One tokenizer, many threads. */
static void
test_threads (void)
{
  g_autofree char *text = make_lines ();
  g_autofree char *expected = encode_in_thread (text);
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("encode", encode_in_thread, text);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      g_autofree char *fingerprint = g_thread_join (threads[i]);
      g_assert_cmpstr (fingerprint, ==, expected);
    }
}

static char *
rows_to_text (const GArray *ids, const GArray *starts)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0, row = 1; i < ids->len; i++)
    {
      g_string_append_printf (out, "%s%d", i > 0 ? " " : "", g_array_index (ids, gint32, i));
      if (row < starts->len && g_array_index (starts, gsize, row) == i + 1)
        {
          g_string_append (out, " |");
          row++;
        }
    }
  return g_string_free (out, FALSE);
}

static void
test_torch (gconstpointer data)
{
  const TorchCase *c = data;
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr(GArray) starts = g_array_new (FALSE, FALSE, sizeof (gsize));
  g_autofree char *text = NULL;
  g_autofree char *bytes = NULL;
  g_autoptr(GError) error = NULL;
  gsize len;
  gboolean done;

  bytes = (char *) g_base64_decode (c->file, &len);
  done = spqr_torch_read_ids (bytes, len, "x.pth", ids, starts, &error);
  g_test_message ("%s", error != NULL ? error->message : "read");
  g_assert_true (done == (c->ids != NULL));
  if (!done)
    {
      g_assert_true (error->domain == SPQR_TEXT_ERROR);
      if (strcmp (c->name, "a call") == 0)
        g_assert_nonnull (strstr (error->message, "posix.system"));
      return;
    }
  text = rows_to_text (ids, starts);
  g_assert_cmpstr (text, ==, c->ids);
}

/* Every cut and many flipped bytes of a good file: errors or ids, nothing else. */
static void
test_torch_broken (gconstpointer data)
{
  const TorchCase *c = data;
  gsize len;
  g_autofree char *good = (char *) g_base64_decode (c->file, &len);
  g_autoptr(GRand) rand = g_rand_new_with_seed (11);

  for (guint round = 0; round < 6000; round++)
    {
      g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
      g_autoptr(GArray) starts = g_array_new (FALSE, FALSE, sizeof (gsize));
      gsize n = round < len ? round : len;
      g_autofree char *bytes = g_memdup2 (good, n + 1);
      g_autoptr(GError) error = NULL;
      gboolean read;

      for (guint i = 0; round >= len && i < 1 + round % 4; i++)
        bytes[g_rand_int_range (rand, 0, (gint32) (i == 0 ? MIN (n, 600) : n))] = (char) g_rand_int (rand);
      read = spqr_torch_read_ids (bytes, n, "x.pth", ids, starts, &error);
      g_assert_true (read == (error == NULL));
      g_assert_true (!read || round >= len);   /* a part of the file is never taken for all of it */
    }
}

/* The published set itself: rows, characters, windows. */
static void
test_shared_wikitext (void)
{
  g_autofree char *dir = g_build_filename (g_getenv ("SPQR_SHARED") != NULL ? g_getenv ("SPQR_SHARED") : "/nonexistent",
                                           "data", NULL);
  g_autofree char *llama = g_build_filename (dir, "tokenizers", "llama2", NULL);
  g_autoptr(SpqrTokenizer) published = NULL;
  g_autoptr(SpqrCorpus) corpus = NULL;
  GError *error = NULL;

  if (!g_file_test (llama, G_FILE_TEST_IS_DIR))
    {
      g_test_skip ("the shared data folder is not there");
      return;
    }
  published = spqr_tokenizer_open (llama, &error);
  g_assert_no_error (error);
  corpus = spqr_corpus_load ("wikitext2", dir, TRUE, published, 32000, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (corpus->n_ids, ==, 341469);
  g_assert_cmpuint (spqr_corpus_n_windows (corpus, 2048), ==, 166);
  g_assert_cmpstr (corpus->fingerprint, ==, "9b69cd50dbe9e29f2d40f999f103fbe4b0ff014ec4f9fdae094c687ca1af6f92");
  g_assert_cmpint (corpus->ids[0], ==, 1);
}

int
main (int argc, char **argv)
{
  g_autofree char *sample = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("spqr-corpus-XXXXXX", NULL);
  sample = g_build_filename (g_getenv ("SPQR_SOURCE_ROOT"), "data", "sample", NULL);
  tokenizer = spqr_tokenizer_open (sample, NULL);
  g_assert_nonnull (tokenizer);
  write_files ();
  g_test_add_func ("/text/corpus/random", test_random);
  for (guint i = 0; i < G_N_ELEMENTS (corpus_cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/text/corpus/set/%s", corpus_cases[i].name);
      g_test_add_data_func (path, &corpus_cases[i], test_case);
    }
  g_test_add_func ("/text/corpus/failures", test_failures);
  g_test_add_func ("/text/corpus/rows", test_rows);
  g_test_add_func ("/text/corpus/exact", test_exact);
  g_test_add_func ("/text/corpus/packed", test_packed);
  g_test_add_func ("/text/corpus/cancelled", test_cancelled);
  g_test_add_func ("/text/corpus/known", test_known);
  g_test_add_func ("/text/corpus/threads", test_threads);
  for (guint i = 0; i < G_N_ELEMENTS (torch_cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/text/corpus/torch/%s", torch_cases[i].name);
      g_test_add_data_func (path, &torch_cases[i], test_torch);
    }
  g_test_add_data_func ("/text/corpus/torch-broken", &torch_cases[0], test_torch_broken);
  g_test_add_data_func ("/text/corpus/torch-broken-old-form", &torch_cases[G_N_ELEMENTS (torch_cases) - 1], test_torch_broken);
  g_test_add_func ("/text/corpus/shared-wikitext", test_shared_wikitext);
  status = g_test_run ();
  remove_tree (folder);
  g_object_unref (tokenizer);
  g_free (folder);
  return status;
}
