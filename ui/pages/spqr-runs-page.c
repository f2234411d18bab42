#include "pages/spqr-runs-page.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>
#include <inttypes.h>

#include "chart/spqr-lines-view.h"
#include "pages/spqr-compare-view.h"
#include "pages/spqr-evaluate-dialog.h"
#include "pages/spqr-layers-table.h"
#include "pages/spqr-run-note.h"
#include "pages/spqr-run-summary.h"
#include "pages/spqr-runs-scatter.h"
#include "pages/spqr-runs-table.h"
#include "pages/spqr-runs-text.h"
#include "pages/spqr-save-table.h"

struct _SpqrRunsPage {
  GtkWidget parent_instance;

  SpqrSession *session;
  GtkStack *stack;
  GtkPaned *panes;
  SpqrRunsTable *table;
  SpqrRunSummary *summary;
  SpqrLayersTable *layers;
  SpqrLinesView *lines;
  SpqrRunsScatter *scatter;
  SpqrRunsText *text;
  SpqrCompareView *compare;
  GtkStack *details;
  GtkBox *summary_box;
  SpqrRunNote *note;
  GSimpleActionGroup *actions;
  GtkDropDown *curve;
  GtkWidget *show, *resume, *evaluate, *export_button, *remove;

  GPtrArray *reports;        /* SpqrReport, of the selected runs, as far as they are read */
  guint serial;              /* of the newest reading of them */
  gboolean returned;         /* the next list is the first since somebody looks again */
  gint64 newest;             /* the newest run's id that was seen */
  guint reload_source;       /* while the page is shown and the database has changed */
  gboolean stale;            /* the database has changed since the page was read */
};

/* A job writes a layer many times a second; nobody reads that fast, and a window has other things to do. */
#define RELOAD_INTERVAL_MS 400
/* So many selected runs are read and compared; thousands can be selected. */
#define MOST_COMPARED 64

G_DEFINE_FINAL_TYPE (SpqrRunsPage, spqr_runs_page, GTK_TYPE_WIDGET)

/* ---- curves over the layers ---- */

typedef struct { const char *name; gsize offset; SpqrAxisFormat format; } Curve;

static const Curve curves[] = {
  { N_("Output error"), G_STRUCT_OFFSET (SpqrRunLayer, output_error), SPQR_AXIS_PERCENT },
  { N_("Outliers"), G_STRUCT_OFFSET (SpqrRunLayer, outlier_share), SPQR_AXIS_PERCENT },
  { N_("Bits (formula)"), G_STRUCT_OFFSET (SpqrRunLayer, bits), SPQR_AXIS_NUMBER },
  { N_("Bits (stored)"), G_STRUCT_OFFSET (SpqrRunLayer, bits_stored), SPQR_AXIS_NUMBER },
};

/* The run's figure of each of these layers: position i is one layer, in every run. */
static void
add_series (GArray *series, GPtrArray *owned, const SpqrReport *report, GPtrArray *layers, const Curve *curve)
{
  g_autoptr (GHashTable) index = g_hash_table_new (g_str_hash, g_str_equal);
  double *values = g_new (double, layers->len + 1);
  char *name = g_strdup_printf (_("Run %" PRId64), report->run->id);
  SpqrLineSeries line = { .name = name, .values = values, .n = layers->len, .series = series->len };

  for (guint i = 0; i < report->layers->len; i++)
    g_hash_table_insert (index, ((SpqrRunLayer *) report->layers->pdata[i])->name, report->layers->pdata[i]);
  for (guint i = 0; i < layers->len; i++)
    {
      const SpqrRunLayer *layer = g_hash_table_lookup (index, ((SpqrRunLayer *) layers->pdata[i])->name);
      values[i] = layer != NULL ? G_STRUCT_MEMBER (double, layer, curve->offset) : NAN;
    }
  g_ptr_array_add (owned, values);
  g_ptr_array_add (owned, name);
  g_array_append_val (series, line);
}

/* Where the curves come from, for a saved picture. */
static char *
describe_origin (GPtrArray *reports)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < reports->len && i < SPQR_THEME_SERIES; i++)
    {
      const SpqrRun *run = ((const SpqrReport *) reports->pdata[i])->run;

      g_string_append_printf (text, _("%s%s, run %" PRId64 ": %s"), i > 0 ? " · " : "", run->model_name, run->id,
                              run->params_json != NULL ? run->params_json : "");
    }
  return g_string_free (text, FALSE);
}

static void
update_lines (SpqrRunsPage *self)
{
  const Curve *curve = &curves[MIN (gtk_drop_down_get_selected (self->curve), G_N_ELEMENTS (curves) - 1)];
  g_autoptr (GArray) series = g_array_new (FALSE, FALSE, sizeof (SpqrLineSeries));
  g_autoptr (GPtrArray) owned = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autofree char *origin = describe_origin (self->reports);
  GPtrArray *longest = NULL;

  for (guint i = 0; i < self->reports->len && i < SPQR_THEME_SERIES; i++)
    {
      const SpqrReport *report = self->reports->pdata[i];

      if (longest == NULL || report->layers->len > longest->len)
        longest = report->layers;
    }
  for (guint i = 0; i < self->reports->len && i < SPQR_THEME_SERIES; i++)
    add_series (series, owned, self->reports->pdata[i], longest, curve);
  for (guint i = 0; longest != NULL && i < longest->len; i++)
    g_ptr_array_add (names, ((SpqrRunLayer *) longest->pdata[i])->name);
  g_ptr_array_add (names, NULL);
  spqr_lines_view_set_y_axis (self->lines, SPQR_SCALE_LINEAR, curve->format, FALSE);
  spqr_lines_view_set_titles (self->lines, NULL, NULL, _("layer"), _(curve->name), _("Select a run"));
  spqr_lines_view_set_series (self->lines, (const SpqrLineSeries *) (gpointer) series->data, series->len,
                              (const char *const *) names->pdata);
  spqr_chart_set_provenance (SPQR_CHART (self->lines), origin);
}

static void
on_point (SpqrRunsPage *self, gint64 run_id, gboolean extend)
{
  spqr_runs_table_select (self->table, run_id, extend);
}

/* ---- the selected runs ---- */

static gboolean
can_resume (SpqrRun *run)
{
  return run->state == SPQR_RUN_CANCELLED || run->state == SPQR_RUN_FAILED || run->state == SPQR_RUN_INTERRUPTED;
}

/* What is to be shown is that of these runs. */
static void
show_reports (SpqrRunsPage *self)
{
  static const char *const of_one[] = { "save-layers", "save-evals", "save-report" };
  g_autoptr (GPtrArray) runs = g_ptr_array_new ();
  const SpqrReport *first = self->reports->len == 1 ? self->reports->pdata[0] : NULL;
  SpqrRun *only = first != NULL ? first->run : NULL;

  for (guint i = 0; i < self->reports->len; i++)
    g_ptr_array_add (runs, ((SpqrReport *) self->reports->pdata[i])->run);
  spqr_run_summary_show (self->summary, self->reports);
  spqr_layers_table_set_layers (self->layers, first != NULL ? first->layers : NULL);
  update_lines (self);
  spqr_compare_view_set_runs (self->compare, runs);
  spqr_runs_text_set_runs (self->text, runs);
  spqr_run_note_show (self->note, only);
  gtk_widget_set_visible (self->resume, only != NULL && can_resume (only));
  gtk_widget_set_sensitive (self->resume, TRUE);
  gtk_widget_set_sensitive (self->show, only != NULL);
  gtk_widget_set_sensitive (self->evaluate, only != NULL && only->state == SPQR_RUN_FINISHED);
  gtk_widget_set_sensitive (self->export_button, only != NULL && only->state == SPQR_RUN_FINISHED);
  gtk_widget_set_sensitive (self->remove, only != NULL && only->state != SPQR_RUN_RUNNING);
  for (guint i = 0; i < G_N_ELEMENTS (of_one); i++)
    g_simple_action_set_enabled (G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self->actions), of_one[i])), only != NULL);
}

/* ---- reading them ---- */

typedef struct { SpqrStore *store; GArray *ids; guint serial; GPtrArray *reports; } Reading;

static void
free_report (gpointer data)
{
  spqr_report_clear (data);
  g_free (data);
}

static void
free_reading (gpointer data)
{
  Reading *r = data;

  g_object_unref (r->store);
  g_array_unref (r->ids);
  g_ptr_array_unref (r->reports);
  g_free (r);
}

/* A run that somebody has removed meanwhile is left out. */
static gboolean
read_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Reading *r = data;

  for (guint i = 0; i < r->ids->len && i < MOST_COMPARED; i++)
    {
      SpqrReport *report = g_new0 (SpqrReport, 1);
      g_autoptr (GError) own = NULL;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        {
          g_free (report);
          return FALSE;
        }
      if (spqr_report_load (r->store, g_array_index (r->ids, gint64, i), report, &own))
        g_ptr_array_add (r->reports, report);
      else
        free_report (report);
    }
  return TRUE;
}

static void
on_read (SpqrJob *job, SpqrRunsPage *self)
{
  Reading *r = spqr_job_get_data (job);

  if (r->serial != self->serial || spqr_job_get_state (job) != SPQR_JOB_FINISHED || self->stack == NULL)
    return;
  g_ptr_array_unref (self->reports);
  self->reports = g_ptr_array_ref (r->reports);
  show_reports (self);
}

static void
update_selected (SpqrRunsPage *self)
{
  SpqrStore *store = spqr_session_get_store (self->session);
  g_autoptr (GArray) ids = spqr_runs_table_get_selected (self->table);
  g_autoptr (SpqrJob) job = NULL;
  Reading *r;

  spqr_runs_scatter_set_selected (self->scatter, ids);
  if (store == NULL)
    return;
  r = g_new (Reading, 1);
  *r = (Reading) { g_object_ref (store), g_steal_pointer (&ids), ++self->serial, g_ptr_array_new_with_free_func (free_report) };
  job = spqr_job_new (_("Reading runs"), read_in_worker, r, free_reading);
  g_signal_connect_object (job, "ended", G_CALLBACK (on_read), self, 0);
  spqr_job_queue_submit_for (spqr_session_get_jobs (self->session), SPQR_LANE_PREVIEW, self, job);
}

static void
reload (SpqrRunsPage *self, gboolean returned)
{
  self->stale = FALSE;
  self->returned = self->returned || returned;
  spqr_runs_table_refresh (self->table);
  spqr_runs_scatter_refresh (self->scatter);
}

/* Never an empty lower half: the newest run is what one came to see, and what one comes back for. */
static void
on_listed (SpqrRunsPage *self)
{
  g_autoptr (GArray) selected = spqr_runs_table_get_selected (self->table);
  gint64 newest = spqr_runs_table_get_newest (self->table);

  gtk_stack_set_visible_child_name (self->stack, spqr_runs_table_get_n_all (self->table) > 0 ? "runs" : "empty");
  if (newest > 0 && (selected->len == 0 || (newest > self->newest && self->returned)))
    spqr_runs_table_select (self->table, newest, FALSE);
  self->newest = newest;
  self->returned = FALSE;
}

static gboolean
reload_later (gpointer data)
{
  SpqrRunsPage *self = data;

  self->reload_source = 0;
  if (self->stale && gtk_widget_get_mapped (GTK_WIDGET (self)))
    reload (self, FALSE);
  return G_SOURCE_REMOVE;
}

/* Read at once where someone looks and nothing was read just now; otherwise when it is looked at again. */
static void
on_changed (SpqrRunsPage *self)
{
  self->stale = TRUE;
  if (self->reload_source == 0 && gtk_widget_get_mapped (GTK_WIDGET (self)))
    {
      reload (self, FALSE);
      self->reload_source = g_timeout_add (RELOAD_INTERVAL_MS, reload_later, self);
    }
}

static void
spqr_runs_page_map (GtkWidget *widget)
{
  SpqrRunsPage *self = SPQR_RUNS_PAGE (widget);

  if (self->stale)
    reload (self, TRUE);
  GTK_WIDGET_CLASS (spqr_runs_page_parent_class)->map (widget);
}

/* The one that is selected, once it is read: never the one that was selected a moment ago. */
static SpqrRun *
get_only (SpqrRunsPage *self)
{
  g_autoptr (GArray) selected = spqr_runs_table_get_selected (self->table);
  const SpqrReport *report = self->reports->len == 1 ? self->reports->pdata[0] : NULL;

  return selected->len == 1 && report != NULL && report->run->id == g_array_index (selected, gint64, 0) ? g_object_ref (report->run) : NULL;
}

static void
resume_run (SpqrRunsPage *self)
{
  g_autoptr (SpqrRun) run = get_only (self);

  if (run != NULL && can_resume (run))
    spqr_session_resume (self->session, run->id);
  gtk_widget_set_sensitive (self->resume, FALSE);
}

static void
show_on_map (SpqrRunsPage *self)
{
  g_autoptr (SpqrRun) run = get_only (self);
  SpqrModel *model = spqr_session_get_model (self->session);

  if (run == NULL)
    return;
  if (model == NULL || g_strcmp0 (spqr_model_get_location (model), run->model_path) != 0)
    spqr_session_open (self->session, run->model_path);
  spqr_session_show_run (self->session, run->id);
  gtk_widget_activate_action (GTK_WIDGET (self), "win.page", "s", "map");
}

static void
evaluate_run (SpqrRunsPage *self)
{
  g_autoptr (SpqrRun) run = get_only (self);

  if (run != NULL && run->state == SPQR_RUN_FINISHED)
    gtk_window_present (GTK_WINDOW (spqr_evaluate_dialog_new (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), self->session, run)));
}

static void
save_runs (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  SpqrRunsPage *self = user_data;
  g_autoptr (GArray) ids = spqr_runs_table_get_shown (self->table);

  spqr_save_runs_table (GTK_WIDGET (self), self->session, ids);
}

static void
save_layers (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  SpqrRunsPage *self = user_data;
  g_autoptr (SpqrRun) run = get_only (self);

  if (run != NULL)
    spqr_save_layers_table (GTK_WIDGET (self), self->session, run->id);
}

static void
save_evals (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  SpqrRunsPage *self = user_data;
  g_autoptr (SpqrRun) run = get_only (self);

  if (run != NULL)
    spqr_save_evals_table (GTK_WIDGET (self), self->session, run->id);
}

static void
save_report (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  SpqrRunsPage *self = user_data;
  g_autoptr (SpqrRun) run = get_only (self);

  if (run != NULL)
    spqr_save_report (GTK_WIDGET (self), self->session, run->id);
}

static void
on_export_folder (GtkNativeDialog *chooser, int response, SpqrRunsPage *self)
{
  g_autoptr (SpqrRun) run = get_only (self);

  if (response == GTK_RESPONSE_ACCEPT && run != NULL)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));
      g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;

      if (path != NULL)
        spqr_session_export (self->session, run->id, NULL, path);
    }
  g_object_unref (chooser);
}

static void
export_run (SpqrRunsPage *self)
{
  g_autoptr (SpqrRun) run = get_only (self);
  g_autofree char *name = NULL;
  GtkFileChooserNative *chooser;

  if (run == NULL)
    return;
  name = g_strdup_printf ("%s-spqr-run%" G_GINT64_FORMAT, run->model_name, run->id);
  chooser = gtk_file_chooser_native_new (_("Export as a Hugging Face Folder"), GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))),
                                         GTK_FILE_CHOOSER_ACTION_SAVE, _("_Export"), NULL);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (chooser), name);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_export_folder), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
on_remove_answer (AdwMessageDialog *dialog, const char *response, SpqrRunsPage *self)
{
  gint64 id = *(gint64 *) g_object_get_data (G_OBJECT (dialog), "run");
  g_autoptr (GError) error = NULL;

  if (g_str_equal (response, "cancel"))
    return;
  if (!spqr_store_remove_run (spqr_session_get_store (self->session), id, g_str_equal (response, "files"), &error))
    g_signal_emit_by_name (self->session, "failed", _("The run cannot be removed"), error->message);
}

static void
remove_run (SpqrRunsPage *self)
{
  g_autoptr (SpqrRun) run = get_only (self);
  g_autofree char *title = NULL;
  AdwMessageDialog *dialog;

  if (run == NULL)
    return;
  title = g_strdup_printf (_("Remove run %" PRId64 "?"), run->id);
  dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), title,
    _("Its figures leave the history. The stored layers can stay on the disk or go with it; exports stay.")));
  adw_message_dialog_add_responses (dialog, "cancel", _("_Cancel"), "rows", _("_Keep the Layers"), "files", _("Remove _All"), NULL);
  adw_message_dialog_set_response_appearance (dialog, "files", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_object_set_data_full (G_OBJECT (dialog), "run", g_memdup2 (&run->id, sizeof run->id), g_free);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_remove_answer), self, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
on_layer (SpqrRunsPage *self, const char *name)
{
  SpqrModel *model = spqr_session_get_model (self->session);
  SpqrTensor *tensor = model != NULL ? spqr_model_lookup (model, name) : NULL;

  if (tensor == NULL)
    return;
  spqr_session_select (self->session, tensor);
  gtk_widget_activate_action (GTK_WIDGET (self), "win.page", "s", "layer");
}

/* ---- building ---- */

static GtkWidget *
make_button (SpqrRunsPage *self, const char *label, const char *tooltip, GCallback callback)
{
  GtkWidget *button = gtk_button_new_with_mnemonic (label);

  gtk_widget_set_tooltip_text (button, tooltip);
  g_signal_connect_object (button, "clicked", callback, self, G_CONNECT_SWAPPED);
  return button;
}

static GtkWidget *
make_menu (SpqrRunsPage *self)
{
  static const GActionEntry entries[] = { { "save-runs", save_runs }, { "save-layers", save_layers },
                                          { "save-evals", save_evals }, { "save-report", save_report } };
  GtkWidget *button = gtk_menu_button_new ();
  g_autoptr (GMenu) menu = g_menu_new ();

  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "runs", G_ACTION_GROUP (self->actions));
  g_menu_append (menu, _("Save Table of _Runs…"), "runs.save-runs");
  g_menu_append (menu, _("Save Table of _Layers…"), "runs.save-layers");
  g_menu_append (menu, _("Save Table of _Evaluations…"), "runs.save-evals");
  g_menu_append (menu, _("Save Re_port…"), "runs.save-report");
  gtk_menu_button_set_icon_name (GTK_MENU_BUTTON (button), "view-more-symbolic");
  gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (button), G_MENU_MODEL (menu));
  gtk_widget_set_tooltip_text (button, _("Save tables as CSV, or a run as a report"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Save tables and reports"), -1);
  return button;
}

static GtkWidget *
make_actions (SpqrRunsPage *self)
{
  GtkWidget *bar = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);

  self->show = make_button (self, _("Show on _Map"), _("Colour the map by this run's figures"), G_CALLBACK (show_on_map));
  self->resume = make_button (self, _("Re_sume"), _("Go on from the last finished layer"), G_CALLBACK (resume_run));
  self->evaluate = make_button (self, _("E_valuate…"), _("Measure perplexity and KL divergence of the stored layers"), G_CALLBACK (evaluate_run));
  self->export_button = make_button (self, _("_Export…"), _("Write the decoded weights as a Hugging Face folder"), G_CALLBACK (export_run));
  self->remove = make_button (self, _("_Remove…"), _("Take this run out of the history"), G_CALLBACK (remove_run));
  gtk_box_append (GTK_BOX (bar), self->resume);
  gtk_box_append (GTK_BOX (bar), self->show);
  gtk_box_append (GTK_BOX (bar), self->evaluate);
  gtk_box_append (GTK_BOX (bar), self->export_button);
  gtk_box_append (GTK_BOX (bar), self->remove);
  gtk_box_append (GTK_BOX (bar), make_menu (self));
  return bar;
}

static GtkWidget *
make_curves (SpqrRunsPage *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkStringList *names = gtk_string_list_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (curves); i++)
    gtk_string_list_append (names, _(curves[i].name));
  self->curve = GTK_DROP_DOWN (gtk_drop_down_new (G_LIST_MODEL (names), NULL));
  gtk_widget_set_halign (GTK_WIDGET (self->curve), GTK_ALIGN_START);
  gtk_widget_set_margin_start (GTK_WIDGET (self->curve), 12);
  gtk_widget_set_margin_top (GTK_WIDGET (self->curve), 6);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->curve), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Figure over the layers"), -1);
  g_signal_connect_object (self->curve, "notify::selected", G_CALLBACK (update_lines), self, G_CONNECT_SWAPPED);
  self->lines = SPQR_LINES_VIEW (spqr_lines_view_new ());
  spqr_chart_set_name (SPQR_CHART (self->lines), _("Figures over the layers"));
  gtk_widget_set_vexpand (GTK_WIDGET (self->lines), TRUE);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->curve));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->lines));
  return box;
}

static GtkWidget *
make_details (SpqrRunsPage *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), *stack = gtk_stack_new (), *switcher = gtk_stack_switcher_new ();

  self->summary = SPQR_RUN_SUMMARY (spqr_run_summary_new ());
  self->layers = SPQR_LAYERS_TABLE (spqr_layers_table_new ());
  self->scatter = SPQR_RUNS_SCATTER (spqr_runs_scatter_new (self->session));
  self->text = SPQR_RUNS_TEXT (spqr_runs_text_new (self->session));
  self->compare = SPQR_COMPARE_VIEW (spqr_compare_view_new (self->session));
  self->note = SPQR_RUN_NOTE (spqr_run_note_new (self->session));
  g_signal_connect_object (self->scatter, "run-selected", G_CALLBACK (on_point), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->layers, "layer-activated", G_CALLBACK (on_layer), self, G_CONNECT_SWAPPED);
  self->summary_box = GTK_BOX (gtk_box_new (GTK_ORIENTATION_VERTICAL, 0));
  gtk_widget_set_vexpand (GTK_WIDGET (self->summary), TRUE);
  gtk_box_append (self->summary_box, GTK_WIDGET (self->note));
  gtk_box_append (self->summary_box, GTK_WIDGET (self->summary));
  gtk_stack_add_titled (GTK_STACK (stack), GTK_WIDGET (self->summary_box), "summary", _("Summary"));
  gtk_stack_add_titled (GTK_STACK (stack), make_curves (self), "curves", _("Over the Layers"));
  gtk_stack_add_titled (GTK_STACK (stack), GTK_WIDGET (self->layers), "layers", _("Layer Table"));
  gtk_stack_add_titled (GTK_STACK (stack), GTK_WIDGET (self->scatter), "scatter", _("Bits × Perplexity"));
  gtk_stack_add_titled (GTK_STACK (stack), GTK_WIDGET (self->compare), "maps", _("Heat Maps"));
  gtk_stack_add_titled (GTK_STACK (stack), GTK_WIDGET (self->text), "text", _("Text"));
  self->details = GTK_STACK (stack);
  gtk_stack_switcher_set_stack (GTK_STACK_SWITCHER (switcher), GTK_STACK (stack));
  gtk_widget_set_vexpand (stack, TRUE);
  /* Beside the table's filter, not beside the tabs: both rows together are wider than a small screen. */
  spqr_runs_table_add_actions (self->table, make_actions (self));
  gtk_widget_set_halign (switcher, GTK_ALIGN_START);
  gtk_widget_set_margin_start (switcher, 6);
  gtk_widget_set_margin_top (switcher, 6);
  gtk_widget_set_margin_bottom (switcher, 6);
  gtk_box_append (GTK_BOX (box), switcher);
  gtk_box_append (GTK_BOX (box), gtk_separator_new (GTK_ORIENTATION_HORIZONTAL));
  gtk_box_append (GTK_BOX (box), stack);
  return box;
}

static GtkWidget *
make_empty (void)
{
  GtkWidget *page = adw_status_page_new ();

  adw_status_page_set_icon_name (ADW_STATUS_PAGE (page), "view-list-bullet-symbolic");
  adw_status_page_set_title (ADW_STATUS_PAGE (page), _("No runs yet"));
  adw_status_page_set_description (ADW_STATUS_PAGE (page),
    _("Quantize a model, here or with spqr quantize: its parameters, bits and perplexities are kept here, to compare and export."));
  return page;
}

/* What needs the session: the table and everything below it. */
static void
build (SpqrRunsPage *self)
{
  self->table = SPQR_RUNS_TABLE (spqr_runs_table_new (self->session));
  gtk_paned_set_start_child (self->panes, GTK_WIDGET (self->table));
  gtk_paned_set_end_child (self->panes, make_details (self));
  gtk_paned_set_shrink_start_child (self->panes, FALSE);
  gtk_paned_set_shrink_end_child (self->panes, FALSE);
  gtk_widget_set_size_request (GTK_WIDGET (self->table), -1, 180);
  gtk_paned_set_position (self->panes, 260);
  g_signal_connect_object (self->table, "selection-changed", G_CALLBACK (update_selected), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->table, "listed", G_CALLBACK (on_listed), self, G_CONNECT_SWAPPED);
}

GtkWidget *
spqr_runs_page_new (SpqrSession *session)
{
  SpqrRunsPage *self = g_object_new (SPQR_TYPE_RUNS_PAGE, NULL);
  SpqrStore *store = spqr_session_get_store (session);

  self->session = g_object_ref (session);
  build (self);
  show_reports (self);
  if (store != NULL)
    g_signal_connect_object (store, "changed", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
  reload (self, TRUE);
  return GTK_WIDGET (self);
}

static void
spqr_runs_page_dispose (GObject *object)
{
  SpqrRunsPage *self = SPQR_RUNS_PAGE (object);

  g_clear_handle_id (&self->reload_source, g_source_remove);
  if (self->stack != NULL)
    gtk_widget_unparent (GTK_WIDGET (self->stack));
  self->stack = NULL;
  g_clear_object (&self->actions);
  g_clear_object (&self->session);
  g_clear_pointer (&self->reports, g_ptr_array_unref);
  G_OBJECT_CLASS (spqr_runs_page_parent_class)->dispose (object);
}

static void
spqr_runs_page_class_init (SpqrRunsPageClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_runs_page_dispose;
  GTK_WIDGET_CLASS (klass)->map = spqr_runs_page_map;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static void
spqr_runs_page_init (SpqrRunsPage *self)
{
  self->stack = GTK_STACK (gtk_stack_new ());
  self->panes = GTK_PANED (gtk_paned_new (GTK_ORIENTATION_VERTICAL));
  self->reports = g_ptr_array_new_with_free_func (free_report);
  gtk_widget_set_parent (GTK_WIDGET (self->stack), GTK_WIDGET (self));
  gtk_stack_add_named (self->stack, make_empty (), "empty");
  gtk_stack_add_named (self->stack, GTK_WIDGET (self->panes), "runs");
}
