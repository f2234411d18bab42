/* What the session takes from the database and puts into it: always in a worker, for a call may wait for the disk
 * or for another process. */
#include <glib/gi18n.h>
#include <math.h>

#include "session/spqr-session-private.h"

typedef struct {
  SpqrSession *session;
  SpqrStore *store;
  gint64 run_id;
  guint serial;
  GPtrArray *layers;         /* read */
  char *note, **tags;        /* to be kept */
  gboolean keep_note;        /* else tags */
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
