#include "window/spqr-loop-probe.h"

#include <glib/gstdio.h>
#include <time.h>

#define TICK_MS 4
#define FRAME_US 16000

static FILE *probe_file;
static gint64 last_tick, last_busy;

/* Processor time of this thread, in µs: tells a pause that we made from one in which others had the processor. */
static gint64
busy_time (void)
{
  struct timespec spent;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &spent);
  return (gint64)spent.tv_sec * G_USEC_PER_SEC + spent.tv_nsec / 1000;
}

static void
write_seconds (gint64 time_us, char end)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  fprintf (probe_file, "%s%c", g_ascii_formatd (text, sizeof text, "%.6f", time_us / 1e6), end);
}

static gboolean
tick (gpointer user_data)
{
  gint64 now = g_get_monotonic_time (), pause = now - last_tick - TICK_MS * 1000;

  if (pause > FRAME_US)
    {
      write_seconds (last_tick, ' ');
      write_seconds (pause, ' ');
      write_seconds (busy_time () - last_busy, '\n');
      fflush (probe_file);
    }
  last_tick = g_get_monotonic_time ();
  last_busy = busy_time ();
  return G_SOURCE_CONTINUE;
}

void
spqr_loop_probe_start (void)
{
  const char *path = g_getenv ("SPQR_LOOP_PROBE");

  if (path == NULL || probe_file != NULL || (probe_file = g_fopen (path, "ae")) == NULL)
    return;
  last_tick = g_get_monotonic_time ();
  /* Before everything else, so that a tick tells of what kept the loop, not of what else is waiting. */
  g_timeout_add_full (G_PRIORITY_HIGH, TICK_MS, tick, NULL, NULL);
}
