/* spqr-job-row.h: one job in the list of jobs: title, progress, what it does, time left, Cancel. */
#pragma once

#include <gtk/gtk.h>

#include "job/spqr-job.h"

#define SPQR_TYPE_JOB_ROW (spqr_job_row_get_type ())
G_DECLARE_FINAL_TYPE (SpqrJobRow, spqr_job_row, SPQR, JOB_ROW, GtkListBoxRow)

GtkWidget *spqr_job_row_new (SpqrJob *job);
