#include "pages/spqr-runs-curves.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>

#include "chart/spqr-lines-view.h"
#include "pages/spqr-run-place.h"

struct _SpqrRunsCurves {
  GtkWidget parent_instance;

  GtkWidget *box;
  GtkDropDown *figure;
  SpqrLinesView *lines;
  GPtrArray *reports;        /* SpqrReport; NULL before the first */
  GPtrArray *layers;         /* of the longest run, borrowed: what the positions are; NULL: none */
};

G_DEFINE_FINAL_TYPE (SpqrRunsCurves, spqr_runs_curves, GTK_TYPE_WIDGET)

typedef struct { const char *name; gsize offset; SpqrAxisFormat format; } Figure;

static const Figure figures[] = {
  { N_("Output error"), G_STRUCT_OFFSET (SpqrRunLayer, output_error), SPQR_AXIS_PERCENT },
  { N_("Outliers"), G_STRUCT_OFFSET (SpqrRunLayer, outlier_share), SPQR_AXIS_PERCENT },
  { N_("Bits (formula)"), G_STRUCT_OFFSET (SpqrRunLayer, bits), SPQR_AXIS_NUMBER },
  { N_("Bits (stored)"), G_STRUCT_OFFSET (SpqrRunLayer, bits_stored), SPQR_AXIS_NUMBER },
};

static guint
n_shown (SpqrRunsCurves *self)
{
  return self->reports != NULL ? MIN (self->reports->len, SPQR_THEME_SERIES) : 0;
}

/* ---- curves ---- */

/* The run's figure of each layer: position i is one layer, in every run. */
static void
add_series (SpqrRunsCurves *self, GArray *series, GPtrArray *owned, guint place, const Figure *figure)
{
  const SpqrReport *report = self->reports->pdata[place];
  g_autoptr (GHashTable) index = g_hash_table_new (g_str_hash, g_str_equal);
  double *values = g_new (double, self->layers->len + 1);
  g_autofree char *label = n_shown (self) > 1 ? spqr_run_label (place, report->run->id) : g_strdup_printf (_("Run %" PRId64), report->run->id);
  SpqrLineSeries line = { .values = values, .n = self->layers->len, .series = place };
  gboolean any = FALSE;

  for (guint i = 0; i < report->layers->len; i++)
    g_hash_table_insert (index, ((SpqrRunLayer *) report->layers->pdata[i])->name, report->layers->pdata[i]);
  for (guint i = 0; i < self->layers->len; i++)
    {
      const SpqrRunLayer *layer = g_hash_table_lookup (index, ((SpqrRunLayer *) self->layers->pdata[i])->name);
      values[i] = layer != NULL ? G_STRUCT_MEMBER (double, layer, figure->offset) : NAN;
      any = any || isfinite (values[i]);
    }
  /* Translators: a run of whose layers this figure is not known (rounding to nearest has no output error). */
  line.name = any ? g_strdup (label) : g_strdup_printf (_("%s (not known)"), label);
  g_ptr_array_add (owned, values);
  g_ptr_array_add (owned, (char *) line.name);
  g_array_append_val (series, line);
}

/* ---- what the positions are called ---- */

typedef struct { GPtrArray *names, *groups, *ticks; } Positions;

static const char *
role_of (const SpqrRunLayer *layer)
{
  return layer->role != NULL ? layer->role : layer->name;
}

static void
name_positions (SpqrRunsCurves *self, Positions *p)
{
  p->names = g_ptr_array_new_with_free_func (g_free);
  p->groups = g_ptr_array_new_with_free_func (g_free);
  p->ticks = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; self->layers != NULL && i < self->layers->len; i++)
    {
      const SpqrRunLayer *layer = self->layers->pdata[i];
      gboolean in_block = layer->block >= 0;

      g_ptr_array_add (p->names, in_block ? g_strdup_printf (_("Block %d · %s"), layer->block, role_of (layer)) : g_strdup (layer->name));
      g_ptr_array_add (p->groups, in_block ? g_strdup_printf ("%d", layer->block) : g_strdup (role_of (layer)));
      g_ptr_array_add (p->ticks, g_strdup (in_block ? role_of (layer) : ""));
    }
  g_ptr_array_add (p->names, NULL);
  g_ptr_array_add (p->groups, NULL);
  g_ptr_array_add (p->ticks, NULL);
}

static void
clear_positions (Positions *p)
{
  g_ptr_array_unref (p->names);
  g_ptr_array_unref (p->groups);
  g_ptr_array_unref (p->ticks);
}

/* Where the curves come from, for a saved picture. */
static char *
describe_origin (SpqrRunsCurves *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n_shown (self); i++)
    {
      const SpqrRun *run = ((const SpqrReport *) self->reports->pdata[i])->run;

      g_string_append_printf (text, _("%s%s, run %" PRId64 ": %s"), i > 0 ? " · " : "", run->model_name, run->id,
                              run->params_json != NULL ? run->params_json : "");
    }
  return g_string_free (text, FALSE);
}

static void
update (SpqrRunsCurves *self)
{
  const Figure *figure = &figures[MIN (gtk_drop_down_get_selected (self->figure), G_N_ELEMENTS (figures) - 1)];
  g_autoptr (GArray) series = g_array_new (FALSE, FALSE, sizeof (SpqrLineSeries));
  g_autoptr (GPtrArray) owned = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *origin = describe_origin (self);
  Positions positions;

  name_positions (self, &positions);
  for (guint i = 0; self->layers != NULL && i < n_shown (self); i++)
    add_series (self, series, owned, i, figure);
  spqr_lines_view_set_y_axis (self->lines, SPQR_SCALE_LINEAR, figure->format, FALSE);
  spqr_lines_view_set_titles (self->lines, NULL, NULL, _("block, and its layers in the order of the network"), _(figure->name), _("Select a run"));
  spqr_lines_view_set_series (self->lines, (const SpqrLineSeries *) (gpointer) series->data, series->len,
                              (const char *const *) positions.names->pdata);
  if (series->len > 0)
    spqr_lines_view_set_ticks (self->lines, (const char *const *) positions.groups->pdata, (const char *const *) positions.ticks->pdata);
  spqr_chart_set_provenance (SPQR_CHART (self->lines), origin);
  clear_positions (&positions);
}

void
spqr_runs_curves_show (SpqrRunsCurves *self, GPtrArray *reports)
{
  g_ptr_array_ref (reports);
  g_clear_pointer (&self->reports, g_ptr_array_unref);
  self->reports = reports;
  self->layers = NULL;
  for (guint i = 0; i < n_shown (self); i++)
    {
      const SpqrReport *report = reports->pdata[i];

      if (report->layers->len > 0 && (self->layers == NULL || report->layers->len > self->layers->len))
        self->layers = report->layers;
    }
  update (self);
}

GtkWidget *
spqr_runs_curves_new (void)
{
  return g_object_new (SPQR_TYPE_RUNS_CURVES, NULL);
}

static void
spqr_runs_curves_dispose (GObject *object)
{
  SpqrRunsCurves *self = SPQR_RUNS_CURVES (object);

  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_pointer (&self->reports, g_ptr_array_unref);
  self->layers = NULL;
  G_OBJECT_CLASS (spqr_runs_curves_parent_class)->dispose (object);
}

static void
spqr_runs_curves_class_init (SpqrRunsCurvesClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_runs_curves_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static void
spqr_runs_curves_init (SpqrRunsCurves *self)
{
  GtkStringList *names = gtk_string_list_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (figures); i++)
    gtk_string_list_append (names, _(figures[i].name));
  self->box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  self->figure = GTK_DROP_DOWN (gtk_drop_down_new (G_LIST_MODEL (names), NULL));
  gtk_widget_set_halign (GTK_WIDGET (self->figure), GTK_ALIGN_START);
  gtk_widget_set_margin_start (GTK_WIDGET (self->figure), 12);
  gtk_widget_set_margin_top (GTK_WIDGET (self->figure), 6);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->figure), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Figure over the layers"), -1);
  g_signal_connect_object (self->figure, "notify::selected", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  self->lines = SPQR_LINES_VIEW (spqr_lines_view_new ());
  spqr_chart_set_name (SPQR_CHART (self->lines), _("Figures over the layers"));
  gtk_widget_set_vexpand (GTK_WIDGET (self->lines), TRUE);
  gtk_box_append (GTK_BOX (self->box), GTK_WIDGET (self->figure));
  gtk_box_append (GTK_BOX (self->box), GTK_WIDGET (self->lines));
}
