/* spqr-progress.h: how long work tells where it is. */
#pragma once

/* fraction 0…1, never falling; what: one short line in the user's language, borrowed for the call.
 * Called from the thread that does the work, at most some dozens of times a second. */
typedef void (*SpqrProgressFunc) (double fraction, const char *what, void *user_data);
