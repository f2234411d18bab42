/* spqr-process-private.h: who runs a run, told apart from a later process with the same number. */
#pragma once

#include <glib.h>

typedef struct {
  gint64 pid;
  gint64 start;   /* clock ticks after boot, from /proc; 0: not known */
  char *boot;     /* the kernel's boot id; NULL: not known */
} SpqrProcess;

void     _spqr_process_self (SpqrProcess *process);
void     _spqr_process_clear (SpqrProcess *process);
/* FALSE when that very process has ended, also when its number lives on in another one. */
gboolean _spqr_process_alive (const SpqrProcess *process);
gboolean _spqr_process_is_self (const SpqrProcess *process);
