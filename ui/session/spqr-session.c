#include "session/spqr-model-memory.h"
#include "session/spqr-session-private.h"
#include "session/spqr-settings.h"

#include <glib/gi18n.h>
#include <math.h>

enum { PROP_0, PROP_MODEL, PROP_OPENING, PROP_TENSOR, PROP_LAB, PROP_CALIBRATION, PROP_EVALUATION, PROP_SHOWN_RUN, N_PROPS };

static GParamSpec *properties[N_PROPS];
guint spqr_session_signals[SPQR_SESSION_N_SIGNALS];

G_DEFINE_FINAL_TYPE (SpqrSession, spqr_session, G_TYPE_OBJECT)

/* ---- posting to the main context ---- */

void
spqr_session_post (GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT_IDLE);
  g_source_set_callback (source, func, data, destroy);
  g_source_attach (source, NULL);
}

static gboolean
emit_figures_changed (gpointer user_data)
{
  SpqrSession *self = user_data;

  self->figures_idle = 0;
  g_signal_emit (self, spqr_session_signals[SPQR_SESSION_FIGURES_CHANGED], 0);
  return G_SOURCE_REMOVE;
}

void
spqr_session_queue_figures_changed (SpqrSession *self)
{
  /* A model's figures come by the hundred: ten redraws a second show them well enough. */
  if (self->figures_idle == 0)
    self->figures_idle = g_timeout_add (100, emit_figures_changed, self);
}

void
spqr_session_report_failure (SpqrSession *self, const char *title, const GError *error)
{
  if (error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_signal_emit (self, spqr_session_signals[SPQR_SESSION_FAILED], 0, title, error->message);
}

/* ---- opening ---- */

typedef struct { SpqrSession *session; char *path; guint serial; SpqrModel *model; } Opening;

static void
free_opening (gpointer data)
{
  Opening *opening = data;

  g_clear_object (&opening->model);
  g_object_unref (opening->session);
  g_free (opening->path);
  g_free (opening);
}

static gboolean
open_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Opening *opening = data;

  opening->model = spqr_model_open (opening->path, error);
  return opening->model != NULL;
}

static void
set_opening (SpqrSession *self, gboolean opening)
{
  if (self->opening == opening)
    return;
  self->opening = opening;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_OPENING]);
}

static void set_text (SpqrSession *self, char **place, const char *text, guint property);

/* The texts at hand belong to a model: another one has its own, or none yet. */
static void
recall (SpqrSession *self)
{
  const char *location = spqr_model_get_location (self->model);
  g_autofree char *calibration = spqr_memory_get (location, SPQR_MEMORY_CALIBRATION);
  g_autofree char *evaluation = spqr_memory_get (location, SPQR_MEMORY_EVALUATION);

  set_text (self, &self->calibration, calibration, PROP_CALIBRATION);
  set_text (self, &self->evaluation, evaluation, PROP_EVALUATION);
  spqr_memory_note_opened (location);
}

static void
show_pending_run (SpqrSession *self)
{
  gint64 run = self->pending_run;

  self->pending_run = 0;
  if (run > 0)
    spqr_session_show_run (self, run);
}

static void
take_model (SpqrSession *self, SpqrModel *model)
{
  spqr_session_select (self, NULL);
  g_hash_table_remove_all (self->stats);
  g_hash_table_remove_all (self->figures);
  g_hash_table_remove_all (self->hessians);
  g_hash_table_remove_all (self->calibrated_with);
  self->shown_run = 0;
  self->run_serial++;
  g_set_object (&self->model, model);
  recall (self);
  spqr_session_recall_recipe (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MODEL]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SHOWN_RUN]);
  show_pending_run (self);
  spqr_session_take_pending_settings (self);
  spqr_session_take_pending_calibrations (self);
  spqr_session_start_stats (self);
}

static void
on_opened (SpqrJob *job, SpqrSession *self)
{
  Opening *opening = spqr_job_get_data (job);

  if (opening->serial != self->model_serial)
    return;
  set_opening (self, FALSE);
  if (opening->model != NULL)
    take_model (self, opening->model);
  else
    {
      spqr_session_forget_pending (self);
      g_clear_pointer (&self->path, g_free);
      spqr_session_report_failure (self, _("This model cannot be opened"), spqr_job_get_error (job));
    }
}

void
spqr_session_open (SpqrSession *self, const char *path)
{
  g_autoptr (SpqrJob) job = NULL;
  Opening *opening = g_new0 (Opening, 1);

  g_return_if_fail (SPQR_IS_SESSION (self) && path != NULL);

  opening->session = g_object_ref (self);
  opening->path = g_strdup (path);
  opening->serial = ++self->model_serial;
  spqr_session_forget_pending (self);
  g_free (self->path);
  self->path = g_canonicalize_filename (path, NULL);
  set_opening (self, TRUE);
  job = spqr_job_new (_("Opening a model"), open_in_worker, opening, free_opening);
  g_signal_connect_object (job, "ended", G_CALLBACK (on_opened), self, 0);
  spqr_session_submit (self, SPQR_LANE_INTERACTIVE, job);
}

/* ---- selection ---- */

void
spqr_session_select (SpqrSession *self, SpqrTensor *tensor)
{
  g_return_if_fail (SPQR_IS_SESSION (self));

  if (!g_set_object (&self->tensor, tensor))
    return;
  self->lab_serial++;
  g_clear_pointer (&self->lab, spqr_lab_unref);
  g_clear_pointer (&self->lab_problem, g_free);
  /* Who walks through the list with the arrow keys does not want to wait for all that was passed. */
  if (self->bench_job != NULL)
    spqr_job_cancel (self->bench_job);
  g_clear_object (&self->bench_job);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TENSOR]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LAB]);
  if (tensor != NULL && spqr_session_has_bench (tensor))
    spqr_session_start_lab (self);
}

gboolean
spqr_session_has_bench (SpqrTensor *tensor)
{
  guint64 n = (guint64) spqr_tensor_get_rows (tensor) * spqr_tensor_get_cols (tensor);

  return spqr_tensor_is_numeric (tensor) && n > 0 && n <= SPQR_SESSION_MOST_WEIGHTS;
}

typedef struct { SpqrSession *session; SpqrTensor *tensor; guint serial; char *device; SpqrLab *lab; } Benching;

static void
free_benching (gpointer data)
{
  Benching *benching = data;

  g_clear_pointer (&benching->lab, spqr_lab_unref);
  g_object_unref (benching->tensor);
  g_object_unref (benching->session);
  g_free (benching->device);
  g_free (benching);
}

static gboolean
bench_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Benching *benching = data;

  benching->lab = spqr_lab_new_cancellable (benching->tensor, cancellable, error);
  if (benching->lab != NULL)
    spqr_lab_set_device (benching->lab, spqr_settings_resolve_device (benching->device));
  return benching->lab != NULL;
}

static void
on_benched (SpqrJob *job, SpqrSession *self)
{
  Benching *benching = spqr_job_get_data (job);
  GBytes *hessian;

  if (benching->serial != self->lab_serial)
    return;
  if (benching->lab == NULL)
    {
      self->lab_problem = g_strdup (spqr_job_get_error (job) != NULL ? spqr_job_get_error (job)->message : _("It was not read."));
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LAB]);
      return;
    }
  self->lab = spqr_lab_ref (benching->lab);
  hessian = g_hash_table_lookup (self->hessians, self->tensor);
  if (hessian != NULL)
    spqr_lab_share_hessian (self->lab, hessian);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LAB]);
}

void
spqr_session_start_lab (SpqrSession *self)
{
  g_autoptr (SpqrJob) job = NULL;
  Benching *benching = g_new0 (Benching, 1);

  benching->session = g_object_ref (self);
  benching->tensor = g_object_ref (self->tensor);
  benching->serial = self->lab_serial;
  benching->device = g_strdup (spqr_settings_get_string (spqr_settings_get_default (), "device"));
  job = spqr_job_new (_("Reading a layer"), bench_in_worker, benching, free_benching);
  g_signal_connect_object (job, "ended", G_CALLBACK (on_benched), self, 0);
  spqr_session_submit (self, SPQR_LANE_INTERACTIVE, job);
  g_set_object (&self->bench_job, job);
}

void
spqr_session_take_hessian (SpqrSession *self, SpqrTensor *tensor, GBytes *hessian)
{
  g_hash_table_replace (self->hessians, tensor, g_bytes_ref (hessian));
  if (tensor != self->tensor || self->lab == NULL)
    return;
  spqr_lab_share_hessian (self->lab, hessian);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LAB]);
}

/* ---- figures ---- */

SpqrTensorFigures *
spqr_session_ensure_figures (SpqrSession *self, SpqrTensor *tensor)
{
  SpqrTensorFigures *figures = g_hash_table_lookup (self->figures, tensor);

  if (figures == NULL)
    {
      figures = g_new (SpqrTensorFigures, 1);
      *figures = (SpqrTensorFigures) { NAN, NAN, NAN, NAN, NAN };
      g_hash_table_insert (self->figures, tensor, figures);
    }
  return figures;
}

/* ---- simple state ---- */

SpqrJobQueue *spqr_session_get_jobs (SpqrSession *self) { return self->jobs; }
SpqrStore    *spqr_session_get_store (SpqrSession *self) { return self->store; }
const GError *spqr_session_get_store_error (SpqrSession *self) { return self->store_error; }
SpqrModel    *spqr_session_get_model (SpqrSession *self) { return self->model; }
gboolean      spqr_session_is_opening (SpqrSession *self) { return self->opening; }
SpqrTensor   *spqr_session_get_tensor (SpqrSession *self) { return self->tensor; }
SpqrLab      *spqr_session_get_lab (SpqrSession *self) { return self->lab; }
const char   *spqr_session_get_lab_problem (SpqrSession *self) { return self->lab_problem; }
gint64        spqr_session_get_shown_run (SpqrSession *self) { return self->shown_run; }
const char   *spqr_session_get_calibration (SpqrSession *self) { return self->calibration; }
const char   *spqr_session_get_evaluation (SpqrSession *self) { return self->evaluation; }
const SpqrRunParams *spqr_session_get_params (SpqrSession *self) { return &self->params; }

const SpqrStats *
spqr_session_get_stats (SpqrSession *self, SpqrTensor *tensor)
{
  return g_hash_table_lookup (self->stats, tensor);
}

const SpqrTensorFigures *
spqr_session_get_figures (SpqrSession *self, SpqrTensor *tensor)
{
  return g_hash_table_lookup (self->figures, tensor);
}

const char *
spqr_session_get_calibrated_with (SpqrSession *self, SpqrTensor *tensor)
{
  return tensor != NULL ? g_hash_table_lookup (self->calibrated_with, tensor) : NULL;
}

void
spqr_session_set_params (SpqrSession *self, const SpqrRunParams *params)
{
  g_autofree char *difference = spqr_run_params_difference (&self->params, params);

  if (difference == NULL)
    return;
  self->params = *params;
  if (spqr_preset_find (params) != NULL)
    self->preset = params->layer;
  g_signal_emit (self, spqr_session_signals[SPQR_SESSION_PARAMS_CHANGED], 0);
}

static void
set_text (SpqrSession *self, char **place, const char *text, guint property)
{
  if (g_strcmp0 (*place, text) == 0)
    return;
  g_free (*place);
  *place = g_strdup (text);
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

void
spqr_session_set_calibration (SpqrSession *self, const char *data)
{
  set_text (self, &self->calibration, data, PROP_CALIBRATION);
  if (self->model != NULL)
    spqr_memory_set (spqr_model_get_location (self->model), SPQR_MEMORY_CALIBRATION, data);
}

void
spqr_session_set_evaluation (SpqrSession *self, const char *data)
{
  set_text (self, &self->evaluation, data, PROP_EVALUATION);
  if (self->model != NULL)
    spqr_memory_set (spqr_model_get_location (self->model), SPQR_MEMORY_EVALUATION, data);
}

gboolean
spqr_session_is_about (SpqrSession *self, const char *path)
{
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);

  return g_strcmp0 (self->path, absolute) == 0 ||
         (self->model != NULL && (g_str_equal (absolute, spqr_model_get_path (self->model)) ||
                                  g_str_equal (absolute, spqr_model_get_location (self->model))));
}

/* ---- the session's life ---- */

SpqrSession *
spqr_session_new (const char *database)
{
  SpqrSession *self = g_object_new (SPQR_TYPE_SESSION, NULL);

  self->jobs = spqr_job_queue_new ();
  self->store = spqr_store_open (database, &self->store_error);
  return self;
}

SpqrSession *
spqr_session_new_beside (SpqrSession *other)
{
  SpqrSession *self = g_object_new (SPQR_TYPE_SESSION, NULL);

  self->jobs = g_object_ref (other->jobs);
  g_set_object (&self->store, other->store);
  self->store_error = other->store_error != NULL ? g_error_copy (other->store_error) : NULL;
  return self;
}

SpqrSession *
spqr_session_new_with_database (SpqrSession *other, const char *database, GError **error)
{
  g_autoptr (SpqrStore) store = spqr_store_open (database, error);
  SpqrSession *self;

  if (store == NULL)
    return NULL;
  self = spqr_session_new_beside (other);
  g_set_object (&self->store, store);
  g_clear_error (&self->store_error);
  return self;
}

void
spqr_session_submit (SpqrSession *self, SpqrLane lane, SpqrJob *job)
{
  g_object_set_data (G_OBJECT (job), "session", self);      /* only ever compared */
  spqr_job_queue_submit_for (self->jobs, lane, lane == SPQR_LANE_BACKGROUND ? self : NULL, job);
}

/* The session's listed jobs that have not ended. */
static GPtrArray *
get_active_jobs (SpqrSession *self)
{
  GPtrArray *active = g_ptr_array_new_with_free_func (g_object_unref);
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->jobs));

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (SpqrJob) job = g_list_model_get_item (G_LIST_MODEL (self->jobs), i);

      if (g_object_get_data (G_OBJECT (job), "session") == self && spqr_job_is_active (job))
        g_ptr_array_add (active, g_steal_pointer (&job));
    }
  return active;
}

guint
spqr_session_get_n_active (SpqrSession *self)
{
  g_autoptr (GPtrArray) active = get_active_jobs (self);

  return active->len;
}

void
spqr_session_close (SpqrSession *self)
{
  g_autoptr (GPtrArray) active = get_active_jobs (self);

  self->model_serial++;
  self->lab_serial++;
  for (guint i = 0; i < active->len; i++)
    spqr_job_cancel (active->pdata[i]);
  if (self->stats_job != NULL)
    spqr_job_cancel (self->stats_job);
  if (self->bench_job != NULL)
    spqr_job_cancel (self->bench_job);
  g_clear_object (&self->stats_job);
  g_clear_object (&self->bench_job);
}

void
spqr_session_shutdown (SpqrSession *self)
{
  spqr_session_close (self);
  spqr_job_queue_shutdown (self->jobs);
  /* A listed job holds what it works for, a session among it. */
  spqr_job_queue_clear (self->jobs);
}

/* ---- object ---- */

static void
spqr_session_dispose (GObject *object)
{
  SpqrSession *self = SPQR_SESSION (object);

  g_clear_handle_id (&self->figures_idle, g_source_remove);
  g_clear_object (&self->jobs);
  g_clear_object (&self->stats_job);
  g_clear_object (&self->bench_job);
  spqr_session_forget_pending (self);
  g_clear_object (&self->tensor);
  g_clear_object (&self->model);
  g_clear_object (&self->store);
  g_clear_pointer (&self->lab, spqr_lab_unref);
  g_clear_pointer (&self->stats, g_hash_table_unref);
  g_clear_pointer (&self->figures, g_hash_table_unref);
  g_clear_pointer (&self->hessians, g_hash_table_unref);
  g_clear_pointer (&self->calibrated_with, g_hash_table_unref);
  G_OBJECT_CLASS (spqr_session_parent_class)->dispose (object);
}

static void
spqr_session_finalize (GObject *object)
{
  SpqrSession *self = SPQR_SESSION (object);

  g_clear_error (&self->store_error);
  g_free (self->path);
  g_free (self->lab_problem);
  g_free (self->calibration);
  g_free (self->evaluation);
  g_ptr_array_unref (self->recipes);
  G_OBJECT_CLASS (spqr_session_parent_class)->finalize (object);
}

static void
spqr_session_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  SpqrSession *self = SPQR_SESSION (object);

  switch (prop_id)
    {
    case PROP_MODEL: g_value_set_object (value, self->model); break;
    case PROP_OPENING: g_value_set_boolean (value, self->opening); break;
    case PROP_TENSOR: g_value_set_object (value, self->tensor); break;
    case PROP_LAB: g_value_set_pointer (value, self->lab); break;
    case PROP_CALIBRATION: g_value_set_string (value, self->calibration); break;
    case PROP_EVALUATION: g_value_set_string (value, self->evaluation); break;
    case PROP_SHOWN_RUN: g_value_set_int64 (value, self->shown_run); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
spqr_session_class_init (SpqrSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = spqr_session_dispose;
  object_class->finalize = spqr_session_finalize;
  object_class->get_property = spqr_session_get_property;
  properties[PROP_MODEL] = g_param_spec_object ("model", NULL, NULL, SPQR_TYPE_MODEL, flags);
  properties[PROP_OPENING] = g_param_spec_boolean ("opening", NULL, NULL, FALSE, flags);
  properties[PROP_TENSOR] = g_param_spec_object ("tensor", NULL, NULL, SPQR_TYPE_TENSOR, flags);
  properties[PROP_LAB] = g_param_spec_pointer ("lab", NULL, NULL, flags);
  properties[PROP_CALIBRATION] = g_param_spec_string ("calibration", NULL, NULL, NULL, flags);
  properties[PROP_EVALUATION] = g_param_spec_string ("evaluation", NULL, NULL, NULL, flags);
  properties[PROP_SHOWN_RUN] = g_param_spec_int64 ("shown-run", NULL, NULL, 0, G_MAXINT64, 0, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  spqr_session_signals[SPQR_SESSION_FIGURES_CHANGED] =
    g_signal_new ("figures-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  spqr_session_signals[SPQR_SESSION_PARAMS_CHANGED] =
    g_signal_new ("params-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  spqr_session_signals[SPQR_SESSION_RECIPE_CHANGED] =
    g_signal_new ("recipe-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  spqr_session_signals[SPQR_SESSION_DONE] =
    g_signal_new ("done", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                  G_TYPE_STRING, G_TYPE_STRING);
  spqr_session_signals[SPQR_SESSION_FAILED] =
    g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                  G_TYPE_STRING, G_TYPE_STRING);
  spqr_session_signals[SPQR_SESSION_WANTS_TAB] =
    g_signal_new ("wants-tab", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, SPQR_TYPE_SESSION, 1, G_TYPE_STRING);
}

static void
spqr_session_init (SpqrSession *self)
{
  self->params = spqr_run_params_default;
  self->preset = self->params.layer;
  spqr_session_recall_recipe (self);
  self->stats = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->figures = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->hessians = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_bytes_unref);
  self->calibrated_with = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ref_string_release);
}
