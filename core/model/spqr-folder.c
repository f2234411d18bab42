/* spqr-folder.c: finding the weights in a folder: an index and its shards, one file, numbered shards
 * without an index; and saying what is missing or what is there instead. */
#include "model/spqr-folder-private.h"

#include <errno.h>
#include <string.h>

#include "model/spqr-file-private.h"
#include "model/spqr-gguf.h"
#include "model/spqr-json.h"
#include "model/spqr-model.h"

#define MAX_INDEX ((gsize) 256 << 20)
#define INDEX_SUFFIX ".safetensors.index.json"

#define TORCH_INDEX "pytorch_model.bin.index.json"
static const char *const weight_suffixes[] = {
  ".safetensors", INDEX_SUFFIX, ".gguf", ".bin", ".bin.index.json", ".pt", ".pth", ".ckpt", ".h5", ".msgpack",
  ".onnx", ".onnx_data", ".npz", ".tflite", ".mlmodel", NULL
};

void
spqr_folder_free (SpqrFolder *self)
{
  if (self == NULL)
    return;
  g_free (self->folder);
  g_free (self->single);
  g_clear_pointer (&self->files, g_ptr_array_unref);
  g_clear_pointer (&self->weight_map, g_hash_table_unref);
  g_free (self);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Sorted base names of everything in the folder but hidden files. */
static GPtrArray *
list_folder (const char *folder, GError **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GDir) dir = NULL;
  g_autoptr(GError) local_error = NULL;
  const char *name;

  dir = g_dir_open (folder, 0, &local_error);
  if (dir == NULL)
    {
      spqr_set_errno_error (error, g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_ACCES) ? EACCES : ENOENT,
                            folder, "cannot list the folder");
      return NULL;
    }
  while ((name = g_dir_read_name (dir)) != NULL)
    if (name[0] != '.')
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  return g_steal_pointer (&names);
}

static GPtrArray *
pick (GPtrArray *names, const char *suffix)
{
  GPtrArray *picked = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < names->len; i++)
    if (g_str_has_suffix (g_ptr_array_index (names, i), suffix))
      g_ptr_array_add (picked, g_strdup (g_ptr_array_index (names, i)));
  return picked;
}

static gboolean
contains (GPtrArray *names, const char *name)
{
  return g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL);
}

/* ---- the index ---- */

static gboolean
is_plain_name (const char *name)
{
  return name[0] != '\0' && name[0] != '.' && strchr (name, '/') == NULL && strchr (name, '\\') == NULL;
}

static gboolean
read_weight_map (SpqrFolder *self, const char *path, JsonObject *map, GError **error)
{
  JsonObjectIter iter;
  const char *tensor;
  JsonNode *node;

  json_object_iter_init_ordered (&iter, map);
  while (json_object_iter_next_ordered (&iter, &tensor, &node))
    {
      const char *file = json_node_get_value_type (node) == G_TYPE_STRING ? json_node_get_string (node) : "";

      if (!is_plain_name (file))
        {
          g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_MALFORMED,
                       "%s: tensor “%s” is said to lie in “%s”, which is not a file of this folder",
                       path, tensor, file);
          return FALSE;
        }
      g_hash_table_insert (self->weight_map, g_strdup (tensor), g_strdup (file));
      if (!contains (self->files, file))
        g_ptr_array_add (self->files, g_strdup (file));
    }
  g_ptr_array_sort (self->files, compare_names);
  return TRUE;
}

static gboolean
check_shards_there (SpqrFolder *self, GPtrArray *names, const char *path, GError **error)
{
  const char *first = NULL;
  guint missing = 0;

  for (guint i = 0; i < self->files->len; i++)
    if (!contains (names, g_ptr_array_index (self->files, i)))
      {
        if (missing++ == 0)
          first = g_ptr_array_index (self->files, i);
      }
  if (missing == 0)
    return TRUE;
  g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_INCOMPLETE,
               "%s: %u of the %u files that the index names are missing, the first is “%s”; download the rest of "
               "the model", path, missing, self->files->len, first);
  return FALSE;
}

static gboolean
read_index (SpqrFolder *self, GPtrArray *names, const char *base, GError **error)
{
  g_autofree char *path = g_build_filename (self->folder, base, NULL);
  g_autofree char *text = NULL;
  g_autoptr(JsonNode) root = NULL;
  JsonObject *map = NULL;
  gsize len = 0;

  text = spqr_file_read_text (path, MAX_INDEX, &len, error);
  if (text == NULL || (root = spqr_json_parse (text, (gssize) len, path, error)) == NULL)
    return FALSE;
  if (JSON_NODE_HOLDS_OBJECT (root))
    map = spqr_json_get_object (json_node_get_object (root), "weight_map", path, NULL);
  if (map == NULL || json_object_get_size (map) == 0)
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_MALFORMED, "%s: has no weight_map", path);
      return FALSE;
    }
  self->weight_map = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return read_weight_map (self, path, map, error) && check_shards_there (self, names, path, error);
}

/* ---- without an index ---- */

/* "….-00003-of-00007.safetensors": the numbers; FALSE for other names. */
static gboolean
parse_shard_name (const char *name, guint *number, guint *count)
{
  const char *of = g_strrstr (name, "-of-");
  const char *digits = of;

  if (of == NULL || !g_ascii_isdigit (of[4]))
    return FALSE;
  while (digits > name && g_ascii_isdigit (digits[-1]))
    digits--;
  if (digits == of || of - digits > 9)
    return FALSE;
  *number = (guint) g_ascii_strtoull (digits, NULL, 10);
  *count = (guint) g_ascii_strtoull (of + 4, NULL, 10);
  return *count > 0 && *count < 100000;
}

/* Numbered shards must be all there. */
static gboolean
check_numbering (SpqrFolder *self, GError **error)
{
  guint number, count, present = 0, total = 0;

  for (guint i = 0; i < self->files->len; i++)
    if (parse_shard_name (g_ptr_array_index (self->files, i), &number, &count))
      {
        present++;
        total = MAX (total, count);
      }
  if (present >= total)
    return TRUE;
  for (guint n = 1; n <= total; n++)
    {
      gboolean found = FALSE;

      for (guint i = 0; i < self->files->len && !found; i++)
        found = parse_shard_name (g_ptr_array_index (self->files, i), &number, &count) && number == n;
      if (!found)
        {
          g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_INCOMPLETE,
                       "%s: only %u of %u weights files are there; number %u is missing; download the rest of the "
                       "model", self->folder, present, total, n);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
nothing_to_read (SpqrFolder *self, GPtrArray *names, GError **error)
{
  for (guint i = 0; i < names->len; i++)
    for (guint s = 0; weight_suffixes[s] != NULL; s++)
      if (g_str_has_suffix (g_ptr_array_index (names, i), weight_suffixes[s]))
        {
          g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_UNSUPPORTED,
                       "%s: holds no weights in a format that this program reads (.safetensors, pytorch_model.bin, .gguf), but "
                       "“%s”; convert the model, or download it in one of those formats",
                       self->folder, (const char *) g_ptr_array_index (names, i));
          return FALSE;
        }
  g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_NOT_FOUND,
               names->len == 0 ? "%s: the folder is empty" : "%s: there are no weights in this folder "
               "(.safetensors or .gguf files are expected)", self->folder);
  return FALSE;
}

/* pytorch_model.bin, its shards, or what its index names; other .bin files are an optimizer's or a trainer's. */
static gboolean
find_torch (SpqrFolder *self, GPtrArray *names)
{
  self->is_torch = TRUE;
  if (contains (names, TORCH_INDEX))
    return TRUE;
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (g_str_has_prefix (name, "pytorch_model") && g_str_has_suffix (name, ".bin"))
        g_ptr_array_add (self->files, g_strdup (name));
    }
  self->is_torch = self->files->len > 0;
  return self->is_torch;
}

static gboolean
scan_folder (SpqrFolder *self, GError **error)
{
  g_autoptr(GPtrArray) names = list_folder (self->folder, error);
  g_autoptr(GPtrArray) indices = NULL;

  if (names == NULL)
    return FALSE;
  indices = pick (names, INDEX_SUFFIX);
  if (contains (indices, "model" INDEX_SUFFIX))
    return read_index (self, names, "model" INDEX_SUFFIX, error);
  if (contains (names, "model.safetensors"))
    {
      g_ptr_array_add (self->files, g_strdup ("model.safetensors"));
      return TRUE;
    }
  if (indices->len > 0)
    return read_index (self, names, g_ptr_array_index (indices, 0), error);

  g_ptr_array_unref (self->files);
  self->files = pick (names, ".safetensors");
  if (self->files->len > 0)
    return check_numbering (self, error);
  if (find_torch (self, names))
    return contains (names, TORCH_INDEX) ? read_index (self, names, TORCH_INDEX, error) : check_numbering (self, error);
  g_ptr_array_unref (self->files);
  self->files = pick (names, ".gguf");
  self->is_gguf = self->files->len == 1;
  if (self->files->len > 1)
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_UNSUPPORTED,
                   "%s: holds %u GGUF files; open the one you mean", self->folder, self->files->len);
      return FALSE;
    }
  return self->is_gguf || nothing_to_read (self, names, error);
}

SpqrFolder *
spqr_folder_scan (const char *path, GError **error)
{
  g_autoptr(SpqrFolder) self = g_new0 (SpqrFolder, 1);
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);

  self->files = g_ptr_array_new_with_free_func (g_free);
  if (g_file_test (absolute, G_FILE_TEST_IS_DIR))
    {
      self->folder = g_steal_pointer (&absolute);
      return scan_folder (self, error) ? g_steal_pointer (&self) : NULL;
    }
  self->folder = g_path_get_dirname (absolute);
  if (g_str_has_suffix (absolute, ".json") && g_file_test (absolute, G_FILE_TEST_EXISTS))
    return scan_folder (self, error) ? g_steal_pointer (&self) : NULL;
  self->single = g_path_get_basename (absolute);
  self->is_gguf = spqr_gguf_is_one (absolute);
  self->is_torch = g_str_has_suffix (absolute, ".bin") || g_str_has_suffix (absolute, ".pt") || g_str_has_suffix (absolute, ".pth");
  g_ptr_array_add (self->files, g_strdup (self->single));
  return g_steal_pointer (&self);
}

/* ---- companions ---- */

static gboolean
is_weights (const char *name)
{
  for (guint s = 0; weight_suffixes[s] != NULL; s++)
    if (g_str_has_suffix (name, weight_suffixes[s]))
      return TRUE;
  return FALSE;
}

static gboolean
is_known_companion (const char *name)
{
  static const char *const known[] = {
    "config.json", "generation_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
    "vocab.txt", "merges.txt", NULL
  };

  return g_strv_contains (known, name) || g_str_has_prefix (name, "tokenizer")
         || g_str_has_prefix (name, "chat_template");
}

char **
spqr_folder_list_companions (const char *folder, gboolean all)
{
  g_autoptr(GPtrArray) names = list_folder (folder, NULL);
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (!is_weights (name) && (all || is_known_companion (name)) && g_file_test (path, G_FILE_TEST_IS_REGULAR))
        g_strv_builder_add (builder, name);
    }
  return g_strv_builder_end (builder);
}
