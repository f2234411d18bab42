#include "pages/spqr-run-summary.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "controls/spqr-param-text.h"
#include "export/spqr-run-differences.h"
#include "export/spqr-run-protocol.h"
#include "pages/spqr-recipe-text.h"
#include "pages/spqr-run-place.h"
#include "pages/spqr-run-task-text.h"
#include "plot/spqr-format.h"
#include "quant/spqr-recipe.h"

struct _SpqrRunSummary {
  GtkWidget parent_instance;
  GtkWidget *scroller;
  GtkGrid *grid, *side;      /* side: the parameters of a single run */
  GtkGrid *target;           /* what is being filled */
  int next_row;
  GPtrArray *reports;        /* what is shown */
};

G_DEFINE_FINAL_TYPE (SpqrRunSummary, spqr_run_summary, GTK_TYPE_WIDGET)

static GtkWidget *
make_label (const char *text, gboolean dim)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 60);
  gtk_label_set_selectable (GTK_LABEL (label), !dim);
  gtk_widget_set_valign (label, GTK_ALIGN_START);
  gtk_widget_add_css_class (label, dim ? "dim-label" : "figures");
  return label;
}

static void
clear_grid (GtkGrid *grid)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (grid))) != NULL)
    gtk_grid_remove (grid, child);
}

static void
begin (SpqrRunSummary *self, GtkGrid *target)
{
  self->target = target;
  self->next_row = 0;
}

static void
clear (SpqrRunSummary *self)
{
  clear_grid (self->grid);
  clear_grid (self->side);
  begin (self, self->grid);
}

static void
add_heading (SpqrRunSummary *self, const char *text, int span)
{
  GtkWidget *label = make_label (text, TRUE);

  gtk_widget_add_css_class (label, "pane-title");
  gtk_widget_set_margin_top (label, self->next_row > 0 ? 9 : 0);
  gtk_grid_attach (self->target, label, 0, self->next_row++, span, 1);
}

static void
add_row (SpqrRunSummary *self, const char *name, const char *const *values, guint n)
{
  gtk_grid_attach (self->target, make_label (name, TRUE), 0, self->next_row, 1, 1);
  for (guint i = 0; i < n; i++)
    gtk_grid_attach (self->target, make_label (values[i], FALSE), 1 + i, self->next_row, 1, 1);
  self->next_row++;
}

static void
add_text (SpqrRunSummary *self, const char *name, const char *value)
{
  add_row (self, name, &value, 1);
}

static void
add_wide (SpqrRunSummary *self, const char *text, int span)
{
  gtk_grid_attach (self->target, make_label (text, TRUE), 0, self->next_row++, span, 1);
}

static void
add_number (SpqrRunSummary *self, const char *name, double value, char *(*format) (double))
{
  g_autofree char *text = isfinite (value) ? format (value) : g_strdup ("–");

  add_text (self, name, text);
}

/* A path as one says it: "~" is home. */
static void
add_path (SpqrRunSummary *self, const char *name, const char *path)
{
  const char *home = g_get_home_dir ();
  gsize length = strlen (home);
  g_autofree char *text = NULL;

  if (path != NULL && length > 1 && strncmp (path, home, length) == 0 && path[length] == G_DIR_SEPARATOR)
    text = g_strconcat ("~", path + length, NULL);
  add_text (self, name, text != NULL ? text : path);
}

static char *four_decimals (double value) { return spqr_format_fixed (value, 4); }
static char *three_decimals (double value) { return spqr_format_fixed (value, 3); }

/* ---- one run ---- */

/* Which layers have parameters of their own. */
static void
add_rules (SpqrRunSummary *self, SpqrRecipe *recipe)
{
  guint n = spqr_recipe_get_n_overrides (recipe);
  const char *name = spqr_recipe_get_name (recipe);
  g_autofree char *title = name != NULL ? g_strdup_printf (_("Recipe “%s”"), name) : NULL;

  if (name != NULL || n > 0)
    add_heading (self, title != NULL ? title : _("Recipe"), 2);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *where = spqr_recipe_describe_where (spqr_recipe_get_override (recipe, i));
      g_autofree char *what = spqr_recipe_describe_what (spqr_recipe_get_override (recipe, i));

      add_text (self, where, what);
    }
  if (n > 1)
    add_wide (self, _("Of two rules for one layer the later one wins."), 2);
}

static void
add_params (SpqrRunSummary *self, SpqrRun *run)
{
  g_autoptr (SpqrRecipe) recipe = run->params_json != NULL ? spqr_recipe_parse (run->params_json, NULL) : NULL;
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);

  if (recipe == NULL)
    return;
  /* Beside the rest: there are many of them. */
  begin (self, self->side);
  add_rules (self, recipe);
  add_heading (self, spqr_recipe_get_n_overrides (recipe) > 0 ? _("Parameters of all other layers") : _("Parameters"), 2);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *value = spqr_param_describe (&table[i], spqr_recipe_get_defaults (recipe));
      add_text (self, _(table[i].title), value);
    }
}

static void
add_with_error (SpqrRunSummary *self, const char *name, double value, double standard_error)
{
  g_autofree char *figure = spqr_format_fixed (value, 4);
  g_autofree char *around = isfinite (standard_error) ? spqr_format_fixed (standard_error, 4) : g_strdup ("–");
  g_autofree char *text = g_strdup_printf ("%s ± %s", figure, around);

  add_text (self, name, text);
}

static void
add_evals (SpqrRunSummary *self, GPtrArray *evals)
{
  gboolean tasks = FALSE;      /* the one before was a task, too */

  for (guint i = 0; evals != NULL && i < evals->len; i++)
    {
      const SpqrRunEval *eval = evals->pdata[i];
      g_autofree char *name = g_path_get_basename (eval->data);
      g_autofree char *accuracy = eval->task != NULL ? spqr_run_task_describe (eval) : NULL;
      g_autofree char *protocol = spqr_protocol_describe (eval);

      if (spqr_protocol_is_repeated (evals, i))
        continue;
      if (eval->task != NULL)
        {
          if (!tasks)
            add_heading (self, _("Zero-shot accuracy"), 2);
          tasks = TRUE;
          add_text (self, eval->task, accuracy);
          continue;
        }
      tasks = FALSE;
      if (!isfinite (eval->ppl) && eval->protocol != NULL)   /* a zero-shot task as it was recorded once */
        {
          add_heading (self, _("Zero-shot task"), 2);
          add_text (self, name, eval->protocol);
          continue;
        }
      add_heading (self, _("Perplexity"), 2);
      add_text (self, _("On"), protocol);
      add_number (self, _("Before"), eval->ppl_base, four_decimals);
      add_with_error (self, _("After"), eval->ppl, eval->ppl_stderr);
      if (isfinite (eval->kl))
        add_with_error (self, _("KL divergence (nats)"), eval->kl, eval->kl_stderr);
      if (isfinite (eval->top1_agreement))
        add_number (self, _("Same likeliest token"), eval->top1_agreement, spqr_format_percent);
      if (eval->backend != NULL)
        add_text (self, _("Device"), eval->backend);
    }
}

static void
add_exports (SpqrRunSummary *self, GPtrArray *exports)
{
  if (exports->len == 0)
    return;
  add_heading (self, _("Exports"), 2);
  for (guint i = 0; i < exports->len; i++)
    {
      const SpqrRunExport *record = exports->pdata[i];
      add_path (self, record->format, record->path);
    }
}

static void
show_one (SpqrRunSummary *self, const SpqrReport *report)
{
  SpqrRun *run = report->run;
  g_autofree char *windows = g_strdup_printf (_("%d of %d tokens, seed %" PRId64), run->nsamples, run->seqlen, run->seed);
  g_autofree char *maker = run->version != NULL ? g_strconcat ("SpQR Studio ", run->version, NULL) : NULL;

  add_heading (self, _("Result"), 2);
  add_number (self, _("Bits (formula)"), run->bits_formula, three_decimals);
  add_number (self, _("Bits (stored)"), run->bits_stored, three_decimals);
  add_number (self, _("Outliers"), run->outlier_share, spqr_format_percent);
  if (run->error != NULL)
    add_text (self, _("Error"), run->error);
  add_evals (self, report->evals);
  add_heading (self, _("Origin"), 2);
  add_path (self, _("Model"), run->model_path);
  add_path (self, _("Calibration"), run->calibration != NULL ? run->calibration : _("none"));
  if (run->calibration != NULL)
    add_text (self, _("Windows"), windows);
  add_text (self, _("Device"), run->backend);
  add_path (self, _("Folder"), run->folder);
  add_text (self, _("Made by"), maker);
  add_exports (self, report->exports);
  add_params (self, run);
}

/* ---- several ---- */

static void
add_figures (SpqrRunSummary *self, const char *name, GPtrArray *runs, double (*get) (SpqrRun *), char *(*format) (double))
{
  g_auto (GStrv) values = g_new0 (char *, runs->len + 1);

  for (guint i = 0; i < runs->len; i++)
    {
      double value = get (runs->pdata[i]);
      values[i] = isfinite (value) ? format (value) : g_strdup ("–");
    }
  add_row (self, name, (const char *const *) values, runs->len);
}

static double get_bits (SpqrRun *run) { return run->bits_formula; }
static double get_stored (SpqrRun *run) { return run->bits_stored; }
static double get_outliers (SpqrRun *run) { return run->outlier_share; }
static double get_loss (SpqrRun *run) { return sqrt (run->mean_proxy_loss); }

static const SpqrRunWords words = { spqr_param_describe, spqr_recipe_describe_where, spqr_recipe_describe_what };

/* Parameters first, then rules; what all of them have alike is left out. */
static void
add_differences (SpqrRunSummary *self, GPtrArray *runs)
{
  g_autoptr (GPtrArray) lines = spqr_run_lines (runs, &words);
  gboolean any = FALSE;

  add_heading (self, _("Parameters that differ"), (int) runs->len + 1);
  for (guint l = 0; l < lines->len; l++)
    {
      const SpqrRunLine *line = lines->pdata[l];
      g_autofree const char **values = g_new0 (const char *, line->n + 1);
      g_autofree char *rule = line->where != NULL ? g_strdup_printf (_("Rule: %s"), line->where) : NULL;

      if (!line->differ)
        continue;
      for (guint i = 0; i < line->n; i++)
        values[i] = line->values[i] != NULL ? line->values[i] : line->kind == SPQR_RUN_LINE_RULE ? _("no rule") : "–";
      add_row (self, line->param != NULL ? _(line->param->title) : rule != NULL ? rule : _("Order of the rules"), values, line->n);
      any = TRUE;
    }
  if (!any)
    add_wide (self, _("None: they were told to do the same."), (int) runs->len + 1);
}

/* A line of figures that were all measured in one way. */
static void
add_measured (SpqrRunSummary *self, const char *name, const SpqrRunEval *const *evals, guint n, gsize offset)
{
  g_auto (GStrv) values = g_new0 (char *, n + 1);
  gboolean any = FALSE;

  for (guint i = 0; i < n; i++)
    {
      double value = G_STRUCT_MEMBER (double, evals[i], offset);

      any = any || isfinite (value);
      values[i] = isfinite (value) ? four_decimals (value) : g_strdup ("–");
    }
  if (any)
    add_row (self, name, (const char *const *) values, n);
}

/* Perplexities stand side by side only where they were measured in the same way; where no way is common to all
 * runs, it is said in what they differ. */
static void
add_perplexities (SpqrRunSummary *self, GPtrArray *reports)
{
  g_autoptr (GPtrArray) shared = spqr_protocols_shared (reports);
  g_autofree char *why = shared->len == 0 ? spqr_protocols_explain (reports) : NULL;

  for (guint i = 0; i < shared->len; i++)
    {
      const SpqrRunEval *const *evals = shared->pdata[i];
      g_autofree char *protocol = spqr_protocol_describe (evals[0]);

      add_heading (self, protocol, (int) reports->len + 1);
      add_measured (self, _("Perplexity"), evals, reports->len, G_STRUCT_OFFSET (SpqrRunEval, ppl));
      add_measured (self, _("Before"), evals, reports->len, G_STRUCT_OFFSET (SpqrRunEval, ppl_base));
      add_measured (self, _("KL divergence (nats)"), evals, reports->len, G_STRUCT_OFFSET (SpqrRunEval, kl));
    }
  if (why != NULL)
    add_wide (self, why, (int) reports->len + 1);
}

static void
add_accuracies (SpqrRunSummary *self, GPtrArray *reports)
{
  g_autoptr (GPtrArray) evals = g_ptr_array_new ();
  g_autoptr (GPtrArray) lines = NULL;

  for (guint i = 0; i < reports->len; i++)
    g_ptr_array_add (evals, ((SpqrReport *) reports->pdata[i])->evals);
  lines = spqr_run_tasks_compare ((GPtrArray *const *) evals->pdata, evals->len);
  for (guint i = 0; i < lines->len; i++)
    {
      const SpqrTaskLine *line = lines->pdata[i];

      if (line->values != NULL)
        add_row (self, line->name, (const char *const *) line->values, reports->len);
      else
        add_text (self, line->name, _("on different documents, or scored differently: not comparable"));
    }
}

/* Letter, number and colour of each, as the curves and the maps have them. */
static void
add_names (SpqrRunSummary *self, GPtrArray *runs)
{
  for (guint i = 0; i < runs->len; i++)
    {
      g_autofree char *markup = spqr_run_markup (i, ((SpqrRun *) runs->pdata[i])->id);
      GtkWidget *label = make_label (NULL, FALSE);

      gtk_label_set_markup (GTK_LABEL (label), markup);
      gtk_widget_add_css_class (label, "strong");
      gtk_grid_attach (self->target, label, 1 + (int) i, self->next_row, 1, 1);
    }
  self->next_row++;
}

static void
show_several (SpqrRunSummary *self, GPtrArray *reports)
{
  g_autoptr (GPtrArray) runs = g_ptr_array_new ();

  for (guint i = 0; i < reports->len; i++)
    g_ptr_array_add (runs, ((SpqrReport *) reports->pdata[i])->run);
  add_names (self, runs);
  add_figures (self, _("Bits (formula)"), runs, get_bits, three_decimals);
  add_figures (self, _("Bits (stored)"), runs, get_stored, three_decimals);
  add_figures (self, _("Outliers"), runs, get_outliers, spqr_format_percent);
  add_figures (self, _("Mean output error"), runs, get_loss, spqr_format_percent);
  add_perplexities (self, reports);
  add_accuracies (self, reports);
  add_differences (self, runs);
}

/* Its colours are those of the light or the dark look. */
static void
on_dark (SpqrRunSummary *self)
{
  if (self->reports != NULL)
    {
      g_autoptr (GPtrArray) reports = g_ptr_array_ref (self->reports);
      spqr_run_summary_show (self, reports);
    }
}

void
spqr_run_summary_show (SpqrRunSummary *self, GPtrArray *reports)
{
  g_ptr_array_ref (reports);
  g_clear_pointer (&self->reports, g_ptr_array_unref);
  self->reports = reports;
  clear (self);
  if (reports->len == 1)
    show_one (self, reports->pdata[0]);
  else if (reports->len > 1)
    show_several (self, reports);
}

GtkWidget *
spqr_run_summary_new (void)
{
  return g_object_new (SPQR_TYPE_RUN_SUMMARY, NULL);
}

static void
spqr_run_summary_dispose (GObject *object)
{
  g_clear_pointer (&SPQR_RUN_SUMMARY (object)->scroller, gtk_widget_unparent);
  g_clear_pointer (&SPQR_RUN_SUMMARY (object)->reports, g_ptr_array_unref);
  G_OBJECT_CLASS (spqr_run_summary_parent_class)->dispose (object);
}

static void
spqr_run_summary_class_init (SpqrRunSummaryClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_run_summary_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static GtkGrid *
make_grid (GtkWidget *box)
{
  GtkGrid *grid = GTK_GRID (gtk_grid_new ());

  gtk_grid_set_column_spacing (grid, 18);
  gtk_grid_set_row_spacing (grid, 3);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (grid));
  return grid;
}

static void
spqr_run_summary_init (SpqrRunSummary *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 48);

  gtk_widget_set_margin_start (box, 12);
  gtk_widget_set_margin_end (box, 12);
  gtk_widget_set_margin_top (box, 9);
  gtk_widget_set_margin_bottom (box, 12);
  self->grid = make_grid (box);
  self->side = make_grid (box);
  self->scroller = gtk_scrolled_window_new ();
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->scroller), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Summary"), -1);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (self->scroller), box);
  gtk_widget_set_parent (self->scroller, GTK_WIDGET (self));
  g_signal_connect_object (adw_style_manager_get_default (), "notify::dark", G_CALLBACK (on_dark), self, G_CONNECT_SWAPPED);
}
