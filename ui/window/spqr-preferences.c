#include "window/spqr-preferences.h"

#include <glib/gi18n.h>

#include "controls/spqr-access.h"
#include "controls/spqr-control-row.h"
#include "controls/spqr-reason.h"
#include "plot/spqr-format.h"
#include "quant/spqr-hessian-cache.h"
#include "session/spqr-settings.h"

#define SPQR_TYPE_PREFERENCES (spqr_preferences_get_type ())
G_DECLARE_FINAL_TYPE (SpqrPreferences, spqr_preferences, SPQR, PREFERENCES, AdwPreferencesWindow)

struct _SpqrPreferences {
  AdwPreferencesWindow parent_instance;

  SpqrSession *session;
  SpqrSettings *settings;
  AdwComboRow *device;
  AdwPreferencesGroup *computing;
  GPtrArray *device_ids;     /* of the rows of the list, "" first */
  AdwActionRow *cache;
  AdwEntryRow *database;
  GtkWidget *swatch;
  gboolean filling;
};

G_DEFINE_FINAL_TYPE (SpqrPreferences, spqr_preferences, ADW_TYPE_PREFERENCES_WINDOW)

/* ---- appearance ---- */

static const char *const appearances[] = { "system", "light", "dark" };
static const char *const appearance_names[] = { N_("Like the desktop"), N_("Light"), N_("Dark") };
static const SpqrColormap magnitudes[] = { SPQR_COLORMAP_EMBER, SPQR_COLORMAP_TIDE, SPQR_COLORMAP_PAPER };

static GtkWidget *
make_combo (const char *title, const char *subtitle, const char *const *names, guint selected)
{
  g_autoptr (GtkStringList) list = gtk_string_list_new (NULL);

  for (guint i = 0; names[i] != NULL; i++)
    gtk_string_list_append (list, names[i]);
  return g_object_new (ADW_TYPE_COMBO_ROW, "title", title, "subtitle", subtitle, "model", list, "selected", selected, NULL);
}

static void
on_appearance (SpqrPreferences *self, GParamSpec *pspec, AdwComboRow *row)
{
  g_object_set (self->settings, "appearance", appearances[MIN (adw_combo_row_get_selected (row), 2)], NULL);
}

static GtkWidget *
make_appearance (SpqrPreferences *self)
{
  const char *names[G_N_ELEMENTS (appearances) + 1] = { NULL };
  guint selected = 0;
  GtkWidget *row;

  for (guint i = 0; i < G_N_ELEMENTS (appearances); i++)
    {
      names[i] = _(appearance_names[i]);
      if (g_str_equal (spqr_settings_get_string (self->settings, "appearance"), appearances[i]))
        selected = i;
    }
  row = make_combo (_("Light or dark"), "", names, selected);
  g_signal_connect_object (row, "notify::selected", G_CALLBACK (on_appearance), self, G_CONNECT_SWAPPED);
  return row;
}

static void
draw_swatch (GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer user_data)
{
  SpqrPreferences *self = user_data;
  const uint32_t *lut = spqr_colormap_lut (spqr_settings_get_colormap (self->settings));

  for (int x = 0; x < width; x++)
    {
      uint32_t pixel = lut[x * SPQR_COLORMAP_SIZE / width];

      cairo_set_source_rgb (cr, (pixel >> 16 & 255) / 255.0, (pixel >> 8 & 255) / 255.0, (pixel & 255) / 255.0);
      cairo_rectangle (cr, x, 0, 1, height);
      cairo_fill (cr);
    }
}

static void
on_colormap (SpqrPreferences *self, GParamSpec *pspec, AdwComboRow *row)
{
  g_object_set (self->settings, "colormap",
                spqr_colormap_id (magnitudes[MIN (adw_combo_row_get_selected (row), G_N_ELEMENTS (magnitudes) - 1)]), NULL);
  gtk_widget_queue_draw (self->swatch);
}

static GtkWidget *
make_colormap (SpqrPreferences *self)
{
  const char *names[G_N_ELEMENTS (magnitudes) + 1] = { NULL };
  guint selected = 0;
  GtkWidget *row;

  for (guint i = 0; i < G_N_ELEMENTS (magnitudes); i++)
    {
      names[i] = spqr_colormap_name (magnitudes[i]);
      if (magnitudes[i] == spqr_settings_get_colormap (self->settings))
        selected = i;
    }
  row = make_combo (_("Colours of magnitudes"), _("Of maps and heat maps; signed values keep theirs"), names, selected);
  self->swatch = g_object_new (GTK_TYPE_DRAWING_AREA, "content-width", 96, "content-height", 16, "valign", GTK_ALIGN_CENTER,
                               "accessible-role", GTK_ACCESSIBLE_ROLE_IMG, NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->swatch), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _("The colours, low to high"), -1);
  gtk_drawing_area_set_draw_func (GTK_DRAWING_AREA (self->swatch), draw_swatch, self, NULL);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), self->swatch);
  g_signal_connect_object (row, "notify::selected", G_CALLBACK (on_colormap), self, G_CONNECT_SWAPPED);
  return row;
}

/* ---- computing ---- */

static GtkWidget *
make_spin (SpqrPreferences *self, const char *title, const char *setting, int least, int most)
{
  GtkWidget *spin = gtk_spin_button_new_with_range (least, most, 1);

  g_object_bind_property (self->settings, setting, gtk_spin_button_get_adjustment (GTK_SPIN_BUTTON (spin)), "value",
                          G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  return spqr_control_row_new (title, NULL, spin);
}

static GtkWidget *
make_threads (SpqrPreferences *self)
{
  GtkWidget *row = make_spin (self, _("Computing threads"), "threads", 0, 1024);
  guint processors = g_get_num_processors ();
  g_autofree char *text = g_strdup_printf (ngettext ("0: all, here %u processor. Results do not depend on it.",
                                                     "0: all, here %u processors. Results do not depend on it.", processors),
                                           processors);

  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), text);
  return row;
}

static void
on_device (SpqrPreferences *self, GParamSpec *pspec, AdwComboRow *row)
{
  guint selected = adw_combo_row_get_selected (row);

  if (!self->filling && selected < self->device_ids->len)
    g_object_set (self->settings, "device", self->device_ids->pdata[selected], NULL);
}

static char *
describe_device (SpqrDevice *device)
{
  gsize free_bytes, total;
  g_autofree char *size = NULL;

  if (!spqr_device_is_usable (device))
    return g_strdup_printf (_("%s (failed, not used any more)"), spqr_device_get_name (device));
  if (spqr_device_is_cpu (device) || !spqr_device_get_memory (device, &free_bytes, &total))
    return g_strdup (spqr_device_get_name (device));
  size = spqr_format_bytes (total);
  return g_strdup_printf ("%s · %s", spqr_device_get_name (device), size);
}

static void
add_problem (SpqrPreferences *self, const char *title, const char *text)
{
  GtkWidget *row = adw_action_row_new (), *icon = gtk_image_new_from_icon_name ("dialog-information-symbolic");
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), escaped);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 0);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), icon);
  adw_preferences_group_add (self->computing, row);
}

static void
fill_devices (SpqrPreferences *self)
{
  GPtrArray *devices = spqr_backends_get ();
  const char *const *problems = spqr_backends_get_problems ();
  const char *wanted = spqr_settings_get_string (self->settings, "device");
  g_autoptr (GtkStringList) list = gtk_string_list_new (NULL);
  g_autofree char *best = g_strdup_printf (_("The best: %s"), spqr_device_get_name (spqr_backends_get_best ()));
  guint selected = 0;

  gtk_string_list_append (list, best);
  g_ptr_array_add (self->device_ids, g_strdup (""));
  for (guint i = 0; i < devices->len; i++)
    {
      const char *id = spqr_device_get_id (devices->pdata[i]);

      gtk_string_list_take (list, describe_device (devices->pdata[i]));
      g_ptr_array_add (self->device_ids, g_strdup (id));
      if (spqr_backends_find (wanted) == devices->pdata[i])
        selected = i + 1;
    }
  self->filling = TRUE;
  adw_combo_row_set_model (self->device, G_LIST_MODEL (list));
  adw_combo_row_set_selected (self->device, selected);
  self->filling = FALSE;
  for (guint i = 0; problems[i] != NULL; i++)
    add_problem (self, _("A device that cannot be used"), problems[i]);
  if (devices->len == 1 && problems[0] == NULL)
    add_problem (self, _("No GPU"), _("The plugin for NVIDIA GPUs is not installed, or there is no such GPU."));
}

static void
look_for_devices (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  spqr_backends_get ();
  g_task_return_boolean (task, TRUE);
}

static void
on_devices (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SpqrPreferences *self = SPQR_PREFERENCES (source);

  if (self->session != NULL)
    fill_devices (self);
}

static GtkWidget *
make_device (SpqrPreferences *self)
{
  static const char *const looking[] = { N_("Looking…"), NULL };
  const char *names[] = { _(looking[0]), NULL };
  GtkWidget *row = make_combo (_("Device"), _("For jobs; what it cannot do is done on the CPU"), names, 0);
  g_autoptr (GTask) task = g_task_new (self, NULL, on_devices, NULL);

  self->device = ADW_COMBO_ROW (row);
  g_signal_connect_object (row, "notify::selected", G_CALLBACK (on_device), self, G_CONNECT_SWAPPED);
  /* A driver may take its time to wake up. */
  g_task_run_in_thread (task, look_for_devices);
  return row;
}

/* ---- storage ---- */

static void
show_cache (SpqrPreferences *self, guint64 bytes)
{
  g_autofree char *size = spqr_format_bytes (bytes);
  g_autofree char *text = g_strdup_printf (_("So that a calibration need not be repeated. Now %s; the oldest go first."), size);

  adw_action_row_set_subtitle (self->cache, text);
}

static void
trim_cache (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_autoptr (SpqrHessianCache) cache = spqr_hessian_cache_new (NULL, G_MAXUINT64);

  g_task_return_int (task, (gssize) spqr_hessian_cache_trim (cache, *(guint64 *) data));
}

static void
on_trimmed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SpqrPreferences *self = SPQR_PREFERENCES (source);

  if (self->session != NULL)
    show_cache (self, g_task_propagate_int (G_TASK (result), NULL));
}

/* Down to so many bytes, and tells what is left. */
static void
start_trim (SpqrPreferences *self, guint64 bytes)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, on_trimmed, NULL);

  g_task_set_task_data (task, g_memdup2 (&bytes, sizeof bytes), g_free);
  g_task_run_in_thread (task, trim_cache);
}

static void
on_cache_limit (SpqrPreferences *self)
{
  start_trim (self, spqr_settings_get_cache_limit (self->settings));
}

static void
empty_cache (SpqrPreferences *self)
{
  start_trim (self, 0);
}

static GtkWidget *
make_cache (SpqrPreferences *self)
{
  GtkWidget *row = make_spin (self, _("Kept Hessians, at most (GiB)"), "cache-gib", 1, 4096);
  GtkWidget *empty = gtk_button_new_with_mnemonic (_("_Empty"));

  self->cache = ADW_ACTION_ROW (row);
  gtk_widget_set_valign (empty, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (empty, _("Forget all kept Hessians; calibrating makes them again"));
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), empty);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 0);
  g_signal_connect_object (empty, "clicked", G_CALLBACK (empty_cache), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->settings, "notify::cache-gib", G_CALLBACK (on_cache_limit), self, G_CONNECT_SWAPPED);
  on_cache_limit (self);
  return row;
}

static void
on_database (SpqrPreferences *self)
{
  g_object_set (self->settings, "database", gtk_editable_get_text (GTK_EDITABLE (self->database)), NULL);
}

static void
on_database_chosen (GtkNativeDialog *chooser, int response, SpqrPreferences *self)
{
  g_autoptr (GFile) file = response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser)) : NULL;
  g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;

  if (path != NULL)
    {
      gtk_editable_set_text (GTK_EDITABLE (self->database), path);
      on_database (self);
    }
  g_object_unref (chooser);
}

static void
choose_database (SpqrPreferences *self)
{
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (_("File of the History of Runs"), GTK_WINDOW (self),
                                                               GTK_FILE_CHOOSER_ACTION_SAVE, _("_Choose"), NULL);

  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (chooser), "studio.db");
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_database_chosen), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

/* What the setting became: not always what was typed. */
static void
show_database (SpqrPreferences *self)
{
  const char *path = spqr_settings_get_string (self->settings, "database");

  if (!g_str_equal (path, gtk_editable_get_text (GTK_EDITABLE (self->database))))
    gtk_editable_set_text (GTK_EDITABLE (self->database), path);
}

static void
update_database (SpqrPreferences *self)
{
  spqr_widget_set_reason (GTK_WIDGET (self->database), spqr_job_queue_get_n_active (spqr_session_get_jobs (self->session)) == 0 ? NULL
                          : _("Jobs write into this history: wait for them, or cancel them"));
}

static GtkWidget *
make_database (SpqrPreferences *self, const char *fixed)
{
  GtkWidget *browse = gtk_button_new_from_icon_name ("document-open-symbolic");

  self->database = g_object_new (ADW_TYPE_ENTRY_ROW, "title",
                                 fixed != NULL ? _("History of runs (given by --db)") : _("History of runs (empty: in your data folder)"),
                                 "show-apply-button", TRUE, NULL);
  gtk_widget_set_valign (browse, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (browse, "flat");
  gtk_widget_set_tooltip_text (browse, _("Choose the file of the history"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (browse), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Choose the file of the history"), -1);
  adw_entry_row_add_suffix (self->database, browse);
  if (fixed != NULL)
    {
      gtk_editable_set_text (GTK_EDITABLE (self->database), fixed);
      spqr_widget_set_reason (GTK_WIDGET (self->database), _("The command line named it"));
      return GTK_WIDGET (self->database);
    }
  show_database (self);
  update_database (self);
  g_signal_connect_object (browse, "clicked", G_CALLBACK (choose_database), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->database, "apply", G_CALLBACK (on_database), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->settings, "notify::database", G_CALLBACK (show_database), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (spqr_session_get_jobs (self->session), "items-changed", G_CALLBACK (update_database), self, G_CONNECT_SWAPPED);
  return GTK_WIDGET (self->database);
}

static GtkWidget *
make_reopen (SpqrPreferences *self)
{
  GtkWidget *control = gtk_switch_new ();

  g_object_bind_property (self->settings, "reopen", control, "active", G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  return spqr_control_row_new (_("Open the models of last time"), _("At the start, each in its tab, as far as they are still there"), control);
}

/* ---- the window ---- */

static AdwPreferencesGroup *
add_group (AdwPreferencesPage *page, const char *title)
{
  AdwPreferencesGroup *group = ADW_PREFERENCES_GROUP (adw_preferences_group_new ());

  adw_preferences_group_set_title (group, title);
  adw_preferences_page_add (page, group);
  return group;
}

GtkWidget *
spqr_preferences_new (GtkWindow *parent, SpqrSession *session, const char *fixed_database)
{
  SpqrPreferences *self = g_object_new (SPQR_TYPE_PREFERENCES, "transient-for", parent, "modal", TRUE, "search-enabled", FALSE,
                                        "destroy-with-parent", TRUE, "default-width", 680, "default-height", 700, NULL);
  AdwPreferencesPage *page = ADW_PREFERENCES_PAGE (adw_preferences_page_new ());
  AdwPreferencesGroup *group = add_group (page, _("Appearance"));

  self->session = g_object_ref (session);
  adw_preferences_group_add (group, make_appearance (self));
  adw_preferences_group_add (group, make_colormap (self));
  adw_preferences_group_add (group, make_reopen (self));
  self->computing = add_group (page, _("Computing"));
  adw_preferences_group_add (self->computing, make_threads (self));
  adw_preferences_group_add (self->computing, make_device (self));
  group = add_group (page, _("Storage"));
  adw_preferences_group_add (group, make_cache (self));
  adw_preferences_group_add (group, make_database (self, fixed_database));
  if (!spqr_settings_are_kept (self->settings))
    adw_preferences_group_set_description (group, _("The settings' schema is not installed: what is changed here is forgotten at the end."));
  adw_preferences_window_add (ADW_PREFERENCES_WINDOW (self), page);
  spqr_name_inner_parts (GTK_WIDGET (self));
  return GTK_WIDGET (self);
}

static void
spqr_preferences_dispose (GObject *object)
{
  SpqrPreferences *self = SPQR_PREFERENCES (object);

  g_clear_object (&self->session);
  g_clear_pointer (&self->device_ids, g_ptr_array_unref);
  G_OBJECT_CLASS (spqr_preferences_parent_class)->dispose (object);
}

static void
spqr_preferences_class_init (SpqrPreferencesClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_preferences_dispose;
}

static void
spqr_preferences_init (SpqrPreferences *self)
{
  self->settings = spqr_settings_get_default ();
  self->device_ids = g_ptr_array_new_with_free_func (g_free);
}
