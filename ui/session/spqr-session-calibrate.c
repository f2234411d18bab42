/* Calibration for the open window: what every layer is sent, and what that tells of its weights. */
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "compute/spqr-cancel.h"
#include "job/spqr-data.h"
#include "net/spqr-net-device.h"
#include "quant/spqr-quant-error.h"
#include "quant/spqr-survey.h"
#include "session/spqr-session-private.h"
#include "session/spqr-settings.h"

/* Hessians of a whole model are kept up to this size; beyond it only those of the selected layer. */
#define KEPT_HESSIAN_BYTES (G_GUINT64_CONSTANT (1) << 30)

typedef struct {
  SpqrSession *session;
  SpqrModel *model;
  SpqrTensor *only;          /* NULL: every layer */
  SpqrRunParams params;
  char *data, *device;       /* device: as the settings have it */
  char *with;                /* GRefString: data in words, once it is read */
  SpqrJob *job;              /* borrowed while it runs */
  SpqrDevice *on;            /* where it computes */
  guint64 kept_bytes, cache_limit;
} Calibrating;

typedef struct { SpqrSession *session; SpqrModel *model; SpqrTensor *tensor; double maximum, mean; GBytes *hessian; char *with; } Calibrated;

static void
free_calibrating (gpointer data)
{
  Calibrating *c = data;

  g_object_unref (c->session);
  g_object_unref (c->model);
  g_clear_object (&c->only);
  g_clear_pointer (&c->with, g_ref_string_release);
  g_free (c->data);
  g_free (c->device);
  g_free (c);
}

static void
free_calibrated (gpointer data)
{
  Calibrated *calibrated = data;

  g_object_unref (calibrated->session);
  g_object_unref (calibrated->model);
  g_clear_pointer (&calibrated->hessian, g_bytes_unref);
  g_clear_pointer (&calibrated->with, g_ref_string_release);
  g_free (calibrated);
}

static gboolean
take_calibrated (gpointer data)
{
  Calibrated *calibrated = data;
  SpqrSession *self = calibrated->session;
  SpqrTensorFigures *figures;

  if (self->figures == NULL || self->model != calibrated->model)
    return G_SOURCE_REMOVE;
  figures = spqr_session_ensure_figures (self, calibrated->tensor);
  figures->sensitivity_max = calibrated->maximum;
  figures->sensitivity_mean = calibrated->mean;
  g_hash_table_replace (self->calibrated_with, calibrated->tensor, g_ref_string_acquire (calibrated->with));
  /* One of another text must not stay. */
  if (calibrated->hessian != NULL)
    spqr_session_take_hessian (self, calibrated->tensor, calibrated->hessian);
  else
    g_hash_table_remove (self->hessians, calibrated->tensor);
  spqr_session_queue_figures_changed (self);
  return G_SOURCE_REMOVE;
}

/* Largest and mean sensitivity of a layer, as the heat map draws it. */
static gboolean
sum_up_sensitivity (SpqrBackendRun *run, const float *w, gsize rows, gsize cols, const float *diagonal, const SpqrParams *params,
                    Calibrated *result)
{
  g_autofree float *field = g_try_new (float, rows * cols);

  if (w == NULL || field == NULL || spqr_backend_run_field_sensitivity (run, w, rows, cols, diagonal, params, field) != SPQR_OK)
    return FALSE;
  result->maximum = result->mean = 0;
  for (gsize i = 0; i < rows * cols; i++)
    {
      result->maximum = MAX (result->maximum, field[i]);
      result->mean += field[i];
    }
  result->mean /= rows * cols;
  return TRUE;
}

static void
post_calibrated (Calibrating *c, SpqrBlock *block, SpqrTensor *tensor, const float *diagonal, GBytes *hessian, SpqrBackendRun *run)
{
  Calibrated *calibrated = g_new0 (Calibrated, 1);
  const float *w = spqr_block_get_matrix (block, tensor);
  g_autofree float *copy = w == NULL ? spqr_tensor_read (tensor, NULL) : NULL;     /* the block is on a device */

  calibrated->session = g_object_ref (c->session);
  calibrated->model = g_object_ref (c->model);
  calibrated->tensor = tensor;
  calibrated->hessian = hessian != NULL ? g_bytes_ref (hessian) : NULL;
  calibrated->with = g_ref_string_acquire (c->with);
  if (sum_up_sensitivity (run, w != NULL ? w : copy, spqr_tensor_get_rows (tensor), spqr_tensor_get_cols (tensor), diagonal,
                          &c->params.layer, calibrated))
    spqr_session_post (take_calibrated, calibrated, free_calibrated);
  else
    free_calibrated (calibrated);
}

/* A copy for as long as there is room; NULL: none is kept. */
static GBytes *
keep_hessian (Calibrating *c, const SpqrHessian *hessian)
{
  gsize bytes = hessian->n * hessian->n * sizeof (float);
  gpointer copy;

  if ((c->only == NULL && c->kept_bytes + bytes > KEPT_HESSIAN_BYTES) || (copy = g_try_malloc (bytes)) == NULL)
    return NULL;
  memcpy (copy, hessian->h, bytes);
  c->kept_bytes += bytes;
  return g_bytes_new_take (copy, bytes);
}

static gboolean
take_input_group (SpqrBlock *block, const SpqrBlockLinear *linears, guint n_linears, const SpqrHessian *hessian,
                  gpointer user_data, GError **error)
{
  Calibrating *c = user_data;
  SpqrExec exec = spqr_exec_for_cancellable (spqr_job_get_cancellable (c->job));
  g_autofree float *diagonal = g_new (float, hessian->n);
  g_autoptr (GBytes) kept = NULL;
  SpqrParams params = c->params.layer;
  SpqrBackendRun run = { .device = c->on, .exec = &exec };
  SpqrFactor factor = { 0 };
  SpqrStatus status;

  /* Only the diagonal of the inverse is wanted: the order does not matter to it. */
  params.permutation_order = SPQR_ORDER_IDENTITY;
  status = spqr_backend_run_factor_compute (&run, hessian->h, NULL, 0, hessian->n, &params, NULL, &factor);
  if (status != SPQR_OK)
    return spqr_quant_set_status (error, status, spqr_tensor_get_name (linears[0].tensor));
  spqr_factor_inverse_diagonal (&factor, diagonal);
  spqr_factor_clear (&factor);
  kept = keep_hessian (c, hessian);
  for (guint i = 0; i < n_linears; i++)
    post_calibrated (c, block, linears[i].tensor, diagonal, kept, &run);
  return TRUE;
}

static void
report_step (double fraction, gpointer user_data)
{
  Calibrating *c = user_data;

  spqr_job_report (fraction, NULL, c->job);
}

/* "calibration.txt, 64 windows of 256 tokens" */
static char *
describe_calibration (const SpqrCalibration *calibration)
{
  g_autofree char *name = g_path_get_basename (calibration->data);
  g_autofree char *text = g_strdup_printf (ngettext ("%s, %zu window of %u tokens", "%s, %zu windows of %u tokens", calibration->n_windows),
                                           name, calibration->n_windows, calibration->seqlen);

  return g_ref_string_new (text);
}

static gboolean
calibrate_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Calibrating *c = data;
  g_autoptr (SpqrCalibration) calibration = NULL;
  g_autoptr (SpqrNet) net = NULL;
  g_autoptr (SpqrHessianCache) cache = spqr_hessian_cache_new (NULL, c->cache_limit);
  SpqrSurvey survey = { .last_block = spqr_model_get_config (c->model)->n_blocks - 1, .only_group = -1,
                        .step = report_step, .step_data = c };

  c->job = job;
  c->on = spqr_settings_resolve_device (c->device);
  spqr_session_job_runs_on (job, c->on);
  spqr_job_report (0, _("Reading the calibration text"), job);
  calibration = spqr_calibration_load (c->model, c->data, NULL, &c->params, cancellable, error);
  if (calibration == NULL || (net = spqr_net_new (c->model, NULL, error)) == NULL)
    return FALSE;
  spqr_net_set_device (net, c->on, spqr_session_job_take_note, job);
  survey.net = net;
  survey.cache = cache;
  survey.model_fingerprint = spqr_model_get_fingerprint (c->model);
  if (c->only != NULL && !spqr_survey_limit_to (&survey, c->only, error))
    return FALSE;
  c->with = describe_calibration (calibration);
  survey.ids = calibration->ids;
  survey.n_windows = calibration->n_windows;
  survey.seqlen = calibration->seqlen;
  spqr_job_report (0, _("Sending the windows through the network"), job);
  return spqr_survey_run (&survey, take_input_group, c, cancellable, error);
}

/* What is needed to begin it in another sitting. */
static GVariant *
request_of_calibrating (const Calibrating *c)
{
  g_autofree char *params = spqr_run_params_to_json (&c->params);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "kind", "s", "calibrate");
  g_variant_dict_insert (&dict, "model", "^ay", spqr_model_get_location (c->model));
  g_variant_dict_insert (&dict, "calibration", "^ay", c->data);
  g_variant_dict_insert (&dict, "params", "s", params);
  g_variant_dict_insert (&dict, "device", "s", c->device);
  if (c->only != NULL)
    g_variant_dict_insert (&dict, "layer", "s", spqr_tensor_get_name (c->only));
  return g_variant_dict_end (&dict);
}

static SpqrJob *
calibrate (SpqrSession *self, SpqrTensor *only, const SpqrRunParams *params, const char *data, const char *device)
{
  const char *name = only != NULL ? spqr_tensor_get_name (only) : spqr_model_get_name (self->model);
  g_autofree char *title = g_strdup_printf (_("Calibrate %s"), name), *done = g_strdup_printf (_("%s is calibrated"), name);
  g_autoptr (SpqrJob) job = NULL;
  Calibrating *c = g_new0 (Calibrating, 1);

  c->session = g_object_ref (self);
  c->model = g_object_ref (self->model);
  g_set_object (&c->only, only);
  c->params = *params;
  c->data = g_strdup (data);
  c->cache_limit = spqr_settings_get_cache_limit (spqr_settings_get_default ());
  c->device = g_strdup (device);
  job = spqr_job_new (title, calibrate_in_worker, c, free_calibrating);
  spqr_session_note_request (job, request_of_calibrating (c));
  spqr_session_announce (self, job, done, only == NULL ? "map" : "layer");
  spqr_session_submit_listed (self, SPQR_LANE_BATCH, job);
  return job;
}

void
spqr_session_calibrate (SpqrSession *self, gboolean whole)
{
  g_return_if_fail (SPQR_IS_SESSION (self) && self->model != NULL && self->calibration != NULL);
  g_return_if_fail (whole || self->tensor != NULL);

  calibrate (self, whole ? NULL : self->tensor, &self->params, self->calibration,
             spqr_settings_get_string (spqr_settings_get_default (), "device"));
}

/* ---- one that waited when the program ended ---- */

/* NULL, with wanted: the model has no such tensor. */
static SpqrTensor *
find_tensor (SpqrModel *model, const char *wanted)
{
  for (guint i = 0; wanted != NULL && i < spqr_model_get_n_tensors (model); i++)
    if (g_str_equal (spqr_tensor_get_name (spqr_model_get_tensor (model, i)), wanted))
      return spqr_model_get_tensor (model, i);
  return NULL;
}

static gboolean
calibrate_as_asked (SpqrSession *self, GVariant *request)
{
  SpqrRunParams params = spqr_run_params_default;
  const char *json = NULL, *data = NULL, *device = "", *layer = NULL;
  SpqrTensor *only;

  g_variant_lookup (request, "device", "&s", &device);
  g_variant_lookup (request, "layer", "&s", &layer);
  only = find_tensor (self->model, layer);
  if (!g_variant_lookup (request, "params", "&s", &json) || !spqr_run_params_from_json (json, &params, NULL) ||
      !g_variant_lookup (request, "calibration", "^&ay", &data) || (layer != NULL && only == NULL))
    return FALSE;
  return calibrate (self, only, &params, data, device) != NULL;
}

void
spqr_session_take_pending_calibrations (SpqrSession *self)
{
  g_autoptr (GPtrArray) requests = g_steal_pointer (&self->pending_calibrations);

  for (guint i = 0; requests != NULL && i < requests->len; i++)
    if (!calibrate_as_asked (self, requests->pdata[i]))
      spqr_session_report_strange_job (self);
}

gboolean
spqr_session_restart_calibrate (SpqrSession *self, GVariant *request)
{
  g_autoptr (SpqrSession) other = NULL;
  const char *path;

  if (!g_variant_lookup (request, "model", "^&ay", &path) || *path == '\0')
    return FALSE;
  /* What it finds belongs to a tab: the one with this model, which may have to be opened first. */
  if (!spqr_session_is_about (self, path))
    g_signal_emit (self, spqr_session_signals[SPQR_SESSION_WANTS_TAB], 0, path, &other);
  if (other != NULL && other != self)
    return spqr_session_restart_calibrate (other, request);
  if (!spqr_session_is_about (self, path))
    spqr_session_open (self, path);
  if (!self->opening && self->model != NULL)
    return calibrate_as_asked (self, request);
  if (self->pending_calibrations == NULL)
    self->pending_calibrations = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  g_ptr_array_add (self->pending_calibrations, g_variant_ref (request));
  return TRUE;
}
