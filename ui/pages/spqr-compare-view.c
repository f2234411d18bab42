#include "pages/spqr-compare-view.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>

#include "chart/spqr-heatmap-view.h"
#include "chart/spqr-histogram-view.h"
#include "controls/spqr-access.h"
#include "controls/spqr-reason.h"
#include "controls/spqr-wrap.h"
#include "pages/spqr-compare-asking.h"
#include "pages/spqr-compare-text.h"
#include "pages/spqr-run-place.h"
#include "session/spqr-settings.h"

struct _SpqrCompareView {
  GtkWidget parent_instance;

  SpqrSession *session;
  GtkWidget *box;
  GtkStack *stack;
  AdwStatusPage *message;
  GtkDropDown *layer, *field;
  GtkToggleButton *as_maps, *as_counts, *mark_outliers;
  GtkCheckButton *log_counts;
  GtkLabel *readout;
  GtkSpinner *spinner;
  SpqrHeatmapView *maps[SPQR_N_COMPARE_MAPS];
  GtkLabel *captions[SPQR_N_COMPARE_MAPS];
  SpqrHistogramView *histogram;

  char *letters[2];          /* of the two that are shown */
  GtkWidget *pair_box;       /* where more than two are selected: which two */
  GtkDropDown *pair[2];

  GPtrArray *all;            /* the selected runs, elder first */
  GPtrArray *runs;           /* those of them that are compared: one or two */
  SpqrCompareKind kind;
  char *wanted;              /* the layer chosen by hand; NULL: the first */
  guint serial;              /* of the newest question; older answers are dropped */
  SpqrJob *job;
  gboolean dirty, updating;
  gboolean field_chosen;     /* by hand */

  SpqrCompareAsking *answer;            /* what is shown, kept by its job */
  SpqrJob *answered;
  SpqrModel *model;          /* opened for the last answer */
};

G_DEFINE_FINAL_TYPE (SpqrCompareView, spqr_compare_view, GTK_TYPE_WIDGET)

/* ---- showing ---- */

static const SpqrCompareLayer *
shown_layer (SpqrCompareView *self)
{
  return &g_array_index (self->answer->layers, SpqrCompareLayer, self->answer->chosen);
}

/* The place among the selected runs, which is its letter and its colour. */
static guint
place_of (SpqrCompareView *self, const SpqrRun *run)
{
  for (guint i = 0; run != NULL && i < self->all->len; i++)
    if (((SpqrRun *) self->all->pdata[i])->id == run->id)
      return i;
  return 0;
}

static void
take_letters (SpqrCompareView *self)
{
  for (guint i = 0; i < 2; i++)
    {
      g_free (self->letters[i]);
      self->letters[i] = spqr_run_letter (place_of (self, i == 0 ? self->answer->a : self->answer->b));
    }
}

static SpqrComparePair
shown_pair (SpqrCompareView *self)
{
  return (SpqrComparePair) { self->answer->a, self->answer->b, self->letters[0], self->letters[1] };
}

static void
show_message (SpqrCompareView *self, const char *text)
{
  spqr_widget_set_reason (GTK_WIDGET (self->mark_outliers), _("There are no maps to mark them in"));
  gtk_label_set_label (self->readout, "");
  adw_status_page_set_description (self->message, text);
  spqr_name_inner_parts (GTK_WIDGET (self->message));
  gtk_stack_set_visible_child_name (self->stack, "message");
}

static void
show_marks (SpqrCompareView *self)
{
  gboolean wanted = gtk_toggle_button_get_active (self->mark_outliers);
  SpqrComparePicture *picture = self->answer != NULL ? self->answer->picture : NULL;

  for (guint i = 0; picture != NULL && i < SPQR_N_COMPARE_MAPS; i++)
    spqr_heatmap_view_set_marks (self->maps[i], wanted ? picture->maps[i].marks : NULL);
}

/* Behind the colour of the run's curve, where there are two runs. */
static void
show_caption (SpqrCompareView *self, guint i, const char *caption)
{
  const SpqrRun *run = i == SPQR_COMPARE_A ? self->answer->a : i == SPQR_COMPARE_B ? self->answer->b : NULL;
  g_autofree char *swatch = run != NULL && self->answer->b != NULL ? spqr_run_swatch (place_of (self, run)) : g_strdup ("");
  g_autofree char *escaped = g_markup_escape_text (caption, -1), *markup = g_strconcat (swatch, escaped, NULL);

  gtk_label_set_markup (self->captions[i], markup);
}

static void
show_map (SpqrCompareView *self, guint i)
{
  SpqrComparePicture *picture = self->answer->picture;
  const SpqrCompareMap *map = &picture->maps[i];
  SpqrHeatmapView *view = self->maps[i];
  SpqrComparePair pair = shown_pair (self);
  SpqrCompareLabels labels;

  spqr_compare_labels_init (&labels, &pair, shown_layer (self), picture, i);
  spqr_heatmap_view_set_field (view, map->data);
  spqr_heatmap_view_set_colormap (view, spqr_settings_choose_colormap (spqr_settings_get_default (), map->colormap), FALSE);
  spqr_heatmap_view_set_scale (view, map->scale.kind);
  spqr_heatmap_view_set_range (view, map->scale.lo, map->scale.hi);
  spqr_heatmap_view_set_format (view, picture->whole_numbers && !(picture->alone && i > 0) ? SPQR_AXIS_INTEGER : SPQR_AXIS_NUMBER);
  spqr_heatmap_view_set_titles (view, labels.title, NULL);
  spqr_heatmap_view_set_labels (view, NULL, NULL, NULL);
  spqr_chart_set_name (SPQR_CHART (view), labels.name);
  spqr_chart_set_provenance (SPQR_CHART (view), labels.provenance);
  show_caption (self, i, labels.caption);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->captions[i]), labels.caption);
  spqr_compare_labels_clear (&labels);
}

static void
take_colormap (SpqrCompareView *self)
{
  for (guint i = 0; self->answer != NULL && self->answer->picture != NULL && i < SPQR_N_COMPARE_MAPS; i++)
    show_map (self, i);
}

static void
show_counts (SpqrCompareView *self)
{
  SpqrComparePicture *picture = self->answer->picture;
  SpqrComparePair pair = shown_pair (self);
  g_autofree char *title = NULL, *legend = NULL, *provenance = NULL;
  gboolean two = pair.b != NULL;

  spqr_compare_describe_counts (&pair, shown_layer (self), picture, &title, &legend, &provenance);
  spqr_histogram_view_set_series (self->histogram, two ? (int) place_of (self, pair.a) : -1, two ? (int) place_of (self, pair.b) : -1);
  spqr_histogram_view_set_titles (self->histogram, title, legend, spqr_compare_field_name (picture->field), _("weights"));
  spqr_chart_set_name (SPQR_CHART (self->histogram), title);
  spqr_chart_set_provenance (SPQR_CHART (self->histogram), provenance);
  spqr_histogram_view_set_counts (self->histogram, picture->counts[0], picture->has_second ? picture->counts[1] : NULL,
                                  picture->n_bins, &picture->bins_scale);
}

/* The cell pointed at, in all three. */
static void
show_cell (SpqrCompareView *self, gint64 row, gint64 col)
{
  SpqrComparePicture *picture = self->answer != NULL ? self->answer->picture : NULL;
  g_autofree char *text = NULL;

  if (picture != NULL && row >= 0)
    {
      SpqrComparePair pair = shown_pair (self);
      text = spqr_compare_describe_cell (picture, &pair, (gsize) row, (gsize) col);
    }
  gtk_label_set_label (self->readout, text != NULL ? text : "");
}

static void
on_hovered (SpqrHeatmapView *view, gint64 row, gint64 col, double value, SpqrCompareView *self)
{
  gint64 selected_row = -1, selected_col = -1;

  if (row < 0)
    spqr_heatmap_view_get_selected (view, &selected_row, &selected_col);
  show_cell (self, row >= 0 ? row : selected_row, row >= 0 ? col : selected_col);
}

/* The list of the layers, where it is another than what stands there. */
static void
show_layers (SpqrCompareView *self, GArray *before)
{
  GArray *layers = self->answer->layers;

  self->updating = TRUE;
  if (!spqr_compare_layers_equal (before, layers))
    {
      g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);

      for (guint i = 0; layers != NULL && i < layers->len; i++)
        gtk_string_list_take (names, spqr_compare_layer_describe (&g_array_index (layers, SpqrCompareLayer, i)));
      gtk_drop_down_set_model (self->layer, G_LIST_MODEL (names));
    }
  if (layers != NULL && layers->len > 0)
    gtk_drop_down_set_selected (self->layer, self->answer->chosen);
  spqr_widget_set_reason (GTK_WIDGET (self->layer), layers != NULL && layers->len > 0 ? NULL : _("There is no layer to choose"));
  self->updating = FALSE;
}

static void
show_answer (SpqrCompareView *self)
{
  gboolean as_maps = gtk_toggle_button_get_active (self->as_maps);

  gtk_widget_set_visible (GTK_WIDGET (self->mark_outliers), as_maps);
  gtk_widget_set_visible (GTK_WIDGET (self->readout), as_maps);
  gtk_widget_set_visible (GTK_WIDGET (self->log_counts), !as_maps);
  if (self->answer == NULL || self->answer->picture == NULL)
    return;
  spqr_widget_set_reason (GTK_WIDGET (self->mark_outliers), self->answer->picture->maps[SPQR_COMPARE_A].marks != NULL ? NULL
                          : self->answer->picture->field == SPQR_COMPARE_FIELD_OUTLIERS ? _("This field shows them already") : _("This layer has none"));
  for (guint i = 0; i < SPQR_N_COMPARE_MAPS; i++)
    show_map (self, i);
  show_marks (self);
  show_cell (self, -1, -1);
  show_counts (self);
  gtk_stack_set_visible_child_name (self->stack, as_maps ? "maps" : "counts");
}

static void
forget_answer (SpqrCompareView *self)
{
  for (guint i = 0; i < SPQR_N_COMPARE_MAPS; i++)
    {
      spqr_heatmap_view_set_marks (self->maps[i], NULL);
      spqr_heatmap_view_set_field (self->maps[i], NULL);
    }
  self->answer = NULL;
  g_clear_object (&self->answered);
}

/* ---- asking ---- */

static void
set_busy (SpqrCompareView *self, gboolean busy)
{
  gtk_spinner_set_spinning (self->spinner, busy);
  gtk_widget_set_visible (GTK_WIDGET (self->spinner), busy);
}

/* Makes the ended job's answer the one that is shown. */
static void
take_answer (SpqrCompareView *self, SpqrJob *job)
{
  g_autoptr (SpqrJob) before = g_steal_pointer (&self->answered);
  GArray *layers = self->answer != NULL ? self->answer->layers : NULL;
  const GError *error = spqr_job_get_error (job);

  self->answered = g_object_ref (job);
  self->answer = spqr_job_get_data (job);
  take_letters (self);
  show_layers (self, layers);
  if (self->answer->picture == NULL)
    {
      show_message (self, error != NULL ? error->message : _("The layer cannot be shown."));
      return;
    }
  if (self->answer->picture->model != NULL)
    g_set_object (&self->model, self->answer->picture->model);
  show_answer (self);
}

static void
on_ended (SpqrJob *job, SpqrCompareView *self)
{
  SpqrCompareAsking *q = spqr_job_get_data (job);

  if (q->serial != self->serial)
    return;
  g_clear_object (&self->job);
  set_busy (self, FALSE);
  /* Another page took the lane: asked again when this one is looked at the next time. */
  if (spqr_job_get_state (job) == SPQR_JOB_CANCELLED || spqr_job_get_state (job) == SPQR_JOB_DISCARDED)
    self->dirty = TRUE;
  else
    take_answer (self, job);
}

static SpqrModel *
known_model (SpqrCompareView *self, const SpqrRun *run)
{
  SpqrModel *opened = spqr_session_get_model (self->session);

  if (opened != NULL && g_strcmp0 (spqr_model_get_location (opened), run->model_path) == 0)
    return g_object_ref (opened);
  if (self->model != NULL && g_strcmp0 (spqr_model_get_location (self->model), run->model_path) == 0)
    return g_object_ref (self->model);
  return NULL;
}

/* What one would look at first: where two runs err, or what became of a run's weights. */
static void
choose_field (SpqrCompareView *self)
{
  if (self->field_chosen)
    return;
  self->updating = TRUE;
  gtk_drop_down_set_selected (self->field, self->kind == SPQR_COMPARE_TWO ? SPQR_COMPARE_FIELD_ERROR : SPQR_COMPARE_FIELD_DECODED);
  self->updating = FALSE;
}

static void
ask (SpqrCompareView *self)
{
  SpqrStore *store = spqr_session_get_store (self->session);
  g_autofree char *why = NULL;
  SpqrCompareAsking *q;

  self->dirty = FALSE;
  self->serial++;
  if (self->job != NULL)
    spqr_job_cancel (self->job);
  g_clear_object (&self->job);
  set_busy (self, FALSE);
  self->kind = spqr_compare_check (self->runs, &why);
  spqr_widget_set_reason (GTK_WIDGET (self->field), self->kind != SPQR_COMPARE_NOTHING ? NULL : why);
  if (self->kind == SPQR_COMPARE_NOTHING || store == NULL)
    {
      forget_answer (self);
      spqr_widget_set_reason (GTK_WIDGET (self->layer), why != NULL ? why : _("There is no history of runs"));
      show_message (self, why);
      return;
    }
  choose_field (self);
  q = spqr_compare_asking_new (store, self->runs->pdata[0], self->kind == SPQR_COMPARE_TWO ? self->runs->pdata[1] : NULL);
  q->wanted = g_strdup (self->wanted);
  q->field = MIN (gtk_drop_down_get_selected (self->field), SPQR_N_COMPARE_FIELDS - 1);
  q->model = known_model (self, q->a);
  q->serial = self->serial;
  self->job = spqr_job_new (_("Comparing a layer"), spqr_compare_asking_answer, q, spqr_compare_asking_free);
  g_signal_connect_object (self->job, "ended", G_CALLBACK (on_ended), self, 0);
  set_busy (self, TRUE);
  spqr_job_queue_submit_for (spqr_session_get_jobs (self->session), SPQR_LANE_PREVIEW, self, self->job);
}

static void
ask_when_seen (SpqrCompareView *self)
{
  self->dirty = TRUE;
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    ask (self);
}

static gboolean
same_runs (GPtrArray *runs, GPtrArray *others)
{
  if (runs->len != others->len)
    return FALSE;
  for (guint i = 0; i < runs->len; i++)
    {
      const SpqrRun *a = runs->pdata[i], *b = others->pdata[i];

      if (a->id != b->id || a->state != b->state || a->n_layers_done != b->n_layers_done)
        return FALSE;
    }
  return TRUE;
}

/* The two that are chosen among all, A first. */
static void
take_pair (SpqrCompareView *self)
{
  g_autoptr (GPtrArray) pair = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < MIN (self->all->len, 2); i++)
    {
      guint chosen = self->all->len > 2 ? gtk_drop_down_get_selected (self->pair[i]) : i;
      g_ptr_array_add (pair, g_object_ref (self->all->pdata[MIN (chosen, self->all->len - 1)]));
    }
  if (same_runs (self->runs, pair))
    return;
  g_ptr_array_unref (self->runs);
  self->runs = g_steal_pointer (&pair);
  /* What nobody sees takes no memory. */
  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    forget_answer (self);
  ask_when_seen (self);
}

static void
on_pair_chosen (SpqrCompareView *self)
{
  if (!self->updating)
    take_pair (self);
}

static void
show_pairs (SpqrCompareView *self)
{
  gtk_widget_set_visible (self->pair_box, self->all->len > 2);
  self->updating = TRUE;
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);

      for (guint r = 0; r < self->all->len; r++)
        gtk_string_list_take (names, spqr_run_label (r, ((SpqrRun *) self->all->pdata[r])->id));
      gtk_drop_down_set_model (self->pair[i], G_LIST_MODEL (names));
      if (self->all->len > i)
        gtk_drop_down_set_selected (self->pair[i], i);
    }
  self->updating = FALSE;
}

void
spqr_compare_view_set_runs (SpqrCompareView *self, GPtrArray *runs)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < runs->len; i++)
    g_ptr_array_add (sorted, g_object_ref (runs->pdata[i]));
  g_ptr_array_sort (sorted, spqr_run_compare_elder);
  if (same_runs (self->all, sorted))
    return;
  g_ptr_array_unref (self->all);
  self->all = g_steal_pointer (&sorted);
  show_pairs (self);
  take_pair (self);
}

static void
on_layer_chosen (SpqrCompareView *self)
{
  guint chosen = gtk_drop_down_get_selected (self->layer);

  if (self->updating || self->answer == NULL || self->answer->layers == NULL || chosen >= self->answer->layers->len)
    return;
  g_free (self->wanted);
  self->wanted = g_strdup (g_array_index (self->answer->layers, SpqrCompareLayer, chosen).a->name);
  ask_when_seen (self);
}

static void
on_field_chosen (SpqrCompareView *self)
{
  if (self->updating)
    return;
  self->field_chosen = TRUE;
  ask_when_seen (self);
}

/* ---- building ---- */

static GtkDropDown *
make_layers (SpqrCompareView *self)
{
  GtkExpression *string = gtk_property_expression_new (GTK_TYPE_STRING_OBJECT, NULL, "string");
  GtkDropDown *layers = GTK_DROP_DOWN (gtk_drop_down_new (G_LIST_MODEL (gtk_string_list_new (NULL)), string));

  gtk_drop_down_set_enable_search (layers, TRUE);
  gtk_widget_set_tooltip_text (GTK_WIDGET (layers), _("Layer; those in whose output error the runs differ most come first"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (layers), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Layer"), -1);
  g_signal_connect_object (layers, "notify::selected", G_CALLBACK (on_layer_chosen), self, G_CONNECT_SWAPPED);
  return layers;
}

static GtkDropDown *
make_fields (SpqrCompareView *self)
{
  GtkStringList *names = gtk_string_list_new (NULL);
  GtkDropDown *fields;

  for (guint i = 0; i < SPQR_N_COMPARE_FIELDS; i++)
    gtk_string_list_append (names, spqr_compare_field_name (i));
  fields = GTK_DROP_DOWN (gtk_drop_down_new (G_LIST_MODEL (names), NULL));
  gtk_widget_set_tooltip_text (GTK_WIDGET (fields), _("What the maps show of each weight, as decoded from the stored layer"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (fields), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Field"), -1);
  g_signal_connect_object (fields, "notify::selected", G_CALLBACK (on_field_chosen), self, G_CONNECT_SWAPPED);
  return fields;
}

static GtkWidget *
make_switch (SpqrCompareView *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);

  self->as_maps = GTK_TOGGLE_BUTTON (gtk_toggle_button_new_with_mnemonic (_("_Maps")));
  self->as_counts = GTK_TOGGLE_BUTTON (gtk_toggle_button_new_with_mnemonic (_("_Distribution")));
  gtk_toggle_button_set_group (self->as_counts, self->as_maps);
  gtk_toggle_button_set_active (self->as_maps, TRUE);
  gtk_widget_add_css_class (box, "linked");
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->as_maps));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->as_counts));
  g_signal_connect_object (self->as_maps, "toggled", G_CALLBACK (show_answer), self, G_CONNECT_SWAPPED);
  return box;
}

static GtkWidget *
make_pairs (SpqrCompareView *self)
{
  const char *const names[] = { _("Run on the left"), _("Run that is subtracted") };

  self->pair_box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  for (guint i = 0; i < 2; i++)
    {
      self->pair[i] = GTK_DROP_DOWN (gtk_drop_down_new (NULL, NULL));
      gtk_widget_set_tooltip_text (GTK_WIDGET (self->pair[i]), names[i]);
      gtk_accessible_update_property (GTK_ACCESSIBLE (self->pair[i]), GTK_ACCESSIBLE_PROPERTY_LABEL, names[i], -1);
      g_signal_connect_object (self->pair[i], "notify::selected", G_CALLBACK (on_pair_chosen), self, G_CONNECT_SWAPPED);
      if (i > 0)
        gtk_box_append (GTK_BOX (self->pair_box), gtk_label_new ("−"));
      gtk_box_append (GTK_BOX (self->pair_box), GTK_WIDGET (self->pair[i]));
    }
  gtk_widget_set_visible (self->pair_box, FALSE);
  return self->pair_box;
}

static GtkWidget *
make_tools (SpqrCompareView *self)
{
  GtkWidget *bar = spqr_wrap_new (6);

  self->readout = GTK_LABEL (gtk_label_new (NULL));
  gtk_label_set_ellipsize (self->readout, PANGO_ELLIPSIZE_END);
  gtk_label_set_xalign (self->readout, 1);
  /* Whatever it says, the row does not wrap because of it. */
  gtk_label_set_width_chars (self->readout, 20);
  gtk_label_set_max_width_chars (self->readout, 20);
  gtk_widget_set_hexpand (GTK_WIDGET (self->readout), TRUE);
  gtk_widget_add_css_class (GTK_WIDGET (self->readout), "figures");
  self->layer = make_layers (self);
  self->field = make_fields (self);
  self->mark_outliers = GTK_TOGGLE_BUTTON (gtk_toggle_button_new_with_mnemonic (_("Ou_tliers")));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->mark_outliers), _("Mark each run's outliers. In a heat map, N and Shift+N walk from one to the next"));
  g_signal_connect_object (self->mark_outliers, "toggled", G_CALLBACK (show_marks), self, G_CONNECT_SWAPPED);
  self->log_counts = GTK_CHECK_BUTTON (gtk_check_button_new_with_mnemonic (_("_Logarithmic counts")));
  self->spinner = GTK_SPINNER (gtk_spinner_new ());
  gtk_widget_set_margin_start (bar, 12);
  gtk_widget_set_margin_end (bar, 12);
  gtk_widget_set_margin_top (bar, 6);
  gtk_widget_set_margin_bottom (bar, 6);
  spqr_wrap_append (SPQR_WRAP (bar), make_pairs (self));
  spqr_wrap_append (SPQR_WRAP (bar), GTK_WIDGET (self->layer));
  spqr_wrap_append (SPQR_WRAP (bar), GTK_WIDGET (self->field));
  spqr_wrap_append (SPQR_WRAP (bar), GTK_WIDGET (self->mark_outliers));
  spqr_wrap_append (SPQR_WRAP (bar), GTK_WIDGET (self->log_counts));
  spqr_wrap_append (SPQR_WRAP (bar), GTK_WIDGET (self->readout));
  spqr_wrap_append (SPQR_WRAP (bar), GTK_WIDGET (self->spinner));
  spqr_wrap_append (SPQR_WRAP (bar), make_switch (self));
  return bar;
}

static GtkWidget *
make_map (SpqrCompareView *self, guint i)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);

  self->maps[i] = SPQR_HEATMAP_VIEW (spqr_heatmap_view_new ());
  self->captions[i] = GTK_LABEL (gtk_label_new (NULL));
  gtk_label_set_ellipsize (self->captions[i], PANGO_ELLIPSIZE_END);
  gtk_widget_set_margin_bottom (GTK_WIDGET (self->captions[i]), 6);
  gtk_widget_add_css_class (GTK_WIDGET (self->captions[i]), "figures");
  gtk_widget_add_css_class (GTK_WIDGET (self->captions[i]), "caption");
  gtk_widget_set_vexpand (GTK_WIDGET (self->maps[i]), TRUE);
  g_signal_connect_object (self->maps[i], "cell-hovered", G_CALLBACK (on_hovered), self, 0);
  g_signal_connect_object (self->maps[i], "cell-selected", G_CALLBACK (on_hovered), self, 0);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->maps[i]));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->captions[i]));
  return box;
}

static GtkWidget *
make_maps (SpqrCompareView *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);

  gtk_box_set_homogeneous (GTK_BOX (box), TRUE);
  for (guint i = 0; i < SPQR_N_COMPARE_MAPS; i++)
    gtk_box_append (GTK_BOX (box), make_map (self, i));
  /* Each with each: a view that follows tells nobody further. */
  for (guint i = 0; i < SPQR_N_COMPARE_MAPS; i++)
    for (guint j = i + 1; j < SPQR_N_COMPARE_MAPS; j++)
      spqr_heatmap_view_link (self->maps[i], self->maps[j]);
  return box;
}

static void
spqr_compare_view_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (spqr_compare_view_parent_class)->map (widget);
  if (SPQR_COMPARE_VIEW (widget)->dirty)
    ask (SPQR_COMPARE_VIEW (widget));
}

GtkWidget *
spqr_compare_view_new (SpqrSession *session)
{
  SpqrCompareView *self = g_object_new (SPQR_TYPE_COMPARE_VIEW, NULL);

  self->session = g_object_ref (session);
  return GTK_WIDGET (self);
}

static void
spqr_compare_view_dispose (GObject *object)
{
  SpqrCompareView *self = SPQR_COMPARE_VIEW (object);

  self->serial++;
  if (self->job != NULL)
    spqr_job_cancel (self->job);
  g_clear_object (&self->job);
  self->answer = NULL;
  g_clear_object (&self->answered);
  g_clear_object (&self->model);
  g_clear_object (&self->session);
  g_clear_pointer (&self->runs, g_ptr_array_unref);
  g_clear_pointer (&self->all, g_ptr_array_unref);
  g_clear_pointer (&self->wanted, g_free);
  g_clear_pointer (&self->letters[0], g_free);
  g_clear_pointer (&self->letters[1], g_free);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  G_OBJECT_CLASS (spqr_compare_view_parent_class)->dispose (object);
}

static void
spqr_compare_view_class_init (SpqrCompareViewClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_compare_view_dispose;
  GTK_WIDGET_CLASS (klass)->map = spqr_compare_view_map;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static void
spqr_compare_view_init (SpqrCompareView *self)
{
  self->runs = g_ptr_array_new_with_free_func (g_object_unref);
  self->all = g_ptr_array_new_with_free_func (g_object_unref);
  self->dirty = TRUE;
  g_signal_connect_object (spqr_settings_get_default (), "notify::colormap", G_CALLBACK (take_colormap), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (adw_style_manager_get_default (), "notify::dark", G_CALLBACK (take_colormap), self, G_CONNECT_SWAPPED);
  self->box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  gtk_box_append (GTK_BOX (self->box), make_tools (self));
  self->stack = GTK_STACK (gtk_stack_new ());
  self->message = ADW_STATUS_PAGE (adw_status_page_new ());
  adw_status_page_set_icon_name (self->message, "view-reveal-symbolic");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->message), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Heat Maps"), -1);
  gtk_widget_add_css_class (GTK_WIDGET (self->message), "compact");
  self->histogram = SPQR_HISTOGRAM_VIEW (spqr_histogram_view_new ());
  g_object_bind_property (self->histogram, "log-counts", self->log_counts, "active", G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  gtk_check_button_set_active (self->log_counts, TRUE);
  gtk_stack_add_named (self->stack, GTK_WIDGET (self->message), "message");
  gtk_stack_add_named (self->stack, make_maps (self), "maps");
  gtk_stack_add_named (self->stack, GTK_WIDGET (self->histogram), "counts");
  gtk_widget_set_vexpand (GTK_WIDGET (self->stack), TRUE);
  gtk_box_append (GTK_BOX (self->box), GTK_WIDGET (self->stack));
  show_answer (self);
}
