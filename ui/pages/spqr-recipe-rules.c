#include "pages/spqr-recipe-rules.h"

#include <glib/gi18n.h>

#include "pages/spqr-recipe-text.h"

struct _SpqrRecipeRules {
  AdwPreferencesGroup parent_instance;

  SpqrSession *session;
  gboolean editable;
  GPtrArray *rows;           /* borrowed: the group's */
  int focus_rule;            /* whose button gets the keyboard when the rows are made anew; -1: none */
  const char *focus_button;
};

G_DEFINE_FINAL_TYPE (SpqrRecipeRules, spqr_recipe_rules, ADW_TYPE_PREFERENCES_GROUP)

static void
refuse (SpqrRecipeRules *self, const GError *error)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *dialog = adw_message_dialog_new (GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, _("This recipe would not work"), error->message);

  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _("_Close"));
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
take (SpqrRecipeRules *self, SpqrRecipe *changed, const GError *error)
{
  g_autoptr (SpqrRecipe) recipe = changed;

  if (recipe != NULL)
    spqr_session_set_recipe (self->session, recipe);
  else
    refuse (self, error);
}

static guint
index_of (GtkWidget *button)
{
  return GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), "rule"));
}

static void
move (SpqrRecipeRules *self, guint index, int by, const char *button)
{
  g_autoptr (GError) error = NULL;
  SpqrRecipe *recipe = spqr_session_get_recipe (self->session);
  int to = (int) index + by;

  if (to < 0 || to >= (int) spqr_recipe_get_n_overrides (recipe))
    return;
  self->focus_rule = to;
  self->focus_button = button;
  take (self, spqr_recipe_with_override_moved (recipe, index, (guint) to, &error), error);
}

static void
on_up (GtkWidget *button, SpqrRecipeRules *self)
{
  move (self, index_of (button), -1, "up");
}

static void
on_down (GtkWidget *button, SpqrRecipeRules *self)
{
  move (self, index_of (button), 1, "down");
}

static void
on_remove (GtkWidget *button, SpqrRecipeRules *self)
{
  g_autoptr (GError) error = NULL;
  SpqrRecipe *recipe = spqr_session_get_recipe (self->session);
  guint index = index_of (button);

  self->focus_rule = MIN ((int) index, (int) spqr_recipe_get_n_overrides (recipe) - 2);
  self->focus_button = "remove";
  take (self, spqr_recipe_without_override (recipe, index, &error), error);
}

static GtkWidget *
add_button (SpqrRecipeRules *self, GtkWidget *row, guint index, const char *name, const char *icon, const char *tooltip, GCallback clicked)
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon);
  g_autofree char *label = g_strdup_printf ("%s: %s", tooltip, adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row)));

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, tooltip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  g_object_set_data (G_OBJECT (button), "rule", GUINT_TO_POINTER (index));
  g_object_set_data (G_OBJECT (row), name, button);
  g_signal_connect (button, "clicked", clicked, self);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
  return button;
}

static void
add_buttons (SpqrRecipeRules *self, GtkWidget *row, guint index, guint n)
{
  GtkWidget *up = add_button (self, row, index, "up", "go-up-symbolic", _("Earlier: the rules behind it win"), G_CALLBACK (on_up));
  GtkWidget *down = add_button (self, row, index, "down", "go-down-symbolic", _("Later: it wins over the rules before it"), G_CALLBACK (on_down));

  gtk_widget_set_sensitive (up, index > 0);
  gtk_widget_set_sensitive (down, index + 1 < n);
  add_button (self, row, index, "remove", "user-trash-symbolic", _("Remove this rule"), G_CALLBACK (on_remove));
}

static GtkWidget *
add_row (SpqrRecipeRules *self, const char *title, const char *subtitle, const char *count)
{
  GtkWidget *row = adw_action_row_new (), *label = gtk_label_new (count);
  g_autofree char *markup = g_markup_escape_text (title, -1), *below = g_markup_escape_text (subtitle, -1);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), markup);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), below);
  gtk_widget_add_css_class (label, "dim-label");
  gtk_widget_add_css_class (label, "figures");
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), label);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (self), row);
  g_ptr_array_add (self->rows, row);
  return row;
}

static char *
count_layers (guint n, guint in_force)
{
  if (in_force == n)
    return g_strdup_printf (ngettext ("%u layer", "%u layers", n), n);
  /* Translators: of the layers that a rule matches, those in which later rules leave something of it. */
  return g_strdup_printf (ngettext ("%u of %u layer", "%u of %u layers", n), in_force, n);
}

static void
add_rule (SpqrRecipeRules *self, SpqrRecipe *recipe, guint index)
{
  const SpqrRecipeOverride *override = spqr_recipe_get_override (recipe, index);
  g_autofree char *where = spqr_recipe_describe_where (override), *what = spqr_recipe_describe_what (override), *count = NULL;
  guint in_force, n = spqr_recipe_count_layers (recipe, index, spqr_session_get_model (self->session), &in_force);
  GtkWidget *row;

  count = count_layers (n, in_force);
  row = add_row (self, where, what, count);
  if (in_force == 0)
    gtk_widget_set_tooltip_text (row, n == 0 ? _("This model has no such layer") : _("Later rules leave nothing of it"));
  if (self->editable)
    add_buttons (self, row, index, spqr_recipe_get_n_overrides (recipe));
}

static void
add_defaults (SpqrRecipeRules *self, SpqrRecipe *recipe)
{
  const SpqrRunParams *params = recipe != NULL ? spqr_recipe_get_defaults (recipe) : spqr_session_get_params (self->session);
  g_autofree char *what = spqr_recipe_describe_params (&params->layer);
  gboolean rules = recipe != NULL && spqr_recipe_get_n_overrides (recipe) > 0;

  add_row (self, rules ? _("All other layers") : _("Every layer"), what, "");
}

static void
restore_focus (SpqrRecipeRules *self)
{
  /* Before the rules there is the row of the defaults. */
  guint place = (guint) (self->focus_rule + 1);
  GtkWidget *button;

  if (self->focus_button != NULL && place < self->rows->len && self->focus_rule >= 0)
    {
      button = g_object_get_data (self->rows->pdata[place], self->focus_button);
      if (!gtk_widget_get_sensitive (button))
        button = g_object_get_data (self->rows->pdata[place], g_str_equal (self->focus_button, "up") ? "down" : "up");
      gtk_widget_grab_focus (button);
    }
  self->focus_button = NULL;
}

static void
update (SpqrRecipeRules *self)
{
  SpqrRecipe *recipe = spqr_session_get_recipe (self->session);

  for (guint i = 0; i < self->rows->len; i++)
    adw_preferences_group_remove (ADW_PREFERENCES_GROUP (self), self->rows->pdata[i]);
  g_ptr_array_set_size (self->rows, 0);
  if (spqr_session_get_model (self->session) == NULL)
    return;
  if (self->editable)
    add_defaults (self, recipe);
  for (guint i = 0; recipe != NULL && i < spqr_recipe_get_n_overrides (recipe); i++)
    add_rule (self, recipe, i);
  restore_focus (self);
}

GtkWidget *
spqr_recipe_rules_new (SpqrSession *session, gboolean editable)
{
  SpqrRecipeRules *self = g_object_new (SPQR_TYPE_RECIPE_RULES, NULL);

  self->session = g_object_ref (session);
  self->editable = editable;
  g_signal_connect_object (session, "recipe-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "params-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
  return GTK_WIDGET (self);
}

static void
spqr_recipe_rules_dispose (GObject *object)
{
  g_clear_object (&SPQR_RECIPE_RULES (object)->session);
  G_OBJECT_CLASS (spqr_recipe_rules_parent_class)->dispose (object);
}

static void
spqr_recipe_rules_finalize (GObject *object)
{
  g_ptr_array_unref (SPQR_RECIPE_RULES (object)->rows);
  G_OBJECT_CLASS (spqr_recipe_rules_parent_class)->finalize (object);
}

static void
spqr_recipe_rules_class_init (SpqrRecipeRulesClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_recipe_rules_dispose;
  G_OBJECT_CLASS (klass)->finalize = spqr_recipe_rules_finalize;
}

static void
spqr_recipe_rules_init (SpqrRecipeRules *self)
{
  self->rows = g_ptr_array_new ();
  self->focus_rule = -1;
}
