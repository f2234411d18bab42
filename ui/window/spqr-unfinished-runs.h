/* spqr-unfinished-runs.h: runs that were cancelled, failed or cut short, newest first, each with a button to go on
 * with it. Hidden while there are none. */
#pragma once

#include <gtk/gtk.h>

#include "job/spqr-job-queue.h"
#include "store/spqr-store.h"

#define SPQR_TYPE_UNFINISHED_RUNS (spqr_unfinished_runs_get_type ())
G_DECLARE_FINAL_TYPE (SpqrUnfinishedRuns, spqr_unfinished_runs, SPQR, UNFINISHED_RUNS, GtkWidget)

/* Once. Reads; and where the newest run of all is unfinished, a toast offers it. */
void spqr_unfinished_runs_set_store (SpqrUnfinishedRuns *self, SpqrJobQueue *queue, SpqrStore *store);
/* Reads again, in a worker. */
void spqr_unfinished_runs_read (SpqrUnfinishedRuns *self);
