#include "pages/spqr-map-page.h"

#include <glib/gi18n.h>
#include <math.h>

#include "chart/spqr-grid-view.h"
#include "pages/spqr-map-figures.h"

struct _SpqrMapPage {
  GtkWidget parent_instance;

  SpqrSession *session;
  GtkWidget *box;
  GtkDropDown *figure;
  GtkLabel *source, *explanation;
  GtkWidget *calibrate;
  SpqrGridView *grid;
  GtkListBox *ranking;

  SpqrRole *roles;           /* (n_roles) those that some block has */
  guint n_roles, n_blocks;
};

typedef struct { SpqrTensor *tensor; double value; } Ranked;

G_DEFINE_FINAL_TYPE (SpqrMapPage, spqr_map_page, GTK_TYPE_WIDGET)

static const SpqrMapFigure *
current_figure (SpqrMapPage *self)
{
  guint n, chosen = gtk_drop_down_get_selected (self->figure);
  const SpqrMapFigure *figures = spqr_map_figures (&n);

  return &figures[MIN (chosen, n - 1)];
}

static gboolean
is_on_map (SpqrTensor *tensor)
{
  return spqr_tensor_get_block (tensor) >= 0 && !spqr_tensor_is_bias (tensor) && spqr_role_is_linear (spqr_tensor_get_role (tensor));
}

/* Which roles there are, in the order in which the network uses them. */
static void
find_roles (SpqrMapPage *self)
{
  SpqrModel *model = spqr_session_get_model (self->session);
  gboolean present[SPQR_N_ROLES] = { FALSE };

  g_clear_pointer (&self->roles, g_free);
  self->n_roles = self->n_blocks = 0;
  if (model == NULL)
    return;
  for (guint i = 0; i < spqr_model_get_n_tensors (model); i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (model, i);

      if (!is_on_map (tensor))
        continue;
      present[spqr_tensor_get_role (tensor)] = TRUE;
      self->n_blocks = MAX (self->n_blocks, (guint) spqr_tensor_get_block (tensor) + 1);
    }
  self->roles = g_new (SpqrRole, SPQR_N_ROLES);
  for (guint r = 0; r < SPQR_N_ROLES; r++)
    if (present[r])
      self->roles[self->n_roles++] = r;
}

static const char *
source_text (SpqrMapPage *self, SpqrFigureSource source, gboolean any)
{
  switch (source)
    {
    case SPQR_FIGURE_CALIBRATED: return any ? _("calibrated") : _("needs calibration");
    case SPQR_FIGURE_OF_RUN: return any ? _("of the shown run") : _("needs a run: choose one in Runs");
    case SPQR_FIGURE_DATA_FREE:
    default: return _("data-free");
    }
}

static int
compare_ranked (gconstpointer a, gconstpointer b)
{
  double first = ((const Ranked *) a)->value, second = ((const Ranked *) b)->value;

  return (first < second) - (first > second);
}

static GtkWidget *
make_ranking_row (const Ranked *ranked, const SpqrMapFigure *figure)
{
  GtkWidget *row = gtk_list_box_row_new (), *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  g_autofree char *name = g_strdup_printf (_("%d · %s"), spqr_tensor_get_block (ranked->tensor),
                                           spqr_role_name (spqr_tensor_get_role (ranked->tensor)));
  g_autofree char *value = figure->format (ranked->value);
  GtkWidget *label = gtk_label_new (name), *number = gtk_label_new (value);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_widget_add_css_class (number, "figures");
  gtk_widget_add_css_class (number, "dim-label");
  gtk_box_append (GTK_BOX (box), label);
  gtk_box_append (GTK_BOX (box), number);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  gtk_widget_set_tooltip_text (row, spqr_tensor_get_name (ranked->tensor));
  g_object_set_data_full (G_OBJECT (row), "tensor", g_object_ref (ranked->tensor), g_object_unref);
  return row;
}

static void
fill_ranking (SpqrMapPage *self, GArray *ranked, const SpqrMapFigure *figure)
{
  GtkWidget *row;

  while ((row = GTK_WIDGET (gtk_list_box_get_row_at_index (self->ranking, 0))) != NULL)
    gtk_list_box_remove (self->ranking, row);
  g_array_sort (ranked, compare_ranked);
  for (guint i = 0; i < ranked->len; i++)
    gtk_list_box_append (self->ranking, make_ranking_row (&g_array_index (ranked, Ranked, i), figure));
}

static void
fill_grid (SpqrMapPage *self, const double *values, const SpqrMapFigure *figure)
{
  g_autofree const char **labels = g_new0 (const char *, self->n_roles + 1);

  for (guint r = 0; r < self->n_roles; r++)
    labels[r] = spqr_role_name (self->roles[r]);
  spqr_grid_view_set_format (self->grid, figure->format, figure->axis);
  spqr_grid_view_set_scale (self->grid, figure->scale);
  spqr_grid_view_set_titles (self->grid, NULL, NULL, _(figure->name), _("block"));
  spqr_grid_view_set_values (self->grid, self->n_blocks, self->n_roles, values, NULL, labels);
}

static void
update (SpqrMapPage *self)
{
  SpqrModel *model = spqr_session_get_model (self->session);
  const SpqrMapFigure *figure = current_figure (self);
  g_autofree double *values = g_new (double, self->n_blocks * self->n_roles + 1);
  g_autoptr (GArray) ranked = g_array_new (FALSE, FALSE, sizeof (Ranked));

  for (guint b = 0; b < self->n_blocks; b++)
    for (guint r = 0; r < self->n_roles; r++)
      {
        SpqrTensor *tensor = spqr_model_find (model, b, self->roles[r], FALSE);
        double value = tensor != NULL ? figure->get (self->session, tensor) : NAN;

        values[b * self->n_roles + r] = value;
        if (isfinite (value))
          {
            Ranked entry = { tensor, value };
            g_array_append_val (ranked, entry);
          }
      }
  gtk_label_set_label (self->source, source_text (self, figure->source, ranked->len > 0));
  gtk_label_set_label (self->explanation, _(figure->explanation));
  gtk_widget_set_visible (self->calibrate, figure->source == SPQR_FIGURE_CALIBRATED);
  fill_grid (self, values, figure);
  fill_ranking (self, ranked, figure);
}

static void
follow_selection (SpqrMapPage *self)
{
  SpqrTensor *tensor = spqr_session_get_tensor (self->session);

  spqr_grid_view_select (self->grid, -1, -1);
  for (guint r = 0; tensor != NULL && is_on_map (tensor) && r < self->n_roles; r++)
    if (self->roles[r] == spqr_tensor_get_role (tensor))
      spqr_grid_view_select (self->grid, spqr_tensor_get_block (tensor), r);
}

static void
on_model (SpqrMapPage *self)
{
  find_roles (self);
  update (self);
}

/* A run that is shown is meant to be seen. */
static void
on_run (SpqrMapPage *self)
{
  guint n;
  const SpqrMapFigure *figures = spqr_map_figures (&n);

  if (spqr_session_get_shown_run (self->session) == 0 || current_figure (self)->source == SPQR_FIGURE_OF_RUN)
    return;
  for (guint i = 0; i < n; i++)
    if (figures[i].source == SPQR_FIGURE_OF_RUN)
      {
        gtk_drop_down_set_selected (self->figure, i);
        return;
      }
}

static void
open_tensor (SpqrMapPage *self, SpqrTensor *tensor)
{
  spqr_session_select (self->session, tensor);
  gtk_widget_activate_action (GTK_WIDGET (self), "win.page", "s", "layer");
}

static void
on_cell (SpqrMapPage *self, guint block, guint role)
{
  SpqrModel *model = spqr_session_get_model (self->session);
  SpqrTensor *tensor = model != NULL && role < self->n_roles ? spqr_model_find (model, block, self->roles[role], FALSE) : NULL;

  if (tensor != NULL)
    open_tensor (self, tensor);
}

static void
on_row (SpqrMapPage *self, GtkListBoxRow *row)
{
  open_tensor (self, g_object_get_data (G_OBJECT (row), "tensor"));
}

static GtkWidget *
make_bar (SpqrMapPage *self)
{
  GtkWidget *bar = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkStringList *names = gtk_string_list_new (NULL);
  guint n;
  const SpqrMapFigure *figures = spqr_map_figures (&n);

  for (guint i = 0; i < n; i++)
    gtk_string_list_append (names, _(figures[i].name));
  self->figure = GTK_DROP_DOWN (gtk_drop_down_new (G_LIST_MODEL (names), NULL));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->figure), _("What the colours show"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->figure), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Figure"), -1);
  self->source = GTK_LABEL (gtk_label_new (NULL));
  gtk_widget_add_css_class (GTK_WIDGET (self->source), "dim-label");
  self->calibrate = gtk_button_new_with_mnemonic (_("_Calibrate…"));
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->calibrate), "win.calibrate");
  gtk_box_append (GTK_BOX (bar), GTK_WIDGET (self->figure));
  gtk_box_append (GTK_BOX (bar), GTK_WIDGET (self->source));
  gtk_box_append (GTK_BOX (bar), self->calibrate);
  gtk_widget_set_margin_start (bar, 12);
  gtk_widget_set_margin_end (bar, 12);
  gtk_widget_set_margin_top (bar, 9);
  g_signal_connect_object (self->figure, "notify::selected", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  return bar;
}

static GtkWidget *
make_explanation (SpqrMapPage *self)
{
  self->explanation = GTK_LABEL (gtk_label_new (NULL));
  gtk_label_set_wrap (self->explanation, TRUE);
  gtk_label_set_xalign (self->explanation, 0);
  gtk_widget_add_css_class (GTK_WIDGET (self->explanation), "dim-label");
  gtk_widget_set_margin_start (GTK_WIDGET (self->explanation), 12);
  gtk_widget_set_margin_end (GTK_WIDGET (self->explanation), 12);
  gtk_widget_set_margin_top (GTK_WIDGET (self->explanation), 6);
  gtk_widget_set_margin_bottom (GTK_WIDGET (self->explanation), 6);
  return GTK_WIDGET (self->explanation);
}

static GtkWidget *
make_ranking (SpqrMapPage *self)
{
  GtkWidget *side = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6), *scroller = gtk_scrolled_window_new ();
  GtkWidget *title = gtk_label_new (_("Highest first"));

  gtk_label_set_xalign (GTK_LABEL (title), 0);
  gtk_widget_add_css_class (title, "pane-title");
  gtk_widget_add_css_class (title, "dim-label");
  gtk_widget_set_margin_start (title, 12);
  gtk_widget_set_margin_top (title, 12);
  self->ranking = GTK_LIST_BOX (gtk_list_box_new ());
  gtk_list_box_set_selection_mode (self->ranking, GTK_SELECTION_NONE);
  gtk_widget_add_css_class (GTK_WIDGET (self->ranking), "navigation-sidebar");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->ranking), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Layers, highest figure first"), -1);
  g_signal_connect_object (self->ranking, "row-activated", G_CALLBACK (on_row), self, G_CONNECT_SWAPPED);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), GTK_WIDGET (self->ranking));
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_widget_set_vexpand (scroller, TRUE);
  gtk_box_append (GTK_BOX (side), title);
  gtk_box_append (GTK_BOX (side), scroller);
  gtk_widget_set_size_request (side, 230, -1);
  return side;
}

GtkWidget *
spqr_map_page_new (SpqrSession *session)
{
  SpqrMapPage *self = g_object_new (SPQR_TYPE_MAP_PAGE, NULL);

  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (on_model), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "figures-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::tensor", G_CALLBACK (follow_selection), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::shown-run", G_CALLBACK (on_run), self, G_CONNECT_SWAPPED);
  on_model (self);
  return GTK_WIDGET (self);
}

static void
spqr_map_page_dispose (GObject *object)
{
  SpqrMapPage *self = SPQR_MAP_PAGE (object);

  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_object (&self->session);
  g_clear_pointer (&self->roles, g_free);
  G_OBJECT_CLASS (spqr_map_page_parent_class)->dispose (object);
}

static void
spqr_map_page_class_init (SpqrMapPageClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_map_page_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static void
spqr_map_page_init (SpqrMapPage *self)
{
  GtkWidget *main_box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  self->box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  self->grid = SPQR_GRID_VIEW (spqr_grid_view_new ());
  spqr_chart_set_name (SPQR_CHART (self->grid), _("Map of the model"));
  gtk_widget_set_hexpand (GTK_WIDGET (self->grid), TRUE);
  gtk_widget_set_vexpand (GTK_WIDGET (self->grid), TRUE);
  g_signal_connect_object (self->grid, "cell-activated", G_CALLBACK (on_cell), self, G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (main_box), make_bar (self));
  gtk_box_append (GTK_BOX (main_box), make_explanation (self));
  gtk_box_append (GTK_BOX (main_box), GTK_WIDGET (self->grid));
  gtk_widget_set_hexpand (main_box, TRUE);
  gtk_box_append (GTK_BOX (self->box), main_box);
  gtk_box_append (GTK_BOX (self->box), gtk_separator_new (GTK_ORIENTATION_VERTICAL));
  gtk_box_append (GTK_BOX (self->box), make_ranking (self));
}
