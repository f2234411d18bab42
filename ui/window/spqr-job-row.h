/* spqr-job-row.h: one job in the list of jobs: title, progress, what it does and where, time left; pause, cancel,
 * and while it waits, earlier and later. */
#pragma once

#include <gtk/gtk.h>

#include "job/spqr-job-queue.h"

#define SPQR_TYPE_JOB_ROW (spqr_job_row_get_type ())
G_DECLARE_FINAL_TYPE (SpqrJobRow, spqr_job_row, SPQR, JOB_ROW, GtkListBoxRow)

GtkWidget *spqr_job_row_new (SpqrJob *job, SpqrJobQueue *queue);
SpqrJob   *spqr_job_row_get_job (SpqrJobRow *self);
/* Others began, ended or moved: may this one still be moved? */
void       spqr_job_row_update_order (SpqrJobRow *self);
/* Gives the keyboard to the button that moves it that way, or the other one where it cannot go further. */
void       spqr_job_row_focus_move (SpqrJobRow *self, gboolean earlier);

/* Signal "moved" (boolean earlier): a person moved it; its row is another one by now. */
