#include "pages/spqr-layer-tune.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "controls/spqr-access.h"
#include "controls/spqr-param-text.h"
#include "controls/spqr-params-editor.h"
#include "controls/spqr-reason.h"
#include "pages/spqr-layer-history.h"
#include "pages/spqr-layer-tally.h"
#include "pages/spqr-recipe-dialog.h"

struct _SpqrLayerTune {
  GtkWidget parent_instance;

  SpqrSession *session;
  SpqrLayerPreview *preview;
  GtkWidget *box;
  SpqrParamsEditor *editor;
  SpqrLayerTally *tally;
  GtkMenuButton *apply;
  GtkWidget *undo, *redo, *compare, *quantize;
  GtkButton *recipe;
  GtkLabel *recipe_says;     /* of this layer */
  GtkWindow *recipe_dialog;  /* weak */
  SpqrLayerHistory history;
};

/* As wide whatever it has to say: the heat map beside it must not jump. */
enum { WIDTH = 332 };

G_DEFINE_FINAL_TYPE (SpqrLayerTune, spqr_layer_tune, GTK_TYPE_WIDGET)

static void
update_actions (SpqrLayerTune *self)
{
  gboolean undo = spqr_layer_history_can_undo (&self->history), redo = spqr_layer_history_can_redo (&self->history);

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "tune.undo", undo);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "tune.redo", redo);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "tune.compare", undo || redo);
  spqr_widget_explain (self->undo, undo ? NULL : _("Nothing to undo yet: change a parameter"));
  spqr_widget_explain (self->redo, redo ? NULL : _("Nothing to redo: no step was undone"));
  spqr_widget_explain (self->compare, undo || redo ? NULL : _("Two settings are compared here once a parameter was changed (Ctrl+B)"));
}

static void
on_edited (SpqrLayerTune *self)
{
  spqr_session_set_params (self->session, spqr_params_editor_get_params (self->editor));
}

static void show_recipe_line (SpqrLayerTune *self);

/* From the editor, the histogram, another page, or the history itself. */
static void
on_params_changed (SpqrLayerTune *self)
{
  const SpqrRunParams *params = spqr_session_get_params (self->session);

  if (!spqr_run_params_equal (spqr_params_editor_get_params (self->editor), params))
    spqr_params_editor_set_params (self->editor, params);
  spqr_layer_history_add (&self->history, params, g_get_monotonic_time ());
  update_actions (self);
  show_recipe_line (self);
}

static void
on_figures_changed (SpqrLayerTune *self)
{
  spqr_layer_tally_set_figures (self->tally, spqr_layer_preview_get_figures (self->preview),
                                spqr_layer_preview_get_previous (self->preview));
  spqr_layer_tally_set_problem (self->tally, spqr_layer_preview_get_problem (self->preview));
}

static void
on_busy_changed (SpqrLayerTune *self)
{
  spqr_layer_tally_set_busy (self->tally, spqr_layer_preview_is_busy (self->preview));
}

void
spqr_layer_tune_set_message (SpqrLayerTune *self, const char *message)
{
  spqr_layer_tally_set_message (self->tally, message);
}

void
spqr_layer_tune_undo (SpqrLayerTune *self)
{
  spqr_session_set_params (self->session, spqr_layer_history_undo (&self->history));
  update_actions (self);
}

void
spqr_layer_tune_redo (SpqrLayerTune *self)
{
  spqr_session_set_params (self->session, spqr_layer_history_redo (&self->history));
  update_actions (self);
}

void
spqr_layer_tune_compare (SpqrLayerTune *self)
{
  spqr_session_set_params (self->session, spqr_layer_history_swap (&self->history));
  update_actions (self);
}

/* ---- the recipe ---- */

static const struct { const char *name; SpqrApplyTo to; gboolean leave; } targets[] = {
  { "layer", SPQR_APPLY_TO_LAYER, FALSE }, { "role", SPQR_APPLY_TO_ROLE, FALSE }, { "block", SPQR_APPLY_TO_BLOCK, FALSE },
  { "all", SPQR_APPLY_TO_ALL, FALSE },     { "leave", SPQR_APPLY_TO_LAYER, TRUE },
};

/* "down_proj in Every Block": who applies wants to read to what. */
static char *
name_target (SpqrLayerTune *self, const char *target)
{
  SpqrTensor *tensor = spqr_session_get_tensor (self->session);

  if (g_str_equal (target, "layer"))
    return g_strdup (_("This Layer"));
  if (g_str_equal (target, "role"))
    return g_strdup_printf (_("%s in Every Block"), spqr_role_name (spqr_tensor_get_role (tensor)));
  if (g_str_equal (target, "block"))
    return g_strdup_printf (_("All of Block %d"), spqr_tensor_get_block (tensor));
  return g_strdup (g_str_equal (target, "all") ? _("All Layers") : _("Leave This Layer as It Is"));
}

static void
fill_menu (SpqrLayerTune *self)
{
  SpqrTensor *tensor = spqr_session_get_tensor (self->session);
  gboolean tunable = tensor != NULL && spqr_recipe_wants_tensor (tensor);
  g_autoptr (GMenu) menu = g_menu_new ();
  g_autoptr (GMenu) section = g_menu_new ();

  spqr_widget_set_reason (GTK_WIDGET (self->apply), tunable ? NULL : _("A recipe is about layers that SpQR quantizes; this tensor is left as it is"));
  for (guint i = 0; tunable && i < G_N_ELEMENTS (targets); i++)
    {
      g_autofree char *name = name_target (self, targets[i].name);
      g_auto (GStrv) parts = g_strsplit (name, "_", -1);
      g_autofree char *label = g_strjoinv ("__", parts);         /* no mnemonic: a role's own underscore */
      g_autoptr (GMenuItem) item = g_menu_item_new (label, NULL);

      g_menu_item_set_action_and_target (item, "tune.apply", "s", targets[i].name);
      g_menu_append_item (targets[i].leave ? section : menu, item);
    }
  if (tunable)
    g_menu_append (section, _("Take This Layer's from the Recipe"), "tune.take");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (section));
  gtk_menu_button_set_menu_model (self->apply, G_MENU_MODEL (menu));
}

/* What the recipe gives to the selected layer. FALSE: there is none, or it leaves the layer as it is (*left). */
static gboolean
resolve (SpqrLayerTune *self, SpqrRunParams *params, gboolean *left)
{
  SpqrTensor *tensor = spqr_session_get_tensor (self->session);
  SpqrRecipe *recipe = spqr_session_get_recipe (self->session);

  *left = FALSE;
  *params = *spqr_session_get_params (self->session);
  if (recipe == NULL || tensor == NULL || !spqr_recipe_wants_tensor (tensor))
    return FALSE;
  *left = !spqr_recipe_resolve (recipe, spqr_tensor_get_name (tensor), spqr_tensor_get_role (tensor), spqr_tensor_get_block (tensor),
                                &params->layer);
  return !*left;
}

/* "Weight bits 2 · Group size 8": what of it is not what is at hand. */
static char *
describe_difference (SpqrLayerTune *self, const SpqrRunParams *resolved)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);

  for (guint i = 0; i < n; i++)
    if (spqr_param_get (&table[i], resolved) != spqr_param_get (&table[i], spqr_session_get_params (self->session)))
      {
        g_autofree char *value = spqr_param_describe (&table[i], resolved);

        g_string_append_printf (text, "%s%s\302\240%s", text->len > 0 ? " · " : "", _(table[i].title), value);
      }
  return g_strdup (text->len > 0 ? text->str : _("as here"));
}

static void
show_recipe_line (SpqrLayerTune *self)
{
  SpqrRunParams resolved;
  gboolean left, known = resolve (self, &resolved, &left);
  g_autofree char *what = known ? describe_difference (self, &resolved) : g_strdup (_("left as it is"));
  /* Translators: what the recipe says of this layer: “as here”, “Weight bits 2”. */
  g_autofree char *text = g_strdup_printf (_("This layer in the recipe: %s"), what);

  gtk_widget_set_visible (GTK_WIDGET (self->recipe_says), known || left);
  gtk_label_set_label (self->recipe_says, text);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->recipe_says), text);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "tune.take", known);
}

static void
take_from_recipe (SpqrLayerTune *self)
{
  SpqrRunParams resolved;
  gboolean left;

  if (resolve (self, &resolved, &left))
    spqr_session_set_params (self->session, &resolved);
}

static guint
count_rules (SpqrLayerTune *self)
{
  SpqrRecipe *recipe = spqr_session_get_recipe (self->session);

  return recipe != NULL ? spqr_recipe_get_n_overrides (recipe) : 0;
}

static void
on_recipe_changed (SpqrLayerTune *self)
{
  guint n = count_rules (self);
  g_autofree char *label = g_strdup_printf (ngettext ("_Recipe · %u Rule…", "_Recipe · %u Rules…", n), n);

  gtk_button_set_label (self->recipe, n > 0 ? label : _("_Recipe…"));
  show_recipe_line (self);
}

/* As spqr_window_update_actions() has it. */
static void
explain_quantize (SpqrLayerTune *self)
{
  SpqrModel *model = spqr_session_get_model (self->session);
  const char *reason = model != NULL ? spqr_model_get_config (model)->unsupported_reason : NULL;
  g_autofree char *why_not = reason != NULL ? g_strdup_printf (_("This model can be looked at, not quantized: %s"), reason)
    : spqr_session_get_store (self->session) == NULL ? g_strdup (_("Runs cannot be kept: there is no database. Preferences (Ctrl+,) say where it should be")) : NULL;

  spqr_widget_explain (self->quantize, why_not);
}

static void
on_tensor (SpqrLayerTune *self)
{
  explain_quantize (self);
  fill_menu (self);
  show_recipe_line (self);
}

static void
on_undo_apply (AdwToast *toast, SpqrLayerTune *self)
{
  spqr_session_undo_recipe (self->session);
}

static void
say_applied (SpqrLayerTune *self, const char *target, guint n_gone)
{
  GtkWidget *overlay = gtk_widget_get_ancestor (GTK_WIDGET (self), ADW_TYPE_TOAST_OVERLAY);
  g_autofree char *name = name_target (self, target);
  /* Translators: to what the parameters were applied: “This Layer”, “down_proj in Every Block”. */
  g_autofree char *done = g_strdup_printf (_("In the recipe: %s"), name);
  g_autofree char *gone = g_strdup_printf (ngettext ("%u rule is gone with it", "%u rules are gone with it", n_gone), n_gone);
  g_autofree char *text = n_gone > 0 ? g_strconcat (done, " · ", gone, NULL) : g_strdup (done);
  AdwToast *toast;

  if (overlay == NULL)
    return;
  toast = adw_toast_new (text);
  adw_toast_set_button_label (toast, _("_Undo"));
  g_signal_connect_object (toast, "button-clicked", G_CALLBACK (on_undo_apply), self, 0);
  spqr_show_toast (ADW_TOAST_OVERLAY (overlay), toast);
}

void
spqr_layer_tune_apply (SpqrLayerTune *self, const char *target)
{
  SpqrTensor *tensor = spqr_session_get_tensor (self->session);
  guint before = count_rules (self), after;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
    if (g_str_equal (targets[i].name, target) && tensor != NULL && spqr_recipe_wants_tensor (tensor))
      {
        if (spqr_session_apply (self->session, targets[i].to, targets[i].leave, &error))
          {
            after = count_rules (self);
            say_applied (self, target, before > after ? before - after : 0);
          }
        else
          g_signal_emit_by_name (self->session, "failed", _("These parameters cannot be applied"), error->message);
      }
}

void
spqr_layer_tune_show_recipe (SpqrLayerTune *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  if (spqr_session_get_model (self->session) == NULL || !GTK_IS_WINDOW (root))
    return;
  if (self->recipe_dialog == NULL)
    g_set_weak_pointer (&self->recipe_dialog, GTK_WINDOW (spqr_recipe_dialog_new (GTK_WINDOW (root), self->session)));
  gtk_window_present (self->recipe_dialog);
}

static void
on_apply (GtkWidget *widget, const char *name, GVariant *parameter)
{
  spqr_layer_tune_apply (SPQR_LAYER_TUNE (widget), g_variant_get_string (parameter, NULL));
}

static void
on_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  SpqrLayerTune *self = SPQR_LAYER_TUNE (widget);

  if (g_str_equal (name, "tune.recipe"))
    spqr_layer_tune_show_recipe (self);
  else if (g_str_equal (name, "tune.take"))
    take_from_recipe (self);
  else if (g_str_equal (name, "tune.undo"))
    spqr_layer_tune_undo (self);
  else if (g_str_equal (name, "tune.redo"))
    spqr_layer_tune_redo (self);
  else
    spqr_layer_tune_compare (self);
}

void
spqr_layer_tune_set_session (SpqrLayerTune *self, SpqrSession *session, SpqrLayerPreview *preview)
{
  const SpqrRunParams *params = spqr_session_get_params (session);

  g_return_if_fail (self->session == NULL);

  self->session = g_object_ref (session);
  self->preview = g_object_ref (preview);
  spqr_params_editor_set_params (self->editor, params);
  spqr_layer_history_init (&self->history, params);
  g_signal_connect_object (session, "params-changed", G_CALLBACK (on_params_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (preview, "figures-changed", G_CALLBACK (on_figures_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (preview, "busy-changed", G_CALLBACK (on_busy_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::tensor", G_CALLBACK (on_tensor), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "recipe-changed", G_CALLBACK (on_recipe_changed), self, G_CONNECT_SWAPPED);
  fill_menu (self);
  on_recipe_changed (self);
  update_actions (self);
}

static GtkSizeRequestMode
spqr_layer_tune_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_CONSTANT_SIZE;
}

static void
spqr_layer_tune_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                         int *minimum_baseline, int *natural_baseline)
{
  SpqrLayerTune *self = SPQR_LAYER_TUNE (widget);
  int narrowest;

  gtk_widget_measure (self->box, GTK_ORIENTATION_HORIZONTAL, -1, &narrowest, NULL, NULL, NULL);
  narrowest = MAX (narrowest, WIDTH);
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    *minimum = *natural = narrowest;
  else
    gtk_widget_measure (self->box, orientation, narrowest, minimum, natural, NULL, NULL);
  *minimum_baseline = *natural_baseline = -1;
}

static void
spqr_layer_tune_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  gtk_widget_allocate (SPQR_LAYER_TUNE (widget)->box, width, height, baseline, NULL);
}

static void
spqr_layer_tune_dispose (GObject *object)
{
  SpqrLayerTune *self = SPQR_LAYER_TUNE (object);
  GtkWidget *child;

  if (self->recipe_dialog != NULL)
    gtk_window_destroy (self->recipe_dialog);
  g_clear_weak_pointer (&self->recipe_dialog);
  g_clear_object (&self->session);
  g_clear_object (&self->preview);
  spqr_layer_history_clear (&self->history);
  gtk_widget_dispose_template (GTK_WIDGET (object), SPQR_TYPE_LAYER_TUNE);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (object))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (spqr_layer_tune_parent_class)->dispose (object);
}

static void
spqr_layer_tune_class_init (SpqrLayerTuneClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = spqr_layer_tune_dispose;
  widget_class->get_request_mode = spqr_layer_tune_get_request_mode;
  widget_class->measure = spqr_layer_tune_measure;
  widget_class->size_allocate = spqr_layer_tune_size_allocate;
  g_type_ensure (SPQR_TYPE_PARAMS_EDITOR);
  g_type_ensure (SPQR_TYPE_LAYER_TALLY);
  gtk_widget_class_set_template_from_resource (widget_class, "/studio/spqr/SpqrStudio/ui/spqr-layer-tune.ui");
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerTune, box);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerTune, editor);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerTune, tally);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerTune, apply);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerTune, undo);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerTune, redo);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerTune, compare);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerTune, quantize);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerTune, recipe);
  gtk_widget_class_bind_template_child (widget_class, SpqrLayerTune, recipe_says);
  gtk_widget_class_install_action (widget_class, "tune.undo", NULL, on_action);
  gtk_widget_class_install_action (widget_class, "tune.redo", NULL, on_action);
  gtk_widget_class_install_action (widget_class, "tune.compare", NULL, on_action);
  gtk_widget_class_install_action (widget_class, "tune.recipe", NULL, on_action);
  gtk_widget_class_install_action (widget_class, "tune.take", NULL, on_action);
  gtk_widget_class_install_action (widget_class, "tune.apply", "s", on_apply);
}

static void
spqr_layer_tune_init (SpqrLayerTune *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  /* What is on the bench is one layer; how it was calibrated is chosen where it is calibrated. */
  spqr_params_editor_hide_group (self->editor, SPQR_PARAM_GROUP_CALIBRATION);
  g_signal_connect_object (self->editor, "changed", G_CALLBACK (on_edited), self, G_CONNECT_SWAPPED);
}
