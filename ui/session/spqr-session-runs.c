/* What the session takes from the database and puts into it: always in a worker, for a call may wait for the disk
 * or for another process. */
#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>

#include "job/spqr-run-import.h"
#include "session/spqr-session-private.h"
#include "session/spqr-session-recipe.h"

typedef struct {
  SpqrSession *session;
  SpqrStore *store;
  gint64 run_id;
  guint serial;
  GPtrArray *layers;         /* read */
  char *note, **tags;        /* to be kept */
  gboolean keep_note;        /* else tags */
  gboolean with_files;       /* also to be removed */
  char *folder;              /* to be imported */
  SpqrRun *imported;
} Asking;

static void
free_asking (gpointer data)
{
  Asking *a = data;

  g_object_unref (a->session);
  g_object_unref (a->store);
  g_clear_pointer (&a->layers, g_ptr_array_unref);
  g_free (a->note);
  g_strfreev (a->tags);
  g_free (a->folder);
  g_clear_object (&a->imported);
  g_free (a);
}

static Asking *
new_asking (SpqrSession *self, gint64 run_id)
{
  Asking *a = g_new0 (Asking, 1);

  a->session = g_object_ref (self);
  a->store = g_object_ref (self->store);
  a->run_id = run_id;
  return a;
}

static void
submit (SpqrSession *self, const char *title, SpqrJobFunc func, Asking *a, GCallback ended)
{
  g_autoptr (SpqrJob) job = spqr_job_new (title, func, a, free_asking);

  g_signal_connect_object (job, "ended", ended, self, 0);
  spqr_session_submit (self, SPQR_LANE_INTERACTIVE, job);
}

/* ---- a run's figures on the map ---- */

static void
forget_run (SpqrSession *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->figures);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      SpqrTensorFigures *figures = value;
      figures->output_error = figures->outlier_share = figures->bits = NAN;
    }
}

static void
show_layers (SpqrSession *self, gint64 run_id, GPtrArray *layers)
{
  forget_run (self);
  for (guint i = 0; layers != NULL && i < layers->len; i++)
    {
      const SpqrRunLayer *layer = layers->pdata[i];
      SpqrTensor *tensor = self->model != NULL ? spqr_model_lookup (self->model, layer->name) : NULL;
      SpqrTensorFigures *figures;

      if (tensor == NULL)
        continue;
      figures = spqr_session_ensure_figures (self, tensor);
      figures->output_error = layer->output_error;
      figures->outlier_share = layer->outlier_share;
      figures->bits = layer->bits;
    }
  self->shown_run = layers != NULL ? run_id : 0;
  g_object_notify (G_OBJECT (self), "shown-run");
  spqr_session_queue_figures_changed (self);
}

static gboolean
read_layers (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Asking *a = data;

  a->layers = spqr_store_list_layers (a->store, a->run_id, error);
  return a->layers != NULL;
}

static void
on_layers_read (SpqrJob *job, SpqrSession *self)
{
  Asking *a = spqr_job_get_data (job);

  /* Another run, or another model, is wanted by now. */
  if (a->serial != self->run_serial)
    return;
  spqr_session_report_failure (self, _("The run cannot be read"), spqr_job_get_error (job));
  show_layers (self, a->run_id, a->layers);
}

void
spqr_session_show_run (SpqrSession *self, gint64 run_id)
{
  Asking *a;

  g_return_if_fail (SPQR_IS_SESSION (self));

  /* The run's model is about to arrive. */
  if (self->opening)
    {
      self->pending_run = run_id;
      return;
    }
  self->run_serial++;
  if (run_id <= 0 || self->store == NULL)
    {
      show_layers (self, 0, NULL);
      return;
    }
  a = new_asking (self, run_id);
  a->serial = self->run_serial;
  submit (self, _("Reading a run"), read_layers, a, G_CALLBACK (on_layers_read));
}

/* ---- a run's settings ---- */

void
spqr_session_forget_pending (SpqrSession *self)
{
  self->pending_run = 0;
  g_clear_object (&self->pending_settings);
  g_clear_pointer (&self->pending_layer, g_free);
  g_clear_pointer (&self->pending_calibrations, g_ptr_array_unref);
}

/* A text that is not there any more would only be in the way. */
static gboolean
is_at_hand (const char *data)
{
  return data != NULL && (!g_path_is_absolute (data) || g_file_test (data, G_FILE_TEST_EXISTS));
}

void
spqr_session_take_pending_settings (SpqrSession *self)
{
  g_autoptr (SpqrRun) run = g_steal_pointer (&self->pending_settings);
  g_autofree char *layer = g_steal_pointer (&self->pending_layer);
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrRecipe) recipe = run != NULL ? spqr_recipe_parse (run->params_json, &error) : NULL;
  SpqrTensor *tensor = layer != NULL && self->model != NULL ? spqr_model_lookup (self->model, layer) : NULL;
  g_autofree char *text = NULL;

  if (error != NULL)
    spqr_session_report_failure (self, _("The run's parameters cannot be read"), error);
  if (recipe == NULL)
    return;
  if (tensor != NULL)
    spqr_session_select (self, tensor);
  spqr_session_set_params (self, spqr_recipe_get_defaults (recipe));
  self->preset = spqr_recipe_get_defaults (recipe)->layer;       /* what a recipe that begins now builds on */
  spqr_session_set_recipe (self, spqr_recipe_get_n_overrides (recipe) > 0 ? recipe : NULL);
  if (is_at_hand (run->calibration))
    spqr_session_set_calibration (self, run->calibration);
  text = g_strdup_printf (_("The settings of run %" PRId64 " are at hand"), run->id);
  g_signal_emit (self, spqr_session_signals[SPQR_SESSION_DONE], 0, text, "layer");
}

void
spqr_session_use_run (SpqrSession *self, SpqrRun *run, const char *layer)
{
  g_return_if_fail (SPQR_IS_SESSION (self) && SPQR_IS_RUN (run) && run->params_json != NULL);

  g_set_object (&self->pending_settings, run);
  g_free (self->pending_layer);
  self->pending_layer = g_strdup (layer);
  if (!self->opening)
    spqr_session_take_pending_settings (self);
}

/* ---- in and out of the history ---- */

static gboolean
remove_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Asking *a = data;

  return spqr_store_remove_run (a->store, a->run_id, a->with_files, error);
}

static void
on_removed (SpqrJob *job, SpqrSession *self)
{
  spqr_session_report_failure (self, _("The run cannot be removed"), spqr_job_get_error (job));
}

void
spqr_session_remove_run (SpqrSession *self, gint64 run_id, gboolean with_files)
{
  Asking *a;

  g_return_if_fail (SPQR_IS_SESSION (self) && self->store != NULL);

  a = new_asking (self, run_id);
  a->with_files = with_files;
  submit (self, _("Removing a run"), remove_in_worker, a, G_CALLBACK (on_removed));
}

static gboolean
import_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Asking *a = data;

  a->imported = spqr_run_import (a->store, a->folder, cancellable, error);
  return a->imported != NULL;
}

static void
on_imported (SpqrJob *job, SpqrSession *self)
{
  const Asking *a = spqr_job_get_data (job);
  g_autofree char *text = NULL;

  spqr_session_report_failure (self, _("The run cannot be imported"), spqr_job_get_error (job));
  if (a->imported == NULL)
    return;
  text = g_strdup_printf (_("Imported as run %" PRId64), a->imported->id);
  g_signal_emit (self, spqr_session_signals[SPQR_SESSION_DONE], 0, text, "runs");
}

void
spqr_session_import_run (SpqrSession *self, const char *folder)
{
  Asking *a;

  g_return_if_fail (SPQR_IS_SESSION (self) && self->store != NULL && folder != NULL);

  a = new_asking (self, 0);
  a->folder = g_strdup (folder);
  submit (self, _("Importing a run"), import_in_worker, a, G_CALLBACK (on_imported));
}

/* ---- what a person writes about a run ---- */

static gboolean
keep_words (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Asking *a = data;

  return a->keep_note ? spqr_store_set_note (a->store, a->run_id, a->note, error)
                      : spqr_store_set_tags (a->store, a->run_id, (const char *const *) a->tags, error);
}

static void
on_words_kept (SpqrJob *job, SpqrSession *self)
{
  spqr_session_report_failure (self, _("The note cannot be kept"), spqr_job_get_error (job));
}

void
spqr_session_set_note (SpqrSession *self, gint64 run_id, const char *note)
{
  Asking *a;

  g_return_if_fail (SPQR_IS_SESSION (self) && self->store != NULL);

  a = new_asking (self, run_id);
  a->note = g_strdup (note);
  a->keep_note = TRUE;
  submit (self, _("Keeping a note"), keep_words, a, G_CALLBACK (on_words_kept));
}

void
spqr_session_set_tags (SpqrSession *self, gint64 run_id, const char *const *tags)
{
  Asking *a;

  g_return_if_fail (SPQR_IS_SESSION (self) && self->store != NULL);

  a = new_asking (self, run_id);
  a->tags = g_strdupv ((char **) tags);
  submit (self, _("Keeping tags"), keep_words, a, G_CALLBACK (on_words_kept));
}
