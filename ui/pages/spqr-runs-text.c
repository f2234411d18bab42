#include "pages/spqr-runs-text.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "controls/spqr-reason.h"
#include "pages/spqr-run-place.h"
#include "plot/spqr-format.h"
#include "session/spqr-session-generate.h"

enum { COLUMNS = SPQR_RUNS_TEXT_MOST + 1 };

struct _SpqrRunsText {
  GtkWidget parent_instance;

  SpqrSession *session;
  GtkWidget *box, *columns[COLUMNS];
  GtkEntry *prompt;
  GtkSpinButton *tokens, *temperature;
  GtkCheckButton *with_model;
  GtkButton *go;
  GtkLabel *message, *titles[COLUMNS], *texts[COLUMNS], *figures[COLUMNS];

  GPtrArray *runs;           /* eldest first */
  SpqrGeneration *generation;
  SpqrJob *job;              /* while it runs */
  GPtrArray *asked;          /* titles of what is being generated */
  char *asked_prompt;
  guint poll;
};

G_DEFINE_FINAL_TYPE (SpqrRunsText, spqr_runs_text, GTK_TYPE_WIDGET)

gsize
spqr_runs_text_common (const char *text, const char *other)
{
  const char *p = text, *q = other;

  while (*p != '\0' && g_utf8_get_char (p) == g_utf8_get_char (q))
    {
      p = g_utf8_next_char (p);
      q = g_utf8_next_char (q);
    }
  return (gsize) (p - text);
}

char *
spqr_runs_text_check (GPtrArray *runs)
{
  if (runs->len == 0)
    return g_strdup (_("Select a run, or several of one model, to see what they make of a text."));
  if (runs->len > SPQR_RUNS_TEXT_MOST)
    return g_strdup_printf (_("%u runs are selected; at most %d can write side by side."), runs->len, SPQR_RUNS_TEXT_MOST);
  for (guint i = 0; i < runs->len; i++)
    {
      const SpqrRun *first = runs->pdata[0], *run = runs->pdata[i];

      if (run->state != SPQR_RUN_FINISHED)
        return g_strdup_printf (_("Run %" PRId64 " is not finished: part of its weights would be the unquantized ones."), run->id);
      if (g_strcmp0 (first->model_fingerprint, run->model_fingerprint) != 0)
        return g_strdup_printf (_("Runs %" PRId64 " and %" PRId64 " are of different models. Select runs of one model."), first->id, run->id);
    }
  return NULL;
}

/* ---- showing ---- */

/* The prompt pale, then the text; from where it is another than the first one on, in bold. */
static void
show_text (SpqrRunsText *self, guint i, const SpqrGeneratedText *text, const SpqrGeneratedText *first)
{
  gsize common = i > 0 && first->n_tokens > 0 ? spqr_runs_text_common (text->text, first->text) : strlen (text->text);
  g_autofree char *prompt = g_markup_escape_text (self->asked_prompt, -1);
  g_autofree char *same = g_markup_escape_text (text->text, (gssize) common);
  g_autofree char *differs = g_markup_escape_text (text->text + common, -1);
  g_autofree char *markup = g_strdup_printf ("<span alpha=\"60%%\">%s</span>%s<b>%s</b>", prompt, same, differs);

  gtk_label_set_markup (self->texts[i], markup);
}

static char *
describe_text (const SpqrGeneratedText *text, const SpqrGeneratedText *first, guint i)
{
  g_autofree char *speed = NULL;
  g_autofree char *count = g_strdup_printf (ngettext ("%u token", "%u tokens", text->n_tokens), text->n_tokens);
  gsize common = spqr_runs_text_common (text->text, first->text);
  const char *same = NULL;
  g_autofree char *until = NULL;

  switch (text->state)
    {
    case SPQR_TEXT_WAITING: return g_strdup (_("waiting"));
    case SPQR_TEXT_LOADING: return g_strdup (_("loading the weights"));
    case SPQR_TEXT_GROWING:
    case SPQR_TEXT_DONE:
    default:
      if (text->n_tokens > 1 && text->seconds > 0)
        speed = g_strdup_printf (_("%.1f a second"), (text->n_tokens - 1) / text->seconds);
      if (i > 0 && text->state == SPQR_TEXT_DONE && g_str_equal (text->text, first->text))
        same = _("the same as the first");
      else if (i > 0 && text->text[common] != '\0' && first->text[common] != '\0')
        same = until = g_strdup_printf (_("differs from character %ld on"), g_utf8_strlen (text->text, (gssize) common) + 1);
      return g_strjoin (" · ", count, speed != NULL ? speed : same, speed != NULL ? same : NULL, NULL);
    }
}

static void
show_texts (SpqrRunsText *self)
{
  SpqrGeneratedText first = spqr_generation_read (self->generation, 0);

  for (guint i = 0; i < spqr_generation_get_n_texts (self->generation) && i < COLUMNS; i++)
    {
      SpqrGeneratedText text = spqr_generation_read (self->generation, i);
      g_autofree char *figures = describe_text (&text, &first, i);

      show_text (self, i, &text, &first);
      gtk_label_set_label (self->figures[i], figures);
      g_free (text.text);
    }
  g_free (first.text);
}

static gboolean
on_poll (gpointer data)
{
  show_texts (data);
  return G_SOURCE_CONTINUE;
}

static void
show_columns (SpqrRunsText *self)
{
  for (guint i = 0; i < COLUMNS; i++)
    {
      gboolean shown = self->asked != NULL && i < self->asked->len;

      gtk_widget_set_visible (self->columns[i], shown);
      gtk_label_set_label (self->titles[i], shown ? self->asked->pdata[i] : "");
    }
}

static void
show_state (SpqrRunsText *self)
{
  g_autofree char *why = spqr_runs_text_check (self->runs);

  gtk_button_set_label (self->go, self->job != NULL ? _("_Stop") : _("_Generate"));
  spqr_widget_set_reason (GTK_WIDGET (self->go), self->job != NULL ? NULL : why);
  gtk_label_set_label (self->message, why != NULL ? why : self->generation == NULL
                       ? _("The prompt is continued by each selected run from its stored layers, the likeliest token every time at temperature 0.") : "");
  gtk_widget_set_visible (GTK_WIDGET (self->message), *gtk_label_get_label (self->message) != '\0');
}

/* ---- asking ---- */

static void
on_ended (SpqrJob *job, SpqrRunsText *self)
{
  const GError *error = spqr_job_get_error (job);

  if (job != self->job)
    return;
  g_clear_handle_id (&self->poll, g_source_remove);
  show_texts (self);
  g_clear_object (&self->job);
  show_state (self);
  if (error == NULL)
    return;
  gtk_label_set_label (self->message, error->message);
  gtk_widget_set_visible (GTK_WIDGET (self->message), TRUE);
}

static void
forget (SpqrRunsText *self)
{
  g_clear_handle_id (&self->poll, g_source_remove);
  if (self->job != NULL)
    spqr_job_cancel (self->job);
  g_clear_object (&self->job);
  g_clear_pointer (&self->generation, spqr_generation_unref);
  g_clear_pointer (&self->asked, g_ptr_array_unref);
  g_clear_pointer (&self->asked_prompt, g_free);
}

static void
begin (SpqrRunsText *self)
{
  gboolean with_model = gtk_check_button_get_active (self->with_model);
  SpqrGenerateChoices choices = { .prompt = gtk_editable_get_text (GTK_EDITABLE (self->prompt)),
                                  .max_tokens = (gsize) gtk_spin_button_get_value_as_int (self->tokens),
                                  .temperature = gtk_spin_button_get_value (self->temperature), .seed = 0 };

  forget (self);
  self->asked = g_ptr_array_new_with_free_func (g_free);
  self->asked_prompt = g_strdup (choices.prompt);
  if (with_model)
    g_ptr_array_add (self->asked, g_strdup (_("Unquantized")));
  for (guint i = 0; i < self->runs->len; i++)
    {
      const SpqrRun *run = self->runs->pdata[i];
      g_autofree char *bits = spqr_format_fixed (run->bits_formula, 2);

      g_autofree char *name = self->runs->len > 1 ? spqr_run_label (i, run->id) : g_strdup_printf (_("Run %" PRId64), run->id);

      /* Translators: a run, and its bits a weight. */
      g_ptr_array_add (self->asked, g_strdup_printf (_("%s · %s bits"), name, bits));
    }
  self->generation = spqr_session_generate (self->session, self, self->runs, with_model, &choices, &self->job);
  g_signal_connect_object (self->job, "ended", G_CALLBACK (on_ended), self, 0);
  self->poll = g_timeout_add (100, on_poll, self);
  show_columns (self);
  show_texts (self);
  show_state (self);
}

static void
on_go (SpqrRunsText *self)
{
  g_autofree char *why = spqr_runs_text_check (self->runs);

  if (self->job != NULL)
    spqr_job_cancel (self->job);
  else if (why == NULL)
    begin (self);
}

static gboolean
same_ids (GPtrArray *runs, GPtrArray *others)
{
  if (runs->len != others->len)
    return FALSE;
  for (guint i = 0; i < runs->len; i++)
    if (((SpqrRun *) runs->pdata[i])->id != ((SpqrRun *) others->pdata[i])->id)
      return FALSE;
  return TRUE;
}

void
spqr_runs_text_set_runs (SpqrRunsText *self, GPtrArray *runs)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < runs->len; i++)
    g_ptr_array_add (sorted, g_object_ref (runs->pdata[i]));
  g_ptr_array_sort (sorted, spqr_run_compare_elder);
  /* What other runs wrote is not these runs' text. */
  if (!same_ids (self->runs, sorted))
    {
      forget (self);
      show_columns (self);
    }
  g_ptr_array_unref (self->runs);
  self->runs = g_steal_pointer (&sorted);
  show_state (self);
}

/* ---- building ---- */

static GtkSpinButton *
add_spin (GtkWidget *bar, const char *label, double lo, double hi, double step, double value, guint digits)
{
  GtkWidget *spin = gtk_spin_button_new_with_range (lo, hi, step), *text = gtk_label_new (label);

  gtk_spin_button_set_value (GTK_SPIN_BUTTON (spin), value);
  gtk_spin_button_set_digits (GTK_SPIN_BUTTON (spin), digits);
  gtk_accessible_update_property (GTK_ACCESSIBLE (spin), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  gtk_widget_add_css_class (text, "dim-label");
  gtk_box_append (GTK_BOX (bar), text);
  gtk_box_append (GTK_BOX (bar), spin);
  return GTK_SPIN_BUTTON (spin);
}

static GtkWidget *
make_bar (SpqrRunsText *self)
{
  GtkWidget *bar = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);

  self->prompt = GTK_ENTRY (gtk_entry_new ());
  gtk_entry_set_placeholder_text (self->prompt, _("A text to go on with"));
  gtk_editable_set_text (GTK_EDITABLE (self->prompt), _("Once upon a time"));
  gtk_widget_set_hexpand (GTK_WIDGET (self->prompt), TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->prompt), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Prompt"), -1);
  g_signal_connect_object (self->prompt, "activate", G_CALLBACK (on_go), self, G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (bar), GTK_WIDGET (self->prompt));
  self->tokens = add_spin (bar, _("Tokens"), 1, 4096, 8, 64, 0);
  self->temperature = add_spin (bar, _("Temperature"), 0, 2, 0.1, 0, 1);
  self->with_model = GTK_CHECK_BUTTON (gtk_check_button_new_with_mnemonic (_("Un_quantized too")));
  gtk_check_button_set_active (self->with_model, TRUE);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->with_model), _("Also what the model writes that the runs were made from"));
  gtk_box_append (GTK_BOX (bar), GTK_WIDGET (self->with_model));
  self->go = GTK_BUTTON (gtk_button_new_with_mnemonic (_("_Generate")));
  g_signal_connect_object (self->go, "clicked", G_CALLBACK (on_go), self, G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (bar), GTK_WIDGET (self->go));
  gtk_widget_set_margin_start (bar, 12);
  gtk_widget_set_margin_end (bar, 12);
  gtk_widget_set_margin_top (bar, 6);
  gtk_widget_set_margin_bottom (bar, 6);
  return bar;
}

static GtkLabel *
make_label (const char *class, gboolean selectable)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_yalign (GTK_LABEL (label), 0);
  gtk_label_set_selectable (GTK_LABEL (label), selectable);
  gtk_widget_add_css_class (label, class);
  return GTK_LABEL (label);
}

static GtkWidget *
make_column (SpqrRunsText *self, guint i)
{
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3), *scroller = gtk_scrolled_window_new ();

  self->titles[i] = make_label ("pane-title", FALSE);
  self->texts[i] = make_label ("generated", TRUE);
  self->figures[i] = make_label ("dim-label", FALSE);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), GTK_WIDGET (self->texts[i]));
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_widget_set_vexpand (scroller, TRUE);
  gtk_widget_set_visible (column, FALSE);
  gtk_box_append (GTK_BOX (column), GTK_WIDGET (self->titles[i]));
  gtk_box_append (GTK_BOX (column), GTK_WIDGET (self->figures[i]));
  gtk_box_append (GTK_BOX (column), scroller);
  self->columns[i] = column;
  return column;
}

GtkWidget *
spqr_runs_text_new (SpqrSession *session)
{
  SpqrRunsText *self = g_object_new (SPQR_TYPE_RUNS_TEXT, NULL);

  self->session = g_object_ref (session);
  return GTK_WIDGET (self);
}

static void
spqr_runs_text_dispose (GObject *object)
{
  SpqrRunsText *self = SPQR_RUNS_TEXT (object);

  forget (self);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_pointer (&self->runs, g_ptr_array_unref);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (spqr_runs_text_parent_class)->dispose (object);
}

static void
spqr_runs_text_class_init (SpqrRunsTextClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_runs_text_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static void
spqr_runs_text_init (SpqrRunsText *self)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 18);

  self->runs = g_ptr_array_new_with_free_func (g_object_unref);
  self->box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  gtk_box_append (GTK_BOX (self->box), make_bar (self));
  self->message = make_label ("dim-label", FALSE);
  gtk_widget_set_margin_start (GTK_WIDGET (self->message), 12);
  gtk_widget_set_margin_end (GTK_WIDGET (self->message), 12);
  gtk_box_append (GTK_BOX (self->box), GTK_WIDGET (self->message));
  gtk_box_set_homogeneous (GTK_BOX (row), TRUE);
  for (guint i = 0; i < COLUMNS; i++)
    gtk_box_append (GTK_BOX (row), make_column (self, i));
  gtk_widget_set_margin_start (row, 12);
  gtk_widget_set_margin_end (row, 12);
  gtk_widget_set_margin_top (row, 6);
  gtk_widget_set_margin_bottom (row, 9);
  gtk_widget_set_vexpand (row, TRUE);
  gtk_box_append (GTK_BOX (self->box), row);
  show_state (self);
}
