#include "session/spqr-settings.h"

#include <string.h>

#include "spqr-build.h"

#define SCHEMA "studio.spqr.SpqrStudio"
#define GIB (G_GUINT64_CONSTANT (1) << 30)

enum {
  PROP_0, PROP_APPEARANCE, PROP_COLORMAP, PROP_THREADS, PROP_DEVICE, PROP_CACHE_GIB, PROP_DATABASE, PROP_WINDOW_WIDTH,
  PROP_WINDOW_HEIGHT, PROP_WINDOW_MAXIMIZED, PROP_PAGE, PROP_SIDEBAR, PROP_SPLITTERS, PROP_REOPEN, PROP_OPEN_MODELS, N_PROPS
};

struct _SpqrSettings {
  GObject parent_instance;

  GSettings *kept;           /* NULL: no schema */
  GValue values[N_PROPS];
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (SpqrSettings, spqr_settings, G_TYPE_OBJECT)

/* ---- properties: the keys of the schema, with its defaults ---- */

static void
spqr_settings_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_copy (&SPQR_SETTINGS (object)->values[id], value);
}

static void
spqr_settings_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  SpqrSettings *self = SPQR_SETTINGS (object);

  if (id != PROP_SPLITTERS && id != PROP_OPEN_MODELS && g_param_values_cmp (pspec, value, &self->values[id]) == 0)
    return;
  g_value_copy (value, &self->values[id]);
  g_object_notify_by_pspec (object, pspec);
}

static void
spqr_settings_finalize (GObject *object)
{
  SpqrSettings *self = SPQR_SETTINGS (object);

  g_clear_object (&self->kept);
  for (guint i = 1; i < N_PROPS; i++)
    g_value_unset (&self->values[i]);
  G_OBJECT_CLASS (spqr_settings_parent_class)->finalize (object);
}

static void
spqr_settings_class_init (SpqrSettingsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = spqr_settings_get_property;
  object_class->set_property = spqr_settings_set_property;
  object_class->finalize = spqr_settings_finalize;
  properties[PROP_APPEARANCE] = g_param_spec_string ("appearance", NULL, NULL, "system", flags);
  properties[PROP_COLORMAP] = g_param_spec_string ("colormap", NULL, NULL, "ember", flags);
  properties[PROP_THREADS] = g_param_spec_int ("threads", NULL, NULL, 0, 1024, 0, flags);
  properties[PROP_DEVICE] = g_param_spec_string ("device", NULL, NULL, "", flags);
  properties[PROP_CACHE_GIB] = g_param_spec_int ("cache-gib", NULL, NULL, 1, 4096, 8, flags);
  properties[PROP_DATABASE] = g_param_spec_string ("database", NULL, NULL, "", flags);
  properties[PROP_WINDOW_WIDTH] = g_param_spec_int ("window-width", NULL, NULL, 1, 32767, 1280, flags);
  properties[PROP_WINDOW_HEIGHT] = g_param_spec_int ("window-height", NULL, NULL, 1, 32767, 800, flags);
  properties[PROP_WINDOW_MAXIMIZED] = g_param_spec_boolean ("window-maximized", NULL, NULL, FALSE, flags);
  properties[PROP_PAGE] = g_param_spec_string ("page", NULL, NULL, "map", flags);
  properties[PROP_SIDEBAR] = g_param_spec_boolean ("sidebar", NULL, NULL, TRUE, flags);
  properties[PROP_SPLITTERS] = g_param_spec_boxed ("splitters", NULL, NULL, G_TYPE_STRV, flags);
  properties[PROP_REOPEN] = g_param_spec_boolean ("reopen", NULL, NULL, TRUE, flags);
  properties[PROP_OPEN_MODELS] = g_param_spec_boxed ("open-models", NULL, NULL, G_TYPE_STRV, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

/* ---- where they are kept ---- */

/* Installed, or compiled in the folder of an uninstalled build; NULL: neither. */
static GSettingsSchema *
find_schema (void)
{
  GSettingsSchemaSource *usual = g_settings_schema_source_get_default ();
  GSettingsSchema *schema = usual != NULL ? g_settings_schema_source_lookup (usual, SCHEMA, TRUE) : NULL;
  g_autoptr (GSettingsSchemaSource) built = NULL;

  if (schema != NULL)
    return schema;
  built = g_settings_schema_source_new_from_directory (SPQR_BUILD_DIR "/data", usual, TRUE, NULL);
  return built != NULL ? g_settings_schema_source_lookup (built, SCHEMA, FALSE) : NULL;
}

static void
spqr_settings_init (SpqrSettings *self)
{
  g_autoptr (GSettingsSchema) schema = find_schema ();

  for (guint i = 1; i < N_PROPS; i++)
    {
      g_value_init (&self->values[i], properties[i]->value_type);
      g_param_value_set_default (properties[i], &self->values[i]);
    }
  if (schema == NULL)
    return;
  self->kept = g_settings_new_full (schema, NULL, NULL);
  /* An installed schema may be of another version. */
  for (guint i = 1; i < N_PROPS; i++)
    if (g_settings_schema_has_key (schema, properties[i]->name))
      g_settings_bind (self->kept, properties[i]->name, self, properties[i]->name, G_SETTINGS_BIND_DEFAULT);
}

SpqrSettings *
spqr_settings_get_default (void)
{
  static SpqrSettings *settings;

  if (settings == NULL)
    settings = g_object_new (SPQR_TYPE_SETTINGS, NULL);
  return settings;
}

gboolean
spqr_settings_are_kept (SpqrSettings *self)
{
  return self->kept != NULL;
}

/* ---- reading ---- */

static const GValue *
get_value (SpqrSettings *self, const char *name)
{
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (self), name);

  return &self->values[pspec->param_id];
}

int
spqr_settings_get_int (SpqrSettings *self, const char *name)
{
  return g_value_get_int (get_value (self, name));
}

gboolean
spqr_settings_get_boolean (SpqrSettings *self, const char *name)
{
  return g_value_get_boolean (get_value (self, name));
}

const char *
spqr_settings_get_string (SpqrSettings *self, const char *name)
{
  const char *text = g_value_get_string (get_value (self, name));

  return text != NULL ? text : "";
}

SpqrColormap
spqr_settings_get_colormap (SpqrSettings *self)
{
  SpqrColormap map;

  if (!spqr_colormap_from_id (spqr_settings_get_string (self, "colormap"), &map) || spqr_colormap_is_diverging (map))
    return SPQR_COLORMAP_EMBER;
  return map;
}

SpqrColormap
spqr_settings_choose_colormap (SpqrSettings *self, SpqrColormap habit)
{
  return spqr_colormap_is_diverging (habit) ? habit : spqr_settings_get_colormap (self);
}

static gboolean
to_colormap (GBinding *binding, const GValue *from, GValue *to, gpointer user_data)
{
  g_value_set_uint (to, spqr_settings_get_colormap (user_data));
  return TRUE;
}

void
spqr_settings_bind_colormap (SpqrSettings *self, gpointer view)
{
  g_object_bind_property_full (self, "colormap", view, "colormap", G_BINDING_SYNC_CREATE, to_colormap, NULL, self, NULL);
}

guint64
spqr_settings_get_cache_limit (SpqrSettings *self)
{
  return spqr_settings_get_int (self, "cache-gib") * GIB;
}

/* ---- splitters: "name=pixels" each ---- */

static gboolean
is_named (const char *entry, const char *name)
{
  gsize n = strlen (name);

  return strncmp (entry, name, n) == 0 && entry[n] == '=';
}

int
spqr_settings_get_splitter (SpqrSettings *self, const char *name)
{
  const char *const *entries = g_value_get_boxed (&self->values[PROP_SPLITTERS]);

  for (guint i = 0; entries != NULL && entries[i] != NULL; i++)
    if (is_named (entries[i], name))
      return (int) CLAMP (g_ascii_strtoll (entries[i] + strlen (name) + 1, NULL, 10), 0, G_MAXINT16);
  return -1;
}

void
spqr_settings_set_splitter (SpqrSettings *self, const char *name, int position)
{
  const char *const *entries = g_value_get_boxed (&self->values[PROP_SPLITTERS]);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *added = g_strdup_printf ("%s=%d", name, position);
  g_auto (GStrv) changed = NULL;

  for (guint i = 0; entries != NULL && entries[i] != NULL; i++)
    if (!is_named (entries[i], name))
      g_strv_builder_add (builder, entries[i]);
  g_strv_builder_add (builder, added);
  changed = g_strv_builder_end (builder);
  g_object_set (self, "splitters", changed, NULL);
}

char **
spqr_settings_get_open_models (SpqrSettings *self)
{
  char **models = g_value_dup_boxed (&self->values[PROP_OPEN_MODELS]);

  return models != NULL ? models : g_new0 (char *, 1);
}

SpqrDevice *
spqr_settings_resolve_device (const char *id)
{
  SpqrDevice *device = id != NULL && *id != '\0' ? spqr_backends_find (id) : NULL;

  return device != NULL && spqr_device_is_usable (device) ? device : spqr_backends_get_best ();
}
