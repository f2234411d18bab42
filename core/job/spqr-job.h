/* spqr-job.h: one piece of long work, as a window sees it.
 *
 * The work itself is a blocking function that runs in a lane's thread. Properties change and signals
 * are emitted only in the main context in which the job was made; progress is coalesced into one
 * notification, ten times a second at most, however often the work reports. A paused job waits in its
 * next report (between two layers, windows or tensors), so that work needs to know nothing of it. */
#pragma once

#include <gio/gio.h>

typedef enum {
  SPQR_JOB_QUEUED,
  SPQR_JOB_RUNNING,
  SPQR_JOB_FINISHED,
  SPQR_JOB_FAILED,
  SPQR_JOB_CANCELLED,
  SPQR_JOB_DISCARDED,      /* a newer one took its place before it began */
} SpqrJobState;

#define SPQR_TYPE_JOB (spqr_job_get_type ())
G_DECLARE_FINAL_TYPE (SpqrJob, spqr_job, SPQR, JOB, GObject)

/* The work. TRUE: done. FALSE with error: failed, or cancelled when the error is
 * G_IO_ERROR_CANCELLED. Runs in a worker thread; job is only good for spqr_job_report() there. */
typedef gboolean (*SpqrJobFunc) (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error);

/* Owns data through destroy, which is called with the last reference, in the main context: an ended job
 * that somebody keeps (the queue's list) keeps its data. */
SpqrJob      *spqr_job_new (const char *title, SpqrJobFunc func, gpointer data, GDestroyNotify destroy);

/* Properties, notified in the main context: title, message (strings), fraction (double), state,
 * seconds-left (double, -1 while unknown), active (boolean: queued or running), paused (boolean: it is
 * to wait), parked (boolean: it does), device (string: what computes; NULL: not told), note (string: what went otherwise than
 * asked for, a line for each; NULL: nothing). */
const char   *spqr_job_get_title (SpqrJob *self);
const char   *spqr_job_get_message (SpqrJob *self);
const char   *spqr_job_get_device (SpqrJob *self);
const char   *spqr_job_get_note (SpqrJob *self);
double        spqr_job_get_fraction (SpqrJob *self);
SpqrJobState  spqr_job_get_state (SpqrJob *self);
double        spqr_job_get_seconds_left (SpqrJob *self);
gboolean      spqr_job_is_active (SpqrJob *self);
const GError *spqr_job_get_error (SpqrJob *self);     /* NULL unless failed */
gpointer      spqr_job_get_data (SpqrJob *self);      /* main thread, once it ended, or for immutable parts */
void          spqr_job_cancel (SpqrJob *self);
/* Holds a running job, or one that will run, at its next report; it keeps its lane. What it waited does not
 * count as time spent. An ended job is left alone. */
void          spqr_job_set_paused (SpqrJob *self, gboolean paused);
gboolean      spqr_job_is_paused (SpqrJob *self);
gboolean      spqr_job_is_parked (SpqrJob *self);

/* From the work's thread, which holds no lock that others need: a paused job waits here. The signature is that of SpqrProgressFunc with the job as user data. */
void          spqr_job_report (double fraction, const char *what, gpointer job);

/* Whether the next report would wait, or the job is cancelled: for work whose steps between two reports are long.
 * From any thread. */
gboolean      spqr_job_should_rest (SpqrJob *self);
/* Seconds for which the work was held so far; from its thread. */
double        spqr_job_get_seconds_parked (SpqrJob *self);
/* What computes, for people; from any thread. */
void          spqr_job_set_device (SpqrJob *self, const char *device);
/* Adds a line to what went otherwise than asked for; from any thread. */
void          spqr_job_add_note (SpqrJob *self, const char *line);

/* Signal "ended" (main context): state is final. */

/* For the queue. */
void          spqr_job_run (SpqrJob *self);                       /* in the lane's thread */
void          spqr_job_discard (SpqrJob *self);
/* Gives up a reference, in the job's main context, so that data is destroyed there. */
void          spqr_job_release (SpqrJob *self);
GCancellable *spqr_job_get_cancellable (SpqrJob *self);
/* Makes running work wait in its reports, as a pause does, but without being shown as one: others are waited
 * for. Any thread. */
void          spqr_job_hold_back (SpqrJob *self, gboolean hold_back);
/* Whether its work waits for that reason now; from any thread. */
gboolean      spqr_job_is_held_back (SpqrJob *self);
