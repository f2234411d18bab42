/* spqr-loop-probe.h: how long the main loop does not come round, for tests of a window that must stay live. */
#pragma once

/* With SPQR_LOOP_PROBE=FILE in the environment: from now on every pause of the main loop above a
 * frame's 16 ms is appended to FILE, one line "when pause busy queued" in seconds: `when` by the monotonic
 * clock, `busy` the processor time that the main thread itself spent in it, `queued` the time for which it waited for a
 * processor that others had (0 where the system does not count that). The rest it slept, as for a lock or a file.
 * Without it: nothing at all. Call once, from the main thread. */
void spqr_loop_probe_start (void);
