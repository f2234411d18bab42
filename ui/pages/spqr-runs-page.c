#include "pages/spqr-runs-page.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>

#include "chart/spqr-lines-view.h"
#include "chart/spqr-scatter-view.h"
#include "pages/spqr-compare-view.h"
#include "pages/spqr-evaluate-dialog.h"
#include "pages/spqr-layers-table.h"
#include "pages/spqr-run-note.h"
#include "pages/spqr-run-summary.h"
#include "pages/spqr-runs-table.h"
#include "pages/spqr-save-table.h"
#include "plot/spqr-format.h"

struct _SpqrRunsPage {
  GtkWidget parent_instance;

  SpqrSession *session;
  GtkStack *stack;
  GtkPaned *panes;
  SpqrRunsTable *table;
  SpqrRunSummary *summary;
  SpqrLayersTable *layers;
  SpqrLinesView *lines;
  SpqrScatterView *scatter;
  SpqrCompareView *compare;
  GtkStack *details;
  GtkBox *summary_box;
  SpqrRunNote *note;
  GSimpleActionGroup *actions;
  GtkDropDown *curve;
  GtkWidget *show, *resume, *evaluate, *export_button, *remove;

  GPtrArray *runs;           /* as listed, newest first */
  gint64 newest;             /* the newest run's id that was seen */
  guint reload_source;       /* while the page is shown and the database has changed */
  gboolean stale;            /* the database has changed since the page was read */
};

/* A job writes a layer many times a second; nobody reads that fast, and a window has other things to do. */
#define RELOAD_INTERVAL_MS 400

G_DEFINE_FINAL_TYPE (SpqrRunsPage, spqr_runs_page, GTK_TYPE_WIDGET)

/* ---- curves over the layers ---- */

typedef struct { const char *name; gsize offset; SpqrAxisFormat format; } Curve;

static const Curve curves[] = {
  { N_("Output error"), G_STRUCT_OFFSET (SpqrRunLayer, output_error), SPQR_AXIS_PERCENT },
  { N_("Outliers"), G_STRUCT_OFFSET (SpqrRunLayer, outlier_share), SPQR_AXIS_PERCENT },
  { N_("Bits (formula)"), G_STRUCT_OFFSET (SpqrRunLayer, bits), SPQR_AXIS_NUMBER },
  { N_("Bits (stored)"), G_STRUCT_OFFSET (SpqrRunLayer, bits_stored), SPQR_AXIS_NUMBER },
};

static void
add_series (GArray *series, GPtrArray *owned, SpqrRun *run, GPtrArray *layers, const Curve *curve)
{
  double *values = g_new (double, layers->len + 1);
  char *name = g_strdup_printf (_("Run %" G_GINT64_FORMAT), run->id);
  SpqrLineSeries line = { .name = name, .values = values, .n = layers->len, .series = series->len };

  for (guint i = 0; i < layers->len; i++)
    values[i] = G_STRUCT_MEMBER (double, layers->pdata[i], curve->offset);
  g_ptr_array_add (owned, values);
  g_ptr_array_add (owned, name);
  g_array_append_val (series, line);
}

static void
update_lines (SpqrRunsPage *self, GPtrArray *selected)
{
  const Curve *curve = &curves[MIN (gtk_drop_down_get_selected (self->curve), G_N_ELEMENTS (curves) - 1)];
  g_autoptr (GArray) series = g_array_new (FALSE, FALSE, sizeof (SpqrLineSeries));
  g_autoptr (GPtrArray) owned = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GPtrArray) longest = NULL;

  for (guint i = 0; i < selected->len && i < SPQR_THEME_SERIES; i++)
    {
      SpqrRun *run = selected->pdata[i];
      g_autoptr (GPtrArray) layers = spqr_store_list_layers (spqr_session_get_store (self->session), run->id, NULL);

      if (layers == NULL)
        continue;
      add_series (series, owned, run, layers, curve);
      if (longest == NULL || layers->len > longest->len)
        {
          g_clear_pointer (&longest, g_ptr_array_unref);
          longest = g_ptr_array_ref (layers);
        }
    }
  for (guint i = 0; longest != NULL && i < longest->len; i++)
    g_ptr_array_add (names, ((SpqrRunLayer *) longest->pdata[i])->name);
  g_ptr_array_add (names, NULL);
  spqr_lines_view_set_y_axis (self->lines, SPQR_SCALE_LINEAR, curve->format, FALSE);
  spqr_lines_view_set_titles (self->lines, NULL, NULL, _("layer"), _(curve->name), _("Select a run"));
  spqr_lines_view_set_series (self->lines, (const SpqrLineSeries *) (gpointer) series->data, series->len,
                              (const char *const *) names->pdata);
}

/* ---- bits against perplexity ---- */

static gboolean
same_measure (SpqrRun *a, SpqrRun *b)
{
  return g_strcmp0 (a->model_fingerprint, b->model_fingerprint) == 0 && g_strcmp0 (a->ppl_data, b->ppl_data) == 0;
}

static gboolean
is_among (GPtrArray *runs, gint64 id)
{
  for (guint i = 0; i < runs->len; i++)
    if (((SpqrRun *) runs->pdata[i])->id == id)
      return TRUE;
  return FALSE;
}

/* The runs that can be drawn on the same axes as the one at hand; index i of the points is runs[i]. */
static void
update_scatter (SpqrRunsPage *self, GPtrArray *selected)
{
  g_autoptr (GArray) points = g_array_new (FALSE, TRUE, sizeof (SpqrScatterPoint));
  g_autoptr (GPtrArray) labels = g_ptr_array_new_with_free_func (g_free);
  SpqrRun *measure = selected->len > 0 ? selected->pdata[0] : self->runs != NULL && self->runs->len > 0 ? self->runs->pdata[0] : NULL;
  g_autofree char *data = measure != NULL && measure->ppl_data != NULL ? g_path_get_basename (measure->ppl_data) : g_strdup ("");
  g_autofree char *subtitle = g_strdup_printf (_("same model, same text: %s"), data);

  for (guint i = 0; self->runs != NULL && i < self->runs->len; i++)
    {
      SpqrRun *run = self->runs->pdata[i];
      SpqrScatterPoint point = { .x = NAN, .y = NAN };

      if (same_measure (run, measure))
        {
          char *label = g_strdup_printf ("%" G_GINT64_FORMAT, run->id);
          g_ptr_array_add (labels, label);
          point = (SpqrScatterPoint) { .x = run->bits_formula, .y = run->ppl, .label = label, .selected = is_among (selected, run->id) };
        }
      g_array_append_val (points, point);
    }
  spqr_scatter_view_set_titles (self->scatter, NULL, *data != '\0' ? subtitle : NULL, _("bits per weight"), _("perplexity"),
                                _("Runs whose perplexity was measured appear here"));
  spqr_scatter_view_set_points (self->scatter, (const SpqrScatterPoint *) (gpointer) points->data, points->len);
}

static void
on_point (SpqrRunsPage *self, guint point, gboolean extend)
{
  if (point < self->runs->len)
    spqr_runs_table_select (self->table, ((SpqrRun *) self->runs->pdata[point])->id, extend);
}

/* ---- the selected runs ---- */

static gboolean
can_resume (SpqrRun *run)
{
  return run->state == SPQR_RUN_CANCELLED || run->state == SPQR_RUN_FAILED || run->state == SPQR_RUN_INTERRUPTED;
}

/* What goes beyond figures: maps, the note, what can be measured and saved. */
static void
show_more (SpqrRunsPage *self, GPtrArray *selected)
{
  SpqrRun *only = selected->len == 1 ? selected->pdata[0] : NULL;
  static const char *const of_one[] = { "save-layers", "save-evals", "save-report" };

  if (self->compare == NULL)
    return;
  spqr_compare_view_set_runs (self->compare, selected);
  spqr_run_note_show (self->note, only);
  gtk_widget_set_sensitive (self->evaluate, only != NULL && only->state == SPQR_RUN_FINISHED);
  for (guint i = 0; i < G_N_ELEMENTS (of_one); i++)
    g_simple_action_set_enabled (G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self->actions), of_one[i])), only != NULL);
}

static void
update_selected (SpqrRunsPage *self)
{
  g_autoptr (GPtrArray) selected = spqr_runs_table_get_selected (self->table);
  SpqrStore *store = spqr_session_get_store (self->session);
  SpqrRun *only = selected->len == 1 ? selected->pdata[0] : NULL;
  g_autoptr (GPtrArray) layers = only != NULL ? spqr_store_list_layers (store, only->id, NULL) : NULL;

  spqr_run_summary_show (self->summary, selected, store);
  spqr_layers_table_set_layers (self->layers, layers);
  update_lines (self, selected);
  update_scatter (self, selected);
  show_more (self, selected);
  gtk_widget_set_visible (self->resume, only != NULL && can_resume (only));
  gtk_widget_set_sensitive (self->resume, TRUE);
  gtk_widget_set_sensitive (self->show, only != NULL);
  gtk_widget_set_sensitive (self->export_button, only != NULL && only->state == SPQR_RUN_FINISHED);
  gtk_widget_set_sensitive (self->remove, only != NULL && only->state != SPQR_RUN_RUNNING);
}

static void
reload (SpqrRunsPage *self, gboolean returned)
{
  SpqrStore *store = spqr_session_get_store (self->session);
  g_autoptr (GPtrArray) runs = store != NULL ? spqr_store_list_runs (store, NULL) : NULL;
  g_autoptr (GPtrArray) selected = NULL;
  gint64 newest;

  self->stale = FALSE;
  if (runs == NULL)
    return;
  g_clear_pointer (&self->runs, g_ptr_array_unref);
  self->runs = g_ptr_array_ref (runs);
  gtk_stack_set_visible_child_name (self->stack, runs->len > 0 ? "runs" : "empty");
  spqr_runs_table_set_runs (self->table, runs);
  selected = spqr_runs_table_get_selected (self->table);
  /* Never an empty lower half: the newest run is what one came to see, and what one comes back for. */
  newest = runs->len > 0 ? ((SpqrRun *) runs->pdata[0])->id : 0;
  if (newest > 0 && (selected->len == 0 || (newest > self->newest && returned)))
    spqr_runs_table_select (self->table, newest, FALSE);
  self->newest = newest;
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

static SpqrRun *
get_only (SpqrRunsPage *self)
{
  g_autoptr (GPtrArray) selected = spqr_runs_table_get_selected (self->table);

  return selected->len == 1 ? g_object_ref (selected->pdata[0]) : NULL;
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
  g_autoptr (GPtrArray) shown = spqr_runs_table_get_shown (self->table);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < shown->len; i++)
    g_array_append_val (ids, ((SpqrRun *) shown->pdata[i])->id);
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
  title = g_strdup_printf (_("Remove run %" G_GINT64_FORMAT "?"), run->id);
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
  g_signal_connect_object (self->curve, "notify::selected", G_CALLBACK (update_selected), self, G_CONNECT_SWAPPED);
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
  self->scatter = SPQR_SCATTER_VIEW (spqr_scatter_view_new ());
  spqr_scatter_view_set_front (self->scatter, TRUE);
  spqr_chart_set_name (SPQR_CHART (self->scatter), _("Bits against perplexity"));
  g_signal_connect_object (self->scatter, "point-selected", G_CALLBACK (on_point), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->layers, "layer-activated", G_CALLBACK (on_layer), self, G_CONNECT_SWAPPED);
  self->summary_box = GTK_BOX (gtk_box_new (GTK_ORIENTATION_VERTICAL, 0));
  gtk_widget_set_vexpand (GTK_WIDGET (self->summary), TRUE);
  gtk_box_append (self->summary_box, GTK_WIDGET (self->summary));
  gtk_stack_add_titled (GTK_STACK (stack), GTK_WIDGET (self->summary_box), "summary", _("Summary"));
  gtk_stack_add_titled (GTK_STACK (stack), make_curves (self), "curves", _("Over the Layers"));
  gtk_stack_add_titled (GTK_STACK (stack), GTK_WIDGET (self->layers), "layers", _("Layer Table"));
  gtk_stack_add_titled (GTK_STACK (stack), GTK_WIDGET (self->scatter), "scatter", _("Bits × Perplexity"));
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

GtkWidget *
spqr_runs_page_new (SpqrSession *session)
{
  SpqrRunsPage *self = g_object_new (SPQR_TYPE_RUNS_PAGE, NULL);
  SpqrStore *store = spqr_session_get_store (session);

  self->session = g_object_ref (session);
  self->compare = SPQR_COMPARE_VIEW (spqr_compare_view_new (session));
  gtk_stack_add_titled (self->details, GTK_WIDGET (self->compare), "maps", _("Heat Maps"));
  self->note = SPQR_RUN_NOTE (spqr_run_note_new (session));
  gtk_box_prepend (self->summary_box, GTK_WIDGET (self->note));
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
  g_clear_pointer (&self->runs, g_ptr_array_unref);
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
  self->table = SPQR_RUNS_TABLE (spqr_runs_table_new ());
  gtk_widget_set_parent (GTK_WIDGET (self->stack), GTK_WIDGET (self));
  gtk_paned_set_start_child (self->panes, GTK_WIDGET (self->table));
  gtk_paned_set_end_child (self->panes, make_details (self));
  gtk_paned_set_shrink_start_child (self->panes, FALSE);
  gtk_paned_set_shrink_end_child (self->panes, FALSE);
  gtk_widget_set_size_request (GTK_WIDGET (self->table), -1, 180);
  gtk_paned_set_position (self->panes, 260);
  gtk_stack_add_named (self->stack, make_empty (), "empty");
  gtk_stack_add_named (self->stack, GTK_WIDGET (self->panes), "runs");
  g_signal_connect_object (self->table, "selection-changed", G_CALLBACK (update_selected), self, G_CONNECT_SWAPPED);
}
