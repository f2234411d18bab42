#include "pages/spqr-layer-reference.h"

#include <glib/gi18n.h>

#include "controls/spqr-access.h"
#include "plot/spqr-format.h"

enum { MOST_RUNS = 40 };

typedef struct { gint64 id; char *path, *name; } Choice;

typedef struct { SpqrStore *store; char *fingerprint, *tensor; } Question;

struct _SpqrLayerReference {
  GtkWidget parent_instance;

  GtkWidget *box;
  GtkDropDown *runs;
  GCancellable *cancellable;   /* of the newest question, while it has no answer */
  GPtrArray *choices;          /* of Choice; NULL: not known */
  gint64 wanted;               /* the run chosen last */
  gboolean updating;
};

static guint signal_changed;

G_DEFINE_FINAL_TYPE (SpqrLayerReference, spqr_layer_reference, GTK_TYPE_WIDGET)

static void
free_choice (gpointer data)
{
  Choice *choice = data;

  g_free (choice->path);
  g_free (choice->name);
  g_free (choice);
}

static void
free_question (gpointer data)
{
  Question *question = data;

  g_object_unref (question->store);
  g_free (question->fingerprint);
  g_free (question->tensor);
  g_free (question);
}

/* ---- the worker ---- */

static char *
name_run (const SpqrRun *run, const SpqrRunLayer *layer)
{
  g_autofree char *bits = spqr_format_bits (layer->bits), *number = g_strdup_printf ("%" G_GINT64_FORMAT, run->id);

  if (run->note != NULL && *run->note != '\0')
    return g_strdup_printf ("#%s · %s · %s", number, run->note, bits);
  if (run->groupsize <= 0)
    return g_strdup_printf (_("#%s · %s · %d bit, whole rows · %s"), number, run->method != NULL ? run->method : "", run->wbits, bits);
  /* Translators: a run: its number, method, bits a code, group size, and what a weight takes in all */
  return g_strdup_printf (_("#%s · %s · %d bit, groups of %d · %s"), number, run->method != NULL ? run->method : "", run->wbits, run->groupsize, bits);
}

static void
add_run (GPtrArray *choices, SpqrStore *store, const SpqrRun *run, const char *tensor)
{
  g_autoptr (GPtrArray) layers = run->folder != NULL ? spqr_store_list_layers (store, run->id, NULL) : NULL;

  for (guint i = 0; layers != NULL && i < layers->len; i++)
    {
      const SpqrRunLayer *layer = layers->pdata[i];
      Choice *choice;

      if (layer->file == NULL || g_strcmp0 (layer->name, tensor) != 0)
        continue;
      choice = g_new (Choice, 1);
      *choice = (Choice) { run->id, g_build_filename (run->folder, layer->file, NULL), name_run (run, layer) };
      g_ptr_array_add (choices, choice);
      return;
    }
}

static void
list_runs (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Question *question = task_data;
  g_autoptr (GPtrArray) runs = spqr_store_list_runs (question->store, NULL);
  GPtrArray *choices = g_ptr_array_new_with_free_func (free_choice);

  for (guint i = 0; runs != NULL && i < runs->len && choices->len < MOST_RUNS && !g_cancellable_is_cancelled (cancellable); i++)
    {
      const SpqrRun *run = runs->pdata[i];

      if (g_strcmp0 (run->model_fingerprint, question->fingerprint) == 0)
        add_run (choices, question->store, run, question->tensor);
    }
  g_task_return_pointer (task, choices, (GDestroyNotify) g_ptr_array_unref);
}

/* ---- showing ---- */

static Choice *
chosen (SpqrLayerReference *self)
{
  guint i = gtk_drop_down_get_selected (self->runs);

  return self->choices != NULL && i < self->choices->len ? self->choices->pdata[i] : NULL;
}

static void
take_choices (SpqrLayerReference *self, GPtrArray *choices)
{
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  guint selected = 0;

  g_clear_pointer (&self->choices, g_ptr_array_unref);
  self->choices = choices;
  for (guint i = 0; i < choices->len; i++)
    {
      const Choice *choice = choices->pdata[i];

      gtk_string_list_append (names, choice->name);
      if (choice->id == self->wanted)
        selected = i;
    }
  self->updating = TRUE;
  gtk_drop_down_set_model (self->runs, G_LIST_MODEL (names));
  gtk_drop_down_set_selected (self->runs, selected);
  self->updating = FALSE;
  gtk_widget_set_sensitive (GTK_WIDGET (self->runs), choices->len > 0);
  g_signal_emit (self, signal_changed, 0);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SpqrLayerReference *self = SPQR_LAYER_REFERENCE (source);
  GPtrArray *choices;

  /* Not the newest any more. */
  if (g_task_get_cancellable (G_TASK (result)) != self->cancellable)
    return;
  g_clear_object (&self->cancellable);
  choices = g_task_propagate_pointer (G_TASK (result), NULL);
  if (choices != NULL)
    take_choices (self, choices);
}

static void
stop (SpqrLayerReference *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
}

void
spqr_layer_reference_look (SpqrLayerReference *self, SpqrStore *store, const char *fingerprint, const char *tensor)
{
  g_autoptr (GTask) task = NULL;
  Question *question;

  g_return_if_fail (SPQR_IS_LAYER_REFERENCE (self));

  stop (self);
  g_clear_pointer (&self->choices, g_ptr_array_unref);
  if (store == NULL)
    {
      take_choices (self, g_ptr_array_new_with_free_func (free_choice));
      return;
    }
  question = g_new (Question, 1);
  *question = (Question) { g_object_ref (store), g_strdup (fingerprint), g_strdup (tensor) };
  self->cancellable = g_cancellable_new ();
  task = g_task_new (self, self->cancellable, on_listed, NULL);
  g_task_set_source_tag (task, spqr_layer_reference_look);
  g_task_set_task_data (task, question, free_question);
  g_task_run_in_thread (task, list_runs);
}

const char *
spqr_layer_reference_get_path (SpqrLayerReference *self)
{
  const Choice *choice = chosen (self);

  return choice != NULL ? choice->path : NULL;
}

const char *
spqr_layer_reference_get_name (SpqrLayerReference *self)
{
  const Choice *choice = chosen (self);

  return choice != NULL ? choice->name : NULL;
}

gboolean
spqr_layer_reference_is_known (SpqrLayerReference *self)
{
  return self->choices != NULL;
}

/* ---- the widget ---- */

static void
on_selected (SpqrLayerReference *self)
{
  const Choice *choice = chosen (self);

  if (self->updating || choice == NULL)
    return;
  self->wanted = choice->id;
  g_signal_emit (self, signal_changed, 0);
}

static void
spqr_layer_reference_dispose (GObject *object)
{
  SpqrLayerReference *self = SPQR_LAYER_REFERENCE (object);

  stop (self);
  self->updating = TRUE;
  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_pointer (&self->choices, g_ptr_array_unref);
  G_OBJECT_CLASS (spqr_layer_reference_parent_class)->dispose (object);
}

static void
spqr_layer_reference_class_init (SpqrLayerReferenceClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = spqr_layer_reference_dispose;
  signal_changed = g_signal_new ("changed", SPQR_TYPE_LAYER_REFERENCE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
spqr_layer_reference_init (SpqrLayerReference *self)
{
  GtkWidget *label = gtk_label_new (_("These parameters minus the run"));

  self->box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 9);
  self->runs = GTK_DROP_DOWN (gtk_drop_down_new (NULL, NULL));
  gtk_widget_add_css_class (label, "dim-label");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->runs), _("Stored runs of this model that have this layer, the newest first"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->runs), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Run to compare with"), -1);
  spqr_name_inner_parts (GTK_WIDGET (self->runs));
  g_signal_connect_swapped (self->runs, "notify::selected", G_CALLBACK (on_selected), self);
  gtk_box_append (GTK_BOX (self->box), label);
  gtk_box_append (GTK_BOX (self->box), GTK_WIDGET (self->runs));
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Run to compare with"), -1);
}
