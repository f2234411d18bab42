/* spqr-loop-probe.h: how long the main loop does not come round, for tests of a window that must stay live. */
#pragma once

/* With SPQR_LOOP_PROBE=FILE in the environment: from now on every pause of the main loop above a
 * frame's 16 ms is appended to FILE, one line "when pause busy" in seconds: `when` by the monotonic clock,
 * `busy` the processor time that the main thread itself spent in it (the rest it waited for a processor).
 * Without it: nothing at all. Call once, from the main thread. */
void spqr_loop_probe_start (void);
