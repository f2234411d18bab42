/* spqr-priority.c: a window's main thread works for some milliseconds a frame and sleeps otherwise. With as many
 * threads computing as there are processors it would get half a processor for them, and every frame would take twice
 * as long; behind it, the others lose next to nothing, because it sleeps most of the time. */
#include "compute/spqr-priority.h"

#ifdef __linux__
#include <sys/resource.h>
#include <unistd.h>
#endif

#define NICE_BEHIND_WINDOW 5

void
spqr_priority_step_back (void)
{
#ifdef __linux__
  /* On Linux PRIO_PROCESS with a thread's id means that thread alone. Refused: then nothing has changed. */
  int present = getpriority (PRIO_PROCESS, (id_t) gettid ());

  if (present < NICE_BEHIND_WINDOW)
    (void) setpriority (PRIO_PROCESS, (id_t) gettid (), NICE_BEHIND_WINDOW);
#endif
}
