#include "pages/spqr-save-table.h"

#include <glib/gi18n.h>

#include "export/spqr-comparison-table.h"
#include "export/spqr-report.h"
#include "export/spqr-run-tables.h"

typedef struct {
  SpqrSession *session;
  GWeakRef asker;            /* the widget that saves */
  SpqrTableFunc make;        /* NULL: a report */
  gpointer data;
  GDestroyNotify destroy;
  char *path;
} Saving;

static void
free_saving (gpointer data)
{
  Saving *s = data;

  g_object_unref (s->session);
  g_weak_ref_clear (&s->asker);
  s->destroy (s->data);
  g_free (s->path);
  g_free (s);
}

/* ---- what there is to save ---- */

typedef struct { SpqrStore *store; GArray *ids; gint64 run_id; } Rows;

static void
free_rows (gpointer data)
{
  Rows *rows = data;

  g_object_unref (rows->store);
  g_clear_pointer (&rows->ids, g_array_unref);
  g_free (rows);
}

static Rows *
new_rows (SpqrSession *session, GArray *ids, gint64 run_id)
{
  Rows *rows = g_new (Rows, 1);

  *rows = (Rows) { g_object_ref (spqr_session_get_store (session)), ids != NULL ? g_array_ref (ids) : NULL, run_id };
  return rows;
}

static SpqrCsv *
make_runs (gpointer data, GCancellable *cancellable, GError **error)
{
  Rows *rows = data;
  g_autoptr (GPtrArray) runs = spqr_store_get_runs (rows->store, (const gint64 *) (gpointer) rows->ids->data, rows->ids->len, error);

  return runs != NULL ? spqr_runs_to_csv (runs) : NULL;
}

static void
free_report (gpointer report)
{
  spqr_report_clear (report);
  g_free (report);
}

static SpqrCsv *
make_comparison (gpointer data, GCancellable *cancellable, GError **error)
{
  Rows *rows = data;
  g_autoptr (GPtrArray) reports = g_ptr_array_new_with_free_func (free_report);

  for (guint i = 0; i < rows->ids->len; i++)
    {
      SpqrReport *report = g_new0 (SpqrReport, 1);

      g_ptr_array_add (reports, report);
      if (!spqr_report_load (rows->store, g_array_index (rows->ids, gint64, i), report, error))
        return NULL;
    }
  return spqr_comparison_to_csv (reports);
}

static SpqrCsv *
make_layers (gpointer data, GCancellable *cancellable, GError **error)
{
  Rows *rows = data;
  g_autoptr (SpqrRun) run = spqr_store_get_run (rows->store, rows->run_id, error);
  g_autoptr (GPtrArray) layers = run != NULL ? spqr_store_list_layers (rows->store, run->id, error) : NULL;

  return layers != NULL ? spqr_layers_to_csv (run, layers) : NULL;
}

static SpqrCsv *
make_evals (gpointer data, GCancellable *cancellable, GError **error)
{
  Rows *rows = data;
  g_autoptr (SpqrRun) run = spqr_store_get_run (rows->store, rows->run_id, error);
  g_autoptr (GPtrArray) evals = run != NULL ? spqr_store_list_evals (rows->store, run->id, error) : NULL;

  return evals != NULL ? spqr_evals_to_csv (run, evals) : NULL;
}

/* ---- saving ---- */

static gboolean
save_report (Saving *s, GError **error)
{
  const Rows *rows = s->data;
  g_auto (SpqrReport) report = { NULL };

  return spqr_report_load (rows->store, rows->run_id, &report, error) && spqr_report_save (&report, s->path, error);
}

static gboolean
save_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Saving *s = data;
  g_autoptr (SpqrCsv) csv = NULL;

  if (s->make == NULL)
    return save_report (s, error);
  csv = s->make (s->data, cancellable, error);
  return csv != NULL && spqr_csv_save (csv, s->path, error);
}

static void
on_ended (SpqrJob *job, SpqrSession *session)
{
  const GError *error = spqr_job_get_error (job);
  Saving *s = spqr_job_get_data (job);
  g_autoptr (GtkWidget) asker = g_weak_ref_get (&s->asker);

  if (spqr_job_get_state (job) == SPQR_JOB_FINISHED && asker != NULL)
    gtk_widget_activate_action (asker, "win.saved", "s", s->path);
  if (error != NULL)
    g_signal_emit_by_name (session, "failed", s->make != NULL ? _("Save Table") : _("Save Report"), error->message);
}

static void
on_path_chosen (GtkNativeDialog *chooser, int response, Saving *s)
{
  g_autoptr (GFile) file = response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser)) : NULL;
  g_autoptr (SpqrSession) session = g_object_ref (s->session);

  s->path = file != NULL ? g_file_get_path (file) : NULL;
  if (s->path != NULL)
    {
      g_autoptr (SpqrJob) job = spqr_job_new (s->make != NULL ? _("Saving a table") : _("Saving a report"), save_in_worker, s, free_saving);

      g_signal_connect_object (job, "ended", G_CALLBACK (on_ended), session, 0);
      spqr_job_queue_submit (spqr_session_get_jobs (session), SPQR_LANE_INTERACTIVE, job);
    }
  else
    free_saving (s);
  g_object_unref (chooser);
}

static void
ask_where (GtkWidget *parent, const char *title, const char *name, Saving *s)
{
  GtkRoot *root = gtk_widget_get_root (parent);
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (title, GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL,
                                                               GTK_FILE_CHOOSER_ACTION_SAVE, _("_Save"), NULL);

  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (chooser), name);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect (chooser, "response", G_CALLBACK (on_path_chosen), s);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

void
spqr_save_table (GtkWidget *parent, SpqrSession *session, const char *name, SpqrTableFunc make, gpointer data, GDestroyNotify destroy)
{
  Saving *s = g_new (Saving, 1);

  *s = (Saving) { .session = g_object_ref (session), .make = make, .data = data, .destroy = destroy };
  g_weak_ref_init (&s->asker, parent);
  ask_where (parent, make != NULL ? _("Save Table") : _("Save Report"), name, s);
}

void
spqr_save_runs_table (GtkWidget *parent, SpqrSession *session, GArray *ids)
{
  spqr_save_table (parent, session, "spqr-runs.csv", make_runs, new_rows (session, ids, 0), free_rows);
}

void
spqr_save_comparison (GtkWidget *parent, SpqrSession *session, GArray *ids)
{
  spqr_save_table (parent, session, "spqr-comparison.csv", make_comparison, new_rows (session, ids, 0), free_rows);
}

void
spqr_save_layers_table (GtkWidget *parent, SpqrSession *session, gint64 run_id)
{
  g_autofree char *name = g_strdup_printf ("spqr-run%" G_GINT64_FORMAT "-layers.csv", run_id);

  spqr_save_table (parent, session, name, make_layers, new_rows (session, NULL, run_id), free_rows);
}

void
spqr_save_evals_table (GtkWidget *parent, SpqrSession *session, gint64 run_id)
{
  g_autofree char *name = g_strdup_printf ("spqr-run%" G_GINT64_FORMAT "-evaluations.csv", run_id);

  spqr_save_table (parent, session, name, make_evals, new_rows (session, NULL, run_id), free_rows);
}

void
spqr_save_report (GtkWidget *parent, SpqrSession *session, gint64 run_id)
{
  g_autofree char *name = g_strdup_printf ("spqr-run%" G_GINT64_FORMAT ".html", run_id);

  spqr_save_table (parent, session, name, NULL, new_rows (session, NULL, run_id), free_rows);
}
