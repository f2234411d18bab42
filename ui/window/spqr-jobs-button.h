/* spqr-jobs-button.h: the jobs in the header bar: how many, how far, and the list of them. */
#pragma once

#include <gtk/gtk.h>

#include "job/spqr-job-queue.h"

#define SPQR_TYPE_JOBS_BUTTON (spqr_jobs_button_get_type ())
G_DECLARE_FINAL_TYPE (SpqrJobsButton, spqr_jobs_button, SPQR, JOBS_BUTTON, GtkWidget)

void spqr_jobs_button_set_queue (SpqrJobsButton *self, SpqrJobQueue *queue);
