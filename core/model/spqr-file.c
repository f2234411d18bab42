/* spqr-file.c: opening and mapping weights files, and what to say when that is not possible. */
#include "model/spqr-file-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/spqr-model.h"

G_DEFINE_QUARK (spqr-model-error-quark, spqr_model_error)

void
spqr_set_errno_error (GError **error, int saved_errno, const char *path, const char *what)
{
  SpqrModelError code = SPQR_MODEL_ERROR_FAILED;

  if (saved_errno == ENOENT || saved_errno == ENOTDIR)
    code = SPQR_MODEL_ERROR_NOT_FOUND;
  else if (saved_errno == EACCES || saved_errno == EPERM || saved_errno == EROFS)
    code = SPQR_MODEL_ERROR_PERMISSION;
  else if (saved_errno == ENOSPC || saved_errno == EDQUOT || saved_errno == EFBIG)
    code = SPQR_MODEL_ERROR_NO_SPACE;
  g_set_error (error, SPQR_MODEL_ERROR, code, "%s: %s: %s", path, what, g_strerror (saved_errno));
}

/* An open descriptor of a regular file and its size, or -1. */
static int
open_regular (const char *path, guint64 *size, GError **error)
{
  struct stat info;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  if (fd < 0)
    {
      spqr_set_errno_error (error, errno, path, "cannot open");
      return -1;
    }
  if (fstat (fd, &info) != 0)
    spqr_set_errno_error (error, errno, path, "cannot look at the file");
  else if (S_ISDIR (info.st_mode))
    g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_NOT_FOUND, "%s: is a folder, not a file", path);
  else if (!S_ISREG (info.st_mode))
    g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_UNSUPPORTED, "%s: is not a regular file", path);
  else
    {
      *size = (guint64) info.st_size;
      return fd;
    }
  close (fd);
  return -1;
}

/* What stands in place of weights after an incomplete download. */
static gboolean
check_stand_in (SpqrFile *self, GError **error)
{
  static const char lfs[] = "version https://git-lfs";
  static const char page[] = "<!DOCTYPE", page_too[] = "<html";

  if (self->size >= sizeof lfs - 1 && memcmp (self->data, lfs, sizeof lfs - 1) == 0)
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_INCOMPLETE,
                   "%s: is a Git LFS pointer that stands in for the weights; run “git lfs pull” in that "
                   "folder to download them", self->path);
      return FALSE;
    }
  if ((self->size >= sizeof page - 1 && g_ascii_strncasecmp ((const char *) self->data, page, sizeof page - 1) == 0)
      || (self->size >= sizeof page_too - 1
          && g_ascii_strncasecmp ((const char *) self->data, page_too, sizeof page_too - 1) == 0))
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_INCOMPLETE,
                   "%s: is a web page, not weights; the download went wrong, download the file again", self->path);
      return FALSE;
    }
  return TRUE;
}

SpqrFile *
spqr_file_open (const char *path, GError **error)
{
  g_autoptr(SpqrFile) self = NULL;
  guint64 size = 0;
  void *map;
  int fd = open_regular (path, &size, error);

  if (fd < 0)
    return NULL;

  self = g_new0 (SpqrFile, 1);
  g_atomic_ref_count_init (&self->refs);
  self->path = g_strdup (path);
  self->fd = fd;
  if (size == 0)
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_INCOMPLETE,
                   "%s: is empty; download the file again", path);
      return NULL;
    }
  if (size > G_MAXSIZE / 2
      || (map = mmap (NULL, (gsize) size, PROT_READ, MAP_PRIVATE, fd, 0)) == MAP_FAILED)
    {
      spqr_set_errno_error (error, size > G_MAXSIZE / 2 ? ENOMEM : errno, path, "cannot map the file");
      return NULL;
    }
  self->data = map;
  self->size = size;
  if (!check_stand_in (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

SpqrFile *
spqr_file_ref (SpqrFile *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
spqr_file_unref (SpqrFile *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  if (self->data != NULL)
    munmap ((void *) self->data, (gsize) self->size);
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->path);
  g_free (self);
}

gboolean
spqr_file_read (SpqrFile *self, guint64 offset, gpointer out, gsize n, GError **error)
{
  guint8 *at = out;

  if (offset > self->size || n > self->size - offset)
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_MALFORMED,
                   "%s: %" G_GSIZE_FORMAT " bytes at %" G_GUINT64_FORMAT " lie outside the file",
                   self->path, n, offset);
      return FALSE;
    }
  while (n > 0)
    {
      gssize got = pread (self->fd, at, MIN (n, (gsize) 1 << 30), (off_t) offset);

      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0)
        {
          spqr_set_errno_error (error, errno, self->path, "cannot read");
          return FALSE;
        }
      if (got == 0)
        {
          g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_INCOMPLETE,
                       "%s: the file became shorter while it was open", self->path);
          return FALSE;
        }
      at += got;
      offset += (guint64) got;
      n -= (gsize) got;
    }
  return TRUE;
}

char *
spqr_file_read_text (const char *path, gsize max, gsize *len, GError **error)
{
  g_autoptr(SpqrFile) file = spqr_file_open (path, error);
  g_autofree char *text = NULL;

  if (file == NULL)
    return NULL;
  if (file->size > max)
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_MALFORMED,
                   "%s: is %" G_GUINT64_FORMAT " bytes long, which is absurd for such a file", path, file->size);
      return NULL;
    }
  text = g_malloc ((gsize) file->size + 1);
  if (!spqr_file_read (file, 0, text, (gsize) file->size, error))
    return NULL;
  text[file->size] = '\0';
  *len = (gsize) file->size;
  return g_steal_pointer (&text);
}
