/* The session's long work: figures of all tensors, quantization, export. */
#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "compute/spqr-pool.h"
#include "export/spqr-export-dense.h"
#include "job/spqr-data.h"
#include "job/spqr-evaluate.h"
#include "job/spqr-preflight.h"
#include "job/spqr-quantize.h"
#include "model/spqr-tensor-stats.h"
#include "session/spqr-session-private.h"
#include "session/spqr-settings.h"
#include "session/spqr-session-recipe.h"

/* ---- where a job computes ---- */

void
spqr_session_job_runs_on (SpqrJob *job, SpqrDevice *device)
{
  g_object_set_data (G_OBJECT (job), "device", device);
  spqr_job_set_device (job, spqr_device_get_name (device));
}

void
spqr_session_job_take_note (gpointer job, const char *text)
{
  SpqrDevice *device = g_object_get_data (G_OBJECT (job), "device");
  g_autofree char *both = g_strdup_printf ("%s → %s", spqr_device_get_name (device),
                                           spqr_device_get_name (spqr_backends_get_cpu ()));

  g_message ("%s", text);
  spqr_job_set_device (job, both);
  spqr_job_add_note (job, text);
}

/* ---- figures without calibration ---- */

typedef struct { SpqrSession *session; SpqrModel *model; } Measuring;
typedef struct { SpqrSession *session; SpqrModel *model; SpqrTensor *tensor; SpqrStats stats; } Measured;

static void
free_measuring (gpointer data)
{
  Measuring *measuring = data;

  g_object_unref (measuring->session);
  g_object_unref (measuring->model);
  g_free (measuring);
}

static void
free_measured (gpointer data)
{
  Measured *measured = data;

  g_object_unref (measured->session);
  g_object_unref (measured->model);
  g_free (measured);
}

static gboolean
take_measured (gpointer data)
{
  Measured *measured = data;

  /* Another model may be open by now; its tensors are others. */
  if (measured->session->stats != NULL && measured->session->model == measured->model)
    {
      g_hash_table_replace (measured->session->stats, measured->tensor, g_memdup2 (&measured->stats, sizeof (SpqrStats)));
      spqr_session_queue_figures_changed (measured->session);
    }
  return G_SOURCE_REMOVE;
}

static bool
should_rest (void *job)
{
  return spqr_job_should_rest (job);
}

/* Waits where a report does; the rest of a large tensor can take seconds. */
static gboolean
rest (gpointer job)
{
  spqr_job_report (0, NULL, job);
  return !g_cancellable_is_cancelled (spqr_job_get_cancellable (job));
}

static gboolean
measure_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Measuring *measuring = data;
  SpqrExec exec = spqr_pool_exec (NULL, should_rest, job);
  guint n = spqr_model_get_n_tensors (measuring->model);

  for (guint i = 0; i < n; i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (measuring->model, i);
      SpqrStats stats;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (spqr_tensor_compute_stats_resting (tensor, &exec, rest, job, &stats))
        {
          Measured *measured = g_new (Measured, 1);
          *measured = (Measured) { g_object_ref (measuring->session), g_object_ref (measuring->model), tensor, stats };
          spqr_session_post (take_measured, measured, free_measured);
        }
      spqr_job_report ((i + 1.0) / n, spqr_tensor_get_name (tensor), job);
    }
  return TRUE;
}

void
spqr_session_start_stats (SpqrSession *self)
{
  Measuring *measuring = g_new (Measuring, 1);
  g_autoptr (SpqrJob) job = NULL;

  *measuring = (Measuring) { g_object_ref (self), g_object_ref (self->model) };
  job = spqr_job_new (_("Measuring the weights"), measure_in_worker, measuring, free_measuring);
  /* The newest wins: another model's figures are not wanted any more. */
  spqr_session_submit (self, SPQR_LANE_BACKGROUND, job);
  g_set_object (&self->stats_job, job);
}

/* ---- jobs that people see ---- */

static void
on_batch_ended (SpqrJob *job, SpqrSession *self)
{
  spqr_session_report_failure (self, spqr_job_get_title (job), spqr_job_get_error (job));
}

static void
on_announced (SpqrJob *job, SpqrSession *self)
{
  if (spqr_job_get_state (job) == SPQR_JOB_FINISHED)
    g_signal_emit (self, spqr_session_signals[SPQR_SESSION_DONE], 0, g_object_get_data (G_OBJECT (job), "done-text"),
                   g_object_get_data (G_OBJECT (job), "done-place"));
}

void
spqr_session_announce (SpqrSession *self, SpqrJob *job, const char *text, const char *place)
{
  g_object_set_data_full (G_OBJECT (job), "done-text", g_strdup (text), g_free);
  g_object_set_data_full (G_OBJECT (job), "done-place", g_strdup (place != NULL ? place : "runs"), g_free);
  g_signal_connect_object (job, "ended", G_CALLBACK (on_announced), self, 0);
}

void
spqr_session_submit_listed (SpqrSession *self, SpqrLane lane, SpqrJob *job)
{
  g_signal_connect_object (job, "ended", G_CALLBACK (on_batch_ended), self, 0);
  spqr_session_submit (self, lane, job);
}

/* ---- quantization ---- */

typedef struct {
  SpqrStore *store;
  SpqrModel *model;
  char *model_path;          /* NULL for a run that is gone on with */
  SpqrRecipe *recipe;
  char *calibration, *evaluation;
  gint64 run_id;             /* of the run that is gone on with; 0: a new one */
  char *folder;              /* its folder, or NULL */
  char *device;              /* the setting of when it was asked for */
  guint64 cache_limit;
  SpqrJob *job;
  GHashTable *told;          /* what its device could not do, each once; made when it is needed */
  double begin, span;        /* of the job's progress */
} Quantizing;

static void
free_quantizing (gpointer data)
{
  Quantizing *q = data;

  g_object_unref (q->store);
  g_clear_object (&q->model);
  g_clear_pointer (&q->recipe, spqr_recipe_unref);
  g_free (q->folder);
  g_free (q->model_path);
  g_free (q->device);
  g_free (q->calibration);
  g_free (q->evaluation);
  g_clear_pointer (&q->told, g_hash_table_unref);
  g_free (q);
}

/* The device does not do what it was asked to: from this layer on for the reasons told, each a sentence. */
static void
take_fall_back (const char *layer, const char *text, gpointer user_data)
{
  Quantizing *q = user_data;
  g_auto (GStrv) reasons = g_strsplit (text, ".; ", -1);

  if (q->told == NULL)
    q->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; reasons[i] != NULL; i++)
    {
      g_autofree char *line = NULL;

      g_strchomp (reasons[i]);
      if (g_str_has_suffix (reasons[i], "."))
        reasons[i][strlen (reasons[i]) - 1] = '\0';
      if (!g_hash_table_add (q->told, g_strdup (reasons[i])))
        continue;
      /* Translators: of the CPU's part in a job: the layer with which it began, and a sentence that says why. */
      line = g_strdup_printf (_("Since %s: %s."), layer, reasons[i]);
      spqr_session_job_take_note (q->job, line);
    }
}

static void
take_evaluation_note (gpointer data, const char *text)
{
  spqr_session_job_take_note (((Quantizing *) data)->job, text);
}

static void
report_part (double fraction, const char *what, gpointer user_data)
{
  Quantizing *q = user_data;

  spqr_job_report (q->begin + fraction * q->span, what, q->job);
}

static gboolean
evaluate_run (Quantizing *q, SpqrRun *run, GCancellable *cancellable, GError **error)
{
  int seqlen = spqr_recipe_get_defaults (q->recipe)->seqlen;
  g_autoptr (SpqrCorpus) corpus = spqr_corpus_load_for_model (q->model, q->evaluation, NULL, TRUE, cancellable, error);
  SpqrEvaluateRequest request = {
    .model = q->model, .corpus = corpus, .with_base = TRUE, .progress = report_part,
    .note = take_evaluation_note, .user_data = q,
    .device = spqr_settings_resolve_device (q->device), .seqlen = seqlen > 0 ? (guint) seqlen : spqr_default_seqlen (q->model) };
  SpqrRunEval *eval;

  if (corpus == NULL)
    return FALSE;
  eval = spqr_evaluate_run (q->store, run, &request, cancellable, error);
  if (eval == NULL)
    return FALSE;
  spqr_run_eval_free (eval);
  return TRUE;
}

static double
get_waited (gpointer user_data)
{
  return spqr_job_get_seconds_parked (((Quantizing *) user_data)->job);
}

static void
report_preflight (const SpqrPreflight *preflight, gpointer user_data)
{
  g_autofree char *text = spqr_preflight_describe (preflight);

  report_part (0, text, user_data);
}

static gboolean
quantize_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Quantizing *q = data;
  g_autoptr (SpqrCalibration) calibration = NULL;
  g_autoptr (SpqrRun) run = NULL;
  g_autoptr (SpqrHessianCache) cache = spqr_hessian_cache_new (NULL, q->cache_limit);
  SpqrQuantizeRequest request = { .model = q->model, .recipe = q->recipe, .folder = q->folder, .cache = cache,
                                  .device = spqr_settings_resolve_device (q->device),
                                  .spread = q->device == NULL || *q->device == '\0', .progress = report_part,
                                  .preflight = report_preflight, .waited = get_waited, .fell_back = take_fall_back, .user_data = q };

  q->job = job;
  spqr_session_job_runs_on (job, request.device);
  q->span = q->evaluation != NULL ? 0.7 : 1;
  if (q->calibration != NULL)
    {
      calibration = spqr_calibration_load (q->model, q->calibration, NULL, spqr_recipe_get_defaults (q->recipe), cancellable,
                                           error);
      if (calibration == NULL)
        return FALSE;
    }
  request.calibration = calibration;
  run = spqr_quantize (q->store, &request, cancellable, error);
  if (run == NULL || q->evaluation == NULL)
    return run != NULL;
  q->begin = q->span;
  q->span = 1 - q->begin;
  return evaluate_run (q, run, cancellable, error);
}

/* What is needed to begin it in another sitting. */
static GVariant *
request_of_quantizing (const Quantizing *q)
{
  g_autofree char *recipe = spqr_recipe_to_json (q->recipe);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "kind", "s", "quantize");
  g_variant_dict_insert (&dict, "model", "^ay", q->model_path);
  g_variant_dict_insert (&dict, "recipe", "s", recipe);
  g_variant_dict_insert (&dict, "device", "s", q->device);
  if (q->calibration != NULL)
    g_variant_dict_insert (&dict, "calibration", "^ay", q->calibration);
  if (q->evaluation != NULL)
    g_variant_dict_insert (&dict, "evaluation", "^ay", q->evaluation);
  return g_variant_dict_end (&dict);
}

SpqrJob *
spqr_session_quantize (SpqrSession *self, const char *evaluation)
{
  g_autoptr (SpqrJob) job = NULL;
  g_autofree char *title = NULL;
  g_autofree char *done = NULL;
  SpqrRecipeBudget budget;
  Quantizing *q;

  g_return_val_if_fail (SPQR_IS_SESSION (self) && self->model != NULL && self->store != NULL, NULL);

  q = g_new0 (Quantizing, 1);
  q->store = g_object_ref (self->store);
  q->device = g_strdup (spqr_settings_get_string (spqr_settings_get_default (), "device"));
  q->cache_limit = spqr_settings_get_cache_limit (spqr_settings_get_default ());
  q->model = g_object_ref (self->model);
  q->recipe = spqr_session_make_recipe (self, &self->params);
  spqr_recipe_sum_up (q->recipe, self->model, &budget);
  q->calibration = budget.calibration ? g_strdup (self->calibration) : NULL;
  q->evaluation = g_strdup (evaluation);
  q->model_path = g_strdup (spqr_model_get_location (self->model));
  title = g_strdup_printf (_("Quantize %s"), spqr_model_get_name (self->model));
  job = spqr_job_new (title, quantize_in_worker, q, free_quantizing);
  spqr_session_note_request (job, request_of_quantizing (q));
  done = g_strdup_printf (_("%s is quantized"), spqr_model_get_name (self->model));
  spqr_session_announce (self, job, done, NULL);
  spqr_session_submit_listed (self, SPQR_LANE_BATCH, job);
  return job;
}

static gboolean
open_and_quantize_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Quantizing *q = data;

  return (q->model = spqr_model_open (q->model_path, error)) != NULL && quantize_in_worker (job, q, cancellable, error);
}

SpqrJob *
spqr_session_restart_quantize (SpqrSession *self, const char *title, GVariant *request)
{
  g_autoptr (SpqrJob) job = NULL;
  g_autofree char *name = NULL, *done = NULL;
  Quantizing *q = g_new0 (Quantizing, 1);
  const char *recipe = NULL;

  g_variant_lookup (request, "model", "^ay", &q->model_path);
  g_variant_lookup (request, "calibration", "^ay", &q->calibration);
  g_variant_lookup (request, "evaluation", "^ay", &q->evaluation);
  g_variant_lookup (request, "device", "s", &q->device);
  g_variant_lookup (request, "recipe", "&s", &recipe);
  q->store = g_object_ref (self->store);
  q->cache_limit = spqr_settings_get_cache_limit (spqr_settings_get_default ());
  q->recipe = recipe != NULL ? spqr_recipe_parse (recipe, NULL) : NULL;
  if (q->model_path == NULL || q->recipe == NULL)
    {
      free_quantizing (q);
      return NULL;
    }
  name = g_path_get_basename (q->model_path);
  done = g_strdup_printf (_("%s is quantized"), name);
  job = spqr_job_new (title, open_and_quantize_in_worker, q, free_quantizing);
  spqr_session_note_request (job, request_of_quantizing (q));
  spqr_session_announce (self, job, done, NULL);
  spqr_session_submit_listed (self, SPQR_LANE_BATCH, job);
  return job;
}

/* The model and the recipe are read where it may take a while. */
static gboolean
resume_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Quantizing *q = data;
  g_autoptr (SpqrRun) run = spqr_store_get_run (q->store, q->run_id, error);

  if (run == NULL || (q->model = spqr_model_open (run->model_path, error)) == NULL ||
      (q->recipe = spqr_recipe_parse (run->params_json, error)) == NULL)
    return FALSE;
  q->folder = g_strdup (run->folder);
  q->calibration = g_strdup (run->calibration);
  return quantize_in_worker (job, q, cancellable, error);
}

SpqrJob *
spqr_session_resume (SpqrSession *self, gint64 run_id)
{
  g_autoptr (SpqrJob) job = NULL;
  g_autofree char *title = NULL;
  g_autofree char *done = NULL;
  Quantizing *q;

  g_return_val_if_fail (SPQR_IS_SESSION (self) && self->store != NULL, NULL);

  q = g_new0 (Quantizing, 1);
  q->store = g_object_ref (self->store);
  q->device = g_strdup (spqr_settings_get_string (spqr_settings_get_default (), "device"));
  q->cache_limit = spqr_settings_get_cache_limit (spqr_settings_get_default ());
  q->run_id = run_id;
  q->evaluation = g_strdup (self->evaluation);
  title = g_strdup_printf (_("Go on with run %" PRId64), run_id);
  job = spqr_job_new (title, resume_in_worker, q, free_quantizing);
  spqr_session_note_request (job, g_variant_new_parsed ("{'kind': <'resume'>, 'run': <%x>}", run_id));
  done = g_strdup_printf (_("Run %" PRId64 " is finished"), run_id);
  spqr_session_announce (self, job, done, NULL);
  spqr_session_submit_listed (self, SPQR_LANE_BATCH, job);
  return job;
}

/* ---- export ---- */

typedef struct { SpqrStore *store; gint64 run_id; SpqrExportDtype dtype; char *folder; } Exporting;

static void
free_exporting (gpointer data)
{
  Exporting *e = data;

  g_object_unref (e->store);
  g_free (e->folder);
  g_free (e);
}

static gboolean
export_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Exporting *e = data;
  g_autoptr (SpqrRun) run = spqr_store_get_run (e->store, e->run_id, error);
  g_autoptr (SpqrArtifacts) artifacts = run != NULL ? spqr_run_open_artifacts (e->store, run, error) : NULL;
  g_autoptr (SpqrModel) model = artifacts != NULL ? spqr_model_open (run->model_path, error) : NULL;
  SpqrExportResult result = { 0 };
  SpqrRunExport record = { .run_id = e->run_id, .created = g_get_real_time () / G_USEC_PER_SEC, .format = (char *) "hf-dense",
                           .path = e->folder };

  if (model == NULL || !spqr_run_check_model (run, model, error) ||
      !spqr_export_hf_dense (model, artifacts, e->dtype, e->folder, spqr_job_report, job, cancellable, &result, error))
    return FALSE;
  record.verified = result.verified;
  record.max_abs_diff = result.max_abs_diff;
  spqr_export_result_clear (&result);
  return spqr_store_add_export (e->store, &record, error);
}

SpqrJob *
spqr_session_export (SpqrSession *self, gint64 run_id, const char *dtype, const char *folder)
{
  g_autoptr (SpqrJob) job = NULL;
  g_autofree char *title = NULL;
  g_autofree char *done = NULL;
  SpqrExportDtype parsed = SPQR_EXPORT_EXACT;
  Exporting *e;

  g_return_val_if_fail (SPQR_IS_SESSION (self) && self->store != NULL, NULL);

  if (dtype != NULL && !spqr_export_dtype_parse (dtype, &parsed, NULL))
    parsed = SPQR_EXPORT_EXACT;
  e = g_new (Exporting, 1);
  *e = (Exporting) { g_object_ref (self->store), run_id, parsed, g_strdup (folder) };
  title = g_strdup_printf (_("Export run %" PRId64), run_id);
  job = spqr_job_new (title, export_in_worker, e, free_exporting);
  spqr_session_note_request (job, g_variant_new_parsed ("{'kind': <'export'>, 'run': <%x>, 'dtype': <%s>, 'folder': <%^ay>}", run_id,
                                                        dtype != NULL ? dtype : "", folder));
  done = g_strdup_printf (_("Run %" PRId64 " is exported and read back"), run_id);
  spqr_session_announce (self, job, done, folder);
  spqr_session_submit_listed (self, SPQR_LANE_EXPORT, job);
  return job;
}
