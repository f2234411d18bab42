/* spqr-backends.c: finds the plugins, opens their devices, keeps them until the process ends. */
#include "compute/spqr-backends.h"

#include <glib/gi18n-lib.h>
#include <gmodule.h>
#include <string.h>

#include "compute/spqr-device-keeper.h"
#include "compute/spqr-device-private.h"
#include "spqr-build.h"

#define PLUGIN_STEM "spqr-backend-"

typedef struct {
  GPtrArray *devices;           /* best first */
  GPtrArray *problems;          /* sentences, NULL-terminated */
  SpqrDevice *cpu;
} Backends;

/* What a plugin may say of itself; it knows no translations, so they are kept here. */
static const char *const reasons[] G_GNUC_UNUSED = {
  N_("no NVIDIA driver is installed"),
  N_("the NVIDIA driver sees no GPU"),
  N_("the NVIDIA driver does not describe its GPUs"),
};

/* ---- one device ---- */

SpqrDevice *
_spqr_device_open (const SpqrBackend *backend, gsize index, int score, char **problem)
{
  g_autofree char *id = g_strdup_printf ("%s:%" G_GSIZE_FORMAT, backend->name, index);
  void *handle = NULL;
  SpqrStatus status = backend->open (index, &handle);
  SpqrDevice *device;

  if (status != SPQR_OK)
    {
      *problem = g_strdup_printf ("Device %s could not be opened: %s.", id, spqr_status_text (status));
      return NULL;
    }
  device = g_new0 (SpqrDevice, 1);
  device->backend = backend;
  device->handle = handle;
  device->id = g_steal_pointer (&id);
  device->name = g_strdup (backend->ops->name (handle));
  device->index = index;
  device->score = score;
  pthread_mutex_init (&device->lock, NULL);
  if (backend->ops->set_reclaim != NULL)
    backend->ops->set_reclaim (handle, _spqr_device_reclaim, device);
  return device;
}

void
_spqr_device_set_failed (SpqrDevice *device)
{
  g_atomic_int_set (&device->failed, 1);
  if (device->first != NULL)
    g_atomic_int_set (&device->first->failed, 1);
}

const char *
spqr_device_get_id (SpqrDevice *device)
{
  return device->id;
}

const char *
spqr_device_get_name (SpqrDevice *device)
{
  return device->name;
}

gboolean
spqr_device_is_cpu (SpqrDevice *device)
{
  return device->backend == spqr_backend_cpu ();
}

gboolean
spqr_device_is_usable (SpqrDevice *device)
{
  return !g_atomic_int_get (&device->failed) && (device->first == NULL || !g_atomic_int_get (&device->first->failed));
}

SpqrDevice *
spqr_device_new_lane (SpqrDevice *device)
{
  SpqrDevice *first = device->first != NULL ? device->first : device, *lane;
  char *problem = NULL;

  if (spqr_device_is_cpu (device) || !spqr_device_is_usable (device))
    return NULL;
  lane = _spqr_device_open (first->backend, first->index, first->score, &problem);
  g_free (problem);
  if (lane != NULL)
    lane->first = first;
  return lane;
}

void
spqr_device_free_lane (SpqrDevice *lane)
{
  if (lane == NULL)
    return;
  lane->backend->close (lane->handle);
  pthread_mutex_destroy (&lane->lock);
  g_free (lane->id);
  g_free (lane->name);
  g_free (lane);
}

gboolean
spqr_device_is_kin (SpqrDevice *a, SpqrDevice *b)
{
  return a->backend == b->backend;
}

gboolean
spqr_device_is_same (SpqrDevice *a, SpqrDevice *b)
{
  return a->backend == b->backend && a->index == b->index;
}

gboolean
spqr_device_get_memory (SpqrDevice *device, gsize *free_bytes, gsize *total_bytes)
{
  size_t free_now = 0, total = 0;
  SpqrStatus status;

  if (!spqr_device_is_usable (device))
    return FALSE;
  pthread_mutex_lock (&device->lock);
  status = device->backend->ops->memory (device->handle, &free_now, &total);
  pthread_mutex_unlock (&device->lock);
  if (status == SPQR_DEVICE_FAILED)
    _spqr_device_set_failed (device);
  if (status != SPQR_OK)
    return FALSE;
  *free_bytes = free_now + spqr_device_get_kept (device);
  *total_bytes = total;
  return TRUE;
}

/* ---- plugins ---- */

static void
backends_add_problem (Backends *backends, char *sentence)
{
  g_ptr_array_add (backends->problems, sentence);
}

/* Only the first three fields can be relied on before this said yes. */
static gboolean
backend_is_compatible (const SpqrBackend *backend, const char *file, char **problem)
{
  if (backend == NULL)
    *problem = g_strdup_printf ("%s offers no backend.", file);
  else if (backend->api_version != SPQR_BACKEND_API_VERSION)
    *problem = g_strdup_printf ("%s was made for version %u of the backend interface, this program has version %u; "
                                "install the plugin that came with this program.",
                                file, backend->api_version, SPQR_BACKEND_API_VERSION);
  else if (backend->struct_size != sizeof (SpqrBackend) || backend->ops_size != sizeof (SpqrDeviceOps))
    *problem = g_strdup_printf ("%s was made for another build of this program; install the plugin that came with it.", file);
  else if (backend->name == NULL || backend->score == NULL || backend->n_devices == NULL || backend->open == NULL ||
           backend->close == NULL || backend->ops == NULL || backend->ops->name == NULL ||
           backend->ops->memory == NULL || backend->ops->supports == NULL || backend->ops->estimate == NULL)
    *problem = g_strdup_printf ("%s lacks parts that every backend has.", file);
  return *problem == NULL;
}

static void
backends_add_devices (Backends *backends, const SpqrBackend *backend)
{
  const char *reason = NULL;
  int score = backend->score (&reason);
  gsize n_devices;

  if (score <= 0)
    {
      backends_add_problem (backends, g_strdup_printf (_("%s is not used: %s."), backend->name,
                                                       reason != NULL ? _(reason) : _("it says that it is of no use here")));
      return;
    }
  n_devices = backend->n_devices ();
  for (gsize i = 0; i < n_devices; i++)
    {
      char *problem = NULL;
      SpqrDevice *device = _spqr_device_open (backend, i, score, &problem);

      if (device != NULL)
        g_ptr_array_add (backends->devices, device);
      else
        backends_add_problem (backends, problem);
    }
}

static void
backends_load_file (Backends *backends, const char *path)
{
  GModule *module = g_module_open (path, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
  gpointer symbol = NULL;
  char *problem = NULL;
  const SpqrBackend *backend;

  if (module == NULL)
    {
      backends_add_problem (backends, g_strdup_printf ("%s could not be loaded: %s.", path, g_module_error ()));
      return;
    }
  if (!g_module_symbol (module, SPQR_BACKEND_PLUGIN_SYMBOL, &symbol) || symbol == NULL)
    {
      backends_add_problem (backends, g_strdup_printf ("%s is not a plugin of this program: %s.", path, g_module_error ()));
      g_module_close (module);
      return;
    }
  backend = ((SpqrBackendPluginFunc) symbol) ();
  if (!backend_is_compatible (backend, path, &problem))
    {
      backends_add_problem (backends, problem);
      g_module_close (module);
      return;
    }
  g_module_make_resident (module);
  backends_add_devices (backends, backend);
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Full paths, sorted; NULL when the folder holds none. */
static GPtrArray *
list_plugins (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      const char *stem = strstr (name, PLUGIN_STEM);

      if (stem != NULL && (stem == name || g_str_has_prefix (name, "lib" PLUGIN_STEM)) &&
          g_str_has_suffix (name, "." G_MODULE_SUFFIX))
        g_ptr_array_add (paths, g_build_filename (folder, name, NULL));
    }
  if (paths->len == 0)
    return NULL;
  g_ptr_array_sort (paths, compare_names);
  return g_steal_pointer (&paths);
}

/* Where to look, in this order; owned strings. */
static GPtrArray *
plugin_folders (void)
{
  GPtrArray *folders = g_ptr_array_new_with_free_func (g_free);
  const char *chosen = g_getenv ("SPQR_PLUGIN_DIR");
  const char *build = g_getenv ("SPQR_BUILD_ROOT");
  g_autofree char *program = NULL;

  if (chosen != NULL)
    {
      if (*chosen != '\0')
        g_ptr_array_add (folders, g_strdup (chosen));
      return folders;
    }
  if (build != NULL && *build != '\0')
    g_ptr_array_add (folders, g_build_filename (build, "cuda", NULL));
  program = g_file_read_link ("/proc/self/exe", NULL);
  if (program != NULL)
    {
      g_autofree char *folder = g_path_get_dirname (program);

      g_ptr_array_add (folders, g_build_filename (folder, "..", "cuda", NULL));
    }
  g_ptr_array_add (folders, g_strdup (SPQR_PLUGINDIR));
  return folders;
}

static void
backends_load_plugins (Backends *backends)
{
  g_autoptr (GPtrArray) folders = plugin_folders ();

  for (guint i = 0; i < folders->len; i++)
    {
      g_autoptr (GPtrArray) paths = list_plugins (folders->pdata[i]);

      if (paths == NULL)
        continue;
      for (guint k = 0; k < paths->len; k++)
        backends_load_file (backends, paths->pdata[k]);
      return;
    }
}

/* ---- the process's devices ---- */

static gint
compare_scores (gconstpointer a, gconstpointer b)
{
  const SpqrDevice *first = *(SpqrDevice *const *) a, *second = *(SpqrDevice *const *) b;

  return second->score - first->score;
}

static gpointer
backends_create (gpointer unused)
{
  Backends *backends = g_new0 (Backends, 1);
  char *problem = NULL;

  backends->devices = g_ptr_array_new ();
  backends->problems = g_ptr_array_new ();
  backends->cpu = _spqr_device_open (spqr_backend_cpu (), 0, 1, &problem);
  g_free (backends->cpu->id);
  backends->cpu->id = g_strdup ("cpu");
  backends_load_plugins (backends);
  g_ptr_array_sort (backends->devices, compare_scores);
  g_ptr_array_add (backends->devices, backends->cpu);
  g_ptr_array_add (backends->problems, NULL);
  return backends;
}

static Backends *
backends_get (void)
{
  static GOnce once = G_ONCE_INIT;

  return g_once (&once, backends_create, NULL);
}

GPtrArray *
spqr_backends_get (void)
{
  return backends_get ()->devices;
}

const char *const *
spqr_backends_get_problems (void)
{
  return (const char *const *) backends_get ()->problems->pdata;
}

SpqrDevice *
spqr_backends_get_cpu (void)
{
  return backends_get ()->cpu;
}

SpqrDevice *
spqr_backends_get_best (void)
{
  GPtrArray *devices = spqr_backends_get ();

  for (guint i = 0; i < devices->len; i++)
    if (spqr_device_is_usable (devices->pdata[i]))
      return devices->pdata[i];
  return spqr_backends_get_cpu ();
}

SpqrDevice *
spqr_backends_find (const char *id)
{
  GPtrArray *devices = spqr_backends_get ();

  for (guint i = 0; i < devices->len; i++)
    {
      SpqrDevice *device = devices->pdata[i];

      if (g_str_equal (device->id, id) || g_str_equal (device->backend->name, id))
        return device;
    }
  return NULL;
}
