/* spqr-jobs-button.h: the jobs in the header bar: how many, how far, the list of them, and the runs of earlier
 * days that can be gone on with. */
#pragma once

#include <gtk/gtk.h>

#include "job/spqr-job-queue.h"
#include "store/spqr-store.h"

#define SPQR_TYPE_JOBS_BUTTON (spqr_jobs_button_get_type ())
G_DECLARE_FINAL_TYPE (SpqrJobsButton, spqr_jobs_button, SPQR, JOBS_BUTTON, GtkWidget)

/* Once. store NULL: no history. The window's action "win.go-on" (int64: a run) goes on with one. */
void spqr_jobs_button_set_queue (SpqrJobsButton *self, SpqrJobQueue *queue, SpqrStore *store);
/* Another history of runs. */
void spqr_jobs_button_set_store (SpqrJobsButton *self, SpqrStore *store);
/* Opens its list. */
void spqr_jobs_button_show (SpqrJobsButton *self);
