/* spqr-model.c: opening a model and asking it things.
 *
 * Everything but the fingerprint is made by open and never changes; the fingerprint is computed by
 * the first who asks, under a lock. The model is its own list of tensors. */
#include "model/spqr-model.h"

#include <string.h>

#include "model/spqr-catalog-private.h"
#include "model/spqr-config-private.h"
#include "model/spqr-fingerprint-private.h"
#include "model/spqr-folder-private.h"
#include "model/spqr-gguf-private.h"
#include "model/spqr-safetensors-private.h"
#include "model/spqr-torch-private.h"

#define MAX_CONFIG ((gsize) 16 << 20)

struct _SpqrModel {
  GObject parent_instance;
  SpqrFolder *folder;
  char *name, *location;
  SpqrConfig *config;
  char *config_text;        /* config.json, or what a GGUF file's metadata amounts to; or NULL */
  gsize config_len;
  GPtrArray *tensors;       /* SpqrTensor, catalog order */
  GHashTable *by_name;      /* name -> SpqrTensor */
  GHashTable *by_place;     /* place_key() -> SpqrTensor */
  guint64 n_parameters, n_bytes;
  GMutex lock;
  char *fingerprint;
};

static void spqr_model_list_iface_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SpqrModel, spqr_model, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, spqr_model_list_iface_init))

static void
spqr_model_finalize (GObject *object)
{
  SpqrModel *self = SPQR_MODEL (object);

  g_clear_pointer (&self->by_place, g_hash_table_unref);
  g_clear_pointer (&self->by_name, g_hash_table_unref);
  g_clear_pointer (&self->tensors, g_ptr_array_unref);
  g_clear_pointer (&self->config, spqr_config_free);
  g_clear_pointer (&self->folder, spqr_folder_free);
  g_free (self->config_text);
  g_free (self->name);
  g_free (self->location);
  g_free (self->fingerprint);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (spqr_model_parent_class)->finalize (object);
}

static void
spqr_model_class_init (SpqrModelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = spqr_model_finalize;
}

static void
spqr_model_init (SpqrModel *self)
{
  g_mutex_init (&self->lock);
  self->tensors = g_ptr_array_new_with_free_func (g_object_unref);
  self->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  self->by_place = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

/* ---- as a list ---- */

static GType
get_item_type (GListModel *list)
{
  return SPQR_TYPE_TENSOR;
}

static guint
get_n_items (GListModel *list)
{
  return SPQR_MODEL (list)->tensors->len;
}

static gpointer
get_item (GListModel *list, guint position)
{
  SpqrModel *self = SPQR_MODEL (list);

  return position < self->tensors->len ? g_object_ref (g_ptr_array_index (self->tensors, position)) : NULL;
}

static void
spqr_model_list_iface_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

/* ---- opening ---- */

static gboolean
read_config (SpqrModel *self, GError **error)
{
  g_autofree char *path = g_build_filename (self->folder->folder, "config.json", NULL);

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      self->config = spqr_config_new_unknown ("there is no config.json beside the weights");
      return TRUE;
    }
  self->config_text = spqr_file_read_text (path, MAX_CONFIG, &self->config_len, error);
  if (self->config_text == NULL)
    return FALSE;
  self->config = spqr_config_parse (self->config_text, (gssize) self->config_len, path, error);
  return self->config != NULL;
}

static void
add_tensor (SpqrModel *self, SpqrFile *file, const SpqrSafetensorsEntry *entry, const gint64 *strides, const SpqrFamily *family)
{
  SpqrPlace place = spqr_catalog_place (entry->name, family, family != NULL ? self->config->n_blocks : 0);
  SpqrTensorInit init = {
    .name = entry->name, .role = place.role, .block = place.block, .is_bias = place.is_bias,
    .encoding = spqr_encoding_from_name (entry->dtype_name),
    .n_dims = entry->n_dims, .file = file, .offset = entry->offset, .n_bytes = entry->n_bytes,
    .strides = strides,
  };

  memcpy (init.shape, entry->shape, sizeof init.shape);
  g_ptr_array_add (self->tensors, spqr_tensor_new (&init));
}

/* With an index, a tensor counts where the index says it lies. */
static gboolean
belongs_here (SpqrModel *self, const char *name, const char *base)
{
  const char *place = self->folder->weight_map != NULL ? g_hash_table_lookup (self->folder->weight_map, name) : NULL;

  return place == NULL || g_str_equal (place, base);
}

static gboolean
add_torch (SpqrModel *self, const char *base, const SpqrFamily *family, GError **error)
{
  g_autofree char *path = g_build_filename (self->folder->folder, base, NULL);
  g_autoptr(SpqrTorch) weights = spqr_torch_open (path, error);

  if (weights == NULL)
    return FALSE;
  for (guint i = 0; i < spqr_torch_get_n_entries (weights); i++)
    {
      const SpqrTorchEntry *entry = spqr_torch_get_entry (weights, i);

      if (belongs_here (self, entry->entry.name, base))
        add_tensor (self, spqr_torch_get_file (weights), &entry->entry, entry->is_strided ? entry->strides : NULL, family);
    }
  return TRUE;
}

/* Adds the tensors of one file. */
static gboolean
add_file (SpqrModel *self, const char *base, const SpqrFamily *family, GError **error)
{
  g_autofree char *path = g_build_filename (self->folder->folder, base, NULL);
  g_autoptr(SpqrSafetensors) weights = spqr_safetensors_open (path, error);

  if (weights == NULL)
    return FALSE;
  for (guint i = 0; i < spqr_safetensors_get_n_entries (weights); i++)
    {
      const SpqrSafetensorsEntry *entry = spqr_safetensors_get_entry (weights, i);

      if (belongs_here (self, entry->name, base))
        add_tensor (self, spqr_safetensors_get_file (weights), entry, NULL, family);
    }
  return TRUE;
}

static gboolean
add_files (SpqrModel *self, GError **error)
{
  const SpqrFamily *family;

  if (!read_config (self, error))
    return FALSE;
  family = spqr_family_by_name (self->config->family);
  for (guint i = 0; i < self->folder->files->len; i++)
    if (!(self->folder->is_torch ? add_torch : add_file) (self, g_ptr_array_index (self->folder->files, i), family, error))
      return FALSE;
  return TRUE;
}

/* A GGUF file is a whole model: its metadata take the place of config.json. */
static gboolean
add_gguf (SpqrModel *self, const char *base, GError **error)
{
  g_autofree char *path = g_build_filename (self->folder->folder, base, NULL);
  g_autoptr(SpqrGguf) gguf = spqr_gguf_open (path, error);
  const SpqrFamily *family;
  gint64 splits = 0;

  if (gguf == NULL)
    return FALSE;
  if (spqr_gguf_get_int (gguf, "split.count", &splits) && splits > 1)
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_UNSUPPORTED,
                   "%s: is one of %" G_GINT64_FORMAT " parts; merge them first (llama-gguf-split --merge)", path, splits);
      return FALSE;
    }
  self->config_text = spqr_gguf_make_config (gguf);
  self->config_len = strlen (self->config_text);
  self->config = spqr_config_parse (self->config_text, -1, path, error);
  if (self->config == NULL)
    return FALSE;
  family = spqr_family_by_name (self->config->family);
  for (guint i = 0; i < gguf->tensors->len; i++)
    {
      const SpqrGgufTensor *tensor = &g_array_index (gguf->tensors, SpqrGgufTensor, i);
      g_autofree char *name = spqr_gguf_rename (gguf, tensor->name);
      SpqrPlace place = spqr_catalog_place (name, family, family != NULL ? self->config->n_blocks : 0);
      SpqrTensorInit init = {
        .name = name, .role = place.role, .block = place.block, .is_bias = place.is_bias,
        .encoding = tensor->encoding, .n_dims = tensor->n_dims, .file = gguf->file, .offset = tensor->offset,
        .n_bytes = tensor->n_bytes, .interleaved_heads = spqr_gguf_interleaved_heads (gguf, tensor),
      };

      memcpy (init.shape, tensor->shape, sizeof init.shape);
      g_ptr_array_add (self->tensors, spqr_tensor_new (&init));
    }
  return TRUE;
}

/* Every tensor of the index must have been found where the index says. */
static gboolean
check_index (SpqrModel *self, GError **error)
{
  GHashTableIter iter;
  gpointer tensor, file;

  if (self->folder->weight_map == NULL)
    return TRUE;
  g_hash_table_iter_init (&iter, self->folder->weight_map);
  while (g_hash_table_iter_next (&iter, &tensor, &file))
    {
      SpqrTensor *found = g_hash_table_lookup (self->by_name, tensor);

      if (found == NULL)
        {
          g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_INCOMPLETE,
                       "%s/%s: the index says that tensor “%s” lies here, but it does not; download the model again",
                       self->folder->folder, (const char *) file, (const char *) tensor);
          return FALSE;
        }
    }
  return TRUE;
}

static gint64
place_key (int block, SpqrRole role, gboolean bias)
{
  return (((gint64) block + 1) * SPQR_N_ROLES + role) * 2 + (bias ? 1 : 0);
}

static gboolean
index_tensors (SpqrModel *self, GError **error)
{
  g_ptr_array_sort (self->tensors, spqr_catalog_compare);
  for (guint i = 0; i < self->tensors->len; i++)
    {
      SpqrTensor *tensor = g_ptr_array_index (self->tensors, i);
      SpqrRole role = spqr_tensor_get_role (tensor);
      gint64 key = place_key (spqr_tensor_get_block (tensor), role, spqr_tensor_is_bias (tensor));
      SpqrTensor *other = g_hash_table_lookup (self->by_name, spqr_tensor_get_name (tensor));

      if (other != NULL)
        {
          g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_MALFORMED,
                       "%s: tensor “%s” is there twice, the other one in %s", spqr_tensor_get_file (tensor),
                       spqr_tensor_get_name (tensor), spqr_tensor_get_file (other));
          return FALSE;
        }
      g_hash_table_insert (self->by_name, (gpointer) spqr_tensor_get_name (tensor), tensor);
      if (role != SPQR_ROLE_OTHER && !g_hash_table_contains (self->by_place, &key))
        g_hash_table_insert (self->by_place, g_memdup2 (&key, sizeof key), tensor);
      self->n_parameters += spqr_tensor_get_rows (tensor) * spqr_tensor_get_cols (tensor);
      self->n_bytes += spqr_tensor_get_n_bytes (tensor);
    }
  return TRUE;
}

/* "owner/name" for …/models--owner--name/snapshots/<hash> of a hub cache, else the last part. */
static char *
name_for_people (SpqrFolder *folder)
{
  g_auto(GStrv) parts = g_strsplit (folder->folder, "/", -1);
  guint n = g_strv_length (parts);

  if (folder->single != NULL && !g_str_has_prefix (folder->single, "model"))
    {
      char *name = g_strdup (folder->single);
      char *dot = strrchr (name, '.');

      if (dot != NULL && dot > name)
        *dot = '\0';
      return name;
    }
  if (n >= 3 && g_str_equal (parts[n - 2], "snapshots") && g_str_has_prefix (parts[n - 3], "models--"))
    {
      g_auto(GStrv) words = g_strsplit (parts[n - 3] + strlen ("models--"), "--", -1);
      return g_strjoinv ("/", words);
    }
  return g_path_get_basename (folder->folder);
}

SpqrModel *
spqr_model_open (const char *path, GError **error)
{
  g_autoptr(SpqrModel) self = NULL;
  SpqrFolder *folder;

  g_return_val_if_fail (path != NULL, NULL);

  folder = spqr_folder_scan (path, error);
  if (folder == NULL)
    return NULL;
  self = g_object_new (SPQR_TYPE_MODEL, NULL);
  self->folder = folder;
  self->name = name_for_people (folder);
  self->location = folder->single != NULL ? g_build_filename (folder->folder, folder->single, NULL) : g_strdup (folder->folder);
  if (!(folder->is_gguf ? add_gguf (self, g_ptr_array_index (folder->files, 0), error) : add_files (self, error)))
    return NULL;
  if (!index_tensors (self, error) || !check_index (self, error))
    return NULL;
  if (self->tensors->len == 0)
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_INCOMPLETE, "%s: holds no tensors", path);
      return NULL;
    }
  return g_steal_pointer (&self);
}

/* ---- asking ---- */

const char *
spqr_model_get_path (SpqrModel *self)
{
  g_return_val_if_fail (SPQR_IS_MODEL (self), NULL);
  return self->folder->folder;
}

const char *
spqr_model_get_location (SpqrModel *self)
{
  g_return_val_if_fail (SPQR_IS_MODEL (self), NULL);
  return self->location;
}

const char *
spqr_model_get_name (SpqrModel *self)
{
  g_return_val_if_fail (SPQR_IS_MODEL (self), NULL);
  return self->name;
}

const SpqrConfig *
spqr_model_get_config (SpqrModel *self)
{
  g_return_val_if_fail (SPQR_IS_MODEL (self), NULL);
  return self->config;
}

const char *
spqr_model_get_config_text (SpqrModel *self)
{
  g_return_val_if_fail (SPQR_IS_MODEL (self), NULL);
  return self->config_text;
}

const char *
spqr_model_get_fingerprint (SpqrModel *self)
{
  g_autoptr(GMutexLocker) locker = NULL;

  g_return_val_if_fail (SPQR_IS_MODEL (self), NULL);
  locker = g_mutex_locker_new (&self->lock);
  if (self->fingerprint == NULL)
    self->fingerprint = spqr_fingerprint_compute (self->tensors, self->config_text, self->config_len);
  return self->fingerprint != NULL ? self->fingerprint : "";
}

guint64
spqr_model_get_n_parameters (SpqrModel *self)
{
  g_return_val_if_fail (SPQR_IS_MODEL (self), 0);
  return self->n_parameters;
}

guint64
spqr_model_get_n_bytes (SpqrModel *self)
{
  g_return_val_if_fail (SPQR_IS_MODEL (self), 0);
  return self->n_bytes;
}

const char *
spqr_model_get_dtype_name (SpqrModel *self)
{
  g_autoptr (GHashTable) counts = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  const char *most = "–";
  guint64 highest = 0;

  g_return_val_if_fail (SPQR_IS_MODEL (self), most);
  for (guint i = 0; i < spqr_model_get_n_tensors (self); i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (self, i);
      const char *name = spqr_tensor_get_dtype_name (tensor);
      guint64 *count = g_hash_table_lookup (counts, name);

      if (count == NULL)
        g_hash_table_insert (counts, (gpointer) name, count = g_new0 (guint64, 1));
      *count += (guint64) spqr_tensor_get_rows (tensor) * spqr_tensor_get_cols (tensor);
      if (*count > highest)
        {
          highest = *count;
          most = name;
        }
    }
  return most;
}

guint
spqr_model_get_n_tensors (SpqrModel *self)
{
  g_return_val_if_fail (SPQR_IS_MODEL (self), 0);
  return self->tensors->len;
}

SpqrTensor *
spqr_model_get_tensor (SpqrModel *self, guint index)
{
  g_return_val_if_fail (SPQR_IS_MODEL (self) && index < self->tensors->len, NULL);
  return g_ptr_array_index (self->tensors, index);
}

SpqrTensor *
spqr_model_lookup (SpqrModel *self, const char *name)
{
  g_return_val_if_fail (SPQR_IS_MODEL (self) && name != NULL, NULL);
  return g_hash_table_lookup (self->by_name, name);
}

SpqrTensor *
spqr_model_find (SpqrModel *self, int block, SpqrRole role, gboolean bias)
{
  gint64 key;

  g_return_val_if_fail (SPQR_IS_MODEL (self), NULL);
  key = place_key (MAX (block, -1), role, bias);
  return g_hash_table_lookup (self->by_place, &key);
}

GListModel *
spqr_model_get_tensors (SpqrModel *self)
{
  g_return_val_if_fail (SPQR_IS_MODEL (self), NULL);
  return G_LIST_MODEL (self);
}

char **
spqr_model_list_companions (SpqrModel *self)
{
  g_return_val_if_fail (SPQR_IS_MODEL (self), NULL);
  return spqr_folder_list_companions (self->folder->folder, self->folder->single == NULL);
}
