/* spqr-file-private.h: a weights file, open for reading and mapped as a whole.
 *
 * Two ways to its bytes: the map, for looking (free of copies; if somebody truncates the file
 * meanwhile the kernel kills the reader, as with any map), and pread(), for reading tensors, which
 * fails with an error instead. */
#pragma once

#include <gio/gio.h>

typedef struct {
  gatomicrefcount refs;
  char *path;
  int fd;
  const guint8 *data;      /* NULL when the file is empty */
  guint64 size;
} SpqrFile;

/* Errors tell a missing file, a folder, no permission, an empty file, a Git LFS pointer and a web
 * page saved in place of the weights from each other. */
SpqrFile *spqr_file_open (const char *path, GError **error);
SpqrFile *spqr_file_ref (SpqrFile *self);
void      spqr_file_unref (SpqrFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrFile, spqr_file_unref)

/* Exactly n bytes from offset on. Any thread. */
gboolean spqr_file_read (SpqrFile *self, guint64 offset, gpointer out, gsize n, GError **error);

/* A whole small text file (config.json, an index), at most max bytes, NUL-terminated. g_free(). */
char *spqr_file_read_text (const char *path, gsize max, gsize *len, GError **error);

/* Sets error from errno: NOT_FOUND, PERMISSION, NO_SPACE or FAILED, "path: what: reason". */
void spqr_set_errno_error (GError **error, int saved_errno, const char *path, const char *what);
