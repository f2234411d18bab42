#include "window/spqr-waiting-jobs.h"

#include <glib/gi18n.h>

#include "window/spqr-offer-list.h"

struct _SpqrWaitingJobs {
  GtkWidget parent_instance;

  SpqrJobQueue *queue;
  SpqrStore *store;
  GtkWidget *box, *list, *all;
  gboolean offered;          /* the toast: once */
};

G_DEFINE_FINAL_TYPE (SpqrWaitingJobs, spqr_waiting_jobs, GTK_TYPE_WIDGET)

typedef struct { SpqrStore *store; GPtrArray *jobs; } Reading;

static void
free_reading (gpointer data)
{
  Reading *reading = data;

  g_object_unref (reading->store);
  g_clear_pointer (&reading->jobs, g_ptr_array_unref);
  g_free (reading);
}

static gboolean
read_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Reading *reading = data;

  reading->jobs = spqr_store_list_waiting (reading->store, error);
  return reading->jobs != NULL;
}

/* ---- rows ---- */

static void
add_button (GtkWidget *row, GtkWidget *button, const char *action, gint64 id, const char *name)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  spqr_offer_row_add_button (row, button, action, id);
}

static GtkWidget *
make_row (gpointer item)
{
  const SpqrWaitingJob *job = item;
  GtkWidget *row = adw_action_row_new (), *drop = gtk_button_new_from_icon_name ("user-trash-symbolic");
  GtkWidget *button = gtk_button_new_with_mnemonic (_("_Start"));
  g_autofree char *markup = g_markup_escape_text (job->title, -1);
  g_autofree char *start = g_strdup_printf (_("Start: %s"), job->title), *forget = g_strdup_printf (_("Forget: %s"), job->title);

  add_button (row, button, "win.start-waiting", job->id, start);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), markup);
  adw_action_row_set_title_lines (ADW_ACTION_ROW (row), 1);
  g_object_set_data (G_OBJECT (row), "start", button);
  gtk_widget_add_css_class (drop, "flat");
  gtk_widget_set_tooltip_text (drop, _("Forget this job"));
  add_button (row, drop, "win.drop-waiting", job->id, forget);
  return row;
}

static void
start_all (SpqrWaitingJobs *self)
{
  GtkListBoxRow *row;

  for (int i = 0; (row = gtk_list_box_get_row_at_index (GTK_LIST_BOX (self->list), i)) != NULL; i++)
    if (gtk_widget_get_visible (GTK_WIDGET (row)))
      g_signal_emit_by_name (g_object_get_data (G_OBJECT (row), "start"), "clicked");
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}

/* ---- reading ---- */

static void
offer (SpqrWaitingJobs *self, guint n)
{
  g_autofree char *text = g_strdup_printf (ngettext ("%u job was waiting when the program ended", "%u jobs were waiting when the program ended", n), n);

  spqr_offer_toast (GTK_WIDGET (self), text, _("_Show"), "win.show-jobs", NULL);
}

static void
on_read (SpqrJob *job, SpqrWaitingJobs *self)
{
  Reading *reading = spqr_job_get_data (job);

  if (spqr_job_get_state (job) != SPQR_JOB_FINISHED || self->list == NULL)
    return;
  spqr_offer_list_fill (self->list, reading->jobs, make_row);
  gtk_widget_set_visible (GTK_WIDGET (self), reading->jobs->len > 0);
  gtk_widget_set_visible (self->all, reading->jobs->len > 1);
  if (!self->offered && reading->jobs->len > 0)
    offer (self, reading->jobs->len);
  self->offered = TRUE;
}

void
spqr_waiting_jobs_read (SpqrWaitingJobs *self)
{
  g_autoptr (SpqrJob) job = NULL;
  Reading *reading;

  if (self->store == NULL)
    return;
  reading = g_new0 (Reading, 1);
  reading->store = g_object_ref (self->store);
  job = spqr_job_new (_("Looking for jobs that waited"), read_in_worker, reading, free_reading);
  g_signal_connect_object (job, "ended", G_CALLBACK (on_read), self, 0);
  spqr_job_queue_submit_for (self->queue, SPQR_LANE_PREVIEW, self, job);
}

void
spqr_waiting_jobs_set_store (SpqrWaitingJobs *self, SpqrJobQueue *queue, SpqrStore *store)
{
  g_set_object (&self->queue, queue);
  g_set_object (&self->store, store);
  spqr_waiting_jobs_read (self);
}

static void
spqr_waiting_jobs_dispose (GObject *object)
{
  SpqrWaitingJobs *self = SPQR_WAITING_JOBS (object);

  g_clear_pointer (&self->box, gtk_widget_unparent);
  self->list = NULL;
  g_clear_object (&self->queue);
  g_clear_object (&self->store);
  G_OBJECT_CLASS (spqr_waiting_jobs_parent_class)->dispose (object);
}

static void
spqr_waiting_jobs_class_init (SpqrWaitingJobsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_waiting_jobs_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static void
spqr_waiting_jobs_init (SpqrWaitingJobs *self)
{
  self->all = gtk_button_new_with_mnemonic (_("Start _All"));
  gtk_widget_add_css_class (self->all, "flat");
  g_signal_connect_object (self->all, "clicked", G_CALLBACK (start_all), self, G_CONNECT_SWAPPED);
  self->box = spqr_offer_list_new (_("Jobs of Last Time"), self->all, &self->list);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}
