#include "window/spqr-loop-probe.h"

#include <glib/gstdio.h>

#define TICK_MS 4
#define FRAME_US 16000

static FILE *probe_file;
static gint64 last_tick;

static gboolean
tick (gpointer user_data)
{
  gint64 now = g_get_monotonic_time (), pause = now - last_tick - TICK_MS * 1000;

  if (pause > FRAME_US)
    {
      char when[G_ASCII_DTOSTR_BUF_SIZE], length[G_ASCII_DTOSTR_BUF_SIZE];

      fprintf (probe_file, "%s %s\n", g_ascii_formatd (when, sizeof when, "%.6f", last_tick / 1e6),
               g_ascii_formatd (length, sizeof length, "%.6f", pause / 1e6));
      fflush (probe_file);
    }
  last_tick = g_get_monotonic_time ();
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
