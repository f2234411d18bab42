#include "controls/spqr-params-editor.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "controls/spqr-param-text.h"

typedef struct {
  SpqrParamsEditor *editor;
  const SpqrParamInfo *info;
  GtkWidget *row, *control;
} Entry;

struct _SpqrParamsEditor {
  GtkWidget parent_instance;

  SpqrRunParams params;
  GtkWidget *box, *problem;
  GtkDropDown *presets;
  GArray *entries;           /* of Entry; never grows after init */
  GtkWidget *groups[SPQR_PARAM_GROUP_CALIBRATION + 1];
  gboolean updating;
};

enum { CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (SpqrParamsEditor, spqr_params_editor, GTK_TYPE_WIDGET)

/* ---- values into controls ---- */

static void
show_value (Entry *entry)
{
  const SpqrRunParams *params = &entry->editor->params;
  double value = spqr_param_get (entry->info, params);
  g_autofree char *text = NULL;

  switch (entry->info->kind)
    {
    case SPQR_PARAM_BOOL:
      gtk_switch_set_active (GTK_SWITCH (entry->control), value != 0);
      break;
    case SPQR_PARAM_CHOICE:
      gtk_drop_down_set_selected (GTK_DROP_DOWN (entry->control), (guint) value);
      break;
    case SPQR_PARAM_INT:
    case SPQR_PARAM_DOUBLE:
    default:
      text = spqr_param_get_typed (entry->info, params);
      gtk_editable_set_text (GTK_EDITABLE (entry->control), text);
      gtk_widget_remove_css_class (entry->control, "error");
      break;
    }
}

/* The preset that the parameters are; one past the last: "Custom". */
static guint
matching_preset (const SpqrRunParams *params)
{
  guint n;
  const SpqrPreset *presets = spqr_presets (&n), *found = spqr_preset_find (params);

  return found != NULL ? (guint) (found - presets) : n;
}

/* What the chosen preset is, and what the papers print for it. */
static void
describe_preset (SpqrParamsEditor *self)
{
  const SpqrPreset *preset = spqr_preset_find (&self->params);
  gboolean figure = preset != NULL && *preset->figure != '\0';
  g_autofree char *text = preset == NULL ? g_strdup (_("A set of parameters to start from"))
                        : g_strconcat (_(preset->description), figure ? "\n" : "", figure ? _(preset->figure) : "", NULL);

  gtk_widget_set_tooltip_text (GTK_WIDGET (self->presets), text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->presets), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
}

static void
show_all (SpqrParamsEditor *self)
{
  self->updating = TRUE;
  for (guint i = 0; i < self->entries->len; i++)
    show_value (&g_array_index (self->entries, Entry, i));
  gtk_drop_down_set_selected (self->presets, matching_preset (&self->params));
  describe_preset (self);
  self->updating = FALSE;
}

/* ---- controls into values ---- */

static void
show_problem (SpqrParamsEditor *self, const GError *error)
{
  gtk_label_set_label (GTK_LABEL (self->problem), error != NULL ? error->message : "");
  gtk_widget_set_visible (self->problem, error != NULL);
}

static gboolean
take (SpqrParamsEditor *self, const SpqrRunParams *wanted)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *difference = NULL;

  if (!spqr_run_params_validate (wanted, &error))
    {
      show_problem (self, error);
      return FALSE;
    }
  show_problem (self, NULL);
  difference = spqr_run_params_difference (&self->params, wanted);
  if (difference == NULL)
    return TRUE;
  self->params = *wanted;
  show_all (self);
  g_signal_emit (self, signals[CHANGED], 0);
  return TRUE;
}

static void
take_text (Entry *entry)
{
  SpqrRunParams wanted = entry->editor->params;
  g_autoptr (GError) error = NULL;

  if (entry->editor->updating)
    return;
  if (!spqr_param_set_typed (entry->info, &wanted, gtk_editable_get_text (GTK_EDITABLE (entry->control)), &error))
    show_problem (entry->editor, error);
  if (error != NULL || !take (entry->editor, &wanted))
    gtk_widget_add_css_class (entry->control, "error");
  else
    gtk_widget_remove_css_class (entry->control, "error");
}

static void
take_number (Entry *entry, double value)
{
  SpqrRunParams wanted = entry->editor->params;
  g_autoptr (GError) error = NULL;

  if (entry->editor->updating)
    return;
  if (spqr_param_set (entry->info, &wanted, value, &error))
    take (entry->editor, &wanted);
  else
    show_problem (entry->editor, error);
}

static void
on_switched (GtkSwitch *control, GParamSpec *pspec, Entry *entry)
{
  take_number (entry, gtk_switch_get_active (control));
}

static void
on_chosen (GtkDropDown *control, GParamSpec *pspec, Entry *entry)
{
  if (gtk_drop_down_get_selected (control) != GTK_INVALID_LIST_POSITION)
    take_number (entry, gtk_drop_down_get_selected (control));
}

static void
on_focus_left (GtkEventControllerFocus *controller, Entry *entry)
{
  take_text (entry);
  show_value (entry);
}

/* What is being typed is not wanted. */
static gboolean
take_back (Entry *entry)
{
  g_autofree char *typed = g_strdup (gtk_editable_get_text (GTK_EDITABLE (entry->control)));

  show_value (entry);
  show_problem (entry->editor, NULL);
  return !g_str_equal (typed, gtk_editable_get_text (GTK_EDITABLE (entry->control)));
}

/* Arrow keys step a number as a spin button does; "none" and "inf" stay typeable. */
static gboolean
on_key (GtkEventControllerKey *controller, guint keyval, guint keycode, GdkModifierType state, Entry *entry)
{
  double step = keyval == GDK_KEY_Up ? entry->info->step : keyval == GDK_KEY_Down ? -entry->info->step : 0;
  double value = spqr_param_get (entry->info, &entry->editor->params);
  g_autofree char *text = NULL;

  if (keyval == GDK_KEY_Escape)
    return take_back (entry);
  /* An entry would keep these keys to itself; where a page has a history they are its own. */
  if ((state & GDK_CONTROL_MASK) != 0 && (keyval == GDK_KEY_z || keyval == GDK_KEY_Z))
    {
      take_text (entry);
      return gtk_widget_activate_action (entry->control, (state & GDK_SHIFT_MASK) != 0 ? "tune.redo" : "tune.undo", NULL);
    }
  if (step == 0)
    return GDK_EVENT_PROPAGATE;
  if (!isfinite (value))
    value = 1;
  take_number (entry, CLAMP (round ((value + step) / entry->info->step) * entry->info->step, entry->info->minimum, entry->info->maximum));
  text = spqr_param_get_typed (entry->info, &entry->editor->params);
  gtk_editable_set_text (GTK_EDITABLE (entry->control), text);
  gtk_editable_set_position (GTK_EDITABLE (entry->control), -1);
  return GDK_EVENT_STOP;
}

static void
on_preset (GtkDropDown *presets, GParamSpec *pspec, SpqrParamsEditor *self)
{
  guint n, chosen = gtk_drop_down_get_selected (presets);
  const SpqrPreset *table = spqr_presets (&n);
  SpqrRunParams wanted = self->params;

  if (self->updating || chosen >= n)
    return;
  wanted.layer = table[chosen].params.layer;
  take (self, &wanted);
}

/* ---- building ---- */

static GtkWidget *
make_text_control (Entry *entry)
{
  GtkWidget *control = gtk_entry_new ();
  GtkEventController *focus = gtk_event_controller_focus_new (), *keys = gtk_event_controller_key_new ();

  /* Steps back are the page's; Escape takes back what is being typed. */
  gtk_editable_set_enable_undo (GTK_EDITABLE (control), FALSE);
  gtk_editable_set_width_chars (GTK_EDITABLE (control), 6);
  gtk_editable_set_max_width_chars (GTK_EDITABLE (control), 8);
  gtk_editable_set_alignment (GTK_EDITABLE (control), 1);
  gtk_widget_add_css_class (control, "figures");
  gtk_entry_set_input_purpose (GTK_ENTRY (control), GTK_INPUT_PURPOSE_NUMBER);
  g_signal_connect_swapped (control, "activate", G_CALLBACK (take_text), entry);
  g_signal_connect (focus, "leave", G_CALLBACK (on_focus_left), entry);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_key), entry);
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  gtk_widget_add_controller (control, focus);
  gtk_widget_add_controller (control, keys);
  return control;
}

static GtkWidget *
make_choices (const SpqrParamInfo *info)
{
  GtkStringList *names = gtk_string_list_new (NULL);

  for (guint i = 0; info->choices[i] != NULL; i++)
    gtk_string_list_append (names, spqr_param_choice_title (info->key, info->choices[i]));
  return gtk_drop_down_new (G_LIST_MODEL (names), NULL);
}

static GtkWidget *
make_control (Entry *entry)
{
  GtkWidget *control;

  switch (entry->info->kind)
    {
    case SPQR_PARAM_BOOL:
      control = gtk_switch_new ();
      g_signal_connect (control, "notify::active", G_CALLBACK (on_switched), entry);
      return control;
    case SPQR_PARAM_CHOICE:
      control = make_choices (entry->info);
      g_signal_connect (control, "notify::selected", G_CALLBACK (on_chosen), entry);
      return control;
    case SPQR_PARAM_INT:
    case SPQR_PARAM_DOUBLE:
    default:
      return make_text_control (entry);
    }
}

static char *
make_tooltip (const SpqrParamInfo *info)
{
  gboolean formula = info->formula != NULL && *info->formula != '\0', special = info->special != NULL && *info->special != '\0';

  return g_strdup_printf ("%s\n%s%s%s%s%s\n--%s", _(info->help), _(info->direction), special ? "\n" : "", special ? _(info->special) : "",
                          formula ? "\n" : "", formula ? info->formula : "", info->key);
}

static void
on_explained (GtkPopover *popover)
{
  gtk_widget_unparent (GTK_WIDGET (popover));
}

/* F1 says what a pointer that rests there is told. */
static gboolean
explain (GtkWidget *row, GVariant *arguments, gpointer entry)
{
  GtkWidget *popover = gtk_popover_new (), *label = gtk_label_new (gtk_widget_get_tooltip_text (row));

  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 48);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_popover_set_child (GTK_POPOVER (popover), label);
  gtk_popover_set_position (GTK_POPOVER (popover), GTK_POS_LEFT);
  gtk_widget_set_parent (popover, row);
  g_signal_connect (popover, "closed", G_CALLBACK (on_explained), NULL);
  gtk_popover_popup (GTK_POPOVER (popover));
  return GDK_EVENT_STOP;
}

static void
add_help_key (GtkWidget *row)
{
  GtkEventController *keys = gtk_shortcut_controller_new ();

  gtk_shortcut_controller_add_shortcut (GTK_SHORTCUT_CONTROLLER (keys),
    gtk_shortcut_new (gtk_keyval_trigger_new (GDK_KEY_F1, 0), gtk_callback_action_new (explain, NULL, NULL)));
  gtk_widget_add_controller (row, keys);
}

static void
add_entry (SpqrParamsEditor *self, const SpqrParamInfo *info)
{
  Entry *entry = &g_array_index (self->entries, Entry, self->entries->len);
  GtkWidget *label = gtk_label_new (_(info->title));
  g_autofree char *tooltip = make_tooltip (info);

  self->entries->len++;
  *entry = (Entry) { .editor = self, .info = info };
  entry->row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  entry->control = make_control (entry);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_widget_set_valign (entry->control, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (entry->row, tooltip);
  add_help_key (entry->row);
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry->control), GTK_ACCESSIBLE_PROPERTY_LABEL, _(info->title),
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, tooltip, -1);
  gtk_widget_set_name (entry->control, info->key);
  gtk_box_append (GTK_BOX (entry->row), label);
  gtk_box_append (GTK_BOX (entry->row), entry->control);
  gtk_box_append (GTK_BOX (self->groups[info->group]), entry->row);
}

static void
add_groups (SpqrParamsEditor *self)
{
  static const char *const titles[] = { N_("Weights"), N_("Statistics"), N_("Outliers"), N_("Order and damping"), N_("Calibration") };

  for (guint g = 0; g < G_N_ELEMENTS (titles); g++)
    {
      GtkWidget *title = gtk_label_new (_(titles[g]));

      self->groups[g] = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
      gtk_label_set_xalign (GTK_LABEL (title), 0);
      gtk_widget_add_css_class (title, "pane-title");
      gtk_widget_add_css_class (title, "dim-label");
      gtk_widget_set_margin_top (title, 6);
      gtk_box_append (GTK_BOX (self->groups[g]), title);
      gtk_box_append (GTK_BOX (self->box), self->groups[g]);
    }
}

static void
add_presets (SpqrParamsEditor *self)
{
  guint n;
  const SpqrPreset *presets = spqr_presets (&n);
  GtkStringList *names = gtk_string_list_new (NULL);

  for (guint i = 0; i < n; i++)
    gtk_string_list_append (names, _(presets[i].name));
  gtk_string_list_append (names, _("Custom"));
  self->presets = GTK_DROP_DOWN (gtk_drop_down_new (G_LIST_MODEL (names), NULL));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->presets), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Preset"), -1);
  g_signal_connect (self->presets, "notify::selected", G_CALLBACK (on_preset), self);
  gtk_box_append (GTK_BOX (self->box), GTK_WIDGET (self->presets));
}

void
spqr_params_editor_hide_group (SpqrParamsEditor *self, SpqrParamGroup group)
{
  gtk_widget_set_visible (self->groups[group], FALSE);
}

void
spqr_params_editor_show_only (SpqrParamsEditor *self, SpqrParamGroup group)
{
  gtk_widget_set_visible (GTK_WIDGET (self->presets), FALSE);
  for (guint g = 0; g < G_N_ELEMENTS (self->groups); g++)
    gtk_widget_set_visible (self->groups[g], g == group);
}

void
spqr_params_editor_set_params (SpqrParamsEditor *self, const SpqrRunParams *params)
{
  self->params = *params;
  show_problem (self, NULL);
  show_all (self);
}

const SpqrRunParams *
spqr_params_editor_get_params (SpqrParamsEditor *self)
{
  return &self->params;
}

GtkWidget *
spqr_params_editor_new (void)
{
  return g_object_new (SPQR_TYPE_PARAMS_EDITOR, NULL);
}

static void
spqr_params_editor_dispose (GObject *object)
{
  SpqrParamsEditor *self = SPQR_PARAMS_EDITOR (object);

  self->updating = TRUE;
  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_pointer (&self->entries, g_array_unref);
  G_OBJECT_CLASS (spqr_params_editor_parent_class)->dispose (object);
}

static void
spqr_params_editor_class_init (SpqrParamsEditorClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_params_editor_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
spqr_params_editor_init (SpqrParamsEditor *self)
{
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);

  self->params = spqr_run_params_default;
  self->entries = g_array_sized_new (FALSE, TRUE, sizeof (Entry), n);
  self->box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  add_presets (self);
  self->problem = gtk_label_new (NULL);
  gtk_label_set_wrap (GTK_LABEL (self->problem), TRUE);
  gtk_label_set_xalign (GTK_LABEL (self->problem), 0);
  gtk_widget_add_css_class (self->problem, "error");
  gtk_widget_set_visible (self->problem, FALSE);
  gtk_box_append (GTK_BOX (self->box), self->problem);
  add_groups (self);
  for (guint i = 0; i < n; i++)
    add_entry (self, &table[i]);
  show_all (self);
}
