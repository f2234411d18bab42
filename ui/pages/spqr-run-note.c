#include "pages/spqr-run-note.h"

#include <glib/gi18n.h>

struct _SpqrRunNote {
  GtkWidget parent_instance;

  SpqrSession *session;
  GtkWidget *box;
  GtkEntry *note, *tags;
  gint64 run_id;             /* 0: none */
  char *stored_note, *stored_tags;
};

G_DEFINE_FINAL_TYPE (SpqrRunNote, spqr_run_note, GTK_TYPE_WIDGET)

char **
spqr_run_note_parse_tags (const char *text)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    if (*g_strstrip (parts[i]) != '\0' && g_hash_table_add (seen, parts[i]))
      g_strv_builder_add (builder, parts[i]);
  return g_strv_builder_end (builder);
}

static gboolean
differs (GtkEntry *entry, const char *stored)
{
  return g_strcmp0 (gtk_editable_get_text (GTK_EDITABLE (entry)), stored != NULL ? stored : "") != 0;
}

static void
keep_note (SpqrRunNote *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->note));

  if (self->run_id == 0 || !differs (self->note, self->stored_note))
    return;
  g_free (self->stored_note);
  self->stored_note = g_strdup (text);
  spqr_session_set_note (self->session, self->run_id, *text != '\0' ? text : NULL);
}

static void
keep_tags (SpqrRunNote *self)
{
  g_auto (GStrv) tags = NULL;

  if (self->run_id == 0 || !differs (self->tags, self->stored_tags))
    return;
  tags = spqr_run_note_parse_tags (gtk_editable_get_text (GTK_EDITABLE (self->tags)));
  g_free (self->stored_tags);
  self->stored_tags = g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->tags)));
  spqr_session_set_tags (self->session, self->run_id, (const char *const *) tags);
}

static void
keep_both (SpqrRunNote *self)
{
  keep_note (self);
  keep_tags (self);
}

/* A text that nobody is in the middle of changing follows the database. */
static void
show_text (GtkEntry *entry, char **stored, const char *text, gboolean same_run)
{
  if (same_run && (differs (entry, *stored) || g_strcmp0 (*stored, text) == 0))
    return;
  g_free (*stored);
  *stored = g_strdup (text);
  gtk_editable_set_text (GTK_EDITABLE (entry), text);
}

void
spqr_run_note_show (SpqrRunNote *self, SpqrRun *run)
{
  gboolean same = run != NULL && run->id == self->run_id;
  g_autofree char *tags = run != NULL && run->tags != NULL ? g_strjoinv (", ", run->tags) : g_strdup ("");

  /* On to another run without Return: what was written about the last one stays. */
  if (!same)
    keep_both (self);
  self->run_id = run != NULL ? run->id : 0;
  gtk_widget_set_visible (GTK_WIDGET (self), run != NULL);
  show_text (self->note, &self->stored_note, run != NULL && run->note != NULL ? run->note : "", same);
  show_text (self->tags, &self->stored_tags, tags, same);
}

static GtkEntry *
add_entry (SpqrRunNote *self, const char *label, const char *placeholder, gboolean expand, GCallback keep)
{
  GtkWidget *entry = gtk_entry_new ();
  GtkEventController *focus = gtk_event_controller_focus_new ();

  gtk_entry_set_placeholder_text (GTK_ENTRY (entry), placeholder);
  gtk_widget_set_hexpand (entry, expand);
  gtk_editable_set_width_chars (GTK_EDITABLE (entry), 18);
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  gtk_widget_add_controller (entry, focus);
  g_signal_connect_object (entry, "activate", keep, self, G_CONNECT_SWAPPED);
  g_signal_connect_object (focus, "leave", keep, self, G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (self->box), entry);
  return GTK_ENTRY (entry);
}

GtkWidget *
spqr_run_note_new (SpqrSession *session)
{
  SpqrRunNote *self = g_object_new (SPQR_TYPE_RUN_NOTE, NULL);

  self->session = g_object_ref (session);
  return GTK_WIDGET (self);
}

static void
spqr_run_note_dispose (GObject *object)
{
  SpqrRunNote *self = SPQR_RUN_NOTE (object);

  if (self->box != NULL && self->session != NULL && spqr_session_get_store (self->session) != NULL)
    keep_both (self);
  self->run_id = 0;
  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (spqr_run_note_parent_class)->dispose (object);
}

static void
spqr_run_note_finalize (GObject *object)
{
  g_free (SPQR_RUN_NOTE (object)->stored_note);
  g_free (SPQR_RUN_NOTE (object)->stored_tags);
  G_OBJECT_CLASS (spqr_run_note_parent_class)->finalize (object);
}

static void
spqr_run_note_class_init (SpqrRunNoteClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_run_note_dispose;
  G_OBJECT_CLASS (klass)->finalize = spqr_run_note_finalize;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static void
spqr_run_note_init (SpqrRunNote *self)
{
  self->box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  gtk_widget_set_margin_start (self->box, 12);
  gtk_widget_set_margin_end (self->box, 12);
  gtk_widget_set_margin_top (self->box, 6);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  self->note = add_entry (self, _("Note"), _("Note: what this run was for, what it showed"), TRUE, G_CALLBACK (keep_note));
  self->tags = add_entry (self, _("Tags"), _("Tags, separated by commas"), FALSE, G_CALLBACK (keep_tags));
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}
