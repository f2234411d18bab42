#include "pages/spqr-recipe-file.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>

/* No recipe is nearly as long; what is, is something else. */
#define LARGEST (16 << 20)

typedef struct {
  SpqrSession *session;
  GWeakRef window;           /* the one that the dialog belongs to */
  char *path, *text;         /* text: to be written */
  SpqrRecipe *recipe;        /* read */
} Filing;

static void
free_filing (gpointer data)
{
  Filing *f = data;

  g_object_unref (f->session);
  g_weak_ref_clear (&f->window);
  g_free (f->path);
  g_free (f->text);
  g_clear_pointer (&f->recipe, spqr_recipe_unref);
  g_free (f);
}

static gboolean
save_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Filing *f = data;

  return g_file_set_contents (f->path, f->text, -1, error);
}

static gboolean
open_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Filing *f = data;
  g_autofree char *text = NULL;
  GStatBuf info;

  if (g_stat (f->path, &info) == 0 && info.st_size > LARGEST)
    {
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER, _("%s: too large for a recipe"), f->path);
      return FALSE;
    }
  if (!g_file_get_contents (f->path, &text, NULL, error))
    return FALSE;
  f->recipe = spqr_recipe_parse (text, error);
  if (f->recipe == NULL)
    g_prefix_error (error, "%s: ", f->path);
  return f->recipe != NULL;
}

static void
take_recipe (Filing *f)
{
  SpqrRunParams params = *spqr_recipe_get_defaults (f->recipe);

  params.layer = spqr_session_get_params (f->session)->layer;
  spqr_session_set_params (f->session, &params);
  spqr_session_set_recipe (f->session, f->recipe);
}

static void
on_ended (SpqrJob *job)
{
  Filing *f = spqr_job_get_data (job);
  const GError *error = spqr_job_get_error (job);
  g_autoptr (GtkWidget) window = g_weak_ref_get (&f->window);

  if (f->text != NULL && spqr_job_get_state (job) == SPQR_JOB_FINISHED && window != NULL)
    gtk_widget_activate_action (window, "win.saved", "s", f->path);
  if (error != NULL)
    g_signal_emit_by_name (f->session, "failed", f->text != NULL ? _("The recipe cannot be saved") : _("The recipe cannot be read"),
                           error->message);
  else if (f->recipe != NULL)
    take_recipe (f);
}

static void
on_path_chosen (GtkNativeDialog *chooser, int response, Filing *f)
{
  g_autoptr (GFile) file = response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser)) : NULL;

  f->path = file != NULL ? g_file_get_path (file) : NULL;
  if (f->path != NULL)
    {
      g_autoptr (SpqrJob) job = spqr_job_new (_("Recipe"), f->text != NULL ? save_in_worker : open_in_worker, f, free_filing);

      g_signal_connect (job, "ended", G_CALLBACK (on_ended), NULL);
      spqr_job_queue_submit (spqr_session_get_jobs (f->session), SPQR_LANE_INTERACTIVE, job);
    }
  else
    free_filing (f);
  g_object_unref (chooser);
}

static void
ask (GtkWindow *parent, SpqrSession *session, GtkFileChooserAction action, const char *title, const char *button, const char *name, char *text)
{
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (title, parent, action, button, NULL);
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
  Filing *f = g_new0 (Filing, 1);

  while (gtk_window_get_transient_for (parent) != NULL)
    parent = gtk_window_get_transient_for (parent);
  f->session = g_object_ref (session);
  g_weak_ref_init (&f->window, parent);
  f->text = text;
  gtk_file_filter_set_name (filter, _("Recipes (JSON)"));
  gtk_file_filter_add_suffix (filter, "json");
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (chooser), filter);
  if (name != NULL)
    gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (chooser), name);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect (chooser, "response", G_CALLBACK (on_path_chosen), f);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

void
spqr_recipe_save_dialog (GtkWindow *parent, SpqrSession *session)
{
  g_autoptr (SpqrRecipe) recipe = spqr_session_make_recipe (session, spqr_session_get_params (session));
  const char *name = spqr_recipe_get_name (recipe);
  g_autofree char *file = g_strdup_printf ("%s.json", name != NULL ? name : "recipe");

  g_strdelimit (file, "/\\", '-');
  ask (parent, session, GTK_FILE_CHOOSER_ACTION_SAVE, _("Save Recipe"), _("_Save"), file, spqr_recipe_to_json (recipe));
}

void
spqr_recipe_open_dialog (GtkWindow *parent, SpqrSession *session)
{
  ask (parent, session, GTK_FILE_CHOOSER_ACTION_OPEN, _("Open a Recipe"), _("_Open"), NULL, NULL);
}
