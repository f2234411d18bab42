/* spqr-priority.h: threads that compute step behind the one that serves a window. */
#pragma once

/* The calling thread, and the threads that it starts from now on, leave a busy processor to threads of ordinary
 * priority (nice 5: about a third of an even share). Where a thread has no priority of its own: nothing. */
void spqr_priority_step_back (void);
