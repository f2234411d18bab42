/* spqr-session.h: what a tab of the window is about: the opened model, the selected tensor, the parameters at
 * hand, the calibration, the figures known so far. The jobs and the database are the program's: the
 * sessions of all tabs share them.
 *
 * Pages bind to it and never to each other. Main thread only; long work goes through the job queue
 * and comes back here. */
#pragma once

#include <gio/gio.h>

#include "job/spqr-job-queue.h"
#include "model/spqr-model.h"
#include "num/spqr-stats.h"
#include "quant/spqr-lab.h"
#include "quant/spqr-param-table.h"
#include "store/spqr-store.h"
#include "text/spqr-tasks.h"

#define SPQR_TYPE_SESSION (spqr_session_get_type ())
G_DECLARE_FINAL_TYPE (SpqrSession, spqr_session, SPQR, SESSION, GObject)

/* database NULL: the user's own. Never fails: a database that cannot be opened leaves the session
 * without one and is reported by spqr_session_get_store_error(). */
SpqrSession  *spqr_session_new (const char *database);
/* Another model's, with the same jobs and the same database. */
SpqrSession  *spqr_session_new_beside (SpqrSession *self);
/* One with the same jobs and another database. NULL: that cannot be opened; the error says why. */
SpqrSession  *spqr_session_new_with_database (SpqrSession *self, const char *database, GError **error);

SpqrJobQueue *spqr_session_get_jobs (SpqrSession *self);
SpqrStore    *spqr_session_get_store (SpqrSession *self);            /* NULL without a database */
const GError *spqr_session_get_store_error (SpqrSession *self);

/* ---- the model: property "model" (SpqrModel), "opening" (boolean) ---- */
/* Opens in the background; the signals are "notify::model" on success or "failed". What was open
 * stays when it fails. */
void          spqr_session_open (SpqrSession *self, const char *path);
SpqrModel    *spqr_session_get_model (SpqrSession *self);            /* borrowed, NULL */
gboolean      spqr_session_is_opening (SpqrSession *self);
/* Is that the model that is open here, or is being opened? By whatever path it is called. */
gboolean      spqr_session_is_about (SpqrSession *self, const char *path);

/* ---- the selection: property "tensor" (SpqrTensor, nullable) ---- */
void          spqr_session_select (SpqrSession *self, SpqrTensor *tensor);
SpqrTensor   *spqr_session_get_tensor (SpqrSession *self);

/* ---- figures of the whole model ---- */
/* Filled in by a background job after opening; NULL while unknown or for tensors without floats.
 * Signal "figures-changed" (coalesced) tells that more are known. */
const SpqrStats *spqr_session_get_stats (SpqrSession *self, SpqrTensor *tensor);

/* What calibration and runs add to a tensor. Figures that are not known are NAN. */
typedef struct {
  double sensitivity_max, sensitivity_mean;   /* calibrated s_ij; NAN before calibration */
  double output_error, outlier_share, bits;   /* of the run shown on the map; NAN without one */
} SpqrTensorFigures;
const SpqrTensorFigures *spqr_session_get_figures (SpqrSession *self, SpqrTensor *tensor);   /* NULL: none */
/* Shows a stored run's per-layer figures on the map (0: none), once they are read: "notify::shown-run". */
void          spqr_session_show_run (SpqrSession *self, gint64 run_id);
gint64        spqr_session_get_shown_run (SpqrSession *self);

/* Takes a run's parameters, its recipe's rules and its calibration text as those at hand, once the model that is being
 * opened is there; layer (nullable) is selected then. */
void          spqr_session_use_run (SpqrSession *self, SpqrRun *run, const char *layer);
/* Out of the history, with files also its stored layers; "failed" when it cannot. */
void          spqr_session_remove_run (SpqrSession *self, gint64 run_id, gboolean with_files);
/* Takes the run that lies in a folder into the history; "done" or "failed" tells how it went. */
void          spqr_session_import_run (SpqrSession *self, const char *folder);

/* What a person writes about a run; the store's "changed" tells when it is kept, "failed" when it cannot. */
void          spqr_session_set_note (SpqrSession *self, gint64 run_id, const char *note);
void          spqr_session_set_tags (SpqrSession *self, gint64 run_id, const char *const *tags);

/* ---- parameters at hand: signal "params-changed" ---- */
const SpqrRunParams *spqr_session_get_params (SpqrSession *self);
void          spqr_session_set_params (SpqrSession *self, const SpqrRunParams *params);

/* ---- calibration data: property "calibration" (string, a DATA as the command line takes it) ---- */
const char   *spqr_session_get_calibration (SpqrSession *self);      /* NULL: none chosen */
void          spqr_session_set_calibration (SpqrSession *self, const char *data);
/* The evaluation text that goes with it, or NULL. */
const char   *spqr_session_get_evaluation (SpqrSession *self);
void          spqr_session_set_evaluation (SpqrSession *self, const char *data);

/* ---- the layer at hand ---- */
/* Beyond so many weights their f32 copy, a field and its pyramid do not fit beside each other. */
#define SPQR_SESSION_MOST_WEIGHTS (G_GUINT64_CONSTANT (1) << 28)
/* Numbers, at least one, and not too many: only such tensors get a bench. */
gboolean      spqr_session_has_bench (SpqrTensor *tensor);
/* The bench of the selected tensor, made in the background: NULL until "notify::lab". It has a
 * Hessian once one is known (property "lab" notifies again when that happens). */
SpqrLab      *spqr_session_get_lab (SpqrSession *self);
/* Why there is none although there should be ("notify::lab" tells that, too), or NULL. */
const char   *spqr_session_get_lab_problem (SpqrSession *self);
/* The text that a tensor was calibrated with and how much of it, in words; NULL: not calibrated. */
const char   *spqr_session_get_calibrated_with (SpqrSession *self, SpqrTensor *tensor);
/* Calibrates the selected tensor's layer (or, whole = TRUE, every layer: figures of the map and all
 * Hessians that fit into memory) as a batch job. */
void          spqr_session_calibrate (SpqrSession *self, gboolean whole);

/* Starts the quantization of the model with params as a batch job, evaluated on `evaluation` (nullable)
 * before and after; the run then is in the database. */
SpqrJob      *spqr_session_quantize (SpqrSession *self, const char *evaluation);
/* Goes on with a run that was cancelled, failed or interrupted, from its last finished layer. */
SpqrJob      *spqr_session_resume (SpqrSession *self, gint64 run_id);
/* Exports a run as a Hugging Face folder, as an export job. */
SpqrJob      *spqr_session_export (SpqrSession *self, gint64 run_id, const char *dtype, const char *folder);

/* How a stored run is measured. */
typedef struct {
  guint seqlen;              /* tokens of a window; 0: 2048, or the model's context when that is shorter */
  gsize max_windows;         /* 0: all */
  gboolean with_base;        /* also the unquantized model's perplexity */
  gboolean with_kl;          /* also KL divergence and top-1 agreement against it */
} SpqrEvaluateChoices;
/* Measures a finished run on data, as a batch job; the evaluation then is in the database. */
SpqrJob      *spqr_session_evaluate (SpqrSession *self, SpqrRun *run, const char *data, const SpqrEvaluateChoices *choices);
/* Which zero-shot tasks. */
typedef struct {
  const char * const *names; /* of spqr_task_list(), NULL-terminated */
  const char *data;          /* folder of the documents; NULL: the user's data folder */
  SpqrScoring scoring;
  gsize limit;               /* documents of each; 0: all */
} SpqrTaskChoices;
/* Puts the tasks to a finished run, as a batch job; each one's accuracy then is in the database. */
SpqrJob      *spqr_session_evaluate_tasks (SpqrSession *self, SpqrRun *run, const SpqrTaskChoices *choices);
/* The folder that tasks were taken from last; NULL: none yet. */
const char   *spqr_session_get_task_data (SpqrSession *self);

/* Listed jobs that this session started and that have not ended. */
guint         spqr_session_get_n_active (SpqrSession *self);
/* The tab is closed: cancels what was begun for it, without waiting; the jobs of other sessions go on. */
void          spqr_session_close (SpqrSession *self);
/* Cancels all jobs, of whatever session, and joins them. */
void          spqr_session_shutdown (SpqrSession *self);

/* Signal "done" (char *text, char *place): long work that leaves something behind has finished; place is
 * where it is to be seen: a page ("map", "layer", "runs"), or the absolute path of a folder. */
/* Signal "wants-tab" (char *path) -> SpqrSession (full): the session of the tab that has this model, or is opening it from now
 * on. Nobody answers: this session opens it. */
/* Signal "failed" (char *title, char *message): for a message that does not lose the session. */
