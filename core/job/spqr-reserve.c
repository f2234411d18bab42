#include "job/spqr-reserve.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

void
spqr_reserve_hold (SpqrReserve *reserve, const char *folder, gsize bytes)
{
  g_autofree char *path = g_build_filename (folder, ".spqr-reserve-XXXXXX", NULL);

  reserve->fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);
  if (reserve->fd < 0)
    return;
  g_unlink (path);
  if (posix_fallocate (reserve->fd, 0, (off_t) bytes) != 0)
    spqr_reserve_release (reserve);
}

gboolean
spqr_reserve_release (SpqrReserve *reserve)
{
  gboolean held = reserve->fd >= 0;

  if (held)
    close (reserve->fd);
  reserve->fd = -1;
  return held;
}
