#include "window/spqr-quantize-dialog.h"

#include <glib/gi18n.h>

#include "controls/spqr-access.h"
#include "controls/spqr-data-row.h"
#include "controls/spqr-params-editor.h"
#include "controls/spqr-reason.h"
#include "pages/spqr-recipe-dialog.h"
#include "pages/spqr-recipe-rules.h"
#include "plot/spqr-format.h"
#include "session/spqr-paths.h"
#include "session/spqr-session-preflight.h"

struct _SpqrQuantizeDialog {
  AdwWindow parent_instance;

  SpqrSession *session;
  SpqrDataRow *calibration, *evaluation;
  SpqrParamsEditor *editor;
  GtkWidget *rules, *params;     /* groups: the recipe's rules, the parameters of all (other) layers */
  GtkLabel *cost, *needs;
  GtkWidget *start;
  SpqrRecipeBudget budget;
  guint asked;                   /* the timeout after which the preflight is asked for; 0: none */
  guint serial;                  /* of the newest preflight */
  gboolean refused, updating;
};

G_DEFINE_FINAL_TYPE (SpqrQuantizeDialog, spqr_quantize_dialog, ADW_TYPE_WINDOW)

/* What Start would do: the session's recipe with what is in the editor, or that alone. */
static SpqrRecipe *
make_recipe (SpqrQuantizeDialog *self)
{
  const SpqrRunParams *params = spqr_params_editor_get_params (self->editor);
  SpqrRecipe *recipe = spqr_session_get_recipe (self->session);
  SpqrRecipe *edited = recipe != NULL ? spqr_recipe_with_defaults (recipe, params, NULL) : NULL;

  return edited != NULL ? edited : spqr_session_make_recipe (self->session, params);
}

static void
update_start (SpqrQuantizeDialog *self)
{
  gboolean data = !self->budget.calibration || spqr_data_row_get_data (self->calibration) != NULL;
  const char *no_text = self->budget.calibration ? spqr_data_row_get_problem (self->calibration) : NULL;

  if (no_text == NULL)
    no_text = spqr_data_row_get_problem (self->evaluation);
  spqr_widget_set_reason (self->start, !data ? _("Choose a calibration text first") : no_text != NULL ? no_text :
                          self->budget.n_layers == 0 ? _("The recipe leaves every layer as it is: there is nothing to quantize") :
                          self->refused ? gtk_label_get_label (self->needs) : NULL);
}

/* ---- what it will take ---- */

static void
on_preflight (guint serial, const char *text, const char *problem, gpointer user_data)
{
  SpqrQuantizeDialog *self = user_data;

  if (serial != self->serial)
    return;
  self->refused = problem != NULL;
  gtk_label_set_label (self->needs, problem != NULL ? problem : text);
  if (problem != NULL)
    gtk_widget_add_css_class (GTK_WIDGET (self->needs), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->needs), "error");
  update_start (self);
}

static gboolean
ask_preflight (gpointer user_data)
{
  SpqrQuantizeDialog *self = user_data;
  g_autoptr (SpqrRecipe) recipe = make_recipe (self);

  self->asked = 0;
  spqr_session_preflight (self->session, recipe, spqr_data_row_get_data (self->evaluation), ++self->serial, G_OBJECT (self), on_preflight);
  return G_SOURCE_REMOVE;
}

/* Size of what is quantized; of outliers nobody knows yet how many there will be: what is assumed of them, and how many
 * weights there are, stands below. */
static void
show_cost (SpqrQuantizeDialog *self)
{
  const SpqrRecipeBudget *b = &self->budget;
  g_autofree char *size = spqr_format_bytes ((guint64) (b->quantized_bits / 8));
  g_autofree char *bits = spqr_format_fixed (b->weights > 0 ? b->quantized_bits / b->weights : 0, 2);
  g_autofree char *text = b->outliers
    ? g_strdup_printf (_("About %s, %s bits per weight by the paper's formula. Each 0.1\302\240%% of outliers adds 0.032\302\240bits."), size, bits)
    : g_strdup_printf (_("About %s, %s bits per weight by the paper's formula."), size, bits);

  gtk_label_set_label (self->cost, text);
}

static void
update (SpqrQuantizeDialog *self)
{
  g_autoptr (SpqrRecipe) recipe = make_recipe (self);
  gboolean rules = spqr_recipe_get_n_overrides (recipe) > 0;

  spqr_recipe_sum_up (recipe, spqr_session_get_model (self->session), &self->budget);
  show_cost (self);
  gtk_widget_set_visible (self->rules, rules);
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (self->params), rules ? _("Parameters of All Other Layers") : _("Parameters"));
  spqr_widget_set_reason (GTK_WIDGET (self->calibration), self->budget.calibration ? NULL : _("Rounding to nearest needs no calibration"));
  update_start (self);
  g_clear_handle_id (&self->asked, g_source_remove);
  self->asked = g_timeout_add (150, ask_preflight, self);
}

/* ---- the recipe behind it ---- */

static void
show_recipe_params (SpqrQuantizeDialog *self)
{
  SpqrRecipe *recipe = spqr_session_get_recipe (self->session);
  SpqrRunParams params = *spqr_params_editor_get_params (self->editor);

  if (self->updating)
    return;
  params.layer = recipe != NULL ? spqr_recipe_get_defaults (recipe)->layer : spqr_session_get_params (self->session)->layer;
  spqr_params_editor_set_params (self->editor, &params);
  update (self);
}

static void
show_recipe (SpqrQuantizeDialog *self)
{
  GtkWidget *dialog = spqr_recipe_dialog_new (GTK_WINDOW (self), self->session);

  gtk_window_set_modal (GTK_WINDOW (dialog), TRUE);
  gtk_window_present (GTK_WINDOW (dialog));
}

/* With a recipe the editor's parameters are those of its other layers; what is at hand on the Layer page stays. */
static void
keep_params (SpqrQuantizeDialog *self)
{
  SpqrRunParams params = *spqr_params_editor_get_params (self->editor);
  g_autoptr (SpqrRecipe) recipe = NULL;

  if (spqr_session_get_recipe (self->session) != NULL)
    {
      recipe = make_recipe (self);
      params.layer = spqr_session_get_params (self->session)->layer;
    }
  spqr_session_set_params (self->session, &params);
  if (recipe != NULL)
    spqr_session_set_recipe (self->session, recipe);
}

static void
start (SpqrQuantizeDialog *self)
{
  const char *evaluation = spqr_data_row_get_data (self->evaluation);

  self->updating = TRUE;
  keep_params (self);
  spqr_session_set_calibration (self->session, spqr_data_row_get_data (self->calibration));
  spqr_session_set_evaluation (self->session, evaluation);
  spqr_session_quantize (self->session, evaluation);
  gtk_window_close (GTK_WINDOW (self));
}

static GtkWidget *
make_header (SpqrQuantizeDialog *self)
{
  GtkWidget *header = adw_header_bar_new (), *cancel = gtk_button_new_with_mnemonic (_("_Cancel"));

  self->start = gtk_button_new_with_mnemonic (_("_Quantize"));
  gtk_widget_add_css_class (self->start, "suggested-action");
  gtk_widget_set_name (self->start, "start-quantization");
  adw_header_bar_set_show_end_title_buttons (ADW_HEADER_BAR (header), FALSE);
  adw_header_bar_pack_start (ADW_HEADER_BAR (header), cancel);
  adw_header_bar_pack_end (ADW_HEADER_BAR (header), self->start);
  g_signal_connect_swapped (cancel, "clicked", G_CALLBACK (gtk_window_close), self);
  g_signal_connect_swapped (self->start, "clicked", G_CALLBACK (start), self);
  return header;
}

static SpqrDataRow *
make_data_row (SpqrQuantizeDialog *self, const char *title, const char *known, const char *companion)
{
  g_autofree char *beside = spqr_find_companion_text (spqr_model_get_path (spqr_session_get_model (self->session)), companion);
  SpqrDataRow *row = SPQR_DATA_ROW (spqr_data_row_new (title));

  spqr_data_row_set_data (row, known != NULL ? known : beside);
  g_signal_connect_object (row, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  return row;
}

static GtkWidget *
make_recipe_button (SpqrQuantizeDialog *self)
{
  GtkWidget *button = gtk_button_new_with_mnemonic (_("_Recipe…"));

  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (button, _("Rules for single layers: change them, open or save them as JSON"));
  g_signal_connect_swapped (button, "clicked", G_CALLBACK (show_recipe), self);
  return button;
}

static GtkWidget *
make_rules (SpqrQuantizeDialog *self)
{
  self->rules = spqr_recipe_rules_new (self->session, FALSE);
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (self->rules), _("Recipe"));
  return self->rules;
}

static void
fill (SpqrQuantizeDialog *self, GtkWidget *box)
{
  GtkWidget *page = adw_preferences_page_new (), *data = adw_preferences_group_new (), *params = adw_preferences_group_new ();
  SpqrRunParams shown = *spqr_session_get_params (self->session);
  SpqrRecipe *recipe = spqr_session_get_recipe (self->session);

  if (recipe != NULL)
    shown.layer = spqr_recipe_get_defaults (recipe)->layer;

  self->calibration = make_data_row (self, _("Calibration text"), spqr_session_get_calibration (self->session), "calibration.txt");
  self->evaluation = make_data_row (self, _("Measure perplexity before and after on (may be empty)"),
                                    spqr_session_get_evaluation (self->session), "evaluation.txt");
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (data), _("Data"));
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (data), GTK_WIDGET (self->calibration));
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (data), GTK_WIDGET (self->evaluation));

  self->editor = SPQR_PARAMS_EDITOR (spqr_params_editor_new ());
  spqr_params_editor_set_params (self->editor, &shown);
  g_signal_connect_object (self->editor, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  self->params = params;
  adw_preferences_group_set_header_suffix (ADW_PREFERENCES_GROUP (params), make_recipe_button (self));
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (params), GTK_WIDGET (self->editor));
  g_signal_connect_object (self->session, "recipe-changed", G_CALLBACK (show_recipe_params), self, G_CONNECT_SWAPPED);

  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (data));
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (make_rules (self)));
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (params));
  gtk_widget_set_vexpand (page, TRUE);
  gtk_box_append (GTK_BOX (box), page);
}

static GtkLabel *
add_line (GtkWidget *box)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_add_css_class (label, "figures");
  gtk_box_append (GTK_BOX (box), label);
  return GTK_LABEL (label);
}

static GtkWidget *
make_cost (SpqrQuantizeDialog *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);

  gtk_widget_set_margin_start (box, 18);
  gtk_widget_set_margin_end (box, 18);
  gtk_widget_set_margin_top (box, 9);
  gtk_widget_set_margin_bottom (box, 12);
  self->cost = add_line (box);
  self->needs = add_line (box);
  gtk_label_set_label (self->needs, _("Reckoning what it will take…"));
  return box;
}

GtkWidget *
spqr_quantize_dialog_new (GtkWindow *parent, SpqrSession *session)
{
  SpqrQuantizeDialog *self = g_object_new (SPQR_TYPE_QUANTIZE_DIALOG, "transient-for", parent, "modal", TRUE,
                                           "destroy-with-parent", TRUE, "default-width", 560, "default-height", 700,
                                           "title", _("Quantize Model"), NULL);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  self->session = g_object_ref (session);
  gtk_box_append (GTK_BOX (box), make_header (self));
  fill (self, box);
  gtk_box_append (GTK_BOX (box), gtk_separator_new (GTK_ORIENTATION_HORIZONTAL));
  gtk_box_append (GTK_BOX (box), make_cost (self));
  adw_window_set_content (ADW_WINDOW (self), box);
  gtk_window_set_default_widget (GTK_WINDOW (self), self->start);
  gtk_widget_grab_focus (self->start);
  spqr_name_inner_parts (GTK_WIDGET (self));
  update (self);
  return GTK_WIDGET (self);
}

static void
spqr_quantize_dialog_dispose (GObject *object)
{
  SpqrQuantizeDialog *self = SPQR_QUANTIZE_DIALOG (object);

  g_clear_handle_id (&self->asked, g_source_remove);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (spqr_quantize_dialog_parent_class)->dispose (object);
}

static void
spqr_quantize_dialog_class_init (SpqrQuantizeDialogClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_quantize_dialog_dispose;
  gtk_widget_class_add_binding_action (GTK_WIDGET_CLASS (klass), GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
spqr_quantize_dialog_init (SpqrQuantizeDialog *self)
{
}
