#include "pages/spqr-recipe-dialog.h"

#include <glib/gi18n.h>

#include "chart/spqr-budget-bar.h"
#include "controls/spqr-access.h"
#include "pages/spqr-recipe-file.h"
#include "pages/spqr-recipe-rules.h"
#include "plot/spqr-format.h"

struct _SpqrRecipeDialog {
  AdwWindow parent_instance;

  SpqrSession *session;
  GtkEditable *name;
  SpqrBudgetBar *bar;
  GtkLabel *sum;
  gboolean updating;
};

G_DEFINE_FINAL_TYPE (SpqrRecipeDialog, spqr_recipe_dialog, ADW_TYPE_WINDOW)

/* ---- what it costs ---- */

static void
show_bar (SpqrRecipeDialog *self, const SpqrRecipeBudget *budget)
{
  static const char *const names[SPQR_RECIPE_BITS_UNQUANTIZED] = { N_("weights"), N_("scales"), N_("zeros"), N_("second order"), N_("outliers") };
  SpqrBudgetPart parts[G_N_ELEMENTS (names)];

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    parts[i] = (SpqrBudgetPart) { _(names[i]), budget->weights > 0 ? budget->bits[i] / budget->weights : 0 };
  spqr_budget_bar_set_parts (self->bar, parts, G_N_ELEMENTS (parts), 0, 0);
}

static char *
describe (const SpqrRecipeBudget *budget, SpqrModel *model)
{
  double left = budget->bits[SPQR_RECIPE_BITS_UNQUANTIZED];
  g_autofree char *bits = spqr_format_bits (budget->weights > 0 ? budget->quantized_bits / budget->weights : 0);
  g_autofree char *size = spqr_format_bytes ((guint64) (budget->quantized_bits / 8));
  g_autofree char *rest = spqr_format_bytes ((guint64) (left / 8));
  g_autofree char *all = spqr_format_bytes ((guint64) ((budget->quantized_bits + left) / 8));
  g_autofree char *original = spqr_format_bytes (spqr_model_get_n_bytes (model));
  g_autofree char *first = g_strdup_printf (ngettext ("%u layer at %s per weight: %s.", "%u layers at %s per weight: %s.", budget->n_layers),
                                            budget->n_layers, bits, size);
  /* Translators: sizes of what is not quantized, of the whole model, and of the whole model today. */
  g_autofree char *second = g_strdup_printf (_("What is not quantized: %s. The whole model: %s, now %s."), rest, all, original);

  g_autofree char *share = spqr_format_fixed (100 * budget->outlier_share, 2);
  g_autofree char *third = g_strdup_printf (_("By the paper's formula, with %s\302\240%% of outliers assumed; each 0.1\302\240%% of them adds 0.032\302\240bits."),
                                            share);

  return g_strdup_printf ("%s %s%s%s", first, second, budget->outliers ? "\n" : "", budget->outliers ? third : "");
}

static void
update (SpqrRecipeDialog *self)
{
  SpqrModel *model = spqr_session_get_model (self->session);
  SpqrRecipe *recipe = spqr_session_get_recipe (self->session);
  const char *name = recipe != NULL ? spqr_recipe_get_name (recipe) : NULL;
  g_autoptr (SpqrRecipe) whole = NULL;
  g_autofree char *text = NULL;
  SpqrRecipeBudget budget;

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "recipe.undo", spqr_session_can_undo_recipe (self->session));
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "recipe.redo", spqr_session_can_redo_recipe (self->session));
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "recipe.clear", recipe != NULL);
  self->updating = TRUE;
  if (g_strcmp0 (gtk_editable_get_text (self->name), name != NULL ? name : "") != 0)
    gtk_editable_set_text (self->name, name != NULL ? name : "");
  self->updating = FALSE;
  if (model == NULL)
    return;
  whole = spqr_session_make_recipe (self->session, spqr_session_get_params (self->session));
  spqr_recipe_sum_up (whole, model, &budget);
  show_bar (self, &budget);
  text = describe (&budget, model);
  gtk_label_set_label (self->sum, text);
}

/* ---- what can be done ---- */

/* A name is kept when it is done with, not letter by letter: each would be a step back. */
static void
keep_name (SpqrRecipeDialog *self)
{
  SpqrRecipe *recipe = self->session != NULL ? spqr_session_get_recipe (self->session) : NULL;
  const char *known = recipe != NULL ? spqr_recipe_get_name (recipe) : NULL, *text;
  g_autoptr (SpqrRecipe) whole = NULL;
  g_autoptr (SpqrRecipe) named = NULL;

  /* A window that goes takes the keyboard from its entries last. */
  if (self->updating || self->session == NULL)
    return;
  text = gtk_editable_get_text (self->name);
  if (g_strcmp0 (known != NULL ? known : "", text) == 0)
    return;
  whole = spqr_session_make_recipe (self->session, spqr_session_get_params (self->session));
  named = spqr_recipe_with_name (whole, *text != '\0' ? text : NULL);
  spqr_session_set_recipe (self->session, named);
}

static void
on_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  SpqrRecipeDialog *self = SPQR_RECIPE_DIALOG (widget);

  keep_name (self);
  if (g_str_equal (name, "recipe.undo"))
    spqr_session_undo_recipe (self->session);
  else if (g_str_equal (name, "recipe.redo"))
    spqr_session_redo_recipe (self->session);
  else if (g_str_equal (name, "recipe.clear"))
    spqr_session_set_recipe (self->session, NULL);
  else if (g_str_equal (name, "recipe.save"))
    spqr_recipe_save_dialog (GTK_WINDOW (self), self->session);
  else
    spqr_recipe_open_dialog (GTK_WINDOW (self), self->session);
}

/* ---- building ---- */

static GtkWidget *
make_button (const char *action, const char *icon, const char *label, const char *tooltip)
{
  GtkWidget *button = icon != NULL ? gtk_button_new_from_icon_name (icon) : gtk_button_new_with_mnemonic (label);

  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action);
  gtk_widget_set_tooltip_text (button, tooltip);
  if (icon != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  return button;
}

static GtkWidget *
make_header (void)
{
  GtkWidget *header = adw_header_bar_new ();

  adw_header_bar_pack_start (ADW_HEADER_BAR (header), make_button ("recipe.open", NULL, _("_Open…"), _("Take over a recipe from a JSON file (Ctrl+O)")));
  adw_header_bar_pack_start (ADW_HEADER_BAR (header),
                             make_button ("recipe.save", NULL, _("_Save…"), _("Save as JSON, for “spqr quantize --recipe” and other models (Ctrl+S)")));
  adw_header_bar_pack_end (ADW_HEADER_BAR (header), make_button ("recipe.redo", "edit-redo-symbolic", _("Redo"), _("Forward to the recipe after (Ctrl+Shift+Z)")));
  adw_header_bar_pack_end (ADW_HEADER_BAR (header), make_button ("recipe.undo", "edit-undo-symbolic", _("Undo"), _("Back to the recipe before (Ctrl+Z)")));
  return header;
}

/* An entry would keep these keys to itself. */
static gboolean
on_name_key (GtkEventControllerKey *controller, guint keyval, guint keycode, GdkModifierType state, SpqrRecipeDialog *self)
{
  if ((state & GDK_CONTROL_MASK) == 0 || (keyval != GDK_KEY_z && keyval != GDK_KEY_Z))
    return GDK_EVENT_PROPAGATE;
  return gtk_widget_activate_action (GTK_WIDGET (self), (state & GDK_SHIFT_MASK) != 0 ? "recipe.redo" : "recipe.undo", NULL);
}

static GtkWidget *
make_name (SpqrRecipeDialog *self)
{
  GtkWidget *group = adw_preferences_group_new (), *row = adw_entry_row_new ();
  GtkEventController *focus = gtk_event_controller_focus_new (), *keys = gtk_event_controller_key_new ();

  self->name = GTK_EDITABLE (row);
  gtk_editable_set_enable_undo (self->name, FALSE);
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect_object (keys, "key-pressed", G_CALLBACK (on_name_key), self, 0);
  gtk_widget_add_controller (row, keys);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _("Name"));
  g_signal_connect_object (row, "entry-activated", G_CALLBACK (keep_name), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (focus, "leave", G_CALLBACK (keep_name), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (row, focus);
  adw_preferences_group_set_description (ADW_PREFERENCES_GROUP (group),
    _("Which parameters each layer is quantized with. Tune a layer and apply its parameters there: to it, to its kind, its block or all layers."));
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), row);
  return group;
}

static GtkWidget *
make_rules (SpqrRecipeDialog *self)
{
  GtkWidget *rules = spqr_recipe_rules_new (self->session, TRUE);
  GtkWidget *clear = make_button ("recipe.clear", NULL, _("_Clear"), _("No recipe: the parameters at hand for every layer"));

  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (rules), _("Rules"));
  adw_preferences_group_set_description (ADW_PREFERENCES_GROUP (rules), _("From top to bottom; where two say something else, the later wins."));
  gtk_widget_add_css_class (clear, "flat");
  gtk_widget_set_valign (clear, GTK_ALIGN_CENTER);
  adw_preferences_group_set_header_suffix (ADW_PREFERENCES_GROUP (rules), clear);
  return rules;
}

static GtkWidget *
make_cost (SpqrRecipeDialog *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);

  self->bar = SPQR_BUDGET_BAR (spqr_budget_bar_new ());
  spqr_chart_set_name (SPQR_CHART (self->bar), _("Bits per weight, by what they are for"));
  self->sum = GTK_LABEL (gtk_label_new (NULL));
  gtk_label_set_wrap (self->sum, TRUE);
  gtk_label_set_xalign (self->sum, 0);
  gtk_widget_add_css_class (GTK_WIDGET (self->sum), "figures");
  gtk_widget_set_margin_start (box, 18);
  gtk_widget_set_margin_end (box, 18);
  gtk_widget_set_margin_top (box, 9);
  gtk_widget_set_margin_bottom (box, 12);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->bar));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->sum));
  return box;
}

GtkWidget *
spqr_recipe_dialog_new (GtkWindow *parent, SpqrSession *session)
{
  SpqrRecipeDialog *self = g_object_new (SPQR_TYPE_RECIPE_DIALOG, "transient-for", parent, "destroy-with-parent", TRUE,
                                         "default-width", 560, "default-height", 640, "title", _("Recipe"), NULL);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), *page = adw_preferences_page_new ();

  self->session = g_object_ref (session);
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (make_name (self)));
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (make_rules (self)));
  gtk_widget_set_vexpand (page, TRUE);
  gtk_box_append (GTK_BOX (box), make_header ());
  gtk_box_append (GTK_BOX (box), page);
  gtk_box_append (GTK_BOX (box), gtk_separator_new (GTK_ORIENTATION_HORIZONTAL));
  gtk_box_append (GTK_BOX (box), make_cost (self));
  adw_window_set_content (ADW_WINDOW (self), box);
  g_signal_connect_object (session, "recipe-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "params-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  /* Another model has another recipe. */
  g_signal_connect_object (session, "notify::model", G_CALLBACK (gtk_window_close), self, G_CONNECT_SWAPPED);
  spqr_name_inner_parts (GTK_WIDGET (self));
  update (self);
  return GTK_WIDGET (self);
}

static gboolean
spqr_recipe_dialog_close_request (GtkWindow *window)
{
  keep_name (SPQR_RECIPE_DIALOG (window));
  return GTK_WINDOW_CLASS (spqr_recipe_dialog_parent_class)->close_request (window);
}

static void
spqr_recipe_dialog_dispose (GObject *object)
{
  g_clear_object (&SPQR_RECIPE_DIALOG (object)->session);
  G_OBJECT_CLASS (spqr_recipe_dialog_parent_class)->dispose (object);
}

static void
spqr_recipe_dialog_class_init (SpqrRecipeDialogClass *klass)
{
  static const struct { const char *action; guint key; GdkModifierType state; } keys[] = {
    { "recipe.undo", GDK_KEY_z, GDK_CONTROL_MASK }, { "recipe.redo", GDK_KEY_z, GDK_CONTROL_MASK | GDK_SHIFT_MASK },
    { "recipe.save", GDK_KEY_s, GDK_CONTROL_MASK }, { "recipe.open", GDK_KEY_o, GDK_CONTROL_MASK }, { "window.close", GDK_KEY_Escape, 0 },
  };
  static const char *const actions[] = { "recipe.undo", "recipe.redo", "recipe.clear", "recipe.save", "recipe.open" };
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = spqr_recipe_dialog_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = spqr_recipe_dialog_close_request;
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i], NULL, on_action);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    gtk_widget_class_add_binding_action (widget_class, keys[i].key, keys[i].state, keys[i].action, NULL);
}

static void
spqr_recipe_dialog_init (SpqrRecipeDialog *self)
{
}
