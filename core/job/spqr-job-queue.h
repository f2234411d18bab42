/* spqr-job-queue.h: the lanes in which jobs run.
 *
 * A lane is one thread, first come, first served. In preview and background the newest wins: a newer
 * job takes the place of a waiting one and cancels the running one, of the same owner; each owner has a
 * thread of its own, so that what one page looks at never takes another page's place. All share the worker pool;
 * so that nobody waits for figures that nobody asked for yet, work in background waits in its reports while
 * something runs or waits in preview or interactive. */
#pragma once

#include "job/spqr-job.h"

typedef enum {
  SPQR_LANE_PREVIEW,       /* what is on screen, newest wins */
  SPQR_LANE_INTERACTIVE,   /* opening, reading a layer, its fields */
  SPQR_LANE_BACKGROUND,    /* figures of a whole model, newest wins */
  SPQR_LANE_BATCH,         /* quantization and evaluation */
  SPQR_LANE_EXPORT,
  SPQR_N_LANES
} SpqrLane;

#define SPQR_TYPE_JOB_QUEUE (spqr_job_queue_get_type ())
/* A GListModel of the jobs of BATCH and EXPORT, oldest first, but those that wait in the order in which they
 * will be done; they stay listed until cleared. */
G_DECLARE_FINAL_TYPE (SpqrJobQueue, spqr_job_queue, SPQR, JOB_QUEUE, GObject)

SpqrJobQueue *spqr_job_queue_new (void);
/* Takes a reference to job. Main thread. */
void          spqr_job_queue_submit (SpqrJobQueue *self, SpqrLane lane, SpqrJob *job);
/* For lanes in which the newest wins. owner, a page or a dialog, is only ever compared. */
void          spqr_job_queue_submit_for (SpqrJobQueue *self, SpqrLane lane, gconstpointer owner, SpqrJob *job);
/* Moves a job that waits one place forward or back among those that wait in its lane. FALSE: it does not wait
 * any more, or is first or last already. */
gboolean      spqr_job_queue_can_move (SpqrJobQueue *self, SpqrJob *job, gboolean earlier);
gboolean      spqr_job_queue_move (SpqrJobQueue *self, SpqrJob *job, gboolean earlier);
/* Moves it to the place of another one that waits in the same lane; those between make way. */
gboolean      spqr_job_queue_move_to (SpqrJobQueue *self, SpqrJob *job, SpqrJob *place);
/* Removes ended jobs from the list. */
void          spqr_job_queue_clear_ended (SpqrJobQueue *self);
/* Removes all of them, whatever they are at; they go on, unlisted. */
void          spqr_job_queue_clear (SpqrJobQueue *self);
guint         spqr_job_queue_get_n_active (SpqrJobQueue *self);     /* listed and not ended */
/* Cancels everything and waits for the lanes' threads; nothing can be submitted afterwards. */
void          spqr_job_queue_shutdown (SpqrJobQueue *self);
