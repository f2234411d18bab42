/* spqr-waiting-jobs.h: jobs that waited when the program ended the last time, to be started or forgotten; hidden where
 * there are none. */
#pragma once

#include <gtk/gtk.h>

#include "job/spqr-job-queue.h"
#include "store/spqr-store.h"

#define SPQR_TYPE_WAITING_JOBS (spqr_waiting_jobs_get_type ())
G_DECLARE_FINAL_TYPE (SpqrWaitingJobs, spqr_waiting_jobs, SPQR, WAITING_JOBS, GtkWidget)

/* Reads them in the background; says so once, in a toast. */
void spqr_waiting_jobs_set_store (SpqrWaitingJobs *self, SpqrJobQueue *queue, SpqrStore *store);
void spqr_waiting_jobs_read (SpqrWaitingJobs *self);
