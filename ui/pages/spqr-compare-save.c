#include "pages/spqr-compare-save.h"

#include <glib/gi18n.h>

#include "pages/spqr-compare-tables.h"

typedef struct {
  SpqrSession *session;
  SpqrStore *store;
  GPtrArray *runs;           /* a table of runs */
  SpqrRun *run;              /* or of this one's layers */
  char *path;
} Saving;

static void
free_saving (gpointer data)
{
  Saving *s = data;

  g_object_unref (s->session);
  g_object_unref (s->store);
  g_clear_pointer (&s->runs, g_ptr_array_unref);
  g_clear_object (&s->run);
  g_free (s->path);
  g_free (s);
}

static gboolean
save_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Saving *s = data;
  g_autoptr (GPtrArray) layers = s->run != NULL ? spqr_store_list_layers (s->store, s->run->id, error) : NULL;
  g_autoptr (SpqrCsv) csv = NULL;

  if (s->run != NULL && layers == NULL)
    return FALSE;
  csv = s->run != NULL ? spqr_layers_to_csv (s->run, layers) : spqr_runs_to_csv (s->runs);
  return spqr_csv_save (csv, s->path, error);
}

static void
on_ended (SpqrJob *job, SpqrSession *session)
{
  const GError *error = spqr_job_get_error (job);

  if (error != NULL)
    g_signal_emit_by_name (session, "failed", _("Save Table"), error->message);
}

static void
on_path_chosen (GtkNativeDialog *chooser, int response, Saving *s)
{
  g_autoptr (GFile) file = response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser)) : NULL;
  g_autoptr (SpqrSession) session = g_object_ref (s->session);

  s->path = file != NULL ? g_file_get_path (file) : NULL;
  if (s->path != NULL)
    {
      g_autoptr (SpqrJob) job = spqr_job_new (_("Saving a table"), save_in_worker, s, free_saving);

      g_signal_connect_object (job, "ended", G_CALLBACK (on_ended), session, 0);
      spqr_job_queue_submit (spqr_session_get_jobs (session), SPQR_LANE_INTERACTIVE, job);
    }
  else
    free_saving (s);
  g_object_unref (chooser);
}

static void
ask_where (GtkWidget *parent, SpqrSession *session, GPtrArray *runs, SpqrRun *run, const char *name)
{
  GtkRoot *root = gtk_widget_get_root (parent);
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (_("Save Table"), GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL,
                                                               GTK_FILE_CHOOSER_ACTION_SAVE, _("_Save"), NULL);
  Saving *s = g_new0 (Saving, 1);

  s->session = g_object_ref (session);
  s->store = g_object_ref (spqr_session_get_store (session));
  s->runs = runs != NULL ? g_ptr_array_ref (runs) : NULL;
  s->run = run != NULL ? g_object_ref (run) : NULL;
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (chooser), name);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect (chooser, "response", G_CALLBACK (on_path_chosen), s);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

void
spqr_save_runs_table (GtkWidget *parent, SpqrSession *session, GPtrArray *runs)
{
  ask_where (parent, session, runs, NULL, "spqr-runs.csv");
}

void
spqr_save_layers_table (GtkWidget *parent, SpqrSession *session, SpqrRun *run)
{
  g_autofree char *name = g_strdup_printf ("spqr-run%" G_GINT64_FORMAT "-layers.csv", run->id);

  ask_where (parent, session, NULL, run, name);
}
