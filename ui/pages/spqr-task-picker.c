#include "pages/spqr-task-picker.h"

#include <glib/gi18n.h>

#include "controls/spqr-control-row.h"
#include "controls/spqr-reason.h"
#include "text/spqr-corpus.h"

#define MAX_TASKS 16

typedef struct {
  GtkWidget *row, *check;
  gboolean found;                 /* its files are in the folder */
  gboolean wanted;                /* ticked when they last were */
} TaskRow;

struct _SpqrTaskPicker {
  AdwPreferencesPage parent_instance;

  GtkWidget *data, *scoring;
  GtkSpinButton *limit;
  TaskRow tasks[MAX_TASKS];      /* in the order of spqr_task_list() */
};

G_DEFINE_FINAL_TYPE (SpqrTaskPicker, spqr_task_picker, ADW_TYPE_PREFERENCES_PAGE)

enum { CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

/* As their authors write them: names, not words of a language. published: of the published averages. */
static const struct { const char *name, *title; gboolean published; } known[] = {
  { "piqa", "PIQA", TRUE }, { "winogrande", "WinoGrande", TRUE }, { "hellaswag", "HellaSwag", TRUE },
  { "arc_easy", "ARC-Easy", TRUE }, { "arc_challenge", "ARC-Challenge", TRUE }, { "openbookqa", "OpenBookQA", FALSE },
  { "copa", "COPA", FALSE }, { "lambada", "LAMBADA", FALSE },
};

static const char *
get_title (const char *name, gboolean *published)
{
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_str_equal (known[i].name, name))
      {
        *published = known[i].published;
        return known[i].title;
      }
  *published = FALSE;
  return name;
}

static guint
count_tasks (void)
{
  return MIN (g_strv_length ((char **) spqr_task_list ()), MAX_TASKS);
}

/* ---- what is chosen ---- */

const char *
spqr_task_picker_get_data (SpqrTaskPicker *self)
{
  return gtk_editable_get_text (GTK_EDITABLE (self->data));
}

char **
spqr_task_picker_get_names (SpqrTaskPicker *self)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (guint i = 0; i < count_tasks (); i++)
    if (gtk_widget_get_sensitive (self->tasks[i].row) && gtk_check_button_get_active (GTK_CHECK_BUTTON (self->tasks[i].check)))
      g_strv_builder_add (names, spqr_task_list ()[i]);
  return g_strv_builder_end (names);
}

SpqrScoring
spqr_task_picker_get_scoring (SpqrTaskPicker *self)
{
  return adw_combo_row_get_selected (ADW_COMBO_ROW (self->scoring)) == 1 ? SPQR_SCORING_HARNESS : SPQR_SCORING_HARNESS_2023;
}

gsize
spqr_task_picker_get_limit (SpqrTaskPicker *self)
{
  return (gsize) gtk_spin_button_get_value_as_int (self->limit);
}

static void
emit_changed (SpqrTaskPicker *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

/* ---- what is there ---- */

/* What cannot be asked is not ticked; the tick comes back with the files. */
static void
show_choice (TaskRow *task, gboolean found)
{
  GtkCheckButton *check = GTK_CHECK_BUTTON (task->check);

  if (found == task->found)
    return;
  if (!found)
    task->wanted = gtk_check_button_get_active (check);
  task->found = found;
  gtk_check_button_set_active (check, found && task->wanted);
}

static void
look_for_task (SpqrTaskPicker *self, guint i)
{
  const char *name = spqr_task_list ()[i], *note = NULL;
  g_autofree char *path = spqr_task_find (name, spqr_task_picker_get_data (self), &note);
  g_autofree char *base = path != NULL ? g_path_get_basename (path) : NULL;
  g_autofree char *files = path == NULL ? spqr_task_list_files (name) : NULL;
  g_autofree char *text = path == NULL ? g_strdup_printf (_("Not in this folder: %s"), files)
                          : note != NULL ? g_strdup_printf ("%s · %s", base, note) : g_strdup (base);
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->tasks[i].row), escaped);
  spqr_widget_set_reason (self->tasks[i].row, path != NULL ? NULL : text);
  show_choice (&self->tasks[i], path != NULL);
}

static void
on_data_changed (SpqrTaskPicker *self)
{
  for (guint i = 0; i < count_tasks (); i++)
    look_for_task (self, i);
  emit_changed (self);
}

/* ---- building ---- */

static void
on_folder_chosen (GtkNativeDialog *chooser, int response, SpqrTaskPicker *self)
{
  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));
      g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;

      if (path != NULL)
        gtk_editable_set_text (GTK_EDITABLE (self->data), path);
    }
  g_object_unref (chooser);
}

static void
browse (SpqrTaskPicker *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (_("Choose the Folder of the Tasks"),
                                                               GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL,
                                                               GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _("_Choose"), NULL);

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_folder_chosen), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static GtkWidget *
make_data_row (SpqrTaskPicker *self, const char *data)
{
  g_autofree char *folder = data != NULL ? g_strdup (data) : spqr_corpus_get_default_dir ();
  GtkWidget *row = adw_entry_row_new (), *button = gtk_button_new_from_icon_name ("folder-open-symbolic");

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _("Folder of the tasks"));
  gtk_editable_set_text (GTK_EDITABLE (row), folder);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, _("Choose a folder"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Choose a folder"), -1);
  adw_entry_row_add_suffix (ADW_ENTRY_ROW (row), button);
  g_signal_connect_object (button, "clicked", G_CALLBACK (browse), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (row, "changed", G_CALLBACK (on_data_changed), self, G_CONNECT_SWAPPED);
  return row;
}

static GtkWidget *
make_scoring_row (void)
{
  const char *rules[] = { _("As published (harness of 2023)"), _("As today’s harness"), NULL };
  g_autoptr (GtkStringList) model = gtk_string_list_new (rules);
  GtkWidget *row = adw_combo_row_new ();

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _("Scoring"));
  gtk_widget_set_tooltip_text (row, _("How context and answer become tokens: as published, each for itself; today, both together"));
  adw_combo_row_set_model (ADW_COMBO_ROW (row), G_LIST_MODEL (model));
  adw_combo_row_set_use_subtitle (ADW_COMBO_ROW (row), TRUE);     /* beside the title it would be cut off */
  return row;
}

static GtkWidget *
make_limit_row (SpqrTaskPicker *self)
{
  GtkWidget *spin = gtk_spin_button_new_with_range (0, 1e6, 50);

  gtk_editable_set_width_chars (GTK_EDITABLE (spin), 7);
  self->limit = GTK_SPIN_BUTTON (spin);
  return spqr_control_row_new (_("At most this many documents"), _("Of each task; 0: all"), spin);
}

static GtkWidget *
make_task_row (SpqrTaskPicker *self, guint i)
{
  gboolean published;
  const char *title = get_title (spqr_task_list ()[i], &published);
  GtkWidget *row = adw_action_row_new (), *check = gtk_check_button_new ();

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  gtk_check_button_set_active (GTK_CHECK_BUTTON (check), published);
  gtk_widget_set_valign (check, GTK_ALIGN_CENTER);
  gtk_accessible_update_property (GTK_ACCESSIBLE (check), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), check);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), check);
  g_signal_connect_object (check, "toggled", G_CALLBACK (emit_changed), self, G_CONNECT_SWAPPED);
  self->tasks[i] = (TaskRow) { .row = row, .check = check, .found = TRUE };
  return row;
}

GtkWidget *
spqr_task_picker_new (const char *data)
{
  SpqrTaskPicker *self = g_object_new (SPQR_TYPE_TASK_PICKER, NULL);
  GtkWidget *how = adw_preferences_group_new (), *tasks = adw_preferences_group_new ();

  adw_preferences_group_set_description (ADW_PREFERENCES_GROUP (how),
    _("Questions that the model was never trained for. Of the given answers the one that it finds likeliest counts."));
  self->data = make_data_row (self, data);
  self->scoring = make_scoring_row ();
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (how), self->data);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (how), self->scoring);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (how), make_limit_row (self));
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (tasks), _("Tasks"));
  for (guint i = 0; i < count_tasks (); i++)
    {
      adw_preferences_group_add (ADW_PREFERENCES_GROUP (tasks), make_task_row (self, i));
      look_for_task (self, i);
    }
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (self), ADW_PREFERENCES_GROUP (how));
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (self), ADW_PREFERENCES_GROUP (tasks));
  return GTK_WIDGET (self);
}

static void
spqr_task_picker_class_init (SpqrTaskPickerClass *klass)
{
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
spqr_task_picker_init (SpqrTaskPicker *self)
{
}
