#include "job/spqr-job.h"

/* Progress is shown at most this often: a label that changes faster cannot be read, and costs frames. */
#define SHOW_EVERY (100 * G_TIME_SPAN_MILLISECOND)
/* Whoever cancels through the cancellable alone wakes nobody; a paused job looks for it this often. */
#define LOOK_EVERY (50 * G_TIME_SPAN_MILLISECOND)

struct _SpqrJob {
  GObject parent_instance;

  char *title;
  SpqrJobFunc func;
  gpointer data;
  GDestroyNotify destroy;
  GCancellable *cancellable;
  GMainContext *context;

  /* As seen in the main context. */
  char *message, *device, *note;
  double fraction, seconds_left;
  SpqrJobState state;
  gboolean paused, parked;
  GError *error;

  /* What the work last said; under the lock. */
  GMutex lock;
  char *new_message, *new_device;
  GString *notes;                  /* all of them, also those that are told already */
  double new_fraction;
  SpqrJobState new_state;
  GError *new_error;
  gboolean new_paused, new_parked;
  gboolean hold_back, held_back;   /* others come first: to wait, and waiting */
  GCond woken;                     /* cancelled, or let go on */
  gint64 started, shown;           /* begun (what it was held for taken off); shown last */
  gint64 held;                     /* how long, in all */
  GSource *source;                 /* of the notification that is queued, or NULL */
};

enum { PROP_0, PROP_TITLE, PROP_MESSAGE, PROP_FRACTION, PROP_STATE, PROP_SECONDS_LEFT, PROP_ACTIVE, PROP_PAUSED, PROP_PARKED, PROP_DEVICE, PROP_NOTE, N_PROPS };
enum { ENDED, N_SIGNALS };

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (SpqrJob, spqr_job, G_TYPE_OBJECT)

static gboolean
state_is_final (SpqrJobState state)
{
  return state != SPQR_JOB_QUEUED && state != SPQR_JOB_RUNNING;
}

static double
estimate_seconds_left (gint64 started, double fraction)
{
  double elapsed = (g_get_monotonic_time () - started) / 1e6;

  /* Before a fiftieth is done the extrapolation only frightens. */
  if (started == 0 || fraction < 0.02 || elapsed < 0.5)
    return -1;
  return elapsed * (1 - fraction) / fraction;
}

/* Main context: takes over what the work said since the last time. */
static gboolean
publish (gpointer user_data)
{
  SpqrJob *self = user_data;
  gboolean state_changed, pause_changed, device_changed = FALSE, note_changed, ended;

  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->source, g_source_unref);
  self->shown = g_get_monotonic_time ();
  if (self->new_message != NULL)
    {
      g_free (self->message);
      self->message = g_steal_pointer (&self->new_message);
    }
  if (self->new_device != NULL)
    {
      g_free (self->device);
      self->device = g_steal_pointer (&self->new_device);
      device_changed = TRUE;
    }
  note_changed = g_strcmp0 (self->note, self->notes->len > 0 ? self->notes->str : NULL) != 0;
  if (note_changed)
    {
      g_free (self->note);
      self->note = g_strdup (self->notes->str);
    }
  self->fraction = self->new_fraction;
  self->seconds_left = self->new_state == SPQR_JOB_RUNNING && !self->new_parked
                         ? estimate_seconds_left (self->started, self->fraction) : -1;
  state_changed = self->state != self->new_state;
  self->state = self->new_state;
  pause_changed = self->paused != self->new_paused || self->parked != self->new_parked;
  self->paused = self->new_paused;
  self->parked = self->new_parked;
  if (self->new_error != NULL)
    self->error = g_steal_pointer (&self->new_error);
  g_mutex_unlock (&self->lock);
  ended = state_changed && state_is_final (self->state);

  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MESSAGE]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FRACTION]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SECONDS_LEFT]);
  if (state_changed)
    {
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ACTIVE]);
    }
  if (device_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DEVICE]);
  if (note_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NOTE]);
  if (pause_changed)
    {
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PAUSED]);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PARKED]);
    }
  g_object_thaw_notify (G_OBJECT (self));
  if (ended)
    g_signal_emit (self, signals[ENDED], 0);
  return G_SOURCE_REMOVE;
}

/* With the lock held. at_once: a change that people wait for; progress comes no oftener than it is shown. */
static void
queue_publish (SpqrJob *self, gboolean at_once)
{
  gint64 due = at_once ? 0 : self->shown + SHOW_EVERY;

  if (self->source != NULL)
    {
      if (at_once)
        g_source_set_ready_time (self->source, 0);
      return;
    }
  self->source = g_timeout_source_new (0);
  g_source_set_ready_time (self->source, due);
  g_source_set_priority (self->source, G_PRIORITY_DEFAULT_IDLE);
  g_source_set_callback (self->source, publish, g_object_ref (self), g_object_unref);
  g_source_set_static_name (self->source, "spqr-job-publish");
  g_source_attach (self->source, self->context);
}

/* With the lock held. The first final state stays: cancelling, discarding and the end of the work may
 * meet. Takes error. */
static gboolean
change_state (SpqrJob *self, SpqrJobState state, GError *error)
{
  if (state_is_final (self->new_state))
    {
      g_clear_error (&error);
      return FALSE;
    }
  self->new_state = state;
  if (state == SPQR_JOB_RUNNING)
    self->started = g_get_monotonic_time ();
  if (state == SPQR_JOB_FINISHED)
    self->new_fraction = 1;
  if (state_is_final (state))
    self->new_paused = self->new_parked = FALSE;
  self->new_error = error;
  queue_publish (self, TRUE);
  return TRUE;
}

static gboolean
set_state (SpqrJob *self, SpqrJobState state, GError *error)
{
  gboolean changed;

  g_mutex_lock (&self->lock);
  changed = change_state (self, state, error);
  g_mutex_unlock (&self->lock);
  return changed;
}

/* With the lock held, in the work's thread: waits until it may go on or is to end. */
static void
park (SpqrJob *self)
{
  gint64 began = g_get_monotonic_time ();

  while ((self->new_paused || self->hold_back) && !g_cancellable_is_cancelled (self->cancellable))
    {
      self->held_back = self->hold_back;
      if (self->new_parked != self->new_paused)
        {
          self->new_parked = self->new_paused;
          queue_publish (self, TRUE);
        }
      g_cond_wait_until (&self->woken, &self->lock, g_get_monotonic_time () + LOOK_EVERY);
    }
  self->new_parked = self->held_back = FALSE;
  self->held += g_get_monotonic_time () - began;
  self->started += g_get_monotonic_time () - began;
  queue_publish (self, TRUE);
}

void
spqr_job_report (double fraction, const char *what, gpointer job)
{
  SpqrJob *self = job;

  g_mutex_lock (&self->lock);
  self->new_fraction = CLAMP (fraction, self->new_fraction, 1.0);
  if (what != NULL)
    {
      g_free (self->new_message);
      self->new_message = g_strdup (what);
    }
  queue_publish (self, FALSE);
  if (self->new_paused || self->hold_back)
    park (self);
  g_mutex_unlock (&self->lock);
}

gboolean
spqr_job_should_rest (SpqrJob *self)
{
  gboolean rest;

  g_mutex_lock (&self->lock);
  rest = self->new_paused || self->hold_back;
  g_mutex_unlock (&self->lock);
  return rest || g_cancellable_is_cancelled (self->cancellable);
}

double
spqr_job_get_seconds_parked (SpqrJob *self)
{
  gint64 held;

  g_mutex_lock (&self->lock);
  held = self->held;
  g_mutex_unlock (&self->lock);
  return held / 1e6;
}

void
spqr_job_set_device (SpqrJob *self, const char *device)
{
  g_return_if_fail (SPQR_IS_JOB (self));

  g_mutex_lock (&self->lock);
  g_free (self->new_device);
  self->new_device = g_strdup (device);
  queue_publish (self, FALSE);
  g_mutex_unlock (&self->lock);
}

void
spqr_job_add_note (SpqrJob *self, const char *line)
{
  g_return_if_fail (SPQR_IS_JOB (self));

  g_mutex_lock (&self->lock);
  g_string_append_printf (self->notes, "%s%s", self->notes->len > 0 ? "\n" : "", line);
  queue_publish (self, FALSE);
  g_mutex_unlock (&self->lock);
}

void
spqr_job_set_paused (SpqrJob *self, gboolean paused)
{
  g_return_if_fail (SPQR_IS_JOB (self));

  g_mutex_lock (&self->lock);
  if (!state_is_final (self->new_state) && self->new_paused != paused)
    {
      self->new_paused = paused;
      g_cond_broadcast (&self->woken);
      queue_publish (self, TRUE);
    }
  g_mutex_unlock (&self->lock);
}

void
spqr_job_hold_back (SpqrJob *self, gboolean hold_back)
{
  g_return_if_fail (SPQR_IS_JOB (self));

  g_mutex_lock (&self->lock);
  self->hold_back = hold_back;
  g_cond_broadcast (&self->woken);
  g_mutex_unlock (&self->lock);
}

gboolean
spqr_job_is_held_back (SpqrJob *self)
{
  gboolean held_back;

  g_return_val_if_fail (SPQR_IS_JOB (self), FALSE);

  g_mutex_lock (&self->lock);
  held_back = self->held_back;
  g_mutex_unlock (&self->lock);
  return held_back;
}

void
spqr_job_run (SpqrJob *self)
{
  g_autoptr (GError) error = NULL;

  if (g_cancellable_is_cancelled (self->cancellable))
    {
      set_state (self, SPQR_JOB_CANCELLED, NULL);
      return;
    }
  if (!set_state (self, SPQR_JOB_RUNNING, NULL))
    return;
  if (self->func (self, self->data, self->cancellable, &error))
    set_state (self, SPQR_JOB_FINISHED, NULL);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    set_state (self, SPQR_JOB_CANCELLED, NULL);
  else
    set_state (self, SPQR_JOB_FAILED, g_steal_pointer (&error));
}

void
spqr_job_discard (SpqrJob *self)
{
  set_state (self, SPQR_JOB_DISCARDED, NULL);
}

void
spqr_job_cancel (SpqrJob *self)
{
  g_return_if_fail (SPQR_IS_JOB (self));

  g_cancellable_cancel (self->cancellable);
  g_mutex_lock (&self->lock);
  /* It may wait behind a long one; the person who cancelled it should not. */
  if (self->new_state == SPQR_JOB_QUEUED)
    change_state (self, SPQR_JOB_CANCELLED, NULL);
  g_cond_broadcast (&self->woken);
  g_mutex_unlock (&self->lock);
}

static gboolean
do_nothing (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

void
spqr_job_release (SpqrJob *self)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_callback (source, do_nothing, self, g_object_unref);
  g_source_attach (source, self->context);
}

GCancellable *
spqr_job_get_cancellable (SpqrJob *self)
{
  return self->cancellable;
}

SpqrJob *
spqr_job_new (const char *title, SpqrJobFunc func, gpointer data, GDestroyNotify destroy)
{
  SpqrJob *self = g_object_new (SPQR_TYPE_JOB, NULL);

  self->title = g_strdup (title);
  self->func = func;
  self->data = data;
  self->destroy = destroy;
  return self;
}

const char   *spqr_job_get_title (SpqrJob *self) { return self->title; }
const char   *spqr_job_get_device (SpqrJob *self) { return self->device; }
const char   *spqr_job_get_note (SpqrJob *self) { return self->note; }
const char   *spqr_job_get_message (SpqrJob *self) { return self->message; }
double        spqr_job_get_fraction (SpqrJob *self) { return self->fraction; }
SpqrJobState  spqr_job_get_state (SpqrJob *self) { return self->state; }
double        spqr_job_get_seconds_left (SpqrJob *self) { return self->seconds_left; }
gboolean      spqr_job_is_active (SpqrJob *self) { return !state_is_final (self->state); }
gboolean      spqr_job_is_paused (SpqrJob *self) { return self->paused; }
gboolean      spqr_job_is_parked (SpqrJob *self) { return self->parked; }
const GError *spqr_job_get_error (SpqrJob *self) { return self->error; }
gpointer      spqr_job_get_data (SpqrJob *self) { return self->data; }

static void
spqr_job_finalize (GObject *object)
{
  SpqrJob *self = SPQR_JOB (object);

  if (self->destroy != NULL)
    self->destroy (self->data);
  g_clear_error (&self->error);
  g_clear_error (&self->new_error);
  g_free (self->title);
  g_free (self->message);
  g_free (self->new_message);
  g_free (self->device);
  g_free (self->new_device);
  g_free (self->note);
  g_string_free (self->notes, TRUE);
  g_clear_object (&self->cancellable);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->woken);
  G_OBJECT_CLASS (spqr_job_parent_class)->finalize (object);
}

static void
spqr_job_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  SpqrJob *self = SPQR_JOB (object);

  switch (prop_id)
    {
    case PROP_TITLE: g_value_set_string (value, self->title); break;
    case PROP_MESSAGE: g_value_set_string (value, self->message); break;
    case PROP_FRACTION: g_value_set_double (value, self->fraction); break;
    case PROP_STATE: g_value_set_int (value, self->state); break;
    case PROP_SECONDS_LEFT: g_value_set_double (value, self->seconds_left); break;
    case PROP_ACTIVE: g_value_set_boolean (value, spqr_job_is_active (self)); break;
    case PROP_PAUSED: g_value_set_boolean (value, self->paused); break;
    case PROP_NOTE: g_value_set_string (value, self->note); break;
    case PROP_DEVICE: g_value_set_string (value, self->device); break;
    case PROP_PARKED: g_value_set_boolean (value, self->parked); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
spqr_job_class_init (SpqrJobClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->finalize = spqr_job_finalize;
  object_class->get_property = spqr_job_get_property;
  properties[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, flags);
  properties[PROP_MESSAGE] = g_param_spec_string ("message", NULL, NULL, NULL, flags);
  properties[PROP_FRACTION] = g_param_spec_double ("fraction", NULL, NULL, 0, 1, 0, flags);
  properties[PROP_STATE] = g_param_spec_int ("state", NULL, NULL, 0, SPQR_JOB_DISCARDED, 0, flags);
  properties[PROP_SECONDS_LEFT] = g_param_spec_double ("seconds-left", NULL, NULL, -1, G_MAXDOUBLE, -1, flags);
  properties[PROP_ACTIVE] = g_param_spec_boolean ("active", NULL, NULL, TRUE, flags);
  properties[PROP_PAUSED] = g_param_spec_boolean ("paused", NULL, NULL, FALSE, flags);
  properties[PROP_NOTE] = g_param_spec_string ("note", NULL, NULL, NULL, flags);
  properties[PROP_DEVICE] = g_param_spec_string ("device", NULL, NULL, NULL, flags);
  properties[PROP_PARKED] = g_param_spec_boolean ("parked", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  signals[ENDED] = g_signal_new ("ended", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
spqr_job_init (SpqrJob *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->woken);
  self->notes = g_string_new (NULL);
  self->cancellable = g_cancellable_new ();
  self->context = g_main_context_ref_thread_default ();
  self->seconds_left = -1;
}
