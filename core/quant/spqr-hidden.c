#include "quant/spqr-hidden.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "quant/spqr-quant-error.h"

static gboolean
map_file (SpqrHidden *hidden, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, ".spqr-hidden-XXXXXX", NULL);
  int fd = g_mkstemp (path);
  int failed = fd < 0 ? errno : 0;

  if (fd >= 0)
    {
      unlink (path);
      do   /* a signal may cut it short: Ctrl+C is noticed a little later, by those who know what it means */
        failed = posix_fallocate (fd, 0, (off_t) hidden->n_bytes);
      while (failed == EINTR);
      if (failed == 0)
        {
          void *map = mmap (NULL, hidden->n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
          if (map == MAP_FAILED)
            failed = errno;
          else
            hidden->data = map;
        }
      close (fd);
    }
  if (failed == 0)
    return TRUE;
  g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_NO_SPACE,
               "%s: cannot keep %.2f GiB of hidden states there: %s; free space, choose another folder, or use fewer windows",
               folder, hidden->n_bytes / 1073741824.0, g_strerror (failed));
  return FALSE;
}

gboolean
spqr_hidden_init (SpqrHidden *hidden, gsize windows, gsize seqlen, gsize width, const char *folder, GError **error)
{
  gsize bytes = sizeof (float);

  *hidden = (SpqrHidden) { .windows = windows, .seqlen = seqlen, .width = width, .in_file = folder != NULL };
  if (!g_size_checked_mul (&bytes, bytes, windows) || !g_size_checked_mul (&bytes, bytes, seqlen) ||
      !g_size_checked_mul (&bytes, bytes, width) || bytes == 0)
    {
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_NO_MEMORY,
                   "%" G_GSIZE_FORMAT " windows of %" G_GSIZE_FORMAT " tokens cannot be held", windows, seqlen);
      return FALSE;
    }
  hidden->n_bytes = bytes;
  if (folder != NULL)
    return map_file (hidden, folder, error);

  hidden->data = g_try_malloc (bytes);
  if (hidden->data != NULL)
    return TRUE;
  g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_NO_MEMORY,
               "no memory for %.2f GiB of hidden states; use fewer windows or --offload_activations",
               bytes / 1073741824.0);
  return FALSE;
}

float *
spqr_hidden_window (SpqrHidden *hidden, gsize window)
{
  return hidden->data + window * hidden->seqlen * hidden->width;
}

void
spqr_hidden_clear (SpqrHidden *hidden)
{
  if (hidden->data != NULL && hidden->in_file)
    munmap (hidden->data, hidden->n_bytes);
  else
    g_free (hidden->data);
  *hidden = (SpqrHidden) { 0 };
}
