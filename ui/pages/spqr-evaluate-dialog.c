#include "pages/spqr-evaluate-dialog.h"

#include <glib/gi18n.h>
#include <inttypes.h>

#include "controls/spqr-access.h"
#include "controls/spqr-control-row.h"
#include "controls/spqr-data-row.h"
#include "controls/spqr-reason.h"
#include "pages/spqr-task-picker.h"
#include "session/spqr-paths.h"
#include "session/spqr-settings.h"

struct _SpqrEvaluateDialog {
  AdwWindow parent_instance;

  SpqrSession *session;
  SpqrRun *run;
  GtkWidget *stack;              /* "perplexity", "tasks" */
  SpqrTaskPicker *tasks;
  SpqrDataRow *data;
  GtkSpinButton *seqlen, *windows;
  GtkSwitch *base, *kl;
  GtkWidget *start;
};

G_DEFINE_FINAL_TYPE (SpqrEvaluateDialog, spqr_evaluate_dialog, ADW_TYPE_WINDOW)

static gboolean
wants_tasks (SpqrEvaluateDialog *self)
{
  return g_strcmp0 (gtk_stack_get_visible_child_name (GTK_STACK (self->stack)), "tasks") == 0;
}

static void
start_perplexity (SpqrEvaluateDialog *self)
{
  const char *data = spqr_data_row_get_data (self->data);
  SpqrEvaluateChoices choices = { .seqlen = (guint) gtk_spin_button_get_value_as_int (self->seqlen),
                                  .max_windows = (gsize) gtk_spin_button_get_value_as_int (self->windows),
                                  .with_base = gtk_switch_get_active (self->base), .with_kl = gtk_switch_get_active (self->kl) };

  if (data == NULL)
    return;
  spqr_session_set_evaluation (self->session, data);
  spqr_session_evaluate (self->session, self->run, data, &choices);
}

static void
start_tasks (SpqrEvaluateDialog *self)
{
  g_auto (GStrv) names = spqr_task_picker_get_names (self->tasks);
  SpqrTaskChoices choices = { .names = (const char * const *) names, .data = spqr_task_picker_get_data (self->tasks),
                              .scoring = spqr_task_picker_get_scoring (self->tasks), .limit = spqr_task_picker_get_limit (self->tasks) };

  if (names[0] != NULL)
    spqr_session_evaluate_tasks (self->session, self->run, &choices);
}

static gboolean
can_start (SpqrEvaluateDialog *self)
{
  g_auto (GStrv) names = wants_tasks (self) ? spqr_task_picker_get_names (self->tasks) : NULL;

  return names != NULL ? names[0] != NULL : spqr_data_row_get_data (self->data) != NULL;
}

static void
start (SpqrEvaluateDialog *self)
{
  if (!can_start (self))
    return;
  if (wants_tasks (self))
    start_tasks (self);
  else
    start_perplexity (self);
  gtk_window_close (GTK_WINDOW (self));
}

static void
update (SpqrEvaluateDialog *self)
{
  spqr_widget_set_reason (self->start, can_start (self) ? NULL : wants_tasks (self) ? _("Choose a task first") : _("Choose a text first"));
}

/* ---- building ---- */

static GtkWidget *
make_header (SpqrEvaluateDialog *self)
{
  GtkWidget *header = adw_header_bar_new (), *cancel = gtk_button_new_with_mnemonic (_("_Cancel"));
  GtkWidget *switcher = gtk_stack_switcher_new ();

  self->start = gtk_button_new_with_mnemonic (_("_Evaluate"));
  gtk_widget_add_css_class (self->start, "suggested-action");
  gtk_widget_set_name (self->start, "start-evaluation");
  adw_header_bar_set_show_end_title_buttons (ADW_HEADER_BAR (header), FALSE);
  gtk_stack_switcher_set_stack (GTK_STACK_SWITCHER (switcher), GTK_STACK (self->stack));
  adw_header_bar_set_title_widget (ADW_HEADER_BAR (header), switcher);
  adw_header_bar_pack_start (ADW_HEADER_BAR (header), cancel);
  adw_header_bar_pack_end (ADW_HEADER_BAR (header), self->start);
  g_signal_connect_swapped (cancel, "clicked", G_CALLBACK (gtk_window_close), self);
  g_signal_connect_swapped (self->start, "clicked", G_CALLBACK (start), self);
  return header;
}

static void
add_row (GtkWidget *group, const char *title, const char *subtitle, GtkWidget *control)
{
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), spqr_control_row_new (title, subtitle, control));
}

static GtkSpinButton *
add_number (GtkWidget *group, const char *title, const char *subtitle, double least, double most, double step, double value)
{
  GtkWidget *spin = gtk_spin_button_new_with_range (least, most, step);

  gtk_spin_button_set_value (GTK_SPIN_BUTTON (spin), value);
  gtk_editable_set_width_chars (GTK_EDITABLE (spin), 7);
  add_row (group, title, subtitle, spin);
  return GTK_SPIN_BUTTON (spin);
}

static GtkSwitch *
add_switch (GtkWidget *group, const char *title, const char *subtitle, gboolean active)
{
  GtkWidget *control = gtk_switch_new ();

  gtk_switch_set_active (GTK_SWITCH (control), active);
  add_row (group, title, subtitle, control);
  return GTK_SWITCH (control);
}

/* The protocol of before, so that the figures can be compared; else what a run was calibrated with. */
static int
usual_seqlen (SpqrEvaluateDialog *self, GPtrArray *evals)
{
  for (guint i = evals->len; i > 0; i--)
    if (((SpqrRunEval *) evals->pdata[i - 1])->seqlen > 0)       /* a task has no windows */
      return ((SpqrRunEval *) evals->pdata[i - 1])->seqlen;
  return self->run->seqlen;
}

/* Which one will do it. */
static void
add_device (GtkWidget *group, SpqrDevice *device)
{
  GtkWidget *name = gtk_label_new (spqr_device_get_name (device));

  gtk_label_set_ellipsize (GTK_LABEL (name), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (name, "dim-label");
  add_row (group, _("Computed on"), _("The preferences name the device; what it cannot do the processor does"), name);
}

static void
add_perplexity (SpqrEvaluateDialog *self, GPtrArray *evals)
{
  GtkWidget *page = adw_preferences_page_new (), *group = adw_preferences_group_new (), *against = adw_preferences_group_new ();
  const char *known = spqr_session_get_evaluation (self->session);
  g_autofree char *folder = g_file_test (self->run->model_path, G_FILE_TEST_IS_DIR) ? g_strdup (self->run->model_path)
                                                                                    : g_path_get_dirname (self->run->model_path);
  g_autofree char *beside = spqr_find_companion_text (folder, "evaluation.txt");

  self->data = SPQR_DATA_ROW (spqr_data_row_new (_("Evaluation text")));
  spqr_data_row_set_data (self->data, known != NULL ? known : beside);
  g_signal_connect_object (self->data, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  adw_preferences_group_set_description (ADW_PREFERENCES_GROUP (group),
    _("The weights are decoded from the stored layers: what is measured is what is exported. Perplexities can only be compared "
      "when text and windows are the same."));
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), GTK_WIDGET (self->data));
  self->seqlen = add_number (group, _("Window length"), _("Tokens; 0: the smaller of 2048 and the model's context"),
                             0, 1 << 20, 128, usual_seqlen (self, evals));
  self->windows = add_number (group, _("At most this many windows"), _("0: all of the text"), 0, 1e9, 1, 0);
  add_device (group, spqr_settings_resolve_device (spqr_settings_get_string (spqr_settings_get_default (), "device")));
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (against), _("Against the unquantized model"));
  self->base = add_switch (against, _("Its perplexity"), _("Measured on the same windows"), TRUE);
  self->kl = add_switch (against, _("KL divergence and top-1 agreement"),
                         _("How far the predictions moved, token by token; runs both models"), FALSE);
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (group));
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (against));
  gtk_stack_add_titled (GTK_STACK (self->stack), page, "perplexity", _("Perplexity"));
}

static void
add_tasks (SpqrEvaluateDialog *self)
{
  GtkWidget *picker = spqr_task_picker_new (spqr_session_get_task_data (self->session));

  self->tasks = SPQR_TASK_PICKER (picker);
  g_signal_connect_object (picker, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  gtk_stack_add_titled (GTK_STACK (self->stack), picker, "tasks", _("Zero-Shot Tasks"));
}

GtkWidget *
spqr_evaluate_dialog_new (GtkWindow *parent, SpqrSession *session, SpqrRun *run, GPtrArray *evals)
{
  g_autofree char *title = g_strdup_printf (_("Evaluate Run %" PRId64), run->id);
  SpqrEvaluateDialog *self = g_object_new (SPQR_TYPE_EVALUATE_DIALOG, "transient-for", parent, "modal", TRUE,
                                           "destroy-with-parent", TRUE, "default-width", 560, "default-height", 620,
                                           "title", title, NULL);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  self->session = g_object_ref (session);
  self->run = g_object_ref (run);
  self->stack = gtk_stack_new ();
  gtk_widget_set_vexpand (self->stack, TRUE);
  gtk_box_append (GTK_BOX (box), make_header (self));
  gtk_box_append (GTK_BOX (box), self->stack);
  add_perplexity (self, evals);
  add_tasks (self);
  g_signal_connect_object (self->stack, "notify::visible-child", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  adw_window_set_content (ADW_WINDOW (self), box);
  gtk_window_set_default_widget (GTK_WINDOW (self), self->start);
  gtk_widget_grab_focus (self->start);
  spqr_name_inner_parts (GTK_WIDGET (self));
  update (self);
  return GTK_WIDGET (self);
}

static void
spqr_evaluate_dialog_dispose (GObject *object)
{
  g_clear_object (&SPQR_EVALUATE_DIALOG (object)->session);
  g_clear_object (&SPQR_EVALUATE_DIALOG (object)->run);
  G_OBJECT_CLASS (spqr_evaluate_dialog_parent_class)->dispose (object);
}

static void
spqr_evaluate_dialog_class_init (SpqrEvaluateDialogClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_evaluate_dialog_dispose;
  gtk_widget_class_add_binding_action (GTK_WIDGET_CLASS (klass), GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
spqr_evaluate_dialog_init (SpqrEvaluateDialog *self)
{
}
