#include "window/spqr-job-row.h"

#include <glib/gi18n.h>

#include "plot/spqr-format.h"

struct _SpqrJobRow {
  GtkListBoxRow parent_instance;

  SpqrJob *job;
  SpqrJobQueue *queue;
  GtkLabel *title, *detail, *note;
  GtkProgressBar *progress;
  GtkWidget *up, *down, *pause, *cancel;
};

enum { MOVED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (SpqrJobRow, spqr_job_row, GTK_TYPE_LIST_BOX_ROW)

/* ---- what is told of it ---- */

static void
append (GString *text, const char *part)
{
  if (part != NULL && *part != '\0')
    g_string_append_printf (text, "%s%s", text->len > 0 ? " · " : "", part);
}

/* "42 % · 3 min left · CPU · model.layers.3…" */
static char *
describe_running (SpqrJob *job)
{
  double left = spqr_job_get_seconds_left (job);
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "%.0f\302\240%%", 100 * spqr_job_get_fraction (job));
  if (spqr_job_is_parked (job))
    append (text, _("paused"));
  else if (spqr_job_is_paused (job))
    append (text, _("pauses after this step"));
  if (left >= 0)
    {
      g_autofree char *duration = spqr_format_duration (left);
      /* Translators: how long a job will still take: “3 min 20 s left”. */
      g_autofree char *told = g_strdup_printf (_("%s left"), duration);

      append (text, told);
    }
  append (text, spqr_job_get_device (job));
  append (text, spqr_job_get_message (job));
  return g_string_free (text, FALSE);
}

static char *
describe (SpqrJob *job)
{
  const GError *error = spqr_job_get_error (job);

  switch (spqr_job_get_state (job))
    {
    case SPQR_JOB_QUEUED: return g_strdup (_("Waiting"));
    case SPQR_JOB_RUNNING: return describe_running (job);
    case SPQR_JOB_FINISHED: return g_strdup (_("Done"));
    case SPQR_JOB_FAILED: return g_strdup (error != NULL ? error->message : _("Failed"));
    case SPQR_JOB_CANCELLED:
    case SPQR_JOB_DISCARDED:
    default: return g_strdup (_("Cancelled"));
    }
}

static void
update_pause (SpqrJobRow *self)
{
  gboolean paused = spqr_job_is_paused (self->job), running = spqr_job_get_state (self->job) == SPQR_JOB_RUNNING;

  gtk_widget_set_visible (self->pause, running);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "job.pause", running);
  gtk_button_set_icon_name (GTK_BUTTON (self->pause), paused ? "media-playback-start-symbolic" : "media-playback-pause-symbolic");
  gtk_widget_set_tooltip_text (self->pause, paused ? _("Go on (P)") : _("Pause after this step; the jobs behind it wait (P)"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->pause), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  paused ? _("Go on with this job") : _("Pause this job"), -1);
}

void
spqr_job_row_update_order (SpqrJobRow *self)
{
  gboolean up = spqr_job_queue_can_move (self->queue, self->job, TRUE), down = spqr_job_queue_can_move (self->queue, self->job, FALSE);

  gtk_widget_set_visible (self->up, up || down);
  gtk_widget_set_visible (self->down, up || down);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "job.up", up);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "job.down", down);
}

/* The first line is the one with which it began; the others, such as other operations of later layers, are told to who
 * points at it. */
static void
update_note (SpqrJobRow *self)
{
  const char *note = spqr_job_get_note (self->job);
  g_auto (GStrv) lines = note != NULL ? g_strsplit (note, "\n", 2) : NULL;

  gtk_widget_set_visible (GTK_WIDGET (self->note), note != NULL);
  gtk_label_set_label (self->note, note != NULL ? lines[0] : "");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->note), note);
}

static void
update (SpqrJobRow *self)
{
  g_autofree char *detail = describe (self->job);
  gboolean active = spqr_job_is_active (self->job);

  gtk_label_set_label (self->detail, detail);
  gtk_progress_bar_set_fraction (self->progress, spqr_job_get_fraction (self->job));
  gtk_widget_set_visible (GTK_WIDGET (self->progress), active);
  gtk_widget_set_visible (self->cancel, active);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "job.cancel", active);
  if (spqr_job_get_state (self->job) == SPQR_JOB_FAILED)
    gtk_widget_add_css_class (GTK_WIDGET (self->detail), "error");
}

static void
on_state (SpqrJobRow *self)
{
  update (self);
  update_pause (self);
  spqr_job_row_update_order (self);
}

/* ---- what can be done with it ---- */

static void
move (SpqrJobRow *self, gboolean earlier)
{
  g_autoptr (GObject) alive = g_object_ref (G_OBJECT (self));      /* moved, the job gets another row */

  if (spqr_job_queue_move (self->queue, self->job, earlier))
    g_signal_emit (self, signals[MOVED], 0, earlier);
}

static void
on_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  SpqrJobRow *self = SPQR_JOB_ROW (widget);

  if (g_str_equal (name, "job.pause"))
    spqr_job_set_paused (self->job, !spqr_job_is_paused (self->job));
  else if (g_str_equal (name, "job.cancel"))
    spqr_job_cancel (self->job);
  else
    move (self, g_str_equal (name, "job.up"));
}

void
spqr_job_row_focus_move (SpqrJobRow *self, gboolean earlier)
{
  if (!gtk_widget_grab_focus (earlier ? self->up : self->down))
    gtk_widget_grab_focus (earlier ? self->down : self->up);
}

/* ---- by the pointer: a job that waits is dropped where it is to stand ---- */

static GdkContentProvider *
on_drag_prepare (GtkDragSource *source, double x, double y, SpqrJobRow *self)
{
  gboolean waits = spqr_job_queue_can_move (self->queue, self->job, TRUE) || spqr_job_queue_can_move (self->queue, self->job, FALSE);

  return waits ? gdk_content_provider_new_typed (SPQR_TYPE_JOB, self->job) : NULL;
}

static void
on_drag_begin (GtkDragSource *source, GdkDrag *drag, SpqrJobRow *self)
{
  g_autoptr (GdkPaintable) picture = gtk_widget_paintable_new (GTK_WIDGET (self));

  gtk_drag_source_set_icon (source, picture, 12, 12);
}

static gboolean
on_drop (GtkDropTarget *target, const GValue *value, double x, double y, SpqrJobRow *self)
{
  g_autoptr (GObject) alive = g_object_ref (G_OBJECT (self));

  return spqr_job_queue_move_to (self->queue, g_value_get_object (value), self->job);
}

static void
add_drag (SpqrJobRow *self)
{
  GtkDragSource *source = gtk_drag_source_new ();
  GtkDropTarget *target = gtk_drop_target_new (SPQR_TYPE_JOB, GDK_ACTION_MOVE);

  gtk_drag_source_set_actions (source, GDK_ACTION_MOVE);
  g_signal_connect_object (source, "prepare", G_CALLBACK (on_drag_prepare), self, 0);
  g_signal_connect_object (source, "drag-begin", G_CALLBACK (on_drag_begin), self, 0);
  g_signal_connect_object (target, "drop", G_CALLBACK (on_drop), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (source));
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (target));
}

SpqrJob *
spqr_job_row_get_job (SpqrJobRow *self)
{
  return self->job;
}

GtkWidget *
spqr_job_row_new (SpqrJob *job, SpqrJobQueue *queue)
{
  SpqrJobRow *self = g_object_new (SPQR_TYPE_JOB_ROW, NULL);

  self->job = g_object_ref (job);
  self->queue = g_object_ref (queue);
  gtk_label_set_label (self->title, spqr_job_get_title (job));
  g_signal_connect_object (job, "notify::fraction", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (job, "notify::device", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (job, "notify::note", G_CALLBACK (update_note), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (job, "notify::state", G_CALLBACK (on_state), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (job, "notify::paused", G_CALLBACK (on_state), self, G_CONNECT_SWAPPED);
  update_note (self);
  on_state (self);
  return GTK_WIDGET (self);
}

static void
spqr_job_row_dispose (GObject *object)
{
  SpqrJobRow *self = SPQR_JOB_ROW (object);

  g_clear_object (&self->job);
  g_clear_object (&self->queue);
  gtk_widget_dispose_template (GTK_WIDGET (object), SPQR_TYPE_JOB_ROW);
  G_OBJECT_CLASS (spqr_job_row_parent_class)->dispose (object);
}

static void
spqr_job_row_class_init (SpqrJobRowClass *klass)
{
  static const struct { const char *action; guint key; GdkModifierType state; } keys[] = {
    { "job.up", GDK_KEY_Up, GDK_ALT_MASK }, { "job.down", GDK_KEY_Down, GDK_ALT_MASK },
    { "job.pause", GDK_KEY_p, 0 }, { "job.cancel", GDK_KEY_Delete, 0 },
  };
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = spqr_job_row_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/studio/spqr/SpqrStudio/ui/spqr-job-row.ui");
  gtk_widget_class_bind_template_child (widget_class, SpqrJobRow, title);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobRow, detail);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobRow, note);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobRow, progress);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobRow, up);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobRow, down);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobRow, pause);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobRow, cancel);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      gtk_widget_class_install_action (widget_class, keys[i].action, NULL, on_action);
      gtk_widget_class_add_binding_action (widget_class, keys[i].key, keys[i].state, keys[i].action, NULL);
    }
  signals[MOVED] = g_signal_new ("moved", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
}

static void
spqr_job_row_init (SpqrJobRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  add_drag (self);
}
