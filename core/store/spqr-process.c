/* spqr-process.c: a process is its number, its start time and the boot it ran under.
 *
 * The number alone is given again; with the start time (field 22 of /proc/PID/stat) it is not,
 * within one boot. Processes of two containers do not see each other: there the other one's run
 * looks abandoned, which costs no data (its own calls go on to work). */
#include "store/spqr-process-private.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static char *
read_boot_id (void)
{
  char *text = NULL;

  if (!g_file_get_contents ("/proc/sys/kernel/random/boot_id", &text, NULL, NULL))
    return NULL;
  return g_strstrip (text);
}

/* Start time and state letter of pid. FALSE when /proc does not show it. */
static gboolean
read_stat (gint64 pid, gint64 *start, char *state)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/stat", pid);
  g_autofree char *text = NULL;
  g_auto (GStrv) fields = NULL;
  const char *after_name;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  /* The name in parentheses may hold blanks and parentheses itself: fields count from the last one. */
  after_name = strrchr (text, ')');
  if (after_name == NULL || after_name[1] != ' ')
    return FALSE;
  fields = g_strsplit (after_name + 2, " ", 21);
  if (g_strv_length (fields) < 20)
    return FALSE;
  *state = fields[0][0];
  *start = g_ascii_strtoll (fields[19], NULL, 10);
  return TRUE;
}

void
_spqr_process_self (SpqrProcess *process)
{
  char state;

  process->pid = getpid ();
  process->boot = read_boot_id ();
  if (!read_stat (process->pid, &process->start, &state))
    process->start = 0;
}

void
_spqr_process_clear (SpqrProcess *process)
{
  g_clear_pointer (&process->boot, g_free);
}

gboolean
_spqr_process_is_self (const SpqrProcess *process)
{
  SpqrProcess self;
  gboolean same;

  _spqr_process_self (&self);
  same = process->pid == self.pid && process->start == self.start && g_strcmp0 (process->boot, self.boot) == 0;
  _spqr_process_clear (&self);
  return same;
}

gboolean
_spqr_process_alive (const SpqrProcess *process)
{
  g_autofree char *boot = read_boot_id ();
  gint64 start;
  char state;

  if (process->pid <= 0 || process->pid > G_MAXINT)
    return FALSE;
  if (process->boot != NULL && boot != NULL && strcmp (process->boot, boot) != 0)
    return FALSE;
  if (read_stat (process->pid, &start, &state))
    return state != 'Z' && state != 'X' && (process->start == 0 || process->start == start);
  /* No /proc, or one that hides other users' processes. */
  return kill ((pid_t) process->pid, 0) == 0 || errno == EPERM;
}
