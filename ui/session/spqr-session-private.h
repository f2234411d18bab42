/* What the parts of the session share. */
#pragma once

#include "session/spqr-session.h"

struct _SpqrSession {
  GObject parent_instance;

  SpqrJobQueue *jobs;
  SpqrStore *store;
  GError *store_error;
  SpqrRunParams params;
  char *calibration, *evaluation;
  GPtrArray *recipes;              /* of SpqrRecipe or NULL (none): what the recipe was, oldest first */
  guint recipe_at;                 /* the one in force */
  SpqrParams preset;               /* the last that the parameters at hand were */

  SpqrModel *model;
  char *path;                      /* what was asked for last; absolute */
  guint model_serial;              /* of the newest opening; older answers are dropped */
  gboolean opening;

  SpqrTensor *tensor;
  SpqrLab *lab;
  char *lab_problem;               /* why it could not be made */
  guint lab_serial;
  SpqrJob *bench_job;              /* the one that makes the lab, or made it; NULL: none */

  GHashTable *stats;               /* SpqrTensor (borrowed) -> SpqrStats */
  SpqrJob *stats_job;              /* fills them, or filled them; NULL: none */
  GHashTable *figures;             /* SpqrTensor (borrowed) -> SpqrTensorFigures */
  GHashTable *hessians;            /* SpqrTensor (borrowed) -> GBytes of floats, shared by layers with one input */
  GHashTable *calibrated_with;     /* SpqrTensor (borrowed) -> GRefString: the text, in words */
  guint run_serial;                /* of the newest run to be shown */
  gint64 shown_run, pending_run;   /* pending: to be shown once its model is open */
  SpqrRun *pending_settings;       /* the run whose settings are wanted then; NULL: none */
  char *pending_layer;             /* and the layer to be selected with them */
  GPtrArray *pending_calibrations; /* of GVariant: requests of those that waited, to be begun then; NULL: none */
  guint figures_idle;
};

enum { SPQR_SESSION_FIGURES_CHANGED, SPQR_SESSION_PARAMS_CHANGED, SPQR_SESSION_RECIPE_CHANGED, SPQR_SESSION_FAILED, SPQR_SESSION_DONE, SPQR_SESSION_WANTS_TAB, SPQR_SESSION_N_SIGNALS };
extern guint spqr_session_signals[SPQR_SESSION_N_SIGNALS];

/* Tells later, once, that figures changed. */
void               spqr_session_queue_figures_changed (SpqrSession *self);
SpqrTensorFigures *spqr_session_ensure_figures (SpqrSession *self, SpqrTensor *tensor);
void               spqr_session_report_failure (SpqrSession *self, const char *title, const GError *error);
/* When the job finishes, signal "done" tells so with this text, and where its result is to be seen: a page, an absolute
 * path of a folder; NULL: in the runs. */
/* Names what a job computes on. _take_note: as a request's `note`, with the job for its data: from then on
 * the name says that the CPU helps out. In the job's worker. */
void          spqr_session_job_runs_on (SpqrJob *job, SpqrDevice *device);
void          spqr_session_job_take_note (gpointer job, const char *text);
void               spqr_session_announce (SpqrSession *self, SpqrJob *job, const char *text, const char *place);
/* What a job that waits is, in words that a later sitting understands (spqr-session-waiting.h); sinks. */
void               spqr_session_note_request (SpqrJob *job, GVariant *request);
/* Jobs of a request that waited. Kinds: "quantize": model, recipe, calibration, evaluation, device. "resume": run,
 * evaluation. "export": run, dtype, folder. "evaluate": run, data, seqlen, windows, base, kl. "tasks": run, names, data,
 * scoring, limit. "calibrate": model, calibration, params, device, layer or none. NULL: the request lacks something. */
SpqrJob           *spqr_session_restart_quantize (SpqrSession *self, const char *title, GVariant *request);
SpqrJob           *spqr_session_restart_evaluate (SpqrSession *self, GVariant *request);
SpqrJob           *spqr_session_restart_tasks (SpqrSession *self, GVariant *request);
gboolean           spqr_session_restart_calibrate (SpqrSession *self, GVariant *request);
/* What was kept of a job is not understood. */
void               spqr_session_report_strange_job (SpqrSession *self);
/* A model has arrived (or has not): what waited for it. */
void               spqr_session_take_pending_calibrations (SpqrSession *self);
void               spqr_session_take_pending_settings (SpqrSession *self);
void               spqr_session_forget_pending (SpqrSession *self);
/* Another model: its recipe of last time, or none, and no history. */
void               spqr_session_recall_recipe (SpqrSession *self);
/* Takes over a Hessian for a tensor (a new reference) and puts it on the bench. */
void               spqr_session_take_hessian (SpqrSession *self, SpqrTensor *tensor, GBytes *hessian);
/* Queues a job that people see; "failed" tells when it does. */
void               spqr_session_submit_listed (SpqrSession *self, SpqrLane lane, SpqrJob *job);
/* Queues a job as this session's own. */
void               spqr_session_submit (SpqrSession *self, SpqrLane lane, SpqrJob *job);
/* Begins to measure every tensor of the model in the background. */
void               spqr_session_start_stats (SpqrSession *self);
void               spqr_session_start_lab (SpqrSession *self);
/* Runs func(data) in the main context, whatever thread asks. */
void               spqr_session_post (GSourceFunc func, gpointer data, GDestroyNotify destroy);
