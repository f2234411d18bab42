#include "pages/spqr-run-actions.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "plot/spqr-format.h"

/* ---- what can be done ---- */

gboolean
spqr_run_can_resume (const SpqrRun *run)
{
  return run->state == SPQR_RUN_CANCELLED || run->state == SPQR_RUN_FAILED || run->state == SPQR_RUN_INTERRUPTED;
}

static const char *
refuse_run (SpqrRunAction action, SpqrRun *run)
{
  gboolean running = run->state == SPQR_RUN_RUNNING, finished = run->state == SPQR_RUN_FINISHED;

  switch (action)
    {
    case SPQR_RUN_ACTION_RESUME:
      return spqr_run_can_resume (run) ? NULL : running ? _("This run is under way") : _("This run is finished");
    case SPQR_RUN_ACTION_EVALUATE:
    case SPQR_RUN_ACTION_EXPORT:
      return finished ? NULL : running ? _("This run is under way: not all of its layers are there yet")
                                       : _("This run is not finished: not all of its layers are there. Resume it first");
    case SPQR_RUN_ACTION_REMOVE:
      return running ? _("This run is under way: cancel its job first") : NULL;
    case SPQR_RUN_ACTION_USE:
      return run->params_json == NULL ? _("Nothing is known of this run's parameters") : NULL;
    case SPQR_RUN_ACTION_SHOW:
    case SPQR_N_RUN_ACTIONS:
    default:
      return NULL;
    }
}

char *
spqr_run_action_refuse (SpqrRunAction action, SpqrRun *run, guint n)
{
  if (n == 0)
    return g_strdup (_("Select a run in the table"));
  if (n > 1)
    return g_strdup_printf (ngettext ("%u run is selected; this is for a single one", "%u runs are selected; this is for a single one", n), n);
  return g_strdup (run != NULL ? refuse_run (action, run) : _("The run is being read"));
}

static GtkWindow *
get_window (GtkWidget *widget)
{
  GtkRoot *root = gtk_widget_get_root (widget);

  return GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL;
}

/* ---- remove ---- */

static char *
describe_size (GPtrArray *layers)
{
  double bits = 0;

  for (guint i = 0; i < layers->len; i++)
    {
      const SpqrRunLayer *layer = layers->pdata[i];
      bits += isfinite (layer->bits_stored) ? layer->bits_stored * (double) layer->rows * (double) layer->cols : 0;
    }
  return spqr_format_bytes ((guint64) (bits / 8));
}

/* A path as one says it: "~" is home. */
static char *
short_path (const char *path)
{
  const char *home = g_get_home_dir ();
  gsize length = strlen (home);

  if (length > 1 && strncmp (path, home, length) == 0 && path[length] == G_DIR_SEPARATOR)
    return g_strconcat ("~", path + length, NULL);
  return g_strdup (path);
}

static void
add_sentence (GString *text, char *sentence)
{
  g_string_append_printf (text, "%s%s", text->len > 0 ? "\n\n" : "", sentence);
  g_free (sentence);
}

char *
spqr_run_describe_removal (const SpqrReport *report, gboolean own_folder)
{
  const SpqrRun *run = report->run;
  GString *text = g_string_new (NULL);
  guint n_layers = report->layers->len, n_evals = report->evals->len, n_exports = report->exports->len;
  g_autofree char *layers = g_strdup_printf (ngettext ("the figures of %u layer", "the figures of %u layers", n_layers), n_layers);
  g_autofree char *evals = g_strdup_printf (ngettext ("%u evaluation", "%u evaluations", n_evals), n_evals);
  g_autofree char *folder = run->folder != NULL ? short_path (run->folder) : NULL, *size = describe_size (report->layers);

  /* Translators: “the figures of 28 layers”, “2 evaluations”. */
  add_sentence (text, g_strdup_printf (_("The history loses the run's parameters, %s, %s, its note and its tags."), layers, evals));
  if (folder != NULL && n_layers > 0 && own_folder)
    add_sentence (text, g_strdup_printf (_("The stored layers, %s in %s, can stay: importing that folder brings the run back, without its evaluations. "
                                           "Deleting them cannot be undone."), size, folder));
  else if (folder != NULL && n_layers > 0)
    add_sentence (text, g_strdup_printf (_("The stored layers in %s stay: that folder is not the program's own. Importing it brings the run back, "
                                           "without its evaluations."), folder));
  if (n_exports > 0)
    add_sentence (text, g_strdup (ngettext ("The model that was exported from it stays where it is.",
                                            "The models that were exported from it stay where they are.", n_exports)));
  return g_string_free (text, FALSE);
}

static gboolean
is_own_folder (SpqrSession *session, const SpqrRun *run)
{
  g_autofree char *directory = g_path_get_dirname (spqr_store_get_path (spqr_session_get_store (session)));
  g_autofree char *runs = g_build_filename (directory, "runs", G_DIR_SEPARATOR_S, NULL);

  return run->folder != NULL && g_str_has_prefix (run->folder, runs);
}

static void
on_remove_answer (AdwMessageDialog *dialog, const char *response, SpqrSession *session)
{
  gint64 id = *(gint64 *) g_object_get_data (G_OBJECT (dialog), "run");

  if (!g_str_equal (response, "cancel"))
    spqr_session_remove_run (session, id, g_str_equal (response, "files"));
}

void
spqr_run_ask_remove (GtkWidget *widget, SpqrSession *session, const SpqrReport *report)
{
  gboolean own = is_own_folder (session, report->run);
  g_autofree char *title = g_strdup_printf (_("Remove run %" PRId64 "?"), report->run->id), *text = spqr_run_describe_removal (report, own);
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (get_window (widget), title, text));

  adw_message_dialog_add_responses (dialog, "cancel", _("_Cancel"), "rows", _("Remove, _Keep Layers"), NULL);
  if (own)
    {
      adw_message_dialog_add_response (dialog, "files", _("Remove and _Delete Layers"));
      adw_message_dialog_set_response_appearance (dialog, "files", ADW_RESPONSE_DESTRUCTIVE);
    }
  adw_message_dialog_set_default_response (dialog, "cancel");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_object_set_data_full (G_OBJECT (dialog), "run", g_memdup2 (&report->run->id, sizeof report->run->id), g_free);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_remove_answer), session, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}

/* ---- export, import ---- */

typedef struct { SpqrSession *session; gint64 run_id; } Choosing;

static void
free_choosing (gpointer data, GClosure *closure)
{
  g_object_unref (((Choosing *) data)->session);
  g_free (data);
}

static void
on_folder (GtkNativeDialog *chooser, int response, Choosing *c)
{
  g_autoptr (GFile) file = response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser)) : NULL;
  g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;

  if (path != NULL && c->run_id > 0)
    spqr_session_export (c->session, c->run_id, NULL, path);
  else if (path != NULL)
    spqr_session_import_run (c->session, path);
  g_object_unref (chooser);
}

static void
ask_folder (SpqrSession *session, gint64 run_id, GtkFileChooserNative *chooser)
{
  Choosing *c = g_new (Choosing, 1);

  *c = (Choosing) { g_object_ref (session), run_id };
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_data (chooser, "response", G_CALLBACK (on_folder), c, free_choosing, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

void
spqr_run_ask_export (GtkWidget *widget, SpqrSession *session, SpqrRun *run)
{
  g_autofree char *name = g_strdup_printf ("%s-spqr-run%" G_GINT64_FORMAT, run->model_name, run->id);
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (_("Export as a Hugging Face Folder"), get_window (widget),
                                                               GTK_FILE_CHOOSER_ACTION_SAVE, _("_Export"), NULL);

  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (chooser), name);
  ask_folder (session, run->id, chooser);
}

void
spqr_run_ask_import (GtkWidget *widget, SpqrSession *session)
{
  ask_folder (session, 0, gtk_file_chooser_native_new (_("Import the Folder of a Run"), get_window (widget),
                                                       GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _("_Import"), NULL));
}

/* ---- to the other pages ---- */

static void
open_model_of (SpqrSession *session, const SpqrRun *run)
{
  SpqrModel *model = spqr_session_get_model (session);

  if (model == NULL || g_strcmp0 (spqr_model_get_location (model), run->model_path) != 0)
    spqr_session_open (session, run->model_path);
}

void
spqr_run_show_on_map (GtkWidget *widget, SpqrSession *session, SpqrRun *run)
{
  open_model_of (session, run);
  spqr_session_show_run (session, run->id);
  gtk_widget_activate_action (widget, "win.page", "s", "map");
}

static const char *
worst_layer (GPtrArray *layers)
{
  const SpqrRunLayer *worst = NULL;

  for (guint i = 0; i < layers->len; i++)
    {
      const SpqrRunLayer *layer = layers->pdata[i];

      if (worst == NULL || layer->output_error > worst->output_error)
        worst = layer;
    }
  return worst != NULL ? worst->name : NULL;
}

void
spqr_run_use_settings (GtkWidget *widget, SpqrSession *session, const SpqrReport *report)
{
  open_model_of (session, report->run);
  spqr_session_use_run (session, report->run, worst_layer (report->layers));
  gtk_widget_activate_action (widget, "win.page", "s", "layer");
}
