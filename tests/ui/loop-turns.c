#include "loop-turns.h"

#include <time.h>

#define FRAME_MS 16

static LoopTurns turns;
static double worked_before, clock_before;
static gboolean measuring;

static double
milliseconds (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return 1e3 * (double) now.tv_sec + now.tv_nsec / 1e6;
}

static void
end_turn (void)
{
  double work = milliseconds (CLOCK_THREAD_CPUTIME_ID) - worked_before, pause = milliseconds (CLOCK_MONOTONIC) - clock_before;

  turns.n++;
  turns.above += work > FRAME_MS;
  turns.work += work;
  turns.second = MAX (turns.second, MIN (work, turns.most));
  turns.most = MAX (turns.most, work);
  turns.pause = MAX (turns.pause, pause);
}

/* In place of poll(): a turn of the loop lies between two of these. */
static int
poll_between_turns (GPollFD *fds, guint n, int timeout)
{
  int answer;

  if (measuring)
    end_turn ();
  answer = g_poll (fds, n, timeout);
  worked_before = milliseconds (CLOCK_THREAD_CPUTIME_ID);
  clock_before = milliseconds (CLOCK_MONOTONIC);
  measuring = TRUE;
  return answer;
}

void
loop_turns_start (void)
{
  g_main_context_set_poll_func (NULL, poll_between_turns);
}

LoopTurns
loop_turns_take (void)
{
  LoopTurns taken = turns;

  turns = (LoopTurns) { 0 };
  return taken;
}
