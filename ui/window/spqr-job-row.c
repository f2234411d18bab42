#include "window/spqr-job-row.h"

#include <glib/gi18n.h>

#include "plot/spqr-format.h"

struct _SpqrJobRow {
  GtkListBoxRow parent_instance;

  SpqrJob *job;
  GtkLabel *title, *detail;
  GtkProgressBar *progress;
  GtkButton *cancel;
};

G_DEFINE_FINAL_TYPE (SpqrJobRow, spqr_job_row, GTK_TYPE_LIST_BOX_ROW)

static char *
describe_running (SpqrJob *job)
{
  double left = spqr_job_get_seconds_left (job);
  const char *message = spqr_job_get_message (job);
  g_autofree char *duration = NULL;

  if (left < 0)
    return g_strdup_printf ("%.0f %% · %s", 100 * spqr_job_get_fraction (job), message != NULL ? message : "");
  duration = spqr_format_duration (left);
  /* Translators: percent done, time left, what is being done. */
  return g_strdup_printf (_("%.0f %% · %s left · %s"), 100 * spqr_job_get_fraction (job), duration,
                          message != NULL ? message : "");
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
update (SpqrJobRow *self)
{
  g_autofree char *detail = describe (self->job);
  gboolean active = spqr_job_is_active (self->job);

  gtk_label_set_label (self->detail, detail);
  gtk_progress_bar_set_fraction (self->progress, spqr_job_get_fraction (self->job));
  gtk_widget_set_visible (GTK_WIDGET (self->progress), active);
  gtk_widget_set_visible (GTK_WIDGET (self->cancel), active);
  if (spqr_job_get_state (self->job) == SPQR_JOB_FAILED)
    gtk_widget_add_css_class (GTK_WIDGET (self->detail), "error");
}

GtkWidget *
spqr_job_row_new (SpqrJob *job)
{
  SpqrJobRow *self = g_object_new (SPQR_TYPE_JOB_ROW, NULL);

  self->job = g_object_ref (job);
  gtk_label_set_label (self->title, spqr_job_get_title (job));
  g_signal_connect_object (job, "notify", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->cancel, "clicked", G_CALLBACK (spqr_job_cancel), job, G_CONNECT_SWAPPED);
  update (self);
  return GTK_WIDGET (self);
}

static void
spqr_job_row_dispose (GObject *object)
{
  SpqrJobRow *self = SPQR_JOB_ROW (object);

  g_clear_object (&self->job);
  gtk_widget_dispose_template (GTK_WIDGET (object), SPQR_TYPE_JOB_ROW);
  G_OBJECT_CLASS (spqr_job_row_parent_class)->dispose (object);
}

static void
spqr_job_row_class_init (SpqrJobRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = spqr_job_row_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/studio/spqr/SpqrStudio/ui/spqr-job-row.ui");
  gtk_widget_class_bind_template_child (widget_class, SpqrJobRow, title);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobRow, detail);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobRow, progress);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobRow, cancel);
}

static void
spqr_job_row_init (SpqrJobRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
