/* fixtures.h: temporary folders, hand-made safetensors files and the optional shared data. */
#pragma once

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

/* A new temporary folder, in memory where there is such a file system: every file that is written is
 * synced. Remove it with fixture_remove(). */
static inline char *
fixture_folder (void)
{
  char *folder = g_strdup ("/dev/shm/spqr-test-XXXXXX");

  if (g_mkdtemp (folder) == NULL)
    {
      g_free (folder);
      folder = g_dir_make_tmp ("spqr-test-XXXXXX", NULL);
    }
  g_assert_nonnull (folder);
  return folder;
}

static inline void
fixture_remove (char *folder)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        fixture_remove (g_steal_pointer (&path));
      else
        g_unlink (path);
    }
  g_clear_pointer (&dir, g_dir_close);
  g_rmdir (folder);
  g_free (folder);
}

static inline guint
fixture_count_files (const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static inline char *
fixture_write (const char *folder, const char *name, const void *data, gssize len)
{
  char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, data, len, NULL));
  return path;
}

/* Replaces a file's content without the syncing of g_file_set_contents(): for tests that do it often. */
static inline void
fixture_overwrite (const char *path, const void *data, gsize len)
{
  FILE *file = g_fopen (path, "wb");

  g_assert_nonnull (file);
  g_assert_cmpuint (fwrite (data, 1, len, file), ==, len);
  fclose (file);
}

/* length | header | data_size bytes 0, 1, 2, … 250, 0, … */
static inline GByteArray *
fixture_safetensors_bytes (const char *header, gsize data_size)
{
  GByteArray *bytes = g_byte_array_new ();
  guint64 length = GUINT64_TO_LE ((guint64) strlen (header));

  g_byte_array_append (bytes, (const guint8 *) &length, sizeof length);
  g_byte_array_append (bytes, (const guint8 *) header, (guint) strlen (header));
  for (gsize i = 0; i < data_size; i++)
    {
      guint8 byte = (guint8) (i % 251);
      g_byte_array_append (bytes, &byte, 1);
    }
  return bytes;
}

static inline char *
fixture_safetensors (const char *folder, const char *name, const char *header, gsize data_size)
{
  g_autoptr(GByteArray) bytes = fixture_safetensors_bytes (header, data_size);

  return fixture_write (folder, name, bytes->data, bytes->len);
}

/* A path under the shared data, or NULL after g_test_skip(). */
static inline char *
fixture_shared (const char *relative)
{
  const char *shared = g_getenv ("SPQR_SHARED");
  char *path = shared != NULL ? g_build_filename (shared, relative, NULL) : NULL;

  if (path != NULL && g_file_test (path, G_FILE_TEST_EXISTS))
    return path;
  g_free (path);
  g_test_skip ("the shared data (SPQR_SHARED) is not there");
  return NULL;
}
