/* spqr-reserve.h: some space on a disk, held for the moment when there is none.
 *
 * What ends badly for want of space still has to be written down: that takes space as well. */
#pragma once

#include <glib.h>

typedef struct { int fd; } SpqrReserve;

#define SPQR_RESERVE_NONE { -1 }

/* Takes `bytes` in a file in `folder` that nobody sees and that vanishes with the process. Without space or
 * permission there is just no reserve. */
void     spqr_reserve_hold (SpqrReserve *reserve, const char *folder, gsize bytes);
/* Gives it back to the disk; whether there was any. */
gboolean spqr_reserve_release (SpqrReserve *reserve);
