#include "pages/spqr-layer-tally.h"

#include <glib/gi18n.h>
#include <math.h>

#include "chart/spqr-budget-bar.h"
#include "plot/spqr-format.h"

enum { BITS, ERROR, OUTLIERS, N_LINES };

struct _SpqrLayerTally {
  GtkWidget parent_instance;

  GtkWidget *stack, *grid, *spinner;
  GtkToggleButton *stored;
  SpqrBudgetBar *bar;
  GtkLabel *source, *problem, *message;
  GtkLabel *names[N_LINES], *values[N_LINES], *changes[N_LINES];

  SpqrLayerFigures figures, previous;
  gboolean has_figures, has_previous;
};

G_DEFINE_FINAL_TYPE (SpqrLayerTally, spqr_layer_tally, GTK_TYPE_WIDGET)

/* ---- the bar ---- */

static void
show_bar (SpqrLayerTally *self)
{
  static const char *const names[SPQR_N_LAYER_BITS] = {
    N_("weights"), N_("scales"), N_("zeros"), N_("second order"), N_("outliers"), N_("offsets"), N_("order, header") };
  const double *bits = gtk_toggle_button_get_active (self->stored) ? self->figures.stored : self->figures.formula;
  SpqrBudgetPart parts[SPQR_N_LAYER_BITS];
  gsize n = 0;

  for (guint i = 0; i < SPQR_N_LAYER_BITS; i++)
    if (i < SPQR_LAYER_BITS_OFFSETS || bits[i] > 0)
      parts[n++] = (SpqrBudgetPart) { _(names[i]), bits[i] };
  spqr_budget_bar_set_parts (self->bar, parts, n, 0, 0);
}

/* ---- the lines ---- */

/* Down is good for bits and error, and neither for outliers, which are paid for in bits. */
static void
show_change (GtkLabel *label, double change, double smallest, char *text, gboolean judged)
{
  g_autofree char *owned = text;
  g_autofree char *shown = NULL;

  gtk_widget_remove_css_class (GTK_WIDGET (label), "better");
  gtk_widget_remove_css_class (GTK_WIDGET (label), "worse");
  if (!isfinite (change))
    {
      gtk_label_set_label (label, "");
      return;
    }
  if (fabs (change) < smallest)
    {
      gtk_label_set_label (label, _("same"));
      return;
    }
  shown = g_strdup_printf ("%s %s", change > 0 ? "▲" : "▼", owned);
  gtk_label_set_label (label, shown);
  if (judged)
    gtk_widget_add_css_class (GTK_WIDGET (label), change < 0 ? "better" : "worse");
}

static void
show_line (SpqrLayerTally *self, guint line, double value, double before, gboolean percent)
{
  double change = self->has_previous ? value - before : NAN;
  g_autofree char *text = percent ? spqr_format_percent (value) : spqr_format_bits (value);
  char *moved = percent ? spqr_format_points (fabs (change)) : spqr_format_fixed (fabs (change), 2);

  gtk_label_set_label (self->values[line], text);
  show_change (self->changes[line], change, percent ? 5e-6 : 0.005, moved, line != OUTLIERS);
}

static void
show_source (SpqrLayerTally *self)
{
  const SpqrLayerFigures *f = &self->figures;
  g_autofree char *text = NULL;
  g_autofree char *seconds = f->seconds < 1 ? g_strdup_printf (_("%.0f ms"), MAX (1, f->seconds * 1e3)) : spqr_format_duration (f->seconds);
  const char *how = f->calibrated ? _("calibrated") : _("data-free");

  if (f->whole)
    text = g_strdup_printf (_("Whole layer, exact · %s · %s"), how, seconds);
  else
    text = g_strdup_printf (_("Rows %zu–%zu exact, the rest follows · %s"), f->row0, f->row0 + f->count - 1, how);
  gtk_label_set_label (self->source, text);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->source), f->calibrated
    ? _("Measured with the Hessian of the calibration text, on weights decoded from their stored form")
    : _("No calibration text has been seen: every input counts the same, and no error is carried from column to column. "
        "Calibrate the layer for the figures of a real run."));
}

static void
show (SpqrLayerTally *self)
{
  const SpqrLayerFigures *f = &self->figures, *p = &self->previous;
  gboolean stored = gtk_toggle_button_get_active (self->stored);

  if (!self->has_figures)
    return;
  show_bar (self);
  gtk_label_set_label (self->names[ERROR], f->calibrated ? _("Output error") : _("Weight error"));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->names[ERROR]), f->calibrated
    ? _("Error of the layer's output on the calibration text, relative to the output:\n√(tr(ΔW H ΔWᵀ) / tr(W H Wᵀ)). Falls with more bits, "
        "smaller groups, more outliers.")
    : _("Error of the weights, relative to the weights: |ΔW| / |W|.\nCalibrated, it becomes the error of the layer's output."));
  show_line (self, BITS, stored ? f->stored_bits : f->formula_bits, stored ? p->stored_bits : p->formula_bits, FALSE);
  show_line (self, ERROR, f->error, p->error, TRUE);
  show_line (self, OUTLIERS, f->outlier_share, p->outlier_share, TRUE);
  show_source (self);
}

void
spqr_layer_tally_set_figures (SpqrLayerTally *self, const SpqrLayerFigures *figures, const SpqrLayerFigures *previous)
{
  if (figures != NULL)
    {
      self->figures = *figures;
      self->has_figures = TRUE;
      /* A few rows are no match for a whole layer. */
      self->has_previous = previous != NULL && previous->whole && figures->whole;
      if (self->has_previous)
        self->previous = *previous;
    }
  gtk_widget_set_visible (self->grid, self->has_figures);
  gtk_widget_set_visible (GTK_WIDGET (self->bar), self->has_figures);
  gtk_widget_set_visible (GTK_WIDGET (self->source), self->has_figures);
  if (figures != NULL)
    gtk_widget_remove_css_class (self->grid, "stale");
  else
    gtk_widget_add_css_class (self->grid, "stale");
  show (self);
}

void
spqr_layer_tally_set_busy (SpqrLayerTally *self, gboolean busy)
{
  gtk_spinner_set_spinning (GTK_SPINNER (self->spinner), busy);
}

void
spqr_layer_tally_set_message (SpqrLayerTally *self, const char *message)
{
  gtk_stack_set_visible_child_name (GTK_STACK (self->stack), message != NULL ? "message" : "figures");
  if (message != NULL)
    {
      gtk_label_set_label (self->message, message);
      self->has_figures = self->has_previous = FALSE;
    }
}

void
spqr_layer_tally_set_problem (SpqrLayerTally *self, const char *problem)
{
  gtk_label_set_label (self->problem, problem != NULL ? problem : "");
  gtk_widget_set_visible (GTK_WIDGET (self->problem), problem != NULL);
}

/* ---- building ---- */

static GtkLabel *
add_label (GtkGrid *grid, const char *text, int column, int row, double xalign)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), (float) xalign);
  gtk_widget_add_css_class (label, "figures");
  gtk_grid_attach (grid, label, column, row, 1, 1);
  return GTK_LABEL (label);
}

static void
add_lines (SpqrLayerTally *self, GtkGrid *grid)
{
  static const char *const names[N_LINES] = { N_("Bits per weight"), N_("Output error"), N_("Outliers") };
  static const char *const help[N_LINES] = {
    N_("Everything that is stored for one weight, on average.\nBy formula: b_w + (b_s + b_z) / β1 + 64 / (β1 β2) + 32 r_o (SpQR, eq. 4); "
       "as stored: what the file holds."),
    "",
    N_("Share of the weights that are kept in 16 bits beside the codes; each costs about 32 bits.\nFewer as τ rises.") };

  for (guint i = 0; i < N_LINES; i++)
    {
      self->names[i] = add_label (grid, _(names[i]), 0, (int) i, 0);
      self->values[i] = add_label (grid, "–", 1, (int) i, 1);
      self->changes[i] = add_label (grid, "", 2, (int) i, 1);
      gtk_widget_add_css_class (GTK_WIDGET (self->values[i]), "strong");
      gtk_widget_set_hexpand (GTK_WIDGET (self->names[i]), TRUE);
      gtk_label_set_width_chars (self->changes[i], 9);
      gtk_widget_set_tooltip_text (GTK_WIDGET (self->changes[i]), _("Change since the setting before"));
      gtk_widget_add_css_class (GTK_WIDGET (self->changes[i]), "change");
      if (*help[i] != '\0')
        gtk_widget_set_tooltip_text (GTK_WIDGET (self->names[i]), _(help[i]));
    }
}

static void
spqr_layer_tally_dispose (GObject *object)
{
  GtkWidget *child;

  gtk_widget_dispose_template (GTK_WIDGET (object), SPQR_TYPE_LAYER_TALLY);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (object))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (spqr_layer_tally_parent_class)->dispose (object);
}

static void
spqr_layer_tally_class_init (SpqrLayerTallyClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = spqr_layer_tally_dispose;
  g_type_ensure (SPQR_TYPE_BUDGET_BAR);
  gtk_widget_class_set_template_from_resource (widget_class, "/studio/spqr/SpqrStudio/ui/spqr-layer-tally.ui");
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerTally, stack);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerTally, grid);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerTally, spinner);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerTally, stored);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerTally, bar);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerTally, source);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerTally, problem);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerTally, message);
  gtk_widget_class_bind_template_callback (widget_class, show);
}

static void
spqr_layer_tally_init (SpqrLayerTally *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  add_lines (self, GTK_GRID (self->grid));
  spqr_chart_set_name (SPQR_CHART (self->bar), _("Bits per weight, by what they are for"));
  spqr_layer_tally_set_figures (self, NULL, NULL);
}
