/* loop-turns.h: what each turn of the main loop costs. */
#pragma once

#include <glib.h>

/* What was measured since the last answer, of the turns that have ended; times in milliseconds. */
typedef struct {
  guint n;                   /* turns in which something was done */
  guint above;               /* of them those that the thread worked for longer than a frame, 16 ms */
  double most;               /* processor time of this thread in the longest one */
  double second;             /* in the next one */
  double work;               /* in all of them */
  double pause;              /* by the clock, from the end of one wait to the beginning of the next: others' work, too */
} LoopTurns;

/* From now on the default context's turns are measured: each from when it has waited to when it waits again. What a
 * thread works does not depend on what else the machine does, nearly. Call once, from the main thread. */
void      loop_turns_start (void);
LoopTurns loop_turns_take (void);
