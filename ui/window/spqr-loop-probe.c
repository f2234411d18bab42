#include "window/spqr-loop-probe.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 4
#define FRAME_US 16000

static FILE *probe_file;
static int schedule_file = -1;
static gint64 last_tick, last_busy, last_queued;

/* Processor time of this thread, in µs: tells a pause that we made from one in which others had the processor. */
static gint64
busy_time (void)
{
  struct timespec spent;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &spent);
  return (gint64)spent.tv_sec * G_USEC_PER_SEC + spent.tv_nsec / 1000;
}

/* Time in µs for which this thread could have run and others had the processor; 0 where the system does not count it. */
static gint64
queued_time (void)
{
  char text[96];
  gssize length = schedule_file < 0 ? -1 : pread (schedule_file, text, sizeof text - 1, 0);
  const char *second;

  if (length <= 0)
    return 0;
  text[length] = '\0';
  second = strchr (text, ' ');
  return second == NULL ? 0 : (gint64)(g_ascii_strtoull (second, NULL, 10) / 1000);
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
      write_seconds (busy_time () - last_busy, ' ');
      write_seconds (queued_time () - last_queued, '\n');
      fflush (probe_file);
    }
  last_tick = g_get_monotonic_time ();
  last_busy = busy_time ();
  last_queued = queued_time ();
  return G_SOURCE_CONTINUE;
}

void
spqr_loop_probe_start (void)
{
  const char *path = g_getenv ("SPQR_LOOP_PROBE");

  if (path == NULL || probe_file != NULL || (probe_file = g_fopen (path, "ae")) == NULL)
    return;
  schedule_file = g_open ("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC, 0);
  last_tick = g_get_monotonic_time ();
  /* Before everything else, so that a tick tells of what kept the loop, not of what else is waiting. */
  g_timeout_add_full (G_PRIORITY_HIGH, TICK_MS, tick, NULL, NULL);
}
