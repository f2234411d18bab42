#include "pages/spqr-layer-preview.h"

#include <glib/gi18n.h>

/* A pause this short in scrolling or dragging is taken for its end (ms). */
enum { SETTLE = 60 };

/* Changes that follow each other this fast (a drag, a held key) are one step (us). */
#define ONE_STEP (700 * G_TIME_SPAN_MILLISECOND)

/* Multiplications of rows whose answer comes within about 50 ms: m n^2. */
#define QUICK 4e8

typedef struct _Question Question;

struct _SpqrLayerPreview {
  GObject parent_instance;

  SpqrJobQueue *jobs;
  SpqrJob *job;              /* the one under way, or NULL */
  guint serial;              /* of the newest question */
  guint timer;
  gboolean active, dirty;

  SpqrLab *lab;
  gboolean quantize;
  SpqrParams params;
  SpqrField field;
  SpqrScaleKind scale;
  char *reference;
  gsize row0, count;

  SpqrLayerFigures figures, previous;
  gboolean has_figures, has_previous;
  gint64 changed;            /* when the parameters last did */
  SpqrLayerAnswer *answer;   /* of params; NULL while unknown */
  SpqrLayerPicture *picture;
  gboolean data_current;     /* the picture's values are those of params and field */
  gboolean picture_current;  /* its scale and its outliers are too */
  char *problem;
};

enum { FIGURES_CHANGED, PICTURE_CHANGED, BUSY_CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (SpqrLayerPreview, spqr_layer_preview, G_TYPE_OBJECT)

/* ---- giving back large memory takes a while, too ---- */

typedef struct { gpointer pointer; GDestroyNotify destroy; } Garbage;

static void
destroy_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Garbage *garbage = data;

  garbage->destroy (garbage->pointer);
}

/* Lets go of a reference that may be the last one. */
static void
discard (gpointer pointer, GDestroyNotify destroy)
{
  g_autoptr (GTask) task = NULL;
  Garbage *garbage;

  if (pointer == NULL)
    return;
  task = g_task_new (NULL, NULL, NULL, NULL);
  garbage = g_new (Garbage, 1);
  *garbage = (Garbage) { pointer, destroy };
  g_task_set_source_tag (task, discard);
  g_task_set_task_data (task, garbage, g_free);
  g_task_run_in_thread (task, destroy_in_thread);
}

static void discard_lab (SpqrLab *lab) { discard (lab, (GDestroyNotify) spqr_lab_unref); }
static void discard_answer (SpqrLayerAnswer *answer) { discard (answer, (GDestroyNotify) spqr_layer_answer_unref); }
static void discard_picture (SpqrLayerPicture *picture) { discard (picture, (GDestroyNotify) spqr_layer_picture_unref); }

/* ---- the worker's side ---- */

struct _Question {
  SpqrLayerPreview *preview;
  guint serial;
  SpqrLab *lab;
  gboolean quantize;
  SpqrParams params;
  SpqrField field;
  SpqrScaleKind scale;
  char *reference;               /* for DIFFERENCE; NULL: no picture of it */
  gsize row0, count;             /* count 0: straight to the whole layer */
  SpqrLayerAnswer *answer;       /* known already */
  SpqrLayerPicture *picture;     /* known already; to be counted anew */
  gboolean picture_first;        /* what is shown is of something else */
};

typedef struct {
  SpqrLayerPreview *preview;
  guint serial;
  gboolean has_rows;
  SpqrLayerFigures rows;
  SpqrLayerAnswer *answer;
  SpqrLayerPicture *picture;
  gboolean last;             /* nothing follows; for the reason of error, if there is one */
  GError *error;
} Part;

static void
free_question (gpointer data)
{
  Question *q = data;

  g_object_unref (q->preview);
  discard_lab (q->lab);
  discard_answer (q->answer);
  discard_picture (q->picture);
  g_free (q->reference);
  g_free (q);
}

static void
free_part (gpointer data)
{
  Part *part = data;

  g_object_unref (part->preview);
  discard_answer (part->answer);
  discard_picture (part->picture);
  g_clear_error (&part->error);
  g_free (part);
}

static gboolean take_part (gpointer data);

/* Takes part. Parts arrive in the order in which they were posted. */
static void
post (Question *q, Part *part)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  part->preview = g_object_ref (q->preview);
  part->serial = q->serial;
  g_source_set_priority (source, G_PRIORITY_DEFAULT_IDLE);
  g_source_set_callback (source, take_part, part, free_part);
  g_source_attach (source, NULL);
}

static gboolean
answer_rows (Question *q, GCancellable *cancellable, GError **error)
{
  SpqrLayerFigures figures;
  Part *part;

  if (q->answer != NULL || q->count == 0)
    return TRUE;
  if (!spqr_layer_figures_of_rows (q->lab, &q->params, q->row0, q->count, &figures, cancellable, error))
    return FALSE;
  part = g_new0 (Part, 1);
  part->has_rows = TRUE;
  part->rows = figures;
  post (q, part);
  return TRUE;
}

static gboolean
answer_whole (Question *q, GCancellable *cancellable, GError **error)
{
  gboolean gains = q->field == SPQR_FIELD_LOO_GAIN;
  Part *part;

  if (q->answer != NULL && (!gains || q->answer->loo_gain != NULL))
    return TRUE;
  g_clear_pointer (&q->answer, spqr_layer_answer_unref);
  q->answer = spqr_layer_answer_new (q->lab, &q->params, gains, cancellable, error);
  if (q->answer == NULL)
    return FALSE;
  part = g_new0 (Part, 1);
  part->answer = spqr_layer_answer_ref (q->answer);
  post (q, part);
  return TRUE;
}

/* Takes picture; NULL: it could not be made. */
static gboolean
post_picture (Question *q, SpqrLayerPicture *picture)
{
  Part *part;

  if (picture == NULL)
    return FALSE;
  g_clear_pointer (&q->picture, spqr_layer_picture_unref);
  q->picture = spqr_layer_picture_ref (picture);
  part = g_new0 (Part, 1);
  part->picture = picture;
  post (q, part);
  return TRUE;
}

static gboolean
make_picture (Question *q, GCancellable *cancellable, GError **error)
{
  return post_picture (q, q->picture != NULL
    ? spqr_layer_picture_recount (q->picture, q->scale, q->answer, cancellable, error)
    : spqr_layer_picture_new (q->lab, &q->params, q->field, q->scale, q->answer, q->reference, cancellable, error));
}

/* The picture of a large layer before its values are counted: that takes as long again as a third of it. */
static gboolean
make_first_picture (Question *q, GCancellable *cancellable, GError **error)
{
  return (q->picture != NULL || post_picture (q, spqr_layer_picture_new_uncounted (q->lab, &q->params, q->field, q->scale, cancellable, error))) &&
         make_picture (q, cancellable, error);
}

/* What a person waits for comes first: a first picture, then the rows they look at, then the rest. */
static gboolean
answer_question (Question *q, GCancellable *cancellable, GError **error)
{
  gboolean early = q->answer == NULL && !spqr_layer_field_needs_answer (q->field);

  if (!q->quantize)
    return make_first_picture (q, cancellable, error);
  if (early && q->picture_first && !make_first_picture (q, cancellable, error))
    return FALSE;
  if (!answer_rows (q, cancellable, error))
    return FALSE;
  /* A whole layer that takes a while does not keep the picture waiting. */
  if (early && q->picture == NULL && q->count > 0 && !make_picture (q, cancellable, error))
    return FALSE;
  if (!answer_whole (q, cancellable, error))
    return FALSE;
  return (q->field == SPQR_LAYER_FIELD_DIFFERENCE && q->reference == NULL) || make_picture (q, cancellable, error);
}

static gboolean
answer_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) problem = NULL;
  Part *part = g_new0 (Part, 1);

  answer_question (data, cancellable, &problem);
  part->last = TRUE;
  part->error = problem != NULL ? g_error_copy (problem) : NULL;
  post (data, part);
  if (problem == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

/* ---- taking answers ---- */

static void
take_figures (SpqrLayerPreview *self, const SpqrLayerFigures *figures)
{
  self->figures = *figures;
  self->has_figures = TRUE;
  g_signal_emit (self, signals[FIGURES_CHANGED], 0);
}

/* Somebody else may have taken the lane: then it is asked again when this page is looked at next. */
static void
end (SpqrLayerPreview *self, gboolean cancelled, const char *problem)
{
  g_clear_object (&self->job);
  self->dirty = self->dirty || cancelled;
  if (problem != NULL)
    {
      g_free (self->problem);
      self->problem = g_strdup (problem);
      g_signal_emit (self, signals[FIGURES_CHANGED], 0);
    }
  g_signal_emit (self, signals[BUSY_CHANGED], 0);
}

/* For jobs that never ran; the others say it with their last part, behind their answers. */
static void
on_ended (SpqrJob *job, SpqrLayerPreview *self)
{
  SpqrJobState state = spqr_job_get_state (job);

  if (job == self->job && (state == SPQR_JOB_CANCELLED || state == SPQR_JOB_DISCARDED))
    end (self, TRUE, NULL);
}

static gboolean
take_part (gpointer data)
{
  Part *part = data;
  SpqrLayerPreview *self = part->preview;

  if (part->serial != self->serial || self->lab == NULL)
    return G_SOURCE_REMOVE;
  if (part->answer != NULL)
    {
      g_clear_pointer (&self->answer, discard_answer);
      self->answer = g_steal_pointer (&part->answer);
      take_figures (self, &self->answer->figures);
    }
  else if (part->has_rows)
    take_figures (self, &part->rows);
  if (part->picture != NULL)
    {
      SpqrLayerPicture *old = self->picture;

      self->picture = g_steal_pointer (&part->picture);
      self->data_current = TRUE;
      self->picture_current = self->picture->histogram.bins > 0 && (!self->quantize || self->picture->marks != NULL);
      g_signal_emit (self, signals[PICTURE_CHANGED], 0);
      discard_picture (old);     /* not before those who showed it have let go */
    }
  if (part->last)
    {
      gboolean cancelled = g_error_matches (part->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

      end (self, cancelled, part->error != NULL && !cancelled ? part->error->message : NULL);
    }
  return G_SOURCE_REMOVE;
}

/* ---- asking ---- */

/* As many rows around the middle of what is seen as an answer within an eyeblink allows; none when
 * the whole layer takes no longer. */
static void
choose_rows (SpqrLayerPreview *self, Question *q)
{
  gsize rows = spqr_lab_get_rows (self->lab), cols = spqr_lab_get_cols (self->lab);
  double a_row = (double) cols * (double) cols;
  gsize quick = (gsize) CLAMP (QUICK / a_row, 16, (double) rows), count = MIN (self->count, quick);

  q->count = quick >= rows || count == 0 ? 0 : count;
  q->row0 = MIN (self->row0 + (self->count - count) / 2, rows - 1);
}

static gboolean
is_complete (SpqrLayerPreview *self)
{
  gboolean nothing = self->field == SPQR_LAYER_FIELD_DIFFERENCE && self->reference == NULL;

  return (self->picture_current || nothing) && (!self->quantize || self->answer != NULL) &&
         (self->field != SPQR_FIELD_LOO_GAIN || self->answer->loo_gain != NULL);
}

/* What is under way is not wanted any more. */
static void
leave_question (SpqrLayerPreview *self)
{
  self->serial++;
  if (self->job != NULL)
    spqr_job_cancel (self->job);
  g_clear_object (&self->job);
}

static void
ask (SpqrLayerPreview *self)
{
  Question *q;

  self->dirty = FALSE;
  leave_question (self);
  if (self->lab == NULL || is_complete (self))
    {
      g_signal_emit (self, signals[BUSY_CHANGED], 0);
      return;
    }
  q = g_new0 (Question, 1);
  *q = (Question) { .preview = g_object_ref (self), .serial = self->serial, .lab = spqr_lab_ref (self->lab),
                    .quantize = self->quantize, .params = self->params, .field = self->field, .scale = self->scale,
                    .reference = g_strdup (self->reference),
                    .picture_first = self->picture == NULL || self->picture->field != self->field ||
                                     self->picture->histogram.scale.kind != self->scale };
  if (self->answer != NULL)
    q->answer = spqr_layer_answer_ref (self->answer);
  if (self->data_current)
    q->picture = spqr_layer_picture_ref (self->picture);
  choose_rows (self, q);
  self->job = spqr_job_new (_("Looking at a layer"), answer_in_worker, q, free_question);
  g_signal_connect_object (self->job, "ended", G_CALLBACK (on_ended), self, 0);
  spqr_job_queue_submit_for (self->jobs, SPQR_LANE_PREVIEW, self, self->job);
  g_signal_emit (self, signals[BUSY_CHANGED], 0);
}

static gboolean
on_timer (gpointer user_data)
{
  SpqrLayerPreview *self = user_data;

  self->timer = 0;
  ask (self);
  return G_SOURCE_REMOVE;
}

static void
ask_soon (SpqrLayerPreview *self, guint delay)
{
  self->dirty = TRUE;
  if (!self->active)
    return;
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add (delay, on_timer, self);
}

static void
forget_answer (SpqrLayerPreview *self)
{
  leave_question (self);
  self->has_figures = FALSE;
  self->data_current = self->data_current && spqr_layer_field_is_of_weights (self->field);
  self->picture_current = self->data_current && !self->quantize;
  g_clear_pointer (&self->answer, discard_answer);
  g_clear_pointer (&self->problem, g_free);
}

void
spqr_layer_preview_set_lab (SpqrLayerPreview *self, SpqrLab *lab, gboolean quantize)
{
  SpqrLayerPicture *old_picture = NULL;
  SpqrLab *old = self->lab;

  self->has_previous = FALSE;
  self->quantize = quantize;
  self->lab = lab != NULL ? spqr_lab_ref (lab) : NULL;
  forget_answer (self);
  /* The same bench with a Hessian of its own: what is seen stays until there is better. */
  if (lab != old)
    {
      self->data_current = self->picture_current = FALSE;
      old_picture = g_steal_pointer (&self->picture);
    }
  g_signal_emit (self, signals[FIGURES_CHANGED], 0);
  g_signal_emit (self, signals[PICTURE_CHANGED], 0);
  discard_picture (old_picture);
  discard_lab (old);
  ask_soon (self, 0);
}

void
spqr_layer_preview_set_params (SpqrLayerPreview *self, const SpqrParams *params)
{
  gint64 now = g_get_monotonic_time ();

  self->params = *params;
  if (self->has_figures && self->figures.whole && !(self->has_previous && now - self->changed < ONE_STEP))
    {
      self->previous = self->figures;
      self->has_previous = TRUE;
    }
  self->changed = now;
  forget_answer (self);
  g_signal_emit (self, signals[FIGURES_CHANGED], 0);
  ask_soon (self, 0);
}

void
spqr_layer_preview_set_field (SpqrLayerPreview *self, SpqrField field, SpqrScaleKind scale)
{
  if (self->field == field && self->scale == scale)
    return;
  self->data_current = self->data_current && self->field == field;
  self->picture_current = FALSE;
  self->field = field;
  self->scale = scale;
  ask_soon (self, 0);
}

void
spqr_layer_preview_set_reference (SpqrLayerPreview *self, const char *path)
{
  if (g_strcmp0 (self->reference, path) == 0)
    return;
  g_free (self->reference);
  self->reference = g_strdup (path);
  if (self->field != SPQR_LAYER_FIELD_DIFFERENCE)
    return;
  self->data_current = self->picture_current = FALSE;
  g_clear_pointer (&self->problem, g_free);
  ask_soon (self, 0);
}

void
spqr_layer_preview_forget_picture (SpqrLayerPreview *self)
{
  SpqrLayerPicture *old = g_steal_pointer (&self->picture);

  self->data_current = self->picture_current = FALSE;
  g_signal_emit (self, signals[PICTURE_CHANGED], 0);
  discard_picture (old);
}

void
spqr_layer_preview_set_rows (SpqrLayerPreview *self, gsize row0, gsize count)
{
  if (self->row0 == row0 && self->count == count)
    return;
  self->row0 = row0;
  self->count = count;
  if (self->quantize && self->answer == NULL && self->lab != NULL)
    ask_soon (self, SETTLE);
}

void
spqr_layer_preview_set_active (SpqrLayerPreview *self, gboolean active)
{
  self->active = active;
  if (active && self->dirty)
    ask_soon (self, 0);
  if (!active && self->timer != 0)
    g_clear_handle_id (&self->timer, g_source_remove);
}

SpqrLab *
spqr_layer_preview_get_lab (SpqrLayerPreview *self)
{
  return self->lab;
}

const SpqrLayerFigures *
spqr_layer_preview_get_figures (SpqrLayerPreview *self)
{
  return self->has_figures ? &self->figures : NULL;
}

const SpqrLayerFigures *
spqr_layer_preview_get_previous (SpqrLayerPreview *self)
{
  return self->has_previous ? &self->previous : NULL;
}

SpqrLayerAnswer *
spqr_layer_preview_get_answer (SpqrLayerPreview *self)
{
  return self->answer;
}

SpqrLayerPicture *
spqr_layer_preview_get_picture (SpqrLayerPreview *self)
{
  return self->picture;
}

gboolean
spqr_layer_preview_is_busy (SpqrLayerPreview *self)
{
  return self->job != NULL || self->timer != 0;
}

const char *
spqr_layer_preview_get_problem (SpqrLayerPreview *self)
{
  return self->problem;
}

SpqrLayerPreview *
spqr_layer_preview_new (SpqrJobQueue *jobs)
{
  SpqrLayerPreview *self = g_object_new (SPQR_TYPE_LAYER_PREVIEW, NULL);

  self->jobs = g_object_ref (jobs);
  return self;
}

static void
spqr_layer_preview_dispose (GObject *object)
{
  SpqrLayerPreview *self = SPQR_LAYER_PREVIEW (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  forget_answer (self);
  g_clear_object (&self->jobs);
  g_clear_pointer (&self->reference, g_free);
  g_clear_pointer (&self->picture, spqr_layer_picture_unref);
  g_clear_pointer (&self->lab, spqr_lab_unref);
  G_OBJECT_CLASS (spqr_layer_preview_parent_class)->dispose (object);
}

static void
spqr_layer_preview_class_init (SpqrLayerPreviewClass *klass)
{
  static const char *const names[] = { "figures-changed", "picture-changed", "busy-changed" };

  G_OBJECT_CLASS (klass)->dispose = spqr_layer_preview_dispose;
  for (guint i = 0; i < N_SIGNALS; i++)
    signals[i] = g_signal_new (names[i], G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
spqr_layer_preview_init (SpqrLayerPreview *self)
{
  self->params = spqr_params_default;
  self->field = SPQR_FIELD_SENSITIVITY;
  self->scale = SPQR_SCALE_LOG;
}
