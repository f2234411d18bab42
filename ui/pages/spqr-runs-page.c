#include "pages/spqr-runs-page.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "controls/spqr-reason.h"
#include "controls/spqr-wrap.h"
#include "pages/spqr-compare-view.h"
#include "pages/spqr-evaluate-dialog.h"
#include "pages/spqr-layers-table.h"
#include "pages/spqr-run-actions.h"
#include "pages/spqr-run-note.h"
#include "pages/spqr-run-place.h"
#include "pages/spqr-run-summary.h"
#include "pages/spqr-runs-curves.h"
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
  SpqrRunsCurves *curves;
  SpqrRunsScatter *scatter;
  SpqrRunsText *text;
  SpqrCompareView *compare;
  GtkStack *details;
  GtkBox *summary_box;
  SpqrRunNote *note;
  GSimpleActionGroup *actions;
  GtkWidget *buttons[SPQR_N_RUN_ACTIONS];

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

static void
on_point (SpqrRunsPage *self, gint64 run_id, gboolean extend)
{
  spqr_runs_table_select (self->table, run_id, extend);
}

/* ---- the selected runs ---- */

/* The one that is selected, once it is read: never the one that was selected a moment ago. */
static SpqrRun *
get_only (SpqrRunsPage *self)
{
  g_autoptr (GArray) selected = spqr_runs_table_get_selected (self->table);
  const SpqrReport *report = self->reports->len == 1 ? self->reports->pdata[0] : NULL;

  return selected->len == 1 && report != NULL && report->run->id == g_array_index (selected, gint64, 0) ? g_object_ref (report->run) : NULL;
}

/* What cannot be done now says why. */
static void
update_actions (SpqrRunsPage *self)
{
  static const char *const of_one[] = { "save-layers", "save-evals", "save-report" };
  g_autoptr (GArray) selected = spqr_runs_table_get_selected (self->table);
  g_autoptr (SpqrRun) only = get_only (self);

  for (guint i = 0; i < SPQR_N_RUN_ACTIONS; i++)
    {
      g_autofree char *why = spqr_run_action_refuse ((SpqrRunAction) i, only, selected->len);

      spqr_widget_set_reason (self->buttons[i], why);
    }
  gtk_widget_set_visible (self->buttons[SPQR_RUN_ACTION_RESUME], only != NULL && spqr_run_can_resume (only));
  for (guint i = 0; i < G_N_ELEMENTS (of_one); i++)
    g_simple_action_set_enabled (G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self->actions), of_one[i])), only != NULL);
  g_simple_action_set_enabled (G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self->actions), "save-comparison")),
                               self->reports->len > 1);
}

/* What is to be shown is that of these runs. */
static void
show_reports (SpqrRunsPage *self)
{
  g_autoptr (GPtrArray) runs = g_ptr_array_new ();
  const SpqrReport *first = self->reports->len == 1 ? self->reports->pdata[0] : NULL;
  SpqrRun *only = first != NULL ? first->run : NULL;

  for (guint i = 0; i < self->reports->len; i++)
    g_ptr_array_add (runs, ((SpqrReport *) self->reports->pdata[i])->run);
  spqr_run_summary_show (self->summary, self->reports);
  spqr_layers_table_set_layers (self->layers, first != NULL ? first->layers : NULL);
  spqr_runs_curves_show (self->curves, self->reports);
  spqr_compare_view_set_runs (self->compare, runs);
  spqr_runs_text_set_runs (self->text, runs);
  spqr_run_note_show (self->note, only);
  update_actions (self);
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

  /* The elder first, everywhere: that is what letters and colours go by. */
  g_array_sort (ids, spqr_run_compare_ids);
  spqr_runs_scatter_set_selected (self->scatter, ids);
  update_actions (self);
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

static gboolean
look_in_worker (SpqrJob *job, gpointer store, GCancellable *cancellable, GError **error)
{
  /* What cannot be looked at now is told where it is read. */
  spqr_store_look_around (store, NULL);
  return TRUE;
}

/* Runs that `spqr` or another window made meanwhile: when the page is turned to, or its window. */
static void
look_around (SpqrRunsPage *self)
{
  SpqrStore *store = spqr_session_get_store (self->session);
  g_autoptr (SpqrJob) job = NULL;

  if (store == NULL || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  job = spqr_job_new (_("Reading runs"), look_in_worker, g_object_ref (store), g_object_unref);
  spqr_job_queue_submit (spqr_session_get_jobs (self->session), SPQR_LANE_INTERACTIVE, job);
}

static void
spqr_runs_page_map (GtkWidget *widget)
{
  SpqrRunsPage *self = SPQR_RUNS_PAGE (widget);
  GtkRoot *root = gtk_widget_get_root (widget);

  if (self->stale)
    reload (self, TRUE);
  GTK_WIDGET_CLASS (spqr_runs_page_parent_class)->map (widget);
  g_signal_handlers_disconnect_by_func (root, look_around, self);
  g_signal_connect_object (root, "notify::is-active", G_CALLBACK (look_around), self, G_CONNECT_SWAPPED);
  look_around (self);
}

static const SpqrReport *
get_only_report (SpqrRunsPage *self)
{
  g_autoptr (SpqrRun) run = get_only (self);

  return run != NULL ? self->reports->pdata[0] : NULL;
}

static void
on_button (GtkWidget *button, SpqrRunsPage *self)
{
  SpqrRunAction action = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), "action"));
  const SpqrReport *report = get_only_report (self);
  g_autofree char *why = spqr_run_action_refuse (action, report != NULL ? report->run : NULL, 1);

  if (why != NULL)
    return;
  switch (action)
    {
    case SPQR_RUN_ACTION_RESUME:
      spqr_session_resume (self->session, report->run->id);
      spqr_widget_set_reason (button, _("It is among the jobs now"));
      break;
    case SPQR_RUN_ACTION_USE: spqr_run_use_settings (GTK_WIDGET (self), self->session, report); break;
    case SPQR_RUN_ACTION_SHOW: spqr_run_show_on_map (GTK_WIDGET (self), self->session, report->run); break;
    case SPQR_RUN_ACTION_EVALUATE:
      gtk_window_present (GTK_WINDOW (spqr_evaluate_dialog_new (GTK_WINDOW (gtk_widget_get_root (button)), self->session, report->run, report->evals)));
      break;
    case SPQR_RUN_ACTION_EXPORT: spqr_run_ask_export (GTK_WIDGET (self), self->session, report->run); break;
    case SPQR_RUN_ACTION_REMOVE: spqr_run_ask_remove (GTK_WIDGET (self), self->session, report); break;
    case SPQR_N_RUN_ACTIONS:
    default: break;
    }
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
save_comparison (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  SpqrRunsPage *self = user_data;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < self->reports->len; i++)
    g_array_append_val (ids, ((const SpqrReport *) self->reports->pdata[i])->run->id);
  spqr_save_comparison (GTK_WIDGET (self), self->session, ids);
}

static void
import_run (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  SpqrRunsPage *self = user_data;

  spqr_run_ask_import (GTK_WIDGET (self), self->session);
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
make_menu (SpqrRunsPage *self)
{
  static const GActionEntry entries[] = { { "save-runs", save_runs }, { "save-layers", save_layers },
                                          { "save-evals", save_evals }, { "save-report", save_report },
                                          { "save-comparison", save_comparison }, { "import", import_run } };
  GtkWidget *button = gtk_menu_button_new ();
  g_autoptr (GMenu) menu = g_menu_new (), import = g_menu_new ();

  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "runs", G_ACTION_GROUP (self->actions));
  g_menu_append (menu, _("Save Table of _Runs…"), "runs.save-runs");
  g_menu_append (menu, _("Save Table of _Layers…"), "runs.save-layers");
  g_menu_append (menu, _("Save Table of _Evaluations…"), "runs.save-evals");
  g_menu_append (menu, _("Save _Comparison…"), "runs.save-comparison");
  g_menu_append (menu, _("Save Re_port…"), "runs.save-report");
  g_menu_append (import, _("_Import a Run…"), "runs.import");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (import));
  gtk_menu_button_set_icon_name (GTK_MENU_BUTTON (button), "view-more-symbolic");
  gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (button), G_MENU_MODEL (menu));
  gtk_widget_set_tooltip_text (button, _("Save tables as CSV or a run as a report; import a run"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Save tables and reports"), -1);
  return button;
}

static GtkWidget *
make_actions (SpqrRunsPage *self)
{
  static const struct { const char *label, *tooltip; } texts[SPQR_N_RUN_ACTIONS] = {
    [SPQR_RUN_ACTION_RESUME] = { N_("Re_sume"), N_("Go on from the last finished layer") },
    [SPQR_RUN_ACTION_USE] = { N_("_Use Settings"), N_("Take this run's parameters and recipe to the layers, to tune from there") },
    [SPQR_RUN_ACTION_SHOW] = { N_("Show on _Map"), N_("Colour the map by this run's figures") },
    [SPQR_RUN_ACTION_EVALUATE] = { N_("E_valuate…"), N_("Measure perplexity and KL divergence of the stored layers") },
    [SPQR_RUN_ACTION_EXPORT] = { N_("_Export…"), N_("Write the decoded weights as a Hugging Face folder") },
    [SPQR_RUN_ACTION_REMOVE] = { N_("_Remove…"), N_("Take this run out of the history") },
  };
  GtkWidget *bar = spqr_wrap_new (6);

  for (guint i = 0; i < SPQR_N_RUN_ACTIONS; i++)
    {
      self->buttons[i] = gtk_button_new_with_mnemonic (_(texts[i].label));
      gtk_widget_set_tooltip_text (self->buttons[i], _(texts[i].tooltip));
      g_object_set_data (G_OBJECT (self->buttons[i]), "action", GUINT_TO_POINTER (i));
      g_signal_connect_object (self->buttons[i], "clicked", G_CALLBACK (on_button), self, 0);
      spqr_wrap_append (SPQR_WRAP (bar), self->buttons[i]);
    }
  spqr_wrap_append (SPQR_WRAP (bar), make_menu (self));
  return bar;
}

static GtkWidget *
make_details (SpqrRunsPage *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), *stack = gtk_stack_new (), *switcher = gtk_stack_switcher_new ();

  self->summary = SPQR_RUN_SUMMARY (spqr_run_summary_new ());
  self->layers = SPQR_LAYERS_TABLE (spqr_layers_table_new ());
  self->curves = SPQR_RUNS_CURVES (spqr_runs_curves_new ());
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
  gtk_stack_add_titled (GTK_STACK (stack), GTK_WIDGET (self->curves), "curves", _("Over the Layers"));
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
  gtk_widget_add_css_class (switcher, "narrow");
  gtk_widget_set_margin_start (switcher, 12);
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
  GtkWidget *page = adw_status_page_new (), *import = gtk_button_new_with_mnemonic (_("_Import a Run…"));

  adw_status_page_set_icon_name (ADW_STATUS_PAGE (page), "view-list-bullet-symbolic");
  adw_status_page_set_title (ADW_STATUS_PAGE (page), _("No runs yet"));
  adw_status_page_set_description (ADW_STATUS_PAGE (page),
    _("Quantize a model, here or with spqr quantize: its parameters, bits and perplexities are kept here, to compare and export."));
  gtk_widget_set_tooltip_text (import, _("Take a run's folder into this history: one that was archived, or made on another machine"));
  gtk_actionable_set_action_name (GTK_ACTIONABLE (import), "runs.import");
  gtk_widget_set_halign (import, GTK_ALIGN_CENTER);
  adw_status_page_set_child (ADW_STATUS_PAGE (page), import);
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
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->panes), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Height of the table of runs"), -1);
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
