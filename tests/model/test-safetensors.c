/* safetensors: what is read, what is refused and what the refusal says, and the writer. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixtures.h"
#include "model/spqr-model.h"
#include "model/spqr-safetensors.h"

#define F16_2X3 "\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":"

static void
test_read (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = fixture_safetensors (folder, "a.safetensors",
    "{\"__metadata__\":{\"format\":\"pt\",\"é\":\"\\u00e9\\n\"},"
    "\"second\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[12,16]},"
    "\"first\":{" F16_2X3 "[0,12]},"
    "\"empty\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[16,16]},"
    "\"scalar\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[16,24]},"
    "\"strange\":{\"dtype\":\"F6_E3M2\",\"shape\":[4],\"data_offsets\":[24,27]}}   ", 27);
  g_autoptr(GError) error = NULL;
  g_autoptr(SpqrSafetensors) file = spqr_safetensors_open (path, &error);
  const SpqrSafetensorsEntry *entry;

  g_assert_no_error (error);
  g_assert_cmpuint (spqr_safetensors_get_n_entries (file), ==, 5);
  entry = spqr_safetensors_get_entry (file, 0);
  g_assert_cmpstr (entry->name, ==, "first");
  g_assert_cmpint (entry->dtype, ==, SPQR_DTYPE_F16);
  g_assert_cmpint (entry->shape[1], ==, 3);
  g_assert_cmpint (entry->data[11], ==, 11);
  entry = spqr_safetensors_lookup (file, "second");
  g_assert_cmpint (entry->dtype, ==, SPQR_DTYPE_OTHER);
  g_assert_cmpstr (entry->dtype_name, ==, "F8_E4M3");
  g_assert_cmpint (entry->data[0], ==, 12);
  entry = spqr_safetensors_lookup (file, "scalar");
  g_assert_cmpuint (entry->n_dims, ==, 0);
  g_assert_cmpuint (entry->n_bytes, ==, 8);
  g_assert_cmpuint (spqr_safetensors_lookup (file, "empty")->n_bytes, ==, 0);
  g_assert_null (spqr_safetensors_lookup (file, "nobody"));
  g_assert_cmpstr (spqr_safetensors_get_metadata (file, "format"), ==, "pt");
  g_assert_cmpstr (spqr_safetensors_get_metadata (file, "é"), ==, "é\n");
  g_assert_null (spqr_safetensors_get_metadata (file, "nothing"));
  fixture_remove (folder);
}

/* Each row: a header, the bytes of data after it, and words that the message must have. */
static const struct { const char *name, *header; gsize data; const char *words; } refused[] = {
  { "not-json", "{\"a\":", 0, "JSON" },
  { "not-object", "[1, 2]", 0, "not a JSON object" },
  { "comment", "{/* c */}", 0, "JSON" },
  { "trailing-comma", "{\"a\":{" F16_2X3 "[0,12]},}", 12, "JSON" },
  { "hex", "{\"a\":{" F16_2X3 "[0,0xc]}}", 12, "JSON" },
  { "after-the-end", "{} {}", 0, "follows" },
  { "nul-escape", "{\"a\\u0000b\":{" F16_2X3 "[0,12]}}", 12, "NUL" },
  { "lone-surrogate", "{\"\\ud800\":{" F16_2X3 "[0,12]}}", 12, "surrogate" },
  { "duplicate", "{\"a\":{" F16_2X3 "[0,12]},\"\\u0061\":{" F16_2X3 "[12,24]}}", 24, "“a” stands there twice" },
  { "duplicate-inside", "{\"a\":{\"dtype\":\"F16\",\"dtype\":\"F16\",\"shape\":[6],\"data_offsets\":[0,12]}}", 12, "“dtype”" },
  { "entry-no-object", "{\"a\":7}", 0, "“a”" },
  { "no-dtype", "{\"a\":{\"shape\":[6],\"data_offsets\":[0,12]}}", 12, "“a” has no dtype" },
  { "dtype-number", "{\"a\":{\"dtype\":1,\"shape\":[6],\"data_offsets\":[0,12]}}", 12, "“a” has no dtype" },
  { "no-shape", "{\"a\":{\"dtype\":\"F16\",\"data_offsets\":[0,12]}}", 12, "“a” has no shape" },
  { "negative-shape", "{\"a\":{\"dtype\":\"F16\",\"shape\":[-2,-3],\"data_offsets\":[0,12]}}", 12, "“a”: its shape" },
  { "fraction-shape", "{\"a\":{\"dtype\":\"F16\",\"shape\":[1.5,4],\"data_offsets\":[0,12]}}", 12, "“a”: its shape" },
  { "overflow", "{\"a\":{\"dtype\":\"F16\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, "absurd" },
  { "overflow-behind-zero", "{\"a\":{\"dtype\":\"F16\",\"shape\":[0,4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, "absurd" },
  { "big-number", "{\"a\":{\"dtype\":\"F16\",\"shape\":[99999999999999999999999],\"data_offsets\":[0,2]}}", 2, "“a”" },
  { "nine-dims", "{\"a\":{\"dtype\":\"F16\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,2]}}", 2, "9 dimensions" },
  { "size-mismatch", "{\"a\":{" F16_2X3 "[0,14]}}", 14, "do not make 14 bytes" },
  { "reversed", "{\"a\":{" F16_2X3 "[12,0]}}", 12, "before it begins" },
  { "negative-offset", "{\"a\":{" F16_2X3 "[-12,0]}}", 12, "“a” has no proper data_offsets" },
  { "three-offsets", "{\"a\":{" F16_2X3 "[0,12,24]}}", 24, "“a” has no proper data_offsets" },
  { "outside", "{\"a\":{" F16_2X3 "[0,12]}}", 11, "“a” reaches to byte 12" },
  { "overlap", "{\"a\":{" F16_2X3 "[0,12]},\"b\":{" F16_2X3 "[10,22]}}", 22, "“a” and “b” overlap" },
  { "same-place", "{\"a\":{" F16_2X3 "[0,12]},\"b\":{" F16_2X3 "[0,12]}}", 12, "“a” and “b” overlap" },
  { "hole", "{\"a\":{" F16_2X3 "[0,12]},\"b\":{" F16_2X3 "[16,28]}}", 28, "4 bytes before tensor “b”" },
  { "hole-first", "{\"a\":{" F16_2X3 "[4,16]}}", 16, "4 bytes before tensor “a”" },
  { "rest", "{\"a\":{" F16_2X3 "[0,12]}}", 20, "8 bytes after the last tensor" },
  { "rest-alone", "{}", 1, "1 bytes after the last tensor" },
  { "metadata-list", "{\"__metadata__\":[]}", 0, "__metadata__" },
  { "metadata-number", "{\"__metadata__\":{\"k\":1}}", 0, "“k”" },
};

static void
assert_refused (const char *path, SpqrModelError code, const char *words)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SpqrSafetensors) file = spqr_safetensors_open (path, &error);

  g_assert_null (file);
  g_assert_error (error, SPQR_MODEL_ERROR, (int) code);
  if (strstr (error->message, words) == NULL || strstr (error->message, path) == NULL)
    g_error ("“%s” does not name “%s” and the file", error->message, words);
}

static void
test_refused (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  char *folder = fixture_folder ();
  g_autofree char *path = fixture_safetensors (folder, "a.safetensors", refused[i].header, refused[i].data);

  assert_refused (path, SPQR_MODEL_ERROR_MALFORMED, refused[i].words);
  fixture_remove (folder);
}

static void
test_not_safetensors (void)
{
  static const struct { const char *bytes; gssize len; SpqrModelError code; const char *words; } rows[] = {
    { "", 0, SPQR_MODEL_ERROR_INCOMPLETE, "empty" },
    { "abc", 3, SPQR_MODEL_ERROR_MALFORMED, "cut off" },
    { "\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10, SPQR_MODEL_ERROR_MALFORMED, "claims a header" },
    { "\x01\xe1\xf5\x05\0\0\0\0{}", 10, SPQR_MODEL_ERROR_MALFORMED, "claims a header of 100000001" },
    { "\x10\0\0\0\0\0\0\0{}", 10, SPQR_MODEL_ERROR_MALFORMED, "cut off" },
    { "\0\0\0\0\0\0\0\0{}", 10, SPQR_MODEL_ERROR_MALFORMED, "empty header" },
    { "\x02\0\0\0\0\0\0\0\xff\xfe", 10, SPQR_MODEL_ERROR_MALFORMED, "not a JSON object" },
    { "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", -1, SPQR_MODEL_ERROR_INCOMPLETE, "git lfs pull" },
    { "<!doctype html><html>", -1, SPQR_MODEL_ERROR_INCOMPLETE, "web page" },
    { "GGUF\3\0\0\0\0\0\0\0", 12, SPQR_MODEL_ERROR_UNSUPPORTED, "GGUF" },
    { "PK\3\4----------------", -1, SPQR_MODEL_ERROR_UNSUPPORTED, "PyTorch" },
  };
  char *folder = fixture_folder ();

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = fixture_write (folder, "a.safetensors", rows[i].bytes, rows[i].len);
      assert_refused (path, rows[i].code, rows[i].words);
    }
  assert_refused (folder, SPQR_MODEL_ERROR_NOT_FOUND, "is a folder");
  fixture_remove (folder);
}

static void
test_permission (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = fixture_safetensors (folder, "a.safetensors", "{}", 0);
  g_autofree char *absent = g_build_filename (folder, "b.safetensors", NULL);

  assert_refused (absent, SPQR_MODEL_ERROR_NOT_FOUND, "cannot open");
  if (geteuid () == 0)
    g_test_skip ("root may read everything");
  else
    {
      g_assert_cmpint (g_chmod (path, 0), ==, 0);
      assert_refused (path, SPQR_MODEL_ERROR_PERMISSION, "cannot open");
    }
  fixture_remove (folder);
}

static void
test_deep (void)
{
  char *folder = fixture_folder ();
  g_autoptr(GString) header = g_string_new ("{\"a\":");
  g_autofree char *path = NULL;

  for (int i = 0; i < 200000; i++)
    g_string_append_c (header, '[');
  path = fixture_safetensors (folder, "a.safetensors", header->str, 0);
  assert_refused (path, SPQR_MODEL_ERROR_MALFORMED, "too deeply");
  fixture_remove (folder);
}

/* A header of a few MB that would take much more memory than that. */
static void
test_many_values (void)
{
  char *folder = fixture_folder ();
  g_autoptr(GString) header = g_string_new ("{\"a\":{\"dtype\":\"U8\",\"shape\":[1");
  g_autofree char *path = NULL;

  for (int i = 0; i < 2100000; i++)
    g_string_append (header, ",1");
  g_string_append (header, "],\"data_offsets\":[0,1]}}");
  path = fixture_safetensors (folder, "a.safetensors", header->str, 1);
  assert_refused (path, SPQR_MODEL_ERROR_MALFORMED, "too many values");
  fixture_remove (folder);
}

/* Every prefix of a good file is refused, and none of them crashes the reader. */
static void
test_truncated (void)
{
  char *folder = fixture_folder ();
  g_autoptr(GByteArray) bytes = fixture_safetensors_bytes ("{\"a\":{" F16_2X3 "[0,12]}}", 12);

  for (guint n = 0; n < bytes->len; n++)
    {
      g_autofree char *path = fixture_write (folder, "a.safetensors", bytes->data, n);
      g_autoptr(GError) error = NULL;

      g_assert_null (spqr_safetensors_open (path, &error));
      g_assert_nonnull (error);
    }
  fixture_remove (folder);
}

/* ---- the writer ---- */

static SpqrSafetensorsWriter *
writer_of_two (const char *path)
{
  SpqrSafetensorsWriter *writer = spqr_safetensors_writer_new (path);

  spqr_safetensors_writer_set_metadata (writer, "note", "a \"quoted\" é\n\x01 text");
  spqr_safetensors_writer_declare (writer, "weird \"name\"\\/é", "F32", (gint64[]) { 2, 1 }, 2, 8);
  spqr_safetensors_writer_declare (writer, "b", "U8", (gint64[]) { 3 }, 1, 3);
  return writer;
}

static void
test_write (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "out.safetensors", NULL);
  g_autoptr(SpqrSafetensorsWriter) writer = writer_of_two (path);
  g_autoptr(SpqrSafetensors) file = NULL;
  g_autoptr(GError) error = NULL;
  const SpqrSafetensorsEntry *entry;
  float values[2] = { 1.5f, -2 };
  gsize header = spqr_safetensors_writer_get_header_size (writer);
  GStatBuf info;

  g_assert_cmpuint (header % 8, ==, 0);
  g_assert_true (spqr_safetensors_writer_begin (writer, &error));
  g_assert_true (spqr_safetensors_writer_append (writer, values, 4, &error));
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_true (spqr_safetensors_writer_append (writer, values + 1, 4, &error));
  g_assert_true (spqr_safetensors_writer_append (writer, "abc", 3, &error));
  g_assert_true (spqr_safetensors_writer_close (writer, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (fixture_count_files (folder), ==, 1);

  file = spqr_safetensors_open (path, &error);
  g_assert_no_error (error);
  entry = spqr_safetensors_lookup (file, "weird \"name\"\\/é");
  g_assert_nonnull (entry);
  g_assert_cmpmem (entry->data, entry->n_bytes, values, sizeof values);
  g_assert_cmpuint (entry->offset, ==, header);
  g_assert_cmpmem (spqr_safetensors_lookup (file, "b")->data, 3, "abc", 3);
  g_assert_cmpstr (spqr_safetensors_get_metadata (file, "note"), ==, "a \"quoted\" é\n\x01 text");
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_size, ==, header + 11);
  fixture_remove (folder);
}

static void
test_write_unfinished (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = fixture_write (folder, "out.safetensors", "old", 3);
  g_autoptr(GError) error = NULL;
  SpqrSafetensorsWriter *writer = writer_of_two (path);

  g_assert_true (spqr_safetensors_writer_begin (writer, NULL));
  g_assert_cmpuint (fixture_count_files (folder), ==, 2);
  spqr_safetensors_writer_free (writer);
  g_assert_cmpuint (fixture_count_files (folder), ==, 1);

  writer = writer_of_two (path);
  g_assert_true (spqr_safetensors_writer_begin (writer, NULL));
  g_assert_true (spqr_safetensors_writer_append (writer, "1234567", 7, NULL));
  g_assert_false (spqr_safetensors_writer_close (writer, &error));
  g_assert_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_FAILED);
  g_clear_error (&error);
  spqr_safetensors_writer_free (writer);

  writer = writer_of_two (path);
  g_assert_true (spqr_safetensors_writer_begin (writer, NULL));
  g_assert_false (spqr_safetensors_writer_append (writer, "123456789abc", 12, &error));
  g_assert_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_FAILED);
  spqr_safetensors_writer_free (writer);

  g_assert_cmpuint (fixture_count_files (folder), ==, 1);
  {
    g_autofree char *text = NULL;
    g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
    g_assert_cmpstr (text, ==, "old");
  }
  fixture_remove (folder);
}

static void
test_write_bad_declarations (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "out.safetensors", NULL);

  for (int i = 0; i < 3; i++)
    {
      g_autoptr(SpqrSafetensorsWriter) writer = writer_of_two (path);
      g_autoptr(GError) error = NULL;

      if (i == 0)
        spqr_safetensors_writer_declare (writer, "b", "U8", (gint64[]) { 3 }, 1, 3);
      else if (i == 1)
        spqr_safetensors_writer_declare (writer, "c", "F16", (gint64[]) { 3 }, 1, 3);
      else
        spqr_safetensors_writer_declare (writer, "c", "F16", (gint64[]) { -3 }, 1, 6);
      g_assert_false (spqr_safetensors_writer_begin (writer, &error));
      g_assert_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_FAILED);
    }
  g_assert_cmpuint (fixture_count_files (folder), ==, 0);
  fixture_remove (folder);
}

static void
test_write_no_folder (void)
{
  g_autoptr(SpqrSafetensorsWriter) writer = writer_of_two ("/nonexistent-folder/out.safetensors");
  g_autoptr(GError) error = NULL;

  g_assert_false (spqr_safetensors_writer_begin (writer, &error));
  g_assert_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "/nonexistent-folder/out.safetensors"));
}

/* A file size limit stands in for a full disk: at the reservation, and (where a file system cannot
 * reserve) in the middle of the data. */
static void
test_write_no_space (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "out.safetensors", NULL);
  g_autoptr(SpqrSafetensorsWriter) writer = spqr_safetensors_writer_new (path);
  g_autofree guint8 *data = g_malloc0 (1 << 20);
  g_autoptr(GError) error = NULL;
  struct rlimit old, small = { 4096, 4096 };
  gboolean fine;

  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &old), ==, 0);
  small.rlim_max = old.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  spqr_safetensors_writer_declare (writer, "a", "U8", (gint64[]) { 1 << 20 }, 1, 1 << 20);
  fine = spqr_safetensors_writer_begin (writer, &error)
         && spqr_safetensors_writer_append (writer, data, 1 << 20, &error);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);
  g_assert_false (fine);
  g_assert_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_cmpuint (fixture_count_files (folder), ==, 0);
  fixture_remove (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/safetensors/read", test_read);
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *name = g_strdup_printf ("/model/safetensors/refused/%s", refused[i].name);
      g_test_add_data_func (name, GSIZE_TO_POINTER (i), test_refused);
    }
  g_test_add_func ("/model/safetensors/not-safetensors", test_not_safetensors);
  g_test_add_func ("/model/safetensors/permission", test_permission);
  g_test_add_func ("/model/safetensors/deep", test_deep);
  g_test_add_func ("/model/safetensors/many-values", test_many_values);
  g_test_add_func ("/model/safetensors/truncated", test_truncated);
  g_test_add_func ("/model/safetensors/write", test_write);
  g_test_add_func ("/model/safetensors/write/unfinished", test_write_unfinished);
  g_test_add_func ("/model/safetensors/write/bad-declarations", test_write_bad_declarations);
  g_test_add_func ("/model/safetensors/write/no-folder", test_write_no_folder);
  g_test_add_func ("/model/safetensors/write/no-space", test_write_no_space);
  return g_test_run ();
}
