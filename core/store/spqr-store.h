/* spqr-store.h: runs, their layers, evaluations and exports, in SQLite.
 *
 * WAL, foreign keys, PRAGMA user_version with one migration a step, a backup beside the file before
 * migrating; a database of a newer version is refused untouched. Thread-safe: one connection behind
 * a lock; every call is one transaction. Artifacts (one file a layer) lie in the run's folder.
 *
 * A call may wait for the disk, and up to some seconds for another process that writes: not for a
 * thread that draws. Strings must be valid UTF-8 (SPQR_STORE_ERROR_INVALID names the field).
 * A figure that is NAN is NULL in the database and the other way round; INFINITY stays INFINITY. */
#pragma once

#include <gio/gio.h>

#define SPQR_STORE_ERROR (spqr_store_error_quark ())
GQuark spqr_store_error_quark (void);
typedef enum { SPQR_STORE_ERROR_NEWER, SPQR_STORE_ERROR_CORRUPT, SPQR_STORE_ERROR_PERMISSION, SPQR_STORE_ERROR_NO_SPACE,
               SPQR_STORE_ERROR_NOT_FOUND, SPQR_STORE_ERROR_BUSY, SPQR_STORE_ERROR_FAILED,
               SPQR_STORE_ERROR_INVALID /* a value that cannot be stored */ } SpqrStoreError;

#define SPQR_TYPE_STORE (spqr_store_get_type ())
G_DECLARE_FINAL_TYPE (SpqrStore, spqr_store, SPQR, STORE, GObject)

typedef enum { SPQR_RUN_RUNNING, SPQR_RUN_FINISHED, SPQR_RUN_CANCELLED, SPQR_RUN_FAILED, SPQR_RUN_INTERRUPTED } SpqrRunState;
const char *spqr_run_state_name (SpqrRunState state);    /* "finished", … stable */

/* path NULL: spqr-studio/studio.db in the user's data folder, which is created when missing. Another
 * path's folder must exist (SPQR_STORE_ERROR_NOT_FOUND), the file itself is created when missing. */
SpqrStore *spqr_store_open (const char *path, GError **error);
const char *spqr_store_get_path (SpqrStore *self);        /* absolute, symbolic links resolved */

/* ---- runs. SpqrRun is a snapshot (GObject for lists); figures that are not known are NAN. ---- */
#define SPQR_TYPE_RUN_STATE (spqr_run_state_get_type ())
GType spqr_run_state_get_type (void);
#define SPQR_TYPE_RUN (spqr_run_get_type ())
G_DECLARE_FINAL_TYPE (SpqrRun, spqr_run, SPQR, RUN, GObject)
/* Readable, notifying GObject properties of the same names exist for binding in lists. Code that
 * writes a field itself calls g_object_notify(); spqr_run_update() and the store do so. */
struct _SpqrRun {
  GObject parent_instance;
  gint64 id;
  SpqrRunState state;
  char *model_path, *model_name, *model_fingerprint, *architecture;
  char *calibration, *calibration_fingerprint;     /* as given; NULL for RTN */
  int nsamples, seqlen;
  gint64 seed;
  char *params_json;             /* the whole parameter set or recipe */
  /* the same as columns, for sorting and filtering */
  char *method; int wbits, groupsize, qq_scale_bits, qq_zero_bits, qq_groupsize;
  double outlier_threshold, percdamp; char *permutation_order;
  char *backend, *version, *folder, *note, *error;
  gint64 created, finished;      /* unix seconds; 0: not yet */
  double seconds, bits_formula, bits_stored, outlier_share, mean_proxy_loss;
  double ppl_base, ppl;          /* of the latest evaluation, for the table */
  char *ppl_data;
  guint n_layers_done, n_layers;
  char **tags;                   /* sorted; NULL: none */
};

typedef struct {
  char *name, *role, *file, *backend, *note;    /* file: base name of the artifact in the run's folder */
  int block; gint64 rows, cols;
  double bits, bits_stored, outlier_share, proxy_loss, output_error, mse, seconds, percdamp_used;
  gint64 n_outliers;
} SpqrRunLayer;

/* Perplexity on a text, or a zero-shot task: then task and scoring are set, windows is the number of
 * documents, and ppl is NAN but for tasks that have one (lambada); it is never a run's perplexity in the list of runs. */
typedef struct {
  gint64 id, run_id, created;
  char *data, *data_fingerprint, *tokenizer_fingerprint, *protocol;
  int seqlen; gint64 windows, tokens;
  double nll, ppl, ppl_stderr, ppl_base, kl, top1_agreement, seconds, kl_stderr;
  char *task, *scoring;          /* "piqa", "harness-2023"; NULL */
  char *backend;                 /* id of the device that computed; NULL: not known */
  double acc, acc_stderr, acc_norm, acc_norm_stderr;
} SpqrRunEval;

typedef struct { gint64 id, run_id, created; char *format, *path; gboolean verified; double max_abs_diff; } SpqrRunExport;

/* Of that run, now; all figures NAN. */
SpqrRunEval *spqr_run_eval_new (gint64 run_id);
void spqr_run_layer_free (SpqrRunLayer *layer);
void spqr_run_eval_free (SpqrRunEval *eval);
void spqr_run_export_free (SpqrRunExport *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrRunLayer, spqr_run_layer_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrRunEval, spqr_run_eval_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrRunExport, spqr_run_export_free)

SpqrRun *spqr_run_new (void);    /* all figures NAN, state RUNNING */
/* Copies what differs in `from` and notifies just those properties: refreshes a list in place. */
void     spqr_run_update (SpqrRun *self, const SpqrRun *from);

/* Inserts run with state RUNNING, owned by this process. Sets its id and state; created and version
 * where they are 0 and NULL. folder is kept relative to the database where it lies beside it, so
 * that both can be moved together. ppl_base, ppl, ppl_data, n_layers_done and tags are not stored
 * from here: they come from evaluations, layers and tags. */
gboolean spqr_store_begin_run (SpqrStore *self, SpqrRun *run, GError **error);
/* One finished layer. A name that the run already has is replaced and keeps its place. */
gboolean spqr_store_add_layer (SpqrStore *self, gint64 run_id, const SpqrRunLayer *layer, GError **error);
/* Sets state (not RUNNING), finished (now where it is 0), error, and those totals that are given in
 * run: seconds, bits, outlier share and loss unless NAN, backend unless NULL, n_layers unless 0. */
gboolean spqr_store_finish_run (SpqrStore *self, SpqrRun *run, GError **error);
/* A run that was made elsewhere, with its layers (SpqrRunLayer), all at once or not at all: state (not RUNNING), created,
 * finished and figures are those of run; its id is set. SPQR_STORE_ERROR_FAILED names the run that has the folder. */
gboolean spqr_store_import_run (SpqrStore *self, SpqrRun *run, GPtrArray *layers, GError **error);
/* Back to RUNNING, owned by this process, error cleared: a resumed run. SPQR_STORE_ERROR_BUSY while
 * another live process runs it. */
gboolean spqr_store_reopen_run (SpqrStore *self, gint64 run_id, GError **error);
/* Sets the id, and created where it is 0. */
gboolean spqr_store_add_eval (SpqrStore *self, SpqrRunEval *eval, GError **error);
gboolean spqr_store_add_export (SpqrStore *self, SpqrRunExport *record, GError **error);
gboolean spqr_store_set_note (SpqrStore *self, gint64 run_id, const char *note, GError **error);
/* Replaces the run's tags; NULL or empty: none. No empty tag, no control characters. */
gboolean spqr_store_set_tags (SpqrStore *self, gint64 run_id, const char * const *tags, GError **error);
/* Removes the rows; with files also the run's folder, which must lie in <db-dir>/runs and belong to
 * this run alone: else nothing is removed at all. A missing folder is no error, a run that a live
 * process is running is (SPQR_STORE_ERROR_BUSY). */
gboolean spqr_store_remove_run (SpqrStore *self, gint64 run_id, gboolean with_files, GError **error);
/* Runs still RUNNING whose process is gone become INTERRUPTED. Called on open. */
gboolean spqr_store_mark_interrupted (SpqrStore *self, GError **error);

SpqrRun   *spqr_store_get_run (SpqrStore *self, gint64 run_id, GError **error);      /* full reference */
GPtrArray *spqr_store_list_runs (SpqrStore *self, GError **error);                   /* SpqrRun, newest first */

/* ---- lists of any length: ids first, then rows as they are looked at ---- */
typedef enum {
  SPQR_RUN_ORDER_ID, SPQR_RUN_ORDER_MODEL, SPQR_RUN_ORDER_METHOD, SPQR_RUN_ORDER_BITS, SPQR_RUN_ORDER_STORED, SPQR_RUN_ORDER_OUTLIERS,
  SPQR_RUN_ORDER_BASE, SPQR_RUN_ORDER_PPL, SPQR_RUN_ORDER_RISE, SPQR_RUN_ORDER_SECONDS, SPQR_RUN_ORDER_CREATED, SPQR_RUN_ORDER_STATE,
  SPQR_RUN_ORDER_NOTE, SPQR_N_RUN_ORDERS
} SpqrRunOrder;

/* words, all of which must hold, in any letter case; NULL: every run.
 *   a word                   somewhere in model, method, state, note, tags or calibration text
 *   tag:w4 model:x state:failed method:gptq note:x text:x      there
 *   bits<3.5 ppl<=6 rise<1 outliers>0.5 kl<0.01 seconds>60 stored before wbits groupsize threshold run
 *                            figures; rise and outliers in percent */
typedef struct { const char *words; SpqrRunOrder order; gboolean descending; } SpqrRunQuery;

/* The ids (gint64) in that order; what is not known stands last, equals newest first. Perplexities are in order
 * among those of one model that were measured in one way, and these follow each other. */
GArray    *spqr_store_query_runs (SpqrStore *self, const SpqrRunQuery *query, GError **error);
/* The rows of these ids in their order, SpqrRun; those that are gone are left out. */
GPtrArray *spqr_store_get_runs (SpqrStore *self, const gint64 *ids, gsize n, GError **error);

/* A finished run as something to draw: its figures and one evaluation; the newest of each protocol (token
 * ids, window) is a point of its own, a run without any is one with NANs. bytes: of its stored layers,
 * where they are asked for: every layer of every run is read for them. */
typedef struct {
  gint64 run_id;
  char *model_name, *model_fingerprint, *method;
  double bits_formula, bits_stored, outlier_share, mean_proxy_loss, seconds, bytes;
  char *data, *data_fingerprint, *tokenizer_fingerprint, *protocol;
  int seqlen; gint64 windows;
  double ppl, ppl_base, kl;
} SpqrRunPoint;
void spqr_run_point_free (SpqrRunPoint *point);
GPtrArray *spqr_store_list_points (SpqrStore *self, gboolean with_bytes, GError **error);    /* SpqrRunPoint, by run */

GPtrArray *spqr_store_list_layers (SpqrStore *self, gint64 run_id, GError **error);  /* SpqrRunLayer, in order */
GPtrArray *spqr_store_list_evals (SpqrStore *self, gint64 run_id, GError **error);   /* SpqrRunEval, oldest first */
GPtrArray *spqr_store_list_exports (SpqrStore *self, gint64 run_id, GError **error);
/* A new, empty folder for a run's artifacts, beside the database: <db-dir>/runs/<unique>. g_free(). */
char      *spqr_store_make_run_folder (SpqrStore *self, GError **error);

/* ---- what evaluations that are under way have measured, so that a later sitting goes on with it.
 * subject names all that the figures depend on, model, text and protocol; items count from 0: windows,
 * or the choices of a task. ---- */
typedef struct { double nll, base_nll, kl; gint64 agreed; } SpqrMeasured;

/* Adds n items from first on; no signal: nothing that a list shows has changed. */
gboolean  spqr_store_add_measured (SpqrStore *self, const char *subject, gsize first, const SpqrMeasured *items, gsize n,
                                   GError **error);
/* Fills items from 0 on with what is there, up to the first that is missing or to n; *known is how many. */
gboolean  spqr_store_get_measured (SpqrStore *self, const char *subject, SpqrMeasured *items, gsize n, gsize *known,
                                   GError **error);
/* That of subject, once its evaluation is done, and whatever has lain for 30 days. */
gboolean  spqr_store_forget_measured (SpqrStore *self, const char *subject, GError **error);

/* ---- jobs that wait in a program's queue: what is left of them when it has gone is offered by the next ---- */
typedef struct { gint64 id; char *title, *request; } SpqrWaitingJob;
void       spqr_waiting_job_free (SpqrWaitingJob *job);

/* Of this process: these (SpqrWaitingJob, their ids do not count), in this order, in place of what it had before; no signal. */
gboolean   spqr_store_keep_waiting (SpqrStore *self, GPtrArray *jobs, GError **error);
/* SpqrWaitingJob of processes that are gone, in the order in which they would have been done. */
GPtrArray *spqr_store_list_waiting (SpqrStore *self, GError **error);
/* Out of that list: NOT_FOUND where somebody else has taken it. */
gboolean   spqr_store_take_waiting (SpqrStore *self, gint64 id, GError **error);

/* Has another program (another window, `spqr`) written since the last call? Then signal "changed", which tells of one's own
 * writing alone; also with the first call. Blocking, any thread. */
gboolean spqr_store_look_around (SpqrStore *self, GError **error);

/* signal "changed" (main context of the thread that opened the store, coalesced in idle): something was written. */
