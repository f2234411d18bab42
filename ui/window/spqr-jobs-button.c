#include "window/spqr-jobs-button.h"

#include <glib/gi18n.h>

#include "window/spqr-job-row.h"

struct _SpqrJobsButton {
  GtkWidget parent_instance;

  SpqrJobQueue *queue;
  GtkMenuButton *button;
  GtkLabel *label;
  GtkProgressBar *progress;
  GtkListBox *list;
  GtkButton *clear;
};

G_DEFINE_FINAL_TYPE (SpqrJobsButton, spqr_jobs_button, GTK_TYPE_WIDGET)

static SpqrJob *
first_active (SpqrJobQueue *queue)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (queue));

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (SpqrJob) job = g_list_model_get_item (G_LIST_MODEL (queue), i);

      if (spqr_job_is_active (job))
        return job;   /* the queue keeps it */
    }
  return NULL;
}

static void
update (SpqrJobsButton *self)
{
  SpqrJob *job = first_active (self->queue);
  g_autofree char *text = NULL;

  gtk_widget_set_visible (GTK_WIDGET (self->progress), job != NULL);
  if (job == NULL)
    {
      gtk_label_set_label (self->label, _("Jobs"));
      return;
    }
  gtk_progress_bar_set_fraction (self->progress, spqr_job_get_fraction (job));
  text = g_strdup_printf ("%.0f %%", 100 * spqr_job_get_fraction (job));
  gtk_label_set_label (self->label, text);
}

static GtkWidget *
make_row (gpointer item, gpointer user_data)
{
  g_signal_connect_object (item, "notify", G_CALLBACK (update), user_data, G_CONNECT_SWAPPED);
  return spqr_job_row_new (item);
}

void
spqr_jobs_button_set_queue (SpqrJobsButton *self, SpqrJobQueue *queue)
{
  g_return_if_fail (SPQR_IS_JOBS_BUTTON (self) && self->queue == NULL);

  self->queue = g_object_ref (queue);
  gtk_list_box_bind_model (self->list, G_LIST_MODEL (queue), make_row, self, NULL);
  g_signal_connect_object (queue, "items-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->clear, "clicked", G_CALLBACK (spqr_job_queue_clear_ended), queue, G_CONNECT_SWAPPED);
}

static void
spqr_jobs_button_dispose (GObject *object)
{
  SpqrJobsButton *self = SPQR_JOBS_BUTTON (object);

  g_clear_object (&self->queue);
  gtk_widget_dispose_template (GTK_WIDGET (object), SPQR_TYPE_JOBS_BUTTON);
  G_OBJECT_CLASS (spqr_jobs_button_parent_class)->dispose (object);
}

static void
spqr_jobs_button_class_init (SpqrJobsButtonClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = spqr_jobs_button_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/studio/spqr/SpqrStudio/ui/spqr-jobs-button.ui");
  gtk_widget_class_bind_template_child (widget_class, SpqrJobsButton, button);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobsButton, label);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobsButton, progress);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobsButton, list);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobsButton, clear);
}

static void
spqr_jobs_button_init (SpqrJobsButton *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
