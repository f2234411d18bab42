#include "window/spqr-jobs-button.h"

#include <glib/gi18n.h>

#include "controls/spqr-reason.h"
#include "window/spqr-job-row.h"
#include "window/spqr-unfinished-runs.h"
#include "window/spqr-waiting-jobs.h"

struct _SpqrJobsButton {
  GtkWidget parent_instance;

  SpqrJobQueue *queue;
  GtkMenuButton *button;
  GtkLabel *label;
  GtkProgressBar *progress;
  GtkListBox *list;
  GtkButton *clear;
  SpqrUnfinishedRuns *unfinished;
  SpqrWaitingJobs *waiting;
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

static gboolean
has_ended (SpqrJobQueue *queue)
{
  return spqr_job_queue_get_n_active (queue) < g_list_model_get_n_items (G_LIST_MODEL (queue));
}

static void
update (SpqrJobsButton *self)
{
  SpqrJob *job = first_active (self->queue);
  g_autofree char *text = NULL;

  spqr_widget_set_reason (GTK_WIDGET (self->clear), has_ended (self->queue) ? NULL : _("No job in the list has ended"));
  gtk_widget_set_visible (GTK_WIDGET (self->progress), job != NULL);
  if (job == NULL)
    {
      gtk_label_set_label (self->label, _("Jobs"));
      return;
    }
  gtk_progress_bar_set_fraction (self->progress, spqr_job_get_fraction (job));
  text = spqr_job_is_parked (job) ? g_strdup (_("Paused")) : g_strdup_printf ("%.0f\302\240%%", 100 * spqr_job_get_fraction (job));
  gtk_label_set_label (self->label, text);
}

/* Somebody began, ended or moved: who waits may be first or last now. */
static void
update_order (SpqrJobsButton *self)
{
  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->list)); row != NULL; row = gtk_widget_get_next_sibling (row))
    if (SPQR_IS_JOB_ROW (row))
      spqr_job_row_update_order (SPQR_JOB_ROW (row));
  update (self);
}

static void
on_moved (SpqrJobRow *moved, gboolean earlier, SpqrJobsButton *self)
{
  SpqrJob *job = spqr_job_row_get_job (moved);

  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->list)); row != NULL; row = gtk_widget_get_next_sibling (row))
    if (SPQR_IS_JOB_ROW (row) && spqr_job_row_get_job (SPQR_JOB_ROW (row)) == job)
      spqr_job_row_focus_move (SPQR_JOB_ROW (row), earlier);
}

static void
on_progress (GtkWidget *row)
{
  GtkWidget *self = gtk_widget_get_ancestor (row, SPQR_TYPE_JOBS_BUTTON);

  if (self != NULL)
    update (SPQR_JOBS_BUTTON (self));
}

static void
on_state (GtkWidget *row)
{
  GtkWidget *self = gtk_widget_get_ancestor (row, SPQR_TYPE_JOBS_BUTTON);

  if (self != NULL)
    update_order (SPQR_JOBS_BUTTON (self));
}

static GtkWidget *
make_row (gpointer item, gpointer user_data)
{
  SpqrJobsButton *self = user_data;
  GtkWidget *row = spqr_job_row_new (item, self->queue);

  /* For as long as the row is there: a job that is moved gets another. */
  g_signal_connect_object (item, "notify::fraction", G_CALLBACK (on_progress), row, G_CONNECT_SWAPPED);
  g_signal_connect_object (item, "notify::parked", G_CALLBACK (on_progress), row, G_CONNECT_SWAPPED);
  g_signal_connect_object (item, "notify::state", G_CALLBACK (on_state), row, G_CONNECT_SWAPPED);
  g_signal_connect_object (row, "moved", G_CALLBACK (on_moved), self, 0);
  return row;
}

static void
on_opened (SpqrJobsButton *self)
{
  if (gtk_widget_get_visible (GTK_WIDGET (gtk_menu_button_get_popover (self->button))))
    {
      spqr_unfinished_runs_read (self->unfinished);
      spqr_waiting_jobs_read (self->waiting);
    }
}

void
spqr_jobs_button_set_queue (SpqrJobsButton *self, SpqrJobQueue *queue, SpqrStore *store)
{
  g_return_if_fail (SPQR_IS_JOBS_BUTTON (self) && self->queue == NULL);

  self->queue = g_object_ref (queue);
  gtk_list_box_bind_model (self->list, G_LIST_MODEL (queue), make_row, self, NULL);
  g_signal_connect_object (queue, "items-changed", G_CALLBACK (update_order), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->clear, "clicked", G_CALLBACK (spqr_job_queue_clear_ended), queue, G_CONNECT_SWAPPED);
  g_signal_connect_object (gtk_menu_button_get_popover (self->button), "notify::visible", G_CALLBACK (on_opened), self, G_CONNECT_SWAPPED);
  if (store != NULL)
    spqr_jobs_button_set_store (self, store);
}

void
spqr_jobs_button_set_store (SpqrJobsButton *self, SpqrStore *store)
{
  spqr_unfinished_runs_set_store (self->unfinished, self->queue, store);
  spqr_waiting_jobs_set_store (self->waiting, self->queue, store);
}

void
spqr_jobs_button_show (SpqrJobsButton *self)
{
  gtk_menu_button_popup (self->button);
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
  g_type_ensure (SPQR_TYPE_UNFINISHED_RUNS);
  g_type_ensure (SPQR_TYPE_WAITING_JOBS);
  gtk_widget_class_set_template_from_resource (widget_class, "/studio/spqr/SpqrStudio/ui/spqr-jobs-button.ui");
  gtk_widget_class_bind_template_child (widget_class, SpqrJobsButton, button);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobsButton, label);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobsButton, progress);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobsButton, list);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobsButton, clear);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobsButton, unfinished);
  gtk_widget_class_bind_template_child (widget_class, SpqrJobsButton, waiting);
}

static void
spqr_jobs_button_init (SpqrJobsButton *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
