#include "window/spqr-unfinished-runs.h"

#include <glib/gi18n.h>
#include <inttypes.h>

#include "window/spqr-offer-list.h"

enum { MOST = 5 };

struct _SpqrUnfinishedRuns {
  GtkWidget parent_instance;

  SpqrJobQueue *queue;
  SpqrStore *store;
  GtkWidget *box, *list;
  gboolean offered;          /* the toast: once */
};

G_DEFINE_FINAL_TYPE (SpqrUnfinishedRuns, spqr_unfinished_runs, GTK_TYPE_WIDGET)

typedef struct { SpqrStore *store; GPtrArray *runs; gboolean newest; } Reading;

static void
free_reading (gpointer data)
{
  Reading *reading = data;

  g_object_unref (reading->store);
  g_ptr_array_unref (reading->runs);
  g_free (reading);
}

/* Its model and what it has stored are still there. */
static gboolean
can_go_on (SpqrRun *run)
{
  return (run->state == SPQR_RUN_CANCELLED || run->state == SPQR_RUN_FAILED || run->state == SPQR_RUN_INTERRUPTED) &&
         run->n_layers_done < run->n_layers && run->folder != NULL && g_file_test (run->folder, G_FILE_TEST_IS_DIR) &&
         g_file_test (run->model_path, G_FILE_TEST_EXISTS);
}

static gboolean
read_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Reading *reading = data;
  g_autoptr (GPtrArray) runs = spqr_store_list_runs (reading->store, error);

  for (guint i = 0; runs != NULL && i < runs->len && reading->runs->len < MOST; i++)
    if (can_go_on (runs->pdata[i]))
      {
        reading->newest |= i == 0;
        g_ptr_array_add (reading->runs, g_object_ref (runs->pdata[i]));
      }
  return runs != NULL;
}

static char *
describe (SpqrRun *run)
{
  if (run->state == SPQR_RUN_FAILED && run->error != NULL)
    return g_strdup_printf (ngettext ("failed at %u of %u layer: %s", "failed at %u of %u layers: %s", run->n_layers), run->n_layers_done,
                            run->n_layers, run->error);
  if (run->state == SPQR_RUN_INTERRUPTED)
    return g_strdup_printf (ngettext ("cut short at %u of %u layer", "cut short at %u of %u layers", run->n_layers), run->n_layers_done, run->n_layers);
  return g_strdup_printf (ngettext ("cancelled at %u of %u layer", "cancelled at %u of %u layers", run->n_layers), run->n_layers_done, run->n_layers);
}

static GtkWidget *
make_row (gpointer item)
{
  SpqrRun *run = item;
  GtkWidget *row = adw_action_row_new (), *button = gtk_button_new_with_mnemonic (_("_Go On"));
  g_autofree char *title = g_strdup_printf (_("Run %" PRId64 " of %s"), run->id, run->model_name);
  g_autofree char *markup = g_markup_escape_text (title, -1), *text = describe (run), *below = g_markup_escape_text (text, -1);
  g_autofree char *name = g_strdup_printf (_("Go on with run %" PRId64), run->id);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), markup);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), below);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 2);
  gtk_widget_set_tooltip_text (button, _("From its last finished layer; the result is the same as without the pause"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, name, -1);
  spqr_offer_row_add_button (row, button, "win.go-on", run->id);
  return row;
}

/* The last that was done before the program ended is not done: most likely that is what is wanted now. */
static void
offer (SpqrUnfinishedRuns *self, SpqrRun *run)
{
  g_autofree char *state = describe (run), *text = g_strdup_printf (_("Run %" PRId64 " of %s: %s"), run->id, run->model_name, state);

  spqr_offer_toast (GTK_WIDGET (self), text, _("_Go On"), "win.go-on", g_variant_new_int64 (run->id));
}

static void
on_read (SpqrJob *job, SpqrUnfinishedRuns *self)
{
  Reading *reading = spqr_job_get_data (job);

  if (spqr_job_get_state (job) != SPQR_JOB_FINISHED || self->list == NULL)
    return;
  spqr_offer_list_fill (self->list, reading->runs, make_row);
  gtk_widget_set_visible (GTK_WIDGET (self), reading->runs->len > 0);
  if (!self->offered && reading->newest)
    offer (self, reading->runs->pdata[0]);
  self->offered = TRUE;
}

void
spqr_unfinished_runs_read (SpqrUnfinishedRuns *self)
{
  g_autoptr (SpqrJob) job = NULL;
  Reading *reading;

  if (self->store == NULL)
    return;
  reading = g_new0 (Reading, 1);
  *reading = (Reading) { g_object_ref (self->store), g_ptr_array_new_with_free_func (g_object_unref), FALSE };
  job = spqr_job_new (_("Looking for unfinished runs"), read_in_worker, reading, free_reading);
  g_signal_connect_object (job, "ended", G_CALLBACK (on_read), self, 0);
  spqr_job_queue_submit_for (self->queue, SPQR_LANE_PREVIEW, self, job);
}

void
spqr_unfinished_runs_set_store (SpqrUnfinishedRuns *self, SpqrJobQueue *queue, SpqrStore *store)
{
  g_set_object (&self->queue, queue);
  g_set_object (&self->store, store);
  spqr_unfinished_runs_read (self);
}

static void
spqr_unfinished_runs_dispose (GObject *object)
{
  SpqrUnfinishedRuns *self = SPQR_UNFINISHED_RUNS (object);

  g_clear_pointer (&self->box, gtk_widget_unparent);
  self->list = NULL;
  g_clear_object (&self->queue);
  g_clear_object (&self->store);
  G_OBJECT_CLASS (spqr_unfinished_runs_parent_class)->dispose (object);
}

static void
spqr_unfinished_runs_class_init (SpqrUnfinishedRunsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_unfinished_runs_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static void
spqr_unfinished_runs_init (SpqrUnfinishedRuns *self)
{
  self->box = spqr_offer_list_new (_("Unfinished Runs"), NULL, &self->list);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}
