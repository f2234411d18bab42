#include "pages/spqr-layer-charts.h"

#include <glib/gi18n.h>
#include <math.h>

#include "chart/spqr-bars-view.h"
#include "chart/spqr-histogram-view.h"
#include "chart/spqr-share-view.h"
#include "controls/spqr-reason.h"
#include "controls/spqr-wrap.h"
#include "pages/spqr-layer-readout.h"
#include "pages/spqr-layer-rulers.h"
#include "pages/spqr-layer-subject.h"
#include "plot/spqr-format.h"

typedef enum { CHART_VALUES, CHART_SHARE, CHART_ROWS, CHART_COLUMNS, CHART_HEADS, N_CHARTS } ChartKind;

struct _SpqrLayerCharts {
  GtkWidget parent_instance;

  SpqrSession *session;
  SpqrLayerPreview *preview;

  GtkWidget *box, *stack, *follow;
  GtkWidget *tabs[N_CHARTS];
  SpqrHistogramView *histogram;
  SpqrShareView *share;
  SpqrBarsView *bars[N_CHARTS];          /* of rows, columns and heads */

  SpqrViewport view;                     /* of the heat map */
  gsize head;                            /* rows or columns a head; 0: none */
  SpqrRulerSide head_side;
  gboolean dragging;                     /* the threshold */
  double shown_tau, shown_threshold;     /* what the histogram's line stands for */
};

static const struct { const char *label, *help; } tabs[N_CHARTS] = {
  { N_("Values"), N_("How the field's values are distributed; what is pointed at here stands out in the heat map") },
  { N_("Error share"), N_("How much of the error the largest few weights carry, and how much the outliers do.\n"
                          "An outlier is kept because the others of its group round better without it (its leave-one-out gain), not because it is "
                          "large here: the weight that stretches a group's range rounds to itself, so its own error is next to nothing.") },
  { N_("Rows"), N_("Outliers in each row: outputs") },
  { N_("Columns"), N_("Outliers in each column: inputs") },
  { N_("Heads"), N_("Outliers in each attention head") },
};

enum { VALUES_POINTED, CELLS_POINTED, PLACE_CHOSEN, SAVED, SAVE_FAILED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (SpqrLayerCharts, spqr_layer_charts, GTK_TYPE_WIDGET)

/* ---- the threshold ---- */

static gboolean
is_tunable (SpqrLayerCharts *self)
{
  SpqrTensor *tensor = spqr_session_get_tensor (self->session);

  return tensor != NULL && spqr_layer_subject_is_tunable (tensor);
}

/* The line counts one thing and the outliers are another: both are said, and why they differ. */
static char *
note_for (const SpqrLayerPicture *picture, const SpqrLayerAnswer *answer)
{
  g_autofree char *share = spqr_format_percent (answer->figures.outlier_share);

  if (picture->field == SPQR_FIELD_LOO_GAIN)
    return g_strdup_printf (_("%s are outliers"), share);
  return g_strdup_printf (_("%s are outliers: chosen by leave-one-out gain"), share);
}

static char *
name_of_tau (double tau)
{
  g_autofree char *number = spqr_format_value (tau, 3);

  return g_strdup_printf ("τ = %s ·", number);
}

static void
show_threshold (SpqrLayerCharts *self)
{
  SpqrLayerPicture *picture = spqr_layer_preview_get_picture (self->preview);
  SpqrLayerAnswer *answer = spqr_layer_preview_get_answer (self->preview);
  g_autofree char *name = NULL, *note = NULL;
  double value;

  if (self->dragging || (answer == NULL && picture != NULL && is_tunable (self)))
    return;
  value = answer != NULL && picture != NULL
            ? spqr_layer_threshold_value (picture->field, picture->histogram.scale.kind, answer) : NAN;
  if (isnan (value))
    {
      spqr_histogram_view_clear_threshold (self->histogram);
      return;
    }
  self->shown_tau = answer->params.outlier_threshold;
  self->shown_threshold = value;
  name = name_of_tau (self->shown_tau);
  note = note_for (picture, answer);
  spqr_histogram_view_set_threshold (self->histogram, value, name);
  spqr_histogram_view_set_threshold_note (self->histogram, note);
}

static void show_histogram (SpqrLayerCharts *self);

static void
on_threshold_changed (SpqrLayerCharts *self, double value, gboolean finished)
{
  SpqrRunParams params = *spqr_session_get_params (self->session);
  SpqrLayerPicture *picture = spqr_layer_preview_get_picture (self->preview);
  const SpqrParamInfo *info = spqr_param_lookup ("outlier_threshold");
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *name = NULL;
  double tau;

  self->dragging = !finished;
  if (picture == NULL || !(self->shown_threshold > 0))
    return;
  tau = spqr_layer_threshold_tau (picture->field, self->shown_tau, self->shown_threshold, value);
  /* Three digits: nobody wants a tau of 0.19834710743801653. */
  g_ascii_formatd (digits, sizeof digits, "%.3g", tau);
  if (spqr_param_set (info, &params, g_ascii_strtod (digits, NULL), NULL))
    spqr_session_set_params (self->session, &params);
  name = name_of_tau (params.layer.outlier_threshold);
  spqr_histogram_view_set_threshold (self->histogram, value, name);
  spqr_histogram_view_set_threshold_note (self->histogram, NULL);
  if (finished)
    show_histogram (self);
}

/* ---- the charts ---- */

static void
show_histogram (SpqrLayerCharts *self)
{
  SpqrLayerPicture *picture = spqr_layer_preview_get_picture (self->preview);
  g_autofree char *title = NULL;

  /* The axis does not move under a finger. */
  if (self->dragging)
    return;
  if (picture == NULL)
    {
      spqr_histogram_view_set_counts (self->histogram, NULL, NULL, 0, NULL);
      return;
    }
  /* Not counted yet: the bars of before stay for that moment. */
  if (picture->histogram.bins == 0)
    return;
  title = g_strdup_printf (_("Distribution of %s"), spqr_layer_field_name (picture->field));
  spqr_chart_set_name (SPQR_CHART (self->histogram), title);
  spqr_histogram_view_set_titles (self->histogram, NULL, NULL, spqr_layer_field_name (picture->field), _("weights"));
  spqr_histogram_view_set_log_counts (self->histogram, picture->field != SPQR_FIELD_CODES);
  spqr_histogram_view_set_whole_numbers (self->histogram, spqr_layer_field_is_whole (picture->field));
  spqr_histogram_view_set_counts (self->histogram, picture->histogram.counts, NULL, picture->histogram.bins, &picture->histogram.scale);
}

static const char *
sum_name (SpqrField field)
{
  switch ((int) field)
    {
    case SPQR_FIELD_SENSITIVITY: return _("share of all sensitivity");
    case SPQR_FIELD_LOO_GAIN: return _("share of all gain");
    case SPQR_FIELD_ERROR: return _("share of the squared error");
    case SPQR_FIELD_WEIGHT:
    case SPQR_FIELD_ABS_WEIGHT: return _("share of the squared weights");
    default: return _("share of the squared difference");
    }
}

/* As many weights as are outliers now; and what the outliers themselves carry, where they are others. */
static void
show_kept (SpqrLayerCharts *self, const SpqrLayerPicture *picture)
{
  g_autofree char *few = NULL, *sum = NULL, *carried = NULL, *name = NULL, *chosen = NULL, *note = NULL;
  double weights, largest;
  gboolean differ;

  if (picture == NULL)
    {
      spqr_share_view_set_current (self->share, NAN, NULL, NAN, NULL);
      spqr_share_view_set_note (self->share, NULL, NULL);
      return;
    }
  weights = (double) picture->marks->count / ((double) picture->marks->rows * (double) picture->marks->cols);
  largest = spqr_share_view_get_share (self->share, weights);
  differ = largest - picture->outlier_sum > 0.01;
  few = spqr_format_percent (weights);
  sum = spqr_format_percent (largest);
  /* What is less than can be seen is nothing. */
  carried = spqr_format_percent (picture->outlier_sum < 5e-5 ? 0 : picture->outlier_sum);
  /* Translators: share of the weights, and of the sum that the largest so many carry */
  name = g_strdup_printf (_("the largest %s: %s"), few, sum);
  /* Translators: share of the sum that the outliers carry */
  chosen = differ ? g_strdup_printf (_("outliers: %s"), carried) : NULL;
  /* Translators: the share of the weights that are kept as outliers, and the share of the field's sum that they carry */
  note = differ ? g_strdup_printf (_("Kept: %s of the weights, those without which their group rounds best; they carry %s here"), few, carried)
                : g_strdup_printf (_("Kept: %s of the weights; they carry %s"), few, carried);
  spqr_share_view_set_current (self->share, weights, name, differ ? picture->outlier_sum : NAN, chosen);
  spqr_share_view_set_note (self->share, note, differ ? _("The weight that stretches its group rounds to itself; the others pay.") : NULL);
}

static void
show_share (SpqrLayerCharts *self)
{
  SpqrLayerPicture *picture = spqr_layer_preview_get_picture (self->preview);
  const SpqrLayerShare *share = picture != NULL ? picture->share : NULL;
  const char *message = NULL;

  if (!is_tunable (self))
    message = _("Only layers that SpQR quantizes have an error to share out.");
  else if (picture != NULL && !spqr_layer_share_has (picture->field))
    message = _("This field adds up to nothing. Choose Sensitivity, Leave-one-out gain or Quantization error above.");
  spqr_share_view_set_titles (self->share, _("share of the weights, the largest first"), picture != NULL ? sum_name (picture->field) : "",
                              picture != NULL ? spqr_layer_field_name (picture->field) : "", message);
  spqr_share_view_set_points (self->share, share != NULL ? share->points : NULL, share != NULL ? share->n : 0);
  show_kept (self, share != NULL && picture->marks->count > 0 ? picture : NULL);
}

static double *
row_shares (const SpqrMarks *marks)
{
  double *values = g_new (double, marks->rows);

  for (gsize i = 0; i < marks->rows; i++)
    values[i] = (marks->offsets[i + 1] - marks->offsets[i]) / (double) marks->cols;
  return values;
}

static double *
column_shares (const SpqrLayerPicture *picture)
{
  double *values = g_new (double, picture->marks->cols);

  for (gsize j = 0; j < picture->marks->cols; j++)
    values[j] = picture->column_outliers[j] / (double) picture->marks->rows;
  return values;
}

/* Means of `head` lines each. */
static double *
head_shares (const double *lines, gsize n_heads, gsize head)
{
  double *values = g_new0 (double, n_heads);

  for (gsize i = 0; i < n_heads * head; i++)
    values[i / head] += lines[i] / (double) head;
  return values;
}

static void
show_bars (SpqrLayerCharts *self)
{
  SpqrLayerPicture *picture = spqr_layer_preview_get_picture (self->preview);
  const SpqrMarks *marks = picture != NULL ? picture->marks : NULL;
  g_autofree double *rows = marks != NULL ? row_shares (marks) : NULL, *columns = marks != NULL ? column_shares (picture) : NULL;
  g_autofree double *heads = NULL;
  double mean = marks != NULL ? (double) marks->count / ((double) marks->rows * (double) marks->cols) : NAN;
  const double *lines = self->head_side == SPQR_RULER_ROWS ? rows : columns;
  gsize n_lines = marks == NULL ? 0 : self->head_side == SPQR_RULER_ROWS ? marks->rows : marks->cols;
  gsize n_heads = self->head > 0 ? n_lines / self->head : 0;

  /* The picture of before stays until there is another's answer. */
  if (marks == NULL && picture != NULL && is_tunable (self))
    return;
  heads = n_heads > 0 ? head_shares (lines, n_heads, self->head) : NULL;
  spqr_bars_view_set_values (self->bars[CHART_ROWS], rows, marks != NULL ? marks->rows : 0, mean, SPQR_AXIS_PERCENT);
  spqr_bars_view_set_values (self->bars[CHART_COLUMNS], columns, marks != NULL ? marks->cols : 0, mean, SPQR_AXIS_PERCENT);
  spqr_bars_view_set_values (self->bars[CHART_HEADS], heads, n_heads, mean, SPQR_AXIS_PERCENT);
}

/* ---- one part of the matrix in all of them ---- */

static void
show_view (SpqrLayerCharts *self)
{
  gboolean follow = gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->follow));
  const SpqrViewport *v = &self->view;
  double head = (double) MAX (self->head, 1);
  double from = self->head_side == SPQR_RULER_ROWS ? v->row0 : v->col0, to = self->head_side == SPQR_RULER_ROWS ? v->row1 : v->col1;

  spqr_bars_view_set_range (self->bars[CHART_ROWS], follow ? v->row0 : 0, follow ? v->row1 : 0);
  spqr_bars_view_set_range (self->bars[CHART_COLUMNS], follow ? v->col0 : 0, follow ? v->col1 : 0);
  spqr_bars_view_set_range (self->bars[CHART_HEADS], follow ? floor (from / head) : 0, follow ? ceil (to / head) : 0);
}

void
spqr_layer_charts_set_view (SpqrLayerCharts *self, const SpqrViewport *view)
{
  g_return_if_fail (SPQR_IS_LAYER_CHARTS (self));

  self->view = *view;
  show_view (self);
}

void
spqr_layer_charts_point (SpqrLayerCharts *self, gint64 row, gint64 col)
{
  SpqrLayerPicture *picture = spqr_layer_preview_get_picture (self->preview);
  gboolean inside = picture != NULL && row >= 0 && col >= 0 && row < (gint64) picture->data->rows && col < (gint64) picture->data->cols;
  double value = inside ? picture->data->values[(gsize) row * picture->data->cols + (gsize) col] : NAN;
  gint64 line = self->head_side == SPQR_RULER_ROWS ? row : col;

  spqr_histogram_view_mark (self->histogram, value);
  spqr_share_view_mark (self->share, fabs (value));
  spqr_bars_view_mark (self->bars[CHART_ROWS], inside ? row : -1);
  spqr_bars_view_mark (self->bars[CHART_COLUMNS], inside ? col : -1);
  spqr_bars_view_mark (self->bars[CHART_HEADS], inside && self->head > 0 ? line / (gint64) self->head : -1);
}

static void
on_bin_hovered (SpqrLayerCharts *self, double from, double to)
{
  SpqrLayerPicture *picture = spqr_layer_preview_get_picture (self->preview);
  gboolean magnitude = picture != NULL && picture->histogram.scale.kind == SPQR_SCALE_LOG;

  g_signal_emit (self, signals[VALUES_POINTED], 0, from, to, magnitude);
}

static void
on_value_hovered (SpqrLayerCharts *self, double value)
{
  g_signal_emit (self, signals[VALUES_POINTED], 0, value, isnan (value) ? NAN : G_MAXDOUBLE, TRUE);
}

static ChartKind
kind_of (SpqrLayerCharts *self, SpqrBarsView *bars)
{
  return bars == self->bars[CHART_ROWS] ? CHART_ROWS : bars == self->bars[CHART_COLUMNS] ? CHART_COLUMNS : CHART_HEADS;
}

/* The cells that a bar stands for. */
static gboolean
cells_of (SpqrLayerCharts *self, ChartKind kind, gint64 index, SpqrViewport *cells)
{
  SpqrLayerPicture *picture = spqr_layer_preview_get_picture (self->preview);
  double size = kind == CHART_HEADS ? (double) self->head : 1, from = (double) index * size;
  gboolean by_row = kind == CHART_ROWS || (kind == CHART_HEADS && self->head_side == SPQR_RULER_ROWS);

  if (picture == NULL || index < 0)
    return FALSE;
  *cells = (SpqrViewport) { 0, (double) picture->data->rows, 0, (double) picture->data->cols };
  if (by_row)
    {
      cells->row0 = from;
      cells->row1 = from + size;
    }
  else
    {
      cells->col0 = from;
      cells->col1 = from + size;
    }
  return cells->row1 <= (double) picture->data->rows && cells->col1 <= (double) picture->data->cols;
}

static void
on_index_hovered (SpqrBarsView *bars, gint64 index, SpqrLayerCharts *self)
{
  SpqrViewport cells;
  gboolean has = cells_of (self, kind_of (self, bars), index, &cells);

  g_signal_emit (self, signals[CELLS_POINTED], 0, has ? &cells : NULL);
}

/* The bar's cells with some around them, and the largest of them selected. */
static void
on_index_chosen (SpqrBarsView *bars, gint64 index, SpqrLayerCharts *self)
{
  SpqrLayerPicture *picture = spqr_layer_preview_get_picture (self->preview);
  SpqrViewport cells;
  SpqrLayerPlace place;
  float most = -1;

  if (!cells_of (self, kind_of (self, bars), index, &cells))
    return;
  place = (SpqrLayerPlace) { .view = self->view };
  for (gsize row = (gsize) cells.row0; row < (gsize) cells.row1; row++)
    for (gsize col = (gsize) cells.col0; col < (gsize) cells.col1; col++)
      {
        float value = fabsf (picture->data->values[row * picture->data->cols + col]);

        if (value > most)
          {
            most = value;
            place.row = (gint64) row;
            place.col = (gint64) col;
          }
      }
  g_signal_emit (self, signals[PLACE_CHOSEN], 0, &place);
}

/* ---- what there is ---- */

static void
choose (SpqrLayerCharts *self, ChartKind kind)
{
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->tabs[kind]), TRUE);
}

static void
show_heads (SpqrLayerCharts *self)
{
  SpqrTensor *tensor = spqr_session_get_tensor (self->session);
  SpqrModel *model = spqr_session_get_model (self->session);
  gboolean rotary, tunable = is_tunable (self);

  self->head = tunable && model != NULL ? spqr_layer_head_size (tensor, spqr_model_get_config (model), &self->head_side, &rotary) : 0;
  for (guint k = CHART_SHARE; k < N_CHARTS; k++)
    {
      const char *why_not = !tunable ? _("Only layers that SpQR quantizes have an error and outliers")
                            : k == CHART_HEADS && self->head == 0 ? _("This layer is not divided into attention heads") : NULL;

      spqr_widget_set_reason (self->tabs[k], why_not);
    }
  if (!tunable)
    choose (self, CHART_VALUES);
  else if (self->head == 0 && gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->tabs[CHART_HEADS])))
    choose (self, CHART_ROWS);
}

static void
on_picture_changed (SpqrLayerCharts *self)
{
  show_heads (self);
  show_histogram (self);
  show_threshold (self);
  show_share (self);
  show_bars (self);
  show_view (self);
}

void
spqr_layer_charts_let_go (SpqrLayerCharts *self)
{
  self->dragging = FALSE;
}

void
spqr_layer_charts_set_provenance (SpqrLayerCharts *self, const char *provenance)
{
  spqr_chart_set_provenance (SPQR_CHART (self->histogram), provenance);
  spqr_chart_set_provenance (SPQR_CHART (self->share), provenance);
  for (guint k = CHART_ROWS; k < N_CHARTS; k++)
    spqr_chart_set_provenance (SPQR_CHART (self->bars[k]), provenance);
}

void
spqr_layer_charts_set_session (SpqrLayerCharts *self, SpqrSession *session, SpqrLayerPreview *preview)
{
  g_return_if_fail (SPQR_IS_LAYER_CHARTS (self) && self->session == NULL);

  self->session = g_object_ref (session);
  self->preview = g_object_ref (preview);
  g_signal_connect_object (preview, "picture-changed", G_CALLBACK (on_picture_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (preview, "figures-changed", G_CALLBACK (show_threshold), self, G_CONNECT_SWAPPED);
}

/* ---- the widget ---- */

static void
on_tab (GtkToggleButton *tab, SpqrLayerCharts *self)
{
  guint kind = 0;

  while (kind < N_CHARTS - 1 && self->tabs[kind] != GTK_WIDGET (tab))
    kind++;
  if (!gtk_toggle_button_get_active (tab))
    return;
  gtk_stack_set_visible_child (GTK_STACK (self->stack), kind == CHART_VALUES ? GTK_WIDGET (self->histogram)
                               : kind == CHART_SHARE ? GTK_WIDGET (self->share) : GTK_WIDGET (self->bars[kind]));
  gtk_widget_set_visible (self->follow, kind >= CHART_ROWS);
}

static void
on_saved (SpqrLayerCharts *self, const char *path)
{
  g_signal_emit (self, signals[SAVED], 0, path);
}

static void
on_save_failed (SpqrLayerCharts *self, const char *message)
{
  g_signal_emit (self, signals[SAVE_FAILED], 0, message);
}

static void
add_chart (SpqrLayerCharts *self, gpointer chart, const char *name)
{
  spqr_chart_set_name (SPQR_CHART (chart), name);
  g_signal_connect_swapped (chart, "saved", G_CALLBACK (on_saved), self);
  g_signal_connect_swapped (chart, "save-failed", G_CALLBACK (on_save_failed), self);
  gtk_stack_add_child (GTK_STACK (self->stack), GTK_WIDGET (chart));
}

static void
add_bars (SpqrLayerCharts *self, ChartKind kind, const char *name, const char *item, const char *x_label)
{
  self->bars[kind] = SPQR_BARS_VIEW (spqr_bars_view_new ());
  spqr_bars_view_set_titles (self->bars[kind], item, x_label, _("outliers among the weights"), _("No outliers are known yet."));
  g_signal_connect (self->bars[kind], "index-hovered", G_CALLBACK (on_index_hovered), self);
  g_signal_connect (self->bars[kind], "index-chosen", G_CALLBACK (on_index_chosen), self);
  add_chart (self, self->bars[kind], name);
}

static void
add_charts (SpqrLayerCharts *self)
{
  self->histogram = SPQR_HISTOGRAM_VIEW (spqr_histogram_view_new ());
  self->share = SPQR_SHARE_VIEW (spqr_share_view_new ());
  g_signal_connect_swapped (self->histogram, "threshold-changed", G_CALLBACK (on_threshold_changed), self);
  g_signal_connect_swapped (self->histogram, "bin-hovered", G_CALLBACK (on_bin_hovered), self);
  g_signal_connect_swapped (self->share, "value-hovered", G_CALLBACK (on_value_hovered), self);
  add_chart (self, self->histogram, _("Distribution"));
  add_chart (self, self->share, _("Error against weights kept"));
  spqr_share_view_set_reference (self->share, 0.01, 0.75, _("the paper: 1 % carry over 75 %"));
  add_bars (self, CHART_ROWS, _("Outliers by row"), _("row"), _("rows"));
  add_bars (self, CHART_COLUMNS, _("Outliers by column"), _("column"), _("columns"));
  add_bars (self, CHART_HEADS, _("Outliers by head"), _("head"), _("heads"));
}

static void
add_tabs (SpqrLayerCharts *self, SpqrWrap *line)
{
  GtkWidget *group = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);

  gtk_widget_add_css_class (group, "linked");
  for (guint k = 0; k < N_CHARTS; k++)
    {
      self->tabs[k] = gtk_toggle_button_new_with_label (_(tabs[k].label));
      gtk_widget_add_css_class (self->tabs[k], "small-toggle");
      gtk_widget_set_tooltip_text (self->tabs[k], _(tabs[k].help));
      if (k > 0)
        gtk_toggle_button_set_group (GTK_TOGGLE_BUTTON (self->tabs[k]), GTK_TOGGLE_BUTTON (self->tabs[0]));
      g_signal_connect (self->tabs[k], "toggled", G_CALLBACK (on_tab), self);
      gtk_box_append (GTK_BOX (group), self->tabs[k]);
    }
  self->follow = gtk_toggle_button_new_with_label (_("Follow the heat map"));
  gtk_widget_add_css_class (self->follow, "small-toggle");
  gtk_widget_set_tooltip_text (self->follow, _("Show the same rows and columns as the heat map does"));
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->follow), TRUE);
  gtk_widget_set_visible (self->follow, FALSE);
  g_signal_connect_swapped (self->follow, "toggled", G_CALLBACK (show_view), self);
  gtk_widget_set_hexpand (group, TRUE);
  gtk_widget_set_halign (group, GTK_ALIGN_START);
  spqr_wrap_append (line, group);
  spqr_wrap_append (line, self->follow);
}

static void
spqr_layer_charts_dispose (GObject *object)
{
  SpqrLayerCharts *self = SPQR_LAYER_CHARTS (object);

  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_object (&self->preview);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (spqr_layer_charts_parent_class)->dispose (object);
}

static void
spqr_layer_charts_class_init (SpqrLayerChartsClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = spqr_layer_charts_dispose;
  signals[VALUES_POINTED] = g_signal_new ("values-pointed", SPQR_TYPE_LAYER_CHARTS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 3, G_TYPE_DOUBLE, G_TYPE_DOUBLE, G_TYPE_BOOLEAN);
  signals[CELLS_POINTED] = g_signal_new ("cells-pointed", SPQR_TYPE_LAYER_CHARTS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[PLACE_CHOSEN] = g_signal_new ("place-chosen", SPQR_TYPE_LAYER_CHARTS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[SAVED] = g_signal_new ("saved", SPQR_TYPE_LAYER_CHARTS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SAVE_FAILED] = g_signal_new ("save-failed", SPQR_TYPE_LAYER_CHARTS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
spqr_layer_charts_init (SpqrLayerCharts *self)
{
  GtkWidget *line = spqr_wrap_new (6);

  self->box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  self->stack = gtk_stack_new ();
  gtk_widget_set_margin_start (line, 12);
  gtk_widget_set_margin_end (line, 12);
  gtk_widget_set_margin_top (line, 6);
  add_charts (self);
  add_tabs (self, SPQR_WRAP (line));
  gtk_widget_set_vexpand (self->stack, TRUE);
  gtk_box_append (GTK_BOX (self->box), line);
  gtk_box_append (GTK_BOX (self->box), self->stack);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  choose (self, CHART_VALUES);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Distributions"), -1);
}
