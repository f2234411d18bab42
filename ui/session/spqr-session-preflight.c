#include "session/spqr-session-preflight.h"

#include <glib/gi18n.h>

#include "job/spqr-preflight.h"
#include "session/spqr-session-private.h"
#include "session/spqr-settings.h"

typedef struct {
  SpqrStore *store;
  SpqrModel *model;
  SpqrRecipe *recipe;
  char *evaluation;          /* text to measure on, or NULL */
  SpqrPreflightFunc told;
  guint serial;
  char *device;              /* as the settings have it */
  char *text, *problem;
} Question;

static void
free_question (gpointer data)
{
  Question *q = data;

  g_object_unref (q->store);
  g_object_unref (q->model);
  spqr_recipe_unref (q->recipe);
  g_free (q->evaluation);
  g_free (q->device);
  g_free (q->text);
  g_free (q->problem);
  g_free (q);
}

static gboolean
ask_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Question *q = data;
  SpqrQuantizeRequest request = { .model = q->model, .recipe = q->recipe, .device = spqr_settings_resolve_device (q->device) };
  g_auto (SpqrPreflight) preflight = { 0 };
  g_autoptr (GError) problem = NULL;

  if (spqr_preflight_compute (q->store, &request, &preflight, &problem))
    {
      g_autoptr (GStrvBuilder) lines = g_strv_builder_new ();
      double evaluation = q->evaluation != NULL ? spqr_preflight_evaluation_seconds (q->model, q->evaluation, TRUE) : 0;
      char *told[] = { spqr_preflight_describe (&preflight), spqr_preflight_describe_evaluation (evaluation),
                       spqr_preflight_describe_device (&preflight), spqr_preflight_warn (&preflight) };
      g_auto (GStrv) all = NULL;

      for (guint i = 0; i < G_N_ELEMENTS (told); i++)
        {
          if (told[i] != NULL)
            g_strv_builder_add (lines, told[i]);
          g_free (told[i]);
        }
      all = g_strv_builder_end (lines);
      q->text = g_strjoinv ("\n", all);
      spqr_preflight_check (&preflight, &problem);
    }
  q->problem = problem != NULL ? g_strdup (problem->message) : NULL;
  return TRUE;
}

static void
on_ended (SpqrJob *job, GObject *owner)
{
  Question *q = spqr_job_get_data (job);

  if (spqr_job_get_state (job) == SPQR_JOB_FINISHED)
    q->told (q->serial, q->text, q->problem, owner);
}

void
spqr_session_preflight (SpqrSession *self, SpqrRecipe *recipe, const char *evaluation, guint serial, GObject *owner,
                        SpqrPreflightFunc told)
{
  g_autoptr (SpqrJob) job = NULL;
  Question *q;

  g_return_if_fail (SPQR_IS_SESSION (self) && self->model != NULL && self->store != NULL);

  q = g_new0 (Question, 1);
  *q = (Question) { .store = g_object_ref (self->store), .model = g_object_ref (self->model), .recipe = spqr_recipe_ref (recipe),
                    .evaluation = g_strdup (evaluation),
                    .told = told, .serial = serial,
                    .device = g_strdup (spqr_settings_get_string (spqr_settings_get_default (), "device")) };
  job = spqr_job_new (_("Reckoning what it will take"), ask_in_worker, q, free_question);
  g_signal_connect_object (job, "ended", G_CALLBACK (on_ended), owner, 0);
  spqr_job_queue_submit_for (self->jobs, SPQR_LANE_PREVIEW, owner, job);
}
